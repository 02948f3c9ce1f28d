// Programs that ask over HTTP: one request at a time on each of some connections that stay open.

import CSystem
import Glibc

/// Where an HTTP door is.
enum Door {
  case port(UInt16)
  /// A socket in the file system.
  case file(String)
}

/// One connection to an HTTP door.
final class Caller {
  /// The whole answer came: its status, and how long it took.
  var onAnswer: (Int, UInt64) -> Void = { _, _ in }
  /// Bytes of the last answer's body.
  private(set) var bodyBytes = 0

  private let descriptor: Int32
  private var askedAt: UInt64 = 0
  private var received: [UInt8] = []
  private unowned let load: Load

  init(_ door: Door, in load: Load) {
    self.load = load
    switch door {
    case .port(let port):
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      ostler_tune(descriptor, 60)
      guard Station.connect(descriptor, address: 0x7F00_0001, port: port) else { give(up: "no HTTP connection") }
    case .file(let path):
      descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var place = sockaddr_un()
      place.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &place.sun_path) { room in
        guard path.utf8.count < room.count else { give(up: "the path of the socket is too long") }
        room.copyBytes(from: path.utf8)
      }
      let connected = withUnsafePointer(to: place) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
        }
      }
      guard connected else { give(up: "no connection to \(path)") }
    }
    load.watch(descriptor, for: load.enter(self), EPOLLIN.rawValue)
  }

  /// Requests are small and one at a time: they always fit the socket's buffer.
  func ask(_ request: [UInt8]) {
    askedAt = nanoseconds()
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
      give(up: "a request could not be sent")
    }
  }

  func isReady() {
    let count = recv(descriptor, load.buffer, Load.bufferBytes, 0)
    guard count > 0 else { give(up: "the HTTP door closed") }
    received += UnsafeBufferPointer(start: load.buffer, count: count)
    guard let (head, body) = whole() else { return }
    let status = Int(String(decoding: received[9..<12], as: UTF8.self)) ?? 0
    if status >= 300 { give(up: String(decoding: received.prefix(1_000), as: UTF8.self)) }
    bodyBytes = body
    precondition(received.count == head + body, "an answer to nothing")
    received.removeAll(keepingCapacity: true)
    onAnswer(status, nanoseconds() - askedAt)
  }

  /// Where the head ends and how long the body is, once both are here.
  private func whole() -> (head: Int, body: Int)? {
    received.withUnsafeMutableBufferPointer { bytes in
      guard let head = has("\r\n\r\n", bytes) else { return nil }
      guard let field = has("Content-Length: ", bytes) else { give(up: "an answer of no known length") }
      let body = wholeNumber(in: bytes, from: field)
      return bytes.count >= head + body ? (head, body) : nil
    }
  }
}

/// Asks one thing again and again: how many answers, how late, and what each cost the server.
final class Asking {
  private let load: Load
  private let callers: [Caller]
  private let request: [UInt8]
  private let seconds: Double
  private let server: String?
  private var latencies = Latencies()
  private var answers = 0
  private var isMeasuring = false

  init(_ load: Load, path: String, authorization: String, connections: Int, seconds: Double, server: String?) {
    (self.load, self.seconds, self.server) = (load, seconds, server)
    let fields = authorization.isEmpty ? "" : "Authorization: \(authorization)\r\n"
    request = Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(load.port)\r\n\(fields)\r\n".utf8)
    callers = (0..<connections).map { _ in Caller(.port(load.port), in: load) }
  }

  func result() -> String {
    for caller in callers {
      caller.onAnswer = { [unowned self, unowned caller] _, took in
        if isMeasuring {
          answers += 1
          latencies.add(microseconds: Int(took / 1_000))
        }
        caller.ask(request)
      }
      caller.ask(request)
    }
    load.run(until: nanoseconds() + 300_000_000)
    isMeasuring = true
    let meter = Meter(server)
    load.run(until: nanoseconds() + UInt64(seconds * 1e9))
    return meter.result(answers: answers, latencies, ["body_bytes": real(Double(callers[0].bodyBytes))]).text
  }
}
