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

  /// The EVSEs of accepted stations, of one location or of all, with what reports say of them.
  public func ports(at location: ID<Location>?) throws(StoreFault) -> [ReportedPort] {
    try db.rows(
      """
      SELECT evse.id, evse.number, evse.uid, evse.evse_id, evse.station, station.identity, station.location,
        station.created_at,
        max(coalesce(connector.max_power, connector.max_voltage * connector.max_amperage
          * iif(connector.power_type = 'AC_3_PHASE', 3, 1))) AS power
      FROM evse JOIN station ON station.id = evse.station LEFT JOIN connector ON connector.evse = evse.id
      WHERE station.registration = 'accepted' AND (?1 IS NULL OR station.location = ?1)
      GROUP BY evse.id ORDER BY station.identity, evse.number
      """, location
    ) { (row) throws(StoreFault) in
      try ReportedPort(
        evse: row.get("id"), number: row.get("number"), uid: row.get("uid"), evseID: row.get("evse_id"),
        station: row.get("station"), identity: row.get("identity"), location: row.get("location"),
        watts: (row.get("power") as Int?) ?? 0, since: row.get("created_at"))
    }
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
  /// Since when its station is in the books: no report says anything of the time before.
  public let since: Timestamp
}

nonisolated extension Downtime {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), location: row.get("location"), station: row.get("station"), evse: row.get("evse"),
      beginsAt: row.get("begins_at"), endsAt: row.get("ends_at"), cause: row.word("cause"), note: row.get("note"),
      origin: row.get("origin"), createdAt: row.get("created_at"))
  }
}
