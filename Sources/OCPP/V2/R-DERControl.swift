// OCPP 2.1 block R, DER Control: a charging station as a generator on the grid.

import Domain
import Wire

// MARK: - SetDERControl, ClearDERControl (R04)

extension V2 {
  /// One control, of the kind that is named.
  public struct SetDERControl: Message {
    public static let action = "SetDERControl"
    public static let since = Edition.v21
    public var isDefault = false, controlId = "", controlType = Loose<DERControlKind>.known(.enterService)
    public var curve: DERCurve?, enterService: EnterService?, fixedPFAbsorb: FixedPF?, fixedPFInject: FixedPF?
    public var fixedVar: FixedVar?, freqDroop: FreqDroop?, gradient: Gradient?, limitMaxDischarge: LimitMaxDischarge?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("isDefault", &isDefault)
      try w.visit("controlId", &controlId, max: 36)
      try w.visit("controlType", &controlType)
      try w.visit("curve", &curve)
      try w.visit("enterService", &enterService)
      try w.visit("fixedPFAbsorb", &fixedPFAbsorb)
      try w.visit("fixedPFInject", &fixedPFInject)
      try w.visit("fixedVar", &fixedVar)
      try w.visit("freqDroop", &freqDroop)
      try w.visit("gradient", &gradient)
      try w.visit("limitMaxDischarge", &limitMaxDischarge)
    }

    public struct Reply: Verdict {
      public var status = Loose<DERControlStatus>.known(.rejected), statusInfo: StatusInfo?, supersededIds: [String]?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("statusInfo", &statusInfo)
        try w.visit("supersededIds", &supersededIds, max: 36, count: 1...24)
      }

      public var refusal: String? { status.refusal }
    }
  }

  /// Takes back one control, or all of a kind.
  public struct ClearDERControl: Message {
    public static let action = "ClearDERControl"
    public static let since = Edition.v21
    public var isDefault = false, controlType: Loose<DERControlKind>?, controlId: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("isDefault", &isDefault)
      try w.visit("controlType", &controlType)
      try w.visit("controlId", &controlId, max: 36)
    }

    public typealias Reply = Answer<DERControlStatus>
  }

  /// The controls of grid codes, as IEEE 1547 and EN 50549.
  public enum DERControlKind: String, Word {
    case enterService = "EnterService", freqDroop = "FreqDroop", freqWatt = "FreqWatt"
    case fixedPowerFactorAbsorb = "FixedPFAbsorb", fixedPowerFactorInject = "FixedPFInject", fixedVar = "FixedVar"
    case gradients = "Gradients", highFrequencyMustTrip = "HFMustTrip", highFrequencyMayTrip = "HFMayTrip"
    case highVoltageMustTrip = "HVMustTrip", highVoltageMomentaryCessation = "HVMomCess"
    case highVoltageMayTrip = "HVMayTrip", limitMaxDischarge = "LimitMaxDischarge"
    case lowFrequencyMustTrip = "LFMustTrip", lowVoltageMustTrip = "LVMustTrip"
    case lowVoltageMomentaryCessation = "LVMomCess", lowVoltageMayTrip = "LVMayTrip"
    case powerMonitoringMustTrip = "PowerMonitoringMustTrip", voltVar = "VoltVar", voltWatt = "VoltWatt"
    case wattPowerFactor = "WattPF", wattVar = "WattVar"
  }

  public enum DERControlStatus: String, Answering {
    case accepted = "Accepted", rejected = "Rejected", notSupported = "NotSupported", notFound = "NotFound"
  }
}

// MARK: - GetDERControl, ReportDERControl (R04)

extension V2 {
  /// Which controls the station has; they come as ReportDERControl.
  public struct GetDERControl: Message {
    public static let action = "GetDERControl"
    public static let since = Edition.v21
    public var requestId = 0, isDefault: Bool?, controlType: Loose<DERControlKind>?, controlId: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("requestId", &requestId)
      try w.visit("isDefault", &isDefault)
      try w.visit("controlType", &controlType)
      try w.visit("controlId", &controlId, max: 36)
    }

    public typealias Reply = Answer<DERControlStatus>
  }

  /// A part of the controls that were asked for.
  public struct ReportDERControl: Message {
    public static let action = "ReportDERControl"
    public static let since = Edition.v21
    public var curve: [DERCurveGet]?
    public var enterService: [EnterServiceGet]?
    public var fixedPFAbsorb: [FixedPFGet]?
    public var fixedPFInject: [FixedPFGet]?
    public var fixedVar: [FixedVarGet]?
    public var freqDroop: [FreqDroopGet]?
    public var gradient: [GradientGet]?
    public var limitMaxDischarge: [LimitMaxDischargeGet]?
    public var requestId = 0, tbc: Bool?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("curve", &curve, count: 1...24)
      try w.visit("enterService", &enterService, count: 1...24)
      try w.visit("fixedPFAbsorb", &fixedPFAbsorb, count: 1...24)
      try w.visit("fixedPFInject", &fixedPFInject, count: 1...24)
      try w.visit("fixedVar", &fixedVar, count: 1...24)
      try w.visit("freqDroop", &freqDroop, count: 1...24)
      try w.visit("gradient", &gradient, count: 1...24)
      try w.visit("limitMaxDischarge", &limitMaxDischarge, count: 1...24)
      try w.visit("requestId", &requestId)
      try w.visit("tbc", &tbc)
    }

    public typealias Reply = Nothing
  }
}

// MARK: - NotifyDERStartStop (R04), NotifyDERAlarm (R05)

extension V2 {
  /// A control that waited for its time began or ended.
  public struct NotifyDERStartStop: Message {
    public static let action = "NotifyDERStartStop"
    public static let since = Edition.v21
    public var controlId = "", started = false, timestamp = Timestamp.epoch, supersededIds: [String]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("controlId", &controlId, max: 36)
      try w.visit("started", &started)
      try w.visit("timestamp", &timestamp)
      try w.visit("supersededIds", &supersededIds, max: 36, count: 1...24)
    }

    public typealias Reply = Nothing
  }

  /// A control trips because of the grid, or no longer does.
  public struct NotifyDERAlarm: Message {
    public static let action = "NotifyDERAlarm"
    public static let since = Edition.v21

    public enum GridEventFault: String, Word {
      case currentImbalance = "CurrentImbalance", localEmergency = "LocalEmergency", lowInputPower = "LowInputPower"
      case overCurrent = "OverCurrent", overFrequency = "OverFrequency", overVoltage = "OverVoltage"
      case phaseRotation = "PhaseRotation", remoteEmergency = "RemoteEmergency", underFrequency = "UnderFrequency"
      case underVoltage = "UnderVoltage", voltageImbalance = "VoltageImbalance"
    }

    public var controlType = Loose<DERControlKind>.known(.enterService), gridEventFault: Loose<GridEventFault>?
    public var alarmEnded: Bool?, timestamp = Timestamp.epoch, extraInfo: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("controlType", &controlType)
      try w.visit("gridEventFault", &gridEventFault)
      try w.visit("alarmEnded", &alarmEnded)
      try w.visit("timestamp", &timestamp)
      try w.visit("extraInfo", &extraInfo, max: 200)
    }

    public typealias Reply = Nothing
  }
}

// MARK: - What the house asks

extension V2 {
  static func request(_ command: GridCommand, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .set(let control):
      let kind = try DERControlKind(spoken: control.kind)
      // The settings come under the names of the protocol, so they are read as it would read them.
      let payload: JSON = [
        "isDefault": .bool(control.isDefault), "controlId": .string(control.id), "controlType": .string(kind.rawValue),
        kind.field: control.settings,
      ]
      let call: SetDERControl
      do throws(Flaw) {
        let read = try SetDERControl.read(payload, edition: edition)
        if let odd = read.oddities.first { throw Flaw(path: odd.path, kind: .outOfRange, detail: odd.kind.rawValue) }
        call = read.value
      } catch {
        throw Unspeakable("the control is not as \(kind.rawValue) is declared: \(error.path) \(error.detail)")
      }
      return try CommandRequest(call, edition, told: \.told)
    case .clear(let id, let kind, let isDefault):
      var call = ClearDERControl()
      call.isDefault = isDefault
      call.controlId = id
      if let kind { call.controlType = .known(try DERControlKind(spoken: kind)) }
      return try CommandRequest(call, edition)
    case .report(let id, let control, let kind, let isDefault):
      var call = GetDERControl()
      call.requestId = Int(id)
      (call.controlId, call.isDefault) = (control, isDefault)
      if let kind { call.controlType = .known(try DERControlKind(spoken: kind)) }
      return try CommandRequest(call, edition)
    case .signal(let signal, let time):
      var call = AFRRSignal()
      (call.signal, call.timestamp) = (signal, time)
      return try CommandRequest(call, edition)
    }
  }
}

extension V2.SetDERControl.Reply {
  /// `superseded` are the ids of those that it takes the place of.
  fileprivate var told: JSON {
    var told: JSON = ["status": .string(status.text), "superseded": .array((supersededIds ?? []).map { .string($0) })]
    if let statusInfo { told["reason"] = .string(statusInfo.words) }
    return told
  }
}

extension V2.DERControlKind {
  /// As people write it.
  fileprivate init(spoken text: String) throws(Unspeakable) {
    guard let kind = Loose<Self>.other(text).word else { throw Unspeakable("OCPP knows no grid control \(text)") }
    self = kind
  }

  /// The field that has its values; those that have none of their own are curves.
  fileprivate var field: String {
    switch self {
    case .enterService: "enterService"
    case .fixedPowerFactorAbsorb: "fixedPFAbsorb"
    case .fixedPowerFactorInject: "fixedPFInject"
    case .fixedVar: "fixedVar"
    case .freqDroop: "freqDroop"
    case .gradients: "gradient"
    case .limitMaxDischarge: "limitMaxDischarge"
    case .freqWatt, .highFrequencyMustTrip, .highFrequencyMayTrip, .highVoltageMustTrip,
      .highVoltageMomentaryCessation, .highVoltageMayTrip, .lowFrequencyMustTrip, .lowVoltageMustTrip,
      .lowVoltageMomentaryCessation, .lowVoltageMayTrip, .powerMonitoringMustTrip, .voltVar, .voltWatt,
      .wattPowerFactor, .wattVar:
      "curve"
    }
  }
}

// MARK: - What stations tell

extension V2 {
  static let gridRoutes = [ReportDERControl.route, NotifyDERStartStop.route, NotifyDERAlarm.route]
}

extension V2.ReportDERControl {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    try station.report(
      call.message.controls, in: ReportPart(request: Int64(call.requestId), number: nil, isLast: call.tbc != true))
    return .reply(Reply())
  }

  private var controls: [GridControl] {
    var all: [GridControl] = []
    for told in curve ?? [] {
      all.append(Self.control(told.id, told.curveType.text, told.isDefault, told.isSuperseded, told.curve))
    }
    // What has no time of its own always holds.
    for told in enterService ?? [] { all.append(Self.control(told.id, .enterService, true, false, told.enterService)) }
    for told in gradient ?? [] { all.append(Self.control(told.id, .gradients, true, false, told.gradient)) }
    for told in fixedPFAbsorb ?? [] {
      all.append(Self.control(told.id, .fixedPowerFactorAbsorb, told.isDefault, told.isSuperseded, told.fixedPF))
    }
    for told in fixedPFInject ?? [] {
      all.append(Self.control(told.id, .fixedPowerFactorInject, told.isDefault, told.isSuperseded, told.fixedPF))
    }
    for told in fixedVar ?? [] {
      all.append(Self.control(told.id, .fixedVar, told.isDefault, told.isSuperseded, told.fixedVar))
    }
    for told in freqDroop ?? [] {
      all.append(Self.control(told.id, .freqDroop, told.isDefault, told.isSuperseded, told.freqDroop))
    }
    for told in limitMaxDischarge ?? [] {
      all.append(
        Self.control(told.id, .limitMaxDischarge, told.isDefault, told.isSuperseded, told.limitMaxDischarge))
    }
    return all
  }

  private static func control(
    _ id: String, _ kind: V2.DERControlKind, _ isDefault: Bool, _ isSuperseded: Bool, _ settings: some Payload
  ) -> GridControl {
    control(id, kind.rawValue, isDefault, isSuperseded, settings)
  }

  private static func control(
    _ id: String, _ kind: String, _ isDefault: Bool, _ isSuperseded: Bool, _ settings: some Payload
  ) -> GridControl {
    GridControl(
      id: id, kind: kind, isDefault: isDefault, isSuperseded: isSuperseded, settings: settings.json(edition: .v21))
  }
}

extension V2.NotifyDERStartStop {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    try station.control(
      call.controlId, isRunning: call.started, inPlaceOf: call.supersededIds ?? [],
      at: call.plausible(call.timestamp) ?? call.received)
    return .reply(Reply())
  }
}

extension V2.NotifyDERAlarm {
  /// An alarm of the grid is an alert as any other, about the control that tripped.
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    var alert = Alert(
      number: 0, at: call.plausible(call.timestamp) ?? call.received,
      name: SettingName(component: "DERCtrlr", variable: call.controlType.text), trigger: .alerting,
      value: call.gridEventFault?.text ?? "", isCleared: call.alarmEnded == true)
    alert.info = call.extraInfo
    alert.origin = .hardWired
    try station.alert([alert])
    return .reply(Reply())
  }
}
