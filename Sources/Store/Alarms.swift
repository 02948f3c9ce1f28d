import Domain
import Wire

/// A letter with what became of it.
nonisolated public struct KeptLetter: Sendable, Equatable {
  public enum State: String, Word { case waiting, taken, refused }

  public var letter: Letter
  public var state: State
  public var attempts: Int
  public var nextAt: Timestamp
  public var why: String?
  public var endedAt: Timestamp?
}

/// Alarms that stand, and the letters that wait for a mail server.
nonisolated public struct Alarms {
  let db: Database

  // MARK: Alarms

  /// The oldest first.
  public func all() throws(StoreFault) -> [Alarm] {
    try db.rows("SELECT * FROM alarm ORDER BY since, key", as: Alarm.init(row:))
  }

  /// Writes an alarm down as it stands now.
  public func keep(_ alarm: Alarm) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO alarm (key, kind, subject, detail, since, told_at, ended_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      ON CONFLICT DO UPDATE SET detail = excluded.detail, since = excluded.since, told_at = excluded.told_at,
        ended_at = excluded.ended_at
      """, alarm.key, alarm.kind.rawValue, alarm.subject, alarm.detail, alarm.since, alarm.toldAt, alarm.endedAt)
  }

  /// It is over, and nobody needs to be told any more.
  public func forget(_ alarm: Alarm) throws(StoreFault) { try db.run("DELETE FROM alarm WHERE key = ?1", alarm.key) }

  // MARK: Letters

  /// A new letter, which waits from now on.
  public func post(_ letter: Letter) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO letter (id, recipients, subject, body, created_at, state, next_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5)
      """, letter.id, letter.to.joined(separator: "\n"), letter.subject, letter.text, letter.at,
      KeptLetter.State.waiting.rawValue)
  }

  /// The one that has waited longest of those that are due.
  public func due(at now: Timestamp) throws(StoreFault) -> KeptLetter? {
    try db.first(
      "SELECT * FROM letter WHERE state = 'waiting' AND next_at <= ?1 ORDER BY next_at, id LIMIT 1", now,
      as: KeptLetter.init(row:))
  }

  /// What became of an attempt.
  public func update(_ kept: KeptLetter) throws(StoreFault) {
    try db.run(
      "UPDATE letter SET state = ?2, attempts = ?3, next_at = ?4, why = ?5, ended_at = ?6 WHERE id = ?1",
      kept.letter.id,
      kept.state.rawValue, kept.attempts, kept.nextAt, kept.why, kept.endedAt)
  }

  public func letter(_ id: String) throws(StoreFault) -> KeptLetter? {
    try db.first("SELECT * FROM letter WHERE id = ?1", id, as: KeptLetter.init(row:))
  }

  /// The newest first.
  public func letters(limit: Int) throws(StoreFault) -> [KeptLetter] {
    try db.rows(
      "SELECT * FROM letter ORDER BY created_at DESC, id DESC LIMIT ?1", Limits.page(limit), as: KeptLetter.init(row:))
  }

  /// What waits is tried now, because the way was mended.
  public func hurry(at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE letter SET next_at = ?1 WHERE state = 'waiting' AND next_at > ?1", now)
  }

  /// Letters that were written before a time, whatever became of them.
  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM letter WHERE id IN (SELECT id FROM letter WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)",
        time, Limits.prunedAtOnce))
  }
}

nonisolated extension Alarm {
  init(row: Row) throws(StoreFault) {
    self.init(
      try row.word("kind"), try row.get("subject"), detail: try row.get("detail"), since: try row.get("since"))
    toldAt = try row.get("told_at")
    endedAt = try row.get("ended_at")
  }
}

nonisolated extension KeptLetter {
  init(row: Row) throws(StoreFault) {
    let recipients: String = try row.get("recipients")
    letter = Letter(
      id: try row.get("id"), to: recipients.split(separator: "\n").map(String.init), subject: try row.get("subject"),
      text: try row.get("body"), at: try row.get("created_at"))
    state = try row.word("state")
    attempts = try row.get("attempts")
    nextAt = try row.get("next_at")
    why = try row.get("why")
    endedAt = try row.get("ended_at")
  }
}
