import Domain
import Wire

/// Where a session ends by itself, and what was done about it.
nonisolated public struct KeptLimit: Sendable, Equatable {
  public let session: String
  public var limit: SessionLimit
  /// The station heard of it.
  public var isTold = false
  /// When it was found to be reached, and when the station was last asked to stop.
  public var reachedAt: Timestamp?
  public var stopAskedAt: Timestamp?

  public init(session: String, _ limit: SessionLimit) { (self.session, self.limit) = (session, limit) }
}

/// The limits of sessions that are not over.
nonisolated public struct SessionLimits {
  let db: Database

  public func limit(of session: String) throws(StoreFault) -> KeptLimit? {
    try db.first("SELECT * FROM session_limit WHERE session = ?1", session, as: KeptLimit.init(row:))
  }

  public func keep(_ kept: KeptLimit) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO session_limit (session, cost, energy, seconds, state_of_charge, told, reached_at, stop_asked_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      ON CONFLICT (session) DO UPDATE SET cost = excluded.cost, energy = excluded.energy, seconds = excluded.seconds,
        state_of_charge = excluded.state_of_charge, told = excluded.told, reached_at = excluded.reached_at,
        stop_asked_at = excluded.stop_asked_at
      """, kept.session, kept.limit.cost, kept.limit.energy, kept.limit.seconds, kept.limit.stateOfCharge, kept.isTold,
      kept.reachedAt, kept.stopAskedAt)
  }

  /// What the running sessions of a token may cost together.
  /// - Parameter session: does not count.
  public func reserved(by token: Token, beside session: String = "") throws(StoreFault) -> Money {
    try db.value(
      """
      SELECT sum(cost) FROM session CROSS JOIN session_limit ON session_limit.session = session.id
      WHERE state = 'active' AND folded_uid = ?1 AND owner IS ?2 AND session.id <> ?3
      """, token.foldedUID, token.owner, session) ?? .zero
  }

  /// The running sessions of a token.
  public func running(of token: Token, limit: Int) throws(StoreFault) -> [String] {
    try db.rows(
      "SELECT id FROM session WHERE state = 'active' AND folded_uid = ?1 AND owner IS ?2 LIMIT ?3", token.foldedUID,
      token.owner, Limits.page(limit)
    ) { (row) throws(StoreFault) in try row.get("id") }
  }

  /// Those of running sessions, after one of them in the order of their ids; stops that were asked for lately are given
  /// time.
  public func running(
    after session: String, unlessAskedSince time: Timestamp, limit: Int
  ) throws(StoreFault) -> [KeptLimit] {
    try db.rows(
      """
      SELECT session_limit.* FROM session_limit CROSS JOIN session ON session.id = session_limit.session
      WHERE session_limit.session > ?1 AND session.state = 'active' AND coalesce(stop_asked_at, 0) < ?2
      ORDER BY session_limit.session LIMIT ?3
      """, session, time, limit, as: KeptLimit.init(row:))
  }

  /// Of sessions that are over there is nothing to be limited. The few limits lead, and not the million sessions.
  public func prune() throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM session_limit WHERE session IN (
          SELECT session_limit.session FROM session_limit CROSS JOIN session ON session.id = session_limit.session
          WHERE session.state IN ('completed', 'invalid') LIMIT ?1)
        """, Limits.prunedAtOnce))
  }
}

nonisolated extension KeptLimit {
  init(row: Row) throws(StoreFault) {
    try self.init(
      session: row.get("session"),
      SessionLimit(
        cost: row.get("cost"), energy: row.get("energy"), seconds: row.get("seconds"),
        stateOfCharge: row.get("state_of_charge")))
    isTold = try row.get("told")
    reachedAt = try row.get("reached_at")
    stopAskedAt = try row.get("stop_asked_at")
  }
}
