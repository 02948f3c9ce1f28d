import Domain
import Wire

/// A connector that a tariff prices.
nonisolated public struct PricedConnector: Sendable, Equatable {
  public let connector: ID<Connector>
  public let number: Int
  public let evse: ID<EVSE>
  public let evseNumber: Int
  public let station: StationIdentity
  public let location: ID<Location>?
}

/// The connectors of a country that have a tariff.
nonisolated public struct TariffUse: Sendable, Equatable {
  /// By three letters; nil: of stations at no location.
  public let country: String?
  public let connectors: Int
  /// The power of the strongest, W.
  public let watts: Int
}

/// The tariffs, with every version that one of them had.
nonisolated public struct Tariffs {
  let db: Database

  public func tariff(_ id: ID<Tariff>) throws(StoreFault) -> TariffVersion? {
    if let known = db.cache?.tariffs[id] { return known }
    let found = try db.first("SELECT * FROM tariff WHERE id = ?1", id, as: TariffVersion.init(row:))
    db.cache?.tariffs[id] = found
    return found
  }

  /// The one that partners know by that id.
  public func tariff(_ ref: String, of party: ID<Party>) throws(StoreFault) -> TariffVersion? {
    try db.first("SELECT * FROM tariff WHERE party = ?1 AND ref = ?2", party, ref, as: TariffVersion.init(row:))
  }

  /// As it was in one of its versions.
  public func tariff(_ id: ID<Tariff>, version: Int) throws(StoreFault) -> Tariff? {
    try db.first("SELECT body FROM tariff_version WHERE tariff = ?1 AND version = ?2", id, version) {
      (row) throws(StoreFault) in
      try row.payload("body")
    }
  }

  /// As it was at a time; as it was first where that was before it was there.
  public func tariff(_ id: ID<Tariff>, at time: Timestamp) throws(StoreFault) -> Tariff? {
    try db.first(
      """
      SELECT body FROM tariff_version WHERE tariff = ?1
      ORDER BY created_at > ?2, CASE WHEN created_at > ?2 THEN version ELSE -version END LIMIT 1
      """, id, time
    ) { (row) throws(StoreFault) in try row.payload("body") }
  }

  /// Those that a connector carries, in its order.
  public func tariffs(of connector: Connector) throws(StoreFault) -> [Tariff] {
    var all: [Tariff] = []
    for id in connector.tariffs { if let kept = try tariff(id) { all.append(kept.tariff) } }
    return all
  }

  /// Its energy prices since their times, in order: the one that held at the begin of a time, and those that came in it.
  public func energyPrices(
    of id: ID<Tariff>, from: Timestamp, to: Timestamp
  ) throws(StoreFault) -> [(since: Timestamp, price: Decimal)] {
    try db.rows(
      """
      SELECT created_at, body FROM tariff_version
      WHERE tariff = ?1 AND created_at < ?3 AND version >= coalesce(
        (SELECT max(version) FROM tariff_version WHERE tariff = ?1 AND created_at <= ?2), 0)
      ORDER BY version
      """, id, from, to
    ) { (row) throws(StoreFault) -> (since: Timestamp, price: Decimal)? in
      let tariff: Tariff = try row.payload("body")
      guard let price = tariff.energyPrice else { return nil }
      return (since: try row.get("created_at"), price: price)
    }.compactMap(\.self)
  }

  public func list(after cursor: ID<Tariff>? = nil, limit: Int) throws(StoreFault) -> [TariffVersion] {
    try db.rows(
      "SELECT * FROM tariff WHERE id > ?1 ORDER BY id LIMIT ?2", cursor?.value ?? 0, Limits.page(limit),
      as: TariffVersion.init(row:))
  }

  /// The tariffs of some parties, by their newest change, as far as a partner's rules let it see them.
  public func page(
    _ query: PageQuery, of parties: [ID<Party>], by rules: PublishingRules = PublishingRules()
  ) throws(StoreFault) -> Page<TariffView> {
    let (only, hidden) = (rules.onlyTariffs.map(jsonTexts), jsonTexts(rules.hiddenTariffs ?? []))
    let total: Int? = try db.value(
      """
      SELECT count(*) FROM tariff
      WHERE party IN (SELECT value FROM json_each(?1)) AND updated_at >= ?2 AND updated_at < ?3
        AND (?4 IS NULL OR ref IN (SELECT value COLLATE NOCASE FROM json_each(?4)))
        AND ref NOT IN (SELECT value COLLATE NOCASE FROM json_each(?5))
      """, jsonList(parties), query.first, query.end, only, hidden)
    let items = try db.rows(
      """
      SELECT tariff.*, party.country AS party_country, party.party AS party_name
      FROM tariff JOIN party ON party.id = tariff.party
      WHERE tariff.party IN (SELECT value FROM json_each(?1)) AND updated_at >= ?2 AND updated_at < ?3
        AND (?4 IS NULL OR ref IN (SELECT value COLLATE NOCASE FROM json_each(?4)))
        AND ref NOT IN (SELECT value COLLATE NOCASE FROM json_each(?5))
      ORDER BY updated_at, tariff.id LIMIT ?6 OFFSET ?7
      """, jsonList(parties), query.first, query.end, only, hidden, Limits.page(query.limit), query.offset
    ) { (row) throws(StoreFault) in
      try TariffView(
        version: TariffVersion(row: row),
        party: PartyID(country: row.get("party_country"), party: row.get("party_name")))
    }
    return Page(items: items, total: total ?? 0)
  }

  /// Those of a party that connectors at published locations carry, as everybody may see them; drafts and what hangs
  /// nowhere are nobody's business.
  public func publicRefs(of party: ID<Party>) throws(StoreFault) -> [String] {
    try db.rows(
      """
      SELECT ref FROM tariff WHERE party = ?1 AND id IN (
        SELECT connector.tariff FROM connector JOIN evse ON evse.id = connector.evse
          JOIN station ON station.id = evse.station JOIN location ON location.id = station.location
        WHERE location.published AND station.registration = 'accepted'
        UNION
        SELECT json_each.value FROM connector JOIN evse ON evse.id = connector.evse
          JOIN station ON station.id = evse.station JOIN location ON location.id = station.location,
          json_each(connector.more_tariffs)
        WHERE location.published AND station.registration = 'accepted' AND connector.more_tariffs IS NOT NULL)
      ORDER BY ref
      """, party
    ) { (row) throws(StoreFault) in try row.get("ref") }
  }

  /// Keeps a new one as version 1.
  /// - Throws: `.constraint` where the party has one of that ref.
  @discardableResult
  public func create(_ tariff: Tariff, of party: ID<Party>, at now: Timestamp) throws(StoreFault) -> TariffVersion {
    let id = ID<Tariff>(
      try db.insert(
        "INSERT INTO tariff (party, ref, version, body, created_at, updated_at) VALUES (?1, ?2, 1, ?3, ?4, ?4)",
        party, tariff.ref, tariff.stored, now))
    let made = TariffVersion(id: id, party: party, version: 1, tariff: tariff, createdAt: now, updatedAt: now)
    try append(made)
    return made
  }

  /// Makes the next version; its ref never changes. Nil where there is no such tariff.
  @discardableResult
  public func update(_ id: ID<Tariff>, to tariff: Tariff, at now: Timestamp) throws(StoreFault) -> TariffVersion? {
    guard var changed = try self.tariff(id) else { return nil }
    let ref = changed.tariff.ref
    changed.tariff = tariff
    changed.tariff.ref = ref
    changed.version += 1
    changed.updatedAt = max(now, changed.updatedAt)
    try db.run(
      "UPDATE tariff SET version = ?2, body = ?3, updated_at = ?4 WHERE id = ?1",
      id, changed.version, changed.tariff.stored, changed.updatedAt)
    try append(changed)
    return changed
  }

  /// Its versions stay.
  /// - Throws: `.constraint` while a connector has it.
  public func remove(_ id: ID<Tariff>) throws(StoreFault) { try db.run("DELETE FROM tariff WHERE id = ?1", id) }

  public func whereUsed(_ id: ID<Tariff>) throws(StoreFault) -> [PricedConnector] {
    try db.rows(
      """
      SELECT connector.id, connector.number, evse.id AS evse, evse.number AS evse_number, station.identity,
        station.location
      FROM connector JOIN evse ON evse.id = connector.evse JOIN station ON station.id = evse.station
      WHERE connector.tariff = ?1 OR (connector.more_tariffs IS NOT NULL
        AND EXISTS (SELECT 1 FROM json_each(connector.more_tariffs) WHERE value = ?1))
      ORDER BY station.identity, evse.number, connector.number
      """, id
    ) { (row) throws(StoreFault) in
      try PricedConnector(
        connector: row.get("id"), number: row.get("number"), evse: row.get("evse"), evseNumber: row.get("evse_number"),
        station: row.get("identity"), location: row.get("location"))
    }
  }

  /// How much it is used: a tariff may be that of every connector of a network.
  public func use(of id: ID<Tariff>) throws(StoreFault) -> [TariffUse] {
    try db.rows(
      """
      SELECT location.country, count(*) AS connectors,
        max(coalesce(connector.max_power, connector.max_voltage * connector.max_amperage
          * iif(connector.power_type = 'AC_3_PHASE', 3, 1))) AS watts
      FROM (
        SELECT id FROM connector WHERE tariff = ?1
        UNION SELECT connector.id FROM connector, json_each(connector.more_tariffs)
        WHERE connector.more_tariffs IS NOT NULL AND json_each.value = ?1) AS used
      JOIN connector ON connector.id = used.id JOIN evse ON evse.id = connector.evse
      JOIN station ON station.id = evse.station LEFT JOIN location ON location.id = station.location
      GROUP BY location.country ORDER BY location.country
      """, id
    ) { (row) throws(StoreFault) in
      try TariffUse(country: row.get("country"), connectors: row.get("connectors"), watts: row.get("watts"))
    }
  }

  // MARK: As sessions keep them

  /// The number under which a session keeps the tariff that it began with, each one once.
  func freeze(_ tariff: Tariff?) throws(StoreFault) -> Int64? {
    guard let tariff else { return nil }
    if let known = db.cache?.frozenTariffs.first(where: { $0.tariff == tariff }) { return known.number }
    let body = tariff.stored
    let found: Int64? = try db.value("SELECT number FROM frozen_tariff WHERE body = ?1", body)
    let number = if let found { found } else { try db.insert("INSERT INTO frozen_tariff (body) VALUES (?1)", body) }
    remember(tariff, number)
    return number
  }

  func frozen(_ number: Int64?) throws(StoreFault) -> Tariff? {
    guard let number else { return nil }
    if let known = db.cache?.frozenTariffs.first(where: { $0.number == number }) { return known.tariff }
    let found = try db.first("SELECT body FROM frozen_tariff WHERE number = ?1", number) { (row) throws(StoreFault) in
      try row.payload("body") as Tariff
    }
    if let found { remember(found, number) }
    return found
  }

  /// Forgets what no session and no reservation began with any more.
  public func pruneFrozen() throws(StoreFault) -> Pruned {
    let unused = try db.rows(
      """
      SELECT number FROM frozen_tariff
      WHERE NOT EXISTS (SELECT 1 FROM session WHERE session.tariff = frozen_tariff.number)
        AND NOT EXISTS (SELECT 1 FROM reservation WHERE reservation.tariff = frozen_tariff.number)
      LIMIT ?1
      """, Limits.prunedAtOnce
    ) { (row) throws(StoreFault) in try row.get("number") as Int64 }
    for number in unused { try db.run("DELETE FROM frozen_tariff WHERE number = ?1", number) }
    db.cache?.frozenTariffs.removeAll { unused.contains($0.number) }
    return Pruned(removed: unused.count)
  }

  /// The ones that were met last, as most sessions begin with one of a few.
  private func remember(_ tariff: Tariff, _ number: Int64) {
    guard let cache = db.cache else { return }
    cache.frozenTariffs = [(number, tariff)] + cache.frozenTariffs.prefix(Limits.cachedTariffs - 1)
  }

  private func append(_ version: TariffVersion) throws(StoreFault) {
    try db.run(
      "INSERT INTO tariff_version (tariff, version, body, created_at) VALUES (?1, ?2, ?3, ?4)",
      version.id, version.version, version.tariff.stored, version.updatedAt)
    try db.run(
      "DELETE FROM tariff_version WHERE tariff = ?1 AND version <= ?2", version.id,
      version.version - Limits.ownTariffVersions)
  }
}

nonisolated extension TariffVersion {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), party: row.get("party"), version: row.get("version"), tariff: row.payload("body"),
      createdAt: row.get("created_at"), updatedAt: row.get("updated_at"))
  }
}
