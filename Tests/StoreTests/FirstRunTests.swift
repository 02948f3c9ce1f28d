import Domain
import Testing
import Wire

@testable import Store

@Suite struct FirstRunTests {
  @Test func aNewHouseHasEverythingBeforeIt() throws {
    let run = try FirstRun(try Scratch().books())
    #expect(!run.hasStations && !run.hasPlaces && !run.hasTokens && !run.hasTariffs && !run.hasSessions)
    #expect(!run.hasPartners && run.freeConnectors == 0 && !run.isOver)
  }

  @Test func itIsOverOnceWhatIsChargedIsPaidAndCanBeSeen() throws {
    let house = try SmallHouse()
    #expect(try !FirstRun(house.books).isOver, "nobody charged yet")
    try house.books.sessions.insert(house.running("s-1", 1), startKey: nil)
    #expect(try FirstRun(house.books).isOver)
    // Where a connector is without a tariff, its sessions are free.
    var connector = house.connector
    connector.tariff = nil
    try house.books.stations.update(connector)
    let free = try FirstRun(house.books)
    #expect(free.freeConnectors == 1 && free.hasTariffs && !free.isOver)
    connector.tariff = house.tariff.id
    try house.books.stations.update(connector)
    // What is not published no partner sees.
    var location = house.location
    location.isPublished = false
    try house.books.locations.update(location)
    let hidden = try FirstRun(house.books)
    #expect(!hidden.hasPlaces && !hidden.isOver)
  }
}
