import Domain
import HTTP
import Testing
import Wire

@testable import Admin

/// What single stations need, by the API.
@MainActor @Suite(.timeLimit(.minutes(5))) struct StationNeedsTests {
  private func ready() async throws -> (Fixture, Proof, any StationService) {
    let (house, owner) = try await Fixture.open()
    try await house.ask(.post, "/stations", ["id": "CS-1", "evses": 2], as: owner)
    return (house, owner, try await house.connect("CS-1"))
  }

  @Test func quirksAreMergedMemberByMember() async throws {
    let (house, owner, _) = try await ready()
    let first = try await house.ask(
      .patch, "/stations/CS-1",
      ["quirks": ["after_boot": ["read_settings": true], "transfers": [["vendor": "v", "answer": "rejected"]]]],
      as: owner)
    #expect(first.status == 200)
    let second = try await house.ask(
      .patch, "/stations/CS-1", ["quirks": ["after_boot": ["trigger_status": true], "transfers": .null]], as: owner)
    #expect(second.json["quirks"]?["after_boot"] == ["trigger_status": true, "read_settings": true])
    #expect(second.json["quirks"]?["transfers"] == nil)
    #expect(second.json["needs"] == second.json["quirks"])
  }

  @Test(
    arguments: [
      (["energy_factor": 0], "quirks.energy_factor"), (["time_zone": "Moon/Base"], "quirks.time_zone"),
      (["free_vend_token": "nobody's"], "quirks.free_vend_token"), (["ping_seconds": -1], "quirks.ping_seconds"),
      (["joined": [["evse": 1, "connectors": [1, 2]], ["evse": 2, "connectors": [2]]]], "quirks.joined"),
      (["joined": [["evse": 1]]], "quirks.joined[0].connectors"),
      (["after_boot": ["dance": true]], "quirks.after_boot.dance"),
    ] as [(JSON, String)])
  func whatMakesNoSenseIsRefusedByName(_ quirks: JSON, _ field: String) async throws {
    let (house, owner, _) = try await ready()
    let reply = try await house.ask(.patch, "/stations/CS-1", ["quirks": quirks], as: owner)
    #expect(reply.status == 422 && reply.json["field"]?.string == field, "\(reply.text)")
  }

  @Test func theWholeLayoutIsOneList() async throws {
    let (house, owner, _) = try await ready()
    let one = try await house.ask(
      .patch, "/stations/CS-1",
      ["evses": [["number": 2, "evse_id": "NL*OST*E2", "connectors": [["number": 1, "max_amperage": 16]]]]], as: owner)
    let evses = one.json["evses"]?.array ?? []
    #expect(evses.map { $0["number"] } == [2] && evses.first?["evse_id"] == "NL*OST*E2")
    for wrong in [
      [["evse_id": "x"]], [["number": 0]], [["number": 1], ["number": 1]], [["number": 1, "colour": "red"]],
    ] as [JSON] {
      #expect(try await house.ask(.patch, "/stations/CS-1", ["evses": wrong], as: owner).status == 422, "\(wrong.text)")
    }
  }

  @Test func aMirrorIsShownWithoutItsPassword() async throws {
    let (house, owner, _) = try await ready()
    let url = "wss://other.example/ocpp"
    let made = try await house.ask(
      .patch, "/stations/CS-1",
      ["forwarding": ["url": .string(url), "password": "their-secret", "may_call": ["Reset"]]], as: owner)
    #expect(made.json["forwarding"]?["url"] == .string(url) && made.json["forwarding"]?["has_password"] == true)
    #expect(!made.text.contains("their-secret"))
    let paused = try await house.ask(.patch, "/stations/CS-1", ["forwarding": ["paused": true]], as: owner)
    #expect(paused.json["forwarding"]?["paused"] == true && paused.json["forwarding"]?["may_call"] == ["Reset"])
    let wrong = try await house.ask(.patch, "/stations/CS-1", ["forwarding": ["url": "http://x"]], as: owner)
    #expect(wrong.status == 422 && wrong.json["field"] == "forwarding.url")
    let gone = try await house.ask(.patch, "/stations/CS-1", ["forwarding": .null], as: owner)
    #expect(gone.json["forwarding"]?.isNull == true)
  }

  @Test func aRoundThroughTheSettingsSaysHowItWent() async throws {
    let (house, owner, _) = try await ready()
    house.stations.outcome.withLock {
      $0 = .accepted(answer: ["settings": [["key": "A", "value": "1"], ["key": "B", "value": "2"]]])
    }
    let read = try await house.ask(.post, "/stations/CS-1/settings/read", as: owner)
    #expect(read.json == ["done": 2, "refused": []])
    house.stations.outcome.withLock { $0 = .refused(word: "Rejected", answer: [:]) }
    try await house.ask(
      .patch, "/stations/CS-1", ["quirks": ["wanted_settings": [["key": "Lamp", "value": "on"]]]], as: owner)
    let written = try await house.ask(.post, "/stations/CS-1/settings/write", as: owner)
    #expect(written.json == ["done": 0, "refused": ["Lamp"]])
    #expect(try await house.ask(.post, "/stations/CS-9/settings/read", as: owner).status == 404)
    try await house.ask(.post, "/stations", ["id": "CS-2"], as: owner)
    #expect(try await house.ask(.post, "/stations/CS-2/settings/read", as: owner).status == 409)
  }

  @Test func whatWasReadIsCountedAnew() async throws {
    let (house, owner, desk) = try await ready()
    _ = try await house.turn { () throws(TurnFault) in
      try desk.flag(action: "MeterValues", oddities: [Oddity(path: "value", kind: .badNumber, raw: "12,5")])
    }
    let odd = try await house.ask(.get, "/stations/CS-1", as: owner).json["oddities"]?.array ?? []
    #expect(odd.map { $0["count"] } == [1])
    #expect(try await house.ask(.delete, "/stations/CS-1/oddities", as: owner).status == 204)
    #expect(try await house.ask(.get, "/stations/CS-1", as: owner).json["oddities"]?.array?.isEmpty == true)
  }
}
