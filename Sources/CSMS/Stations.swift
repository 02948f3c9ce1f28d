import Crypto
import Domain
import Store
import Wire

// The stations as the operator keeps them: added, changed, moved, removed, and their passwords. Every change is an event, and
// where partners show it, a push.

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
        for number in stride(from: 1, through: evses, by: 1) { _ = try self.knownOrNewEVSE(number, of: made.id) }
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
    try await turn { () throws(Refusal) in try self.change(identity, by: who, with: parts, edit) }
  }

  /// The same within a turn.
  func change(
    _ identity: StationIdentity, by who: String, with parts: StationParts = StationParts(),
    _ edit: (inout Station) throws(Refusal) -> Void
  ) throws(Refusal) -> Station {
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
    if let before = old.location, before != changed.location { try self.requireNoSession(of: old) }
    try keep { () throws(StoreFault) in
      try self.record(.stationChanged(changed.id, by: who))
      if let before = old.location, before != changed.location { try self.leave(before, changed.id) }
      if old.location != changed.location { try self.moveUse(of: changed.id, from: old.location, to: changed.location) }
      try self.books.stations.update(changed)
      if changed.quirks.joined != old.quirks.joined { try self.layOut(changed.needs.joined ?? [], of: changed.id) }
      try self.locationMoved(of: changed.id)
    }
    if changed.registration != old.registration {
      try keep { () throws(StoreFault) in try self.registered(changed) }
    }
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
    if changed.location != old.location { try self.checkTariffs(of: changed, movedFrom: old.location) }
    return changed
  }

  /// Removes a station with its EVSEs. Its sessions, CDRs and history stay.
  public func removeStation(
    _ identity: StationIdentity, by who: String,
    _ look: @escaping @MainActor @Sendable (Station) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      try look(station)
      try self.requireNoSession(of: station)
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

  /// Which stations are connected now.
  public var onlineStations: Set<ID<Station>> { Set(links.all.compactMap(\.station)) }

  /// Those, and the ones whose connection ended a moment ago, who have time to return before they count as offline.
  public var reachableStations: Set<ID<Station>> { onlineStations.union(links.absent.keys) }
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
