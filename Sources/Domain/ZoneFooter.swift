import Wire

/// The rule by which a zone's clock is set in the years after its file ends: the TZ string of POSIX, as in
/// `CET-1CEST,M3.5.0,M10.5.0/3`, with the wider hours of RFC 9636 §3.3.1.
struct ZoneFooter: Sendable, Equatable {
  /// Seconds east of UTC.
  private let standard: Int
  private let summer: Summer?

  private struct Summer: Equatable {
    var offset: Int
    var begins: Day
    var ends: Day
  }

  /// A day of every year and the seconds after its midnight, by the clock that is about to be set.
  private struct Day: Equatable {
    enum Form: Equatable {
      /// The weekday (0 is Sunday) of the first to fourth or last (5) week of a month.
      case month(Int, week: Int, weekday: Int)
      /// 1 to 365, 29 February is never counted.
      case julian(Int)
      /// 0 to 365, 29 February is counted.
      case ordinal(Int)
    }
    var form: Form
    var seconds: Int
  }

  init?(_ text: String) {
    var scan = Scan(text)
    guard scan.name(), let standard = scan.offset() else { return nil }
    self.standard = -standard
    if scan.isAtEnd {
      summer = nil
      return
    }
    guard scan.name() else { return nil }
    var offset = self.standard + 3600
    if !scan.isNext(",") {
      guard let given = scan.offset() else { return nil }
      offset = -given
    }
    guard let begins = scan.day(), let ends = scan.day(), scan.isAtEnd else { return nil }
    summer = Summer(offset: offset, begins: begins, ends: ends)
  }

  /// Seconds east of UTC.
  func offset(at second: Int64) -> Int {
    guard let summer else { return standard }
    let year = Timestamp(seconds: second + Int64(standard)).civil.year
    guard let (begins, ends) = summerTime(of: year) else { return standard }
    let isSummer = begins < ends ? begins <= second && second < ends : !(ends <= second && second < begins)
    return isSummer ? summer.offset : standard
  }

  func nextTransition(after second: Int64) -> Int64? {
    let year = Timestamp(seconds: second + Int64(standard)).civil.year
    let near = (year - 1...year + 1).compactMap { summerTime(of: $0) }
    return near.flatMap { [$0.0, $0.1] }.filter { $0 > second }.min()
  }

  /// The seconds since the epoch between which summer time holds; it ends before it begins in the south.
  private func summerTime(of year: Int) -> (Int64, Int64)? {
    guard let summer, let begins = Self.moment(summer.begins, year), let ends = Self.moment(summer.ends, year) else {
      return nil
    }
    return (begins - Int64(standard), ends - Int64(summer.offset))
  }

  /// Seconds since the epoch, as if the clock that is about to be set showed UTC.
  private static func moment(_ day: Day, _ year: Int) -> Int64? {
    let date: Int64
    switch day.form {
    case .month(let month, let week, let weekday):
      guard let first = Timestamp(year: year, month: month, day: 1) else { return nil }
      var number = 1 + (weekday - first.civil.weekday % 7 + 7) % 7 + (week - 1) * 7
      if number > daysOf(month: month, year: year) { number -= 7 }
      date = first.wholeSeconds + Int64(number - 1) * 86_400
    case .julian(let number):
      guard let first = Timestamp(year: year, month: 1, day: 1) else { return nil }
      let isAfterLeapDay = number >= 60 && daysOf(month: 2, year: year) == 29
      date = first.wholeSeconds + Int64(number - (isAfterLeapDay ? 0 : 1)) * 86_400
    case .ordinal(let number):
      guard let first = Timestamp(year: year, month: 1, day: 1) else { return nil }
      date = first.wholeSeconds + Int64(number) * 86_400
    }
    return date + Int64(day.seconds)
  }

  /// Reads the text from front to back.
  private struct Scan {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    func isNext(_ mark: Unicode.Scalar) -> Bool { rest.first == UInt8(ascii: mark) }

    mutating func take(_ mark: Unicode.Scalar) -> Bool {
      guard isNext(mark) else { return false }
      rest = rest.dropFirst()
      return true
    }

    /// Three letters or more, or anything alphanumeric or signed in angle brackets.
    mutating func name() -> Bool {
      if take("<") {
        guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
        rest = rest[rest.index(after: end)...]
        return true
      }
      let letters = rest.prefix { $0.isASCIIAlphanumeric && $0 > UInt8(ascii: "9") }.count
      rest = rest.dropFirst(letters)
      return letters >= 3
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int? {
      var value = 0
      var digits = 0
      while let digit = rest.first, (0x30...0x39).contains(digit), digits < 4 {
        value = value * 10 + Int(digit - 0x30)
        digits += 1
        rest = rest.dropFirst()
      }
      return digits > 0 && range.contains(value) ? value : nil
    }

    /// Seconds of `[+-]hh[:mm[:ss]]`.
    mutating func offset() -> Int? {
      let isNegative = take("-")
      if !isNegative { _ = take("+") }
      guard let hours = number(0...167) else { return nil }
      var seconds = hours * 3600
      for unit in [60, 1] where take(":") {
        guard let part = number(0...59) else { return nil }
        seconds += part * unit
      }
      return isNegative ? -seconds : seconds
    }

    mutating func day() -> Day? {
      guard take(",") else { return nil }
      let form: Day.Form
      if take("M") {
        guard let month = number(1...12), take("."), let week = number(1...5), take("."), let weekday = number(0...6)
        else { return nil }
        form = .month(month, week: week, weekday: weekday)
      } else if take("J") {
        guard let number = number(1...365) else { return nil }
        form = .julian(number)
      } else {
        guard let number = number(0...365) else { return nil }
        form = .ordinal(number)
      }
      guard take("/") else { return Day(form: form, seconds: 7200) }
      return offset().map { Day(form: form, seconds: $0) }
    }
  }
}
