import Domain
import Wire

/// EVSEs that are held, or were, for whom.
nonisolated public struct Reservations {
  let db: Database

  public func reservation(_ id: String) throws(StoreFault) -> Reservation? {
    try db.first("SELECT * FROM reservation WHERE id = ?1", id, as: kept)
  }

  public func reservation(number: Int64, at station: ID<Station>) throws(StoreFault) -> Reservation? {
    try db.first(
      "SELECT * FROM reservation WHERE number = ?1 AND station = ?2", number, station, as: kept)
  }

  public func reservation(command: String, at station: ID<Station>) throws(StoreFault) -> Reservation? {
    try db.first(
      """
      SELECT * FROM reservation WHERE station = ?1 AND state IN ('asked', 'placed', 'cancelling') AND command = ?2
      """, station, command, as: kept)
  }

  /// A partner's, under its own id; the newest.
  public func reservation(_ reference: String, of partner: ID<Partner>) throws(StoreFault) -> Reservation? {
    try db.first(
      "SELECT * FROM reservation WHERE partner = ?1 AND partner_reference = ?2 ORDER BY number DESC", partner,
      reference,
      as: kept)
  }

  /// The one that a session used.
  public func reservation(session: String) throws(StoreFault) -> Reservation? {
    try db.first(
      "SELECT * FROM reservation WHERE session = ?1 AND state = 'used' ORDER BY number DESC LIMIT 1", session, as: kept)
  }

  public func open(of station: ID<Station>) throws(StoreFault) -> [Reservation] {
    try db.rows(
      """
      SELECT * FROM reservation WHERE station = ?1 AND state IN ('asked', 'placed', 'cancelling') ORDER BY number
      """, station, as: kept)
  }

  public func due(at now: Timestamp, limit: Int) throws(StoreFault) -> [Reservation] {
    try db.rows(
      "SELECT * FROM reservation WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2", now, limit, as: kept)
  }

  /// The station is back. By the words of the index of those that are open: it is asked at each arrival.
  public func hurry(_ station: ID<Station>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      """
      UPDATE reservation SET due_at = ?2
      WHERE station = ?1 AND state IN ('asked', 'placed', 'cancelling') AND state <> 'placed'
      """, station, now)
  }

  /// Those whose time is over, but for placed ones that are looked at again later.
  public func expired(at now: Timestamp, limit: Int) throws(StoreFault) -> [Reservation] {
    try db.rows(
      """
      SELECT * FROM reservation WHERE state IN ('asked', 'placed', 'cancelling') AND expires_at <= ?1
        AND (state <> 'placed' OR coalesce(due_at, 0) <= ?1)
      ORDER BY expires_at LIMIT ?2
      """, now, limit, as: kept)
  }

  /// The newest first, before a cursor.
  public func list(
    at station: ID<Station>? = nil, isOpen: Bool? = nil, before cursor: Int64? = nil, limit: Int
  ) throws(StoreFault) -> [Reservation] {
    try db.rows(
      """
      SELECT * FROM reservation
      WHERE (?1 IS NULL OR station = ?1) AND (?2 IS NULL OR (state IN ('asked', 'placed', 'cancelling')) = ?2)
        AND number < ?3
      ORDER BY number DESC LIMIT ?4
      """, station, isOpen, cursor ?? .max, Limits.page(limit), as: kept)
  }

  /// Keeps a new one; its number is given here.
  public func create(_ new: Reservation) throws(StoreFault) -> Reservation {
    var reservation = new
    reservation.number = try db.insert(
      """
      INSERT INTO reservation (id, station, evse, token, owner, group_id, expires_at, state, answer, origin, partner,
        partner_reference, session, command, due_at, created_at, updated_at, tariff, placed_at, given_up_at,
        authorization_reference)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
      """, new.id, new.station, new.evse, new.token.stored, new.owner, new.groupID, new.expiresAt, new.state.rawValue,
      new.answer, new.origin, new.partner, new.partnerReference, new.session, new.command, new.dueAt, new.createdAt,
      new.updatedAt, try Tariffs(db: db).freeze(new.tariff), new.placedAt, new.givenUpAt, new.authorizationReference)
    return reservation
  }

  public func save(_ reservation: Reservation) throws(StoreFault) {
    try db.run(
      """
      UPDATE reservation SET evse = ?2, expires_at = ?3, state = ?4, answer = ?5, session = ?6, command = ?7,
        due_at = ?8, updated_at = ?9, tariff = ?10, placed_at = ?11, given_up_at = ?12, token = ?13, owner = ?14,
        group_id = ?15, authorization_reference = ?16
      WHERE number = ?1
      """, reservation.number, reservation.evse, reservation.expiresAt, reservation.state.rawValue, reservation.answer,
      reservation.session, reservation.command, reservation.dueAt, reservation.updatedAt,
      try Tariffs(db: db).freeze(reservation.tariff), reservation.placedAt, reservation.givenUpAt,
      reservation.token.stored, reservation.owner, reservation.groupID, reservation.authorizationReference)
  }

  private func kept(_ row: Row) throws(StoreFault) -> Reservation {
    try Reservation(row: row, tariff: Tariffs(db: db).frozen(row.get("tariff")))
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM reservation WHERE number IN (
          SELECT number FROM reservation WHERE expires_at < ?1 AND state NOT IN ('asked', 'placed', 'cancelling')
          LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }
}

nonisolated extension Reservation {
  init(row: Row, tariff: Tariff?) throws(StoreFault) {
    try self.init(
      id: row.get("id"), number: row.get("number"), station: row.get("station"), evse: row.get("evse"),
      token: row.payload("token"), owner: row.get("owner"), groupID: row.get("group_id"),
      expiresAt: row.get("expires_at"), origin: row.get("origin"), partner: row.get("partner"),
      partnerReference: row.get("partner_reference"), at: row.get("created_at"))
    state = try row.word("state")
    answer = try row.get("answer")
    session = try row.get("session")
    command = try row.get("command")
    dueAt = try row.get("due_at")
    updatedAt = try row.get("updated_at")
    self.tariff = tariff
    placedAt = try row.get("placed_at")
    givenUpAt = try row.get("given_up_at")
    authorizationReference = try row.get("authorization_reference")
  }
}
