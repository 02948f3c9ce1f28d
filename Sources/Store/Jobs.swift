import Domain
import Wire

/// Firmware for stations, and logs from them.
nonisolated public struct Jobs {
  let db: Database

  public func job(_ id: String) throws(StoreFault) -> StationJob? {
    try db.first("SELECT * FROM station_job WHERE id = ?1", id, as: StationJob.init(row:))
  }

  public func job(number: Int64, of station: ID<Station>) throws(StoreFault) -> StationJob? {
    try db.first(
      "SELECT * FROM station_job WHERE number = ?1 AND station = ?2", number, station, as: StationJob.init(row:))
  }

  public func job(command: String, of station: ID<Station>) throws(StoreFault) -> StationJob? {
    try db.first(
      "SELECT * FROM station_job WHERE station = ?1 AND command = ?2 ORDER BY number DESC", station, command,
      as: StationJob.init(row:))
  }

  /// The one that a station means when it names none: the newest of those kinds.
  public func newest(of station: ID<Station>, isFirmware: Bool) throws(StoreFault) -> StationJob? {
    try db.first(
      "SELECT * FROM station_job WHERE station = ?1 AND (kind = 'firmware') = ?2 ORDER BY number DESC", station,
      isFirmware, as: StationJob.init(row:))
  }

  /// Those that are not finished, of one station.
  public func open(of station: ID<Station>) throws(StoreFault) -> [StationJob] {
    try db.rows(
      """
      SELECT * FROM station_job WHERE station = ?1 AND state IN ('sent', 'transferring', 'downloaded', 'installing')
      ORDER BY number
      """, station, as: StationJob.init(row:))
  }

  /// Those of which nothing was heard since a time.
  public func silent(since time: Timestamp) throws(StoreFault) -> [StationJob] {
    try db.rows(
      """
      SELECT * FROM station_job WHERE state IN ('sent', 'transferring', 'downloaded', 'installing') AND updated_at < ?1
      ORDER BY updated_at LIMIT ?2
      """, time, Limits.prunedAtOnce, as: StationJob.init(row:))
  }

  /// The newest first, before a cursor.
  public func list(
    of station: ID<Station>? = nil, campaign: String? = nil, before cursor: Int64? = nil, limit: Int
  ) throws(StoreFault) -> [StationJob] {
    try db.rows(
      """
      SELECT * FROM station_job
      WHERE (?1 IS NULL OR station = ?1) AND (?2 IS NULL OR campaign = ?2) AND number < ?3
      ORDER BY number DESC LIMIT ?4
      """, station, campaign, cursor ?? .max, Limits.page(limit), as: StationJob.init(row:))
  }

  /// Keeps a new one; its number is given here.
  public func create(_ new: StationJob) throws(StoreFault) -> StationJob {
    var job = new
    job.number = try db.insert(
      """
      INSERT INTO station_job (id, station, kind, state, word, url, file, file_name, request, campaign, command, origin,
        created_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
      """, new.id, new.station, new.kind.rawValue, new.state.rawValue, new.word, new.url, new.file, new.fileName,
      new.request, new.campaign, new.command, new.origin, new.createdAt, new.updatedAt)
    return job
  }

  public func save(_ job: StationJob) throws(StoreFault) {
    try db.run(
      "UPDATE station_job SET state = ?2, word = ?3, file_name = ?4, command = ?5, updated_at = ?6 WHERE number = ?1",
      job.number, job.state.rawValue, job.word, job.fileName, job.command, job.updatedAt)
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM station_job WHERE number IN (
          SELECT number FROM station_job WHERE state IN ('done', 'failed', 'cancelled') AND updated_at < ?1 LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }
}

nonisolated extension StationJob {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), number: row.get("number"), station: row.get("station"), kind: row.word("kind"),
      url: row.get("url"), file: row.get("file"), request: row.get("request"), campaign: row.get("campaign"),
      origin: row.get("origin"), at: row.get("created_at"))
    state = try row.word("state")
    word = try row.get("word")
    fileName = try row.get("file_name")
    command = try row.get("command")
    updatedAt = try row.get("updated_at")
  }
}
