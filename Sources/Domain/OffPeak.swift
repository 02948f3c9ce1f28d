import Wire

/// Hours of the week, and what happened in each: 168 cells from Monday 00:00 on a local clock.
public struct WeekMap: Sendable, Equatable {
  public struct Cell: Sendable, Equatable {
    public var figures = UsageFigures()
    /// Seconds of that hour in the time that is looked at, over all weeks of it and for one EVSE.
    public var seconds = 0

    public init() {}
  }

  public private(set) var cells: [Cell]
  /// EVSEs that could be used.
  public let evses: Int

  public init(evses: Int) { (cells, self.evses) = (Array(repeating: Cell(), count: 168), evses) }

  /// Adds what was seen in a quarter of the week, 0 to 671.
  public mutating func add(_ figures: UsageFigures, quarter: Int) {
    cells[quarter / 4].figures = cells[quarter / 4].figures + figures
  }

  /// Adds the time between two quarters since 1970, on a clock so many quarters east of UTC.
  public mutating func addTime(from first: Int64, to end: Int64, quartersEast: Int64) {
    guard first < end else { return }
    let (weeks, rest) = (end - first).quotientAndRemainder(dividingBy: 672)
    for index in cells.indices { cells[index].seconds += Int(weeks) * 3600 }
    for quarter in 0..<rest {
      cells[Int(Self.quarterOfWeek(first + quarter, quartersEast: quartersEast)) / 4].seconds += 900
    }
  }

  /// 0 to 671 from Monday 00:00; 1970 began on a Thursday.
  public static func quarterOfWeek(_ quarter: Int64, quartersEast: Int64) -> Int64 {
    let shifted = (quarter + quartersEast + 288) % 672
    return shifted < 0 ? shifted + 672 : shifted
  }

  /// Busy time as a share of what all EVSEs could have been, with four decimals; nil where there was no time.
  public func utilisation(_ index: Int) -> Decimal? { utilisation(index..<(index + 1)) }

  func utilisation(_ hours: Range<Int>) -> Decimal? { utilisation(Array(hours)) }

  fileprivate func utilisation(_ hours: [Int]) -> Decimal? {
    let busy = hours.reduce(0) { $0 + cells[$1].figures.busySeconds }
    let seconds = hours.reduce(0) { $0 + cells[$1].seconds }
    return UsageFigures.utilisation(busy: busy, of: seconds * evses)
  }

  public var utilisation: Decimal? { utilisation(0..<168) }

  /// How much of all energy went into these hours, with four decimals; nil where there was none.
  public func energyShare(of hours: [Int]) -> Decimal? {
    let all = cells.reduce(Energy.zero) { $0 + $1.figures.energy }
    let part = hours.reduce(Energy.zero) { $0 + cells[$1].figures.energy }
    guard all > .zero else { return nil }
    return part.kilowattHours.divided(by: all.kilowattHours, places: 4, rounding: .halfUp)
  }
}

extension UsageFigures {
  /// A share with four decimals; nil where nothing could have been used.
  public static func utilisation(busy: Int, of seconds: Int) -> Decimal? {
    seconds > 0 ? Decimal(busy).divided(by: Decimal(seconds), places: 4, rounding: .halfUp) : nil
  }
}

/// Hours that stand empty, with a discount that may fill them.
public struct OffPeak: Sendable, Equatable {
  public var weekdays: [Tariff.Restrictions.Weekday]
  /// Local hours of the day; the end may be 24.
  public var from: Int
  public var until: Int
  public var utilisation: Decimal
  /// Percent of the energy price.
  public var discount: Int

  /// What a suggestion would stand on. A few sessions leave most hours of a week empty by chance, and a week that was seen
  /// once may have been a holiday: before this much is known nothing is said.
  public struct Basis: Sendable, Equatable {
    public static let leastSessions = 20
    /// Each hour of the week twice.
    public static let leastDays = 14

    /// Sessions of the time that is looked at.
    public let sessions: Int
    /// Whole days of it since the first use.
    public let days: Int

    public init(sessions: Int, days: Int) { (self.sessions, self.days) = (sessions, days) }

    public var isEnough: Bool { sessions >= Self.leastSessions && days >= Self.leastDays }
  }

  /// The longest stretch of working days, and that of weekends, in which use is at most half of the mean: at least two
  /// hours long. The discount grows with the emptiness, by whole fives up to `highestDiscount`.
  public static func suggestions(for map: WeekMap, on basis: Basis) -> [OffPeak] {
    guard basis.isEnough, let mean = map.utilisation, mean > .zero else { return [] }
    let days = Tariff.Restrictions.Weekday.allCases
    return [Array(0..<5), Array(5..<7)].compactMap { group in
      longest(group, map, mean).map { from, until, use in
        let emptiness = (Decimal(1) - use.divided(by: mean, places: 4, rounding: .halfUp)) * Decimal(highestDiscount)
        let fives = emptiness.divided(by: 5, places: 0, rounding: .halfUp).asInt64(scaledBy: 0) ?? 0
        return OffPeak(
          weekdays: group.map { days[$0] }, from: from, until: until, utilisation: use,
          discount: max(5, min(Int(fives) * 5, highestDiscount)))
      }
    }
  }

  public static let highestDiscount = 30
  private static let shortest = 2

  private static func longest(_ group: [Int], _ map: WeekMap, _ mean: Decimal) -> (Int, Int, Decimal)? {
    func hours(_ from: Int, _ until: Int) -> [Int] { group.flatMap { day in (from..<until).map { day * 24 + $0 } } }
    let isQuiet = (0..<24).map { hour in
      map.utilisation(hours(hour, hour + 1)).map { $0 * 2 <= mean } ?? false
    }
    var best: (from: Int, until: Int)?
    var begin: Int?
    for hour in 0...24 {
      if hour < 24, isQuiet[hour] {
        begin = begin ?? hour
      } else if let from = begin {
        if hour - from >= shortest, hour - from > (best.map { $0.until - $0.from } ?? 0) { best = (from, hour) }
        begin = nil
      }
    }
    guard let best, let use = map.utilisation(hours(best.from, best.until)) else { return nil }
    return (best.from, best.until, use)
  }

  /// The tariff with cheaper energy in these hours: elements before those that hold now.
  public static func apply(_ all: [OffPeak], to tariff: Tariff) -> Tariff {
    let plain = tariff.elements.filter { element in
      element.restrictions == nil && element.components.contains { $0.dimension == .energy }
    }
    guard let energy = plain.first?.components.first(where: { $0.dimension == .energy }) else { return tariff }
    var tariff = tariff
    let cheaper = all.map { hours -> Tariff.Element in
      var component = energy
      let share = Decimal(100 - hours.discount) * Decimal(1, places: 2)
      component.price = (energy.price * share).rounded(toPlaces: 4, .halfUp)
      var when = Tariff.Restrictions()
      when.weekdays = hours.weekdays
      when.startTime = clock(hours.from)
      when.endTime = clock(hours.until % 24)
      return .init([component], when: when)
    }
    tariff.elements = cheaper + tariff.elements
    return tariff
  }

  private static func clock(_ hour: Int) -> String { (hour < 10 ? "0" : "") + "\(hour):00" }
}
