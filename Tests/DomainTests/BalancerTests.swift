import Domain
import Testing
import Wire

struct BalancerTests {
  private let now = Timestamp(seconds: 1_800_000_000)

  private func current(_ amperes: Int) -> Current { Current(amperes: amperes) }

  /// One circuit, and EVSEs 1 to `count` of stations of their own; each has its default profile.
  private func site(
    _ amperes: Int, _ count: Int, fallback: Int = 0, trustsPhases: Bool = false, below: [Circuit] = []
  ) -> Balancer {
    var balancer = Balancer()
    let supply = Circuit(
      id: ID(1), location: ID(1), name: "the supply", rated: current(amperes), trustsPhases: trustsPhases,
      createdAt: now, updatedAt: now)
    let outlets = (1...Int64(count)).map { number in
      Outlet(
        evse: ID(number), station: ID(number), circuit: below.isEmpty ? ID(1) : below[Int(number) % below.count].id,
        most: current(32), fallback: current(fallback))
    }
    balancer.arrange([supply] + below, outlets)
    for outlet in outlets { balancer.hasFallback(outlet.evse, true) }
    return balancer
  }

  private func limits(_ orders: [Balancer.Order]) -> [Int64: Decimal] {
    Dictionary(uniqueKeysWithValues: orders.map { ($0.evse.value, $0.limit.amperes) })
  }

  /// All stations say yes and follow, and their meters show it.
  private func obey(_ balancer: inout Balancer, _ orders: [Balancer.Order], at time: Timestamp) {
    for order in orders {
      balancer.confirmed(order.evse, at: time)
      balancer.read(order.evse, LineCurrents(order.limit, on: .all), at: time)
    }
  }

  @Test func oneCarGetsAllThatItsOutletGives() {
    var site = site(63, 2)
    site.began(ID(1), ChargingNeed(), at: now)
    #expect(limits(site.decide(at: now)) == [1: 32])
    #expect(site.decide(at: now + .seconds(1)).isEmpty, "what is under way is not sent again")
  }

  @Test func whatAnotherMayStillDrawIsGivenToNobody() {
    var site = site(32, 2)
    site.began(ID(1), ChargingNeed(), at: now)
    obey(&site, site.decide(at: now), at: now)
    site.began(ID(2), ChargingNeed(), at: now + .seconds(10))
    let orders = site.decide(at: now + .seconds(10))
    #expect(limits(orders) == [1: 16])
    // The station said yes, and its car is slow.
    site.confirmed(ID(1), at: now + .seconds(11))
    #expect(site.decide(at: now + .seconds(12)).isEmpty)
    #expect(site.places(at: now)[1].reason == .afterOthers)
    site.read(ID(1), LineCurrents(current(16), on: .all), at: now + .seconds(14))
    #expect(limits(site.decide(at: now + .seconds(14))) == [2: 16])
  }

  /// A station that takes nine seconds to follow does one limit after the other: first it gives more, then less.
  @Test func aCarThatDrawsLittleBecauseItsRaiseIsYetToComeProvesNothing() {
    var site = site(32, 2, fallback: 6)
    site.began(ID(1), ChargingNeed(), at: now)
    _ = site.decide(at: now)
    site.confirmed(ID(1), at: now)
    site.began(ID(2), ChargingNeed(), at: now)
    #expect(limits(site.decide(at: now + .seconds(1))) == [1: 16])
    site.confirmed(ID(1), at: now + .seconds(2))
    // Another one that says now that it must leave soon takes most of it.
    site.needs(ID(2), ChargingNeed(energy: Energy(tenthsOfWattHour: 170_000), departsAt: now + .seconds(3_600)))
    #expect(limits(site.decide(at: now + .seconds(3))) == [1: 6])
    site.confirmed(ID(1), at: now + .seconds(4))
    // It still draws by its default.
    site.read(ID(1), LineCurrents(current(6), on: .all), at: now + .seconds(5))
    #expect(site.places(at: now)[0].hold.l1 == current(32))
    #expect(limits(site.decide(at: now + .seconds(5))).isEmpty)
    site.read(ID(1), LineCurrents(current(6), on: .all), at: now + .seconds(14))
    #expect(site.places(at: now)[0].hold.l1 == current(6))
  }

  @Test func withoutAMeterAConfirmedDecreaseCountsAfterTheReactionTime() {
    var site = site(32, 2)
    site.began(ID(1), ChargingNeed(), at: now)
    for order in site.decide(at: now) { site.confirmed(order.evse, at: now) }
    site.began(ID(2), ChargingNeed(), at: now)
    _ = site.decide(at: now)
    site.confirmed(ID(1), at: now)
    #expect(site.decide(at: now + .seconds(9)).isEmpty)
    #expect(limits(site.decide(at: now + .seconds(10))) == [2: 16])
  }

  /// The car at the first outlet goes on drawing 32 A after another one came and its station said yes to less.
  private func disobey(_ site: inout Balancer) {
    site.began(ID(1), ChargingNeed(), at: now)
    obey(&site, site.decide(at: now), at: now)
    site.began(ID(2), ChargingNeed(), at: now)
    _ = site.decide(at: now)
    site.confirmed(ID(1), at: now)
    site.read(ID(1), LineCurrents(current(32), on: .all), at: now + .seconds(20))
  }

  @Test func aStationThatDoesNotKeepItsLimitIsReservedForUntilItFollows() {
    var site = site(32, 2)
    disobey(&site)
    _ = site.decide(at: now + .seconds(20))
    #expect(site.places(at: now)[0].reason == .uncontrolled)
    #expect(site.places(at: now)[0].hold.l1 == current(32))
    #expect(site.places(at: now)[0].words == "32 A reserved because its station draws more than the limit that it took")
    // It is told to go down, and does: its car may be full soon all the same. It is told to take more, and does, and is
    // believed again.
    #expect(limits(site.decide(at: now + .seconds(90))) == [1: 6])
    site.confirmed(ID(1), at: now + .seconds(91))
    site.read(ID(1), LineCurrents(current(6), on: .all), at: now + .seconds(95))
    #expect(site.places(at: now)[0].hold.l1 == current(32))
    #expect(limits(site.decide(at: now + .seconds(160))) == [1: 10])
    site.confirmed(ID(1), at: now + .seconds(161))
    site.read(ID(1), LineCurrents(current(10), on: .all), at: now + .seconds(165))
    #expect(limits(site.decide(at: now + .seconds(166))) == [1: 16, 2: 16])
  }

  @Test func aCarThatTakesJustWhatItsDeafStationWasToldProvesNothing() {
    var site = site(32, 2)
    disobey(&site)
    site.ended(ID(1))
    // The next car takes 10 A by itself, whatever its station was told.
    site.began(ID(1), ChargingNeed(), at: now + .seconds(60))
    for second in stride(from: 80, to: 900, by: 20) {
      for order in site.decide(at: now + .seconds(second)) { site.confirmed(order.evse, at: now + .seconds(second)) }
      site.read(ID(1), LineCurrents(current(10), on: .all), at: now + .seconds(second + 15))
      #expect(site.places(at: now)[0].hold.l1 == current(32), "after \(second) s")
    }
  }

  @Test func whatAStationThatDisobeyedGaveIsReservedAlsoWhileNobodyChargesThere() {
    var site = site(60, 2, fallback: 6)
    disobey(&site)
    site.ended(ID(1))
    // The other's line may be lost, and then the next car at the first one would be too much for both.
    #expect(site.places(at: now)[0].hold.l1 == current(32))
    _ = site.decide(at: now + .seconds(21))
    #expect(site.places(at: now)[0].reason == .uncontrolled)
    let orders = site.decide(at: now + .seconds(40))
    #expect((orders.map(\.limit).max() ?? .zero) <= current(28))
    // Once a car there is seen to keep to a limit it is trusted again.
    site.began(ID(1), ChargingNeed(), at: now + .seconds(60))
    for second in stride(from: 60, to: 300, by: 20) {
      for order in site.decide(at: now + .seconds(second)) {
        site.confirmed(order.evse, at: now + .seconds(second))
        site.read(order.evse, LineCurrents(order.limit, on: .all), at: now + .seconds(second + 15))
      }
    }
    site.ended(ID(1))
    #expect(site.places(at: now)[0].hold.l1 == .zero)
  }

  @Test func aRefusalLeavesWhatItHasAndIsTriedAgain() {
    var site = site(32, 2)
    site.began(ID(1), ChargingNeed(), at: now)
    obey(&site, site.decide(at: now), at: now)
    site.began(ID(2), ChargingNeed(), at: now)
    _ = site.decide(at: now)
    site.refused(ID(1), at: now)
    #expect(limits(site.decide(at: now + .seconds(1))).isEmpty)
    #expect(site.places(at: now)[0].hold.l1 == current(32))
    #expect(limits(site.decide(at: now + .seconds(25))) == [1: 16])
  }

  @Test func aRaiseThatIsRefusedIsTriedLessAndLessOften() {
    var site = site(32, 1, fallback: 6)
    site.began(ID(1), ChargingNeed(), at: now)
    var asked: [Int] = []
    for second in 0..<4_000 {
      guard !site.decide(at: now + .seconds(second)).isEmpty else { continue }
      asked.append(second)
      site.refused(ID(1), at: now + .seconds(second))
    }
    #expect(asked == [0, 10, 30, 70, 150, 310, 630, 1_270, 2_550])
    #expect(site.places(at: now)[0].hold.l1 == current(6), "it goes on with its default")
  }

  @Test func aStationThatDoesNotKnowLimitsIsReservedForAndAskedAgainOnceItStartsAnew() {
    var site = site(40, 2)
    site.hasFallback(ID(1), false)
    site.began(ID(1), ChargingNeed(), at: now)
    site.began(ID(2), ChargingNeed(), at: now)
    // Until the first has gone down the second gets what is left beside all that the first one's outlet gives.
    #expect(limits(site.decide(at: now)) == [1: 20, 2: 8])
    site.cannot(ID(1))
    site.confirmed(ID(2), at: now + .seconds(1))
    #expect(site.decide(at: now + .seconds(1)).isEmpty)
    #expect(site.places(at: now)[0].words == "32 A reserved because its station does not know limits")
    for second in 2..<4_000 { #expect(site.decide(at: now + .seconds(second)).isEmpty) }
    // Its car takes what it likes, and that is no disobedience to repeat anything for.
    site.read(ID(1), LineCurrents(current(32), on: .all), at: now + .seconds(4_000))
    #expect(site.decide(at: now + .seconds(4_100)).isEmpty)
    site.lost(ID(1), at: now + .seconds(4_200))
    site.returned(ID(1), at: now + .seconds(4_230))
    #expect(site.decide(at: now + .seconds(4_230)).isEmpty, "its line alone taught it nothing")
    site.startedAnew(ID(1))
    #expect(limits(site.decide(at: now + .seconds(4_231))) == [1: 20])
  }

  @Test func whereAStationDoesNotKnowLimitsItsNextCarIsReservedForToo() {
    var site = site(40, 2)
    site.hasFallback(ID(1), false)
    site.cannot(ID(1))
    site.began(ID(2), ChargingNeed(), at: now)
    #expect(limits(site.decide(at: now)) == [2: 8])
    #expect(site.places(at: now)[0].words == "32 A reserved because its station does not know limits")
    // With a default that it keeps it is like any other that is free.
    site.hasFallback(ID(1), true)
    site.confirmed(ID(2), at: now + .seconds(1))
    #expect(limits(site.decide(at: now + .seconds(1))) == [2: 32])
    #expect(site.places(at: now)[0].reason == .free)
  }

  @Test func belowTheLeastCarsTakeTurns() {
    var site = site(10, 2)
    var time = now
    site.began(ID(1), ChargingNeed(), at: time)
    obey(&site, site.decide(at: time), at: time)
    site.began(ID(2), ChargingNeed(), at: time + .seconds(1))
    var charged: [Int64] = []
    for _ in 0..<80 {
      time += .seconds(60)
      for _ in 0..<3 {
        obey(&site, site.decide(at: time), at: time)
        time += .seconds(1)
      }
      for place in site.places(at: time) where place.limit > .zero {
        if charged.last != place.evse.value { charged.append(place.evse.value) }
      }
    }
    #expect(charged.prefix(4) == [1, 2, 1, 2])
  }

  @Test func whoMustLeaveGetsWhatItNeedsFirst() {
    var site = site(32, 2)
    let need = ChargingNeed(
      energy: Energy(tenthsOfWattHour: 180_000), departsAt: now + .seconds(3_600))
    site.began(ID(1), ChargingNeed(), at: now)
    site.began(ID(2), need, at: now)
    let orders = limits(site.decide(at: now))
    // 18 kWh in an hour over three lines are 26.1 A, and a twentieth more.
    #expect(orders[2] ?? 0 >= 26)
    #expect(orders[1] ?? 0 == 0, "less than a car charges with is left for the other")
  }

  @Test func weightsShareWhatIsLeft() {
    var site = site(36, 2)
    site.began(ID(1), ChargingNeed(), at: now)
    site.began(ID(2), ChargingNeed(priority: 2), at: now)
    let orders = limits(site.decide(at: now))
    #expect(orders == [1: 12, 2: 24])
  }

  @Test func aCircuitBelowIsFullWhileTheSupplyIsNot() {
    let below = [10, 100].enumerated().map { number, amperes in
      Circuit(
        id: ID(Int64(number + 2)), location: ID(1), parent: ID(1), name: "circuit \(number)", rated: current(amperes),
        createdAt: now, updatedAt: now)
    }
    var site = site(63, 2, below: below)
    site.began(ID(1), ChargingNeed(), at: now)
    site.began(ID(2), ChargingNeed(), at: now)
    #expect(limits(site.decide(at: now)) == [1: 32, 2: 10])
    #expect(site.places(at: now)[1].words == "10 A because circuit 0 is full")
  }

  @Test func linesAreCountedApartWhereTheyAreKnown() {
    var balancer = Balancer()
    let supply = Circuit(
      id: ID(1), location: ID(1), name: "the supply", rated: current(16), createdAt: now, updatedAt: now)
    let rotations: [PhaseRotation] = [.rst, .str, .trs]
    balancer.arrange(
      [supply],
      rotations.enumerated().map { number, rotation in
        Outlet(evse: ID(Int64(number)), station: ID(1), circuit: ID(1), rotation: rotation, most: current(16))
      })
    for number in 0..<3 {
      balancer.hasFallback(ID(Int64(number)), true)
      balancer.began(ID(Int64(number)), ChargingNeed(phases: 1), at: now)
    }
    // One car on each line: each has its line to itself.
    #expect(limits(balancer.decide(at: now)) == [0: 16, 1: 16, 2: 16])
  }

  @Test func aLostLineHoldsItsLimitAndFreeOutletsTheirDefault() {
    var site = site(63, 3, fallback: 6)
    site.began(ID(1), ChargingNeed(), at: now)
    obey(&site, site.decide(at: now), at: now)
    site.lost(ID(1), at: now)
    site.lost(ID(2), at: now)
    site.began(ID(3), ChargingNeed(), at: now)
    #expect(limits(site.decide(at: now)) == [3: 25])
    #expect(site.places(at: now)[1].hold.l1 == current(6))
  }

  @Test func theSunAloneIsSharedByThoseWhoWait() {
    var site = site(63, 2)
    site.began(ID(1), ChargingNeed(isSunOnly: true), at: now)
    #expect(limits(site.decide(at: now)).values.allSatisfy { $0 == 0 })
    site.told(
      CircuitSignal(
        circuit: ID(1), kind: .surplus, currents: LineCurrents(current(30), .zero, .zero), at: now,
        until: now + .seconds(60), source: "inverter"))
    // 30 A over three lines.
    #expect(limits(site.decide(at: now + .seconds(1)))[1] == 10)
  }

  /// Each cause is named as what it is: a fuse, the grid, somebody at the station, a partner's plan, the sun.
  @Test func whoLimitsACarIsSaid() {
    func words(_ amperes: Int = 63, _ cars: Int = 1, _ change: (inout Balancer) -> Void) -> [String] {
      var site = site(amperes, cars)
      for car in 1...Int64(cars) { site.began(ID(car), ChargingNeed(), at: now) }
      change(&site)
      _ = site.decide(at: now)
      return site.places(at: now).map(\.words)
    }
    func told(_ kind: CircuitSignal.Kind, _ amperes: Int) -> CircuitSignal {
      CircuitSignal(
        circuit: ID(1), kind: kind, currents: LineCurrents(current(amperes), on: .all), at: now,
        until: now + .seconds(60), source: "test")
    }
    #expect(words { _ in } == ["32 A, all that the car and its outlet take"])
    #expect(words(20, 2) { _ in } == Array(repeating: "10 A because the supply is full and 2 cars share it", count: 2))
    #expect(words { $0.told(told(.limit, 16)) } == ["16 A because the supply may draw no more for now"])
    #expect(words { $0.told(told(.limit, 80)) } == ["32 A, all that the car and its outlet take"])
    #expect(words { $0.told(told(.building, 50)) } == ["13 A because the supply is full"])
    #expect(words { $0.restrict(ID(1), to: current(9)) } == ["9 A because the station may draw no more for now"])
    #expect(words(8, 2) { _ in }[1] == "waits for its turn because the supply is full")
    func need(_ amperes: Int, isAllowance: Bool) -> ChargingNeed {
      var need = ChargingNeed(most: current(amperes))
      need.isAllowance = isAllowance
      return need
    }
    #expect(words { $0.needs(ID(1), need(10, isAllowance: true)) } == ["10 A, all that others allow its session"])
    #expect(words { $0.needs(ID(1), need(10, isAllowance: false)) } == ["10 A, all that the car and its outlet take"])
    #expect(
      words { $0.needs(ID(1), need(5, isAllowance: true)) } == [
        "waits because it may have less than a car charges with"
      ])
    #expect(
      words { $0.needs(ID(1), ChargingNeed(isSunOnly: true)) } == ["waits for its turn because the sun gives no more"])
    let sunny = words {
      $0.told(told(.surplus, 24))
      $0.needs(ID(1), ChargingNeed(isSunOnly: true))
    }
    #expect(sunny == ["8 A because the sun gives no more"])
    #expect(words { $0.isIdle(ID(1), true) } == ["the car asks for nothing"])
  }

  @Test func whatTheBuildingTakesIsNotThere() {
    var site = site(63, 1)
    site.told(
      CircuitSignal(
        circuit: ID(1), kind: .building, currents: LineCurrents(current(10), current(50), current(20)), at: now,
        until: now + .seconds(60), source: "meter"))
    site.began(ID(1), ChargingNeed(), at: now)
    #expect(limits(site.decide(at: now)) == [1: 13])
  }

  @Test func fallbacksOfAllTogetherFitEachCircuit() {
    let circuits = [
      Circuit(id: ID(1), location: ID(1), name: "a", rated: current(63), createdAt: now, updatedAt: now),
      Circuit(
        id: ID(2), location: ID(1), parent: ID(1), name: "b", rated: current(32), assumedLoad: current(5),
        createdAt: now, updatedAt: now),
    ]
    func outlets(_ count: Int) -> [Outlet] {
      (1...Int64(count)).map { Outlet(evse: ID($0), station: ID($0), circuit: ID(2), most: current(32)) }
    }
    #expect(safeFallback(of: outlets(4), on: circuits).amperes == decimal("6.7"))
    #expect(safeFallback(of: outlets(5), on: circuits) == .zero, "5.4 A charge no car")
  }

}
