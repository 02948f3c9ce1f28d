import Domain
import HTTP
import Wire

/// What partners plan and tell beyond tokens and commands: how their drivers are charged, and what hubs and payment
/// providers know.
extension Endpoints {
  // MARK: Charging preferences (2.2.1 §9.2.1.3)

  func preferences(_ asked: Asked) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    guard let preferences = try asked.edition.preferences(from: json) else {
      return Reply(Envelope(data: asked.edition.answer(PreferencesAnswer.kindNotSupported, asked.style)))
    }
    let answer = try await service.prefer(preferences, in: asked.segment("session"), from: asked.caller)
    return Reply(Envelope(data: asked.edition.answer(answer, asked.style)))
  }

  // MARK: Charging profiles (2.2.1 §14.2.1)

  func activeProfile(_ asked: Asked) async throws(PartnerFault) -> Reply {
    guard let text = asked.request.target["duration"], let seconds = Int(text), seconds > 0 else {
      throw .invalid("duration: whole seconds, at least 1")
    }
    let url = try respondTo(asked)
    return try await planned(asked, url) { service, session throws(PartnerFault) in
      try await service.activeProfile(of: session, seconds: seconds, respondTo: url, from: asked.caller)
    }
  }

  func setProfile(_ asked: Asked) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    let (schedule, url) = try asked.edition.profile(from: json)
    return try await planned(asked, url) { service, session throws(PartnerFault) in
      try await service.setProfile(schedule, of: session, respondTo: url, from: asked.caller)
    }
  }

  func clearProfile(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let url = try respondTo(asked)
    return try await planned(asked, url) { service, session throws(PartnerFault) in
      try await service.clearProfile(of: session, respondTo: url, from: asked.caller)
    }
  }

  private func respondTo(_ asked: Asked) throws(PartnerFault) -> String {
    guard let url = asked.request.target["response_url"], !url.isEmpty else {
      throw .invalid("response_url is missing")
    }
    return url
  }

  private func planned(
    _ asked: Asked, _ url: String,
    _ ask: (any PartnerService, String) async throws(PartnerFault) -> ProfileAnswer
  ) async throws(PartnerFault) -> Reply {
    guard asked.caller.terms.mayAnswer(to: url) else {
      return Reply(Envelope(data: asked.edition.answer(ProfileAnswer.rejected, asked.style)))
    }
    let answer = try await ask(service, asked.segment("session"))
    return Reply(Envelope(data: asked.edition.answer(answer, asked.style)))
  }

  // MARK: Parties behind a hub (2.2.1 §15.2.2)

  func showClient(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let client = try await service.client(party(asked), for: asked.caller)
    return Reply(Envelope(data: asked.edition.client(client, asked.style)))
  }

  func putClient(_ asked: Asked) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    let client = try asked.edition.client(from: json)
    guard client.name == party(asked) else {
      throw .invalid("country_code and party_id are not those of the address")
    }
    let isNew = try await service.put(client, from: asked.caller)
    return Reply(Envelope(), status: isNew ? .created : .ok)
  }

  private func party(_ asked: Asked) -> PartyID {
    PartyID(country: asked.segment("country"), party: asked.segment("party"))
  }

  // MARK: Payments (2.3.0 payments)

  func showTerminal(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let terminal = try await service.terminal(asked.segment("terminal"), for: asked.caller)
    return Reply(Envelope(data: asked.edition.terminal(terminal, asked.style)))
  }

  func postTerminal(_ asked: Asked) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    let isNew = try await service.put(try asked.edition.terminal(from: json), from: asked.caller)
    return Reply(Envelope(), status: isNew ? .created : .ok)
  }

  func showAdvice(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let advice = try await service.advice(asked.segment("advice"), for: asked.caller)
    return Reply(Envelope(data: asked.edition.advice(advice, asked.style)))
  }

  func postAdvice(_ asked: Asked) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    let isNew = try await service.put(try asked.edition.advice(from: json), from: asked.caller)
    return Reply(Envelope(), status: isNew ? .created : .ok)
  }
}
