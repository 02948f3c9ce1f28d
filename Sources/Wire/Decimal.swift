// Exact decimal numbers, for prices, readings and everything else that a double would bend.

/// An exact decimal: a significand of 128 bits times a power of ten. Always held in lowest form, so that equal values
/// are equal and hash alike (`1.50` is `1.5`). Text out of bounds gives no value; arithmetic that overflows traps,
/// because a wrong amount of money must never go on.
public struct Decimal: Sendable, Hashable, Comparable {
  /// The value is `significand` × 10^`exponent`, the significand not divisible by ten unless it is zero.
  let significand: Int128
  let exponent: Int

  public static let zero = Decimal(0)
  public static let one = Decimal(1)

  @inlinable public init(_ value: some BinaryInteger) { self.init(significand: Int128(value), exponent: 0) }

  /// A count of small units: `Decimal(12_345, places: 4)` is 1.2345.
  @inlinable public init(_ count: some BinaryInteger, places: Int) {
    self.init(significand: Int128(count), exponent: -places)
  }

  /// A number by the grammar of JSON, such as -12.50e3, and nothing else; nil as well with more than
  /// `WireLimits.decimalDigits` significant digits or `WireLimits.decimalWholeDigits` before the point. Of those after
  /// it `WireLimits.decimalPlaces` are kept.
  public init?(_ text: String) {
    guard isNumber(text) else { return nil }
    var text = text
    guard let value = text.withUTF8({ Decimal(number: $0) }) else { return nil }
    self = value
  }

  /// The value of bytes that are known to be a JSON number.
  init?(number bytes: UnsafeBufferPointer<UInt8>) {
    var digits = DigitCollector()
    var exponent = 0
    var isFraction = false
    var at = bytes.first == UInt8(ascii: "-") ? 1 : 0
    scan: while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "."): isFraction = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"): break scan
      default:
        guard digits.take(bytes[at] &- UInt8(ascii: "0")) else { return nil }
        if isFraction { exponent -= 1 }
      }
      at += 1
    }
    if at < bytes.count {
      at += 1
      let isDown = bytes[at] == UInt8(ascii: "-")
      if isDown || bytes[at] == UInt8(ascii: "+") { at += 1 }
      var power = 0
      while at < bytes.count {
        power = min(power * 10 + Int(bytes[at] &- UInt8(ascii: "0")), 100_000)
        at += 1
      }
      exponent += isDown ? -power : power
    }
    exponent += digits.zeros
    guard digits.value != 0 else {
      self = .zero
      return
    }
    guard digits.count + exponent <= WireLimits.decimalWholeDigits else { return nil }
    let magnitude = bytes.first == UInt8(ascii: "-") ? -Int128(digits.value) : Int128(digits.value)
    guard exponent >= -WireLimits.decimalPlaces else {
      // One that is smaller still is zero too.
      let exact = Decimal(significand: magnitude, exponent: max(exponent, -WireLimits.decimalExponent))
      let kept = exact.rounded(toPlaces: WireLimits.decimalPlaces, .halfEven)
      // Nines can round up to one digit more.
      guard kept.digits + kept.exponent <= WireLimits.decimalWholeDigits else { return nil }
      self = kept
      return
    }
    significand = magnitude
    self.exponent = exponent
  }

  /// Brings a value to its lowest form.
  @usableFromInline init(significand: Int128, exponent: Int) {
    var exponent = exponent
    var significand = significand
    if significand == 0 {
      exponent = 0
    } else if var small = Int64(exactly: significand) {
      while small % 10 == 0 {
        small /= 10
        exponent += 1
      }
      significand = Int128(small)
    } else {
      while significand % 10 == 0 {
        significand /= 10
        exponent += 1
      }
    }
    precondition(abs(exponent) <= WireLimits.decimalExponent, "a decimal left the range of its exponent")
    self.significand = significand
    self.exponent = exponent
  }

  public var isZero: Bool { significand == 0 }
  public var isNegative: Bool { significand < 0 }
  public var isWhole: Bool { exponent >= 0 }
  public var magnitude: Decimal { isNegative ? -self : self }

  /// Digits after the point in lowest form.
  public var places: Int { max(0, -exponent) }

  // MARK: Arithmetic

  public static func + (left: Decimal, right: Decimal) -> Decimal {
    if left.isZero { return right }
    if right.isZero { return left }
    let exponent = min(left.exponent, right.exponent)
    let (sum, overflow) = left.scaled(to: exponent).addingReportingOverflow(right.scaled(to: exponent))
    precondition(!overflow, "a sum left the range of a decimal")
    return Decimal(significand: sum, exponent: exponent)
  }

  public static func - (left: Decimal, right: Decimal) -> Decimal { left + -right }

  public static prefix func - (value: Decimal) -> Decimal {
    precondition(value.significand != .min, "a negation left the range of a decimal")
    return Decimal(significand: -value.significand, exponent: value.exponent)
  }

  public static func * (left: Decimal, right: Decimal) -> Decimal {
    let (product, overflow) = left.significand.multipliedReportingOverflow(by: right.significand)
    precondition(!overflow, "a product left the range of a decimal")
    return Decimal(significand: product, exponent: left.exponent + right.exponent)
  }

  public static func += (left: inout Decimal, right: Decimal) { left = left + right }
  public static func -= (left: inout Decimal, right: Decimal) { left = left - right }
  public static func *= (left: inout Decimal, right: Decimal) { left = left * right }

  /// The quotient with that many digits after the point, rounded once by that rule. The divisor must not be zero.
  public func divided(by divisor: Decimal, places: Int, rounding: Rounding) -> Decimal {
    precondition(!divisor.isZero, "a decimal is divided by zero")
    return (Ratio(self) / Ratio(divisor)).rounded(toPlaces: places, rounding)
  }

  /// The nearest value with at most that many digits after the point. Negative places round to tens, hundreds and so
  /// on.
  public func rounded(toPlaces places: Int, _ rule: Rounding) -> Decimal {
    guard exponent < -places else { return self }
    let dropped = -places - exponent
    let quotient: UInt128
    let whole: UInt128
    let remainder: UInt128
    if let power = powerOfTen(dropped) {
      whole = UInt128(power)
      (quotient, remainder) = significand.magnitude.quotientAndRemainder(dividingBy: whole)
    } else {
      // The value is below a hundredth of the last place that stays: any remainder below a half says the same.
      (quotient, remainder, whole) = (0, 1, 100)
    }
    let up = rule.roundsAway(quotient: quotient, remainder: remainder, of: whole)
    let magnitude = Int128(quotient + (up ? 1 : 0))
    return Decimal(significand: isNegative ? -magnitude : magnitude, exponent: -places)
  }

  /// The value as a count of units of 10^-places, such as ten-thousandths of a euro; nil when it is no whole number of
  /// them or does not fit.
  public func asInt64(scaledBy places: Int) -> Int64? {
    guard !isZero else { return 0 }
    let power = exponent + places
    guard power >= 0, power < 20, let factor = powerOfTen(power) else { return nil }
    let (count, overflow) = significand.multipliedReportingOverflow(by: factor)
    return overflow ? nil : Int64(exactly: count)
  }

  public static func < (left: Decimal, right: Decimal) -> Bool {
    if left.isNegative != right.isNegative { return left.isNegative }
    if left.isZero || right.isZero { return left.isZero && !right.isZero && !right.isNegative }
    if left.exponent == right.exponent { return left.significand < right.significand }
    // Of two numbers with the same sign the one with more digits before the point is farther from zero. With equally
    // many the exponents differ by less than 39, and a product of twice the width compares them.
    let (leftSize, rightSize) = (left.digits + left.exponent, right.digits + right.exponent)
    if leftSize != rightSize { return (leftSize < rightSize) != left.isNegative }
    let exponent = min(left.exponent, right.exponent)
    guard let leftFactor = powerOfTen(left.exponent - exponent), let rightFactor = powerOfTen(right.exponent - exponent)
    else { preconditionFailure("two decimals of one size are less than 39 powers of ten apart") }
    return Ratio.isLess(left.significand, leftFactor, right.significand, rightFactor)
  }

  private var digits: Int {
    var count = 1
    while count < 39, let power = powerOfTen(count), significand.magnitude >= power.magnitude { count += 1 }
    return count
  }

  /// The significand for a smaller exponent.
  private func scaled(to smaller: Int) -> Int128 {
    guard let factor = powerOfTen(exponent - smaller) else {
      preconditionFailure("two decimals are too far apart to be exact together")
    }
    let (value, overflow) = significand.multipliedReportingOverflow(by: factor)
    precondition(!overflow, "two decimals are too far apart to be exact together")
    return value
  }
}

/// How a value between two neighbours is rounded. All rules are symmetric: a credit rounds as the charge that it
/// undoes.
public enum Rounding: Sendable, CaseIterable {
  /// To the nearest; a half goes away from zero, as on bills.
  case halfUp
  /// To the nearest; a half goes to the even neighbour.
  case halfEven
  /// Toward zero.
  case down
  /// Away from zero.
  case up

  func roundsAway(quotient: UInt128, remainder: UInt128, of whole: UInt128) -> Bool {
    guard remainder > 0 else { return false }
    let rest = whole - remainder
    return switch self {
    case .halfUp: remainder >= rest
    case .halfEven: remainder > rest || (remainder == rest && !quotient.isMultiple(of: 2))
    case .down: false
    case .up: true
    }
  }
}

extension Decimal: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int64) { self.init(value) }
}

extension Decimal: CustomStringConvertible {
  /// Without an exponent and without needless zeros: "12.5", "-0.0001", "1200".
  public var description: String {
    var out: [UInt8] = []
    append(to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// With at least that many digits after the point, as on a bill: 12.5 with two places is "12.50".
  public func text(places least: Int) -> String {
    let plain = description
    guard places < least else { return plain }
    return plain + (places == 0 ? "." : "") + String(repeating: "0", count: least - places)
  }

  /// Appends the description.
  public func append(to out: inout [UInt8]) {
    if isNegative { out.append(UInt8(ascii: "-")) }
    let start = out.count
    if let small = UInt64(exactly: significand.magnitude) {
      out.appendDigits(small)
    } else {
      out.append(contentsOf: "\(significand.magnitude)".utf8)
    }
    guard exponent < 0 else { return out.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: exponent)) }
    // One digit at least stands before the point.
    let missing = 1 - exponent - (out.count - start)
    if missing > 0 { out.insert(contentsOf: repeatElement(UInt8(ascii: "0"), count: missing), at: start) }
    out.insert(UInt8(ascii: "."), at: out.count + exponent)
  }
}

/// Gathers the digits of a number without its leading and trailing zeros.
private struct DigitCollector {
  private var small: UInt64 = 0
  private var large: UInt128 = 0
  /// Digits without the zeros that end them.
  private(set) var count = 0
  /// Zeros that end the digits so far.
  private(set) var zeros = 0

  var value: UInt128 { count > 18 ? large : UInt128(small) }

  /// False when there are too many.
  mutating func take(_ digit: UInt8) -> Bool {
    guard digit != 0 else {
      if count > 0 { zeros += 1 }
      return true
    }
    while zeros > 0 {
      guard put(0) else { return false }
      zeros -= 1
    }
    return put(digit)
  }

  private mutating func put(_ digit: UInt8) -> Bool {
    count += 1
    if count > WireLimits.decimalDigits { return false }
    if count <= 18 {
      small = small * 10 + UInt64(digit)
    } else {
      if count == 19 { large = UInt128(small) }
      large = large * 10 + UInt128(digit)
    }
    return true
  }
}

/// 10^power, where it fits 128 bits.
func powerOfTen(_ power: Int) -> Int128? {
  powersOfTen.indices.contains(power) ? powersOfTen[power] : nil
}

private let powersOfTen: [Int128] = {
  var powers: [Int128] = [1]
  while powers.count < 39 { powers.append(powers[powers.count - 1] * 10) }
  return powers
}()
