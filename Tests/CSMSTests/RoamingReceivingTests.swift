import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What other networks tell us.
@MainActor
struct RoamingReceivingTests {
  let house: HouseUnderTest
  let network: Partner
  let caller: PartnerCaller
  let party = PartyID(country: "BE", party: "CPO")

  init() throws {
    house = try HouseUnderTest().furnish()
    network = try house.addNetwork()
    caller = try house.caller(network)
    try house.addToken("CARD")
  }

  private func key(_ ref: String) -> RoamingKey { RoamingKey(partner: network.id, party: party, ref: ref) }

  static func location(
    _ ref: String = "L1", at time: Timestamp, status: String = "AVAILABLE", name: String = "Zoo", tariff: String = "T1"
  ) -> RoamingLocation {
    var location = RoamingLocation(
      party: PartyID(country: "BE", party: "CPO"), ref: ref, updatedAt: time,
      raw: ["id": .string(ref), "name": .string(name), "status": .string(status), "at": .string(time.text)])
    (location.name, location.address, location.city, location.country) = (name, "Weg 1", "Gent", "BEL")
    (location.latitude, location.longitude) = (Decimal(51), Decimal(37, places: 1))
    location.timeZone = "Europe/Brussels"
    location.evses = [
      RoamingEVSE(
        uid: "\(ref)-E1", evseID: "BE*CPO*E1", status: status,
        connectors: [
          RoamingConnector(
            id: "1", standard: "IEC_62196_T2", format: "SOCKET", powerType: "AC_3_PHASE", maxPower: 22_080,
            tariffs: [tariff])
        ])
    ]
    return location
  }

  static func tariff(_ price: Decimal = Decimal(3, places: 1), at time: Timestamp, ref: String = "T1") -> RoamingTariff
  {
    var plain = Tariff()
    plain.ref = ref
    plain.elements = [Tariff.Element([Tariff.Component(.energy, price: price)])]
    return RoamingTariff(
      party: PartyID(country: "BE", party: "CPO"), ref: ref, tariff: plain, updatedAt: time,
      raw: ["id": .string(ref), "price": .string(price.description), "at": .string(time.text)])
  }

  static func session(
    _ ref: String = "S1", uid: String = "CARD", status: String = "ACTIVE", kWh: Int64 = 0, at time: Timestamp
  ) -> RoamingSession {
    RoamingSession(
      party: PartyID(country: "BE", party: "CPO"), ref: ref,
      token: TokenReference(
        party: PartyID(country: "NL", party: "DRV"), uid: uid, kind: .rfid, contractID: "C-\(uid)"),
      method: "WHITELIST", status: status, startedAt: time, energy: Energy(tenthsOfWattHour: kWh * 10_000),
      currency: "EUR", updatedAt: time,
      raw: ["id": .string(ref), "status": .string(status), "kwh": .number(JSONNumber(kWh)), "at": .string(time.text)])
  }

  /// Ten kWh in an hour, by the tariff of 0.30.
  static func cdr(
    _ ref: String = "C1", uid: String = "CARD", session: String? = "S1", cost: Decimal = Decimal(3),
    tariff: RoamingTariff? = nil, at start: Timestamp
  ) -> RoamingCDR {
    var cdr = RoamingCDR(
      party: PartyID(country: "BE", party: "CPO"), ref: ref,
      token: TokenReference(
        party: PartyID(country: "NL", party: "DRV"), uid: uid, kind: .rfid, contractID: "C-\(uid)"),
      method: "WHITELIST", startedAt: start, endedAt: start + .seconds(3_600), currency: "EUR",
      cost: Price(beforeTax: Money(rounding: cost)), energy: Energy(tenthsOfWattHour: 100_000), time: Decimal(1),
      updatedAt: start + .seconds(3_700), raw: ["id": .string(ref), "cost": .string(cost.description)])
    cdr.session = session
    (cdr.location, cdr.evse, cdr.connector) = ("L1", "L1-E1", "1")
    cdr.periods = [RoamingPeriod(startedAt: start, volumes: ["ENERGY": Decimal(10), "TIME": Decimal(1)])]
    cdr.energyCost = cdr.cost
    if let tariff { cdr.tariffs = [tariff] }
    return cdr
  }

  private func put(_ location: RoamingLocation) async throws -> Bool {
    try await house.csms.keepLocation(key(location.ref), from: caller) { _ in location }
  }

  private func put(_ session: RoamingSession) async throws -> Bool {
    try await house.csms.keepSession(key(session.ref), from: caller) { _ in session }
  }

  private func put(_ tariff: RoamingTariff) async throws -> Bool {
    try await house.csms.keepTariff(key(tariff.ref), from: caller) { _ in tariff }
  }

  private func found(_ adjust: (inout RoamingFilter) -> Void = { _ in }) throws -> [String] {
    var filter = RoamingFilter()
    adjust(&filter)
    return try house.books.roamingPlaces.list(filter, limit: 100).map(\.key.ref)
  }

  // MARK: Stations

  @Test func aLocationIsKeptAsItCameAndFoundByWhatItHas() async throws {
    #expect(try await put(Self.location(at: house.now)))
    #expect(try await put(Self.location("L2", at: house.now, status: "CHARGING", name: "Station")))
    #expect(try found() == ["L1", "L2"])
    #expect(try found { $0.text = "zoo" } == ["L1"])
    #expect(try found { $0.text = "be*cpo*e1" } == ["L1", "L2"])
    #expect(try found { $0.isAvailable = true } == ["L1"])
    #expect(try found { $0.power = 22_080 } == ["L1", "L2"])
    #expect(try found { $0.power = 22_081 } == [])
    #expect(try found { $0.standard = "IEC_62196_T2" } == ["L1", "L2"])
    #expect(try found { $0.standard = "IEC_62196_T2_COMBO" } == [])
    #expect(
      try found { ($0.southWest, $0.northEast) = ((Decimal(50), Decimal(3)), (Decimal(52), Decimal(4))) }.count == 2)
    #expect(try found { ($0.southWest, $0.northEast) = ((Decimal(50), Decimal(4)), (Decimal(52), Decimal(5))) } == [])
    #expect(try await house.csms.roamingLocation(key("l1"))["name"]?.string == "Zoo")
  }

  @Test func olderNewsOfALocationChangesNothing() async throws {
    #expect(try await put(Self.location(at: house.now)))
    #expect(try await !put(Self.location(at: house.now - .seconds(60), name: "Old")))
    #expect(try await house.csms.roamingLocation(key("L1"))["name"]?.string == "Zoo")
    #expect(try await !put(Self.location(at: house.now + .seconds(1), name: "New")))
    #expect(try await house.csms.roamingLocation(key("L1"))["name"]?.string == "New")
  }

  @Test func aLocationWhoseEVSEsAreAllRemovedIsGone() async throws {
    _ = try await put(Self.location(at: house.now))
    _ = try await put(Self.location(at: house.now + .seconds(1), status: "REMOVED"))
    #expect(try found() == [])
    #expect(try found { $0.withGone = true } == ["L1"])
  }

  @Test func aTariffThatIsDeletedIsGoneAndItsHistoryStays() async throws {
    #expect(try await put(Self.tariff(at: house.now)))
    let announced = house.now
    house.clock.now += .seconds(3_600)
    #expect(try await !put(Self.tariff(Decimal(9, places: 1), at: house.now)))
    try await house.csms.removeTariff(key("T1"), from: caller)
    await #expect(throws: PartnerFault.unknownObject) { try await house.csms.roamingTariff(key("T1")) }
    await #expect(throws: PartnerFault.unknownObject) { try await house.csms.removeTariff(key("T1"), from: caller) }
    let before = try #require(try house.books.roamingTariffs.announced(key("T1"), at: announced + .seconds(10)))
    let after = try #require(try house.books.roamingTariffs.announced(key("T1"), at: house.now))
    #expect(before.elements[0].components[0].price == Decimal(3, places: 1))
    #expect(after.elements[0].components[0].price == Decimal(9, places: 1))
  }

  // MARK: Sessions

  @Test func aSessionThatIsOverDoesNotRunAgainByNewsOfTheSameSecond() async throws {
    let begun = house.now
    #expect(try await put(Self.session(at: begun)))
    #expect(try await !put(Self.session(status: "COMPLETED", kWh: 5, at: begun + .seconds(60))))
    #expect(try await !put(Self.session(kWh: 5, at: begun + .seconds(60))))
    let key = key("S1")
    #expect(try house.books.roamingUses.session(key)?.status == "COMPLETED")
    // An operator that takes its word back later is believed.
    #expect(try await !put(Self.session(kWh: 6, at: begun + .seconds(120))))
    #expect(try house.books.roamingUses.session(key)?.status == "ACTIVE")
  }

  @Test func theUidOfACardInThePlaceOfItsContractIsUnderstood() async throws {
    var told = Self.session(at: house.now)
    told.token = TokenReference(party: PartyID(country: "", party: ""), uid: "", kind: .rfid, contractID: "card")
    #expect(try await put(told))
    (told.ref, told.token.contractID) = ("S2", "NOBODY")
    await #expect(throws: PartnerFault.unknownToken) { try await put(told) }
  }

  @Test func aSessionIsToldOnceHoweverOftenItComes() async throws {
    let begun = house.now
    #expect(try await put(Self.session(at: begun)))
    #expect(try await !put(Self.session(at: begun)))
    #expect(try await !put(Self.session(kWh: 5, at: begun + .seconds(60))))
    // The same again, and one that was under way for long.
    #expect(try await !put(Self.session(kWh: 5, at: begun + .seconds(60))))
    #expect(try await !put(Self.session(kWh: 1, at: begun + .seconds(30))))
    #expect(try await !put(Self.session(status: "COMPLETED", kWh: 9, at: begun + .seconds(90))))
    let kept = try #require(try house.books.roamingUses.session(key("S1")))
    #expect(kept.status == "COMPLETED" && kept.energy == Energy(tenthsOfWattHour: 90_000))
    #expect(try house.count("roaming.session_started") == 1 && house.count("roaming.session_ended") == 1)
  }

  @Test func aStrangersSessionIsRefusedAndSaid() async throws {
    await #expect(throws: PartnerFault.unknownToken) { try await put(Self.session(uid: "WHO", at: house.now)) }
    house.settle()
    #expect(try house.books.roamingUses.session(key("S1")) == nil)
    #expect(try house.count("roaming.stranger_refused") == 1)
  }

  @Test func aSessionGoesOnThoughItsTokenWasRemoved() async throws {
    _ = try await put(Self.session(at: house.now))
    let token = try #require(try house.books.tokens.token("CARD", .rfid, owner: nil))
    try await house.csms.removeToken(token.id, by: "anna")
    #expect(try await !put(Self.session(status: "COMPLETED", kWh: 10, at: house.now + .seconds(60))))
    #expect(try await house.csms.keepCDR(Self.cdr(tariff: Self.tariff(at: house.now), at: house.now), from: caller))
  }

  // MARK: CDRs

  private func doubts(_ cdr: RoamingCDR) async throws -> [CDRDoubt.Kind] {
    #expect(try await house.csms.keepCDR(cdr, from: caller))
    return try #require(try house.books.roamingUses.cdr(key(cdr.ref))).doubts.map(\.kind)
  }

  @Test func aCDRThatAgreesWithEverythingHasNoDoubts() async throws {
    _ = try await put(Self.tariff(at: house.now))
    _ = try await put(Self.location(at: house.now))
    _ = try await put(Self.session(status: "COMPLETED", kWh: 10, at: house.now))
    #expect(try await doubts(Self.cdr(tariff: Self.tariff(at: house.now), at: house.now)) == [])
  }

  @Test func theSameCDRAgainIsOneAndAnotherUnderItsIdIsRefused() async throws {
    let cdr = Self.cdr(tariff: Self.tariff(at: house.now), at: house.now)
    #expect(try await house.csms.keepCDR(cdr, from: caller))
    #expect(try await !house.csms.keepCDR(cdr, from: caller))
    await #expect(throws: PartnerFault.self) {
      try await house.csms.keepCDR(Self.cdr(cost: Decimal(4), at: house.now), from: caller)
    }
    let kept = try #require(try house.books.roamingUses.cdr(key("C1")))
    #expect(kept.cost.beforeTax == Money(tenThousandths: 30_000) && kept.conflicts == 1)
    #expect(try house.books.roamingUses.cdrs(limit: 10).count == 1)
    #expect(try house.count("roaming.cdr_received") == 1 && house.count("roaming.cdr_conflict") == 1)
  }

  @Test func aCDRIsHeldAgainstTheTariffThatWasAnnouncedAtItsStart() async throws {
    _ = try await put(Self.location(at: house.now))
    _ = try await put(Self.tariff(at: house.now))
    let start = house.now
    house.clock.now += .seconds(1_800)
    // In the middle of the session it becomes three times as dear, and the bill takes it so.
    let dear = Self.tariff(Decimal(9, places: 1), at: house.now)
    _ = try await put(dear)
    house.clock.now += .seconds(1_900)
    #expect(try await doubts(Self.cdr(session: nil, cost: Decimal(9), tariff: dear, at: start)) == [.announced])
    // One that tells no tariff at all is priced by the announced one alone.
    #expect(try await doubts(Self.cdr("C2", session: nil, cost: Decimal(3), at: start)) == [])
    #expect(try await doubts(Self.cdr("C3", session: nil, cost: Decimal(8), at: start)) == [.announced])
  }

  @Test func aCDRWithOtherEnergyThanItsSessionAndASecondOneAreDoubted() async throws {
    let tariff = Self.tariff(at: house.now)
    _ = try await put(Self.session(status: "COMPLETED", kWh: 7, at: house.now))
    #expect(try await doubts(Self.cdr(tariff: tariff, at: house.now)) == [.session])
    #expect(try await doubts(Self.cdr("C2", tariff: tariff, at: house.now)) == [.session, .twice])
    #expect(try house.books.roamingUses.cdrs(doubtful: true, limit: 10).map(\.key.ref) == ["C2", "C1"])
    let id = try #require(try house.books.roamingUses.cdr(key("C1"))).id
    try await house.csms.settleCDR(id, note: "their meter was replaced", by: "anna")
    #expect(try house.books.roamingUses.cdrs(doubtful: true, limit: 10).map(\.key.ref) == ["C2"])
    await #expect(throws: Refusal.self) { try await house.csms.settleCDR(id, note: "again", by: "anna") }
  }

  @Test func aCreditCDRTakesOneBackAndLeavesRoomForAnother() async throws {
    let tariff = Self.tariff(at: house.now)
    #expect(try await doubts(Self.cdr(tariff: tariff, at: house.now)) == [])
    var credit = Self.cdr("C1-credit", cost: Decimal(-3), tariff: tariff, at: house.now)
    (credit.isCredit, credit.creditReference) = (true, "C1")
    #expect(try await doubts(credit) == [])
    #expect(try house.books.roamingUses.cdr(key("C1"))?.creditedBy == "C1-credit")
    #expect(try await doubts(Self.cdr("C2", tariff: tariff, at: house.now)) == [])
    var wrong = Self.cdr("C2-credit", cost: Decimal(-2), tariff: tariff, at: house.now)
    (wrong.isCredit, wrong.creditReference) = (true, "C2")
    #expect(try await doubts(wrong) == [.credit])
  }

  @Test func aCDROfATokenThatIsNotOursIsRefused() async throws {
    await #expect(throws: PartnerFault.unknownToken) {
      try await house.csms.keepCDR(Self.cdr(uid: "WHO", at: house.now), from: caller)
    }
    house.settle()
    #expect(try house.books.roamingUses.cdrs(limit: 10).isEmpty)
    #expect(try house.count("roaming.stranger_refused") == 1)
  }

  @Test func aTokenThatMustBeAskedForAndWasNotIsADoubt() async throws {
    try house.addToken("ASK", .never)
    let tariff = Self.tariff(at: house.now)
    #expect(try await doubts(Self.cdr(uid: "ASK", tariff: tariff, at: house.now)) == [.authorization])
    let verdict = try await house.csms.authorize(TokenQuestion(uid: "ASK", kind: .rfid), for: caller)
    var cdr = Self.cdr("C2", uid: "ASK", session: "S2", tariff: tariff, at: house.now)
    cdr.authorizationReference = verdict.reference
    #expect(try await doubts(cdr) == [])
  }

  @Test func whatADriverPaidForBeforeGetsLess() async throws {
    try house.write { books throws(StoreFault) in
      guard var token = try books.tokens.token("CARD", .rfid, owner: nil) else { return }
      token.credit = Money(tenThousandths: 100_000)
      try books.tokens.update(token)
    }
    _ = try await doubts(Self.cdr(tariff: Self.tariff(at: house.now), at: house.now))
    #expect(try house.books.tokens.token("CARD", .rfid, owner: nil)?.credit == Money(tenThousandths: 70_000))
  }

  @Test func whatIsPaidIsTheTokensThatWasMeantHoweverItWasTold() async throws {
    try prepay("CARD")
    let other = try house.addToken("C-CARD")
    try prepay("C-CARD")
    // By its contract, and under the uid of nobody.
    var cdr = Self.cdr(tariff: Self.tariff(at: house.now), at: house.now)
    cdr.token.uid = "UNREADABLE"
    _ = try await doubts(cdr)
    #expect(try credit("CARD") == Money(tenThousandths: 70_000))
    // As another kind, as 2.1.1 knows only some.
    cdr = Self.cdr("C2", session: nil, tariff: Self.tariff(at: house.now), at: house.now)
    cdr.token.kind = .other
    _ = try await doubts(cdr)
    #expect(try credit("CARD") == Money(tenThousandths: 40_000))
    #expect(try house.books.tokens.token(other.id)?.credit == Money(tenThousandths: 100_000))
  }

  private func prepay(_ uid: String) throws {
    try house.write { books throws(StoreFault) in
      guard var token = try books.tokens.token(uid, .rfid, owner: nil) else { return }
      token.credit = Money(tenThousandths: 100_000)
      try books.tokens.update(token)
    }
  }

  private func credit(_ uid: String) throws -> Money? {
    try house.books.tokens.token(uid, .rfid, owner: nil)?.credit
  }

  @Test func onePartnersObjectsAreNotAnothers() async throws {
    let other = try house.addNetwork("Second", party: "FR*CPO")
    _ = try await put(Self.location(at: house.now))
    let foreign = RoamingKey(partner: other.id, party: party, ref: "L1")
    await #expect(throws: PartnerFault.unknownObject) { try await house.csms.roamingLocation(foreign) }
    let otherCaller = try house.caller(other)
    #expect(!otherCaller.terms.speaks(for: party) && caller.terms.speaks(for: party))
    #expect(!caller.terms.speaks(for: PartyID(country: "NL", party: "DRV")))
  }

  @Test func aTurnThatFailsKeepsNothingAndIsToldSo() async throws {
    let cdr = Self.cdr(tariff: Self.tariff(at: house.now), at: house.now)
    let kept = Task { try await house.csms.keepCDR(cdr, from: caller) }
    await Task.yield()
    house.failNextTurn()
    await #expect(throws: PartnerFault.self) { try await kept.value }
    #expect(try house.books.roamingUses.cdr(key("C1")) == nil)
    #expect(try await house.csms.keepCDR(cdr, from: caller))
  }
}
