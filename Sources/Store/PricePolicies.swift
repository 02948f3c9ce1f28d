import Domain
import Wire

/// A policy with its place in the books and where its price stands.
nonisolated public struct KeptPolicy: Sendable, Equatable {
  public enum State: String, Word {
    case draft
    /// It is followed in the books, and no price moves.
    case dryRun = "dry_run"
    case live, paused

    /// Whether its price is looked at.
    public var isFollowed: Bool { self == .dryRun || self == .live }
  }

  public var id: ID<PricePolicy>
  public var tariff: ID<Tariff>
  public var state: State
  public var policy: PricePolicy
  public var motion: PriceMotion?
  public var trouble: String?
  /// The version of the tariff that a live one moves, and the one that it made of it last.
  public var anchor: Int?
  public var made: Int?
  public var createdAt: Timestamp
  public var updatedAt: Timestamp
}

/// One thing that a policy did, or would have done.
nonisolated public struct PriceMove: Sendable, Equatable {
  public enum Kind: String, Word { case announced, changed }

  public var id: Int64
  public var at: Timestamp
  public var kind: Kind
  public var isLive: Bool
  public var price: Decimal
  public var begins: Timestamp?
  public var version: Int?
  public var why: JSON

  public init(
    id: Int64 = 0, at: Timestamp, kind: Kind, isLive: Bool, price: Decimal, begins: Timestamp? = nil,
    version: Int? = nil, why: JSON
  ) {
    (self.id, self.at, self.kind, self.isLive) = (id, at, kind, isLive)
    (self.price, self.begins, self.version, self.why) = (price, begins, version, why)
  }
}

/// What a site generates beyond its use, and until when that holds.
nonisolated public struct SiteSurplus: Sendable, Equatable {
  public let kilowatts: Decimal
  public let until: Timestamp
}

/// Prices that follow demand: their rules, their moves, and the series that they look at.
nonisolated public struct PricePolicies {
  let db: Database

  public func policy(_ id: ID<PricePolicy>) throws(StoreFault) -> KeptPolicy? {
    try db.first("SELECT * FROM price_policy WHERE id = ?1", id, as: KeptPolicy.init(row:))
  }

  public func list(after cursor: ID<PricePolicy>? = nil, limit: Int) throws(StoreFault) -> [KeptPolicy] {
    try db.rows(
      "SELECT * FROM price_policy WHERE id > ?1 ORDER BY id LIMIT ?2", cursor?.value ?? 0, Limits.page(limit),
      as: KeptPolicy.init(row:))
  }

  /// Those whose prices are looked at.
  public func followed() throws(StoreFault) -> [KeptPolicy] {
    try db.rows(
      "SELECT * FROM price_policy WHERE state IN ('dry_run', 'live') ORDER BY id", as: KeptPolicy.init(row:))
  }

  /// The one that a tariff follows.
  public func live(of tariff: ID<Tariff>) throws(StoreFault) -> KeptPolicy? {
    try db.first(
      "SELECT * FROM price_policy WHERE tariff = ?1 AND state = 'live'", tariff, as: KeptPolicy.init(row:))
  }

  public func create(
    _ policy: PricePolicy, for tariff: ID<Tariff>, at now: Timestamp
  ) throws(StoreFault) -> KeptPolicy {
    let id = ID<PricePolicy>(
      try db.insert(
        "INSERT INTO price_policy (tariff, state, body, created_at, updated_at) VALUES (?1, 'draft', ?2, ?3, ?3)",
        tariff, policy.stored, now))
    return KeptPolicy(
      id: id, tariff: tariff, state: .draft, policy: policy, motion: nil, trouble: nil, createdAt: now, updatedAt: now)
  }

  public func save(_ kept: KeptPolicy) throws(StoreFault) {
    try db.run(
      """
      UPDATE price_policy SET state = ?2, body = ?3, price = ?4, changed_at = ?5, planned = ?6, planned_at = ?7,
        trouble = ?8, updated_at = ?9, anchor = ?10, made = ?11
      WHERE id = ?1
      """, kept.id, kept.state.rawValue, kept.policy.stored, kept.motion?.price.description, kept.motion?.changedAt,
      kept.motion?.planned?.price.description, kept.motion?.planned?.at, kept.trouble, kept.updatedAt,
      kept.anchor, kept.made)
  }

  public func remove(_ id: ID<PricePolicy>) throws(StoreFault) {
    try db.run("DELETE FROM price_policy WHERE id = ?1", id)
  }

  // MARK: What they did

  public func append(_ move: PriceMove, to policy: ID<PricePolicy>) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO price_move (policy, at, kind, live, price, begins, version, why)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      """, policy, move.at, move.kind.rawValue, move.isLive, move.price.description, move.begins, move.version, move.why
    )
  }

  /// The newest first, before a cursor.
  public func moves(
    of policy: ID<PricePolicy>, before cursor: Int64? = nil, limit: Int
  ) throws(StoreFault) -> [PriceMove] {
    try db.rows(
      "SELECT * FROM price_move WHERE policy = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3", policy, cursor ?? .max,
      Limits.page(limit), as: PriceMove.init(row:))
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    let moves = try db.run(
      "DELETE FROM price_move WHERE id IN (SELECT id FROM price_move WHERE at < ?1 ORDER BY at LIMIT ?2)", time,
      Limits.prunedAtOnce)
    return Pruned(removed: moves)
  }

  // MARK: What they look at

  /// Keeps prices of the grid, per kWh; a later word about some time holds for just that time, whatever its step.
  public func keep(_ prices: [GridPrice], of area: String) throws(StoreFault) {
    for price in prices {
      let inTheWay = try db.rows(
        """
        SELECT start, until, price FROM grid_price
        WHERE area = ?1 AND start < ?3 AND until > ?2
          AND start >= coalesce((SELECT max(start) FROM grid_price WHERE area = ?1 AND start <= ?2), ?2)
        ORDER BY start
        """, area, price.start, price.until
      ) { (row) throws(StoreFault) in
        try GridPrice(start: row.get("start"), until: row.get("until"), price: row.decimal("price"))
      }
      for old in inTheWay {
        if old.start < price.start {
          try db.run(
            "UPDATE grid_price SET until = ?3 WHERE area = ?1 AND start = ?2", area, old.start, price.start)
        } else {
          try db.run("DELETE FROM grid_price WHERE area = ?1 AND start = ?2", area, old.start)
        }
        // What it said of the time after is said on; where a newer one speaks of that, it stands.
        if old.until > price.until {
          try db.run(
            "INSERT OR IGNORE INTO grid_price (area, start, until, price) VALUES (?1, ?2, ?3, ?4)", area, price.until,
            old.until, old.price.description)
        }
      }
      try db.run(
        "INSERT INTO grid_price (area, start, until, price) VALUES (?1, ?2, ?3, ?4)", area, price.start, price.until,
        price.price.description)
    }
  }

  /// Forgets what was over by then.
  public func pruneGridPrices(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM grid_price WHERE (area, start) IN (
          SELECT area, start FROM grid_price WHERE start < ?1 AND until < ?1 LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }

  /// Those that begin in that time, in their order, and the one that holds at its begin.
  public func grid(of area: String, from: Timestamp, to: Timestamp) throws(StoreFault) -> [GridPrice] {
    try db.rows(
      """
      SELECT start, until, price FROM grid_price
      WHERE area = ?1 AND start < ?3
        AND start >= coalesce((SELECT max(start) FROM grid_price WHERE area = ?1 AND start <= ?2), ?2)
      ORDER BY start
      """, area, from, to
    ) { (row) throws(StoreFault) in
      try GridPrice(start: row.get("start"), until: row.get("until"), price: row.decimal("price"))
    }
  }

  /// The price that holds then; nil where none is known.
  public func grid(of area: String, at time: Timestamp) throws(StoreFault) -> Decimal? {
    try grid(of: area, from: time, to: time + .milliseconds(1)).first { $0.start <= time && time < $0.until }?.price
  }

  public func keep(surplus kilowatts: Decimal, at location: ID<Location>, until: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO site_surplus (location, power, until) VALUES (?1, ?2, ?3)
      ON CONFLICT DO UPDATE SET power = excluded.power, until = excluded.until
      """, location, kilowatts.description, until)
  }

  /// What was said last of that site, also where it holds no more; nil where nothing was ever said.
  public func surplus(of location: ID<Location>) throws(StoreFault) -> SiteSurplus? {
    try db.first("SELECT power, until FROM site_surplus WHERE location = ?1", location) { (row) throws(StoreFault) in
      try SiteSurplus(kilowatts: row.decimal("power"), until: row.get("until"))
    }
  }

  /// kW of that site, or of all; nil where nobody knows it now.
  public func surplus(at location: ID<Location>?, at now: Timestamp) throws(StoreFault) -> Decimal? {
    let all = try db.rows(
      "SELECT power FROM site_surplus WHERE until > ?1 AND (?2 IS NULL OR location = ?2)", now, location
    ) { (row) throws(StoreFault) in try row.decimal("power") }
    return all.isEmpty ? nil : all.reduce(.zero, +)
  }

  /// Percent of the EVSEs of that site, or of all, at which a session runs; nil where there is none.
  public func occupancy(at location: ID<Location>?) throws(StoreFault) -> Decimal? {
    let counts = try db.first(
      """
      SELECT count(*) AS all_of_them, count(busy.evse) AS busy
      FROM evse JOIN station ON station.id = evse.station
      LEFT JOIN (SELECT DISTINCT evse FROM session WHERE ended_at IS NULL AND state = 'active') AS busy
        ON busy.evse = evse.id
      WHERE station.registration = 'accepted' AND (?1 IS NULL OR station.location = ?1)
      """, location
    ) { (row) throws(StoreFault) in try (all: row.get("all_of_them") as Int, busy: row.get("busy") as Int) }
    guard let counts, counts.all > 0 else { return nil }
    return Decimal(counts.busy * 100).divided(by: Decimal(counts.all), places: 2, rounding: .halfUp)
  }
}

nonisolated extension KeptPolicy {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    tariff = try row.get("tariff")
    state = try row.word("state")
    policy = try row.payload("body")
    trouble = try row.get("trouble")
    anchor = try row.get("anchor")
    made = try row.get("made")
    createdAt = try row.get("created_at")
    updatedAt = try row.get("updated_at")
    guard let price = try row.maybeDecimal("price") else { return }
    var planned: PriceMotion.Planned?
    if let next = try row.maybeDecimal("planned"), let at = try row.get("planned_at") as Timestamp? {
      planned = PriceMotion.Planned(price: next, at: at)
    }
    motion = PriceMotion(price: price, changedAt: try row.get("changed_at"), planned: planned)
  }
}

nonisolated extension PriceMove {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), at: row.get("at"), kind: row.word("kind"), isLive: row.get("live"),
      price: row.decimal("price"), begins: row.get("begins"), version: row.get("version"), why: row.get("why"))
  }
}

nonisolated extension Row {
  func decimal(_ column: StaticString) throws(StoreFault) -> Decimal {
    guard let value = try maybeDecimal(column) else { throw cell(column).damaged("it is empty") }
    return value
  }

  func maybeDecimal(_ column: StaticString) throws(StoreFault) -> Decimal? {
    let cell = cell(column)
    guard let text = try String?.read(cell) else { return nil }
    guard let value = Decimal(text) else { throw cell.damaged("'\(text)' is no number") }
    return value
  }
}
