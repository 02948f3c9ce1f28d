import Domain
import Wire

/// A wish for something that a station tells in several messages, and how far it is.
nonisolated public struct StationReport: Sendable, Equatable {
  public enum Kind: String, Word { case settings, monitors, messages, customer, controls, swap }

  public let id: Int64
  public let station: ID<Station>
  public let command: String
  public let kind: Kind
  /// Whether what it does not tell is no longer there.
  public let isWhole: Bool
  public let parts: Int
  /// Parts that were skipped.
  public let missing: Int
  /// What it tells in words, where it does.
  public let text: String?
  public let startedAt: Timestamp
  public let endedAt: Timestamp?

  /// All that there is was told, and nothing of it was lost: what was known before and is not among it is gone.
  public var isComplete: Bool { isWhole && missing == 0 }
}

/// What stations were asked to tell.
nonisolated public struct Reports {
  let db: Database

  /// A new wish; the number goes to the station.
  public func begin(
    _ kind: StationReport.Kind, isWhole: Bool, of station: ID<Station>, command: String, at now: Timestamp
  ) throws(StoreFault) -> Int64 {
    try db.insert(
      "INSERT INTO report (station, command, kind, is_whole, started_at) VALUES (?1, ?2, ?3, ?4, ?5)", station, command,
      kind.rawValue, isWhole, now)
  }

  public func report(_ id: Int64, of station: ID<Station>) throws(StoreFault) -> StationReport? {
    try db.first("SELECT * FROM report WHERE id = ?1 AND station = ?2", id, station, as: StationReport.init(row:))
  }

  /// The newest first, before a cursor.
  public func list(
    of station: ID<Station>, kind: StationReport.Kind? = nil, before cursor: Int64? = nil, limit: Int
  ) throws(StoreFault) -> [StationReport] {
    try db.rows(
      """
      SELECT * FROM report WHERE station = ?1 AND (?2 IS NULL OR kind = ?2) AND id < ?3 ORDER BY id DESC LIMIT ?4
      """, station, kind?.rawValue, cursor ?? .max, Limits.page(limit), as: StationReport.init(row:))
  }

  /// A part came: how many there are now, how many were skipped, and what it said in words.
  public func took(
    _ id: Int64, parts: Int, missing: Int, adding text: String?, endedAt: Timestamp?
  ) throws(StoreFault) {
    try db.run(
      """
      UPDATE report SET parts = ?2, missing = ?3, ended_at = ?4,
        text = CASE WHEN ?5 IS NULL THEN text ELSE substr(coalesce(text, '') || ?5, 1, ?6) END
      WHERE id = ?1
      """, id, parts, missing, endedAt, text, Limits.reportCharacters)
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM report WHERE id IN (SELECT id FROM report ORDER BY id LIMIT ?2) AND started_at < ?1", time,
        Limits.prunedAtOnce))
  }
}

nonisolated extension StationReport {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    station = try row.get("station")
    command = try row.get("command")
    kind = try row.word("kind")
    isWhole = try row.get("is_whole")
    parts = try row.get("parts")
    missing = try row.get("missing")
    text = try row.get("text")
    startedAt = try row.get("started_at")
    endedAt = try row.get("ended_at")
  }
}
