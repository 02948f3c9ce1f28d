import Net
import Wire

/// Who answers a door's requests. All calls come on the server's loop.
public protocol RequestHandler: AnyObject {
  /// Answer through `exchange`, now or later, exactly once; from another thread through `exchange.responder`.
  func handle(_ request: Request, _ exchange: Exchange)
  /// Bytes that this request's body may have; nil: the door's limit. Asked before the body is read.
  func bodyLimit(for head: RequestHead) -> Int?
  /// Whether this request's body is taken in pieces, through `Exchange.incoming`; `handle` is called with its head.
  func takesPieces(of head: RequestHead) -> Bool
  /// How a request that HTTP itself refuses is answered, where this handler has words of its own for that; nil: in a plain
  /// sentence. The connection ends with it.
  /// - Parameters:
  ///   - target: as it came, and as far as it did.
  ///   - headers: those of a head that was whole.
  func answer(to refusal: Refusal, at target: String, _ headers: Headers) -> Response?
}

extension RequestHandler {
  public func answer(to refusal: Refusal, at target: String, _ headers: Headers) -> Response? { nil }
  public func bodyLimit(for head: RequestHead) -> Int? { nil }
  public func takesPieces(of head: RequestHead) -> Bool { false }
}

/// A door that speaks HTTP/1.1 and, where its handler accepts that, WebSocket. It belongs to one loop: make it, call it
/// and let go of it there.
public final class Server {
  public let loop: EventLoop
  /// The name under which requests tell where they came in.
  public let door: String
  public let limits: HTTPLimits.Server
  /// Whose word about the asker is believed: a PROXY header, and the header fields named by `forwardedFields`.
  public let trustedProxies: [AddressRange]
  public let forwardedFields: ForwardedFields
  /// Connections that could not be taken; whoever logs it limits how often.
  public var onTrouble: ((Listener.Trouble) -> Void)?
  /// Connections that were refused or ended because there were too many; whoever logs it limits how often.
  public var onCrowding: ((Crowding, SocketAddress) -> Void)?
  /// Connections that ended before a request, with the reason: TLS failures, silence, refused floods.
  public var onEarlyEnd: ((SocketAddress, CloseReason) -> Void)?

  let handler: any RequestHandler
  private var listeners: [Listener] = []
  /// By the numbers of their channels: an HTTP connection until it is upgraded, then its WebSocket.
  private var connections: [UInt64: any Drainable] = [:]
  private let crowd: ConnectionLimits
  private var silent = SilentQueue()
  private var packing = Packing()
  private var dateLine = DateLine()
  private var counts = ServerFigures()
  private(set) var isDraining = false
  private var onDrained: (() -> Void)?
  /// One state for all WebSockets of the door.
  private let deflate = Deflate()
  private var terms: [WebSocket.Terms] = []

  /// Servers of several loops that share a door share its `crowd`, so that its limits hold over all of them.
  public init(
    loop: EventLoop, door: String, handler: any RequestHandler, limits: HTTPLimits.Server = .init(),
    trustedProxies: [AddressRange] = [], forwardedFields: ForwardedFields = .xForwarded,
    crowd: ConnectionLimits = ConnectionLimits()
  ) {
    loop.preconditionCurrent()
    self.loop = loop
    self.door = door
    self.handler = handler
    self.limits = limits
    self.trustedProxies = trustedProxies
    self.forwardedFields = forwardedFields
    self.crowd = crowd
    crowd.join()
  }

  deinit { crowd.part() }

  /// For servers of other loops that share a door with this one. Call it on the loop.
  public var handle: LoopBound<Server> { LoopBound(self, loop: loop) }

  /// Begins to listen; several addresses may lead to one door. Connections are shared out in turn to this server and
  /// to `others`, which belong to other loops.
  /// - Returns: the address, with the port that the system chose where 0 was asked for.
  @discardableResult
  public func listen(
    on address: SocketAddress, tls: TLSContext? = nil, sharedWith others: [LoopBound<Server>] = []
  ) throws(NetFault) -> SocketAddress {
    let listener = try Listener(loop: loop, address: address, tls: tls) { [unowned self] channel in
      take(channel, isTLS: tls != nil)
    }
    listener.helpers = others.map { other in
      Listener.Helper(loop: other.loop) { channel in other.value.take(channel, isTLS: tls != nil) }
    }
    listener.onTrouble = { [unowned self] trouble in onTrouble?(trouble) }
    listener.trustsProxy = { [unowned self] peer in isTrustedProxy(peer) }
    listener.refusal = bytes(of: Refusal(.unavailable, "No more connections can be taken at the moment."))
    listener.plainHTTPReply = bytes(of: Refusal(.badRequest, "This port speaks TLS: use https or wss."))
    listeners.append(listener)
    return listener.address
  }

  /// Open connections on this loop, WebSockets among them.
  public var connectionCount: Int { connections.count }

  /// What this door did on this loop so far.
  public var figures: ServerFigures {
    var figures = counts
    figures.connections = connections.count
    return figures
  }

  /// New connections are refused by the system from now on; those that stand go on.
  public func stopAccepting() {
    for listener in listeners { listener.close() }
    listeners = []
  }

  /// Ends in order: no new connections, open requests are answered, WebSockets get 1001 and event streams an end.
  /// What is left at the deadline is cut. `done` is called on the loop when the last connection is gone.
  public func drain(deadline: Duration, _ done: @escaping () -> Void) {
    stopAccepting()
    isDraining = true
    guard !connections.isEmpty else { return done() }
    onDrained = done
    for connection in connections.values { connection.drain() }
    loop.schedule(after: deadline) { [weak self] in
      for connection in self.map({ Array($0.connections.values) }) ?? [] { connection.cut() }
    }
  }

  // MARK: For connections

  private func take(_ channel: Channel, isTLS: Bool) {
    // It was under way to this loop when the door was closed.
    guard !isDraining else { return channel.close() }
    let isCounted = isCounted(channel.peer)
    var refusal: Refusal?
    switch crowd.enter(from: isCounted ? channel.peer : nil, isTLS: isTLS, limits) {
    case .welcome: break
    case .refused(let crowding):
      refusal = crowding.refusal
      onCrowding?(crowding, channel.peer)
    case .turnedAway(let crowding):
      counts.turnedAway += 1
      onCrowding?(crowding, channel.peer)
      return channel.close()
    }
    let connection = ServerConnection(
      server: self, channel: channel, isTLS: isTLS, isCounted: isCounted && refusal == nil, refusal: refusal)
    connections[channel.id] = connection
    channel.handler = connection
    connection.begin()
    let isSilent = { (id: UInt64) in (self.connections[id] as? ServerConnection)?.isSilent ?? false }
    if let oldest = silent.add(channel.id, most: crowd.silentShare(limits), isSilent: isSilent) {
      onCrowding?(.silent, channel.peer)
      connections[oldest]?.cut()
    }
  }

  /// Counts one whom a proxy announced; the refusal, where that is one too many of its address.
  func count(announced peer: SocketAddress) -> Refusal? {
    guard let crowding = crowd.announce(peer, limits) else { return nil }
    onCrowding?(crowding, peer)
    return crowding.refusal
  }

  /// The household's own socket and proxies stand for many askers.
  func isCounted(_ peer: SocketAddress) -> Bool {
    if case .unix = peer { return false }
    return !isTrustedProxy(peer)
  }

  func isTrustedProxy(_ peer: SocketAddress) -> Bool { trustedProxies.contains { $0.contains(peer) } }

  func uncount(_ peer: SocketAddress) { crowd.trust(peer) }

  /// From now on the connection is a WebSocket, and what it was before is let go of.
  func upgraded(_ id: UInt64, to webSocket: WebSocket) { connections[id] = webSocket }

  /// What one of its WebSockets agreed on; one object for all that agreed on the same lately.
  func terms(_ options: WebSocketOptions, _ compression: Compression?) -> WebSocket.Terms {
    let known = terms.first {
      $0.subprotocol == options.subprotocol && $0.compression == compression && $0.limits == options.limits
    }
    if let known { return known }
    let new = WebSocket.Terms(
      isClient: false, subprotocol: options.subprotocol, compression: compression, limits: options.limits,
      deflate: deflate)
    if terms.count >= HTTPLimits.rememberedTerms { terms.removeFirst() }
    terms.append(new)
    return new
  }

  func ended(_ id: UInt64) {
    guard connections.removeValue(forKey: id) != nil else { return }
    crowd.leave()
    if isDraining, connections.isEmpty, let done = onDrained {
      onDrained = nil
      done()
    }
  }

  /// The head of an answer, dated and counted.
  func bytes(of head: AnswerHead) -> [UInt8] {
    counts.answered(head.status)
    return head.bytes(date: dateLine.bytes(at: Timestamp.now()))
  }

  func pack(_ response: inout Response, for request: Request) { packing.pack(&response, for: request, limits) }

  private func bytes(of refusal: Refusal) -> [UInt8] {
    let response = refusal.response
    let head = AnswerHead(
      status: response.status, headers: response.headers, body: .length(response.body.count), keepsAlive: false)
    return head.bytes(date: []) + response.body
  }
}

/// Connections in the order in which they came, from the oldest that is silent on. Their numbers only grow; those that
/// spoke or went are passed over when they are the oldest.
struct SilentQueue {
  private var ids: [UInt64] = []
  private var first = 0

  /// Adds one. Where more than `most` came since the oldest silent one, that one is taken out and returned.
  mutating func add(_ id: UInt64, most: Int, isSilent: (UInt64) -> Bool) -> UInt64? {
    ids.append(id)
    while first < ids.count, !isSilent(ids[first]) { first += 1 }
    defer {
      if first > ids.count / 2 {
        ids.removeFirst(first)
        first = 0
      }
    }
    guard ids.count - first > most else { return nil }
    first += 1
    return ids[first - 1]
  }
}

/// What a server asks of its connections when it closes.
protocol Drainable: AnyObject {
  /// Ends in order, soon.
  func drain()
  /// Ends now.
  func cut()
}

/// A network in CIDR notation, such as 10.0.0.0/8, fd00::/8, or one address.
public struct AddressRange: Sendable, Equatable, CustomStringConvertible {
  private let high: UInt64
  private let low: UInt64
  private let isV4: Bool
  private let bits: Int

  public init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = SocketAddress(host: parts[0], port: 0), let value = Self.value(address.unmapped) else {
      return nil
    }
    (high, low, isV4) = value
    let most = isV4 ? 32 : 128
    guard parts.count == 2 else {
      bits = most
      return
    }
    guard parts[1].utf8.allSatisfy({ $0 &- 0x30 < 10 }), let written = Int(parts[1]) else { return nil }
    // The network of an IPv4 address that is written as one of IPv6 is that of its last bits.
    let bits = address.unmapped == address ? written : written - 96
    guard (0...most).contains(bits) else { return nil }
    self.bits = bits
  }

  public var description: String {
    let address: SocketAddress =
      isV4 ? .v4(UInt32(truncatingIfNeeded: low), port: 0) : .v6(high: high, low: low, port: 0, zone: 0)
    return "\(address.host)/\(bits)"
  }

  public func contains(_ address: SocketAddress) -> Bool {
    guard let (high, low, isV4) = Self.value(address.unmapped), isV4 == self.isV4 else { return false }
    if isV4 { return bits == 0 || (low ^ self.low) >> (32 - bits) == 0 }
    let highBits = min(bits, 64)
    guard highBits == 0 || (high ^ self.high) >> (64 - highBits) == 0 else { return false }
    return bits <= 64 || (low ^ self.low) >> (128 - bits) == 0
  }

  private static func value(_ address: SocketAddress) -> (UInt64, UInt64, Bool)? {
    switch address {
    case .v4(let number, _): (0, UInt64(number), true)
    case .v6(let high, let low, _, _): (high, low, false)
    case .unix: nil
    }
  }
}
