import Domain
import Testing
import Wire

@testable import Simulator

@Suite struct ChargingRulesTests {
  private let now = at("2026-03-02T10:00:00Z")
  private let session = ChargingRules.Session(number: 1, since: at("2026-03-02T09:00:00Z"))

  /// Limits in A by the second at which they begin, from now on.
  private func profile(
    _ purpose: ChargingProfile.Purpose, level: Int = 0, _ limits: (Int, Decimal)..., seconds: Int? = nil
  ) -> ChargingProfile {
    var profile = ChargingProfile()
    (profile.purpose, profile.stackLevel) = (purpose, level)
    (profile.schedule.startsAt, profile.schedule.seconds) = (now, seconds)
    profile.schedule.periods = limits.map { .init(start: $0.0, limit: $0.1) }
    return profile
  }

  private func rules(_ all: (place: Int, session: Int?, profile: ChargingProfile)...) -> ChargingRules {
    var rules = ChargingRules()
    for (number, one) in all.enumerated() {
      rules.set(.init(number: number, place: one.place, session: one.session, profile: one.profile))
    }
    return rules
  }

  private func limit(_ rules: ChargingRules, after seconds: Int = 0, of session: ChargingRules.Session? = nil)
    -> Decimal?
  {
    rules.limit(at: 1, of: session, now + .seconds(seconds))?.period.limit
  }

  @Test func theHighestLevelThatSaysSomethingCounts() {
    let rules = rules(
      (1, nil, profile(.anySession, (0, 16))), (1, nil, profile(.anySession, level: 3, (0, 10), seconds: 60)))
    #expect(limit(rules) == 10)
    #expect(limit(rules, after: 60) == 16, "it has ended")
  }

  @Test func whatIsForASessionStandsBeforeTheDefault() {
    let rules = rules(
      (0, nil, profile(.anySession, level: 9, (0, 16))), (1, 1, profile(.session, (0, 20))))
    #expect(limit(rules, of: session) == 20)
    #expect(limit(rules, of: ChargingRules.Session(number: 2, since: now)) == 16)
    #expect(limit(rules) == 16)
  }

  @Test func anOutletsOwnDefaultStandsBeforeThatOfTheStation() {
    #expect(limit(rules((0, nil, profile(.anySession, (0, 16))), (1, nil, profile(.anySession, (0, 8))))) == 8)
  }

  @Test func nobodySaysAnythingOfTheWholeStationUnlessItIsAsked() {
    let rules = rules((0, nil, profile(.station, (0, 40))))
    #expect(limit(rules) == nil && rules.limitOfAll(now)?.period.limit == 40)
  }

  @Test func theSameNumberOrTheSamePlaceLevelAndPurposeIsReplaced() {
    var rules = rules((1, nil, profile(.anySession, (0, 16))))
    rules.set(.init(number: 7, place: 1, session: nil, profile: profile(.anySession, (0, 12))))
    #expect(rules.count == 1 && limit(rules) == 12)
    rules.set(.init(number: 7, place: 2, session: nil, profile: profile(.anySession, (0, 12))))
    #expect(rules.count == 1 && limit(rules) == nil)
  }

  @Test func aSessionTakesItsProfilesWithIt() {
    var rules = rules((1, 1, profile(.session, (0, 20))), (1, nil, profile(.anySession, (0, 16))))
    rules.forget(1)
    #expect(limit(rules, of: session) == 16)
  }

  @Test func theNextChangeIsWhereAPeriodBeginsOrTheScheduleEnds() {
    let rules = rules((1, nil, profile(.anySession, (0, 16), (300, 8), seconds: 900)))
    #expect(rules.nextChange(after: now, []) == now + .seconds(300))
    #expect(rules.nextChange(after: now + .seconds(300), []) == now + .seconds(900))
    #expect(rules.nextChange(after: now + .seconds(900), []) == nil)
  }

  @Test func aDailyProfileComesAgain() {
    var daily = profile(.anySession, (0, 16), (3_600, 8))
    (daily.kind, daily.recurrency, daily.schedule.startsAt) = (.recurring, .daily, now - .seconds(86_400 + 60))
    let rules = rules((1, nil, daily))
    #expect(limit(rules) == 16)
    #expect(rules.nextChange(after: now, []) == now + .seconds(3_540))
    #expect(rules.nextChange(after: now + .seconds(3_540), []) == now + .seconds(86_340))
  }
}
