import Testing
import Wire

@testable import Domain

@Suite struct TariffCheckTests {
  private let energy = component("ENERGY", "0.25", vat: "21")

  private func flaws(_ elements: String, _ more: String = "") throws -> [String] {
    try tariff(elements, more).check().map { "\($0.severity.rawValue) \($0.kind.rawValue) \($0.path)" }
  }

  @Test func aPlainTariffHasNoFlaw() throws {
    #expect(try flaws(element(energy)) == [])
    #expect(try flaws(element(component("FLAT", "0", step: 900))) == [], "a flat fee has no step")
    #expect(
      try flaws(
        element(component("ENERGY", "0.2"), when: #""start_time":"22:00","end_time":"06:00""#) + "," + element(energy),
        #","min_price":{"excl_vat":1,"incl_vat":1.21},"max_price":{"excl_vat":50,"incl_vat":60.5}"#) == [])
  }

  @Test(arguments: ["eur", "EU", "EURO", "E R", ""])
  func aCurrencyHasThreeCapitals(_ currency: String) throws {
    var odd = try tariff(element(energy))
    odd.currency = currency
    #expect(odd.check().map(\.kind) == [.badCurrency])
  }

  @Test func elementsAndComponentsMustBeThere() throws {
    var none = try tariff(element(energy))
    none.elements = []
    #expect(none.check().map(\.kind) == [.noElements])
    none.elements = [.init([])]
    #expect(none.check().map(\.kind) == [.emptyElement])
  }

  @Test(arguments: [
    (component("ENERGY", "-0.01"), "error bad_price elements[0].price_components[0].price"),
    (component("ENERGY", "1000000.1"), "error bad_price elements[0].price_components[0].price"),
    (component("ENERGY", "0.29412"), "error bad_price elements[0].price_components[0].price"),
    (component("ENERGY", "1", vat: "-1"), "error bad_tax elements[0].price_components[0].vat"),
    (component("ENERGY", "1", vat: "100.1"), "error bad_tax elements[0].price_components[0].vat"),
    (component("ENERGY", "1", vat: "5.00001"), "error bad_tax elements[0].price_components[0].vat"),
    (component("TIME", "1", step: 2), "warning rounding elements[0].price_components[0].step_size"),
  ])
  func pricesTaxesAndStepsHaveBounds(_ component: String, _ flaw: String) throws {
    #expect(try flaws(element(component)) == [flaw])
  }

  @Test func atTheBoundsTheyAreGood() throws {
    #expect(try flaws(element(component("ENERGY", "1000000", vat: "100"))) == [])
    #expect(try flaws(element(component("ENERGY", "0.0001", vat: "0.0001"))) == [])
  }

  @Test func whatPartnersCannotBeToldIsRefused() throws {
    #expect(
      try flaws(element(energy, when: #""min_kwh":0.12345,"max_power":7.00001"#)) == [
        "error bad_form elements[0].restrictions.min_kwh", "error bad_form elements[0].restrictions.max_power",
        "warning gap elements",
      ])
    #expect(try flaws(element(energy), #","preauthorize_amount":50.00001"#) == ["error bad_limits preauthorize_amount"])
    let texts = try tariff(element(component("ENERGY", "0.29412"))).check().map(\.text)
    #expect(texts == ["0.29412 has more than 4 decimals, and OCPI tells partners no more"])
  }

  @Test(arguments: [
    (#""start_time":"25:00""#, "error bad_time elements[0].restrictions.start_time"),
    (#""end_time":"9:00""#, "error bad_time elements[0].restrictions.end_time"),
    (#""end_time":"24:00""#, "error bad_time elements[0].restrictions.end_time"),
    (#""start_time":"08:00","end_time":"08:00""#, "warning empty_range elements[0].restrictions.end_time"),
    (#""start_date":"2026-02-29""#, "error bad_date elements[0].restrictions.start_date"),
    (#""end_date":"01-02-2026""#, "error bad_date elements[0].restrictions.end_date"),
    (#""start_date":"2026-03-01","end_date":"2026-03-01""#, "error empty_range elements[0].restrictions.end_date"),
    (#""min_kwh":10,"max_kwh":10"#, "error empty_range elements[0].restrictions.max_kwh"),
    (#""min_power":10,"max_power":5"#, "error empty_range elements[0].restrictions.max_power"),
    (#""max_current":0"#, "error empty_range elements[0].restrictions.max_current"),
    (#""min_duration":60,"max_duration":60"#, "error empty_range elements[0].restrictions.max_duration"),
    (#""min_kwh":-1,"max_kwh":5"#, "error empty_range elements[0].restrictions.min_kwh"),
  ])
  func restrictionsThatCannotBeReadOrNeverHold(_ restriction: String, _ flaw: String) throws {
    #expect(try flaws(element(energy, when: restriction) + "," + element(energy)) == [flaw])
  }

  @Test func limitsMustLeaveRoom() throws {
    #expect(
      try flaws(element(energy), #","min_price":{"excl_vat":5},"max_price":{"excl_vat":4}"#) == [
        "error bad_limits min_price"
      ])
    #expect(
      try flaws(element(energy), #","min_price":{"excl_vat":5,"incl_vat":9},"max_price":{"excl_vat":6,"incl_vat":8}"#)
        == ["error bad_limits min_price"])
    #expect(try flaws(element(energy), #","max_price":{"excl_vat":5,"incl_vat":4}"#) == ["error bad_limits max_price"])
    #expect(try flaws(element(energy), #","min_price":{"excl_vat":-1}"#) == ["error bad_limits min_price"])
    #expect(try flaws(element(energy), #","max_price":{"excl_vat":1000000}"#) == [])
    #expect(try flaws(element(energy), #","max_price":{"excl_vat":1000000.01}"#) == ["error bad_limits max_price"])
    #expect(
      try flaws(element(energy), #","start_date_time":"2026-01-02T00:00:00Z","end_date_time":"2026-01-02T00:00:00Z""#)
        == ["error bad_validity end_date_time"])
  }

  @Test func whatAnEarlierElementCoversIsNeverReached() throws {
    #expect(
      try flaws(element(energy) + "," + element(energy, when: #""max_kwh":5"#))
        == ["error unreachable elements[1].price_components[0]"])
    #expect(
      try flaws(
        element(energy, when: #""min_power":10"#) + "," + element(energy, when: #""min_power":20,"max_kwh":5"#) + ","
          + element(energy))
        == ["error unreachable elements[1].price_components[0]"])
    #expect(
      try flaws(
        element(energy, when: #""day_of_week":["MONDAY","TUESDAY"]"#) + ","
          + element(energy, when: #""day_of_week":["TUESDAY"]"#) + ","
          + element(energy)) == ["error unreachable elements[1].price_components[0]"])
    #expect(
      try flaws(
        element(component("FLAT", "1")) + "," + element([component("FLAT", "2"), energy].joined(separator: ",")))
        == ["error unreachable elements[1].price_components[0]"])
  }

  @Test func whatOnlyOverlapsIsReached() throws {
    #expect(try flaws(element(component("FLAT", "1")) + "," + element(energy)) == [], "another dimension")
    #expect(
      try flaws(
        element(energy, when: #""max_kwh":5"#) + "," + element(energy, when: #""max_kwh":10"#) + "," + element(energy))
        == [])
    #expect(
      try flaws(element(energy, when: #""day_of_week":["MONDAY"]"#) + "," + element(energy)) == [],
      "a day covers no tariff for every day")
    #expect(
      try flaws(element(energy) + "," + element(component("FLAT", "2"), when: #""reservation":"RESERVATION""#)) == [],
      "reservations are a world of their own")
  }

  @Test func aPriceTwiceInAnElementAndEnergyOfAReservationAreErrors() throws {
    #expect(
      try flaws(element([energy, energy].joined(separator: ","))) == [
        "error repeated_dimension elements[0].price_components[1]"
      ])
    #expect(
      try flaws(element(energy, when: #""reservation":"RESERVATION""#) + "," + element(energy))
        == ["error bad_reservation elements[0].price_components[0]"])
  }

  @Test func whatABookingCostsIsToldAndChargedByNobody() throws {
    let fee = element(component("FLAT", "5"), when: #""booking":"BOOKING_CANCELLATION_FEES""#)
    #expect(try flaws(fee + "," + element(energy)) == ["warning unpriced elements[0].restrictions.booking"])
    #expect(
      try flaws(element(energy, when: #""booking":"BOOKING""#) + "," + element(energy)) == [
        "error bad_reservation elements[0].price_components[0]", "warning unpriced elements[0].restrictions.booking",
      ])
  }

  @Test func aDimensionWithoutALastResortIsPointedOut() throws {
    #expect(try flaws(element(energy, when: #""start_time":"08:00","end_time":"18:00""#)) == ["warning gap elements"])
    #expect(try flaws(element(energy, when: #""min_kwh":1"#)) == ["warning gap elements"])
  }

  private func gaps(_ elements: String) throws -> [String] {
    try tariff(elements).check().filter { $0.kind == .gap }.map(\.text)
  }

  @Test func theHoursOfTheWeekWithoutAPriceAreNamed() throws {
    #expect(
      try gaps(element(energy, when: #""day_of_week":["MONDAY","TUESDAY","WEDNESDAY","THURSDAY","FRIDAY"]"#))
        == ["ENERGY may be without a price on SATURDAY 00:00 to MONDAY 00:00"])
    #expect(
      try gaps(
        element(energy, when: #""start_time":"06:00","end_time":"22:00""#) + ","
          + element(energy, when: #""start_time":"22:00","end_time":"05:30""#)
      ).first?.hasPrefix(
        "ENERGY may be without a price on MONDAY 05:30 to MONDAY 06:00, TUESDAY 05:30 to TUESDAY 06:00") == true)
    // From 20 kWh on at night, and by day whatever was charged: below 20 kWh the nights are free.
    #expect(
      try gaps(
        element(energy, when: #""start_time":"06:00","end_time":"00:00""#) + ","
          + element(energy, when: #""min_kwh":20"#)
      ).first?.contains("MONDAY 00:00 to MONDAY 06:00") == true)
    #expect(
      try gaps(
        element(energy, when: #""start_time":"06:00","end_time":"00:00""#) + ","
          + element(energy, when: #""end_time":"06:00","max_kwh":20"#) + "," + element(energy, when: #""min_kwh":20"#))
        == [])
  }

  @Test func whatEarlierElementsFillTogetherIsNeverReached() throws {
    let halves =
      element(energy, when: #""start_time":"08:00","end_time":"20:00""#) + ","
      + element(energy, when: #""start_time":"20:00","end_time":"08:00""#)
    #expect(try flaws(halves + "," + element(energy)) == ["error unreachable elements[2].price_components[0]"])
    #expect(
      try flaws(halves + "," + element(energy, when: #""day_of_week":["SUNDAY"],"max_kwh":5"#))
        == ["error unreachable elements[2].price_components[0]"])
    #expect(
      try flaws(
        element(energy, when: #""start_time":"08:00","end_time":"20:00""#) + ","
          + element(energy, when: #""day_of_week":["SUNDAY"]"#) + "," + element(energy)) == [])
  }

  @Test func restrictionsThatContradictEachOtherAreNamed() throws {
    // 2026-06-01 is a Monday.
    let days = #""start_date":"2026-06-01","end_date":"2026-06-03","day_of_week":["SUNDAY"]"#
    #expect(
      try flaws(element(energy, when: days) + "," + element(energy))
        == ["error contradiction elements[0].restrictions.day_of_week"])
    #expect(
      try flaws(
        element(energy, when: #""end_date":"2026-01-01""#) + "," + element(energy),
        #","start_date_time":"2026-02-01T00:00:00Z""#) == ["warning contradiction elements[0].restrictions.end_date"])
    #expect(
      try flaws(
        element(energy, when: #""start_date":"2026-06-01""#) + "," + element(energy),
        #","end_date_time":"2026-02-01T00:00:00Z""#) == ["warning contradiction elements[0].restrictions.start_date"])
  }

  @Test func taxesHaveNamesAndBounds() throws {
    #expect(
      try flaws(element(component("ENERGY", "1")), #","taxes":[{"name":"","percentage":101}]"#)
        == ["error bad_tax taxes[0].name", "error bad_tax taxes[0].percentage"])
    #expect(
      try flaws(
        element(component("ENERGY", "1")), #","taxes":[{"name":"A","percentage":1},{"name":"A","percentage":2}]"#)
        == ["error bad_tax taxes[1].name"])
    #expect(
      try flaws(element(energy), #","preauthorize_amount":-1"#) == ["error bad_limits preauthorize_amount"])
  }

  @Test(arguments: [
    (#""max_kwh":1"#, #""min_kwh":1"#), (#""max_duration":1800"#, #""min_duration":600"#),
    (#""max_power":16"#, #""min_power":16"#),
    (#""start_time":"00:00","end_time":"17:00""#, #""start_time":"17:00","end_time":"00:00""#),
    (#""start_time":"07:00","end_time":"23:00""#, #""start_time":"23:00","end_time":"07:00""#),
  ])
  func whereTheElementsMeetThereIsNoGap(_ first: String, _ second: String) throws {
    #expect(try flaws(element(energy, when: first) + "," + element(energy, when: second)) == [])
  }
}
