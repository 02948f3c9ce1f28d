import Domain
import Wire

/// Who we are on papers that somebody pays by.
nonisolated public struct Seller: Payload, Equatable {
  public var name = ""
  /// Several lines.
  public var address = ""
  public var vatID: String?
  public var email: String?
  /// How it is paid, such as an IBAN.
  public var payment: String?
  /// Stands at the foot of every paper.
  public var note: String?
  /// Before the number of an invoice.
  public var prefix: String?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("name", &name, max: 100)
    try w.visit("address", &address, max: 400)
    try w.visit("vat_id", &vatID, max: 40)
    try w.visit("email", &email, max: 100)
    try w.visit("payment", &payment, max: 200)
    try w.visit("note", &note, max: 400)
    try w.visit("prefix", &prefix, max: 12)
  }
}

/// Whoever pays: a driver by contract, the tenant that a group of tokens belongs to, or a roaming partner.
nonisolated public struct Payer: Sendable, Hashable {
  public enum Kind: String, Word { case driver, tenant, partner }

  public let kind: Kind
  public let id: String
  public let name: String

  public init(_ kind: Kind, id: String, name: String) { (self.kind, self.id, self.name) = (kind, id, name) }

  public static func == (a: Payer, b: Payer) -> Bool { a.kind == b.kind && a.id == b.id }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(id)
  }
}

/// The taxes of an invoice, each rounded to what is paid of it.
nonisolated public struct InvoiceTaxes: Payload, Equatable {
  public var taxes: [TaxAmount] = []

  public init(_ taxes: [TaxAmount] = []) { self.taxes = taxes }
  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("taxes", &taxes) }

  public static func == (a: Self, b: Self) -> Bool { a.bytes == b.bytes }
  var bytes: [UInt8] { encoded() }
}

/// What one payer owes for a month in one currency.
nonisolated public struct Invoice: Sendable {
  /// Zero while it is only a draft.
  public var number: Int64
  public var name: String
  /// As 2026-11.
  public var month: String
  public var payer: Payer
  public var currency: String
  public var sessions: Int
  public var energy: Energy
  public var net: Money
  public var taxes: [TaxAmount]
  public var total: Money
  public var company: Seller
  /// The invoice that this one takes back.
  public var credits: Int64?
  public var createdAt: Timestamp
  public var createdBy: String

  public init(draft month: String, payer: Payer, currency: String) {
    (number, name, self.month, self.payer, self.currency) = (0, "", month, payer, currency)
    (sessions, energy, net, taxes, total) = (0, .zero, .zero, [], .zero)
    (company, createdAt, createdBy) = (Seller(), .epoch, "")
  }

  /// Adds up one more CDR, exactly. A credit has the totals of what it takes back, and takes its session back as well.
  public mutating func add(_ cdr: CDR) {
    sessions += cdr.isCredit ? -1 : 1
    energy = cdr.isCredit ? energy - cdr.totals.energy : energy + cdr.totals.energy
    net = net + cdr.totals.cost.beforeTax
    for tax in cdr.totals.cost.taxes ?? [] {
      if let known = taxes.firstIndex(where: { $0.name == tax.name && $0.percent == tax.percent }) {
        taxes[known].amount = taxes[known].amount + tax.amount
      } else {
        taxes.append(tax)
      }
    }
  }

  /// What is paid: the sums, not the lines, are rounded, and the total is the sum of what stands above it.
  public mutating func round() {
    net = net.payable(in: currency)
    for place in taxes.indices { taxes[place].amount = taxes[place].amount.payable(in: currency) }
    total = taxes.reduce(net) { $0 + $1.amount }
  }

  /// The paper that takes this one back.
  public func credit() -> Invoice {
    var credit = self
    (credit.number, credit.name, credit.credits) = (0, "", number)
    (credit.net, credit.total) = (-net, -total)
    for place in credit.taxes.indices { credit.taxes[place].amount = -credit.taxes[place].amount }
    return credit
  }
}

/// A month in which no invoice is made any more.
nonisolated public struct ClosedMonth: Sendable, Equatable {
  public let month: String
  public let closedAt: Timestamp
  public let closedBy: String
}

/// Invoices, which are never changed, and closed months. Their numbers have no gap but where a restore made one.
nonisolated public struct Invoices {
  let db: Database

  /// Keeps one under the next number; it is given here.
  public func create(_ draft: Invoice, of cdrs: [String]) throws(StoreFault) -> Invoice {
    var invoice = draft
    invoice.number = try lastNumber() + 1
    let digits = String(invoice.number)
    invoice.name = (draft.company.prefix ?? "") + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    try db.run(
      """
      INSERT INTO invoice (number, name, month, payer_kind, payer, payer_name, currency, sessions, energy, net, taxes,
        total, company, credits, created_at, created_by)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
      """, invoice.number, invoice.name, invoice.month, invoice.payer.kind.rawValue, invoice.payer.id,
      invoice.payer.name, invoice.currency, invoice.sessions, invoice.energy, invoice.net,
      WrittenText(InvoiceTaxes(invoice.taxes).bytes), invoice.total, WrittenText(invoice.company.encoded()),
      invoice.credits, invoice.createdAt, invoice.createdBy)
    for cdr in cdrs {
      let isNew = try db.run("UPDATE cdr SET invoice = ?2 WHERE id = ?1 AND invoice IS NULL", cdr, invoice.number) > 0
      guard isNew else { throw .constraint("CDR \(cdr) was asked for already") }
    }
    return invoice
  }

  /// The number that nobody else has is the one after it.
  private func lastNumber() throws(StoreFault) -> Int64 {
    try db.value(
      """
      SELECT max(
        coalesce((SELECT max(number) FROM invoice), 0),
        coalesce((SELECT CAST(value AS INTEGER) FROM setting WHERE name = ?1), 0))
      """, Self.lastInvoice) ?? 0
  }

  private static let lastInvoice = "last_invoice"

  /// After a restore: papers that were made after the backup are out there, and no other one gets their numbers.
  func jump() throws(StoreFault) {
    try Settings(db: db).set(Self.lastInvoice, String(try lastNumber() + Limits.invoiceJump))
  }

  public func invoice(_ number: Int64) throws(StoreFault) -> Invoice? {
    try db.first("SELECT * FROM invoice WHERE number = ?1", number, as: Invoice.init(row:))
  }

  /// Whether another one took it back.
  public func credit(of number: Int64) throws(StoreFault) -> Invoice? {
    try db.first("SELECT * FROM invoice WHERE credits = ?1", number, as: Invoice.init(row:))
  }

  /// The newest first.
  public func list(month: String? = nil, before number: Int64? = nil, limit: Int) throws(StoreFault) -> [Invoice] {
    try db.rows(
      """
      SELECT * FROM invoice WHERE (?1 IS NULL OR month = ?1) AND (?2 IS NULL OR number < ?2)
      ORDER BY number DESC LIMIT ?3
      """, month, number, Limits.page(limit), as: Invoice.init(row:))
  }

  /// The CDRs of an invoice in the order of their ids, which is that of their making; those of what it takes back, for a
  /// credit.
  public func cdrs(of invoice: Invoice, after cdr: String = "", limit: Int) throws(StoreFault) -> [KeptCDR] {
    try db.rows(
      """
      SELECT * FROM cdr WHERE invoice = ?1 AND id > ?2 ORDER BY id LIMIT ?3
      """, invoice.credits ?? invoice.number, cdr, Limits.page(limit), as: KeptCDR.init(row:))
  }

  /// Those that a partner is asked to pay, the oldest first, by when they were made.
  public func page(_ query: PageQuery, of partner: ID<Partner>) throws(StoreFault) -> Page<Invoice> {
    let (kind, payer) = (Payer.Kind.partner.rawValue, partner.description)
    let total: Int? = try db.value(
      """
      SELECT count(*) FROM invoice WHERE payer_kind = ?1 AND payer = ?2 AND created_at >= ?3 AND created_at < ?4
      """, kind, payer, query.first, query.end)
    let items = try db.rows(
      """
      SELECT * FROM invoice WHERE payer_kind = ?1 AND payer = ?2 AND created_at >= ?3 AND created_at < ?4
      ORDER BY number LIMIT ?5 OFFSET ?6
      """, kind, payer, query.first, query.end, Limits.page(query.limit), query.offset, as: Invoice.init(row:))
    return Page(items: items, total: total ?? 0)
  }

  /// Which CDRs it asks for; for a credit note those of what it takes back.
  public func record(of invoice: Invoice, owner: PartyID) throws(StoreFault) -> InvoiceRecord {
    let cdrs: [String] = try db.rows(
      "SELECT id FROM cdr WHERE invoice = ?1 ORDER BY id", invoice.credits ?? invoice.number
    ) { (row) throws(StoreFault) in try row.get("id") }
    return InvoiceRecord(
      of: owner, id: "\(invoice.number)", invoice: invoice.name, cdrs: cdrs, updatedAt: invoice.createdAt)
  }

  public func close(_ month: String, at now: Timestamp, by who: String) throws(StoreFault) {
    try db.run("INSERT INTO closed_month (month, closed_at, closed_by) VALUES (?1, ?2, ?3)", month, now, who)
  }

  public func closed(_ month: String) throws(StoreFault) -> ClosedMonth? {
    try db.first("SELECT * FROM closed_month WHERE month = ?1", month, as: ClosedMonth.init(row:))
  }

  public func closedMonths() throws(StoreFault) -> [ClosedMonth] {
    try db.rows("SELECT * FROM closed_month ORDER BY month DESC", as: ClosedMonth.init(row:))
  }
}

nonisolated extension ClosedMonth {
  init(row: Row) throws(StoreFault) {
    try self.init(month: row.get("month"), closedAt: row.get("closed_at"), closedBy: row.get("closed_by"))
  }
}

nonisolated extension Invoice {
  init(row: Row) throws(StoreFault) {
    self.init(
      draft: try row.get("month"),
      payer: Payer(try row.word("payer_kind"), id: try row.get("payer"), name: try row.get("payer_name")),
      currency: try row.get("currency"))
    number = try row.get("number")
    name = try row.get("name")
    sessions = try row.get("sessions")
    energy = try row.get("energy")
    net = try row.get("net")
    let kept: InvoiceTaxes = try row.payload("taxes")
    taxes = kept.taxes
    total = try row.get("total")
    company = try row.payload("company")
    credits = try row.get("credits")
    createdAt = try row.get("created_at")
    createdBy = try row.get("created_by")
  }
}
