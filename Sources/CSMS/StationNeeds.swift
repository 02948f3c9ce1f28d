import Domain
import Store
import Wire

// What single stations need done differently: what the operator writes is looked at here, and a decision about a station
// takes effect on the connection that it has.

extension CSMS {
  /// What a station needs done differently now; nothing for one that is gone.
  func needs(of station: ID<Station>) throws(StoreFault) -> StationQuirks {
    try books.stations.station(station)?.needs ?? StationQuirks()
  }

  /// The operator decided about a station. Where it is connected it stays so: an accepted one is asked for its boot, so that
  /// it learns of it at once, and from a rejected one nothing but a boot is taken.
  func registered(_ station: Station) throws(StoreFault) {
    guard let link = links.link(of: station.id) else { return }
    // What waited while nothing was asked of it.
    if station.registration == .accepted { try dutiesAreDue(at: station.id) }
    afterCommit {
      self.stationLink?.registered(link.id, as: station.registration)
      guard station.registration != .rejected, station.needs.isLeftAloneAfterBoot != true,
        station.needs.afterBoot?.triggersBoot != false
      else { return }
      self.tell(.trigger(.boot, evse: nil), on: link.id)
    }
  }

  func checkNeeds(_ quirks: StationQuirks) throws(Refusal) {
    if let zone = quirks.timeZone, zones[zone] == nil {
      throw .invalid(
        field: "quirks.time_zone", "an IANA time zone that this machine knows, such as Europe/Amsterdam")
    }
    if let factor = quirks.energyFactor, !(Limits.leastEnergyFactor...Limits.mostEnergyFactor).contains(factor) {
      throw .invalid(
        field: "quirks.energy_factor", "\(Limits.leastEnergyFactor) to \(Limits.mostEnergyFactor), 1000 for kWh as Wh")
    }
    let joined = quirks.joined ?? []
    let numbers = joined.flatMap(\.connectors)
    guard Set(numbers).count == numbers.count, Set(joined.map(\.evse)).count == joined.count else {
      throw .invalid(field: "quirks.joined", "each EVSE and each connector of the station once")
    }
    for (place, group) in joined.enumerated() where !group.connectors.contains(group.evse) {
      // Else a connector that is joined elsewhere and one that is not would both be this EVSE.
      guard numbers.contains(group.evse) else { continue }
      throw .invalid(field: "quirks.joined[\(place)].evse", "a number of one of its own connectors, or a free one")
    }
    if let secret = quirks.wantedSettings?.first(where: { SettingName(reading: $0.key).isSecret }) {
      throw .invalid(field: "quirks.wanted_settings", "\(secret.key) is a secret: set it by itself")
    }
    for text in [quirks.startTag, quirks.freeVendToken] { try checkText(text, "quirks", 1...36) }
    if let uid = quirks.freeVendToken {
      let known = try keep { () throws(StoreFault) in try self.books.tokens.tokens(folded: Token.fold(uid)) }
      guard !known.isEmpty else { throw .invalid(field: "quirks.free_vend_token", "nobody knows a token \(uid)") }
    }
  }

  /// A connected station is mirrored elsewhere, or nowhere, from now on.
  func forwards(_ station: Station) {
    guard let link = links.link(of: station.id) else { return }
    afterCommit {
      self.links.followed(link.id, nil)
      self.stationLink?.forward(link.id, to: station.forwarding)
    }
  }

  /// Where the connection to a connected station's follower stands.
  public func follower(of station: ID<Station>) -> FollowerState? { links.link(of: station)?.follower }

  func checkForwarding(_ forwarding: Forwarding?) throws(Refusal) {
    guard let forwarding else { return }
    guard forwarding.url.hasPrefix("ws://") || forwarding.url.hasPrefix("wss://"), forwarding.url.utf8.count > 6 else {
      throw .invalid(field: "forwarding.url", "a URL that begins with wss:// or ws://")
    }
    if let identity = forwarding.identity, StationIdentity(identity) == nil {
      throw .invalid(field: "forwarding.identity", "1 to 48 visible characters without colon and slash")
    }
    try checkText(forwarding.password, "forwarding.password", 1...64)
  }

  /// The station told its time, with a message that may be an old one.
  func told(_ time: Timestamp?, by station: ID<Station>) {
    if let time { links.told(time, by: station, at: now) }
  }

  /// Seconds by which a connected station's clock is ahead of ours; nil while it told no time on its connection.
  public func clockOffset(of station: ID<Station>) -> Int? {
    (links.link(of: station)?.clockOffset).map { Int($0.components.seconds) }
  }

  /// The operator has read what is odd about a station: the counts begin anew.
  public func forgetOddities(of identity: StationIdentity, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      try keep { () throws(StoreFault) in
        try self.books.stations.forgetOddities(of: station.id)
        try self.record(.stationChanged(station.id, by: who))
      }
    }
  }

  /// EVSEs that the operator joined of several connectors have these, so that each has its kind, power and status.
  func layOut(_ joined: [JoinedEVSE], of station: ID<Station>) throws(StoreFault) {
    for group in joined {
      guard let evse = try knownOrNewEVSE(group.evse, of: station) else { continue }
      for number in 1...group.connectors.count where !evse.connectors.contains(where: { $0.number == number }) {
        try books.stations.create(
          Connector(id: ID(0), number: number, isAssumed: true, updatedAt: now), at: evse.id)
      }
    }
  }
}

extension StationCommand {
  /// The command with the station's own numbers, where the operator joined its connectors, and over its own network.
  func numbered(by needs: StationQuirks) -> StationCommand {
    if case .settings(.network(let slot, var profile, let use)) = self, profile.interface == .any {
      profile.interface = needs.network?.interface ?? .any
      return .settings(.network(slot: slot, profile, use: use))
    }
    guard needs.joined != nil else { return self }
    func own(_ evse: Int, _ connector: Int? = nil) -> Int { needs.number(ofEVSE: evse, connector: connector) ?? evse }
    switch self {
    case .remoteStart(var start):
      start.evse = start.evse.map { own($0) }
      return .remoteStart(start)
    case .unlock(let evse, let connector): return .unlock(evse: own(evse, connector), connector: connector)
    case .setAvailability(let evse, let connector, let operative):
      return .setAvailability(evse: own(evse, connector), connector: connector, operative: operative)
    case .trigger(let what, let evse, let connector):
      return .trigger(what, evse: evse.map { own($0, connector) }, connector: connector)
    case .reservation(.reserve(var wish)):
      wish.evse = wish.evse.map { own($0) }
      return .reservation(.reserve(wish))
    case .profile(.set(let profile, let number, let evse)):
      return .profile(.set(profile, number: number, evse: own(evse)))
    case .profile(.clear(var filter)):
      filter.evse = filter.evse.map { own($0) }
      return .profile(.clear(filter))
    case .profile(.composite(let evse, let seconds, let unit)):
      return .profile(.composite(evse: own(evse), seconds: seconds, unit: unit))
    // These name no EVSE, or are only spoken with stations of 2.x, whose EVSEs are their own.
    case .remoteStop, .reset, .setConfiguration, .getConfiguration, .clearCache, .transactionStatus, .transferData,
      .capacity, .list, .reservation, .profile, .firmware, .security, .settings, .monitoring, .display, .customer,
      .grid,
      .swap, .tariff, .raw:
      return self
    }
  }
}
