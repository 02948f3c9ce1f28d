// X.509 certificates as values: what stands in them, and how they are written and read.
import CSystem
import Wire

/// A certificate (RFC 5280), read once. It proves nothing by itself: `CertificateChain` says whose word it is.
public struct Certificate: Sendable, Hashable {
  public let der: Bytes
  public let subject: DistinguishedName
  public let issuer: DistinguishedName
  /// Upper-case hex without leading zeros beyond a whole byte.
  public let serial: String
  public let notBefore: Timestamp
  public let notAfter: Timestamp
  public let key: PublicKey
  /// May sign other certificates.
  public let isAuthority: Bool
  /// Names and addresses of a server.
  public let hosts: [String]
  /// Where its state can be asked (RFC 6960).
  public let responderURLs: [String]

  public init(der: Bytes) throws(CryptoFault) {
    guard let certificate = decoded(der, { d2i_X509(nil, $0, $1) }) else { throw .last() }
    defer { X509_free(certificate) }
    try self.init(certificate)
  }

  /// The first one of a PEM text.
  public init(pem: String) throws(CryptoFault) {
    guard let der = PEM.blocks("CERTIFICATE", in: pem).first else { throw .library("no PEM certificate") }
    try self.init(der: der)
  }

  init(_ certificate: OpaquePointer) throws(CryptoFault) {
    der = encoded { i2d_X509(certificate, $0) }
    guard let key = X509_get0_pubkey(certificate) else { throw .last() }
    self.key = try PublicKey(key)
    subject = DistinguishedName(X509_get_subject_name(certificate))
    issuer = DistinguishedName(X509_get_issuer_name(certificate))
    serial = hex(of: X509_get0_serialNumber(certificate))
    notBefore = time(X509_get0_notBefore(certificate))
    notAfter = time(X509_get0_notAfter(certificate))
    // 1: by its extensions; 3 to 5 are old habits that count for nothing here.
    isAuthority = X509_check_ca(certificate) == 1
    hosts = Self.hosts(of: certificate)
    responderURLs = Self.responders(of: certificate)
    ERR_clear_error()
  }

  /// All of a PEM text, in its order; nil where one of them cannot be read or there is none.
  public static func all(in pem: String) -> [Certificate]? {
    let found = PEM.blocks("CERTIFICATE", in: pem)
    let read = found.compactMap { try? Certificate(der: $0) }
    return read.isEmpty || read.count != found.count ? nil : read
  }

  public var pem: String { PEM.text("CERTIFICATE", der) }

  /// SHA-256 of the whole, as browsers and tools show it: lower-case hex.
  public var fingerprint: String { SHA256.digest(der).hex }

  /// It names itself as its issuer.
  public var isRoot: Bool { subject == issuer }

  private static func hosts(of certificate: OpaquePointer) -> [String] {
    guard let names = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
    let list = OpaquePointer(names)
    defer { GENERAL_NAMES_free(list) }
    return (0..<OPENSSL_sk_num(list)).compactMap { place in
      var kind: Int32 = 0
      guard let name = OPENSSL_sk_value(list, place)?.assumingMemoryBound(to: GENERAL_NAME.self),
        let value = GENERAL_NAME_get0_value(name, &kind)
      else { return nil }
      let bytes = octets(of: value.assumingMemoryBound(to: ASN1_STRING.self))
      switch kind {
      case GEN_DNS: return String(utf8: bytes)
      case GEN_IPADD: return address(bytes)
      default: return nil
      }
    }
  }

  private static func address(_ bytes: Bytes) -> String? {
    switch bytes.count {
    case 4: bytes.map { "\($0)" }.joined(separator: ".")
    case 16:
      stride(from: 0, to: 16, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
        .joined(separator: ":")
    default: nil
    }
  }

  private static func responders(of certificate: OpaquePointer) -> [String] {
    guard let list = X509_get1_ocsp(certificate) else { return [] }
    defer { X509_email_free(list) }
    return (0..<OPENSSL_sk_num(list)).compactMap { place in
      OPENSSL_sk_value(list, place).map { String(cString: $0.assumingMemoryBound(to: CChar.self)) }
    }
  }
}

/// Whom a certificate speaks of, as far as this house looks at it. Two are equal where their whole DER is.
public struct DistinguishedName: Sendable, Hashable {
  public let der: Bytes
  public let commonName: String?
  public let organization: String?

  init(_ name: OpaquePointer?) {
    der = encoded { i2d_X509_NAME(name, $0) }
    commonName = Self.part(NID_commonName, of: name)
    organization = Self.part(NID_organizationName, of: name)
  }

  /// O and CN, in that order, and nothing else.
  init(organization: String, commonName: String) throws(CryptoFault) {
    guard let name = X509_NAME_new() else { throw .last() }
    defer { X509_NAME_free(name) }
    for (field, value) in [("O", organization), ("CN", commonName)] where !value.isEmpty {
      let bytes = Bytes(utf8: value)
      // The number is MBSTRING_UTF8, a macro that Swift cannot see through.
      guard X509_NAME_add_entry_by_txt(name, field, 0x1000, bytes, Int32(bytes.count), -1, 0) == 1 else {
        throw .last()
      }
    }
    self.init(name)
  }

  private static func part(_ kind: Int32, of name: OpaquePointer?) -> String? {
    var buffer = [CChar](repeating: 0, count: 256)
    let length = Int(ostler_x509_name_part(name, kind, &buffer, Int32(buffer.count)))
    guard length >= 0 else { return nil }
    return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func withName<R>(_ body: (OpaquePointer) throws(CryptoFault) -> R) throws(CryptoFault) -> R {
    guard let name = decoded(der, { d2i_X509_NAME(nil, $0, $1) }) else { throw .last() }
    defer { X509_NAME_free(name) }
    return try body(name)
  }
}

// MARK: - OpenSSL's small values

func octets(of string: UnsafePointer<ASN1_STRING>?) -> Bytes {
  guard let string, let start = ASN1_STRING_get0_data(string) else { return [] }
  return Bytes(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(string))))
}

func hex(of number: UnsafePointer<ASN1_INTEGER>?) -> String {
  guard let value = ASN1_INTEGER_to_BN(number, nil) else { return "" }
  defer { BN_free(value) }
  guard let text = BN_bn2hex(value) else { return "" }
  defer { CRYPTO_free(text, nil, 0) }
  return String(cString: text)
}

/// A time that cannot be read is long past.
func time(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp {
  let seconds = ostler_asn1_seconds(time)
  return seconds < 0 ? .epoch : Timestamp(seconds: seconds)
}
