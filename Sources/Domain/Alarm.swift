import Wire

/// Something that needs a person and is told to one: it stands while what it says is true.
public struct Alarm: Sendable, Equatable {
  public enum Kind: String, Word {
    case stationOffline = "station_offline", evseFaulted = "evse_faulted", sessionStuck = "session_stuck"
    case partnerFailing = "partner_failing", certificateExpiring = "certificate_expiring", diskLow = "disk_low"
    case cdrHeld = "cdr_held", circuitOver = "circuit_over", meterSilent = "meter_silent"
  }

  public var kind: Kind
  /// What it is about, as people name it: a station's identity, a partner's name.
  public var subject: String
  public var detail: String?
  /// Since when it is true, as far as that is known.
  public var since: Timestamp
  public var toldAt: Timestamp?
  /// When it was found to be over.
  public var endedAt: Timestamp?

  public init(_ kind: Kind, _ subject: String, detail: String? = nil, since: Timestamp) {
    (self.kind, self.subject, self.detail, self.since) = (kind, subject, detail, since)
  }

  public var key: String { "\(kind.rawValue)/\(subject)" }
}

extension Alarm.Kind {
  /// Minutes for which it must last where nobody says otherwise. A fuse is watched for a while before it is found to
  /// carry too much, and does not wait longer.
  fileprivate var usualDelay: Int {
    switch self {
    case .stationOffline: 10
    case .circuitOver: 0
    case .evseFaulted, .sessionStuck, .partnerFailing, .certificateExpiring, .diskLow, .cdrHeld, .meterSilent: 5
    }
  }
}

/// How the operator wants to hear of alarms.
public struct AlarmRules: Sendable, Equatable, Payload {
  /// Whether a kind is told, and after how many minutes.
  public struct Rule: Sendable, Equatable, Payload {
    public var kind = Alarm.Kind.stationOffline
    public var isOn = true
    public var delayMinutes = 5

    public init() {}
    public init(_ kind: Alarm.Kind, delayMinutes: Int) { (self.kind, self.delayMinutes) = (kind, delayMinutes) }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("kind", &kind)
      try w.visit("on", &isOn)
      try w.visit("delay_minutes", &delayMinutes, 0...10_080)
    }
  }

  public var rules = Alarm.Kind.allCases.map { Rule($0, delayMinutes: $0.usualDelay) }
  /// Addresses that get letters.
  public var recipients: [String] = []
  public var server: MailServer?
  /// Between these two times of day, as 22:00, nothing is told; it waits for the end. Where they are equal or absent it is
  /// never quiet.
  public var quietFrom: String?
  public var quietTo: String?
  /// Of the house, for the quiet hours: an IANA name.
  public var timeZone = "Etc/UTC"
  /// One that still stands is told again after so many hours; 0: once.
  public var repeatHours = 24
  /// One that comes again within so many minutes is the same.
  public var calmMinutes = 30

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("rules", &rules, count: 0...Alarm.Kind.allCases.count)
    try w.visit("recipients", &recipients, max: 255, count: 0...20)
    try w.visit("server", &server)
    try w.visit("quiet_from", &quietFrom, max: 5)
    try w.visit("quiet_to", &quietTo, max: 5)
    try w.visit("time_zone", &timeZone, max: 255)
    try w.visit("repeat_hours", &repeatHours, 0...720)
    try w.visit("calm_minutes", &calmMinutes, 0...1_440)
  }

  public func rule(of kind: Alarm.Kind) -> Rule? { rules.first { $0.kind == kind && $0.isOn } }

  /// Minutes after midnight, of a text such as `22:00`.
  public static func minutes(_ text: String) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy(\.isWholeNumber) }),
      let hour = Int(parts[0]),
      let minute = Int(parts[1]), hour < 24, minute < 60
    else { return nil }
    return hour * 60 + minute
  }

  /// Whether somebody sleeps at that minute of the day.
  public func isQuiet(atMinute minute: Int) -> Bool {
    guard let from = quietFrom.flatMap(Self.minutes), let to = quietTo.flatMap(Self.minutes), from != to else {
      return false
    }
    return from < to ? (from..<to).contains(minute) : minute >= from || minute < to
  }
}

/// What a look at the house changes in the book of alarms.
public enum AlarmStep: Sendable, Equatable {
  /// Nobody needs to know yet, or any more.
  case keep(Alarm)
  case tell(Alarm)
  case tellEnd(Alarm)
  case forget(Alarm)
}

extension AlarmRules {
  /// Holds what is seen now against what stands in the book.
  public func steps(
    seen: [Alarm], known: [Alarm], isQuiet: Bool, at now: Timestamp
  ) -> [AlarmStep] {
    let seenKeys = Set(seen.map(\.key))
    let knownByKey = Dictionary(known.map { ($0.key, $0) }) { first, _ in first }
    var steps: [AlarmStep] = []
    for alarm in known where !seenKeys.contains(alarm.key) || rule(of: alarm.kind) == nil {
      if let step = ending(alarm, isQuiet: isQuiet, at: now) { steps.append(step) }
    }
    // What is seen twice, such as a partner by two signs, is one.
    var met: Set<String> = []
    for alarm in seen where met.insert(alarm.key).inserted {
      guard let rule = rule(of: alarm.kind) else { continue }
      if let step = standing(alarm, before: knownByKey[alarm.key], rule, isQuiet: isQuiet, at: now) {
        steps.append(step)
      }
    }
    return steps
  }

  private func standing(
    _ seen: Alarm, before: Alarm?, _ rule: Rule, isQuiet: Bool, at now: Timestamp
  ) -> AlarmStep? {
    var alarm = before ?? seen
    alarm.detail = seen.detail
    // It came again before anybody was told of its end: the same one.
    alarm.endedAt = nil
    let isDue =
      if let told = alarm.toldAt { repeatHours > 0 && now - told >= .seconds(repeatHours * 3_600) } else {
        now - alarm.since >= .seconds(rule.delayMinutes * 60)
      }
    if isDue, !isQuiet {
      alarm.toldAt = now
      return .tell(alarm)
    }
    return alarm == before ? nil : .keep(alarm)
  }

  private func ending(_ known: Alarm, isQuiet: Bool, at now: Timestamp) -> AlarmStep? {
    guard known.toldAt != nil else { return .forget(known) }
    guard let end = known.endedAt else {
      var alarm = known
      alarm.endedAt = now
      return .keep(alarm)
    }
    return now - end >= .seconds(calmMinutes * 60) && !isQuiet ? .tellEnd(known) : nil
  }
}
