import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What is counted beside the bills: whose drivers they were, plugging in, what fails, and what energy cost.
@MainActor
struct CountingTests {
  let house: HouseUnderTest
  let partner: Partner
  let station: Caller

  init() throws {
    house = try HouseUnderTest().furnish()
    partner = try house.addPartner()
    try house.addToken("CARD")
    try house.addToken("DE-1", of: partner)
    station = try house.connect("CS-1")
    try station.report(.available)
  }

  private func sum(_ scope: UsageScope) throws -> UsageSum {
    try house.books.usage.sum(of: scope, from: 0, to: Quarter.number(of: house.now) + 96)
  }

  private func visit(_ tag: String, _ wattHours: Int64) throws {
    try station.report(.preparing)
    let transaction = try station.start(tag, meter: 1_000).transaction
    try station.report(.charging)
    house.clock.now += .seconds(1_800)
    try station.stop(transaction, meter: 1_000 + wattHours)
    try station.report(.finishing)
    house.clock.now += .seconds(60)
    try station.report(.available)
  }

  @Test func useIsCountedForThePartnerWhoseDriverItWas() throws {
    try visit("DE-1", 5_000)
    try visit("CARD", 7_000)
    #expect(try sum(.partner(partner.id)).figures.energy == Energy(tenthsOfWattHour: 50_000))
    #expect(try sum(.partner(nil)).figures.energy == Energy(tenthsOfWattHour: 70_000))
    #expect(try sum(.house).figures.sessions == 2)
  }

  @Test func aPlugInIsCountedOnceItIsOutAndServedWhereEnergyCame() throws {
    try visit("CARD", 5_000)
    // Nothing comes of this one: the driver gives up.
    try station.report(.preparing)
    #expect(try sum(.house).figures.plugged == 1, "the cable is still in")
    house.clock.now += .seconds(120)
    try station.report(.available)
    // A fault in between does not unplug anything.
    try station.report(.preparing)
    try station.report(.faulted)
    try station.report(.preparing)
    try station.report(.available)
    let figures = try sum(.house).figures
    #expect(figures.plugged == 3 && figures.served == 1)
    #expect(try sum(.stay(house.evse().connectors[0].id.value)).figures.plugged == 3)
  }

  @Test func whatWasPluggedInWhileTheLineWasLostIsNotJudged() throws {
    try station.report(.preparing)
    try house.decide { [csms = house.csms, id = try house.station("CS-1").id] () throws(TurnFault) in
      do { try csms.wentOffline(id) } catch { throw .storage("\(error)") }
    }
    try station.report(.available)
    #expect(try sum(.house).figures.plugged == 0)
  }

  @Test func faultsLostLinesAndSessionsWithoutEnergyAreIncidents() throws {
    try station.report(.faulted)
    house.clock.now += .seconds(90)
    try station.report(.available)
    try visit("CARD", 0)
    let end = Quarter.number(of: house.now) + 1
    let lines = try house.books.incidents.lines(by: .code, at: nil, from: 0, to: end, limit: 9)
    #expect(
      Set(lines.map { "\($0.kind?.rawValue ?? "") \($0.code ?? "") \($0.count) \($0.seconds)" }) == [
        "fault unknown 1 90", "session no_energy 1 0",
      ])
  }

  @Test func aSessionThatIsBilledAgainFailedOnce() async throws {
    try visit("CARD", 0)
    let bill = try #require(try house.books.cdrs.list(limit: 1).first).cdr
    try station.report(.preparing)
    _ = try await house.csms.creditCDR(bill.id, because: nil, billsAgain: true, by: "anna")
    let end = Quarter.number(of: house.now) + 1
    #expect(try house.books.incidents.lines(by: .code, at: nil, from: 0, to: end, limit: 9).map(\.count) == [1])
  }

  @Test func whatASessionCostTheHouseFollowsItsBillAndAChangedPrice() async throws {
    let location = try #require(try house.station("CS-1").location)
    try await house.csms.keepEnergyPrices(
      [EnergyPrice(beginsAt: .epoch, currency: "EUR", price: Decimal("0.2") ?? .zero)], of: nil)
    try visit("CARD", 10_000)
    let end = Quarter.number(of: house.now) + 96
    func cost() throws -> Money? {
      try house.books.energyCosts.sum(of: location, from: 0, to: end)["EUR"]?.cost
    }
    #expect(try cost() == Money(tenThousandths: 20_000))
    try await house.csms.keepEnergyPrices(
      [EnergyPrice(beginsAt: .epoch, currency: "EUR", price: Decimal("0.3") ?? .zero)], of: location)
    house.pass(5)
    #expect(try cost() == Money(tenThousandths: 30_000))
  }
}
