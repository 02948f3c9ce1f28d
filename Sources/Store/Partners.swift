import Domain
import Wire

/// What an inbound token is for.
nonisolated public enum TokenPurpose: String, Word {
  /// Token A: good for one registration.
  case registration
  /// Token C: what a registered partner calls with.
  case credentials
}

/// Our roaming partners, the parties behind them, and the tokens by which they prove who they are.
nonisolated public struct Partners {
  let db: Database

  public func partner(_ id: ID<Partner>) throws(StoreFault) -> Partner? {
    try withRoles(db.rows("SELECT * FROM partner WHERE id = ?1", id, as: Partner.init(row:))).first
  }

  public func all() throws(StoreFault) -> [Partner] {
    try withRoles(db.rows("SELECT * FROM partner ORDER BY id", as: Partner.init(row:)))
  }

  /// Keeps a new one with its roles; ids are given here.
  @discardableResult
  public func create(_ new: Partner) throws(StoreFault) -> Partner {
    var partner = new
    partner.id = ID(
      try db.insert(
        """
        INSERT INTO partner (name, party, state, versions_url, version, endpoints, outbound_token, quirks,
          last_contact_at, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        """,
        new.name, new.party, new.state.rawValue, new.versionsURL, new.version, new.storedEndpoints, new.outboundToken,
        new.quirks.stored, new.lastContactAt, new.createdAt, new.updatedAt))
    let roles = new.roles.map { PartnerRegistration.Role(name: $0.name, role: $0.role, businessName: $0.businessName) }
    partner.roles = try replaceRoles(of: partner.id, by: roles)
    return partner
  }

  /// Its roles and the time of its last contact are written by verbs of their own.
  public func update(_ partner: Partner) throws(StoreFault) {
    try db.run(
      """
      UPDATE partner SET name = ?2, party = ?3, state = ?4, versions_url = ?5, version = ?6, endpoints = ?7,
        outbound_token = ?8, quirks = ?9, updated_at = ?10
      WHERE id = ?1
      """,
      partner.id, partner.name, partner.party, partner.state.rawValue, partner.versionsURL, partner.version,
      partner.storedEndpoints, partner.outboundToken, partner.quirks.stored, partner.updatedAt)
  }

  /// With its roles, its tokens, and the drivers' tokens that it gave us. Sessions and CDRs stay.
  public func remove(_ id: ID<Partner>) throws(StoreFault) { try db.run("DELETE FROM partner WHERE id = ?1", id) }

  /// It called, or answered.
  public func touchContact(_ id: ID<Partner>, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE partner SET last_contact_at = max(coalesce(last_contact_at, 0), ?2) WHERE id = ?1", id, now)
  }

  /// All that must be known to send it something.
  public func terms(of id: ID<Partner>) throws(StoreFault) -> PartnerTerms? {
    guard let partner = try partner(id), let party = try Parties(db: db).party(partner.party) else { return nil }
    return PartnerTerms(partner: partner, ourParty: party)
  }

  // MARK: Roles

  public func role(_ id: ID<PartnerRole>) throws(StoreFault) -> PartnerRole? {
    try db.first("SELECT * FROM partner_role WHERE id = ?1", id, as: PartnerRole.init(row:))
  }

  /// The party of that name behind a partner; as an EMSP where it has several roles.
  public func role(_ name: PartyID, of partner: ID<Partner>) throws(StoreFault) -> PartnerRole? {
    try db.first(
      """
      SELECT * FROM partner_role WHERE partner = ?1 AND country = ?2 AND party = ?3 ORDER BY role <> 'EMSP', id
      """, partner, name.country, name.party, as: PartnerRole.init(row:))
  }

  public func roles(of partner: ID<Partner>) throws(StoreFault) -> [PartnerRole] {
    try db.rows("SELECT * FROM partner_role WHERE partner = ?1 ORDER BY id", partner, as: PartnerRole.init(row:))
  }

  /// Writes down what a partner said of itself. A role that it had before keeps its id, and with it its drivers'
  /// tokens.
  @discardableResult
  public func replaceRoles(
    of partner: ID<Partner>, by roles: [PartnerRegistration.Role]
  ) throws(StoreFault) -> [PartnerRole] {
    for role in roles {
      try db.run(
        """
        INSERT INTO partner_role (partner, country, party, role, business_name) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (partner, country, party, role) DO UPDATE SET business_name = excluded.business_name
        """, partner, role.name.country, role.name.party, role.role, role.businessName)
    }
    for held in try self.roles(of: partner)
    where !roles.contains(where: { $0.name == held.name && $0.role == held.role }) {
      try db.run("DELETE FROM partner_role WHERE id = ?1", held.id)
    }
    return try self.roles(of: partner)
  }

  private func withRoles(_ partners: [Partner]) throws(StoreFault) -> [Partner] {
    var whole = partners
    for index in whole.indices { whole[index].roles = try roles(of: whole[index].id) }
    return whole
  }

  // MARK: Tokens with which partners call us

  /// Keeps the digest of a token; the token itself is never kept.
  public func addDigest(
    _ digest: String, of partner: ID<Partner>, for purpose: TokenPurpose, at now: Timestamp
  ) throws(StoreFault) {
    try db.run(
      "INSERT INTO partner_token (digest, partner, purpose, created_at) VALUES (?1, ?2, ?3, ?4)",
      digest, partner, purpose.rawValue, now)
  }

  /// Whose token it is, and what for.
  public func partner(forDigest digest: String) throws(StoreFault) -> (partner: ID<Partner>, purpose: TokenPurpose)? {
    try db.first("SELECT partner, purpose FROM partner_token WHERE digest = ?1", digest) { (row) throws(StoreFault) in
      try (row.get("partner"), row.word("purpose"))
    }
  }

  /// Its newer token was used: the older ones are good no longer. Only tokens that are older than the one that was used
  /// end, so that a request which was under way with the old one does not end the new one. How many ended.
  @discardableResult
  public func endDigests(of partner: ID<Partner>, olderThan digest: String) throws(StoreFault) -> Int {
    try db.run(
      """
      DELETE FROM partner_token WHERE partner = ?1 AND digest <> ?2
        AND created_at < (SELECT created_at FROM partner_token WHERE digest = ?2)
      """, partner, digest)
  }

  /// Ends all but one, or all.
  public func endDigests(of partner: ID<Partner>, keeping digest: String? = nil) throws(StoreFault) {
    try db.run("DELETE FROM partner_token WHERE partner = ?1 AND (?2 IS NULL OR digest <> ?2)", partner, digest)
  }
}

nonisolated extension Partner {
  var storedEndpoints: JSON { .array(endpoints.map(\.json)) }

  /// Without its roles.
  init(row: Row) throws(StoreFault) {
    let stored: JSON = try row.get("endpoints")
    var endpoints: [Endpoint] = []
    for endpoint in stored.array ?? [] { endpoints.append(try row.cell("endpoints").payload(endpoint.text)) }
    try self.init(
      id: row.get("id"), name: row.get("name"), party: row.get("party"), state: row.word("state"),
      versionsURL: row.get("versions_url"), version: row.get("version"), endpoints: endpoints,
      outboundToken: row.get("outbound_token"), quirks: row.payload("quirks"),
      lastContactAt: row.get("last_contact_at"), createdAt: row.get("created_at"), updatedAt: row.get("updated_at"))
  }
}

nonisolated extension PartnerRole {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), partner: row.get("partner"),
      name: PartyID(country: row.get("country"), party: row.get("party")),
      role: row.get("role"), businessName: row.get("business_name"))
  }
}
