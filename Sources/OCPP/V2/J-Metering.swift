// OCPP 2.x block J, Meter Values: what meters show outside of a transaction.

import Domain
import Wire

// MARK: - MeterValues (J01)

extension V2 {
  /// What a meter shows without a session; EVSE 0 is the main meter.
  public struct MeterValues: Message {
    public static let action = "MeterValues"
    public var evseId = 0, meterValue: [MeterValue] = []

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evseId", &evseId, w.natural)
      try w.visit("meterValue", &meterValue, count: 1...)
    }

    public typealias Reply = Nothing
  }
}

extension V2.MeterValues {
  static let route = Route(Self.self, parked: Reply()) { (call, station) throws(TurnFault) in
    let samples = Samples(call.meterValue, payload: call.payload["meterValue"], received: call.received)
    if !samples.oddities.isEmpty { try station.flag(action: action, oddities: samples.oddities) }
    if !samples.readings.isEmpty {
      try station.meter(MeterReport(evse: call.evseId, transaction: nil, readings: samples.readings))
    }
    return .reply(Reply())
  }
}
