import CSMS
import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

/// Lists, reservations, profiles, jobs, files and campaigns by the API; every answer is held against the document.
@MainActor @Suite struct DutiesTests {
  private func ready() async throws -> (Fixture, Proof) {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1", "evses": 1], as: owner).status == 201)
    #expect(try await house.ask(.post, "/tokens", ["uid": "04A1B2C3"], as: owner).status == 201)
    _ = try await house.connect("CS-1")
    return (house, owner)
  }

  @Test func aLocalListIsKeptOrNot() async throws {
    let (house, owner) = try await ready()
    let off = try await house.ask(.get, "/stations/CS-1/local-list", as: owner)
    #expect(off.json["keep"] == false && off.json["state"] == "off")
    #expect(try await house.ask(.post, "/stations/CS-1/commands/send-list", [:], as: owner).status == 409)
    let kept = try await house.ask(.patch, "/stations/CS-1/local-list", ["keep": true], as: owner)
    #expect(kept.json["keep"] == true && kept.json["entries"] == 1)
    #expect(try await house.ask(.get, "/stations/CS-9/local-list", as: owner).status == 404)
  }

  @Test func anEVSEIsReservedAndLetGo() async throws {
    let (house, owner) = try await ready()
    let end = (house.time.clock.now() + .seconds(600)).text
    let sent = try await house.ask(
      .post, "/stations/CS-1/commands/reserve?wait=5", ["token": "04A1B2C3", "evse": 1, "expires_at": .string(end)],
      as: owner)
    #expect(sent.status == 200 && sent.json["verb"] == "reserve")
    let listed = try await house.ask(.get, "/reservations?station=CS-1&open=true", as: owner)
    #expect(listed.items.map { $0["state"] } == ["placed"])
    let id = try #require(listed.items.first?["id"]?.string)
    #expect(try await house.ask(.get, "/reservations/\(id)", as: owner).json["token"] == "04A1B2C3")
    #expect(try await house.ask(.delete, "/reservations/\(id)", as: owner).status == 200)
    #expect(
      try await house.ask(.post, "/stations/CS-1/commands/reserve", ["token": "04A1B2C3"], as: owner).json["field"]
        == "expires_at")
  }

  @Test func aProfileIsSetListedAndCleared() async throws {
    let (house, owner) = try await ready()
    let profile: JSON = [
      "purpose": "any_session", "stack_level": 0, "kind": "relative",
      "schedule": ["unit": "A", "periods": [["start_s": 0, "limit": 16]]],
    ]
    let sent = try await house.ask(
      .post, "/stations/CS-1/commands/set-profile?wait=5", ["evse": 1, "profile": profile], as: owner)
    #expect(sent.status == 200 && sent.json["phase"] == "done")
    let listed = try await house.ask(.get, "/stations/CS-1/profiles?open=true", as: owner)
    #expect(listed.items.map { $0["state"] } == ["in_force"])
    #expect(try await house.ask(.get, "/stations/CS-1/composite-schedules", as: owner).status == 200)
    #expect(try await house.ask(.get, "/stations/CS-1/charging-notices", as: owner).items.isEmpty)
    let cleared = try await house.ask(
      .post, "/stations/CS-1/commands/clear-profile?wait=5", ["evse": 1], as: owner)
    #expect(cleared.json["phase"] == "done")
    let wrong = try await house.ask(
      .post, "/stations/CS-1/commands/set-profile",
      ["profile": ["purpose": "any_session", "schedule": ["unit": "A", "periods": []]]], as: owner)
    #expect(wrong.status == 422)
  }

  @Test func filesJobsAndCampaignsAreShown() async throws {
    let (house, owner) = try await ready()
    house.house.fileBase = "http://127.0.0.1/files/"
    let made = try await house.ask(.post, "/files", ["name": "fw.bin"], as: owner)
    #expect(made.status == 201 && made.json["file"]?["state"] == "awaited")
    let id = try #require(made.json["file"]?["id"]?.string)
    #expect(try await house.ask(.get, "/files?kind=firmware", as: owner).items.count == 1)
    #expect(try await house.ask(.post, "/files/\(id)/fetch", [:], as: owner).status == 404)

    let sent = try await house.ask(
      .post, "/stations/CS-1/commands/update-firmware?wait=5", ["url": "https://files.example/fw.bin"], as: owner)
    #expect(sent.json["phase"] == "done")
    let job = try #require(try await house.ask(.get, "/jobs?station=CS-1", as: owner).items.first?["id"]?.string)
    #expect(try await house.ask(.get, "/jobs/\(job)", as: owner).json["state"] == "sent")

    let begun = try await house.ask(
      .post, "/campaigns",
      [
        "name": "Spring", "stations": ["CS-1"],
        "plan": ["url": "https://files.example/fw.bin", "wave_size": 1, "attempts": 1, "pause_minutes": 5],
      ], as: owner)
    #expect(begun.status == 201 && begun.json["stations"]?[0]?["state"] == "running")
    let campaign = try #require(begun.json["id"]?.string)
    #expect(try await house.ask(.get, "/campaigns", as: owner).items.count == 1)
    #expect(try await house.ask(.post, "/campaigns/\(campaign)/stop", [:], as: owner).json["state"] == "stopped")
    #expect(try await house.ask(.delete, "/files/\(id)", as: owner).status == 204)
  }
}
