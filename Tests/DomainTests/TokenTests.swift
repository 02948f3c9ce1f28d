import Testing
import Wire

@testable import Domain

@Suite struct TokenTests {
  private let now = at("2026-06-01T10:00:00Z")

  private func token(_ uid: String, isValid: Bool = true, until: Timestamp? = nil) -> Token {
    Token(
      id: ID(1), uid: uid, kind: .rfid, contractID: "C", issuer: "Ostler", isValid: isValid, validUntil: until,
      createdAt: now,
      updatedAt: now)
  }

  @Test(arguments: [("04A2B3", "04a2b3"), (" 04 A2 B3 ", "04A2B3"), ("04a2b3", "04A2b3")])
  func spellingsOfOneCardFoldAlike(_ one: String, _ other: String) {
    #expect(Token.fold(one) == Token.fold(other))
    #expect(token(one).foldedUID == token(other).foldedUID)
    #expect(token(one).uid == one, "kept as it was received")
  }

  @Test(arguments: [("04A2B3", "04A2B4"), ("04-A2", "04A2"), ("a", "a0")])
  func otherCardsDoNot(_ one: String, _ other: String) { #expect(Token.fold(one) != Token.fold(other)) }

  @Test func itIsUsableUntilItEndsAndWhileItIsValid() {
    #expect(token("a").isUsable(at: now))
    #expect(!token("a", isValid: false).isUsable(at: now))
    #expect(token("a", until: now + .milliseconds(1)).isUsable(at: now))
    #expect(!token("a", until: now).isUsable(at: now))
  }
}
