import Wire

/// What a quarter of an hour, or any other time, saw of use.
public struct UsageFigures: Sendable, Equatable {
  public var energy = Energy.zero
  /// Seconds in which a session ran, and how many of them the vehicle asked for no power.
  public var busySeconds = 0
  public var idleSeconds = 0
  /// Sessions that began.
  public var sessions = 0
  /// Before tax, of what ended; in one currency.
  public var revenue = Money.zero
  /// Cables that were plugged in, and those of them that led to energy.
  public var plugged = 0
  public var served = 0

  public init() {}

  public static func + (a: UsageFigures, b: UsageFigures) -> UsageFigures {
    var sum = a
    sum.energy = a.energy + b.energy
    sum.busySeconds += b.busySeconds
    sum.idleSeconds += b.idleSeconds
    sum.sessions += b.sessions
    sum.revenue = a.revenue + b.revenue
    sum.plugged += b.plugged
    sum.served += b.served
    return sum
  }

  public static func += (a: inout UsageFigures, b: UsageFigures) { a = a + b }

  /// What taking something back does.
  public var negated: UsageFigures {
    var figures = UsageFigures()
    figures.energy = .zero - energy
    (figures.busySeconds, figures.idleSeconds, figures.sessions) = (-busySeconds, -idleSeconds, -sessions)
    figures.revenue = -revenue
    (figures.plugged, figures.served) = (-plugged, -served)
    return figures
  }

  /// What a credit is about: the money goes back, what was delivered stays delivered.
  public var moneyAlone: UsageFigures {
    var figures = UsageFigures()
    figures.revenue = revenue
    return figures
  }
}

/// Quarters of an hour of UTC, numbered since 1970: every clock of the world is set by whole ones.
public enum Quarter {
  public static let seconds: Int64 = 900
  public static let perDay: Int64 = 96

  public static func number(of time: Timestamp) -> Int64 { floorDivided(time.wholeSeconds, seconds) }

  public static func start(_ number: Int64) -> Timestamp { Timestamp(seconds: number * seconds) }
}

extension CDR {
  /// What it adds to the quarters of its session, in their order. Energy flows evenly within a charging period, and is
  /// rounded cumulatively, so that the quarters sum to the bill; the session counts where it began, and its money where
  /// it ended.
  public var usage: [(quarter: Int64, figures: UsageFigures)] {
    var found: [Int64: UsageFigures] = [:]
    let used = periods.firstIndex { $0.activity != .reserved }
    if let used { found[Quarter.number(of: periods[used].start), default: UsageFigures()].sessions = 1 }
    for (index, period) in periods.enumerated() where period.activity != .reserved {
      let end = index + 1 < periods.count ? periods[index + 1].start : endedAt
      spread(period, until: end, into: &found)
    }
    found[Quarter.number(of: endedAt), default: UsageFigures()].revenue = totals.cost.beforeTax
    return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private func spread(_ period: ChargingPeriod, until end: Timestamp, into found: inout [Int64: UsageFigures]) {
    let (from, until) = (period.start.wholeSeconds, max(end.wholeSeconds, period.start.wholeSeconds))
    guard until > from else {
      let quarter = Quarter.number(of: period.start)
      let before = found[quarter]?.energy ?? .zero
      found[quarter, default: UsageFigures()].energy = before + period.energy
      return
    }
    var (second, given) = (from, Energy.zero)
    while second < until {
      let quarter = floorDivided(second, Quarter.seconds)
      let next = min((quarter + 1) * Quarter.seconds, until)
      let share = Int128(period.energy.tenthsOfWattHour) * Int128(next - from)
      let sum = Energy(tenthsOfWattHour: Int64((share * 2 + Int128(until - from)) / (Int128(until - from) * 2)))
      var figures = found[quarter] ?? UsageFigures()
      figures.energy = figures.energy + (sum - given)
      figures.busySeconds += Int(next - second)
      if period.activity == .idle { figures.idleSeconds += Int(next - second) }
      found[quarter] = figures
      (second, given) = (next, sum)
    }
  }
}
