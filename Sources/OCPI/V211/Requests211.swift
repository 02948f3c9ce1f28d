import Domain
import Wire

extension V211 {
  /// A driver's means to charge (mod_tokens §3.2).
  public struct Token: Payload {
    public var uid = ""
    public var kind = Kind.other
    public var authID = ""
    public var visualNumber: String?
    public var issuer = ""
    public var isValid = false
    /// A word that we do not know is read as NEVER: then its owner is asked each time.
    public var whitelist = V221.Token.Whitelist.never
    public var language: String?
    public var updatedAt = Timestamp.epoch

    public enum Kind: String, Word { case other = "OTHER", rfid = "RFID" }

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("uid", &uid, max: 36)
      try w.visit("type", &kind)
      try w.visit("auth_id", &authID, max: 36)
      try w.visit("visual_number", &visualNumber, max: 64, cut: true)
      try w.visit("issuer", &issuer, max: 64, cut: true)
      try w.visit("valid", &isValid)
      try w.visit("whitelist", &whitelist)
      try w.visit("language", &language, max: 2)
      try w.visit("last_updated", &updatedAt)
    }
  }

  /// How to reach a platform and who is behind it (credentials §4.1): one party.
  public struct Credentials: Payload {
    public var token = ""
    public var url = ""
    public var business = Company()
    public var party = ""
    public var country = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("token", &token, max: 64)
      try w.visit("url", &url, max: 255)
      try w.visit("business_details", &business)
      try w.visit("party_id", &party, max: 3)
      try w.visit("country_code", &country, max: 2)
    }
  }

  /// Where somebody wants to charge (mod_tokens §4.2).
  public struct LocationReferences: Payload {
    public var location = ""
    public var evses: [String]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("location_id", &location, max: 39)
      try w.visit("evse_uids", &evses, max: 39)
    }
  }

  /// What we say of a command at once, and later again (mod_commands §3.1).
  public struct CommandResponse: Payload {
    public var result = Result.rejected

    public enum Result: String, Word {
      case notSupported = "NOT_SUPPORTED", rejected = "REJECTED", accepted = "ACCEPTED", timeout = "TIMEOUT"
      case unknownSession = "UNKNOWN_SESSION"
    }

    public init() {}

    init(_ result: Result) { self.result = result }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("result", &result) }
  }

  /// Please start a session for this token (mod_commands §3.3).
  public struct StartSession: Payload {
    public var responseURL = ""
    public var token = Token()
    public var location = ""
    public var evse: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("response_url", &responseURL, max: 255)
      try w.visit("token", &token)
      try w.visit("location_id", &location, max: 39)
      try w.visit("evse_uid", &evse, max: 39)
    }
  }

  /// Please hold an EVSE for this token (mod_commands §3.2).
  public struct ReserveNow: Payload {
    public var responseURL = ""
    public var token = Token()
    public var expiresAt = Timestamp.epoch
    public var reservation = 0
    public var location = ""
    public var evse: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("response_url", &responseURL, max: 255)
      try w.visit("token", &token)
      try w.visit("expiry_date", &expiresAt)
      try w.visit("reservation_id", &reservation)
      try w.visit("location_id", &location, max: 39)
      try w.visit("evse_uid", &evse, max: 39)
    }
  }

  /// Please let go of the plug (mod_commands §3.5).
  public struct UnlockConnector: Payload {
    public var responseURL = ""
    public var location = ""
    public var evse = ""
    public var connector = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("response_url", &responseURL, max: 255)
      try w.visit("location_id", &location, max: 39)
      try w.visit("evse_uid", &evse, max: 39)
      try w.visit("connector_id", &connector, max: 36)
    }
  }
}

// MARK: - From the house and back

extension V211.Token {
  init(_ token: Domain.Token) {
    (uid, kind, authID) = (token.uid, token.kind == .rfid ? .rfid : .other, token.contractID)
    (visualNumber, issuer, isValid) = (token.visualNumber?.nonEmpty, token.issuer, token.isValidAbroad)
    whitelist = V221.Token.Whitelist(rawValue: token.whitelist.rawValue) ?? .never
    (language, updatedAt) = (token.language?.nonEmpty, token.updatedAt)
  }

  /// The token as the house keeps it; its number and its owner are the house's to give.
  var plain: Domain.Token {
    Domain.Token(
      id: ID(0), uid: uid, kind: kind == .rfid ? .rfid : .other, contractID: authID, visualNumber: visualNumber,
      issuer: issuer, isValid: isValid,
      whitelist: Domain.Token.Whitelist(rawValue: whitelist.rawValue) ?? .never, language: language,
      createdAt: updatedAt, updatedAt: updatedAt)
  }
}

extension V211.CommandResponse.Result {
  init(_ answer: CommandAnswer) {
    switch answer {
    case .accepted: self = .accepted
    case .rejected: self = .rejected
    case .notSupported: self = .notSupported
    case .unknownSession: self = .unknownSession
    }
  }

  init(_ outcome: CommandResult) {
    switch outcome {
    case .accepted: self = .accepted
    case .timeout: self = .timeout
    case .notSupported: self = .notSupported
    case .evseOccupied, .evseInoperative, .failed, .rejected, .canceledReservation, .unknownReservation:
      self = .rejected
    }
  }
}
