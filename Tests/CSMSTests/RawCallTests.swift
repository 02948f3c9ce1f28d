import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Calls that are written by hand, and the station's own answers to them.
@MainActor
struct RawCallTests {
  let house: HouseUnderTest
  let station: Caller
  private let identity = StationIdentity("CS-1")!

  init() throws {
    house = try HouseUnderTest().furnish()
    station = try house.connect("CS-1")
  }

  private func call(
    _ action: String = "Reset", _ payload: JSON = ["type": "Hard"], within seconds: Int? = nil, isChecked: Bool = true
  ) async throws(Refusal) -> RawAnswer {
    try await house.csms.call(action, payload, to: identity, within: seconds, isChecked: isChecked, by: "operator:anna")
  }

  @Test(
    arguments: [
      .accepted(answer: ["status": "Accepted"]), .refused(word: "Rejected", answer: ["status": "Rejected", "x": 1]),
      .failed(code: "SecurityError", description: "no", details: ["why": "locked"]), .timedOut, .disconnected,
      .impossible("too many commands wait for this station"),
    ] as [CommandOutcome])
  func theStationsAnswerComesBackAsItIsAndStaysInTheBooks(outcome: CommandOutcome) async throws {
    house.stations.answer = { _, _ in outcome }
    let answer = try await call()
    #expect(answer.outcome == outcome)
    #expect(house.stations.commands == [.raw(action: "Reset", payload: ["type": "Hard"])])
    let record = try #require(try house.books.commands.command(answer.command)).record
    #expect(record.phase != .sent && record.origin == "operator:anna")
    #expect(record.detail["action"] == "Reset")
  }

  @Test func detailsOfAnErrorAreKeptBesideItsWords() async throws {
    house.stations.answer = { _, _ in .failed(code: "InternalError", description: "d", details: ["line": 7]) }
    let answer = try await call()
    let record = try #require(try house.books.commands.command(answer.command)).record
    #expect(record.answer == ["code": "InternalError", "description": "d", "details": ["line": 7]])
  }

  @Test func howLongIsWaitedIsTheCallersChoice() async throws {
    house.stations.answer = { _, _ in .timedOut }
    _ = try await call(within: 7)
    _ = try await call()
    #expect(house.stations.calls.map(\.deadline) == [7, house.settings.commandSeconds])
  }

  @Test func whatIsNotAsDeclaredIsNotSentUnlessTheOperatorInsists() async throws {
    house.stations.answer = { _, _ in .accepted(answer: [:]) }
    house.stations.flaw = .field(path: "type", what: "the field is required")
    await #expect(throws: Refusal.invalid(field: "type", "the field is required")) { try await call() }
    house.stations.flaw = .unknownAction
    await #expect(throws: Refusal.self) { try await call("Dance", [:]) }
    #expect(house.stations.calls.isEmpty)
    #expect(try await call("Dance", [:], isChecked: false).outcome == .accepted(answer: [:]))
    #expect(house.stations.commands == [.raw(action: "Dance", payload: [:])])
  }

  @Test func aStationThatIsAwayIsSentNothing() async throws {
    try station.leave()
    await #expect(throws: Refusal.conflict("the station is not connected")) { try await call() }
    #expect(house.stations.calls.isEmpty)
  }

  /// OCPP 2.0.1, mutability WriteOnly: its name may be harmless.
  @Test func whatAStationLetsNobodyReadIsWrittenDownNowhere() async throws {
    let id = try house.station("CS-1").id
    let tint = SettingName(component: "Lamp", evse: 1, variable: "Tint")
    try house.books.device.keep(DeviceValue(tint, value: "told", access: .writeOnly), of: id, at: house.clock.now)
    house.stations.answer = { _, _ in .accepted(answer: [:]) }
    func set(_ component: JSON) -> JSON {
      ["setVariableData": [["attributeValue": "red", "component": component, "variable": ["name": "tint"]]]]
    }
    func shown(_ answer: RawAnswer) throws -> JSON? {
      try house.books.commands.command(answer.command)?.record.detail["payload"]?["setVariableData"]?.array?.first?[
        "attributeValue"]
    }
    #expect(try shown(await call("SetVariables", set(["name": "lamp", "evse": ["id": 1]]))) == "(hidden)")
    #expect(try shown(await call("SetVariables", set(["name": "lamp"]))) == "red", "another lamp is no secret")
    let link = try #require(house.csms.links.link(of: id))
    let setting = StationCommand.settings(.set([.init(tint, value: "red")]))
    let record = try await house.csms.command(setting, to: identity, by: "operator:anna")
    #expect(!record.detail.text.contains("red"))
    #expect(house.stations.calls.allSatisfy { $0.link == link.id && $0.hidden == [tint] })
    #expect(try house.books.device.value(tint, of: id)?.value.value == nil)
  }

  @Test func aKeyIsHiddenInTheAnswerAndInTheBooks() async throws {
    let told: JSON = ["configurationKey": [["key": "AuthorizationKey", "readonly": false, "value": "secret"]]]
    house.stations.answer = { _, _ in .accepted(answer: told) }
    let answer = try await call("GetConfiguration", [:])
    guard case .accepted(let shown) = answer.outcome else {
      Issue.record("not accepted")
      return
    }
    #expect(!shown.text.contains("secret") && shown.text.contains("AuthorizationKey"))
  }
}
