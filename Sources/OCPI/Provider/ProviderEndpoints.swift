import Domain
import HTTP
import Wire

/// What operators of stations can ask of us as the provider of drivers: every address under `/ocpi/{version}/emsp`. The
/// objects are theirs and are kept as they come.
extension Endpoints {
  enum ProviderAction: Sendable {
    case tokens, authorize
    /// A location, one of its EVSEs, or one of that one's connectors.
    case location
    case tariff, session, postCDR, showCDR
    case commandResult, profileResult, activeProfile
    /// A place that can be booked, or its calendar.
    case bookingLocation
    case booking
  }

  static func addProviderRoutes(to router: inout Router<Route>, _ edition: any OCPIEdition) {
    let base = "/ocpi/\(edition.version)/emsp"
    func add(_ methods: [HTTP.Method], _ module: OCPIModule.Name, _ path: String, _ action: ProviderAction) {
      let route = Route(action: .provider(action), edition: edition, module: module.rawValue)
      for method in methods { router.add(method, "\(base)/\(module.rawValue)\(path)", route) }
    }
    add([.get], .tokens, "", .tokens)
    add([.post], .tokens, "/{uid}/authorize", .authorize)
    for path in ["", "/{evse}", "/{evse}/{connector}"] {
      add([.get, .put, .patch], .locations, "/{country}/{party}/{location}\(path)", .location)
    }
    // Tariffs are only replaced since 2.2.
    let changes: [HTTP.Method] = edition.stampsPatches ? [.get, .put, .delete] : [.get, .put, .patch, .delete]
    add(changes, .tariffs, "/{country}/{party}/{tariff}", .tariff)
    add([.get, .put, .patch], .sessions, "/{country}/{party}/{session}", .session)
    add([.post], .cdrs, "", .postCDR)
    add([.get], .cdrs, "/{country}/{party}/{cdr}", .showCDR)
    add([.post], .commands, "/{command}/{id}", .commandResult)
    if edition.providerHas(.chargingProfiles) {
      add([.put], .chargingProfiles, "/{session}", .activeProfile)
      add([.post], .chargingProfiles, "/\(RoamingCommand.resultPlace)/{id}", .profileResult)
    }
  }

  func perform(_ action: ProviderAction, _ asked: Asked) async throws(PartnerFault) -> Reply {
    guard let provider, asked.caller.terms.provider != nil else {
      throw .unknownObject
    }
    switch action {
    case .tokens: return try await offeredTokens(asked, provider)
    case .authorize: return try await authorize(asked, provider)
    case .location: return try await place(asked, provider)
    case .tariff: return try await roamingTariff(asked, provider)
    case .session: return try await roamingSession(asked, provider)
    case .postCDR: return try await postCDR(asked, provider)
    case .activeProfile: return try await takeActiveProfile(asked, provider)
    case .showCDR:
      return Reply(Envelope(data: try await provider.roamingCDR(try key(asked, "cdr")).bytes))
    case .commandResult:
      guard let json = body(asked) else { return Self.notJSON }
      let result = try RoamingCommand.Result(from: json)
      try await provider.resulted(asked.segment("id"), result, from: asked.caller)
      return Reply(Envelope())
    case .profileResult: return try await takeProfileResult(asked, provider)
    case .bookingLocation: return try await roamingBookingLocation(asked, provider)
    case .booking: return try await roamingBooking(asked, provider)
    }
  }

  // MARK: Our tokens

  private func offeredTokens(_ asked: Asked, _ provider: any ProviderService) async throws(PartnerFault) -> Reply {
    let query = try Self.query(asked.request.target)
    let page = try await provider.offeredTokens(query, for: asked.caller)
    return await list(page, query, asked, .tokens, at: addresses.provider(.tokens, asked.edition)) {
      token throws(PushFault) in
      try asked.edition.offered(token, asked.style)
    }
  }

  private func authorize(_ asked: Asked, _ provider: any ProviderService) async throws(PartnerFault) -> Reply {
    let type = asked.request.target["type"] ?? Token.Kind.rfid.rawValue
    guard let kind = Token.Kind(rawValue: type.uppercased()) else {
      throw .invalid("type: \(type.excerpt) is not known")
    }
    let body = asked.request.body.isEmpty ? nil : body(asked)
    if body == nil, !asked.request.body.isEmpty { return Self.notJSON }
    let question = try TokenQuestion(uid: asked.segment("uid"), kind: kind, body: body)
    let verdict: TokenVerdict
    do throws(PartnerFault) {
      verdict = try await provider.authorize(question, for: asked.caller)
    } catch {
      // Both the address and the code say it (2.2.1 §12.2.2.2).
      guard case .unknownToken = error else { throw error }
      return Reply(Envelope(asked.edition.unknownToken, "This token is not ours."), status: .notFound)
    }
    return Reply(
      Envelope(data: try written { () throws(PushFault) in try asked.edition.verdict(verdict, asked.style) }))
  }

  // MARK: Their stations

  private func place(_ asked: Asked, _ provider: any ProviderService) async throws(PartnerFault) -> Reply {
    let key = try key(asked, "location")
    let (evse, connector) = (asked.captures["evse"], asked.captures["connector"])
    guard asked.method != .get else {
      var found = try await provider.roamingLocation(key)
      if let evse { found = try Self.part(of: found, "evses", "uid", evse) }
      if let connector { found = try Self.part(of: found, "connectors", "id", connector) }
      return Reply(Envelope(data: found.bytes))
    }
    guard let json = body(asked) else { return Self.notJSON }
    let isPatch = asked.method == .patch
    if !isPatch {
      try asked.edition.required.demand(connector != nil ? .connector : evse != nil ? .evse : .location, of: json)
    }
    let needsStamp = asked.edition.stampsPatches
    let isNew = try await provider.keepLocation(key, from: asked.caller) { held throws(PartnerFault) in
      var next = json
      if let evse {
        guard let held else { throw .unknownLocation }
        next = try ToldPlaces.location(
          held, evse: evse, connector: connector, changedBy: json, isPatch: isPatch, needsStamp: needsStamp)
      } else if isPatch {
        guard let held else { throw .unknownLocation }
        next = try ToldPlaces.location(held, patchedBy: json, needsStamp: needsStamp)
      }
      let location = try ToldPlaces.location(next, of: key.party)
      try Self.demand(location.ref, is: key.ref)
      return location
    }
    return Reply(Envelope(), status: isNew ? .created : .ok)
  }

  static func part(
    of json: JSON, _ list: String, _ name: String, _ id: String
  ) throws(PartnerFault) -> JSON {
    guard let found = json[list]?.array?.first(where: { $0[name]?.string?.ciFolded == id.ciFolded }) else {
      throw .unknownObject
    }
    return found
  }

  private func roamingTariff(_ asked: Asked, _ provider: any ProviderService) async throws(PartnerFault) -> Reply {
    let key = try key(asked, "tariff")
    switch asked.method {
    case .get: return Reply(Envelope(data: try await provider.roamingTariff(key).bytes))
    case .delete:
      try await provider.removeTariff(key, from: asked.caller)
      return Reply(Envelope())
    case .put, .patch, .post, .head, .options:
      guard let json = body(asked) else { return Self.notJSON }
      let isPatch = asked.method == .patch
      let edition = asked.edition
      if isPatch { _ = try Told(json) } else { try edition.required.demand(.tariff, of: json) }
      let isNew = try await provider.keepTariff(key, from: asked.caller) { held throws(PartnerFault) in
        if isPatch, held == nil { throw .unknownObject }
        let whole = isPatch ? held?.patched(by: json) ?? json : json
        let tariff = try ToldUse.tariff(whole, of: key.party) { json throws(PartnerFault) in
          try edition.tariff(from: json)
        }
        try Self.demand(tariff.ref, is: key.ref)
        return tariff
      }
      return Reply(Envelope(), status: isNew ? .created : .ok)
    }
  }

  // MARK: What our drivers do there

  private func roamingSession(_ asked: Asked, _ provider: any ProviderService) async throws(PartnerFault) -> Reply {
    let key = try key(asked, "session")
    guard asked.method != .get else {
      return Reply(Envelope(data: try await provider.roamingSession(key).bytes))
    }
    guard let json = body(asked) else { return Self.notJSON }
    let isPatch = asked.method == .patch
    if !isPatch { try asked.edition.required.demand(.session, of: json) }
    let needsStamp = asked.edition.stampsPatches
    do throws(PartnerFault) {
      let isNew = try await provider.keepSession(key, from: asked.caller) { held throws(PartnerFault) in
        var whole = json
        if isPatch {
          guard let held else { throw .unknownObject }
          whole = try ToldUse.session(held, patchedBy: json, needsStamp: needsStamp)
        }
        let session = try ToldUse.session(whole, of: key.party)
        try Self.demand(session.ref, is: key.ref)
        return session
      }
      return Reply(Envelope(), status: isNew ? .created : .ok)
    } catch {
      // The token stands in the body, so the way there was right.
      guard case .unknownToken = error else { throw error }
      return Reply(Envelope(asked.edition.unknownToken, "Its token is not ours."))
    }
  }

  private func postCDR(_ asked: Asked, _ provider: any ProviderService) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    let edition = asked.edition
    try edition.required.demand(.cdr, of: json)
    let cdr = try ToldUse.cdr(json, of: asked.caller.terms.stationOperator) { json throws(PartnerFault) in
      try edition.tariff(from: json)
    }
    guard asked.caller.terms.speaks(for: cdr.party) else { throw .invalid("\(cdr.party) is not one of your parties") }
    let isNew = try await provider.keepCDR(cdr, from: asked.caller)
    var reply = Reply(Envelope(), status: isNew ? .created : .ok)
    if let url = try? HTTPURL(addresses.provider(.cdrs, edition)) {
      reply.headers["Location"] = url.appending(cdr.party.country, cdr.party.party, cdr.ref).description
    }
    return reply
  }

  // MARK: Small things

  /// Whose object an address names: a party that the caller speaks for.
  func key(_ asked: Asked, _ name: String) throws(PartnerFault) -> RoamingKey {
    let party = PartyID(country: asked.segment("country"), party: asked.segment("party"))
    // What is not the caller's does not exist for it, and it can make nothing there.
    guard asked.caller.terms.speaks(for: party) else { throw .foreignParty(party) }
    return RoamingKey(partner: asked.caller.terms.partner.id, party: party, ref: asked.segment(name))
  }

  static func demand(_ id: String, is named: String) throws(PartnerFault) {
    guard id.ciFolded == named.ciFolded else { throw .invalid("id is not the one of the address") }
  }

  private func written(_ write: () throws(PushFault) -> Bytes) throws(PartnerFault) -> Bytes {
    do throws(PushFault) { return try write() } catch {
      throw .unavailable("The object cannot be written in this version: \(error)")
    }
  }
}

extension PartnerTerms {
  /// Whose an object is that does not say it, as in OCPI 2.1.1.
  var stationOperator: PartyID {
    (partner.roles.first { $0.role == "CPO" } ?? partner.roles.first)?.name ?? PartyID(country: "", party: "")
  }
}
