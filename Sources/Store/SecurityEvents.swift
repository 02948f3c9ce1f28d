import Domain
import Wire

/// What a station told of its own security (OCPP 2.0.1 A04).
nonisolated public struct SecurityEvent: Sendable, Equatable {
  public let id: ID<SecurityEvent>
  public let station: ID<Station>
  public let type: String
  public let at: Timestamp
  public let receivedAt: Timestamp
  public let info: String?
  public let isAlarming: Bool
}

/// The stations' security events, and the stations on their way to security profile 3.
nonisolated public struct SecurityEvents {
  let db: Database

  public func append(_ report: SecurityEventReport, of station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO security_event (station, type, at, received_at, info, alarming) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      """, station, report.type, report.at ?? now, now, report.info, report.isAlarming)
  }

  /// The newest first, before a cursor.
  public func list(
    of station: ID<Station>, before cursor: ID<SecurityEvent>? = nil, limit: Int
  ) throws(StoreFault) -> [SecurityEvent] {
    try db.rows(
      "SELECT * FROM security_event WHERE station = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3", station,
      cursor?.value ?? .max, Limits.page(limit)
    ) { (row) throws(StoreFault) in
      try SecurityEvent(
        id: row.get("id"), station: row.get("station"), type: row.get("type"), at: row.get("at"),
        receivedAt: row.get("received_at"), info: row.get("info"), isAlarming: row.get("alarming"))
    }
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM security_event WHERE id IN (SELECT id FROM security_event ORDER BY id LIMIT ?2)
          AND received_at < ?1
        """, time, Limits.prunedAtOnce))
  }
}

/// The stations on their way to security profile 3, and those that arrived or gave up last.
nonisolated public struct ProfileWalks {
  let db: Database

  public func walk(of station: ID<Station>) throws(StoreFault) -> ProfileWalk? {
    try db.first("SELECT * FROM profile_walk WHERE station = ?1", station, as: ProfileWalk.init(row:))
  }

  /// The one whose step that command is.
  public func walk(carriedBy command: String) throws(StoreFault) -> ProfileWalk? {
    try db.first("SELECT * FROM profile_walk WHERE command = ?1", command, as: ProfileWalk.init(row:))
  }

  public func due(at now: Timestamp, limit: Int) throws(StoreFault) -> [ProfileWalk] {
    try db.rows(
      "SELECT * FROM profile_walk WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2", now, Limits.page(limit),
      as: ProfileWalk.init(row:))
  }

  /// `command` is the one that carries its step, while that is out.
  public func put(_ walk: ProfileWalk, command: String? = nil) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO profile_walk
        (station, started_at, by, step, attempts, due_at, command, serial, reason, changed_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      ON CONFLICT (station) DO UPDATE SET started_at = excluded.started_at, by = excluded.by, step = excluded.step,
        attempts = excluded.attempts, due_at = excluded.due_at, command = excluded.command, serial = excluded.serial,
        reason = excluded.reason, changed_at = excluded.changed_at
      """, walk.station, walk.startedAt, walk.by, walk.step.rawValue, walk.attempts, walk.dueAt, command, walk.serial,
      walk.reason, walk.changedAt)
  }
}

nonisolated extension ProfileWalk {
  init(row: Row) throws(StoreFault) {
    try self.init(
      station: row.get("station"), startedAt: row.get("started_at"), by: row.get("by"), step: row.word("step"),
      attempts: row.get("attempts"), dueAt: row.get("due_at"), serial: row.get("serial"), reason: row.get("reason"),
      changedAt: row.get("changed_at"))
  }
}
