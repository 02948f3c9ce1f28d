import Domain
import Testing
import Wire

@testable import Admin

/// Money, failures, partners and next week, as the API shows them.
@MainActor @Suite struct ComparingTests {
  @Test func everyViewAnswersAndIsATableToo() async throws {
    let (house, owner) = try await Fixture.open()
    for (name, column) in [
      ("margin", "start,"), ("failures", "station,"), ("partners", "partner,"), ("forecast", "start,"),
    ] {
      let view = try await house.ask(.get, "/insight/\(name)", as: owner)
      #expect(view.status == 200 && view.json["items"]?.array != nil, "\(name)")
      #expect(try await house.ask(.get, "/insight/\(name).csv", as: owner).text.hasPrefix(column), "\(name)")
    }
    let forecast = try await house.ask(.get, "/insight/forecast", as: owner)
    #expect(forecast.json["enough"] == false && forecast.json["weeks_needed"] == 6)
    #expect(try await house.ask(.get, "/insight/margin?by=location", as: owner).json["by"] == "location")
    for (path, field) in [
      ("/insight/margin?by=year", "by"), ("/insight/margin?station=X", "station"),
      ("/insight/failures?by=colour", "by"),
      ("/insight/forecast?zone=Mars", "zone"),
    ] {
      #expect(try await house.ask(.get, path, as: owner).json["field"]?.string == field, "\(path)")
    }
    #expect(try await house.ask(.get, "/sessions/nobody/margin", as: owner).status == 404)
  }

  @Test func pricesOfEnergyAreKeptShownAndTakenAway() async throws {
    let (house, owner) = try await Fixture.open()
    let kept = try await house.ask(
      .post, "/energy-prices",
      ["values": [["begins_at": "2026-11-01T00:00:00Z", "price_per_kwh": "0.182"]], "area": "NL"], as: owner)
    #expect(kept.status == 201 && kept.json["kept"] == 1)
    let text: JSON = ["csv": "begins_at,price_per_kwh\n2026-11-02T00:00:00Z,0.19\n2026-11-02T00:15:00Z,-0.01\n"]
    #expect(try await house.ask(.post, "/energy-prices", text, as: owner).json["kept"] == 2)
    let shown = try await house.ask(.get, "/energy-prices", as: owner).json["items"]
    #expect(shown?.array?.map { $0["price_per_kwh"]?.string } == ["0.182", "0.19", "-0.01"])
    #expect(shown?[0]?["area"] == "NL" && shown?[1]?["area"] == .null)
    for (values, field) in [
      (["begins_at": "2026-11-01T00:01:00Z", "price_per_kwh": "0.1"], "values[0].begins_at"),
      (["begins_at": "2026-11-01T00:00:00Z", "price_per_kwh": "0.1234567"], "values[0].price_per_kwh"),
    ] as [(JSON, String)] {
      let wrong = try await house.ask(.post, "/energy-prices", ["values": [values]], as: owner)
      #expect(wrong.json["field"]?.string == field)
    }
    #expect(
      try await house.ask(.post, "/energy-prices", ["location": 99, "csv": "2026-11-02T00:00:00Z,1"], as: owner).status
        == 404)
    #expect(try await house.ask(.delete, "/energy-prices?from=2026-11-02T00:00:00Z", as: owner).status == 204)
    #expect(try await house.ask(.get, "/energy-prices", as: owner).json["items"]?.array?.count == 1)
  }
}
