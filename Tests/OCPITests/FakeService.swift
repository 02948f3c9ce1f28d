import Domain
import Wire

/// A household in memory, as far as partners see it. It records what it is asked.
@MainActor
final class FakeService: PartnerService {
  var callers: [String: PartnerCaller] = [:]
  var locations: [LocationView] = []
  var tariffs: [TariffView] = []
  var sessions: [SessionView] = []
  var cdrs: [CDR] = []
  var tokens: [String: Token] = [:]
  var answer = CommandAnswer.accepted(timeout: 30)
  var fault: PartnerFault?
  /// Where the house cannot even say who calls.
  var doorFault: PartnerFault?

  private(set) var registrations: [PartnerRegistration] = []
  private(set) var steps: [String] = []
  private(set) var wishes: [StartWish] = []
  private(set) var stops: [String] = []
  private(set) var unlocks: [String] = []
  private(set) var unregistered = 0
  /// Who asked for locations last.
  private(set) var lastCaller: PartnerCaller?

  init() {}

  /// What partners told is as it was at first.
  func forget() { (tokens, clients, terminals, advices, told) = ([:], [:], [:], [:], [:]) }

  func invite(_ token: String, _ partner: Partner) {
    callers[token] = PartnerCaller(terms: PartnerTerms(partner: partner, ourParty: Sample.party), token: token)
  }

  func identify(_ candidates: [String]) async throws(PartnerFault) -> PartnerCaller? {
    if let doorFault { throw doorFault }
    return candidates.compactMap { callers[$0] }.first
  }

  func register(
    _ caller: PartnerCaller, _ registration: PartnerRegistration, isUpdate: Bool
  ) async throws(PartnerFault) -> PartnerWelcome {
    if let fault { throw fault }
    registrations.append(registration)
    callers[caller.token] = nil
    var terms = caller.terms
    terms.partner.state = .registered
    (terms.partner.version, terms.partner.endpoints) = (registration.version, registration.endpoints)
    (terms.partner.versionsURL, terms.partner.outboundToken) = (registration.versionsURL, registration.outboundToken)
    callers["token-C"] = PartnerCaller(terms: terms, token: "token-C")
    return PartnerWelcome(token: "token-C", party: terms.ourParty)
  }

  func unregister(_ caller: PartnerCaller) async throws(PartnerFault) { unregistered += 1 }

  private(set) var traces: [HandshakeStep] = []

  func traced(_ partner: ID<Partner>, _ step: HandshakeStep) async {
    traces.append(step)
    steps.append("\(step.ok ? "ok" : "failed") \(step.name)")
  }

  private func page<Item: Sendable>(
    _ items: [Item], _ query: PageQuery, _ time: (Item) -> Timestamp
  ) throws(PartnerFault) -> Page<Item> {
    if let fault { throw fault }
    let fitting = items.filter { item in
      (query.from.map { time(item) >= $0 } ?? true) && (query.to.map { time(item) < $0 } ?? true)
    }
    return Page(items: Array(fitting.dropFirst(query.offset).prefix(query.limit)), total: fitting.count)
  }

  private func one<Item>(_ items: [Item], _ fault: PartnerFault, _ fits: (Item) -> Bool) throws(PartnerFault) -> Item {
    if let fault = self.fault { throw fault }
    guard let item = items.first(where: fits) else { throw fault }
    return item
  }

  func locations(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<LocationView> {
    lastCaller = caller
    return try page(locations, query, \.updatedAt)
  }

  func location(_ ref: String, for caller: PartnerCaller) async throws(PartnerFault) -> LocationView {
    try one(locations, .unknownLocation) { $0.location.ref == ref }
  }

  func tariffs(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<TariffView> {
    try page(tariffs, query, \.version.updatedAt)
  }

  func tariff(_ ref: String, for caller: PartnerCaller) async throws(PartnerFault) -> TariffView {
    try one(tariffs, .unknownObject) { $0.version.tariff.ref == ref }
  }

  func sessions(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<SessionView> {
    try page(sessions, query, \.session.updatedAt)
  }

  func session(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> SessionView {
    try one(sessions, .unknownObject) { $0.session.id == id }
  }

  func cdrs(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<CDR> {
    try page(cdrs, query, \.createdAt)
  }

  func cdr(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> CDR {
    try one(cdrs, .unknownObject) { $0.id == id }
  }

  private func name(_ key: TokenKey) -> String { "\(key.party)/\(key.uid.ciFolded)/\(key.kind.rawValue)" }

  func token(_ key: TokenKey, for caller: PartnerCaller) async throws(PartnerFault) -> Token {
    guard let token = tokens[name(key)] else { throw .unknownToken }
    return token
  }

  func put(_ token: Token, under key: TokenKey, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    if let fault { throw fault }
    return tokens.updateValue(token, forKey: name(key)) == nil
  }

  func patch(
    _ key: TokenKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (inout Token) throws(PartnerFault) -> Void
  ) async throws(PartnerFault) {
    guard var token = tokens[name(key)] else { throw .unknownToken }
    try change(&token)
    tokens[name(key)] = token
  }

  func startSession(_ wish: StartWish, from caller: PartnerCaller) async throws(PartnerFault) -> CommandAnswer {
    if let fault { throw fault }
    wishes.append(wish)
    return answer
  }

  func stopSession(
    _ session: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> CommandAnswer {
    stops.append(session)
    return session == "S1" ? answer : .unknownSession
  }

  func unlock(
    location: String, evse: String, connector: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> CommandAnswer {
    unlocks.append("\(location)/\(evse)/\(connector)")
    return answer
  }

  // MARK: Plans, hubs and payments

  private(set) var reservations: [ReserveWish] = []
  private(set) var cancelled: [String] = []
  private(set) var plans: [String] = []
  var preferencesAnswer = PreferencesAnswer.accepted
  var clients: [PartyID: HubClient] = [:]
  var terminals: [String: Terminal] = [:]
  var advices: [String: FinancialAdvice] = [:]

  func reserve(_ wish: ReserveWish, from caller: PartnerCaller) async throws(PartnerFault) -> CommandAnswer {
    if let fault { throw fault }
    reservations.append(wish)
    return answer
  }

  func cancelReservation(
    _ reference: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> CommandAnswer {
    cancelled.append(reference)
    return answer
  }

  func prefer(
    _ preferences: ChargingPreferences, in session: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> PreferencesAnswer {
    guard sessions.contains(where: { $0.session.id == session }) else { throw .unknownObject }
    plans.append("prefer \(preferences.kind.rawValue) \(session)")
    return preferencesAnswer
  }

  private func planned(_ what: String, _ session: String) -> ProfileAnswer {
    guard sessions.contains(where: { $0.session.id == session }) else { return .unknownSession }
    plans.append("\(what) \(session)")
    return .accepted(timeout: 30)
  }

  func setProfile(
    _ schedule: ChargingProfile.Schedule, of session: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> ProfileAnswer {
    planned("set \(schedule.unit.rawValue) \(schedule.periods.map(\.limit))", session)
  }

  func clearProfile(
    of session: String, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> ProfileAnswer { planned("clear", session) }

  func activeProfile(
    of session: String, seconds: Int, respondTo url: String, from caller: PartnerCaller
  ) async throws(PartnerFault) -> ProfileAnswer { planned("active \(seconds)", session) }

  func client(_ name: PartyID, for caller: PartnerCaller) async throws(PartnerFault) -> HubClient {
    guard let client = clients[name] else { throw .unknownObject }
    return client
  }

  func put(_ client: HubClient, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    clients.updateValue(client, forKey: client.name) == nil
  }

  func terminal(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> Terminal {
    guard let terminal = terminals[id] else { throw .unknownObject }
    return terminal
  }

  func put(_ terminal: Terminal, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    terminals.updateValue(terminal, forKey: terminal.id) == nil
  }

  func advice(_ id: String, for caller: PartnerCaller) async throws(PartnerFault) -> FinancialAdvice {
    guard let advice = advices[id] else { throw .unknownObject }
    return advice
  }

  func put(_ advice: FinancialAdvice, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    advices.updateValue(advice, forKey: advice.id) == nil
  }

  var invoices: [InvoiceRecord] = []
  private var told: [String: InvoiceRecord] = [:]

  func invoices(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<InvoiceRecord> {
    try page(invoices, query, \.updatedAt)
  }

  func invoice(_ id: String, of owner: PartyID, for caller: PartnerCaller) async throws(PartnerFault) -> InvoiceRecord {
    guard let record = told["\(owner) \(id)"] else { throw .unknownObject }
    return record
  }

  func put(_ record: InvoiceRecord, from caller: PartnerCaller) async throws(PartnerFault) -> Bool {
    told.updateValue(record, forKey: "\(record.owner) \(record.id)") == nil
  }

  func removeInvoice(_ id: String, of owner: PartyID, from caller: PartnerCaller) async throws(PartnerFault) {
    guard told.removeValue(forKey: "\(owner) \(id)") != nil else { throw .unknownObject }
  }

  // MARK: Bookings

  var places: [PublishedBookingLocation] = []
  private(set) var bookings: [PublishedBooking] = []

  func bookingLocations(
    _ query: PageQuery, slotFrom: Timestamp?, slotTo: Timestamp?, for caller: PartnerCaller
  ) async throws(PartnerFault) -> Page<PublishedBookingLocation> {
    try page(places.filter { $0.hasSlot(from: slotFrom, to: slotTo) }, query, \.updatedAt)
  }

  func bookingLocation(_ ref: String, for caller: PartnerCaller) async throws(PartnerFault) -> PublishedBookingLocation
  {
    try one(places, .unknownLocation) { $0.id == ref }
  }

  func bookings(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<PublishedBooking> {
    try page(bookings, query, \.updatedAt)
  }

  func book(
    _ request: BookingRequest, from caller: PartnerCaller
  ) async throws(PartnerFault) -> (booking: PublishedBooking, isNew: Bool) {
    guard places.contains(where: { $0.id == request.place }) else { throw .unknownLocation }
    let made = Sample.booking(request)
    bookings.append(made)
    return (made, true)
  }

  private(set) var lost: [String] = []

  func unsaid(_ what: [String], of module: String, sample: String, to partner: ID<Partner>) async {
    lost += what.map { "\(module) \($0)" }
  }
}
