// One JSON document indexed once: a flat tape of its values over its bytes, from which parts are read as they are
// needed.

/// A checked JSON document. Every value is one entry of the tape; a handle (`Element`) leads to its parts, its text, or
/// a `Payload`. An OCPP frame is indexed once, and its payload is read from the fourth element of the same tape.
public struct JSONTape: Sendable {
  let bytes: [UInt8]
  let nodes: [Node]

  /// - Parameter limit: values and member names that it may have; more is `JSONFault.tooLarge`.
  public init(_ bytes: [UInt8], nodes limit: Int = WireLimits.documentNodes) throws(JSONFault) {
    self.bytes = bytes
    nodes = try JSONScanner.index(bytes, limit: limit)
  }

  public var root: Element { Element(tape: self, index: 0) }

  /// One entry: what it is, where its text lies, and where the entry after all of its parts is. The entries of an
  /// object are its keys and values in turn; an entry's parts follow it directly.
  struct Node: Sendable {
    /// kind (4 bits), flags (4 bits), number of elements or members (24 bits)
    var bits: UInt32
    var start: UInt32
    var end: UInt32
    /// While an array or object is open, its parent; afterwards the entry that follows all of its parts.
    var next: UInt32

    static let escaped: UInt32 = 0x10
    /// NUL or a lone surrogate, which no text that we keep may hold.
    static let forbidden: UInt32 = 0x20
    /// A number without point and exponent.
    static let whole: UInt32 = 0x40
    static let one: UInt32 = 0x100

    init(_ kind: Kind, flags: UInt32 = 0, start: Int, end: Int, next: Int) {
      bits = UInt32(kind.rawValue) | flags
      self.start = UInt32(truncatingIfNeeded: start)
      self.end = UInt32(truncatingIfNeeded: end)
      self.next = UInt32(truncatingIfNeeded: next)
    }

    var kind: Kind { Kind(rawValue: UInt8(truncatingIfNeeded: bits & 0xF)) ?? .null }
    var count: Int { Int(bits >> 8) }
    func has(_ flag: UInt32) -> Bool { bits & flag != 0 }
  }

  public enum Kind: UInt8, Sendable {
    case null, bool, number, string, array, object
  }

  /// A handle to one value of the document.
  public struct Element: Sendable {
    let tape: JSONTape
    let index: Int

    public var kind: Kind { tape.nodes[index].kind }

    /// Elements of an array, members of an object, else 0.
    public var count: Int { tape.nodes[index].count }

    /// The value exactly as it was sent.
    public var raw: ArraySlice<UInt8> { tape.bytes[tape.range(index)] }

    /// The text of a string; nil for other kinds. A lone surrogate becomes U+FFFD.
    public var string: String? { kind == .string ? tape.text(index) : nil }

    /// A number that is written whole and fits 64 bits.
    public var int: Int64? { kind == .number ? tape.int(index) : nil }

    public var decimal: Decimal? { kind == .number ? tape.decimal(index) : nil }

    public var bool: Bool? { kind == .bool ? tape.bool(index) : nil }

    public var isNull: Bool { kind == .null }

    /// The value with all its parts as a tree.
    public var json: JSON { tape.tree(index) }

    /// The elements of an array; empty for other kinds.
    public var elements: [Element] {
      guard kind == .array else { return [] }
      var found: [Element] = []
      found.reserveCapacity(count)
      var at = index + 1
      while at < tape.next(index) {
        found.append(Element(tape: tape, index: at))
        at = tape.next(at)
      }
      return found
    }

    /// The members of an object in their order; empty for other kinds.
    public var members: [(key: String, value: Element)] {
      guard kind == .object else { return [] }
      var found: [(key: String, value: Element)] = []
      found.reserveCapacity(count)
      var key = index + 1
      while key < tape.next(index) {
        found.append((tape.text(key), Element(tape: tape, index: key + 1)))
        key = tape.next(key + 1)
      }
      return found
    }

    /// The element of an array at a place, counted from 0; nil past either end and for other kinds.
    public subscript(place: Int) -> Element? {
      guard kind == .array, place >= 0, place < count else { return nil }
      var at = index + 1
      for _ in 0..<place { at = tape.next(at) }
      return Element(tape: tape, index: at)
    }

    /// The last member of that name; nil when there is none or this is no object.
    public subscript(name: StaticString) -> Element? {
      guard kind == .object else { return nil }
      var found: Element?
      var key = index + 1
      while key < tape.next(index) {
        if tape.isKey(key, name) { found = Element(tape: tape, index: key + 1) }
        key = tape.next(key + 1)
      }
      return found
    }
  }
}

extension JSONTape {
  func next(_ index: Int) -> Int { Int(nodes[index].next) }

  func range(_ index: Int) -> Range<Int> {
    let node = nodes[index]
    return Int(node.start)..<Int(node.end)
  }

  func isNull(_ index: Int) -> Bool { nodes[index].kind == .null }

  func bool(_ index: Int) -> Bool { bytes[Int(nodes[index].start)] == UInt8(ascii: "t") }

  /// The text of a string or a key, without its quotes.
  func text(_ index: Int) -> String {
    let node = nodes[index]
    return bytes.withUnsafeBufferPointer { all in
      let inside = UnsafeBufferPointer(rebasing: all[(Int(node.start) + 1)..<(Int(node.end) - 1)])
      return node.has(Node.escaped) ? unescaped(inside) : String(decoding: inside, as: UTF8.self)
    }
  }

  /// The value as it was written.
  func rawText(_ index: Int) -> String {
    bytes.withUnsafeBufferPointer { all in
      String(decoding: UnsafeBufferPointer(rebasing: all[range(index)]), as: UTF8.self)
    }
  }

  func int(_ index: Int) -> Int64? {
    guard nodes[index].has(Node.whole) else { return nil }
    return bytes.withUnsafeBufferPointer { wholeNumber(UnsafeBufferPointer(rebasing: $0[range(index)])) }
  }

  func decimal(_ index: Int) -> Decimal? {
    bytes.withUnsafeBufferPointer { Decimal(number: UnsafeBufferPointer(rebasing: $0[range(index)])) }
  }

  /// Whether the member name at that entry is this one. Names are compared as text: an escaped letter is that letter.
  func isKey(_ index: Int, _ name: StaticString) -> Bool {
    let node = nodes[index]
    if node.has(Node.escaped) {
      var key = text(index)
      return key.withUTF8 {
        $0.elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
      }
    }
    let count = name.utf8CodeUnitCount
    guard Int(node.end &- node.start) == count + 2 else { return false }
    return bytes.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress else { return false }
      let key = base + Int(node.start) + 1
      var at = 0
      while at < count {
        if key[at] != name.utf8Start[at] { return false }
        at += 1
      }
      return true
    }
  }

  /// A member's name as evidence: cut, and as it was written when no text that we keep may hold it.
  private func name(_ key: Int) -> String {
    let name = nodes[key].has(Node.forbidden) ? String(rawText(key).dropFirst().dropLast()) : text(key)
    return String(name.unicodeScalars.prefix(WireLimits.oddityCharacters))
  }

  /// Whether a text anywhere in the value, a member's name included, holds what no text that we keep may hold.
  func forbiddenText(in index: Int) -> Int? {
    (index..<next(index)).first { nodes[$0].has(Node.forbidden) }
  }

  /// The recursion ends because the scanner refused more than `WireLimits.depth` levels.
  func tree(_ index: Int) -> JSON {
    let node = nodes[index]
    switch node.kind {
    case .null: return .null
    case .bool: return .bool(bool(index))
    case .number: return .number(JSONNumber(verified: rawText(index)))
    case .string: return .string(text(index))
    case .array:
      var elements: [JSON] = []
      elements.reserveCapacity(node.count)
      var at = index + 1
      while at < Int(node.next) {
        elements.append(tree(at))
        at = next(at)
      }
      return .array(elements)
    case .object:
      var members: [JSONObject.Member] = []
      members.reserveCapacity(node.count)
      var key = index + 1
      while key < Int(node.next) {
        members.append(JSONObject.Member(text(key), tree(key + 1)))
        key = next(key + 1)
      }
      return .object(JSONObject(members))
    }
  }

  /// The place of an entry below another, as "meterValue[0].sampledValue[2].value". Only evidence asks for it, so it is
  /// found by descending again instead of being carried along.
  func path(to target: Int, from start: Int) -> String {
    var path = ""
    var index = start
    while index != target {
      let node = nodes[index]
      guard target > index, target < Int(node.next) else { return path }
      var at = index + 1
      switch node.kind {
      case .array:
        var place = 0
        while next(at) <= target {
          at = next(at)
          place += 1
        }
        path += "[\(place)]"
        index = at
      case .object:
        while next(at + 1) <= target { at = next(at + 1) }
        path += (path.isEmpty ? "" : ".") + name(at)
        if target == at { return path }
        index = at + 1
      case .null, .bool, .number, .string:
        return path
      }
    }
    return path
  }
}

/// The value of a whole number of JSON; nil when it does not fit 64 bits.
func wholeNumber(_ digits: UnsafeBufferPointer<UInt8>) -> Int64? {
  guard let first = digits.first else { return nil }
  let negative = first == UInt8(ascii: "-")
  var value: Int64 = 0
  for digit in digits.dropFirst(negative ? 1 : 0) {
    let (tens, over) = value.multipliedReportingOverflow(by: 10)
    let units = Int64(digit &- UInt8(ascii: "0"))
    let (sum, overAgain) = negative ? tens.subtractingReportingOverflow(units) : tens.addingReportingOverflow(units)
    if over || overAgain { return nil }
    value = sum
  }
  return value
}

/// A string's text with its escapes resolved. The scanner has checked their form; a surrogate without its other half
/// becomes U+FFFD.
private func unescaped(_ inside: UnsafeBufferPointer<UInt8>) -> String {
  var text: [UInt8] = []
  text.reserveCapacity(inside.count)
  var at = 0

  func unit(_ from: Int) -> UInt32 {
    inside[from..<(from + 4)].reduce(0) { $0 << 4 | UInt32(hexValue($1) ?? 0) }
  }

  while at < inside.count {
    guard inside[at] == UInt8(ascii: "\\") else {
      text.append(inside[at])
      at += 1
      continue
    }
    let letter = inside[at + 1]
    at += 2
    switch letter {
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "u"):
      var value = unit(at)
      at += 4
      if (0xD800..<0xDC00).contains(value), at + 6 <= inside.count, inside[at] == UInt8(ascii: "\\"),
        inside[at + 1] == UInt8(ascii: "u"), (0xDC00..<0xE000).contains(unit(at + 2))
      {
        value = 0x10000 + (value - 0xD800) << 10 + (unit(at + 2) - 0xDC00)
        at += 6
      }
      text.append(contentsOf: String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
    default: text.append(letter)
    }
  }
  return String(decoding: text, as: UTF8.self)
}
