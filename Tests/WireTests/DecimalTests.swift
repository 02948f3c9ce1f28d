import Testing
import Wire

struct DecimalTests {
  @Test(arguments: [
    ("0", "0"), ("-0", "0"), ("0.000", "0"), ("1", "1"), ("-1", "-1"), ("1.50", "1.5"), ("100", "100"), ("1e2", "100"),
    ("-12.50e3", "-12500"), ("12.5E-1", "1.25"), ("0.0001", "0.0001"), ("1e-4", "0.0001"), ("-0.010", "-0.01"),
    ("123456789012345678", "123456789012345678"), ("1234567890123456789", "1234567890123456789"),
    ("1234567890.1234567890", "1234567890.123456789"), ("1000000000000000000", "1000000000000000000"),
    ("0e999999999999999999999", "0"), ("0.123456789012", "0.123456789012"), ("5e+0", "5"),
  ])
  func textIsReadAndWrittenInLowestForm(_ text: String, _ plain: String) throws {
    let value = try #require(Decimal(text))
    #expect(value.description == plain)
    #expect(Decimal(plain) == value)
    #expect(try Set([value, #require(Decimal(plain))]).count == 1)
  }

  @Test(arguments: [
    "", "-", "+1", ".5", "5.", "1,5", " 1", "1 ", "01", "1e", "e1", "0x10", "NaN", "inf", "1_000", "--1", "1.2.3", "١",
  ])
  func whatIsNoNumberIsNoDecimal(_ text: String) { #expect(Decimal(text) == nil) }

  @Test func digitsEndAtTheirLimit() {
    let most = "1." + String(repeating: "3", count: WireLimits.decimalDigits - 1)
    #expect(Decimal(String(most.dropLast())) == Decimal("1.333333333333"))
    #expect(Decimal(most) == Decimal("1.333333333333"))
    #expect(Decimal(most + "3") == nil)
    // Zeros at either end are no significant digits.
    #expect(Decimal("000.1") == nil)
    #expect(Decimal("0.00000" + most.dropFirst(2)) == Decimal("0.000003333333"))
    #expect(Decimal(most + "00000") == Decimal("1.333333333333"))
    #expect(Decimal("1." + String(repeating: "0", count: WireLimits.decimalDigits - 1) + "1") == nil)
  }

  @Test func digitsBeforeThePointEndAtTheirLimit() {
    let most = String(repeating: "9", count: WireLimits.decimalWholeDigits)
    #expect(Decimal(String(most.dropLast()))?.description == String(most.dropLast()))
    #expect(Decimal(most)?.description == most)
    #expect(Decimal(most + "9") == nil)
    #expect(Decimal("-" + most)?.description == "-" + most)
    #expect(Decimal("-" + most + "9") == nil)
    #expect(
      Decimal("1e\(WireLimits.decimalWholeDigits - 1)")?.description
        == "1" + String(repeating: "0", count: WireLimits.decimalWholeDigits - 1))
    #expect(Decimal("1e\(WireLimits.decimalWholeDigits)") == nil)
    #expect(Decimal("1e40") == nil)
    #expect(Decimal(most + ".9999999999999") == nil, "it rounds up to one digit more")
    #expect(Decimal("1e99999999999999999999999") == nil)
  }

  @Test func digitsAfterThePointEndInRounding() {
    #expect(Decimal("0.00000000001")?.description == "0.00000000001")
    #expect(Decimal("0.000000000001")?.description == "0.000000000001")
    #expect(Decimal("0.0000000000004") == .zero)
    #expect(Decimal("0.0000000000006") == Decimal(1, places: WireLimits.decimalPlaces))
    // Halves go to the even neighbour, as where a double was printed.
    #expect(Decimal("0.0000000000005") == .zero)
    #expect(Decimal("0.0000000000015") == Decimal(2, places: WireLimits.decimalPlaces))
    #expect(Decimal("0.30000000000000004") == Decimal("0.3"))
    #expect(Decimal("-1.4210854715202004e-14") == .zero)
    #expect(Decimal("1e-40") == .zero)
    #expect(Decimal("1e-99999999999999999999999") == .zero)
  }

  /// What is read may be added, compared, taken a millionfold and divided by what is read, whatever it is.
  @Test func whatIsReadNeverTrapsInPlainArithmetic() throws {
    let nines = String(repeating: "9", count: WireLimits.decimalWholeDigits)
    let (many, most) = (String(repeating: "9", count: 34), "\(nines).999999999999")
    let sizes = ["1e40", "1e-40", "1e19", "1e18", "1e-12", "1e-13", many, nines, most, "0.\(many)", "1e-400", "0"]
    let texts: [String] = sizes + sizes.map { "-\($0)" }
    let values = texts.compactMap { Decimal($0) }
    #expect(values.count > texts.count / 2)
    for left in values {
      #expect(Decimal(left.description) == left)
      _ = (left * Decimal(1_000_000), left.asInt64(scaledBy: 4), Ratio(left) * Ratio(1, over: 3_600))
      _ = (left.divided(by: 69_000, places: 1, rounding: .down), left.rounded(toPlaces: 4, .halfUp))
      for right in values {
        _ = (left + right, left - right, left < right, Ratio(left) + Ratio(right))
        if !right.isZero { _ = left.divided(by: right, places: 6, rounding: .halfUp) }
      }
    }
  }

  @Test(arguments: UInt64(1)...20)
  func arithmeticAgreesWithWholeNumbers(_ seed: UInt64) {
    var random = Seeded(seed)
    for _ in 0..<200 {
      let (a, b) = (
        Int.random(in: -1_000_000...1_000_000, using: &random), Int.random(in: -1_000_000...1_000_000, using: &random)
      )
      let (p, q) = (Int.random(in: 0...6, using: &random), Int.random(in: 0...6, using: &random))
      let (x, y) = (Decimal(a, places: p), Decimal(b, places: q))
      func power(_ n: Int) -> Int { (0..<n).reduce(1) { product, _ in product * 10 } }
      let common = max(p, q)
      let (ax, by) = (a * power(common - p), b * power(common - q))
      #expect(x + y == Decimal(ax + by, places: common), "seed \(seed)")
      #expect(x - y == Decimal(ax - by, places: common), "seed \(seed)")
      #expect(x * y == Decimal(a * b, places: p + q), "seed \(seed)")
      #expect((x < y) == (ax < by), "seed \(seed)")
      #expect((x == y) == (ax == by), "seed \(seed)")
      #expect(x + y == y + x && (x + y) - y == x && -(-x) == x, "seed \(seed)")
      #expect(Decimal(x.description) == x, "seed \(seed)")
      #expect(Ratio(x).rounded(toPlaces: p, .down) == x, "seed \(seed)")
    }
  }

  @Test func sizesFarApartAreCompared() throws {
    let order: [Decimal] = [
      Decimal(-1, places: -40), Decimal(-999, places: -37), Decimal(-1), Decimal(-1, places: 40), .zero,
      Decimal(1, places: 40), Decimal(15, places: 40), Decimal(1, places: 1), Decimal(9), Decimal(10),
      Decimal(1, places: -39), Decimal(99, places: -38), Decimal(1, places: -40),
    ]
    for (i, left) in order.enumerated() {
      for (j, right) in order.enumerated() {
        #expect((left < right) == (i < j))
        #expect((left == right) == (i == j))
      }
    }
    let large = Decimal(Int128.max)
    #expect(large > Decimal(17, places: -37))
    #expect(large < Decimal(18, places: -37))
    #expect(Decimal(Int128.min + 1) < Decimal(-17, places: -37))
  }

  @Test(arguments: [
    ("2.5", 0, "3", "2", "2", "3"), ("3.5", 0, "4", "4", "3", "4"), ("-2.5", 0, "-3", "-2", "-2", "-3"),
    ("2.51", 0, "3", "3", "2", "3"), ("2.49", 0, "2", "2", "2", "3"), ("0.00005", 4, "0.0001", "0", "0", "0.0001"),
    ("0.00015", 4, "0.0002", "0.0002", "0.0001", "0.0002"), ("1.2345", 4, "1.2345", "1.2345", "1.2345", "1.2345"),
    ("1.2345", 9, "1.2345", "1.2345", "1.2345", "1.2345"), ("1250", -2, "1300", "1200", "1200", "1300"),
    ("9.9999", 3, "10", "10", "9.999", "10"), ("1e-12", 0, "0", "0", "0", "1"), ("-1e-12", 0, "0", "0", "0", "-1"),
    ("5", -1, "10", "0", "0", "10"), ("4e17", -18, "0", "0", "0", "1e18"),
  ])
  func eachRuleRoundsInItsWay(
    _ text: String, _ places: Int, _ halfUp: String, _ halfEven: String, _ down: String, _ up: String
  ) throws {
    let value = try #require(Decimal(text))
    #expect(value.rounded(toPlaces: places, .halfUp) == Decimal(halfUp))
    #expect(value.rounded(toPlaces: places, .halfEven) == Decimal(halfEven))
    #expect(value.rounded(toPlaces: places, .down) == Decimal(down))
    #expect(value.rounded(toPlaces: places, .up) == Decimal(up))
  }

  @Test(arguments: UInt64(1)...10)
  func divisionAgreesWithWholeNumbers(_ seed: UInt64) {
    var random = Seeded(seed)
    for _ in 0..<200 {
      let a = Int.random(in: -1_000_000_000...1_000_000_000, using: &random)
      let b = Int.random(in: 1...100_000, using: &random) * (Bool.random(using: &random) ? 1 : -1)
      let scaled = a * 10_000
      let (quotient, remainder) = (abs(scaled) / abs(b), abs(scaled) % abs(b))
      let sign = (a < 0) == (b < 0) ? 1 : -1
      func divided(_ rule: Rounding) -> Decimal { Decimal(a).divided(by: Decimal(b), places: 4, rounding: rule) }
      #expect(divided(.down) == Decimal(sign * quotient, places: 4), "seed \(seed)")
      #expect(divided(.up) == Decimal(sign * (quotient + (remainder > 0 ? 1 : 0)), places: 4), "seed \(seed)")
      #expect(
        divided(.halfUp) == Decimal(sign * (quotient + (2 * remainder >= abs(b) ? 1 : 0)), places: 4), "seed \(seed)")
      let isUp = 2 * remainder > abs(b) || (2 * remainder == abs(b) && quotient % 2 == 1)
      #expect(divided(.halfEven) == Decimal(sign * (quotient + (isUp ? 1 : 0)), places: 4), "seed \(seed)")
    }
  }

  @Test func divisionTakesMoreDigitsThan64Bits() throws {
    let third = Decimal(1).divided(by: Decimal(3), places: 30, rounding: .halfUp)
    #expect(third.description == "0." + String(repeating: "3", count: 30))
    let large = Decimal(Int128(12_345_678_901_234_567) * 1_000_000_000_000 + 890_123_456_789)
    let seventh = large.divided(by: 7, places: 6, rounding: .down)
    let rest = large - seventh * 7
    #expect(rest >= 0)
    #expect(rest < Decimal(7, places: 6))
  }

  @Test func unitsOfMoneyAreCounted() throws {
    #expect(Decimal(12_345, places: 4).asInt64(scaledBy: 4) == 12_345)
    #expect(Decimal("1.2")?.asInt64(scaledBy: 4) == 12_000)
    #expect(Decimal("1.23456")?.asInt64(scaledBy: 4) == nil)
    #expect(Decimal("-0.0001")?.asInt64(scaledBy: 4) == -1)
    #expect(Decimal("922337203685477.5807")?.asInt64(scaledBy: 4) == .max)
    #expect(Decimal("922337203685477.5808")?.asInt64(scaledBy: 4) == nil)
    #expect(Decimal(1, places: -40).asInt64(scaledBy: 4) == nil)
    #expect(Decimal("1e18")?.asInt64(scaledBy: 0) == 1_000_000_000_000_000_000)
    #expect(Decimal.zero.asInt64(scaledBy: 4) == 0)
  }

  @Test func billsShowTheirZeros() throws {
    #expect(Decimal("12.5")?.text(places: 2) == "12.50")
    #expect(Decimal("12")?.text(places: 2) == "12.00")
    #expect(Decimal("12.345")?.text(places: 2) == "12.345")
    #expect(Decimal("12")?.text(places: 0) == "12")
  }

  @Test func overflowTraps() async {
    await #expect(processExitsWith: .failure) { _ = Decimal(Int128.max) + Decimal(Int128.max) }
    await #expect(processExitsWith: .failure) { _ = Decimal(Int128.max) * Decimal(2) }
    await #expect(processExitsWith: .failure) { _ = Decimal(1, places: -40) + Decimal(1, places: 40) }
    await #expect(processExitsWith: .failure) { _ = Decimal(1).divided(by: 0, places: 4, rounding: .down) }
    await #expect(processExitsWith: .failure) {
      var value = Decimal(1, places: -40)
      for _ in 0..<4 { value *= value }
    }
  }
}
