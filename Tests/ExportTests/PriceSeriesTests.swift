import Export
import Testing
import Wire

@Suite struct PriceSeriesTests {
  private func series(_ text: String, per unit: PriceSeries.Unit) throws(PriceSeries.Flaw) -> [String] {
    try PriceSeries(text, per: unit, mostPoints: 3).points.map { "\($0.line) \($0.at.text) \($0.price)" }
  }

  @Test(arguments: [
    "start;price\r\n2026-06-01T00:00:00Z;84.51\r\n2026-06-01T01:00:00Z;-3.2\r\n",
    "price_per_mwh,area,start\n84.51,NL,2026-06-01T00:00:00Z\n\"-3,2\",NL,2026-06-01T01:00:00Z",
    "begins_at\tprice\n2026-06-01T00:00:00Z\t84,51\n2026-06-01T01:00:00Z\t-3,2",
  ])
  func aSeriesIsReadAsMarketsWriteIt(_ text: String) throws {
    #expect(try series(text, per: .MWh) == ["2 2026-06-01T00:00:00Z 84.51", "3 2026-06-01T01:00:00Z -3.2"])
  }

  @Test func namesMayBeLeftOut() throws {
    #expect(
      try series("2026-06-01T00:00:00Z,0.21\n2026-06-01T00:15:00Z,\"0,22\"", per: .kWh)
        == ["1 2026-06-01T00:00:00Z 0.21", "2 2026-06-01T00:15:00Z 0.22"])
    #expect(try series("", per: .kWh).isEmpty && series("\n\n", per: .MWh).isEmpty)
  }

  /// Read as the other unit they would be wrong by a thousand, or by all that stands behind the comma.
  @Test(arguments: [
    ("start,price\n2026-06-01T00:00:00Z,84.51", PriceSeries.Unit.kWh, 1),
    ("start,price_per_mwh\n2026-06-01T00:00:00Z,84.51", .kWh, 1),
    ("begins_at,price_per_kwh\n2026-06-01T00:00:00Z,0.08", .MWh, 1),
    ("begins_at,price_per_kwh\n2026-06-01T00:00:00Z,0,35", .kWh, 2), ("2026-06-01T00:00:00Z,0,35", .kWh, 1),
    ("2026-06-01T00:00:00Z,1\n2026-06-01T01:00:00Z,0,35", .MWh, 2),
    ("a,b\nc,d", .MWh, 2), ("2026-06-01T00:00:00Z", .MWh, 1), ("x,1\n,2", .MWh, 2),
    ("start,price\n2026-06-01T00:00:00Z,\"1,234,5\"", .MWh, 2), ("start,price\n\"2026", .MWh, 2),
  ])
  func whatMayMeanSomethingElseIsRefused(_ text: String, unit: PriceSeries.Unit, line: Int) {
    do throws(PriceSeries.Flaw) {
      _ = try series(text, per: unit)
      Issue.record("\(text) was read")
    } catch { #expect(error.line == line, "\(text): \(error.why)") }
  }

  @Test func aSeriesHasAnEnd() throws {
    let lines = (0...3).map { "2026-06-01T0\($0):00:00Z,1" }
    #expect(try series("start,price\n" + lines[0...2].joined(separator: "\n"), per: .MWh).count == 3)
    do throws(PriceSeries.Flaw) {
      _ = try series("start,price\n" + lines.joined(separator: "\n"), per: .MWh)
      Issue.record("four of three were read")
    } catch { #expect(error.line == nil && error.why == "more than 3 prices") }
  }
}
