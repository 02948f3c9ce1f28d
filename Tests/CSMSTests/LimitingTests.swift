import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Sessions that end by themselves at a cost, an energy, a time or a state of charge.
@MainActor
struct LimitingTests {
  let house: HouseUnderTest
  let station: Caller
  let t0: Timestamp

  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    try house.addToken("CARD")
    station = try house.connect("CS-1")
    t0 = house.now
  }

  private func limit(_ id: String, _ limit: SessionLimit) async throws {
    async let done = house.csms.limitSession(id, to: limit, by: "operator:anna")
    await house.settleAll()
    _ = try await done
  }

  private var stops: Int {
    house.stations.commands.count { if case .remoteStop = $0 { true } else { false } }
  }

  private func prepay(_ uid: String, tenThousandths: Int64) throws {
    var token = try house.addToken(uid)
    token.credit = Money(tenThousandths: tenThousandths)
    let paid = token
    try house.write { books throws(StoreFault) in try books.tokens.update(paid) }
  }

  @Test func aStationWithoutLimitsIsAskedToStopAtTheEnergy() async throws {
    let transaction = try station.start("CARD").transaction
    let id = try house.session(transaction).id
    try await limit(id, SessionLimit(energy: Energy(tenthsOfWattHour: 50_000)))
    try station.meter(transaction, 4_900)
    house.pass(10)
    #expect(stops == 0)
    try station.meter(transaction, 5_000, at: house.now)
    house.pass(10)
    #expect(stops == 1)
    // It goes on all the same: it is asked again, and not with each beat.
    try house.stations.last.answer(.refused(word: "Rejected", answer: [:]))
    house.pass(40)
    #expect(stops == 1)
    house.pass(60)
    #expect(stops == 2)
  }

  @Test func oneSessionThatCannotBeLookedAtKeepsNoOtherFromItsLimit() async throws {
    let bad = try house.session(try station.start("CARD").transaction).id
    try await limit(bad, SessionLimit(seconds: 60))
    try house.addStation("CS-2")
    let other = try house.connect("CS-2")
    try await limit(try house.session(try other.start("CARD").transaction).id, SessionLimit(seconds: 60))
    try house.books.db.script(
      """
      CREATE TRIGGER damaged BEFORE UPDATE ON session_limit WHEN OLD.session = '\(bad)'
      BEGIN SELECT RAISE(ABORT, 'damaged'); END;
      """)
    house.pass(70)
    #expect(stops == 1 && house.stations.calls.last?.link == other.link)
  }

  @Test func timeEndsASessionToo() async throws {
    let transaction = try station.start("CARD").transaction
    try await limit(try house.session(transaction).id, SessionLimit(seconds: 120))
    house.pass(110)
    #expect(stops == 0)
    house.pass(20)
    #expect(stops == 1)
  }

  @Test func whatWasPaidForBeforeLimitsTheCostAtAnyStation() throws {
    try prepay("PREPAID", tenThousandths: 10_000)
    let transaction = try station.start("PREPAID").transaction
    // 2.75 kWh at 0.30 and 21 % cost 0.998, 2.80 kWh cost 1.016.
    try station.meter(transaction, 2_750)
    house.pass(10)
    #expect(stops == 0)
    try station.meter(transaction, 2_800, at: house.now)
    house.pass(10)
    #expect(stops == 1)
  }

  @Test func whatWasPaidForBeforeIsSpentOnceByAllSessionsTogether() async throws {
    try prepay("PREPAID", tenThousandths: 100_000)
    let first = try house.session(try station.start("PREPAID").transaction).id
    #expect(try station.start("PREPAID", evse: 2).authorization.verdict == .noCredit)
    #expect(try station.authorize("PREPAID").value?.verdict == .accepted, "it may end what runs")
    try house.addStation("CS-2")
    try await limit(first, SessionLimit(cost: Money(tenThousandths: 40_000)))
    let second = try house.session(try house.connect("CS-2").start("PREPAID").transaction)
    #expect(try house.books.limits.limit(of: second.id)?.limit.cost == Money(tenThousandths: 60_000))
    // The first one cost more than it was to.
    let currency = house.settings.currency
    try house.write { _ throws(StoreFault) in
      try house.csms.spend(Money(tenThousandths: 80_000), in: currency, from: second.token)
    }
    let left = try #require(try house.books.limits.limit(of: second.id)?.limit.cost)
    #expect(left <= Money(tenThousandths: 20_000))
  }

  @Test func whatALostAnswerToldIsToldAgain() async throws {
    try prepay("PREPAID", tenThousandths: 10_000)
    let card = PresentedToken("PREPAID", .iso14443)
    for _ in 0..<2 {
      let told = try station.tell(
        .started, 0, at: t0, trigger: .authorized, state: .charging, evse: 1, wattHours: 0, token: card)
      #expect(told.limit?.cost == Money(tenThousandths: 10_000))
    }
    #expect(try station.tell(.updated, 1, at: t0 + .seconds(10), wattHours: 100).limit == nil)
  }

  @Test func whoCannotBeToldGetsNoWhile() async throws {
    try house.write { books throws(StoreFault) in
      var old = try books.stations.station(StationIdentity("CS-1")!)!
      old.lastVersion = "2.0.1"
      try books.stations.update(old)
    }
    let card = PresentedToken("CARD", .iso14443)
    try station.tell(.started, 0, at: t0, trigger: .authorized, state: .charging, evse: 1, wattHours: 0, token: card)
    let id = try #require(try house.sessions.first).id
    try await limit(id, SessionLimit(energy: Energy(tenthsOfWattHour: 10_000)))
    #expect(try station.tell(.updated, 1, at: t0 + .seconds(10), wattHours: 1_500).limit == nil)
    house.pass(10)
    #expect(stops == 1)
  }

  @Test func aStationThatKnowsLimitsIsToldOnceAndHasAWhileToKeepThem() async throws {
    let card = PresentedToken("CARD", .iso14443)
    try station.tell(.started, 0, at: t0, trigger: .authorized, state: .charging, evse: 1, wattHours: 0, token: card)
    let id = try #require(try house.sessions.first).id
    try await limit(id, SessionLimit(cost: Money(tenThousandths: 20_000), energy: Energy(tenthsOfWattHour: 10_000)))
    let told = try station.tell(.updated, 1, at: t0 + .seconds(10), wattHours: 100)
    #expect(told.limit == SessionLimit(cost: Money(tenThousandths: 20_000), energy: Energy(tenthsOfWattHour: 10_000)))
    #expect(try station.tell(.updated, 2, at: t0 + .seconds(20), wattHours: 1_500).limit == nil)
    house.pass(20)
    #expect(stops == 0)
    house.pass(30)
    #expect(stops == 1)
  }

  @Test func aStationThatHoldsBackTheEnergyKeptItsLimit() async throws {
    let card = PresentedToken("CARD", .iso14443)
    try station.tell(.started, 0, at: t0, trigger: .authorized, state: .charging, evse: 1, wattHours: 0, token: card)
    try await limit(try #require(try house.sessions.first).id, SessionLimit(energy: Energy(tenthsOfWattHour: 10_000)))
    try station.tell(.updated, 1, at: t0 + .seconds(10), state: .suspendedEVSE, wattHours: 1_000)
    house.pass(120)
    #expect(stops == 0)
  }

  @Test func whoKeepsAHigherLimitIsToldAgain() async throws {
    let card = PresentedToken("CARD", .iso14443)
    try station.tell(.started, 0, at: t0, trigger: .authorized, state: .charging, evse: 1, wattHours: 0, token: card)
    let mine = SessionLimit(energy: Energy(tenthsOfWattHour: 100_000))
    try await limit(try #require(try house.sessions.first).id, mine)
    func tell(_ seqNo: Int, _ limit: SessionLimit?) throws -> SessionLimit? {
      let at = t0 + .seconds(Int64(seqNo))
      return try station.tell(
        TransactionReport(
          .updated, transaction: "tx-1", seqNo: seqNo, at: at, written: at.text, limit: limit,
          raw: ["seqNo": .number(JSONNumber(seqNo))])
      ).limit
    }
    #expect(try tell(1, nil) == mine)
    #expect(try tell(2, SessionLimit(energy: Energy(tenthsOfWattHour: 50_000))) == nil, "E16.FR.08")
    #expect(try tell(3, SessionLimit(energy: Energy(tenthsOfWattHour: 200_000))) == mine, "E16.FR.07")
  }

  @Test func aRemoteStartBringsItsLimit() async throws {
    let token = try #require(try house.books.tokens.tokens(folded: "card").first)
    let wish = SessionLimit(seconds: 600)
    let record = try await house.csms.startSession(
      at: StationIdentity("CS-1")!, evse: 1, token: token.id, limit: wish, by: "anna")
    try house.stations.last.answer(.accepted(answer: .null))
    house.settle()
    try station.start("CARD")
    let session = try #require(try house.sessions.first { $0.command == record.id })
    #expect(try house.books.limits.limit(of: session.id)?.limit == wish)
    await #expect(throws: Refusal.self) {
      _ = try await house.csms.startSession(
        at: StationIdentity("CS-1")!, evse: 2, token: token.id, limit: SessionLimit(), by: "anna")
    }
  }

  // MARK: So many at once

  @Test func aTokenThatMayChargeOnceAtATimeHearsOfTheOtherSession() throws {
    var token = try house.addToken("ONCE")
    token.sessionsAtOnce = 1
    let single = token
    try house.write { books throws(StoreFault) in try books.tokens.update(single) }
    let first = try station.start("ONCE")
    #expect(first.authorization.verdict == .accepted)
    // Whoever shows it again may want to stop.
    #expect(try station.authorize("ONCE").value?.verdict == .accepted)
    #expect(try station.start("ONCE", evse: 2).authorization.verdict == .concurrent)
    let shown = PresentedToken("ONCE", .iso14443)
    let told = try station.tell(.started, 0, at: t0, trigger: .authorized, evse: 2, wattHours: 0, token: shown)
    #expect(told.authorization?.verdict == .concurrent)
  }

  @Test func whoGoesFirstIsSaidWithTheAuthorization() throws {
    var token = try house.addToken("FIRST")
    token.priority = 5
    let favourite = token
    try house.write { books throws(StoreFault) in try books.tokens.update(favourite) }
    #expect(try station.authorize("FIRST").value?.priority == 5)
  }
}
