import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// What charging costs the climate: the series of CO2 factors, and the grams of sessions by it.
extension Route {
  static let carbon: [Route] = [
    Route("listCarbonFactors", .get, "/carbon-factors", .look) { try await $0.listCarbonFactors($1) },
    Route("keepCarbonFactors", .post, "/carbon-factors", .run) { try await $0.keepCarbonFactors($1) },
    Route("removeCarbonFactors", .delete, "/carbon-factors", .run) { api, call in
      let span = try call.carbonSpan()
      try await api.house.removeCarbon(of: try call.queryID("location"), from: span.begin, to: span.end)
      return .done
    },
    Route("showSessionCarbon", .get, "/sessions/{id}/carbon", .look) { try await $0.showSessionCarbon($1) },
    Route("exportCarbon", .get, "/reports/carbon.csv", .look) { try await $0.exportCarbon($1) },
  ]
}

extension API {
  fileprivate func listCarbonFactors(_ call: Call) async throws -> Answer {
    let (location, span) = (try call.queryID("location", of: Location.self), try call.carbonSpan())
    let factors = try await house.read { books throws(StoreFault) in
      try books.carbon.factors(of: location, from: span.begin, to: span.end)
    }
    return .page(factors.prefix(Limits.carbonValues).map(\.json), next: nil)
  }

  /// As a list of values, or as the text of a CSV file with the columns `begins_at` and `grams_per_kwh`.
  fileprivate func keepCarbonFactors(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let location: ID<Location>? = try fields.maybeID("location", of: Location.self)
    var factors: [CarbonFactor] = []
    try fields.each("values") { value throws(Problem) in
      guard let at = try value.maybeTime("begins_at") else {
        throw .invalid(value.path(of: "begins_at"), "this field is required")
      }
      guard let grams = try value.maybeDecimal("grams_per_kwh"), let factor = CarbonFactor(beginsAt: at, grams: grams)
      else { throw .invalid(value.path(of: "grams_per_kwh"), "0 to 10000 g as decimal text") }
      factors.append(factor)
    }
    if let text = try fields.maybeText("csv") { factors += try Self.factors(inCSV: text) }
    try fields.finish()
    guard (1...Limits.carbonValues).contains(factors.count) else {
      throw Problem.invalid("values", "1 to \(Limits.carbonValues) values, in `values` or in `csv`")
    }
    try await house.keepCarbon(factors, of: location)
    return .json(["kept": .whole(factors.count)], status: .created)
  }

  private static func factors(inCSV text: String) throws(Problem) -> [CarbonFactor] {
    var factors: [CarbonFactor] = []
    for (number, line) in text.split(whereSeparator: \.isNewline).enumerated() {
      let cells = line.split(separator: line.contains(";") ? ";" : ",", omittingEmptySubsequences: false)
        .map { $0.filter { $0 != " " && $0 != "\"" } }
      if number == 0, Timestamp(cells[0]) == nil { continue }
      guard cells.count >= 2, let at = Timestamp(cells[0]), let grams = Decimal(cells[1])?.figure,
        let factor = CarbonFactor(beginsAt: at, grams: grams)
      else { throw .invalid("csv", "line \(number + 1) is no time and grams per kWh") }
      factors.append(factor)
    }
    return factors
  }

  fileprivate func showSessionCarbon(_ call: Call) async throws -> Answer {
    let id = call.text("id")
    let found = try await house.read { books throws(StoreFault) in
      try books.sessions.session(id).map { session throws(StoreFault) in
        (session, try books.carbon.footprint(of: session))
      }
    }
    guard let (session, footprint) = found else { throw Problem(.notFound, "no such session") }
    return .json([
      "session": .string(id), "energy_kwh": .energy(session.energy),
      "co2_g": .string(footprint.grams.description), "uncovered_kwh": .energy(footprint.uncovered),
    ])
  }

  /// The sessions that began in a span and are over, one a line.
  fileprivate func exportCarbon(_ call: Call) async throws -> Answer {
    let span = try call.carbonSpan()
    let columns = ["session_id", "location_id", "started_at", "ended_at", "energy_kwh", "co2_g", "uncovered_kwh"]
    return table(columns, named: "carbon.csv") { books, last throws(StoreFault) in
      try books.sessions.completed(in: span, after: last, limit: Limits.exportRows).map { session throws(StoreFault) in
        let footprint = try books.carbon.footprint(of: session)
        let place = try session.location.flatMap { id throws(StoreFault) in try books.locations.location(id)?.ref }
        return (
          id: session.id,
          cells: [
            .text(session.id), .text(place), .time(session.startedAt), session.endedAt.map { .time($0) } ?? .empty,
            .number(session.energy.kilowattHours), .number(footprint.grams),
            .number(footprint.uncovered.kilowattHours),
          ]
        )
      }
    }
  }
}

extension Call {
  fileprivate func carbonSpan() throws(Problem) -> Uptime.Span {
    let from = try queryTime("from") ?? .epoch
    let to = try queryTime("to") ?? Timestamp(milliseconds: .max / 2)
    guard from < to else { throw .invalid("to", "later than from") }
    return Uptime.Span(begin: from, end: to)
  }
}

nonisolated extension CarbonFactor {
  fileprivate var json: JSON {
    ["begins_at": .time(beginsAt), "grams_per_kwh": .string(grams.description)]
  }
}
