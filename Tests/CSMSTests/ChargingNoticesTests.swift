import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

@MainActor @Suite struct ChargingNoticesTests {
  private let house: HouseUnderTest

  init() throws {
    house = try HouseUnderTest().furnish()
    house.stations.answer = { _, _ in .accepted(answer: [:]) }
  }

  private var notices: [ChargingNotice] {
    get throws { try house.books.profiles.notices(of: house.station("CS-1").id) }
  }

  private func needs(
    _ caller: Caller, until end: Timestamp? = nil, wants: EnergyTransfer? = nil
  ) throws -> NeedsVerdict {
    try house.decide { [desk = caller.desk] () throws(TurnFault) in
      try desk.needs(ChargingNeeds(evse: 1, departsAt: end, wants: wants, raw: ["evseId": 1]))
    }
  }

  private var offers: [ChargingProfile] {
    house.stations.commands.compactMap {
      if case .profile(.set(let profile, _, _)) = $0 { profile } else { nil }
    }
  }

  @Test func aVehicleIsOfferedWhatTheEVSECanGive() throws {
    try house.addToken("04A1")
    let caller = try house.connect("CS-1")
    let transaction = try caller.start("04A1").transaction
    #expect(try needs(caller, until: house.now + .seconds(7_200)) == .offered)
    let offer = try #require(offers.first)
    #expect(offer.purpose == .session)
    #expect(offer.transaction == "\(transaction)")
    #expect(offer.schedule.unit == .watts)
    #expect(offer.schedule.periods.map(\.limit) == [22_080])
    #expect(offer.schedule.seconds == 7_200)
    #expect(try notices.map(\.kind) == [.needs])
    #expect(try needs(caller) == .offered)
    #expect(
      try house.books.profiles.list(at: house.station("CS-1").id, limit: 9).count == 1, "one session, one profile")
  }

  @Test func aVehicleThatMayNotExchangeEnergyInItsWayIsRefused() async throws {
    try house.addToken("04A1")
    var token = try #require(try house.books.tokens.tokens(folded: "04a1").first)
    token.transfers = [.acThreePhases, .acBidirectional]
    try house.books.tokens.update(token)
    let caller = try house.connect("CS-1")
    try caller.start("04A1")
    #expect(try needs(caller, wants: .dcBidirectional) == .refused && offers.isEmpty)
    #expect(try needs(caller, wants: nil) == .refused, "a way that nobody knows")
    #expect(try needs(caller, wants: .acBidirectional) == .offered)
    // The operator's word on the session counts before the token.
    let session = try #require(try house.books.sessions.running(at: house.evse()))
    _ = try await house.csms.allow([.acOnePhase], in: session.id, by: "operator:anna")
    #expect(try needs(caller, wants: .acBidirectional) == .refused)
    #expect(try needs(caller, wants: .acOnePhase) == .offered)
  }

  @Test func oursGoAboveTheNumbersOfAStationsOwnProfiles() throws {
    try house.addToken("04A1")
    let caller = try house.connect("CS-1")
    try caller.start("04A1")
    var capacity = StationCapacity()
    capacity.ownProfiles = 1_000
    try house.books.capacities.keep(capacity, of: house.station("CS-1").id, at: house.now)
    #expect(try needs(caller) == .offered)
    #expect(try house.books.profiles.open(of: house.station("CS-1").id).map(\.number) == [1_001])
    // A number that leaves no room for ours is not believed.
    capacity.ownProfiles = 2_147_483_647
    try house.books.capacities.keep(capacity, of: house.station("CS-1").id, at: house.now)
    let kept = try house.csms.create(
      KeptProfile(
        number: 0, station: house.station("CS-1").id, evse: 1, profile: ChargingProfile(), origin: "house",
        at: house.now))
    #expect(kept.number == 1_002)
  }

  private func follows(_ caller: Caller, _ watts: Decimal) throws -> Bool {
    var plan = CompositeSchedule()
    plan.evse = 1
    (plan.schedule.unit, plan.schedule.startsAt) = (.watts, house.now)
    plan.schedule.periods = [.init(start: 0, limit: watts)]
    let told = plan
    return try house.decide { [desk = caller.desk] () throws(TurnFault) in try desk.vehicleWillTake(told) }
  }

  @Test func aVehicleThatWantsMoreThanItsOfferIsOfferedItAgain() throws {
    try house.addToken("04A1")
    let caller = try house.connect("CS-1")
    try caller.start("04A1")
    #expect(try follows(caller, 99_000), "nobody offered anything")
    #expect(try needs(caller) == .offered)
    house.settle()
    #expect(try follows(caller, 22_080) && offers.count == 1)
    #expect(try !follows(caller, 22_081))
    #expect(offers.count == 2 && offers[1].schedule.periods == offers[0].schedule.periods)
    #expect(try notices.contains { $0.kind == .vehicleSchedule })
  }

  @Test func whatWasWrittenByHandMayStandInThePlaceOfTheOffer() async throws {
    try house.addToken("04A1")
    let caller = try house.connect("CS-1")
    try caller.start("04A1")
    #expect(try needs(caller) == .offered)
    house.settle()
    async let written = house.csms.call(
      "SetChargingProfile", ["evseId": 1], to: StationIdentity("CS-1")!, within: 5, isChecked: false, by: "anna")
    await house.settleAll()
    _ = try await written
    #expect(try follows(caller, 99_000))
  }

  @Test func aDriverWhoAsksToGoFirstAtTheStationDoesSoInTheHouse() throws {
    try house.addToken("04A1")
    let caller = try house.connect("CS-1")
    let number = try caller.start("04A1").transaction
    let session = try house.session(number).id
    let station = try house.station("CS-1").id
    _ = try house.write { books throws(StoreFault) in
      try books.transactions.create(
        KeptTransaction(station: station, name: "tx-1", session: session, lastSeqNo: 0))
    }
    for (isOn, priority) in [(true, 9), (false, 0)] {
      try house.decide { [desk = caller.desk] () throws(TurnFault) in try desk.priority(transaction: "tx-1", isOn: isOn)
      }
      let need = try #require(try house.books.circuits.need(of: session))
      #expect(need.need.priority == priority && need.origin == "driver")
    }
  }

  @Test(arguments: ["1.6", "2.1"])
  func aPriorityIsTheHousesAndWhereItCanBeToldTheStations(version: String) async throws {
    try house.addToken("04A1")
    let caller = try house.connect("CS-1", version: version)
    let session = try house.session(caller.start("04A1").transaction).id
    async let set = house.csms.setPriority(true, of: session, by: "operator:anna")
    await house.settleAll()
    let record = try await set
    #expect(try house.books.circuits.need(of: session)?.need.priority == 9)
    let asked = house.stations.commands.contains { if case .profile(.priority) = $0 { true } else { false } }
    #expect(asked == (version == "2.1"))
    if !asked { #expect(record.phase == .done) }
  }

  @Test func whatAVehicleNeedsBeforeItsSessionIsOfferedWithIt() throws {
    try house.addToken("04A1")
    let caller = try house.connect("CS-1", version: "2.0.1")
    #expect(try needs(caller) == .later)
    try caller.tell(
      .started, 0, at: house.now + .seconds(20), trigger: .authorized, evse: 1,
      token: PresentedToken("04A1", .iso14443))
    #expect(offers.map(\.transaction) == ["tx-1"])
    // Once, and not to whoever comes next.
    try caller.tell(.updated, 1, at: house.now + .seconds(10), state: .charging)
    try caller.tell(.ended, 2, at: house.now + .seconds(10))
    try caller.tell(
      .started, 0, name: "tx-2", at: house.now + .seconds(20), trigger: .authorized, evse: 1,
      token: PresentedToken("04A1", .iso14443))
    #expect(offers.count == 1)
  }

  @Test func aSessionThatIsResumedIsToldItsProfileAgain() throws {
    try house.addToken("04A1")
    let caller = try house.connect("CS-1", version: "2.1")
    try caller.tell(
      .started, 0, at: house.now, trigger: .authorized, state: .charging, evse: 1,
      token: PresentedToken("04A1", .iso14443))
    #expect(try needs(caller) == .offered)
    house.pass(120, beat: 10)
    #expect(offers.count == 1)
    // The whole station started anew: until it says that it goes on with a session it knows none.
    house.stations.answer = { command, _ in
      if case .profile(.set) = command { .refused(word: "Rejected", answer: [:]) } else { .accepted(answer: [:]) }
    }
    house.clock.now += .seconds(60)
    try caller.boot()
    house.pass(5)
    let kept = try #require(try house.books.profiles.list(at: house.station("CS-1").id, limit: 9).first)
    #expect(kept.state == .asked && offers.count == 2)
    house.stations.answer = { _, _ in .accepted(answer: [:]) }
    try caller.tell(.updated, 1, at: house.now, trigger: .resumed, state: .charging)
    house.pass(5)
    #expect(offers.count == 3 && offers[2] == offers[0])
  }

  @Test func aVehicleIsOfferedNoMorePeriodsThanItTakesAndNothingThatFlowsBack() async throws {
    try house.addToken("04A1")
    let caller = try house.connect("CS-1", version: "2.1")
    try caller.tell(
      .started, 0, at: house.now, trigger: .authorized, state: .charging, evse: 1,
      token: PresentedToken("04A1", .iso14443))
    let session = try #require(try house.sessions.first).id
    var wish = ChargingProfile()
    wish.purpose = .session
    (wish.schedule.unit, wish.schedule.startsAt) = (.watts, house.now)
    var flow = ChargingProfile.Bidirectional()
    (flow.mode, flow.dischargeLimit) = (.externalLimits, -3_000)
    wish.schedule.periods = (0..<4).map { .init(start: $0 * 900, limit: 5_000, bidirectional: flow) }
    let asked = wish
    async let sent = house.csms.setProfile(
      asked, at: StationIdentity("CS-1")!, evse: 1, session: session, by: "operator:anna")
    for _ in 0..<5 { await house.settleAll() }
    _ = try await sent
    #expect(offers.last?.schedule.periods.count == 4)
    let told = ChargingNeeds(evse: 1, departsAt: nil, wants: .acThreePhases, mostPeriods: 2, raw: ["evseId": 1])
    let verdict = try house.decide { [desk = caller.desk] () throws(TurnFault) in try desk.needs(told) }
    #expect(verdict == .offered)
    let offer = try #require(offers.last)
    #expect(offer.schedule.periods.map(\.start) == [0, 900])
    #expect(offer.schedule.periods.allSatisfy { $0.bidirectional == nil })
  }

  @Test func partsOfAReportStandTogetherUntilTheNextReport() async throws {
    let caller = try house.connect("CS-1", version: "2.0.1")
    func tell(_ numbers: [Int64], _ request: Int, isLast: Bool) throws {
      let report = ProfileReport(
        request: request, evse: 1, source: "CSO",
        profiles: numbers.map { ProfileReport.Profile(number: $0, profile: ChargingProfile()) }, isLast: isLast)
      try house.decide { [desk = caller.desk] () throws(TurnFault) in try desk.profiles(report) }
    }
    func shown() throws -> [Int64] {
      try notices.filter { $0.kind == .profiles }.flatMap { $0.body.array ?? [] }.compactMap { $0["number"]?.int }
    }
    try tell([1, 2], 7, isLast: false)
    try tell([3], 7, isLast: true)
    #expect(try shown() == [1, 2, 3])
    try tell([4], 8, isLast: true)
    #expect(try shown() == [4])
    house.stations.answer = { _, _ in .refused(word: "NoProfiles", answer: [:]) }
    async let asked = house.csms.askProfiles(ProfileFilter(), at: StationIdentity("CS-1")!, by: "operator:anna")
    await house.settleAll()
    _ = try await asked
    #expect(try shown() == [])
  }

  @Test func whoNoLongerGoesFirstHasThePriorityOfBefore() async throws {
    try house.addToken("04A1")
    let caller = try house.connect("CS-1")
    let session = try house.session(caller.start("04A1").transaction)
    async let set = house.csms.changeNeed(of: session.id, by: "operator:anna") { $0.priority = 5 }
    await house.settleAll()
    _ = try await set
    for (isFirst, priority) in [(true, 9), (true, 9), (false, 5), (false, 5)] {
      try house.write { _ throws(StoreFault) in try house.csms.prefer(session, isFirst, by: "driver") }
      #expect(try house.books.circuits.need(of: session.id)?.need.priority == priority)
    }
  }

  @Test func aVehicleWithoutASessionIsToldLater() throws {
    let caller = try house.connect("CS-1")
    #expect(try needs(caller) == .later)
    #expect(offers.isEmpty)
  }

  @Test func limitsFromElsewhereComeAndGo() throws {
    let caller = try house.connect("CS-1")
    try house.decide { [desk = caller.desk] () throws(TurnFault) in
      try desk.limit(LimitReport(evse: nil, source: "EMS", isGridCritical: true, schedule: nil))
    }
    #expect(try notices.map(\.source) == ["EMS"])
    #expect(try house.count("station.charging_told") == 1)
    try house.decide { [desk = caller.desk] () throws(TurnFault) in try desk.limitCleared(evse: nil, source: "EMS") }
    #expect(try notices.isEmpty)
  }

  @Test func aDynamicProfileIsAnsweredAndChanged() async throws {
    let caller = try house.connect("CS-1")
    var profile = ChargingProfile()
    (profile.purpose, profile.kind) = (.anySession, .dynamic)
    profile.schedule.unit = .watts
    profile.schedule.periods = [.init(start: 0, limit: 5_000)]
    let wish = profile
    async let sent = house.csms.setProfile(wish, at: StationIdentity("CS-1")!, evse: 1, by: "operator:anna")
    for _ in 0..<5 { await house.settleAll() }
    _ = try await sent
    let number = try #require(try house.books.profiles.list(at: house.station("CS-1").id, limit: 1).first?.number)
    async let changed = house.csms.setDynamicLimit(
      3_000, of: number, at: StationIdentity("CS-1")!, by: "operator:anna")
    await house.settleAll()
    _ = try await changed
    #expect(house.stations.commands.contains(.profile(.dynamic(number: number, limit: 3_000))))
    let limit = try house.decide { [desk = caller.desk] () throws(TurnFault) in try desk.dynamicLimit(of: number) }
    #expect(limit == 3_000)
    let none = try house.decide { [desk = caller.desk] () throws(TurnFault) in try desk.dynamicLimit(of: 999) }
    #expect(none == nil)
  }
}
