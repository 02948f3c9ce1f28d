import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Our tokens at other networks.
@MainActor
struct ProvidingTests {
  let house: HouseUnderTest
  let network: Partner
  let caller: PartnerCaller

  init() throws {
    house = try HouseUnderTest().furnish()
    network = try house.addNetwork()
    caller = try house.caller(network)
  }

  private func ask(_ uid: String, at location: String? = nil) async throws -> TokenVerdict {
    try await house.csms.authorize(TokenQuestion(uid: uid, kind: .rfid, location: location), for: caller)
  }

  private func page(_ query: PageQuery = PageQuery(limit: 100)) async throws -> Page<OfferedToken> {
    try await house.csms.offeredTokens(query, for: caller)
  }

  @Test func onlyOurOwnTokensThatOCPIHasAWordForAreOffered() async throws {
    let roamer = try house.addPartner()
    try house.addToken("CARD")
    try house.addToken("DE-1", of: roamer)
    try house.write { books throws(StoreFault) in
      for kind in [Token.Kind.keyCode, .macAddress, .appUser] {
        try books.tokens.create(
          Token(
            id: ID(0), uid: "T-\(kind.rawValue)", kind: kind, contractID: "", issuer: "I", createdAt: house.now,
            updatedAt: house.now))
      }
    }
    let page = try await page()
    #expect(page.items.map(\.token.uid) == ["CARD", "T-APP_USER"])
    #expect(page.total == 2 && page.items.allSatisfy { $0.party.description == "NL*DRV" })
  }

  @Test func tokensArePagedByTheirLastChange() async throws {
    for number in 0..<5 {
      try house.addToken("CARD-\(number)")
      house.clock.now += .seconds(10)
    }
    let late = try await page(PageQuery(from: house.now - .seconds(20), limit: 100))
    #expect(late.items.map(\.token.uid) == ["CARD-3", "CARD-4"])
    let second = try await page(PageQuery(offset: 2, limit: 2))
    #expect(second.items.map(\.token.uid) == ["CARD-2", "CARD-3"] && second.total == 5)
  }

  @Test func aGoodTokenIsAllowedWithAReferenceOfItsOwn() async throws {
    try house.addToken("CARD")
    let first = try await ask("card", at: "LOC-9")
    let second = try await ask("CARD")
    #expect(first.allowed == .allowed && first.location == "LOC-9" && first.token.token.uid == "CARD")
    let references = try [#require(first.reference), #require(second.reference)]
    #expect(references[0] != references[1] && references.allSatisfy { $0.utf8.count <= 36 })
    #expect(try house.count("roaming.authorized") == 2)
  }

  @Test func blockedExpiredAndEmptyTokensAreRefusedByTheirWord() async throws {
    try house.addToken("BLOCKED", valid: false)
    try house.addToken("OLD", until: house.now - .seconds(1))
    let empty = try house.addToken("EMPTY")
    try house.write { books throws(StoreFault) in
      var token = empty
      token.credit = .zero
      try books.tokens.update(token)
    }
    #expect(try await ask("BLOCKED").allowed == .blocked)
    #expect(try await ask("OLD").allowed == .expired)
    let refused = try await ask("EMPTY", at: "LOC-9")
    #expect(refused.allowed == .noCredit && refused.reference == nil && refused.location == nil && refused.info != nil)
  }

  @Test func whatIsNotOursIsUnknown() async throws {
    let roamer = try house.addPartner()
    try house.addToken("DE-1", of: roamer)
    await #expect(throws: PartnerFault.unknownToken) { try await ask("DE-1") }
    await #expect(throws: PartnerFault.unknownToken) { try await ask("NOBODY") }
    // Whoever knows us as an operator only has no drivers of ours to ask for.
    try house.addToken("CARD")
    let other = try house.caller(roamer)
    await #expect(throws: PartnerFault.unknownToken) {
      try await house.csms.authorize(TokenQuestion(uid: "CARD", kind: .rfid), for: other)
    }
  }

  // MARK: Pushed

  private var told: [String] {
    house.partners.sent("tokens").map { "\($0.request.url) \($0.body["valid"]?.bool == true)" }
  }

  private func draft(_ uid: String) -> Token {
    Token(id: ID(0), uid: uid, kind: .rfid, contractID: "", issuer: "", createdAt: house.now, updatedAt: house.now)
  }

  @Test func aTokenThatIsMadeChangedOrRemovedIsToldToNetworks() async throws {
    let made = try await house.csms.addToken(draft("CARD"), by: "anna")
    #expect(made.contractID.hasPrefix("NL-DRV-C"))
    house.settle()
    _ = try await house.csms.changeToken(made.id, by: "anna") { token throws(Refusal) in token.isValid = false }
    house.settle()
    _ = try await house.csms.changeToken(made.id, by: "anna") { token throws(Refusal) in token.isValid = true }
    house.settle()
    #expect(
      told == ["https://Other/tokens/CARD true", "https://Other/tokens/CARD false", "https://Other/tokens/CARD true"])
    house.partners.clear()
    try await house.csms.removeToken(made.id, by: "anna")
    house.settle()
    #expect(told == ["https://Other/tokens/CARD false"])
  }

  @Test func aRemovalThatANetworkMissedIsToldWhenItIsBackAlsoAfterARestart() async throws {
    let made = try await house.csms.addToken(draft("CARD"), by: "anna")
    house.settle()
    house.partners.mood = { _, _ in .fails(after: nil) }
    try await house.csms.removeToken(made.id, by: "anna")
    house.pass(60)
    try house.restart()
    house.partners.clear()
    house.partners.mood = { _, _ in .accepts }
    house.pass(60)
    #expect(told == ["https://Other/tokens/CARD false"])
  }

  @Test func pinsAreToldToNobody() async throws {
    var pin = draft("1234")
    pin.kind = .keyCode
    _ = try await house.csms.addToken(pin, by: "anna")
    house.settle()
    #expect(told.isEmpty)
  }

  // MARK: Floods

  @Test func aPartnerThatAsksWithoutEndMustWaitAndNobodyElse() throws {
    let other = try house.caller(try house.addPartner())
    for _ in 0..<Limits.partnerRequestsPerMinute { #expect(house.csms.pause(for: caller) == nil) }
    let seconds = try #require(house.csms.pause(for: caller))
    #expect((1...60).contains(seconds))
    #expect(house.csms.pause(for: other) == nil)
    house.clock.now += .seconds(seconds)
    #expect(house.csms.pause(for: caller) == nil)
  }
}
