import Wire

/// What stations tell that name their transactions themselves (OCPP 2.0.1 E): each event as it happened, or later, in any
/// order and more than once.
@MainActor
public protocol TransactionReports: AnyObject, Sendable {
  /// Answered at once: who is asked about a token was asked before, or the house's rule decides.
  func tell(_ report: TransactionReport) throws(TurnFault) -> TransactionVerdict
}

/// One event of a transaction: TransactionEvent in the house's words.
public struct TransactionReport: Sendable {
  public enum Phase: String, Word { case started, updated, ended }

  /// What the vehicle and the station do to one another at that moment.
  public enum ChargingState: String, Word {
    case charging, connected = "ev_connected", suspendedEV = "suspended_ev", suspendedEVSE = "suspended_evse", idle
  }

  /// Why the event was told, as far as it changes what the house does with it.
  public enum Trigger: String, Word {
    /// Somebody was authorized for the transaction, at the station or by us.
    case authorized
    /// Who was authorized ended it, or somebody of the same group.
    case stopAuthorized = "stop_authorized"
    /// The station or the house ended it.
    case stopped
    /// It goes on after the station was forced to start anew (OCPP 2.1 E17).
    case resumed
    case other

    /// It is told because the transaction is to end, so a token with it begins nothing.
    public var isEnd: Bool { self == .stopAuthorized || self == .stopped }
  }

  public var phase: Phase
  /// The station's own name for the transaction, at most 36 characters.
  public var transaction: String
  /// Counts the station's events, so that missing ones are noticed.
  public var seqNo: Int
  /// The station's clock; nil where it was not plausible, then reception counts.
  public var at: Timestamp?
  /// The same as the station wrote it: what makes a repeated event the same event.
  public var written: String
  public var trigger: Trigger
  /// It happened while the station was offline.
  public var isOffline: Bool
  public var chargingState: ChargingState?
  /// Told once, when the vehicle's place is known.
  public var evse: Int?
  public var connector: Int?
  public var token: PresentedToken?
  public var reservation: Int?
  /// Our number for the remote start that it follows.
  public var remoteStart: Int64?
  /// Why it ended; nil unless it did.
  public var ending: Session.Ending?
  public var readings: [Reading]
  /// The limits that the station keeps for it, where it says so.
  public var limit: SessionLimit?
  /// What the station reckoned by the tariff that it has, with taxes, in that tariff's currency (OCPP 2.1 I12).
  public var ownCost: Decimal?
  /// Why the station could not reckon it, where it says that it could not.
  public var costFailure: String?
  /// The name of the tariff by which the station reckons it, where it says so.
  public var tariff: String?
  public var raw: JSONText

  public init(
    _ phase: Phase, transaction: String, seqNo: Int, at: Timestamp?, written: String, trigger: Trigger = .other,
    isOffline: Bool = false, chargingState: ChargingState? = nil, evse: Int? = nil, connector: Int? = nil,
    token: PresentedToken? = nil, reservation: Int? = nil, remoteStart: Int64? = nil, ending: Session.Ending? = nil,
    readings: [Reading] = [], limit: SessionLimit? = nil, ownCost: Decimal? = nil, tariff: String? = nil,
    raw: JSONText
  ) {
    (self.limit, self.ownCost, self.tariff) = (limit, ownCost, tariff)
    (self.phase, self.transaction, self.seqNo) = (phase, transaction, seqNo)
    (self.at, self.written, self.trigger, self.isOffline) = (at, written, trigger, isOffline)
    (self.chargingState, self.evse, self.connector) = (chargingState, evse, connector)
    (self.token, self.reservation, self.remoteStart) = (token, reservation, remoteStart)
    (self.ending, self.readings, self.raw) = (ending, readings, raw)
  }
}

/// What the station hears about an event of a transaction.
public struct TransactionVerdict: Sendable, Equatable {
  /// Nil where the event named no token.
  public var authorization: Authorization?
  /// What it costs so far, or did in the end, with taxes where they are known; nil where nothing says it.
  public var totalCost: Decimal?
  /// To be shown to the driver in place of what was said before.
  public var message: DriverMessage?
  /// Where it ends by itself, said once (OCPP 2.1 E16); stations of earlier versions cannot hear it.
  public var limit: SessionLimit?

  public init(
    authorization: Authorization? = nil, totalCost: Decimal? = nil, message: DriverMessage? = nil,
    limit: SessionLimit? = nil
  ) {
    (self.authorization, self.totalCost, self.message) = (authorization, totalCost, message)
    self.limit = limit
  }
}

/// A text for a driver at a station.
public struct DriverMessage: Sendable, Equatable {
  public var text: String
  /// RFC 5646.
  public var language: String?

  public init(text: String, language: String? = nil) { (self.text, self.language) = (text, language) }
}
