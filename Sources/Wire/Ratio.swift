// Exact fractions, for sums whose parts are hours and minutes of a price: rounding waits until the end.

/// An exact fraction in lowest terms. A price per hour times seconds has the denominator 3600·10^k, so a whole bill is
/// summed without rounding and rounded once. Arithmetic that leaves 128 bits traps.
public struct Ratio: Sendable, Hashable, Comparable {
  let numerator: Int128
  /// Always positive.
  let denominator: Int128

  public static let zero = Ratio(0)

  @inlinable public init(_ value: some BinaryInteger) { self.init(reducing: Int128(value), over: 1) }

  /// A part of a whole: `Ratio(90, over: 3600)` is a fortieth.
  @inlinable public init(_ part: some BinaryInteger, over whole: some BinaryInteger) {
    self.init(reducing: Int128(part), over: Int128(whole))
  }

  public init(_ value: Decimal) {
    guard let power = powerOfTen(abs(value.exponent)) else {
      preconditionFailure("a decimal of this size is not held as a ratio")
    }
    if value.exponent >= 0 {
      let (product, overflow) = value.significand.multipliedReportingOverflow(by: power)
      precondition(!overflow, "a decimal of this size is not held as a ratio")
      self.init(reducing: product, over: 1)
    } else {
      self.init(reducing: value.significand, over: power)
    }
  }

  @usableFromInline init(reducing part: Int128, over whole: Int128) {
    precondition(whole != 0, "a ratio over zero")
    precondition(part != .min && whole != .min, "a ratio left its range")
    let common = Int128(commonDivisor(part.magnitude, whole.magnitude))
    // Most are in lowest terms already, and a division of 128 bits is dear.
    guard common != 1 || whole < 0 else {
      (numerator, denominator) = (part, whole)
      return
    }
    numerator = (whole < 0 ? -part : part) / common
    denominator = (whole < 0 ? -whole : whole) / common
  }

  public var isZero: Bool { numerator == 0 }
  public var isNegative: Bool { numerator < 0 }

  public static func + (left: Ratio, right: Ratio) -> Ratio {
    if left.isZero { return right }
    if right.isZero { return left }
    let common = Int128(commonDivisor(left.denominator.magnitude, right.denominator.magnitude))
    let leftFactor = right.denominator / common
    let rightFactor = left.denominator / common
    let (sum, overflow) = exact(left.numerator, leftFactor).addingReportingOverflow(exact(right.numerator, rightFactor))
    precondition(!overflow, "a sum left the range of a ratio")
    return Ratio(reducing: sum, over: exact(left.denominator, leftFactor))
  }

  public static func - (left: Ratio, right: Ratio) -> Ratio { left + -right }

  public static prefix func - (value: Ratio) -> Ratio { Ratio(reducing: -value.numerator, over: value.denominator) }

  public static func * (left: Ratio, right: Ratio) -> Ratio {
    // Reduced crosswise first, so that the products are as small as they can be.
    let first = Ratio(reducing: left.numerator, over: right.denominator)
    let second = Ratio(reducing: right.numerator, over: left.denominator)
    return Ratio(
      reducing: exact(first.numerator, second.numerator), over: exact(first.denominator, second.denominator))
  }

  /// The divisor must not be zero.
  public static func / (left: Ratio, right: Ratio) -> Ratio {
    left * Ratio(reducing: right.denominator, over: right.numerator)
  }

  public static func += (left: inout Ratio, right: Ratio) { left = left + right }
  public static func -= (left: inout Ratio, right: Ratio) { left = left - right }

  public static func < (left: Ratio, right: Ratio) -> Bool {
    isLess(left.numerator, right.denominator, right.numerator, left.denominator)
  }

  /// The decimal with at most that many digits after the point, rounded once by that rule.
  public func rounded(toPlaces places: Int, _ rule: Rounding) -> Decimal {
    let (value, remainder, whole) = quotient(places)
    let up = rule.roundsAway(quotient: value, remainder: remainder, of: whole)
    guard let magnitude = Int128(exactly: value + (up ? 1 : 0)) else {
      preconditionFailure("a ratio is rounded beyond the range of a decimal")
    }
    return Decimal(significand: isNegative ? -magnitude : magnitude, exponent: -places)
  }

  /// The magnitude × 10^places as whole part, remainder, and what the remainder is a part of.
  private func quotient(_ places: Int) -> (UInt128, UInt128, UInt128) {
    guard let power = powerOfTen(abs(places)) else {
      preconditionFailure("a ratio is rounded to a place that 128 bits do not hold")
    }
    guard places >= 0 else {
      let whole = Ratio.exact(denominator, power).magnitude
      let (value, remainder) = numerator.magnitude.quotientAndRemainder(dividingBy: whole)
      return (value, remainder, whole)
    }
    let whole = denominator.magnitude
    let wide = numerator.magnitude.multipliedFullWidth(by: power.magnitude)
    precondition(wide.high < whole, "a ratio is rounded beyond the range of a decimal")
    let (value, remainder) =
      wide.high == 0 ? wide.low.quotientAndRemainder(dividingBy: whole) : whole.dividingFullWidth(wide)
    return (value, remainder, whole)
  }

  /// Whether a·b is less than c·d, for positive b and d.
  static func isLess(_ a: Int128, _ b: Int128, _ c: Int128, _ d: Int128) -> Bool {
    let left = a.multipliedFullWidth(by: b)
    let right = c.multipliedFullWidth(by: d)
    return left.high == right.high ? left.low < right.low : left.high < right.high
  }

  private static func exact(_ left: Int128, _ right: Int128) -> Int128 {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    precondition(!overflow, "a product left the range of a ratio")
    return product
  }
}

extension Ratio: CustomStringConvertible {
  public var description: String { denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }
}

private func commonDivisor(_ first: UInt128, _ second: UInt128) -> UInt128 {
  var (large, small) = (first, second)
  while small != 0 {
    if let largeWord = UInt64(exactly: large), let smallWord = UInt64(exactly: small) {
      return UInt128(commonDivisor(largeWord, smallWord))
    }
    (large, small) = (small, large % small)
  }
  return max(large, 1)
}

private func commonDivisor(_ first: UInt64, _ second: UInt64) -> UInt64 {
  var (large, small) = (first, second)
  while small != 0 { (large, small) = (small, large % small) }
  return max(large, 1)
}
