import Crypto
import Domain
import Wire

/// Which CDRs a list or an export shows; what is nil does not matter.
nonisolated public struct CDRFilter: Sendable, Equatable {
  /// When the session ended: from inclusive, to exclusive. A month is such a span in the reader's time zone.
  public var from: Timestamp?
  public var to: Timestamp?
  public var station: ID<Station>?
  public var location: ID<Location>?
  public var partner: ID<Partner>?
  /// Only those that wait for the operator.
  public var isHeld: Bool

  public init(
    from: Timestamp? = nil, to: Timestamp? = nil, station: ID<Station>? = nil, location: ID<Location>? = nil,
    partner: ID<Partner>? = nil, isHeld: Bool = false
  ) {
    self.from = from
    self.to = to
    self.station = station
    self.location = location
    self.partner = partner
    self.isHeld = isHeld
  }
}

/// A CDR with what the books know beside it.
nonisolated public struct KeptCDR: Sendable, Equatable {
  public let cdr: CDR
  public let partner: ID<Partner>?
  public let station: ID<Station>
  public let location: ID<Location>?
  /// Why it waits for the operator; nil where it does not, or no longer.
  public let held: String?
}

/// The bills. A CDR is written once and never changed; whether it is held is not part of it.
nonisolated public struct CDRs {
  let db: Database

  public func cdr(_ id: String) throws(StoreFault) -> KeptCDR? {
    try db.first("SELECT * FROM cdr WHERE id = ?1", id, as: KeptCDR.init(row:))
  }

  public func cdr(session: String) throws(StoreFault) -> KeptCDR? {
    try db.first("SELECT * FROM cdr WHERE session = ?1", session, as: KeptCDR.init(row:))
  }

  /// One that a partner may see; nil where it is somebody else's or held.
  public func cdr(_ id: String, of partner: ID<Partner>) throws(StoreFault) -> KeptCDR? {
    try db.first(
      "SELECT * FROM cdr WHERE id = ?1 AND partner = ?2 AND listed_at IS NOT NULL", id, partner, as: KeptCDR.init(row:))
  }

  /// Keeps a new one, with the digest of its bytes. `heldBecause` in it holds it from partners until it is released.
  /// - Throws: `.constraint` where the session has one.
  public func insert(
    _ cdr: CDR, of party: ID<Party>, partner: ID<Partner>?, station: ID<Station>, location: ID<Location>?
  ) throws(StoreFault) {
    let body = cdr.stored
    try db.run(
      """
      INSERT INTO cdr (id, session, party, partner, station, location, started_at, ended_at, energy, seconds, currency,
        cost, cost_taxed, held, body, digest, created_at, listed_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, iif(?14 IS NULL, ?17, NULL))
      """,
      cdr.id, cdr.session, party, partner, station, location, cdr.startedAt, cdr.endedAt, cdr.totals.energy,
      cdr.totals.seconds, cdr.currency, cdr.totals.cost.beforeTax, cdr.totals.cost.afterTax, cdr.heldBecause, body,
      Self.digest(body), cdr.createdAt)
  }

  /// The operator lets a held one go. False where it was not held.
  @discardableResult
  public func release(_ id: String, at now: Timestamp) throws(StoreFault) -> Bool {
    try db.run("UPDATE cdr SET held = NULL, listed_at = ?2 WHERE id = ?1 AND held IS NOT NULL", id, now) > 0
  }

  /// The newest first, before a cursor.
  public func list(
    _ filter: CDRFilter = CDRFilter(), before cursor: String? = nil, limit: Int
  ) throws(StoreFault) -> [KeptCDR] {
    try db.rows(
      """
      SELECT * FROM cdr
      WHERE id < ?1
        AND (?2 IS NULL OR ended_at >= ?2) AND (?3 IS NULL OR ended_at < ?3)
        AND (?4 IS NULL OR station = ?4) AND (?5 IS NULL OR location = ?5) AND (?6 IS NULL OR partner = ?6)
        AND (NOT ?7 OR held IS NOT NULL)
      ORDER BY id DESC LIMIT ?8
      """,
      cursor ?? afterAllIDs, filter.from, filter.to, filter.station, filter.location, filter.partner, filter.isHeld,
      Limits.page(limit), as: KeptCDR.init(row:))
  }

  /// The oldest first, after a cursor: an export asks again from its last id, so that no snapshot lives long.
  public func export(
    _ filter: CDRFilter, after cursor: String? = nil, limit: Int
  ) throws(StoreFault) -> [KeptCDR] {
    try db.rows(
      """
      SELECT * FROM cdr
      WHERE id > ?1
        AND (?2 IS NULL OR ended_at >= ?2) AND (?3 IS NULL OR ended_at < ?3)
        AND (?4 IS NULL OR station = ?4) AND (?5 IS NULL OR location = ?5) AND (?6 IS NULL OR partner = ?6)
        AND (NOT ?7 OR held IS NOT NULL)
      ORDER BY id LIMIT ?8
      """,
      cursor ?? "", filter.from, filter.to, filter.station, filter.location, filter.partner, filter.isHeld,
      Limits.page(limit), as: KeptCDR.init(row:))
  }

  /// Those of a partner's drivers that it may see, in the order in which they came to be listed.
  public func page(_ query: PageQuery, of partner: ID<Partner>) throws(StoreFault) -> Page<CDR> {
    let total: Int? = try db.value(
      """
      SELECT count(*) FROM cdr
      WHERE partner = ?1 AND listed_at >= ?2 AND listed_at < ?3
      """, partner, query.first, query.end)
    let items = try db.rows(
      """
      SELECT * FROM cdr
      WHERE partner = ?1 AND listed_at >= ?2 AND listed_at < ?3
      ORDER BY listed_at, id LIMIT ?4 OFFSET ?5
      """, partner, query.first, query.end, Limits.page(query.limit), query.offset
    ) { (row) throws(StoreFault) in try row.payload("body") as CDR }
    return Page(items: items, total: total ?? 0)
  }

  /// The ids after a cursor whose bytes no longer match their digest, and where to go on; for the doctor.
  public func damaged(after cursor: String?, limit: Int) throws(StoreFault) -> (ids: [String], next: String?) {
    let rows = try db.rows(
      "SELECT id, body, digest FROM cdr WHERE id > ?1 ORDER BY id LIMIT ?2", cursor ?? "", Limits.page(limit)
    ) { (row) throws(StoreFault) in
      let body: String = try row.get("body")
      return try (id: row.get("id") as String, isWhole: Self.digest(body) == row.get("digest"))
    }
    return (rows.filter { !$0.isWhole }.map(\.id), rows.last?.id)
  }

  public func prune(endedBefore time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM cdr WHERE id IN (SELECT id FROM cdr WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)",
        time, Limits.prunedAtOnce))
  }

  private static func digest(_ body: String) -> String { SHA256.digest(Bytes(utf8: body)).hex }
}

nonisolated extension KeptCDR {
  init(row: Row) throws(StoreFault) {
    partner = try row.get("partner")
    station = try row.get("station")
    location = try row.get("location")
    held = try row.get("held")
    cdr = try row.payload("body")
  }
}
