import Domain
import Store
import Wire

/// Looks through the books, from one snapshot, for what needs a person.
nonisolated public struct AttentionList {
  let now: Timestamp
  let online: Set<ID<Station>>
  /// Of one kind as many are listed; the last line then stands for all that are left.
  let perKind: Int
  public private(set) var items: [AttentionItem] = []

  public init(now: Timestamp, online: Set<ID<Station>>, perKind: Int = Limits.attentionPerKind) {
    (self.now, self.online, self.perKind) = (now, online, perKind)
  }

  /// Adds the first few lines of a kind; the last one stands for all that are left.
  private mutating func add(_ kind: AttentionItem.Kind, _ all: [AttentionItem]) {
    add(kind, Glance(first: all, count: all.count)) { $0 }
  }

  private mutating func add<Line>(
    _ kind: AttentionItem.Kind, _ found: Glance<Line>, _ item: (Line) -> AttentionItem
  ) {
    let shown = found.first.prefix(perKind)
    items += shown.map(item)
    if found.count > shown.count { items.append(AttentionItem(kind, count: found.count - shown.count)) }
  }

  /// Returns how many accepted stations there are, and how many of them are away.
  public mutating func stations(_ books: Books) throws(StoreFault) -> (total: Int, away: Int) {
    let found = try books.attention.stations(online: online, limit: perKind)
    add(.stationOffline, found.absent) {
      AttentionItem(.stationOffline, since: $0.lastSeenAt, station: $0.identity.text)
    }
    if found.open > 0 { items.append(AttentionItem(.stationWithoutPassword, count: found.open)) }
    return (found.total, found.absent.count)
  }

  /// Our doors' certificates and the stations' that end soon, and new ones that could not be used.
  public mutating func certificates(
    _ books: Books, shown: [DoorCertificate], broken: [String: String]
  ) throws(StoreFault) {
    add(
      .certificateUnusable,
      broken.sorted { $0.key < $1.key }.map { AttentionItem(.certificateUnusable, detail: "\($0.key): \($0.value)") })
    let horizon = now + .seconds(Limits.expirySeconds)
    add(
      .certificateExpiring,
      shown.filter { $0.expiresAt <= ($0.isRevocationList ? now : horizon) }.map {
        AttentionItem(.certificateExpiring, detail: "\($0.door): \($0.name), \($0.serial), \($0.expiresAt.text)")
      })
    add(
      .stationCertificateExpiring,
      try books.security.expiring(by: horizon, limit: Limits.lookedAtOnce).map {
        AttentionItem(
          .stationCertificateExpiring, station: $0.station.text,
          detail: "\($0.certificate.serial), \($0.certificate.expiresAt.text)")
      })
  }

  /// Stations of which nobody knows which key they have.
  public mutating func keys(_ books: Books) throws(StoreFault) {
    let lines = try books.security.undecided(limit: Limits.lookedAtOnce).map { change throws(StoreFault) in
      AttentionItem(
        .stationKeyUndecided, since: change.undecidedSince,
        station: try books.stations.station(change.station)?.identity.text)
    }
    add(.stationKeyUndecided, lines)
  }

  /// EVSEs that are faulted.
  public mutating func evses(_ books: Books) throws(StoreFault) {
    add(.evseFaulted, try books.attention.faulted(limit: perKind)) {
      AttentionItem(.evseFaulted, since: $0.since, station: $0.station.text, evse: $0.number)
    }
  }

  /// Sessions that hang and those that were superseded.
  public mutating func sessions(_ books: Books) throws(StoreFault) {
    let stuck = try books.attention.stuck(since: now - .seconds(Limits.stuckSeconds), limit: perKind)
    let superseded = try books.attention.superseded(limit: perKind)
    for (kind, found) in [(AttentionItem.Kind.sessionStuck, stuck), (.sessionSuperseded, superseded)] {
      add(kind, found) { AttentionItem(kind, since: $0.since, station: $0.station?.text, session: $0.id) }
    }
  }

  /// Circuits on which more is reserved than they carry.
  public mutating func circuits(_ books: Books, over: [CircuitOver]) throws(StoreFault) {
    var lines: [AttentionItem] = []
    for one in over {
      guard let place = try books.locations.location(one.location) else { continue }
      lines.append(AttentionItem(.circuitOver, since: one.since, detail: "\(place.name): \(one.circuit)"))
    }
    add(.circuitOver, lines)
  }

  /// Circuits whose meters are silent.
  public mutating func meters(_ books: Books, silent: [SilentMeter]) throws(StoreFault) {
    var lines: [AttentionItem] = []
    for one in silent {
      guard let place = try books.locations.location(one.location) else { continue }
      lines.append(AttentionItem(.meterSilent, since: one.since, detail: "\(place.name): \(one.circuit)"))
    }
    add(.meterSilent, lines)
  }

  /// CDRs that are held back.
  public mutating func bills(_ books: Books) throws(StoreFault) {
    add(.cdrHeld, try books.attention.held(limit: perKind)) {
      AttentionItem(
        .cdrHeld, since: $0.cdr.createdAt, station: $0.cdr.place.station, session: $0.cdr.session, cdr: $0.cdr.id,
        detail: $0.held)
    }
  }

  /// Partners whose queues do not move. Returns how deep each queue is.
  public mutating func partners(_ books: Books) throws(StoreFault) -> [PushDepth] {
    let depths = try books.pushes.depths()
    for partner in try books.partners.all() {
      guard let depth = depths[partner.id] else { continue }
      let trouble = try books.pushes.trouble(of: partner.id)
      if depth.parked > 0 {
        items.append(AttentionItem(.pushParked, partner: partner, count: depth.parked, detail: trouble))
      }
      if partner.state == .registered, let oldest = depth.oldest, now - oldest > .seconds(Limits.failingSeconds) {
        items.append(
          AttentionItem(.partnerFailing, since: oldest, partner: partner, count: depth.due, detail: trouble))
      }
    }
    return Array(depths.values)
  }

  /// Whether the disk of the books is nearly full.
  /// - Parameter space: what the disk of the books has free, of how much; nil where nobody knows.
  mutating func disk(_ space: DiskSpace?) {
    guard let space, space.free < Limits.diskBytes, space.free < space.all / Limits.diskShare else { return }
    items.append(
      AttentionItem(.diskLow, detail: "\(space.free / 1_000_000) MB of \(space.all / 1_000_000) MB are free"))
  }

  /// Messages of stations that were parked.
  public mutating func messages(_ books: Books) throws(StoreFault) {
    let count = try books.parked.waitingCount()
    guard count > 0, let newest = try books.parked.waiting(limit: 1).first else { return }
    items.append(
      AttentionItem(
        .messageParked, since: newest.receivedAt, station: try books.stations.station(newest.station)?.identity.text,
        count: count,
        detail: "\(newest.action): \(newest.why)"))
  }
}

/// A circuit that stations which keep no limit may make carry too much.
nonisolated public struct CircuitOver: Sendable, Equatable {
  public let location: ID<Location>
  public let circuit: String
  public let since: Timestamp
}

/// A circuit whose meter was heard and is silent.
nonisolated public struct SilentMeter: Sendable, Equatable {
  public let location: ID<Location>
  public let circuit: String
  public let since: Timestamp
}

/// One thing that needs a person: a line of the overview, and perhaps an alarm.
nonisolated public struct AttentionItem: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    case cdrHeld = "cdr_held"
    case circuitOver = "circuit_over"
    case certificateExpiring = "certificate_expiring"
    case certificateUnusable = "certificate_unusable"
    case evseFaulted = "evse_faulted"
    case diskLow = "disk_low"
    case houseCannotWrite = "house_cannot_write"
    case messageParked = "message_parked"
    case meterSilent = "meter_silent"
    case partnerFailing = "partner_failing"
    case pushParked = "push_parked"
    case sessionStuck = "session_stuck"
    case sessionSuperseded = "session_superseded"
    case stationCertificateExpiring = "station_certificate_expiring"
    case stationKeyUndecided = "station_key_undecided"
    case stationKnocking = "station_knocking"
    case stationOffline = "station_offline"
    case stationWithoutPassword = "station_without_password"
  }

  public var kind: Kind
  public var since: Timestamp?
  public var station: String?
  public var evse: Int?
  public var session: String?
  public var cdr: String?
  public var partner: Partner?
  /// How many it stands for.
  public var count: Int
  public var detail: String?

  public init(
    _ kind: Kind, since: Timestamp? = nil, station: String? = nil, evse: Int? = nil, session: String? = nil,
    cdr: String? = nil, partner: Partner? = nil, count: Int = 1, detail: String? = nil
  ) {
    (self.kind, self.since, self.station, self.evse, self.session) = (kind, since, station, evse, session)
    (self.cdr, self.partner, self.count, self.detail) = (cdr, partner, count, detail)
  }
}
