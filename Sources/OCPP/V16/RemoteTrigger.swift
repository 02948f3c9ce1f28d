// OCPP 1.6 RemoteTrigger, and what the security extension adds to it: a station is asked to tell something now.

import Domain
import Wire

extension V16 {
  static let triggerCalls: [any Message.Type] = [TriggerMessage.self, ExtendedTriggerMessage.self]

  static func trigger(_ trigger: StationCommand.Trigger, evse: Int?) throws(Unspeakable) -> CommandRequest {
    func plain(_ message: TriggerMessage.Requested) throws(Unspeakable) -> CommandRequest {
      var call = TriggerMessage()
      (call.requestedMessage, call.connectorId) = (message, evse)
      return try CommandRequest(call, .v16)
    }
    func extended(_ message: ExtendedTriggerMessage.Requested) throws(Unspeakable) -> CommandRequest {
      var call = ExtendedTriggerMessage()
      (call.requestedMessage, call.connectorId) = (message, evse)
      return try CommandRequest(call, .v16)
    }
    switch trigger {
    case .boot: return try plain(.bootNotification)
    case .heartbeat: return try plain(.heartbeat)
    case .status: return try plain(.statusNotification)
    case .meterValues: return try plain(.meterValues)
    case .firmware: return try plain(.firmware)
    case .diagnostics: return try plain(.diagnostics)
    case .log: return try extended(.logStatusNotification)
    case .certificate: return try extended(.signChargePointCertificate)
    case .transaction, .v2gCertificate, .combinedCertificate, .publishFirmware:
      throw Unspeakable("OCPP 1.6 cannot ask for \(trigger.rawValue)")
    }
  }
}

// MARK: - TriggerMessage (§5.17)

extension V16 {
  /// Send this now.
  public struct TriggerMessage: Message {
    public static let action = "TriggerMessage"
    public enum Requested: String, Word {
      case bootNotification = "BootNotification", diagnostics = "DiagnosticsStatusNotification"
      case firmware = "FirmwareStatusNotification", heartbeat = "Heartbeat", meterValues = "MeterValues"
      case statusNotification = "StatusNotification"
    }

    public var requestedMessage = Requested.bootNotification, connectorId: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("requestedMessage", &requestedMessage)
      try w.visit("connectorId", &connectorId, 1...)
    }

    public struct Reply: Verdict {
      public enum Status: String, Word {
        case accepted = "Accepted", rejected = "Rejected", notImplemented = "NotImplemented"
      }

      public var status = Loose<Status>.known(.rejected)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      public var refusal: String? { status.word == .accepted ? nil : status.text }
    }
  }
}

// MARK: - ExtendedTriggerMessage (security whitepaper)

extension V16 {
  /// The same, also for what the security extension adds.
  public struct ExtendedTriggerMessage: Message {
    public static let action = "ExtendedTriggerMessage"
    public enum Requested: String, Word {
      case bootNotification = "BootNotification", logStatusNotification = "LogStatusNotification"
      case firmwareStatusNotification = "FirmwareStatusNotification", heartbeat = "Heartbeat"
      case meterValues = "MeterValues", signChargePointCertificate = "SignChargePointCertificate"
      case statusNotification = "StatusNotification"
    }

    public var requestedMessage = Requested.bootNotification, connectorId: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("requestedMessage", &requestedMessage)
      try w.visit("connectorId", &connectorId, 1...)
    }

    public typealias Reply = TriggerMessage.Reply
  }
}
