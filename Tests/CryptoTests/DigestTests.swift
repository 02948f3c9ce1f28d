// Shows that the digests are the published ones.
import Crypto
import Testing
import Wire

@Suite struct DigestTests {
  // FIPS 180-4 examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func sha256IsTheStandards(text: String, expected: String) {
    #expect(SHA256.digest(Bytes(utf8: text)).hex == expected)
  }

  @Test func sha256OfAMillionLettersIsTheStandards() {
    #expect(
      SHA256.digest(Bytes(repeating: UInt8(ascii: "a"), count: 1_000_000)).hex
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  // RFC 4231, cases 1, 2, 3 and 6, and the empty key and message.
  @Test(arguments: [
    (
      Bytes(repeating: 0x0b, count: 20), Bytes(utf8: "Hi There"),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Bytes(utf8: "Jefe"), Bytes(utf8: "what do ya want for nothing?"),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      Bytes(repeating: 0xaa, count: 20), Bytes(repeating: 0xdd, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      Bytes(repeating: 0xaa, count: 131), Bytes(utf8: "Test Using Larger Than Block-Size Key - Hash Key First"),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    ([], [], "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
  ])
  func hmacIsTheStandards(key: Bytes, message: Bytes, expected: String) {
    #expect(HMAC.sha256(key: key, message).hex == expected)
  }

  @Test func equalMeansTheSameBytesAndTheSameCount() {
    #expect(equalInConstantTime([], []))
    #expect(equalInConstantTime([1, 2, 3], [1, 2, 3]))
    #expect(!equalInConstantTime([1, 2, 3], [1, 2, 4]))
    #expect(!equalInConstantTime([0, 2, 3], [1, 2, 3]))
    #expect(!equalInConstantTime([1, 2], [1, 2, 3]))
    #expect(!equalInConstantTime([1, 2, 3], [1, 2]))
    #expect(!equalInConstantTime([], [0]))
  }
}
