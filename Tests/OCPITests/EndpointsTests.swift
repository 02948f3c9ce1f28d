import Domain
import HTTP
import Testing
import Wire

@testable import OCPI

/// The whole way in, over a real connection: a registered partner calls with `token-B`, an invited one with `token-A`.
@Suite struct EndpointsTests {
  final class House: Sendable {
    let loopback: Loopback
    let service: FakeService
    let frames = Frames()

    init() async throws {
      loopback = try await Loopback()
      let door = try OCPIDoor(
        publicURL: loopback.url, http: loopback.http, zones: zones, frames: frames,
        clock: Clock { at("2026-03-10T12:00:00Z") })
      service = await MainActor.run {
        let service = FakeService()
        service.invite("token-B", Sample.partner())
        service.invite("token-A", Sample.partner(state: .invited))
        service.locations = [Sample.location()]
        service.tariffs = [Sample.tariffView]
        service.sessions = [Sample.session()]
        service.cdrs = [Sample.cdr()]
        service.places = [Sample.bookingLocation()]
        return service
      }
      let endpoints = door.endpoints(for: service)
      loopback.serve { endpoints.handle($0, $1) }
    }

    func ask(
      _ method: HTTP.Method, _ path: String, token: String? = "token-B", headers: Headers = Headers(), body: String = ""
    ) async throws -> (status: Int, code: Int64?, data: JSON?, response: ClientResponse) {
      let response = try await loopback.ask(method, path, token: token, headers: headers, body: body)
      let envelope = response.body.json
      return (response.status.rawValue, envelope["status_code"]?.int, envelope["data"], response)
    }
  }

  // MARK: Who may ask

  @Test func aStrangerLearnsNothing() async throws {
    let house = try await House()
    for path in ["/ocpi/versions", "/ocpi/2.2.1", "/ocpi/2.2.1/locations", "/ocpi/nowhere"] {
      for token in [nil, "token-X"] {
        let answer = try await house.ask(.get, path, token: token)
        #expect(answer.status == 401)
        #expect(answer.code == 2000)
        #expect(answer.response.headers["WWW-Authenticate"] == "Token")
      }
    }
  }

  @Test func whatAVersionCannotShowIsNotThereForIt() async throws {
    let house = try await House()
    await MainActor.run {
      var plug = Sample.connector()
      plug.standard = .mcs
      house.service.locations = [Sample.location(evses: [Sample.evse(connectors: [plug])])]
    }
    #expect(try await house.ask(.get, "/ocpi/2.2.1/locations/L1").data?["evses"] == nil)
    #expect(try await house.ask(.get, "/ocpi/2.2.1/locations/L1/E1").status == 404)
    #expect(try await house.ask(.get, "/ocpi/2.2.1/locations/L1/E1/1").status == 404)
    #expect(try await house.ask(.get, "/ocpi/2.3.0/locations/L1/E1/1").status == 200)
  }

  @Test func aPreferenceThatWeDoNotKnowIsNotTakenForAnother() async throws {
    let house = try await House()
    let answer = try await house.ask(
      .put, "/ocpi/2.2.1/sessions/S1/charging_preferences", body: "{\"profile_type\":\"TURBO\"}")
    #expect(answer.data == "PROFILE_TYPE_NOT_SUPPORTED")
    #expect(await house.service.plans.isEmpty)
  }

  @Test func anInvitedPartnerReachesVersionsAndCredentialsOnly() async throws {
    let house = try await House()
    for path in ["/ocpi/versions", "/ocpi/2.2.1", "/ocpi/2.2.1/credentials"] {
      #expect(try await house.ask(.get, path, token: "token-A").status == 200)
    }
    for path in [
      "locations", "locations/L1", "sessions?date_from=2026-01-01T00:00:00Z", "cdrs", "tariffs", "tokens/DE/ABC/1",
    ] {
      #expect(try await house.ask(.get, "/ocpi/2.2.1/\(path)", token: "token-A").status == 401)
    }
    let start = try await house.ask(.post, "/ocpi/2.2.1/commands/START_SESSION", token: "token-A", body: "{}")
    #expect(start.status == 401)
  }

  @Test func bookingsAreToldWhereTheyAreUsed() async throws {
    let house = try await House()
    var silent = Sample.partner(), also = Sample.partner(), wanted = Sample.partner(), never = Sample.partner()
    let theirs = Partner.Endpoint(module: "booking", role: "RECEIVER", url: "https://emsp.example.org/b")
    (silent.endpoints, also.endpoints) = ([], [theirs])
    (wanted.endpoints, wanted.quirks.takesBookings) = ([], true)
    (never.endpoints, never.quirks.takesBookings) = ([theirs], false)
    for (number, (partner, isTold)) in [(silent, false), (also, true), (wanted, true), (never, false)].enumerated() {
      await MainActor.run { house.service.invite("token-\(number)", partner) }
      let endpoints = try await house.ask(.get, "/ocpi/2.3.0", token: "token-\(number)").data?["endpoints"]?.array ?? []
      let told = endpoints.filter { $0["identifier"] == "Booking" }
      #expect(told.isEmpty != isTold)
      #expect(told.allSatisfy { $0["url"]?.string?.hasSuffix("/ocpi/2.3.0/bookings") == true })
    }
  }

  @Test func paymentsAreToldToEverybodyWhoDoesNotWantToBeSpared() async throws {
    let house = try await House()
    var never = Sample.partner()
    never.quirks.takesPayments = false
    for (number, (partner, isTold)) in [(Sample.partner(), true), (never, false)].enumerated() {
      await MainActor.run { house.service.invite("payments-\(number)", partner) }
      let endpoints =
        try await house.ask(.get, "/ocpi/2.3.0", token: "payments-\(number)").data?["endpoints"]?.array ?? []
      #expect(endpoints.contains { $0["identifier"] == "payments" } == isTold)
    }
  }

  /// Readers of the first 2.3.0 take the name of invoice reconciliation for an error.
  @Test func invoiceReconciliationIsToldWhereItIsUsed() async throws {
    let house = try await House()
    var silent = Sample.partner(), also = Sample.partner(), wanted = Sample.partner(), never = Sample.partner()
    let theirs = Partner.Endpoint(module: "invoicereconciliation", role: "RECEIVER", url: "https://emsp.example.org/i")
    silent.endpoints = []
    also.endpoints = [theirs]
    (wanted.endpoints, wanted.quirks.reconcilesInvoices) = ([], true)
    (never.endpoints, never.quirks.reconcilesInvoices) = ([theirs], false)
    for (number, (partner, isTold)) in [(silent, false), (also, true), (wanted, true), (never, false)].enumerated() {
      await MainActor.run { house.service.invite("invoices-\(number)", partner) }
      let told = try await house.ask(.get, "/ocpi/2.3.0", token: "invoices-\(number)").data?["endpoints"]?.array ?? []
      let sides = told.filter { $0["identifier"]?.string == "invoicereconciliation" }.compactMap { $0["role"]?.string }
      #expect(sides == (isTold ? ["SENDER", "RECEIVER"] : []), "\(number)")
    }
  }

  @Test func whatHTTPRefusesIsAnEnvelopeToo() async throws {
    let frames = Frames()
    let loopback = try await Loopback()
    let door = try OCPIDoor(
      publicURL: loopback.url, http: loopback.http, zones: zones, frames: frames,
      clock: Clock { at("2026-03-10T12:00:00Z") })
    let endpoints = door.endpoints(for: await FakeService())
    for (status, code) in [
      (400, 2001), (408, 2000), (413, 2000), (414, 2000), (415, 2000), (417, 2000), (431, 2000), (501, 2000),
      (503, 3000),
      (504, 3000),
    ] {
      let refusal = Refusal(HTTP.Status(rawValue: status), "No.")
      let answer = try #require(endpoints.answer(to: refusal, at: "/ocpi/2.2.1", ["X-Request-ID": "R1"]))
      #expect(answer.status.rawValue == status && answer.headers["X-Request-ID"] == "R1")
      #expect(answer.headers["Content-Type"]?.hasPrefix("application/json") == true)
      #expect(
        answer.body.json["status_code"]?.int == Int64(code) && answer.body.json["status_message"]?.string == "No.")
      #expect((answer.headers["Retry-After"] != nil) == (status == 503))
    }
    for (target, isMeant) in [
      ("/ocpi", true), ("/ocpi/", true), ("/ocpi?x", true), ("/ocpi/2.2.1/locations/%00", true), ("/ocpix", false),
      ("/", false), ("", false), ("/api?next=/ocpi/", false),
    ] {
      #expect(Endpoints.isMeant(by: target) == isMeant, "\(target)")
    }
  }

  @Test func theTokenIsKnownRawAndInBase64() async throws {
    let house = try await House()
    for header in [
      "Token token-B", "Token \(Bytes(utf8: "token-B\n").base64)", "token \(Bytes(utf8: "token-B").base64)",
    ] {
      let answer = try await house.ask(.get, "/ocpi/versions", token: nil, headers: ["Authorization": header])
      #expect(answer.status == 200)
    }
  }

  // MARK: Versions

  @Test func versionsAndDetailsLeadToEveryModuleAtOurPublicAddress() async throws {
    let house = try await House()
    let base = house.loopback.url
    let versions = try await house.ask(.get, "/ocpi/versions", headers: ["Host": "evil.example"])
    #expect(
      versions.data?.array?.map { "\($0["version"]?.string ?? "") \($0["url"]?.string ?? "")" } == [
        "2.1.1 \(base)/ocpi/2.1.1", "2.2.1 \(base)/ocpi/2.2.1", "2.3.0 \(base)/ocpi/2.3.0",
      ])
    let details = try await house.ask(.get, "/ocpi/2.2.1/")
    #expect(details.data?["version"]?.string == "2.2.1")
    let endpoints = details.data?["endpoints"]?.array ?? []
    #expect(
      endpoints.map { "\($0["identifier"]?.string ?? "") \($0["role"]?.string ?? "")" } == [
        "credentials SENDER", "locations SENDER", "sessions SENDER", "cdrs SENDER", "tariffs SENDER", "tokens RECEIVER",
        "commands RECEIVER", "chargingprofiles RECEIVER", "hubclientinfo RECEIVER",
      ])
    #expect(endpoints.allSatisfy { $0["url"]?.string?.hasPrefix("\(base)/ocpi/2.2.1/") == true })
    // Some partners append the command's name without a slash.
    #expect(endpoints.first { $0["identifier"] == "commands" }?["url"]?.string == "\(base)/ocpi/2.2.1/commands/")
  }

  // MARK: Header fields

  @Test func theIDsOfAMessageComeBackAndRoutingIsTurnedRound() async throws {
    let house = try await House()
    let headers: Headers = [
      "X-Request-ID": "r-1", "X-Correlation-ID": "c-1", "OCPI-from-country-code": "DE", "OCPI-from-party-id": "ABC",
      "OCPI-to-country-code": "NL", "OCPI-to-party-id": "OST",
    ]
    let answer = try await house.ask(.get, "/ocpi/2.2.1/locations", headers: headers).response.headers
    #expect(answer["X-Request-ID"] == "r-1")
    #expect(answer["X-Correlation-ID"] == "c-1")
    #expect(answer["OCPI-to-country-code"] == "DE" && answer["OCPI-to-party-id"] == "ABC")
    #expect(answer["OCPI-from-country-code"] == "NL" && answer["OCPI-from-party-id"] == "OST")
    let configuration = try await house.ask(.get, "/ocpi/2.2.1/credentials", headers: headers).response.headers
    #expect(configuration["OCPI-to-party-id"] == nil)
    #expect(configuration["X-Request-ID"] == "r-1")
  }

  @Test func anOpenRequestIsAnsweredInOurNameAndMissingIDsAreMade() async throws {
    let house = try await House()
    let open = try await house.ask(
      .get, "/ocpi/2.2.1/locations", headers: ["OCPI-from-country-code": "DE", "OCPI-from-party-id": "ABC"]
    ).response.headers
    #expect(open["OCPI-from-party-id"] == "OST")
    let bare = try await house.ask(.get, "/ocpi/2.2.1/locations").response.headers
    #expect(bare["OCPI-from-party-id"] == nil)
    #expect(bare["X-Request-ID"]?.count == 36)
    #expect(bare["X-Correlation-ID"]?.count == 36)
  }

  // MARK: Addresses

  @Test(arguments: [
    "/ocpi/2.2.1/nothing", "/ocpi/2.2.1/tokens", "/ocpi/2.0", "/ocpi", "/ocpi/2.2.1/locations/L1/E1/1/x",
  ])
  func whatIsNotThereIs404InAnEnvelope(path: String) async throws {
    let answer = try await House().ask(.get, path)
    #expect(answer.status == 404)
    #expect(answer.code == 2000)
  }

  @Test func aWrongMethodIs405WithWhatIsAllowed() async throws {
    let answer = try await House().ask(.post, "/ocpi/2.2.1/locations", body: "{}")
    #expect(answer.status == 405)
    #expect(answer.response.headers["Allow"] == "GET, HEAD")
  }

  @Test func bothSlashFormsAreTheSameAddress() async throws {
    let house = try await House()
    let plain = try await house.ask(.get, "/ocpi/2.2.1/locations")
    let slash = try await house.ask(.get, "/ocpi/2.2.1/locations/")
    #expect(plain.response.body == slash.response.body)
    #expect(try await house.ask(.get, "/ocpi/2.2.1/locations/L1/E1/").status == 200)
  }

  // MARK: Objects

  @Test func singleObjectsAreFoundDownToTheConnector() async throws {
    let house = try await House()
    #expect(try await house.ask(.get, "/ocpi/2.2.1/locations/L1").data?["id"]?.string == "L1")
    #expect(try await house.ask(.get, "/ocpi/2.2.1/locations/L1/e1").data?["uid"]?.string == "E1")
    #expect(try await house.ask(.get, "/ocpi/2.2.1/locations/L1/E1/1").data?["id"]?.string == "1")
    #expect(try await house.ask(.get, "/ocpi/2.2.1/tariffs/T1").data?["id"]?.string == "T1")
    #expect(try await house.ask(.get, "/ocpi/2.2.1/sessions/S1").data?["id"]?.string == "S1")
    #expect(try await house.ask(.get, "/ocpi/2.2.1/cdrs/C1").data?["id"]?.string == "C1")
    for (path, code) in [
      ("locations/L9", 2003), ("locations/L1/E9", 2000), ("locations/L1/E1/9", 2000), ("tariffs/T9", 2000),
      ("cdrs/C9", 2000),
    ] as [(String, Int64)] {
      let answer = try await house.ask(.get, "/ocpi/2.2.1/\(path)")
      #expect(answer.status == 404)
      #expect(answer.code == code)
      #expect(answer.data == nil)
    }
  }

  @Test func anUnavailableHouseIs500AndMayBeAskedAgain() async throws {
    let house = try await House()
    await MainActor.run { house.service.fault = .unavailable("disk full") }
    let answer = try await house.ask(.get, "/ocpi/2.2.1/cdrs")
    #expect(answer.status == 500)
    #expect(answer.code == 3000)
  }

  @Test func aHouseThatCannotTellWhoCallsDoesNotSayThatTheTokenIsWrong() async throws {
    let house = try await House()
    await MainActor.run { house.service.doorFault = .unavailable("disk full") }
    for token in ["token-B", "token-X"] {
      let answer = try await house.ask(.get, "/ocpi/2.2.1/cdrs", token: token)
      #expect(answer.status == 500)
      #expect(answer.code == 3000)
      #expect(!answer.response.body.text.contains("disk"), "a stranger learns nothing of the house")
    }
  }

  @Test func anObjectThatCannotBeWrittenDoesNotCostTheOthers() async throws {
    let house = try await House()
    await MainActor.run { house.service.locations = [Sample.location("ÜBER"), Sample.location("L2")] }
    let page = try await house.ask(.get, "/ocpi/2.2.1/locations")
    #expect(page.data?.array?.map { $0["id"]?.string } == ["L2"])
    #expect(page.response.headers["X-Total-Count"] == "2")
    let alone = try await house.ask(.get, "/ocpi/2.2.1/locations/%C3%9CBER")
    #expect(alone.status == 500)
  }

  // MARK: Pages

  @Test func aListIsWalkedByItsLinks() async throws {
    let house = try await House()
    await MainActor.run {
      house.service.locations = (0..<250).map { Sample.location("L\($0)", updated: "2026-03-01T10:30:00Z") }
    }
    var seen: [String] = []
    var next: String? = "/ocpi/2.2.1/locations?limit=1000&date_from=2026-03-01T00:00:00Z&date_to=2026-04-01T00:00:00Z"
    var pages = 0
    while let path = next {
      let page = try await house.ask(.get, path)
      seen += page.data?.array?.compactMap { $0["id"]?.string } ?? []
      #expect(page.response.headers["X-Total-Count"] == "250")
      #expect(page.response.headers["X-Limit"] == "100")
      next = page.response.headers["Link"].map { link in
        #expect(link.hasSuffix(">; rel=\"next\""))
        #expect(link.contains("date_from=2026-03-01T00%3A00%3A00Z") && link.contains("date_to="))
        return String(link.dropFirst().prefix { $0 != ">" })
      }
      pages += 1
    }
    #expect(pages == 3)
    #expect(seen == (0..<250).map { "L\($0)" })
  }

  @Test func aPageEndsWhereTheListEnds() async throws {
    let house = try await House()
    await MainActor.run { house.service.locations = (0..<10).map { Sample.location("L\($0)") } }
    let whole = try await house.ask(.get, "/ocpi/2.2.1/locations?offset=0&limit=10")
    #expect(whole.response.headers["Link"] == nil)
    let nearly = try await house.ask(.get, "/ocpi/2.2.1/locations?offset=0&limit=9")
    #expect(nearly.response.headers["Link"]?.contains("offset=9&limit=9") == true)
    let beyond = try await house.ask(.get, "/ocpi/2.2.1/locations?offset=9223372036854775807")
    #expect(beyond.data == .array([]))
    #expect(beyond.response.headers["Link"] == nil)
  }

  @Test func fromIsIncludedAndToIsNot() async throws {
    let house = try await House()
    func count(_ query: String) async throws -> Int? {
      try await house.ask(.get, "/ocpi/2.2.1/cdrs?\(query)").data?.array?.count
    }
    #expect(try await count("date_from=2026-03-02T11:10:05Z") == 1)
    #expect(try await count("date_from=2026-03-02T11:10:06Z") == 0)
    #expect(try await count("date_to=2026-03-02T11:10:05Z") == 0)
    #expect(try await count("date_from=2026-03-02T11:10:05") == 1)
  }

  @Test(arguments: ["limit=0", "limit=x", "offset=-1", "date_from=yesterday", "date_to="])
  func aBrokenParameterIsNamed(query: String) async throws {
    let answer = try await House().ask(.get, "/ocpi/2.2.1/cdrs?\(query)")
    #expect(answer.status == 200)
    #expect(answer.code == 2001)
    let name = String(query.prefix { $0 != "=" })
    #expect(answer.response.body.json["status_message"]?.string?.hasPrefix(name) == true)
  }

  @Test func sessionsNeedAStart() async throws {
    let house = try await House()
    let bare = try await house.ask(.get, "/ocpi/2.2.1/sessions")
    #expect(bare.status == 200 && bare.code == 2001)
    #expect(try await house.ask(.get, "/ocpi/2.2.1/sessions?date_from=2026-03-01T00:00:00Z").data?.array?.count == 1)
  }

  // MARK: Tokens

  @Test func aTokenIsCreatedReplacedReadAndPatched() async throws {
    let house = try await House()
    let path = "/ocpi/2.2.1/tokens/DE/ABC/04AABBCC"
    #expect(try await house.ask(.get, path).status == 404)
    #expect(try await house.ask(.get, path).code == 2004)
    let created = try await house.ask(.put, path, body: Sample.tokenJSON)
    #expect(created.status == 201 && created.code == 1000 && created.data == nil)
    #expect(try await house.ask(.put, path + "?type=RFID", body: Sample.tokenJSON).status == 200)
    let patched = try await house.ask(
      .patch, path, body: "{\"valid\":false,\"last_updated\":\"2026-03-06T00:00:00Z\"}")
    #expect(patched.status == 200 && patched.code == 1000)
    let read = try await house.ask(.get, "/ocpi/2.2.1/tokens/de/abc/04aabbcc").data
    #expect(read?["valid"]?.bool == false)
    #expect(read?["uid"]?.string == "04AABBCC")
    #expect(read?["last_updated"]?.string == "2026-03-06T00:00:00Z")
  }

  @Test func aTokenOfAnotherKindIsKeptUnderItsOwnType() async throws {
    let house = try await House()
    let app = Sample.tokenJSON.replacing("RFID", with: "APP_USER")
    #expect(try await house.ask(.put, "/ocpi/2.2.1/tokens/DE/ABC/04AABBCC", body: app).status == 201)
    #expect(try await house.ask(.get, "/ocpi/2.2.1/tokens/DE/ABC/04AABBCC?type=APP_USER").status == 200)
    #expect(try await house.ask(.get, "/ocpi/2.2.1/tokens/DE/ABC/04AABBCC").status == 404)
    let contradiction = try await house.ask(.put, "/ocpi/2.2.1/tokens/DE/ABC/04AABBCC?type=RFID", body: app)
    #expect(contradiction.code == 2001)
  }

  @Test(arguments: [
    ("/ocpi/2.2.1/tokens/DE/ABC/OTHER", Sample.tokenJSON),
    ("/ocpi/2.2.1/tokens/DE/ABC/04AABBCC", "{}"), ("/ocpi/2.2.1/tokens/DE/ABC/04AABBCC", "[]"),
    ("/ocpi/2.2.1/tokens/DE/ABC/04AABBCC?type=FOB", Sample.tokenJSON),
  ])
  func aTokenThatDoesNotFitItsAddressIs2001(path: String, body: String) async throws {
    let answer = try await House().ask(.put, path, body: body)
    #expect(answer.status == 200)
    #expect(answer.code == 2001)
  }

  @Test(arguments: [HTTP.Method.get, .put, .patch])
  func aPartyForWhichTheCallerDoesNotSpeakIsNowhere(method: HTTP.Method) async throws {
    let body = method == .get ? "" : Sample.tokenJSON
    let answer = try await House().ask(method, "/ocpi/2.2.1/tokens/DE/XYZ/04AABBCC", body: body)
    #expect(answer.status == 404 && answer.code == 2001)
  }

  @Test(arguments: ["", "{", "nonsense", "{\"a\":1}}"])
  func aBodyThatIsNotJSONIs400(body: String) async throws {
    let house = try await House()
    for (method, path) in [
      (.put, "tokens/DE/ABC/1"), (.patch, "tokens/DE/ABC/1"), (.post, "commands/START_SESSION"), (.put, "credentials"),
    ] as [(HTTP.Method, String)] {
      #expect(try await house.ask(method, "/ocpi/2.2.1/\(path)", body: body).status == 400)
    }
  }

  @Test func aPatchOfATokenThatIsNotThereIs404() async throws {
    let answer = try await House().ask(
      .patch, "/ocpi/2.2.1/tokens/DE/ABC/1", body: "{\"valid\":false,\"last_updated\":\"2026-03-06T00:00:00Z\"}")
    #expect(answer.status == 404)
    #expect(answer.code == 2004)
  }

  // MARK: Commands

  private static let start = """
    {"response_url":"https://emsp.example.org/done/1","token":\(Sample.tokenJSON),"location_id":"L1","evse_uid":"E1",
    "connector_id":"1","authorization_reference":"R-1"}
    """

  @Test func aStartIsHandedOnAndAnswered() async throws {
    let house = try await House()
    let answer = try await house.ask(.post, "/ocpi/2.2.1/commands/START_SESSION", body: Self.start)
    #expect(answer.status == 200 && answer.code == 1000)
    #expect(answer.data == json("{\"result\":\"ACCEPTED\",\"timeout\":30}"))
    let wish = await house.service.wishes.first
    #expect(wish?.location == "L1" && wish?.evse == "E1" && wish?.connector == "1")
    #expect(wish?.authorizationReference == "R-1")
    #expect(wish?.key == TokenKey(party: Sample.theirs, uid: "04AABBCC", kind: .rfid))
    #expect(wish?.respondTo == "https://emsp.example.org/done/1")
  }

  @Test func stopAndUnlockAreHandedOn() async throws {
    let house = try await House()
    let stop = "{\"response_url\":\"https://emsp.example.org/done/2\",\"session_id\":\"S1\"}"
    #expect(
      try await house.ask(.post, "/ocpi/2.2.1/commands/STOP_SESSION", body: stop).data?["result"]?.string == "ACCEPTED")
    let unknown = stop.replacing("S1", with: "S9")
    #expect(
      try await house.ask(.post, "/ocpi/2.2.1/commands/STOP_SESSION", body: unknown).data?["result"]?.string
        == "UNKNOWN_SESSION")
    let unlock =
      stop.replacing("\"session_id\":\"S1\"", with: "\"location_id\":\"L1\",\"evse_uid\":\"E1\",\"connector_id\":\"1\"")
    _ = try await house.ask(.post, "/ocpi/2.2.1/commands/UNLOCK_CONNECTOR/", body: unlock)
    #expect(await house.service.unlocks == ["L1/E1/1"])
  }

  @Test(arguments: ["RESERVE_LATER", "DANCE"])
  func otherCommandsAreNotSupported(name: String) async throws {
    let answer = try await House().ask(.post, "/ocpi/2.2.1/commands/\(name)", body: "{}")
    #expect(answer.status == 200)
    #expect(answer.data == json("{\"result\":\"NOT_SUPPORTED\",\"timeout\":0}"))
  }

  @Test(arguments: [
    "https://evil.example/done", "http://emsp.example.org/done", "http://169.254.169.254/latest", "file:///etc/passwd",
    "x",
  ])
  func aResultGoesOnlyToAHostOfThePartner(url: String) async throws {
    let house = try await House()
    let body = Self.start.replacing("https://emsp.example.org/done/1", with: url)
    let answer = try await house.ask(.post, "/ocpi/2.2.1/commands/START_SESSION", body: body)
    #expect(answer.data?["result"]?.string == "REJECTED")
    #expect(await house.service.wishes.isEmpty)
  }

  @Test func aStartAtAnUnknownLocationIs2003() async throws {
    let house = try await House()
    await MainActor.run { house.service.fault = .unknownLocation }
    let answer = try await house.ask(.post, "/ocpi/2.2.1/commands/START_SESSION", body: Self.start)
    #expect(answer.status == 200)
    #expect(answer.code == 2003)
  }

  @Test func aConnectorWithoutItsEVSEIs2001() async throws {
    let body = Self.start.replacing("\"evse_uid\":\"E1\",", with: "")
    let answer = try await House().ask(.post, "/ocpi/2.2.1/commands/START_SESSION", body: body)
    #expect(answer.code == 2001)
  }

  // MARK: Credentials and the log

  @Test func credentialsAreShownWithTheTokenOfTheCaller() async throws {
    let house = try await House()
    let shown = try await house.ask(.get, "/ocpi/2.2.1/credentials").data
    #expect(shown?["token"]?.string == "token-B")
    #expect(shown?["url"]?.string == "\(house.loopback.url)/ocpi/versions")
    #expect(shown?["roles"]?[0]?["role"]?.string == "CPO")
    #expect(shown?["roles"]?[0]?["business_details"]?["website"]?.string == "https://example.com")
  }

  @Test func registeringTwiceAndChangingNothingAre405() async throws {
    let house = try await House()
    let again = try await house.ask(.post, "/ocpi/2.2.1/credentials", body: "{}")
    #expect(again.status == 405 && again.response.headers["Allow"] == "GET, PUT, DELETE")
    let change = try await house.ask(.put, "/ocpi/2.2.1/credentials", token: "token-A", body: "{}")
    #expect(change.status == 405 && change.response.headers["Allow"] == "GET, POST")
    #expect(try await house.ask(.delete, "/ocpi/2.2.1/credentials", token: "token-A").status == 405)
    let left = try await house.ask(.delete, "/ocpi/2.2.1/credentials")
    #expect(left.status == 200 && left.code == 1000)
    #expect(await house.service.unregistered == 1)
  }

  @Test func bothSidesAreLoggedAndNoTokenIs() async throws {
    let house = try await House()
    _ = try await house.ask(.get, "/ocpi/2.2.1/credentials?x=1", headers: ["X-Request-ID": "r-7"])
    _ = try await house.ask(.put, "/ocpi/2.2.1/credentials", body: "{\"token\":\"secret-9\"}")
    _ = try await house.ask(.put, "/ocpi/2.2.1/credentials", body: "{\"token\":\"secret-9\"")
    _ = try await house.ask(.patch, "/ocpi/2.2.1/credentials", body: "{\"token\":\"secret-9\"}")
    let frames = Array(house.frames.all.prefix(6))
    #expect(house.frames.all.count == 8)
    #expect(frames[0].direction == .received && frames[0].text.text.hasPrefix("GET /ocpi/2.2.1/credentials?x=1\n"))
    #expect(frames[0].text.text.contains("\nX-Request-ID: r-7") && frames[0].text.text.contains("Authorization: …"))
    #expect(frames[1].text.text.contains("\nContent-Type: application/json"))
    #expect(frames[1].direction == .sent && frames[1].correlation == "r-7" && !frames[1].isError)
    #expect(frames.allSatisfy { $0.door == "ocpi" && $0.peer == "ABC Roaming" && $0.action == "credentials" })
    #expect(frames[3].isError && frames[5].isError)
    for secret in ["token-B", "secret-9", Bytes(utf8: "token-B").base64] {
      #expect(!house.frames.text.contains(secret))
    }
  }
}
