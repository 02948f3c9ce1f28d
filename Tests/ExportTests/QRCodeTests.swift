import Export
import Testing

@Suite struct QRCodeTests {
  /// What ISO/IEC 18004 table 7 says of level M in byte mode.
  @Test(arguments: [(14, 21), (15, 25), (26, 25), (27, 29), (122, 45), (180, 53), (213, 57), (412, 77)])
  func theSmallestSquareThatHoldsTheTextIsTaken(_ bytes: Int, _ size: Int) {
    #expect(QRCode(String(repeating: "x", count: bytes))?.size == size)
  }

  @Test func aTextThatIsTooLongHasNoCode() {
    #expect(QRCode(String(repeating: "x", count: QRCode.longestText)) != nil)
    #expect(QRCode(String(repeating: "x", count: QRCode.longestText + 1)) == nil)
    // A letter of two bytes counts twice.
    #expect(QRCode(String(repeating: "é", count: QRCode.longestText / 2 + 1)) == nil)
  }

  @Test func threeCornersAreFindersAndTheFourthIsNot() throws {
    let code = try #require(QRCode("https://charge.example/c/k3w9"))
    func isFinder(_ x: Int, _ y: Int) -> Bool {
      (0..<7).allSatisfy { dy in
        (0..<7).allSatisfy { dx in
          let ring = max(abs(dx - 3), abs(dy - 3))
          return code[x + dx, y + dy] == (ring != 2)
        }
      }
    }
    #expect(isFinder(0, 0) && isFinder(code.size - 7, 0) && isFinder(0, code.size - 7))
    #expect(!isFinder(code.size - 7, code.size - 7))
  }

  @Test func thePathDrawsExactlyTheDarkModules() throws {
    let code = try #require(QRCode("k3w9"))
    var drawn = 0
    for run in code.path.split(separator: "M") {
      let parts = run.split(separator: "h")
      drawn += Int(parts[1].split(separator: "v")[0]) ?? 0
    }
    let dark = (0..<code.size).reduce(0) { sum, y in sum + (0..<code.size).count { code[$0, y] } }
    #expect(drawn == dark)
  }
}
