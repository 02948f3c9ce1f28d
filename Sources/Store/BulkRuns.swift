import Domain
import Wire

/// One action for many stations, and how it went at each.
nonisolated public struct BulkRuns {
  let db: Database

  public func run(_ id: String) throws(StoreFault) -> BulkRun? {
    try db.first("SELECT * FROM bulk_run WHERE id = ?1", id, as: BulkRun.init(row:))
  }

  /// The oldest first.
  public func running() throws(StoreFault) -> [BulkRun] {
    try db.rows("SELECT * FROM bulk_run WHERE state = 'running' ORDER BY id", as: BulkRun.init(row:))
  }

  /// The newest first, before a cursor.
  public func list(before cursor: String? = nil, limit: Int) throws(StoreFault) -> [BulkRun] {
    try db.rows(
      "SELECT * FROM bulk_run WHERE id < ?1 ORDER BY id DESC LIMIT ?2", cursor ?? afterAllIDs, Limits.page(limit),
      as: BulkRun.init(row:))
  }

  public func create(_ run: BulkRun) throws(StoreFault) {
    try db.run(
      "INSERT INTO bulk_run (id, plan, state, origin, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", run.id,
      run.plan.stored, run.state.rawValue, run.origin, run.createdAt, run.updatedAt)
  }

  public func save(_ run: BulkRun) throws(StoreFault) {
    try db.run(
      "UPDATE bulk_run SET state = ?2, updated_at = ?3 WHERE id = ?1", run.id, run.state.rawValue, run.updatedAt)
  }

  /// Those that are over go, the oldest first, until so many are left.
  public func keep(newest count: Int) throws(StoreFault) {
    try db.run(
      """
      DELETE FROM bulk_run WHERE id IN (
        SELECT id FROM bulk_run WHERE state <> 'running' ORDER BY id
        LIMIT max(0, (SELECT count(*) FROM bulk_run) - ?1))
      """, count)
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM bulk_run WHERE id IN (
          SELECT id FROM bulk_run WHERE state <> 'running' AND updated_at < ?1 LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }

  // MARK: Its stations

  /// How many of its stations are in each state.
  public func tally(of run: String) throws(StoreFault) -> [BulkRunStation.State: Int] {
    let counts = try db.rows("SELECT state, count(*) AS count FROM bulk_run_station WHERE run = ?1 GROUP BY state", run)
    {
      (row) throws(StoreFault) in (try row.word("state") as BulkRunStation.State, try row.get("count") as Int)
    }
    return Dictionary(uniqueKeysWithValues: counts)
  }

  /// Whether it also asks stations that the scope of this snapshot does not show. Of those only that is told.
  public func asksElsewhere(_ run: String) throws(StoreFault) -> Bool {
    try db.value(
      """
      SELECT (SELECT count(*) FROM bulk_run_station WHERE run = ?1)
        < (SELECT count(*) FROM main.bulk_run_station WHERE run = ?1)
      """, run) ?? false
  }

  /// In the order in which they are asked, behind a place; all states where none is named.
  public func stations(
    of run: String, in states: [BulkRunStation.State] = [], after place: Int = -1, limit: Int
  ) throws(StoreFault) -> [BulkRunStation] {
    try db.rows(
      """
      SELECT * FROM bulk_run_station
      WHERE run = ?1 AND place > ?2 AND (?3 = '[]' OR state IN (SELECT value FROM json_each(?3)))
      ORDER BY place LIMIT ?4
      """, run, place, JSON.array(states.map { .string($0.rawValue) }), Limits.page(limit),
      as: BulkRunStation.init(row:))
  }

  /// The next whose turn it is.
  public func waiting(of run: String, limit: Int) throws(StoreFault) -> [BulkRunStation] {
    try db.rows(
      "SELECT * FROM bulk_run_station WHERE run = ?1 AND state = 'waiting' ORDER BY place LIMIT ?2", run, limit,
      as: BulkRunStation.init(row:))
  }

  /// Whether any of its stations has an end before it.
  public func isOpen(_ run: String) throws(StoreFault) -> Bool {
    try db.value(
      "SELECT EXISTS (SELECT 1 FROM bulk_run_station WHERE run = ?1 AND state IN ('waiting', 'running'))", run) ?? false
  }

  /// How many stations of all runs are asked and did not answer yet.
  public func underWay() throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM bulk_run_station WHERE state = 'running'") ?? 0
  }

  /// The station that waits for that command.
  public func station(askedBy command: String) throws(StoreFault) -> BulkRunStation? {
    try db.first(
      "SELECT * FROM bulk_run_station WHERE command = ?1 AND state = 'running'", command,
      as: BulkRunStation.init(row:))
  }

  public func put(_ station: BulkRunStation) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO bulk_run_station (run, place, station, state, location, was, command, answer, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      ON CONFLICT (run, place) DO UPDATE SET state = ?4, was = ?6, command = ?7, answer = ?8, updated_at = ?9
      """, station.run, station.place, station.station, station.state.rawValue, station.location, station.was,
      station.command, station.answer, station.updatedAt)
  }

  /// The run was stopped: those whose turn did not come have none.
  public func stopWaiting(of run: String, at now: Timestamp) throws(StoreFault) {
    try db.run(
      "UPDATE bulk_run_station SET state = 'stopped', updated_at = ?2 WHERE run = ?1 AND state = 'waiting'", run, now)
  }
}

nonisolated extension BulkRun {
  init(row: Row) throws(StoreFault) {
    try self.init(id: row.get("id"), plan: row.payload("plan"), origin: row.get("origin"), at: row.get("created_at"))
    state = try row.word("state")
    updatedAt = try row.get("updated_at")
  }
}

nonisolated extension BulkRunStation {
  init(row: Row) throws(StoreFault) {
    try self.init(
      run: row.get("run"), place: row.get("place"), station: row.get("station"), location: row.get("location"),
      at: row.get("updated_at"))
    state = try row.word("state")
    was = try row.get("was")
    command = try row.get("command")
    answer = try row.get("answer")
  }
}
