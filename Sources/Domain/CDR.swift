import Wire

/// The charge detail record: what a finished session cost and why. Made once, in the turn of the stop, and never
/// edited: a correction is a credit CDR. It holds copies of all it speaks of, so that it can be read and priced alone.
public struct CDR: Payload {
  /// UUIDv7 text, with `-C` behind it for a credit; at most 39 characters at partners.
  public var id = ""
  /// Empty where a reservation is billed that no session followed.
  public var session = ""
  public var country = ""
  public var party = ""
  public var startedAt = Timestamp(milliseconds: 0)
  public var endedAt = Timestamp(milliseconds: 0)
  public var token = TokenReference()
  public var authorization = Authorization.Method.whitelist
  public var authorizationReference: String?
  public var place = Place()
  public var timeZone = ""
  public var currency = "EUR"
  public var tariff: Tariff?
  public var periods: [ChargingPeriod] = []
  public var totals = Totals()
  /// What the meter signed, where it does.
  public var signedData: SignedData?
  /// True where the house had to estimate: no stop was heard, or the operator closed it.
  public var isEstimated = false
  /// Why it waits for the operator instead of going to the partner, if it does.
  public var heldBecause: String?
  /// The reservation that is billed with it, and how that ended.
  public var reservation: String?
  public var reservationEnding: Hold.Ending?
  /// The booking that it is about.
  public var booking: String?
  /// A word for whoever reads the bill, such as why it was credited; at most 255 characters.
  public var remark: String?
  /// True for a record that takes another one back (OCPI 2.2.1 §10.1.1); `credits` is that one's id.
  public var isCredit = false
  public var credits: String?
  public var createdAt = Timestamp(milliseconds: 0)

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("id", &id, max: 39)
    try w.visit("session_id", &session, max: 36)
    try w.visit("country_code", &country, max: 2)
    try w.visit("party_id", &party, max: 3)
    try w.visit("start_date_time", &startedAt)
    try w.visit("end_date_time", &endedAt)
    try w.visit("cdr_token", &token)
    try w.visit("auth_method", &authorization)
    try w.visit("authorization_reference", &authorizationReference, max: 36)
    try w.visit("cdr_location", &place)
    try w.visit("time_zone", &timeZone, max: 64)
    try w.visit("currency", &currency, max: 3)
    try w.visit("tariff", &tariff)
    try w.visit("charging_periods", &periods)
    try w.visit("totals", &totals)
    try w.visit("signed_data", &signedData)
    try w.visit("estimated", &isEstimated)
    try w.visit("held_because", &heldBecause, max: 255)
    try w.visit("reservation", &reservation, max: 36)
    try w.visit("reservation_ending", &reservationEnding)
    try w.visit("booking_id", &booking, max: 36)
    try w.visit("remark", &remark, max: 255)
    var credit: Bool? = isCredit ? true : nil
    try w.visit("credit", &credit)
    isCredit = credit ?? false
    try w.visit("credit_reference_id", &credits, max: 39)
    try w.visit("last_updated", &createdAt)
  }

  /// What the vehicle gave back in all.
  public var exported: Energy { periods.exported }

  /// As the books keep it, the very bytes of which the digest is.
  public var bytes: [UInt8] { encoded() }

  /// What those bytes say. Here and not where they lie, so that the compiler sees the walk whose reader it writes.
  public init(bytes: [UInt8]) throws(Flaw) { self = try CDR.read(bytes).value }

  /// The record that takes this one back: all the same but for its id, and the total cost with the sign turned
  /// (OCPI 2.2.1 §10.1.1). Its id is told from that of the bill at sight, and fits the 36 characters of 2.1.1.
  public func credit(because why: String?, at now: Timestamp) -> CDR {
    var credit = self
    credit.id = "C" + id.filter { $0 != "-" }
    (credit.isCredit, credit.credits, credit.remark) = (true, id, why)
    credit.totals.cost = totals.cost.negated
    credit.heldBecause = nil
    credit.createdAt = now
    return credit
  }

  /// Where the session was, as it was then.
  public struct Place: Payload {
    public var location = ""
    public var name: String?
    public var address = ""
    public var city = ""
    public var postalCode: String?
    public var state: String?
    public var country = ""
    public var latitude = ""
    public var longitude = ""
    public var station = ""
    public var evse = ""
    public var evseID = ""
    public var connector = ""
    public var standard = Connector.Standard.type2
    public var format = Connector.Format.socket
    public var powerType = Connector.PowerType.ac3
    /// V and A; nil in CDRs of before they were kept.
    public var maxVoltage: Int?
    public var maxAmperage: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &location, max: 36)
      try w.visit("name", &name, max: 255)
      try w.visit("address", &address, max: 255)
      try w.visit("city", &city, max: 45)
      try w.visit("postal_code", &postalCode, max: 10)
      try w.visit("state", &state, max: 20)
      try w.visit("country", &country, max: 3)
      try w.visit("latitude", &latitude, max: 10)
      try w.visit("longitude", &longitude, max: 11)
      try w.visit("station", &station, max: 48)
      try w.visit("evse_uid", &evse, max: 36)
      try w.visit("evse_id", &evseID, max: 48)
      try w.visit("connector_id", &connector, max: 36)
      try w.visit("connector_standard", &standard)
      try w.visit("connector_format", &format)
      try w.visit("connector_power_type", &powerType)
      try w.visit("max_voltage", &maxVoltage, 0...)
      try w.visit("max_amperage", &maxAmperage, 0...)
    }
  }

  /// The meter's own word for what was delivered (OCPI 2.2.1 §10.4.6).
  public struct SignedData: Payload {
    public var encodingMethod = ""
    public var encodingVersion: Int?
    public var publicKey: String?
    public var values: [SignedValue] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("encoding_method", &encodingMethod, max: 36)
      try w.visit("encoding_method_version", &encodingVersion)
      try w.visit("public_key", &publicKey, max: 512)
      try w.visit("signed_values", &values, count: 1...)
    }
  }

  public struct SignedValue: Payload {
    /// `Start`, `End` or `Intermediate`.
    public var nature = ""
    public var plain = ""
    /// Base64.
    public var signed = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("nature", &nature, max: 32)
      try w.visit("plain_data", &plain)
      try w.visit("signed_data", &signed)
    }
  }

  /// What the periods sum to, and what it costs. A cost is nil where the tariff has no component of its kind.
  public struct Totals: Payload {
    public var cost = Price()
    public var energy = Energy.zero
    /// Seconds from the session's start to its end.
    public var seconds = 0
    /// Seconds of it in which the vehicle asked for no power.
    public var parkingSeconds = 0
    public var fixedCost: Price?
    public var energyCost: Price?
    public var timeCost: Price?
    public var parkingCost: Price?
    /// Seconds before the session in which the EVSE was held; they are not part of `seconds`.
    public var reservedSeconds = 0
    /// With the fee for reserving, which is not part of `fixedCost`.
    public var reservationCost: Price?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("total_cost", &cost)
      try w.visit("total_energy", kilowattHours: &energy)
      try w.visit("total_seconds", &seconds, 0...)
      try w.visit("total_parking_seconds", &parkingSeconds, 0...)
      try w.visit("total_fixed_cost", &fixedCost)
      try w.visit("total_energy_cost", &energyCost)
      try w.visit("total_time_cost", &timeCost)
      try w.visit("total_parking_cost", &parkingCost)
      var reserved: Int? = reservedSeconds > 0 ? reservedSeconds : nil
      try w.visit("total_reserved_seconds", &reserved, 0...)
      reservedSeconds = reserved ?? 0
      try w.visit("total_reservation_cost", &reservationCost)
    }
  }
}

/// A part of a session in which every price component stays the same (OCPI 2.2.1 §10.4.3). It ends where the next
/// begins.
public struct ChargingPeriod: Payload {
  public var start = Timestamp(milliseconds: 0)
  public var seconds = 0
  public var energy = Energy.zero
  /// What the vehicle gave back meanwhile. It has no price.
  public var exported = Energy.zero
  public var activity = Activity.charging
  /// W, the highest of the period; nil where no reading told it.
  public var maxPower: Decimal?
  /// A over all phases, the highest of the period; nil where no reading told it.
  public var maxCurrent: Decimal?

  /// Which kind of time it is.
  public enum Activity: String, Word {
    /// TIME: also while the station itself pauses.
    case charging
    /// PARKING_TIME: the vehicle asks for no power.
    case idle
    /// RESERVATION_TIME: the EVSE is held, and the driver has not come.
    case reserved

    /// By the hours that a period tells of each kind. A volume of zero is none: only where none is above it, which of them
    /// is told says what it is.
    public init(time: Decimal?, parking: Decimal?, reserved: Decimal?) {
      func isTold(_ hours: Decimal?) -> Bool { (hours ?? .zero) > .zero }
      switch (isTold(reserved), isTold(time), isTold(parking)) {
      case (true, _, _): self = .reserved
      case (_, true, _): self = .charging
      case (_, _, true): self = .idle
      case (false, false, false):
        self = time != nil ? .charging : reserved != nil ? .reserved : parking != nil ? .idle : .charging
      }
    }
  }

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("start_date_time", &start)
    try w.visit("seconds", &seconds, 0...)
    try w.visit("kwh", kilowattHours: &energy)
    var back: Decimal? = exported > .zero ? exported.kilowattHours : nil
    try w.visit("exported_kwh", &back)
    exported = try Energy(kilowattHours: back, of: "exported_kwh")
    try w.visit("activity", &activity)
    try w.visit("max_power", &maxPower)
    try w.visit("max_current", &maxCurrent)
  }
}

extension [ChargingPeriod] {
  /// What the vehicle gave back in all of them.
  public var exported: Energy { reduce(.zero) { $0 + $1.exported } }
}

extension Energy {
  /// Zero where nothing is said.
  fileprivate init(kilowattHours: Decimal?, of name: StaticString) throws(Flaw) {
    guard let kilowattHours else {
      self = .zero
      return
    }
    guard let read = Energy(wattHours: kilowattHours * Decimal(1000)) else {
      throw Flaw(path: "\(name)", kind: .outOfRange, detail: "an energy beyond any meter")
    }
    self = read
  }
}
