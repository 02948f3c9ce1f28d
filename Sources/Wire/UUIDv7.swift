/// Ids that sort by the time at which they were made (RFC 9562, 5.7).
public enum UUIDv7 {
  /// Lowercase text: 48 bits of milliseconds, then version, variant, and 74 random bits. Two of the same millisecond
  /// come in no order.
  public static func make(at time: Timestamp, random: inout some RandomNumberGenerator) -> String {
    make(at: time, random.next(), random.next())
  }

  /// The same with the system's random numbers. Its generator has no bytes, so that the address of one that is passed along
  /// may be any; the thread sanitizer looks there.
  public static func make(at time: Timestamp) -> String {
    make(at: time, .random(in: .min ... .max), .random(in: .min ... .max))
  }

  private static func make(at time: Timestamp, _ one: UInt64, _ other: UInt64) -> String {
    let moment = UInt64(bitPattern: max(time.milliseconds, 0)) << 16
    let high = moment | 0x7000 | one & 0x0FFF
    let low = other & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for (word, first) in [(high, true), (low, false)] {
      for place in 0..<16 {
        if first ? place == 8 || place == 12 : place == 0 || place == 4 { text.append(UInt8(ascii: "-")) }
        text.append(hexDigit(UInt8(truncatingIfNeeded: word >> (60 - 4 * UInt64(place)) & 15)))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
