import Domain

/// What is asked of a balancer over simulated days and weeks, and the bounds that each answer must keep.
enum SiteQuestion: String, CaseIterable, Sendable {
  /// Stations that answer and follow late: never more than there is, and hardly less.
  case lag
  /// Held against two bounds: what a hungry car could have had at each moment, and what somebody who knows all cars
  /// beforehand could deliver at the very most, with cars that need no least current. Nobody reaches that one; over a week
  /// nobody misses it by more than a twentieth, and over a single day, in which one unlucky hour counts for more, by more
  /// than a tenth.
  case best
  /// The same with drivers who say what they need until when, whether or not there is as much for all of them.
  case told
  /// Stations of all sorts begin sessions by their default: what is then too much ends as soon as the slowest of them can
  /// be told, answers and follows, and the meter of a deaf one has spoken. What a station takes that says no is its own
  /// matter until it says yes: until then the others must leave room for it.
  case sorts
  /// A building that takes and gives back suddenly: cars follow within the stations' reaction.
  case building
  /// Stations that take limits in watts alone: a car on one line may have all of it there, and so no limit is counted on
  /// more lines than a meter shows it to use.
  case watts
  /// Cars that all say what they need until when, where a schedule exists that gives it to them.
  case departures

  struct Answer: Sendable {
    /// Seconds for which a fuse carried too much at the longest, and by how much at most, in tenths of an ampere.
    var excessSeconds = 0
    var excessTenths = 0
    /// The share of what hungry cars could have had that nobody gave them.
    var idleShare = 0.0
    /// What was delivered of the most that any schedule could.
    var shareOfBest: Double?
    /// Cars that said when they leave, and those that left without what they need.
    var departures = 0
    var missed = 0
    /// The bounds that were broken, in words.
    var broken: [String] = []
  }

  func answer(_ seed: UInt64, cars: Int, days: Int) -> Answer {
    let plan = plan(seed, cars, days)
    var site = ModelSite(seed: seed, plan)
    site.run()
    var answer = Answer(
      excessSeconds: site.longestExcess, excessTenths: site.worstExcess, idleShare: site.idleShare,
      departures: site.wantedInTime, missed: site.missed)
    func require(_ isKept: Bool, _ words: String) { if !isKept { answer.broken.append(words) } }
    let excess = "\(site.worstExcess) tenths of an ampere too much for \(site.longestExcess) s"
    switch self {
    case .lag:
      require(site.longestExcess == 0, excess)
      require(site.idleShare <= 0.05, "\(site.idleShare) lay unused")
      require(site.deliveredWattHours > 0 && site.orders > 0, "nobody was given anything")
    case .best, .told:
      let best = BestSchedule(of: plan).wattHours
      let share = site.deliveredWattHours / best
      answer.shareOfBest = share
      require(site.longestExcess == 0, excess)
      require(site.idleShare <= 0.05, "\(site.idleShare) lay unused")
      require(share <= 1.000_1, "\(share) of the best: the bound is none")
      require(share >= (days < 7 ? 0.9 : 0.95), "\(share) of the best")
    case .sorts:
      require(site.longestExcess <= 90, excess)
    case .building:
      require(site.longestExcess <= 45, excess)
      require(site.idleShare <= 0.05, "\(site.idleShare) lay unused")
    case .watts:
      require(site.longestExcess == 0, excess)
      require(site.idleShare <= 0.05, "\(site.idleShare) lay unused")
      require(site.deliveredWattHours > 0 && site.orders > 0, "nobody was given anything")
    case .departures:
      require(site.longestExcess == 0, excess)
      require(site.wantedInTime > 0, "nobody had to leave")
      require(site.missed == 0, "\(site.missed) of \(site.wantedInTime) left too early")
    }
    return answer
  }

  private func plan(_ seed: UInt64, _ cars: Int, _ days: Int) -> ModelSite.Plan {
    var plan: ModelSite.Plan
    switch self {
    case .lag:
      plan = .usual(seed, outlets: cars, days: days, amperesEach: 8, habits: [.good, .slow])
    case .best:
      plan = .usual(seed, outlets: cars, days: days, amperesEach: 7 + Int(seed % 5), habits: [.good, .slow])
      plan.hasTail = false
    case .told:
      plan = Self.best.plan(seed, cars, days)
      for outlet in plan.visits.indices {
        for number in plan.visits[outlet].indices { plan.visits[outlet][number].isTold = true }
      }
    case .sorts:
      plan = .usual(seed, outlets: cars, days: days, amperesEach: 10, habits: ModelSite.Habit.allCases, fallback: 6)
      plan.trustsPhases = false
    case .building:
      plan = .usual(seed, outlets: cars, days: days, amperesEach: 10, habits: [.good, .slow])
      plan.load = { second in second / 600 * 7_919 % 100 + 20 }
    case .watts:
      plan = .usual(seed, outlets: cars, days: days, amperesEach: 8, habits: [.watts, .good, .watts, .slow])
    case .departures:
      plan = .feasible(seed, outlets: cars, days: days, amperesEach: 8)
    }
    return plan
  }
}
