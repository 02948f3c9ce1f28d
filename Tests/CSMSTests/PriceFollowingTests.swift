import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

@MainActor @Suite struct PriceFollowingTests {
  private let house: HouseUnderTest
  private let partner: Partner
  private let tariff: ID<Tariff>

  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    partner = try house.addPartner()
    _ = try house.addToken("DE-1", of: partner)
    tariff = try #require(try house.books.tariffs.list(limit: 1).first?.id)
  }

  /// 0.30, and 0.10 more from half full on; at most 0.05 a change, each for at least a quarter of an hour.
  private func rules(notice: Int = 0, _ kind: PricePolicy.Rule.Kind = .occupancy) -> PricePolicy {
    var policy = PricePolicy()
    policy.name = "busy"
    (policy.base, policy.floor, policy.cap) = (Decimal(3, places: 1), Decimal(2, places: 1), Decimal(5, places: 1))
    (policy.step, policy.noticeSeconds) = (Decimal(5, places: 2), notice)
    policy.timeZone = "Europe/Amsterdam"
    policy.area = "NL"
    var rule = PricePolicy.Rule()
    (rule.kind, rule.from, rule.add) = (kind, kind == .occupancy ? 50 : Decimal(1, places: 1), Decimal(1, places: 1))
    policy.rules = [rule]
    return policy
  }

  private func follow(_ policy: PricePolicy, _ state: KeptPolicy.State) async throws -> ID<PricePolicy> {
    let made = try await house.csms.addPolicy(policy, for: tariff, by: "anna")
    _ = try await house.csms.changePolicy(made.id, to: nil, state: state, by: "anna")
    return made.id
  }

  private var price: Decimal? { get throws { try house.books.tariffs.tariff(tariff)?.tariff.energyPrice } }
  private var version: Int? { get throws { try house.books.tariffs.tariff(tariff)?.version } }

  @Test func aFullSiteMakesTheNextSessionDearerAndNotTheOneThatRuns() async throws {
    let id = try await follow(rules(), .live)
    let station = try house.connect("CS-1")
    let first = try station.start("DE-1").transaction
    house.pass(120)
    #expect(try price == Decimal(35, places: 2))
    #expect(try version == 2)
    house.pass(1_800, beat: 10)
    #expect(try price == Decimal(4, places: 1))
    let second = try station.start("DE-1", evse: 2).transaction
    let moves = try house.books.policies.moves(of: id, limit: 10)
    #expect(moves.map(\.price) == [Decimal(4, places: 1), Decimal(35, places: 2)])
    #expect(moves.map(\.version) == [3, 2])
    #expect(moves.last?.why["occupancy_percent"] == "50")
    let row = try #require(try house.row(.tariffs, "NL*OST/T1", of: partner))
    #expect(row.sent == row.wanted && !house.partners.sent("tariffs").isEmpty, "the partner has the newest version")
    house.clock.now += .seconds(3_600)
    try station.stop(first, meter: 10_000)
    try station.stop(second, meter: 10_000)
    #expect(try house.cdr(of: first).totals.cost.beforeTax == Money(tenThousandths: 30_000))
    #expect(try house.cdr(of: second).totals.cost.beforeTax == Money(tenThousandths: 40_000))
    // Once nobody charges it goes back, by its steps.
    house.pass(4_000, beat: 10)
    #expect(try price == Decimal(3, places: 1))
  }

  @Test func stationsThatShowPricesGetTheNewOne() async throws {
    _ = try await follow(rules(.grid), .live)
    // One that answers nothing would be asked again.
    house.stations.answer = { command, _ in if case .tariff = command { .accepted(answer: [:]) } else { nil } }
    let admission = try house.admit("CS-1")
    guard case .welcome(let guest) = admission else { throw TestFault("CS-1 is not let in") }
    let link = house.newLink()
    _ = try house.decide { [csms = house.csms] () throws(TurnFault) in
      try csms.opened(link, of: guest, version: "ocpp2.1", address: "192.0.2.1")
    }
    let start = house.now
    try await house.csms.keepGridPrices(
      [GridPrice(start: start, until: start + .seconds(3_600), price: Decimal(2, places: 1))], of: "NL")
    house.pass(120, beat: 10)
    let shown = house.stations.commands.compactMap { command -> (Int, Decimal?)? in
      if case .tariff(.setDefault(let tariff, let evse)) = command { (evse, tariff.tariff.energyPrice) } else { nil }
    }
    #expect(shown.map(\.0) == [1, 2])
    #expect(shown.map(\.1) == [Decimal(35, places: 2), Decimal(35, places: 2)])
  }

  /// Off-peak hours stand before the general price, as the suggestion of the house makes them.
  @Test func hoursOfTheTariffStayWithinTheBoundsAndAreWhatTheyWereOnTheWayBack() async throws {
    let known = try #require(try house.books.tariffs.tariff(tariff)?.tariff)
    var hours = known
    var night = Tariff.Restrictions()
    (night.startTime, night.endTime) = ("00:00", "06:00")
    hours.elements.insert(.init([Tariff.Component(.energy, price: Decimal(21, places: 2))], when: night), at: 0)
    let begun = hours
    _ = try house.write { [tariff, now = house.now] books throws(StoreFault) in
      try books.tariffs.update(tariff, to: begun, at: now)
    }
    func prices() throws -> [Decimal] {
      try house.books.tariffs.tariff(tariff)?.tariff.elements.map { $0.components[0].price } ?? []
    }
    var rules = rules(.grid)
    rules.rules[0].add = Decimal(-1, places: 1)
    _ = try await follow(rules, .live)
    let start = house.now
    try await house.csms.keepGridPrices(
      [GridPrice(start: start, until: start + .seconds(7_200), price: Decimal(2, places: 1))], of: "NL")
    house.pass(120, beat: 10)
    #expect(try prices() == [Decimal(2, places: 1), Decimal(25, places: 2)], "not below the floor")
    house.pass(1_800, beat: 30)
    #expect(try prices() == [Decimal(2, places: 1), Decimal(2, places: 1)])
    house.pass(9_000, beat: 30)
    #expect(try house.books.tariffs.tariff(tariff)?.tariff == begun, "the very tariff that it began with")
  }

  @Test func otherPricesOutsideTheBoundsComeInsideWhenThePolicyBegins() async throws {
    let known = try #require(try house.books.tariffs.tariff(tariff)?.tariff)
    var hours = known
    var night = Tariff.Restrictions()
    (night.startTime, night.endTime) = ("00:00", "06:00")
    hours.elements.insert(.init([Tariff.Component(.energy, price: Decimal(9, places: 1))], when: night), at: 0)
    let begun = hours
    _ = try house.write { [tariff, now = house.now] books throws(StoreFault) in
      try books.tariffs.update(tariff, to: begun, at: now)
    }
    _ = try await follow(rules(), .live)
    house.pass(70, beat: 10)
    let now = try #require(try house.books.tariffs.tariff(tariff))
    #expect(now.tariff.elements.map { $0.components[0].price } == [Decimal(5, places: 1), Decimal(3, places: 1)])
    house.pass(600, beat: 10)
    #expect(try version == now.version, "and nothing moves any more")
  }

  @Test func aTariffIsNotRemovedWhileAPolicyMovesIt() async throws {
    _ = try await follow(rules(), .live)
    let (id, now) = (tariff, house.now)
    let alone = try house.write { books throws(StoreFault) in
      guard var connector = try books.stations.evse(books.stations.list(limit: 1)[0].id, number: 1)?.connectors.first,
        var other = try books.stations.evse(books.stations.list(limit: 1)[0].id, number: 2)?.connectors.first
      else { return false }
      (connector.tariff, other.tariff) = (nil, nil)
      (connector.updatedAt, other.updatedAt) = (now, now)
      try books.stations.update(connector)
      try books.stations.update(other)
      return true
    }
    #expect(alone)
    await #expect(throws: Refusal.conflict("the policy 'busy' moves its price: pause it first")) {
      try await house.csms.removeTariff(id, by: "anna")
    }
  }

  @Test func aDryRunSaysWhatItWouldDoAndMovesNothing() async throws {
    let id = try await follow(rules(), .dryRun)
    let station = try house.connect("CS-1")
    try station.start("DE-1")
    house.pass(2_000, beat: 10)
    #expect(try price == Decimal(3, places: 1))
    #expect(try version == 1)
    let moves = try house.books.policies.moves(of: id, limit: 10)
    #expect(moves.map(\.price) == [Decimal(4, places: 1), Decimal(35, places: 2)])
    #expect(moves.allSatisfy { !$0.isLive && $0.version == nil })
  }

  @Test func whatWasAnnouncedHoldsFromItsTimeAlsoAfterARestart() async throws {
    let id = try await follow(rules(notice: 600), .live)
    let station = try house.connect("CS-1")
    let transaction = try station.start("DE-1").transaction
    house.pass(70, beat: 10)
    #expect(try house.books.policies.moves(of: id, limit: 1).first?.kind == .announced)
    #expect(try price == Decimal(3, places: 1))
    try station.stop(transaction, meter: 100)
    try house.restart()
    house.pass(540, beat: 10)
    #expect(try price == Decimal(35, places: 2), "a promise is kept though the site is empty again")
  }

  @Test func aPlanThatEndsWithoutAChangeDoesNotHoldThePriceForGood() async throws {
    let id = try await follow(rules(notice: 600, .grid), .live)
    let start = house.now
    try await house.csms.keepGridPrices(
      [GridPrice(start: start, until: start + .seconds(3_600), price: Decimal(2, places: 1))], of: "NL")
    house.pass(70, beat: 10)
    #expect(try house.books.policies.moves(of: id, limit: 1).first?.kind == .announced)
    // The operator draws the cap below what was announced, and opens it again afterwards.
    var closer = rules(notice: 600, .grid)
    closer.cap = Decimal(3, places: 1)
    _ = try await house.csms.changePolicy(id, to: closer, state: nil, by: "anna")
    house.pass(700, beat: 10)
    #expect(try price == Decimal(3, places: 1))
    #expect(try house.books.policies.policy(id)?.motion?.planned == nil)
    _ = try await house.csms.changePolicy(id, to: rules(notice: 600, .grid), state: nil, by: "anna")
    house.pass(800, beat: 10)
    #expect(try price == Decimal(35, places: 2))
  }

  @Test func thePriceOfTheGridIsFollowedWhereItIsKnown() async throws {
    _ = try await follow(rules(.grid), .live)
    house.pass(120, beat: 10)
    #expect(try price == Decimal(3, places: 1))
    let start = house.now
    try await house.csms.keepGridPrices(
      [GridPrice(start: start, until: start + .seconds(3_600), price: Decimal(2, places: 1))], of: "NL")
    house.pass(120, beat: 10)
    #expect(try price == Decimal(35, places: 2))
    house.pass(7_200, beat: 30)
    #expect(try price == Decimal(3, places: 1), "the series has ended")
  }

  /// A market that swings with each quarter of an hour: what is announced and charged keeps within all bounds, partners have
  /// the newest version, and each bill has the price with which its session began.
  @Test func whileInputsSwingEachBillHasThePriceOfItsBeginAndNoChangeIsMoreThanAStep() async throws {
    var policy = rules(.grid)
    policy.rules[0].add = Decimal(9, places: 1)
    let id = try await follow(policy, .live)
    let station = try house.connect("CS-1")
    var begun: [(transaction: Int64, price: Decimal)] = []
    for turn in 0..<40 {
      let start = house.now
      try await house.csms.keepGridPrices(
        [GridPrice(start: start, until: start + .seconds(900), price: Decimal(turn % 7 < 4 ? 2 : 0, places: 1))],
        of: "NL")
      house.pass(turn % 5 * 60, beat: 10)
      let transaction = try station.start("DE-1", meter: Int64(turn) * 1_000).transaction
      begun.append((transaction, try #require(try price)))
      house.pass(600, beat: 10)
      try station.stop(transaction, meter: Int64(turn + 1) * 1_000)
      house.pass(300 - turn % 5 * 60, beat: 10)
      let row = try #require(try house.row(.tariffs, "NL*OST/T1", of: partner))
      #expect(row.sent == row.wanted)
    }
    #expect(Set(begun.map(\.price)).count > 3)
    for (transaction, price) in begun {
      let cost = try house.cdr(of: transaction).totals.cost.beforeTax
      #expect(cost == Money(tenThousandths: try #require(price.asInt64(scaledBy: 4))))
    }
    let moves = try house.books.policies.moves(of: id, limit: 100).reversed()
    #expect(moves.map(\.version) == (2..<2 + moves.count).map { $0 })
    #expect(moves.count > 10)
    var before = (price: Decimal(3, places: 1), at: nil as Timestamp?)
    for move in moves {
      #expect(move.price >= policy.floor && move.price <= policy.cap)
      #expect((move.price - before.price).magnitude <= policy.step)
      if let at = before.at { #expect(move.at.seconds(since: at) >= Int64(policy.holdSeconds)) }
      before = (move.price, move.at)
    }
  }

  @Test func theOperatorsOwnPriceIsWhereALiveOneGoesOn() async throws {
    _ = try await follow(rules(), .live)
    try house.write { books throws(StoreFault) in
      guard let kept = try books.tariffs.tariff(tariff) else { return }
      _ = try books.tariffs.update(tariff, to: kept.tariff.moved(to: 2), at: house.now)
    }
    house.pass(120, beat: 10)
    #expect(try price == Decimal(5, places: 1), "inside its bounds at once")
    house.pass(1_000, beat: 10)
    #expect(try price == Decimal(45, places: 2))
  }

  @Test func aTariffFollowsOnePolicyAndALiveOneStays() async throws {
    let id = try await follow(rules(), .live)
    await #expect(throws: Refusal.self) { try await follow(rules(), .live) }
    await #expect(throws: Refusal.self) { try await house.csms.removePolicy(id, by: "anna") }
    _ = try await house.csms.changePolicy(id, to: nil, state: .paused, by: "anna")
    try await house.csms.removePolicy(id, by: "anna")
    #expect(try house.count("price_policy.changed") >= 4)
    var wrong = rules()
    wrong.timeZone = "Mars/Olympus"
    await #expect(throws: Refusal.self) { try await house.csms.addPolicy(wrong, for: tariff, by: "anna") }
    await #expect(throws: Refusal.self) { try await house.csms.addPolicy(rules(), for: ID(99), by: "anna") }
  }
}
