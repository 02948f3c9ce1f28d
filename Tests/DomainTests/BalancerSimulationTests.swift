import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Whole days of charging at simulated sites: what flows is known, and held against what may flow and against the best
/// that could have been done. `OSTLER_SEEDS` is how many seeds each question gets, `OSTLER_DAYS` how long each goes on and
/// `OSTLER_CARS` how many outlets each site has; a failure names the seed that repeats it. `make sites` asks the same of
/// thousands of them.
struct BalancerSimulationTests {
  private static let seeds = 0..<UInt64(number("OSTLER_SEEDS") ?? 4)
  private static let days = number("OSTLER_DAYS") ?? 1

  private static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }

  @Test(arguments: SiteQuestion.allCases, seeds)
  func carsGetWhatThereIsAndNoFuseCarriesMore(_ question: SiteQuestion, _ seed: UInt64) {
    let cars = Self.number("OSTLER_CARS") ?? 4 + Int(seed * 7_919 % 9)
    let answer = question.answer(seed, cars: cars, days: Self.days)
    #expect(answer.broken.isEmpty, "\(question) of seed \(seed) with \(cars) cars: \(answer.broken)")
  }

  @Test(arguments: seeds)
  func manyCarsAtOnceAreKeptWithinTheFuseToo(_ seed: UInt64) {
    let outlets = Self.number("OSTLER_CARS") ?? [60, 200, 120, 33][Int(seed % 4)]
    var plan = ModelSite.Plan.usual(
      seed, outlets: outlets, days: Self.days, amperesEach: 8, habits: [.good, .slow, .flaky])
    // The first quarter of it, because the largest sites take long.
    plan.seconds /= 4
    var site = ModelSite(seed: seed, plan)
    site.run()
    #expect(site.longestExcess <= 45, "seed \(seed): \(site.worstExcess) tenths for \(site.longestExcess) s")
  }
}
