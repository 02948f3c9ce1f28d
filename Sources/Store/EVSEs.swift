import Domain
import Wire

/// What an EVSE did from one moment on, and why we think so.
nonisolated public struct StatusChange: Sendable, Equatable {
  public let evse: ID<EVSE>
  public let status: EVSE.Status
  public let at: Timestamp
  public let reason: String?
}

/// An EVSE's status without the rest of it, for lists.
nonisolated public struct EVSEStatus: Sendable, Equatable {
  public let station: ID<Station>
  public let evse: ID<EVSE>
  public let number: Int
  public let status: EVSE.Status
  public let since: Timestamp
}

// The EVSEs of the stations. Whatever changes here is a change of the EVSE, of its location, and so of what partners
// see.
nonisolated extension Stations {
  /// With connectors, by number.
  public func evses(of station: ID<Station>) throws(StoreFault) -> [EVSE] {
    if let known = db.cache?.evses[station] { return known }
    let evses = try db.rows("SELECT * FROM evse WHERE station = ?1 ORDER BY number", station, as: EVSE.init(row:))
    let plugs = try db.rows(
      """
      SELECT connector.* FROM connector JOIN evse ON evse.id = connector.evse
      WHERE evse.station = ?1 ORDER BY connector.number
      """, station, as: placed(row:))
    let all = filled(evses, with: plugs)
    db.cache?.keep(all, of: station)
    return all
  }

  public func evse(_ id: ID<EVSE>) throws(StoreFault) -> EVSE? {
    if let known = db.cache?.evse(id) { return known }
    return try filled(db.first("SELECT * FROM evse WHERE id = ?1", id, as: EVSE.init(row:)))
  }

  /// By the id that partners know.
  public func evse(_ uid: String) throws(StoreFault) -> EVSE? {
    try filled(db.first("SELECT * FROM evse WHERE uid = ?1", uid, as: EVSE.init(row:)))
  }

  /// By the station's own number for it.
  public func evse(_ station: ID<Station>, number: Int) throws(StoreFault) -> EVSE? {
    if db.cache != nil { return try evses(of: station).first { $0.number == number } }
    return try filled(
      db.first("SELECT * FROM evse WHERE station = ?1 AND number = ?2", station, number, as: EVSE.init(row:)))
  }

  /// All that a page of the station list shows of its EVSEs, in one question.
  public func statuses(of stations: [ID<Station>]) throws(StoreFault) -> [ID<Station>: [EVSEStatus]] {
    let all = try db.rows(
      """
      SELECT station, id, number, status, status_since FROM evse
      WHERE station IN (SELECT value FROM json_each(?1)) ORDER BY station, number
      """, jsonList(stations)
    ) { (row) throws(StoreFault) in
      try EVSEStatus(
        station: row.get("station"), evse: row.get("id"), number: row.get("number"), status: row.word("status"),
        since: row.get("status_since"))
    }
    return Dictionary(grouping: all, by: \.station)
  }

  /// Keeps a new one with its connectors, whose ids are given here, and begins its history.
  @discardableResult
  public func create(_ new: EVSE) throws(StoreFault) -> EVSE {
    var evse = new
    evse.id = ID(
      try db.insert(
        """
        INSERT INTO evse (station, number, uid, evse_id, physical_reference, status, status_since, updated_at, details)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """,
        new.station, new.number, new.uid, new.evseID, new.physicalReference, new.status.rawValue, new.statusSince,
        new.updatedAt, new.details.storedIfAny))
    try appendStatus(new.status, of: evse.id, at: new.statusSince, reason: nil)
    evse.connectors = []
    for connector in new.connectors {
      evse.connectors.append(try create(connector, at: evse.id))
      evse.updatedAt = max(evse.updatedAt, connector.updatedAt)
    }
    try touchLocation(of: new.station, at: new.updatedAt)
    return evse
  }

  /// What the operator may change of it: ids, reference and details. Status and connectors have verbs of their own.
  public func update(_ evse: EVSE) throws(StoreFault) {
    try db.run(
      "UPDATE evse SET uid = ?2, evse_id = ?3, physical_reference = ?4, details = ?5 WHERE id = ?1", evse.id, evse.uid,
      evse.evseID, evse.physicalReference, evse.details.storedIfAny)
    try touch(evse.id, at: evse.updatedAt)
  }

  public func remove(_ evse: ID<EVSE>, at now: Timestamp) throws(StoreFault) {
    try touch(evse, at: now)
    try db.run("DELETE FROM evse WHERE id = ?1", evse)
  }

  /// Keeps a new connector; its id is given here.
  @discardableResult
  public func create(_ new: Connector, at evse: ID<EVSE>) throws(StoreFault) -> Connector {
    var connector = new
    connector.id = ID(
      try db.insert(
        """
        INSERT INTO connector (evse, number, standard, format, power_type, max_voltage, max_amperage, max_power, tariff,
          assumed, updated_at, details, more_tariffs)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        """,
        evse, new.number, new.standard.rawValue, new.format.rawValue, new.powerType.rawValue, new.maxVoltage,
        new.maxAmperage, new.maxPower, new.tariff, new.isAssumed, new.updatedAt, new.details.storedIfAny,
        new.storedTariffs))
    try touch(evse, at: new.updatedAt)
    return connector
  }

  public func update(_ connector: Connector) throws(StoreFault) {
    try db.run(
      """
      UPDATE connector SET standard = ?2, format = ?3, power_type = ?4, max_voltage = ?5, max_amperage = ?6, max_power
        = ?7, tariff = ?8, assumed = ?9, updated_at = ?10, details = ?11, more_tariffs = ?12
      WHERE id = ?1
      """,
      connector.id, connector.standard.rawValue, connector.format.rawValue, connector.powerType.rawValue,
      connector.maxVoltage, connector.maxAmperage, connector.maxPower, connector.tariff, connector.isAssumed,
      connector.updatedAt, connector.details.storedIfAny,
      connector.storedTariffs)
    let evse: ID<EVSE>? = try db.value("SELECT evse FROM connector WHERE id = ?1", connector.id)
    if let evse { try touch(evse, at: connector.updatedAt) }
  }

  public func remove(_ connector: ID<Connector>, at now: Timestamp) throws(StoreFault) {
    let evse: ID<EVSE>? = try db.value("SELECT evse FROM connector WHERE id = ?1", connector)
    if let evse { try touch(evse, at: now) }
    try db.run("DELETE FROM connector WHERE id = ?1", connector)
  }

  // MARK: Status

  /// False where that was its status already: then nothing is written, and the history has no second entry.
  @discardableResult
  public func setStatus(
    _ evse: ID<EVSE>, _ status: EVSE.Status, at now: Timestamp, reason: String?
  ) throws(StoreFault) -> Bool {
    let since = try self.evse(evse)?.statusSince
    let isNews = try db.following { () throws(StoreFault) in
      try db.run(
        """
        UPDATE evse SET status = ?2, status_since = ?3, updated_at = max(updated_at, ?3) WHERE id = ?1 AND status <> ?2
        """, evse, status.rawValue, now) > 0
    }
    guard isNews else { return false }
    db.cache?.change(evse) { known in
      known.status = status
      known.statusSince = now
      known.updatedAt = max(known.updatedAt, now)
    }
    try appendStatus(status, of: evse, at: now, reason: reason)
    if let since, since.statusWindow != now.statusWindow { try sumStatus(of: evse) }
    try touchLocation(of: evse, at: now)
    return true
  }

  /// What the station said of one connector of an EVSE that has several.
  public func setStatus(_ status: EVSE.Status, ofConnector connector: ID<Connector>) throws(StoreFault) {
    try db.run(
      "UPDATE connector SET status = ?2 WHERE id = ?1 AND status IS NOT ?2", connector, status.rawValue)
  }

  /// Stations of which some EVSE counts as reachable: after a start they have some time to return.
  public func withKnownStatus() throws(StoreFault) -> [ID<Station>] {
    try db.rows("SELECT DISTINCT station FROM evse WHERE status <> 'unknown'") { (row) throws(StoreFault) in
      try row.get("station")
    }
  }

  /// Nobody saw between two moments what the EVSEs did: as from the second one on they count as before.
  public func noteAbsence(from begin: Timestamp, to end: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO status_history (evse, status, at, reason)
      SELECT id, 'unknown', max(?1, status_since), 'the house was off' FROM evse
      WHERE status <> 'unknown' AND status_since < ?2
      """, begin, end)
    try db.run(
      """
      INSERT INTO status_history (evse, status, at, reason)
      SELECT id, status, ?1, 'the house is back' FROM evse WHERE status <> 'unknown' AND status_since < ?1
      """, end)
  }

  /// The last status that was not `unknown`; nil where there never was one.
  public func statusBeforeUnknown(_ evse: ID<EVSE>) throws(StoreFault) -> EVSE.Status? {
    try db.first(
      "SELECT status FROM status_history WHERE evse = ?1 AND status <> 'unknown' ORDER BY at DESC, id DESC LIMIT 1",
      evse
    ) { (row) throws(StoreFault) in try row.word("status") }
  }

  /// The note that came with its newest status.
  public func statusReason(_ evse: ID<EVSE>) throws(StoreFault) -> String? {
    try db.first("SELECT reason FROM status_history WHERE evse = ?1 ORDER BY at DESC, id DESC LIMIT 1", evse) {
      (row) throws(StoreFault) in try row.get("reason") as String?
    } ?? nil
  }

  /// What it did in a span of time, with the entry that held when the span began.
  public func history(
    of evse: ID<EVSE>, from: Timestamp, to: Timestamp
  ) throws(StoreFault) -> [StatusChange] {
    try db.rows(
      """
      SELECT * FROM status_history
      WHERE evse = ?1 AND at < ?3
        AND at >= coalesce((SELECT max(at) FROM status_history WHERE evse = ?1 AND at <= ?2), ?2)
      ORDER BY at, id
      """, evse, from, to
    ) { (row) throws(StoreFault) in
      try StatusChange(evse: row.get("evse"), status: row.word("status"), at: row.get("at"), reason: row.get("reason"))
    }
  }

  /// Removes history that is older than the house keeps it, the oldest first.
  public func pruneHistory(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM status_history
        WHERE id IN (SELECT id FROM status_history ORDER BY id LIMIT ?2) AND at < ?1
        """, time, Limits.prunedAtOnce))
  }

  private func appendStatus(
    _ status: EVSE.Status, of evse: ID<EVSE>, at now: Timestamp, reason: String?
  ) throws(StoreFault) {
    try db.run(
      "INSERT INTO status_history (evse, status, at, reason) VALUES (?1, ?2, ?3, ?4)", evse, status.rawValue, now,
      reason)
  }

  /// Adds up what was not yet, but for the window that lasts.
  private func sumStatus(of evse: ID<EVSE>) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO status_time (evse, begins_at, ends_at, available, preparing, charging, suspended_ev, suspended_evse,
        finishing, reserved, unavailable, faulted, unknown)
      SELECT evse, min(at), max(next),
        sum(iif(status = 'available', next - at, 0)), sum(iif(status = 'preparing', next - at, 0)),
        sum(iif(status = 'charging', next - at, 0)), sum(iif(status = 'suspended_ev', next - at, 0)),
        sum(iif(status = 'suspended_evse', next - at, 0)), sum(iif(status = 'finishing', next - at, 0)),
        sum(iif(status = 'reserved', next - at, 0)), sum(iif(status = 'unavailable', next - at, 0)),
        sum(iif(status = 'faulted', next - at, 0)), sum(iif(status = 'unknown', next - at, 0))
      FROM (
        SELECT evse, status, at, lead(at) OVER (ORDER BY at, id) AS next FROM status_history
        WHERE evse = ?1 AND at >= coalesce((SELECT max(ends_at) FROM status_time WHERE evse = ?1), -1 << 62))
      GROUP BY at / ?2 HAVING count(next) = count(*)
      """, evse, Limits.statusWindowMilliseconds)
  }

  // MARK: Its time

  /// For how many milliseconds of a span it had each status; less than the span is long where it was not known yet.
  public func statusTime(of evse: ID<EVSE>, in span: Uptime.Span) throws(StoreFault) -> [EVSE.Status: Int64] {
    let sums: (begin: Timestamp, end: Timestamp, time: [EVSE.Status: Int64])? = try db.first(
      """
      SELECT min(begins_at) AS begins_at, max(ends_at) AS ends_at,
        sum(available) AS available, sum(preparing) AS preparing, sum(charging) AS charging,
        sum(suspended_ev) AS suspended_ev, sum(suspended_evse) AS suspended_evse, sum(finishing) AS finishing,
        sum(reserved) AS reserved,
        sum(unavailable) AS unavailable, sum(faulted) AS faulted, sum(unknown) AS unknown
      FROM status_time WHERE evse = ?1 AND ends_at > ?2 AND ends_at <= ?3 AND begins_at >= ?2 HAVING count(*) > 0
      """, evse, span.begin, span.end
    ) { (row) throws(StoreFault) in
      let time: [EVSE.Status: Int64] = try [
        .available: row.get("available"), .preparing: row.get("preparing"), .charging: row.get("charging"),
        .suspendedEV: row.get("suspended_ev"), .suspendedEVSE: row.get("suspended_evse"),
        .finishing: row.get("finishing"), .reserved: row.get("reserved"), .unavailable: row.get("unavailable"),
        .faulted: row.get("faulted"), .unknown: row.get("unknown"),
      ]
      return try (row.get("begins_at"), row.get("ends_at"), time)
    }
    guard let sums else { return try countedTime(of: evse, in: span) }
    let before = try countedTime(of: evse, in: Uptime.Span(begin: span.begin, end: sums.begin))
    let after = try countedTime(of: evse, in: Uptime.Span(begin: sums.end, end: span.end))
    return sums.time.merging(before, uniquingKeysWith: +).merging(after, uniquingKeysWith: +)
  }

  /// The same by its changes.
  private func countedTime(of evse: ID<EVSE>, in span: Uptime.Span) throws(StoreFault) -> [EVSE.Status: Int64] {
    guard span.length > 0 else { return [:] }
    var time: [EVSE.Status: Int64] = [:]
    let changes = try db.rows(
      """
      SELECT at, status FROM status_history
      WHERE evse = ?1 AND at < ?3
        AND at >= coalesce((SELECT max(at) FROM status_history WHERE evse = ?1 AND at <= ?2), ?2)
      ORDER BY at, id
      """, evse, span.begin, span.end
    ) { (row) throws(StoreFault) in try Uptime.Change(at: row.get("at"), status: row.word("status")) }
    for stretch in Uptime.stretches(of: changes, in: span) { time[stretch.status, default: 0] += stretch.span.length }
    return time
  }

  /// When it was of no use in a span of time, and how.
  public func outages(of evse: ID<EVSE>, in span: Uptime.Span) throws(StoreFault) -> [Uptime.Stretch] {
    try db.rows(
      """
      SELECT status, at,
        (SELECT next.at FROM status_history AS next
         WHERE next.evse = ?1 AND next.at >= it.at AND (next.at, next.id) > (it.at, it.id)
         ORDER BY next.at, next.id LIMIT 1) AS until
      FROM status_history AS it
      WHERE evse = ?1 AND status IN ('unavailable', 'faulted', 'unknown') AND at < ?3
        AND at >= coalesce((SELECT max(at) FROM status_history WHERE evse = ?1 AND at <= ?2), ?2)
      ORDER BY at, id
      """, evse, span.begin, span.end
    ) { (row) throws(StoreFault) in
      let change = try Uptime.Change(at: row.get("at"), status: row.word("status"))
      let end: Timestamp? = try row.get("until")
      return Uptime.stretches(of: [change], in: Uptime.Span(begin: span.begin, end: min(end ?? span.end, span.end)))
    }.flatMap(\.self)
  }

  // MARK: Helpers

  private func touch(_ evse: ID<EVSE>, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE evse SET updated_at = max(updated_at, ?2) WHERE id = ?1", evse, now)
    try touchLocation(of: evse, at: now)
  }

  private func touchLocation(of evse: ID<EVSE>, at now: Timestamp) throws(StoreFault) {
    if let station = try self.evse(evse)?.station { try touchLocation(of: station, at: now) }
  }

  private func filled(_ evse: EVSE?) throws(StoreFault) -> EVSE? {
    guard let evse else { return nil }
    let plugs = try db.rows("SELECT * FROM connector WHERE evse = ?1 ORDER BY number", evse.id, as: placed(row:))
    return filled([evse], with: plugs).first
  }

  private func filled(_ evses: [EVSE], with plugs: [(evse: ID<EVSE>, connector: Connector)]) -> [EVSE] {
    let plugsOf = Dictionary(grouping: plugs, by: \.evse)
    return evses.map { bare in
      var evse = bare
      evse.connectors = plugsOf[bare.id]?.map(\.connector) ?? []
      return evse
    }
  }

  private func placed(row: Row) throws(StoreFault) -> (evse: ID<EVSE>, connector: Connector) {
    try (row.get("evse"), Connector(row: row))
  }
}

nonisolated extension Timestamp {
  /// The window in whose sum a change of status at that time begins.
  fileprivate var statusWindow: Int64 { milliseconds / Limits.statusWindowMilliseconds }
}

nonisolated extension EVSE {
  /// Without its connectors.
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), station: row.get("station"), number: row.get("number"), uid: row.get("uid"),
      evseID: row.get("evse_id"), physicalReference: row.get("physical_reference"), status: row.word("status"),
      statusSince: row.get("status_since"), details: row.maybePayload("details") ?? EVSEDetails(),
      updatedAt: row.get("updated_at"))
  }
}

nonisolated extension Connector {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), number: row.get("number"), standard: row.word("standard"), format: row.word("format"),
      powerType: row.word("power_type"), maxVoltage: row.get("max_voltage"), maxAmperage: row.get("max_amperage"),
      maxPower: row.get("max_power"), tariff: row.get("tariff"),
      details: row.maybePayload("details") ?? ConnectorDetails(), isAssumed: row.get("assumed"),
      status: row.maybeWord("status"),
      updatedAt: row.get("updated_at"))
    let more: JSON? = try row.get("more_tariffs")
    moreTariffs = (more?.array ?? []).compactMap { $0.int.map { ID<Tariff>($0) } }
  }

  /// As a column keeps them; NULL where there are none.
  fileprivate var storedTariffs: JSON? {
    moreTariffs.isEmpty ? nil : .array(moreTariffs.map { .number(JSONNumber($0.value)) })
  }
}
