import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

@MainActor @Suite struct BulkRunningTests {
  private let house: HouseUnderTest
  private let names = ["CS-1"] + (2...25).map { "CS-\($0)" }

  init() throws {
    house = try HouseUnderTest().furnish()
    for name in names.dropFirst() { try house.addStation(name) }
  }

  private func plan(_ verb: BulkRun.Verb, _ adjust: (inout BulkRun.Plan) -> Void = { _ in }) -> BulkRun.Plan {
    var plan = BulkRun.Plan()
    plan.verb = verb
    adjust(&plan)
    return plan
  }

  private func done<Value: Sendable>(_ work: @escaping @MainActor () async throws -> Value) async throws -> Value {
    let task = Task { @MainActor in try await work() }
    await house.settleAll()
    let value = try await task.value
    house.settle()
    return value
  }

  private func begin(_ plan: BulkRun.Plan, at names: [String]? = nil) async throws -> String {
    let identities = (names ?? self.names).map { StationIdentity($0)! }
    return try await done { try await house.csms.beginBulkRun(plan, at: identities, by: "operator:anna").id }
  }

  private func refusal(_ work: @escaping @MainActor () async throws -> Void) async -> Refusal? {
    do {
      try await done(work)
      return nil
    } catch { return error as? Refusal }
  }

  private func connect(_ names: some Sequence<String>) throws { for name in names { _ = try house.connect(name) } }

  private func tally(_ id: String) throws -> [BulkRunStation.State: Int] { try house.books.bulkRuns.tally(of: id) }

  private func rows(_ id: String) throws -> [BulkRunStation] {
    try house.books.bulkRuns.stations(of: id, limit: 100)
  }

  private func state(_ id: String) throws -> BulkRun.State? { try house.books.bulkRuns.run(id)?.state }

  @Test func aFewAreAskedAtATimeAndEachAnswerLetsTheNextOneBeAsked() async throws {
    try connect(names)
    let id = try await begin(plan(.reset))
    #expect(house.stations.calls.count == Limits.bulkAtOnce)
    #expect(try tally(id) == [.running: Limits.bulkAtOnce, .waiting: names.count - Limits.bulkAtOnce])
    house.stations.calls[3].answer(.refused(word: "Rejected", answer: .null))
    house.settle()
    #expect(house.stations.calls.count == Limits.bulkAtOnce + 1)
    #expect(try rows(id)[3].state == .refused && rows(id)[3].answer == "Rejected")
    // However long it takes, no more are asked than that.
    house.pass(5)
    #expect(house.stations.calls.count == Limits.bulkAtOnce + 1)
    house.stations.answer = { _, _ in .accepted(answer: ["status": "Accepted"]) }
    for call in house.stations.calls { call.answer(.accepted(answer: ["status": "Accepted"])) }
    house.settle()
    #expect(try tally(id) == [.done: names.count - 1, .refused: 1])
    #expect(try state(id) == .done)
    #expect(try house.count("bulk.running") == 1 && house.count("bulk.done") == 1)
  }

  @Test func aStationThatIsAwayFailsAndKeepsNobodyWaiting() async throws {
    house.stations.answer = { _, _ in .accepted(answer: .null) }
    try connect(["CS-25"])
    let id = try await begin(plan(.availability) { $0.operative = false })
    house.pass(2)
    #expect(try tally(id) == [.failed: names.count - 1, .done: 1])
    #expect(try rows(id).first?.answer == "the station is not connected")
    #expect(try state(id) == .done)
  }

  @Test func itGoesOnWhereARestartLeftIt() async throws {
    try connect(names)
    let id = try await begin(plan(.trigger) { $0.what = .status })
    house.stations.calls[0].answer(.accepted(answer: .null))
    house.settle()
    house.pass(1)
    try house.restart()
    // Nobody will hear what those say that were asked before.
    #expect(try tally(id)[.running, default: 0] == 0 && tally(id)[.done] == 1)
    // The others are waited for, as long as they have to return.
    house.pass(3)
    #expect(try state(id) == .running && tally(id)[.waiting] == names.count - Limits.bulkAtOnce - 1)
    house.stations.answer = { _, _ in .accepted(answer: .null) }
    try connect(names.dropLast())
    house.pass(3)
    #expect(try state(id) == .running && tally(id)[.waiting] == 1)
    house.pass(house.settings.returnSeconds)
    #expect(try state(id) == .done && rows(id).last?.answer == "the station is not connected")
    #expect(try tally(id).values.reduce(0, +) == names.count)
    #expect(try rows(id)[1].answer == "the daemon was restarted before the station answered")
  }

  @Test func oneThatIsStoppedAsksNobodyElseAndHearsWhoWasAsked() async throws {
    try connect(names)
    let id = try await begin(plan(.reset))
    try await done { try await house.csms.stopBulkRun(id, by: "operator:ben") }
    #expect(try tally(id) == [.running: Limits.bulkAtOnce, .stopped: names.count - Limits.bulkAtOnce])
    for call in house.stations.calls { call.answer(.accepted(answer: .null)) }
    house.pass(2)
    #expect(house.stations.calls.count == Limits.bulkAtOnce)
    #expect(try tally(id) == [.done: Limits.bulkAtOnce, .stopped: names.count - Limits.bulkAtOnce])
    #expect(try state(id) == .stopped)
    let again = await refusal { try await house.csms.stopBulkRun(id, by: "operator:ben") }
    #expect(again == .conflict("the run is stopped"))
  }

  @Test func thoseThatFailedAreAskedAgain() async throws {
    house.stations.answer = { _, _ in .accepted(answer: .null) }
    try connect(names.prefix(20))
    let first = try await begin(plan(.reset))
    house.pass(2)
    #expect(try tally(first) == [.done: 20, .failed: 5])
    try connect(names.dropFirst(20))
    let second = try await done { try await house.csms.repeatBulkRun(first, by: "operator:anna").id }
    house.pass(2)
    #expect(try tally(second) == [.done: 5])
    #expect(try rows(second).map(\.station) == rows(first).suffix(5).map(\.station))
    let third = await refusal { _ = try await house.csms.repeatBulkRun(second, by: "operator:anna") }
    #expect(third == .conflict("there is no station for which that would be done"))
  }

  @Test func stationsAreMovedAndBroughtBackToWhereTheyStood() async throws {
    let yard = try #require(try house.books.locations.first())
    var made = yard
    (made.ref, made.name) = ("LOC2", "Roof")
    let copy = made
    let roof = try house.write { books throws(StoreFault) in try books.locations.create(copy) }
    try house.write { books throws(StoreFault) in
      guard var station = try books.stations.station(StationIdentity("CS-2")!) else { return }
      station.location = nil
      try books.stations.update(station)
    }
    let chosen = ["CS-1", "CS-2", "CS-3"]
    let id = try await begin(plan(.move) { $0.location = roof.id.value }, at: chosen)
    house.pass(1)
    #expect(try tally(id) == [.done: 3])
    #expect(try rows(id)[0].answer == "Roof")
    #expect(try chosen.map { try house.station($0).location } == [roof.id, roof.id, roof.id])
    // What somebody moved on since stays there.
    try house.write { books throws(StoreFault) in
      guard var station = try books.stations.station(StationIdentity("CS-3")!) else { return }
      station.location = nil
      try books.stations.update(station)
    }
    let back = try await done { try await house.csms.undoBulkRun(id, by: "operator:anna").id }
    house.pass(1)
    #expect(try chosen.map { try house.station($0).location } == [yard.id, nil, nil])
    #expect(try tally(back) == [.done: 2, .failed: 1])
    #expect(try rows(back)[2].answer == "it was moved elsewhere since")
    let twice = await refusal { _ = try await house.csms.undoBulkRun(back, by: "operator:anna") }
    #expect(twice == .conflict("move-back cannot be taken back"))
  }

  @Test func aPlanThatCannotBeDoneBeginsNothing() async throws {
    let one = [StationIdentity("CS-1")!]
    func why(_ plan: BulkRun.Plan, _ stations: [StationIdentity]) async -> Refusal? {
      await refusal { _ = try await house.csms.beginBulkRun(plan, at: stations, by: "operator:anna") }
    }
    #expect(await why(plan(.trigger), one) == .invalid(field: "plan", "say what stations are to tell"))
    #expect(
      await why(
        plan(.setConfiguration) {
          ($0.key, $0.value) = ("AuthorizationKey", "x")
        }, one) == .invalid(field: "plan", "a secret is given to one station at a time"))
    #expect(
      await why(plan(.moveBack), one)
        == .invalid(field: "plan", "a run of moves is taken back, and none begins with it"))
    #expect(await why(plan(.reset), one + one) == .invalid(field: "stations", "CS-1 is named twice"))
    #expect(
      await why(plan(.reset), []) == .invalid(field: "stations", "1 to \(Domain.Limits.bulkStations) stations"))
    #expect(try house.books.bulkRuns.list(limit: 10).isEmpty)
  }

  @Test func whatAStationNeverTellsIsNotSetAtMany() async throws {
    let station = try house.station("CS-1").id
    try house.write { books throws(StoreFault) in
      let name = SettingName(reading: "ISO15118Ctrlr.ContractToken")
      try books.device.keep(DeviceValue(name, value: nil, access: .writeOnly), of: station, at: house.now)
    }
    let why = await refusal {
      let plan = plan(.setConfiguration) { ($0.key, $0.value) = ("ISO15118Ctrlr.ContractToken", "x") }
      _ = try await house.csms.beginBulkRun(plan, at: [StationIdentity("CS-1")!], by: "operator:anna")
    }
    #expect(why == .invalid(field: "plan", "a secret is given to one station at a time"))
  }

  @Test func noMoreRunsAreRunningThanTheHouseCanShow() async throws {
    try connect(names)
    for _ in 0..<Limits.bulkRunsAtOnce { _ = try await begin(plan(.reset)) }
    let one = [StationIdentity("CS-1")!]
    let reset = plan(.reset)
    let why = await refusal { _ = try await house.csms.beginBulkRun(reset, at: one, by: "operator:anna") }
    #expect(
      why == .conflict("\(Limits.bulkRunsAtOnce) runs are running: wait until one of them is over, or stop one"))
  }

  @Test func theOldestRunsThatAreOverAreForgotten() async throws {
    house.stations.answer = { _, _ in .accepted(answer: .null) }
    try house.write { books throws(StoreFault) in
      for number in 0..<Limits.bulkRunsKept {
        var run = BulkRun(id: "0\(1_000 + number)", plan: self.plan(.reset), origin: "x", at: house.now)
        run.state = number == 0 ? .running : .done
        try books.bulkRuns.create(run)
        let station = try books.stations.station(StationIdentity("CS-1")!)?.id ?? ID(0)
        try books.bulkRuns.put(BulkRunStation(run: run.id, place: 0, station: station, location: nil, at: house.now))
      }
    }
    _ = try await begin(plan(.reset), at: ["CS-1"])
    let kept = try house.books.bulkRuns.list(limit: 500)
    #expect(kept.count == Limits.bulkRunsKept)
    #expect(kept.last?.id == "01000", "one that is running stays")
    #expect(kept.dropLast().last?.id == "01002")
  }
}
