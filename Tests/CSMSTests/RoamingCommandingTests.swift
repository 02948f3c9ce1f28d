import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What we ask of other networks' stations.
@MainActor
struct RoamingCommandingTests {
  let house: HouseUnderTest
  let network: Partner
  let caller: PartnerCaller
  let token: Token
  let location: ID<RoamingLocation>

  init() async throws {
    house = try HouseUnderTest().furnish()
    network = try house.addNetwork()
    caller = try house.caller(network)
    token = try house.addToken("CARD")
    let key = RoamingKey(partner: network.id, party: PartyID(country: "BE", party: "CPO"), ref: "L1")
    let told = RoamingReceivingTests.location(at: house.now)
    _ = try await house.csms.keepLocation(key, from: caller) { _ in told }
    location = try #require(try house.books.roamingPlaces.location(key)).id
  }

  private func start() async throws -> RoamingCommandRecord {
    let record = try await house.csms.command(.start(token.id, at: location, evse: "L1-E1", connector: nil), by: "anna")
    house.settle()
    return record
  }

  private func command(_ id: String) throws -> RoamingCommandRecord {
    try #require(try house.books.roamingCommands.command(id))
  }

  private func answer(_ word: String, timeout: Int? = nil) {
    house.networks.asked.last?.answer(.success(RoamingCommand.Answer(word: word, timeout: timeout)))
    house.settle()
  }

  @Test func aCommandIsOnDiskBeforeItLeavesAndEndsWithItsResult() async throws {
    let record = try await start()
    #expect(record.phase == .sent && record.detail["location"]?.string == "L1")
    #expect(house.networks.asked.map(\.id) == [record.id])
    answer("ACCEPTED", timeout: 30)
    #expect(try command(record.id).phase == .accepted)
    try await house.csms.resulted(record.id, RoamingCommand.Result(word: "ACCEPTED"), from: caller)
    let ended = try command(record.id)
    #expect(ended.phase == .done && ended.answer["result"]?.string == "ACCEPTED")
    #expect(
      try house.events.filter { $0.hasPrefix("roaming.command") } == [
        "roaming.command_sent", "roaming.command_ended", "roaming.command_ended",
      ])
  }

  @Test func whatTheStationRefusesIsRefused() async throws {
    let record = try await start()
    answer("ACCEPTED")
    try await house.csms.resulted(record.id, RoamingCommand.Result(word: "EVSE_OCCUPIED"), from: caller)
    #expect(try command(record.id).phase == .refused)
    let second = try await start()
    answer("REJECTED")
    #expect(try command(second.id).phase == .refused)
  }

  @Test func aResultThatComesBeforeTheAnswerCounts() async throws {
    let record = try await start()
    try await house.csms.resulted(record.id, RoamingCommand.Result(word: "ACCEPTED"), from: caller)
    answer("ACCEPTED")
    #expect(try command(record.id).phase == .done)
    // The same result again changes nothing.
    try await house.csms.resulted(record.id, RoamingCommand.Result(word: "FAILED"), from: caller)
    #expect(try command(record.id).phase == .done)
  }

  @Test func aResultOfAnotherPartnerIsNoResult() async throws {
    let record = try await start()
    let other = try house.caller(try house.addNetwork("Second", party: "FR*CPO"))
    await #expect(throws: PartnerFault.unknownObject) {
      try await house.csms.resulted(record.id, RoamingCommand.Result(word: "ACCEPTED"), from: other)
    }
    await #expect(throws: PartnerFault.unknownObject) {
      try await house.csms.resulted("no-such", RoamingCommand.Result(word: "ACCEPTED"), from: caller)
    }
    #expect(try command(record.id).phase == .sent)
  }

  @Test func whereNobodyAnswersTheCommandFailsInTimeAlsoAcrossARestart() async throws {
    let record = try await start()
    house.networks.asked.last?.answer(.failure(.silent("timed out")))
    house.settle()
    #expect(try command(record.id).phase == .sent)
    try house.restart()
    house.pass(Limits.roamingCommandSeconds + 2)
    #expect(try command(record.id).phase == .failed)
    let late = try await start()
    answer("ACCEPTED", timeout: 10)
    house.pass(10 + Limits.roamingGraceSeconds + 2)
    let ended = try command(late.id)
    #expect(ended.phase == .failed && ended.answer["why"]?.string == "no result came")
  }

  @Test func theReferenceOfAStartIsKnownAgainInTheCDR() async throws {
    _ = try await start()
    guard case .start(let offered, _, let evse, _, let reference) = try #require(house.networks.asked.last).command
    else {
      Issue.record("no start was sent")
      return
    }
    #expect(offered.token.uid == "CARD" && offered.party.description == "NL*DRV" && evse == "L1-E1")
    #expect(try house.books.roamingUses.authorized(try #require(reference), for: network.id) == token.id)
  }

  @Test func aReservationIsGivenBackUnderItsNumber() async throws {
    let made = try await house.csms.command(
      .reserve(token.id, at: location, evse: nil, until: house.now + .seconds(600)), by: "anna")
    let back = try await house.csms.command(.cancel(made.id), by: "anna")
    house.settle()
    #expect(back.detail["reservation"]?.string == "\(made.number)")
    guard case .cancel(let reservation) = try #require(house.networks.asked.last).command else {
      Issue.record("no cancel was sent")
      return
    }
    #expect(reservation == "\(made.number)")
    answer("ACCEPTED")
    try await house.csms.resulted(back.id, RoamingCommand.Result(word: "CANCELED_RESERVATION"), from: caller)
    #expect(try command(back.id).phase == .done)
  }

  // MARK: Charging profiles

  private var schedule: ChargingProfile.Schedule {
    var schedule = ChargingProfile.Schedule()
    schedule.unit = .watts
    schedule.periods = [.init(start: 0, limit: 7_400)]
    return schedule
  }

  /// A session of our driver at the other network.
  private func session(_ status: String = "ACTIVE", ref: String = "S1") async throws -> ID<RoamingSession> {
    let key = RoamingKey(partner: network.id, party: PartyID(country: "BE", party: "CPO"), ref: ref)
    let told = RoamingReceivingTests.session(ref, status: status, at: house.now)
    _ = try await house.csms.keepSession(key, from: caller) { _ in told }
    return try #require(try house.books.roamingUses.session(key)).id
  }

  private func plan(_ id: ID<RoamingSession>) throws -> ChargingProfile.Schedule? {
    try #require(try house.books.roamingUses.session(id)).plan
  }

  @Test func aProfileIsSetAndItsPhasesAreSeen() async throws {
    let id = try await session()
    let record = try await house.csms.command(.setProfile(id, schedule), by: "anna")
    house.settle()
    #expect(house.networks.asked.last?.command == .setProfile(session: "S1", schedule))
    #expect(record.verb == .setProfile && record.session == id && record.phase == .sent)
    #expect(record.detail["schedule"]?["periods"]?[0]?["limit"]?.int == 7_400)
    answer("ACCEPTED", timeout: 30)
    #expect(try command(record.id).phase == .accepted)
    try await house.csms.resulted(record.id, RoamingCommand.Result(word: "ACCEPTED"), from: caller)
    #expect(try command(record.id).phase == .done)
    // What it comes to is the operator of the station's to say.
    #expect(try plan(id) == nil)
    try await house.csms.tellActiveProfile(schedule, of: "S1", from: caller)
    try await house.csms.tellActiveProfile(schedule, of: "S1", from: caller)
    #expect(try plan(id) == schedule)
    #expect(try house.count("roaming.plan_told") == 1)
    let back = try await house.csms.command(.clearProfile(id), by: "anna")
    house.settle()
    answer("ACCEPTED")
    try await house.csms.resulted(back.id, RoamingCommand.Result(word: "UNKNOWN"), from: caller)
    #expect(try command(back.id).phase == .refused)
    let about = try house.books.roamingCommands.list(about: id, limit: 10)
    #expect(about.map(\.verb) == [.clearProfile, .setProfile])
    #expect(try house.books.roamingCommands.list(about: ID(999), limit: 10).isEmpty)
  }

  @Test func whatASessionComesToIsAskedAndKept() async throws {
    let id = try await session()
    let record = try await house.csms.command(.activeProfile(id, seconds: 900), by: "anna")
    house.settle()
    #expect(house.networks.asked.last?.command == .activeProfile(session: "S1", seconds: 900))
    answer("ACCEPTED")
    var told = schedule
    told.startsAt = house.now
    let result = RoamingCommand.Result(word: "ACCEPTED", schedule: told)
    try await house.csms.resulted(record.id, result, from: caller)
    #expect(try plan(id) == told)
    // A result that comes again, when something newer was told, takes nothing back.
    try await house.csms.tellActiveProfile(schedule, of: "S1", from: caller)
    try await house.csms.resulted(record.id, result, from: caller)
    #expect(try plan(id) == schedule)
    let refused = try await house.csms.command(.activeProfile(id, seconds: 900), by: "anna")
    house.settle()
    answer("TOO_OFTEN")
    #expect(try command(refused.id).phase == .refused)
    try await house.csms.resulted(refused.id, result, from: caller)
    #expect(try plan(id) == schedule)
  }

  @Test func aProfileThatOCPICannotSayOrThatComesTooLateIsNotSent() async throws {
    let (running, over) = (try await session(), try await session("COMPLETED", ref: "S2"))
    var odd: [ChargingProfile.Schedule] = [schedule, schedule, schedule, schedule]
    odd[0].periods = []
    odd[1].periods[0].phases = 1
    odd[2].periods[0].start = 60
    odd[3].periods[0].limit = -1
    for schedule in odd {
      await #expect(throws: Refusal.self) { try await house.csms.command(.setProfile(running, schedule), by: "anna") }
    }
    for wish in [
      RoamingWish.setProfile(over, schedule), .clearProfile(over), .activeProfile(over, seconds: 900),
      .activeProfile(running, seconds: 0), .activeProfile(running, seconds: Limits.compositeSeconds + 1),
      .clearProfile(ID(999)),
    ] {
      await #expect(throws: Refusal.self) { try await house.csms.command(wish, by: "anna") }
    }
    #expect(house.networks.asked.isEmpty)
    _ = try await house.csms.command(.activeProfile(running, seconds: Limits.compositeSeconds), by: "anna")
    house.settle()
    #expect(house.networks.asked.count == 1)
  }

  @Test func whatCannotBeAskedIsRefusedAndNotSent() async throws {
    let blocked = try house.addToken("BLOCKED", valid: false)
    let now = house.now
    let wishes: [RoamingWish] = [
      .start(blocked.id, at: location, evse: nil, connector: nil),
      .start(ID(999), at: location, evse: nil, connector: nil),
      .start(token.id, at: ID(999), evse: nil, connector: nil),
      .start(token.id, at: location, evse: "nowhere", connector: nil),
      .reserve(token.id, at: location, evse: nil, until: now), .cancel("no-such"), .stop(ID(999)),
    ]
    for wish in wishes {
      await #expect(throws: Refusal.self) { try await house.csms.command(wish, by: "anna") }
    }
    try await house.csms.pause(network.id, by: "anna")
    await #expect(throws: Refusal.self) { try await start() }
    #expect(house.networks.asked.isEmpty)
    #expect(try house.books.roamingCommands.list(limit: 10).isEmpty)
  }
}
