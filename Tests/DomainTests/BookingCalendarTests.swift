import Testing
import Wire

@testable import Domain

private func moment(_ text: String) -> Timestamp { Timestamp(text) ?? .epoch }

private let amsterdam =
  (try? ZoneRules(tzif: tzif([], types: [3_600], footer: "CET-1CEST,M3.5.0,M10.5.0/3"))) ?? .utc

private func period(_ from: String, _ to: String) -> BookingPeriod { BookingPeriod(moment(from), moment(to)) }

/// What is free at a place that can be booked, over both nights of the change of the clocks, and around what is held.
@Suite struct BookingCalendarTests {
  private let now = moment("2026-05-04T07:10:00Z")

  private func calendar(
    at now: Timestamp? = nil, _ edit: (inout BookingRules, inout BookingTerms) -> Void = { _, _ in }
  ) -> BookingCalendar {
    var (rules, terms) = (BookingRules(), BookingTerms())
    (rules.slot, rules.days) = (30, 2)
    edit(&rules, &terms)
    return BookingCalendar(rules, terms, hours: nil, zone: amsterdam, at: now ?? self.now)
  }

  private func hours(_ weekdays: ClosedRange<Int>, _ begin: String, _ end: String) -> OpeningHours {
    var hours = OpeningHours()
    hours.regular = weekdays.map { weekday in
      var day = OpeningHours.Regular()
      (day.weekday, day.begin, day.end) = (weekday, begin, end)
      return day
    }
    return hours
  }

  @Test func whatIsNeitherHeldNorPastIsFree() {
    #expect(calendar().windows(besides: []) == [period("2026-05-04T07:30:00Z", "2026-05-05T22:00:00Z")])
    let held = [period("2026-05-04T09:00:00Z", "2026-05-04T10:00:00Z")]
    #expect(
      calendar().windows(besides: held) == [
        period("2026-05-04T07:30:00Z", "2026-05-04T09:00:00Z"), period("2026-05-04T10:00:00Z", "2026-05-05T22:00:00Z"),
      ])
  }

  @Test func earlyStartAndLateStopKeepTheirDistance() {
    let roomy = calendar { _, terms in
      (terms.allowsEarlyStart, terms.earlyStart, terms.allowsLateStop, terms.lateStop) = (true, 20, true, 10)
    }
    let held = [roomy.held(by: period("2026-05-04T09:00:00Z", "2026-05-04T10:00:00Z"))]
    #expect(held == [period("2026-05-04T08:40:00Z", "2026-05-04T10:10:00Z")])
    // 08:30 ends with its late stop at 08:40; 10:30 begins with its early start at 10:10.
    #expect(
      roomy.windows(besides: held) == [
        period("2026-05-04T07:30:00Z", "2026-05-04T08:30:00Z"), period("2026-05-04T10:30:00Z", "2026-05-05T22:00:00Z"),
      ])
  }

  @Test func openingHoursAreOfTheLocalClock() {
    let open = calendar { rules, _ in rules.hours = self.hours(1...7, "08:00", "18:00") }
    #expect(
      open.windows(besides: []) == [
        period("2026-05-04T07:30:00Z", "2026-05-04T16:00:00Z"), period("2026-05-05T06:00:00Z", "2026-05-05T16:00:00Z"),
      ])
  }

  /// 2026-03-29 has 23 hours, 2026-10-25 has 25.
  @Test(arguments: [("2026-03-28T12:00:00Z", "2026-03-29", 1_380), ("2026-10-24T12:00:00Z", "2026-10-25", 1_500)])
  func aDayOfTheChangeOfTheClocksIsAsLongAsItIs(now: String, day: String, minutes: Int64) {
    let calendar = calendar(at: moment(now)) { rules, _ in
      (rules.slot, rules.hours) = (60, self.hours(7...7, "00:00", "24:00"))
    }
    let windows = calendar.windows(besides: [])
    #expect(windows.map(\.minutes) == [minutes], "\(day)")
    #expect(windows.allSatisfy { calendar.flaw(of: $0) == nil })
    // Each hour of it can be booked by itself, whatever the clock shows.
    for hour in 0..<(minutes / 60) {
      let start = windows[0].start + .seconds(hour * 3_600)
      #expect(calendar.flaw(of: BookingPeriod(start, start + .seconds(3_600))) == nil)
    }
  }

  @Test func whatDoesNotFitIsRefusedByItsReason() {
    let strict = calendar { rules, terms in
      (rules.notice, terms.shortest, terms.longest) = (60, 60, 120)
      rules.hours = self.hours(1...5, "08:00", "18:00")
    }
    func flaw(_ from: String, _ to: String) -> String? { strict.flaw(of: period(from, to)) }
    #expect(flaw("2026-05-04T09:00:00Z", "2026-05-04T10:00:00Z") == nil)
    #expect(flaw("2026-05-04T10:00:00Z", "2026-05-04T09:00:00Z") == "period: it ends after it begins")
    #expect(flaw("2026-05-04T08:00:00Z", "2026-05-04T09:00:00Z") == "period: it begins too soon")
    #expect(flaw("2026-05-07T09:00:00Z", "2026-05-07T10:00:00Z") == "period: it is too far ahead")
    #expect(flaw("2026-05-04T09:10:00Z", "2026-05-04T10:10:00Z")?.contains("whole steps") == true)
    #expect(flaw("2026-05-04T09:00:00Z", "2026-05-04T10:10:00Z")?.contains("whole steps") == true)
    #expect(flaw("2026-05-04T09:00:00Z", "2026-05-04T10:00:30Z")?.contains("whole steps") == true)
    #expect(flaw("2026-05-04T09:00:00Z", "2026-05-04T09:30:00Z") == "period: it is shorter than 60 min")
    #expect(flaw("2026-05-04T09:00:00Z", "2026-05-04T12:00:00Z") == "period: it is longer than 120 min")
    #expect(flaw("2026-05-04T15:30:00Z", "2026-05-04T16:30:00Z") == "period: the place is not open then")
  }

  @Test func aWindowThatLiesWithinAnotherIsNotShown() {
    let free = calendar().windows(of: [[], [period("2026-05-04T09:00:00Z", "2026-05-04T10:00:00Z")]])
    #expect(free == [period("2026-05-04T07:30:00Z", "2026-05-05T22:00:00Z")])
    #expect(calendar().windows(of: []).isEmpty)
  }

  /// Whatever is asked in whatever order: what is shown as free can be booked, and no two ever hold one EVSE at one time.
  @Test(arguments: UInt64(1)...40) func noTwoBookingsHoldOneEVSEAtOneTime(seed: UInt64) {
    var random = SeededNumbers(seed)
    let (early, late) = (Int.random(in: 0...3, using: &random) * 10, Int.random(in: 0...2, using: &random) * 10)
    let slot = [15, 30, 60].randomElement(using: &random) ?? 15
    // Over the night of the change of the clocks, forward or back.
    let now = moment(Bool.random(using: &random) ? "2026-03-28T09:00:00Z" : "2026-10-24T09:00:00Z")
    let calendar = calendar(at: now) { rules, terms in
      (rules.slot, rules.days) = (slot, 3)
      (terms.allowsEarlyStart, terms.earlyStart) = (early > 0, early)
      (terms.allowsLateStop, terms.lateStop) = (late > 0, late)
      if Bool.random(using: &random) { rules.hours = self.hours(1...7, "06:00", "22:30") }
    }
    var held: [[BookingPeriod]] = [[], []]
    for _ in 0..<60 {
      let windows = calendar.windows(of: held)
      if Bool.random(using: &random), let window = windows.randomElement(using: &random) {
        // A part of what is shown as free, by whole steps.
        let steps = Int(window.minutes) / slot
        let first = Int.random(in: 0..<steps, using: &random)
        let count = Int.random(in: 1...min(steps - first, 8), using: &random)
        let start = window.start + .seconds(first * slot * 60)
        let wish = BookingPeriod(start, start + .seconds(count * slot * 60))
        let isOnGrid = calendar.flaw(of: wish) == nil
        let place = held.firstIndex { holds in !holds.contains { $0.overlaps(calendar.held(by: wish)) } }
        #expect(isOnGrid && place != nil, "seed \(seed): \(wish) of \(window) can be booked")
        if let place { held[place].append(calendar.held(by: wish)) }
      } else {
        let start = calendar.span.start + .seconds(Int.random(in: 0..<4_000, using: &random) * 60)
        let wish = BookingPeriod(start, start + .seconds(Int.random(in: 1...8, using: &random) * slot * 60))
        guard calendar.flaw(of: wish) == nil,
          let place = held.firstIndex(where: { holds in !holds.contains { $0.overlaps(calendar.held(by: wish)) } })
        else { continue }
        let isShown = windows.contains { $0.start <= wish.start && wish.end <= $0.end }
        #expect(isShown, "seed \(seed): \(wish) can be booked and is not shown")
        held[place].append(calendar.held(by: wish))
      }
    }
    for holds in held {
      let sorted = holds.sorted { $0.start < $1.start }
      #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.end <= $1.start }, "seed \(seed)")
    }
  }
}
