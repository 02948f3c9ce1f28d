import Wire

/// How long one EVSE was of use in a span of time, by one of the rules that ask for it: recomputed from its status
/// history, its opening hours and the times that do not count. All figures are whole milliseconds until the end.
public struct Uptime: Sendable, Equatable {
  public enum Rule: String, Word {
    /// The share of the time in which it could be used, of the time that is known.
    case plain
    /// 23 CFR 680.116(b): outages but for those that the operator could not help, of all minutes of the span.
    case nevi
    /// The UK's Public Charge Point Regulations 2023, regulation 7: by OCPI's states, within opening hours.
    case uk2023 = "uk_2023"

    /// Percent that the rule asks for; nil where it asks for none.
    public var threshold: Decimal? {
      switch self {
      case .plain: nil
      case .nevi: Decimal(97)
      case .uk2023: Decimal(99)
      }
    }

    /// Whether the rule calls it out of use.
    func isOut(_ status: EVSE.Status) -> Bool {
      switch status {
      case .available, .preparing, .charging, .suspendedEV, .suspendedEVSE, .finishing, .reserved: false
      case .unavailable, .faulted: true
      // Of a port that is not online nobody knows that it gives energy; the UK takes UNKNOWN from what is measured as a
      // fault.
      case .unknown: self != .uk2023
      }
    }

    /// Whether an outage of that cause does not count.
    func excuses(_ cause: Downtime.Cause) -> Bool {
      switch self {
      case .plain: cause == .scheduledMaintenance
      case .nevi: cause.isExcludedByNEVI
      case .uk2023: false
      }
    }
  }

  /// From a moment on it was so.
  public struct Change: Sendable, Equatable {
    public var at: Timestamp
    public var status: EVSE.Status

    public init(at: Timestamp, status: EVSE.Status) { (self.at, self.status) = (at, status) }
  }

  /// A span of time; its end is not part of it.
  public struct Span: Sendable, Equatable {
    public var begin: Timestamp
    public var end: Timestamp

    public init(begin: Timestamp, end: Timestamp) { (self.begin, self.end) = (begin, end) }

    public var length: Int64 { max(0, end.milliseconds - begin.milliseconds) }

    /// What of it lies in another one; nil where that is nothing.
    func within(_ other: Span) -> Span? {
      let part = Span(begin: max(begin, other.begin), end: min(end, other.end))
      return part.begin < part.end ? part : nil
    }
  }

  /// A time in which it was of no use.
  public struct Outage: Sendable, Equatable {
    public fileprivate(set) var span: Span
    /// Why it does not count, where it does not.
    public let excuse: Downtime.Cause?
  }

  /// A time in which it had one status.
  public struct Stretch: Sendable, Equatable {
    public var span: Span
    public var status: EVSE.Status

    public init(span: Span, status: EVSE.Status) { (self.span, self.status) = (span, status) }
  }

  public let rule: Rule
  /// What the share is of: the whole span, or the hours in which it is open or known.
  public let measured: Int64
  /// Of that, the time in which it was of no use.
  public private(set) var outage: Int64 = 0
  /// Of the outage, what does not count, by its cause.
  public private(set) var excluded: [Downtime.Cause: Int64] = [:]
  /// The outages one after the other, where they were asked for; where what excuses one begins or ends, another one begins.
  public private(set) var outages: [Outage] = []
  /// Closed by its opening hours.
  public let closed: Int64
  /// No history tells of it: before the EVSE was known.
  public let gap: Int64
  /// What is known of the span, by the words that partners know, also where it was closed (Public Charge Point Regulations
  /// 2023, 8(2)(c)).
  public private(set) var spent: [PublishedStatus: Int64] = [:]
  /// Its station was not connected.
  public var unknown: Int64 { spent[.unknown] ?? 0 }

  /// - Parameters:
  ///   - time: for how many milliseconds of the span it had each status. What is missing is of before it was known.
  ///   - downtimes: what does not count; of those that the rule excuses the earliest counts where some overlap.
  ///   - opening: when it is open, in order of time; nil is always.
  ///   - isListing: whether each outage is to be named.
  ///   - out: its stretches of the span in which it was of no use by any rule, in order of time. They are asked for only
  ///     where the sums do not say it all.
  public init<Failure: Error>(
    _ rule: Rule, over span: Span, time: [EVSE.Status: Int64], downtimes: [Downtime] = [], opening: [Span]? = nil,
    isListing: Bool = false, out: () throws(Failure) -> [Stretch]
  ) throws(Failure) {
    self.rule = rule
    for (status, length) in time { spent[PublishedStatus(status), default: 0] += length }
    gap = span.length - time.values.reduce(0, +)
    let hours = (opening ?? [span]).compactMap { $0.within(span) }
    closed = span.length - hours.reduce(0) { $0 + $1.length }
    let known = Span(begin: Timestamp(milliseconds: span.begin.milliseconds + gap), end: span.end)
    switch rule {
    case .plain: measured = known.length
    // What is closed cannot be out of order, and the formula's minutes are all the same. NEVI divides by all of them; of
    // what nobody knows no outage is claimed, and the report names the gap.
    case .nevi: measured = span.length
    case .uk2023: measured = hours.reduce(0) { $0 + ($1.within(known)?.length ?? 0) }
    }
    let isClosing = opening != nil && rule != .plain
    guard isListing || isClosing || downtimes.contains(where: { rule.excuses($0.cause) }) else {
      outage = time.reduce(0) { $0 + (rule.isOut($1.key) ? $1.value : 0) }
      return
    }
    var next = 0
    for stretch in try out() where rule.isOut(stretch.status) {
      guard isClosing else {
        add(stretch.span, downtimes)
        continue
      }
      while next < hours.count, hours[next].end <= stretch.span.begin { next += 1 }
      for part in hours[next...] {
        guard let open = part.within(stretch.span) else { break }
        add(open, downtimes)
      }
    }
  }

  /// From all that is known of it.
  /// - Parameter history: in order of time, beginning with what held when the span began, if that is known.
  public init(
    _ rule: Rule, over span: Span, history: [Change], downtimes: [Downtime] = [], opening: [Span]? = nil
  ) {
    let stretches = Self.stretches(of: history, in: span)
    var time: [EVSE.Status: Int64] = [:]
    for stretch in stretches { time[stretch.status, default: 0] += stretch.span.length }
    self.init(rule, over: span, time: time, downtimes: downtimes, opening: opening, isListing: true) { stretches }
  }

  /// What held one after the other within a span.
  public static func stretches(of history: [Change], in span: Span) -> [Stretch] {
    history.indices.compactMap { place in
      let end = place + 1 < history.count ? history[place + 1].at : span.end
      return Span(begin: history[place].at, end: end).within(span).map {
        Stretch(span: $0, status: history[place].status)
      }
    }
  }

  /// An outage that counts, but for what a downtime of it excuses.
  private mutating func add(_ span: Span, _ downtimes: [Downtime]) {
    outage += span.length
    let ends = downtimes.flatMap { [$0.beginsAt, $0.endsAt ?? span.end] }.filter { $0 > span.begin && $0 < span.end }
    let cuts = [span.begin] + Set(ends).sorted() + [span.end]
    for (begin, end) in zip(cuts, cuts.dropFirst()) {
      let excuse = downtimes.first {
        $0.beginsAt <= begin && ($0.endsAt ?? span.end) > begin && rule.excuses($0.cause)
      }?.cause
      let piece = Span(begin: begin, end: end)
      if let excuse { excluded[excuse, default: 0] += piece.length }
      if let last = outages.last, last.span.end == begin, last.excuse == excuse {
        outages[outages.count - 1].span.end = end
      } else {
        outages.append(Outage(span: piece, excuse: excuse))
      }
    }
  }

  public var excludedTotal: Int64 { excluded.values.reduce(0, +) }

  /// ((measured − (outage − excluded)) / measured) × 100, to three decimals, never rounded up to a threshold; nil where
  /// nothing was measured.
  public var percent: Decimal? { Self.percent(measured: measured, outage: outage - excludedTotal) }

  public static func percent(measured: Int64, outage: Int64) -> Decimal? {
    guard measured > 0 else { return nil }
    return (Decimal(measured - outage) * Decimal(100)).divided(by: Decimal(measured), places: 3, rounding: .down)
  }

  /// Minutes to two decimals, as the rules count.
  public static func minutes(_ milliseconds: Int64) -> Decimal {
    Decimal(milliseconds).divided(by: Decimal(60_000), places: 2, rounding: .halfUp)
  }
}

/// A time in which an outage does not count, and why.
public struct Downtime: Sendable, Equatable {
  public enum Cause: String, Word {
    case utility = "utility_interruption"
    case vehicle = "vehicle_fault"
    case scheduledMaintenance = "scheduled_maintenance"
    case vandalism
    case naturalDisaster = "natural_disaster"
    /// Anything else that the operator wants to have named; it counts.
    case other

    /// 23 CFR 680.116(b)(3)(ii).
    public var isExcludedByNEVI: Bool {
      switch self {
      case .utility, .vehicle, .scheduledMaintenance, .vandalism, .naturalDisaster: true
      case .other: false
      }
    }
  }

  public var id: ID<Downtime>
  /// The narrowest that is named is meant: an EVSE, a station, a location; nil for all of them is the whole network.
  public var location: ID<Location>?
  public var station: ID<Station>?
  public var evse: ID<EVSE>?
  public var beginsAt: Timestamp
  /// Nil while it lasts.
  public var endsAt: Timestamp?
  public var cause: Cause
  public var note: String?
  /// Who wrote it down.
  public var origin: String
  public var createdAt: Timestamp

  public init(
    id: ID<Downtime>, location: ID<Location>? = nil, station: ID<Station>? = nil, evse: ID<EVSE>? = nil,
    beginsAt: Timestamp, endsAt: Timestamp?, cause: Cause, note: String? = nil, origin: String, createdAt: Timestamp
  ) {
    self.id = id
    self.location = location
    self.station = station
    self.evse = evse
    self.beginsAt = beginsAt
    self.endsAt = endsAt
    self.cause = cause
    self.note = note
    self.origin = origin
    self.createdAt = createdAt
  }

  /// Whether it is about that EVSE.
  public func concerns(_ evse: ID<EVSE>, of station: ID<Station>, at location: ID<Location>?) -> Bool {
    if let own = self.evse { return own == evse }
    if let own = self.station { return own == station }
    if let own = self.location { return own == location }
    return true
  }
}

extension OpeningHours {
  /// The spans in which it is open, in order and without overlaps; local days are those of the zone, so that the nights of
  /// the change of the clocks are an hour longer or shorter.
  public func spans(over span: Uptime.Span, zone: ZoneRules) -> [Uptime.Span] {
    var spans: [Uptime.Span] = []
    var day = zone.startOfDay(span.begin - .seconds(86_400))
    while day < span.end {
      let next = zone.startOfNextDay(day)
      let weekday = zone.civil(at: day).weekday
      for hours in regular ?? [] where hours.weekday == weekday {
        guard let begin = TariffText.minutes(hours.begin), let end = TariffText.minutes(hours.end) else { continue }
        let first = moment(begin, of: day, zone)
        // An end that is not after the begin is one of the next day.
        spans.append(
          Uptime.Span(begin: first, end: end > begin ? moment(end, of: day, zone) : moment(end, of: next, zone)))
      }
      day = next
    }
    spans += (openings ?? []).map { Uptime.Span(begin: $0.begin, end: $0.end) }
    let open: [Uptime.Span] = joined(spans)
    let shut = joined((closings ?? []).map { Uptime.Span(begin: $0.begin, end: $0.end) })
    return open.flatMap { without(shut, in: $0) }.compactMap { $0.within(span) }
  }

  /// The time of day as the clock on the wall shows it; one that the night of the change leaves out is the moment of it.
  private func moment(_ minutes: Int, of day: Timestamp, _ zone: ZoneRules) -> Timestamp {
    let shown = day + .seconds(zone.offset(at: day)) + .seconds(minutes * 60)
    return zone.timestamps(showing: shown).first ?? day + .seconds(minutes * 60)
  }

  private func joined(_ spans: [Uptime.Span]) -> [Uptime.Span] {
    var joined: [Uptime.Span] = []
    for span in spans.sorted(by: { $0.begin < $1.begin }) where span.begin < span.end {
      if let last = joined.last, span.begin <= last.end {
        joined[joined.count - 1].end = max(last.end, span.end)
      } else {
        joined.append(span)
      }
    }
    return joined
  }

  private func without(_ shut: [Uptime.Span], in span: Uptime.Span) -> [Uptime.Span] {
    var left = [span]
    for hole in shut where hole.begin < span.end && hole.end > span.begin {
      left = left.flatMap { part -> [Uptime.Span] in
        guard hole.begin < part.end, hole.end > part.begin else { return [part] }
        let (first, second) = (
          Uptime.Span(begin: part.begin, end: hole.begin), Uptime.Span(begin: hole.end, end: part.end)
        )
        return [first, second].filter { $0.begin < $0.end }
      }
    }
    return left
  }
}
