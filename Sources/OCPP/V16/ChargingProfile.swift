// OCPP 1.6: the charging profile (§7.8), which SetChargingProfile and RemoteStartTransaction carry.

import Wire

extension V16 {
  /// When and how much a station may draw (§7.8).
  public struct ChargingProfile: Payload {
    public enum Purpose: String, Word {
      case chargePointMax = "ChargePointMaxProfile", txDefault = "TxDefaultProfile", tx = "TxProfile"
    }
    public enum Kind: String, Word { case absolute = "Absolute", recurring = "Recurring", relative = "Relative" }
    public enum Recurrency: String, Word { case daily = "Daily", weekly = "Weekly" }

    public var chargingProfileId = 0, transactionId: Int64?, stackLevel = 0
    public var chargingProfilePurpose = Purpose.tx, chargingProfileKind = Kind.absolute, recurrencyKind: Recurrency?
    public var validFrom: Timestamp?, validTo: Timestamp?, chargingSchedule = ChargingSchedule()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("chargingProfileId", &chargingProfileId)
      try w.visit("transactionId", &transactionId)
      try w.visit("stackLevel", &stackLevel, 0...)
      try w.visit("chargingProfilePurpose", &chargingProfilePurpose)
      try w.visit("chargingProfileKind", &chargingProfileKind)
      try w.visit("recurrencyKind", &recurrencyKind)
      try w.visit("validFrom", &validFrom)
      try w.visit("validTo", &validTo)
      try w.visit("chargingSchedule", &chargingSchedule)
    }
  }

  /// The limits of a profile, one after the other (§7.13).
  public struct ChargingSchedule: Payload {
    public enum RateUnit: String, Word { case amperes = "A", watts = "W" }

    /// Seconds.
    public var duration: Int?, startSchedule: Timestamp?
    public var chargingRateUnit = RateUnit.amperes, chargingSchedulePeriod: [Period] = [], minChargingRate: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("duration", &duration)
      try w.visit("startSchedule", &startSchedule)
      try w.visit("chargingRateUnit", &chargingRateUnit)
      try w.visit("chargingSchedulePeriod", &chargingSchedulePeriod)
      try w.visit("minChargingRate", &minChargingRate)
    }

    /// A limit from some seconds after the beginning on (§7.14).
    public struct Period: Payload {
      /// Seconds from the schedule's start.
      public var startPeriod = 0, limit = Decimal.zero, numberPhases: Int?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("startPeriod", &startPeriod)
        try w.visit("limit", &limit)
        try w.visit("numberPhases", &numberPhases)
      }
    }
  }
}
