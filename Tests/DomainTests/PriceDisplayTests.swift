import Testing
import Wire

@testable import Domain

@Suite struct PriceDisplayTests {
  private func tariff(_ elements: String, _ more: String = "{}") throws -> Tariff {
    var json = try JSON.parse(#"{"id":"T","currency":"EUR","elements":[\#(elements)]}"#)
    for member in try JSON.parse(more).object?.members ?? [] { json[member.key] = member.value }
    return try Tariff.read(json).value
  }

  private func energy(_ price: String, _ vat: String = #","vat":19"#) -> String {
    #"{"price_components":[{"type":"ENERGY","price":\#(price)\#(vat),"step_size":1}]}"#
  }

  private let mixed = #"""
    {"price_components":[{"type":"FLAT","price":1,"vat":20,"step_size":1},{"type":"PARKING_TIME","price":6,"vat":20,"step_size":60},
     {"type":"TIME","price":1.2,"vat":20,"step_size":60},{"type":"ENERGY","price":0.4,"vat":20,"step_size":1}]}
    """#

  // MARK: As drivers read it

  @Test func pricesAreGrossAndInTheOrderOfTheLaw() throws {
    let line = try #require(PriceTag(try tariff(mixed)).lines.first)
    #expect(line.parts.map(\.dimension) == [.energy, .time, .parkingTime, .flat])
    // Per hour they are kept, per minute they are told.
    #expect(line.parts.map(\.price) == [decimal("0.48"), decimal("0.024"), decimal("0.12"), decimal("1.2")])
  }

  @Test func taxThatIsWithinOrThatNobodyAsksForIsNotAddedAgain() throws {
    func price(_ more: String, _ vat: String = #","vat":19"#) throws -> Decimal? {
      PriceTag(try tariff(energy("0.5", vat), more)).lines.first?.parts.first?.price
    }
    #expect(try price("{}") == decimal("0.595"))
    #expect(try price(#"{"tax_included":"YES"}"#) == decimal("0.5"))
    #expect(try price(#"{"tax_included":"N/A"}"#, "") == decimal("0.5"))
    #expect(
      try price(
        #"{"taxes":[{"name":"GST","percentage":5},{"name":"QST","percentage":9.975}]}"#, "") == decimal("0.5749"))
  }

  @Test func whatHoldsAtTimesSaysWhen() throws {
    let part = #"{"type":"ENERGY","price":0.3,"vat":0,"step_size":1}"#
    let tag = PriceTag(
      try tariff(
        #"""
        {"price_components":[{"type":"TIME","price":6,"vat":0,"step_size":1}],"restrictions":{"min_duration":1800}},
        {"price_components":[\#(part)],"restrictions":{"start_time":"22:00","day_of_week":["SUNDAY","MONDAY"],
         "max_kwh":10.5}},
        {"price_components":[{"type":"FLAT","price":1,"step_size":1}],"restrictions":{"reservation":"RESERVATION"}}
        """#))
    #expect(tag.lines.map(\.parts.first?.dimension) == [.energy, .time], "a reservation is no charging")
    #expect(tag.lines[0].hours == "22:00–24:00" && tag.lines[0].weekdays == [1, 7])
    #expect(tag.lines.map(\.bounds) == [["< 10.5 kWh"], ["≥ 30 min"]])
  }

  @Test(arguments: [("GBR", "GBP", "p"), ("DEU", "EUR", "ct"), ("NLD", "EUR", nil), ("DEU", "CHF", nil)])
  func hundredthsHaveTheNameThatPeopleThereUse(_ country: String, _ currency: String, _ name: String?) throws {
    let tag = PriceTag(try tariff(energy("0.5"), #"{"currency":"\#(currency)"}"#), in: country)
    #expect(tag.minorUnit == name)
  }

  // MARK: What the law asks

  @Test(arguments: [("GBR", PriceDisplay.uk2023), ("DEU", .afir), ("NOR", .afir), ("CHE", nil), ("USA", nil)])
  func theLawIsThatOfTheCountry(_ country: String, _ rule: PriceDisplay?) {
    #expect(PriceDisplay(country: country) == rule)
  }

  private func flaws(_ elements: String, _ rule: PriceDisplay, _ watts: Int, _ more: String = "{}") throws -> [String] {
    try tariff(elements, more).displayFlaws(by: rule, watts: watts).map(\.path)
  }

  @Test func aPricePerKilowattHourWithItsTaxIsGoodEverywhere() throws {
    #expect(try flaws(energy("0.5"), .afir, 150_000) == [])
    #expect(try flaws(energy("0.5"), .uk2023, 7_400, #"{"currency":"GBP"}"#) == [])
    let free = #"{"price_components":[{"type":"ENERGY","price":0,"step_size":1}]}"#
    #expect(try flaws(free, .afir, 150_000) == [], "what costs nothing needs no price")
  }

  @Test func fromFiftyKilowattsOnAFeePerSessionIsNamed() throws {
    #expect(try flaws(mixed, .afir, 49_999) == [])
    #expect(try flaws(mixed, .afir, 50_000) == ["elements[0].price_components[0].price"])
    let hourly = #"{"price_components":[{"type":"TIME","price":6,"vat":19,"step_size":60}]}"#
    #expect(try flaws(hourly, .afir, 22_000) == [])
    #expect(try flaws(hourly, .afir, 50_000) == ["elements"])
  }

  @Test func inTheUnitedKingdomChargingHasOnePriceInPence() throws {
    #expect(
      try flaws(mixed, .uk2023, 7_400, #"{"currency":"GBP"}"#)
        == ["elements[0].price_components[0].price", "elements[0].price_components[2].price"])
    #expect(try flaws(energy("0.5"), .uk2023, 7_400) == ["currency"])
  }

  @Test func aPriceWithoutTaxOrOneThatFollowsThePowerIsNamed() throws {
    #expect(try flaws(energy("0.5", ""), .afir, 11_000) == ["elements[0].price_components[0].vat"])
    #expect(try flaws(energy("0.5", ""), .afir, 11_000, #"{"tax_included":"YES"}"#) == [])
    let fast = #"""
      {"price_components":[{"type":"ENERGY","price":0.3,"vat":19,"step_size":1}],"restrictions":{"max_power":50}}
      """#
    #expect(try flaws(fast, .afir, 150_000) == ["elements[0].price_components[0].price"])
  }
}
