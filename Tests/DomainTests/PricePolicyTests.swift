import Testing
import Wire

@testable import Domain

@Suite struct PricePolicyTests {
  private let monday = at("2026-06-01T10:00:00Z")

  /// From 0.20 to 0.80 around 0.40, by steps of 0.05; `more` replaces what it names.
  private func policy(_ rules: String, _ more: String = "{}") throws -> PricePolicy {
    var json = try JSON.parse(
      #"""
      {"name":"P","area":"NL","time_zone":"Etc/UTC","base":0.40,"floor":0.20,"cap":0.80,"step":0.05,"grain":0.01,
       "notice_seconds":0,"hold_seconds":900,"rules":[\#(rules)]}
      """#)
    for member in try JSON.parse(more).object?.members ?? [] { json[member.key] = member.value }
    return try PricePolicy.read(json).value
  }

  private func target(_ policy: PricePolicy, _ inputs: PricePolicy.Inputs = .init(), at time: Timestamp? = nil)
    -> Decimal
  {
    policy.target(at: (time ?? monday).civil, inputs).price
  }

  // MARK: What the rules ask for

  @Test func rulesThatHoldAddUp() throws {
    let both = try policy(
      #"{"kind":"occupancy","from":80,"add":0.10},{"kind":"hours","start_time":"09:00","end_time":"12:00","percent":25}"#
    )
    #expect(target(both, .init(occupancy: 79)) == decimal("0.5"))
    #expect(target(both, .init(occupancy: 80)) == decimal("0.6"))
    #expect(target(both, .init(occupancy: 80), at: at("2026-06-01T12:00:00Z")) == decimal("0.5"))
    #expect(both.target(at: monday.civil, .init(occupancy: 90)).rules == [0, 1])
  }

  @Test func aRuleWithoutItsInputDoesNotHold() throws {
    let grid = try policy(
      #"{"kind":"grid","from":0.1,"add":0.1},{"kind":"surplus","from":5,"add":-0.1},{"kind":"hours","share":1}"#)
    #expect(target(grid) == decimal("0.4"))
    #expect(target(grid, .init(grid: decimal("0.1"))) == decimal("0.6"))
    #expect(target(grid, .init(surplus: 5)) == decimal("0.3"))
  }

  @Test func thePriceOfTheGridIsPassedOnBetweenFloorAndCapOnTheGrain() throws {
    let passing = try policy(#"{"kind":"grid","share":1.2}"#)
    #expect(target(passing, .init(grid: decimal("0.1234"))) == decimal("0.55"))
    #expect(target(passing, .init(grid: decimal("5"))) == decimal("0.8"))
    #expect(target(passing, .init(grid: decimal("-0.3"))) == decimal("0.2"), "below zero it never goes under the floor")
  }

  @Test func seasonsAndDaysAreReadOnTheLocalClock() throws {
    let winter = try policy(#"{"kind":"hours","months":[12,1,2],"day_of_week":["MONDAY"],"add":0.1}"#)
    #expect(target(winter) == decimal("0.4"))
    #expect(target(winter, at: at("2026-12-07T10:00:00Z")) == decimal("0.5"))
    #expect(target(winter, at: at("2026-12-08T10:00:00Z")) == decimal("0.4"))
    let night = try policy(#"{"kind":"hours","start_time":"22:00","end_time":"06:00","add":-0.1}"#)
    #expect(target(night, at: at("2026-06-01T23:00:00Z")) == decimal("0.3"))
    #expect(target(night, at: at("2026-06-01T06:00:00Z")) == decimal("0.4"))
  }

  @Test(arguments: [
    (#"{"kind":"hours","add":0.1}"#, #"{"floor":0.9}"#, "floor"),
    (#"{"kind":"hours","add":0.1}"#, #"{"grain":0}"#, "grain"),
    (#"{"kind":"hours","add":0.1}"#, #"{"step":0.001}"#, "step"), (#"{"kind":"hours"}"#, "{}", "rules[0].add"),
    (#"{"kind":"hours","add":1,"start_time":"7"}"#, "{}", "rules[0].start_time"),
    (#"{"kind":"occupancy","from":5,"below":5,"add":1}"#, "{}", "rules[0].below"),
    (#"{"kind":"hours","add":0.1}"#, #"{"base":-1}"#, "base"),
  ])
  func whatCannotBeIsNamed(_ rules: String, _ more: String, _ field: String) throws {
    #expect(try policy(rules, more).check().first?.field == field)
  }

  // MARK: How a price moves

  @Test func aChangeIsAtMostOneStepAndHolds() throws {
    let steep = try policy(#"{"kind":"hours","add":0.4}"#)
    var motion = PriceMotion(price: decimal("0.4"))
    #expect(motion.look(decimal("0.8"), by: steep, at: monday) == .change(from: decimal("0.4"), to: decimal("0.45")))
    #expect(motion.look(decimal("0.8"), by: steep, at: monday + .seconds(899)) == .stay)
    #expect(
      motion.look(decimal("0.8"), by: steep, at: monday + .seconds(900))
        == .change(from: decimal("0.45"), to: decimal("0.5")))
    #expect(motion.look(decimal("0.5"), by: steep, at: monday + .seconds(9000)) == .stay)
  }

  @Test func whatWasAnnouncedIsKept() throws {
    let announced = try policy(#"{"kind":"hours","add":0.4}"#, #"{"notice_seconds":600}"#)
    var motion = PriceMotion(price: decimal("0.4"))
    let plan = PriceMotion.Planned(price: decimal("0.45"), at: monday + .seconds(600))
    #expect(motion.look(decimal("0.8"), by: announced, at: monday) == .announce(plan))
    #expect(motion.look(decimal("0.2"), by: announced, at: monday + .seconds(300)) == .stay, "the inputs turned")
    #expect(
      motion.look(decimal("0.2"), by: announced, at: monday + .seconds(600))
        == .change(from: decimal("0.4"), to: decimal("0.45")))
    // The next one is chosen when its notice begins, not before.
    #expect(motion.look(decimal("0.2"), by: announced, at: monday + .seconds(800)) == .stay)
    let back = PriceMotion.Planned(price: decimal("0.4"), at: monday + .seconds(1500))
    #expect(motion.look(decimal("0.2"), by: announced, at: monday + .seconds(900)) == .announce(back))
  }

  @Test func aPriceOutsideItsBoundsComesInsideAtOnce() throws {
    let bounded = try policy(#"{"kind":"hours","add":0.1}"#)
    var motion = PriceMotion(price: decimal("2"))
    #expect(motion.look(decimal("0.5"), by: bounded, at: monday) == .change(from: 2, to: decimal("0.8")))
  }

  @Test func inputsThatSwingKeepThePriceWithinFloorCapStepAndRest() throws {
    for seed in 0..<500 {
      var random = Seeded(seed)
      var policy = try policy(#"{"kind":"occupancy","from":50,"add":0.35},{"kind":"grid","share":1.5}"#)
      policy.noticeSeconds = random.number(0...1200)
      policy.holdSeconds = random.number(0...1800)
      policy.step = Decimal(random.number(1...20), places: 2)
      var motion = PriceMotion(price: decimal("0.4"))
      var (now, last) = (monday, nil as Timestamp?)
      var planned: PriceMotion.Planned?
      for _ in 0..<300 {
        now += .seconds(random.number(1...600))
        let inputs = PricePolicy.Inputs(
          occupancy: Decimal(random.number(0...100)), grid: Decimal(random.number(-500...800), places: 3))
        let before = motion.price
        let step = motion.look(policy.target(at: now.civil, inputs).price, by: policy, at: now)
        #expect(motion.price >= policy.floor && motion.price <= policy.cap, "seed \(seed)")
        if case .change(let old, let new) = step {
          #expect(old == before && (new - old).magnitude <= policy.step, "seed \(seed)")
          if let last { #expect(now.seconds(since: last) >= Int64(policy.holdSeconds), "seed \(seed)") }
          last = now
          if policy.noticeSeconds > 0 {
            #expect(planned.map { $0.price == new && $0.at <= now } == true, "seed \(seed): nobody was told before")
          }
          planned = nil
        } else {
          #expect(motion.price == before, "seed \(seed)")
        }
        if case .announce(let plan) = step {
          #expect(plan.at.seconds(since: now) >= Int64(policy.noticeSeconds), "seed \(seed)")
          planned = plan
        }
      }
    }
  }

  // MARK: Tariffs

  @Test func energyMovesAndKeepsItsTiers() throws {
    let tiers = try tariff(
      element([component("ENERGY", "0.40"), component("FLAT", "1")].joined(separator: ","), when: #""max_kwh":20"#)
        + ","
        + element(component("ENERGY", "0.30")) + ","
        + element(component("TIME", "5"), when: #""reservation":"RESERVATION""#))
    #expect(tiers.energyPrice == decimal("0.3"), "the general one, not that of the first kWh")
    let moved = tiers.moved(to: decimal("0.05"))
    #expect(moved.elements.map { $0.components[0].price } == [decimal("0.15"), decimal("0.05"), 5])
    #expect(moved.elements[0].components[1].price == 1)
    #expect(moved.moved(to: decimal("0.05")) == moved)
  }

  @Test func noEnergyPriceOfATariffLeavesTheBoundsAndTheWayBackIsTheSame() throws {
    let hours = try tariff(
      element(component("ENERGY", "0.20"), when: #""start_time":"00:00","end_time":"06:00""#) + ","
        + element(component("ENERGY", "0.50")))
    let bounds = decimal("0.1")...decimal("0.6")
    func prices(_ price: String) -> [Decimal] {
      hours.moved(to: decimal(price), within: bounds).elements.map { $0.components[0].price }
    }
    #expect(prices("0.6") == [decimal("0.3"), decimal("0.6")])
    #expect(prices("0.25") == [decimal("0.1"), decimal("0.25")], "what would be below zero stands at the floor")
    #expect(prices("0.5") == [decimal("0.2"), decimal("0.5")])
  }

  @Test func aStepFromAPriceBesideTheGrainEndsOnIt() throws {
    let coarse = try policy(#"{"kind":"hours","add":0.2}"#, #"{"step":0.10,"grain":0.05}"#)
    var motion = PriceMotion(price: decimal("0.333"))
    let up = motion.look(decimal("0.6"), by: coarse, at: monday)
    #expect(up == .change(from: decimal("0.333"), to: decimal("0.4")))
    var falling = PriceMotion(price: decimal("0.617"))
    #expect(
      falling.look(decimal("0.2"), by: coarse, at: monday) == .change(from: decimal("0.617"), to: decimal("0.55")))
  }

  // MARK: The past

  /// The quarters of a day in June, in which the tariff cost 0.40.
  private var june: [PricePreview.Past] {
    let first = Quarter.number(of: at("2026-06-01T00:00:00Z"))
    return (0..<96).map { PricePreview.Past(quarter: first + Int64($0), inputs: .init(), held: decimal("0.4")) }
  }

  private func bill(_ time: String, minutes: Int, _ energy: String, by tariff: Tariff) -> CDR {
    let start = at(time)
    let bill = Bill(
      Usage(from: start, to: start + .seconds(minutes * 60), energy: kWh(energy), tariff: tariff, zone: .utc))
    var cdr = CDR()
    (cdr.startedAt, cdr.endedAt, cdr.tariff) = (bill.start, bill.end, tariff)
    (cdr.periods, cdr.totals) = (bill.periods, bill.totals)
    return cdr
  }

  private func preview(_ policy: PricePolicy, elasticity: Decimal = 0, of bills: [CDR]) -> PricePreview {
    var preview = PricePreview(policy, over: june, zone: .utc, elasticity: elasticity)
    for bill in bills { preview.add(bill, zone: .utc) }
    return preview
  }

  @Test func aRuleThatChangesNothingWouldHaveEarnedWhatWasBilled() throws {
    let whole = try tariff(
      element(component("ENERGY", "0.55", vat: "21", step: 100), when: #""start_time":"18:00","end_time":"20:00""#)
        + ","
        + element(
          component("FLAT", "0.75", vat: "21") + "," + component("ENERGY", "0.40", vat: "21", step: 100) + ","
            + component("TIME", "0.90", vat: "9", step: 60)))
    let bills = [
      bill("2026-06-01T07:11:13Z", minutes: 61, "7.777", by: whole),
      bill("2026-06-01T17:40:01Z", minutes: 190, "31.4159", by: whole),
    ]
    let same = preview(try policy(#"{"kind":"hours","add":0}"#), elasticity: 1, of: bills)
    #expect(same.earned == same.wouldHaveEarned)
    #expect(same.earned.beforeTax == bills[0].totals.cost.beforeTax + bills[1].totals.cost.beforeTax)
    #expect(same.earned.afterTax == bills[0].totals.cost.total + bills[1].totals.cost.total)
    #expect(same.earned.total > same.earned.beforeTax && same.notRepriced == 0 && same.sessions == 2)
    let dearer = preview(try policy(#"{"kind":"hours","add":0.05}"#), of: bills)
    #expect(dearer.wouldHaveEarned.beforeTax > dearer.earned.beforeTax, "hours and fees stay, the energy costs more")
  }

  @Test func aSessionKeepsThePriceWithWhichItWouldHaveBegun() throws {
    let plain = try tariff(element(component("ENERGY", "0.40")))
    let night = try policy(#"{"kind":"hours","start_time":"00:00","end_time":"06:00","add":-0.05}"#)
    let preview = preview(
      night,
      of: [
        bill("2026-06-01T05:59:00Z", minutes: 120, "10", by: plain),
        bill("2026-06-01T06:00:00Z", minutes: 120, "10", by: plain),
        bill("2026-05-31T23:59:00Z", minutes: 120, "10", by: plain),
      ])
    #expect(preview.earned.beforeTax == euro("12"))
    #expect(preview.wouldHaveEarned.beforeTax == euro("11.5"))
    #expect(preview.begunBefore == 1 && preview.moved == .zero && preview.changes == 2)
    #expect(preview.lowest == decimal("0.35") && preview.highest == decimal("0.4"))
  }

  @Test func aCreditTakesBackWhatItsBillCounted() throws {
    let plain = try tariff(element(component("ENERGY", "0.40")))
    let bill = bill("2026-06-01T05:00:00Z", minutes: 60, "10", by: plain)
    let both = preview(
      try policy(#"{"kind":"hours","add":0.1}"#), elasticity: 1, of: [bill, bill.credit(because: nil, at: monday)])
    #expect(both.earned.beforeTax == .zero && both.wouldHaveEarned.beforeTax == .zero)
    #expect(both.energy == .zero && both.moved == .zero && both.sessions == 0)
  }

  @Test func aBillThatItsPeriodsDoNotGiveAgainCountsAsItWas() throws {
    var odd = bill("2026-06-01T05:00:00Z", minutes: 60, "10", by: try tariff(element(component("ENERGY", "0.40"))))
    odd.totals.cost.beforeTax = euro("3.21")
    let preview = preview(try policy(#"{"kind":"hours","add":0.1}"#), of: [odd])
    #expect(preview.notRepriced == 1 && preview.wouldHaveEarned.beforeTax == euro("3.21"))
  }

  @Test func whatLeavesDearHoursIsBilledAtThePriceOfCheapOnes() throws {
    let both = try policy(
      #"{"kind":"hours","start_time":"00:00","end_time":"12:00","add":-0.04},{"kind":"hours","start_time":"12:00","end_time":"00:00","add":0.04}"#,
      #"{"step":0.1}"#)
    let plain = try tariff(element(component("ENERGY", "0.40")))
    let preview = preview(
      both, elasticity: 1,
      of: [
        bill("2026-06-01T05:00:00Z", minutes: 60, "48", by: plain),
        bill("2026-06-01T15:00:00Z", minutes: 60, "48", by: plain),
      ])
    // A tenth dearer at elasticity 1: a tenth of 48 kWh goes from 0.44 to 0.36.
    #expect(preview.moved == kWh("4.8"))
    #expect(preview.energy == kWh("96"))
    #expect(preview.wouldHaveEarned.beforeTax == euro("38.016"), "52.8 at 0.36 and 43.2 at 0.44")
  }

  // MARK: Series

  @Test func aPriceOfASeriesHoldsUntilTheNext() throws {
    let prices = try GridPrice.series([
      (at("2026-06-01T00:00:00Z"), decimal("84.51")), (at("2026-06-01T01:00:00Z"), decimal("-3.2")),
      (at("2026-06-01T03:00:00Z"), decimal("10")),
    ])
    #expect(prices.map(\.price) == [decimal("0.08451"), decimal("-0.0032"), decimal("0.01")])
    #expect(prices[1].until == at("2026-06-01T02:00:00Z"), "a gap is a gap")
    #expect(try GridPrice.series([]).isEmpty)
    let moment = at("2026-06-01T00:00:00Z")
    #expect(throws: Flaw.self) { try GridPrice.series([(moment, decimal("1")), (moment, decimal("2"))]) }
  }

  @Test func aPlanWhosePriceIsThereAlreadyEndsWithoutAChange() throws {
    var policy = try policy("", #"{"notice_seconds":600}"#)
    var motion = PriceMotion(price: decimal("0.4"))
    #expect(
      motion.look(decimal("0.45"), by: policy, at: monday)
        == .announce(.init(price: decimal("0.45"), at: monday + .seconds(600))))
    policy.cap = decimal("0.4")
    #expect(motion.look(decimal("0.4"), by: policy, at: monday + .seconds(600)) == .stay)
    #expect(motion.planned == nil, "or no later look would see anything but this plan")
  }
}
