// An authority that signs certificates for tests, good and bad ones.

import CSystem
import Testing

@testable import Net

enum KeyKind { case ecdsa, rsa }

/// A key, as an owner of OpenSSL's object.
final class TestKey {
  let pointer: OpaquePointer

  /// Finding large primes takes longer than most tests, so all share one RSA key.
  private static let rsaPEM = Result { try TestKey(making: .rsa).pem }

  convenience init(_ kind: KeyKind = .ecdsa) throws {
    switch kind {
    case .ecdsa: try self.init(making: .ecdsa)
    case .rsa: try self.init(pem: Self.rsaPEM.get())
    }
  }

  private init(pem: String) throws {
    let key = Array(pem.utf8).withUnsafeBytes { bytes in
      let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
      defer { BIO_free(bio) }
      return PEM_read_bio_PrivateKey(bio, nil, nil, nil)
    }
    pointer = try #require(key)
  }

  private init(making kind: KeyKind) throws {
    let context = EVP_PKEY_CTX_new_id(kind == .ecdsa ? EVP_PKEY_EC : EVP_PKEY_RSA, nil)
    defer { EVP_PKEY_CTX_free(context) }
    try #require(EVP_PKEY_keygen_init(context) == 1)
    switch kind {
    case .ecdsa: try #require(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1)
    case .rsa: try #require(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1)
    }
    var key: OpaquePointer?
    try #require(EVP_PKEY_keygen(context, &key) == 1)
    pointer = try #require(key)
  }

  deinit { EVP_PKEY_free(pointer) }

  var pem: String { get throws { try text { PEM_write_bio_PrivateKey($0, pointer, nil, nil, 0, nil, nil) } } }
}

/// A certificate authority of its own.
final class TestAuthority {
  let key: TestKey
  private let certificate: OpaquePointer
  /// Of the certificate that was signed last.
  private(set) var lastSerial = 100

  init(_ name: String = "Test Authority") throws {
    key = try TestKey()
    certificate = try #require(X509_new())
    try fill(certificate, name: name, organization: "Tests", serial: 1, days: -1...365, key: key.pointer)
    try #require(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1)
    try extend(certificate, NID_basic_constraints, "critical,CA:TRUE")
    try #require(X509_sign(certificate, key.pointer, EVP_sha256()) > 0)
  }

  deinit { X509_free(certificate) }

  var pem: PEMSource { get throws { .text(try text { PEM_write_bio_X509($0, certificate) }) } }

  /// A signed certificate with its key; `names` as OpenSSL writes them, such as `DNS:localhost,IP:127.0.0.1`.
  func sign(
    _ name: String, names: String? = "DNS:localhost,IP:127.0.0.1", organization: String = "Ostler Tests",
    days: ClosedRange<Int> = -1...30, kind: KeyKind = .ecdsa
  ) throws -> TLSIdentity {
    let own = try TestKey(kind)
    let leaf = try #require(X509_new())
    defer { X509_free(leaf) }
    lastSerial += 1
    try fill(leaf, name: name, organization: organization, serial: lastSerial, days: days, key: own.pointer)
    try #require(X509_set_issuer_name(leaf, X509_get_subject_name(certificate)) == 1)
    if let names { try extend(leaf, NID_subject_alt_name, names) }
    try #require(X509_sign(leaf, key.pointer, EVP_sha256()) > 0)
    return TLSIdentity(chain: .text(try text { PEM_write_bio_X509($0, leaf) }), key: .text(try own.pem))
  }

  /// A list of revoked serial numbers, in PEM.
  func revoke(_ serials: [Int], days: ClosedRange<Int> = -1...7) throws -> PEMSource {
    let list = try #require(X509_CRL_new())
    defer { X509_CRL_free(list) }
    X509_CRL_set_version(list, 1)
    try #require(X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate)) == 1)
    let (issued, due) = (X509_gmtime_adj(nil, days.lowerBound * 86_400), X509_gmtime_adj(nil, days.upperBound * 86_400))
    defer {
      ASN1_STRING_free(issued)
      ASN1_STRING_free(due)
    }
    try #require(X509_CRL_set1_lastUpdate(list, issued) == 1 && X509_CRL_set1_nextUpdate(list, due) == 1)
    for serial in serials {
      let entry = X509_REVOKED_new()
      let number = ASN1_INTEGER_new()
      defer { ASN1_STRING_free(number) }
      ASN1_INTEGER_set(number, serial)
      try #require(X509_REVOKED_set_serialNumber(entry, number) == 1)
      try #require(X509_REVOKED_set_revocationDate(entry, issued) == 1)
      try #require(X509_CRL_add0_revoked(list, entry) == 1)
    }
    try #require(X509_CRL_sign(list, key.pointer, EVP_sha256()) > 0)
    return .text(try text { PEM_write_bio_X509_CRL($0, list) })
  }

  private func fill(
    _ certificate: OpaquePointer, name: String, organization: String, serial: Int, days: ClosedRange<Int>,
    key: OpaquePointer
  ) throws {
    X509_set_version(certificate, 2)
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial)
    X509_gmtime_adj(X509_getm_notBefore(certificate), days.lowerBound * 86_400)
    X509_gmtime_adj(X509_getm_notAfter(certificate), days.upperBound * 86_400)
    try #require(X509_set_pubkey(certificate, key) == 1)
    let subject = X509_get_subject_name(certificate)
    for (field, value) in [("O", organization), ("CN", name)] {
      try #require(X509_NAME_add_entry_by_txt(subject, field, MBSTRING_FLAG, value, -1, -1, 0) == 1)
    }
  }

  private func extend(_ certificate: OpaquePointer, _ kind: Int32, _ value: String) throws {
    let made = try #require(X509V3_EXT_conf_nid(nil, nil, kind, value))
    defer { X509_EXTENSION_free(made) }
    try #require(X509_add_ext(certificate, made, -1) == 1)
  }
}

private func text(_ write: (OpaquePointer?) -> Int32) throws -> String {
  let bio = BIO_new(BIO_s_mem())
  defer { BIO_free(bio) }
  try #require(write(bio) == 1)
  var room = [UInt8](repeating: 0, count: 65536)
  let count = BIO_read(bio, &room, Int32(room.count))
  return String(decoding: room.prefix(Int(max(0, count))), as: UTF8.self)
}

/// What most tests want: a server that is `localhost`, and a client that trusts its authority.
struct TestTrust {
  let authority: TestAuthority
  let server: TLSContext
  let client: TLSContext

  init() throws {
    authority = try TestAuthority()
    server = try TLSContext(server: TLSServerSettings(identities: [authority.sign("localhost")]))
    client = try TLSContext(client: TLSClientSettings(trust: .authorities(authority.pem)))
  }

  func call(_ host: String = "localhost") -> TLSClientConfiguration {
    TLSClientConfiguration(context: client, host: host)
  }
}
