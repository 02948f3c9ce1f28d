// Key pairs of certificates, and what a signature made with one is worth.
import CSystem
import Wire

/// What a key is made of, and how long it is.
public enum KeyKind: Sendable, Hashable, CustomStringConvertible {
  case p256, p384, p521
  case rsa(bits: Int)
  /// A kind that nothing here signs or accepts, in OpenSSL's word.
  case other(String)

  public var description: String {
    switch self {
    case .p256: "P-256"
    case .p384: "P-384"
    case .p521: "P-521"
    case .rsa(let bits): "RSA \(bits)"
    case .other(let word): word
    }
  }

  /// Strong enough to prove who somebody is (OCPP 2.0.1 part 2 A00.FR.501 ff.: 112 bits of security).
  public var isStrong: Bool {
    switch self {
    case .p256, .p384, .p521: true
    case .rsa(let bits): (2_048...Limits.rsaBits).contains(bits)
    case .other: false
    }
  }

  init(_ key: OpaquePointer) {
    switch EVP_PKEY_get_base_id(key) {
    case EVP_PKEY_RSA, EVP_PKEY_RSA_PSS: self = .rsa(bits: Int(EVP_PKEY_get_bits(key)))
    case EVP_PKEY_EC:
      var name = [CChar](repeating: 0, count: 64)
      var length = 0
      let known = EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1
      let curve = known ? String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) : "EC"
      switch curve {
      case "prime256v1": self = .p256
      case "secp384r1": self = .p384
      case "secp521r1": self = .p521
      default: self = .other(curve)
      }
    default: self = .other(EVP_PKEY_get0_type_name(key).map { String(cString: $0) } ?? "unknown")
    }
  }
}

/// A private key, in PKCS#8. It never appears in a description.
public struct PrivateKey: Sendable {
  let der: Bytes
  public let kind: KeyKind

  /// A fresh one.
  public static func make(_ kind: KeyKind = .p256) throws(CryptoFault) -> PrivateKey {
    let isRSA = if case .rsa = kind { true } else { false }
    guard let context = EVP_PKEY_CTX_new_id(isRSA ? EVP_PKEY_RSA : EVP_PKEY_EC, nil) else { throw .last() }
    defer { EVP_PKEY_CTX_free(context) }
    guard EVP_PKEY_keygen_init(context) == 1 else { throw .last() }
    let isSet: Int32 =
      switch kind {
      case .p256: EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1)
      case .p384: EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_secp384r1)
      case .p521: EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_secp521r1)
      case .rsa(let bits): EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits))
      case .other: 0
      }
    var key: OpaquePointer?
    guard isSet == 1, EVP_PKEY_keygen(context, &key) == 1, let key else { throw .last() }
    defer { EVP_PKEY_free(key) }
    return try PrivateKey(key)
  }

  /// PEM without passphrase: PKCS#8 and the older forms.
  public init(pem: String) throws(CryptoFault) {
    let bytes = Bytes(utf8: pem)
    let read = bytes.withUnsafeBytes { bytes -> OpaquePointer? in
      guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return nil }
      defer { BIO_free(bio) }
      // Without a callback OpenSSL would ask the terminal for the passphrase of an encrypted key.
      return PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in 0 }, nil)
    }
    guard let read else { throw .last() }
    defer { EVP_PKEY_free(read) }
    try self.init(read)
  }

  private init(_ key: OpaquePointer) throws(CryptoFault) {
    guard let info = EVP_PKEY2PKCS8(key) else { throw .last() }
    defer { PKCS8_PRIV_KEY_INFO_free(info) }
    der = encoded { i2d_PKCS8_PRIV_KEY_INFO(info, $0) }
    kind = KeyKind(key)
  }

  public var pem: String { PEM.text("PRIVATE KEY", der) }

  public var publicKey: PublicKey {
    get throws(CryptoFault) {
      try withKey { key throws(CryptoFault) in try PublicKey(key) }
    }
  }

  /// ECDSA as DER, or RSA PKCS#1.
  public func sign(_ message: Bytes, _ digest: HashAlgorithm = .sha256) throws(CryptoFault) -> Bytes {
    try withKey { key throws(CryptoFault) in
      guard let context = EVP_MD_CTX_new() else { throw .last() }
      defer { EVP_MD_CTX_free(context) }
      var length = Limits.signatureBytes
      var signature = Bytes(repeating: 0, count: length)
      guard EVP_DigestSignInit(context, nil, digest.method, nil, key) == 1,
        EVP_DigestSign(context, &signature, &length, message, message.count) == 1
      else { throw .last() }
      return Bytes(signature.prefix(length))
    }
  }

  func withKey<R>(_ body: (OpaquePointer) throws(CryptoFault) -> R) throws(CryptoFault) -> R {
    guard let key = decoded(der, { d2i_AutoPrivateKey(nil, $0, $1) }) else { throw .last() }
    defer { EVP_PKEY_free(key) }
    return try body(key)
  }
}

/// A public key, as its SubjectPublicKeyInfo.
public struct PublicKey: Sendable, Hashable {
  public let der: Bytes
  public let kind: KeyKind

  init(_ key: OpaquePointer) throws(CryptoFault) {
    der = encoded { i2d_PUBKEY(key, $0) }
    guard !der.isEmpty else { throw .last() }
    kind = KeyKind(key)
  }

  /// SubjectPublicKeyInfo in DER.
  public init(der: Bytes) throws(CryptoFault) {
    guard let key = decoded(der, { d2i_PUBKEY(nil, $0, $1) }) else { throw .last() }
    defer { EVP_PKEY_free(key) }
    try self.init(key)
  }

  public var pem: String { PEM.text("PUBLIC KEY", der) }

  /// Whether the owner of this key signed the message: ECDSA with a DER signature, or RSA PKCS#1.
  public func verify(_ signature: Bytes, of message: Bytes, _ digest: HashAlgorithm = .sha256) -> Bool {
    guard let key = decoded(der, { d2i_PUBKEY(nil, $0, $1) }), let context = EVP_MD_CTX_new() else {
      ERR_clear_error()
      return false
    }
    defer {
      EVP_PKEY_free(key)
      EVP_MD_CTX_free(context)
      // A signature of the wrong form leaves an error in the queue of this thread.
      ERR_clear_error()
    }
    return EVP_DigestVerifyInit(context, nil, digest.method, nil, key) == 1
      && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }
}

/// The digests that OCPP names beside certificates.
public enum HashAlgorithm: String, Word {
  case sha256 = "SHA256", sha384 = "SHA384", sha512 = "SHA512"

  var method: OpaquePointer? {
    switch self {
    case .sha256: EVP_sha256()
    case .sha384: EVP_sha384()
    case .sha512: EVP_sha512()
    }
  }

  public func digest(_ bytes: Bytes) -> Bytes {
    var digest = Bytes(repeating: 0, count: 64)
    var count: UInt32 = 0
    let done = EVP_Digest(bytes, bytes.count, &digest, &count, method, nil)
    precondition(done == 1, "OpenSSL lacks \(rawValue)")
    return Bytes(digest.prefix(Int(count)))
  }
}

// MARK: - DER

/// What one of OpenSSL's `i2d_` functions writes; empty where it cannot.
func encoded(_ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) -> Bytes {
  let count = Int(write(nil))
  guard count > 0 else { return [] }
  var bytes = Bytes(repeating: 0, count: count)
  bytes.withUnsafeMutableBufferPointer { buffer in
    var place = buffer.baseAddress
    _ = write(&place)
  }
  return bytes
}

/// What one of OpenSSL's `d2i_` functions reads; nil where it cannot. What stands behind it is not looked at.
func decoded(
  _ der: Bytes, _ read: (UnsafeMutablePointer<UnsafePointer<UInt8>?>, Int) -> OpaquePointer?
) -> OpaquePointer? {
  der.withUnsafeBufferPointer { buffer in
    guard let start = buffer.baseAddress else { return nil }
    var place: UnsafePointer<UInt8>? = start
    return read(&place, buffer.count)
  }
}
