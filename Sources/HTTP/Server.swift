import Net
import Wire

/// Who answers a door's requests. All calls come on the server's loop.
public protocol RequestHandler: AnyObject {
  /// Answer through `exchange`, now or later, exactly once; from another thread through `exchange.responder`.
  func handle(_ request: Request, _ exchange: Exchange)
  /// Bytes that this request's body may have; nil: the door's limit. Asked before the body is read.
  func bodyLimit(for head: RequestHead) -> Int?
}

extension RequestHandler {
  public func bodyLimit(for head: RequestHead) -> Int? { nil }
}

/// A door that speaks HTTP/1.1 and, where its handler accepts that, WebSocket. It belongs to one loop: make it, call it
/// and let go of it there.
public final class Server {
  public let loop: EventLoop
  /// The name under which requests tell where they came in.
  public let door: String
  public let limits: HTTPLimits.Server
  /// Whose word about the asker is believed: a PROXY header, `X-Forwarded-For`, `X-Forwarded-Proto`.
  public let trustedProxies: [AddressRange]
  /// Connections that could not be taken; whoever logs it limits how often.
  public var onTrouble: ((Listener.Trouble) -> Void)?
  /// Connections that ended before a request, with the reason: TLS failures, silence, refused floods.
  public var onEarlyEnd: ((SocketAddress, CloseReason) -> Void)?

  let handler: any RequestHandler
  private var listeners: [Listener] = []
  private var connections: [UInt64: ServerConnection] = [:]
  private var untrusted: [String: Int] = [:]
  private var dateLine = DateLine()
  private(set) var isDraining = false
  private var onDrained: (() -> Void)?
  /// One state for all WebSockets of the door.
  let deflate = Deflate()

  public init(
    loop: EventLoop, door: String, handler: any RequestHandler, limits: HTTPLimits.Server = .init(),
    trustedProxies: [AddressRange] = []
  ) {
    loop.preconditionCurrent()
    self.loop = loop
    self.door = door
    self.handler = handler
    self.limits = limits
    self.trustedProxies = trustedProxies
  }

  /// Begins to listen; several addresses may lead to one door.
  /// - Returns: the address, with the port that the system chose where 0 was asked for.
  @discardableResult
  public func listen(on address: SocketAddress, tls: TLSContext? = nil) throws(NetFault) -> SocketAddress {
    let listener = try Listener(loop: loop, address: address, tls: tls) { [unowned self] channel in
      take(channel, isTLS: tls != nil)
    }
    listener.onTrouble = { [unowned self] trouble in onTrouble?(trouble) }
    listener.trustsProxy = { [unowned self] peer in isTrustedProxy(peer) }
    listener.refusal = refusalBytes(.unavailable, "No more connections can be taken at the moment.\n")
    listener.plainHTTPReply = refusalBytes(.badRequest, "This port speaks TLS: use https or wss.\n")
    listeners.append(listener)
    return listener.address
  }

  /// Open connections, WebSockets among them.
  public var connectionCount: Int { connections.count }

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
    let address = channel.peer.host
    var refusal: Refusal?
    if connections.count >= limits.connections {
      // A TLS handshake only to say no costs more than it tells; and even refusals need an end.
      if isTLS || connections.count >= limits.connections + 64 { return channel.close() }
      refusal = Refusal(.unavailable, "Too many connections are open at the moment.")
    }
    let isCounted = counts(channel.peer)
    if isCounted, untrusted[address, default: 0] >= limits.untrustedPerAddress {
      if isTLS { return channel.close() }
      refusal = Refusal(.tooManyRequests, "Too many connections from this address are open.")
    }
    if isCounted { untrusted[address, default: 0] += 1 }
    let connection = ServerConnection(
      server: self, channel: channel, isTLS: isTLS, isCounted: isCounted, refusal: refusal)
    connections[channel.id] = connection
    channel.handler = connection
    connection.begin()
  }

  /// The household's own socket and proxies stand for many askers.
  private func counts(_ peer: SocketAddress) -> Bool {
    if case .unix = peer { return false }
    return !isTrustedProxy(peer)
  }

  func isTrustedProxy(_ peer: SocketAddress) -> Bool { trustedProxies.contains { $0.contains(peer) } }

  func uncount(_ peer: SocketAddress) {
    let address = peer.host
    let left = untrusted[address, default: 0] - 1
    untrusted[address] = left > 0 ? left : nil
  }

  func ended(_ connection: ServerConnection) {
    connections[connection.id] = nil
    if isDraining, connections.isEmpty, let done = onDrained {
      onDrained = nil
      done()
    }
  }

  func date() -> [UInt8] { dateLine.bytes(at: Timestamp.now()) }

  private func refusalBytes(_ status: Status, _ text: String) -> [UInt8] {
    let body = Array(text.utf8)
    let head = AnswerHead(
      status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: .length(body.count),
      keepsAlive: false)
    return head.bytes(date: []) + body
  }
}

/// A network in CIDR notation, such as 10.0.0.0/8, fd00::/8, or one address.
public struct AddressRange: Sendable, Equatable, CustomStringConvertible {
  private let high: UInt64
  private let low: UInt64
  private let isV4: Bool
  private let bits: Int

  public init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = SocketAddress(host: parts[0], port: 0), let value = Self.value(address) else { return nil }
    (high, low, isV4) = value
    let most = isV4 ? 32 : 128
    guard parts.count == 2 else {
      bits = most
      return
    }
    guard parts[1].utf8.allSatisfy({ $0 &- 0x30 < 10 }), let bits = Int(parts[1]), bits <= most else { return nil }
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
