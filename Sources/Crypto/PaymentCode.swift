import Wire

/// The one-time password in the QR code that a station shows to whoever pays by phone: it changes by time, and proves that
/// somebody stands before the display (OCPP 2.1 C25, version 1 of the algorithm).
public struct PaymentCode: Sendable, Equatable {
  /// The signs as the specification writes them; it leaves out the small o.
  private static let signs = Array("0123456789abcdefghijklmnpqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)

  public let secret: String
  /// How long each is shown, in seconds, and of how many signs it is.
  public let seconds: Int
  public let length: Int

  public init(secret: String, seconds: Int, length: Int) {
    (self.secret, self.seconds, self.length) = (secret, seconds, length)
  }

  /// What the station shows in an interval, which is counted from 1970.
  public func text(in interval: Int64) -> String {
    let message = (0..<8).map { UInt8(truncatingIfNeeded: interval >> (56 - 8 * $0)) }
    let hash = HMAC.sha256(key: Bytes(utf8: secret), message)
    let offset = Int(hash[hash.count - 1] & 0x0F)
    let text = (0..<length).map { Self.signs[Int(hash[(offset + $0) % hash.count]) % Self.signs.count] }
    return String(decoding: text, as: UTF8.self)
  }

  /// Since when a text is shown, where it is that of now, or of the interval before or after: clocks differ, and people take
  /// their time. nil: it is none of these.
  /// - Parameter now: seconds since 1970.
  public func since(_ shown: String, at now: Int64) -> Int64? {
    let interval = now / Int64(seconds)
    // All are computed, so that the time tells nothing.
    return ((interval - 1)...(interval + 1)).filter {
      equalInConstantTime(Bytes(utf8: text(in: $0)), Bytes(utf8: shown))
    }.last.map { $0 * Int64(seconds) }
  }
}
