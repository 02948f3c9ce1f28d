import Crypto
import Domain
import Store
import Wire

// What the operator does with partners: invite them, register with them, hold their pushes, end the relationship.

extension CSMS {
  /// The party of ours that runs the stations: made at the first start, and then the operator's to change.
  public func makeParty(_ name: PartyID, businessName: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      try keep { () throws(StoreFault) in
        guard try self.books.parties.cpo() == nil else { return }
        try self.books.parties.create(Party(id: ID(0), name: name, role: .cpo, businessName: businessName))
      }
    }
  }

  /// Makes a partner and the token A with which it may register. The token is shown once; only its digest is kept.
  public func invite(
    name: String, party: ID<Party>?, provider: ID<Party>? = nil, quirks: PartnerQuirks, by who: String
  ) async throws(Refusal) -> (partner: Partner, token: String) {
    let token = Secret.make()
    let partner = try await turn { () throws(Refusal) in
      try self.makePartner(
        name, party: party, provider: provider, quirks: quirks, token: token, purpose: .registration, by: who)
    }
    return (partner, token)
  }

  /// Registers with a partner that gave us its versions URL and a token A. What was reached is kept when a step fails,
  /// so that `register(again:)` can go on from there.
  public func register(
    versionsURL: String, token: String, name: String, party: ID<Party>?, provider: ID<Party>? = nil,
    quirks: PartnerQuirks, by who: String
  ) async throws(Refusal) -> Partner {
    let ours = Secret.make()
    let partner = try await turn { () throws(Refusal) in
      var partner = try self.makePartner(
        name, party: party, provider: provider, quirks: quirks, token: ours, purpose: .credentials, by: who)
      partner.versionsURL = versionsURL
      partner.outboundToken = token
      let made = partner
      try keep { () throws(StoreFault) in try self.books.partners.update(made) }
      return made
    }
    return try await handshake(with: partner, offering: ours)
  }

  /// Tries a registration again, or makes new tokens for a partner that is registered (OCPI 2.2.1 §7.2.4).
  public func register(again id: ID<Partner>, versionsURL: String?, token: String?) async throws(Refusal) -> Partner {
    let ours = Secret.make()
    let partner = try await turn { () throws(Refusal) in
      var partner = try self.partner(id)
      partner.versionsURL = versionsURL ?? partner.versionsURL
      partner.outboundToken = token ?? partner.outboundToken
      partner.updatedAt = self.now
      let changed = partner
      try keep { () throws(StoreFault) in
        // What works is kept until the partner has answered: a rotation that fails must not lock us out.
        if changed.state == .invited || changed.state == .unregistered { try self.books.partners.update(changed) }
        try self.books.partners.addDigest(TokenDigest.of(ours), of: id, for: .credentials, at: self.now)
      }
      return changed
    }
    return try await handshake(with: partner, offering: ours)
  }

  private func handshake(with partner: Partner, offering ours: String) async throws(Refusal) -> Partner {
    guard let url = partner.versionsURL, let token = partner.outboundToken, let partnerLink else {
      throw .invalid(field: "versions_url", "the partner's versions URL and token are needed")
    }
    let terms = try keep { () throws(StoreFault) in try self.terms(of: partner) }
    let id = partner.id
    let registration: PartnerRegistration
    do {
      registration = try await writingSteps(of: id) { step throws(RegistrationFault) in
        try await partnerLink.register(versionsURL: url, with: token, offering: ours, terms: terms, step: step)
      }
    } catch {
      throw .conflict("the partner's \(error.step) step failed: \(error.reason)")
    }
    return try await turn { () throws(Refusal) in
      var partner = try self.partner(id)
      partner.take(registration, at: self.now)
      let changed = partner
      try keep { () throws(StoreFault) in
        try self.books.partners.update(changed)
        try self.books.partners.replaceRoles(of: id, by: registration.roles)
        try self.record(.partnerRegistered(id))
        try self.tellEverything(to: id)
        try self.planPulls(of: id)
      }
      return try self.partner(id)
    }
  }

  /// Tries a registration's first steps by themselves, without an end to anything: what the partner answers is written
  /// down, and nothing else changes.
  public func probe(_ id: ID<Partner>, versionsURL: String?, token: String?) async throws(Refusal) {
    let partner = try partner(id)
    guard let url = versionsURL ?? partner.versionsURL, let token = token ?? partner.outboundToken else {
      throw .invalid(field: "versions_url", "the partner's versions URL and token are needed")
    }
    guard let providerLink else { throw .unavailable("partners cannot be reached") }
    let terms = try keep { () throws(StoreFault) in try self.terms(of: partner) }
    do throws(RegistrationFault) {
      try await writingSteps(of: id) { step throws(RegistrationFault) in
        try await providerLink.probe(versionsURL: url, with: token, terms: terms, step: step)
      }
    } catch {
      throw .conflict("the partner's \(error.step) step failed: \(error.reason)")
    }
  }

  /// Writes the steps of a handshake down in their order. When it returns, the last one is written.
  private func writingSteps<Value: Sendable>(
    of id: ID<Partner>,
    _ work: (@escaping @Sendable (HandshakeStep) -> Void) async throws(RegistrationFault) -> Value
  ) async throws(RegistrationFault) -> Value {
    let (steps, told) = AsyncStream<HandshakeStep>.makeStream()
    let writer = Task { for await step in steps { await traced(id, step) } }
    let result: Result<Value, RegistrationFault>
    do throws(RegistrationFault) { result = .success(try await work { told.yield($0) }) } catch {
      result = .failure(error)
    }
    told.finish()
    await writer.value
    return try result.get()
  }

  /// Ends the relationship at both ends; at ours also where the partner does not answer.
  public func unregister(_ id: ID<Partner>, by who: String) async throws(Refusal) {
    let known = try partner(id)
    if known.state == .registered || known.state == .paused, let partnerLink {
      let terms = try keep { () throws(StoreFault) in try self.terms(of: known) }
      do {
        try await partnerLink.unregister(terms: terms)
      } catch {
        await traced(id, HandshakeStep("unregister", ok: false, error.reason))
      }
    }
    try await turn { () throws(Refusal) in
      var partner = try self.partner(id)
      try keep { () throws(StoreFault) in try self.forget(&partner) }
    }
  }

  public func pause(_ id: ID<Partner>, by who: String) async throws(Refusal) {
    try await set(.paused, from: .registered, id, by: who)
  }

  public func resume(_ id: ID<Partner>, by who: String) async throws(Refusal) {
    try await set(.registered, from: .paused, id, by: who)
  }

  private func set(_ state: Partner.State, from: Partner.State, _ id: ID<Partner>, by who: String) async throws(Refusal)
  {
    try await change(id, by: who) { partner throws(Refusal) in
      guard partner.state == from else { throw .conflict("the partner is \(partner.state.rawValue)") }
      partner.state = state
    }
  }

  /// Changes what the operator may change of a partner: its name, its quirks, what it sees, and whether its pushes are
  /// held.
  public func change(
    _ id: ID<Partner>, by who: String, _ edit: @escaping @MainActor @Sendable (inout Partner) throws(Refusal) -> Void
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      var partner = try self.partner(id)
      let rules = partner.publishing
      try edit(&partner)
      try checkText(partner.name, "name", 1...Limits.nameLength)
      partner.updatedAt = self.now
      let changed = partner
      try keep { () throws(StoreFault) in
        try self.books.partners.update(changed)
        try self.record(.partnerChanged(id, by: who))
        try self.books.pushes.revive(id, at: self.now)
        if changed.publishing != rules { try self.tellEverything(to: id) }
      }
    }
  }

  /// Changes what decides how a partner and we deal with each other: the version (nil is the highest that both have), what
  /// it is where its version does not say it, and the provider among our parties. All that is told and learned with
  /// credentials, so where the partner is registered new ones are made; where that fails all stays as it was.
  public func deal(
    _ id: ID<Partner>, by who: String,
    _ edit: @escaping @MainActor @Sendable (inout Partner) throws(Refusal) -> Void
  ) async throws(Refusal) {
    let before = try partner(id)
    try await change(id, by: who) { (partner: inout Partner) throws(Refusal) in
      try edit(&partner)
      if let provider = partner.provider { _ = try self.parties(nil, provider) }
    }
    let after = try partner(id)
    let isSame =
      after.quirks.version == before.quirks.version && after.quirks.side == before.quirks.side
      && after.provider == before.provider
    guard !isSame, before.state == .registered || before.state == .paused else { return }
    do {
      _ = try await register(again: id, versionsURL: nil, token: nil)
    } catch {
      try await change(id, by: who) { (partner: inout Partner) throws(Refusal) in
        (partner.quirks.version, partner.quirks.side) = (before.quirks.version, before.quirks.side)
        partner.provider = before.provider
      }
      throw error
    }
  }

  /// Deletes a partner that is not registered any more.
  public func remove(
    _ id: ID<Partner>, by who: String,
    _ look: @escaping @MainActor @Sendable (Partner) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let partner = try self.partner(id)
      try look(partner)
      guard partner.state == .invited || partner.state == .unregistered else {
        throw .conflict("unregister the partner first")
      }
      try keep { () throws(StoreFault) in
        try self.books.partners.remove(id)
        try self.record(.partnerChanged(id, by: who))
      }
    }
  }

  /// Sends again all of a partner's that was parked or waits.
  public func redeliver(_ id: ID<Partner>, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      _ = try self.partner(id)
      try keep { () throws(StoreFault) in
        try self.books.pushes.revive(id, at: self.now)
        try self.record(.partnerChanged(id, by: who))
        self.afterCommit { self.pacing.reopen(id) }
      }
    }
  }

  private func makePartner(
    _ name: String, party: ID<Party>?, provider: ID<Party>?, quirks: PartnerQuirks, token: String,
    purpose: TokenPurpose, by who: String
  ) throws(Refusal) -> Partner {
    try checkText(name, "name", 1...Limits.nameLength)
    let (ours, drivers) = try parties(party, provider)
    return try keep { () throws(StoreFault) in
      let partner = try self.books.partners.create(
        Partner(
          id: ID(0), name: name, party: ours, provider: drivers, state: .invited, quirks: quirks, createdAt: self.now,
          updatedAt: self.now)
      )
      try self.books.partners.addDigest(TokenDigest.of(token), of: partner.id, for: purpose, at: self.now)
      try self.record(.partnerAdded(partner.id, by: who))
      return partner
    }
  }

  /// With whom of us a partner deals: with the operator and with the provider, where it is not said otherwise. A party
  /// that is named alone stands alone.
  func parties(_ party: ID<Party>?, _ provider: ID<Party>?) throws(Refusal) -> (ID<Party>, ID<Party>?) {
    func known(_ id: ID<Party>, _ field: String) throws(Refusal) -> Party {
      guard let party = try keep({ () throws(StoreFault) in try self.books.parties.party(id) }) else {
        throw .invalid(field: field, "we have no such party")
      }
      return party
    }
    let drivers = try provider.map { id throws(Refusal) in try known(id, "provider") }
    guard drivers.map({ $0.role == .emsp }) ?? true else {
      throw .invalid(field: "provider", "this party provides no drivers: its role is not EMSP")
    }
    guard let party else {
      return try keep { () throws(StoreFault) in
        let fallback = try self.books.parties.provider()?.id
        return (try self.cpo().id, drivers?.id ?? fallback)
      }
    }
    let ours = try known(party, "party")
    return (ours.id, ours.role == .emsp ? drivers?.id ?? ours.id : drivers?.id)
  }

  func partner(_ id: ID<Partner>) throws(Refusal) -> Partner {
    guard let partner = try keep({ () throws(StoreFault) in try self.books.partners.partner(id) }) else {
      throw .notFound("no such partner")
    }
    return partner
  }
}
