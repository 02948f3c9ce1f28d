import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What of ours a partner sees, and how it hears that something is gone.
@MainActor
struct PublishingTests {
  let house: HouseUnderTest
  let partner: Partner
  let identity = StationIdentity("CS-1")!

  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    partner = try house.addPartner()
  }

  private func refs(of partner: Partner) async throws -> [String] {
    let page = try await house.csms.locations(PageQuery(limit: 10), for: try house.caller(partner))
    #expect(page.total == page.items.count)
    return page.items.map(\.location.ref)
  }

  private func addLocation(_ ref: String, party: ID<Party> = ID(0)) async throws -> Location {
    let now = house.now
    let draft = Location(
      id: ID(0), party: party, ref: ref, name: ref, address: "Dam 2", city: "Amsterdam", country: "NLD",
      coordinates: .nullIsland, timeZone: "Europe/Amsterdam", createdAt: now, updatedAt: now)
    async let made = house.csms.addLocation(draft, by: "operator:anna")
    await house.settleAll()
    return try await made
  }

  private func change(_ edit: @escaping @MainActor @Sendable (inout Partner) -> Void) async throws {
    async let done: Void = house.csms.change(partner.id, by: "operator:anna") { edit(&$0) }
    await house.settleAll()
    try await done
    house.pass(5)
  }

  // MARK: Rules

  @Test func aPartnerSeesWhatItsRulesLetItSee() async throws {
    _ = try await addLocation("LOC2")
    #expect(try await refs(of: partner) == ["LOC1", "LOC2"])
    try await change { $0.publishing.hiddenLocations = ["loc1"] }
    #expect(try await refs(of: partner) == ["LOC2"])
    await #expect(throws: PartnerFault.unknownLocation) {
      try await house.csms.location("LOC1", for: try house.caller(partner))
    }
    try await change { $0.publishing.onlyLocations = ["LOC1"] }
    #expect(try await refs(of: partner) == [])
    try await change { $0.publishing.hiddenLocations = nil }
    #expect(try await refs(of: partner) == ["LOC1"])
  }

  // MARK: Tariffs of several parties

  private func addTariff(_ ref: String, of party: ID<Party>?) async throws -> TariffVersion {
    var draft = Tariff()
    draft.ref = ref
    draft.elements = [Tariff.Element([Tariff.Component(.energy, price: Decimal(4, places: 1))])]
    let tariff = draft
    async let made = house.csms.addTariff(tariff, of: party, by: "operator:anna")
    await house.settleAll()
    return try await made
  }

  @Test func aTariffBelongsToThePartyThatIsNamed() async throws {
    let second = try house.write { books throws(StoreFault) in
      try books.parties.create(
        Party(id: ID(0), name: PartyID(country: "BE", party: "OST"), role: .cpo, businessName: "Second"))
    }
    let drivers = try house.write { books throws(StoreFault) in
      try books.parties.create(
        Party(id: ID(0), name: PartyID(country: "BE", party: "DRV"), role: .emsp, businessName: "Drivers"))
    }
    #expect(try await addTariff("T1", of: second.id).party == second.id, "another party has one of that ref")
    await #expect(throws: Refusal.self) { try await addTariff("T2", of: drivers.id) }
    #expect(try await addTariff("T2", of: nil).party == partner.party)
    try house.write { books throws(StoreFault) in
      guard var theirs = try books.partners.partner(partner.id) else { return }
      theirs.party = second.id
      try books.partners.update(theirs)
    }
    let page = try await house.csms.tariffs(PageQuery(limit: 10), for: try house.caller(partner))
    #expect(page.items.map(\.party.country) == ["BE"])
  }

  @Test func aConnectorHasTariffsOfItsLocationsParty() async throws {
    let second = try house.write { books throws(StoreFault) in
      try books.parties.create(
        Party(id: ID(0), name: PartyID(country: "BE", party: "OST"), role: .cpo, businessName: "Second"))
    }
    let place = try await addLocation("BE-1", party: second.id)
    let theirs = try await addTariff("B1", of: second.id).id
    func give(_ tariff: ID<Tariff>?) async throws {
      async let done: Void = house.csms.changeEVSE(1, of: identity, by: "operator:anna") { evse throws(Refusal) in
        evse.connectors[0].tariff = tariff
      }
      await house.settleAll()
      try await done
    }
    func move() async throws {
      async let done = house.csms.changeStation(identity, by: "operator:anna") { $0.location = place.id }
      await house.settleAll()
      _ = try await done
    }
    await #expect(
      throws: Refusal.invalid(field: "connectors[0].tariff", "B1 is a tariff of BE*OST, and the station is NL*OST's")
    ) {
      try await give(theirs)
    }
    await #expect(throws: Refusal.self) { try await move() }
    let (mine, other) = (try house.evse(1).connectors[0].tariff, try house.evse(2))
    try await give(nil)
    try house.write { books throws(StoreFault) in
      guard var plug = other.connectors.first else { return }
      plug.tariff = nil
      try books.stations.update(plug)
    }
    try await move()
    try await give(theirs)
    #expect(try house.evse(1).connectors[0].tariff == theirs)
    await #expect(throws: Refusal.self) { try await give(mine) }
  }

  @Test func aStartAtAHiddenLocationIsRefused() async throws {
    _ = try house.connect("CS-1")
    try await change { $0.publishing.hiddenLocations = ["LOC1"] }
    let party = partner.roles[0].name
    let token = Token(
      id: ID(0), uid: "DE-1", kind: .rfid, contractID: "C", issuer: "R", createdAt: house.now, updatedAt: house.now)
    let wish = StartWish(
      token: token, key: TokenKey(party: party, uid: "DE-1", kind: .rfid), location: "LOC1", evse: nil, connector: nil,
      authorizationReference: nil, respondTo: "https://Roamer/r/1")
    let caller = try house.caller(partner)
    await #expect(throws: PartnerFault.unknownLocation) { try await house.csms.startSession(wish, from: caller) }
  }

  @Test func whatIsHiddenLaterIsTakenBackAndItsTariffsAreNamedNoMore() async throws {
    _ = try await addLocation("LOC2")
    house.pass(5)
    house.partners.clear()
    try house.decide { [csms = house.csms] () throws(TurnFault) in
      do { try csms.tellEverything(to: ID(1)) } catch { throw TurnFault.storage("\(error)") }
    }
    house.pass(5)
    #expect(house.partners.modules.sorted() == ["locations", "locations", "tariffs"])
    house.partners.clear()
    try await change {
      $0.publishing.hiddenLocations = ["LOC1"]
      $0.publishing.hiddenTariffs = ["T1"]
    }
    #expect(house.partners.sent("tariffs").map(\.request.method) == ["DELETE"])
    #expect(Set(house.partners.sent("locations").map(\.request.url)).count == 2)
    let caller = try house.caller(partner)
    #expect(try await house.csms.tariffs(PageQuery(limit: 10), for: caller).total == 0)
    await #expect(throws: PartnerFault.unknownObject) { try await house.csms.tariff("T1", for: caller) }
    try await change { $0.publishing.hiddenLocations = nil }
    let view = try await house.csms.location("LOC1", for: try house.caller(partner))
    #expect(PublishedLocation(view).evses.allSatisfy { $0.connectors.allSatisfy { $0.tariffs == nil } })
  }

  @Test func aPartnerMayDealWithAllOurParties() async throws {
    async let made = house.csms.addParty(
      Party(id: ID(0), name: PartyID("BE*OST")!, role: .cpo, businessName: "Ostler België"), by: "operator:anna")
    await house.settleAll()
    let second = try await made
    _ = try await addLocation("BE-1", party: second.id)
    #expect(try await refs(of: partner) == ["LOC1"])
    try await change { $0.publishing.allParties = true }
    #expect(try await refs(of: partner) == ["LOC1", "BE-1"])
    let terms = try house.terms(of: partner)
    #expect(terms.parties.map(\.name.description) == ["NL*OST", "BE*OST"])
    #expect(try await house.csms.location("BE-1", for: try house.caller(partner)).party == second.name)
    #expect(house.partners.sent("locations").contains { $0.request.url.hasSuffix("BE-1") })
  }

  @Test func onePartyStandsOnceInEachRole() async throws {
    let twin = Party(id: ID(0), name: PartyID("NL*OST")!, role: .cpo, businessName: "Twin")
    await #expect(throws: Refusal.self) {
      async let refused = house.csms.addParty(twin, by: "operator:anna")
      await house.settleAll()
      _ = try await refused
    }
  }

  // MARK: Gone

  @Test func anEVSEThatIsTakenAwayStaysAsRemovedForGood() async throws {
    async let kept: Void = house.csms.keepOnly([1], of: identity, by: "operator:anna")
    await house.settleAll()
    try await kept
    house.pass(5)
    #expect(house.partners.sent("evses").map { $0.body["status"] } == ["REMOVED"])
    let view = try await house.csms.location("LOC1", for: try house.caller(partner))
    let evses = PublishedLocation(view).evses
    #expect(evses.map(\.uid) == ["uid-CS-1-1", "uid-CS-1-2"])
    #expect(evses.map(\.status) == [.available, .removed])
  }

  private func remove(_ location: ID<Location>) async throws {
    async let removed: Void = house.csms.removeLocation(location, by: "operator:anna")
    await house.settleAll()
    try await removed
  }

  private func tellEverything() throws {
    try house.write { [csms = house.csms] _ throws(StoreFault) in
      try csms.record(.partnerRegistered(partner.id))
      try csms.tellEverything(to: partner.id)
    }
    house.pass(5)
  }

  private var lastOfLocations: JSON? { house.partners.sent("locations").last?.body }

  @Test func whatWentWhileAPartnerWasDownIsTakenFromItWhenItIsBack() async throws {
    try tellEverything()
    #expect(lastOfLocations?["statuses"] == ["AVAILABLE", "AVAILABLE"])
    house.partners.clear()
    house.partners.mood = { _, _ in .fails(after: nil) }
    async let gone: Void = house.csms.removeStation(identity, by: "operator:anna")
    await house.settleAll()
    try await gone
    try await remove(ID(1))
    house.pass(60)
    house.partners.clear()
    house.partners.mood = { _, _ in .accepts }
    house.pass(3_600)
    #expect(lastOfLocations?["publish"] == false && lastOfLocations?["statuses"] == ["REMOVED", "REMOVED"])
    #expect(try house.row(.locations, "1", of: partner)?.isDone == true)
    // And whoever asks instead of being told hears the same.
    let page = try await house.csms.locations(PageQuery(limit: 10), for: try house.caller(partner))
    #expect(page.items.map { PublishedLocation($0).evses.map(\.status) } == [[.removed, .removed]])
  }

  @Test func whatAPartnerNeverHeardOfIsNotTakenFromIt() async throws {
    house.partners.mood = { _, _ in .hangs }
    let other = try await addLocation("LOC2")
    let tariff = try await addTariff("T2", of: nil)
    async let paused: Void = house.csms.pause(partner.id, by: "operator:anna")
    await house.settleAll()
    try await paused
    let third = try await addLocation("LOC3")
    house.partners.clear()
    try await remove(third.id)
    try house.write { [csms = house.csms] books throws(StoreFault) in
      try books.tariffs.remove(tariff.id)
      try csms.tariffRemoved(ref: "T3", party: tariff.party)
    }
    house.partners.mood = { _, _ in .accepts }
    async let resumed: Void = house.csms.resume(partner.id, by: "operator:anna")
    await house.settleAll()
    try await resumed
    house.pass(60)
    #expect(!house.partners.sent("locations").contains { $0.request.url.hasSuffix("LOC3") })
    #expect(!house.partners.sent("tariffs").contains { $0.request.url.hasSuffix("T3") })
    #expect(try house.books.locations.location(other.id) != nil)
  }

  @Test func aPlaceThatIsHiddenIsTakenFromAPartnerAndGivenBack() async throws {
    try tellEverything()
    let before = try #require(try house.books.locations.view(ID(1))).updatedAt
    house.partners.clear()
    house.pass(60)
    try await change { $0.publishing.hiddenLocations = ["LOC1"] }
    #expect(lastOfLocations?["publish"] == false && lastOfLocations?["statuses"] == ["REMOVED", "REMOVED"])
    let hidden = try #require(try house.books.locations.view(ID(1))).updatedAt
    #expect(hidden > before, "an object with the stamp of the one that it has would be passed over")
    house.pass(60)
    try await change { $0.publishing.hiddenLocations = nil }
    #expect(lastOfLocations?["publish"] == true && lastOfLocations?["statuses"] == ["AVAILABLE", "AVAILABLE"])
    #expect(try #require(try house.books.locations.view(ID(1))).updatedAt > hidden)
  }

  @Test func whatWentWhileAPartnerWasNotRegisteredIsTakenFromItAfterwards() async throws {
    let tariff = try await addTariff("T2", of: nil)
    try tellEverything()
    try house.write { [csms = house.csms] books throws(StoreFault) in
      guard var gone = try books.partners.partner(partner.id) else { return }
      try csms.forget(&gone)
    }
    async let gone: Void = house.csms.removeStation(identity, by: "operator:anna")
    await house.settleAll()
    try await gone
    try await remove(ID(1))
    async let unpriced: Void = house.csms.removeTariff(tariff.id, by: "operator:anna")
    await house.settleAll()
    try await unpriced
    house.partners.clear()
    house.pass(600)
    #expect(house.partners.sent.isEmpty)
    try house.write { books throws(StoreFault) in
      guard var back = try books.partners.partner(partner.id) else { return }
      (back.state, back.endpoints, back.outboundToken) = (.registered, partner.endpoints, "new")
      try books.partners.update(back)
    }
    try tellEverything()
    #expect(lastOfLocations?["statuses"] == ["REMOVED", "REMOVED"])
    #expect(house.partners.sent("tariffs").filter { $0.request.method == "DELETE" }.map(\.request.url).count == 1)
  }

  @Test func aStationThatMovesLeavesItsIDsBehind() async throws {
    let other = try await addLocation("LOC2")
    async let moved = house.csms.changeStation(identity, by: "operator:anna") { $0.location = other.id }
    await house.settleAll()
    _ = try await moved
    house.pass(5)
    let caller = try house.caller(partner)
    let left = PublishedLocation(try await house.csms.location("LOC1", for: caller)).evses
    #expect(left.map(\.uid) == ["uid-CS-1-1", "uid-CS-1-2"])
    #expect(left.allSatisfy { $0.status == .removed && $0.evseID == nil }, "the id on the box went with the box")
    let arrived = PublishedLocation(try await house.csms.location("LOC2", for: caller)).evses
    #expect(arrived.count == 2)
    #expect(Set(arrived.map(\.uid)).isDisjoint(with: left.map(\.uid)))
  }

  @Test func whatIsWrittenAsItWasMovesNothing() async throws {
    let before = try #require(try house.books.locations.view(ID(1)))
    house.clock.now += .seconds(60)
    async let same = house.csms.changeLocation(ID(1), by: "operator:anna") { $0.name = "Yard" }
    await house.settleAll()
    let unmoved = try await same
    #expect(unmoved == before.location)
    async let untouched: Void = house.csms.changeEVSE(1, of: identity, by: "operator:anna") { _ in }
    await house.settleAll()
    try await untouched
    #expect(try house.books.locations.view(ID(1)) == before)
    #expect(try house.count("location.changed") == 0)
    async let changed = house.csms.changeLocation(ID(1), by: "operator:anna") {
      $0.details.facilities = [.cafe]
      $0.details.helpPhone = "+31201234567"
    }
    await house.settleAll()
    let written = try await changed
    #expect(written.details.facilities == [.cafe])
    let after = try #require(try house.books.locations.view(ID(1)))
    #expect(after.updatedAt > before.updatedAt && after.location.details.helpPhone == "+31201234567")
  }

  @Test(arguments: ["NL*OST", "nowhere", "NL*OST*X0001", "NLOSTE"])
  func anEVSEIDIsOneOfEMI3(name: String) async throws {
    await #expect(throws: Refusal.self) {
      async let refused: Void = house.csms.changeEVSE(1, of: identity, by: "operator:anna") { $0.evseID = name }
      await house.settleAll()
      try await refused
    }
  }

  @Test func anEVSEIDIsNeverUsedAgain() async throws {
    func name(_ number: Int, _ text: String?) async throws {
      async let done: Void = house.csms.changeEVSE(number, of: identity, by: "operator:anna") { $0.evseID = text }
      await house.settleAll()
      try await done
    }
    try await name(2, "NL*OST*E0002")
    await #expect(throws: Refusal.self) { try await name(1, "nl*ost*e0002") }
    async let kept: Void = house.csms.keepOnly([1], of: identity, by: "operator:anna")
    await house.settleAll()
    try await kept
    await #expect(throws: Refusal.self) { try await name(1, "NL*OST*E0002") }
    try await name(1, "NL*OST*E0001")
    #expect(try house.evse(1).evseID == "NL*OST*E0001")
  }
}
