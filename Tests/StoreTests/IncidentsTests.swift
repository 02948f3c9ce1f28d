import Domain
import Testing
import Wire

@testable import Store

@Suite struct IncidentsTests {
  @Test func whatFailedIsComparedByStationModelAndCode() throws {
    let house = try SmallHouse()
    let incidents = house.books.incidents
    let time = Timestamp(seconds: 1_793_577_600)
    let ground = Incident(station: house.station.id, kind: .fault, code: "GroundFailure")
    let offline = Incident(station: house.station.id, kind: .offline, code: "offline")
    for minute in 0..<3 { try incidents.count(ground, at: time + .seconds(minute * 60)) }
    try incidents.ended(ground, begunAt: time, at: time + .seconds(90))
    try incidents.count(offline, at: time + .seconds(3_600))
    let quarter = Quarter.number(of: time)
    let codes = try incidents.lines(by: .code, at: nil, from: quarter, to: quarter + 96, limit: 10)
    #expect(codes.map(\.code) == ["GroundFailure", "offline"])
    #expect(codes.map(\.count) == [3, 1] && codes.map(\.seconds) == [90, 0])
    #expect(codes.map(\.kind) == [.fault, .offline] && codes.allSatisfy { $0.station == nil })
    let stations = try incidents.lines(by: .station, at: house.location.id, from: quarter, to: quarter + 1, limit: 10)
    #expect(stations.map(\.count) == [3] && stations.first?.station == house.station.identity)
    #expect(try incidents.lines(by: .model, at: ID(99), from: quarter, to: quarter + 96, limit: 10).isEmpty)
    #expect(try incidents.prune(before: time) == Pruned(removed: 0))
    #expect(try incidents.prune(before: time + .seconds(900)) == Pruned(removed: 1))
  }

  @Test func whatFailedBeforeAMoveStaysWithThePlace() throws {
    let house = try SmallHouse()
    let (incidents, here) = (house.books.incidents, house.location.id)
    let there = try house.books.locations.create(.sample(of: house.party.id, ref: "LOC2")).id
    let time = Timestamp(seconds: 1_793_577_600)
    let offline = Incident(station: house.station.id, kind: .offline, code: "offline")
    var station = house.station
    (station.registration, station.location) = (.accepted, here)
    try house.books.stations.update(station)
    try incidents.count(offline, at: time)
    try house.books.downtimes.retire(house.evse.id, at: time + .seconds(60))
    station.location = there
    try house.books.stations.update(station)
    // It comes back at its new place, and was away since the old one.
    try incidents.ended(offline, begunAt: time, at: time + .seconds(300))
    try incidents.count(offline, at: time + .seconds(400))
    try incidents.ended(offline, begunAt: time + .seconds(400), at: time + .seconds(407))
    let quarter = Quarter.number(of: time)
    func seconds(_ location: ID<Location>?) throws -> [Int] {
      try incidents.lines(by: .station, at: location, from: quarter, to: quarter + 1, limit: 10).map(\.seconds)
    }
    #expect(try seconds(here) == [300])
    #expect(try seconds(there) == [7])
    #expect(try seconds(nil) == [307])
  }

  @Test func aStationThatIsGoneKeepsItsLine() throws {
    let house = try SmallHouse()
    var station = house.station
    station.registration = .accepted
    try house.books.stations.update(station)
    let time = Timestamp(seconds: 1_793_577_600)
    try house.books.incidents.count(Incident(station: house.station.id, kind: .fault, code: "X"), at: time)
    try house.books.downtimes.retire(house.evse.id, at: time + .seconds(60))
    try house.books.stations.remove(house.station.id, at: time + .seconds(60))
    let lines = try house.books.incidents.lines(
      by: .station, at: house.location.id, from: Quarter.number(of: time), to: .max, limit: 10)
    #expect(lines.map(\.station) == [house.station.identity] && lines.map(\.count) == [1])
  }
}
