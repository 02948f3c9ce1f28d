import Crypto
import Domain
import Store
import Wire

// Who the people of the house are and what each may do; their second factor; the book of who did what. Somebody who may
// everything is always left: the last owner can neither go nor become less.

/// A user with what a list shows beside the row.
nonisolated public struct Person: Sendable {
  public let user: User
  public let logins: Int
  public let recoveryCodes: Int

  public init(user: User, logins: Int, recoveryCodes: Int) {
    (self.user, self.logins, self.recoveryCodes) = (user, logins, recoveryCodes)
  }
}

/// Whether something changes, and to what.
nonisolated public enum Change<Value: Sendable>: Sendable {
  case none
  case to(Value)
}

// MARK: - Users

extension CSMS {
  public func people() async throws(Refusal) -> [Person] {
    try await read { books throws(StoreFault) in
      try books.users.list().map { user throws(StoreFault) in
        Person(
          user: user, logins: try books.users.logins(of: user.id).count,
          recoveryCodes: try books.users.recoveryCodes(of: user.id))
      }
    }
  }

  /// Makes a user with a password that is shown once, for them to change.
  /// - Parameters:
  ///   - role: of the new user; nobody gives more than their own `rank`.
  ///   - scope: the sites to which the user is limited; nil is the whole house.
  public func addUser(
    _ name: String, role: Role, scope: SiteScope? = nil, givenBy rank: Role, by who: String
  ) async throws(Refusal) -> (user: User, password: String) {
    try checkText(name, "name", 1...Limits.userName)
    try checkRole(role, isGivenBy: rank)
    let password = Secret.make(bytes: 12)
    let hash = try await passwords.work { () throws(CryptoFault) in try Password.hash(of: password).text }
    let user = try await turn { () throws(Refusal) in
      if try keep({ () throws(StoreFault) in try self.books.users.user(name) }) != nil {
        throw .conflict("there is a user \(name) already")
      }
      try self.checkScope(scope, of: role)
      return try keep { () throws(StoreFault) in
        var user = try self.books.users.create(
          User(name: name, passwordHash: hash, role: role, createdAt: self.now, updatedAt: self.now))
        if let scope {
          try self.books.users.setScope(user.id, scope, at: self.now)
          user.scope = scope
        }
        try self.record(.userChanged(name: name, by: who))
        return user
      }
    }
    return (user, password)
  }

  /// Gives a user another role or other sites, or shuts them out and lets them in again. What they may less, they may at
  /// once.
  /// - Parameters:
  ///   - scope: the sites to which the user is limited from now on, where that changes.
  ///   - look: looks at the user as they are so far, and refuses where the change was made for something else.
  @discardableResult
  public func changeUser(
    _ id: ID<User>, role: Role?, isDisabled: Bool?, scope: Change<SiteScope?> = .none, givenBy rank: Role,
    by who: String, looking look: @escaping @MainActor @Sendable (User) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) -> User {
    try await turn { () throws(Refusal) in
      let user = try self.user(id, changedBy: rank)
      try look(user)
      let newScope = if case .to(let scope) = scope { scope } else { user.scope }
      try self.checkScope(newScope, of: role ?? user.role)
      if let role { try self.checkRole(role, isGivenBy: rank) }
      let (role, isDisabled) = (role ?? user.role, isDisabled ?? user.isDisabled)
      if role != .owner || isDisabled { try self.checkOwnerRemains(without: user) }
      return try keep { () throws(StoreFault) in
        try self.books.users.setRole(id, role, at: self.now)
        try self.books.users.setDisabled(id, isDisabled, at: self.now)
        if newScope != user.scope { try self.books.users.setScope(id, newScope, at: self.now) }
        // A login carries no role of its own, so only a disabled user's must end.
        if isDisabled { try self.books.users.endAll(of: id) }
        try self.record(.userChanged(name: user.name, by: who))
        return try self.books.users.user(id) ?? user
      }
    }
  }

  public func removeUser(_ id: ID<User>, givenBy rank: Role, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let user = try self.user(id, changedBy: rank)
      try self.checkOwnerRemains(without: user)
      try keep { () throws(StoreFault) in
        try self.books.users.remove(id)
        try self.record(.userChanged(name: user.name, by: who))
      }
    }
  }

  /// Gives a user a fresh password, which is returned this once, and ends all their logins.
  public func resetPassword(
    _ id: ID<User>, givenBy rank: Role, by who: String
  ) async throws(Refusal) -> String {
    let name = try await turn { () throws(Refusal) in try self.user(id, changedBy: rank).name }
    let password = Secret.make(bytes: 12)
    try await setPassword(ofUser: name, to: password, by: who)
    return password
  }

  /// Takes a user's authenticator away, for somebody who lost it with all recovery codes.
  public func resetFactor(_ id: ID<User>, givenBy rank: Role, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let user = try self.user(id, changedBy: rank)
      try keep { () throws(StoreFault) in
        try self.books.users.setFactor(id, nil, step: nil, codes: [], at: self.now)
        try self.record(.userChanged(name: user.name, by: who))
      }
    }
  }

  public func endLogins(of id: ID<User>, givenBy rank: Role, by who: String) async throws(Refusal) -> String {
    try await turn { () throws(Refusal) in
      let user = try self.user(id, changedBy: rank)
      return try keep { () throws(StoreFault) in
        try self.books.users.endAll(of: id)
        try self.record(.userChanged(name: user.name, by: who))
        return user.name
      }
    }
  }

  /// A user whom somebody of that rank may change: nobody changes who stands above them.
  private func user(_ id: ID<User>, changedBy rank: Role) throws(Refusal) -> User {
    guard let user = try keep({ () throws(StoreFault) in try self.books.users.user(id) }) else {
      throw .notFound("no such user")
    }
    guard user.role <= rank else { throw .conflict("only an owner changes an owner") }
    return user
  }

  private func checkRole(_ role: Role, isGivenBy rank: Role) throws(Refusal) {
    guard role <= rank else { throw .invalid(field: "role", "nobody gives a role above their own") }
  }

  /// Administrators decide over the whole house, so that only others can be limited to sites of it.
  func checkScope(_ scope: SiteScope?, of role: Role) throws(Refusal) {
    guard let scope else { return }
    guard role < .administrator else {
      throw .invalid(field: "sites", "a \(role.rawValue) sees the whole house")
    }
    guard scope.locations.count <= Limits.sitesOfOne else {
      throw .invalid(field: "sites", "at most \(Limits.sitesOfOne) sites")
    }
    for location in scope.locations.sorted(by: { $0.value < $1.value }) {
      guard try keep({ () throws(StoreFault) in try self.books.locations.location(location) }) != nil else {
        throw .invalid(field: "sites", "there is no location \(location)")
      }
    }
  }

  private func checkOwnerRemains(without user: User) throws(Refusal) {
    guard user.role == .owner, !user.isDisabled else { return }
    let others = try keep { () throws(StoreFault) in try self.books.users.otherOwners(than: user.id) }
    if others == 0 { throw .conflict("\(user.name) is the only owner, and one must remain") }
  }
}

// MARK: - One's own

extension CSMS {
  public func user(named name: String) async throws(Refusal) -> Person? {
    try await read { books throws(StoreFault) in
      try books.users.user(name).map { user throws(StoreFault) in
        Person(
          user: user, logins: try books.users.logins(of: user.id).count,
          recoveryCodes: try books.users.recoveryCodes(of: user.id))
      }
    }
  }

  public func logins(of id: ID<User>) async throws(Refusal) -> [Login] {
    let now = now
    return try await read { books throws(StoreFault) in
      try books.users.logins(of: id).filter { $0.expiresAt > now }
    }
  }

  /// Ends one login of a user, named by the beginning of its digest.
  public func endLogin(_ mark: String, of name: String, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let found = try keep { () throws(StoreFault) in
        try self.books.users.user(name).flatMap { user throws(StoreFault) in
          try self.books.users.logins(of: user.id).first { $0.mark == mark }
        }
      }
      guard let login = found else { throw .notFound("no such login") }
      try keep { () throws(StoreFault) in
        try self.books.users.end(login.digest)
        try self.record(.userChanged(name: name, by: who))
      }
    }
  }

  /// Keeps what somebody filtered a screen by.
  public func keepView(_ view: SavedView, of name: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let user = try self.me(name)
      let others = try keep { () throws(StoreFault) in
        try self.books.savedViews.list(of: user.id).filter { $0.screen != view.screen || $0.name != view.name }
      }
      guard others.count < SavedView.mostOfUser else {
        throw .conflict("there are \(others.count) saved views, and no more are kept: remove one first")
      }
      try keep { () throws(StoreFault) in try self.books.savedViews.keep(view, of: user.id) }
    }
  }

  public func removeView(_ id: ID<SavedView>, of name: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let user = try self.me(name)
      guard try keep({ () throws(StoreFault) in try self.books.savedViews.remove(id, of: user.id) }) else {
        throw .notFound("no such view")
      }
    }
  }

  private func me(_ name: String) throws(Refusal) -> User {
    guard let user = try keep({ () throws(StoreFault) in try self.books.users.user(name) }) else {
      throw .notFound("no such user")
    }
    return user
  }

  /// Changes one's own password; every login but the one that asks ends.
  /// - Returns: False where the old password is wrong.
  public func changePassword(
    of name: String, from old: String, to new: String, keeping session: String, by who: String
  ) async throws(Refusal) -> Bool {
    guard try await isPassword(old, of: name) else { return false }
    try checkUser(name: name, password: new)
    let hash = try await passwords.work { () throws(CryptoFault) in try Password.hash(of: new).text }
    let digest = TokenDigest.of(session)
    try await turn { () throws(Refusal) in
      try keep { () throws(StoreFault) in
        guard let user = try self.books.users.user(name) else { return }
        try self.books.users.setPassword(user.id, hash: hash, at: self.now)
        try self.books.users.endAll(of: user.id, except: digest)
        try self.record(.userChanged(name: name, by: who))
      }
    }
    return true
  }

  public func isPassword(_ password: String, of name: String) async throws(Refusal) -> Bool {
    let user = try await read { books throws(StoreFault) in try books.users.user(name) }
    guard password.utf8.count <= Limits.passwordBytes, let hash = user.flatMap({ Password(text: $0.passwordHash) })
    else { return false }
    return try await passwords.work { () throws(CryptoFault) in try hash.verify(password) }
  }
}

// MARK: - Second factor

extension CSMS {
  /// Begins an authenticator: it counts once a code of it came back.
  public func beginFactor(of name: String) async throws(Refusal) -> TOTP {
    let factor = TOTP.make()
    try await turn { () throws(Refusal) in
      let user = try self.known(name)
      if user.factor != nil { throw .conflict("there is an authenticator already; take it away first") }
      try keep { () throws(StoreFault) in try self.books.users.setPendingFactor(user.id, factor.base32) }
    }
    return factor
  }

  /// Confirms it by its first code.
  /// - Returns: The recovery codes, which are shown this once; nil where the code is not good.
  public func confirmFactor(of name: String, code: String, by who: String) async throws(Refusal) -> [String]? {
    try await turn { () throws(Refusal) in
      let user = try self.known(name)
      guard let secret = user.pendingFactor, let factor = TOTP(base32: secret) else {
        throw .conflict("no authenticator was begun")
      }
      guard let step = factor.step(of: code, at: self.now.milliseconds / 1_000, after: nil) else { return nil }
      let codes = (0..<Limits.recoveryCodes).map { _ in Self.recoveryCode() }
      try keep { () throws(StoreFault) in
        try self.books.users.setFactor(
          user.id, secret, step: step, codes: codes.map { TokenDigest.of($0) }, at: self.now)
        try self.record(.userChanged(name: name, by: who))
      }
      return codes
    }
  }

  /// Takes one's own authenticator away.
  /// - Returns: False where the password is wrong.
  public func endFactor(of name: String, password: String, by who: String) async throws(Refusal) -> Bool {
    guard try await isPassword(password, of: name) else { return false }
    try await turn { () throws(Refusal) in
      let user = try self.known(name)
      try keep { () throws(StoreFault) in
        try self.books.users.setFactor(user.id, nil, step: nil, codes: [], at: self.now)
        try self.record(.userChanged(name: name, by: who))
      }
    }
    return true
  }

  /// Whether a code is the authenticator's of just now, or a recovery code; either is used up by it.
  func proves(_ code: String, _ user: User) throws(StoreFault) -> Bool {
    guard let factor = user.factor.flatMap({ TOTP(base32: $0) }) else { return false }
    let typed = code.filter { !$0.isWhitespace }
    if let step = factor.step(of: typed, at: now.milliseconds / 1_000, after: user.factorStep) {
      try books.users.usedFactor(user.id, step: step)
      return true
    }
    return try books.users.useRecoveryCode(TokenDigest.of(typed.lowercased()), of: user.id)
  }

  private func known(_ name: String) throws(Refusal) -> User {
    guard let user = try keep({ () throws(StoreFault) in try self.books.users.user(name) }) else {
      throw .notFound("no user \(name)")
    }
    return user
  }

  /// 80 bits in four groups, so that it can be copied from paper.
  private static func recoveryCode() -> String {
    let text = Array(Base32.encode(randomBytes(10)).lowercased())
    return stride(from: 0, to: text.count, by: 4).map { String(text[$0..<min($0 + 4, text.count)]) }
      .joined(separator: "-")
  }
}

extension Login {
  /// What names a login to its owner: the beginning of its digest, which opens nothing.
  nonisolated public var mark: String { String(digest.prefix(16)) }
}

// MARK: - Who did what

extension CSMS {
  /// Notes who asked what and how it ended, with the next turn.
  public func audit(_ entry: AuditEntry) {
    note { () throws(StoreFault) in try self.books.audit.append(entry) }
  }
}
