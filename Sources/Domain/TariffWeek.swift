import Wire

/// A week as a tariff sees it: at which minutes its elements leave a dimension without a price, and which element is
/// never reached because others fill its hours. It sees days and times of day, and beside them restrictions of one more
/// kind that together leave no gap, such as up to 10 kWh and from 10 kWh.
enum TariffWeek {
  private static let minutes = 7 * 1440

  /// The stretches of the week, in minutes since Monday 00:00, in which nothing may hold. Ascending.
  static func gaps(_ all: [Tariff.Restrictions]) -> [Range<Int>] {
    let hours = all.map(Hours.init)
    var gaps: [Range<Int>] = []
    for stretch in stretches(hours) {
      let rests = hours.filter { $0.holds(at: stretch.lowerBound) }.map(\.rest)
      if Coverage.isWhole(rests) { continue }
      if let last = gaps.last, last.upperBound == stretch.lowerBound {
        gaps[gaps.count - 1] = last.lowerBound..<stretch.upperBound
      } else {
        gaps.append(stretch)
      }
    }
    return gaps
  }

  /// Whether others together hold at each minute at which these restrictions do, whatever else they ask.
  static func isCovered(_ these: Tariff.Restrictions, by others: [Tariff.Restrictions]) -> Bool {
    let mine = Hours(these)
    let theirs = others.filter { ($0.reservation, $0.booking) == (these.reservation, these.booking) }.map(Hours.init)
    guard theirs.count > 1 else { return false }
    return stretches(theirs + [mine]).allSatisfy { stretch in
      guard mine.holds(at: stretch.lowerBound) else { return true }
      return Coverage.isWhole(theirs.filter { $0.holds(at: stretch.lowerBound) }.map(\.rest))
    }
  }

  /// The stretches for a reader; nil where they are the whole week.
  static func text(_ gaps: [Range<Int>]) -> String? {
    if gaps == [0..<minutes] { return nil }
    var texts = gaps.prefix(shown).map { "\(name($0.lowerBound)) to \(name($0.upperBound))" }
    if gaps.count > shown { texts.append("\(gaps.count - shown) more") }
    return texts.joined(separator: ", ")
  }

  private static let shown = 7

  private static func name(_ minute: Int) -> String {
    let day = Tariff.Restrictions.Weekday.allCases[minute / 1440 % 7].rawValue
    let (hour, rest) = (minute % 1440 / 60, minute % 60)
    return "\(day) \(hour < 10 ? "0" : "")\(hour):\(rest < 10 ? "0" : "")\(rest)"
  }

  /// Between two of these minutes nothing begins or ends.
  private static func stretches(_ hours: [Hours]) -> [Range<Int>] {
    var bounds = Set((0...7).map { $0 * 1440 })
    for hours in hours {
      guard let window = hours.window else { continue }
      for day in 0..<7 { bounds.formUnion([day * 1440 + window.from, day * 1440 + window.until]) }
    }
    let sorted = bounds.filter { $0 <= minutes }.sorted()
    return zip(sorted, sorted.dropFirst()).map { $0..<$1 }
  }

  /// The days and times of an element, and what else it asks.
  private struct Hours {
    /// Minutes of the day; past midnight where the end is not above the start.
    let window: (from: Int, until: Int)?
    let days: Set<Int>?
    let rest: Tariff.Restrictions

    init(_ restrictions: Tariff.Restrictions) {
      var rest = restrictions
      if restrictions.startTime != nil || restrictions.endTime != nil,
        let from = TariffText.minuteOfDay(restrictions.startTime ?? "00:00"),
        let until = TariffText.minuteOfDay(restrictions.endTime ?? "00:00")
      {
        window = (from, until == 0 ? 1440 : until)
        (rest.startTime, rest.endTime) = (nil, nil)
      } else {
        window = nil
      }
      days = (restrictions.weekdays ?? []).isEmpty ? nil : Set((restrictions.weekdays ?? []).map(\.number))
      (rest.weekdays, rest.reservation, rest.booking) = (nil, nil, nil)
      self.rest = rest
    }

    /// At a minute of the week. As in pricing, each day is judged by itself, also past midnight.
    func holds(at minute: Int) -> Bool {
      if let days, !days.contains(minute / 1440 + 1) { return false }
      guard let window else { return true }
      let time = minute % 1440
      return window.from < window.until
        ? window.from <= time && time < window.until : window.from <= time || time < window.until
    }
  }
}

/// Whether restrictions together leave no gap, as far as they are all of one kind.
private enum Coverage {
  static func isWhole(_ all: [Tariff.Restrictions]) -> Bool {
    if all.contains(Tariff.Restrictions()) { return true }
    return isWhole(all, \.minKWh, \.maxKWh) { $0 } || isWhole(all, \.minPower, \.maxPower) { $0 }
      || isWhole(all, \.minCurrent, \.maxCurrent) { $0 } || isWhole(all, \.minDuration, \.maxDuration) { Decimal($0) }
  }

  /// Sees one kind of restriction; an element that has another kind besides covers nothing here.
  private static func isWhole<V>(
    _ all: [Tariff.Restrictions], _ least: WritableKeyPath<Tariff.Restrictions, V?>,
    _ most: WritableKeyPath<Tariff.Restrictions, V?>, _ number: (V) -> Decimal
  ) -> Bool {
    var spans: [(from: Decimal, until: Decimal?)] = []
    for restrictions in all {
      var rest = restrictions
      rest[keyPath: least] = nil
      rest[keyPath: most] = nil
      guard rest == Tariff.Restrictions() else { continue }
      spans.append((restrictions[keyPath: least].map(number) ?? .zero, restrictions[keyPath: most].map(number)))
    }
    var covered = Decimal.zero
    for span in spans.sorted(by: { $0.from < $1.from }) {
      guard span.from <= covered else { return false }
      guard let until = span.until else { return true }
      covered = max(covered, until)
    }
    return false
  }
}
