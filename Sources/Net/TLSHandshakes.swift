// How the TLS handshakes with those who came to us went, counted for whoever looks at the doors.

/// Counters of one loop, from its beginning on: handshakes on accepted connections, not on those that we opened.
public struct TLSHandshakes: Sendable, Equatable {
  /// What a failed one counts as; the raw value is a label for figures.
  public enum Failure: String, Sendable, CaseIterable {
    case plainHTTP = "plain_http"
    case notTLS = "not_tls"
    case versionTooOld = "version_too_old"
    case noCommonCipher = "no_common_cipher"
    case noCommonSignature = "no_common_signature"
    /// The peer's certificate was refused, whatever for.
    case certificate
    case noCertificate = "no_certificate"
    /// The peer refused us.
    case alert
    /// The peer left, or the connection broke, before the handshake was done.
    case gone
    case timeout
    case other
  }

  /// Those that were done, resumed ones among them.
  public private(set) var done = 0
  public private(set) var resumed = 0
  public private(set) var failed: [Failure: Int] = [:]

  public init() {}

  mutating func succeeded(isResumed: Bool) {
    done += 1
    if isResumed { resumed += 1 }
  }

  /// A connection that we closed ourselves is nobody's failure.
  mutating func ended(_ reason: CloseReason) {
    guard let failure = Failure(reason) else { return }
    failed[failure, default: 0] += 1
  }

  /// The figures of several loops as one.
  public static func + (one: TLSHandshakes, other: TLSHandshakes) -> TLSHandshakes {
    var sum = one
    sum.done += other.done
    sum.resumed += other.resumed
    sum.failed.merge(other.failed, uniquingKeysWith: +)
    return sum
  }
}

extension TLSHandshakes.Failure {
  fileprivate init?(_ reason: CloseReason) {
    switch reason {
    case .local: return nil
    case .peerEOF, .reset: self = .gone
    case .timeout: self = .timeout
    case .overflow, .io: self = .other
    case .tls(let fault):
      switch fault {
      case .plainHTTP: self = .plainHTTP
      case .notTLS: self = .notTLS
      case .versionTooOld: self = .versionTooOld
      case .noCommonCipher: self = .noCommonCipher
      case .noCommonSignature: self = .noCommonSignature
      case .certificate: self = .certificate
      case .noClientCertificate: self = .noCertificate
      case .alert: self = .alert
      case .truncated: self = .gone
      // A port without TLS has no handshakes.
      case .onPlainPort: return nil
      case .configuration, .other: self = .other
      }
    }
  }
}
