// What is kept of a station's Basic password, and how a presented one is compared with it.
import Wire

/// The salted SHA-256 of a station's key. Keys are made by machines with full entropy, and a thousand stations may
/// reconnect at once, so a fast digest is the right one here; people's passwords get `Password`.
///
/// OCPP 1.6 security whitepaper, A.4: the key is configured as hex digits, and some stations present those digits while
/// others present the bytes that they stand for. Both forms of one key, with digits of either case, have one digest.
public struct StationKey: Sendable {
  private let salt: Bytes
  private let digest: Bytes

  /// What to store for a key, under a fresh salt.
  public static func hash(of key: Bytes) -> StationKey {
    let salt = randomBytes(saltBytes)
    return StationKey(salt: salt, digest: digest(of: key, salt))
  }

  /// Whether `presented` is the key, in constant time. Nothing presented is never a key. What looks like hex digits may
  /// be such digits, or the very bytes of a key that was configured by other digits: both are looked at.
  public func verify(_ presented: Bytes) -> Bool {
    let asDigits = equalInConstantTime(Self.digest(of: presented, salt), digest)
    let asBytes = equalInConstantTime(SHA256.digest(salt + presented), digest)
    return !presented.isEmpty && (asDigits || asBytes)
  }

  /// The form in which it is stored: `sha256$<salt, 32 hex digits>$<digest, 64 hex digits>`.
  public var text: String { "sha256$\(salt.hex)$\(digest.hex)" }

  /// Reads the stored form; nil when it is anything else.
  public init?(text: String) {
    let parts = text.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "sha256",
      let salt = Bytes(hex: parts[1]), salt.count == Self.saltBytes,
      let digest = Bytes(hex: parts[2]), digest.count == SHA256.byteCount
    else { return nil }
    self.init(salt: salt, digest: digest)
  }

  private init(salt: Bytes, digest: Bytes) {
    self.salt = salt
    self.digest = digest
  }

  private static let saltBytes = 16

  private static func digest(of key: Bytes, _ salt: Bytes) -> Bytes {
    SHA256.digest(salt + (String(utf8: key).flatMap { Bytes(hex: $0) } ?? key))
  }
}
