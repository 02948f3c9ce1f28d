import Domain
import Wire

/// An alert as the books keep it.
nonisolated public struct KeptAlert: Sendable, Equatable {
  public let id: ID<KeptAlert>
  public let station: ID<Station>
  public let alert: Alert
  public let receivedAt: Timestamp
  /// When the station said that it is over, or the operator that he has seen it.
  public let endedAt: Timestamp?
  public let endedBy: String?
}

/// A stream of a monitor's values.
nonisolated public struct KeptStream: Sendable, Equatable {
  public let stream: ValueStream
  /// How many values wait at the station.
  public let pending: Int
  public let openedAt: Timestamp
}

/// The stations' monitors, and what they told.
nonisolated public struct Monitors {
  let db: Database

  public func list(of station: ID<Station>) throws(StoreFault) -> [Monitor] {
    try db.rows("SELECT * FROM monitor WHERE station = ?1 ORDER BY number", station, as: Monitor.init(row:))
  }

  /// Past `Limits.monitorsPerStation` new ones are not kept.
  public func keep(_ monitor: Monitor, of station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO monitor (station, number, name, kind, value, severity, is_for_sessions, origin, told_at)
      SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
      WHERE EXISTS (SELECT 1 FROM monitor WHERE station = ?1 AND number = ?2)
        OR (SELECT count(*) FROM monitor WHERE station = ?1) < ?10
      ON CONFLICT (station, number) DO UPDATE SET name = excluded.name, kind = excluded.kind, value = excluded.value,
        severity = excluded.severity, is_for_sessions = excluded.is_for_sessions,
        origin = coalesce(excluded.origin, origin), told_at = excluded.told_at
      """,
      station, monitor.number, monitor.name, monitor.kind.rawValue, monitor.value, monitor.severity,
      monitor.isForSessions, monitor.origin?.rawValue, now, Limits.monitorsPerStation)
  }

  public func forget(_ number: Int, of station: ID<Station>) throws(StoreFault) {
    try db.run("DELETE FROM monitor WHERE station = ?1 AND number = ?2", station, number)
  }

  /// A report of all ended: what it did not tell is no longer there.
  public func forget(of station: ID<Station>, toldBefore time: Timestamp) throws(StoreFault) {
    try db.run("DELETE FROM monitor WHERE station = ?1 AND told_at < ?2", station, time)
  }

  // MARK: Alerts

  /// False where it was told before: a station repeats what it got no answer to.
  @discardableResult
  public func keep(_ alert: Alert, of station: ID<Station>, at now: Timestamp) throws(StoreFault) -> Bool {
    // What is periodic, or is over as it is told, waits for nobody.
    let isOpen = alert.trigger != .periodic && !alert.isCleared
    return try db.run(
      """
      INSERT INTO alert (station, number, at, name, cause, value, led_by, code, info, transaction_id, monitor, severity,
        origin, received_at, ended_at, ended_by)
      SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16 WHERE NOT EXISTS (
        SELECT 1 FROM alert WHERE station = ?1 AND at = ?3 AND number = ?2 AND name = ?4 AND cause = ?5 AND value = ?6
          AND monitor IS ?11)
      """,
      station, alert.number, alert.at, alert.name, alert.trigger.rawValue, alert.value, alert.cause, alert.code,
      alert.info, alert.transaction, alert.monitor, alert.severity, alert.origin?.rawValue, now,
      isOpen ? nil : now, isOpen ? nil : "station") > 0
  }

  /// What an open alert of that name says, the newest.
  public func open(_ name: SettingName, of station: ID<Station>) throws(StoreFault) -> String? {
    try db.value(
      """
      SELECT value FROM alert WHERE station = ?1 AND ended_at IS NULL AND name = ?2 COLLATE NOCASE
      ORDER BY id DESC LIMIT 1
      """, station, name)
  }

  /// The station says that what it told of a value is over.
  public func ended(
    _ name: SettingName, monitor: Int?, of station: ID<Station>, at now: Timestamp
  ) throws(StoreFault) {
    try db.run(
      """
      UPDATE alert SET ended_at = ?4, ended_by = 'station'
      WHERE station = ?1 AND ended_at IS NULL AND name = ?2 COLLATE NOCASE AND (?3 IS NULL OR monitor IS NULL OR monitor = ?3)
      """, station, name, monitor, now)
  }

  /// Another value of the same component took the place of what was told of it.
  public func endedBefore(_ name: SettingName, of station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    guard let component = name.component.map({ $0 + "." }) else { return }
    try db.run(
      """
      UPDATE alert SET ended_at = ?4, ended_by = 'station'
      WHERE station = ?1 AND ended_at IS NULL AND substr(name, 1, ?5) = ?2 COLLATE NOCASE AND name != ?3 COLLATE NOCASE
      """, station, component, name, now, component.unicodeScalars.count)
  }

  /// The operator has seen it. False where it does not wait.
  public func settle(_ id: ID<KeptAlert>, by who: String, at now: Timestamp) throws(StoreFault) -> Bool {
    try db.run("UPDATE alert SET ended_at = ?2, ended_by = ?3 WHERE id = ?1 AND ended_at IS NULL", id, now, who) > 0
  }

  public func alert(_ id: ID<KeptAlert>) throws(StoreFault) -> KeptAlert? {
    try db.first("SELECT * FROM alert WHERE id = ?1", id, as: KeptAlert.init(row:))
  }

  /// The newest first, before a cursor; of one station or of all, those of this severity and worse.
  public func alerts(
    of station: ID<Station>? = nil, isOpen: Bool? = nil, severity: Int? = nil, before cursor: ID<KeptAlert>? = nil,
    limit: Int
  ) throws(StoreFault) -> [KeptAlert] {
    try db.rows(
      """
      SELECT * FROM alert
      WHERE (?1 IS NULL OR station = ?1) AND (?2 IS NULL OR (ended_at IS NULL) = ?2)
        AND (?3 IS NULL OR coalesce(severity, 0) <= ?3) AND id < ?4
      ORDER BY id DESC LIMIT ?5
      """, station, isOpen, severity, cursor?.value ?? .max, Limits.page(limit), as: KeptAlert.init(row:))
  }

  public func pruneAlerts(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        "DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE received_at < ?1 LIMIT ?2)", time,
        Limits.prunedAtOnce))
  }

  // MARK: Streams

  public func streams(of station: ID<Station>) throws(StoreFault) -> [KeptStream] {
    try db.rows("SELECT * FROM value_stream WHERE station = ?1 ORDER BY number", station, as: KeptStream.init(row:))
  }

  /// False past `Limits.streamsPerStation`.
  public func open(_ stream: ValueStream, of station: ID<Station>, at now: Timestamp) throws(StoreFault) -> Bool {
    try db.run(
      """
      INSERT INTO value_stream (station, number, monitor, seconds, amount, opened_at)
      SELECT ?1, ?2, ?3, ?4, ?5, ?6
      WHERE EXISTS (SELECT 1 FROM value_stream WHERE station = ?1 AND number = ?2)
        OR (SELECT count(*) FROM value_stream WHERE station = ?1) < ?7
      ON CONFLICT (station, number) DO UPDATE SET monitor = excluded.monitor, seconds = excluded.seconds,
        amount = excluded.amount, opened_at = excluded.opened_at, pending = 0
      """, station, stream.number, stream.monitor, stream.seconds, stream.values, now, Limits.streamsPerStation) > 0
  }

  public func adjust(_ number: Int, of station: ID<Station>, seconds: Int?, values: Int?) throws(StoreFault) {
    try db.run(
      "UPDATE value_stream SET seconds = ?3, amount = ?4 WHERE station = ?1 AND number = ?2", station, number, seconds,
      values)
  }

  public func close(_ number: Int, of station: ID<Station>) throws(StoreFault) {
    try db.run("DELETE FROM value_stream WHERE station = ?1 AND number = ?2", station, number)
  }

  /// Its values, of which each monitor keeps the newest `Limits.streamedValues`. False for a stream that nobody opened.
  public func take(
    _ values: [StreamedValue], of number: Int, pending: Int, station: ID<Station>
  ) throws(StoreFault) -> Bool {
    let monitor: Int? = try db.value(
      "UPDATE value_stream SET pending = ?3 WHERE station = ?1 AND number = ?2 RETURNING monitor", station, number,
      pending)
    guard let monitor else { return false }
    for value in values {
      try db.run(
        "INSERT INTO streamed_value (station, monitor, at, value) VALUES (?1, ?2, ?3, ?4)", station, monitor, value.at,
        value.value)
    }
    try db.run(
      """
      DELETE FROM streamed_value WHERE station = ?1 AND monitor = ?2 AND id <= (
        SELECT id FROM streamed_value WHERE station = ?1 AND monitor = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)
      """, station, monitor, Limits.streamedValues)
    return true
  }

  /// The newest first.
  public func values(of monitor: Int, station: ID<Station>, limit: Int) throws(StoreFault) -> [StreamedValue] {
    try db.rows(
      "SELECT at, value FROM streamed_value WHERE station = ?1 AND monitor = ?2 ORDER BY id DESC LIMIT ?3", station,
      monitor, Limits.page(limit)
    ) { (row) throws(StoreFault) in try StreamedValue(at: row.get("at"), value: row.get("value")) }
  }
}

nonisolated extension Monitor {
  init(row: Row) throws(StoreFault) {
    try self.init(
      number: row.get("number"), name: row.get("name"), kind: row.word("kind"), value: row.get("value"),
      severity: row.get("severity"), isForSessions: row.get("is_for_sessions"), origin: row.maybeWord("origin"))
  }
}

nonisolated extension KeptAlert {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    station = try row.get("station")
    var told = Alert(
      number: try row.get("number"), at: try row.get("at"), name: try row.get("name"), trigger: try row.word("cause"),
      value: try row.get("value"))
    told.cause = try row.get("led_by")
    told.code = try row.get("code")
    told.info = try row.get("info")
    told.transaction = try row.get("transaction_id")
    told.monitor = try row.get("monitor")
    told.severity = try row.get("severity")
    told.origin = try row.maybeWord("origin")
    receivedAt = try row.get("received_at")
    endedAt = try row.get("ended_at")
    endedBy = try row.get("ended_by")
    told.isCleared = endedBy == "station"
    alert = told
  }
}

nonisolated extension KeptStream {
  init(row: Row) throws(StoreFault) {
    stream = ValueStream(
      number: try row.get("number"), monitor: try row.get("monitor"), seconds: try row.get("seconds"),
      values: try row.get("amount"))
    pending = try row.get("pending")
    openedAt = try row.get("opened_at")
  }
}
