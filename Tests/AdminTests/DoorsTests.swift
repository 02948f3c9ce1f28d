// The admin doors attacked from outside: forged origins, tokens and cookies at every operation that changes something, and
// guesses that mean to keep somebody out.
import CSMS
import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

@MainActor @Suite struct DoorsTests {
  private func path(_ route: Route) -> String {
    (route.isAtRoot ? "" : "/api/v1")
      + route.path.split(separator: "/").map { $0 == "{verb}" ? "/reset" : $0.hasPrefix("{") ? "/999" : "/\($0)" }
      .joined()
  }
  /// A proxy on this machine that spoke TLS with somebody.
  private static func behindProxy(_ address: String) -> Headers {
    ["X-Forwarded-For": address, "X-Forwarded-Proto": "https"]
  }
  private var changing: [Route] { Route.all.filter { $0.method != .get && $0.access != .open } }

  private func send(
    _ house: Fixture, _ route: Route, _ proof: Proof, _ headers: Headers = Headers()
  ) async throws -> Reply {
    var headers = headers
    if case .login(let cookie, let csrf) = proof {
      headers["Cookie"] = cookie
      if !csrf.isEmpty { headers["X-CSRF-Token"] = csrf }
    }
    headers["Content-Type"] = "application/json"
    return try await house.send(
      route.method, path(route), route.method == .delete || route.method == .get ? [] : [UInt8]("{}".utf8), headers)
  }

  @Test func nothingIsChangedWithoutTheTokenOfTheLogin() async throws {
    let (house, proof) = try await Fixture.open()
    guard case .login(let cookie, let csrf) = proof else { return }
    #expect(changing.count > 80)
    let forged = String(csrf.reversed())
    for route in changing {
      for token in ["", forged] {
        let reply = try await send(house, route, .login(cookie: cookie, csrf: token))
        #expect(reply.problem == "csrf", "\(route.name): \(reply.status)")
      }
    }
  }

  @Test(
    arguments: [
      ["Origin": "https://evil.example"], ["Origin": "null"], ["Sec-Fetch-Site": "cross-site"],
      ["Sec-Fetch-Site": "same-site"], ["Origin": "http://127.0.0.1.evil.example"],
    ] as [Headers])
  func nothingIsAskedFromAnotherSite(_ headers: Headers) async throws {
    let (house, proof) = try await Fixture.open()
    for route in Route.all where route.access != .open && !route.isAtRoot {
      let reply = try await send(house, route, proof, headers)
      #expect(reply.problem == "wrong-origin", "\(route.name): \(reply.status)")
    }
    for route in Route.all where route.access == .open && route.method != .get {
      let reply = try await send(house, route, .none, headers)
      #expect(reply.problem == "wrong-origin", "\(route.name): \(reply.status)")
    }
  }

  @Test func aKeyIsNoReasonForABrowserToBeTrusted() async throws {
    let (house, proof) = try await Fixture.open()
    guard case .login(let cookie, _) = proof, case .key(let key) = try await house.key(.owner) else { return }
    // Another site's page may add neither header, so a wrong key beside a good cookie proves nothing.
    let reply = try await house.send(
      .get, "/api/v1/me", [], ["Cookie": cookie, "Authorization": "Bearer \(key)x"])
    #expect(reply.status == 401)
  }

  @Test func aSessionIsNeverTheBrowsersChoice() async throws {
    let (house, _) = try await Fixture.open()
    let chosen = "ostler_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    let login = try await house.ask(
      .post, "/login", ["name": "anna", "password": "correct horse"], headers: ["Cookie": chosen])
    let cookie = try #require(login.cookie)
    #expect(cookie != chosen)
    #expect(try await house.ask(.get, "/me", as: .login(cookie: chosen, csrf: "")).status == 401)
    let again = try await house.ask(.post, "/login", ["name": "anna", "password": "correct horse"])
    #expect(again.cookie != cookie)
  }

  @Test func theCookieIsForThisDoorAlone() async throws {
    let (house, _) = try await Fixture.open()
    let body: JSON = ["name": "anna", "password": "correct horse"]
    let plain = try await house.ask(.post, "/login", body)
    let flags = try #require(plain.headers["set-cookie"])
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/"] { #expect(flags.contains("; \(flag)"), "\(flags)") }
    #expect(!flags.contains("Domain"))
    // Behind a proxy that spoke TLS.
    let secure = try await house.ask(.post, "/login", body, headers: Self.behindProxy("203.0.113.5"))
    let secured = try #require(secure.headers["set-cookie"])
    #expect(secured.hasPrefix("__Host-ostler_session=") && secured.contains("; Secure"), "\(secured)")
    // The plain name is no proof there: a neighbouring host could have set it.
    let name = try #require(secure.cookie).replacing("__Host-ostler_session", with: "ostler_session")
    let reply = try await house.ask(
      .get, "/me", as: .login(cookie: name, csrf: ""), headers: Self.behindProxy("203.0.113.5"))
    #expect(reply.status == 401)
  }

  @Test func aLoginThatEndedIsWorthNothing() async throws {
    let (house, proof) = try await Fixture.open()
    #expect(try await house.ask(.post, "/logout", [:], as: proof).status == 204)
    #expect(try await house.ask(.get, "/me", as: proof).status == 401)
  }

  @Test func whoGuessesFromElsewhereDoesNotKeepTheOwnerOut() async throws {
    let (house, _) = try await Fixture.open()
    func logIn(_ password: String, from address: String) async throws -> Int {
      try await house.ask(
        .post, "/login", ["name": "anna", "password": .string(password)], headers: Self.behindProxy(address)
      ).status
    }
    #expect(try await logIn("correct horse", from: "192.0.2.1") == 200)
    for place in 0..<40 { _ = try await logIn("wrong horse", from: "198.51.100.\(place)") }
    #expect(try await logIn("wrong horse", from: "198.51.100.99") == 429)
    #expect(try await logIn("correct horse", from: "192.0.2.1") == 200)
    // Where the owner never was, guesses count as before, and so they do at the owner's own address.
    for _ in 0..<20 { _ = try await logIn("wrong horse", from: "198.51.100.7") }
    #expect(try await logIn("correct horse", from: "203.0.113.5") == 429)
    for _ in 0..<20 { _ = try await logIn("wrong horse", from: "192.0.2.1") }
    #expect(try await logIn("correct horse", from: "192.0.2.1") == 429)
  }
}
