import Domain
import Store
import Wire

// Use by quarters of an hour, and what it cost the house: each bill adds to it in its own commit.

extension CSMS {
  func count(_ cdr: CDR, at spot: UsageSpot) throws(StoreFault) {
    try count(cdr.usage, in: cdr.currency, at: spot)
  }

  /// A credit takes the money back. What was delivered stays delivered, unless the session is counted once more.
  func uncount(_ cdr: CDR, at spot: UsageSpot, wholly: Bool) throws(StoreFault) {
    let usage = cdr.usage.map { quarter, figures -> (quarter: Int64, figures: UsageFigures) in
      var taken = UsageFigures()
      taken.revenue = -figures.revenue
      return (quarter, wholly ? figures.negated : taken)
    }
    try count(usage.filter { $0.figures != UsageFigures() }, in: cdr.currency, at: spot)
  }

  private func count(
    _ usage: [(quarter: Int64, figures: UsageFigures)], in currency: String, at spot: UsageSpot
  ) throws(StoreFault) {
    try add(usage, in: currency, to: spot.scopes)
  }

  /// Writes what the bills of a turn tell, and what that energy cost.
  func write(_ tally: UsageTally) throws(StoreFault) {
    guard !tally.isEmpty else { return }
    try books.usage.add(tally)
    guard try books.energyCosts.arePricesKept() else { return }
    for (location, quarters) in tally.quartersOfEnergy { try books.energyCosts.refresh(quarters, at: location) }
  }

  // MARK: What was before it was counted

  /// Counts the bills of before use was counted, a piece with each beat, and then those of before partners were.
  func countBacklog() throws(StoreFault) {
    let waiting = try books.usage.backlog(limit: Limits.backlogAtOnce)
    for (_, kept) in waiting {
      let session = try books.sessions.session(kept.cdr.session)
      // Its partner is counted with the second backlog, as for all bills of then.
      try count(
        usage(of: kept.cdr), in: kept.cdr.currency,
        at: UsageSpot(location: kept.location, connector: session?.connector, party: .uncounted))
    }
    if let last = waiting.last?.number { try books.usage.counted(upTo: last) }
    let rest = try books.usage.partnerBacklog(limit: Limits.backlogAtOnce)
    for (_, kept) in rest {
      try books.usage.add(usage(of: kept.cdr), in: kept.cdr.currency, to: [.partner(kept.partner)])
    }
    if let last = rest.last?.number { try books.usage.partnersCounted(upTo: last) }
    if waiting.isEmpty, rest.isEmpty { afterCommit { self.isBacklogCounted = true } }
  }

  /// A credit has the periods of what it takes back, and takes money alone.
  private func usage(of cdr: CDR) -> [(quarter: Int64, figures: UsageFigures)] {
    guard cdr.isCredit else { return cdr.usage }
    return cdr.usage.map { quarter, figures in
      var taken = UsageFigures()
      taken.revenue = figures.revenue
      return (quarter, taken)
    }
  }

  // MARK: What energy costs

  /// What a kWh costs the house, of one location or of all that have no prices of their own. What was used since then is
  /// priced anew with the next beats.
  public func keepEnergyPrices(_ prices: [EnergyPrice], of location: ID<Location>?) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      try self.checkLocation(location)
      try keep { () throws(StoreFault) in
        try self.books.energyCosts.keep(prices, of: location)
        self.afterCommit { self.areCostsDue = true }
      }
    }
  }

  public func removeEnergyPrices(
    of location: ID<Location>?, from: Timestamp, to: Timestamp
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      try self.checkLocation(location)
      try keep { () throws(StoreFault) in
        try self.books.energyCosts.remove(of: location, from: from, to: to)
        self.afterCommit { self.areCostsDue = true }
      }
    }
  }

  private func checkLocation(_ location: ID<Location>?) throws(Refusal) {
    if let location, try keep({ () throws(StoreFault) in try self.books.locations.location(location) }) == nil {
      throw .notFound("no such location")
    }
  }

  /// A piece of what changed prices make anew.
  func refreshCosts() throws(StoreFault) {
    let isMore = try books.energyCosts.refreshDue(limit: Limits.energyCostsAtOnce)
    if !isMore { afterCommit { self.areCostsDue = false } }
  }

  // MARK: Plugging in, and what fails

  /// An EVSE does something else: a cable went in or out, a fault began or ended, its line was lost.
  func countChange(of evse: EVSE, to status: EVSE.Status, note: String?) throws(StoreFault) {
    if let incident = incident(at: evse, as: evse.status) {
      var ended = incident
      if evse.status == .faulted {
        // Its code is that of its begin, which only the history knows.
        let begun = try books.stations.history(of: evse.id, from: evse.statusSince, to: now).last
        ended.code = Incident.code(in: begun?.reason)
      }
      try books.incidents.ended(ended, begunAt: evse.statusSince, at: now)
    }
    if var incident = incident(at: evse, as: status) {
      if status == .faulted { incident.code = Incident.code(in: note) }
      try books.incidents.count(incident, at: now)
    }
    switch (status.isPlugged, evse.status.isPlugged) {
    case (true, false): try books.usage.plugged(evse.id, at: now)
    case (false, _): try unplugged(evse)
    case (nil, _) where status == .unknown:
      // Nobody sees what is done at it now.
      _ = try books.usage.unplugged(evse.id)
    case (true, _), (nil, _): break
    }
  }

  /// Offline is told of each EVSE, and is one incident of its station: its first one counts.
  private func incident(at evse: EVSE, as status: EVSE.Status) -> Incident? {
    switch status {
    case .faulted: Incident(station: evse.station, kind: .fault, code: "")
    case .unknown where evse.number == 1: Incident(station: evse.station, kind: .offline, code: "offline")
    case .available, .preparing, .charging, .suspendedEV, .suspendedEVSE, .finishing, .reserved, .unavailable, .unknown:
      nil
    }
  }

  private func unplugged(_ evse: EVSE) throws(StoreFault) {
    guard let cable = try books.usage.unplugged(evse.id) else { return }
    // Some stations tell of the cable before they tell of the stop.
    let running = try books.sessions.running(at: evse)
    guard let connector = cable.connector ?? running?.connector ?? evse.connectors.first?.id else { return }
    var figures = UsageFigures()
    (figures.plugged, figures.served) = (1, cable.served || running.map { $0.energy > .zero } == true ? 1 : 0)
    let location = try books.stations.station(evse.station)?.location
    try books.usage.add(
      [(Quarter.number(of: cable.since), figures)], in: settings.currency,
      to: UsageSpot(location: location, connector: connector, party: .uncounted).scopes)
  }

  /// A session is over: whether its cable led to energy, and whether it failed.
  func countEnd(of session: Session) throws(StoreFault) {
    try books.usage.used(session.evse, by: session.connector, served: session.energy > .zero)
    if let incident = Incident(session) { try books.incidents.count(incident, at: session.endedAt ?? now) }
  }
}

/// Whose use a bill is counted as.
struct UsageSpot {
  enum Drivers {
    case uncounted, ours
    case partner(ID<Partner>)
  }

  var location: ID<Location>?
  var connector: ID<Connector>?
  var party: Drivers

  init(location: ID<Location>?, connector: ID<Connector>?, party: Drivers) {
    (self.location, self.connector, self.party) = (location, connector, party)
  }

  init(location: ID<Location>?, connector: ID<Connector>?, partner: ID<Partner>?) {
    self.init(location: location, connector: connector, party: partner.map { .partner($0) } ?? .ours)
  }

  var scopes: [UsageScope] {
    var scopes: [UsageScope] = [.house]
    if let location { scopes.append(.location(location)) }
    if let connector { scopes.append(.connector(connector, at: location)) }
    switch party {
    case .uncounted: break
    case .ours: scopes.append(.partner(nil))
    case .partner(let id): scopes.append(.partner(id))
    }
    return scopes
  }
}
