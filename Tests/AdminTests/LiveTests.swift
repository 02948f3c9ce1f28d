import CSMS
import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

@MainActor @Suite struct LiveTests {
  private func cookie(_ proof: Proof) -> String {
    if case .login(let cookie, _) = proof { cookie } else { "" }
  }

  private func follow(
    _ house: Fixture, _ proof: Proof, after: Int64?, count: Int
  ) -> Task<[EventStream.Event], Never> {
    let (port, cookie) = (house.port, cookie(proof))
    let path = "/api/v1/events" + (after.map { "?after=\($0)" } ?? "")
    return Task { await listen(port: port, path: path, cookie: cookie) { $0.count >= count } }
  }

  private func untilSomebodyListens(_ house: Fixture, _ count: Int = 1) async throws {
    for _ in 0..<500 where house.api.live.listenerCount < count { try await Task.sleep(for: .milliseconds(10)) }
    #expect(house.api.live.listenerCount == count)
  }

  private func untilNobodyListens(_ house: Fixture) async throws {
    for _ in 0..<500 where house.api.live.listenerCount > 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(house.api.live.listenerCount == 0)
  }

  @Test func aListenerHearsWhatHappensFromNowOn() async throws {
    let (house, owner) = try await Fixture.open()
    let heard = follow(house, owner, after: nil, count: 2)
    try await untilSomebodyListens(house)
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner).status == 201)
    let events = await heard.value
    #expect(events.map(\.event).contains("station.added"))
    let added = try #require(events.first { $0.event == "station.added" })
    let data = try JSON.parse(added.data)
    #expect(
      data["station"] == "CS-1" && data["kind"] == "station.added" && data["seq"]?.int.map { "\($0)" } == added.id)
    for event in events where event.event != "progress" {
      let flaws = Document.shared.flaws(
        of: try JSON.parse(event.data), against: ["$ref": "#/components/schemas/Event"], at: "")
      #expect(flaws.isEmpty)
    }
  }

  @Test func aListenerThatComesBackMissesNothing() async throws {
    let (house, owner) = try await Fixture.open()
    let before = try await house.ask(.get, "/me", as: owner).json["last_seq"]?.int ?? 0
    for number in 1...450 {
      try await house.house.turn { () throws(HouseRefusal) in }
      if number % 150 == 0 {
        #expect(try await house.ask(.post, "/tokens", ["uid": .string("AA\(number)")], as: owner).status == 201)
      }
    }
    try house.write { books in
      for number in 1...500 {
        try books.events.append(.stationKnocked(StationIdentity("S\(number)")!, address: "x"), at: .epoch)
      }
    }
    let heard = follow(house, owner, after: before, count: 503)
    let events = await heard.value
    let seqs = events.compactMap(\.id).compactMap { Int64($0) }
    #expect(seqs == Array(before + 1...before + 503))
  }

  @Test func lastEventIDCountsBeforeTheQuery() async throws {
    let (house, owner) = try await Fixture.open()
    let all = try await house.ask(.get, "/events", as: owner)
    let last = try #require(all.items.last?["seq"]?.int)
    let reply = try await house.ask(.get, "/events?after=0", as: owner, headers: ["Last-Event-ID": "\(last - 1)"])
    #expect(reply.items.map { $0["seq"]?.int } == [last])
    #expect(try await house.ask(.get, "/events?after=x", as: owner).json["field"] == "after")
  }

  @Test func aCursorAheadOfTheLogGoesOnFromItsEnd() async throws {
    let (house, owner) = try await Fixture.open()
    let heard = follow(house, owner, after: 1_000_000, count: 1)
    try await untilSomebodyListens(house)
    #expect(try await house.ask(.post, "/tokens", ["uid": "AA"], as: owner).status == 201)
    #expect(await heard.value.first?.event == "token.changed")
  }

  @Test func figuresThatMoveAreToldWithoutACursor() async throws {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1", "evses": 1], as: owner).status == 201)
    #expect(try await house.ask(.post, "/tokens", ["uid": "04A1B2C3"], as: owner).status == 201)
    let desk = try await house.connect("CS-1")
    let now = house.time.clock.now()
    let transaction = try await house.turn { () throws(TurnFault) in
      try desk.start(StartReport(evse: 1, tag: "04A1B2C3", meterStart: .zero, at: now, raw: [:])).transaction
    }
    let heard = follow(house, owner, after: nil, count: 1)
    try await untilSomebodyListens(house)
    let reading = Reading(at: now + .seconds(60), register: Energy(wattHours: 150), power: 9_000, raw: [1])
    try await house.turn { () throws(TurnFault) in
      try desk.meter(MeterReport(evse: 1, transaction: transaction, readings: [reading]))
    }
    let notice = try #require(await heard.value.first { $0.event == "progress" })
    #expect(notice.id == nil)
    let data = try JSON.parse(notice.data)
    let flaws = Document.shared.flaws(of: data, against: ["$ref": "#/components/schemas/Progress"], at: "")
    #expect(flaws.isEmpty, "\(flaws)")
    #expect(data["sessions"]?[0]?["energy_kwh"] == "0.15" && data["sessions"]?[0]?["power_kw"] == "9")
  }

  @Test func theListIsPagedBothWays() async throws {
    let (house, owner) = try await Fixture.open()
    for number in 1...5 {
      #expect(try await house.ask(.post, "/tokens", ["uid": .string("A\(number)")], as: owner).status == 201)
    }
    let first = try await house.ask(.get, "/events?limit=2", as: owner)
    let second = try await house.ask(.get, "/events?limit=2&cursor=\(first.next ?? "")", as: owner)
    let seqs = (first.items + second.items).compactMap { $0["seq"]?.int }
    #expect(seqs == seqs.sorted() && Set(seqs).count == 4)
    let newest = try await house.ask(.get, "/events?limit=2&newest=true", as: owner)
    let older = try await house.ask(.get, "/events?limit=2&newest=true&cursor=\(newest.next ?? "")", as: owner)
    let back = (newest.items + older.items).compactMap { $0["seq"]?.int }
    #expect(back == back.sorted(by: >) && Set(back).count == 4)
    #expect(
      try await house.ask(.get, "/events?subject=token/1", as: owner).items.map { $0["kind"] } == ["token.changed"])
  }

  @Test func listenersAreBoundedAndLetGoAtTheEnd() async throws {
    let (house, owner) = try await Fixture.open()
    let heard = follow(house, owner, after: nil, count: 1)
    try await untilSomebodyListens(house)
    house.api.close()
    #expect(await heard.value.isEmpty)
    let late = try await house.ask(.get, "/events", as: owner, headers: ["Accept": "text/event-stream"])
    #expect(late.status == 503)
  }

  @Test func aListenerWhoLogsOutHearsNoMore() async throws {
    let (house, owner) = try await Fixture.open()
    let heard = follow(house, owner, after: nil, count: 1)
    try await untilSomebodyListens(house)
    #expect(try await house.ask(.post, "/logout", as: owner).status == 204)
    #expect(await heard.value.isEmpty)
    #expect(try await house.ask(.get, "/events", as: owner, headers: ["Accept": "text/event-stream"]).status == 401)
  }

  @Test func aPasswordThatIsChangedOrResetLetsItsListenersGo() async throws {
    let (house, owner) = try await Fixture.open()
    let change: JSON = ["old": "correct horse", "new": "battery staple"]
    // So many events do not come: a stream ends because the house ends it.
    let before = follow(house, owner, after: nil, count: 100)
    try await untilSomebodyListens(house)
    #expect(try await house.ask(.post, "/me/password", change, as: owner).status == 204)
    try await untilNobodyListens(house)
    _ = await before.value

    let made = try await house.ask(.post, "/users", ["name": "bert", "role": "viewer"], as: owner)
    let login = try await house.ask(.post, "/login", ["name": "bert", "password": made.json["password"] ?? .null])
    let bert = Proof.login(cookie: try #require(login.cookie), csrf: "")
    let heard = follow(house, bert, after: nil, count: 100)
    try await untilSomebodyListens(house)
    #expect(
      try await house.ask(
        .post, "/users/\(made.json["id"]?.int ?? 0)/password", ["password": "battery staple"], as: owner
      )
      .status == 200)
    try await untilNobodyListens(house)
    _ = await heard.value
  }

  /// What happened at others' sites is not looked through again when they come back.
  @Test func whoeverNothingIsForLearnsHowFarTheyAreAllTheSame() async throws {
    let (house, owner) = try await Fixture.open()
    let site: JSON = [
      "name": "Quiet", "address": "Quay 1", "city": "Delft", "country": "NLD", "latitude": "52.0", "longitude": "4.3",
      "time_zone": "Etc/UTC",
    ]
    let id = try #require(try await house.ask(.post, "/locations", site, as: owner).json["id"]?.int)
    let made = try await house.ask(
      .post, "/users", ["name": "vera", "role": "viewer", "sites": [.number(JSONNumber(id))]] as JSON, as: owner)
    let login = try await house.ask(
      .post, "/login", ["name": "vera", "password": made.json["password"] ?? .null])
    let vera = Proof.login(cookie: try #require(login.cookie), csrf: "")
    let heard = follow(house, vera, after: nil, count: 1)
    try await untilSomebodyListens(house)
    try await house.ask(.post, "/tokens", ["uid": "04A1B2C3"], as: owner)
    let newest = try #require(
      try await house.ask(.get, "/events?newest=true&limit=1", as: owner).items.first?["seq"]?.int)
    let notice = try #require(await heard.value.first)
    #expect(notice.event == "place" && notice.id == "\(newest)")
    #expect(try JSON.parse(notice.data)["seq"]?.int == newest)
  }

  @Test func theMessageLogIsSearched() async throws {
    let (house, owner) = try await Fixture.open()
    for number in 1...3 {
      house.messages.record(
        LoggedFrame(
          at: house.time.clock.now(), door: "ocpp", peer: "CS-\(number)", direction: .received, action: "Heartbeat",
          correlation: "c",
          text: Bytes(utf8: "[2,\"c\",\"Heartbeat\",{\"n\":\(number)}]"), isError: number == 3))
    }
    await house.messages.flush()
    #expect(try await house.ask(.get, "/messages", as: owner).items.map { $0["peer"] } == ["CS-3", "CS-2", "CS-1"])
    #expect(try await house.ask(.get, "/messages?peer=CS-2", as: owner).items.count == 1)
    #expect(try await house.ask(.get, "/messages?errors=true", as: owner).items.map { $0["peer"] } == ["CS-3"])
    let page = try await house.ask(.get, "/messages?limit=2", as: owner)
    #expect(
      try await house.ask(.get, "/messages?limit=2&cursor=\(page.next ?? "")", as: owner).items.map { $0["peer"] } == [
        "CS-1"
      ])
    #expect(try await house.ask(.get, "/messages?direction=up", as: owner).json["field"] == "direction")
  }
}
