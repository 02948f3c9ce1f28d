// OCPP 1.6 SmartCharging: how much a station may give, and what comes of it.

import Domain
import Wire

extension V16 {
  static let smartChargingCalls: [any Message.Type] = [
    SetChargingProfile.self, ClearChargingProfile.self, GetCompositeSchedule.self,
  ]

  static func request(_ command: ProfileCommand) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .set(let profile, let number, let evse):
      var call = SetChargingProfile()
      call.connectorId = evse
      call.csChargingProfiles = try ChargingProfile(profile, number: number)
      return try CommandRequest(call, .v16)
    case .clear(let filter):
      var call = ClearChargingProfile()
      call.id = filter.number
      call.connectorId = filter.evse
      if let purpose = filter.purpose { call.chargingProfilePurpose = try ChargingProfile.Purpose(purpose) }
      call.stackLevel = filter.stackLevel
      return try CommandRequest(call, .v16)
    case .composite(let evse, let seconds, let unit):
      var call = GetCompositeSchedule()
      call.connectorId = evse
      call.duration = seconds
      call.chargingRateUnit = unit.map(ChargingSchedule.RateUnit.init)
      return try CommandRequest(call, .v16) { reply in
        var composite = CompositeSchedule()
        composite.evse = reply.connectorId ?? evse
        if let schedule = reply.chargingSchedule { composite.schedule = schedule.plain }
        composite.schedule.startsAt = reply.scheduleStart ?? composite.schedule.startsAt
        return composite.json
      }
    case .report: throw Unspeakable("OCPP 1.6 cannot list charging profiles; ask for the composite schedule")
    case .priority: throw Unspeakable("OCPP 1.6 knows no priority charging")
    case .dynamic: throw Unspeakable("OCPP 1.6 has no dynamic profiles")
    case .transfers: throw Unspeakable("OCPP 1.6 knows nothing of how a vehicle exchanges energy")
    }
  }
}

// MARK: - SetChargingProfile (§5.16)

extension V16 {
  /// Keep to this profile, at a connector or as a whole.
  public struct SetChargingProfile: Message {
    public static let action = "SetChargingProfile"
    public var connectorId = 0, csChargingProfiles = ChargingProfile()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("connectorId", &connectorId, 0...)
      try w.visit("csChargingProfiles", &csChargingProfiles)
    }

    public struct Reply: Verdict {
      public enum Status: String, Word {
        case accepted = "Accepted", rejected = "Rejected", notSupported = "NotSupported"
      }

      public var status = Loose<Status>.known(.rejected)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      public var refusal: String? { status.word == .accepted ? nil : status.text }
    }
  }
}

// MARK: - ClearChargingProfile (§5.5)

extension V16 {
  /// Forget one profile, or all that fit.
  public struct ClearChargingProfile: Message {
    public static let action = "ClearChargingProfile"
    public var id: Int64?, connectorId: Int?, chargingProfilePurpose: ChargingProfile.Purpose?, stackLevel: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id)
      try w.visit("connectorId", &connectorId, 0...)
      try w.visit("chargingProfilePurpose", &chargingProfilePurpose)
      try w.visit("stackLevel", &stackLevel, 0...)
    }

    public struct Reply: Verdict {
      /// Unknown: nothing fitted, so nothing was there to be cleared.
      public enum Status: String, Word { case accepted = "Accepted", unknown = "Unknown" }

      public var status = Loose<Status>.known(.unknown)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      public var refusal: String? { status.word == .accepted ? nil : status.text }
    }
  }
}

// MARK: - GetCompositeSchedule (§5.7)

extension V16 {
  /// What do your profiles come to?
  public struct GetCompositeSchedule: Message {
    public static let action = "GetCompositeSchedule"
    /// Seconds.
    public var connectorId = 0, duration = 0, chargingRateUnit: ChargingSchedule.RateUnit?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("connectorId", &connectorId, 0...)
      try w.visit("duration", &duration, 1...)
      try w.visit("chargingRateUnit", &chargingRateUnit)
    }

    public struct Reply: Verdict {
      public enum Status: String, Word { case accepted = "Accepted", rejected = "Rejected" }

      public var status = Loose<Status>.known(.rejected), connectorId: Int?, scheduleStart: Timestamp?
      public var chargingSchedule: ChargingSchedule?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("connectorId", &connectorId)
        try w.visit("scheduleStart", &scheduleStart)
        try w.visit("chargingSchedule", &chargingSchedule)
      }

      public var refusal: String? { status.word == .accepted ? nil : status.text }
    }
  }
}

// MARK: - From the house's words

extension V16.ChargingProfile {
  init(_ profile: Domain.ChargingProfile, number: Int64) throws(Unspeakable) {
    self.init()
    guard let id = Int(exactly: number) else { throw Unspeakable("the profile's number is too great") }
    chargingProfileId = id
    if let transaction = profile.transaction {
      guard let number = Int64(transaction) else { throw Unspeakable("OCPP 1.6 knows transactions by a number") }
      transactionId = number
    }
    guard profile.schedule.periods.allSatisfy({ $0.bidirectional == nil }) else {
      throw Unspeakable("OCPP 1.6 knows nothing of energy that flows back")
    }
    guard profile.offlineSeconds == nil else {
      throw Unspeakable("OCPP 1.6 has no profiles that end when the connection does")
    }
    stackLevel = profile.stackLevel
    chargingProfilePurpose = try Purpose(profile.purpose)
    switch profile.kind {
    case .absolute: chargingProfileKind = .absolute
    case .recurring: chargingProfileKind = .recurring
    case .relative: chargingProfileKind = .relative
    case .dynamic: throw Unspeakable("OCPP 1.6 has no dynamic profiles")
    }
    recurrencyKind = profile.recurrency.map { $0 == .daily ? .daily : .weekly }
    validFrom = profile.validFrom
    validTo = profile.validTo
    chargingSchedule = V16.ChargingSchedule(profile.schedule)
  }

  /// In the house's words.
  public var plain: Domain.ChargingProfile {
    var profile = Domain.ChargingProfile()
    (profile.purpose, profile.stackLevel) = (chargingProfilePurpose.plain, stackLevel)
    switch chargingProfileKind {
    case .absolute: profile.kind = .absolute
    case .recurring: profile.kind = .recurring
    case .relative: profile.kind = .relative
    }
    profile.recurrency = recurrencyKind.map { $0 == .daily ? .daily : .weekly }
    (profile.validFrom, profile.validTo) = (validFrom, validTo)
    profile.transaction = transactionId.map { "\($0)" }
    profile.schedule = chargingSchedule.plain
    return profile
  }
}

extension V16.ChargingProfile.Purpose {
  init(_ purpose: Domain.ChargingProfile.Purpose) throws(Unspeakable) {
    switch purpose {
    case .station: self = .chargePointMax
    case .anySession: self = .txDefault
    case .session: self = .tx
    case .external, .priority, .localGeneration:
      throw Unspeakable("OCPP 1.6 has no profiles for \(purpose.rawValue)")
    }
  }

  public var plain: Domain.ChargingProfile.Purpose {
    switch self {
    case .chargePointMax: .station
    case .txDefault: .anySession
    case .tx: .session
    }
  }
}

extension V16.ChargingSchedule {
  public init(_ schedule: Domain.ChargingProfile.Schedule) {
    self.init()
    duration = schedule.seconds
    startSchedule = schedule.startsAt
    chargingRateUnit = RateUnit(schedule.unit)
    minChargingRate = schedule.leastRate?.rounded(toPlaces: 1, .down)
    chargingSchedulePeriod = schedule.periods.map { period in
      var mine = Period()
      mine.startPeriod = period.start
      // §7.13: at most one digit behind the point.
      mine.limit = period.limit.rounded(toPlaces: 1, .down)
      mine.numberPhases = period.phases
      return mine
    }
  }

  var plain: Domain.ChargingProfile.Schedule {
    var schedule = Domain.ChargingProfile.Schedule()
    schedule.unit = chargingRateUnit == .watts ? .watts : .amperes
    schedule.startsAt = startSchedule
    schedule.seconds = duration.flatMap { $0 > 0 ? $0 : nil }
    schedule.leastRate = minChargingRate
    schedule.periods = chargingSchedulePeriod.map { period in
      Domain.ChargingProfile.Period(
        start: period.startPeriod, limit: period.limit,
        phases: period.numberPhases.flatMap { (1...3).contains($0) ? $0 : nil })
    }
    return schedule
  }
}

extension V16.ChargingSchedule.RateUnit {
  init(_ unit: Domain.ChargingProfile.Schedule.Unit) {
    switch unit {
    case .amperes: self = .amperes
    case .watts: self = .watts
    }
  }
}
