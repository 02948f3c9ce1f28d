import Crypto
import Domain
import Store
import Wire

// The operator's bookkeeping of where cars charge: who we are, locations, the stations that stand there, their EVSEs
// and connectors. Every change is an event, and where partners show it, a push.

extension Refusal {
  /// An edit compares what it was given with what the caller had read, and refuses with this where they differ.
  public static let changedMeanwhile = Refusal.conflict(
    "it was changed since you read it: read it again and look at the difference")
}

/// Refuses a text of the wrong length, and one with control characters, which nobody means.
func checkText(_ text: String?, _ field: String, _ length: ClosedRange<Int>) throws(Refusal) {
  guard let text else { return }
  guard length.contains(text.count) else {
    throw .invalid(field: field, "\(length.lowerBound) to \(length.upperBound) characters")
  }
  guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
    throw .invalid(field: field, "a text without control characters")
  }
}

// MARK: - Who we are

extension CSMS {
  /// Adds a party of ours: another operator of stations, or a provider of drivers, also under a name that we have in
  /// another role.
  public func addParty(_ draft: Party, by who: String) async throws(Refusal) -> Party {
    try await turn { () throws(Refusal) in
      try self.check(draft)
      let all = try keep { () throws(StoreFault) in try self.books.parties.all() }
      guard all.count < Limits.parties else { throw .conflict("there are \(all.count) parties already") }
      if all.contains(where: { $0.name == draft.name && $0.role == draft.role }) {
        throw .conflict("\(draft.name) is a party of ours already")
      }
      return try keep { () throws(StoreFault) in
        let made = try self.books.parties.create(draft)
        if made.role == .emsp, !all.contains(where: { $0.role == .emsp }) { try self.introduce(made, by: who) }
        try self.record(.partyChanged(made.id, by: who))
        return made
      }
    }
  }

  /// Our first provider of drivers: partners that are invited and have not come yet will meet it beside our operator, as
  /// those do that are invited from now on. Who is registered already is not bothered: its page, `ostler partner provider`
  /// and PATCH make new tokens with it.
  private func introduce(_ provider: Party, by who: String) throws(StoreFault) {
    for partner in try books.partners.all() where partner.state == .invited && partner.provider == nil {
      guard try books.parties.party(partner.party)?.role == .cpo else { continue }
      var met = partner
      (met.provider, met.updatedAt) = (provider.id, time(after: partner.updatedAt))
      try books.partners.update(met)
      try record(.partnerChanged(partner.id, by: who))
    }
  }

  private func check(_ party: Party) throws(Refusal) {
    try checkText(party.businessName, "business_name", 1...Limits.nameLength)
    try checkText(party.website, "website", 1...255)
    guard PartyID(party.name.description) == party.name else {
      throw .invalid(field: "party_id", "a country code of two letters and a party id of three letters or digits")
    }
  }

  /// Changes what partners know of us. The name under which they know us is fixed while one of them is registered.
  public func changeParty(
    _ id: ID<Party>, by who: String, _ edit: @escaping @MainActor @Sendable (inout Party) throws(Refusal) -> Void
  ) async throws(Refusal) -> Party {
    try await turn { () throws(Refusal) in
      guard let old = try keep({ () throws(StoreFault) in try self.books.parties.party(id) }) else {
        throw .notFound("no such party")
      }
      var party = old
      try edit(&party)
      try self.check(party)
      if party.name != old.name {
        let isKnown = try keep { () throws(StoreFault) in
          try self.books.partners.all().contains {
            ($0.party == id || $0.provider == id) && ($0.state == .registered || $0.state == .paused)
          }
        }
        if isKnown {
          throw .conflict("a partner is registered with \(old.name): unregister it before the name changes")
        }
      }
      let changed = party
      try keep { () throws(StoreFault) in
        try self.books.parties.update(changed)
        try self.record(.partyChanged(id, by: who))
      }
      return changed
    }
  }
}

// MARK: - Locations

extension CSMS {
  /// Adds a location of the party that it names, of our first one where it names none; without a ref it gets one. Its id
  /// and times are given here.
  public func addLocation(_ draft: Location, by who: String) async throws(Refusal) -> Location {
    try await turn { () throws(Refusal) in
      var location = draft
      if location.party == ID(0) { location.party = try self.ourParty().id }
      if location.ref.isEmpty { location.ref = self.newID() }
      try checkText(location.ref, "ref", 1...36)
      (location.createdAt, location.updatedAt) = (self.now, self.now)
      try self.check(location)
      let new = location
      return try keep { () throws(StoreFault) in
        let made = try self.books.locations.create(new)
        try self.record(.locationChanged(made.id, by: who))
        try self.locationMoved(made.id)
        return made
      }
    }
  }

  public func changeLocation(
    _ id: ID<Location>, by who: String, _ edit: @escaping @MainActor @Sendable (inout Location) throws(Refusal) -> Void
  ) async throws(Refusal) -> Location {
    try await turn { () throws(Refusal) in
      let old = try self.location(id)
      var location = old
      try edit(&location)
      (location.ref, location.party) = (old.ref, old.party)
      // Partners ask for what changed since a time: what is as it was must not move.
      guard location != old else { return old }
      location.updatedAt = self.time(after: old.updatedAt)
      try self.check(location)
      let changed = location
      try keep { () throws(StoreFault) in
        try self.books.locations.update(changed)
        try self.record(.locationChanged(id, by: who))
        try self.locationMoved(id)
      }
      return changed
    }
  }

  /// Removes a location at which no station stands.
  public func removeLocation(
    _ id: ID<Location>, by who: String,
    _ look: @escaping @MainActor @Sendable (Location) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      try look(try self.location(id))
      let stations = try keep { () throws(StoreFault) in
        try self.books.stations.list(StationFilter(location: id), limit: 1)
      }
      if let station = stations.first { throw .conflict("station \(station.identity) stands there: move it first") }
      try keep { () throws(StoreFault) in
        try self.books.locations.remove(id)
        try self.record(.locationRemoved(id, by: who))
      }
    }
  }

  private func location(_ id: ID<Location>) throws(Refusal) -> Location {
    guard let location = try keep({ () throws(StoreFault) in try self.books.locations.location(id) }) else {
      throw .notFound("no such location")
    }
    return location
  }

  /// Lengths as OCPI 2.3.0 §8.3.1 has them.
  private func check(_ location: Location) throws(Refusal) {
    try checkText(location.name, "name", 1...255)
    try checkText(location.address, "address", 1...255)
    try checkText(location.city, "city", 1...45)
    try checkText(location.postalCode, "postal_code", 1...10)
    try checkText(location.state, "state", 1...45)
    guard location.country.utf8.count == 3, location.country.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
      throw .invalid(field: "country", "three capital letters (ISO 3166 alpha-3), such as NLD")
    }
    guard zones[location.timeZone] != nil else {
      throw .invalid(field: "time_zone", "an IANA time zone that this machine knows, such as Europe/Amsterdam")
    }
    if let flaw = location.details.flaw { throw .invalid(field: "details.\(flaw.field)", flaw.why) }
    let party = try keep { () throws(StoreFault) in try self.books.parties.party(location.party) }
    guard party?.role == .cpo else { throw .invalid(field: "party", "there is no such party that runs stations") }
  }

  func ourParty() throws(Refusal) -> Party {
    guard let party = try keep({ () throws(StoreFault) in try self.books.parties.cpo() }) else {
      throw .unavailable("no party of ours is in the books")
    }
    return party
  }

  /// A change is always later than the one before it, so that a version read before it can be told from one read after.
  func time(after earlier: Timestamp) -> Timestamp { max(now, earlier + .milliseconds(1)) }
}

// MARK: - Stations

extension CSMS {
  /// Adds a station before it first calls, with as many EVSEs as the operator says it has.
  public func addStation(
    _ identity: StationIdentity, at location: ID<Location>?, password: String?, evses: Int,
    serialNumber: String? = nil, securityProfile: SecurityProfile? = nil, by who: String
  ) async throws(Refusal) -> Station {
    try await turn { () throws(Refusal) in
      try checkText(serialNumber, "serial_number", 1...Limits.nameLength)
      let place: ID<Location>
      if let location { place = try self.place(location) } else { place = try self.firstLocation() }
      let hash = try password.map { text throws(Refusal) in try stationKey(text) }
      guard (0...Limits.evsesPerStation).contains(evses) else {
        throw .invalid(field: "evses", "0 to \(Limits.evsesPerStation)")
      }
      if try keep({ () throws(StoreFault) in try self.books.stations.station(identity) }) != nil {
        throw .conflict("there is a station \(identity) already")
      }
      return try keep { () throws(StoreFault) in
        let made = try self.books.stations.create(
          Station(
            id: ID(0), identity: identity, location: place, registration: .accepted, passwordHash: hash,
            securityProfile: securityProfile ?? (hash == nil ? .none : .basic), serialNumber: serialNumber,
            createdAt: self.now, updatedAt: self.now))
        try self.record(.stationAdded(made.id, by: who))
        for number in stride(from: 1, through: evses, by: 1) { _ = try self.evse(number, of: made.id) }
        // One that knocks already comes back as the station that it is now.
        if let link = self.knocks[identity]?.link {
          self.afterCommit { self.stationLink?.close(link, code: 1000, reason: "accepted: please reconnect") }
        }
        return made
      }
    }
  }

  /// What is changed of a station beside itself, in the same turn.
  public struct StationParts: Sendable {
    public enum Password: Sendable { case set(String), removed }

    public var password: Password?
    /// All EVSEs that it has: each is added or changed, and those that are not among them are removed.
    public var evses: [(number: Int, edit: @MainActor @Sendable (inout EVSE) throws(Refusal) -> Void)]?

    public init() {}
  }

  /// Changes what the operator may change of a station: where it stands, whether it may charge, what it needs done
  /// differently. All of it or nothing.
  public func changeStation(
    _ identity: StationIdentity, by who: String, with parts: StationParts = StationParts(),
    _ edit: @escaping @MainActor @Sendable (inout Station) throws(Refusal) -> Void
  ) async throws(Refusal) -> Station {
    try await turn { () throws(Refusal) in
      let old = try self.known(identity)
      var wish = old
      try edit(&wish)
      var station = old
      (station.location, station.registration, station.quirks) = (wish.location, wish.registration, wish.quirks)
      station.forwarding = wish.forwarding
      (station.securityProfile, station.serialNumber) = (wish.securityProfile, wish.serialNumber)
      try checkText(station.serialNumber, "serial_number", 1...Limits.nameLength)
      try self.checkNeeds(station.quirks)
      try self.checkForwarding(station.forwarding)
      station.updatedAt = self.time(after: old.updatedAt)
      if let location = station.location { _ = try self.place(location) }
      let changed = station
      try keep { () throws(StoreFault) in
        try self.record(.stationChanged(changed.id, by: who))
        if let before = old.location, before != changed.location { try self.leave(before, changed.id) }
        try self.books.stations.update(changed)
        if changed.quirks.joined != old.quirks.joined { try self.layOut(changed.needs.joined ?? [], of: changed.id) }
        try self.locationMoved(of: changed.id)
      }
      if changed.registration != old.registration { self.registered(changed) }
      if changed.forwarding != old.forwarding { self.forwards(changed) }
      if let link = self.links.link(of: changed.id), link.security.profile < changed.securityProfile {
        self.hangUp(on: changed.id, because: "its security profile was raised")
      }
      switch parts.password {
      case .set(let password): try self.keepPassword(password, of: changed, by: who)
      case .removed: try self.keepPassword(nil, of: changed, by: who)
      case nil: break
      }
      if let evses = parts.evses {
        for (number, edit) in evses { try self.change(number, of: try self.known(identity), by: who, edit) }
        // Last, because what is removed cannot come back as it was.
        try self.keepOnly(Set(evses.map(\.number)), of: try self.known(identity), by: who)
      }
      return changed
    }
  }

  /// Removes a station with its EVSEs. Its sessions, CDRs and history stay.
  public func removeStation(
    _ identity: StationIdentity, by who: String,
    _ look: @escaping @MainActor @Sendable (Station) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      try look(station)
      let open = try keep { () throws(StoreFault) in try self.books.sessions.open(of: station.id) }
      if let session = open.first { throw .conflict("session \(session.id) is open there: stop or close it first") }
      try keep { () throws(StoreFault) in
        try self.record(.stationRemoved(station.id, by: who))
        try self.bury(try self.books.stations.evses(of: station.id), of: station)
        try self.locationMoved(of: station.id)
        try self.books.stations.remove(station.id, at: self.now)
      }
      self.hangUp(on: station.id, because: "the operator removed this station")
    }
  }

  /// Sets a station's Basic password; without one the house makes it. Returns the password, which is kept nowhere.
  public func setPassword(of identity: StationIdentity, to password: String?, by who: String) async throws(Refusal)
    -> String
  {
    let password = password ?? newStationPassword()
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      try self.keepPassword(password, of: station, by: who)
    }
    return password
  }

  /// Gives a connected station a new Basic password by its `AuthorizationKey`, written before it is sent. What holds
  /// afterwards follows from how the command ended: the new one, the old one, or, where the station's answer was lost,
  /// both until it comes back (OCPP 1.6 security whitepaper, A.4). Without a password the house makes it.
  /// - Throws: `.conflict` where the old one still holds.
  public func rotatePassword(
    of identity: StationIdentity, to password: String?, by who: String
  ) async throws(Refusal) -> (password: String, command: CommandRecord, isDecided: Bool) {
    let password = password ?? newStationPassword()
    _ = try stationKey(password)
    let sent = try await command(.security(.setKey(password)), to: identity, by: who)
    guard let record = try await outcome(of: sent.id, within: settings.commandSeconds + 1) else {
      throw .notFound("the command was removed")
    }
    if record.phase == .refused {
      throw .conflict("the station did not take the new password; the old one still holds")
    }
    let isOpen = try keep { () throws(StoreFault) in try self.books.security.change(of: record.id) != nil }
    guard record.phase == .done || isOpen else {
      throw .conflict("the station did not take the new password; the old one still holds")
    }
    return (password, record, !isOpen)
  }

  /// Without a password the station has none any more, and whoever comes by its identity on an open way comes in.
  private func keepPassword(_ password: String?, of station: Station, by who: String) throws(Refusal) {
    var changed = station
    changed.passwordHash = try password.map { text throws(Refusal) in try stationKey(text) }
    // What asks for a certificate goes on asking for one.
    changed.securityProfile =
      password != nil
      ? max(station.securityProfile, .basic) : station.securityProfile < .certificate ? .none : .certificate
    changed.updatedAt = time(after: station.updatedAt)
    let kept = changed
    try keep { () throws(StoreFault) in
      try self.books.stations.update(kept)
      // What the operator says is what holds.
      try self.books.security.forgetChanges(of: kept.id)
      try self.record(.stationChanged(kept.id, by: who))
    }
  }

  /// Ends a station's connection once the turn is on disk.
  private func hangUp(on station: ID<Station>, because why: String) {
    guard let link = links.link(of: station) else { return }
    afterCommit { self.stationLink?.close(link.id, code: 1008, reason: why) }
  }

  private func place(_ id: ID<Location>) throws(Refusal) -> ID<Location> {
    guard try keep({ () throws(StoreFault) in try self.books.locations.location(id) }) != nil else {
      throw .invalid(field: "location", "there is no location \(id)")
    }
    return id
  }
}

/// The stored form of a station's password.
private func stationKey(_ password: String) throws(Refusal) -> String {
  guard Limits.stationPassword.contains(password.utf8.count), password.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
  else {
    throw .invalid(
      field: "password",
      "\(Limits.stationPassword.lowerBound) to \(Limits.stationPassword.upperBound) letters, digits and signs, without spaces"
    )
  }
  return StationKey.hash(of: Bytes(utf8: password)).text
}

/// 40 hex digits, because OCPP 1.6 stations are told the 20 bytes of their key as digits, and some present the bytes.
private func newStationPassword() -> String { randomBytes(20).hex }

// MARK: - EVSEs and connectors

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

  private func change(
    _ number: Int, of station: Station, by who: String, _ edit: @MainActor (inout EVSE) throws(Refusal) -> Void
  ) throws(Refusal) {
    guard let evse = try keep({ () throws(StoreFault) in try self.evse(number, of: station.id) }) else {
      throw .invalid(field: "number", "an EVSE has a number from 1 to \(Limits.evsesPerStation)")
    }
    var wish = evse
    try edit(&wish)
    try checkText(wish.evseID, "evse_id", 1...48)
    if let name = wish.evseID, name != evse.evseID { try self.check(name, of: evse) }
    if let flaw = wish.details.flaw { throw .invalid(field: "details.\(flaw.field)", flaw.why) }
    try checkText(wish.physicalReference, "physical_reference", 1...16)
    try self.check(wish.connectors)
    let changed = wish
    // What is as it was must not move.
    guard changed != evse else { return }
    try keep { () throws(StoreFault) in
      try self.write(changed, over: evse)
      var touched = station
      touched.updatedAt = self.time(after: station.updatedAt)
      try self.books.stations.update(touched)
      try self.record(.stationChanged(station.id, by: who))
      if let moved = try self.books.stations.evse(evse.id) { try self.evseMoved(moved) }
    }
  }

  /// Removes the EVSEs whose numbers are not among these. Sessions, CDRs and history stay; one with an open session stays
  /// too, and so does everything then.
  public func keepOnly(_ numbers: Set<Int>, of identity: StationIdentity, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in try self.keepOnly(numbers, of: try self.known(identity), by: who) }
  }

  private func keepOnly(_ numbers: Set<Int>, of station: Station, by who: String) throws(Refusal) {
    let gone = try keep { () throws(StoreFault) in
      try self.books.stations.evses(of: station.id).filter { !numbers.contains($0.number) }
    }
    for evse in gone {
      let open = try keep { () throws(StoreFault) in try self.books.sessions.open(at: evse) }
      if let open { throw .conflict("session \(open.id) is open at EVSE \(evse.number): stop or close it first") }
    }
    guard !gone.isEmpty else { return }
    try keep { () throws(StoreFault) in
      try self.record(.stationChanged(station.id, by: who))
      try self.bury(gone, of: station)
      for evse in gone { try self.books.stations.remove(evse.id, at: self.now) }
      try self.locationMoved(of: station.id)
    }
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
  private func bury(_ evses: [EVSE], of station: Station) throws(StoreFault) {
    try unwire(evses)
    guard let place = station.location, let view = try books.locations.view(place) else { return }
    for shown in view.evses where evses.contains(where: { $0.id == shown.evse.id }) && !shown.evse.connectors.isEmpty {
      try books.locations.bury(PublishedEVSE(shown), at: place, on: now)
      try evseMoved(shown.evse)
    }
  }

  /// A station leaves a location. Its EVSEs are gone there, and where they stand now they are others: an id means one
  /// place for good.
  private func leave(_ place: ID<Location>, _ station: ID<Station>) throws(StoreFault) {
    guard let known = try self.station(station) else { return }
    let evses = try books.stations.evses(of: station)
    try bury(evses, of: known)
    try locationMoved(place)
    for var evse in evses where !evse.connectors.isEmpty {
      (evse.uid, evse.updatedAt) = (newID(), now)
      try books.stations.update(evse)
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

  private func check(_ connectors: [Connector]) throws(Refusal) {
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
      for tariff in connector.tariffs
      where try keep({ () throws(StoreFault) in try self.books.tariffs.tariff(tariff) }) == nil {
        throw .invalid(field: "\(field).tariff", "there is no tariff \(tariff)")
      }
    }
  }
}

extension CSMS {
  /// Which stations are connected now.
  public var onlineStations: Set<ID<Station>> { Set(links.all.compactMap(\.station)) }
}
