import Domain
import Store
import Wire

// The wiring of sites as the operator draws it, what is told of it from outside, and what people say that a session needs.

extension CSMS {
  // MARK: Circuits

  public func addCircuit(_ draft: Circuit, by who: String) async throws(Refusal) -> Circuit {
    try await turn { () throws(Refusal) in
      guard try keep({ () throws(StoreFault) in try self.books.locations.location(draft.location) }) != nil else {
        throw .invalid(field: "location", "there is no location \(draft.location)")
      }
      let others = try keep { () throws(StoreFault) in try self.books.circuits.all(at: draft.location) }
      guard others.count < Limits.circuitsPerLocation else {
        throw .conflict("a location has at most \(Limits.circuitsPerLocation) circuits")
      }
      var new = draft
      (new.createdAt, new.updatedAt) = (self.now, self.now)
      let wish = new
      try self.check(wish, among: others)
      try self.checkOutlets(on: others + [wish], before: others, at: draft.location)
      return try keep { () throws(StoreFault) in
        let made = try self.books.circuits.create(wish)
        try self.wiringChanged(at: made.location, by: who)
        return made
      }
    }
  }

  public func changeCircuit(
    _ id: ID<Circuit>, by who: String, _ edit: @escaping @MainActor @Sendable (inout Circuit) throws(Refusal) -> Void
  ) async throws(Refusal) -> Circuit {
    try await turn { () throws(Refusal) in
      let old = try self.circuit(id)
      var wish = old
      try edit(&wish)
      (wish.id, wish.location, wish.createdAt) = (old.id, old.location, old.createdAt)
      wish.updatedAt = self.time(after: old.updatedAt)
      let changed = wish
      let others = try keep { () throws(StoreFault) in try self.books.circuits.all(at: old.location) }
      try self.check(changed, among: others.filter { $0.id != id })
      try self.checkOutlets(on: others.map { $0.id == id ? changed : $0 }, before: others, at: old.location)
      return try keep { () throws(StoreFault) in
        try self.books.circuits.update(changed)
        try self.wiringChanged(at: changed.location, by: who)
        return changed
      }
    }
  }

  public func removeCircuit(
    _ id: ID<Circuit>, by who: String,
    _ look: @escaping @MainActor @Sendable (Circuit) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let old = try self.circuit(id)
      try look(old)
      do throws(StoreFault) { try self.books.circuits.remove(id) } catch {
        guard case .constraint = error else { throw Refusal(storage: error) }
        throw .conflict("circuits or EVSEs hang below it: move them first")
      }
      try keep { () throws(StoreFault) in try self.wiringChanged(at: old.location, by: who) }
    }
  }

  func circuit(_ id: ID<Circuit>) throws(Refusal) -> Circuit {
    guard let circuit = try keep({ () throws(StoreFault) in try self.books.circuits.circuit(id) }) else {
      throw .notFound("no such circuit")
    }
    return circuit
  }

  private func check(_ circuit: Circuit, among others: [Circuit]) throws(Refusal) {
    try checkText(circuit.name, "name", 1...Limits.nameLength)
    guard !circuit.lines.isEmpty else { throw .invalid(field: "lines", "one to three of L1, L2 and L3") }
    let range = Current(amperes: 1)...Current(amperes: Limits.strongestFuse)
    guard range.contains(circuit.rated) else { throw .invalid(field: "rated_a", "1 to \(Limits.strongestFuse) A") }
    guard circuit.usable >= .zero, circuit.usable <= circuit.rated else {
      throw .invalid(field: "usable_a", "no more than its fuse, \(circuit.rated) A")
    }
    guard circuit.assumedLoad >= .zero, circuit.assumedLoad <= circuit.usable else {
      throw .invalid(field: "assumed_load_a", "no more than what is usable, \(circuit.usable) A")
    }
    guard (0...9).contains(circuit.priority) else { throw .invalid(field: "priority", "0 to 9") }
    guard let parent = circuit.parent else { return }
    guard let feeder = others.first(where: { $0.id == parent }) else {
      throw .invalid(field: "parent", "no circuit \(parent) of this location, or the circuit itself")
    }
    guard circuit.lines.isSubset(of: feeder.lines) else {
      throw .invalid(field: "lines", "its feeder does not have all of them")
    }
    var next = feeder.parent
    var depth = 2
    while let id = next {
      guard id != circuit.id, depth < Domain.Limits.circuitDepth else {
        throw .invalid(field: "parent", "circuits make a tree of at most \(Domain.Limits.circuitDepth) floors")
      }
      next = others.first { $0.id == id }?.parent
      depth += 1
    }
  }

  /// A change of circuits leaves each outlet a line, and room for what the operator said that stations there allow by
  /// themselves. What was too much before must not become more.
  private func checkOutlets(
    on circuits: [Circuit], before: [Circuit], at location: ID<Location>
  ) throws(Refusal) {
    let (fixed, shared) = try keep { () throws(StoreFault) in try self.wiredOutlets(at: location) }
    let (now, was) = (Fallbacks(of: fixed, on: circuits), Fallbacks(of: fixed, on: before))
    for outlet in fixed + shared where now.lines(of: outlet).isEmpty && !was.lines(of: outlet).isEmpty {
      throw .invalid(field: "lines", "an EVSE on it or below has no other lines")
    }
    let known = Dictionary(uniqueKeysWithValues: was.excesses().map { ($0.circuit.id, $0.current) })
    for excess in now.excesses() where excess.current > known[excess.circuit.id] ?? .zero {
      throw .conflict(
        "the fallbacks of EVSEs below '\(excess.circuit.name)' come to \(excess.sum) A, and it would have "
          + "\(excess.room) A for them: lower them first")
    }
  }

  private func wiringChanged(at location: ID<Location>, by who: String) throws(StoreFault) {
    try record(.wiringChanged(location, by: who))
    rewire()
  }

  /// What flows where, or how much may, is another now: with the next beat the sites are arranged anew.
  func rewire() { afterCommit { self.balancing.isRewired = true } }

  /// EVSEs that no longer stand where they stood are on none of its circuits.
  func unwire(_ evses: [EVSE]) throws(StoreFault) {
    for evse in evses { try books.circuits.removeOutlet(of: evse.id) }
    rewire()
  }

  // MARK: EVSEs on circuits

  /// Puts an EVSE on a circuit, or changes how it is there.
  public func changeOutlet(
    _ number: Int, of identity: StationIdentity, by who: String,
    _ edit: @escaping @MainActor @Sendable (inout KeptOutlet) throws(Refusal) -> Void
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let evse = try self.evse(number, of: identity)
      let old = try keep { () throws(StoreFault) in try self.books.circuits.outlet(of: evse.id) }
      var wish =
        old ?? KeptOutlet(evse: evse.id, station: evse.station, number: evse.number, circuit: ID(0))
      try edit(&wish)
      let outlet = wish
      let circuit = try self.circuit(outlet.circuit)
      let place = try keep { () throws(StoreFault) in try self.books.stations.station(evse.station)?.location }
      guard place == circuit.location else {
        throw .invalid(field: "circuit", "the circuit is at another location than the station")
      }
      try self.check(outlet, at: circuit)
      try keep { () throws(StoreFault) in
        try self.books.circuits.keep(outlet)
        try self.wiringChanged(at: circuit.location, by: who)
      }
    }
  }

  /// - Parameter look: looks at it as it is so far, and refuses where somebody meant another.
  public func removeOutlet(
    _ number: Int, of identity: StationIdentity, by who: String,
    looking look: @escaping @MainActor @Sendable (KeptOutlet) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let evse = try self.evse(number, of: identity)
      guard let old = try keep({ () throws(StoreFault) in try self.books.circuits.outlet(of: evse.id) }) else {
        throw .notFound("EVSE \(number) is on no circuit")
      }
      try look(old)
      let circuit = try self.circuit(old.circuit)
      try keep { () throws(StoreFault) in
        try self.books.circuits.removeOutlet(of: evse.id)
        try self.wiringChanged(at: circuit.location, by: who)
      }
    }
  }

  private func evse(_ number: Int, of identity: StationIdentity) throws(Refusal) -> EVSE {
    let station = try known(identity)
    guard let evse = try keep({ () throws(StoreFault) in try self.books.stations.evse(station.id, number: number) })
    else { throw .notFound("the station has no EVSE \(number)") }
    return evse
  }

  /// What stations allow by themselves must be safe for all of them together: nobody can tell them less while their lines
  /// are lost.
  private func check(_ outlet: KeptOutlet, at circuit: Circuit) throws(Refusal) {
    let most = Current(amperes: Limits.strongestFuse)
    for (field, current) in [
      ("most_a", outlet.most), ("least_a", outlet.least), ("station_most_a", outlet.stationMost),
    ]
    where current.map({ !(Current(amperes: 1)...most).contains($0) }) ?? false {
      throw .invalid(field: field, "1 to \(Limits.strongestFuse) A")
    }
    if let fallback = outlet.fallback, !(Current.zero...most).contains(fallback) {
      throw .invalid(field: "fallback_a", "0 to \(Limits.strongestFuse) A")
    }
    if let lines = outlet.lines, lines.intersection(circuit.lines).isEmpty {
      throw .invalid(field: "lines", "one to three of those that its circuit has")
    }
    guard outlet.fallback != nil else { return }
    let (circuits, fixed) = try keep { () throws(StoreFault) in
      (
        try self.books.circuits.all(at: circuit.location),
        try self.wiredOutlets(at: circuit.location, with: outlet).fixed
      )
    }
    if let excess = Fallbacks(of: fixed, on: circuits).excesses(above: circuit.id).first {
      throw .invalid(
        field: "fallback_a",
        "with the others' it comes to \(excess.sum) A, and '\(excess.circuit.name)' has \(excess.room) A")
    }
  }

  // MARK: Signals

  /// What a meter, a grid operator or an inverter tells of a circuit.
  public func tell(_ signal: CircuitSignal) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let circuit = try self.circuit(signal.circuit)
      try checkText(signal.source, "source", 1...Limits.nameLength)
      let seconds = signal.until.seconds(since: signal.at)
      guard (1...Int64(Limits.longestSignalSeconds)).contains(seconds) else {
        throw .invalid(field: "valid_s", "1 to \(Limits.longestSignalSeconds) seconds")
      }
      try keep { () throws(StoreFault) in
        try self.books.circuits.keep(signal)
        self.afterCommit {
          self.balancing.sites[circuit.location]?.balancer.told(signal)
          self.balancing.news.insert(circuit.location)
        }
      }
    }
  }

  public func forget(_ kind: CircuitSignal.Kind, of id: ID<Circuit>) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let circuit = try self.circuit(id)
      try keep { () throws(StoreFault) in
        try self.books.circuits.forget(kind, of: id)
        self.afterCommit {
          self.balancing.sites[circuit.location]?.balancer.forget(kind, of: id)
          self.balancing.isNews = true
        }
      }
    }
  }

  // MARK: Needs

  /// What a session needs, as somebody says.
  public func changeNeed(
    of id: String, by who: String, _ edit: @escaping @MainActor @Sendable (inout ChargingNeed) throws(Refusal) -> Void
  ) async throws(Refusal) -> KeptNeed {
    try await turn { () throws(Refusal) in
      guard let session = try keep({ () throws(StoreFault) in try self.books.sessions.session(id) }) else {
        throw .notFound("no such session")
      }
      guard session.endedAt == nil else { throw .conflict("the session has ended") }
      var need = try keep { () throws(StoreFault) in try self.books.circuits.need(of: id)?.need } ?? ChargingNeed()
      try edit(&need)
      if let energy = need.energy, energy <= .zero || energy > Domain.Limits.sessionEnergy {
        throw .invalid(field: "energy_kwh", "more than nothing, and less than 100 GWh")
      }
      guard (0...Limits.highestPriority).contains(need.priority) else {
        throw .invalid(field: "priority", "0 to \(Limits.highestPriority)")
      }
      if let phases = need.phases, !(1...3).contains(phases) { throw .invalid(field: "phases", "1 to 3") }
      if let least = need.least, let most = need.most, least > most {
        throw .invalid(field: "least_a", "no more than most_a")
      }
      let kept = KeptNeed(session: id, need: need, origin: who, updatedAt: self.now)
      try keep { () throws(StoreFault) in try self.keepNeed(kept, of: session) }
      return kept
    }
  }

  private func keepNeed(_ kept: KeptNeed, of session: Session) throws(StoreFault) {
    try books.circuits.keep(kept)
    let evse = session.evse
    afterCommit {
      guard let site = self.balancing.siteOf[evse] else { return }
      if self.balancing.sites[site]?.sessions[evse] == kept.session {
        self.balancing.sites[site]?.needs[evse] = kept.need
      }
      self.balancing.isNews = true
    }
  }

  /// Somebody wants a session to go first, or no longer.
  func prefer(_ session: Session, _ isFirst: Bool, by who: String) throws(StoreFault) {
    let known = try books.circuits.need(of: session.id)
    var need = known?.need ?? ChargingNeed()
    var usual = known?.usualPriority
    if isFirst {
      usual = usual ?? need.priority
      need.priority = Limits.highestPriority
    } else {
      // Whoever never went first keeps what somebody gave it.
      need.priority = usual ?? (need.priority == Limits.highestPriority ? 0 : need.priority)
      usual = nil
    }
    var kept = KeptNeed(session: session.id, need: need, origin: known?.origin ?? who, updatedAt: now)
    kept.usualPriority = usual
    try keepNeed(kept, of: session)
  }

  /// The vehicle itself says what it needs (OCPP 2.0.1 K15); what a person said stands above it.
  func vehicleNeeds(_ told: ChargingNeeds, of session: Session) throws(StoreFault) {
    let known = try books.circuits.need(of: session.id)
    guard known == nil || known?.origin == "vehicle" || known?.origin == "driver" else { return }
    var need = known?.need ?? ChargingNeed()
    need.departsAt = told.departsAt ?? need.departsAt
    if let energy = told.energy { need.energy = session.energy + energy }
    var kept = KeptNeed(session: session.id, need: need, origin: "vehicle", updatedAt: now)
    kept.usualPriority = known?.usualPriority
    try keepNeed(kept, of: session)
  }

  // MARK: How it stands

  /// The power of a site as it is shared now; nil where the location has no circuits.
  public func load(at location: ID<Location>) -> SiteLoad? {
    guard let site = balancing.sites[location] else { return nil }
    return SiteLoad(
      circuits: site.balancer.circuits, levels: site.balancer.levels(at: now), places: site.balancer.places(at: now),
      names: site.names, sessions: site.sessions, outlets: site.outlets)
  }
}

/// How a site stands, for people: circuits with what flows, and EVSEs with what they get and why.
public struct SiteLoad: Sendable {
  public let circuits: [Circuit]
  public let levels: [Balancer.Level]
  public let places: [Balancer.Place]
  public let names: [ID<EVSE>: (station: StationIdentity, number: Int)]
  public let sessions: [ID<EVSE>: String]
  public let outlets: [Outlet]
}
