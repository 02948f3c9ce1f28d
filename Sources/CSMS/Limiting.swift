import Domain
import Store
import Wire

// Sessions that end by themselves at a cost, an energy, a time or a state of charge (OCPP 2.1 E16, F07, C17). A station that
// knows such limits is told once and has a while to keep them; any other one is asked to stop by the house.

extension CSMS {
  /// The operator limits a running session, or changes its limits; what is not named stays as it was.
  /// - Parameter look: looks at the limits so far, and refuses where the change was made for others.
  public func limitSession(
    _ id: String, to limit: SessionLimit, by who: String,
    looking look: @escaping @MainActor @Sendable (SessionLimit) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) -> SessionLimit {
    if let flaw = limit.flaw { throw .invalid(field: "limit", flaw) }
    return try await turn { () throws(Refusal) in
      guard let session = try keep({ () throws(StoreFault) in try self.books.sessions.session(id) }) else {
        throw .notFound("no such session")
      }
      guard session.isOpen else { throw .conflict("the session is not running") }
      try look(keep { () throws(StoreFault) in try self.books.limits.limit(of: id)?.limit } ?? SessionLimit())
      return try keep { () throws(StoreFault) in try self.limit(session.id, to: limit, by: who) }
    }
  }

  // MARK: Within a turn

  @discardableResult
  func limit(_ session: String, to limit: SessionLimit, by who: String) throws(StoreFault) -> SessionLimit {
    let all = limit.over(try books.limits.limit(of: session)?.limit ?? SessionLimit())
    try books.limits.keep(KeptLimit(session: session, all))
    try record(.sessionLimited(session: session, all, by: who))
    return all
  }

  /// It is known whose session it is: one that was paid for before may cost what is left (C17.FR.03), less what its
  /// token's other sessions may cost.
  func limitByCredit(_ session: Session) throws(StoreFault) {
    guard session.owner == nil, let token = try token(of: session.holder), let credit = token.credit,
      isOfCredit(session.tariff?.currency ?? settings.currency)
    else { return }
    let left = max(credit - (try books.limits.reserved(by: token, beside: session.id)), .zero)
    if let known = try books.limits.limit(of: session.id)?.limit.cost, known <= left { return }
    try limit(session.id, to: SessionLimit(cost: left), by: "house")
  }

  /// Whether all that is left of what a token paid is what its running sessions may cost.
  func isSpokenFor(_ token: Token) throws(StoreFault) -> Bool {
    guard token.owner == nil, let credit = token.credit else { return false }
    return try books.limits.reserved(by: token) >= credit
  }

  /// Credit is in the house's money: what is owed in another one neither lowers nor reaches it.
  private func isOfCredit(_ currency: String) -> Bool { currency == settings.currency }

  /// What one of our own tokens paid for before is that much less.
  func spend(_ cost: Money, in currency: String, from token: ID<Token>) throws(StoreFault) {
    guard isOfCredit(currency) else { return }
    try books.tokens.spend(cost, of: token)
    // A session may have cost more than it was to: then the others may cost less.
    guard let spent = try books.tokens.token(token), spent.credit != nil else { return }
    for id in try books.limits.running(of: spent, limit: Limits.limitedAtOnce) {
      if let session = try books.sessions.session(id) { try limitByCredit(session) }
    }
  }

  /// The same by what a bill says of its token.
  func spend(_ cost: Money, in currency: String, from told: TokenReference) throws(StoreFault) {
    // Hardly any is paid for before, and whoever ends a session was shown its token a moment ago.
    let token = try books.tokens.tokens(folded: Token.fold(told.uid)).first { $0.kind == told.kind && $0.owner == nil }
    guard let token, token.credit != nil else { return }
    try spend(cost, in: currency, from: token.id)
  }

  /// The token of a holder, from what the writer remembers.
  func token(of holder: Session.Holder) throws(StoreFault) -> Token? {
    try books.tokens.tokens(folded: Token.fold(holder.token.uid)).first {
      $0.kind == holder.token.kind && $0.owner == holder.owner
    }
  }

  /// What a station is told of the limits of a session with its answer: once, and again where it keeps a higher one.
  /// - Parameter told: the limits that the station keeps, where it said so.
  /// - Parameter isAgain: what was told before may be lost.
  func limitToTell(
    of session: Session, told: SessionLimit?, isAgain: Bool = false
  ) throws(StoreFault) -> SessionLimit? {
    guard session.state == .active, var kept = try books.limits.limit(of: session.id) else { return nil }
    // Who cannot be told gets no grace: the house stops the session itself.
    guard let version = try books.stations.station(session.station)?.lastVersion,
      stationLink?.can(.keepsLimits, version: version) == true
    else { return nil }
    guard !kept.isTold || isAgain && told == nil || told.map({ kept.limit.isBelow($0) }) == true else { return nil }
    kept.isTold = true
    try books.limits.keep(kept)
    let words = try books.device.value(Self.supportedLimits, of: session.station)?.value.value
    let spoken = words.map { kept.limit.supported(by: $0) } ?? kept.limit
    return spoken.isEmpty ? nil : spoken
  }

  private static let supportedLimits = SettingName(component: "TxCtrlr", variable: "SupportedLimits")

  /// With a beat: running sessions that reached a limit are stopped, a bounded number at a time, in turn.
  func keepLimits() throws(StoreFault) {
    let pause = now - .seconds(Limits.stopAgainSeconds)
    let some = try books.limits.running(after: lastLimited, unlessAskedSince: pause, limit: Limits.limitedAtOnce)
    let last = some.count < Limits.limitedAtOnce ? "" : some.last?.session ?? ""
    afterCommit { self.lastLimited = last }
    try each(some, of: "session limits") { kept throws(StoreFault) in
      if let session = try books.sessions.session(kept.session) { try holdTo(kept, session) }
    }
  }

  private func holdTo(_ known: KeptLimit, _ session: Session) throws(StoreFault) {
    var kept = known
    guard try isReached(kept.limit, by: session) else {
      guard kept.reachedAt != nil else { return }
      kept.reachedAt = nil
      return try books.limits.keep(kept)
    }
    let since = kept.reachedAt ?? now
    if kept.reachedAt == nil {
      kept.reachedAt = now
      try books.limits.keep(kept)
    }
    if kept.isTold {
      // It may end the session itself, or hold back the energy until the car leaves (E16.FR.05 and .06).
      guard now - since >= .seconds(Limits.limitGraceSeconds) else { return }
      if try books.transactions.transaction(of: session.id)?.chargingState == .suspendedEVSE { return }
    }
    guard isOnline(session.station) else { return }
    kept.stopAskedAt = now
    try books.limits.keep(kept)
    do throws(Refusal) { _ = try remoteStop(session, by: "house", respondTo: nil) } catch {
      log.warning(
        "a session past its limit was not stopped", metadata: ["session": "\(session.id)", "why": "\(error)"])
    }
  }

  private func isReached(_ limit: SessionLimit, by session: Session) throws(StoreFault) -> Bool {
    if let energy = limit.energy, session.energy >= energy { return true }
    if let seconds = limit.seconds, now - session.startedAt >= .seconds(seconds) { return true }
    if let least = limit.stateOfCharge, let known = session.stateOfCharge, known >= Decimal(least) { return true }
    guard let cost = limit.cost, session.tariff != nil else { return false }
    let costs = SessionCosts(books: books, zones: zones, currency: settings.currency)
    let price = try costs.bill(of: session, until: now).totals.cost
    return (price.afterTax ?? price.beforeTax) >= cost
  }
}
