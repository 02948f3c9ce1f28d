// Shows which presented passwords are a station's key, in the forms that stations are known to send.
import Crypto
import Testing
import Wire

@Suite struct StationKeyTests {
  let digits = "4F43415F4F4354545F61646D696E5F7465737420"  // 40 hex digits
  let decoded = Bytes(utf8: "OCA_OCTT_admin_test ")  // the 20 bytes that they stand for

  @Test func aKeyIsRecognised() {
    let key = StationKey.hash(of: Bytes(utf8: "correct horse battery"))
    #expect(key.verify(Bytes(utf8: "correct horse battery")))
    #expect(!key.verify(Bytes(utf8: "correct horse batterY")))
    #expect(!key.verify(Bytes(utf8: "correct horse batter")))
    #expect(!key.verify(Bytes(utf8: "correct horse battery ")))
  }

  @Test func hexDigitsAndTheirBytesAreOneKey() {
    let forms = [Bytes(utf8: digits), Bytes(digits.lowercased().utf8), decoded]
    for stored in forms {
      let key = StationKey.hash(of: stored)
      for presented in forms { #expect(key.verify(presented)) }
      #expect(!key.verify(Bytes(digits.dropLast(2).utf8)))
      #expect(!key.verify(Bytes((digits + "00").utf8)))
    }
  }

  /// A key of bytes that look like digits themselves, configured as the digits of those bytes.
  @Test func bytesThatLookLikeDigitsAreTheKeyThatTheyWereConfiguredAs() {
    let shown = Bytes(utf8: "0123456789012345")
    let key = StationKey.hash(of: Bytes(utf8: shown.hex))
    #expect(key.verify(shown) && key.verify(Bytes(utf8: shown.hex)))
    #expect(!key.verify(Bytes(utf8: "0123456789012346")))
  }

  @Test func oddDigitsStandForNothing() {
    let key = StationKey.hash(of: Bytes(utf8: "abc"))
    #expect(key.verify(Bytes(utf8: "abc")))
    #expect(!key.verify(Bytes(utf8: "ABC")))
    #expect(!key.verify([0xab, 0xc0]))
    #expect(!key.verify([0x0a, 0xbc]))
  }

  @Test func bytesThatAreNotTextAreAKey() {
    let bytes: Bytes = [0xff, 0x00, 0xfe, 0x80, 0xc0]
    let key = StationKey.hash(of: bytes)
    #expect(key.verify(bytes))
    #expect(!key.verify([0xff, 0x00, 0xfe, 0x80]))
  }

  @Test func nothingIsNeverAKey() {
    #expect(!StationKey.hash(of: []).verify([]))
    #expect(!StationKey.hash(of: [1]).verify([]))
  }

  @Test func itIsStoredAsTextAndReadBack() throws {
    let key = StationKey.hash(of: decoded)
    let parts = key.text.split(separator: "$")
    #expect(parts.map(\.count) == [6, 32, 64])
    #expect(parts[0] == "sha256")
    let again = try #require(StationKey(text: key.text))
    #expect(again.text == key.text)
    #expect(again.verify(decoded))
    #expect(!again.verify(Bytes(utf8: "something else")))
  }

  @Test func theStoredFormStaysReadable() throws {
    // SHA-256 of sixteen zero bytes and "secret-key-1", computed elsewhere.
    let text =
      "sha256$00000000000000000000000000000000$3329021b508f1c8c7acedc9ec2c95b01e3a85ce0957821845c3108055eeac8c8"
    #expect(try #require(StationKey(text: text)).verify(Bytes(utf8: "secret-key-1")))
  }

  @Test func theSaltMakesEveryStoredFormDifferent() {
    #expect(StationKey.hash(of: decoded).text != StationKey.hash(of: decoded).text)
  }

  @Test func whatIsNotTheStoredFormIsRefused() {
    let salt = String(repeating: "0", count: 32)
    let digest = String(repeating: "0", count: 64)
    #expect(StationKey(text: "sha256$\(salt)$\(digest)") != nil)
    for text in [
      "", "sha256", "sha256$$", "sha256$\(salt)$", "sha256$$\(digest)", "md5$\(salt)$\(digest)",
      "sha256$\(salt)$\(digest)$", "$sha256$\(salt)$\(digest)", "sha256$\(salt)00$\(digest)",
      "sha256$\(salt.dropLast(2))$\(digest)", "sha256$\(salt)$\(digest)00", "sha256$\(salt)$\(digest.dropLast(1))",
      "sha256$\(salt)$g\(digest.dropLast(1))", "sha256$\(salt)$\(digest) ",
    ] {
      #expect(StationKey(text: text) == nil, "\(text)")
    }
  }
}
