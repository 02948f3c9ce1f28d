import Wire

/// What a session's use costs and how it came about: the charging periods and the totals of its CDR, from one
/// segmentation.
public struct Bill: Sendable, Equatable {
  /// Whole seconds; what `CDR.startedAt` and `endedAt` must say for the periods to be priced again.
  public let start: Timestamp
  public let end: Timestamp
  public let periods: [ChargingPeriod]
  public let totals: CDR.Totals
  /// See `Usage.isCut`.
  public let isCut: Bool

  /// Prices what was used. For an open session this is the running cost.
  public init(_ usage: Usage) { self = Pricing.bill(usage) }

  fileprivate init(start: Timestamp, end: Timestamp, periods: [ChargingPeriod], totals: CDR.Totals, isCut: Bool) {
    (self.start, self.end, self.periods, self.totals, self.isCut) = (start, end, periods, totals, isCut)
  }

  /// Whether the periods alone, as a partner reads them, give these totals again.
  public func agrees(with tariff: Tariff?, zone: ZoneRules) -> Bool {
    Pricing.price(periods: periods, from: start, to: end, tariff: tariff, zone: zone) == totals
  }
}

/// The rules by which use becomes money (OCPI 2.2.1 §10.3.1 and §11.3).
public enum Pricing {
  /// One segmentation gives periods and price. Neighbours in which nothing changes become one period.
  static func bill(_ usage: Usage) -> Bill {
    let rates = Rates(usage.tariff)
    var costs = Costs(rates, usage.zone, from: usage.start)
    var periods: [ChargingPeriod] = []
    var last: Key?
    for segment in Segmentation.segments(of: usage, rates) {
      let (key, beginsFlat) = costs.add(segment)
      if key == last, !beginsFlat, var open = periods.popLast() {
        open.seconds += segment.seconds
        open.energy = open.energy + segment.energy
        open.maxPower = [open.maxPower, segment.power].compactMap { $0 }.max()
        open.maxCurrent = [open.maxCurrent, segment.current].compactMap { $0 }.max()
        periods.append(open)
      } else {
        periods.append(ChargingPeriod(segment, of: usage.start))
      }
      last = key
    }
    return Bill(
      start: usage.start, end: usage.end, periods: periods, totals: costs.totals(usage.tariff), isCut: usage.isCut)
  }

  /// Prices charging periods as a partner would: time from their time stamps, energy from their volumes. Periods are in
  /// order, the first begins at the start, and each ends where the next begins.
  public static func price(
    periods: [ChargingPeriod], from start: Timestamp, to end: Timestamp, tariff: Tariff?, zone: ZoneRules
  ) -> CDR.Totals {
    let start = start.wholeSecond
    var costs = Costs(Rates(tariff), zone, from: start)
    var before = Energy.zero
    for (index, period) in periods.enumerated() {
      let until = index + 1 < periods.count ? periods[index + 1].start : end
      let second = Int(period.start.wholeSecond.seconds(since: start))
      let seconds = Int(until.wholeSecond.seconds(since: period.start.wholeSecond))
      costs.add(
        Segment(
          second: second, seconds: max(seconds, 0), before: before, energy: period.energy, activity: period.activity,
          power: period.maxPower, current: period.maxCurrent))
      before = before + period.energy
    }
    return costs.totals(tariff)
  }

  /// What must stay the same within a charging period.
  fileprivate struct Key: Equatable {
    var activity: Session.Activity
    /// Numbers of the components for energy and for this kind of time.
    var energy, time: Int?
    var load: Rates.Load
  }
}

extension CDR {
  /// Whether this CDR's periods, tariff and time stamps alone give its totals again. Checked before it leaves the
  /// house.
  public func agrees(zone: ZoneRules) -> Bool {
    Pricing.price(periods: periods, from: startedAt, to: endedAt, tariff: tariff, zone: zone) == totals
  }
}

extension ChargingPeriod {
  fileprivate init(_ segment: Segment, of start: Timestamp) {
    self.init()
    self.start = start + .seconds(segment.second)
    seconds = segment.seconds
    energy = segment.energy
    activity = segment.activity
    maxPower = segment.power
    maxCurrent = segment.current
  }
}

/// Gathers how much of what was used at which price, and makes money of it at the end.
private struct Costs {
  private let rates: Rates
  private let zone: ZoneRules
  private let start: Timestamp
  private var energy = Ledger()
  private var time = Ledger()
  private var parking = Ledger()
  /// Once per session: the first that held (OCPI 2.2.1 §11.4.1).
  private var flat: Rates.Rate?
  /// Which kind of time was priced last; its step size counts for both kinds together (OCPI 2.2.1 §10.3.1).
  private var lastTimed: Session.Activity?
  private var totals = CDR.Totals()

  init(_ rates: Rates, _ zone: ZoneRules, from start: Timestamp) {
    (self.rates, self.zone, self.start) = (rates, zone, start)
  }

  /// Adds a stretch. Says what must stay the same for the next one to belong to the same period, and whether the flat
  /// fee fell due here.
  @discardableResult mutating func add(_ segment: Segment) -> (key: Pricing.Key, beginsFlat: Bool) {
    let local = zone.civil(at: start + .seconds(segment.second))
    let active = rates.active(
      at: Rates.Moment(
        local: local, seconds: segment.second, energy: segment.before, power: segment.power, current: segment.current))
    totals.energy = totals.energy + segment.energy
    totals.seconds += segment.seconds
    energy.add(segment.energy.tenthsOfWattHour, at: active.energy)
    let timed: Rates.Rate?
    switch segment.activity {
    case .charging:
      timed = active.time
      time.add(Int64(segment.seconds), at: timed)
    case .idle:
      timed = active.parking
      parking.add(Int64(segment.seconds), at: timed)
      totals.parkingSeconds += segment.seconds
    }
    if timed != nil, segment.seconds > 0 { lastTimed = segment.activity }
    let beginsFlat = flat == nil && active.flat != nil
    if beginsFlat { flat = active.flat }
    let load = rates.load(power: segment.power, current: segment.current)
    return (
      Pricing.Key(activity: segment.activity, energy: active.energy?.number, time: timed?.number, load: load),
      beginsFlat
    )
  }

  func totals(_ tariff: Tariff?) -> CDR.Totals {
    var totals = totals
    let parts: [(Tariff.Dimension, Amount)] = [
      (.energy, energy.cost(perUnit: 10_000, stepUnit: 10, stepped: true)),
      (.time, time.cost(perUnit: 3600, stepUnit: 1, stepped: lastTimed == .charging)),
      (.parkingTime, parking.cost(perUnit: 3600, stepUnit: 1, stepped: lastTimed == .idle)),
      (.flat, flat.map { Amount(1, over: 1, of: $0) } ?? Amount()),
    ]
    var sum = Amount()
    for (dimension, amount) in parts {
      sum.add(amount)
      guard rates.priced.contains(dimension) else { continue }
      switch dimension {
      case .energy: totals.energyCost = amount.price
      case .time: totals.timeCost = amount.price
      case .parkingTime: totals.parkingCost = amount.price
      case .flat: totals.fixedCost = amount.price
      }
    }
    sum.limit(from: tariff?.minimum, to: tariff?.maximum)
    totals.cost = sum.price
    return totals
  }
}

/// How much of one dimension was used at which price, in order of time.
private struct Ledger {
  private var lines: [(rate: Rates.Rate, quantity: Int64)] = []

  /// What no component prices does not count, not for the step size either.
  mutating func add(_ quantity: Int64, at rate: Rates.Rate?) {
    guard let rate, quantity > 0 else { return }
    if let last = lines.indices.last, lines[last].rate.number == rate.number {
      lines[last].quantity += quantity
    } else {
      lines.append((rate, quantity))
    }
  }

  /// The exact cost. The step size of the last component rounds up the total of the session, and what that adds is paid
  /// at its price (OCPI 2.2.1 §10.3.1).
  func cost(perUnit: Int64, stepUnit: Int64, stepped: Bool) -> Amount {
    var amount = Amount()
    for line in lines { amount.add(Amount(line.quantity, over: perUnit, of: line.rate)) }
    if stepped, let last = lines.last, last.rate.step > 0 {
      let step = last.rate.step * stepUnit
      let rest = lines.reduce(0) { $0 + $1.quantity } % step
      if rest > 0 { amount.add(Amount(step - rest, over: perUnit, of: last.rate)) }
    }
    return amount
  }
}

/// An exact amount before and after tax.
private struct Amount {
  private var before = Ratio.zero
  private var after = Ratio.zero
  private var isTaxed = false

  init() {}

  init(_ quantity: Int64, over unit: Int64, of rate: Rates.Rate) {
    before = rate.price * Ratio(quantity, over: unit)
    after = rate.tax.map { before * $0 } ?? before
    isTaxed = rate.tax != nil
  }

  /// Rounded half-up to four decimals, each from its own exact value.
  var price: Price {
    Price(beforeTax: Self.money(before), afterTax: isTaxed ? Self.money(after) : nil)
  }

  mutating func add(_ other: Amount) {
    before += other.before
    after += other.after
    isTaxed = isTaxed || other.isTaxed
  }

  /// Both limits hold before tax and after tax, each for itself (OCPI 2.2.1 §11.3.1). Where a limit names only one of
  /// the two, the other one follows as far as the amount after tax would fall below the amount before tax.
  mutating func limit(from minimum: Price?, to maximum: Price?) {
    if let minimum {
      before = max(before, Ratio(minimum.beforeTax.decimal))
      if let least = minimum.afterTax.map({ Ratio($0.decimal) }), least > after {
        after = least
        isTaxed = true
      }
      after = max(after, before)
    }
    if let maximum {
      before = min(before, Ratio(maximum.beforeTax.decimal))
      if let most = maximum.afterTax.map({ Ratio($0.decimal) }), most < after { after = most }
      if !isTaxed { after = min(after, before) }
      before = min(before, after)
    }
  }

  private static func money(_ exact: Ratio) -> Money { Money(rounding: exact.rounded(toPlaces: Money.places, .halfUp)) }
}
