import Domain
import Wire

extension V211 {
  /// A charging session, running or over (mod_sessions §3.1).
  public struct Session: Payload {
    public var id = ""
    public var startedAt = Timestamp.epoch
    public var endedAt: Timestamp?
    public var kWh = Decimal.zero
    public var authID = ""
    public var authMethod = AuthMethod.whitelist
    public var location = Location()
    public var meter: String?
    public var currency = ""
    public var periods: [ChargingPeriod]?
    public var cost: Decimal?
    public var status = Status.pending
    public var updatedAt = Timestamp.epoch

    public enum Status: String, Word {
      case active = "ACTIVE", completed = "COMPLETED", invalid = "INVALID", pending = "PENDING"
    }

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, max: 36)
      try w.visit("start_datetime", &startedAt)
      try w.visit("end_datetime", &endedAt)
      try w.visit("kwh", &kWh)
      try w.visit("auth_id", &authID, max: 36)
      try w.visit("auth_method", &authMethod)
      try w.visit("location", &location)
      try w.visit("meter_id", &meter, max: 255, cut: true)
      try w.visit("currency", &currency, max: 3)
      try w.visit("charging_periods", &periods)
      try w.visit("total_cost", &cost)
      try w.visit("status", &status)
      try w.visit("last_updated", &updatedAt)
    }
  }

  /// What a finished session cost and why (mod_cdrs §3.1). Costs are without taxes.
  public struct CDR: Payload {
    public var id = ""
    public var startedAt = Timestamp.epoch
    public var endedAt = Timestamp.epoch
    public var authID = ""
    public var authMethod = AuthMethod.whitelist
    public var location = Location()
    public var meter: String?
    public var currency = ""
    public var tariffs: [Tariff]?
    public var periods: [ChargingPeriod] = []
    public var cost = Decimal.zero
    /// kWh.
    public var energy = Decimal.zero
    /// Hours.
    public var time = Decimal.zero
    public var parkingTime: Decimal?
    public var remark: String?
    public var updatedAt = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, max: 36)
      try w.visit("start_date_time", &startedAt)
      try w.visit("stop_date_time", &endedAt)
      try w.visit("auth_id", &authID, max: 36)
      try w.visit("auth_method", &authMethod)
      try w.visit("location", &location)
      try w.visit("meter_id", &meter, max: 255, cut: true)
      try w.visit("currency", &currency, max: 3)
      try w.visit("tariffs", &tariffs)
      try w.visit("charging_periods", &periods, count: 1...)
      try w.visit("total_cost", &cost)
      try w.visit("total_energy", &energy)
      try w.visit("total_time", &time)
      try w.visit("total_parking_time", &parkingTime)
      try w.visit("remark", &remark, max: 255, cut: true)
      try w.visit("last_updated", &updatedAt)
    }
  }

  public enum AuthMethod: String, Word { case authRequest = "AUTH_REQUEST", whitelist = "WHITELIST" }

  /// A part of a session; it ends where the next begins (mod_cdrs §4.3).
  public struct ChargingPeriod: Payload {
    public var startedAt = Timestamp.epoch
    public var dimensions: [Dimension] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("start_date_time", &startedAt)
      try w.visit("dimensions", &dimensions, count: 1...)
    }
  }

  /// How much of something a period had (mod_cdrs §4.1).
  public struct Dimension: Payload {
    public var kind = Kind.energy
    public var volume = Decimal.zero

    public enum Kind: String, Word {
      case energy = "ENERGY", flat = "FLAT", maxCurrent = "MAX_CURRENT", minCurrent = "MIN_CURRENT"
      case parkingTime = "PARKING_TIME", time = "TIME"
    }

    public init() {}

    init(_ kind: Kind, _ volume: Decimal) { (self.kind, self.volume) = (kind, volume) }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("type", &kind)
      try w.visit("volume", &volume)
    }
  }
}

// MARK: - From the house

extension V211.Session {
  init(_ view: SessionView, _ fitting: inout Fitting) {
    let session = view.session
    (id, startedAt, endedAt) = (session.id, session.startedAt, session.endedAt)
    kWh = session.energy.kilowattHours
    (authID, authMethod) = (session.token.contractID, V211.AuthMethod(session.authorization))
    location = V211.Location(
      view.place.fitted(&fitting), status: session.endedAt == nil ? .charging : .unknown, at: session.updatedAt)
    currency = view.currency
    periods = view.periods.isEmpty ? nil : V211.ChargingPeriod.list(of: view.periods)
    cost = view.cost?.beforeTax.decimal
    status =
      switch session.state {
      case .pending: .pending
      // It waits for its late stop: it may still change, which COMPLETED rules out.
      case .active, .superseded: .active
      case .completed: .completed
      case .invalid: .invalid
      }
    updatedAt = session.updatedAt
  }
}

extension V211.CDR {
  init(_ cdr: Domain.CDR, _ fitting: inout Fitting) {
    let totals = cdr.totals
    (id, startedAt, endedAt) = (cdr.id, cdr.startedAt, cdr.endedAt)
    (authID, authMethod) = (cdr.token.contractID, V211.AuthMethod(cdr.authorization))
    location = V211.Location(cdr.place.fitted(&fitting), status: .unknown, at: cdr.createdAt)
    currency = cdr.currency
    if let tariff = cdr.tariff {
      tariffs = (try? V211.Tariff(tariff, updatedAt: cdr.startedAt)).map { [$0] }
      if tariffs == nil { fitting.lose(V221.CDR.tariffPart) }
    }
    periods = V211.ChargingPeriod.list(of: cdr.periods)
    if let fixed = totals.fixedCost, fixed.beforeTax > .zero, !periods.isEmpty {
      periods[0].dimensions.append(V211.Dimension(.flat, 1))
    }
    (cost, energy) = (totals.cost.beforeTax.decimal, totals.energy.kilowattHours)
    time = V221.ChargingPeriod.hours(totals.seconds)
    parkingTime = totals.parkingSeconds > 0 ? V221.ChargingPeriod.hours(totals.parkingSeconds) : nil
    remark = V221.CDR.remark(of: cdr)
    updatedAt = cdr.createdAt
  }
}

extension V211.CDR: Trimmed {
  mutating func leaveOut(_ field: String) -> String? {
    guard field.hasPrefix("tariffs") else { return nil }
    tariffs = nil
    return V221.CDR.tariffPart
  }
}

extension V211.AuthMethod {
  /// A command came from the driver's provider, who had said yes.
  init(_ method: Authorization.Method) {
    switch method {
    case .authRequest, .command: self = .authRequest
    case .whitelist: self = .whitelist
    }
  }
}

extension V211.ChargingPeriod {
  /// The volumes of 2.2.1, as far as this version counts them.
  static func list(of periods: [Domain.ChargingPeriod]) -> [V211.ChargingPeriod] {
    V221.ChargingPeriod.list(of: periods, tariff: nil).map { period in
      var made = V211.ChargingPeriod()
      made.startedAt = period.startedAt
      made.dimensions = period.dimensions.compactMap { dimension in
        V211.Dimension.Kind(rawValue: dimension.kind.rawValue).map { V211.Dimension($0, dimension.volume) }
      }
      return made
    }
  }
}
