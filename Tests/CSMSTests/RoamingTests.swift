import Crypto
import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

func TokenDigestOf(_ token: String) -> String { TokenDigest.of(token) }

/// What partners ask of the house.
@MainActor
struct RoamingTests {
  let house: HouseUnderTest
  let partner: Partner

  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    partner = try house.addPartner()
  }

  private var party: PartyID { partner.roles[0].name }

  private func registration(_ outbound: String = "out-2", role: String = "EMSP") -> PartnerRegistration {
    PartnerRegistration(
      versionsURL: "https://new/versions", version: "2.2.1", endpoints: HouseUnderTest.endpoints(at: "new"),
      outboundToken: outbound,
      roles: [PartnerRegistration.Role(name: party, role: role, businessName: "New")])
  }

  private func wish(_ uid: String = "DE-1", url: String = "https://Roamer/r/1", evse: String? = "uid-CS-1-1")
    -> StartWish
  {
    StartWish(
      token: Token(
        id: ID(0), uid: uid, kind: .rfid, contractID: "C-\(uid)", issuer: "R", createdAt: house.now,
        updatedAt: house.now),
      key: TokenKey(party: party, uid: uid, kind: .rfid), location: "LOC1", evse: evse, connector: nil,
      authorizationReference: "REF-\(uid)",
      respondTo: url)
  }

  private var results: [String?] { house.partners.sent("commands").map { $0.body["result"]?.string } }

  // MARK: Credentials

  @Test func tokenAIsGoodUntilTokenCIsUsed() async throws {
    let (invited, tokenA) = try await house.csms.invite(name: "Later", party: nil, quirks: PartnerQuirks(), by: "anna")
    house.clock.now += .seconds(5)
    let caller = try #require(try await house.csms.identify([tokenA]))
    #expect(caller.terms.partner.id == invited.id && caller.terms.partner.state == .invited)
    let first = try await house.csms.register(caller, registration(), isUpdate: false)
    // The answer was lost: it registers again with token A.
    house.clock.now += .seconds(5)
    let again = try #require(try await house.csms.identify([tokenA]))
    let second = try await house.csms.register(again, registration(), isUpdate: false)
    #expect(first.token != second.token)
    house.clock.now += .seconds(5)
    #expect(try await house.csms.identify([second.token])?.terms.partner.state == .registered)
    house.settle()
    #expect(try await house.csms.identify([tokenA]) == nil)
    #expect(try await house.csms.identify([first.token]) == nil)
    #expect(try await house.csms.identify([second.token]) != nil)
  }

  @Test func inARotationTheOldTokenIsGoodUntilTheNewOneIsUsed() async throws {
    let (_, tokenA) = try await house.csms.invite(name: "Later", party: nil, quirks: PartnerQuirks(), by: "anna")
    let caller = try #require(try await house.csms.identify([tokenA]))
    house.clock.now += .seconds(1)
    let old = try await house.csms.register(caller, registration(), isUpdate: false).token
    house.clock.now += .seconds(1)
    let registered = try #require(try await house.csms.identify([old]))
    house.settle()
    house.clock.now += .seconds(1)
    let new = try await house.csms.register(registered, registration("out-3"), isUpdate: true).token
    // Requests under way with the old one, also after a restart.
    #expect(try await house.csms.identify([old]) != nil)
    house.settle()
    try house.restart()
    #expect(try await house.csms.identify([old]) != nil)
    house.settle()
    house.clock.now += .seconds(1)
    #expect(try await house.csms.identify([new]) != nil)
    house.settle()
    #expect(try await house.csms.identify([old]) == nil)
    #expect(try await house.csms.identify([new]) != nil)
  }

  @Test func theEndOfAnOlderTokenIsNotForgottenWhereItsTurnFails() async throws {
    let (_, tokenA) = try await house.csms.invite(name: "Later", party: nil, quirks: PartnerQuirks(), by: "anna")
    let caller = try #require(try await house.csms.identify([tokenA]))
    house.settle()
    house.clock.now += .seconds(1)
    let tokenC = try await house.csms.register(caller, registration(), isUpdate: false).token
    _ = try await house.csms.identify([tokenC])
    house.failNextTurn()
    await house.settleAll()
    _ = try await house.csms.identify([tokenC])
    house.settle()
    #expect(try await house.csms.identify([tokenA]) == nil)
  }

  @Test func theTokenIsFoundInEitherForm() async throws {
    let (_, tokenA) = try await house.csms.invite(name: "Later", party: nil, quirks: PartnerQuirks(), by: "anna")
    #expect(try await house.csms.identify(["decoded-nonsense", tokenA])?.token == tokenA)
    #expect(try await house.csms.identify(["decoded-nonsense"]) == nil)
    #expect(try await house.csms.identify([]) == nil)
  }

  @Test func registeringTwiceOrUpdatingWhatIsNotRegisteredIsTheWrongState() async throws {
    let (invited, tokenA) = try await house.csms.invite(name: "Later", party: nil, quirks: PartnerQuirks(), by: "anna")
    let caller = try #require(try await house.csms.identify([tokenA]))
    await #expect(throws: PartnerFault.self) { try await house.csms.register(caller, registration(), isUpdate: true) }
    await #expect(throws: PartnerFault.self) { try await house.csms.unregister(caller) }
    let tokenC = try await house.csms.register(caller, registration(), isUpdate: false).token
    let registered = try #require(try await house.csms.identify([tokenC]))
    await #expect(throws: PartnerFault.self) {
      try await house.csms.register(registered, registration(), isUpdate: false)
    }
    #expect(try house.books.partners.partner(invited.id)?.state == .registered)
  }

  /// The text says nothing of it, and money does: who charges is still that partner's driver.
  @Test func aPartyThatIsNamedNoLongerHasNoDriversAndItsSessionIsBilledAllTheSame() async throws {
    try house.addToken("DE-1", of: partner)
    let station = try house.connect("CS-1")
    let transaction = try station.start("DE-1").transaction
    func name(_ names: [PartyID]) async throws {
      var told = registration()
      told.roles = names.map { PartnerRegistration.Role(name: $0, role: "EMSP", businessName: "New") }
      let (terms, token) = (try house.caller(partner).terms, "of \(names.count)")
      try house.write { books throws(StoreFault) in
        try books.partners.addDigest(TokenDigestOf(token), of: partner.id, for: .credentials, at: house.now)
      }
      _ = try await house.csms.register(PartnerCaller(terms: terms, token: token), told, isUpdate: true)
    }
    try await name([PartyID("DE*NEW")!])
    #expect(try station.authorize("DE-1").value?.verdict == .invalid)
    let key = TokenKey(party: party, uid: "DE-1", kind: .rfid)
    await #expect(throws: PartnerFault.self) {
      try await house.csms.token(key, for: try house.caller(try #require(try house.books.partners.partner(partner.id))))
    }
    house.clock.now += .seconds(3_600)
    try station.stop(transaction, meter: 9_000)
    house.pass(60)
    let cdr = try house.cdr(of: transaction)
    #expect(house.partners.sent("cdrs").map { $0.body["id"] } == [.string(cdr.id)])
    #expect(cdr.token.owner == party)
    try await name([PartyID("DE*NEW")!, party])
    #expect(try station.authorize("DE-1").value?.verdict == .accepted)
  }

  @Test func afterAnUnregistrationNoTokenIsGoodAndNothingIsSent() async throws {
    let (invited, tokenA) = try await house.csms.invite(name: "Later", party: nil, quirks: PartnerQuirks(), by: "anna")
    let caller = try #require(try await house.csms.identify([tokenA]))
    let tokenC = try await house.csms.register(caller, registration(), isUpdate: false).token
    let registered = try #require(try await house.csms.identify([tokenC]))
    try await house.csms.unregister(registered)
    #expect(try await house.csms.identify([tokenC]) == nil)
    #expect(try await house.csms.identify([tokenA]) == nil)
    let kept = try #require(try house.books.partners.partner(invited.id))
    #expect(kept.state == .unregistered && kept.outboundToken == nil)
    house.partners.clear()
    try house.connect("CS-1").report(.charging)
    house.pass(30)
    #expect(house.partners.sent.filter { $0.partner == invited.id }.isEmpty)
  }

  @Test func aRegistrationWhoseCommitFailsLeavesTokenAAsItWas() async throws {
    let (_, tokenA) = try await house.csms.invite(name: "Later", party: nil, quirks: PartnerQuirks(), by: "anna")
    let caller = try #require(try await house.csms.identify([tokenA]))
    house.settle()
    try house.books.db.script(
      "CREATE TEMP TRIGGER fail AFTER UPDATE ON partner BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END")
    await #expect(throws: PartnerFault.self) { try await house.csms.register(caller, registration(), isUpdate: false) }
    try house.books.db.script("DROP TRIGGER fail")
    #expect(try await house.csms.identify([tokenA])?.terms.partner.state == .invited)
  }

  @Test func aRolesTokensSurviveARotation() async throws {
    let card = try house.addToken("DE-7", of: partner)
    try house.write { books throws(StoreFault) in
      try books.partners.addDigest(TokenDigestOf("OLD"), of: partner.id, for: .credentials, at: house.now)
    }
    let caller = try #require(try await house.csms.identify(["OLD"]))
    _ = try await house.csms.register(caller, registration(), isUpdate: true)
    #expect(try house.books.tokens.token(card.id)?.owner == partner.roles[0].id)
  }

  @Test func theCDRGoesToThePartnerWhoseDriverItWasAlsoWhenItsRoleChanged() async throws {
    try house.addToken("DE-1", of: partner)
    let station = try house.connect("CS-1")
    let transaction = try station.start("DE-1").transaction
    try house.write { books throws(StoreFault) in
      try books.partners.addDigest(TokenDigestOf("OLD"), of: partner.id, for: .credentials, at: house.now)
    }
    let caller = try #require(try await house.csms.identify(["OLD"]))
    _ = try await house.csms.register(caller, registration(role: "HUB"), isUpdate: true)
    house.settle()
    house.partners.clear()
    house.clock.now += .seconds(600)
    try station.stop(transaction, meter: 1_000)
    house.pass(5)
    #expect(house.partners.sent("cdrs").map(\.partner) == [partner.id])
    #expect(house.partners.sent("sessions").last?.body["state"] == "completed")
  }

  // MARK: What we publish

  @Test func aPartnerSeesItsOwnDriversSessionsAndNoOthers() async throws {
    let other = try house.addPartner("Other", party: "FR*OTH")
    try house.addToken("DE-1", of: partner)
    try house.addToken("FR-1", of: other)
    let station = try house.connect("CS-1")
    let mine = try station.start("DE-1", evse: 1).transaction
    let theirs = try station.start("FR-1", evse: 2).transaction
    house.clock.now += .seconds(60)
    try station.stop(mine, meter: 100)
    try station.stop(theirs, meter: 100)
    let caller = try house.caller(partner)
    #expect(try await house.csms.sessions(PageQuery(limit: 10), for: caller).items.map(\.session.transaction) == [mine])
    #expect(try await house.csms.cdrs(PageQuery(limit: 10), for: caller).items.map(\.token.uid) == ["DE-1"])
    let foreign = try house.session(theirs).id
    await #expect(throws: PartnerFault.unknownObject) { try await house.csms.session(foreign, for: caller) }
    let bill = try house.cdr(of: theirs).id
    await #expect(throws: PartnerFault.unknownObject) { try await house.csms.cdr(bill, for: caller) }
    #expect(try await house.csms.session(try house.session(mine).id, for: caller).session.state == .completed)
  }

  @Test func sessionsThatRunWhileTheirPagesAreReadAreAllSeen() async throws {
    let station = try house.connect("CS-1")
    var transactions: [Int64] = []
    for number in 0..<6 {
      try house.addToken("DE-\(number)", of: partner)
      transactions.append(try station.start("DE-\(number)").transaction)
      house.clock.now += .seconds(60)
      if number < 5 { try station.stop(transactions[number], meter: 100 + Int64(number)) }
    }
    let caller = try house.caller(partner)
    var seen: Set<String> = []
    var query = PageQuery(limit: 2)
    while true {
      let page = try await house.csms.sessions(query, for: caller)
      seen.formUnion(page.items.map(\.session.id))
      guard case .after(let mark) = page.rest else { break }
      (query.after, query.offset) = (mark, query.offset + 2)
      // The two that were read go to the end of the list.
      try house.write { books throws(StoreFault) in
        for item in page.items {
          try books.db.run("UPDATE session SET updated_at = ?2 WHERE id = ?1", item.session.id, house.now)
        }
      }
    }
    #expect(seen.count == 6)
  }

  @Test func anUnpublishedLocationDoesNotExist() async throws {
    let caller = try house.caller(partner)
    #expect(try await house.csms.locations(PageQuery(limit: 10), for: caller).total == 1)
    #expect(try await house.csms.location("LOC1", for: caller).evses.count == 2)
    try house.write { books throws(StoreFault) in
      guard var location = try books.locations.first() else { return }
      location.isPublished = false
      try books.locations.update(location)
    }
    #expect(try await house.csms.locations(PageQuery(limit: 10), for: caller).total == 0)
    await #expect(throws: PartnerFault.unknownLocation) { try await house.csms.location("LOC1", for: caller) }
  }

  // MARK: Tokens

  @Test func anOlderTokenThanTheOneWeHoldChangesNothing() async throws {
    let caller = try house.caller(partner)
    let key = TokenKey(party: party, uid: "DE-9", kind: .rfid)
    var token = Token(
      id: ID(0), uid: "DE-9", kind: .rfid, contractID: "C", issuer: "R", createdAt: house.now, updatedAt: house.now)
    #expect(try await house.csms.put(token, under: key, from: caller))
    token.isValid = false
    token.updatedAt = house.now - .seconds(60)
    #expect(try await !house.csms.put(token, under: key, from: caller))
    #expect(try await house.csms.token(key, for: caller).isValid)
    token.updatedAt = house.now + .seconds(60)
    #expect(try await !house.csms.put(token, under: key, from: caller))
    #expect(try await !house.csms.token(TokenKey(party: party, uid: "de-9", kind: .rfid), for: caller).isValid)
  }

  @Test func aPartnerWritesForItsOwnPartiesOnly() async throws {
    let caller = try house.caller(partner)
    let foreign = TokenKey(party: PartyID("FR*OTH")!, uid: "X", kind: .rfid)
    let token = Token(
      id: ID(0), uid: "X", kind: .rfid, contractID: "C", issuer: "R", createdAt: house.now, updatedAt: house.now)
    await #expect(throws: PartnerFault.self) { try await house.csms.put(token, under: foreign, from: caller) }
    await #expect(throws: PartnerFault.self) { try await house.csms.token(foreign, for: caller) }
    var wish = wish()
    wish.key = foreign
    let foreignWish = wish
    await #expect(throws: PartnerFault.self) { try await house.csms.startSession(foreignWish, from: caller) }
  }

  @Test func aPatchOfATokenThatWeDoNotHoldIsRefusedAndARefusedPatchChangesNothing() async throws {
    let caller = try house.caller(partner)
    let key = TokenKey(party: party, uid: "DE-9", kind: .rfid)
    await #expect(throws: PartnerFault.unknownToken) {
      try await house.csms.patch(key, from: caller) { (token: inout Token) throws(PartnerFault) in token.isValid = false
      }
    }
    try house.addToken("DE-9", of: partner)
    await #expect(throws: PartnerFault.invalid("no")) {
      try await house.csms.patch(key, from: caller) { (token: inout Token) throws(PartnerFault) in
        token.isValid = false
        throw .invalid("no")
      }
    }
    #expect(try await house.csms.token(key, for: caller).isValid)
    try await house.csms.patch(key, from: caller) { (token: inout Token) throws(PartnerFault) in token.isValid = false }
    #expect(try await !house.csms.token(key, for: caller).isValid)
  }

  // MARK: START_SESSION

  @Test func aStartOfATokenThatWeDoNotHoldIsAcceptedFromBeginningToEnd() async throws {
    let station = try house.connect("CS-1")
    let caller = try house.caller(partner)
    #expect(
      try await house.csms.startSession(wish(), from: caller) == .accepted(timeout: house.settings.commandSeconds))
    house.settle()
    #expect(house.partners.sent("sessions").map { $0.body["state"]?.string } == ["pending"])
    #expect(house.stations.starts == ["1 DE-1"])
    try house.stations.last.answer(.accepted(answer: .null))
    house.settle()
    #expect(results == ["ACCEPTED"])
    #expect(house.partners.sent("commands").map(\.request.url) == ["https://Roamer/r/1"])
    #expect(try station.authorize("DE-1").value?.verdict == .accepted)
    let verdict = try station.start("DE-1")
    #expect(verdict.authorization.verdict == .accepted)
    #expect(try station.start("DE-1") == verdict)
    let session = try house.session(verdict.transaction)
    #expect(
      session.authorizationReference == "REF-DE-1" && session.owner == partner.roles[0].id
        && session.authorization == .command)
    house.clock.now += .seconds(600)
    try station.stop(verdict.transaction, meter: 1_000)
    house.pass(3)
    #expect(try house.cdr(of: verdict.transaction).authorizationReference == "REF-DE-1")
    #expect(house.partners.sent("cdrs").count == 1)
  }

  @Test func theSameStartTwiceIsOneStart() async throws {
    _ = try house.connect("CS-1")
    let caller = try house.caller(partner)
    for _ in 0..<2 {
      #expect(
        try await house.csms.startSession(wish(), from: caller) == .accepted(timeout: house.settings.commandSeconds))
    }
    #expect(house.stations.calls.count == 1)
    #expect(try house.sessions.count == 1)
    try house.restart()
    _ = try house.connect("CS-1")
    _ = try await house.csms.startSession(wish(), from: caller)
    #expect(try house.sessions.count == 1)
  }

  /// By a URL that serves all commands of a partner a start of the same driver elsewhere looks like a repeat.
  @Test func aStartAtAnotherEVSEIsNoRepeat() async throws {
    let station = try house.connect("CS-1")
    let caller = try house.caller(partner)
    let accepted = CommandAnswer.accepted(timeout: house.settings.commandSeconds)
    #expect(try await house.csms.startSession(wish(), from: caller) == accepted)
    try house.stations.last.answer(.accepted(answer: .null))
    #expect(
      try await house.csms.startSession(wish(evse: "nobody's"), from: caller)
        == .rejected("no such EVSE at this location"))
    #expect(try await house.csms.startSession(wish(evse: "uid-CS-1-2"), from: caller) == accepted)
    var blocked = wish()
    blocked.token.isValid = false
    #expect(
      try await house.csms.startSession(blocked, from: caller) == .rejected("the token is blocked or expired"))
    // The car goes to the first all the same: the last wish again is still no new one.
    _ = try station.start("DE-1", evse: 1)
    #expect(try await house.csms.startSession(wish(evse: "uid-CS-1-2"), from: caller) == accepted)
    house.settle()
    #expect(house.stations.starts == ["1 DE-1", "2 DE-1"])
  }

  @Test func onePartnersResponseURLMayServeAllItsCommands() async throws {
    let station = try house.connect("CS-1")
    let caller = try house.caller(partner)
    _ = try await house.csms.startSession(wish("DE-1", evse: "uid-CS-1-1"), from: caller)
    try house.stations.last.answer(.accepted(answer: .null))
    // Another driver at another EVSE, told to the same URL.
    _ = try await house.csms.startSession(wish("DE-2", evse: "uid-CS-1-2"), from: caller)
    try house.stations.last.answer(.accepted(answer: .null))
    house.settle()
    #expect(house.stations.starts == ["1 DE-1", "2 DE-2"])
    let transaction = try station.start("DE-1").transaction
    // Its stop, and the next start of the same driver.
    let id = try house.session(transaction).id
    #expect(
      try await house.csms.stopSession(id, respondTo: "https://Roamer/r/1", from: caller)
        == .accepted(timeout: house.settings.commandSeconds))
    #expect(house.stations.commands.last == .remoteStop(.number(transaction)))
    try house.stations.last.answer(.accepted(answer: .null))
    house.clock.now += .seconds(60)
    try station.stop(transaction, meter: 100)
    _ = try await house.csms.startSession(wish("DE-1", evse: "uid-CS-1-1"), from: caller)
    #expect(house.stations.calls.count == 4)
  }

  @Test(arguments: CommandingTests.outcomes) func thePartnerHearsHowItsCommandEndedOnce(
    outcome: CommandOutcome, phase: CommandRecord.Phase, result: CommandResult
  ) async throws {
    _ = try house.connect("CS-1")
    _ = try await house.csms.startSession(wish(), from: try house.caller(partner))
    try house.stations.last.answer(outcome)
    house.settle()
    #expect(results == [result.rawValue])
    house.pass(house.settings.connectionSeconds + 10)
    #expect(results == [result.rawValue])
    #expect(try house.sessions.first?.state == .invalid)
    #expect(house.partners.sent("sessions").last?.body["state"] == "invalid")
  }

  @Test func aStartThatOvertakesItsCommandsAnswerIsToldOnce() async throws {
    let station = try house.connect("CS-1")
    _ = try await house.csms.startSession(wish(), from: try house.caller(partner))
    try station.start("DE-1")
    #expect(results == ["ACCEPTED"])
    try house.stations.last.answer(.timedOut)
    house.pass(5)
    #expect(results == ["ACCEPTED"])
    #expect(try house.sessions.map(\.state) == [.active])
  }

  @Test func aCommandThatNoLinkEverAnswersEndsAsATimeoutForThePartner() async throws {
    _ = try house.connect("CS-1")
    _ = try await house.csms.startSession(wish(), from: try house.caller(partner))
    house.pass(house.settings.connectionSeconds + 2)
    #expect(results == ["TIMEOUT"])
  }

  @Test func aRestartTellsThePartnerThatNobodyHeardTheAnswer() async throws {
    _ = try house.connect("CS-1")
    _ = try await house.csms.startSession(wish(), from: try house.caller(partner))
    house.clock.now += .seconds(1)
    try house.restart()
    house.pass(2)
    #expect(results == ["TIMEOUT"])
    // It may begin all the same.
    let verdict = try house.connect("CS-1").start("DE-1")
    #expect(verdict.authorization.verdict == .accepted)
    #expect(try house.session(verdict.transaction).authorizationReference == "REF-DE-1")
  }

  @Test func aStartThatHappenedInTimeAndIsToldLateIsStillTheDrivers() async throws {
    let station = try house.connect("CS-1")
    _ = try await house.csms.startSession(wish(), from: try house.caller(partner))
    try house.stations.last.answer(.accepted(answer: .null))
    house.settle()
    let began = house.now + .seconds(40)
    try station.leave()
    house.pass(house.settings.connectionSeconds + 600, beat: 20)
    #expect(try house.sessions.first?.state == .invalid)
    let again = try house.connect("CS-1")
    let verdict = try again.start("DE-1", at: began)
    #expect(verdict.authorization.verdict == .accepted)
    #expect(try again.start("DE-1", at: began).authorization.verdict == .accepted)
    let session = try house.session(verdict.transaction)
    #expect(session.owner == partner.roles[0].id && session.authorizationReference == "REF-DE-1")
    // A second car, or one that comes after the wait, is a stranger's.
    #expect(try again.start("DE-1", meter: 5, at: began + .seconds(20)).authorization.verdict == .invalid)
    try again.stop(verdict.transaction, meter: 10)
    #expect(try again.start("DE-1", meter: 10).authorization.verdict == .invalid)
  }

  @Test func aStartThatCannotBeIsRejectedAndNothingIsSent() async throws {
    let caller = try house.caller(partner)
    guard case .rejected = try await house.csms.startSession(wish(), from: caller) else {
      throw TestFault("offline, and not rejected")
    }
    _ = try house.connect("CS-1")
    guard case .rejected = try await house.csms.startSession(wish(evse: "nobody"), from: caller) else {
      throw TestFault("not rejected")
    }
    var blocked = wish()
    blocked.token.isValid = false
    guard case .rejected = try await house.csms.startSession(blocked, from: caller) else {
      throw TestFault("not rejected")
    }
    var elsewhere = wish()
    elsewhere.location = "LOC9"
    let nowhere = elsewhere
    await #expect(throws: PartnerFault.unknownLocation) { try await house.csms.startSession(nowhere, from: caller) }
    #expect(house.stations.calls.isEmpty)
    #expect(try house.sessions.isEmpty)
  }

  @Test func withoutAnEVSEAFreeOneOfAConnectedStationIsMeant() async throws {
    try house.addStation("CS-2")
    let station = try house.connect("CS-2")
    _ = try await house.csms.startSession(wish(evse: nil), from: try house.caller(partner))
    #expect(try house.stations.last.link == station.link)
  }

  // MARK: STOP_SESSION and UNLOCK_CONNECTOR

  @Test func anotherPartnersSessionCannotBeStoppedNorFreed() async throws {
    let other = try house.addPartner("Other", party: "FR*OTH")
    try house.addToken("DE-1", of: partner)
    let station = try house.connect("CS-1")
    let transaction = try station.start("DE-1").transaction
    let id = try house.session(transaction).id
    let foreign = try house.caller(other)
    #expect(try await house.csms.stopSession(id, respondTo: "https://Other/1", from: foreign) == .unknownSession)
    #expect(try await house.csms.stopSession("nobody", respondTo: "https://Other/2", from: foreign) == .unknownSession)
    guard
      case .rejected = try await house.csms.unlock(
        location: "LOC1", evse: "uid-CS-1-1", connector: "1", respondTo: "https://Other/3", from: foreign)
    else { throw TestFault("somebody else's cable was freed") }
    #expect(house.stations.calls.isEmpty)

    let caller = try house.caller(partner)
    _ = try await house.csms.unlock(
      location: "LOC1", evse: "uid-CS-1-1", connector: "1", respondTo: "https://Roamer/4", from: caller)
    _ = try await house.csms.unlock(
      location: "LOC1", evse: "uid-CS-1-1", connector: "1", respondTo: "https://Roamer/4", from: caller)
    #expect(house.stations.commands == [.unlock(evse: 1, connector: 1)])
    _ = try await house.csms.stopSession(id, respondTo: "https://Roamer/5", from: caller)
    // The same again is not a second one.
    _ = try await house.csms.stopSession(id, respondTo: "https://Roamer/5", from: caller)
    #expect(house.stations.commands == [.unlock(evse: 1, connector: 1), .remoteStop(.number(transaction))])
    try house.stations.last.answer(.accepted(answer: .null))
    house.settle()
    #expect(results == ["ACCEPTED"])
  }

  @Test func ofSeveralCablesTheNamedOneIsFreed() async throws {
    try secondConnector()
    let station = try house.connect("CS-1")
    let caller = try house.caller(partner)
    func unlock(_ connector: String, _ url: String) async throws -> CommandAnswer {
      try await house.csms.unlock(
        location: "LOC1", evse: "uid-CS-1-1", connector: connector, respondTo: "https://Roamer/\(url)", from: caller)
    }
    #expect(try await unlock("2", "1") == .accepted(timeout: house.settings.commandSeconds))
    #expect(house.stations.commands == [.unlock(evse: 1, connector: 2)])
    #expect(try await unlock("3", "2") == .rejected("the EVSE has no connector 3"))
    // Under one URL for all that the partner asks, another cable is another wish.
    #expect(try await unlock("1", "1") == .accepted(timeout: house.settings.commandSeconds))
    #expect(house.stations.commands.last == .unlock(evse: 1, connector: 1))
    _ = station
  }

  @Test func theNamedConnectorAndItsPriceAreWhatIsStarted() async throws {
    let dear = try secondConnector()
    _ = try house.connect("CS-1")
    var wish = wish()
    wish.connector = "2"
    let caller = try house.caller(partner)
    #expect(
      try await house.csms.startSession(wish, from: caller) == .accepted(timeout: house.settings.commandSeconds))
    let waiting = try #require(try house.sessions.first)
    #expect(waiting.tariff?.ref == dear)
    #expect(try house.evse().connector(waiting.connector)?.number == 2)
    (wish.connector, wish.respondTo) = ("3", "https://Roamer/r/2")
    #expect(try await house.csms.startSession(wish, from: caller) == .rejected("the EVSE has no connector 3"))
  }

  @Test func whereSomebodyElseChargesNobodyIsStarted() async throws {
    try house.addToken("CARD")
    try house.connect("CS-1").start("CARD")
    #expect(
      try await house.csms.startSession(wish(), from: try house.caller(partner)) == .rejected("EVSE 1 is occupied"))
  }

  /// EVSE 1 has two connectors, the second one at a tariff of its own, whose ref is returned.
  @discardableResult
  private func secondConnector() throws -> String {
    let (evse, now) = (try house.evse(), house.now)
    try house.write { books throws(StoreFault) in
      guard let party = try books.parties.cpo() else { return }
      var dear = Tariff()
      dear.ref = "T2"
      dear.elements = [Tariff.Element([Tariff.Component(.energy, price: Decimal(9, places: 1))])]
      let price = try books.tariffs.create(dear, of: party.id, at: now)
      try books.stations.create(Connector(id: ID(0), number: 2, tariff: price.id, updatedAt: now), at: evse.id)
    }
    return "T2"
  }

  @Test func ourOwnDriversCableIsNotAPartnersToFree() async throws {
    try house.addToken("CARD")
    try house.connect("CS-1").start("CARD")
    guard
      case .rejected = try await house.csms.unlock(
        location: "LOC1", evse: "uid-CS-1-1", connector: "1", respondTo: "https://Roamer/3",
        from: try house.caller(partner))
    else { throw TestFault("freed") }
  }
}
