import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What stations tell of themselves: monitors, alerts, streams, displays and customers.
@MainActor struct DiagnosingTests {
  let house: HouseUnderTest
  let station: Caller
  private let identity = StationIdentity("CS-1")!
  private let name = SettingName(reading: "EVSE#1.Temperature")

  init() throws {
    house = try HouseUnderTest().furnish()
    station = try house.connect("CS-1")
  }

  private var id: ID<Station> { get throws { try house.station("CS-1").id } }

  private func tell(_ alert: Alert) throws {
    try house.decide { [station] () throws(TurnFault) in try station.desk.alert([alert]) }
  }

  private func alert(_ number: Int, _ trigger: Alert.Trigger = .alerting, isCleared: Bool = false) -> Alert {
    var alert = Alert(
      number: number, at: house.now, name: name, trigger: trigger, value: "82", isCleared: isCleared)
    (alert.monitor, alert.severity) = (7, 2)
    return alert
  }

  private func open() throws -> [KeptAlert] { try house.books.monitors.alerts(isOpen: true, limit: 10) }

  @Test func anAlertWaitsUntilTheStationSaysThatItIsOver() throws {
    try tell(alert(1))
    #expect(try open().map(\.alert) == [alert(1)])
    try tell(alert(2, isCleared: true))
    #expect(try open() == [])
    #expect(try house.books.monitors.alerts(limit: 10).count == 2)
    #expect(try house.count("station.alert") == 2)
  }

  @Test func anAlertWaitsUntilTheOperatorHasSeenIt() async throws {
    try tell(alert(1))
    let kept = try #require(try open().first)
    try await house.csms.settleAlert(kept.id, by: "operator:anna")
    #expect(try open() == [])
    #expect(try house.books.monitors.alert(kept.id)?.endedBy == "operator:anna")
    await #expect(throws: Refusal.notFound("no such alert waits")) {
      try await house.csms.settleAlert(kept.id, by: "operator:anna")
    }
  }

  @Test func whatComesPeriodicallyIsKeptAndNoNews() throws {
    try tell(alert(1, .periodic))
    #expect(try open() == [])
    #expect(try house.books.monitors.alerts(limit: 10).count == 1)
    #expect(try house.count("station.alert") == 0)
  }

  @Test func theWorseAreFound() throws {
    var mild = alert(1)
    mild.severity = 8
    try tell(mild)
    try tell(alert(2))
    #expect(try house.books.monitors.alerts(severity: 2, limit: 10).map(\.alert.number) == [2])
  }

  // MARK: Monitors

  private func monitors() throws -> [Monitor] { try house.books.monitors.list(of: try id) }

  @Test func aMonitorGetsItsNumberFromTheStationAndGoesWhenItIsCleared() async throws {
    let wish = MonitoringCommand.Wish(name, kind: .above, value: Decimal(805, places: 1), severity: 2)
    _ = try await house.csms.command(.monitoring(.set([wish])), to: identity, by: "anna")
    try house.stations.last.answer(
      .accepted(answer: [
        "monitors": [["monitor": 7, "key": "EVSE#1.Temperature", "kind": "above", "accepted": true]]
      ]))
    house.settle()
    #expect(
      try monitors() == [
        Monitor(
          number: 7, name: name, kind: .above, value: Decimal(805, places: 1), severity: 2, isForSessions: false,
          origin: .custom)
      ])
    _ = try await house.csms.command(.monitoring(.clear([7, 8])), to: identity, by: "anna")
    try house.stations.last.answer(
      .refused(
        word: "Rejected",
        answer: ["monitors": [["monitor": 7, "accepted": true], ["monitor": 8, "accepted": false]]]))
    house.settle()
    #expect(try monitors() == [])
  }

  private func report(_ numbers: [Int], of request: Int64) throws {
    let told = numbers.map {
      Monitor(number: $0, name: name, kind: .below, value: Decimal(1), severity: 5, isForSessions: true)
    }
    try house.decide { [station] () throws(TurnFault) in
      try station.desk.report(told, in: ReportPart(request: request, number: 0, isLast: true))
    }
  }

  @Test func aReportOfAllMonitorsReplacesThem() async throws {
    for (numbers, seconds) in [([1, 2], 60), ([2], 0)] {
      _ = try await house.csms.command(.monitoring(.report(id: 0, [], kinds: [])), to: identity, by: "anna")
      guard case .monitoring(.report(let id, _, _)) = try house.stations.last.command else { throw TestFault("none") }
      try report(numbers, of: id)
      #expect(try monitors().map(\.number) == numbers)
      house.clock.now += .seconds(seconds)
    }
  }

  // MARK: Streams

  @Test func aStreamsValuesAreKeptByItsMonitor() throws {
    let isOpen = try house.decide { [station] () throws(TurnFault) in
      try station.desk.open(ValueStream(number: 1, monitor: 9, seconds: 10, values: nil))
    }
    #expect(isOpen)
    let values = (1...3).map { StreamedValue(at: house.now + .seconds($0), value: "\($0)") }
    try house.decide { [station] () throws(TurnFault) in try station.desk.take(values, of: 1, pending: 4) }
    #expect(try house.books.monitors.values(of: 9, station: id, limit: 10).map(\.value) == ["3", "2", "1"])
    #expect(try house.books.monitors.streams(of: id).first?.pending == 4)
    try house.decide { [station] () throws(TurnFault) in try station.desk.close(stream: 1) }
    #expect(try house.books.monitors.streams(of: id) == [])
    try house.decide { [station] () throws(TurnFault) in try station.desk.take(values, of: 1, pending: 0) }
    #expect(try house.count("station.oddity") == 1)
  }

  @Test func onlyTheNewestValuesAreKept() throws {
    let keptValues = 1_000
    try house.decide { [station] () throws(TurnFault) in
      _ = try station.desk.open(ValueStream(number: 1, monitor: 9, seconds: 10, values: nil))
      let many = (1...(keptValues + 5)).map { StreamedValue(at: .epoch, value: "\($0)") }
      try station.desk.take(many, of: 1, pending: 0)
    }
    let count: Int? = try house.books.db.value("SELECT count(*) FROM streamed_value")
    #expect(count == keptValues)
    #expect(
      try house.books.monitors.values(of: 9, station: id, limit: 1).first?.value == "\(keptValues + 5)"
    )
  }

  // MARK: Displays

  private var shown: [DisplayMessage] { get throws { try house.books.displays.list(of: try id, at: house.now) } }

  @Test func aMessageIsNumberedShownAndTakenBack() async throws {
    var message = DisplayMessage(number: 0, text: DisplayMessage.Text("Out of order", language: "en"))
    message.priority = .first
    message.display = SettingName(reading: "Display[left].*")
    message.translations = [DisplayMessage.Text("Defekt", language: "de")]
    for number in [1, 2] {
      _ = try await house.csms.show(message, at: identity, by: "anna")
      try house.stations.last.answer(.accepted(answer: ["status": "Accepted"]))
      house.settle()
      #expect(try shown.last?.number == number)
    }
    #expect(try shown.first?.text == message.text && shown.first?.translations == message.translations)
    #expect(try shown.first?.priority == .first && shown.first?.display == message.display)
    _ = try await house.csms.command(.display(.clear(1)), to: identity, by: "anna")
    try house.stations.last.answer(.accepted(answer: ["status": "Accepted"]))
    house.settle()
    #expect(try shown.map(\.number) == [2])
  }

  private func show(_ number: Int, _ change: (inout DisplayMessage) -> Void) async throws {
    var message = DisplayMessage(number: number, text: DisplayMessage.Text("x"))
    change(&message)
    _ = try await house.csms.show(message, at: identity, by: "anna")
    try house.stations.last.answer(.accepted(answer: ["status": "Accepted"]))
    house.settle()
  }

  @Test func whatAStationDoesNotKnowItDoesNotShow() async throws {
    for number in 1...3 { try await show(number) { _ in } }
    _ = try await house.csms.command(.display(.clear(2)), to: identity, by: "anna")
    try house.stations.last.answer(.refused(word: "Unknown", answer: [:]))
    house.settle()
    #expect(try shown.map(\.number) == [1, 3])
    for (numbers, left) in [([3], [1]), ([], [])] as [([Int], [Int])] {
      let wish = DisplayCommand.report(id: 0, numbers, priority: nil, moment: nil)
      _ = try await house.csms.command(.display(wish), to: identity, by: "anna")
      try house.stations.last.answer(.refused(word: "Unknown", answer: [:]))
      house.settle()
      #expect(try shown.map(\.number) == left)
    }
  }

  @Test func aReportThatLostAPartForgetsNoMessage() async throws {
    for number in 1...2 { try await show(number) { _ in } }
    house.clock.now += .seconds(60)
    let all = DisplayCommand.report(id: 0, [], priority: nil, moment: nil)
    _ = try await house.csms.command(.display(all), to: identity, by: "anna")
    guard case .display(.report(let asked, _, _, _)) = try house.stations.last.command else {
      throw TestFault("nothing was asked")
    }
    try house.stations.last.answer(.accepted(answer: ["status": "Accepted"]))
    let last = ReportPart(request: asked, number: 1, isLast: true)
    try house.decide { [desk = station.desk] () throws(TurnFault) in
      try desk.report([DisplayMessage(number: 2, text: DisplayMessage.Text("x"))], in: last)
    }
    #expect(try shown.map(\.number) == [1, 2])
  }

  @Test func aMessageIsShownUntilItsTimeIsOver() async throws {
    let end = house.now + .seconds(60)
    try await show(1) { $0.to = end }
    #expect(try shown.count == 1)
    house.pass(60)
    #expect(try shown == [])
  }

  @Test func aDisplayHasOneMessageThatIsShownAlone() async throws {
    try await show(1) { $0.priority = .alone }
    try await show(2) { $0.priority = .first }
    try await show(3) {
      $0.priority = .alone
      $0.display = SettingName(reading: "Display[left].*")
    }
    try await show(4) { $0.priority = .alone }
    #expect(try shown.map(\.number) == [2, 3, 4])
  }

  @Test func aMessageThatIsRefusedIsNotShown() async throws {
    let message = DisplayMessage(number: 0, text: DisplayMessage.Text("x"))
    _ = try await house.csms.show(message, at: identity, by: "anna")
    try house.stations.last.answer(.refused(word: "NotSupportedPriority", answer: [:]))
    house.settle()
    #expect(try shown == [])
  }

  // MARK: Serving the grid

  @Test func gridControlsAreKeptTurnedAndTakenBack() async throws {
    let control = GridControl(id: "c1", kind: "VoltWatt", isDefault: false, settings: ["priority": 1])
    for (id, superseded) in [("c0", []), ("c1", ["c0"])] as [(String, [JSON])] {
      var one = control
      one.id = id
      _ = try await house.csms.command(.grid(.set(one)), to: identity, by: "anna")
      try house.stations.last.answer(.accepted(answer: ["status": "Accepted", "superseded": .array(superseded)]))
      house.settle()
    }
    var kept: [KeptControl] { get throws { try house.books.grid.list(of: try id) } }
    #expect(try kept.map(\.control.isSuperseded) == [true, false])
    try house.decide { [station] () throws(TurnFault) in
      try station.desk.control("c1", isRunning: true, inPlaceOf: [], at: .epoch)
    }
    #expect(try kept.last?.isRunning == true)
    #expect(try house.count("station.grid_control") == 1)
    _ = try await house.csms.command(.grid(.clear(id: "c1", kind: nil, isDefault: false)), to: identity, by: "anna")
    try house.stations.last.answer(.accepted(answer: ["status": "Accepted"]))
    house.settle()
    #expect(try kept.map(\.control.id) == ["c0"])
  }

  @Test func nobodySwapsWhoMayNot() async throws {
    let swap = StationCommand.swap(SwapCommand(token: "04A1"))
    await #expect(throws: Refusal.notFound("no token 04A1")) {
      try await house.csms.command(swap, to: identity, by: "anna")
    }
    try house.addToken("04A1")
    _ = try await house.csms.command(swap, to: identity, by: "anna")
    let sent = try house.stations.last
    try house.addToken("04A2", valid: false)
    await #expect(throws: Refusal.conflict("the token is blocked, expired or without credit")) {
      try await house.csms.command(.swap(SwapCommand(token: "04A2")), to: identity, by: "anna")
    }
    guard case .swap(let last) = try house.stations.last.command, case .swap(let first) = sent.command else {
      throw TestFault("none")
    }
    #expect(last.id == first.id, "nothing was sent")
  }

  @Test func aSwapIsNumberedAndKept() async throws {
    try house.addToken("04A1")
    _ = try await house.csms.command(.swap(SwapCommand(token: "04A1")), to: identity, by: "anna")
    guard case .swap(let sent) = try house.stations.last.command else { throw TestFault("none") }
    #expect(sent.id > 0)
    let battery = BatterySwap.Battery(
      evse: 1, serialNumber: "B-1", stateOfCharge: Decimal(875, places: 1), stateOfHealth: Decimal(99))
    let swap = BatterySwap(request: sent.id, step: .givenOut, token: "04A1", batteries: [battery])
    try house.decide { [station] () throws(TurnFault) in try station.desk.swapped(swap) }
    #expect(try house.books.swaps.list(of: try id, limit: 10).map(\.swap) == [swap])
    #expect(try house.count("station.battery_swapped") == 1)
  }

  // MARK: Customers

  @Test func whatAStationKnowsOfACustomerIsJoined() async throws {
    let command = CustomerCommand(id: 0, person: .identifier("C-17"), isTold: true, isForgotten: false)
    _ = try await house.csms.command(.customer(command), to: identity, by: "anna")
    guard case .customer(let sent) = try house.stations.last.command else { throw TestFault("none") }
    for (number, text) in ["3 sessions, ", "last on Monday"].enumerated() {
      try house.decide { [station] () throws(TurnFault) in
        try station.desk.report(customer: text, in: ReportPart(request: sent.id, number: number, isLast: number == 1))
      }
    }
    let report = try #require(try house.books.reports.list(of: try id, kind: .customer, limit: 1).first)
    #expect(report.text == "3 sessions, last on Monday")
    #expect(report.endedAt != nil)
  }
}
