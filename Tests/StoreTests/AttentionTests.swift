import Domain
import Testing
import Wire

@testable import Store

/// What needs a person is counted whole, and read only as far as it is shown.
struct AttentionTests {
  @Test func stationsAreCountedByWhetherTheyAreThereAndGuarded() throws {
    let house = try SmallHouse()
    let stations = house.books.stations
    for name in ["A-1", "A-2", "A-3"] { try stations.create(.sample(name, at: house.location.id)) }
    var guarded = Station.sample("B-1", at: nil)
    guarded.passwordHash = "digest"
    guarded = try stations.create(guarded)
    var certified = Station.sample("B-2", at: nil)
    certified.securityProfile = .certificate
    try stations.create(certified)
    var stranger = Station.sample("C-1", at: nil)
    stranger.registration = .rejected
    try stations.create(stranger)
    let seen = try house.books.attention.stations(online: [house.station.id, guarded.id], limit: 2)
    #expect(seen.total == 6 && seen.open == 4)
    #expect(seen.absent.count == 4)
    #expect(seen.absent.first.map(\.identity.text) == ["A-1", "A-2"])
    #expect(seen.absent.first.allSatisfy { $0.lastSeenAt == nil })
    let nobody = try house.books.attention.stations(online: [], limit: 10)
    #expect(nobody.absent.count == 6 && nobody.absent.first.count == 6)
  }

  @Test func faultsAreNamedByStationAndNumber() throws {
    let house = try SmallHouse()
    #expect(try house.books.attention.faulted(limit: 1).count == 0)
    var second = EVSE.sample(2, of: house.station.id, uid: "evse-2", tariff: house.tariff.id)
    second.status = .faulted
    second.statusSince = t(7)
    second = try house.books.stations.create(second)
    try house.books.stations.setStatus(house.evse.id, .faulted, at: t(9), reason: nil)
    let found = try house.books.attention.faulted(limit: 1)
    #expect(found.count == 2)
    #expect(found.first == [FaultedEVSE(station: house.station.identity, number: 1, since: t(9))])
  }

  @Test func openSessionsAreCountedAndTheirPowerIsAddedUp() throws {
    let house = try SmallHouse()
    let sessions = house.books.sessions
    #expect(try house.books.attention.openSessions() == OpenFigures(pending: 0, active: 0, power: .zero))
    let waiting = Session.pending(id: "s1", place: house.place, holder: house.ours, command: "c", tariff: nil, at: t(0))
    var strong = house.running("s2", 2)
    _ = strong.read(Reading(at: t(20), power: Decimal("11040.4")!), received: t(20))
    var weak = house.running("s3", 3)
    _ = weak.read(Reading(at: t(30), power: Decimal("3700")!), received: t(30))
    let silent = house.running("s4", 4)
    var gone = house.running("s5", 5)
    _ = gone.read(Reading(at: t(20), power: Decimal("9000")!), received: t(20))
    _ = gone.supersede(received: t(50))
    var over = house.running("s6", 6)
    _ = over.stop(at: t(60), meter: nil, because: .local, received: t(60))
    for session in [waiting, strong, weak, silent, gone, over] { try sessions.insert(session) }
    #expect(
      try house.books.attention.openSessions() == OpenFigures(pending: 1, active: 3, power: Decimal(14_740)))
    let hanging = try house.books.attention.superseded(limit: 5)
    #expect(hanging.count == 1 && hanging.first.map(\.id) == ["s5"])
    #expect(hanging.first.first?.station == house.station.identity)
    // A reading counts as life; one that never came leaves the start.
    let stuck = try house.books.attention.stuck(since: t(30), limit: 1)
    #expect(stuck.count == 2)
    #expect(stuck.first == [HangingSession(id: "s2", station: house.station.identity, since: t(20))])
    #expect(try house.books.attention.stuck(since: t(0), limit: 5).count == 0)
    // The session of a station that was removed is still said.
    try house.books.stations.remove(house.station.id, at: t(70))
    #expect(try house.books.attention.superseded(limit: 5).first.map(\.station) == [nil])
  }
}
