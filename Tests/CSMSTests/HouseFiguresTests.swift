import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What the household tells of itself.
@MainActor
struct HouseFiguresTests {
  let house: HouseUnderTest

  init() throws { house = try HouseUnderTest().furnish() }

  @Test func turnsAreCountedWithTheirErrandsAndTheBooksWithTheirSize() async throws {
    var before = HouseFigures()
    swap(&before, &house.csms.figures)
    let heard = (Heard<Int>(), Heard<Int>())
    house.csms.take([heard.0.errand { () throws(TurnFault) in 1 }, heard.1.errand { () throws(TurnFault) in 2 }])
    var exposition = Exposition()
    try await house.csms.write(into: &exposition)
    let text = String(decoding: exposition.bytes, as: UTF8.self)
    for line in [
      "ostler_turn_errands_bucket{le=\"1\"} 0", "ostler_turn_errands_bucket{le=\"2\"} 1", "ostler_turn_errands_sum 2",
      "ostler_turn_seconds_count 1", "ostler_commit_seconds_count 1", "ostler_turns_lost_total 0",
      "ostler_errands_waiting 0", "ostler_sessions_open{state=\"active\"} 0",
    ] {
      #expect(text.contains(line + "\n"), "\(line)")
    }
    #expect(text.contains("ostler_database_bytes{file=\"database\"} "))
    #expect(!text.contains("ostler_database_bytes{file=\"database\"} 0\n"))
  }
}
