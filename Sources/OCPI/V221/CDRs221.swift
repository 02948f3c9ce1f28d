import Domain
import Wire

extension V221 {
  /// What a finished session cost and why (§10.3.1).
  public struct CDR: Payload {
    public var country = ""
    public var party = ""
    public var id = ""
    public var startedAt = Timestamp.epoch
    public var endedAt = Timestamp.epoch
    public var booking: String?
    public var session: String?
    public var token = CdrToken()
    public var authMethod = AuthMethod.whitelist
    public var authorizationReference: String?
    public var place = CdrLocation()
    public var meter: String?
    public var currency = ""
    public var tariffs: [Tariff]?
    public var periods: [ChargingPeriod] = []
    public var signedData: SignedData?
    public var cost = Price()
    public var fixedCost: Price?
    /// kWh.
    public var energy = Decimal.zero
    public var energyCost: Price?
    /// Hours.
    public var time = Decimal.zero
    public var timeCost: Price?
    /// Hours.
    public var parkingTime: Decimal?
    public var parkingCost: Price?
    public var reservationCost: Price?
    public var remark: String?
    public var isCredit: Bool?
    public var credits: String?
    public var updatedAt = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("country_code", &country, max: 2)
      try w.visit("party_id", &party, max: 3)
      try w.visit("id", &id, max: 39)
      try w.visit("start_date_time", &startedAt)
      try w.visit("end_date_time", &endedAt)
      try w.visit("booking_id", &booking, max: 36, since: .v230)
      try w.visit("session_id", &session, max: 36)
      try w.visit("cdr_token", &token)
      try w.visit("auth_method", &authMethod)
      try w.visit("authorization_reference", &authorizationReference, max: 36)
      try w.visit("cdr_location", &place)
      try w.visit("meter_id", &meter, max: 255, cut: true)
      try w.visit("currency", &currency, max: 3)
      try w.visit("tariffs", &tariffs)
      try w.visit("charging_periods", &periods, count: 1...)
      try w.visit("signed_data", &signedData)
      try w.visit("total_cost", &cost)
      try w.visit("total_fixed_cost", &fixedCost)
      try w.visit("total_energy", &energy)
      try w.visit("total_energy_cost", &energyCost)
      try w.visit("total_time", &time)
      try w.visit("total_time_cost", &timeCost)
      try w.visit("total_parking_time", &parkingTime)
      try w.visit("total_parking_cost", &parkingCost)
      try w.visit("total_reservation_cost", &reservationCost)
      try w.visit("remark", &remark, max: 255, cut: true)
      try w.visit("credit", &isCredit)
      try w.visit("credit_reference_id", &credits, max: 39)
      try w.visit("last_updated", &updatedAt)
    }
  }

  /// What the meter signed, to the letter (§10.4.6).
  public struct SignedData: Payload {
    public var encodingMethod = "", encodingVersion: Int?, publicKey: String?, values: [SignedValue] = []

    public init() {}

    /// What cannot be printed has no place in `plain_data`; `signed_data` has all of it, as base64.
    init(_ data: Domain.CDR.SignedData, _ fitting: inout Fitting) {
      (encodingMethod, encodingVersion) = (data.encodingMethod, data.encodingVersion)
      publicKey = data.publicKey.map(Self.oneLine)?.nonEmpty
      if let key = publicKey, key.utf8.count > Self.keyLength || !key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
        publicKey = nil
        fitting.lose("the public_key of signed_data")
      }
      values = data.values.map { value in
        var signed = SignedValue()
        (signed.nature, signed.signed) = (value.nature, value.signed)
        // A required text of which there is none (§4.1.10).
        signed.plain = value.plain.isEmpty || !value.plain.isPrintable ? "#NA" : value.plain
        return signed
      }
    }

    /// A key as base64 or hex: without the armour and the line breaks of PEM.
    private static func oneLine(_ key: String) -> String {
      key.split(separator: "-----").filter { !$0.hasPrefix("BEGIN") && !$0.hasPrefix("END") }.joined()
        .filter { !$0.isWhitespace }
    }

    private static let keyLength = 512

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("encoding_method", &encodingMethod, max: 36)
      try w.visit("encoding_method_version", &encodingVersion)
      try w.visit("public_key", &publicKey, max: Self.keyLength)
      try w.visit("signed_values", &values, count: 1...)
    }
  }

  /// One moment of it (§10.4.7).
  public struct SignedValue: Payload {
    public var nature = "", plain = "", signed = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("nature", &nature, max: 32)
      try w.visit("plain_data", &plain, max: 5000, isUnicode: true)
      try w.visit("signed_data", &signed, max: 5000)
    }
  }

  /// Where the session was (§10.4.4).
  public struct CdrLocation: Payload {
    public var id = ""
    public var name: String?
    public var address = ""
    public var city = ""
    public var postalCode: String?
    public var state: String?
    public var country = ""
    public var coordinates = GeoLocation()
    public var evse = ""
    public var evseID = ""
    public var connector = ""
    public var standard = ConnectorType.type2
    public var format = ConnectorFormat.socket
    public var powerType = PowerType.ac3

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, max: 36)
      try w.visit("name", &name, max: 255, cut: true)
      try w.visit("address", &address, max: 45, cut: true)
      try w.visit("city", &city, max: 45, cut: true)
      try w.visit("postal_code", &postalCode, max: 10)
      try w.visit("state", &state, max: 20, cut: true)
      try w.visit("country", &country, max: 3)
      try w.visit("coordinates", &coordinates)
      try w.visit("evse_uid", &evse, max: 36)
      try w.visit("evse_id", &evseID, max: 48)
      try w.visit("connector_id", &connector, max: 36)
      try w.visit("connector_standard", &standard)
      try w.visit("connector_format", &format)
      try w.visit("connector_power_type", &powerType)
    }
  }
}

// MARK: - From the house

extension V221.CDR {
  init(_ cdr: Domain.CDR, _ fitting: inout Fitting) {
    let totals = cdr.totals
    let edition = fitting.edition
    country = cdr.country
    party = cdr.party
    id = cdr.id
    startedAt = cdr.startedAt
    endedAt = cdr.endedAt
    (session, booking) = (cdr.session.nonEmpty, cdr.booking)
    token = V221.CdrToken(cdr.token, edition)
    authMethod = V221.AuthMethod(cdr.authorization)
    authorizationReference = cdr.authorizationReference?.nonEmpty
    place = V221.CdrLocation(cdr.place.fitted(&fitting))
    currency = cdr.currency
    // The books keep the tariff as it was when the session began; when it was last changed before that, nobody needs.
    if let tariff = cdr.tariff {
      let owner = PartyID(country: cdr.country, party: cdr.party)
      tariffs = (try? V221.Tariff(tariff, party: owner, updatedAt: cdr.startedAt, in: edition)).map { [$0] }
      if tariffs == nil { fitting.lose(Self.tariffPart) }
    }
    periods = V221.ChargingPeriod.list(of: cdr.periods, tariff: cdr.tariff?.ref.nonEmpty)
    signedData = cdr.signedData.map { V221.SignedData($0, &fitting) }
    cost = V221.Price(totals.cost)
    fixedCost = totals.fixedCost.map(V221.Price.init)
    energy = totals.energy.kilowattHours
    energyCost = totals.energyCost.map(V221.Price.init)
    time = V221.ChargingPeriod.hours(totals.seconds)
    timeCost = totals.timeCost.map(V221.Price.init)
    parkingTime = totals.parkingSeconds > 0 ? V221.ChargingPeriod.hours(totals.parkingSeconds) : nil
    parkingCost = totals.parkingCost.map(V221.Price.init)
    reservationCost = totals.reservationCost.map(V221.Price.init)
    remark = Self.remark(of: cdr)
    (isCredit, credits) = (cdr.isCredit ? true : nil, cdr.credits)
    updatedAt = cdr.createdAt
  }

  static let tariffPart = "the tariff of a CDR"

  /// The operator's own words, else what is to be known of the figures.
  static func remark(of cdr: Domain.CDR) -> String? {
    cdr.remark?.nonEmpty
      ?? (cdr.isEstimated ? "The end of this session was not reported by the station; its values are estimated." : nil)
  }
}

extension V221.CDR: Trimmed {
  mutating func leaveOut(_ field: String) -> String? {
    switch field.prefix(while: { $0 != "." && $0 != "[" }) {
    case "tariffs":
      tariffs = nil
      return Self.tariffPart
    case "signed_data":
      signedData = nil
      return "the signed_data of a CDR"
    case "authorization_reference":
      authorizationReference = nil
      return "the authorization_reference of a CDR"
    case "cdr_location" where field == "cdr_location.postal_code":
      place.postalCode = nil
      return "the postal_code of a CDR"
    default: return nil
    }
  }
}

extension V221.CdrLocation {
  init(_ place: Domain.CDR.Place) {
    id = place.location
    name = place.name?.nonEmpty
    address = place.address
    city = place.city
    postalCode = place.postalCode?.nonEmpty
    state = place.state?.nonEmpty
    country = place.country
    coordinates = V221.GeoLocation(latitude: place.latitude, longitude: place.longitude)
    evse = place.evse
    // Required here, optional in the books: the text gives no other word for "there is none" (§4.1.10).
    evseID = place.evseID.nonEmpty ?? "#NA"
    connector = place.connector
    standard = place.standard
    format = place.format
    powerType = place.powerType
  }
}
