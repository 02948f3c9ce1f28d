import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What the house reserves on a circuit where it knows too little of a station: after a restart, after the wiring was
/// changed, beside others who set limits, and where a meter says little or nothing.
@MainActor @Suite struct BalancingDoubtTests {
  private let house: HouseUnderTest
  private let circuit: ID<Circuit>
  private let identity = StationIdentity("CS-1")!

  /// Two EVSEs of one station on a circuit of 32 A, whose default profile is 6 A.
  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    house.stations.answer = { command, _ in
      switch command {
      case .capacity, .profile, .trigger: .accepted(answer: [:])
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

  private var sent: [(evse: Int, profile: ChargingProfile)] {
    house.stations.commands.compactMap { command in
      guard case .profile(.set(let profile, _, let evse)) = command, profile.purpose == .session else { return nil }
      return (evse, profile)
    }
  }

  private func last(_ evse: Int) -> Decimal? { sent.last { $0.evse == evse }?.profile.schedule.periods[0].limit }

  private func place(_ evse: Int) throws -> Balancer.Place {
    let location = try #require(try house.station("CS-1").location)
    let id = try house.evse(evse).id
    return try #require(house.csms.load(at: location)?.places.first { $0.evse == id })
  }

  private func hold(_ evse: Int) throws -> Decimal { try place(evse).hold.l1.amperes }

  private func read(_ caller: Caller, _ transaction: Int64, evse: Int, _ edit: (inout Reading) -> Void) throws {
    var reading = Reading(at: house.now, raw: ["at": .string(house.now.text)])
    edit(&reading)
    let told = reading
    try house.decide { [desk = caller.desk] () throws(TurnFault) in
      try desk.meter(MeterReport(evse: evse, transaction: transaction, readings: [told]))
    }
  }

  private func draw(_ caller: Caller, _ transaction: Int64, _ amperes: Int, evse: Int, on lines: Lines = .all) throws {
    try read(caller, transaction, evse: evse) {
      $0.lineCurrents = LineCurrents(Current(amperes: amperes), on: lines)
    }
  }

  private func settled<Value: Sendable>(
    _ work: @escaping @MainActor @Sendable () async throws -> Value
  ) async throws -> Value {
    async let result = work()
    for _ in 0..<5 { await house.settleAll() }
    return try await result
  }

  // MARK: Wired anew

  @Test func anOutletThatIsTakenOffAndPutBackIsReservedForWhatItsCarWasGiven() async throws {
    let (house, circuit) = (house, circuit)
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    try draw(caller, first, 32, evse: 1)
    try await settled { try await house.csms.removeOutlet(1, of: StationIdentity("CS-1")!, by: "anna") }
    house.pass(2)
    try await settled {
      try await house.csms.changeOutlet(1, of: StationIdentity("CS-1")!, by: "anna") { outlet throws(Refusal) in
        outlet.circuit = circuit
        outlet.fallback = Current(amperes: 6)
      }
    }
    house.pass(2)
    #expect(try hold(1) == 32, "its station still has a limit of 32 A")
    try caller.start("CARD-B", evse: 2)
    house.pass(4)
    #expect((last(2) ?? 0) <= 6)
    #expect(last(1) == 16)
  }

  @Test func aCircuitDoesNotShrinkBelowWhatItsStationsAllowByThemselves() async throws {
    let (house, circuit) = (house, circuit)
    await #expect(
      throws: Refusal.conflict(
        "the fallbacks of EVSEs below 'circuit B' come to 12 A, and it would have 10 A for them: lower them first")
    ) {
      try await settled {
        _ = try await house.csms.changeCircuit(circuit, by: "anna") { $0.usable = Current(amperes: 10) }
      }
    }
    await #expect(throws: Refusal.self) {
      try await settled {
        _ = try await house.csms.changeCircuit(circuit, by: "anna") { $0.assumedLoad = Current(amperes: 21) }
      }
    }
    try await settled {
      _ = try await house.csms.changeCircuit(circuit, by: "anna") { $0.assumedLoad = Current(amperes: 20) }
    }
  }

  @Test func aCircuitKeepsALineForEachOutletBelowIt() async throws {
    let (house, circuit) = (house, circuit)
    try await settled {
      try await house.csms.changeOutlet(1, of: StationIdentity("CS-1")!, by: "anna") { $0.lines = .l2 }
    }
    await #expect(throws: Refusal.invalid(field: "lines", "an EVSE on it or below has no other lines")) {
      try await settled { _ = try await house.csms.changeCircuit(circuit, by: "anna") { $0.lines = .l1 } }
    }
  }

  // MARK: Who is believed

  @Test func aRestartDoesNotBelieveAStationThatWasSeenToDisobey() throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    try draw(caller, first, 32, evse: 1)
    try caller.start("CARD-B", evse: 2)
    house.pass(14)
    try draw(caller, first, 32, evse: 1)
    house.pass(2)
    #expect(try place(1).reason == .uncontrolled)
    try house.restart()
    _ = try house.connect("CS-1")
    house.pass(40)
    #expect(try hold(1) == 32 && place(1).reason == .uncontrolled)
    #expect((last(2) ?? 0) <= 6)
  }

  @Test func aStationThatStartedAnewHasNoDefaultUntilItSaysSo() throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    try caller.start("CARD-B", evse: 2)
    house.pass(2)
    try draw(caller, first, 16, evse: 1)
    house.pass(14)
    // Whatever it is told now it does not answer.
    house.stations.answer = { command, _ in if case .capacity = command { .accepted(answer: [:]) } else { nil } }
    try caller.boot()
    house.pass(2)
    #expect(try hold(1) == 32, "it lost its limits, and its default too")
  }

  @Test func aCarThatChargesWithoutASessionIsReservedFor() throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    try caller.report(.charging, evse: 2)
    house.pass(2)
    #expect(try hold(2) == 6)
    try caller.report(.available, evse: 2)
    house.pass(2)
    #expect(try hold(2) == 0)
  }

  @Test func aStationThatIsBackMayYetTellOfACar() throws {
    let caller = try house.connect("CS-1")
    try caller.report(.available, evse: 1)
    try caller.report(.available, evse: 2)
    house.pass(5)
    try caller.leave()
    house.pass(8)
    let again = try house.connect("CS-1")
    house.pass(5)
    #expect(try hold(1) == 6 && hold(2) == 6)
    try again.report(.available, evse: 1, at: house.now - .seconds(3_600))
    try again.report(.available, evse: 2)
    house.pass(2)
    #expect(try hold(1) == 6, "that was an hour ago")
    #expect(try hold(2) == 0)
    house.pass(310, beat: 10)
    #expect(try hold(1) == 0)
  }

  // MARK: Others

  private func limit(_ amperes: Decimal, level: Int = 0) -> ChargingProfile {
    var profile = ChargingProfile()
    (profile.purpose, profile.stackLevel) = (.session, level)
    (profile.schedule.startsAt, profile.schedule.periods) = (house.now, [.init(start: 0, limit: amperes)])
    return profile
  }

  @Test(arguments: [nil, 0, 3])
  func whatSomebodyElseAllowsASessionHoldsOnBesideOurLimit(_ highest: Int?) async throws {
    house.stations.answer = { command, _ in
      switch command {
      case .capacity: .accepted(answer: highest.map { ["highest_stack_level": .number(JSONNumber($0))] } ?? [:])
      case .profile, .trigger: .accepted(answer: [:])
      default: nil
      }
    }
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    try draw(caller, first, 32, evse: 1)
    let (id, csms, wish) = (try house.session(first).id, house.csms, limit(10, level: 9))
    _ = try await settled {
      try await csms.setProfile(wish, at: StationIdentity("CS-1")!, evse: 1, session: id, by: "operator:anna")
    }
    house.pass(30)
    #expect(last(1) == 10)
    let rows = try house.books.profiles.open(of: house.station("CS-1").id).filter { $0.profile.purpose == .session }
    #expect(Set(rows.map(\.origin)) == ["balancer", "operator:anna"])
    let ours = try #require(rows.first { $0.origin == "balancer" }?.profile.stackLevel)
    let theirs = try #require(rows.first { $0.origin != "balancer" }?.profile.stackLevel)
    #expect(highest == 0 ? theirs == ours : theirs < ours)
    #expect(sent.last { $0.evse == 1 }?.profile.stackLevel == ours, "ours was told last")
  }

  /// A full circuit: the share of the next car is just its default, and the start brings another limit.
  @Test func aStartThatBringsAProfileIsReservedForAndToldOurs() async throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let now = house.now
    let told = CircuitSignal(
      circuit: circuit, kind: .limit, currents: LineCurrents(Current(amperes: 6), on: .all), at: now,
      until: now + .seconds(3_000), source: "grid")
    let (csms, wish) = (house.csms, limit(32))
    try await settled { try await csms.tell(told) }
    let token = try house.addToken("04A1")
    house.stations.answer = { command, _ in
      switch command {
      case .capacity, .profile, .trigger, .remoteStart: .accepted(answer: [:])
      default: nil
      }
    }
    _ = try await settled {
      try await csms.startSession(
        at: StationIdentity("CS-1")!, evse: 1, token: token.id, profile: wish, by: "operator:anna")
    }
    house.pass(3)
    try caller.start("04A1", evse: 1)
    house.pass(3)
    #expect(last(1) == 6, "the station is told our limit though it is just the default")
    let ours = try #require(sent.last { $0.evse == 1 }?.profile)
    #expect(ours.stackLevel == Limits.balancerLevel)
  }

  // MARK: Meters

  private func powerType(_ type: Connector.PowerType, volts: Int = 230) throws {
    let evse = try house.evse(1)
    try house.write { books throws(StoreFault) in
      var connector = evse.connectors[0]
      (connector.powerType, connector.maxVoltage) = (type, volts)
      try books.stations.update(connector)
    }
  }

  @Test func powerAloneCountsOnTheLinesThatSomebodyKnows() async throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    try read(caller, first, evse: 1) { $0.power = 7_360 }
    house.pass(2)
    #expect(try place(1).measured == nil, "32 A of one line, or 10.7 A of three")
    let (id, csms) = (try house.session(first).id, house.csms)
    _ = try await settled { try await csms.changeNeed(of: id, by: "operator:anna") { $0.phases = 1 } }
    house.pass(2)
    try read(caller, first, evse: 1) { $0.power = 7_360 }
    house.pass(2)
    #expect(try place(1).measured == LineCurrents(Current(amperes: 32), on: .l1))
  }

  private func takesWattsAlone() {
    house.stations.answer = { command, _ in
      switch command {
      case .capacity: .accepted(answer: ["takes_amperes": false, "takes_watts": true])
      case .profile, .trigger: .accepted(answer: [:])
      default: nil
      }
    }
  }

  @Test func aStationThatTakesWattsIsToldThoseOfTheLinesThatItsCarUses() throws {
    try powerType(.ac3, volts: 400)
    takesWattsAlone()
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    #expect(last(1) == 22_080, "32 A of three lines at 230 V, whatever its plate says of the voltage between them")
    try draw(caller, first, 32, evse: 1, on: .l1)
    house.pass(3)
    #expect(last(1) == 7_360)
    #expect(try place(1).reason != .uncontrolled)
  }

  @Test func wattsAreCountedOnOneLineUntilTheMeterShowsMore() throws {
    try powerType(.ac3, volts: 230)
    takesWattsAlone()
    let caller = try house.connect("CS-1")
    house.pass(5)
    let defaults = house.stations.commands.compactMap { command -> Decimal? in
      guard case .profile(.set(let profile, _, _)) = command, profile.purpose == .anySession else { return nil }
      return profile.schedule.periods[0].limit
    }
    #expect(defaults == [1_380, 1_380], "6 A of one line: nobody knows which car comes")
    let first = try caller.start("CARD-A", evse: 1).transaction
    house.pass(2)
    try draw(caller, first, 32, evse: 1, on: .all)
    house.pass(2)
    #expect(last(1) == 22_080)
    let second = try caller.start("CARD-B", evse: 2).transaction
    house.pass(2)
    #expect(last(1) == 6_900, "10 A of three lines: beyond what each needs at least, 6 A and 18 A, both get as much")
    try draw(caller, first, 10, evse: 1, on: .all)
    house.pass(2)
    #expect(last(2) == 5_060, "22 A of one line, or 7 A of three")
    #expect(try place(2).words.contains("counted on one line, because its station takes watts"))
    #expect(try hold(2) == 22)
    try draw(caller, second, 7, evse: 2, on: .all)
    house.pass(2)
    try draw(caller, second, 7, evse: 2, on: .all)
    house.pass(15)
    #expect(last(2) == 6_210, "9 A of three lines, a little above what it draws")
    #expect(try !place(2).isUnmeasured)
  }

  @Test func aMeterThatNeverSaysAnythingOfCurrentsIsAskedLessAndLess() throws {
    let caller = try house.connect("CS-1")
    house.pass(5)
    let first = try caller.start("CARD-A", evse: 1).transaction
    for minute in 1...30 {
      house.pass(60)
      try read(caller, first, evse: 1) { $0.register = Energy(tenthsOfWattHour: Int64(minute) * 1_000) }
    }
    let asked = house.stations.commands.count { $0 == .trigger(.meterValues, evse: 1) }
    #expect((4...12).contains(asked), "asked \(asked) times")
  }

  @Test func aMeterThatFallsSilentIsToldAndCountsAsItWasAlsoAfterARestart() async throws {
    let (now, circuit, csms) = (house.now, circuit, house.csms)
    let told = CircuitSignal(
      circuit: circuit, kind: .building, currents: LineCurrents(Current(amperes: 20), on: .all), at: now,
      until: now + .seconds(30), source: "bridge")
    try await settled { try await csms.tell(told) }
    house.pass(5)
    try house.restart()
    let caller = try house.connect("CS-1")
    house.pass(60, beat: 5)
    #expect(try house.count("meter.silent") == 0, "it may be late")
    house.pass(60, beat: 5)
    #expect(try house.count("meter.silent") == 1)
    #expect(house.csms.silentMeters.map(\.circuit) == ["circuit B"])
    try caller.report(.available, evse: 2)
    try caller.start("CARD-A", evse: 1)
    house.pass(3)
    #expect(last(1) == 12)
    let again = house.csms
    try await settled { try await again.forget(.building, of: circuit) }
    house.pass(15)
    #expect(last(1) == 32)
    #expect(try house.count("meter.heard") == 1 && house.csms.silentMeters.isEmpty)
  }
}
