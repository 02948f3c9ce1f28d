// OCPP 2.1 block S, Battery Swapping.

import Domain
import Wire

// MARK: - BatterySwap (S01 to S03), RequestBatterySwap (S02)

extension V2 {
  /// Batteries were put in, or given out.
  public struct BatterySwap: Message {
    public static let action = "BatterySwap"
    public static let since = Edition.v21

    public enum EventType: String, Word {
      case batteryIn = "BatteryIn", batteryOut = "BatteryOut", batteryOutTimeout = "BatteryOutTimeout"
    }

    public var batteryData: [BatteryData] = []
    public var eventType = Loose<EventType>.known(.batteryIn), idToken = IdToken(), requestId = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("batteryData", &batteryData, count: 1...)
      try w.visit("eventType", &eventType)
      try w.visit("idToken", &idToken)
      try w.visit("requestId", &requestId)
    }

    public typealias Reply = Nothing
  }

  /// A battery in a slot.
  public struct BatteryData: Payload {
    public var evseId = 0, serialNumber = ""
    /// Percent: charge, and health.
    public var soC = Decimal.zero
    public var soH = Decimal.zero, productionDate: Timestamp?, vendorInfo: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evseId", &evseId, 0...)
      try w.visit("serialNumber", &serialNumber, max: 50)
      try w.visit("soC", &soC, 0...100)
      try w.visit("soH", &soH, 0...100)
      try w.visit("productionDate", &productionDate)
      try w.visit("vendorInfo", &vendorInfo, max: 500)
    }
  }

  /// Somebody may swap his batteries.
  public struct RequestBatterySwap: Message {
    public static let action = "RequestBatterySwap"
    public static let since = Edition.v21
    public var idToken = IdToken(), requestId = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("idToken", &idToken)
      try w.visit("requestId", &requestId)
    }

    public typealias Reply = YesOrNo
  }
}

extension V2 {
  static let swapRoutes = [BatterySwap.route]

  static func request(_ command: SwapCommand, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    var call = RequestBatterySwap()
    call.requestId = Int(command.id)
    call.idToken.idToken = command.token
    call.idToken.type = .known(.central)
    return try CommandRequest(call, edition)
  }
}

extension V2.BatterySwap {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    if let step = call.message.step {
      try station.swapped(
        Domain.BatterySwap(
          request: Int64(call.requestId), step: step, token: call.idToken.idToken,
          batteries: call.batteryData.map(\.plain)))
    }
    return .reply(Reply())
  }

  /// Nil for a word that nobody knows, which was flagged when it was read.
  private var step: Domain.BatterySwap.Step? {
    switch eventType.word {
    case .batteryIn: .putIn
    case .batteryOut: .givenOut
    case .batteryOutTimeout: .timedOut
    case nil: nil
    }
  }
}

extension V2.BatteryData {
  fileprivate var plain: Domain.BatterySwap.Battery {
    Domain.BatterySwap.Battery(
      evse: evseId, serialNumber: serialNumber, stateOfCharge: soC, stateOfHealth: soH, producedAt: productionDate,
      info: vendorInfo)
  }
}
