import Testing
import Wire

@testable import Domain

/// Central Europe by its rule alone: no transition stands in the file.
let centralEurope = ZoneRules.made(tzif([], types: [3600], footer: "CET-1CEST,M3.5.0,M10.5.0/3"))

extension ZoneRules {
  static func made(_ bytes: Bytes) -> ZoneRules {
    guard let rules = try? ZoneRules(tzif: bytes) else {
      Issue.record("the test's own zone file cannot be read")
      return .utc
    }
    return rules
  }
}

@Suite struct TimeZoneTests {
  @Test func theFooterSetsTheClockInLaterYears() {
    #expect(centralEurope.offset(at: at("2031-01-15T12:00:00Z")) == 3600)
    #expect(centralEurope.offset(at: at("2031-07-15T12:00:00Z")) == 7200)
    #expect(centralEurope.offset(at: at("2026-03-29T00:59:59Z")) == 3600)
    #expect(centralEurope.offset(at: at("2026-03-29T01:00:00Z")) == 7200)
    #expect(centralEurope.offset(at: at("2026-10-25T00:59:59Z")) == 7200)
    #expect(centralEurope.offset(at: at("2026-10-25T01:00:00Z")) == 3600)
  }

  @Test func theFileSpeaksBeforeTheFooterDoes() throws {
    // Summer time all through 1980 and 1981, then the rule.
    let start = at("1980-04-06T01:00:00Z").milliseconds / 1000
    let end = at("1981-12-31T23:00:00Z").milliseconds / 1000
    let zone = try ZoneRules(
      tzif: tzif([(start, 1), (end, 0)], types: [3600, 7200], footer: "CET-1CEST,M3.5.0,M10.5.0/3"))
    #expect(zone.offset(at: at("1970-07-01T00:00:00Z")) == 3600, "before the first transition its first type holds")
    #expect(zone.offset(at: at("1981-01-01T00:00:00Z")) == 7200)
    #expect(zone.offset(at: at("1982-07-01T00:00:00Z")) == 7200)
    #expect(zone.offset(at: at("1982-12-01T00:00:00Z")) == 3600)
    #expect(zone.nextTransition(after: at("1980-05-01T00:00:00Z")) == at("1981-12-31T23:00:00Z"))
    #expect(zone.nextTransition(after: at("1981-12-31T23:00:00Z")) == at("1982-03-28T01:00:00Z"))
  }

  @Test func anEmptyFooterKeepsTheLastOffset() throws {
    let zone = try ZoneRules(tzif: tzif([(0, 1)], types: [0, 19_800], footer: ""))
    #expect(zone.offset(at: Timestamp(seconds: -1)) == 0)
    #expect(zone.offset(at: at("2090-01-01T00:00:00Z")) == 19_800)
    #expect(zone.nextTransition(after: at("2000-01-01T00:00:00Z")) == nil)
  }

  @Test(arguments: [
    // Tasmania: summer time over the new year. Dublin: its winter time is the one that is set back.
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-10T00:00:00Z", 39_600),
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-07-10T00:00:00Z", 36_000),
    ("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-10T00:00:00Z", 0),
    ("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-10T00:00:00Z", 3600),
    // Without a number of its own, summer time is an hour ahead.
    ("EST5EDT,M3.2.0,M11.1.0", "2026-07-10T00:00:00Z", -14_400),
    ("<-03>3", "2026-07-10T00:00:00Z", -10_800), ("<+0545>-5:45", "2026-07-10T00:00:00Z", 20_700),
    // Days that are counted: with 29 February and without.
    ("AAA0BBB,J60/0,J300/0", "2028-02-29T12:00:00Z", 0), ("AAA0BBB,J60/0,J300/0", "2028-03-01T00:00:00Z", 3600),
    ("AAA0BBB,59/0,300/0", "2028-02-29T00:00:00Z", 3600), ("AAA0BBB,59/0,300/0", "2027-03-01T00:00:00Z", 3600),
    // Hours beyond a day (RFC 9636): the Saturday before the last Sunday.
    ("AAA0BBB,M3.5.0/-24,M10.5.0", "2026-03-28T00:00:00Z", 3600),
    ("AAA0BBB,M3.5.0/-24,M10.5.0", "2026-03-27T23:59:59Z", 0),
  ])
  func footersOfManyForms(_ footer: String, _ time: String, _ offset: Int) throws {
    #expect(try ZoneRules(tzif: tzif([], types: [1], footer: footer)).offset(at: at(time)) == offset)
  }

  @Test(arguments: [
    "CET", "X1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1:99",
    "CET-1CEST,M3.5.0,M10.5.0/3x", "<CET-1", "CET-200", "CET-1CEST,J0,J9", "CET-1CEST,366,3",
  ])
  func aBrokenFooterIsRefused(_ footer: String) {
    #expect(throws: ZoneFault.badFooter) { try ZoneRules(tzif: tzif([], types: [0], footer: footer)) }
  }

  @Test func aBrokenFileIsRefusedWhereverItEnds() throws {
    let whole = tzif([(0, 0), (100, 1)], types: [0, 3600], footer: "CET-1")
    _ = try ZoneRules(tzif: whole)
    for count in 0..<whole.count - 1 {
      #expect(throws: ZoneFault.self, "cut to \(count) bytes") { try ZoneRules(tzif: Bytes(whole[..<count])) }
    }
    #expect(throws: ZoneFault.notTZif) {
      try ZoneRules(tzif: Bytes("#!/bin/sh".utf8) + Bytes(repeating: 0, count: 100))
    }
    #expect(throws: ZoneFault.tooOld) { try ZoneRules(tzif: tzif([], types: [0], footer: "", version: 0)) }
    #expect(throws: ZoneFault.disordered) { try ZoneRules(tzif: tzif([(5, 0), (5, 0)], types: [0], footer: "")) }
    #expect(throws: ZoneFault.disordered) { try ZoneRules(tzif: tzif([(5, 1)], types: [0], footer: "")) }
    #expect(throws: ZoneFault.truncated) { try ZoneRules(tzif: tzif([], types: [], footer: "")) }
    var huge = whole
    huge.replaceSubrange(32..<36, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(throws: ZoneFault.truncated, "a count larger than the file") { try ZoneRules(tzif: huge) }
    let padding = Bytes(repeating: 0, count: Limits.zoneFile - whole.count)
    _ = try ZoneRules(tzif: whole + padding)
    #expect(throws: ZoneFault.tooLarge) { try ZoneRules(tzif: whole + padding + [0]) }
  }

  @Test func aLocalTimeIsShownNeverOnceOrTwice() {
    #expect(centralEurope.timestamps(showing: at("2026-03-29T02:30:00Z")) == [])
    #expect(
      centralEurope.timestamps(showing: at("2026-10-25T02:30:00Z")) == [
        at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z"),
      ])
    #expect(centralEurope.timestamps(showing: at("2026-07-01T12:00:00Z")) == [at("2026-07-01T10:00:00Z")])
    #expect(centralEurope.timestamps(showing: at("2026-03-29T03:00:00Z")) == [at("2026-03-29T01:00:00Z")])
  }

  @Test func daysHave23And25HoursWhenTheClockIsSet() {
    let spring = centralEurope.startOfDay(at("2026-03-29T12:00:00Z"))
    #expect(spring == at("2026-03-28T23:00:00Z"))
    #expect(centralEurope.startOfNextDay(spring) - spring == .seconds(23 * 3600))
    let autumn = centralEurope.startOfDay(at("2026-10-25T22:59:59Z"))
    #expect(autumn == at("2026-10-24T22:00:00Z"))
    #expect(centralEurope.startOfNextDay(autumn) - autumn == .seconds(25 * 3600))
  }

  @Test func aDayWhoseMidnightIsSkippedBeginsWhenTheClockIsSet() throws {
    // The clock goes from 00:00 to 01:00, and back from 00:00 to 23:00.
    let zone = try ZoneRules(tzif: tzif([], types: [0], footer: "AAA3BBB,M10.3.0/0,M2.3.0/0"))
    let day = zone.startOfDay(at("2026-10-18T12:00:00Z"))
    #expect(day == at("2026-10-18T03:00:00Z"))
    #expect(zone.civil(at: day).hour == 1)
    #expect(zone.startOfDay(day - .seconds(1)) == at("2026-10-17T03:00:00Z"))
    let back = zone.startOfDay(at("2026-02-15T02:30:00Z"))
    #expect(back == at("2026-02-14T02:00:00Z"), "23:30 for the second time")
    #expect(zone.startOfNextDay(back) == at("2026-02-15T03:00:00Z"))
  }

  @Test func everyDayOfAYearBeginsWhereTheDayBeforeEnds() {
    var day = centralEurope.startOfDay(at("2028-01-01T12:00:00Z"))
    var lengths: [Int64: Int] = [:]
    for _ in 0..<366 {
      let next = centralEurope.startOfNextDay(day)
      #expect(centralEurope.civil(at: next).hour == 0)
      #expect(centralEurope.startOfDay(next - .seconds(1)) == day)
      lengths[next.seconds(since: day) / 3600, default: 0] += 1
      day = next
    }
    #expect(lengths == [23: 1, 24: 364, 25: 1])
    #expect(day == at("2028-12-31T23:00:00Z"))
  }

  @Test func boundariesAreMetTwiceOrNeverOnTheNightsOfTheClock() {
    let spring = centralEurope.boundaries(
      minutesOfDay: [150], after: at("2026-03-28T23:00:00Z"), before: at("2026-03-29T22:00:00Z"))
    #expect(spring == [at("2026-03-29T01:00:00Z")], "02:30 is skipped, the setting of the clock is not")
    let autumn = centralEurope.boundaries(
      minutesOfDay: [150], after: at("2026-10-24T22:00:00Z"), before: at("2026-10-25T23:00:00Z"))
    #expect(autumn == [at("2026-10-25T00:30:00Z"), at("2026-10-25T01:00:00Z"), at("2026-10-25T01:30:00Z")])
    let plain = centralEurope.boundaries(
      minutesOfDay: [0, 1020], after: at("2026-07-01T15:00:00Z"), before: at("2026-07-02T22:00:00Z"))
    #expect(plain == [at("2026-07-01T22:00:00Z"), at("2026-07-02T15:00:00Z")], "neither end is a boundary")
  }

  @Test(arguments: [
    ("Europe/Amsterdam", true), ("UTC", true), ("Etc/GMT+5", true), ("America/Argentina/Buenos_Aires", true),
    ("America/Port-au-Prince", true), ("", false), ("../../etc/passwd", false), ("/etc/passwd", false),
    ("Europe//X", false),
    ("Europe/", false), ("Europe/Amsterdam\u{0}", false), (".", false), (String(repeating: "a", count: 255), true),
    (String(repeating: "a", count: 256), false),
  ])
  func onlyNamesOfZonesReachTheLoader(_ name: String, _ isGood: Bool) {
    #expect((ZoneLibrary { _ in .utc }[name] != nil) == isGood)
  }

  @Test func anUnknownZoneHasNoRules() { #expect(ZoneLibrary { _ in nil }["Mars/Olympus"] == nil) }

  @Test(.enabled(if: MachineZones.areThere, "no zones under /usr/share/zoneinfo"))
  func amsterdamAsTheMachineKnowsIt() throws {
    let zone = try #require(MachineZones.rules("Europe/Amsterdam"))
    for (time, offset) in [
      ("2019-02-05T10:00:00Z", 3600), ("2019-07-05T10:00:00Z", 7200), ("2026-03-29T00:59:59Z", 3600),
      ("2026-03-29T01:00:00Z", 7200), ("2026-10-25T01:00:00Z", 3600), ("2037-10-25T00:59:59Z", 7200),
      ("2099-07-01T00:00:00Z", 7200), ("2099-12-01T00:00:00Z", 3600),
    ] {
      #expect(zone.offset(at: at(time)) == offset, "\(time)")
    }
    var time = at("2020-01-01T00:00:00Z")
    while time < at("2045-01-01T00:00:00Z") {
      #expect(zone.offset(at: time) == centralEurope.offset(at: time))
      time += .seconds(86_400 * 3 + 3600)
    }
  }

  @Test(.enabled(if: MachineZones.areThere, "no zones under /usr/share/zoneinfo"))
  func placesThatSetTheirClocksUnusually() throws {
    // Half an hour of summer time; a day that never was; three quarters of an hour.
    if let zone = MachineZones.rules("Australia/Lord_Howe") {
      #expect(zone.offset(at: at("2026-01-10T00:00:00Z")) == 39_600)
      #expect(zone.offset(at: at("2026-07-10T00:00:00Z")) == 37_800)
    }
    if let zone = MachineZones.rules("Pacific/Apia") {
      let before = zone.startOfDay(at("2011-12-29T20:00:00Z"))
      #expect(before == at("2011-12-29T10:00:00Z"))
      #expect(zone.startOfNextDay(before) == at("2011-12-30T10:00:00Z"))
      #expect(zone.civil(at: at("2011-12-30T10:00:00Z")).day == 31)
    }
    if let zone = MachineZones.rules("Asia/Kathmandu") {
      #expect(zone.offset(at: at("2026-07-10T00:00:00Z")) == 20_700)
    }
  }
}
