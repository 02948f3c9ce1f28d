import Domain
import Testing
import Wire

@testable import Admin

@MainActor @Suite struct OverviewTests {
  @Test func theLineOfPowerTellsWhatWasDrawnBefore() async throws {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.get, "/power", as: owner).items.isEmpty)
    await house.api.notePower()
    house.time.pass(30)
    await house.api.notePower()
    let points = try await house.ask(.get, "/power", as: owner).items
    #expect(points.map { $0["power_kw"] } == ["0", "0"])
    #expect(points[0]["at"] != points[1]["at"])
  }

  @Test func theLineOfPowerForgetsItsOldestPoint() {
    var line = PowerLine()
    for second in 0...Limits.powerPoints { line.note(Decimal(second), at: Timestamp(seconds: Int64(second))) }
    let points = line.json["items"]?.array ?? []
    #expect(points.count == Limits.powerPoints && points.first?["at"] == "1970-01-01T00:00:01Z")
  }
}
