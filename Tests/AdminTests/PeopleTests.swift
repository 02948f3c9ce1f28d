import Crypto
import CSMS
import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

@MainActor @Suite struct PeopleTests {
  // MARK: Every endpoint with every role

  private func needed(_ access: Route.Access) -> Role {
    switch access {
    case .open, .look: .viewer
    case .help: .support
    case .run: .operator
    case .own: .administrator
    }
  }

  private func body(_ route: Route) -> [UInt8] {
    route.method == .get || route.method == .delete ? [] : [UInt8]("{}".utf8)
  }

  /// A path with something in the place of each name, which nothing in an empty house answers to.
  private func path(_ route: Route) -> String {
    "/api/v1"
      + route.path.split(separator: "/").map { part in
        part == "{verb}" ? "/reset" : part.hasPrefix("{") ? "/999" : "/\(part)"
      }.joined()
  }

  @Test(arguments: [Role.viewer, .support, .operator, .administrator, .owner])
  func everyOperationIsRefusedToRolesBelowItsOwnAndToNoOther(_ role: Role) async throws {
    let (house, _) = try await Fixture.open()
    guard case .key(let key) = try await house.key(role) else { return }
    // A stream has no end to wait for.
    for route in Route.all where route.access != .open && !route.isAtRoot && route.name != "followEvents" {
      let reply = try await house.send(
        route.method, path(route), body(route),
        ["Authorization": "Bearer \(key)", "Content-Type": "application/json"])
      #expect((reply.status == 403) == (role < needed(route.access)), "\(route.name) as \(role): \(reply.status)")
      #expect(reply.status != 401 && reply.status != 500, "\(route.name) as \(role): \(reply.status)")
    }
  }

  @Test func nobodyElseReachesAnything() async throws {
    let (house, _) = try await Fixture.open()
    for route in Route.all where route.access != .open && !route.isAtRoot {
      let reply = try await house.send(
        route.method, path(route), body(route), ["Content-Type": "application/json"])
      #expect(reply.status == 401, "\(route.name): \(reply.status)")
    }
  }

  @Test func supportHelpsAndDoesNotChangeStations() async throws {
    let (house, _) = try await Fixture.open()
    let support = try await house.key(.support)
    #expect(try await house.ask(.post, "/stations/CS-1/commands/reset", [:], as: support).status == 404)
    for verb in ["update-firmware", "set-configuration", "network-profile", "install-certificate", "set-profile"] {
      #expect(try await house.ask(.post, "/stations/CS-1/commands/\(verb)", [:], as: support).status == 403, "\(verb)")
    }
  }

  // MARK: Users

  private func add(_ name: String, _ role: Role, _ house: Fixture, as proof: Proof) async throws -> (id: Int64, Proof) {
    let made = try await house.ask(
      .post, "/users", ["name": .string(name), "role": .string(role.rawValue), "password": "correct horse"], as: proof)
    #expect(made.status == 201)
    let password = try #require(made.json["password"])
    let login = try await house.ask(.post, "/login", ["name": .string(name), "password": password])
    #expect(login.status == 200)
    return (
      try #require(made.json["id"]?.int),
      .login(cookie: try #require(login.cookie), csrf: try #require(login.json["csrf_token"]?.string))
    )
  }

  @Test func aUserIsMadeComesInAndIsListed() async throws {
    let (house, owner) = try await Fixture.open()
    let (_, bert) = try await add("bert", .support, house, as: owner)
    #expect(try await house.ask(.get, "/me", as: bert).json["role"] == "support")
    let listed = try await house.ask(.get, "/users", as: owner)
    #expect(listed.items.map { $0["name"] } == ["anna", "bert"])
    #expect(!listed.text.contains("scrypt"))
    #expect(try await house.ask(.post, "/users", ["name": "bert", "role": "viewer"], as: owner).status == 409)
  }

  @Test func aChangedRoleCountsAtOnceAndADisabledUserIsOut() async throws {
    let (house, owner) = try await Fixture.open()
    let (id, bert) = try await add("bert", .operator, house, as: owner)
    #expect(try await house.ask(.patch, "/users/\(id)", ["role": "viewer"], as: owner).status == 200)
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1"], as: bert).status == 403)
    #expect(try await house.ask(.patch, "/users/\(id)", ["disabled": true], as: owner).json["disabled"] == true)
    #expect(try await house.ask(.get, "/me", as: bert).status == 401)
  }

  @Test func theLastOwnerStays() async throws {
    let (house, owner) = try await Fixture.open()
    let id = try #require(try await house.ask(.get, "/users", as: owner).items.first?["id"]?.int)
    for change in [["role": "viewer"], ["disabled": true]] as [JSON] {
      #expect(try await house.ask(.patch, "/users/\(id)", change, as: owner).status == 409)
    }
    #expect(try await house.ask(.delete, "/users/\(id)", as: owner).status == 409)
    _ = try await add("bert", .owner, house, as: owner)
    #expect(try await house.ask(.delete, "/users/\(id)", as: owner).status == 204)
    #expect(try await house.ask(.get, "/me", as: owner).status == 401)
  }

  @Test func nobodyGivesMoreThanTheyHaveOrChangesWhoStandsAbove() async throws {
    let (house, owner) = try await Fixture.open()
    let (_, bert) = try await add("bert", .administrator, house, as: owner)
    let anna = try #require(try await house.ask(.get, "/users", as: bert).items.first?["id"]?.int)
    #expect(try await house.ask(.post, "/users", ["name": "carl", "role": "owner"], as: bert).status == 422)
    #expect(try await house.ask(.post, "/apikeys", ["name": "k", "role": "owner"], as: bert).status == 422)
    // A program shows who it is with each request.
    let program = try await house.key(.administrator)
    #expect(try await house.ask(.post, "/users/\(anna)/password", as: program).status == 409)
    #expect(try await house.ask(.delete, "/users/\(anna)/second-factor", as: bert).status == 409)
    #expect(try await house.ask(.patch, "/users/\(anna)", ["role": "viewer"], as: bert).status == 409)
  }

  @Test func nobodyEndsAKeyThatMayMoreThanThey() async throws {
    let (house, owner) = try await Fixture.open()
    let (_, bert) = try await add("bert", .administrator, house, as: owner)
    func make(_ name: String, _ role: String) async throws -> Int64 {
      try #require(
        try await house.ask(
          .post, "/apikeys", ["name": .string(name), "role": .string(role), "password": "correct horse"],
          as: owner
        ).json["id"]?.int)
    }
    let (above, own) = (try await make("a", "owner"), try await make("b", "administrator"))
    #expect(try await house.ask(.delete, "/apikeys/\(above)", as: bert).status == 409)
    #expect(try await house.ask(.get, "/apikeys", as: owner).items.count == 2)
    #expect(try await house.ask(.delete, "/apikeys/\(own)", as: bert).status == 204)
    #expect(try await house.ask(.delete, "/apikeys/\(above)", as: owner).status == 204)
  }

  @Test func whoeverSitsAtABrowserShowsWhoTheyAreBeforeTheyGiveAwayWhatLasts() async throws {
    let (house, owner) = try await Fixture.open()
    let (id, _) = try await add("bert", .viewer, house, as: owner)
    let wishes: [(HTTP.Method, String, [(String, JSON)])] = [
      (.post, "/apikeys", [("name", "ci"), ("role", "viewer")]),
      (.post, "/users", [("name", "carl"), ("role", "administrator")]),
      (.patch, "/users/\(id)", [("role", "owner")]),
      (.post, "/users/\(id)/password", []),
    ]
    for (method, path, wish) in wishes {
      func ask(_ password: String?) async throws -> Reply {
        let given = password.map { [("password", JSON.string($0))] } ?? []
        let body = JSON.object(JSONObject((wish + given).map { JSONObject.Member($0.0, $0.1) }))
        return try await house.ask(method, path, body, as: owner)
      }
      for password in [nil, "wrong horse"] {
        let refused = try await ask(password)
        #expect(refused.status == 422 && refused.json["field"] == "password", "\(path)")
      }
      let done = try await ask("correct horse")
      #expect((200...201).contains(done.status), "\(path): \(done.text)")
    }
    // Programs prove who they are by their key, and whoever gives away little is not asked.
    let program = try await house.key(.owner)
    #expect(try await house.ask(.post, "/apikeys", ["name": "cd", "role": "viewer"], as: program).status == 201)
    #expect(try await house.ask(.post, "/users", ["name": "dora", "role": "operator"], as: owner).status == 201)
  }

  @Test func aPasswordThatIsGuessedByAnOpenBrowserIsSlowedDown() async throws {
    let (house, owner) = try await Fixture.open()
    var status = 0
    for _ in 0...Limits.freeFailuresPerAccount {
      status = try await house.ask(
        .post, "/apikeys", ["name": "ci", "role": "owner", "password": "a guess"], as: owner
      ).status
    }
    #expect(status == 429)
  }

  @Test func aNewPasswordThatIsTooShortIsNoGuess() async throws {
    let (house, owner) = try await Fixture.open()
    for _ in 0..<Limits.freeFailuresPerAccount + 2 {
      let reply = try await house.ask(.post, "/me/password", ["old": "correct horse", "new": "short"], as: owner)
      #expect(reply.status == 422)
    }
    #expect(
      try await house.ask(.post, "/me/password", ["old": "correct horse", "new": "battery staple"], as: owner).status
        == 204)
  }

  // MARK: One's own

  @Test func aChangedPasswordEndsAllOtherLogins() async throws {
    let (house, here) = try await Fixture.open()
    let login = try await house.ask(.post, "/login", ["name": "anna", "password": "correct horse"])
    let there = Proof.login(cookie: try #require(login.cookie), csrf: try #require(login.json["csrf_token"]?.string))
    #expect(try await house.ask(.get, "/me/logins", as: here).items.count == 2)
    let wrong = try await house.ask(
      .post, "/me/password", ["old": "wrong horse", "new": "battery staple"], as: here)
    #expect(wrong.status == 422)
    #expect(
      try await house.ask(.post, "/me/password", ["old": "correct horse", "new": "battery staple"], as: here).status
        == 204)
    #expect(try await house.ask(.get, "/me", as: here).status == 200)
    #expect(try await house.ask(.get, "/me", as: there).status == 401)
    #expect(try await house.ask(.post, "/login", ["name": "anna", "password": "battery staple"]).status == 200)
  }

  @Test func aLoginElsewhereCanBeEnded() async throws {
    let (house, here) = try await Fixture.open()
    let login = try await house.ask(.post, "/login", ["name": "anna", "password": "correct horse"])
    let there = Proof.login(cookie: try #require(login.cookie), csrf: try #require(login.json["csrf_token"]?.string))
    let other = try #require(
      try await house.ask(.get, "/me/logins", as: here).items.first { $0["current"] == false }?["id"]?.string)
    #expect(try await house.ask(.delete, "/me/logins/\(other)", as: here).status == 204)
    #expect(try await house.ask(.get, "/me", as: there).status == 401)
    #expect(try await house.ask(.delete, "/me/logins/\(other)", as: here).status == 404)
  }

  @Test func aKeyHasNoPassword() async throws {
    let (house, _) = try await Fixture.open()
    let key = try await house.key(.owner)
    #expect(try await house.ask(.get, "/me/logins", as: key).status == 409)
    #expect(try await house.ask(.post, "/me/second-factor", as: key).status == 409)
  }

  // MARK: Second factor

  private func enrol(_ house: Fixture, _ proof: Proof) async throws -> (TOTP, [String]) {
    let begun = try await house.ask(.post, "/me/second-factor", as: proof)
    #expect(begun.status == 201)
    let secret = try #require(begun.json["secret"]?.string)
    let factor = try #require(TOTP(base32: secret))
    #expect(try await house.ask(.post, "/me/second-factor/confirm", ["code": "000000"], as: proof).status == 422)
    let code = factor.code(at: house.time.clock.now().milliseconds / 30_000)
    let done = try await house.ask(.post, "/me/second-factor/confirm", ["code": .string(code)], as: proof)
    #expect(done.status == 200)
    return (factor, done.json["recovery_codes"]?.array?.compactMap(\.string) ?? [])
  }

  private func logIn(_ house: Fixture, _ code: String?) async throws -> Reply {
    var body: JSON = ["name": "anna", "password": "correct horse"]
    if let code { body["code"] = .string(code) }
    return try await house.ask(.post, "/login", body)
  }

  @Test func whoHasAnAuthenticatorNeedsItsCodeWhichIsGoodOnce() async throws {
    let (house, proof) = try await Fixture.open()
    let (factor, _) = try await enrol(house, proof)
    #expect(try await logIn(house, nil).problem == "second-factor")
    #expect(try await logIn(house, "123456").problem == "second-factor")
    house.time.pass(60)
    let code = factor.code(at: house.time.clock.now().milliseconds / 30_000)
    #expect(try await logIn(house, code).status == 200)
    #expect(try await logIn(house, code).problem == "second-factor")
  }

  @Test func aRecoveryCodeStandsInOnce() async throws {
    let (house, proof) = try await Fixture.open()
    let (_, codes) = try await enrol(house, proof)
    #expect(codes.count == 10)
    #expect(try await logIn(house, codes[3].uppercased()).status == 200)
    #expect(try await logIn(house, codes[3]).problem == "second-factor")
    #expect(try await house.ask(.get, "/me/second-factor", as: proof).json["recovery_codes"] == 9)
  }

  @Test func thePasswordAloneDoesNotForgiveWrongCodes() async throws {
    let (house, proof) = try await Fixture.open()
    _ = try await enrol(house, proof)
    var last = 0
    for _ in 0..<20 {
      _ = try await logIn(house, nil)
      last = try await logIn(house, "123456").status
      if last == 429 { break }
    }
    #expect(last == 429)
  }

  @Test func anAuthenticatorIsTakenAwayByThePasswordOrByAnAdministrator() async throws {
    let (house, proof) = try await Fixture.open()
    _ = try await enrol(house, proof)
    #expect(try await house.ask(.post, "/me/second-factor", as: proof).status == 409)
    #expect(
      try await house.ask(.post, "/me/second-factor/remove", ["password": "wrong horse"], as: proof).status == 422)
    #expect(
      try await house.ask(.post, "/me/second-factor/remove", ["password": "correct horse"], as: proof).status == 204)
    #expect(try await logIn(house, nil).status == 200)
    _ = try await enrol(house, proof)
    let id = try #require(try await house.ask(.get, "/users", as: proof).items.first?["id"]?.int)
    #expect(try await house.ask(.delete, "/users/\(id)/second-factor", as: proof).status == 204)
    #expect(try await logIn(house, nil).status == 200)
  }

  // MARK: Audit

  @Test func whatWasAskedIsNotedWithHowItEnded() async throws {
    let (house, owner) = try await Fixture.open()
    try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner)
    try await house.ask(.post, "/stations", ["id": "CS-1", "password": "a-secret-of-the-station"], as: owner)
    try await house.ask(.get, "/stations", as: owner)
    // What is noted is written with the next turn.
    try await house.house.turn { () throws(HouseRefusal) in }
    let audit = try await house.ask(.get, "/audit", as: owner)
    #expect(audit.items.map { $0["operation"] } == ["createStation", "createStation"])
    #expect(audit.items.map { $0["status"] } == [409, 201])
    #expect(audit.items.allSatisfy { $0["who"] == "operator:anna" })
    #expect(!audit.text.contains("a-secret"))
    #expect(try await house.ask(.get, "/audit?who=operator:bert", as: owner).items.isEmpty)
    let first = try await house.ask(.get, "/audit?limit=1", as: owner)
    #expect(
      try await house.ask(.get, "/audit?limit=1&cursor=\(first.next ?? "")", as: owner).items.first?["status"] == 201)
  }
}
