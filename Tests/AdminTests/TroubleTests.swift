import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin
@testable import CSMS

@MainActor @Suite(.serialized) struct TroubleTests {
  @Test func aHouseThatCannotWriteSaysItAndIsReadAllTheSame() async throws {
    let (house, owner) = try await Fixture.open()
    house.house.turnFailed(.full, errands: 3)
    let overview = try await house.ask(.get, "/overview", as: owner)
    let line = try #require(overview.json["needs_attention"]?[0])
    #expect(overview.status == 200 && line["kind"] == "house_cannot_write" && line["detail"] == "the disk is full")
    let readiness = try await house.send(.get, "/readyz")
    #expect(readiness.status == 503 && readiness.json["detail"]?.string?.contains("the disk is full") == true)
    #expect(readiness.headers["retry-after"] != nil)
    #expect(try await house.send(.get, "/healthz").status == 200)
    #expect(try await house.ask(.get, "/stations", as: owner).status == 200)

    // The next beat writes that it is over, and that is a fact like any other.
    house.house.tick()
    #expect(try await house.ask(.get, "/overview", as: owner).json["needs_attention"]?.array?.isEmpty == true)
    #expect(try await house.send(.get, "/readyz").status == 200)
    let events = try await house.ask(.get, "/events?after=0", as: owner)
    #expect(events.items.contains { $0["kind"] == "house.could_not_write" })
  }
}
