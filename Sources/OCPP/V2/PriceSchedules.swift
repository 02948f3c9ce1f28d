// OCPP 2.x: prices as ISO 15118 tells them to a vehicle.

import Wire

// MARK: - ISO 15118-2

extension V2 {
  /// Prices as ISO 15118-2 knows them: levels, or relative costs.
  public struct SalesTariff: Payload {
    public var id = 0, salesTariffDescription: String?
    /// How many different levels occur in the entries.
    public var numEPriceLevels: Int?
    public var salesTariffEntry: [SalesTariffEntry] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, w.natural)
      try w.visit("salesTariffDescription", &salesTariffDescription, max: 32)
      try w.visit("numEPriceLevels", &numEPriceLevels, w.natural)
      try w.visit("salesTariffEntry", &salesTariffEntry, count: 1...1024)
    }
  }

  /// A price for a part of the time.
  public struct SalesTariffEntry: Payload {
    public var relativeTimeInterval = RelativeTimeInterval(), ePriceLevel: Int?, consumptionCost: [ConsumptionCost]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("relativeTimeInterval", &relativeTimeInterval)
      try w.visit("ePriceLevel", &ePriceLevel, 0...)
      try w.visit("consumptionCost", &consumptionCost, count: 1...3)
    }
  }

  /// Seconds from the start of the schedule.
  public struct RelativeTimeInterval: Payload {
    public var start = 0, duration: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("start", &start)
      try w.visit("duration", &duration)
    }
  }

  /// Costs from a power on.
  public struct ConsumptionCost: Payload {
    /// Watts from which this cost holds.
    public var startValue = Decimal.zero
    public var cost: [Cost] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("startValue", &startValue)
      try w.visit("cost", &cost, count: 1...3)
    }
  }

  /// An amount of one kind.
  public struct Cost: Payload {
    public enum CostKind: String, Word {
      case carbonDioxideEmission = "CarbonDioxideEmission", relativePricePercentage = "RelativePricePercentage"
      case renewableGenerationPercentage = "RenewableGenerationPercentage"
    }

    public var costKind = Loose<CostKind>.known(.carbonDioxideEmission), amount = 0
    /// The amount counts times ten to this power, -3 to 3.
    public var amountMultiplier: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("costKind", &costKind)
      try w.visit("amount", &amount)
      try w.visit("amountMultiplier", &amountMultiplier)
    }
  }
}

// MARK: - ISO 15118-20

extension V2 {
  /// Prices in money, as ISO 15118-20 knows them.
  public struct AbsolutePriceSchedule: Payload {
    public var timeAnchor = Timestamp.epoch, priceScheduleID = 0, priceScheduleDescription: String?, currency = ""
    /// RFC 5646.
    public var language = ""
    /// A URN that says how powers between the ranges are priced.
    public var priceAlgorithm = ""
    public var minimumCost: RationalNumber?, maximumCost: RationalNumber?, priceRuleStacks: [PriceRuleStack] = []
    public var taxRules: [TaxRule]?
    public var overstayRuleList: OverstayRuleList?, additionalSelectedServices: [AdditionalSelectedServices]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("timeAnchor", &timeAnchor)
      try w.visit("priceScheduleID", &priceScheduleID, 0...)
      try w.visit("priceScheduleDescription", &priceScheduleDescription, max: 160)
      try w.visit("currency", &currency, max: 3)
      try w.visit("language", &language, max: 8)
      try w.visit("priceAlgorithm", &priceAlgorithm, max: 2000)
      try w.visit("minimumCost", &minimumCost)
      try w.visit("maximumCost", &maximumCost)
      try w.visit("priceRuleStacks", &priceRuleStacks, count: 1...1024)
      try w.visit("taxRules", &taxRules, count: 1...10)
      try w.visit("overstayRuleList", &overstayRuleList)
      try w.visit("additionalSelectedServices", &additionalSelectedServices, count: 1...5)
    }
  }

  /// The rules of one stretch of time.
  public struct PriceRuleStack: Payload {
    /// Seconds.
    public var duration = 0
    public var priceRule: [PriceRule] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("duration", &duration)
      try w.visit("priceRule", &priceRule, count: 1...8)
    }
  }

  /// What energy costs from a power on.
  public struct PriceRule: Payload {
    /// Seconds for each of which the parking fee is due.
    public var parkingFeePeriod: Int?
    /// Grams per kWh.
    public var carbonDioxideEmission: Int?
    public var renewableGenerationPercentage: Int?
    /// Per kWh.
    public var energyFee = RationalNumber()
    public var parkingFee: RationalNumber?
    /// Watts.
    public var powerRangeStart = RationalNumber()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("parkingFeePeriod", &parkingFeePeriod)
      try w.visit("carbonDioxideEmission", &carbonDioxideEmission, 0...)
      try w.visit("renewableGenerationPercentage", &renewableGenerationPercentage, 0...100)
      try w.visit("energyFee", &energyFee)
      try w.visit("parkingFee", &parkingFee)
      try w.visit("powerRangeStart", &powerRangeStart)
    }
  }

  /// A tax, and what it is on.
  public struct TaxRule: Payload {
    public var taxRuleID = 0, taxRuleName: String?, taxIncludedInPrice: Bool?, appliesToEnergyFee = false
    public var appliesToParkingFee = false, appliesToOverstayFee = false, appliesToMinimumMaximumCost = false
    public var taxRate = RationalNumber()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("taxRuleID", &taxRuleID, 0...)
      try w.visit("taxRuleName", &taxRuleName, max: 100)
      try w.visit("taxIncludedInPrice", &taxIncludedInPrice)
      try w.visit("appliesToEnergyFee", &appliesToEnergyFee)
      try w.visit("appliesToParkingFee", &appliesToParkingFee)
      try w.visit("appliesToOverstayFee", &appliesToOverstayFee)
      try w.visit("appliesToMinimumMaximumCost", &appliesToMinimumMaximumCost)
      try w.visit("taxRate", &taxRate)
    }
  }

  /// What staying too long costs.
  public struct OverstayRuleList: Payload {
    /// Watts below which a vehicle counts as done.
    public var overstayPowerThreshold: RationalNumber?
    public var overstayRule: [OverstayRule] = []
    /// Seconds until the first rule holds.
    public var overstayTimeThreshold: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("overstayPowerThreshold", &overstayPowerThreshold)
      try w.visit("overstayRule", &overstayRule, count: 1...5)
      try w.visit("overstayTimeThreshold", &overstayTimeThreshold)
    }
  }

  /// That from some seconds on.
  public struct OverstayRule: Payload {
    public var overstayFee = RationalNumber(), overstayRuleDescription: String?
    /// Seconds after the threshold of the list.
    public var startTime = 0
    /// Seconds for each of which the fee is due.
    public var overstayFeePeriod = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("overstayFee", &overstayFee)
      try w.visit("overstayRuleDescription", &overstayRuleDescription, max: 32)
      try w.visit("startTime", &startTime)
      try w.visit("overstayFeePeriod", &overstayFeePeriod)
    }
  }

  /// What else costs something.
  public struct AdditionalSelectedServices: Payload {
    public var serviceFee = RationalNumber(), serviceName = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("serviceFee", &serviceFee)
      try w.visit("serviceName", &serviceName, max: 80)
    }
  }

  /// A value times ten to the power of an exponent, -128 to 127.
  public struct RationalNumber: Payload {
    public var exponent = 0, value = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("exponent", &exponent)
      try w.visit("value", &value)
    }
  }
}

// MARK: - Price levels

extension V2 {
  /// Prices as levels, of which 0 is the cheapest (ISO 15118-20).
  public struct PriceLevelSchedule: Payload {
    public var priceLevelScheduleEntries: [PriceLevelScheduleEntry] = []
    public var timeAnchor = Timestamp.epoch, priceScheduleId = 0, priceScheduleDescription: String?
    public var numberOfPriceLevels = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("priceLevelScheduleEntries", &priceLevelScheduleEntries, count: 1...100)
      try w.visit("timeAnchor", &timeAnchor)
      try w.visit("priceScheduleId", &priceScheduleId, 0...)
      try w.visit("priceScheduleDescription", &priceScheduleDescription, max: 32)
      try w.visit("numberOfPriceLevels", &numberOfPriceLevels, 0...)
    }
  }

  /// How dear some seconds are.
  public struct PriceLevelScheduleEntry: Payload {
    /// Seconds.
    public var duration = 0
    public var priceLevel = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("duration", &duration)
      try w.visit("priceLevel", &priceLevel, 0...)
    }
  }
}
