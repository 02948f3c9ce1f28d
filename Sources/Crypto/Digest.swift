// Digests and keyed digests, and the comparison that does not tell by its duration where two secrets differ.
import CSystem
import Wire

/// SHA-256 (FIPS 180-4).
public enum SHA256 {
  public static let byteCount = 32

  /// The 32 bytes of the digest.
  public static func digest(_ bytes: Bytes) -> Bytes {
    var digest = Bytes(repeating: 0, count: byteCount)
    let done = ostler_sha256(bytes, bytes.count, &digest)
    precondition(done == 1, "OpenSSL has no SHA-256")
    return digest
  }
}

/// Keyed digests (RFC 2104).
public enum HMAC {
  /// The 32 bytes of HMAC-SHA-256. A key of any length, also an empty one, is allowed.
  public static func sha256(key: Bytes, _ message: Bytes) -> Bytes {
    var code = Bytes(repeating: 0, count: SHA256.byteCount)
    var count: UInt32 = 0
    let done = CSystem.HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &count)
    precondition(done != nil && Int(count) == code.count, "OpenSSL has no HMAC-SHA-256")
    return code
  }

  /// The 20 bytes of HMAC-SHA-1, which one-time passwords use (RFC 4226 §5.3): it is no weaker for them.
  public static func sha1(key: Bytes, _ message: Bytes) -> Bytes {
    var code = Bytes(repeating: 0, count: 20)
    var count: UInt32 = 0
    let done = CSystem.HMAC(EVP_sha1(), key, Int32(key.count), message, message.count, &code, &count)
    precondition(done != nil && Int(count) == code.count, "OpenSSL has no HMAC-SHA-1")
    return code
  }
}

/// Whether two secrets are equal, in a time that depends on their length alone. Lengths are not secret.
public func equalInConstantTime(_ a: Bytes, _ b: Bytes) -> Bool {
  a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
}
