// OCPP 2.x block G, Availability.

import Domain
import Wire

// MARK: - StatusNotification (G01)

extension V2 {
  /// A connector can be used, is in use, or cannot be.
  public struct StatusNotification: Message {
    public static let action = "StatusNotification"

    public enum ConnectorStatus: String, Word {
      case available = "Available", occupied = "Occupied", reserved = "Reserved", unavailable = "Unavailable"
      case faulted = "Faulted"
    }

    public var timestamp = Timestamp.epoch, connectorStatus = Loose<ConnectorStatus>.known(.unavailable), evseId = 0
    public var connectorId = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("timestamp", &timestamp)
      try w.visit("connectorStatus", &connectorStatus)
      try w.visit("evseId", &evseId, w.natural)
      try w.visit("connectorId", &connectorId, w.natural)
    }

    public typealias Reply = Nothing
  }
}

extension V2.StatusNotification {
  /// A status in words that nobody knows changes nothing; it was noted as an oddity, and the reply is positive.
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    if let availability = ConnectorReport.Availability(call.connectorStatus.text) {
      let at = call.plausible(call.timestamp)
      try station.report(
        ConnectorReport(
          evse: call.evseId, connector: call.connectorId > 0 ? call.connectorId : nil, availability: availability,
          at: at))
    }
    return .reply(Reply())
  }
}

extension ConnectorReport.Availability {
  /// The words of StatusNotification and of the variable AvailabilityState.
  init?(_ word: String) {
    guard
      let known = V2.StatusNotification.ConnectorStatus.allCases.first(where: {
        $0.rawValue.ciFolded == word.ciFolded
      })
    else { return nil }
    switch known {
    case .available: self = .available
    case .occupied: self = .occupied
    case .reserved: self = .reserved
    case .unavailable: self = .unavailable
    case .faulted: self = .faulted
    }
  }
}

extension V2.EventData {
  /// What a connector or an EVSE says of its availability, which 2.1 prefers to StatusNotification (G01).
  var connectorReport: ConnectorReport? {
    guard variable.name.ciFolded == "availabilitystate", let place = component.evse, place.id > 0,
      ["connector", "evse"].contains(component.name.ciFolded),
      let availability = ConnectorReport.Availability(actualValue)
    else { return nil }
    return ConnectorReport(
      evse: place.id, connector: component.name.ciFolded == "connector" ? place.connectorId : nil,
      availability: availability, note: techInfo)
  }
}

// MARK: - Heartbeat (G02)

extension V2 {
  /// The station is there, and asks what time it is.
  public struct Heartbeat: Message {
    public static let action = "Heartbeat"

    public init() {}
    public mutating func walk(_ w: inout some Walker) throws(Flaw) {}

    public struct Reply: Payload {
      public var currentTime = Timestamp.epoch

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("currentTime", &currentTime) }
    }
  }
}

extension V2.Heartbeat {
  static let route = Route.onLoop(Self.self) { _, received in
    var reply = Reply()
    reply.currentTime = received
    return reply
  }
}

// MARK: - ChangeAvailability (G03, G04)

extension V2 {
  /// A station, an EVSE or a connector may be used or not; what charges there goes on until it is done.
  public struct ChangeAvailability: Message {
    public static let action = "ChangeAvailability"

    public enum OperationalStatus: String, Word { case inoperative = "Inoperative", operative = "Operative" }

    public var evse: EVSE?, operationalStatus = OperationalStatus.operative

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("evse", &evse)
      try w.visit("operationalStatus", &operationalStatus)
    }

    public enum Status: String, Answering {
      case accepted = "Accepted", rejected = "Rejected", scheduled = "Scheduled"

      public var isYes: Bool { self == .accepted || self == .scheduled }
    }

    public typealias Reply = Answer<Status>
  }
}

extension V2 {
  static func setAvailability(
    evse: Int, connector: Int?, operative: Bool, _ edition: Edition
  ) throws(Unspeakable) -> CommandRequest {
    var call = ChangeAvailability()
    call.evse = evse == 0 ? nil : EVSE(evse, connector)
    call.operationalStatus = operative ? .operative : .inoperative
    return try CommandRequest(call, edition)
  }
}
