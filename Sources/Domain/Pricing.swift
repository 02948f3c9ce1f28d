import Wire

/// What a session's use costs and how it came about: the charging periods and the totals of its CDR, from one
/// segmentation.
public struct Bill: Sendable, Equatable {
  /// Whole seconds; what `CDR.startedAt` and `endedAt` must say for the periods to be priced again. With a reservation
  /// the start is that of the reservation.
  public let start: Timestamp
  public let end: Timestamp
  public let periods: [ChargingPeriod]
  public let totals: CDR.Totals
  /// How the totals came about, in order of time.
  public let lines: [PriceLine]
  /// How the reservation ended that is billed here.
  public let holdEnding: Hold.Ending?
  /// See `Usage.isCut`.
  public let isCut: Bool

  /// Prices what was used, and the reservation before it. For an open session this is the running cost.
  public init(_ usage: Usage, after hold: Hold? = nil) {
    // The driver came when the session began, whatever the clocks of both say.
    let before = hold.map { Hold(from: min($0.from, usage.start), until: usage.start, ending: $0.ending) }
    self = Pricing.bill(usage, before, usage.tariff, usage.zone)
  }

  /// Prices a reservation that no session followed.
  public init(_ hold: Hold, tariff: Tariff?, zone: ZoneRules) { self = Pricing.bill(nil, hold, tariff, zone) }

  fileprivate init(
    start: Timestamp, end: Timestamp, periods: [ChargingPeriod], totals: CDR.Totals, lines: [PriceLine],
    holdEnding: Hold.Ending?, isCut: Bool
  ) {
    (self.start, self.end, self.periods, self.totals, self.lines) = (start, end, periods, totals, lines)
    (self.holdEnding, self.isCut) = (holdEnding, isCut)
  }

  /// Whether the periods alone, as a partner reads them, give these totals again.
  public func agrees(with tariff: Tariff?, zone: ZoneRules) -> Bool {
    Pricing.price(periods: periods, from: start, to: end, tariff: tariff, zone: zone, hold: holdEnding) == totals
  }
}

/// So much of one dimension at one price.
public struct PriceLine: Sendable, Equatable {
  public var dimension: Tariff.Dimension
  public var isReservation: Bool
  /// Where the component stands in the tariff.
  public var element: Int
  public var component: Int
  /// Per kWh, per hour, or once.
  public var unitPrice: Decimal
  /// kWh or hours; one for FLAT.
  public var quantity: Ratio
  /// What the step size adds, in the same unit.
  public var rounding: Ratio
  public var cost: Price
}

/// The rules by which use becomes money (OCPI 2.2.1 §10.3.1 and §11.3).
public enum Pricing {
  /// One segmentation gives periods and price. Neighbours in which nothing changes become one period.
  fileprivate static func bill(_ usage: Usage?, _ hold: Hold?, _ tariff: Tariff?, _ zone: ZoneRules) -> Bill {
    var periods: [ChargingPeriod] = []
    var held: Costs?
    var isCut = usage?.isCut ?? false
    if var hold {
      // A station that was away tells later when its driver came.
      if let usage { hold.until = max(hold.from, min(hold.until, usage.start)) }
      let time = hold.usage(by: tariff, zone: zone)
      isCut = isCut || time.isCut
      let rates = Rates(tariff, for: .hold(hold.ending))
      var costs = Costs(rates, tariff, zone, from: time.start)
      periods += costs.periods(of: time, rates) { _ in .reserved }
      held = costs
    }
    let start = periods.first?.start ?? usage?.start ?? .epoch
    let end = usage?.end ?? periods.last.map { $0.start + .seconds($0.seconds) } ?? start
    var costs: Costs?
    if let usage {
      let rates = Rates(tariff)
      var used = Costs(rates, tariff, zone, from: usage.start)
      periods += used.periods(of: usage, rates) { $0 == .idle ? .idle : .charging }.with(returnsOf: usage)
      costs = used
    }
    return Bill(
      start: start, end: end, periods: periods, totals: totals(costs, held, tariff),
      lines: (held?.lines(isReservation: true) ?? []) + (costs?.lines(isReservation: false) ?? []),
      holdEnding: hold?.ending, isCut: isCut)
  }

  /// Prices charging periods as a partner would: time from their time stamps, energy from their volumes. Periods are in
  /// order, the first begins at the start, and each ends where the next begins.
  /// - Parameter ending: how a reservation in them ended; where it is not known, one that no session followed expired.
  public static func price(
    periods: [ChargingPeriod], from start: Timestamp, to end: Timestamp, tariff: Tariff?, zone: ZoneRules,
    hold ending: Hold.Ending? = nil
  ) -> CDR.Totals {
    let (costs, held) = gather(periods, from: start, to: end, tariff, zone, ending)
    return totals(costs, held, tariff)
  }

  /// As `price`, with the lines of the price.
  public static func bill(
    periods: [ChargingPeriod], from start: Timestamp, to end: Timestamp, tariff: Tariff?, zone: ZoneRules,
    hold ending: Hold.Ending? = nil
  ) -> Bill {
    let (costs, held) = gather(periods, from: start, to: end, tariff, zone, ending)
    return Bill(
      start: start.wholeSecond, end: end.wholeSecond, periods: periods, totals: totals(costs, held, tariff),
      lines: (held?.lines(isReservation: true) ?? []) + (costs?.lines(isReservation: false) ?? []),
      holdEnding: ending, isCut: false)
  }

  private static func gather(
    _ periods: [ChargingPeriod], from start: Timestamp, to end: Timestamp, _ tariff: Tariff?, _ zone: ZoneRules,
    _ ending: Hold.Ending?
  ) -> (costs: Costs?, held: Costs?) {
    let first = periods.firstIndex { $0.activity != .reserved }
    var costs: Costs?
    var held: Costs?
    if let first {
      let begin = first == 0 ? start : periods[first].start
      costs = Costs(Rates(tariff), tariff, zone, from: begin.wholeSecond)
    } else if periods.isEmpty {
      costs = Costs(Rates(tariff), tariff, zone, from: start.wholeSecond)
    }
    if periods.contains(where: { $0.activity == .reserved }) {
      let rates = Rates(tariff, for: .hold(ending ?? (first == nil ? .expired : .used)))
      held = Costs(rates, tariff, zone, from: start.wholeSecond)
    }
    for (index, period) in periods.enumerated() {
      let until = index + 1 < periods.count ? periods[index + 1].start : end
      if period.activity == .reserved {
        held?.add(period, until: until)
      } else {
        costs?.add(period, until: until)
      }
    }
    return (costs, held)
  }

  /// The limits of a tariff are those of a charging session: a reservation that none followed has none.
  private static func totals(_ costs: Costs?, _ held: Costs?, _ tariff: Tariff?) -> CDR.Totals {
    var totals = costs?.parts ?? CDR.Totals()
    var sum = costs?.sum ?? Amount()
    if let held {
      totals.reservedSeconds = held.seconds
      sum.add(held.sum)
      if held.pricesSomething { totals.reservationCost = held.sum.price(tariff?.taxIncluded) }
    }
    totals.cost = sum.price(tariff?.taxIncluded)
    if costs != nil {
      var (minimum, maximum) = (tariff?.minimum?.held, tariff?.maximum?.held)
      if tariff?.taxIncluded == .notApplicable {
        minimum?.afterTax = nil
        maximum?.afterTax = nil
      }
      totals.cost = totals.cost.limited(from: minimum, to: maximum)
    }
    return totals
  }
}

extension CDR {
  /// Whether this CDR's periods, tariff and time stamps alone give its totals again. Checked before it leaves the
  /// house. A credit is as good as what it takes back.
  public func agrees(zone: ZoneRules) -> Bool {
    var charged = totals
    if isCredit { charged.cost = charged.cost.negated }
    return Pricing.price(
      periods: periods, from: startedAt, to: endedAt, tariff: tariff, zone: zone, hold: reservationEnding) == charged
  }
}

extension [ChargingPeriod] {
  /// With what flowed back in each: they are those of that use, so each ends where the next begins.
  fileprivate func with(returnsOf usage: Usage) -> Self {
    guard !usage.returns.isEmpty else { return self }
    var (periods, before) = (self, Energy.zero)
    for place in indices {
      let end = place + 1 < count ? Int(self[place + 1].start.seconds(since: usage.start)) : usage.seconds
      let until = place + 1 < count ? usage.returned(by: end) : usage.returns[usage.returns.count - 1].energy
      periods[place].exported = until - before
      before = until
    }
    return periods
  }
}
