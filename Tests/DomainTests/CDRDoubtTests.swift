import Testing
import Wire

@testable import Domain

/// What speaks against another network's CDR.
struct CDRDoubtTests {
  private static let start = at("2026-05-04T10:00:00Z")

  private static func priced(_ text: String, _ more: String = "") throws -> RoamingTariff {
    let plain = try tariff(element(component("ENERGY", text)), more)
    return RoamingTariff(
      party: PartyID(country: "BE", party: "CPO"), ref: "T", tariff: plain, updatedAt: start, raw: [:])
  }

  /// Ten kWh in an hour at 0.30.
  private static func cdr(_ change: (inout RoamingCDR) throws -> Void = { _ in }) throws -> RoamingCDR {
    var cdr = RoamingCDR(
      party: PartyID(country: "BE", party: "CPO"), ref: "C1", token: TokenReference(), method: "WHITELIST",
      startedAt: start, endedAt: start + .seconds(3_600), currency: "EUR", cost: price("3"), energy: kWh("10"),
      time: decimal("1"), updatedAt: start, raw: [:])
    cdr.periods = [
      RoamingPeriod(startedAt: start, volumes: ["ENERGY": decimal("4"), "TIME": decimal("0.5")]),
      RoamingPeriod(startedAt: start + .seconds(1_800), volumes: ["ENERGY": decimal("6"), "TIME": decimal("0.5")]),
    ]
    cdr.tariffs = [try priced("0.30")]
    cdr.energyCost = price("3")
    try change(&cdr)
    return cdr
  }

  private static func kinds(
    _ context: CDRContext = CDRContext(zone: .utc, isAuthorized: true), _ change: (inout RoamingCDR) throws -> Void
  ) throws -> [CDRDoubt.Kind] {
    try cdr(change).doubts(context).map(\.kind)
  }

  @Test func oneThatIsRightHasNone() throws {
    #expect(try Self.kinds { _ in } == [])
  }

  @Test func aCentOfRoundingIsNoDoubtAndTwoAreOne() throws {
    #expect(try Self.kinds { ($0.cost, $0.energyCost) = (price("3.01"), price("3.01")) } == [])
    #expect(try Self.kinds { ($0.cost, $0.energyCost) = (price("3.02"), price("3.02")) } == [.tariff])
  }

  @Test func whatIsNotInOrderIsNotPriced() throws {
    #expect(try Self.kinds { $0.endedAt = Self.start - .seconds(1) }.first == .order)
    #expect(try Self.kinds { $0.periods = [] }.first == .order)
    #expect(try Self.kinds { $0.periods.swapAt(0, 1) }.first == .order)
    #expect(try Self.kinds { $0.startedAt = Self.start - .seconds(60) }.first == .order)
    #expect(try Self.kinds { $0.periods[0].volumes["ENERGY"] = decimal("-4") }.first == .order)
    let endless = try Self.kinds { cdr in
      cdr.endedAt = Self.start + .seconds(400 * 86_400)
      cdr.periods[0].volumes["ENERGY"] = decimal("1000000000")
    }
    #expect(endless.contains(.order) && !endless.contains(.tariff))
  }

  @Test func sumsAreHeldAgainstTheWhole() throws {
    #expect(try Self.kinds { $0.energy = kWh("10.01") } == [.energy])
    #expect(try Self.kinds { $0.time = decimal("1.5") } == [.time])
    #expect(try Self.kinds { $0.fixedCost = price("1") } == [.parts])
    // A least price stands beside the parts.
    let bounded = try Self.priced("0.30", #","min_price":{"excl_vat":5.00}"#)
    #expect(try Self.kinds { ($0.tariffs, $0.cost) = ([bounded], price("5")) } == [])
  }

  /// It starts with its reservation, and its total time is that of the session (OCPI 2.2.1 §10.3.1).
  @Test(arguments: ["1", "1.25"]) func aReservationBeforeItsSessionIsNoDoubt(_ hours: String) throws {
    let kinds = try Self.kinds { cdr in
      cdr.startedAt = Self.start - .seconds(900)
      cdr.periods.insert(
        RoamingPeriod(startedAt: cdr.startedAt, volumes: ["ENERGY": 0, "RESERVATION_TIME": decimal("0.25")]), at: 0)
      cdr.time = decimal(hours)
    }
    #expect(kinds == [])
  }

  @Test(arguments: [("5.75", true), ("0.75", true), ("3", false)])
  func aReservationAloneMayHaveExpiredOrBeenGivenUp(_ cost: String, _ isRight: Bool) throws {
    let held = try tariff(
      element(component("FLAT", "5"), when: #""reservation":"RESERVATION_EXPIRES""#) + ","
        + element(component("TIME", "3"), when: #""reservation":"RESERVATION""#))
    let kinds = try Self.kinds { cdr in
      cdr.endedAt = Self.start + .seconds(900)
      cdr.periods = [RoamingPeriod(startedAt: Self.start, volumes: ["RESERVATION_TIME": decimal("0.25")])]
      (cdr.energy, cdr.time, cdr.energyCost) = (.zero, .zero, nil)
      (cdr.cost, cdr.reservationCost) = (price(cost), price(cost))
      cdr.tariffs[0].tariff = held
    }
    #expect(kinds == (isRight ? [] : [.tariff]))
  }

  @Test func aVolumeOfZeroIsNoParkingAndNoReservation() throws {
    let kinds = try Self.kinds { cdr in
      for index in cdr.periods.indices {
        cdr.periods[index].volumes["PARKING_TIME"] = .zero
        cdr.periods[index].volumes["RESERVATION_TIME"] = .zero
      }
    }
    #expect(kinds == [])
  }

  @Test func withoutATariffOnlyWhatIsFreeIsExplained() throws {
    #expect(try Self.kinds { $0.tariffs = [] } == [.unexplained])
    #expect(try Self.kinds { ($0.tariffs, $0.cost, $0.energyCost) = ([], price("0"), nil) } == [])
  }

  @Test func anotherPriceThanWasAnnouncedIsADoubtOfItsOwn() throws {
    let context = CDRContext(announced: try Self.priced("0.20").tariff, zone: .utc, isAuthorized: true)
    #expect(try Self.kinds(context) { _ in } == [.announced])
    // Where its own tariff does not hold either, one doubt is enough.
    #expect(try Self.kinds(context) { ($0.cost, $0.energyCost) = (price("9"), price("9")) } == [.tariff])
    let foreign = CDRContext(
      announced: try tariff(element(component("ENERGY", "0.30")), "").inDollars, zone: .utc, isAuthorized: true)
    #expect(try Self.kinds(foreign) { _ in } == [.announced])
  }

  @Test func severalTariffsInOneCDRAreNotPriced() throws {
    let kinds = try Self.kinds { cdr in
      (cdr.periods[0].tariff, cdr.periods[1].tariff) = ("T", "T2")
      (cdr.cost, cdr.energyCost) = (price("7"), price("7"))
    }
    #expect(kinds == [.unexplained])
  }

  @Test func whatDependsOnAClockThatNobodyKnowsIsNotPriced() throws {
    let context = CDRContext(zone: nil, isAuthorized: true)
    #expect(try Self.kinds(context) { ($0.cost, $0.energyCost) = (price("9"), price("9")) } == [])
  }

  @Test func aCreditTakesBackExactlyWhatItNames() throws {
    func kinds(_ credited: Price?, _ cost: String) throws -> [CDRDoubt.Kind] {
      try Self.kinds(CDRContext(zone: .utc, credited: credited, isAuthorized: true)) { cdr in
        (cdr.isCredit, cdr.creditReference, cdr.cost) = (true, "C0", price(cost))
      }
    }
    #expect(try kinds(price("3"), "-3") == [])
    #expect(try kinds(price("3"), "3") == [.credit])
    #expect(try kinds(nil, "-3") == [.credit])
  }

  @Test func aDoubtIsReadBackAsItWasWritten() throws {
    let doubt = CDRDoubt(.announced, "it costs 3, by the tariff that was announced 2")
    #expect(try CDRDoubt.read(doubt.json.bytes).value == doubt)
  }

  /// Whatever another network sends, judging it never ends the process.
  @Test(arguments: 1...200) func noCDRIsTooStrangeToBeJudged(seed: Int) throws {
    var random = Seeded(seed)
    func number(_ most: Int) -> Decimal {
      Decimal(Int.random(in: -most...most, using: &random), places: Int.random(in: 0...6, using: &random))
    }
    var cdr = try Self.cdr()
    cdr.cost = Price(beforeTax: Money(read: number(1_000_000_000)) ?? .zero)
    cdr.energyCost = Price(beforeTax: Money(read: number(1_000_000_000)) ?? .zero)
    cdr.timeCost = Price(beforeTax: Money(read: number(1_000_000_000)) ?? .zero)
    cdr.time = number(1_000_000_000)
    cdr.energy = Energy(wattHours: number(1_000_000_000) * 1000) ?? .zero
    cdr.endedAt = Self.start + .seconds(Int.random(in: -100_000...100_000_000, using: &random))
    cdr.periods = (0..<Int.random(in: 0...20, using: &random)).map { index in
      RoamingPeriod(
        startedAt: Self.start + .seconds(index * Int.random(in: 0...5_000, using: &random)),
        volumes: [
          "ENERGY": number(1_000_000_000), "TIME": number(1_000), "PARKING_TIME": number(1_000),
          "MAX_POWER": number(1_000_000_000), "MAX_CURRENT": number(1_000_000_000),
        ])
    }
    let doubts = cdr.doubts(CDRContext(announced: cdr.tariffs[0].tariff, zone: .utc, isAuthorized: false))
    #expect(!doubts.isEmpty)
  }
}

extension Tariff {
  fileprivate var inDollars: Tariff {
    var tariff = self
    tariff.currency = "USD"
    return tariff
  }
}
