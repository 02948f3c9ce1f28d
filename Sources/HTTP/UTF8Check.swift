/// Checks UTF-8 that arrives in pieces (RFC 3629): no overlong forms, no surrogates, nothing past U+10FFFF.
/// It refuses at the first byte that cannot be right, so a broken text is known before its message ends.
struct UTF8Check {
  /// Continuation bytes that are still owed.
  private var owed: UInt8 = 0
  /// What the next continuation byte may be.
  private var low: UInt8 = 0x80
  private var high: UInt8 = 0xBF

  /// Whether the text may end here.
  var isComplete: Bool { owed == 0 }

  /// False as soon as the bytes cannot be the continuation of a UTF-8 text.
  mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var at = 0
    let count = bytes.count
    while at < count {
      if owed == 0 {
        // Eight ASCII bytes at a time: nearly all that stations say.
        while at + 8 <= count,
          bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        {
          at += 8
        }
        if at == count { return true }
      }
      let byte = bytes[at]
      at += 1
      if owed > 0 {
        guard byte >= low, byte <= high else { return false }
        owed -= 1
        low = 0x80
        high = 0xBF
        continue
      }
      switch byte {
      case 0x00...0x7F: break
      case 0xC2...0xDF: owed = 1
      case 0xE0: (owed, low) = (2, 0xA0)
      case 0xED: (owed, high) = (2, 0x9F)
      case 0xE1...0xEF: owed = 2
      case 0xF0: (owed, low) = (3, 0x90)
      case 0xF1...0xF3: owed = 3
      case 0xF4: (owed, high) = (3, 0x8F)
      default: return false
      }
    }
    return true
  }

  static func isValid(_ bytes: [UInt8]) -> Bool {
    var check = UTF8Check()
    return bytes.withUnsafeBytes { check.take($0) } && check.isComplete
  }
}
