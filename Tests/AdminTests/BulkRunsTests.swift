import CSMS
import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

/// One action for many stations by the API; every answer is held against the document.
@MainActor @Suite struct BulkRunsTests {
  private func ready() async throws -> (Fixture, Proof) {
    let (house, owner) = try await Fixture.open()
    for name in ["CS-1", "CS-2"] {
      #expect(try await house.ask(.post, "/stations", ["id": .string(name), "evses": 1], as: owner).status == 201)
    }
    _ = try await house.connect("CS-1")
    return (house, owner)
  }

  private let reset: JSON = ["plan": ["verb": "reset"], "stations": ["CS-1", "CS-2"]]

  private func over(_ id: String, _ house: Fixture, _ proof: Proof) async throws -> JSON {
    for _ in 0..<200 {
      let run = try await house.ask(.get, "/bulk-runs/\(id)", as: proof).json
      if run["state"] != "running" { return run }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("the run is not over")
    return .null
  }

  @Test func aRunIsBegunFollowedAndRepeated() async throws {
    let (house, owner) = try await ready()
    let begun = try await house.ask(.post, "/bulk-runs", reset, as: owner)
    #expect(begun.status == 201 && begun.json["stations"] == 2 && begun.json["plan"]?["verb"] == "reset")
    let id = try #require(begun.json["id"]?.string)
    let run = try await over(id, house, owner)
    #expect(run["tally"]?["done"] == 1 && run["tally"]?["failed"] == 1, "\(run)")
    let rows = try await house.ask(.get, "/bulk-runs/\(id)/stations", as: owner)
    #expect(rows.items.map { $0["station"] } == ["CS-1", "CS-2"])
    #expect(rows.items.map { $0["state"] } == ["done", "failed"])
    let failed = try await house.ask(.get, "/bulk-runs/\(id)/stations?state=failed", as: owner)
    #expect(failed.items.map { $0["answer"] } == ["the station is not connected"])
    // Page by page.
    let first = try await house.ask(.get, "/bulk-runs/\(id)/stations?limit=1", as: owner)
    let cursor = try #require(first.json["next_cursor"]?.string)
    let second = try await house.ask(.get, "/bulk-runs/\(id)/stations?limit=1&cursor=\(cursor)", as: owner)
    #expect(second.items.map { $0["station"] } == ["CS-2"])
    #expect(try await house.ask(.get, "/bulk-runs", as: owner).items.count == 1)
    #expect(try await house.ask(.post, "/bulk-runs/\(id)/stop", [:], as: owner).status == 409)
    #expect(try await house.ask(.post, "/bulk-runs/\(id)/undo", [:], as: owner).status == 409)
    let again = try await house.ask(.post, "/bulk-runs/\(id)/repeat", [:], as: owner)
    #expect(again.status == 201 && again.json["stations"] == 1)
    #expect(try await house.ask(.get, "/bulk-runs/nobody", as: owner).status == 404)
    guard case .key(let key) = try await house.key(.viewer) else { return }
    let table = try await house.send(
      .get, "/api/v1/bulk-runs/\(id)/stations.csv", [], ["Authorization": "Bearer \(key)"])
    #expect(table.status == 200 && table.text.contains("CS-2"), "\(table.text)")
  }

  @Test func theSameWishIsDoneOnce() async throws {
    let (house, owner) = try await ready()
    let key: Headers = ["Idempotency-Key": "k-1"]
    let first = try await house.ask(.post, "/bulk-runs", reset, as: owner, headers: key)
    let second = try await house.ask(.post, "/bulk-runs", reset, as: owner, headers: key)
    #expect(first.json["id"] == second.json["id"] && first.status == 201)
    #expect(try await house.ask(.get, "/bulk-runs", as: owner).items.count == 1)
  }

  @Test func supportDoesAtManyWhatItMayDoAtOne() async throws {
    let (house, owner) = try await ready()
    let (support, viewer) = (try await house.key(.support), try await house.key(.viewer))
    let set: JSON = ["plan": ["verb": "set-configuration", "key": "A", "value": "1"], "stations": ["CS-1"]]
    #expect(try await house.ask(.post, "/bulk-runs", reset, as: support).status == 201)
    #expect(try await house.ask(.post, "/bulk-runs", set, as: support).status == 403)
    #expect(try await house.ask(.post, "/bulk-runs", reset, as: viewer).status == 403)
    let made = try await house.ask(.post, "/bulk-runs", set, as: owner)
    let id = try #require(made.json["id"]?.string)
    _ = try await over(id, house, owner)
    #expect(try await house.ask(.post, "/bulk-runs/\(id)/repeat", [:], as: support).status == 403)
  }

  @Test func aSecretIsNotGivenToMany() async throws {
    let (house, owner) = try await ready()
    let wish: JSON = [
      "plan": ["verb": "set-configuration", "key": "AuthorizationKey", "value": "0123456789abcdef"],
      "stations": ["CS-1"],
    ]
    let refused = try await house.ask(.post, "/bulk-runs", wish, as: owner)
    #expect(refused.status == 422 && refused.json["field"] == "plan")
  }

  @Test func whoeverIsLimitedToSitesReachesTheirStationsOnly() async throws {
    let both = try await TwoSites()
    let keeper = try await both.keeper(.operator)
    let mixed = try await both.house.ask(.post, "/bulk-runs", reset, as: both.owner)
    let id = try #require(mixed.json["id"]?.string)
    let refused = try await both.house.ask(.post, "/bulk-runs", reset, as: keeper)
    #expect(refused.status == 422 && refused.json["field"] == "stations")
    let away: JSON = [
      "plan": ["verb": "move", "location": .number(JSONNumber(both.there))], "stations": ["CS-1"],
    ]
    #expect(try await both.house.ask(.post, "/bulk-runs", away, as: keeper).status == 422)
    // Of what the whole house does they see their part, and cannot stop the others'.
    let seen = try await both.house.ask(.get, "/bulk-runs/\(id)", as: keeper)
    #expect(seen.json["stations"] == 1, "\(seen.text)")
    let rows = try await both.house.ask(.get, "/bulk-runs/\(id)/stations", as: keeper)
    #expect(rows.items.map { $0["station"] } == ["CS-1"])
    for verb in ["stop", "repeat", "undo"] {
      #expect(try await both.house.ask(.post, "/bulk-runs/\(id)/\(verb)", [:], as: keeper).status == 403)
    }
    let theirs = try await both.house.ask(
      .post, "/bulk-runs", ["plan": ["verb": "trigger", "what": "status"], "stations": ["CS-2"]], as: both.owner)
    let other = try #require(theirs.json["id"]?.string)
    #expect(try await both.house.ask(.get, "/bulk-runs/\(other)", as: keeper).status == 404)
    #expect(try await both.house.ask(.get, "/bulk-runs", as: keeper).items.map { $0["id"] } == [.string(id)])
    let own = try await both.house.ask(
      .post, "/bulk-runs", ["plan": ["verb": "reset"], "stations": ["CS-1"]], as: keeper)
    #expect(own.status == 201)
  }
}
