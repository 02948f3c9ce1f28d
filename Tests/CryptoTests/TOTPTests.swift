import Crypto
import Testing
import Wire

@Suite struct TOTPTests {
  private let factor = TOTP(secret: Bytes(utf8: "12345678901234567890"))

  /// RFC 6238 appendix B, the last six digits.
  @Test(
    arguments: [
      (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
      (2_000_000_000, "279037"), (20_000_000_000, "353130"),
    ] as [(Int64, String)])
  func theCodesOfTheStandardComeOut(_ seconds: Int64, _ code: String) {
    #expect(factor.code(at: seconds / TOTP.stepSeconds) == code)
  }

  @Test func aCodeIsGoodOneStepEarlyAndLateAndNoFurther() {
    let code = factor.code(at: 1_000)
    for (step, isGood) in [(998, false), (999, true), (1_000, true), (1_001, true), (1_002, false)] as [(Int64, Bool)] {
      #expect((factor.step(of: code, at: step * 30, after: nil) != nil) == isGood, "at \(step)")
    }
  }

  @Test func aCodeThatWasUsedIsWorthNothing() {
    let code = factor.code(at: 1_000)
    #expect(factor.step(of: code, at: 30_000, after: 999) == 1_000)
    #expect(factor.step(of: code, at: 30_000, after: 1_000) == nil)
  }

  /// RFC 4648 §10, without its padding.
  @Test(arguments: [
    ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI"),
  ])
  func base32IsThatOfTheStandard(_ plain: String, _ text: String) {
    #expect(Base32.encode(Bytes(utf8: plain)) == text)
    #expect(Base32.decode(text.lowercased()) == Bytes(utf8: plain))
  }

  @Test func otherCharactersAreNoBase32() {
    #expect(Base32.decode("MZX1") == nil)
    #expect(TOTP(base32: "") == nil)
  }

  @Test func aNameCannotChangeWhatTheAddressOfAnAuthenticatorSays() {
    let uri = factor.uri(account: "anna&secret=x", issuer: "Ostler")
    #expect(uri.hasPrefix("otpauth://totp/Ostler:anna%26secret%3Dx?secret=GEZDGNBV"))
  }
}
