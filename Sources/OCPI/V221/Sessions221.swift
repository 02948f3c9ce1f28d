import Domain
import Wire

extension V221 {
  /// A charging session, running or over (§9.3.1).
  public struct Session: Payload {
    public var country = ""
    public var party = ""
    public var id = ""
    public var startedAt = Timestamp.epoch
    public var endedAt: Timestamp?
    public var kWh = Decimal.zero
    public var token = CdrToken()
    public var authMethod = AuthMethod.whitelist
    public var authorizationReference: String?
    public var location = ""
    public var evse = ""
    public var connector = ""
    public var meter: String?
    public var currency = ""
    public var periods: [ChargingPeriod]?
    public var cost: Price?
    public var status = Status.pending
    public var updatedAt = Timestamp.epoch

    public enum Status: String, Word {
      case pending = "PENDING", active = "ACTIVE", completed = "COMPLETED", invalid = "INVALID"
      case reservation = "RESERVATION"
    }

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("country_code", &country, max: 2)
      try w.visit("party_id", &party, max: 3)
      try w.visit("id", &id, max: 36)
      try w.visit("start_date_time", &startedAt)
      try w.visit("end_date_time", &endedAt)
      try w.visit("kwh", &kWh)
      try w.visit("cdr_token", &token)
      try w.visit("auth_method", &authMethod)
      try w.visit("authorization_reference", &authorizationReference, max: 36)
      try w.visit("location_id", &location, max: 36)
      try w.visit("evse_uid", &evse, max: 36)
      try w.visit("connector_id", &connector, max: 36)
      try w.visit("meter_id", &meter, max: 255, cut: true)
      try w.visit("currency", &currency, max: 3)
      try w.visit("charging_periods", &periods)
      try w.visit("total_cost", &cost)
      try w.visit("status", &status)
      try w.visit("last_updated", &updatedAt)
    }
  }

  /// A part of a session; it ends where the next begins (§10.4.6).
  public struct ChargingPeriod: Payload {
    public var startedAt = Timestamp.epoch
    public var dimensions: [CdrDimension] = []
    public var tariff: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("start_date_time", &startedAt)
      try w.visit("dimensions", &dimensions, count: 1...)
      try w.visit("tariff_id", &tariff, max: 36)
    }

    public func volume(_ kind: CdrDimension.Kind) -> Decimal? { dimensions.first { $0.kind == kind }?.volume }
  }

  /// How much of something a period had: kWh, hours or kW (§10.4.2).
  public struct CdrDimension: Payload {
    public var kind = Kind.energy
    public var volume = Decimal.zero

    public enum Kind: String, Word {
      case current = "CURRENT", energy = "ENERGY", energyExport = "ENERGY_EXPORT", energyImport = "ENERGY_IMPORT"
      case maxCurrent = "MAX_CURRENT", minCurrent = "MIN_CURRENT", maxPower = "MAX_POWER", minPower = "MIN_POWER"
      case parkingTime = "PARKING_TIME", power = "POWER", reservationTime = "RESERVATION_TIME"
      case stateOfCharge = "STATE_OF_CHARGE", time = "TIME"
    }

    public init() {}

    public init(_ kind: Kind, _ volume: Decimal) { (self.kind, self.volume) = (kind, volume) }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("type", &kind)
      try w.visit("volume", &volume)
    }
  }

  public enum AuthMethod: String, Word {
    case whitelist = "WHITELIST", command = "COMMAND", authRequest = "AUTH_REQUEST"
  }
}

// MARK: - From the house

extension V221.Session {
  init(_ view: SessionView, _ edition: Edition) {
    let session = view.session
    country = view.party.country
    party = view.party.party
    id = session.id
    startedAt = session.startedAt
    endedAt = session.endedAt
    kWh = session.energy.kilowattHours
    token = V221.CdrToken(session.token, edition)
    authMethod = V221.AuthMethod(session.authorization)
    // A payment's own may be longer than OCPI holds; it says nothing to partners.
    authorizationReference = session.authorizationReference.flatMap { (1...36).contains($0.utf8.count) ? $0 : nil }
    location = view.place.location
    evse = view.place.evse
    connector = view.place.connector
    currency = view.currency
    periods =
      view.periods.isEmpty
      ? nil
      : V221.ChargingPeriod.list(of: view.periods, tariff: session.tariff?.ref.nonEmpty, isOfSession: true)
    cost = view.cost.map(V221.Price.init)
    status =
      switch session.state {
      case .pending: .pending
      // A superseded session waits for its late stop: it may still change, which COMPLETED rules out (§9.4.4).
      case .active, .superseded: .active
      case .completed: .completed
      case .invalid: .invalid
      }
    updatedAt = session.updatedAt
  }
}

extension V221.AuthMethod {
  init(_ method: Authorization.Method) {
    switch method {
    case .authRequest: self = .authRequest
    case .command: self = .command
    case .whitelist: self = .whitelist
    }
  }
}

extension V221.ChargingPeriod {
  /// The periods with their volumes. Hours have four decimals, so they are rounded cumulatively, each dimension by
  /// itself: the volumes of all periods then sum to the rounded whole, and `total_parking_time` is their sum.
  /// - Parameter isOfSession: with what only sessions tell, and no bill (§10.4.2).
  static func list(
    of periods: [Domain.ChargingPeriod], tariff: String?, isOfSession: Bool = false
  ) -> [V221.ChargingPeriod] {
    var charging = 0
    var parking = 0
    var reserved = 0
    return periods.map { period in
      var made = V221.ChargingPeriod()
      made.startedAt = period.start
      made.tariff = tariff
      made.dimensions = [V221.CdrDimension(.energy, period.energy.kilowattHours)]
      if isOfSession, period.exported > .zero {
        made.dimensions.append(V221.CdrDimension(.energyExport, period.exported.kilowattHours))
      }
      switch period.activity {
      case .charging:
        made.dimensions.append(V221.CdrDimension(.time, hours(charging + period.seconds) - hours(charging)))
        charging += period.seconds
      case .idle:
        made.dimensions.append(V221.CdrDimension(.parkingTime, hours(parking + period.seconds) - hours(parking)))
        parking += period.seconds
      case .reserved:
        made.dimensions.append(V221.CdrDimension(.reservationTime, hours(reserved + period.seconds) - hours(reserved)))
        reserved += period.seconds
      }
      if let watts = period.maxPower {
        made.dimensions.append(
          V221.CdrDimension(.maxPower, (watts * Decimal(1, places: 3)).rounded(toPlaces: 4, .halfUp)))
      }
      if let amperes = period.maxCurrent {
        made.dimensions.append(V221.CdrDimension(.maxCurrent, amperes.rounded(toPlaces: 4, .halfUp)))
      }
      return made
    }
  }

  /// Seconds as hours with the four decimals that OCPI allows.
  static func hours(_ seconds: Int) -> Decimal { Decimal(seconds).divided(by: 3600, places: 4, rounding: .halfUp) }
}
