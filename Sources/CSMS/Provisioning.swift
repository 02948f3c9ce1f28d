import Crypto
import Domain
import Store
import Wire

// Who the stations are: the door at which they come in, the strangers that knock, boots, statuses, and what is odd
// about them (OCPP 1.6 §4.2, §4.9).

extension CSMS: StationDoor {
  public func admit(_ caller: StationCaller) throws(TurnFault) -> Admission {
    try keeping { () throws(StoreFault) in
      guard let station = try books.stations.station(caller.identity) else { return try admitStranger(caller) }
      if let seconds = guesses.pause(station.id, caller.address, at: now) { return .tooOften(seconds: seconds) }
      let security: LinkSecurity
      switch try prove(caller, to: station) {
      case .proven(let proof): security = proof
      case .unproven(let why):
        if caller.password != nil { guesses.failed(station.id, caller.address, at: now) }
        try refuse(caller, because: why)
        return .unauthorized
      case .insecure(let why):
        try refuse(caller, because: why)
        return .insecure(why)
      }
      guesses.succeeded(station.id, caller.address)
      // Only now: who does not know the password must not be able to keep the station out.
      if let seconds = links.pause(of: station.id, at: now) { return .tooOften(seconds: seconds) }
      return .welcome(
        Admission.Guest(
          identity: station.identity, station: station.id, registration: station.registration, quirks: station.needs,
          zone: station.needs.timeZone.flatMap { zones[$0] } ?? .utc, forwarding: station.forwarding,
          security: security))
    }
  }

  private func admitStranger(_ caller: StationCaller) throws(StoreFault) -> Admission {
    let mayKnock =
      switch settings.strangers {
      case .knock: true
      case .refuse: false
      case .knockOnLoopback: caller.isLoopback
      }
    guard mayKnock else {
      try refuse(caller, because: "nobody knows this identity")
      return .unknown
    }
    let proof = try proofShown(by: caller)
    guard case .proven(let security) = proof else {
      guard case .insecure(let why) = proof else { return .unauthorized }
      try refuse(caller, because: why)
      return .insecure(why)
    }
    guard knocks.hasRoom || knocks[caller.identity] != nil else { return .crowded }
    afterCommit { self.knocks.expect(caller.identity, password: caller.password, security: security) }
    return .welcome(
      Admission.Guest(
        identity: caller.identity, station: nil, registration: .pending, quirks: StationQuirks(), security: security))
  }

  private func refuse(_ caller: StationCaller, because why: String) throws(StoreFault) {
    guard doorNotes.takes(caller.identity.text, at: now) else { return }
    log.notice(
      "a station was not let in",
      metadata: ["station": "\(caller.identity)", "address": "\(caller.address)", "reason": "\(why)"])
    try record(
      .refusedAtTheDoor(
        caller.identity, address: caller.address, why: why, certificate: caller.certificate?.serial))
  }

  public func turnedAway(_ caller: StationCaller, because why: String) throws(TurnFault) {
    try keeping { () throws(StoreFault) in try refuse(caller, because: why) }
  }

  public func opened(
    _ id: LinkID, of guest: Admission.Guest, version: String, address: String
  ) throws(TurnFault) -> any StationService {
    try keeping { () throws(StoreFault) in
      let link = LiveLinks.Link(
        id: id, identity: guest.identity, station: guest.station, version: version, address: address, openedAt: now,
        security: guest.security)
      if let station = guest.station {
        try books.stations.connected(station, version: version, at: now)
        try record(.stationConnected(station, version: version, address: address))
        try secured(guest.security, station)
        try restoreStatuses(of: station)
        try dutiesAreDue(at: station)
      } else if doorNotes.takes(guest.identity.text, at: now) {
        log.notice("an unknown station knocks", metadata: ["station": "\(guest.identity)", "address": "\(address)"])
        try record(.stationKnocked(guest.identity, address: address))
      }
      afterCommit { self.began(link) }
      return StationDesk(house: self, at: link)
    }
  }

  private func began(_ link: LiveLinks.Link) {
    let (replaced, isFlapping) = links.open(link)
    if link.station == nil {
      let before = knocks.open(
        link.identity, link: link.id, version: link.version, address: link.address, at: now)
      if let before { stationLink?.close(before, code: 1000, reason: "replaced by a newer connection") }
    }
    if let replaced { stationLink?.close(replaced, code: 1000, reason: "replaced by a newer connection") }
    if isFlapping, let station = link.station {
      note { () throws(StoreFault) in try self.record(.stationFlapping(station)) }
    }
  }

  public func closed(_ id: LinkID, reason: String) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      try ended(id, reason: reason)
    }
  }

  private func ended(_ id: LinkID, reason: String) throws(StoreFault) {
    guard let link = links[id] else {
      // It was opened in this very turn, and is known only after it.
      return afterCommit {
        if self.links[id] != nil { self.insist { () throws(StoreFault) in try self.ended(id, reason: reason) } }
      }
    }
    if let station = link.station, links.link(of: station)?.id == id {
      try record(.stationDisconnected(station, reason: reason))
    }
    afterCommit {
      _ = self.links.close(id, offlineAt: self.now + .seconds(self.settings.offlineSeconds))
      self.knocks.close(id)
    }
  }

  public func seen(_ link: LinkID, at time: Timestamp) { links.saw(link, at: time) }

  public func followed(_ link: LinkID, _ state: FollowerState) { links.followed(link, state) }
}

extension CSMS {
  // MARK: What stations say of themselves

  func booted(_ id: ID<Station>, _ report: BootReport) throws(StoreFault) -> BootVerdict {
    guard var station = try books.stations.station(id) else {
      return BootVerdict(registration: .rejected, interval: settings.pendingSeconds, now: now)
    }
    let before = station.preset
    let firmware = station.firmwareVersion
    station.vendor = report.vendor
    station.model = report.model
    try pin(report.serialNumber, of: &station)
    station.firmwareVersion = report.firmwareVersion ?? station.firmwareVersion
    station.preset = presets.preset(for: report)
    station.bootedAt = now
    station.updatedAt = now
    try books.stations.update(station)
    if let preset = station.preset, preset.name != before?.name { try record(.presetApplied(id, preset.name)) }
    afterCommit {
      self.links.booted(id)
      self.costsTold.booted(id)
      if station.registration == .accepted { self.afterBoot(of: id) }
    }
    try dutiesBeginAnew(at: station, firmwareWas: firmware)
    try record(
      .stationBooted(
        id, vendor: report.vendor, model: report.model, firmware: report.firmwareVersion, reason: report.reason))
    // A boot that we asked for interrupted nothing.
    if station.registration == .accepted, report.reason != .triggered, station.needs.isLeftAloneAfterBoot != true {
      try askAboutTransactions(of: id)
    }
    let interval =
      station.registration == .accepted
      ? station.needs.heartbeatSeconds ?? settings.heartbeatSeconds
      : station.needs.retrySeconds ?? settings.pendingSeconds
    return BootVerdict(registration: station.registration, interval: interval, now: now)
  }

  /// The serial number of its first accepted boot stands: its certificate may be issued to it. Only the operator changes
  /// it, as when the box was exchanged.
  private func pin(_ serialNumber: String?, of station: inout Station) throws(StoreFault) {
    guard let serialNumber, serialNumber != station.serialNumber else { return }
    guard station.registration == .accepted, let known = station.serialNumber else {
      station.serialNumber = serialNumber
      return
    }
    try noteOddity("BootNotification: serial number is not \(known)", sample: serialNumber, of: station.id)
  }

  func statusReported(_ report: StatusReport, by station: ID<Station>) throws(StoreFault) {
    // Connector 0 speaks of the whole box, which has no status of its own here: its EVSEs tell theirs.
    guard report.evse > 0 else { return try problemTold(report, by: station) }
    guard let evse = try evse(report.evse, of: station) else {
      return try noteOddity("EVSE number beyond \(Limits.evsesPerStation)", sample: "\(report.evse)", of: station)
    }
    let status = try status(of: evse, by: report)
    // What comes with a change of status stands in its history.
    if !report.isProblem {
      try problemTold(report, by: station)
    } else if status == evse.status, try books.stations.statusReason(evse.id) != report.note {
      try problemTold(report, by: station)
    }
    try setStatus(status, of: evse, note: report.note)
    balanceSpoke(evse.id, at: report.at)
    // The order of reports is that of their arrival, but what the car did is billed by the station's clock.
    try vehicleShifted(report, at: evse)
  }

  /// What the EVSE does. Where it has several connectors, the report is of one of them.
  private func status(of evse: EVSE, by report: StatusReport) throws(StoreFault) -> EVSE.Status {
    guard evse.connectors.count > 1, let one = evse.connectors.first(where: { $0.number == report.connector }) else {
      return report.status
    }
    try books.stations.setStatus(report.status, ofConnector: one.id)
    return EVSE.Status(
      of: evse.connectors.compactMap { $0.number == report.connector ? report.status : $0.status })
  }

  /// A connector of 2.x says only whether it is taken; what its session does the transaction tells.
  func connectorReported(_ report: ConnectorReport, by station: ID<Station>) throws(StoreFault) {
    guard report.evse > 0 else { return }
    guard var evse = try evse(report.evse, of: station) else {
      return try noteOddity("EVSE number beyond \(Limits.evsesPerStation)", sample: "\(report.evse)", of: station)
    }
    var availability = report.availability
    if let number = report.connector {
      evse = try knowing(connector: number, of: evse)
      if evse.connectors.count > 1, let one = evse.connectors.first(where: { $0.number == number }) {
        try books.stations.setStatus(EVSE.Status(availability), ofConnector: one.id)
        let all = evse.connectors.compactMap { $0.id == one.id ? availability : $0.status.flatMap(\.availability) }
        availability = ConnectorReport.joined(all) ?? availability
      }
    }
    let status = try status(of: evse, availability)
    try setStatus(status, of: evse, note: report.note)
    balanceSpoke(evse.id, at: nil)
    try reservationsGiveWay(to: status, at: evse)
  }

  private func status(
    of evse: EVSE, _ availability: ConnectorReport.Availability
  ) throws(StoreFault) -> EVSE.Status {
    switch availability {
    case .available: return .available
    case .reserved: return .reserved
    case .unavailable: return .unavailable
    case .faulted: return .faulted
    case .occupied: break
    }
    switch evse.status {
    case .preparing, .charging, .suspendedEV, .suspendedEVSE, .finishing: return evse.status
    case .available, .reserved, .unavailable, .faulted, .unknown: break
    }
    guard let session = try books.sessions.running(at: evse),
      let kept = try books.transactions.transaction(of: session.id), let state = kept.chargingState
    else { return .preparing }
    return state.status(hasCharged: kept.hasCharged)
  }

  /// The EVSE with a connector of that number, assumed where nobody spoke of it before.
  func knowing(connector number: Int, of evse: EVSE) throws(StoreFault) -> EVSE {
    guard number > 0, !evse.connectors.contains(where: { $0.number == number }) else { return evse }
    guard evse.connectors.count < Limits.connectorsPerEVSE else {
      try noteOddity(
        "connectors of one EVSE beyond \(Limits.connectorsPerEVSE)", sample: "\(number)", of: evse.station)
      return evse
    }
    var connector = Connector(id: ID(0), number: number, isAssumed: true, updatedAt: now)
    connector.tariff = evse.connectors.first?.tariff
    try books.stations.create(connector, at: evse.id)
    try record(.stationChanged(evse.station, by: "station"))
    return try books.stations.evse(evse.id) ?? evse
  }

  /// The EVSE of that number, made with an assumed connector where the station never spoke of it before.
  func evse(_ number: Int, of station: ID<Station>) throws(StoreFault) -> EVSE? {
    if let known = try books.stations.evse(station, number: number) { return known }
    guard (1...Limits.evsesPerStation).contains(number) else { return nil }
    let connector = Connector(id: ID(0), number: 1, isAssumed: true, updatedAt: now)
    let evse = EVSE(
      id: ID(0), station: station, number: number, uid: newID(), status: .unknown, statusSince: now,
      connectors: [connector], updatedAt: now)
    let made = try books.stations.create(evse)
    try record(.stationChanged(station, by: "station"))
    try locationMoved(of: station)
    return made
  }

  func setStatus(_ status: EVSE.Status, of evse: EVSE, note: String?) throws(StoreFault) {
    guard status != evse.status else { return }
    try countChange(of: evse, to: status, note: note)
    try books.stations.setStatus(evse.id, status, at: now, reason: note)
    try record(.evseStatus(evse.id, of: evse.station, status: status, note: note))
    try evseMoved(evse)
    try reservationsGiveWay(to: status, at: evse)
  }

  /// A station that returns without telling its statuses has those that it had before; it is asked
  /// anyway.
  private func restoreStatuses(of station: ID<Station>) throws(StoreFault) {
    for evse in try books.stations.evses(of: station) where evse.status == .unknown {
      if let before = try books.stations.statusBeforeUnknown(evse.id) {
        try setStatus(before, of: evse, note: "reconnected")
      }
    }
  }

  func wentOffline(_ station: ID<Station>) throws(StoreFault) {
    for evse in try books.stations.evses(of: station) { try setStatus(.unknown, of: evse, note: "offline") }
  }

  /// Some that were missed may have returned in the very turn that found them offline.
  func findReturned(_ stations: [ID<Station>]) {
    for station in stations where isOnline(station) {
      insist { () throws(StoreFault) in try self.restoreStatuses(of: station) }
    }
  }

  func noteOddity(_ what: String, sample: String, of station: ID<Station>) throws(StoreFault) {
    let isNew = try books.stations.noteOddity(station, what: what, sample: sample, at: now)
    if isNew { try record(.oddity(station, what: what)) }
  }

  func park(action: String, payload: JSON, why: String, of station: ID<Station>) throws(StoreFault) {
    let isNew = try books.parked.park(station: station, action: action, payload: payload, why: why, at: now)
    if isNew { try record(.messageParked(station, action: action, why: why)) }
  }
}

// MARK: - What the operator does with stations

extension CSMS {
  /// The operator is done with a parked message: it matched it by hand, or it does not matter.
  public func settle(_ id: ID<ParkedMessage>, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      guard let message = try keep({ () throws(StoreFault) in try self.books.parked.message(id) }),
        message.settledAt == nil
      else { throw .notFound("no such message waits") }
      try keep { () throws(StoreFault) in
        try self.books.parked.settle(id, at: self.now)
        try self.record(.messageSettled(message.station, action: message.action, by: who))
      }
    }
  }
}

extension CSMS {
  /// The strangers at the door.
  public var strangers: [Knock] { knocks.all }

  /// Lets a stranger in: it becomes a station, keeps the password that it showed, and is asked to introduce itself. If
  /// it does not, its link is closed, and it returns as a known station.
  public func accept(_ identity: StationIdentity, at location: ID<Location>?, by who: String) async throws(Refusal)
    -> Station
  {
    try await turn { () throws(Refusal) in
      guard let knock = self.knocks[identity] else {
        throw .notFound("no station knocks under the identity \(identity)")
      }
      let place = if let location { location } else { try self.firstLocation() }
      let station = try keep { () throws(StoreFault) in
        let made = try self.books.stations.create(
          Station(
            id: ID(0), identity: identity, location: place, registration: .accepted,
            passwordHash: knock.password.map { StationKey.hash(of: $0).text },
            securityProfile: knock.security.profile, vendor: knock.boot?.vendor, model: knock.boot?.model,
            // What an authority signed counts more than what the station says.
            serialNumber: knock.security.certificate.flatMap { $0.match == .serialNumber ? $0.commonName : nil }
              ?? knock.boot?.serialNumber,
            firmwareVersion: knock.boot?.firmwareVersion,
            lastVersion: knock.version,
            createdAt: self.now, updatedAt: self.now))
        try self.record(.stationAdded(made.id, by: who))
        if let certificate = knock.security.certificate {
          try self.books.security.keep(certificate, of: made.id, at: self.now)
        }
        try self.record(.stationConnected(made.id, version: knock.version, address: knock.address))
        return made
      }
      self.afterCommit {
        self.knocks.remove(identity)
        self.links.accept(knock.link, as: station.id, at: self.now)
        self.stationLink?.registered(knock.link, as: .accepted)
        self.introduce(on: knock.link)
      }
      return station
    }
  }

  /// Asks a freshly accepted station for its boot and its statuses.
  private func introduce(on link: LinkID) {
    tell(.trigger(.boot, evse: nil), on: link, within: Limits.introductionSeconds) { outcome in
      switch outcome {
      case .accepted:
        self.tell(.trigger(.status, evse: nil), on: link)
      case .refused, .failed, .timedOut, .disconnected, .impossible:
        // Its next boot says the same, and no station stays silent for long after a closed link.
        self.stationLink?.close(link, code: 1000, reason: "accepted: please reconnect")
      }
    }
  }

  /// Silences a stranger until the daemon restarts.
  public func ignore(_ identity: StationIdentity) { knocks.ignore(identity) }

  /// Where a station stands that nobody has placed yet: the only location, or a first one which partners do not see.
  func firstLocation() throws(Refusal) -> ID<Location> {
    try keep { () throws(StoreFault) in
      if let first = try self.books.locations.first() { return first.id }
      let party = try self.cpo()
      let place = try self.books.locations.create(
        Location(
          id: ID(0), party: party.id, ref: self.newID(), name: "First site", address: "-", city: "-",
          country: Country.alpha3(party.name.country) ?? "NLD", coordinates: .nullIsland, timeZone: "Etc/UTC",
          isPublished: false,
          createdAt: self.now, updatedAt: self.now))
      try self.record(.locationChanged(place.id, by: "house"))
      return place.id
    }
  }
}
