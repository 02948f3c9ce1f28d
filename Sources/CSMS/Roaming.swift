import Crypto
import Domain
import Store
import Wire

// What partners ask of the house (OCPI 2.2.1): who they are, what we publish, their tokens, their commands.

extension CSMS: PartnerService {
  // MARK: Who calls

  public func identify(_ candidates: [String]) async throws(PartnerFault) -> PartnerCaller? {
    for token in candidates {
      let digest = TokenDigest.of(token)
      guard let found = try stored({ () throws(StoreFault) in try books.partners.partner(forDigest: digest) }),
        let terms = try stored({ () throws(StoreFault) in try books.partners.terms(of: found.partner) })
      else { continue }
      heard(from: found.partner, with: found.purpose == .credentials ? digest : nil)
      return PartnerCaller(terms: terms, token: token, isInvitation: found.purpose == .registration)
    }
    return nil
  }

  /// A partner that calls is up: what waits for it need not wait for the end of its pause. And the first call with the
  /// newer of two tokens ends the older one.
  private func heard(from partner: ID<Partner>, with digest: String?) {
    let isNews = pacing.heard(from: partner, at: now)
    let isNewToken = digest.map { pacing.showed($0, by: partner) } ?? false
    guard isNews || isNewToken else { return }
    note { () throws(StoreFault) in
      if let digest { try self.books.partners.endDigests(of: partner, olderThan: digest) }
      try self.books.partners.touchContact(partner, at: self.now)
      try self.hurryPushes(of: partner)
    } onFault: {
      self.pacing.forgetToken(of: partner)
    }
  }

  // MARK: Credentials

  public func register(
    _ caller: PartnerCaller, _ registration: PartnerRegistration, isUpdate: Bool
  ) async throws(PartnerFault) -> PartnerWelcome {
    try await partnerTurn { () throws(PartnerFault) in
      let id = caller.terms.partner.id
      let called = try stored { () throws(StoreFault) in
        try self.books.partners.partner(forDigest: TokenDigest.of(caller.token))
      }
      guard var partner = try stored({ () throws(StoreFault) in try self.books.partners.partner(id) }), let called
      else {
        throw .unknownObject
      }
      let isRegistered = partner.state == .registered || partner.state == .paused
      if isUpdate, !isRegistered { throw .wrongState("not registered yet: POST first") }
      // Token A still works until token C was used: the answer to the first POST may have been lost.
      if !isUpdate, isRegistered, called.purpose != .registration { throw .wrongState("registered already: use PUT") }
      let token = Secret.make()
      try stored { () throws(StoreFault) in
        try self.books.partners.addDigest(TokenDigest.of(token), of: id, for: .credentials, at: self.now)
        partner.take(registration, at: self.now)
        try self.books.partners.update(partner)
        try self.books.partners.replaceRoles(of: id, by: registration.roles)
        try self.record(.partnerRegistered(id))
        try self.tellEverything(to: id)
        try self.planPulls(of: id)
      }
      return PartnerWelcome(token: token, party: caller.terms.ourParty)
    }
  }

  public func unregister(_ caller: PartnerCaller) async throws(PartnerFault) {
    try await partnerTurn { () throws(PartnerFault) in
      let id = caller.terms.partner.id
      guard var partner = try stored({ () throws(StoreFault) in try self.books.partners.partner(id) }) else {
        throw .unknownObject
      }
      guard partner.state == .registered || partner.state == .paused else { throw .wrongState("not registered") }
      try stored { () throws(StoreFault) in try self.forget(&partner) }
    }
  }

  /// The relationship ends: tokens that they called with, and the one that we called with, are worth nothing any more.
  func forget(_ partner: inout Partner) throws(StoreFault) {
    partner.state = .unregistered
    partner.outboundToken = nil
    partner.endpoints = []
    partner.updatedAt = now
    try books.partners.update(partner)
    try books.partners.endDigests(of: partner.id)
    try books.pushes.forget(partner.id)
    try books.pulls.forget(partner.id)
    try record(.partnerUnregistered(partner.id))
  }

  public func traced(_ partner: ID<Partner>, _ step: HandshakeStep) async {
    note { () throws(StoreFault) in
      var step = step
      step.detail = String(step.detail.prefix(Limits.traceLength))
      step.request = step.request.map { String($0.prefix(Limits.traceLength)) }
      step.answer = step.answer.map { String($0.prefix(Limits.traceLength)) }
      try self.record(.partnerStep(partner, step))
    }
  }

  public func unsaid(_ what: [String], of module: String, sample: String, to partner: ID<Partner>) async {
    noteUnsaid(what, of: module, sample: sample, to: partner)
  }

  // MARK: What we publish

  public func locations(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<LocationView>
  {
    let (parties, rules) = (caller.terms.parties.map(\.id), caller.terms.partner.publishing)
    return try await answer { books throws(StoreFault) in try books.locations.views(query, of: parties, by: rules) }
  }

  public func location(_ ref: String, for caller: PartnerCaller) async throws(PartnerFault) -> LocationView {
    let (parties, rules) = (caller.terms.parties.map(\.id), caller.terms.partner.publishing)
    let view = try await answer { books throws(StoreFault) in try books.locations.view(ref, of: parties, by: rules) }
    guard let view else { throw .unknownLocation }
    return view
  }

  public func tariffs(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<TariffView> {
    let (parties, rules) = (caller.terms.parties.map(\.id), caller.terms.partner.publishing)
    return try await answer { books throws(StoreFault) in try books.tariffs.page(query, of: parties, by: rules) }
  }

  public func tariff(_ ref: String, for caller: PartnerCaller) async throws(PartnerFault) -> TariffView {
    let (parties, rules) = (caller.terms.parties, caller.terms.partner.publishing)
    return try await found { books throws(StoreFault) in
      guard rules.shows(tariff: ref) else { return nil }
      for party in parties {
        if let version = try books.tariffs.tariff(ref, of: party.id) {
          return TariffView(version: version, party: party.name)
        }
      }
      return nil
    }
  }

  public func sessions(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<SessionView> {
    let (partner, zones, currency, now) = (caller.terms.partner.id, zones, settings.currency, now)
    let behalf = caller.behalf
    return try await answer { books throws(StoreFault) in
      let page = try books.sessions.page(query, of: partner, behalf: behalf)
      let costs = SessionCosts(books: books, zones: zones, currency: currency)
      return Page(
        items: try page.items.map { session throws(StoreFault) in try costs.view(of: session, at: now) },
        total: page.total, rest: page.rest)
    }
  }

  public func session(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> SessionView {
    let (partner, zones, currency, now) = (caller.terms.partner.id, zones, settings.currency, now)
    let behalf = caller.behalf
    return try await found { books throws(StoreFault) in
      guard let session = try books.sessions.session(id, of: partner), behalf.map({ $0 == session.token.owner }) ?? true
      else { return nil }
      return try SessionCosts(books: books, zones: zones, currency: currency).view(of: session, at: now)
    }
  }

  public func cdrs(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<CDR> {
    let (partner, behalf) = (caller.terms.partner.id, caller.behalf)
    return try await answer { books throws(StoreFault) in
      try books.cdrs.page(query, of: partner, behalf: behalf)
    }
  }

  public func cdr(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> CDR {
    let (partner, behalf) = (caller.terms.partner.id, caller.behalf)
    return try await found { books throws(StoreFault) in
      guard let cdr = try books.cdrs.cdr(id, of: partner)?.cdr, behalf.map({ $0 == cdr.token.owner }) ?? true else {
        return nil
      }
      return cdr
    }
  }

  // MARK: Their tokens

  public func token(_ key: TokenKey, for caller: PartnerCaller) async throws(PartnerFault) -> Token {
    guard let role = known(key.party, of: caller) else { throw .unknownToken }
    guard let token = try held(key, by: role) else { throw .unknownToken }
    return token
  }

  public func put(_ token: Token, under key: TokenKey, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    let owner = try await role(key.party, of: caller)
    return try await partnerTurn { () throws(PartnerFault) in
      try stored { () throws(StoreFault) in
        var token = token
        token.owner = owner.id
        switch try self.books.tokens.put(token) {
        case .created(let id):
          try self.record(.tokenReceived(id, from: caller.terms.partner.id))
          return true
        case .replaced(let id):
          try self.record(.tokenReceived(id, from: caller.terms.partner.id))
          return false
        case .ignored:
          return false
        }
      }
    }
  }

  public func patch(
    _ key: TokenKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (inout Token) throws(PartnerFault) -> Void
  ) async throws(PartnerFault) {
    let owner = try await role(key.party, of: caller)
    try await partnerTurn { () throws(PartnerFault) in
      guard var token = try self.held(key, by: owner) else { throw .unknownToken }
      try change(&token)
      let changed = token
      try stored { () throws(StoreFault) in
        _ = try self.books.tokens.put(changed)
        try self.record(.tokenReceived(changed.id, from: caller.terms.partner.id))
      }
    }
  }

  private func held(_ key: TokenKey, by owner: PartnerRole) throws(PartnerFault) -> Token? {
    try stored { () throws(StoreFault) in try self.books.tokens.token(key.uid, key.kind, owner: owner.id) }
  }

  /// A partner writes for the parties behind it and for no other. A hub speaks for whoever it connects: one that we meet
  /// for the first time is written down.
  func role(_ party: PartyID, of caller: PartnerCaller) async throws(PartnerFault) -> PartnerRole {
    if let role = known(party, of: caller) { return role }
    guard caller.terms.hub != nil, PartyID(party.description) == party else {
      throw .invalid("\(party) is not one of your parties")
    }
    let hub = caller.terms.partner.id
    return try await partnerTurn { () throws(PartnerFault) in
      let met = try stored { () throws(StoreFault) in try self.books.partners.metCount(behind: hub) }
      guard met < Limits.clientsPerHub else { throw .invalid("more than \(Limits.clientsPerHub) parties") }
      return try stored { () throws(StoreFault) in try self.books.partners.meet(party, as: "EMSP", behind: hub) }
    }
  }

  private func known(_ party: PartyID, of caller: PartnerCaller) -> PartnerRole? {
    caller.terms.partner.roles.first { $0.name == party && $0.role != "HUB" }
      ?? caller.terms.partner.roles.first { $0.name == party }
  }

  // MARK: Their commands

  public func startSession(_ wish: StartWish, from caller: PartnerCaller) async throws(PartnerFault) -> CommandAnswer {
    let owner = try await role(wish.key.party, of: caller)
    return try await commanded { () throws(Refusal) in
      let partner = caller.terms.partner.id
      guard wish.token.isUsable(at: self.now) else { return .rejected("the token is blocked or expired") }
      let uid = Token.fold(wish.token.uid)
      let named = try keep { () throws(StoreFault) in
        try wish.evse.flatMap { uid throws(StoreFault) in try self.books.stations.evse(uid) }
      }
      let isRepeat = try self.isRepeat("start", wish.respondTo, of: partner) { command, session in
        guard let session, session.isOpen, Token.fold(session.token.uid) == uid else { return false }
        // Another EVSE is another wish, wherever the car went that was awaited at the first.
        guard wish.evse != nil else { return true }
        return command.station == named?.station && command.detail["evse"]?.int == named.map { Int64($0.number) }
      }
      if isRepeat { return .accepted(timeout: self.settings.commandSeconds) }
      let (station, evse) = try self.whereToStart(wish, terms: caller.terms)
      let connector = try wish.connector.map { name throws(Refusal) in try self.connector(name, of: evse) }
      let holder = Session.Holder(
        token: TokenReference(
          party: wish.key.party, uid: wish.token.uid, kind: wish.token.kind, contractID: wish.token.contractID),
        owner: owner.id, groupID: wish.token.groupID, method: .command, reference: wish.authorizationReference)
      _ = try self.remoteStart(
        holder, at: station, evse: evse, connector: connector, by: "partner:\(wish.key.party)",
        respondTo: CommandOrigin(partner: partner, url: wish.respondTo))
      return .accepted(timeout: self.settings.commandSeconds)
    }
  }

  public func stopSession(
    _ session: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> CommandAnswer {
    try await commanded { () throws(Refusal) in
      let partner = caller.terms.partner
      if try self.isRepeat("stop", url, of: partner.id, { $1?.id == session }) {
        return .accepted(timeout: self.settings.commandSeconds)
      }
      guard
        let session = try keep({ () throws(StoreFault) in try self.books.sessions.session(session, of: partner.id) }),
        session.isOpen
      else {
        return .unknownSession
      }
      _ = try self.remoteStop(
        session, by: "partner:\(partner.name)", respondTo: CommandOrigin(partner: partner.id, url: url))
      return .accepted(timeout: self.settings.commandSeconds)
    }
  }

  public func unlock(
    location: String, evse uid: String, connector: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> CommandAnswer {
    try await commanded { () throws(Refusal) in
      let partner = caller.terms.partner
      let place = try self.location(location, terms: caller.terms)
      guard let evse = try self.evse(uid, at: place) else { return .rejected("no such EVSE at this location") }
      let cable = try self.connector(connector, of: evse).number
      let unlock = StationCommand.unlock(evse: evse.number, connector: cable)
      let isRepeat = try self.isRepeat("unlock", url, of: partner.id) { command, _ in
        command.station == evse.station && command.detail == unlock.detail
          && self.now - command.createdAt < .seconds(Limits.resultLifeSeconds)
      }
      if isRepeat { return .accepted(timeout: self.settings.commandSeconds) }
      // A help desk frees its own driver's cable, not somebody else's.
      let isForeign = try keep { () throws(StoreFault) in
        guard let session = try self.books.sessions.running(at: evse) else { return false }
        return try self.partnerID(of: session) != partner.id
      }
      guard !isForeign else { return .rejected("somebody else charges there") }
      _ = try self.issue(
        unlock, to: evse.station, by: "partner:\(partner.name)",
        respondTo: CommandOrigin(partner: partner.id, url: url))
      return .accepted(timeout: self.settings.commandSeconds)
    }
  }

  /// The same command again, because our answer was lost, is not a second one. Some partners name one URL
  /// for all that they ask (OCPI 2.2.1 §13.3.3: it may be unique), so it must also be about the same and not have failed.
  func isRepeat(
    _ verb: String, _ url: String, of partner: ID<Partner>, _ isSame: (CommandRecord, Session?) -> Bool
  ) throws(Refusal) -> Bool {
    try keep { () throws(StoreFault) in
      for earlier in try books.commands.latest(of: partner, respondTo: url) where earlier.record.verb == verb {
        switch earlier.record.phase {
        case .refused, .failed: continue
        case .sent, .accepted, .done: break
        }
        let session = try earlier.session.flatMap { id throws(StoreFault) in try books.sessions.session(id) }
        if isSame(earlier.record, session) { return true }
      }
      return false
    }
  }

  private func whereToStart(_ wish: StartWish, terms: PartnerTerms) throws(Refusal) -> (Station, EVSE) {
    let place = try location(wish.location, terms: terms)
    let stations = try keep { () throws(StoreFault) in
      try self.books.stations.list(StationFilter(location: place.id), limit: .max)
    }
    if let uid = wish.evse {
      guard let evse = try evse(uid, at: place), let station = stations.first(where: { $0.id == evse.station }) else {
        throw .conflict("no such EVSE at this location")
      }
      return (station, try evseToStart(evse.number, at: station))
    }
    for station in stations where isOnline(station.id) {
      do throws(Refusal) { return (station, try evseToStart(nil, at: station)) } catch {
        // Taken; perhaps the next one is free.
        guard case .conflict = error else { throw error }
      }
    }
    throw .conflict("no EVSE of this location is free")
  }

  /// A location of ours that the partner deals with and may see.
  func location(_ ref: String, terms: PartnerTerms) throws(Refusal) -> Location {
    let place = try keep { () throws(StoreFault) -> Location? in
      guard terms.partner.publishing.shows(location: ref) else { return nil }
      for party in terms.parties {
        if let place = try self.books.locations.location(ref, of: party.id) { return place }
      }
      return nil
    }
    guard let place else { throw .notFound("location") }
    return place
  }

  func evse(_ uid: String, at place: Location) throws(Refusal) -> EVSE? {
    try keep { () throws(StoreFault) in
      guard let evse = try self.books.stations.evse(uid), try self.station(evse.station)?.location == place.id else {
        return nil
      }
      return evse
    }
  }

  /// A connector by the id under which partners know it, which is its number.
  private func connector(_ name: String, of evse: EVSE) throws(Refusal) -> Connector {
    guard let connector = evse.connectors.first(where: { "\($0.number)" == name }) else {
      throw .conflict("the EVSE has no connector \(name)")
    }
    return connector
  }

  /// Runs a command's turn and says its refusals in OCPI's words.
  func commanded(
    _ decide: @escaping @MainActor @Sendable () throws(Refusal) -> CommandAnswer
  ) async throws(PartnerFault) -> CommandAnswer {
    do {
      return try await turn(decide)
    } catch {
      switch error {
      case .notFound: throw .unknownLocation
      case .conflict(let why), .invalid(_, let why): return .rejected(why)
      case .unavailable(let why): throw .unavailable(why)
      }
    }
  }

  /// The result of a partner's command goes to the URL that it named, as a row with an end.
  func answerPartner(about id: String, outcome: CommandOutcome) throws(StoreFault) {
    guard let command = try books.commands.command(id), let url = command.respondTo, let partnerID = command.partner,
      let partnerLink, let terms = try books.partners.terms(of: partnerID)
    else { return }
    let message: String? = if case .refused(let word, _) = outcome { word } else { nil }
    let object: PushObject =
      if let result = profileResult(command.record, outcome) {
        .profileResult(url: url, result)
      } else {
        .commandResult(url: url, result: outcome.resultForPartner, message: message)
      }
    let request: PushRequest
    do { request = try partnerLink.request(for: object, terms: terms) } catch {
      return log.warning("a command's result cannot be sent", metadata: ["command": "\(id)", "cause": "\(error)"])
    }
    try want(
      .commands, id, of: partnerID, party: terms.ourParty.id, request: request,
      expiresAt: now + .seconds(Limits.resultLifeSeconds))
  }

  // MARK: Small things

  func partnerID(of session: Session) throws(StoreFault) -> ID<Partner>? {
    guard let owner = session.owner else { return nil }
    if let role = try books.partners.role(owner) { return role.partner }
    // The party behind it has another role since, and the driver's bill is still that partner's.
    guard let partner = try books.sessions.partner(of: session.id), try books.partners.partner(partner) != nil else {
      return nil
    }
    return partner
  }

  func terms(of partner: Partner) throws(StoreFault) -> PartnerTerms {
    guard let terms = try books.partners.terms(of: partner.id) else {
      throw StoreFault.missing("partner \(partner.id)")
    }
    return terms
  }

  func answer<Value: Sendable>(
    _ question: @escaping @Sendable (Books) throws(StoreFault) -> Value
  ) async throws(PartnerFault) -> Value {
    do { return try await store.readers.read(question) } catch { throw .unavailable("\(error)") }
  }

  func found<Value: Sendable>(
    _ question: @escaping @Sendable (Books) throws(StoreFault) -> Value?
  ) async throws(PartnerFault) -> Value {
    guard let value = try await answer(question) else { throw .unknownObject }
    return value
  }

  /// A turn for a partner's request.
  func partnerTurn<Value: Sendable>(
    _ decide: @escaping @MainActor @Sendable () throws(PartnerFault) -> Value
  ) async throws(PartnerFault) -> Value {
    let result: Result<Value, PartnerFault>
    do {
      result = try await turn { () throws(Refusal) in
        // What is refused is undone with its savepoint.
        do throws(PartnerFault) { return .success(try self.attempt(decide)) } catch { return .failure(error) }
      }
    } catch {
      throw .unavailable("\(error)")
    }
    return try result.get()
  }
}

extension Partner {
  /// Keeps what a handshake told. A partner whose pushes the operator holds stays held.
  mutating func take(_ registration: PartnerRegistration, at now: Timestamp) {
    state = state == .paused ? .paused : .registered
    updatedAt = now
    versionsURL = registration.versionsURL
    version = registration.version
    endpoints = registration.endpoints
    outboundToken = registration.outboundToken
    quirks.tokenForm = registration.learned.tokenForm ?? quirks.tokenForm
  }
}

/// Runs storage work and says its fault in a partner's words.
func stored<R>(_ work: () throws(StoreFault) -> R) throws(PartnerFault) -> R {
  do { return try work() } catch { throw PartnerFault(storage: error) }
}
