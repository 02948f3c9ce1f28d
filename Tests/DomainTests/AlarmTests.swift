import Domain
import Testing
import Wire

@Suite struct AlarmTests {
  private let t0 = Timestamp(seconds: 1_793_700_000)
  private func at(_ minutes: Int) -> Timestamp { t0 + .seconds(minutes * 60) }

  private var rules: AlarmRules {
    var rules = AlarmRules()
    rules.rules = [AlarmRules.Rule(.stationOffline, delayMinutes: 10)]
    (rules.calmMinutes, rules.repeatHours) = (30, 2)
    return rules
  }
  private var offline: Alarm { Alarm(.stationOffline, "CS-1", since: t0) }

  private func steps(_ seen: [Alarm], _ known: [Alarm], at now: Timestamp, quiet: Bool = false) -> [AlarmStep] {
    rules.steps(seen: seen, known: known, isQuiet: quiet, at: now)
  }
  private func told(_ minute: Int, ended: Int? = nil) -> Alarm {
    var alarm = offline
    alarm.toldAt = at(minute)
    alarm.endedAt = ended.map(at)
    return alarm
  }

  @Test func anAlarmIsToldOnceItHasStoodForItsDelay() {
    #expect(steps([offline], [], at: at(9)) == [.keep(offline)])
    #expect(steps([offline], [offline], at: at(9)) == [])
    #expect(steps([offline], [offline], at: at(10)) == [.tell(told(10))])
    #expect(steps([offline], [told(10)], at: at(11)) == [])
  }

  @Test func whatIsSeenTwiceIsToldOnce() {
    #expect(steps([offline, offline], [], at: at(10)) == [.tell(told(10))])
  }

  @Test func oneThatStandsIsToldAgainAfterTheTimeForThat() {
    #expect(steps([offline], [told(10)], at: at(129)) == [])
    #expect(steps([offline], [told(10)], at: at(130)) == [.tell(told(130))])
  }

  @Test func oneThatWasNeverToldEndsUnheard() {
    #expect(steps([], [offline], at: at(5)) == [.forget(offline)])
  }

  @Test func anEndIsToldWhenItHasLasted() {
    #expect(steps([], [told(10)], at: at(20)) == [.keep(told(10, ended: 20))])
    #expect(steps([], [told(10, ended: 20)], at: at(49)) == [])
    #expect(steps([], [told(10, ended: 20)], at: at(50)) == [.tellEnd(told(10, ended: 20))])
  }

  @Test func oneThatComesAndGoesIsToldOnce() {
    #expect(steps([offline], [told(10, ended: 20)], at: at(25)) == [.keep(told(10))])
    #expect(steps([offline], [told(10)], at: at(26)) == [])
  }

  @Test func nothingIsToldInQuietHoursAndAllOfItAfterThem() {
    #expect(steps([offline], [offline], at: at(60), quiet: true) == [])
    #expect(steps([], [told(10, ended: 20)], at: at(90), quiet: true) == [])
    #expect(steps([offline], [offline], at: at(61)) == [.tell(told(61))])
  }

  @Test func aKindWithoutARuleIsNotToldAndWhatStoodOfItEnds() {
    let full = Alarm(.diskLow, "disk", since: t0)
    #expect(steps([full], [], at: at(60)) == [])
    #expect(steps([full], [full], at: at(60)) == [.forget(full)])
  }

  @Test(arguments: [
    ("22:00", "06:00", 21 * 60, false), ("22:00", "06:00", 22 * 60, true), ("22:00", "06:00", 5 * 60 + 59, true),
    ("22:00", "06:00", 6 * 60, false), ("12:00", "13:00", 12 * 60 + 30, true), ("12:00", "13:00", 13 * 60, false),
    ("08:00", "08:00", 8 * 60, false),
  ])
  func quietHoursMayGoOverMidnight(_ from: String, _ to: String, _ minute: Int, _ isQuiet: Bool) {
    var rules = AlarmRules()
    (rules.quietFrom, rules.quietTo) = (from, to)
    #expect(rules.isQuiet(atMinute: minute) == isQuiet)
  }

  @Test(arguments: ["24:00", "7:00", "07:60", "0700", "", "aa:bb", "07:00:00"])
  func aTimeOfDayIsWrittenInOneWay(_ text: String) { #expect(AlarmRules.minutes(text) == nil) }
}
