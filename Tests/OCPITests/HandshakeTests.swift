import Domain
import HTTP
import Testing
import Wire

@testable import OCPI

/// We begin: what we ask of a partner, and where that can stop.
@Suite struct HandshakeTests {
  private static func link(_ partner: TinyPartner, _ frames: Frames = Frames()) throws -> PartnerLinkOverHTTP {
    try OCPIDoor(publicURL: "https://charge.example.com", http: partner.loopback.http, zones: zones, frames: frames)
      .link
  }

  private static func register(
    _ partner: TinyPartner, state: Partner.State = .invited, steps: Lines = Lines(), frames: Frames = Frames()
  ) async throws(RegistrationFault) -> PartnerRegistration {
    guard let link = try? link(partner, frames) else { throw RegistrationFault(step: "test", reason: "no link") }
    return try await link.register(
      versionsURL: partner.loopback.url + "/versions", with: "token-A", offering: "token-B",
      terms: Sample.terms(Sample.partner(base: partner.loopback.url, state: state, allowPrivate: true))
    ) { steps.add("\($0.ok ? "ok" : "failed") \($0.name)") }
  }

  @Test func weRegisterAtTheHighestVersionThatBothHave() async throws {
    let partner = try await TinyPartner(token: "token-A")
    let steps = Lines()
    let frames = Frames()
    let made = try await Self.register(partner, steps: steps, frames: frames)
    #expect(partner.requests == ["GET /versions", "GET /details/", "POST /cred"])
    #expect(steps.all == ["ok versions", "ok details", "ok credentials"])
    #expect(made.version == "2.2.1")
    #expect(made.outboundToken == "token-theirs")
    #expect(made.roles == [.init(name: Sample.theirs, role: "EMSP", businessName: "ABC")])
    // Broken entries are left out; names and sides are spelled as the house spells them.
    let base = partner.loopback.url
    #expect(
      made.endpoints == [
        .init(module: "credentials", role: "RECEIVER", url: "\(base)/cred"),
        .init(module: "locations", role: "RECEIVER", url: "\(base)/loc"),
      ])
    #expect(made.learned.tokenForm == nil)
    for secret in ["token-A", "token-B", "token-theirs"] { #expect(!frames.text.contains(secret)) }
    #expect(frames.text.contains("https://charge.example.com/ocpi/versions"))
  }

  @Test func aRegisteredPartnerIsRotatedByPUT() async throws {
    let partner = try await TinyPartner(token: "token-A")
    _ = try await Self.register(partner, state: .registered)
    #expect(partner.requests.last == "PUT /cred")
  }

  @Test func theRawTokenIsTriedOnceAndKept() async throws {
    var ways = TinyPartner.Ways()
    ways.acceptsRawOnly = true
    let partner = try await TinyPartner(ways, token: "token-A")
    let made = try await Self.register(partner)
    #expect(made.learned.tokenForm == .raw)
    // Learned at the first step: the later ones go straight.
    #expect(partner.requests == ["GET /versions", "GET /versions", "GET /details/", "POST /cred"])
  }

  @Test func aRedirectWithinTheOriginIsFollowed() async throws {
    var ways = TinyPartner.Ways()
    ways.redirects = true
    let partner = try await TinyPartner(ways, token: "token-A")
    #expect(try await Self.register(partner).version == "2.2.1")
  }

  @Test func aListOfVersionsThatIsWrappedOnceMoreIsRead() async throws {
    var ways = TinyPartner.Ways()
    ways.versions = "{\"versions\":\(ways.versions)}"
    let partner = try await TinyPartner(ways, token: "token-A")
    #expect(try await Self.register(partner).version == "2.2.1")
  }

  @Test(arguments: [
    ("versions", "[{\"version\":\"2.0\",\"url\":\"BASE/old\"}]", "it offers 2.0; wanted: 2.1.1, 2.2.1, 2.3.0"),
    ("versions", "[]", "it offers none that can be read; wanted: 2.1.1, 2.2.1, 2.3.0"),
    ("versions", "[{\"version\":\"2.2.1\",\"url\":\"BASE/lost\"}]", "HTTP 404, an HTML page"),
    ("details", "{\"version\":\"2.2.1\",\"endpoints\":[]}", "it lists no endpoint that we know"),
    (
      "details", "{\"version\":\"2.2.1\",\"endpoints\":[{\"identifier\":\"cdrs\",\"url\":\"BASE/cdrs\"}]}",
      "no credentials endpoint"
    ),
    ("credentials", "{\"token\":\"\"}", "cannot be used"), ("credentials", "null", "HTTP 200, 1000"),
  ])
  func aFaultNamesTheStepAndWhatCame(part: String, answer: String, reason: String) async throws {
    var ways = TinyPartner.Ways()
    switch part {
    case "versions": ways.versions = answer
    case "details": ways.details = answer
    default: ways.credentials = answer
    }
    let partner = try await TinyPartner(ways, token: "token-A")
    let steps = Lines()
    do throws(RegistrationFault) {
      _ = try await Self.register(partner, steps: steps)
      Issue.record("this cannot succeed")
    } catch {
      #expect(error.reason.contains(reason), "\(error)")
      #expect(steps.all.last == "failed \(error.step)")
    }
  }

  @Test func theirsSayingThatWeAreThereAlreadyIsToldSo() async throws {
    var ways = TinyPartner.Ways()
    ways.credentialsStatus = .methodNotAllowed
    let partner = try await TinyPartner(ways, token: "token-A")
    do throws(RegistrationFault) {
      _ = try await Self.register(partner)
      Issue.record("405 is no welcome")
    } catch {
      #expect(
        error
          == RegistrationFault(step: "credentials", reason: "HTTP 405, it has us registered already: rotate instead"))
    }
  }

  @Test func aWrongTokenIsAFaultOfTheFirstStep() async throws {
    let partner = try await TinyPartner(token: "another")
    do throws(RegistrationFault) {
      _ = try await Self.register(partner)
      Issue.record("401 is no welcome")
    } catch {
      #expect(error.step == "versions")
      #expect(error.reason.contains("HTTP 401"))
    }
  }

  @Test func leavingIsDoneAlsoWhereTheyDoNotKnowUs() async throws {
    for status in [HTTP.Status.ok, .methodNotAllowed] {
      var ways = TinyPartner.Ways()
      ways.credentialsStatus = status
      let partner = try await TinyPartner(ways, token: "their-secret")
      var registered = Sample.partner(base: partner.loopback.url, allowPrivate: true)
      registered.endpoints = [.init(module: "credentials", role: nil, url: partner.loopback.url + "/cred")]
      try await Self.link(partner).unregister(terms: Sample.terms(registered))
      #expect(partner.requests == ["DELETE /cred"])
    }
  }

  @Test(arguments: [Limits.listedEndpoints - 1, Limits.listedEndpoints, Limits.listedEndpoints + 1])
  func moreEndpointsThanAnybodyHasAreNotKept(count: Int) async throws {
    let entry = "{\"identifier\":\"credentials\",\"url\":\"BASE/cred\"}"
    var ways = TinyPartner.Ways()
    ways.details = "{\"endpoints\":[\(Array(repeating: entry, count: count).joined(separator: ","))]}"
    let partner = try await TinyPartner(ways, token: "token-A")
    #expect(try await Self.register(partner).endpoints.count == min(count, Limits.listedEndpoints))
  }

  // MARK: Whoever plays a partner

  @Test func aPartnerIsAskedWithAllThatARequestNeeds() async throws {
    let loopback = try await Loopback()
    loopback.serve { request, exchange in
      let from = Routing(request.headers).from?.description ?? "nobody"
      let token = TokenHeader.candidates(in: request.headers["Authorization"] ?? "").first ?? "no token"
      exchange.respond(.json(Envelope(.success, "\(from) \(token)").bytes(at: .epoch)))
    }
    let door = try OCPIDoor(publicURL: "http://127.0.0.1:1", http: loopback.http, zones: zones, frames: Frames())
    let terms = Sample.terms(Sample.partner(base: loopback.url, allowPrivate: true))
    let reply = try await door.ask(.get, loopback.url + "/locations", module: .locations, terms: terms)
    #expect(reply.isSuccess)
    #expect(reply.summary == "HTTP 200, 1000: NL*OST their-secret")
    let bare = try await door.ask(.get, loopback.url + "/credentials", module: .credentials, terms: terms)
    #expect(bare.summary == "HTTP 200, 1000: nobody their-secret")
  }
}
