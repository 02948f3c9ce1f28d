import Domain
import Wire

/// The label of one EVSE.
nonisolated public struct EVSECode: Sendable, Equatable {
  public let code: String
  public let evse: ID<EVSE>
}

/// What a driver's browser may see and stop: the session that its command began.
nonisolated public struct DriverTicket: Sendable, Equatable {
  public let digest: String
  public let evse: ID<EVSE>
  public let command: String
  public let createdAt: Timestamp

  public init(digest: String, evse: ID<EVSE>, command: String, createdAt: Timestamp) {
    (self.digest, self.evse, self.command, self.createdAt) = (digest, evse, command, createdAt)
  }
}

/// What everybody may know of a site.
nonisolated public struct PublicPlace: Sendable, Equatable {
  public let name: String
  public let address: String
  public let evses: Int
  public let free: Int
  public let outOfOrder: Int
}

/// Codes on labels, and the tickets of those who followed one.
nonisolated public struct DriverPages {
  let db: Database

  public func code(of evse: ID<EVSE>) throws(StoreFault) -> String? {
    try db.value("SELECT code FROM evse_code WHERE evse = ?1", evse)
  }

  public func evse(code: String) throws(StoreFault) -> ID<EVSE>? {
    try db.value("SELECT evse FROM evse_code WHERE code = ?1", code)
  }

  /// - Throws: `.constraint` where the code is taken or the EVSE has one.
  public func create(_ code: String, for evse: ID<EVSE>, at now: Timestamp) throws(StoreFault) {
    try db.run("INSERT INTO evse_code (code, evse, created_at) VALUES (?1, ?2, ?3)", code, evse, now)
  }

  /// Labels with the old code lead nowhere from now on.
  public func remove(of evse: ID<EVSE>) throws(StoreFault) {
    try db.run("DELETE FROM evse_code WHERE evse = ?1", evse)
  }

  public func keep(_ ticket: DriverTicket) throws(StoreFault) {
    try db.run(
      "INSERT INTO driver_ticket (digest, evse, command, created_at) VALUES (?1, ?2, ?3, ?4)", ticket.digest,
      ticket.evse, ticket.command, ticket.createdAt)
  }

  public func ticket(_ digest: String) throws(StoreFault) -> DriverTicket? {
    try db.first("SELECT * FROM driver_ticket WHERE digest = ?1", digest) { (row) throws(StoreFault) in
      try DriverTicket(
        digest: row.get("digest"), evse: row.get("evse"), command: row.get("command"), createdAt: row.get("created_at"))
    }
  }

  /// Published sites with how many of their EVSEs are free, in the order of their names.
  public func publicPlaces(limit: Int) throws(StoreFault) -> [PublicPlace] {
    try db.rows(
      """
      SELECT location.name AS name, location.address || ', ' || location.city AS address, count(evse.id) AS evses,
        sum(evse.status = 'available') AS free,
        sum(evse.status IN ('faulted', 'unavailable', 'unknown')) AS out_of_order
      FROM location JOIN station ON station.location = location.id JOIN evse ON evse.station = station.id
      WHERE location.published AND station.registration = 'accepted'
      GROUP BY location.id ORDER BY location.name LIMIT ?1
      """, limit
    ) { (row) throws(StoreFault) in
      try PublicPlace(
        name: row.get("name"), address: row.get("address"), evses: row.get("evses"), free: row.get("free"),
        outOfOrder: row.get("out_of_order"))
    }
  }

  public func pruneTickets(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM driver_ticket WHERE digest IN (SELECT digest FROM driver_ticket WHERE created_at < ?1 LIMIT ?2)",
        time, Limits.prunedAtOnce))
  }
}
