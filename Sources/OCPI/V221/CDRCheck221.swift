import Domain
import Wire

/// Reads an encoded CDR back, as its receiver will, and prices it again: time by its time stamps, energy by its
/// volumes, by the tariff that it carries. What OCPI 2.2.1 has no place for is taken from the books: the taxes that the
/// tariff adds, and how a reservation ended.
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
    var tariff = try? cdr.tariffs?.first?.plain()
    tariff?.taxIncluded = kept.tariff?.taxIncluded
    tariff?.taxes = kept.tariff?.taxes
    let priced = Pricing.price(
      periods: cdr.periods.map(\.plain), from: cdr.startedAt, to: cdr.endedAt, tariff: tariff, zone: zone,
      hold: kept.reservationEnding)
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

  private static func agree(_ name: String, _ written: V221.Price?, _ priced: Price?) throws(PushFault) {
    let priced = priced.map(V221.Price.init)
    guard written?.beforeTax != priced?.beforeTax || written?.total != priced?.total else { return }
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
    period.activity =
      volume(.reservationTime) != nil ? .reserved : volume(.parkingTime) == nil ? .charging : .idle
    period.maxPower = volume(.maxPower).map { $0 * 1000 }
    period.maxCurrent = volume(.maxCurrent)
    return period
  }
}
