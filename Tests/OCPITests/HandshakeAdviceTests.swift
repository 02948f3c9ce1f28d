import Domain
import HTTP
import Synchronization
import Testing
import Wire

@testable import OCPI

/// What the trace of a registration says, and what it advises where a step fails.
@Suite struct HandshakeAdviceTests {
  private final class Steps: Sendable {
    private let kept = Mutex<[HandshakeStep]>([])
    func add(_ step: HandshakeStep) { kept.withLock { $0.append(step) } }
    var all: [HandshakeStep] { kept.withLock { $0 } }
  }

  private static func register(
    _ ways: TinyPartner.Ways = TinyPartner.Ways(), token: String = "right", path: String = "/versions"
  ) async throws -> [HandshakeStep] {
    let partner = try await TinyPartner(ways, token: "right")
    let link = try OCPIDoor(
      publicURL: "https://us", http: partner.loopback.http, zones: zones, frames: Frames()
    ).link
    let steps = Steps()
    _ = try? await link.register(
      versionsURL: partner.loopback.url + path, with: token, offering: "our-secret-token",
      terms: Sample.terms(Sample.partner(state: .invited, allowPrivate: true))
    ) { steps.add($0) }
    return steps.all
  }

  @Test func everyStepHasItsRequestAndItsAnswerWithoutTokens() async throws {
    let steps = try await Self.register()
    #expect(steps.map(\.name) == ["versions", "details", "credentials"] && steps.allSatisfy(\.ok))
    for step in steps {
      #expect(step.request?.isEmpty == false && step.answer?.hasPrefix("HTTP 200") == true)
      let all = "\(step.request ?? "")\(step.answer ?? "")"
      #expect(!all.contains("our-secret-token") && !all.contains("token-theirs"))
    }
    #expect(steps[2].request?.hasPrefix("POST ") == true && steps[2].request?.contains("\"roles\"") == true)
  }

  @Test func aFailingStepSaysWhatToChange() async throws {
    let wrong = try await Self.register(token: "wrong")
    #expect(wrong.last?.ok == false && wrong.last?.advice?.contains("token") == true)
    #expect(wrong.last?.answer?.hasPrefix("HTTP 401") == true)
    let lost = try await Self.register(path: "/elsewhere")
    #expect(lost.last?.advice?.contains("URL") == true)
    var ways = TinyPartner.Ways()
    ways.versions = "[{\"version\":\"9.9\",\"url\":\"BASE/new\"}]"
    #expect(try await Self.register(ways).last?.advice?.contains("version") == true)
    ways = TinyPartner.Ways()
    ways.details = "{\"version\":\"2.2.1\",\"endpoints\":[]}"
    let empty = try await Self.register(ways)
    #expect(empty.map(\.ok) == [true, false] && empty.last?.advice?.contains("endpoints") == true)
    ways = TinyPartner.Ways()
    ways.credentialsStatus = .methodNotAllowed
    #expect(try await Self.register(ways).last?.advice?.contains("token A") == true)
  }

  @Test func aPrivateAddressIsNamedAsTheReason() async throws {
    let loopback = try await Loopback()
    let link = try OCPIDoor(publicURL: "https://us", http: loopback.http, zones: zones, frames: Frames()).link
    let steps = Steps()
    await #expect(throws: RegistrationFault.self) {
      try await link.probe(versionsURL: loopback.url + "/versions", with: "x", terms: Sample.terms()) { steps.add($0) }
    }
    #expect(steps.all.last?.advice?.contains("allow_private") == true)
  }

  @Test func aProbeSendsNoCredentials() async throws {
    let partner = try await TinyPartner(token: "right")
    let link = try OCPIDoor(
      publicURL: "https://us", http: partner.loopback.http, zones: zones, frames: Frames()
    ).link
    let steps = Steps()
    try await link.probe(
      versionsURL: partner.loopback.url + "/versions", with: "right",
      terms: Sample.terms(Sample.partner(allowPrivate: true))
    ) { steps.add($0) }
    #expect(steps.all.map(\.name) == ["versions", "details"])
    #expect(!partner.requests.contains { $0.contains("/cred") })
  }
}
