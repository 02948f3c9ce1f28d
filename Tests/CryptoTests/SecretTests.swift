// Shows that secrets are as long as they should be and never twice the same, and what is kept of them.
import Crypto
import Testing
import Wire

@Suite struct SecretTests {
  @Test(arguments: [0, 1, 16, 4096])
  func asManyRandomBytesAsAskedFor(count: Int) {
    #expect(randomBytes(count).count == count)
  }

  @Test func randomBytesDoNotRepeat() {
    #expect(Set((0..<1000).map { _ in randomBytes(16) }).count == 1000)
  }

  @Test func everyBitOfARandomByteOccursBothWays() {
    let bytes = randomBytes(200)
    #expect(bytes.reduce(0, |) == .max)
    #expect(bytes.reduce(.max, &) == 0)
  }

  @Test func aSecretIsPlainTextForAURL() {
    let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    for _ in 0..<100 {
      let secret = Secret.make(bytes: 32)
      #expect(secret.count == 43)
      #expect(secret.allSatisfy(allowed.contains))
    }
    #expect(Secret.make(bytes: 16).count == 22)
    // One in 64 would.
    #expect((0..<1_000).allSatisfy { _ in !Secret.make(bytes: 16).hasPrefix("-") })
    #expect(Secret.make() != Secret.make())
  }

  @Test func aTokenIsFoundByTheDigestOfItsText() {
    #expect(TokenDigest.of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(TokenDigest.of("abc") != TokenDigest.of("Abc"))
  }

  @Test func aCSRFTokenBelongsToOneSession() {
    let token = CSRFToken.make(session: "a")
    #expect(token.count == 43)
    #expect(token == CSRFToken.make(session: "a"))
    #expect(CSRFToken.matches(token, session: "a"))
    #expect(!CSRFToken.matches(token, session: "b"))
    #expect(!CSRFToken.matches("", session: "a"))
    #expect(!CSRFToken.matches(token + "A", session: "a"))
    #expect(!CSRFToken.matches(String(token.dropLast()), session: "a"))
  }

  @Test func aCSRFTokenDoesNotTellTheSession() {
    #expect(CSRFToken.make(session: "a") != TokenDigest.of("a"))
  }
}
