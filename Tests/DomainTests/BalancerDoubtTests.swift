import Domain
import Testing
import Wire

/// What is reserved where the house does not know what a station does: it was away, it was wired anew, it listens to
/// somebody else, or its meter says too little.
struct BalancerDoubtTests {
  private let now = Timestamp(seconds: 1_800_000_000)

  private func current(_ amperes: Int) -> Current { Current(amperes: amperes) }

  private func supply(_ amperes: Int, lines: Lines = .all, load: Int = 0) -> Circuit {
    Circuit(
      id: ID(1), location: ID(1), name: "the supply", lines: lines, rated: current(amperes),
      assumedLoad: current(load), createdAt: now, updatedAt: now)
  }

  private func outlets(_ count: Int, fallback: Int = 6, lines: Lines = .all) -> [Outlet] {
    (1...Int64(count)).map {
      Outlet(
        evse: ID($0), station: ID($0), circuit: ID(1), lines: lines, most: current(32), fallback: current(fallback))
    }
  }

  private func site(_ amperes: Int, _ count: Int, fallback: Int = 6) -> Balancer {
    var balancer = Balancer()
    balancer.arrange([supply(amperes)], outlets(count, fallback: fallback))
    for number in 1...Int64(count) { balancer.hasFallback(ID(number), true) }
    return balancer
  }

  private func obey(_ balancer: inout Balancer, _ orders: [Balancer.Order], at time: Timestamp) {
    for order in orders {
      balancer.confirmed(order.evse, at: time)
      balancer.read(order.evse, LineCurrents(order.limit, on: .all), at: time)
    }
  }

  private func limits(_ orders: [Balancer.Order]) -> [Int64: Decimal] {
    Dictionary(uniqueKeysWithValues: orders.map { ($0.evse.value, $0.limit.amperes) })
  }

  private func hold(_ site: Balancer, _ evse: Int64) -> Current? {
    site.places(at: now).first { $0.evse == ID(evse) }?.hold.l1
  }

  // MARK: Wired anew

  @Test func anOutletThatIsPutBackIsNamedAsNew() {
    var site = site(32, 2)
    #expect(site.arrange([supply(32)], outlets(2)) == [])
    site.arrange([supply(32)], Array(outlets(2).dropFirst()))
    #expect(site.arrange([supply(32)], outlets(2)) == [ID(1)])
  }

  @Test func aCarWhoseLinesNobodyKnowsIsInTheAccountOfAllThatItsCircuitHas() {
    var site = site(32, 2)
    site.began(ID(1), ChargingNeed(), at: now)
    obey(&site, site.decide(at: now), at: now)
    // The circuit is drawn with one line, and the outlets with another.
    site.arrange([supply(32, lines: .l1)], outlets(2, lines: .l2))
    site.began(ID(2), ChargingNeed(), at: now)
    #expect(limits(site.decide(at: now)) == [1: 16])
    #expect(hold(site, 1) == current(32))
  }

  // MARK: Away and back

  @Test func aStationThatIsBackWithoutASafeDefaultMayGiveAllThatItsOutletHas() {
    var site = site(64, 2)
    site.hasFallback(ID(1), false)
    site.began(ID(1), ChargingNeed(most: current(6)), at: now)
    obey(&site, site.decide(at: now), at: now)
    site.read(ID(1), LineCurrents(current(6), on: .all), at: now + .seconds(20))
    #expect(hold(site, 1) == current(6))
    site.lost(ID(1), at: now + .seconds(30))
    site.returned(ID(1), at: now + .seconds(31))
    #expect(hold(site, 1) == current(32), "it may have lost its limit, and has no other")
    site.confirmed(
      site.decide(at: now + .seconds(31)).first { $0.evse == ID(1) }?.evse ?? ID(0), at: now + .seconds(32))
    site.read(ID(1), LineCurrents(current(6), on: .all), at: now + .seconds(45))
    #expect(hold(site, 1) == current(6))
  }

  @Test func whatAStationMayTellLateIsReservedUntilItSpokeOrHadItsTime() {
    var site = site(32, 2)
    site.lost(ID(1), at: now)
    site.returned(ID(1), at: now + .seconds(100))
    site.began(ID(2), ChargingNeed(), at: now + .seconds(101))
    // Its driver may have started by the local list, and its start stand in its queue.
    #expect(limits(site.decide(at: now + .seconds(101))) == [2: 26])
    site.confirmed(ID(2), at: now + .seconds(102))
    #expect(site.decide(at: now + .seconds(390)).isEmpty)
    #expect(limits(site.decide(at: now + .seconds(400))) == [2: 32])
  }

  @Test func aStationThatSaysThatNobodyIsThereHasNothingLeftToTell() {
    var site = site(32, 2)
    site.lost(ID(1), at: now)
    site.returned(ID(1), at: now)
    site.spoke(ID(1))
    site.began(ID(2), ChargingNeed(), at: now)
    #expect(limits(site.decide(at: now)) == [2: 32])
  }

  // MARK: Others

  @Test func aProfileOfSomebodyElseIsReservedForUntilOursIsSeenToHold() {
    var site = site(32, 2)
    site.began(ID(1), ChargingNeed(), at: now)
    site.began(ID(2), ChargingNeed(), at: now)
    obey(&site, site.decide(at: now), at: now)
    obey(&site, site.decide(at: now + .seconds(15)), at: now + .seconds(15))
    #expect(hold(site, 1) == current(16))
    site.mayFollow(ID(1), current(63), at: now + .seconds(20))
    #expect(hold(site, 1) == current(32), "no more than its outlet gives")
    // It is told the same limit again, and has not disobeyed.
    site.read(ID(1), LineCurrents(current(32), on: .all), at: now + .seconds(21))
    #expect(limits(site.decide(at: now + .seconds(21))) == [1: 16])
    site.confirmed(ID(1), at: now + .seconds(22))
    site.read(ID(1), LineCurrents(current(16), on: .all), at: now + .seconds(25))
    #expect(hold(site, 1) == current(16) && site.disobeying.isEmpty)
  }

  @Test func whoWasSeenToDisobeyIsNotBelievedAfterARestart() {
    var site = site(64, 2)
    site.disobeys(ID(1))
    site.began(ID(1), ChargingNeed(), at: now)
    site.resume(ID(1), limit: current(6), underWay: nil, at: now)
    site.began(ID(2), ChargingNeed(), at: now)
    #expect(hold(site, 1) == current(32))
    #expect(site.disobeying == [ID(1)])
    #expect((limits(site.decide(at: now))[2] ?? 0) <= 32)
  }

  // MARK: Meters

  /// One line of 32 A looks like a third of it to who divides by three.
  @Test func powerAloneIsEnoughToSeeThatAStationGivesTooMuch() {
    var site = site(64, 2)
    site.began(ID(1), ChargingNeed(most: current(6)), at: now)
    for order in site.decide(at: now) { site.confirmed(order.evse, at: now) }
    site.read(ID(1), between: current(6), and: current(18), at: now + .seconds(30))
    #expect(site.disobeying.isEmpty)
    #expect(site.places(at: now)[0].measured == nil, "it does not say what flows on a line")
    site.read(ID(1), between: current(11), and: current(33), at: now + .seconds(40))
    #expect(site.disobeying == [ID(1)])
  }

  @Test func noPowerIsNoneOnAnyLine() {
    var site = site(64, 1)
    site.hasFallback(ID(1), false)
    site.began(ID(1), ChargingNeed(most: current(5)), at: now)
    for order in site.decide(at: now) { site.confirmed(order.evse, at: now) }
    #expect(hold(site, 1) == current(32), "it may take its time")
    site.read(ID(1), between: .zero, and: .zero, at: now + .seconds(2))
    #expect(hold(site, 1) == .zero)
  }

  @Test func aLimitThatWasCountedOnThreeLinesIsReservedForOnOne() {
    var site = site(64, 2)
    site.takesWatts(ID(1), .init(rated: current(32), phases: 3))
    site.began(ID(1), ChargingNeed(phases: 3, most: current(6)), at: now)
    obey(&site, site.decide(at: now), at: now)
    #expect(site.wattLines(ID(1), of: current(6)) == 3, "somebody said so")
    site.uses(ID(1), lines: 1, at: now + .seconds(60))
    site.read(ID(1), LineCurrents(current(18), on: .l1), at: now + .seconds(60))
    #expect(hold(site, 1) == current(18))
    #expect(site.disobeying.isEmpty, "it gave the watts that it was told")
    #expect(limits(site.decide(at: now + .seconds(61))) == [1: 6], "it is told again, by one line")
    #expect(site.wattLines(ID(1), of: current(6)) == 1, "what a meter shows counts more than what was said")
  }

  @Test func wattsAreCountedOnOneLineUntilAMeterShowsMore() {
    var site = site(64, 2)
    site.takesWatts(ID(1), .init(rated: current(32), phases: 3))
    site.began(ID(1), ChargingNeed(most: current(10)), at: now)
    #expect(limits(site.decide(at: now)) == [1: 18], "with 4.1 kW a car charges on three lines and on one")
    #expect(site.wattLines(ID(1), of: current(18)) == 1)
    #expect(site.places(at: now)[0].words.hasPrefix("18 A, all that the car and its outlet take; counted on one line"))
    site.confirmed(ID(1), at: now)
    #expect(hold(site, 1) == current(18))
    site.uses(ID(1), lines: 3, at: now + .seconds(30))
    site.read(ID(1), LineCurrents(current(6), on: .all), at: now + .seconds(30))
    #expect(limits(site.decide(at: now + .seconds(31))) == [1: 10])
    #expect(site.wattLines(ID(1), of: current(10)) == 3)
    #expect(!site.places(at: now)[0].words.contains("counted on one line"))
  }

  @Test func allThatALineCarriesIsNoMoreOnThree() {
    var site = site(64, 2)
    site.takesWatts(ID(1), .init(rated: current(32), phases: 3))
    site.began(ID(1), ChargingNeed(), at: now)
    #expect(limits(site.decide(at: now)) == [1: 32])
    #expect(site.wattLines(ID(1), of: current(32)) == 3)
    #expect(site.wattLines(ID(1), of: current(31)) == 1)
  }

  @Test func whereACircuitHasLessThanAllLinesNeedACarIsAskedToUseOne() {
    var site = site(16, 2)
    site.takesWatts(ID(1), .init(rated: current(32), phases: 3))
    site.began(ID(1), ChargingNeed(), at: now)
    #expect(limits(site.decide(at: now)) == [1: 16])
    #expect(site.wantsOneLine(ID(1), at: current(16)))
    site.confirmed(ID(1), at: now)
    site.uses(ID(1), lines: 3, at: now + .seconds(30))
    #expect(!site.wantsOneLine(ID(1), at: current(16)))
  }

  @Test func wattsOfAMeterAreHeldAgainstTheWattsThatWereTold() {
    var site = site(64, 2)
    site.takesWatts(ID(1), .init(rated: current(32), phases: 3))
    site.began(ID(1), ChargingNeed(most: current(20)), at: now)
    for order in site.decide(at: now) { site.confirmed(order.evse, at: now) }
    // 4.6 kW were told, and 6.9 kW flow.
    let lines = site.toldLines(at: ID(1)) ?? 3
    #expect(lines == 1)
    site.read(ID(1), between: current(30), and: current(30), at: now + .seconds(30))
    #expect(site.disobeying == [ID(1)])
  }

  /// Some meters speak four times an hour, and do so at no trigger.
  @Test func aReadingOfLongAgoHoldsNoMoreThanTheLimitThatWasConfirmedSince() {
    var site = site(32, 2, fallback: 0)
    site.began(ID(1), ChargingNeed(), at: now)
    obey(&site, site.decide(at: now), at: now)
    site.began(ID(2), ChargingNeed(), at: now + .seconds(60))
    for order in site.decide(at: now + .seconds(60)) { site.confirmed(order.evse, at: now + .seconds(61)) }
    #expect(site.decide(at: now + .seconds(100)).isEmpty)
    #expect(limits(site.decide(at: now + .seconds(181))) == [2: 16])
  }

  private func told(_ kind: CircuitSignal.Kind, _ amperes: Int, at time: Timestamp) -> CircuitSignal {
    CircuitSignal(
      circuit: ID(1), kind: kind, currents: LineCurrents(current(amperes), on: .all), at: time,
      until: time + .seconds(60), source: "meter")
  }

  @Test func aMeterThatFallsSilentLeavesWhatItShowedOfLate() {
    var site = site(63, 1)
    site.told(told(.building, 40, at: now))
    site.told(told(.building, 20, at: now + .seconds(10)))
    site.began(ID(1), ChargingNeed(), at: now + .seconds(10))
    #expect(limits(site.decide(at: now + .seconds(10))) == [1: 32])
    site.confirmed(ID(1), at: now + .seconds(11))
    #expect(site.silentMeters(at: now + .seconds(60)).isEmpty)
    #expect(limits(site.decide(at: now + .seconds(71))) == [1: 23], "40 A may flow again")
    #expect(site.silentMeters(at: now + .seconds(71)) == [ID(1): now + .seconds(70)])
    // It is heard again.
    site.confirmed(ID(1), at: now + .seconds(72))
    site.told(told(.building, 20, at: now + .seconds(90)))
    #expect(limits(site.decide(at: now + .seconds(90))) == [1: 32])
    #expect(site.silentMeters(at: now + .seconds(90)).isEmpty)
    // Whoever takes the meter away says so.
    site.forget(.building, of: ID(1))
    #expect(site.highLoads.isEmpty && site.silentMeters(at: now + .seconds(500)).isEmpty)
  }

  @Test func theHighestLoadIsForgottenAfterADay() {
    var site = site(63, 1)
    site.told(told(.building, 60, at: now))
    for hour in 1...30 { site.told(told(.building, 10, at: now + .seconds(hour * 3_600))) }
    #expect(site.highLoads[ID(1)]?.highest.l1 == current(10))
    site.told(told(.building, 30, at: now + .seconds(31 * 3_600)))
    site.told(told(.building, 5, at: now + .seconds(43 * 3_600)))
    #expect(site.highLoads[ID(1)]?.highest.l1 == current(30))
  }

  @Test func ofASupplyTheLoadIsRememberedWithoutTheCars() {
    var site = site(63, 1)
    site.began(ID(1), ChargingNeed(), at: now)
    obey(&site, site.decide(at: now), at: now)
    site.told(told(.supply, 50, at: now + .seconds(20)))
    #expect(site.highLoads[ID(1)]?.highest.l1 == current(18))
    // What was told before a restart says nothing of cars that nobody knows yet.
    var again = self.site(63, 1)
    again.told(told(.supply, 50, at: now + .seconds(20)), isNew: false)
    #expect(again.highLoads.isEmpty)
  }

  // MARK: Turns

  @Test func aCarThatIsKeptWaitingIsNotTakenAtItsStationsWordThatItWantsNothing() {
    var site = site(10, 2, fallback: 0)
    site.began(ID(1), ChargingNeed(), at: now)
    obey(&site, site.decide(at: now), at: now)
    site.began(ID(2), ChargingNeed(), at: now)
    obey(&site, site.decide(at: now), at: now)
    // Many say so of a car that has less than it can charge with.
    site.says(ID(2), isIdle: true, since: now + .seconds(5), at: now + .seconds(5))
    var time = now
    var turns: [Int64] = []
    for _ in 0..<40 {
      time += .seconds(60)
      for _ in 0..<3 {
        obey(&site, site.decide(at: time), at: time)
        time += .seconds(1)
      }
      for place in site.places(at: time) where place.limit > .zero && turns.last != place.evse.value {
        turns.append(place.evse.value)
      }
    }
    #expect(turns.prefix(2) == [1, 2])
  }

  @Test func aCarThatMayChargeAndWantsNothingIsIdle() {
    var site = site(32, 1)
    site.began(ID(1), ChargingNeed(), at: now)
    obey(&site, site.decide(at: now), at: now)
    site.says(ID(1), isIdle: true, since: now + .seconds(5), at: now + .seconds(5))
    _ = site.decide(at: now + .seconds(5))
    #expect(site.places(at: now)[0].words == "32 A kept, though the car asks for nothing")
  }

  // MARK: Fallbacks

  @Test func whatTheOperatorSaidOfOneOutletIsNotSharedByTheOthers() {
    var all = outlets(2)
    all[0].fallback = current(26)
    #expect(safeFallback(of: [all[1]], beside: [all[0]], on: [supply(32)]) == current(6))
    #expect(safeFallback(of: [all[1]], beside: [all[0]], on: [supply(31)]) == .zero, "5 A charge no car")
  }

  @Test func whatIsAssumedBelowACircuitFlowsInItToo() {
    let feeders = (2...3).map { number in
      Circuit(
        id: ID(Int64(number)), location: ID(1), parent: ID(1), name: "feeder \(number)", rated: current(30),
        assumedLoad: current(10), createdAt: now, updatedAt: now)
    }
    let all = (1...4).map { number in
      Outlet(evse: ID(Int64(number)), station: ID(1), circuit: feeders[number % 2].id, most: current(32))
    }
    #expect(safeFallback(of: all, on: [supply(40)] + feeders) == .zero, "20 A of 40 are taken, and 5 A charge no car")
    #expect(safeFallback(of: all, on: [supply(48)] + feeders) == current(7))
    let excess = Fallbacks(
      of: all.map {
        var outlet = $0
        outlet.fallback = current(6)
        return outlet
      }, on: [supply(40)] + feeders
    ).excesses()
    #expect(excess.map(\.circuit.name) == ["the supply"])
    #expect(excess.first?.sum == current(24) && excess.first?.room == current(20))
  }
}
