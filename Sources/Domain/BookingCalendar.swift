import Wire

/// When a place can be booked, beside what its terms say.
public struct BookingRules: Payload {
  /// Bookings begin at whole multiples of so many minutes of the local day, and last so many, or twice as many…
  public var slot = 15
  /// Nil: while the location is open.
  public var hours: OpeningHours?
  /// Local days ahead that can be booked, today among them.
  public var days = 14
  /// Minutes before its beginning until which a booking is taken.
  public var notice = 0
  /// Minutes before a booking's beginning from which its station holds the EVSE; never fewer than its early start.
  public var lead = 15

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("slot_minutes", &slot, 1...1_440)
    try w.visit("hours", &hours)
    try w.visit("days_ahead", &days, 1...Limits.bookingDays)
    try w.visit("notice_minutes", &notice, 0...Limits.bookingMinutes)
    try w.visit("lead_minutes", &lead, 0...1_440)
  }

  /// Nil where all of it makes sense.
  public var flaw: FieldFlaw? {
    guard 1_440 % slot == 0 else { return FieldFlaw("slot_minutes", "a part of a day, such as 5, 15, 30 or 60") }
    var details = LocationDetails()
    details.opening = hours
    return details.flaw.map { FieldFlaw("hours", $0.why) }
  }
}

/// What is free at a place that can be booked, and whether a wish fits: by its rules, its terms, the local clock, and what
/// is held there already.
public struct BookingCalendar: Sendable {
  private let rules: BookingRules
  private let terms: BookingTerms
  private let zone: ZoneRules
  /// From when to when bookings can lie.
  public let span: BookingPeriod
  private let open: [BookingPeriod]

  /// - Parameter hours: when the location is open; nil: always.
  public init(_ rules: BookingRules, _ terms: BookingTerms, hours: OpeningHours?, zone: ZoneRules, at now: Timestamp) {
    (self.rules, self.terms, self.zone) = (rules, terms, zone)
    var end = zone.startOfDay(now)
    for _ in 0..<rules.days { end = zone.startOfNextDay(end) }
    span = BookingPeriod(now + .seconds(rules.notice * 60), max(end, now + .seconds(rules.notice * 60)))
    open =
      if let hours = rules.hours ?? hours {
        hours.spans(over: Uptime.Span(begin: span.start, end: span.end), zone: zone).map {
          BookingPeriod($0.begin, $0.end)
        }
      } else {
        [span]
      }
  }

  /// Why nobody could book this, whatever is held; nil where somebody could.
  public func flaw(of period: BookingPeriod) -> String? {
    guard period.start < period.end else { return "period: it ends after it begins" }
    guard period.start >= span.start else { return "period: it begins too soon" }
    guard period.end <= span.end else { return "period: it is too far ahead" }
    guard gridPoint(from: period.start) == period.start, period.minutes % Int64(rules.slot) == 0,
      period.end.seconds(since: period.start) % 60 == 0
    else { return "period: it begins and ends at whole steps of \(rules.slot) minutes" }
    if let shortest = terms.shortest, period.minutes < shortest { return "period: it is shorter than \(shortest) min" }
    if let longest = terms.longest, period.minutes > longest { return "period: it is longer than \(longest) min" }
    guard open.contains(where: { $0.start <= period.start && period.end <= $0.end }) else {
      return "period: the place is not open then"
    }
    return nil
  }

  /// What a booking keeps everybody else from: itself with its early start and its late stop.
  public func held(by period: BookingPeriod) -> BookingPeriod { period.held(by: terms) }

  /// The longest periods that can be booked at one EVSE, as far as its holds leave it.
  public func windows(besides holds: [BookingPeriod]) -> [BookingPeriod] {
    let (early, late) = (Duration.seconds(terms.early * 60), Duration.seconds(terms.late * 60))
    let shortest = Int64(max(terms.shortest ?? rules.slot, rules.slot))
    var windows: [BookingPeriod] = []
    func add(_ from: Timestamp, _ until: Timestamp) {
      let start = gridPoint(from: from)
      let minutes = until.seconds(since: start) / 60 / Int64(rules.slot) * Int64(rules.slot)
      if start < until, minutes >= shortest {
        windows.append(BookingPeriod(start, start + .seconds(minutes * 60)))
      }
    }
    let sorted = holds.sorted { $0.start < $1.start }
    for part in open {
      var from = part.start
      for hold in sorted where hold.end + early > from {
        // What begins here must be over, with its late stop, when the hold begins.
        let until = min(part.end, hold.start - late)
        if from < until { add(from, until) }
        from = max(from, hold.end + early)
        if from >= part.end { break }
      }
      if from < part.end { add(from, part.end) }
    }
    return windows
  }

  /// The windows of several EVSEs: each can be booked at one of them, and none lies within another.
  public func windows(of evses: [[BookingPeriod]]) -> [BookingPeriod] {
    let all = Set(evses.flatMap { windows(besides: $0) }.map(Window.init)).map(\.period)
    let sorted = all.sorted { $0.start == $1.start ? $0.end > $1.end : $0.start < $1.start }
    var kept: [BookingPeriod] = []
    // By their beginnings, the longer first: one that ends no later than another that began before lies within it.
    for window in sorted where kept.last.map({ window.end > $0.end }) ?? true { kept.append(window) }
    return Array(kept.prefix(Limits.bookingWindows))
  }

  private struct Window: Hashable {
    let start, end: Timestamp
    init(_ period: BookingPeriod) { (start, end) = (period.start, period.end) }
    var period: BookingPeriod { BookingPeriod(start, end) }
  }

  /// The first moment from here on at which a booking may begin: whole steps since the beginning of its local day.
  private func gridPoint(from time: Timestamp) -> Timestamp {
    let day = zone.startOfDay(time)
    let step = Int64(rules.slot) * 60_000
    let steps = (time.milliseconds - day.milliseconds + step - 1) / step
    return min(day + .milliseconds(steps * step), zone.startOfNextDay(time))
  }
}

extension BookingPeriod {
  /// With the early start and the late stop of its terms.
  public func held(by terms: BookingTerms) -> BookingPeriod {
    BookingPeriod(start - .seconds(terms.early * 60), end + .seconds(terms.late * 60))
  }
}
