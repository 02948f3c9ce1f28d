import Crypto
import Domain
import Wire

/// Which sessions a list shows; what is nil does not matter.
nonisolated public struct SessionFilter: Sendable, Equatable {
  public var state: Session.State?
  /// Only those that have not ended: pending, active or superseded.
  public var isOpen: Bool
  public var station: ID<Station>?
  public var location: ID<Location>?
  public var partner: ID<Partner>?
  /// As the driver's token has it; compared without regard to case and spaces.
  public var uid: String?
  /// When it started: from inclusive, to exclusive.
  public var from: Timestamp?
  public var to: Timestamp?

  public init(
    state: Session.State? = nil, isOpen: Bool = false, station: ID<Station>? = nil, location: ID<Location>? = nil,
    partner: ID<Partner>? = nil, uid: String? = nil, from: Timestamp? = nil, to: Timestamp? = nil
  ) {
    self.state = state
    self.isOpen = isOpen
    self.station = station
    self.location = location
    self.partner = partner
    self.uid = uid
    self.from = from
    self.to = to
  }
}

/// The sessions and their readings.
nonisolated public struct Sessions {
  let db: Database

  public func session(_ id: String) throws(StoreFault) -> Session? {
    try db.first("SELECT * FROM session WHERE id = ?1", id, as: Session.init(row:))
  }

  /// By the number that a 1.6 station knows it by.
  public func session(transaction: Int64) throws(StoreFault) -> Session? {
    try db.first("SELECT * FROM session WHERE transaction_id = ?1", transaction, as: Session.init(row:))
  }

  /// The one that this very start began before: the station repeats it because it missed the answer.
  public func session(_ station: ID<Station>, startKey: String) throws(StoreFault) -> Session? {
    try db.first(
      "SELECT * FROM session WHERE station = ?1 AND start_key = ?2", station, startKey, as: Session.init(row:))
  }

  /// The running one.
  public func open(at evse: ID<EVSE>) throws(StoreFault) -> Session? {
    try db.first(
      "SELECT * FROM session WHERE evse = ?1 AND ended_at IS NULL AND state = 'active' ORDER BY id DESC", evse,
      as: Session.init(row:))
  }

  /// The one that a remote start asked for and that waits for the car; the oldest where there are several.
  public func pending(at evse: ID<EVSE>) throws(StoreFault) -> Session? {
    try db.first(
      "SELECT * FROM session WHERE evse = ?1 AND ended_at IS NULL AND state = 'pending' ORDER BY id", evse,
      as: Session.init(row:))
  }

  /// Those of remote starts that wait for their cars: every tag that is shown is held against them, so the running ones are
  /// not even read.
  public func pending(of station: ID<Station>) throws(StoreFault) -> [Session] {
    try db.rows(
      """
      SELECT * FROM session INDEXED BY session_open_station
      WHERE station = ?1 AND ended_at IS NULL AND state = 'pending' ORDER BY id
      """, station, as: Session.init(row:))
  }

  /// The one that a remote start made, also after it ended.
  public func session(command: String) throws(StoreFault) -> Session? {
    try db.first("SELECT * FROM session WHERE command = ?1", command, as: Session.init(row:))
  }

  /// One of a partner's drivers; nil where it is somebody else's.
  public func session(_ id: String, of partner: ID<Partner>) throws(StoreFault) -> Session? {
    try db.first("SELECT * FROM session WHERE id = ?1 AND partner = ?2", id, partner, as: Session.init(row:))
  }

  /// Pending and running ones.
  public func open(of station: ID<Station>) throws(StoreFault) -> [Session] {
    try db.rows(
      """
      SELECT * FROM session INDEXED BY session_open_station
      WHERE station = ?1 AND ended_at IS NULL AND state IN ('pending', 'active') ORDER BY id
      """, station, as: Session.init(row:))
  }

  /// Pending and running ones of the whole house.
  public func allOpen() throws(StoreFault) -> [Session] {
    try db.rows(
      """
      SELECT * FROM session INDEXED BY session_open
      WHERE ended_at IS NULL AND state IN ('pending', 'active') ORDER BY id
      """, as: Session.init(row:))
  }

  /// Those of remote starts whose car did not come since that time.
  public func pending(before time: Timestamp) throws(StoreFault) -> [Session] {
    try db.rows(
      """
      SELECT * FROM session INDEXED BY session_open
      WHERE ended_at IS NULL AND state = 'pending' AND updated_at <= ?1 ORDER BY id
      """, time, as: Session.init(row:))
  }

  /// Those that wait for a late stop and did not change since that time.
  public func superseded(before time: Timestamp) throws(StoreFault) -> [Session] {
    try db.rows(
      """
      SELECT * FROM session INDEXED BY session_open
      WHERE ended_at IS NULL AND state = 'superseded' AND updated_at <= ?1 ORDER BY id
      """, time, as: Session.init(row:))
  }

  /// The newest first, before a cursor.
  public func list(
    _ filter: SessionFilter = SessionFilter(), before cursor: String? = nil, limit: Int
  ) throws(StoreFault) -> [Session] {
    try db.rows(
      """
      SELECT * FROM session
      WHERE id < ?1
        AND (?2 IS NULL OR state = ?2)
        AND (NOT ?3 OR ended_at IS NULL)
        AND (?4 IS NULL OR station = ?4)
        AND (?5 IS NULL OR location = ?5)
        AND (?6 IS NULL OR partner = ?6)
        AND (?7 IS NULL OR folded_uid = ?7)
        AND (?8 IS NULL OR started_at >= ?8)
        AND (?9 IS NULL OR started_at < ?9)
      ORDER BY id DESC LIMIT ?10
      """,
      cursor ?? afterAllIDs, filter.state?.rawValue, filter.isOpen, filter.station, filter.location, filter.partner,
      filter.uid.map(Token.fold), filter.from, filter.to, Limits.page(limit), as: Session.init(row:))
  }

  /// Those of a partner's drivers, by their newest change.
  public func page(_ query: PageQuery, of partner: ID<Partner>) throws(StoreFault) -> Page<Session> {
    let total: Int? = try db.value(
      """
      SELECT count(*) FROM session
      WHERE partner = ?1 AND updated_at >= ?2 AND updated_at < ?3
      """, partner, query.first, query.end)
    let items = try db.rows(
      """
      SELECT * FROM session
      WHERE partner = ?1 AND updated_at >= ?2 AND updated_at < ?3
      ORDER BY updated_at, id LIMIT ?4 OFFSET ?5
      """, partner, query.first, query.end, Limits.page(query.limit), query.offset, as: Session.init(row:))
    return Page(items: items, total: total ?? 0)
  }

  /// The partner behind the driver; nil for our own.
  public func partner(of id: String) throws(StoreFault) -> ID<Partner>? {
    let partner: ID<Partner>?? = try db.value("SELECT partner FROM session WHERE id = ?1", id)
    return partner ?? nil
  }

  // MARK: Writing

  /// Keeps a new one. `startKey` is what makes a repeated start the same start.
  /// - Throws: `.constraint` where the id, the transaction or the start is taken.
  public func insert(_ session: Session, startKey: String? = nil) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO session (id, party, station, evse, connector, location, transaction_id, token, folded_uid, owner,
        partner, method, authorization_reference, group_id, command, state, started_at, ended_at, ending, meter_start,
        meter_last, last_reading_at, power, state_of_charge, shifts, tariff, start_key, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, (SELECT partner FROM partner_role WHERE id = ?10),
        ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)
      """,
      session.id, session.party, session.station, session.evse, session.connector, session.location,
      session.transaction, session.token.stored, Token.fold(session.token.uid), session.owner,
      session.authorization.rawValue, session.authorizationReference, session.groupID, session.command,
      session.state.rawValue, session.startedAt, session.endedAt, session.ending?.rawValue, session.meterStart,
      session.meterLast, session.lastReadingAt, session.power, session.stateOfCharge, session.storedShifts,
      session.tariff?.stored, startKey, session.updatedAt)
  }

  /// Writes what a session has become. A start key, where one is given, is that of a pending session's real start.
  public func save(_ session: Session, startKey: String? = nil) throws(StoreFault) {
    let changed = try db.run(
      """
      UPDATE session SET evse = ?2, connector = ?3, location = ?4, transaction_id = ?5, token = ?6, folded_uid = ?7,
        owner = ?8, partner = iif(owner IS ?8, partner, (SELECT partner FROM partner_role WHERE id = ?8)), method = ?9,
        authorization_reference = ?10, group_id = ?11, command = ?12, state = ?13, started_at = ?14, ended_at = ?15,
        ending = ?16, meter_start = ?17, meter_last = ?18, last_reading_at = ?19, power = ?20, state_of_charge = ?21,
        shifts = ?22, tariff = ?23, start_key = coalesce(?24, start_key), updated_at = ?25
      WHERE id = ?1
      """,
      session.id, session.evse, session.connector, session.location, session.transaction, session.token.stored,
      Token.fold(session.token.uid), session.owner, session.authorization.rawValue, session.authorizationReference,
      session.groupID, session.command, session.state.rawValue, session.startedAt, session.endedAt,
      session.ending?.rawValue, session.meterStart, session.meterLast, session.lastReadingAt, session.power,
      session.stateOfCharge, session.storedShifts, session.tariff?.stored, startKey, session.updatedAt)
    guard changed == 1 else { throw .missing("session \(session.id)") }
  }

  /// Writes what readings and pauses change in a running session, and touches no index of the rest: most writes of a session
  /// are of this kind.
  public func saveProgress(_ session: Session) throws(StoreFault) {
    let changed = try db.run(
      """
      UPDATE session SET meter_last = ?2, last_reading_at = ?3, power = ?4, state_of_charge = ?5, shifts = ?6, updated_at = ?7
      WHERE id = ?1
      """,
      session.id, session.meterLast, session.lastReadingAt, session.power, session.stateOfCharge, session.storedShifts,
      session.updatedAt)
    guard changed == 1 else { throw .missing("session \(session.id)") }
  }

  /// The register and reason of its stop as the station sent them; nil before a stop.
  public func stopKey(of id: String) throws(StoreFault) -> String? {
    let key: String?? = try db.value("SELECT stop_key FROM session WHERE id = ?1", id)
    return key ?? nil
  }

  public func setStopKey(_ key: String, of id: String) throws(StoreFault) {
    try db.run("UPDATE session SET stop_key = ?2 WHERE id = ?1", id, key)
  }

  // MARK: Transaction numbers

  /// The next number for a 1.6 station: positive, below 2³¹, never given twice.
  public func nextTransaction() throws(StoreFault) -> Int64 { try advanceTransactions(by: 1) }

  /// After a restore: numbers that were given after the backup are out there and must not be given again.
  public func jumpTransactions() throws(StoreFault) { _ = try advanceTransactions(by: Limits.transactionJump) }

  private func advanceTransactions(by count: Int64) throws(StoreFault) -> Int64 {
    let text: String? = try db.value(
      """
      INSERT INTO setting (name, value) VALUES ('last_transaction', CAST(?1 AS TEXT))
      ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + ?1 AS TEXT) RETURNING value
      """, count)
    guard let number = text.flatMap({ Int64($0) }) else {
      throw .corrupt(file: db.file, what: "the last transaction number is no number")
    }
    guard number <= Limits.transactions else { throw .constraint("all transaction numbers of OCPP 1.6 are used up") }
    return number
  }
}

// MARK: - Readings

nonisolated extension Sessions {
  /// Keeps a reading. False where the very same one is there already.
  @discardableResult
  public func append(_ reading: Reading, to session: String, receivedAt now: Timestamp) throws(StoreFault) -> Bool {
    let raw = reading.raw.text
    return try db.run(
      """
      INSERT INTO reading (session, seq, at, context, register, power, current, state_of_charge, raw, digest,
        received_at)
      VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM reading WHERE session = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,
        ?10)
      ON CONFLICT (session, at, context, digest) DO NOTHING
      """,
      session, reading.at, reading.context.rawValue, reading.register, reading.power, reading.current,
      reading.stateOfCharge, raw, Self.digest(raw), now) > 0
  }

  /// In the order of their times, as the station's clock gave them.
  public func readings(of session: String) throws(StoreFault) -> [Reading] {
    try db.rows("SELECT * FROM reading WHERE session = ?1 ORDER BY at, seq", session, as: Reading.init(row:))
  }

  /// In the order of their arrival, after a cursor, each with its place: for a live chart.
  public func readings(
    of session: String, after seq: Int64, limit: Int
  ) throws(StoreFault) -> [(seq: Int64, reading: Reading)] {
    try db.rows(
      "SELECT * FROM reading WHERE session = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3", session, seq, Limits.page(limit)
    ) { (row) throws(StoreFault) in try (row.get("seq"), Reading(row: row)) }
  }

  /// Removes the readings of the oldest sessions that did not change since that time; the sessions stay. Ids are made
  /// in the order of time, so the oldest session stands first.
  public func pruneReadings(before time: Timestamp) throws(StoreFault) -> Pruned {
    var removed = 0
    while removed < Limits.prunedAtOnce {
      let oldest: String? = try db.value("SELECT session FROM reading ORDER BY session LIMIT 1")
      guard let oldest else { break }
      let touched: Timestamp? = try db.value("SELECT updated_at FROM session WHERE id = ?1", oldest)
      if let touched, touched >= time { break }
      removed += try db.run("DELETE FROM reading WHERE session = ?1", oldest)
    }
    return Pruned(removed: removed)
  }

  private static func digest(_ raw: String) -> Int64 {
    SHA256.digest(Bytes(utf8: raw)).prefix(8).reduce(0) { $0 << 8 | Int64($1) }
  }
}

nonisolated extension Reading {
  init(row: Row) throws(StoreFault) {
    try self.init(
      at: row.get("at"), register: row.get("register"), power: row.get("power"), current: row.get("current"),
      stateOfCharge: row.get("state_of_charge"), context: row.word("context"), raw: row.get("raw"))
  }
}

nonisolated extension Session {
  /// `[[milliseconds, "idle"], …]`
  var storedShifts: JSON {
    .array(shifts.map { .array([.number(JSONNumber($0.at.milliseconds)), .string($0.activity.rawValue)]) })
  }

  static func shifts(_ stored: JSON) -> [Shift]? {
    guard let pairs = stored.array else { return nil }
    var shifts: [Shift] = []
    for pair in pairs {
      guard let time = pair[0]?.int, let activity = pair[1]?.string.flatMap(Activity.init(rawValue:)) else {
        return nil
      }
      shifts.append(Shift(at: Timestamp(milliseconds: time), activity: activity))
    }
    return shifts
  }

  init(row: Row) throws(StoreFault) {
    guard let shifts = Self.shifts(try row.get("shifts")) else {
      throw row.cell("shifts").damaged("it is no list of shifts")
    }
    let place = try Place(
      party: row.get("party"), location: row.get("location"), station: row.get("station"), evse: row.get("evse"),
      connector: row.get("connector"))
    let holder = try Holder(
      token: row.payload("token"), owner: row.get("owner"), groupID: row.get("group_id"), method: row.word("method"),
      reference: row.get("authorization_reference"))
    try self.init(
      id: row.get("id"), place: place, holder: holder, command: row.get("command"), tariff: row.maybePayload("tariff"),
      state: row.word("state"), transaction: row.get("transaction_id"), startedAt: row.get("started_at"),
      endedAt: row.get("ended_at"), ending: row.maybeWord("ending"), meterStart: row.get("meter_start"),
      meterLast: row.get("meter_last"), lastReadingAt: row.get("last_reading_at"), power: row.get("power"),
      stateOfCharge: row.get("state_of_charge"), shifts: shifts, updatedAt: row.get("updated_at"))
  }
}
