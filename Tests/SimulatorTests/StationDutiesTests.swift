import OCPP
import Testing
import Wire

@testable import Simulator

/// What a virtual station of 2.x is asked beside charging.
@Suite struct StationDutiesTests {
  private func stage(_ version: StationProfile.Version = .v201) -> Stage {
    var stage = Stage(Stage.profile { $0.version = version })
    stage.act { $0.start(at: $1) }
    stage.act { $0.opened(at: $1) }
    stage.settle()
    return stage
  }

  private func result(_ steps: [String]) throws -> JSON {
    let text = try #require(steps.first)
    #expect(text.hasPrefix("result "), "\(text)")
    return try JSON.parse(Bytes(utf8: String(text.dropFirst("result ".count))))
  }

  @Test func settingsAreReadWrittenAndReported() throws {
    var stage = stage()
    func variable(_ component: String, _ name: String, value: String? = nil) -> JSON {
      var json: JSON = ["component": ["name": .string(component)], "variable": ["name": .string(name)]]
      if let value { json["attributeValue"] = .string(value) }
      return json
    }
    let names = [("OCPPCommCtrlr", "HeartbeatInterval"), ("OCPPCommCtrlr", "Colour"), ("Espresso", "Strength")]
    let read = try result(
      stage.ask("GetVariables", ["getVariableData": .array(names.map { variable($0.0, $0.1) })]))
    #expect(
      read["getVariableResult"]?.array?.map { $0["attributeStatus"]?.string } == [
        "Accepted", "UnknownVariable", "UnknownComponent",
      ])
    let set = try result(
      stage.ask(
        "SetVariables",
        [
          "setVariableData": [
            variable("OCPPCommCtrlr", "HeartbeatInterval", value: "77"),
            variable("SmartChargingCtrlr", "RateUnit", value: "W"),
          ]
        ]))
    #expect(set["setVariableResult"]?.array?.map { $0["attributeStatus"]?.string } == ["Accepted", "Rejected"])
    #expect(
      try result(stage.ask("GetBaseReport", ["requestId": 5, "reportBase": "FullInventory"]))["status"] == "Accepted")
    stage.settle()
    let parts = stage.payloads("NotifyReport")
    #expect(parts.map { $0["seqNo"]?.int } == (0..<parts.count).map { Int64($0) } && parts.count > 1)
    #expect(parts.map { $0["tbc"]?.bool } == parts.indices.map { $0 < parts.count - 1 })
    let told = parts.flatMap { $0["reportData"]?.array ?? [] }
    let heartbeat = told.first { $0["variable"]?["name"]?.string == "HeartbeatInterval" }
    #expect(heartbeat?["variableAttribute"]?.array?.first?["value"]?.string == "77")
  }

  @Test func codesForPayingAreShownOnceTheyAreSetUpAndChangeByTheClock() throws {
    var stage = stage(.v21)
    func set(_ values: [(String, String)]) -> JSON {
      [
        "setVariableData": .array(
          values.map { name, value in
            [
              "component": ["name": "WebPaymentsCtrlr"], "variable": ["name": .string(name)],
              "attributeValue": .string(value),
            ]
          })
      ]
    }
    func codes(_ act: (inout Stage) -> [String]) -> [String] { act(&stage).filter { $0.hasPrefix("tell code") } }
    let settings = [
      ("URLTemplate", "https://x.example/{chargingstationid}/{evse}/{totp}/{version}"), ("ValidityTime", "30"),
      ("Length", "8"), ("SharedSecret", "s3cret"),
    ]
    #expect(codes { $0.ask("SetVariables", set(settings)) } == [])
    let shown = codes { $0.ask("SetVariables", set([("Enabled", "true")])) }
    #expect(shown.count == stage.model.profile.connectors)
    #expect(shown[0].contains("https://x.example/\(stage.model.profile.identity)/1/") && shown[0].contains("/v1"))
    let next = try #require(stage.model.codesEnd(after: stage.now))
    #expect(next > stage.now.time && next.milliseconds % 30_000 == 0)
    let later = codes { $0.after(30) }
    #expect(later.count == shown.count && later[0] != shown[0])
    var old = self.stage(.v201)
    let answer = try result(old.ask("SetVariables", set([("Enabled", "true")])))
    #expect(answer["setVariableResult"]?[0]?["attributeStatus"] == "UnknownComponent")
  }

  @Test func aReservationHoldsAConnectorForOneDriverAndEnds() throws {
    var stage = stage(.v21)
    let wish: JSON = [
      "id": 9, "expiryDateTime": .string((stage.now.time + .seconds(600)).text), "evseId": 1,
      "idToken": ["idToken": "CARD", "type": "ISO14443"],
    ]
    #expect(try result(stage.ask("ReserveNow", wish))["status"] == "Accepted")
    stage.settle()
    #expect(stage.payloads("StatusNotification").last?["connectorStatus"]?.string == "Reserved")
    var other = wish
    other["id"] = 10
    #expect(try result(stage.ask("ReserveNow", other))["status"] == "Occupied")
    stage.act { $0.plugIn(1, tag: "CARD", car: Car(), at: $1) }
    stage.settle()
    #expect(stage.payloads("TransactionEvent").first?["reservationId"]?.int == 9)
    #expect(try result(stage.ask("CancelReservation", ["reservationId": 9]))["status"] == "Rejected")
    other["evseId"] = 2
    #expect(try result(stage.ask("ReserveNow", other))["status"] == "Accepted")
    stage.after(601)
    stage.settle()
    #expect(stage.payloads("ReservationStatusUpdate").map { $0["reservationUpdateStatus"]?.string } == ["Expired"])
  }

  @Test func aLocalListIsBelievedWithoutTheHouse() throws {
    var stage = stage()
    let list: JSON = [
      "versionNumber": 3, "updateType": "Full",
      "localAuthorizationList": [
        ["idToken": ["idToken": "LISTED", "type": "ISO14443"], "idTokenInfo": ["status": "Accepted"]]
      ],
    ]
    #expect(try result(stage.ask("SendLocalList", list))["status"] == "Accepted")
    var older = list
    older["updateType"] = "Differential"
    #expect(try result(stage.ask("SendLocalList", older))["status"] == "VersionMismatch")
    #expect(try result(stage.ask("GetLocalListVersion", [:]))["versionNumber"]?.int == 3)
    stage.lose()
    stage.act { $0.plugIn(1, tag: "LISTED", car: Car(), at: $1) }
    stage.comeBack()
    stage.settle()
    #expect(stage.payloads("TransactionEvent").first?["idToken"]?["idToken"]?.string == "LISTED")
  }

  @Test func messagesAndCertificatesAreKept() throws {
    var stage = stage(.v21)
    let message: JSON = ["id": 1, "priority": "NormalCycle", "message": ["format": "UTF8", "content": "Hello"]]
    #expect(try result(stage.ask("SetDisplayMessage", ["message": message]))["status"] == "Accepted")
    _ = stage.ask("GetDisplayMessages", ["requestId": 2])
    stage.settle()
    #expect(stage.payloads("NotifyDisplayMessages").first?["messageInfo"]?.array?.count == 1)
    #expect(try result(stage.ask("ClearDisplayMessage", ["id": 1]))["status"] == "Accepted")
    #expect(try result(stage.ask("GetDisplayMessages", ["requestId": 3]))["status"] == "Unknown")
    let held = try result(stage.ask("GetInstalledCertificateIds", [:]))
    let hashes = try #require(held["certificateHashDataChain"]?.array?.first?["certificateHashData"])
    #expect(try result(stage.ask("DeleteCertificate", ["certificateHashData": hashes]))["status"] == "Accepted")
    #expect(try result(stage.ask("GetInstalledCertificateIds", [:]))["status"] == "NotFound")
  }

  // MARK: Bad habits

  private func spoilt(_ habit: StationHabit, _ frame: String) -> String {
    var profile = Stage.profile()
    profile.take(habit)
    return String(decoding: StationModel(profile, seed: 1).spoilt(Bytes(utf8: frame)), as: UTF8.self)
  }

  @Test(arguments: [
    (
      StationHabit.noTimeZone, #"[2,"1","Heartbeat",{"t":"2026-03-01T12:00:00Z","z":"Z"}]"#,
      #"[2,"1","Heartbeat",{"t":"2026-03-01T12:00:00","z":"Z"}]"#
    ),
    (
      .brokenJSON, #"[2,"1","MeterValues",{"connectorId":1,"transactionId":17,"meterValue":[]}]"#,
      #"[2,"1","MeterValues",{"connectorId":1,"transactionId":,"meterValue":[]}]"#
    ),
    (.unknownWords, #"{"errorCode":"NoError"}"#, #"{"errorCode":"Error"}"#),
    (.foreignIDs, #"[3,"7",{}]"#, #"[3,"own-7",{}]"#), (.noBoot, #"[2,"1","X",{}]"#, #"[2,"1","X",{}]"#),
  ])
  func aBadHabitShowsInTheFrame(habit: StationHabit, frame: String, spoiltFrame: String) {
    #expect(spoilt(habit, frame) == spoiltFrame)
  }

  @Test func aStationThatIgnoresAStopChargesOn() {
    var stage = Stage(
      Stage.profile {
        $0.version = .v201
        $0.take(.ignoresStop)
      })
    stage.act { $0.start(at: $1) }
    stage.act { $0.opened(at: $1) }
    stage.settle()
    stage.act { $0.plugIn(1, tag: "CARD", car: Car(), at: $1) }
    stage.settle()
    let name = stage.payloads("TransactionEvent").first?["transactionInfo"]?["transactionId"]
    #expect(
      stage.ask("RequestStopTransaction", ["transactionId": name ?? ""]).first == #"result {"status":"Accepted"}"#)
    stage.after(60)
    stage.settle()
    #expect(!stage.payloads("TransactionEvent").contains { $0["eventType"]?.string == "Ended" })
  }
}
