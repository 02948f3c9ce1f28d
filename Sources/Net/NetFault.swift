// What can go wrong at the operating system's door, told so that a person can act on it.

import Glibc

/// A failed call to the operating system.
public struct NetFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// What we wanted to do; reads after "cannot".
  public enum Task: String, Sendable {
    case listen = "listen on"
    case connect = "connect to"
    case resolve = "resolve"
    case parse = "read the address"
    case watch = "watch"
    case startLoop = "start the loop"
    case accept = "accept a connection on"
  }

  public var task: Task
  /// The address or name that it concerned.
  public var subject: String
  /// The system's error number; 0 when `note` says what is wrong.
  public var errno: Int32
  /// The reason, where no error number tells it.
  public var note: String?

  public init(_ task: Task, _ subject: String, errno: Int32, note: String? = nil) {
    self.task = task
    self.subject = subject
    self.errno = errno
    self.note = note
  }

  public var description: String {
    let advice = task == .listen && errno == EACCES ? " (ports below 1024 need CAP_NET_BIND_SERVICE)" : ""
    return "cannot \(task.rawValue) \(subject): \(note ?? sentence(errno: errno))\(advice)"
  }
}

/// The system's words for an error number, in lower case as the middle of a sentence wants them.
func sentence(errno number: Int32) -> String {
  switch number {
  case EMFILE: return "this process has no file descriptor left (raise its limit, `ulimit -n`)"
  case EADDRNOTAVAIL: return "no network interface here has this address"
  default:
    var buffer = [CChar](repeating: 0, count: 128)
    guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
    let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}

/// Why a channel ended. The handler hears it exactly once.
public enum CloseReason: Equatable, Sendable, CustomStringConvertible {
  /// The peer finished its side in the agreed way.
  case peerEOF
  /// The peer, or something between, broke the connection.
  case reset
  /// We closed it.
  case local
  /// A deadline of ours passed: connecting, TLS handshake, or a close that the layer above called a time-out.
  case timeout
  /// The peer does not read what we send: more than `Channel.writeMax` bytes waited.
  case overflow
  case tls(TLSFault)
  /// Another error of the system, by its errno.
  case io(Int32)

  init(errno number: Int32) {
    switch number {
    case ECONNRESET, EPIPE: self = .reset
    default: self = .io(number)
    }
  }

  public var description: String {
    switch self {
    case .peerEOF: "the peer closed the connection"
    case .reset: "the connection was reset by the peer"
    case .local: "closed here"
    case .timeout: "the peer took too long"
    case .overflow: "the peer does not read what is sent to it"
    case .tls(let fault): fault.description
    case .io(let number): sentence(errno: number)
    }
  }
}
