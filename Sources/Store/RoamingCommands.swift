import Domain
import Wire

/// What was asked of another network's station, from the wish to the outcome.
nonisolated public struct RoamingCommandRecord: Sendable, Equatable {
  /// Given by the books; also the id of the reservation that it asks for.
  public var number: Int64
  public var id: String
  public var partner: ID<Partner>
  public var verb: RoamingCommand.Verb
  public var detail: JSON
  /// The session that it is about; nil where it is about none.
  public var session: ID<RoamingSession>?
  /// Who asked.
  public var origin: String
  public var phase: CommandRecord.Phase
  public var answer: JSON
  /// After which no result is expected any more.
  public var dueAt: Timestamp
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    id: String, partner: ID<Partner>, verb: RoamingCommand.Verb, detail: JSON, session: ID<RoamingSession>? = nil,
    origin: String, dueAt: Timestamp, at now: Timestamp
  ) {
    (number, self.id, self.partner, self.verb, self.detail) = (0, id, partner, verb, detail)
    self.session = session
    (self.origin, phase, answer, self.dueAt) = (origin, .sent, .null, dueAt)
    (createdAt, updatedAt) = (now, now)
  }
}

/// Our commands to other networks.
nonisolated public struct RoamingCommands {
  let db: Database

  public func command(_ id: String) throws(StoreFault) -> RoamingCommandRecord? {
    try db.first("SELECT * FROM roaming_command WHERE id = ?1", id, as: RoamingCommandRecord.init(row:))
  }

  /// The newest first, before a cursor.
  public func list(
    of partner: ID<Partner>? = nil, about session: ID<RoamingSession>? = nil, before cursor: Int64? = nil, limit: Int
  ) throws(StoreFault) -> [RoamingCommandRecord] {
    if let session {
      return try db.rows(
        """
        SELECT * FROM roaming_command INDEXED BY roaming_command_session
        WHERE session = ?1 AND number < ?2 AND (?3 IS NULL OR partner = ?3) ORDER BY number DESC LIMIT ?4
        """, session, cursor ?? .max, partner, Limits.page(limit), as: RoamingCommandRecord.init(row:))
    }
    return try db.rows(
      "SELECT * FROM roaming_command WHERE number < ?1 AND (?2 IS NULL OR partner = ?2) ORDER BY number DESC LIMIT ?3",
      cursor ?? .max, partner, Limits.page(limit), as: RoamingCommandRecord.init(row:))
  }

  /// The number of a new one, before its detail is known that may name it.
  public func insert(_ command: RoamingCommandRecord) throws(StoreFault) -> Int64 {
    try db.insert(
      """
      INSERT INTO roaming_command (id, partner, verb, detail, session, origin, phase, answer, due_at, created_at,
        updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      """,
      command.id, command.partner, command.verb.rawValue, command.detail, command.session, command.origin,
      command.phase.rawValue, command.answer, command.dueAt, command.createdAt, command.updatedAt)
  }

  public func setDetail(_ detail: JSON, of id: String) throws(StoreFault) {
    try db.run("UPDATE roaming_command SET detail = ?2 WHERE id = ?1", id, detail)
  }

  /// It moved on. False where it had ended already, or where there is no such command.
  @discardableResult
  public func move(
    _ id: String, _ phase: CommandRecord.Phase, answer: JSON, dueAt: Timestamp, at now: Timestamp
  ) throws(StoreFault) -> Bool {
    try db.run(
      """
      UPDATE roaming_command SET phase = ?2, answer = ?3, due_at = ?4, updated_at = ?5
      WHERE id = ?1 AND phase IN ('sent', 'accepted')
      """, id, phase.rawValue, answer, dueAt, now) > 0
  }

  /// Those about a booking of which nobody has heard yet.
  public func waiting(
    forBooking request: String, of partner: ID<Partner>
  ) throws(StoreFault) -> [RoamingCommandRecord] {
    try db.rows(
      """
      SELECT * FROM roaming_command INDEXED BY roaming_command_open
      WHERE phase IN ('sent', 'accepted') AND partner = ?1 AND detail ->> 'request_id' = ?2 ORDER BY number
      """, partner, request, as: RoamingCommandRecord.init(row:))
  }

  /// Those of which nobody heard in time.
  public func overdue(at now: Timestamp, limit: Int) throws(StoreFault) -> [RoamingCommandRecord] {
    try db.rows(
      """
      SELECT * FROM roaming_command INDEXED BY roaming_command_open
      WHERE phase IN ('sent', 'accepted') AND due_at <= ?1 ORDER BY due_at LIMIT ?2
      """, now, limit, as: RoamingCommandRecord.init(row:))
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM roaming_command WHERE number IN (SELECT number FROM roaming_command ORDER BY number LIMIT ?2)
          AND created_at < ?1
        """, time, Limits.prunedAtOnce))
  }
}

nonisolated extension RoamingCommandRecord {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), partner: row.get("partner"), verb: row.word("verb"), detail: row.get("detail"),
      session: row.get("session"), origin: row.get("origin"), dueAt: row.get("due_at"), at: row.get("created_at"))
    number = try row.get("number")
    phase = try row.word("phase")
    answer = try row.get("answer")
    updatedAt = try row.get("updated_at")
  }
}
