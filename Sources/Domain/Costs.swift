import Wire

/// Gathers how much of what was used at which price, and makes money of it at the end: for a session, or for the
/// reservation before it.
struct Costs {
  private let rates: Rates
  private let taxIncluded: Tariff.TaxIncluded?
  private let zone: ZoneRules
  private let start: Timestamp
  private var energy = Ledger(perUnit: 10_000, stepUnit: 10)
  private var time = Ledger(perUnit: 3600, stepUnit: 1)
  private var parking = Ledger(perUnit: 3600, stepUnit: 1)
  /// Once per session: the first that held (OCPI 2.2.1 §11.4.1).
  private var flat: Rates.Rate?
  /// Which kind of time was priced last; its step size counts for both kinds together (OCPI 2.2.1 §10.3.1).
  private var lastTimed: Session.Activity?
  private var delivered = Energy.zero
  private(set) var seconds = 0
  private var parkingSeconds = 0

  init(_ rates: Rates, _ tariff: Tariff?, _ zone: ZoneRules, from start: Timestamp) {
    (self.rates, self.taxIncluded, self.zone, self.start) = (rates, tariff?.taxIncluded, zone, start)
  }

  /// Adds all of a use, and gives its periods: neighbours in which nothing changes become one.
  mutating func periods(
    of usage: Usage, _ rates: Rates, as activity: (Session.Activity) -> ChargingPeriod.Activity
  ) -> [ChargingPeriod] {
    var periods: [ChargingPeriod] = []
    var last: Key?
    for segment in Segmentation.segments(of: usage, rates) {
      let (key, beginsFlat) = add(segment)
      if key == last, !beginsFlat, var open = periods.popLast() {
        open.seconds += segment.seconds
        open.energy = open.energy + segment.energy
        open.maxPower = [open.maxPower, segment.power].compactMap { $0 }.max()
        open.maxCurrent = [open.maxCurrent, segment.current].compactMap { $0 }.max()
        periods.append(open)
      } else {
        periods.append(ChargingPeriod(segment, of: usage.start, activity(segment.activity)))
      }
      last = key
    }
    return periods
  }

  /// Adds a period of a CDR, which ends where the next one begins.
  mutating func add(_ period: ChargingPeriod, until end: Timestamp) {
    let begin = period.start.wholeSecond
    add(
      Segment(
        second: Int(begin.seconds(since: start)), seconds: max(Int(end.wholeSecond.seconds(since: begin)), 0),
        before: delivered, energy: period.energy, activity: period.activity == .idle ? .idle : .charging,
        power: period.maxPower, current: period.maxCurrent))
  }

  /// What must stay the same within a charging period.
  private struct Key: Equatable {
    var activity: Session.Activity
    /// Numbers of the components for energy and for this kind of time.
    var energy, time: Int?
    var load: Rates.Load
  }

  /// Adds a stretch. Says what must stay the same for the next one to belong to the same period, and whether the flat
  /// fee fell due here.
  @discardableResult private mutating func add(_ segment: Segment) -> (key: Key, beginsFlat: Bool) {
    let local = zone.civil(at: start + .seconds(segment.second))
    let active = rates.active(
      at: Rates.Moment(
        local: local, seconds: segment.second, energy: segment.before, power: segment.power, current: segment.current))
    delivered = delivered + segment.energy
    seconds += segment.seconds
    energy.add(segment.energy.tenthsOfWattHour, at: active.energy)
    let timed: Rates.Rate?
    switch segment.activity {
    case .charging:
      timed = active.time
      time.add(Int64(segment.seconds), at: timed)
    case .idle:
      timed = active.parking
      parking.add(Int64(segment.seconds), at: timed)
      parkingSeconds += segment.seconds
    }
    if timed != nil, segment.seconds > 0 { lastTimed = segment.activity }
    let beginsFlat = flat == nil && active.flat != nil
    if beginsFlat { flat = active.flat }
    let load = rates.load(power: segment.power, current: segment.current)
    return (
      Key(activity: segment.activity, energy: active.energy?.number, time: timed?.number, load: load), beginsFlat
    )
  }

  // MARK: Money

  /// All of it, exactly.
  var sum: Amount {
    var sum = Amount()
    for dimension in Tariff.Dimension.allCases { sum.add(amount(of: dimension)) }
    return sum
  }

  /// The quantities and the cost of each part; not yet the total.
  var parts: CDR.Totals {
    var totals = CDR.Totals()
    (totals.energy, totals.seconds, totals.parkingSeconds) = (delivered, seconds, parkingSeconds)
    totals.energyCost = price(of: .energy)
    totals.timeCost = price(of: .time)
    totals.parkingCost = price(of: .parkingTime)
    totals.fixedCost = price(of: .flat)
    return totals
  }

  var pricesSomething: Bool { Tariff.Dimension.allCases.contains(where: rates.prices) }

  func lines(isReservation: Bool) -> [PriceLine] {
    var lines: [PriceLine] = []
    func add(_ dimension: Tariff.Dimension, _ rate: Rates.Rate, _ quantity: Ratio, _ rounding: Ratio = .zero) {
      lines.append(
        PriceLine(
          dimension: dimension, isReservation: isReservation, element: rate.element, component: rate.component,
          unitPrice: rate.price.rounded(toPlaces: Limits.pricePlaces, .halfUp), quantity: quantity, rounding: rounding,
          cost: Amount((quantity + rounding) * rate.price, taxes: rate.taxes).price(taxIncluded)))
    }
    if let flat { add(.flat, flat, Ratio(1)) }
    for dimension in Tariff.Dimension.allCases {
      guard let (ledger, isStepped) = ledger(of: dimension) else { continue }
      for line in ledger.billed(isStepped: isStepped) { add(dimension, line.rate, line.quantity, line.rounding) }
    }
    return lines
  }

  private func price(of dimension: Tariff.Dimension) -> Price? {
    rates.prices(dimension) ? amount(of: dimension).price(taxIncluded) : nil
  }

  private func amount(of dimension: Tariff.Dimension) -> Amount {
    guard let (ledger, isStepped) = ledger(of: dimension) else {
      return flat.map { Amount($0.price, taxes: $0.taxes) } ?? Amount()
    }
    var amount = Amount()
    for line in ledger.billed(isStepped: isStepped) {
      amount.add(Amount((line.quantity + line.rounding) * line.rate.price, taxes: line.rate.taxes))
    }
    return amount
  }

  private func ledger(of dimension: Tariff.Dimension) -> (Ledger, isStepped: Bool)? {
    switch dimension {
    case .energy: (energy, true)
    case .time: (time, lastTimed == .charging)
    case .parkingTime: (parking, lastTimed == .idle)
    case .flat: nil
    }
  }
}

extension ChargingPeriod {
  fileprivate init(_ segment: Segment, of start: Timestamp, _ activity: Activity) {
    self.init()
    self.start = start + .seconds(segment.second)
    self.activity = activity
    seconds = segment.seconds
    energy = segment.energy
    maxPower = segment.power
    maxCurrent = segment.current
  }
}

/// How much of one dimension was used at which price, in order of time.
private struct Ledger {
  /// How many of what is counted make the unit of a price, and a step of one.
  let perUnit: Int64
  let stepUnit: Int64
  private var lines: [(rate: Rates.Rate, quantity: Int64)] = []

  init(perUnit: Int64, stepUnit: Int64) { (self.perUnit, self.stepUnit) = (perUnit, stepUnit) }

  /// What no component prices does not count, not for the step size either.
  mutating func add(_ quantity: Int64, at rate: Rates.Rate?) {
    guard let rate, quantity > 0 else { return }
    if let last = lines.indices.last, lines[last].rate.number == rate.number {
      lines[last].quantity += quantity
    } else {
      lines.append((rate, quantity))
    }
  }

  /// What is paid for, in kWh or hours. The step size of the last component rounds up the total of the session, and
  /// what that adds is paid at its price (OCPI 2.2.1 §10.3.1).
  func billed(isStepped: Bool) -> [(rate: Rates.Rate, quantity: Ratio, rounding: Ratio)] {
    var billed = lines.map { (rate: $0.rate, quantity: Ratio($0.quantity, over: perUnit), rounding: Ratio.zero) }
    if isStepped, let last = lines.last, last.rate.step > 0 {
      let step = last.rate.step * stepUnit
      let rest = lines.reduce(0) { $0 + $1.quantity } % step
      if rest > 0 { billed[billed.count - 1].rounding = Ratio(step - rest, over: perUnit) }
    }
    return billed
  }
}

/// An exact amount as the prices of a tariff give it, apart by the taxes that lie on it.
struct Amount {
  private var groups: [(taxes: [Tax]?, amount: Ratio)] = []

  init() {}

  init(_ amount: Ratio, taxes: [Tax]?) { groups = [(taxes, amount)] }

  mutating func add(_ other: Amount) {
    for group in other.groups {
      if let place = groups.firstIndex(where: { $0.taxes == group.taxes }) {
        groups[place].amount += group.amount
      } else {
        groups.append(group)
      }
    }
  }

  /// What is billed: before and after tax, each rounded half-up to four decimals from its own exact value. Where prices
  /// include tax, the amount after it is what they give, and the amount before is what the taxes leave of it: an exact
  /// quotient by each rate would have no common denominator.
  func price(_ included: Tariff.TaxIncluded?) -> Price {
    let sum = groups.reduce(Ratio.zero) { $0 + $1.amount }
    switch included {
    case .notApplicable: return Price(beforeTax: Self.money(sum))
    case .yes:
      let taxes = taxes { amount, tax, all in
        let whole = all.reduce(Ratio(100)) { $0 + Ratio($1.percent) }
        return amount * (Ratio(tax.percent) / whole)
      }
      let amounts = taxes.map(\.rounded)
      let after = Self.money(sum)
      return Price(
        beforeTax: after - amounts.reduce(.zero) { $0 + $1.amount }, afterTax: after,
        taxes: amounts.isEmpty ? nil : amounts)
    case .no, nil:
      guard groups.contains(where: { $0.taxes != nil }) else { return Price(beforeTax: Self.money(sum)) }
      let taxes = taxes { amount, tax, _ in amount * (Ratio(tax.percent) / Ratio(100)) }
      let (before, after) = (Self.money(sum), Self.money(taxes.reduce(sum) { $0 + $1.exact }))
      return Price(
        beforeTax: before, afterTax: after, taxes: TaxAmount.adjusted(taxes.map(\.rounded), to: after - before))
    }
  }

  /// Each tax once, with its exact amount.
  private func taxes(_ of: (Ratio, Tax, [Tax]) -> Ratio) -> [TaxPart] {
    var parts: [TaxPart] = []
    for group in groups {
      for tax in group.taxes ?? [] {
        let exact = of(group.amount, tax, group.taxes ?? [])
        if let place = parts.firstIndex(where: { $0.tax == tax }) {
          parts[place].exact += exact
        } else {
          parts.append(TaxPart(tax: tax, exact: exact))
        }
      }
    }
    return parts
  }

  private struct TaxPart {
    var tax: Tax
    var exact: Ratio

    var rounded: TaxAmount {
      TaxAmount(tax.name, percent: tax.percent, accountNumber: tax.accountNumber, amount: Amount.money(exact))
    }
  }

  private static func money(_ exact: Ratio) -> Money { Money(rounding: exact.rounded(toPlaces: Money.places, .halfUp)) }
}
