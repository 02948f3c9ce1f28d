import Wire

/// An EVSE that is held for a driver (OCPP 1.6 §5.13, OCPP 2.0.1 block H, OCPI 2.2.1 §13.3.7).
public struct Reservation: Sendable, Equatable {
  public enum State: String, Word {
    /// To be asked of the station, or asked and not answered yet.
    case asked
    /// The station holds the EVSE.
    case placed
    /// The station is to let it go.
    case cancelling
    /// The driver came.
    case used
    case cancelled
    case expired
    /// The station said no.
    case refused
    /// The station gave it up: the EVSE failed, or is out of service.
    case lost

    public var isOpen: Bool {
      switch self {
      case .asked, .placed, .cancelling: true
      case .used, .cancelled, .expired, .refused, .lost: false
      }
    }
  }

  public var id: String
  /// What the station knows it by.
  public var number: Int64
  public var station: ID<Station>
  /// Nil is any EVSE of the station.
  public var evse: Int?
  public var token: TokenReference
  /// The partner's role that issued the token; nil for ours.
  public var owner: ID<PartnerRole>?
  public var groupID: String?
  public var expiresAt: Timestamp
  public var state: State
  /// The station's word, or the reason.
  public var answer: String?
  /// Who made it, as commands name it.
  public var origin: String
  /// The partner that made it, under an id of its own.
  public var partner: ID<Partner>?
  public var partnerReference: String?
  public var session: String?
  /// The price of holding it as it was when it was asked for.
  public var tariff: Tariff?
  /// Since when the station holds it: what is billed begins here.
  public var placedAt: Timestamp?
  /// When whoever pays gave it up. What the house or the operator takes back costs nothing.
  public var givenUpAt: Timestamp?
  /// The partner's word for its yes, which its bill repeats.
  public var authorizationReference: String?
  /// The command that is under way.
  public var command: String?
  public var dueAt: Timestamp?
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    id: String, number: Int64, station: ID<Station>, evse: Int?, token: TokenReference, owner: ID<PartnerRole>?,
    groupID: String?, expiresAt: Timestamp, origin: String, partner: ID<Partner>? = nil,
    partnerReference: String? = nil, at now: Timestamp, tariff: Tariff? = nil, reference: String? = nil
  ) {
    (self.id, self.number, self.station, self.evse) = (id, number, station, evse)
    (self.token, self.owner, self.groupID, self.expiresAt) = (token, owner, groupID, expiresAt)
    (self.origin, self.partner, self.partnerReference) = (origin, partner, partnerReference)
    (self.tariff, authorizationReference) = (tariff, reference)
    (state, dueAt, createdAt, updatedAt) = (.asked, now, now, now)
  }

  /// Whether somebody with that tag or of that group is the one it is held for.
  public func isFor(tag: String, groupID group: String?) -> Bool {
    Token.fold(tag) == Token.fold(token.uid) || (group.map { $0 == groupID } ?? false)
  }

  /// What is billed of it, as far as its tariff prices reservations at all.
  public func hold(by tariff: Tariff?) -> Hold? {
    guard let placedAt, tariff?.pricesReservations == true else { return nil }
    switch state {
    case .used: return Hold(from: placedAt, until: updatedAt, ending: .used)
    case .expired: return Hold(from: placedAt, until: expiresAt, ending: .expired)
    case .cancelled: return givenUpAt.map { Hold(from: placedAt, until: min($0, expiresAt), ending: .cancelled) }
    case .asked, .placed, .cancelling, .refused, .lost: return nil
    }
  }

  /// What the station is asked.
  public var wish: ReservationWish {
    ReservationWish(
      number: number, evse: evse, tag: token.uid, kind: token.kind, groupID: groupID, expiresAt: expiresAt)
  }
}

/// A reservation as a station hears of it.
public struct ReservationWish: Sendable, Equatable {
  public var number: Int64
  public var evse: Int?
  public var tag: String
  public var kind: Token.Kind
  public var groupID: String?
  public var expiresAt: Timestamp

  public init(number: Int64, evse: Int?, tag: String, kind: Token.Kind, groupID: String?, expiresAt: Timestamp) {
    (self.number, self.evse, self.tag, self.kind) = (number, evse, tag, kind)
    (self.groupID, self.expiresAt) = (groupID, expiresAt)
  }
}

public enum ReservationCommand: Sendable, Equatable {
  /// The same number again replaces what the station has under it.
  case reserve(ReservationWish)
  case cancel(number: Int64)

  public var verb: String {
    switch self {
    case .reserve: "reserve"
    case .cancel: "cancel-reservation"
    }
  }

  public var detail: JSON {
    switch self {
    case .reserve(let wish):
      [
        "number": .number(JSONNumber(wish.number)), "evse": .maybe(wish.evse), "tag": .string(wish.tag),
        "expires_at": .string(wish.expiresAt.text),
      ]
    case .cancel(let number): ["number": .number(JSONNumber(number))]
    }
  }
}

/// What a station tells of reservations by itself (OCPP 2.0.1 H04).
@MainActor
public protocol ReservationReports: AnyObject {
  /// It holds the EVSE no longer.
  func reservation(_ number: Int64, ended: ReservationEnding) throws(TurnFault)
}

public enum ReservationEnding: Sendable, Equatable { case expired, removed, noTransaction }
