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

  @Test func aPreviewWithoutElasticityChangesThePriceAlone() throws {
    let night = try policy(#"{"kind":"hours","start_time":"00:00","end_time":"06:00","add":-0.05}"#)
    let first = Quarter.number(of: at("2026-06-01T00:00:00Z"))
    let past = (0..<96).map {
      PricePreview.Past(quarter: first + Int64($0), energy: kWh("1"), inputs: .init())
    }
    let preview = PricePreview(night, over: past, from: decimal("0.4"), zone: .utc, elasticity: 0)
    #expect(preview.earned == euro("38.4"))
    #expect(preview.wouldHaveEarned == euro("37.2"), "24 kWh at 0.35")
    #expect(preview.moved == .zero && preview.changes == 2)
    #expect(preview.lowest == decimal("0.35") && preview.highest == decimal("0.4"))
  }

  @Test func whatLeavesDearHoursComesBackInCheapOnes() throws {
    let both = try policy(
      #"{"kind":"hours","start_time":"00:00","end_time":"12:00","add":-0.04},{"kind":"hours","start_time":"12:00","end_time":"00:00","add":0.04}"#,
      #"{"step":0.1}"#)
    let first = Quarter.number(of: at("2026-06-01T00:00:00Z"))
    let past = (0..<96).map {
      PricePreview.Past(quarter: first + Int64($0), energy: kWh("1"), inputs: .init())
    }
    let preview = PricePreview(both, over: past, from: decimal("0.4"), zone: .utc, elasticity: 1)
    // A tenth dearer at elasticity 1: a tenth of 48 kWh goes from 0.44 to 0.36.
    #expect(preview.moved == kWh("4.8"))
    #expect(preview.energy == kWh("96"))
    #expect(preview.wouldHaveEarned == euro("38.016"), "52.8 at 0.36 and 43.2 at 0.44")
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
