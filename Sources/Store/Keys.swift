import Domain
import Wire

/// A key with which a program calls the API. Only its digest is kept.
nonisolated public struct APIKey: Sendable, Equatable {
  public let id: ID<APIKey>
  public let name: String
  public let role: Role
  /// The sites to which it is limited; nil is the whole house.
  public fileprivate(set) var scope: SiteScope?
  public let createdAt: Timestamp
  public let usedAt: Timestamp?
}

/// The answer that a command with an Idempotency-Key got.
nonisolated public struct RememberedAnswer: Sendable, Equatable {
  /// Digest of the request: the same key with another request is a mistake of the caller.
  public let request: String
  public let status: Int
  public let answer: String

  public init(request: String, status: Int, answer: String) {
    (self.request, self.status, self.answer) = (request, status, answer)
  }
}

/// How programs prove who they are, how the first person comes in, and what was answered before.
nonisolated public struct Keys {
  let db: Database

  // MARK: API keys

  /// - Throws: `.constraint` where the name is taken.
  @discardableResult
  public func create(
    _ name: String, digest: String, role: Role, scope: SiteScope? = nil, at now: Timestamp
  ) throws(StoreFault) -> APIKey {
    let id = try db.insert(
      "INSERT INTO api_key (name, digest, role, limited, created_at) VALUES (?1, ?2, ?3, ?4, ?5)", name, digest,
      role.rawValue, scope != nil, now)
    for location in scope?.locations ?? [] {
      try db.run("INSERT INTO key_site (key, location) VALUES (?1, ?2)", id, location)
    }
    return APIKey(id: ID(id), name: name, role: role, scope: scope, createdAt: now, usedAt: nil)
  }

  public func key(digest: String) throws(StoreFault) -> APIKey? {
    try db.first("SELECT * FROM api_key WHERE digest = ?1", digest, as: APIKey.init(row:)).map(limited)
  }

  public func list() throws(StoreFault) -> [APIKey] {
    try db.rows("SELECT * FROM api_key ORDER BY name", as: APIKey.init(row:)).map(limited)
  }

  /// A key as the row says, with the sites that other rows say.
  private func limited(_ found: APIKey) throws(StoreFault) -> APIKey {
    guard found.scope != nil else { return found }
    var key = found
    key.scope = SiteScope(
      Set(
        try db.rows("SELECT location FROM key_site WHERE key = ?1", found.id) { (row) throws(StoreFault) in
          try row.get("location") as ID<Location>
        }))
    return key
  }

  public func used(_ id: ID<APIKey>, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE api_key SET used_at = ?2 WHERE id = ?1", id, now)
  }

  /// The name of the one that was revoked; nil where there was none.
  @discardableResult
  public func revoke(_ id: ID<APIKey>) throws(StoreFault) -> String? {
    try db.value("DELETE FROM api_key WHERE id = ?1 RETURNING name", id)
  }

  // MARK: Setup links

  /// A newer link ends the older ones.
  public func makeSetupLink(_ digest: String, at now: Timestamp, expiresAt: Timestamp) throws(StoreFault) {
    try db.run("DELETE FROM setup_link")
    try db.run("INSERT INTO setup_link (digest, created_at, expires_at) VALUES (?1, ?2, ?3)", digest, now, expiresAt)
  }

  public func isValidSetupLink(_ digest: String, at now: Timestamp) throws(StoreFault) -> Bool {
    let found: Int? = try db.value(
      "SELECT 1 FROM setup_link WHERE digest = ?1 AND used_at IS NULL AND expires_at > ?2", digest, now)
    return found != nil
  }

  /// Good once: false where it is unknown, used or late.
  public func useSetupLink(_ digest: String, at now: Timestamp) throws(StoreFault) -> Bool {
    try db.run(
      "UPDATE setup_link SET used_at = ?2 WHERE digest = ?1 AND used_at IS NULL AND expires_at > ?2", digest, now) > 0
  }

  // MARK: Idempotency

  public func answer(to caller: String, key: String) throws(StoreFault) -> RememberedAnswer? {
    try db.first("SELECT * FROM idempotency WHERE caller = ?1 AND key = ?2", caller, key) { (row) throws(StoreFault) in
      try RememberedAnswer(request: row.get("request"), status: row.get("status"), answer: row.get("answer"))
    }
  }

  /// The first answer stands.
  public func remember(
    _ answer: RememberedAnswer, to caller: String, key: String, at now: Timestamp
  ) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO idempotency (caller, key, request, status, answer, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT (caller, key) DO NOTHING
      """, caller, key, answer.request, answer.status, answer.answer, now)
  }

  public func pruneAnswers(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM idempotency WHERE (caller, key) IN (
          SELECT caller, key FROM idempotency WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }
}

nonisolated extension APIKey {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    name = try row.get("name")
    role = try row.word("role")
    scope = try row.get("limited") ? SiteScope([]) : nil
    createdAt = try row.get("created_at")
    usedAt = try row.get("used_at")
  }
}
