import Domain
import Wire

/// A session whose charging a partner plans.
nonisolated public struct PlannedSession: Sendable, Equatable {
  public var session: String
  public var partner: ID<Partner>
  /// The number under which the station has the partner's profile; nil once it was cleared.
  public var profile: Int64?
  /// What the partner was told last.
  public var told: ChargingProfile.Schedule?

  public init(session: String, partner: ID<Partner>, profile: Int64? = nil, told: ChargingProfile.Schedule? = nil) {
    (self.session, self.partner, self.profile, self.told) = (session, partner, profile, told)
  }
}

/// What partners wish for their drivers' sessions, and what hubs and payment providers told.
nonisolated public struct PartnerDuties {
  let db: Database

  // MARK: How drivers want to be charged

  public func preferences(of session: String) throws(StoreFault) -> ChargingPreferences? {
    try db.first("SELECT body FROM charging_preference WHERE session = ?1", session) { (row) throws(StoreFault) in
      try row.payload("body")
    }
  }

  public func keep(
    _ preferences: ChargingPreferences, of session: String, at now: Timestamp
  ) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO charging_preference (session, body, updated_at) VALUES (?1, ?2, ?3)
      ON CONFLICT (session) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at
      """, session, preferences.stored, now)
  }

  // MARK: Plans

  public func plan(of session: String) throws(StoreFault) -> PlannedSession? {
    try db.first("SELECT * FROM planned_session WHERE session = ?1", session) { (row) throws(StoreFault) in
      try PlannedSession(
        session: row.get("session"), partner: row.get("partner"), profile: row.get("profile"),
        told: row.maybePayload("told"))
    }
  }

  public func keep(_ plan: PlannedSession, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO planned_session (session, partner, profile, told, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT (session) DO UPDATE SET partner = excluded.partner, profile = excluded.profile, told = excluded.told,
        updated_at = excluded.updated_at
      """, plan.session, plan.partner, plan.profile, plan.told?.stored, now)
  }

  /// Plans and preferences of sessions that are long over.
  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    var removed = 0
    removed += try db.run(
      """
      DELETE FROM planned_session WHERE session IN (
        SELECT session FROM planned_session WHERE updated_at < ?1 LIMIT ?2)
      """, time, Limits.prunedAtOnce)
    removed += try db.run(
      """
      DELETE FROM charging_preference WHERE session IN (
        SELECT session FROM charging_preference WHERE updated_at < ?1 LIMIT ?2)
      """, time, Limits.prunedAtOnce)
    return Pruned(removed: removed)
  }

  // MARK: Parties behind a hub

  public func client(_ name: PartyID, of hub: ID<Partner>) throws(StoreFault) -> HubClient? {
    try db.first(
      "SELECT * FROM hub_client WHERE partner = ?1 AND country = ?2 AND party = ?3", hub, name.country, name.party,
      as: HubClient.init(row:))
  }

  public func clients(of hub: ID<Partner>) throws(StoreFault) -> [HubClient] {
    try db.rows("SELECT * FROM hub_client WHERE partner = ?1 ORDER BY country, party", hub, as: HubClient.init(row:))
  }

  public func clientCount(of hub: ID<Partner>) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM hub_client WHERE partner = ?1", hub) ?? 0
  }

  /// True where it is new. What is older than what we hold changes nothing.
  public func keep(_ client: HubClient, of hub: ID<Partner>) throws(StoreFault) -> Bool {
    let isNew = try self.client(client.name, of: hub) == nil
    try db.run(
      """
      INSERT INTO hub_client (partner, country, party, role, status, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT (partner, country, party) DO UPDATE SET role = excluded.role, status = excluded.status,
        updated_at = excluded.updated_at
      WHERE excluded.updated_at >= hub_client.updated_at
      """, hub, client.name.country, client.name.party, client.role, client.status.rawValue, client.updatedAt)
    return isNew
  }

  // MARK: Payments

  public func terminal(_ id: String, of partner: ID<Partner>) throws(StoreFault) -> Terminal? {
    try db.first("SELECT body FROM terminal WHERE partner = ?1 AND id = ?2", partner, id) { (row) throws(StoreFault) in
      try row.payload("body")
    }
  }

  public func terminals(of partner: ID<Partner>) throws(StoreFault) -> [Terminal] {
    try db.rows(
      "SELECT body FROM terminal WHERE partner = ?1 ORDER BY id LIMIT ?2", partner, Limits.pageRows
    ) { (row) throws(StoreFault) in try row.payload("body") }
  }

  public func terminalCount(of partner: ID<Partner>) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM terminal WHERE partner = ?1", partner) ?? 0
  }

  /// True where it is new.
  public func keep(_ terminal: Terminal, of partner: ID<Partner>) throws(StoreFault) -> Bool {
    let isNew = try self.terminal(terminal.id, of: partner) == nil
    try db.run(
      """
      INSERT INTO terminal (partner, id, body, updated_at) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (partner, id) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at
      WHERE excluded.updated_at >= terminal.updated_at
      """, partner, terminal.id, terminal.stored, terminal.updatedAt)
    return isNew
  }

  public func advice(_ id: String, of partner: ID<Partner>) throws(StoreFault) -> FinancialAdvice? {
    try db.first(
      "SELECT body FROM financial_advice WHERE partner = ?1 AND id = ?2", partner, id
    ) { (row) throws(StoreFault) in try row.payload("body") }
  }

  /// True where it is new.
  public func keep(
    _ advice: FinancialAdvice, of partner: ID<Partner>, session: String?
  ) throws(StoreFault) -> Bool {
    let isNew = try self.advice(advice.id, of: partner) == nil
    try db.run(
      """
      INSERT INTO financial_advice (partner, id, session, body, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT (partner, id) DO UPDATE SET session = coalesce(excluded.session, session), body = excluded.body,
        updated_at = excluded.updated_at
      WHERE excluded.updated_at >= financial_advice.updated_at
      """, partner, advice.id, session, advice.stored, advice.updatedAt)
    return isNew
  }

  /// Forgets what was told before.
  public func pruneAdvices(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM financial_advice WHERE (partner, id) IN (
          SELECT partner, id FROM financial_advice WHERE updated_at < ?1 LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }

  /// What payment providers captured for a session.
  public func advices(of session: String) throws(StoreFault) -> [FinancialAdvice] {
    try db.rows("SELECT body FROM financial_advice WHERE session = ?1 ORDER BY updated_at, id", session) {
      (row) throws(StoreFault) in try row.payload("body")
    }
  }
}

nonisolated extension HubClient {
  init(row: Row) throws(StoreFault) {
    self.init()
    (country, party) = try (row.get("country"), row.get("party"))
    (role, status, updatedAt) = try (row.get("role"), row.word("status"), row.get("updated_at"))
  }
}
