import Domain
import Wire

/// What a person or a program may do.
nonisolated public enum Role: String, Word, Comparable {
  /// Looks.
  case viewer
  /// Also helps drivers: starts, stops, unlocks, resets and asks stations.
  case support
  /// Runs the stations and the books.
  case `operator`
  /// Also users, keys and settings.
  case administrator
  /// Also decides who the owners are; one of them is always there.
  case owner

  public static func < (a: Role, b: Role) -> Bool { a.height < b.height }

  private var height: Int {
    switch self {
    case .viewer: 0
    case .support: 1
    case .operator: 2
    case .administrator: 3
    case .owner: 4
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
  /// Cannot come in, and keeps the name.
  public var isDisabled = false
  /// The sites to which they are limited; nil is the whole house.
  public var scope: SiteScope?
  /// The secret of an authenticator, in base32: one that counts, and one that is not confirmed yet.
  public var factor: String?
  public var pendingFactor: String?
  /// The newest step of the authenticator that was used.
  public var factorStep: Int64?
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
    try db.first("SELECT * FROM user WHERE id = ?1", id, as: User.init(row:)).map(limited)
  }

  public func user(_ name: String) throws(StoreFault) -> User? {
    try db.first("SELECT * FROM user WHERE name = ?1", name, as: User.init(row:)).map(limited)
  }

  public func list() throws(StoreFault) -> [User] {
    try db.rows("SELECT * FROM user ORDER BY name", as: User.init(row:)).map(limited)
  }

  /// A user as the row says, with the sites that other rows say.
  private func limited(_ found: User) throws(StoreFault) -> User {
    guard found.scope != nil else { return found }
    var user = found
    user.scope = SiteScope(
      Set(
        try db.rows("SELECT location FROM user_site WHERE user = ?1", found.id) { (row) throws(StoreFault) in
          try row.get("location") as ID<Location>
        }))
    return user
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

  /// Limits a user to sites; nil opens the whole house to them.
  public func setScope(_ id: ID<User>, _ scope: SiteScope?, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE user SET limited = ?2, updated_at = ?3 WHERE id = ?1", id, scope != nil, now)
    try db.run("DELETE FROM user_site WHERE user = ?1", id)
    for location in scope?.locations ?? [] {
      try db.run("INSERT INTO user_site (user, location) VALUES (?1, ?2)", id, location)
    }
  }

  public func setDisabled(_ id: ID<User>, _ isDisabled: Bool, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE user SET disabled = ?2, updated_at = ?3 WHERE id = ?1", id, isDisabled, now)
  }

  /// With the logins.
  public func remove(_ id: ID<User>) throws(StoreFault) { try db.run("DELETE FROM user WHERE id = ?1", id) }

  /// Owners who can come in, but for one.
  public func otherOwners(than id: ID<User>) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM user WHERE role = 'owner' AND disabled = 0 AND id <> ?1", id) ?? 0
  }

  // MARK: Second factor

  public func setPendingFactor(_ id: ID<User>, _ secret: String?) throws(StoreFault) {
    try db.run("UPDATE user SET pending_factor = ?2 WHERE id = ?1", id, secret)
  }

  /// Sets the authenticator, or takes it away, with new recovery codes instead of the old ones.
  public func setFactor(
    _ id: ID<User>, _ secret: String?, step: Int64?, codes digests: [String], at now: Timestamp
  ) throws(StoreFault) {
    try db.run(
      "UPDATE user SET factor = ?2, pending_factor = NULL, factor_step = ?3, updated_at = ?4 WHERE id = ?1", id, secret,
      step, now)
    try db.run("DELETE FROM recovery_code WHERE user = ?1", id)
    for digest in digests {
      try db.run("INSERT INTO recovery_code (digest, user) VALUES (?1, ?2)", digest, id)
    }
  }

  /// That step's code was used.
  public func usedFactor(_ id: ID<User>, step: Int64) throws(StoreFault) {
    try db.run("UPDATE user SET factor_step = ?2 WHERE id = ?1", id, step)
  }

  /// Uses a recovery code up; false where it is not one of theirs.
  public func useRecoveryCode(_ digest: String, of id: ID<User>) throws(StoreFault) -> Bool {
    try db.run("DELETE FROM recovery_code WHERE digest = ?1 AND user = ?2", digest, id) > 0
  }

  public func recoveryCodes(of id: ID<User>) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM recovery_code WHERE user = ?1", id) ?? 0
  }

  // MARK: Where they come from

  /// They came in from there: the address that was used longest ago goes past `Limits.addressesPerUser`.
  public func cameIn(_ id: ID<User>, from address: String, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO known_address (user, address, used_at) VALUES (?1, ?2, ?3)
      ON CONFLICT DO UPDATE SET used_at = excluded.used_at
      """, id, address, now)
    try db.run(
      """
      DELETE FROM known_address WHERE user = ?1 AND address IN (
        SELECT address FROM known_address WHERE user = ?1 ORDER BY used_at DESC, address LIMIT -1 OFFSET ?2)
      """, id, Limits.addressesPerUser)
  }

  /// Whether the user of that name came in from there before.
  public func hasComeIn(_ name: String, from address: String) throws(StoreFault) -> Bool {
    let found: Int? = try db.value(
      "SELECT 1 FROM known_address JOIN user ON user.id = known_address.user WHERE user.name = ?1 AND address = ?2",
      name, address)
    return found != nil
  }

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
    isDisabled = try row.get("disabled")
    scope = try row.get("limited") ? SiteScope([]) : nil
    factor = try row.get("factor")
    pendingFactor = try row.get("pending_factor")
    factorStep = try row.get("factor_step")
  }
}

nonisolated extension Login {
  init(row: Row) throws(StoreFault) {
    try self.init(
      digest: row.get("digest"), user: row.get("user"), csrf: row.get("csrf"), address: row.get("address"),
      createdAt: row.get("created_at"), usedAt: row.get("used_at"), expiresAt: row.get("expires_at"))
  }
}
