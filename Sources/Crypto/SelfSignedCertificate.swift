// A certificate that vouches for itself, for development listeners and for tests.
import CSystem
import Wire

public enum SelfSignedCertificate {
  /// A server certificate over a fresh ECDSA P-256 key, and that key (PKCS #8, not encrypted), both as PEM.
  ///
  /// - Parameters:
  ///   - hosts: host names (`*.example.org` too) and IP addresses under which the listener is reached; the first is
  ///     also the common name. A client that is given the certificate as its root trusts it for these.
  ///   - days: how long it is valid from now on.
  ///   - organization: the O of its subject, when there shall be one.
  /// - Throws: `.hosts` for what is neither a name nor an address.
  public static func make(
    hosts: [String], days: Int, organization: String? = nil
  ) throws(CryptoFault) -> (certificatePEM: String, keyPEM: String) {
    let odd = hosts.filter { !isHost($0) }
    guard let first = hosts.first, odd.isEmpty, hosts.count <= Limits.certificateHosts else { throw .hosts(odd) }

    let key = try makeKey()
    defer { EVP_PKEY_free(key) }
    guard let certificate = X509_new() else { throw .last() }
    defer { X509_free(certificate) }

    try identify(certificate, commonName: first, organization: organization, days: days)
    try extend(certificate, NID_basic_constraints, "critical,CA:FALSE")
    try extend(certificate, NID_key_usage, "critical,digitalSignature")
    try extend(certificate, NID_ext_key_usage, "serverAuth")
    try extend(certificate, NID_subject_alt_name, hosts.map(alternativeName).joined(separator: ","))
    try succeed(X509_set_pubkey(certificate, key))
    guard X509_sign(certificate, key, EVP_sha256()) > 0 else { throw .last() }

    return (
      certificatePEM: try pem { PEM_write_bio_X509($0, certificate) },
      keyPEM: try pem { PEM_write_bio_PKCS8PrivateKey($0, key, nil, nil, 0, nil, nil) }
    )
  }
}

private func makeKey() throws(CryptoFault) -> OpaquePointer {
  guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { throw .last() }
  defer { EVP_PKEY_CTX_free(context) }
  var key: OpaquePointer?
  try succeed(EVP_PKEY_keygen_init(context))
  try succeed(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1))
  try succeed(EVP_PKEY_keygen(context, &key))
  guard let key else { throw .last() }
  return key
}

/// Sets version, serial, validity, subject and issuer.
private func identify(
  _ certificate: OpaquePointer, commonName: String, organization: String?, days: Int
) throws(CryptoFault) {
  // RFC 5280, 4.1.2.2: positive and at most 20 bytes; unique because 126 bits of it are random.
  var serial = randomBytes(16)
  serial[0] = serial[0] & 0x7F | 0x40
  let number = BN_bin2bn(serial, Int32(serial.count), nil)
  defer { BN_free(number) }
  guard let number, BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil else { throw .last() }

  try succeed(X509_set_version(certificate, 2))  // counted from 0: X.509 version 3
  // Valid a little before now, because stations and partners have clocks of their own.
  guard X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != nil,
    X509_time_adj_ex(X509_getm_notAfter(certificate), Int32(clamping: days), 0, nil) != nil
  else { throw .last() }

  let subject = X509_get_subject_name(certificate)
  if let organization { try append(organization, as: "O", to: subject) }
  if commonName.utf8.count <= Limits.commonNameBytes { try append(commonName, as: "CN", to: subject) }
  try succeed(X509_set_issuer_name(certificate, subject))
}

private func append(_ value: String, as field: String, to name: OpaquePointer?) throws(CryptoFault) {
  let utf8 = Bytes(utf8: value)
  try succeed(X509_NAME_add_entry_by_txt(name, field, Int32(MBSTRING_UTF8), utf8, Int32(utf8.count), -1, 0))
}

private func extend(_ certificate: OpaquePointer, _ kind: Int32, _ value: String) throws(CryptoFault) {
  guard let ext = X509V3_EXT_conf_nid(nil, nil, kind, value) else { throw .last() }
  defer { X509_EXTENSION_free(ext) }
  try succeed(X509_add_ext(certificate, ext, -1))
}

/// An address, or a name of letters, digits, dots, dashes, underscores and stars. OpenSSL reads the alternative names
/// from one text in which commas and colons mean something, so nothing else may reach it.
private func isHost(_ host: String) -> Bool {
  if isAddress(host) { return true }
  return (1...253).contains(host.utf8.count)
    && host.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "*"):
        true
      default: false
      }
    }
}

private func isAddress(_ host: String) -> Bool {
  // C would see such a text only up to its zero byte.
  if host.utf8.contains(0) { return false }
  guard let octets = a2i_IPADDRESS(host) else {
    ERR_clear_error()
    return false
  }
  ASN1_OCTET_STRING_free(octets)
  return true
}

private func alternativeName(_ host: String) -> String {
  (isAddress(host) ? "IP:" : "DNS:") + host
}

private func pem(_ write: (OpaquePointer) -> Int32) throws(CryptoFault) -> String {
  guard let bio = BIO_new(BIO_s_mem()) else { throw .last() }
  defer { BIO_free(bio) }
  try succeed(write(bio))
  var text = Bytes(repeating: 0, count: BIO_ctrl_pending(bio))
  guard BIO_read(bio, &text, Int32(text.count)) == Int32(text.count) else { throw .last() }
  return String(decoding: text, as: UTF8.self)
}

private func succeed(_ result: Int32) throws(CryptoFault) {
  if result != 1 { throw .last() }
}
