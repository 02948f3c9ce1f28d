import Domain
import Wire

/// Files at the house's own door, and the addresses by which they are brought and fetched.
nonisolated public struct Files {
  let db: Database

  public func file(_ id: String) throws(StoreFault) -> StoredFile? {
    try db.first("SELECT * FROM file WHERE id = ?1", id, as: StoredFile.init(row:))
  }

  /// The newest first, before a cursor.
  public func list(
    _ kind: StoredFile.Kind? = nil, before cursor: String? = nil, limit: Int
  ) throws(StoreFault) -> [StoredFile] {
    try db.rows(
      """
      SELECT * FROM file WHERE (?1 IS NULL OR kind = ?1) AND id < ?2 AND state <> 'gone' ORDER BY id DESC LIMIT ?3
      """, kind?.rawValue, cursor ?? afterAllIDs, Limits.page(limit), as: StoredFile.init(row:))
  }

  /// Bytes of all that is here.
  public func bytes() throws(StoreFault) -> Int64 {
    try db.value("SELECT coalesce(sum(bytes), 0) FROM file WHERE state = 'here'") ?? 0
  }

  public func create(_ file: StoredFile) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO file (id, kind, name, state, bytes, station, origin, created_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      """, file.id, file.kind.rawValue, file.name, file.state.rawValue, file.bytes, file.station, file.origin,
      file.createdAt, file.updatedAt)
  }

  public func save(_ file: StoredFile) throws(StoreFault) {
    try db.run(
      "UPDATE file SET state = ?2, bytes = ?3, updated_at = ?4 WHERE id = ?1", file.id, file.state.rawValue, file.bytes,
      file.updatedAt)
  }

  /// Logs, and files that nobody brought, from before a time; and all that is gone and is known long enough.
  public func old(before time: Timestamp, limit: Int) throws(StoreFault) -> [StoredFile] {
    try db.rows(
      """
      SELECT * FROM file
      WHERE updated_at < ?1 AND (kind = 'log' OR state <> 'here') ORDER BY updated_at LIMIT ?2
      """, time, limit, as: StoredFile.init(row:))
  }

  public func forget(_ id: String) throws(StoreFault) { try db.run("DELETE FROM file WHERE id = ?1", id) }

  // MARK: Addresses

  /// - Parameter digest: of the address' secret, which the books do not keep.
  public func giveAddress(
    _ digest: String, to file: String, _ way: FileWay, until end: Timestamp
  ) throws(StoreFault) {
    try db.run(
      "INSERT INTO file_address (digest, file, way, expires_at) VALUES (?1, ?2, ?3, ?4)", digest, file, way.rawValue,
      end)
  }

  /// The file of an address that is still good.
  public func file(at digest: String, _ way: FileWay, now: Timestamp) throws(StoreFault) -> StoredFile? {
    try db.first(
      """
      SELECT file.* FROM file JOIN file_address ON file_address.file = file.id
      WHERE file_address.digest = ?1 AND file_address.way = ?2 AND file_address.expires_at > ?3
      """, digest, way.rawValue, now, as: StoredFile.init(row:))
  }

  /// What was brought is brought once.
  public func useUp(_ file: String, _ way: FileWay) throws(StoreFault) {
    try db.run("DELETE FROM file_address WHERE file = ?1 AND way = ?2", file, way.rawValue)
  }

  public func pruneAddresses(at now: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM file_address WHERE digest IN (SELECT digest FROM file_address WHERE expires_at <= ?1 LIMIT ?2)",
        now, Limits.prunedAtOnce))
  }
}

nonisolated extension StoredFile {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), kind: row.word("kind"), name: row.get("name"), station: row.get("station"),
      origin: row.get("origin"), at: row.get("created_at"))
    state = try row.word("state")
    bytes = try row.get("bytes")
    updatedAt = try row.get("updated_at")
  }
}
