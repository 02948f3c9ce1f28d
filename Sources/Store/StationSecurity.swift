import Domain
import Wire

/// A key that was sent to a station, until it is known whether the station took it.
nonisolated public struct KeyChange: Sendable, Equatable {
  /// The command that carries it.
  public let command: String
  public let station: ID<Station>
  /// Salted digest, as in `Station.passwordHash`.
  public let hash: String
  /// Since when no answer will tell; nil while one may come.
  public let undecidedSince: Timestamp?
  /// When the station came in with its old key, since then.
  public let oldUsedAt: Timestamp?
  /// When this key is forgotten, if the station came with the old one.
  public let decideBy: Timestamp
  /// It is that of a network profile: good until the station uses it, however long that takes.
  public let isOfSlot: Bool

  public init(command: String, station: ID<Station>, hash: String, decideBy: Timestamp, isOfSlot: Bool = false) {
    (self.command, self.station, self.hash, self.decideBy) = (command, station, hash, decideBy)
    self.isOfSlot = isOfSlot
    (undecidedSince, oldUsedAt) = (nil, nil)
  }
}

/// How stations prove who they are: keys under change, certificates that they showed, and who was warned of what.
nonisolated public struct StationSecurity {
  let db: Database

  // MARK: Keys under change

  /// - Parameter slotsKept: so many keys of network profiles are good at a station; the oldest make room.
  public func begin(_ change: KeyChange, slotsKept: Int) throws(StoreFault) {
    try db.run(
      "INSERT INTO station_key (command, station, hash, decide_by, of_slot) VALUES (?1, ?2, ?3, ?4, ?5)",
      change.command, change.station, change.hash, change.decideBy, change.isOfSlot)
    guard change.isOfSlot else { return }
    try db.run(
      """
      DELETE FROM station_key WHERE station = ?1 AND of_slot AND command NOT IN (
        SELECT command FROM station_key WHERE station = ?1 AND of_slot ORDER BY command DESC LIMIT ?2)
      """, change.station, slotsKept)
  }

  public func change(of command: String) throws(StoreFault) -> KeyChange? {
    try db.first("SELECT * FROM station_key WHERE command = ?1", command, as: KeyChange.init(row:))
  }

  /// The newest first.
  public func changes(of station: ID<Station>) throws(StoreFault) -> [KeyChange] {
    try db.rows(
      "SELECT * FROM station_key WHERE station = ?1 ORDER BY command DESC", station, as: KeyChange.init(row:))
  }

  /// Those of which nobody knows whether their stations took them, the oldest first.
  public func undecided(limit: Int) throws(StoreFault) -> [KeyChange] {
    try db.rows(
      "SELECT * FROM station_key WHERE undecided_since IS NOT NULL ORDER BY undecided_since LIMIT ?1",
      Limits.page(limit), as: KeyChange.init(row:))
  }

  /// Those whose time is up and whose stations came in with the old key.
  public func overdue(at now: Timestamp) throws(StoreFault) -> [KeyChange] {
    try db.rows(
      "SELECT * FROM station_key WHERE decide_by <= ?1 AND old_used_at IS NOT NULL AND NOT of_slot LIMIT ?2", now,
      Limits.prunedAtOnce, as: KeyChange.init(row:))
  }

  /// No answer will tell.
  public func leaveUndecided(_ command: String, at now: Timestamp) throws(StoreFault) {
    try db.run(
      "UPDATE station_key SET undecided_since = coalesce(undecided_since, ?2) WHERE command = ?1", command, now)
  }

  public func oldKeyUsed(by station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE station_key SET old_used_at = ?2 WHERE station = ?1", station, now)
  }

  public func forget(_ command: String) throws(StoreFault) {
    try db.run("DELETE FROM station_key WHERE command = ?1", command)
  }

  /// - Parameter withSlots: also those of its network profiles.
  public func forgetChanges(of station: ID<Station>, withSlots: Bool = true) throws(StoreFault) {
    try db.run("DELETE FROM station_key WHERE station = ?1 AND (?2 OR NOT of_slot)", station, withSlots)
  }

  // MARK: Certificates

  public func keep(_ certificate: StationCertificate, of station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO station_certificate (station, serial, common_name, matched_by, expires_at, seen_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT (station) DO UPDATE SET serial = excluded.serial, common_name = excluded.common_name,
        matched_by = excluded.matched_by, expires_at = excluded.expires_at, seen_at = excluded.seen_at
      """, station, certificate.serial, certificate.commonName, certificate.match.rawValue, certificate.expiresAt, now)
  }

  /// The one by which it came in last.
  public func certificate(of station: ID<Station>) throws(StoreFault) -> StationCertificate? {
    try db.first(
      "SELECT * FROM station_certificate WHERE station = ?1", station, as: StationCertificate.init(row:))
  }

  /// Those of stations that end by a time, the first to end first.
  public func expiring(by time: Timestamp, limit: Int) throws(StoreFault) -> [(
    station: StationIdentity, certificate: StationCertificate
  )] {
    try db.rows(
      """
      SELECT station.identity, station_certificate.* FROM station_certificate
      JOIN station ON station.id = station_certificate.station
      WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2
      """, time, Limits.page(limit)
    ) { (row) throws(StoreFault) in try (row.get("identity"), StationCertificate(row: row)) }
  }

  // MARK: Warnings

  /// True the first time: then the warning that so many days are left is to be given.
  public func takesNotice(_ certificate: String, days: Int, at now: Timestamp) throws(StoreFault) -> Bool {
    try db.run(
      "INSERT INTO expiry_notice (certificate, days, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING", certificate, days,
      now) > 0
  }

  public func pruneNotices(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM expiry_notice WHERE (certificate, days) IN (
          SELECT certificate, days FROM expiry_notice WHERE at < ?1 LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }
}

nonisolated extension KeyChange {
  init(row: Row) throws(StoreFault) {
    command = try row.get("command")
    station = try row.get("station")
    hash = try row.get("hash")
    undecidedSince = try row.get("undecided_since")
    oldUsedAt = try row.get("old_used_at")
    decideBy = try row.get("decide_by")
    isOfSlot = try row.get("of_slot")
  }
}

nonisolated extension StationCertificate {
  init(row: Row) throws(StoreFault) {
    try self.init(
      serial: row.get("serial"), commonName: row.get("common_name"), match: row.word("matched_by"),
      expiresAt: row.get("expires_at"))
  }
}
