import Domain
import Wire

/// A grid control of a station, and whether it acts.
nonisolated public struct KeptControl: Sendable, Equatable {
  public let control: GridControl
  /// Nil where the station never said.
  public let isRunning: Bool?
  public let toldAt: Timestamp
}

/// The stations' grid controls, as they told them or took them from us.
nonisolated public struct GridControls {
  let db: Database

  public func list(of station: ID<Station>) throws(StoreFault) -> [KeptControl] {
    try db.rows("SELECT * FROM grid_control WHERE station = ?1 ORDER BY control", station, as: KeptControl.init(row:))
  }

  /// Past `Limits.controlsPerStation` new ones are not kept.
  public func keep(_ control: GridControl, of station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO grid_control (station, control, kind, is_default, is_superseded, settings, told_at)
      SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
      WHERE EXISTS (SELECT 1 FROM grid_control WHERE station = ?1 AND control = ?2)
        OR (SELECT count(*) FROM grid_control WHERE station = ?1) < ?8
      ON CONFLICT (station, control) DO UPDATE SET kind = excluded.kind, is_default = excluded.is_default,
        is_superseded = excluded.is_superseded, settings = excluded.settings, told_at = excluded.told_at
      """,
      station, control.id, control.kind, control.isDefault, control.isSuperseded, control.settings, now,
      Limits.controlsPerStation)
  }

  /// It began or ended. False where nobody knows it.
  public func setRunning(_ control: String, _ isRunning: Bool, of station: ID<Station>) throws(StoreFault) -> Bool {
    try db.run(
      "UPDATE grid_control SET is_running = ?3 WHERE station = ?1 AND control = ?2", station, control, isRunning) > 0
  }

  public func setSuperseded(_ control: String, of station: ID<Station>) throws(StoreFault) {
    try db.run(
      "UPDATE grid_control SET is_superseded = 1, is_running = 0 WHERE station = ?1 AND control = ?2", station, control)
  }

  /// One, or all of a kind.
  public func forget(id: String?, kind: String?, isDefault: Bool, of station: ID<Station>) throws(StoreFault) {
    try db.run(
      """
      DELETE FROM grid_control WHERE station = ?1 AND (?2 IS NULL OR control = ?2)
        AND (?3 IS NULL OR kind = ?3 COLLATE NOCASE) AND (?2 IS NOT NULL OR is_default = ?4)
      """, station, id, kind, isDefault)
  }

  /// Those whose time is over, by the times that they came with.
  public func forgetOver(of station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    for kept in try list(of: station) where kept.control.endsAt.map({ $0 < now }) == true {
      try forget(id: kept.control.id, kind: nil, isDefault: false, of: station)
    }
  }

  /// A report of all ended: what it did not tell is no longer there.
  public func forget(of station: ID<Station>, toldBefore time: Timestamp) throws(StoreFault) {
    try db.run("DELETE FROM grid_control WHERE station = ?1 AND told_at < ?2", station, time)
  }
}

nonisolated extension KeptControl {
  init(row: Row) throws(StoreFault) {
    control = GridControl(
      id: try row.get("control"), kind: try row.get("kind"), isDefault: try row.get("is_default"),
      isSuperseded: try row.get("is_superseded"), settings: try row.get("settings"))
    isRunning = try row.get("is_running")
    toldAt = try row.get("told_at")
  }
}
