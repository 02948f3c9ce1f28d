import Domain
import HTTP
import Wire

/// The modules whose objects are the partner's: its drivers' tokens, its commands for our stations, and its plans.
extension Endpoints {
  func showToken(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let key = try key(asked)
    let token = try await service.token(key, for: asked.caller)
    return Reply(Envelope(data: asked.edition.token(token, of: key.party, asked.style)))
  }

  func putToken(_ asked: Asked) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    let addressed = try key(asked)
    let (token, key) = try asked.edition.token(from: json, of: addressed.party)
    guard key.uid.ciFolded == addressed.uid.ciFolded else { throw .invalid("uid is not the one of the address") }
    guard key.party == addressed.party else {
      throw .invalid("country_code and party_id are not those of the address")
    }
    // Without a type the address means RFID, but many leave it out for other kinds too: then the object says it.
    if asked.request.target["type"] != nil, key.kind != addressed.kind {
      throw .invalid("type is not the one of the address")
    }
    let isNew = try await service.put(token, under: key, from: asked.caller)
    return Reply(Envelope(), status: isNew ? .created : .ok)
  }

  func patchToken(_ asked: Asked) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    let key = try key(asked)
    let edition = asked.edition
    try await service.patch(key, from: asked.caller) { token throws(PartnerFault) in
      token = try edition.token(token, under: key, changedBy: json)
    }
    return Reply(Envelope())
  }

  private func key(_ asked: Asked) throws(PartnerFault) -> TokenKey {
    // 2.1.1 has both names in its text.
    let type = asked.request.target["type"] ?? asked.request.target["token_type"] ?? Token.Kind.rfid.rawValue
    guard let kind = Token.Kind(rawValue: type.uppercased()) else {
      throw .invalid("type: \(type.excerpt) is not known")
    }
    let party = PartyID(country: asked.segment("country"), party: asked.segment("party"))
    // What is not the caller's does not exist for it. A hub may speak for somebody whom we have not met.
    guard asked.caller.terms.isPartner(party) else { throw .foreignParty(party) }
    return TokenKey(party: party, uid: asked.segment("uid"), kind: kind)
  }

  // MARK: Commands

  func command(_ asked: Asked) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    let command = try asked.edition.command(asked.segment("command"), from: json, of: asked.caller.terms.driversParty)
    let answer = try await answer(command, asked)
    return Reply(Envelope(data: asked.edition.answer(answer, asked.style)))
  }

  private func answer(_ command: PartnerCommand, _ asked: Asked) async throws(PartnerFault) -> CommandAnswer {
    let elsewhere = CommandAnswer.rejected("The response_url is not at a host that you registered.")
    switch command {
    case .start(let wish):
      guard asked.caller.terms.mayAnswer(to: wish.respondTo) else { return elsewhere }
      return try await service.startSession(wish, from: asked.caller)
    case .stop(let session, let url):
      guard asked.caller.terms.mayAnswer(to: url) else { return elsewhere }
      return try await service.stopSession(session, respondTo: url, from: asked.caller)
    case .unlock(let location, let evse, let connector, let url):
      guard asked.caller.terms.mayAnswer(to: url) else { return elsewhere }
      return try await service.unlock(
        location: location, evse: evse, connector: connector, respondTo: url, from: asked.caller)
    case .reserve(let wish):
      guard asked.caller.terms.mayAnswer(to: wish.respondTo) else { return elsewhere }
      return try await service.reserve(wish, from: asked.caller)
    case .cancel(let reservation, let url):
      guard asked.caller.terms.mayAnswer(to: url) else { return elsewhere }
      return try await service.cancelReservation(reservation, respondTo: url, from: asked.caller)
    case .unsupported:
      return .notSupported
    }
  }
}
