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

  var first: Timestamp { from ?? Timestamp(milliseconds: .min) }
  var end: Timestamp { to ?? Timestamp(milliseconds: .max) }
}

/// The sessions and their readings.
nonisolated public struct Sessions {
  let db: Database

  public func session(_ id: String) throws(StoreFault) -> Session? {
    if let open = db.cache?.openSessions.session(id) { return open.session }
    return try db.first("SELECT * FROM session WHERE id = ?1", id, as: read)
  }

  /// By the number that a 1.6 station knows it by.
  public func session(transaction: Int64) throws(StoreFault) -> Session? {
    if let open = db.cache?.openSessions.session(transaction: transaction) { return open.session }
    return try db.first("SELECT * FROM session WHERE transaction_id = ?1", transaction, as: read)
  }

  /// The one that this very start began before: the station repeats it because it missed the answer.
  public func session(_ station: ID<Station>, startKey: String) throws(StoreFault) -> Session? {
    try db.first(
      "SELECT * FROM session WHERE station = ?1 AND start_key = ?2", station, startKey, as: read)
  }

  /// The running one.
  public func running(at evse: EVSE) throws(StoreFault) -> Session? {
    try unended(of: evse.station).last { $0.evse == evse.id && $0.state == .active }
  }

  /// Those of remote starts that wait for their cars.
  public func pending(of station: ID<Station>) throws(StoreFault) -> [Session] {
    try unended(of: station).filter { $0.state == .pending }
  }

  /// Those of remote starts for a tag whose cars did not come in time, since that time, the newest first.
  public func missed(of station: ID<Station>, uid: String, since time: Timestamp) throws(StoreFault) -> [Session] {
    try db.rows(
      """
      SELECT * FROM session INDEXED BY session_missed
      WHERE station = ?1 AND folded_uid = ?2 AND started_at >= ?3 AND state = 'invalid' AND command IS NOT NULL
      ORDER BY started_at DESC
      """, station, Token.fold(uid), time, as: read)
  }

  /// Of a token that may not have any number at once.
  public func countRunning(of token: Token) throws(StoreFault) -> Int {
    try db.value(
      "SELECT count(*) FROM session WHERE state = 'active' AND folded_uid = ?1 AND owner IS ?2", token.foldedUID,
      token.owner) ?? 0
  }

  /// Whether a payment by somebody whom nobody knows has a session that waits or runs.
  public func waitsOrRuns(paidBy reference: String) throws(StoreFault) -> Bool {
    try db.value(
      """
      SELECT EXISTS (SELECT 1 FROM session WHERE state IN ('pending', 'active') AND folded_uid = ?1 AND owner IS NULL)
      """, Token.fold(reference)) ?? false
  }

  /// The one that a remote start made, also after it ended.
  public func session(command: String) throws(StoreFault) -> Session? {
    try db.first("SELECT * FROM session WHERE command = ?1", command, as: read)
  }

  /// By its number in the books, by which a 2.x station tells which remote start it follows.
  public func session(number: Int64) throws(StoreFault) -> Session? {
    try db.first("SELECT * FROM session WHERE number = ?1", number, as: read)
  }

  /// The newest that was authorized under that reference.
  public func session(reference: String) throws(StoreFault) -> Session? {
    try db.first(
      "SELECT * FROM session WHERE authorization_reference = ?1 ORDER BY id DESC LIMIT 1", reference, as: read)
  }

  /// One of a partner's drivers; nil where it is somebody else's.
  public func session(_ id: String, of partner: ID<Partner>) throws(StoreFault) -> Session? {
    try db.first("SELECT * FROM session WHERE id = ?1 AND partner = ?2", id, partner, as: read)
  }

  /// Pending and running ones.
  public func pendingOrRunning(of station: ID<Station>) throws(StoreFault) -> [Session] {
    try unended(of: station).filter(\.isOpen)
  }

  /// Those of a station that are not over, superseded ones among them, by their ids.
  public func unended(of station: ID<Station>) throws(StoreFault) -> [Session] {
    if let known = db.cache?.openSessions.all(of: station) { return known.map(\.session) }
    let all = try db.rows(
      "SELECT * FROM session INDEXED BY session_open WHERE station = ?1 AND ended_at IS NULL ORDER BY id", station
    ) { (row) throws(StoreFault) in try OpenSessions.Kept(number: row.get("number"), session: read(row)) }
    db.cache?.openSessions.load(all, of: station)
    return all.map(\.session)
  }

  private func read(_ row: Row) throws(StoreFault) -> Session {
    try Session(row: row, tariff: Tariffs(db: db).frozen(row.get("tariff")))
  }

  /// Those of remote starts whose car did not come since that time.
  public func pending(before time: Timestamp) throws(StoreFault) -> [Session] {
    try db.rows(
      """
      SELECT * FROM session INDEXED BY session_waiting
      WHERE ended_at IS NULL AND state <> 'active' AND state = 'pending' AND updated_at <= ?1 ORDER BY id
      """, time, as: read)
  }

  /// Those that wait for a late stop and did not change since that time.
  public func superseded(before time: Timestamp) throws(StoreFault) -> [Session] {
    try db.rows(
      """
      SELECT * FROM session INDEXED BY session_waiting
      WHERE ended_at IS NULL AND state <> 'active' AND state = 'superseded' AND updated_at <= ?1 ORDER BY id
      """, time, as: read)
  }

  /// The newest first, before a cursor.
  public func list(
    _ filter: SessionFilter = SessionFilter(), before cursor: String? = nil, limit: Int
  ) throws(StoreFault) -> [Session] {
    let end = try cursor.map { id throws(StoreFault) in try place(of: id) } ?? .max
    let (state, uid, limit) = (filter.state?.rawValue, filter.uid.map(Token.fold), Limits.page(limit))
    // One question each for what has an index: SQLite takes none for a condition that may not be there.
    if let uid {
      return try db.rows(
        """
        SELECT * FROM session INDEXED BY session_token
        WHERE folded_uid = ?7 AND number < ?1
          AND (?2 IS NULL OR state = ?2) AND (NOT ?3 OR ended_at IS NULL) AND (?4 IS NULL OR station = ?4)
          AND (?5 IS NULL OR location = ?5) AND (?6 IS NULL OR partner = ?6)
          AND (?8 IS NULL OR started_at >= ?8) AND (?9 IS NULL OR started_at < ?9)
        ORDER BY number DESC LIMIT ?10
        """,
        end, state, filter.isOpen, filter.station, filter.location, filter.partner, uid, filter.from, filter.to, limit,
        as: read)
    }
    if let station = filter.station {
      return try db.rows(
        """
        SELECT * FROM session INDEXED BY session_station
        WHERE station = ?4 AND number < ?1
          AND (?2 IS NULL OR state = ?2) AND (NOT ?3 OR ended_at IS NULL)
          AND (?5 IS NULL OR location = ?5) AND (?6 IS NULL OR partner = ?6)
          AND (?7 IS NULL OR started_at >= ?7) AND (?8 IS NULL OR started_at < ?8)
        ORDER BY number DESC LIMIT ?9
        """,
        end, state, filter.isOpen, station, filter.location, filter.partner, filter.from, filter.to, limit, as: read)
    }
    if filter.isOpen || filter.state?.isUnended == true {
      return try db.rows(
        """
        SELECT * FROM session INDEXED BY session_open
        WHERE ended_at IS NULL AND number < ?1 AND (?2 IS NULL OR state = ?2)
          AND (?3 IS NULL OR location = ?3) AND (?4 IS NULL OR partner = ?4)
          AND (?5 IS NULL OR started_at >= ?5) AND (?6 IS NULL OR started_at < ?6)
        ORDER BY number DESC LIMIT ?7
        """, end, state, filter.location, filter.partner, filter.from, filter.to, limit, as: read)
    }
    return try db.rows(
      """
      SELECT * FROM session
      WHERE number < ?1
        AND (?2 IS NULL OR state = ?2)
        AND (?3 IS NULL OR location = ?3) AND (?4 IS NULL OR partner = ?4)
        AND (?5 IS NULL OR started_at >= ?5) AND (?6 IS NULL OR started_at < ?6)
      ORDER BY number DESC LIMIT ?7
      """,
      end, state, filter.location, filter.partner, filter.from, filter.to, limit, as: read)
  }

  /// Those that began in a span of time and are over, in the order of their beginnings, behind one of them.
  public func completed(
    in span: Uptime.Span, after cursor: String? = nil, limit: Int
  ) throws(StoreFault) -> [Session] {
    let mark = try mark(cursor, in: span)
    return try db.rows(
      """
      SELECT * FROM session
      WHERE state = 'completed' AND started_at >= ?1 AND started_at < ?2 AND (started_at > ?1 OR number > ?3)
      ORDER BY started_at, number LIMIT ?4
      """, mark.at, span.end, mark.number, Limits.page(limit), as: read)
  }

  /// The same ones of one location or of all, with no more of each than a report needs.
  public func reported(
    in span: Uptime.Span, at location: ID<Location>?, after cursor: String? = nil, limit: Int
  ) throws(StoreFault) -> [ReportedSession] {
    let mark = try mark(cursor, in: span)
    return try db.rows(
      """
      SELECT session.id, started_at, ended_at, ending, max(meter_last - meter_start, 0) AS energy, token ->> 'type' AS kind,
        session.evse, session.station, evse.uid, station.identity, location.ref, connector.number AS plug,
        (SELECT power FROM reading WHERE session = session.number AND power IS NOT NULL
         ORDER BY CAST(power AS REAL) DESC LIMIT 1) AS power
      FROM session LEFT JOIN evse ON evse.id = session.evse LEFT JOIN station ON station.id = session.station
        LEFT JOIN location ON location.id = session.location
        LEFT JOIN connector ON connector.id = session.connector AND connector.evse = session.evse
      WHERE session.state = 'completed' AND started_at >= ?1 AND started_at < ?2
        AND (started_at > ?1 OR session.number > ?3) AND (?4 IS NULL OR session.location = ?4)
      ORDER BY started_at, session.number LIMIT ?5
      """, mark.at, span.end, mark.number, location, Limits.page(limit), as: ReportedSession.init(row:))
  }

  /// Where a walk by beginnings goes on behind a session.
  private func mark(_ cursor: String?, in span: Uptime.Span) throws(StoreFault) -> (at: Timestamp, number: Int64) {
    let found = try cursor.flatMap { id throws(StoreFault) in
      try db.first("SELECT started_at, number FROM session WHERE id = ?1", id) { (row) throws(StoreFault) in
        try (at: row.get("started_at") as Timestamp, number: row.get("number") as Int64)
      }
    }
    return found ?? (span.begin, 0)
  }

  /// The number of that session; for an id that is none of ours the number before which it would stand.
  private func place(of id: String) throws(StoreFault) -> Int64 {
    if let number = try number(of: id) { return number }
    let before: Int64? = try db.value("SELECT number FROM session WHERE id < ?1 ORDER BY id DESC LIMIT 1", id)
    return (before ?? 0) + 1
  }

  /// Those of a partner's drivers, by their newest change. A million of them is counted at the first and at the last page of
  /// a walk, and not for each between.
  public func page(
    _ query: PageQuery, of partner: ID<Partner>, behalf party: PartyID? = nil
  ) throws(StoreFault) -> Page<Session> {
    let rows = try db.rows(
      """
      SELECT * FROM session
      WHERE partner = ?1 AND (updated_at, id) > (?2, ?3) AND updated_at < ?4
        AND (?5 IS NULL OR (upper(token ->> 'country_code') = ?5 AND upper(token ->> 'party_id') = ?6))
      ORDER BY updated_at, id LIMIT ?7 OFFSET ?8
      """, partner, query.behind.time, query.behind.id, query.end, party?.country, party?.party, query.rows,
      query.skipped, as: read)
    let known = rows.count < query.rows ? nil : query.after?.counted
    let counted = if let known { known } else { try count(query, of: partner, party) }
    return Page(rows, of: query, total: counted.count) { session in
      var mark = PageMark(time: session.updatedAt, id: session.id)
      mark.counted = counted
      return mark
    }
  }

  private func count(
    _ query: PageQuery, of partner: ID<Partner>, _ party: PartyID?
  ) throws(StoreFault) -> PageMark.Counted {
    let total: Int? = try db.value(
      """
      SELECT count(*) FROM session
      WHERE partner = ?1 AND updated_at >= ?2 AND updated_at < ?3
        AND (?4 IS NULL OR (upper(token ->> 'country_code') = ?4 AND upper(token ->> 'party_id') = ?5))
      """, partner, query.first, query.end, party?.country, party?.party)
    return PageMark.Counted(count: total ?? 0, before: query.first)
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
    let number = try db.insert(
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
      try Tariffs(db: db).freeze(session.tariff), startKey, session.updatedAt)
    db.cache?.openSessions.put(.init(number: number, session: session))
  }

  /// Writes what a session has become. A start key, where one is given, is that of a pending session's real start.
  public func save(_ session: Session, startKey: String? = nil) throws(StoreFault) {
    let number = try number(of: session.id)
    let changed = try db.run(
      """
      UPDATE session SET evse = ?2, connector = ?3, location = ?4, transaction_id = ?5, token = ?6, folded_uid = ?7,
        owner = ?8, partner = iif(owner IS ?8, partner, (SELECT partner FROM partner_role WHERE id = ?8)), method = ?9,
        authorization_reference = ?10, group_id = ?11, command = ?12, state = ?13, started_at = ?14, ended_at = ?15,
        ending = ?16, meter_start = ?17, meter_last = ?18, last_reading_at = ?19, power = ?20, state_of_charge = ?21,
        shifts = ?22, tariff = ?23, start_key = coalesce(?24, start_key), updated_at = ?25
      WHERE number = ?1
      """,
      number, session.evse, session.connector, session.location, session.transaction, session.token.stored,
      Token.fold(session.token.uid), session.owner, session.authorization.rawValue, session.authorizationReference,
      session.groupID, session.command, session.state.rawValue, session.startedAt, session.endedAt,
      session.ending?.rawValue, session.meterStart, session.meterLast, session.lastReadingAt, session.power,
      session.stateOfCharge, session.storedShifts, try Tariffs(db: db).freeze(session.tariff), startKey,
      session.updatedAt)
    try wrote(session, number, changed)
  }

  /// Writes what readings and pauses change in a running session, and touches no index of the rest: most writes of a session
  /// are of this kind.
  public func saveProgress(_ session: Session) throws(StoreFault) {
    let number = try number(of: session.id)
    let changed = try db.run(
      """
      UPDATE session SET meter_last = ?2, last_reading_at = ?3, power = ?4, state_of_charge = ?5, shifts = ?6, updated_at = ?7
      WHERE number = ?1
      """,
      number, session.meterLast, session.lastReadingAt, session.power, session.stateOfCharge, session.storedShifts,
      session.updatedAt)
    try wrote(session, number, changed)
  }

  /// Writes the end of a session and nothing that holds since its start. A stop key, where one is given, is the register
  /// and reason of its stop as the station sent them.
  public func finish(_ session: Session, stopKey: String? = nil) throws(StoreFault) {
    let number = try number(of: session.id)
    let changed = try db.run(
      """
      UPDATE session SET state = ?2, ended_at = ?3, ending = ?4, meter_last = ?5, last_reading_at = ?6, power = ?7,
        state_of_charge = ?8, shifts = ?9, stop_key = coalesce(?10, stop_key), updated_at = ?11
      WHERE number = ?1
      """,
      number, session.state.rawValue, session.endedAt, session.ending?.rawValue, session.meterLast,
      session.lastReadingAt, session.power, session.stateOfCharge, session.storedShifts, stopKey, session.updatedAt)
    try wrote(session, number, changed)
  }

  private func wrote(_ session: Session, _ number: Int64?, _ changed: Int) throws(StoreFault) {
    guard changed == 1, let number else { throw .missing("session \(session.id)") }
    db.cache?.openSessions.put(.init(number: number, session: session))
  }

  /// Its number in the books.
  public func number(of id: String) throws(StoreFault) -> Int64? {
    if let known = db.cache?.openSessions.number(of: id) { return known }
    return try db.value("SELECT number FROM session WHERE id = ?1", id)
  }

  /// The register and reason of its stop as the station sent them; nil before a stop.
  public func stopKey(of id: String) throws(StoreFault) -> String? {
    let key: String?? = try db.value("SELECT stop_key FROM session WHERE id = ?1", id)
    return key ?? nil
  }

  // MARK: Transaction numbers

  /// The next number for a 1.6 station: positive, below 2³¹, never given twice.
  public func nextTransaction() throws(StoreFault) -> Int64 {
    var free = db.cache?.transactions ?? 0..<0
    if free.isEmpty {
      // Who remembers nothing takes no more than it gives.
      let count = db.cache == nil ? 1 : Limits.transactionsAtOnce
      let last = try advanceTransactions(by: count)
      free = last - count + 1..<last + 1
    }
    guard let number = free.popFirst(), number <= Limits.transactions else {
      throw .constraint("all transaction numbers of OCPP 1.6 are used up")
    }
    db.cache?.transactions = free
    return number
  }

  /// After a restore: numbers that were given after the backup are out there and must not be given again.
  public func jumpTransactions() throws(StoreFault) {
    db.cache?.transactions = 0..<0
    _ = try advanceTransactions(by: Limits.transactionJump)
  }

  private func advanceTransactions(by count: Int64) throws(StoreFault) -> Int64 {
    let text: String? = try db.value(
      """
      INSERT INTO setting (name, value) VALUES ('last_transaction', CAST(?1 AS TEXT))
      ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + ?1 AS TEXT) RETURNING value
      """, count)
    guard let number = text.flatMap({ Int64($0) }) else {
      throw .corrupt(file: db.file, what: "the last transaction number is no number")
    }
    return number
  }
}

// MARK: - Readings

nonisolated extension Sessions {
  /// Keeps a reading. False where the very same one is there already.
  @discardableResult
  public func append(_ reading: Reading, to session: String, receivedAt now: Timestamp) throws(StoreFault) -> Bool {
    guard let number = try number(of: session) else { throw .missing("session \(session)") }
    let isNew =
      try db.run(
        """
        INSERT INTO reading (session, at, context, register, power, current, state_of_charge, raw, digest, received_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (session, at, context, digest) DO NOTHING
        """,
        number, reading.at, reading.context.rawValue, reading.register, reading.power, reading.current,
        reading.stateOfCharge, reading.raw, Self.digest(reading.raw), now) > 0
    guard isNew else { return false }
    if db.lastInserted.isMultiple(of: Limits.readingsBetweenLooks) { try thin(number) }
    if !reading.signed.isEmpty {
      try SignedReadings(db: db).append(reading, to: number, receivedAt: now)
    }
    return true
  }

  /// Of a session with too many readings each second one goes, but for the first and the last: its course stays, at a
  /// coarser grain, and what it costs is reckoned from no more than that.
  private func thin(_ session: Int64) throws(StoreFault) {
    let count: Int = try db.value("SELECT count(*) FROM reading WHERE session = ?1", session) ?? 0
    guard count > Limits.readingsPerSession else { return }
    try db.run(
      """
      DELETE FROM reading WHERE seq IN (
        SELECT seq FROM (SELECT seq, row_number() OVER (ORDER BY at, seq) AS place FROM reading WHERE session = ?1)
        WHERE place % 2 = 0 AND place < ?2)
      """, session, count)
  }

  /// In the order of their times, as the station's clock gave them.
  public func readings(of session: String) throws(StoreFault) -> [Reading] {
    try db.rows(
      "SELECT * FROM reading WHERE session = (SELECT number FROM session WHERE id = ?1) ORDER BY at, seq", session
    ) { (row) throws(StoreFault) in try Reading(row: row, raw: row.get("raw")) }
  }

  /// The same without what the station sent word for word, which no bill needs.
  public func figures(of session: String) throws(StoreFault) -> [Reading] {
    guard let number = try number(of: session) else { return [] }
    let rows = try db.rows(
      """
      SELECT seq, at, context, register, power, current, state_of_charge FROM reading WHERE session = ?1 ORDER BY at
      """, number
    ) { (row) throws(StoreFault) in
      let reading = try Reading(row: row, raw: .null)
      return Placed(at: reading.at, place: try row.get("seq"), value: reading)
    }
    return Placed.inOrder(rows)
  }

  /// In the order of their arrival, after a cursor, each with its place: for a live chart.
  public func readings(
    of session: String, after seq: Int64, limit: Int
  ) throws(StoreFault) -> [(seq: Int64, reading: Reading)] {
    try db.rows(
      """
      SELECT * FROM reading WHERE session = (SELECT number FROM session WHERE id = ?1) AND seq > ?2
      ORDER BY seq LIMIT ?3
      """, session, seq, Limits.page(limit)
    ) { (row) throws(StoreFault) in try (row.get("seq"), Reading(row: row, raw: row.get("raw"))) }
  }

  /// Forgets sessions that ended so long ago, once their bill and their readings are gone; who charged goes with them. The
  /// newest stays, so that no number is used twice.
  public func prune(endedBefore time: Timestamp) throws(StoreFault) -> Pruned {
    let old = try db.rows(
      """
      SELECT number, id FROM session
      WHERE ended_at < ?1 AND number < (SELECT max(number) FROM session)
        AND NOT EXISTS (
          SELECT 1 FROM cdr WHERE cdr.session = session.id AND cdr.credits IS NULL AND cdr.credited_by IS NULL)
        AND NOT EXISTS (SELECT 1 FROM reading WHERE reading.session = session.number)
      ORDER BY ended_at LIMIT ?2
      """, time, Limits.prunedAtOnce
    ) { (row) throws(StoreFault) in try (number: row.get("number") as Int64, id: row.get("id") as String) }
    for session in old {
      try db.run("DELETE FROM station_transaction WHERE session = ?1", session.id)
      try db.run("DELETE FROM session_carbon WHERE session = ?1", session.number)
      try db.run("DELETE FROM session WHERE number = ?1", session.number)
    }
    return Pruned(removed: old.count)
  }

  /// Removes the oldest readings of sessions that did not change since that time; the sessions stay for as long as bills.
  public func pruneReadings(before time: Timestamp) throws(StoreFault) -> Pruned {
    let end = try firstReading(since: time)
    let sessions = try db.rows(
      """
      SELECT session.number, session.id FROM session WHERE number IN (
        SELECT reading.session FROM reading JOIN session ON session.number = reading.session
        WHERE seq < ?1 AND session.updated_at < ?2
        ORDER BY seq LIMIT ?3)
      """, end, time, Limits.prunedAtOnce
    ) { (row) throws(StoreFault) in (number: try row.get("number") as Int64, id: try row.get("id") as String) }
    for (number, id) in sessions {
      if let session = try session(id) { try Carbon(db: db).freeze(session, number: number) }
    }
    return Pruned(
      removed: try db.run(
        """
        DELETE FROM reading WHERE seq IN (
          SELECT seq FROM reading JOIN session ON session.number = reading.session
          WHERE seq < ?1 AND session.updated_at < ?2
          ORDER BY seq LIMIT ?3)
        """, end, time, Limits.prunedAtOnce))
  }

  /// Readings are numbered as they come, so halving finds where a time begins without an index.
  private func firstReading(since time: Timestamp) throws(StoreFault) -> Int64 {
    var low: Int64 = 1
    var high: Int64 = try (db.value("SELECT seq FROM reading ORDER BY seq DESC LIMIT 1") ?? 0) + 1
    while low < high {
      let middle = low + (high - low) / 2
      let at: Timestamp? = try db.value(
        "SELECT received_at FROM reading WHERE seq >= ?1 ORDER BY seq LIMIT 1", middle)
      if let at, at < time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func digest(_ raw: JSONText) -> Int64 {
    SHA256.digest(raw.bytes).prefix(8).reduce(0) { $0 << 8 | Int64($1) }
  }
}

/// A row of a session with its moment and its place in the books. An index gives the rows of a session by their moments;
/// that SQLite puts those of one moment in the order of their places too would cost it a sorter for each question, which
/// takes longer than all the rest.
nonisolated struct Placed<Value> {
  let at: Timestamp
  let place: Int64
  let value: Value

  /// By moment, then by place.
  static func inOrder(_ rows: [Placed]) -> [Value] {
    rows.sorted { ($0.at, $0.place) < ($1.at, $1.place) }.map(\.value)
  }
}

/// A session that is over, as reports name it.
nonisolated public struct ReportedSession: Sendable, Equatable {
  public let id: String
  public let startedAt: Timestamp
  public let endedAt: Timestamp?
  public let ending: Session.Ending?
  public let energy: Energy
  public let kind: Token.Kind
  /// How its location, station and EVSE are called, or their numbers where they are in the books no more.
  public let site: String?
  public let charger: String
  public let port: String
  public let connector: Int?
  /// The highest power that a reading told, in W.
  public let power: Decimal?

  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    startedAt = try row.get("started_at")
    endedAt = try row.get("ended_at")
    ending = try row.maybeWord("ending")
    energy = try row.get("energy")
    kind = try row.word("kind")
    site = try row.get("ref")
    let (station, evse): (Int64, Int64) = try (row.get("station"), row.get("evse"))
    charger = try row.get("identity") ?? "\(station)"
    port = try row.get("uid") ?? "\(evse)"
    connector = try row.get("plug")
    power = try row.get("power")
  }
}

nonisolated extension Reading {
  init(row: Row, raw: JSONText) throws(StoreFault) {
    try self.init(
      at: row.get("at"), register: row.get("register"), power: row.get("power"), current: row.get("current"),
      stateOfCharge: row.get("state_of_charge"), context: row.word("context"), raw: raw)
  }
}

nonisolated extension Session.State {
  /// A session of this state has no end.
  var isUnended: Bool {
    switch self {
    case .pending, .active, .superseded: true
    case .completed, .invalid: false
    }
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

  init(row: Row, tariff: Tariff?) throws(StoreFault) {
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
      id: row.get("id"), place: place, holder: holder, command: row.get("command"), tariff: tariff,
      state: row.word("state"), transaction: row.get("transaction_id"), startedAt: row.get("started_at"),
      endedAt: row.get("ended_at"), ending: row.maybeWord("ending"), meterStart: row.get("meter_start"),
      meterLast: row.get("meter_last"), lastReadingAt: row.get("last_reading_at"), power: row.get("power"),
      stateOfCharge: row.get("state_of_charge"), shifts: shifts, updatedAt: row.get("updated_at"))
  }
}
