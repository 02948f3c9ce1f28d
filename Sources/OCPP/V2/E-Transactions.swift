// OCPP 2.x block E, Transactions: a session from plugging in to leaving.

import Domain
import Wire

// MARK: - TransactionEvent (E01 to E17)

extension V2 {
  /// A session began, went on, or ended.
  public struct TransactionEvent: Message {
    public static let action = "TransactionEvent"

    public enum EventType: String, Word { case ended = "Ended", started = "Started", updated = "Updated" }
    public enum TriggerReason: String, Word {
      case authorized = "Authorized", cablePluggedIn = "CablePluggedIn", chargingRateChanged = "ChargingRateChanged"
      case chargingStateChanged = "ChargingStateChanged", deauthorized = "Deauthorized"
      case energyLimitReached = "EnergyLimitReached", evCommunicationLost = "EVCommunicationLost"
      case evConnectTimeout = "EVConnectTimeout", meterValueClock = "MeterValueClock"
      case meterValuePeriodic = "MeterValuePeriodic", timeLimitReached = "TimeLimitReached", trigger = "Trigger"
      case unlockCommand = "UnlockCommand", stopAuthorized = "StopAuthorized", evDeparted = "EVDeparted"
      case evDetected = "EVDetected", remoteStop = "RemoteStop", remoteStart = "RemoteStart"
      case abnormalCondition = "AbnormalCondition", signedDataReceived = "SignedDataReceived"
      case resetCommand = "ResetCommand", costLimitReached = "CostLimitReached", limitSet = "LimitSet"
      case operationModeChanged = "OperationModeChanged", runningCost = "RunningCost"
      case socLimitReached = "SoCLimitReached", tariffChanged = "TariffChanged"
      case tariffNotAccepted = "TariffNotAccepted", txResumed = "TxResumed"

      public var since: Edition {
        switch self {
        case .costLimitReached, .limitSet, .operationModeChanged, .runningCost, .socLimitReached, .tariffChanged,
          .tariffNotAccepted, .txResumed:
          .v21
        default: .first
        }
      }
    }
    public enum PreconditioningStatus: String, Word {
      case unknown = "Unknown", ready = "Ready", notReady = "NotReady", preconditioning = "Preconditioning"
    }

    public var eventType = Loose<EventType>.known(.updated), meterValue: [MeterValue]?
    public var timestamp = Timestamp.epoch, triggerReason = Loose<TriggerReason>.known(.trigger), seqNo = 0
    public var offline: Bool?, numberOfPhasesUsed: Int?, cableMaxCurrent: Int?, reservationId: Int?
    public var transactionInfo = Transaction(), evse: EVSE?, idToken: IdToken?, costDetails: CostDetails?
    public var preconditioningStatus: Loose<PreconditioningStatus>?, evseSleep: Bool?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("eventType", &eventType)
      try w.visit("meterValue", &meterValue, count: 1...)
      try w.visit("timestamp", &timestamp)
      try w.visit("triggerReason", &triggerReason)
      try w.visit("seqNo", &seqNo, w.natural)
      try w.visit("offline", &offline)
      try w.visit("numberOfPhasesUsed", &numberOfPhasesUsed, w.range(0, 3))
      try w.visit("cableMaxCurrent", &cableMaxCurrent)
      try w.visit("reservationId", &reservationId, w.natural)
      try w.visit("transactionInfo", &transactionInfo)
      try w.visit("evse", &evse)
      try w.visit("idToken", &idToken)
      try w.visit("costDetails", &costDetails, since: .v21)
      try w.visit("preconditioningStatus", &preconditioningStatus, since: .v21)
      try w.visit("evseSleep", &evseSleep, since: .v21)
    }

    public struct Reply: Payload {
      /// In the currency of the station, taxes included; 0 is free of charge.
      public var totalCost: Decimal?
      /// -9 to 9, 0 is ordinary.
      public var chargingPriority: Int?
      public var idTokenInfo: IdTokenInfo?, updatedPersonalMessage: MessageContent?
      public var transactionLimit: TransactionLimit?, updatedPersonalMessageExtra: [MessageContent]?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("totalCost", &totalCost)
        try w.visit("chargingPriority", &chargingPriority)
        try w.visit("idTokenInfo", &idTokenInfo)
        try w.visit("updatedPersonalMessage", &updatedPersonalMessage)
        try w.visit("transactionLimit", &transactionLimit, since: .v21)
        try w.visit("updatedPersonalMessageExtra", &updatedPersonalMessageExtra, count: 1...4, since: .v21)
      }
    }
  }

  /// What is known of a session.
  public struct Transaction: Payload {
    public enum ChargingState: String, Word {
      case charging = "Charging", evConnected = "EVConnected", suspendedEV = "SuspendedEV"
      case suspendedEVSE = "SuspendedEVSE", idle = "Idle"
    }
    public enum StoppedReason: String, Word {
      case deAuthorized = "DeAuthorized", emergencyStop = "EmergencyStop", energyLimitReached = "EnergyLimitReached"
      case evDisconnected = "EVDisconnected", groundFault = "GroundFault", immediateReset = "ImmediateReset"
      case local = "Local", localOutOfCredit = "LocalOutOfCredit", masterPass = "MasterPass", other = "Other"
      case overcurrentFault = "OvercurrentFault", powerLoss = "PowerLoss", powerQuality = "PowerQuality"
      case reboot = "Reboot", remote = "Remote", socLimitReached = "SOCLimitReached", stoppedByEV = "StoppedByEV"
      case timeLimitReached = "TimeLimitReached", timeout = "Timeout"
      case reqEnergyTransferRejected = "ReqEnergyTransferRejected"

      public var since: Edition {
        self == .reqEnergyTransferRejected ? .v21 : .first
      }
    }

    public var transactionId = "", chargingState: Loose<ChargingState>?
    /// Seconds in which energy flowed.
    public var timeSpentCharging: Int?
    public var stoppedReason: Loose<StoppedReason>?, remoteStartId: Int?, operationMode: Loose<OperationMode>?
    public var tariffId: String?, transactionLimit: TransactionLimit?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("transactionId", &transactionId, max: 36)
      try w.visit("chargingState", &chargingState)
      try w.visit("timeSpentCharging", &timeSpentCharging)
      try w.visit("stoppedReason", &stoppedReason)
      try w.visit("remoteStartId", &remoteStartId)
      try w.visit("operationMode", &operationMode, since: .v21)
      try w.visit("tariffId", &tariffId, max: 60, since: .v21)
      try w.visit("transactionLimit", &transactionLimit, since: .v21)
    }
  }

  /// Where a session ends by itself.
  public struct TransactionLimit: Payload {
    /// In the currency of the station.
    public var maxCost: Decimal?
    /// Wh.
    public var maxEnergy: Decimal?
    /// Seconds.
    public var maxTime: Int?
    /// Percent.
    public var maxSoC: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("maxCost", &maxCost)
      try w.visit("maxEnergy", &maxEnergy)
      try w.visit("maxTime", &maxTime)
      try w.visit("maxSoC", &maxSoC, 0...100)
    }
  }
}

extension V2.TransactionLimit {
  init(_ limit: SessionLimit) {
    (maxCost, maxEnergy) = (limit.cost?.decimal, limit.energy?.wattHours)
    (maxTime, maxSoC) = (limit.seconds, limit.stateOfCharge)
  }
}

extension SessionLimit {
  /// What is beyond any bill or meter is no limit.
  init(_ limit: V2.TransactionLimit) {
    self.init(
      cost: limit.maxCost.flatMap { Money(read: $0) }, energy: limit.maxEnergy.flatMap { Energy(wattHours: $0) },
      seconds: limit.maxTime, stateOfCharge: limit.maxSoC)
  }
}

extension V2.TransactionEvent {
  /// An event that cannot be read is parked and answered positively, because its station would repeat it for ever; where
  /// its meter values alone are broken, the rest of it counts.
  static let route = Route(
    Self.self, parked: Reply(),
    salvage: { payload, flaw in
      guard flaw.path.hasPrefix("meterValue") || flaw.path.hasPrefix("costDetails") else { return nil }
      var rest = payload
      rest[flaw.path.hasPrefix("meterValue") ? "meterValue" : "costDetails"] = nil
      return rest
    },
    decide: { (call, station) throws(TurnFault) in
      try station.flagClock(of: call, call.timestamp)
      let samples = Samples(call.meterValue ?? [], payload: call.payload["meterValue"], received: call.received)
      if !samples.oddities.isEmpty { try station.flag(action: action, oddities: samples.oddities) }
      let verdict = try station.tell(
        TransactionReport(
          call.message.phase, transaction: call.transactionInfo.transactionId, seqNo: call.seqNo,
          at: call.plausible(call.timestamp), written: call.payload["timestamp"]?.string ?? "-",
          trigger: call.message.trigger, isOffline: call.offline ?? false,
          chargingState: call.transactionInfo.plainState, evse: call.evse.flatMap { $0.id > 0 ? $0.id : nil },
          connector: call.evse?.connectorId, token: call.idToken.map { PresentedToken($0) },
          reservation: call.reservationId, remoteStart: call.transactionInfo.remoteStartId.map { Int64($0) },
          ending: call.message.ending, readings: samples.readings,
          limit: call.transactionInfo.transactionLimit.map { SessionLimit($0) },
          ownCost: call.costDetails.flatMap { $0.failureToCalculate == true ? nil : $0.totalCost.total.inclTax },
          raw: call.raw))
      var reply = Reply()
      reply.totalCost = verdict.totalCost
      reply.idTokenInfo = verdict.authorization.map { V2.IdTokenInfo($0, at: call.received) }
      reply.transactionLimit = verdict.limit.map { V2.TransactionLimit($0) }
      reply.updatedPersonalMessage = verdict.message.map { V2.MessageContent($0) }
      return .reply(reply)
    })

  /// A word that nobody knows is what most events are: news of a session that goes on.
  private var phase: TransactionReport.Phase {
    switch eventType.word {
    case .started: .started
    case .ended: .ended
    case .updated, nil: .updated
    }
  }

  private var trigger: TransactionReport.Trigger {
    switch triggerReason.word {
    case .authorized, .remoteStart: .authorized
    case .stopAuthorized: .stopAuthorized
    case .deauthorized, .remoteStop: .stopped
    case .txResumed: .resumed
    case .abnormalCondition, .cablePluggedIn, .chargingRateChanged, .chargingStateChanged, .costLimitReached,
      .energyLimitReached, .evCommunicationLost, .evConnectTimeout, .evDeparted, .evDetected, .limitSet,
      .meterValueClock, .meterValuePeriodic, .operationModeChanged, .resetCommand, .runningCost, .signedDataReceived,
      .socLimitReached, .tariffChanged, .tariffNotAccepted, .timeLimitReached, .trigger, .unlockCommand, nil:
      .other
    }
  }

  /// Why it ended, in the house's words; no reason is Local (TransactionType.stoppedReason), unless the event tells more.
  private var ending: Session.Ending? {
    guard phase == .ended else { return nil }
    guard let reason = transactionInfo.stoppedReason else {
      return triggerReason.word == .evConnectTimeout ? .timeout : .local
    }
    return switch reason.word {
    case .deAuthorized, .reqEnergyTransferRejected: .deauthorized
    case .emergencyStop: .emergency
    case .energyLimitReached: .energyLimit
    case .evDisconnected, .stoppedByEV: .vehicle
    case .groundFault: .groundFault
    case .immediateReset, .reboot: .reboot
    case .local: .local
    case .localOutOfCredit: .costLimit
    case .masterPass: .masterPass
    case .overcurrentFault: .overcurrent
    case .powerLoss: .powerLoss
    case .powerQuality: .powerQuality
    case .remote: .remote
    case .socLimitReached: .stateOfChargeLimit
    case .timeLimitReached: .timeLimit
    case .timeout: .timeout
    case .other, nil: .other
    }
  }
}

extension V2.Transaction {
  fileprivate var plainState: TransactionReport.ChargingState? {
    switch chargingState?.word {
    case .charging: .charging
    case .evConnected: .connected
    case .suspendedEV: .suspendedEV
    case .suspendedEVSE: .suspendedEVSE
    case .idle: .idle
    case nil: nil
    }
  }
}

// MARK: - GetTransactionStatus (E14)

extension V2 {
  /// Does this session go on, and are messages of it still waiting? Without a transaction: are any messages waiting?
  public struct GetTransactionStatus: Message {
    public static let action = "GetTransactionStatus"
    public var transactionId: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("transactionId", &transactionId, max: 36)
    }

    public struct Reply: Verdict {
      public var ongoingIndicator: Bool?, messagesInQueue = false

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("ongoingIndicator", &ongoingIndicator)
        try w.visit("messagesInQueue", &messagesInQueue)
      }

      public var refusal: String? { nil }
    }
  }
}

extension V2 {
  static func transactionStatus(_ transaction: String?, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    var call = GetTransactionStatus()
    call.transactionId = transaction
    return try CommandRequest(call, edition, told: \.told)
  }
}

extension V2.GetTransactionStatus.Reply {
  /// `ongoing` only where a transaction was asked about.
  fileprivate var told: JSON {
    var told: JSON = ["more_to_come": .bool(messagesInQueue)]
    if let ongoingIndicator { told["ongoing"] = .bool(ongoingIndicator) }
    return told
  }
}
