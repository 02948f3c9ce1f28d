// OCPP 2.1 block N, Diagnostics: values of monitored variables as a stream, many in one message.

import Domain
import Wire

// MARK: - OpenPeriodicEventStream (N11), ClosePeriodicEventStream (N13)

extension V2 {
  /// The station begins a stream for a monitor.
  public struct OpenPeriodicEventStream: Message {
    public static let action = "OpenPeriodicEventStream"
    public static let since = Edition.v21
    public var constantStreamData = ConstantStreamData()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("constantStreamData", &constantStreamData)
    }

    public typealias Reply = YesOrNo
  }

  /// A stream, and the monitor that feeds it.
  public struct ConstantStreamData: Payload {
    public var id = 0, params = PeriodicEventStreamParams(), variableMonitoringId = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, 0...)
      try w.visit("params", &params)
      try w.visit("variableMonitoringId", &variableMonitoringId, 0...)
    }
  }

  /// When a message is sent: after so many seconds, or so many values.
  public struct PeriodicEventStreamParams: Payload {
    public var interval: Int?, values: Int?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("interval", &interval, 0...)
      try w.visit("values", &values, 0...)
    }
  }

  /// A stream ends.
  public struct ClosePeriodicEventStream: Message {
    public static let action = "ClosePeriodicEventStream"
    public static let since = Edition.v21
    public var id = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("id", &id, 0...) }

    public typealias Reply = Nothing
  }
}

// MARK: - GetPeriodicEventStream (N12), AdjustPeriodicEventStream (N14)

extension V2 {
  /// Which streams are open.
  public struct GetPeriodicEventStream: Message {
    public static let action = "GetPeriodicEventStream"
    public static let since = Edition.v21

    public init() {}
    public mutating func walk(_ w: inout some Walker) throws(Flaw) {}

    public struct Reply: Verdict {
      public var constantStreamData: [ConstantStreamData]?

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("constantStreamData", &constantStreamData, count: 1...)
      }

      public var refusal: String? { nil }
    }
  }

  /// Other times for an open stream.
  public struct AdjustPeriodicEventStream: Message {
    public static let action = "AdjustPeriodicEventStream"
    public static let since = Edition.v21
    public var id = 0, params = PeriodicEventStreamParams()

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, 0...)
      try w.visit("params", &params)
    }

    public typealias Reply = YesOrNo
  }
}

// MARK: - NotifyPeriodicEventStream (N15)

extension V2 {
  /// Values of a stream. Sent without waiting for an answer (SEND, OCPP-J 2.1).
  public struct NotifyPeriodicEventStream: Message {
    public static let action = "NotifyPeriodicEventStream"
    public static let since = Edition.v21
    public var data: [StreamDataElement] = []
    public var id = 0
    /// How many values wait at the station.
    public var pending = 0
    public var basetime = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("data", &data, count: 1...)
      try w.visit("id", &id, 0...)
      try w.visit("pending", &pending, 0...)
      try w.visit("basetime", &basetime)
    }

    public typealias Reply = Nothing
  }

  /// A value, and its time.
  public struct StreamDataElement: Payload {
    /// Seconds after the base time.
    public var t = Decimal.zero
    public var v = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("t", &t)
      try w.visit("v", &v, max: 2500)
    }
  }
}

extension V2.OpenPeriodicEventStream {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    .reply(Reply(try station.open(call.constantStreamData.stream) ? .accepted : .rejected))
  }
}

extension V2.ClosePeriodicEventStream {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    try station.close(stream: call.id)
    return .reply(Reply())
  }
}

extension V2.NotifyPeriodicEventStream {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let base = call.plausible(call.basetime) ?? call.received
    let values = call.data.map { element in
      let offset = element.t.rounded(toPlaces: 3, .halfUp).asInt64(scaledBy: 3) ?? 0
      return StreamedValue(at: base + .milliseconds(offset), value: element.v)
    }
    try station.take(values, of: call.id, pending: call.pending)
    return .reply(Reply())
  }
}

extension V2.ConstantStreamData {
  fileprivate var stream: ValueStream {
    ValueStream(number: id, monitor: variableMonitoringId, seconds: params.interval, values: params.values)
  }
}

extension V2.GetPeriodicEventStream.Reply {
  var told: JSON {
    [
      "streams": .array(
        (constantStreamData ?? []).map { data in
          [
            "stream": .number(JSONNumber(data.id)), "monitor": .number(JSONNumber(data.variableMonitoringId)),
            "seconds": data.params.interval.map { .number(JSONNumber($0)) } ?? .null,
            "values": data.params.values.map { .number(JSONNumber($0)) } ?? .null,
          ]
        })
    ]
  }
}
