// OCPP 2.x: how much may flow when.

import Wire

// MARK: - Profiles

extension V2 {
  /// How a vehicle, an EVSE or the whole station may charge.
  public struct ChargingProfile: Payload {
    public enum ChargingProfileKind: String, Word {
      case absolute = "Absolute", recurring = "Recurring", relative = "Relative", dynamic = "Dynamic"

      public var since: Edition {
        self == .dynamic ? .v21 : .first
      }
    }
    public enum RecurrencyKind: String, Word { case daily = "Daily", weekly = "Weekly" }

    public var id = 0
    /// Of several profiles of one purpose that hold, the highest level counts.
    public var stackLevel = 0
    public var chargingProfilePurpose = Loose<ChargingProfilePurpose>.known(.chargingStationExternalConstraints)
    public var chargingProfileKind = Loose<ChargingProfileKind>.known(.absolute)
    public var recurrencyKind: Loose<RecurrencyKind>?, validFrom: Timestamp?, validTo: Timestamp?
    /// Up to three to choose from over ISO 15118; otherwise one.
    public var chargingSchedule: [ChargingSchedule] = []
    public var transactionId: String?
    /// Seconds without a connection after which the profile stops to hold.
    public var maxOfflineDuration: Int?
    /// Whether such a profile is forgotten; else it holds again when the connection is back.
    public var invalidAfterOfflineDuration: Bool?
    /// Seconds after which the station asks for a new value of a dynamic schedule.
    public var dynUpdateInterval: Int?
    public var dynUpdateTime: Timestamp?
    /// Base64: of the tariffs of all schedules, as ISO 15118-20 signs them.
    public var priceScheduleSignature: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id)
      try w.visit("stackLevel", &stackLevel, w.natural)
      try w.visit("chargingProfilePurpose", &chargingProfilePurpose)
      try w.visit("chargingProfileKind", &chargingProfileKind)
      try w.visit("recurrencyKind", &recurrencyKind)
      try w.visit("validFrom", &validFrom)
      try w.visit("validTo", &validTo)
      try w.visit("chargingSchedule", &chargingSchedule, count: 1...3)
      try w.visit("transactionId", &transactionId, max: 36)
      try w.visit("maxOfflineDuration", &maxOfflineDuration, since: .v21)
      try w.visit("invalidAfterOfflineDuration", &invalidAfterOfflineDuration, since: .v21)
      try w.visit("dynUpdateInterval", &dynUpdateInterval, since: .v21)
      try w.visit("dynUpdateTime", &dynUpdateTime, since: .v21)
      try w.visit("priceScheduleSignature", &priceScheduleSignature, max: 256, since: .v21)
    }
  }

  public enum ChargingProfilePurpose: String, Word {
    case chargingStationExternalConstraints = "ChargingStationExternalConstraints"
    case chargingStationMaxProfile = "ChargingStationMaxProfile", txDefaultProfile = "TxDefaultProfile"
    case txProfile = "TxProfile", priorityCharging = "PriorityCharging", localGeneration = "LocalGeneration"

    public var since: Edition {
      switch self {
      case .priorityCharging, .localGeneration: .v21
      default: .first
      }
    }
  }
}

// MARK: - Schedules

extension V2 {
  /// Limits one after another. It begins with `startSchedule`, and a relative one with the session.
  public struct ChargingSchedule: Payload {
    public var id = 0, startSchedule: Timestamp?
    /// Seconds; without it the last period goes on.
    public var duration: Int?
    public var chargingRateUnit = Loose<ChargingRateUnit>.known(.watts)
    public var chargingSchedulePeriod: [ChargingSchedulePeriod] = []
    /// In the unit of the schedule: below this the vehicle charges badly.
    public var minChargingRate: Decimal?
    public var salesTariff: SalesTariff?, limitAtSoC: LimitAtSoC?
    /// How far a vehicle may stay from the schedule (ISO 15118-20).
    public var powerTolerance: Decimal?
    /// Names this schedule in the signature of the profile.
    public var signatureId: Int?
    /// Base64: the hash of the price schedule.
    public var digestValue: String?
    /// Whether the times of the schedule are those of the station's clock on the wall.
    public var useLocalTime: Bool?
    /// Seconds by which the station delays its steps at random, at most, to spare the grid.
    public var randomizedDelay: Int?
    public var absolutePriceSchedule: AbsolutePriceSchedule?, priceLevelSchedule: PriceLevelSchedule?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id)
      try w.visit("startSchedule", &startSchedule)
      try w.visit("duration", &duration)
      try w.visit("chargingRateUnit", &chargingRateUnit)
      try w.visit("chargingSchedulePeriod", &chargingSchedulePeriod, count: 1...1024)
      try w.visit("minChargingRate", &minChargingRate)
      try w.visit("salesTariff", &salesTariff)
      try w.visit("limitAtSoC", &limitAtSoC, since: .v21)
      try w.visit("powerTolerance", &powerTolerance, since: .v21)
      try w.visit("signatureId", &signatureId, 0..., since: .v21)
      try w.visit("digestValue", &digestValue, max: 88, since: .v21)
      try w.visit("useLocalTime", &useLocalTime, since: .v21)
      try w.visit("randomizedDelay", &randomizedDelay, 0..., since: .v21)
      try w.visit("absolutePriceSchedule", &absolutePriceSchedule, since: .v21)
      try w.visit("priceLevelSchedule", &priceLevelSchedule, since: .v21)
    }
  }

  public enum ChargingRateUnit: String, Word { case watts = "W", amperes = "A" }

  /// A limit from a state of charge on.
  public struct LimitAtSoC: Payload {
    /// Percent.
    public var soc = 0
    /// In the unit of the schedule.
    public var limit = Decimal.zero

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("soc", &soc, 0...100)
      try w.visit("limit", &limit)
    }
  }

  /// What holds from `startPeriod` until the next one begins. Limits are in the unit of the schedule, per phase
  /// where it is amperes.
  public struct ChargingSchedulePeriod: Payload {
    /// Seconds from the start of the schedule.
    public var startPeriod = 0
    public var limit: Decimal?, numberPhases: Int?
    /// Which phase, where there is one and the station can switch.
    public var phaseToUse: Int?
    public var limitL2: Decimal?, limitL3: Decimal?
    /// Zero or less: energy that flows back is negative.
    public var dischargeLimit: Decimal?
    public var dischargeLimitL2: Decimal?, dischargeLimitL3: Decimal?, setpoint: Decimal?, setpointL2: Decimal?
    public var setpointL3: Decimal?
    /// Var, or per phase VA.
    public var setpointReactive: Decimal?
    public var setpointReactiveL2: Decimal?, setpointReactiveL3: Decimal?, preconditioningRequest: Bool?
    public var evseSleep: Bool?
    /// Watts around which the curves below move.
    public var v2xBaseline: Decimal?
    public var operationMode: Loose<OperationMode>?, v2xFreqWattCurve: [V2XFreqWattPoint]?
    public var v2xSignalWattCurve: [V2XSignalWattPoint]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("startPeriod", &startPeriod)
      try w.visit("limit", &limit, expected: w.edition < .v21)
      try w.visit("numberPhases", &numberPhases, w.range(0, 3))
      try w.visit("phaseToUse", &phaseToUse, w.range(0, 3))
      try w.visit("limit_L2", &limitL2, since: .v21)
      try w.visit("limit_L3", &limitL3, since: .v21)
      try w.visit("dischargeLimit", &dischargeLimit, ...0, since: .v21)
      try w.visit("dischargeLimit_L2", &dischargeLimitL2, ...0, since: .v21)
      try w.visit("dischargeLimit_L3", &dischargeLimitL3, ...0, since: .v21)
      try w.visit("setpoint", &setpoint, since: .v21)
      try w.visit("setpoint_L2", &setpointL2, since: .v21)
      try w.visit("setpoint_L3", &setpointL3, since: .v21)
      try w.visit("setpointReactive", &setpointReactive, since: .v21)
      try w.visit("setpointReactive_L2", &setpointReactiveL2, since: .v21)
      try w.visit("setpointReactive_L3", &setpointReactiveL3, since: .v21)
      try w.visit("preconditioningRequest", &preconditioningRequest, since: .v21)
      try w.visit("evseSleep", &evseSleep, since: .v21)
      try w.visit("v2xBaseline", &v2xBaseline, since: .v21)
      try w.visit("operationMode", &operationMode, since: .v21)
      try w.visit("v2xFreqWattCurve", &v2xFreqWattCurve, count: 1...20, since: .v21)
      try w.visit("v2xSignalWattCurve", &v2xSignalWattCurve, count: 1...20, since: .v21)
    }
  }

  public enum OperationMode: String, Word {
    case idle = "Idle", chargingOnly = "ChargingOnly", centralSetpoint = "CentralSetpoint"
    case externalSetpoint = "ExternalSetpoint", externalLimits = "ExternalLimits"
    case centralFrequency = "CentralFrequency", localFrequency = "LocalFrequency"
    case localLoadBalancing = "LocalLoadBalancing"
  }

  /// Power in watts at a frequency in hertz.
  public struct V2XFreqWattPoint: Payload {
    public var frequency = Decimal.zero, power = Decimal.zero

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("frequency", &frequency)
      try w.visit("power", &power)
    }
  }

  /// Power in watts at a signal of the grid.
  public struct V2XSignalWattPoint: Payload {
    public var signal = 0, power = Decimal.zero

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("signal", &signal)
      try w.visit("power", &power)
    }
  }
}

// MARK: - Limits from elsewhere

extension V2 {
  /// A limit that somebody else set to the station.
  public struct ChargingLimit: Payload {
    public var chargingLimitSource = OpenWord.known(ChargingLimitSource.other), isGridCritical: Bool?
    public var isLocalGeneration: Bool?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("chargingLimitSource", &chargingLimitSource)
      try w.visit("isGridCritical", &isGridCritical)
      try w.visit("isLocalGeneration", &isLocalGeneration, since: .v21)
    }
  }

  /// Who sets limits: an energy management system, a system operator, the operator of the station.
  public enum ChargingLimitSource: String, Word {
    case ems = "EMS", other = "Other", systemOperator = "SO", stationOperator = "CSO"
  }
}
