import Wire

/// A session that nobody had, to see what a tariff makes of it: for operators who write prices, and for whoever checks
/// ours.
public struct TariffTrial: Payload {
  public var start = Timestamp(milliseconds: 0)
  public var end = Timestamp(milliseconds: 0)
  /// IANA name; UTC where it is absent.
  public var timeZone: String?
  /// kWh over the whole session.
  public var energy = Decimal.zero
  /// What the meter told; registers in kWh since the start. Without any the energy flows evenly.
  public var readings: [Moment]?
  /// When the vehicle asked for no power.
  public var idle: [Span]?
  /// Since when the EVSE was held; the session begins when the reservation was used.
  public var reservedFrom: Timestamp?
  /// Without `used` there is no session: the reservation ends at `start`.
  public var reservation: Hold.Ending?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("start", &start)
    try w.visit("end", &end)
    try w.visit("time_zone", &timeZone, max: 255)
    try w.visit("energy_kwh", &energy)
    try w.visit("readings", &readings, count: 0...Limits.trialReadings)
    try w.visit("idle", &idle, count: 0...Limits.trialReadings)
    try w.visit("reserved_from", &reservedFrom)
    try w.visit("reservation", &reservation)
  }

  public struct Moment: Payload {
    public var at = Timestamp(milliseconds: 0)
    public var kWh: Decimal?
    public var kW: Decimal?
    public var amperes: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("at", &at)
      try w.visit("kwh", &kWh)
      try w.visit("power_kw", &kW)
      try w.visit("current_a", &amperes)
    }
  }

  public struct Span: Payload {
    public var from = Timestamp(milliseconds: 0)
    public var to = Timestamp(milliseconds: 0)

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("from", &from)
      try w.visit("to", &to)
    }
  }

  /// What it costs.
  /// - Throws: a `Flaw` that names the field which cannot be.
  public func bill(by tariff: Tariff, zone: ZoneRules) throws(Flaw) -> Bill {
    guard end >= start else { throw Flaw(path: "end", kind: .outOfRange, detail: "it is before the start") }
    let hold = try hold()
    if let hold, hold.ending != .used { return Bill(hold, tariff: tariff, zone: zone) }
    guard let energy = Energy(wattHours: energy * 1000), energy >= .zero else {
      throw Flaw(path: "energy_kwh", kind: .outOfRange, detail: "an energy beyond any session")
    }
    var samples: [Reading] = []
    for (index, moment) in (readings ?? []).enumerated() {
      var register: Energy?
      if let kWh = moment.kWh {
        register = Energy(wattHours: kWh * 1000)
        if register == nil {
          throw Flaw(path: "readings[\(index)].kwh", kind: .outOfRange, detail: "an energy beyond any meter")
        }
      }
      samples.append(
        Reading(at: moment.at, register: register, power: moment.kW.map { $0 * 1000 }, current: moment.amperes))
    }
    var shifts: [Session.Shift] = []
    var last = start
    for (index, span) in (idle ?? []).enumerated() {
      guard span.from >= last, span.to >= span.from else {
        throw Flaw(path: "idle[\(index)]", kind: .outOfRange, detail: "spans follow each other within the session")
      }
      shifts += [.init(at: span.from, activity: .idle), .init(at: span.to, activity: .charging)]
      last = span.to
    }
    // A span that lasts to the end is the end of charging.
    if shifts.last?.at == end { shifts.removeLast() }
    let usage = Usage(
      from: start, to: end, energy: energy, readings: samples, shifts: shifts, tariff: tariff, zone: zone)
    return Bill(usage, after: hold)
  }

  private func hold() throws(Flaw) -> Hold? {
    guard let reservedFrom else {
      if reservation == nil { return nil }
      throw Flaw(path: "reserved_from", kind: .missing, detail: "a reservation needs its begin")
    }
    guard reservedFrom <= start else {
      throw Flaw(path: "reserved_from", kind: .outOfRange, detail: "it is after the start")
    }
    return Hold(from: reservedFrom, until: start, ending: reservation ?? .used)
  }
}

extension Bill {
  /// For people and programs: periods, lines and totals, with what is paid in the end.
  public func report(in currency: String) -> JSON {
    [
      "currency": .string(currency), "start": .string(start.text), "end": .string(end.text),
      "periods": .array(periods.map(\.report)), "lines": .array(lines.map(\.report)), "totals": totals.report,
      "payable": .string(
        totals.cost.total.payable(in: currency).decimal.text(places: Currency.digits(of: currency))),
    ]
  }
}

extension ChargingPeriod {
  fileprivate var report: JSON {
    [
      "start": .string(start.text), "seconds": .number(JSONNumber(seconds)), "energy_kwh": .string(energy.description),
      "activity": .string(activity.rawValue),
      "max_power_kw": maxPower.map { .string(($0 * Decimal(1, places: 3)).description) } ?? .null,
      "exported_kwh": .string(exported.kilowattHours.description),
      "max_current_a": maxCurrent.map { .string($0.description) } ?? .null,
    ]
  }
}

extension PriceLine {
  fileprivate var report: JSON {
    func text(_ quantity: Ratio) -> JSON { .string(quantity.rounded(toPlaces: 4, .halfUp).description) }
    return [
      "dimension": .string(dimension.rawValue), "reservation": .bool(isReservation),
      "element": .number(JSONNumber(element)), "component": .number(JSONNumber(component)),
      "unit_price": .string(unitPrice.description), "quantity": text(quantity), "rounding": text(rounding),
      "cost": cost.report,
    ]
  }
}

extension CDR.Totals {
  public var report: JSON {
    func cost(_ price: Price?) -> JSON { price?.report ?? .null }
    return [
      "energy_kwh": .string(energy.description), "seconds": .number(JSONNumber(seconds)),
      "parking_seconds": .number(JSONNumber(parkingSeconds)), "reserved_seconds": .number(JSONNumber(reservedSeconds)),
      "cost": self.cost.report, "energy_cost": cost(energyCost), "time_cost": cost(timeCost),
      "parking_cost": cost(parkingCost), "fixed_cost": cost(fixedCost), "reservation_cost": cost(reservationCost),
    ]
  }
}

extension Price {
  fileprivate var report: JSON {
    [
      "excl_vat": .string(beforeTax.decimal.text(places: 2)),
      "incl_vat": afterTax.map { .string($0.decimal.text(places: 2)) } ?? .null,
      "taxes": .array(
        (taxes ?? []).map { tax -> JSON in
          [
            "name": .string(tax.name), "percentage": tax.percent.map { .string($0.description) } ?? .null,
            "amount": .string(tax.amount.decimal.text(places: 2)),
          ]
        }),
    ]
  }
}
