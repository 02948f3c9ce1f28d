import Domain
import Wire

/// A tariff of another network as it is announced now.
nonisolated public struct KeptRoamingTariff: Sendable {
  public let id: ID<RoamingTariff>
  public let key: RoamingKey
  public let currency: String
  public let body: JSON
  public let updatedAt: Timestamp
  public let goneAt: Timestamp?
}

/// What charging costs at other networks, now and at the times of bills.
nonisolated public struct RoamingTariffs {
  let db: Database

  public func tariff(_ id: ID<RoamingTariff>) throws(StoreFault) -> KeptRoamingTariff? {
    try db.first("SELECT * FROM roaming_tariff WHERE id = ?1", id, as: KeptRoamingTariff.init(row:))
  }

  public func tariff(_ key: RoamingKey) throws(StoreFault) -> KeptRoamingTariff? {
    try db.first(
      "SELECT * FROM roaming_tariff WHERE partner = ?1 AND country = ?2 AND party = ?3 AND ref = ?4",
      key.partner, key.party.country, key.party.party, key.ref, as: KeptRoamingTariff.init(row:))
  }

  public func count(of partner: ID<Partner>) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM roaming_tariff WHERE partner = ?1", partner) ?? 0
  }

  /// In the order of their coming, after a cursor; those that are gone are not there.
  public func list(
    of partner: ID<Partner>? = nil, holding text: String? = nil, after cursor: ID<RoamingTariff>? = nil, limit: Int
  ) throws(StoreFault) -> [KeptRoamingTariff] {
    try db.rows(
      """
      SELECT * FROM roaming_tariff
      WHERE id > ?1 AND (?2 IS NULL OR partner = ?2) AND gone_at IS NULL
        AND (?3 IS NULL OR ref LIKE ?3 ESCAPE '\\' OR body LIKE ?3 ESCAPE '\\')
      ORDER BY id LIMIT ?4
      """, cursor?.value ?? 0, partner, text.map { pattern(containing: $0) }, Limits.page(limit),
      as: KeptRoamingTariff.init(row:))
  }

  /// The tariff as it was announced at that time; where it came later, as it was announced first.
  public func announced(_ key: RoamingKey, at time: Timestamp) throws(StoreFault) -> Tariff? {
    try db.first(
      """
      SELECT plain FROM roaming_tariff_version JOIN roaming_tariff ON roaming_tariff.id = tariff
      WHERE partner = ?1 AND country = ?2 AND party = ?3 AND ref = ?4
      ORDER BY since <= ?5 DESC, iif(since <= ?5, -since, since) LIMIT 1
      """, key.partner, key.party.country, key.party.party, key.ref, time
    ) { (row) throws(StoreFault) in try row.payload("plain") }
  }

  /// Keeps what was announced; what is older than what we have, or the same, only says that it still holds.
  public func put(_ tariff: RoamingTariff, of partner: ID<Partner>, at now: Timestamp) throws(StoreFault) -> RoamingPut
  {
    let key = RoamingKey(partner: partner, party: tariff.party, ref: tariff.ref)
    let held = try self.tariff(key)
    if let held, tariff.updatedAt < held.updatedAt || tariff.raw == held.body {
      try db.run("UPDATE roaming_tariff SET seen_at = ?2, gone_at = NULL WHERE id = ?1", held.id, now)
      return .unchanged
    }
    try db.run(
      """
      INSERT INTO roaming_tariff (partner, country, party, ref, currency, body, updated_at, seen_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      ON CONFLICT (partner, country, party, ref) DO UPDATE SET
        currency = excluded.currency, body = excluded.body, updated_at = excluded.updated_at,
        seen_at = excluded.seen_at, gone_at = NULL
      """,
      partner, tariff.party.country, tariff.party.party, tariff.ref, tariff.tariff.currency, tariff.raw,
      tariff.updatedAt, now)
    guard let id = try self.tariff(key)?.id else { throw .missing("the tariff that was kept") }
    let plain = tariff.tariff.json
    let before: JSON?? = try db.value(
      "SELECT plain FROM roaming_tariff_version WHERE tariff = ?1 ORDER BY since DESC LIMIT 1", id)
    if (before ?? nil) != plain {
      // Of several in one moment the last is what holds.
      try db.run(
        """
        INSERT INTO roaming_tariff_version (tariff, since, plain) VALUES (?1, ?2, ?3)
        ON CONFLICT (tariff, since) DO UPDATE SET plain = excluded.plain
        """, id, now, plain)
      try db.run(
        """
        DELETE FROM roaming_tariff_version WHERE tariff = ?1 AND since NOT IN (
          SELECT since FROM roaming_tariff_version WHERE tariff = ?1 ORDER BY since DESC LIMIT ?2)
        """, id, Limits.tariffVersions)
    }
    return held == nil ? .created : .replaced
  }

  /// It is announced no more; bills of its time are held against it all the same. False where there is none.
  public func remove(_ key: RoamingKey, at now: Timestamp) throws(StoreFault) -> Bool {
    try db.run(
      """
      UPDATE roaming_tariff SET gone_at = ?5
      WHERE partner = ?1 AND country = ?2 AND party = ?3 AND ref = ?4 AND gone_at IS NULL
      """, key.partner, key.party.country, key.party.party, key.ref, now) > 0
  }

  public func saw(_ ref: String, of partner: ID<Partner>, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE roaming_tariff SET seen_at = ?3 WHERE partner = ?1 AND ref = ?2", partner, ref, now)
  }

  /// The whole list was read from `start` on: what was not seen since is gone. How many.
  public func end(of partner: ID<Partner>, unseenSince start: Timestamp, at now: Timestamp) throws(StoreFault) -> Int {
    try db.run(
      "UPDATE roaming_tariff SET gone_at = ?3 WHERE partner = ?1 AND gone_at IS NULL AND seen_at < ?2",
      partner, start, now)
  }

  public func prune(goneBefore time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM roaming_tariff WHERE id IN (SELECT id FROM roaming_tariff WHERE gone_at < ?1 LIMIT ?2)",
        time, Limits.prunedAtOnce))
  }
}

nonisolated extension KeptRoamingTariff {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    key = try RoamingKey(row: row)
    currency = try row.get("currency")
    body = try row.get("body")
    updatedAt = try row.get("updated_at")
    goneAt = try row.get("gone_at")
  }
}
