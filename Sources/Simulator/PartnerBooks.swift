import Domain
import OCPI
import Wire

/// What a virtual partner was told and what it was asked, for a demo's log and for assertions.
public struct PartnerBooks: Sendable {
  /// An object's name: unique with its party only.
  public struct Key: Hashable, Sendable {
    public let party: PartyID
    /// Compared without regard to case.
    let folded: String

    public init(_ party: PartyID, _ id: String) { (self.party, folded) = (party, id.ciFolded) }
  }

  public struct HeldSession: Sendable {
    public var latest: V221.Session
    /// Each change of status, in the order in which it came.
    public var statuses: [V221.Session.Status]
    /// How many times it was sent.
    public var updates: Int
  }

  public struct HeldCDR: Sendable {
    public let cdr: V221.CDR
    /// As they came, to be compared with the house's.
    public let bytes: Bytes
    public let receivedAt: Timestamp
    /// How many times the same bytes came again.
    public var repeats = 0
    /// How many times another content came under the same id: refused with 409.
    public var conflicts = 0
  }

  /// One of our commands to the house.
  public struct SentCommand: Sendable {
    public let id: String
    /// Such as `START_SESSION`.
    public let name: String
    public let sentAt: Timestamp
    /// What the house said at once.
    public var answer: V221.CommandResponse.Result?
    /// What it sent to the response URL.
    public var result: V221.CommandResult.Result?
    /// Why there is no answer.
    public var fault: String?
  }

  /// One real-time authorization that the house asked for.
  public struct AnsweredAuthorization: Sendable, Equatable {
    public let uid: String
    public let allowed: V221.AuthorizationInfo.Allowed
    /// To be found again in session and CDR.
    public let reference: String?
    public let location: String?
  }

  public var locations: [Key: V221.Location] = [:]
  public var tariffs: [Key: V221.Tariff] = [:]
  public var sessions: [Key: HeldSession] = [:]
  public var cdrs: [Key: HeldCDR] = [:]
  public var commands: [SentCommand] = []
  public var authorizations: [AnsweredAuthorization] = []
  public var bookings: [Key: PublishedBooking] = [:]
  public var bookingLocations: [Key: PublishedBookingLocation] = [:]

  public init() {}

  /// The object of that id, whosever it is.
  public func location(_ id: String) -> V221.Location? { Self.first(id, in: locations) }
  public func tariff(_ id: String) -> V221.Tariff? { Self.first(id, in: tariffs) }
  public func session(_ id: String) -> HeldSession? { Self.first(id, in: sessions) }
  public func cdr(_ id: String) -> HeldCDR? { Self.first(id, in: cdrs) }
  public func booking(_ id: String) -> PublishedBooking? { Self.first(id, in: bookings) }
  public func bookingLocation(_ id: String) -> PublishedBookingLocation? { Self.first(id, in: bookingLocations) }
  public func command(_ id: String) -> SentCommand? { commands.last { $0.id == id } }

  /// Every EVSE that the partner knows of, with its location.
  public var evses: [(location: V221.Location, evse: V221.EVSE)] {
    locations.values.sorted { $0.id < $1.id }.flatMap { location in (location.evses ?? []).map { (location, $0) } }
  }

  /// The sessions of one status.
  public func sessions(_ status: V221.Session.Status) -> [V221.Session] {
    sessions.values.map(\.latest).filter { $0.status == status }.sorted { $0.id < $1.id }
  }

  private static func first<Object>(_ id: String, in objects: [Key: Object]) -> Object? {
    let folded = id.ciFolded
    return objects.first { $0.key.folded == folded }?.value
  }
}

/// What happens at a virtual partner.
public enum PartnerEvent: Sendable, Equatable {
  /// Each side has the other's token.
  case registered
  case unregistered
  case location(String)
  case tariff(String)
  case tariffRemoved(String)
  case session(String, V221.Session.Status, kWh: Decimal)
  /// `cost` is without VAT.
  case cdr(String, cost: Decimal, currency: String)
  /// The same CDR again: fine.
  case cdrRepeated(String)
  /// Another CDR under an id that is taken: refused.
  case cdrConflict(String)
  /// What became of one of our bookings.
  case booking(String, Booking.Status)
  case authorized(uid: String, V221.AuthorizationInfo.Allowed)
  /// The house's first word to a command of ours.
  case commandAnswered(id: String, name: String, V221.CommandResponse.Result)
  /// What became of it.
  case commandResult(id: String, name: String, V221.CommandResult.Result)
  case commandFailed(id: String, name: String, why: String)
  // Of a partner with stations
  /// A session began because the house asked for it.
  case began(String)
  /// The house has the CDR.
  case cdrTaken(String)
  case failed(String)
  case wentDown
  case cameBack
}
