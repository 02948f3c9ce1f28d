import Domain
import HTTP
import Testing
import Wire

@testable import OCPI

@Suite struct PushTests {
  private static func link(_ loopback: Loopback, _ frames: Frames = Frames()) throws -> PartnerLinkOverHTTP {
    try OCPIDoor(publicURL: "https://charge.example.com", http: loopback.http, zones: zones, frames: frames).link
  }

  // MARK: Requests

  @Test func everyObjectGoesToItsOwnAddress() async throws {
    let link = try Self.link(try await Loopback())
    let terms = Sample.terms()
    func place(_ object: PushObject) throws -> String {
      let request = try link.request(for: object, terms: terms)
      return
        "\(request.method) \(request.url.replacing("https://emsp.example.org/ocpi/2.2.1", with: "")) \(request.module)"
    }
    #expect(try place(.location(Sample.location())) == "PUT /locations/NL/OST/L1 locations")
    #expect(
      try place(.evse(PublishedEVSE(Sample.evse()), of: Sample.location())) == "PUT /locations/NL/OST/L1/E1 locations")
    #expect(try place(.tariff(Sample.tariffView)) == "PUT /tariffs/NL/OST/T1 tariffs")
    #expect(try place(.tariffRemoved(ref: "T 1/2", party: Sample.ours)) == "DELETE /tariffs/NL/OST/T%201%2F2 tariffs")
    #expect(try place(.session(Sample.session())) == "PUT /sessions/NL/OST/S1 sessions")
    #expect(try place(.cdr(Sample.cdr())) == "POST /cdrs cdrs")
  }

  @Test func theSameCDRIsTheSameRequest() async throws {
    let link = try Self.link(try await Loopback())
    let first = try link.request(for: .cdr(Sample.cdr()), terms: Sample.terms())
    #expect(try link.request(for: .cdr(Sample.cdr()), terms: Sample.terms()) == first)
  }

  @Test func aCommandResultGoesBareToTheHostOfThePartnerOnly() async throws {
    let link = try Self.link(try await Loopback())
    func request(_ url: String) throws -> PushRequest {
      try link.request(for: .commandResult(url: url, result: .timeout, message: "no answer"), terms: Sample.terms())
    }
    let made = try request("https://emsp.example.org/done/1?id=2")
    #expect(made.method == "POST" && made.url == "https://emsp.example.org/done/1?id=2" && made.module == "commands")
    #expect(made.body.text == "{\"result\":\"TIMEOUT\",\"message\":[{\"language\":\"en\",\"text\":\"no answer\"}]}")
    #expect(throws: PushFault.self) { try request("https://elsewhere.example.org/done/1") }
  }

  @Test func whatAPartnerDoesNotTakeIsNotWanted() async throws {
    let link = try Self.link(try await Loopback())
    var partner = Sample.partner()
    partner.endpoints = [.init(module: "locations", role: "SENDER", url: "https://emsp.example.org/locations")]
    #expect(throws: PushFault.notWanted) {
      try link.request(for: .location(Sample.location()), terms: Sample.terms(partner))
    }
    #expect(throws: PushFault.notWanted) { try link.request(for: .cdr(Sample.cdr()), terms: Sample.terms(partner)) }
    partner.version = "9.9"
    #expect(throws: PushFault.self) { try link.request(for: .cdr(Sample.cdr()), terms: Sample.terms(partner)) }
  }

  // MARK: Outcomes

  private static func outcome(_ status: Int, _ body: String, module: String = "sessions", headers: Headers = [:]) throws
    -> PushOutcome
  {
    PushOutcome(
      PartnerReply(
        status: HTTP.Status(rawValue: status), headers: headers, body: Bytes(utf8: body),
        url: try HTTPURL("https://emsp.example.org/x"), milliseconds: 5),
      module: module)
  }

  enum Kind { case accepted, refused, retry, failed }

  @Test(arguments: [
    (200, "{\"status_code\":1000}", Kind.accepted), (201, "{\"status_code\":1000,\"data\":null}", .accepted),
    (200, "{\"status_code\":1999}", .accepted), (204, "", .accepted),
    (200, "{\"status_code\":2000}", .refused), (200, "{\"status_code\":2001,\"status_message\":\"no\"}", .refused),
    (200, "{\"status_code\":3000}", .failed), (200, "{\"status_code\":4002}", .failed), (200, "", .failed),
    (200, "<html>", .failed), (200, "ok", .failed), (200, "{\"detail\":1}", .failed), (302, "", .failed),
    (308, "", .failed),
    (400, "{\"status_code\":2001}", .refused), (404, "", .refused), (405, "", .refused), (409, "", .refused),
    (413, "", .refused), (422, "{\"detail\":[]}", .refused), (401, "", .retry), (403, "", .retry), (408, "", .retry),
    (429, "", .retry), (500, "{\"status_code\":2001}", .failed), (501, "", .failed), (502, "<html>", .retry),
    (503, "", .retry), (504, "", .retry),
    (200, "{\"status_code\":2000,\"status_message\":\"Session already exists\"}", .refused),
  ])
  func anAnswerMeansOneOfFourThings(status: Int, body: String, expected: Kind) throws {
    switch try Self.outcome(status, body) {
    case .accepted(let milliseconds): #expect(expected == .accepted && milliseconds == 5)
    case .refused: #expect(expected == .refused)
    case .retry: #expect(expected == .retry)
    case .failed: #expect(expected == .failed)
    }
  }

  @Test(arguments: [
    (409, ""), (200, "{\"status_code\":2000,\"status_message\":\"CDR with this ID already exists\"}"),
    (400, "{\"detail\":\"Duplicate CDR\"}"), (422, "{\"status_code\":2001,\"status_message\":\"duplicate id\"}"),
  ])
  func aCDRThatIsThereAlreadyIsAccepted(status: Int, body: String) throws {
    #expect(try Self.outcome(status, body, module: "cdrs") == .accepted(milliseconds: 5))
  }

  @Test(arguments: [
    (500, "{\"detail\":\"duplicate key\"}"), (200, "{\"status_code\":3000,\"status_message\":\"duplicate\"}"),
  ])
  func aCDRThatFailedIsNotTakenForOneThatExists(status: Int, body: String) throws {
    guard case .failed = try Self.outcome(status, body, module: "cdrs") else {
      Issue.record("a failing partner is tried again")
      return
    }
  }

  @Test(
    arguments: [("120", 120), ("0", 0), ("-5", 0), ("999999", 3_600), ("Wed, 21 Oct 2026 07:28:00 GMT", nil)]
      as [(String, Int?)])
  func aPartnerMaySayWhenToComeBack(header: String, after: Int?) throws {
    guard case .retry(let seconds, _) = try Self.outcome(429, "", headers: ["Retry-After": header]) else {
      Issue.record("429 is tried again")
      return
    }
    #expect(seconds == after)
    // A moment is by the partner's own clock, where it says what that shows.
    let dated: Headers = ["Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "Date": "Wed, 21 Oct 2026 07:26:30 GMT"]
    guard case .retry(90, _) = try Self.outcome(503, "", headers: dated) else {
      Issue.record("ninety seconds are asked for")
      return
    }
    // Who says when to come back speaks of itself, and not of the object.
    let failing = try Self.outcome(500, "", headers: ["Retry-After": header])
    #expect(
      failing == (after.map { .retry(after: $0, why: "HTTP 500, an empty body") } ?? .failed("HTTP 500, an empty body"))
    )
  }

  // MARK: Over the wire

  @Test func aPushCarriesTokenIDsAndRoutingAndIsLoggedWithoutTheToken() async throws {
    let loopback = try await Loopback()
    let frames = Frames()
    let link = try Self.link(loopback, frames)
    loopback.serve { request, exchange in
      let fields = ["Authorization", "OCPI-to-party-id", "OCPI-from-party-id", "Content-Type"].map {
        request.headers[$0] ?? "-"
      }
      let isWhole = request.headers["X-Request-ID"]?.count == 36 && request.headers["X-Correlation-ID"]?.count == 36
      let text = "\(request.method.rawValue) \(request.target.path) \(fields.joined(separator: " ")) \(isWhole)"
      exchange.respond(.json(Envelope(.invalid, text).bytes(at: .epoch)))
    }
    let terms = Sample.terms(Sample.partner(base: loopback.url, allowPrivate: true))
    let request = try link.request(for: .session(Sample.session()), terms: terms)
    let token = Bytes(utf8: "their-secret").base64
    #expect(
      await link.send(request, terms: terms)
        == .refused(
          "HTTP 200, 2001: PUT /sessions/NL/OST/S1 Token \(token) ABC OST application/json true"))
    #expect(frames.all.map(\.direction) == [.sent, .received])
    #expect(frames.all[1].isError)
    let said = frames.all[0].text.text
    #expect(said.hasPrefix("PUT \(loopback.url)/sessions/NL/OST/S1\n") && said.contains("\n\n{\"country_code\":\"NL\""))
  }

  @Test func aPartnerThatTakesTheTokenRawIsLearned() async throws {
    let loopback = try await Loopback()
    let link = try Self.link(loopback)
    loopback.serve { request, exchange in
      let knows = request.headers["Authorization"] == "Token their-secret"
      exchange.respond(.json(Envelope().bytes(at: .epoch), status: knows ? .ok : .unauthorized))
    }
    let terms = Sample.terms(Sample.partner(base: loopback.url, allowPrivate: true))
    let request = try link.request(for: .tariff(Sample.tariffView), terms: terms)
    guard case .accepted = await link.send(request, terms: terms) else {
      Issue.record("the other form is tried")
      return
    }
    #expect(await link.client.learned[ID(3)] == .raw)
    var fixed = terms
    fixed.partner.quirks.tokenForm = .base64
    guard case .retry = await link.send(request, terms: fixed) else {
      Issue.record("a form that the operator set is the only one")
      return
    }
  }

  /// A partner whose token has just changed answers 401, and stumbles over the other form: nothing is learned from that.
  @Test(arguments: [(200, 3000), (500, 3000), (503, 1000)])
  func aPartnerThatStumblesOverTheOtherFormTeachesNothing(status: Int, code: Int) async throws {
    let loopback = try await Loopback()
    let link = try Self.link(loopback)
    loopback.serve { request, exchange in
      let isRaw = request.headers["Authorization"] == "Token their-secret"
      let envelope = Envelope(isRaw ? Envelope.Code(rawValue: code) : .clientError)
      exchange.respond(
        .json(envelope.bytes(at: .epoch), status: isRaw ? HTTP.Status(rawValue: status) : .unauthorized))
    }
    let terms = Sample.terms(Sample.partner(base: loopback.url, allowPrivate: true))
    let request = try link.request(for: .tariff(Sample.tariffView), terms: terms)
    #expect(await link.send(request, terms: terms) == .retry(after: nil, why: "HTTP 401, 2000"))
    #expect(await link.client.learned[ID(3)] == nil)
  }

  @Test func aPrivateAddressIsRefusedUnlessAllowed() async throws {
    let loopback = try await Loopback()
    let link = try Self.link(loopback)
    loopback.serve { _, exchange in exchange.respond(.json(Envelope().bytes(at: .epoch))) }
    let terms = Sample.terms(Sample.partner(base: loopback.url))
    let request = try link.request(for: .tariff(Sample.tariffView), terms: terms)
    guard case .refused(let why) = await link.send(request, terms: terms) else {
      Issue.record("127.0.0.1 must not be called")
      return
    }
    #expect(why.contains("127.0.0.1"))
  }

  @Test func nobodyThereIsTriedAgain() async throws {
    let loopback = try await Loopback()
    let link = try Self.link(loopback)
    let terms = Sample.terms(Sample.partner(base: "http://127.0.0.1:1", allowPrivate: true))
    let request = try link.request(for: .tariff(Sample.tariffView), terms: terms)
    guard case .retry = await link.send(request, terms: terms) else {
      Issue.record("a closed port may open")
      return
    }
  }

  @Test func aPartnerIsAskedAboutItsDriver() async throws {
    let loopback = try await Loopback()
    let link = try Self.link(loopback)
    loopback.serve { request, exchange in
      switch request.target.path + "?" + request.target.rawQuery {
      case "/tokens/04AABBCC/authorize?type=RFID":
        let isAsked = request.body.text == "{\"location_id\":\"L1\",\"evse_uids\":[\"E1\"]}"
        let allowed = isAsked ? "ALLOWED" : "BLOCKED"
        let info = "{\"allowed\":\"\(allowed)\",\"token\":\(Sample.tokenJSON),\"authorization_reference\":\"R\"}"
        // As one family of servers does it: the object in a list.
        exchange.respond(.json(Envelope(data: Bytes(utf8: "[\(info)]")).bytes(at: .epoch)))
      case "/tokens/NOBODY/authorize?type=APP_USER":
        exchange.respond(.json(Envelope(.unknownToken, "who?").bytes(at: .epoch)))
      case "/tokens/LOST/authorize?type=RFID": exchange.respond(.text("not here", status: .notFound))
      default: exchange.respond(.text("<html>", status: .internalError))
      }
    }
    let terms = Sample.terms(Sample.partner(base: loopback.url, allowPrivate: true))
    func ask(_ uid: String, _ kind: Token.Kind = .rfid, location: String? = nil) async -> PartnerAuthorization? {
      await link.authorize(uid: uid, kind: kind, location: location, evse: "E1", terms: terms, deadline: 5)
    }
    let known = await ask("04AABBCC", location: "L1")
    #expect(known?.allowed == .allowed)
    #expect(known?.authorizationReference == "R")
    #expect(known?.key?.party == Sample.theirs)
    #expect(await ask("04AABBCC")?.allowed == .blocked)
    #expect(await ask("NOBODY", .appUser)?.allowed == .notAllowed)
    #expect(await ask("LOST")?.allowed == .notAllowed)
    #expect(await ask("BROKEN") == nil)
  }

  @Test func aMessageGoesToTheOwnerOfTheTokenAmongSeveralParties() throws {
    var partner = Sample.partner()
    let other = PartyID(country: "BE", party: "XYZ")
    partner.roles.append(PartnerRole(id: ID(2), partner: ID(3), name: other, role: "EMSP", businessName: "XYZ"))
    let terms = Sample.terms(partner)
    #expect(terms.receiver(of: try edition.cdr(Sample.cdr(), seconds)) == Sample.theirs)
    #expect(terms.receiver(of: try edition.location(Sample.location(), seconds)) == nil)
    #expect(Sample.terms().receiver(of: []) == Sample.theirs)
    partner.roles.append(
      PartnerRole(
        id: ID(4), partner: ID(3), name: PartyID(country: "EU", party: "HUB"), role: "HUB", businessName: "Hub"))
    #expect(Sample.terms(partner).receiver(of: []) == PartyID(country: "EU", party: "HUB"))
  }
}
