import Wire

// What a booking of a charging place is about (OCPI 2.3.0, bookings), spelled as that text spells it: in the books, in the
// API and at partners.

/// Under which conditions a place can be booked. Spans are in minutes.
public struct BookingTerms: Payload {
  public var needsRFID: Bool?
  /// Any token of the same group may use the booking.
  public var takesTokenGroups: Bool?
  /// The session may be started by a command.
  public var takesRemoteStart: Bool?
  public var accessMethods: [AccessMethod] = [.open]
  /// Until so long before its beginning a booking can be changed, and given up.
  public var changeUntil = 0
  public var cancelUntil = 0
  public var isFixed: Bool?
  public var allowsEarlyStart: Bool?
  public var earlyStart: Int?
  /// After so long without a car the place is given away; nil: it is held to the end.
  public var noShow: Int?
  public var hasNoShowFee: Bool?
  public var allowsLateStop: Bool?
  public var lateStop: Int?
  /// One token may have several bookings at one time.
  public var allowsOverlaps: Bool?
  public var shortest: Int?
  public var longest: Int?
  /// Where people read them.
  public var url: String?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    let minutes = 0...Limits.bookingMinutes
    try w.visit("rfid_auth_required", &needsRFID)
    try w.visit("token_groups_supported", &takesTokenGroups)
    try w.visit("remote_auth_supported", &takesRemoteStart)
    try w.visit("supported_access_methods", &accessMethods, count: 1...)
    try w.visit("change_until_minutes", &changeUntil, minutes)
    try w.visit("cancel_until_minutes", &cancelUntil, minutes)
    try w.visit("change_not_allowed", &isFixed)
    try w.visit("early_start_allowed", &allowsEarlyStart)
    try w.visit("early_start_time", &earlyStart, minutes)
    try w.visit("noshow_timeout", &noShow, minutes)
    try w.visit("noshow_fee", &hasNoShowFee)
    try w.visit("late_stop_allowed", &allowsLateStop)
    try w.visit("late_stop_time", &lateStop, minutes)
    try w.visit("overlapping_bookings_allowed", &allowsOverlaps)
    try w.visit("min_booking_duration", &shortest, minutes)
    try w.visit("max_booking_duration", &longest, minutes)
    try w.visit("booking_terms", &url, max: 255)
  }

  /// Minutes before its beginning from which a booking's driver may charge, and after its end until which.
  public var early: Int { allowsEarlyStart == true ? earlyStart ?? 0 : 0 }
  public var late: Int { allowsLateStop == true ? lateStop ?? 0 : 0 }

  /// Nil where all of it makes sense.
  public var flaw: FieldFlaw? {
    if let shortest, let longest, shortest > longest {
      return FieldFlaw("min_booking_duration", "no more than max_booking_duration")
    }
    if let noShow, let shortest, noShow > shortest {
      return FieldFlaw("noshow_timeout", "no more than min_booking_duration")
    }
    if let url, !isWebAddress(url) {
      return FieldFlaw("booking_terms", "an address that begins with https:// or http://")
    }
    return accessMethods.isEmpty ? FieldFlaw("supported_access_methods", "at least one") : nil
  }
}

/// How a driver gets to the place.
public enum AccessMethod: String, Word {
  case open = "OPEN", token = "TOKEN", licensePlate = "LICENSE_PLATE", accessCode = "ACCESS_CODE"
  case intercom = "INTERCOM", parkingTicket = "PARKING_TICKET"
}

public struct AccessInformation: Payload {
  public var method = AccessMethod.open
  /// Such as the number plate.
  public var value: String?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("method", &method)
    try w.visit("value", &value, max: 255)
  }
}

/// What is booked: an EVSE, a connector, or whatever is such. Centimetres and kilograms.
public struct BookingOption: Payload {
  /// `#NA`: none is assigned yet.
  public var evse: String?
  public var connector: String?
  public var parking: String?
  public var positions: [EVSEDetails.Parking.Position]?
  public var vehicles: [ParkingPlace.Vehicle]?
  public var formats: [Connector.Format]?
  public var standards: [Connector.Standard]?
  public var powerTypes: [Connector.PowerType]?
  public var maxWeight: Decimal?
  public var maxHeight: Decimal?
  public var maxLength: Decimal?
  public var maxWidth: Decimal?
  public var spaceLength: Decimal?
  public var spaceWidth: Decimal?
  public var allowsDangerousGoods: Bool?
  public var isDriveThrough: Bool?
  public var hasRefrigerationOutlet: Bool?

  public static let unassigned = "#NA"

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("evse_uid", &evse, max: 36)
    try w.visit("connector_id", &connector, max: 36)
    try w.visit("parking_id", &parking, max: 36)
    try w.visit("evse_position", &positions)
    try w.visit("vehicle_types", &vehicles)
    try w.visit("connector_format", &formats)
    try w.visit("connector_types", &standards)
    try w.visit("power_types", &powerTypes)
    try w.visit("max_vehicle_weight", &maxWeight)
    try w.visit("max_vehicle_height", &maxHeight)
    try w.visit("max_vehicle_length", &maxLength)
    try w.visit("max_vehicle_width", &maxWidth)
    try w.visit("min_parking_space_length", &spaceLength)
    try w.visit("min_parking_space_width", &spaceWidth)
    try w.visit("dangerous_goods_allowed", &allowsDangerousGoods)
    try w.visit("drive_through", &isDriveThrough)
    try w.visit("refrigeration_outlet", &hasRefrigerationOutlet)
  }

  /// Whether an EVSE is what is wished: the one that is named, or one with such a plug.
  public func fits(_ evse: EVSE) -> Bool {
    if let named = self.evse, named != Self.unassigned, named.ciFolded != evse.uid.ciFolded { return false }
    return evse.connectors.contains { plug in
      (connector.map { $0 == "\(plug.number)" } ?? true) && Self.has(formats, plug.format)
        && Self.has(standards, plug.standard) && Self.has(powerTypes, plug.powerType)
    }
  }

  private static func has<Word: Equatable>(_ wished: [Word]?, _ word: Word) -> Bool {
    guard let wished, !wished.isEmpty else { return true }
    return wished.contains(word)
  }
}

/// From when to when.
public struct BookingPeriod: Payload {
  public var start = Timestamp(milliseconds: 0)
  public var end = Timestamp(milliseconds: 0)

  public init() {}

  public init(_ start: Timestamp, _ end: Timestamp) { (self.start, self.end) = (start, end) }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("start_date_time", &start)
    try w.visit("end_date_time", &end)
  }

  public var minutes: Int64 { end.seconds(since: start) / 60 }

  public func overlaps(_ other: BookingPeriod) -> Bool { start < other.end && other.start < end }
}

/// Why a booking ends before its time, and who ends it.
public struct Cancellation: Payload {
  public var reason = Reason.unknown
  public var by = Role.cpo

  public enum Reason: String, Word {
    case powerOutage = "POWER_OUTAGE", brokenCharger = "BROKEN_CHARGER", full = "FULL", blocked = "BLOCKED"
    case traffic = "TRAFFIC", brokenVehicle = "BROKEN_VEHICLE", notTold = "NO_CANCELED", unknown = "UNKNOWN"
  }

  public enum Role: String, Word {
    case cpo = "CPO", emsp = "EMSP", nap = "NAP", nsp = "NSP", other = "OTHER", scsp = "SCSP"
  }

  public init() {}

  public init(_ reason: Reason, by: Role) { (self.reason, self.by) = (reason, by) }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("cancellation_reason", &reason)
    try w.visit("who_canceled", &by)
  }
}

/// What a provider asks for. The same id again changes the booking, or gives it up where it says why.
public struct BookingRequest: Payload {
  public var country = ""
  public var party = ""
  public var id = ""
  public var option: BookingOption?
  public var location = ""
  public var place = ""
  public var tokens: [TokenReference]?
  public var access: [AccessInformation]?
  public var period = BookingPeriod()
  public var authorizationReference = ""
  /// kW.
  public var power: Int?
  public var canceled: Cancellation?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("country_code", &country, max: 2)
    try w.visit("party_id", &party, max: 3)
    try w.visit("request_id", &id, max: 36)
    try w.visit("booking_option", &option)
    try w.visit("location_id", &location, max: 36)
    try w.visit("booking_location_id", &place, max: 36)
    try w.visit("tokens", &tokens, count: 0...Limits.bookingTokens)
    try w.visit("access_information", &access, count: 0...Limits.bookingTokens)
    try w.visit("period", &period)
    try w.visit("authorization_reference", &authorizationReference, max: 36)
    try w.visit("power_required", &power, 0...)
    try w.visit("canceled", &canceled)
  }

  public var asker: PartyID { PartyID(country: country, party: party) }
}

/// A request with what became of it.
public struct BookingRequestStatus: Payload {
  public var status = Status.pending
  public var request = BookingRequest()
  public var receivedAt = Timestamp(milliseconds: 0)

  public enum Status: String, Word {
    case pending = "PENDING", accepted = "ACCEPTED", declined = "DECLINED", failed = "FAILED"
  }

  public init() {}

  public init(_ status: Status, _ request: BookingRequest, at now: Timestamp) {
    (self.status, self.request, receivedAt) = (status, request, now)
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("request_status", &status)
    try w.visit("booking_request", &request)
    try w.visit("request_received", &receivedAt)
  }
}
