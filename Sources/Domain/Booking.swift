import Wire

/// What can be booked: some EVSEs of a location, under the same terms (OCPI 2.3.0 bookings, BookingLocation).
public struct BookingLocation: Sendable, Equatable {
  public var id: ID<BookingLocation>
  /// The id that partners know.
  public var ref: String
  public var location: ID<Location>
  /// Empty: all of the location.
  public var evses: [ID<EVSE>]
  /// False: nobody can book, and what is booked stays.
  public var isOpen: Bool
  public var terms: BookingTerms
  public var rules: BookingRules
  /// When its calendar shows another day.
  public var rollsAt: Timestamp
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    id: ID<BookingLocation> = ID(0), ref: String, location: ID<Location>, evses: [ID<EVSE>] = [], isOpen: Bool = true,
    terms: BookingTerms = BookingTerms(), rules: BookingRules = BookingRules(), at now: Timestamp
  ) {
    (self.id, self.ref, self.location, self.evses, self.isOpen) = (id, ref, location, evses, isOpen)
    (self.terms, self.rules, rollsAt, createdAt, updatedAt) = (terms, rules, now, now, now)
  }

  /// Those EVSEs of its location that it is about.
  public func covers(_ evse: EVSE) -> Bool { evses.isEmpty || evses.contains(evse.id) }
}

/// A place that is booked for a time (OCPI 2.3.0 bookings). It becomes a reservation at the station shortly before its
/// beginning, and is fulfilled when its driver's session begins.
public struct Booking: Sendable, Equatable {
  /// ReservationStatus, as OCPI spells it.
  public enum Status: String, Word {
    case pending = "PENDING", reserved = "RESERVED", canceled = "CANCELED", failed = "FAILED", noShow = "NO_SHOW"
    case fulfilled = "FULFILLED", rejected = "REJECTED", unknown = "UNKNOWN"

    /// Whether the place is kept for it.
    public var holds: Bool { self == .reserved || self == .fulfilled }
  }

  /// Given by the books.
  public var number: Int64
  public var id: String
  /// Nil once it cannot be booked any more.
  public var place: ID<BookingLocation>?
  public var location: ID<Location>
  /// Nil where it was rejected, or the EVSE is gone.
  public var evse: ID<EVSE>?
  /// Whose driver it is: a partner, or nil for ours.
  public var partner: ID<Partner>?
  public var owner: ID<PartnerRole>?
  public var asker: PartyID?
  public var requestID: String
  public var status: Status
  public var period: BookingPeriod
  public var terms: BookingTerms
  public var details: Details
  /// The reservation at the station by which it is kept.
  public var reservation: String?
  public var session: String?
  /// Why it is as it is, for people.
  public var why: String?
  /// When something is to be done about it.
  public var dueAt: Timestamp?
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  /// What is kept beside.
  public struct Details: Payload {
    public var option: BookingOption?
    public var tokens: [TokenReference]?
    public var tariffs: [String]?
    public var canceled: Cancellation?
    public var access: [AccessInformation]?
    public var authorizationReference = ""
    public var requests: [BookingRequestStatus] = []
    /// Minutes before its beginning from which its station holds the EVSE.
    public var lead = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("booking_option", &option)
      try w.visit("booking_tokens", &tokens)
      try w.visit("tariff_ids", &tariffs, max: 36)
      try w.visit("canceled", &canceled)
      try w.visit("access_information", &access)
      try w.visit("authorization_reference", &authorizationReference, max: 36)
      try w.visit("booking_requests", &requests)
      try w.visit("lead_minutes", &lead, 0...)
    }
  }

  public init(
    id: String, of request: BookingRequest, at place: BookingLocation, partner: ID<Partner>?, owner: ID<PartnerRole>?,
    at now: Timestamp
  ) {
    (number, self.id, self.place, location, evse) = (0, id, place.id, place.location, nil)
    (self.partner, self.owner, asker) = (partner, owner, partner == nil ? nil : request.asker)
    (requestID, status, period, terms) = (request.id, .pending, request.period, place.terms)
    details = Details()
    details.lead = place.rules.lead
    (createdAt, updatedAt) = (now, now)
  }

  public init(
    number: Int64, id: String, place: ID<BookingLocation>?, location: ID<Location>, requestID: String, status: Status,
    period: BookingPeriod, terms: BookingTerms, details: Details, at now: Timestamp
  ) {
    (self.number, self.id, self.place, self.location) = (number, id, place, location)
    (self.requestID, self.status, self.period) = (requestID, status, period)
    (self.terms, self.details, createdAt, updatedAt) = (terms, details, now, now)
  }

  /// What nobody else may have.
  public var held: BookingPeriod { period.held(by: terms) }

  /// From when on its station holds the EVSE, and until when without a car.
  public var placedFrom: Timestamp { period.start - .seconds(max(terms.early, details.lead) * 60) }
  public var noShowAt: Timestamp {
    terms.noShow.map { min(period.start + .seconds($0 * 60), period.end) } ?? period.end
  }

  // MARK: What its provider asks

  /// The very request that was decided last: its answer was lost. A change that was declined may be asked for again.
  public func isRepeat(_ request: BookingRequest) -> Bool {
    guard let last = details.requests.last, last.request == request else { return false }
    return last.status != .declined || status != .reserved
  }

  /// Why what stands cannot be changed or given up by this request; nil where it can.
  public func refusal(of request: BookingRequest, at now: Timestamp) -> String? {
    guard status == .reserved else { return "the booking is over: \(status.rawValue)" }
    guard request.canceled == nil else {
      return now + .seconds(terms.cancelUntil * 60) <= period.start ? nil : "it is too late to give it up"
    }
    guard details.requests.count < Limits.bookingRequests else { return "it was changed too often" }
    guard terms.isFixed != true else { return "its terms allow no change" }
    return now + .seconds(terms.changeUntil * 60) <= period.start ? nil : "it is too late to change it"
  }

  /// It holds from now on, as the request has it.
  public mutating func accept(_ request: BookingRequest, at evse: ID<EVSE>, now: Timestamp) {
    (status, self.evse, period, why) = (.reserved, evse, request.period, nil)
    (details.option, details.access) = (request.option, request.access)
    details.tokens = request.tokens ?? details.tokens
    details.authorizationReference = request.authorizationReference
    note(.accepted, request, now)
    dueAt = max(now, placedFrom)
  }

  /// A new one is rejected by that; one that stands stays as it is.
  public mutating func decline(_ request: BookingRequest, because why: String, now: Timestamp) {
    if status == .pending {
      status = .rejected
      (details.option, details.tokens, details.access) = (request.option, request.tokens, request.access)
      details.authorizationReference = request.authorizationReference
    }
    self.why = why
    note(.declined, request, now)
  }

  private mutating func note(_ status: BookingRequestStatus.Status, _ request: BookingRequest, _ now: Timestamp) {
    // One that is asked about without end keeps its first requests and the last.
    if details.requests.count >= Limits.bookingRequests { details.requests.removeLast() }
    details.requests.append(BookingRequestStatus(status, request, at: now))
    updatedAt = now
  }

  // MARK: What becomes of it

  /// False where it was over already.
  public mutating func cancel(
    _ cancellation: Cancellation, by request: BookingRequest? = nil, because why: String? = nil, now: Timestamp
  ) -> Bool {
    guard end(as: .canceled, now) else { return false }
    (details.canceled, self.why) = (cancellation, why)
    if let request { note(.accepted, request, now) }
    return true
  }

  /// Its driver's session began.
  public mutating func fulfil(by session: String, at evse: ID<EVSE>, now: Timestamp) -> Bool {
    guard end(as: .fulfilled, now) else { return false }
    (self.session, self.evse) = (session, evse)
    return true
  }

  public mutating func missed(now: Timestamp) -> Bool { end(as: .noShow, now) }

  private mutating func end(as status: Status, _ now: Timestamp) -> Bool {
    switch self.status {
    case .reserved:
      (self.status, dueAt, updatedAt) = (status, nil, now)
      return true
    case .pending, .canceled, .failed, .noShow, .fulfilled, .rejected, .unknown: return false
    }
  }

  /// Whether somebody with that tag is a driver for whom it is kept, at that time.
  public func isFor(tag: String, at time: Timestamp) -> Bool {
    let held = held
    return status == .reserved && held.start <= time && time < held.end
      && (details.tokens ?? []).contains { Token.fold($0.uid) == Token.fold(tag) }
  }
}

// MARK: - As partners see them

/// What is free from when to when (OCPI 2.3.0 bookings, Timeslot).
public struct Timeslot: Payload {
  public var period = BookingPeriod()
  /// W.
  public var minPower: Int?
  public var maxPower: Int?
  public var isGreen: Bool?

  public init() {}

  public init(_ period: BookingPeriod, maxPower: Int? = nil, isGreen: Bool? = nil) {
    (self.period, self.maxPower, self.isGreen) = (period, maxPower, isGreen)
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try period.walk(&w)
    try w.visit("min_power", &minPower, 0...)
    try w.visit("max_power", &maxPower, 0...)
    try w.visit("green_energy_support", &isGreen)
  }
}

/// What is free at a place that can be booked.
public struct PublishedCalendar: Payload {
  public var id = ""
  public var span = BookingPeriod()
  /// Minutes.
  public var increment: Int?
  public var slots: [Timeslot] = []
  public var updatedAt = Timestamp(milliseconds: 0)

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("id", &id, max: 36)
    try w.visit("begin_from", &span.start)
    try w.visit("end_before", &span.end)
    try w.visit("timeslot_increment", &increment, 1...)
    try w.visit("available_timeslots", &slots, count: 1...)
    try w.visit("last_updated", &updatedAt)
  }
}

public struct PublishedBookingLocation: Payload {
  public var country = ""
  public var party = ""
  public var id = ""
  public var location = ""
  public var option: BookingOption?
  public var tariffs: [String]?
  public var terms: BookingTerms?
  public var calendars: [PublishedCalendar]?
  public var updatedAt = Timestamp(milliseconds: 0)

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("country_code", &country, max: 2)
    try w.visit("party_id", &party, max: 3)
    try w.visit("id", &id, max: 36)
    try w.visit("location_id", &location, max: 36)
    try w.visit("booking_option", &option)
    try w.visit("tariff_ids", &tariffs, max: 36)
    try w.visit("booking_terms", &terms)
    try w.visit("calendars", &calendars)
    try w.visit("last_updated", &updatedAt)
  }

  public var owner: PartyID { PartyID(country: country, party: party) }

  /// Whether something is free that lies in a span.
  public func hasSlot(from: Timestamp?, to: Timestamp?) -> Bool {
    guard from != nil || to != nil else { return true }
    return (calendars ?? []).contains { calendar in
      calendar.slots.contains { slot in
        (from.map { slot.period.end > $0 } ?? true) && (to.map { slot.period.start < $0 } ?? true)
      }
    }
  }
}

public struct PublishedBooking: Payload {
  public var id = ""
  public var country = ""
  public var party = ""
  public var requestID = ""
  public var option: BookingOption?
  public var location = ""
  public var tokens: [TokenReference]?
  public var tariffs: [String]?
  public var slot = Timeslot()
  public var status = Booking.Status.pending
  public var canceled: Cancellation?
  public var access: [AccessInformation]?
  public var authorizationReference = ""
  public var terms = BookingTerms()
  public var requests: [BookingRequestStatus] = []
  public var updatedAt = Timestamp(milliseconds: 0)

  public init() {}

  /// - Parameter evse: the uid of the one that is assigned.
  public init(_ booking: Booking, of party: PartyID, location: String, evse: String?) {
    (id, country, self.party, requestID) = (booking.id, party.country, party.party, booking.requestID)
    option = booking.details.option
    if let evse {
      option = option ?? BookingOption()
      option?.evse = evse
    }
    (self.location, tokens, tariffs) = (location, booking.details.tokens, booking.details.tariffs)
    (slot, status, canceled) = (Timeslot(booking.period), booking.status, booking.details.canceled)
    (access, authorizationReference) = (booking.details.access, booking.details.authorizationReference)
    (terms, requests, updatedAt) = (booking.terms, booking.details.requests, booking.updatedAt)
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("id", &id, max: 36)
    try w.visit("country_code", &country, max: 2)
    try w.visit("party_id", &party, max: 3)
    try w.visit("request_id", &requestID, max: 36)
    try w.visit("booking_option", &option)
    try w.visit("location_id", &location, max: 36)
    try w.visit("booking_tokens", &tokens)
    try w.visit("tariff_ids", &tariffs, max: 36)
    try w.visit("period", &slot)
    try w.visit("reservation_status", &status)
    try w.visit("canceled", &canceled)
    try w.visit("access_information", &access)
    try w.visit("authorization_reference", &authorizationReference, max: 36)
    try w.visit("booking_terms", &terms)
    try w.visit("booking_requests", &requests, count: 1...)
    try w.visit("last_updated", &updatedAt)
  }

  public var owner: PartyID { PartyID(country: country, party: party) }
}
