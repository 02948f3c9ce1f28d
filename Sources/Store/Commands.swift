import Domain
import Wire

/// A command with where its result goes.
nonisolated public struct KeptCommand: Sendable, Equatable {
  public var record: CommandRecord
  /// Who waits for its late result, and at which URL.
  public var partner: ID<Partner>?
  public var respondTo: String?
  /// The session that it asked for or is about.
  public var session: String?

  public init(_ record: CommandRecord, partner: ID<Partner>? = nil, respondTo: String? = nil, session: String? = nil) {
    (self.record, self.partner, self.respondTo, self.session) = (record, partner, respondTo, session)
  }
}

/// What was asked of stations, and how it ended.
nonisolated public struct Commands {
  let db: Database

  public func command(_ id: String) throws(StoreFault) -> KeptCommand? {
    try db.first("SELECT * FROM command WHERE id = ?1", id, as: KeptCommand.init(row:))
  }

  /// The last to which a partner waits for the answer at that URL: the same wish again is not a second one. Those of one
  /// millisecond come in no order, so there may be several.
  public func latest(of partner: ID<Partner>, respondTo url: String) throws(StoreFault) -> [KeptCommand] {
    try db.rows(
      """
      SELECT * FROM command WHERE partner = ?1 AND respond_to = ?2
        AND created_at = (SELECT max(created_at) FROM command WHERE partner = ?1 AND respond_to = ?2)
      """, partner, url, as: KeptCommand.init(row:))
  }

  /// The newest first, before a cursor.
  public func list(
    of station: ID<Station>, before cursor: String? = nil, limit: Int
  ) throws(StoreFault) -> [KeptCommand] {
    try db.rows(
      """
      SELECT * FROM command WHERE station = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3
      """, station, cursor ?? afterAllIDs, Limits.page(limit), as: KeptCommand.init(row:))
  }

  /// Those that were sent before a time and of whose end nobody heard: after a restart nobody will.
  public func unanswered(before time: Timestamp) throws(StoreFault) -> [KeptCommand] {
    try db.rows(
      "SELECT * FROM command WHERE phase IN ('sent', 'accepted') AND created_at < ?1 ORDER BY created_at, id", time,
      as: KeptCommand.init(row:))
  }

  /// Remote stops of a session that nobody saw the end of.
  public func openStops(of session: String) throws(StoreFault) -> [CommandRecord] {
    try db.rows(
      "SELECT * FROM command WHERE session = ?1 AND verb = 'stop' AND phase IN ('sent', 'accepted')", session,
      as: KeptCommand.init(row:)
    ).map(\.record)
  }

  /// Remote stops to which the station said yes before that time, and whose session goes on.
  public func ignoredStops(before time: Timestamp) throws(StoreFault) -> [KeptCommand] {
    try db.rows(
      """
      SELECT * FROM command INDEXED BY command_stop
      WHERE verb = 'stop' AND phase IN ('sent', 'accepted') AND phase = 'accepted' AND updated_at < ?1
      """, time, as: KeptCommand.init(row:))
  }

  /// Whether somebody wrote such a call by hand since then, and the station took it.
  public func wasWritten(
    _ action: String, to station: ID<Station>, since time: Timestamp
  ) throws(StoreFault) -> Bool {
    try db.value(
      """
      SELECT EXISTS (SELECT 1 FROM command WHERE station = ?1 AND created_at >= ?2 AND verb = 'raw' AND phase = 'done'
        AND detail ->> 'action' = ?3)
      """, station, time, action) ?? false
  }

  /// In which ways a vehicle may exchange energy in a transaction, as its station was told last; nil where it was not.
  public func allowedTransfers(
    _ transaction: String, at station: ID<Station>
  ) throws(StoreFault) -> [EnergyTransfer]? {
    let words: String? = try db.value(
      """
      SELECT detail ->> 'allowed' FROM command
      WHERE station = ?1 AND verb = 'energy-transfer' AND phase IN ('sent', 'accepted', 'done')
        AND detail ->> 'transaction' = ?2
      ORDER BY id DESC LIMIT 1
      """, station, transaction)
    guard let words else { return nil }
    return (try? JSON.parse(words))?.array?.compactMap { $0.string.flatMap { EnergyTransfer(rawValue: $0) } }
  }

  public func insert(_ command: KeptCommand) throws(StoreFault) {
    let record = command.record
    try db.run(
      """
      INSERT INTO command (id, station, verb, detail, origin, phase, answer, partner, respond_to, session, created_at,
        updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
      """,
      record.id, record.station, record.verb, record.detail, record.origin, record.phase.rawValue, record.answer,
      command.partner, command.respondTo, command.session, record.createdAt, record.updatedAt)
  }

  /// It moved on. False where it had ended already, or where there is no such command.
  @discardableResult
  public func end(
    _ id: String, _ phase: CommandRecord.Phase, answer: JSON, at now: Timestamp
  ) throws(StoreFault) -> Bool {
    try db.run(
      """
      UPDATE command SET phase = ?2, answer = ?3, updated_at = ?4 WHERE id = ?1 AND phase IN ('sent', 'accepted')
      """, id, phase.rawValue, answer, now) > 0
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM command WHERE id IN (SELECT id FROM command ORDER BY id LIMIT ?2) AND created_at < ?1",
        time, Limits.prunedAtOnce))
  }
}

nonisolated extension KeptCommand {
  init(row: Row) throws(StoreFault) {
    record = try CommandRecord(
      id: row.get("id"), station: row.get("station"), verb: row.get("verb"), detail: row.get("detail"),
      origin: row.get("origin"), phase: row.word("phase"), answer: row.get("answer"), createdAt: row.get("created_at"),
      updatedAt: row.get("updated_at"))
    partner = try row.get("partner")
    respondTo = try row.get("respond_to")
    session = try row.get("session")
  }
}
