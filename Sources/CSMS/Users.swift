import Crypto
import Dispatch
import Domain
import Store
import Synchronization
import Wire

// Who may run the house: how the first person comes in, logins of people, keys of programs. Of every secret only a
// digest is kept; people's passwords are digested slowly, on a queue of their own.

/// Somebody who came in, with the secret that the browser keeps.
public struct NewLogin: Sendable {
  public let user: String
  public let role: Role
  /// The session's id: 256 random bits. It is shown here once.
  public let session: String
  public var csrf: String { CSRFToken.make(session: session) }
  /// When it ends although it is used.
  public let endsAt: Timestamp
}

/// How an attempt to come in ended.
public enum LoginOutcome: Sendable {
  case entered(NewLogin)
  /// Name or password is wrong, or the user is disabled: which of them is not told.
  case refused
  /// Name and password are right; the authenticator's code is asked for, or the one that came is not good.
  case codeWanted, codeWrong
}

// MARK: - The first person

extension CSMS {
  public func hasUsers() async throws(Refusal) -> Bool {
    try await read { books throws(StoreFault) in try books.users.count() > 0 }
  }

  /// A set-up link's token for a house that nobody can enter yet; nil where somebody can. Older links end.
  public func firstSetupLink() async throws(Refusal) -> String? {
    try await hasUsers() ? nil : try await makeSetupLink()
  }

  /// Makes a set-up link's token, good once, for `setupLinkSeconds`. Older links end.
  public func makeSetupLink() async throws(Refusal) -> String {
    let token = Secret.make()
    try await turn { () throws(Refusal) in
      try keep { () throws(StoreFault) in
        try self.books.keys.makeSetupLink(
          TokenDigest.of(token), at: self.now, expiresAt: self.now + .seconds(self.settings.setupLinkSeconds))
      }
    }
    return token
  }

  public func isSetupLink(_ token: String) async throws(Refusal) -> Bool {
    let (digest, now) = (TokenDigest.of(token), now)
    return try await read { books throws(StoreFault) in try books.keys.isValidSetupLink(digest, at: now) }
  }

  /// Makes an owner by a set-up link, and lets them in.
  /// - Throws: `.notFound` where the link is unknown, used or late.
  public func setUp(token: String, name: String, password: String, from address: String) async throws(Refusal)
    -> NewLogin
  {
    let gone = Refusal.notFound("this set-up link was used or is too old: `ostler setup-link` makes a new one")
    // Looked at first, so that a stranger cannot make the house digest passwords.
    guard try await isSetupLink(token) else { throw gone }
    try checkUser(name: name, password: password)
    let hash = try await passwords.work { () throws(CryptoFault) in try Password.hash(of: password).text }
    return try await turn { () throws(Refusal) in
      let digest = TokenDigest.of(token)
      guard try keep({ () throws(StoreFault) in try self.books.keys.useSetupLink(digest, at: self.now) }) else {
        throw gone
      }
      if try keep({ () throws(StoreFault) in try self.books.users.user(name) }) != nil {
        throw .conflict("there is a user \(name) already")
      }
      return try keep { () throws(StoreFault) in
        let user = try self.books.users.create(
          User(name: name, passwordHash: hash, role: .owner, createdAt: self.now, updatedAt: self.now))
        try self.record(.userChanged(name: name, by: "setup-link"))
        return try self.letIn(user, from: address)
      }
    }
  }

  func checkUser(name: String, password: String) throws(Refusal) {
    try checkText(name, "name", 1...Limits.userName)
    guard Limits.passwordLength.contains(password.count) else {
      throw .invalid(
        field: "password", "\(Limits.passwordLength.lowerBound) to \(Limits.passwordLength.upperBound) characters")
    }
  }
}

// MARK: - Logins

extension CSMS {
  /// Lets a user in; a wrong name takes the same time as a wrong password. Whoever has an authenticator also sends its
  /// code, or one of the recovery codes.
  /// - Parameter isKnown: whether they came in from there before: some places in the queue are kept for those.
  public func logIn(
    name: String, password: String, code: String? = nil, from address: String, isKnown: Bool = true
  ) async throws(Refusal) -> LoginOutcome {
    let user = try await read { books throws(StoreFault) in try books.users.user(name) }
    let hash = user.flatMap { Password(text: $0.passwordHash) }
    guard password.utf8.count <= Limits.passwordBytes else { return .refused }
    let isRight = try await passwords.work(isKnown: isKnown) { () throws(CryptoFault) in
      if let hash { return try hash.verify(password) }
      return try Password.verifyNothing(password)
    }
    return try await turn { () throws(Refusal) in
      try keep { () throws(StoreFault) in
        // The password may have changed while it was being checked.
        guard isRight, let user, let known = try self.books.users.user(user.id),
          known.passwordHash == user.passwordHash, !known.isDisabled
        else {
          try self.record(.loginRefused(user: String(name.prefix(Limits.userName)), address: address))
          return .refused
        }
        if known.factor != nil {
          guard let code else { return .codeWanted }
          guard try self.proves(code, known) else {
            try self.record(.loginRefused(user: known.name, address: address))
            return .codeWrong
          }
        }
        return .entered(try self.letIn(known, from: address))
      }
    }
  }

  private func letIn(_ user: User, from address: String) throws(StoreFault) -> NewLogin {
    let session = Secret.make()
    let endsAt = now + .seconds(Limits.loginSeconds)
    try books.users.begin(
      Login(
        digest: TokenDigest.of(session), user: user.id, csrf: "", address: address, createdAt: now, usedAt: now,
        expiresAt: now + .seconds(Limits.idleLoginSeconds)))
    try books.users.cameIn(user.id, from: address, at: now)
    try record(.loggedIn(user: user.name, address: address))
    return NewLogin(user: user.name, role: user.role, session: session, endsAt: endsAt)
  }

  /// Whether somebody of that name came in from there before.
  public func hasComeIn(_ name: String, from address: String) async throws(Refusal) -> Bool {
    try await read { books throws(StoreFault) in try books.users.hasComeIn(name, from: address) }
  }

  /// Whose session it is; nil where it ended.
  public func user(ofSession session: String) async throws(Refusal) -> User? {
    let (digest, now) = (TokenDigest.of(session), now)
    let found = try await read { books throws(StoreFault) in try books.users.login(digest, at: now) }
    guard let (login, user) = found, !user.isDisabled else { return nil }
    // Written now and then, not with every request.
    if now - login.usedAt > .seconds(Limits.loginWritingSeconds) {
      let end = min(now + .seconds(Limits.idleLoginSeconds), login.createdAt + .seconds(Limits.loginSeconds))
      note { () throws(StoreFault) in try self.books.users.used(digest, at: now, expiresAt: end) }
    }
    return user
  }

  public func logOut(session: String) async throws(Refusal) {
    let digest = TokenDigest.of(session)
    try await turn { () throws(Refusal) in try keep { () throws(StoreFault) in try self.books.users.end(digest) } }
  }

  /// Gives a user a new password and ends all of their logins.
  public func setPassword(ofUser name: String, to password: String, by who: String) async throws(Refusal) {
    try checkUser(name: name, password: password)
    let hash = try await passwords.work { () throws(CryptoFault) in try Password.hash(of: password).text }
    try await turn { () throws(Refusal) in
      guard let user = try keep({ () throws(StoreFault) in try self.books.users.user(name) }) else {
        throw .notFound("no user \(name)")
      }
      try keep { () throws(StoreFault) in
        try self.books.users.setPassword(user.id, hash: hash, at: self.now)
        try self.books.users.endAll(of: user.id)
        try self.record(.userChanged(name: name, by: who))
      }
    }
  }
}

// MARK: - Keys

extension CSMS {
  /// Makes a key for a program. The key is returned here once; only its digest is kept.
  /// - Parameter scope: the sites to which it is limited; nil is the whole house.
  public func addKey(
    _ name: String, role: Role, scope: SiteScope? = nil, by who: String
  ) async throws(Refusal) -> (kept: APIKey, key: String) {
    try checkText(name, "name", 1...Limits.userName)
    let key = "ostler_" + Secret.make()
    let kept = try await turn { () throws(Refusal) in
      if try keep({ () throws(StoreFault) in try self.books.keys.list() }).contains(where: { $0.name == name }) {
        throw .conflict("there is a key \(name) already")
      }
      try self.checkScope(scope, of: role)
      return try keep { () throws(StoreFault) in
        let kept = try self.books.keys.create(
          name, digest: TokenDigest.of(key), role: role, scope: scope, at: self.now)
        try self.record(.keyChanged(name: name, by: who))
        return kept
      }
    }
    return (kept, key)
  }

  /// Ends a key; returns its name. Nobody ends one that may do more than they may themselves.
  @discardableResult
  public func revokeKey(_ id: ID<APIKey>, givenBy rank: Role, by who: String) async throws(Refusal) -> String {
    try await turn { () throws(Refusal) in
      let kept = try keep { () throws(StoreFault) in try self.books.keys.list().first { $0.id == id } }
      guard (kept?.role ?? rank) <= rank else { throw .conflict("only an owner ends an owner's key") }
      guard let name = try keep({ () throws(StoreFault) in try self.books.keys.revoke(id) }) else {
        throw .notFound("no such key")
      }
      try keep { () throws(StoreFault) in _ = try self.record(.keyChanged(name: name, by: who)) }
      return name
    }
  }

  /// Whose key it is; nil where it was revoked or never made.
  public func program(ofKey key: String) async throws(Refusal) -> APIKey? {
    let digest = TokenDigest.of(key)
    guard let kept = try await read({ books throws(StoreFault) in try books.keys.key(digest: digest) }) else {
      return nil
    }
    let now = now
    if kept.usedAt.map({ now - $0 > .seconds(Limits.loginWritingSeconds) }) ?? true {
      note { () throws(StoreFault) in try self.books.keys.used(kept.id, at: now) }
    }
    return kept
  }
}

// MARK: - Answers that were given before

extension CSMS {
  /// What a request with that Idempotency-Key was answered. It is read from the whole house also for whoever is limited to
  /// sites: what they themselves were answered is of no site.
  public func answer(to caller: String, key: String) async throws(Refusal) -> RememberedAnswer? {
    try await readWhole { books throws(StoreFault) in try books.keys.answer(to: caller, key: key) }
  }

  public func remember(_ answer: RememberedAnswer, to caller: String, key: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      try keep { () throws(StoreFault) in try self.books.keys.remember(answer, to: caller, key: key, at: self.now) }
    }
  }
}

// MARK: - Slow digests

/// Digests passwords one at a time, each for some 180 ms, away from the household. Strangers never take all of its places:
/// whoever keeps them busy shuts out no one who is known.
nonisolated final class PasswordQueue: Sendable {
  private let queue = DispatchQueue(label: "ostler.passwords")
  private let waiting = Atomic<Int>(0)

  func work<Value: Sendable>(
    isKnown: Bool = true, _ body: @escaping @Sendable () throws(CryptoFault) -> Value
  ) async throws(Refusal) -> Value {
    defer { waiting.subtract(1, ordering: .relaxed) }
    let places = isKnown ? Limits.waitingPasswords : Limits.waitingPasswords - Limits.passwordsOfTheKnown
    guard waiting.add(1, ordering: .relaxed).newValue <= places else {
      throw .unavailable("too many people are logging in at once")
    }
    let result: Result<Value, CryptoFault> = await withCheckedContinuation { done in
      queue.async { done.resume(returning: Result { () throws(CryptoFault) in try body() }) }
    }
    do { return try result.get() } catch { throw .unavailable("the password could not be checked: \(error)") }
  }
}
