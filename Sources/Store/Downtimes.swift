import Domain
import Wire

/// Times in which outages do not count, and the history that reports of uptime are computed from.
nonisolated public struct Downtimes {
  let db: Database

  public func downtime(_ id: ID<Downtime>) throws(StoreFault) -> Downtime? {
    try db.first("SELECT * FROM downtime WHERE id = ?1", id, as: Downtime.init(row:))
  }

  /// The newest first, before a cursor.
  public func list(before cursor: ID<Downtime>? = nil, limit: Int) throws(StoreFault) -> [Downtime] {
    try db.rows(
      "SELECT * FROM downtime WHERE id < ?1 ORDER BY id DESC LIMIT ?2", cursor?.value ?? .max, Limits.page(limit),
      as: Downtime.init(row:))
  }

  /// Those that touch a span, the earliest first.
  public func all(from: Timestamp, to: Timestamp) throws(StoreFault) -> [Downtime] {
    try db.rows(
      "SELECT * FROM downtime WHERE begins_at < ?2 AND (ends_at IS NULL OR ends_at > ?1) ORDER BY begins_at, id", from,
      to, as: Downtime.init(row:))
  }

  /// Keeps a new one; its id is given here.
  public func create(_ new: Downtime) throws(StoreFault) -> Downtime {
    var downtime = new
    downtime.id = ID(
      try db.insert(
        """
        INSERT INTO downtime (location, station, evse, begins_at, ends_at, cause, note, origin, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """, new.location, new.station, new.evse, new.beginsAt, new.endsAt, new.cause.rawValue, new.note, new.origin,
        new.createdAt))
    return downtime
  }

  public func remove(_ id: ID<Downtime>) throws(StoreFault) { try db.run("DELETE FROM downtime WHERE id = ?1", id) }

  public func prune(endedBefore time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM downtime WHERE id IN (SELECT id FROM downtime WHERE ends_at < ?1 LIMIT ?2)", time,
        Limits.prunedAtOnce))
  }

  // MARK: The ports of a report

  /// The EVSEs of accepted stations that were in the books in some part of a span, of one location or of all, with what
  /// reports say of them. One that moved within it is two: what it did at each place is of that place.
  public func ports(at location: ID<Location>?, in span: Uptime.Span) throws(StoreFault) -> [ReportedPort] {
    try db.rows(
      """
      SELECT * FROM (
        SELECT evse.id, evse.number, evse.uid, evse.evse_id, evse.station, station.identity, station.location,
          coalesce((SELECT max(until) FROM retired_port WHERE evse = evse.id), station.created_at) AS since,
          NULL AS until,
          max(coalesce(connector.max_power, connector.max_voltage * connector.max_amperage
            * iif(connector.power_type = 'AC_3_PHASE', 3, 1))) AS power
        FROM evse JOIN station ON station.id = evse.station LEFT JOIN connector ON connector.evse = evse.id
        WHERE station.registration = 'accepted' GROUP BY evse.id
        UNION ALL
        SELECT evse, evse_number, uid, evse_id, station, identity, location, since, until, power FROM retired_port
        WHERE until > ?2)
      WHERE (?1 IS NULL OR location = ?1) AND since < ?3 ORDER BY identity, number, since
      """, location, span.begin, span.end
    ) { (row) throws(StoreFault) in
      try ReportedPort(
        evse: row.get("id"), number: row.get("number"), uid: row.get("uid"), evseID: row.get("evse_id"),
        station: row.get("station"), identity: row.get("identity"), location: row.get("location"),
        watts: (row.get("power") as Int?) ?? 0, since: row.get("since"), until: row.get("until"))
    }
  }

  /// An EVSE goes out of the books, or from one place to another: reports of the time until now go on to name it.
  public func retire(_ evse: ID<EVSE>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO retired_port (evse, evse_number, uid, evse_id, station, identity, location, since, until, power)
      SELECT * FROM (
        SELECT evse.id, evse.number, evse.uid, evse.evse_id, evse.station, station.identity, station.location,
          coalesce((SELECT max(until) FROM retired_port WHERE evse = ?1), station.created_at) AS since, ?2,
          coalesce(max(coalesce(connector.max_power, connector.max_voltage * connector.max_amperage
            * iif(connector.power_type = 'AC_3_PHASE', 3, 1))), 0)
        FROM evse JOIN station ON station.id = evse.station LEFT JOIN connector ON connector.evse = evse.id
        WHERE evse.id = ?1 AND station.registration = 'accepted' GROUP BY evse.id)
      WHERE since < ?2
      """, evse, now)
  }

  public func pruneRetired(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM retired_port WHERE number IN (SELECT number FROM retired_port WHERE until < ?1 LIMIT ?2)", time,
        Limits.prunedAtOnce))
  }
}

/// An EVSE as reports of uptime name it.
nonisolated public struct ReportedPort: Sendable, Equatable {
  public let evse: ID<EVSE>
  public let number: Int
  public let uid: String
  public let evseID: String?
  public let station: ID<Station>
  public let identity: StationIdentity
  public let location: ID<Location>?
  /// The most that it gives.
  public let watts: Int
  /// Since when its station is in the books, at that place: no report says anything of the time before.
  public let since: Timestamp
  /// When it was taken out of them, or away from there; nil where it still is.
  public let until: Timestamp?

  /// What of a span it was there.
  public func part(of span: Uptime.Span) -> Uptime.Span {
    Uptime.Span(begin: max(span.begin, since), end: min(span.end, until ?? span.end))
  }
}

nonisolated extension Downtime {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), location: row.get("location"), station: row.get("station"), evse: row.get("evse"),
      beginsAt: row.get("begins_at"), endsAt: row.get("ends_at"), cause: row.word("cause"), note: row.get("note"),
      origin: row.get("origin"), createdAt: row.get("created_at"))
  }
}
