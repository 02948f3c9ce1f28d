import Domain
import Wire

/// By what a list of sessions can be sorted, as the API names it.
nonisolated public enum SessionColumn: String, Word {
  case station, location, state, token, partner, startedAt = "started_at", endedAt = "ended_at"
  case duration = "duration_seconds", energy = "energy_kwh", cost, ending
}

nonisolated extension Sessions {
  /// In another order than that of their coming; nil where the filter leaves too many. All of them can be had by their start,
  /// which has an index. One that runs lasts longer than those that ended.
  public func list(
    _ filter: SessionFilter, by order: Sorting<SessionColumn>, limit: Int
  ) throws(StoreFault) -> [Ranked<Session>]? {
    let (state, uid) = (filter.state?.rawValue, filter.uid.map(Token.fold))
    let isNarrow = uid != nil || filter.station != nil || filter.isOpen || filter.state?.isUnended == true
    let ranks: [Rank]?
    if order.column == .startedAt, !isNarrow {
      ranks = try byStart(filter, isDown: order.isDown, after: order.after, limit: limit)
    } else {
      ranks = try db.ranks(
        """
        WITH found (number, value) AS MATERIALIZED (
          SELECT number, coalesce(
            CASE ?1
              WHEN 'station' THEN (SELECT identity FROM station WHERE id = session.station)
              WHEN 'location' THEN (SELECT lower(name) FROM location WHERE id = session.location)
              WHEN 'state' THEN state
              WHEN 'token' THEN folded_uid
              WHEN 'partner' THEN (SELECT lower(name) FROM partner WHERE id = session.partner)
              WHEN 'started_at' THEN started_at
              WHEN 'ended_at' THEN ended_at
              WHEN 'duration_seconds' THEN coalesce(ended_at, 9223372036854775807) / 1000 - started_at / 1000
              WHEN 'energy_kwh' THEN meter_last - meter_start
              WHEN 'cost' THEN (SELECT cost FROM cdr
                WHERE cdr.session = session.id AND credits IS NULL AND credited_by IS NULL)
              WHEN 'ending' THEN ending END,
            -9223372036854775807)
          FROM (
            SELECT number FROM session INDEXED BY session_started
            WHERE ?9 IS NULL AND ?12 IS NULL AND started_at >= ?13 AND started_at < ?14
            UNION ALL
            SELECT number FROM session INDEXED BY session_station WHERE station = ?9
            UNION ALL
            SELECT number FROM session INDEXED BY session_token WHERE ?9 IS NULL AND folded_uid = ?12
          ) JOIN session USING (number)
          WHERE (?7 IS NULL OR state = ?7) AND (NOT ?8 OR ended_at IS NULL)
            AND (?10 IS NULL OR location = ?10) AND (?11 IS NULL OR partner = ?11)
            AND (?12 IS NULL OR folded_uid = ?12) AND started_at >= ?13 AND started_at < ?14
          LIMIT ?6)
        """,
        by: order, limit: limit, state, filter.isOpen, filter.station, filter.location, filter.partner, uid,
        filter.first, filter.end)
    }
    return try ranks?.items(session(number:))
  }

  private func byStart(
    _ filter: SessionFilter, isDown: Bool, after: Rank?, limit: Int
  ) throws(StoreFault) -> [Rank] {
    var place: (at: Int64, number: Int64)?
    if let after, case .whole(let at) = after.value { place = (at, after.number) }
    let read: (Row) throws(StoreFault) -> Rank = { (row) throws(StoreFault) in
      Rank(.whole(try row.get("started_at")), try row.get("number"))
    }
    if isDown {
      return try db.rows(
        """
        SELECT number, started_at FROM session INDEXED BY session_started
        WHERE started_at >= ?1 AND started_at <= ?2 AND (started_at < ?2 OR number < ?3)
          AND (?4 IS NULL OR state = ?4) AND (?5 IS NULL OR location = ?5) AND (?6 IS NULL OR partner = ?6)
        ORDER BY started_at DESC, number DESC LIMIT ?7
        """, filter.first, place?.at ?? filter.end.milliseconds, place?.number ?? 0, filter.state?.rawValue,
        filter.location, filter.partner, Limits.page(limit), as: read)
    }
    return try db.rows(
      """
      SELECT number, started_at FROM session INDEXED BY session_started
      WHERE started_at >= ?1 AND (started_at > ?1 OR number > ?2) AND started_at < ?3
        AND (?4 IS NULL OR state = ?4) AND (?5 IS NULL OR location = ?5) AND (?6 IS NULL OR partner = ?6)
      ORDER BY started_at, number LIMIT ?7
      """, place?.at ?? filter.first.milliseconds, place?.number ?? 0, filter.end, filter.state?.rawValue,
      filter.location, filter.partner, Limits.page(limit), as: read)
  }
}
