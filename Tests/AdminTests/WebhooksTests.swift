import CSMS
import Crypto
import Domain
import HTTP
import Store
import Synchronization
import Testing
import Wire

@testable import Admin

/// The web as somebody wants it to be.
private final class FakeWeb: WebLink {
  let asked = Mutex<[WebRequest]>([])
  let answer = Mutex<WebAnswer>(.answered(status: 204, body: []))

  func ask(_ request: WebRequest, done: @escaping @MainActor @Sendable (WebAnswer) -> Void) {
    asked.withLock { $0.append(request) }
    let answer = answer.withLock { $0 }
    Task { @MainActor in done(answer) }
  }

  var bodies: [JSON] { asked.withLock { $0.compactMap { try? JSON.parse($0.body) } } }
  var seqs: [[Int64]] { bodies.map { $0["events"]?.array?.compactMap { $0["seq"]?.int } ?? [] } }
}

@MainActor @Suite struct WebhooksTests {
  private func ready(kinds: JSON = []) async throws -> (Fixture, Proof, FakeWeb, secret: String) {
    let (house, owner) = try await Fixture.open()
    let web = FakeWeb()
    house.house.webLink = web
    let made = try await house.ask(
      .post, "/webhooks", ["name": "erp", "url": "https://erp.example/hook", "kinds": kinds], as: owner)
    #expect(made.status == 201)
    return (house, owner, web, try #require(made.json["secret"]?.string))
  }

  /// One beat of the house, and what it leads to.
  private func beat(_ house: Fixture) async throws {
    house.house.tick()
    for _ in 0..<3 {
      try await house.house.turn { () throws(HouseRefusal) in }
      await Task.yield()
    }
  }

  @Test func whatHappensIsToldOnceInOrderAndSigned() async throws {
    let (house, owner, web, secret) = try await ready(kinds: ["station."])
    try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner)
    try await house.ask(.post, "/tokens", ["uid": "04A1B2C3"], as: owner)
    try await house.ask(.post, "/stations", ["id": "CS-2"], as: owner)
    try await beat(house)
    try await beat(house)
    let kinds = web.bodies.flatMap { $0["events"]?.array?.compactMap { $0["kind"]?.string } ?? [] }
    #expect(kinds == ["station.added", "station.added"])
    let request = try #require(web.asked.withLock { $0.first })
    let parts = try #require(request.headers["Ostler-Signature"]?.split(separator: ","))
    let seconds = parts[0].dropFirst(2)
    let wanted = HMAC.sha256(key: Bytes(utf8: secret), Bytes(utf8: "\(seconds).") + request.body).hex
    #expect(parts[1] == "v1=\(wanted)")
    let log = try await house.ask(.get, "/webhooks/1/deliveries", as: owner)
    #expect(log.items.count == 1 && log.items.first?["taken"] == true && log.items.first?["events"] == 2)
  }

  @Test func whatWasNotTakenIsToldAgainAfterAPauseThatGrows() async throws {
    let (house, owner, web, _) = try await ready()
    web.answer.withLock { $0 = .answered(status: 500, body: Bytes(utf8: "broken")) }
    try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner)
    try await beat(house)
    try await beat(house)
    #expect(web.seqs.count == 1)
    house.time.pass(3)
    try await beat(house)
    #expect(web.seqs.count == 2)
    web.answer.withLock { $0 = .answered(status: 200, body: []) }
    house.time.pass(10)
    try await beat(house)
    try await beat(house)
    // The owner's login is among what it hears; all three deliveries begin with the same event.
    #expect(web.seqs.count == 3 && Set(web.seqs.compactMap(\.first)).count == 1)
    let log = try await house.ask(.get, "/webhooks/1/deliveries", as: owner)
    #expect(log.items.map { $0["taken"] } == [true, false, false] && log.items.last?["why"] == "broken")
    #expect(try await house.ask(.get, "/webhooks", as: owner).items.first?["failures"] == 0)
  }

  /// A receiver that takes what it gets is told on at once: with one page a beat it would never catch up.
  @Test func whoIsBehindIsToldPageAfterPage() async throws {
    let (house, _, web, _) = try await ready(kinds: ["token."])
    try house.write { books in
      for number in 0..<5_000 {
        try books.events.append(
          number % 5 == 4 ? .tokenChanged(ID(1), by: "test") : .alarmTested(by: "test"), at: house.time.clock.now())
      }
    }
    house.house.tick()
    for _ in 0..<200 where web.seqs.joined().count < 1_000 {
      try await house.house.turn { () throws(HouseRefusal) in }
      await Task.yield()
    }
    let told = web.seqs.joined()
    #expect(told.count == 1_000 && Array(told) == told.sorted() && Set(told).count == 1_000)
  }

  @Test func whatNobodyWantsIsPassedOverManyPagesAtOnce() async throws {
    let (house, owner, web, _) = try await ready(kinds: ["token."])
    try house.write { books in
      for _ in 0..<1_500 { try books.events.append(.alarmTested(by: "test"), at: house.time.clock.now()) }
    }
    try await house.ask(.post, "/tokens", ["uid": "04A1B2C3"], as: owner)
    try await beat(house)
    #expect(web.seqs.joined().count == 1)
  }

  @Test func aDeliveryIsSentOnceMoreOnRequest() async throws {
    let (house, owner, web, _) = try await ready()
    try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner)
    try await beat(house)
    let id = try #require(try await house.ask(.get, "/webhooks/1/deliveries", as: owner).items.first?["id"]?.int)
    #expect(try await house.ask(.post, "/webhooks/1/deliveries/\(id)/redeliver", as: owner).status == 204)
    try await beat(house)
    #expect(web.seqs.count == 2 && web.seqs[0] == web.seqs[1])
    #expect(try await house.ask(.post, "/webhooks/1/deliveries/99/redeliver", as: owner).status == 404)
  }

  @Test func aPausedOneHearsNothingUntilItGoesOn() async throws {
    let (house, owner, web, _) = try await ready()
    try await house.ask(.patch, "/webhooks/1", ["paused": true], as: owner)
    try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner)
    try await beat(house)
    #expect(web.seqs.isEmpty)
    try await house.ask(.patch, "/webhooks/1", ["paused": false], as: owner)
    try await beat(house)
    #expect(web.seqs.count == 1)
  }

  @Test func aTestSaysHowItEnded() async throws {
    let (house, owner, web, _) = try await ready()
    web.answer.withLock { $0 = .failed("nobody listens there") }
    let test = try await house.ask(.post, "/webhooks/1/test", as: owner)
    #expect(test.status == 200 && test.json["taken"] == false && test.json["why"] == "nobody listens there")
  }

  @Test(arguments: ["ftp://x", "https://a b", ""]) func anAddressThatCannotBeIsRefused(_ url: String) async throws {
    let (house, owner) = try await Fixture.open()
    let reply = try await house.ask(.post, "/webhooks", ["name": "erp", "url": .string(url)], as: owner)
    #expect(reply.status == 422)
  }

  @Test func theSecretIsShownOnce() async throws {
    let (house, owner, _, secret) = try await ready()
    #expect(!(try await house.ask(.get, "/webhooks", as: owner)).text.contains(secret))
    #expect(try await house.ask(.delete, "/webhooks/1", as: owner).status == 204)
    #expect(try await house.ask(.delete, "/webhooks/1", as: owner).status == 404)
  }
}
