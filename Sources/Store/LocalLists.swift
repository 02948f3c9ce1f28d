import Domain
import Wire

/// The local list as every station should have it, and where each station's own stands.
nonisolated public struct LocalLists {
  let db: Database

  // MARK: The list of the house

  /// The newest change of the list; 0 where nothing was ever on it.
  public func newestChange() throws(StoreFault) -> Int64 {
    try db.value("SELECT coalesce(max(change), 0) FROM listed_token") ?? 0
  }

  /// Compares the list with the tokens as they are. True where it changed.
  public func refresh() throws(StoreFault) -> Bool {
    let change = try newestChange() + 1
    let put = try db.run(
      """
      INSERT INTO listed_token (tag, shown, kind, standing, group_id, valid_until, rank, change)
      SELECT tag, shown, kind, standing, group_id, valid_until, rank, ?1 FROM token_to_list
      WHERE place = 1 ORDER BY rank LIMIT ?2
      ON CONFLICT (tag) DO UPDATE SET shown = excluded.shown, kind = excluded.kind, standing = excluded.standing,
        group_id = excluded.group_id, valid_until = excluded.valid_until, rank = excluded.rank, change = ?1
      WHERE listed_token.shown <> excluded.shown OR listed_token.kind <> excluded.kind
        OR listed_token.standing <> excluded.standing OR listed_token.group_id IS NOT excluded.group_id
        OR listed_token.valid_until IS NOT excluded.valid_until
      """, change, Limits.listedTokens)
    let removed = try db.run(
      """
      UPDATE listed_token SET standing = 'removed', change = ?1
      WHERE standing <> 'removed'
        AND tag NOT IN (SELECT tag FROM token_to_list WHERE place = 1 ORDER BY rank LIMIT ?2)
      """, change, Limits.listedTokens)
    try db.run(
      "DELETE FROM listed_token WHERE standing = 'removed' AND change < ?1", change - Limits.listHistory)
    return put + removed > 0
  }

  /// Whether a station that has the list up to that change can be told what is different since.
  public func remembers(since change: Int64) throws(StoreFault) -> Bool {
    change > 0 ? (try newestChange()) - change < Limits.listHistory : false
  }

  public func count() throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM listed_token WHERE standing <> 'removed'") ?? 0
  }

  /// How many of the whole list stand up to a place.
  public func count(upTo place: Int64) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM listed_token WHERE standing <> 'removed' AND rank <= ?1", place) ?? 0
  }

  /// The next entries of the whole list, each with its place; ours first.
  public func entries(after place: Int64, limit: Int) throws(StoreFault) -> [(place: String, entry: LocalListEntry)] {
    try db.rows(
      """
      SELECT *, CAST(rank AS TEXT) AS place FROM listed_token WHERE standing <> 'removed' AND rank > ?1
      ORDER BY rank LIMIT ?2
      """, place, limit, as: Self.entry(row:))
  }

  /// The next entries that are different since a change, up to another one.
  public func changes(
    after change: Int64, upTo target: Int64, behind tag: String, limit: Int
  ) throws(StoreFault) -> [(place: String, entry: LocalListEntry)] {
    try db.rows(
      """
      SELECT *, tag AS place FROM listed_token WHERE change > ?1 AND change <= ?2 AND tag > ?3 ORDER BY tag LIMIT ?4
      """, change, target, tag, limit, as: Self.entry(row:))
  }

  /// What the list says of a token; nil where it was never on it.
  public func entry(of uid: String) throws(StoreFault) -> LocalListEntry? {
    try db.first(
      "SELECT *, tag AS place FROM listed_token WHERE tag = ?1", Token.fold(uid), as: Self.entry(row:))?.entry
  }

  private static func entry(row: Row) throws(StoreFault) -> (place: String, entry: LocalListEntry) {
    try (
      row.get("place"),
      LocalListEntry(
        tag: row.get("shown"), kind: row.word("kind"), standing: row.word("standing"), groupID: row.get("group_id"),
        validUntil: row.get("valid_until"))
    )
  }

  // MARK: The stations' lists

  public func state(of station: ID<Station>) throws(StoreFault) -> LocalListState? {
    try db.first("SELECT * FROM local_list WHERE station = ?1", station, as: LocalListState.init(row:))
  }

  public func isAnyKept() throws(StoreFault) -> Bool {
    try db.value("SELECT EXISTS (SELECT 1 FROM local_list WHERE phase <> 'off')") ?? false
  }

  public func due(at now: Timestamp, limit: Int) throws(StoreFault) -> [LocalListState] {
    try db.rows(
      "SELECT * FROM local_list WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2", now, limit,
      as: LocalListState.init(row:))
  }

  /// The station is back.
  public func hurry(_ station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      UPDATE local_list SET due_at = ?2
      WHERE station = ?1 AND (phase IN ('unknown', 'sending', 'failed')
        OR (phase = 'in_step' AND change < (SELECT coalesce(max(change), 0) FROM listed_token)))
      """, station, now)
  }

  /// The list changed: those that had it are to be told.
  public func allDue(at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE local_list SET due_at = ?1 WHERE phase = 'in_step'", now)
  }

  public func save(_ list: LocalListState) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO local_list (station, phase, version, change, target, is_full, sent_up_to, offered, command, attempts,
        left_out, why, due_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
      ON CONFLICT (station) DO UPDATE SET phase = ?2, version = ?3, change = ?4, target = ?5, is_full = ?6,
        sent_up_to = ?7, offered = ?8, command = ?9, attempts = ?10, left_out = ?11, why = ?12, due_at = ?13,
        updated_at = ?14
      """, list.station, list.phase.rawValue, list.version, list.change, list.target, list.isFull, list.sentUpTo,
      list.offered, list.command, list.attempts, list.leftOut, list.why, list.dueAt, list.updatedAt)
  }
}

nonisolated extension LocalListState {
  init(row: Row) throws(StoreFault) {
    try self.init(
      station: row.get("station"), phase: row.word("phase"), dueAt: row.get("due_at"), updatedAt: row.get("updated_at"))
    version = try row.get("version")
    change = try row.get("change")
    target = try row.get("target")
    isFull = try row.get("is_full")
    sentUpTo = try row.get("sent_up_to")
    offered = try row.get("offered")
    command = try row.get("command")
    attempts = try row.get("attempts")
    leftOut = try row.get("left_out")
    why = try row.get("why")
  }
}
