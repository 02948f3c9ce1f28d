import Domain
import Wire

/// The tariffs by which stations reckon themselves.
nonisolated public struct StationTariffs {
  let db: Database

  public func tariff(of station: ID<Station>, evse: Int) throws(StoreFault) -> KeptStationTariff? {
    try db.first(
      "SELECT * FROM station_tariff WHERE station = ?1 AND evse = ?2", station, evse, as: KeptStationTariff.init(row:))
  }

  /// The one of which a command speaks.
  public func tariff(command: String) throws(StoreFault) -> KeptStationTariff? {
    try db.first("SELECT * FROM station_tariff WHERE command = ?1", command, as: KeptStationTariff.init(row:))
  }

  public func list(of station: ID<Station>) throws(StoreFault) -> [KeptStationTariff] {
    try db.rows(
      "SELECT * FROM station_tariff WHERE station = ?1 ORDER BY evse", station, as: KeptStationTariff.init(row:))
  }

  public func list(of tariff: ID<Tariff>) throws(StoreFault) -> [KeptStationTariff] {
    try db.rows(
      "SELECT * FROM station_tariff WHERE tariff = ?1 ORDER BY station, evse", tariff, as: KeptStationTariff.init(row:))
  }

  public func due(at now: Timestamp, limit: Int) throws(StoreFault) -> [KeptStationTariff] {
    try db.rows(
      "SELECT * FROM station_tariff WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2", now, limit,
      as: KeptStationTariff.init(row:))
  }

  public func save(_ kept: KeptStationTariff) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO station_tariff
        (station, evse, tariff, state, name, answer, command, attempts, origin, due_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      ON CONFLICT (station, evse) DO UPDATE SET tariff = excluded.tariff, state = excluded.state, name = excluded.name,
        answer = excluded.answer, command = excluded.command, attempts = excluded.attempts, origin = excluded.origin,
        due_at = excluded.due_at, updated_at = excluded.updated_at
      """, kept.station, kept.evse, kept.tariff, kept.state.rawValue, kept.name, kept.answer, kept.command,
      kept.attempts, kept.origin, kept.dueAt, kept.updatedAt)
  }

  /// Its station is back: what waited for it is due.
  public func hurry(_ station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE station_tariff SET due_at = ?2 WHERE station = ?1 AND state = 'asked'", station, now)
  }

  public func remove(of station: ID<Station>, evse: Int) throws(StoreFault) {
    try db.run("DELETE FROM station_tariff WHERE station = ?1 AND evse = ?2", station, evse)
  }
}

nonisolated extension KeptStationTariff {
  init(row: Row) throws(StoreFault) {
    self.init(
      station: try row.get("station"), evse: try row.get("evse"), tariff: try row.get("tariff"),
      origin: try row.get("origin"), at: try row.get("updated_at"))
    (state, name, answer) = try (row.word("state"), row.get("name"), row.get("answer"))
    (command, attempts, dueAt) = try (row.get("command"), row.get("attempts"), row.get("due_at"))
  }
}
