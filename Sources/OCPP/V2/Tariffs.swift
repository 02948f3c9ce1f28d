// OCPP 2.1: tariffs that a station computes with.

import Wire

// MARK: - Tariff

extension V2 {
  /// What a session costs, for a station that computes it.
  public struct Tariff: Payload {
    public var tariffId = "", description: [MessageContent]?
    /// ISO 4217.
    public var currency = ""
    public var energy: TariffEnergy?, validFrom: Timestamp?, chargingTime: TariffTime?, idleTime: TariffTime?
    public var fixedFee: TariffFixed?
    /// For the time of a reservation, by the minute.
    public var reservationTime: TariffTime?
    public var reservationFixed: TariffFixed?, minCost: Price?, maxCost: Price?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("tariffId", &tariffId, max: 60)
      try w.visit("description", &description, count: 1...10)
      try w.visit("currency", &currency, max: 3)
      try w.visit("energy", &energy)
      try w.visit("validFrom", &validFrom)
      try w.visit("chargingTime", &chargingTime)
      try w.visit("idleTime", &idleTime)
      try w.visit("fixedFee", &fixedFee)
      try w.visit("reservationTime", &reservationTime)
      try w.visit("reservationFixed", &reservationFixed)
      try w.visit("minCost", &minCost)
      try w.visit("maxCost", &maxCost)
    }
  }

  /// An amount of money; one of the two can be computed from the other with the tax rates.
  public struct Price: Payload {
    public var exclTax: Decimal?, inclTax: Decimal?, taxRates: [TaxRate]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("exclTax", &exclTax)
      try w.visit("inclTax", &inclTax)
      try w.visit("taxRates", &taxRates, count: 1...5)
    }
  }

  /// A tax, in percent. Taxes of a higher `stack` are computed on top of the lower ones.
  public struct TaxRate: Payload {
    public var type = "", tax = Decimal.zero, stack: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("type", &type, max: 20)
      try w.visit("tax", &tax)
      try w.visit("stack", &stack, 0...)
    }
  }
}

// MARK: - Prices by energy, time and session

extension V2 {
  /// What energy costs, with its taxes.
  public struct TariffEnergy: Payload {
    public var prices: [TariffEnergyPrice] = []
    public var taxRates: [TaxRate]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("prices", &prices, count: 1...)
      try w.visit("taxRates", &taxRates, count: 1...5)
    }
  }

  /// A price of a kWh, before tax.
  public struct TariffEnergyPrice: Payload {
    public var priceKwh = Decimal.zero, conditions: TariffConditions?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("priceKwh", &priceKwh)
      try w.visit("conditions", &conditions)
    }
  }

  /// What time costs, with its taxes.
  public struct TariffTime: Payload {
    public var prices: [TariffTimePrice] = []
    public var taxRates: [TaxRate]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("prices", &prices, count: 1...)
      try w.visit("taxRates", &taxRates, count: 1...5)
    }
  }

  /// A price of a minute, before tax.
  public struct TariffTimePrice: Payload {
    public var priceMinute = Decimal.zero, conditions: TariffConditions?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("priceMinute", &priceMinute)
      try w.visit("conditions", &conditions)
    }
  }

  /// What is charged once, with its taxes.
  public struct TariffFixed: Payload {
    public var prices: [TariffFixedPrice] = []
    public var taxRates: [TaxRate]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("prices", &prices, count: 1...)
      try w.visit("taxRates", &taxRates, count: 1...5)
    }
  }

  /// A price of a session, before tax.
  public struct TariffFixedPrice: Payload {
    public var conditions: TariffConditionsFixed?, priceFixed = Decimal.zero

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("conditions", &conditions)
      try w.visit("priceFixed", &priceFixed)
    }
  }
}

// MARK: - Conditions

extension V2 {
  /// When a price holds: the times of the clock are the station's local ones.
  public struct TariffConditions: Payload {
    /// `13:30`.
    public var startTimeOfDay: String?
    public var endTimeOfDay: String?, dayOfWeek: [DayOfWeek]?
    /// `2025-12-31`; the last day does not belong to it.
    public var validFromDate: String?
    public var validToDate: String?, evseKind: CurrentKind?
    /// Wh.
    public var minEnergy: Decimal?
    public var maxEnergy: Decimal?
    /// Amperes, all phases together.
    public var minCurrent: Decimal?
    public var maxCurrent: Decimal?
    /// Watts.
    public var minPower: Decimal?
    public var maxPower: Decimal?
    /// Seconds since the session began, of charging, and of standing idle.
    public var minTime: Int?
    public var maxTime: Int?, minChargingTime: Int?, maxChargingTime: Int?, minIdleTime: Int?, maxIdleTime: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("startTimeOfDay", &startTimeOfDay)
      try w.visit("endTimeOfDay", &endTimeOfDay)
      try w.visit("dayOfWeek", &dayOfWeek, count: 1...7)
      try w.visit("validFromDate", &validFromDate)
      try w.visit("validToDate", &validToDate)
      try w.visit("evseKind", &evseKind)
      try w.visit("minEnergy", &minEnergy)
      try w.visit("maxEnergy", &maxEnergy)
      try w.visit("minCurrent", &minCurrent)
      try w.visit("maxCurrent", &maxCurrent)
      try w.visit("minPower", &minPower)
      try w.visit("maxPower", &maxPower)
      try w.visit("minTime", &minTime)
      try w.visit("maxTime", &maxTime)
      try w.visit("minChargingTime", &minChargingTime)
      try w.visit("maxChargingTime", &maxChargingTime)
      try w.visit("minIdleTime", &minIdleTime)
      try w.visit("maxIdleTime", &maxIdleTime)
    }
  }

  /// When a price holds of which the amount is known at the start.
  public struct TariffConditionsFixed: Payload {
    public var startTimeOfDay: String?, endTimeOfDay: String?, dayOfWeek: [DayOfWeek]?
    public var validFromDate: String?, validToDate: String?, evseKind: CurrentKind?, paymentBrand: String?
    public var paymentRecognition: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("startTimeOfDay", &startTimeOfDay)
      try w.visit("endTimeOfDay", &endTimeOfDay)
      try w.visit("dayOfWeek", &dayOfWeek, count: 1...7)
      try w.visit("validFromDate", &validFromDate)
      try w.visit("validToDate", &validToDate)
      try w.visit("evseKind", &evseKind)
      try w.visit("paymentBrand", &paymentBrand, max: 20)
      try w.visit("paymentRecognition", &paymentRecognition, max: 20)
    }
  }

  public enum DayOfWeek: String, Word {
    case monday = "Monday", tuesday = "Tuesday", wednesday = "Wednesday", thursday = "Thursday", friday = "Friday"
    case saturday = "Saturday", sunday = "Sunday"
  }

  public enum CurrentKind: String, Word { case ac = "AC", dc = "DC" }
}
