import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Lists of other networks, read on a schedule.
@MainActor
struct RoamingPullTests {
  let house: HouseUnderTest
  let network: Partner

  init() throws {
    house = try HouseUnderTest().furnish()
    network = try house.addNetwork()
    try house.addToken("CARD")
    try house.write { books throws(StoreFault) in
      for module in [PullModule.locations, .tariffs, .sessions, .cdrs] {
        try books.pulls.save(PullState(partner: network.id, module: module, dueAt: house.now, updatedAt: house.now))
      }
    }
  }

  private func pass(_ seconds: Int, beat: Int = 30) async {
    for _ in 0..<max(1, seconds / beat) {
      house.pass(beat, beat: beat)
      await house.settleAll()
    }
  }

  private func page(_ refs: [String]) -> PulledPage {
    var page = PulledPage()
    page.locations = refs.map { RoamingReceivingTests.location($0, at: Timestamp("2026-01-01T00:00:00Z")!) }
    return page
  }

  private var locations: [String] { get throws { try house.books.roamingPlaces.list(limit: 100).map(\.key.ref) } }

  private func state(_ module: PullModule) throws -> PullState {
    try #require(try house.books.pulls.state(of: network.id, module))
  }

  @Test func theFirstPullIsOfAllAndTheNextOfWhatChanged() async throws {
    let first = house.now
    await pass(240)
    #expect(Set(house.networks.pulls.map(\.module)) == [.locations, .tariffs, .sessions, .cdrs])
    #expect(house.networks.pulls.first { $0.module == .locations }?.since == nil)
    #expect(house.networks.pulls.first { $0.module == .cdrs }?.since.map { $0 < first - .seconds(86_400) } == true)
    house.networks.clear()
    await pass(1_200)
    let since = try #require(house.networks.pulls.first { $0.module == .locations }?.since)
    // From a little before the beginning of the last one.
    #expect(since <= first + .seconds(60) && since >= first - .seconds(Int(Limits.pullOverlapSeconds) + 60))
  }

  @Test func whatIsInNoListAnyMoreIsMarkedOnlyAfterAWholeListThatCameToItsEnd() async throws {
    house.networks.pages = { [page] in $0 == .locations ? [page(["L1", "L2"])] : [] }
    await pass(240)
    #expect(try locations == ["L1", "L2"])
    // What changed since is no list of all.
    house.networks.pages = { [page] in $0 == .locations ? [page(["L1"])] : [] }
    await pass(2_400)
    #expect(try locations == ["L1", "L2"])
    // A whole one that breaks off says nothing about the rest.
    house.networks.outcome = { _ in
      var outcome = PullOutcome()
      outcome.fault = "HTTP 500"
      return outcome
    }
    try await house.csms.pull(network.id, .locations, whole: true, by: "anna")
    await pass(240)
    #expect(try locations == ["L1", "L2"])
    house.networks.outcome = { _ in
      var outcome = PullOutcome()
      outcome.isComplete = true
      return outcome
    }
    try await house.csms.pull(network.id, .locations, whole: true, by: "anna")
    await pass(240)
    #expect(try locations == ["L1"])
    #expect(try house.books.roamingPlaces.list(RoamingFilter(withGone: true), limit: 10).count == 2)
    // It comes back.
    house.networks.pages = { [page] in $0 == .locations ? [page(["L2"])] : [] }
    await pass(2_400)
    #expect(try locations == ["L1", "L2"])
  }

  @Test func whatCannotBeReadExistsAllTheSame() async throws {
    house.networks.pages = { [page] in $0 == .locations ? [page(["L1", "L2"])] : [] }
    await pass(240)
    var broken = page(["L1"])
    broken.unread = ["L2"]
    broken.flaws = ["L2: coordinates is missing"]
    house.networks.pages = { $0 == .locations ? [broken] : [] }
    try await house.csms.pull(network.id, .locations, whole: true, by: "anna")
    await pass(240)
    #expect(try locations == ["L1", "L2"])
    #expect(try state(.locations).flaws == ["L2: coordinates is missing"])
  }

  @Test func aPullThatFailsComesLessAndLessOften() async throws {
    house.networks.outcome = { _ in
      var outcome = PullOutcome()
      outcome.fault = "HTTP 503"
      return outcome
    }
    await pass(86_400, beat: 60)
    let count = house.networks.pulls.count { $0.module == .locations }
    // Doubling to an hour: about six, then one an hour.
    #expect((24...36).contains(count))
    #expect(try state(.locations).attempts == count && state(.locations).lastError == "HTTP 503")
    #expect(try house.count("roaming.pull_failed") == 4)
    house.networks.outcome = { _ in
      var outcome = PullOutcome()
      outcome.isComplete = true
      return outcome
    }
    await pass(4_200, beat: 60)
    #expect(try state(.locations).attempts == 0 && state(.locations).lastError == nil)
  }

  @Test func retryAfterIsKept() async throws {
    house.networks.outcome = { _ in
      var outcome = PullOutcome()
      (outcome.fault, outcome.retryAfter) = ("HTTP 429", 1_800)
      return outcome
    }
    await pass(240)
    house.networks.clear()
    await pass(1_440)
    #expect(house.networks.pulls.isEmpty)
    await pass(600)
    #expect(!house.networks.pulls.isEmpty)
  }

  @Test func linksThatLieAreLearned() async throws {
    house.networks.outcome = { _ in
      var outcome = PullOutcome()
      (outcome.isComplete, outcome.hasLyingLinks) = (true, true)
      return outcome
    }
    await pass(240)
    #expect(try house.books.partners.partner(network.id)?.quirks.pagesByOffset == true)
    #expect(try house.count("partner.quirk_learned") == 1)
  }

  @Test func lostSessionsAndCDRsComeWithThePull() async throws {
    let start = house.now - .seconds(7_200)
    var sessions = PulledPage()
    sessions.sessions = [
      RoamingReceivingTests.session(status: "COMPLETED", kWh: 10, at: start),
      RoamingReceivingTests.session("S2", uid: "WHO", at: start),
    ]
    var bills = PulledPage()
    bills.cdrs = [
      RoamingReceivingTests.cdr(tariff: RoamingReceivingTests.tariff(at: start), at: start),
      RoamingReceivingTests.cdr("C2", uid: "WHO", session: "S2", at: start),
    ]
    let (first, second) = (sessions, bills)
    house.networks.pages = { $0 == .sessions ? [first] : $0 == .cdrs ? [second, second] : [] }
    await pass(240)
    #expect(try house.books.roamingUses.sessions(limit: 10).map(\.key.ref) == ["S1"])
    #expect(try house.books.roamingUses.cdrs(limit: 10).map(\.key.ref) == ["C1"])
    #expect(try house.count("roaming.cdr_received") == 1)
  }

  @Test func aPageThatCannotBeWrittenEndsThePullAndComesAgain() async throws {
    house.networks.pages = { [page] in $0 == .locations ? [page(["L1"])] : [] }
    house.clock.now += .seconds(1)
    house.csms.tick()
    // The house's own notes are decided; then the page waits for its turn, whose commit fails.
    house.settle()
    await Task.yield()
    house.failNextTurn()
    await house.settleAll()
    await pass(600)
    #expect(try locations == ["L1"])
  }

  @Test func nobodyPullsWhoIsNotWanted() async throws {
    try await house.csms.change(network.id, by: "anna") { partner throws(Refusal) in partner.quirks.pullMinutes = 0 }
    await pass(3_600, beat: 60)
    #expect(house.networks.pulls.isEmpty)
  }

  @Test func aProvidersTokensArePulledByTheOperatorOfStations() async throws {
    let roamer = try house.addPartner()
    var page = PulledPage()
    let role = try #require(roamer.roles.first)
    page.tokens = [
      (
        Token(
          id: ID(0), uid: "DE-9", kind: .rfid, contractID: "C", issuer: "I", createdAt: house.now, updatedAt: house.now),
        TokenKey(party: role.name, uid: "DE-9", kind: .rfid)
      )
    ]
    let told = page
    house.networks.pages = { $0 == .tokens ? [told] : [] }
    try await house.csms.pull(roamer.id, nil, whole: true, by: "anna")
    await pass(240)
    #expect(try house.books.tokens.token("DE-9", .rfid, owner: role.id) != nil)
    #expect(house.networks.pulls.map(\.module).contains(.tokens))
  }
}

extension RoamingFilter {
  fileprivate init(withGone: Bool) {
    self.init()
    self.withGone = withGone
  }
}
