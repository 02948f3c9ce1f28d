import Testing
import Wire

@testable import Domain

/// Sums worked out by hand, one rule each.
@Suite struct PricingTests {
  private let start = at("2026-06-01T10:00:00Z")  // a Monday

  private func bill(
    _ tariff: Tariff?, minutes: Int, kWh total: String, readings: [Reading] = [], idleAfter idle: Int? = nil,
    from start: Timestamp? = nil, zone: ZoneRules = .utc
  ) -> Bill {
    let start = start ?? self.start
    let shifts = idle.map { [Session.Shift(at: start + .seconds($0 * 60), activity: .idle)] } ?? []
    let usage = Usage(
      from: start, to: start + .seconds(minutes * 60), energy: kWh(total), readings: readings, shifts: shifts,
      tariff: tariff,
      zone: zone)
    let bill = Bill(usage)
    #expect(bill.agrees(with: tariff, zone: zone))
    return bill
  }

  // MARK: What flows back

  @Test func whatFlowsBackStandsInItsPeriodsAndCostsNothing() throws {
    var session = Session.started(
      id: "s", place: Session.Place(party: ID(1), location: nil, station: ID(1), evse: ID(1), connector: ID(1)),
      holder: Session.Holder(token: TokenReference(), owner: nil, method: .whitelist),
      tariff: try tariff(element(component("ENERGY", "0.25"))), at: start, meter: kWh("100"), transaction: 1,
      received: start)
    // Ten kWh in for half an hour, eight back for the other half.
    let readings = [(0, "100", "7", "0"), (30, "110", "7", "20000"), (60, "110", "15", "-16000")].map {
      minute, into, back, watts in
      Reading(
        at: start + .seconds(minute * 60), register: kWh(into), exported: kWh(back), power: Decimal(watts))
    }
    for reading in readings { _ = session.read(reading, received: reading.at) }
    #expect(session.energy == kWh("10") && session.exported == kWh("8") && session.power == Decimal(-16_000))
    _ = session.shift(to: .idle, at: start + .seconds(2_700), received: start)
    let usage = Usage(session, readings: readings, zone: .utc, until: start + .seconds(3_600))
    let bill = Bill(usage)
    #expect(bill.totals.cost.beforeTax == price("2.5").beforeTax)
    #expect(bill.periods.exported == kWh("8"))
    #expect(bill.periods.map(\.exported) == [kWh("4"), kWh("4")])
    #expect(bill.periods.allSatisfy { $0.maxPower.map { $0 >= .zero } ?? true }, "power is what a vehicle takes")
    #expect(bill.agrees(with: session.tariff, zone: .utc))
    var cdr = CDR()
    cdr.periods = bill.periods
    #expect(try CDR(bytes: cdr.bytes).exported == kWh("8"))
  }

  // MARK: What is priced

  @Test func withoutATariffItCostsNothingAndStillHasItsPeriods() {
    let bill = bill(nil, minutes: 60, kWh: "12.5", idleAfter: 45)
    #expect(bill.totals.cost == price("0"))
    #expect(bill.totals.energyCost == nil)
    #expect(bill.totals.energy == kWh("12.5"))
    #expect(bill.periods.map(\.activity) == [.charging, .idle])
    #expect(bill.periods.map(\.seconds) == [2700, 900])
    #expect(bill.totals.parkingSeconds == 900)
  }

  @Test func aPartIsNilWhereTheTariffHasNoComponentOfItsKind() throws {
    let energyOnly = try tariff(element(component("ENERGY", "0.25", vat: "10")))
    let totals = bill(energyOnly, minutes: 60, kWh: "20").totals
    #expect(totals.energyCost?.amounts == price("5", "5.5"))
    #expect(totals.cost.amounts == price("5", "5.5"))
    #expect(totals.fixedCost == nil)
    #expect(totals.timeCost == nil)
    #expect(totals.parkingCost == nil)
    let withFlat = try tariff(
      element(component("FLAT", "1"), when: #""min_kwh":50"#) + "," + element(component("ENERGY", "0.25")))
    #expect(bill(withFlat, minutes: 60, kWh: "20").totals.fixedCost == price("0"))
  }

  @Test func taxIsPerComponentAndAbsentWhereNoComponentHasOne() throws {
    let mixed = try tariff(
      element(
        [component("FLAT", "0.5", vat: "20"), component("ENERGY", "0.25"), component("TIME", "6", vat: "0")].joined(
          separator: ",")))
    let totals = bill(mixed, minutes: 10, kWh: "4").totals
    #expect(totals.fixedCost?.amounts == price("0.5", "0.6"))
    #expect(totals.energyCost == price("1"), "no tax at all is not a tax of nought")
    #expect(totals.timeCost?.amounts == price("1", "1"))
    #expect(totals.cost.amounts == price("2.5", "2.6"))
  }

  @Test func partsAndTotalAreEachRoundedFromTheirOwnExactValue() throws {
    // 0.00005 three times: each part rounds up to 0.0001, and the total is 0.00015, which rounds to 0.0002.
    let tiny = try tariff(
      element(
        [component("FLAT", "0.00005"), component("ENERGY", "0.00005"), component("TIME", "0.00005")].joined(
          separator: ",")))
    let totals = bill(tiny, minutes: 60, kWh: "1").totals
    #expect(totals.fixedCost == price("0.0001"))
    #expect(totals.energyCost == price("0.0001"))
    #expect(totals.timeCost == price("0.0001"))
    #expect(totals.cost == price("0.0002"))
  }

  @Test func theFirstElementThatHoldsGivesThePriceInEachDimension() throws {
    let two = try tariff(
      element(component("ENERGY", "0.10"), when: #""max_kwh":5"#) + ","
        + element([component("ENERGY", "0.30"), component("TIME", "1")].joined(separator: ",")))
    let totals = bill(two, minutes: 60, kWh: "20").totals
    #expect(totals.energyCost == price("5"))  // 5 × 0.10 + 15 × 0.30
    #expect(totals.timeCost == price("1"), "the first element has no TIME, so the second gives it from the start")
  }

  @Test func aSecondPriceOfOneDimensionInAnElementNeverHolds() throws {
    let odd = try tariff(element([component("ENERGY", "0.25"), component("ENERGY", "9")].joined(separator: ",")))
    #expect(bill(odd, minutes: 60, kWh: "20").totals.cost == price("5"))
  }

  @Test func elementsForReservationsNeverHoldInASession() throws {
    let reserved = try tariff(
      element(
        [component("FLAT", "2"), component("TIME", "5")].joined(separator: ","), when: #""reservation":"RESERVATION""#)
        + ","
        + element(component("TIME", "7"), when: #""reservation":"RESERVATION_EXPIRES""#) + ","
        + element(component("ENERGY", "0.25")))
    let totals = bill(reserved, minutes: 60, kWh: "20").totals
    #expect(totals.cost == price("5"))
    #expect(totals.fixedCost == nil)
  }

  @Test func theFlatFeeFallsDueOnceWhenItFirstHolds() throws {
    let flats = try tariff(
      element(component("FLAT", "1"), when: #""start_time":"10:30","end_time":"11:00""#) + ","
        + element(component("FLAT", "3"), when: #""start_time":"11:00""#))
    let late = bill(flats, minutes: 120, kWh: "10")
    #expect(late.totals.fixedCost == price("1"))
    #expect(late.periods.map(\.seconds) == [1800, 5400], "it begins a period; the second fee holds too late to count")
    #expect(bill(flats, minutes: 120, kWh: "10", from: start + .seconds(3600)).totals.fixedCost == price("3"))
  }

  // MARK: Where it is cut

  @Test func theClockCutsAtLocalTime() throws {
    let evening = try tariff(
      element(component("ENERGY", "0.20"), when: #""start_time":"07:00","end_time":"12:30""#) + ","
        + element(component("ENERGY", "0.30")))
    // 10:00 UTC is 12:00 in Amsterdam: half an hour of an hour is cheap.
    let bill = bill(evening, minutes: 60, kWh: "10", zone: centralEurope)
    #expect(bill.periods.map(\.start) == [start, start + .seconds(1800)])
    #expect(bill.periods.map(\.energy) == [kWh("5"), kWh("5")])
    #expect(bill.totals.cost == price("2.5"))
  }

  @Test func aWindowPastMidnightHoldsOnBothSides() throws {
    let night = try tariff(
      element(component("TIME", "1"), when: #""start_time":"22:00","end_time":"06:00""#) + ","
        + element(component("TIME", "10")))
    let bill = bill(night, minutes: 10 * 60, kWh: "0", from: at("2026-06-01T21:00:00Z"))
    #expect(bill.totals.timeCost == price("28"))  // one hour at 10, eight at 1, one at 10
    #expect(bill.periods.count == 3)
  }

  @Test(arguments: [
    (#""end_time":"00:00""#, 3), (#""start_time":"00:00""#, 3), (#""start_time":"23:00","end_time":"00:00""#, 1),
    (#""start_time":"00:00","end_time":"00:00""#, 3), (#""start_time":"08:00","end_time":"08:00""#, 3),
    (#""end_time":"23:00""#, 2), (#""start_time":"23:30""#, 0), (#""start_time":"24:00""#, 0),
    (#""end_time":"9:00""#, 0),
  ])
  func timesOfDayAtTheirEdges(_ restriction: String, _ hours: Int) throws {
    // 22:30 to 01:30. Half hours: what is asked for is whole hours of the three.
    let one = try tariff(element(component("TIME", "1"), when: restriction))
    let expected: [String: String] = [
      #""end_time":"23:00""#: "2", #""start_time":"23:30""#: "0.5", #""start_time":"23:00","end_time":"00:00""#: "1",
    ]
    let cost = expected[restriction] ?? "\(hours)"
    #expect(bill(one, minutes: 180, kWh: "0", from: at("2026-06-01T22:30:00Z")).totals.timeCost == price(cost))
  }

  @Test func weekdaysAndDatesChangeAtLocalMidnight() throws {
    let monday = try tariff(
      element(component("TIME", "1"), when: #""day_of_week":["MONDAY"]"#) + "," + element(component("TIME", "2")))
    // Monday 23:00 to Tuesday 01:00 in Amsterdam.
    #expect(
      bill(monday, minutes: 120, kWh: "0", from: at("2026-06-01T21:00:00Z"), zone: centralEurope).totals.timeCost
        == price("3"))
    let dates = try tariff(
      element(component("TIME", "1"), when: #""start_date":"2026-06-01","end_date":"2026-06-02""#) + ","
        + element(component("TIME", "2")))
    #expect(bill(dates, minutes: 120, kWh: "0", from: at("2026-06-01T23:00:00Z")).totals.timeCost == price("3"))
    #expect(bill(dates, minutes: 60, kWh: "0", from: at("2026-05-31T23:30:00Z")).totals.timeCost == price("1.5"))
  }

  @Test func theNightOfSpringHasNoHourFromTwoToThree() throws {
    let night = try tariff(
      element(component("TIME", "6"), when: #""start_time":"02:30","end_time":"03:30""#) + ","
        + element(component("TIME", "1")))
    // 01:00 to 05:00 on the clock, three hours in truth: half an hour is left of the window.
    let bill = bill(night, minutes: 180, kWh: "3", from: at("2026-03-29T00:00:00Z"), zone: centralEurope)
    #expect(bill.totals.seconds == 10_800)
    #expect(bill.totals.timeCost == price("5.5"))
    #expect(bill.periods.map(\.seconds) == [3600, 1800, 5400])
  }

  @Test func theNightOfAutumnHasTheHourFromTwoToThreeTwice() throws {
    let night = try tariff(
      element(component("TIME", "6"), when: #""start_time":"02:30","end_time":"03:30""#) + ","
        + element(component("TIME", "1")))
    // 01:00 to 04:00 on the clock, four hours in truth; the window holds 02:30–03:00 and 02:30–03:30.
    let bill = bill(night, minutes: 240, kWh: "4", from: at("2026-10-24T23:00:00Z"), zone: centralEurope)
    #expect(bill.totals.timeCost == price("11.5"))
    #expect(bill.periods.map(\.seconds) == [5400, 1800, 1800, 3600, 1800])
  }

  @Test func energyBoundariesFallOnTheNearestSecondWithTheirOwnEnergy() throws {
    let first = try tariff(
      element(component("ENERGY", "0"), when: #""max_kwh":1"#) + ","
        + element([component("ENERGY", "0.2"), component("TIME", "0")].joined(separator: ",")))
    // 3 kWh in 1000 s: 1 kWh is reached after 333.3 s.
    let usage = Usage(from: start, to: start + .seconds(1000), energy: kWh("3"), tariff: first, zone: .utc)
    let bill = Bill(usage)
    #expect(bill.periods.map(\.seconds) == [333, 667])
    #expect(bill.periods.map(\.energy) == [kWh("1"), kWh("2")])
    #expect(bill.totals.energyCost == price("0.4"))
    #expect(bill.agrees(with: first, zone: .utc))
  }

  @Test func twoBoundariesInOneSecondLoseNoEnergy() throws {
    let steps = try tariff(
      element(component("ENERGY", "1"), when: #""max_kwh":0.01"#) + ","
        + element(component("ENERGY", "2"), when: #""max_kwh":0.02"#) + ","
        + element(component("ENERGY", "3"), when: #""max_kwh":0.03"#) + ","
        + element(component("ENERGY", "4"), when: #""min_kwh":0.03"#))
    let usage = Usage(from: start, to: start + .seconds(3), energy: kWh("0.5"), tariff: steps, zone: .utc)
    let bill = Bill(usage)
    #expect(bill.periods.map(\.energy) == [kWh("0.01"), kWh("0.01"), kWh("0.01"), kWh("0.47")])
    #expect(bill.periods.map(\.seconds) == [1, 0, 0, 2])
    // 10 + 10 + 10 Wh, and 470 Wh which the step of 1 Wh leaves alone.
    #expect(bill.totals.cost == price("1.94"))
    #expect(bill.agrees(with: steps, zone: .utc))
  }

  @Test func aBoundaryThatIsExactlyTheTotalChangesThePriceOfTheRest() throws {
    let parking = try tariff(
      element(component("PARKING_TIME", "1"), when: #""max_kwh":10"#) + "," + element(component("PARKING_TIME", "4")))
    // 10 kWh are full after an hour; from then on the boundary is reached.
    let readings = [reading(start + .seconds(3600), kWh: "10")]
    let bill = bill(parking, minutes: 120, kWh: "10", readings: readings, idleAfter: 30)
    #expect(bill.totals.parkingCost == price("4.5"))
  }

  @Test func durationsCountFromTheStartOfTheSession() throws {
    let long = try tariff(
      element(component("ENERGY", "0.1"), when: #""max_duration":1800"#) + ","
        + element(component("ENERGY", "0.2"), when: #""min_duration":1800,"max_duration":3600"#) + ","
        + element(component("ENERGY", "0.4")))
    let bill = bill(long, minutes: 75, kWh: "15")
    #expect(bill.periods.map(\.energy) == [kWh("6"), kWh("6"), kWh("3")])
    #expect(bill.totals.cost == price("3"))  // 0.6 + 1.2 + 1.2
  }

  @Test func powerBetweenTwoReadingsIsTheLaterOnes() throws {
    let byPower = try tariff(
      element(component("TIME", "1"), when: #""max_power":16"#) + ","
        + element(component("TIME", "2"), when: #""max_power":32"#) + ","
        + element(component("TIME", "4")))
    let readings = [
      reading(start, watts: "60000"), reading(start + .seconds(1200), watts: "15999.9"),
      reading(start + .seconds(2400), watts: "16000"), reading(start + .seconds(3000), watts: "32000"),
    ]
    let bill = bill(byPower, minutes: 60, kWh: "10", readings: readings)
    #expect(
      bill.periods.map(\.seconds) == [1200, 1200, 1200], "at 16 kW the first no longer holds; at 32 not the second")
    #expect(bill.periods.map(\.maxPower) == [decimal("15999.9"), 16_000, 32_000])
    #expect(bill.totals.timeCost == price("2.3333"))
  }

  @Test func currentIsAskedInTheSameWay() throws {
    let byCurrent = try tariff(
      element(component("ENERGY", "2"), when: #""max_current":20"#) + ","
        + element(component("ENERGY", "5"), when: #""min_current":20"#))
    let readings = [10, 40, 10].enumerated().map { index, amperes in
      reading(start + .seconds(3600 * (index + 1)), kWh: "\(3 * (index + 1))", amperes: "\(amperes)")
    }
    let bill = bill(byCurrent, minutes: 180, kWh: "9", readings: readings)
    #expect(bill.totals.cost == price("27"))
    #expect(bill.periods.map(\.maxCurrent) == [10, 40, 10])
  }

  @Test func withoutPowerSamplesTheMeanOfTheRegistersCounts() throws {
    let byPower = try tariff(
      element(component("ENERGY", "0.2"), when: #""max_power":16"#) + "," + element(component("ENERGY", "0.5")))
    let readings = [reading(start + .seconds(600), kWh: "1"), reading(start + .seconds(3600), kWh: "41")]
    let bill = bill(byPower, minutes: 68, kWh: "41.5", readings: readings)
    #expect(bill.periods.map(\.energy) == [kWh("1"), kWh("40"), kWh("0.5")])
    #expect(bill.totals.cost == price("20.3"))
  }

  @Test func aConditionOnWhatNobodyMeasuredDoesNotHold() throws {
    let byCurrent = try tariff(
      element(component("ENERGY", "9"), when: #""max_current":20"#) + ","
        + element(component("ENERGY", "9"), when: #""min_current":20"#)
        + "," + element(component("ENERGY", "0.25")))
    #expect(bill(byCurrent, minutes: 60, kWh: "20").totals.cost == price("5"))
  }

  @Test func neighboursInWhichNothingChangesAreOnePeriod() throws {
    let simple = try tariff(
      element(component("ENERGY", "0.25"), when: #""min_power":1"#) + "," + element(component("ENERGY", "0.20")))
    let readings = (1...59).map { reading(start + .seconds($0 * 60), kWh: "\($0)", watts: "\(50_000 + $0)") }
    let bill = bill(simple, minutes: 60, kWh: "60", readings: readings)
    #expect(bill.periods.count == 1)
    #expect(bill.periods.first?.maxPower == 50_059)
  }

  @Test func energyIsCutByCumulativeRounding() throws {
    // 0.0010 kWh in three equal parts: 0.00033… and 0.00066… round to 0.0003 and 0.0007.
    let thirds = try tariff(
      element(component("TIME", "1"), when: #""max_duration":20"#) + ","
        + element(component("TIME", "2"), when: #""max_duration":40"#) + ","
        + element(component("TIME", "3")))
    let bill = bill(thirds, minutes: 1, kWh: "0.001")
    #expect(bill.periods.map(\.energy) == [kWh("0.0003"), kWh("0.0004"), kWh("0.0003")])
  }

  // MARK: Activity

  @Test func parkingCountsOnlyWhileTheVehicleAsksForNoPower() throws {
    let both = try tariff(element([component("TIME", "3"), component("PARKING_TIME", "5")].joined(separator: ",")))
    let shifts: [Session.Shift] = [
      .init(at: start + .seconds(600), activity: .idle), .init(at: start + .seconds(1200), activity: .charging),
      .init(at: start + .seconds(3000), activity: .idle),
    ]
    let usage = Usage(
      from: start, to: start + .seconds(3600), energy: kWh("9"), shifts: shifts, tariff: both, zone: .utc)
    let bill = Bill(usage)
    #expect(bill.periods.map(\.seconds) == [600, 600, 1800, 600])
    #expect(bill.totals.timeCost == price("2"))
    #expect(bill.totals.parkingCost == price("1.6667"))
    #expect(bill.totals.cost == price("3.6667"))
    #expect(bill.totals.parkingSeconds == 1200)
    #expect(bill.agrees(with: both, zone: .utc))
  }

  @Test func shiftsOutsideTheSessionAndInOneSecondAreSettled() {
    let shifts: [Session.Shift] = [
      .init(at: start - .seconds(30), activity: .idle), .init(at: start + .milliseconds(60_200), activity: .charging),
      .init(at: start + .milliseconds(60_900), activity: .idle), .init(at: start + .seconds(90), activity: .charging),
      .init(at: start + .seconds(90), activity: .idle), .init(at: start + .seconds(120), activity: .charging),
      .init(at: start + .seconds(900), activity: .idle),
    ]
    let usage = Usage(from: start, to: start + .seconds(600), energy: .zero, shifts: shifts, tariff: nil, zone: .utc)
    #expect(Bill(usage).periods.map(\.activity) == [.idle, .charging])
    #expect(Bill(usage).periods.map(\.seconds) == [120, 480])
  }

  // MARK: Limits of the price

  @Test func theLeastPriceHoldsBeforeAndAfterTax() throws {
    let least = try tariff(
      element(component("ENERGY", "0.25", vat: "10")), #","min_price":{"excl_vat":0.50,"incl_vat":0.55}"#)
    #expect(bill(least, minutes: 60, kWh: "1.2").totals.cost.amounts == price("0.5", "0.55"))
    #expect(
      bill(least, minutes: 60, kWh: "1.2").totals.energyCost?.amounts == price("0.3", "0.33"), "parts stay as they are")
    #expect(bill(least, minutes: 60, kWh: "2").totals.cost.amounts == price("0.5", "0.55"))
    #expect(bill(least, minutes: 60, kWh: "20").totals.cost.amounts == price("5", "5.5"))
    #expect(bill(least, minutes: 0, kWh: "0").totals.cost.amounts == price("0.5", "0.55"))
    let half = try tariff(element(component("ENERGY", "0.25", vat: "10")), #","min_price":{"excl_vat":2}"#)
    #expect(
      bill(half, minutes: 60, kWh: "4").totals.cost.amounts == price("2", "2"),
      "1.10 with tax would be below the 2 without")
  }

  @Test func theHighestPriceHoldsBeforeAndAfterTaxEachForItself() throws {
    let most = try tariff(
      element([component("FLAT", "0.5", vat: "20"), component("ENERGY", "0.25", vat: "10")].joined(separator: ",")),
      #","max_price":{"excl_vat":10,"incl_vat":11}"#)
    #expect(bill(most, minutes: 60, kWh: "30").totals.cost.amounts == price("8", "8.85"))
    #expect(bill(most, minutes: 60, kWh: "50").totals.cost.amounts == price("10", "11"))
    // 9.98 before tax stays below 10; 11.028 after tax does not stay below 11.
    #expect(bill(most, minutes: 60, kWh: "37.92").totals.cost.amounts == price("9.98", "11"))
    let untaxed = try tariff(element(component("ENERGY", "1")), #","max_price":{"excl_vat":10}"#)
    #expect(bill(untaxed, minutes: 60, kWh: "50").totals.cost == price("10"))
  }

  // MARK: Odd sessions

  @Test func aSessionWithoutTimeHasOnePeriod() throws {
    let both = try tariff(
      element([component("FLAT", "1"), component("ENERGY", "0.5"), component("TIME", "6")].joined(separator: ",")))
    let bill = bill(both, minutes: 0, kWh: "2")
    #expect(bill.periods.count == 1)
    #expect(bill.totals.cost == price("2"))
    let empty = self.bill(both, minutes: 0, kWh: "0")
    #expect(empty.periods.count == 1)
    #expect(empty.totals.cost == price("1"))
  }

  @Test func anEndBeforeTheStartCountsAsTheStart() {
    let bill = Bill(Usage(from: start, to: start - .seconds(60), energy: kWh("1"), tariff: nil, zone: .utc))
    #expect(bill.end == start)
    #expect(bill.totals.seconds == 0)
  }

  @Test func partsOfASecondAreDroppedAtBothEnds() {
    let usage = Usage(
      from: start + .milliseconds(900), to: start + .milliseconds(5100), energy: .zero, tariff: nil, zone: .utc)
    #expect(Bill(usage).totals.seconds == 5)
    #expect(Bill(usage).start == start)
  }

  @Test func whatNoSessionReachesIsCutAndSaid() throws {
    let dear = try tariff(
      element(
        [component("ENERGY", "1000000", vat: "100"), component("TIME", "1000000", vat: "100")].joined(separator: ",")))
    let most = Int64(Limits.sessionSeconds)
    func bill(_ seconds: Int64, _ energy: Energy) -> Bill {
      Bill(Usage(from: start, to: start + .seconds(seconds), energy: energy, tariff: dear, zone: centralEurope))
    }
    let tenth = Energy(tenthsOfWattHour: 1)
    #expect(!bill(most, Limits.sessionEnergy).isCut)
    #expect(!bill(most - 1, Limits.sessionEnergy - tenth).isCut)
    #expect(bill(most + 1, .zero).isCut)
    #expect(bill(60, Limits.sessionEnergy + tenth).isCut)
    #expect(bill(most + 1, .zero).totals.seconds == Limits.sessionSeconds)
    #expect(bill(60, Energy(tenthsOfWattHour: .max)).totals.energy == Limits.sessionEnergy)
    #expect(bill(.max / 1000 / 4, Energy(tenthsOfWattHour: .max)).agrees(with: dear, zone: centralEurope))
    #expect(bill(60, Energy(tenthsOfWattHour: -5)).totals.energy == .zero)
  }

  @Test func aMeterThatJumpsOrRunsBackwardsMakesNoPartNegative() throws {
    let clock = try tariff(
      element(component("ENERGY", "1"), when: #""max_duration":1800"#) + "," + element(component("ENERGY", "2")))
    let readings = ["2", "9000000", "1", "-5", "6", "0"].enumerated().map { index, register in
      reading(start + .seconds(600 * (index + 1)), kWh: register)
    }
    let bill = bill(clock, minutes: 70, kWh: "10", readings: readings)
    // 2 at 10 min, 6 at 50 min: 4 at 30 min.
    #expect(bill.periods.map(\.energy) == [kWh("4"), kWh("6")])
    #expect(bill.totals.cost == price("16"))
  }

  @Test func anOpenSessionIsPricedUpToNow() throws {
    let both = try tariff(element([component("ENERGY", "0.5"), component("TIME", "6")].joined(separator: ",")))
    var session = Session.example(tariff: both, at: start, meter: kWh("1000"))
    _ = session.read(reading(start + .seconds(600), kWh: "1003"), received: start)
    let readings = [reading(start, kWh: "1000"), reading(start + .seconds(600), kWh: "1003")]
    let running = Bill(Usage(session, readings: readings, zone: .utc, until: start + .seconds(1200)))
    #expect(running.totals.cost == price("3.5"))
    #expect(running.totals.energy == kWh("3"))
    _ = session.stop(at: start + .seconds(1800), meter: kWh("1004"), because: .local, received: start)
    let final = Bill(Usage(session, readings: readings, zone: .utc, until: start + .seconds(99_999)))
    #expect(final.totals.cost == price("5"))
    #expect(final.end == start + .seconds(1800))
  }

  @Test func aRecordIsPricedAgainFromItsPeriodsAlone() throws {
    let both = try tariff(
      element(component("ENERGY", "0.5", vat: "21"), when: #""max_kwh":4"#) + ","
        + element(
          [component("ENERGY", "0.25", vat: "21"), component("PARKING_TIME", "2", step: 900)].joined(separator: ",")))
    let bill = bill(both, minutes: 90, kWh: "9.8765", idleAfter: 61)
    var record = CDR()
    (record.startedAt, record.endedAt, record.tariff) = (bill.start, bill.end, both)
    (record.periods, record.totals) = (bill.periods, bill.totals)
    #expect(record.agrees(zone: .utc))
    record = try CDR.read(record.encoded()).value
    #expect(record.agrees(zone: .utc), "also after it was written and read")
    record.totals.energyCost = price("1")
    #expect(!record.agrees(zone: .utc))
  }
}

/// Step sizes (OCPI 2.2.1 §10.3.1).
@Suite struct StepSizeTests {
  private let five = at("2026-06-01T17:00:00Z")

  private func totals(
    _ tariff: Tariff, from: Int, charging: Int, idle: Int = 0, kWh total: String = "0", readings: [Reading] = []
  ) -> CDR.Totals {
    let start = five + .seconds(from * 60)
    let shifts = idle > 0 ? [Session.Shift(at: start + .seconds(charging * 60), activity: .idle)] : []
    let bill = Bill(
      Usage(
        from: start, to: start + .seconds((charging + idle) * 60), energy: kWh(total), readings: readings,
        shifts: shifts,
        tariff: tariff, zone: .utc))
    #expect(bill.agrees(with: tariff, zone: .utc))
    return bill.totals
  }

  private func beforeAndAfterFive(_ first: String, _ second: String) throws -> Tariff {
    try tariff(element(first, when: #""end_time":"17:00""#) + "," + element(second, when: #""start_time":"17:00""#))
  }

  @Test(arguments: [
    ("0.1152", 1, "0.029"), ("0.1152", 25, "0.0313"), ("0.125", 25, "0.0313"), ("0.101", 25, "0.0313"),
    ("0.1", 25, "0.025"), ("0.1152", 500, "0.125"), ("0.1152", 0, "0.0288"),
  ])
  func energyIsRoundedUpToTheStep(_ used: String, _ step: Int, _ cost: String) throws {
    let stepped = try tariff(element(component("ENERGY", "0.25", step: step)))
    #expect(totals(stepped, from: 0, charging: 10, kWh: used).cost == price(cost))
  }

  @Test func energyCountsOnceOnTheTotalAtTheLastPrice() throws {
    let stepped = try beforeAndAfterFive(component("ENERGY", "0.20", step: 500), component("ENERGY", "0.27", step: 500))
    let readings = [reading(five, kWh: "4.3")]
    // 5.4 becomes 5.5: 4.3 × 0.20 + 1.2 × 0.27.
    #expect(totals(stepped, from: -60, charging: 120, kWh: "5.4", readings: readings).cost == price("1.184"))
  }

  @Test func timeCountsOnceOnTheTotalAtTheLastPrice() throws {
    let stepped = try beforeAndAfterFive(component("TIME", "5", step: 600), component("TIME", "7", step: 600))
    #expect(totals(stepped, from: -6, charging: 28).cost == price("3.3"))
  }

  @Test func whereParkingEndsTheSessionChargingIsNotRounded() throws {
    let both = try tariff(
      element([component("TIME", "1", step: 300), component("PARKING_TIME", "1", step: 300)].joined(separator: ",")))
    let parked = totals(both, from: 0, charging: 21, idle: 7)
    #expect(parked.timeCost == price("0.35"))
    #expect(parked.parkingCost == price("0.1667"))
    #expect(totals(both, from: 0, charging: 21).timeCost == price("0.4167"))
  }

  @Test func whereChargingEndsTheSessionParkingIsNotRounded() throws {
    let both = try tariff(
      element([component("TIME", "1", step: 600), component("PARKING_TIME", "1", step: 600)].joined(separator: ",")))
    let start = five
    let shifts: [Session.Shift] = [
      .init(at: start, activity: .idle), .init(at: start + .seconds(420), activity: .charging),
    ]
    let bill = Bill(
      Usage(from: start, to: start + .seconds(720), energy: .zero, shifts: shifts, tariff: both, zone: .utc))
    #expect(bill.totals.parkingCost == price("0.1167"))
    #expect(bill.totals.timeCost == price("0.1667"))
  }

  @Test func whatNoComponentPricesDoesNotCount() throws {
    // OCPI's switch to free parking: 12 minutes charged, 8 paid for parking, 12 free.
    let free = try tariff(
      element(
        [component("TIME", "2.4", step: 900), component("PARKING_TIME", "1", step: 900)].joined(separator: ","),
        when: #""end_time":"20:00""#) + "," + element(component("TIME", "2.4", step: 900)))
    let totals = totals(free, from: 160, charging: 12, idle: 20)
    #expect(totals.cost == price("0.73"))
    #expect(totals.parkingSeconds == 1200)
    // Energy alike: 10 kWh without a price, then 1.2 in steps of one.
    let late = try tariff(element(component("ENERGY", "1", step: 1000), when: #""start_time":"17:00""#))
    let readings = [reading(five, kWh: "10")]
    #expect(self.totals(late, from: -60, charging: 120, kWh: "11.2", readings: readings).cost == price("2"))
  }

  @Test func parkingWithoutAPriceLeavesTheStepToCharging() throws {
    let charging = try tariff(element(component("TIME", "6", step: 600)))
    #expect(totals(charging, from: 0, charging: 21, idle: 7).cost == price("3"), "21 minutes become 30")
  }

  @Test func aFreeComponentIsAComponent() throws {
    let grace = try tariff(
      element(component("PARKING_TIME", "0", step: 600), when: #""max_duration":1800"#) + ","
        + element(component("PARKING_TIME", "3", step: 600)))
    let start = five
    let bill = Bill(
      Usage(
        from: start, to: start + .seconds(33 * 60), energy: .zero, shifts: [.init(at: start, activity: .idle)],
        tariff: grace, zone: .utc))
    #expect(bill.totals.parkingCost == price("0.5"), "33 minutes become 40, of which 10 are paid")
  }

  @Test func energyThatEndsBeforeTheLastPriceHoldsKeepsItsOwnStep() throws {
    let stepped = try beforeAndAfterFive(component("ENERGY", "1", step: 1000), component("ENERGY", "5", step: 3000))
    let readings = [reading(five - .seconds(60), kWh: "1.5")]
    #expect(totals(stepped, from: -60, charging: 120, kWh: "1.5", readings: readings).cost == price("2"))
  }
}
