import CSMS
import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

@MainActor @Suite(.serialized) struct EntryTests {
  // MARK: Before the first person

  @Test func beforeTheFirstPersonOnlyTheSetupLinkIsAnswered() async throws {
    let house = try await Fixture()
    for path in ["/me", "/stations", "/events", "/apikeys"] {
      let reply = try await house.ask(.get, path)
      #expect(reply.status == 403)
      #expect(reply.problem == "setup-required")
    }
    #expect(try await house.ask(.post, "/login", ["name": "anna", "password": "x"]).problem == "setup-required")
    #expect(try await house.send(.get, "/").status == 403)
    #expect(try await house.send(.get, "/healthz").status == 200)
    #expect(try await house.send(.get, "/readyz").status == 200)
  }

  @Test func theSetupLinkIsGoodOnce() async throws {
    let house = try await Fixture()
    let token = try #require(try await house.house.firstSetupLink())
    let body: JSON = ["token": .string(token), "name": "anna", "password": "correct horse"]
    let first = try await house.ask(.post, "/setup", body)
    #expect(first.status == 201)
    #expect(first.json["role"] == "owner")
    let again = try await house.ask(.post, "/setup", body)
    #expect(again.status == 410)
    #expect(again.problem == "setup-link-gone")
    #expect(try await house.send(.get, "/?setup=\(token)").status == 410)
    #expect(try await house.house.firstSetupLink() == nil)
  }

  @Test func aSetupLinkEndsByItselfAndByANewerOne() async throws {
    let house = try await Fixture()
    let old = try #require(try await house.house.firstSetupLink())
    let new = try #require(try await house.house.firstSetupLink())
    let body: (String) -> JSON = { ["token": .string($0), "name": "anna", "password": "correct horse"] }
    #expect(try await house.ask(.post, "/setup", body(old)).status == 410)
    house.time.pass(house.house.settings.setupLinkSeconds)
    #expect(try await house.ask(.post, "/setup", body(new)).status == 410)
  }

  @Test(arguments: [("", "correct horse", "name"), ("anna", "too short", "password")])
  func theFirstPersonNeedsANameAndAPassword(_ name: String, _ password: String, _ field: String) async throws {
    let house = try await Fixture()
    let token = try #require(try await house.house.firstSetupLink())
    let reply = try await house.ask(
      .post, "/setup", ["token": .string(token), "name": .string(name), "password": .string(password)])
    #expect(reply.status == 422)
    #expect(reply.json["field"] == .string(field))
    // The link was not spent on it.
    #expect(try await house.house.isSetupLink(token))
  }

  @Test func aNewcomerIsLedUntilSessionsArePaid() async throws {
    let (new, first) = try await Fixture.open()
    let start = try await new.ask(.get, "/me", as: first).json["first_run"]
    #expect(start?["is_over"] == false && start?["has_places"] == false && start?["has_company"] == false)
    let charged = try await ChargedHouse()
    try await charged.charge(10)
    func run(_ proof: Proof) async throws -> JSON? {
      try await charged.house.ask(.get, "/me", as: proof).json["first_run"]
    }
    let open = try await run(charged.owner)
    #expect(
      open?["has_sessions"] == true && open?["free_connectors"] == 0 && open?["is_over"] == false, "\(open ?? .null)")
    #expect(
      try await charged.house.ask(.put, "/company", ["name": "Ostler BV", "address": "Quay 1"], as: charged.owner)
        .status == 200)
    #expect(try await run(charged.owner)?["is_over"] == true)
    // Whoever has some sites only is led nowhere.
    let limited = try await charged.house.house.addKey("few", role: .operator, scope: SiteScope([]), by: "test").key
    #expect(try await run(.key(limited))?["is_over"] == true)
  }

  // MARK: Login

  @Test func aLoginSetsACookieThatScriptsCannotReadAndLogoutEndsIt() async throws {
    let (house, _) = try await Fixture.open()
    let reply = try await house.ask(.post, "/login", ["name": "anna", "password": "correct horse"])
    #expect(reply.status == 200)
    let set = try #require(reply.headers["set-cookie"])
    #expect(
      set.hasPrefix("ostler_session=") && set.contains("; HttpOnly") && set.contains("; SameSite=Strict")
        && set.contains("; Path=/"))
    let proof = Proof.login(cookie: try #require(reply.cookie), csrf: try #require(reply.json["csrf_token"]?.string))
    let me = try await house.ask(.get, "/me", as: proof)
    #expect(me.json["user"] == "anna")
    #expect(me.json["via"] == "session")
    #expect(me.json["csrf_token"] == reply.json["csrf_token"])
    #expect(try await house.ask(.post, "/logout", as: proof).status == 204)
    #expect(try await house.ask(.get, "/me", as: proof).status == 401)
  }

  @Test func aWrongPasswordAndAnUnknownNameAreAnsweredAlike() async throws {
    let (house, _) = try await Fixture.open()
    let wrong = try await house.ask(.post, "/login", ["name": "anna", "password": "wrong horse"])
    let unknown = try await house.ask(.post, "/login", ["name": "nobody", "password": "wrong horse"])
    #expect(wrong.status == 401)
    #expect(wrong.bytes == unknown.bytes)
    let events = try await house.house.read { books throws(StoreFault) in try books.events.latest(limit: 2) }
    #expect(events.map(\.kind) == ["user.login_refused", "user.login_refused"])
  }

  @Test func whoGuessesIsSlowedDown() async throws {
    let (house, _) = try await Fixture.open()
    for _ in 0..<Limits.freeFailuresPerAccount {
      #expect(try await house.ask(.post, "/login", ["name": "anna", "password": "wrong horse"]).status == 401)
    }
    let slowed = try await house.ask(.post, "/login", ["name": "anna", "password": "correct horse"])
    #expect(slowed.status == 429)
    #expect(slowed.headers["retry-after"] != nil)
    house.time.pass(Limits.longestPauseSeconds)
    #expect(try await house.ask(.post, "/login", ["name": "anna", "password": "correct horse"]).status == 200)
  }

  @Test func aLoginThatNobodyUsesEndsAfterTwelveHours() async throws {
    let (house, proof) = try await Fixture.open()
    house.time.pass(11 * 3_600)
    #expect(try await house.ask(.get, "/me", as: proof).status == 200)
    // Its use is written in a turn of its own.
    try await house.house.turn { () throws(HouseRefusal) in }
    house.time.pass(11 * 3_600)
    #expect(try await house.ask(.get, "/me", as: proof).status == 200)
    house.time.pass(12 * 3_600 + 1)
    #expect(try await house.ask(.get, "/me", as: proof).status == 401)
  }

  @Test func aLoginEndsAfterThirtyDaysHoweverOftenItIsUsed() async throws {
    let (house, proof) = try await Fixture.open()
    var alive = 0
    for _ in 0..<70 {
      house.time.pass(11 * 3_600)
      guard try await house.ask(.get, "/me", as: proof).status == 200 else { break }
      try await house.house.turn { () throws(HouseRefusal) in }
      alive += 1
    }
    #expect(alive == 30 * 24 / 11)
  }

  // MARK: What a request must show

  @Test func anUnsafeRequestWithACookieNeedsTheToken() async throws {
    let (house, proof) = try await Fixture.open()
    let body: JSON = ["name": "ci", "role": "viewer", "password": "correct horse"]
    let without = try await house.ask(.post, "/apikeys", body, as: proof, headers: ["X-CSRF-Token": ""])
    #expect(without.problem == "csrf")
    let foreign = try await house.ask(.post, "/apikeys", body, as: proof, headers: ["X-CSRF-Token": "AAAA"])
    #expect(foreign.problem == "csrf")
    #expect(try await house.ask(.post, "/apikeys", body, as: proof).status == 201)
  }

  @Test(
    arguments: [
      (["Origin": "http://evil.example"], 403), (["Sec-Fetch-Site": "cross-site"], 403),
      (["Sec-Fetch-Site": "same-site"], 403),
      (["Origin": "null"], 403), (["Sec-Fetch-Site": "same-origin"], 200), (["Sec-Fetch-Site": "none"], 200),
    ] as [(Headers, Int)])
  func anotherSiteMayNotAsk(_ headers: Headers, _ status: Int) async throws {
    let (house, proof) = try await Fixture.open()
    #expect(try await house.ask(.get, "/me", as: proof, headers: headers).status == status)
    let login = try await house.ask(.post, "/login", ["name": "anna", "password": "correct horse"], headers: headers)
    #expect(login.status == status)
  }

  @Test func theSameOriginMayAsk() async throws {
    let (house, proof) = try await Fixture.open()
    let own: Headers = ["Origin": "http://127.0.0.1:\(house.port)"]
    #expect(try await house.ask(.get, "/me", as: proof, headers: own).status == 200)
  }

  @Test func aBodyMustSayThatItIsJSON() async throws {
    let (house, _) = try await Fixture.open()
    let form: Headers = ["Content-Type": "application/x-www-form-urlencoded"]
    let reply = try await house.ask(.post, "/login", ["name": "anna", "password": "correct horse"], headers: form)
    #expect(reply.status == 415)
    let utf8: Headers = ["Content-Type": "application/json; charset=utf-8"]
    #expect(
      try await house.ask(.post, "/login", ["name": "anna", "password": "correct horse"], headers: utf8).status == 200)
  }

  // MARK: The way to the door

  @Test func aPasswordIsNotTakenOverAPlainNetwork() async throws {
    let far: Headers = ["X-Forwarded-For": "203.0.113.5"]
    let body: JSON = ["name": "anna", "password": "correct horse"]
    let (strict, _) = try await Fixture.open()
    let refused = try await strict.ask(.post, "/login", body, headers: far)
    #expect(refused.status == 403 && refused.problem == "insecure-page")
    let (lax, _) = try await Fixture.open { $0.insecurePage = true }
    #expect(try await lax.ask(.post, "/login", body, headers: far).status == 200)
  }

  @Test func overTLSTheCookieIsBoundToTheHost() async throws {
    let (house, plain) = try await Fixture.open()
    let secure: Headers = ["X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https"]
    let login = try await house.ask(
      .post, "/login", ["name": "anna", "password": "correct horse"], headers: secure)
    let set = try #require(login.headers["set-cookie"])
    #expect(set.hasPrefix("__Host-ostler_session=") && set.contains("; Secure") && !set.contains("Domain"))
    let proof = Proof.login(cookie: try #require(login.cookie), csrf: "")
    #expect(try await house.ask(.get, "/me", as: proof, headers: secure).status == 200)
    // Neither name is read where it does not belong.
    #expect(try await house.ask(.get, "/me", as: proof).status == 401)
    #expect(try await house.ask(.get, "/me", as: plain, headers: secure).status == 401)
  }

  // MARK: Keys and roles

  @Test(arguments: [
    (Role.viewer, [200, 403, 403]), (.operator, [200, 201, 403]), (.owner, [200, 201, 200]),
  ])
  func aRoleMayDoWhatItIsFor(_ role: Role, _ statuses: [Int]) async throws {
    let (house, _) = try await Fixture.open()
    let key = try await house.key(role)
    #expect(try await house.ask(.get, "/stations", as: key).status == statuses[0])
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1"], as: key).status == statuses[1])
    #expect(try await house.ask(.get, "/apikeys", as: key).status == statuses[2])
    #expect(try await house.ask(.get, "/me", as: key).json["via"] == "key")
  }

  @Test func aKeyIsShownOnceAndCanBeRevoked() async throws {
    let (house, owner) = try await Fixture.open()
    let wish: JSON = ["name": "ci", "role": "operator", "password": "correct horse"]
    let made = try await house.ask(.post, "/apikeys", wish, as: owner)
    let key = try #require(made.json["key"]?.string)
    #expect(try await house.ask(.get, "/stations", as: .key(key)).status == 200)
    let listed = try await house.ask(.get, "/apikeys", as: owner)
    #expect(!listed.text.contains(key) && listed.items.count == 1)
    #expect(try await house.ask(.post, "/apikeys", wish, as: owner).status == 409)
    let id = try #require(made.json["id"]?.int)
    #expect(try await house.ask(.delete, "/apikeys/\(id)", as: owner).status == 204)
    #expect(try await house.ask(.get, "/stations", as: .key(key)).status == 401)
    #expect(try await house.ask(.delete, "/apikeys/\(id)", as: owner).status == 404)
  }

  @Test(arguments: ["Bearer nonsense", "Basic YW5uYTp4", "Bearer", ""])
  func aWrongKeyIsNoKey(_ header: String) async throws {
    let (house, _) = try await Fixture.open()
    let reply = try await house.ask(.get, "/me", headers: ["Authorization": header])
    #expect(reply.status == 401)
    #expect(reply.headers["www-authenticate"] != nil)
  }

  @Test func theSocketDoorIsTheOwners() async throws {
    let house = try await Fixture()
    let me = try await house.ask(.get, "/me", atSocket: true)
    #expect(me.json["via"] == "socket")
    #expect(me.json["role"] == "owner")
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1"], atSocket: true).status == 201)
    #expect(try await house.send(.get, "/", atSocket: true).status == 404)
  }

  // MARK: Hosts and heads

  @Test func aNameThatIsNotOursIsRefusedWhereNamesAreConfigured() async throws {
    let house = try await Fixture { $0.hosts = ["ostler.example"] }
    let wrong = try await house.send(.get, "/api/v1/me")
    #expect(wrong.status == 421)
    #expect(try await house.send(.get, "/healthz").status == 200)
  }

  @Test func everyAnswerForbidsWhatAPageMustNotDo() async throws {
    let (house, proof) = try await Fixture.open()
    for reply in [try await house.ask(.get, "/me", as: proof), try await house.send(.get, "/api/v1/nothing")] {
      #expect(reply.headers["content-security-policy"]?.contains("default-src 'self'") == true)
      #expect(reply.headers["content-security-policy"]?.contains("frame-ancestors 'none'") == true)
      #expect(reply.headers["x-content-type-options"] == "nosniff")
      #expect(reply.headers["cache-control"] == "no-store")
    }
  }

  @Test(arguments: [
    "/../etc/passwd", "/%2e%2e/etc/passwd", "/js/..%2f..%2fetc/passwd.js", "/Admin/index.html", "/openapi.json",
  ])
  func noPathLeadsOutOfThePage(_ path: String) async throws {
    let (house, _) = try await Fixture.open()
    let reply = try await house.send(.get, path)
    #expect(!reply.text.contains("root:"))
    #expect(reply.status == 404 || reply.headers["content-type"]?.hasPrefix("text/html") == true)
  }

  @Test func aPathThatIsNotThereIsAProblemAndAWrongMethodSaysWhichAreRight() async throws {
    let (house, proof) = try await Fixture.open()
    let missing = try await house.send(.get, "/api/v1/nothing")
    #expect(missing.status == 404 && missing.problem == "not-found")
    #expect(missing.headers["content-type"] == "application/problem+json")
    let wrong = try await house.ask(.put, "/stations", ["id": "x"], as: proof)
    #expect(wrong.status == 405)
    #expect(wrong.headers["allow"] == "GET, HEAD, POST")
  }
}
