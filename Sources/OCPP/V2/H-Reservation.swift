// OCPP 2.x block H, Reservation.

import Domain
import Wire

// MARK: - ReserveNow (H01), CancelReservation (H02)

extension V2 {
  /// An EVSE, or any of some kind, waits for this token.
  public struct ReserveNow: Message {
    public static let action = "ReserveNow"

    public enum ConnectorType: String, Word {
      case ccs1 = "cCCS1", ccs2 = "cCCS2", g105 = "cG105", tesla = "cTesla", type1 = "cType1", type2 = "cType2"
      case iec309OnePhase16A = "s309-1P-16A", iec309OnePhase32A = "s309-1P-32A", iec309ThreePhase16A = "s309-3P-16A"
      case iec309ThreePhase32A = "s309-3P-32A", bs1361 = "sBS1361", cee77 = "sCEE-7-7", socketType2 = "sType2"
      case socketType3 = "sType3", otherOnePhaseMax16A = "Other1PhMax16A", otherOnePhaseOver16A = "Other1PhOver16A"
      case otherThreePhase = "Other3Ph", pan = "Pan", inductive = "wInductive", resonant = "wResonant"
      case undetermined = "Undetermined", unknown = "Unknown"
    }

    public var id = 0, expiryDateTime = Timestamp.epoch, connectorType: OpenWord<ConnectorType>?, idToken = IdToken()
    public var evseId: Int?, groupIdToken: IdToken?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, w.natural)
      try w.visit("expiryDateTime", &expiryDateTime)
      try w.visit("connectorType", &connectorType)
      try w.visit("idToken", &idToken)
      try w.visit("evseId", &evseId, w.natural)
      try w.visit("groupIdToken", &groupIdToken)
    }

    public enum Status: String, Answering {
      case accepted = "Accepted", faulted = "Faulted", occupied = "Occupied", rejected = "Rejected"
      case unavailable = "Unavailable"
    }

    public typealias Reply = Answer<Status>
  }

  /// Nobody waits any more.
  public struct CancelReservation: Message {
    public static let action = "CancelReservation"
    public var reservationId = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("reservationId", &reservationId, w.natural)
    }

    public typealias Reply = YesOrNo
  }
}

// MARK: - ReservationStatusUpdate (H04)

extension V2 {
  /// A reservation ended without being used.
  public struct ReservationStatusUpdate: Message {
    public static let action = "ReservationStatusUpdate"

    public enum ReservationUpdateStatus: String, Word {
      case expired = "Expired", removed = "Removed", noTransaction = "NoTransaction"

      public var since: Edition {
        self == .noTransaction ? .v21 : .first
      }
    }

    public var reservationId = 0, reservationUpdateStatus = Loose<ReservationUpdateStatus>.known(.expired)

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("reservationId", &reservationId, w.natural)
      try w.visit("reservationUpdateStatus", &reservationUpdateStatus)
    }

    public typealias Reply = Nothing
  }
}

// MARK: - The house's words

extension V2 {
  static let reservationRoutes = [ReservationStatusUpdate.route]

  static func request(_ command: ReservationCommand, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .reserve(let wish):
      var call = ReserveNow()
      call.id = Int(wish.number)
      call.expiryDateTime = wish.expiresAt
      call.idToken = IdToken(wish.tag, wish.kind)
      call.evseId = wish.evse
      call.groupIdToken = wish.groupID.flatMap { IdToken(group: $0) }
      return try CommandRequest(call, edition)
    case .cancel(let number):
      var call = CancelReservation()
      call.reservationId = Int(number)
      return try CommandRequest(call, edition)
    }
  }
}

extension V2.ReservationStatusUpdate {
  static let route = Route(Self.self) { (call, station) throws(TurnFault) in
    let ending: ReservationEnding? =
      switch call.reservationUpdateStatus.word {
      case .expired: .expired
      case .removed: .removed
      case .noTransaction: .noTransaction
      case nil: nil
      }
    if let ending { try station.reservation(Int64(call.reservationId), ended: ending) }
    return .reply(Reply())
  }
}
