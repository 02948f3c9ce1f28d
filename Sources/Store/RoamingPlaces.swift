import Domain
import Wire

/// Which locations of other networks a list shows; what is nil does not matter.
nonisolated public struct RoamingFilter: Sendable, Equatable {
  /// In the name, address, city, or an id that is printed on a box.
  public var text: String?
  public var partner: ID<Partner>?
  /// Between two corners, in degrees.
  public var southWest: (latitude: Decimal, longitude: Decimal)?
  public var northEast: (latitude: Decimal, longitude: Decimal)?
  /// W that one of its connectors gives at least.
  public var power: Int?
  /// A connector of that standard.
  public var standard: String?
  /// Only those with an EVSE that is free.
  public var isAvailable = false
  /// Also those that no list has any more.
  public var withGone = false

  public init() {}

  public static func == (a: RoamingFilter, b: RoamingFilter) -> Bool {
    a.text == b.text && a.partner == b.partner && a.power == b.power && a.standard == b.standard
      && a.isAvailable == b.isAvailable && a.withGone == b.withGone
      && a.southWest.map { [$0.latitude, $0.longitude] } == b.southWest.map { [$0.latitude, $0.longitude] }
      && a.northEast.map { [$0.latitude, $0.longitude] } == b.northEast.map { [$0.latitude, $0.longitude] }
  }
}

/// A location of another network with what the books know beside it.
nonisolated public struct KeptRoamingLocation: Sendable {
  public let id: ID<RoamingLocation>
  public let key: RoamingKey
  public let name: String?
  public let address: String
  public let city: String
  public let postalCode: String?
  public let country: String
  public let latitude: Decimal
  public let longitude: Decimal
  public let timeZone: String
  public let evses: Int
  public let available: Int
  public let maxPower: Int
  public let standards: [String]
  /// Its EVSEs with their connectors, as the house shows them.
  public let places: JSON
  public let body: JSON
  public let updatedAt: Timestamp
  public let seenAt: Timestamp
  public let goneAt: Timestamp?
}

/// What became of an object that a partner told.
nonisolated public enum RoamingPut: Sendable, Equatable {
  case created, replaced
  /// The same as we have, or older.
  case unchanged
}

/// Where our drivers can charge at other networks.
nonisolated public struct RoamingPlaces {
  let db: Database

  public func location(_ id: ID<RoamingLocation>) throws(StoreFault) -> KeptRoamingLocation? {
    try db.first("SELECT * FROM roaming_location WHERE id = ?1", id, as: KeptRoamingLocation.init(row:))
  }

  public func location(_ key: RoamingKey) throws(StoreFault) -> KeptRoamingLocation? {
    try db.first(
      "SELECT * FROM roaming_location WHERE partner = ?1 AND country = ?2 AND party = ?3 AND ref = ?4",
      key.partner, key.party.country, key.party.party, key.ref, as: KeptRoamingLocation.init(row:))
  }

  /// The location of that id at a partner, whosever it is.
  public func location(_ ref: String, at partner: ID<Partner>) throws(StoreFault) -> KeptRoamingLocation? {
    try db.first(
      "SELECT * FROM roaming_location WHERE partner = ?1 AND ref = ?2 ORDER BY gone_at IS NOT NULL, id", partner, ref,
      as: KeptRoamingLocation.init(row:))
  }

  public func count(of partner: ID<Partner>) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM roaming_location WHERE partner = ?1", partner) ?? 0
  }

  /// In the order of their coming, after a cursor.
  public func list(
    _ filter: RoamingFilter = RoamingFilter(), after cursor: ID<RoamingLocation>? = nil, limit: Int
  ) throws(StoreFault) -> [KeptRoamingLocation] {
    let (south, west) = (filter.southWest?.latitude ?? Decimal(-90), filter.southWest?.longitude ?? Decimal(-180))
    let (north, east) = (filter.northEast?.latitude ?? Decimal(90), filter.northEast?.longitude ?? Decimal(180))
    return try db.rows(
      """
      SELECT * FROM roaming_location
      WHERE id > ?1
        AND (?2 IS NULL OR words LIKE ?2 ESCAPE '\\')
        AND (?3 IS NULL OR partner = ?3)
        AND latitude BETWEEN ?4 AND ?6 AND longitude BETWEEN ?5 AND ?7
        AND max_power >= ?8
        AND (?9 IS NULL OR standards LIKE ?9 ESCAPE '\\')
        AND (NOT ?10 OR available > 0)
        AND (?11 OR gone_at IS NULL)
      ORDER BY id LIMIT ?12
      """,
      cursor?.value ?? 0, filter.text.map { pattern(containing: $0.lowercased()) }, filter.partner,
      millionths(south), millionths(west), millionths(north), millionths(east), filter.power ?? 0,
      filter.standard.map { pattern(containing: " \($0.uppercased()) ") }, filter.isAvailable, filter.withGone,
      Limits.page(limit), as: KeptRoamingLocation.init(row:))
  }

  /// Keeps what was told; what is older than what we have, or the same, only says that it is still there.
  public func put(_ location: RoamingLocation, of partner: ID<Partner>, at now: Timestamp) throws(StoreFault)
    -> RoamingPut
  {
    let held = try self.location(RoamingKey(partner: partner, party: location.party, ref: location.ref))
    if let held, location.updatedAt < held.updatedAt || location.raw == held.body {
      try db.run("UPDATE roaming_location SET seen_at = ?2, gone_at = NULL WHERE id = ?1", held.id, now)
      return .unchanged
    }
    let present = location.evses.filter { $0.status != RoamingEVSE.removed }
    let connectors = present.flatMap(\.connectors)
    let standards = Set(connectors.map { $0.standard.uppercased() }).sorted().joined(separator: " ")
    try db.run(
      """
      INSERT INTO roaming_location (partner, country, party, ref, name, address, city, postal_code, nation, latitude,
        longitude, time_zone, evses, available, max_power, standards, words, body, updated_at, seen_at, gone_at,
        places)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
        iif(?21, ?20, NULL), ?22)
      ON CONFLICT (partner, country, party, ref) DO UPDATE SET
        name = excluded.name, address = excluded.address, city = excluded.city, postal_code = excluded.postal_code,
        nation = excluded.nation, latitude = excluded.latitude, longitude = excluded.longitude,
        time_zone = excluded.time_zone, evses = excluded.evses, available = excluded.available,
        max_power = excluded.max_power, standards = excluded.standards, words = excluded.words, body = excluded.body,
        updated_at = excluded.updated_at, seen_at = excluded.seen_at, gone_at = excluded.gone_at,
        places = excluded.places
      """,
      partner, location.party.country, location.party.party, location.ref, location.name, location.address,
      location.city, location.postalCode, location.country, millionths(location.latitude),
      millionths(location.longitude), location.timeZone, present.count,
      present.count { $0.status == RoamingEVSE.available }, connectors.map(\.maxPower).max() ?? 0, " \(standards) ",
      words(of: location), location.raw, location.updatedAt, now, location.isRemoved,
      JSON.array(location.evses.map(\.shown)))
    return held == nil ? .created : .replaced
  }

  /// It was listed, and could not be read: it exists all the same.
  public func saw(_ ref: String, of partner: ID<Partner>, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE roaming_location SET seen_at = ?3 WHERE partner = ?1 AND ref = ?2", partner, ref, now)
  }

  /// The whole list was read from `start` on: what was not seen since is gone. How many.
  public func end(of partner: ID<Partner>, unseenSince start: Timestamp, at now: Timestamp) throws(StoreFault) -> Int {
    try db.run(
      "UPDATE roaming_location SET gone_at = ?3 WHERE partner = ?1 AND gone_at IS NULL AND seen_at < ?2",
      partner, start, now)
  }

  public func prune(goneBefore time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM roaming_location WHERE id IN (SELECT id FROM roaming_location WHERE gone_at < ?1 LIMIT ?2)",
        time, Limits.prunedAtOnce))
  }

  private func words(of location: RoamingLocation) -> String {
    let ids = location.evses.compactMap(\.evseID)
    let all =
      [location.name, location.address, location.city, location.postalCode, location.ref].compactMap { $0 } + ids
    return String(all.joined(separator: "\n").lowercased().prefix(Limits.roamingWords))
  }
}

nonisolated extension RoamingEVSE {
  fileprivate var shown: JSON {
    [
      "uid": .string(uid), "evse_id": evseID.map { .string($0) } ?? .null, "status": .string(status),
      "capabilities": .array(capabilities.map { .string($0) }),
      "connectors": .array(
        connectors.map { connector in
          [
            "id": .string(connector.id), "standard": .string(connector.standard), "format": .string(connector.format),
            "power_type": .string(connector.powerType), "max_power": .number(JSONNumber(connector.maxPower)),
            "tariffs": .array(connector.tariffs.map { .string($0) }),
          ]
        }),
    ]
  }
}

nonisolated extension KeptRoamingLocation {
  public func hasEVSE(_ uid: String) -> Bool {
    places.array?.contains { $0["uid"]?.string?.ciFolded == uid.ciFolded } ?? false
  }

  /// The tariffs of a connector; of the first one where it is not named.
  public func tariffs(evse uid: String?, connector id: String?) -> [String] {
    let evses = places.array ?? []
    guard let evse = uid.flatMap({ uid in evses.first { $0["uid"]?.string?.ciFolded == uid.ciFolded } }) ?? evses.first
    else { return [] }
    let connectors = evse["connectors"]?.array ?? []
    let connector = id.flatMap { id in connectors.first { $0["id"]?.string?.ciFolded == id.ciFolded } }
    return (connector ?? connectors.first)?["tariffs"]?.array?.compactMap(\.string) ?? []
  }
}

nonisolated private func millionths(_ degrees: Decimal) -> Int64 {
  degrees.rounded(toPlaces: 6, .halfUp).asInt64(scaledBy: 6) ?? 0
}

nonisolated extension KeptRoamingLocation {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    key = try RoamingKey(row: row)
    name = try row.get("name")
    address = try row.get("address")
    city = try row.get("city")
    postalCode = try row.get("postal_code")
    country = try row.get("nation")
    latitude = Decimal(try row.get("latitude") as Int64, places: 6)
    longitude = Decimal(try row.get("longitude") as Int64, places: 6)
    timeZone = try row.get("time_zone")
    evses = try row.get("evses")
    available = try row.get("available")
    maxPower = try row.get("max_power")
    let words: String = try row.get("standards")
    standards = words.split(separator: " ").map(String.init)
    places = try row.get("places")
    body = try row.get("body")
    updatedAt = try row.get("updated_at")
    seenAt = try row.get("seen_at")
    goneAt = try row.get("gone_at")
  }
}

nonisolated extension RoamingKey {
  init(row: Row) throws(StoreFault) {
    try self.init(
      partner: row.get("partner"), party: PartyID(country: row.get("country"), party: row.get("party")),
      ref: row.get("ref"))
  }
}
