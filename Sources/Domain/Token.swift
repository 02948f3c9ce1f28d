import Wire

/// What a driver shows to charge: a card, an app user, a one-off customer. Ours, or one that a partner gave us.
public struct Token: Sendable, Equatable {
  public enum Kind: String, Word {
    case rfid = "RFID", appUser = "APP_USER", adHocUser = "AD_HOC_USER", other = "OTHER"
    // Our own ones beside OCPI's: what a station of OCPP 2.x can be shown.
    /// A PIN.
    case keyCode = "KEY_CODE"
    /// A plug-and-charge contract.
    case emaid = "EMAID"
    /// A vehicle by its hardware address: Autocharge.
    case macAddress = "MAC_ADDRESS"
    case evccid = "EVCCID", vin = "VIN"
  }
  /// When the owner wants to be asked (OCPI 2.2.1 §12.4.4).
  public enum Whitelist: String, Word {
    case always = "ALWAYS", allowed = "ALLOWED", allowedOffline = "ALLOWED_OFFLINE", never = "NEVER"
  }

  public var id: ID<Token>
  /// The partner role that issued it; nil for our own.
  public var owner: ID<PartnerRole>?
  /// Kept as received; compared by `foldedUID`.
  public var uid: String
  public var kind: Kind
  public var contractID: String
  public var visualNumber: String?
  public var issuer: String
  /// Tokens of one group stop each other's sessions.
  public var groupID: String?
  public var isValid: Bool
  public var whitelist: Whitelist
  public var language: String?
  public var validUntil: Timestamp?
  /// What is left of it, where it was paid for before (OCPP 2.1 C17), in the house's currency; nil: billed afterwards.
  public var credit: Money?
  /// -9 to 9: who gets power first where there is too little (OCPP 2.0.1 IdTokenInfoType); nil where it is ordinary.
  public var priority: Int?
  public static let priorities = -9...9
  /// How many sessions it may have at once; nil: any number.
  public var sessionsAtOnce: Int?
  /// Where it may charge; nil: everywhere.
  public var places: [TokenPlace]?
  /// How its driver wants to be charged where nothing else was said; nil: as everybody.
  public var preference: ChargingPreferences.Kind?
  /// The ways in which it may charge at our stations; nil: all.
  public var transfers: [EnergyTransfer]?
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    id: ID<Token>, owner: ID<PartnerRole>? = nil, uid: String, kind: Kind, contractID: String,
    visualNumber: String? = nil,
    issuer: String, groupID: String? = nil, isValid: Bool = true, whitelist: Whitelist = .always,
    language: String? = nil,
    validUntil: Timestamp? = nil, credit: Money? = nil, priority: Int? = nil, sessionsAtOnce: Int? = nil,
    places: [TokenPlace]? = nil, preference: ChargingPreferences.Kind? = nil, transfers: [EnergyTransfer]? = nil,
    createdAt: Timestamp, updatedAt: Timestamp
  ) {
    self.preference = preference
    self.credit = credit
    self.priority = priority
    self.sessionsAtOnce = sessionsAtOnce
    self.places = places
    self.transfers = transfers
    self.id = id
    self.owner = owner
    self.uid = uid
    self.kind = kind
    self.contractID = contractID
    self.visualNumber = visualNumber
    self.issuer = issuer
    self.groupID = groupID
    self.isValid = isValid
    self.whitelist = whitelist
    self.language = language
    self.validUntil = validUntil
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }

  /// The uid as it is compared: without spaces at its ends or between hex pairs, in lower case.
  public var foldedUID: String { Self.fold(uid) }

  public static func fold(_ uid: String) -> String {
    // Each message of a session asks for it several times.
    var folded: [UInt8] = []
    folded.reserveCapacity(uid.utf8.count)
    for byte in uid.utf8 where byte != UInt8(ascii: " ") {
      folded.append((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte)
    }
    return String(decoding: folded, as: UTF8.self)
  }

  public func isUsable(at now: Timestamp) -> Bool { isValid && (validUntil.map { now < $0 } ?? true) }
}

/// The part of a token that a session and its CDR keep for good (OCPI 2.2.1 §10.4.5 CdrToken).
public struct TokenReference: Payload {
  public var country = ""
  public var party = ""
  public var uid = ""
  public var kind = Token.Kind.rfid
  public var contractID = ""

  public init() {}

  public init(party: PartyID, uid: String, kind: Token.Kind, contractID: String) {
    (self.country, self.party, self.uid, self.kind, self.contractID) = (
      party.country, party.party, uid, kind, contractID
    )
  }

  /// The party whose driver it is.
  public var owner: PartyID { PartyID(country: country, party: party) }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("country_code", &country, max: 2)
    try w.visit("party_id", &party, max: 3)
    try w.visit("uid", &uid, max: 36)
    try w.visit("type", &kind)
    try w.visit("contract_id", &contractID, max: 36)
  }
}
