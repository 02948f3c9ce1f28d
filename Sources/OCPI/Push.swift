import Domain
import HTTP
import Wire

/// The way out to partners over HTTP: writes each object as the partner's version wants it, sends it once, and tells
/// what the answer means. Retrying is the push queue's business.
public struct PartnerLinkOverHTTP: PartnerLink {
  let client: PartnerClient
  let editions: Editions
  let addresses: OurAddresses

  // MARK: Building

  public func request(for object: PushObject, terms: PartnerTerms) throws(PushFault) -> PushRequest {
    guard let edition = terms.partner.version.flatMap({ editions[$0] }) else {
      throw .unfit("no version that we speak was agreed with this partner")
    }
    let style = terms.partner.quirks.style
    switch object {
    case .location(let view):
      let url = try receiver(.locations, terms, view.party, view.location.ref)
      return push("PUT", url, try edition.location(view, style), .locations, edition.unsaid(of: object))
    case .evse(let evse, of: let view):
      let url = try receiver(.locations, terms, view.party, view.location.ref).appending(evse.uid)
      return push("PUT", url, try edition.evse(evse, style), .locations, edition.unsaid(of: object))
    case .tariff(let view):
      let url = try receiver(.tariffs, terms, view.party, view.version.tariff.ref)
      return push("PUT", url, try edition.tariff(view, style), .tariffs, edition.unsaid(of: object))
    case .tariffRemoved(let ref, let party):
      return push("DELETE", try receiver(.tariffs, terms, party, ref), [], .tariffs)
    case .session(let view):
      let url = try receiver(.sessions, terms, view.party, view.session.id)
      return push("PUT", url, try edition.session(view, style), .sessions, edition.unsaid(of: object))
    case .cdr(let cdr):
      let written = try edition.written(cdr, style)
      return push("POST", try endpoint(.cdrs, .receiver, terms), written.bytes, .cdrs, written.unsaid)
    case .token(let token):
      let url = try receiver(.tokens, terms, token.party, token.token.uid).asking([("type", token.token.kind.rawValue)])
      return push("PUT", url, try edition.offered(token, style), .tokens)
    case .invoice(let record):
      return push(
        "POST", try endpoint(.invoiceReconciliation, .receiver, terms), try edition.invoice(record, style),
        .invoiceReconciliation)
    case .booking(let booking):
      let url = try receiver(.bookings, terms, booking.owner, booking.id)
      return push("PUT", url, try edition.strict(booking, style), .bookings)
    case .bookingLocation(let place):
      let url = try self.place(of: place.owner, place.id, terms)
      return push("PUT", url, try edition.strict(place, style), .bookings)
    case .bookingLocationRemoved(let ref, let party, let time):
      // It cannot be deleted: a status says that it is gone (Receiver Interface, DELETE).
      let gone: JSON = [
        "status": .string(RoamingEVSE.removed), "last_updated": .string(time.text(fraction: .seconds)),
      ]
      return push("PATCH", try self.place(of: party, ref, terms), gone.bytes, .bookings)
    case .commandResult(let url, let result, let message):
      guard terms.mayAnswer(to: url) else { throw .unfit("\(url.excerpt) is not at a host of this partner") }
      return PushRequest(
        method: "POST", url: url, body: edition.result(result, message: message, style),
        module: OCPIModule.Name.commands.rawValue)
    case .profileResult(let url, let result):
      guard terms.mayAnswer(to: url) else { throw .unfit("\(url.excerpt) is not at a host of this partner") }
      return PushRequest(
        method: "POST", url: url, body: try edition.result(result, style),
        module: OCPIModule.Name.chargingProfiles.rawValue)
    case .activeProfile(let session, let schedule):
      let url = try endpoint(.chargingProfiles, .sender, terms).appending(session)
      return push("PUT", url, try edition.activeProfile(schedule, style), .chargingProfiles)
    }
  }

  private func push(
    _ method: String, _ url: HTTPURL, _ body: Bytes, _ module: OCPIModule.Name, _ unsaid: [String] = []
  ) -> PushRequest {
    PushRequest(method: method, url: url.description, body: body, module: module.rawValue, unsaid: unsaid)
  }

  func endpoint(_ name: OCPIModule.Name, _ side: OCPIModule.Side, _ terms: PartnerTerms) throws(PushFault)
    -> HTTPURL
  {
    guard let text = terms.endpoint(name.rawValue, role: side.rawValue) else { throw .notWanted }
    guard let url = try? HTTPURL(text) else { throw .unfit("\(text.excerpt) is no http or https address") }
    return url
  }

  /// The address of an object that we own (2.2.1 §4.1.6).
  private func receiver(
    _ name: OCPIModule.Name, _ terms: PartnerTerms, _ party: PartyID, _ id: String
  ) throws(PushFault) -> HTTPURL {
    try endpoint(name, .receiver, terms).appending(party.country, party.party, id)
  }

  // MARK: Sending

  public func send(
    _ request: PushRequest, terms: PartnerTerms, done: @escaping @MainActor @Sendable (PushOutcome) -> Void
  ) {
    Task {
      let outcome = await send(request, terms: terms)
      await done(outcome)
    }
  }

  func send(_ request: PushRequest, terms: PartnerTerms) async -> PushOutcome {
    guard let method = HTTP.Method(rawValue: request.method) else { return .refused("\(request.method) is no method") }
    guard let token = terms.partner.outboundToken else {
      return .retry(after: nil, why: "we have no token for this partner")
    }
    do throws(PartnerCallFault) {
      let reply = try await client.send(
        PartnerClient.Call(
          method: method, url: request.url, body: request.body, module: request.module, partner: terms.partner,
          token: token,
          // Only a provider has tokens to tell.
          routing: routing(
            terms, request.body, as: request.module == OCPIModule.Name.tokens.rawValue ? .ofProvider : .ofOperator),
          seconds: Limits.pushSeconds))
      return PushOutcome(reply, module: request.module)
    } catch {
      return PushOutcome(error)
    }
  }

  /// Who speaks to whom, where the version says it.
  func routing(_ terms: PartnerTerms, _ body: Bytes, as voice: Voice) -> Routing? {
    guard terms.partner.version.flatMap({ editions[$0] })?.routesMessages == true else { return nil }
    return Routing(to: terms.receiver(of: body, from: voice), from: terms.speaker(of: body, as: voice))
  }

  // MARK: Asking

  public func authorize(
    uid: String, kind: Token.Kind, location: String?, evse: String?, terms: PartnerTerms, deadline seconds: Int,
    done: @escaping @MainActor @Sendable (PartnerAuthorization?) -> Void
  ) {
    Task {
      let answer = await authorize(
        uid: uid, kind: kind, location: location, evse: evse, terms: terms, deadline: seconds)
      await done(answer)
    }
  }

  func authorize(
    uid: String, kind: Token.Kind, location: String?, evse: String?, terms: PartnerTerms, deadline seconds: Int
  ) async -> PartnerAuthorization? {
    guard let edition = terms.partner.version.flatMap({ editions[$0] }), let token = terms.partner.outboundToken,
      let tokens = try? endpoint(.tokens, .sender, terms)
    else { return nil }
    // A place that cannot be named is left out: the partner says if it needs one (2002).
    let body = location.flatMap { try? edition.references(location: $0, evse: evse, terms.partner.quirks.style) } ?? []
    let url = tokens.appending(uid, "authorize").asking([("type", kind.rawValue)])
    guard
      let reply = try? await client.send(
        PartnerClient.Call(
          method: .post, url: url.description, body: body, module: OCPIModule.Name.tokens.rawValue,
          partner: terms.partner,
          token: token, routing: routing(terms, [], as: .ofOperator), seconds: seconds))
    else { return nil }
    // "Unknown token" is an answer: this driver is not theirs (§12.2.2.2).
    if case .envelope(.unknownToken, _, _) = reply.answer { return PartnerAuthorization(allowed: .notAllowed) }
    if reply.status == .notFound { return PartnerAuthorization(allowed: .notAllowed) }
    return reply.isSuccess ? reply.answer.object.flatMap(edition.authorization) : nil
  }

  // MARK: Registering

  public func register(
    versionsURL: String, with tokenA: String, offering token: String, terms: PartnerTerms,
    step: @escaping @Sendable (HandshakeStep) -> Void
  ) async throws(RegistrationFault) -> PartnerRegistration {
    let handshake = Handshake(client: client, editions: editions)
    let trace: Handshake.Trace = { step($0) }
    let isUpdate = terms.partner.state == .registered || terms.partner.state == .paused
    do throws(Handshake.Fault) {
      var findings = try await handshake.explore(
        versionsURL, token: tokenA, partner: terms.partner, wanting: terms.partner.quirks.version, trace)
      let ours: Bytes
      do throws(PushFault) {
        ours = try findings.edition.credentials(
          token: token, url: addresses.versions, parties: terms.ourParties, terms.partner.quirks.style)
      } catch {
        throw Handshake.Fault(step: .credentials, code: .serverError, reason: "our own credentials: \(error)")
      }
      let theirs = try await handshake.exchange(
        ours, token: tokenA, terms: terms, findings, isUpdate: isUpdate, trace)
      let roles = findings.takeRoles(theirs.roles, for: terms)
      var learned = terms.partner.quirks
      if findings.form == .raw { learned.tokenForm = .raw }
      return PartnerRegistration(
        versionsURL: theirs.url, version: findings.edition.version, endpoints: findings.endpoints,
        outboundToken: theirs.token, roles: roles, learned: learned)
    } catch {
      throw RegistrationFault(step: error.step.rawValue, reason: error.reason)
    }
  }

  public func unregister(terms: PartnerTerms) async throws(RegistrationFault) {
    let step = Handshake.Fault.Step.credentials.rawValue
    let url = terms.partner.endpoints.first { $0.module == OCPIModule.Name.credentials.rawValue }?.url
    guard let url, let token = terms.partner.outboundToken else {
      throw RegistrationFault(step: step, reason: "there is no credentials endpoint, or no token, to leave with")
    }
    let reply: PartnerReply
    do throws(PartnerCallFault) {
      reply = try await client.send(
        PartnerClient.Call(
          method: .delete, url: url, module: step, partner: terms.partner, token: token,
          seconds: Limits.handshakeSeconds))
    } catch {
      throw RegistrationFault(step: step, reason: "\(error)")
    }
    // 405 says that it does not have us registered: that is what was wanted. 204 needs no envelope.
    guard reply.isSuccess || reply.status == .methodNotAllowed || reply.status == .noContent else {
      throw RegistrationFault(step: step, reason: reply.summary)
    }
  }
}

// MARK: - What an answer means

extension PushOutcome {
  /// Refused is what repeating cannot mend: the partner read the data and said no. All else may pass.
  init(_ reply: PartnerReply, module: String) {
    // Both are posted once and never change.
    let isOnce = [OCPIModule.Name.cdrs, .invoiceReconciliation].contains { $0.rawValue == module }
    if isOnce, reply.status == .conflict || Self.saysItExists(reply) {
      // An earlier attempt arrived and its answer was lost: one id is one CDR.
      self = .accepted(milliseconds: reply.milliseconds)
      return
    }
    switch reply.status.rawValue {
    case 204:
      self = .accepted(milliseconds: reply.milliseconds)
    case 200..<300:
      guard case .envelope(let code, _, _) = reply.answer else {
        self = .failed(reply.summary)
        return
      }
      if code.isSuccess {
        self = .accepted(milliseconds: reply.milliseconds)
      } else if code.isClientError {
        self = .refused(reply.summary)
      } else {
        self = Self.failed(reply)
      }
    case 300..<400:
      let place = reply.headers["Location"].map { " to \($0.excerpt), which is not followed" } ?? ""
      self = .failed("HTTP \(reply.status.rawValue), a redirect\(place)")
    // Not about the data: our token is not known (any more), or the partner is out of breath.
    case 401, 403, 408, 425, 429:
      self = .retry(after: reply.retryAfter, why: reply.summary)
    case 400..<500:
      self = .refused(reply.summary)
    // Whoever stands before the partner says that it is not there.
    case 502, 503, 504:
      self = .retry(after: reply.retryAfter, why: reply.summary)
    default:
      self = Self.failed(reply)
    }
  }

  /// Who says when to come back speaks of itself, and not of the object.
  private static func failed(_ reply: PartnerReply) -> PushOutcome {
    reply.retryAfter.map { .retry(after: $0, why: reply.summary) } ?? .failed(reply.summary)
  }

  init(_ fault: PartnerCallFault) {
    switch fault {
    case .badURL: self = .refused(fault.description)
    case .http(.refusedAddress): self = .refused(fault.description)
    case .http: self = .retry(after: nil, why: fault.description)
    }
  }

  private static func saysItExists(_ reply: PartnerReply) -> Bool {
    guard reply.status.rawValue < 500 else { return false }
    let text: String
    switch reply.answer {
    case .envelope(let code, let message, _):
      guard code.isClientError else { return false }
      text = message ?? ""
    case .bareJSON(let json):
      text = json.text
    case .html, .empty, .notJSON:
      return false
    }
    let plain = text.lowercased()
    return plain.contains("already exist") || plain.contains("duplicate")
  }
}
