import Testing
import Wire

@testable import Domain

/// Worked examples and records of others, from the folder that OSTLER_REFERENCE names. Without it these tests are
/// skipped.
@Suite(.enabled(if: Reference.isThere, "set OSTLER_REFERENCE to the folder of reference vectors"))
struct PricingReferenceTests {
  @Test func workedExamplesOfTheSpecification() throws {
    let vectors = try #require(try Reference.json("spec-worked/vectors.json").array)
    var priced = 0
    for vector in vectors {
      let id = try #require(vector["id"]?.string)
      priced += 1
      let bill = try bill(of: vector)
      // The text rounds this one to cents; the amount that it rounds is 4.997.
      let places = id == "adhoc_alt_text" ? 2 : 4
      if let expected = vector["expect_excl"]?.decimal {
        #expect(
          bill.totals.cost.beforeTax.decimal.rounded(toPlaces: places, .halfUp)
            == expected.rounded(toPlaces: places, .halfUp), "\(id)")
      }
      if let expected = vector["expect_incl"]?.decimal {
        let cost = bill.totals.cost.afterTax ?? bill.totals.cost.beforeTax
        #expect(cost.decimal.rounded(toPlaces: places, .halfUp) == expected.rounded(toPlaces: places, .halfUp), "\(id)")
      }
    }
    #expect(priced >= 17)
  }

  @Test func theSpecificationsBilledMinutes() throws {
    let vectors = try #require(try Reference.json("spec-worked/vectors.json").array)
    let parked = try #require(vectors.first { $0["id"]?.string == "cdr_21_7" })
    let totals = try bill(of: parked).totals
    #expect(totals.timeCost == price("0.35"), "21 minutes at 1 per hour")
    #expect(totals.parkingCost == price("0.1667"), "10 minutes at 1 per hour")
  }

  private func bill(of vector: JSON) throws -> Bill {
    let tariff: Tariff
    if let file = vector["tariff_file"]?.string {
      tariff = try Tariff.read(Reference.json("spec-worked/\(file)")).value
    } else {
      let elements = try #require(vector["elements"])
      tariff = try Tariff.read(.object(["id": "T", "currency": "EUR", "elements": elements])).value
    }
    let start = at(try #require(vector["start_local"]?.string) + ":00Z")
    var end = start
    var register = Decimal(0)
    var readings: [Reading] = []
    var shifts: [Session.Shift] = []
    var hold: Hold?
    for period in try #require(vector["periods"]?.array) {
      let kind = period["kind"]?.string
      if kind == "R" || kind == "X" {
        let seconds = Int(try #require(period["minutes"]?.int)) * 60
        hold = Hold(from: end - .seconds(seconds), until: end, ending: kind == "X" ? .expired : .used)
        continue
      }
      shifts.append(.init(at: end, activity: period["kind"]?.string == "P" ? .idle : .charging))
      end += .seconds(Int(try #require(period["minutes"]?.int)) * 60)
      register += try #require(period["kwh"]?.decimal)
      readings.append(
        Reading(
          at: end, register: Energy(wattHours: register * 1000), power: period["kw"]?.decimal.map { $0 * 1000 },
          current: period["amps"]?.decimal))
    }
    let energy = try #require(Energy(wattHours: register * 1000))
    let usage = Usage(
      from: start, to: end, energy: energy, readings: readings, shifts: shifts, tariff: tariff, zone: .utc)
    let bill =
      if let hold, hold.ending == .expired { Bill(hold, tariff: tariff, zone: .utc) } else { Bill(usage, after: hold) }
    #expect(bill.agrees(with: tariff, zone: .utc))
    return bill
  }

  @Test(arguments: [
    "025kwh_min_price/cdr1", "025kwh_min_price/cdr2_less_than_2kWh", "025kwh_start/cdr1",
    "grace_period_parking_time/cdr",
    "multiple_flat_fees/cdr", "simple_025kwh/cdr1", "simple_3hour_5parking/cdr1", "step_size/cdr1",
    "step_size_energy/cdr1",
  ])
  func recordsOfAnotherPricer(_ name: String) throws {
    let record = try Reference.json("tandemdrive/\(name).json")
    let folder = try #require(name.split(separator: "/").first)
    let tariff = try Tariff.read(Reference.json("tandemdrive/\(folder)/tariff.json")).value
    var periods: [ChargingPeriod] = []
    for entry in try #require(record["charging_periods"]?.array) {
      var period = ChargingPeriod()
      period.start = at(try #require(entry["start_date_time"]?.string))
      for dimension in try #require(entry["dimensions"]?.array) {
        let volume = try #require(dimension["volume"]?.decimal)
        switch dimension["type"]?.string {
        case "ENERGY": period.energy = try #require(Energy(wattHours: volume * 1000))
        case "PARKING_TIME": period.activity = .idle
        default: period.activity = .charging
        }
      }
      periods.append(period)
    }
    let totals = Pricing.price(
      periods: periods, from: at(try #require(record["start_date_time"]?.string)),
      to: at(try #require(record["end_date_time"]?.string)), tariff: tariff, zone: .utc)
    var expected: [String: Price] = [:]
    for field in ["total_cost", "total_fixed_cost", "total_energy_cost", "total_time_cost", "total_parking_cost"] {
      if let cost = record[field] { expected[field] = try Price.read(cost).value }
    }
    switch name {
    case "025kwh_min_price/cdr2_less_than_2kWh":
      // That pricer has no min_price; the specification has (11.3.1).
      expected["total_cost"] = price("0.5", "0.55")
    case "step_size/cdr1":
      // Its second period claims five minutes and its time stamps are two apart, the third the other way round; time
      // stamps count.
      expected["total_cost"] = price("0.43", "0.43")
      expected["total_time_cost"] = price("0.18", "0.18")
    default: break
    }
    let found: [String: Price?] = [
      "total_cost": totals.cost, "total_fixed_cost": totals.fixedCost, "total_energy_cost": totals.energyCost,
      "total_time_cost": totals.timeCost, "total_parking_cost": totals.parkingCost,
    ]
    for (field, wanted) in expected {
      let cost = try #require(found[field] ?? nil, "\(field)")
      #expect(cost.beforeTax == wanted.beforeTax, "\(field)")
      #expect((cost.afterTax ?? cost.beforeTax) == wanted.afterTax, "\(field)")
    }
  }

  @Test func everyTariffOfTheReferenceReadsAndHasNoError() throws {
    for name in [
      "025kwh_min_price", "025kwh_parking_start", "025kwh_start", "025kwh_start_max_price", "alt_text", "alt_url",
      "complex",
      "first_hour_kwh_free", "free_of_charge", "grace_period_parking_time", "multiple_flat_fees",
      "not_possible_alt_text",
      "put_example", "reservation_2_euro_fee_5_euro_per_hour", "reservation_5_euro_per_hour",
      "reservation_with_expire_fee",
      "reservation_with_expire_time", "restriction_example_max_duration", "restriction_example_max_power",
      "simple_025kwh",
      "simple_2hour", "simple_3hour_5parking", "step_size", "step_size_energy",
    ] {
      let tariff = try Tariff.read(Reference.json("tandemdrive/\(name)/tariff.json")).value
      #expect(tariff.check().filter { $0.severity == .error } == [], "\(name)")
    }
  }

  /// Sums that the specification states in prose, and that its tables get wrong.
  @Test func whatTheProseSays() throws {
    func cost(_ folder: String, minutes: Int, idle: Int, kWh total: String, from start: String, amperes: String? = nil)
      throws -> Price
    {
      let tariff = try Tariff.read(Reference.json("tandemdrive/\(folder)/tariff.json")).value
      let begin = at(start)
      let idleFrom = begin + .seconds(minutes * 60)
      let bill = Bill(
        Usage(
          from: begin, to: idleFrom + .seconds(idle * 60), energy: kWh(total),
          readings: [reading(idleFrom, kWh: total, amperes: amperes)],
          shifts: idle > 0 ? [.init(at: idleFrom, activity: .idle)] : [], tariff: tariff, zone: .utc))
      #expect(bill.agrees(with: tariff, zone: .utc))
      return bill.totals.cost.amounts
    }
    #expect(
      try cost("complex", minutes: 114, idle: 71, kWh: "20", from: "2019-02-09T13:30:00Z", amperes: "43")
        == price("12.375", "13.975"))
    #expect(
      try cost("alt_url", minutes: 60, idle: 0, kWh: "20.45", from: "2019-02-05T10:00:00Z") == price("5.625", "6.2375"))
    #expect(try cost("step_size", minutes: 12, idle: 20, kWh: "0", from: "2019-02-05T19:40:00Z") == price("0.73"))
    #expect(
      try cost("025kwh_start_max_price", minutes: 60, idle: 0, kWh: "50", from: "2019-02-05T10:00:00Z")
        == price("10", "11"))
    #expect(
      try cost("restriction_example_max_duration", minutes: 40, idle: 0, kWh: "0", from: "2019-02-05T10:00:00Z")
        == price("0"))
  }
}
