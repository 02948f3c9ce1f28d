import Domain
import HTTP
import Testing
import Wire

@testable import OCPI

/// A partner begins: what we do before we answer its credentials.
@Suite struct WelcomeTests {
  private static func credentials(_ url: String) -> String {
    """
    {"token":"token-B","url":"\(url)","roles":[{"role":"EMSP","party_id":"ABC","country_code":"DE",
    "business_details":{"name":"ABC"}}]}
    """
  }

  private func welcome(_ ways: TinyPartner.Ways = .init(), allowPrivate: Bool = true) async throws -> (
    answer: ClientResponse, service: FakeService, partner: TinyPartner
  ) {
    let partner = try await TinyPartner(ways, token: "token-B")
    let house = try await Loopback()
    let door = try OCPIDoor(
      publicURL: "https://charge.example.com", http: house.http, zones: zones, frames: Frames())
    let service = await FakeService()
    await service.invite(
      "token-A", Sample.partner(base: partner.loopback.url, state: .invited, allowPrivate: allowPrivate))
    let endpoints = door.endpoints(for: service)
    house.serve { endpoints.handle($0, $1) }
    let answer = try await house.ask(
      .post, "/ocpi/2.2.1/credentials", token: "token-A", body: Self.credentials(partner.loopback.url + "/versions"))
    return (answer, service, partner)
  }

  @Test func aPartnerThatRegistersIsVisitedWithItsOwnTokenFirst() async throws {
    let (answer, service, partner) = try await welcome()
    #expect(partner.requests == ["GET /versions", "GET /details/"])
    #expect(answer.status == .ok)
    let ours = answer.body.json["data"]
    #expect(ours?["token"]?.string == "token-C")
    #expect(ours?["url"]?.string == "https://charge.example.com/ocpi/versions")
    #expect(ours?["roles"]?[0]?["party_id"]?.string == "OST")
    let registration = await service.registrations.first
    #expect(registration?.outboundToken == "token-B")
    #expect(registration?.version == "2.2.1")
    #expect(registration?.endpoints.count == 2)
    #expect(await service.steps == ["ok credentials", "ok versions", "ok details", "ok registered"])
    #expect(await service.callers["token-A"] == nil)
  }

  @Test(
    arguments: [
      ("versions", "[{\"version\":\"2.1.1\",\"url\":\"BASE/old\"}]", 3002), ("versions", "null", 3002),
      ("versions", "[{\"version\":\"2.2.1\",\"url\":\"BASE/lost\"}]", 3001),
      ("details", "{\"endpoints\":[{\"identifier\":\"dancing\",\"role\":\"SENDER\",\"url\":\"BASE/x\"}]}", 3003),
      ("details", "{}", 3003),
    ] as [(String, String, Int64)])
  func aPartnerThatCannotBeVisitedIsToldWhy(part: String, text: String, code: Int64) async throws {
    var ways = TinyPartner.Ways()
    if part == "versions" { ways.versions = text } else { ways.details = text }
    let (answer, service, _) = try await welcome(ways)
    #expect(answer.status == .ok)
    #expect(answer.body.json["status_code"]?.int == code)
    #expect(answer.body.json["status_message"]?.string?.hasPrefix("Your ") == true)
    #expect(await service.registrations.isEmpty)
    #expect(await service.steps.last?.hasPrefix("failed") == true)
  }

  @Test func aPartnerWithTheRawTokenIsLearnedAtItsRegistration() async throws {
    var ways = TinyPartner.Ways()
    ways.acceptsRawOnly = true
    let (_, service, _) = try await welcome(ways)
    #expect(await service.registrations.first?.learned.tokenForm == .raw)
  }

  @Test func aPartnerAtAPrivateAddressIsNotVisitedUnlessAllowed() async throws {
    let (answer, service, partner) = try await welcome(allowPrivate: false)
    #expect(answer.body.json["status_code"]?.int == 3001)
    #expect(partner.requests.isEmpty)
    #expect(await service.registrations.isEmpty)
  }

  @Test func aPartnerReachedByHTTPSIsNotFollowedOntoAPlainLine() {
    let secure = Sample.terms(Sample.partner())
    #expect(secure.mayAnswer(to: "https://emsp.example.org/x"))
    #expect(!secure.mayAnswer(to: "http://emsp.example.org/x"))
    let plain = Sample.terms(Sample.partner(base: "http://emsp.example.org/ocpi/2.2.1"))
    #expect(plain.mayAnswer(to: "http://emsp.example.org/x"))
    #expect(plain.mayAnswer(to: "https://emsp.example.org/x"))
  }

  @Test func aPartnerOnAPrivateNetworkIsAnsweredAtItsOwnHostsAlone() {
    var near = Sample.terms(Sample.partner())
    near.partner.quirks.allowPrivate = true
    #expect(near.mayAnswer(to: "https://emsp.example.org/x"))
    #expect(near.mayAnswer(to: "http://emsp.example.org/x"))
    #expect(!near.mayAnswer(to: "http://169.254.169.254/latest"))
    #expect(!near.mayAnswer(to: "https://evil.example/x"))
  }

  @Test func aPartnerThatDidNotHearOurAnswerRegistersAgainWithItsInvitation() async throws {
    let partner = try await TinyPartner(.init(), token: "token-B")
    let house = try await Loopback()
    let door = try OCPIDoor(publicURL: "https://charge.example.com", http: house.http, zones: zones, frames: Frames())
    let service = await FakeService()
    let registered = Sample.partner(base: partner.loopback.url, allowPrivate: true)
    let terms = PartnerTerms(partner: registered, ourParty: Sample.party)
    await MainActor.run {
      service.callers["token-A"] = PartnerCaller(terms: terms, token: "token-A", isInvitation: true)
      service.callers["token-0"] = PartnerCaller(terms: terms, token: "token-0")
    }
    let endpoints = door.endpoints(for: service)
    house.serve { endpoints.handle($0, $1) }
    func post(_ token: String) async throws -> ClientResponse {
      try await house.ask(
        .post, "/ocpi/2.2.1/credentials", token: token, body: Self.credentials(partner.loopback.url + "/versions"))
    }
    #expect(try await post("token-0").status == .methodNotAllowed)
    #expect(partner.requests.isEmpty)
    #expect(try await post("token-A").body.json["data"]?["token"]?.string == "token-C")
  }
}
