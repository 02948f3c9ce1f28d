import Crypto
import Domain
import Wire

/// A session of one of our drivers at another network.
nonisolated public struct KeptRoamingSession: Sendable {
  public let id: ID<RoamingSession>
  public let key: RoamingKey
  public let token: ID<Token>?
  public let uid: String
  public let contract: String
  public let location: String?
  public let evse: String?
  public let connector: String?
  public let status: String
  public let reference: String?
  public let startedAt: Timestamp
  public let endedAt: Timestamp?
  public let energy: Energy
  public let currency: String
  public let cost: Price?
  /// What its charging comes to, as the operator of the station told it last.
  public let plan: ChargingProfile.Schedule?
  public let body: JSON
  public let updatedAt: Timestamp
}

/// What another network wants to be paid, with what the house thinks of it.
nonisolated public struct KeptRoamingCDR: Sendable {
  public let id: ID<RoamingCDR>
  public let key: RoamingKey
  public let session: String?
  public let token: ID<Token>?
  public let uid: String
  public let contract: String
  public let location: String?
  public let isCredit: Bool
  public let credits: String?
  public let creditedBy: String?
  public let startedAt: Timestamp
  public let endedAt: Timestamp
  public let energy: Energy
  public let currency: String
  public let cost: Price
  public let doubts: [CDRDoubt]
  public let note: String?
  public let settledAt: Timestamp?
  public let body: JSON
  public let digest: String
  public let conflicts: Int
  public let receivedAt: Timestamp
}

/// By what lists of them can be sorted, as the API names it.
nonisolated public enum RoamingSessionColumn: String, Word {
  case ref, token, location, partner, status, startedAt = "started_at", endedAt = "ended_at", energy = "energy_kwh",
    cost
}

nonisolated public enum RoamingCDRColumn: String, Word {
  case ref, token, location, partner, startedAt = "started_at", endedAt = "ended_at", energy = "energy_kwh", cost
}

/// What our drivers did at other networks, and what it costs.
nonisolated public struct RoamingUses {
  let db: Database

  // MARK: Sessions

  public func session(_ id: ID<RoamingSession>) throws(StoreFault) -> KeptRoamingSession? {
    try db.first("SELECT * FROM roaming_session WHERE id = ?1", id, as: KeptRoamingSession.init(row:))
  }

  public func session(_ key: RoamingKey) throws(StoreFault) -> KeptRoamingSession? {
    try db.first(
      "SELECT * FROM roaming_session WHERE partner = ?1 AND country = ?2 AND party = ?3 AND ref = ?4",
      key.partner, key.party.country, key.party.party, key.ref, as: KeptRoamingSession.init(row:))
  }

  /// By its id alone, which is unique at its operator; of several behind one partner the newest.
  public func session(_ ref: String, at partner: ID<Partner>) throws(StoreFault) -> KeptRoamingSession? {
    try db.first(
      "SELECT * FROM roaming_session WHERE partner = ?1 AND ref = ?2 ORDER BY id DESC LIMIT 1", partner, ref,
      as: KeptRoamingSession.init(row:))
  }

  public func setPlan(_ schedule: ChargingProfile.Schedule, of id: ID<RoamingSession>) throws(StoreFault) {
    try db.run("UPDATE roaming_session SET plan = ?2 WHERE id = ?1", id, schedule.stored)
  }

  /// The newest first, before a cursor.
  public func sessions(
    of partner: ID<Partner>? = nil, open: Bool = false, before cursor: ID<RoamingSession>? = nil, limit: Int
  ) throws(StoreFault) -> [KeptRoamingSession] {
    try db.rows(
      """
      SELECT * FROM roaming_session
      WHERE id < ?1 AND (?2 IS NULL OR partner = ?2) AND (NOT ?3 OR status NOT IN ('COMPLETED', 'INVALID'))
      ORDER BY id DESC LIMIT ?4
      """, cursor?.value ?? .max, partner, open, Limits.page(limit), as: KeptRoamingSession.init(row:))
  }

  /// In another order; nil where the filter leaves too many.
  public func sessions(
    of partner: ID<Partner>?, open: Bool, by order: Sorting<RoamingSessionColumn>, limit: Int
  ) throws(StoreFault) -> [Ranked<KeptRoamingSession>]? {
    try db.ranks(
      """
      WITH found (number, value) AS MATERIALIZED (
        SELECT id, coalesce(
          CASE ?1
            WHEN 'ref' THEN ref
            WHEN 'token' THEN lower(uid)
            WHEN 'location' THEN lower(location)
            WHEN 'partner' THEN (SELECT lower(name) FROM partner WHERE id = roaming_session.partner)
            WHEN 'status' THEN status
            WHEN 'started_at' THEN started_at
            WHEN 'ended_at' THEN ended_at
            WHEN 'energy_kwh' THEN energy
            WHEN 'cost' THEN cost END,
          -9223372036854775807)
        FROM roaming_session
        WHERE (?7 IS NULL OR partner = ?7) AND (NOT ?8 OR status NOT IN ('COMPLETED', 'INVALID'))
        LIMIT ?6)
      """, by: order, limit: limit, partner, open
    )?.items { (number) throws(StoreFault) in try session(ID(number)) }
  }

  /// Keeps what was told; what is older than what we have, or the same, changes nothing.
  public func put(
    _ session: RoamingSession, of partner: ID<Partner>, token: ID<Token>?, at now: Timestamp
  ) throws(StoreFault) -> RoamingPut {
    let held = try self.session(RoamingKey(partner: partner, party: session.party, ref: session.ref))
    if let held, session.updatedAt < held.updatedAt || session.raw == held.body { return .unchanged }
    try db.run(
      """
      INSERT INTO roaming_session (partner, country, party, ref, token, uid, contract, location, evse, connector, status,
        reference, started_at, ended_at, energy, currency, cost, cost_taxed, body, created_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
      ON CONFLICT (partner, country, party, ref) DO UPDATE SET
        token = coalesce(excluded.token, token), uid = excluded.uid, contract = excluded.contract,
        location = excluded.location, evse = excluded.evse, connector = excluded.connector, status = excluded.status,
        reference = excluded.reference, started_at = excluded.started_at, ended_at = excluded.ended_at,
        energy = excluded.energy, currency = excluded.currency, cost = excluded.cost, cost_taxed = excluded.cost_taxed,
        body = excluded.body, updated_at = excluded.updated_at
      """,
      partner, session.party.country, session.party.party, session.ref, token, session.token.uid,
      session.token.contractID, session.location, session.evse, session.connector, session.status,
      session.authorizationReference, session.startedAt, session.endedAt, session.energy, session.currency,
      session.cost?.beforeTax, session.cost?.afterTax, session.raw, now, session.updatedAt)
    return held == nil ? .created : .replaced
  }

  public func pruneSessions(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM roaming_session WHERE id IN (SELECT id FROM roaming_session ORDER BY id LIMIT ?2)
          AND created_at < ?1
        """, time, Limits.prunedAtOnce))
  }

  // MARK: CDRs

  public func cdr(_ id: ID<RoamingCDR>) throws(StoreFault) -> KeptRoamingCDR? {
    try db.first("SELECT * FROM roaming_cdr WHERE id = ?1", id, as: KeptRoamingCDR.init(row:))
  }

  public func cdr(_ key: RoamingKey) throws(StoreFault) -> KeptRoamingCDR? {
    try db.first(
      "SELECT * FROM roaming_cdr WHERE partner = ?1 AND country = ?2 AND party = ?3 AND ref = ?4",
      key.partner, key.party.country, key.party.party, key.ref, as: KeptRoamingCDR.init(row:))
  }

  /// A CDR of a session that nobody took back.
  public func cdr(ofSession session: String, of partner: ID<Partner>) throws(StoreFault) -> KeptRoamingCDR? {
    try db.first(
      """
      SELECT * FROM roaming_cdr
      WHERE partner = ?1 AND session = ?2 AND NOT is_credit AND credited_by IS NULL ORDER BY id
      """, partner, session, as: KeptRoamingCDR.init(row:))
  }

  /// The newest first, before a cursor.
  public func cdrs(
    of partner: ID<Partner>? = nil, doubtful: Bool = false, from: Timestamp? = nil, to: Timestamp? = nil,
    before cursor: ID<RoamingCDR>? = nil, limit: Int
  ) throws(StoreFault) -> [KeptRoamingCDR] {
    if doubtful {
      return try db.rows(
        """
        SELECT * FROM roaming_cdr INDEXED BY roaming_cdr_doubtful
        WHERE doubts <> '[]' AND settled_at IS NULL AND id < ?1 AND (?2 IS NULL OR partner = ?2)
          AND (?3 IS NULL OR ended_at >= ?3) AND (?4 IS NULL OR ended_at < ?4)
        ORDER BY id DESC LIMIT ?5
        """, cursor?.value ?? .max, partner, from, to, Limits.page(limit), as: KeptRoamingCDR.init(row:))
    }
    return try db.rows(
      """
      SELECT * FROM roaming_cdr
      WHERE id < ?1 AND (?2 IS NULL OR partner = ?2)
        AND (?3 IS NULL OR ended_at >= ?3) AND (?4 IS NULL OR ended_at < ?4)
      ORDER BY id DESC LIMIT ?5
      """, cursor?.value ?? .max, partner, from, to, Limits.page(limit), as: KeptRoamingCDR.init(row:))
  }

  /// In another order; nil where the filter leaves too many.
  public func cdrs(
    of partner: ID<Partner>?, doubtful: Bool, from: Timestamp?, to: Timestamp?, by order: Sorting<RoamingCDRColumn>,
    limit: Int
  ) throws(StoreFault) -> [Ranked<KeptRoamingCDR>]? {
    try db.ranks(
      """
      WITH found (number, value) AS MATERIALIZED (
        SELECT id, coalesce(
          CASE ?1
            WHEN 'ref' THEN ref
            WHEN 'token' THEN lower(uid)
            WHEN 'location' THEN lower(location)
            WHEN 'partner' THEN (SELECT lower(name) FROM partner WHERE id = roaming_cdr.partner)
            WHEN 'started_at' THEN started_at
            WHEN 'ended_at' THEN ended_at
            WHEN 'energy_kwh' THEN energy
            WHEN 'cost' THEN cost END,
          -9223372036854775807)
        FROM roaming_cdr
        WHERE (NOT ?7 OR (doubts <> '[]' AND settled_at IS NULL)) AND (?8 IS NULL OR partner = ?8)
          AND (?9 IS NULL OR ended_at >= ?9) AND (?10 IS NULL OR ended_at < ?10)
        LIMIT ?6)
      """, by: order, limit: limit, doubtful, partner, from, to
    )?.items { (number) throws(StoreFault) in try cdr(ID(number)) }
  }

  /// Keeps a new one, which nothing changes any more.
  public func insert(
    _ cdr: RoamingCDR, of partner: ID<Partner>, token: ID<Token>?, doubts: [CDRDoubt], at now: Timestamp
  ) throws(StoreFault) -> ID<RoamingCDR> {
    let id = ID<RoamingCDR>(
      try db.insert(
        """
        INSERT INTO roaming_cdr (partner, country, party, ref, session, token, uid, contract, location, is_credit,
          credits, started_at, ended_at, energy, currency, cost, cost_taxed, doubts, body, digest, received_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
        """,
        partner, cdr.party.country, cdr.party.party, cdr.ref, cdr.session, token, cdr.token.uid, cdr.token.contractID,
        cdr.location, cdr.isCredit, cdr.creditReference, cdr.startedAt, cdr.endedAt, cdr.energy, cdr.currency,
        cdr.cost.beforeTax, cdr.cost.afterTax, JSON.array(doubts.map(\.json)), cdr.raw, Self.digest(cdr), now))
    if cdr.isCredit, let credited = cdr.creditReference {
      try db.run(
        """
        UPDATE roaming_cdr SET credited_by = ?5
        WHERE partner = ?1 AND country = ?2 AND party = ?3 AND ref = ?4 AND credited_by IS NULL
        """, partner, cdr.party.country, cdr.party.party, credited, cdr.ref)
    }
    return id
  }

  /// Another content came under its id.
  public func noteConflict(_ id: ID<RoamingCDR>) throws(StoreFault) {
    try db.run("UPDATE roaming_cdr SET conflicts = conflicts + 1 WHERE id = ?1", id)
  }

  /// The operator looked at its doubts. False where there are none that wait.
  public func settle(_ id: ID<RoamingCDR>, note: String, at now: Timestamp) throws(StoreFault) -> Bool {
    try db.run(
      "UPDATE roaming_cdr SET note = ?2, settled_at = ?3 WHERE id = ?1 AND doubts <> '[]' AND settled_at IS NULL",
      id, note, now) > 0
  }

  public func pruneCDRs(endedBefore time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM roaming_cdr WHERE id IN (SELECT id FROM roaming_cdr WHERE ended_at < ?1 LIMIT ?2)",
        time, Limits.prunedAtOnce))
  }

  /// SHA-256 of what it says: two writings of the same are the same.
  public static func digest(_ cdr: RoamingCDR) -> String { SHA256.digest(cdr.raw.bytes).hex }

  // MARK: Authorizations that we gave

  public func remember(
    _ reference: String, of token: Token, for partner: ID<Partner>, location: String?, at now: Timestamp
  ) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO roaming_authorization (reference, partner, token, uid, location, created_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      """, reference, partner, token.id, token.uid, location, now)
  }

  /// The token for which a partner got that reference.
  public func authorized(_ reference: String, for partner: ID<Partner>) throws(StoreFault) -> ID<Token>? {
    try db.first(
      "SELECT token FROM roaming_authorization WHERE reference = ?1 AND partner = ?2", reference, partner
    ) { (row) throws(StoreFault) in try row.get("token") }
  }

  public func pruneAuthorizations(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM roaming_authorization WHERE reference IN (
          SELECT reference FROM roaming_authorization WHERE created_at < ?1 LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }
}

nonisolated extension KeptRoamingSession {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    key = try RoamingKey(row: row)
    token = try row.get("token")
    uid = try row.get("uid")
    contract = try row.get("contract")
    location = try row.get("location")
    evse = try row.get("evse")
    connector = try row.get("connector")
    status = try row.get("status")
    reference = try row.get("reference")
    startedAt = try row.get("started_at")
    endedAt = try row.get("ended_at")
    energy = try row.get("energy")
    currency = try row.get("currency")
    let before: Money? = try row.get("cost")
    let after: Money? = try row.get("cost_taxed")
    cost = before.map { Price(beforeTax: $0, afterTax: after) }
    plan = try row.maybePayload("plan")
    body = try row.get("body")
    updatedAt = try row.get("updated_at")
  }
}

nonisolated extension KeptRoamingCDR {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    key = try RoamingKey(row: row)
    session = try row.get("session")
    token = try row.get("token")
    uid = try row.get("uid")
    contract = try row.get("contract")
    location = try row.get("location")
    isCredit = try row.get("is_credit")
    credits = try row.get("credits")
    creditedBy = try row.get("credited_by")
    startedAt = try row.get("started_at")
    endedAt = try row.get("ended_at")
    energy = try row.get("energy")
    currency = try row.get("currency")
    cost = Price(beforeTax: try row.get("cost"), afterTax: try row.get("cost_taxed"))
    let told: JSON = try row.get("doubts")
    var doubts: [CDRDoubt] = []
    for doubt in told.array ?? [] { doubts.append(try row.cell("doubts").payload(WrittenText(doubt.bytes))) }
    self.doubts = doubts
    note = try row.get("note")
    settledAt = try row.get("settled_at")
    body = try row.get("body")
    digest = try row.get("digest")
    conflicts = try row.get("conflicts")
    receivedAt = try row.get("received_at")
  }
}
