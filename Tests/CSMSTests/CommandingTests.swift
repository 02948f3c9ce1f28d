import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What is asked of stations, from the wish to the outcome.
@MainActor
struct CommandingTests {
  let house: HouseUnderTest
  let station: Caller

  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    station = try house.connect("CS-1")
  }

  private let identity = StationIdentity("CS-1")!

  private func record(_ id: String) throws -> CommandRecord {
    try #require(try house.books.commands.command(id)).record
  }

  nonisolated static let outcomes: [(CommandOutcome, CommandRecord.Phase, CommandResult)] = [
    (.accepted(answer: ["status": "Accepted"]), .done, .accepted),
    (.refused(word: "Rejected", answer: ["status": "Rejected"]), .refused, .rejected),
    (.refused(word: "NotSupported", answer: .null), .refused, .notSupported),
    (.refused(word: "Occupied", answer: .null), .refused, .evseOccupied),
    (.refused(word: "Faulted", answer: .null), .refused, .evseInoperative),
    (.refused(word: "Unavailable", answer: .null), .refused, .evseInoperative),
    (.failed(code: "InternalError", description: "x"), .failed, .failed),
    (.impossible("no such thing"), .failed, .failed), (.timedOut, .failed, .timeout),
    (.disconnected, .failed, .timeout),
  ]

  @Test(arguments: outcomes) func howACommandEndsIsWrittenInTheStationsWords(
    outcome: CommandOutcome, phase: CommandRecord.Phase, result: CommandResult
  ) async throws {
    let sent = try await house.csms.command(.reset(.hard), to: identity, by: "operator:anna")
    #expect(sent.phase == .sent)
    #expect(house.stations.commands == [.reset(.hard)])
    #expect(try house.stations.last.link == station.link)
    #expect(try house.stations.last.deadline == house.settings.commandSeconds)
    try house.stations.last.answer(outcome)
    house.settle()
    #expect(try record(sent.id).phase == phase)
    #expect(outcome.resultForPartner == result)
    #expect(try house.count("command.ended") == 1)
    // Late or twice, whatever it says.
    try house.stations.last.answer(.accepted(answer: .null))
    try house.stations.last.answer(.timedOut)
    house.settle()
    #expect(try record(sent.id).phase == phase)
    #expect(try house.count("command.ended") == 1)
  }

  @Test func aCommandIsOnDiskBeforeItIsSentAndNotSentWhereItIsNot() async throws {
    let heard = Heard<Bool>()
    house.failNextTurn([
      heard.errand { [csms = house.csms, identity] () throws(TurnFault) in
        do {
          _ = try csms.issue(.clearCache, to: try csms.known(identity).id, by: "anna")
        } catch { throw .storage("\(error)") }
        return true
      }
    ])
    #expect(heard.fault != nil)
    #expect(house.stations.calls.isEmpty)
  }

  @Test func anOfflineStationIsSentNothing() async throws {
    try station.leave()
    await #expect(throws: Refusal.self) { try await house.csms.command(.clearCache, to: identity, by: "anna") }
    await #expect(throws: Refusal.self) {
      try await house.csms.command(.clearCache, to: StationIdentity("NO")!, by: "anna")
    }
    #expect(house.stations.calls.isEmpty)
  }

  @Test func anOutcomeThatCannotBeWrittenNowIsWrittenLater() async throws {
    let sent = try await house.csms.command(.clearCache, to: identity, by: "anna")
    try house.stations.last.answer(.accepted(answer: .null))
    house.failNextTurn()
    await house.settleAll()
    #expect(try record(sent.id).phase == .sent)
    house.pass(2)
    #expect(try record(sent.id).phase == .done)
  }

  @Test func whoeverWaitsForTheOutcomeHearsIt() async throws {
    let sent = try await house.csms.command(.clearCache, to: identity, by: "anna")
    let call = try house.stations.last
    Task { @MainActor in call.answer(.accepted(answer: "ok")) }
    #expect(try await house.csms.outcome(of: sent.id, within: 10)?.phase == .done)
    // And one that comes later hears at once.
    #expect(try await house.csms.outcome(of: sent.id, within: 10)?.answer == "ok")
  }

  @Test func whoeverWaitsInVainHearsWhereItStandsAndNobodyIsKept() async throws {
    let sent = try await house.csms.command(.clearCache, to: identity, by: "anna")
    #expect(try await house.csms.outcome(of: sent.id, within: 0)?.phase == .sent)
    #expect(try await house.csms.outcome(of: "no such command", within: 3_600) == nil)
    #expect(house.csms.commandWatches.isEmpty)
  }

  @Test func afterARestartNoAnswerToAnOlderCommandIsExpected() async throws {
    let sent = try await house.csms.command(.clearCache, to: identity, by: "anna")
    house.clock.now += .seconds(1)
    try house.restart()
    #expect(try record(sent.id).phase == .failed)
  }

  @Test func aPasswordThatIsSetIsNotReadBackFromTheBooks() async throws {
    let sent = try await house.csms.command(
      .setConfiguration(key: "AuthorizationKey", value: "secret"), to: identity, by: "anna")
    #expect(try !record(sent.id).detail.text.contains("secret"))
    #expect(house.stations.commands == [.setConfiguration(key: "AuthorizationKey", value: "secret")])
    // Nor one that a station tells, though it is write-only.
    let asked = try await house.csms.command(.getConfiguration(keys: []), to: identity, by: "anna")
    let settings: JSON = [
      ["key": "AuthorizationKey", "value": "secret"], ["key": "HeartbeatInterval", "value": "300"],
    ]
    try house.stations.last.answer(.accepted(answer: ["configurationKey": settings]))
    house.settle()
    let answer = try record(asked.id).answer.text
    #expect(!answer.contains("secret") && answer.contains("300"))
  }

  // MARK: Remote start

  @Test func aUidThatFitsIsSentAsItIs() async throws {
    let token = try house.addToken("0123456789ABCDEF")
    _ = try await house.csms.startSession(at: identity, evse: 1, token: token.id, by: "anna")
    #expect(house.stations.starts == ["1 0123456789ABCDEF"])
    let pending = try #require(try house.sessions.first)
    #expect(pending.state == .pending && pending.authorization == .command)
  }

  @Test(arguments: ["0123456789ABCDEF0", "NL-OST C1", "käse"]) func aUidThatDoesNotFitTravelsUnderAnAlias(uid: String)
    async throws
  {
    let token = try house.addToken(uid)
    _ = try await house.csms.startSession(at: identity, evse: 1, token: token.id, by: "anna")
    guard case .remoteStart(let start) = house.stations.commands.first, case let tag = start.tag, start.evse == 1 else {
      throw TestFault("nothing was sent")
    }
    #expect(tag.count == 16 && tag.allSatisfy(\.isHexDigit))
  }

  private func startByAlias() async throws -> (alias: String, command: CommandRecord) {
    let token = try house.addToken("A-VERY-LONG-UID-OF-SOMEBODY", group: "FLEET")
    let command = try await house.csms.startSession(at: identity, evse: 1, token: token.id, by: "anna")
    guard case .remoteStart(let start) = house.stations.commands.last else { throw TestFault("nothing was sent") }
    let tag = start.tag
    try house.stations.last.answer(.accepted(answer: .null))
    house.settle()
    return (tag, command)
  }

  @Test func anAliasBeginsItsSessionAndStopsIt() async throws {
    let (alias, command) = try await startByAlias()
    #expect(try record(command.id).phase == .accepted)
    let authorize = try station.authorize(alias)
    #expect(authorize.value?.verdict == .accepted && authorize.value?.groupID == "FLEET")
    let verdict = try station.start(alias, meter: 10)
    #expect(verdict.authorization.verdict == .accepted && verdict.authorization.groupID == "FLEET")
    let session = try house.session(verdict.transaction)
    #expect(session.token.uid == "A-VERY-LONG-UID-OF-SOMEBODY" && session.command == command.id)
    #expect(try house.sessions.count == 1)
    #expect(try record(command.id).phase == .done)
    #expect(try station.start(alias, meter: 10) == verdict)
    #expect(try station.stop(verdict.transaction, meter: 20, tag: alias).authorization?.verdict == .accepted)
  }

  @Test func anAliasBeginsNoSecondSession() async throws {
    let (alias, _) = try await startByAlias()
    let first = try station.start(alias, meter: 10)
    try station.stop(first.transaction, meter: 20)
    let second = try station.start(alias, meter: 20)
    #expect(second.authorization.verdict == .invalid)
    #expect(try house.session(second.transaction).token.uid != "A-VERY-LONG-UID-OF-SOMEBODY")
    // Nor at another station.
    try house.addStation("CS-2")
    let other = try house.connect("CS-2")
    #expect(try other.start(alias).authorization.verdict == .invalid)
    #expect(try other.authorize(alias).value?.verdict == .invalid)
  }

  @Test func anAliasWhoseWaitIsOverBeginsOneSessionAndNoSecond() async throws {
    let (alias, _) = try await startByAlias()
    house.pass(house.settings.connectionSeconds + 1, beat: 10)
    #expect(try house.sessions.first?.state == .invalid)
    let late = try station.start(alias, meter: 10)
    #expect(late.authorization.verdict == .accepted)
    #expect(try house.session(late.transaction).token.uid == "A-VERY-LONG-UID-OF-SOMEBODY")
    #expect(try station.start(alias, meter: 10) == late)
    try station.stop(late.transaction, meter: 20)
    #expect(try station.start(alias, meter: 20).authorization.verdict == .invalid)
  }

  @Test func theCarMayGoToAnotherEVSEOfTheStation() async throws {
    let (alias, _) = try await startByAlias()
    let verdict = try station.start(alias, meter: 10, evse: 2)
    let session = try house.session(verdict.transaction)
    #expect(session.evse == (try house.evse(2).id))
    #expect(session.connector == (try house.evse(2).connectors[0].id))
    #expect(try house.sessions.count == 1)
    #expect(session.tariff?.ref == "T1")
  }

  @Test func whereTheCarGoesIsWhatItPaysFor() async throws {
    try house.price(evse: 2, at: "T2")
    let (alias, _) = try await startByAlias()
    #expect(try house.sessions.first?.tariff?.ref == "T1")
    let session = try house.session(try station.start(alias, meter: 10, evse: 2).transaction)
    #expect(session.tariff?.ref == "T2")
  }

  @Test func aRemoteStartThatTimesOutIsInvalidAndItsCommandFailed() async throws {
    let token = try house.addToken("CARD")
    let command = try await house.csms.startSession(at: identity, evse: 1, token: token.id, by: "anna")
    try house.stations.last.answer(.timedOut)
    house.settle()
    #expect(try record(command.id).phase == .failed)
    #expect(try house.sessions.first?.state == .invalid)
    #expect(try house.count("session.invalid") == 1)
  }

  @Test func aCarThatDoesNotComeInTimeEndsTheWait() async throws {
    let token = try house.addToken("CARD")
    let command = try await house.csms.startSession(at: identity, evse: 1, token: token.id, by: "anna")
    try house.stations.last.answer(.accepted(answer: .null))
    house.settle()
    house.pass(house.settings.connectionSeconds - 1)
    #expect(try house.sessions.first?.state == .pending)
    #expect(try record(command.id).phase == .accepted)
    house.pass(2)
    #expect(try house.sessions.first?.state == .invalid)
    #expect(try record(command.id).phase == .failed)
  }

  @Test func theOperatorEndsTheWaitForACar() async throws {
    let token = try house.addToken("CARD")
    let command = try await house.csms.startSession(at: identity, evse: 1, token: token.id, by: "anna")
    try await house.csms.closeSession(try #require(try house.sessions.first).id, because: "wrong bay", by: "anna")
    #expect(try house.sessions.first?.state == .invalid)
    #expect(try record(command.id).phase == .failed)
    #expect(try house.count("cdr.made") == 0)
  }

  @Test func aStartThatOvertakesTheAnswerToItsCommandIsOneSession() async throws {
    let token = try house.addToken("CARD")
    let command = try await house.csms.startSession(at: identity, evse: 1, token: token.id, by: "anna")
    let verdict = try station.start("CARD", meter: 5)
    #expect(try record(command.id).phase == .done)
    try house.stations.last.answer(.refused(word: "Rejected", answer: .null))
    house.settle()
    #expect(try record(command.id).phase == .done)
    #expect(try house.session(verdict.transaction).state == .active)
    #expect(try house.sessions.count == 1)
    #expect(try house.count("command.ended") == 1)
  }

  @Test func aBlockedTokenAnUnknownEVSEOrAnOccupiedOneStartsNothing() async throws {
    let token = try house.addToken("CARD")
    let blocked = try house.addToken("BAD", valid: false)
    await #expect(throws: Refusal.self) {
      try await house.csms.startSession(at: identity, evse: 1, token: blocked.id, by: "anna")
    }
    await #expect(throws: Refusal.self) {
      try await house.csms.startSession(at: identity, evse: 9, token: token.id, by: "anna")
    }
    try station.start("CARD")
    await #expect(throws: Refusal.self) {
      try await house.csms.startSession(at: identity, evse: 1, token: token.id, by: "anna")
    }
    #expect(house.stations.calls.isEmpty)
  }

  @Test func withoutAnEVSETheOneWithACarIsMeantElseAFreeOne() async throws {
    let token = try house.addToken("CARD")
    try station.report(.charging, evse: 1)
    try station.report(.preparing, evse: 2)
    _ = try await house.csms.startSession(at: identity, evse: nil, token: token.id, by: "anna")
    #expect(house.stations.starts.last == "2 CARD")
    try station.report(.available, evse: 1)
    try station.report(.charging, evse: 2)
    _ = try await house.csms.startSession(at: identity, evse: nil, token: token.id, by: "anna")
    #expect(house.stations.starts.last == "1 CARD")
  }

  // MARK: Remote stop

  @Test func aRunningSessionIsStoppedByItsTransaction() async throws {
    try house.addToken("CARD")
    let transaction = try station.start("CARD").transaction
    let sent = try await house.csms.stopSession(try house.session(transaction).id, by: "anna")
    #expect(house.stations.commands == [.remoteStop(.number(transaction))])
    try house.stations.last.answer(.accepted(answer: .null))
    house.settle()
    #expect(try record(sent.id).phase == .accepted)
    try station.stop(transaction, meter: 10, ending: .remote)
    #expect(try record(sent.id).phase == .done)
    await #expect(throws: Refusal.self) {
      try await house.csms.stopSession(try house.session(transaction).id, by: "anna")
    }
  }
}
