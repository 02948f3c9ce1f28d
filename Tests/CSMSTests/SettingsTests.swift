import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Stations' settings: what is set and asked, what was told, and what the operator wants.
@MainActor struct SettingsTests {
  let house: HouseUnderTest
  let station: Caller
  private let identity = StationIdentity("CS-1")!

  init() throws {
    house = try HouseUnderTest().furnish()
    station = try house.connect("CS-1")
  }

  private var id: ID<Station> { get throws { try house.station("CS-1").id } }

  private func value(_ key: String) throws -> String? {
    try house.books.device.value(SettingName(reading: key), of: try id)?.value.value
  }

  private func record(_ id: String) throws -> CommandRecord {
    try #require(try house.books.commands.command(id)).record
  }

  private func settings(_ keys: String...) -> StationCommand {
    .settings(.set(keys.map { SettingsCommand.Setting(SettingName(reading: $0), value: "1") }))
  }

  private func told(_ key: String, _ isAccepted: Bool = true) -> JSON {
    [
      "settings": [
        ["key": .string(key), "accepted": .bool(isAccepted), "status": isAccepted ? "Accepted" : "Rejected"]
      ]
    ]
  }

  // MARK: In pieces

  private func splitting() {
    house.stations.split = { command in
      guard case .settings(.set(let all)) = command else { return [command] }
      return all.map { .settings(.set([$0])) }
    }
  }

  @Test func aCommandInPiecesIsOneInTheBooks() async throws {
    splitting()
    let sent = try await house.csms.command(settings("A", "B", "C"), to: identity, by: "anna")
    #expect(house.stations.commands == [settings("A")])
    try house.stations.last.answer(.accepted(answer: told("A")))
    #expect(house.stations.commands == [settings("A"), settings("B")])
    try house.stations.last.answer(.accepted(answer: told("B")))
    #expect(try record(sent.id).phase == .sent)
    try house.stations.last.answer(.accepted(answer: told("C")))
    house.settle()
    let record = try record(sent.id)
    #expect(record.phase == .done)
    #expect(record.answer["settings"]?.array?.compactMap { $0["key"]?.string } == ["A", "B", "C"])
    #expect(try value("B") == "1")
  }

  @Test func aRefusedPieceKeepsNoOtherBack() async throws {
    splitting()
    let sent = try await house.csms.command(settings("A", "B"), to: identity, by: "anna")
    try house.stations.last.answer(.refused(word: "Rejected", answer: told("A", false)))
    try house.stations.last.answer(.accepted(answer: told("B")))
    house.settle()
    #expect(try record(sent.id).phase == .refused)
    #expect(try value("A") == nil)
    #expect(try value("B") == "1")
  }

  @Test(arguments: [CommandOutcome.timedOut, .disconnected, .failed(code: "InternalError", description: "no")])
  func whatIsNotAnsweredEndsTheWhole(_ outcome: CommandOutcome) async throws {
    splitting()
    let sent = try await house.csms.command(settings("A", "B", "C"), to: identity, by: "anna")
    try house.stations.last.answer(.accepted(answer: told("A")))
    try house.stations.last.answer(outcome)
    house.settle()
    #expect(try record(sent.id).phase == .failed)
    #expect(house.stations.commands.count == 2)
  }

  // MARK: What is learned

  @Test func whatAStationTellsOfItsSettingsIsKept() async throws {
    _ = try await house.csms.command(.getConfiguration(keys: []), to: identity, by: "anna")
    try house.stations.last.answer(
      .accepted(answer: [
        "settings": [
          ["key": "HeartbeatInterval", "value": "300", "read_only": false],
          ["key": "NumberOfConnectors", "value": "2", "read_only": true],
          ["key": "AuthorizationKey", "value": "(hidden)"],
        ], "unknown": [],
      ]))
    house.settle()
    #expect(try value("heartbeatinterval") == "300")
    let fixed = try #require(try house.books.device.value(SettingName(reading: "NumberOfConnectors"), of: id))
    #expect(fixed.value.access == .readOnly)
    #expect(try value("AuthorizationKey") == nil)
  }

  @Test func whatAStationTookIsKept() async throws {
    _ = try await house.csms.command(.setConfiguration(key: "HeartbeatInterval", value: "60"), to: identity, by: "anna")
    try house.stations.last.answer(.accepted(answer: told("HeartbeatInterval")))
    house.settle()
    #expect(try value("HeartbeatInterval") == "60")
  }

  // MARK: Reports

  private func report(_ values: [String: String], _ number: Int, last: Bool, of request: Int64) throws {
    let told = values.sorted { $0.key < $1.key }.map { DeviceValue(SettingName(reading: $0.key), value: $0.value) }
    try house.decide { [station] () throws(TurnFault) in
      try station.desk.report(told, in: ReportPart(request: request, number: number, isLast: last))
    }
  }

  private func ask(_ inventory: SettingsCommand.Inventory = .full) async throws -> Int64 {
    _ = try await house.csms.command(.settings(.report(id: 0, inventory)), to: identity, by: "anna")
    guard case .settings(.report(let id, _)) = try house.stations.last.command else { throw TestFault("no report") }
    try house.stations.last.answer(.accepted(answer: ["status": "Accepted"]))
    house.settle()
    return id
  }

  @Test func aReportIsGatheredPartByPart() async throws {
    let id = try await ask()
    #expect(id > 0)
    try report(["A.B": "1"], 0, last: false, of: id)
    #expect(try house.count("station.reported") == 0)
    try report(["C.D": "2"], 1, last: true, of: id)
    #expect(try house.count("station.reported") == 1)
    let kept = try #require(try house.books.reports.report(id, of: try self.id))
    #expect(kept.parts == 2 && kept.missing == 0 && kept.endedAt != nil)
    #expect(try value("A.B") == "1")
    #expect(try value("C.D") == "2")
  }

  @Test func whatAWholeReportDoesNotTellIsNoLongerThere() async throws {
    try report(["Old.One": "1"], 0, last: true, of: try await ask())
    house.clock.now += .seconds(60)
    try report(["New.One": "2"], 0, last: true, of: try await ask())
    #expect(try value("Old.One") == nil)
    #expect(try value("New.One") == "2")
  }

  @Test(arguments: [SettingsCommand.Inventory.configuration, .summary])
  func aShorterReportForgetsNothing(_ inventory: SettingsCommand.Inventory) async throws {
    try report(["Old.One": "1"], 0, last: true, of: try await ask())
    house.clock.now += .seconds(60)
    try report(["New.One": "2"], 0, last: true, of: try await ask(inventory))
    #expect(try value("Old.One") == "1")
  }

  @Test func aLostPartIsSeenAndForgetsNothing() async throws {
    try report(["Old.One": "1"], 0, last: true, of: try await ask())
    house.clock.now += .seconds(60)
    let id = try await ask()
    try report(["New.One": "2"], 1, last: true, of: id)
    #expect(try house.books.reports.report(id, of: try self.id)?.missing == 1)
    #expect(try value("Old.One") == "1")
  }

  @Test func aPartThatComesAgainChangesNothing() async throws {
    let id = try await ask()
    try report(["A.B": "1"], 0, last: true, of: id)
    try report(["A.B": "1"], 0, last: true, of: id)
    #expect(try house.count("station.reported") == 1)
    #expect(try house.books.reports.report(id, of: try self.id)?.parts == 1)
  }

  @Test func aReportThatNobodyAskedForIsKeptAndFlagged() throws {
    try report(["A.B": "1"], 0, last: true, of: 4_711)
    #expect(try value("A.B") == "1")
    #expect(try house.count("station.oddity") == 1)
  }

  // MARK: Templates

  private func template(_ settings: [String: String]) -> SettingTemplate {
    SettingTemplate(
      name: "Yard", vendor: nil, model: nil,
      settings: Dictionary(uniqueKeysWithValues: settings.map { (SettingName(reading: $0.key), $0.value) }),
      at: house.now)
  }

  @Test func aTemplateIsComparedAndApplied() async throws {
    try report(["A.B": "1", "C.D": "2"], 0, last: true, of: try await ask())
    let id = try await house.csms.addTemplate(template(["a.b": "1", "C.D": "3", "E.F": "4"]), by: "anna")
    let kept = try #require(try house.books.device.template(id))
    let differences = try CSMS.differences(from: kept, at: try self.id, in: house.books)
    #expect(
      differences == [
        SettingDifference(name: SettingName(reading: "C.D"), wanted: "3", actual: "2"),
        SettingDifference(name: SettingName(reading: "E.F"), wanted: "4", actual: nil),
      ])
    _ = try await house.csms.applySettings(id, to: identity, by: "anna")
    #expect(
      house.stations.commands.last
        == .settings(
          .set([
            SettingsCommand.Setting(SettingName(reading: "C.D"), value: "3"),
            SettingsCommand.Setting(SettingName(reading: "E.F"), value: "4"),
          ])))
    try house.stations.last.answer(
      .accepted(answer: ["settings": [["key": "C.D", "accepted": true], ["key": "E.F", "accepted": true]]]))
    house.settle()
    await #expect(throws: Refusal.conflict("the station is set as the template wants it")) {
      try await house.csms.applySettings(id, to: identity, by: "anna")
    }
  }

  @Test func aTemplateHoldsNoSecretAndAnOwnName() async throws {
    await #expect(throws: Refusal.self) {
      try await house.csms.addTemplate(template(["AuthorizationKey": "x"]), by: "anna")
    }
    _ = try await house.csms.addTemplate(template(["A": "x"]), by: "anna")
    await #expect(throws: Refusal.self) { try await house.csms.addTemplate(template(["B": "x"]), by: "anna") }
  }
}
