import Wire

/// The charge detail record: what a finished session cost and why. Made once, in the turn of the stop, and never
/// edited: a correction is a credit CDR. It holds copies of all it speaks of, so that it can be read and priced alone.
public struct CDR: Payload {
  /// UUIDv7 text, at most 39 characters at partners.
  public var id = ""
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
  /// True where the house had to estimate: no stop was heard, or the operator closed it.
  public var isEstimated = false
  /// Why it waits for the operator instead of going to the partner, if it does.
  public var heldBecause: String?
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
    try w.visit("estimated", &isEstimated)
    try w.visit("held_because", &heldBecause, max: 255)
    try w.visit("last_updated", &createdAt)
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
    }
  }

  /// What the periods sum to, and what it costs. A cost is nil where the tariff has no component of its kind.
  public struct Totals: Payload {
    public var cost = Price()
    public var energy = Energy.zero
    /// Seconds from start to end.
    public var seconds = 0
    /// Seconds of it in which the vehicle asked for no power.
    public var parkingSeconds = 0
    public var fixedCost: Price?
    public var energyCost: Price?
    public var timeCost: Price?
    public var parkingCost: Price?

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
    }
  }
}

/// A part of a session in which every price component stays the same (OCPI 2.2.1 §10.4.3). It ends where the next
/// begins.
public struct ChargingPeriod: Payload {
  public var start = Timestamp(milliseconds: 0)
  public var seconds = 0
  public var energy = Energy.zero
  /// Charging time, or parking time where the vehicle asks for no power.
  public var activity = Session.Activity.charging
  /// W, the highest of the period; nil where no reading told it.
  public var maxPower: Decimal?
  /// A, the highest of the period; nil where no reading told it.
  public var maxCurrent: Decimal?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("start_date_time", &start)
    try w.visit("seconds", &seconds, 0...)
    try w.visit("kwh", kilowattHours: &energy)
    try w.visit("activity", &activity)
    try w.visit("max_power", &maxPower)
    try w.visit("max_current", &maxCurrent)
  }
}
