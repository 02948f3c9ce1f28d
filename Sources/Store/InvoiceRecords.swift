import Domain
import Wire

/// A partner's invoice to us, with what we know of the CDRs that it asks for.
nonisolated public struct KeptInvoiceRecord: Sendable, Equatable {
  public let id: Int64
  public let partner: ID<Partner>
  public let record: InvoiceRecord
  public let receivedAt: Timestamp
}

/// What the CDRs of a record come to in our books.
nonisolated public struct InvoiceCheck: Sendable, Equatable {
  public struct Sum: Sendable, Equatable {
    public var net = Money.zero
    /// With taxes.
    public var total = Money.zero
  }

  /// Those that are not in our books, the first few.
  public var missing: [String] = []
  public var missingCount = 0
  /// Those with doubts that nobody has settled.
  public var doubtful = 0
  /// By currency.
  public var costs: [String: Sum] = [:]

  public init() {}
}

/// What partners told of their invoices (OCPI 2.3.0, invoice reconciliation).
nonisolated public struct InvoiceRecords {
  let db: Database

  public func record(_ key: RoamingKey) throws(StoreFault) -> InvoiceRecord? {
    try db.first(
      "SELECT body FROM invoice_record WHERE partner = ?1 AND country = ?2 AND party = ?3 AND ref = ?4",
      key.partner, key.party.country, key.party.party, key.ref
    ) { (row) throws(StoreFault) in try row.payload("body") }
  }

  public func record(_ id: Int64) throws(StoreFault) -> KeptInvoiceRecord? {
    try db.first("SELECT * FROM invoice_record WHERE id = ?1", id, as: KeptInvoiceRecord.init(row:))
  }

  public func count(of partner: ID<Partner>) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM invoice_record WHERE partner = ?1", partner) ?? 0
  }

  /// True where it is new. What is older than what we hold changes nothing.
  public func put(_ record: InvoiceRecord, of partner: ID<Partner>, at now: Timestamp) throws(StoreFault) -> Bool {
    let isNew = try self.record(RoamingKey(partner: partner, party: record.owner, ref: record.id)) == nil
    try db.run(
      """
      INSERT INTO invoice_record (partner, country, party, ref, body, updated_at, received_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      ON CONFLICT (partner, country, party, ref) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at
      WHERE excluded.updated_at >= invoice_record.updated_at
      """, partner, record.owner.country, record.owner.party, record.id, record.stored, record.updatedAt, now)
    return isNew
  }

  /// False where there is none.
  public func remove(_ key: RoamingKey) throws(StoreFault) -> Bool {
    try db.run(
      "DELETE FROM invoice_record WHERE partner = ?1 AND country = ?2 AND party = ?3 AND ref = ?4",
      key.partner, key.party.country, key.party.party, key.ref) > 0
  }

  /// The newest first, before a cursor.
  public func list(before cursor: Int64? = nil, limit: Int) throws(StoreFault) -> [KeptInvoiceRecord] {
    try db.rows(
      "SELECT * FROM invoice_record WHERE id < ?1 ORDER BY id DESC LIMIT ?2", cursor ?? .max, Limits.page(limit),
      as: KeptInvoiceRecord.init(row:))
  }

  /// Adds up what a record asks for: CDRs of a partner's stations, or, where it bills us for what we delivered (reverse
  /// billing), our own of its drivers.
  public func check(_ kept: KeptInvoiceRecord) throws(StoreFault) -> InvoiceCheck {
    var check = InvoiceCheck()
    for id in kept.record.cdrs {
      guard let found = try bill(id, of: kept) else {
        check.missingCount += 1
        if check.missing.count < Limits.listedMissing { check.missing.append(id) }
        continue
      }
      if found.isDoubtful { check.doubtful += 1 }
      var sum = check.costs[found.currency] ?? InvoiceCheck.Sum()
      (sum.net, sum.total) = (sum.net + found.net, sum.total + found.total)
      check.costs[found.currency] = sum
    }
    return check
  }

  private func bill(
    _ id: String, of kept: KeptInvoiceRecord
  ) throws(StoreFault) -> (currency: String, net: Money, total: Money, isDoubtful: Bool)? {
    let theirs = RoamingKey(partner: kept.partner, party: kept.record.owner, ref: id)
    if let cdr = try RoamingUses(db: db).cdr(theirs) {
      let isDoubtful = !cdr.doubts.isEmpty && cdr.settledAt == nil
      return (cdr.currency, cdr.cost.beforeTax, cdr.cost.afterTax ?? cdr.cost.beforeTax, isDoubtful)
    }
    guard let ours = try CDRs(db: db).cdr(id, of: kept.partner)?.cdr else { return nil }
    return (ours.currency, ours.totals.cost.beforeTax, ours.totals.cost.total, false)
  }
}

nonisolated extension KeptInvoiceRecord {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), partner: row.get("partner"), record: row.payload("body"), receivedAt: row.get("received_at"))
  }
}
