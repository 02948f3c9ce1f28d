import Domain
import Store
import Wire

// Shares the power of each site among its cars (OCPP 1.6 §3.13, OCPP 2.0.1 K): with each beat what happened is brought to
// the site's `Balancer`, and what it decides is sent as charging profiles of the sessions. What a station allows by itself
// stands in its default profile, so that a lost line is safe. What was confirmed and what is under way are rows, so that a
// restart believes neither more nor less than is true.

/// What the duty remembers of the sites that have circuits.
struct Balancing {
  struct Site {
    var balancer: Balancer
    var outlets: [Outlet]
    /// What is charging where, as the balancer was told.
    var sessions: [ID<EVSE>: String] = [:]
    var needs: [ID<EVSE>: ChargingNeed] = [:]
    /// When a reading was asked for last.
    var askedReadings: [ID<EVSE>: Timestamp] = [:]
    var names: [ID<EVSE>: (station: StationIdentity, number: Int)] = [:]
    /// Since when more is reserved on a circuit than it carries, and whether that was told.
    var overSince: [ID<Circuit>: (time: Timestamp, isTold: Bool)] = [:]
  }

  var sites: [ID<Location>: Site] = [:]
  var siteOf: [ID<EVSE>: ID<Location>] = [:]
  /// The operator changed the wiring, or the house just began.
  var isRewired = true
  /// Something happened since the last look.
  var isNews = true

  /// Tells the balancer of an EVSE, where one has it.
  mutating func tell(_ evse: ID<EVSE>, _ what: (inout Balancer) -> Void) {
    guard let site = siteOf[evse], sites[site] != nil else { return }
    what(&sites[site]!.balancer)
    isNews = true
  }
}

extension KeptProfile {
  /// The balancer's word for one session.
  var isBalancing: Bool { origin == CSMS.balancer && profile.purpose == .session }
}

extension CSMS {
  /// The origin of what the balancer sends.
  nonisolated static let balancer = "balancer"

  /// With each beat, outside of turns: facts in, orders out.
  func keepBalance() {
    do throws(StoreFault) {
      if balancing.isRewired { try arrangeSites() }
      try findUnanswered()
      let isNews = balancing.isNews
      balancing.isNews = false
      for location in balancing.sites.keys.sorted(by: { $0.value < $1.value }) {
        if isNews || balancing.sites[location]?.balancer.isDue(at: now) == true { balance(location) }
      }
    } catch {
      balancing.isNews = true
      log.warning("the sites' power was not looked at", metadata: ["cause": "\(error)"])
    }
  }

  /// One site, whose trouble is no other's.
  private func balance(_ location: ID<Location>) {
    do throws(StoreFault) {
      try bringFacts(to: location)
      let orders = balancing.sites[location]?.balancer.decide(at: now) ?? []
      if !orders.isEmpty { carry(orders, at: location) }
      askReadings(at: location)
      watchFuses(at: location)
    } catch {
      balancing.isNews = true
      guard doorNotes.takes("power of site \(location.value)", at: now) else { return }
      log.warning(
        "a site's power was not looked at", metadata: ["location": "\(location.value)", "cause": "\(error)"])
    }
  }

  /// Stations that disobey may together need more than a circuit carries, and then nobody can take it from them but a
  /// person: who must hear of it, once, as soon as it lasts.
  private func watchFuses(at location: ID<Location>) {
    guard var site = balancing.sites[location] else { return }
    var news: [Event] = []
    for level in site.balancer.levels(at: now) {
      let name = site.balancer.circuits.first { $0.id == level.circuit }?.name ?? ""
      guard level.excess > .zero else {
        if site.overSince.removeValue(forKey: level.circuit)?.isTold == true {
          news.append(.circuitWithin(location, circuit: name))
        }
        continue
      }
      let (since, isTold) = site.overSince[level.circuit] ?? (now, false)
      let isLong = now - since >= .seconds(Limits.overFuseSeconds)
      if isLong, !isTold { news.append(.circuitOver(location, circuit: name, by: level.excess)) }
      site.overSince[level.circuit] = (since, isTold || isLong)
    }
    balancing.sites[location] = site
    guard !news.isEmpty else { return }
    let told = news
    note { () throws(StoreFault) in for event in told { try self.record(event) } }
  }

  /// Circuits of which it was told that more is reserved on them than they carry, the oldest first.
  public var circuitsOver: [CircuitOver] {
    balancing.sites.flatMap { location, site in
      site.overSince.filter(\.value.isTold).map { id, over in
        CircuitOver(
          location: location, circuit: site.balancer.circuits.first { $0.id == id }?.name ?? "", since: over.time)
      }
    }.sorted { ($0.since, $0.circuit) < ($1.since, $1.circuit) }
  }

  // MARK: The wiring

  private func arrangeSites() throws(StoreFault) {
    let locations = try books.circuits.locations()
    var sites: [ID<Location>: Balancing.Site] = [:]
    for location in locations {
      let circuits = try books.circuits.all(at: location)
      let outlets = try outlets(at: location, on: circuits)
      var site = balancing.sites[location] ?? Balancing.Site(balancer: Balancer(), outlets: [])
      site.outlets = outlets
      site.names = [:]
      for outlet in outlets {
        guard let station = try books.stations.station(outlet.station),
          let evse = try books.stations.evse(outlet.evse)
        else { continue }
        site.names[outlet.evse] = (station.identity, evse.number)
      }
      site.balancer.arrange(circuits, outlets)
      for signal in try books.circuits.signals(at: location) where signal.until > now { site.balancer.told(signal) }
      for outlet in outlets {
        site.balancer.hasFallback(outlet.evse, try hasFallback(outlet))
      }
      sites[location] = site
    }
    balancing.sites = sites
    balancing.siteOf = [:]
    for (location, site) in sites {
      for outlet in site.outlets { balancing.siteOf[outlet.evse] = location }
    }
    (balancing.isRewired, balancing.isNews) = (false, true)
    let all = sites.values.flatMap(\.outlets)
    guard !all.isEmpty else { return }
    note { () throws(StoreFault) in
      for outlet in all { try self.wishFallback(outlet) }
    } onFault: {
      self.balancing.isRewired = true
    }
  }

  /// What the operator wrote of the outlets of a site, filled by what their connectors say.
  private func outlets(at location: ID<Location>, on circuits: [Circuit]) throws(StoreFault) -> [Outlet] {
    var isShared: [Bool] = []
    var outlets: [Outlet] = []
    for kept in try books.circuits.outlets(at: location) {
      guard let evse = try books.stations.evse(kept.evse) else { continue }
      isShared.append(kept.fallback == nil)
      outlets.append(kept.outlet(with: evse.connectors))
    }
    let share = safeFallback(of: outlets, on: circuits)
    for place in outlets.indices where isShared[place] { outlets[place].fallback = min(share, outlets[place].most) }
    return outlets
  }

  // MARK: The fallback

  private func fallbackProfile(of outlet: Outlet, _ evse: EVSE) -> ChargingProfile {
    var profile = ChargingProfile()
    profile.purpose = .anySession
    profile.schedule = schedule(of: outlet.fallback, at: evse)
    return profile
  }

  /// What a station allows without us is its default profile; one that has another is told it. The row is due until the
  /// station took it, and again after each boot.
  private func wishFallback(_ outlet: Outlet) throws(StoreFault) {
    guard let evse = try books.stations.evse(outlet.evse) else { return }
    let wish = fallbackProfile(of: outlet, evse)
    let known = try fallbackRow(of: evse)
    guard known?.profile.schedule.periods != wish.schedule.periods else { return }
    var kept = try kept(wish, at: outlet.station, evse: evse.number, by: Self.balancer)
    kept.dueAt = now
    try books.profiles.save(kept)
    afterCommit { self.balancing.tell(outlet.evse) { $0.hasFallback(outlet.evse, false) } }
  }

  /// One that said no to its default profile is asked again once it started anew.
  func wishFallbacks(at station: ID<Station>) throws(StoreFault) {
    for site in balancing.sites.values {
      for outlet in site.outlets where outlet.station == station { try wishFallback(outlet) }
    }
  }

  private func fallbackRow(of evse: EVSE) throws(StoreFault) -> KeptProfile? {
    try books.profiles.open(at: evse.station).first {
      $0.origin == Self.balancer && $0.profile.purpose == .anySession && $0.evse == evse.number
    }
  }

  private func hasFallback(_ outlet: Outlet) throws(StoreFault) -> Bool {
    guard let evse = try books.stations.evse(outlet.evse), let row = try fallbackRow(of: evse) else { return false }
    return row.state == .inForce
      && row.profile.schedule.periods == fallbackProfile(of: outlet, evse).schedule.periods
  }

  // MARK: What happened

  private func bringFacts(to location: ID<Location>) throws(StoreFault) {
    guard var site = balancing.sites[location] else { return }
    for outlet in site.outlets {
      guard let evse = try books.stations.evse(outlet.evse) else { continue }
      let id = evse.id
      if isOnline(evse.station) { site.balancer.returned(id, at: now) } else { site.balancer.lost(id, at: now) }
      let session = try books.sessions.open(at: evse)
      if site.sessions[id] != session?.id {
        if site.sessions[id] != nil { site.balancer.ended(id) }
        site.sessions[id] = session?.id
        site.needs[id] = nil
        if let session { try begin(session, at: id, in: &site) }
      }
      site.balancer.expects(id, session == nil && evse.status == .preparing)
      guard let session else { continue }
      site.balancer.isIdle(id, session.shifts.last?.activity == .idle)
      let bounds = try outsideBounds(at: evse.station)
      site.balancer.needs(id, need(of: session, at: evse, site.needs[id], within: bounds))
      site.balancer.restrict(evse.station, to: mostOfStation(evse, within: bounds))
    }
    balancing.sites[location] = site
  }

  /// A session that the books know a limit of ran before this start of the house.
  private func begin(_ session: Session, at evse: ID<EVSE>, in site: inout Balancing.Site) throws(StoreFault) {
    site.needs[evse] = try books.circuits.need(of: session.id)?.need
    site.balancer.began(evse, site.needs[evse] ?? ChargingNeed(), at: now)
    guard let kept = try books.circuits.balance(of: evse), kept.session == session.id else { return }
    site.balancer.resume(evse, limit: kept.allowed, underWay: kept.underWay, at: now)
  }

  /// What a session's meter says, as far as it speaks of now.
  func balanceRead(_ reading: Reading, of session: Session) {
    guard balancing.siteOf[session.evse] != nil, reading.at > now - .seconds(Limits.freshReadingSeconds),
      let evse = try? books.stations.evse(session.evse), let currents = evse.currents(in: reading)
    else { return }
    let (id, at) = (evse.id, now)
    afterCommit { self.balancing.tell(id) { $0.read(id, currents, at: at) } }
  }

  /// A station started anew, and may have lost what it was told.
  func balanceMayBeLost(at station: ID<Station>) {
    afterCommit {
      for site in self.balancing.sites.values {
        for outlet in site.outlets where outlet.station == station {
          self.balancing.tell(outlet.evse) { balancer in
            balancer.startedAnew(outlet.evse)
            balancer.lost(outlet.evse, at: self.now)
            balancer.returned(outlet.evse, at: self.now)
          }
        }
      }
    }
  }

  // MARK: What is to be done

  private func carry(_ orders: [Balancer.Order], at location: ID<Location>) {
    let words = balancing.sites[location]?.balancer.places(at: now) ?? []
    let why = Dictionary(uniqueKeysWithValues: words.map { ($0.evse, $0.words) })
    note { () throws(StoreFault) in
      for order in orders {
        guard try self.carry(order, because: why[order.evse] ?? "") else {
          self.afterCommit { self.balancing.tell(order.evse) { $0.silent(order.evse, at: self.now) } }
          continue
        }
      }
    } onFault: {
      for order in orders { self.balancing.tell(order.evse) { $0.silent(order.evse, at: self.now) } }
    }
  }

  /// False where nobody can be told now.
  private func carry(_ order: Balancer.Order, because why: String) throws(StoreFault) -> Bool {
    guard let evse = try books.stations.evse(order.evse), let link = try line(to: evse.station),
      let capacity = try capacity(of: evse.station), let session = try books.sessions.open(at: evse),
      let transaction = try transactionName(of: session)
    else { return false }
    var profile = ChargingProfile()
    (profile.purpose, profile.transaction) = (.session, transaction)
    profile.stackLevel = max(0, capacity.highestStackLevel ?? Limits.balancerLevel)
    profile.schedule = schedule(of: order.limit, at: evse)
    var kept = try kept(profile, at: evse.station, evse: evse.number, session: session.id, by: Self.balancer)
    _ = try send(&kept, over: link, by: Self.balancer)
    let before = try books.circuits.balance(of: evse.id)
    let allowed = before?.session == session.id ? before?.allowed : nil
    try books.circuits.keep(
      KeptBalance(
        evse: evse.id, session: session.id, allowed: allowed ?? evse.mostCurrent, underWay: order.limit,
        profile: kept.number, why: why,
        dueAt: now + .seconds(settings.commandSeconds + Limits.firstDutyPauseSeconds), updatedAt: now))
    return true
  }

  private func schedule(of current: Current, at evse: EVSE) -> ChargingProfile.Schedule {
    var schedule = ChargingProfile.Schedule()
    schedule.startsAt = now
    schedule.unit = evse.isDC ? .watts : .amperes
    schedule.periods = [.init(start: 0, limit: evse.limit(of: current))]
    return schedule
  }

  /// What the station said of a profile, as far as it matters here.
  func balanceAnswered(_ kept: KeptProfile, _ outcome: CommandOutcome) throws(StoreFault) {
    guard let evse = try books.stations.evse(kept.station, number: kept.evse), balancing.siteOf[evse.id] != nil else {
      return
    }
    let id = evse.id
    guard kept.origin == Self.balancer else {
      // Another one's profile may stand in the place of ours.
      if kept.profile.purpose == .session { balanceMayBeLost(at: kept.station) }
      return
    }
    guard kept.isBalancing else {
      guard !outcome.isOpen else { return }
      // One that does not have the message has no limits at all; one that refuses this default may take others.
      let isUnknown = if case .failed = outcome { outcome.isUnsupported } else { false }
      return afterCommit {
        self.balancing.tell(id) { balancer in
          balancer.hasFallback(id, outcome.isYes)
          if isUnknown { balancer.cannot(id) }
        }
      }
    }
    if var balance = try books.circuits.balance(of: id), balance.profile == kept.number {
      if case .accepted = outcome { balance.allowed = balance.underWay ?? balance.allowed }
      if !outcome.isOpen { balance.underWay = nil }
      (balance.dueAt, balance.updatedAt) = (nil, now)
      try books.circuits.keep(balance)
    }
    let at = now
    afterCommit {
      self.balancing.tell(id) { balancer in
        switch outcome {
        case .accepted: balancer.confirmed(id, at: at)
        case .refused where outcome.isUnsupported, .failed where outcome.isUnsupported: balancer.cannot(id)
        case .refused, .failed, .impossible: balancer.refused(id, at: at)
        case .timedOut, .disconnected: balancer.silent(id, at: at)
        }
      }
    }
  }

  /// Limits to which nobody said anything, as after a restart: whether they hold is open.
  private func findUnanswered() throws(StoreFault) {
    let due = try books.circuits.due(at: now, limit: Limits.dutiesAtOnce)
    guard !due.isEmpty else { return }
    for balance in due { balancing.tell(balance.evse) { $0.silent(balance.evse, at: now) } }
    note { () throws(StoreFault) in
      for var balance in due {
        balance.dueAt = nil
        try self.books.circuits.keep(balance)
      }
    }
  }

  /// Where a car should have gone down its meter is asked, so that what it frees is given to others soon.
  private func askReadings(at location: ID<Location>) {
    guard let site = balancing.sites[location] else { return }
    for id in site.balancer.unverified(at: now) {
      guard now - (site.askedReadings[id] ?? .epoch) >= .seconds(Limits.readingPauseSeconds),
        let name = site.names[id], let outlet = site.outlets.first(where: { $0.evse == id }),
        let link = try? line(to: outlet.station)
      else { continue }
      balancing.sites[location]?.askedReadings[id] = now
      tell(.trigger(.meterValues, evse: name.number), on: link.id)
    }
  }
}

// MARK: - Currents and watts

extension EVSE {
  var isDC: Bool { connectors.first?.powerType == .dc }

  /// A per line of its strongest connector. Of DC what the rectifier draws.
  var mostCurrent: Current {
    guard isDC else { return Current(amperes: connectors.map(\.maxAmperage).max() ?? 32) }
    let watts = connectors.map(\.ratedPower).max() ?? 0
    return Current(tenthsOfAmpere: watts * 1_000 / (Limits.wattsPerAmpere * Limits.rectifierPercent) + 1)
  }

  /// A limit of its grid side, in A, or for DC in W of its output.
  func limit(of current: Current) -> Decimal {
    guard isDC else { return current.amperes }
    let watts = current.tenthsOfAmpere * Limits.wattsPerAmpere * Limits.rectifierPercent / 1_000
    return Decimal(watts)
  }

  /// The other way round: what somebody's limit comes to per line.
  func current(of profiled: Decimal, _ unit: ChargingProfile.Schedule.Unit) -> Current? {
    let limit = max(.zero, min(profiled, Decimal(Limits.strongestConnector)))
    switch unit {
    case .amperes: return Current(allowed: limit)
    case .watts:
      let lines = connectors.first?.powerType == .ac1 ? 1 : 3
      let perAmpere = isDC ? Limits.wattsPerAmpere * Limits.rectifierPercent : 23_000 * lines
      return Current(allowed: (limit * Decimal(100)).divided(by: Decimal(perAmpere), places: 1, rounding: .down))
    }
  }

  /// What a reading says of each line on the grid's side; nil where it says nothing of it.
  func currents(in reading: Reading) -> LineCurrents? {
    if isDC {
      guard let watts = reading.power else { return nil }
      let perAmpere = Decimal(Limits.wattsPerAmpere * Limits.rectifierPercent)
      let amperes = (watts * Decimal(100)).divided(by: perAmpere, places: 1, rounding: .up)
      return Current(measured: amperes).map { LineCurrents(max(.zero, $0), on: .all) }
    }
    if let lines = reading.lineCurrents { return lines }
    let lines: Lines = connectors.first?.powerType == .ac1 ? .l1 : .all
    if let current = reading.current.flatMap({ Current(measured: $0) }) { return LineCurrents(current, on: lines) }
    guard let watts = reading.power else { return nil }
    let amperes = watts.divided(by: Decimal(230 * lines.count), places: 1, rounding: .up)
    return Current(measured: amperes).map { LineCurrents(max(.zero, $0), on: lines) }
  }
}

extension KeptOutlet {
  fileprivate func outlet(with connectors: [Connector]) -> Outlet {
    let place = EVSE(
      id: self.evse, station: station, number: number, uid: "", status: .unknown, statusSince: .epoch,
      connectors: connectors, updatedAt: .epoch)
    let wired = connectors.first?.powerType == .ac1 ? rotation.first(1) : Lines.all
    return Outlet(
      evse: evse, station: station, circuit: circuit, rotation: rotation, lines: lines ?? wired,
      most: min(most ?? place.mostCurrent, place.mostCurrent), least: least, fallback: fallback ?? .zero,
      stationMost: stationMost)
  }
}
