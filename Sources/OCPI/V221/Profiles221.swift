import Domain
import Wire

extension V221 {
  /// Please charge that session by this plan (§14.3.5).
  public struct SetProfile: Payload {
    public var profile = Profile()
    public var responseURL = ""

    public init() {}

    init(_ schedule: ChargingProfile.Schedule, respondTo url: String) {
      (profile, responseURL) = (Profile(schedule), url)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("charging_profile", &profile)
      try w.visit("response_url", &responseURL, max: 255)
    }
  }

  /// How much may be drawn, and when (§14.4.2).
  public struct Profile: Payload {
    public var startsAt: Timestamp?
    public var seconds: Int?
    public var unit = ChargingProfile.Schedule.Unit.watts
    public var leastRate: Decimal?
    public var periods: [Period]?

    public init() {}

    init(_ schedule: ChargingProfile.Schedule) {
      (startsAt, seconds, unit, leastRate) = (schedule.startsAt, schedule.seconds, schedule.unit, schedule.leastRate)
      periods = schedule.periods.map { period in
        var made = Period()
        (made.start, made.limit) = (period.start, period.limit)
        return made
      }
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("start_date_time", &startsAt)
      try w.visit("duration", &seconds, 0...)
      try w.visit("charging_rate_unit", &unit)
      try w.visit("min_charging_rate", &leastRate)
      try w.visit("charging_profile_period", &periods)
    }

    /// As the house plans.
    var plain: ChargingProfile.Schedule {
      var schedule = ChargingProfile.Schedule()
      (schedule.unit, schedule.startsAt, schedule.leastRate) = (unit, startsAt, leastRate)
      schedule.seconds = seconds.flatMap { $0 > 0 ? $0 : nil }
      schedule.periods = (periods ?? []).map { ChargingProfile.Period(start: $0.start, limit: $0.limit) }
      return schedule
    }
  }

  /// From when on how much (§14.4.3).
  public struct Period: Payload {
    /// Seconds from the profile's start.
    public var start = 0
    public var limit = Decimal.zero

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("start_period", &start, 0...)
      try w.visit("limit", &limit)
    }
  }

  /// What a session's charging comes to (§14.4.1).
  public struct ActiveProfile: Payload {
    public var startsAt = Timestamp.epoch
    public var profile = Profile()

    public init() {}

    init(_ schedule: ChargingProfile.Schedule) {
      startsAt = schedule.startsAt ?? .epoch
      profile = Profile(schedule)
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("start_date_time", &startsAt)
      try w.visit("charging_profile", &profile)
    }
  }

  /// What we say at once (§14.3.1).
  public struct ProfileResponse: Payload {
    public var result = Result.rejected
    /// Seconds.
    public var timeout = 0

    public enum Result: String, Word {
      case accepted = "ACCEPTED", notSupported = "NOT_SUPPORTED", rejected = "REJECTED", tooOften = "TOO_OFTEN"
      case unknownSession = "UNKNOWN_SESSION"
    }

    public init() {}

    init(_ answer: ProfileAnswer) {
      switch answer {
      case .accepted(let seconds): (result, timeout) = (.accepted, max(seconds, 0))
      case .notSupported: result = .notSupported
      case .rejected: result = .rejected
      case .tooOften: result = .tooOften
      case .unknownSession: result = .unknownSession
      }
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("result", &result)
      try w.visit("timeout", &timeout, 0...)
    }
  }

  /// What the station said, later; with a profile where one was asked for (§14.3.2–4).
  public struct ProfileOutcome: Payload {
    public var result = ProfileResult.Result.unknown
    public var profile: ActiveProfile?

    public init() {}

    init(_ told: ProfileResult) {
      result = told.result
      profile = told.question == .active ? told.schedule.map(ActiveProfile.init) : nil
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("result", &result)
      try w.visit("profile", &profile)
    }
  }
}
