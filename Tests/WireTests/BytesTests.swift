import Testing
import Wire

struct BytesTests {
  @Test func utf8IsReadStrictly() {
    #expect(String(utf8: Bytes(utf8: "Käfer 🚗")) == "Käfer 🚗")
    #expect(String(utf8: [0xC0, 0xAF]) == nil)
    #expect(String(utf8: [0xED, 0xA0, 0x80]) == nil)
    #expect(String(utf8: [0xF4, 0x90, 0x80, 0x80]) == nil)
    #expect(String(utf8: [0x41, 0xE2, 0x82]) == nil)
    #expect(String(utf8: Bytes(utf8: "abc")[1...]) == "bc")
    #expect(String(utf8: Bytes()) == "")
  }

  @Test func hexGoesBothWays() {
    let all = Bytes(0...255)
    #expect(Bytes(hex: all.hex) == all)
    #expect(Bytes(hex: "00fFAb") == [0, 255, 171])
    #expect(Bytes([1, 0xAB]).hex == "01ab")
    #expect(Bytes(hex: "") == [])
  }

  @Test(arguments: ["0", "0g", "0x", " 00", "00 ", "+1", "äää"])
  func whatIsNotHexIsRefused(_ text: String) { #expect(Bytes(hex: text) == nil) }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func base64KeepsTheVectorsOfTheRFC(_ plain: String, _ coded: String) {
    #expect(Bytes(utf8: plain).base64 == coded)
    #expect(Bytes(base64: coded) == Bytes(utf8: plain))
    let bare = String(coded.prefix { $0 != "=" })
    #expect(Bytes(base64: bare) == Bytes(utf8: plain))
    #expect(Bytes(utf8: plain).base64URL == bare)
    #expect(Bytes(base64URL: bare) == Bytes(utf8: plain))
  }

  @Test func eachAlphabetRefusesTheOther() {
    let bytes: Bytes = [0xFB, 0xFF, 0xBF]
    #expect(bytes.base64 == "+/+/")
    #expect(bytes.base64URL == "-_-_")
    #expect(Bytes(base64: "-_-_") == nil)
    #expect(Bytes(base64URL: "+/+/") == nil)
    #expect(Bytes(base64URL: "-_-_") == bytes)
  }

  @Test(arguments: [
    "A", "Zg=", "Zg===", "Zh==", "Zm9=", "Z=g=", "Zg==Zg==", "Zm9v=", "Zm9v\n", " Zm9v", "Zm8==", "====",
  ])
  func brokenBase64IsRefused(_ text: String) { #expect(Bytes(base64: text) == nil) }

  @Test func base64RoundTripsBytesOfAnyLength() {
    var random = Seeded(1)
    for length in 0..<70 {
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(Bytes(base64: bytes.base64) == bytes)
      #expect(Bytes(base64URL: bytes.base64URL) == bytes)
    }
  }

  @Test func aPathSegmentIsEscaped() {
    #expect("a b/ä~._-Z9".percentEncoded == "a%20b%2F%C3%A4~._-Z9")
    #expect("100%?#:".percentEncoded == "100%25%3F%23%3A")
  }

  @Test func ciStringsFoldASCIIOnly() {
    #expect("DE*Abc-Ä".ciFolded == "de*abc-Ä")
    #expect("İ@[`{".ciFolded == "İ@[`{")
    #expect("DE*Abc".ciHasPrefix("de*a"))
    #expect("DE*Abc".ciHasPrefix(""))
    #expect(!"DE*".ciHasPrefix("de*a"))
    #expect(!"İa".ciHasPrefix("ia"))
  }
}
