// OCPP 1.6 Core: the begin and the end of a session. What cannot be read is parked and answered positively, because a
// station repeats a transaction message for ever until it gets a reply (OCPP 1.6 §3.7.1).

import Domain
import Wire

// MARK: - StartTransaction (§4.8)

extension V16 {
  /// A session begins, maybe long ago; its number is ours to give.
  public struct StartTransaction: Message {
    public static let action = "StartTransaction"
    public var connectorId = 1, idTag = "", meterStart = Register(), reservationId: Int?
    /// The epoch where the station's text is no time.
    public var timestamp = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("connectorId", &connectorId, 1...)
      try w.visit("idTag", &idTag, max: 20)
      try w.visit("meterStart", &meterStart)
      try w.visit("reservationId", &reservationId)
      try w.visit("timestamp", &timestamp)
    }

    public struct Reply: Payload {
      public var idTagInfo = IdTagInfo(), transactionId: Int64 = 0

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("idTagInfo", &idTagInfo)
        try w.visit("transactionId", &transactionId)
      }
    }
  }
}

extension V16.StartTransaction {
  /// A parked start is answered with `Invalid` and transaction 0, which the house never gives to a session: the
  /// station ends it, and what it still sends about transaction 0 is parked beside it.
  ///
  /// Without a tag anybody charges, where the station may do that; without a register it begins at nothing, and its bill
  /// will be looked at. Without a time nobody could tell one start from the same one again.
  static let route = Route(
    Self.self, parked: Reply(), forgiven: ["idTag": "", "meterStart": 0]
  ) { (call, station) throws(TurnFault) in
    guard let meter = Energy(wattHours: call.meterStart.wattHours) else {
      let why = "meterStart: no meter shows \(call.meterStart.wattHours) Wh"
      try station.park(action: action, payload: call.payload.json, why: why)
      return .reply(Reply())
    }
    try station.flagClock(of: call, call.timestamp)
    let verdict = try station.start(
      StartReport(
        evse: call.connectorId, tag: call.idTag, meterStart: meter, at: call.plausible(call.timestamp),
        written: call.raw["timestamp"]?.string, reservation: call.reservationId, raw: call.raw))
    var reply = Reply()
    reply.idTagInfo = V16.IdTagInfo(verdict.authorization)
    reply.transactionId = verdict.transaction
    return .reply(reply)
  }
}

// MARK: - StopTransaction (§4.10)

extension V16 {
  /// A session has ended, maybe long ago.
  public struct StopTransaction: Message {
    public static let action = "StopTransaction"

    public enum Reason: String, Word {
      case emergencyStop = "EmergencyStop", evDisconnected = "EVDisconnected", hardReset = "HardReset", local = "Local"
      case other = "Other", powerLoss = "PowerLoss", reboot = "Reboot", remote = "Remote", softReset = "SoftReset"
      case unlockCommand = "UnlockCommand", deAuthorized = "DeAuthorized"
    }

    public var idTag: String?, meterStop = Register()
    /// The epoch where the station's text is no time.
    public var timestamp = Timestamp.epoch
    public var transactionId: Int64 = 0, reason: Loose<Reason>?, transactionData: [MeterValue]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("idTag", &idTag, max: 20)
      try w.visit("meterStop", &meterStop)
      try w.visit("timestamp", &timestamp)
      try w.visit("transactionId", &transactionId)
      try w.visit("reason", &reason)
      try w.visit("transactionData", &transactionData)
    }

    public struct Reply: Payload {
      public var idTagInfo: IdTagInfo?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("idTagInfo", &idTagInfo) }
    }
  }
}

extension V16.StopTransaction {
  /// A stop whose readings alone are broken still ends its session; the whole of it is parked as evidence.
  static let route = Route(
    Self.self, parked: Reply(),
    salvage: { payload, flaw in
      guard flaw.path.hasPrefix("transactionData") else { return nil }
      var rest = payload
      rest["transactionData"] = nil
      return rest
    },
    decide: { (call, station) throws(TurnFault) in
      try station.flagClock(of: call, call.timestamp)
      let evidence = call.payload["transactionData"]
      let samples = Samples(call.transactionData ?? [], payload: evidence, received: call.received)
      if !samples.oddities.isEmpty { try station.flag(action: action, oddities: samples.oddities) }
      let verdict = try station.stop(
        StopReport(
          transaction: call.transactionId, tag: call.idTag, meterStop: Energy(wattHours: call.meterStop.wattHours),
          at: call.plausible(call.timestamp), written: call.raw["timestamp"]?.string, ending: call.message.ending,
          readings: samples.readings, raw: call.raw))
      var reply = Reply()
      reply.idTagInfo = verdict.authorization.map { V16.IdTagInfo($0) }
      return .reply(reply)
    })

  /// The reason in the house's words; none given means Local (§7.36).
  var ending: Session.Ending {
    guard let reason else { return .local }
    return switch reason.word {
    case .emergencyStop: .emergency
    case .evDisconnected: .vehicle
    case .hardReset, .softReset, .reboot: .reboot
    case .local: .local
    case .powerLoss: .powerLoss
    case .remote, .unlockCommand: .remote
    case .deAuthorized: .deauthorized
    case .other, nil: .other
    }
  }
}

extension StationService {
  /// Flags a time that cannot be the station's clock, so that the operator learns why reception counted instead. What
  /// is no time at all was flagged when it was read.
  func flagClock<M: Message>(of call: Call<M>, _ time: Timestamp) throws(TurnFault) {
    guard time != .epoch, call.plausible(time) == nil else { return }
    try flag(action: M.action, oddities: [Oddity(path: "timestamp", kind: .badTimestamp, raw: time.text)])
  }
}
