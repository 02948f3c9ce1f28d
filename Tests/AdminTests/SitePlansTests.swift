import Testing
import Wire

@testable import Admin

/// Floor plans by the API; every answer is held against the document.
@MainActor @Suite struct SitePlansTests {
  /// A PNG of one pixel.
  private let pixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

  private func ready() async throws -> (Fixture, Proof, Int64) {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1"], as: owner).status == 201)
    let place = try await house.ask(.get, "/locations", as: owner)
    return (house, owner, try #require(place.items.first?["id"]?.int))
  }

  @Test func aSiteGetsAPlanAndStationsTheirPlacesOnIt() async throws {
    let (house, owner, place) = try await ready()
    let path = "/locations/\(place)/plan"
    #expect(try await house.ask(.get, path, as: owner).status == 404)
    #expect(try await house.ask(.put, "\(path)/pins/CS-1", ["x": 1, "y": 1], as: owner).status == 404)
    let plan = try await house.ask(.put, path, ["image": .string(pixel)], as: owner)
    #expect(plan.status == 200 && plan.json["type"] == "image/png" && plan.json["width"] == 1)
    #expect(plan.json["pins"]?.array?.isEmpty == true)
    let pinned = try await house.ask(.put, "\(path)/pins/CS-1", ["x": 2_500, "y": 10_000], as: owner)
    #expect(pinned.json["pins"]?[0] == ["station": "CS-1", "x": 2_500, "y": 10_000])
    let moved = try await house.ask(.put, "\(path)/pins/CS-1", ["x": 0, "y": 0], as: owner)
    #expect(moved.json["pins"]?.array?.count == 1 && moved.json["pins"]?[0]?["x"] == 0)
    #expect(try await house.ask(.put, path, ["image": .string(pixel)], as: owner).json["pins"]?.array?.count == 1)
    #expect(try await house.ask(.delete, "\(path)/pins/CS-1", as: owner).status == 204)
    #expect(try await house.ask(.get, path, as: owner).json["pins"]?.array?.isEmpty == true)
    #expect(try await house.ask(.delete, path, as: owner).status == 204)
    #expect(try await house.ask(.get, "\(path)/image", as: owner).status == 404)
  }

  @Test func thePictureComesBackAsItWasBrought() async throws {
    let (house, owner, place) = try await ready()
    _ = try await house.ask(.put, "/locations/\(place)/plan", ["image": .string(pixel)], as: owner)
    let image = try await house.ask(.get, "/locations/\(place)/plan/image", as: owner)
    #expect(image.headers["content-type"] == "image/png" && image.headers["x-content-type-options"] == "nosniff")
    #expect(image.bytes == Bytes(base64: pixel))
  }

  @Test func whatIsNoPictureAndNoPlaceIsRefusedByName() async throws {
    let (house, owner, place) = try await ready()
    let path = "/locations/\(place)/plan"
    for image in ["", "not base64", "PHN2Zy8+"] {
      #expect(try await house.ask(.put, path, ["image": .string(image)], as: owner).json["field"] == "image")
    }
    #expect(try await house.ask(.put, "/locations/999/plan", ["image": .string(pixel)], as: owner).status == 404)
    _ = try await house.ask(.put, path, ["image": .string(pixel)], as: owner)
    for (x, y, field) in [(-1, 0, "x"), (10_001, 0, "x"), (0, 10_001, "y")] as [(Int, Int, String)] {
      let refused = try await house.ask(
        .put, "\(path)/pins/CS-1", ["x": .number(JSONNumber(x)), "y": .number(JSONNumber(y))], as: owner)
      #expect(refused.status == 422 && refused.json["field"]?.string == field)
    }
    #expect(try await house.ask(.put, "\(path)/pins/CS-2", ["x": 0, "y": 0], as: owner).status == 404)
  }

  @Test func aStationThatMovesAwayLeavesThePlan() async throws {
    let (house, owner, place) = try await ready()
    _ = try await house.ask(.put, "/locations/\(place)/plan", ["image": .string(pixel)], as: owner)
    _ = try await house.ask(.put, "/locations/\(place)/plan/pins/CS-1", ["x": 5, "y": 5], as: owner)
    let other = try await house.ask(
      .post, "/locations",
      [
        "name": "Quay", "address": "Kade 1", "city": "Delft", "country": "NLD", "latitude": "52", "longitude": "4",
        "time_zone": "Europe/Amsterdam",
      ], as: owner)
    #expect(other.status == 201)
    let there = try #require(other.json["id"]?.int)
    let moved = try await house.ask(
      .patch, "/stations/CS-1", ["location": .number(JSONNumber(there))], as: owner)
    #expect(moved.status == 200)
    #expect(try await house.ask(.get, "/locations/\(place)/plan", as: owner).json["pins"]?.array?.isEmpty == true)
  }
}
