import Wire

/// What one of our drivers does, or did, at another network's station, as that network tells it.
public struct RoamingSession: Sendable, Equatable {
  public static let completed = "COMPLETED", invalid = "INVALID"

  public var party: PartyID
  public var ref: String
  public var token: TokenReference
  /// `WHITELIST`, `AUTH_REQUEST`, `COMMAND`.
  public var method: String
  public var authorizationReference: String?
  public var location: String?
  public var evse: String?
  public var connector: String?
  /// OCPI's own word.
  public var status: String
  public var startedAt: Timestamp
  public var endedAt: Timestamp?
  public var energy: Energy
  public var currency: String
  public var cost: Price?
  public var updatedAt: Timestamp
  public var raw: JSON

  public init(
    party: PartyID, ref: String, token: TokenReference, method: String, status: String, startedAt: Timestamp,
    energy: Energy, currency: String, updatedAt: Timestamp, raw: JSON
  ) {
    (self.party, self.ref, self.token, self.method) = (party, ref, token, method)
    (self.status, self.startedAt, self.energy, self.currency) = (status, startedAt, energy, currency)
    (self.updatedAt, self.raw) = (updatedAt, raw)
  }

  public var isOver: Bool { status == Self.completed || status == Self.invalid }
}

/// What another network wants to be paid for a session of one of our drivers.
public struct RoamingCDR: Sendable, Equatable {
  public var party: PartyID
  public var ref: String
  public var session: String?
  public var isCredit = false
  public var creditReference: String?
  public var token: TokenReference
  public var method: String
  public var authorizationReference: String?
  public var location: String?
  public var evse: String?
  public var connector: String?
  public var startedAt: Timestamp
  public var endedAt: Timestamp
  public var currency: String
  public var tariffs: [RoamingTariff] = []
  public var periods: [RoamingPeriod] = []
  public var cost: Price
  /// Of one kind each, where they were told.
  public var fixedCost: Price?
  public var energyCost: Price?
  public var timeCost: Price?
  public var parkingCost: Price?
  public var reservationCost: Price?
  public var energy: Energy
  /// Hours.
  public var time: Decimal
  public var parkingTime: Decimal?
  public var updatedAt: Timestamp
  public var raw: JSON

  public init(
    party: PartyID, ref: String, token: TokenReference, method: String, startedAt: Timestamp, endedAt: Timestamp,
    currency: String, cost: Price, energy: Energy, time: Decimal, updatedAt: Timestamp, raw: JSON
  ) {
    (self.party, self.ref, self.token, self.method) = (party, ref, token, method)
    (self.startedAt, self.endedAt, self.currency, self.cost) = (startedAt, endedAt, currency, cost)
    (self.energy, self.time, self.updatedAt, self.raw) = (energy, time, updatedAt, raw)
  }
}

/// A charging period as it was told; it ends where the next begins.
public struct RoamingPeriod: Sendable, Equatable {
  public var startedAt: Timestamp
  /// By OCPI's word: kWh, hours, kW, A.
  public var volumes: [String: Decimal]
  public var tariff: String?

  public init(startedAt: Timestamp, volumes: [String: Decimal], tariff: String? = nil) {
    (self.startedAt, self.volumes, self.tariff) = (startedAt, volumes, tariff)
  }

  /// As the house prices it, without its seconds.
  fileprivate var plain: ChargingPeriod {
    var period = ChargingPeriod()
    period.start = startedAt
    period.energy = volumes["ENERGY"].flatMap { Energy(wattHours: $0 * 1000) } ?? .zero
    period.activity = .init(
      time: volumes["TIME"], parking: volumes["PARKING_TIME"], reserved: volumes["RESERVATION_TIME"])
    period.maxPower = volumes["MAX_POWER"].map { $0 * 1000 }
    period.maxCurrent = volumes["MAX_CURRENT"]
    return period
  }

  /// The parking behind the charging of the same period; nil where it has but one of them.
  fileprivate func parking(until end: Timestamp) -> ChargingPeriod? {
    guard plain.activity == .charging, let time = volumes["TIME"], time > .zero,
      let parked = volumes["PARKING_TIME"], parked > .zero
    else { return nil }
    let length = Swift.max(0, end.seconds(since: startedAt))
    // Hours beyond the period's own end are nobody's.
    let hours = Swift.min(time, Decimal(length).divided(by: 3_600, places: 4, rounding: .up))
    let charged = (hours * 3_600).rounded(toPlaces: 0, .halfUp).asInt64(scaledBy: 0) ?? length
    guard charged < length else { return nil }
    var period = ChargingPeriod()
    (period.start, period.activity) = (startedAt + .seconds(Int(charged)), .idle)
    return period
  }
}

extension [RoamingPeriod] {
  /// The periods of a session as the house prices them. One that tells hours of charging and of parking is two: no price
  /// holds for both, and who parks has charged.
  public func plain(until end: Timestamp) -> [ChargingPeriod] {
    enumerated().flatMap { place, period in
      let next = place + 1 < count ? self[place + 1].startedAt : end
      return [period.plain] + [period.parking(until: next)].compactMap(\.self)
    }
  }

  /// Seconds of a reservation before the session; each period lasts to the next one.
  func reservedSeconds(until end: Timestamp) -> Int64 {
    enumerated().reduce(0) { sum, entry in
      guard entry.element.plain.activity == .reserved else { return sum }
      let next = entry.offset + 1 < count ? self[entry.offset + 1].startedAt : end
      return sum + Swift.max(0, next.seconds(since: entry.element.startedAt))
    }
  }
}

/// A way to charge that the two networks agreed on, before anybody charges by it.
public struct OfferedToken: Sendable, Equatable {
  public var token: Token
  /// Ours, whose driver it is.
  public var party: PartyID

  public init(token: Token, party: PartyID) { (self.token, self.party) = (token, party) }
}
