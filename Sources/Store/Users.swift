import Domain
import Wire

/// What a person or a program may do.
nonisolated public enum Role: String, Word, Comparable {
  /// Looks.
  case viewer
  /// Runs the stations and the books.
  case `operator`
  /// Also users, keys and settings.
  case owner

  public static func < (a: Role, b: Role) -> Bool { a.height < b.height }

  private var height: Int {
    switch self {
    case .viewer: 0
    case .operator: 1
    case .owner: 2
    }
  }
}

/// A person who may use the page.
nonisolated public struct User: Sendable, Equatable {
  public var id: ID<User>
  public var name: String
  /// scrypt, salted.
  public var passwordHash: String
  public var role: Role
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    id: ID<User> = ID(0), name: String, passwordHash: String, role: Role, createdAt: Timestamp, updatedAt: Timestamp
  ) {
    self.id = id
    self.name = name
    self.passwordHash = passwordHash
    self.role = role
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }
}

/// A browser that a user logged in with. Only the digest of its cookie is kept.
nonisolated public struct Login: Sendable, Equatable {
  public let digest: String
  public let user: ID<User>
  public let csrf: String
  public let address: String
  public let createdAt: Timestamp
  public let usedAt: Timestamp
  public let expiresAt: Timestamp

  public init(
    digest: String, user: ID<User>, csrf: String, address: String, createdAt: Timestamp, usedAt: Timestamp,
    expiresAt: Timestamp
  ) {
    self.digest = digest
    self.user = user
    self.csrf = csrf
    self.address = address
    self.createdAt = createdAt
    self.usedAt = usedAt
    self.expiresAt = expiresAt
  }
}

/// The people who may use the page, and their logins.
nonisolated public struct Users {
  let db: Database

  public func user(_ id: ID<User>) throws(StoreFault) -> User? {
    try db.first("SELECT * FROM user WHERE id = ?1", id, as: User.init(row:))
  }

  public func user(_ name: String) throws(StoreFault) -> User? {
    try db.first("SELECT * FROM user WHERE name = ?1", name, as: User.init(row:))
  }

  public func list() throws(StoreFault) -> [User] {
    try db.rows("SELECT * FROM user ORDER BY name", as: User.init(row:))
  }

  public func count() throws(StoreFault) -> Int { try db.value("SELECT count(*) FROM user") ?? 0 }

  /// Keeps a new one; its id is given here.
  /// - Throws: `.constraint` where the name is taken.
  @discardableResult
  public func create(_ new: User) throws(StoreFault) -> User {
    var user = new
    user.id = ID(
      try db.insert(
        "INSERT INTO user (name, password_hash, role, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        new.name, new.passwordHash, new.role.rawValue, new.createdAt, new.updatedAt))
    return user
  }

  public func setPassword(_ id: ID<User>, hash: String, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE user SET password_hash = ?2, updated_at = ?3 WHERE id = ?1", id, hash, now)
  }

  public func setRole(_ id: ID<User>, _ role: Role, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE user SET role = ?2, updated_at = ?3 WHERE id = ?1", id, role.rawValue, now)
  }

  /// With the logins.
  public func remove(_ id: ID<User>) throws(StoreFault) { try db.run("DELETE FROM user WHERE id = ?1", id) }

  // MARK: Logins

  /// Past `Limits.loginsPerUser` the one that was used longest ago ends.
  public func begin(_ login: Login) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO login (digest, user, csrf, address, created_at, used_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6,
        ?7)
      """, login.digest, login.user, login.csrf, login.address, login.createdAt, login.usedAt, login.expiresAt)
    try db.run(
      """
      DELETE FROM login WHERE digest IN (
        SELECT digest FROM login WHERE user = ?1 ORDER BY used_at DESC, created_at DESC LIMIT -1 OFFSET ?2)
      """, login.user, Limits.loginsPerUser)
  }

  /// Nil where there is none, or where it ran out.
  public func login(_ digest: String, at now: Timestamp) throws(StoreFault) -> (login: Login, user: User)? {
    let login = try db.first(
      "SELECT * FROM login WHERE digest = ?1 AND expires_at > ?2", digest, now, as: Login.init(row:))
    guard let login, let user = try user(login.user) else { return nil }
    return (login, user)
  }

  public func logins(of user: ID<User>) throws(StoreFault) -> [Login] {
    try db.rows("SELECT * FROM login WHERE user = ?1 ORDER BY used_at DESC", user, as: Login.init(row:))
  }

  /// It was used, and so lives longer.
  public func used(_ digest: String, at now: Timestamp, expiresAt: Timestamp) throws(StoreFault) {
    try db.run("UPDATE login SET used_at = ?2, expires_at = ?3 WHERE digest = ?1", digest, now, expiresAt)
  }

  public func end(_ digest: String) throws(StoreFault) { try db.run("DELETE FROM login WHERE digest = ?1", digest) }

  /// All of a user, but for the one that asks.
  public func endAll(of user: ID<User>, except digest: String? = nil) throws(StoreFault) {
    try db.run("DELETE FROM login WHERE user = ?1 AND (?2 IS NULL OR digest <> ?2)", user, digest)
  }

  /// Removes logins that ran out.
  public func pruneLogins(at now: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM login WHERE digest IN (SELECT digest FROM login WHERE expires_at <= ?1 LIMIT ?2)",
        now, Limits.prunedAtOnce))
  }
}

nonisolated extension User {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), name: row.get("name"), passwordHash: row.get("password_hash"), role: row.word("role"),
      createdAt: row.get("created_at"), updatedAt: row.get("updated_at"))
  }
}

nonisolated extension Login {
  init(row: Row) throws(StoreFault) {
    try self.init(
      digest: row.get("digest"), user: row.get("user"), csrf: row.get("csrf"), address: row.get("address"),
      createdAt: row.get("created_at"), usedAt: row.get("used_at"), expiresAt: row.get("expires_at"))
  }
}
