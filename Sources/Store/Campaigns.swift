import Domain
import Wire

/// Firmware for many stations, and how it went at each.
nonisolated public struct Campaigns {
  let db: Database

  public func campaign(_ id: String) throws(StoreFault) -> Campaign? {
    try db.first("SELECT * FROM campaign WHERE id = ?1", id, as: Campaign.init(row:))
  }

  public func running() throws(StoreFault) -> [Campaign] {
    try db.rows("SELECT * FROM campaign WHERE state = 'running' ORDER BY id", as: Campaign.init(row:))
  }

  /// The newest first, before a cursor.
  public func list(before cursor: String? = nil, limit: Int) throws(StoreFault) -> [Campaign] {
    try db.rows(
      "SELECT * FROM campaign WHERE id < ?1 ORDER BY id DESC LIMIT ?2", cursor ?? afterAllIDs, Limits.page(limit),
      as: Campaign.init(row:))
  }

  public func create(_ campaign: Campaign) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO campaign (id, name, state, why, plan, origin, created_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      """, campaign.id, campaign.name, campaign.state.rawValue, campaign.why, campaign.plan.stored, campaign.origin,
      campaign.createdAt, campaign.updatedAt)
  }

  public func save(_ campaign: Campaign) throws(StoreFault) {
    try db.run(
      "UPDATE campaign SET state = ?2, why = ?3, updated_at = ?4 WHERE id = ?1", campaign.id, campaign.state.rawValue,
      campaign.why, campaign.updatedAt)
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM campaign WHERE id IN (
          SELECT id FROM campaign WHERE state <> 'running' AND updated_at < ?1 LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }

  // MARK: Its stations

  public func station(_ station: ID<Station>, of campaign: String) throws(StoreFault) -> CampaignStation? {
    try db.first(
      "SELECT * FROM campaign_station WHERE campaign = ?1 AND station = ?2", campaign, station,
      as: CampaignStation.init(row:))
  }

  public func stations(of campaign: String) throws(StoreFault) -> [CampaignStation] {
    try db.rows(
      "SELECT * FROM campaign_station WHERE campaign = ?1 ORDER BY wave, station", campaign,
      as: CampaignStation.init(row:))
  }

  /// The first wave that is not over; nil where all are.
  public func wave(of campaign: String) throws(StoreFault) -> Int? {
    try db.value(
      "SELECT min(wave) FROM campaign_station WHERE campaign = ?1 AND state IN ('waiting', 'running')", campaign)
  }

  /// Those of a wave that are to be asked now.
  public func due(
    of campaign: String, wave: Int, at now: Timestamp, limit: Int
  ) throws(StoreFault) -> [CampaignStation] {
    try db.rows(
      """
      SELECT * FROM campaign_station
      WHERE campaign = ?1 AND wave = ?2 AND state = 'waiting' AND due_at <= ?3 ORDER BY due_at LIMIT ?4
      """, campaign, wave, now, limit, as: CampaignStation.init(row:))
  }

  public func failures(of campaign: String) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM campaign_station WHERE campaign = ?1 AND state = 'failed'", campaign) ?? 0
  }

  public func put(_ station: CampaignStation) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO campaign_station (campaign, station, wave, state, attempts, job, word, due_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      ON CONFLICT (campaign, station) DO UPDATE SET state = ?4, attempts = ?5, job = ?6, word = ?7, due_at = ?8,
        updated_at = ?9
      """, station.campaign, station.station, station.wave, station.state.rawValue, station.attempts, station.job,
      station.word, station.dueAt, station.updatedAt)
  }

  /// The campaign was stopped: those whose turn did not come have none.
  public func stopWaiting(of campaign: String, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      UPDATE campaign_station SET state = 'stopped', due_at = NULL, updated_at = ?2
      WHERE campaign = ?1 AND state = 'waiting'
      """, campaign, now)
  }
}

nonisolated extension Campaign {
  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), name: row.get("name"), plan: row.payload("plan"), origin: row.get("origin"),
      at: row.get("created_at"))
    state = try row.word("state")
    why = try row.get("why")
    updatedAt = try row.get("updated_at")
  }
}

nonisolated extension CampaignStation {
  init(row: Row) throws(StoreFault) {
    try self.init(
      campaign: row.get("campaign"), station: row.get("station"), wave: row.get("wave"), at: row.get("updated_at"))
    state = try row.word("state")
    attempts = try row.get("attempts")
    job = try row.get("job")
    word = try row.get("word")
    dueAt = try row.get("due_at")
  }
}
