import Domain
import Testing
import Wire

@testable import OCPP

@MainActor @Suite struct DiagnosticsTests {
  private let desk = Desk()

  private func check(_ request: CommandRequest, _ edition: Edition) throws {
    guard OfficialSchemas.package != nil else { return }
    #expect(try OfficialSchemas(edition).schema(request.action).flaws(in: JSON.parse(request.payload)) == [])
  }

  @Test(
    arguments: [
      (.base(.factory), "SetMonitoringBase"), (.level(3), "SetMonitoringLevel"),
      (.set([wish]), "SetVariableMonitoring"), (.clear([1, 2]), "ClearVariableMonitoring"),
      (.report(id: 4, [SettingName(reading: "A.B")], kinds: [.threshold]), "GetMonitoringReport"),
      (.report(id: 4, [], kinds: []), "GetMonitoringReport"),
    ] as [(MonitoringCommand, String)])
  func whatIsAskedAboutMonitorsIsValid(_ command: MonitoringCommand, _ action: String) throws {
    for edition in [Edition.v201, .v21] {
      let request = try V2.request(command, edition)
      #expect(request.action == action)
      try check(request, edition)
    }
  }

  private nonisolated static var wish: MonitoringCommand.Wish {
    MonitoringCommand.Wish(SettingName(reading: "EVSE#1.Temperature"), kind: .above, value: 80, severity: 2)
  }

  @Test func streamsAreAMatterOf21() throws {
    #expect(throws: Unspeakable.self) { try V2.request(MonitoringCommand.streams, .v201) }
    try check(try V2.request(MonitoringCommand.streams, .v21), .v21)
    try check(try V2.request(.adjustStream(3, seconds: 10, values: 20), .v21), .v21)
    var streamed = Self.wish
    streamed.streamSeconds = 5
    try check(try V2.request(.set([streamed]), .v21), .v21)
  }

  @Test func aMonitorsNumberIsTold() throws {
    let request = try V2.request(.set([Self.wish]), .v201)
    let outcome = request.outcome([
      "setMonitoringResult": [
        [
          "id": 7, "status": "Accepted", "type": "UpperThreshold", "severity": 2,
          "component": ["name": "EVSE", "evse": ["id": 1]], "variable": ["name": "Temperature"],
        ]
      ]
    ])
    #expect(
      outcome
        == .accepted(answer: [
          "monitors": [
            [
              "monitor": 7, "key": "EVSE#1.Temperature", "kind": "above", "accepted": true, "status": "Accepted",
              "reason": nil,
            ]
          ]
        ]))
  }

  @Test func alertsAreTold() throws {
    let reply = try answer(
      V2.NotifyEvent.route,
      """
      {"generatedAt":"2026-03-01T12:00:00Z","seqNo":0,"eventData":[{"eventId":5,"timestamp":"2026-03-01T11:59:00Z",
       "trigger":"Alerting","actualValue":"82","cleared":true,"techCode":"E7","component":{"name":"EVSE","evse":{"id":1}},
       "variable":{"name":"Temperature"},"variableMonitoringId":7,"eventNotificationType":"CustomMonitor"}]}
      """, desk)
    #expect(reply == "{}")
    let alert = try #require(desk.alerts.first)
    #expect(alert.name.description == "EVSE#1.Temperature" && alert.value == "82" && alert.code == "E7")
    #expect(alert.isCleared && alert.monitor == 7 && alert.origin == .custom && alert.trigger == .alerting)
    #expect(alert.at == Timestamp("2026-03-01T11:59:00Z"))
  }

  @Test func monitorsAreTold() throws {
    _ = try answer(
      V2.NotifyMonitoringReport.route,
      """
      {"requestId":3,"seqNo":0,"generatedAt":"2026-03-01T12:00:00Z","monitor":[{"component":{"name":"A"},
       "variable":{"name":"B"},"variableMonitoring":[{"id":1,"transaction":true,"value":1.5,"type":"Delta","severity":4},
       {"id":2,"transaction":false,"value":2,"type":"Guess","severity":4}]}]}
      """, desk)
    #expect(
      desk.monitors == [
        Monitor(
          number: 1, name: SettingName(reading: "A.B"), kind: .change, value: Decimal(15, places: 1), severity: 4,
          isForSessions: true)
      ])
    #expect(desk.flags.map(\.kind) == [.unknownWord])
  }

  @Test func streamsAreOpenedFedAndClosed() throws {
    let open = #"{"constantStreamData":{"id":1,"variableMonitoringId":9,"params":{"interval":10,"values":5}}}"#
    #expect(try answer(V2.OpenPeriodicEventStream.route, open, desk, edition: .v21) == #"{"status":"Accepted"}"#)
    #expect(try answer(V2.OpenPeriodicEventStream.route, open, desk, edition: .v21) == #"{"status":"Rejected"}"#)
    #expect(desk.streams.first == ValueStream(number: 1, monitor: 9, seconds: 10, values: 5))
    _ = try answer(
      V2.NotifyPeriodicEventStream.route,
      #"{"id":1,"pending":0,"basetime":"2026-03-01T12:00:00Z","data":[{"t":1.5,"v":"230.1"},{"t":2,"v":"230.2"}]}"#,
      desk,
      edition: .v21)
    let base = try #require(Timestamp("2026-03-01T12:00:00Z"))
    #expect(
      desk.streamed == [
        StreamedValue(at: base + .milliseconds(1_500), value: "230.1"),
        StreamedValue(at: base + .seconds(2), value: "230.2"),
      ])
    #expect(try answer(V2.ClosePeriodicEventStream.route, #"{"id":1}"#, desk, edition: .v21) == "{}")
    #expect(try answer(V2.OpenPeriodicEventStream.route, open, desk).hasPrefix("NotImplemented"))
  }

  // MARK: Serving the grid

  @Test func aGridControlIsReadAsItIsDeclared() throws {
    let curve: JSON = [
      "curveData": [["x": 1, "y": 2.5]], "priority": 0, "yUnit": "PctMaxW",
    ]
    let droop: JSON = [
      "priority": 1, "overFreq": 50.2, "underFreq": 49.8, "overDroop": 5, "underDroop": 5, "responseTime": 2,
    ]
    for (kind, settings) in [("voltwatt", curve), ("FreqDroop", droop)] {
      let control = GridControl(id: "c1", kind: kind, isDefault: true, settings: settings)
      try check(try V2.request(GridCommand.set(control), .v21), .v21)
      #expect(throws: Unspeakable.self) { try V2.request(GridCommand.set(control), .v201) }
    }
    for (kind, settings) in [("VoltWatt", droop), ("Nonsense", curve), ("EnterService", [:])] as [(String, JSON)] {
      let control = GridControl(id: "c1", kind: kind, isDefault: true, settings: settings)
      #expect(throws: Unspeakable.self) { try V2.request(GridCommand.set(control), .v21) }
    }
  }

  @Test(arguments: [
    GridCommand.clear(id: "c1", kind: nil, isDefault: false), .clear(id: nil, kind: "VoltVar", isDefault: true),
    .report(id: 3, control: nil, kind: nil, isDefault: nil),
    .report(id: 3, control: "c1", kind: "WattVar", isDefault: true),
  ])
  func whatIsAskedAboutGridControlsIsValid(_ command: GridCommand) throws {
    try check(try V2.request(command, .v21), .v21)
  }

  @Test func gridControlsAreTold() throws {
    _ = try answer(
      V2.ReportDERControl.route,
      """
      {"requestId":3,"curve":[{"id":"c1","curveType":"VoltWatt","isDefault":true,"isSuperseded":false,
       "curve":{"curveData":[{"x":1,"y":2}],"priority":0,"yUnit":"PctMaxW"}}],
       "gradient":[{"id":"g1","gradient":{"priority":0,"gradient":2.5,"softGradient":1}}]}
      """, desk, edition: .v21)
    #expect(desk.controls.map(\.id) == ["c1", "g1"])
    #expect(desk.controls.map(\.kind) == ["VoltWatt", "Gradients"])
    #expect(desk.controls.first?.settings["yUnit"] == "PctMaxW")
    _ = try answer(
      V2.NotifyDERStartStop.route,
      #"{"controlId":"c1","started":true,"timestamp":"2026-03-01T12:00:00Z","supersededIds":["c0"]}"#, desk,
      edition: .v21)
    #expect(desk.turned == [#"c1 true ["c0"]"#])
    _ = try answer(
      V2.NotifyDERAlarm.route,
      #"{"controlType":"HVMustTrip","gridEventFault":"OverVoltage","timestamp":"2026-03-01T12:00:00Z"}"#, desk,
      edition: .v21)
    #expect(desk.alerts.map(\.name.description) == ["DERCtrlr.HVMustTrip"])
    #expect(desk.alerts.map(\.value) == ["OverVoltage"])
  }

  @Test func batteriesAreSwapped() throws {
    try check(try V2.request(SwapCommand(id: 5, token: "04A1"), .v21), .v21)
    _ = try answer(
      V2.BatterySwap.route,
      """
      {"batteryData":[{"evseId":2,"serialNumber":"B-1","soC":87.5,"soH":99}],"eventType":"BatteryOut",
       "idToken":{"idToken":"04A1","type":"ISO14443"},"requestId":5}
      """, desk, edition: .v21)
    let battery = BatterySwap.Battery(
      evse: 2, serialNumber: "B-1", stateOfCharge: Decimal(875, places: 1), stateOfHealth: Decimal(99))
    #expect(desk.swaps == [BatterySwap(request: 5, step: .givenOut, token: "04A1", batteries: [battery])])
  }

  // MARK: Displays and customers

  @Test func aMessageTravelsBothWays() throws {
    var message = DisplayMessage(number: 4, text: DisplayMessage.Text("Hello", language: "en"))
    (message.priority, message.moment) = (.first, .idle)
    message.display = SettingName(component: "Display", componentInstance: "left", variable: "*")
    let request = try V2.request(DisplayCommand.show(message), .v201)
    try check(request, .v201)
    let sent = try #require(JSON.parse(request.payload)["message"])
    let report: JSON = ["requestId": 2, "messageInfo": [sent]]
    _ = try answer(V2.NotifyDisplayMessages.route, report.text, desk)
    #expect(desk.messages == [message])
    #expect(desk.parts == [ReportPart(request: 2, number: nil, isLast: true)])
  }

  @Test func severalLanguagesAreAMatterOf21() throws {
    var message = DisplayMessage(number: 4, text: DisplayMessage.Text("Hello", language: "en"))
    message.translations = [DisplayMessage.Text("Hallo", language: "de")]
    #expect(throws: Unspeakable.self) { try V2.request(DisplayCommand.show(message), .v201) }
    try check(try V2.request(DisplayCommand.show(message), .v21), .v21)
  }

  @Test(arguments: [
    DisplayCommand.clear(4), .report(id: 1, [], priority: nil, moment: nil),
    .report(id: 1, [4], priority: .alone, moment: .charging),
  ])
  func whatIsAskedOfADisplayIsValid(_ command: DisplayCommand) throws {
    try check(try V2.request(command, .v201), .v201)
    try check(try V2.request(command, .v21), .v21)
  }

  @Test(
    arguments: [
      .token(uid: "04A1", kind: nil), .token(uid: "DE-OST-1", kind: "eMAID"), .identifier("C-17"),
      .certificate([
        "hashAlgorithm": "SHA256", "issuerNameHash": "aa", "issuerKeyHash": "bb", "serialNumber": "1",
      ]),
    ] as [CustomerCommand.Person])
  func aCustomerIsNamedInThreeWays(_ person: CustomerCommand.Person) throws {
    let command = CustomerCommand(id: 3, person: person, isTold: true, isForgotten: true)
    try check(try V2.request(command, .v201), .v201)
    try check(try V2.request(command, .v21), .v21)
  }

  @Test func whatAStationKnowsOfACustomerIsTold() throws {
    _ = try answer(
      V2.NotifyCustomerInformation.route,
      #"{"data":"3 sessions","seqNo":1,"tbc":true,"generatedAt":"2026-03-01T12:00:00Z","requestId":8}"#, desk)
    #expect(desk.customers == ["3 sessions"])
    #expect(desk.parts == [ReportPart(request: 8, number: 1, isLast: false)])
  }
}
