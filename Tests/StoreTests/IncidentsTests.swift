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
}
