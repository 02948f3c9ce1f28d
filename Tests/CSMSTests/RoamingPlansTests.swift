import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Reservations, charging plans and preferences of partners, and what hubs and payment providers tell.
@MainActor
struct RoamingPlansTests {
  let house: HouseUnderTest
  let partner: Partner

  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    partner = try house.addPartner()
    house.stations.answer = { command, _ in
      switch command {
      case .reservation, .capacity: .accepted(answer: [:])
      case .profile(.composite):
        .accepted(answer: ["evse": 1, "schedule": ["unit": "W", "periods": [["start_s": 0, "limit": 7_400]]]])
      case .profile: .accepted(answer: [:])
      default: nil
      }
    }
  }

  private var party: PartyID { partner.roles[0].name }
  private var accepted: CommandAnswer { .accepted(timeout: house.settings.commandSeconds) }
  private var planned: ProfileAnswer { .accepted(timeout: house.settings.commandSeconds) }

  private func wish(
    _ reference: String = "R-1", evse: String? = "uid-CS-1-1", seconds: Int = 1_800, location: String = "LOC1",
    party: PartyID? = nil
  ) -> ReserveWish {
    let token = Token(
      id: ID(0), uid: "DE-1", kind: .rfid, contractID: "C", issuer: "R", createdAt: house.now, updatedAt: house.now)
    return ReserveWish(
      token: token, key: TokenKey(party: party ?? self.party, uid: "DE-1", kind: .rfid), location: location,
      evse: evse, reference: reference, expiresAt: house.now + .seconds(seconds), authorizationReference: "REF",
      respondTo: "https://Roamer/r/\(reference)")
  }

  private func results(_ module: String = "commands") -> [String?] {
    house.partners.sent(module).map { $0.body["result"]?.string }
  }

  // MARK: Reservations

  @Test func aReservationIsPlacedAtTheStationAndItsResultIsTold() async throws {
    _ = try house.connect("CS-1")
    let wish = wish()
    #expect(try await house.csms.reserve(wish, from: try house.caller(partner)) == accepted)
    house.pass(2)
    let kept = try #require(try house.books.reservations.reservation("R-1", of: partner.id))
    #expect(kept.state == .placed && kept.evse == 1 && kept.owner == partner.roles[0].id)
    #expect(results() == ["ACCEPTED"])
    // The answer was lost: it is not reserved twice.
    #expect(try await house.csms.reserve(wish, from: try house.caller(partner)) == accepted)
    let held = house.stations.commands.filter { if case .reservation = $0 { true } else { false } }
    #expect(held.count == 1)
  }

  @Test func withoutAnEVSEAFreeOneIsTaken() async throws {
    let station = try house.connect("CS-1")
    try station.report(.charging, evse: 1)
    #expect(try await house.csms.reserve(wish(evse: nil), from: try house.caller(partner)) == accepted)
    house.pass(1)
    #expect(try house.books.reservations.reservation("R-1", of: partner.id)?.evse == 2)
    #expect(
      try await house.csms.reserve(wish("R-2", evse: nil), from: try house.caller(partner))
        == .rejected("no EVSE of this location is free"))
  }

  @Test func whatCannotBeReservedIsRefused() async throws {
    let caller = try house.caller(partner)
    #expect(try await house.csms.reserve(wish(), from: caller) == .rejected("the station is not connected"))
    await #expect(throws: PartnerFault.unknownLocation) {
      try await house.csms.reserve(wish(location: "NOWHERE"), from: caller)
    }
    #expect(
      try await house.csms.reserve(wish(evse: "nobody's"), from: caller)
        == .rejected("no such EVSE at this location"))
    await #expect(throws: PartnerFault.self) {
      try await house.csms.reserve(wish(party: PartyID("FR*OTH")!), from: caller)
    }
  }

  @Test func aReservationIsCancelledByThePartnersOwnID() async throws {
    _ = try house.connect("CS-1")
    let caller = try house.caller(partner)
    _ = try await house.csms.reserve(wish(), from: caller)
    house.pass(2)
    house.partners.clear()
    #expect(try await house.csms.cancelReservation("R-1", respondTo: "https://Roamer/r/9", from: caller) == accepted)
    house.pass(2)
    #expect(try house.books.reservations.reservation("R-1", of: partner.id)?.state == .cancelled)
    #expect(results() == ["ACCEPTED"])
    #expect(try await house.csms.cancelReservation("R-7", respondTo: "https://Roamer/r/9", from: caller) == accepted)
    house.pass(2)
    #expect(results() == ["ACCEPTED", "UNKNOWN_RESERVATION"])
    // Somebody else's is none of theirs.
    let other = try house.addPartner("Other", party: "FR*OTH")
    _ = try await house.csms.cancelReservation("R-1", respondTo: "https://Other/r/9", from: try house.caller(other))
    house.pass(2)
    #expect(results().last == "UNKNOWN_RESERVATION")
  }

  // MARK: Plans

  private func running() throws -> Session {
    try house.addToken("DE-1", of: partner)
    let transaction = try house.connect("CS-1").start("DE-1").transaction
    return try house.session(transaction)
  }

  private var schedule: ChargingProfile.Schedule {
    var schedule = ChargingProfile.Schedule()
    schedule.unit = .watts
    schedule.periods = [.init(start: 0, limit: 7_400)]
    return schedule
  }

  private func plan(_ id: String, of partner: Partner? = nil) async throws -> ProfileAnswer {
    let caller = try house.caller(partner ?? self.partner)
    async let answer = house.csms.setProfile(schedule, of: id, respondTo: "https://Roamer/p/1", from: caller)
    for _ in 0..<5 { await house.settleAll() }
    let told = try await answer
    house.pass(2)
    return told
  }

  @Test func aPlanReachesTheStationAndWhatComesOfItIsTold() async throws {
    let session = try running()
    #expect(try await plan(session.id) == planned)
    let sent = house.stations.commands.compactMap { command in
      if case .profile(.set(let profile, _, evse: let evse)) = command { (profile, evse) } else { nil }
    }
    #expect(sent.count == 1 && sent[0].1 == 1 && sent[0].0.purpose == .session)
    #expect(sent[0].0.schedule.periods.map(\.limit) == [7_400])
    #expect(results("chargingprofiles").first == "ACCEPTED")
    // What the station really does is pushed where the partner has a place for it.
    #expect(try house.row(.profiles, session.id, of: partner) != nil)
    #expect(try house.books.duties.plan(of: session.id)?.told?.periods == [.init(start: 0, limit: 7_400)])
  }

  @Test func whatChargingComesToIsAskedOfTheStation() async throws {
    let session = try running()
    let caller = try house.caller(partner)
    async let answer = house.csms.activeProfile(
      of: session.id, seconds: 900, respondTo: "https://Roamer/p/2", from: caller)
    for _ in 0..<5 { await house.settleAll() }
    let told = try await answer
    #expect(told == planned)
    house.pass(2)
    #expect(results("chargingprofiles") == ["ACCEPTED"])
    #expect(
      house.stations.commands.contains(.profile(.composite(evse: 1, seconds: 900, unit: nil))))
  }

  @Test func aPlanIsClearedAndOneThatIsNotThereIsUnknown() async throws {
    let session = try running()
    let caller = try house.caller(partner)
    func clear() async throws -> ProfileAnswer {
      async let answer = house.csms.clearProfile(of: session.id, respondTo: "https://Roamer/p/3", from: caller)
      for _ in 0..<5 { await house.settleAll() }
      let told = try await answer
      house.pass(2)
      return told
    }
    #expect(try await clear() == planned)
    #expect(results("chargingprofiles") == ["UNKNOWN"])
    _ = try await plan(session.id)
    house.partners.clear()
    #expect(try await clear() == planned)
    #expect(results("chargingprofiles").contains("ACCEPTED"))
    #expect(try house.books.profiles.open(of: try house.station("CS-1").id).isEmpty)
  }

  @Test func aPlanWhoseClearingNobodyAnsweredCanBeClearedAgain() async throws {
    let session = try running()
    _ = try await plan(session.id)
    house.partners.clear()
    let answer = house.stations.answer
    for isHeard in [false, true] {
      house.stations.answer = { command, link in
        if case .profile(.clear) = command, !isHeard { .timedOut } else { answer(command, link) }
      }
      let caller = try house.caller(partner)
      let url = "https://Roamer/p/\(isHeard)"
      async let cleared = house.csms.clearProfile(of: session.id, respondTo: url, from: caller)
      for _ in 0..<5 { await house.settleAll() }
      #expect(try await cleared == planned)
      house.pass(2)
    }
    #expect(results("chargingprofiles").filter { $0 != nil } == ["REJECTED", "ACCEPTED"])
    #expect(try house.books.duties.plan(of: session.id)?.profile == nil)
  }

  @Test func somebodyElsesSessionAndOneThatIsOverAreUnknown() async throws {
    let session = try running()
    let other = try house.addPartner("Other", party: "FR*OTH")
    #expect(try await plan(session.id, of: other) == .unknownSession)
    #expect(try await plan("no such") == .unknownSession)
  }

  // MARK: Preferences

  @Test func preferencesAreKeptWhereTheEVSETakesThem() async throws {
    let session = try running()
    let caller = try house.caller(partner)
    var wish = ChargingPreferences()
    wish.kind = .cheap
    #expect(try await house.csms.prefer(wish, in: session.id, from: caller) == .notPossible)
    async let able: Void = house.csms.changeEVSE(1, of: StationIdentity("CS-1")!, by: "operator:anna") {
      $0.details.capabilities = [.remoteStartStop, .chargingPreferences]
    }
    await house.settleAll()
    try await able
    #expect(try await house.csms.prefer(wish, in: session.id, from: caller) == .departureRequired)
    wish.departsAt = house.now + .seconds(3_600)
    #expect(try await house.csms.prefer(wish, in: session.id, from: caller) == .energyNeedRequired)
    wish.energyNeed = 20
    #expect(try await house.csms.prefer(wish, in: session.id, from: caller) == .accepted)
    #expect(try house.books.duties.preferences(of: session.id) == wish)
    await #expect(throws: PartnerFault.unknownObject) {
      try await house.csms.prefer(wish, in: "no such", from: caller)
    }
  }

  // MARK: Tariffs of preferences

  /// The first EVSE charges by preferences, at 0.30 a kWh for all, 0.10 for CHEAP, 0.90 for FAST.
  private func priced() throws {
    try house.write { books throws(StoreFault) in
      guard let party = try books.parties.cpo(), let station = try books.stations.list(limit: 1).first,
        var evse = try books.stations.evse(station.id, number: 1)
      else { throw StoreFault.missing("the EVSE") }
      evse.details.capabilities = [.remoteStartStop, .chargingPreferences]
      for (ref, kind, tenths) in [("CHEAP", Tariff.Kind.profileCheap, 1), ("FAST", .profileFast, 9)] {
        var tariff = Tariff()
        (tariff.ref, tariff.kind) = (ref, kind)
        tariff.elements = [Tariff.Element([Tariff.Component(.energy, price: Decimal(Int64(tenths), places: 1))])]
        evse.connectors[0].moreTariffs.append(try books.tariffs.create(tariff, of: party.id, at: house.now).id)
      }
      try books.stations.update(evse)
      try books.stations.update(evse.connectors[0])
    }
  }

  private func preferring(_ kind: ChargingPreferences.Kind) -> ChargingPreferences {
    var wish = ChargingPreferences()
    (wish.kind, wish.departsAt, wish.energyNeed) = (kind, house.now + .seconds(7_200), 20)
    return wish
  }

  private func tariff(of id: String) throws -> String? { try house.books.sessions.session(id)?.tariff?.ref }

  @Test func aPreferenceChoosesTheTariffOfTheWholeSessionAndOfItsCDR() async throws {
    try priced()
    try house.addToken("DE-1", of: partner)
    let station = try house.connect("CS-1")
    let transaction = try station.start("DE-1").transaction
    let session = try house.session(transaction)
    let caller = try house.caller(partner)
    #expect(session.tariff?.ref == "T1")
    house.pass(60)
    try station.meter(transaction, 5_000)
    house.partners.clear()
    #expect(try await house.csms.prefer(preferring(.cheap), in: session.id, from: caller) == .accepted)
    house.pass(2)
    #expect(try tariff(of: session.id) == "CHEAP")
    #expect(house.partners.sent("sessions").count == 1, "its partner hears of it at once")
    // The last one within the time counts, one without a tariff of its own has the one for all, and later ones do not.
    #expect(try await house.csms.prefer(preferring(.fast), in: session.id, from: caller) == .accepted)
    #expect(try tariff(of: session.id) == "FAST")
    #expect(try await house.csms.prefer(preferring(.green), in: session.id, from: caller) == .accepted)
    #expect(try tariff(of: session.id) == "T1")
    #expect(try await house.csms.prefer(preferring(.fast), in: session.id, from: caller) == .accepted)
    house.pass(Limits.preferredPriceSeconds)
    #expect(try await house.csms.prefer(preferring(.cheap), in: session.id, from: caller) == .accepted)
    #expect(try tariff(of: session.id) == "FAST")
    #expect(
      try house.books.duties.preferences(of: session.id)?.kind == .cheap, "the car is charged that way all the same")
    try station.stop(transaction, meter: 10_000)
    let cdr = try house.cdr(of: transaction)
    #expect(cdr.tariff?.ref == "FAST" && cdr.tariff?.kind == .profileFast)
    #expect(cdr.totals.cost.beforeTax == Money(tenThousandths: 90_000))
  }

  @Test func thePriceOfAPreferenceIsTheOneThatHeldAtTheStart() async throws {
    try priced()
    try house.addToken("DE-1", of: partner)
    let session = try house.session(try house.connect("CS-1").start("DE-1").transaction)
    house.pass(60)
    try house.write { books throws(StoreFault) in
      for held in try books.tariffs.list(limit: 10) where held.tariff.ref == "CHEAP" {
        var dear = held.tariff
        dear.elements = [Tariff.Element([Tariff.Component(.energy, price: 5)])]
        _ = try books.tariffs.update(held.id, to: dear, at: house.now)
      }
    }
    #expect(
      try await house.csms.prefer(preferring(.cheap), in: session.id, from: try house.caller(partner)) == .accepted)
    let tariff = try #require(try house.books.sessions.session(session.id)?.tariff)
    #expect(tariff.ref == "CHEAP" && tariff.elements[0].components[0].price == Decimal(1, places: 1))
  }

  @Test func whatATokenSaysHoldsWhereTheEVSEChargesByPreferences() async throws {
    try priced()
    var token = try house.addToken("DE-1", of: partner)
    token.preference = .cheap
    let changed = token
    try house.write { books throws(StoreFault) in
      try books.tokens.update(changed)
      guard let station = try books.stations.list(limit: 1).first,
        let first = try books.stations.evse(station.id, number: 1),
        var second = try books.stations.evse(station.id, number: 2)
      else { return }
      second.connectors[0].moreTariffs = first.connectors[0].moreTariffs
      try books.stations.update(second.connectors[0])
    }
    let station = try house.connect("CS-1")
    for (evse, ref) in [(1, "CHEAP"), (2, "T1")] {
      let transaction = try station.start("DE-1", evse: evse).transaction
      #expect(try house.session(transaction).tariff?.ref == ref)
      try station.stop(transaction, meter: 0)
    }
  }

  // MARK: Hubs

  private func hub() throws -> Partner {
    try house.write { books throws(StoreFault) in
      try books.partners.replaceRoles(
        of: partner.id,
        by: [PartnerRegistration.Role(name: PartyID("NL*HUB")!, role: "HUB", businessName: "Hub")])
      return try books.partners.partner(partner.id) ?? partner
    }
  }

  @Test func aPartyBehindAHubIsMetWithItsFirstToken() async throws {
    let hub = try hub()
    let key = TokenKey(party: PartyID("FR*NEW")!, uid: "FR-1", kind: .rfid)
    let token = Token(
      id: ID(0), uid: "FR-1", kind: .rfid, contractID: "C", issuer: "R", createdAt: house.now, updatedAt: house.now)
    #expect(try await house.csms.put(token, under: key, from: try house.caller(hub)))
    let met = try #require(try house.books.partners.partner(hub.id)?.roles.first { $0.name == key.party })
    #expect(met.role == "EMSP")
    // It stays when the hub's credentials are exchanged anew, which do not name it.
    _ = try self.hub()
    #expect(try house.books.partners.partner(hub.id)?.roles.map(\.name.description).sorted() == ["FR*NEW", "NL*HUB"])
    #expect(try await house.csms.token(key, for: try house.caller(hub)).uid == "FR-1")
  }

  @Test func aHubThatAsksForOnePartySeesThatPartysDriversOnly() async throws {
    let hub = try hub()
    let names = [PartyID("FR*ONE")!, PartyID("FR*TWO")!]
    let station = try house.connect("CS-1")
    for (number, name) in names.enumerated() {
      let uid = "FR-\(number)"
      let token = Token(
        id: ID(0), uid: uid, kind: .rfid, contractID: "C", issuer: "R", createdAt: house.now, updatedAt: house.now)
      _ = try await house.csms.put(
        token, under: TokenKey(party: name, uid: uid, kind: .rfid), from: try house.caller(hub))
      let transaction = try station.start(uid, evse: number + 1).transaction
      house.clock.now += .seconds(60)
      try station.stop(transaction, meter: 100)
    }
    func sessions(_ behalf: PartyID?) async throws -> [String] {
      var caller = try house.caller(hub)
      caller.behalf = behalf
      let list = try await house.csms.sessions(PageQuery(limit: 10), for: caller)
      let bills = try await house.csms.cdrs(PageQuery(limit: 10), for: caller)
      #expect(
        list.total == bills.total
          && bills.items.map(\.token.uid).sorted() == list.items.map(\.session.token.uid).sorted())
      return list.items.map(\.session.token.uid).sorted()
    }
    #expect(try await sessions(nil) == ["FR-0", "FR-1"])
    #expect(try await sessions(names[0]) == ["FR-0"])
    var caller = try house.caller(hub)
    caller.behalf = names[0]
    let foreign = try #require(try house.sessions.first { $0.token.uid == "FR-1" }).id
    let asking = caller
    await #expect(throws: PartnerFault.unknownObject) { try await house.csms.session(foreign, for: asking) }
  }

  @Test func aHubTellsWhoIsConnected() async throws {
    let hub = try hub()
    var client = HubClient()
    (client.country, client.party, client.role, client.updatedAt) = ("DE", "XYZ", "EMSP", house.now)
    #expect(try await house.csms.put(client, from: try house.caller(hub)))
    client.status = .offline
    #expect(try await !house.csms.put(client, from: try house.caller(hub)))
    #expect(try await house.csms.client(client.name, for: try house.caller(hub)).status == .offline)
    var older = client
    (older.status, older.updatedAt) = (.connected, house.now - .seconds(60))
    _ = try await house.csms.put(older, from: try house.caller(hub))
    #expect(try await house.csms.client(client.name, for: try house.caller(hub)).status == .offline)
    #expect(try house.count("partner.hub_client") == 3)
  }

  // MARK: Payments

  @Test func whatAProviderCapturedStandsWithTheSessionThatItPaid() async throws {
    let session = try running()
    try house.write { books throws(StoreFault) in
      try books.db.run(
        "UPDATE session SET authorization_reference = 'PAY-1' WHERE id = ?1", session.id)
    }
    let caller = try house.caller(partner)
    var advice = FinancialAdvice()
    (advice.id, advice.authorizationReference, advice.beforeTax) = ("F1", "PAY-1", 10)
    (advice.currency, advice.receipt, advice.updatedAt) = ("EUR", ["VISA"], house.now)
    #expect(try await house.csms.put(advice, from: caller))
    #expect(try await !house.csms.put(advice, from: caller))
    #expect(try await house.csms.advice("F1", for: caller) == advice)
    #expect(try house.books.duties.advices(of: session.id) == [advice])
    var terminal = Terminal()
    (terminal.id, terminal.locations, terminal.updatedAt) = ("T-1", ["LOC1"], house.now)
    #expect(try await house.csms.put(terminal, from: caller))
    #expect(try await house.csms.terminal("T-1", for: caller).locations == ["LOC1"])
    let other = try house.addPartner("Other", party: "FR*OTH")
    await #expect(throws: PartnerFault.unknownObject) {
      try await house.csms.terminal("T-1", for: try house.caller(other))
    }
  }

  // MARK: What a version cannot say

  @Test func whatAVersionCannotSayIsNotedOnce() async throws {
    house.partners.unsaid = ["help_phone"]
    for name in ["One", "Two"] {
      async let changed = house.csms.changeLocation(ID(1), by: "operator:anna") { $0.name = name }
      await house.settleAll()
      _ = try await changed
      house.pass(2)
    }
    let notes = try house.books.partners.notes(of: partner.id)
    #expect(notes.map(\.what) == ["OCPI 2.2.1 cannot say help_phone (locations)"])
    #expect(try house.count("partner.noted") == 1)
  }
}
