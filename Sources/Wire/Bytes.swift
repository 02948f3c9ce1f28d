// Bytes and text as the doors exchange them: strict UTF-8, hex, base64, percent-encoding, and the folding of CiString.

public typealias Bytes = [UInt8]

extension [UInt8] {
  /// The UTF-8 bytes of a text.
  public init(utf8 text: String) { self = [UInt8](text.utf8) }

  /// Two hex digits per byte, either case; nil for anything else.
  public init?(hex text: some StringProtocol) {
    var text = String(text)
    guard let bytes = text.withUTF8({ [UInt8](hexDigits: $0) }) else { return nil }
    self = bytes
  }

  // On plain bytes, so that callers of other rooms do not pay for a generic view of each digit.
  private init?(hexDigits digits: UnsafeBufferPointer<UInt8>) {
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    var high: UInt8?
    for digit in digits {
      guard let value = hexValue(digit) else { return nil }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    self = bytes
  }

  /// Lowercase, two digits per byte.
  public var hex: String {
    var text: [UInt8] = []
    text.reserveCapacity(count * 2)
    for byte in self {
      text.append(hexDigit(byte >> 4))
      text.append(hexDigit(byte & 15))
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Standard base64 (RFC 4648, 4); the padding may be absent, everything else is strict: no white space, no stray
  /// bits.
  public init?(base64 text: some StringProtocol) { self.init(base64: String(text), with: Base64.standard) }

  /// The URL alphabet of base64 (RFC 4648, 5), padding optional.
  public init?(base64URL text: some StringProtocol) { self.init(base64: String(text), with: Base64.url) }

  /// Standard base64 with padding.
  public var base64: String { Base64.standard.encode(self, padded: true) }

  /// base64 with the URL alphabet, without padding.
  public var base64URL: String { Base64.url.encode(self, padded: false) }

  private init?(base64 text: String, with alphabet: Base64) {
    var text = text
    guard let bytes = text.withUTF8({ [UInt8](base64Letters: $0, with: alphabet) }) else { return nil }
    self = bytes
  }

  private init?(base64Letters text: UnsafeBufferPointer<UInt8>, with alphabet: Base64) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 3 / 4)
    var bits: UInt32 = 0
    var letters = 0
    var padding = 0
    for letter in text {
      if letter == UInt8(ascii: "=") {
        padding += 1
        continue
      }
      guard padding == 0, let value = alphabet.value(letter) else { return nil }
      bits = bits << 6 | UInt32(value)
      letters += 1
      if letters.isMultiple(of: 4) {
        bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
        bytes.append(UInt8(truncatingIfNeeded: bits))
      }
    }
    switch letters % 4 {
    case 0:
      guard padding == 0 else { return nil }
    case 2:
      guard padding == 0 || padding == 2, bits & 0xF == 0 else { return nil }
      bytes.append(UInt8(truncatingIfNeeded: bits >> 4))
    case 3:
      guard padding <= 1, bits & 0x3 == 0 else { return nil }
      bytes.append(UInt8(truncatingIfNeeded: bits >> 10))
      bytes.append(UInt8(truncatingIfNeeded: bits >> 2))
    default:
      return nil
    }
    self = bytes
  }
}

extension String {
  /// The text of UTF-8 bytes; nil when they are not valid UTF-8. Nothing is repaired.
  public init?(utf8 bytes: some Collection<UInt8>) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    self = text
  }

  /// The text as one path segment: all but the unreserved characters of RFC 3986 (2.3) are escaped.
  public var percentEncoded: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(utf8.count)
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      default:
        bytes.append(UInt8(ascii: "%"))
        bytes.append(hexDigit(byte >> 4, upper: true))
        bytes.append(hexDigit(byte & 15, upper: true))
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The form under which a case-insensitive id (CiString) is compared: ASCII letters in lower case, all else as it is.
  public var ciFolded: String {
    guard utf8.contains(where: { $0 != Self.ciFolded($0) }) else { return self }
    return String(decoding: utf8.map(Self.ciFolded), as: UTF8.self)
  }

  /// Whether both begin alike in that form.
  public func ciHasPrefix(_ start: String) -> Bool {
    utf8.starts(with: start.utf8) { Self.ciFolded($0) == Self.ciFolded($1) }
  }

  private static func ciFolded(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }
}

/// One of the two alphabets of RFC 4648.
private struct Base64 {
  static let standard = Base64(UInt8(ascii: "+"), UInt8(ascii: "/"))
  static let url = Base64(UInt8(ascii: "-"), UInt8(ascii: "_"))

  private let letter62: UInt8
  private let letter63: UInt8

  private init(_ letter62: UInt8, _ letter63: UInt8) {
    self.letter62 = letter62
    self.letter63 = letter63
  }

  func value(_ letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): letter - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): letter - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0") + 52
    case letter62: 62
    case letter63: 63
    default: nil
    }
  }

  func encode(_ bytes: [UInt8], padded: Bool) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var at = 0
    while at < bytes.count {
      let left = bytes.count - at
      let bits =
        UInt32(bytes[at]) << 16 | (left > 1 ? UInt32(bytes[at + 1]) << 8 : 0) | (left > 2 ? UInt32(bytes[at + 2]) : 0)
      text.append(letter(bits >> 18))
      text.append(letter(bits >> 12 & 63))
      if left > 1 { text.append(letter(bits >> 6 & 63)) } else if padded { text.append(UInt8(ascii: "=")) }
      if left > 2 { text.append(letter(bits & 63)) } else if padded { text.append(UInt8(ascii: "=")) }
      at += 3
    }
    return String(decoding: text, as: UTF8.self)
  }

  private func letter(_ value: UInt32) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: value)
    return switch value {
    case 0..<26: value + UInt8(ascii: "A")
    case 26..<52: value - 26 + UInt8(ascii: "a")
    case 52..<62: value - 52 + UInt8(ascii: "0")
    case 62: letter62
    default: letter63
    }
  }
}

/// The value of a hex digit in either case; nil for every other byte.
public func hexValue(_ digit: UInt8) -> UInt8? {
  switch digit {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
  default: nil
  }
}

func hexDigit(_ value: UInt8, upper: Bool = false) -> UInt8 {
  value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: upper ? "A" : "a") + value - 10
}
