// A request to be certified (PKCS#10): what it asks for, and whether whoever asks has the key.
import CSystem
import Wire

/// A certificate signing request whose signature was checked: who made it has the private key.
public struct SigningRequest: Sendable, Hashable {
  public let der: Bytes
  public let subject: DistinguishedName
  public let key: PublicKey

  public enum Flaw: Error, Equatable, Sendable, CustomStringConvertible {
    /// No PEM of a request, or one that cannot be read.
    case unreadable
    case badSignature
    case weakKey(KeyKind)

    public var description: String {
      switch self {
      case .unreadable: "the request is not a PKCS#10 request in PEM"
      case .badSignature: "the request is not signed with its own key"
      case .weakKey(let kind): "its key, \(kind), is too weak or of a kind that is not accepted"
      }
    }
  }

  public init(pem: String) throws(Flaw) {
    // The older label is what some tools still write.
    guard
      let der = PEM.blocks("CERTIFICATE REQUEST", in: pem).first
        ?? PEM.blocks("NEW CERTIFICATE REQUEST", in: pem).first
    else { throw .unreadable }
    try self.init(der: der)
  }

  public init(der: Bytes) throws(Flaw) {
    defer { ERR_clear_error() }
    guard let request = decoded(der, { d2i_X509_REQ(nil, $0, $1) }) else { throw .unreadable }
    defer { X509_REQ_free(request) }
    guard let pointer = X509_REQ_get0_pubkey(request), let key = try? PublicKey(pointer) else { throw .unreadable }
    guard X509_REQ_verify(request, pointer) == 1 else { throw .badSignature }
    guard key.kind.isStrong else { throw .weakKey(key.kind) }
    self.der = der
    self.key = key
    subject = DistinguishedName(X509_REQ_get_subject_name(request))
  }

  /// A request as a station makes it.
  public static func make(organization: String, commonName: String, _ key: PrivateKey) throws(CryptoFault) -> String {
    let subject = try DistinguishedName(organization: organization, commonName: commonName)
    let der = try key.withKey { key throws(CryptoFault) -> Bytes in
      guard let request = X509_REQ_new() else { throw .last() }
      defer { X509_REQ_free(request) }
      let named = try subject.withName { X509_REQ_set_subject_name(request, $0) }
      guard X509_REQ_set_version(request, 0) == 1, named == 1, X509_REQ_set_pubkey(request, key) == 1,
        X509_REQ_sign(request, key, EVP_sha256()) > 0
      else { throw .last() }
      return encoded { i2d_X509_REQ(request, $0) }
    }
    return PEM.text("CERTIFICATE REQUEST", der)
  }
}
