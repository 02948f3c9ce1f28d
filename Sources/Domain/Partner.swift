import Wire

/// One roaming relationship: the credentials of one OCPI connection and what we know of the system at its other end.
public struct Partner: Sendable, Equatable {
  public enum State: String, Word {
    /// We made a token A and wait for the partner to register, or we are about to register with theirs.
    case invited
    case registered
    /// Registered, but the operator holds all pushes.
    case paused
    case unregistered
  }

  public var id: ID<Partner>
  public var name: String
  /// Which of our parties it deals with.
  public var party: ID<Party>
  public var state: State
  public var versionsURL: String?
  /// The OCPI version agreed on, such as `2.2.1`.
  public var version: String?
  public var endpoints: [Endpoint]
  public var roles: [PartnerRole]
  /// What we send as `Authorization: Token`, in clear because it must be sent; the file is 0600.
  public var outboundToken: String?
  public var quirks: PartnerQuirks
  public var lastContactAt: Timestamp?
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  /// A module's URL at the partner, used literally.
  public struct Endpoint: Payload {
    public var module = ""
    public var role: String?
    public var url = ""

    public init() {}

    public init(module: String, role: String?, url: String) { (self.module, self.role, self.url) = (module, role, url) }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("identifier", &module, max: 50)
      try w.visit("role", &role, max: 10)
      try w.visit("url", &url, max: 255)
    }
  }

  public init(
    id: ID<Partner>, name: String, party: ID<Party>, state: State, versionsURL: String? = nil, version: String? = nil,
    endpoints: [Endpoint] = [], roles: [PartnerRole] = [], outboundToken: String? = nil,
    quirks: PartnerQuirks = PartnerQuirks(),
    lastContactAt: Timestamp? = nil, createdAt: Timestamp, updatedAt: Timestamp
  ) {
    self.id = id
    self.name = name
    self.party = party
    self.state = state
    self.versionsURL = versionsURL
    self.version = version
    self.endpoints = endpoints
    self.roles = roles
    self.outboundToken = outboundToken
    self.quirks = quirks
    self.lastContactAt = lastContactAt
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }
}

/// A party behind a partner: tokens, commands and CDRs are its.
public struct PartnerRole: Sendable, Equatable {
  public var id: ID<PartnerRole>
  public var partner: ID<Partner>
  public var name: PartyID
  /// As OCPI spells it: CPO, EMSP, HUB, NSP, NAP, SCSP, OTHER.
  public var role: String
  public var businessName: String

  public init(id: ID<PartnerRole>, partner: ID<Partner>, name: PartyID, role: String, businessName: String) {
    (self.id, self.partner, self.name, self.role, self.businessName) = (id, partner, name, role, businessName)
  }
}

/// What one partner needs done differently. The first two are learned where that is safe.
public struct PartnerQuirks: Payload {
  /// How the token stands in the Authorization header: `base64` as the specification says, or `raw`; absent is base64
  /// out and either in, with the other tried once after a 401.
  public var tokenForm: TokenForm?
  /// Its URLs may lie in private or loopback networks.
  public var allowPrivate: Bool?
  /// Ask it in real time about tokens that we do not hold.
  public var askUnknownTokens: Bool?
  /// Send null for optional fields that have no value.
  public var explicitNulls: Bool?

  public enum TokenForm: String, Word { case base64, raw }

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("token_form", &tokenForm)
    try w.visit("allow_private", &allowPrivate)
    try w.visit("ask_unknown_tokens", &askUnknownTokens)
    try w.visit("explicit_nulls", &explicitNulls)
  }
}

/// All that the OCPI room must know of a partner to send it something, taken at one moment.
public struct PartnerTerms: Sendable, Equatable {
  public var partner: Partner
  public var ourParty: Party

  public init(partner: Partner, ourParty: Party) { (self.partner, self.ourParty) = (partner, ourParty) }

  /// The URL of a module at the partner, for the interface that it implements (`SENDER` or `RECEIVER`).
  public func endpoint(_ module: String, role: String) -> String? {
    partner.endpoints.first { $0.module == module && ($0.role == nil || $0.role == role) }?.url
  }
}
