// OCPP 2.x block B, Provisioning: a station introduces itself and is set up.

import Domain
import Wire

// MARK: - BootNotification (B01 to B04)

extension V2 {
  /// A station started, says who it is, and asks whether it may work.
  public struct BootNotification: Message {
    public static let action = "BootNotification"

    public enum Reason: String, Word {
      case applicationReset = "ApplicationReset", firmwareUpdate = "FirmwareUpdate", localReset = "LocalReset"
      case powerUp = "PowerUp", remoteReset = "RemoteReset", scheduledReset = "ScheduledReset"
      case triggered = "Triggered", unknown = "Unknown", watchdog = "Watchdog"
    }

    public var chargingStation = ChargingStation(), reason = Loose<Reason>.known(.unknown)

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("chargingStation", &chargingStation)
      try w.visit("reason", &reason)
    }

    public struct Reply: Payload {
      public enum Status: String, Word { case accepted = "Accepted", pending = "Pending", rejected = "Rejected" }

      public var currentTime = Timestamp.epoch
      /// Seconds: between heartbeats, or until the next boot.
      public var interval = 0
      public var status = Status.rejected, statusInfo: StatusInfo?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("currentTime", &currentTime)
        try w.visit("interval", &interval)
        try w.visit("status", &status)
        try w.visit("statusInfo", &statusInfo)
      }
    }
  }

  /// Who a station is.
  public struct ChargingStation: Payload {
    public var serialNumber: String?, model = "", modem: Modem?, vendorName = "", firmwareVersion: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("serialNumber", &serialNumber, max: 25)
      try w.visit("model", &model, max: 20)
      try w.visit("modem", &modem)
      try w.visit("vendorName", &vendorName, max: 50)
      try w.visit("firmwareVersion", &firmwareVersion, max: 50)
    }
  }

  /// Of the SIM card.
  public struct Modem: Payload {
    public var iccid: String?, imsi: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("iccid", &iccid, max: 20)
      try w.visit("imsi", &imsi, max: 20)
    }
  }
}

extension V2.BootNotification {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let device = call.chargingStation
    let verdict = try station.boot(
      BootReport(
        vendor: device.vendorName, model: device.model, serialNumber: device.serialNumber,
        firmwareVersion: device.firmwareVersion, iccid: device.modem?.iccid, imsi: device.modem?.imsi,
        reason: call.message.plainReason, isHeldToCertificate: true))
    var reply = Reply()
    switch verdict.registration {
    case .accepted: reply.status = .accepted
    case .pending: reply.status = .pending
    case .rejected: reply.status = .rejected
    }
    reply.currentTime = verdict.now
    reply.interval = verdict.interval
    return .reply(reply)
  }

  private var plainReason: BootReport.Reason {
    switch reason.word {
    case .applicationReset: .applicationReset
    case .firmwareUpdate: .firmwareUpdate
    case .localReset: .localReset
    case .powerUp: .powerUp
    case .remoteReset: .remoteReset
    case .scheduledReset: .scheduledReset
    case .triggered: .triggered
    case .watchdog: .watchdog
    case .unknown, nil: .unknown
    }
  }
}

// MARK: - SetVariables (B05)

extension V2 {
  /// Several variables at once. How many fit is `DeviceDataCtrlr.ItemsPerMessage[SetVariables]` of the station.
  public struct SetVariables: Message {
    public static let action = "SetVariables"
    public var setVariableData: [SetVariableData] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("setVariableData", &setVariableData, count: 1...)
    }

    public struct Reply: Verdict {
      public var setVariableResult: [SetVariableResult] = []

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("setVariableResult", &setVariableResult, count: 1...)
      }

      public var refusal: String? { setVariableResult.lazy.compactMap(\.attributeStatus.refusal).first }
    }
  }

  /// A value for one attribute of a variable.
  public struct SetVariableData: Payload {
    public var attributeType: Loose<AttributeKind>?, attributeValue = "", component = Component()
    public var variable = Variable()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("attributeType", &attributeType)
      try w.visit("attributeValue", &attributeValue, max: w.limit(1000, v21: 2500))
      try w.visit("component", &component)
      try w.visit("variable", &variable)
    }
  }

  /// What became of it.
  public struct SetVariableResult: Payload {
    public enum AttributeStatus: String, Answering {
      case accepted = "Accepted", rejected = "Rejected", unknownComponent = "UnknownComponent"
      case unknownVariable = "UnknownVariable", notSupportedAttributeType = "NotSupportedAttributeType"
      case rebootRequired = "RebootRequired"

      public var isYes: Bool { self == .accepted || self == .rebootRequired }
    }

    public var attributeType: Loose<AttributeKind>?, attributeStatus = Loose<AttributeStatus>.known(.rejected)
    public var attributeStatusInfo: StatusInfo?, component = Component(), variable = Variable()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("attributeType", &attributeType)
      try w.visit("attributeStatus", &attributeStatus)
      try w.visit("attributeStatusInfo", &attributeStatusInfo)
      try w.visit("component", &component)
      try w.visit("variable", &variable)
    }
  }
}

// MARK: - GetVariables (B06)

extension V2 {
  /// Several variables at once. How many fit is `DeviceDataCtrlr.ItemsPerMessage[GetVariables]` of the station.
  public struct GetVariables: Message {
    public static let action = "GetVariables"
    public var getVariableData: [GetVariableData] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("getVariableData", &getVariableData, count: 1...)
    }

    public struct Reply: Verdict {
      public var getVariableResult: [GetVariableResult] = []

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("getVariableResult", &getVariableResult, count: 1...)
      }

      public var refusal: String? { nil }
    }
  }

  /// Which attribute of a variable is wanted.
  public struct GetVariableData: Payload {
    public var attributeType: Loose<AttributeKind>?, component = Component(), variable = Variable()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("attributeType", &attributeType)
      try w.visit("component", &component)
      try w.visit("variable", &variable)
    }
  }

  /// Its value, or why there is none.
  public struct GetVariableResult: Payload {
    public enum AttributeStatus: String, Answering {
      case accepted = "Accepted", rejected = "Rejected", unknownComponent = "UnknownComponent"
      case unknownVariable = "UnknownVariable", notSupportedAttributeType = "NotSupportedAttributeType"
    }

    public var attributeStatusInfo: StatusInfo?, attributeStatus = Loose<AttributeStatus>.known(.rejected)
    public var attributeType: Loose<AttributeKind>?, attributeValue: String?, component = Component()
    public var variable = Variable()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("attributeStatusInfo", &attributeStatusInfo)
      try w.visit("attributeStatus", &attributeStatus)
      try w.visit("attributeType", &attributeType)
      try w.visit("attributeValue", &attributeValue, max: 2500)
      try w.visit("component", &component)
      try w.visit("variable", &variable)
    }
  }
}

// MARK: - Reset (B11 to B13)

extension V2 {
  /// The station, or one EVSE, starts again. `ImmediateAndResume` goes on with its sessions afterwards.
  public struct Reset: Message {
    public static let action = "Reset"

    public enum Kind: String, Word {
      case immediate = "Immediate", onIdle = "OnIdle", immediateAndResume = "ImmediateAndResume"

      public var since: Edition {
        self == .immediateAndResume ? .v21 : .first
      }
    }

    public var type = Kind.onIdle, evseId: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("type", &type)
      try w.visit("evseId", &evseId, w.natural)
    }

    public enum Status: String, Answering {
      case accepted = "Accepted", rejected = "Rejected", scheduled = "Scheduled"

      public var isYes: Bool { self == .accepted || self == .scheduled }
    }

    public typealias Reply = Answer<Status>
  }
}

extension V2 {
  static func reset(
    _ kind: StationCommand.Reset, evse: Int?, _ edition: Edition
  ) throws(Unspeakable) -> CommandRequest {
    var call = Reset()
    switch kind {
    case .soft: call.type = .onIdle
    case .hard: call.type = .immediate
    case .resume:
      guard edition >= .v21 else { throw Unspeakable("sessions that go on after a reset came with OCPP 2.1") }
      call.type = .immediateAndResume
    }
    call.evseId = evse
    return try CommandRequest(call, edition)
  }
}
