import CSMS
import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

/// Circuits, signals, needs, uptime and CO2 by the API; every answer is held against the document.
@MainActor @Suite struct CircuitsTests {
  private func ready() async throws -> (Fixture, Proof, Int64) {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1", "evses": 2], as: owner).status == 201)
    let place = try await house.ask(.get, "/locations", as: owner)
    return (house, owner, try #require(place.items.first?["id"]?.int))
  }

  @Test func circuitsMakeATreeThatCanBeChangedAndTakenDown() async throws {
    let (house, owner, place) = try await ready()
    let root = try await house.ask(
      .post, "/locations/\(place)/circuits", ["name": "supply", "rated_a": "63", "usable_a": "60"], as: owner)
    #expect(root.status == 201 && root.json["usable_a"] == "60" && root.json["lines"]?.array?.count == 3)
    let id = try #require(root.json["id"]?.int)
    let below = try await house.ask(
      .post, "/locations/\(place)/circuits",
      ["name": "row", "rated_a": "32", "parent": .number(JSONNumber(id)), "lines": ["L1"]],
      as: owner)
    #expect(below.status == 201)
    let circuits = try await house.ask(.get, "/locations/\(place)/circuits", as: owner)
    #expect(circuits.items.count == 2)
    let changed = try await house.ask(.patch, "/circuits/\(id)", ["usable_a": "50", "trusts_phases": true], as: owner)
    #expect(changed.json["usable_a"] == "50" && changed.json["trusts_phases"] == true)
    #expect(try await house.ask(.patch, "/circuits/\(id)", ["usable_a": "64"], as: owner).json["field"] == "usable_a")
    #expect(try await house.ask(.delete, "/circuits/\(id)", as: owner).status == 409)
    let row = try #require(below.json["id"]?.int)
    #expect(try await house.ask(.delete, "/circuits/\(row)", as: owner).status == 204)
    #expect(try await house.ask(.delete, "/circuits/\(id)", as: owner).status == 204)
    #expect(try await house.ask(.get, "/circuits/\(id)", as: owner).status == 404)
  }

  @Test func anEVSEIsPutOnACircuitAndTheLoadIsExplained() async throws {
    let (house, owner, place) = try await ready()
    let root = try await house.ask(
      .post, "/locations/\(place)/circuits", ["name": "supply", "rated_a": "63"], as: owner)
    let id = try #require(root.json["id"]?.int)
    let outlet = try await house.ask(
      .patch, "/stations/CS-1/outlets/1", ["circuit": .number(JSONNumber(id)), "rotation": "STR", "fallback_a": "6"],
      as: owner)
    #expect(outlet.status == 200 && outlet.json["rotation"] == "STR" && outlet.json["fallback_a"] == "6")
    #expect(try await house.ask(.get, "/locations/\(place)/outlets", as: owner).items.count == 1)
    let told = try await house.ask(
      .post, "/circuits/\(id)/signals", ["kind": "building", "l1_a": "12.34", "valid_s": 300, "source": "meter"],
      as: owner)
    #expect(told.status == 201 && told.json["currents"]?["l1_a"] == "12.4", "a load is rounded up")
    house.house.tick()
    let load = try await house.ask(.get, "/locations/\(place)/load", as: owner)
    #expect(load.status == 200)
    #expect(load.json["circuits"]?[0]?["now"]?["load"]?["l1_a"] == "12.4")
    #expect(load.json["evses"]?[0]?["why"] == "32 A reserved because its station is not connected")
    #expect(try await house.ask(.delete, "/circuits/\(id)/signals/building", as: owner).status == 204)
    #expect(try await house.ask(.delete, "/circuits/\(id)/signals/moon", as: owner).status == 404)
    #expect(try await house.ask(.delete, "/stations/CS-1/outlets/1", as: owner).status == 204)
    #expect(try await house.ask(.delete, "/stations/CS-1/outlets/1", as: owner).status == 404)
  }

  @Test func aSignalNeedsItsFigures() async throws {
    let (house, owner, place) = try await ready()
    let root = try await house.ask(
      .post, "/locations/\(place)/circuits", ["name": "supply", "rated_a": "63"], as: owner)
    let id = try #require(root.json["id"]?.int)
    for (body, field): (JSON, String) in [
      (["kind": "surplus"], "watts"), (["kind": "limit"], "amperes"), (["kind": "limit", "amperes": "-1"], "amperes"),
      (["kind": "limit", "amperes": "10", "valid_s": 0], "valid_s"),
    ] {
      #expect(try await house.ask(.post, "/circuits/\(id)/signals", body, as: owner).json["field"] == .string(field))
    }
    let third = try await house.ask(.post, "/circuits/\(id)/signals", ["kind": "limit", "watts": "6900"], as: owner)
    #expect(third.json["currents"]?["l2_a"] == "10")
  }

  @Test func uptimeIsReportedWithWhatItLeavesOut() async throws {
    let (house, owner, _) = try await ready()
    let now = house.time.clock.now()
    house.time.pass(7_200)
    let made = try await house.ask(
      .post, "/downtimes",
      ["station": "CS-1", "evse": 1, "begins_at": .string(now.text), "cause": "vandalism", "note": "cable cut"],
      as: owner)
    #expect(made.status == 201 && made.json["cause"] == "vandalism")
    let query = "from=\(now.text)&to=\((now + .seconds(3_600)).text)"
    let report = try await house.ask(.get, "/reports/uptime?rule=nevi&\(query)", as: owner)
    #expect(report.status == 200)
    let ports = report.json["ports"]?.array ?? []
    #expect(ports.count == 2)
    // Neither was ever connected; of the first that is excused.
    #expect(ports.map { $0["uptime_percent"] } == ["100", "0"])
    #expect(report.json["network"]?["uptime_percent"] == "50" && report.json["network"]?["meets_threshold"] == false)
    #expect(report.json["network"]?["excluded_minutes"]?["vandalism"] == "60")
    // Of the time before a station was in the books nothing is claimed.
    let before = "from=\((now - .seconds(7_200)).text)&to=\((now - .seconds(3_600)).text)"
    let early = try await house.ask(.get, "/reports/uptime?rule=nevi&\(before)", as: owner)
    #expect(early.status == 200 && early.json["ports"]?.array?.isEmpty == true)
    let half = "from=\((now - .seconds(3_600)).text)&to=\((now + .seconds(3_600)).text)"
    let later = try await house.ask(.get, "/reports/uptime?rule=nevi&\(half)", as: owner)
    #expect(later.json["ports"]?.array?.map { $0["measured_minutes"] } == ["60", "60"])
    let table = try await house.ask(.get, "/reports/uptime.csv?rule=nevi&\(query)", as: owner)
    #expect(table.status == 200)
    let history = try await house.ask(.get, "/stations/CS-1/status-history?\(query)", as: owner)
    #expect(history.items.count == 2)
    #expect(try await house.ask(.get, "/downtimes", as: owner).items.count == 1)
    let id = try #require(made.json["id"]?.int)
    #expect(try await house.ask(.delete, "/downtimes/\(id)", as: owner).status == 204)
    #expect(try await house.ask(.get, "/reports/uptime?rule=nevi", as: owner).json["field"] == "from")
    #expect(
      try await house.ask(.get, "/reports/uptime?rule=uk_2023&\(query)", as: owner).json["ports"]?.array?.isEmpty
        == true)
  }

  @Test func factorsOfCarbonAreKeptFromValuesAndFromCSV() async throws {
    let (house, owner, _) = try await ready()
    let kept = try await house.ask(
      .post, "/carbon-factors",
      [
        "values": [["begins_at": "2026-01-01T00:00:00Z", "grams_per_kwh": "312.5"]],
        "csv": "begins_at,grams_per_kwh\n2026-01-01T01:00:00Z,280\n",
      ], as: owner)
    #expect(kept.status == 201 && kept.json["kept"] == 2)
    let factors = try await house.ask(.get, "/carbon-factors", as: owner)
    #expect(factors.items.map { $0["grams_per_kwh"] } == ["312.5", "280"])
    #expect(try await house.ask(.post, "/carbon-factors", ["csv": "noon,1\n2,3"], as: owner).json["field"] == "csv")
    #expect(try await house.ask(.delete, "/carbon-factors", as: owner).status == 204)
    #expect(try await house.ask(.get, "/carbon-factors", as: owner).items.isEmpty)
  }
}
