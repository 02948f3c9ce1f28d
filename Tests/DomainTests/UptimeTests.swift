import Domain
import Testing
import Wire

struct UptimeTests {
  private let begin = at("2026-01-01T00:00:00Z")

  private func span(hours: Int) -> Uptime.Span { Uptime.Span(begin: begin, end: begin + .seconds(hours * 3_600)) }

  private func change(_ hour: Int, _ status: EVSE.Status) -> Uptime.Change {
    Uptime.Change(at: begin + .seconds(hour * 3_600), status: status)
  }

  private func downtime(_ from: Int, _ to: Int?, _ cause: Downtime.Cause) -> Downtime {
    Downtime(
      id: ID(1), beginsAt: begin + .seconds(from * 3_600), endsAt: to.map { begin + .seconds($0 * 3_600) },
      cause: cause,
      origin: "operator:anna", createdAt: begin)
  }

  private let hour: Int64 = 3_600_000

  @Test func neviCountsAllOutagesButThoseThatNobodyCouldHelp() {
    let history = [change(-5, .available), change(10, .faulted), change(20, .charging), change(90, .unknown)]
    let uptime = Uptime(.nevi, over: span(hours: 100), history: history, downtimes: [downtime(12, 16, .vandalism)])
    #expect(uptime.measured == 100 * hour)
    #expect(uptime.outage == 20 * hour, "ten hours of fault and ten of silence")
    #expect(uptime.excluded == [.vandalism: 4 * hour])
    #expect(uptime.percent == 84)
    #expect(Uptime.minutes(uptime.outage) == 1_200)
  }

  @Test func anExclusionCountsOnlyWhileThereIsAnOutage() {
    let uptime = Uptime(
      .nevi, over: span(hours: 100), history: [change(0, .available)],
      downtimes: [downtime(10, nil, .utility)])
    #expect(uptime.excludedTotal == 0 && uptime.percent == 100)
  }

  @Test func whatTheOperatorNamesOtherwiseCounts() {
    let uptime = Uptime(
      .nevi, over: span(hours: 100), history: [change(0, .available), change(50, .unavailable)],
      downtimes: [downtime(50, 100, .other)])
    #expect(uptime.percent == 50)
  }

  @Test func theUnitedKingdomTakesUnknownAndBlockedForNoFault() {
    let history = [change(0, .available), change(40, .unknown), change(60, .faulted), change(61, .unavailable)]
    let uptime = Uptime(.uk2023, over: span(hours: 100), history: history)
    #expect(uptime.outage == 40 * hour && uptime.measured == 100 * hour)
    #expect(uptime.unknown == 20 * hour)
    #expect(
      uptime.spent == [.available: 40 * hour, .unknown: 20 * hour, .outOfOrder: hour, .inoperative: 39 * hour])
    #expect(uptime.percent == 60)
  }

  @Test func theUnitedKingdomMeasuresOpeningHoursAlone() {
    // Closed from 12 to 24, and broken from 6 to 18.
    let open = [Uptime.Span(begin: begin, end: begin + .seconds(12 * 3_600))]
    let uptime = Uptime(
      .uk2023, over: span(hours: 24), history: [change(0, .available), change(6, .faulted), change(18, .available)],
      opening: open)
    #expect(uptime.measured == 12 * hour && uptime.outage == 6 * hour && uptime.closed == 12 * hour)
    #expect(uptime.percent == 50)
  }

  @Test func whatNobodyKnowsIsAGapAndNoOutage() {
    let history = [change(50, .available), change(75, .faulted)]
    let plain = Uptime(.plain, over: span(hours: 100), history: history)
    #expect(plain.gap == 50 * hour && plain.measured == 50 * hour && plain.percent == 50)
    let nevi = Uptime(.nevi, over: span(hours: 100), history: history)
    #expect(nevi.gap == 50 * hour && nevi.percent == 75)
    #expect(Uptime(.plain, over: span(hours: 1), history: []).percent == nil)
  }

  @Test func aThresholdIsNeverReachedByRounding() {
    // 96.9999 percent.
    #expect(Uptime.percent(measured: 1_000_000, outage: 30_001) == decimal("96.999"))
    #expect(Uptime.percent(measured: 1_000_000, outage: 30_000) == 97)
  }

  /// Against a count of single minutes, over histories drawn at random.
  @Test(arguments: 0..<30) func everyMinuteIsCountedOnce(_ seed: UInt64) {
    var random = SeededNumbers(seed)
    let statuses = EVSE.Status.allCases
    let minutes = 3_000
    var history: [Uptime.Change] = []
    var at = Int.random(in: -50...200, using: &random)
    while at < minutes {
      history.append(
        Uptime.Change(at: begin + .seconds(at * 60), status: statuses.randomElement(using: &random) ?? .available))
      at += Int.random(in: 1...300, using: &random)
    }
    let downtimes = (0..<3).map { _ in
      let from = Int.random(in: 0...2_500, using: &random)
      return Downtime(
        id: ID(1), beginsAt: begin + .seconds(from * 60), endsAt: begin + .seconds((from + 200) * 60),
        cause: Downtime.Cause.allCases.randomElement(using: &random) ?? .other, origin: "", createdAt: begin)
    }
    let whole = Uptime.Span(begin: begin, end: begin + .seconds(minutes * 60))
    var (outage, excluded, gap) = (0, 0, 0)
    for minute in 0..<minutes {
      let time = begin + .seconds(minute * 60)
      guard let status = history.last(where: { $0.at <= time })?.status else {
        gap += 1
        continue
      }
      guard [.unavailable, .faulted, .unknown].contains(status) else { continue }
      outage += 1
      // One that excuses nothing takes nothing from another one that does.
      if downtimes.contains(where: { $0.beginsAt <= time && time < $0.endsAt! && $0.cause != .other }) { excluded += 1 }
    }
    let uptime = Uptime(.nevi, over: whole, history: history, downtimes: downtimes)
    #expect(uptime.outage == Int64(outage) * 60_000, "seed \(seed)")
    #expect(uptime.excludedTotal == Int64(excluded) * 60_000, "seed \(seed)")
    #expect(uptime.gap == Int64(gap) * 60_000, "seed \(seed)")
  }

  /// Sums of each status and the outages by themselves say the same as the whole history, and where no hours and no
  /// downtime cut them the sums are enough.
  @Test(arguments: 0..<30) func sumsSayWhatTheHistorySays(_ seed: UInt64) {
    var random = SeededNumbers(seed)
    let whole = span(hours: 50)
    var history: [Uptime.Change] = []
    var at = Int.random(in: -50...200, using: &random)
    while at < 3_000 {
      history.append(
        Uptime.Change(
          at: begin + .seconds(at * 60), status: EVSE.Status.allCases.randomElement(using: &random) ?? .available))
      at += Int.random(in: 0...100, using: &random)
    }
    let downtimes = (0..<2).map { _ in
      let from = Int.random(in: 0...40, using: &random)
      return downtime(from, from + 5, Downtime.Cause.allCases.randomElement(using: &random) ?? .other)
    }
    let opening = (0..<5).map { day in
      Uptime.Span(begin: begin + .seconds(day * 36_000), end: begin + .seconds(day * 36_000 + 20_000))
    }
    let stretches = Uptime.stretches(of: history, in: whole)
    let time = Dictionary(stretches.map { ($0.status, $0.span.length) }, uniquingKeysWith: +)
    for rule in Uptime.Rule.allCases {
      for (downtimes, opening) in [([], nil), (downtimes, nil), ([], opening), (downtimes, opening)] {
        let all = Uptime(rule, over: whole, history: history, downtimes: downtimes, opening: opening)
        var isAsked = false
        let sums = Uptime(rule, over: whole, time: time, downtimes: downtimes, opening: opening) {
          isAsked = true
          return stretches
        }
        #expect(
          (sums.measured, sums.outage, sums.closed, sums.gap) == (all.measured, all.outage, all.closed, all.gap),
          "seed \(seed), \(rule)")
        #expect(sums.excluded == all.excluded && sums.spent == all.spent, "seed \(seed), \(rule)")
        #expect(all.outages.reduce(0) { $0 + $1.span.length } == all.outage, "seed \(seed), \(rule)")
        if downtimes.isEmpty, opening == nil { #expect(!isAsked) }
      }
    }
  }

  @Test func openingHoursFollowTheClockOnTheWall() {
    var hours = OpeningHours()
    var sunday = OpeningHours.Regular()
    (sunday.weekday, sunday.begin, sunday.end) = (7, "22:00", "06:00")
    hours.regular = [sunday]
    var shut = OpeningHours.Span()
    (shut.begin, shut.end) = (at("2026-01-04T23:00:00Z"), at("2026-01-05T00:00:00Z"))
    hours.closings = [shut]
    // Sunday the 4th, 22:00 to Monday 6:00, less the hour before midnight.
    let spans = hours.spans(
      over: Uptime.Span(begin: begin, end: at("2026-01-08T00:00:00Z")), zone: .utc)
    #expect(
      spans == [
        Uptime.Span(begin: at("2026-01-04T22:00:00Z"), end: at("2026-01-04T23:00:00Z")),
        Uptime.Span(begin: at("2026-01-05T00:00:00Z"), end: at("2026-01-05T06:00:00Z")),
      ])
  }
}

struct CarbonTests {
  private let begin = at("2026-01-01T00:00:00Z")

  private func factor(_ minute: Int, _ grams: Int) -> CarbonFactor {
    CarbonFactor(beginsAt: begin + .seconds(minute * 60), milligrams: Int64(grams) * 1_000)
  }

  @Test func energyCountsWithTheFactorOfItsTime() {
    let footprint = CarbonFootprint(
      [(begin, .zero), (begin + .seconds(1_800), kWh("3")), (begin + .seconds(3_600), kWh("5"))],
      factors: [factor(0, 100), factor(30, 400)])
    #expect(footprint.grams == 1_100 && footprint.uncovered == .zero)
  }

  @Test func betweenTwoReadingsTheSecondsShare() {
    let footprint = CarbonFootprint(
      [(begin, .zero), (begin + .seconds(3_600), kWh("4"))], factors: [factor(-60, 100), factor(15, 500)])
    #expect(footprint.grams == 1_600)
  }

  @Test func whatNoFactorCoversIsNamed() {
    let footprint = CarbonFootprint(
      [(begin, .zero), (begin + .seconds(3_600), kWh("4"))], factors: [factor(45, 100)])
    #expect(footprint.grams == 100 && footprint.uncovered == kWh("3"))
  }
}
