import Domain
import Wire

/// A place of another network that can be booked.
nonisolated public struct KeptRoamingBookingLocation: Sendable {
  public let id: ID<RoamingBookingLocation>
  public let key: RoamingKey
  /// The location's id there.
  public let location: String
  public let body: JSON
  public let updatedAt: Timestamp
  public let goneAt: Timestamp?
}

/// What one of our drivers has booked at another network, as its operator told it last.
nonisolated public struct KeptRoamingBooking: Sendable {
  public let id: ID<RoamingBooking>
  public let key: RoamingKey
  public let requestID: String
  public let status: String
  public let period: BookingPeriod
  public let body: JSON
  public let updatedAt: Timestamp
  /// Since when its operator lists it no more.
  public let goneAt: Timestamp?
}

/// What other networks tell of bookings (OCPI 2.3.0 bookings).
nonisolated public struct RoamingBookings {
  let db: Database

  // MARK: Places

  public func place(_ id: ID<RoamingBookingLocation>) throws(StoreFault) -> KeptRoamingBookingLocation? {
    try db.first(
      "SELECT * FROM roaming_booking_location WHERE id = ?1", id, as: KeptRoamingBookingLocation.init(row:))
  }

  public func place(_ key: RoamingKey) throws(StoreFault) -> KeptRoamingBookingLocation? {
    try db.first(
      "SELECT * FROM roaming_booking_location WHERE partner = ?1 AND country = ?2 AND party = ?3 AND ref = ?4",
      key.partner, key.party.country, key.party.party, key.ref, as: KeptRoamingBookingLocation.init(row:))
  }

  public func placeCount(of partner: ID<Partner>) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM roaming_booking_location WHERE partner = ?1", partner) ?? 0
  }

  /// Those that are there, in the order of their coming, after a cursor.
  public func places(
    at location: KeptRoamingLocation? = nil, after cursor: ID<RoamingBookingLocation>? = nil, limit: Int
  ) throws(StoreFault) -> [KeptRoamingBookingLocation] {
    try db.rows(
      """
      SELECT * FROM roaming_booking_location
      WHERE id > ?1 AND gone_at IS NULL AND (?2 IS NULL OR (partner = ?2 AND country = ?3 AND party = ?4 AND location = ?5))
      ORDER BY id LIMIT ?6
      """, cursor?.value ?? 0, location?.key.partner, location?.key.party.country, location?.key.party.party,
      location?.key.ref, Limits.page(limit), as: KeptRoamingBookingLocation.init(row:))
  }

  /// Keeps what was told; what is older than what we have, or the same, only says that it is still there.
  public func put(
    _ place: RoamingBookingLocation, of partner: ID<Partner>, at now: Timestamp
  ) throws(StoreFault) -> RoamingPut {
    let held = try self.place(RoamingKey(partner: partner, party: place.party, ref: place.ref))
    if let held, place.updatedAt < held.updatedAt || place.raw == held.body && !place.isGone {
      try db.run(
        "UPDATE roaming_booking_location SET seen_at = ?2, gone_at = iif(?3, gone_at, NULL) WHERE id = ?1", held.id,
        now, place.isGone)
      return .unchanged
    }
    try db.run(
      """
      INSERT INTO roaming_booking_location (partner, country, party, ref, location, body, updated_at, seen_at, gone_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?9, iif(?8, ?9, NULL))
      ON CONFLICT (partner, country, party, ref) DO UPDATE SET
        location = excluded.location, body = excluded.body, updated_at = excluded.updated_at,
        seen_at = excluded.seen_at, gone_at = excluded.gone_at
      """, partner, place.party.country, place.party.party, place.ref, place.location, place.raw, place.updatedAt,
      place.isGone, now)
    return held == nil ? .created : .replaced
  }

  /// It was listed, and could not be read: it exists all the same.
  public func sawPlace(_ ref: String, of partner: ID<Partner>, at now: Timestamp) throws(StoreFault) {
    try db.run(
      "UPDATE roaming_booking_location SET seen_at = ?3 WHERE partner = ?1 AND ref = ?2", partner, ref, now)
  }

  /// The whole list was read from `start` on: what was not seen since is gone. How many.
  public func endPlaces(
    of partner: ID<Partner>, unseenSince start: Timestamp, at now: Timestamp
  ) throws(StoreFault) -> Int {
    try db.run(
      "UPDATE roaming_booking_location SET gone_at = ?3 WHERE partner = ?1 AND gone_at IS NULL AND seen_at < ?2",
      partner, start, now)
  }

  public func prunePlaces(goneBefore time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM roaming_booking_location
        WHERE id IN (SELECT id FROM roaming_booking_location WHERE gone_at < ?1 LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }

  // MARK: Bookings

  public func booking(_ id: ID<RoamingBooking>) throws(StoreFault) -> KeptRoamingBooking? {
    try db.first("SELECT * FROM roaming_booking WHERE id = ?1", id, as: KeptRoamingBooking.init(row:))
  }

  public func booking(_ key: RoamingKey) throws(StoreFault) -> KeptRoamingBooking? {
    try db.first(
      "SELECT * FROM roaming_booking WHERE partner = ?1 AND country = ?2 AND party = ?3 AND ref = ?4",
      key.partner, key.party.country, key.party.party, key.ref, as: KeptRoamingBooking.init(row:))
  }

  /// The one of an address, which the text names by the operator's id, or by that of our request.
  public func booking(at key: RoamingKey) throws(StoreFault) -> KeptRoamingBooking? {
    if let booking = try booking(key) { return booking }
    return try db.first(
      "SELECT * FROM roaming_booking WHERE partner = ?1 AND country = ?2 AND party = ?3 AND request_id = ?4",
      key.partner, key.party.country, key.party.party, key.ref, as: KeptRoamingBooking.init(row:))
  }

  public func count(of partner: ID<Partner>) throws(StoreFault) -> Int {
    try db.value("SELECT count(*) FROM roaming_booking WHERE partner = ?1", partner) ?? 0
  }

  /// The newest first, before a cursor.
  public func list(
    of partner: ID<Partner>? = nil, before cursor: ID<RoamingBooking>? = nil, limit: Int
  ) throws(StoreFault) -> [KeptRoamingBooking] {
    try db.rows(
      "SELECT * FROM roaming_booking WHERE id < ?1 AND (?2 IS NULL OR partner = ?2) ORDER BY id DESC LIMIT ?3",
      cursor?.value ?? .max, partner, Limits.page(limit), as: KeptRoamingBooking.init(row:))
  }

  /// Keeps what was told; what is older than what we have, or the same, only says that it is still there.
  public func put(
    _ booking: RoamingBooking, of partner: ID<Partner>, at now: Timestamp
  ) throws(StoreFault) -> RoamingPut {
    let held = try self.booking(RoamingKey(partner: partner, party: booking.party, ref: booking.ref))
    if let held, booking.updatedAt < held.updatedAt || booking.raw == held.body {
      try db.run("UPDATE roaming_booking SET seen_at = ?2, gone_at = NULL WHERE id = ?1", held.id, now)
      return .unchanged
    }
    try db.run(
      """
      INSERT INTO roaming_booking (partner, country, party, ref, request_id, status, starts_at, ends_at, body,
        updated_at, seen_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      ON CONFLICT (partner, country, party, ref) DO UPDATE SET
        request_id = excluded.request_id, status = excluded.status, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, body = excluded.body, updated_at = excluded.updated_at,
        seen_at = excluded.seen_at, gone_at = NULL
      """, partner, booking.party.country, booking.party.party, booking.ref, booking.requestID, booking.status,
      booking.period.start, booking.period.end, booking.raw, booking.updatedAt, now)
    return held == nil ? .created : .replaced
  }

  /// It was listed, and could not be read: it exists all the same.
  public func saw(_ ref: String, of partner: ID<Partner>, at now: Timestamp) throws(StoreFault) {
    try db.run("UPDATE roaming_booking SET seen_at = ?3 WHERE partner = ?1 AND ref = ?2", partner, ref, now)
  }

  /// The whole list was read from `start` on: what was not seen since holds no more, unless its time was over by then.
  public func end(of partner: ID<Partner>, unseenSince start: Timestamp, at now: Timestamp) throws(StoreFault) -> Int {
    try db.run(
      """
      UPDATE roaming_booking SET gone_at = ?3
      WHERE partner = ?1 AND gone_at IS NULL AND seen_at < ?2 AND ends_at > ?2
      """, partner, start, now)
  }

  public func prune(before time: Timestamp) throws(StoreFault) -> Pruned {
    Pruned(
      removed: try db.run(
        """
        DELETE FROM roaming_booking
        WHERE id IN (SELECT id FROM roaming_booking WHERE min(ends_at, seen_at) < ?1 LIMIT ?2)
        """, time, Limits.prunedAtOnce))
  }
}

nonisolated extension KeptRoamingBookingLocation {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    key = try RoamingKey(row: row)
    location = try row.get("location")
    body = try row.get("body")
    updatedAt = try row.get("updated_at")
    goneAt = try row.get("gone_at")
  }
}

nonisolated extension KeptRoamingBooking {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    key = try RoamingKey(row: row)
    requestID = try row.get("request_id")
    status = try row.get("status")
    period = try BookingPeriod(row.get("starts_at"), row.get("ends_at"))
    body = try row.get("body")
    updatedAt = try row.get("updated_at")
    goneAt = try row.get("gone_at")
  }
}
