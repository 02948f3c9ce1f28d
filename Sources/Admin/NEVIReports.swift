import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// What 23 CFR 680.112(a) asks for each quarter, as EV-ChART takes it: its modules 2 (sessions), 3 (uptime) and 4 (outages),
// with its columns, units and bounds. A station there is what is a location here, its charger is our station, and its port
// our EVSE; the ids are those of the open data (680.116(c)).
extension Route {
  static let neviReports: [Route] = [
    Route("exportNEVISessions", .get, "/reports/nevi-sessions.csv", .look) { try await $0.exportNEVISessions($1) },
    Route("exportNEVIUptime", .get, "/reports/nevi-uptime.csv", .look) { try await $0.exportNEVIUptime($1) },
    Route("exportNEVIOutages", .get, "/reports/nevi-outages.csv", .look) { try await $0.exportNEVIOutages($1) },
  ]
}

extension API {
  private static let head = ["station_id", "port_id", "network_provider"]

  /// The time and the place that are asked for, and the network as EV-ChART lists it: without a word our own name.
  private func asked(_ call: Call) async throws -> (span: Uptime.Span, location: ID<Location>?, network: String) {
    let (span, location): (Uptime.Span, ID<Location>?) = (
      try call.reportedSpan(until: now), try call.queryID("location")
    )
    if let named = call[query: "network_provider"] { return (span, location, named) }
    let own = try await house.read { books throws(StoreFault) in try books.parties.cpo()?.businessName }
    return (span, location, own ?? "")
  }

  private func file(_ name: String, _ span: Uptime.Span, _ table: inout CSV) -> Answer {
    .response(
      Response(
        .ok,
        headers: [
          "Content-Type": "text/csv; charset=utf-8",
          "Content-Disposition": "attachment; filename=\"nevi-\(name)-\(span.begin.text.prefix(10)).csv\"",
        ], body: table.take()))
  }

  // MARK: Sessions (module 2)

  /// A line for each session that began in the span and is over: kWh and kW, times of UTC, and why it failed where it did;
  /// and one without figures for each port that had none, as EV-ChART takes its word for it.
  fileprivate func exportNEVISessions(_ call: Call) async throws -> Answer {
    let (span, location, network) = try await asked(call)
    var table = CSV(
      columns: Self.head + [
        "charger_id", "session_id", "connector_id", "session_start", "session_end", "session_error", "error_other",
        "energy_kwh", "power_kw", "payment_method", "payment_other",
      ])
    var told = Set<String>()
    var cursor: String?
    repeat {
      let before = cursor
      let rows = try await house.read { books throws(StoreFault) in
        try books.sessions.reported(in: span, at: location, after: before, limit: Limits.exportRows)
      }
      for row in rows {
        table.add(row.neviCells(of: network))
        told.insert(row.port)
      }
      cursor = rows.count == Limits.exportRows ? rows.last?.id : nil
    } while cursor != nil
    let silent = try await house.read { [told] books throws(StoreFault) in
      try books.downtimes.ports(at: location, in: span).filter { !told.contains($0.uid) }.map {
        port throws(StoreFault) in
        (
          site: try port.location.flatMap { id throws(StoreFault) in try books.locations.location(id)?.ref },
          uid: port.uid
        )
      }
    }
    let nothing = [CSV.Cell](repeating: .empty, count: 11)
    for port in silent { table.add([.text(port.site), .text(port.uid), .text(network)] + nothing) }
    return file("sessions", span, &table)
  }

  // MARK: Uptime (module 3)

  /// A line for each port and each month that ended in the span: uptime is told by month, over the twelve months before its
  /// end (680.116(b)). What is not a year old has no percentage yet.
  fileprivate func exportNEVIUptime(_ call: Call) async throws -> Answer {
    let (span, location, network) = try await asked(call)
    var table = CSV(
      columns: Self.head + [
        "uptime_reporting_start", "uptime_reporting_end", "uptime", "total_outage", "total_outage_excl",
      ])
    for year in span.yearsBeforeMonthsEnds {
      for port in try await uptime(by: .nevi, over: year, at: location).ports {
        let (figures, part) = (port.figures, port.port.part(of: year))
        let begin = part.begin
        // The percentage has two places there, and is not rounded up to a threshold.
        let percent = begin == year.begin ? figures.percent?.rounded(toPlaces: 2, .down) : nil
        table.add([
          .text(port.place?.ref), .text(port.port.uid), .text(network), .time(begin),
          // The last second of it: the end of December is one of that year.
          .time(part.end - .seconds(1)), percent.map { .number($0) } ?? .empty,
          .number(Uptime.minutes(figures.outage)), .number(Uptime.minutes(figures.excludedTotal)),
        ])
      }
    }
    return file("uptime", span, &table)
  }

  // MARK: Outages (module 4)

  /// A line for each outage of the span, named by when it began, in minutes. One of which a part is excused is two; a port
  /// without any has a line that says so by its empty fields. Of a note there go `Limits.chartText` characters.
  fileprivate func exportNEVIOutages(_ call: Call) async throws -> Answer {
    let (span, location, network) = try await asked(call)
    var table = CSV(
      columns: Self.head + [
        "outage_id", "outage_duration", "excluded_outage", "excluded_outage_reason", "excluded_outage_notes",
      ])
    for port in try await uptime(by: .nevi, over: span, at: location, isListing: true).ports {
      // What is shorter than a hundredth of a minute is none there.
      let outages = port.figures.outages.filter { Uptime.minutes($0.span.length) > .zero }
      if outages.isEmpty {
        let nothing = [CSV.Cell](repeating: .empty, count: 5)
        table.add([.text(port.place?.ref), .text(port.port.uid), .text(network)] + nothing)
      }
      for outage in outages {
        let note = outage.excuse.flatMap { excuse in
          port.downtimes.first {
            $0.cause == excuse && $0.beginsAt <= outage.span.begin && ($0.endsAt ?? span.end) >= outage.span.end
          }?.note
        }
        table.add([
          .text(port.place?.ref), .text(port.port.uid), .text(network), .time(outage.span.begin),
          .number(Uptime.minutes(outage.span.length)), .text(outage.excuse == nil ? "False" : "True"),
          outage.excuse.flatMap(\.placeInNEVI).map { .whole($0) } ?? .empty,
          .text(note.map { String($0.prefix(Limits.chartText)) }),
        ])
      }
    }
    return file("outages", span, &table)
  }
}

nonisolated extension Uptime.Span {
  /// The twelve months before the end of each month of UTC that ended within the span.
  fileprivate var yearsBeforeMonthsEnds: [Uptime.Span] {
    var years: [Uptime.Span] = []
    var (year, month) = (begin.civil.year, begin.civil.month)
    while true {
      (year, month) = month == 12 ? (year + 1, 1) : (year, month + 1)
      guard let end = Call.month(month, year), let first = Call.month(month, year - 1), end <= self.end else {
        return years
      }
      years.append(Uptime.Span(begin: first, end: end))
    }
  }
}

nonisolated extension Downtime.Cause {
  /// Its number in EV-ChART's list, which follows the words of 680.116(b)(3)(ii); hours in which it is closed, the sixth, are
  /// no outage here at all.
  fileprivate var placeInNEVI: Int64? {
    switch self {
    case .utility: 1
    case .vehicle: 2
    case .scheduledMaintenance: 3
    case .vandalism: 4
    case .naturalDisaster: 5
    case .other: nil
    }
  }
}

nonisolated extension ReportedSession {
  /// kWh and kW have two places there, and ids at most 36 characters.
  fileprivate func neviCells(of network: String) -> [CSV.Cell] {
    let error = Incident.code(of: ending, energy: energy)
    let (method, other) = payment
    return [
      .text(site), .text(port), .text(network), .text(charger.count > 36 ? nil : charger), .text(id),
      .whole(connector), .time(startedAt), .time(endedAt), .text(error == nil ? "none" : "other"), .text(error),
      .number(energy.kilowattHours.rounded(toPlaces: 2, .halfUp)),
      .number((power ?? meanPower).divided(by: Decimal(1_000), places: 2, rounding: .halfUp)), .text(method),
      .text(other),
    ]
  }

  /// W over the whole of it, where no reading told any.
  private var meanPower: Decimal {
    let seconds = max(1, (endedAt ?? startedAt).seconds(since: startedAt))
    return (energy.wattHours * Decimal(3_600)).divided(by: Decimal(seconds), places: 1, rounding: .halfUp)
  }

  private var payment: (String, String?) {
    switch kind {
    case .rfid: ("rfid", nil)
    case .appUser: ("mobile_app", nil)
    case .emaid, .macAddress: ("plug_and_charge", nil)
    case .adHocUser: ("other", "ad hoc")
    default: ("other", kind.rawValue.lowercased())
    }
  }
}
