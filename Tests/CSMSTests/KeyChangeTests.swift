import Crypto
import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// A station gets a new key: whatever becomes of the answer, the station that has either key is let in until it is known
/// which one it has.
@MainActor
struct KeyChangeTests {
  let house: HouseUnderTest
  private let old = "the-first-key-123456"
  private let new = "the-other-key-123456"
  private let identity = StationIdentity("CS-1")!

  init() throws {
    house = try HouseUnderTest().furnish()
    var station = try house.station("CS-1")
    station.passwordHash = StationKey.hash(of: Bytes(utf8: old)).text
    let changed = station
    try house.write { books throws(StoreFault) in try books.stations.update(changed) }
  }

  /// Sends the new key to the connected station, which answers so.
  private func change(to key: String? = nil, _ outcome: CommandOutcome? = nil) async throws {
    _ = try await house.csms.command(
      .setConfiguration(key: "AuthorizationKey", value: key ?? new), to: identity, by: "anna")
    if let outcome {
      try house.stations.last.answer(outcome)
      house.settle()
    }
  }

  /// The keys by which the station would be let in now. The first one that is tried may settle the matter.
  private func isGood(_ key: String) throws -> Bool {
    switch try house.admit("CS-1", password: key) {
    case .welcome: true
    case .unauthorized: false
    case let other: throw TestFault("\(other)")
    }
  }

  private var open: Int { get throws { try house.books.security.changes(of: house.station("CS-1").id).count } }

  @Test func theNewKeyIsOnDiskAndGoodBeforeTheStationHasIt() async throws {
    _ = try house.connect("CS-1", password: old)
    let books = house.books
    let station = try house.station("CS-1").id
    var written: KeyChange?
    house.stations.answer = { _, _ in
      written = try? books.security.changes(of: station).first
      return nil
    }
    try await change()
    let kept = try #require(written)
    #expect(kept.undecidedSince == nil && !kept.hash.contains(new))
    #expect(try isGood(old))
    #expect(try isGood(new))
  }

  @Test func aKeyThatTheStationAcceptsIsTheOnlyOne() async throws {
    _ = try house.connect("CS-1", password: old)
    try await change(.accepted(answer: ["status": "Accepted"]))
    #expect(try open == 0)
    #expect(try isGood(new) && !isGood(old))
    #expect(try house.count("station.key_settled") == 1)
  }

  @Test func theKeyOfANetworkProfileIsGoodBesideTheStationsOwnUntilItIsUsed() async throws {
    _ = try house.connect("CS-1", password: old)
    let setting = SettingsCommand.Setting(
      SettingName(component: "NetworkConfiguration", componentInstance: "2", variable: "BasicAuthPassword"), value: new)
    _ = try await house.csms.command(.settings(.set([setting])), to: identity, by: "anna")
    try house.stations.last.answer(.accepted(answer: [:]))
    house.settle()
    #expect(try isGood(old), "it is still in the slot that it has")
    house.pass(30 * 86_400, beat: 86_400)
    #expect(try isGood(old))
    #expect(try isGood(new) && !isGood(old), "now it uses the other one")
  }

  @Test func aKeyOfAnotherComponentIsNoneOfTheStations() async throws {
    _ = try house.connect("CS-1", password: old)
    let setting = SettingsCommand.Setting(SettingName(reading: "Proxy.BasicAuthPassword"), value: new)
    _ = try await house.csms.command(.settings(.set([setting])), to: identity, by: "anna")
    #expect(try open == 0 && !isGood(new))
  }

  @Test(arguments: [true, false])
  func aNetworkProfileThatBringsAKeyLetsItsStationIn(byHand: Bool) async throws {
    _ = try house.connect("CS-1", password: old)
    let command: StationCommand =
      byHand
      ? .raw(action: "SetNetworkProfile", payload: ["connectionData": ["basicAuthPassword": .string(new)]])
      : .settings(.network(slot: 2, profile))
    _ = try await house.csms.command(command, to: identity, by: "anna")
    try house.stations.last.answer(.accepted(answer: ["status": "Accepted"]))
    house.settle()
    #expect(try isGood(old))
    #expect(try isGood(new))
  }

  private var profile: NetworkProfile {
    var profile = NetworkProfile(url: "wss://here.example/ocpp", securityProfile: .basicOverTLS)
    profile.password = new
    return profile
  }

  nonisolated static let refusals: [CommandOutcome] = [
    .refused(word: "Rejected", answer: ["status": "Rejected"]), .refused(word: "NotSupported", answer: .null),
    .failed(code: "NotImplemented", description: ""), .failed(code: "FormationViolation", description: ""),
    .impossible("it does not fit"),
  ]

  @Test(arguments: refusals) func aKeyThatTheStationRefusesIsForgotten(outcome: CommandOutcome) async throws {
    _ = try house.connect("CS-1", password: old)
    try await change(outcome)
    #expect(try open == 0)
    #expect(try !isGood(new) && isGood(old))
  }

  nonisolated static let unknown: [CommandOutcome] = [
    .timedOut, .disconnected, .failed(code: "InternalError", description: ""),
    .accepted(answer: ["status": "RebootRequired"]),
  ]

  @Test(arguments: unknown) func anOutcomeThatNobodyKnowsKeepsBothAndIsSaid(outcome: CommandOutcome) async throws {
    _ = try house.connect("CS-1", password: old)
    try await change(outcome)
    #expect(try house.count("station.key_undecided") == 1)
    #expect(try house.books.security.undecided(limit: 10).map(\.station) == [house.station("CS-1").id])
    // A restart forgets nothing of it.
    try house.restart()
    #expect(try isGood(old))
    #expect(try open == 1)
    // Coming in with the new one settles the matter.
    #expect(try isGood(new) && !isGood(old))
    #expect(try open == 0)
    #expect(try house.count("station.key_settled") == 1)
  }

  @Test func aRestartBeforeTheAnswerLeavesBothGood() async throws {
    _ = try house.connect("CS-1", password: old)
    try await change()
    house.clock.now += .seconds(1)
    try house.restart()
    #expect(try house.count("station.key_undecided") == 1)
    #expect(try isGood(old) && isGood(new))
  }

  @Test func theNewKeyIsForgottenInTimeOnlyWhereTheStationCameWithTheOldOne() async throws {
    _ = try house.connect("CS-1", password: old)
    try await change(.timedOut)
    let week = Limits.undecidedKeySeconds + 120
    house.pass(week, beat: 3_600)
    // It was not heard of since: it may have the new one.
    #expect(try open == 1)
    #expect(try isGood(old))
    house.pass(240, beat: 61)
    #expect(try open == 0)
    #expect(try !isGood(new) && isGood(old))
  }

  @Test func onlySoManyKeysAreOpenAtOnce() async throws {
    _ = try house.connect("CS-1", password: old)
    for number in 1...Limits.undecidedKeys { try await change(to: "undecided-key-number-\(number)", .timedOut) }
    await #expect(throws: Refusal.self) { try await change(.timedOut) }
    // The oldest of them may be the one that arrived; none of the others is good then.
    #expect(try isGood("undecided-key-number-1"))
    #expect(try open == 0 && !isGood("undecided-key-number-2"))
    try await change(.accepted(answer: ["status": "Accepted"]))
    #expect(try isGood(new))
  }

  @Test func whatTheOperatorSetsEndsAnyDoubt() async throws {
    _ = try house.connect("CS-1", password: old)
    try await change(.timedOut)
    _ = try await house.csms.setPassword(of: identity, to: "set-by-the-operator", by: "anna")
    #expect(try open == 0)
    #expect(try isGood("set-by-the-operator") && !isGood(new) && !isGood(old))
  }

  @Test func theOperatorHearsWhetherTheNewPasswordHolds() async throws {
    _ = try house.connect("CS-1", password: old)
    for (outcome, isDecided) in [
      (CommandOutcome.accepted(answer: ["status": "Accepted"]), true), (.timedOut, false),
    ] {
      house.stations.answer = { _, _ in outcome }
      #expect(try await house.csms.rotatePassword(of: identity, to: nil, by: "anna").isDecided == isDecided)
    }
    house.stations.answer = { _, _ in .refused(word: "Rejected", answer: .null) }
    await #expect(throws: Refusal.self) { try await house.csms.rotatePassword(of: identity, to: nil, by: "anna") }
  }
}
