import Domain
import Wire

/// The house's figures since a moment, usually the local midnight.
nonisolated public struct Figures: Sendable, Equatable {
  /// Sessions that started, or that wait for their car.
  public let sessions: Int
  /// What sessions delivered that run or that ended in that time.
  public let energy: Energy
  /// Before tax, of the CDRs of sessions that ended in that time; by currency, in the order of its code.
  public let revenue: [(currency: String, amount: Money)]

  public static func == (a: Figures, b: Figures) -> Bool {
    a.sessions == b.sessions && a.energy == b.energy && a.revenue.elementsEqual(b.revenue, by: ==)
  }
}

/// Sums over the books, for the overview and for reports.
nonisolated public struct Analytics {
  let db: Database

  public func figures(since time: Timestamp) throws(StoreFault) -> Figures {
    let sessions: Int? = try db.value(
      "SELECT count(*) FROM session WHERE started_at >= ?1 AND state <> 'invalid'", time)
    let energy: Energy?? = try db.value(
      """
      SELECT sum(max(meter_last - meter_start, 0)) FROM (
        SELECT meter_last, meter_start FROM session WHERE ended_at IS NULL
        UNION ALL SELECT meter_last, meter_start FROM session WHERE ended_at >= ?1)
      """, time)
    let revenue = try db.rows(
      "SELECT currency, sum(cost) AS cost FROM cdr WHERE ended_at >= ?1 GROUP BY currency ORDER BY currency", time
    ) { (row) throws(StoreFault) in try (currency: row.get("currency") as String, amount: row.get("cost") as Money) }
    return Figures(sessions: sessions ?? 0, energy: (energy ?? nil) ?? .zero, revenue: revenue)
  }

  /// How many EVSEs of accepted stations do what.
  public func statuses() throws(StoreFault) -> [EVSE.Status: Int] {
    let counts = try db.rows(
      """
      SELECT status, count(*) AS count FROM evse JOIN station ON station.id = evse.station
      WHERE station.registration = 'accepted' GROUP BY status
      """
    ) { (row) throws(StoreFault) in try (row.word("status") as EVSE.Status, row.get("count") as Int) }
    return Dictionary(uniqueKeysWithValues: counts)
  }
}
