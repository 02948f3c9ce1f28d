import Domain
import Wire

/// A payment at a station as the books keep it.
nonisolated public struct KeptSettlement: Sendable, Equatable {
  public let id: ID<KeptSettlement>
  public let station: ID<Station>
  public let session: String?
  public let settlement: Settlement
  public let receivedAt: Timestamp
}

/// What payment terminals made of the money for sessions.
nonisolated public struct Settlements {
  let db: Database

  /// Whether it is news: the very same is told again where the station had no answer.
  public enum Novelty: Sendable, Equatable { case isNew, changed, repeated }

  public func keep(
    _ settlement: Settlement, of station: ID<Station>, session: String?, at now: Timestamp
  ) throws(StoreFault) -> Novelty {
    let name = settlement.transaction ?? ""
    let before = try db.first(
      """
      SELECT * FROM settlement WHERE station = ?1 AND transaction_name = ?2 AND reference = ?3 AND state = ?4
      """, station, name, settlement.reference, settlement.state.rawValue, as: KeptSettlement.init(row:))
    if let before, before.settlement == settlement, before.session == session { return .repeated }
    try db.run(
      """
      INSERT INTO settlement (station, session, transaction_name, reference, state, amount, at, receipt_id, receipt_url,
        note, vat_number, company, received_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
      ON CONFLICT (station, transaction_name, reference, state) DO UPDATE SET
        session = coalesce(excluded.session, session), amount = excluded.amount, at = excluded.at,
        receipt_id = excluded.receipt_id, receipt_url = excluded.receipt_url, note = excluded.note,
        vat_number = excluded.vat_number, company = excluded.company
      """,
      station, session, name, settlement.reference, settlement.state.rawValue, settlement.amount, settlement.at,
      settlement.receiptID, settlement.receiptURL, settlement.note, settlement.vatNumber, settlement.company?.json, now)
    guard let before else { return .isNew }
    return before.settlement.amount == settlement.amount ? .repeated : .changed
  }

  /// Those of a station, the newest first, before a cursor.
  public func list(
    of station: ID<Station>, before cursor: ID<KeptSettlement>? = nil, limit: Int
  ) throws(StoreFault) -> [KeptSettlement] {
    try db.rows(
      "SELECT * FROM settlement WHERE station = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3", station,
      cursor?.value ?? .max, Limits.page(limit), as: KeptSettlement.init(row:))
  }

  /// Those of a session, in the order in which they were told.
  public func list(of session: String) throws(StoreFault) -> [KeptSettlement] {
    try db.rows("SELECT * FROM settlement WHERE session = ?1 ORDER BY id", session, as: KeptSettlement.init(row:))
  }

  /// What was paid for a session at its station; nil where no terminal said that it is done with it.
  public func paid(for session: String) throws(StoreFault) -> Money? {
    let done = try list(of: session).map(\.settlement).filter { $0.state == .settled || $0.state == .canceled }
    guard !done.isEmpty else { return nil }
    return Money(read: done.reduce(Decimal.zero) { $1.state == .settled ? $0 + $1.amount : $0 })
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM settlement WHERE id IN (
          SELECT id FROM settlement WHERE received_at < ?1 ORDER BY received_at LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }
}

nonisolated extension KeptSettlement {
  init(row: Row) throws(StoreFault) {
    (id, station, session) = try (row.get("id"), row.get("station"), row.get("session"))
    let name: String = try row.get("transaction_name")
    let company: JSON? = try row.get("company")
    settlement = Settlement(
      transaction: name.isEmpty ? nil : name, reference: try row.get("reference"), state: try row.word("state"),
      amount: try row.get("amount"), at: try row.get("at"), receiptID: try row.get("receipt_id"),
      receiptURL: try row.get("receipt_url"), note: try row.get("note"), vatNumber: try row.get("vat_number"),
      company: company.map { VATAnswer.Company($0) })
    receivedAt = try row.get("received_at")
  }
}
