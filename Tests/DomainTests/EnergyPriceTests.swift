import Domain
import Testing
import Wire

struct EnergyPriceTests {
  private let start = Timestamp(seconds: 1_793_577_600)

  private func price(_ hours: Int, _ text: String, _ area: String? = nil) -> EnergyPrice {
    EnergyPrice(beginsAt: start + .seconds(hours * 3_600), currency: "EUR", price: Decimal(text) ?? .zero, area: area)
  }

  @Test func aPriceHoldsUntilTheNextOne() {
    let prices = EnergyPrices([price(0, "0.2"), price(2, "0.3")], grids: [:])
    #expect(prices.price(at: start - .seconds(1)) == nil)
    #expect(prices.price(at: start)?.perKWh == Decimal("0.2"))
    #expect(prices.price(at: start + .seconds(7_199))?.perKWh == Decimal("0.2"))
    #expect(prices.price(at: start + .seconds(7_200))?.perKWh == Decimal("0.3"))
  }

  @Test func aContractByTheMarketAddsToTheGridsPriceAndIsUnknownWhereThatIs() {
    let grid = [GridPrice(start: start, until: start + .seconds(3_600), price: Decimal("-0.05") ?? .zero)]
    let prices = EnergyPrices([price(0, "0.12", "NL")], grids: ["NL": grid])
    #expect(prices.price(at: start)?.perKWh == Decimal("0.07"))
    #expect(prices.price(at: start + .seconds(3_600)) == nil)
  }

  @Test func theCostOfAQuarterIsRoundedOnce() {
    let prices = EnergyPrices([price(0, "0.123456")], grids: [:])
    let quarter = Quarter.number(of: start)
    // 1.2345 kWh × 0.123456 = 0.15240643…
    #expect(
      prices.cost(of: Energy(tenthsOfWattHour: 12_345), in: quarter)?.cost == Money(tenThousandths: 1_524))
    #expect(prices.cost(of: Energy(tenthsOfWattHour: 12_345), in: quarter - 1) == nil)
  }
}
