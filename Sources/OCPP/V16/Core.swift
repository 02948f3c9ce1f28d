// OCPP 1.6 Core: what a station says about itself, and who may charge.

import Domain
import Wire

/// The messages of OCPP 1.6, edition 2 with its errata. Field limits are those of the specification's §6 and §7.
public enum V16 {
  /// What the Core profile's messages from a station mean to the house.
  static let coreRoutes = [
    BootNotification.route, Heartbeat.route, StatusNotification.route, Authorize.route, DataTransfer.route,
    StartTransaction.route, MeterValues.route, StopTransaction.route,
  ]
}

// MARK: - BootNotification (§4.2)

extension V16 {
  /// A station registers, and learns whether it is accepted and how often to send a heartbeat.
  public struct BootNotification: Message {
    public static let action = "BootNotification"
    public var chargePointVendor = "", chargePointModel = ""
    public var chargePointSerialNumber: String?, chargeBoxSerialNumber: String?, firmwareVersion: String?
    public var iccid: String?, imsi: String?, meterType: String?, meterSerialNumber: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("chargePointVendor", &chargePointVendor, max: 20)
      try w.visit("chargePointModel", &chargePointModel, max: 20)
      try w.visit("chargePointSerialNumber", &chargePointSerialNumber, max: 25)
      try w.visit("chargeBoxSerialNumber", &chargeBoxSerialNumber, max: 25)
      try w.visit("firmwareVersion", &firmwareVersion, max: 50)
      try w.visit("iccid", &iccid, max: 20)
      try w.visit("imsi", &imsi, max: 20)
      try w.visit("meterType", &meterType, max: 25)
      try w.visit("meterSerialNumber", &meterSerialNumber, max: 25)
    }

    public struct Reply: Payload {
      public enum Status: String, Word { case accepted = "Accepted", pending = "Pending", rejected = "Rejected" }

      public var status = Status.rejected, currentTime = Timestamp.epoch
      /// Seconds: between heartbeats, or until the next boot.
      public var interval = 0

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("currentTime", &currentTime)
        try w.visit("interval", &interval)
      }
    }
  }
}

extension V16.BootNotification {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let verdict = try station.boot(
      BootReport(
        vendor: call.chargePointVendor, model: call.chargePointModel,
        serialNumber: call.chargePointSerialNumber ?? call.chargeBoxSerialNumber, firmwareVersion: call.firmwareVersion,
        iccid: call.iccid, imsi: call.imsi, meterType: call.meterType, meterSerialNumber: call.meterSerialNumber))
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
}

// MARK: - Heartbeat (§4.6)

extension V16 {
  /// A sign of life that is answered with the time.
  public struct Heartbeat: Message {
    public static let action = "Heartbeat"

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {}

    public struct Reply: Payload {
      public var currentTime = Timestamp.epoch

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("currentTime", &currentTime) }
    }

    static let route = Route.onLoop(Self.self) { _, received in
      var reply = Reply()
      reply.currentTime = received
      return reply
    }
  }
}

// MARK: - StatusNotification (§4.9)

extension V16 {
  /// What a connector is doing; connector 0 is the station.
  public struct StatusNotification: Message {
    public static let action = "StatusNotification"

    public enum ErrorCode: String, Word {
      case connectorLockFailure = "ConnectorLockFailure", evCommunicationError = "EVCommunicationError"
      case groundFailure = "GroundFailure", highTemperature = "HighTemperature", internalError = "InternalError"
      case localListConflict = "LocalListConflict", noError = "NoError", otherError = "OtherError"
      case overCurrentFailure = "OverCurrentFailure", powerMeterFailure = "PowerMeterFailure"
      case powerSwitchFailure = "PowerSwitchFailure", readerFailure = "ReaderFailure", resetFailure = "ResetFailure"
      case underVoltage = "UnderVoltage", overVoltage = "OverVoltage", weakSignal = "WeakSignal"
    }

    public enum Status: String, Word {
      case available = "Available", preparing = "Preparing", charging = "Charging", suspendedEVSE = "SuspendedEVSE"
      case suspendedEV = "SuspendedEV", finishing = "Finishing", reserved = "Reserved", unavailable = "Unavailable"
      case faulted = "Faulted"
    }

    public var connectorId = 0, errorCode = Loose<ErrorCode>.known(.noError), info: String?
    public var status = Loose<Status>.known(.unavailable), timestamp: Timestamp?
    public var vendorId: String?, vendorErrorCode: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("connectorId", &connectorId, 0...)
      try w.visit("errorCode", &errorCode)
      try w.visit("info", &info, max: 50)
      try w.visit("status", &status)
      try w.visit("timestamp", &timestamp)
      try w.visit("vendorId", &vendorId, max: 255)
      try w.visit("vendorErrorCode", &vendorErrorCode, max: 50)
    }

    public struct Reply: Payload {
      public init() {}
      public mutating func walk(_ w: inout some Walker) throws(Flaw) {}
    }
  }
}

extension V16.StatusNotification {
  /// A status in words that nobody knows changes nothing; it was noted as an oddity, and the reply is positive.
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    if let status = call.message.plainStatus {
      let at = call.plausible(call.timestamp)
      try station.report(
        StatusReport(
          evse: call.connectorId, status: status, note: call.message.note, isProblem: call.message.isProblem, at: at))
    }
    return .reply(Reply())
  }

  /// The status in the house's words. `Occupied` is what OCPP 1.5 said, and some stations still do.
  var plainStatus: EVSE.Status? {
    switch status.word {
    case .available: .available
    case .preparing: .preparing
    case .charging: .charging
    case .suspendedEV: .suspendedEV
    case .suspendedEVSE: .suspendedEVSE
    case .finishing: .finishing
    case .reserved: .reserved
    case .unavailable: .unavailable
    case .faulted: .faulted
    case nil: status.text.ciFolded == "occupied" ? .charging : nil
    }
  }

  var isProblem: Bool { errorCode.word != .noError && !errorCode.text.isEmpty }

  /// The station's own words, for people: `GroundFailure, door open, Acme 17`; nil where it said nothing but "no
  /// error".
  var note: String? {
    var words: [String] = []
    if errorCode.word != .noError { words.append(errorCode.text) }
    if let info, !info.isEmpty { words.append(info) }
    if let vendorErrorCode, !vendorErrorCode.isEmpty {
      words.append([vendorId ?? "", vendorErrorCode].filter { !$0.isEmpty }.joined(separator: " "))
    }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }
}

// MARK: - Authorize (§4.1)

extension V16 {
  /// May this tag charge?
  public struct Authorize: Message {
    public static let action = "Authorize"
    public var idTag = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("idTag", &idTag, max: 20) }

    public struct Reply: Payload {
      public var idTagInfo = IdTagInfo()

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("idTagInfo", &idTagInfo) }
    }
  }

  /// What a station learns about a tag (§7.28).
  public struct IdTagInfo: Payload {
    public enum Status: String, Word {
      case accepted = "Accepted", blocked = "Blocked", expired = "Expired", invalid = "Invalid"
      case concurrentTx = "ConcurrentTx"
    }

    public var expiryDate: Timestamp?, parentIdTag: String?, status = Status.invalid

    public init() {}

    init(_ authorization: Authorization) {
      switch authorization.verdict {
      case .accepted: status = .accepted
      case .blocked, .noCredit: status = .blocked
      case .expired: status = .expired
      // 1.6 has no word for a place, nor for a kind of EVSE.
      case .invalid, .notHere, .wrongKind: status = .invalid
      case .concurrent: status = .concurrentTx
      }
      expiryDate = authorization.validUntil
      // A longer one would be refused or cut by stations, and a cut one could name another group.
      parentIdTag = authorization.groupID.flatMap { $0.unicodeScalars.count <= 20 ? $0 : nil }
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("expiryDate", &expiryDate)
      try w.visit("parentIdTag", &parentIdTag, max: 20)
      try w.visit("status", &status)
    }
  }
}

extension V16.Authorize {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    try station.authorize(tag: call.idTag).map { authorization in
      var reply = Reply()
      reply.idTagInfo = V16.IdTagInfo(authorization)
      return reply
    }
  }
}

// MARK: - DataTransfer (§4.3, §5.6): both ways

extension V16 {
  /// What only a vendor knows, in both directions.
  public struct DataTransfer: Message {
    public static let action = "DataTransfer"
    public var vendorId = "", messageId: String?, data: FreeData?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("vendorId", &vendorId, max: 255)
      try w.visit("messageId", &messageId, max: 50)
      try w.visit("data", &data)
    }

    public struct Reply: Verdict {
      public enum Status: String, Word {
        case accepted = "Accepted", rejected = "Rejected", unknownMessageId = "UnknownMessageId"
        case unknownVendorId = "UnknownVendorId"
      }

      public var status = Loose<Status>.known(.rejected), data: FreeData?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("status", &status)
        try w.visit("data", &data)
      }

      public var refusal: String? { status.word == .accepted ? nil : status.text }
    }
  }
}

extension V16.DataTransfer {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    if call.vendorId == V16.PlugAndCharge.vendor {
      return try V16.PlugAndCharge.answer(call.messageId, call.data?.json, received: call.received, station)
        ?? .reply(Reply(.unknownMessageId))
    }
    var reply = Reply()
    switch try station.transfer(vendor: call.vendorId, message: call.messageId, data: call.data?.json) {
    case .accepted(let data):
      reply.status = .known(.accepted)
      reply.data = data.map { FreeData(.string($0)) }
    case .rejected: reply.status = .known(.rejected)
    case .unknownVendor: reply.status = .known(.unknownVendorId)
    case .unknownMessage: reply.status = .known(.unknownMessageId)
    }
    return .reply(reply)
  }
}

extension V16 {
  static func transferData(vendor: String, message: String?, data: String?) throws(Unspeakable) -> CommandRequest {
    var call = DataTransfer()
    call.vendorId = vendor
    call.messageId = message
    call.data = data.map { FreeData(.string($0)) }
    return try CommandRequest(call, .v16)
  }
}
