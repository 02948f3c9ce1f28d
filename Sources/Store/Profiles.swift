import Domain
import Wire

/// The charging profiles of stations, and what the stations say that they come to.
nonisolated public struct Profiles {
  let db: Database

  public func profile(_ number: Int64, at station: ID<Station>) throws(StoreFault) -> KeptProfile? {
    try db.first(
      "SELECT * FROM charging_profile WHERE number = ?1 AND station = ?2", number, station, as: KeptProfile.init(row:))
  }

  public func open(of station: ID<Station>) throws(StoreFault) -> [KeptProfile] {
    try db.rows(
      "SELECT * FROM charging_profile WHERE station = ?1 AND state IN ('asked', 'in_force') ORDER BY number", station,
      as: KeptProfile.init(row:))
  }

  public func due(at now: Timestamp, limit: Int) throws(StoreFault) -> [KeptProfile] {
    try db.rows(
      "SELECT * FROM charging_profile WHERE due_at <= ?1 ORDER BY due_at, number LIMIT ?2", now, limit,
      as: KeptProfile.init(row:))
  }

  /// Those whose session or whose time has ended.
  public func ended(at now: Timestamp, limit: Int) throws(StoreFault) -> [KeptProfile] {
    try db.rows(
      """
      SELECT * FROM charging_profile
      WHERE state IN ('asked', 'in_force') AND valid_to IS NOT NULL AND valid_to <= ?1
      UNION
      SELECT * FROM charging_profile
      WHERE state IN ('asked', 'in_force') AND session IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM session WHERE session.id = charging_profile.session AND session.state IN ('active', 'pending'))
      LIMIT ?2
      """, now, limit, as: KeptProfile.init(row:))
  }

  /// The station is back. By the words of the index of those that are open: it is asked at each arrival.
  public func hurry(_ station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      UPDATE charging_profile SET due_at = ?2
      WHERE station = ?1 AND state IN ('asked', 'in_force') AND state = 'asked'
      """, station, now)
  }

  /// The newest first, before a cursor.
  public func list(
    at station: ID<Station>, isOpen: Bool? = nil, before cursor: Int64? = nil, limit: Int
  ) throws(StoreFault) -> [KeptProfile] {
    try db.rows(
      """
      SELECT * FROM charging_profile
      WHERE station = ?1 AND (?2 IS NULL OR (state IN ('asked', 'in_force')) = ?2) AND number < ?3
      ORDER BY number DESC LIMIT ?4
      """, station, isOpen, cursor ?? .max, Limits.page(limit), as: KeptProfile.init(row:))
  }

  /// Keeps a new one; its number is given here.
  /// - Parameter floor: it is higher than this.
  public func create(_ new: KeptProfile, above floor: Int64 = 0) throws(StoreFault) -> KeptProfile {
    var profile = new
    profile.number = try db.insert(
      """
      INSERT INTO charging_profile (station, evse, profile, state, answer, instead_of, command, attempts, origin, due_at,
        created_at, updated_at, session, valid_to, number)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,
        (SELECT ?15 + 1 WHERE ?15 > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'charging_profile'), 0)))
      """, new.station, new.evse, new.profile.stored, new.state.rawValue, new.answer, new.insteadOf, new.command,
      new.attempts, new.origin, new.dueAt, new.createdAt, new.updatedAt, new.session, new.profile.validTo, floor)
    return profile
  }

  public func save(_ profile: KeptProfile) throws(StoreFault) {
    try db.run(
      """
      UPDATE charging_profile SET profile = ?2, state = ?3, answer = ?4, command = ?5, attempts = ?6, origin = ?7,
        due_at = ?8, updated_at = ?9, valid_to = ?10, evse = ?11
      WHERE number = ?1
      """, profile.number, profile.profile.stored, profile.state.rawValue, profile.answer, profile.command,
      profile.attempts, profile.origin, profile.dueAt, profile.updatedAt, profile.profile.validTo, profile.evse)
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM charging_profile WHERE number IN (
          SELECT number FROM charging_profile WHERE updated_at < ?1 AND state NOT IN ('asked', 'in_force') LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }

  // MARK: What they come to

  public func keep(_ composite: CompositeSchedule, of station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO composite_schedule (station, evse, body, read_at) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (station, evse) DO UPDATE SET body = excluded.body, read_at = excluded.read_at
      """, station, composite.evse, composite.stored, now)
  }

  // MARK: What stations tell

  public func keep(_ notice: ChargingNotice) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO charging_notice (station, evse, kind, source, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT (station, evse, kind, source) DO UPDATE SET body = excluded.body, at = excluded.at
      """, notice.station, notice.evse, notice.kind.rawValue, notice.source, notice.body, notice.at)
    try db.run(
      """
      DELETE FROM charging_notice WHERE station = ?1 AND (evse, kind, source) IN (
        SELECT evse, kind, source FROM charging_notice WHERE station = ?1 ORDER BY at DESC LIMIT -1 OFFSET ?2)
      """, notice.station, Limits.noticesPerStation)
  }

  /// That of one EVSE, or of all.
  public func forgetNotice(
    _ kind: ChargingNotice.Kind, of station: ID<Station>, evse: Int?, source: String
  ) throws(StoreFault) {
    try db.run(
      "DELETE FROM charging_notice WHERE station = ?1 AND kind = ?2 AND source = ?3 AND (?4 IS NULL OR evse = ?4)",
      station, kind.rawValue, source, evse)
  }

  public func notices(of station: ID<Station>) throws(StoreFault) -> [ChargingNotice] {
    try db.rows("SELECT * FROM charging_notice WHERE station = ?1 ORDER BY kind, evse, source", station) {
      (row) throws(StoreFault) in
      try ChargingNotice(
        station: row.get("station"), evse: row.get("evse"), kind: row.word("kind"), source: row.get("source"),
        body: row.get("body"), at: row.get("at"))
    }
  }

  /// What the vehicle of a session said that it needs.
  public func needs(of session: String, at station: ID<Station>) throws(StoreFault) -> ChargingNeeds? {
    let told = try notices(of: station).first { $0.kind == .needs && ChargingNeeds.session(of: $0.body) == session }
    return told.flatMap { ChargingNeeds(evse: $0.evse, kept: $0.body) }
  }

  public func composites(of station: ID<Station>) throws(StoreFault) -> [(schedule: CompositeSchedule, at: Timestamp)] {
    try db.rows("SELECT * FROM composite_schedule WHERE station = ?1 ORDER BY evse", station) {
      (row) throws(StoreFault) in try (row.payload("body"), row.get("read_at"))
    }
  }
}

nonisolated extension KeptProfile {
  init(row: Row) throws(StoreFault) {
    try self.init(
      number: row.get("number"), station: row.get("station"), evse: row.get("evse"), profile: row.payload("profile"),
      session: row.get("session"), insteadOf: row.get("instead_of"), origin: row.get("origin"),
      at: row.get("created_at"))
    state = try row.word("state")
    answer = try row.get("answer")
    command = try row.get("command")
    attempts = try row.get("attempts")
    dueAt = try row.get("due_at")
    updatedAt = try row.get("updated_at")
  }
}
