import Domain
import Wire

/// What bookings can be sorted by.
nonisolated public enum BookingColumn: String, Word { case from, to, partner, status }

/// What can be booked, and what is.
nonisolated public struct Bookings {
  let db: Database

  // MARK: Places

  public func place(_ id: ID<BookingLocation>) throws(StoreFault) -> BookingLocation? {
    try db.first("SELECT * FROM booking_location WHERE id = ?1", id, as: BookingLocation.init(row:))
  }

  public func place(_ ref: String) throws(StoreFault) -> BookingLocation? {
    try db.first("SELECT * FROM booking_location WHERE ref = ?1", ref, as: BookingLocation.init(row:))
  }

  /// In the order of their making, after a cursor.
  public func places(
    at location: ID<Location>? = nil, after cursor: ID<BookingLocation>? = nil, limit: Int
  ) throws(StoreFault) -> [BookingLocation] {
    try db.rows(
      "SELECT * FROM booking_location WHERE id > ?1 AND (?2 IS NULL OR location = ?2) ORDER BY id LIMIT ?3",
      cursor?.value ?? 0, location, Limits.page(limit), as: BookingLocation.init(row:))
  }

  /// Those that partners may see, by their newest change: open ones at published locations of some parties.
  public func published(
    from: Timestamp?, to: Timestamp?, of parties: [ID<Party>]
  ) throws(StoreFault) -> [BookingLocation] {
    try db.rows(
      """
      SELECT booking_location.* FROM booking_location JOIN location ON location.id = booking_location.location
      WHERE open AND published AND party IN (SELECT value FROM json_each(?1))
        AND booking_location.updated_at >= ?2 AND booking_location.updated_at < ?3
      ORDER BY booking_location.updated_at, booking_location.id
      """, jsonList(parties), from ?? Timestamp(milliseconds: .min), to ?? Timestamp(milliseconds: .max),
      as: BookingLocation.init(row:))
  }

  /// Those whose calendars show another day by now.
  public func rolling(at now: Timestamp, limit: Int) throws(StoreFault) -> [BookingLocation] {
    try db.rows(
      "SELECT * FROM booking_location WHERE open AND rolls_at <= ?1 ORDER BY rolls_at LIMIT ?2", now, limit,
      as: BookingLocation.init(row:))
  }

  public func placeCount() throws(StoreFault) -> Int { try db.value("SELECT count(*) FROM booking_location") ?? 0 }

  /// Keeps a new one; its id is given here.
  public func create(_ new: BookingLocation) throws(StoreFault) -> BookingLocation {
    var place = new
    place.id = ID(
      try db.insert(
        """
        INSERT INTO booking_location (ref, location, evses, open, terms, rules, rolls_at, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """, new.ref, new.location, new.storedEVSEs, new.isOpen, new.terms.stored, new.rules.stored, new.rollsAt,
        new.createdAt, new.updatedAt))
    return place
  }

  public func save(_ place: BookingLocation) throws(StoreFault) {
    try db.run(
      """
      UPDATE booking_location SET evses = ?2, open = ?3, terms = ?4, rules = ?5, rolls_at = ?6, updated_at = ?7
      WHERE id = ?1
      """, place.id, place.storedEVSEs, place.isOpen, place.terms.stored, place.rules.stored, place.rollsAt,
      place.updatedAt)
  }

  public func remove(_ id: ID<BookingLocation>) throws(StoreFault) {
    try db.run("DELETE FROM booking_location WHERE id = ?1", id)
  }

  // MARK: Bookings

  public func booking(_ id: String) throws(StoreFault) -> Booking? {
    try db.first("SELECT * FROM booking WHERE id = ?1", id, as: Booking.init(row:))
  }

  /// A partner's, under the id of the request.
  public func booking(
    _ request: String, asked asker: PartyID, of partner: ID<Partner>
  ) throws(StoreFault) -> Booking? {
    try db.first(
      "SELECT * FROM booking WHERE partner = ?1 AND asker = ?2 AND request_id = ?3", partner, asker.description,
      request,
      as: Booking.init(row:))
  }

  public func booking(reservation: String) throws(StoreFault) -> Booking? {
    try db.first("SELECT * FROM booking WHERE reservation = ?1", reservation, as: Booking.init(row:))
  }

  public func booking(session: String) throws(StoreFault) -> Booking? {
    try db.first("SELECT * FROM booking WHERE session = ?1", session, as: Booking.init(row:))
  }

  /// What is held at an EVSE in some span, besides one booking. Whoever came and has left holds nothing any more.
  public func holds(
    at evse: ID<EVSE>, in span: BookingPeriod, besides id: String? = nil
  ) throws(StoreFault) -> [Booking] {
    try db.rows(
      """
      SELECT * FROM booking
      WHERE evse = ?1 AND status IN ('RESERVED', 'FULFILLED') AND held_until > ?2 AND held_from < ?3
        AND (?4 IS NULL OR id <> ?4)
        AND (status = 'RESERVED' OR EXISTS (SELECT 1 FROM session WHERE id = booking.session AND ended_at IS NULL))
      ORDER BY held_from
      """, evse, span.start, span.end, id, as: Booking.init(row:))
  }

  /// Those of a location that stand at one time.
  public func standing(at location: ID<Location>, on time: Timestamp) throws(StoreFault) -> [Booking] {
    try db.rows(
      """
      SELECT * FROM booking
      WHERE location = ?1 AND held_until > ?2 AND held_from <= ?2 AND status = 'RESERVED' ORDER BY held_from, number
      """, location, time, as: Booking.init(row:))
  }

  /// Whether a token has a booking that stands in some period, besides one.
  public func isBooked(
    _ uid: String, of partner: ID<Partner>?, in period: BookingPeriod, besides id: String
  ) throws(StoreFault) -> Bool {
    let found: Int? = try db.value(
      """
      SELECT EXISTS (
        SELECT 1 FROM booking, json_each(booking.details, '$.booking_tokens') AS token
        WHERE partner IS ?1 AND status = 'RESERVED' AND starts_at < ?3 AND ends_at > ?2 AND booking.id <> ?4
          AND (token.value ->> 'uid') = ?5 COLLATE NOCASE)
      """, partner, period.start, period.end, id, uid)
    return found == 1
  }

  /// All that is kept of a partner.
  public func count(of partner: ID<Partner>) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM booking WHERE partner = ?1", partner) ?? 0
  }

  public func due(at now: Timestamp, limit: Int) throws(StoreFault) -> [Booking] {
    try db.rows("SELECT * FROM booking WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2", now, limit, as: Booking.init(row:))
  }

  /// What a partner may see, by its newest change.
  public func page(
    _ query: PageQuery, of partner: ID<Partner>, behalf: PartyID? = nil
  ) throws(StoreFault) -> Page<Booking> {
    let total: Int? = try db.value(
      """
      SELECT count(*) FROM booking
      WHERE partner = ?1 AND updated_at >= ?2 AND updated_at < ?3 AND (?4 IS NULL OR asker = ?4)
      """, partner, query.first, query.end, behalf?.description)
    let rows = try db.rows(
      """
      SELECT * FROM booking
      WHERE partner = ?1 AND updated_at >= ?2 AND updated_at < ?3 AND (?4 IS NULL OR asker = ?4)
        AND (?5 IS NULL OR (updated_at, number) > (?5, ?6))
      ORDER BY updated_at, number LIMIT ?7 OFFSET ?8
      """, partner, query.begin, query.end, behalf?.description, query.after?.time,
      query.after.map { Int64($0.id) ?? 0 }, query.rows, query.skipped, as: Booking.init(row:))
    return Page(rows, of: query, total: total ?? 0) { PageMark(time: $0.updatedAt, id: "\($0.number)") }
  }

  /// The newest first, before a cursor.
  public func list(
    at location: ID<Location>? = nil, isOpen: Bool? = nil, before cursor: Int64? = nil, limit: Int
  ) throws(StoreFault) -> [Booking] {
    try db.rows(
      """
      SELECT * FROM booking
      WHERE number < ?1 AND (?2 IS NULL OR location = ?2) AND (?3 IS NULL OR (status = 'RESERVED') = ?3)
      ORDER BY number DESC LIMIT ?4
      """, cursor ?? .max, location, isOpen, Limits.page(limit), as: Booking.init(row:))
  }

  /// In another order; nil where the filter leaves too many.
  public func list(
    at location: ID<Location>?, isOpen: Bool?, by order: Sorting<BookingColumn>, limit: Int
  ) throws(StoreFault) -> [Ranked<Booking>]? {
    try db.ranks(
      """
      WITH found (number, value) AS MATERIALIZED (
        SELECT number, coalesce(
          CASE ?1
            WHEN 'from' THEN starts_at
            WHEN 'to' THEN ends_at
            WHEN 'partner' THEN (SELECT lower(name) FROM partner WHERE id = booking.partner)
            WHEN 'status' THEN status END,
          -9223372036854775807)
        FROM booking WHERE (?7 IS NULL OR location = ?7) AND (?8 IS NULL OR (status = 'RESERVED') = ?8) LIMIT ?6)
      """, by: order, limit: limit, location, isOpen
    )?.items { (number) throws(StoreFault) in
      try db.first("SELECT * FROM booking WHERE number = ?1", number, as: Booking.init(row:))
    }
  }

  /// Keeps a new one; its number is given here.
  public func create(_ new: Booking) throws(StoreFault) -> Booking {
    var booking = new
    booking.number = try db.insert(
      """
      INSERT INTO booking (id, place, location, evse, partner, owner, asker, request_id, status, starts_at, ends_at,
        held_from, held_until, terms, details, reservation, session, why, due_at, created_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
      """, new.id, new.place, new.location, new.evse, new.partner, new.owner, new.asker?.description, new.requestID,
      new.status.rawValue, new.period.start, new.period.end, new.held.start, new.held.end, new.terms.stored,
      new.details.stored, new.reservation, new.session, new.why, new.dueAt, new.createdAt, new.updatedAt)
    return booking
  }

  public func save(_ booking: Booking) throws(StoreFault) {
    try db.run(
      """
      UPDATE booking SET evse = ?2, status = ?3, starts_at = ?4, ends_at = ?5, held_from = ?6, held_until = ?7,
        details = ?8, reservation = ?9, session = ?10, why = ?11, due_at = ?12, updated_at = ?13
      WHERE number = ?1
      """, booking.number, booking.evse, booking.status.rawValue, booking.period.start, booking.period.end,
      booking.held.start, booking.held.end, booking.details.stored, booking.reservation, booking.session, booking.why,
      booking.dueAt, booking.updatedAt)
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM booking WHERE number IN (
          SELECT number FROM booking WHERE updated_at < ?1 AND status <> 'RESERVED' ORDER BY updated_at LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }
}

nonisolated extension BookingLocation {
  fileprivate var storedEVSEs: JSON? { evses.isEmpty ? nil : jsonList(evses) }

  init(row: Row) throws(StoreFault) {
    try self.init(
      id: row.get("id"), ref: row.get("ref"), location: row.get("location"), isOpen: row.get("open"),
      terms: row.payload("terms"), rules: row.payload("rules"), at: row.get("created_at"))
    let stored: JSON? = try row.get("evses")
    evses = (stored?.array ?? []).compactMap { $0.int.map { ID($0) } }
    rollsAt = try row.get("rolls_at")
    updatedAt = try row.get("updated_at")
  }
}

nonisolated extension Booking {
  init(row: Row) throws(StoreFault) {
    let asker: String? = try row.get("asker")
    try self.init(
      number: row.get("number"), id: row.get("id"), place: row.get("place"), location: row.get("location"),
      requestID: row.get("request_id"), status: row.word("status"),
      period: BookingPeriod(row.get("starts_at"), row.get("ends_at")), terms: row.payload("terms"),
      details: row.payload("details"), at: row.get("created_at"))
    evse = try row.get("evse")
    partner = try row.get("partner")
    owner = try row.get("owner")
    self.asker = asker.flatMap { PartyID($0) }
    reservation = try row.get("reservation")
    session = try row.get("session")
    why = try row.get("why")
    dueAt = try row.get("due_at")
    updatedAt = try row.get("updated_at")
  }
}
