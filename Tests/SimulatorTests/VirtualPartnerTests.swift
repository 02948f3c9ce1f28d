import Domain
import HTTP
import Net
import OCPI
import Synchronization
import Testing
import Wire

@testable import Simulator

/// The house's real OCPI doors with a household in memory behind them, and a virtual partner, on one loop.
private final class Roaming: Sendable {
  let loop: EventLoop
  let service = FakeService()
  let partner: LoopBound<VirtualPartner>
  let versionsURL: String
  let houseURL: String
  let http: ClientHandle
  let link: PartnerLinkOverHTTP
  private let told = Mutex<[PartnerEvent]>([])
  private let server: LoopBound<Server>

  private final class Keeper: RequestHandler {
    var endpoints: Endpoints?
    func handle(_ request: Request, _ exchange: Exchange) {
      guard let endpoints else { return exchange.respond(.text("not yet", status: .unavailable)) }
      endpoints.handle(request, exchange)
    }
  }

  private final class NoLog: FrameLog {
    func record(_ frame: LoggedFrame) {}
  }

  init(_ profile: VirtualPartner.Profile = VirtualPartner.Profile()) async throws {
    let loop = try EventLoop(label: "test.roaming")
    let made = await on(loop) {
      let keeper = Keeper()
      let server = Server(loop: loop, door: "house", handler: keeper)
      let port = (try? server.listen(on: .v4(0x7F00_0001, port: 0)))?.port ?? 0
      let partner = VirtualPartner(profile, clock: Clock { at("2026-03-02T10:00:00Z") }, seed: 4, loop: loop)
      let url = (try? partner.open()) ?? ""
      return (
        LoopBound(keeper, loop: loop), LoopBound(server, loop: loop), port, partner.handle, url,
        Client(loop: loop, tls: nil).handle
      )
    }
    self.loop = loop
    (server, partner, versionsURL, http) = (made.1, made.3, made.4, made.5)
    houseURL = "http://127.0.0.1:\(made.2)"
    let zones = ZoneLibrary { _ in ZoneRules(secondsEast: 3600) }
    let door = try OCPIDoor(publicURL: houseURL, http: http, zones: zones, frames: NoLog())
    link = door.link
    let endpoints = door.endpoints(for: service)
    let partner = partner
    await on(loop) { [self] in
      made.0.value.endpoints = endpoints
      partner.value.onEvent = { [weak self] event in self?.told.withLock { $0.append(event) } }
    }
  }

  deinit { loop.shutdown {} }

  var events: [PartnerEvent] { told.withLock { $0 } }

  func books() async -> PartnerBooks { await on(loop) { [partner] in partner.value.books } }

  func with<Value: Sendable>(_ body: @escaping @Sendable (VirtualPartner) -> Value) async -> Value {
    await on(loop) { [partner] in body(partner.value) }
  }

  /// The partner comes to us.
  func partnerRegisters(_ tokenA: String) async -> Result<VirtualPartner.House, PartnerFailure> {
    let (partner, loop, url) = (partner, loop, houseURL + "/ocpi/versions")
    return await withCheckedContinuation { done in
      loop.execute { partner.value.register(url, tokenA: tokenA) { done.resume(returning: $0) } }
    }
  }

  /// We go to the partner.
  func houseRegisters(offering token: String = "token-B", with tokenA: String = "demo-mobility-token-a")
    async throws(RegistrationFault)
    -> PartnerRegistration
  {
    await service.invite(token, as: .registered)
    let terms = PartnerTerms(partner: FakeService.partner(), ourParty: FakeService.party)
    let registration = try await link.register(
      versionsURL: versionsURL, with: tokenA, offering: token, terms: terms
    ) { _ in }
    await service.know(registration, by: token)
    return registration
  }

  func send(_ object: PushObject, _ registration: PartnerRegistration) async throws -> PushOutcome {
    let terms = FakeService.terms(registration)
    let request = try link.request(for: object, terms: terms)
    let link = link
    return await withCheckedContinuation { done in
      link.send(request, terms: terms) { done.resume(returning: $0) }
    }
  }

  func ask(_ method: HTTP.Method, _ url: String, token: String, body: Bytes = []) async throws -> ClientResponse {
    let headers: Headers = ["Authorization": TokenHeader.value(token, .base64)]
    return try await http.send(
      ClientRequest(method, try HTTPURL(url), headers: headers, body: body), ClientOptions(allowPrivate: true))
  }
}

private func location(_ ref: String, status: EVSE.Status = .available) throws -> LocationView {
  let coordinates = try #require(Coordinates(latitude: "52.3702", longitude: "4.895168"))
  let identity = try #require(StationIdentity("SIM-1"))
  let connector = Connector(id: ID(1), number: 1, tariff: ID(1), updatedAt: .epoch)
  let evse = EVSE(
    id: ID(1), station: ID(1), number: 1, uid: "E-\(ref)", evseID: "NL*OST*E0001", status: status,
    statusSince: at("2026-03-01T10:00:00Z"), connectors: [connector], updatedAt: at("2026-03-01T10:00:00Z"))
  return LocationView(
    location: Location(
      id: ID(1), party: ID(1), ref: ref, name: "Harbour", address: "Quay 1", city: "Rotterdam", country: "NLD",
      coordinates: coordinates, timeZone: "Europe/Amsterdam", createdAt: .epoch, updatedAt: .epoch),
    party: FakeService.party.name, operatorName: "Ostler Test",
    evses: [EVSEView(evse: evse, station: identity, tariffRefs: [ID(1): ["T1"]])],
    updatedAt: at("2026-03-01T10:00:00Z"))
}

private func session(_ state: Session.State, kWh: Int64) throws -> SessionView {
  let token = TokenReference(
    party: PartyID(country: "NL", party: "DEM"), uid: "CARD1", kind: .rfid, contractID: "NL-DEM-C1")
  let session = Session(
    id: "S1", place: .init(party: ID(1), location: ID(1), station: ID(1), evse: ID(1), connector: ID(1)),
    holder: .init(token: token, owner: ID(1), method: .authRequest, reference: nil), command: nil, tariff: nil,
    state: state, transaction: 1, startedAt: at("2026-03-02T10:00:00Z"),
    endedAt: state == .completed ? at("2026-03-02T11:00:00Z") : nil, ending: nil, meterStart: .zero,
    meterLast: try #require(Energy(wattHours: Decimal(kWh * 1000))), lastReadingAt: nil, power: nil, stateOfCharge: nil,
    shifts: [], updatedAt: at("2026-03-02T10:05:00Z"))
  var place = CDR.Place()
  (place.location, place.evse, place.connector) = ("L1", "E-L1", "1")
  return SessionView(
    session: session, party: FakeService.party.name, place: place, currency: "EUR", cost: nil, periods: [])
}

private func cdr(_ id: String = "C1", cost: Int64 = 5) -> Bytes {
  var cdr = V221.CDR()
  (cdr.country, cdr.party, cdr.id, cdr.session, cdr.currency) = ("NL", "OST", id, "S1", "EUR")
  (cdr.startedAt, cdr.endedAt) = (at("2026-03-02T10:00:00Z"), at("2026-03-02T11:00:00Z"))
  (cdr.token.country, cdr.token.party, cdr.token.uid, cdr.token.contractID) = ("NL", "DEM", "CARD1", "NL-DEM-C1")
  (cdr.place.id, cdr.place.evse, cdr.place.connector) = ("L1", "E-L1", "1")
  var period = V221.ChargingPeriod()
  period.startedAt = cdr.startedAt
  period.dimensions = [V221.CdrDimension(.energy, 11)]
  cdr.periods = [period]
  cdr.cost.beforeTax = Decimal(cost)
  return cdr.encoded(options: PartnerDesk.style)
}

@Suite struct VirtualPartnerTests {
  @Test func itRegistersAtAHouse() async throws {
    let roaming = try await Roaming()
    await roaming.service.invite("house-token-A")
    let house = try await roaming.partnerRegisters("house-token-A").get()
    #expect(house.token == "token-C1")
    #expect(house.party == FakeService.party.name)
    #expect(house.endpoint(.commands, .receiver) == roaming.houseURL + "/ocpi/2.2.1/commands/")
    #expect(roaming.events == [.registered])
    let registration = try #require(await roaming.service.registrations.first)
    #expect(
      registration.roles == [
        .init(name: PartyID(country: "NL", party: "DEM"), role: "EMSP", businessName: "Demo Mobility")
      ])
    // What the house was told works: it may call with the token that it was given.
    #expect(try await roaming.send(.location(try location("L1")), registration).isAccepted)
    // A second time the tokens are changed, and the first ones end.
    let again = try await roaming.partnerRegisters("unused").get()
    #expect(again.token == "token-C2")
    #expect(try await roaming.ask(.get, roaming.versionsURL, token: registration.outboundToken).status == .unauthorized)
  }

  @Test func aHouseThatDoesNotKnowItsTokenIsAFailureOfTheFirstStep() async throws {
    let roaming = try await Roaming()
    guard case .failure(let failure) = await roaming.partnerRegisters("wrong") else {
      Issue.record("nobody invited it")
      return
    }
    #expect(failure.step == "versions" && failure.reason.contains("401"))
    #expect(await roaming.with { $0.house == nil })
  }

  @Test func aHouseRegistersAtItAndLeaves() async throws {
    let roaming = try await Roaming()
    let registration = try await roaming.houseRegisters()
    #expect(registration.roles.map(\.name) == [PartyID(country: "NL", party: "DEM")])
    #expect(await roaming.with { $0.house?.token } == "token-B")
    // Token A is spent.
    #expect(try await roaming.ask(.get, roaming.versionsURL, token: "demo-mobility-token-a").status == .unauthorized)
    let credentials = roaming.versionsURL.replacing("versions", with: "2.2.1/credentials")
    #expect(try await roaming.ask(.post, credentials, token: registration.outboundToken).status == .methodNotAllowed)
    try await roaming.link.unregister(terms: FakeService.terms(registration))
    #expect(roaming.events == [.registered, .unregistered])
    // And good again.
    #expect(try await roaming.ask(.get, roaming.versionsURL, token: "demo-mobility-token-a").status == .ok)
  }

  @Test func anUnregisteredCallerSeesVersionsOnlyAndAStrangerNothing() async throws {
    let roaming = try await Roaming()
    #expect(try await roaming.ask(.get, roaming.versionsURL, token: "stranger").status == .unauthorized)
    let cdrs = roaming.versionsURL.replacing("versions", with: "2.2.1/cdrs")
    #expect(try await roaming.ask(.post, cdrs, token: "demo-mobility-token-a", body: cdr()).status == .unauthorized)
    let details = roaming.versionsURL.replacing("versions", with: "2.2.1")
    #expect(try await roaming.ask(.get, details, token: "demo-mobility-token-a").status == .ok)
  }

  @Test func itKeepsWhatTheHousePushes() async throws {
    let roaming = try await Roaming()
    let registration = try await roaming.houseRegisters()
    #expect(try await roaming.send(.location(try location("L1")), registration).isAccepted)
    let busy = try location("L1", status: .charging)
    #expect(try await roaming.send(.evse(PublishedEVSE(busy.evses[0]), of: busy), registration).isAccepted)
    #expect(await roaming.books().location("l1")?.evses?.map(\.status) == [.charging])
    // An EVSE of a place that was never told is unknown.
    let other = try location("L9")
    guard case .refused = try await roaming.send(.evse(PublishedEVSE(other.evses[0]), of: other), registration) else {
      Issue.record("there is no L9")
      return
    }
    for (state, kWh) in [(Session.State.active, 1), (.active, 5), (.completed, 11)] as [(Session.State, Int64)] {
      #expect(try await roaming.send(.session(try session(state, kWh: kWh)), registration).isAccepted)
    }
    let held = try #require(await roaming.books().session("S1"))
    #expect(held.statuses == [.active, .completed] && held.updates == 3 && held.latest.kWh == 11)
    #expect(roaming.events.contains(.session("S1", .completed, kWh: 11)))
  }

  @Test func oneCDRIDIsOneCDR() async throws {
    let roaming = try await Roaming()
    let token = try await roaming.houseRegisters().outboundToken
    let url = roaming.versionsURL.replacing("versions", with: "2.2.1/cdrs")
    let first = try await roaming.ask(.post, url, token: token, body: cdr())
    #expect(first.status == .created)
    #expect(try await roaming.ask(.post, url, token: token, body: cdr()).status == .ok)
    #expect(try await roaming.ask(.post, url, token: token, body: cdr(cost: 6)).status == .conflict)
    #expect(try await roaming.ask(.post, url, token: token, body: cdr("C2")).status == .created)
    let books = await roaming.books()
    #expect(books.cdrs.count == 2)
    let held = try #require(books.cdr("C1"))
    #expect(held.bytes == cdr() && held.repeats == 1 && held.conflicts == 1)
    #expect(
      roaming.events.suffix(4) == [
        .cdr("C1", cost: 5, currency: "EUR"), .cdrRepeated("C1"), .cdrConflict("C1"),
        .cdr("C2", cost: 5, currency: "EUR"),
      ])
    // It can be read where the answer said.
    let place = try #require(first.headers["Location"])
    #expect(PartnerAnswer(try await roaming.ask(.get, place, token: token).body).object?["id"]?.string == "C1")
    let broken = try await roaming.ask(.post, url, token: token, body: Bytes(utf8: #"{"id":"C3"}"#))
    guard case .envelope(.invalid, let message, _) = PartnerAnswer(broken.body) else {
      Issue.record("\(broken.body.text)")
      return
    }
    #expect(message?.contains("is missing") == true)
  }

  @Test func itSaysWhetherADriverMayCharge() async throws {
    let roaming = try await Roaming()
    let registration = try await roaming.houseRegisters()
    await roaming.with {
      $0.issueToken("CARD1")
      $0.issueToken("CARD2", allowed: .noCredit)
      $0.issueToken("CARD3", isValid: false)
    }
    func ask(_ uid: String) async -> PartnerAuthorization? {
      let link = roaming.link
      return await withCheckedContinuation { done in
        link.authorize(
          uid: uid, kind: .rfid, location: "L1", evse: nil, terms: FakeService.terms(registration), deadline: 5
        ) { done.resume(returning: $0) }
      }
    }
    let first = await ask("card1")
    #expect(first?.allowed == .allowed && first?.token?.uid == "CARD1")
    #expect(await ask("CARD2")?.allowed == .noCredit)
    #expect(await ask("CARD3")?.allowed == .blocked)
    #expect(await ask("CARD4")?.allowed == .notAllowed)
    let answered = await roaming.books().authorizations
    #expect(answered.map(\.uid) == ["CARD1", "CARD2", "CARD3"])
    #expect(answered[0].reference == first?.authorizationReference && answered[0].location == "L1")
  }

  @Test func itListsItsTokensPageByPage() async throws {
    let roaming = try await Roaming()
    let token = try await roaming.houseRegisters().outboundToken
    await roaming.with { for number in 0..<(Limits.pageTokens + 1) { $0.issueToken("T\(100 + number)") } }
    var url = roaming.versionsURL.replacing("versions", with: "2.2.1/tokens?date_from=2026-01-01T00:00:00Z")
    var uids: [String] = []
    var pages = 0
    while pages < 5 {
      let page = try await roaming.ask(.get, url, token: token)
      pages += 1
      uids += PartnerAnswer(page.body).list.compactMap { $0["uid"]?.string }
      #expect(page.headers["X-Total-Count"] == String(Limits.pageTokens + 1))
      guard let link = page.headers["Link"], let close = link.firstIndex(of: ">") else { break }
      url = String(link[link.index(after: link.startIndex)..<close])
    }
    #expect(pages == 2 && Set(uids).count == Limits.pageTokens + 1)
  }

  @Test func itSendsTokensAndCommandsAndHearsTheirResults() async throws {
    let roaming = try await Roaming()
    let registration = try await roaming.houseRegisters()
    let pushed: Result<Void, PartnerFailure> = await withCheckedContinuation { done in
      let partner = roaming.partner
      roaming.loop.execute {
        partner.value.pushToken(partner.value.issueToken("CARD1")) { done.resume(returning: $0) }
      }
    }
    try pushed.get()
    #expect(await roaming.service.tokens.map(\.uid) == ["CARD1"])
    let start = await roaming.with {
      $0.startSession(location: "L1", evse: "E1", token: $0.issueToken("APP1", kind: .appUser), reference: "REF-1")
    }
    await until("the answer") { await roaming.books().command(start)?.answer == .accepted }
    let wish = try #require(await roaming.service.wishes.first)
    #expect(wish.authorizationReference == "REF-1" && wish.evse == "E1" && wish.token.kind == .appUser)
    #expect(
      try await roaming.send(.commandResult(url: wish.respondTo, result: .evseOccupied, message: nil), registration)
        .isAccepted)
    #expect(await roaming.books().command(start)?.result == .evseOccupied)

    let stop = await roaming.with { $0.stopSession("S9") }
    let unlock = await roaming.with { $0.unlock(location: "L1", evse: "E1", connector: "1") }
    await until("both answers") { await roaming.books().commands.allSatisfy { $0.answer != nil } }
    #expect(await roaming.books().command(stop)?.answer == .unknownSession)
    #expect(await roaming.books().command(unlock)?.answer == .notSupported)
    #expect(await roaming.service.unlocks == ["L1/E1/1"])
  }

  @Test func itFetchesTheHousesListsPageByPage() async throws {
    let roaming = try await Roaming()
    _ = try await roaming.houseRegisters()
    let views = try (1...5).map { try location("L\($0)") }
    await MainActor.run { roaming.service.locations = views }
    for (module, count) in [(OCPIModule.Name.locations, 5), (.sessions, 0), (.tariffs, 0)] {
      let fetched: Result<Int, PartnerFailure> = await withCheckedContinuation { done in
        let partner = roaming.partner
        roaming.loop.execute { partner.value.fetch(module) { done.resume(returning: $0) } }
      }
      #expect(try fetched.get() == count)
    }
    #expect(await roaming.books().evses.map(\.evse.uid) == ["E-L1", "E-L2", "E-L3", "E-L4", "E-L5"])
  }

  @Test func itGoesAwayAndComesBackWithWhatItKnew() async throws {
    let roaming = try await Roaming()
    let registration = try await roaming.houseRegisters()
    #expect(try await roaming.send(.location(try location("L1")), registration).isAccepted)
    for absence in [VirtualPartner.Absence.notListening, .answering503] {
      await roaming.with { $0.goDown(for: .seconds(60), absence) }
      await until("unreachable") {
        guard let outcome = try? await roaming.send(.location(try location("L2")), registration) else { return false }
        if case .retry = outcome { return true } else { return false }
      }
      await roaming.with { $0.comeBack() }
      await until("back") { await roaming.with { !$0.isDown } }
      #expect(try await roaming.send(.location(try location("L1")), registration).isAccepted)
    }
    await roaming.with { $0.goDown(for: .milliseconds(20), .answering503) }
    await until("back by itself") { roaming.events.count { $0 == .cameBack } == 3 }
    #expect(await roaming.books().locations.count == 1)
    await roaming.with { $0.close() }
  }

  @Test func aPatchChangesWhatItNamesAndAppendsPeriods() throws {
    var desk = PartnerDesk(seed: 1)
    let base = try HTTPURL("http://127.0.0.1/ocpi/2.2.1")
    func period(_ time: String) -> JSON {
      ["start_date_time": .string(time), "dimensions": [["type": "ENERGY", "volume": 1]]]
    }
    let whole: JSON = [
      "country_code": "NL", "party_id": "OST", "id": "S1", "start_date_time": "2026-03-02T10:00:00Z", "kwh": 1,
      "cdr_token": ["country_code": "NL", "party_id": "DEM", "uid": "C", "type": "RFID", "contract_id": "X"],
      "auth_method": "WHITELIST", "location_id": "L1", "evse_uid": "E1", "connector_id": "1", "currency": "EUR",
      "charging_periods": [period("2026-03-02T10:00:00Z")], "status": "ACTIVE", "last_updated": "2026-03-02T10:01:00Z",
    ]
    func ask(_ method: HTTP.Method, _ path: String, _ body: JSON = .null) throws -> PartnerDesk.Reply {
      desk.answer(method, try Target(path), body.isNull ? [] : body.bytes, base: base, at: .epoch)
    }
    #expect(try ask(.patch, "/sessions/NL/OST/S1", ["kwh": 2]).status == .notFound)
    #expect(try ask(.put, "/sessions/NL/OST/S1", whole).envelope.code == .success)
    #expect(try ask(.put, "/sessions/NL/OST/S2", whole).envelope.code == .invalid)
    let change: JSON = ["kwh": 2, "charging_periods": [period("2026-03-02T10:10:00Z")], "status": "COMPLETED"]
    #expect(try ask(.patch, "/sessions/nl/ost/s1", change).envelope.code == .success)
    let held = try #require(desk.books.session("S1"))
    #expect(held.latest.kWh == 2 && held.latest.periods?.count == 2 && held.statuses == [.active, .completed])
    #expect(try ask(.get, "/sessions/NL/OST/S1").envelope.data != nil)
    #expect(try ask(.delete, "/sessions/NL/OST/S1").status == .methodNotAllowed)
    #expect(try ask(.get, "/nowhere").status == .notFound)
    #expect(try ask(.delete, "/tariffs/NL/OST/T1").status == .notFound)
  }
}

extension PushOutcome {
  fileprivate var isAccepted: Bool { if case .accepted = self { true } else { false } }
}

extension String {
  fileprivate func replacing(_ part: String, with other: String) -> String {
    guard let range = firstRange(of: part) else { return self }
    return String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
  }

  // MARK: OCPI 2.1.1

  @Test func aProviderOf211IsToldAllInItsOwnWords() async throws {
    let roaming = try await Roaming(VirtualPartner.Profile(version: "2.1.1"))
    let registration = try await roaming.houseRegisters()
    #expect(registration.version == "2.1.1" && registration.roles.map(\.role) == ["EMSP"])
    #expect(try await roaming.send(.location(try location("L1")), registration).isAccepted)
    #expect(try await roaming.send(.session(try session(.active, kWh: 5)), registration).isAccepted)
    let books = await roaming.books()
    #expect(books.location("L1")?.country == "NL" && books.location("L1")?.party == "OST" && books.evses.count == 1)
    let held = books.session("S1")?.latest
    #expect(held?.kWh == 5 && held?.location == "L1" && held?.evse == "E-L1" && held?.token.uid == "NL-DEM-C1")
    let url = roaming.versionsURL.replacing("versions", with: "2.1.1/locations/NL/OST/L1")
    let shown = try await roaming.ask(.get, url, token: registration.outboundToken)
    let data = try JSON.parse(shown.body)["data"]
    #expect(data?["type"] == "UNKNOWN" && data?["country_code"] == nil, "as it was told")
  }

  @Test func whatAProviderOf211SaysIsInItsOwnWords() throws {
    let words = Words211(party: PartyID(country: "NL", party: "DEM"))
    var token = V221.Token()
    (token.country, token.party, token.uid, token.contractID) = ("NL", "DEM", "CARD1", "NL-DEM-C1")
    (token.kind, token.groupID, token.issuer) = (.appUser, "G", "Demo")
    let lowered = words.lowered(token)
    #expect(lowered["auth_id"] == "NL-DEM-C1" && lowered["type"] == "OTHER" && lowered["uid"] == "CARD1")
    #expect(["country_code", "party_id", "contract_id", "group_id"].allSatisfy { lowered[$0] == nil })
    var start = V221.StartSession()
    (start.token, start.location, start.connector, start.authorizationReference) = (token, "L1", "1", "A")
    let command = words.lowered(start)
    #expect(command["token"] == lowered && command["location_id"] == "L1")
    #expect(command["connector_id"] == nil && command["authorization_reference"] == nil)
    var verdict = V221.AuthorizationInfo()
    (verdict.allowed, verdict.token, verdict.authorizationReference) = (.allowed, token, "A")
    #expect(words.lowered(verdict) == ["allowed": "ALLOWED"])
  }

  // MARK: Bookings

  private typealias Booked = Result<PublishedBooking, PartnerFailure>

  private func asking(
    _ roaming: Roaming, _ ask: @escaping @Sendable (VirtualPartner, @escaping (Booked) -> Void) -> Void
  ) async -> Booked {
    await withCheckedContinuation { done in
      roaming.loop.execute { [partner = roaming.partner] in ask(partner.value) { done.resume(returning: $0) } }
    }
  }

  @Test func itBooksChangesAndGivesUp() async throws {
    let roaming = try await Roaming(VirtualPartner.Profile(version: "2.3.0"))
    await roaming.service.invite("house-token-A")
    _ = try await roaming.partnerRegisters("house-token-A").get()
    // The house knows by then that it has bookings, and tells of its own.
    _ = try await roaming.partnerRegisters("unused").get()
    let booked = try await asking(roaming) { partner, done in
      partner.book("BL-1", token: partner.issueToken("CARD1"), done: done)
    }.get()
    let first = try #require(await roaming.service.bookings.first)
    // The shortest that can be booked, in the first time that is free.
    #expect(first.period == BookingPeriod(.epoch + .seconds(3_600), .epoch + .seconds(5_400)))
    #expect(first.place == "BL-1" && first.location == "L1" && first.tokens?.map(\.uid) == ["CARD1"])
    #expect(booked.status == .reserved && booked.requestID == first.id)
    #expect(await roaming.books().booking("B1") == booked)
    let later = BookingPeriod(.epoch + .seconds(7_200), .epoch + .seconds(9_000))
    _ = try await asking(roaming) { $0.change(booked, to: later, done: $1) }.get()
    _ = try await asking(roaming) { $0.cancel(booked, because: .traffic, done: $1) }.get()
    let asked = await roaming.service.bookings
    #expect(asked.map(\.id) == [first.id, first.id, first.id], "all edits have the id of the first request")
    #expect(asked[1].period == later && asked[1].canceled == nil)
    #expect(asked[2].canceled == Cancellation(.traffic, by: .emsp))
  }

  @Test func whatCannotBeBookedIsAFailure() async throws {
    let roaming = try await Roaming(VirtualPartner.Profile(version: "2.3.0"))
    let before = await asking(roaming) { $0.book("BL-1", token: nil, done: $1) }
    #expect(before == .failure(PartnerFailure(step: "booking", reason: "the house takes no bookings")))
    await roaming.service.invite("house-token-A")
    for token in ["house-token-A", "unused"] { _ = try await roaming.partnerRegisters(token).get() }
    let unknown = await asking(roaming) { $0.book("BL-9", token: nil, done: $1) }
    #expect(throws: PartnerFailure.self) { try unknown.get() }
    #expect(await roaming.service.bookings.isEmpty)
  }
}
