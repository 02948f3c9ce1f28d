import Crypto
import CSMS
import Domain
import HTTP
import Store
import Wire

// How people and programs come in: the set-up link, login and logout, keys; and what a page asks first.
extension Route {
  static let entry: [Route] = [
    Route("setUp", .post, "/setup", .open) { try await $0.setUp($1) },
    Route("logIn", .post, "/login", .open) { try await $0.logIn($1) },
    Route("logOut", .post, "/logout", .look) { try await $0.logOut($1) },
    Route("showMe", .get, "/me", .look) { try await $0.showMe($1) },
    Route("listAPIKeys", .get, "/apikeys", .own) { try await $0.listKeys($1) },
    Route("createAPIKey", .post, "/apikeys", .own) { try await $0.createKey($1) },
    Route("removeAPIKey", .delete, "/apikeys/{id}", .own) { try await $0.removeKey($1) },
    Route("showDocument", .get, "/openapi.json", .open) { try $0.showDocument($1) },
    Route("isAlive", .get, "/healthz", .open, isAtRoot: true) { _, _ in .response(.text("ok\n")) },
    Route("isReady", .get, "/readyz", .open, isAtRoot: true) { try await $0.isReady($1) },
  ]
}

extension API {
  fileprivate func setUp(_ call: Call) async throws -> Answer {
    try checkDoor(call.request)
    var fields = try call.fields()
    let (token, name, password) = try (fields.text("token"), fields.text("name"), fields.text("password"))
    try fields.finish()
    do {
      let entrance = try await house.setUp(token: token, name: name, password: password, from: call.request.peer.host)
      return letIn(entrance, call, status: .created)
    } catch .notFound(let why) {
      throw Problem(.setupLinkGone, why)
    }
  }

  fileprivate func logIn(_ call: Call) async throws -> Answer {
    guard try await knowsUsers() else {
      throw Problem(.setupRequired, "open the set-up link that the daemon printed, or run `ostler setup-link`")
    }
    try checkDoor(call.request)
    var fields = try call.fields()
    let (name, password, factor) = try (fields.text("name"), fields.text("password"), fields.maybeText("code"))
    try fields.finish()
    let address = call.request.peer.host
    // Guesses from elsewhere do not keep out whoever came in from here before.
    let isKnown = try await house.hasComeIn(name, from: address)
    if let seconds = pace.pause(account: name, address: address, isKnown: isKnown, at: now) {
      throw Problem(tooManyFor: seconds)
    }
    // Counted before the answer is known, so that many guesses at once are no way around the pause.
    pace.failed(account: name, address: address, isKnown: isKnown, at: now)
    let outcome: LoginOutcome
    do {
      outcome = try await house.logIn(name: name, password: password, code: factor, from: address, isKnown: isKnown)
    } catch {
      // A house that cannot answer has tried no password.
      pace.forgive(account: name, address: address, isKnown: isKnown)
      throw error
    }
    switch outcome {
    case .entered(let entrance):
      pace.succeeded(account: name, address: address)
      return letIn(entrance, call, status: .ok)
    case .refused: throw Problem(.unauthenticated, "name or password is wrong")
    case .codeWanted:
      // Taken back without forgiving what came before: else whoever knows the password could guess codes for ever.
      pace.forgive(account: name, address: address, isKnown: isKnown)
      throw Problem(.secondFactor, "send the code of the authenticator, or a recovery code, as `code`")
    case .codeWrong: throw Problem(.secondFactor, "this code is not good, or it was used already")
    }
  }

  private func letIn(_ entrance: NewLogin, _ call: Call, status: Status) -> Answer {
    let json: JSON = [
      "user": .string(entrance.user), "role": .word(entrance.role), "csrf_token": .string(entrance.csrf),
    ]
    var response = Response.json(json.bytes, status: status)
    let seconds = entrance.endsAt.seconds(since: now)
    response.headers["Set-Cookie"] = SessionCookie.set(entrance.session, seconds: seconds, for: call.request)
    return .response(response)
  }

  fileprivate func logOut(_ call: Call) async throws -> Answer {
    if case .session(let session) = call.caller.proof {
      try await house.logOut(session: session)
      live.dismiss { $0.proof == .session(session) }
    }
    var response = Response.empty()
    response.headers["Set-Cookie"] = SessionCookie.clear(for: call.request)
    return .response(response)
  }

  fileprivate func showMe(_ call: Call) async throws -> Answer {
    let first = try await house.read { books throws(StoreFault) in
      (
        seq: try books.events.lastSeq(),
        flags: [
          "has_stations": .bool(try books.stations.count() > 0),
          "has_tokens": .bool(try !books.tokens.list(TokenFilter(isOurs: true), limit: 1).isEmpty),
          "has_tariffs": .bool(try !books.tariffs.list(limit: 1).isEmpty),
          "has_partners": .bool(try !books.partners.all().isEmpty),
          "has_sessions": .bool(try !books.sessions.list(limit: 1).isEmpty),
        ] as JSON
      )
    }
    let (via, csrf): (String, String?) =
      switch call.caller.proof {
      case .session(let session): ("session", CSRFToken.make(session: session))
      case .key: ("key", nil)
      case .socket, .none: ("socket", nil)
      }
    let strangers =
      switch house.settings.strangers {
      case .knock: "always"
      case .knockOnLoopback: "loopback"
      case .refuse: "never"
      }
    return .json([
      "user": .string(call.caller.name), "role": .word(call.caller.role), "sites": call.caller.scope?.json ?? .null,
      "via": .string(via),
      "csrf_token": .text(csrf),
      "version": .string(settings.version), "now": .time(now), "last_seq": .whole(first.seq),
      "station_urls": .list(settings.stationURLs) { .string($0) },
      "partner_urls": .list(settings.partnerURLs) { .string($0) },
      "strangers_may_knock": .string(strangers), "first_run": first.flags,
    ])
  }

  // MARK: Keys

  fileprivate func listKeys(_ call: Call) async throws -> Answer {
    .page(try await house.read { books throws(StoreFault) in try books.keys.list() }.map(\.json), next: nil)
  }

  fileprivate func createKey(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let name = try fields.text("name")
    let role: Role = try fields.word("role")
    let scope = try fields.scope()
    let own = try fields.maybeText("password")
    try fields.finish()
    guard role <= call.caller.role else { throw Problem.invalid("role", "nobody gives a role above their own") }
    try await confirm(call, by: own)
    let (kept, key) = try await house.addKey(name, role: role, scope: scope.wished, by: call.by)
    var json = kept.json
    json["key"] = .string(key)
    return .json(json, status: .created)
  }

  fileprivate func removeKey(_ call: Call) async throws -> Answer {
    let name = try await house.revokeKey(try call.id(), givenBy: call.caller.role, by: call.by)
    live.dismiss { $0.proof == .key && $0.name == name }
    return .done
  }

  // MARK: Documents and probes

  fileprivate func showDocument(_ call: Call) throws -> Answer {
    guard let document = Assets.document else { throw Problem(.internal, "the document is not in this binary") }
    // Without this it would be "no-store", and be packed anew for everybody who asks.
    let response = Response(
      .ok, headers: ["Content-Type": "application/json", "Cache-Control": "no-cache"], body: document.bytes)
    return .response(response.tagged(document.tag, for: call.request))
  }

  /// Ready is whoever can decide: a turn that changes nothing runs through the store.
  fileprivate func isReady(_ call: Call) async throws -> Answer {
    if let trouble = house.trouble { throw HouseRefusal.unavailable("\(trouble.fault), since \(trouble.since.text)") }
    try await house.turn { () throws(HouseRefusal) in }
    return .response(.text("ready\n"))
  }
}

nonisolated extension APIKey {
  fileprivate var json: JSON {
    [
      "id": .id(id), "name": .string(name), "role": .word(role), "sites": scope?.json ?? .null,
      "created_at": .time(createdAt),
      "used_at": .time(usedAt),
    ]
  }
}
