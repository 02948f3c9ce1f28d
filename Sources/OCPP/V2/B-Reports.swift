// OCPP 2.x block B, Provisioning: a station tells its device model.

import Domain
import Wire

// MARK: - GetBaseReport (B07), GetReport (B08)

extension V2 {
  /// One of the three inventories that every station knows; it comes as NotifyReport.
  public struct GetBaseReport: Message {
    public static let action = "GetBaseReport"

    public enum ReportBase: String, Word {
      case configurationInventory = "ConfigurationInventory", fullInventory = "FullInventory"
      case summaryInventory = "SummaryInventory"
    }

    public var requestId = 0, reportBase = ReportBase.fullInventory

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("requestId", &requestId)
      try w.visit("reportBase", &reportBase)
    }

    public typealias Reply = Answer<GenericDeviceModelStatus>
  }

  /// The variables of some components, or of components in some state.
  public struct GetReport: Message {
    public static let action = "GetReport"

    public enum Criterion: String, Word {
      case active = "Active", available = "Available", enabled = "Enabled", problem = "Problem"
    }

    public var componentVariable: [ComponentVariable]?
    public var requestId = 0, componentCriteria: [Criterion]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("componentVariable", &componentVariable, count: 1...)
      try w.visit("requestId", &requestId)
      try w.visit("componentCriteria", &componentCriteria, count: 1...4)
    }

    public typealias Reply = Answer<GenericDeviceModelStatus>
  }

  public enum GenericDeviceModelStatus: String, Answering {
    case accepted = "Accepted", rejected = "Rejected", notSupported = "NotSupported"
    case emptyResultSet = "EmptyResultSet"
  }
}

// MARK: - NotifyReport

extension V2 {
  /// A part of a report that was asked for.
  public struct NotifyReport: Message {
    public static let action = "NotifyReport"
    public var requestId = 0, generatedAt = Timestamp.epoch, reportData: [ReportData]?
    public var tbc: Bool?, seqNo = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("requestId", &requestId)
      try w.visit("generatedAt", &generatedAt)
      try w.visit("reportData", &reportData, count: 1...)
      try w.visit("tbc", &tbc)
      try w.visit("seqNo", &seqNo, w.natural)
    }

    public typealias Reply = Nothing
  }

  /// A variable of a component, with its values.
  public struct ReportData: Payload {
    public var component = Component(), variable = Variable(), variableAttribute: [VariableAttribute] = []
    public var variableCharacteristics: VariableCharacteristics?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("component", &component)
      try w.visit("variable", &variable)
      try w.visit("variableAttribute", &variableAttribute, count: 1...4)
      try w.visit("variableCharacteristics", &variableCharacteristics)
    }
  }

  /// A value of a variable, and what may be done with it.
  public struct VariableAttribute: Payload {
    public enum Mutability: String, Word {
      case readOnly = "ReadOnly", writeOnly = "WriteOnly", readWrite = "ReadWrite"
    }

    public var type: Loose<AttributeKind>?
    /// Nil where it can only be written.
    public var value: String?
    public var mutability: Loose<Mutability>?, persistent: Bool?, constant: Bool?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("type", &type)
      try w.visit("value", &value, max: 2500)
      try w.visit("mutability", &mutability)
      try w.visit("persistent", &persistent)
      try w.visit("constant", &constant)
    }
  }

  /// What a variable can hold.
  public struct VariableCharacteristics: Payload {
    public enum DataType: String, Word {
      case string, decimal, integer, dateTime, boolean, optionList = "OptionList", sequenceList = "SequenceList"
      case memberList = "MemberList"
    }

    public var unit: String?, dataType = Loose<DataType>.known(.string), minLimit: Decimal?, maxLimit: Decimal?
    /// Separated by commas.
    public var valuesList: String?
    public var supportsMonitoring = false, maxElements: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("unit", &unit, max: 16)
      try w.visit("dataType", &dataType)
      try w.visit("minLimit", &minLimit)
      try w.visit("maxLimit", &maxLimit)
      try w.visit("valuesList", &valuesList, max: 1000)
      try w.visit("supportsMonitoring", &supportsMonitoring)
      try w.visit("maxElements", &maxElements, 1..., since: .v21)
    }
  }
}

extension V2.NotifyReport {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let values = (call.reportData ?? []).flatMap(\.values)
    try station.report(
      values, in: ReportPart(request: Int64(call.requestId), number: call.seqNo, isLast: call.tbc != true))
    return .reply(Reply())
  }
}

extension V2.ReportData {
  /// One for each of its attributes.
  fileprivate var values: [DeviceValue] {
    let name = SettingName(component, variable)
    return variableAttribute.map { attribute in
      var value = DeviceValue(name, attribute: DeviceValue.Attribute(attribute.type), value: attribute.value)
      switch attribute.mutability?.word {
      case .readOnly: value.access = .readOnly
      case .writeOnly: value.access = .writeOnly
      case .readWrite, nil: value.access = .readWrite
      }
      if let kind = variableCharacteristics {
        value.kind = kind.kind
        value.unit = kind.unit
        (value.least, value.most) = (kind.minLimit, kind.maxLimit)
        value.choices = kind.valuesList
        value.canBeMonitored = kind.supportsMonitoring
      }
      return value
    }
  }
}

extension V2.VariableCharacteristics {
  fileprivate var kind: DeviceValue.Kind? {
    switch dataType.word {
    case .string: .text
    case .decimal: .decimal
    case .integer: .whole
    case .dateTime: .time
    case .boolean: .flag
    case .optionList: .option
    case .sequenceList: .sequence
    case .memberList: .members
    case nil: nil
    }
  }
}
