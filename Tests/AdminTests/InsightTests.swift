import Domain
import HTTP
import Testing
import Wire

@testable import Admin

@MainActor @Suite struct InsightTests {
  private static let tariff: JSON = [
    "id": "T1", "currency": "EUR",
    "elements": [["price_components": [["type": "ENERGY", "price": 0.25, "step_size": 1]]]],
  ]
  private static let policy: JSON = [
    "name": "busy", "time_zone": "Etc/UTC", "base": 0.25, "floor": 0.1, "cap": 0.5, "step": 0.05, "grain": 0.01,
    "notice_seconds": 0, "hold_seconds": 900, "area": "NL",
    "rules": [["kind": "grid", "share": 1]],
  ]

  @Test func useIsShownByTimeAndHourAndConnector() async throws {
    let (house, owner) = try await Fixture.open()
    let usage = try await house.ask(
      .get, "/insight/usage?from=2026-10-24T22:00:00Z&to=2026-10-26T23:00:00Z&zone=Etc/UTC", as: owner)
    #expect(
      usage.json["items"]?.array?.map { $0["start"]?.string } == [
        "2026-10-24T22:00:00Z", "2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z",
      ], "cut at both ends")
    #expect(usage.json["total"]?["sessions"] == 0)
    let hours = try await house.ask(
      .get, "/insight/usage?from=2026-10-24T22:00:00Z&to=2026-10-25T23:00:00Z&by=hour", as: owner)
    #expect(hours.json["items"]?.array?.count == 25)
    let map = try await house.ask(.get, "/insight/heatmap", as: owner)
    #expect(map.json["items"]?.array?.count == 168)
    #expect(try await house.ask(.get, "/insight/connectors", as: owner).status == 200)
    #expect(try await house.ask(.get, "/insight/off-peak", as: owner).json["items"] == [])
    let effect = try await house.ask(
      .get, "/insight/effect?since=2026-11-01T00:00:00Z&from_hour=22&to_hour=6&day_of_week=MONDAY,SUNDAY", as: owner)
    #expect(effect.json["before"]?["share_in_hours"] == .null && effect.json["after"]?["sessions"] == 0)
    for (query, field) in [
      ("days=7", "since"), ("since=2026-11-01T00:01:00Z", "since"), ("since=2026-11-01T00:00:00Z&days=0", "days"),
      ("since=2026-11-01T00:00:00Z&day_of_week=Monday", "day_of_week"),
    ] {
      #expect(
        try await house.ask(.get, "/insight/effect?\(query)", as: owner).json["field"]?.string == field, "\(query)")
    }
    for name in ["usage", "heatmap", "connectors"] {
      let table = try await house.ask(.get, "/insight/\(name).csv", as: owner)
      #expect(table.text.hasPrefix(name == "heatmap" ? "weekday," : name == "usage" ? "start," : "station,"))
    }
    for (query, field) in [
      ("from=2026-10-24T22:01:00Z", "from"), ("zone=Mars", "zone"), ("station=NOBODY", "station"), ("by=year", "by"),
      ("from=2026-01-01T00:00:00Z&to=2026-12-01T00:00:00Z&by=hour", "by"),
    ] {
      #expect(
        try await house.ask(.get, "/insight/usage?\(query)", as: owner).json["field"]?.string == field, "\(query)")
    }
  }

  @Test func policiesAreKeptShownTriedAndFollowed() async throws {
    let (house, owner) = try await Fixture.open()
    let tariff = try await house.ask(.post, "/tariffs", Self.tariff, as: owner).json["id"] ?? .null
    let made = try await house.ask(.post, "/price-policies", ["tariff": tariff, "policy": Self.policy], as: owner)
    #expect(made.status == 201 && made.json["state"] == "draft")
    let path = "/price-policies/\(made.json["id"]?.int ?? 0)"
    let wrong = Self.policy.with("floor", 0.9)
    #expect(
      try await house.ask(.patch, path, ["policy": wrong], as: owner).json["field"] == "floor")
    #expect(try await house.ask(.patch, path, ["state": "dry_run"], as: owner).json["price"] == "0.25")
    let preview = try await house.ask(.get, "\(path)/preview?elasticity=0.5", as: owner)
    #expect(preview.json["earned"] == "0.00" && preview.json["currency"] == "EUR")
    #expect(try await house.ask(.get, "\(path)/preview?elasticity=9", as: owner).json["field"] == "elasticity")
    #expect(try await house.ask(.get, "\(path)/moves", as: owner).json["items"] == [])
    #expect(try await house.ask(.get, "/price-policies", as: owner).json["items"]?.array?.count == 1)
    #expect(try await house.ask(.delete, path, as: owner).status == 204)
    #expect(try await house.ask(.get, path, as: owner).status == 404)
  }

  /// Each decimal that a body, a query or a file can hold, of a size that nothing has: it is refused by name. What is
  /// less than anything is nothing.
  @Test(arguments: ["1e-40", "1e40", "-1e40", "9999999999999999999999999999999999", "0.1234567890123", "1000000001"])
  func aNumberOfNoSizeIsRefused(_ number: String) async throws {
    let (house, owner) = try await Fixture.open()
    let tariff = try await house.ask(.post, "/tariffs", Self.tariff, as: owner).json["id"] ?? .null
    let made = try await house.ask(.post, "/price-policies", ["tariff": tariff, "policy": Self.policy], as: owner)
    _ = try await house.ask(.post, "/stations", ["id": "CS-1", "evses": 1], as: owner)
    let place = try await house.ask(.get, "/locations", as: owner).items.first?["id"]?.int ?? 0
    let preview = "/price-policies/\(made.json["id"]?.int ?? 0)/preview?elasticity=\(number)"
    let isNothing = number == "1e-40"
    #expect(try await house.ask(.get, preview, as: owner).json["field"] == (isNothing ? nil : "elasticity"))
    let text = JSON.string(number)
    let sides = "\(number),4.8,52.4,5.0"
    for (method, path, body) in [
      (HTTP.Method.post, "/stations/CS-1/commands/dynamic-limit", ["number": 1, "limit": text]),
      (.post, "/stations/CS-1/commands/show-cost", ["cost": text, "transaction": "T"]),
      (.post, "/tokens", ["uid": "04AA", "credit": text]),
      (.put, "/locations/\(place)/surplus", ["power_kw": text]),
      (.put, "/grid-prices/NL", ["items": [["start": "2026-11-03T00:00:00Z", "price_per_mwh": text]]]),
      (.get, "/roaming/locations?within=\(sides)", nil),
    ] as [(HTTP.Method, String, JSON?)] {
      let answer = try await house.ask(method, path, body, as: owner)
      #expect(isNothing ? answer.status < 500 : [400, 409, 422].contains(answer.status), "\(path): \(answer.text)")
    }
    #expect(try await house.ask(.get, "/stations/CS-1", as: owner).status == 200, "and the house is there")
  }

  @Test func seriesComeAsJSONAndAsCSV() async throws {
    let (house, owner) = try await Fixture.open()
    let prices: JSON = ["items": [["start": "2026-11-03T00:00:00Z", "price_per_mwh": 84.5]]]
    #expect(try await house.ask(.put, "/grid-prices/NL", prices, as: owner).json["kept"] == 1)
    let shown = try await house.ask(
      .get, "/grid-prices/NL?from=2026-11-03T00:30:00Z&to=2026-11-04T00:00:00Z", as: owner)
    #expect(shown.json["items"]?[0]?["price_per_kwh"] == "0.0845")
    guard case .login(let cookie, let csrf) = owner else { return }
    func send(_ method: HTTP.Method, _ path: String, _ type: String) async throws -> Reply {
      try await house.send(
        method, "/api/v1\(path)", Bytes(utf8: "2026-11-03T00:00:00Z;91.2\n"),
        ["Cookie": cookie, "X-CSRF-Token": csrf, "Content-Type": type])
    }
    #expect(try await send(.put, "/grid-prices/BE", "text/csv; charset=utf-8").json["kept"] == 1)
    #expect(try await send(.put, "/grid-prices/BE", "text/plain").status == 415)
    #expect(try await send(.post, "/tokens", "text/csv").status == 415, "it is for those who say so")
    let bad: JSON = ["items": [["start": "soon", "price_per_mwh": 1]]]
    #expect(try await house.ask(.put, "/grid-prices/NL", bad, as: owner).json["field"] == "items[0]")
    #expect(try await house.ask(.put, "/locations/99/surplus", ["power_kw": 3], as: owner).status == 404)
    #expect(try await house.ask(.put, "/locations/1/surplus", ["power_kw": -3], as: owner).json["field"] == "power_kw")
  }
}
