import Domain
import Testing
import Wire

@testable import Store

@Suite struct EnergyCostsTests {
  private let first: Int64 = 1_990_000

  private func used(_ house: SmallHouse, _ energies: [Int64]) throws {
    let usage = energies.enumerated().map { place, energy -> (quarter: Int64, figures: UsageFigures) in
      var figures = UsageFigures()
      figures.energy = Energy(tenthsOfWattHour: energy)
      return (first + Int64(place), figures)
    }
    try house.books.usage.add(usage, in: "EUR", to: [.house, .location(house.location.id)])
  }

  private func price(_ quarter: Int64, _ text: String, _ currency: String = "EUR") -> EnergyPrice {
    EnergyPrice(beginsAt: Quarter.start(quarter), currency: currency, price: Decimal(text) ?? .zero)
  }

  private func cost(_ house: SmallHouse, _ location: ID<Location>?, _ from: Int64, _ to: Int64) throws -> Int64? {
    try house.books.energyCosts.sum(of: location, from: from, to: to)["EUR"]?.cost.tenThousandths
  }

  @Test func whatWasUsedIsPricedByQuartersAndSummedOverAnyTime() throws {
    let house = try SmallHouse()
    let costs = house.books.energyCosts
    try used(house, Array(repeating: 10_000, count: 200))
    try costs.keep([price(first, "0.1"), price(first + 100, "0.3")], of: house.location.id)
    while try costs.refreshDue(limit: 30) {}
    for place in [nil, house.location.id] {
      #expect(try cost(house, place, first, first + 200) == 100 * 1_000 + 100 * 3_000)
      #expect(try cost(house, place, first + 99, first + 101) == 4_000)
      #expect(try cost(house, place, first - 5_000, first + 50_000) == 400_000)
    }
  }

  @Test func whatIsMadeTwiceIsMadeOnceAndFollowsEveryChange() throws {
    let house = try SmallHouse()
    let costs = house.books.energyCosts
    try used(house, [10_000, 20_000])
    try costs.keep([price(first, "0.1")], of: nil)
    while try costs.refreshDue(limit: 1) {}
    try costs.refresh([first, first + 1], at: house.location.id)
    #expect(try cost(house, nil, first, first + 2) == 3_000)
    try costs.keep([price(first + 1, "0.2")], of: nil)
    while try costs.refreshDue(limit: 10) {}
    #expect(try cost(house, nil, first, first + 2) == 5_000)
    try costs.remove(of: nil, from: Quarter.start(first), to: Quarter.start(first + 1))
    while try costs.refreshDue(limit: 10) {}
    #expect(try cost(house, house.location.id, first, first + 2) == 4_000, "no price holds in the first quarter")
    #expect(
      try costs.sum(of: nil, from: first, to: first + 2)["EUR"]?.energy == Energy(tenthsOfWattHour: 20_000))
  }

  @Test func aLocationWithPricesOfItsOwnDoesNotFollowThoseOfAll() throws {
    let house = try SmallHouse()
    let costs = house.books.energyCosts
    try used(house, [10_000])
    try costs.keep([price(first, "0.1")], of: nil)
    try costs.keep([price(first, "0.5", "CHF")], of: house.location.id)
    while try costs.refreshDue(limit: 10) {}
    let sum = try costs.sum(of: house.location.id, from: first, to: first + 1)
    #expect(sum["CHF"]?.cost == Money(tenThousandths: 5_000))
    #expect((sum["EUR"]?.cost ?? .zero) == .zero)
  }

  /// The order in which prices are told makes no cost.
  @Test func beforeItsFirstOwnPriceALocationPaysWhatAllPay() throws {
    let house = try SmallHouse()
    let costs = house.books.energyCosts
    try used(house, [10_000, 10_000, 10_000])
    try costs.keep([price(first, "0.1")], of: nil)
    try costs.keep([price(first + 2, "0.5")], of: house.location.id)
    while try costs.refreshDue(limit: 10) {}
    #expect(try cost(house, house.location.id, first, first + 3) == 1_000 + 1_000 + 5_000)
    // A late bill makes the quarters of before anew, and finds the same.
    try costs.refresh([first, first + 1, first + 2], at: house.location.id)
    #expect(try cost(house, house.location.id, first, first + 3) == 7_000)
    #expect(try cost(house, house.location.id, first + 1, first + 2) == 1_000)
  }

  private func grid(_ house: SmallHouse, from: Int64, minutes: [(Int, Int, String)]) throws {
    let start = Quarter.start(from)
    let prices = minutes.map {
      GridPrice(start: start + .seconds($0.0 * 60), until: start + .seconds($0.1 * 60), price: Decimal($0.2) ?? .zero)
    }
    try house.books.policies.keep(prices, of: "DE")
  }

  private func gridPrices(_ house: SmallHouse) throws -> [String?] {
    try (0..<8).map { quarter in
      try house.books.policies.grid(of: "DE", at: Quarter.start(first + quarter) + .seconds(60))?.description
    }
  }

  @Test func aCorrectionOfACoarserStepTakesThePlaceOfAllThatItSpeaksOf() throws {
    let house = try SmallHouse()
    try grid(house, from: first, minutes: (0..<8).map { ($0 * 15, $0 * 15 + 15, "0.\($0 + 1)") })
    try grid(house, from: first, minutes: [(15, 75, "0.9")])
    #expect(try gridPrices(house) == ["0.1", "0.9", "0.9", "0.9", "0.9", "0.6", "0.7", "0.8"])
  }

  @Test func aCorrectionOfAFinerStepLeavesTheRestOfTheHour() throws {
    let house = try SmallHouse()
    try grid(house, from: first, minutes: [(0, 60, "0.1"), (60, 120, "0.2")])
    try grid(house, from: first, minutes: [(15, 30, "0.9")])
    #expect(try gridPrices(house) == ["0.1", "0.9", "0.1", "0.1", "0.2", "0.2", "0.2", "0.2"])
    try grid(house, from: first, minutes: [(45, 75, "0.7")])
    #expect(try gridPrices(house) == ["0.1", "0.9", "0.1", "0.7", "0.7", "0.2", "0.2", "0.2"])
  }

  @Test func aNewPriceOfTheGridMakesWhatIsBoughtByItDue() throws {
    let house = try SmallHouse()
    let costs = house.books.energyCosts
    try used(house, [10_000, 10_000])
    try costs.keep(
      [EnergyPrice(beginsAt: Quarter.start(first), currency: "EUR", price: 0, area: "NL")], of: house.location.id)
    while try costs.refreshDue(limit: 10) {}
    #expect(try cost(house, nil, first, first + 2) == nil)
    let start = Quarter.start(first)
    try house.books.policies.keep(
      [GridPrice(start: start, until: start + .seconds(900), price: Decimal("0.08") ?? .zero)], of: "NL")
    try costs.gridChanged(in: "NL", from: start)
    try costs.gridChanged(in: "DE", from: start)
    while try costs.refreshDue(limit: 10) {}
    #expect(try cost(house, nil, first, first + 2) == 800)
  }

  @Test func yearsAreReadInLongRowsWithShortOnesAtTheEnds() {
    let span = 32 * Quarter.perDay
    let pieces = UsageBooks.pieces(from: span - 97, to: 3 * span + 96 + 1)
    #expect(
      pieces == [
        .init(grain: .quarter, from: span - 97, to: span - 96), .init(grain: .day, from: 31, to: 32),
        .init(grain: .span, from: 1, to: 3), .init(grain: .day, from: 96, to: 97),
        .init(grain: .quarter, from: 3 * span + 96, to: 3 * span + 97),
      ])
    #expect(UsageBooks.pieces(from: 7, to: 7).isEmpty)
  }
}
