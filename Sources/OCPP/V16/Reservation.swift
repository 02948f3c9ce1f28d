// OCPP 1.6 Reservation: a connector is held for somebody.

import Domain
import Wire

extension V16 {
  static let reservationCalls: [any Message.Type] = [ReserveNow.self, CancelReservation.self]

  static func request(_ command: ReservationCommand) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .reserve(let wish): return try CommandRequest(ReserveNow(wish), .v16)
    case .cancel(let number):
      var call = CancelReservation()
      call.reservationId = number
      return try CommandRequest(call, .v16)
    }
  }
}

// MARK: - ReserveNow (§5.13), CancelReservation (§5.1)

extension V16 {
  /// Keep a connector for this tag until then.
  public struct ReserveNow: Message {
    public static let action = "ReserveNow"
    /// 0 is any connector.
    public var connectorId = 0, expiryDate = Timestamp.epoch, idTag = "", parentIdTag: String?
    public var reservationId: Int64 = 0

    public init() {}

    init(_ wish: ReservationWish) {
      connectorId = wish.evse ?? 0
      expiryDate = wish.expiresAt
      idTag = wish.tag
      // A cut one could name another group.
      parentIdTag = wish.groupID.flatMap { $0.unicodeScalars.count <= 20 ? $0 : nil }
      reservationId = wish.number
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("connectorId", &connectorId, 0...)
      try w.visit("expiryDate", &expiryDate)
      try w.visit("idTag", &idTag, max: 20)
      try w.visit("parentIdTag", &parentIdTag, max: 20)
      try w.visit("reservationId", &reservationId)
    }

    public struct Reply: Verdict {
      public enum Status: String, Word {
        case accepted = "Accepted", faulted = "Faulted", occupied = "Occupied", rejected = "Rejected"
        case unavailable = "Unavailable"
      }

      public var status = Loose<Status>.known(.rejected)

      public init() {}

      public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("status", &status) }

      public var refusal: String? { status.word == .accepted ? nil : status.text }
    }
  }

  /// Keep it no longer.
  public struct CancelReservation: Message {
    public static let action = "CancelReservation"
    public var reservationId: Int64 = 0

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("reservationId", &reservationId) }

    public typealias Reply = YesOrNo
  }
}
