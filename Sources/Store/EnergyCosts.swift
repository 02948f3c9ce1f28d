import Domain
import Wire

/// What energy costs the house: the prices, and what the use of each location came to by them.
nonisolated public struct EnergyCosts {
  let db: Database

  // MARK: Prices

  /// Keeps prices, each in the place of one of the same moment, and marks what they change.
  public func keep(_ prices: [EnergyPrice], of location: ID<Location>?) throws(StoreFault) {
    for price in prices {
      try db.run(
        """
        INSERT INTO energy_price (location, begins_at, currency, price, area) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO UPDATE SET currency = excluded.currency, price = excluded.price, area = excluded.area
        """, location?.value ?? 0, price.beginsAt, price.currency, price.price.description, price.area)
    }
    if let first = prices.map(\.beginsAt).min() { try markDue(at: location, from: first) }
  }

  public func remove(of location: ID<Location>?, from: Timestamp, to: Timestamp) throws(StoreFault) {
    try db.run(
      "DELETE FROM energy_price WHERE location = ?1 AND begins_at >= ?2 AND begins_at < ?3", location?.value ?? 0,
      from, to)
    try markDue(at: location, from: from)
  }

  /// Prices of the grid came: what is bought by them is to be priced anew from then on.
  public func gridChanged(in area: String, from: Timestamp) throws(StoreFault) {
    let places = try db.rows("SELECT DISTINCT location FROM energy_price WHERE area = ?1", area) {
      (row) throws(StoreFault) in try row.get("location") as Int64
    }
    for place in places { try markDue(at: place == 0 ? nil : ID(place), from: from) }
  }

  /// The prices that begin in a time and the one that holds when it begins, of the location or of all places.
  public func prices(of location: ID<Location>?, from: Timestamp, to: Timestamp) throws(StoreFault) -> [EnergyPrice] {
    try db.rows(
      """
      SELECT * FROM energy_price
      WHERE location = ?1 AND begins_at < ?3 AND begins_at >= coalesce(
        (SELECT max(begins_at) FROM energy_price WHERE location = ?1 AND begins_at <= ?2), ?2)
      ORDER BY begins_at
      """, location?.value ?? 0, from, to
    ) { (row) throws(StoreFault) in
      try EnergyPrice(
        beginsAt: row.get("begins_at"), currency: row.get("currency"), price: row.decimal("price"),
        area: row.get("area"))
    }
  }

  /// What holds at a location over quarters: its own prices from the first of them on, and before it those of all places.
  public func prices(at location: ID<Location>, from first: Int64, to end: Int64) throws(StoreFault) -> EnergyPrices {
    let (from, to) = (Quarter.start(first), Quarter.start(end))
    let own = try db.first("SELECT min(begins_at) AS first FROM energy_price WHERE location = ?1", location) {
      (row) throws(StoreFault) in try row.get("first") as Timestamp?
    }
    var prices: [EnergyPrice] = []
    let begins = (own ?? nil) ?? to
    if from < begins { prices = try self.prices(of: nil, from: from, to: min(begins, to)) }
    if begins < to { prices += try self.prices(of: location, from: from, to: to) }
    var grids: [String: [GridPrice]] = [:]
    for area in Set(prices.compactMap(\.area)) {
      grids[area] = try PricePolicies(db: db).grid(of: area, from: from, to: to)
    }
    return EnergyPrices(prices, grids: grids)
  }

  public func arePricesKept() throws(StoreFault) -> Bool {
    try db.value("SELECT count(*) FROM (SELECT 1 FROM energy_price LIMIT 1)") == 1
  }

  // MARK: Costs

  /// Makes the cost of some quarters anew, from what was used in them and what that costs by now. To do it twice changes
  /// nothing.
  public func refresh(_ quarters: [Int64], at location: ID<Location>) throws(StoreFault) {
    guard let first = quarters.min(), let last = quarters.max() else { return }
    let prices = try prices(at: location, from: first, to: last + 1)
    for quarter in quarters {
      let energy: Energy?? = try db.value(
        "SELECT sum(energy) FROM usage WHERE grain = 0 AND scope = 1 AND subject = ?1 AND bucket = ?2", location,
        quarter)
      var now: [String: (energy: Energy, cost: Money)] = [:]
      if let energy = energy ?? nil, energy != .zero, let (currency, cost) = prices.cost(of: energy, in: quarter) {
        now[currency] = (energy, cost)
      }
      let before = try db.rows(
        "SELECT currency, energy, cost FROM energy_cost WHERE grain = 0 AND location = ?1 AND bucket = ?2", location,
        quarter
      ) { (row) throws(StoreFault) in
        try (row.get("currency") as String, row.get("energy") as Energy, row.get("cost") as Money)
      }
      var moves = now
      for (currency, energy, cost) in before {
        let next = now[currency] ?? (.zero, .zero)
        moves[currency] = (next.energy - energy, next.cost - cost)
      }
      for (currency, move) in moves where move != (.zero, .zero) {
        try add(move, currency, at: location, quarter)
      }
    }
  }

  private func add(
    _ move: (energy: Energy, cost: Money), _ currency: String, at location: ID<Location>, _ quarter: Int64
  ) throws(StoreFault) {
    for grain in UsageBooks.Grain.allCases {
      for place in [location.value, 0] {
        try db.run(
          """
          INSERT INTO energy_cost (grain, location, bucket, currency, energy, cost) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
          ON CONFLICT DO UPDATE SET energy = energy + excluded.energy, cost = cost + excluded.cost
          """, grain.rawValue, place, grain.bucket(of: quarter), currency, move.energy, move.cost)
      }
    }
  }

  /// The next piece of what prices changed; false where nothing waits.
  public func refreshDue(limit: Int) throws(StoreFault) -> Bool {
    let due = try db.first("SELECT * FROM energy_cost_due ORDER BY location LIMIT 1") { (row) throws(StoreFault) in
      try (location: row.get("location") as Int64, next: row.get("next") as Int64, last: row.get("last") as Int64)
    }
    guard let due else { return false }
    let quarters = try db.rows(
      """
      SELECT DISTINCT bucket FROM usage
      WHERE grain = 0 AND scope = 1 AND subject = ?1 AND bucket >= ?2 AND bucket <= ?3 ORDER BY bucket LIMIT ?4
      """, due.location, due.next, due.last, limit
    ) { (row) throws(StoreFault) in try row.get("bucket") as Int64 }
    try refresh(quarters, at: ID(due.location))
    if quarters.count < limit {
      try db.run("DELETE FROM energy_cost_due WHERE location = ?1", due.location)
    } else if let last = quarters.last {
      try db.run("UPDATE energy_cost_due SET next = ?2 WHERE location = ?1", due.location, last + 1)
    }
    return true
  }

  /// Of a location, or of each of them: those that have prices of their own had none before the first of them.
  private func markDue(at location: ID<Location>?, from: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO energy_cost_due (location, next, last)
      SELECT id, ?2, ?3 FROM location WHERE ?1 IS NULL OR id = ?1
      ON CONFLICT DO UPDATE SET next = min(next, excluded.next), last = max(last, excluded.last)
      """, location, Quarter.number(of: from), Int64.max)
  }

  /// What energy cost over quarters, the first one included and the last one not, by currency; of one location or of all.
  public func sum(
    of location: ID<Location>?, from first: Int64, to end: Int64
  ) throws(StoreFault) -> [String: (energy: Energy, cost: Money)] {
    var sum: [String: (energy: Energy, cost: Money)] = [:]
    for piece in UsageBooks.pieces(from: first, to: end) {
      let rows = try db.rows(
        """
        SELECT currency, sum(energy) AS energy, sum(cost) AS cost FROM energy_cost
        WHERE grain = ?1 AND location = ?2 AND bucket >= ?3 AND bucket < ?4 GROUP BY currency
        """, piece.grain.rawValue, location?.value ?? 0, piece.from, piece.to
      ) { (row) throws(StoreFault) in
        try (row.get("currency") as String, row.get("energy") as Energy, row.get("cost") as Money)
      }
      for (currency, energy, cost) in rows {
        let before = sum[currency] ?? (.zero, .zero)
        sum[currency] = (before.energy + energy, before.cost + cost)
      }
    }
    return sum
  }
  /// Forgets what energy cost before a time, by every grain.
  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    var removed = 0
    for grain in UsageBooks.Grain.allCases {
      removed += try db.run(
        """
        DELETE FROM energy_cost WHERE (grain, location, bucket, currency) IN (
          SELECT grain, location, bucket, currency FROM energy_cost WHERE grain = ?1 AND bucket < ?2 LIMIT ?3)
        """, grain.rawValue, grain.bucket(of: Quarter.number(of: time)), Limits.prunedAtOnce)
    }
    return Pruned(removed: removed)
  }
}
