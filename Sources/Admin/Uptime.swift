import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// Reports of uptime: recomputed from the status history whenever they are asked for, with their period, what they leave
// out and why, and what they do not know.
extension Route {
  static let uptime: [Route] = [
    Route("reportUptime", .get, "/reports/uptime", .look) { try await $0.reportUptime($1) },
    Route("exportUptime", .get, "/reports/uptime.csv", .look) { try await $0.exportUptime($1) },
    Route("listStatusHistory", .get, "/stations/{id}/status-history", .look) { try await $0.listStatusHistory($1) },
    Route("listDowntimes", .get, "/downtimes", .look) { try await $0.listDowntimes($1) },
    Route("createDowntime", .post, "/downtimes", .run) { try await $0.createDowntime($1) },
    Route("removeDowntime", .delete, "/downtimes/{id}", .run) { api, call in
      try await api.house.removeDowntime(try call.id(), by: call.by)
      return .done
    },
  ]
}

extension API {
  fileprivate func reportUptime(_ call: Call) async throws -> Answer {
    .json(try await uptime(call).json)
  }

  fileprivate func exportUptime(_ call: Call) async throws -> Answer {
    let report = try await uptime(call)
    let day = report.span.begin.text.prefix(10)
    return .response(
      Response(
        .ok,
        headers: [
          "Content-Type": "text/csv; charset=utf-8",
          "Content-Disposition": "attachment; filename=\"uptime-\(report.rule.rawValue)-\(day).csv\"",
        ], body: report.csv))
  }

  private func uptime(_ call: Call) async throws -> UptimeReport {
    try await uptime(
      by: try call.queryWord("rule") ?? .plain, over: try call.reportedSpan(until: now),
      at: try call.queryID("location"))
  }

  /// The report of all ports, or of those of one location, with each outage where they are to be listed.
  func uptime(
    by rule: Uptime.Rule, over span: Uptime.Span, at location: ID<Location>?, isListing: Bool = false
  ) async throws -> UptimeReport {
    let (all, locations, downtimes) = try await house.read { books throws(StoreFault) in
      let all = try books.downtimes.ports(at: location, in: span)
      var locations: [Location] = []
      for id in Set(all.compactMap(\.location)) {
        if let place = try books.locations.location(id) { locations.append(place) }
      }
      return (all, locations, try books.downtimes.all(from: span.begin, to: span.end))
    }
    // What takes long is done beside the household, and outside of the snapshots of others.
    let places: [ID<Location>: UptimeReport.Place] = try await house.read { [zones] _ throws(StoreFault) in
      let places = locations.map { place in
        let hours = place.isAlwaysOpen ? nil : place.details.opening
        return (place.id, (place, hours?.spans(over: span, zone: zones[place.timeZone] ?? .utc)))
      }
      return Dictionary(uniqueKeysWithValues: places)
    }
    let ports = all.filter { rule != .uk2023 || $0.watts >= Limits.rapidWatts }
    var report = UptimeReport(rule: rule, span: span, chargePoints: Set(all.map(\.station)).count, ports: [])
    // A piece at a time, so that no reader holds its snapshot for long.
    for first in stride(from: 0, to: ports.count, by: Limits.portsAtOnce) {
      let piece = Array(ports[first..<min(first + Limits.portsAtOnce, ports.count)])
      // What takes long is done beside the household.
      let found: [UptimeReport.Port] = try await house.read { books throws(StoreFault) in
        try piece.map { port throws(StoreFault) in
          let span = port.part(of: span)
          let place = port.location.flatMap { places[$0] }
          let own = downtimes.filter { $0.concerns(port.evse, of: port.station, at: port.location) }
          let figures = try Uptime(
            rule, over: span, time: books.stations.statusTime(of: port.evse, in: span), downtimes: own,
            opening: place?.opening, isListing: isListing
          ) { () throws(StoreFault) in try books.stations.outages(of: port.evse, in: span) }
          return UptimeReport.Port(port: port, place: place?.location, figures: figures, downtimes: own)
        }
      }
      report.ports += found
    }
    return report
  }

  /// The raw history that reports stand on.
  fileprivate func listStatusHistory(_ call: Call) async throws -> Answer {
    let identity = try call.identity()
    let span = try call.reportedSpan(until: now)
    let found: [(Int, StatusChange)]? = try await house.read { books throws(StoreFault) in
      guard let station = try books.stations.station(identity) else { return nil }
      var changes: [(Int, StatusChange)] = []
      for evse in try books.stations.evses(of: station.id) {
        for change in try books.stations.history(of: evse.id, from: span.begin, to: span.end) {
          changes.append((evse.number, change))
        }
      }
      return changes
    }
    guard let found else { throw Problem(.notFound, "no station \(identity)") }
    return .page(
      found.map { number, change in
        [
          "evse": .whole(number), "status": .word(change.status), "at": .time(change.at),
          "reason": .text(change.reason),
        ]
      }, next: nil)
  }

  // MARK: Downtimes

  fileprivate func listDowntimes(_ call: Call) async throws -> Answer {
    let (limit, cursor) = try (call.limit(), call.cursorID(of: Downtime.self))
    let found = try await house.read { books throws(StoreFault) in
      try books.downtimes.list(before: cursor, limit: limit)
    }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last?.id.description)
  }

  fileprivate func createDowntime(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    guard let begin = try fields.maybeTime("begins_at") else {
      throw Problem.invalid("begins_at", "this field is required")
    }
    var draft = Downtime(
      id: ID(0), beginsAt: begin, endsAt: try fields.maybeTime("ends_at"), cause: try fields.word("cause"),
      note: try fields.maybeText("note"), origin: call.by, createdAt: now)
    draft.location = try fields.maybeID("location", of: Location.self)
    if let text = try fields.maybeText("station") {
      guard let identity = StationIdentity(text) else { throw Problem.invalid("station", "no station's identity") }
      let evse = try fields.maybeWhole("evse")
      let place = try await house.read { books throws(StoreFault) in
        try books.stations.station(identity).map { station throws(StoreFault) in
          (
            station.id,
            try evse.flatMap { number throws(StoreFault) in
              try books.stations.evse(station.id, number: number)?.id
            }
          )
        }
      }
      guard let place, evse == nil || place.1 != nil else { throw Problem.invalid("station", "there is no such EVSE") }
      (draft.station, draft.evse) = (place.0, place.1)
    }
    try fields.finish()
    return .json(try await house.addDowntime(draft, by: call.by).json, status: .created)
  }
}

extension Call {
  /// `from` and `to`, or a `year` with or without a `quarter` in UTC; it ends now where it would end later.
  func reportedSpan(until now: Timestamp) throws(Problem) -> Uptime.Span {
    var begin = try queryTime("from")
    var end = try queryTime("to")
    if let text = self[query: "year"] {
      guard let year = Int(text), (2_000...2_200).contains(year) else { throw .invalid("year", "such as 2026") }
      var (first, months) = (1, 12)
      if let quarter = self[query: "quarter"] {
        guard let number = Int(quarter), (1...4).contains(number) else { throw .invalid("quarter", "1 to 4") }
        (first, months) = (number * 3 - 2, 3)
      }
      begin = Self.month(first, year)
      end = first + months > 12 ? Self.month(1, year + 1) : Self.month(first + months, year)
    }
    guard let begin else { throw .invalid("from", "a year, or from and to") }
    let span = Uptime.Span(begin: begin, end: min(end ?? now, now))
    guard span.begin < span.end else { throw .invalid("to", "later than the begin, which is not in the future") }
    guard span.end - span.begin <= .seconds(Limits.reportDays * 86_400) else {
      throw .invalid("to", "at most \(Limits.reportDays) days after from")
    }
    return span
  }

  nonisolated static func month(_ month: Int, _ year: Int) -> Timestamp? {
    Timestamp("\(year)-\(month < 10 ? "0" : "")\(month)-01T00:00:00Z")
  }
}

// MARK: - The report

nonisolated struct UptimeReport: Sendable {
  /// A place, and when it is open; nil is always.
  typealias Place = (location: Location, opening: [Uptime.Span]?)

  struct Port: Sendable {
    let port: ReportedPort
    let place: Location?
    let figures: Uptime
    let downtimes: [Downtime]

    /// Minutes in each state of an EVSE that regulation 7(3) and (4) of the United Kingdom name.
    var spent: [(status: PublishedStatus, minutes: Decimal)] {
      [.available, .charging, .reserved, .unknown, .blocked, .inoperative, .outOfOrder].map {
        ($0, Uptime.minutes(figures.spent[$0] ?? 0))
      }
    }
  }

  let rule: Uptime.Rule
  let span: Uptime.Span
  /// All stations that were operated, also those that the rule does not measure (Public Charge Point Regulations 2023, 8(2)(a)).
  let chargePoints: Int
  var ports: [Port]

  /// Of the whole network: the mean over all minutes that were measured.
  var percent: Decimal? {
    Uptime.percent(
      measured: ports.reduce(0) { $0 + $1.figures.measured },
      outage: ports.reduce(0) { $0 + $1.figures.outage - $1.figures.excludedTotal })
  }

  private func meets(_ percent: Decimal?) -> JSON {
    guard let threshold = rule.threshold, let percent else { return .null }
    // NEVI asks for more than its threshold, the UK for no less.
    return .bool(rule == .nevi ? percent > threshold : percent >= threshold)
  }

  var json: JSON {
    let causes = Downtime.Cause.allCases.map { cause in
      (cause, ports.reduce(Int64(0)) { $0 + ($1.figures.excluded[cause] ?? 0) })
    }
    return [
      "rule": .word(rule), "from": .time(span.begin), "to": .time(span.end),
      "threshold_percent": .decimal(rule.threshold),
      "network": [
        "charge_points": .whole(chargePoints), "ports": .whole(ports.count), "uptime_percent": .decimal(percent),
        "meets_threshold": meets(percent),
        "measured_minutes": .decimal(Uptime.minutes(ports.reduce(0) { $0 + $1.figures.measured })),
        "outage_minutes": .decimal(Uptime.minutes(ports.reduce(0) { $0 + $1.figures.outage })),
        "unknown_minutes": .decimal(Uptime.minutes(ports.reduce(0) { $0 + $1.figures.unknown })),
        "gap_minutes": .decimal(Uptime.minutes(ports.reduce(0) { $0 + $1.figures.gap })),
        "excluded_minutes": .object(
          JSONObject(causes.filter { $0.1 > 0 }.map { .init($0.0.rawValue, .decimal(Uptime.minutes($0.1))) })),
      ],
      "ports": .list(ports) { port in
        let figures = port.figures
        return [
          "station": .string(port.port.identity.text), "evse": .whole(port.port.number), "uid": .string(port.port.uid),
          "evse_id": .text(port.port.evseID), "location": .text(port.place?.ref),
          "max_power_w": .whole(port.port.watts), "removed_at": .time(port.port.until),
          "uptime_percent": .decimal(figures.percent), "meets_threshold": meets(figures.percent),
          "measured_minutes": .decimal(Uptime.minutes(figures.measured)),
          "outage_minutes": .decimal(Uptime.minutes(figures.outage)),
          "excluded_minutes": .decimal(Uptime.minutes(figures.excludedTotal)),
          "closed_minutes": .decimal(Uptime.minutes(figures.closed)),
          "unknown_minutes": .decimal(Uptime.minutes(figures.unknown)),
          "gap_minutes": .decimal(Uptime.minutes(figures.gap)),
          "status_minutes": .object(JSONObject(port.spent.map { .init($0.status.rawValue, .decimal($0.minutes)) })),
          "exclusions": .array(port.downtimes.map(\.json)),
        ]
      },
    ]
  }

  /// A line for each port, with what its figure rests on.
  var csv: Bytes {
    var table = CSV(columns: [
      "station_id", "port_id", "uptime_reporting_start", "uptime_reporting_end", "uptime", "total_outage",
      "excluded_outage", "excluded_outage_reason", "excluded_outage_notes", "rule", "location_id", "evse_id",
      "max_power_w", "measured_minutes", "closed_minutes", "unknown_minutes", "gap_minutes", "address", "postal_code",
      "city", "country", "latitude", "longitude", "available_minutes", "charging_minutes", "reserved_minutes",
      "blocked_minutes", "inoperative_minutes", "outoforder_minutes",
    ])
    for port in ports {
      let figures = port.figures
      let used = port.downtimes.filter { figures.excluded[$0.cause] != nil }
      let spent: [CSV.Cell] = port.spent.filter { $0.status != .unknown }.map { .number($0.minutes) }
      let cells: [CSV.Cell] = [
        .text(port.port.identity.text), .text(port.port.uid), .time(span.begin), .time(port.port.part(of: span).end),
        figures.percent.map { .number($0) } ?? .empty, .number(Uptime.minutes(figures.outage)),
        .number(Uptime.minutes(figures.excludedTotal)),
        .text(Downtime.Cause.allCases.filter { figures.excluded[$0] != nil }.map(\.rawValue).joined(separator: "; ")),
        .text(used.compactMap(\.note).joined(separator: "; ")), .text(rule.rawValue), .text(port.place?.ref),
        .text(port.port.evseID), .whole(Int64(port.port.watts)), .number(Uptime.minutes(figures.measured)),
        .number(Uptime.minutes(figures.closed)), .number(Uptime.minutes(figures.unknown)),
        .number(Uptime.minutes(figures.gap)), .text(port.place?.address), .text(port.place?.postalCode),
        .text(port.place?.city), .text(port.place?.country), .text(port.place?.coordinates.latitude),
        .text(port.place?.coordinates.longitude),
      ]
      table.add(cells + spent)
    }
    return table.take()
  }
}

nonisolated extension Downtime {
  var json: JSON {
    [
      "id": .id(id), "location": .id(location), "station_id": .id(station), "evse_id": .id(evse),
      "begins_at": .time(beginsAt), "ends_at": .time(endsAt), "cause": .word(cause), "note": .text(note),
      "origin": .string(origin), "created_at": .time(createdAt),
    ]
  }
}
