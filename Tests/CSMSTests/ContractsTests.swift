import Crypto
import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Responders, contracts and the provider of contract certificates, played by the test.
@MainActor
final class FakeWeb: WebLink {
  private(set) var requests: [WebRequest] = []
  private var waiting: [@MainActor (WebAnswer) -> Void] = []
  /// How a request is answered at once; nil waits for the test.
  var answer: (WebRequest) -> WebAnswer? = { _ in nil }

  nonisolated func ask(_ request: WebRequest, done: @escaping @MainActor @Sendable (WebAnswer) -> Void) {
    MainActor.assumeIsolated {
      requests.append(request)
      if let answer = answer(request) { done(answer) } else { waiting.append(done) }
    }
  }

  func answerNext(_ answer: WebAnswer) { waiting.removeFirst()(answer) }
}

@MainActor
struct ContractsTests {
  let house: HouseUnderTest
  let web = FakeWeb()
  private let root: Issuer
  private let key: PrivateKey
  private let contract: Certificate

  init() throws {
    house = try HouseUnderTest {
      $0.contractProviderURL = "https://contracts.example.com/exi"
      $0.contractProviderToken = "secret"
    }.furnish()
    root = try Issuer.root(organization: "MO", commonName: "MO Root", at: house.now, days: 900)
    key = try PrivateKey.make()
    contract = try root.sign(
      organization: "MO", commonName: "NL-TNM-C00122045-K", key: key.publicKey, for: .vehicleSide, at: house.now,
      days: 90)
    house.csms.webLink = web
  }

  private var question: CertificateQuestion {
    let hash = CertificateHash(of: contract, issuer: root.certificate)
    return CertificateQuestion(
      CertificateID(.sha256, issuerName: hash.issuerName, issuerKey: hash.issuerKey, serial: hash.serial),
      urls: ["http://ocsp.example.com/"])
  }

  private func trustRoot() throws {
    let certificate = root.certificate
    let now = house.now
    try house.write { books throws(StoreFault) in
      _ = try books.certificates.insert(
        TrustedRoot(
          use: .mobilityOperator, name: "MO", fingerprint: certificate.fingerprint, pem: certificate.pem,
          expiresAt: certificate.notAfter, addedAt: now))
    }
  }

  private func hear<Value: Sendable>(
    _ ask: @escaping @MainActor @Sendable () throws(TurnFault) -> Eventually<Value>
  ) throws -> Answer<Value> {
    let answer = Answer<Value>()
    switch try house.decide(ask) {
    case .now(let value): answer.hear(value)
    case .later(let ticket): ticket.whenRedeemed { answer.hear($0) }
    }
    house.settle()
    return answer
  }

  private func authorize(_ report: ContractReport) throws -> Answer<ContractAuthorization> {
    let desk = try house.connect("CS-1").desk
    return try hear { () throws(TurnFault) in try desk.authorize(report) }
  }

  private func report(chain: String? = nil, questions: [CertificateQuestion] = []) -> ContractReport {
    ContractReport(contract: "NLTNMC00122045K", chain: chain, questions: questions)
  }

  // MARK: Responders

  @Test func aResponderIsAskedOffTheTurnAndItsRefusalIsSaid() throws {
    let desk = try house.connect("CS-1").desk
    let question = question
    let answer = try hear { () throws(TurnFault) in try desk.ask(about: question) }
    #expect(answer.value == nil)
    let request = try #require(web.requests.last)
    #expect(request.url == "http://ocsp.example.com/" && request.contentType == "application/ocsp-request")
    #expect(!request.allowsPrivate && request.body == OCSP.question(about: question.id.hash))
    web.answerNext(.answered(status: 200, body: [1, 2, 3]))
    house.settle()
    guard case .failed(let why)? = answer.value else { throw TestFault("\(String(describing: answer.value))") }
    #expect(why.contains("ocsp.example.com"))
  }

  @Test(arguments: [
    CertificateQuestion(CertificateID(.sha256, issuerName: "zz", issuerKey: "", serial: "1"), urls: ["http://x/"]),
    CertificateQuestion(CertificateID(.sha256, issuerName: "ab", issuerKey: "ab", serial: "1"), urls: []),
    CertificateQuestion(CertificateID(.sha256, issuerName: "ab", issuerKey: "ab", serial: "1"), urls: ["file:///etc"]),
  ])
  func whatCannotBeAskedFailsAtOnce(question: CertificateQuestion) throws {
    let desk = try house.connect("CS-1").desk
    let answer = try hear { () throws(TurnFault) in try desk.ask(about: question) }
    guard case .failed? = answer.value else { throw TestFault("\(String(describing: answer.value))") }
    #expect(web.requests.isEmpty)
  }

  @Test func aRevocationListIsFetchedOnceForAllItsCertificates() throws {
    let other = try root.sign(
      organization: "MO", commonName: "NLTNMC99999999K", key: key.publicKey, for: .vehicleSide, at: house.now, days: 90)
    let list = try root.revocationList(
      [Issuer.Revocation(serial: other.serial, at: house.now)], number: 1, at: house.now, days: 7)
    web.answer = { _ in .answered(status: 200, body: Bytes(utf8: list)) }
    let questions = [contract, other].map { certificate in
      let hash = CertificateHash(of: certificate, issuer: root.certificate)
      return CertificateQuestion(
        CertificateID(.sha256, issuerName: hash.issuerName, issuerKey: hash.issuerKey, serial: hash.serial),
        urls: ["http://crl.example.com/mo.crl"], isForResponder: false)
    }
    let desk = try house.connect("CS-1").desk
    for (question, state) in zip(questions, [CertificateState.State.good, .revoked]) {
      let answer = try hear { () throws(TurnFault) in try desk.states(of: [question]) }
      #expect(answer.value?.map(\.state) == [state])
    }
    #expect(web.requests.count == 1 && web.requests.allSatisfy { $0.body.isEmpty })
    // Once authorities are known it must be theirs.
    house.clock.now += .seconds(8 * 86_400)
    let stranger = try Issuer.root(organization: "X", commonName: "MO Root", at: house.now, days: 900).certificate
    let now = house.now
    try house.write { books throws(StoreFault) in
      _ = try books.certificates.insert(
        TrustedRoot(
          use: .mobilityOperator, name: "X", fingerprint: stranger.fingerprint, pem: stranger.pem,
          expiresAt: stranger.notAfter, addedAt: now))
    }
    let refused = try hear { () throws(TurnFault) in try desk.states(of: [questions[0]]) }
    #expect(refused.value?.map(\.state) == [.failed])
  }

  @Test func statesThatCannotBeLearntAreToldSoAndNotForLong() throws {
    web.answer = { _ in .failed("no route") }
    let desk = try house.connect("CS-1").desk
    let question = question
    let answer = try hear { () throws(TurnFault) in try desk.states(of: [question, question]) }
    let states = try #require(answer.value)
    #expect(states.map(\.state) == [.failed, .failed])
    #expect(states.allSatisfy { $0.until == house.now + .seconds(Limits.failedAnswerSeconds) })
  }

  // MARK: Contracts

  @Test func aContractThatLeadsToATrustedRootChargesByItsToken() throws {
    try trustRoot()
    try house.addToken("NLTNMC00122045K")
    let verdict = try #require(try authorize(report(chain: contract.pem)).value)
    #expect(verdict.certificate == .accepted && verdict.authorization.verdict == .accepted)
  }

  @Test func aGoodCertificateIsNotYetAContract() throws {
    try trustRoot()
    let verdict = try #require(try authorize(report(chain: contract.pem)).value)
    #expect(verdict.certificate == .cancelled && verdict.authorization.verdict == .invalid)
  }

  @Test func aBadCertificateIsWorthNothingWhateverTheToken() throws {
    try house.addToken("NLTNMC00122045K")
    #expect(try authorize(report(chain: contract.pem)).value?.certificate == .untrusted)
    #expect(try authorize(report(chain: "nothing")).value?.certificate == .untrusted)
    try trustRoot()
    let other = try root.sign(
      organization: "MO", commonName: "NLTNMC99999999K", key: key.publicKey, for: .vehicleSide, at: house.now, days: 90)
    #expect(try authorize(report(chain: other.pem)).value?.certificate == .untrusted)
    house.clock.now += .seconds(100 * 86_400)
    let late = try #require(try authorize(report(chain: contract.pem)).value)
    #expect(late.certificate == .expired && late.authorization.verdict == .expired)
  }

  @Test func aCertificateWhoseStateNobodyTellsIsNotAccepted() throws {
    try house.addToken("NLTNMC00122045K")
    let answer = try authorize(report(questions: [question]))
    #expect(answer.value == nil)
    web.answerNext(.failed("no route"))
    house.settle()
    #expect(answer.value?.certificate == .unavailable && answer.value?.authorization.verdict == .invalid)
  }

  @Test func withoutACertificateTheTokenDecides() throws {
    try house.addToken("NLTNMC00122045K")
    let verdict = try #require(try authorize(report()).value)
    #expect(verdict.certificate == nil && verdict.authorization.verdict == .accepted)
  }

  // MARK: Contract certificates

  private func wish() throws -> Answer<ContractAnswer> {
    let desk = try house.connect("CS-1").desk
    return try hear { () throws(TurnFault) in
      try desk.contractCertificate(
        ContractWish(action: .install, schemaVersion: "urn:iso:15118:2:2013:MsgDef", request: "RVhJ"))
    }
  }

  @Test func theProviderGetsTheVehiclesRequestAndItsAnswerGoesBack() throws {
    let answer = try wish()
    let request = try #require(web.requests.last)
    #expect(request.token == "secret" && request.url == "https://contracts.example.com/exi")
    let body = try JSON.parse(request.body)
    #expect(
      body["exi_request"]?.string == "RVhJ" && body["action"]?.string == "install" && body["station"]?.string == "CS-1")
    web.answerNext(.answered(status: 200, body: Bytes(utf8: #"{"exi_response":"QUJD","remaining_contracts":2}"#)))
    house.settle()
    #expect(answer.value == .answered("QUJD", remaining: 2))
  }

  @Test(arguments: [
    (WebAnswer.failed("no route"), "no route"), (.answered(status: 200, body: []), "200"),
    (.answered(status: 404, body: Bytes(utf8: #"{"reason":"no contract"}"#)), "no contract"),
  ])
  func aProviderThatGivesNothingIsQuoted(given: WebAnswer, word: String) throws {
    let answer = try wish()
    web.answerNext(given)
    house.settle()
    guard case .failed(let why)? = answer.value else { throw TestFault("\(String(describing: answer.value))") }
    #expect(why.contains(word))
  }

  @Test func withoutAProviderTheRefusalNamesTheSetting() throws {
    let bare = try HouseUnderTest().furnish()
    let desk = try bare.connect("CS-1").desk
    let said = try bare.decide { () throws(TurnFault) in
      try desk.contractCertificate(ContractWish(action: .update, schemaVersion: "", request: ""))
    }
    guard case .now(.failed(let why)) = said else { throw TestFault("\(said)") }
    #expect(why.contains("contract_provider_url"))
  }
}
