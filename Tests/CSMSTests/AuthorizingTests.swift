import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Who may charge.
@MainActor
struct AuthorizingTests {
  let house: HouseUnderTest
  let partner: Partner
  let station: Caller

  init() throws {
    house = try HouseUnderTest().furnish()
    partner = try house.addPartner()
    station = try house.connect("CS-1")
  }

  private var lastQuestion: FakePartners.Question { get throws { try #require(house.partners.questions.last) } }

  /// Nobody would pay for what they charge.
  @Test(arguments: [Partner.State.unregistered, .invited], [Token.Whitelist.always, .allowedOffline])
  func thePartnersDriversGoWithIt(state: Partner.State, whitelist: Token.Whitelist) throws {
    let gone = try house.addPartner("Gone", party: "DE*XYZ", state: state)
    try house.addToken("XY-1", of: gone, whitelist)
    #expect(try station.authorize("XY-1").value?.verdict == .invalid)
    #expect(try station.start("XY-1").authorization.verdict == .invalid)
    let listed = try house.books.db.rows("SELECT tag FROM token_to_list") { (row) throws(StoreFault) in
      try row.get("tag") as String
    }
    #expect(!listed.contains(Token.fold("XY-1")))
  }

  enum Word: CaseIterable { case yes, no, silent }

  /// Whitelist, the partner's word, what Authorize hears, and what a start right after it hears.
  nonisolated static let table: [(Token.Whitelist, Word, Authorization.Verdict, Authorization.Verdict)] = [
    (.always, .yes, .accepted, .accepted), (.always, .no, .accepted, .accepted),
    (.always, .silent, .accepted, .accepted),
    (.allowed, .yes, .accepted, .accepted), (.allowed, .no, .blocked, .blocked),
    (.allowed, .silent, .invalid, .accepted),
    (.allowedOffline, .yes, .accepted, .accepted), (.allowedOffline, .no, .blocked, .blocked),
    (.allowedOffline, .silent, .accepted, .accepted),
    (.never, .yes, .accepted, .accepted), (.never, .no, .blocked, .blocked), (.never, .silent, .invalid, .invalid),
  ]

  @Test(arguments: Array(table.indices)) func aPartnersTokenFollowsItsWhitelist(row: Int) throws {
    let (whitelist, word, atAuthorize, atStart) = Self.table[row]
    try house.addToken("DE-1", of: partner, whitelist)
    let answer = try station.authorize("DE-1")
    if whitelist == .always {
      #expect(house.partners.questions.isEmpty)
    } else {
      #expect(answer.value == nil)
      switch word {
      case .yes: try lastQuestion.answer(.allowed, reference: "REF")
      case .no: try lastQuestion.answer(.blocked)
      case .silent: try lastQuestion.answer(nil)
      }
      house.settle()
    }
    #expect(answer.value?.verdict == atAuthorize)
    #expect(answer.count == 1)
    if answer.value?.verdict == .accepted { #expect(answer.value?.holder?.owner == partner.roles[0].id) }
    if whitelist != .always, word == .yes { #expect(answer.value?.holder?.reference == "REF") }
    #expect(try station.start("DE-1").authorization.verdict == atStart)
  }

  @Test(arguments: [
    (Token.Whitelist.always, Authorization.Verdict.accepted), (.allowed, .accepted), (.allowedOffline, .accepted),
    (.never, .invalid),
  ]) func aStartWithoutAnAuthorizeIsDecidedByTheTokensOwnRule(
    whitelist: Token.Whitelist, verdict: Authorization.Verdict
  ) throws {
    try house.addToken("DE-1", of: partner, whitelist)
    #expect(try station.start("DE-1").authorization.verdict == verdict)
    #expect(house.partners.questions.isEmpty)
  }

  @Test func ourOwnTokenIsNeverAskedAbout() throws {
    for whitelist in [Token.Whitelist.always, .allowed, .allowedOffline, .never] {
      try house.addToken("NL-\(whitelist.rawValue)", of: nil, whitelist)
      #expect(try station.authorize("NL-\(whitelist.rawValue)").value?.verdict == .accepted)
    }
    #expect(house.partners.questions.isEmpty)
  }

  @Test func blockedAndExpiredTokensAreRefusedWithoutAsking() throws {
    try house.addToken("BLOCKED", of: partner, .never, valid: false)
    try house.addToken("OLD", of: partner, .never, until: house.now)
    #expect(try station.authorize("BLOCKED").value?.verdict == .blocked)
    #expect(try station.authorize("OLD").value?.verdict == .expired)
    #expect(house.partners.questions.isEmpty)
  }

  @Test func aTagIsFoundWhateverItsLetterCaseAndSpaces() throws {
    try house.addToken("04AABBCC")
    #expect(try station.authorize(" 04 aa bb CC").value?.verdict == .accepted)
    try station.start("04aabbcc")
    #expect(try house.sessions.first?.token.uid == "04AABBCC")
  }

  @Test func theGroupGoesToTheStation() throws {
    try house.addToken("CARD", group: "FLEET")
    #expect(try station.authorize("CARD").value?.groupID == "FLEET")
    #expect(try station.start("CARD").authorization.groupID == "FLEET")
  }

  @Test func theQuestionHasTheHousesDeadlineAndTheTagAsItWasShown() throws {
    try house.addToken("DE-1", of: partner, .never)
    _ = try station.authorize("de-1")
    #expect(try lastQuestion.deadline == house.settings.authorizationSeconds)
    #expect(try lastQuestion.partner == partner.id)
  }

  // MARK: Strangers

  @Test func aTagThatNobodyKnowsIsInvalidAndShownToTheOperator() throws {
    #expect(try station.authorize("WHO").value?.verdict == .invalid)
    #expect(house.partners.questions.isEmpty)
    #expect(try house.books.tokens.unknownTags(limit: 10).map(\.uid) == ["WHO"])
  }

  @Test func unknownTagsAreAskedInParallelAndTheFirstYesNamesTheOwner() throws {
    let one = try house.addPartner("One", party: "DE*ONE", asksUnknown: true)
    let two = try house.addPartner("Two", party: "FR*TWO", asksUnknown: true)
    let answer = try station.authorize("FR-9")
    #expect(Set(house.partners.questions.map(\.partner)) == [one.id, two.id])
    #expect(house.partners.questions.count == 2)
    let token = Token(
      id: ID(0), uid: "FR-9", kind: .rfid, contractID: "C9", issuer: "Two", createdAt: house.now, updatedAt: house.now)
    house.partners.questions[0].answer(.notAllowed)
    house.settle()
    #expect(answer.value == nil)
    house.partners.questions[1].answer(
      .allowed, token: token, key: TokenKey(party: PartyID("FR*TWO")!, uid: "FR-9", kind: .rfid))
    house.settle()
    #expect(answer.value?.verdict == .accepted)
    #expect(answer.value?.holder?.owner == two.roles[0].id)
    // The start that follows is the partner's.
    let transaction = try station.start("FR-9").transaction
    #expect(try house.session(transaction).owner == two.roles[0].id)
    #expect(try house.session(transaction).authorization == .authRequest)
  }

  @Test func theFirstYesDoesNotWaitForTheSilentAndALaterWordChangesNothing() throws {
    let one = try house.addPartner("One", party: "DE*ONE", asksUnknown: true)
    _ = try house.addPartner("Two", party: "FR*TWO", asksUnknown: true)
    let answer = try station.authorize("DE-9")
    let token = Token(
      id: ID(0), uid: "DE-9", kind: .rfid, contractID: "C9", issuer: "One", createdAt: house.now, updatedAt: house.now)
    house.partners.questions[0].answer(
      .allowed, token: token, key: TokenKey(party: PartyID("DE*ONE")!, uid: "DE-9", kind: .rfid))
    house.settle()
    #expect(answer.value?.holder?.owner == one.roles[0].id)
    house.partners.questions[1].answer(.blocked)
    house.settle()
    #expect(answer.count == 1)
    #expect(try station.start("DE-9").authorization.verdict == .accepted)
  }

  @Test func whereAllAreSilentOrSayNoTheTagIsRefused() throws {
    _ = try house.addPartner("One", party: "DE*ONE", asksUnknown: true)
    _ = try house.addPartner("Two", party: "FR*TWO", asksUnknown: true)
    let answer = try station.authorize("X")
    house.partners.questions[0].answer(.notAllowed)
    house.partners.questions[1].answer(nil)
    house.settle()
    #expect(answer.value?.verdict == .invalid)
    let silent = try station.authorize("Y")
    house.partners.questions[2].answer(nil)
    house.partners.questions[3].answer(nil)
    house.settle()
    #expect(silent.value?.verdict == .invalid)
  }

  @Test func aYesThatNamesSomebodyElsesPartyIsNoYes() throws {
    _ = try house.addPartner("One", party: "DE*ONE", asksUnknown: true)
    let answer = try station.authorize("X")
    let token = Token(
      id: ID(0), uid: "X", kind: .rfid, contractID: "C", issuer: "?", createdAt: house.now, updatedAt: house.now)
    try lastQuestion.answer(.allowed, token: token, key: TokenKey(party: PartyID("GB*EVL")!, uid: "X", kind: .rfid))
    house.settle()
    #expect(answer.value?.verdict == .invalid)
  }

  @Test func aStationThatChargesAnybodyTakesATagThatNobodyKnows() throws {
    var known = try house.station("CS-1")
    known.quirks.isFreeVend = true
    let changed = known
    try house.write { books throws(StoreFault) in try books.stations.update(changed) }
    #expect(try station.authorize("").value?.verdict == .accepted)
    #expect(try station.start("").authorization.verdict == .accepted)
    #expect(try house.sessions.count == 1)
  }

  // MARK: Trouble

  @Test func aFailedTurnAnswersByTheFallbackAndDoesNotUseUpTheWaitingPlaces() async throws {
    try house.addToken("DE-1", of: partner, .allowedOffline)
    let answer = try station.authorize("DE-1")
    #expect(house.csms.waitingAuthorizations == 1)
    try lastQuestion.answer(.blocked)
    house.failNextTurn()
    await house.settleAll()
    #expect(answer.value?.verdict == .accepted)
    #expect(house.csms.waitingAuthorizations == 0)
    // And a turn that fails as the question is being asked.
    let heard = Heard<Bool>()
    house.failNextTurn([
      heard.errand { [desk = station.desk] () throws(TurnFault) in
        _ = try desk.authorize(tag: "DE-1")
        return true
      }
    ])
    #expect(heard.fault != nil)
    #expect(house.csms.waitingAuthorizations == 0)
    #expect(house.partners.questions.count == 1)
  }

  @Test func whatAPartnerSaidIsRememberedForTheStartAndNotForLong() throws {
    try house.addToken("DE-1", of: partner, .never)
    _ = try station.authorize("DE-1")
    try lastQuestion.answer(.allowed)
    house.settle()
    house.clock.now += .seconds(Limits.rememberedSeconds - 1)
    #expect(try station.start("DE-1", meter: 1).authorization.verdict == .accepted)
    house.clock.now += .seconds(2)
    #expect(try station.start("DE-1", meter: 2).authorization.verdict == .invalid)
  }

  @Test func aTokenThatIsBlockedAfterAYesIsRefused() throws {
    var token = try house.addToken("DE-1", of: partner, .never)
    _ = try station.authorize("DE-1")
    try lastQuestion.answer(.allowed)
    house.settle()
    token.isValid = false
    let changed = token
    try house.write { books throws(StoreFault) in try books.tokens.update(changed) }
    #expect(try station.start("DE-1").authorization.verdict == .blocked)
  }

  @Test func aPausedPartnersTokenThatMustBeAskedAboutIsRefused() throws {
    var paused = partner
    paused.state = .paused
    let changed = paused
    try house.addToken("DE-1", of: partner, .never)
    try house.write { books throws(StoreFault) in try books.partners.update(changed) }
    #expect(try station.authorize("DE-1").value?.verdict == .invalid)
    #expect(house.partners.questions.isEmpty)
  }
}
