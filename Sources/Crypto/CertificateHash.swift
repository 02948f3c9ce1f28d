// How OCPP names a certificate without sending it (CertificateHashDataType), as an OCSP CertID does (RFC 6960 §4.1.1).
import CSystem
import Wire

/// Issuer and serial number of a certificate, the issuer as digests.
public struct CertificateHash: Sendable {
  public var algorithm: HashAlgorithm
  /// Hex, in the spelling of whoever wrote it: a station must find its own words again.
  public var issuerName: String
  public var issuerKey: String
  public var serial: String

  public init(_ algorithm: HashAlgorithm, issuerName: String, issuerKey: String, serial: String) {
    (self.algorithm, self.issuerName, self.issuerKey, self.serial) = (algorithm, issuerName, issuerKey, serial)
  }

  public init(of certificate: Certificate, issuer: Certificate, _ algorithm: HashAlgorithm = .sha256) {
    self.algorithm = algorithm
    issuerName = algorithm.digest(certificate.issuer.der).hex
    issuerKey = algorithm.digest(issuer.key.bits).hex
    // OCPP 2.0.1 part 2 §2.4: hexadecimal, without leading zeros.
    serial = certificate.serial.withoutLeadingZeros.lowercased()
  }

  /// One spelling for all that mean one certificate: letter case and leading zeros do not count.
  public var key: String {
    [algorithm.rawValue, issuerName, issuerKey, serial.withoutLeadingZeros].joined(separator: "/").ciFolded
  }

  /// The CertID of an OCSP request in DER; nil where a digest is no hex.
  var certID: Bytes? {
    guard let name = Bytes(hex: issuerName), let key = Bytes(hex: issuerKey) else { return nil }
    let digits = serial.withoutLeadingZeros
    guard let number = Bytes(hex: digits.count.isMultiple(of: 2) ? digits : "0" + digits) else { return nil }
    let method: Bytes =
      switch algorithm {
      case .sha256: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]
      case .sha384: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02]
      case .sha512: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03]
      }
    // A number whose first bit is set would be negative.
    let positive = (number.first ?? 0x80) & 0x80 == 0 ? number : [0] + number
    return DER.sequence(
      DER.sequence(DER.element(0x06, method), DER.element(0x05, [])), DER.element(0x04, name), DER.element(0x04, key),
      DER.element(0x02, positive))
  }
}

/// The few forms of DER that are written by hand.
enum DER {
  static func sequence(_ parts: Bytes...) -> Bytes { element(0x30, parts.reduce([], +)) }

  static func element(_ tag: UInt8, _ content: Bytes) -> Bytes {
    if content.count < 0x80 { return [tag, UInt8(content.count)] + content }
    var length = Bytes()
    var left = content.count
    while left > 0 {
      length.insert(UInt8(left & 0xFF), at: 0)
      left >>= 8
    }
    return [tag, 0x80 | UInt8(length.count)] + length + content
  }
}

extension PublicKey {
  /// The key itself, without the words that say of what kind it is.
  fileprivate var bits: Bytes {
    guard let info = decoded(der, { d2i_X509_PUBKEY(nil, $0, $1) }) else { return [] }
    defer { X509_PUBKEY_free(info) }
    var start: UnsafePointer<UInt8>?
    var count: Int32 = 0
    guard X509_PUBKEY_get0_param(nil, &start, &count, nil, info) == 1, let start else { return [] }
    return Bytes(UnsafeBufferPointer(start: start, count: Int(count)))
  }
}

extension String {
  fileprivate var withoutLeadingZeros: String {
    let rest = drop { $0 == "0" }
    return rest.isEmpty ? "0" : String(rest)
  }
}
