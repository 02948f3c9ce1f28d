import Domain
import Testing
import Wire

@testable import OCPP

@MainActor @Suite struct SettingsTests {
  private let desk = Desk()

  @Test func aReportIsToldValueByValue() throws {
    let reply = try answer(
      V2.NotifyReport.route,
      """
      {"requestId":7,"generatedAt":"2026-03-01T12:00:00Z","seqNo":2,"tbc":true,"customData":{"vendorId":"acme","x":1},
       "reportData":[{"component":{"name":"Connector","evse":{"id":1,"connectorId":2}},"variable":{"name":"Available"},
         "variableAttribute":[{"value":"true","mutability":"ReadOnly"},{"type":"Target","value":"false"}],
         "variableCharacteristics":{"dataType":"boolean","supportsMonitoring":true,"unit":"-"}}]}
      """, desk)
    #expect(reply == "{}")
    #expect(desk.flags == [])
    #expect(desk.parts == [ReportPart(request: 7, number: 2, isLast: false)])
    #expect(desk.values.map(\.name.description) == ["Connector#1/2.Available", "Connector#1/2.Available"])
    #expect(desk.values.map(\.attribute) == [.actual, .target])
    #expect(desk.values.map(\.value) == ["true", "false"])
    #expect(desk.values.map(\.access) == [.readOnly, .readWrite])
    #expect(desk.values.allSatisfy { $0.kind == .flag && $0.canBeMonitored == true && $0.unit == "-" })
  }

  @Test func withoutAWordAboutMoreAPartIsTheLast() throws {
    _ = try answer(V2.NotifyReport.route, #"{"requestId":7,"generatedAt":"2026-03-01T12:00:00Z","seqNo":0}"#, desk)
    #expect(desk.parts == [ReportPart(request: 7, number: 0, isLast: true)])
  }

  // MARK: What the house asks

  private func request(_ command: SettingsCommand, _ edition: Edition = .v201) throws -> CommandRequest {
    let request = try V2.request(command, edition)
    if OfficialSchemas.package != nil {
      let schema = try OfficialSchemas(edition).schema(request.action)
      #expect(try schema.flaws(in: JSON.parse(request.payload)) == [])
    }
    return request
  }

  private func setting(_ key: String, _ value: String) -> SettingsCommand.Setting {
    SettingsCommand.Setting(SettingName(reading: key), value: value)
  }

  @Test func settingsAreVariablesOfComponents() throws {
    var limited = setting("SmartChargingCtrlr#1.Limit[x]", "16")
    limited.attribute = .most
    let request = try request(.set([setting("OCPPCommCtrlr.HeartbeatInterval", "60"), limited]))
    #expect(request.action == "SetVariables")
    #expect(
      String(decoding: request.payload, as: UTF8.self) == #"""
        {"setVariableData":[{"attributeValue":"60","component":{"name":"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"}},{"attributeType":"MaxSet","attributeValue":"16","component":{"evse":{"id":1},"name":"SmartChargingCtrlr"},"variable":{"name":"Limit","instance":"x"}}]}
        """#)
  }

  @Test(arguments: [
    ("HeartbeatInterval", "OCPPCommCtrlr", "HeartbeatInterval"),
    ("metervaluesampleinterval", "SampledDataCtrlr", "TxUpdatedInterval"),
    ("AuthorizationKey", "SecurityCtrlr", "BasicAuthPassword"),
  ])
  func theNamesOfOldAreUnderstood(_ key: String, _ component: String, _ variable: String) throws {
    let payload = try JSON.parse(try V2.setConfiguration(key: key, value: "1", .v201).payload)
    #expect(payload["setVariableData"]?[0]?["component"]?["name"] == .string(component))
    #expect(payload["setVariableData"]?[0]?["variable"]?["name"] == .string(variable))
  }

  @Test func aBareWordThatNobodyKnowsIsRefusedHere() {
    #expect(throws: Unspeakable.self) { try V2.getConfiguration(keys: ["NoSuchKey"], .v201) }
  }

  @Test func theAnswerIsToldInTheHousesWords() throws {
    let asked = try V2.getConfiguration(keys: ["A.B", "C.D"], .v201)
    let answer: JSON = [
      "getVariableResult": [
        [
          "attributeStatus": "Accepted", "attributeValue": "1", "component": ["name": "A"], "variable": ["name": "B"],
        ],
        ["attributeStatus": "UnknownVariable", "component": ["name": "C"], "variable": ["name": "D"]],
      ]
    ]
    #expect(
      asked.outcome(answer)
        == .accepted(answer: [
          "settings": [["key": "A.B", "value": "1"]], "unknown": [["key": "C.D", "status": "UnknownVariable"]],
        ]))
    let set = try request(.set([setting("A.B", "1"), setting("C.D", "2")]))
    let refusal: JSON = [
      "setVariableResult": [
        ["attributeStatus": "RebootRequired", "component": ["name": "A"], "variable": ["name": "B"]],
        [
          "attributeStatus": "Rejected", "component": ["name": "C"], "variable": ["name": "D"],
          "attributeStatusInfo": ["reasonCode": "OutOfRange"],
        ],
      ]
    ]
    #expect(
      set.outcome(refusal)
        == .refused(
          word: "Rejected",
          answer: [
            "settings": [
              ["key": "A.B", "accepted": true, "status": "RebootRequired"],
              ["key": "C.D", "accepted": false, "status": "Rejected", "reason": "OutOfRange"],
            ]
          ]))
  }

  @Test func aSecretIsNotTold() throws {
    let asked = try V2.getConfiguration(keys: ["AuthorizationKey"], .v201)
    let outcome = asked.outcome([
      "getVariableResult": [
        [
          "attributeStatus": "Accepted", "attributeValue": "secret", "component": ["name": "SecurityCtrlr"],
          "variable": ["name": "BasicAuthPassword"],
        ]
      ]
    ])
    #expect(
      outcome
        == .accepted(answer: [
          "settings": [["key": "SecurityCtrlr.BasicAuthPassword", "value": "(hidden)"]], "unknown": [],
        ]))
  }

  // MARK: In pieces

  private func limits(_ known: [String: Int]) -> (SettingName) -> Int? { { known[$0.description] } }

  @Test(arguments: [([:], [1, 1, 1, 1, 1]), (["DeviceDataCtrlr.ItemsPerMessage[SetVariables]": 2], [2, 2, 1])])
  func noMoreItemsAreSentThanTheStationTakes(_ known: [String: Int], _ sizes: [Int]) {
    let settings = (1...5).map { setting("A.B[\($0)]", "x") }
    let pieces = V2.pieces(of: .settings(.set(settings)), .v201, limit: limits(known))
    #expect(pieces.map { if case .settings(.set(let some)) = $0 { some.count } else { 0 } } == sizes)
  }

  @Test func noMoreBytesAreSentThanTheStationTakes() throws {
    let settings = (1...8).map { setting("A.B[\($0)]", String(repeating: "x", count: 100)) }
    let known = [
      "DeviceDataCtrlr.ItemsPerMessage[SetVariables]": 100, "DeviceDataCtrlr.BytesPerMessage[SetVariables]": 700,
    ]
    let pieces = V2.pieces(of: .settings(.set(settings)), .v201, limit: limits(known))
    #expect(pieces.count > 1)
    for case .settings(let piece) in pieces {
      let request = try request(piece)
      let frame = Frame.encodeCall(
        MessageID(String(repeating: "0", count: 36)), action: request.action, json: request.payload)
      #expect(frame.count <= 700)
    }
  }

  @Test func allThatCanBeSetIsAskedForAsAReport() {
    #expect(
      V2.pieces(of: .getConfiguration(keys: []), .v201, limit: limits([:]))
        == [.settings(.report(id: 0, .configuration))])
  }

  @Test(arguments: [
    (SettingsCommand.report(id: 9, .full), "GetBaseReport"), (.report(id: 9, .summary), "GetBaseReport"),
    (.reportOf(id: 9, [SettingName(reading: "EVSE.*"), SettingName(reading: "A.B")], states: [.problem]), "GetReport"),
    (.reportOf(id: 9, [], states: [.active, .enabled]), "GetReport"),
    (
      .network(slot: 2, NetworkProfile(url: "wss://example.com/ocpp", securityProfile: .basicOverTLS)),
      "SetNetworkProfile"
    ),
  ])
  func everyCallIsValidInBothVersions(_ command: SettingsCommand, _ action: String) throws {
    #expect(try request(command).action == action)
    #expect(try request(command, .v21).action == action)
  }

  @Test func theWholeOfAComponentNamesNoVariable() throws {
    let payload = try JSON.parse(try request(.reportOf(id: 1, [SettingName(reading: "EVSE.*")], states: [])).payload)
    #expect(payload["componentVariable"] == [["component": ["name": "EVSE"]]])
  }

  @Test func aStationWithoutComponentsIsAskedByKey() throws {
    let dialect = Dialect16()
    let pieces = dialect.pieces(of: .settings(.set([setting("A", "1"), setting("B", "2")]))) { _ in nil }
    #expect(pieces.count == 2)
    let payload = try JSON.parse(try dialect.request(for: pieces[1]).payload)
    #expect(payload == ["key": "B", "value": "2"])
    let asked = dialect.pieces(of: .getConfiguration(keys: ["A", "B", "C"])) { name in
      name.description == "GetConfigurationMaxKeys" ? 2 : nil
    }
    #expect(asked == [.getConfiguration(keys: ["A", "B"]), .getConfiguration(keys: ["C"])])
    #expect(throws: Unspeakable.self) { try dialect.request(for: .settings(.report(id: 1, .full))) }
  }
}
