import Domain
import Wire

/// The same numbers from the same seed, on every machine.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// A site with cars and stations of all sorts, simulated second by second where something is under way: what flows in its
/// wires is known, and so whether a balancer that only hears what stations say ever let too much flow.
struct ModelSite {
  enum Habit: Sendable, CaseIterable {
    case good
    /// Answers late, and follows later still.
    case slow
    /// Says no to every third limit, and until it says yes nobody can take from it what it has.
    case refuses
    /// Says yes and does nothing.
    case deaf
    /// Loses its line now and then, for minutes.
    case flaky
    /// Reports on its first line what flows on its third.
    case wrongLines
    /// Takes limits in watts alone, so that a car on one line may have all of one there.
    case watts
    /// Takes limits in watts alone, and its meter tells nothing else.
    case blindWatts

    var takesWatts: Bool { self == .watts || self == .blindWatts }
  }

  struct Visit {
    var arrives: Int
    var departs: Int
    /// Watt hours that the car takes in all.
    var wattHours: Double
    /// Tenths of an ampere.
    var most: Int
    var phases: Int
    /// Whether its driver said what is needed until when.
    var isTold: Bool
  }

  struct Plan {
    var seconds: Int
    var outlets: Int
    /// Usable amperes of the supply, and of each circuit below it.
    var supply: Int
    var branches: [Int] = []
    var habits: [Habit] = [.good]
    var fallback = Current(amperes: 6)
    var trustsPhases = false
    var visits: [[Visit]]
    /// A load beside the cars in tenths per line at each moment, told every ten seconds.
    var load: (@Sendable (Int) -> Int)?
    /// Cars take less and less over the last tenth of their energy.
    var hasTail = true
  }

  private struct Outlet {
    var habit: Habit
    /// Tenths of an ampere that the station allows now; over all lines, where it takes watts.
    var allowed: Int
    /// What it does next, and when: answer, then follow.
    var answer: (at: Int, limit: Int)?
    var follow: [(at: Int, limit: Int)] = []
    var visits: [Visit]
    var next = 0
    var car: Visit?
    var delivered = 0.0
    /// Tenths that flow per line that the car uses.
    var draw = 0
    var isOnline = true
    var isKnownOffline = false
    var offlineUntil = 0
    var knowsCar = false
    /// When it tells of a car that came while its line was lost: it has other messages to send before.
    var tellsAt: Int?
    /// Said no to the last limit, and goes on with what it had.
    var isRefusing = false
    var readAt = 0
    var lines: [Int] = [0, 1, 2]
  }

  private var random: SeededNumbers
  private let plan: Plan
  private var outlets: [Outlet] = []
  private(set) var balancer: Balancer
  private var circuitOf: [Int] = []
  private var usable: [Int] = []

  /// What came of it.
  private(set) var deliveredWattHours = 0.0
  private(set) var wantedInTime = 0
  private(set) var missed = 0
  /// The longest time in a row for which a fuse carried too much, and how much at most, in tenths.
  private(set) var longestExcess = 0
  private(set) var worstExcess = 0
  private(set) var orders = 0
  /// What cars wanted and could have had while a line stood unused: ampere seconds over those that flowed.
  private(set) var idleShare = 0.0
  private var excessSince: [Int?] = []
  private var unused = 0.0
  private var used = 0.0

  private static let watts = Balancer.Watts(rated: Current(amperes: 32), phases: 3)
  static let epoch = Timestamp(seconds: 1_800_000_000)
  private static let rotations: [PhaseRotation] = [.rst, .str, .trs]

  /// The site's lines behind those of an outlet, in their order there.
  static func lines(of outlet: Int) -> [Int] { rotations[outlet % 3].lines }

  init(seed: UInt64, _ plan: Plan) {
    random = SeededNumbers(seed)
    self.plan = plan
    balancer = Balancer()
    var circuits = [circuit(1, nil, plan.supply, "the supply")]
    for (number, amperes) in plan.branches.enumerated() {
      circuits.append(circuit(Int64(number + 2), 1, amperes, "circuit \(number + 1)"))
    }
    usable = circuits.map { $0.usable.tenthsOfAmpere }
    var wired: [Domain.Outlet] = []
    for number in 0..<plan.outlets {
      let branch = plan.branches.isEmpty ? 0 : 1 + number % plan.branches.count
      circuitOf.append(branch)
      let habit = plan.habits[number % plan.habits.count]
      var outlet = Outlet(habit: habit, allowed: plan.fallback.tenthsOfAmpere, visits: plan.visits[number])
      outlet.lines = Self.lines(of: number)
      if habit == .deaf { outlet.allowed = 320 }
      outlets.append(outlet)
      wired.append(
        Domain.Outlet(
          evse: ID(Int64(number)), station: ID(Int64(number)), circuit: ID(Int64(branch + 1)),
          rotation: Self.rotations[number % 3], most: Current(amperes: 32), fallback: plan.fallback))
    }
    balancer.arrange(circuits, wired)
    for number in 0..<plan.outlets {
      balancer.hasFallback(ID(Int64(number)), true)
      if outlets[number].habit.takesWatts { balancer.takesWatts(ID(Int64(number)), Self.watts) }
    }
    excessSince = Array(repeating: nil, count: circuits.count * 3)

    func circuit(_ id: Int64, _ parent: Int64?, _ amperes: Int, _ name: String) -> Circuit {
      Circuit(
        id: ID(id), location: ID(1), parent: parent.map { ID($0) }, name: name, rated: Current(amperes: amperes),
        trustsPhases: plan.trustsPhases, createdAt: Self.epoch, updatedAt: Self.epoch)
    }
  }

  private func time(_ second: Int) -> Timestamp { Self.epoch + .seconds(second) }

  mutating func run() {
    var second = 0
    while second < plan.seconds {
      live(second)
      if balancer.isDue(at: time(second)) {
        for order in balancer.decide(at: time(second)) { send(order, second) }
      }
      for evse in balancer.unverified(at: time(second)) where outlets[Int(evse.value)].isOnline {
        outlets[Int(evse.value)].readAt = min(outlets[Int(evse.value)].readAt, second + 2)
      }
      let next = nextMoment(after: second)
      flow(from: second, to: next)
      second = next
    }
    for outlet in outlets where outlet.car != nil { deliveredWattHours += outlet.delivered }
    idleShare = unused / max(1, unused + used)
  }

  /// Each tenth second, and between them whenever something happens.
  private func nextMoment(after second: Int) -> Int {
    let regular = second / 10 * 10 + 10
    return outlets.reduce(regular) { soonest, outlet in
      var own = outlet.next < outlet.visits.count ? outlet.visits[outlet.next].arrives : .max
      if let car = outlet.car { own = min(car.departs, outlet.isOnline && outlet.knowsCar ? outlet.readAt : .max) }
      own = min(own, outlet.answer?.at ?? .max, outlet.follow.first?.at ?? .max)
      return own > second ? min(soonest, own) : own == second ? second + 1 : soonest
    }
  }

  // MARK: The stations

  private mutating func send(_ order: Balancer.Order, _ second: Int) {
    orders += 1
    let number = Int(order.evse.value)
    let lag =
      outlets[number].habit == .slow ? Int.random(in: 3...25, using: &random) : Int.random(in: 0...2, using: &random)
    let lines = outlets[number].habit.takesWatts ? balancer.wattLines(order.evse, of: order.limit) ?? 1 : 1
    outlets[number].answer = (second + lag, order.limit.tenthsOfAmpere * lines)
  }

  private mutating func live(_ second: Int) {
    if let load = plan.load, second % 10 == 0 {
      let current = Current(tenthsOfAmpere: load(second))
      balancer.told(
        CircuitSignal(
          circuit: ID(1), kind: .building, currents: LineCurrents(current, on: .all), at: time(second),
          until: time(second + 60), source: "model"))
    }
    for number in outlets.indices {
      connect(number, second)
      answer(number, second)
      visit(number, second)
      report(number, second)
    }
  }

  private mutating func connect(_ number: Int, _ second: Int) {
    guard outlets[number].habit == .flaky else { return }
    if let at = outlets[number].tellsAt, at <= second, outlets[number].isOnline {
      outlets[number].tellsAt = nil
      if outlets[number].car != nil, !outlets[number].knowsCar { begin(number, second) }
    }
    let evse = ID<EVSE>(Int64(number))
    if outlets[number].isOnline {
      guard second % 60 == 0, random.chance(1) else { return }
      outlets[number].isOnline = false
      outlets[number].offlineUntil = second + Int.random(in: 30...1_200, using: &random)
      if outlets[number].answer != nil {
        // The limit got through or not; its answer did not.
        if random.chance(50), let asked = outlets[number].answer {
          outlets[number].follow.append((second, asked.limit))
        }
        outlets[number].answer = nil
      }
      balancer.lost(evse, at: time(second))
      outlets[number].isKnownOffline = true
    } else if second >= outlets[number].offlineUntil {
      outlets[number].isOnline = true
      balancer.returned(evse, at: time(second))
      // What it tells late.
      if outlets[number].car != nil, !outlets[number].knowsCar {
        outlets[number].tellsAt = second + Int.random(in: 0...120, using: &random)
      } else if outlets[number].car == nil, outlets[number].knowsCar {
        balancer.ended(evse)
        outlets[number].knowsCar = false
      }
    }
  }

  private mutating func answer(_ number: Int, _ second: Int) {
    let evse = ID<EVSE>(Int64(number))
    if let asked = outlets[number].answer, asked.at <= second {
      outlets[number].answer = nil
      let isRefusing = outlets[number].habit == .refuses && random.chance(33)
      if isRefusing, asked.limit < outlets[number].allowed { outlets[number].isRefusing = true }
      if isRefusing {
        balancer.refused(evse, at: time(second))
      } else {
        balancer.confirmed(evse, at: time(second))
        if outlets[number].habit != .deaf {
          let delay =
            outlets[number].habit == .slow
            ? Int.random(in: 2...9, using: &random) : Int.random(in: 0...3, using: &random)
          outlets[number].follow.append((second + delay, asked.limit))
        }
      }
    }
    while let first = outlets[number].follow.first, first.at <= second {
      outlets[number].follow.removeFirst()
      outlets[number].isRefusing = false
      if outlets[number].car != nil { outlets[number].allowed = first.limit }
    }
  }

  private mutating func visit(_ number: Int, _ second: Int) {
    let evse = ID<EVSE>(Int64(number))
    if let car = outlets[number].car, car.departs <= second {
      if car.isTold {
        wantedInTime += 1
        // A hundredth less is the grain of a meter.
        if outlets[number].delivered < car.wattHours * 0.99 { missed += 1 }
      }
      deliveredWattHours += outlets[number].delivered
      (outlets[number].car, outlets[number].draw, outlets[number].answer, outlets[number].follow) = (nil, 0, nil, [])
      outlets[number].isRefusing = false
      outlets[number].allowed = outlets[number].habit == .deaf ? 320 : plan.fallback.tenthsOfAmpere
      if outlets[number].isOnline {
        balancer.ended(evse)
        outlets[number].knowsCar = false
      }
    }
    if outlets[number].car == nil, outlets[number].next < outlets[number].visits.count,
      outlets[number].visits[outlets[number].next].arrives <= second
    {
      outlets[number].car = outlets[number].visits[outlets[number].next]
      outlets[number].next += 1
      outlets[number].delivered = 0
      if outlets[number].isOnline { begin(number, second) }
    }
  }

  private mutating func begin(_ number: Int, _ second: Int) {
    outlets[number].knowsCar = true
    outlets[number].readAt = second / 10 * 10 + Int.random(in: 1...6, using: &random) * 10
    balancer.began(ID(Int64(number)), need(number), at: time(second))
  }

  private func need(_ number: Int) -> ChargingNeed {
    guard let car = outlets[number].car else { return ChargingNeed() }
    var need = ChargingNeed()
    if car.isTold {
      let left = max(0, car.wattHours - outlets[number].delivered)
      need.energy = Energy(tenthsOfWattHour: Int64(left * 10))
      need.departsAt = time(car.departs)
    }
    return need
  }

  private mutating func report(_ number: Int, _ second: Int) {
    guard outlets[number].isOnline, outlets[number].knowsCar, let car = outlets[number].car,
      outlets[number].readAt <= second
    else { return }
    outlets[number].readAt = second / 10 * 10 + 60
    let evse = ID<EVSE>(Int64(number))
    var own = LineCurrents.zero
    for line in 0..<car.phases { own[line] = Current(tenthsOfAmpere: outlets[number].draw) }
    let sum = outlets[number].draw * car.phases
    switch outlets[number].habit {
    case .blindWatts:
      // More than one line carries is on two at least.
      if sum > 352 { balancer.uses(evse, lines: (sum + 351) / 352, at: time(second)) }
      let lines = balancer.toldLines(at: evse) ?? 3
      balancer.read(
        evse, between: Current(tenthsOfAmpere: sum / lines), and: Current(tenthsOfAmpere: sum), at: time(second))
    case .watts:
      if outlets[number].draw >= 20 { balancer.uses(evse, lines: car.phases, at: time(second)) }
      balancer.read(evse, own, at: time(second))
    case .good, .slow, .refuses, .deaf, .flaky, .wrongLines: balancer.read(evse, own, at: time(second))
    }
    if car.isTold { balancer.needs(evse, need(number)) }
    balancer.isIdle(evse, outlets[number].delivered >= car.wattHours)
  }

  // MARK: The wires

  private func lines(_ number: Int, _ car: Visit) -> ArraySlice<Int> {
    let outlet = outlets[number]
    return outlet.habit == .wrongLines && car.phases == 1 ? [outlet.lines[2]] : outlet.lines.prefix(car.phases)
  }

  private mutating func flow(from second: Int, to next: Int) {
    let span = next - second
    var lineSums = Array(repeating: 0, count: usable.count * 3)
    // What deaf and refusing stations draw nobody can take away: beside it the others must draw nothing.
    var deaf = lineSums
    var hunger = Array(repeating: 0, count: outlets.count)
    for number in outlets.indices {
      guard let car = outlets[number].car else { continue }
      let wish = appetite(car, delivered: outlets[number].delivered)
      let allowed =
        outlets[number].habit.takesWatts ? min(320, outlets[number].allowed / car.phases) : outlets[number].allowed
      let draw = min(wish, allowed < 60 ? 0 : allowed)
      outlets[number].draw = draw
      hunger[number] = wish - draw
      let before = outlets[number].delivered
      let given = Double(draw * 23 * car.phases) * Double(span) / 3_600
      outlets[number].delivered = min(car.wattHours, before + given)
      for line in lines(number, car) {
        lineSums[line] += draw
        if outlets[number].habit == .deaf || outlets[number].isRefusing {
          deaf[line] += draw
          if circuitOf[number] > 0 { deaf[circuitOf[number] * 3 + line] += draw }
        }
        if circuitOf[number] > 0 { lineSums[circuitOf[number] * 3 + line] += draw }
        used += Double(draw * span)
      }
    }
    let load = plan.load.map { $0(second) } ?? 0
    for line in 0..<3 { lineSums[line] += load }
    for place in lineSums.indices {
      let excess = lineSums[place] - max(usable[place / 3], deaf[place])
      if excess > 0 {
        worstExcess = max(worstExcess, excess)
        let since = excessSince[place] ?? second
        excessSince[place] = since
        longestExcess = max(longestExcess, next - since)
      } else {
        excessSince[place] = nil
      }
    }
    // A hungry car with room on all its wires is power that somebody left lying.
    for number in outlets.indices where hunger[number] > 0 {
      guard let car = outlets[number].car else { continue }
      var room = hunger[number]
      for line in lines(number, car) {
        room = min(room, usable[0] - lineSums[line])
        let branch = circuitOf[number]
        if branch > 0 { room = min(room, usable[branch] - lineSums[branch * 3 + line]) }
      }
      // Less than a car's least helps nobody who has nothing.
      guard room > 0, outlets[number].draw > 0 || room >= 60 else { continue }
      for line in lines(number, car) {
        lineSums[line] += room
        if circuitOf[number] > 0 { lineSums[circuitOf[number] * 3 + line] += room }
      }
      unused += Double(room * car.phases * span)
    }
  }

  /// Tenths that the car takes: less and less over the last tenth of its energy, but never less than 6 A until it is full.
  private func appetite(_ car: Visit, delivered: Double) -> Int {
    let left = car.wattHours - delivered
    guard left > 0.01 else { return 0 }
    let tail = car.wattHours * 0.1
    guard plan.hasTail, left < tail, tail > 0 else { return car.most }
    return max(60, Int(Double(car.most) * left / tail))
  }
}

// MARK: - Plans

extension ModelSite.Plan {
  /// Each outlet has one car after the other, by day and night.
  /// - Parameter amperesEach: what the supply has for each outlet; the circuits below it share a third more than it has.
  static func usual(
    _ seed: UInt64, outlets: Int, days: Int, amperesEach: Int, habits: [ModelSite.Habit], fallback: Int = 0,
    phases: [Int] = [3, 3, 1]
  ) -> ModelSite.Plan {
    var random = SeededNumbers(seed &+ 77)
    let supply = max(32, outlets * amperesEach)
    return ModelSite.Plan(
      seconds: days * 86_400, outlets: outlets, supply: supply, branches: branches(outlets, supply), habits: habits,
      fallback: Current(amperes: fallback), trustsPhases: true,
      visits: (0..<outlets).map { _ in
        visits(&random, days: days, phases: phases).map { visit in
          var visit = visit
          visit.wattHours = Double.random(in: 5_000...40_000, using: &random)
          return visit
        }
      })
  }

  /// Cars that all say what they need until when, and a schedule exists that gives it to them: their needs are what such
  /// a schedule, drawn at random, would have delivered by nine tenths of the supply.
  static func feasible(_ seed: UInt64, outlets: Int, days: Int, amperesEach: Int) -> ModelSite.Plan {
    var plan = usual(seed, outlets: outlets, days: days, amperesEach: amperesEach, habits: [.good], phases: [3])
    var random = SeededNumbers(seed &+ 99)
    for outlet in plan.visits.indices {
      for number in plan.visits[outlet].indices {
        (plan.visits[outlet][number].isTold, plan.visits[outlet][number].wattHours) = (true, 0)
      }
    }
    let slot = 900
    for start in stride(from: 0, to: plan.seconds, by: slot) {
      var left = plan.supply * 9
      var branchLeft = plan.branches.map { $0 * 9 }
      for outlet in (0..<outlets).shuffled(using: &random) {
        guard
          let number = plan.visits[outlet].firstIndex(where: { $0.arrives <= start && $0.departs >= start + slot }),
          random.chance(60)
        else { continue }
        var give = min(left, plan.visits[outlet][number].most)
        if !branchLeft.isEmpty { give = min(give, branchLeft[outlet % branchLeft.count]) }
        guard give >= 60 else { continue }
        left -= give
        if !branchLeft.isEmpty { branchLeft[outlet % branchLeft.count] -= give }
        plan.visits[outlet][number].wattHours += Double(give * 69 * slot) / 3_600
      }
    }
    plan.hasTail = false
    return plan
  }

  private static func branches(_ outlets: Int, _ supply: Int) -> [Int] {
    outlets >= 8 ? Array(repeating: max(32, supply / 3), count: 4) : []
  }

  private static func visits(_ random: inout SeededNumbers, days: Int, phases: [Int]) -> [ModelSite.Visit] {
    var visits: [ModelSite.Visit] = []
    var second = Int.random(in: 0...14_400, using: &random)
    while second < days * 86_400 {
      let stay = Int.random(in: 3_600...36_000, using: &random)
      visits.append(
        ModelSite.Visit(
          arrives: second, departs: second + stay, wattHours: 0,
          most: [100, 160, 160, 320].randomElement(using: &random) ?? 160,
          phases: phases.randomElement(using: &random) ?? 3, isTold: false))
      second += stay + Int.random(in: 300...14_400, using: &random)
    }
    return visits
  }
}
