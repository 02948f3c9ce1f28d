// OCPP 2.x block F, Remote Control.

import Domain
import Wire

// MARK: - RequestStartTransaction (F01, F02), RequestStopTransaction (F03)

extension V2 {
  /// The driver wants to charge, and we tell the station. Its token is not asked about again.
  public struct RequestStartTransaction: Message {
    public static let action = "RequestStartTransaction"
    public var evseId: Int?, groupIdToken: IdToken?, idToken = IdToken(), remoteStartId = 0
    public var chargingProfile: ChargingProfile?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evseId", &evseId, w.positive)
      try w.visit("groupIdToken", &groupIdToken)
      try w.visit("idToken", &idToken)
      try w.visit("remoteStartId", &remoteStartId)
      try w.visit("chargingProfile", &chargingProfile)
    }

    public struct Reply: Verdict {
      public var status = Loose<GenericStatus>.known(.rejected), statusInfo: StatusInfo?, transactionId: String?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("statusInfo", &statusInfo)
        try w.visit("transactionId", &transactionId, max: 36)
      }

      public var refusal: String? { status.refusal }
    }
  }

  /// The driver wants to stop, and we tell the station.
  public struct RequestStopTransaction: Message {
    public static let action = "RequestStopTransaction"
    public var transactionId = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("transactionId", &transactionId, max: 36)
    }

    public typealias Reply = YesOrNo
  }
}

// MARK: - UnlockConnector (F05)

extension V2 {
  /// Lets go of a cable that is stuck. It never ends a session.
  public struct UnlockConnector: Message {
    public static let action = "UnlockConnector"
    public var evseId = 0, connectorId = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evseId", &evseId, w.natural)
      try w.visit("connectorId", &connectorId, w.natural)
    }

    public enum Status: String, Answering {
      case unlocked = "Unlocked", unlockFailed = "UnlockFailed"
      case ongoingAuthorizedTransaction = "OngoingAuthorizedTransaction", unknownConnector = "UnknownConnector"

      public var isYes: Bool { self == .unlocked }
    }

    public typealias Reply = Answer<Status>
  }
}

// MARK: - TriggerMessage (F06)

extension V2 {
  /// Send this now.
  public struct TriggerMessage: Message {
    public static let action = "TriggerMessage"

    public enum RequestedMessage: String, Word {
      case bootNotification = "BootNotification", logStatusNotification = "LogStatusNotification"
      case firmwareStatusNotification = "FirmwareStatusNotification", heartbeat = "Heartbeat"
      case meterValues = "MeterValues", signChargingStation = "SignChargingStationCertificate"
      case signV2G = "SignV2GCertificate", statusNotification = "StatusNotification"
      case transactionEvent = "TransactionEvent", signCombined = "SignCombinedCertificate"
      case publishFirmwareStatusNotification = "PublishFirmwareStatusNotification", signV2G20 = "SignV2G20Certificate"
      case customTrigger = "CustomTrigger"

      public var since: Edition {
        switch self {
        case .signV2G20, .customTrigger: .v21
        default: .first
        }
      }
    }

    public var evse: EVSE?, requestedMessage = RequestedMessage.bootNotification, customTrigger: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evse", &evse)
      try w.visit("requestedMessage", &requestedMessage)
      try w.visit("customTrigger", &customTrigger, max: 50, since: .v21)
    }

    public enum Status: String, Answering {
      case accepted = "Accepted", rejected = "Rejected", notImplemented = "NotImplemented"
    }

    public typealias Reply = Answer<Status>
  }
}

extension V2 {
  static func remoteStart(_ start: RemoteStart, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    var call = RequestStartTransaction()
    call.evseId = start.evse
    call.remoteStartId = Int(start.number)
    call.idToken = IdToken(start, edition)
    call.groupIdToken = start.groupID.flatMap { IdToken(group: $0) }
    call.chargingProfile = try start.profile.map { asked throws(Unspeakable) in
      try ChargingProfile(asked.profile, number: asked.number, edition)
    }
    return try CommandRequest(call, edition)
  }

  static func remoteStop(_ transaction: TransactionName, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    var call = RequestStopTransaction()
    switch transaction {
    case .text(let name): call.transactionId = name
    case .number(let number): call.transactionId = "\(number)"
    }
    return try CommandRequest(call, edition)
  }

  static func unlock(evse: Int, connector: Int?, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    var call = UnlockConnector()
    call.evseId = evse
    call.connectorId = connector ?? 1
    return try CommandRequest(call, edition)
  }

  static func trigger(
    _ trigger: StationCommand.Trigger, evse: Int?, connector: Int?, _ edition: Edition
  ) throws(Unspeakable) -> CommandRequest {
    var call = TriggerMessage()
    var place = evse.map { EVSE($0, connector) }
    switch trigger {
    case .boot: call.requestedMessage = .bootNotification
    case .heartbeat: call.requestedMessage = .heartbeat
    case .status:
      // F06.FR.13: the status is one connector's.
      guard let evse else { throw Unspeakable("in OCPP 2.x the status is a connector's: name the EVSE") }
      call.requestedMessage = .statusNotification
      place = EVSE(evse, connector ?? 1)
    case .meterValues: call.requestedMessage = .meterValues
    case .transaction: call.requestedMessage = .transactionEvent
    case .firmware: call.requestedMessage = .firmwareStatusNotification
    case .log, .diagnostics: call.requestedMessage = .logStatusNotification
    case .certificate: call.requestedMessage = .signChargingStation
    case .v2gCertificate: call.requestedMessage = .signV2G
    case .combinedCertificate: call.requestedMessage = .signCombined
    case .publishFirmware: call.requestedMessage = .publishFirmwareStatusNotification
    }
    call.evse = place
    return try CommandRequest(call, edition)
  }
}

extension V2.EVSE {
  init(_ id: Int, _ connector: Int? = nil) { (self.id, connectorId) = (id, connector) }
}

extension V2.TriggerMessage {
  /// The action of the message that is asked for.
  var wanted: String {
    switch requestedMessage {
    case .signChargingStation, .signV2G, .signCombined, .signV2G20: V2.SignCertificate.action
    // A vendor's own trigger leads to whatever the vendor made of it.
    case .customTrigger: customTrigger ?? ""
    case .bootNotification, .logStatusNotification, .firmwareStatusNotification, .heartbeat, .meterValues,
      .statusNotification, .transactionEvent, .publishFirmwareStatusNotification:
      requestedMessage.rawValue
    }
  }
}
