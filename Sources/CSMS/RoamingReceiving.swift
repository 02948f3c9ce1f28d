import Domain
import Store
import Wire

// What operators of other stations tell us: where our drivers can charge, what it costs, what they did, and what is to be
// paid for it. All is kept as it came; older news than what we have changes nothing.

extension CSMS {
  // MARK: Their stations

  public func roamingLocation(_ key: RoamingKey) async throws(PartnerFault) -> JSON {
    try await found { books throws(StoreFault) in try books.roamingPlaces.location(key)?.body }
  }

  public func keepLocation(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingLocation
  ) async throws(PartnerFault) -> Bool {
    try await partnerTurn { () throws(PartnerFault) in
      let held = try stored { () throws(StoreFault) in try self.books.roamingPlaces.location(key) }
      let location = try change(held?.body)
      return try self.receive(location, of: key.partner, isNew: held == nil)
    }
  }

  private func receive(
    _ location: RoamingLocation, of partner: ID<Partner>, isNew: Bool
  ) throws(PartnerFault) -> Bool {
    let put = try stored { () throws(StoreFault) -> RoamingPut? in
      if isNew, try books.roamingPlaces.count(of: partner) >= Limits.roamingLocations { return nil }
      return try books.roamingPlaces.put(location, of: partner, at: now)
    }
    guard let put else { throw .invalid("no more than \(Limits.roamingLocations) locations of yours are kept") }
    return put == .created
  }

  public func roamingTariff(_ key: RoamingKey) async throws(PartnerFault) -> JSON {
    try await found { books throws(StoreFault) in
      // JSON's own null must not stand for "there is none".
      guard let held = try books.roamingTariffs.tariff(key), held.goneAt == nil else { return Optional<JSON>.none }
      return held.body
    }
  }

  public func keepTariff(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingTariff
  ) async throws(PartnerFault) -> Bool {
    try await partnerTurn { () throws(PartnerFault) in
      let held = try stored { () throws(StoreFault) in try self.books.roamingTariffs.tariff(key) }
      let present = held.flatMap { kept -> KeptRoamingTariff? in kept.goneAt == nil ? kept : Optional.none }
      let tariff = try change(present?.body)
      return try self.receive(tariff, of: key.partner, isNew: held == nil)
    }
  }

  private func receive(_ tariff: RoamingTariff, of partner: ID<Partner>, isNew: Bool) throws(PartnerFault) -> Bool {
    let put = try stored { () throws(StoreFault) -> RoamingPut? in
      if isNew, try books.roamingTariffs.count(of: partner) >= Limits.roamingTariffs { return nil }
      return try books.roamingTariffs.put(tariff, of: partner, at: now)
    }
    guard let put else { throw .invalid("no more than \(Limits.roamingTariffs) tariffs of yours are kept") }
    return put == .created
  }

  public func removeTariff(_ key: RoamingKey, from caller: PartnerCaller) async throws(PartnerFault) {
    let isGone = try await partnerTurn { () throws(PartnerFault) in
      try stored { () throws(StoreFault) in try self.books.roamingTariffs.remove(key, at: self.now) }
    }
    guard isGone else { throw .unknownObject }
  }

  // MARK: Sessions

  public func roamingSession(_ key: RoamingKey) async throws(PartnerFault) -> JSON {
    try await found { books throws(StoreFault) in try books.roamingUses.session(key)?.body }
  }

  public func keepSession(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingSession
  ) async throws(PartnerFault) -> Bool {
    let kept: Kept = try await partnerTurn { () throws(PartnerFault) in
      let held = try stored { () throws(StoreFault) in try self.books.roamingUses.session(key) }
      return try self.receive(try change(held?.body), terms: caller.terms)
    }
    return try said(kept, module: "sessions", object: key.ref, of: caller.terms.partner.id)
  }

  /// What became of something that one of our drivers is said to have done.
  private enum Kept {
    case new, known
    case stranger(token: String)
    /// A bill came before under its id, and said something else.
    case conflict
  }

  /// What is refused is said once its turn is over, which would take the word of it back.
  private func said(
    _ kept: Kept, module: String, object: String, of partner: ID<Partner>
  ) throws(PartnerFault) -> Bool {
    switch kept {
    case .new: return true
    case .known: return false
    case .stranger(let token):
      noteStranger(token, module: module, object: object, of: partner)
      throw .unknownToken
    case .conflict: throw .invalid("something else was said under this id before")
    }
  }

  private func noteStranger(_ token: String, module: String, object: String, of partner: ID<Partner>) {
    note { () throws(StoreFault) in
      guard self.doorNotes.takes("partner \(partner) \(module)", at: self.now) else { return }
      try self.record(.roaming(.strangerRefused(partner, module: module, object: object, token: token)))
    }
  }

  private func receive(_ session: RoamingSession, terms: PartnerTerms) throws(PartnerFault) -> Kept {
    try stored { () throws(StoreFault) in
      let partner = terms.partner.id
      let key = RoamingKey(partner: partner, party: session.party, ref: session.ref)
      let held = try books.roamingUses.session(key)
      let token = try ourToken(session.token, reference: session.authorizationReference, terms: terms)
      // A token that was removed since may still have a session.
      guard token != nil || held != nil else { return .stranger(token: session.token.shown) }
      // News that come twice or late, of the same second: what is over does not run again.
      if let held, held.isOver, !session.isOver, session.updatedAt <= held.updatedAt { return .known }
      let put = try books.roamingUses.put(session, of: partner, token: token, at: now)
      guard put != .unchanged, let kept = try books.roamingUses.session(key) else { return held == nil ? .new : .known }
      if held == nil { try record(.roaming(.sessionStarted(kept.id, of: partner))) }
      if session.isOver, held?.status != session.status {
        try record(.roaming(.sessionEnded(kept.id, of: partner)))
      }
      return held == nil ? .new : .known
    }
  }

  // MARK: CDRs

  public func roamingCDR(_ key: RoamingKey) async throws(PartnerFault) -> JSON {
    try await found { books throws(StoreFault) in try books.roamingUses.cdr(key)?.body }
  }

  public func keepCDR(_ cdr: RoamingCDR, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    let kept: Kept = try await partnerTurn { () throws(PartnerFault) in try self.receive(cdr, terms: caller.terms) }
    return try said(kept, module: "cdrs", object: cdr.ref, of: caller.terms.partner.id)
  }

  private func receive(_ cdr: RoamingCDR, terms: PartnerTerms) throws(PartnerFault) -> Kept {
    try stored { () throws(StoreFault) in
      let partner = terms.partner.id
      if let held = try books.roamingUses.cdr(RoamingKey(partner: partner, party: cdr.party, ref: cdr.ref)) {
        guard held.digest != RoamingUses.digest(cdr) else { return .known }
        try books.roamingUses.noteConflict(held.id)
        // One event of the first is enough: a partner repeats what is refused.
        if held.conflicts == 0 { try record(.roaming(.cdrConflict(held.id, of: partner))) }
        return .conflict
      }
      let session = try cdr.session.flatMap { ref throws(StoreFault) in
        try books.roamingUses.session(RoamingKey(partner: partner, party: cdr.party, ref: ref))
      }
      let credited = try cdr.creditReference.flatMap { ref throws(StoreFault) in
        try books.roamingUses.cdr(RoamingKey(partner: partner, party: cdr.party, ref: ref))
      }
      let token =
        try ourToken(cdr.token, reference: cdr.authorizationReference, terms: terms) ?? session?.token
        ?? credited?.token
      guard token != nil || session != nil || credited != nil else { return .stranger(token: cdr.token.shown) }
      let doubts = cdr.doubts(
        try context(of: cdr, session: session, credited: credited, token: token, partner: partner))
      let id = try books.roamingUses.insert(cdr, of: partner, token: token, doubts: doubts, at: now)
      // A credit CDR is negative.
      if let token { try spend(cdr.cost.afterTax ?? cdr.cost.beforeTax, in: cdr.currency, from: token) }
      try record(.roaming(.cdrReceived(id, of: partner, doubts: doubts)))
      return .new
    }
  }

  /// What the books have to hold a CDR against.
  private func context(
    of cdr: RoamingCDR, session: KeptRoamingSession?, credited: KeptRoamingCDR?, token: ID<Token>?,
    partner: ID<Partner>
  ) throws(StoreFault) -> CDRContext {
    let place = try cdr.location.flatMap { ref throws(StoreFault) in
      try books.roamingPlaces.location(RoamingKey(partner: partner, party: cdr.party, ref: ref))
    }
    let announced = try announcedTariff(of: cdr, at: place, partner: partner)
    let other = try cdr.session.flatMap { ref throws(StoreFault) in
      try books.roamingUses.cdr(ofSession: ref, of: partner)
    }
    let isByClock = ([announced] + cdr.tariffs.map { $0.tariff }).contains { $0?.readsClock == true }
    let zone = place.flatMap { zones[$0.timeZone] } ?? (isByClock ? nil : .utc)
    return CDRContext(
      announced: announced, zone: zone, session: session.flatMap { $0.isOver ? $0.asTold : nil }, other: other?.key.ref,
      credited: credited?.cost, isAuthorized: try isAuthorized(cdr, token: token, partner: partner))
  }

  /// The tariff of its connector as it was announced at its start: the one that it names where the connector has several.
  private func announcedTariff(
    of cdr: RoamingCDR, at place: KeptRoamingLocation?, partner: ID<Partner>
  ) throws(StoreFault) -> Tariff? {
    let offered = place?.tariffs(evse: cdr.evse, connector: cdr.connector) ?? []
    let named = cdr.tariffs.first?.ref
    let isOffered = offered.contains { $0.ciFolded == named?.ciFolded }
    guard let ref = isOffered || offered.isEmpty ? named : offered.first else { return nil }
    return try books.roamingTariffs.announced(
      RoamingKey(partner: partner, party: cdr.party, ref: ref), at: cdr.startedAt)
  }

  /// A whitelisted token needs no question, unless its whitelist says never; else one of our answers must be behind it.
  private func isAuthorized(
    _ cdr: RoamingCDR, token id: ID<Token>?, partner: ID<Partner>
  ) throws(StoreFault) -> Bool {
    if let reference = cdr.authorizationReference, try books.roamingUses.authorized(reference, for: partner) != nil {
      return true
    }
    guard let token = try id.flatMap({ id throws(StoreFault) in try books.tokens.token(id) }) else { return true }
    return cdr.method == "COMMAND" || token.whitelist != .never
  }

  /// The operator has looked at what speaks against a CDR.
  public func settleCDR(_ id: ID<RoamingCDR>, note: String, by who: String) async throws(Refusal) {
    try checkText(note, "note", 1...Limits.traceLength)
    try await turn { () throws(Refusal) in
      guard try keep({ () throws(StoreFault) in try self.books.roamingUses.cdr(id) }) != nil else {
        throw .notFound("no such CDR")
      }
      let isSettled = try keep { () throws(StoreFault) in
        let isSettled = try self.books.roamingUses.settle(id, note: note, at: self.now)
        if isSettled { try self.record(.roaming(.cdrSettled(id, note: note, by: who))) }
        return isSettled
      }
      guard isSettled else { throw .conflict("nothing of this CDR waits for you") }
    }
  }

  // MARK: What a pull brings

  /// Keeps one page, within a turn. What cannot be kept of it is said in words.
  func receive(_ page: PulledPage, _ module: PullModule, terms: PartnerTerms) throws(StoreFault) -> [String] {
    var flaws = page.flaws
    func each<Item>(
      _ items: [Item], _ name: (Item) -> String, _ keep: (Item) throws(PartnerFault) -> Kept
    ) throws(StoreFault) {
      for item in items {
        do throws(PartnerFault) {
          if case .conflict = try keep(item) { flaws.append("\(name(item)): another content than before") }
        } catch {
          // The books failed: the whole page comes again.
          if case .unavailable(let why) = error { throw StoreFault.missing(why) }
          flaws.append("\(name(item)): \(error)")
        }
      }
    }
    let partner = terms.partner.id
    try each(page.locations, \.ref) { location throws(PartnerFault) in
      let key = RoamingKey(partner: partner, party: location.party, ref: location.ref)
      let isNew = try stored { () throws(StoreFault) in try books.roamingPlaces.location(key) == nil }
      return try receive(location, of: partner, isNew: isNew) ? .new : .known
    }
    try each(page.tariffs, \.ref) { tariff throws(PartnerFault) in
      let key = RoamingKey(partner: partner, party: tariff.party, ref: tariff.ref)
      let isNew = try stored { () throws(StoreFault) in try books.roamingTariffs.tariff(key) == nil }
      return try receive(tariff, of: partner, isNew: isNew) ? .new : .known
    }
    // Strangers in a list are left out: some operators list all that they have.
    try each(page.sessions, \.ref) { session throws(PartnerFault) in try receive(session, terms: terms) }
    try each(page.cdrs, \.ref) { cdr throws(PartnerFault) in try receive(cdr, terms: terms) }
    for (token, key) in page.tokens { try keepPulled(token, key, terms: terms) }
    try each(page.bookingLocations, \.ref) { place throws(PartnerFault) in
      try receive(place, of: partner) ? .new : .known
    }
    try each(page.bookings, \.ref) { booking throws(PartnerFault) in
      try receive(booking, of: partner) ? .new : .known
    }
    for ref in page.unread {
      switch module {
      case .locations: try books.roamingPlaces.saw(ref, of: partner, at: now)
      case .tariffs: try books.roamingTariffs.saw(ref, of: partner, at: now)
      case .bookingLocations: try books.roamingBookings.sawPlace(ref, of: partner, at: now)
      case .bookings: try books.roamingBookings.saw(ref, of: partner, at: now)
      case .sessions, .cdrs, .tokens: break
      }
    }
    return flaws
  }

  /// A provider's token that we read ourselves, because its push may have been lost.
  private func keepPulled(_ told: Token, _ key: TokenKey, terms: PartnerTerms) throws(StoreFault) {
    guard let owner = terms.partner.roles.first(where: { $0.name == key.party }) else { return }
    var token = told
    token.owner = owner.id
    let held = try books.tokens.token(token.uid, token.kind, owner: owner.id)
    if let held, held.updatedAt >= token.updatedAt { return }
    switch try books.tokens.put(token) {
    case .created(let id), .replaced(let id): try record(.tokenReceived(id, from: terms.partner.id))
    case .ignored: break
    }
  }
}

extension TokenReference {
  nonisolated fileprivate var shown: String { uid.isEmpty ? contractID : uid }
}

extension Tariff {
  /// Whether a price of it depends on the local time.
  nonisolated fileprivate var readsClock: Bool {
    elements.contains { element in
      let when = element.restrictions
      return when?.startTime != nil || when?.endTime != nil || when?.startDate != nil || when?.endDate != nil
        || when?.weekdays?.isEmpty == false
    }
  }
}

extension KeptRoamingSession {
  nonisolated var isOver: Bool { status == RoamingSession.completed || status == RoamingSession.invalid }

  /// As far as a CDR is held against it.
  nonisolated fileprivate var asTold: RoamingSession {
    RoamingSession(
      party: key.party, ref: key.ref, token: TokenReference(), method: "", status: status, startedAt: startedAt,
      energy: energy, currency: currency, updatedAt: updatedAt, raw: body)
  }
}
