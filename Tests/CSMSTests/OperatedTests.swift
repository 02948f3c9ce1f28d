import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What reports of uptime rest on: which ports were operated when, and what nobody saw.
@MainActor @Suite struct OperatedTests {
  private let house: HouseUnderTest
  private let identity = StationIdentity("CS-1")!
  private let begin: Timestamp

  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    begin = house.now
    house.pass(3_600, beat: 600)
  }

  private func ports(from: Timestamp, to: Timestamp, at location: ID<Location>? = nil) throws -> [ReportedPort] {
    try house.books.downtimes.ports(at: location, in: Uptime.Span(begin: from, end: to))
  }

  @Test func aStationThatIsRemovedStaysInReportsOfTheTimeBefore() async throws {
    let uids = try ports(from: begin, to: house.now).map(\.uid)
    try await house.csms.removeStation(identity, by: "anna")
    let removed = house.now
    house.pass(3_600, beat: 600)
    let all = try ports(from: begin, to: house.now)
    #expect(all.map(\.uid) == uids && all.allSatisfy { $0.until == removed && $0.identity == identity })
    #expect(all.first?.part(of: Uptime.Span(begin: begin, end: house.now)).end == removed)
    #expect(all.first?.watts == 22_080)
    #expect(try ports(from: removed, to: house.now).isEmpty, "of the time after it says nothing")
  }

  @Test func anEVSEThatIsTakenAwayStaysInReportsOfTheTimeBefore() async throws {
    try await house.csms.keepOnly([1], of: identity, by: "anna")
    let removed = house.now
    house.pass(600, beat: 60)
    #expect(try ports(from: begin, to: house.now).map(\.until) == [nil, removed])
    #expect(try ports(from: removed, to: house.now).map(\.number) == [1])
  }

  @Test func whatAStationDidBeforeItMovedIsOfThePlaceWhereItStood() async throws {
    let home = try #require(try house.books.locations.first())
    var yard = home
    (yard.ref, yard.name) = ("LOC2", "Other yard")
    let other = try house.write { [yard] books throws(StoreFault) in try books.locations.create(yard) }
    _ = try await house.csms.changeStation(identity, by: "anna") { $0.location = other.id }
    let moved = house.now
    house.pass(600, beat: 60)
    let (before, after) = (
      try ports(from: begin, to: house.now, at: home.id), try ports(from: begin, to: house.now, at: other.id)
    )
    #expect(before.map(\.until) == [moved, moved] && after.map(\.since) == [moved, moved])
    #expect(after.allSatisfy { $0.until == nil })
    #expect(Set((before + after).map(\.uid)).count == 4, "an id means one place for good")
    #expect(try ports(from: moved, to: house.now).count == 2)
  }

  // MARK: The house was off

  private func statuses(from: Timestamp) throws -> [EVSE.Status] {
    try house.books.stations.history(of: house.evse(1).id, from: from, to: house.now).map(\.status)
  }

  @Test func whileTheHouseWasOffNobodySawWhatAStationDid() throws {
    let caller = try house.connect("CS-1")
    try caller.report(.charging)
    house.pass(1)
    try caller.report(.available)
    house.pass(120, beat: 10)
    let off = house.now
    house.clock.now += .seconds(62 * 3_600)
    try house.restart()
    _ = try house.connect("CS-1")
    house.pass(120, beat: 10)
    #expect(try house.evse(1).status == .available)
    let span = Uptime.Span(begin: off - .seconds(60), end: house.now)
    let time = try house.books.stations.statusTime(of: house.evse(1).id, in: span)
    let unknown = (time[.unknown] ?? 0) / 1_000
    #expect((62 * 3_600...62 * 3_600 + 60).contains(unknown), "\(unknown) s")
    #expect(try statuses(from: off - .seconds(70)).suffix(2) == [.unknown, .available])
  }

  @Test func aShortRestartIsNoGap() throws {
    let caller = try house.connect("CS-1")
    try caller.report(.charging)
    house.pass(1)
    try caller.report(.available)
    house.pass(120, beat: 10)
    let off = house.now
    house.clock.now += .seconds(20)
    try house.restart()
    _ = try house.connect("CS-1")
    house.pass(120, beat: 10)
    #expect(try statuses(from: off) == [.available])
  }
}
