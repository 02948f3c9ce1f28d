// A moment in UTC: the calendar without Foundation, and the many ways in which stations write it.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Sendable, Hashable, Comparable {
  public var milliseconds: Int64

  public static let epoch = Timestamp(milliseconds: 0)

  @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  public init(seconds: Int64) { milliseconds = seconds * 1000 }

  /// Midnight or later of a day of the proleptic Gregorian calendar; nil for a date or time that does not exist.
  public init?(
    year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0
  ) {
    guard (0...9999).contains(year), (1...12).contains(month), day >= 1, day <= daysOf(month: month, year: year),
      (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second),
      (0..<1000).contains(millisecond)
    else { return nil }
    let seconds = daysSinceEpoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    milliseconds = Int64(seconds) * 1000 + Int64(millisecond)
  }

  /// RFC 3339 and what stations make of it; see `parse`.
  public init?(_ text: String) {
    var text = text
    guard let (time, _) = text.withUTF8({ Timestamp.parse($0) }) else { return nil }
    self = time
  }

  /// The system's clock.
  public static func now() -> Timestamp {
    let time = clockReading(CLOCK_REALTIME)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

  /// A span of the outside can be longer than time is here; the sum ends where 64 bits do.
  public static func + (time: Timestamp, span: Duration) -> Timestamp {
    let (sum, isPast) = time.milliseconds.addingReportingOverflow(span.wholeMilliseconds)
    return Timestamp(milliseconds: isPast ? (span < .zero ? .min : .max) : sum)
  }

  public static func - (time: Timestamp, span: Duration) -> Timestamp {
    let (difference, isPast) = time.milliseconds.subtractingReportingOverflow(span.wholeMilliseconds)
    return Timestamp(milliseconds: isPast ? (span < .zero ? .max : .min) : difference)
  }

  public static func += (time: inout Timestamp, span: Duration) { time = time + span }
  public static func -= (time: inout Timestamp, span: Duration) { time = time - span }

  public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    .milliseconds(later.milliseconds - earlier.milliseconds)
  }

  /// Whole seconds that have passed since an earlier moment; negative before it. Parts of a second are dropped.
  public func seconds(since earlier: Timestamp) -> Int64 { (milliseconds - earlier.milliseconds) / 1000 }

  /// The moment without its milliseconds.
  public var wholeSecond: Timestamp {
    let rest = milliseconds % 1000
    return Timestamp(milliseconds: milliseconds - (rest < 0 ? rest + 1000 : rest))
  }
}

// MARK: - The calendar

/// Date and time of day, read off a clock at UTC.
public struct Civil: Sendable, Hashable {
  public var year: Int
  public var month: Int
  public var day: Int
  public var hour: Int
  public var minute: Int
  public var second: Int
  public var millisecond: Int
  /// 1 is Monday, 7 is Sunday (ISO 8601).
  public var weekday: Int
}

extension Timestamp {
  public var civil: Civil {
    let dayLength: Int64 = 86_400_000
    var days = milliseconds / dayLength
    var rest = milliseconds % dayLength
    if rest < 0 {
      rest += dayLength
      days -= 1
    }
    // Years are counted from 1 March, so that the leap day is the last of its year; 719,468 days lie between
    // 0000-03-01 and the epoch.
    let shifted = Int(days) + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let weekday = (Int(days % 7) + 7 + 3) % 7 + 1
    let time = Int(rest)
    return Civil(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
      day: dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, hour: time / 3_600_000, minute: time / 60_000 % 60,
      second: time / 1000 % 60, millisecond: time % 1000, weekday: weekday)
  }
}

/// How many days a month has; `month` is 1 to 12.
public func daysOf(month: Int, year: Int) -> Int {
  switch month {
  case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
  case 4, 6, 9, 11: 30
  default: 31
  }
}

private func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
  let year = month <= 2 ? year - 1 : year
  let era = (year >= 0 ? year : year - 399) / 400
  let yearOfEra = year - era * 400
  let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
  return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

// MARK: - Text

extension Timestamp: CustomStringConvertible {
  public enum Fraction: Sendable, Equatable {
    /// Whole seconds; milliseconds are dropped.
    case seconds
    /// Milliseconds where they are not zero.
    case milliseconds
  }

  /// RFC 3339 in UTC: 2026-11-22T10:02:11Z, or with .224 when there are milliseconds.
  public var text: String { text(fraction: .milliseconds) }

  public var description: String { text }

  public func text(fraction: Fraction) -> String {
    var out: [UInt8] = []
    append(to: &out, fraction: fraction)
    return String(decoding: out, as: UTF8.self)
  }

  /// Four digits are all that the format has for a year: moments outside the years 0 to 9999 are written as its ends.
  func append(to out: inout [UInt8], fraction: Fraction) {
    let ends: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999
    let civil = Timestamp(milliseconds: min(max(milliseconds, ends.lowerBound), ends.upperBound)).civil
    func put(_ value: Int, _ digits: Int, _ mark: Unicode.Scalar?) {
      var power = digits == 4 ? 1000 : digits == 3 ? 100 : 10
      for _ in 0..<digits {
        out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / power % 10))
        power = max(power / 10, 1)
      }
      if let mark { out.append(UInt8(ascii: mark)) }
    }
    put(civil.year, 4, "-")
    put(civil.month, 2, "-")
    put(civil.day, 2, "T")
    put(civil.hour, 2, ":")
    put(civil.minute, 2, ":")
    put(civil.second, 2, nil)
    if fraction == .milliseconds, civil.millisecond != 0 {
      out.append(UInt8(ascii: "."))
      put(civil.millisecond, 3, nil)
    }
    out.append(UInt8(ascii: "Z"))
  }

  /// In which ways a time stamp that was understood is not RFC 3339 in its usual spelling.
  public struct Forms: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// No zone: read as UTC, which is what the protocols mean and most such stations send.
    public static let noZone = Forms(rawValue: 1)
    /// +02 or +0200.
    public static let shortZone = Forms(rawValue: 2)
    /// t or z.
    public static let lowercase = Forms(rawValue: 4)
    /// A space between date and time.
    public static let space = Forms(rawValue: 8)
    /// The 60th second of a leap second: read as the first one of the next minute.
    public static let leapSecond = Forms(rawValue: 16)
  }

  public static func parse(_ text: [UInt8]) -> (Timestamp, Forms)? { text.withUnsafeBufferPointer { parse($0) } }

  /// Date and time by RFC 3339, and the spellings that stations use besides (`Forms`). The fraction has one to nine
  /// digits; what is finer than a millisecond is dropped. Nil for dates that do not exist and years outside
  /// `WireLimits.years`.
  static func parse(_ text: UnsafeBufferPointer<UInt8>) -> (Timestamp, Forms)? {
    var fields = TimeFields(text)
    var forms: Forms = []
    guard let year = fields.digits(4), fields.skip("-"), let month = fields.digits(2), fields.skip("-"),
      let day = fields.digits(2)
    else { return nil }
    if fields.skip(" ") {
      forms.insert(.space)
    } else if fields.skip("t") {
      forms.insert(.lowercase)
    } else if !fields.skip("T") {
      return nil
    }
    guard let hour = fields.digits(2), fields.skip(":"), let minute = fields.digits(2), fields.skip(":"),
      let second = fields.digits(2), let millisecond = fields.fraction(), let offset = fields.zone(&forms),
      fields.isAtEnd, second <= 60,
      let time = Timestamp(
        year: year, month: month, day: day, hour: hour, minute: minute, second: min(second, 59),
        millisecond: second == 60 ? 0 : millisecond)
    else { return nil }
    var result = Timestamp(milliseconds: time.milliseconds - Int64(offset) * 60_000)
    if second == 60 {
      // Leap seconds end a day of UTC, never another minute.
      result.milliseconds += 1000
      guard result.milliseconds.isMultiple(of: 86_400_000) else { return nil }
      forms.insert(.leapSecond)
    }
    guard readable.contains(result.milliseconds) else { return nil }
    return (result, forms)
  }
}

/// The moments within `WireLimits.years`.
private let readable: Range<Int64> = {
  let first = daysSinceEpoch(WireLimits.years.lowerBound, 1, 1)
  let end = daysSinceEpoch(WireLimits.years.upperBound + 1, 1, 1)
  return Int64(first) * 86_400_000..<Int64(end) * 86_400_000
}()

/// The parts of a time stamp, taken from its text one after the other.
private struct TimeFields {
  private let text: UnsafeBufferPointer<UInt8>
  private var at = 0

  init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

  var isAtEnd: Bool { at == text.count }

  mutating func digits(_ count: Int) -> Int? {
    guard at + count <= text.count else { return nil }
    var value = 0
    for place in at..<(at + count) {
      let digit = text[place] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    at += count
    return value
  }

  mutating func skip(_ mark: Unicode.Scalar) -> Bool {
    guard at < text.count, text[at] == UInt8(ascii: mark) else { return false }
    at += 1
    return true
  }

  /// Milliseconds; 0 without a fraction, nil for one without digits or with too many.
  mutating func fraction() -> Int? {
    guard skip(".") else { return 0 }
    var value = 0
    var count = 0
    while at < text.count, text[at] &- UInt8(ascii: "0") < 10 {
      if count < 3 { value = value * 10 + Int(text[at] &- UInt8(ascii: "0")) }
      count += 1
      at += 1
    }
    guard (1...WireLimits.fractionDigits).contains(count) else { return nil }
    return count == 1 ? value * 100 : count == 2 ? value * 10 : value
  }

  /// Minutes east of UTC.
  mutating func zone(_ forms: inout Timestamp.Forms) -> Int? {
    if isAtEnd {
      forms.insert(.noZone)
      return 0
    }
    if skip("Z") { return 0 }
    if skip("z") {
      forms.insert(.lowercase)
      return 0
    }
    let isEast = skip("+")
    guard isEast || skip("-"), let hours = digits(2), hours < 24 else { return nil }
    var minutes = 0
    if skip(":") {
      guard let value = digits(2) else { return nil }
      minutes = value
    } else {
      forms.insert(.shortZone)
      if !isAtEnd {
        guard let value = digits(2) else { return nil }
        minutes = value
      }
    }
    guard minutes < 60 else { return nil }
    return (isEast ? 1 : -1) * (hours * 60 + minutes)
  }
}

extension Duration {
  /// Milliseconds; what is finer is dropped, and what is beyond 64 bits is held at their end.
  public var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, isPast) = seconds.multipliedReportingOverflow(by: 1000)
    guard !isPast, whole.magnitude < Int64.max.magnitude - 1000 else { return seconds < 0 ? .min : .max }
    return whole + attoseconds / 1_000_000_000_000_000
  }
}

func clockReading(_ clock: clockid_t) -> timespec {
  var time = timespec()
  let failed = clock_gettime(clock, &time)
  precondition(failed == 0, "the system has no such clock")
  return time
}
