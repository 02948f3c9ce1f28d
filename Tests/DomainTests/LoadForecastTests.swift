import Domain
import Testing
import Wire

struct LoadForecastTests {
  /// Monday 2026-11-02, 00:00 UTC.
  private let monday = Timestamp(seconds: 1_793_577_600)

  /// So many weeks before Monday in each of which every hour uses the same: its place in the week in Wh, times a factor.
  private func history(_ factors: [Int64]) -> [Int64: Energy] {
    var used: [Int64: Energy] = [:]
    let end = Quarter.number(of: monday)
    for (back, factor) in factors.enumerated() {
      for hour in 0..<Int64(168) {
        let first = end - Int64(back + 1) * 672 + hour * 4
        for quarter in first..<first + 4 { used[quarter] = Energy(tenthsOfWattHour: hour * factor * 10 / 4 * 4 / 4) }
      }
    }
    return used
  }

  private func forecast(_ factors: [Int64]) -> LoadForecast {
    LoadForecast(
      from: monday, used: history(factors), since: Quarter.number(of: monday) - Int64(factors.count) * 672, zone: .utc)
  }

  @Test func aWeekLikeAllBeforeIsToldExactlyAndWithoutABand() {
    let forecast = forecast(Array(repeating: 8, count: 12))
    #expect(forecast.weeks == 12 && forecast.isEnough)
    #expect(forecast.hours.count == 168)
    for (place, hour) in forecast.hours.enumerated() {
      #expect(hour.energy == Energy(tenthsOfWattHour: Int64(place) * 80), "\(place)")
      #expect(hour.least == hour.energy && hour.most == hour.energy, "\(place)")
    }
    #expect(forecast.triedHours == 168 && forecast.heldPercent == 100)
  }

  @Test func newerWeeksCountMore() {
    // The newest first: weights 6, 5, 4, 3, 2, 1 over the first hour that uses something.
    let forecast = forecast([12, 0, 0, 0, 0, 0])
    #expect(forecast.weeks == 6 && forecast.isEnough)
    #expect(forecast.hours[1].energy == Energy(tenthsOfWattHour: (120 * 6 * 2 + 21) / 42))
    #expect(forecast.hours[1].most > forecast.hours[1].energy, "the last week was missed by all of it")
    #expect(forecast.hours[1].least == forecast.hours[1].energy, "no week was ever below what was told")
  }

  @Test func tooFewWeeksAreSaidAndNothingIsMadeUp() {
    let forecast = forecast([8, 8, 8, 8, 8])
    #expect(forecast.weeks == 5 && !forecast.isEnough)
    #expect(forecast.hours.isEmpty && forecast.heldPercent == nil)
  }

  @Test func aWeekThatBeganBeforeTheBooksDidDoesNotCount() {
    let used = history(Array(repeating: 8, count: 8))
    let since = Quarter.number(of: monday) - 7 * 672 + 1
    #expect(LoadForecast(from: monday, used: used, since: since, zone: .utc).weeks == 6)
  }

  @Test func theBandHoldsMostOfTheHoursOfNoisyWeeks() {
    var random = SeededNumbers(7)
    var used: [Int64: Energy] = [:]
    let end = Quarter.number(of: monday)
    for quarter in end - 12 * 672..<end {
      let hour = Int64(quarter / 4 % 24)
      used[quarter] = Energy(tenthsOfWattHour: hour * 1_000 + Int64.random(in: 0...4_000, using: &random))
    }
    let forecast = LoadForecast(from: monday, used: used, since: end - 12 * 672, zone: .utc)
    #expect(forecast.triedHours == 168)
    #expect((120...160).contains(forecast.heldHours), "\(forecast.heldHours) of 168")
    for hour in forecast.hours { #expect(hour.least <= hour.energy && hour.energy <= hour.most) }
  }
}
