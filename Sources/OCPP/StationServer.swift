// The stations' door: who knocks with a WebSocket upgrade is admitted by the house and becomes a link.

import Domain
import HTTP
import Logging
import Net
import Wire

/// Answers the WebSocket upgrades of stations on one loop and keeps their links. Give it to an `HTTP.Server` of the
/// same loop as its handler, or let a handler of several doors pass to it what is not otherwise routed.
public final class StationServer: RequestHandler {
  /// What the operator may set about the door.
  public struct Options: Sendable {
    /// Silence after which a station is pinged; nil: never.
    public var pingInterval: Duration? = .seconds(30)
    /// Seconds between heartbeats, where a station has no setting of its own; three of them in silence end a link.
    public var heartbeatSeconds = 300
    /// Bytes of one message of a station, fragments joined and inflated. Past it: close 1009.
    public var messageBytes = OCPPLimits.messageBytes
    /// How long a station that does not boot is left alone before our first call.
    public var settle = OCPPLimits.settle

    /// The roots by which followers are called over TLS; nil: none is.
    public var trust: TLSContext?
    /// What followers have not heard yet, of stations that are away for a moment. The servers of all loops share it.
    public var forwardMemory = ForwardMemory()

    public init() {}
  }

  public let loop: EventLoop
  let household: any Household
  let door: any StationDoor
  let frameLog: any FrameLog
  let clock: Clock
  let options: Options
  let dialects: [any Dialect]
  let log = Logger(label: "stations")
  /// Begins the ids of our calls, so that an answer to a call of an earlier life of the daemon is never taken for a
  /// new one.
  let callPrefix: String

  /// What was said so far.
  public internal(set) var figures: StationFigures

  /// What this batch of the loop brings to the household, which so is woken once for all of it.
  private var errands: [Errand] = []

  private var manners: [Link.Manner] = []
  private var refusals = RefusalPace()
  private var watched: [Link] = []

  private let index: UInt64
  private var links: [LinkID: Link] = [:]
  private var counted: UInt64 = 0
  /// Links of which something was read since the last telling.
  private var seen: [Link] = []
  private var batch: Instant
  private var batchTime: Timestamp
  private var isDraining = false

  /// Call it on the loop. `index` tells the servers of several loops apart: 0, 1, 2…, at most 255.
  public init(
    loop: EventLoop, index: UInt8 = 0, household: any Household, door: any StationDoor, frameLog: any FrameLog,
    clock: Clock = .system, options: Options = Options(), dialects: [any Dialect] = Dialects.all
  ) {
    loop.preconditionCurrent()
    self.loop = loop
    self.index = UInt64(index)
    self.household = household
    self.door = door
    self.frameLog = frameLog
    self.clock = clock
    self.options = options
    self.dialects = dialects
    (batch, batchTime) = (loop.now, clock.now())
    figures = StationFigures(actions: dialects.flatMap(\.actions))
    callPrefix = String(clock.now().milliseconds / 1000, radix: 36) + "-"
  }

  /// The time of day, asked for once in a batch of the loop.
  var now: Timestamp {
    if batch != loop.now { (batch, batchTime) = (loop.now, clock.now()) }
    return batchTime
  }

  /// For `StationLinks`. Call it on the loop.
  public var handle: LoopBound<StationServer> { LoopBound(self, loop: loop) }

  /// Brings an errand with the others of this batch.
  func bring(_ errand: Errand) {
    if errands.isEmpty { loop.afterEvents { [self] in bringGathered() } }
    errands.append(errand)
  }

  /// Brings what this batch has gathered so far. Whoever waits for the last of it calls this after `drain`.
  public func bringGathered() {
    let gathered = errands
    errands.removeAll(keepingCapacity: true)
    household.bring(gathered)
  }

  /// Tells the household what a station answered, behind whatever it said before.
  func tell(_ news: @escaping @MainActor @Sendable () -> Void) {
    bringGathered()
    onMain(news)
  }

  // MARK: The door

  public func handle(_ request: Request, _ exchange: Exchange) {
    guard let pause = refusals.pause(of: request.peer, at: loop.now) else { return look(at: request, exchange) }
    loop.schedule(after: pause) { [weak self] in self?.look(at: request, exchange) }
  }

  private func look(at request: Request, _ exchange: Exchange) {
    guard request.upgrade != nil else {
      var response = Response.text("This door speaks OCPP over WebSocket.\n", status: .upgradeRequired)
      response.headers["Upgrade"] = "websocket"
      return exchange.respond(response)
    }
    guard !isDraining else { return exchange.respond(.comeBack("The service is closing.\n", seconds: 5)) }
    guard let identity = StationIdentity(request.target) else {
      return refuse(
        exchange,
        .text("The path must end with the station's identity: at most 48 characters, no colon.\n", status: .notFound))
    }
    let password: Bytes?
    switch Credentials(request.headers, for: identity) {
    case .none: password = nil
    case .password(let bytes): password = bytes
    case .wrong: return refuse(exchange, .unauthorizedStation)
    }
    let caller = StationCaller(
      identity: identity, password: password, address: request.peer.host, offered: request.upgrade?.subprotocols ?? [],
      isLoopback: request.peer.isLoopback, isEncrypted: request.isTLS,
      certificate: request.tls?.peer.map(ClientCertificate.init))
    let (responder, bound, door) = (exchange.responder, handle, door)
    bring(
      Errand(
        isAtTheDoor: true,
        decide: { () throws(TurnFault) in
          let admission = try door.admit(caller)
          return { responder.onLoop { bound.value.admitted(admission, caller, $0) } }
        },
        fail: { _ in responder.respond(.comeBack("The house cannot look at this now.\n", seconds: 5)) }))
  }

  private func refuse(_ exchange: Exchange, _ refusal: Response) {
    refusals.refused(exchange.request.peer, at: loop.now)
    exchange.respond(refusal)
  }

  private func admitted(_ admission: Admission, _ caller: StationCaller, _ exchange: Exchange) {
    guard case .welcome(let guest) = admission else {
      if let refusal = admission.refusal { refuse(exchange, refusal) }
      return
    }
    guard !isDraining else { return exchange.respond(.comeBack("The service is closing.\n", seconds: 5)) }
    if guest.station != nil { exchange.markTrusted() }
    var options = WebSocketOptions()
    // Some stations forget this header: the upgrade itself is asked for, and that is enough.
    options.requiresConnectionUpgrade = false
    options.limits.messageBytes = self.options.messageBytes
    let choice = VersionChoice(
      offered: caller.offered, assumed: guest.quirks.assumedVersion, accepted: guest.quirks.acceptedVersions,
      dialects: dialects)
    switch choice {
    case .speak(let dialect, let answer):
      counted += 1
      let link = Link(LinkID(counted << 8 | index), guest, manner: manner(of: guest, dialect), server: self)
      options.subprotocol = answer
      guard exchange.accept(options, handler: link) != nil else { return }
      links[link.id] = link
      link.tellOpened(guest, from: caller.address)
      // What was forgiven at the door is counted like what is forgiven later.
      if exchange.request.upgrade?.lacksConnectionUpgrade == true {
        link.flag("handshake", Oddity(path: "Connection", kind: .absent, raw: ""))
      }
      if answer == nil { link.flag("handshake", Oddity(path: "Sec-WebSocket-Protocol", kind: .absent, raw: "")) }
    case .nothingInCommon(let why):
      exchange.accept(options, handler: Farewell(why))
      let door = door
      bring(
        Errand(
          isAtTheDoor: true,
          decide: { () throws(TurnFault) in
            try door.turnedAway(caller, because: why)
            return {}
          },
          // The station comes again, and then it is told.
          fail: { _ in }))
    }
  }

  /// How the links of such guests are kept: shared by those that came lately.
  private func manner(of guest: Admission.Guest, _ dialect: any Dialect) -> Link.Manner {
    let manner = Link.Manner(guest, dialect: dialect, heartbeatSeconds: options.heartbeatSeconds)
    if let known = manners.first(where: { $0.isLike(manner) }) { return known }
    if manners.count >= OCPPLimits.rememberedManners { manners.removeFirst() }
    manners.append(manner)
    return manner
  }

  // MARK: The links

  /// Looks at a link every now and then until it says that nothing is left to see. One timer for all of them: each of
  /// thousands would else hold one of its own.
  func watch(_ link: Link) {
    if watched.isEmpty { loop.schedule(after: OCPPLimits.watchPace) { [unowned self] in lookAtWatched() } }
    watched.append(link)
  }

  private func lookAtWatched() {
    let links = watched
    watched = []
    for link in links where link.look() { watched.append(link) }
    if !watched.isEmpty { loop.schedule(after: OCPPLimits.watchPace) { [unowned self] in lookAtWatched() } }
  }

  func link(_ id: LinkID) -> Link? { links[id] }

  /// The loop read something of an accepted station, for the first time since the last telling, which comes once a
  /// second at most.
  func saw(_ link: Link) {
    if seen.isEmpty { loop.schedule(after: OCPPLimits.seenDelay) { [unowned self] in tellSeen() } }
    seen.append(link)
  }

  private func tellSeen() {
    let (told, door) = (seen.compactMap { $0.takeSeen() }, door)
    seen.removeAll(keepingCapacity: true)
    onMain { for (link, time) in told { door.seen(link, at: time) } }
  }

  func ended(_ link: Link, reason: String) {
    guard links.removeValue(forKey: link.id) != nil else { return }
    tellClosed(link.id, reason)
  }

  /// Brings the news again until the house has it: else the station would count as connected for ever.
  private func tellClosed(_ id: LinkID, _ reason: String) {
    let (door, bound) = (door, handle)
    bring(
      Errand(
        isAtTheDoor: true,
        decide: { () throws(TurnFault) in
          try door.closed(id, reason: reason)
          return {}
        },
        fail: { fault in
          guard fault != .closing else { return }
          bound.loop.execute {
            bound.loop.schedule(after: OCPPLimits.closedRetry) { bound.value.tellClosed(id, reason) }
          }
        }))
  }

  /// Lets nobody in any more and closes every link with 1001. Links end within their close deadline.
  public func drain() {
    isDraining = true
    for link in Array(links.values) { link.close(code: CloseCode.goingAway, reason: "the service is closing") }
  }
}

/// The station links of the whole house: finds the loop of a link and asks there.
public struct StationLinks: StationLink {
  private let servers: [LoopBound<StationServer>]
  private let dialects: [any Dialect]

  /// The servers' handles in the order of their indices.
  public init(_ servers: [LoopBound<StationServer>], dialects: [any Dialect] = Dialects.all) {
    (self.servers, self.dialects) = (servers, dialects)
  }

  public func call(
    _ command: StationCommand, on link: LinkID, deadline seconds: Int, hiding names: Set<SettingName>,
    done: @escaping @MainActor @Sendable (CommandOutcome) -> Void
  ) {
    onLoop(of: link) { found in
      guard let found else { return onMain { done(.disconnected) } }
      found.call(command, deadline: seconds, hiding: names, done: done)
    }
  }

  public func close(_ link: LinkID, code: UInt16, reason: String) {
    onLoop(of: link) { $0?.close(code: code, reason: reason) }
  }

  public func registered(_ link: LinkID, as registration: Station.Registration) {
    onLoop(of: link) { $0?.registered(as: registration) }
  }

  public func forward(_ link: LinkID, to follower: Forwarding?) {
    onLoop(of: link) { $0?.forward(to: follower) }
  }

  public func can(_ ability: StationAbility, version: String) -> Bool {
    guard let edition = dialects.first(where: { $0.version == version })?.edition else { return false }
    return switch ability {
    case .describesItself: edition >= .v201
    case .keepsLimits, .givesPriority, .keepsTariffs: edition == .v21
    }
  }

  public func calls(version: String) -> [String] {
    dialects.first { $0.version == version }?.calls.map { $0.action }.sorted() ?? []
  }

  public func settingKeys(version: String) -> [String] {
    dialects.first { $0.version == version }?.settingKeys ?? []
  }

  public func flaw(in payload: JSON, of action: String, version: String) -> CallFlaw? {
    dialects.first { $0.version == version }?.flaw(in: payload, of: action)
  }

  public func settings(told answer: JSON, to action: String, with payload: JSON, version: String) -> JSON? {
    dialects.first { $0.version == version }?.settings(told: answer, to: action, with: payload)
  }

  public func pieces(
    of command: StationCommand, version: String, limit: (SettingName) -> Int?
  ) -> [StationCommand] {
    dialects.first { $0.version == version }?.pieces(of: command, limit: limit) ?? [command]
  }

  private func onLoop(of id: LinkID, _ body: @escaping @Sendable (Link?) -> Void) {
    let index = Int(id.value & 0xFF)
    guard index < servers.count else { return body(nil) }
    let server = servers[index]
    server.loop.execute { body(server.value.link(id)) }
  }
}

/// Tells a station with which we share no version why it must go (OCPP-J 1.6 §3.2).
private final class Farewell: WebSocketHandler {
  private let why: String

  init(_ why: String) { self.why = why }

  func webSocketDidOpen(_ webSocket: WebSocket) { webSocket.close(code: CloseCode.protocolError, reason: why) }
  func webSocket(_ webSocket: WebSocket, text: [UInt8]) {}
  func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) {}
}
