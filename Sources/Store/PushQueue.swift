import Domain
import Wire

/// What kind of object a push speaks of.
nonisolated public enum PushModule: String, Word {
  case locations, evses, tariffs, sessions, cdrs, commands, tokens
  /// What a planned session's charging comes to.
  case profiles = "chargingprofiles"
  /// Which CDRs an invoice asks for.
  case invoices = "invoicereconciliation"
  case bookings = "booking", bookingLocations = "booking_locations"

  /// Its place in the order at one location and of one session: the location before the session before the CDR.
  var rank: Int {
    switch self {
    case .locations: 0
    case .evses: 1
    case .sessions: 2
    case .cdrs: 3
    case .tariffs, .commands, .profiles, .tokens, .invoices, .bookings, .bookingLocations: 0
    }
  }
}

/// Which row of the push queue: one per object and partner.
nonisolated public struct PushKey: Sendable, Hashable {
  public var partner: ID<Partner>
  public var module: PushModule
  /// A location's or a token's number in our books, an EVSE's uid, a tariff's party and ref (`NL*OST/T1`), the ref of a
  /// booking location, an invoice's number, the id of a session, a CDR, a booking or a command.
  public var object: String

  public init(partner: ID<Partner>, module: PushModule, object: String) {
    (self.partner, self.module, self.object) = (partner, module, object)
  }
}

/// What a partner must learn of one object, and how far we are.
nonisolated public struct PushRow: Sendable, Equatable {
  public enum State: String, Word {
    case due
    /// The partner refused the data: it waits for a person, or for a change of the object, and blocks nothing.
    case parked
  }

  public let key: PushKey
  /// Ours, whose object it is.
  public let party: ID<Party>
  public let location: ID<Location>?
  public let session: String?
  /// The seq of the newest event that the partner must learn of, and of the newest that it knows.
  public let wanted: Int64
  public let sent: Int64
  public let state: State
  public let attempts: Int
  /// When it goes out at the earliest.
  public let nextAt: Timestamp
  /// Since when the partner does not know the latest.
  public let dueSince: Timestamp
  public let expiresAt: Timestamp?
  public let lastError: String?
  /// The bytes of an earlier attempt, which must be sent again as they are.
  public let request: String?
  public let sentAt: Timestamp?

  public var isDone: Bool { state == .due && sent >= wanted }

  /// Whether the partner may know the object: an attempt of which no answer came may have arrived.
  public var wasTried: Bool { sent > 0 || attempts > 0 || lastError != nil }
}

/// How much waits for one partner.
nonisolated public struct PushDepth: Sendable, Equatable {
  public let due: Int
  public let parked: Int
  /// Since when the oldest due row waits.
  public let oldest: Timestamp?
  /// When the next one goes out at the earliest.
  public let nextAt: Timestamp?
}

/// The push queue: what partners must learn, written in the commit that made it true. After an outage a partner gets
/// the current state, not a replay.
nonisolated public struct PushQueue {
  let db: Database

  /// A partner must learn of the object's state as of an event, or of figures that moved without one. A row that is
  /// backing off keeps its pause, one that was parked gets another chance, one that waits goes out at the earlier of
  /// both times.
  public func want(
    _ key: PushKey, party: ID<Party>, location: ID<Location>? = nil, session: String? = nil, seq: Int64,
    at now: Timestamp, notBefore: Timestamp? = nil, expiresAt: Timestamp? = nil, request: String? = nil
  ) throws(StoreFault) {
    try db.run(
      """
      INSERT INTO push (partner, module, object, party, location, session, rank, wanted, next_at, due_since, expires_at,
        request, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?10)
      ON CONFLICT (partner, module, object) DO UPDATE SET
        party = excluded.party,
        location = coalesce(excluded.location, location),
        session = coalesce(excluded.session, session),
        wanted = max(wanted + 1, excluded.wanted),
        next_at = CASE
          WHEN state <> 'due' OR sent >= wanted THEN excluded.next_at
          WHEN attempts > 0 THEN next_at
          ELSE min(next_at, excluded.next_at) END,
        due_since = iif(state = 'due' AND sent < wanted, due_since, excluded.due_since),
        attempts = iif(state = 'due' AND sent < wanted, attempts, 0),
        state = 'due',
        expires_at = excluded.expires_at,
        request = coalesce(excluded.request, request),
        updated_at = excluded.updated_at
      """,
      key.partner, key.module.rawValue, key.object, party, location, session, key.module.rank, seq, notBefore ?? now,
      now, expiresAt, request)
  }

  /// What may go out now: at most `limit` rows per registered partner, none that is in flight, and none whose location
  /// or session has a due row that stands before it, in flight, waiting or backing off. Stragglers of a partner hold up
  /// nothing.
  public func due(
    at now: Timestamp, perPartner limit: Int, excluding inFlight: Set<PushKey>,
    stragglers: (ID<Partner>) -> Set<PushKey> = { _ in [] }
  ) throws(StoreFault) -> [PushRow] {
    let partners = try db.rows(
      """
      SELECT id FROM partner
      WHERE state = 'registered' AND EXISTS (
        SELECT 1 FROM push
        WHERE push.partner = partner.id AND push.state = 'due' AND push.sent < push.wanted AND push.next_at <= ?1)
      ORDER BY id
      """, now
    ) { (row) throws(StoreFault) in try row.get("id") as ID<Partner> }
    var due: [PushRow] = []
    for partner in partners {
      let busy = inFlight.count { $0.partner == partner }
      let candidates = try candidates(partner, at: now, limit: limit + busy, past: stragglers(partner))
      due += candidates.filter { !inFlight.contains($0.key) }.prefix(max(0, limit - busy))
    }
    return due
  }

  /// The bound on `rank` keeps the look for a due location off the thousands of due sessions that stand at it after an
  /// outage.
  private func candidates(
    _ partner: ID<Partner>, at now: Timestamp, limit: Int, past stragglers: Set<PushKey>
  ) throws(StoreFault) -> [PushRow] {
    try db.rows(
      """
      SELECT * FROM push AS mine
      WHERE partner = ?1 AND state = 'due' AND sent < wanted AND next_at <= ?2
        AND NOT EXISTS (
          SELECT 1 FROM push AS before
          WHERE before.partner = ?1 AND before.state = 'due' AND before.sent < before.wanted
            AND before.location = mine.location AND before.rank < min(mine.rank, ?4)
            AND before.module IN ('locations', 'evses') AND mine.module IN ('evses', 'sessions', 'cdrs')
            AND before.module || ' ' || before.object NOT IN (SELECT value FROM json_each(?5)))
        AND NOT EXISTS (
          SELECT 1 FROM push AS before
          WHERE before.partner = ?1 AND before.state = 'due' AND before.sent < before.wanted
            AND before.session = mine.session AND before.rank < mine.rank AND before.module = 'sessions'
            AND mine.module = 'cdrs' AND before.module || ' ' || before.object NOT IN (SELECT value FROM json_each(?5)))
      ORDER BY next_at, rank, object LIMIT ?3
      """, partner, now, limit, PushModule.sessions.rank, Self.list(stragglers), as: PushRow.init(row:))
  }

  private static func list(_ keys: Set<PushKey>) -> String {
    JSON.array(keys.map { .string("\($0.module.rawValue) \($0.object)") }).text
  }

  /// What goes next of all that a row holds up; nil where it holds up nothing that is due.
  public func first(
    behind row: PushRow, at now: Timestamp, excluding inFlight: Set<PushKey>
  ) throws(StoreFault) -> PushRow? {
    guard [.locations, .evses, .sessions].contains(row.key.module) else { return nil }
    return try db.rows(
      """
      SELECT * FROM push
      WHERE partner = ?1 AND state = 'due' AND sent < wanted AND next_at <= ?2 AND rank > ?3
        AND module IN ('evses', 'sessions', 'cdrs') AND iif(?3 < ?6, location = ?4, session = ?5)
      ORDER BY rank, next_at LIMIT ?7
      """, row.key.partner, now, row.key.module.rank, row.location, row.session, PushModule.sessions.rank,
      inFlight.count + 1, as: PushRow.init(row:)
    ).first { !inFlight.contains($0.key) }
  }

  public func row(_ key: PushKey) throws(StoreFault) -> PushRow? {
    try db.first(
      "SELECT * FROM push WHERE partner = ?1 AND module = ?2 AND object = ?3", key.partner, key.module.rawValue,
      key.object, as: PushRow.init(row:))
  }

  /// When something goes out at the earliest; nil where nothing waits.
  public func nextAt() throws(StoreFault) -> Timestamp? {
    let next: Timestamp?? = try db.value(
      """
      SELECT min(next_at) FROM push JOIN partner ON partner.id = push.partner
      WHERE partner.state = 'registered' AND push.state = 'due' AND sent < wanted
      """)
    return next ?? nil
  }

  // MARK: What became of an attempt

  /// The bytes that every attempt will send, on disk before the first one leaves.
  public func storeRequest(_ request: String, for key: PushKey) throws(StoreFault) {
    try db.run(
      "UPDATE push SET request = ?4 WHERE partner = ?1 AND module = ?2 AND object = ?3",
      key.partner, key.module.rawValue, key.object, request)
  }

  /// The partner knows the state as of `seq`, which is what was wanted when the request was built. What came to be
  /// wanted meanwhile makes the row due again.
  public func succeeded(_ key: PushKey, sent seq: Int64, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      UPDATE push SET sent = max(sent, ?4), state = 'due', attempts = 0, last_error = NULL, sent_at = ?5,
        due_since = ?5, updated_at = ?5
      WHERE partner = ?1 AND module = ?2 AND object = ?3
      """, key.partner, key.module.rawValue, key.object, seq, now)
  }

  /// It will be tried again.
  public func failed(
    _ key: PushKey, why: String, attempts: Int, nextAt: Timestamp, at now: Timestamp
  ) throws(StoreFault) {
    try db.run(
      """
      UPDATE push SET attempts = ?4, next_at = ?5, last_error = ?6, updated_at = ?7
      WHERE partner = ?1 AND module = ?2 AND object = ?3
      """, key.partner, key.module.rawValue, key.object, attempts, nextAt, why, now)
  }

  /// The partner refused the data as they were when `sent` was wanted. False where they changed meanwhile: what they are now
  /// has its chance at once.
  @discardableResult
  public func park(_ key: PushKey, sent: Int64? = nil, why: String, at now: Timestamp) throws(StoreFault) -> Bool {
    let parked = try db.run(
      """
      UPDATE push SET state = 'parked', attempts = attempts + 1, last_error = ?4, updated_at = ?5
      WHERE partner = ?1 AND module = ?2 AND object = ?3 AND wanted = coalesce(?6, wanted)
      """, key.partner, key.module.rawValue, key.object, why, now, sent)
    guard parked == 0 else { return true }
    try db.run(
      """
      UPDATE push SET attempts = 0, next_at = ?5, last_error = ?4, updated_at = ?5
      WHERE partner = ?1 AND module = ?2 AND object = ?3
      """, key.partner, key.module.rawValue, key.object, why, now)
    return false
  }

  /// The partner has no use for it, or it is of no use any more.
  public func drop(_ key: PushKey) throws(StoreFault) {
    try db.run(
      "DELETE FROM push WHERE partner = ?1 AND module = ?2 AND object = ?3", key.partner, key.module.rawValue,
      key.object)
  }

  /// The partner is well again: what is backing off is tried now. What it refused stays parked.
  public func hurry(_ partner: ID<Partner>, except stragglers: Set<PushKey> = [], at now: Timestamp) throws(StoreFault)
  {
    try db.run(
      """
      UPDATE push SET next_at = ?2
      WHERE partner = ?1 AND state = 'due' AND sent < wanted AND attempts > 0 AND next_at > ?2
        AND module || ' ' || object NOT IN (SELECT value FROM json_each(?3))
      """, partner, now, Self.list(stragglers))
  }

  /// A row that the partner had refused was taken: what was refused behind it is tried again.
  public func revive(behind row: PushRow, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      UPDATE push SET state = 'due', attempts = 0, next_at = ?2, due_since = ?2, updated_at = ?2
      WHERE partner = ?1 AND state = 'parked' AND sent < wanted AND rank > ?3
        AND module IN ('evses', 'sessions', 'cdrs') AND iif(?3 < ?6, location = ?4, session = ?5)
      """, row.key.partner, now, row.key.module.rank, row.location, row.session, PushModule.sessions.rank)
  }

  /// Nothing goes out to a partner before a moment.
  public func rest(_ partner: ID<Partner>, until time: Timestamp) throws(StoreFault) {
    try db.run(
      "UPDATE push SET next_at = max(next_at, ?2) WHERE partner = ?1 AND state = 'due' AND sent < wanted", partner, time
    )
  }

  // MARK: What the operator does

  /// All that is parked or backing off for a partner is tried now.
  public func revive(_ partner: ID<Partner>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      UPDATE push SET state = 'due', attempts = 0, next_at = ?2, due_since = iif(state = 'due', due_since, ?2),
        updated_at = ?2
      WHERE partner = ?1 AND sent < wanted AND (state = 'parked' OR attempts > 0)
      """, partner, now)
  }

  /// One row is tried now.
  public func revive(_ key: PushKey, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      UPDATE push SET state = 'due', attempts = 0, next_at = ?4, due_since = iif(state = 'due', due_since, ?4),
        updated_at = ?4
      WHERE partner = ?1 AND module = ?2 AND object = ?3 AND sent < wanted
      """, key.partner, key.module.rawValue, key.object, now)
  }

  /// What waits for a partner, all or those in one state, parked rows first, then by when it goes out.
  public func waiting(
    for partner: ID<Partner>, state: PushRow.State? = nil, limit: Int
  ) throws(StoreFault) -> [PushRow] {
    try db.rows(
      """
      SELECT * FROM push WHERE partner = ?1 AND sent < wanted AND (?3 IS NULL OR state = ?3)
      ORDER BY state <> 'parked', next_at, rank, module, object LIMIT ?2
      """, partner, Limits.page(limit), state?.rawValue, as: PushRow.init(row:))
  }

  /// Why the last attempt of what waits for a partner failed, of a refused one first; nil where nothing has failed. Most
  /// rows of an outage were never tried themselves.
  public func trouble(of partner: ID<Partner>) throws(StoreFault) -> String? {
    try db.value(
      """
      SELECT last_error FROM push WHERE partner = ?1 AND sent < wanted AND last_error IS NOT NULL
      ORDER BY state <> 'parked', updated_at DESC LIMIT 1
      """, partner)
  }

  /// How much waits, by partner; a partner for which nothing waits is not there.
  public func depths() throws(StoreFault) -> [ID<Partner>: PushDepth] {
    let all = try db.rows(
      """
      SELECT partner, sum(state = 'due') AS due, sum(state = 'parked') AS parked,
        min(iif(state = 'due', due_since, NULL)) AS oldest, min(iif(state = 'due', next_at, NULL)) AS next_at
      FROM push INDEXED BY push_depth WHERE sent < wanted GROUP BY partner
      """
    ) { (row) throws(StoreFault) in
      try (
        row.get("partner") as ID<Partner>,
        PushDepth(due: row.get("due"), parked: row.get("parked"), oldest: row.get("oldest"), nextAt: row.get("next_at"))
      )
    }
    return Dictionary(uniqueKeysWithValues: all)
  }

  // MARK: Ends

  /// Drops what is of no use any more: late results of commands. Returns what was dropped before it was sent.
  @discardableResult
  public func expire(at now: Timestamp) throws(StoreFault) -> [PushKey] {
    let late = try db.rows(
      "SELECT * FROM push WHERE expires_at IS NOT NULL AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2",
      now, Limits.prunedAtOnce, as: PushRow.init(row:))
    for row in late { try drop(row.key) }
    return late.filter { !$0.isDone }.map(\.key)
  }

  /// Forgets rows that were told long ago: of sessions, CDRs and commands, of which a later change makes a new row, and of
  /// what is gone.
  public func prune(sentBefore time: Timestamp) throws(StoreFault) -> Pruned {
    let told = try db.run(
      """
      DELETE FROM push WHERE (partner, module, object) IN (
        SELECT partner, module, object FROM push INDEXED BY push_told
        WHERE sent >= wanted AND module NOT IN ('locations', 'evses', 'tariffs', 'tokens') AND sent_at < ?1 LIMIT ?2)
      """, time, Limits.prunedAtOnce)
    guard told < Limits.prunedAtOnce else { return Pruned(removed: told) }
    let known = try db.run(
      """
      DELETE FROM push WHERE (partner, module, object) IN (
        SELECT partner, module, object FROM push INDEXED BY push_known
        WHERE sent >= wanted AND module IN ('locations', 'evses', 'tariffs', 'tokens') AND sent_at < ?1 AND CASE module
          WHEN 'locations' THEN NOT EXISTS (SELECT 1 FROM location WHERE location.id = CAST(object AS INTEGER))
          WHEN 'evses' THEN NOT EXISTS (SELECT 1 FROM evse WHERE evse.uid = object)
          WHEN 'tariffs' THEN NOT EXISTS (
            SELECT 1 FROM tariff WHERE tariff.party = push.party AND tariff.ref = substr(object, instr(object, '/') + 1))
          ELSE NOT EXISTS (SELECT 1 FROM token WHERE token.id = CAST(object AS INTEGER)) END
        LIMIT ?2)
      """, time, Limits.prunedAtOnce - told)
    return Pruned(removed: told + known)
  }

  /// The relationship ended. What it ends are tokens, not debts: bills that were not taken wait for the next one, and so
  /// does which places and tariffs the partner knows, for what will be gone by then.
  public func forget(_ partner: ID<Partner>) throws(StoreFault) {
    try db.run(
      """
      DELETE FROM push WHERE partner = ?1 AND NOT (module = 'cdrs' AND sent < wanted)
        AND NOT (module IN ('locations', 'tariffs') AND sent > 0)
      """, partner)
    try db.run(
      """
      UPDATE push SET wanted = sent, state = 'due', attempts = 0, last_error = NULL
      WHERE partner = ?1 AND module IN ('locations', 'tariffs')
      """, partner)
  }

  /// Those of a kind that a partner knows, in pages.
  public func known(
    to partner: ID<Partner>, _ module: PushModule, after object: String? = nil, limit: Int
  ) throws(StoreFault) -> [PushRow] {
    try db.rows(
      """
      SELECT * FROM push WHERE partner = ?1 AND module = ?2 AND object > ?3 AND sent > 0 ORDER BY object LIMIT ?4
      """, partner, module.rawValue, object ?? "", Limits.page(limit), as: PushRow.init(row:))
  }

  /// The partner registered, anew or with other details: bills that wait, or that it refused, have their chance at once.
  public func reviveBills(of partner: ID<Partner>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      UPDATE push SET state = 'due', attempts = 0, next_at = ?2, due_since = iif(state = 'due', due_since, ?2),
        updated_at = ?2
      WHERE partner = ?1 AND module = 'cdrs' AND sent < wanted
      """, partner, now)
  }
}

nonisolated extension PushRow {
  init(row: Row) throws(StoreFault) {
    key = try PushKey(partner: row.get("partner"), module: row.word("module"), object: row.get("object"))
    party = try row.get("party")
    location = try row.get("location")
    session = try row.get("session")
    wanted = try row.get("wanted")
    sent = try row.get("sent")
    state = try row.word("state")
    attempts = try row.get("attempts")
    nextAt = try row.get("next_at")
    dueSince = try row.get("due_since")
    expiresAt = try row.get("expires_at")
    lastError = try row.get("last_error")
    request = try row.get("request")
    sentAt = try row.get("sent_at")
  }
}
