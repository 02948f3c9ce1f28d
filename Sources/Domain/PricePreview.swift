import Wire

/// What a policy would have done in a time that is past: how its price would have moved from quarter to quarter, and what
/// each session that was billed then would have cost by the price that held when it began. A bill is priced again from
/// its own periods, with its own tariff, so hours, fees, limits and taxes count as they did.
public struct PricePreview: Sendable {
  /// A quarter of an hour as it was.
  public struct Past: Sendable {
    public var quarter: Int64
    public var inputs: PricePolicy.Inputs
    /// The energy price that the tariff really had.
    public var held: Decimal

    public init(quarter: Int64, inputs: PricePolicy.Inputs, held: Decimal) {
      (self.quarter, self.inputs, self.held) = (quarter, inputs, held)
    }
  }

  /// What was billed, and what would have been; tax included where the bills have one.
  public private(set) var earned = Price()
  public private(set) var wouldHaveEarned = Price()
  public private(set) var energy = Energy.zero
  /// Energy that would have gone from dearer to cheaper quarters of the same day.
  public private(set) var moved = Energy.zero
  public private(set) var sessions = 0
  public private(set) var changes = 0
  public private(set) var lowest: Decimal
  public private(set) var highest: Decimal
  /// Bills that began before that time and keep their price, and those that cannot be priced again from what they say.
  public private(set) var begunBefore = 0
  public private(set) var notRepriced = 0

  private let first: Int64
  private let prices: [Decimal]
  private let bounds: ClosedRange<Decimal>
  private let elasticity: Decimal
  /// The discounts of each local day that has some: each price with its weight.
  private var offers: [Int: [(price: Decimal, weight: Decimal)]] = [:]
  private var dayOf: [Int]

  /// - Parameters:
  ///   - past: each quarter of the time, in order.
  ///   - elasticity: which share of a session drivers shift where its price rises by its own amount. It is an assumption,
  ///     and 0 moves nothing.
  public init(_ policy: PricePolicy, over past: [Past], zone: ZoneRules, elasticity: Decimal) {
    let begin = past.first?.held ?? policy.base
    var motion = PriceMotion(price: begin)
    var (lowest, highest, changes) = (begin, begin, 0)
    var prices: [Decimal] = []
    var offers: [Int: [Decimal: Decimal]] = [:]
    var (day, dayEnd) = (-1, Timestamp(milliseconds: .min))
    dayOf = []
    for quarter in past {
      let time = Quarter.start(quarter.quarter)
      if time >= dayEnd { (day, dayEnd) = (day + 1, zone.startOfNextDay(time)) }
      let target = policy.target(at: zone.civil(at: time), quarter.inputs).price
      if case .change = motion.look(target, by: policy, at: time) { changes += 1 }
      (lowest, highest) = (min(lowest, motion.price), max(highest, motion.price))
      prices.append(motion.price)
      dayOf.append(day)
      let discount = quarter.held - motion.price
      if discount > .zero { offers[day, default: [:]][motion.price, default: .zero] += discount }
    }
    (self.prices, self.lowest, self.highest, self.changes) = (prices, lowest, highest, changes)
    self.offers = offers.mapValues { $0.map { (price: $0.key, weight: $0.value) }.sorted { $0.price < $1.price } }
    first = past.first?.quarter ?? 0
    bounds = policy.floor...max(policy.floor, policy.cap)
    self.elasticity = elasticity
  }

  /// Counts a bill of the policy's tariff, or a credit of one.
  public mutating func add(_ cdr: CDR, zone: ZoneRules?) {
    let sign: Int64 = cdr.isCredit ? -1 : 1
    let billed = cdr.totals.cost.amounts
    earned.add(billed)
    energy = energy + Energy(tenthsOfWattHour: sign * cdr.totals.energy.tenthsOfWattHour)
    sessions += Int(sign)
    let place = Quarter.number(of: cdr.startedAt) - first
    guard place >= 0 else {
      begunBefore += 1
      return wouldHaveEarned.add(billed)
    }
    guard place < prices.count, let zone, let tariff = cdr.tariff, let own = tariff.energyPrice, cdr.agrees(zone: zone)
    else {
      notRepriced += 1
      return wouldHaveEarned.add(billed)
    }
    let price = prices[Int(place)]
    let kept = cost(of: cdr, at: price, tariff, zone)
    let cheap = offers[dayOf[Int(place)]] ?? []
    guard price > own, !own.isZero, !elasticity.isZero, !cheap.isEmpty else {
      return wouldHaveEarned.add(cdr.isCredit ? kept.negated : kept)
    }
    let share = min((elasticity * (price - own)).divided(by: own, places: 6, rounding: .halfUp), .one)
    let gone = Ratio(share) * Ratio(cdr.totals.energy.tenthsOfWattHour)
    let tenths = gone.rounded(toPlaces: 0, .halfUp).asInt64(scaledBy: 0) ?? 0
    moved = moved + Energy(tenthsOfWattHour: sign * tenths)
    // What goes is billed as the whole session would be at the cheaper prices, by their discounts.
    let shifted = cheap.map { (cost: cost(of: cdr, at: $0.price, tariff, zone), weight: $0.weight) }
    let weights = shifted.reduce(Decimal.zero) { $0 + $1.weight }
    func mixed(_ amount: (Price) -> Money) -> Money {
      let there = shifted.reduce(Ratio.zero) { $0 + Ratio(amount($1.cost).decimal) * Ratio($1.weight) }
      let sum = Ratio(amount(kept).decimal) * Ratio(Decimal.one - share) + there / Ratio(weights) * Ratio(share)
      return Money(rounding: sum.rounded(toPlaces: Money.places, .halfUp))
    }
    let would = Price(beforeTax: mixed(\.beforeTax), afterTax: kept.afterTax.map { _ in mixed(\.total) })
    wouldHaveEarned.add(cdr.isCredit ? would.negated : would)
  }

  private func cost(of cdr: CDR, at price: Decimal, _ tariff: Tariff, _ zone: ZoneRules) -> Price {
    Pricing.price(
      periods: cdr.periods, from: cdr.startedAt, to: cdr.endedAt, tariff: tariff.moved(to: price, within: bounds),
      zone: zone, hold: cdr.reservationEnding
    ).cost.amounts
  }
}

extension Price {
  /// One that has no tax is the same after it.
  fileprivate mutating func add(_ other: Price) {
    if afterTax != nil || other.afterTax != nil { afterTax = total + other.total }
    beforeTax = beforeTax + other.beforeTax
  }
}
