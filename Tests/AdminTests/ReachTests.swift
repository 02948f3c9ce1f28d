// What somebody sees and commands who is limited to sites: two sites with all that a station leaves in the books, and
// every operation of the API asked by somebody who has the first of them only.
import CSMS
import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

/// A second site beside the harbour of `ChargedHouse`, with a station, a session and a bill of its own.
@MainActor struct TwoSites {
  let harbour: ChargedHouse
  var house: Fixture { harbour.house }
  var owner: Proof { harbour.owner }
  let here: Int64
  let there: Int64

  init() async throws {
    harbour = try await ChargedHouse()
    let owner = harbour.owner
    here = try #require(try await harbour.house.ask(.get, "/locations", as: owner).items.first?["id"]?.int)
    try await harbour.charge(10)
    let site: JSON = [
      "name": "Mountain", "address": "Peak 1", "city": "Aachen", "country": "DEU", "latitude": "50.7",
      "longitude": "6.1", "time_zone": "Etc/UTC", "published": true,
    ]
    let made = try await harbour.house.ask(.post, "/locations", site, as: owner)
    there = try #require(made.json["id"]?.int)
    try await harbour.house.ask(
      .post, "/stations", ["id": "CS-2", "evses": 1, "location": .number(JSONNumber(there))], as: owner)
    let tariff = try #require(try await harbour.house.ask(.get, "/tariffs", as: owner).items.first?["id"])
    try await harbour.house.ask(
      .patch, "/stations/CS-2/evses/1", ["connectors": [["number": 1, "tariff": tariff]]], as: owner)
    let desk = try await harbour.house.connect("CS-2")
    let now = harbour.house.time.clock.now()
    let verdict = try await harbour.house.turn { () throws(TurnFault) in
      try desk.report(StatusReport(evse: 1, status: .available))
      return try desk.start(
        StartReport(evse: 1, tag: "04A1B2C3", meterStart: .zero, at: now, raw: ["n": "mountain"]))
    }
    harbour.house.time.pass(3_600)
    let end = harbour.house.time.clock.now()
    let stop = StopReport(
      transaction: verdict.transaction, tag: nil, meterStop: Energy(wattHours: 77_000), at: end, ending: .local,
      readings: [], raw: ["n": "mountain ends"])
    _ = try await harbour.house.turn { () throws(TurnFault) in try desk.stop(stop) }
    for station in ["CS-1", "CS-2"] {
      harbour.house.messages.record(
        LoggedFrame(
          at: end, door: "ocpp", peer: station, direction: .received, action: "Heartbeat", correlation: "1",
          text: Bytes(utf8: "[2,\"1\",\"Heartbeat\",{}]")))
    }
    await harbour.house.messages.flush()
  }

  /// Somebody of that role who has the harbour alone.
  func keeper(_ role: Role) async throws -> Proof {
    .key(
      try await house.house.addKey(
        "keeper-\(role.rawValue)", role: role, scope: SiteScope([ID(here)]), by: "test"
      ).key)
  }
}

@MainActor @Suite struct ReachTests {
  /// What an answer may hold of the other site.
  private func expectNothingOfTheMountain(_ reply: Reply, _ what: String) {
    for word in ["CS-2", "Mountain", "Aachen", "77"] where reply.text.contains(word) {
      // Digits of ids and times are no energy.
      if word == "77", !reply.text.contains("77.0") && !reply.text.contains("\"77\"") { continue }
      Issue.record("\(what) tells of the other site (\(word)): \(reply.text.prefix(400))")
    }
  }

  @Test func everyListAndReportShowsTheOwnSiteOnly() async throws {
    let both = try await TwoSites()
    let keeper = try await both.keeper(.operator)
    for route in Route.all where route.method == .get && Reach(route) == .sites && route.name != "followEvents" {
      let query =
        route.path.hasPrefix("/reports") || route.path.hasPrefix("/insight") ? "?from=2026-11-01T00:00:00Z" : ""
      let reply = try await both.house.send(
        .get, "/api/v1\(route.path.replacing("{id}", with: "1"))\(query)", [], try bearer(keeper))
      #expect(![401, 403, 500, 503].contains(reply.status), "\(route.name): \(reply.status) \(reply.text)")
      expectNothingOfTheMountain(reply, route.name)
    }
  }

  private func bearer(_ proof: Proof) throws -> Headers {
    guard case .key(let key) = proof else { throw Problem(.internal, "a key is expected") }
    return ["Authorization": "Bearer \(key)", "Content-Type": "application/json"]
  }

  @Test(
    arguments: [
      ("/stations", 1), ("/sessions", 1), ("/cdrs", 1), ("/locations", 1), ("/messages", 1), ("/events?limit=500", nil),
    ] as [(String, Int?)])
  func listsHoldWhatBelongsToTheSite(_ path: String, _ count: Int?) async throws {
    let both = try await TwoSites()
    let keeper = try await both.keeper(.viewer)
    let all = try await both.house.ask(.get, path, as: both.owner).items
    let seen = try await both.house.ask(.get, path, as: keeper).items
    #expect(!seen.isEmpty && seen.count < all.count, "\(path): \(seen.count) of \(all.count)")
    if let count { #expect(seen.count == count) }
  }

  @Test func figuresOfTheHouseAreThoseOfTheSite() async throws {
    let both = try await TwoSites()
    let keeper = try await both.keeper(.viewer)
    let range = "?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z"
    let whole = try await both.house.ask(.get, "/insight/usage\(range)", as: both.owner)
    let part = try await both.house.ask(.get, "/insight/usage\(range)", as: keeper)
    #expect(whole.text.contains("87"), "\(whole.text)")
    #expect(part.status == 200 && !part.text.contains("87") && part.text.contains("10"), "\(part.text)")
    let overview = try await both.house.ask(.get, "/overview", as: keeper)
    #expect(overview.json["stations"]?["total"] == 1)
    #expect(overview.json["energy_today_kwh"] == "10")
  }

  @Test func exportsHoldTheSiteOnly() async throws {
    let both = try await TwoSites()
    let keeper = try await both.keeper(.viewer)
    let csv = try await both.house.send(.get, "/api/v1/cdrs.csv?month=2026-11", [], try bearer(keeper))
    #expect(csv.status == 200 && csv.text.contains("CS-1") && !csv.text.contains("CS-2"), "\(csv.text)")
    for path in ["stations.csv", "sessions.csv"] {
      let csv = try await both.house.send(.get, "/api/v1/\(path)", [], try bearer(keeper))
      #expect(csv.status == 200 && csv.text.contains("CS-1") && !csv.text.contains("CS-2"), "\(path): \(csv.text)")
    }
    let tokens = try await both.house.send(.get, "/api/v1/tokens.csv", [], try bearer(keeper))
    #expect(tokens.text.split(separator: "\r\n").count == 1, "\(tokens.text)")
  }

  @Test func thingsOfAnotherSiteLookAsIfTheyDidNotExist() async throws {
    let both = try await TwoSites()
    let keeper = try await both.keeper(.operator)
    let session = try #require(
      try await both.house.ask(.get, "/sessions?station=CS-2", as: both.owner).items.first?["id"]?.string)
    let cdr = try #require(
      try await both.house.ask(.get, "/cdrs", as: both.owner).items.first { $0["station"] == "CS-2" }?["id"]?.string)
    let known: [String: String] = ["stations": "CS-2", "locations": "\(both.there)", "sessions": session, "cdrs": cdr]
    for route in Route.all {
      guard case .one(let thing) = Reach(route), let id = known[thing.rawValue] else { continue }
      let path = route.path.replacing("{id}", with: id).replacing("{verb}", with: "reset")
        .replacing("{number}", with: "1").replacing("{kind}", with: "limit").replacing("{Action}", with: "Reset")
      let body: [UInt8] = route.method == .get || route.method == .delete ? [] : [UInt8]("{}".utf8)
      let reply = try await both.house.send(route.method, "/api/v1\(path)", body, try bearer(keeper))
      #expect(
        reply.status == 404 || reply.status == (route.access == .own ? 403 : 404), "\(route.name): \(reply.status)")
    }
  }

  @Test func listsOfWhatIsOfNoSiteAreEmpty() async throws {
    let both = try await TwoSites()
    let keeper = try await both.keeper(.operator)
    let routes = Route.all.filter { Reach($0) == .nothing && $0.list == nil }
    #expect(routes.count > 10 && routes.allSatisfy { $0.method == .get && !$0.path.contains("{") })
    for route in routes {
      let reply = try await both.house.send(.get, "/api/v1\(route.path)", [], try bearer(keeper))
      #expect(reply.status == 200 && reply.json["items"] == [], "\(route.name): \(reply.status)")
    }
    #expect(try await both.house.ask(.get, "/tokens", as: both.owner).items.count == 1)
  }

  @Test func whatConcernsTheWholeHouseIsRefused() async throws {
    let both = try await TwoSites()
    let keeper = try await both.keeper(.operator)
    for route in Route.all where Reach(route) == .house && !route.isAtRoot {
      let path = "/api/v1" + route.path.split(separator: "/").map { $0.hasPrefix("{") ? "/9" : "/\($0)" }.joined()
      let body: [UInt8] = route.method == .get || route.method == .delete ? [] : [UInt8]("{}".utf8)
      let reply = try await both.house.send(route.method, path, body, try bearer(keeper))
      #expect(reply.status == 403, "\(route.name): \(reply.status)")
    }
  }

  @Test func aBodyReachesNoFurtherThanAPath() async throws {
    let both = try await TwoSites()
    let keeper = try await both.keeper(.operator)
    let session = try #require(
      try await both.house.ask(.get, "/sessions?station=CS-2", as: both.owner).items.first?["id"])
    let moved = try await both.house.ask(
      .patch, "/stations/CS-1", ["location": .number(JSONNumber(both.there))], as: keeper)
    #expect(moved.status == 422)
    let other = try await both.house.ask(
      .post, "/stations/CS-1/commands/priority", ["session": session, "on": true], as: keeper)
    #expect(other.status == 422)
    let counted = try await both.house.ask(.post, "/stations/CS-1/commands/start", ["token_id": 1], as: keeper)
    #expect(counted.status == 422 && !counted.text.contains("04A1B2C3"), "cards are not read by counting them")
    #expect(try await both.house.ask(.post, "/stations/CS-1/commands/reset", [:], as: keeper).status < 300)
  }

  @Test func whatIsMadeForASiteIsMadeAtTheOwnSiteOnly() async throws {
    let both = try await TwoSites()
    let keeper = try await both.keeper(.operator)
    func open(_ location: Int64, as who: Proof) async throws -> Reply {
      try await both.house.ask(.post, "/booking-locations", ["location": .number(JSONNumber(location))], as: who)
    }
    #expect(try await open(both.here, as: keeper).status == 201)
    #expect(try await open(both.there, as: keeper).status == 422)
    let elsewhere = try #require(try await open(both.there, as: both.owner).json["id"])
    let refused = try await both.house.ask(
      .post, "/bookings",
      ["booking_location": elsewhere, "token": "04A1", "from": "2026-11-20T10:00:00Z", "to": "2026-11-20T11:00:00Z"],
      as: keeper)
    #expect(refused.status == 422 && refused.text.contains("no such booking location"), "\(refused.text)")
  }

  @Test func theLiveStreamTellsOfTheSiteOnly() async throws {
    let both = try await TwoSites()
    let (_, cookie) = try await both.logIn("karl")
    let house = both.house
    let events = await listen(port: house.port, path: "/api/v1/events?after=0", cookie: cookie) { events in
      events.contains { $0.event == "cdr.made" }
    }
    let text = events.map(\.data).joined()
    #expect(text.contains("CS-1") && !text.contains("CS-2"))
    #expect(events.count { $0.event == "cdr.made" } == 1)
  }

  @Test func aSiteThatIsGoneLeavesNothingAndNotEverything() async throws {
    let both = try await TwoSites()
    let keeper = SiteScope([ID(both.here), ID(999)])
    let limited = await SiteScope.$current.withValue(SiteScope([ID(999)])) {
      try? await both.house.house.read { books throws(StoreFault) in try books.stations.count() }
    }
    #expect(limited == 0)
    let some = await SiteScope.$current.withValue(keeper) {
      try? await both.house.house.read { books throws(StoreFault) in try books.stations.count() }
    }
    #expect(some == 1)
  }

  @Test func aRepeatedCommandOfOnesOwnSiteIsSentOnce() async throws {
    let both = try await TwoSites()
    let keeper = try await both.keeper(.operator)
    let before = both.house.stations.asked.withLock { $0.count }
    func reset(_ body: JSON) async throws -> Reply {
      try await both.house.ask(
        .post, "/stations/CS-1/commands/reset", body, as: keeper, headers: ["Idempotency-Key": "k-1"])
    }
    let first = try await reset(["hard": false])
    let again = try await reset(["hard": false])
    #expect(first.status == 202 && first.bytes == again.bytes)
    #expect(both.house.stations.asked.withLock { $0.count } == before + 1)
    #expect(try await reset(["hard": true]).problem == "idempotency-mismatch")
  }

  @Test func onlyThoseBelowAdministratorsAreLimited() async throws {
    let (house, owner) = try await Fixture.open()
    for role in ["administrator", "owner"] {
      let made = try await house.ask(
        .post, "/users",
        ["name": "a-\(role)", "role": .string(role), "sites": [1], "password": "correct horse"] as JSON,
        as: owner)
      #expect(made.status == 422)
    }
    let unknown = try await house.ask(
      .post, "/apikeys", ["name": "k", "role": "viewer", "sites": [77], "password": "correct horse"] as JSON, as: owner)
    #expect(unknown.status == 422 && unknown.json["field"] == "sites")
  }

  @Test func aLimitIsSetShownAndTakenAway() async throws {
    let both = try await TwoSites()
    let site = JSON.number(JSONNumber(both.here))
    let made = try await both.house.ask(
      .post, "/users", ["name": "karl", "role": "viewer", "sites": [site]] as JSON, as: both.owner)
    #expect(made.json["sites"] == [site])
    let id = try #require(made.json["id"]?.int)
    let higher = try await both.house.ask(
      .patch, "/users/\(id)", ["role": "administrator", "password": "correct horse"], as: both.owner)
    #expect(higher.status == 422)
    let opened = try await both.house.ask(.patch, "/users/\(id)", ["all_sites": true], as: both.owner)
    #expect(opened.json["sites"] == .null)
  }
}

extension TwoSites {
  /// A viewer of the harbour who logged in.
  fileprivate func logIn(_ name: String) async throws -> (Proof, cookie: String) {
    let made = try await house.ask(
      .post, "/users", ["name": .string(name), "role": "viewer", "sites": [.number(JSONNumber(here))]] as JSON,
      as: owner)
    let login = try await house.ask(
      .post, "/login", ["name": .string(name), "password": made.json["password"] ?? .null])
    let cookie = try #require(login.cookie)
    return (.login(cookie: cookie, csrf: login.json["csrf_token"]?.string ?? ""), cookie)
  }
}
