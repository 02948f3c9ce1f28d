import Wire

/// What charging costs: elements, each a set of price components with the conditions under which it holds. In every
/// dimension the first element whose conditions hold gives the price (OCPI 2.2.1 §11.3.1). A change makes a new
/// version; a session keeps the version that it began with.
public struct Tariff: Payload {
  /// The id that partners know; at most 36 characters, unique within the party.
  public var ref = ""
  public var currency = "EUR"
  public var kind: Kind?
  public var text: [LocalText]?
  public var textURL: String?
  public var minimum: Price?
  public var maximum: Price?
  public var elements: [Element] = []
  public var validFrom: Timestamp?
  public var validUntil: Timestamp?
  /// Whether prices hold taxes already; nil: they do not, as everywhere before OCPI 2.3.0 (§11.3.1).
  public var taxIncluded: TaxIncluded?
  public var energyMix: EnergyMix?
  /// What a terminal holds back from a card before an ad hoc session (OCPI 2.3.0 payments).
  public var preauthorization: Decimal?
  /// Taxes of every component without a `vat` of its own. OCPI tariffs have no place for them; CDRs of 2.3.0 have.
  public var taxes: [Tax]?

  public enum TaxIncluded: String, Word { case yes = "YES", no = "NO", notApplicable = "N/A" }

  public enum Kind: String, Word {
    case adHoc = "AD_HOC_PAYMENT", profileCheap = "PROFILE_CHEAP", profileFast = "PROFILE_FAST"
    case profileGreen = "PROFILE_GREEN", regular = "REGULAR"
  }

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("id", &ref, max: 36)
    try w.visit("currency", &currency, max: 3)
    try w.visit("type", &kind)
    try w.visit("tariff_alt_text", &text)
    try w.visit("tariff_alt_url", &textURL, max: 255)
    try w.visit("min_price", &minimum)
    try w.visit("max_price", &maximum)
    try w.visit("elements", &elements, count: 1...Limits.tariffElements)
    try w.visit("start_date_time", &validFrom)
    try w.visit("end_date_time", &validUntil)
    try w.visit("tax_included", &taxIncluded)
    try w.visit("energy_mix", &energyMix)
    try w.visit("preauthorize_amount", &preauthorization)
    try w.visit("taxes", &taxes, count: 0...Limits.taxes)
  }

  /// The same with prices before tax, each with all that taxes add to it as its `vat`: as every tariff was before OCPI
  /// 2.3.0 (2.2.1 §11.4.2). Nil where a price without its tax does not end within the decimals that can be told.
  public var beforeTax: Tariff? {
    var plain = self
    for (index, element) in elements.enumerated() {
      for (place, component) in element.components.enumerated() {
        let taxes = levy(on: component) ?? []
        let percent = taxes.reduce(Decimal.zero) { $0 + $1.percent }
        plain.elements[index].components[place].vat = taxes.isEmpty ? nil : percent
        guard taxIncluded == .yes, !taxes.isEmpty else { continue }
        let (hundredfold, parts) = (component.price * 100, percent + 100)
        let price = hundredfold.divided(by: parts, places: Limits.tariffPlaces, rounding: .halfUp)
        guard price * parts == hundredfold else { return nil }
        plain.elements[index].components[place].price = price
      }
    }
    if taxIncluded == .notApplicable {
      plain.minimum?.afterTax = nil
      plain.maximum?.afterTax = nil
    }
    (plain.taxIncluded, plain.taxes) = (nil, nil)
    return plain
  }

  public var pricesReservations: Bool {
    elements.contains { $0.restrictions?.reservation != nil && $0.restrictions?.booking == nil }
  }

  /// Prices that hold together under one set of conditions.
  public struct Element: Payload {
    public var components: [Component] = []
    public var restrictions: Restrictions?

    public init() {}

    public init(_ components: [Component], when restrictions: Restrictions? = nil) {
      (self.components, self.restrictions) = (components, restrictions)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("price_components", &components, count: 1...Limits.componentsPerElement)
      try w.visit("restrictions", &restrictions)
    }
  }

  /// One dimension's price: per kWh, per hour, or once.
  public struct Component: Payload {
    public var dimension = Dimension.energy
    /// Per kWh, per hour, or once for FLAT; before tax unless the tariff says that tax is included.
    public var price = Decimal(0)
    /// Percent; absent means that no VAT applies (OCPI 2.2.1 §11.4.2).
    public var vat: Decimal?
    /// Wh for energy, seconds for time; the billed amount is rounded up to a multiple of it.
    public var stepSize = 1

    public init() {}

    public init(_ dimension: Dimension, price: Decimal, vat: Decimal? = nil, stepSize: Int = 1) {
      (self.dimension, self.price, self.vat, self.stepSize) = (dimension, price, vat, stepSize)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("type", &dimension)
      try w.visit("price", &price)
      try w.visit("vat", &vat)
      try w.visit("step_size", &stepSize, 0...Limits.stepSize)
    }
  }

  public enum Dimension: String, Word {
    case energy = "ENERGY", flat = "FLAT", parkingTime = "PARKING_TIME", time = "TIME"
  }

  /// The conditions of an element; all that are given must hold (OCPI 2.2.1 §11.4.6).
  public struct Restrictions: Payload {
    /// `HH:MM` in the location's local time; an end before the start runs past midnight.
    public var startTime: String?
    public var endTime: String?
    /// `YYYY-MM-DD`, local; the end date is not included.
    public var startDate: String?
    public var endDate: String?
    public var minKWh: Decimal?
    public var maxKWh: Decimal?
    public var minCurrent: Decimal?
    public var maxCurrent: Decimal?
    public var minPower: Decimal?
    public var maxPower: Decimal?
    /// Seconds since the session began.
    public var minDuration: Int?
    public var maxDuration: Int?
    public var weekdays: [Weekday]?
    public var reservation: Reservation?
    /// What a booking costs (OCPI 2.3.0 bookings): kept and told, and nothing is priced by it.
    public var booking: Booking?

    public enum Weekday: String, Word {
      case monday = "MONDAY", tuesday = "TUESDAY", wednesday = "WEDNESDAY", thursday = "THURSDAY", friday = "FRIDAY"
      case saturday = "SATURDAY", sunday = "SUNDAY"
    }
    public enum Reservation: String, Word { case reservation = "RESERVATION", expires = "RESERVATION_EXPIRES" }
    public enum Booking: String, Word {
      case booking = "BOOKING", expires = "BOOKING_EXPIRES", cancellation = "BOOKING_CANCELLATION_FEES"
      case overtime = "BOOKING_OVERTIME"
    }

    /// Whether it is what charging costs, and not what holding a place does.
    public var isOfSession: Bool { reservation == nil && booking == nil }

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
      try w.visit("booking", &booking)
    }
  }
}

/// A tariff with its place in our books.
public struct TariffVersion: Sendable, Equatable {
  public var id: ID<Tariff>
  public var party: ID<Party>
  /// Counts up with every change.
  public var version: Int
  public var tariff: Tariff
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    id: ID<Tariff>, party: ID<Party>, version: Int, tariff: Tariff, createdAt: Timestamp, updatedAt: Timestamp
  ) {
    (self.id, self.party, self.version, self.tariff) = (id, party, version, tariff)
    (self.createdAt, self.updatedAt) = (createdAt, updatedAt)
  }
}

/// A text in one language (OCPI DisplayText).
public struct LocalText: Payload {
  public var language = ""
  public var text = ""

  public init() {}

  public init(_ text: String, language: String) { (self.text, self.language) = (text, language) }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("language", &language, max: 2)
    try w.visit("text", &text, max: 512, cut: true)
  }
}

extension Walker {
  /// Visits an amount as a decimal number of its currency.
  public mutating func visit(_ name: StaticString, _ money: inout Money) throws(Flaw) {
    var decimal = money.decimal
    try visit(name, &decimal)
    money = try read(decimal, of: name)
  }

  public mutating func visit(_ name: StaticString, _ money: inout Money?) throws(Flaw) {
    var decimal = money?.decimal
    try visit(name, &decimal)
    money = try decimal.map { decimal throws(Flaw) in try read(decimal, of: name) }
  }

  private func read(_ amount: Decimal, of name: StaticString) throws(Flaw) -> Money {
    guard let money = Money(read: amount) else {
      throw Flaw(path: "\(name)", kind: .outOfRange, detail: "an amount beyond any bill")
    }
    return money
  }

  /// Visits an energy as a decimal number of kWh.
  public mutating func visit(_ name: StaticString, kilowattHours energy: inout Energy) throws(Flaw) {
    var decimal = energy.kilowattHours
    try visit(name, &decimal)
    guard let read = Energy(wattHours: decimal * Decimal(1000)) else {
      throw Flaw(path: "\(name)", kind: .outOfRange, detail: "an energy beyond any meter")
    }
    energy = read
  }
}
