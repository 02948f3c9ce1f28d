import Domain
import Wire

extension V211 {
  /// What charging costs (mod_tariffs §3.1), without taxes.
  public struct Tariff: Payload {
    public var id = ""
    public var currency = ""
    public var text: [LocalText]?
    public var textURL: String?
    public var elements: [Element] = []
    public var energyMix: EnergyMix?
    public var updatedAt = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, max: 36)
      try w.visit("currency", &currency, max: 3)
      try w.visit("tariff_alt_text", &text)
      try w.visit("tariff_alt_url", &textURL, max: 255)
      try w.visit("elements", &elements, count: 1...)
      try w.visit("energy_mix", &energyMix)
      try w.visit("last_updated", &updatedAt)
    }

    /// Prices that hold under one set of conditions (mod_tariffs §4.4).
    public struct Element: Payload {
      public var components: [Component] = []
      public var restrictions: Restrictions?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("price_components", &components, count: 1...)
        try w.visit("restrictions", &restrictions)
      }
    }

    /// The price of one dimension (mod_tariffs §4.2).
    public struct Component: Payload {
      public var dimension = Domain.Tariff.Dimension.energy
      public var price = Decimal.zero
      public var stepSize = 1

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("type", &dimension)
        try w.visit("price", &price)
        try w.visit("step_size", &stepSize, 0...)
      }
    }

    /// The conditions of an element (mod_tariffs §4.6).
    public struct Restrictions: Payload {
      public var plain = Domain.Tariff.Restrictions()

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("start_time", &plain.startTime, max: 5)
        try w.visit("end_time", &plain.endTime, max: 5)
        try w.visit("start_date", &plain.startDate, max: 10)
        try w.visit("end_date", &plain.endDate, max: 10)
        try w.visit("min_kwh", &plain.minKWh)
        try w.visit("max_kwh", &plain.maxKWh)
        try w.visit("min_power", &plain.minPower)
        try w.visit("max_power", &plain.maxPower)
        try w.visit("min_duration", &plain.minDuration, 0...)
        try w.visit("max_duration", &plain.maxDuration, 0...)
        try w.visit("day_of_week", &plain.weekdays)
      }
    }
  }
}

extension V211.Tariff {
  /// - Throws: `.unfit` where it would be another tariff without what this version cannot say.
  init(_ whole: Domain.Tariff, updatedAt: Timestamp) throws(PushFault) {
    guard let tariff = whole.beforeTax else {
      throw .unfit("tax_included: without its tax a price has more than 4 decimals")
    }
    (id, currency, textURL) = (tariff.ref, tariff.currency, tariff.textURL?.nonEmpty)
    text = tariff.text.flatMap { $0.isEmpty ? nil : $0 }
    for element in tariff.elements {
      // What reserving costs has no place here, and without its condition it would be what charging costs.
      if element.restrictions?.isOfSession == false { continue }
      if element.restrictions?.minCurrent != nil || element.restrictions?.maxCurrent != nil {
        throw .unfit("elements: OCPI 2.1.1 has no prices by current")
      }
      var made = Element()
      made.components = element.components.map { component in
        var price = Component()
        (price.dimension, price.price, price.stepSize) = (component.dimension, component.price, component.stepSize)
        return price
      }
      if var restrictions = element.restrictions {
        if restrictions.weekdays?.isEmpty == true { restrictions.weekdays = nil }
        if restrictions != Domain.Tariff.Restrictions() {
          made.restrictions = Restrictions()
          made.restrictions?.plain = restrictions
        }
      }
      elements.append(made)
    }
    energyMix = tariff.energyMix.map(V211.EnergyMix.init)
    self.updatedAt = updatedAt
  }

  /// As the house prices by it.
  var plain: Domain.Tariff {
    var tariff = Domain.Tariff()
    (tariff.ref, tariff.currency, tariff.text, tariff.textURL) = (id, currency, text, textURL)
    tariff.elements = elements.map { element in
      Domain.Tariff.Element(
        element.components.map {
          .init($0.dimension, price: $0.price, stepSize: min($0.stepSize, Domain.Limits.stepSize))
        },
        when: element.restrictions?.plain)
    }
    return tariff
  }
}

extension Tariff {
  /// What of a tariff this version cannot say.
  func loseFor211(_ fitting: inout Fitting) {
    if minimum != nil { fitting.lose("min_price") }
    if maximum != nil { fitting.lose("max_price") }
    if validFrom != nil || validUntil != nil { fitting.lose("the time in which a tariff is valid") }
    if kind != nil { fitting.lose("tariff type") }
    if taxes?.isEmpty == false || elements.contains(where: { $0.components.contains { $0.vat != nil } }) {
      fitting.lose("VAT of a tariff")
    }
    if elements.contains(where: { $0.restrictions?.reservation != nil }) { fitting.lose("prices of reservations") }
  }
}
