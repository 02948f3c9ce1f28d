import Domain
import Testing
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Whole days and weeks of charging at simulated sites: what flows is known, and held against what may flow.
/// `OSTLER_SEEDS` is how many seeds each question gets; a failure names the seed that repeats it.
struct BalancerSimulationTests {
  private static let seeds = 0..<UInt64(getenv("OSTLER_SEEDS").flatMap { Int(String(cString: $0)) } ?? 4)

  @Test(arguments: seeds)
  func stationsThatLagNeverLetMoreFlowThanThereIsAndHardlyLess(_ seed: UInt64) {
    var site = ModelSite(
      seed: seed, .usual(seed, outlets: 4 + Int(seed % 9), days: 1, amperesEach: 8, habits: [.good, .slow]))
    site.run()
    #expect(site.longestExcess == 0, "seed \(seed): \(site.worstExcess) tenths for \(site.longestExcess) s")
    #expect(site.idleShare <= 0.05, "seed \(seed): \(site.idleShare)")
    #expect(site.deliveredWattHours > 0 && site.orders > 0)
  }

  /// Stations of all sorts begin sessions by their default: what is then too much ends as soon as the slowest of them can
  /// be told, answers and follows, and the meter of a deaf one has spoken.
  @Test(arguments: seeds)
  func nothingThatAStationDoesKeepsTooMuchFlowing(_ seed: UInt64) {
    var plan = ModelSite.Plan.usual(
      seed, outlets: 6 + Int(seed % 7), days: 1, amperesEach: 10, habits: ModelSite.Habit.allCases, fallback: 6)
    plan.trustsPhases = false
    var site = ModelSite(seed: seed, plan)
    site.run()
    #expect(site.longestExcess <= 90, "seed \(seed): \(site.worstExcess) tenths for \(site.longestExcess) s")
  }

  @Test(arguments: seeds)
  func whatTheBuildingTakesSuddenlyIsGivenBackWithinTheStationsReaction(_ seed: UInt64) {
    var plan = ModelSite.Plan.usual(seed, outlets: 6, days: 1, amperesEach: 10, habits: [.good, .slow])
    plan.load = { second in second / 600 * 7_919 % 100 + 20 }
    var site = ModelSite(seed: seed, plan)
    site.run()
    #expect(site.longestExcess <= 45, "seed \(seed): \(site.worstExcess) tenths for \(site.longestExcess) s")
    #expect(site.idleShare <= 0.05, "seed \(seed): \(site.idleShare)")
  }

  @Test(arguments: seeds)
  func whoCanLeaveInTimeDoes(_ seed: UInt64) {
    var site = ModelSite(seed: seed, .feasible(seed, outlets: 4 + Int(seed % 5), days: 1, amperesEach: 8))
    site.run()
    #expect(site.wantedInTime > 0)
    #expect(site.missed == 0, "seed \(seed): \(site.missed) of \(site.wantedInTime)")
    #expect(site.longestExcess == 0)
  }
}
