import Domain
import HTTP
import Net
import OCPI
import Wire

/// A roaming partner: a provider that sells charging to its drivers or an operator with stations (OCPI 2.1.1, 2.2.1, 2.3.0), or
/// a hub that speaks for both (2.2.1, 2.3.0). A server for the house to call, and a client that calls the house. It belongs
/// to its loop: make it, call it and let go of it there.
public final class VirtualPartner {
  /// Who the partner is.
  public struct Profile: Sendable {
    public var name: String
    public var party: PartyID
    /// With this token a house may register here.
    public var tokenA: String
    /// What the house is told about our address where it differs from the listener's: `https://emsp.example.com`.
    public var publicURL: String?
    public var role: Role
    /// A hub speaks 2.2.1 or 2.3.0; with that whoever has drivers books, and whoever has stations is booked.
    public var version: String
    /// EVSEs of an operator.
    public var evses: Int

    public init(
      name: String = "Demo Mobility", party: PartyID = PartyID(country: "NL", party: "DEM"),
      tokenA: String = "demo-mobility-token-a", publicURL: String? = nil, role: Role = .provider,
      version: String = "2.2.1", evses: Int = 2
    ) {
      (self.name, self.party, self.tokenA, self.publicURL) = (name, party, tokenA, publicURL)
      (self.role, self.evses) = (role, evses)
      self.version =
        switch role {
        case .stations, .provider: version
        // A hub is no party of 2.1.1.
        case .hub: version == "2.3.0" ? version : "2.2.1"
        }
    }
  }

  /// What it is to the house.
  public enum Role: String, Word {
    /// Its drivers charge at the house's stations.
    case provider = "emsp"
    /// The house's drivers charge at its stations.
    case stations = "cpo"
    /// It speaks for both.
    case hub
  }

  /// How it is unreachable.
  public enum Absence: Sendable {
    /// Its server answers 503.
    case answering503
    /// Nobody listens at its port.
    case notListening
  }

  /// The house, once each side has the other's token.
  public struct House: Sendable, Equatable {
    public var versionsURL: String
    /// What we show when we call it.
    public var token: String
    public var endpoints: [Domain.Partner.Endpoint]
    public var party: PartyID?

    /// The address of a module on the side that the house implements.
    public func endpoint(_ module: OCPIModule.Name, _ side: OCPIModule.Side) -> String? {
      endpoints.first {
        OCPIModule.Name.canonical($0.module) == module.rawValue
          && ($0.role == nil || $0.role?.ciFolded == side.rawValue.ciFolded)
      }?.url
    }
  }

  public let loop: EventLoop
  public let profile: Profile
  /// What happens here, told on the loop.
  public var onEvent: ((PartnerEvent) -> Void)?
  /// What it was told and what it was asked.
  public var books: PartnerBooks { desk.books }
  /// Nil until it is registered.
  public internal(set) var house: House? { didSet { desk.house = house?.party } }
  public private(set) var isDown = false
  /// How it misbehaves from now on, and for how long it lets wait where that is how.
  public var mood = PartnerMood.well
  public var moodSpan = Duration.seconds(5)
  /// Its stations, where it has some.
  var stations: OperatorDesk?

  var desk: PartnerDesk
  let clock: Clock
  let client: Client
  /// What the house shows when it calls us.
  var inboundToken: String?
  /// Offered in a registration that is under way: the house visits us with it before it answers.
  var offeredToken: String?
  var random: SeededGenerator
  private var server: Server?
  private var address: SocketAddress?
  private var absence = Absence.answering503
  private var returns: Timers.Token?

  /// - Parameters:
  ///   - clock: the house's.
  ///   - seed: the same seed makes the same tokens, references and command ids.
  ///   - tls: whom to trust, for houses at https.
  public init(
    _ profile: Profile = Profile(), clock: Clock = .system, seed: UInt64 = 1, tls: TLSContext? = nil, loop: EventLoop
  ) {
    loop.preconditionCurrent()
    self.loop = loop
    self.profile = profile
    self.clock = clock
    client = Client(loop: loop, tls: tls)
    desk = PartnerDesk(seed: seed, version: profile.version, party: profile.party)
    if profile.role != .provider {
      stations = OperatorDesk(party: profile.party, version: profile.version, evses: profile.evses, at: clock.now())
    }
    random = SeededGenerator(seed: seed &+ 0x5EED)
  }

  /// For other threads.
  public var handle: LoopBound<VirtualPartner> { LoopBound(self, loop: loop) }

  // MARK: Opening, and being gone

  /// Begins to listen; by default on a port of the system's choice on loopback.
  /// - Returns: the address that a house is given, together with token A.
  @discardableResult
  public func open(on address: SocketAddress = .v4(0x7F00_0001, port: 0)) throws(NetFault) -> String {
    try listen(on: address)
    return versionsURL
  }

  /// Where a house begins; empty before `open`.
  public var versionsURL: String { base?.appending("versions").description ?? "" }

  /// Everything of ours lies below.
  var base: HTTPURL? {
    let text = profile.publicURL ?? address.map { "http://\($0)" }
    return text.flatMap { try? HTTPURL($0) }?.appending("ocpi")
  }

  private func listen(on address: SocketAddress) throws(NetFault) {
    var limits = HTTPLimits.Server()
    limits.bodyBytes = Limits.bodyBytes
    let server = Server(loop: loop, door: "partner", handler: Porter(self), limits: limits)
    self.address = try server.listen(on: address)
    self.server = server
  }

  /// Is unreachable for a while, and comes back by itself. What it knows stays.
  public func goDown(for span: Duration, _ absence: Absence = .notListening) {
    if let returns { loop.cancel(returns) }
    self.absence = absence
    if !isDown {
      isDown = true
      onEvent?(.wentDown)
    }
    if case .notListening = absence { shut() }
    returns = loop.schedule(after: span) { [weak self] in self?.comeBack() }
  }

  /// Comes back before its time.
  public func comeBack() {
    if let returns { loop.cancel(returns) }
    returns = nil
    guard isDown else { return }
    if server == nil, let address {
      do throws(NetFault) {
        try listen(on: address)
      } catch {
        // Somebody else has the port for a moment; without it there is no coming back.
        returns = loop.schedule(after: Limits.reopenPause) { [weak self] in self?.comeBack() }
        return
      }
    }
    isDown = false
    onEvent?(.cameBack)
  }

  /// Ends everything, for good.
  public func close() {
    if let returns { loop.cancel(returns) }
    returns = nil
    isDown = true
    shut()
    client.close()
  }

  private func shut() {
    // Held until its last connection is gone.
    if let server { server.drain(deadline: Limits.drainDeadline) { _ = server } }
    server = nil
  }

  // MARK: Requests of the house

  private enum Caller { case invited, registering, registered }

  private func caller(_ request: Request) -> Caller? {
    let shown = request.headers["Authorization"].map(TokenHeader.candidates) ?? []
    if let inboundToken, shown.contains(inboundToken) { return .registered }
    if let offeredToken, shown.contains(offeredToken) { return .registering }
    // Token A is spent once it was used (2.2.1 §7.1.1), and good again after the house has left.
    return house == nil && shown.contains(profile.tokenA) ? .invited : nil
  }

  fileprivate func handle(_ request: Request, _ exchange: Exchange) {
    guard !isDown, mood != .down, let base else {
      return exchange.respond(.text("Back soon.\n", status: .unavailable))
    }
    switch mood {
    case .busy:
      var response = Response.text("Too many requests.\n", status: .tooManyRequests)
      response.headers["Retry-After"] = String(max(1, moodSpan.wholeMilliseconds / 1_000))
      return exchange.respond(response)
    case .failing: return exchange.respond(.text("Something broke.\n", status: .internalError))
    case .well, .down, .slow, .halfJSON, .lyingLinks, .wrongBase64, .duplicates, .late: break
    }
    guard let caller = caller(request) else {
      let reply = PartnerDesk.Reply(Envelope(.clientError, "The token is missing or not known."), status: .unauthorized)
      return respond(reply, to: request, exchange)
    }
    exchange.markTrusted()
    let path = request.path
    guard path.first == "ocpi" else {
      return respond(
        .init(Envelope(.clientError, "There is nothing at this address."), status: .notFound), to: request, exchange)
    }
    if path == ["ocpi", "versions"], request.method == .get {
      let entry = VersionEntry(version: profile.version, url: base.appending(profile.version).description)
      return respond(.init(Envelope(list: [entry.encoded()])), to: request, exchange)
    }
    if path == ["ocpi", profile.version], request.method == .get {
      return respond(.init(Envelope(data: details(base).encoded())), to: request, exchange)
    }
    if path == ["ocpi", profile.version, "credentials"] {
      return credentials(request, exchange, isRegistered: caller == .registered)
    }
    guard caller == .registered else {
      let reply = PartnerDesk.Reply(
        Envelope(.clientError, "This token is for registering only."), status: .unauthorized)
      return respond(reply, to: request, exchange)
    }
    let prefix = "/ocpi/\(profile.version)"
    let query = request.target.rawQuery.isEmpty ? "" : "?\(request.target.rawQuery)"
    guard request.target.path.hasPrefix(prefix),
      let target = try? Target(String(request.target.path.dropFirst(prefix.count)) + query)
    else {
      return respond(
        .init(Envelope(.clientError, "There is nothing at this address."), status: .notFound), to: request, exchange)
    }
    let here = base.appending(profile.version)
    if let (reply, errands) = stations?.answer(
      request.method, target, request.body, base: here, at: clock.now())
    {
      respond(reply, to: request, exchange)
      // After the answer: whoever asked knows of the command by then.
      return run(errands)
    }
    let reply = desk.answer(request.method, target, request.body, base: here, at: clock.now())
    respond(reply, to: request, exchange)
  }

  func respond(_ reply: PartnerDesk.Reply, to request: Request, _ exchange: Exchange) {
    let now = clock.now()
    var response = Response.json(reply.envelope.bytes(at: now), status: reply.status)
    for field in reply.headers.fields { response.headers.add(field.name, field.value) }
    MessageIDs(request.headers, at: now).write(to: &response.headers)
    Routing(request.headers).answered(by: profile.party).write(to: &response.headers)
    switch mood {
    case .halfJSON: response.body = Array(response.body.prefix(response.body.count / 2))
    case .lyingLinks where response.headers["X-Total-Count"] != nil:
      response.headers["Link"] = "<\(base?.description ?? "")/nowhere>; rel=\"next\""
    case .well, .down, .slow, .busy, .failing, .lyingLinks, .wrongBase64, .duplicates, .late: break
    }
    if mood == .slow {
      let answer = response
      loop.schedule(after: moodSpan) { exchange.respond(answer) }
    } else {
      exchange.respond(response)
    }
    for event in reply.events { onEvent?(event) }
  }

  private func details(_ base: HTTPURL) -> VersionDetails {
    var modules: [(OCPIModule.Name, OCPIModule.Side)] = [(.credentials, .receiver)]
    if profile.role != .stations {
      modules += [
        (.locations, .receiver), (.tariffs, .receiver), (.sessions, .receiver), (.cdrs, .receiver), (.tokens, .sender),
        (.commands, .sender),
      ]
      if profile.version == "2.3.0" { modules.append((.bookings, .receiver)) }
    }
    if profile.role != .provider {
      modules += [
        (.locations, .sender), (.tariffs, .sender), (.sessions, .sender), (.cdrs, .sender), (.tokens, .receiver),
        (.commands, .receiver),
      ]
      if profile.version != "2.1.1" { modules.append((.chargingProfiles, .receiver)) }
      if profile.version == "2.3.0" { modules.append((.bookings, .sender)) }
    }
    return VersionDetails(
      version: profile.version,
      endpoints: modules.map { module, side in
        Domain.Partner.Endpoint(
          module: module.identifier, role: profile.version == "2.1.1" ? nil : side.rawValue,
          url: base.appending(profile.version, module.path).description)
      })
  }
}

/// Hears a partner's requests, which may be gone by then.
private final class Porter: RequestHandler {
  private weak var partner: VirtualPartner?

  init(_ partner: VirtualPartner) { self.partner = partner }

  func handle(_ request: Request, _ exchange: Exchange) {
    guard let partner else { return exchange.respond(.text("Closed.\n", status: .unavailable)) }
    partner.handle(request, exchange)
  }
}
