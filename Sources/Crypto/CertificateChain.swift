// Who vouches for whom: certificates put in order, and followed up to somebody who is trusted.
import CSystem
import Wire

/// A certificate with those that vouch for it, in order: the leaf, its issuer, the issuer's issuer.
public struct CertificateChain: Sendable, Hashable {
  public let certificates: [Certificate]

  public var leaf: Certificate { certificates[0] }

  /// Orders what came in any order; nil where there is no leaf, or something that belongs to no one.
  public init?(_ certificates: [Certificate]) {
    guard (1...Limits.chainCertificates).contains(certificates.count) else { return nil }
    // The leaf is the one that signed none of the others.
    let leaves = certificates.filter { one in !certificates.contains { $0 != one && $0.issuer == one.subject } }
    guard let leaf = leaves.count == 1 ? leaves.first : certificates.first else { return nil }
    var ordered = [leaf]
    var left = certificates.filter { $0 != leaf }
    while let last = ordered.last, !last.isRoot,
      let place = left.firstIndex(where: { $0.subject == last.issuer })
    {
      ordered.append(left.remove(at: place))
    }
    guard left.isEmpty else { return nil }
    self.certificates = ordered
  }

  /// PEM, one after the other, in any order.
  public init?(pem: String) {
    guard let all = Certificate.all(in: pem) else { return nil }
    self.init(all)
  }

  /// Leaf first. Whoever trusts a root has it, so it is left out (RFC 8446 §4.4.2).
  public var pem: String {
    let shown =
      certificates.count > 1 && certificates[certificates.count - 1].isRoot
      ? certificates.dropLast() : certificates[...]
    return shown.map(\.pem).joined()
  }

  /// What stands between the chain and trust.
  public enum Flaw: Error, Equatable, Sendable {
    case expired, notYetValid
    /// Nobody who is trusted vouches for it.
    case untrusted
    case badSignature
    case revoked
    /// OpenSSL's words.
    case other(String)

    public var sentence: String {
      switch self {
      case .expired: "a certificate of the chain has expired"
      case .notYetValid: "a certificate of the chain is not valid yet"
      case .untrusted: "nobody who is trusted vouches for the chain"
      case .badSignature: "a signature in the chain is wrong"
      case .revoked: "a certificate of the chain was revoked"
      case .other(let words): words
      }
    }
  }

  /// Follows the chain to one of the roots, at a moment.
  /// - Parameter revocations: lists in PEM; each counts for the authority that made it.
  public func verify(to roots: [Certificate], at now: Timestamp, revocations: [String] = []) throws(Flaw) {
    defer { ERR_clear_error() }
    guard let store = X509_STORE_new(), let check = X509_STORE_CTX_new(), let others = OPENSSL_sk_new_null() else {
      throw .other("OpenSSL is out of memory")
    }
    var read: [OpaquePointer] = []
    defer {
      X509_STORE_CTX_free(check)
      X509_STORE_free(store)
      OPENSSL_sk_free(others)
      read.forEach { X509_free($0) }
    }
    func pointer(_ certificate: Certificate) -> OpaquePointer? {
      guard let pointer = decoded(certificate.der, { d2i_X509(nil, $0, $1) }) else { return nil }
      read.append(pointer)
      return pointer
    }
    for root in roots { if let pointer = pointer(root) { X509_STORE_add_cert(store, pointer) } }
    for one in certificates.dropFirst() {
      if let pointer = pointer(one) { OPENSSL_sk_push(others, UnsafeRawPointer(pointer)) }
    }
    guard let leaf = pointer(leaf) else { throw .other("the certificate cannot be read") }
    // Whoever trusts an intermediate authority means exactly that one.
    var flags = UInt(X509_V_FLAG_PARTIAL_CHAIN)
    for pem in revocations {
      for der in PEM.blocks("X509 CRL", in: pem) {
        guard let list = decoded(der, { d2i_X509_CRL(nil, $0, $1) }) else { continue }
        X509_STORE_add_crl(store, list)
        X509_CRL_free(list)
        flags |= UInt(X509_V_FLAG_CRL_CHECK)
      }
    }
    X509_STORE_set_flags(store, flags)
    guard X509_STORE_CTX_init(check, store, leaf, others) == 1 else { throw .other("OpenSSL cannot verify") }
    X509_STORE_CTX_set_time(check, 0, Int(now.milliseconds / 1000))
    if X509_verify_cert(check) == 1 { return }
    let code = X509_STORE_CTX_get_error(check)
    switch code {
    case X509_V_ERR_CERT_HAS_EXPIRED: throw .expired
    case X509_V_ERR_CERT_NOT_YET_VALID: throw .notYetValid
    case X509_V_ERR_CERT_REVOKED: throw .revoked
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: throw .badSignature
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
      X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      throw .untrusted
    default: throw .other(String(cString: X509_verify_cert_error_string(Int(code))))
    }
  }
}
