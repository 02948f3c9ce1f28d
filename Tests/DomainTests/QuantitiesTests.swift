import Testing
import Wire

@testable import Domain

@Suite struct QuantitiesTests {
  @Test(arguments: ["-922337203685477580.8", "922337203685477580.7", "100000.1", "-100000.1"])
  func noWireCarriesThat(_ amperes: String) throws {
    #expect(Current(allowed: try #require(Decimal(amperes))) == nil)
    #expect(Current(measured: try #require(Decimal(amperes))) == nil)
  }

  @Test(
    arguments: [
      ("1.00005", 10_001), ("1.00004999", 10_000), ("-1.00005", -10_001), ("-1.00004999", -10_000), ("0", 0),
      ("12.3456", 123_456),
    ] as [(String, Int64)])
  func moneyIsRoundedHalfUpToFourDecimals(_ exact: String, _ tenThousandths: Int64) {
    #expect(Money(rounding: decimal(exact)).tenThousandths == tenThousandths)
  }

  @Test func moneyThatNobodyHasIsNoneAndNoPriceOfATariff() throws {
    #expect(Money(read: decimal("922337203685477.5807"))?.tenThousandths == .max)
    #expect(Money(read: decimal("922337203685477.5808")) == nil)
    #expect(Money(read: decimal("9e19")) == nil)
    for amount in ["922337203685477.5808", "1e40", "-1e40"] {
      #expect(throws: Flaw.self) { try Price.read(Bytes(utf8: #"{"excl_vat":1,"incl_vat":\#(amount)}"#)) }
      #expect(throws: Flaw.self) { try Price.read(Bytes(utf8: #"{"excl_vat":\#(amount)}"#)) }
    }
  }

  @Test func moneyAddsAndReadsAsADecimal() {
    #expect(euro("1.5") + euro("0.25") == euro("1.75"))
    #expect(euro("1.5") - euro("2") == euro("-0.5"))
    #expect(euro("1.5") < euro("1.5001"))
    #expect(euro("12.50").description == "12.5")
  }

  @Test(arguments: [("0.05", 1), ("0.049", 0), ("1234.56", 12_346), ("-0.05", -1)] as [(String, Int64)])
  func energyIsRoundedToATenthOfAWattHour(_ wattHours: String, _ tenths: Int64) {
    #expect(Energy(wattHours: decimal(wattHours))?.tenthsOfWattHour == tenths)
  }

  @Test func energyBeyondAnyMeterIsNone() {
    #expect(Energy(wattHours: decimal("100000000000000"))?.tenthsOfWattHour == 1_000_000_000_000_000)
    #expect(Energy(wattHours: decimal("100000000000000.1")) == nil)
    #expect(Energy(wattHours: decimal("-100000000000000.1")) == nil)
    #expect(Energy(wattHours: decimal("1e19")) == nil)
  }

  @Test func energyReadsInKilowattHours() {
    #expect(kWh("1.2345").tenthsOfWattHour == 12_345)
    #expect(kWh("1.2345").description == "1.2345")
    #expect(kWh("1.5").wattHours == 1500)
    #expect(kWh("2") - kWh("0.5") == kWh("1.5"))
  }
}
