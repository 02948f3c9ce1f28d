import Domain
import Testing
import Wire

@testable import Store

@Suite struct BulkRunsTests {
  private let house: SmallHouse
  private let far: Station
  private let away: Location

  init() throws {
    house = try SmallHouse()
    away = try house.books.locations.create(.sample(of: house.party.id, ref: "LOC2"))
    far = try house.books.stations.create(.sample("CS-2", at: away.id))
    let run = BulkRun(id: "r-1", plan: BulkRun.Plan(), origin: "operator:anna", at: t(0))
    try house.books.bulkRuns.create(run)
    for (place, station) in [house.station.id, far.id].enumerated() {
      try house.books.bulkRuns.put(BulkRunStation(run: "r-1", place: place, station: station, location: nil, at: t(0)))
    }
    try house.books.events.append(.bulkRunMoved(run, by: "operator:anna"), at: t(0))
  }

  private func limited(_ locations: Set<ID<Location>>) throws -> Books {
    let db = try Database(file: house.scratch.file, access: .limitedRead)
    try db.script("BEGIN")
    try SiteScope(locations).enter(db)
    return Books(db: db)
  }

  @Test func whoeverIsLimitedSeesTheirStationsOfARunAndThatThereAreOthers() throws {
    let here = try limited([house.location.id])
    #expect(try here.bulkRuns.tally(of: "r-1") == [.waiting: 1])
    #expect(try here.bulkRuns.stations(of: "r-1", limit: 10).map(\.station) == [house.station.id])
    #expect(try here.bulkRuns.asksElsewhere("r-1"))
    #expect(try here.events.after(0, limit: 10).map(\.subject) == ["bulk/r-1"])
    let both = try limited([house.location.id, away.id])
    #expect(try !both.bulkRuns.asksElsewhere("r-1") && both.bulkRuns.tally(of: "r-1") == [.waiting: 2])
    let nobody = try limited([])
    #expect(try nobody.bulkRuns.run("r-1") == nil && nobody.events.after(0, limit: 10).isEmpty)
    #expect(try !house.books.bulkRuns.asksElsewhere("r-1"))
  }

  @Test func aStationThatIsRemovedLeavesItsRuns() throws {
    try house.books.stations.remove(far.id, at: t(1))
    #expect(try house.books.bulkRuns.tally(of: "r-1") == [.waiting: 1])
  }

  @Test func stationsAreListedByTheirStateAndPageByPage() throws {
    var first = try #require(try house.books.bulkRuns.waiting(of: "r-1", limit: 1).first)
    (first.state, first.answer) = (.refused, "Rejected")
    try house.books.bulkRuns.put(first)
    #expect(try house.books.bulkRuns.stations(of: "r-1", in: [.refused, .failed], limit: 10) == [first])
    #expect(try house.books.bulkRuns.stations(of: "r-1", after: 0, limit: 10).map(\.place) == [1])
    #expect(try house.books.bulkRuns.stations(of: "r-1", limit: 1).map(\.place) == [0])
  }

  @Test func onlyRunsThatAreOverAreForgotten() throws {
    #expect(try house.books.bulkRuns.prune(before: t(100)).removed == 0)
    var run = try #require(try house.books.bulkRuns.run("r-1"))
    run.state = .done
    try house.books.bulkRuns.save(run)
    #expect(try house.books.bulkRuns.prune(before: t(100)).removed == 1)
    #expect(try house.books.bulkRuns.stations(of: "r-1", limit: 10).isEmpty)
  }
}
