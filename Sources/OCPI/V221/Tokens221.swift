import Domain
import Wire

extension V221 {
  /// A driver's means to charge (§12.3.2).
  public struct Token: Payload {
    public var country = ""
    public var party = ""
    public var uid = ""
    /// A word that we do not know is read as OTHER.
    public var kind = TokenType.other
    public var contractID = ""
    public var visualNumber: String?
    public var issuer = ""
    public var groupID: String?
    public var isValid = false
    /// A word that we do not know is read as NEVER: then its owner is asked each time.
    public var whitelist = Whitelist.never
    public var language: String?
    public var preference: ChargingPreferences.Kind?
    public var updatedAt = Timestamp.epoch

    public enum Whitelist: String, Word {
      case always = "ALWAYS", allowed = "ALLOWED", allowedOffline = "ALLOWED_OFFLINE", never = "NEVER"
    }

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("country_code", &country, max: 2)
      try w.visit("party_id", &party, max: 3)
      try w.visit("uid", &uid, max: 36)
      try w.visit("type", &kind)
      try w.visit("contract_id", &contractID, max: 36)
      try w.visit("visual_number", &visualNumber, max: 64, cut: true)
      try w.visit("issuer", &issuer, max: 64, cut: true)
      try w.visit("group_id", &groupID, max: 36)
      try w.visit("valid", &isValid)
      try w.visit("whitelist", &whitelist)
      try w.visit("language", &language, max: 2)
      try w.visit("default_profile_type", &preference)
      try w.visit("last_updated", &updatedAt)
    }
  }

  public enum TokenType: String, Word {
    case other = "OTHER", rfid = "RFID", appUser = "APP_USER", adHocUser = "AD_HOC_USER"
    /// A plug-and-charge contract.
    case emaid = "EMAID"

    public var since: Edition { self == .emaid ? .v230 : .first }
  }

  /// The part of a token that sessions and CDRs keep (§10.4.5).
  public struct CdrToken: Payload {
    public var country = ""
    public var party = ""
    public var uid = ""
    public var kind = TokenType.other
    public var contractID = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("country_code", &country, max: 2)
      try w.visit("party_id", &party, max: 3)
      try w.visit("uid", &uid, max: 36)
      try w.visit("type", &kind)
      try w.visit("contract_id", &contractID, max: 36)
    }
  }

  /// Where somebody wants to charge (§12.4.3).
  public struct LocationReferences: Payload {
    public var location = ""
    public var evses: [String]?

    public init() {}

    public init(location: String, evses: [String]?) { (self.location, self.evses) = (location, evses) }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("location_id", &location, max: 36)
      try w.visit("evse_uids", &evses, max: 36)
    }
  }

  /// The answer to a real-time authorization (§12.3.1).
  public struct AuthorizationInfo: Payload {
    public var allowed = Allowed.notAllowed
    public var token = Token()
    public var location: LocationReferences?
    public var authorizationReference: String?
    public var info: DisplayText?

    public enum Allowed: String, Word {
      case notAllowed = "NOT_ALLOWED", allowed = "ALLOWED", blocked = "BLOCKED", expired = "EXPIRED"
      case noCredit = "NO_CREDIT"
    }

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("allowed", &allowed)
      try w.visit("token", &token)
      try w.visit("location", &location)
      try w.visit("authorization_reference", &authorizationReference, max: 36)
      try w.visit("info", &info)
    }
  }
}

// MARK: - From the house and back

extension V221.Token {
  init(_ token: Domain.Token, party name: PartyID, _ edition: Edition) {
    country = name.country
    party = name.party
    uid = token.uid
    kind = V221.TokenType(token.kind, edition)
    contractID = token.contractID
    visualNumber = token.visualNumber?.nonEmpty
    issuer = token.issuer
    groupID = token.groupID?.nonEmpty
    isValid = token.isValidAbroad
    whitelist =
      switch token.whitelist {
      case .always: .always
      case .allowed: .allowed
      case .allowedOffline: .allowedOffline
      case .never: .never
      }
    language = token.language?.nonEmpty
    preference = token.preference
    updatedAt = token.updatedAt
  }

  /// The token as the house keeps it; its number and its owner are the house's to give.
  public var plain: Domain.Token {
    let whitelist: Domain.Token.Whitelist =
      switch whitelist {
      case .always: .always
      case .allowed: .allowed
      case .allowedOffline: .allowedOffline
      case .never: .never
      }
    return Domain.Token(
      id: ID(0), uid: uid, kind: kind.plain, contractID: contractID, visualNumber: visualNumber, issuer: issuer,
      groupID: groupID, isValid: isValid, whitelist: whitelist, language: language,
      preference: preference, createdAt: updatedAt, updatedAt: updatedAt)
  }

  public var key: TokenKey { TokenKey(party: PartyID(country: country, party: party), uid: uid, kind: kind.plain) }
}

extension V221.TokenType {
  init(_ kind: Domain.Token.Kind, _ edition: Edition) {
    switch kind {
    case .emaid where edition >= .v230: self = .emaid
    case .rfid: self = .rfid
    case .appUser: self = .appUser
    case .adHocUser: self = .adHocUser
    // There are no words for the rest.
    case .other, .keyCode, .emaid, .macAddress, .evccid, .vin: self = .other
    }
  }

  var plain: Domain.Token.Kind {
    switch self {
    case .rfid: .rfid
    case .appUser: .appUser
    case .adHocUser: .adHocUser
    case .emaid: .emaid
    case .other: .other
    }
  }
}

extension V221.CdrToken {
  init(_ token: TokenReference, _ edition: Edition) {
    country = token.country
    party = token.party
    uid = token.uid
    kind = V221.TokenType(token.kind, edition)
    contractID = token.contractID
  }
}

extension V221.AuthorizationInfo.Allowed {
  var plain: PartnerAuthorization.Allowed {
    switch self {
    case .allowed: .allowed
    case .blocked: .blocked
    case .expired: .expired
    case .noCredit: .noCredit
    case .notAllowed: .notAllowed
    }
  }
}
