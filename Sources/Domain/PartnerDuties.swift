import Wire

// What partners ask beyond lists, tokens and the first three commands: reservations, charging plans, and what hubs and
// payment providers tell.

/// A partner's RESERVE_NOW (OCPI 2.2.1 §13.3.4).
public struct ReserveWish: Sendable, Equatable {
  public var token: Token
  public var key: TokenKey
  public var location: String
  public var evse: String?
  /// The partner's own id for it; the same again moves the reservation.
  public var reference: String
  public var expiresAt: Timestamp
  public var authorizationReference: String?
  public var respondTo: String

  public init(
    token: Token, key: TokenKey, location: String, evse: String?, reference: String, expiresAt: Timestamp,
    authorizationReference: String?, respondTo: String
  ) {
    (self.token, self.key, self.location, self.evse) = (token, key, location, evse)
    (self.reference, self.expiresAt) = (reference, expiresAt)
    (self.authorizationReference, self.respondTo) = (authorizationReference, respondTo)
  }
}

// MARK: - Charging preferences

/// How a driver wants to be charged (OCPI 2.2.1 §9.3.2).
public struct ChargingPreferences: Payload {
  public var kind = Kind.regular
  public var departsAt: Timestamp?
  /// kWh.
  public var energyNeed: Decimal?
  public var mayDischarge: Bool?

  public enum Kind: String, Word { case cheap = "CHEAP", fast = "FAST", green = "GREEN", regular = "REGULAR" }

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("profile_type", &kind)
    try w.visit("departure_time", &departsAt)
    try w.visit("energy_need", &energyNeed)
    try w.visit("discharge_allowed", &mayDischarge)
  }
}

/// What a partner hears of them (OCPI 2.2.1 §9.4.1).
public enum PreferencesAnswer: String, Word {
  case accepted = "ACCEPTED", departureRequired = "DEPARTURE_REQUIRED", energyNeedRequired = "ENERGY_NEED_REQUIRED"
  case notPossible = "NOT_POSSIBLE", kindNotSupported = "PROFILE_TYPE_NOT_SUPPORTED"
}

// MARK: - Charging profiles

/// The answer to a partner's charging profile before the station spoke (OCPI 2.2.1 §14.3.1).
public enum ProfileAnswer: Sendable, Equatable {
  /// Seconds until the result comes at the latest.
  case accepted(timeout: Int)
  case notSupported
  case rejected
  case tooOften
  case unknownSession
}

/// What the station said, later (OCPI 2.2.1 §14.3.2–4).
public struct ProfileResult: Sendable, Equatable {
  public enum Question: Sendable, Equatable { case set, clear, active }
  public enum Result: String, Word { case accepted = "ACCEPTED", rejected = "REJECTED", unknown = "UNKNOWN" }

  public var question: Question
  public var result: Result
  /// What comes of all profiles, where that was asked and is known; it starts at `startsAt`.
  public var schedule: ChargingProfile.Schedule?

  public init(_ question: Question, _ result: Result, schedule: ChargingProfile.Schedule? = nil) {
    (self.question, self.result, self.schedule) = (question, result, schedule)
  }
}

// MARK: - Hubs

/// What a hub tells of a party that it connects (OCPI 2.2.1 §15.3.1).
public struct HubClient: Payload {
  public var country = ""
  public var party = ""
  public var role = ""
  public var status = Status.connected
  public var updatedAt = Timestamp(milliseconds: 0)

  public enum Status: String, Word {
    case connected = "CONNECTED", offline = "OFFLINE", planned = "PLANNED", suspended = "SUSPENDED"
  }

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("party_id", &party, max: 3)
    try w.visit("country_code", &country, max: 2)
    try w.visit("role", &role, max: 10)
    try w.visit("status", &status)
    try w.visit("last_updated", &updatedAt)
  }

  public var name: PartyID { PartyID(country: country, party: party) }
}

// MARK: - Payments

/// A payment terminal of a provider (OCPI 2.3.0 payments).
public struct Terminal: Payload {
  public var id = ""
  public var customerReference: String?
  public var party: String?
  public var country: String?
  public var address: String?
  public var city: String?
  public var postalCode: String?
  public var state: String?
  public var countryName: String?
  public var coordinates: EVSEDetails.Place?
  public var invoiceBaseURL: String?
  public var invoiceCreator: InvoiceCreator?
  public var reference: String?
  public var locations: [String]?
  public var evses: [String]?
  public var updatedAt = Timestamp(milliseconds: 0)

  public enum InvoiceCreator: String, Word { case cpo = "CPO", provider = "PTP" }

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("terminal_id", &id, max: 36)
    try w.visit("customer_reference", &customerReference, max: 36)
    try w.visit("party_id", &party, max: 3)
    try w.visit("country_code", &country, max: 2)
    try w.visit("address", &address, max: 45)
    try w.visit("city", &city, max: 45)
    try w.visit("postal_code", &postalCode, max: 10)
    try w.visit("state", &state, max: 20)
    try w.visit("country", &countryName, max: 3)
    try w.visit("coordinates", &coordinates)
    try w.visit("invoice_base_url", &invoiceBaseURL, max: 255)
    try w.visit("invoice_creator", &invoiceCreator)
    try w.visit("reference", &reference, max: 36)
    try w.visit("location_ids", &locations, max: 36)
    try w.visit("evse_uids", &evses, max: 36)
    try w.visit("last_updated", &updatedAt)
  }
}

/// What a payment provider captured for a session (OCPI 2.3.0 payments).
public struct FinancialAdvice: Payload {
  public var id = ""
  public var authorizationReference = ""
  public var beforeTax = Decimal.zero
  public var taxes: [Tax]?
  public var currency = ""
  /// What the card terminal printed.
  public var receipt: [String] = []
  public var capture = Capture.success
  public var message: String?
  public var updatedAt = Timestamp(milliseconds: 0)

  public enum Capture: String, Word { case success = "SUCCESS", partial = "PARTIAL_SUCCESS", failed = "FAILED" }

  public struct Tax: Payload {
    public var name = ""
    public var account: String?
    public var percentage: Decimal?
    public var amount = Decimal.zero

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("name", &name, max: 255)
      try w.visit("account_number", &account, max: 255)
      try w.visit("percentage", &percentage)
      try w.visit("amount", &amount)
    }
  }

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("id", &id, max: 36)
    try w.visit("authorization_reference", &authorizationReference, max: 36)
    var costs = Costs(beforeTax: beforeTax, taxes: taxes)
    try w.visit("total_costs", &costs)
    (beforeTax, taxes) = (costs.beforeTax, costs.taxes)
    try w.visit("currency", &currency, max: 3)
    try w.visit("eft_data", &receipt, max: 255, count: 1...)
    try w.visit("capture_status_code", &capture)
    try w.visit("capture_status_message", &message, max: 255)
    try w.visit("last_updated", &updatedAt)
  }

  private struct Costs: Payload {
    var beforeTax = Decimal.zero
    var taxes: [Tax]?

    init() {}
    init(beforeTax: Decimal, taxes: [Tax]?) { (self.beforeTax, self.taxes) = (beforeTax, taxes) }

    mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("before_taxes", &beforeTax)
      try w.visit("taxes", &taxes)
    }
  }
}
