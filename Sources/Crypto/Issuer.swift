// A certificate authority at work: signs certificates and lists of those that it revoked.
import CSystem
import Wire

/// An authority's certificate with its key.
public struct Issuer: Sendable {
  public let certificate: Certificate
  /// From the authority above it up to the root; empty for a root.
  public let above: [Certificate]
  let key: PrivateKey

  /// - Throws: where the key is another's, or the certificate may sign nothing.
  public init(_ certificate: Certificate, above: [Certificate] = [], key: PrivateKey) throws(CryptoFault) {
    guard certificate.isAuthority else { throw .library("it is no authority's certificate") }
    guard try key.publicKey == certificate.key else { throw .library("the key belongs to another certificate") }
    (self.certificate, self.above, self.key) = (certificate, above, key)
  }

  public var keyPEM: String { key.pem }

  /// A root that vouches for itself.
  public static func root(
    organization: String, commonName: String, kind: KeyKind = .p256, at now: Timestamp, days: Int
  ) throws(CryptoFault) -> Issuer {
    let key = try PrivateKey.make(kind)
    let subject = try DistinguishedName(organization: organization, commonName: commonName)
    let blank = Blank(
      subject: subject, key: try key.publicKey, use: .authority(pathLength: nil), notBefore: now - backdating,
      notAfter: now + .seconds(days * 86_400))
    return try Issuer(try blank.signed(by: key, named: subject, issuer: nil), key: key)
  }

  /// What a certificate is for, which decides its extensions.
  public enum Use: Sendable, Hashable {
    /// `pathLength`: how many further authorities may stand below it.
    case authority(pathLength: Int?)
    /// A door of ours, under these names and addresses.
    case server(hosts: [String])
    /// A charging station towards us.
    case station
    /// A charging station towards vehicles (ISO 15118-2).
    case vehicleSide
  }

  /// Certifies somebody's key. The end is never later than this authority's own.
  public func sign(
    subject: DistinguishedName, key: PublicKey, for use: Use, at now: Timestamp, days: Int
  ) throws(CryptoFault) -> Certificate {
    let blank = Blank(
      subject: subject, key: key, use: use, notBefore: now - Self.backdating,
      notAfter: min(now + .seconds(days * 86_400), certificate.notAfter))
    return try blank.signed(by: self.key, named: certificate.subject, issuer: certificate)
  }

  /// The same for a name of ours.
  public func sign(
    organization: String, commonName: String, key: PublicKey, for use: Use, at now: Timestamp, days: Int
  ) throws(CryptoFault) -> Certificate {
    let subject = try DistinguishedName(organization: organization, commonName: commonName)
    return try sign(subject: subject, key: key, for: use, at: now, days: days)
  }

  /// Clocks of stations are behind as often as ahead of ours.
  private static let backdating = Duration.seconds(3_600)

  /// One certificate that was revoked.
  public struct Revocation: Sendable, Hashable {
    /// Hex.
    public var serial: String
    public var at: Timestamp

    public init(serial: String, at: Timestamp) { (self.serial, self.at) = (serial, at) }
  }

  /// The list of all that were revoked, in PEM (RFC 5280 §5). `number` must grow from list to list.
  public func revocationList(
    _ revoked: [Revocation], number: Int64, at now: Timestamp, days: Int
  ) throws(CryptoFault) -> String {
    guard let list = X509_CRL_new() else { throw .last() }
    defer { X509_CRL_free(list) }
    let named = try certificate.subject.withName { X509_CRL_set_issuer_name(list, $0) }
    guard X509_CRL_set_version(list, 1) == 1, named == 1, let issued = asn1(now - Self.backdating) else {
      throw .last()
    }
    defer { ASN1_STRING_free(issued) }
    guard let due = asn1(now + .seconds(days * 86_400)) else { throw .last() }
    defer { ASN1_STRING_free(due) }
    guard X509_CRL_set1_lastUpdate(list, issued) == 1, X509_CRL_set1_nextUpdate(list, due) == 1 else { throw .last() }
    for one in revoked {
      guard let at = asn1(one.at) else { throw .last() }
      defer { ASN1_STRING_free(at) }
      guard let serial = integer(hex: one.serial) else { throw .last() }
      defer { ASN1_STRING_free(serial) }
      guard let entry = X509_REVOKED_new() else { throw .last() }
      guard X509_REVOKED_set_serialNumber(entry, serial) == 1, X509_REVOKED_set_revocationDate(entry, at) == 1,
        X509_CRL_add0_revoked(list, entry) == 1
      else {
        X509_REVOKED_free(entry)
        throw .last()
      }
    }
    guard let count = ASN1_INTEGER_new() else { throw .last() }
    defer { ASN1_STRING_free(count) }
    guard ASN1_INTEGER_set_int64(count, number) == 1, X509_CRL_add1_ext_i2d(list, NID_crl_number, count, 0, 0) == 1,
      X509_CRL_sort(list) == 1
    else { throw .last() }
    let signed = try key.withKey { X509_CRL_sign(list, $0, digest(for: key.kind).method) }
    guard signed > 0 else { throw .last() }
    return PEM.text("X509 CRL", encoded { i2d_X509_CRL(list, $0) })
  }
}

/// A certificate that waits for its signature.
private struct Blank {
  var subject: DistinguishedName
  var key: PublicKey
  var use: Issuer.Use
  var notBefore: Timestamp
  var notAfter: Timestamp

  func signed(
    by signer: PrivateKey, named issuerName: DistinguishedName, issuer: Certificate?
  ) throws(CryptoFault) -> Certificate {
    guard let certificate = X509_new() else { throw .last() }
    defer { X509_free(certificate) }
    guard let first = asn1(notBefore) else { throw .last() }
    defer { ASN1_STRING_free(first) }
    guard let last = asn1(notAfter) else { throw .last() }
    defer { ASN1_STRING_free(last) }
    // 127 random bits: positive, and nobody foretells them (CA/Browser Forum 7.1 asks for 64).
    var number = randomBytes(16)
    number[0] = number[0] & 0x7F | 0x40
    guard let serial = integer(hex: number.hex) else { throw .last() }
    defer { ASN1_STRING_free(serial) }
    let subjectSet = try subject.withName { X509_set_subject_name(certificate, $0) }
    let issuerSet = try issuerName.withName { X509_set_issuer_name(certificate, $0) }
    guard let publicKey = decoded(key.der, { d2i_PUBKEY(nil, $0, $1) }) else { throw .last() }
    defer { EVP_PKEY_free(publicKey) }
    guard X509_set_version(certificate, 2) == 1, X509_set_serialNumber(certificate, serial) == 1, subjectSet == 1,
      issuerSet == 1, X509_set1_notBefore(certificate, first) == 1, X509_set1_notAfter(certificate, last) == 1,
      X509_set_pubkey(certificate, publicKey) == 1
    else { throw .last() }
    try extend(certificate, issuer: issuer)
    let signed = try signer.withKey { X509_sign(certificate, $0, digest(for: signer.kind).method) }
    guard signed > 0 else { throw .last() }
    return try Certificate(certificate)
  }

  private var extensions: [(kind: Int32, value: String)] {
    let isRSA = if case .rsa = key.kind { true } else { false }
    switch use {
    case .authority(let pathLength):
      return [
        (NID_basic_constraints, "critical,CA:TRUE" + (pathLength.map { ",pathlen:\($0)" } ?? "")),
        (NID_key_usage, "critical,keyCertSign,cRLSign"),
      ]
    case .server(let hosts):
      // A literal address counts only as one (RFC 9525 §6.4).
      let names = hosts.map { $0.isAddress ? "IP:\($0)" : "DNS:\($0)" }.joined(separator: ",")
      return [
        (NID_basic_constraints, "critical,CA:FALSE"),
        (NID_key_usage, isRSA ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature"),
        (NID_ext_key_usage, "serverAuth"), (NID_subject_alt_name, names),
      ]
    case .station:
      return [
        (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
        (NID_ext_key_usage, "clientAuth"),
      ]
    case .vehicleSide:
      return [
        (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature,keyAgreement"),
      ]
    }
  }

  private func extend(_ certificate: OpaquePointer, issuer: Certificate?) throws(CryptoFault) {
    let above = issuer.flatMap { issuer in decoded(issuer.der, { d2i_X509(nil, $0, $1) }) }
    defer { X509_free(above) }
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, above ?? certificate, certificate, nil, nil, 0)
    let identifiers =
      [(NID_subject_key_identifier, "hash")] + (above == nil ? [] : [(NID_authority_key_identifier, "keyid:always")])
    for (kind, value) in extensions + identifiers {
      guard let made = X509V3_EXT_conf_nid(nil, &context, kind, value) else { throw .last() }
      defer { X509_EXTENSION_free(made) }
      guard X509_add_ext(certificate, made, -1) == 1 else { throw .last() }
    }
  }
}

/// The digest that is as strong as a key.
private func digest(for kind: KeyKind) -> HashAlgorithm {
  switch kind {
  case .p256, .rsa, .other: .sha256
  case .p384: .sha384
  case .p521: .sha512
  }
}

private func asn1(_ time: Timestamp) -> UnsafeMutablePointer<ASN1_TIME>? {
  ASN1_TIME_set(nil, Int(time.milliseconds / 1000))
}

func integer(hex: String) -> UnsafeMutablePointer<ASN1_INTEGER>? {
  var number: OpaquePointer?
  guard BN_hex2bn(&number, hex) > 0, let number else { return nil }
  defer { BN_free(number) }
  return BN_to_ASN1_INTEGER(number, nil)
}

extension String {
  /// Four numbers with points, or anything with a colon: no host name has one.
  fileprivate var isAddress: Bool {
    if contains(":") { return true }
    let parts = split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
  }
}
