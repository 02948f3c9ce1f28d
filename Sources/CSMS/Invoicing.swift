import Domain
import Store
import Wire

// What is owed for a month: who pays, and the papers that are numbered without a gap. A month is closed once; what ends
// up in the books later is asked for with the next month that is closed.

extension CSMS {
  nonisolated private static let companySetting = "company"

  public func company() async throws(Refusal) -> Seller {
    try await read { books throws(StoreFault) in try Self.company(books) }
  }

  nonisolated private static func company(_ books: Books) throws(StoreFault) -> Seller {
    guard let text = try books.settings.value(companySetting) else { return Seller() }
    return (try? Seller.read(Bytes(utf8: text)).value) ?? Seller()
  }

  /// Changes who we are on papers from now on; those that were made keep what they said.
  /// - Parameter look: looks at what is known so far, and refuses where the change was made for something else.
  public func changeCompany(
    _ company: Seller, by who: String,
    looking look: @escaping @MainActor @Sendable (Seller) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try checkText(company.name, "name", 1...100)
    try checkText(company.prefix, "prefix", 0...12)
    try await turn { () throws(Refusal) in
      try look(keep { () throws(StoreFault) in try Self.company(self.books) })
      try keep { () throws(StoreFault) in
        try self.books.settings.set(Self.companySetting, String(decoding: company.encoded(), as: UTF8.self))
      }
    }
  }

  /// What the payers of a month owe so far: of all CDRs that ended before the month did, are not held, and were not asked
  /// for yet. Read a page at a time, so that no snapshot lives long.
  /// - Parameter end: of the month, on the clock of whoever closes it.
  public func drafts(of month: String, until end: Timestamp) async throws(Refusal) -> MonthDraft {
    var drafts: [String: (invoice: Invoice, cdrs: [String])] = [:]
    var (cursor, count) = (String?.none, 0)
    while true {
      let from = cursor
      let page = try await read { books throws(StoreFault) in
        let kept = try books.cdrs.owed(until: end, after: from, limit: Limits.invoicedAtOnce)
        let owed = try kept.map { one throws(StoreFault) in (cdr: one.cdr, payer: try Self.payer(of: one, books)) }
        return (last: kept.count == Limits.invoicedAtOnce ? kept.last?.cdr.id : nil, owed: owed)
      }
      for (cdr, payer) in page.owed {
        let key = "\(payer.kind.rawValue) \(payer.id) \(cdr.currency)"
        var draft = drafts[key] ?? (Invoice(draft: month, payer: payer, currency: cdr.currency), [])
        draft.invoice.add(cdr)
        draft.cdrs.append(cdr.id)
        drafts[key] = draft
      }
      count += page.owed.count
      guard count <= Limits.invoicedCDRs else {
        throw .conflict("more than \(Limits.invoicedCDRs) sessions wait for an invoice: close an earlier month first")
      }
      guard let last = page.last else { break }
      cursor = last
    }
    let invoices = drafts.sorted { $0.key < $1.key }.map { _, draft in
      var draft = draft
      draft.invoice.round()
      return draft
    }
    let held = try await read { books throws(StoreFault) in try books.cdrs.held(until: end) }
    return MonthDraft(invoices: invoices, held: held)
  }

  /// Who pays a CDR: its partner, the tenant of the driver's token, or the driver.
  nonisolated private static func payer(of kept: KeptCDR, _ books: Books) throws(StoreFault) -> Payer {
    if let id = kept.partner {
      return Payer(.partner, id: id.description, name: try books.partners.partner(id)?.name ?? "\(id)")
    }
    let reference = kept.cdr.token
    let tokens = try books.tokens.tokens(contract: reference.contractID)
    let token = tokens.first { $0.owner == nil && $0.uid == reference.uid } ?? tokens.first { $0.owner == nil }
    if let group = token?.groupID { return Payer(.tenant, id: group, name: group) }
    let contract = reference.contractID.isEmpty ? reference.uid : reference.contractID
    return Payer(.driver, id: contract, name: token?.visualNumber ?? contract)
  }

  /// Closes a month: makes its invoices, numbered without a gap, in one commit.
  public func closeMonth(_ month: String, until end: Timestamp, by who: String) async throws(Refusal) -> [Invoice] {
    guard end <= now else { throw .conflict("\(month) is not over") }
    let drafts = try await drafts(of: month, until: end).invoices
    return try await turn { () throws(Refusal) in
      if let closed = try keep({ () throws(StoreFault) in try self.books.invoices.closed(month) }) {
        throw .conflict("\(month) was closed by \(closed.closedBy)")
      }
      let company = try keep { () throws(StoreFault) in try Self.company(self.books) }
      guard !company.name.isEmpty else { throw .conflict("say first who you are: the company's name is missing") }
      return try keep { () throws(StoreFault) in
        var made: [Invoice] = []
        for (draft, cdrs) in drafts {
          var invoice = draft
          (invoice.company, invoice.createdAt, invoice.createdBy) = (company, self.now, who)
          made.append(try self.books.invoices.create(invoice, of: cdrs))
        }
        for invoice in made { try self.invoiceMade(invoice) }
        try self.books.invoices.close(month, at: self.now, by: who)
        return made
      }
    }
  }

  /// Takes an invoice back by a credit note, which has a number of its own. What it asked for is not asked for again.
  public func creditInvoice(_ number: Int64, by who: String) async throws(Refusal) -> Invoice {
    try await turn { () throws(Refusal) in
      guard let invoice = try keep({ () throws(StoreFault) in try self.books.invoices.invoice(number) }) else {
        throw .notFound("no such invoice")
      }
      if invoice.credits != nil { throw .conflict("\(invoice.name) is a credit note itself") }
      if try keep({ () throws(StoreFault) in try self.books.invoices.credit(of: number) }) != nil {
        throw .conflict("\(invoice.name) was taken back already")
      }
      return try keep { () throws(StoreFault) in
        var credit = invoice.credit()
        (credit.company, credit.createdAt, credit.createdBy) = (try Self.company(self.books), self.now, who)
        let made = try self.books.invoices.create(credit, of: [])
        try self.invoiceMade(made)
        return made
      }
    }
  }
}

/// A month that is not closed.
public struct MonthDraft: Sendable {
  public var invoices: [(invoice: Invoice, cdrs: [String])]
  /// CDRs that wait for the operator and so are asked for by nobody yet, by the reason, the most frequent first.
  public var held: [(reason: String, count: Int)]
}
