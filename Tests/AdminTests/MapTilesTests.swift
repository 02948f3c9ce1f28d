import Domain
import Store
import Testing
import Wire

@testable import Admin

/// Tiles by choice: the policy of one page is widened by one server, and of no other page by anything.
@MainActor @Suite struct MapTilesTests {
  private let choice: JSON = [
    "url": "https://tiles.example:8443/{z}/{x}/{y}.png", "attribution": "© Somebody", "max_zoom": 17,
  ]

  private func pictures(_ house: Fixture, _ path: String) async throws -> String? {
    let policy = try await house.send(.get, path).headers["content-security-policy"]
    return policy?.split(separator: ";").first { $0.contains("img-src") }.map { String($0.drop { $0 == " " }) }
  }

  @Test func theMapAsksNobodyUntilSomebodyChoosesWhom() async throws {
    let (house, owner) = try await Fixture.open()
    let none = try await house.ask(.get, "/map-tiles", as: owner)
    #expect(none.json == ["url": .null, "attribution": .null, "max_zoom": .null])
    #expect(try await pictures(house, "/map") == "img-src 'self' data:")
    let chosen = try await house.ask(.put, "/map-tiles", choice, as: owner)
    #expect(chosen.status == 200 && chosen.json == choice)
    #expect(try await house.ask(.get, "/map-tiles", as: owner).json == choice)
    // Also to whoever has some sites only.
    try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner)
    let site = try #require(try await house.ask(.get, "/locations", as: owner).items.first?["id"]?.int)
    let keeper = try await house.house.addKey("keeper", role: .viewer, scope: SiteScope([ID(site)]), by: "test").key
    #expect(try await house.ask(.get, "/map-tiles", as: .key(keeper)).json == choice)
    #expect(try await pictures(house, "/map") == "img-src 'self' data: https://tiles.example:8443")
    for path in ["/", "/stations", "/map/1", "/c/ABC", "/status", "/api/v1/map-tiles", "/map.js"] {
      #expect(try await pictures(house, path) == "img-src 'self' data:", "\(path)")
    }
    // A browser that kept the page would keep its policy.
    let page = try await house.send(.get, "/map")
    #expect(page.headers["etag"] == nil && page.headers["cache-control"] == "no-store")
    #expect(page.headers["content-type"] == "text/html; charset=utf-8" && page.text.contains("app.js"))
    #expect(try await house.ask(.put, "/map-tiles", ["url": .null], as: owner).json["url"] == .null)
    #expect(try await pictures(house, "/map") == "img-src 'self' data:")
  }

  @Test func whatIsNoServerOfTilesIsRefusedByName() async throws {
    let (house, owner) = try await Fixture.open()
    for (url, attribution, zoom, field) in [
      ("http://tiles.example/{z}/{x}/{y}.png", "A", 19, "url"),
      ("https://tiles.example; script-src */{z}/{x}/{y}", "A", 19, "url"),
      ("https://tiles.example/{z}/{x}/{y}.png", "", 19, "attribution"),
      ("https://tiles.example/{z}/{x}/{y}.png", String(repeating: "a", count: 201), 19, "attribution"),
      ("https://tiles.example/{z}/{x}/{y}.png", "A", 0, "max_zoom"),
      ("https://tiles.example/{z}/{x}/{y}.png", "A", 23, "max_zoom"),
    ] as [(String, String, Int, String)] {
      let refused = try await house.ask(
        .put, "/map-tiles",
        ["url": .string(url), "attribution": .string(attribution), "max_zoom": .number(JSONNumber(zoom))], as: owner)
      #expect(refused.status == 422 && refused.json["field"]?.string == field, "\(url): \(refused.text)")
    }
    #expect(try await house.ask(.get, "/map-tiles", as: owner).json["url"] == .null)
  }

  @Test func twoWhoChooseAtOnceHearOfEachOther() async throws {
    let (house, owner) = try await Fixture.open()
    let read = try #require(try await house.ask(.get, "/map-tiles", as: owner).headers["etag"])
    #expect(try await house.ask(.put, "/map-tiles", choice, as: owner, headers: ["If-Match": read]).status == 200)
    let late = try await house.ask(.put, "/map-tiles", ["url": .null], as: owner, headers: ["If-Match": read])
    #expect(late.status == 412 && late.problem == "stale")
  }
}
