import Domain
import HTTP
import Store
import Testing
import Wire

@testable import Admin

/// Verbs about what stations tell of themselves, and the lists of what they told. The fixture holds each answer against
/// the document.
@MainActor @Suite(.timeLimit(.minutes(5))) struct DevicesTests {
  private func ready() async throws -> (Fixture, Proof, any StationService) {
    let (house, owner) = try await Fixture.open()
    try await house.ask(.post, "/stations", ["id": "CS-1", "evses": 1], as: owner)
    let desk = try await house.connect("CS-1")
    return (house, owner, desk)
  }

  @Test(
    arguments: [
      ("set-configuration", ["settings": [["key": "A.B", "value": "1", "attribute": "target"]]]),
      ("report", [:]), ("report", ["inventory": "summary"]), ("report", ["keys": ["A.*"], "states": ["problem"]]),
      (
        "network-profile",
        [
          "slot": 1, "url": "wss://example.com/ocpp", "security_profile": 2, "interface": "wireless0",
          "apn": ["name": "internet", "sim_pin": 1234],
        ]
      ),
      ("monitoring-base", ["base": "factory"]), ("monitoring-level", ["severity": 4]),
      (
        "monitor", ["monitors": [["key": "A.B", "kind": "above", "value": "80.5", "severity": 2, "stream_seconds": 5]]]
      ),
      ("clear-monitors", ["monitors": [1, 2]]), ("monitoring-report", ["kinds": ["threshold"], "keys": ["A.B"]]),
      ("streams", [:]), ("adjust-stream", ["stream": 1, "seconds": 10]),
      (
        "show-message",
        [
          "text": "Hello", "priority": "in_front", "moment": "idle",
          "translations": [["text": "Hallo", "language": "de"]],
        ]
      ),
      ("clear-message", ["message": 1]), ("list-messages", ["messages": [1]]),
      ("customer-information", ["token": "04A1", "clear": true]), ("customer-information", ["identifier": "C-1"]),
      ("list-grid-controls", [:]), ("swap-battery", ["token": "04A1"]),
      ("list-station-tariffs", ["evse": 1]), ("clear-station-tariffs", ["tariffs": ["T1"]]),
      ("show-cost", ["transaction": "tx-1", "cost": "12.30"]),
      ("grid-control", ["control": "c1", "kind": "VoltWatt", "settings": ["priority": 0]]),
      ("clear-grid-control", ["kind": "VoltWatt", "default": true]),
    ] as [(String, JSON)])
  func aVerbReachesTheStation(_ verb: String, _ body: JSON) async throws {
    let (house, owner, _) = try await ready()
    try await house.ask(.post, "/tokens", ["uid": "04A1"], as: owner)
    let reply = try await house.ask(.post, "/stations/CS-1/commands/\(verb)?wait=5", body, as: owner)
    #expect(reply.status == 200, "\(reply.text)")
    #expect(reply.json["verb"]?.string == verb)
    #expect(house.stations.asked.withLock { $0.last?.verb } == verb)
  }

  @Test(
    arguments: [
      ("set-configuration", ["settings": [["key": "AuthorizationKey", "value": "x"]]], "settings"),
      ("set-configuration", ["settings": []], "settings"), ("report", ["inventory": "huge"], "inventory"),
      ("monitoring-level", ["severity": 10], "severity"), ("monitor", [:], "monitors"),
      ("monitor", ["monitors": [["key": "A.B", "kind": "above", "value": "hot", "severity": 2]]], "monitors"),
      ("clear-monitors", ["monitors": ["one"]], "monitors"), ("customer-information", [:], "token"),
      ("customer-information", ["token": "04A1", "report": false], "report"), ("show-message", [:], "text"),
      ("apply-settings", [:], "template"), ("station-tariff", ["evse": 1], "tariff"),
      ("show-cost", ["transaction": "tx-1", "cost": "much"], "cost"),
    ] as [(String, JSON, String)])
  func whatDoesNotFitIsRefusedByName(_ verb: String, _ body: JSON, _ field: String) async throws {
    let (house, owner, _) = try await ready()
    let reply = try await house.ask(.post, "/stations/CS-1/commands/\(verb)", body, as: owner)
    #expect(reply.status == 422 || reply.status == 400)
    #expect(reply.json["field"]?.string?.hasPrefix(field) == true, "\(reply.text)")
  }

  @Test func whatWasToldIsListedAndSought() async throws {
    let (house, owner, desk) = try await ready()
    try await house.ask(.post, "/stations/CS-1/commands/report?wait=5", [:], as: owner)
    let report = try #require(try await house.ask(.get, "/stations/CS-1/reports", as: owner).items.first)
    let request = try #require(report["id"]?.int)
    try await house.turn { () throws(TurnFault) in
      let names = ["A.B", "C.D[x]", "EVSE#1.Power"]
      try desk.report(
        names.map { DeviceValue(SettingName(reading: $0), value: "\($0)!") },
        in: ReportPart(request: request, number: 0, isLast: true))
    }
    let first = try await house.ask(.get, "/stations/CS-1/settings?limit=2", as: owner)
    #expect(first.items.compactMap { $0["key"]?.string } == ["A.B", "C.D[x]"])
    let rest = try await house.ask(
      .get, "/stations/CS-1/settings?limit=2&cursor=\(try #require(first.next))", as: owner)
    #expect(rest.items.compactMap { $0["key"]?.string } == ["EVSE#1.Power"])
    let sought = try await house.ask(.get, "/stations/CS-1/settings?q=power", as: owner)
    #expect(sought.items.compactMap { $0["value"]?.string } == ["EVSE#1.Power!"])
    let ended = try await house.ask(.get, "/stations/CS-1/reports?kind=settings", as: owner).items.first
    #expect(ended?["parts"] == 1 && ended?["ended_at"]?.string != nil)
  }

  @Test func aTemplateIsKeptComparedChangedAndRemoved() async throws {
    let (house, owner, _) = try await ready()
    let made = try await house.ask(
      .post, "/setting-templates", ["name": "Yard", "vendor": "Acme", "settings": ["A.B": "1"]], as: owner)
    #expect(made.status == 201)
    let id = try #require(made.json["id"]?.int)
    let differences = try await house.ask(.get, "/stations/CS-1/settings/differences?template=\(id)", as: owner)
    #expect(differences.items == [["key": "A.B", "wanted": "1", "actual": nil]])
    let applied = try await house.ask(
      .post, "/stations/CS-1/commands/apply-settings", ["template": .number(JSONNumber(id))], as: owner)
    #expect(applied.json["verb"] == "set-configuration")
    let changed = try await house.ask(.patch, "/setting-templates/\(id)", ["settings": ["C": "2"]], as: owner)
    #expect(changed.json["settings"] == ["C": "2"] && changed.json["vendor"] == "Acme")
    #expect(try await house.ask(.get, "/setting-templates", as: owner).items.count == 1)
    #expect(try await house.ask(.delete, "/setting-templates/\(id)", as: owner).status == 204)
    #expect(try await house.ask(.get, "/setting-templates/\(id)", as: owner).status == 404)
  }

  @Test func alertsAreListedAndSettled() async throws {
    let (house, owner, desk) = try await ready()
    try await house.turn { () throws(TurnFault) in
      var alert = Alert(
        number: 3, at: .epoch, name: SettingName(reading: "EVSE#1.Temperature"), trigger: .alerting, value: "82")
      alert.severity = 2
      try desk.alert([alert])
    }
    let open = try await house.ask(.get, "/alerts?open=true&station=CS-1&severity=3", as: owner)
    #expect(open.items.first?["key"] == "EVSE#1.Temperature" && open.items.first?["station"] == "CS-1")
    let id = try #require(open.items.first?["id"]?.int)
    #expect(try await house.ask(.post, "/alerts/\(id)/settle", as: owner).status == 204)
    #expect(try await house.ask(.get, "/alerts?open=true", as: owner).items.isEmpty)
    #expect(try await house.ask(.get, "/alerts?open=false", as: owner).items.count == 1)
    #expect(try await house.ask(.get, "/alerts?station=CS-9", as: owner).items.isEmpty)
  }

  @Test func monitorsStreamsAndMessagesAreListed() async throws {
    let (house, owner, desk) = try await ready()
    try await house.turn { () throws(TurnFault) in
      let part = ReportPart(request: 0, number: 0, isLast: true)
      try desk.report(
        [
          Monitor(
            number: 7, name: SettingName(reading: "A.B"), kind: .above, value: Decimal(80), severity: 2,
            isForSessions: true)
        ], in: part)
      _ = try desk.open(ValueStream(number: 1, monitor: 7, seconds: 5, values: nil))
      try desk.take([StreamedValue(at: .epoch, value: "1")], of: 1, pending: 0)
      try desk.report([DisplayMessage(number: 4, text: DisplayMessage.Text("Hello"))], in: part)
    }
    #expect(try await house.ask(.get, "/stations/CS-1/monitors", as: owner).items.first?["monitor"] == 7)
    #expect(try await house.ask(.get, "/stations/CS-1/streams", as: owner).items.first?["monitor"] == 7)
    #expect(try await house.ask(.get, "/stations/CS-1/monitors/7/values", as: owner).items.first?["value"] == "1")
    #expect(try await house.ask(.get, "/stations/CS-1/display-messages", as: owner).items.first?["text"] == "Hello")
    #expect(try await house.ask(.get, "/stations/CS-9/monitors", as: owner).status == 404)
  }
}
