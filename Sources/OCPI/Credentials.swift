import Domain
import HTTP
import Wire

/// The credentials module where partners call us: who they are, how to reach them, and which token they use from now on
/// (2.2.1 §7). Before a registration is answered the partner is visited with the token that it gave.
extension Endpoints {
  func showCredentials(_ asked: Asked) throws(PartnerFault) -> Reply {
    // We keep a digest only; the token in clear is the one that the caller has just shown.
    try ours(asked, token: asked.caller.token)
  }

  func register(_ asked: Asked, isUpdate: Bool) async throws(PartnerFault) -> Reply {
    let caller = asked.caller
    let isRegistered = caller.terms.partner.state != .invited
    if isUpdate, !isRegistered { throw .wrongState("You are not registered: use POST.") }
    // Whoever still shows the token of the invitation may not have heard our answer to its first POST.
    if !isUpdate, isRegistered, !caller.isInvitation { throw .wrongState("You are registered already: use PUT.") }
    guard let json = body(asked) else { return Self.notJSON }
    let partner = caller.terms.partner
    let theirs: PartnerCredentials
    do throws(PartnerFault) {
      theirs = try asked.edition.credentials(from: json)
    } catch {
      await service.traced(
        partner.id,
        HandshakeStep(
          "credentials", ok: false, "refused: \(error)".excerpt, request: Handshake.shown(asked.request),
          advice: "The partner has to mend what its credentials say."))
      throw error
    }
    await service.traced(
      partner.id,
      HandshakeStep(
        "credentials", ok: true, "received from \(Handshake.shown(theirs.roles))".excerpt,
        request: Handshake.shown(asked.request)))
    var findings: Handshake.Findings
    do throws(Handshake.Fault) {
      findings = try await handshake.explore(
        theirs.url, token: theirs.token, partner: partner, wanting: asked.edition.version
      ) { [service] step in
        await service.traced(partner.id, step)
      }
    } catch {
      return Reply(Envelope(error.code, "Your \(error.step.rawValue): \(error.reason)"))
    }
    let roles = findings.takeRoles(theirs.roles, for: caller.terms)
    var learned = partner.quirks
    if findings.form == .raw { learned.tokenForm = .raw }
    let welcome = try await service.register(
      caller,
      PartnerRegistration(
        versionsURL: theirs.url, version: findings.edition.version, endpoints: findings.endpoints,
        outboundToken: theirs.token, roles: roles, learned: learned),
      isUpdate: isUpdate)
    await service.traced(
      partner.id,
      HandshakeStep("registered", ok: true, "our credentials were answered; it is \(Handshake.shown(roles))".excerpt))
    return try ours(asked, token: welcome.token)
  }

  func unregister(_ asked: Asked) async throws(PartnerFault) -> Reply {
    guard asked.caller.terms.partner.state != .invited else { throw .wrongState("You are not registered.") }
    try await service.unregister(asked.caller)
    return Reply(Envelope())
  }

  private func ours(_ asked: Asked, token: String) throws(PartnerFault) -> Reply {
    do throws(PushFault) {
      return Reply(
        Envelope(
          data: try asked.edition.credentials(
            token: token, url: addresses.versions, parties: asked.caller.terms.ourParties, asked.style)))
    } catch {
      throw .unavailable("our own credentials cannot be written: \(error)")
    }
  }
}
