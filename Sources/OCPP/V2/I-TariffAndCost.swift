// OCPP 2.x block I, Tariff and Cost.

import Wire

// MARK: - CostUpdated (I02)

extension V2 {
  /// What a session costs so far, for the display.
  public struct CostUpdated: Message {
    public static let action = "CostUpdated"
    public var totalCost = Decimal.zero, transactionId = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("totalCost", &totalCost)
      try w.visit("transactionId", &transactionId, max: 36)
    }

    public typealias Reply = Nothing
  }
}

// MARK: - Tariffs at the station (I07 to I11)

extension V2 {
  /// What a session costs for whom no other tariff was named. EVSE 0 is all of them.
  public struct SetDefaultTariff: Message {
    public static let action = "SetDefaultTariff"
    public static let since = Edition.v21
    public var evseId = 0, tariff = Tariff()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evseId", &evseId, 0...)
      try w.visit("tariff", &tariff)
    }

    public enum Status: String, Answering {
      case accepted = "Accepted", rejected = "Rejected", tooManyElements = "TooManyElements"
      case conditionNotSupported = "ConditionNotSupported", duplicateTariffId = "DuplicateTariffId"
    }

    public typealias Reply = Answer<Status>
  }

  /// Which tariffs an EVSE has. EVSE 0 is all of them.
  public struct GetTariffs: Message {
    public static let action = "GetTariffs"
    public static let since = Edition.v21
    public var evseId = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("evseId", &evseId, 0...) }

    public struct Reply: Verdict {
      public enum Status: String, Answering {
        case accepted = "Accepted", rejected = "Rejected", noTariff = "NoTariff"
      }

      public var status = Loose<Status>.known(.rejected), statusInfo: StatusInfo?
      public var tariffAssignments: [TariffAssignment]?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("statusInfo", &statusInfo)
        try w.visit("tariffAssignments", &tariffAssignments, count: 1...)
      }

      public var refusal: String? { status.refusal }
    }
  }

  /// Where a tariff holds.
  public struct TariffAssignment: Payload {
    public enum TariffKind: String, Word { case defaultTariff = "DefaultTariff", driverTariff = "DriverTariff" }

    public var tariffId = "", tariffKind = Loose<TariffKind>.known(.defaultTariff), validFrom: Timestamp?
    public var evseIds: [Int]?
    public var idTokens: [String]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("tariffId", &tariffId, max: 60)
      try w.visit("tariffKind", &tariffKind)
      try w.visit("validFrom", &validFrom)
      try w.visit("evseIds", &evseIds, 0..., count: 1...)
      try w.visit("idTokens", &idTokens, max: 255, count: 1...)
    }
  }

  /// Takes back tariffs: these, or all of an EVSE.
  public struct ClearTariffs: Message {
    public static let action = "ClearTariffs"
    public static let since = Edition.v21
    public var tariffIds: [String]?
    public var evseId: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("tariffIds", &tariffIds, max: 60, count: 1...)
      try w.visit("evseId", &evseId, 0...)
    }

    public struct Reply: Verdict {
      public var clearTariffsResult: [ClearTariffsResult] = []

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("clearTariffsResult", &clearTariffsResult, count: 1...)
      }

      public var refusal: String? { clearTariffsResult.lazy.compactMap(\.status.refusal).first }
    }
  }

  /// What became of one of them.
  public struct ClearTariffsResult: Payload {
    public enum Status: String, Answering { case accepted = "Accepted", rejected = "Rejected", noTariff = "NoTariff" }

    public var statusInfo: StatusInfo?, tariffId: String?, status = Loose<Status>.known(.rejected)

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("statusInfo", &statusInfo)
      try w.visit("tariffId", &tariffId, max: 60)
      try w.visit("status", &status)
    }
  }

  /// Another tariff for a session that runs; the currency cannot change.
  public struct ChangeTransactionTariff: Message {
    public static let action = "ChangeTransactionTariff"
    public static let since = Edition.v21
    public var tariff = Tariff(), transactionId = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("tariff", &tariff)
      try w.visit("transactionId", &transactionId, max: 36)
    }

    public enum Status: String, Answering {
      case accepted = "Accepted", rejected = "Rejected", tooManyElements = "TooManyElements"
      case conditionNotSupported = "ConditionNotSupported", txNotFound = "TxNotFound"
      case noCurrencyChange = "NoCurrencyChange"
    }

    public typealias Reply = Answer<Status>
  }
}
