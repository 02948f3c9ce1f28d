import Testing
import Wire

struct RatioTests {
  @Test func aPriceByTheSecondIsExact() throws {
    // 2.40 per hour for 1000 s, thrice, is what it is for 3000 s: two euros.
    let perHour = Ratio(try #require(Decimal("2.40")))
    let part = perHour * Ratio(1000, over: 3600)
    #expect(part + part + part == Ratio(2))
    #expect(part.rounded(toPlaces: 4, .halfUp) == Decimal("0.6667"))
    #expect(part.description == "2/3")
  }

  @Test(arguments: UInt64(1)...20)
  func arithmeticAgreesWithWholeNumbers(_ seed: UInt64) {
    var random = Seeded(seed)
    func fraction() -> (Int, Int) {
      (Int.random(in: -10_000...10_000, using: &random), Int.random(in: 1...10_000, using: &random))
    }
    for _ in 0..<200 {
      let ((a, b), (c, d)) = (fraction(), fraction())
      let (x, y) = (Ratio(a, over: b), Ratio(c, over: d))
      #expect(x + y == Ratio(a * d + c * b, over: b * d), "seed \(seed)")
      #expect(x - y == Ratio(a * d - c * b, over: b * d), "seed \(seed)")
      #expect(x * y == Ratio(a * c, over: b * d), "seed \(seed)")
      if c != 0 { #expect(x / y == Ratio(a * d, over: b * c), "seed \(seed)") }
      #expect((x < y) == (a * d < c * b), "seed \(seed)")
      #expect((x == y) == (a * d == c * b), "seed \(seed)")
      #expect(x.rounded(toPlaces: 0, .down) == Decimal(a / b), "seed \(seed)")
      #expect((x + y) * Ratio(b) * Ratio(d) == Ratio(a * d + c * b), "seed \(seed)")
    }
  }

  @Test func signsAndZerosHaveOneForm() {
    #expect(Ratio(1, over: -2) == Ratio(-1, over: 2))
    #expect(Ratio(0, over: -7) == .zero)
    #expect(Ratio(-4, over: -8).description == "1/2")
    #expect(-Ratio(1, over: 3) == Ratio(-1, over: 3))
    #expect(Ratio(-1, over: 3).isNegative)
    #expect(Set([Ratio(2, over: 4), Ratio(1, over: 2)]).count == 1)
  }

  @Test func largeFractionsAreComparedAndRounded() {
    let large = Ratio(Int128.max, over: 3)
    #expect(Ratio(Int128.max - 1, over: 3) < large)
    #expect(Ratio(1, over: Int128.max) < Ratio(1, over: Int128.max - 1))
    #expect(Ratio(Int128.max, over: Int128.max - 1).rounded(toPlaces: 4, .halfUp) == 1)
    #expect(Ratio(Int128.max, over: Int128.max - 1).rounded(toPlaces: 4, .up) == Decimal("1.0001"))
    #expect(Ratio(15, over: 1).rounded(toPlaces: -1, .halfUp) == 20)
    #expect(Ratio(25, over: 1).rounded(toPlaces: -1, .halfEven) == 20)
  }

  @Test func decimalsBecomeFractions() throws {
    #expect(Ratio(try #require(Decimal("0.25"))) == Ratio(1, over: 4))
    #expect(Ratio(try #require(Decimal("-2.5e3"))) == Ratio(-2500))
  }

  @Test func whatLeavesTheRangeTraps() async {
    await #expect(processExitsWith: .failure) { _ = Ratio(Int128.max) + Ratio(1) }
    await #expect(processExitsWith: .failure) { _ = Ratio(Int128.max) * Ratio(2) }
    await #expect(processExitsWith: .failure) { _ = Ratio(1, over: 0) }
    await #expect(processExitsWith: .failure) { _ = Ratio(1) / Ratio.zero }
    await #expect(processExitsWith: .failure) { _ = Ratio(Int128.max).rounded(toPlaces: 1, .down) }
    await #expect(processExitsWith: .failure) { _ = Ratio(Decimal(1, places: -39)) }
  }
}
