import Domain
import HTTP
import Logging
import Wire

/// What partners can ask of us: every address under `/ocpi`. It finds out who asks, what is asked, and whether that
/// caller may; then it asks the house and writes the answer in the caller's version. Calls come on the server's loop,
/// the house is asked from a task, and the answer goes back through the exchange's responder.
public final class Endpoints: RequestHandler, Sendable {
  let service: any PartnerService
  /// Who answers for our drivers; nil where we have none.
  let provider: (any ProviderService)?
  let editions: Editions
  let addresses: OurAddresses
  let handshake: Handshake
  let log: ConversationLog
  let clock: Clock
  let logger = Logger(label: "ocpi")
  private let router: Router<Route>

  /// A thing that can be asked for, with the edition that it is asked in.
  enum Action: Sendable {
    case versions, details
    case showCredentials, register, updateCredentials, unregister
    case locations, location, evse, connector
    case tariffs, tariff, sessions, session, cdrs, cdr
    case showToken, putToken, patchToken
    case command
    case preferences, activeProfile, setProfile, clearProfile
    case showClient, putClient
    case showTerminal, postTerminal, showAdvice, postAdvice
    case invoices, showInvoice, postInvoice, putInvoice, removeInvoice
    case bookingLocations, bookingLocation, bookings, book
    case provider(ProviderAction)

    /// What a caller may reach before it has registered (2.2.1 §4.1.2: with token A, all else is 401).
    var isOpenToInvited: Bool {
      switch self {
      case .versions, .details, .showCredentials, .register, .updateCredentials, .unregister: true
      case .locations, .location, .evse, .connector, .tariffs, .tariff, .sessions, .session, .cdrs, .cdr, .showToken,
        .putToken, .patchToken, .command, .preferences, .activeProfile, .setProfile, .clearProfile, .showClient,
        .putClient, .showTerminal, .postTerminal, .showAdvice, .postAdvice, .invoices, .showInvoice, .postInvoice,
        .putInvoice, .removeInvoice, .bookingLocations, .bookingLocation, .bookings, .book, .provider:
        false
      }
    }

    /// Whether it is the provider of drivers that is asked.
    var isProvider: Bool { if case .provider = self { true } else { false } }

    /// Requests of configuration modules carry no routing.
    var isConfiguration: Bool {
      switch self {
      case .showClient, .putClient: true
      default: isOpenToInvited
      }
    }
  }

  struct Route: Sendable {
    let action: Action
    /// Nil for the list of versions, which has none.
    let edition: (any OCPIEdition)?
    let module: String
  }

  /// One request of a known caller.
  struct Asked: Sendable {
    let request: Request
    let captures: Router<Route>.Captures
    let caller: PartnerCaller
    let edition: any OCPIEdition

    var style: WriterOptions { caller.terms.partner.quirks.style }

    /// HEAD is a GET of which the body stays here (RFC 9110 §9.3.2).
    var method: HTTP.Method { request.method == .head ? .get : request.method }

    func segment(_ name: String) -> String { captures[name] ?? "" }
  }

  /// What is answered: HTTP's status and OCPI's envelope, with the fields of a page.
  struct Reply: Sendable {
    var status: HTTP.Status
    var envelope: Envelope
    var headers: Headers

    init(_ envelope: Envelope, status: HTTP.Status = .ok, headers: Headers = Headers()) {
      (self.envelope, self.status, self.headers) = (envelope, status, headers)
    }
  }

  init(service: any PartnerService, provider: (any ProviderService)?, door: OCPIDoor) {
    (self.service, self.provider) = (service, provider)
    editions = door.editions
    addresses = door.addresses
    handshake = Handshake(client: door.client, editions: door.editions)
    log = door.client.log
    clock = door.client.clock
    router = Self.routes(door.editions)
  }

  private static func routes(_ editions: Editions) -> Router<Route> {
    var router = Router<Route>()
    router.add(.get, "/ocpi/versions", Route(action: .versions, edition: nil, module: "versions"))
    for edition in editions.list {
      let base = "/ocpi/\(edition.version)"
      func add(_ method: HTTP.Method, _ module: OCPIModule.Name, _ path: String, _ action: Action) {
        let route = Route(action: action, edition: edition, module: module.rawValue)
        router.add(method, "\(base)/\(module.rawValue)\(path)", route)
      }
      router.add(.get, base, Route(action: .details, edition: edition, module: "versions"))
      add(.get, .credentials, "", .showCredentials)
      add(.post, .credentials, "", .register)
      add(.put, .credentials, "", .updateCredentials)
      add(.delete, .credentials, "", .unregister)
      add(.get, .locations, "", .locations)
      add(.get, .locations, "/{location}", .location)
      add(.get, .locations, "/{location}/{evse}", .evse)
      add(.get, .locations, "/{location}/{evse}/{connector}", .connector)
      add(.get, .tariffs, "", .tariffs)
      add(.get, .tariffs, "/{tariff}", .tariff)
      add(.get, .sessions, "", .sessions)
      add(.get, .sessions, "/{session}", .session)
      add(.get, .cdrs, "", .cdrs)
      add(.get, .cdrs, "/{cdr}", .cdr)
      add(.get, .tokens, "/{country}/{party}/{uid}", .showToken)
      add(.put, .tokens, "/{country}/{party}/{uid}", .putToken)
      add(.patch, .tokens, "/{country}/{party}/{uid}", .patchToken)
      add(.post, .commands, "/{command}", .command)
      if edition.has(.chargingProfiles, .receiver) {
        add(.put, .sessions, "/{session}/charging_preferences", .preferences)
        add(.get, .chargingProfiles, "/{session}", .activeProfile)
        add(.put, .chargingProfiles, "/{session}", .setProfile)
        add(.delete, .chargingProfiles, "/{session}", .clearProfile)
      }
      if edition.has(.hubClientInfo, .receiver) {
        add(.get, .hubClientInfo, "/{country}/{party}", .showClient)
        add(.put, .hubClientInfo, "/{country}/{party}", .putClient)
      }
      if edition.has(.payments, .receiver) {
        add(.get, .payments, "/terminals/{terminal}", .showTerminal)
        add(.post, .payments, "/terminals", .postTerminal)
        add(.get, .payments, "/financial-advice-confirmations/{advice}", .showAdvice)
        add(.post, .payments, "/financial-advice-confirmations", .postAdvice)
      }
      if edition.has(.invoiceReconciliation, .sender) { add(.get, .invoiceReconciliation, "", .invoices) }
      // Direct billing and reverse billing are the same addresses, at the operator's door and at the provider's.
      for door in edition.has(.invoiceReconciliation, .receiver) ? [base, "\(base)/emsp"] : [] {
        func take(_ method: HTTP.Method, _ path: String, _ action: Action) {
          let name = OCPIModule.Name.invoiceReconciliation.rawValue
          router.add(method, "\(door)/\(name)\(path)", Route(action: action, edition: edition, module: name))
        }
        take(.post, "", .postInvoice)
        take(.get, "/{country}/{party}/{invoice}", .showInvoice)
        take(.put, "/{country}/{party}/{invoice}", .putInvoice)
        take(.delete, "/{country}/{party}/{invoice}", .removeInvoice)
      }
      addBookingRoutes(to: &router, edition)
      addProviderRoutes(to: &router, edition)
      addProviderBookingRoutes(to: &router, edition)
    }
    return router
  }

  // MARK: A request

  public func handle(_ request: Request, _ exchange: Exchange) {
    let responder = exchange.responder
    Task { responder.respond(await answer(request, onRecognized: { responder.markTrusted() })) }
  }

  public func bodyLimit(for head: RequestHead) -> Int? { Limits.bodyBytes }

  /// Whether a request is for this room, by its target as it came.
  public static func isMeant(by target: String) -> Bool {
    let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
    return path.starts(with: "/ocpi".utf8) && (path.count == 5 || path.dropFirst(5).first == UInt8(ascii: "/"))
  }

  /// What never became a request is refused in an envelope too: partners' programs read nothing else.
  public func answer(to refusal: Refusal, at target: String, _ headers: Headers) -> Response? {
    let code: Envelope.Code =
      switch refusal.status {
      case .badRequest: .invalid
      case .internalError, .unavailable, .gatewayTimeout: .serverError
      default: .clientError
      }
    let reply = Reply(Envelope(code, refusal.reason), status: refusal.status, headers: refusal.headers)
    return response(reply, MessageIDs(headers, at: clock.now()), nil)
  }

  func answer(_ request: Request, onRecognized: @Sendable () -> Void = {}) async -> Response {
    let ids = MessageIDs(request.headers, at: clock.now())
    let candidates = request.headers["Authorization"].map(TokenHeader.candidates) ?? []
    let known: PartnerCaller?
    do { known = candidates.isEmpty ? nil : try await service.identify(candidates) } catch {
      logger.error("a caller cannot be identified", metadata: ["cause": "\(error)"])
      let busy = Envelope(.serverError, "Who calls cannot be told now; please try again.")
      return response(Reply(busy, status: .internalError), ids, nil)
    }
    guard var caller = known, caller.terms.partner.state != .unregistered else {
      // Without a caller nothing is said about what exists here.
      return response(Self.unauthorized("The credentials token is missing or not known."), ids, nil)
    }
    onRecognized()
    if let seconds = await provider?.pause(for: caller) {
      let reply = Reply(
        Envelope(.serverError, "Too many requests; please wait."), status: .tooManyRequests,
        headers: ["Retry-After": String(seconds)])
      return response(reply, ids, nil)
    }
    let found = router.match(request.method, request.target)
    var module = "unknown"
    var routing: Routing?
    if case .found(let route, _) = found {
      module = route.module
      // Routing is for functional modules: what hubs tell of their parties is none (2.2.1 §4.2.1).
      if !route.action.isOpenToInvited, route.edition?.routesMessages == true, !route.action.isConfiguration {
        let asked = Routing(request.headers)
        // Several of ours behind one door: a request that names one is for that one.
        if let named = caller.terms.parties.first(where: { $0.name == asked.to }) { caller.terms.parties = [named] }
        if let hub = caller.terms.hub, let from = asked.from, from != hub { caller.behalf = from }
        routing = asked.answered(by: caller.terms.answerer(to: asked.to, isProvider: route.action.isProvider))
      }
    }
    let query = request.target.rawQuery.isEmpty ? "" : "?\(request.target.rawQuery)"
    let line = "\(request.method.rawValue) \(request.target.path)\(query)"
    log.note(
      .received, peer: caller.terms.partner.name, module: module, ids: ids, line: line,
      headers: request.headers, body: request.body)
    let reply: Reply
    switch found {
    case .found(let route, let captures):
      reply = await perform(route, request, captures, caller)
    case .notFound:
      reply = Reply(Envelope(.clientError, "There is nothing at this address."), status: .notFound)
    case .wrongMethod(let allow):
      reply = Reply(
        Envelope(.clientError, "This address does not know that method."), status: .methodNotAllowed,
        headers: ["Allow": allow.map(\.rawValue).joined(separator: ", ")])
    }
    let response = response(reply, ids, routing)
    log.note(
      .sent, peer: caller.terms.partner.name, module: module, ids: ids, line: "\(reply.status.rawValue)",
      headers: response.headers, body: response.body, isError: !reply.status.isSuccess || !reply.envelope.code.isSuccess
    )
    return response
  }

  private func response(_ reply: Reply, _ ids: MessageIDs, _ routing: Routing?) -> Response {
    var response = Response.json(reply.envelope.bytes(at: clock.now()), status: reply.status)
    for field in reply.headers.fields { response.headers.add(field.name, field.value) }
    ids.write(to: &response.headers)
    routing?.write(to: &response.headers)
    return response
  }

  private func perform(
    _ route: Route, _ request: Request, _ captures: Router<Route>.Captures, _ caller: PartnerCaller
  ) async -> Reply {
    if caller.terms.partner.state == .invited, !route.action.isOpenToInvited {
      return Self.unauthorized("This token is for registering only.")
    }
    guard let edition = route.edition else { return Reply(addresses.versionList(editions)) }
    let asked = Asked(request: request, captures: captures, caller: caller, edition: edition)
    do throws(PartnerFault) {
      switch route.action {
      case .versions: return Reply(addresses.versionList(editions))
      case .details: return Reply(addresses.details(of: edition, for: caller.terms))
      case .showCredentials: return try showCredentials(asked)
      case .register: return try await register(asked, isUpdate: false)
      case .updateCredentials: return try await register(asked, isUpdate: true)
      case .unregister: return try await unregister(asked)
      case .locations: return try await locations(asked)
      case .location, .evse, .connector: return try await location(asked)
      case .tariffs: return try await tariffs(asked)
      case .tariff: return try await tariff(asked)
      case .sessions: return try await sessions(asked)
      case .session: return try await session(asked)
      case .cdrs: return try await cdrs(asked)
      case .cdr: return try await cdr(asked)
      case .showToken: return try await showToken(asked)
      case .putToken: return try await putToken(asked)
      case .patchToken: return try await patchToken(asked)
      case .command: return try await command(asked)
      case .preferences: return try await preferences(asked)
      case .activeProfile: return try await activeProfile(asked)
      case .setProfile: return try await setProfile(asked)
      case .clearProfile: return try await clearProfile(asked)
      case .showClient: return try await showClient(asked)
      case .putClient: return try await putClient(asked)
      case .showTerminal: return try await showTerminal(asked)
      case .postTerminal: return try await postTerminal(asked)
      case .showAdvice: return try await showAdvice(asked)
      case .postAdvice: return try await postAdvice(asked)
      case .invoices: return try await invoices(asked)
      case .showInvoice: return try await showInvoice(asked)
      case .postInvoice: return try await postInvoice(asked)
      case .putInvoice: return try await putInvoice(asked)
      case .removeInvoice: return try await removeInvoice(asked)
      case .bookingLocations: return try await bookingLocations(asked)
      case .bookingLocation: return try await bookingLocation(asked)
      case .bookings: return try await bookings(asked)
      case .book: return try await book(asked)
      case .provider(let action): return try await perform(action, asked)
      }
    } catch {
      return Self.refusal(error, to: request.method, in: edition)
    }
  }

  /// How a fault is spelled (2.2.1 §5): HTTP's codes for the way there, OCPI's for what was said. What does not exist
  /// is 404 where the address names it, and a code in a 200 where the body does.
  static func refusal(_ fault: PartnerFault, to method: HTTP.Method, in edition: any OCPIEdition) -> Reply {
    let missing: HTTP.Status = method == .post ? .ok : .notFound
    return switch fault {
    case .invalid(let text): Reply(Envelope(.invalid, text))
    case .unknownLocation: Reply(Envelope(.unknownLocation, "There is no such location."), status: missing)
    case .unknownToken: Reply(Envelope(edition.unknownToken, "There is no such token."), status: missing)
    case .unknownObject: Reply(Envelope(.clientError, "There is no such object."), status: .notFound)
    case .foreignParty(let party): Reply(Envelope(.invalid, "\(party) is not one of your parties."), status: .notFound)
    case .wrongState(let text):
      // Credentials alone have a state: who is registered replaces or leaves, who is not registers (RFC 9110 §15.5.6).
      Reply(
        Envelope(.clientError, text), status: .methodNotAllowed,
        headers: ["Allow": method == .post ? "GET, PUT, DELETE" : "GET, POST"])
    case .unavailable(let text): Reply(Envelope(.serverError, text), status: .internalError)
    }
  }

  private static func unauthorized(_ text: String) -> Reply {
    Reply(Envelope(.clientError, text), status: .unauthorized, headers: ["WWW-Authenticate": "Token"])
  }

  /// The body as JSON. What is none never reached OCPI: 400 (2.2.1 §5).
  func body(_ asked: Asked) -> JSON? { try? JSON.parse(asked.request.body) }

  static let notJSON = Reply(Envelope(.invalid, "The body is not valid JSON."), status: .badRequest)
}

/// The OCPI room as the daemon joins it to the others: first the way out, which the household needs, then the way in,
/// which needs the household.
public struct OCPIDoor: Sendable {
  let editions: Editions
  let addresses: OurAddresses
  let client: PartnerClient

  /// - Parameters:
  ///   - publicURL: where partners reach us, such as `https://charge.example.com`; `/ocpi` is added.
  ///   - zones: the local clocks by which tariffs are read.
  public init(
    publicURL: String, http: ClientHandle, zones: ZoneLibrary, frames: any FrameLog, clock: Clock = .system
  ) throws(HTTPURL.Flaw) {
    addresses = try OurAddresses(publicURL: publicURL)
    editions = Editions(zones: zones)
    client = PartnerClient(http: http, log: ConversationLog(frames: frames, clock: clock), clock: clock)
  }

  /// What partners are told to begin with, beside a token A.
  public var versionsURL: String { addresses.versions }

  public var link: PartnerLinkOverHTTP {
    PartnerLinkOverHTTP(client: client, editions: editions, addresses: addresses)
  }

  /// Asks a partner anything, with header fields, log and address guard as everywhere: for whoever plays a partner.
  public func ask(
    _ method: HTTP.Method, _ url: String, body: Bytes = [], module: OCPIModule.Name, terms: PartnerTerms,
    deadline seconds: Int = 15
  ) async throws(PartnerCallFault) -> PartnerReply {
    let routing =
      module == .credentials ? nil : Routing(to: terms.receiver(of: body), from: terms.ourParty.name)
    return try await client.send(
      PartnerClient.Call(
        method: method, url: url, body: body, module: module.rawValue, partner: terms.partner,
        token: terms.partner.outboundToken ?? "", routing: routing, seconds: seconds))
  }

  /// Answers every request whose path begins with `/ocpi`.
  /// - Parameter provider: who answers for our drivers; nil where we have none.
  public func endpoints(
    for service: any PartnerService, provider: (any ProviderService)? = nil
  ) -> Endpoints {
    Endpoints(service: service, provider: provider, door: self)
  }
}
