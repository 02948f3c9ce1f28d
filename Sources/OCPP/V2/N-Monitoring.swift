// OCPP 2.x block N, Diagnostics: monitors of variables, and the events that they raise.

import Domain
import Wire

// MARK: - SetMonitoringBase (N03), SetMonitoringLevel (N05)

extension V2 {
  /// Back to one of the three sets of monitors that a station was made with.
  public struct SetMonitoringBase: Message {
    public static let action = "SetMonitoringBase"

    public enum MonitoringBase: String, Word {
      case all = "All", factoryDefault = "FactoryDefault", hardWiredOnly = "HardWiredOnly"
    }

    public var monitoringBase = MonitoringBase.all

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("monitoringBase", &monitoringBase) }

    public typealias Reply = Answer<GenericDeviceModelStatus>
  }

  /// The station tells events of this severity and worse: 0 is danger, 9 is for developers.
  public struct SetMonitoringLevel: Message {
    public static let action = "SetMonitoringLevel"
    public var severity = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("severity", &severity, w.natural) }

    public typealias Reply = YesOrNo
  }
}

// MARK: - SetVariableMonitoring (N04), ClearVariableMonitoring (N06)

extension V2 {
  /// Monitors that the station watches variables with.
  public struct SetVariableMonitoring: Message {
    public static let action = "SetVariableMonitoring"
    public var setMonitoringData: [SetMonitoringData] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("setMonitoringData", &setMonitoringData, count: 1...)
    }

    public struct Reply: Verdict {
      public var setMonitoringResult: [SetMonitoringResult] = []

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("setMonitoringResult", &setMonitoringResult, count: 1...)
      }

      public var refusal: String? { setMonitoringResult.lazy.compactMap(\.status.refusal).first }
    }
  }

  /// What is watched, and from which value on.
  public struct SetMonitoringData: Payload {
    /// Of the monitor that this one replaces.
    public var id: Int?
    /// Whether it only watches while a session runs.
    public var transaction: Bool?
    /// A threshold, a difference, or seconds, as its kind wants it.
    public var value = Decimal.zero
    public var type = Loose<MonitorKind>.known(.upperThreshold), severity = 0, component = Component()
    public var variable = Variable(), periodicEventStream: PeriodicEventStreamParams?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, w.natural)
      try w.visit("transaction", &transaction)
      try w.visit("value", &value)
      try w.visit("type", &type)
      try w.visit("severity", &severity, w.natural)
      try w.visit("component", &component)
      try w.visit("variable", &variable)
      try w.visit("periodicEventStream", &periodicEventStream, since: .v21)
    }
  }

  /// What became of it, with its number.
  public struct SetMonitoringResult: Payload {
    public enum Status: String, Answering {
      case accepted = "Accepted", unknownComponent = "UnknownComponent", unknownVariable = "UnknownVariable"
      case unsupportedMonitorType = "UnsupportedMonitorType", rejected = "Rejected", duplicate = "Duplicate"
    }

    public var id: Int?, statusInfo: StatusInfo?, status = Loose<Status>.known(.rejected)
    public var type = Loose<MonitorKind>.known(.upperThreshold), component = Component(), variable = Variable()
    public var severity = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, w.natural)
      try w.visit("statusInfo", &statusInfo)
      try w.visit("status", &status)
      try w.visit("type", &type)
      try w.visit("component", &component)
      try w.visit("variable", &variable)
      try w.visit("severity", &severity, w.natural)
    }
  }

  public enum MonitorKind: String, Word {
    case upperThreshold = "UpperThreshold", lowerThreshold = "LowerThreshold", delta = "Delta", periodic = "Periodic"
    case periodicClockAligned = "PeriodicClockAligned", targetDelta = "TargetDelta"
    case targetDeltaRelative = "TargetDeltaRelative"

    public var since: Edition {
      switch self {
      case .targetDelta, .targetDeltaRelative: .v21
      default: .first
      }
    }
  }

  /// Takes back monitors.
  public struct ClearVariableMonitoring: Message {
    public static let action = "ClearVariableMonitoring"
    public var id: [Int] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("id", &id, w.natural, count: 1...) }

    public struct Reply: Verdict {
      public var clearMonitoringResult: [ClearMonitoringResult] = []

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("clearMonitoringResult", &clearMonitoringResult, count: 1...)
      }

      public var refusal: String? { clearMonitoringResult.lazy.compactMap(\.status.refusal).first }
    }
  }

  /// What became of one of them.
  public struct ClearMonitoringResult: Payload {
    public enum Status: String, Answering { case accepted = "Accepted", rejected = "Rejected", notFound = "NotFound" }

    public var status = Loose<Status>.known(.rejected), id = 0, statusInfo: StatusInfo?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("status", &status)
      try w.visit("id", &id, w.natural)
      try w.visit("statusInfo", &statusInfo)
    }
  }
}

// MARK: - GetMonitoringReport, NotifyMonitoringReport (N02)

extension V2 {
  /// Which monitors the station has; they come as NotifyMonitoringReport.
  public struct GetMonitoringReport: Message {
    public static let action = "GetMonitoringReport"

    public enum Criterion: String, Word {
      case thresholdMonitoring = "ThresholdMonitoring", deltaMonitoring = "DeltaMonitoring"
      case periodicMonitoring = "PeriodicMonitoring"
    }

    public var componentVariable: [ComponentVariable]?
    public var requestId = 0, monitoringCriteria: [Criterion]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("componentVariable", &componentVariable, count: 1...)
      try w.visit("requestId", &requestId)
      try w.visit("monitoringCriteria", &monitoringCriteria, count: 1...3)
    }

    public typealias Reply = Answer<GenericDeviceModelStatus>
  }

  /// A part of the monitors that were asked for.
  public struct NotifyMonitoringReport: Message {
    public static let action = "NotifyMonitoringReport"
    public var monitor: [MonitoringData]?
    public var requestId = 0, tbc: Bool?, seqNo = 0, generatedAt = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("monitor", &monitor, count: 1...)
      try w.visit("requestId", &requestId)
      try w.visit("tbc", &tbc)
      try w.visit("seqNo", &seqNo, w.natural)
      try w.visit("generatedAt", &generatedAt)
    }

    public typealias Reply = Nothing
  }

  /// The monitors of one variable.
  public struct MonitoringData: Payload {
    public var component = Component(), variable = Variable(), variableMonitoring: [VariableMonitoring] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("component", &component)
      try w.visit("variable", &variable)
      try w.visit("variableMonitoring", &variableMonitoring, count: 1...)
    }
  }

  /// A monitor as the station reports it.
  public struct VariableMonitoring: Payload {
    public var id = 0, transaction = false, value = Decimal.zero, type = Loose<MonitorKind>.known(.upperThreshold)
    public var severity = 0, eventNotificationType: Loose<MonitorOrigin>?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, w.natural)
      try w.visit("transaction", &transaction)
      try w.visit("value", &value)
      try w.visit("type", &type)
      try w.visit("severity", &severity, w.natural)
      try w.visit("eventNotificationType", &eventNotificationType, since: .v21, expected: true)
    }
  }
}

// MARK: - NotifyEvent (N07, N08)

extension V2 {
  /// Monitors noticed something.
  public struct NotifyEvent: Message {
    public static let action = "NotifyEvent"
    public var generatedAt = Timestamp.epoch, tbc: Bool?, seqNo = 0, eventData: [EventData] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("generatedAt", &generatedAt)
      try w.visit("tbc", &tbc)
      try w.visit("seqNo", &seqNo, w.natural)
      try w.visit("eventData", &eventData, count: 1...)
    }

    public typealias Reply = Nothing
  }

  /// One event.
  public struct EventData: Payload {
    public enum Trigger: String, Word { case alerting = "Alerting", delta = "Delta", periodic = "Periodic" }

    public var eventId = 0, timestamp = Timestamp.epoch, trigger = Loose<Trigger>.known(.alerting)
    /// The id of the event that led to this one.
    public var cause: Int?
    public var actualValue = "", techCode: String?, techInfo: String?
    /// Whether it is over.
    public var cleared: Bool?
    public var transactionId: String?, component = Component(), variableMonitoringId: Int?
    public var eventNotificationType = Loose<MonitorOrigin>.known(.hardWiredNotification), variable = Variable()
    public var severity: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("eventId", &eventId, w.natural)
      try w.visit("timestamp", &timestamp)
      try w.visit("trigger", &trigger)
      try w.visit("cause", &cause, w.natural)
      try w.visit("actualValue", &actualValue, max: 2500)
      try w.visit("techCode", &techCode, max: 50)
      try w.visit("techInfo", &techInfo, max: 500)
      try w.visit("cleared", &cleared)
      try w.visit("transactionId", &transactionId, max: 36)
      try w.visit("component", &component)
      try w.visit("variableMonitoringId", &variableMonitoringId, w.natural)
      try w.visit("eventNotificationType", &eventNotificationType)
      try w.visit("variable", &variable)
      try w.visit("severity", &severity, 0..., since: .v21)
    }
  }

  /// Who made a monitor: the manufacturer, the vendor's settings, or we.
  public enum MonitorOrigin: String, Word {
    case hardWiredNotification = "HardWiredNotification", hardWiredMonitor = "HardWiredMonitor"
    case preconfiguredMonitor = "PreconfiguredMonitor", customMonitor = "CustomMonitor"
  }
}

// MARK: - What the house asks

extension V2 {
  static func request(_ command: MonitoringCommand, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .base(let base):
      var call = SetMonitoringBase()
      switch base {
      case .all: call.monitoringBase = .all
      case .factory: call.monitoringBase = .factoryDefault
      case .hardWired: call.monitoringBase = .hardWiredOnly
      }
      return try CommandRequest(call, edition)
    case .level(let severity):
      var call = SetMonitoringLevel()
      call.severity = severity
      return try CommandRequest(call, edition)
    case .set(let wishes):
      var call = SetVariableMonitoring()
      call.setMonitoringData = wishes.map(SetMonitoringData.init)
      return try CommandRequest(call, edition, tellsRefusals: true, told: \.told)
    case .clear(let numbers):
      var call = ClearVariableMonitoring()
      call.id = numbers
      return try CommandRequest(call, edition, tellsRefusals: true, told: \.told)
    case .report(let id, let names, let kinds):
      var call = GetMonitoringReport()
      call.requestId = Int(id)
      call.componentVariable = names.isEmpty ? nil : names.map(ComponentVariable.init)
      call.monitoringCriteria = kinds.isEmpty ? nil : kinds.map(GetMonitoringReport.Criterion.init)
      return try CommandRequest(call, edition)
    case .streams:
      return try CommandRequest(GetPeriodicEventStream(), edition, tellsRefusals: true, told: \.told)
    case .adjustStream(let stream, let seconds, let values):
      var call = AdjustPeriodicEventStream()
      call.id = stream
      (call.params.interval, call.params.values) = (seconds, values)
      return try CommandRequest(call, edition)
    }
  }
}

extension V2.SetMonitoringData {
  init(_ wish: MonitoringCommand.Wish) {
    self.init()
    id = wish.replaces
    transaction = wish.isForSessions
    value = wish.value
    type = .known(V2.MonitorKind(wish.kind))
    severity = wish.severity
    (component, variable) = (V2.Component(wish.name), V2.Variable(wish.name))
    if let seconds = wish.streamSeconds {
      var stream = V2.PeriodicEventStreamParams()
      stream.interval = seconds
      periodicEventStream = stream
    }
  }
}

extension V2.GetMonitoringReport.Criterion {
  fileprivate init(_ criterion: MonitoringCommand.Criterion) {
    switch criterion {
    case .threshold: self = .thresholdMonitoring
    case .change: self = .deltaMonitoring
    case .periodic: self = .periodicMonitoring
    }
  }
}

extension V2.MonitorKind {
  init(_ kind: Monitor.Kind) {
    switch kind {
    case .above: self = .upperThreshold
    case .below: self = .lowerThreshold
    case .change: self = .delta
    case .periodic: self = .periodic
    case .onTheClock: self = .periodicClockAligned
    case .offTarget: self = .targetDelta
    case .offTargetRelative: self = .targetDeltaRelative
    }
  }

  fileprivate var plain: Monitor.Kind {
    switch self {
    case .upperThreshold: .above
    case .lowerThreshold: .below
    case .delta: .change
    case .periodic: .periodic
    case .periodicClockAligned: .onTheClock
    case .targetDelta: .offTarget
    case .targetDeltaRelative: .offTargetRelative
    }
  }
}

extension V2.MonitorOrigin {
  fileprivate var plain: Monitor.Origin {
    switch self {
    case .hardWiredNotification, .hardWiredMonitor: .hardWired
    case .preconfiguredMonitor: .preset
    case .customMonitor: .custom
    }
  }
}

extension V2.SetVariableMonitoring.Reply {
  fileprivate var told: JSON {
    [
      "monitors": .array(
        setMonitoringResult.map { result in
          [
            "monitor": result.id.map { .number(JSONNumber($0)) } ?? .null,
            "key": .string(SettingName(result.component, result.variable).description),
            "kind": .string(result.type.word?.plain.rawValue ?? result.type.text),
            "accepted": .bool(result.status.refusal == nil), "status": .string(result.status.text),
            "reason": result.statusInfo.map { .string($0.words) } ?? .null,
          ]
        })
    ]
  }
}

extension V2.ClearVariableMonitoring.Reply {
  fileprivate var told: JSON {
    [
      "monitors": .array(
        clearMonitoringResult.map { result in
          // One that is not there any more is as good as cleared (N06.FR.05).
          let isGone = result.status.refusal == nil || result.status.word == .notFound
          return [
            "monitor": .number(JSONNumber(result.id)), "accepted": .bool(isGone),
            "status": .string(result.status.text),
          ]
        })
    ]
  }
}

// MARK: - What stations tell

extension V2.NotifyMonitoringReport {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let monitors = (call.monitor ?? []).flatMap(\.monitors)
    try station.report(
      monitors, in: ReportPart(request: Int64(call.requestId), number: call.seqNo, isLast: call.tbc != true))
    return .reply(Reply())
  }
}

extension V2.MonitoringData {
  /// Those of a kind that nobody knows were flagged when they were read.
  fileprivate var monitors: [Monitor] {
    let name = SettingName(component, variable)
    return variableMonitoring.compactMap { monitor in
      monitor.type.word.map { kind in
        Monitor(
          number: monitor.id, name: name, kind: kind.plain, value: monitor.value, severity: monitor.severity,
          isForSessions: monitor.transaction, origin: monitor.eventNotificationType?.word?.plain)
      }
    }
  }
}

extension V2.NotifyEvent {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    try station.alert(call.eventData.map { $0.alert(at: call.plausible($0.timestamp) ?? call.received) })
    // In 2.1 a connector may tell its availability by an event alone (G01).
    for report in call.eventData.compactMap(\.connectorReport) { try station.report(report) }
    return .reply(Reply())
  }
}

extension V2.EventData {
  fileprivate func alert(at time: Timestamp) -> Alert {
    let trigger: Alert.Trigger =
      switch self.trigger.word {
      case .alerting, nil: .alerting
      case .delta: .change
      case .periodic: .periodic
      }
    var alert = Alert(
      number: eventId, at: time, name: SettingName(component, variable), trigger: trigger, value: actualValue,
      isCleared: cleared == true)
    (alert.cause, alert.code, alert.info) = (cause, techCode, techInfo)
    (alert.transaction, alert.monitor, alert.severity) = (transactionId, variableMonitoringId, severity)
    alert.origin = eventNotificationType.word?.plain
    return alert
  }
}
