import CSystem
import Wire

/// Asking whether a certificate still holds (RFC 6960): the question, and what an answer is worth.
public enum OCSP {
  /// The question about one certificate, in DER; nil where its hash is no hex.
  public static func question(about hash: CertificateHash) -> Bytes? {
    hash.certID.map { DER.sequence(DER.sequence(DER.sequence(DER.sequence($0)))) }
  }

  /// What a responder says of one certificate.
  public enum State: String, Sendable { case good, revoked, unknown }

  public struct Answer: Sendable, Equatable {
    public var state: State
    /// When there will be news; nil: at any time.
    public var nextUpdate: Timestamp?
  }

  public enum Flaw: Error, Equatable, Sendable {
    /// No OCSP answer at all.
    case unreadable
    /// The responder's refusal, in the words of the standard.
    case refused(String)
    /// It speaks of other certificates, or of another time.
    case besideThePoint
    /// Nobody who is trusted signed it.
    case untrusted

    public var sentence: String {
      switch self {
      case .unreadable: "the responder's answer cannot be read"
      case .refused(let word): "the responder refuses: \(word)"
      case .besideThePoint: "the responder's answer is about something else"
      case .untrusted: "nobody who is trusted signed the responder's answer"
      }
    }
  }

  /// Reads an answer about a certificate. With roots its signature must lead to one of them.
  public static func read(
    _ der: Bytes, about hash: CertificateHash, at now: Timestamp, roots: [Certificate] = [],
    chain: [Certificate] = []
  ) throws(Flaw) -> Answer {
    defer { ERR_clear_error() }
    guard let response = decoded(der, { d2i_OCSP_RESPONSE(nil, $0, $1) }) else { throw .unreadable }
    defer { OCSP_RESPONSE_free(response) }
    let status = OCSP_response_status(response)
    guard status == OCSP_RESPONSE_STATUS_SUCCESSFUL else {
      throw .refused(String(cString: OCSP_response_status_str(Int(status))))
    }
    guard let basic = OCSP_response_get1_basic(response) else { throw .unreadable }
    defer { OCSP_BASICRESP_free(basic) }
    if !roots.isEmpty, !isSigned(basic, to: roots, chain) { throw .untrusted }
    for place in 0..<OCSP_resp_count(basic) {
      guard let single = OCSP_resp_get0(basic, place), let id = OCSP_SINGLERESP_get0_id(single),
        encoded({ i2d_OCSP_CERTID(id, $0) }).hasSameIssuerAndSerial(as: hash)
      else { continue }
      var (reason, revoked) = (Int32(0), UnsafeMutablePointer<ASN1_TIME>?.none)
      var (from, until) = (UnsafeMutablePointer<ASN1_TIME>?.none, UnsafeMutablePointer<ASN1_TIME>?.none)
      let word = OCSP_single_get0_status(single, &reason, &revoked, &from, &until)
      let next = until.map { time($0) }
      guard let from, time(from) <= now + skew, next.map({ $0 > now - skew }) ?? true else { throw .besideThePoint }
      let state: State =
        switch word {
        case V_OCSP_CERTSTATUS_GOOD: .good
        case V_OCSP_CERTSTATUS_REVOKED: .revoked
        default: .unknown
        }
      return Answer(state: state, nextUpdate: next)
    }
    throw .besideThePoint
  }

  /// By how much the clocks of those who answer may differ from ours.
  static let skew = Duration.seconds(300)

  private static func isSigned(_ basic: OpaquePointer, to roots: [Certificate], _ chain: [Certificate]) -> Bool {
    guard let store = X509_STORE_new(), let others = OPENSSL_sk_new_null() else { return false }
    var read: [OpaquePointer] = []
    defer {
      X509_STORE_free(store)
      OPENSSL_sk_free(others)
      read.forEach { X509_free($0) }
    }
    for root in roots {
      guard let pointer = decoded(root.der, { d2i_X509(nil, $0, $1) }) else { continue }
      read.append(pointer)
      X509_STORE_add_cert(store, pointer)
    }
    // An authority may answer for itself, with a certificate that stands only in the chain that is asked about.
    for one in roots + chain {
      guard let pointer = decoded(one.der, { d2i_X509(nil, $0, $1) }) else { continue }
      read.append(pointer)
      OPENSSL_sk_push(others, UnsafeRawPointer(pointer))
    }
    X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    return OCSP_basic_verify(basic, others, store, 0) == 1
  }
}

extension Bytes {
  /// Whether this CertID means the certificate of that hash. Some responders leave the algorithm's parameters out, so
  /// the digests and the number are compared and not the whole.
  fileprivate func hasSameIssuerAndSerial(as hash: CertificateHash) -> Bool {
    guard let wanted = hash.certID, let ours = DERParts(wanted), let theirs = DERParts(self) else { return false }
    return ours.tail == theirs.tail
  }
}

/// The parts of a CertID behind the name of its digest.
private struct DERParts {
  let tail: Bytes

  init?(_ certID: Bytes) {
    guard let body = DER.content(of: certID), let skipped = DER.length(of: body) else { return nil }
    tail = Bytes(body.dropFirst(skipped))
  }
}

extension DER {
  /// Bytes of the first element, its head included.
  fileprivate static func length(of bytes: Bytes) -> Int? {
    guard bytes.count >= 2 else { return nil }
    var length = Int(bytes[1])
    var head = 2
    if length >= 0x80 {
      let count = length & 0x7F
      guard (1...3).contains(count), bytes.count >= 2 + count else { return nil }
      length = bytes[2..<(2 + count)].reduce(0) { $0 << 8 | Int($1) }
      head += count
    }
    return head + length <= bytes.count ? head + length : nil
  }

  fileprivate static func content(of bytes: Bytes) -> Bytes? {
    guard let whole = length(of: bytes) else { return nil }
    let head = bytes[1] < 0x80 ? 2 : 2 + Int(bytes[1] & 0x7F)
    return Bytes(bytes[head..<whole])
  }
}
