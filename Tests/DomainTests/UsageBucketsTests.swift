import Testing
import Wire

@testable import Domain

@Suite struct UsageBucketsTests {
  private func record(_ bill: Bill, _ tariff: Tariff?) -> CDR {
    var record = CDR()
    (record.startedAt, record.endedAt, record.tariff) = (bill.start, bill.end, tariff)
    (record.periods, record.totals) = (bill.periods, bill.totals)
    return record
  }

  @Test func aSessionIsSpreadOverItsQuarters() throws {
    let start = at("2026-06-01T10:05:00Z")
    let flat = try tariff(element(component("ENERGY", "1")))
    let bill = Bill(
      Usage(
        from: start, to: start + .seconds(2400), energy: kWh("8"),
        shifts: [.init(at: start + .seconds(1800), activity: .idle)], tariff: flat, zone: .utc))
    let usage = record(bill, flat).usage
    #expect(
      usage.map { Quarter.start($0.quarter).text } == [
        "2026-06-01T10:00:00Z", "2026-06-01T10:15:00Z", "2026-06-01T10:30:00Z", "2026-06-01T10:45:00Z",
      ])
    #expect(usage.map(\.figures.busySeconds) == [600, 900, 900, 0])
    #expect(usage.map(\.figures.idleSeconds) == [0, 0, 600, 0])
    #expect(usage.map(\.figures.sessions) == [1, 0, 0, 0])
    #expect(usage.map(\.figures.energy) == [kWh("2"), kWh("3"), kWh("3"), .zero])
    #expect(usage.map(\.figures.revenue) == [.zero, .zero, .zero, euro("8")], "it ended as the next one began")
  }

  @Test func anEndOnTheQuarterHasItsMoneyInTheNextAndNoTime() {
    let start = at("2026-06-01T10:00:00Z")
    let bill = Bill(Usage(from: start, to: start + .seconds(900), energy: kWh("1"), tariff: nil, zone: .utc))
    let usage = record(bill, nil).usage
    #expect(usage.map(\.figures.busySeconds) == [900, 0])
    let none = Bill(Usage(from: start, to: start, energy: kWh("1"), tariff: nil, zone: .utc))
    #expect(record(none, nil).usage.map(\.figures.energy) == [kWh("1")])
  }

  @Test func quartersSumToTheBillForEverySession() {
    for seed in 0..<300 {
      var random = Seeded(seed)
      let start = at("2026-10-24T20:00:00Z") + .seconds(random.number(0...20_000))
      let end = start + .seconds(random.number(0...100_000))
      let shifts = (0..<random.number(0...3)).map { index in
        Session.Shift(
          at: start + .seconds(index * 3000 + random.number(0...2000)), activity: index % 2 == 0 ? .idle : .charging)
      }
      let usage = Usage(
        from: start, to: end, energy: Energy(tenthsOfWattHour: Int64(random.number(0...900_000))), shifts: shifts,
        tariff: nil, zone: centralEurope)
      let hold =
        random.chance(30) ? Hold(from: start - .seconds(random.number(0...5000)), until: start, ending: .used) : nil
      let bill = Bill(usage, after: hold)
      let sum = record(bill, nil).usage.reduce(UsageFigures()) { $0 + $1.figures }
      #expect(sum.energy == bill.totals.energy, "seed \(seed)")
      #expect(sum.busySeconds == bill.totals.seconds, "seed \(seed)")
      #expect(sum.idleSeconds == bill.totals.parkingSeconds, "seed \(seed)")
      #expect(sum.sessions == 1, "seed \(seed)")
    }
  }

  @Test func hoursOfTheWeekFollowTheLocalClock() {
    var map = WeekMap(evses: 2)
    // The week in which the clock is set back: 169 hours, of which Sunday 02:00 comes twice.
    let (first, change) = (
      Quarter.number(of: at("2026-10-18T22:00:00Z")), Quarter.number(of: at("2026-10-25T01:00:00Z"))
    )
    let end = Quarter.number(of: at("2026-10-25T23:00:00Z"))
    map.addTime(from: first, to: change, quartersEast: 8)
    map.addTime(from: change, to: end, quartersEast: 4)
    #expect(map.cells.map(\.seconds).reduce(0, +) == 169 * 3600)
    #expect(map.cells[6 * 24 + 2].seconds == 7200)
    #expect(map.cells[0].seconds == 3600)
    var figures = UsageFigures()
    figures.busySeconds = 900
    map.add(figures, quarter: 3)
    #expect(map.utilisation(0) == Decimal(125, places: 3), "a quarter of one hour of two EVSEs")
  }

  @Test func emptyHoursAreOfferedAtADiscount() throws {
    var map = WeekMap(evses: 1)
    map.addTime(from: 0, to: 672 * 4, quartersEast: 0)
    for day in 0..<7 {
      for hour in 0..<24 where !(hour >= 1 && hour < 6) {
        var figures = UsageFigures()
        figures.busySeconds = 4 * 1800
        map.add(figures, quarter: (day * 24 + hour) * 4)
      }
    }
    let all = OffPeak.suggestions(for: map, on: OffPeak.Basis(sessions: 20, days: 14))
    #expect(all.map(\.from) == [1, 1] && all.map(\.until) == [6, 6])
    #expect(all.map(\.discount) == [30, 30])
    let plain = try tariff(element(component("ENERGY", "0.50", vat: "21")))
    let cheaper = OffPeak.apply(all, to: plain)
    #expect(cheaper.elements.count == 3)
    #expect(cheaper.elements[0].components[0].price == decimal("0.35"))
    #expect(cheaper.elements[0].restrictions?.startTime == "01:00")
    #expect(cheaper.check().filter { $0.severity == .error } == [])
    #expect(OffPeak.suggestions(for: WeekMap(evses: 1), on: OffPeak.Basis(sessions: 20, days: 14)) == [])
    for few in [OffPeak.Basis(sessions: 19, days: 14), OffPeak.Basis(sessions: 20, days: 13)] {
      #expect(OffPeak.suggestions(for: map, on: few) == [], "\(few) says nothing of the hours of a week")
    }
  }
}
