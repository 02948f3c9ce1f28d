// OCPP 1.6 Core and RemoteTrigger: what the house asks of a station.

import Wire

// MARK: - RemoteStartTransaction (§5.11) and RemoteStopTransaction (§5.12)

extension V16 {
  public struct RemoteStartTransaction: Message {
    public static let action = "RemoteStartTransaction"
    public var connectorId: Int?, idTag = "", chargingProfile: ChargingProfile?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("connectorId", &connectorId, 1...)
      try w.visit("idTag", &idTag, max: 20)
      try w.visit("chargingProfile", &chargingProfile)
    }

    public typealias Reply = YesOrNo
  }

  public struct RemoteStopTransaction: Message {
    public static let action = "RemoteStopTransaction"
    public var transactionId: Int64 = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("transactionId", &transactionId) }

    public typealias Reply = YesOrNo
  }

  /// The reply of the calls that a station accepts or rejects, and nothing else.
  public struct YesOrNo: Verdict {
    public enum Status: String, Word { case accepted = "Accepted", rejected = "Rejected" }

    public var status = Loose<Status>.known(.rejected)

    public init() {}

    public init(_ status: Status) { self.status = .known(status) }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

    public var refusal: String? { status.word == .accepted ? nil : status.text }
  }
}

// MARK: - Reset (§5.14), ClearCache (§5.4)

extension V16 {
  public struct Reset: Message {
    public static let action = "Reset"
    public enum Kind: String, Word { case hard = "Hard", soft = "Soft" }

    public var type = Kind.soft

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("type", &type) }

    public typealias Reply = YesOrNo
  }

  public struct ClearCache: Message {
    public static let action = "ClearCache"

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {}

    public typealias Reply = YesOrNo
  }
}

// MARK: - UnlockConnector (§5.18), ChangeAvailability (§5.2)

extension V16 {
  public struct UnlockConnector: Message {
    public static let action = "UnlockConnector"
    public var connectorId = 1

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("connectorId", &connectorId, 1...) }

    public struct Reply: Verdict {
      public enum Status: String, Word {
        case unlocked = "Unlocked", unlockFailed = "UnlockFailed", notSupported = "NotSupported"
      }

      public var status = Loose<Status>.known(.unlockFailed)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      public var refusal: String? { status.word == .unlocked ? nil : status.text }
    }
  }

  public struct ChangeAvailability: Message {
    public static let action = "ChangeAvailability"
    public enum Kind: String, Word { case inoperative = "Inoperative", operative = "Operative" }

    /// 0 is the whole station.
    public var connectorId = 0, type = Kind.operative

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("connectorId", &connectorId, 0...)
      try w.visit("type", &type)
    }

    public struct Reply: Verdict {
      public enum Status: String, Word { case accepted = "Accepted", rejected = "Rejected", scheduled = "Scheduled" }

      public var status = Loose<Status>.known(.rejected)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      /// Scheduled is a yes: it will happen when the session ends.
      public var refusal: String? {
        switch status.word {
        case .accepted, .scheduled: nil
        case .rejected, nil: status.text
        }
      }
    }
  }
}

// MARK: - ChangeConfiguration (§5.3), GetConfiguration (§5.8)

extension V16 {
  public struct ChangeConfiguration: Message {
    public static let action = "ChangeConfiguration"
    public var key = "", value = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("key", &key, max: 50)
      try w.visit("value", &value, max: 500)
    }

    public struct Reply: Verdict {
      public enum Status: String, Word {
        case accepted = "Accepted", rejected = "Rejected", rebootRequired = "RebootRequired"
        case notSupported = "NotSupported"
      }

      public var status = Loose<Status>.known(.rejected)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      /// RebootRequired is a yes: the value is kept and counts after the next reboot.
      public var refusal: String? {
        switch status.word {
        case .accepted, .rebootRequired: nil
        case .rejected, .notSupported, nil: status.text
        }
      }
    }
  }

  public struct GetConfiguration: Message {
    public static let action = "GetConfiguration"
    /// All keys where it is absent.
    public var key: [String]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("key", &key, max: 50) }

    public struct Reply: Verdict {
      public var configurationKey: [KeyValue]?, unknownKey: [String]?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("configurationKey", &configurationKey)
        try w.visit("unknownKey", &unknownKey, max: 50)
      }

      public var refusal: String? { nil }
    }

    public struct KeyValue: Payload {
      public var key = "", readonly = false, value: String?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("key", &key, max: 50)
        try w.visit("readonly", &readonly)
        try w.visit("value", &value, max: 500)
      }
    }
  }
}

// MARK: - TriggerMessage (§5.17)

extension V16 {
  public struct TriggerMessage: Message {
    public static let action = "TriggerMessage"
    public enum Requested: String, Word {
      case bootNotification = "BootNotification", diagnostics = "DiagnosticsStatusNotification"
      case firmware = "FirmwareStatusNotification", heartbeat = "Heartbeat", meterValues = "MeterValues"
      case statusNotification = "StatusNotification"
    }

    public var requestedMessage = Requested.bootNotification, connectorId: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("requestedMessage", &requestedMessage)
      try w.visit("connectorId", &connectorId, 1...)
    }

    public struct Reply: Verdict {
      public enum Status: String, Word {
        case accepted = "Accepted", rejected = "Rejected", notImplemented = "NotImplemented"
      }

      public var status = Loose<Status>.known(.rejected)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      public var refusal: String? { status.word == .accepted ? nil : status.text }
    }
  }
}

// MARK: - ChargingProfile (§7.8), as RemoteStartTransaction carries it

extension V16 {
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
