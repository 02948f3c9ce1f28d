import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

@MainActor @Suite struct BalancingTests {
  private let house: HouseUnderTest
  private let circuit: ID<Circuit>

  /// Two EVSEs of one station on a circuit of 32 A, whose default profile is 6 A.
  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    house.stations.answer = { command, _ in
      switch command {
      case .capacity: .accepted(answer: [:])
      case .profile, .trigger: .accepted(answer: [:])
      default: nil
      }
    }
    let station = try house.station("CS-1")
    let (place, now) = (try #require(station.location), house.now)
    var made: ID<Circuit>?
    try house.write { books throws(StoreFault) in
      let circuit = try books.circuits.create(
        Circuit(
          id: ID(0), location: place, name: "circuit B", rated: Current(amperes: 32), createdAt: now, updatedAt: now))
      made = circuit.id
      for evse in try books.stations.evses(of: station.id) {
        var outlet = KeptOutlet(evse: evse.id, station: station.id, number: evse.number, circuit: circuit.id)
        outlet.fallback = Current(amperes: 6)
        try books.circuits.keep(outlet)
      }
    }
    circuit = try #require(made)
    try house.addToken("CARD-A")
    try house.addToken("CARD-B")
  }

  private var sent: [(evse: Int, amperes: Decimal)] {
    house.stations.commands.compactMap { command in
      guard case .profile(.set(let profile, _, let evse)) = command, profile.purpose == .session else { return nil }
      return (evse, profile.schedule.periods[0].limit)
    }
  }

  private func last(_ evse: Int) -> Decimal? { sent.last { $0.evse == evse }?.amperes }

  private func place(_ evse: Int) throws -> Balancer.Place {
    let location = try #require(try house.station("CS-1").location)
    let id = try house.evse(evse).id
    return try #require(house.csms.load(at: location)?.places.first { $0.evse == id })
  }

  private func draw(_ caller: Caller, _ transaction: Int64, _ amperes: Int, evse: Int, wattHours: Int64) throws {
    let current = Current(amperes: amperes)
    let reading = Reading(
      at: house.now, register: Energy(tenthsOfWattHour: wattHours * 10), current: Decimal(amperes),
      lineCurrents: LineCurrents(current, on: .all), raw: ["a": .number(JSONNumber(amperes))])
    try house.decide { [desk = caller.desk] () throws(TurnFault) in
      try desk.meter(MeterReport(evse: evse, transaction: transaction, readings: [reading]))
    }
  }

  /// Just what its station was told last.
  private func drawAsTold(_ caller: Caller, _ transaction: Int64, evse: Int, wattHours: Int64) throws {
    let told = try #require(last(evse)?.asInt64(scaledBy: 0))
    try draw(caller, transaction, Int(told), evse: evse, wattHours: wattHours)
  }

  @Test func theDefaultProfileStandsOnTheStationBeforeAnybodyCharges() throws {
    _ = try house.connect("CS-1")
    house.pass(5)
    var defaults: [Decimal] {
      house.stations.commands.compactMap { command in
        guard case .profile(.set(let profile, _, _)) = command, profile.purpose == .anySession else { return nil }
        return profile.schedule.periods[0].limit
      }
    }
    #expect(defaults == [6, 6])
    house.pass(30)
    #expect(defaults == [6, 6], "what is in force is not sent again")
  }

  @Test func oneCarGetsAllAndASecondOneGetsItsShareOnceTheFirstHasGoneDown() throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    #expect(last(1) == 32)
    try draw(caller, first, 32, evse: 1, wattHours: 100)
    let second = try caller.start("CARD-B", evse: 2).transaction
    house.pass(2)
    #expect(last(1) == 16)
    // The first one still draws 32 A: nothing of it is given away.
    try draw(caller, second, 0, evse: 2, wattHours: 0)
    house.pass(15)
    #expect(last(2) == nil || last(2) == 6, "\(sent)")
    try draw(caller, first, 16, evse: 1, wattHours: 200)
    house.pass(2)
    #expect(last(2) == 16)
    #expect(try place(1).words == "16 A because circuit B is full and 2 cars share it")
  }

  @Test func aConnectorOfLessAmperesIsLimitedAtOnce() async throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    try caller.start("CARD-A", evse: 1)
    house.pass(2)
    #expect(last(1) == 32)
    try await house.csms.changeEVSE(1, of: identity, by: "anna") { evse in evse.connectors[0].maxAmperage = 20 }
    house.pass(2)
    #expect(last(1) == 20)
  }

  @Test func anEVSEThatIsGoneHoldsNoPowerAnyMore() async throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    try caller.start("CARD-A", evse: 1)
    let second = try caller.start("CARD-B", evse: 2).transaction
    house.pass(2)
    try draw(caller, second, 16, evse: 2, wattHours: 100)
    try caller.stop(second, meter: 200)
    try await house.csms.keepOnly([1], of: identity, by: "anna")
    house.pass(2)
    #expect(try seats == 1)
    #expect(last(1) == 32)
    try caller.stop(try #require(try house.sessions.first { $0.isOpen }?.transaction), meter: 200)
    try await house.csms.removeStation(identity, by: "anna")
    house.pass(2)
    #expect(try seats == 0)
  }

  @Test func aStationThatMovesLeavesTheCircuitsWhereItStood() async throws {
    _ = try house.connect("CS-1")
    house.pass(5)
    #expect(try seats == 2)
    let evse = try house.evse(1)
    let home = try #require(try house.books.locations.first())
    var yard = home
    (yard.ref, yard.name) = ("LOC2", "Other yard")
    let other = try house.write { [yard] books throws(StoreFault) in try books.locations.create(yard) }
    _ = try await house.csms.changeStation(identity, by: "anna") { $0.location = other.id }
    house.pass(2)
    #expect(try seats == 0)
    #expect(try house.books.circuits.outlet(of: evse.id) == nil)
  }

  @Test func theDefaultProfileIsWishedAgainWhereItsTurnWasLost() async throws {
    _ = try house.connect("CS-1")
    house.csms.tick()
    house.failNextTurn()
    await house.settleAll()
    house.pass(10)
    let defaults = house.stations.commands.count { command in
      if case .profile(.set(let profile, _, _)) = command { profile.purpose == .anySession } else { false }
    }
    #expect(defaults == 2)
  }

  private var identity: StationIdentity { StationIdentity("CS-1")! }

  /// How many EVSEs share the power of the yard.
  private var seats: Int {
    get throws { house.csms.load(at: try #require(try house.books.locations.first()).id)?.places.count ?? 0 }
  }

  @Test func aStationThatDoesNotFollowIsReservedFor() throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    try draw(caller, first, 32, evse: 1, wattHours: 100)
    try caller.start("CARD-B", evse: 2)
    house.pass(14)
    try draw(caller, first, 32, evse: 1, wattHours: 200)
    house.pass(2)
    #expect(try place(1).reason == .uncontrolled)
    #expect(last(2) == 0, "there is nothing left for the second car: \(sent)")
  }

  @Test func aStationThatDoesNotKnowLimitsIsReservedForAndAskedAgainOnceItStartsAnew() throws {
    let house = house
    func answer(_ outcome: CommandOutcome) {
      house.stations.answer = { command, _ in
        switch command {
        case .profile: outcome
        case .capacity, .trigger: .accepted(answer: [:])
        default: nil
        }
      }
    }
    answer(.failed(code: "NotImplemented", description: ""))
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    // It said so of its default already, and what it gives is all that the circuit has.
    #expect(sent.isEmpty)
    #expect(try place(1).words == "32 A reserved because its station does not know limits")
    for minute in 1...30 {
      try draw(caller, first, 32, evse: 1, wattHours: Int64(minute) * 300)
      house.pass(60)
    }
    #expect(sent.isEmpty, "nobody asks it for ever")
    answer(.accepted(answer: [:]))
    let again = try house.connect("CS-1")
    _ = try again.boot()
    // Whether a car came at the other one meanwhile is open until it says so.
    try again.report(.available, evse: 2)
    house.pass(10)
    #expect(last(1) == 32)
    #expect(try place(1).reason != .takesNoLimits)
  }

  /// Two stations that keep no limit take 52 A of a circuit of 32 A, which nobody but a person can end.
  @Test func aCircuitThatCarriesTooMuchForLongIsToldOnceAndItsEndToo() async throws {
    var rules = AlarmRules()
    rules.rules = [AlarmRules.Rule(.circuitOver, delayMinutes: 0)]
    let told = rules
    try await settled { [csms = house.csms] in try await csms.changeAlarmRules(told, by: "anna") }
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    try draw(caller, first, 32, evse: 1, wattHours: 100)
    #expect(house.csms.circuitsOver.isEmpty)
    let second = try caller.start("CARD-B", evse: 2).transaction
    for step in 1...4 {
      house.pass(14)
      try draw(caller, first, 32, evse: 1, wattHours: Int64(100 + step * 50))
      try draw(caller, second, 20, evse: 2, wattHours: Int64(step * 30))
    }
    #expect(try house.count("circuit.over") == 0, "stations have their time to follow")
    for step in 5...14 {
      house.pass(14)
      try draw(caller, first, 32, evse: 1, wattHours: Int64(100 + step * 50))
      try draw(caller, second, 20, evse: 2, wattHours: Int64(step * 30))
    }
    #expect(try house.count("circuit.over") == 1)
    let event = try #require(try house.books.events.after(0, limit: 1_000).last { $0.kind == "circuit.over" })
    // What both outlets give at most is reserved for them.
    #expect(event.body["circuit"] == "circuit B" && event.body["amperes"] == "32")
    #expect(house.csms.circuitsOver.map(\.circuit) == ["circuit B"])
    // Alarms are looked for beside the turns, by a reader of its own.
    var alarms: [Alarm] = []
    for _ in 0..<100 where alarms.isEmpty {
      house.pass(40)
      await house.settleAll()
      alarms = try await house.csms.alarms()
    }
    let alarm = try #require(alarms.first)
    #expect(alarm.kind == .circuitOver && alarm.subject.hasSuffix(": circuit B"))
    try caller.stop(second, meter: 2_000)
    house.pass(5)
    #expect(house.csms.circuitsOver.count == 1, "the next car there would take as much again")
    // The first one is seen to go down and up again as it is told, and is believed.
    for step in 0..<20 {
      house.pass(14, beat: 7)
      try drawAsTold(caller, first, evse: 1, wattHours: Int64(1_000 + step * 20))
    }
    #expect(try house.count("circuit.within") == 1 && house.csms.circuitsOver.isEmpty)
    house.pass(600)
    #expect(try house.count("circuit.over") == 1)
  }

  @Test func whereACarShouldHaveGoneDownItsMeterIsAsked() throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    try draw(caller, first, 32, evse: 1, wattHours: 100)
    try caller.start("CARD-B", evse: 2)
    house.pass(14)
    #expect(house.stations.commands.contains(.trigger(.meterValues, evse: 1)))
  }

  @Test func aLostLineHoldsWhatItHad() throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    try draw(caller, first, 32, evse: 1, wattHours: 100)
    try caller.leave()
    house.pass(8)
    let place = try place(1)
    #expect(place.reason == .offline && place.hold.l1 == Current(amperes: 32))
    #expect(try self.place(2).hold.l1 == Current(amperes: 6), "a car may begin there without us, by the default")
  }

  @Test func afterARestartNothingIsForgottenAndNothingBelieved() throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    try draw(caller, first, 32, evse: 1, wattHours: 100)
    // The next limit is asked and never answered.
    house.stations.answer = { _, _ in nil }
    try caller.start("CARD-B", evse: 2)
    house.pass(2)
    #expect(last(1) == 16)
    try house.restart()
    house.pass(2)
    #expect(try place(1).hold.l1 == Current(amperes: 32), "nobody knows that it went down")
    house.stations.answer = { command, _ in if case .remoteStart = command { nil } else { .accepted(answer: [:]) } }
    let again = try house.connect("CS-1")
    house.pass(40)
    #expect(last(1) == 16, "it is told again")
    try draw(again, first, 16, evse: 1, wattHours: 200)
    house.pass(3)
    #expect(try place(1).hold.l1 == Current(amperes: 16))
    #expect(last(2) == 16)
  }

  @Test func aGridLimitHoldsWithinSecondsAndEndsByItself() async throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    try draw(caller, first, 32, evse: 1, wattHours: 100)
    let now = house.now
    let signal = CircuitSignal(
      circuit: circuit, kind: .limit, currents: LineCurrents(Current(amperes: 10), on: .all), at: now,
      until: now + .seconds(60), source: "grid")
    try await settled { [csms = house.csms] in try await csms.tell(signal) }
    house.pass(2)
    #expect(last(1) == 10)
    try draw(caller, first, 10, evse: 1, wattHours: 150)
    house.pass(75)
    #expect(last(1) == 32)
  }

  private func schedule(_ unit: ChargingProfile.Schedule.Unit, _ limit: Decimal) -> ChargingProfile.Schedule {
    var schedule = ChargingProfile.Schedule()
    (schedule.unit, schedule.periods) = (unit, [.init(start: 0, limit: limit)])
    return schedule
  }

  /// What an energy manager beside the station tells it (OCPP 2.0.1 K11 to K14).
  private func limit(_ caller: Caller, evse: Int?, _ schedule: ChargingProfile.Schedule?) throws {
    try house.decide { [desk = caller.desk] () throws(TurnFault) in
      try desk.limit(LimitReport(evse: evse, source: "EMS", isGridCritical: false, schedule: schedule))
    }
  }

  @Test func aLimitFromOutsideOfAWholeStationIsSharedByItsEVSEsUntilItIsCleared() throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    try draw(caller, first, 32, evse: 1, wattHours: 100)
    // 13.8 kW over three lines are 20 A.
    try limit(caller, evse: nil, schedule(.watts, 13_800))
    house.pass(2)
    #expect(last(1) == 20)
    #expect(try place(1).words == "20 A because the station may draw no more for now")
    try draw(caller, first, 20, evse: 1, wattHours: 150)
    let second = try caller.start("CARD-B", evse: 2).transaction
    house.pass(2)
    #expect(last(1) == 10)
    try draw(caller, first, 10, evse: 1, wattHours: 160)
    house.pass(2)
    #expect(last(2) == 10)
    try draw(caller, second, 10, evse: 2, wattHours: 10)
    try house.decide { [desk = caller.desk] () throws(TurnFault) in try desk.limitCleared(evse: nil, source: "EMS") }
    house.pass(2)
    #expect(last(1) == 16 && last(2) == 16, "the circuit's 32 A are theirs again")
  }

  @Test func aLimitFromOutsideOfOneEVSELeavesTheOtherWhatItDoesNotTake() throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    let second = try caller.start("CARD-B", evse: 2).transaction
    house.pass(2)
    try drawAsTold(caller, first, evse: 1, wattHours: 100)
    try drawAsTold(caller, second, evse: 2, wattHours: 100)
    var told = schedule(.amperes, 8)
    told.seconds = 600
    try limit(caller, evse: 1, told)
    house.pass(2)
    #expect(last(1) == 8)
    try draw(caller, first, 8, evse: 1, wattHours: 150)
    house.pass(2)
    #expect(last(2) == 24)
    // Its schedule ends, and nobody has to say so.
    try draw(caller, second, 24, evse: 2, wattHours: 150)
    house.pass(620, beat: 20)
    #expect(last(2) == 16)
    try draw(caller, second, 16, evse: 2, wattHours: 400)
    house.pass(3)
    #expect(last(1) == 16)
  }

  @Test func aLimitWithoutFiguresTakesNothing() throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    _ = try caller.start("CARD-A", evse: 1)
    try limit(caller, evse: nil, nil)
    house.pass(2)
    #expect(last(1) == 32)
  }

  @Test func theSunIsAllThatASessionMayHaveThatAsksForNothingElse() async throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    let id = try house.session(first).id
    _ = try await settled { [csms = house.csms] in
      try await csms.changeNeed(of: id, by: "operator:anna") { need throws(Refusal) in need.isSunOnly = true }
    }
    house.pass(2)
    #expect(last(1) == 0)
    let now = house.now
    let signal = CircuitSignal(
      circuit: circuit, kind: .surplus, currents: LineCurrents(Current(amperes: 27), .zero, .zero), at: now,
      until: now + .seconds(60), source: "inverter")
    try await settled { [csms = house.csms] in try await csms.tell(signal) }
    house.pass(12)
    #expect(last(1) == 9, "27 A over three lines")
    // The inverter is silent, and the sun counts as gone.
    try draw(caller, first, 9, evse: 1, wattHours: 100)
    house.pass(70)
    #expect(last(1) == 0)
  }

  @Test func aPartnersPlanForItsDriverIsNotExceeded() async throws {
    let partner = try house.addPartner()
    try house.addToken("DE-1", of: partner)
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("DE-1", evse: 1).transaction
    house.pass(2)
    #expect(last(1) == 32)
    try draw(caller, first, 32, evse: 1, wattHours: 100)
    let (id, terms, plan) = (try house.session(first).id, try house.caller(partner), schedule(.amperes, 11))
    let answer = try await settled { [csms = house.csms] in
      try await csms.setProfile(plan, of: id, respondTo: "https://Roamer/p/1", from: terms)
    }
    #expect(answer == .accepted(timeout: house.settings.commandSeconds))
    house.pass(20)
    let own = house.stations.commands.compactMap { command -> Decimal? in
      guard case .profile(.set(let profile, _, 1)) = command, profile.purpose == .session,
        profile.stackLevel == Limits.balancerLevel
      else { return nil }
      return profile.schedule.periods[0].limit
    }
    #expect(own.last == 11)
    #expect(try place(1).limit == Current(amperes: 11))
  }

  @Test func whatAPersonAllowsASessionIsNotExceeded() async throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    let id = try house.session(first).id
    _ = try await settled { [csms = house.csms] in
      try await csms.changeNeed(of: id, by: "operator:anna") { need throws(Refusal) in
        need.most = Current(amperes: 13)
      }
    }
    house.pass(2)
    #expect(last(1) == 13)
    #expect(try house.books.circuits.need(of: id)?.origin == "operator:anna")
  }

  /// Does something of the operator's, and lets the house decide it.
  private func settled<Value: Sendable>(
    _ work: @escaping @MainActor @Sendable () async throws -> Value
  ) async throws -> Value {
    async let result = work()
    await house.settleAll()
    return try await result
  }

  @Test func fallbacksThatWouldBeTooMuchTogetherAreRefused() async throws {
    let house = house
    await #expect(
      throws: Refusal.invalid(field: "fallback_a", "with the others' it comes to 33 A, and 'circuit B' has 32 A")
    ) {
      try await settled {
        try await house.csms.changeOutlet(1, of: StationIdentity("CS-1")!, by: "operator:anna") {
          outlet throws(Refusal) in
          outlet.fallback = Current(amperes: 27)
        }
      }
    }
  }

  @Test func aCircuitDoesNotFeedItself() async throws {
    let (id, house) = (circuit, house)
    await #expect(throws: Refusal.self) {
      _ = try await settled {
        try await house.csms.changeCircuit(id, by: "operator:anna") { circuit throws(Refusal) in circuit.parent = id }
      }
    }
    await #expect(throws: Refusal.conflict("circuits or EVSEs hang below it: move them first")) {
      try await settled { try await house.csms.removeCircuit(id, by: "operator:anna") }
    }
  }
}
