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
    /// When a reading was asked for last, and how many were that brought nothing.
    var askedReadings: [ID<EVSE>: (at: Timestamp, count: Int)] = [:]
    var names: [ID<EVSE>: (station: StationIdentity, number: Int)] = [:]
    /// Since when more is reserved on a circuit than it carries, and whether that was told.
    var overSince: [ID<Circuit>: (time: Timestamp, isTold: Bool)] = [:]
    /// Meters of which it was told that they are silent.
    var silent: [ID<Circuit>: Timestamp] = [:]
    /// What the books know by now.
    var keptDisobeying: Set<ID<EVSE>> = []
    var keptLoads: [ID<Circuit>: Balancer.HighLoad] = [:]
  }

  var sites: [ID<Location>: Site] = [:]
  var siteOf: [ID<EVSE>: ID<Location>] = [:]
  /// The operator changed the wiring, or the house just began.
  var isRewired = true
  /// Something happened since the last look: anywhere, or at these sites.
  var isNews = true
  var news: Set<ID<Location>> = []

  /// Tells the balancer of an EVSE, where one has it.
  mutating func tell(_ evse: ID<EVSE>, _ what: (inout Balancer) -> Void) {
    guard let site = siteOf[evse], sites[site] != nil else { return }
    what(&sites[site]!.balancer)
    news.insert(site)
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
      let (isNews, news) = (balancing.isNews, balancing.news)
      (balancing.isNews, balancing.news) = (false, [])
      for location in balancing.sites.keys.sorted(by: { $0.value < $1.value }) {
        let isDue = balancing.sites[location]?.balancer.isDue(at: now) == true
        if isNews || isDue || news.contains(location) { balance(location) }
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
      watchMeters(at: location)
      keepMemory(of: location)
    } catch {
      balancing.news.insert(location)
      guard doorNotes.takes("power of site \(location.value)", at: now) else { return }
      log.warning(
        "a site's power was not looked at", metadata: ["location": "\(location.value)", "cause": "\(error)"])
    }
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
      let disobeying = try books.circuits.disobeying(at: location)
      // Of an outlet that was taken off and put back nothing is known any more: a car that charges there began as well.
      for evse in site.balancer.arrange(circuits, outlets) {
        (site.sessions[evse], site.needs[evse], site.askedReadings[evse]) = (nil, nil, nil)
        if disobeying.contains(evse) { site.balancer.disobeys(evse) }
      }
      site.keptDisobeying = disobeying.intersection(outlets.map(\.evse))
      if balancing.sites[location] == nil {
        site.keptLoads = try books.circuits.highLoads(at: location)
        for (circuit, load) in site.keptLoads { site.balancer.remember(load, of: circuit) }
      }
      for signal in try books.circuits.signals(at: location) where signal.kind.isMeter || signal.until > now {
        site.balancer.told(signal, isNew: false)
      }
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
    let (fixed, shared) = try wiredOutlets(at: location)
    let share = safeFallback(of: shared, beside: fixed, on: circuits)
    let filled = shared.map { outlet in
      var outlet = outlet
      outlet.fallback = min(share, outlet.most)
      return outlet
    }
    return (fixed + filled).sorted { $0.evse.value < $1.evse.value }
  }

  /// Outlets with a fallback that the operator wrote, and those that share what is left.
  /// - Parameter changed: how one of them is to be.
  func wiredOutlets(
    at location: ID<Location>, with changed: KeptOutlet? = nil
  ) throws(StoreFault) -> (fixed: [Outlet], shared: [Outlet]) {
    var (fixed, shared): ([Outlet], [Outlet]) = ([], [])
    let others = try books.circuits.outlets(at: location).filter { $0.evse != changed?.evse }
    for kept in others + [changed].compactMap(\.self) {
      guard let evse = try books.stations.evse(kept.evse) else { continue }
      let outlet = kept.outlet(with: evse.connectors)
      if kept.fallback == nil { shared.append(outlet) } else { fixed.append(outlet) }
    }
    return (fixed, shared)
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
    try books.profiles.open(of: evse.station).first {
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
    var allBounds: [ID<Station>: [OutsideBound]] = [:]
    var stationMost: [ID<Station>: Current?] = [:]
    var takesWatts: [ID<Station>: Bool] = [:]
    for outlet in site.outlets {
      guard let evse = try books.stations.evse(outlet.evse) else { continue }
      let id = evse.id
      if isOnline(evse.station) { site.balancer.returned(id, at: now) } else { site.balancer.lost(id, at: now) }
      let session = try books.sessions.running(at: evse)
      if site.sessions[id] != session?.id {
        if site.sessions[id] != nil { site.balancer.ended(id) }
        site.sessions[id] = session?.id
        (site.needs[id], site.askedReadings[id]) = (nil, nil)
        if let session { try begin(session, at: id, in: &site) }
      }
      site.balancer.expects(id, session == nil && evse.status.mayCharge)
      guard let session else { continue }
      let shift = session.shifts.last
      site.balancer.says(
        id, isIdle: shift?.activity == .idle, since: shift?.at ?? session.startedAt, at: now)
      if takesWatts[evse.station] == nil {
        takesWatts[evse.station] = try books.capacities.capacity(of: evse.station)?.takesWattsOnly == true
      }
      site.balancer.takesWatts(id, takesWatts[evse.station] == true ? evse.watts : nil)
      let bounds: [OutsideBound]
      if let known = allBounds[evse.station] {
        bounds = known
      } else {
        bounds = try outsideBounds(at: evse.station)
        allBounds[evse.station] = bounds
      }
      site.balancer.needs(id, need(of: session, at: evse, site.needs[id], within: bounds))
      // Each EVSE makes currents of the same watts in its own way; the least of them is safe for all.
      let most = mostOfStation(evse, within: bounds)
      if let known = stationMost[evse.station] ?? nil {
        stationMost[evse.station] = min(known, most ?? known)
      } else {
        stationMost[evse.station] = .some(most)
      }
    }
    for (station, most) in stationMost { site.balancer.restrict(station, to: most) }
    balancing.sites[location] = site
  }

  /// A session that the books know a limit of ran before this start of the house.
  private func begin(_ session: Session, at evse: ID<EVSE>, in site: inout Balancing.Site) throws(StoreFault) {
    site.needs[evse] = try books.circuits.need(of: session.id)?.need
    site.balancer.began(evse, site.needs[evse] ?? ChargingNeed(), at: now)
    if let kept = try books.circuits.balance(of: evse), kept.session == session.id {
      site.balancer.resume(evse, limit: kept.allowed, underWay: kept.underWay, at: now)
    }
    guard session.state == .active, let place = try books.stations.evse(evse) else { return }
    for kept in try books.profiles.open(of: session.station) where kept.session == session.id {
      if let most = try most(of: kept, at: place, session) { site.balancer.mayFollow(evse, most, at: now) }
    }
  }

  /// What a session's profile allows at most: what its car may draw until the station hears of another limit.
  private func most(of kept: KeptProfile, at evse: EVSE, _ session: Session) throws(StoreFault) -> Current? {
    guard kept.profile.purpose == .session, kept.profile.transaction != nil else { return nil }
    let schedule = try fitted(kept).schedule
    guard let limit = schedule.periods.map(\.limit).max() else { return nil }
    // Watts may all flow on one line.
    return evse.current(of: limit, schedule.unit, lines: schedule.unit == .watts ? 1 : nil).map {
      min($0, evse.mostCurrent)
    }
  }

  /// The station follows a profile of somebody else for its session, and perhaps not ours.
  func balanceMayFollow(_ kept: KeptProfile) throws(StoreFault) {
    guard kept.origin != Self.balancer, let id = kept.session, let session = try books.sessions.session(id),
      balancing.siteOf[session.evse] != nil, let evse = try books.stations.evse(session.evse),
      let most = try most(of: kept, at: evse, session)
    else { return }
    let at = now
    afterCommit { self.balancing.tell(evse.id) { $0.mayFollow(evse.id, most, at: at) } }
  }

  /// The level that stands above all that others set for a session at an EVSE whose power is shared here.
  func balancerLevel(at station: ID<Station>) throws(StoreFault) -> Int {
    max(0, try books.capacities.capacity(of: station)?.highestStackLevel ?? Limits.balancerLevel)
  }

  /// The station itself said how an EVSE stands: of now, where its word is not an old one.
  func balanceSpoke(_ evse: ID<EVSE>, at said: Timestamp?) {
    guard balancing.siteOf[evse] != nil, said.map({ $0 > now - .seconds(Limits.freshReadingSeconds) }) ?? true else {
      return
    }
    afterCommit { self.balancing.tell(evse) { $0.spoke(evse) } }
  }

  /// What a session's meter says, as far as it speaks of now.
  func balanceRead(_ reading: Reading, of session: Session) {
    guard let location = balancing.siteOf[session.evse], let site = balancing.sites[location],
      reading.at > now - .seconds(Limits.freshReadingSeconds), let evse = try? books.stations.evse(session.evse)
    else { return }
    let (id, at) = (evse.id, now)
    let wired = site.outlets.first { $0.evse == id }?.lines.count ?? 3
    let phases = evse.lines(site.needs[id]?.phases, wiredTo: wired)
    if let currents = evse.currents(in: reading, phases: phases) {
      let used = evse.usedLines(in: reading)
      afterCommit {
        self.balancing.sites[location]?.askedReadings[id] = nil
        self.balancing.tell(id) { balancer in
          if let used { balancer.uses(id, lines: used, at: at) }
          balancer.read(id, currents, at: at)
        }
      }
    } else {
      let used = evse.usedLines(in: reading)
      afterCommit {
        self.balancing.tell(id) { balancer in
          if let used { balancer.uses(id, lines: used, at: at) }
          // Watts of a station that was told watts are held against those.
          guard let (least, most) = evse.currentBounds(in: reading, lines: balancer.toldLines(at: id)) else { return }
          balancer.read(id, between: least, and: most, at: at)
        }
      }
    }
  }

  /// A station started anew, and may have lost what it was told, its default too where that is due again.
  func balanceMayBeLost(at station: ID<Station>) throws(StoreFault) {
    var outlets: [(evse: ID<EVSE>, hasFallback: Bool)] = []
    for site in balancing.sites.values {
      for outlet in site.outlets where outlet.station == station {
        outlets.append((outlet.evse, try hasFallback(outlet)))
      }
    }
    let (lost, at) = (outlets, now)
    afterCommit {
      for outlet in lost {
        self.balancing.tell(outlet.evse) { balancer in
          balancer.startedAnew(outlet.evse)
          balancer.hasFallback(outlet.evse, outlet.hasFallback)
          balancer.lost(outlet.evse, at: at)
          balancer.returned(outlet.evse, at: at)
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
        guard try self.carry(order, at: location, because: why[order.evse] ?? "") else {
          self.afterCommit { self.balancing.tell(order.evse) { $0.silent(order.evse, at: self.now) } }
          continue
        }
      }
    } onFault: {
      for order in orders { self.balancing.tell(order.evse) { $0.silent(order.evse, at: self.now) } }
    }
  }

  /// False where nobody can be told now.
  private func carry(
    _ order: Balancer.Order, at location: ID<Location>, because why: String
  ) throws(StoreFault) -> Bool {
    guard let evse = try books.stations.evse(order.evse), let link = try line(to: evse.station),
      let capacity = try capacity(of: evse.station), let session = try books.sessions.running(at: evse),
      let transaction = try transactionName(of: session)
    else { return false }
    var profile = ChargingProfile()
    (profile.purpose, profile.transaction) = (.session, transaction)
    profile.stackLevel = max(0, capacity.highestStackLevel ?? Limits.balancerLevel)
    profile.schedule = schedule(of: order.limit, at: evse)
    if capacity.takesWattsOnly, balancing.sites[location]?.balancer.wantsOneLine(evse.id, at: order.limit) == true {
      profile.schedule.periods[0].phases = 1
    }
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
      if kept.profile.purpose == .session, outcome.isYes || outcome.isOpen { try balanceMayFollow(kept) }
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
      let (last, count) = site.askedReadings[id] ?? (.epoch, 0)
      let doublings = min(max(0, count - Limits.quickReadings), 16)
      let pause = min(Limits.readingPauseSeconds << doublings, Limits.longestReadingPauseSeconds)
      guard now - last >= .seconds(pause),
        let name = site.names[id], let outlet = site.outlets.first(where: { $0.evse == id }),
        let link = try? line(to: outlet.station)
      else { continue }
      balancing.sites[location]?.askedReadings[id] = (now, count + 1)
      tell(.trigger(.meterValues, evse: name.number), on: link.id)
    }
  }
}
