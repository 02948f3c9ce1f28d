// OCPP 2.1 block K, Smart Charging: schedules that change while they run, and who goes first.

import Wire

// MARK: - UsePriorityCharging (K21), NotifyPriorityCharging (K22)

extension V2 {
  /// A driver pays for being first, or no longer does.
  public struct UsePriorityCharging: Message {
    public static let action = "UsePriorityCharging"
    public static let since = Edition.v21
    public var transactionId = "", activate = false

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("transactionId", &transactionId, max: 36)
      try w.visit("activate", &activate)
    }

    public enum Status: String, Answering {
      case accepted = "Accepted", rejected = "Rejected", noProfile = "NoProfile"
    }

    public typealias Reply = Answer<Status>
  }

  /// The station did so by itself, since the driver asked it to.
  public struct NotifyPriorityCharging: Message {
    public static let action = "NotifyPriorityCharging"
    public static let since = Edition.v21
    public var transactionId = "", activated = false

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("transactionId", &transactionId, max: 36)
      try w.visit("activated", &activated)
    }

    public typealias Reply = Nothing
  }
}

// MARK: - UpdateDynamicSchedule, PullDynamicScheduleUpdate (K28)

extension V2 {
  /// A new value for the one period of a dynamic schedule.
  public struct UpdateDynamicSchedule: Message {
    public static let action = "UpdateDynamicSchedule"
    public static let since = Edition.v21
    public var chargingProfileId = 0, scheduleUpdate = ChargingScheduleUpdate()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("chargingProfileId", &chargingProfileId)
      try w.visit("scheduleUpdate", &scheduleUpdate)
    }

    public typealias Reply = YesOrNo
  }

  /// The station asks for it.
  public struct PullDynamicScheduleUpdate: Message {
    public static let action = "PullDynamicScheduleUpdate"
    public static let since = Edition.v21
    public var chargingProfileId = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("chargingProfileId", &chargingProfileId)
    }

    public struct Reply: Payload {
      public var scheduleUpdate: ChargingScheduleUpdate?, status = Loose<GenericStatus>.known(.rejected)
      public var statusInfo: StatusInfo?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("scheduleUpdate", &scheduleUpdate)
        try w.visit("status", &status)
        try w.visit("statusInfo", &statusInfo)
      }
    }
  }

  /// The values that change; in the unit of the schedule.
  public struct ChargingScheduleUpdate: Payload {
    public var limit: Decimal?, limitL2: Decimal?, limitL3: Decimal?, dischargeLimit: Decimal?
    public var dischargeLimitL2: Decimal?, dischargeLimitL3: Decimal?, setpoint: Decimal?, setpointL2: Decimal?
    public var setpointL3: Decimal?, setpointReactive: Decimal?, setpointReactiveL2: Decimal?
    public var setpointReactiveL3: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("limit", &limit)
      try w.visit("limit_L2", &limitL2)
      try w.visit("limit_L3", &limitL3)
      try w.visit("dischargeLimit", &dischargeLimit, ...0)
      try w.visit("dischargeLimit_L2", &dischargeLimitL2, ...0)
      try w.visit("dischargeLimit_L3", &dischargeLimitL3, ...0)
      try w.visit("setpoint", &setpoint)
      try w.visit("setpoint_L2", &setpointL2)
      try w.visit("setpoint_L3", &setpointL3)
      try w.visit("setpointReactive", &setpointReactive)
      try w.visit("setpointReactive_L2", &setpointReactiveL2)
      try w.visit("setpointReactive_L3", &setpointReactiveL3)
    }
  }
}
