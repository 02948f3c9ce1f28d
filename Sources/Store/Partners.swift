import Domain
import Wire

/// What an inbound token is for.
nonisolated public enum TokenPurpose: String, Word {
  /// Token A: good for one registration.
  case registration
  /// Token C: what a registered partner calls with.
  case credentials
}

/// Something odd about a partner, or something that its version cannot hear from us.
nonisolated public struct PartnerNote: Sendable, Equatable {
  public let what: String
  public let count: Int
  public let sample: String?
  public let lastAt: Timestamp
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
          last_contact_at, created_at, updated_at, publishing, provider)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        """,
        new.name, new.party, new.state.rawValue, new.versionsURL, new.version, new.storedEndpoints, new.outboundToken,
        new.quirks.stored, new.lastContactAt, new.createdAt, new.updatedAt, new.publishing.stored,
        new.provider))
    let roles = new.roles.map { PartnerRegistration.Role(name: $0.name, role: $0.role, businessName: $0.businessName) }
    partner.roles = try replaceRoles(of: partner.id, by: roles, at: new.createdAt)
    return partner
  }

  /// Its roles and the time of its last contact are written by verbs of their own.
  public func update(_ partner: Partner) throws(StoreFault) {
    try db.run(
      """
      UPDATE partner SET name = ?2, party = ?3, state = ?4, versions_url = ?5, version = ?6, endpoints = ?7,
        outbound_token = ?8, quirks = ?9, updated_at = ?10, publishing = ?11, provider = ?12
      WHERE id = ?1
      """,
      partner.id, partner.name, partner.party, partner.state.rawValue, partner.versionsURL, partner.version,
      partner.storedEndpoints, partner.outboundToken, partner.quirks.stored, partner.updatedAt,
      partner.publishing.stored, partner.provider)
  }

  /// With its roles, its tokens, and the drivers' tokens that it gave us. Sessions and CDRs stay.
  public func remove(_ id: ID<Partner>) throws(StoreFault) { try db.run("DELETE FROM partner WHERE id = ?1", id) }

  /// It called, or answered.
  public func touchContact(_ id: ID<Partner>, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE partner SET last_contact_at = max(coalesce(last_contact_at, 0), ?2) WHERE id = ?1", id, now)
  }

  /// All that must be known to send it something.
  public func terms(of id: ID<Partner>) throws(StoreFault) -> PartnerTerms? {
    let parties = Parties(db: db)
    guard let partner = try partner(id), let party = try parties.party(partner.party) else { return nil }
    let all = partner.publishing.allParties == true ? try parties.all() : []
    let provider = try partner.provider.flatMap { id throws(StoreFault) in try parties.party(id) }
    return PartnerTerms(
      partner: partner, ourParty: party, parties: [party] + all.filter { $0.id != party.id && $0.role == .cpo },
      provider: provider)
  }

  // MARK: Notes

  /// Evidence of something, counted. True where it is the first of its kind.
  @discardableResult
  public func note(
    _ what: String, sample: String?, of partner: ID<Partner>, at now: Timestamp
  ) throws(StoreFault) -> Bool {
    let known: Int? = try db.value("SELECT count(*) FROM partner_note WHERE partner = ?1", partner)
    let kind = (known ?? 0) < Limits.notesPerPartner ? what : "more than is listed"
    let count: Int? = try db.value(
      """
      INSERT INTO partner_note (partner, what, count, sample, last_at) VALUES (?1, ?2, 1, ?3, ?4)
      ON CONFLICT (partner, what) DO UPDATE SET count = count + 1, sample = excluded.sample, last_at = excluded.last_at
      RETURNING count
      """, partner, String(kind.prefix(Limits.oddityCharacters)),
      sample.map { String($0.prefix(Limits.oddityCharacters)) },
      now)
    return count == 1
  }

  /// What was noted of a partner, the newest first.
  public func notes(of partner: ID<Partner>) throws(StoreFault) -> [PartnerNote] {
    try db.rows("SELECT * FROM partner_note WHERE partner = ?1 ORDER BY last_at DESC, what", partner) {
      (row) throws(StoreFault) in
      try PartnerNote(
        what: row.get("what"), count: row.get("count"), sample: row.get("sample"), lastAt: row.get("last_at"))
    }
  }

  // MARK: Roles

  public func role(_ id: ID<PartnerRole>) throws(StoreFault) -> PartnerRole? {
    try db.first("SELECT * FROM partner_role WHERE id = ?1", id, as: PartnerRole.init(row:))
  }

  /// Whether somebody pays for what a role's drivers charge: its partner's relationship stands, and it names that party.
  public func pays(_ id: ID<PartnerRole>) throws(StoreFault) -> Bool {
    let found: Int? = try db.value(
      """
      SELECT EXISTS (
        SELECT 1 FROM partner_role JOIN partner ON partner.id = partner_role.partner
        WHERE partner_role.id = ?1 AND left_at IS NULL AND partner.state IN ('registered', 'paused'))
      """, id)
    return found == 1
  }

  /// The party of that name behind a partner; as an EMSP where it has several roles.
  public func role(_ name: PartyID, of partner: ID<Partner>) throws(StoreFault) -> PartnerRole? {
    try db.first(
      """
      SELECT * FROM partner_role WHERE partner = ?1 AND country = ?2 AND party = ?3 AND left_at IS NULL
      ORDER BY role <> 'EMSP', id
      """, partner, name.country, name.party, as: PartnerRole.init(row:))
  }

  public func roles(of partner: ID<Partner>) throws(StoreFault) -> [PartnerRole] {
    try db.rows(
      "SELECT * FROM partner_role WHERE partner = ?1 AND left_at IS NULL ORDER BY id", partner,
      as: PartnerRole.init(row:))
  }

  /// Whose drivers have tokens: all but operators and hubs.
  private static func hasDrivers(_ role: String) -> Bool { !["CPO", "HUB"].contains(role) }

  /// Writes down what a partner said of itself. A role that it had before keeps its id, and with it its drivers'
  /// tokens; so does one that it calls otherwise now, and one that it names no longer while there are tokens of it.
  @discardableResult
  public func replaceRoles(
    of partner: ID<Partner>, by roles: [PartnerRegistration.Role], at now: Timestamp
  ) throws(StoreFault) -> [PartnerRole] {
    let before = try self.roles(of: partner)
    for role in roles {
      let known: Int? = try db.value(
        "SELECT id FROM partner_role WHERE partner = ?1 AND country = ?2 AND party = ?3 AND role = ?4", partner,
        role.name.country, role.name.party, role.role)
      guard known == nil,
        let same = before.first(where: { held in
          held.name == role.name && Self.hasDrivers(held.role) && Self.hasDrivers(role.role)
            && !roles.contains { $0.name == held.name && $0.role == held.role }
        })
      else { continue }
      try db.run("UPDATE OR IGNORE partner_role SET role = ?2 WHERE id = ?1", same.id, role.role)
    }
    for role in roles {
      try db.run(
        """
        INSERT INTO partner_role (partner, country, party, role, business_name) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (partner, country, party, role) DO UPDATE SET business_name = excluded.business_name, behind_hub = 0,
          left_at = NULL
        """, partner, role.name.country, role.name.party, role.role, role.businessName)
    }
    let named = try db.rows(
      "SELECT * FROM partner_role WHERE partner = ?1 AND NOT behind_hub AND left_at IS NULL", partner,
      as: PartnerRole.init(row:))
    for held in named
    where !roles.contains(where: { $0.name == held.name && $0.role == held.role }) {
      let isKept = try db.run(
        """
        UPDATE partner_role SET left_at = ?2
        WHERE id = ?1 AND EXISTS (SELECT 1 FROM token INDEXED BY token_owner WHERE owner = ?1)
        """, held.id, now)
      if isKept == 0 { try db.run("DELETE FROM partner_role WHERE id = ?1", held.id) }
    }
    return try self.roles(of: partner)
  }

  /// A party that was met behind a hub. It stays when the hub's credentials, which do not name it, are exchanged.
  @discardableResult
  public func meet(_ name: PartyID, as role: String, behind hub: ID<Partner>) throws(StoreFault) -> PartnerRole {
    try db.run(
      """
      INSERT INTO partner_role (partner, country, party, role, business_name, behind_hub) VALUES (?1, ?2, ?3, ?4, ?5, 1)
      ON CONFLICT (partner, country, party, role) DO UPDATE SET left_at = NULL WHERE left_at IS NOT NULL
      """, hub, name.country, name.party, role, name.description)
    guard let met = try self.role(name, of: hub) else { throw .missing("party \(name) behind partner \(hub)") }
    return met
  }

  public func metCount(behind hub: ID<Partner>) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM partner_role WHERE partner = ?1 AND behind_hub", hub) ?? 0
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
    for endpoint in stored.array ?? [] {
      endpoints.append(try row.cell("endpoints").payload(WrittenText(endpoint.bytes)))
    }
    try self.init(
      id: row.get("id"), name: row.get("name"), party: row.get("party"), provider: row.get("provider"),
      state: row.word("state"),
      versionsURL: row.get("versions_url"), version: row.get("version"), endpoints: endpoints,
      outboundToken: row.get("outbound_token"), quirks: row.payload("quirks"), publishing: row.payload("publishing"),
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
