import Wire

/// A watch over one value of a station, which raises alerts.
public struct Monitor: Sendable, Equatable {
  public enum Kind: String, Word {
    case above, below, change, periodic, onTheClock = "on_the_clock"
    case offTarget = "off_target", offTargetRelative = "off_target_relative"
  }
  public enum Origin: String, Word { case hardWired = "hard_wired", preset, custom }

  /// The station's own number for it.
  public var number: Int
  public var name: SettingName
  public var kind: Kind
  /// A threshold, a difference, or seconds, as the kind wants it.
  public var value: Decimal
  /// 0 is danger, 9 is for developers.
  public var severity: Int
  /// Whether it only watches while a session runs.
  public var isForSessions: Bool
  public var origin: Origin?

  public init(
    number: Int, name: SettingName, kind: Kind, value: Decimal, severity: Int, isForSessions: Bool,
    origin: Origin? = nil
  ) {
    self.number = number
    self.name = name
    self.kind = kind
    self.value = value
    self.severity = severity
    self.isForSessions = isForSessions
    self.origin = origin
  }
}

/// Something that a station noticed about itself.
public struct Alert: Sendable, Equatable {
  public enum Trigger: String, Word { case alerting, change, periodic }

  /// The station's own number for it.
  public var number: Int
  public var at: Timestamp
  public var name: SettingName
  public var trigger: Trigger
  public var value: String
  /// The number of the alert that led to this one.
  public var cause: Int?
  public var code: String?
  public var info: String?
  /// It is over.
  public var isCleared: Bool
  public var transaction: String?
  public var monitor: Int?
  public var severity: Int?
  public var origin: Monitor.Origin?
  /// It takes the place of those that the same part told before, whose end is not told any more (OCPP 2.1 R05.FR.04).
  public var takesOver = false

  public init(number: Int, at: Timestamp, name: SettingName, trigger: Trigger, value: String, isCleared: Bool = false) {
    self.number = number
    self.at = at
    self.name = name
    self.trigger = trigger
    self.value = value
    self.isCleared = isCleared
  }
}

/// What a station tells of its monitors.
@MainActor
public protocol MonitoringReports {
  func report(_ monitors: [Monitor], in part: ReportPart) throws(TurnFault)
  /// They happened in this order.
  func alert(_ alerts: [Alert]) throws(TurnFault)
  /// It begins a stream of values; false where we take none from it.
  func open(_ stream: ValueStream) throws(TurnFault) -> Bool
  func close(stream: Int) throws(TurnFault)
  /// `pending` values wait at the station.
  func take(_ values: [StreamedValue], of stream: Int, pending: Int) throws(TurnFault)
}

/// Values of a monitor, many in one message (OCPP 2.1 N11 to N15).
public struct ValueStream: Sendable, Equatable {
  /// The station's own numbers.
  public var number: Int
  public var monitor: Int
  /// When a message is sent: after so many seconds, or so many values.
  public var seconds: Int?
  public var values: Int?

  public init(number: Int, monitor: Int, seconds: Int?, values: Int?) {
    (self.number, self.monitor, self.seconds, self.values) = (number, monitor, seconds, values)
  }
}

public struct StreamedValue: Sendable, Equatable {
  public var at: Timestamp
  public var value: String

  public init(at: Timestamp, value: String) { (self.at, self.value) = (at, value) }
}

/// What is asked of a station about its monitors.
public enum MonitoringCommand: Sendable, Equatable {
  case base(Base)
  /// Alerts of this severity and worse are told.
  case level(Int)
  case set([Wish])
  case clear([Int])
  /// Those of some values, or of all; `id` comes back with each part.
  case report(id: Int64, [SettingName], kinds: [Criterion])
  case streams
  case adjustStream(Int, seconds: Int?, values: Int?)

  /// The sets of monitors that a station was made with.
  public enum Base: String, Word { case all, factory, hardWired = "hard_wired" }
  public enum Criterion: String, Word { case threshold, change, periodic }

  public struct Wish: Sendable, Equatable {
    public var name: SettingName
    public var kind: Monitor.Kind
    public var value: Decimal
    public var severity: Int
    public var isForSessions: Bool
    /// The number of the monitor that it takes the place of.
    public var replaces: Int?
    /// Where its values come as a stream (2.1).
    public var streamSeconds: Int?

    public init(
      _ name: SettingName, kind: Monitor.Kind, value: Decimal, severity: Int, isForSessions: Bool = false,
      replaces: Int? = nil, streamSeconds: Int? = nil
    ) {
      self.name = name
      self.kind = kind
      self.value = value
      self.severity = severity
      self.isForSessions = isForSessions
      self.replaces = replaces
      self.streamSeconds = streamSeconds
    }
  }

  public var verb: String {
    switch self {
    case .base: "monitoring-base"
    case .level: "monitoring-level"
    case .set: "monitor"
    case .clear: "clear-monitors"
    case .report: "monitoring-report"
    case .streams: "streams"
    case .adjustStream: "adjust-stream"
    }
  }

  public var detail: JSON {
    switch self {
    case .base(let base): ["base": .string(base.rawValue)]
    case .level(let severity): ["severity": .number(JSONNumber(severity))]
    case .set(let wishes):
      [
        "monitors": .array(
          wishes.map { wish in
            [
              "key": .string(wish.name.description), "kind": .string(wish.kind.rawValue),
              "value": .number(JSONNumber(wish.value)), "severity": .number(JSONNumber(wish.severity)),
              "for_sessions": .bool(wish.isForSessions),
            ]
          })
      ]
    case .clear(let numbers): ["monitors": .array(numbers.map { .number(JSONNumber($0)) })]
    case .report(let id, let names, let kinds):
      [
        "request": .number(JSONNumber(id)), "keys": .array(names.map { .string($0.description) }),
        "kinds": .array(kinds.map { .string($0.rawValue) }),
      ]
    case .streams: [:]
    case .adjustStream(let stream, let seconds, let values):
      ["stream": .number(JSONNumber(stream)), "seconds": .maybe(seconds), "values": .maybe(values)]
    }
  }
}
