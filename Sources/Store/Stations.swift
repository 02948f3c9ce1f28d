import Domain
import Wire

/// Which stations a list shows; what is nil does not matter.
nonisolated public struct StationFilter: Sendable, Equatable {
  /// In the identity, vendor, model, serial number or the name of the location.
  public var text: String?
  public var registration: Station.Registration?
  public var location: ID<Location>?
  /// Of one of its EVSEs.
  public var status: EVSE.Status?

  public init(
    text: String? = nil, registration: Station.Registration? = nil, location: ID<Location>? = nil,
    status: EVSE.Status? = nil
  ) {
    (self.text, self.registration, self.location, self.status) = (text, registration, location, status)
  }
}

/// By what a list of stations can be sorted, as the API names it.
nonisolated public enum StationColumn: String, Word {
  case id, location, registration, vendor, model, version
  case serialNumber = "serial_number", firmware = "firmware_version", lastSeenAt = "last_seen_at"
}

/// Something that a station does differently, and how often it did.
nonisolated public struct StationOddity: Sendable, Equatable {
  public let what: String
  public let count: Int
  public let sample: String?
  public let lastAt: Timestamp
}

/// The stations, with their EVSEs and connectors (`EVSEs.swift`).
nonisolated public struct Stations {
  let db: Database

  public func station(_ id: ID<Station>) throws(StoreFault) -> Station? {
    if let known = db.cache?.stations[id] { return known }
    let found = try db.first("SELECT * FROM station WHERE id = ?1", id, as: Station.init(row:))
    db.cache?.stations[id] = found
    return found
  }

  public func station(_ identity: StationIdentity) throws(StoreFault) -> Station? {
    let found = try db.first("SELECT * FROM station WHERE identity = ?1", identity, as: Station.init(row:))
    if let found { db.cache?.stations[found.id] = found }
    return found
  }

  /// Of several with that serial number, the one that was added first.
  public func station(serialNumber: String) throws(StoreFault) -> Station? {
    try db.first(
      "SELECT * FROM station WHERE serial_number = ?1 ORDER BY id LIMIT 1", serialNumber, as: Station.init(row:))
  }

  /// In the order of their identities, after a cursor.
  public func list(
    _ filter: StationFilter = StationFilter(), after cursor: StationIdentity? = nil, limit: Int
  ) throws(StoreFault) -> [Station] {
    try db.rows(
      """
      SELECT * FROM station
      WHERE identity > ?1
        AND (?2 IS NULL OR identity LIKE ?2 ESCAPE '\\' OR vendor LIKE ?2 ESCAPE '\\' OR model LIKE ?2 ESCAPE '\\'
          OR serial_number LIKE ?2 ESCAPE '\\'
          OR EXISTS (SELECT 1 FROM location WHERE id = station.location AND name LIKE ?2 ESCAPE '\\'))
        AND (?3 IS NULL OR registration = ?3)
        AND (?4 IS NULL OR location = ?4)
        AND (?5 IS NULL OR EXISTS (SELECT 1 FROM evse WHERE evse.station = station.id AND evse.status = ?5))
      ORDER BY identity LIMIT ?6
      """,
      cursor?.text ?? "", filter.text.map(pattern(containing:)), filter.registration?.rawValue, filter.location,
      filter.status?.rawValue, Limits.page(limit), as: Station.init(row:))
  }

  /// In another order; nil where the filter leaves too many.
  public func list(
    _ filter: StationFilter, by order: Sorting<StationColumn>, limit: Int
  ) throws(StoreFault) -> [Ranked<Station>]? {
    try db.ranks(
      """
      WITH found (number, value) AS MATERIALIZED (
        SELECT id, coalesce(
          CASE ?1
            WHEN 'id' THEN identity
            WHEN 'location' THEN (SELECT lower(name) FROM location WHERE id = station.location)
            WHEN 'registration' THEN registration
            WHEN 'vendor' THEN lower(vendor)
            WHEN 'model' THEN lower(model)
            WHEN 'serial_number' THEN lower(serial_number)
            WHEN 'firmware_version' THEN lower(firmware_version)
            WHEN 'version' THEN last_version
            WHEN 'last_seen_at' THEN last_seen_at END,
          -9223372036854775807)
        FROM station
        WHERE (?7 IS NULL OR identity LIKE ?7 ESCAPE '\\' OR vendor LIKE ?7 ESCAPE '\\' OR model LIKE ?7 ESCAPE '\\'
            OR serial_number LIKE ?7 ESCAPE '\\'
            OR EXISTS (SELECT 1 FROM location WHERE id = station.location AND name LIKE ?7 ESCAPE '\\'))
          AND (?8 IS NULL OR registration = ?8) AND (?9 IS NULL OR location = ?9)
          AND (?10 IS NULL OR EXISTS (SELECT 1 FROM evse WHERE evse.station = station.id AND evse.status = ?10))
        LIMIT ?6)
      """, by: order, limit: limit, filter.text.map(pattern(containing:)), filter.registration?.rawValue,
      filter.location, filter.status?.rawValue
    )?.items { (number) throws(StoreFault) in try station(ID(number)) }
  }

  public func count() throws(StoreFault) -> Int { try db.value("SELECT count(*) FROM station") ?? 0 }

  public func count(at location: ID<Location>) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM station WHERE location = ?1", location) ?? 0
  }

  /// Keeps a new one; its id is given here.
  @discardableResult
  public func create(_ new: Station) throws(StoreFault) -> Station {
    var station = new
    station.id = ID(
      try db.insert(
        """
        INSERT INTO station (identity, location, registration, password_hash, vendor, model, serial_number,
          firmware_version, quirks, last_version, booted_at, last_seen_at, created_at, updated_at, security_profile,
          preset, forwarding)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
        """,
        new.identity, new.location, new.registration.rawValue, new.passwordHash, new.vendor, new.model,
        new.serialNumber, new.firmwareVersion, new.quirks.stored, new.lastVersion, new.bootedAt, new.lastSeenAt,
        new.createdAt, new.updatedAt, new.securityProfile.rawValue, new.preset?.stored,
        new.forwarding?.stored))
    try touchLocation(of: station.id, at: new.updatedAt)
    return station
  }

  /// When it was seen last is not written here: `seen` does that, and only forward.
  public func update(_ station: Station) throws(StoreFault) {
    guard let before = try self.station(station.id) else { return }
    try db.following { () throws(StoreFault) in
      try db.run(
        """
        UPDATE station SET identity = ?2, location = ?3, registration = ?4, password_hash = ?5, vendor = ?6, model = ?7,
          serial_number = ?8, firmware_version = ?9, quirks = ?10, last_version = ?11, booted_at = ?12,
          updated_at = ?13, security_profile = ?14, preset = ?15, forwarding = ?16
        WHERE id = ?1
        """,
        station.id, station.identity, station.location, station.registration.rawValue, station.passwordHash,
        station.vendor, station.model, station.serialNumber, station.firmwareVersion, station.quirks.stored,
        station.lastVersion, station.bootedAt, station.updatedAt, station.securityProfile.rawValue,
        station.preset?.stored, station.forwarding?.stored)
    }
    db.cache?.stations.change(station.id) { known in
      known = station
      known.lastSeenAt = before.lastSeenAt
    }
    // Partners see a change at the place that it leaves and at the one that it comes to.
    for location in Set([before.location, station.location]) {
      if let location { try Locations(db: db).touch(location, at: station.updatedAt) }
    }
  }

  /// With its EVSEs; its sessions, CDRs and status history stay.
  public func remove(_ id: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try touchLocation(of: id, at: now)
    try db.run("DELETE FROM station WHERE id = ?1", id)
  }

  /// A link was opened.
  public func connected(_ id: ID<Station>, version: String, at now: Timestamp) throws(StoreFault) {
    try db.following { () throws(StoreFault) in
      try db.run(
        "UPDATE station SET last_version = ?2, last_seen_at = max(coalesce(last_seen_at, 0), ?3) WHERE id = ?1", id,
        version, now)
    }
    db.cache?.stations.change(id) { known in
      known.lastVersion = version
      known.lastSeenAt = max(known.lastSeenAt ?? now, now)
    }
  }

  /// When each was heard of, gathered since the last turn.
  public func seen(_ stations: [(id: ID<Station>, at: Timestamp)]) throws(StoreFault) {
    for (id, time) in stations {
      try db.following { () throws(StoreFault) in
        try db.run("UPDATE station SET last_seen_at = max(coalesce(last_seen_at, 0), ?2) WHERE id = ?1", id, time)
      }
      db.cache?.stations.change(id) { $0.lastSeenAt = max($0.lastSeenAt ?? time, time) }
    }
  }

  // MARK: Evidence

  /// Counts something odd. True where the station never did it before. Past `Limits.odditiesPerStation` kinds the rest
  /// is counted together.
  @discardableResult
  public func noteOddity(_ id: ID<Station>, what: String, sample: String?, at now: Timestamp) throws(StoreFault) -> Bool
  {
    let name = String(what.prefix(Limits.oddityCharacters))
    let sample = sample.map { String($0.prefix(Limits.oddityCharacters)) }
    let again = try db.run(
      "UPDATE oddity SET count = count + 1, sample = ?3, last_at = ?4 WHERE station = ?1 AND what = ?2", id, name,
      sample, now)
    if again > 0 { return false }
    let known: Int = try db.value("SELECT count(*) FROM oddity WHERE station = ?1", id) ?? 0
    return try db.run(
      """
      INSERT INTO oddity (station, what, count, sample, last_at) VALUES (?1, ?2, 1, ?3, ?4)
      ON CONFLICT (station, what) DO UPDATE SET count = count + 1, sample = excluded.sample, last_at = excluded.last_at
      """, id, known < Limits.odditiesPerStation ? name : Self.otherOddities, sample, now) > 0
      && known <= Limits.odditiesPerStation
  }

  static let otherOddities = "other"

  /// The newest first.
  public func oddities(of id: ID<Station>) throws(StoreFault) -> [StationOddity] {
    try db.rows("SELECT * FROM oddity WHERE station = ?1 ORDER BY last_at DESC, what", id) { (row) throws(StoreFault) in
      try StationOddity(
        what: row.get("what"), count: row.get("count"), sample: row.get("sample"), lastAt: row.get("last_at"))
    }
  }

  /// The operator has read them.
  public func forgetOddities(of id: ID<Station>) throws(StoreFault) {
    try db.run("DELETE FROM oddity WHERE station = ?1", id)
  }

  func touchLocation(of id: ID<Station>, at now: Timestamp) throws(StoreFault) {
    if let location = try station(id)?.location { try Locations(db: db).touch(location, at: now) }
  }
}

nonisolated extension Station {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), identity: row.get("identity"), location: row.get("location"),
      registration: row.word("registration"), passwordHash: row.get("password_hash"),
      securityProfile: SecurityProfile(rawValue: row.get("security_profile")) ?? .certificate,
      vendor: row.get("vendor"),
      model: row.get("model"), serialNumber: row.get("serial_number"), firmwareVersion: row.get("firmware_version"),
      quirks: row.payload("quirks"), preset: row.maybePayload("preset"),
      forwarding: row.maybePayload("forwarding"), lastVersion: row.get("last_version"),
      bootedAt: row.get("booted_at"),
      lastSeenAt: row.get("last_seen_at"), createdAt: row.get("created_at"), updatedAt: row.get("updated_at"))
  }
}
