import Domain
import Testing
import Wire

@testable import Store

@Suite struct UsageBooksTests {
  private func figures(_ energy: Int, _ busy: Int, _ revenue: Int = 0) -> UsageFigures {
    var figures = UsageFigures()
    (figures.energy, figures.busySeconds) = (Energy(tenthsOfWattHour: Int64(energy)), busy)
    (figures.sessions, figures.revenue) = (1, Money(tenThousandths: Int64(revenue)))
    return figures
  }

  @Test func aSumOverAnyTimeIsThatOfItsQuarters() throws {
    let house = try SmallHouse()
    let usage = house.books.usage
    var all: [Int64: UsageFigures] = [:]
    for quarter in stride(from: Int64(1_990_000), to: 1_990_400, by: 7) {
      let seen = figures(Int(quarter % 1000), Int(quarter % 900), Int(quarter % 77))
      all[quarter] = seen
      try usage.add([(quarter, seen)], in: "EUR", to: [.house, .location(house.location.id)])
    }
    for (first, end) in [
      (1_990_000, 1_990_400), (1_990_010, 1_990_020), (1_990_050, 1_990_200), (1_990_099, 1_990_101),
      (1_990_080, 1_990_176), (1_990_400, 1_990_400),
    ] as [(Int64, Int64)] {
      let expected = all.filter { $0.key >= first && $0.key < end }.reduce(UsageFigures()) { $0 + $1.value }
      for scope in [UsageScope.house, .location(house.location.id)] {
        let sum = try usage.sum(of: scope, from: first, to: end)
        #expect(sum.figures == expected, "\(first) to \(end)")
        #expect((sum.revenue["EUR"] ?? .zero) == expected.revenue, "\(first) to \(end)")
      }
    }
    #expect(try usage.sum(of: .stay(1), from: 0, to: .max / 1000).figures == UsageFigures())
    #expect(try usage.quarters(of: .house, from: 1_990_000, to: 1_990_010).map(\.quarter) == [1_990_000, 1_990_007])
  }

  @Test func whatAConnectorDidStaysWhereItWasDone() throws {
    let house = try SmallHouse()
    let (usage, here) = (house.books.usage, house.location.id)
    let there = try house.books.locations.create(.sample(of: house.party.id, ref: "LOC2")).id
    func add(_ quarter: Int64, _ energy: Int, at location: ID<Location>) throws {
      try usage.add(
        [(quarter, figures(energy, 60))], in: "EUR",
        to: [.house, .location(location), .connector(house.connector.id, at: location)])
    }
    func move(to location: ID<Location>, from old: ID<Location>) throws {
      try usage.moves(house.connector.id, from: old, to: location)
      var station = house.station
      station.location = location
      try house.books.stations.update(station)
    }
    func of(_ location: ID<Location>?) throws -> Energy {
      let sums = try usage.connectorSums(at: location, station: nil, from: 1_990_000, to: 1_991_000)
      return sums.values.reduce(.zero) { $0 + $1.figures.energy }
    }
    try add(1_990_000, 10, at: here)
    try move(to: there, from: here)
    try add(1_990_000, 200, at: there)
    // A credit of before comes late.
    try add(1_990_000, -3, at: here)
    try move(to: here, from: there)
    try add(1_990_700, 4_000, at: here)
    for (location, tenths) in [(here, 4_007), (there, 200)] as [(ID<Location>, Int64)] {
      #expect(try of(location) == Energy(tenthsOfWattHour: tenths))
      #expect(
        try usage.sum(of: .location(location), from: 1_990_000, to: 1_991_000).figures.energy
          == Energy(tenthsOfWattHour: tenths))
      #expect(try usage.connectors(at: location, station: nil, limit: 10).map(\.id) == [house.connector.id])
    }
    #expect(try of(nil) == Energy(tenthsOfWattHour: 4_207))
    let whole = try usage.scopes(of: house.station.id, at: nil).reduce(Energy.zero) { sum, scope in
      sum + (try usage.sum(of: scope, from: 1_990_000, to: 1_991_000).figures.energy)
    }
    #expect(whole == Energy(tenthsOfWattHour: 4_207), "the station's history is all of it")
    #expect(try usage.scopes(of: house.station.id, at: there) == [.stay(-1)])
  }

  @Test func aConnectorThatWasNeverUsedMovesWithoutATrace() throws {
    let house = try SmallHouse()
    try house.books.usage.moves(house.connector.id, from: house.location.id, to: nil)
    #expect(try house.books.usage.scopes(of: house.station.id, at: nil) == [.stay(house.connector.id.value)])
  }

  @Test func theLinesOfASeriesAreTheSumsOfTheirSpans() throws {
    let house = try SmallHouse()
    let (usage, costs) = (house.books.usage, house.books.energyCosts)
    try costs.keep(
      [EnergyPrice(beginsAt: Quarter.start(1_990_100), currency: "EUR", price: Decimal(3, places: 1))], of: nil)
    for quarter in stride(from: Int64(1_990_000), to: 1_992_000, by: 7) {
      try usage.add(
        [(quarter, figures(Int(quarter % 1000), Int(quarter % 900), Int(quarter % 77)))],
        in: quarter % 2 == 0 ? "EUR" : "CHF", to: [.house, .location(house.location.id)])
    }
    while try costs.refreshDue(limit: 500) {}
    // Hours, whole days of UTC, other days with one of 23 and one of 25 hours among them, and cut ends.
    let hours = (0..<100).map { (from: 1_990_001 + $0 * 4, to: 1_990_005 + $0 * 4) } as [(from: Int64, to: Int64)]
    let days = (0..<15).map { (from: 1_990_080 + $0 * 96, to: 1_990_176 + $0 * 96) } as [(from: Int64, to: Int64)]
    var odd: [(from: Int64, to: Int64)] = []
    var begin: Int64 = 1_990_003
    for length in [40, 96, 96, 92, 96, 100, 96, 96, 672, 672, 5] as [Int64] {
      odd.append((begin, begin + length))
      begin += length
    }
    for spans in [hours, days, odd, []] {
      let lines = try usage.sums(of: .location(house.location.id), over: spans)
      let money = try costs.sums(of: house.location.id, over: spans)
      #expect(lines.count == spans.count && money.count == spans.count)
      for (place, span) in spans.enumerated() {
        let wanted = try usage.sum(of: .location(house.location.id), from: span.from, to: span.to)
        #expect(lines[place] == wanted, "\(span)")
        let cost = try costs.sum(of: house.location.id, from: span.from, to: span.to)
        #expect(money[place].mapValues(\.cost) == cost.mapValues(\.cost), "\(span)")
        #expect(money[place].mapValues(\.energy) == cost.mapValues(\.energy), "\(span)")
      }
    }
    #expect(SpanRun.runs(of: odd).map(\.count) == [1, 2, 1, 1, 1, 2, 1, 1, 1])
    #expect(SpanRun.runs(of: days).map(\.grain) == [.day], "whole days of UTC are read as days")
  }

  @Test func moneyStaysApartByCurrencyAndCanBeTakenBack() throws {
    let house = try SmallHouse()
    let usage = house.books.usage
    try usage.add([(5, figures(10, 60, 100))], in: "EUR", to: [.house])
    try usage.add([(5, figures(20, 30, 200))], in: "CHF", to: [.house])
    var sum = try usage.sum(of: .house, from: 0, to: 96)
    #expect(sum.figures.energy == Energy(tenthsOfWattHour: 30) && sum.figures.sessions == 2)
    #expect(sum.revenue == ["EUR": Money(tenThousandths: 100), "CHF": Money(tenThousandths: 200)])
    try usage.add([(5, figures(20, 30, 200).negated)], in: "CHF", to: [.house])
    sum = try usage.sum(of: .house, from: 0, to: 96)
    #expect(sum.figures == figures(10, 60, 100) && sum.revenue.count == 1)
  }

  @Test func billsOfOneTurnAddUpBeforeTheyAreWritten() throws {
    let one = try SmallHouse().books.usage
    let gathered = try SmallHouse().books.usage
    var tally = UsageTally()
    // Two bills that share a quarter and their day, one of another currency, one that takes back.
    let bills: [(usage: [(quarter: Int64, figures: UsageFigures)], currency: String)] = [
      ([(96, figures(10, 60, 100)), (97, figures(5, 30, 50))], "EUR"), ([(97, figures(7, 7, 7))], "EUR"),
      ([(97, figures(3, 3, 3))], "CHF"), ([(97, figures(7, 7, 7).negated)], "EUR"),
    ]
    for (usage, currency) in bills {
      for scope in [UsageScope.house, .stay(4)] {
        try one.add(usage, in: currency, to: [scope])
        tally.add(usage, in: currency, to: [scope])
      }
    }
    try gathered.add(tally)
    for scope in [UsageScope.house, .stay(4)] {
      for (first, end) in [(96, 97), (97, 98), (96, 192), (0, 1_000)] as [(Int64, Int64)] {
        let expected = try one.sum(of: scope, from: first, to: end)
        #expect(expected.figures.energy > .zero)
        #expect(try gathered.sum(of: scope, from: first, to: end) == expected)
      }
    }
  }

  @Test func theWeekIsFoldedOnTheLocalClock() throws {
    let usage = try SmallHouse().books.usage
    // 1970-01-05 was a Monday; its first quarter is number 384.
    try usage.add([(384, figures(1, 1)), (384 + 672, figures(2, 2)), (383, figures(4, 4))], in: "EUR", to: [.house])
    let utc = try usage.week(of: .house, from: 0, to: 10_000, quartersEast: 0)
    #expect(utc.map(\.quarter) == [0, 671])
    #expect(utc.first?.figures.busySeconds == 3)
    #expect(try usage.week(of: .house, from: 0, to: 10_000, quartersEast: 4).map(\.quarter) == [3, 4])
  }

  @Test func billsOfBeforeAreCountedOnceInTheirOrder() throws {
    let house = try SmallHouse()
    for number in 1...3 {
      var bill = CDR()
      (bill.id, bill.session) = ("c\(number)", "s\(number)")
      try house.books.cdrs.insert(
        bill, of: house.party.id, partner: nil, station: house.station.id, location: house.location.id)
    }
    #expect(try house.books.usage.backlog(limit: 9).isEmpty, "what is billed now is counted at once")
    try house.books.db.script("UPDATE usage_backlog SET last = 2")
    #expect(try house.books.usage.backlog(limit: 1).map(\.kept.cdr.id) == ["c1"])
    try house.books.usage.counted(upTo: 1)
    #expect(try house.books.usage.backlog(limit: 9).map(\.kept.cdr.id) == ["c2"])
    try house.books.usage.counted(upTo: 2)
    #expect(try house.books.usage.backlog(limit: 9).isEmpty)
  }

  @Test func aSessionHasOneBillThatCounts() throws {
    let house = try SmallHouse()
    func insert(_ bill: CDR) throws {
      try house.books.cdrs.insert(
        bill, of: house.party.id, partner: nil, station: house.station.id, location: house.location.id)
    }
    var bill = CDR()
    (bill.id, bill.session) = ("c1", "s1")
    try insert(bill)
    var again = bill
    again.id = "c2"
    #expect(throws: StoreFault.self) { try insert(again) }
    let credit = bill.credit(because: nil, at: t(5))
    #expect(try house.books.cdrs.take("c1", backBy: credit.id))
    #expect(try !house.books.cdrs.take("c1", backBy: "other"))
    try insert(credit)
    #expect(try house.books.cdrs.cdr(session: "s1") == nil)
    try insert(again)
    #expect(try house.books.cdrs.cdr(session: "s1")?.cdr.id == "c2")
    // Reservations without a session have none in common.
    var (first, second) = (CDR(), CDR())
    (first.id, first.reservation, second.id, second.reservation) = ("r1", "x", "r2", "y")
    try insert(first)
    try insert(second)
    #expect(try house.books.cdrs.hasBilled(reservation: "x"))
    #expect(try !house.books.cdrs.hasBilled(reservation: "z"))
  }
}

@Suite struct PricePoliciesTests {
  @Test func whereAPriceStandsAndGoesComesBack() throws {
    let house = try SmallHouse()
    let policies = house.books.policies
    var policy = PricePolicy()
    policy.name = "busy"
    policy.rules = [PricePolicy.Rule()]
    var kept = try policies.create(policy, for: house.tariff.id, at: t(1))
    #expect(try policies.policy(kept.id) == kept)
    #expect(try policies.followed().isEmpty)
    kept.state = .live
    kept.motion = PriceMotion(
      price: Decimal(35, places: 2), changedAt: t(2), planned: .init(price: Decimal(4, places: 1), at: t(9)))
    kept.trouble = "none"
    try policies.save(kept)
    #expect(try policies.followed() == [kept])
    #expect(try policies.live(of: house.tariff.id)?.id == kept.id)
    try policies.append(
      PriceMove(at: t(3), kind: .changed, isLive: true, price: Decimal(35, places: 2), version: 2, why: ["rules": [0]]),
      to: kept.id)
    let moves = try policies.moves(of: kept.id, limit: 9)
    #expect(moves.map(\.price) == [Decimal(35, places: 2)] && moves[0].why == ["rules": [0]])
    #expect(try policies.prune(before: t(4)).removed == 1)
    try policies.remove(kept.id)
    #expect(try policies.list(limit: 9).isEmpty)
  }

  @Test func whatIsPastItsKeepingGoesAndWhatHoldsStays() throws {
    let house = try SmallHouse()
    let (policies, carbon) = (house.books.policies, house.books.carbon)
    try policies.keep(
      (0..<4).map { GridPrice(start: t(Int64($0) * 100), until: t(Int64($0) * 100 + 100), price: Decimal(1)) }, of: "NL"
    )
    #expect(try policies.pruneGridPrices(before: t(250)).removed == 2)
    #expect(try policies.grid(of: "NL", from: t(250), to: t(400)).map(\.start) == [t(200), t(300)])
    try carbon.keep((0..<4).map { CarbonFactor(beginsAt: t(Int64($0) * 100), milligrams: 1) }, of: nil)
    try carbon.keep([CarbonFactor(beginsAt: t(0), milligrams: 2)], of: house.location.id)
    #expect(try carbon.prune(before: t(250)).removed == 2)
    #expect(try carbon.factors(of: nil, from: t(250), to: t(400)).map(\.beginsAt) == [t(200), t(300)])
    #expect(try carbon.factors(of: house.location.id, from: t(250), to: t(400)).count == 1)
  }

  @Test func aTariffThatMovesAllTheTimeKeepsItsNewestVersions() throws {
    let house = try SmallHouse()
    for price in 1...Limits.ownTariffVersions {
      var tariff = house.tariff.tariff
      tariff.elements = [Tariff.Element([Tariff.Component(.energy, price: Decimal(Int64(price)))])]
      try house.books.tariffs.update(house.tariff.id, to: tariff, at: t(Int64(price)))
    }
    #expect(try house.books.db.value("SELECT min(version) FROM tariff_version") == 2)
    #expect(try house.books.tariffs.tariff(house.tariff.id)?.version == Limits.ownTariffVersions + 1)
  }

  @Test func aSeriesIsReadFromTheOneThatHoldsAtItsBegin() throws {
    let policies = try SmallHouse().books.policies
    let hours = (0..<4).map {
      GridPrice(start: t(Int64($0) * 3600), until: t(Int64($0) * 3600 + 3600), price: Decimal($0))
    }
    try policies.keep(hours, of: "NL")
    try policies.keep([GridPrice(start: t(3600), until: t(7200), price: 9)], of: "NL")
    #expect(try policies.grid(of: "NL", from: t(5000), to: t(9000)).map(\.price) == [9, 2])
    #expect(try policies.grid(of: "NL", at: t(7199)) == 9)
    #expect(try policies.grid(of: "NL", at: t(14_400)) == nil)
    #expect(try policies.grid(of: "BE", at: t(1)) == nil)
  }

  @Test func surplusIsBelievedForAWhile() throws {
    let house = try SmallHouse()
    let policies = house.books.policies
    try policies.keep(surplus: Decimal(75, places: 1), at: house.location.id, until: t(100))
    #expect(try policies.surplus(at: house.location.id, at: t(99)) == Decimal(75, places: 1))
    #expect(try policies.surplus(at: nil, at: t(99)) == Decimal(75, places: 1))
    #expect(try policies.surplus(at: house.location.id, at: t(100)) == nil)
    #expect(try policies.occupancy(at: house.location.id) == 0)
  }
}
