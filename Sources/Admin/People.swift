import Crypto
import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// People: who they are and what they may, for administrators; password, second factor and logins of one's own; and the
// book of who did what.
extension Route {
  static let people: [Route] = [
    Route("listUsers", .get, "/users", .own) { api, _ in
      .page(try await api.house.people().map(\.json), next: nil)
    },
    Route("createUser", .post, "/users", .own) { try await $0.createUser($1) },
    Route("getUser", .get, "/users/{id}", .own) { try await $0.showUser($1.id()) },
    Route("changeUser", .patch, "/users/{id}", .own) { try await $0.changeUser($1) },
    Route("removeUser", .delete, "/users/{id}", .own) { try await $0.removeUser($1) },
    Route("resetUserPassword", .post, "/users/{id}/password", .own) { try await $0.resetPassword($1) },
    Route("resetUserFactor", .delete, "/users/{id}/second-factor", .own) { api, call in
      try await api.house.resetFactor(call.id(), givenBy: call.caller.role, by: call.by)
      return .done
    },
    Route("endUserLogins", .delete, "/users/{id}/logins", .own) { try await $0.endUserLogins($1) },
    Route("changeMyPassword", .post, "/me/password", .look) { try await $0.changeMyPassword($1) },
    Route("listMyLogins", .get, "/me/logins", .look) { try await $0.listMyLogins($1) },
    Route("endMyLogin", .delete, "/me/logins/{id}", .look) { try await $0.endMyLogin($1) },
    Route("listMyViews", .get, "/me/views", .look) { try await $0.listMyViews($1) },
    Route("keepMyView", .post, "/me/views", .look) { try await $0.keepMyView($1) },
    Route("removeMyView", .delete, "/me/views/{id}", .look) { try await $0.removeMyView($1) },
    Route("showMyFactor", .get, "/me/second-factor", .look) { try await $0.showMyFactor($1) },
    Route("beginMyFactor", .post, "/me/second-factor", .look) { try await $0.beginMyFactor($1) },
    Route("confirmMyFactor", .post, "/me/second-factor/confirm", .look) { try await $0.confirmMyFactor($1) },
    Route("removeMyFactor", .post, "/me/second-factor/remove", .look) { try await $0.removeMyFactor($1) },
    Route("listAudit", .get, "/audit", .own) { try await $0.listAudit($1) },
  ]
}

// MARK: - Users

extension API {
  fileprivate func createUser(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let name = try fields.text("name")
    let role: Role = try fields.word("role")
    let scope = try fields.scope()
    let own = try fields.maybeText("password")
    try fields.finish()
    if role >= .administrator { try await confirm(call, by: own) }
    let (user, password) = try await house.addUser(
      name, role: role, scope: scope.wished, givenBy: call.caller.role, by: call.by)
    var json = Person(user: user, logins: 0, recoveryCodes: 0).json
    json["password"] = .string(password)
    return .json(json, status: .created)
  }

  fileprivate func showUser(_ id: ID<User>) async throws -> Answer {
    guard let found = try await house.people().first(where: { $0.user.id == id }) else {
      throw Problem(.notFound, "no such user")
    }
    return .json(found.json, etag: found.user.tag)
  }

  fileprivate func changeUser(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let role: Role? = try fields.maybeWord("role")
    let isDisabled = try fields.maybeFlag("disabled")
    let scope = try fields.scope()
    let own = try fields.maybeText("password")
    try fields.finish()
    if let role, role >= .administrator { try await confirm(call, by: own) }
    let user = try await house.changeUser(
      call.id(), role: role, isDisabled: isDisabled, scope: scope, givenBy: call.caller.role, by: call.by
    ) { user throws(HouseRefusal) in try call.expect(user.tag) }
    dismiss(user.name)
    return try await showUser(user.id)
  }

  fileprivate func removeUser(_ call: Call) async throws -> Answer {
    let id: ID<User> = try call.id()
    let name = try await house.people().first { $0.user.id == id }?.user.name
    try await house.removeUser(id, givenBy: call.caller.role, by: call.by)
    if let name { dismiss(name) }
    return .done
  }

  fileprivate func resetPassword(_ call: Call) async throws -> Answer {
    let id: ID<User> = try call.id()
    var fields = try call.fields()
    let own = try fields.maybeText("password")
    try fields.finish()
    try await confirm(call, by: own)
    let password = try await house.resetPassword(id, givenBy: call.caller.role, by: call.by)
    // Its logins have ended, and with them what listens by one.
    if let name = try await house.people().first(where: { $0.user.id == id })?.user.name { dismiss(name) }
    return .json(["password": .string(password)])
  }

  fileprivate func endUserLogins(_ call: Call) async throws -> Answer {
    dismiss(try await house.endLogins(of: call.id(), givenBy: call.caller.role, by: call.by))
    return .done
  }

  /// Whoever listens comes back and shows again who they are.
  private func dismiss(_ name: String) {
    live.dismiss {
      if case .session = $0.proof { return $0.name == name }
      return false
    }
  }
}

// MARK: - One's own

extension API {
  fileprivate func changeMyPassword(_ call: Call) async throws -> Answer {
    let session = try call.session()
    try checkDoor(call.request)
    var fields = try call.fields()
    let (old, new) = try (fields.text("old"), fields.text("new"))
    try fields.finish()
    try await guarded(call) {
      try await house.changePassword(of: call.caller.name, from: old, to: new, keeping: session, by: call.by)
    }
    // Who listens by the login that stays comes back at once.
    dismiss(call.caller.name)
    return .done
  }

  fileprivate func listMyLogins(_ call: Call) async throws -> Answer {
    let digest = TokenDigest.of(try call.session())
    guard let me = try await house.user(named: call.caller.name) else { throw Problem(.notFound, "no such user") }
    let logins = try await house.logins(of: me.user.id)
    return .page(
      logins.map { login in
        [
          "id": .string(login.mark), "address": .string(login.address), "created_at": .time(login.createdAt),
          "used_at": .time(login.usedAt), "ends_at": .time(login.expiresAt), "current": .bool(login.digest == digest),
        ]
      }, next: nil)
  }

  fileprivate func endMyLogin(_ call: Call) async throws -> Answer {
    _ = try call.session()
    try await house.endLogin(call.text("id"), of: call.caller.name, by: call.by)
    dismiss(call.caller.name)
    return .done
  }

  fileprivate func listMyViews(_ call: Call) async throws -> Answer {
    _ = try call.session()
    let name = call.caller.name
    let views = try await house.read { books throws(StoreFault) in
      try books.users.user(name).map { user throws(StoreFault) in try books.savedViews.list(of: user.id) } ?? []
    }
    return .page(views.map(\.json), next: nil)
  }

  /// Keeps it in the place of one of the same name.
  fileprivate func keepMyView(_ call: Call) async throws -> Answer {
    _ = try call.session()
    var fields = try call.fields()
    let view = try SavedView(screen: fields.text("screen"), name: fields.text("name"), query: fields.text("query"))
    try fields.finish()
    for (field, text, most) in [
      ("screen", view.screen, SavedView.longestName), ("name", view.name, SavedView.longestName),
      ("query", view.query, SavedView.longestQuery),
    ] where !(1...most).contains(text.unicodeScalars.count) {
      throw Problem.invalid(field, "1 to \(most) characters")
    }
    try await house.keepView(view, of: call.caller.name)
    return try await listMyViews(call)
  }

  fileprivate func removeMyView(_ call: Call) async throws -> Answer {
    _ = try call.session()
    try await house.removeView(call.id(), of: call.caller.name)
    return .done
  }

  fileprivate func showMyFactor(_ call: Call) async throws -> Answer {
    _ = try call.session()
    let me = try await house.user(named: call.caller.name)
    return .json([
      "on": .bool(me?.user.factor != nil), "recovery_codes": .whole(me?.recoveryCodes ?? 0),
    ])
  }

  fileprivate func beginMyFactor(_ call: Call) async throws -> Answer {
    _ = try call.session()
    try checkDoor(call.request)
    let factor = try await house.beginFactor(of: call.caller.name)
    let uri = factor.uri(account: call.caller.name, issuer: "Ostler")
    let picture = QRCode(uri)
    return .json(
      [
        "secret": .string(factor.base32), "uri": .string(uri), "size": .whole(picture?.size),
        "path": .text(picture?.path),
      ], status: .created)
  }

  fileprivate func confirmMyFactor(_ call: Call) async throws -> Answer {
    _ = try call.session()
    var fields = try call.fields()
    let code = try fields.text("code")
    try fields.finish()
    let typed = code.filter { !$0.isWhitespace }
    guard let codes = try await house.confirmFactor(of: call.caller.name, code: typed, by: call.by) else {
      throw Problem.invalid("code", "this is not the code that the authenticator shows now")
    }
    return .json(["recovery_codes": .list(codes) { .string($0) }])
  }

  fileprivate func removeMyFactor(_ call: Call) async throws -> Answer {
    _ = try call.session()
    try checkDoor(call.request)
    var fields = try call.fields()
    let password = try fields.text("password")
    try fields.finish()
    try await guarded(call) {
      try await house.endFactor(of: call.caller.name, password: password, by: call.by)
    }
    return .done
  }

  /// Whoever gives away what outlasts their login, such as a key, shows once more who they are where they came by a browser:
  /// one that was left open opens no door for good. Programs and the command line show it with each request.
  /// - Parameter password: their own.
  func confirm(_ call: Call, by password: String?) async throws {
    guard case .session = call.caller.proof else { return }
    guard let password else { throw Problem.invalid("password", "your own password is asked for here") }
    try await guarded(call) { try await house.isPassword(password, of: call.caller.name) }
  }

  /// Tries a password of somebody who is in already: guesses are slowed down as at the door, because a browser that was
  /// left open is no proof of who sits there.
  private func guarded(_ call: Call, _ work: () async throws -> Bool) async throws {
    let (name, address) = (call.caller.name, call.request.peer.host)
    if let seconds = pace.pause(account: name, address: address, isKnown: true, at: now) {
      throw Problem(tooManyFor: seconds)
    }
    pace.failed(account: name, address: address, isKnown: true, at: now)
    let isRight: Bool
    do { isRight = try await work() } catch {
      // Something else was wrong: a new password that is too short, a house that cannot answer.
      pace.forgive(account: name, address: address, isKnown: true)
      throw error
    }
    guard isRight else { throw Problem.invalid("password", "the password is wrong") }
    pace.succeeded(account: name, address: address)
  }
}

extension Call {
  /// The secret of the caller's login: keys and the socket belong to nobody who has a password.
  fileprivate func session() throws(Problem) -> String {
    guard case .session(let session) = caller.proof else {
      throw Problem(.conflict, "only people who logged in have this")
    }
    return session
  }
}

// MARK: - Audit

extension API {
  fileprivate func listAudit(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let (who, operation) = (call[query: "who"], call[query: "operation"])
    if let order = try call.sorting(by: AuditColumn.self) {
      return try order.page(
        await house.read { books throws(StoreFault) in
          try books.audit.list(who: who, operation: operation, by: order, limit: limit)?.shaped(\.json)
        }, limit: limit)
    }
    let cursor: ID<AuditEntry>? = try call.cursorID()
    let found = try await house.read { books throws(StoreFault) in
      try books.audit.list(who: who, operation: operation, before: cursor, limit: limit)
    }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last?.id.description)
  }
}

nonisolated extension AuditEntry {
  fileprivate var json: JSON {
    [
      "id": .id(id), "at": .time(at), "who": .string(who), "address": .string(address),
      "operation": .string(operation), "path": .string(path), "status": .whole(status),
    ]
  }
}

nonisolated extension SavedView {
  fileprivate var json: JSON {
    ["id": .id(id), "screen": .string(screen), "name": .string(name), "query": .string(query)]
  }
}

nonisolated extension User {
  /// The version of what others decide about them; logins and authenticators are their own.
  fileprivate var tag: ETag {
    let decided: JSON = ["role": .word(role), "disabled": .bool(isDisabled), "sites": scope?.json ?? .null]
    return ETag(of: decided.bytes)
  }
}

nonisolated extension Person {
  fileprivate var json: JSON {
    [
      "id": .id(user.id), "name": .string(user.name), "role": .word(user.role), "sites": user.scope?.json ?? .null,
      "disabled": .bool(user.isDisabled),
      "second_factor": .bool(user.factor != nil), "recovery_codes": .whole(recoveryCodes), "logins": .whole(logins),
      "created_at": .time(user.createdAt), "updated_at": .time(user.updatedAt),
    ]
  }
}
