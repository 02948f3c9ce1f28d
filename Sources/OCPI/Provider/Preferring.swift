import Domain
import HTTP
import Wire

/// How our drivers are charged at other networks: what they prefer (2.2.1 §9.2.1.3), and what their session comes to by all
/// that limits it (§14.2.2.2).
extension PartnerLinkOverHTTP {
  public func prefer(
    _ preferences: ChargingPreferences, in session: String, terms: PartnerTerms
  ) async throws(RoamingFault) -> PreferencesAnswer {
    guard let edition = terms.partner.version.flatMap({ editions[$0] }), let token = terms.partner.outboundToken,
      edition.providerHas(.chargingProfiles), let sessions = try? endpoint(.sessions, .sender, terms)
    else { throw .impossible("the partner's version, or the partner, takes no preferences") }
    let reply: PartnerReply
    do throws(PartnerCallFault) {
      reply = try await client.send(
        PartnerClient.Call(
          method: .put, url: sessions.appending(session, "charging_preferences").description,
          body: preferences.encoded(edition: edition.edition, options: terms.partner.quirks.style),
          module: OCPIModule.Name.sessions.rawValue, partner: terms.partner, token: token,
          routing: routing(terms, [], as: .ofProvider), seconds: Limits.commandSeconds))
    } catch {
      throw .silent("\(error)")
    }
    guard reply.isSuccess, case .envelope(_, _, let data) = reply.answer else { throw .refused(reply.summary) }
    // A word alone; some put it into a list or an object.
    let word = data.string ?? data[0]?.string ?? data["result"]?.string
    guard let answer = word.flatMap({ PreferencesAnswer(rawValue: $0.uppercased()) }) else {
      throw .refused("its answer cannot be read: \(data.text.excerpt)")
    }
    return answer
  }
}

extension Endpoints {
  /// A session's plan as the operator of the station tells it.
  func takeActiveProfile(_ asked: Asked, _ provider: any ProviderService) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    let schedule = try asked.edition.activeProfile(from: json)
    try await provider.tellActiveProfile(schedule, of: asked.segment("session"), from: asked.caller)
    return Reply(Envelope())
  }

  /// What the station said to a profile of ours, with what its charging comes to where that was asked (§14.3.2–4). One
  /// that cannot be read takes nothing from the result.
  func takeProfileResult(_ asked: Asked, _ provider: any ProviderService) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    var result = try RoamingCommand.Result(from: json)
    let inner = json["result"] == nil ? json["data"] ?? json : json
    if let profile = inner["profile"], !profile.isNull {
      do throws(PartnerFault) { result.schedule = try asked.edition.activeProfile(from: profile) } catch {
        result.message = "its profile cannot be read: \(error)".excerpt
      }
    }
    try await provider.resulted(asked.segment("id"), result, from: asked.caller)
    return Reply(Envelope())
  }
}

extension OCPIEdition {
  func providerHas(_ name: OCPIModule.Name) -> Bool { providerModules.contains { $0.name == name } }
}
