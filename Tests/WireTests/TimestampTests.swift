import Testing
import Wire

struct TimestampTests {
  private let noon = Timestamp(milliseconds: 1_795_341_731_000)  // 2026-11-22T10:02:11Z, a Sunday

  @Test(
    arguments: [
      ("2026-11-22T10:02:11Z", 0, []), ("2026-11-22T10:02:11.224Z", 224, []),
      ("2026-11-22T10:02:11.2Z", 200, []), ("2026-11-22T10:02:11.22Z", 220, []),
      ("2026-11-22T10:02:11.2249999Z", 224, []), ("2026-11-22T10:02:11.999999999Z", 999, []),
      ("2026-11-22T10:02:11+00:00", 0, []), ("2026-11-22T10:02:11-00:00", 0, []), ("2026-11-22T12:02:11+02:00", 0, []),
      ("2026-11-22T15:32:11+05:30", 0, []), ("2026-11-22T00:02:11-10:00", 0, []), ("2026-11-23T00:02:11+14:00", 0, []),
      ("2026-11-22T12:02:11.224+02:00", 224, []), ("2026-11-22T12:02:11+02", 0, .shortZone),
      ("2026-11-22T12:02:11+0200", 0, .shortZone), ("2026-11-22T05:02:11.5-0500", 500, .shortZone),
      ("2026-11-22T10:02:11", 0, .noZone), ("2026-11-22T10:02:11.224", 224, .noZone),
      ("2026-11-22t10:02:11z", 0, .lowercase),
      ("2026-11-22T10:02:11z", 0, .lowercase), ("2026-11-22 10:02:11", 0, [.space, .noZone]),
      ("2026-11-22 10:02:11Z", 0, .space), ("2026-11-22 12:02:11+02", 0, [.space, .shortZone]),
    ] as [(String, Int64, Timestamp.Forms)])
  func everyFormIsUnderstood(_ text: String, _ milliseconds: Int64, _ forms: Timestamp.Forms) throws {
    let (time, found) = try #require(Timestamp.parse(Bytes(utf8: text)))
    #expect(time.milliseconds == noon.milliseconds + milliseconds)
    #expect(found == forms)
    #expect(Timestamp(text) == time)
  }

  @Test(arguments: [
    "", "2026", "2026-11-22", "2026-11-22T", "2026-11-22T10:02", "2026-11-22T10:02Z", "2026-11-22T10:02:1Z",
    "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
    "2026-04-31T00:00:00Z", "2022-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2024-02-30T00:00:00Z",
    "2026-11-22T24:00:00Z", "2026-11-22T10:60:00Z", "2026-11-22T10:02:61Z", "2026-11-22T10:02:60Z",
    "2026-11-22T10:02:11.Z", "2026-11-22T10:02:11.1234567890Z", "2026-11-22T10:02:11,5Z", "2026-11-22T10:02:11+2",
    "2026-11-22T10:02:11+24:00", "2026-11-22T10:02:11+02:60", "2026-11-22T10:02:11+02:", "2026-11-22T10:02:11+02:0",
    "2026-11-22T10:02:11+020", "2026-11-22T10:02:11Z ", " 2026-11-22T10:02:11Z", "2026-11-22T10:02:11ZZ",
    "2026-11-22T10:02:11 Z", "2026-11-22  10:02:11Z", "26-11-22T10:02:11Z", "2026-1-22T10:02:11Z",
    "2026/11/22T10:02:11Z",
    "20261122T100211Z", "+2026-11-22T10:02:11Z", "2026-11-22T10:02:11UTC", "-026-11-22T10:02:11Z",
    "٢٠٢٦-11-22T10:02:11Z",
    "1795341731", "0000-00-00T00:00:00Z",
  ])
  func whatIsNoMomentIsRefused(_ text: String) { #expect(Timestamp(text) == nil) }

  @Test func yearsEndAtTheirLimits() {
    #expect(Timestamp("1970-01-01T00:00:00Z") == .epoch)
    #expect(Timestamp("1969-12-31T23:59:59Z") == nil)
    #expect(Timestamp("1970-01-01T00:00:00.001+00:01") == nil)
    #expect(Timestamp("1969-12-31T23:59:59-00:01")?.text == "1970-01-01T00:00:59Z")
    #expect(Timestamp("2199-12-31T23:59:59.999Z")?.text == "2199-12-31T23:59:59.999Z")
    #expect(Timestamp("2199-12-31T23:59:59-00:01") == nil)
    #expect(Timestamp("2200-01-01T00:00:00+00:01")?.text == "2199-12-31T23:59:00Z")
    #expect(Timestamp("2200-01-01T00:00:00Z") == nil)
    #expect(Timestamp("9999-12-31T23:59:59Z") == nil)
  }

  @Test func aLeapSecondEndsADayOnly() throws {
    let (time, forms) = try #require(Timestamp.parse(Bytes(utf8: "2016-12-31T23:59:60Z")))
    #expect(time.text == "2017-01-01T00:00:00Z")
    #expect(forms == .leapSecond)
    #expect(Timestamp("2017-01-01T00:59:60+01:00")?.text == "2017-01-01T00:00:00Z")
    #expect(Timestamp("2016-12-31T23:59:60.9Z")?.text == "2017-01-01T00:00:00Z")
    #expect(Timestamp("2016-12-31T22:59:60Z") == nil)
  }

  @Test func textIsRFC3339() {
    #expect(noon.text == "2026-11-22T10:02:11Z")
    #expect("\(noon + .milliseconds(224))" == "2026-11-22T10:02:11.224Z")
    #expect((noon + .milliseconds(5)).text == "2026-11-22T10:02:11.005Z")
    #expect((noon + .milliseconds(999)).text(fraction: .seconds) == "2026-11-22T10:02:11Z")
    #expect(Timestamp(milliseconds: -1).text == "1969-12-31T23:59:59.999Z")
    #expect(Timestamp(milliseconds: .max).text == "9999-12-31T23:59:59.999Z")
    #expect(Timestamp(milliseconds: .min).text == "0000-01-01T00:00:00Z")
  }

  @Test func everyDayOfTheCalendarGoesBothWays() throws {
    var day = try #require(Timestamp(year: 1968, month: 1, day: 1))
    var (year, month, date, weekday) = (1968, 1, 1, 1)
    while year < 2204 {
      let civil = day.civil
      guard civil.year == year, civil.month == month, civil.day == date, civil.weekday == weekday, civil.hour == 0,
        Timestamp(year: year, month: month, day: date) == day
      else {
        Issue.record("\(year)-\(month)-\(date) is read as \(civil)")
        return
      }
      day += .seconds(86_400)
      weekday = weekday % 7 + 1
      date += 1
      if date > daysOf(month: month, year: year) { (month, date) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
    }
  }

  @Test(arguments: [(2024, true), (2023, false), (2000, true), (1900, false), (2100, false), (2400, true)])
  func leapYearsAreGregorian(_ year: Int, _ isLeap: Bool) {
    #expect(daysOf(month: 2, year: year) == (isLeap ? 29 : 28))
    #expect((Timestamp(year: year, month: 2, day: 29) != nil) == isLeap)
  }

  @Test func aMomentIsTakenApartAndPutTogether() throws {
    let civil = (noon + .milliseconds(224)).civil
    #expect([civil.year, civil.month, civil.day, civil.weekday] == [2026, 11, 22, 7])
    #expect([civil.hour, civil.minute, civil.second, civil.millisecond] == [10, 2, 11, 224])
    #expect(
      Timestamp(year: 2026, month: 11, day: 22, hour: 10, minute: 2, second: 11, millisecond: 224)
        == noon + .milliseconds(224))
    #expect(Timestamp(year: 2026, month: 2, day: 29) == nil)
    #expect(Timestamp(year: 2026, month: 1, day: 1, hour: 24) == nil)
    #expect(Timestamp(year: 2026, month: 1, day: 1, minute: 60) == nil)
    #expect(Timestamp(year: 2026, month: 1, day: 1, second: -1) == nil)
  }

  @Test(arguments: UInt64(1)...10)
  func whatIsWrittenIsReadAgain(_ seed: UInt64) {
    var random = Seeded(seed)
    for _ in 0..<500 {
      let time = Timestamp(milliseconds: Int64.random(in: 0..<7_258_118_400_000, using: &random))
      #expect(Timestamp(time.text) == time, "seed \(seed)")
      #expect(Timestamp(time.text(fraction: .seconds)) == time.wholeSecond, "seed \(seed)")
    }
  }

  @Test func spansAreAddedAndMeasured() {
    #expect((noon + .seconds(5)).milliseconds == noon.milliseconds + 5000)
    #expect((noon - .milliseconds(1)).milliseconds == noon.milliseconds - 1)
    #expect((noon + .microseconds(1999)).milliseconds == noon.milliseconds + 1)
    #expect((noon + .seconds(90)) - noon == .seconds(90))
    #expect((noon + .milliseconds(90_999)).seconds(since: noon) == 90)
    #expect(noon.seconds(since: noon + .milliseconds(1500)) == -1)
    #expect(noon < noon + .milliseconds(1))
    #expect(Timestamp(milliseconds: -1).wholeSecond == Timestamp(seconds: -1))
  }

  private static let hugeSpans: [Int64] = [Int64.max, Int64.max / 1000, Int64.max / 1000 - 1, Int64.max / 1000 + 1]

  @Test(arguments: hugeSpans) func aSpanOfTheOutsideNeverTraps(_ seconds: Int64) {
    let now = Timestamp(seconds: 1_793_700_000)
    for span in [Duration.seconds(seconds), .seconds(-seconds), .milliseconds(seconds), .milliseconds(-seconds)] {
      let (after, before) = (now + span, now - span)
      #expect(span > .zero ? after > now && before < now : after < now && before > now)
      #expect(!after.text.isEmpty && !before.text.isEmpty)
    }
    #expect(now + .seconds(Int64.max) == Timestamp(milliseconds: .max))
    #expect(now - .seconds(Int64.max) < .epoch)
  }

  @Test func theClockIsOfThisAge() {
    let now = Timestamp.now()
    #expect((2025..<2100).contains(now.civil.year))
    #expect(Timestamp.now() >= now - .seconds(1))
  }

  @Test func instantsOnlyGoOn() {
    let start = Instant.now()
    #expect(Instant.now() >= start)
    #expect((start + .milliseconds(1500)) - start == .milliseconds(1500))
    #expect((start - .nanoseconds(7)).nanoseconds == start.nanoseconds - 7)
    #expect(start < start + .nanoseconds(1))
  }
}
