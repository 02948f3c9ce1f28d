import Wire

/// What a roaming partner may ask of the house. CSMS implements it; the OCPI room calls it. Every query is bound to the
/// caller: an object that is not meant for it does not exist for it. Writes return after their commit.
@MainActor
public protocol PartnerService: AnyObject, Sendable {
  /// Whose token this is; nil where nobody's. The header's value comes decoded and as it stood, because some send
  /// base64 and some do not.
  /// - Throws: `.unavailable` where the books cannot say: a partner must not take that for the end of its token.
  func identify(_ candidates: [String]) async throws(PartnerFault) -> PartnerCaller?

  // Credentials (OCPI 2.2.1 §7)
  /// Keeps what the partner told of itself, makes the token that it will use from now on, and ends the one it called
  /// with as soon as the new one is used. `isUpdate` is PUT: 405 unless registered; POST: 405 if registered already.
  func register(_ caller: PartnerCaller, _ registration: PartnerRegistration, isUpdate: Bool) async throws(PartnerFault)
    -> PartnerWelcome
  func unregister(_ caller: PartnerCaller) async throws(PartnerFault)
  /// Writes down one step of a handshake for the people who watch it.
  func traced(_ partner: ID<Partner>, _ step: HandshakeStep) async

  /// Writes down for the operator what a partner's version has no words for; each kind once.
  func unsaid(_ what: [String], of module: String, sample: String, to partner: ID<Partner>) async

  // What we are the sender of
  func locations(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<LocationView>
  func location(_ ref: String, for caller: PartnerCaller) async throws(PartnerFault) -> LocationView
  func tariffs(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<TariffView>
  func tariff(_ ref: String, for caller: PartnerCaller) async throws(PartnerFault) -> TariffView
  func sessions(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<SessionView>
  func session(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> SessionView
  func cdrs(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<CDR>
  func cdr(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> CDR

  // What we are the receiver of
  func token(_ key: TokenKey, for caller: PartnerCaller) async throws(PartnerFault) -> Token
  /// Creates or replaces; true where it is new. An older `updatedAt` than the one we hold changes nothing.
  func put(_ token: Token, under key: TokenKey, from caller: PartnerCaller) async throws(PartnerFault) -> Bool
  /// Changes the token that we hold by `change`, which may refuse the result.
  func patch(
    _ key: TokenKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (inout Token) throws(PartnerFault) -> Void
  ) async throws(PartnerFault)

  // Commands (OCPI 2.2.1 §13)
  func startSession(_ wish: StartWish, from caller: PartnerCaller) async throws(PartnerFault) -> CommandAnswer
  func stopSession(_ session: String, respondTo url: String, from caller: PartnerCaller) async throws(PartnerFault)
    -> CommandAnswer
  func unlock(
    location: String, evse: String, connector: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> CommandAnswer
  func reserve(_ wish: ReserveWish, from caller: PartnerCaller) async throws(PartnerFault) -> CommandAnswer
  /// - Parameter reference: the partner's own id of the reservation.
  func cancelReservation(
    _ reference: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> CommandAnswer

  // How their drivers are charged (OCPI 2.2.1 §9.2.1.3 and §14)
  func prefer(
    _ preferences: ChargingPreferences, in session: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> PreferencesAnswer
  func setProfile(
    _ schedule: ChargingProfile.Schedule, of session: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> ProfileAnswer
  func clearProfile(
    of session: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> ProfileAnswer
  func activeProfile(
    of session: String, seconds: Int, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> ProfileAnswer

  // What hubs and payment providers tell (OCPI 2.2.1 §15; OCPI 2.3.0 payments). A put says whether it was new.
  func client(_ name: PartyID, for caller: PartnerCaller) async throws(PartnerFault) -> HubClient
  func put(_ client: HubClient, from caller: PartnerCaller) async throws(PartnerFault) -> Bool
  func terminal(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> Terminal
  func put(_ terminal: Terminal, from caller: PartnerCaller) async throws(PartnerFault) -> Bool
  func advice(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> FinancialAdvice
  func put(_ advice: FinancialAdvice, from caller: PartnerCaller) async throws(PartnerFault) -> Bool

  // Which CDRs invoices ask for (OCPI 2.3.0 §15): of ours to the caller, and of its to us
  func invoices(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<InvoiceRecord>
  func invoice(_ id: String, of owner: PartyID, for caller: PartnerCaller) async throws(PartnerFault) -> InvoiceRecord
  /// True where it is new. What is older than what we hold changes nothing.
  func put(_ record: InvoiceRecord, from caller: PartnerCaller) async throws(PartnerFault) -> Bool
  func removeInvoice(_ id: String, of owner: PartyID, from caller: PartnerCaller) async throws(PartnerFault)

  // What can be booked, and what is (OCPI 2.3.0 bookings)
  /// - Parameters: from when to when something has to be free; nil does not matter.
  func bookingLocations(
    _ query: PageQuery, slotFrom: Timestamp?, slotTo: Timestamp?, for caller: PartnerCaller
  ) async throws(PartnerFault) -> Page<PublishedBookingLocation>
  func bookingLocation(_ ref: String, for caller: PartnerCaller) async throws(PartnerFault) -> PublishedBookingLocation
  func bookings(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<PublishedBooking>
  /// Makes, changes or gives up a booking; the same request again changes nothing. What cannot be is said in the booking.
  func book(
    _ request: BookingRequest, from caller: PartnerCaller
  ) async throws(PartnerFault) -> (booking: PublishedBooking, isNew: Bool)
}

/// A partner that proved who it is.
public struct PartnerCaller: Sendable, Equatable {
  public var terms: PartnerTerms
  /// The very token that it called with: GET credentials must return it.
  public var token: String
  /// The party behind a hub for which the hub asks: it must see its own drivers' objects and no others. Nil where the
  /// partner asks for itself.
  public var behalf: PartyID?
  /// It called with the token of its invitation, which works until the one that we answered was used.
  public var isInvitation: Bool

  public init(terms: PartnerTerms, token: String, behalf: PartyID? = nil, isInvitation: Bool = false) {
    (self.terms, self.token, self.behalf, self.isInvitation) = (terms, token, behalf, isInvitation)
  }
}

/// Why a partner's request is not done. The OCPI room spells each as status code and HTTP status.
public enum PartnerFault: Error, Equatable, Sendable {
  /// 2001: a field is missing or wrong.
  case invalid(String)
  /// 2003.
  case unknownLocation
  /// 2004.
  case unknownToken
  /// 404: no such object for this caller.
  case unknownObject
  /// 404, 2001: the address names a party for which the caller does not speak.
  case foreignParty(PartyID)
  /// HTTP 405: register twice, or update what was never registered.
  case wrongState(String)
  /// 3000, HTTP 500: nothing was kept, try again.
  case unavailable(String)
}

/// What a partner told in its credentials, and what its versions said.
public struct PartnerRegistration: Sendable, Equatable {
  public var versionsURL: String
  public var version: String
  public var endpoints: [Partner.Endpoint]
  /// What we shall send from now on.
  public var outboundToken: String
  public var roles: [Role]
  public var learned: PartnerQuirks

  public struct Role: Sendable, Equatable {
    public var name: PartyID
    public var role: String
    public var businessName: String

    public init(name: PartyID, role: String, businessName: String) {
      (self.name, self.role, self.businessName) = (name, role, businessName)
    }
  }

  public init(
    versionsURL: String, version: String, endpoints: [Partner.Endpoint], outboundToken: String, roles: [Role],
    learned: PartnerQuirks = PartnerQuirks()
  ) {
    self.versionsURL = versionsURL
    self.version = version
    self.endpoints = endpoints
    self.outboundToken = outboundToken
    self.roles = roles
    self.learned = learned
  }
}

/// Our side of the credentials.
public struct PartnerWelcome: Sendable, Equatable {
  public var token: String
  public var party: Party

  public init(token: String, party: Party) { (self.token, self.party) = (token, party) }
}

/// Which part of a list is wanted (OCPI 2.2.1 §4.1.4): by `last_updated`, from inclusive, to exclusive, oldest first.
public struct PageQuery: Sendable, Equatable {
  public var from: Timestamp?
  public var to: Timestamp?
  public var offset: Int
  public var limit: Int
  /// The object before the first that is wanted, where a page of ours named it: then the offset only counts.
  public var after: PageMark?

  public init(
    from: Timestamp? = nil, to: Timestamp? = nil, offset: Int = 0, limit: Int, after: PageMark? = nil
  ) {
    (self.from, self.to, self.offset, self.limit, self.after) = (from, to, offset, limit, after)
  }
}

/// A place in a list that stays where it is, whatever moves before it: objects that change while somebody walks the pages
/// go to the end, and an offset would then pass over as many others. And it is found at once, however far it is.
public struct PageMark: Sendable, Equatable {
  /// What was counted already of a long list.
  public struct Counted: Sendable, Equatable {
    public let count: Int
    /// All before this time are in the count.
    public let before: Timestamp

    public init(count: Int, before: Timestamp) { (self.count, self.before) = (count, before) }
  }

  public let time: Timestamp
  public let id: String
  public var counted: Counted?

  public init(time: Timestamp, id: String) { (self.time, self.id) = (time, id) }

  /// As it stands in an address.
  public var text: String {
    let counted = counted.map { "\($0.count).\($0.before.milliseconds)" } ?? "."
    return "\(time.milliseconds).\(counted).\(id)"
  }

  public init?(_ text: String) {
    let parts = text.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, let time = Int64(parts[0]), !parts[3].isEmpty else { return nil }
    self.init(time: Timestamp(milliseconds: time), id: String(parts[3]))
    guard !parts[1].isEmpty || !parts[2].isEmpty else { return }
    guard let count = Int(parts[1]), (0...Int(Int32.max)).contains(count), let before = Int64(parts[2]) else {
      return nil
    }
    counted = Counted(count: count, before: Timestamp(milliseconds: before))
  }
}

/// What is behind a page.
public enum NextPage: Sendable, Equatable {
  /// As many as the total has more.
  case byCount
  /// More, behind this place.
  case after(PageMark)
  case nothing
}

public struct Page<Item: Sendable>: Sendable {
  public var items: [Item]
  /// How many the whole list has, without offset and limit.
  public var total: Int
  public var rest: NextPage

  public init(items: [Item], total: Int, rest: NextPage = .byCount) {
    (self.items, self.total, self.rest) = (items, total, rest)
  }
}

/// A location with all that stands there, as a partner sees it.
public struct LocationView: Sendable, Equatable {
  public var location: Location
  public var party: PartyID
  public var operatorName: String
  public var evses: [EVSEView]
  /// EVSEs that stood there once: partners must go on hearing that they are gone.
  public var gone: [PublishedEVSE]
  /// The newest change of it or of anything in it: changes bubble up.
  public var updatedAt: Timestamp

  public init(
    location: Location, party: PartyID, operatorName: String, evses: [EVSEView], gone: [PublishedEVSE] = [],
    updatedAt: Timestamp
  ) {
    self.location = location
    self.party = party
    self.operatorName = operatorName
    self.evses = evses
    self.gone = gone
    self.updatedAt = updatedAt
  }
}

public struct EVSEView: Sendable, Equatable {
  public var evse: EVSE
  public var station: StationIdentity
  /// The partners' ids of the tariffs, by connector.
  public var tariffRefs: [ID<Connector>: [String]]

  public init(evse: EVSE, station: StationIdentity, tariffRefs: [ID<Connector>: [String]]) {
    (self.evse, self.station, self.tariffRefs) = (evse, station, tariffRefs)
  }
}

public struct TariffView: Sendable, Equatable {
  public var version: TariffVersion
  public var party: PartyID

  public init(version: TariffVersion, party: PartyID) { (self.version, self.party) = (version, party) }
}

/// A session with what a partner must know beside it.
public struct SessionView: Sendable, Equatable {
  public var session: Session
  public var party: PartyID
  public var place: CDR.Place
  public var currency: String
  public var cost: Price?
  public var periods: [ChargingPeriod]

  public init(
    session: Session, party: PartyID, place: CDR.Place, currency: String, cost: Price?, periods: [ChargingPeriod]
  ) {
    self.session = session
    self.party = party
    self.place = place
    self.currency = currency
    self.cost = cost
    self.periods = periods
  }
}

/// How a partner names a token: unique only with its type and party, uid without regard to case.
public struct TokenKey: Sendable, Equatable {
  public var party: PartyID
  public var uid: String
  public var kind: Token.Kind

  public init(party: PartyID, uid: String, kind: Token.Kind) { (self.party, self.uid, self.kind) = (party, uid, kind) }
}

/// A partner's START_SESSION.
public struct StartWish: Sendable {
  public var token: Token
  public var key: TokenKey
  public var location: String
  public var evse: String?
  public var connector: String?
  public var authorizationReference: String?
  public var respondTo: String

  public init(
    token: Token, key: TokenKey, location: String, evse: String?, connector: String?, authorizationReference: String?,
    respondTo: String
  ) {
    self.token = token
    self.key = key
    self.location = location
    self.evse = evse
    self.connector = connector
    self.authorizationReference = authorizationReference
    self.respondTo = respondTo
  }
}

/// The answer to a partner's command before the station spoke; the result follows to the response URL.
public enum CommandAnswer: Sendable, Equatable {
  /// Seconds until the result comes at the latest.
  case accepted(timeout: Int)
  case rejected(String)
  case notSupported
  case unknownSession
}
