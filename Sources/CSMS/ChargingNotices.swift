import Domain
import Store
import Wire

// What stations tell of how they charge: limits that others set, their profiles, what vehicles need and what they make of
// an offer (OCPP 2.0.1 block K). The newest of each is kept for the operator; to a vehicle a profile is offered at once.

extension CSMS {
  private func keepNotice(_ notice: ChargingNotice) throws(StoreFault) {
    try books.profiles.keep(notice)
    try record(.chargingTold(notice))
  }

  func profilesTold(_ report: ProfileReport, by station: ID<Station>) throws(StoreFault) {
    let profiles: [JSON] = report.profiles.map {
      [
        "number": .number(JSONNumber($0.number)), "profile": $0.profile.json,
        "request": .number(JSONNumber(report.request)),
      ]
    }
    // Parts of one report stand together.
    let numbers = Set(report.profiles.map(\.number))
    let before = try books.profiles.notices(of: station).first {
      $0.kind == .profiles && $0.evse == report.evse && $0.source == report.source
    }
    let parts = (before?.body.array ?? []).filter { part in
      part["request"]?.int == Int64(report.request) && part["number"]?.int.map { !numbers.contains($0) } == true
    }
    try keepNotice(
      ChargingNotice(
        station: station, evse: report.evse, kind: .profiles, source: report.source,
        body: .array(Array((parts + profiles).suffix(Limits.profilesPerStation))), at: now))
  }

  /// A station will tell which profiles it has, or has none: what it told before is no more (OCPP 2.0.1 K09). Where it
  /// was asked for some of them, nothing is known of the others.
  func profilesWillBeTold(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    switch outcome {
    case .accepted: break
    case .refused(let word, _) where word.ciFolded == "noprofiles": break
    case .refused, .failed, .timedOut, .disconnected, .impossible: return
    }
    let filter = ProfileFilter(detail: command.detail["profiles"] ?? .null)
    guard filter.number == nil, filter.purpose == nil, filter.stackLevel == nil else { return }
    for notice in try books.profiles.notices(of: command.station)
    where notice.kind == .profiles && (filter.evse ?? notice.evse) == notice.evse {
      // A part of the new report may have overtaken this answer.
      if let asked = command.detail["request"]?.int, notice.body.array?.first?["request"]?.int == asked { continue }
      try books.profiles.forgetNotice(.profiles, of: command.station, evse: notice.evse, source: notice.source)
    }
  }

  func limitTold(_ report: LimitReport, by station: ID<Station>) throws(StoreFault) {
    try keepNotice(
      ChargingNotice(
        station: station, evse: report.evse ?? 0, kind: .limit, source: report.source,
        body: [
          "grid_critical": .bool(report.isGridCritical), "schedule": report.schedule?.json ?? .null,
        ], at: now))
    afterCommit { self.balancing.isNews = true }
  }

  func limitCleared(evse: Int?, source: String, by station: ID<Station>) throws(StoreFault) {
    try books.profiles.forgetNotice(.limit, of: station, evse: evse, source: source)
    try record(
      .chargingTold(
        ChargingNotice(station: station, evse: evse ?? 0, kind: .limit, source: source, body: .null, at: now)))
    afterCommit { self.balancing.isNews = true }
  }

  /// Offers all that the EVSE can give, until the vehicle leaves: what the whole station may draw it holds against that by
  /// itself (K15.FR.03). A profile that the operator set for the session is offered again instead.
  func needsTold(_ needs: ChargingNeeds, by station: ID<Station>) throws(StoreFault) -> NeedsVerdict {
    let session = try books.stations.evse(station, number: needs.evse).flatMap { evse throws(StoreFault) in
      try books.sessions.running(at: evse)
    }
    try keepNotice(
      ChargingNotice(station: station, evse: needs.evse, kind: .needs, body: needs.kept(of: session?.id), at: now))
    guard let session else { return .later }
    return try offer(needs, to: session)
  }

  /// A session begins to run whose vehicle told its needs before, as ISO 15118 has it where a transaction begins with the
  /// flow of energy: it waits for an offer (OCPP 2.0.1 K15.FR.08).
  func offerWhatIsOwed(to session: Session) throws(StoreFault) {
    guard let evse = try books.stations.evse(session.evse) else { return }
    let since = now - .seconds(Limits.owedNeedsSeconds)
    let owed = try books.profiles.notices(of: session.station).first {
      $0.kind == .needs && $0.evse == evse.number && $0.at >= since && ChargingNeeds.session(of: $0.body) == nil
    }
    guard var notice = owed, let needs = ChargingNeeds(evse: evse.number, kept: notice.body) else { return }
    notice.body = needs.kept(of: session.id)
    try books.profiles.keep(notice)
    _ = try offer(needs, to: session)
  }

  private func offer(_ needs: ChargingNeeds, to session: Session) throws(StoreFault) -> NeedsVerdict {
    let station = session.station
    guard let evse = try books.stations.evse(session.evse), let transaction = try transactionName(of: session),
      let link = try line(to: station)
    else { return .later }
    guard try mayExchange(needs.wants, in: session, transaction) else { return .refused }
    try vehicleNeeds(needs, of: session)
    let open = try books.profiles.open(of: station)
    var kept: KeptProfile
    // On a circuit the balancer offers what there is, within seconds (K15.FR.04).
    if try books.circuits.outlet(of: evse.id) != nil, !open.contains(where: { $0.session == session.id }) {
      return .later
    }
    if let known = open.first(where: { $0.session == session.id }) {
      kept = known
    } else {
      var profile = ChargingProfile()
      (profile.purpose, profile.transaction) = (.session, transaction)
      profile.schedule.unit = .watts
      profile.schedule.startsAt = now
      profile.schedule.seconds = needs.departsAt.flatMap { end in
        let seconds = Int(end.seconds(since: now))
        return seconds > 0 ? seconds : nil
      }
      let power = evse.connectors.map(\.ratedPower).max() ?? 0
      profile.schedule.periods = [.init(start: 0, limit: Decimal(power))]
      kept = try create(
        KeptProfile(
          number: 0, station: station, evse: needs.evse, profile: profile, session: session.id, origin: "house", at: now
        ))
    }
    kept.state = .asked
    _ = try send(&kept, over: link, by: "house")
    return .offered
  }

  /// Whether a vehicle may exchange energy in the way that it wants: by the operator's last word on its session, else by
  /// its token.
  private func mayExchange(
    _ wish: EnergyTransfer?, in session: Session, _ transaction: String
  ) throws(StoreFault) -> Bool {
    if let allowed = try books.commands.allowedTransfers(transaction, at: session.station) {
      return wish.map(allowed.contains) ?? false
    }
    return try token(of: session.holder)?.allows(wish) ?? true
  }

  /// False where a vehicle wants more than it was offered: then the offer is made anew (K15.FR.12 and .13, K16.FR.07).
  func vehicleWillTake(_ schedule: CompositeSchedule, at station: ID<Station>) throws(StoreFault) -> Bool {
    try keepNotice(
      ChargingNotice(
        station: station, evse: schedule.evse, kind: .vehicleSchedule, body: schedule.schedule.json, at: now))
    guard let evse = try books.stations.evse(station, number: schedule.evse),
      let session = try books.sessions.running(at: evse), var offer = try offered(to: session),
      try fitted(offer).isExceeded(
        by: schedule.schedule, sessionSince: session.startedAt, volts: evse.lineVolts, phases: evse.usualPhases)
    else { return true }
    offer.state = .asked
    if let link = try line(to: station) { _ = try send(&offer, over: link, by: offer.origin) }
    return false
  }

  /// What a vehicle was offered, where that is known: what support staff wrote by hand may stand in its place.
  func offered(to session: Session) throws(StoreFault) -> KeptProfile? {
    let own = try books.profiles.open(of: session.station).filter {
      $0.session == session.id && $0.profile.purpose == .session
    }
    guard let offer = own.max(by: { $0.profile.stackLevel < $1.profile.stackLevel }),
      try !books.commands.wasWritten("SetChargingProfile", to: session.station, since: offer.updatedAt)
    else { return nil }
    return offer
  }

  /// A driver asked at the station to go first: the house shares its power by that too (OCPP 2.1 K22).
  func priorityTold(_ transaction: String, isOn: Bool, by station: ID<Station>) throws(StoreFault) {
    if let kept = try books.transactions.transaction(transaction, of: station),
      let session = try books.sessions.session(kept.session), session.state == .active
    {
      try prefer(session, isOn, by: "driver")
    }
    try keepNotice(
      ChargingNotice(
        station: station, evse: 0, kind: .priority, source: transaction, body: ["on": .bool(isOn)], at: now))
  }

  func dynamicLimit(of number: Int64, at station: ID<Station>) throws(StoreFault) -> Decimal? {
    guard let kept = try books.profiles.profile(number, at: station), kept.state.isOpen,
      kept.profile.kind == .dynamic
    else { return nil }
    return try fitted(kept).schedule.periods.first?.limit
  }

  /// By what its station knows a session, as text.
  func transactionName(of session: Session) throws(StoreFault) -> String? { try name(of: session)?.text }
}

extension StationDesk {
  func profiles(_ report: ProfileReport) throws(TurnFault) {
    try known { station throws(StoreFault) in try house.profilesTold(report, by: station) }
  }

  func limit(_ report: LimitReport) throws(TurnFault) {
    try known { station throws(StoreFault) in try house.limitTold(report, by: station) }
  }

  func limitCleared(evse: Int?, source: String) throws(TurnFault) {
    try known { station throws(StoreFault) in try house.limitCleared(evse: evse, source: source, by: station) }
  }

  func needs(_ needs: ChargingNeeds) throws(TurnFault) -> NeedsVerdict {
    try keeping { () throws(StoreFault) in
      guard let station else { return .later }
      return try house.needsTold(needs, by: station)
    }
  }

  func vehicleWillTake(_ schedule: CompositeSchedule) throws(TurnFault) -> Bool {
    try keeping { () throws(StoreFault) in
      guard let station else { return true }
      return try house.vehicleWillTake(schedule, at: station)
    }
  }

  func priority(transaction: String, isOn: Bool) throws(TurnFault) {
    try known { station throws(StoreFault) in try house.priorityTold(transaction, isOn: isOn, by: station) }
  }

  func dynamicLimit(of number: Int64) throws(TurnFault) -> Decimal? {
    try keeping { () throws(StoreFault) in
      guard let station else { return nil }
      return try house.dynamicLimit(of: number, at: station)
    }
  }

  /// Of strangers that only knock nothing is kept.
  private func known(_ duty: (ID<Station>) throws(StoreFault) -> Void) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      if let station { try duty(station) }
    }
  }
}
