import Domain
import Wire

/// One thing that somebody asked of the house, and how it ended.
nonisolated public struct AuditEntry: Sendable, Equatable {
  public var id: ID<AuditEntry>
  public var at: Timestamp
  /// As events name who did something, such as `operator:anna`.
  public var who: String
  public var address: String
  /// The operation, as the API's document names it.
  public var operation: String
  public var path: String
  /// The HTTP status of the answer.
  public var status: Int

  public init(
    id: ID<AuditEntry> = ID(0), at: Timestamp, who: String, address: String, operation: String, path: String,
    status: Int
  ) {
    (self.id, self.at, self.who, self.address) = (id, at, who, address)
    (self.operation, self.path, self.status) = (operation, path, status)
  }
}

/// By what the audit can be sorted, as the API names it.
nonisolated public enum AuditColumn: String, Word { case at, who, address, operation, path, status }

/// Who did what: every request that could change something, in the order in which they ended.
nonisolated public struct AuditBook {
  let db: Database

  public func append(_ entry: AuditEntry) throws(StoreFault) {
    try db.run(
      "INSERT INTO audit (at, who, address, operation, path, status) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", entry.at,
      entry.who, entry.address, entry.operation, entry.path, entry.status)
  }

  /// The newest first, of one who and one operation where they are given.
  public func list(
    who: String? = nil, operation: String? = nil, before id: ID<AuditEntry>? = nil, limit: Int
  ) throws(StoreFault) -> [AuditEntry] {
    try db.rows(
      """
      SELECT * FROM audit
      WHERE (?1 IS NULL OR who = ?1) AND (?2 IS NULL OR operation = ?2) AND (?3 IS NULL OR id < ?3)
      ORDER BY id DESC LIMIT ?4
      """, who, operation, id, limit, as: AuditEntry.init(row:))
  }

  /// In another order; nil where the filter leaves too many.
  public func list(
    who: String?, operation: String?, by order: Sorting<AuditColumn>, limit: Int
  ) throws(StoreFault) -> [Ranked<AuditEntry>]? {
    try db.ranks(
      """
      WITH found (number, value) AS MATERIALIZED (
        SELECT id, CASE ?1
          WHEN 'at' THEN at
          WHEN 'who' THEN lower(who)
          WHEN 'address' THEN address
          WHEN 'operation' THEN operation
          WHEN 'path' THEN path
          WHEN 'status' THEN status END
        FROM audit WHERE (?7 IS NULL OR who = ?7) AND (?8 IS NULL OR operation = ?8) LIMIT ?6)
      """, by: order, limit: limit, who, operation
    )?.items { (number) throws(StoreFault) in
      try db.first("SELECT * FROM audit WHERE id = ?1", number, as: AuditEntry.init(row:))
    }
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ?1 ORDER BY at LIMIT ?2)", time,
        Limits.prunedAtOnce))
  }
}

nonisolated extension AuditEntry {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), at: row.get("at"), who: row.get("who"), address: row.get("address"),
      operation: row.get("operation"), path: row.get("path"), status: row.get("status"))
  }
}
