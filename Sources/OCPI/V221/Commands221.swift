import Domain
import Wire

extension V221 {
  /// Please start a session for this token (§13.3.5).
  public struct StartSession: Payload {
    public var responseURL = ""
    public var token = Token()
    public var location = ""
    public var evse: String?
    public var connector: String?
    public var authorizationReference: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("response_url", &responseURL, max: 255)
      try w.visit("token", &token)
      try w.visit("location_id", &location, max: 36)
      try w.visit("evse_uid", &evse, max: 36)
      try w.visit("connector_id", &connector, max: 36)
      try w.visit("authorization_reference", &authorizationReference, max: 36)
    }
  }

  /// Please stop that session (§13.3.6).
  public struct StopSession: Payload {
    public var responseURL = ""
    public var session = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("response_url", &responseURL, max: 255)
      try w.visit("session_id", &session, max: 36)
    }
  }

  /// Please let go of the plug (§13.3.7).
  public struct UnlockConnector: Payload {
    public var responseURL = ""
    public var location = ""
    public var evse = ""
    public var connector = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("response_url", &responseURL, max: 255)
      try w.visit("location_id", &location, max: 36)
      try w.visit("evse_uid", &evse, max: 36)
      try w.visit("connector_id", &connector, max: 36)
    }
  }

  /// Please hold an EVSE for this token (§13.3.4).
  public struct ReserveNow: Payload {
    public var responseURL = ""
    public var token = Token()
    public var expiresAt = Timestamp.epoch
    public var reservation = ""
    public var location = ""
    public var evse: String?
    public var authorizationReference: String?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("response_url", &responseURL, max: 255)
      try w.visit("token", &token)
      try w.visit("expiry_date", &expiresAt)
      try w.visit("reservation_id", &reservation, max: 36)
      try w.visit("location_id", &location, max: 36)
      try w.visit("evse_uid", &evse, max: 36)
      try w.visit("authorization_reference", &authorizationReference, max: 36)
    }
  }

  /// Please let that EVSE go (§13.3.1).
  public struct CancelReservation: Payload {
    public var responseURL = ""
    public var reservation = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("response_url", &responseURL, max: 255)
      try w.visit("reservation_id", &reservation, max: 36)
    }
  }

  /// What we say at once (§13.3.2).
  public struct CommandResponse: Payload {
    public var result = Result.rejected
    /// Seconds.
    public var timeout = 0
    public var message: [DisplayText]?

    public enum Result: String, Word {
      case rejected = "REJECTED", accepted = "ACCEPTED", notSupported = "NOT_SUPPORTED"
      case unknownSession = "UNKNOWN_SESSION"
    }

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("result", &result)
      try w.visit("timeout", &timeout, 0...)
      try w.visit("message", &message)
    }
  }

  /// What the station said, later (§13.3.3). Not wrapped in an envelope: it is a request of ours.
  public struct CommandResult: Payload {
    public var result = Result.failed
    public var message: [DisplayText]?

    public enum Result: String, Word {
      case failed = "FAILED", accepted = "ACCEPTED", canceledReservation = "CANCELED_RESERVATION"
      case evseOccupied = "EVSE_OCCUPIED", evseInoperative = "EVSE_INOPERATIVE", notSupported = "NOT_SUPPORTED"
      case rejected = "REJECTED", timeout = "TIMEOUT", unknownReservation = "UNKNOWN_RESERVATION"
    }

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("result", &result)
      try w.visit("message", &message)
    }
  }
}

// MARK: - From the house

extension V221.CommandResponse {
  public init(_ answer: CommandAnswer) {
    switch answer {
    case .accepted(let seconds): (result, timeout) = (.accepted, max(seconds, 0))
    case .rejected(let reason):
      result = .rejected
      message = reason.nonEmpty.map { [V221.DisplayText($0, language: "en")] }
    case .notSupported: result = .notSupported
    case .unknownSession: result = .unknownSession
    }
  }
}

extension V221.CommandResult {
  public init(_ outcome: Domain.CommandResult, message text: String?) {
    result =
      switch outcome {
      case .accepted: .accepted
      case .evseOccupied: .evseOccupied
      case .evseInoperative: .evseInoperative
      case .failed: .failed
      case .notSupported: .notSupported
      case .rejected: .rejected
      case .timeout: .timeout
      case .canceledReservation: .canceledReservation
      case .unknownReservation: .unknownReservation
      }
    message = text?.nonEmpty.map { [V221.DisplayText($0, language: "en")] }
  }
}
