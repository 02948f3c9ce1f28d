import Crypto
import Testing

@Suite struct PaymentCodeTests {
  /// Reckoned with Python's hmac by the algorithm of the text.
  @Test(
    arguments: [
      ("secret", 0, 8, "MhvkgP7D"), ("secret", 59_000_000, 8, "Xwf35dis"),
      ("ein Geheimnis é", 1, 24, "zQVaG2Lq9qZybS2iXVvUMaj0"),
    ] as [(String, Int64, Int, String)])
  func theCodesOfTheStandardComeOut(_ secret: String, _ interval: Int64, _ length: Int, _ text: String) {
    #expect(PaymentCode(secret: secret, seconds: 30, length: length).text(in: interval) == text)
  }

  @Test func aCodeIsGoodOneIntervalEarlyAndLateAndNoFurther() {
    let code = PaymentCode(secret: "secret", seconds: 30, length: 8)
    let shown = code.text(in: 1_000)
    for (interval, since) in [(998, nil), (999, 30_000), (1_000, 30_000), (1_001, 30_000), (1_002, nil)]
      as [(Int64, Int64?)]
    {
      #expect(code.since(shown, at: interval * 30) == since, "at \(interval)")
    }
    #expect(code.since(shown + "0", at: 30_000) == nil && code.since("", at: 30_000) == nil)
  }
}
