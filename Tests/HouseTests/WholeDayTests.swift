import Crypto
import Domain
import Glibc
import Testing
import Wire

func TokenDigestOf(_ token: String) -> String { TokenDigest.of(token) }

/// Whole days with a network that fails as the seed says. `OSTLER_SEEDS=200` plays so many.
@MainActor
struct WholeDayTests {
  nonisolated static let seeds: [Int] = {
    let count = getenv("OSTLER_SEEDS").flatMap { Int(String(cString: $0)) } ?? 2
    return Array(1...max(1, count))
  }()

  @Test(arguments: seeds) func whatSomebodyHeardAnAnswerToIsInTheBooksOnce(seed: Int) async throws {
    let day = try WholeDay(seed: seed, from: Timestamp("2026-05-04T05:00:00Z")!)
    try await day.run(hours: 24)
    try day.check()
  }

  @Test(arguments: ["2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z"]) func aNightInWhichTheClockIsSetIsADayLikeAnother(
    start: String
  ) async throws {
    let day = try WholeDay(seed: 7, from: Timestamp(start)!, stations: 2)
    try await day.run(hours: 9)
    try day.check()
  }
}
