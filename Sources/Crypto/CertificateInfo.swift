// What a certificate says, for those who show it, pin it or watch it expire.
import CSystem
import Wire

/// The plain facts of one X.509 certificate. Reading it verifies nothing.
public struct CertificateInfo: Sendable, Equatable {
  /// The first common name of the subject; nil when there is none.
  public let commonName: String?
  /// The first organization of the subject; nil when there is none.
  public let organization: String?
  /// The serial number as upper-case hex digits, two for each byte.
  public let serial: String
  public let notBefore: Timestamp
  public let notAfter: Timestamp
  /// SHA-256 of the whole certificate, 32 bytes.
  public let fingerprint: Bytes

  /// Reads the first certificate of a PEM text; throws `.certificate` when there is none.
  public init(pem: String) throws(CryptoFault) {
    let certificate = Bytes(utf8: pem).withUnsafeBytes { text -> OpaquePointer? in
      guard let count = Int32(exactly: text.count), let bio = BIO_new_mem_buf(text.baseAddress, count) else {
        return nil
      }
      defer { BIO_free(bio) }
      return PEM_read_bio_X509(bio, nil, nil, nil)
    }
    try self.init(taking: certificate)
  }

  /// Reads a DER certificate, with nothing behind it; throws `.certificate` when it is anything else.
  public init(der: Bytes) throws(CryptoFault) {
    let (certificate, used) = der.withUnsafeBufferPointer { buffer -> (OpaquePointer?, Int) in
      guard let start = buffer.baseAddress else { return (nil, 0) }
      var end: UnsafePointer<UInt8>? = start
      let certificate = d2i_X509(nil, &end, buffer.count)
      return (certificate, end.map { $0 - start } ?? 0)
    }
    if certificate != nil, used != der.count {
      X509_free(certificate)
      throw .certificate
    }
    try self.init(taking: certificate)
  }

  /// Takes over the certificate and frees it.
  private init(taking certificate: OpaquePointer?) throws(CryptoFault) {
    guard let certificate else {
      ERR_clear_error()
      throw .certificate
    }
    defer { X509_free(certificate) }
    let subject = X509_get_subject_name(certificate)
    commonName = text(subject, NID_commonName)
    organization = text(subject, NID_organizationName)
    guard let serial = hexText(X509_get0_serialNumber(certificate)),
      let notBefore = timestamp(X509_get0_notBefore(certificate)),
      let notAfter = timestamp(X509_get0_notAfter(certificate))
    else {
      ERR_clear_error()
      throw .certificate
    }
    (self.serial, self.notBefore, self.notAfter) = (serial, notBefore, notAfter)
    var fingerprint = Bytes(repeating: 0, count: SHA256.byteCount)
    guard X509_digest(certificate, EVP_sha256(), &fingerprint, nil) == 1 else { throw .last() }
    self.fingerprint = fingerprint
  }
}

/// The first entry of one kind in a name.
private func text(_ name: OpaquePointer?, _ kind: Int32) -> String? {
  let index = X509_NAME_get_index_by_NID(name, kind, -1)
  guard index >= 0, let entry = X509_NAME_get_entry(name, index) else { return nil }
  // The entry may be in any of ASN.1's string types, and may contain a zero byte: hence a count, not a C string.
  var utf8: UnsafeMutablePointer<UInt8>?
  let count = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry))
  guard count >= 0, let utf8 else {
    ERR_clear_error()
    return nil
  }
  defer { CRYPTO_free(utf8, #file, #line) }
  return String(decoding: UnsafeBufferPointer(start: utf8, count: Int(count)), as: UTF8.self)
}

private func hexText(_ integer: UnsafePointer<ASN1_INTEGER>?) -> String? {
  guard let number = ASN1_INTEGER_to_BN(integer, nil) else { return nil }
  defer { BN_free(number) }
  guard let digits = BN_bn2hex(number) else { return nil }
  defer { CRYPTO_free(digits, #file, #line) }
  return String(cString: digits)
}

private func timestamp(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp? {
  var parts = tm()
  guard ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
  return Timestamp(seconds: Int64(timegm(&parts)))
}
