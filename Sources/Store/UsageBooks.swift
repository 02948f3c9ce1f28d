import Domain
import Wire

/// Whose use is asked for.
nonisolated public enum UsageScope: Sendable, Equatable, Hashable {
  case house
  case location(ID<Location>)
  case connector(ID<Connector>)

  fileprivate var scope: Int64 {
    switch self {
    case .house: 0
    case .location: 1
    case .connector: 2
    }
  }

  fileprivate var subject: Int64 {
    switch self {
    case .house: 0
    case .location(let id): id.value
    case .connector(let id): id.value
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

  mutating func add(_ more: UsageFigures, in currency: String) {
    figures = figures + more
    if more.revenue != .zero { revenue[currency, default: .zero] = (revenue[currency] ?? .zero) + more.revenue }
  }
}

/// What bills add to the figures of use, or take back where they are negative. The bills of one turn share most of the
/// places where they count (the same quarters of the house and of its locations), and each place is written once.
nonisolated public struct UsageTally: Sendable {
  fileprivate struct Place: Hashable {
    /// 0: a quarter of an hour; 1: a day.
    let grain: Int64
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
      for (quarter, figures) in usage {
        add(figures, Place(grain: 0, scope: scope, bucket: quarter, currency: currency))
        add(figures, Place(grain: 1, scope: scope, bucket: floor(quarter, Quarter.perDay), currency: currency))
      }
    }
  }

  private mutating func add(_ figures: UsageFigures, _ place: Place) {
    sums[place] = sums[place].map { $0 + figures } ?? figures
  }
}

/// Use by quarters of an hour and by days of UTC.
nonisolated public struct UsageBooks {
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
    for (place, figures) in tally.sums {
      try db.run(
        """
        INSERT INTO usage (grain, scope, subject, bucket, currency, energy, busy, idle, sessions, revenue)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT DO UPDATE SET energy = energy + excluded.energy, busy = busy + excluded.busy,
          idle = idle + excluded.idle, sessions = sessions + excluded.sessions, revenue = revenue + excluded.revenue
        """, place.grain, place.scope.scope, place.scope.subject, place.bucket, place.currency, figures.energy,
        figures.busySeconds, figures.idleSeconds, figures.sessions, figures.revenue)
    }
  }

  /// The sum over quarters, the first one included and the last one not. Whole days are read as such, so that a long
  /// time costs little more than a short one.
  public func sum(of scope: UsageScope, from first: Int64, to end: Int64) throws(StoreFault) -> UsageSum {
    var sum = UsageSum()
    let firstDay = floor(first + Quarter.perDay - 1, Quarter.perDay)
    let endDay = floor(end, Quarter.perDay)
    guard firstDay < endDay else {
      try gather(&sum, grain: 0, scope, first, end)
      return sum
    }
    try gather(&sum, grain: 0, scope, first, firstDay * Quarter.perDay)
    try gather(&sum, grain: 1, scope, firstDay, endDay)
    try gather(&sum, grain: 0, scope, endDay * Quarter.perDay, end)
    return sum
  }

  private func gather(
    _ sum: inout UsageSum, grain: Int64, _ scope: UsageScope, _ first: Int64, _ end: Int64
  ) throws(StoreFault) {
    guard first < end else { return }
    let rows = try db.rows(
      """
      SELECT currency, sum(energy) AS energy, sum(busy) AS busy, sum(idle) AS idle, sum(sessions) AS sessions,
        sum(revenue) AS revenue
      FROM usage WHERE grain = ?1 AND scope = ?2 AND subject = ?3 AND bucket >= ?4 AND bucket < ?5
      GROUP BY currency ORDER BY currency
      """, grain, scope.scope, scope.subject, first, end
    ) { (row) throws(StoreFault) in (try row.get("currency") as String, try UsageFigures(row: row)) }
    for (currency, figures) in rows { sum.add(figures, in: currency) }
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
        sum(sessions) AS sessions, sum(revenue) AS revenue
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
        sum(revenue) AS revenue
      FROM usage WHERE grain = 0 AND scope = ?1 AND subject = ?2 AND bucket >= ?3 AND bucket < ?4
      GROUP BY bucket ORDER BY bucket
      """, scope.scope, scope.subject, first, end
    ) { (row) throws(StoreFault) in (quarter: try row.get("bucket") as Int64, figures: try UsageFigures(row: row)) }
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

  public func connectors(
    at location: ID<Location>?, station: ID<Station>?, limit: Int
  ) throws(StoreFault) -> [Place] {
    try db.rows(
      """
      SELECT connector.id, station.identity, evse.number AS evse, connector.number
      FROM connector JOIN evse ON evse.id = connector.evse JOIN station ON station.id = evse.station
      WHERE (?1 IS NULL OR station.location = ?1) AND (?2 IS NULL OR station.id = ?2)
      ORDER BY station.identity, evse.number, connector.number LIMIT ?3
      """, location, station, limit
    ) { (row) throws(StoreFault) in
      try Place(
        id: row.get("id"), station: row.get("identity"), evse: row.get("evse"), number: row.get("number"))
    }
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
}

nonisolated extension UsageFigures {
  fileprivate init(row: Row) throws(StoreFault) {
    self.init()
    energy = try row.get("energy")
    busySeconds = try row.get("busy")
    idleSeconds = try row.get("idle")
    sessions = try row.get("sessions")
    revenue = try row.get("revenue")
  }
}

nonisolated private func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
  let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
  return rest < 0 ? quotient - 1 : quotient
}
