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
  /// Which of our parties it deals with: the operator of stations, or, where it knows us as a provider only, that one.
  public var party: ID<Party>
  /// The provider of drivers among our parties that it deals with; nil where it knows us as an operator only.
  public var provider: ID<Party>?
  public var state: State
  public var versionsURL: String?
  /// The OCPI version agreed on, such as `2.2.1`.
  public var version: String?
  public var endpoints: [Endpoint]
  public var roles: [PartnerRole]
  /// What we send as `Authorization: Token`, in clear because it must be sent; the file is 0600.
  public var outboundToken: String?
  public var quirks: PartnerQuirks
  public var publishing: PublishingRules
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
    id: ID<Partner>, name: String, party: ID<Party>, provider: ID<Party>? = nil, state: State,
    versionsURL: String? = nil, version: String? = nil,
    endpoints: [Endpoint] = [], roles: [PartnerRole] = [], outboundToken: String? = nil,
    quirks: PartnerQuirks = PartnerQuirks(), publishing: PublishingRules = PublishingRules(),
    lastContactAt: Timestamp? = nil, createdAt: Timestamp, updatedAt: Timestamp
  ) {
    self.id = id
    self.name = name
    self.party = party
    self.provider = provider
    self.state = state
    self.versionsURL = versionsURL
    self.version = version
    self.endpoints = endpoints
    self.roles = roles
    self.outboundToken = outboundToken
    self.quirks = quirks
    self.publishing = publishing
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

/// What one partner needs done differently. The form of the token and the way through pages are learned where that is
/// safe.
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
  /// Its links to the next page lead nowhere, in circles or elsewhere: lists are asked for by offset.
  public var pagesByOffset: Bool?
  /// Minutes between two pulls of its lists; 0: it is never pulled. Absent: as the house pulls.
  public var pullMinutes: Int?
  /// Pushes of ours that it takes in a minute; absent: as fast as it answers.
  public var requestsPerMinute: Int?
  /// Speak this version with it; absent is the highest that both have.
  public var version: String?
  /// What it is, where its version does not say it (2.1.1); absent: as its addresses say.
  public var side: Side?

  /// Told of invoice reconciliation, which OCPI 2.3.0 has since its second edition: readers of the first take its name for
  /// an error. Absent: where the partner has it too.
  public var reconcilesInvoices: Bool?

  /// Told of bookings, whose module stands in no table of OCPI 2.3.0. Absent: where the partner has it too.
  public var takesBookings: Bool?

  /// Told of payments, whose module stands in no table of OCPI 2.3.0 either. Absent: it is, because whoever has terminals
  /// must find where to send them.
  public var takesPayments: Bool?

  /// An operator of stations, a provider of drivers, or both.
  public enum Side: String, Word { case cpo = "CPO", emsp = "EMSP", both = "BOTH" }

  public enum TokenForm: String, Word { case base64, raw }

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("token_form", &tokenForm)
    try w.visit("allow_private", &allowPrivate)
    try w.visit("ask_unknown_tokens", &askUnknownTokens)
    try w.visit("explicit_nulls", &explicitNulls)
    try w.visit("pages_by_offset", &pagesByOffset)
    try w.visit("pull_minutes", &pullMinutes, 0...Limits.pullMinutes)
    try w.visit("requests_per_minute", &requestsPerMinute, 1...Limits.requestsPerMinute)
    try w.visit("version", &version, max: 10)
    try w.visit("side", &side)
    try w.visit("reconciles_invoices", &reconcilesInvoices)
    try w.visit("takes_bookings", &takesBookings)
    try w.visit("takes_payments", &takesPayments)
  }
}

/// What of ours a partner sees. What is not named is seen.
public struct PublishingRules: Payload {
  /// It deals with all our parties that run stations, not with its own alone.
  public var allParties: Bool?
  /// Only these locations and tariffs, by their refs.
  public var onlyLocations: [String]?
  public var onlyTariffs: [String]?
  /// All but these.
  public var hiddenLocations: [String]?
  public var hiddenTariffs: [String]?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("all_parties", &allParties)
    try w.visit("only_locations", &onlyLocations, max: 36, count: 0...Limits.publishedRefs)
    try w.visit("only_tariffs", &onlyTariffs, max: 36, count: 0...Limits.publishedRefs)
    try w.visit("hidden_locations", &hiddenLocations, max: 36, count: 0...Limits.publishedRefs)
    try w.visit("hidden_tariffs", &hiddenTariffs, max: 36, count: 0...Limits.publishedRefs)
  }

  public func shows(location ref: String) -> Bool { Self.shows(ref, only: onlyLocations, but: hiddenLocations) }
  public func shows(tariff ref: String) -> Bool { Self.shows(ref, only: onlyTariffs, but: hiddenTariffs) }

  private static func shows(_ ref: String, only: [String]?, but hidden: [String]?) -> Bool {
    let name = ref.ciFolded
    func names(_ list: [String]) -> Bool { list.contains { $0.ciFolded == name } }
    return (only.map(names) ?? true) && !(hidden.map(names) ?? false)
  }
}

/// All that the OCPI room must know of a partner to send it something, taken at one moment.
public struct PartnerTerms: Sendable, Equatable {
  public var partner: Partner
  /// The party that it dealt with first.
  public var ourParty: Party
  /// All of ours that run stations and that it deals with; the first is `ourParty`.
  public var parties: [Party]
  /// Who of us provides the drivers, where the partner deals with that one too.
  public var provider: Party?

  public init(partner: Partner, ourParty: Party, parties: [Party]? = nil, provider: Party? = nil) {
    (self.partner, self.ourParty, self.provider) = (partner, ourParty, provider)
    self.parties = parties ?? [ourParty]
  }

  /// Whether the partner knows us as an operator of stations.
  public var isOperated: Bool { ourParty.role == .cpo }

  /// All that we are to it; what it is told in our credentials.
  public var ourParties: [Party] { isOperated ? parties + (provider.map { [$0] } ?? []) : [provider ?? ourParty] }

  /// Whether the partner speaks for an operator of stations of that name. A hub speaks for whoever is behind it.
  public func speaks(for party: PartyID) -> Bool {
    guard party != ourParty.name, party != provider?.name else { return false }
    return partner.roles.contains { $0.name == party || $0.role == "HUB" }
  }

  /// Whether a party stands behind the partner, in whatever role; behind a hub anybody may.
  public func isPartner(_ party: PartyID) -> Bool { hub != nil || partner.roles.contains { $0.name == party } }

  /// The hub that it is, or through which it speaks; nil where it is no hub.
  public var hub: PartyID? { partner.roles.first { $0.role == "HUB" }?.name }

  /// The URL of a module at the partner, for the interface that it implements (`SENDER` or `RECEIVER`).
  public func endpoint(_ module: String, role: String) -> String? {
    partner.endpoints.first { $0.module == module && ($0.role == nil || $0.role == role) }?.url
  }
}
