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

/// By what a list of CDRs can be sorted, as the API names it.
nonisolated public enum CDRColumn: String, Word {
  case station, location, token, partner, startedAt = "started_at", endedAt = "ended_at"
  case duration = "duration_seconds", energy = "energy_kwh", cost
}

/// A CDR with what the books know beside it.
nonisolated public struct KeptCDR: Sendable, Equatable {
  public let cdr: CDR
  public let party: ID<Party>
  public let partner: ID<Partner>?
  public let station: ID<Station>
  public let location: ID<Location>?
  /// Why it waits for the operator; nil where it does not, or no longer.
  public let held: String?
  /// The credit that took it back.
  public let creditedBy: String?
}

/// The bills. A CDR is written once and never changed; whether it is held is not part of it.
nonisolated public struct CDRs {
  let db: Database

  public func cdr(_ id: String) throws(StoreFault) -> KeptCDR? {
    try db.first("SELECT * FROM cdr WHERE id = ?1", id, as: KeptCDR.init(row:))
  }

  /// The bill of a session that counts: no credit, and not taken back.
  public func cdr(session: String) throws(StoreFault) -> KeptCDR? {
    try db.first(
      "SELECT * FROM cdr WHERE session = ?1 AND credits IS NULL AND credited_by IS NULL", session,
      as: KeptCDR.init(row:))
  }

  /// Whether a bill that counts has the reservation in it.
  public func hasBilled(reservation: String) throws(StoreFault) -> Bool {
    try db.value(
      """
      SELECT EXISTS (SELECT 1 FROM cdr WHERE reservation = ?1 AND credits IS NULL AND credited_by IS NULL)
      """, reservation) ?? false
  }

  /// A credit takes a bill back. False where another one did already.
  public func take(_ id: String, backBy credit: String) throws(StoreFault) -> Bool {
    try db.run("UPDATE cdr SET credited_by = ?2 WHERE id = ?1 AND credited_by IS NULL", id, credit) > 0
  }

  /// One that a partner may see; nil where it is somebody else's or held.
  public func cdr(_ id: String, of partner: ID<Partner>) throws(StoreFault) -> KeptCDR? {
    try db.first(
      "SELECT * FROM cdr WHERE id = ?1 AND partner = ?2 AND listed_at IS NOT NULL", id, partner, as: KeptCDR.init(row:))
  }

  /// Keeps a new one, with the digest of its bytes. `heldBecause` in it holds it from partners until it is released.
  /// - Throws: `.constraint` where the session or the reservation has one that counts.
  public func insert(
    _ cdr: CDR, of party: ID<Party>, partner: ID<Partner>?, station: ID<Station>, location: ID<Location>?
  ) throws(StoreFault) {
    let body = WrittenText(cdr.bytes)
    try db.run(
      """
      INSERT INTO cdr (id, session, party, partner, station, location, started_at, ended_at, energy, seconds, currency,
        cost, cost_taxed, held, body, digest, created_at, listed_at, reservation, credits)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, iif(?14 IS NULL, ?17, NULL),
        ?18, ?19)
      """,
      cdr.id, cdr.session.isEmpty ? nil : cdr.session, party, partner, station, location, cdr.startedAt, cdr.endedAt,
      cdr.totals.energy,
      cdr.totals.seconds, cdr.currency, cdr.totals.cost.beforeTax, cdr.totals.cost.afterTax, cdr.heldBecause, body,
      Self.digest(body.bytes), cdr.createdAt, cdr.reservation, cdr.credits)
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
    let (station, location, partner, limit) = (filter.station, filter.location, filter.partner, Limits.page(limit))
    // One question each for what has an index: SQLite takes none for a condition that may not be there.
    if filter.isHeld {
      return try db.rows(
        """
        SELECT * FROM cdr INDEXED BY cdr_held
        WHERE held IS NOT NULL AND id < ?1
          AND (?2 IS NULL OR ended_at >= ?2) AND (?3 IS NULL OR ended_at < ?3)
          AND (?4 IS NULL OR station = ?4) AND (?5 IS NULL OR location = ?5) AND (?6 IS NULL OR partner = ?6)
        ORDER BY id DESC LIMIT ?7
        """, cursor ?? afterAllIDs, filter.from, filter.to, station, location, partner, limit, as: KeptCDR.init(row:))
    }
    if filter.from != nil || filter.to != nil {
      let end = try cursor.flatMap { id throws(StoreFault) in try place(of: id) }
      // Behind one that is gone nothing is left: what is pruned is older than the rest.
      if cursor != nil, end == nil { return [] }
      return try db.rows(
        """
        SELECT * FROM cdr INDEXED BY cdr_ended
        WHERE ended_at >= ?1 AND ended_at < ?2 AND ended_at <= ?3 AND (ended_at < ?3 OR number < ?4)
          AND (?5 IS NULL OR station = ?5) AND (?6 IS NULL OR location = ?6) AND (?7 IS NULL OR partner = ?7)
        ORDER BY ended_at DESC, number DESC LIMIT ?8
        """,
        filter.first, filter.end, end?.endedAt ?? filter.end, end?.number ?? .max, station, location, partner, limit,
        as: KeptCDR.init(row:))
    }
    return try db.rows(
      """
      SELECT * FROM cdr
      WHERE id < ?1 AND (?2 IS NULL OR station = ?2) AND (?3 IS NULL OR location = ?3) AND (?4 IS NULL OR partner = ?4)
      ORDER BY id DESC LIMIT ?5
      """, cursor ?? afterAllIDs, station, location, partner, limit, as: KeptCDR.init(row:))
  }

  /// In another order; nil where the filter leaves too many.
  public func list(
    _ filter: CDRFilter, by order: Sorting<CDRColumn>, limit: Int
  ) throws(StoreFault) -> [Ranked<KeptCDR>]? {
    try db.ranks(
      """
      WITH found (number, value) AS MATERIALIZED (
        SELECT number, coalesce(
          CASE ?1
            WHEN 'station' THEN (SELECT identity FROM station WHERE id = cdr.station)
            WHEN 'location' THEN (SELECT lower(name) FROM location WHERE id = cdr.location)
            WHEN 'token' THEN (SELECT folded_uid FROM session WHERE id = cdr.session)
            WHEN 'partner' THEN (SELECT lower(name) FROM partner WHERE id = cdr.partner)
            WHEN 'started_at' THEN started_at
            WHEN 'ended_at' THEN ended_at
            WHEN 'duration_seconds' THEN seconds
            WHEN 'energy_kwh' THEN energy
            WHEN 'cost' THEN cost END,
          -9223372036854775807)
        FROM cdr
        WHERE ended_at >= ?7 AND ended_at < ?8 AND (?9 IS NULL OR station = ?9) AND (?10 IS NULL OR location = ?10)
          AND (?11 IS NULL OR partner = ?11) AND (NOT ?12 OR held IS NOT NULL)
        LIMIT ?6)
      """,
      by: order, limit: limit, filter.first, filter.end, filter.station, filter.location, filter.partner, filter.isHeld
    )?.items { (number) throws(StoreFault) in
      try db.first("SELECT * FROM cdr WHERE number = ?1", number, as: KeptCDR.init(row:))
    }
  }

  /// The oldest end first, after a cursor: an export asks again from its last id, so that no snapshot lives long. By the
  /// index of ends, so that a month costs no more behind ten years of others.
  public func export(
    _ filter: CDRFilter, after cursor: String? = nil, limit: Int
  ) throws(StoreFault) -> [KeptCDR] {
    let start = try cursor.flatMap { id throws(StoreFault) in try place(of: id) }
    // Who was at one that was pruned meanwhile cannot go on: a table with a gap must not be taken for a whole one.
    if let cursor, start == nil { throw .missing("CDR \(cursor)") }
    return try db.rows(
      """
      SELECT * FROM cdr INDEXED BY cdr_ended
      WHERE ended_at >= ?1 AND (ended_at > ?1 OR number > ?2) AND ended_at < ?3
        AND (?4 IS NULL OR station = ?4) AND (?5 IS NULL OR location = ?5) AND (?6 IS NULL OR partner = ?6)
        AND (NOT ?7 OR held IS NOT NULL)
      ORDER BY ended_at, number LIMIT ?8
      """,
      start?.endedAt ?? filter.first, start?.number ?? 0, filter.end, filter.station, filter.location, filter.partner,
      filter.isHeld, Limits.page(limit), as: KeptCDR.init(row:))
  }

  /// What no invoice asks for yet, of sessions that ended before a time: neither what is held nor what costs nothing. As
  /// `export`, the oldest end first, after a cursor.
  public func owed(until end: Timestamp, after cursor: String? = nil, limit: Int) throws(StoreFault) -> [KeptCDR] {
    let start = try cursor.flatMap { id throws(StoreFault) in try place(of: id) }
    if let cursor, start == nil { throw .missing("CDR \(cursor)") }
    return try db.rows(
      """
      SELECT * FROM cdr INDEXED BY cdr_owed
      WHERE invoice IS NULL AND held IS NULL AND coalesce(cost_taxed, cost) <> 0
        AND ended_at >= ?1 AND (ended_at > ?1 OR number > ?2) AND ended_at < ?3
      ORDER BY ended_at, number LIMIT ?4
      """, start?.endedAt ?? Timestamp(milliseconds: .min), start?.number ?? 0, end, Limits.page(limit),
      as: KeptCDR.init(row:))
  }

  /// What waits for the operator in the same span, by the reason, the most frequent first.
  public func held(until end: Timestamp) throws(StoreFault) -> [(reason: String, count: Int)] {
    try db.rows(
      """
      SELECT held, count(*) AS count FROM cdr WHERE held IS NOT NULL AND ended_at < ?1
      GROUP BY held ORDER BY count DESC, held
      """, end
    ) { (row) throws(StoreFault) in try (reason: row.get("held") as String, count: row.get("count") as Int) }
  }

  /// Where a CDR stands among the ends.
  private func place(of id: String) throws(StoreFault) -> (endedAt: Timestamp, number: Int64)? {
    try db.first("SELECT ended_at, number FROM cdr WHERE id = ?1", id) { (row) throws(StoreFault) in
      try (endedAt: row.get("ended_at") as Timestamp, number: row.get("number") as Int64)
    }
  }

  /// Those of a partner's drivers that it may see, in the order in which they came to be listed. They stay listed and the
  /// newest come last, so a million of them is counted once and not for each page.
  public func page(
    _ query: PageQuery, of partner: ID<Partner>, behalf party: PartyID? = nil
  ) throws(StoreFault) -> Page<CDR> {
    let counted = if let known = query.after?.counted { known } else { try count(query, of: partner, party) }
    let news = try count(partner, from: max(query.first, counted.before), to: query.end, party)
    let listed = try db.rows(
      """
      SELECT * FROM cdr
      WHERE partner = ?1 AND (listed_at, id) > (?2, ?3) AND listed_at < ?4
        AND (?5 IS NULL
          OR (upper(body ->> '$.cdr_token.country_code') = ?5 AND upper(body ->> '$.cdr_token.party_id') = ?6))
      ORDER BY listed_at, id LIMIT ?7 OFFSET ?8
      """, partner, query.behind.time, query.behind.id, query.end, party?.country, party?.party, query.rows,
      query.skipped
    ) { (row) throws(StoreFault) in
      try (cdr: CDR(row: row), mark: PageMark(time: row.get("listed_at"), id: row.get("id")))
    }
    let page = Page(listed, of: query, total: counted.count + news) { item in
      var mark = item.mark
      mark.counted = counted
      return mark
    }
    return Page(items: page.items.map(\.cdr), total: page.total, rest: page.rest)
  }

  /// All before the newest one: what is listed later is behind them.
  private func count(
    _ query: PageQuery, of partner: ID<Partner>, _ party: PartyID?
  ) throws(StoreFault) -> PageMark.Counted {
    let newest: Timestamp?? = try db.value(
      "SELECT max(listed_at) FROM cdr WHERE partner = ?1 AND listed_at IS NOT NULL", partner)
    let before = (newest ?? nil) ?? query.first
    return PageMark.Counted(
      count: try count(partner, from: query.first, to: min(query.end, before), party), before: before)
  }

  private func count(
    _ partner: ID<Partner>, from first: Timestamp, to end: Timestamp, _ party: PartyID?
  ) throws(StoreFault) -> Int {
    try db.value(
      """
      SELECT count(*) FROM cdr
      WHERE partner = ?1 AND listed_at >= ?2 AND listed_at < ?3
        AND (?4 IS NULL
          OR (upper(body ->> '$.cdr_token.country_code') = ?4 AND upper(body ->> '$.cdr_token.party_id') = ?5))
      """, partner, first, end, party?.country, party?.party) ?? 0
  }

  /// The ids after a cursor whose bytes no longer match their digest, and where to go on; for the doctor.
  public func damaged(after cursor: String?, limit: Int) throws(StoreFault) -> (ids: [String], next: String?) {
    let rows = try db.rows(
      "SELECT id, body, digest FROM cdr WHERE id > ?1 ORDER BY id LIMIT ?2", cursor ?? "", Limits.page(limit)
    ) { (row) throws(StoreFault) in
      let body: WrittenText = try row.get("body")
      return try (id: row.get("id") as String, isWhole: Self.digest(body.bytes) == row.get("digest"))
    }
    return (rows.filter { !$0.isWhole }.map(\.id), rows.last?.id)
  }

  public func prune(endedBefore time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM cdr WHERE id IN (SELECT id FROM cdr WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)",
        time, Limits.prunedAtOnce))
  }

  private static func digest(_ body: Bytes) -> String { SHA256.digest(body).hex }
}

nonisolated extension CDRFilter {
  /// The span of time that is asked for, from inclusive, to exclusive.
  fileprivate var first: Timestamp { from ?? Timestamp(milliseconds: .min) }
  fileprivate var end: Timestamp { to ?? Timestamp(milliseconds: .max) }
}

nonisolated extension CDR {
  init(row: Row) throws(StoreFault) {
    let cell = row.cell("body")
    let body = try WrittenText.read(cell)
    do { self = try CDR(bytes: body.bytes) } catch { throw cell.damaged("\(error.path) \(error.detail)") }
  }
}

nonisolated extension KeptCDR {
  init(row: Row) throws(StoreFault) {
    party = try row.get("party")
    partner = try row.get("partner")
    station = try row.get("station")
    location = try row.get("location")
    held = try row.get("held")
    creditedBy = try row.get("credited_by")
    cdr = try CDR(row: row)
  }
}
