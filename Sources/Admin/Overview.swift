import CSMS
import Domain
import HTTP
import Store
import Wire

// What needs a person, and the figures of now and today.
extension Route {
  static let overview: [Route] = [
    Route("showOverview", .get, "/overview", .look) { try await $0.showOverview($1) },
    Route("showPowerLine", .get, "/power", .look) { api, _ in .json(api.powerLine.json) },
  ]
}

extension API {
  fileprivate func showOverview(_ call: Call) async throws -> Answer {
    let now = now
    let today = try await zone(of: call).startOfDay(now)
    let online = house.reachableStations
    // Doors and strangers are of no site.
    let isWhole = call.caller.scope == nil
    let papers: ([DoorCertificate], [String: String]) =
      isWhole ? (house.doorCertificates, house.brokenCertificates) : ([], [:])
    let strangers = isWhole ? house.strangers.filter { !$0.isIgnored } : []
    let trouble = house.trouble.map {
      AttentionItem(.houseCannotWrite, since: $0.since, detail: "\($0.fault)")
    }
    let (over, silent) = (house.circuitsOver, house.silentMeters)
    let json = try await house.read { books throws(StoreFault) in
      var look = AttentionList(now: now, online: online)
      let (total, without) = try look.stations(books)
      try look.evses(books)
      try look.sessions(books)
      try look.bills(books)
      try look.circuits(books, over: over)
      try look.meters(books, silent: silent)
      let depths = isWhole ? try look.partners(books) : []
      try look.messages(books)
      try look.certificates(books, shown: papers.0, broken: papers.1)
      try look.keys(books)
      let figures = try books.analytics.figures(since: today)
      let open = try books.attention.openSessions()
      let knocks = strangers.map {
        AttentionItem(.stationKnocking, since: $0.since, station: $0.identity.text, detail: $0.address)
      }
      let items = [trouble].compactMap(\.self) + knocks + look.items
      return [
        "at": .time(now), "needs_attention": .list(items, \.json),
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
          "active": .whole(open.active), "pending": .whole(open.pending),
          "today": .whole(figures.sessions),
        ],
        "power_kw": .power(open.power), "energy_today_kwh": .energy(figures.energy),
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

/// What all sessions drew together, noted again and again, for the line of the first screen. It is a figure of the daemon's
/// and not of the books: it begins with the daemon, and the oldest point goes where there is no room.
nonisolated struct PowerLine: Sendable {
  private var points: [(at: Timestamp, watts: Decimal)] = []

  mutating func note(_ watts: Decimal, at time: Timestamp) {
    if points.count == Limits.powerPoints { points.removeFirst() }
    points.append((time, watts))
  }

  var json: JSON { ["items": .list(points) { ["at": .time($0.at), "power_kw": .power($0.watts)] }] }
}

extension API {
  /// Seconds between two points of the line of power.
  public static let powerSeconds = Limits.powerSeconds

  /// Notes what all sessions draw now. Where it cannot be read the line has a gap.
  public func notePower() async {
    let open = try? await house.read { books throws(StoreFault) in try books.attention.openSessions() }
    if let open { powerLine.note(open.power, at: now) }
  }
}

nonisolated extension AttentionItem {
  fileprivate var json: JSON {
    [
      "kind": .word(kind), "since": .time(since), "station": .text(station), "evse": .whole(evse),
      "session": .text(session), "cdr": .text(cdr), "partner": partner?.nameJSON ?? .null, "count": .whole(count),
      "detail": .text(detail),
    ]
  }
}
