import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// Sessions as 23 CFR 680.112(a) asks for them each quarter, beside the uptime of the ports.
extension Route {
  static let sessionReport: [Route] = [
    Route("exportNEVISessions", .get, "/reports/nevi-sessions.csv", .look) { try await $0.exportNEVISessions($1) }
  ]
}

extension API {
  /// A line for each session that began in the span and is over: kWh and kW, times of UTC, and why it failed where it did.
  fileprivate func exportNEVISessions(_ call: Call) async throws -> Answer {
    let span = try call.reportedSpan(until: now)
    let location: ID<Location>? = try call.queryID("location")
    var table = CSV(columns: [
      "station_id", "port_id", "session_id", "session_start", "session_end", "session_error", "error_other",
      "energy_kwh", "power_kw", "payment_method", "payment_other",
    ])
    var cursor: String?
    repeat {
      let before = cursor
      let rows = try await house.read { books throws(StoreFault) in
        try books.sessions.list(
          SessionFilter(state: .completed, from: span.begin, to: span.end), before: before, limit: Limits.exportRows
        ).map { session throws(StoreFault) in try NEVISession(session, books) }
      }
      for row in rows where location.map({ $0 == row.session.location }) ?? true { table.add(row.cells) }
      cursor = rows.count == Limits.exportRows ? rows.last?.session.id : nil
    } while cursor != nil
    let day = span.begin.text.prefix(10)
    return .response(
      Response(
        .ok,
        headers: [
          "Content-Type": "text/csv; charset=utf-8",
          "Content-Disposition": "attachment; filename=\"nevi-sessions-\(day).csv\"",
        ], body: table.take()))
  }
}

nonisolated private struct NEVISession: Sendable {
  let session: Session
  let station: String
  let port: String
  /// The highest power that a reading told; without one the mean of the session.
  let watts: Decimal

  init(_ session: Session, _ books: Books) throws(StoreFault) {
    self.session = session
    station = try books.stations.station(session.station)?.identity.text ?? "\(session.station)"
    port = try books.stations.evse(session.evse)?.uid ?? "\(session.evse)"
    let told = try books.sessions.figures(of: session.id).compactMap(\.power).max()
    let seconds = max(1, (session.endedAt ?? session.startedAt).seconds(since: session.startedAt))
    let mean = (session.energy.wattHours * Decimal(3_600)).divided(by: Decimal(seconds), places: 1, rounding: .halfUp)
    watts = told ?? mean
  }

  var cells: [CSV.Cell] {
    let error = Incident(session)?.code
    let (method, other) = payment
    return [
      .text(station), .text(port), .text(session.id), .time(session.startedAt),
      session.endedAt.map { .time($0) } ?? .empty, .text(error == nil ? "none" : "other"), .text(error),
      .number(session.energy.kilowattHours),
      .number(watts.divided(by: Decimal(1_000), places: 3, rounding: .halfUp)), .text(method), .text(other),
    ]
  }

  private var payment: (String, String?) {
    switch session.token.kind {
    case .rfid: ("rfid", nil)
    case .appUser: ("mobile_app", nil)
    case .emaid, .macAddress: ("plug_and_charge", nil)
    case .adHocUser: ("other", "ad hoc")
    default: ("other", session.token.kind.rawValue.lowercased())
    }
  }
}
