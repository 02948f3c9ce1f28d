// OCPP 2.x: who asks to charge, what he may do, and what he is told.

import Wire

// MARK: - Tokens

extension V2 {
  /// What somebody identified himself with.
  public struct IdToken: Payload {
    public enum Kind: String, Word {
      case central = "Central", eMAID, iso14443 = "ISO14443", iso15693 = "ISO15693", keyCode = "KeyCode"
      case local = "Local", macAddress = "MacAddress", noAuthorization = "NoAuthorization"
    }

    public var additionalInfo: [AdditionalInfo]?
    /// Letter case does not count.
    public var idToken = ""
    public var type = OpenWord.known(Kind.iso14443)

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("additionalInfo", &additionalInfo, count: 1...)
      try w.visit("idToken", &idToken, max: w.limit(36, v21: 255))
      try w.visit("type", &type)
    }
  }

  /// A further identifier beside a token, as a licence plate or a card number, of a kind that operators agree on.
  public struct AdditionalInfo: Payload {
    public var additionalIdToken = "", type = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("additionalIdToken", &additionalIdToken, max: w.limit(36, v21: 255))
      try w.visit("type", &type, max: 50)
    }
  }

  /// What a station learns about a token.
  public struct IdTokenInfo: Payload {
    public enum Status: String, Word {
      case accepted = "Accepted", blocked = "Blocked", concurrentTx = "ConcurrentTx", expired = "Expired"
      case invalid = "Invalid", noCredit = "NoCredit", notAllowedTypeEVSE = "NotAllowedTypeEVSE"
      case notAtThisLocation = "NotAtThisLocation", notAtThisTime = "NotAtThisTime", unknown = "Unknown"
    }

    public var status = Status.unknown
    /// When the station forgets this answer, if its cache does not do so before.
    public var cacheExpiryDateTime: Timestamp?
    /// -9 to 9, 0 is ordinary; it counts for stations that share power.
    public var chargingPriority: Int?
    /// RFC 5646, preferred first.
    public var language1: String?
    /// The EVSEs that the token may use where it may not use all.
    public var evseId: [Int]?
    public var groupIdToken: IdToken?, language2: String?, personalMessage: MessageContent?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("status", &status)
      try w.visit("cacheExpiryDateTime", &cacheExpiryDateTime)
      try w.visit("chargingPriority", &chargingPriority)
      try w.visit("language1", &language1, max: 8)
      try w.visit("evseId", &evseId, w.natural, count: 1...)
      try w.visit("groupIdToken", &groupIdToken)
      try w.visit("language2", &language2, max: 8)
      try w.visit("personalMessage", &personalMessage)
    }
  }
}

// MARK: - Messages to people

extension V2 {
  /// A text for the display of a station.
  public struct MessageContent: Payload {
    public enum Format: String, Word {
      case ascii = "ASCII", html = "HTML", uri = "URI", utf8 = "UTF8", qrCode = "QRCODE"

      public var since: Edition {
        self == .qrCode ? .v21 : .first
      }
    }

    public var format = Loose<Format>.known(.utf8)
    /// RFC 5646.
    public var language: String?
    public var content = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("format", &format)
      try w.visit("language", &language, max: 8)
      try w.visit("content", &content, max: w.limit(512, v21: 1024))
    }
  }
}
