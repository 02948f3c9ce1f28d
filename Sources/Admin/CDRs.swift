import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// The bills: lists, one in full, and a month as CSV.
extension Route {
  static let cdrs: [Route] = [
    Route("listCDRs", .get, "/cdrs", .look) { try await $0.listCDRs($1) },
    Route("exportCDRs", .get, "/cdrs.csv", .look) { try await $0.exportCDRs($1) },
    Route("getCDR", .get, "/cdrs/{id}", .look) { try await $0.showCDR($1.text("id")) },
    Route("creditCDR", .post, "/cdrs/{id}/credit", .run) { try await $0.creditCDR($1) },
    Route("releaseCDR", .post, "/cdrs/{id}/release", .run) { try await $0.releaseCDR($1) },
  ]
}

extension API {
  fileprivate func listCDRs(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let filter = try cdrFilter(call, span: try await span(of: call))
    if let order = try call.sorting(by: CDRColumn.self) {
      return try order.page(
        await house.read { books throws(StoreFault) in
          guard let filter = try filter(books) else { return [] }
          return try books.cdrs.list(filter, by: order, limit: limit)?.shaped { kept throws(StoreFault) in
            try kept.json(books)
          }
        }, limit: limit)
    }
    let cursor = try call.cursor()
    let found = try await house.read { books throws(StoreFault) -> [(String, JSON)] in
      guard let filter = try filter(books) else { return [] }
      return try books.cdrs.list(filter, before: cursor, limit: limit).map { kept throws(StoreFault) in
        (kept.cdr.id, try kept.json(books))
      }
    }
    return .page(found.map(\.1), next: found.count < limit ? nil : found.last?.0)
  }

  /// What the query asks for; nothing where it names a station that is not there.
  private func cdrFilter(
    _ call: Call, span: (from: Timestamp, to: Timestamp)?
  ) throws -> @Sendable (Books) throws(StoreFault) -> CDRFilter? {
    let partner: ID<Partner>? = try call.queryID("partner")
    let isHeld = try call.queryFlag("held")
    let name = try call.queryStation()
    return { books throws(StoreFault) in
      let station = try name.flatMap { name throws(StoreFault) in try books.stations.station(name) }
      if name != nil, station == nil { return nil }
      return CDRFilter(from: span?.from, to: span?.to, station: station?.id, partner: partner, isHeld: isHeld)
    }
  }

  fileprivate func showCDR(_ id: String, status: Status = .ok) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) -> JSON? in
      guard let kept = try books.cdrs.cdr(id) else { return nil }
      var json = try kept.json(books)
      json["record"] = kept.cdr.json
      json["periods"] = .list(kept.cdr.periods) { $0.shape }
      json["settlements"] =
        kept.cdr.session.isEmpty ? [] : .list(try books.settlements.list(of: kept.cdr.session), \.json)
      json["costs"] = kept.cdr.totals.costs(in: kept.cdr.currency)
      var pushes: [JSON] = []
      for partner in try books.partners.all() {
        if let row = try books.pushes.row(PushKey(partner: partner.id, module: .cdrs, object: id)) {
          pushes.append(try row.json(books))
        }
      }
      json["pushes"] = .array(pushes)
      return json
    }
    guard let json = found else { throw Problem(.notFound, "no such CDR") }
    // It is written once; only whether it is held, and its pushes, move.
    return .json(json, status: status, etag: ETag(of: json.bytes))
  }

  fileprivate func releaseCDR(_ call: Call) async throws -> Answer {
    let id = call.text("id")
    try await house.releaseCDR(id, by: call.by)
    return try await showCDR(id)
  }

  fileprivate func creditCDR(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let why = try fields.maybeText("reason")
    let billsAgain = try fields.maybeFlag("bill_again") ?? false
    try fields.finish()
    if let why, why.unicodeScalars.count > Limits.remark {
      throw Problem.invalid("reason", "at most \(Limits.remark) characters")
    }
    let id = try await house.creditCDR(call.text("id"), because: why, billsAgain: billsAgain, by: call.by)
    return try await showCDR(id, status: .created)
  }

  /// The month that the caller asks for, on the local clock of the house or of the zone that is named.
  private func span(of call: Call) async throws -> (from: Timestamp, to: Timestamp)? {
    guard let text = call[query: "month"] else { return nil }
    return try await span(ofMonth: text, of: call)
  }

  func span(ofMonth text: String, of call: Call) async throws -> (from: Timestamp, to: Timestamp) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }), parts.count == 2,
      parts[0].utf8.count == 4, parts[1].utf8.count == 2, let year = Int(parts[0]),
      let month = Int(parts[1]),
      let begin = Timestamp(year: year, month: month, day: 1),
      let end = Timestamp(year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1, day: 1)
    else { throw Problem.invalid("month", "a month as 2026-11 is expected") }
    let zone = try await zone(of: call)
    return (zone.timestamps(showing: begin).first ?? begin, zone.timestamps(showing: end).first ?? end)
  }

  /// The zone that the caller names, else that of the first location.
  func zone(of call: Call) async throws -> ZoneRules {
    if let name = call[query: "zone"] {
      guard let zone = zones[name] else { throw Problem.invalid("zone", "an IANA time zone is expected") }
      return zone
    }
    let name = try await house.read { books throws(StoreFault) in try books.locations.first()?.timeZone }
    return name.flatMap { zones[$0] } ?? .utc
  }

  // MARK: Export

  fileprivate func exportCDRs(_ call: Call) async throws -> Answer {
    guard let span = try await span(of: call) else { throw Problem.invalid("month", "a month as 2026-11 is expected") }
    let filter = try cdrFilter(call, span: span)
    return table(CDRTable.columns, named: "cdrs-\(call[query: "month"] ?? "").csv") { books, from throws(StoreFault) in
      guard let filter = try filter(books) else { return [] }
      return try books.cdrs.export(filter, after: from, limit: Limits.exportRows).map { kept throws(StoreFault) in
        (id: kept.cdr.id, cells: try CDRTable.row(kept, books))
      }
    }
  }

  /// A page of at most `Limits.exportRows` rows behind the one with that id.
  typealias TablePage = @Sendable (Books, String?) throws(StoreFault) -> [(id: String, cells: [CSV.Cell])]

  /// A table of any length as CSV.
  func table(_ columns: [String], named name: String, _ page: @escaping TablePage) -> Answer {
    table(columns, named: name, from: ([], next: "")) { place in
      let from = place.isEmpty ? nil : place
      let rows = try await self.house.read { books throws(StoreFault) in try page(books, from) }
      return (rows.map(\.cells), next: rows.count == Limits.exportRows ? rows.last?.id : nil)
    }
  }

  /// The same of rows that come by other ways: the first of them are there, and each page names the next one.
  typealias TableRows = (cells: [[CSV.Cell]], next: String?)
  func table(
    _ columns: [String], named name: String, from first: TableRows,
    _ page: @escaping @MainActor @Sendable (String) async throws -> TableRows
  ) -> Answer {
    .stream { responder in
      var head = Response(
        .ok,
        headers: ["Content-Type": "text/csv; charset=utf-8", "Content-Disposition": "attachment; filename=\"\(name)\""])
      API.harden(&head)
      Task { await self.write(CSV(columns: columns), first, page, to: responder.stream(head)) }
    }
  }

  /// A page of rows at a time, each from a snapshot of its own and only when the reader took the one before.
  private func write(
    _ table: CSV, _ first: TableRows, _ page: @MainActor @Sendable (String) async throws -> TableRows,
    to stream: BodyStream
  ) async {
    var (table, rows) = (table, first)
    do {
      while true {
        for row in rows.cells { table.add(row) }
        stream.send(table.take())
        guard let next = rows.next else { return stream.finish() }
        let goesOn = await withCheckedContinuation { waiting in stream.whenReady { waiting.resume(returning: $0) } }
        guard goesOn else { return }
        rows = try await page(next)
      }
    } catch {
      // A table that ends in the middle must not be taken for a whole one.
      log.error("an export ended in the middle", metadata: ["cause": "\(error)"])
      stream.abort()
    }
  }
}

/// The columns of the CDR table, and what stands in them.
nonisolated enum CDRTable {
  static let columns = [
    "id", "session", "started_at", "ended_at", "duration_seconds", "parking_seconds", "location", "address", "city",
    "station",
    "evse_id", "connector", "token_uid", "contract_id", "partner", "energy_kwh", "currency", "cost_excl_vat",
    "cost_incl_vat",
    "estimated", "held_because", "reserved_seconds", "credits", "credited_by", "exported_kwh", "paid_at_station",
  ]

  static func row(_ kept: KeptCDR, _ books: Books) throws(StoreFault) -> [CSV.Cell] {
    let cdr = kept.cdr
    let partner = try kept.partner.flatMap { id throws(StoreFault) in try books.partners.partner(id)?.name }
    return [
      .text(cdr.id), .text(cdr.session), .time(cdr.startedAt), .time(cdr.endedAt), .whole(Int64(cdr.totals.seconds)),
      .whole(Int64(cdr.totals.parkingSeconds)), .text(cdr.place.name), .text(cdr.place.address), .text(cdr.place.city),
      .text(cdr.place.station), .text(cdr.place.evseID.isEmpty ? cdr.place.evse : cdr.place.evseID),
      .text(cdr.place.connector),
      .text(cdr.token.uid), .text(cdr.token.contractID), .text(partner), .number(cdr.totals.energy.kilowattHours),
      .text(cdr.currency), .number(cdr.totals.cost.beforeTax.decimal),
      cdr.totals.cost.afterTax.map { .number($0.decimal) } ?? .empty, .flag(cdr.isEstimated), .text(kept.held),
      .whole(Int64(cdr.totals.reservedSeconds)), .text(cdr.credits), .text(kept.creditedBy),
      .number(cdr.exported.kilowattHours),
      try kept.paid(books).map { .number($0.decimal) } ?? .empty,
    ]
  }
}

nonisolated extension KeptSettlement {
  var json: JSON {
    [
      "id": .whole(id.value), "session": .text(session), "transaction": .text(settlement.transaction),
      "reference": .string(settlement.reference), "state": .word(settlement.state),
      "amount": .decimal(settlement.amount), "at": .time(settlement.at), "receipt_id": .text(settlement.receiptID),
      "receipt_url": .text(settlement.receiptURL), "note": .text(settlement.note),
      "vat_number": .text(settlement.vatNumber), "company": settlement.company?.json ?? .null,
      "received_at": .time(receivedAt),
    ]
  }
}

nonisolated extension KeptCDR {
  /// What a terminal took for its session; a credit takes nothing.
  fileprivate func paid(_ books: Books) throws(StoreFault) -> Money? {
    cdr.session.isEmpty || cdr.isCredit ? nil : try books.settlements.paid(for: cdr.session)
  }

  func json(_ books: Books) throws(StoreFault) -> JSON {
    [
      "id": .string(cdr.id), "session": .string(cdr.session), "station": .string(cdr.place.station),
      "evse_id": .string(cdr.place.evseID.isEmpty ? cdr.place.evse : cdr.place.evseID),
      "location": .text(cdr.place.name),
      "token": cdr.token.json,
      "partner": try partner.flatMap { id throws(StoreFault) in try books.partners.partner(id)?.nameJSON } ?? .null,
      "started_at": .time(cdr.startedAt), "ended_at": .time(cdr.endedAt), "energy_kwh": .energy(cdr.totals.energy),
      "duration_seconds": .whole(cdr.totals.seconds), "parking_seconds": .whole(cdr.totals.parkingSeconds),
      "cost": .cost(cdr.totals.cost, cdr.currency), "estimated": .bool(cdr.isEstimated), "held_because": .text(held),
      "reservation": .text(cdr.reservation), "reserved_seconds": .whole(cdr.totals.reservedSeconds),
      "credits": .text(cdr.credits), "credited_by": .text(creditedBy), "exported_kwh": .energy(cdr.exported),
      "created_at": .time(cdr.createdAt),
    ]
  }
}
