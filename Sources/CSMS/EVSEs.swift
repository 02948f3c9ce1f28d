import Domain
import Store
import Wire

// The EVSEs and connectors of a station as the operator keeps them, and how they go. Every change is an event, and where
// partners show it, a push.

extension CSMS {
  /// Changes what the operator may change of an EVSE and its connectors; an EVSE or connector of a new number is added.
  /// A connector that was written here is no longer assumed. `look` sees the station as it is, and may refuse.
  public func changeEVSE(
    _ number: Int, of identity: StationIdentity, by who: String,
    _ look: @escaping @MainActor @Sendable (Station) throws(Refusal) -> Void = { _ in },
    _ edit: @escaping @MainActor @Sendable (inout EVSE) throws(Refusal) -> Void
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      try look(station)
      try self.change(number, of: station, by: who, edit)
    }
  }

  func change(
    _ number: Int, of station: Station, by who: String, _ edit: @MainActor (inout EVSE) throws(Refusal) -> Void
  ) throws(Refusal) {
    guard let evse = try keep({ () throws(StoreFault) in try self.knownOrNewEVSE(number, of: station.id) }) else {
      throw .invalid(field: "number", "an EVSE has a number from 1 to \(Limits.evsesPerStation)")
    }
    var wish = evse
    try edit(&wish)
    try checkText(wish.evseID, "evse_id", 1...48)
    if let name = wish.evseID, name != evse.evseID { try self.check(name, of: evse) }
    if let flaw = wish.details.flaw { throw .invalid(field: "details.\(flaw.field)", flaw.why) }
    try checkText(wish.physicalReference, "physical_reference", 1...16)
    try self.check(wish.connectors, of: station, before: evse)
    let changed = wish
    // What is as it was must not move.
    guard changed != evse else { return }
    try keep { () throws(StoreFault) in
      try self.write(changed, over: evse)
      var touched = station
      touched.updatedAt = self.time(after: station.updatedAt)
      try self.books.stations.update(touched)
      try self.record(.stationChanged(station.id, by: who))
      if let moved = try self.books.stations.evse(evse.id) {
        try self.evseMoved(moved)
        try self.stationTariffFollows(moved)
      }
    }
  }

  /// Removes the EVSEs whose numbers are not among these. Sessions, CDRs and history stay; one with an open session stays
  /// too, and so does everything then.
  public func keepOnly(_ numbers: Set<Int>, of identity: StationIdentity, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in try self.keepOnly(numbers, of: try self.known(identity), by: who) }
  }

  func keepOnly(_ numbers: Set<Int>, of station: Station, by who: String) throws(Refusal) {
    let gone = try keep { () throws(StoreFault) in
      try self.books.stations.evses(of: station.id).filter { !numbers.contains($0.number) }
    }
    try requireNoSession(of: station, at: Set(gone.map(\.id)))
    guard !gone.isEmpty else { return }
    try keep { () throws(StoreFault) in
      try self.record(.stationChanged(station.id, by: who))
      try self.bury(gone, of: station)
      for evse in gone { try self.books.stations.remove(evse.id, at: self.now) }
      try self.locationMoved(of: station.id)
    }
  }

  /// A bill names the place at which it was charged, so no place goes, or becomes another, under a session that is not over:
  /// also one whose car is awaited, and one that waits for a late stop.
  /// - Parameter evses: nil: any of the station's.
  func requireNoSession(of station: Station, at evses: Set<ID<EVSE>>? = nil) throws(Refusal) {
    let open = try keep { () throws(StoreFault) in try self.books.sessions.unended(of: station.id) }
    guard let session = open.first(where: { evses?.contains($0.evse) ?? true }) else { return }
    throw .conflict("session \(session.id) is not over there: stop or close it first")
  }

  /// An id that is on a box is nobody else's, and not that of one that is gone (OCPI 2.2.1 §8.3.2).
  private func check(_ name: String, of evse: EVSE) throws(Refusal) {
    guard EVSE.isEMI3(name) else {
      throw .invalid(field: "evse_id", "country, operator, E and a name, such as NL*OST*E0001")
    }
    let isTaken = try keep { () throws(StoreFault) in try self.books.locations.isTaken(name, besides: evse.id) }
    if isTaken { throw .conflict("\(name) is, or once was, another EVSE") }
  }

  /// EVSEs stop standing where they stand: partners that knew of them hear that they are gone.
  /// - Parameter keepsNames: false where they stand elsewhere now.
  func bury(_ evses: [EVSE], of station: Station, keepsNames: Bool = true) throws(StoreFault) {
    try unwire(evses)
    for evse in evses { try books.downtimes.retire(evse.id, at: now) }
    guard let place = station.location, let view = try books.locations.view(place) else { return }
    for shown in view.evses where evses.contains(where: { $0.id == shown.evse.id }) && !shown.evse.connectors.isEmpty {
      try books.locations.bury(PublishedEVSE(shown), at: place, on: now, keepsName: keepsNames)
      try evseMoved(shown.evse)
    }
  }

  /// A station leaves a location. Its EVSEs are gone there, and where they stand now they are others: an id means one
  /// place for good.
  func leave(_ place: ID<Location>, _ station: ID<Station>) throws(StoreFault) {
    guard let known = try self.station(station) else { return }
    let evses = try books.stations.evses(of: station)
    try bury(evses, of: known, keepsNames: false)
    try locationMoved(place)
    for var evse in evses where !evse.connectors.isEmpty {
      (evse.uid, evse.updatedAt) = (newID(), now)
      try books.stations.update(evse)
    }
  }

  /// What its connectors did stays with the place where they did it.
  func moveUse(of station: ID<Station>, from old: ID<Location>?, to new: ID<Location>?) throws(StoreFault) {
    for connector in try books.stations.evses(of: station).flatMap(\.connectors) {
      try books.usage.moves(connector.id, from: old, to: new)
    }
  }

  private func write(_ wish: EVSE, over old: EVSE) throws(StoreFault) {
    var evse = old
    (evse.evseID, evse.physicalReference, evse.updatedAt) = (wish.evseID, wish.physicalReference, now)
    evse.details = wish.details
    try books.stations.update(evse)
    for wish in wish.connectors {
      var connector = wish
      connector.isAssumed = false
      connector.updatedAt = now
      guard let before = old.connectors.first(where: { $0.number == wish.number }) else {
        try books.stations.create(connector, at: old.id)
        continue
      }
      guard before != wish else { continue }
      connector.id = before.id
      try books.stations.update(connector)
    }
    rewire()
  }

  private func check(_ connectors: [Connector], of station: Station, before: EVSE) throws(Refusal) {
    let owner = try self.owner(of: station.location)
    let known = Set(before.connectors.flatMap(\.tariffs))
    guard connectors.count <= Limits.connectorsPerEVSE else {
      throw .invalid(field: "connectors", "at most \(Limits.connectorsPerEVSE)")
    }
    for (place, connector) in connectors.enumerated() {
      let field = "connectors[\(place)]"
      guard (1...99).contains(connector.number) else { throw .invalid(field: "\(field).number", "1 to 99") }
      guard (1...2_000).contains(connector.maxVoltage) else {
        throw .invalid(field: "\(field).max_voltage", "1 to 2000 V")
      }
      guard (1...5_000).contains(connector.maxAmperage) else {
        throw .invalid(field: "\(field).max_amperage", "1 to 5000 A")
      }
      if let power = connector.maxPower, !(1...Limits.strongestConnector).contains(power) {
        throw .invalid(field: "\(field).max_power", "1 to \(Limits.strongestConnector) W")
      }
      if let flaw = connector.details.flaw { throw .invalid(field: "\(field).details.\(flaw.field)", flaw.why) }
      guard connector.tariffs.count <= Limits.connectorTariffs, Set(connector.tariffs).count == connector.tariffs.count
      else {
        throw .invalid(field: "\(field).more_tariffs", "at most \(Limits.connectorTariffs) tariffs, each once")
      }
      for tariff in connector.tariffs {
        guard let version = try keep({ () throws(StoreFault) in try self.books.tariffs.tariff(tariff) }) else {
          throw .invalid(field: "\(field).tariff", "there is no tariff \(tariff)")
        }
        // Partners of the one party are never told of the other's.
        guard version.party == owner || known.contains(tariff) else {
          let (theirs, ours) = (try name(of: version.party), try name(of: owner))
          throw .invalid(
            field: "\(field).tariff", "\(version.tariff.ref) is a tariff of \(theirs), and the station is \(ours)'s")
        }
      }
    }
  }

  /// A station that comes to another party's location brings no tariffs along.
  func checkTariffs(of station: Station, movedFrom old: ID<Location>?) throws(Refusal) {
    let owner = try self.owner(of: station.location)
    guard try self.owner(of: old) != owner else { return }
    let evses = try keep { () throws(StoreFault) in try self.books.stations.evses(of: station.id) }
    for evse in evses {
      for tariff in evse.connectors.flatMap(\.tariffs) {
        let version = try keep { () throws(StoreFault) in try self.books.tariffs.tariff(tariff) }
        guard let version, version.party != owner else { continue }
        let (theirs, ours) = (try name(of: version.party), try name(of: owner))
        throw .conflict(
          "EVSE \(evse.number) has \(version.tariff.ref), a tariff of \(theirs), and the location is \(ours)'s: take it off first"
        )
      }
    }
  }
}
