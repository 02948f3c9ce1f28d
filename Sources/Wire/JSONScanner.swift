// The one pass over the bytes of a JSON document: it checks all of RFC 8259 and lays the tape.

/// Reads bytes into tape entries. There is no recursion: an open array or object remembers its parent in its own entry.
struct JSONScanner {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var at = 0
  private var nodes: [JSONTape.Node] = []
  /// The array or object that is open, -1 outside of all.
  private var open = -1
  private var depth = 0

  private let limit: Int

  static func index(_ bytes: [UInt8], limit: Int) throws(JSONFault) -> [JSONTape.Node] {
    guard bytes.count <= WireLimits.documentBytes else { throw .tooLarge }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw .byteOrderMark }
    return try bytes.withUnsafeBufferPointer { (pointer) throws(JSONFault) in
      var scanner = JSONScanner(pointer, limit: limit)
      try scanner.run()
      return scanner.nodes
    }
  }

  private init(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int) {
    self.bytes = bytes
    self.limit = min(limit, WireLimits.documentNodes)
    nodes.reserveCapacity(min(bytes.count / 4 + 4, 4096))
  }

  private mutating func run() throws(JSONFault) {
    while true {
      try value()
      // A value is complete, or an array or object was opened and its first part is due.
      while true {
        if open < 0 {
          if skipSpace() { throw .unexpected(at: at) }
          return
        }
        guard skipSpace() else { throw .truncated }
        let isArray = nodes[open].kind == .array
        let isEmpty = nodes.count == open + 1
        let byte = bytes[at]
        if byte == UInt8(ascii: isArray ? "]" : "}") {
          close()
          continue
        }
        if !isEmpty {
          guard byte == UInt8(ascii: ",") else { throw .unexpected(at: at) }
          at += 1
          guard skipSpace() else { throw .truncated }
        }
        nodes[open].bits &+= JSONTape.Node.one
        if !isArray { try key() }
        break
      }
    }
  }

  private mutating func value() throws(JSONFault) {
    guard skipSpace() else { throw .truncated }
    switch bytes[at] {
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "{"): try begin(.object)
    case UInt8(ascii: "["): try begin(.array)
    case UInt8(ascii: "t"): try word("true", .bool)
    case UInt8(ascii: "f"): try word("false", .bool)
    case UInt8(ascii: "n"): try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
    default: throw .unexpected(at: at)
    }
  }

  private mutating func begin(_ kind: JSONTape.Kind) throws(JSONFault) {
    guard depth < WireLimits.depth else { throw .tooDeep(at: at) }
    depth += 1
    try append(JSONTape.Node(kind, start: at, end: at, next: open))
    open = nodes.count - 1
    at += 1
  }

  private mutating func close() {
    at += 1
    let parent = Int(Int32(bitPattern: nodes[open].next))
    nodes[open].end = UInt32(truncatingIfNeeded: at)
    nodes[open].next = UInt32(truncatingIfNeeded: nodes.count)
    open = parent
    depth -= 1
  }

  private mutating func key() throws(JSONFault) {
    guard bytes[at] == UInt8(ascii: "\"") else { throw .unexpected(at: at) }
    try string()
    guard skipSpace() else { throw .truncated }
    guard bytes[at] == UInt8(ascii: ":") else { throw .unexpected(at: at) }
    at += 1
  }

  private mutating func append(_ node: JSONTape.Node) throws(JSONFault) {
    guard nodes.count < limit else { throw .tooLarge }
    nodes.append(node)
  }

  private mutating func word(_ word: StaticString, _ kind: JSONTape.Kind) throws(JSONFault) {
    let start = at
    for place in 0..<word.utf8CodeUnitCount {
      guard at < bytes.count else { throw .truncated }
      guard bytes[at] == word.utf8Start[place] else { throw .unexpected(at: at) }
      at += 1
    }
    try append(JSONTape.Node(kind, start: start, end: at, next: nodes.count + 1))
  }

  private mutating func number() throws(JSONFault) {
    let start = at
    var isWhole = true
    at = try JSONScanner.endOfNumber(bytes, from: start, isWhole: &isWhole)
    let flags = isWhole ? JSONTape.Node.whole : 0
    try append(JSONTape.Node(.number, flags: flags, start: start, end: at, next: nodes.count + 1))
  }

  /// Where the number that starts there ends, by the grammar of RFC 8259, 6.
  private static func endOfNumber(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, isWhole: inout Bool
  ) throws(JSONFault) -> Int {
    var at = start
    func isDigit(_ place: Int) -> Bool { place < bytes.count && bytes[place] &- UInt8(ascii: "0") < 10 }
    if bytes[at] == UInt8(ascii: "-") { at += 1 }
    guard isDigit(at) else { throw .badNumber(at: at) }
    if bytes[at] == UInt8(ascii: "0") {
      at += 1
      if isDigit(at) { throw .badNumber(at: at) }
    } else {
      while isDigit(at) { at += 1 }
    }
    if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
      isWhole = false
      at += 1
      guard isDigit(at) else { throw .badNumber(at: at) }
      while isDigit(at) { at += 1 }
    }
    if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      at += 1
      if at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
      guard isDigit(at) else { throw .badNumber(at: at) }
      while isDigit(at) { at += 1 }
    }
    guard at - start <= WireLimits.numberBytes else { throw .badNumber(at: start) }
    return at
  }

  /// Whether bytes are one number and nothing else.
  static func isNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard !bytes.isEmpty else { return false }
    var isWhole = true
    do {
      return try endOfNumber(bytes, from: 0, isWhole: &isWhole) == bytes.count
    } catch {
      return false
    }
  }

  private mutating func string() throws(JSONFault) {
    let start = at
    var flags: UInt32 = 0
    at += 1
    while true {
      skipPlain()
      guard at < bytes.count else { throw .truncated }
      switch bytes[at] {
      case UInt8(ascii: "\""):
        at += 1
        try append(JSONTape.Node(.string, flags: flags, start: start, end: at, next: nodes.count + 1))
        return
      case UInt8(ascii: "\\"):
        flags |= JSONTape.Node.escaped
        if try escape() { flags |= JSONTape.Node.forbidden }
      case 0..<0x20:
        throw .controlCharacter(at: at)
      default:
        try multibyte()
      }
    }
  }

  /// Passes over plain ASCII of a string, eight bytes at a time.
  private mutating func skipPlain() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    while at + 8 <= bytes.count {
      let word = UInt64(
        littleEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: at, as: UInt64.self))
      let quote = word ^ (ones &* 0x22)
      let backslash = word ^ (ones &* 0x5C)
      // The high bit of each byte that is a quote, a backslash, a control character, or not ASCII.
      let special =
        ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- (ones &* 0x20)) & ~word | word) & highs
      if special != 0 {
        at += special.trailingZeroBitCount / 8
        return
      }
      at += 8
    }
    while at < bytes.count, bytes[at] >= 0x20, bytes[at] < 0x80, bytes[at] != 0x22, bytes[at] != 0x5C { at += 1 }
  }

  /// One escape; true when it stands for NUL or for half a surrogate pair.
  private mutating func escape() throws(JSONFault) -> Bool {
    let start = at
    guard at + 1 < bytes.count else { throw .truncated }
    switch bytes[at + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      at += 2
      return false
    case UInt8(ascii: "u"):
      let unit = try codeUnit()
      guard (0xD800..<0xE000).contains(unit) else { return unit == 0 }
      guard unit < 0xDC00, at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u")
      else { return true }
      let mark = at
      if (0xDC00..<0xE000).contains(try codeUnit()) { return false }
      at = mark  // the second escape stands for itself and is read again
      return true
    default:
      throw .badEscape(at: start)
    }
  }

  private mutating func codeUnit() throws(JSONFault) -> UInt32 {
    var unit: UInt32 = 0
    for place in (at + 2)..<(at + 6) {
      guard place < bytes.count else { throw .truncated }
      guard let digit = hexValue(bytes[place]) else { throw .badEscape(at: at) }
      unit = unit << 4 | UInt32(digit)
    }
    at += 6
    return unit
  }

  /// One character of two to four bytes, by table 3-7 of the Unicode Standard.
  private mutating func multibyte() throws(JSONFault) {
    let first = bytes[at]
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: throw .badUTF8(at: at)
    }
    guard at + length <= bytes.count, second.contains(bytes[at + 1]) else { throw .badUTF8(at: at) }
    for place in (at + 2)..<(at + max(length, 2)) where bytes[place] & 0xC0 != 0x80 { throw .badUTF8(at: at) }
    at += length
  }

  /// Moves to the next byte that is no white space; false at the end.
  private mutating func skipSpace() -> Bool {
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x0A, 0x0D, 0x09: at += 1
      default: return true
      }
    }
    return false
  }
}

/// Whether a text is a number by the grammar of RFC 8259.
func isNumber(_ text: String) -> Bool {
  var text = text
  return text.withUTF8 { JSONScanner.isNumber($0) }
}
