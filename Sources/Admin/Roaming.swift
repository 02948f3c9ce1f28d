import CSMS
import Domain
import HTTP
import Store
import Wire

// Our drivers at other networks: where they can charge, what they did, what it costs, and what is asked for them there.
extension Route {
  static let roaming: [Route] = [
    Route("listRoamingLocations", .get, "/roaming/locations", .look) { try await $0.listRoamingLocations($1) },
    Route("getRoamingLocation", .get, "/roaming/locations/{id}", .look) { try await $0.showRoamingLocation($1.id()) },
    Route("listRoamingTariffs", .get, "/roaming/tariffs", .look) { try await $0.listRoamingTariffs($1) },
    Route("getRoamingTariff", .get, "/roaming/tariffs/{id}", .look) { try await $0.showRoamingTariff($1.id()) },
    Route("listRoamingSessions", .get, "/roaming/sessions", .look) { try await $0.listRoamingSessions($1) },
    Route("getRoamingSession", .get, "/roaming/sessions/{id}", .look) { try await $0.showRoamingSession($1.id()) },
    Route("preferRoamingSession", .put, "/roaming/sessions/{id}/preferences", .run) { api, call in
      var fields = try call.fields()
      var wish = ChargingPreferences()
      wish.kind = try fields.word("kind")
      wish.departsAt = try fields.maybeTime("departs_at")
      wish.energyNeed = try fields.maybeDecimal("energy_kwh")
      wish.mayDischarge = try fields.maybeFlag("may_discharge")
      try fields.finish()
      return .json(["answer": .word(try await api.house.prefer(wish, in: try call.id(), by: call.by))])
    },
    Route("listRoamingCDRs", .get, "/roaming/cdrs", .look) { try await $0.listRoamingCDRs($1) },
    Route("getRoamingCDR", .get, "/roaming/cdrs/{id}", .look) { try await $0.showRoamingCDR($1.id()) },
    Route("settleRoamingCDR", .post, "/roaming/cdrs/{id}/settle", .run) { try await $0.settleRoamingCDR($1) },
    Route("listInvoiceRecords", .get, "/roaming/invoices", .look) { try await $0.listInvoiceRecords($1) },
    Route("getInvoiceRecord", .get, "/roaming/invoices/{id}", .look) { try await $0.showInvoiceRecord($1) },
    Route("roamingCommand", .post, "/roaming/commands/{verb}", .run, isCommand: true) {
      try await $0.roamingCommand($1)
    },
    Route("listRoamingCommands", .get, "/roaming/commands", .look) { try await $0.listRoamingCommands($1) },
    Route("getRoamingCommand", .get, "/roaming/commands/{id}", .look) { try await $0.showRoamingCommand($1) },
  ]
}

extension API {
  // MARK: Where they can charge

  fileprivate func listRoamingLocations(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor: ID<RoamingLocation>? = try call.cursorID()
    var filter = RoamingFilter()
    filter.text = call[query: "q"]
    filter.partner = try call.queryID("partner")
    filter.standard = call[query: "standard"]
    filter.isAvailable = try call.queryFlag("available")
    filter.withGone = try call.queryFlag("gone")
    if let text = call[query: "power"] {
      guard let watts = Int(text), watts >= 0 else { throw Problem.invalid("power", "W as a whole number") }
      filter.power = watts
    }
    if let text = call[query: "within"] {
      let sides = text.split(separator: ",").map { Decimal(String($0))?.figure }
      guard sides.count == 4, let south = sides[0], let west = sides[1], let north = sides[2], let east = sides[3],
        south <= north, west <= east
      else { throw Problem.invalid("within", "south,west,north,east in degrees, such as 52.3,4.8,52.4,5.0") }
      (filter.southWest, filter.northEast) = ((south, west), (north, east))
    }
    let wish = filter
    let (found, shapes) = try await house.read { books throws(StoreFault) in
      let found = try books.roamingPlaces.list(wish, after: cursor, limit: limit)
      return (found.last?.id, try found.map { location throws(StoreFault) in try location.json(books) })
    }
    return .page(shapes, next: shapes.count < limit ? nil : found?.description)
  }

  fileprivate func showRoamingLocation(_ id: ID<RoamingLocation>) async throws -> Answer {
    try await show("location") { books throws(StoreFault) in
      try books.roamingPlaces.location(id).map { location throws(StoreFault) in
        var json = try location.json(books)
        json["evses"] = location.places
        json["record"] = location.body
        return json
      }
    }
  }

  fileprivate func listRoamingTariffs(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor: ID<RoamingTariff>? = try call.cursorID()
    let partner: ID<Partner>? = try call.queryID("partner")
    let text = call[query: "q"]
    let (found, shapes) = try await house.read { books throws(StoreFault) in
      let found = try books.roamingTariffs.list(of: partner, holding: text, after: cursor, limit: limit)
      return (found.last?.id, try found.map { tariff throws(StoreFault) in try tariff.json(books) })
    }
    return .page(shapes, next: shapes.count < limit ? nil : found?.description)
  }

  fileprivate func showRoamingTariff(_ id: ID<RoamingTariff>) async throws -> Answer {
    try await show("tariff") { books throws(StoreFault) in
      try books.roamingTariffs.tariff(id).map { tariff throws(StoreFault) in
        var json = try tariff.json(books)
        json["record"] = tariff.body
        return json
      }
    }
  }

  // MARK: What they did

  fileprivate func listRoamingSessions(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let partner: ID<Partner>? = try call.queryID("partner")
    let isOpen = try call.queryFlag("open")
    if let order = try call.sorting(by: RoamingSessionColumn.self) {
      return try order.page(
        await house.read { books throws(StoreFault) in
          try books.roamingUses.sessions(of: partner, open: isOpen, by: order, limit: limit)?.shaped {
            session throws(StoreFault) in try session.json(books)
          }
        }, limit: limit)
    }
    let cursor: ID<RoamingSession>? = try call.cursorID()
    let (found, shapes) = try await house.read { books throws(StoreFault) in
      let found = try books.roamingUses.sessions(of: partner, open: isOpen, before: cursor, limit: limit)
      return (found.last?.id, try found.map { session throws(StoreFault) in try session.json(books) })
    }
    return .page(shapes, next: shapes.count < limit ? nil : found?.description)
  }

  fileprivate func showRoamingSession(_ id: ID<RoamingSession>) async throws -> Answer {
    try await show("session") { books throws(StoreFault) in
      try books.roamingUses.session(id).map { session throws(StoreFault) in
        var json = try session.json(books)
        json["plan"] = session.plan?.json ?? .null
        json["record"] = session.body
        return json
      }
    }
  }

  fileprivate func listRoamingCDRs(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let partner: ID<Partner>? = try call.queryID("partner")
    let isDoubtful = try call.queryFlag("doubtful")
    let (from, to) = try (call.queryTime("from"), call.queryTime("to"))
    if let order = try call.sorting(by: RoamingCDRColumn.self) {
      return try order.page(
        await house.read { books throws(StoreFault) in
          try books.roamingUses.cdrs(
            of: partner, doubtful: isDoubtful, from: from, to: to, by: order, limit: limit
          )?.shaped { cdr throws(StoreFault) in try cdr.json(books) }
        }, limit: limit)
    }
    let cursor: ID<RoamingCDR>? = try call.cursorID()
    let (found, shapes) = try await house.read { books throws(StoreFault) in
      let found = try books.roamingUses.cdrs(
        of: partner, doubtful: isDoubtful, from: from, to: to, before: cursor, limit: limit)
      return (found.last?.id, try found.map { cdr throws(StoreFault) in try cdr.json(books) })
    }
    return .page(shapes, next: shapes.count < limit ? nil : found?.description)
  }

  fileprivate func showRoamingCDR(_ id: ID<RoamingCDR>) async throws -> Answer {
    try await show("CDR") { books throws(StoreFault) in
      try books.roamingUses.cdr(id).map { cdr throws(StoreFault) in
        var json = try cdr.json(books)
        json["record"] = cdr.body
        return json
      }
    }
  }

  fileprivate func settleRoamingCDR(_ call: Call) async throws -> Answer {
    let id: ID<RoamingCDR> = try call.id()
    var fields = try call.fields()
    let note = try fields.text("note")
    try fields.finish()
    try await house.settleCDR(id, note: note, by: call.by)
    return try await showRoamingCDR(id)
  }

  /// One thing in full, as it was told.
  private func show(
    _ what: String, _ find: @escaping @Sendable (Books) throws(StoreFault) -> JSON?
  ) async throws -> Answer {
    guard let json = try await house.read(find) else { throw Problem(.notFound, "no such \(what)") }
    return .json(json)
  }

  // MARK: What is asked for them

  fileprivate func roamingCommand(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let seconds = try call.wait()
    let wish: RoamingWish
    switch call.text("verb") {
    case "start":
      let location = try fields.roamingLocation()
      let (evse, connector) = try (fields.maybeText("evse"), fields.maybeText("connector"))
      wish = .start(try await ownToken(&fields), at: location, evse: evse, connector: connector)
    case "stop":
      wish = .stop(try fields.roamingSession())
    case "reserve":
      let location = try fields.roamingLocation()
      let evse = try fields.maybeText("evse")
      guard let until = try fields.maybeTime("expires_at") else {
        throw Problem.invalid("expires_at", "a time as 2026-11-03T09:15:00Z is expected")
      }
      wish = .reserve(try await ownToken(&fields), at: location, evse: evse, until: until)
    case "cancel": wish = .cancel(try fields.text("command"))
    case "set-profile":
      guard let schedule: ChargingProfile.Schedule = try fields.maybePayload("schedule") else {
        throw Problem.invalid("schedule", "how the session is to be charged is expected")
      }
      wish = .setProfile(try fields.roamingSession(), schedule)
    case "clear-profile": wish = .clearProfile(try fields.roamingSession())
    case "active-profile":
      wish = .activeProfile(
        try fields.roamingSession(), seconds: try fields.maybeWhole("duration_s") ?? Limits.activeProfileSeconds)
    case "book":
      guard let place = try fields.maybeID("booking_location", of: RoamingBookingLocation.self) else {
        throw Problem.invalid("booking_location", "the id of a booking location is expected")
      }
      let (from, to) = try fields.period()
      let evse = try fields.maybeText("evse")
      wish = .book(try await ownToken(&fields), at: place, BookingPeriod(from, to), evse: evse)
    case "change-booking":
      let (from, to) = try fields.period()
      wish = .changeBooking(try fields.roamingBooking(), BookingPeriod(from, to))
    case "cancel-booking":
      wish = .cancelBooking(try fields.roamingBooking(), because: try fields.maybeWord("reason") ?? .notTold)
    case "unlock":
      wish = .unlock(
        try fields.roamingLocation(), evse: try fields.text("evse"), connector: try fields.text("connector"))
    default: throw Problem(.notFound, "no such verb: \(call.text("verb"))")
    }
    try fields.finish()
    let record = try await house.command(wish, by: call.by)
    if seconds > 0 { await house.roamingOutcome(of: record.id, within: seconds) }
    return try await told(record.id, status: .accepted)
  }

  private func ownToken(_ fields: inout Fields) async throws -> ID<Token> {
    let (uid, id) = try (fields.maybeText("token"), fields.maybeID("token_id", of: Token.self))
    return try await token(uid: uid, id: id)
  }

  fileprivate func listRoamingCommands(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor = try call.cursor().flatMap { Int64($0) }
    let partner: ID<Partner>? = try call.queryID("partner")
    let session: ID<RoamingSession>? = try call.queryID("session")
    let (last, shapes) = try await house.read { books throws(StoreFault) in
      let found = try books.roamingCommands.list(of: partner, about: session, before: cursor, limit: limit)
      return (found.last?.number, try found.map { command throws(StoreFault) in try command.json(books) })
    }
    return .page(shapes, next: shapes.count < limit ? nil : last.map { "\($0)" })
  }

  fileprivate func showRoamingCommand(_ call: Call) async throws -> Answer {
    let seconds = try call.wait()
    if seconds > 0 { await house.roamingOutcome(of: call.text("id"), within: seconds) }
    return try await told(call.text("id"), status: .ok)
  }

  /// 202 while its end is not known.
  private func told(_ id: String, status: Status) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) in
      try books.roamingCommands.command(id).map { command throws(StoreFault) in
        (command.phase.isOpen, try command.json(books))
      }
    }
    guard let (isOpen, json) = found else { throw Problem(.notFound, "no such command") }
    return .json(json, status: isOpen ? status : .ok)
  }
}

extension Fields {
  nonisolated fileprivate mutating func roamingLocation() throws(Problem) -> ID<RoamingLocation> {
    guard let id = try maybeID("location", of: RoamingLocation.self) else {
      throw .invalid("location", "the id of a location is expected")
    }
    return id
  }

  nonisolated fileprivate mutating func roamingBooking() throws(Problem) -> ID<RoamingBooking> {
    guard let id = try maybeID("booking", of: RoamingBooking.self) else {
      throw .invalid("booking", "the id of a booking is expected")
    }
    return id
  }

  nonisolated fileprivate mutating func roamingSession() throws(Problem) -> ID<RoamingSession> {
    guard let id = try maybeID("session", of: RoamingSession.self) else {
      throw .invalid("session", "the id of a session is expected")
    }
    return id
  }
}

// MARK: - What partners' invoices ask for

extension API {
  fileprivate func listInvoiceRecords(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor: ID<InvoiceRecord>? = try call.cursorID()
    let found = try await house.read { books throws(StoreFault) in
      try books.invoiceRecords.list(before: cursor?.value, limit: limit).map { kept throws(StoreFault) in
        (kept.id, try kept.json(books))
      }
    }
    return .page(found.map(\.1), next: found.count < limit ? nil : found.last.map { "\($0.0)" })
  }

  /// With what its CDRs come to in our books.
  fileprivate func showInvoiceRecord(_ call: Call) async throws -> Answer {
    let id: ID<InvoiceRecord> = try call.id()
    let found = try await house.read { books throws(StoreFault) -> JSON? in
      guard let kept = try books.invoiceRecords.record(id.value) else { return nil }
      var json = try kept.json(books)
      let check = try books.invoiceRecords.check(kept)
      json["missing_count"] = .whole(check.missingCount)
      json["missing"] = .list(check.missing) { .string($0) }
      json["doubtful"] = .whole(check.doubtful)
      json["costs"] = .list(check.costs.sorted { $0.key < $1.key }) { currency, sum in
        .cost(Price(beforeTax: sum.net, afterTax: sum.total), currency)
      }
      json["record"] = kept.record.json
      return json
    }
    guard let json = found else { throw Problem(.notFound, "no such record of an invoice") }
    return .json(json)
  }
}

nonisolated extension KeptInvoiceRecord {
  fileprivate func json(_ books: Books) throws(StoreFault) -> JSON {
    [
      "id": .whole(id), "ref": .string(record.id), "party": .party(record.owner),
      "partner": try books.partners.partner(partner)?.nameJSON ?? .null, "invoice": .string(record.invoice),
      "cdr_count": .whole(record.cdrs.count), "updated_at": .time(record.updatedAt), "received_at": .time(receivedAt),
    ]
  }
}

// MARK: - How they are shown

nonisolated extension RoamingKey {
  fileprivate func json(_ id: Int64, _ books: Books) throws(StoreFault) -> JSON {
    [
      "id": .whole(id), "ref": .string(ref), "party": .party(party),
      "partner": try books.partners.partner(partner)?.nameJSON ?? .null,
    ]
  }
}

nonisolated extension KeptRoamingLocation {
  fileprivate func json(_ books: Books) throws(StoreFault) -> JSON {
    var json = try key.json(id.value, books)
    json["name"] = .text(name)
    json["address"] = .string(address)
    json["city"] = .string(city)
    json["postal_code"] = .text(postalCode)
    json["country"] = .string(country)
    json["latitude"] = .string(latitude.description)
    json["longitude"] = .string(longitude.description)
    json["time_zone"] = .text(timeZone.isEmpty ? nil : timeZone)
    json["evse_count"] = .whole(evses)
    json["available"] = .whole(available)
    json["max_power"] = .whole(maxPower)
    json["standards"] = .list(standards) { .string($0) }
    json["updated_at"] = .time(updatedAt)
    json["seen_at"] = .time(seenAt)
    json["gone_at"] = .time(goneAt)
    return json
  }
}

nonisolated extension KeptRoamingTariff {
  fileprivate func json(_ books: Books) throws(StoreFault) -> JSON {
    var json = try key.json(id.value, books)
    json["currency"] = .string(currency)
    json["updated_at"] = .time(updatedAt)
    json["gone_at"] = .time(goneAt)
    return json
  }
}

nonisolated extension KeptRoamingSession {
  fileprivate func json(_ books: Books) throws(StoreFault) -> JSON {
    var json = try key.json(id.value, books)
    json["token"] = .string(uid.isEmpty ? contract : uid)
    json["contract_id"] = .string(contract)
    json["status"] = .string(status)
    json["location"] = .text(location)
    json["evse"] = .text(evse)
    json["connector"] = .text(connector)
    json["authorization_reference"] = .text(reference)
    json["started_at"] = .time(startedAt)
    json["ended_at"] = .time(endedAt)
    json["energy_kwh"] = .energy(energy)
    json["cost"] = .cost(cost, currency)
    json["updated_at"] = .time(updatedAt)
    return json
  }
}

nonisolated extension KeptRoamingCDR {
  fileprivate func json(_ books: Books) throws(StoreFault) -> JSON {
    var json = try key.json(id.value, books)
    json["session"] = .text(session)
    json["token"] = .string(uid.isEmpty ? contract : uid)
    json["contract_id"] = .string(contract)
    json["location"] = .text(location)
    json["credit"] = .bool(isCredit)
    json["credits"] = .text(credits)
    json["credited_by"] = .text(creditedBy)
    json["started_at"] = .time(startedAt)
    json["ended_at"] = .time(endedAt)
    json["energy_kwh"] = .energy(energy)
    json["cost"] = .cost(cost, currency)
    json["doubts"] = .list(doubts) { ["kind": .word($0.kind), "detail": .string($0.detail)] }
    json["note"] = .text(note)
    json["settled_at"] = .time(settledAt)
    json["conflicts"] = .whole(conflicts)
    json["received_at"] = .time(receivedAt)
    return json
  }
}

nonisolated extension RoamingCommandRecord {
  fileprivate func json(_ books: Books) throws(StoreFault) -> JSON {
    [
      "id": .string(id), "number": .whole(number), "partner": try books.partners.partner(partner)?.nameJSON ?? .null,
      "verb": .word(verb), "detail": detail, "session": .whole(session?.value), "origin": .string(origin),
      "phase": .word(phase), "answer": answer,
      "created_at": .time(createdAt), "updated_at": .time(updatedAt),
    ]
  }
}
