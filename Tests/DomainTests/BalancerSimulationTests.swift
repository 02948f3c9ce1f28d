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

/// Whole days and weeks of charging at simulated sites: what flows is known, and held against what may flow and against
/// the best that could have been done. `OSTLER_SEEDS` is how many seeds each question gets, `OSTLER_DAYS` how long each
/// goes on and `OSTLER_CARS` how many outlets each site has; a failure names the seed that repeats it.
struct BalancerSimulationTests {
  private static let seeds = 0..<UInt64(number("OSTLER_SEEDS") ?? 4)
  private static let days = number("OSTLER_DAYS") ?? 1
  private static let cars = number("OSTLER_CARS")

  private static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }

  @Test(arguments: seeds)
  func stationsThatLagNeverLetMoreFlowThanThereIsAndHardlyLess(_ seed: UInt64) {
    var site = ModelSite(
      seed: seed,
      .usual(seed, outlets: Self.cars ?? 4 + Int(seed % 9), days: Self.days, amperesEach: 8, habits: [.good, .slow]))
    site.run()
    #expect(site.longestExcess == 0, "seed \(seed): \(site.worstExcess) tenths for \(site.longestExcess) s")
    #expect(site.idleShare <= 0.05, "seed \(seed): \(site.idleShare)")
    #expect(site.deliveredWattHours > 0 && site.orders > 0)
  }

  /// Two bounds: what a hungry car could have had at each moment, and what somebody who knows all cars beforehand could
  /// deliver at the very most, with cars that need no least current. Nobody reaches that one; over a week nobody misses it
  /// by more than a twentieth, and over a single day, in which one unlucky hour counts for more, by more than a tenth.
  @Test(arguments: seeds)
  func thePowerIsUsedAsABestScheduleWouldUseIt(_ seed: UInt64) {
    var plan = ModelSite.Plan.usual(
      seed, outlets: Self.cars ?? 4 + Int(seed * 7_919 % 17), days: Self.days, amperesEach: 7 + Int(seed % 5),
      habits: [.good, .slow])
    plan.hasTail = false
    var site = ModelSite(seed: seed, plan)
    site.run()
    #expect(site.idleShare <= 0.05, "seed \(seed): \(site.idleShare) lay unused")
    let best = BestSchedule(of: plan).wattHours
    #expect(site.deliveredWattHours <= best * 1.000_1, "seed \(seed): the bound is none")
    #expect(
      site.deliveredWattHours >= best * (Self.days < 7 ? 0.9 : 0.95),
      "seed \(seed): \(site.deliveredWattHours / best) of the best")
  }

  /// Stations of all sorts begin sessions by their default: what is then too much ends as soon as the slowest of them can
  /// be told, answers and follows, and the meter of a deaf one has spoken. What a station takes that says no is its own
  /// matter until it says yes: until then the others must leave room for it.
  @Test(arguments: seeds)
  func nothingThatAStationDoesKeepsTooMuchFlowing(_ seed: UInt64) {
    var plan = ModelSite.Plan.usual(
      seed, outlets: Self.cars ?? 6 + Int(seed % 7), days: Self.days, amperesEach: 10, habits: ModelSite.Habit.allCases,
      fallback: 6)
    plan.trustsPhases = false
    var site = ModelSite(seed: seed, plan)
    site.run()
    #expect(site.longestExcess <= 90, "seed \(seed): \(site.worstExcess) tenths for \(site.longestExcess) s")
  }

  @Test(arguments: seeds)
  func whatTheBuildingTakesSuddenlyIsGivenBackWithinTheStationsReaction(_ seed: UInt64) {
    var plan = ModelSite.Plan.usual(
      seed, outlets: Self.cars ?? 6, days: Self.days, amperesEach: 10, habits: [.good, .slow])
    plan.load = { second in second / 600 * 7_919 % 100 + 20 }
    var site = ModelSite(seed: seed, plan)
    site.run()
    #expect(site.longestExcess <= 45, "seed \(seed): \(site.worstExcess) tenths for \(site.longestExcess) s")
    #expect(site.idleShare <= 0.05, "seed \(seed): \(site.idleShare)")
  }

  @Test(arguments: seeds)
  func whoCanLeaveInTimeDoes(_ seed: UInt64) {
    var site = ModelSite(
      seed: seed, .feasible(seed, outlets: Self.cars ?? 4 + Int(seed % 5), days: Self.days, amperesEach: 8))
    site.run()
    #expect(site.wantedInTime > 0)
    #expect(site.missed == 0, "seed \(seed): \(site.missed) of \(site.wantedInTime)")
    #expect(site.longestExcess == 0)
  }

  @Test(arguments: seeds)
  func manyCarsAtOnceAreKeptWithinTheFuseToo(_ seed: UInt64) {
    let outlets = Self.cars ?? [60, 200, 120, 33][Int(seed % 4)]
    var plan = ModelSite.Plan.usual(
      seed, outlets: outlets, days: Self.days, amperesEach: 8, habits: [.good, .slow, .flaky])
    // The first quarter of it, because the largest sites take long.
    plan.seconds /= 4
    var site = ModelSite(seed: seed, plan)
    site.run()
    #expect(site.longestExcess <= 45, "seed \(seed): \(site.worstExcess) tenths for \(site.longestExcess) s")
  }
}
