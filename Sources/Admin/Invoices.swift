import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// What is owed for a month: drafts, closing, invoices as paper and as tables, credit notes, and who we are on them.
extension Route {
  static let invoices: [Route] = [
    Route("showCompany", .get, "/company", .look) { api, _ in try await api.showCompany() },
    Route("changeCompany", .put, "/company", .own) { try await $0.changeCompany($1) },
    Route("listClosedMonths", .get, "/months", .look) { api, _ in
      let months = try await api.house.read { books throws(StoreFault) in try books.invoices.closedMonths() }
      return .page(months.map(\.json), next: nil)
    },
    Route("showMonth", .get, "/months/{month}", .look) { try await $0.showMonth($1) },
    Route("closeMonth", .post, "/months/{month}/close", .run) { try await $0.closeMonth($1) },
    Route("listInvoices", .get, "/invoices", .look) { try await $0.listInvoices($1) },
    Route("exportInvoices", .get, "/invoices.xlsx", .look) { try await $0.exportInvoices($1) },
    Route("exportInvoiceTable", .get, "/invoices.csv", .look) { try await $0.exportInvoiceTable($1) },
    Route("getInvoice", .get, "/invoices/{id}", .look) { api, call in
      let number = try call.invoiceNumber()
      return .json(try await api.invoice(number).json(creditedBy: try await api.credit(of: number)))
    },
    Route("printInvoice", .get, "/invoices/{id}/pdf", .look) { try await $0.printInvoice($1) },
    Route("creditInvoice", .post, "/invoices/{id}/credit", .run) { api, call in
      .json(
        try await api.house.creditInvoice(call.invoiceNumber(), by: call.by).json(creditedBy: nil), status: .created)
    },
  ]
}

extension API {
  fileprivate func changeCompany(_ call: Call) async throws -> Answer {
    let company: Seller = try Fields.payload(call.request.body)
    try await house.changeCompany(company, by: call.by) { (known: Seller) throws(HouseRefusal) in
      try call.expect(ETag(of: known.encoded()))
    }
    return try await showCompany()
  }

  fileprivate func showCompany() async throws -> Answer {
    let company = try await house.company()
    return .json(company.shown, etag: ETag(of: company.encoded()))
  }

  fileprivate func showMonth(_ call: Call) async throws -> Answer {
    let (month, span) = try await self.month(of: call)
    let closed = try await house.read { books throws(StoreFault) in try books.invoices.closed(month) }
    let draft = try await house.drafts(of: month, until: span.to)
    return .json([
      "month": .string(month), "ends_at": .time(span.to), "closed": closed?.json ?? .null,
      "drafts": .list(closed == nil ? draft.invoices : []) { $0.invoice.json(creditedBy: nil) },
      "held": .list(draft.held) { ["reason": .string($0.reason), "count": .whole($0.count)] },
    ])
  }

  fileprivate func closeMonth(_ call: Call) async throws -> Answer {
    let (month, span) = try await self.month(of: call)
    let made = try await house.closeMonth(month, until: span.to, by: call.by)
    return .json(["invoices": .list(made) { $0.json(creditedBy: nil) }], status: .created)
  }

  /// The month in the path, on the clock of the house.
  private func month(of call: Call) async throws -> (String, (from: Timestamp, to: Timestamp)) {
    let text = call.text("month")
    return (text, try await span(ofMonth: text, of: call))
  }

  fileprivate func listInvoices(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor: ID<Invoice>? = try call.cursorID()
    let month = call[query: "month"]
    if let month { _ = try await span(ofMonth: month, of: call) }
    let found = try await house.read { books throws(StoreFault) in
      try books.invoices.list(month: month, before: cursor?.value, limit: limit).map { invoice throws(StoreFault) in
        (invoice, try books.invoices.credit(of: invoice.number)?.number)
      }
    }
    return .page(
      found.map { $0.0.json(creditedBy: $0.1) }, next: found.count < limit ? nil : found.last.map { "\($0.0.number)" })
  }

  fileprivate func invoice(_ number: Int64) async throws -> Invoice {
    let found = try await house.read { books throws(StoreFault) in try books.invoices.invoice(number) }
    guard let found else { throw Problem(.notFound, "no such invoice") }
    return found
  }

  fileprivate func credit(of number: Int64) async throws -> Int64? {
    try await house.read { books throws(StoreFault) in try books.invoices.credit(of: number)?.number }
  }

  // MARK: Papers

  fileprivate func printInvoice(_ call: Call) async throws -> Answer {
    let invoice = try await self.invoice(call.invoiceNumber())
    var credited: String?
    if let number = invoice.credits { credited = try await self.invoice(number).name }
    let words = PaperWords(assets, language: call[query: "language"] ?? "en")
    let paper = try await Self.paper(of: invoice, crediting: credited, words, try await zone(of: call), house)
    return .file(paper, "application/pdf", named: "\(invoice.name).pdf")
  }

  /// Written beside the main actor: stations are answered while it grows.
  @concurrent private nonisolated static func paper(
    of invoice: Invoice, crediting credited: String?, _ words: PaperWords, _ zone: ZoneRules, _ house: CSMS
  ) async throws -> Bytes {
    var paper = InvoicePaper(invoice, crediting: credited, words: words, zone: zone)
    var last = ""
    while true {
      let from = last
      let page = try await house.read { books throws(StoreFault) in
        try books.invoices.cdrs(of: invoice, after: from, limit: Limits.exportRows).map(\.cdr)
      }
      for cdr in page { paper.add(cdr) }
      guard page.count == Limits.exportRows, let end = page.last?.id else { return paper.finished() }
      last = end
    }
  }

  /// The month that the query names, and its invoices, the oldest first.
  private func invoices(ofMonth call: Call) async throws -> (month: String, invoices: [Invoice]) {
    guard let month = call[query: "month"] else {
      throw Problem.invalid("month", "a month as 2026-11 is expected")
    }
    _ = try await span(ofMonth: month, of: call)
    return (month, try await Self.invoices(of: month, house))
  }

  /// A line for each invoice of a month, for whoever keeps the accounts.
  fileprivate func exportInvoiceTable(_ call: Call) async throws -> Answer {
    let (month, invoices) = try await invoices(ofMonth: call)
    var table = CSV(columns: Invoice.columns)
    for invoice in invoices { table.add(invoice.row) }
    return .file(table.take(), "text/csv; charset=utf-8", named: "invoices-\(month).csv")
  }

  /// A workbook of a month: its invoices, and every session of each.
  fileprivate func exportInvoices(_ call: Call) async throws -> Answer {
    let (month, invoices) = try await invoices(ofMonth: call)
    return .file(
      try await Self.workbook(of: invoices, house),
      "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", named: "invoices-\(month).xlsx")
  }

  /// Beside the main actor as well.
  @concurrent private nonisolated static func workbook(of invoices: [Invoice], _ house: CSMS) async throws -> Bytes {
    var book = XLSX()
    book.begin("Invoices", columns: Invoice.columns)
    for invoice in invoices { book.add(invoice.row) }
    book.begin("Sessions", columns: ["invoice"] + CDRTable.columns)
    for invoice in invoices where invoice.credits == nil {
      var last = ""
      while true {
        let from = last
        let rows = try await house.read { books throws(StoreFault) in
          try books.invoices.cdrs(of: invoice, after: from, limit: Limits.exportRows).map { kept throws(StoreFault) in
            (id: kept.cdr.id, cells: try CDRTable.row(kept, books))
          }
        }
        for row in rows { book.add([.text(invoice.name)] + row.cells) }
        guard rows.count == Limits.exportRows, let end = rows.last?.id else { break }
        last = end
      }
    }
    return book.finished()
  }

  /// All of a month, the oldest first.
  nonisolated static func invoices(of month: String, _ house: CSMS) async throws -> [Invoice] {
    var invoices: [Invoice] = []
    while true {
      let last = invoices.last?.number
      let page = try await house.read { books throws(StoreFault) in
        try books.invoices.list(month: month, before: last, limit: Limits.exportRows)
      }
      invoices += page
      guard page.count == Limits.exportRows else { return invoices.reversed() }
    }
  }
}

extension Call {
  fileprivate func invoiceNumber() throws(Problem) -> Int64 {
    guard let number = Int64(text("id")) else { throw Problem(.notFound, "an invoice has a number") }
    return number
  }
}

nonisolated extension Invoice {
  fileprivate static let columns = [
    "number", "payer_kind", "payer", "name", "sessions", "energy_kwh", "currency", "net", "tax", "total", "credits",
    "created_at",
  ]

  fileprivate var row: [CSV.Cell] {
    [
      .text(name), .text(payer.kind.rawValue), .text(payer.id), .text(payer.name), .whole(Int64(sessions)),
      .number(energy.kilowattHours), .text(currency), .number(net.decimal), .number((total - net).decimal),
      .number(total.decimal), credits.map { .whole($0) } ?? .empty, .time(createdAt),
    ]
  }

  fileprivate func json(creditedBy credit: Int64?) -> JSON {
    [
      "number": .whole(number), "name": .string(name), "month": .string(month), "payer_kind": .word(payer.kind),
      "payer": .string(payer.id), "payer_name": .string(payer.name), "sessions": .whole(sessions),
      "energy_kwh": .energy(energy), "currency": .string(currency), "net": .string(net.decimal.text(places: 2)),
      "taxes": .list(taxes) {
        [
          "name": .string($0.name), "percent": .decimal($0.percent),
          "amount": .string($0.amount.decimal.text(places: 2)),
        ]
      },
      "total": .string(total.decimal.text(places: 2)), "credits": .whole(credits), "credited_by": .whole(credit),
      "created_at": number == 0 ? .null : .time(createdAt), "created_by": .string(createdBy),
    ]
  }
}

nonisolated extension ClosedMonth {
  fileprivate var json: JSON {
    ["month": .string(month), "closed_at": .time(closedAt), "closed_by": .string(closedBy)]
  }
}

nonisolated extension Seller {
  fileprivate var shown: JSON {
    [
      "name": .string(name), "address": .string(address), "vat_id": .text(vatID), "email": .text(email),
      "payment": .text(payment), "note": .text(note), "prefix": .text(prefix),
    ]
  }
}
