// Shows that people's passwords are kept by scrypt, and what verifies against what is kept.
import Testing
import Wire

@testable import Crypto

@Suite struct PasswordTests {
  // RFC 7914, 12.
  @Test(
    arguments: [
      (
        "", "", 16, 1, 1,
        "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
          + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
      ),
      (
        "password", "NaCl", 1024, 8, 16,
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
          + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
      ),
      (
        "pleaseletmein", "SodiumChloride", 16384, 8, 1,
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
          + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
      ),
    ] as [(String, String, UInt64, UInt64, UInt64, String)])
  func scryptIsTheStandards(
    password: String, salt: String, n: UInt64, r: UInt64, p: UInt64, expected: String
  ) throws {
    let derived = try scrypt(
      password: Bytes(utf8: password), salt: Bytes(utf8: salt), n: n, r: r, p: p, count: 64)
    #expect(derived.hex == expected)
  }

  @Test func workThatIsNotAPowerOfTwoIsRefused() {
    #expect(throws: CryptoFault.self) {
      try scrypt(password: [], salt: [], n: 1000, r: 8, p: 1, count: 32)
    }
  }

  @Test func aPasswordVerifiesAndOthersDoNot() throws {
    let stored = try Password.hash(of: "Grüße aus 東京")
    #expect(try stored.verify("Grüße aus 東京"))
    #expect(try !stored.verify("Grüße aus 東亰"))
    #expect(try !stored.verify(""))
  }

  @Test func itIsStoredWithItsCostAndReadBack() throws {
    let stored = try Password.hash(of: "a")
    let parts = stored.text.split(separator: "$")
    #expect(parts[..<4] == ["scrypt", "15", "8", "1"])
    #expect(parts[4...].map(\.count) == [32, 64])
    let again = try #require(Password(text: stored.text))
    #expect(again.text == stored.text)
    #expect(try again.verify("a"))
    #expect(try Password.hash(of: "a").text != stored.text, "the salt is fresh")
  }

  @Test func aPasswordOfAnotherCostStillVerifies() throws {
    let salt = Bytes(repeating: 7, count: 16)
    let digest = try scrypt(password: Bytes(utf8: "old"), salt: salt, n: 1024, r: 4, p: 2, count: 32)
    let stored = try #require(Password(text: "scrypt$10$4$2$\(salt.hex)$\(digest.hex)"))
    #expect(try stored.verify("old"))
    #expect(try !stored.verify("new"))
  }

  @Test func nobodysPasswordIsNeverRight() throws {
    #expect(try !Password.verifyNothing(""))
    #expect(try !Password.verifyNothing("a"))
  }

  @Test(arguments: [
    ("15", "8", "1", true), ("1", "1", "1", true), ("20", "8", "4", true),
    ("21", "8", "1", false), ("20", "9", "1", false), ("20", "8", "5", false),
    ("0", "8", "1", false), ("15", "0", "1", false), ("15", "8", "0", false),
    ("-1", "8", "1", false), ("", "8", "1", false), ("15", "eight", "1", false),
    ("18446744073709551616", "8", "1", false),
  ])
  func theCostIsReadWithinItsLimits(logN: String, r: String, p: String, accepted: Bool) {
    let rest = String(repeating: "0", count: 32) + "$" + String(repeating: "0", count: 64)
    #expect((Password(text: "scrypt$\(logN)$\(r)$\(p)$\(rest)") != nil) == accepted)
  }

  @Test func whatIsNotTheStoredFormIsRefused() {
    let salt = String(repeating: "0", count: 32)
    let digest = String(repeating: "0", count: 64)
    for text in [
      "", "scrypt", "scrypt$15$8$1$$", "scrypt$15$8$1$\(salt)", "scrypt$15$8$1$\(salt)$\(digest)$",
      "bcrypt$15$8$1$\(salt)$\(digest)", "scrypt$15$8$1$\(salt)00$\(digest)", "scrypt$15$8$1$\(salt)$\(digest)00",
      "scrypt$15$8$1$\(salt.dropLast(1))g$\(digest)",
    ] {
      #expect(Password(text: text) == nil, "\(text)")
    }
  }
}
