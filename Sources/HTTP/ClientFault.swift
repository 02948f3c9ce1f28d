import Glibc
import Net

/// What became of a call, told so that a person can act on it.
public enum ClientFault: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Phase: String, Sendable {
    case resolve = "looking the name up"
    case connect = "connecting"
    case firstByte = "waiting for the answer"
    case whole = "the whole call"
  }

  /// The name has no address.
  case dns(host: String, String)
  /// The name leads to an address that must not be called.
  case refusedAddress(host: String, address: String)
  /// The system's error number.
  case connect(host: String, errno: Int32)
  case tls(host: String, TLSFault)
  case timeout(Phase)
  /// The answer is larger than this many bytes.
  case tooLarge(Int)
  /// What came back is no HTTP, or not the protocol that was asked for.
  case malformed(String)
  /// The connection ended before the answer did.
  case closed(String)
  /// A WebSocket was asked for and an ordinary answer came.
  case refusedUpgrade(Status)

  public var description: String {
    switch self {
    case .dns(let host, let note): "\(host) has no address: \(note)"
    case .refusedAddress(let host, let address):
      "\(host) leads to \(address), an address that is not public; calling it has to be allowed explicitly"
    case .connect(let host, let errno): NetFault(.connect, host, errno: errno).description
    case .tls(let host, let fault): "no TLS with \(host): \(fault)"
    case .timeout(let phase): "\(phase.rawValue) took too long"
    case .tooLarge(let bytes): "the answer is larger than \(bytes) bytes"
    case .malformed(let detail): "the answer is broken: \(detail)"
    case .closed(let detail): "the connection ended before the answer: \(detail)"
    case .refusedUpgrade(let status): "the server answered \(status) instead of opening a WebSocket"
    }
  }

  init(_ reason: CloseReason, host: String, during phase: Phase) {
    switch reason {
    case .timeout: self = .timeout(phase)
    case .tls(let fault): self = .tls(host: host, fault)
    case .io(let errno) where phase == .connect: self = .connect(host: host, errno: errno)
    case .peerEOF, .reset, .local, .overflow, .io: self = .closed(reason.description)
    }
  }
}

/// Where a call goes: a URL's host by name, or one fixed address such as the daemon's own socket.
enum Destination {
  /// The addresses to try, in order, each of them allowed. Whoever speaks TLS there can do so at once.
  static func find(
    _ url: HTTPURL, via: SocketAddress?, allowPrivate: Bool, deadline: Duration, tls: TLSContext?, on loop: EventLoop,
    _ completion: @escaping (Result<[SocketAddress], ClientFault>) -> Void
  ) {
    if let via { return completion(.success([via])) }
    guard url.isSecure, let tls else {
      return lookUp(url, allowPrivate: allowPrivate, deadline: deadline, on: loop, completion)
    }
    tls.prepare(on: loop) { lookUp(url, allowPrivate: allowPrivate, deadline: deadline, on: loop, completion) }
  }

  private static func lookUp(
    _ url: HTTPURL, allowPrivate: Bool, deadline: Duration, on loop: EventLoop,
    _ completion: @escaping (Result<[SocketAddress], ClientFault>) -> Void
  ) {
    Resolver.resolve(host: url.host, port: url.port, on: loop, deadline: deadline) { result in
      switch result {
      case .failure(let fault):
        completion(.failure(fault.errno == ETIMEDOUT ? .timeout(.resolve) : .dns(host: url.host, fault.description)))
      case .success(let addresses):
        if let bad = AddressGuard.refused(addresses, allowPrivate: allowPrivate) {
          return completion(.failure(.refusedAddress(host: url.host, address: bad.host)))
        }
        completion(.success(addresses))
      }
    }
  }
}
