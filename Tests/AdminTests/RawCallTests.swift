import Domain
import HTTP
import Testing
import Wire

@testable import Admin

@MainActor @Suite(.timeLimit(.minutes(5))) struct RawCallTests {
  private func ready() async throws -> (Fixture, Proof) {
    let (house, owner) = try await Fixture.open()
    try await house.ask(.post, "/stations", ["id": "CS-1", "evses": 1], as: owner)
    _ = try await house.connect("CS-1")
    return (house, owner)
  }

  private func end(_ house: Fixture, with outcome: CommandOutcome) { house.stations.outcome.withLock { $0 = outcome } }

  @Test func theAnswerIsTheStationsOwn() async throws {
    let (house, owner) = try await ready()
    for payload in [["status": "Accepted"], ["status": "Rejected", "extra": [1, 2]], [:]] as [JSON] {
      end(
        house,
        with: payload["status"] == "Rejected" ? .refused(word: "Rejected", answer: payload) : .accepted(answer: payload)
      )
      let reply = try await house.ask(.post, "/stations/CS-1/ocpp/Reset", ["type": "Soft"], as: owner)
      #expect(reply.status == 200 && reply.json == payload)
      let place = try #require(reply.headers["content-location"]).dropFirst("/api/v1".count)
      let command = try await house.ask(.get, String(place), as: owner).json
      #expect(command["verb"] == "raw" && command["answer"] == payload)
    }
    #expect(house.stations.asked.withLock { $0.last } == .raw(action: "Reset", payload: ["type": "Soft"]))
  }

  @Test(
    arguments: [
      (.failed(code: "NotSupported", description: "no lock", details: ["n": 1]), 502, "call-error"),
      (.timedOut, 504, "call-timeout"), (.disconnected, 502, "disconnected"),
      (.impossible("too many"), 409, "conflict"),
    ] as [(CommandOutcome, Int, String)])
  func whatIsNoResultIsAProblemOfItsOwnKind(_ outcome: CommandOutcome, _ status: Int, _ kind: String) async throws {
    let (house, owner) = try await ready()
    end(house, with: outcome)
    let reply = try await house.ask(.post, "/stations/CS-1/ocpp/Reset?timeout=5", ["type": "Soft"], as: owner)
    #expect(reply.status == status && reply.problem == kind)
    if kind == "call-error" {
      #expect(reply.json["code"] == "NotSupported" && reply.json["description"] == "no lock")
      #expect(reply.json["details"] == ["n": 1])
    }
  }

  @Test(
    arguments: [
      ("Reset", [:], 422, "type"), ("Dance", [:], 422, "Action"), ("Reset?timeout=0", ["type": "Soft"], 422, "timeout"),
      ("Reset?timeout=301", ["type": "Soft"], 422, "timeout"), ("Reset?check=maybe", ["type": "Soft"], 422, "check"),
      ("Reset", [1], 400, nil),
    ] as [(String, JSON, Int, String?)])
  func whatIsNotAsDeclaredIsNotSent(_ action: String, _ payload: JSON, _ status: Int, _ field: String?) async throws {
    let (house, owner) = try await ready()
    let reply = try await house.ask(.post, "/stations/CS-1/ocpp/\(action)", payload, as: owner)
    #expect(reply.status == status && reply.json["field"]?.string == field)
    #expect(house.stations.asked.withLock { $0.isEmpty })
  }

  @Test func whoeverInsistsSendsAnything() async throws {
    let (house, owner) = try await ready()
    #expect(try await house.ask(.post, "/stations/CS-1/ocpp/Dance?check=off", [:], as: owner).status == 200)
    #expect(try await house.ask(.post, "/stations/CS-1/ocpp/Reset?check=off", [:], as: owner).status == 200)
    #expect(house.stations.asked.withLock { $0.count } == 2)
  }

  @Test func aStationTellsWhatCanBeDoneAtItAndWhichCallsItTakes() async throws {
    let (house, owner) = try await ready()
    let came = try await house.ask(.get, "/stations/CS-1", as: owner).json
    // The stand-in of a connected station speaks 1.6.
    #expect(came["abilities"] == [] && came["calls"] == ["Reset"])
    try await house.ask(.post, "/stations", ["id": "CS-2", "evses": 1], as: owner)
    let never = try await house.ask(.get, "/stations/CS-2", as: owner).json
    #expect(never["abilities"] == [] && never["calls"] == [])
  }

  @Test func aViewerMakesNoCallsAndAnUnknownStationGetsNone() async throws {
    let (house, owner) = try await ready()
    let viewer = try await house.key(.viewer)
    #expect(try await house.ask(.post, "/stations/CS-1/ocpp/Reset", ["type": "Soft"], as: viewer).status == 403)
    #expect(try await house.ask(.post, "/stations/CS-9/ocpp/Reset", ["type": "Soft"], as: owner).status == 404)
    #expect(house.stations.asked.withLock { $0.isEmpty })
  }
}
