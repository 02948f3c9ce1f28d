import Crypto
import Domain
import Store
import Wire

// Vehicles that pay by their contract (ISO 15118 Plug & Charge; OCPP 2.0.1 C07, M01, M02, M06, M07): whether a
// certificate still holds is asked of its responder, off the turn, and remembered as long as the answer counts; contract
// certificates come from whoever the operator named.

extension StationDesk: ContractReports {
  func ask(about question: CertificateQuestion) throws(TurnFault) -> Eventually<ResponderAnswer> {
    try keeping { () throws(StoreFault) in
      guard station != nil else { return .now(.failed("the station is not accepted yet")) }
      return try house.ask(about: question).map { answer in
        switch answer {
        case .heard(let der, _): .answered(der)
        case .failed(let why): .failed(why)
        }
      }
    }
  }

  func states(of questions: [CertificateQuestion]) throws(TurnFault) -> Eventually<[CertificateState]> {
    try keeping { () throws(StoreFault) in
      guard station != nil else { return .now(questions.map { _ in CertificateState(.failed, until: house.now) }) }
      return try house.states(of: questions)
    }
  }

  func contractCertificate(_ wish: ContractWish) throws(TurnFault) -> Eventually<ContractAnswer> {
    guard station != nil else { return .now(.failed("the station is not accepted yet")) }
    return house.contractCertificate(wish, for: identity)
  }

  func authorize(_ contract: ContractReport) throws(TurnFault) -> Eventually<ContractAuthorization> {
    try keeping { () throws(StoreFault) in
      guard let station else { return .now(ContractAuthorization(Authorization(.invalid), certificate: nil)) }
      return try house.authorize(contract, at: station)
    }
  }
}

// MARK: - Whether certificates hold

extension CSMS {
  /// What came of one question.
  enum Responder: Sendable {
    /// The answer as it came, and what it says.
    case heard(Bytes, OCSP.Answer)
    case failed(String)
  }

  func ask(about question: CertificateQuestion) throws(StoreFault) -> Eventually<Responder> {
    let hash = question.id.hash
    guard let url = question.urls.first(where: { $0.lowercased().hasPrefix("http") }) else {
      return .now(.failed("no responder is named"))
    }
    // One list speaks of many certificates.
    let key = question.isForResponder ? hash.key : "list \(url)"
    if let kept = try books.certificates.answer(about: key, at: now), let answer = try? read(kept, about: question) {
      return .now(.heard(kept, answer))
    }
    guard let request = self.request(about: question, to: url) else {
      return .now(.failed("the certificate's hash is no hex"))
    }
    guard let webLink, waitingQuestions < Limits.waitingQuestions else {
      return .now(.failed("too many questions wait for responders"))
    }
    let ticket = Ticket<Responder>()
    afterCommit {
      // Not before: what a lost turn asked is never answered.
      self.waitingQuestions += 1
      webLink.ask(request) { answer in
        self.waitingQuestions -= 1
        self.note { () throws(StoreFault) in
          let heard = try self.heard(answer, from: url, about: question, key)
          self.afterCommit { ticket.redeem(heard) }
        } onFault: {
          ticket.redeem(.failed("the answer could not be kept"))
        }
      }
    }
    return .later(ticket)
  }

  private func request(about question: CertificateQuestion, to url: String) -> WebRequest? {
    guard question.isForResponder else {
      return WebRequest(
        url: url, accept: "application/pkix-crl", allowsPrivate: settings.allowsPrivateResponders,
        seconds: settings.responderSeconds)
    }
    return OCSP.question(about: question.id.hash).map { body in
      WebRequest(
        url: url, contentType: "application/ocsp-request", accept: "application/ocsp-response", body: body,
        allowsPrivate: settings.allowsPrivateResponders, seconds: settings.responderSeconds)
    }
  }

  private func read(_ answer: Bytes, about question: CertificateQuestion) throws(OCSP.Flaw) -> OCSP.Answer {
    let hash = question.id.hash
    guard question.isForResponder else {
      return try RevocationList.read(answer, about: hash, at: now, authorities: roots())
    }
    return try OCSP.read(answer, about: hash, at: now, roots: roots())
  }

  private func heard(
    _ answer: WebAnswer, from url: String, about question: CertificateQuestion, _ key: String
  ) throws(StoreFault) -> Responder {
    switch answer {
    case .failed(let why): return .failed("\(url): \(why)")
    case .answered(let status, _) where status != 200: return .failed("\(url) answered \(status)")
    case .answered(_, let body):
      let said: OCSP.Answer
      do throws(OCSP.Flaw) { said = try read(body, about: question) } catch {
        return .failed("\(url): \(error.sentence)")
      }
      // One without an end is asked for again, but not with each car.
      let end = min(
        said.nextUpdate ?? now + .seconds(Limits.answerLifeSeconds), now + .seconds(Limits.longestAnswerLifeSeconds))
      try books.certificates.keep(answer: body, about: key, until: end)
      return .heard(body, said)
    }
  }

  /// Whose signature under an answer counts. Where the operator named no roots, the answer counts without.
  private func roots() -> [Certificate] {
    let uses: Set<CertificateUse> = [.v2g, .mobilityOperator, .vehicleMaker]
    let kept = ((try? books.certificates.roots()) ?? []).filter { uses.contains($0.use) }
    return kept.compactMap { try? Certificate(pem: $0.pem) }
  }

  func states(of questions: [CertificateQuestion]) throws(StoreFault) -> Eventually<[CertificateState]> {
    let asked = try questions.map { question throws(StoreFault) in try ask(about: question) }
    let whenFailed = now + .seconds(Limits.failedAnswerSeconds)
    return Eventually.all(asked).map { answers in
      answers.map { answer in
        switch answer {
        case .heard(_, let read):
          let state: CertificateState.State =
            switch read.state {
            case .good: .good
            case .revoked: .revoked
            case .unknown: .unknown
            }
          return CertificateState(state, until: read.nextUpdate ?? whenFailed)
        case .failed: return CertificateState(.failed, until: whenFailed)
        }
      }
    }
  }

  // MARK: Contracts

  /// First the certificate, then the contract: who shows a bad certificate is not asked about.
  func authorize(_ report: ContractReport, at station: ID<Station>) throws(StoreFault) -> Eventually<
    ContractAuthorization
  > {
    var questions = report.questions
    if let pem = report.chain {
      guard let chain = CertificateChain(pem: pem) else { return refusal(.untrusted) }
      if let verdict = try verdict(on: chain, of: report.contract) { return refusal(verdict) }
      questions = try self.questions(about: chain)
    }
    guard report.chain != nil || !questions.isEmpty else {
      return try authorize(PresentedToken(report.contract, .emaid), at: station).map {
        ContractAuthorization($0, certificate: nil)
      }
    }
    let states = try states(of: questions)
    switch states {
    case .now(let states): return try authorize(report.contract, at: station, states)
    case .later(let waiting):
      let ticket = Ticket<ContractAuthorization>()
      waiting.whenRedeemed { states in
        // A turn of its own, which reads the state again.
        self.note { () throws(StoreFault) in
          switch try self.authorize(report.contract, at: station, states) {
          case .now(let verdict): self.afterCommit { ticket.redeem(verdict) }
          case .later(let later): later.whenRedeemed { ticket.redeem($0) }
          }
        } onFault: {
          ticket.redeem(ContractAuthorization(Authorization(.invalid), certificate: .unavailable))
        }
      }
      return .later(ticket)
    }
  }

  private func authorize(
    _ contract: String, at station: ID<Station>, _ states: [CertificateState]
  ) throws(StoreFault) -> Eventually<ContractAuthorization> {
    if states.contains(where: { $0.state == .revoked }) { return refusal(.revoked) }
    guard states.allSatisfy({ $0.state == .good }) else { return refusal(.unavailable) }
    return try authorize(PresentedToken(contract, .emaid), at: station).map { authorization in
      let verdict: ContractAuthorization.Verdict =
        switch authorization.verdict {
        case .accepted, .concurrent, .noCredit, .notHere, .wrongKind: .accepted
        case .blocked, .expired, .invalid: .cancelled
        }
      return ContractAuthorization(authorization, certificate: verdict)
    }
  }

  /// Of an expired certificate the contract is said to have expired too (C07.FR.15).
  private func refusal(_ verdict: ContractAuthorization.Verdict) -> Eventually<ContractAuthorization> {
    .now(ContractAuthorization(Authorization(verdict == .expired ? .expired : .invalid), certificate: verdict))
  }

  /// Nil where the chain leads to somebody whom we trust with contracts, and is the contract's own.
  private func verdict(on chain: CertificateChain, of contract: String) throws(StoreFault) -> ContractAuthorization
    .Verdict?
  {
    guard chain.leaf.subject.commonName?.plainContract == contract.plainContract else { return .untrusted }
    let trusted = try books.certificates.roots(for: .mobilityOperator) + books.certificates.roots(for: .v2g)
    do throws(CertificateChain.Flaw) {
      try chain.verify(to: trusted.compactMap { try? Certificate(pem: $0.pem) }, at: now)
      return nil
    } catch {
      switch error {
      case .expired, .notYetValid: return .expired
      case .revoked: return .revoked
      case .untrusted, .badSignature, .other: return .untrusted
      }
    }
  }

  /// About each certificate of a chain that names a responder; the root answers for itself.
  private func questions(about chain: CertificateChain) throws(StoreFault) -> [CertificateQuestion] {
    let trusted = try books.certificates.roots().compactMap { try? Certificate(pem: $0.pem) }
    let above = Array(chain.certificates.dropFirst()) + trusted
    return chain.certificates.compactMap { certificate in
      guard !certificate.responderURLs.isEmpty, !certificate.isRoot,
        let issuer = above.first(where: { $0.subject == certificate.issuer })
      else { return nil }
      let hash = CertificateHash(of: certificate, issuer: issuer)
      return CertificateQuestion(
        CertificateID(.sha256, issuerName: hash.issuerName, issuerKey: hash.issuerKey, serial: hash.serial),
        urls: certificate.responderURLs)
    }
  }

  // MARK: Contract certificates

  /// Passed on to whoever makes them: a POST of JSON, as the README describes it.
  func contractCertificate(_ wish: ContractWish, for station: StationIdentity) -> Eventually<ContractAnswer> {
    guard let url = settings.contractProviderURL else {
      return .now(.failed("no provider of contract certificates is set up (contract_provider_url)"))
    }
    guard let webLink, waitingQuestions < Limits.waitingQuestions else {
      return .now(.failed("too many requests wait for the provider of contract certificates"))
    }
    let body: JSON = [
      "station": .string(station.text), "action": .string(wish.action.rawValue),
      "schema_version": .string(wish.schemaVersion), "exi_request": .string(wish.request),
      "most_chains": wish.mostChains.map { .number(JSONNumber($0)) } ?? .null,
      "contracts": wish.contracts.map { .array($0.map { .string($0) }) } ?? .null,
    ]
    let request = WebRequest(
      url: url, contentType: "application/json", accept: "application/json", body: body.bytes,
      token: settings.contractProviderToken, allowsPrivate: settings.allowsPrivateContractProvider,
      seconds: settings.responderSeconds)
    let ticket = Ticket<ContractAnswer>()
    afterCommit {
      self.waitingQuestions += 1
      webLink.ask(request) { answer in
        self.waitingQuestions -= 1
        ticket.redeem(Self.contractAnswer(answer))
      }
    }
    return .later(ticket)
  }

  private static func contractAnswer(_ answer: WebAnswer) -> ContractAnswer {
    switch answer {
    case .failed(let why): return .failed("the provider of contract certificates: \(why)")
    case .answered(let status, let body):
      let json = (try? JSON.parse(body)) ?? .null
      if status == 200, let response = json["exi_response"]?.string, !response.isEmpty {
        return .answered(response, remaining: json["remaining_contracts"]?.int.map { Int($0) })
      }
      return .failed(
        "the provider of contract certificates answered \(status)" + (json["reason"]?.string.map { ": \($0)" } ?? ""))
    }
  }
}

extension String {
  /// An EMAID without the separators that may stand in it (ISO 15118-2 annex H).
  fileprivate var plainContract: String { filter { $0 != "-" }.ciFolded }
}

extension Eventually {
  /// All of them, once the last is there, in their order.
  @MainActor
  static func all(_ parts: [Eventually<Value>]) -> Eventually<[Value]> {
    let known = parts.compactMap { if case .now(let value) = $0 { value } else { nil } }
    if known.count == parts.count { return .now(known) }
    let gathering = Gathering<Value>(parts.count)
    for (place, part) in parts.enumerated() {
      switch part {
      case .now(let value): gathering.take(value, at: place)
      case .later(let ticket): ticket.whenRedeemed { gathering.take($0, at: place) }
      }
    }
    return .later(gathering.whole)
  }
}

/// Answers that come one after the other.
private final class Gathering<Value: Sendable> {
  private var values: [Value?]
  let whole = Ticket<[Value]>()

  init(_ count: Int) { values = Array(repeating: nil, count: count) }

  func take(_ value: Value, at place: Int) {
    values[place] = value
    let here = values.compactMap { $0 }
    if here.count == values.count { whole.redeem(here) }
  }
}
