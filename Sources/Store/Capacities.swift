import Domain
import Wire

/// What stations can hold, as they said.
nonisolated public struct Capacities {
  let db: Database

  /// Nil where it was not asked since the station's last boot.
  public func capacity(of station: ID<Station>) throws(StoreFault) -> StationCapacity? {
    try db.first("SELECT capacity FROM station_capacity WHERE station = ?1", station) { (row) throws(StoreFault) in
      try row.payload("capacity")
    }
  }

  public func keep(_ capacity: StationCapacity, of station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO station_capacity (station, capacity, learnt_at) VALUES (?1, ?2, ?3)
      ON CONFLICT (station) DO UPDATE SET capacity = excluded.capacity, learnt_at = excluded.learnt_at
      """, station, capacity.stored, now)
  }

  /// Its settings may be others now.
  public func forget(_ station: ID<Station>) throws(StoreFault) {
    try db.run("DELETE FROM station_capacity WHERE station = ?1", station)
  }
}
