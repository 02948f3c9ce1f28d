import Wire

/// What an operator of stations may ask of us as the provider of its drivers (OCPI's eMSP). CSMS implements it; the OCPI
/// room calls it. As with `PartnerService`, every query is bound to the caller, and writes return after their commit.
@MainActor
public protocol ProviderService: AnyObject, Sendable {
  // Our tokens
  func offeredTokens(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<OfferedToken>
  /// May our driver charge (OCPI 2.2.1 §12.2.2.2)? `.unknownToken` where it is none of ours.
  func authorize(_ question: TokenQuestion, for caller: PartnerCaller) async throws(PartnerFault) -> TokenVerdict

  // What we are told of their stations. `change` makes of what we hold (nil: nothing) what we hold from now on; what is
  // older than that changes nothing. True where it is new.
  func roamingLocation(_ key: RoamingKey) async throws(PartnerFault) -> JSON
  func keepLocation(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingLocation
  ) async throws(PartnerFault) -> Bool
  func roamingTariff(_ key: RoamingKey) async throws(PartnerFault) -> JSON
  func keepTariff(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingTariff
  ) async throws(PartnerFault) -> Bool
  func removeTariff(_ key: RoamingKey, from caller: PartnerCaller) async throws(PartnerFault)

  // What our drivers do there. Sessions and CDRs of tokens that are not ours are `.unknownToken`.
  func roamingSession(_ key: RoamingKey) async throws(PartnerFault) -> JSON
  func keepSession(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingSession
  ) async throws(PartnerFault) -> Bool
  func roamingCDR(_ key: RoamingKey) async throws(PartnerFault) -> JSON
  /// True where it is new, false where the very same came before. Another content under one id is refused.
  func keepCDR(_ cdr: RoamingCDR, from caller: PartnerCaller) async throws(PartnerFault) -> Bool

  /// What a session's charging comes to by its operator's word (OCPI 2.2.1 §14.2.2.2).
  func tellActiveProfile(
    _ schedule: ChargingProfile.Schedule, of session: String, from caller: PartnerCaller
  ) async throws(PartnerFault)

  // What can be booked there, and what our drivers have booked (OCPI 2.3.0 bookings)
  func roamingBookingLocation(_ key: RoamingKey) async throws(PartnerFault) -> JSON
  func keepBookingLocation(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingBookingLocation
  ) async throws(PartnerFault) -> Bool
  func roamingBooking(_ key: RoamingKey) async throws(PartnerFault) -> JSON
  func keepBooking(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingBooking
  ) async throws(PartnerFault) -> Bool

  /// The late result of a command of ours, at the address that we named for it.
  func resulted(
    _ command: String, _ result: RoamingCommand.Result, from caller: PartnerCaller
  ) async throws(PartnerFault)

  /// A request that is one too many for this partner now: seconds until the next one is welcome.
  func pause(for caller: PartnerCaller) -> Int?
}

/// A real-time authorization: which driver, and where.
public struct TokenQuestion: Sendable, Equatable {
  public var uid: String
  public var kind: Token.Kind
  public var location: String?
  public var evses: [String]

  public init(uid: String, kind: Token.Kind, location: String? = nil, evses: [String] = []) {
    (self.uid, self.kind, self.location, self.evses) = (uid, kind, location, evses)
  }
}

/// The answer to it.
public struct TokenVerdict: Sendable, Equatable {
  public var allowed: PartnerAuthorization.Allowed
  public var token: OfferedToken
  /// To be found again in session and CDR; given where the driver may charge.
  public var reference: String?
  public var location: String?
  public var evses: [String]
  /// For the driver to read.
  public var info: String?

  public init(
    allowed: PartnerAuthorization.Allowed, token: OfferedToken, reference: String? = nil, location: String? = nil,
    evses: [String] = [], info: String? = nil
  ) {
    (self.allowed, self.token, self.reference) = (allowed, token, reference)
    (self.location, self.evses, self.info) = (location, evses, info)
  }
}

/// What we ask of another network's station for one of our drivers (OCPI 2.2.1 §13.3, and §14.2.1 for profiles).
public enum RoamingCommand: Sendable, Equatable {
  case start(OfferedToken, location: String, evse: String?, connector: String?, reference: String?)
  case stop(session: String)
  case reserve(
    OfferedToken, location: String, evse: String?, reservation: String, until: Timestamp, reference: String?)
  case cancel(reservation: String)
  case unlock(location: String, evse: String, connector: String)
  case setProfile(session: String, ChargingProfile.Schedule)
  case clearProfile(session: String)
  /// What the session comes to in the next `seconds` by all that limits it.
  case activeProfile(session: String, seconds: Int)
  /// A booking; with the id of an earlier one it changes that, or gives it up (OCPI 2.3.0 bookings).
  case book(BookingRequest, isChange: Bool)

  /// What the operator calls it.
  public enum Verb: String, Word {
    case start, stop, reserve, cancel, unlock
    case setProfile = "set-profile", clearProfile = "clear-profile", activeProfile = "active-profile"
    case book
    case changeBooking = "change-booking", cancelBooking = "cancel-booking"
  }

  public var verb: Verb {
    switch self {
    case .start: .start
    case .stop: .stop
    case .reserve: .reserve
    case .cancel: .cancel
    case .unlock: .unlock
    case .setProfile: .setProfile
    case .clearProfile: .clearProfile
    case .activeProfile: .activeProfile
    case .book(let request, let isChange):
      request.canceled != nil ? .cancelBooking : isChange ? .changeBooking : .book
    }
  }

  /// What it is about, for people.
  public var detail: JSON {
    switch self {
    case .start(let token, let location, let evse, let connector, let reference):
      [
        "token": .string(token.token.uid), "location": .string(location), "evse": .maybe(evse),
        "connector": .maybe(connector), "authorization_reference": .maybe(reference),
      ]
    case .stop(let session): ["session": .string(session)]
    case .reserve(let token, let location, let evse, let reservation, let until, let reference):
      [
        "token": .string(token.token.uid), "location": .string(location), "evse": .maybe(evse),
        "reservation": .string(reservation), "expires_at": .string(until.text),
        "authorization_reference": .maybe(reference),
      ]
    case .cancel(let reservation): ["reservation": .string(reservation)]
    case .unlock(let location, let evse, let connector):
      ["location": .string(location), "evse": .string(evse), "connector": .string(connector)]
    case .setProfile(let session, let schedule): ["session": .string(session), "schedule": schedule.json]
    case .clearProfile(let session): ["session": .string(session)]
    case .activeProfile(let session, let seconds):
      ["session": .string(session), "duration_s": .number(JSONNumber(Int64(seconds)))]
    case .book(let request, _):
      [
        "request_id": .string(request.id), "booking_location": .string(request.place),
        "token": .maybe(request.tokens?.first?.uid), "evse": .maybe(request.option?.evse),
        "from": .string(request.period.start.text), "to": .string(request.period.end.text),
        "authorization_reference": .string(request.authorizationReference),
        "reason": .maybe(request.canceled?.reason.rawValue),
      ]
    }
  }

  /// What the operator of the station said at once.
  public struct Answer: Sendable, Equatable {
    /// OCPI's word: `ACCEPTED`, `REJECTED`, `NOT_SUPPORTED`, `UNKNOWN_SESSION`.
    public var word: String
    /// Seconds until the result comes at the latest; nil where nobody said.
    public var timeout: Int?
    public var message: String?
    /// What stands by it, where a booking was asked for.
    public var booking: RoamingBooking?

    public init(word: String, timeout: Int? = nil, message: String? = nil, booking: RoamingBooking? = nil) {
      (self.word, self.timeout, self.message, self.booking) = (word, timeout, message, booking)
    }

    public var isYes: Bool { word == Result.accepted }
  }

  /// What the station said, later.
  public struct Result: Sendable, Equatable {
    public static let accepted = "ACCEPTED", canceled = "CANCELED_RESERVATION"

    /// OCPI's word: `ACCEPTED`, `EVSE_OCCUPIED`, `TIMEOUT`…
    public var word: String
    public var message: String?
    /// What the session's charging comes to, where that was asked.
    public var schedule: ChargingProfile.Schedule?

    public init(word: String, message: String? = nil, schedule: ChargingProfile.Schedule? = nil) {
      (self.word, self.message, self.schedule) = (word, message, schedule)
    }

    public var isYes: Bool { word == Self.accepted || word == Self.canceled }
  }
}
