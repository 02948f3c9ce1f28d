import CSMS
import Domain
import HTTP
import Store
import Wire

// One action for many stations, done by the house while whoever wished it does something else.
extension Route {
  static let bulkRuns: [Route] = [
    Route("listBulkRuns", .get, "/bulk-runs", .look) { try await $0.listBulkRuns($1) },
    Route("beginBulkRun", .post, "/bulk-runs", .help, isCommand: true) { try await $0.beginBulkRun($1) },
    Route("getBulkRun", .get, "/bulk-runs/{id}", .look) { try await $0.showBulkRun($1.text("id")) },
    Route("listBulkRunStations", .get, "/bulk-runs/{id}/stations", .look) { try await $0.listBulkRunStations($1) },
    Route("stopBulkRun", .post, "/bulk-runs/{id}/stop", .help) { try await $0.stopBulkRun($1) },
    Route("repeatBulkRun", .post, "/bulk-runs/{id}/repeat", .help, isCommand: true) { try await $0.repeatBulkRun($1) },
    Route("undoBulkRun", .post, "/bulk-runs/{id}/undo", .run, isCommand: true) { try await $0.undoBulkRun($1) },
  ]
}

extension API {
  fileprivate func listBulkRuns(_ call: Call) async throws -> Answer {
    let (limit, cursor) = try (call.limit(), call.cursor())
    let found = try await house.read { books throws(StoreFault) in
      try books.bulkRuns.list(before: cursor, limit: limit).map { run throws(StoreFault) in
        try BulkRunView(run, books)
      }
    }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last?.run.id)
  }

  fileprivate func beginBulkRun(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    guard let plan: BulkRun.Plan = try fields.maybePayload("plan") else {
      throw Problem.invalid("plan", "this field is required")
    }
    try requireMay(plan.verb, call.caller)
    let stations = try fields.identities("stations", most: Domain.Limits.bulkStations)
    try fields.finish()
    let run = try await house.beginBulkRun(plan, at: stations, by: call.by)
    return try await showBulkRun(run.id, status: .created)
  }

  fileprivate func showBulkRun(_ id: String, status: Status = .ok) async throws -> Answer {
    guard let view = try await view(of: id) else { throw Problem(.notFound, "no such run") }
    return .json(view.json, status: status)
  }

  fileprivate func listBulkRunStations(_ call: Call) async throws -> Answer {
    let (id, limit) = try (call.text("id"), call.limit())
    let state: BulkRunStation.State? = try call.queryWord("state")
    let after = try call.cursorID(of: BulkRunStation.self).map { Int($0.value) } ?? -1
    let found = try await house.read { books throws(StoreFault) in
      try books.bulkRuns.run(id).map { _ throws(StoreFault) in
        try books.bulkRuns.stations(of: id, in: state.map { [$0] } ?? [], after: after, limit: limit).map {
          station throws(StoreFault) in (station, try books.stations.station(station.station)?.identity)
        }
      }
    }
    guard let found else { throw Problem(.notFound, "no such run") }
    return .page(
      found.map { station, identity in
        [
          "station": .text(identity?.text), "state": .word(station.state), "command": .text(station.command),
          "answer": station.answer, "updated_at": .time(station.updatedAt),
        ]
      }, next: found.count < limit ? nil : found.last.map { "\($0.0.place)" })
  }

  fileprivate func stopBulkRun(_ call: Call) async throws -> Answer {
    try await requireWhole(call)
    try await house.stopBulkRun(call.text("id"), by: call.by)
    return try await showBulkRun(call.text("id"))
  }

  fileprivate func repeatBulkRun(_ call: Call) async throws -> Answer {
    try await requireWhole(call)
    return try await showBulkRun(house.repeatBulkRun(call.text("id"), by: call.by).id, status: .created)
  }

  fileprivate func undoBulkRun(_ call: Call) async throws -> Answer {
    try await requireWhole(call)
    return try await showBulkRun(house.undoBulkRun(call.text("id"), by: call.by).id, status: .created)
  }

  /// What support may ask of one station it may ask of many.
  private func requireMay(_ verb: BulkRun.Verb, _ caller: Caller) throws(Problem) {
    guard caller.role >= .operator || Self.verbsOfSupport.contains(verb.rawValue) else {
      throw Problem(.forbidden, "\(verb.rawValue) needs the role operator; yours is \(caller.role.rawValue)")
    }
  }

  /// Whoever changes a run must be allowed what it does, and see all of its stations: half of them cannot be stopped.
  private func requireWhole(_ call: Call) async throws {
    let id = call.text("id")
    guard let view = try await view(of: id) else { throw Problem(.notFound, "no such run") }
    try requireMay(view.run.plan.verb, call.caller)
    guard !view.asksElsewhere else {
      throw Problem(.forbidden, "it also concerns stations of sites that are not yours")
    }
  }

  private func view(of id: String) async throws -> BulkRunView? {
    try await house.read { books throws(StoreFault) in
      try books.bulkRuns.run(id).map { run throws(StoreFault) in try BulkRunView(run, books) }
    }
  }
}

/// A run as its caller sees it.
nonisolated private struct BulkRunView {
  let run: BulkRun
  let tally: [BulkRunStation.State: Int]
  let asksElsewhere: Bool

  init(_ run: BulkRun, _ books: Books) throws(StoreFault) {
    self.run = run
    tally = try books.bulkRuns.tally(of: run.id)
    asksElsewhere = try books.bulkRuns.asksElsewhere(run.id)
  }

  var json: JSON {
    [
      "id": .string(run.id), "state": .word(run.state), "plan": run.plan.json,
      "stations": .whole(tally.values.reduce(0, +)),
      "tally": .object(
        JSONObject(BulkRunStation.State.allCases.map { JSONObject.Member($0.rawValue, .whole(tally[$0] ?? 0)) })),
      "asks_elsewhere": .bool(asksElsewhere), "origin": .string(run.origin), "created_at": .time(run.createdAt),
      "updated_at": .time(run.updatedAt),
    ]
  }
}
