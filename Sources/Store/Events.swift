import Domain
import Wire

/// The event log: every fact in order, appended in the commit that made it true.
nonisolated public struct Events {
  let db: Database

  @discardableResult
  public func append(_ event: Event, at now: Timestamp) throws(StoreFault) -> LoggedEvent {
    let (kind, subject, body) = event.written
    let seq = try db.insert(
      "INSERT INTO event (at, kind, subject, body) VALUES (?1, ?2, ?3, ?4)", now, kind, subject, body)
    return LoggedEvent(seq: seq, at: now, kind: kind, subject: subject, body: body)
  }

  /// In order, after a cursor.
  public func after(_ seq: Int64, limit: Int) throws(StoreFault) -> [LoggedEvent] {
    try db.rows(
      "SELECT * FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2", seq, Limits.page(limit), as: LoggedEvent.init(row:))
  }

  /// The newest first, before a cursor and after another.
  public func latest(before seq: Int64? = nil, since: Int64 = 0, limit: Int) throws(StoreFault) -> [LoggedEvent] {
    try db.rows(
      "SELECT * FROM event WHERE seq < ?1 AND seq > ?2 ORDER BY seq DESC LIMIT ?3", seq ?? .max, since,
      Limits.page(limit), as: LoggedEvent.init(row:))
  }

  /// What happened to one thing, such as `station/7`, the newest first.
  public func latest(of subject: String, before seq: Int64? = nil, limit: Int) throws(StoreFault) -> [LoggedEvent] {
    try db.rows(
      "SELECT * FROM event WHERE subject = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3", subject, seq ?? .max,
      Limits.page(limit), as: LoggedEvent.init(row:))
  }

  /// The newest seq that was ever given; 0 before the first.
  public func lastSeq() throws(StoreFault) -> Int64 {
    try db.value("SELECT seq FROM event ORDER BY seq DESC LIMIT 1") ?? 0
  }

  /// Removes the oldest that are older than the house keeps them, but never the newest: the next seq follows it.
  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM event
        WHERE seq IN (SELECT seq FROM event ORDER BY seq LIMIT ?2) AND at < ?1 AND seq < (SELECT max(seq) FROM event)
        """, time, Limits.prunedAtOnce))
  }
}

nonisolated extension LoggedEvent {
  init(row: Row) throws(StoreFault) {
    try self.init(
      seq: row.get("seq"), at: row.get("at"), kind: row.get("kind"), subject: row.get("subject"), body: row.get("body"))
  }
}
