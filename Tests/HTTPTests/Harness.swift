import Dispatch
import Glibc
import Net
import Synchronization
import Testing
import Wire

@testable import HTTP

/// Seconds after which something that should have happened counts as missing: long, because a machine may be busy and a
/// sanitizer slow, and a test that passes never waits for it.
private let patience = 30.0

/// Runs a block on a loop and waits for what it returns.
func on<T: Sendable>(_ loop: EventLoop, _ body: @escaping @Sendable () -> T) -> T {
  let box = Box<T>()
  loop.execute { box.set(body()) }
  return box.waitForever()
}

/// One value that arrives later.
final class Box<T: Sendable>: Sendable {
  private let value = Mutex<T?>(nil)
  private let ready = DispatchSemaphore(value: 0)

  func set(_ new: T) {
    value.withLock { $0 = new }
    ready.signal()
  }

  func waitForever() -> T {
    ready.wait()
    return value.withLock { $0 }!
  }

  /// Waits for it; nil when patience ends.
  func wait() -> T? {
    guard ready.wait(timeout: .now() + patience) == .success else { return nil }
    return value.withLock { $0 }
  }
}

/// What happened, in order, told by any thread.
final class Log: Sendable {
  private let lines = Mutex<[String]>([])
  private let changed = DispatchSemaphore(value: 0)

  func add(_ line: String) {
    lines.withLock { $0.append(line) }
    changed.signal()
  }

  var all: [String] { lines.withLock { $0 } }

  /// Waits until so many lines are there.
  func wait(for count: Int) -> [String] {
    let limit = DispatchTime.now() + patience
    while all.count < count, changed.wait(timeout: limit) == .success {}
    return all
  }
}

final class BlockHandler: RequestHandler {
  let body: (Request, Exchange) -> Void
  let limit: (RequestHead) -> Int?
  let pieces: Bool
  /// Its own words for what HTTP refuses.
  let refusal: (HTTP.Refusal, String, Headers) -> Response?

  init(
    limit: @escaping (RequestHead) -> Int? = { _ in nil }, pieces: Bool = false,
    refusal: @escaping (HTTP.Refusal, String, Headers) -> Response? = { _, _, _ in nil },
    _ body: @escaping (Request, Exchange) -> Void
  ) {
    self.refusal = refusal
    self.body = body
    self.limit = limit
    self.pieces = pieces
  }

  func handle(_ request: Request, _ exchange: Exchange) { body(request, exchange) }
  func answer(to refusal: HTTP.Refusal, at target: String, _ headers: Headers) -> Response? {
    self.refusal(refusal, target, headers)
  }
  func bodyLimit(for head: RequestHead) -> Int? { limit(head) }
  func takesPieces(of head: RequestHead) -> Bool { pieces }
}

/// A server on a loop of its own, on a port that the system chose.
final class TestServer: Sendable {
  let loop: EventLoop
  let server: LoopBound<Server>
  let port: UInt16

  init(
    limits: HTTPLimits.Server = .init(), proxies: [String] = [], fields: ForwardedFields = .xForwarded,
    pieces: Bool = false, crowding: Log? = nil,
    limit: @escaping @Sendable (RequestHead) -> Int? = { _ in nil },
    refusal: @escaping @Sendable (HTTP.Refusal, String, Headers) -> Response? = { _, _, _ in nil },
    _ body: @escaping @Sendable (Request, Exchange) -> Void
  ) throws {
    let loop = try EventLoop(label: "test.server", readiness: OverBoth.readiness)
    self.loop = loop
    let made: Result<(LoopBound<Server>, UInt16), NetFault> = on(loop) {
      let server = Server(
        loop: loop, door: "test", handler: BlockHandler(limit: limit, pieces: pieces, refusal: refusal, body),
        limits: limits,
        trustedProxies: proxies.compactMap { AddressRange($0) }, forwardedFields: fields)
      if let crowding { server.onCrowding = { kind, _ in crowding.add(kind.rawValue) } }
      do throws(NetFault) {
        let address = try server.listen(on: .v4(0x7F00_0001, port: 0))
        return .success((LoopBound(server, loop: loop), address.port))
      } catch {
        return .failure(error)
      }
    }
    (server, port) = try made.get()
  }

  deinit { loop.shutdown {} }

  var figures: ServerFigures {
    let server = self.server
    return on(loop) { server.value.figures }
  }

  var connections: Int {
    let server = self.server
    return on(loop) { server.value.connectionCount }
  }

  func url(_ path: String, scheme: String = "http") throws -> HTTPURL {
    try HTTPURL("\(scheme)://127.0.0.1:\(port)\(path)")
  }
}

/// A peer that sends exactly the bytes it is told to, and blocks while it waits.
final class RawPeer {
  private let socket: Int32
  private var buffer: [UInt8] = []

  init(_ port: UInt16, receiveBuffer: Int32? = nil) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var timeout = timeval(tv_sec: Int(patience), tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    if var receiveBuffer {
      setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let outcome = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if outcome != 0 { throw NetFault(.connect, "the server under test", errno: errno) }
  }

  deinit { close() }

  private var isOpen = true
  func close() {
    if isOpen { Glibc.close(socket) }
    isOpen = false
  }

  func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    close()
  }

  func endOutput() { shutdown(socket, Int32(SHUT_WR)) }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) {
    var at = 0
    while at < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress! + at, bytes.count - at, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return }
      at += count
    }
  }

  /// Sends a block up to so many times, until the other side takes no more; the bytes that went.
  func sendWhatGoes(_ block: [UInt8], upTo times: Int) -> Int {
    var sent = 0
    var at = 0
    var patience = timeval(tv_sec: 0, tv_usec: 300_000)
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    while sent < block.count * times {
      let count = block.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress! + at, block.count - at, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return sent }
      sent += count
      at = (at + count) % block.count
    }
    return sent
  }

  /// False at the end, and when patience ends.
  private func more() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(socket, &chunk, chunk.count, 0)
    guard count > 0 else { return false }
    buffer.append(contentsOf: chunk[..<count])
    return true
  }

  struct Answer {
    var status: Int
    var headers: Headers
    var body: String
  }

  /// The next whole answer.
  func answer(to method: HTTP.Method = .get) throws -> Answer {
    var parser = ResponseParser(answering: method)
    var at = 0
    var head: ResponseHead?
    var body: [UInt8] = []
    while true {
      let isWhole = buffer.withUnsafeBytes { bytes in
        while true {
          switch parser.next(bytes, &at) {
          case .needMore: return false
          case .head(let found): head = found
          case .body(let run): body.append(contentsOf: bytes[run])
          case .end, .refused: return true
          }
        }
      }
      if isWhole { break }
      if !more() {
        try #require(head?.framing == .untilClose, "the answer ended early")
        break
      }
    }
    buffer.removeFirst(at)
    let found = try #require(head)
    return Answer(status: found.status.rawValue, headers: found.headers, body: String(decoding: body, as: UTF8.self))
  }

  /// What comes until a text was seen.
  func text(until end: String) -> String {
    while true {
      if let range = buffer.firstRange(of: Array(end.utf8)) {
        defer { buffer.removeFirst(range.upperBound) }
        return String(decoding: buffer[..<range.upperBound], as: UTF8.self)
      }
      if !more() { return String(decoding: buffer, as: UTF8.self) }
    }
  }

  func bytes(_ count: Int) throws -> [UInt8] {
    while buffer.count < count { try #require(more(), "only \(buffer.count) of \(count) bytes came") }
    defer { buffer.removeFirst(count) }
    return Array(buffer.prefix(count))
  }

  /// One unmasked frame: its first byte and its payload.
  func frame() throws -> (UInt8, [UInt8]) {
    let head = try bytes(2)
    var length = Int(head[1])
    if length == 126 { length = try bytes(2).reduce(0) { $0 << 8 | Int($1) } }
    if length == 127 { length = try bytes(8).reduce(0) { $0 << 8 | Int($1) } }
    return (head[0], try bytes(length))
  }

  /// Everything until the peer closes.
  func rest() -> String {
    while more() {}
    defer { buffer = [] }
    return String(decoding: buffer, as: UTF8.self)
  }

  /// Whether the peer has closed (and said nothing more).
  var isEnded: Bool { rest().isEmpty }
}
