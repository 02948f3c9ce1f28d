import CSMS
import Domain
import HTTP
import Store
import Wire

// What needs a person, and the figures of now and today.
extension Route {
  static let overview: [Route] = [
    Route("showOverview", .get, "/overview", .look) { try await $0.showOverview($1) }
  ]
}

extension API {
  fileprivate func showOverview(_ call: Call) async throws -> Answer {
    let now = now
    let today = try await zone(of: call).startOfDay(now)
    let online = house.onlineStations
    let papers = (house.doorCertificates, house.brokenCertificates)
    let strangers = house.strangers.filter { !$0.isIgnored }
    let trouble = house.trouble.map {
      Lookout.line("house_cannot_write", since: $0.since, detail: "\($0.fault)")
    }
    let json = try await house.read { books throws(StoreFault) in
      var look = Lookout(now: now, online: online)
      let (total, without) = try look.stations(books)
      try look.evses(books)
      let open = try look.sessions(books)
      try look.bills(books)
      let depths = try look.partners(books)
      try look.messages(books)
      try look.certificates(books, shown: papers.0, broken: papers.1)
      try look.keys(books)
      let figures = try books.analytics.figures(since: today)
      let power = open.reduce(Decimal.zero) { $0 + ($1.state == .active ? $1.power ?? .zero : .zero) }
      let knocks = strangers.map {
        Lookout.line("station_knocking", since: $0.since, station: $0.identity.text, detail: $0.address)
      }
      return [
        "at": .time(now), "needs_attention": .array([trouble].compactMap(\.self) + knocks + look.lines),
        "stations": [
          "total": .whole(total), "online": .whole(total - without), "offline": .whole(without),
          "knocking": .whole(strangers.count),
        ],
        "evses": .object(
          JSONObject(
            try books.analytics.statuses().sorted { $0.key.rawValue < $1.key.rawValue }.map {
              .init($0.key.rawValue, .whole($0.value))
            })),
        "sessions": [
          "active": .whole(open.count { $0.state == .active }), "pending": .whole(open.count { $0.state == .pending }),
          "today": .whole(figures.sessions),
        ],
        "power_kw": .power(power), "energy_today_kwh": .energy(figures.energy),
        "revenue_today": .list(figures.revenue) { .cost(Price(beforeTax: $0.amount), $0.currency) },
        "push_queue": [
          "due": .whole(depths.reduce(0) { $0 + $1.due }), "parked": .whole(depths.reduce(0) { $0 + $1.parked }),
          "oldest_at": .time(depths.compactMap(\.oldest).min()),
        ],
      ] as JSON
    }
    return .json(json)
  }
}

/// Looks through the books, from one snapshot, for what needs a person.
nonisolated private struct Lookout {
  let now: Timestamp
  let online: Set<ID<Station>>
  private(set) var lines: [JSON] = []

  init(now: Timestamp, online: Set<ID<Station>>) { (self.now, self.online) = (now, online) }

  static func line(
    _ kind: String, since: Timestamp? = nil, station: String? = nil, evse: Int? = nil, session: String? = nil,
    cdr: String? = nil,
    partner: Partner? = nil, count: Int = 1, detail: String? = nil
  ) -> JSON {
    [
      "kind": .string(kind), "since": .time(since), "station": .text(station), "evse": .whole(evse),
      "session": .text(session),
      "cdr": .text(cdr), "partner": partner?.nameJSON ?? .null, "count": .whole(count), "detail": .text(detail),
    ]
  }

  /// Adds the first few lines of a kind; the last one stands for all that are left.
  private mutating func add(_ kind: String, _ all: [JSON]) {
    let shown = all.prefix(Limits.attentionPerKind)
    lines += shown
    if all.count > shown.count { lines.append(Self.line(kind, count: all.count - shown.count)) }
  }

  /// Returns how many accepted stations there are, and how many of them are away.
  mutating func stations(_ books: Books) throws(StoreFault) -> (total: Int, away: Int) {
    var away: [JSON] = []
    var (total, open) = (0, 0)
    var place: StationIdentity?
    while true {
      let page = try books.stations.list(
        StationFilter(registration: .accepted), after: place, limit: Limits.longestPage)
      for station in page {
        total += 1
        if station.passwordHash == nil, station.securityProfile < .certificate { open += 1 }
        if !online.contains(station.id) {
          away.append(Self.line("station_offline", since: station.lastSeenAt, station: station.identity.text))
        }
      }
      guard page.count == Limits.longestPage else { break }
      place = page.last?.identity
    }
    add("station_offline", away)
    if open > 0 { lines.append(Self.line("station_without_password", count: open)) }
    return (total, away.count)
  }

  /// Our doors' certificates and the stations' that end soon, and new ones that could not be used.
  mutating func certificates(
    _ books: Books, shown: [DoorCertificate], broken: [String: String]
  ) throws(StoreFault) {
    add(
      "certificate_unusable",
      broken.sorted { $0.key < $1.key }.map { Self.line("certificate_unusable", detail: "\($0.key): \($0.value)") })
    let horizon = now + .seconds(Limits.expirySeconds)
    add(
      "certificate_expiring",
      shown.filter { $0.expiresAt <= ($0.isRevocationList ? now : horizon) }.map {
        Self.line("certificate_expiring", detail: "\($0.door): \($0.name), \($0.serial), \($0.expiresAt.text)")
      })
    add(
      "station_certificate_expiring",
      try books.security.expiring(by: horizon, limit: Limits.longestPage).map {
        Self.line(
          "station_certificate_expiring", station: $0.station.text,
          detail: "\($0.certificate.serial), \($0.certificate.expiresAt.text)")
      })
  }

  /// Stations of which nobody knows which key they have.
  mutating func keys(_ books: Books) throws(StoreFault) {
    let lines = try books.security.undecided(limit: Limits.longestPage).map { change throws(StoreFault) in
      Self.line(
        "station_key_undecided", since: change.undecidedSince,
        station: try books.stations.station(change.station)?.identity.text)
    }
    add("station_key_undecided", lines)
  }

  mutating func evses(_ books: Books) throws(StoreFault) {
    let stations = try books.stations.list(StationFilter(status: .faulted), limit: Limits.longestPage)
    let statuses = try books.stations.statuses(of: stations.map(\.id))
    add(
      "evse_faulted",
      stations.flatMap { station in
        (statuses[station.id] ?? []).filter { $0.status == .faulted }.map {
          Self.line("evse_faulted", since: $0.since, station: station.identity.text, evse: $0.number)
        }
      })
  }

  mutating func sessions(_ books: Books) throws(StoreFault) -> [Session] {
    let open = try books.sessions.allOpen()
    let stuck = open.filter { session in
      session.state == .active && now - (session.lastReadingAt ?? session.startedAt) > .seconds(Limits.stuckSeconds)
    }
    let superseded = try books.sessions.list(SessionFilter(state: .superseded), limit: Limits.longestPage)
    for (kind, all) in [("session_stuck", stuck), ("session_superseded", superseded)] {
      let lines = try all.map { session throws(StoreFault) in
        Self.line(
          kind, since: session.lastReadingAt ?? session.startedAt,
          station: try books.stations.station(session.station)?.identity.text, session: session.id)
      }
      add(kind, lines)
    }
    return open
  }

  mutating func bills(_ books: Books) throws(StoreFault) {
    let held = try books.cdrs.list(CDRFilter(isHeld: true), limit: Limits.longestPage)
    add(
      "cdr_held",
      held.map {
        Self.line(
          "cdr_held", since: $0.cdr.createdAt, station: $0.cdr.place.station, session: $0.cdr.session, cdr: $0.cdr.id,
          detail: $0.held)
      })
  }

  mutating func partners(_ books: Books) throws(StoreFault) -> [PushDepth] {
    let depths = try books.pushes.depths()
    for partner in try books.partners.all() {
      guard let depth = depths[partner.id] else { continue }
      let trouble = try books.pushes.trouble(of: partner.id)
      if depth.parked > 0 {
        lines.append(Self.line("push_parked", partner: partner, count: depth.parked, detail: trouble))
      }
      if partner.state == .registered, let oldest = depth.oldest, now - oldest > .seconds(Limits.failingSeconds) {
        lines.append(Self.line("partner_failing", since: oldest, partner: partner, count: depth.due, detail: trouble))
      }
    }
    return Array(depths.values)
  }

  mutating func messages(_ books: Books) throws(StoreFault) {
    let count = try books.parked.waitingCount()
    guard count > 0, let newest = try books.parked.waiting(limit: 1).first else { return }
    lines.append(
      Self.line(
        "message_parked", since: newest.receivedAt, station: try books.stations.station(newest.station)?.identity.text,
        count: count,
        detail: "\(newest.action): \(newest.why)"))
  }
}
