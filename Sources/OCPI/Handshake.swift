import Domain
import HTTP
import Wire

/// The way into a partner's house: its versions, the details of the best one, and its credentials endpoint (2.2.1
/// §7.1.1). Both sides of a registration walk it: who begins does all of it, who is called does all but the last step.
struct Handshake: Sendable {
  /// Told after every step, for the people who watch.
  typealias Trace = @Sendable (_ step: String, _ ok: Bool, _ detail: String) async -> Void

  let client: PartnerClient
  let editions: Editions

  struct Findings: Sendable {
    var edition: any OCPIEdition
    var endpoints: [Partner.Endpoint]
    /// The form of the token that the partner took.
    var form: PartnerQuirks.TokenForm
  }

  struct Fault: Error, Sendable {
    enum Step: String { case versions, details, credentials }

    var step: Step
    var code: Envelope.Code
    var reason: String
  }

  /// Reads a partner's versions and the details of one: of `version` where it is given, else of the highest that both
  /// have.
  func explore(
    _ versionsURL: String, token: String, partner: Partner, wanting version: String? = nil, _ trace: Trace
  ) async throws(Fault) -> Findings {
    do throws(Fault) {
      let (list, form) = try await get(versionsURL, token, partner, .versions)
      let known = list.list.prefix(Limits.listedVersions).compactMap { try? VersionEntry.read($0).value }
      let names = known.map(\.version)
      guard let edition = version.map({ names.contains($0) ? editions[$0] : nil }) ?? editions.highest(among: names),
        let entry = known.first(where: { $0.version == edition.version })
      else {
        let ours = version ?? editions.list.map(\.version).joined(separator: ", ")
        let theirs = names.isEmpty ? "none that can be read" : names.joined(separator: ", ")
        throw Fault(step: .versions, code: .unsupportedVersion, reason: "it offers \(theirs); wanted: \(ours)".excerpt)
      }
      await trace(Fault.Step.versions.rawValue, true, "\(names.joined(separator: ", ")) at \(versionsURL)".excerpt)
      try demandSecure(entry.url, behind: versionsURL, .details)
      let (details, _) = try await get(entry.url, token, partner, .details)
      let endpoints = endpoints(in: details, behind: versionsURL)
      let modules = Set(OCPIModule.Name.allCases.map(\.rawValue))
      guard endpoints.contains(where: { modules.contains($0.module) }) else {
        throw Fault(step: .details, code: .noEndpoints, reason: "it lists no endpoint that we know")
      }
      let shown = endpoints.map { "\($0.module)\($0.role.map { " \($0)" } ?? "")" }
      await trace(Fault.Step.details.rawValue, true, "\(edition.version): \(shown.joined(separator: ", "))".excerpt)
      return Findings(edition: edition, endpoints: endpoints, form: form)
    } catch {
      await trace(error.step.rawValue, false, error.reason)
      throw error
    }
  }

  /// Sends our credentials: POST to begin, PUT where we are registered already.
  func exchange(
    _ credentials: Bytes, token: String, partner: Partner, _ findings: Findings, isUpdate: Bool, _ trace: Trace
  ) async throws(Fault) -> PartnerCredentials {
    do throws(Fault) {
      guard let endpoint = findings.endpoints.first(where: { $0.module == OCPIModule.Name.credentials.rawValue }) else {
        throw Fault(step: .credentials, code: .noEndpoints, reason: "it lists no credentials endpoint")
      }
      let reply = try await call(
        isUpdate ? .put : .post, endpoint.url, credentials, token, partner, .credentials)
      guard reply.status != .methodNotAllowed else {
        let reason = isUpdate ? "it does not know us: register anew" : "it has us registered already: rotate instead"
        throw Fault(step: .credentials, code: .cannotUseYourAPI, reason: "HTTP 405, \(reason)")
      }
      guard reply.isSuccess, let object = reply.answer.object else {
        throw Fault(step: .credentials, code: .cannotUseYourAPI, reason: reply.summary)
      }
      let theirs: PartnerCredentials
      do throws(PartnerFault) {
        theirs = try findings.edition.credentials(from: object)
      } catch {
        throw Fault(
          step: .credentials, code: .cannotUseYourAPI, reason: "its credentials cannot be used: \(error)".excerpt)
      }
      let parties = theirs.roles.map { "\($0.role) \($0.name)" }.joined(separator: ", ")
      await trace(Fault.Step.credentials.rawValue, true, "received from \(parties)".excerpt)
      return theirs
    } catch {
      await trace(error.step.rawValue, false, error.reason)
      throw error
    }
  }

  private func get(
    _ url: String, _ token: String, _ partner: Partner, _ step: Fault.Step
  ) async throws(Fault) -> (PartnerAnswer, PartnerQuirks.TokenForm) {
    let reply = try await call(.get, url, [], token, partner, step)
    guard reply.isSuccess else {
      throw Fault(step: step, code: .cannotUseYourAPI, reason: "\(url.excerpt): \(reply.summary)")
    }
    return (reply.answer, reply.form)
  }

  private func call(
    _ method: HTTP.Method, _ url: String, _ body: Bytes, _ token: String, _ partner: Partner, _ step: Fault.Step
  ) async throws(Fault) -> PartnerReply {
    do throws(PartnerCallFault) {
      return try await client.send(
        PartnerClient.Call(
          method: method, url: url, body: body, module: step == .credentials ? step.rawValue : "versions",
          partner: partner, token: token, seconds: Limits.handshakeSeconds))
    } catch {
      throw Fault(step: step, code: .cannotUseYourAPI, reason: "\(url.excerpt): \(error)")
    }
  }

  /// A partner that is reached by https must not lead our token onto a plain line.
  private func demandSecure(_ url: String, behind versionsURL: String, _ step: Fault.Step) throws(Fault) {
    guard !Self.isDowngrade(url, from: versionsURL) else {
      throw Fault(step: step, code: .cannotUseYourAPI, reason: "\(url.excerpt) is not https, its versions are")
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
      return Partner.Endpoint(module: entry.module.ciFolded, role: entry.role?.uppercased(), url: entry.url)
    }
  }
}
