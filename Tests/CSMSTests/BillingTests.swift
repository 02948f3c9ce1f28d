import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What a session costs: one CDR, in the turn of its stop.
@MainActor
struct BillingTests {
  let house: HouseUnderTest
  let partner: Partner
  let station: Caller

  init() throws {
    house = try HouseUnderTest().furnish()
    partner = try house.addPartner()
    try house.addToken("CARD")
    try house.addToken("DE-1", of: partner)
    station = try house.connect("CS-1")
  }

  /// A session of an hour.
  private func charge(_ tag: String, _ wattHours: Int64) throws -> Int64 {
    let transaction = try station.start(tag, meter: 1_000).transaction
    house.clock.now += .seconds(3_600)
    try station.stop(transaction, meter: 1_000 + wattHours)
    return transaction
  }

  @Test func aBillThatIsCorrectedAfterItsStationWentNamesThePlaceAsItWas() async throws {
    let bill = try house.cdr(of: try charge("CARD", 11_000))
    try await house.csms.removeStation(StationIdentity("CS-1")!, by: "anna")
    _ = try await house.csms.creditCDR(bill.id, because: "wrong price", billsAgain: true, by: "anna")
    let again = try #require(try house.books.cdrs.cdr(session: bill.session)?.cdr)
    #expect(again.id != bill.id && again.place == bill.place && again.timeZone == bill.timeZone)
  }

  @Test func aBillThatIsCorrectedAfterItsSiteWentIsPricedByTheClockOfThatSite() async throws {
    let bill = try house.cdr(of: try charge("CARD", 11_000))
    let place = try #require(try house.books.locations.first())
    try await house.csms.removeStation(StationIdentity("CS-1")!, by: "anna")
    try await house.csms.removeLocation(place.id, by: "anna")
    _ = try await house.csms.creditCDR(bill.id, because: "wrong price", billsAgain: true, by: "anna")
    let again = try #require(try house.books.cdrs.cdr(session: bill.session)?.cdr)
    #expect(again.id != bill.id && again.place == bill.place && again.timeZone == bill.timeZone)
    let costs = SessionCosts(books: house.books, zones: house.csms.zones, currency: "EUR")
    let session = try #require(try house.books.sessions.session(bill.session))
    #expect(try costs.zoneName(of: session) == place.timeZone && again.totals == bill.totals)
  }

  @Test func aBillOfWhichTheReadingsAreGoneIsTakenBackAndNotMadeAnew() async throws {
    let bill = try house.cdr(of: try charge("CARD", 11_000))
    house.clock.now += .seconds(401 * 86_400)
    await #expect(throws: Refusal.self) {
      try await house.csms.creditCDR(bill.id, because: nil, billsAgain: true, by: "anna")
    }
    #expect(try house.books.cdrs.cdr(bill.id)?.creditedBy == nil)
    _ = try await house.csms.creditCDR(bill.id, because: nil, billsAgain: false, by: "anna")
  }

  @Test func theCDRIsMadeInTheTurnOfTheStop() throws {
    let transaction = try station.start("DE-1", meter: 1_000).transaction
    house.clock.now += .seconds(3_600)
    let heard = Heard<StopVerdict>()
    let report = Caller.stopReport(transaction, meter: 11_000, tag: nil, at: house.now)
    let id = try house.session(transaction).id
    let isThere = Answer<Bool>()
    house.csms.take([
      heard.errand { [desk = station.desk] () throws(TurnFault) in try desk.stop(report) },
      Errand(
        decide: { [books = house.books] () throws(TurnFault) in
          let cdr = try? books.cdrs.cdr(session: id)
          isThere.hear(cdr != nil)
          return {}
        }, fail: { _ in }),
    ])
    #expect(isThere.value == true)
    let cdr = try house.cdr(of: transaction)
    #expect(cdr.totals.energy == Energy(tenthsOfWattHour: 100_000))
    #expect(cdr.totals.seconds == 3_600)
    #expect(cdr.totals.cost.beforeTax == Money(tenThousandths: 30_000))
    #expect(cdr.totals.cost.afterTax == Money(tenThousandths: 36_300))
    #expect(cdr.place.location == "LOC1" && cdr.place.evse == "uid-CS-1-1" && cdr.place.station == "CS-1")
    #expect(cdr.token.uid == "DE-1" && cdr.country == "NL" && cdr.party == "OST")
    #expect(!cdr.isEstimated && cdr.heldBecause == nil)
    #expect(try house.books.cdrs.cdr(cdr.id)?.partner == partner.id)
  }

  @Test func whereTheTurnOfTheStopFailsThereIsNoCDRAndTheStationTriesAgain() throws {
    let transaction = try station.start("DE-1").transaction
    house.clock.now += .seconds(600)
    let heard = Heard<StopVerdict>()
    let report = Caller.stopReport(transaction, meter: 100, tag: nil, at: house.now)
    house.failNextTurn([heard.errand { [desk = station.desk] () throws(TurnFault) in try desk.stop(report) }])
    #expect(heard.fault != nil)
    #expect(try house.session(transaction).state == .active)
    #expect(house.partners.sent("cdrs").isEmpty)
    try station.stop(transaction, meter: 100, at: report.at)
    #expect(try house.count("cdr.made") == 1)
  }

  @Test(arguments: [
    // A session of one hour at 22,080 W: what it may be at most, with the tolerance of its meter.
    (Int64(25_300), false), (25_500, true), (8_000_000, true),
  ]) func moreEnergyThanTheConnectorGivesIsHeld(wattHours: Int64, isHeld: Bool) throws {
    let transaction = try charge("DE-1", wattHours)
    let cdr = try house.cdr(of: transaction)
    #expect((cdr.heldBecause != nil) == isHeld)
    house.settle()
    #expect(house.partners.sent("cdrs").isEmpty == isHeld)
  }

  @Test func aMeterThatRanBackwardsIsHeldAndNothingIsNegative() throws {
    let transaction = try charge("DE-1", -500)
    let cdr = try house.cdr(of: transaction)
    #expect(cdr.heldBecause != nil)
    #expect(cdr.totals.energy == .zero)
    #expect(cdr.totals.cost.beforeTax == .zero)
  }

  @Test func aPartnerSeesAHeldCDRNeitherInItsListNorByItsId() async throws {
    let caller = try house.caller(partner)
    let held = try house.cdr(of: try charge("DE-1", 8_000_000))
    let free = try house.cdr(of: try charge("DE-1", 8_000))
    let page = try await house.csms.cdrs(PageQuery(limit: 10), for: caller)
    #expect(page.items.map(\.id) == [free.id])
    await #expect(throws: PartnerFault.unknownObject) { try await house.csms.cdr(held.id, for: caller) }
    #expect(try await house.csms.cdr(free.id, for: caller).id == free.id)
  }

  @Test func aHeldCDRGoesOnceTheOperatorReleasesItAndOnlyOnce() async throws {
    let held = try house.cdr(of: try charge("DE-1", 8_000_000))
    house.clock.now += .seconds(3_600)
    try await house.csms.releaseCDR(held.id, by: "anna")
    house.pass(3)
    #expect(house.partners.sent("cdrs").map { $0.body["id"]?.string } == [held.id])
    await #expect(throws: Refusal.self) { try await house.csms.releaseCDR(held.id, by: "anna") }
    await #expect(throws: Refusal.self) { try await house.csms.releaseCDR("nobody", by: "anna") }
    // Whoever pages by time finds it at the time of its release.
    let page = try await house.csms.cdrs(
      PageQuery(from: house.now - .seconds(60), limit: 10), for: try house.caller(partner))
    #expect(page.items.map(\.id) == [held.id])
  }

  @Test func aSessionWithoutAMeterStopIsEstimated() throws {
    let transaction = try station.start("CARD").transaction
    house.clock.now += .seconds(60)
    try station.meter(transaction, 80)
    house.clock.now += .seconds(60)
    try station.stop(transaction, meter: nil)
    let cdr = try house.cdr(of: transaction)
    #expect(cdr.isEstimated)
    #expect(cdr.totals.energy == Energy(tenthsOfWattHour: 800))
  }

  @Test func ofASessionThatNobodyMeteredNothingIsCharged() throws {
    let transaction = try station.start("CARD").transaction
    try station.stop(transaction, meter: 0)
    let cdr = try house.cdr(of: transaction)
    #expect(cdr.totals.seconds == 0 && cdr.totals.energy == .zero && cdr.totals.cost.beforeTax == .zero)
  }

  @Test func aCreditTakesABillBackAndGoesToThePartnerAsARecordOfItsOwn() async throws {
    let bill = try house.cdr(of: try charge("DE-1", 8_000))
    house.pass(2)
    let id = try await house.csms.creditCDR(bill.id, because: "wrong price", billsAgain: false, by: "anna")
    house.pass(2)
    #expect(id == "C" + bill.id.replacing("-", with: "") && id.count == 33)
    let credit = try #require(try house.books.cdrs.cdr(id)).cdr
    #expect(credit.isCredit && credit.credits == bill.id && credit.remark == "wrong price")
    #expect(credit.totals.cost == bill.totals.cost.negated)
    #expect(credit.totals.energyCost == bill.totals.energyCost)
    #expect(house.partners.sent("cdrs").map { $0.body["id"]?.string } == [bill.id, id])
    #expect(try house.books.cdrs.cdr(bill.id)?.creditedBy == id)
    #expect(try house.books.cdrs.cdr(session: bill.session) == nil, "no bill of the session counts any more")
    #expect(try house.count("cdr.credited") == 1)
    for again in [bill.id, id] {
      await #expect(throws: Refusal.self) {
        try await house.csms.creditCDR(again, because: nil, billsAgain: false, by: "anna")
      }
    }
  }

  @Test func creditIsInTheHousesMoneyAndNoOtherIsTakenFromIt() async throws {
    var token = try house.addToken("PREPAID")
    token.credit = Money(tenThousandths: 100_000)
    let paid = token
    try house.write { books throws(StoreFault) in
      try books.tokens.update(paid)
      guard var dear = try books.tariffs.list(limit: 1).first else { return }
      dear.tariff.currency = "SEK"
      try books.tariffs.update(dear.id, to: dear.tariff, at: house.now)
    }
    let transaction = try charge("PREPAID", 8_000)
    let bill = try house.cdr(of: transaction)
    #expect(bill.currency == "SEK" && bill.totals.cost.total > .zero)
    #expect(try house.books.tokens.token(paid.id)?.credit == Money(tenThousandths: 100_000))
    #expect(try house.books.limits.limit(of: bill.session) == nil, "what is left is no limit in another money")
    _ = try await house.csms.creditCDR(bill.id, because: nil, billsAgain: false, by: "anna")
    #expect(try house.books.tokens.token(paid.id)?.credit == Money(tenThousandths: 100_000))
  }

  @Test func aSessionIsBilledOnceMoreFromWhatIsKnownByThen() async throws {
    let transaction = try charge("DE-1", 8_000)
    let bill = try house.cdr(of: transaction)
    _ = try await house.csms.creditCDR(bill.id, because: nil, billsAgain: true, by: "anna")
    house.pass(2)
    let again = try house.cdr(of: transaction)
    #expect(again.id != bill.id && !again.isCredit)
    #expect(again.totals == bill.totals)
    #expect(house.partners.sent("cdrs").count == 3)
    // Money and energy count once.
    let sum = try house.books.usage.sum(of: .house, from: 0, to: 4_000_000)
    #expect(sum.figures.energy == bill.totals.energy && sum.figures.sessions == 1)
    #expect(sum.revenue == ["EUR": bill.totals.cost.beforeTax])
  }

  @Test func whatIsHeldIsReleasedAndNotCredited() async throws {
    let held = try house.cdr(of: try charge("DE-1", 8_000_000))
    await #expect(throws: Refusal.self) {
      try await house.csms.creditCDR(held.id, because: nil, billsAgain: false, by: "anna")
    }
  }

  @Test func useIsCountedInTheCommitOfTheBill() throws {
    let bill = try house.cdr(of: try charge("DE-1", 8_000))
    let quarters = try house.books.usage.quarters(of: .house, from: 0, to: 4_000_000)
    #expect(quarters.map(\.quarter) == bill.usage.map(\.quarter))
    #expect(quarters.map(\.figures) == bill.usage.map(\.figures))
    #expect(quarters.reduce(.zero) { $0 + $1.figures.energy } == bill.totals.energy)
    let connector = try house.evse().connectors[0].id
    let location = try #require(try house.books.locations.first()?.id)
    for scope in [UsageScope.house, .location(location), .stay(connector.value)] {
      let sum = try house.books.usage.sum(of: scope, from: 0, to: 4_000_000)
      #expect(sum.figures.energy == bill.totals.energy && sum.figures.busySeconds == bill.totals.seconds)
    }
  }

  @Test func aTariffForItsTimeAndItsWayOfPayingIsChosen() throws {
    try house.write { books throws(StoreFault) in
      guard let first = try books.tariffs.list(limit: 1).first, var evse = try books.stations.evses(of: ID(1)).first
      else { return }
      var later = first.tariff
      (later.ref, later.validFrom) = ("T2", house.now + .seconds(3_600))
      later.elements[0].components[0].price = Decimal(5, places: 1)
      let next = try books.tariffs.create(later, of: first.party, at: house.now)
      var old = first.tariff
      old.validUntil = house.now + .seconds(3_600)
      _ = try books.tariffs.update(first.id, to: old, at: house.now)
      evse.connectors[0].moreTariffs = [next.id]
      try books.stations.update(evse.connectors[0])
      #expect(try books.tariffs.whereUsed(next.id).count == 1)
    }
    #expect(try house.evse().connectors[0].tariffs.count == 2)
    #expect(try house.cdr(of: try charge("DE-1", 1_000)).tariff?.ref == "T1")
    house.clock.now += .seconds(3_600)
    #expect(try house.cdr(of: try charge("DE-1", 1_000)).tariff?.ref == "T2")
  }

  @Test func theTariffIsThatOfTheStart() throws {
    let transaction = try station.start("CARD").transaction
    try house.write { books throws(StoreFault) in
      guard let held = try books.tariffs.list(limit: 1).first else { return }
      var dear = held.tariff
      dear.elements[0].components[0].price = Decimal(9)
      _ = try books.tariffs.update(held.id, to: dear, at: house.now)
    }
    house.clock.now += .seconds(3_600)
    try station.stop(transaction, meter: 1_000)
    #expect(try house.cdr(of: transaction).totals.cost.beforeTax == Money(tenThousandths: 3_000))
  }

  @Test func aZoneThatThisMachineDoesNotKnowKeepsNoSessionFromEnding() throws {
    try house.write { books throws(StoreFault) in
      guard var location = try books.locations.first() else { return }
      location.timeZone = "Mars/Olympus"
      try books.locations.update(location)
    }
    let transaction = try charge("DE-1", 5_000)
    #expect(try house.cdr(of: transaction).heldBecause != nil)
    #expect(try house.session(transaction).state == .completed)
  }

  @Test func theOperatorClosesARunningSessionOnceAndNoOther() async throws {
    let transaction = try station.start("CARD").transaction
    let id = try house.session(transaction).id
    try await house.csms.closeSession(id, because: "stuck", by: "anna")
    #expect(try house.session(transaction).ending == .closedByOperator)
    #expect(try house.count("session.closed") == 1)
    await #expect(throws: Refusal.self) { try await house.csms.closeSession(id, because: "again", by: "anna") }
    await #expect(throws: Refusal.self) { try await house.csms.closeSession("nobody", because: "x", by: "anna") }
    #expect(try house.count("session.closed") == 1)
  }

  @Test(arguments: [("2026-03-28T23:30:00Z", 23), ("2026-10-24T22:30:00Z", 25)])
  func aNightInWhichTheClockIsSetIsBilledByItsRealLength(
    start: String, hours: Int64
  ) throws {
    // Half an hour into the local day, until half an hour into the next; cheap between 22:00 and 06:00.
    let begin = Timestamp(start)!
    house.clock.now = begin
    try house.write { books throws(StoreFault) in
      guard let held = try books.tariffs.list(limit: 1).first else { return }
      var night = Tariff.Restrictions()
      (night.startTime, night.endTime) = ("22:00", "06:00")
      var tariff = held.tariff
      tariff.elements = [
        Tariff.Element([Tariff.Component(.time, price: Decimal(1))], when: night),
        Tariff.Element([Tariff.Component(.time, price: Decimal(10))]),
      ]
      _ = try books.tariffs.update(held.id, to: tariff, at: house.now)
    }
    let transaction = try station.start("CARD").transaction
    house.clock.now += .seconds(hours * 3_600)
    try station.stop(transaction, meter: 1_000)
    let cdr = try house.cdr(of: transaction)
    #expect(cdr.totals.seconds == Int(hours) * 3_600)
    #expect(cdr.periods.reduce(0) { $0 + $1.seconds } == cdr.totals.seconds)
    // Sixteen hours of day; the rest is night, shorter or longer by the hour that was skipped or came twice.
    #expect(cdr.totals.cost.beforeTax == Money(tenThousandths: (16 * 10 + hours - 16) * 10_000))
    #expect(cdr.heldBecause == nil)
  }
}
