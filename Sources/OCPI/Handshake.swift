import Domain
import HTTP
import Wire

/// The way into a partner's house: its versions, the details of the best one, and its credentials endpoint (2.2.1
/// §7.1.1). Both sides of a registration walk it: who begins does all of it, who is called does all but the last step.
struct Handshake: Sendable {
  /// Told after every step, for the people who watch.
  typealias Trace = @Sendable (HandshakeStep) async -> Void

  let client: PartnerClient
  let editions: Editions

  struct Findings: Sendable {
    var edition: any OCPIEdition
    var endpoints: [Partner.Endpoint]
    /// The form of the token that the partner took.
    var form: PartnerQuirks.TokenForm

    /// The roles of those whom credentials name, and its endpoints by them. Where a version does not say what a partner
    /// is, the endpoints do.
    mutating func takeRoles(_ told: [PartnerRegistration.Role], for terms: PartnerTerms) -> [PartnerRegistration.Role] {
      guard !edition.namesSides else { return told }
      let roles = PartnerSides.roles(of: told, at: endpoints, for: terms)
      endpoints = PartnerSides.sided(endpoints, of: roles)
      return roles
    }
  }

  struct Fault: Error, Sendable {
    enum Step: String { case versions, details, credentials }

    var step: Step
    var code: Envelope.Code
    var reason: String
    /// What was said before it failed, and what to change.
    var talk: Talk?
    var advice: String?

    /// As the trace has it.
    var shown: HandshakeStep {
      HandshakeStep(
        step.rawValue, ok: false, reason, request: talk?.request, answer: talk?.answer, advice: advice)
    }
  }

  /// A request and its answer as people see them: without tokens, and cut.
  struct Talk: Sendable {
    var request: String
    var answer: String?
  }

  /// What the partner sent us, as the trace has it.
  static func shown(_ request: Request) -> String {
    shown("\(request.method.rawValue) \(request.target.path)", request.body)
  }

  /// Who stands behind a partner, such as `CPO NL*OST`; without a word of what it is where nothing says that.
  static func shown(_ roles: [PartnerRegistration.Role]) -> String {
    roles.map { $0.role.isEmpty ? "\($0.name)" : "\($0.role) \($0.name)" }.joined(separator: ", ")
  }

  private static func shown(_ line: String, _ body: Bytes) -> String {
    let text = String(decoding: ConversationLog.withoutTokens(body).prefix(Limits.tracedBytes), as: UTF8.self)
    return text.isEmpty ? line : "\(line)\n\(text)"
  }

  /// Reads a partner's versions and the details of one: of `version` where it is given, else of the highest that both
  /// have.
  func explore(
    _ versionsURL: String, token: String, partner: Partner, wanting version: String? = nil, _ trace: Trace
  ) async throws(Fault) -> Findings {
    do throws(Fault) {
      let (list, form, versionsTalk) = try await get(versionsURL, token, partner, .versions)
      // Some wrap their list once more.
      let listed = list.object?["versions"]?.array ?? list.list
      let known = listed.prefix(Limits.listedVersions).compactMap { try? VersionEntry.read($0).value }
      let names = known.map(\.version)
      guard let edition = version.map({ names.contains($0) ? editions[$0] : nil }) ?? editions.highest(among: names),
        let entry = known.first(where: { $0.version == edition.version })
      else {
        let ours = version ?? editions.list.map(\.version).joined(separator: ", ")
        let theirs = names.isEmpty ? "none that can be read" : names.joined(separator: ", ")
        throw Fault(
          step: .versions, code: .unsupportedVersion, reason: "it offers \(theirs); wanted: \(ours)".excerpt,
          talk: versionsTalk,
          advice: names.isEmpty
            ? "Check that this is the URL of its list of versions, not of one of them."
            : "Agree with the partner on a version that both speak.")
      }
      await trace(
        HandshakeStep(
          Fault.Step.versions.rawValue, ok: true, "\(names.joined(separator: ", ")) at \(versionsURL)".excerpt,
          request: versionsTalk.request, answer: versionsTalk.answer))
      try demandSecure(entry.url, behind: versionsURL, .details)
      let (details, _, detailsTalk) = try await get(entry.url, token, partner, .details)
      let endpoints = endpoints(in: details, behind: versionsURL)
      let modules = Set(OCPIModule.Name.allCases.map(\.rawValue))
      guard endpoints.contains(where: { modules.contains($0.module) }) else {
        throw Fault(
          step: .details, code: .noEndpoints, reason: "it lists no endpoint that we know", talk: detailsTalk,
          advice: "The partner has to list its endpoints, each with identifier, role and an http or https URL.")
      }
      let shown = endpoints.map { "\($0.module)\($0.role.map { " \($0)" } ?? "")" }
      await trace(
        HandshakeStep(
          Fault.Step.details.rawValue, ok: true, "\(edition.version): \(shown.joined(separator: ", "))".excerpt,
          request: detailsTalk.request, answer: detailsTalk.answer))
      return Findings(edition: edition, endpoints: endpoints, form: form)
    } catch {
      await trace(error.shown)
      throw error
    }
  }

  /// Sends our credentials: POST to begin, PUT where we are registered already.
  func exchange(
    _ credentials: Bytes, token: String, terms: PartnerTerms, _ findings: Findings, isUpdate: Bool, _ trace: Trace
  ) async throws(Fault) -> PartnerCredentials {
    do throws(Fault) {
      guard let endpoint = findings.endpoints.first(where: { $0.module == OCPIModule.Name.credentials.rawValue }) else {
        throw Fault(
          step: .credentials, code: .noEndpoints, reason: "it lists no credentials endpoint",
          advice: "The partner has to list its credentials endpoint in the details of this version.")
      }
      let (reply, talk) = try await call(
        isUpdate ? .put : .post, endpoint.url, credentials, token, terms.partner, .credentials)
      guard reply.status != .methodNotAllowed else {
        let reason = isUpdate ? "it does not know us: register anew" : "it has us registered already: rotate instead"
        throw Fault(
          step: .credentials, code: .cannotUseYourAPI, reason: "HTTP 405, \(reason)", talk: talk,
          advice: isUpdate
            ? "Unregister the partner here and register anew with a fresh token A."
            : "Ask the partner to forget us and to make a fresh token A, then register again.")
      }
      guard reply.isSuccess, let object = reply.answer.object else {
        throw Fault(
          step: .credentials, code: .cannotUseYourAPI, reason: reply.summary, talk: talk, advice: Self.advice(on: reply)
        )
      }
      let theirs: PartnerCredentials
      do throws(PartnerFault) {
        theirs = try findings.edition.credentials(from: object)
      } catch {
        throw Fault(
          step: .credentials, code: .cannotUseYourAPI, reason: "its credentials cannot be used: \(error)".excerpt,
          talk: talk, advice: "The partner has to mend what its credentials say.")
      }
      await trace(
        HandshakeStep(
          Fault.Step.credentials.rawValue, ok: true, "received from \(Self.shown(theirs.roles))".excerpt,
          request: talk.request,
          answer: talk.answer))
      return theirs
    } catch {
      await trace(error.shown)
      throw error
    }
  }

  private func get(
    _ url: String, _ token: String, _ partner: Partner, _ step: Fault.Step
  ) async throws(Fault) -> (PartnerAnswer, PartnerQuirks.TokenForm, Talk) {
    let (reply, talk) = try await call(.get, url, [], token, partner, step)
    guard reply.isSuccess else {
      throw Fault(
        step: step, code: .cannotUseYourAPI, reason: "\(url.excerpt): \(reply.summary)", talk: talk,
        advice: Self.advice(on: reply))
    }
    return (reply.answer, reply.form, talk)
  }

  private func call(
    _ method: HTTP.Method, _ url: String, _ body: Bytes, _ token: String, _ partner: Partner, _ step: Fault.Step
  ) async throws(Fault) -> (PartnerReply, Talk) {
    let request = Self.shown("\(method.rawValue) \(url.excerpt)", body)
    do throws(PartnerCallFault) {
      let reply = try await client.send(
        PartnerClient.Call(
          method: method, url: url, body: body, module: step == .credentials ? step.rawValue : "versions",
          partner: partner, token: token, seconds: Limits.handshakeSeconds))
      return (reply, Talk(request: request, answer: Self.shown("HTTP \(reply.status.rawValue)", reply.body)))
    } catch {
      throw Fault(
        step: step, code: .cannotUseYourAPI, reason: "\(url.excerpt): \(error)", talk: Talk(request: request),
        advice: Self.advice(on: error))
    }
  }

  // MARK: What to change

  private static func advice(on reply: PartnerReply) -> String {
    switch reply.status.rawValue {
    case 401, 403:
      "The partner does not know the token: compare it with what it gave you, or ask for a new one. "
        + "Where it is right, the partner may want it in another form (token_form)."
    case 404: "Nothing is at this address: ask the partner for the URL of its list of versions."
    case 300..<400: "The partner redirects elsewhere: give the address to which it leads."
    case 429, 500..<600: "The partner's system fails or is busy: try again later, or tell it what it answered."
    case 200..<300:
      switch reply.answer {
      case .envelope: "The partner refuses with a status code of its own: its words say why."
      case .bareJSON, .html, .empty, .notJSON:
        "What answers there is no OCPI system: check the URL, and whether a login page stands before it."
      }
    default: "The partner refuses the request: its words say why."
    }
  }

  private static func advice(on fault: PartnerCallFault) -> String {
    switch fault {
    case .badURL: "Give a URL that begins with https:// or http://."
    case .http(.refusedAddress):
      "Its address is private or on this machine: allow that for this partner (allow_private), if it is meant."
    case .http:
      "It could not be reached: check host and port, its certificate, and whether a firewall stands between."
    }
  }

  /// A partner that is reached by https must not lead our token onto a plain line.
  private func demandSecure(_ url: String, behind versionsURL: String, _ step: Fault.Step) throws(Fault) {
    guard !Self.isDowngrade(url, from: versionsURL) else {
      throw Fault(
        step: step, code: .cannotUseYourAPI, reason: "\(url.excerpt) is not https, its versions are",
        advice: "The partner has to list addresses that begin with https://.")
    }
  }

  private static func isDowngrade(_ url: String, from versionsURL: String) -> Bool {
    guard let from = try? HTTPURL(versionsURL), let to = try? HTTPURL(url) else { return false }
    return from.isSecure && !to.isSecure
  }

  /// Those that can be used, each by itself: one broken entry does not cost the others.
  private func endpoints(in details: PartnerAnswer, behind versionsURL: String) -> [Partner.Endpoint] {
    let list = details.object?["endpoints"]?.array ?? []
    return list.prefix(Limits.listedEndpoints).compactMap { json in
      guard let entry = try? Partner.Endpoint.read(json).value, let url = try? HTTPURL(entry.url),
        url.scheme == .http || url.scheme == .https, !Self.isDowngrade(entry.url, from: versionsURL)
      else { return nil }
      return Partner.Endpoint(
        module: OCPIModule.Name.canonical(entry.module), role: entry.role?.uppercased(), url: entry.url)
    }
  }
}
