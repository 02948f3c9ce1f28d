import Domain
import Store
import Wire

// What partners ask for their drivers beyond a session's start and end: that an EVSE is held (OCPI 2.2.1 §13.3.4), and
// how a session is charged (§9.2.1.3 and §14).

extension CSMS {
  // MARK: Reservations

  public func reserve(_ wish: ReserveWish, from caller: PartnerCaller) async throws(PartnerFault) -> CommandAnswer {
    let owner = try await role(wish.key.party, of: caller)
    return try await commanded { () throws(Refusal) in
      let partner = caller.terms.partner.id
      // The same reservation again, because our answer was lost, is not a second one.
      let earlier = try keep { () throws(StoreFault) in
        try self.books.reservations.reservation(wish.reference, of: partner)
      }
      if let earlier, earlier.state.isOpen, earlier.expiresAt == wish.expiresAt,
        Token.fold(earlier.token.uid) == Token.fold(wish.token.uid)
      {
        return .accepted(timeout: self.settings.commandSeconds)
      }
      guard wish.token.isUsable(at: self.now) else { return .rejected("the token is blocked or expired") }
      let (station, evse) = try self.whereToReserve(wish, terms: caller.terms)
      let holder = Session.Holder(
        token: TokenReference(
          party: wish.key.party, uid: wish.token.uid, kind: wish.token.kind, contractID: wish.token.contractID),
        owner: owner.id, groupID: wish.token.groupID, method: .command, reference: wish.authorizationReference)
      _ = try self.reserve(
        holder, at: station, evse: evse, until: wish.expiresAt, by: "partner:\(wish.key.party)",
        respondTo: CommandOrigin(partner: partner, url: wish.respondTo), reference: wish.reference)
      return .accepted(timeout: self.settings.commandSeconds)
    }
  }

  /// The EVSE that is named, or one that is free; a station that holds any of its EVSEs is asked for any.
  private func whereToReserve(_ wish: ReserveWish, terms: PartnerTerms) throws(Refusal) -> (Station, Int?) {
    let place = try location(wish.location, terms: terms)
    let stations = try keep { () throws(StoreFault) in
      try self.books.stations.list(StationFilter(location: place.id), limit: .max)
    }
    if let uid = wish.evse {
      guard let evse = try evse(uid, at: place), let station = stations.first(where: { $0.id == evse.station }) else {
        throw .conflict("no such EVSE at this location")
      }
      return (station, evse.number)
    }
    for station in stations where isOnline(station.id) {
      let free = try keep { () throws(StoreFault) in
        let held = try self.books.reservations.open(of: station.id).compactMap(\.evse)
        return try self.books.stations.evses(of: station.id).first {
          $0.status == .available && !held.contains($0.number)
        }
      }
      if let free { return (station, free.number) }
    }
    throw .conflict("no EVSE of this location is free")
  }

  public func cancelReservation(
    _ reference: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> CommandAnswer {
    try await commanded { () throws(Refusal) in
      let partner = caller.terms.partner
      let found = try keep { () throws(StoreFault) in
        try self.books.reservations.reservation(reference, of: partner.id)
      }
      // There is no word for that at once; later there is (§13.4.3).
      guard let reservation = found, reservation.state.isOpen else {
        try keep { () throws(StoreFault) in try self.tell(.unknownReservation, caller.terms, url) }
        return .accepted(timeout: self.settings.commandSeconds)
      }
      let origin = CommandOrigin(partner: partner.id, url: url)
      let asked = try self.cancel(reservation, by: "partner:\(partner.name)", respondTo: origin)
      // A station that is away holds nothing that anybody could use; it hears of it when it is back.
      if asked.command == nil { try keep { () throws(StoreFault) in try self.tell(.accepted, caller.terms, url) } }
      return .accepted(timeout: self.settings.commandSeconds)
    }
  }

  /// The late result of a command that no station is asked about.
  private func tell(_ result: CommandResult, _ terms: PartnerTerms, _ url: String) throws(StoreFault) {
    try tell(.commandResult(url: url, result: result, message: nil), terms)
  }

  private func tell(_ object: PushObject, _ terms: PartnerTerms) throws(StoreFault) {
    let request: PushRequest
    do {
      guard let made = try partnerLink?.request(for: object, terms: terms) else { return }
      request = made
    } catch {
      return log.warning("a result cannot be sent", metadata: ["cause": "\(error)"])
    }
    try want(
      .commands, newID(), of: terms.partner.id, party: terms.ourParty.id, request: request,
      expiresAt: now + .seconds(Limits.resultLifeSeconds))
  }

  // MARK: Charging preferences

  /// Kept for whoever plans the power of its location. What cannot be planned without a time or an energy is asked for
  /// (§9.4.1).
  public func prefer(
    _ preferences: ChargingPreferences, in id: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> PreferencesAnswer {
    let partner = caller.terms.partner.id
    return try await partnerTurn { () throws(PartnerFault) in
      let found = try stored { () throws(StoreFault) in try self.books.sessions.session(id, of: partner) }
      guard let session = found else { throw .unknownObject }
      guard session.isOpen else { return .notPossible }
      let evse = try stored { () throws(StoreFault) in try self.books.stations.evse(session.evse) }
      guard evse?.details.capabilities?.contains(.chargingPreferences) == true else { return .notPossible }
      switch preferences.kind {
      case .cheap, .green:
        guard preferences.departsAt != nil else { return .departureRequired }
        guard preferences.energyNeed != nil else { return .energyNeedRequired }
      case .fast, .regular: break
      }
      try stored { () throws(StoreFault) in
        try self.books.duties.keep(preferences, of: id, at: self.now)
        try self.record(.preferencesTold(session: id, preferences.kind))
        try self.price(session, preferring: preferences.kind)
      }
      return .accepted
    }
  }

  /// What was told for the session; else what its token says, where the EVSE charges by preferences (§12.3.2).
  func preference(
    of holder: Session.Holder, in id: String?, at evse: EVSE
  ) throws(StoreFault) -> ChargingPreferences.Kind? {
    if let told = try id.flatMap({ id throws(StoreFault) in try books.duties.preferences(of: id) }) { return told.kind }
    guard evse.details.capabilities?.contains(.chargingPreferences) == true else { return nil }
    return try token(of: holder)?.preference
  }

  /// The tariff that is made for the preference holds for the whole session, as it was when that began. Later than so long
  /// after its beginning a preference changes how the car is charged, and not what it costs: nobody is to charge fast and
  /// to pay for cheap at the end.
  private func price(_ told: Session, preferring kind: ChargingPreferences.Kind) throws(StoreFault) {
    guard now - told.startedAt <= .seconds(Limits.preferredPriceSeconds),
      let connector = try books.stations.evse(told.evse)?.connector(told.connector)
    else { return }
    var all: [Tariff] = []
    for id in connector.tariffs {
      if let tariff = try books.tariffs.tariff(id, at: told.startedAt) { all.append(tariff) }
    }
    guard all.contains(where: { $0.kind?.isOfPreference == true }) else { return }
    let wanted = Tariff.Kind(told.token.kind, preferring: kind)
    guard let tariff = Tariff.choose(from: all, for: wanted, at: told.startedAt), tariff.ref != told.tariff?.ref else {
      return
    }
    var session = told
    session.tariff = tariff
    try books.sessions.save(session)
    try sessionMoved(session)
  }

  // MARK: Charging profiles

  public func setProfile(
    _ schedule: ChargingProfile.Schedule, of id: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> ProfileAnswer {
    guard let (session, station) = try await running(id, of: caller) else { return .unknownSession }
    guard !isTooOften(session) else { return .tooOften }
    var profile = ChargingProfile()
    (profile.purpose, profile.stackLevel) = (.session, Limits.partnerStackLevel)
    (profile.kind, profile.schedule) = (schedule.startsAt == nil ? .relative : .absolute, schedule)
    if let flaw = profile.flaw { throw .invalid("charging_profile: \(flaw)") }
    let origin = CommandOrigin(partner: caller.terms.partner.id, url: url)
    return try await planned { () async throws(Refusal) in
      _ = try await self.setProfile(
        profile, at: station, evse: 0, session: session.id, by: "partner:\(caller.terms.partner.name)",
        respondTo: origin)
    }
  }

  public func clearProfile(
    of id: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> ProfileAnswer {
    guard let (session, station) = try await running(id, of: caller) else { return .unknownSession }
    guard !isTooOften(session) else { return .tooOften }
    let terms = caller.terms
    return try await planned { () async throws(Refusal) in
      try await self.turn { () throws(Refusal) in
        let plan = try keep { () throws(StoreFault) in try self.books.duties.plan(of: session.id) }
        guard let number = plan?.profile, plan?.partner == terms.partner.id else {
          // No profile of this partner is there to be cleared (§14.4.5).
          return try keep { () throws(StoreFault) in
            try self.tell(.profileResult(url: url, ProfileResult(.clear, .unknown)), terms)
          }
        }
        let place = try self.known(station)
        _ = try self.issue(
          .profile(.clear(ProfileFilter(number: number))), to: place.id, by: "partner:\(terms.partner.name)",
          respondTo: CommandOrigin(partner: terms.partner.id, url: url))
      }
    }
  }

  public func activeProfile(
    of id: String, seconds: Int, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> ProfileAnswer {
    guard let (session, station) = try await running(id, of: caller) else { return .unknownSession }
    guard !isTooOften(session) else { return .tooOften }
    let partner = caller.terms.partner
    return try await planned { () async throws(Refusal) in
      try await self.turn { () throws(Refusal) in
        let place = try self.known(station)
        let number = try keep { () throws(StoreFault) in try self.books.stations.evse(session.evse)?.number }
        _ = try self.issue(
          .profile(.composite(evse: number ?? 0, seconds: min(seconds, Limits.compositeSeconds), unit: nil)),
          to: place.id, by: "partner:\(partner.name)", respondTo: CommandOrigin(partner: partner.id, url: url))
      }
    }
  }

  /// A partner that plans is not to wear a station's line out.
  private func isTooOften(_ session: Session) -> Bool {
    planPace.pause(session.id, above: Limits.planRequestsPerMinute, at: now) != nil
  }

  private func running(
    _ id: String, of caller: PartnerCaller
  ) async throws(PartnerFault) -> (Session, StationIdentity)? {
    let partner = caller.terms.partner.id
    return try stored { () throws(StoreFault) in
      guard let session = try self.books.sessions.session(id, of: partner), session.state == .active,
        let station = try self.station(session.station)
      else { return nil }
      return (session, station.identity)
    }
  }

  private func planned(_ ask: () async throws(Refusal) -> Void) async throws(PartnerFault) -> ProfileAnswer {
    do { try await ask() } catch {
      switch error {
      case .notFound: return .unknownSession
      case .conflict: return .rejected
      case .invalid(_, let why): throw .invalid("charging_profile: \(why)")
      case .unavailable(let why): throw .unavailable(why)
      }
    }
    return .accepted(timeout: settings.commandSeconds)
  }

  // MARK: What the station said

  /// What a partner hears of its wish about a profile; nil where the command was none.
  func profileResult(_ record: CommandRecord, _ outcome: CommandOutcome) -> ProfileResult? {
    let question: ProfileResult.Question
    switch record.verb {
    case "set-profile": question = .set
    case "clear-profile": question = .clear
    case "composite-schedule": question = .active
    default: return nil
    }
    switch outcome {
    case .accepted(let answer):
      guard question == .active else { return ProfileResult(question, .accepted) }
      guard let read = try? CompositeSchedule.read(answer), !read.value.schedule.periods.isEmpty else {
        return ProfileResult(.active, .unknown)
      }
      return ProfileResult(.active, .accepted, schedule: dated(read.value.schedule))
    // A station that knows of none has none (§14.4.5).
    case .refused: return ProfileResult(question, question == .clear ? .unknown : .rejected)
    case .failed, .impossible, .timedOut, .disconnected: return ProfileResult(question, .rejected)
    }
  }

  /// The station has it no more: there is nothing of its partner's that could be cleared.
  func planEnded(_ kept: KeptProfile) throws(StoreFault) {
    guard let session = kept.session, let plan = try books.duties.plan(of: session), plan.profile == kept.number else {
      return
    }
    try books.duties.keep(PlannedSession(session: session, partner: plan.partner), at: now)
  }

  /// What a planned session's charging comes to is told to the partner that plans it, where that is news (§14.2.2.2).
  func compositeMoved(_ composite: CompositeSchedule, at station: ID<Station>) throws(StoreFault) {
    guard composite.evse > 0, !composite.schedule.periods.isEmpty,
      let evse = try books.stations.evse(station, number: composite.evse),
      let session = try books.sessions.running(at: evse), var plan = try books.duties.plan(of: session.id),
      plan.told?.periods != composite.schedule.periods || plan.told?.unit != composite.schedule.unit
    else { return }
    plan.told = dated(composite.schedule)
    try books.duties.keep(plan, at: now)
    try want(.profiles, session.id, of: plan.partner, party: session.party)
  }

  private func dated(_ schedule: ChargingProfile.Schedule) -> ChargingProfile.Schedule {
    var dated = schedule
    dated.startsAt = schedule.startsAt ?? now
    return dated
  }
}
