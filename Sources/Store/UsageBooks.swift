import Domain
import Wire

/// Whose use is asked for.
nonisolated public enum UsageScope: Sendable, Equatable, Hashable {
  case house
  case location(ID<Location>)
  /// What a connector did at a place, which stays there when its station moves: to be added to.
  case connector(ID<Connector>, at: ID<Location>?)
  /// The same, as the books number it.
  case stay(Int64)
  /// Whose drivers they were; nil: our own.
  case partner(ID<Partner>?)

  fileprivate var scope: Int64 {
    switch self {
    case .house: 0
    case .location: 1
    case .connector, .stay: 2
    case .partner: 3
    }
  }

  fileprivate var subject: Int64 {
    switch self {
    case .house: 0
    case .location(let id): id.value
    case .connector(let id, at: _): id.value
    case .stay(let subject): subject
    case .partner(let id): id?.value ?? 0
    }
  }
}

/// Figures of a time, with the money apart by currency in the order of its code.
nonisolated public struct UsageSum: Sendable, Equatable {
  /// Of all currencies; its `revenue` means nothing.
  public var figures = UsageFigures()
  public var revenue: [String: Money] = [:]

  public init() {}

  public static func + (a: UsageSum, b: UsageSum) -> UsageSum {
    var sum = a
    sum.figures = a.figures + b.figures
    sum.revenue.merge(b.revenue, uniquingKeysWith: +)
    return sum
  }

  /// What is left of it beside a part.
  public static func - (a: UsageSum, b: UsageSum) -> UsageSum {
    var rest = a
    rest.figures = a.figures + b.figures.negated
    for (currency, amount) in b.revenue { rest.revenue[currency] = (rest.revenue[currency] ?? .zero) - amount }
    rest.revenue = rest.revenue.filter { $0.value != .zero }
    return rest
  }

  public var isEmpty: Bool { figures == UsageFigures() && revenue.isEmpty }

  mutating func add(_ more: UsageFigures, in currency: String) {
    figures = figures + more
    if more.revenue != .zero { revenue[currency, default: .zero] = (revenue[currency] ?? .zero) + more.revenue }
  }
}

/// What bills add to the figures of use, or take back where they are negative. The bills of one turn share most of the
/// places where they count (the same quarters of the house and of its locations), and each place is written once.
nonisolated public struct UsageTally: Sendable {
  fileprivate struct Place: Hashable {
    let grain: UsageBooks.Grain
    let scope: UsageScope
    let bucket: Int64
    let currency: String
  }

  fileprivate private(set) var sums: [Place: UsageFigures] = [:]

  public init() {}

  public mutating func add(
    _ usage: [(quarter: Int64, figures: UsageFigures)], in currency: String, to scopes: [UsageScope]
  ) {
    for scope in scopes {
      for grain in UsageBooks.Grain.allCases {
        for (quarter, figures) in usage {
          let place = Place(grain: grain, scope: scope, bucket: grain.bucket(of: quarter), currency: currency)
          sums[place, default: UsageFigures()] += figures
        }
      }
    }
  }

  public var isEmpty: Bool { sums.isEmpty }

  /// The quarters in which the energy of locations changes.
  public var quartersOfEnergy: [ID<Location>: [Int64]] {
    var found: [ID<Location>: Set<Int64>] = [:]
    for (place, figures) in sums where place.grain == .quarter && figures.energy != .zero {
      if case .location(let id) = place.scope { found[id, default: []].insert(place.bucket) }
    }
    return found.mapValues { $0.sorted() }
  }
}

/// Use by quarters of an hour, by days of UTC and by spans of 32 of them.
nonisolated public struct UsageBooks {
  /// How long one row is.
  enum Grain: Int64, CaseIterable {
    case quarter, day, span

    /// Quarters of an hour.
    var length: Int64 {
      switch self {
      case .quarter: 1
      case .day: Quarter.perDay
      case .span: 32 * Quarter.perDay
      }
    }

    func bucket(of quarter: Int64) -> Int64 {
      let (quotient, rest) = quarter.quotientAndRemainder(dividingBy: length)
      return rest < 0 ? quotient - 1 : quotient
    }
  }

  /// Rows of one length that stand side by side.
  struct Piece: Equatable {
    var grain: Grain
    /// Buckets of that grain, the last one not included.
    var from: Int64
    var to: Int64
  }

  let db: Database

  /// Adds what one bill tells.
  public func add(
    _ usage: [(quarter: Int64, figures: UsageFigures)], in currency: String, to scopes: [UsageScope]
  ) throws(StoreFault) {
    var tally = UsageTally()
    tally.add(usage, in: currency, to: scopes)
    try add(tally)
  }

  /// Adds what the bills of a turn tell.
  public func add(_ tally: UsageTally) throws(StoreFault) {
    var stays: [UsageScope: Int64] = [:]
    for (place, figures) in tally.sums {
      var subject = place.scope.subject
      if case .connector(let id, let location) = place.scope {
        subject = if let known = stays[place.scope] { known } else { try self.subject(of: id, at: location) }
        stays[place.scope] = subject
      }
      try db.run(
        """
        INSERT INTO usage (grain, scope, subject, bucket, currency, energy, busy, idle, sessions, revenue, plugged, served)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
        ON CONFLICT DO UPDATE SET energy = energy + excluded.energy, busy = busy + excluded.busy,
          idle = idle + excluded.idle, sessions = sessions + excluded.sessions, revenue = revenue + excluded.revenue,
          plugged = plugged + excluded.plugged, served = served + excluded.served
        """, place.grain.rawValue, place.scope.scope, subject, place.bucket, place.currency,
        figures.energy, figures.busySeconds, figures.idleSeconds, figures.sessions, figures.revenue, figures.plugged,
        figures.served)
    }
  }

  // MARK: Connectors that move

  /// By which number the use of a connector at a place is kept.
  private func subject(of connector: ID<Connector>, at location: ID<Location>?) throws(StoreFault) -> Int64 {
    let stays = try db.rows("SELECT subject, location FROM usage_stay WHERE connector = ?1", connector) {
      (row) throws(StoreFault) in (subject: try row.get("subject") as Int64, location: try row.get("location") as Int64)
    }
    let place = location?.value ?? 0
    if stays.isEmpty { return connector.value }
    if let known = stays.first(where: { $0.location == place }) { return known.subject }
    return try stay(of: connector, at: place)
  }

  private func stay(of connector: ID<Connector>, at place: Int64) throws(StoreFault) -> Int64 {
    try db.insert(
      """
      INSERT INTO usage_stay (subject, connector, location)
      VALUES ((SELECT min(0, coalesce(min(subject), 0)) - 1 FROM usage_stay), ?1, ?2)
      """, connector, place)
  }

  /// Its station moves: what it did so far stays where it was done.
  public func moves(
    _ connector: ID<Connector>, from old: ID<Location>?, to new: ID<Location>?
  ) throws(StoreFault) {
    let isUsed: Bool? = try db.value(
      "SELECT EXISTS (SELECT 1 FROM usage WHERE grain = 2 AND scope = 2 AND subject = ?1)", connector)
    guard isUsed == true else { return }
    try db.run(
      """
      INSERT INTO usage_stay (subject, connector, location) SELECT ?1, ?1, ?2
      WHERE NOT EXISTS (SELECT 1 FROM usage_stay WHERE connector = ?1)
      """, connector, old?.value ?? 0)
    _ = try subject(of: connector, at: new)
  }

  /// All that a station's connectors did, at one place or wherever it stood.
  public func scopes(of station: ID<Station>, at location: ID<Location>?) throws(StoreFault) -> [UsageScope] {
    try db.rows(
      """
      SELECT coalesce(stay.subject, connector.id) AS subject
      FROM station JOIN evse ON evse.station = station.id JOIN connector ON connector.evse = evse.id
      LEFT JOIN usage_stay AS stay ON stay.connector = connector.id
      WHERE station.id = ?1 AND (?2 IS NULL OR coalesce(stay.location, station.location) = ?2) ORDER BY 1
      """, station, location
    ) { (row) throws(StoreFault) in .stay(try row.get("subject")) }
  }

  /// What is to be read for the quarters from the first one to the last one, which is not included: the longest rows that
  /// lie within, and shorter ones at both ends.
  static func pieces(from first: Int64, to end: Int64) -> [Piece] {
    pieces(first, end, .span).filter { $0.from < $0.to }
  }

  private static func pieces(_ first: Int64, _ end: Int64, _ grain: Grain) -> [Piece] {
    guard first < end else { return [] }
    guard let finer = Grain(rawValue: grain.rawValue - 1) else { return [Piece(grain: grain, from: first, to: end)] }
    let (from, to) = (grain.bucket(of: first + grain.length - 1), grain.bucket(of: end))
    guard from < to else { return pieces(first, end, finer) }
    return pieces(first, from * grain.length, finer) + [Piece(grain: grain, from: from, to: to)]
      + pieces(to * grain.length, end, finer)
  }

  /// The sum over quarters, the first one included and the last one not.
  public func sum(of scope: UsageScope, from first: Int64, to end: Int64) throws(StoreFault) -> UsageSum {
    var sum = UsageSum()
    for piece in Self.pieces(from: first, to: end) {
      let rows = try db.rows(
        """
        SELECT currency, sum(energy) AS energy, sum(busy) AS busy, sum(idle) AS idle, sum(sessions) AS sessions,
          sum(revenue) AS revenue, sum(plugged) AS plugged, sum(served) AS served
        FROM usage WHERE grain = ?1 AND scope = ?2 AND subject = ?3 AND bucket >= ?4 AND bucket < ?5
        GROUP BY currency ORDER BY currency
        """, piece.grain.rawValue, scope.scope, scope.subject, piece.from, piece.to
      ) { (row) throws(StoreFault) in (try row.get("currency") as String, try UsageFigures(row: row)) }
      for (currency, figures) in rows { sum.add(figures, in: currency) }
    }
    return sum
  }

  /// What the lines of a run of spans saw, each with its number.
  func rows(of scope: UsageScope, _ run: SpanRun) throws(StoreFault) -> [(Int, String, UsageFigures)] {
    try db.rows(
      """
      SELECT (bucket - ?4) / ?6 AS line, currency, sum(energy) AS energy, sum(busy) AS busy, sum(idle) AS idle,
        sum(sessions) AS sessions, sum(revenue) AS revenue, sum(plugged) AS plugged, sum(served) AS served
      FROM usage WHERE grain = ?1 AND scope = ?2 AND subject = ?3 AND bucket >= ?4 AND bucket < ?5
      GROUP BY 1, 2 ORDER BY 1, 2
      """, run.grain.rawValue, scope.scope, scope.subject, run.grain.bucket(of: run.from),
      run.grain.bucket(of: run.to), run.length / run.grain.length
    ) { (row) throws(StoreFault) in
      (try row.get("line") as Int, try row.get("currency") as String, try UsageFigures(row: row))
    }
  }

  /// The quarters of the week, 0 to 671 from Monday 00:00 on a clock that is so many quarters east of UTC; what saw
  /// nothing is left out. Money is in whatever currency it came.
  public func week(
    of scope: UsageScope, from first: Int64, to end: Int64, quartersEast: Int64
  ) throws(StoreFault) -> [(quarter: Int, figures: UsageFigures)] {
    // 1970 began on a Thursday.
    try db.rows(
      """
      SELECT (bucket + ?5 + 288) % 672 AS quarter, sum(energy) AS energy, sum(busy) AS busy, sum(idle) AS idle,
        sum(sessions) AS sessions, sum(revenue) AS revenue, sum(plugged) AS plugged, sum(served) AS served
      FROM usage WHERE grain = 0 AND scope = ?1 AND subject = ?2 AND bucket >= ?3 AND bucket < ?4
      GROUP BY 1 ORDER BY 1
      """, scope.scope, scope.subject, first, end, quartersEast
    ) { (row) throws(StoreFault) in (quarter: try row.get("quarter") as Int, figures: try UsageFigures(row: row)) }
  }

  /// Each quarter that saw something.
  public func quarters(
    of scope: UsageScope, from first: Int64, to end: Int64
  ) throws(StoreFault) -> [(quarter: Int64, figures: UsageFigures)] {
    try db.rows(
      """
      SELECT bucket, sum(energy) AS energy, sum(busy) AS busy, sum(idle) AS idle, sum(sessions) AS sessions,
        sum(revenue) AS revenue, sum(plugged) AS plugged, sum(served) AS served
      FROM usage WHERE grain = 0 AND scope = ?1 AND subject = ?2 AND bucket >= ?3 AND bucket < ?4
      GROUP BY bucket ORDER BY bucket
      """, scope.scope, scope.subject, first, end
    ) { (row) throws(StoreFault) in (quarter: try row.get("bucket") as Int64, figures: try UsageFigures(row: row)) }
  }

  /// The first quarter that saw something; nil where none did.
  public func firstQuarter(of scope: UsageScope) throws(StoreFault) -> Int64? {
    try db.value(
      "SELECT min(bucket) FROM usage WHERE grain = 0 AND scope = ?1 AND subject = ?2", scope.scope, scope.subject)
      ?? nil
  }

  // MARK: What could be used

  /// EVSEs of accepted stations, at one location or at all.
  public func evses(at location: ID<Location>?) throws(StoreFault) -> Int {
    try db.value(
      """
      SELECT count(*) FROM evse JOIN station ON station.id = evse.station
      WHERE station.registration = 'accepted' AND (?1 IS NULL OR station.location = ?1)
      """, location) ?? 0
  }

  /// A connector with where it is.
  public struct Place: Sendable, Equatable {
    public let id: ID<Connector>
    public let station: StationIdentity
    public let evse: Int
    public let number: Int
  }

  /// Those that are at a location, or were used there.
  public func connectors(
    at location: ID<Location>?, station: ID<Station>?, limit: Int
  ) throws(StoreFault) -> [Place] {
    try db.rows(
      """
      SELECT connector.id, station.identity, evse.number AS evse, connector.number
      FROM connector JOIN evse ON evse.id = connector.evse JOIN station ON station.id = evse.station
      WHERE (?2 IS NULL OR station.id = ?2) AND (?1 IS NULL OR station.location = ?1
        OR EXISTS (SELECT 1 FROM usage_stay WHERE usage_stay.connector = connector.id AND usage_stay.location = ?1))
      ORDER BY station.identity, evse.number, connector.number LIMIT ?3
      """, location, station, limit
    ) { (row) throws(StoreFault) in
      try Place(
        id: row.get("id"), station: row.get("identity"), evse: row.get("evse"), number: row.get("number"))
    }
  }

  /// The sums of all connectors of a location or a station, or of all; those without use are left out.
  public func connectorSums(
    at location: ID<Location>?, station: ID<Station>?, from first: Int64, to end: Int64
  ) throws(StoreFault) -> [ID<Connector>: UsageSum] {
    var sums: [ID<Connector>: UsageSum] = [:]
    for piece in Self.pieces(from: first, to: end) {
      let rows = try db.rows(
        """
        SELECT connector.id, currency, sum(energy) AS energy, sum(busy) AS busy, sum(idle) AS idle,
          sum(sessions) AS sessions, sum(revenue) AS revenue, sum(plugged) AS plugged, sum(served) AS served
        FROM station JOIN evse ON evse.station = station.id JOIN connector ON connector.evse = evse.id
        LEFT JOIN usage_stay AS stay ON stay.connector = connector.id
        CROSS JOIN usage ON usage.grain = ?3 AND usage.scope = 2 AND usage.subject = coalesce(stay.subject, connector.id)
          AND usage.bucket >= ?4 AND usage.bucket < ?5
        WHERE (?1 IS NULL OR coalesce(stay.location, station.location) = ?1) AND (?2 IS NULL OR station.id = ?2)
        GROUP BY connector.id, currency
        """, location, station, piece.grain.rawValue, piece.from, piece.to
      ) { (row) throws(StoreFault) in
        try (row.get("id") as ID<Connector>, row.get("currency") as String, UsageFigures(row: row))
      }
      for (id, currency, figures) in rows { sums[id, default: UsageSum()].add(figures, in: currency) }
    }
    return sums
  }

  // MARK: Plugging in

  /// A cable was plugged in there, at a station that is in line.
  public func plugged(_ evse: ID<EVSE>, at now: Timestamp) throws(StoreFault) {
    try db.run("INSERT OR REPLACE INTO plug_in (evse, since, served) VALUES (?1, ?2, 0)", evse, now)
  }

  /// A session used what is plugged in there, and it got energy or not.
  public func used(_ evse: ID<EVSE>, by connector: ID<Connector>, served: Bool) throws(StoreFault) {
    try db.run(
      "UPDATE plug_in SET served = max(served, ?3), connector = ?2 WHERE evse = ?1", evse, connector, served)
  }

  /// A cable that was in.
  public struct PlugIn: Sendable, Equatable {
    public let since: Timestamp
    /// Whether it got energy.
    public let served: Bool
    /// Of which connector it was, where a session used it.
    public let connector: ID<Connector>?
  }

  /// The cable is out, or nobody can say any more.
  public func unplugged(_ evse: ID<EVSE>) throws(StoreFault) -> PlugIn? {
    let found = try db.first("SELECT since, served, connector FROM plug_in WHERE evse = ?1", evse) {
      (row) throws(StoreFault) in
      try PlugIn(since: row.get("since"), served: row.get("served"), connector: row.get("connector"))
    }
    if found != nil { try db.run("DELETE FROM plug_in WHERE evse = ?1", evse) }
    return found
  }

  // MARK: What was billed before use was counted

  /// The next bills that are not counted yet, in their order; each of them moves the mark.
  public func backlog(limit: Int) throws(StoreFault) -> [(number: Int64, kept: KeptCDR)] {
    try db.rows(
      """
      SELECT cdr.* FROM usage_backlog JOIN cdr ON cdr.number > usage_backlog.next AND cdr.number <= usage_backlog.last
      ORDER BY cdr.number LIMIT ?1
      """, limit
    ) { (row) throws(StoreFault) in (number: try row.get("number") as Int64, kept: try KeptCDR(row: row)) }
  }

  public func counted(upTo number: Int64) throws(StoreFault) {
    try db.run("UPDATE usage_backlog SET next = ?1", number)
  }

  /// The next bills that are not counted for their partners yet.
  public func partnerBacklog(limit: Int) throws(StoreFault) -> [(number: Int64, kept: KeptCDR)] {
    try db.rows(
      """
      SELECT cdr.* FROM usage_partner_backlog AS mark JOIN cdr ON cdr.number > mark.next AND cdr.number <= mark.last
      ORDER BY cdr.number LIMIT ?1
      """, limit
    ) { (row) throws(StoreFault) in (number: try row.get("number") as Int64, kept: try KeptCDR(row: row)) }
  }

  public func partnersCounted(upTo number: Int64) throws(StoreFault) {
    try db.run("UPDATE usage_partner_backlog SET next = ?1", number)
  }

  /// Forgets what was used before a time, by every grain.
  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    var removed = 0
    for grain in Grain.allCases {
      removed += try db.run(
        """
        DELETE FROM usage WHERE (grain, scope, subject, bucket, currency) IN (
          SELECT grain, scope, subject, bucket, currency FROM usage WHERE grain = ?1 AND bucket < ?2 LIMIT ?3)
        """, grain.rawValue, grain.bucket(of: Quarter.number(of: time)), Limits.prunedAtOnce)
    }
    return Pruned(removed: removed)
  }
}

nonisolated extension UsageFigures {
  fileprivate init(row: Row) throws(StoreFault) {
    self.init()
    energy = try row.get("energy")
    busySeconds = try row.get("busy")
    idleSeconds = try row.get("idle")
    sessions = try row.get("sessions")
    revenue = try row.get("revenue")
    (plugged, served) = (try row.get("plugged"), try row.get("served"))
  }
}
