import Domain
import Testing
import Wire

@testable import OCPI

/// Tariffs and CDRs in files, as each version writes them.
@Suite struct PapersTests {
  private static let elements = #""elements":[{"price_components":[{"type":"ENERGY","price":0.25,"step_size":1}]}]"#

  private func paper(_ text: String) throws -> JSON { try JSON.parse(text) }

  @Test(arguments: [
    // 2.1.1, 2.2.1 and 2.3.0.
    (#"{"id":"1","currency":"EUR",\#(elements),"last_updated":"2015-06-29T20:39:09Z"}"#, nil as String?),
    (
      #"{"country_code":"NL","party_id":"TNM","id":"1","currency":"EUR","min_price":{"excl_vat":0.5,"incl_vat":0.55},\#(elements)}"#,
      "0.5"
    ),
    (#"{"id":"1","currency":"EUR","min_price":{"before_taxes":0.5},"tax_included":"NO",\#(elements)}"#, "0.5"),
    (#"{"id":"1","currency":"EUR","min_price":0.5,\#(elements)}"#, "0.5"),
  ])
  func aTariffOfEachVersionIsRead(_ text: String, _ least: String?) throws {
    let papers = try Papers.tariffs(in: try paper(text))
    let (tariff, oddities) = try #require(papers.first).read()
    #expect(tariff.elements.first?.components.first?.price == Decimal(25, places: 2))
    #expect(tariff.minimum?.beforeTax.decimal.description == least)
    #expect(oddities == [])
  }

  @Test func allThatKeepsATariffFromBeingReadIsTold() throws {
    let text = #"""
      {"elements":[{"price_components":[{"type":"ENERGY","step_size":1},{"price":1,"type":"FLAT","step_size":"x"}]},
        {"price_components":[{"type":"TIME","price":"dear","step_size":60}],"restrictions":{"min_kwh":"some"}},7]}
      """#
    let papers = try Papers.tariffs(in: try paper(text))
    let paths = try #require(papers.first).flawsOfForm().map(\.path)
    for path in [
      "currency", "elements[0].price_components[0].price", "elements[0].price_components[1].step_size",
      "elements[1].price_components[0].price", "elements[1].restrictions.min_kwh", "elements[2]",
    ] { #expect(paths.contains(path), "\(path) of \(paths)") }
    #expect(Set(paths).count == paths.count)
    let good = try Papers.tariffs(in: try paper(#"{"id":"1","currency":"EUR",\#(Self.elements)}"#))
    #expect(try #require(good.first).flawsOfForm() == [])
  }

  @Test func listsAnswersAndCDRsHoldTariffs() throws {
    let one = #"{"id":"1","currency":"EUR",\#(Self.elements)}"#
    for text in ["[\(one),\(one)]", #"{"data":[\#(one),\#(one)],"status_code":1000}"#] {
      #expect(try Papers.tariffs(in: try paper(text)).count == 2)
    }
    #expect(try Papers.tariffs(in: try paper(#"{"charging_periods":[],"tariffs":[\#(one)]}"#)).count == 1)
    #expect(throws: Flaw.self) { try Papers.tariffs(in: "a text") }
  }

  private func cdr(_ cost: String, _ end: String = #""end_date_time":"2026-06-01T11:00:00Z""#) throws -> PaperCDR {
    try Papers.cdr(
      in: try paper(
        #"""
        {"start_date_time":"2026-06-01T10:00:00Z",\#(end),"currency":"EUR","total_cost":\#(cost),
         "tariffs":[{"id":"1","currency":"EUR",\#(Self.elements)}],
         "charging_periods":[{"start_date_time":"2026-06-01T10:00:00Z","dimensions":[
           {"type":"ENERGY","volume":20},{"type":"TIME","volume":"1"},{"type":"MAX_POWER","volume":22}]}]}
        """#))
  }

  @Test(arguments: [
    ("5", 0), (#"{"excl_vat":5.0,"incl_vat":5.0}"#, 0), (#"{"before_taxes":5,"taxes":[]}"#, 0), ("5.004", 0),
    ("5.01", 1),
    (#"{"before_taxes":5,"taxes":[{"name":"VAT","amount":1}]}"#, 1),
  ])
  func aCDRIsPricedAgainAndItsDifferencesAreNamed(_ cost: String, _ differences: Int) throws {
    let record = try cdr(cost)
    let bill = record.bill(by: try #require(record.tariffs.first).read().tariff, zone: .utc)
    #expect(bill.totals.cost.beforeTax == Money(tenThousandths: 50_000))
    #expect(record.periods.first?.maxPower == 22_000)
    #expect(record.differences(to: bill.totals).count == differences)
  }

  /// Two hours of which the car asked for power in one, by an operator that writes every kind in every period.
  @Test func aVolumeOfZeroIsNoneAndAPeriodMayHaveTwoKindsOfTime() throws {
    let record = try Papers.cdr(
      in: try paper(
        #"""
        {"start_date_time":"2026-06-01T10:00:00Z","end_date_time":"2026-06-01T13:00:00Z","currency":"EUR","total_cost":8,
         "tariffs":[{"id":"1","currency":"EUR","elements":[{"price_components":[{"type":"ENERGY","price":0.25,"step_size":1},
           {"type":"TIME","price":1,"step_size":1},{"type":"PARKING_TIME","price":2,"step_size":1}]}]}],
         "charging_periods":[{"start_date_time":"2026-06-01T10:00:00Z","dimensions":[{"type":"ENERGY","volume":10},
           {"type":"TIME","volume":1},{"type":"PARKING_TIME","volume":0},{"type":"RESERVATION_TIME","volume":0}]},
           {"start_date_time":"2026-06-01T11:00:00Z","dimensions":[{"type":"ENERGY","volume":2},
           {"type":"TIME","volume":0.5},{"type":"PARKING_TIME","volume":1.5}]}]}
        """#))
    #expect(record.periods.map(\.activity) == [.charging, .charging, .idle])
    let totals = record.bill(by: try #require(record.tariffs.first).read().tariff, zone: .utc).totals
    #expect(totals.cost.beforeTax == Money(tenThousandths: 75_000), "3 for energy, 1.5 for time, 3 for parking")
    #expect(totals.parkingSeconds == 5_400)
  }

  @Test func anOldCDREndsByAnotherNameAndWithoutAZone() throws {
    #expect(try cdr("5", #""stop_date_time":"2026-06-01T11:00:00""#).endedAt == Timestamp("2026-06-01T11:00:00Z"))
    #expect(throws: Flaw.self) { try cdr("5", #""end_date_time":"soon""#) }
    #expect(throws: Flaw.self) { try cdr(#"{"amount":5}"#) }
    #expect(throws: Flaw.self) { try Papers.cdr(in: ["start_date_time": "2026-06-01T10:00:00Z"]) }
  }
}
