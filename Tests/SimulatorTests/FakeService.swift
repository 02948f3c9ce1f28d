import Domain
import Wire

/// A household in memory, as far as partners see it: it lets invited partners register and remembers what it is asked.
@MainActor
final class FakeService: PartnerService {
  nonisolated static let party = Party(
    id: ID(1), name: PartyID(country: "NL", party: "OST"), role: .cpo, businessName: "Ostler Test", website: nil)

  var callers: [String: PartnerCaller] = [:]
  var locations: [LocationView] = []
  var tokens: [Token] = []
  var wishes: [StartWish] = []
  var stops: [String] = []
  var unlocks: [String] = []
  var registrations: [PartnerRegistration] = []
  var unregistered = 0
  private var given = 0

  nonisolated init() {}

  nonisolated static func partner(_ state: Partner.State = .invited) -> Partner {
    var quirks = PartnerQuirks()
    quirks.allowPrivate = true
    return Partner(
      id: ID(3), name: "Demo Mobility", party: ID(1), state: state, quirks: quirks, createdAt: .epoch, updatedAt: .epoch
    )
  }

  func invite(_ token: String, as state: Partner.State = .invited) {
    callers[token] = PartnerCaller(
      terms: PartnerTerms(partner: Self.partner(state), ourParty: Self.party), token: token)
  }

  /// Who comes with that token is the one that we registered with.
  func know(_ registration: PartnerRegistration, by token: String) {
    callers[token] = PartnerCaller(terms: Self.terms(registration), token: token)
  }

  func identify(_ candidates: [String]) async -> PartnerCaller? { candidates.compactMap { callers[$0] }.first }

  func register(
    _ caller: PartnerCaller, _ registration: PartnerRegistration, isUpdate: Bool
  ) async throws(PartnerFault) -> PartnerWelcome {
    registrations.append(registration)
    callers[caller.token] = nil
    given += 1
    callers["token-C\(given)"] = PartnerCaller(terms: Self.terms(registration), token: "token-C\(given)")
    return PartnerWelcome(token: "token-C\(given)", party: Self.party)
  }

  nonisolated static func terms(_ registration: PartnerRegistration) -> PartnerTerms {
    var partner = partner(.registered)
    (partner.version, partner.endpoints) = (registration.version, registration.endpoints)
    (partner.versionsURL, partner.outboundToken) = (registration.versionsURL, registration.outboundToken)
    partner.roles = registration.roles.map {
      PartnerRole(id: ID(1), partner: ID(3), name: $0.name, role: $0.role, businessName: $0.businessName)
    }
    return PartnerTerms(partner: partner, ourParty: party)
  }

  func unregister(_ caller: PartnerCaller) async throws(PartnerFault) {
    unregistered += 1
    callers[caller.token] = nil
  }

  func traced(_ partner: ID<Partner>, _ step: HandshakeStep) async {}

  func locations(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<LocationView> {
    // Two at a time, so that a partner has to turn pages.
    Page(items: Array(locations.dropFirst(query.offset).prefix(min(query.limit, 2))), total: locations.count)
  }

  func location(_ ref: String, for caller: PartnerCaller) async throws(PartnerFault) -> LocationView {
    throw .unknownLocation
  }

  func tariffs(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<TariffView> {
    Page(items: [], total: 0)
  }

  func tariff(_ ref: String, for caller: PartnerCaller) async throws(PartnerFault) -> TariffView {
    throw .unknownObject
  }

  func sessions(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<SessionView> {
    guard query.from != nil else { throw .invalid("date_from") }
    return Page(items: [], total: 0)
  }

  func session(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> SessionView {
    throw .unknownObject
  }

  func cdrs(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<CDR> {
    Page(items: [], total: 0)
  }

  func cdr(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> CDR { throw .unknownObject }

  func token(_ key: TokenKey, for caller: PartnerCaller) async throws(PartnerFault) -> Token { throw .unknownToken }

  func put(_ token: Token, under key: TokenKey, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    tokens.append(token)
    return true
  }

  func patch(
    _ key: TokenKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (inout Token) throws(PartnerFault) -> Void
  ) async throws(PartnerFault) { throw .unknownToken }

  func startSession(_ wish: StartWish, from caller: PartnerCaller) async throws(PartnerFault) -> CommandAnswer {
    wishes.append(wish)
    return .accepted(timeout: 30)
  }

  func stopSession(
    _ session: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> CommandAnswer {
    stops.append(session)
    return .unknownSession
  }

  func unlock(
    location: String, evse: String, connector: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> CommandAnswer {
    unlocks.append("\(location)/\(evse)/\(connector)")
    return .notSupported
  }

  func reserve(_ wish: ReserveWish, from caller: PartnerCaller) async throws(PartnerFault) -> CommandAnswer {
    .notSupported
  }

  func cancelReservation(
    _ reference: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> CommandAnswer { .notSupported }

  func prefer(
    _ preferences: ChargingPreferences, in session: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> PreferencesAnswer { .notPossible }

  func setProfile(
    _ schedule: ChargingProfile.Schedule, of session: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> ProfileAnswer { .notSupported }

  func clearProfile(
    of session: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> ProfileAnswer { .notSupported }

  func activeProfile(
    of session: String, seconds: Int, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> ProfileAnswer { .notSupported }

  func client(_ name: PartyID, for caller: PartnerCaller) async throws(PartnerFault) -> HubClient {
    throw .unknownObject
  }

  func put(_ client: HubClient, from caller: PartnerCaller) async throws(PartnerFault) -> Bool { true }

  func terminal(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> Terminal { throw .unknownObject }

  func put(_ terminal: Terminal, from caller: PartnerCaller) async throws(PartnerFault) -> Bool { true }

  func advice(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> FinancialAdvice {
    throw .unknownObject
  }

  func invoices(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<InvoiceRecord> {
    Page(items: [], total: 0)
  }

  func invoice(_ id: String, of owner: PartyID, for caller: PartnerCaller) async throws(PartnerFault) -> InvoiceRecord {
    throw .unknownObject
  }

  func put(_ record: InvoiceRecord, from caller: PartnerCaller) async throws(PartnerFault) -> Bool { true }

  func removeInvoice(_ id: String, of owner: PartyID, from caller: PartnerCaller) async throws(PartnerFault) {
    throw .unknownObject
  }

  func put(_ advice: FinancialAdvice, from caller: PartnerCaller) async throws(PartnerFault) -> Bool { true }

  private(set) var bookings: [BookingRequest] = []

  func bookingLocations(
    _ query: PageQuery, slotFrom: Timestamp?, slotTo: Timestamp?, for caller: PartnerCaller
  ) async throws(PartnerFault) -> Page<PublishedBookingLocation> { Page(items: [], total: 0) }

  func bookingLocation(_ ref: String, for caller: PartnerCaller) async throws(PartnerFault) -> PublishedBookingLocation
  {
    guard ref == "BL-1" else { throw .unknownLocation }
    var place = PublishedBookingLocation()
    (place.country, place.party, place.id, place.location) = ("NL", "OST", ref, "L1")
    var calendar = PublishedCalendar()
    (calendar.id, calendar.increment) = (ref, 30)
    let free = BookingPeriod(.epoch + .seconds(3_600), .epoch + .seconds(36_000))
    (calendar.span, calendar.slots) = (free, [Timeslot(free)])
    place.calendars = [calendar]
    return place
  }

  func bookings(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<PublishedBooking> {
    Page(items: [], total: 0)
  }

  func book(
    _ request: BookingRequest, from caller: PartnerCaller
  ) async throws(PartnerFault) -> (booking: PublishedBooking, isNew: Bool) {
    bookings.append(request)
    var made = PublishedBooking()
    (made.id, made.country, made.party, made.requestID) = ("B1", "NL", "OST", request.id)
    (made.location, made.slot, made.status) = (request.location, Timeslot(request.period), .reserved)
    made.authorizationReference = request.authorizationReference
    (made.requests, made.updatedAt) = ([BookingRequestStatus(.accepted, request, at: .epoch)], .epoch)
    return (made, true)
  }

  func unsaid(_ what: [String], of module: String, sample: String, to partner: ID<Partner>) async {}
}
