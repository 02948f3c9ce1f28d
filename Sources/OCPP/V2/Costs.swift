// OCPP 2.1: what a station computed that a session costs.

import Wire

// MARK: - Costs

extension V2 {
  /// The whole cost of a session, as the station computed it.
  public struct CostDetails: Payload {
    public var chargingPeriods: [ChargingPeriod]?
    public var totalCost = TotalCost(), totalUsage = TotalUsage(), failureToCalculate: Bool?, failureReason: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("chargingPeriods", &chargingPeriods, count: 1...)
      try w.visit("totalCost", &totalCost)
      try w.visit("totalUsage", &totalUsage)
      try w.visit("failureToCalculate", &failureToCalculate)
      try w.visit("failureReason", &failureReason, max: 500)
    }
  }

  /// The whole cost, by what it is for.
  public struct TotalCost: Payload {
    public enum TypeOfCost: String, Word { case normalCost = "NormalCost", minCost = "MinCost", maxCost = "MaxCost" }

    public var currency = "", typeOfCost = Loose<TypeOfCost>.known(.normalCost), fixed: Price?, energy: Price?
    public var chargingTime: Price?, idleTime: Price?, reservationTime: Price?, reservationFixed: Price?
    public var total = TotalPrice()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("currency", &currency, max: 3)
      try w.visit("typeOfCost", &typeOfCost)
      try w.visit("fixed", &fixed)
      try w.visit("energy", &energy)
      try w.visit("chargingTime", &chargingTime)
      try w.visit("idleTime", &idleTime)
      try w.visit("reservationTime", &reservationTime)
      try w.visit("reservationFixed", &reservationFixed)
      try w.visit("total", &total)
    }
  }

  /// A price before and after tax.
  public struct TotalPrice: Payload {
    public var exclTax: Decimal?, inclTax: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("exclTax", &exclTax)
      try w.visit("inclTax", &inclTax)
    }
  }

  /// What was used.
  public struct TotalUsage: Payload {
    /// kWh.
    public var energy = Decimal.zero
    /// Seconds.
    public var chargingTime = 0
    public var idleTime = 0, reservationTime: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("energy", &energy)
      try w.visit("chargingTime", &chargingTime)
      try w.visit("idleTime", &idleTime)
      try w.visit("reservationTime", &reservationTime)
    }
  }

  /// A stretch of a session with one price.
  public struct ChargingPeriod: Payload {
    public var dimensions: [CostDimension]?
    public var tariffId: String?, startPeriod = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("dimensions", &dimensions, count: 1...)
      try w.visit("tariffId", &tariffId, max: 60)
      try w.visit("startPeriod", &startPeriod)
    }
  }

  /// Energy in kWh, currents in amperes, powers in kW, times in seconds.
  public struct CostDimension: Payload {
    public enum Kind: String, Word {
      case energy = "Energy", maxCurrent = "MaxCurrent", minCurrent = "MinCurrent", maxPower = "MaxPower"
      case minPower = "MinPower", idleTime = "IdleTIme", chargingTime = "ChargingTime"
    }

    public var type = Loose<Kind>.known(.energy), volume = Decimal.zero

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("type", &type)
      try w.visit("volume", &volume)
    }
  }
}
