// OCPP 1.6 Core: what the house asks of a station.

import Domain
import Wire

extension V16 {
  /// What the house sends by the Core profile.
  static let coreCalls: [any Message.Type] = [
    RemoteStartTransaction.self, RemoteStopTransaction.self, Reset.self, ClearCache.self, UnlockConnector.self,
    ChangeAvailability.self, ChangeConfiguration.self, GetConfiguration.self, DataTransfer.self,
  ]
}

// MARK: - RemoteStartTransaction (§5.11) and RemoteStopTransaction (§5.12)

extension V16 {
  /// Start for this tag, at a connector or at any.
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

  /// End this transaction.
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

extension V16 {
  static func remoteStart(_ start: RemoteStart) throws(Unspeakable) -> CommandRequest {
    var call = RemoteStartTransaction()
    call.connectorId = start.evse
    call.idTag = start.tag
    call.chargingProfile = try start.profile.map { asked throws(Unspeakable) in
      try ChargingProfile(asked.profile, number: asked.number)
    }
    return try CommandRequest(call, .v16)
  }

  static func remoteStop(_ transaction: TransactionName) throws(Unspeakable) -> CommandRequest {
    var call = RemoteStopTransaction()
    switch transaction {
    case .number(let number): call.transactionId = number
    case .text(let text):
      guard let number = Int64(text) else {
        throw Unspeakable("OCPP 1.6 numbers its transactions: \(text) is no number")
      }
      call.transactionId = number
    }
    return try CommandRequest(call, .v16)
  }
}

// MARK: - Reset (§5.14), ClearCache (§5.4)

extension V16 {
  /// Start anew, in order or at once.
  public struct Reset: Message {
    public static let action = "Reset"
    public enum Kind: String, Word { case hard = "Hard", soft = "Soft" }

    public var type = Kind.soft

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("type", &type) }

    public typealias Reply = YesOrNo
  }

  /// Forget which tags were good.
  public struct ClearCache: Message {
    public static let action = "ClearCache"

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {}

    public typealias Reply = YesOrNo
  }
}

extension V16 {
  static func reset(_ kind: StationCommand.Reset, evse: Int?) throws(Unspeakable) -> CommandRequest {
    guard evse == nil else { throw Unspeakable("OCPP 1.6 resets a whole station, not one of its EVSEs") }
    var call = Reset()
    switch kind {
    case .soft: call.type = .soft
    case .hard: call.type = .hard
    case .resume: throw Unspeakable("sessions that go on after a reset came with OCPP 2.1")
    }
    return try CommandRequest(call, .v16)
  }
}

// MARK: - UnlockConnector (§5.18), ChangeAvailability (§5.2)

extension V16 {
  /// Let go of the cable.
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

  /// Be in service, or out of it from the end of the transaction on.
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

extension V16 {
  static func unlock(evse: Int) throws(Unspeakable) -> CommandRequest {
    var call = UnlockConnector()
    call.connectorId = evse
    return try CommandRequest(call, .v16)
  }

  static func setAvailability(evse: Int, operative: Bool) throws(Unspeakable) -> CommandRequest {
    var call = ChangeAvailability()
    call.connectorId = evse
    call.type = operative ? .operative : .inoperative
    return try CommandRequest(call, .v16)
  }
}

// MARK: - ChangeConfiguration (§5.3), GetConfiguration (§5.8)

extension V16 {
  /// Set one setting.
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

  /// Tell some settings, or all.
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

    /// A setting and its value (§7.29).
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
