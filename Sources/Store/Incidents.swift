import Domain
import Wire

/// What went wrong at stations, by quarters of an hour.
nonisolated public struct Incidents {
  let db: Database

  /// How lines of a comparison are made.
  public enum Grouping: String, Word { case station, model, code }

  /// One line of a comparison.
  public struct Line: Sendable, Equatable {
    public var station: StationIdentity?
    public var vendor: String?
    public var model: String?
    public var kind: Incident.Kind?
    public var code: String?
    public var count: Int
    public var seconds: Int
    /// How many stations that were.
    public var stations: Int
  }

  public func count(_ incident: Incident, at time: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO incident (bucket, station, location, kind, code, count, seconds)
      VALUES (?1, ?2, coalesce((SELECT location FROM station WHERE id = ?2), 0), ?3, ?4, 1, 0)
      ON CONFLICT DO UPDATE SET count = count + 1
      """, Quarter.number(of: time), incident.station, incident.kind.rawValue, incident.code)
  }

  /// One that was counted at that time is over, and its seconds are of the place where it began; what was not counted then
  /// began before anybody knew of it.
  public func ended(_ incident: Incident, begunAt begin: Timestamp, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      UPDATE incident SET seconds = seconds + ?5
      WHERE bucket = ?1 AND station = ?2 AND kind = ?3 AND code = ?4 AND location = coalesce(
        (SELECT location FROM retired_port WHERE station = ?2 AND since <= ?6 AND until > ?6 ORDER BY until LIMIT 1),
        (SELECT location FROM station WHERE id = ?2), 0)
      """, Quarter.number(of: begin), incident.station, incident.kind.rawValue, incident.code,
      max(0, now.seconds(since: begin)), begin)
  }

  /// Those of quarters, the first one included and the last one not, the most frequent first.
  public func lines(
    by grouping: Grouping, at location: ID<Location>?, from first: Int64, to end: Int64, limit: Int
  ) throws(StoreFault) -> [Line] {
    // Stations that are gone have no model any more; those that ports were kept of have their name.
    try db.rows(
      """
      SELECT iif(?1 = 'station', coalesce(station.identity, (
          SELECT identity FROM retired_port WHERE station = seen.station ORDER BY until DESC LIMIT 1)), NULL) AS identity,
        iif(?1 = 'code', NULL, station.vendor) AS vendor, iif(?1 = 'code', NULL, station.model) AS model,
        iif(?1 = 'code', seen.kind, NULL) AS kind, iif(?1 = 'code', seen.code, NULL) AS code,
        sum(seen.count) AS count, sum(seen.seconds) AS seconds, count(DISTINCT seen.station) AS stations
      FROM (
        SELECT station, kind, code, sum(count) AS count, sum(seconds) AS seconds FROM incident
        WHERE bucket >= ?3 AND bucket < ?4 AND (?2 IS NULL OR location = ?2) GROUP BY station, kind, code) AS seen
      LEFT JOIN station ON station.id = seen.station
      GROUP BY 1, 2, 3, 4, 5 ORDER BY count DESC, seconds DESC, 1, 2, 3, 4, 5 LIMIT ?5
      """, grouping.rawValue, location, first, end, limit
    ) { (row) throws(StoreFault) in
      try Line(
        station: row.get("identity"), vendor: row.get("vendor"), model: row.get("model"),
        kind: (row.get("kind") as String?).flatMap { Incident.Kind(rawValue: $0) }, code: row.get("code"),
        count: row.get("count"), seconds: row.get("seconds"), stations: row.get("stations"))
    }
  }

  /// Removes what is older than the house keeps it, the oldest first.
  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    let first: Int64? = try db.value("SELECT min(bucket) FROM incident") ?? nil
    guard let first, first < Quarter.number(of: time) else { return Pruned(removed: 0) }
    // A day at a time: the key begins with the time.
    let end = min(first + Quarter.perDay, Quarter.number(of: time))
    return Pruned(removed: try db.run("DELETE FROM incident WHERE bucket < ?1", end))
  }
}
