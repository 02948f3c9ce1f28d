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
    /// How long a station that does not boot is left alone before our first call.
    public var settle = OCPPLimits.settle

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

  private let index: UInt64
  private var links: [LinkID: Link] = [:]
  private var counted: UInt64 = 0
  private var seen: [LinkID: Timestamp] = [:]
  private var isDraining = false

  /// Call it on the loop. `index` tells the servers of several loops apart: 0, 1, 2…, at most 255.
  public init(
    loop: EventLoop, index: UInt8 = 0, household: any Household, door: any StationDoor, frameLog: any FrameLog,
    clock: Clock = .system, options: Options = Options(), dialects: [any Dialect] = [Dialect16()]
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
    callPrefix = String(clock.now().milliseconds / 1000, radix: 36) + "-"
  }

  /// For `StationLinks`. Call it on the loop.
  public var handle: LoopBound<StationServer> { LoopBound(self, loop: loop) }

  // MARK: The door

  public func handle(_ request: Request, _ exchange: Exchange) {
    guard request.upgrade != nil else {
      var response = Response.text("This door speaks OCPP over WebSocket.\n", status: .upgradeRequired)
      response.headers["Upgrade"] = "websocket"
      return exchange.respond(response)
    }
    guard !isDraining else { return exchange.respond(.comeBack("The service is closing.\n", seconds: 5)) }
    guard let identity = StationIdentity(request.target) else {
      return exchange.respond(
        .text("The path must end with the station's identity: at most 48 characters, no colon.\n", status: .notFound))
    }
    let password: Bytes?
    switch Credentials(request.headers, for: identity) {
    case .none: password = nil
    case .password(let bytes): password = bytes
    case .wrong: return exchange.respond(.unauthorizedStation)
    }
    let caller = StationCaller(
      identity: identity, password: password, address: request.peer.host, offered: request.upgrade?.subprotocols ?? [],
      isLoopback: request.peer.isLoopback)
    let (responder, bound, door) = (exchange.responder, handle, door)
    household.bring(
      Errand(
        decide: { () throws(TurnFault) in
          let admission = try door.admit(caller)
          return { responder.onLoop { bound.value.admitted(admission, caller, $0) } }
        },
        fail: { _ in responder.respond(.comeBack("The house cannot look at this now.\n", seconds: 5)) }))
  }

  private func admitted(_ admission: Admission, _ caller: StationCaller, _ exchange: Exchange) {
    guard case .welcome(let guest) = admission else {
      if let refusal = admission.refusal { exchange.respond(refusal) }
      return
    }
    guard !isDraining else { return exchange.respond(.comeBack("The service is closing.\n", seconds: 5)) }
    if guest.station != nil { exchange.markTrusted() }
    var options = WebSocketOptions()
    // Some stations forget this header: the upgrade itself is asked for, and that is enough.
    options.requiresConnectionUpgrade = false
    options.limits.messageBytes = OCPPLimits.messageBytes
    switch VersionChoice(offered: caller.offered, assumed: guest.quirks.assumedVersion, dialects: dialects) {
    case .speak(let dialect, let answer):
      counted += 1
      let link = Link(
        LinkID(counted << 8 | index), guest: guest, address: caller.address, dialect: dialect, server: self)
      options.subprotocol = answer
      guard exchange.accept(options, handler: link) != nil else { return }
      links[link.id] = link
    case .nothingInCommon(let why):
      log.warning(
        "a station was sent away: no common version",
        metadata: ["station": "\(guest.identity)", "address": "\(caller.address)", "reason": "\(why)"])
      exchange.accept(options, handler: Farewell(why))
    }
  }

  // MARK: The links

  func link(_ id: LinkID) -> Link? { links[id] }

  /// The loop read something of a station. Told once a second at most, and only of accepted ones.
  func saw(_ link: LinkID, isAccepted: Bool) {
    guard isAccepted else { return }
    if seen.isEmpty { loop.schedule(after: OCPPLimits.seenDelay) { [unowned self] in tellSeen() } }
    seen[link] = clock.now()
  }

  private func tellSeen() {
    let (seen, door) = (seen, door)
    self.seen = [:]
    onMain { for (link, time) in seen { door.seen(link, at: time) } }
  }

  func ended(_ link: Link, reason: String) {
    guard links.removeValue(forKey: link.id) != nil else { return }
    tellClosed(link.id, reason)
  }

  /// Brings the news again until the house has it: else the station would count as connected for ever.
  private func tellClosed(_ id: LinkID, _ reason: String) {
    let (door, bound) = (door, handle)
    household.bring(
      Errand(
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

  /// The servers' handles in the order of their indices.
  public init(_ servers: [LoopBound<StationServer>]) { self.servers = servers }

  public func call(
    _ command: StationCommand, on link: LinkID, deadline seconds: Int,
    done: @escaping @MainActor @Sendable (CommandOutcome) -> Void
  ) {
    onLoop(of: link) { found in
      if let found { found.call(command, deadline: seconds, done: done) } else { onMain { done(.disconnected) } }
    }
  }

  public func close(_ link: LinkID, code: UInt16, reason: String) {
    onLoop(of: link) { $0?.close(code: code, reason: reason) }
  }

  public func accepted(_ link: LinkID) { onLoop(of: link) { $0?.accepted() } }

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
