import Wire

/// A place of another network that can be booked, as its operator tells it (OCPI 2.3.0 bookings).
public struct RoamingBookingLocation: Sendable, Equatable {
  public var party: PartyID
  public var ref: String
  /// The location's id there.
  public var location: String
  /// It cannot be booked any more.
  public var isGone: Bool
  public var updatedAt: Timestamp
  /// As it came.
  public var raw: JSON

  public init(party: PartyID, ref: String, location: String, isGone: Bool, updatedAt: Timestamp, raw: JSON) {
    (self.party, self.ref, self.location, self.isGone) = (party, ref, location, isGone)
    (self.updatedAt, self.raw) = (updatedAt, raw)
  }
}

/// What one of our drivers has booked at another network, as its operator tells it.
public struct RoamingBooking: Sendable, Equatable {
  public var party: PartyID
  public var ref: String
  /// The id of our request.
  public var requestID: String
  /// ReservationStatus.
  public var status: String
  public var period: BookingPeriod
  public var updatedAt: Timestamp
  /// As it came.
  public var raw: JSON

  public init(
    party: PartyID, ref: String, requestID: String, status: String, period: BookingPeriod, updatedAt: Timestamp,
    raw: JSON
  ) {
    (self.party, self.ref, self.requestID, self.status) = (party, ref, requestID, status)
    (self.period, self.updatedAt, self.raw) = (period, updatedAt, raw)
  }

  /// What became of our last request: `PENDING` while that is not decided.
  public var verdict: String { Self.verdict(of: raw) ?? status }

  /// The last entry of `booking_requests`.
  public static func verdict(of body: JSON) -> String? {
    body["booking_requests"]?.array?.last?["request_status"]?.string?.uppercased()
  }
}
