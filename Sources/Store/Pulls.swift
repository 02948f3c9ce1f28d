import Domain
import Wire

/// Where we are with one list of a partner.
nonisolated public struct PullState: Sendable, Equatable {
  public var partner: ID<Partner>
  public var module: PullModule
  public var dueAt: Timestamp
  /// The beginning of the last pull that came to its end: the next one asks for what changed since.
  public var since: Timestamp?
  /// When it was last read as a whole.
  public var wholeAt: Timestamp?
  /// That failed one after the other.
  public var attempts = 0
  /// Objects that the last one brought.
  public var count = 0
  public var lastError: String?
  /// Objects of the last one that could not be read, a few of them.
  public var flaws: [String] = []
  public var updatedAt: Timestamp

  public init(partner: ID<Partner>, module: PullModule, dueAt: Timestamp, updatedAt: Timestamp) {
    (self.partner, self.module, self.dueAt, self.updatedAt) = (partner, module, dueAt, updatedAt)
  }
}

/// When which list of a partner is read.
nonisolated public struct Pulls {
  let db: Database

  public func state(of partner: ID<Partner>, _ module: PullModule) throws(StoreFault) -> PullState? {
    try db.first(
      "SELECT * FROM roaming_pull WHERE partner = ?1 AND module = ?2", partner, module.rawValue,
      as: PullState.init(row:))
  }

  public func states(of partner: ID<Partner>) throws(StoreFault) -> [PullState] {
    try db.rows("SELECT * FROM roaming_pull WHERE partner = ?1 ORDER BY module", partner, as: PullState.init(row:))
  }

  /// Those whose time has come, of partners that are registered.
  public func due(at now: Timestamp, limit: Int) throws(StoreFault) -> [PullState] {
    try db.rows(
      """
      SELECT roaming_pull.* FROM roaming_pull JOIN partner ON partner.id = roaming_pull.partner
      WHERE due_at <= ?1 AND partner.state = 'registered' ORDER BY due_at, partner.id, module LIMIT ?2
      """, now, limit, as: PullState.init(row:))
  }

  public func save(_ state: PullState) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO roaming_pull (partner, module, due_at, since, whole_at, attempts, count, last_error, flaws, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      ON CONFLICT (partner, module) DO UPDATE SET
        due_at = excluded.due_at, since = excluded.since, whole_at = excluded.whole_at, attempts = excluded.attempts,
        count = excluded.count, last_error = excluded.last_error, flaws = excluded.flaws,
        updated_at = excluded.updated_at
      """,
      state.partner, state.module.rawValue, state.dueAt, state.since, state.wholeAt, state.attempts, state.count,
      state.lastError, JSON.array(state.flaws.map { .string($0) }), state.updatedAt)
  }

  public func forget(_ partner: ID<Partner>) throws(StoreFault) {
    try db.run("DELETE FROM roaming_pull WHERE partner = ?1", partner)
  }
}

nonisolated extension PullState {
  init(row: Row) throws(StoreFault) {
    try self.init(
      partner: row.get("partner"), module: row.word("module"), dueAt: row.get("due_at"),
      updatedAt: row.get("updated_at"))
    since = try row.get("since")
    wholeAt = try row.get("whole_at")
    attempts = try row.get("attempts")
    count = try row.get("count")
    lastError = try row.get("last_error")
    let told: JSON = try row.get("flaws")
    flaws = told.array?.compactMap(\.string) ?? []
  }
}
