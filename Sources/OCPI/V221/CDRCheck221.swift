import Domain
import Wire

/// Reads an encoded CDR back, as its receiver will, and prices it again: time by its time stamps, energy by its
/// volumes, by the tariff that it carries. What no tariff on the wire has a place for is taken from the books: the names
/// of the taxes that it adds, and how a reservation ended. A CDR that carries no tariff is priced by that of the books.
enum CDRCheck {
  /// - Throws: `PushFault.unfit` where the parts do not make the whole, or the price comes out differently.
  static func agree(
    _ bytes: Bytes, of kept: Domain.CDR, _ zones: ZoneLibrary, in edition: Edition
  ) throws(PushFault) {
    let name = kept.timeZone
    guard let read = try? V221.CDR.read(bytes, edition: edition), read.oddityCount == 0 else {
      throw .unfit("the written CDR cannot be read back")
    }
    let cdr = read.value
    let energy = cdr.periods.reduce(Decimal.zero) { $0 + ($1.volume(.energy) ?? .zero) }
    guard energy == cdr.energy else {
      throw .unfit("its periods sum to \(energy) kWh, total_energy is \(cdr.energy)")
    }
    let parking = cdr.periods.reduce(Decimal.zero) { $0 + ($1.volume(.parkingTime) ?? .zero) }
    guard parking == cdr.parkingTime ?? .zero else {
      throw .unfit("its periods sum to \(parking) h of parking, total_parking_time is \(cdr.parkingTime ?? .zero)")
    }
    guard let first = cdr.periods.first, first.startedAt == cdr.startedAt else {
      throw .unfit("its first period does not begin with it")
    }
    guard let zone = name.isEmpty ? .utc : zones[name] else { throw .unfit("its time zone \(name) is not known here") }
    var tariff = kept.tariff
    if let carried = cdr.tariffs?.first {
      guard let plain = try? carried.plain() else { throw .unfit("its tariff cannot be read back") }
      tariff = plain
      // Before, prices are without tax, and each says all that is added to it.
      if edition >= .v230 {
        tariff?.taxIncluded = kept.tariff?.taxIncluded
        tariff?.taxes = kept.tariff?.taxes
      }
    }
    let priced = Pricing.price(
      periods: cdr.periods.map(\.plain), from: cdr.startedAt, to: cdr.endedAt, tariff: tariff, zone: zone,
      hold: kept.reservationEnding)
    // Where prices held their tax, what each tax has of them was rounded by itself before the rest was the price.
    let isSplit = edition < .v230 && cdr.tariffs != nil && kept.tariff?.taxIncluded == .yes
    let slack = isSplit ? Decimal(Int64(1 + (kept.totals.cost.taxes?.count ?? 0)), places: 4) : .zero
    func agree(_ name: String, _ written: V221.Price?, _ priced: Price?) throws(PushFault) {
      try Self.agree(name, written, priced, within: slack)
    }
    try agree("total_cost", cdr.cost, kept.isCredit ? priced.cost.negated : priced.cost)
    try agree("total_reservation_cost", cdr.reservationCost, priced.reservationCost)
    try agree("total_fixed_cost", cdr.fixedCost, priced.fixedCost)
    try agree("total_energy_cost", cdr.energyCost, priced.energyCost)
    try agree("total_time_cost", cdr.timeCost, priced.timeCost)
    try agree("total_parking_cost", cdr.parkingCost, priced.parkingCost)
    guard V221.ChargingPeriod.hours(priced.seconds) == cdr.time else {
      throw .unfit("its time stamps tell \(priced.seconds) s, total_time is \(cdr.time) h")
    }
  }

  private static func agree(
    _ name: String, _ written: V221.Price?, _ priced: Price?, within slack: Decimal
  ) throws(PushFault) {
    let priced = priced.map(V221.Price.init)
    if written == nil, priced == nil { return }
    if let written, let priced, (written.beforeTax - priced.beforeTax).magnitude <= slack,
      written.total == priced.total
    {
      return
    }
    func text(_ price: V221.Price?) -> String { price.map { "\($0.beforeTax)/\($0.total)" } ?? "nothing" }
    throw .unfit("\(name) is \(text(written)); priced again it is \(text(priced))")
  }
}

extension V221.Price {
  /// What is paid, as each version says it.
  fileprivate var total: Decimal { afterTax ?? (taxes ?? []).reduce(beforeTax) { $0 + $1.amount } }
}

extension V221.ChargingPeriod {
  /// The period as the house prices it.
  fileprivate var plain: Domain.ChargingPeriod {
    var period = Domain.ChargingPeriod()
    period.start = startedAt
    period.energy = Energy(wattHours: (volume(.energy) ?? .zero) * 1000) ?? .zero
    period.activity = .init(
      time: volume(.time), parking: volume(.parkingTime), reserved: volume(.reservationTime))
    period.maxPower = volume(.maxPower).map { $0 * 1000 }
    period.maxCurrent = volume(.maxCurrent)
    return period
  }
}
