import Domain
import Store
import Wire

// How much stations may give (OCPP 1.6 §3.13, OCPP 2.0.1 block K): profiles are kept as they were wished, sent in the unit
// that the station takes, and sent again where it may have lost them; what comes of them is read back.

extension CSMS {
  /// Sets a profile. One of the same purpose and level at the same place is replaced.
  /// - Parameter session: the running one that it is for; then its EVSE is meant.
  public func setProfile(
    _ profile: ChargingProfile, at identity: StationIdentity, evse: Int, session: String? = nil, by who: String
  ) async throws(Refusal) -> CommandRecord {
    try await setProfile(profile, at: identity, evse: evse, session: session, by: who, respondTo: nil)
  }

  /// - Parameter respondTo: the partner that wishes it, and where it waits for the result.
  func setProfile(
    _ profile: ChargingProfile, at identity: StationIdentity, evse: Int, session: String?, by who: String,
    respondTo: CommandOrigin?
  ) async throws(Refusal) -> CommandRecord {
    try await learnCapacity(of: identity)
    return try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      var (wish, place) = (profile, evse)
      if let session { (wish.transaction, place) = try self.running(session, at: station) }
      wish.transaction = wish.purpose == .session ? wish.transaction : nil
      try self.check(wish, evse: place, at: station)
      let link = try self.openLine(to: station.id)
      let (asked, slot) = (wish, place)
      return try keep { () throws(StoreFault) in
        let asked = try self.below(asked, at: station.id, evse: slot)
        var kept = try self.kept(asked, at: station.id, evse: slot, session: session, by: who)
        // Who plans it is known before the station can say what comes of it.
        if let respondTo, let session {
          try self.books.duties.keep(
            PlannedSession(session: session, partner: respondTo.partner, profile: kept.number), at: self.now)
        }
        return try self.send(&kept, over: link, by: who, respondTo: respondTo)
      }
    }
  }

  /// Takes profiles away: one by its number, or all that fit. What stands in for one goes with it.
  public func clearProfiles(
    _ filter: ProfileFilter, at identity: StationIdentity, by who: String
  ) async throws(Refusal) -> CommandRecord {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      let substitutes = try keep { () throws(StoreFault) in
        guard let number = filter.number else { return [KeptProfile]() }
        return try self.books.profiles.open(of: station.id).filter { $0.insteadOf == number }
      }
      for substitute in substitutes.dropFirst() {
        _ = try self.issue(.profile(.clear(ProfileFilter(number: substitute.number))), to: station.id, by: who)
      }
      let first = substitutes.first.map { ProfileFilter(number: $0.number) } ?? filter
      return try self.issue(.profile(.clear(first)), to: station.id, by: who)
    }
  }

  /// What a dynamic profile allows from now on (OCPP 2.1 K28).
  public func setDynamicLimit(
    _ limit: Decimal, of number: Int64, at identity: StationIdentity, by who: String
  ) async throws(Refusal) -> CommandRecord {
    guard !limit.isNegative, limit <= Domain.Limits.rate else {
      throw .invalid(field: "limit", "0 to \(Domain.Limits.rate)")
    }
    return try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      guard var kept = try keep({ () throws(StoreFault) in try self.books.profiles.profile(number, at: station.id) }),
        kept.state.isOpen, kept.profile.kind == .dynamic, !kept.profile.schedule.periods.isEmpty
      else { throw .notFound("the station has no dynamic profile \(number)") }
      kept.profile.schedule.periods[0].limit = limit
      kept.updatedAt = self.now
      let changed = kept
      let fitted = try keep { () throws(StoreFault) in
        try self.books.profiles.save(changed)
        return try self.fitted(changed).schedule.periods[0].limit
      }
      return try self.issue(.profile(.dynamic(number: number, limit: fitted)), to: station.id, by: who)
    }
  }

  /// A driver gets power first, or no longer does: in how the house shares it, and where its station can be told (OCPP 2.1
  /// K21) there too.
  public func setPriority(_ isOn: Bool, of session: String, by who: String) async throws(Refusal) -> CommandRecord {
    try await turn { () throws(Refusal) in
      let (running, name) = try self.running(session)
      let link = try self.openLine(to: running.station)
      let command = StationCommand.profile(.priority(transaction: name, isOn: isOn))
      return try keep { () throws(StoreFault) in
        try self.prefer(running, isOn, by: who)
        guard self.stationLink?.can(.givesPriority, version: link.version) == true else {
          return try self.done(command, at: running.station, of: session, by: who)
        }
        return try self.issue(command, id: self.newID(), over: link, by: who, session: nil, respondTo: nil)
      }
    }
  }

  /// What was asked needs nobody but the house: it stands beside what stations are asked.
  private func done(
    _ command: StationCommand, at station: ID<Station>, of session: String, by who: String
  ) throws(StoreFault) -> CommandRecord {
    let record = CommandRecord(
      id: newID(), station: station, verb: command.verb, detail: command.detail, origin: who, phase: .done,
      answer: "the house shares the power by it", createdAt: now, updatedAt: now)
    try books.commands.insert(KeptCommand(record, session: session))
    try self.record(.commandEnded(id: record.id, station: station, phase: .done))
    return record
  }

  /// How a vehicle may exchange energy in its session from now on (OCPP 2.1 Q02).
  public func allow(
    _ transfers: [EnergyTransfer], in session: String, by who: String
  ) async throws(Refusal) -> CommandRecord {
    guard !transfers.isEmpty else { throw .invalid(field: "allowed", "name at least one way") }
    return try await ask(about: session, by: who) { .transfers(transaction: $0, allowed: transfers) }
  }

  /// Asks the station of a running session something about it, by the name that it knows it by.
  private func ask(
    about session: String, by who: String, _ command: @escaping @Sendable (String) -> ProfileCommand
  ) async throws(Refusal) -> CommandRecord {
    try await turn { () throws(Refusal) in
      let (running, name) = try self.running(session)
      return try self.issue(.profile(command(name)), to: running.station, by: who)
    }
  }

  /// A running session, with the name that its station knows it by.
  private func running(_ id: String) throws(Refusal) -> (Session, name: String) {
    let found = try keep { () throws(StoreFault) in
      try self.books.sessions.session(id).map { session throws(StoreFault) in
        (session, try self.transactionName(of: session))
      }
    }
    guard let (running, name) = found else { throw .notFound("no such session") }
    guard running.state == .active, let name else { throw .conflict("the session is not running") }
    return (running, name)
  }

  /// Asks a station which profiles it has; they come as notices (OCPP 2.0.1 K09).
  public func askProfiles(
    _ filter: ProfileFilter, at identity: StationIdentity, by who: String
  ) async throws(Refusal) -> CommandRecord {
    let request = Int(clock.now().milliseconds / 1_000 % 2_147_483_647)
    return try await command(.profile(.report(request: request, filter)), to: identity, by: who)
  }

  /// Waits until it is known what the station can hold; one that does not say so is taken at the protocol's word.
  func learnCapacity(of identity: StationIdentity) async throws(Refusal) {
    let asked = try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      let isKnown = try keep { () throws(StoreFault) in try self.books.capacities.capacity(of: station.id) != nil }
      return isKnown ? nil : try self.issue(.capacity(), to: station.id, by: "house").id
    }
    if let asked { _ = try await outcome(of: asked, within: settings.commandSeconds) }
  }

  private func running(_ id: String, at station: Station) throws(Refusal) -> (transaction: String, evse: Int) {
    guard let session = try keep({ () throws(StoreFault) in try self.books.sessions.session(id) }),
      session.station == station.id
    else { throw .notFound("no such session at this station") }
    let name = try keep { () throws(StoreFault) in try self.transactionName(of: session) }
    guard session.state == .active, let name else { throw .conflict("the session is not running") }
    let evses = try keep { () throws(StoreFault) in try self.books.stations.evses(of: station.id) }
    return (name, evses.first { $0.id == session.evse }?.number ?? 0)
  }

  private func check(_ profile: ChargingProfile, evse: Int, at station: Station) throws(Refusal) {
    if let flaw = profile.flaw { throw .invalid(field: "profile", flaw) }
    if profile.purpose == .session, profile.transaction == nil {
      throw .invalid(field: "session", "a session's profile needs its session")
    }
    if profile.purpose == .station, evse != 0 { throw .invalid(field: "evse", "it is a profile of the whole station") }
    let (capacity, open, evses) = try keep { () throws(StoreFault) in
      (
        try self.books.capacities.capacity(of: station.id), try self.books.profiles.open(of: station.id),
        try self.books.stations.evses(of: station.id)
      )
    }
    guard evse == 0 || evses.contains(where: { $0.number == evse }) else {
      throw .notFound("the station has no EVSE \(evse)")
    }
    if let most = capacity?.schedulePeriods, profile.schedule.periods.count > most {
      throw .invalid(field: "profile", "the station takes at most \(most) periods")
    }
    guard open.count < Limits.profilesPerStation else { throw .conflict("the station has too many profiles") }
  }

  // MARK: With a start

  func checkProfile(_ profile: ChargingProfile, startingAt evse: Int, of station: Station) throws(Refusal) {
    var wish = profile
    // Its session has no name yet.
    (wish.purpose, wish.transaction) = (.session, "-")
    try check(wish, evse: evse, at: station)
  }

  /// The profile of a session that a remote start asks for, as the station takes it.
  func keepForStart(
    _ profile: ChargingProfile, of session: Session, at evse: EVSE, command: String, by who: String
  ) throws(StoreFault) -> RemoteStart.Profile {
    var wish = profile
    (wish.purpose, wish.transaction) = (.session, nil)
    wish = try below(wish, at: evse.station, evse: evse.number)
    var kept = KeptProfile(
      number: 0, station: evse.station, evse: evse.number, profile: wish, session: session.id, origin: who, at: now)
    (kept.command, kept.dueAt) = (command, nil)
    kept = try create(kept)
    return RemoteStart.Profile(number: kept.number, profile: try fitted(kept))
  }

  /// A station refused a start that brought a profile: it is asked without, and gets the profile once the session has begun.
  func profileFollows(command: String, _ station: ID<Station>, because outcome: CommandOutcome) throws(StoreFault) {
    for var kept in try books.profiles.open(of: station) where kept.command == command {
      (kept.command, kept.answer) = (nil, outcome.why)
      try books.profiles.save(kept)
    }
    try noteOddity("a start with a charging profile is refused", sample: outcome.why ?? "", of: station)
  }

  /// The session of a remote start has begun: the profile that came with the start holds, or it is set now.
  func sendProfile(of session: Session) throws(StoreFault) {
    guard session.command != nil, let name = try transactionName(of: session) else { return }
    for var kept in try books.profiles.open(of: session.station)
    where kept.session == session.id && !kept.isPlaced {
      kept.profile.transaction = name
      kept.evse = try books.stations.evse(session.evse)?.number ?? kept.evse
      if kept.command == session.command {
        try isInForce(&kept)
        try balanceMayFollow(kept)
      } else if let link = try line(to: session.station) {
        _ = try send(&kept, over: link, by: "house")
      } else {
        try books.profiles.save(kept)
      }
    }
  }

  // MARK: Within a turn

  /// Where the house shares the power, what others set for a session stands below its own word; what they allow is
  /// kept within all the same. A station that has one level alone follows who spoke last, and is told ours again.
  private func below(
    _ wish: ChargingProfile, at station: ID<Station>, evse number: Int
  ) throws(StoreFault) -> ChargingProfile {
    guard wish.purpose == .session, let evse = try books.stations.evse(station, number: number),
      balancing.siteOf[evse.id] != nil
    else { return wish }
    var wish = wish
    wish.stackLevel = min(wish.stackLevel, max(0, try balancerLevel(at: station) - 1))
    return wish
  }

  /// The row of a wish: that of the profile which it replaces, under its number, or a new one. A session's limit of the
  /// house and those of others are never one row: what somebody allows holds on when the house says less.
  func kept(
    _ profile: ChargingProfile, at station: ID<Station>, evse: Int, session: String? = nil, by who: String,
    insteadOf: Int64? = nil
  ) throws(StoreFault) -> KeptProfile {
    let same = try books.profiles.open(of: station).first {
      $0.evse == evse && $0.profile.purpose == profile.purpose && $0.profile.stackLevel == profile.stackLevel
        && $0.profile.transaction == profile.transaction
        && (profile.purpose != .session || ($0.origin == Self.balancer) == (who == Self.balancer))
    }
    guard var kept = same else {
      return try create(
        KeptProfile(
          number: 0, station: station, evse: evse, profile: profile, session: session, insteadOf: insteadOf,
          origin: who, at: now))
    }
    (kept.profile, kept.origin, kept.state, kept.attempts) = (profile, who, .asked, 0)
    return kept
  }

  /// A new one, under a number that is not among those that its station keeps for limits of others (OCPP 2.1 K01.FR.80):
  /// as it said when it was asked, else as its report has it.
  func create(_ profile: KeptProfile) throws(StoreFault) -> KeptProfile {
    let told = try books.capacities.capacity(of: profile.station)?.ownProfiles
    let reported = try books.device.value(Self.ownProfilesName, of: profile.station)?.value.value
    let own = told ?? reported.flatMap { Int($0) } ?? 0
    return try books.profiles.create(profile, above: own <= Limits.highestOwnProfile ? Int64(max(own, 0)) : 0)
  }

  private static let ownProfilesName = SettingName(reading: "SmartChargingCtrlr.MaxExternalConstraintsId")

  func send(
    _ kept: inout KeptProfile, over link: LiveLinks.Link, by who: String, respondTo: CommandOrigin? = nil
  ) throws(StoreFault) -> CommandRecord {
    let fitted = try fitted(kept)
    let record = try issue(
      .profile(.set(fitted, number: kept.number, evse: kept.evse)), id: newID(), over: link, by: who, session: nil,
      respondTo: respondTo)
    kept.command = record.id
    kept.dueAt = now + .seconds(settings.commandSeconds + Limits.firstDutyPauseSeconds)
    kept.updatedAt = now
    try books.profiles.save(kept)
    return record
  }

  /// The profile as this station takes it: in its unit, and at a level that it has.
  func fitted(_ kept: KeptProfile) throws(StoreFault) -> ChargingProfile {
    var profile = try suited(kept)
    guard let capacity = try books.capacities.capacity(of: kept.station) else { return profile }
    if let highest = capacity.highestStackLevel, highest >= 0 { profile.stackLevel = min(profile.stackLevel, highest) }
    let unit: ChargingProfile.Schedule.Unit? =
      capacity.takesWattsOnly ? .watts : capacity.takesAmperes == true && capacity.takesWatts == false ? .amperes : nil
    guard let unit else { return profile }
    let evse = try books.stations.evses(of: kept.station).first { kept.evse == 0 || $0.number == kept.evse }
    var phases = evse?.usualPhases ?? EVSE.mostPhases
    // The house's limits are those of each line: a car that uses one of three must not take the watts of all.
    if unit == .watts, kept.origin == Self.balancer, let evse, let watts = evse.watts,
      let limit = profile.schedule.periods.first.flatMap({ evse.current(of: $0.limit, .amperes) })
    {
      let balancer = kept.isBalancing ? balancing.siteOf[evse.id].flatMap { balancing.sites[$0]?.balancer } : nil
      phases = balancer?.wattLines(evse.id, of: limit) ?? watts.lines(of: limit)
    }
    profile.schedule = profile.schedule.converted(to: unit, volts: evse?.lineVolts ?? EVSE.mostVolts, phases: phases)
    return profile
  }

  /// As much of it as the vehicle said that it can take: no more periods, of which the last one holds on (OCPP 2.0.1
  /// K15.FR.07), and nothing that flows back where it did not ask for that (2.1 Q02.FR.01 and .02).
  private func suited(_ kept: KeptProfile) throws(StoreFault) -> ChargingProfile {
    var profile = kept.profile
    guard let session = kept.session, profile.purpose == .session,
      profile.schedule.periods.count > 1 || profile.schedule.periods.contains(where: { $0.bidirectional != nil }),
      let needs = try books.profiles.needs(of: session, at: kept.station)
    else { return profile }
    if let most = needs.mostPeriods {
      profile.schedule.periods.removeLast(max(0, profile.schedule.periods.count - max(1, most)))
    }
    if needs.wants?.flowsBack == false {
      for place in profile.schedule.periods.indices { profile.schedule.periods[place].bidirectional = nil }
    }
    return profile
  }

  /// What is due is sent, and what is over ends.
  func keepProfiles() throws(StoreFault) {
    try each(try books.profiles.due(at: now, limit: Limits.dutiesAtOnce), of: "profiles") { due throws(StoreFault) in
      var kept = due
      if kept.state == .asked, kept.isPlaced, let link = try line(to: kept.station) {
        guard try capacity(of: kept.station) != nil else { return }
        _ = try send(&kept, over: link, by: "house")
      } else {
        kept.dueAt = nil
        try books.profiles.save(kept)
      }
    }
  }

  /// A start did not come to anything: nor does the profile that it brought.
  func endProfiles(of session: Session) throws(StoreFault) {
    for kept in try books.profiles.open(of: session.station) where kept.session == session.id {
      try end(kept, as: .over)
    }
  }

  func endProfiles() throws(StoreFault) {
    try each(try books.profiles.ended(at: now, limit: Limits.dutiesAtOnce), of: "profiles") { kept throws(StoreFault) in
      try end(kept, as: .over)
    }
  }

  private func end(_ open: KeptProfile, as state: KeptProfile.State, because why: String? = nil) throws(StoreFault) {
    var kept = open
    (kept.state, kept.answer, kept.command, kept.dueAt, kept.updatedAt) = (state, why, nil, nil, now)
    try books.profiles.save(kept)
    try record(.profileMoved(kept))
  }

  /// It booted: the same number again does no harm where the station still has it.
  func profilesMayBeLost(at station: ID<Station>) throws(StoreFault) {
    for var kept in try books.profiles.open(of: station) {
      (kept.state, kept.attempts, kept.dueAt, kept.updatedAt) = (.asked, 0, now, now)
      try books.profiles.save(kept)
    }
  }

  /// It goes on with a session after it was forced to start anew, and is told the session's profiles again (OCPP 2.1
  /// E17.FR.15, B13.FR.31).
  func profilesMayBeLost(of session: Session) throws(StoreFault) {
    for var kept in try books.profiles.open(of: session.station)
    where kept.session == session.id && kept.profile.purpose == .session {
      (kept.state, kept.attempts, kept.dueAt, kept.updatedAt) = (.asked, 0, now, now)
      try books.profiles.save(kept)
    }
    try balanceMayBeLost(at: session.station)
  }

  /// After a boot a station knows a session again only once it says that it goes on with it. What it says until then of
  /// a profile that it had before is no last word.
  private func mayResume(_ kept: KeptProfile, _ command: CommandRecord) throws(StoreFault) -> Bool {
    guard let session = kept.session, kept.profile.purpose == .session, !kept.isBalancing,
      kept.attempts + 1 < Limits.profileAttempts,
      let booted = try books.stations.station(kept.station)?.bootedAt, kept.createdAt < booted,
      command.createdAt >= booted
    else { return false }
    return try books.transactions.transaction(of: session) != nil
  }

  // MARK: What the station says

  func profileAnswered(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    guard let number = command.detail["number"]?.int,
      var kept = try books.profiles.profile(number, at: command.station), kept.command == command.id,
      kept.state == .asked
    else { return }
    try balanceAnswered(kept, outcome)
    switch outcome {
    case .accepted: try isInForce(&kept)
    case .refused, .failed, .impossible:
      let why = outcome.why ?? ""
      if case .refused = outcome, try mayResume(kept, command) {
        (kept.attempts, kept.answer, kept.dueAt) = (kept.attempts + 1, why, nextTry(after: kept.attempts))
        return try books.profiles.save(kept)
      }
      guard kept.evse == 0, kept.insteadOf == nil, try setPerEVSE(kept) else {
        return try end(kept, as: .refused, because: why)
      }
      try end(kept, as: .refused, because: "\(why); it is set for each EVSE instead")
    case .timedOut, .disconnected:
      // The balancer sends what is right by then.
      if kept.isBalancing {
        kept.dueAt = nil
        return try books.profiles.save(kept)
      }
      kept.attempts += 1
      guard kept.attempts < Limits.profileAttempts else {
        return try end(kept, as: .refused, because: outcome.why)
      }
      kept.dueAt = isOnline(kept.station) ? nextTry(after: kept.attempts) : nil
      try books.profiles.save(kept)
    }
  }

  /// The station says that it holds. Some say yes and do nothing: what they really do is kept beside it.
  private func isInForce(_ kept: inout KeptProfile) throws(StoreFault) {
    (kept.state, kept.answer, kept.command) = (.inForce, nil, nil)
    (kept.attempts, kept.dueAt, kept.updatedAt) = (0, nil, now)
    try books.profiles.save(kept)
    // What the balancer sets follows the load from minute to minute, and a reading shows what comes of it.
    if kept.isBalancing { return }
    try record(.profileMoved(kept))
    _ = try ask(
      .profile(.composite(evse: kept.evse, seconds: Limits.compositeSeconds, unit: try fitted(kept).schedule.unit)),
      of: kept.station)
  }

  /// Some stations take no profile for the whole of them, but one for each EVSE. A limit of the whole is
  /// shared out, so that together they keep it. False where there is nobody to take it.
  private func setPerEVSE(_ kept: KeptProfile) throws(StoreFault) -> Bool {
    let evses = try books.stations.evses(of: kept.station)
    guard !evses.isEmpty, let link = try line(to: kept.station) else { return false }
    var share = kept.profile
    switch kept.profile.purpose {
    case .station:
      share.purpose = .anySession
      share.schedule = share.schedule.divided(by: evses.count)
    case .anySession: break
    case .session, .external, .priority, .localGeneration: return false
    }
    for evse in evses {
      var part = try self.kept(
        share, at: kept.station, evse: evse.number, by: kept.origin, insteadOf: kept.number)
      _ = try send(&part, over: link, by: "house")
    }
    return true
  }

  /// A station that knows none of them has none of them.
  func profilesCleared(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    switch outcome {
    case .accepted, .refused: break
    case .failed, .timedOut, .disconnected, .impossible: return
    }
    let filter = ProfileFilter(detail: command.detail)
    for kept in try books.profiles.open(of: command.station) where filter.fits(kept) {
      try end(kept, as: .cleared)
      try planEnded(kept)
    }
  }

  func compositeTold(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    guard case .accepted(let answer) = outcome, let read = try? CompositeSchedule.read(answer) else { return }
    try books.profiles.keep(read.value, of: command.station, at: now)
    try compositeMoved(read.value, at: command.station)
    try lookWhetherItFollows(read.value, at: command.station)
  }

  /// Some stations take a session's profile and do as before: what they say that they do shows it.
  private func lookWhetherItFollows(_ composite: CompositeSchedule, at station: ID<Station>) throws(StoreFault) {
    guard let evse = try books.stations.evse(station, number: composite.evse),
      let session = try books.sessions.running(at: evse), let kept = try offered(to: session), kept.state == .inForce,
      try fitted(kept).isExceeded(
        by: composite.schedule, sessionSince: session.startedAt, volts: evse.lineVolts, phases: evse.usualPhases)
    else { return }
    try noteOddity(
      "a session's charging profile is accepted and not followed", sample: "profile \(kept.number)", of: station)
  }
}

extension ProfileFilter {
  /// As the books kept it with its command.
  init(detail: JSON) {
    self.init(
      number: detail["number"]?.int, evse: detail["evse"]?.int.map { Int($0) },
      purpose: detail["purpose"]?.string.flatMap { ChargingProfile.Purpose(rawValue: $0) },
      stackLevel: detail["stack_level"]?.int.map { Int($0) })
  }

  fileprivate func fits(_ kept: KeptProfile) -> Bool {
    if let number { return number == kept.number }
    return (evse.map { $0 == kept.evse } ?? true) && (purpose.map { $0 == kept.profile.purpose } ?? true)
      && (stackLevel.map { $0 == kept.profile.stackLevel } ?? true)
  }
}

extension EVSE {
  /// What most stations have.
  static let mostVolts = Decimal(230), mostPhases = 3

  /// By which rates of one unit become those of the other.
  var usualVolts: Decimal { connectors.first.map { Decimal($0.maxVoltage) } ?? Self.mostVolts }

  /// Between a line and neutral. Some write what their plate says, which is the voltage between two lines.
  var lineVolts: Decimal {
    let isLineVoltage = connectors.first.map { $0.powerType != .dc && $0.maxVoltage > Limits.highestLineVolts } ?? false
    return isLineVoltage ? Self.mostVolts : usualVolts
  }
  var usualPhases: Int { connectors.first.map { $0.powerType.phases } ?? Self.mostPhases }
}

extension KeptProfile {
  /// Its session has a name, where it is for one: until then only a start can bring it.
  fileprivate var isPlaced: Bool { session == nil || profile.purpose != .session || profile.transaction != nil }
}
