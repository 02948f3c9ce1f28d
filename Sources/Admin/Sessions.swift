import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// Sessions: what runs, what it costs so far, and the one line of time from the start to the partner's acknowledgement.
extension Route {
  static let sessions: [Route] = [
    Route("listSessions", .get, "/sessions", .look) { try await $0.listSessions($1) },
    Route("exportSessions", .get, "/sessions.csv", .look) { try $0.exportSessions($1) },
    Route("getSession", .get, "/sessions/{id}", .look) { try await $0.showSession($1.text("id")) },
    Route("stopSession", .post, "/sessions/{id}/stop", .help, isCommand: true) { try await $0.stopSession($1) },
    Route("getSessionLimit", .get, "/sessions/{id}/limit", .look) { try await $0.showLimit($1) },
    Route("limitSession", .patch, "/sessions/{id}/limit", .run) { try await $0.limitSession($1) },
    Route("closeSession", .post, "/sessions/{id}/close", .run, isCommand: true) { try await $0.closeSession($1) },
  ]
}

nonisolated private enum SessionChoice: String, Word { case open, pending, active, completed, invalid, superseded }

extension API {
  /// How sessions are shown from within a snapshot.
  var sessionShaper: SessionShaper { SessionShaper(zones: zones, now: now) }

  fileprivate func listSessions(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let filter = try sessionFilter(call)
    let shaper = sessionShaper
    if let order = try call.sorting(by: SessionColumn.self) {
      return try order.page(
        await house.read { books throws(StoreFault) in
          guard let filter = try filter(books) else { return [] }
          var shaper = shaper
          return try books.sessions.list(filter, by: order, limit: limit)?.shaped { session throws(StoreFault) in
            try shaper.json(session, books)
          }
        }, limit: limit)
    }
    let cursor = try call.cursor()
    let found = try await house.read { books throws(StoreFault) -> [(String, JSON)] in
      guard let filter = try filter(books) else { return [] }
      var shaper = shaper
      return try books.sessions.list(filter, before: cursor, limit: limit).map { session throws(StoreFault) in
        (session.id, try shaper.json(session, books))
      }
    }
    return .page(found.map(\.1), next: found.count < limit ? nil : found.last?.0)
  }

  /// What the query asks for; nothing where it names a station that is not there.
  private func sessionFilter(_ call: Call) throws -> @Sendable (Books) throws(StoreFault) -> SessionFilter? {
    let choice = try call.queryWord("state", as: SessionChoice.self)
    let (from, to) = try (call.queryTime("from"), call.queryTime("to"))
    let partner: ID<Partner>? = try call.queryID("partner")
    let name = try call.queryStation()
    return { books throws(StoreFault) in
      let station = try name.flatMap { name throws(StoreFault) in try books.stations.station(name) }
      if name != nil, station == nil { return nil }
      return SessionFilter(
        state: choice.flatMap { Session.State(rawValue: $0.rawValue) }, isOpen: choice == .open, station: station?.id,
        partner: partner, from: from, to: to)
    }
  }

  fileprivate func exportSessions(_ call: Call) throws -> Answer {
    let (filter, shaper) = (try sessionFilter(call), sessionShaper)
    return table(SessionShaper.columns, named: "sessions.csv") { books, before throws(StoreFault) in
      guard let filter = try filter(books) else { return [] }
      var shaper = shaper
      let found = try books.sessions.list(filter, before: before, limit: Limits.exportRows)
      return try found.map { session throws(StoreFault) in (session.id, try shaper.row(session, books)) }
    }
  }

  fileprivate func showSession(_ id: String) async throws -> Answer {
    let shaper = sessionShaper
    let found = try await house.read { books throws(StoreFault) -> (JSON, Timestamp)? in
      guard let session = try books.sessions.session(id) else { return nil }
      var shaper = shaper
      return (try shaper.detail(session, books), session.updatedAt)
    }
    guard let (json, changed) = found else { throw Problem(.notFound, "no such session") }
    return .json(json, etag: ETag(changed: changed))
  }

  fileprivate func stopSession(_ call: Call) async throws -> Answer {
    let seconds = try call.wait()
    try call.fields().finish()
    let record = try await house.stopSession(call.text("id"), by: call.by)
    let station = record.station
    let identity = try await house.read { books throws(StoreFault) in try books.stations.station(station)?.identity }
    guard let identity else { throw Problem(.notFound, "the session's station was removed") }
    return try await told(record, of: identity, within: seconds)
  }

  fileprivate func limitSession(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let limit = try SessionLimit(&fields)
    try fields.finish()
    let kept = try await house.limitSession(call.text("id"), to: limit, by: call.by) {
      known throws(HouseRefusal) in try call.expect(ETag(of: known.json.bytes))
    }
    return .json(kept.json, etag: ETag(of: kept.json.bytes))
  }

  fileprivate func showLimit(_ call: Call) async throws -> Answer {
    let id = call.text("id")
    let found = try await house.read { books throws(StoreFault) in
      try books.sessions.session(id).map { _ throws(StoreFault) in try books.limits.limit(of: id)?.limit }
    }
    guard let known = found else { throw Problem(.notFound, "no such session") }
    let limit = known ?? SessionLimit()
    return .json(limit.json, etag: ETag(of: limit.json.bytes))
  }

  fileprivate func closeSession(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let reason = try fields.text("reason")
    try fields.finish()
    guard (1...255).contains(reason.count) else { throw Problem.invalid("reason", "1 to 255 characters") }
    try await house.closeSession(call.text("id"), because: reason, by: call.by)
    return try await showSession(call.text("id"))
  }
}

// MARK: - How they are shown

/// Shows sessions from within one snapshot; remembers the names that it looked up.
nonisolated struct SessionShaper: Sendable {
  let zones: ZoneLibrary
  let now: Timestamp
  private var stations: [ID<Station>: StationIdentity] = [:]
  private var locations: [ID<Location>: Location] = [:]
  private var partners: [ID<PartnerRole>: Partner] = [:]

  init(zones: ZoneLibrary, now: Timestamp) { (self.zones, self.now) = (zones, now) }

  mutating func json(_ session: Session, _ books: Books) throws(StoreFault) -> JSON {
    let cdr = session.state == .completed ? try books.cdrs.cdr(session: session.id)?.cdr : nil
    return try json(session, cdr: cdr, bill: cdr == nil ? running(session, books) : nil, books)
  }

  private mutating func json(_ session: Session, cdr: CDR?, bill: Bill?, _ books: Books) throws(StoreFault) -> JSON {
    let evse = try books.stations.evse(session.evse)
    let currency = cdr?.currency ?? session.tariff?.currency ?? ""
    let cost: JSON =
      if session.tariff == nil { .null } else if let cdr { .cost(cdr.totals.cost, currency) } else {
        .cost(bill?.totals.cost, currency)
      }
    return [
      "id": .string(session.id), "state": .word(session.state),
      "station": .text(try station(session.station, books)?.text),
      "evse": .whole(evse?.number), "connector": .whole(evse?.connectors.first { $0.id == session.connector }?.number),
      "location": try session.location.flatMap { id throws(StoreFault) in try location(id, books)?.nameJSON } ?? .null,
      "transaction_id": try transaction(of: session, books), "token": session.token.json,
      "partner": try session.owner.flatMap { id throws(StoreFault) in try partner(id, books)?.nameJSON } ?? .null,
      "auth_method": .word(session.authorization), "authorization_reference": .text(session.authorizationReference),
      "command": .text(session.command), "started_at": .time(session.startedAt), "ended_at": .time(session.endedAt),
      "ending": .word(session.ending), "duration_seconds": .whole(seconds(of: session)),
      "energy_kwh": .energy(session.energy),
      "exported_kwh": .energy(session.exportStart == nil ? nil : session.exported),
      "meter_start_kwh": .energy(session.meterStart), "meter_last_kwh": .energy(session.meterLast),
      "last_reading_at": .time(session.lastReadingAt), "power_kw": .power(session.power),
      "state_of_charge": .decimal(session.stateOfCharge), "cost": cost, "cdr": .text(cdr?.id),
      "updated_at": .time(session.updatedAt),
    ]
  }

  static let columns = [
    "id", "state", "location", "station", "evse", "connector", "token_uid", "contract_id", "partner", "started_at",
    "ended_at", "ending", "duration_seconds", "energy_kwh", "meter_start_kwh", "meter_last_kwh", "currency",
    "cost_excl_vat", "cost_incl_vat", "cdr",
  ]

  /// Its line in a table, out of what a list shows of it.
  mutating func row(_ session: Session, _ books: Books) throws(StoreFault) -> [CSV.Cell] {
    let json = try json(session, books)
    func text(_ name: String, _ inner: String? = nil) -> CSV.Cell {
      .text((inner.flatMap { json[name]?[$0] } ?? json[name])?.string)
    }
    func whole(_ name: String) -> CSV.Cell { json[name]?.int.map { .whole($0) } ?? .empty }
    func figure(_ name: String, _ inner: String? = nil) -> CSV.Cell {
      (inner.flatMap { json[name]?[$0] } ?? json[name])?.string.flatMap { Decimal($0) }.map { .number($0) } ?? .empty
    }
    return [
      text("id"), text("state"), text("location", "name"), text("station"), whole("evse"), whole("connector"),
      text("token", "uid"), text("token", "contract_id"), text("partner", "name"), text("started_at"),
      text("ended_at"), text("ending"), whole("duration_seconds"), figure("energy_kwh"), figure("meter_start_kwh"),
      figure("meter_last_kwh"), text("cost", "currency"), figure("cost", "excl_vat"), figure("cost", "incl_vat"),
      text("cdr"),
    ]
  }

  /// By what its station knows it: the number that we gave, or a name of the station's own.
  private func transaction(of session: Session, _ books: Books) throws(StoreFault) -> JSON {
    if let number = session.transaction { return .whole(number) }
    return .text(try books.transactions.transaction(of: session.id)?.name)
  }

  /// The figures that move while it runs.
  mutating func progress(_ session: Session, _ books: Books) throws(StoreFault) -> JSON {
    let bill = try running(session, books)
    return [
      "id": .string(session.id), "station": .text(try station(session.station, books)?.text),
      "evse": .whole(try books.stations.evse(session.evse)?.number), "energy_kwh": .energy(session.energy),
      "exported_kwh": .energy(session.exportStart == nil ? nil : session.exported),
      "power_kw": .power(session.power), "state_of_charge": .decimal(session.stateOfCharge),
      "cost": session.tariff.map { .cost(bill?.totals.cost, $0.currency) } ?? .null,
      "duration_seconds": .whole(seconds(of: session)),
    ]
  }

  mutating func detail(_ session: Session, _ books: Books) throws(StoreFault) -> JSON {
    let readings = try books.sessions.readings(of: session.id)
    let kept = session.state == .completed ? try books.cdrs.cdr(session: session.id) : nil
    let bill = kept == nil ? try running(session, books, readings: readings) : nil
    var json = try json(session, cdr: kept?.cdr, bill: bill, books)
    json["tariff"] = session.tariff?.json ?? .null
    json["readings"] = .list(thinned(readings)) { reading($0, of: session) }
    json["signed_readings"] = .list(try SignedMeter(books: books).readings(of: session)) { judged in
      [
        "at": .time(judged.kept.at), "context": .word(judged.kept.context),
        "format": .string(judged.kept.signed.format),
        "data": .string(judged.kept.signed.data), "verdict": .word(judged.verdict),
      ]
    }
    json["periods"] = .list(kept?.cdr.periods ?? bill?.periods ?? []) { $0.shape }
    let totals = kept?.cdr.totals ?? bill?.totals
    json["costs"] =
      session.tariff.flatMap { tariff in totals?.costs(in: kept?.cdr.currency ?? tariff.currency) } ?? .null
    json["need"] = try books.circuits.need(of: session.id)?.json ?? .null
    json["limit"] = try books.limits.limit(of: session.id)?.limit.json ?? .null
    var pushes: [PushRow] = []
    for partner in try books.partners.all() {
      for (module, object) in [(PushModule.sessions, session.id), (.cdrs, kept?.cdr.id)] {
        if let object, let row = try books.pushes.row(PushKey(partner: partner.id, module: module, object: object)) {
          pushes.append(row)
        }
      }
    }
    json["timeline"] = try timeline(of: session, cdr: kept?.cdr.id, pushes: pushes, books)
    json["charging_preferences"] = try books.duties.preferences(of: session.id)?.json ?? .null
    json["payments"] = .list(try books.duties.advices(of: session.id), \.json)
    json["settlements"] = .list(try books.settlements.list(of: session.id), \.json)
    json["cdr_detail"] = try kept.map { kept throws(StoreFault) in try kept.json(books) } ?? .null
    json["pushes"] = .array(try pushes.map { row throws(StoreFault) in try row.json(books) })
    return json
  }

  /// Everything that happened to it, in the order of time: its events, those of its commands and of its CDR, and how
  /// far its partner is.
  private func timeline(of session: Session, cdr: String?, pushes: [PushRow], _ books: Books) throws(StoreFault) -> JSON
  {
    let subjects =
      ["session/\(session.id)"] + [session.command.map { "command/\($0)" }, cdr.map { "cdr/\($0)" }].compactMap(\.self)
    var entries: [(at: Timestamp, json: JSON)] = []
    for subject in subjects {
      for event in try books.events.latest(of: subject, limit: Limits.page) {
        entries.append(
          (
            event.at,
            [
              "at": .time(event.at), "seq": .whole(event.seq), "kind": .string(event.kind),
              "subject": .string(event.subject),
              "body": event.body,
            ]
          ))
      }
    }
    for row in pushes {
      let (kind, at): (String, Timestamp) =
        row.state == .parked
        ? ("push.parked", row.nextAt)
        : row.isDone
          ? ("push.acknowledged", row.sentAt ?? row.dueSince)
          : (row.attempts > 0 ? "push.failed" : "push.due", row.dueSince)
      entries.append(
        (
          at,
          [
            "at": .time(at), "seq": .null, "kind": .string(kind), "subject": .string("partner/\(row.key.partner)"),
            "body": ["module": .word(row.key.module), "object": .string(row.key.object), "why": .text(row.lastError)],
          ]
        ))
    }
    return .list(entries.sorted { $0.at < $1.at }) { $0.json }
  }

  /// What it costs until now; nil for one that never began.
  private func running(_ session: Session, _ books: Books, readings: [Reading]? = nil) throws(StoreFault) -> Bill? {
    guard session.tariff != nil, session.state != .pending, session.state != .invalid else { return nil }
    let zone = try session.location.flatMap { id throws(StoreFault) in try books.locations.known(id)?.timeZone }
    let all = if let readings { readings } else { try books.sessions.figures(of: session.id) }
    let usage = Usage(session, readings: all, zone: zones[zone ?? "Etc/UTC"] ?? .utc, until: now)
    guard session.tariff?.pricesReservations == true else { return Bill(usage) }
    return Bill(usage, after: try books.reservations.reservation(session: session.id)?.hold(by: session.tariff))
  }

  private func seconds(of session: Session) -> Int64 {
    session.state == .pending ? 0 : max(0, (session.endedAt ?? now).seconds(since: session.startedAt))
  }

  private func reading(_ reading: Reading, of session: Session) -> JSON {
    [
      "at": .time(reading.at), "energy_kwh": .energy(reading.register.map { max($0 - session.meterStart, .zero) }),
      "register_kwh": .energy(reading.register), "export_register_kwh": .energy(reading.exported),
      "power_kw": .power(reading.power),
      "current_a": .decimal(reading.current),
      "state_of_charge": .decimal(reading.stateOfCharge), "context": .word(reading.context),
    ]
  }

  private func thinned(_ readings: [Reading]) -> [Reading] {
    guard readings.count > Limits.readings else { return readings }
    return (0..<Limits.readings).map { readings[$0 * (readings.count - 1) / (Limits.readings - 1)] }
  }

  // MARK: Names

  private mutating func station(_ id: ID<Station>, _ books: Books) throws(StoreFault) -> StationIdentity? {
    if let known = stations[id] { return known }
    stations[id] = try books.stations.station(id)?.identity
    return stations[id]
  }

  private mutating func location(_ id: ID<Location>, _ books: Books) throws(StoreFault) -> Location? {
    if let known = locations[id] { return known }
    locations[id] = try books.locations.known(id)
    return locations[id]
  }

  private mutating func partner(_ role: ID<PartnerRole>, _ books: Books) throws(StoreFault) -> Partner? {
    if let known = partners[role] { return known }
    partners[role] = try books.partners.role(role).flatMap { role throws(StoreFault) in
      try books.partners.partner(role.partner)
    }
    return partners[role]
  }
}

nonisolated extension ChargingPeriod {
  /// As the API shows it, with the units in the names.
  var shape: JSON {
    [
      "start": .time(start), "seconds": .whole(seconds), "energy_kwh": .energy(energy),
      "exported_kwh": .energy(exported), "activity": .word(activity),
      "max_power_kw": .power(maxPower), "max_current_a": .decimal(maxCurrent),
    ]
  }
}

nonisolated extension CDR.Totals {
  func costs(in currency: String) -> JSON {
    [
      "currency": .string(currency), "total": .cost(cost, currency), "energy": .cost(energyCost, currency),
      "time": .cost(timeCost, currency), "parking": .cost(parkingCost, currency), "fixed": .cost(fixedCost, currency),
      "reservation": .cost(reservationCost, currency),
    ]
  }
}
