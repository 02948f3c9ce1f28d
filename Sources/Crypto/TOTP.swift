// What an authenticator app shows, and the base32 in which its secret is handed over.
import CSystem
import Wire

/// One-time passwords by time (RFC 6238 with SHA-1, six digits, 30 seconds): the second factor that every authenticator
/// app understands.
public struct TOTP: Sendable, Equatable {
  public static let stepSeconds: Int64 = 30
  /// A clock may be one step off either way (RFC 6238 §5.2).
  private static let drift: Int64 = 1
  private static let digits = 6

  private let secret: Bytes

  public init(secret: Bytes) { self.secret = secret }

  /// A fresh secret of 160 bits, as RFC 4226 §4 recommends.
  public static func make() -> TOTP { TOTP(secret: randomBytes(20)) }

  /// Nil where the text is no base32.
  public init?(base32 text: String) {
    guard let secret = Base32.decode(text), !secret.isEmpty else { return nil }
    self.secret = secret
  }

  public var base32: String { Base32.encode(secret) }

  /// The code of a step (RFC 4226 §5.3).
  public func code(at step: Int64) -> String {
    let message = (0..<8).map { UInt8(truncatingIfNeeded: step >> (56 - 8 * $0)) }
    let digest = HMAC.sha1(key: secret, message)
    let offset = Int(digest[digest.count - 1] & 0x0F)
    let number = (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(digest[offset + $1]) } & 0x7FFF_FFFF
    let text = String(number % 1_000_000)
    return String(repeating: "0", count: Self.digits - text.utf8.count) + text
  }

  /// The step whose code this is, where it is later than `last`: a code that was seen once is worth nothing.
  /// - Parameter seconds: since 1970.
  public func step(of code: String, at seconds: Int64, after last: Int64?) -> Int64? {
    let now = seconds / Self.stepSeconds
    // All are computed, so that the time tells nothing.
    let fitting = ((now - Self.drift)...(now + Self.drift)).filter {
      equalInConstantTime(Bytes(utf8: self.code(at: $0)), Bytes(utf8: code))
    }
    return fitting.first { step in last.map { step > $0 } ?? true }
  }

  /// What a QR code for an authenticator says.
  public func uri(account: String, issuer: String) -> String {
    let (account, issuer) = (Self.escape(account), Self.escape(issuer))
    return "otpauth://totp/\(issuer):\(account)?secret=\(base32)&issuer=\(issuer)"
  }

  private static func escape(_ text: String) -> String {
    text.utf8.reduce(into: "") { escaped, byte in
      let isPlain = byte.isASCIIAlphanumeric || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
      if isPlain {
        escaped.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        escaped += "%" + [byte].hex.uppercased()
      }
    }
  }
}

/// Base32 without padding (RFC 4648 §6): what people can read to each other.
public enum Base32 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

  public static func encode(_ bytes: Bytes) -> String {
    var (text, buffer, bits) = (Bytes(), 0, 0)
    for byte in bytes {
      buffer = buffer << 8 | Int(byte)
      bits += 8
      while bits >= 5 {
        bits -= 5
        text.append(alphabet[buffer >> bits & 31])
      }
      buffer &= (1 << bits) - 1
    }
    if bits > 0 { text.append(alphabet[buffer << (5 - bits) & 31]) }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil where a character is none of the alphabet; letter case does not count.
  public static func decode(_ text: String) -> Bytes? {
    var (bytes, buffer, bits) = (Bytes(), 0, 0)
    for byte in text.uppercased().utf8 {
      guard let value = alphabet.firstIndex(of: byte) else { return nil }
      buffer = (buffer << 5 | value) & 0xFFFF
      bits += 5
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
      }
    }
    return bytes
  }
}

extension UInt8 {
  fileprivate var isASCIIAlphanumeric: Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
  }
}
