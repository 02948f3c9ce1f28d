import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

@MainActor @Suite struct SmartChargingTests {
  private let house: HouseUnderTest
  private let identity = StationIdentity("CS-1")!

  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    answer(capacity: [:])
  }

  private func answer(capacity: JSON, set: @escaping (ProfileCommand) -> CommandOutcome? = { _ in nil }) {
    house.stations.answer = { command, _ in
      switch command {
      case .capacity: .accepted(answer: capacity)
      case .profile(let command): set(command) ?? .accepted(answer: Self.composite)
      default: nil
      }
    }
  }

  private static let composite: JSON = [
    "evse": 1, "schedule": ["unit": "A", "periods": [["start_s": 0, "limit": 16]]],
  ]

  private func limit(
    _ amperes: Int, _ purpose: ChargingProfile.Purpose = .anySession, unit: ChargingProfile.Schedule.Unit = .amperes,
    level: Int = 0
  ) -> ChargingProfile {
    var profile = ChargingProfile()
    (profile.purpose, profile.stackLevel) = (purpose, level)
    profile.kind = purpose == .station ? .absolute : .relative
    profile.schedule.startsAt = purpose == .station ? house.now : nil
    profile.schedule.unit = unit
    profile.schedule.periods = [.init(start: 0, limit: Decimal(amperes))]
    return profile
  }

  @discardableResult
  private func set(
    _ profile: ChargingProfile, evse: Int = 1, session: String? = nil
  ) async throws -> CommandRecord {
    async let sent = house.csms.setProfile(profile, at: identity, evse: evse, session: session, by: "operator:anna")
    for _ in 0..<5 { await house.settleAll() }
    let record = try await sent
    for _ in 0..<3 { house.settle() }
    return record
  }

  private var sent: [(profile: ChargingProfile, number: Int64, evse: Int)] {
    house.stations.commands.compactMap {
      if case .profile(.set(let profile, let number, let evse)) = $0 { (profile, number, evse) } else { nil }
    }
  }

  private var kept: [KeptProfile] {
    get throws { try house.books.profiles.list(at: house.station("CS-1").id, limit: 100).reversed() }
  }

  @Test func aProfileIsInForceAndWhatComesOfItIsReadBack() async throws {
    _ = try house.connect("CS-1")
    try await set(limit(16))
    #expect(try kept.map(\.state) == [.inForce])
    #expect(
      house.stations.commands.last == .profile(.composite(evse: 1, seconds: 86_400, unit: .amperes)))
    let composites = try house.books.profiles.composites(of: house.station("CS-1").id)
    #expect(composites.map(\.schedule.schedule.periods.first?.limit) == [16])
  }

  @Test func theUnitIsTheOneThatTheStationTakes() async throws {
    answer(capacity: ["takes_amperes": false, "takes_watts": true])
    _ = try house.connect("CS-1")
    try await set(limit(16))
    // Three phases of 230 V.
    #expect(sent.map(\.profile.schedule.periods.first?.limit) == [11_040])
    #expect(sent.map(\.profile.schedule.unit) == [.watts])
    #expect(try kept.first?.profile.schedule.unit == .amperes, "the books keep the wish")
  }

  @Test func theLevelIsOneThatTheStationHas() async throws {
    answer(capacity: ["highest_stack_level": 0])
    _ = try house.connect("CS-1")
    try await set(limit(16, level: 3))
    #expect(sent.map(\.profile.stackLevel) == [0])
  }

  @Test func moreperiodsThanTheStationTakesAreRefused() async throws {
    answer(capacity: ["schedule_periods": 1])
    _ = try house.connect("CS-1")
    var profile = limit(16)
    profile.schedule.periods.append(.init(start: 60, limit: 8))
    await #expect(throws: Refusal.invalid(field: "profile", "the station takes at most 1 periods")) {
      try await set(profile)
    }
  }

  @Test func whatTheProtocolForbidsIsRefusedHere() async throws {
    _ = try house.connect("CS-1")
    var relative = limit(16, .station)
    (relative.kind, relative.schedule.startsAt) = (.relative, nil)
    var external = limit(16)
    external.purpose = .external
    var begins = limit(16)
    begins.schedule.startsAt = house.now
    for (profile, evse) in [(relative, 0), (external, 1), (begins, 1), (limit(16, .station), 1)] {
      await #expect(throws: Refusal.self) { try await set(profile, evse: evse) }
    }
    #expect(sent.isEmpty)
  }

  @Test func theSameKindAtTheSamePlaceIsReplacedUnderItsNumber() async throws {
    _ = try house.connect("CS-1")
    try await set(limit(16))
    try await set(limit(10))
    try await set(limit(8), evse: 2)
    #expect(Set(sent.prefix(2).map(\.number)).count == 1)
    #expect(sent[2].number != sent[0].number)
    #expect(try kept.map(\.state) == [.inForce, .inForce])
    #expect(try kept.first?.profile.schedule.periods.first?.limit == 10)
  }

  @Test func aSessionsProfileNamesItsTransactionAndEndsWithIt() async throws {
    try house.addToken("04A1")
    let caller = try house.connect("CS-1")
    let transaction = try caller.start("04A1", evse: 2).transaction
    try await set(limit(16, .session), evse: 0, session: try house.session(transaction).id)
    #expect(sent.map(\.profile.transaction) == ["\(transaction)"])
    #expect(sent.map(\.evse) == [2])
    try caller.stop(transaction, meter: 100)
    house.pass(120)
    #expect(try kept.map(\.state) == [.over])
    await #expect(throws: Refusal.self) { try await set(limit(16, .session)) }
  }

  // MARK: With a start

  /// A remote start that brings a profile, answered as `answer` says.
  private func start(answer: @escaping (RemoteStart) -> CommandOutcome) async throws {
    let token = try house.addToken("04A1")
    house.stations.answer = { command, _ in
      switch command {
      case .capacity: .accepted(answer: ["takes_amperes": false, "takes_watts": true])
      case .remoteStart(let start): answer(start)
      case .profile: .accepted(answer: Self.composite)
      default: nil
      }
    }
    async let done = house.csms.startSession(
      at: identity, evse: 2, token: token.id, profile: limit(16), by: "operator:anna")
    for _ in 0..<5 { await house.settleAll() }
    _ = try await done
    for _ in 0..<3 { house.settle() }
  }

  private var starts: [RemoteStart] {
    house.stations.commands.compactMap { if case .remoteStart(let start) = $0 { start } else { nil } }
  }

  @Test func aStartBringsItsProfileInTheUnitOfTheStation() async throws {
    let caller = try house.connect("CS-1")
    try await start { _ in .accepted(answer: [:]) }
    let brought = try #require(starts.first?.profile)
    #expect(brought.profile.purpose == .session && brought.profile.transaction == nil)
    #expect(brought.profile.schedule.periods.first?.limit == 11_040)
    #expect(try kept.map(\.state) == [.asked])
    // Neither a beat nor a boot sends a profile whose session has no name.
    house.pass(90)
    #expect(sent.isEmpty)
    let transaction = try caller.start("04A1", evse: 2).transaction
    house.settle()
    #expect(try kept.map(\.state) == [.inForce] && sent.isEmpty)
    #expect(try kept.first?.profile.transaction == "\(transaction)" && kept.first?.number == brought.number)
  }

  @Test func aStationThatRefusesTheStartForItStartsWithoutAndGetsItAfterwards() async throws {
    let caller = try house.connect("CS-1")
    try await start { start in
      start.profile == nil ? .accepted(answer: [:]) : .refused(word: "Rejected", answer: [:])
    }
    #expect(starts.map { $0.profile != nil } == [true, false])
    #expect(
      try house.books.commands.list(of: house.station("CS-1").id, limit: 10).count { $0.record.verb == "start" } == 1)
    let transaction = try caller.start("04A1", evse: 2).transaction
    house.settle()
    #expect(sent.map(\.profile.transaction) == ["\(transaction)"] && sent.map(\.evse) == [2])
    #expect(try kept.map(\.state) == [.inForce])
    let odd = try house.books.stations.oddities(of: house.station("CS-1").id).map(\.what)
    #expect(odd == ["a start with a charging profile is refused"])
  }

  @Test func aStartThatIsRefusedInAnyCaseEndsItsProfile() async throws {
    _ = try house.connect("CS-1")
    try await start { _ in .refused(word: "Rejected", answer: [:]) }
    #expect(starts.count == 2)
    #expect(try house.sessions.map(\.state) == [.invalid])
    #expect(try kept.map(\.state) == [.over])
  }

  @Test func aStationThatTakesNoneForTheWholeOfItGetsOneForEachEVSE() async throws {
    answer(capacity: [:]) { command in
      if case .set(_, _, evse: 0) = command { .refused(word: "Rejected", answer: [:]) } else { nil }
    }
    _ = try house.connect("CS-1")
    try await set(limit(32, .station), evse: 0)
    #expect(sent.map(\.evse) == [0, 1, 2])
    #expect(sent.dropFirst().map(\.profile.schedule.periods.first?.limit) == [16, 16], "together they keep the limit")
    #expect(sent.dropFirst().allSatisfy { $0.profile.purpose == .anySession })
    #expect(try kept.map(\.state) == [.refused, .inForce, .inForce])
    #expect(try kept.last?.insteadOf == kept.first?.number)
  }

  @Test func theStationsNoIsKept() async throws {
    answer(capacity: [:]) { command in
      if case .set = command { .refused(word: "NotSupported", answer: [:]) } else { nil }
    }
    _ = try house.connect("CS-1")
    try await set(limit(16))
    #expect(try kept.map(\.state) == [.refused])
    #expect(try kept.first?.answer == "NotSupported")
  }

  @Test func aStationThatBootedGetsItsProfilesAgain() async throws {
    let caller = try house.connect("CS-1")
    try await set(limit(16))
    house.stations.clear()
    try caller.boot()
    house.pass(3)
    #expect(sent.map(\.number) == (try kept.map(\.number)))
    #expect(try kept.map(\.state) == [.inForce])
  }

  @Test func aLostLineIsNoAnswer() async throws {
    answer(capacity: [:]) { command in if case .set = command { .disconnected } else { nil } }
    let caller = try house.connect("CS-1")
    try await set(limit(16))
    #expect(try kept.map(\.state) == [.asked])
    try caller.leave()
    answer(capacity: [:])
    _ = try house.connect("CS-1")
    house.pass(3)
    #expect(try kept.map(\.state) == [.inForce])
  }

  @Test func profilesAreClearedByNumberOrByKind() async throws {
    _ = try house.connect("CS-1")
    try await set(limit(16))
    try await set(limit(10), evse: 2)
    async let cleared = house.csms.clearProfiles(ProfileFilter(evse: 2), at: identity, by: "operator:anna")
    await house.settleAll()
    _ = try await cleared
    house.settle()
    #expect(try kept.map(\.state) == [.inForce, .cleared])
  }
}
