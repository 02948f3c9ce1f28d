import Wire

/// What a site will use in each hour of seven days to come, told by the same hours of the weeks before, the newer ones
/// counting more; and between which values it will lie in eight of ten hours, told by how wrong the same forecast would
/// have been in those weeks.
public struct LoadForecast: Sendable, Equatable {
  public struct Hour: Sendable, Equatable {
    public var start: Timestamp
    public var end: Timestamp
    public var energy: Energy
    /// The band: below and above it lies a tenth of the hours each.
    public var least: Energy
    public var most: Energy
  }

  /// Weeks that are looked back on, at most.
  public static let mostWeeks = 12
  /// Weeks from which a forecast is made at least, and further ones on which it is tried.
  public static let leastWeeks = 4
  public static let leastTries = 2

  /// Whole weeks that stand behind it.
  public let weeks: Int
  /// Empty where there are too few weeks.
  public private(set) var hours: [Hour] = []
  /// Hours of the last week that were held against a band made from the weeks before it, and how many of them lay in it;
  /// 0 where there were too few weeks for that.
  public private(set) var triedHours = 0
  public private(set) var heldHours = 0

  public var isEnough: Bool { weeks >= Self.leastWeeks + Self.leastTries }
  /// Percent of the tried hours that lay in the band.
  public var heldPercent: Decimal? {
    triedHours > 0
      ? Decimal(heldHours * 100).divided(by: Decimal(triedHours), places: 1, rounding: .halfUp) : nil
  }

  /// The 168 hours of one local week from Monday 00:00, in 0.1 Wh; nil for one that the clock skipped.
  private typealias Week = [Int64?]

  /// - Parameters:
  ///   - start: a local midnight; the forecast is for the seven local days from then on.
  ///   - used: quarters with what was used in them; those that are left out saw nothing.
  ///   - first: the first quarter of which the books know; weeks that began before it do not count.
  public init(from start: Timestamp, used: [Int64: Energy], since first: Int64, zone: ZoneRules) {
    var history: [Week] = []
    for back in 1...Self.mostWeeks {
      let (begin, end) = (Self.days(-7 * back, from: start, zone), Self.days(-7 * (back - 1), from: start, zone))
      guard Quarter.number(of: begin) >= first else { break }
      history.append(Self.week(from: begin, to: end, used: used, zone: zone))
    }
    weeks = history.count
    guard isEnough else { return }
    // The newest comes first.
    let tries = history.count - Self.leastWeeks
    var misses: [[Int64]] = Array(repeating: [], count: 48)
    for back in stride(from: tries - 1, through: 0, by: -1) {
      let told = Self.told(by: history[(back + 1)...])
      let band = back == 0 && tries > Self.leastTries ? misses : nil
      for cell in 0..<168 {
        guard let seen = history[back][cell], let told = told[cell] else { continue }
        if let band, let (low, high) = Self.band(cell, band) {
          triedHours += 1
          if seen >= max(0, told + low), seen <= max(0, told + high) { heldHours += 1 }
        }
        misses[Self.kind(cell)].append(seen - told)
      }
    }
    let told = Self.told(by: history[...])
    let end = Self.days(7, from: start, zone)
    var quarter = Quarter.number(of: start)
    while quarter < Quarter.number(of: end) {
      let (from, cell) = (quarter, Self.cell(quarter, zone))
      let east = zone.offset(at: Quarter.start(from))
      while quarter < Quarter.number(of: end), Self.cell(quarter, zone) == cell,
        zone.offset(at: Quarter.start(quarter)) == east
      { quarter += 1 }
      guard let middle = told[cell], let (low, high) = Self.band(cell, misses) else { continue }
      // An hour that the clock cuts short uses its share.
      func share(_ value: Int64) -> Energy {
        Energy(tenthsOfWattHour: floorDivided(max(0, value) * (quarter - from) * 2 + 4, 8))
      }
      hours.append(
        Hour(
          start: Quarter.start(from), end: Quarter.start(quarter), energy: share(middle), least: share(middle + low),
          most: share(middle + high)))
    }
  }

  /// So many local days later, from one midnight to another.
  private static func days(_ count: Int, from start: Timestamp, _ zone: ZoneRules) -> Timestamp {
    zone.startOfDay(start + .seconds(43_200 + count * 86_400))
  }

  private static func cell(_ quarter: Int64, _ zone: ZoneRules) -> Int {
    let civil = zone.civil(at: Quarter.start(quarter))
    return (civil.weekday - 1) * 24 + civil.hour
  }

  private static func week(from begin: Timestamp, to end: Timestamp, used: [Int64: Energy], zone: ZoneRules) -> Week {
    var sums = Array(repeating: (energy: Int64(0), quarters: Int64(0)), count: 168)
    for quarter in Quarter.number(of: begin)..<Quarter.number(of: end) {
      let cell = cell(quarter, zone)
      sums[cell].energy += max(0, used[quarter]?.tenthsOfWattHour ?? 0)
      sums[cell].quarters += 1
    }
    // The hour that comes twice in autumn counts as one of their mean.
    return sums.map { $0.quarters == 0 ? nil : floorDivided($0.energy * 8 + $0.quarters, $0.quarters * 2) }
  }

  /// The weighted mean of each hour: the oldest week counts once, each newer one once more.
  private static func told(by weeks: ArraySlice<Week>) -> Week {
    (0..<168).map { cell in
      var (sum, weights) = (Int64(0), Int64(0))
      for (place, week) in weeks.enumerated() {
        guard let seen = week[cell] else { continue }
        let weight = Int64(weeks.count - place)
        (sum, weights) = (sum + seen * weight, weights + weight)
      }
      return weights == 0 ? nil : floorDivided(sum * 2 + weights, weights * 2)
    }
  }

  /// Hours of working days, and of weekends, are alike among themselves.
  private static func kind(_ cell: Int) -> Int { (cell >= 120 ? 24 : 0) + cell % 24 }

  /// How wrong the hour and the two beside it were: the tenth and the ninetieth percentile by nearest rank.
  private static func band(_ cell: Int, _ misses: [[Int64]]) -> (low: Int64, high: Int64)? {
    let (base, hour) = (cell >= 120 ? 24 : 0, cell % 24)
    let near = [(hour + 23) % 24, hour, (hour + 1) % 24].flatMap { misses[base + $0] }.sorted()
    guard !near.isEmpty else { return nil }
    let low = max(1, (near.count + 9) / 10)
    let high = max(1, (near.count * 9 + 9) / 10)
    return (min(near[low - 1], 0), max(near[high - 1], 0))
  }
}
