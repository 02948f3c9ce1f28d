import Domain
import Wire

extension V221 {
  /// What charging costs (§11.3.1).
  public struct Tariff: Payload {
    public var country = ""
    public var party = ""
    public var id = ""
    public var currency = ""
    public var kind: TariffType?
    public var text: [DisplayText]?
    public var textURL: String?
    public var minimum: PriceLimit?
    public var maximum: PriceLimit?
    public var elements: [TariffElement] = []
    public var taxIncluded: Domain.Tariff.TaxIncluded?
    public var validFrom: Timestamp?
    public var validUntil: Timestamp?
    public var energyMix: EnergyMix?
    public var preauthorization: Decimal?
    public var updatedAt = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("country_code", &country, max: 2)
      try w.visit("party_id", &party, max: 3)
      try w.visit("id", &id, max: 36)
      try w.visit("currency", &currency, max: 3)
      try w.visit("type", &kind)
      try w.visit("tariff_alt_text", &text)
      try w.visit("tariff_alt_url", &textURL, max: 255)
      try w.visit("min_price", &minimum)
      try w.visit("max_price", &maximum)
      try w.visit("elements", &elements, count: 1...)
      try w.visit("tax_included", &taxIncluded, since: .v230, expected: true)
      try w.visit("start_date_time", &validFrom)
      try w.visit("end_date_time", &validUntil)
      try w.visit("energy_mix", &energyMix)
      try w.visit("preauthorize_amount", &preauthorization, since: .v230)
      try w.visit("last_updated", &updatedAt)
    }
  }

  /// Prices that hold under one set of conditions (§11.4.5).
  public struct TariffElement: Payload {
    public var components: [PriceComponent] = []
    public var restrictions: TariffRestrictions?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("price_components", &components, count: 1...)
      try w.visit("restrictions", &restrictions)
    }
  }

  /// The price of one dimension (§11.4.2).
  public struct PriceComponent: Payload {
    public var dimension = TariffDimension.energy
    public var price = Decimal.zero
    public var vat: Decimal?
    public var stepSize = 1

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("type", &dimension)
      try w.visit("price", &price)
      try w.visit("vat", &vat)
      try w.visit("step_size", &stepSize, 0...)
    }

    /// Whether a field is what a price is for: a price of something that we do not know is no price of energy.
    static func isDimension(_ path: String) -> Bool { path.contains("price_components") && path.hasSuffix(".type") }
  }

  /// The conditions of an element (§11.4.6).
  public struct TariffRestrictions: Payload {
    public var startTime: String?
    public var endTime: String?
    public var startDate: String?
    public var endDate: String?
    public var minKWh: Decimal?
    public var maxKWh: Decimal?
    public var minCurrent: Decimal?
    public var maxCurrent: Decimal?
    public var minPower: Decimal?
    public var maxPower: Decimal?
    public var minDuration: Int?
    public var maxDuration: Int?
    public var weekdays: [DayOfWeek]?
    public var reservation: ReservationRestriction?
    public var booking: BookingRestriction?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("start_time", &startTime, max: 5)
      try w.visit("end_time", &endTime, max: 5)
      try w.visit("start_date", &startDate, max: 10)
      try w.visit("end_date", &endDate, max: 10)
      try w.visit("min_kwh", &minKWh)
      try w.visit("max_kwh", &maxKWh)
      try w.visit("min_current", &minCurrent)
      try w.visit("max_current", &maxCurrent)
      try w.visit("min_power", &minPower)
      try w.visit("max_power", &maxPower)
      try w.visit("min_duration", &minDuration, 0...)
      try w.visit("max_duration", &maxDuration, 0...)
      try w.visit("day_of_week", &weekdays)
      try w.visit("reservation", &reservation)
      try w.visit("booking", &booking, since: .v230)
    }
  }

  public enum TariffType: String, Word {
    case adHoc = "AD_HOC_PAYMENT", profileCheap = "PROFILE_CHEAP", profileFast = "PROFILE_FAST"
    case profileGreen = "PROFILE_GREEN", regular = "REGULAR"
  }

  public enum TariffDimension: String, Word {
    case energy = "ENERGY", flat = "FLAT", parkingTime = "PARKING_TIME", time = "TIME"
  }

  public enum DayOfWeek: String, Word {
    case monday = "MONDAY", tuesday = "TUESDAY", wednesday = "WEDNESDAY", thursday = "THURSDAY", friday = "FRIDAY"
    case saturday = "SATURDAY", sunday = "SUNDAY"
  }

  public enum ReservationRestriction: String, Word {
    case reservation = "RESERVATION", expires = "RESERVATION_EXPIRES"
  }

  public enum BookingRestriction: String, Word {
    case booking = "BOOKING", expires = "BOOKING_EXPIRES", cancellation = "BOOKING_CANCELLATION_FEES"
    case overtime = "BOOKING_OVERTIME"

    /// Whatever else it says, it is no price of charging.
    public static var otherwise: Self? { .booking }
  }
}

// MARK: - From the house and back

extension V221.Tariff {
  /// - Throws: `.unfit` where a version that tells prices before tax has no room for the decimals of one.
  init(
    _ whole: Domain.Tariff, party name: PartyID, updatedAt: Timestamp, in edition: Edition
  ) throws(PushFault) {
    guard let tariff = edition < .v230 ? whole.beforeTax : whole else {
      throw .unfit("tax_included: without its tax a price has more than 4 decimals")
    }
    country = name.country
    party = name.party
    id = tariff.ref
    currency = tariff.currency
    kind = tariff.kind.map { kind in
      switch kind {
      case .adHoc: .adHoc
      case .profileCheap: .profileCheap
      case .profileFast: .profileFast
      case .profileGreen: .profileGreen
      case .regular: .regular
      }
    }
    text = tariff.text.flatMap { texts in
      texts.isEmpty ? nil : texts.map { V221.DisplayText($0.text, language: $0.language) }
    }
    textURL = tariff.textURL?.nonEmpty
    minimum = tariff.minimum.map(V221.PriceLimit.init)
    maximum = tariff.maximum.map(V221.PriceLimit.init)
    // Without its condition what a booking costs would be what charging costs.
    elements = tariff.elements.filter { edition >= .v230 || $0.restrictions?.booking == nil }
      .map(V221.TariffElement.init)
    // Required since 2.3.0: prices of ours hold no taxes unless the tariff says so.
    let isTaxed =
      tariff.taxes?.isEmpty == false || tariff.elements.contains { $0.components.contains { $0.vat != nil } }
    taxIncluded = tariff.taxIncluded ?? (isTaxed ? .no : .notApplicable)
    validFrom = tariff.validFrom
    validUntil = tariff.validUntil
    (energyMix, preauthorization) = (tariff.energyMix, tariff.preauthorization)
    self.updatedAt = updatedAt
  }

  /// The tariff as the house prices by it.
  /// - Throws: `.invalid` where a limit is no amount of any bill.
  func plain() throws(PartnerFault) -> Domain.Tariff {
    var tariff = Domain.Tariff()
    tariff.ref = id
    tariff.currency = currency
    tariff.kind = kind.flatMap { Domain.Tariff.Kind(rawValue: $0.rawValue) }
    tariff.text = text?.map { LocalText($0.text, language: $0.language) }
    tariff.textURL = textURL
    tariff.minimum = try minimum?.plain("min_price")
    tariff.maximum = try maximum?.plain("max_price")
    tariff.elements = elements.map(\.plain)
    tariff.validFrom = validFrom
    tariff.validUntil = validUntil
    (tariff.energyMix, tariff.preauthorization) = (energyMix, preauthorization)
    tariff.taxIncluded = taxIncluded
    return tariff
  }
}

extension V221.PriceLimit {
  fileprivate func plain(_ name: String) throws(PartnerFault) -> Domain.Price {
    func money(_ amount: Decimal) throws(PartnerFault) -> Money {
      guard amount.magnitude <= Limits.toldNumber, let money = Money(read: amount) else {
        throw .invalid("\(name): \(amount) is out of range")
      }
      return money
    }
    let after = try afterTax.map { amount throws(PartnerFault) in try money(amount) }
    return Domain.Price(beforeTax: try money(beforeTax), afterTax: after)
  }
}

extension V221.TariffElement {
  init(_ element: Domain.Tariff.Element) {
    components = element.components.map(V221.PriceComponent.init)
    restrictions = element.restrictions.map(V221.TariffRestrictions.init)
  }

  var plain: Domain.Tariff.Element { .init(components.map(\.plain), when: restrictions?.plain) }
}

extension V221.PriceComponent {
  init(_ component: Domain.Tariff.Component) {
    dimension =
      switch component.dimension {
      case .energy: .energy
      case .flat: .flat
      case .parkingTime: .parkingTime
      case .time: .time
      }
    price = component.price
    vat = component.vat
    stepSize = component.stepSize
  }

  var plain: Domain.Tariff.Component {
    let dimension: Domain.Tariff.Dimension =
      switch dimension {
      case .energy: .energy
      case .flat: .flat
      case .parkingTime: .parkingTime
      case .time: .time
      }
    return Domain.Tariff.Component(dimension, price: price, vat: vat, stepSize: min(stepSize, Domain.Limits.stepSize))
  }
}

extension V221.TariffRestrictions {
  init(_ other: Domain.Tariff.Restrictions) {
    (startTime, endTime, startDate, endDate) = (other.startTime, other.endTime, other.startDate, other.endDate)
    (minKWh, maxKWh) = (other.minKWh, other.maxKWh)
    (minCurrent, maxCurrent) = (other.minCurrent, other.maxCurrent)
    (minPower, maxPower) = (other.minPower, other.maxPower)
    (minDuration, maxDuration) = (other.minDuration, other.maxDuration)
    weekdays = other.weekdays.flatMap { days in
      days.isEmpty ? nil : days.compactMap { V221.DayOfWeek(rawValue: $0.rawValue) }
    }
    reservation = other.reservation.flatMap { V221.ReservationRestriction(rawValue: $0.rawValue) }
    booking = other.booking.flatMap { V221.BookingRestriction(rawValue: $0.rawValue) }
  }

  var plain: Domain.Tariff.Restrictions {
    var plain = Domain.Tariff.Restrictions()
    (plain.startTime, plain.endTime, plain.startDate, plain.endDate) = (startTime, endTime, startDate, endDate)
    (plain.minKWh, plain.maxKWh) = (minKWh, maxKWh)
    (plain.minCurrent, plain.maxCurrent) = (minCurrent, maxCurrent)
    (plain.minPower, plain.maxPower) = (minPower, maxPower)
    (plain.minDuration, plain.maxDuration) = (minDuration, maxDuration)
    plain.weekdays = weekdays?.compactMap { Domain.Tariff.Restrictions.Weekday(rawValue: $0.rawValue) }
    plain.reservation = reservation.flatMap { Domain.Tariff.Restrictions.Reservation(rawValue: $0.rawValue) }
    plain.booking = booking.flatMap { Domain.Tariff.Restrictions.Booking(rawValue: $0.rawValue) }
    return plain
  }
}
