// OCPP 2.x block K, Smart Charging: profiles given, asked for and taken back.

import Wire

// MARK: - SetChargingProfile (K01)

extension V2 {
  /// EVSE 0 is the whole station, or for `TxDefaultProfile` every one of its EVSEs.
  public struct SetChargingProfile: Message {
    public static let action = "SetChargingProfile"
    public var evseId = 0, chargingProfile = ChargingProfile()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evseId", &evseId, w.natural)
      try w.visit("chargingProfile", &chargingProfile)
    }

    public typealias Reply = YesOrNo
  }
}

// MARK: - GetCompositeSchedule (K08)

extension V2 {
  /// What all profiles and limits together allow in the next time.
  public struct GetCompositeSchedule: Message {
    public static let action = "GetCompositeSchedule"
    public var duration = 0, chargingRateUnit: Loose<ChargingRateUnit>?, evseId = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("duration", &duration)
      try w.visit("chargingRateUnit", &chargingRateUnit)
      try w.visit("evseId", &evseId, w.natural)
    }

    public struct Reply: Verdict {
      public var status = Loose<GenericStatus>.known(.rejected), statusInfo: StatusInfo?, schedule: CompositeSchedule?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("statusInfo", &statusInfo)
        try w.visit("schedule", &schedule)
      }

      public var refusal: String? { status.refusal }
    }
  }

  /// What all profiles of an EVSE come to.
  public struct CompositeSchedule: Payload {
    public var chargingSchedulePeriod: [ChargingSchedulePeriod] = []
    public var evseId = 0
    /// Seconds.
    public var duration = 0
    public var scheduleStart = Timestamp.epoch, chargingRateUnit = Loose<ChargingRateUnit>.known(.watts)

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("chargingSchedulePeriod", &chargingSchedulePeriod, count: 1...)
      try w.visit("evseId", &evseId, w.natural)
      try w.visit("duration", &duration)
      try w.visit("scheduleStart", &scheduleStart)
      try w.visit("chargingRateUnit", &chargingRateUnit)
    }
  }
}

// MARK: - GetChargingProfiles, ReportChargingProfiles (K09)

extension V2 {
  /// Which profiles the station has; they come as ReportChargingProfiles.
  public struct GetChargingProfiles: Message {
    public static let action = "GetChargingProfiles"
    public var requestId = 0, evseId: Int?, chargingProfile = ProfileCriterion()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("requestId", &requestId)
      try w.visit("evseId", &evseId, w.natural)
      try w.visit("chargingProfile", &chargingProfile)
    }

    public enum Status: String, Answering { case accepted = "Accepted", noProfiles = "NoProfiles" }

    public typealias Reply = Answer<Status>
  }

  /// Which profiles are asked for.
  public struct ProfileCriterion: Payload {
    public var chargingProfilePurpose: Loose<ChargingProfilePurpose>?, stackLevel: Int?, chargingProfileId: [Int]?
    public var chargingLimitSource: [OpenWord<ChargingLimitSource>]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("chargingProfilePurpose", &chargingProfilePurpose)
      try w.visit("stackLevel", &stackLevel, w.natural)
      try w.visit("chargingProfileId", &chargingProfileId, count: 1...)
      try w.visit("chargingLimitSource", &chargingLimitSource, count: 1...4)
    }
  }

  /// Profiles of one source and EVSE.
  public struct ReportChargingProfiles: Message {
    public static let action = "ReportChargingProfiles"
    public var requestId = 0, chargingLimitSource = OpenWord.known(ChargingLimitSource.other)
    public var chargingProfile: [ChargingProfile] = []
    public var tbc: Bool?, evseId = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("requestId", &requestId)
      try w.visit("chargingLimitSource", &chargingLimitSource)
      try w.visit("chargingProfile", &chargingProfile, count: 1...)
      try w.visit("tbc", &tbc)
      try w.visit("evseId", &evseId, w.natural)
    }

    public typealias Reply = Nothing
  }
}

// MARK: - ClearChargingProfile (K10)

extension V2 {
  /// Takes back one profile, or those that fit.
  public struct ClearChargingProfile: Message {
    public static let action = "ClearChargingProfile"
    public var chargingProfileId: Int?, chargingProfileCriteria: ClearedProfiles?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("chargingProfileId", &chargingProfileId)
      try w.visit("chargingProfileCriteria", &chargingProfileCriteria)
    }

    public enum Status: String, Answering { case accepted = "Accepted", unknown = "Unknown" }

    public typealias Reply = Answer<Status>
  }

  /// Takes back one profile, or those that fit.
  public struct ClearedProfiles: Payload {
    public var evseId: Int?, chargingProfilePurpose: Loose<ChargingProfilePurpose>?, stackLevel: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evseId", &evseId, w.natural)
      try w.visit("chargingProfilePurpose", &chargingProfilePurpose)
      try w.visit("stackLevel", &stackLevel, w.natural)
    }
  }
}

// MARK: - NotifyChargingLimit (K11, K12), ClearedChargingLimit (K13)

extension V2 {
  /// Somebody else limits the station.
  public struct NotifyChargingLimit: Message {
    public static let action = "NotifyChargingLimit"
    public var chargingSchedule: [ChargingSchedule]?
    public var evseId: Int?, chargingLimit = ChargingLimit()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("chargingSchedule", &chargingSchedule, count: 1...)
      try w.visit("evseId", &evseId, w.natural)
      try w.visit("chargingLimit", &chargingLimit)
    }

    public typealias Reply = Nothing
  }

  /// The limit from elsewhere is gone.
  public struct ClearedChargingLimit: Message {
    public static let action = "ClearedChargingLimit"
    public var chargingLimitSource = OpenWord.known(ChargingLimitSource.other), evseId: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("chargingLimitSource", &chargingLimitSource)
      try w.visit("evseId", &evseId, w.natural)
    }

    public typealias Reply = Nothing
  }
}
