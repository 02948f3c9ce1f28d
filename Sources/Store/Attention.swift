import Domain
import Wire

/// The first few of what a question finds, and how many it finds.
nonisolated public struct Glance<Line: Sendable>: Sendable {
  public let first: [Line]
  public let count: Int

  public init(first: [Line], count: Int) { (self.first, self.count) = (first, count) }
}

/// A station without a link.
nonisolated public struct AbsentStation: Sendable, Equatable {
  public let identity: StationIdentity
  public let lastSeenAt: Timestamp?
}

/// The accepted stations.
nonisolated public struct StationPresence: Sendable {
  public let total: Int
  /// Without password and without certificate.
  public let open: Int
  /// In the order of their identities.
  public let absent: Glance<AbsentStation>
}

/// An EVSE that says it is broken.
nonisolated public struct FaultedEVSE: Sendable, Equatable {
  public let station: StationIdentity
  public let number: Int
  public let since: Timestamp
}

/// A session that does not go on; its station may be gone.
nonisolated public struct HangingSession: Sendable, Equatable {
  public let id: String
  public let station: StationIdentity?
  /// Its last reading, else its start.
  public let since: Timestamp
}

/// The sessions that run or wait for their cars.
nonisolated public struct OpenFigures: Sendable, Equatable {
  public let pending: Int
  public let active: Int
  /// What the running ones draw together, in whole W.
  public let power: Decimal
}

/// What of the books may need a person: counted by SQLite, and of each kind only as many lines read as are shown, so that
/// a house of thousands can be looked at every other second.
nonisolated public struct Attention {
  let db: Database

  /// How many accepted stations there are, are open to anybody, and are away.
  /// - Parameter online: those that have a link.
  public func stations(online: Set<ID<Station>>, limit: Int) throws(StoreFault) -> StationPresence {
    let here = jsonList(Array(online))
    let counts = try db.first(
      """
      SELECT count(*) AS total, total(password_hash IS NULL AND security_profile < ?2) AS open,
        total(id NOT IN (SELECT value FROM json_each(?1))) AS away
      FROM station WHERE registration = 'accepted'
      """, here, SecurityProfile.certificate.rawValue
    ) { (row) throws(StoreFault) in try (row.get("total") as Int, row.get("open") as Int, row.get("away") as Int) }
    let (total, open, away) = counts ?? (0, 0, 0)
    let absent =
      away == 0
      ? []
      : try db.rows(
        """
        SELECT identity, last_seen_at FROM station
        WHERE registration = 'accepted' AND id NOT IN (SELECT value FROM json_each(?1)) ORDER BY identity LIMIT ?2
        """, here, Limits.page(limit)
      ) { (row) throws(StoreFault) in
        try AbsentStation(identity: row.get("identity"), lastSeenAt: row.get("last_seen_at"))
      }
    return StationPresence(total: total, open: open, absent: Glance(first: absent, count: away))
  }

  /// EVSEs that are faulted, by station and number.
  public func faulted(limit: Int) throws(StoreFault) -> Glance<FaultedEVSE> {
    let first = try db.rows(
      """
      SELECT identity, evse.number AS number, evse.status_since AS since FROM evse JOIN station ON station.id = evse.station
      WHERE evse.status = 'faulted' ORDER BY identity, evse.number LIMIT ?1
      """, Limits.page(limit)
    ) { (row) throws(StoreFault) in
      try FaultedEVSE(station: row.get("identity"), number: row.get("number"), since: row.get("since"))
    }
    return Glance(
      first: first, count: try db.value("SELECT count(*) FROM evse WHERE status = 'faulted'") ?? first.count)
  }

  /// Of the whole house, without reading one of them.
  public func openSessions() throws(StoreFault) -> OpenFigures {
    let found = try db.first(
      """
      SELECT total(state = 'pending') AS pending, total(state = 'active') AS active,
        CAST(round(total(iif(state = 'active', CAST(power AS REAL), 0))) AS INTEGER) AS power
      FROM session INDEXED BY session_open WHERE ended_at IS NULL
      """
    ) { (row) throws(StoreFault) in
      try OpenFigures(pending: row.get("pending"), active: row.get("active"), power: Decimal(row.get("power") as Int))
    }
    return found ?? OpenFigures(pending: 0, active: 0, power: .zero)
  }

  /// Running ones of which nothing was read since a time.
  public func stuck(since time: Timestamp, limit: Int) throws(StoreFault) -> Glance<HangingSession> {
    try hanging(.active, before: time, limit: limit)
  }

  /// Those that wait for a late stop.
  public func superseded(limit: Int) throws(StoreFault) -> Glance<HangingSession> {
    try hanging(.superseded, before: Timestamp(milliseconds: .max), limit: limit)
  }

  private func hanging(
    _ state: Session.State, before time: Timestamp, limit: Int
  ) throws(StoreFault) -> Glance<HangingSession> {
    let first = try db.rows(
      """
      SELECT session.id AS id, identity, coalesce(last_reading_at, started_at) AS since
      FROM session INDEXED BY session_open LEFT JOIN station ON station.id = session.station
      WHERE ended_at IS NULL AND state = ?1 AND coalesce(last_reading_at, started_at) < ?2
      ORDER BY session.id LIMIT ?3
      """, state.rawValue, time, Limits.page(limit)
    ) { (row) throws(StoreFault) in
      try HangingSession(id: row.get("id"), station: row.get("identity"), since: row.get("since"))
    }
    let count: Int? = try db.value(
      """
      SELECT count(*) FROM session INDEXED BY session_open
      WHERE ended_at IS NULL AND state = ?1 AND coalesce(last_reading_at, started_at) < ?2
      """, state.rawValue, time)
    return Glance(first: first, count: count ?? first.count)
  }

  /// CDRs that wait for the operator, the newest first.
  public func held(limit: Int) throws(StoreFault) -> Glance<KeptCDR> {
    let first = try CDRs(db: db).list(CDRFilter(isHeld: true), limit: limit)
    return Glance(
      first: first, count: try db.value("SELECT count(*) FROM cdr INDEXED BY cdr_held WHERE held IS NOT NULL") ?? 0)
  }
}
