// JSON as a tree, for values whose form nobody declared: kept as they came, number for number, member for member.

/// Any JSON value. Numbers keep their literal text and objects their order, so reading and writing loses nothing but
/// space. Two values are equal when they are written alike: `1.0` is not `1`, and the order of members counts.
public enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSON])
  case object(JSONObject)

  /// Reads one document (RFC 8259, strict, bounded by `WireLimits`). A lone surrogate becomes U+FFFD.
  public static func parse(_ bytes: [UInt8]) throws(JSONFault) -> JSON { try JSONTape(bytes).root.json }
  public static func parse(_ text: String) throws(JSONFault) -> JSON { try JSONTape([UInt8](text.utf8)).root.json }

  /// Compact UTF-8.
  public var bytes: [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(64)
    write(into: &out)
    return out
  }

  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// For people: two spaces of indent per level, a space after each colon.
  public var pretty: String {
    var out: [UInt8] = []
    writePretty(into: &out, indent: 0)
    return String(decoding: out, as: UTF8.self)
  }

  public var isNull: Bool { self == .null }
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var number: JSONNumber? { if case .number(let value) = self { value } else { nil } }
  /// The number, when it is written as a whole number of 64 bits.
  public var int: Int64? { number?.int }
  public var decimal: Decimal? { number?.decimal }
  public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
  public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

  /// The last member of that name; nil when there is none or this is no object. Setting on anything else makes an
  /// object.
  public subscript(key: String) -> JSON? {
    get { object?[key] }
    set {
      var members = object ?? JSONObject()
      members[key] = newValue
      self = .object(members)
    }
  }

  /// The element at that place, nil past either end or when this is no array.
  public subscript(place: Int) -> JSON? {
    guard case .array(let elements) = self, elements.indices.contains(place) else { return nil }
    return elements[place]
  }
}

/// A number as it was written, so that no digit is lost on the way through.
public struct JSONNumber: Sendable, Hashable {
  public let text: String

  /// Nil unless the text is a number by the grammar of RFC 8259 within `WireLimits.numberBytes`.
  public init?(_ text: String) {
    guard isNumber(text) else { return nil }
    self.text = text
  }

  public init(_ value: some BinaryInteger) { text = String(value) }
  public init(_ value: Decimal) { text = value.description }

  init(verified text: String) { self.text = text }

  /// The value, when it is written without point and exponent and fits 64 bits.
  public var int: Int64? { Int64(text) }
  /// The exact value; nil beyond the bounds of `Decimal`.
  public var decimal: Decimal? { Decimal(text) }
}

/// The members of an object in their order. A name that occurs twice is kept twice; the last one is found.
public struct JSONObject: Sendable, Equatable {
  public struct Member: Sendable, Equatable {
    public var key: String
    public var value: JSON

    public init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }
  }

  public var members: [Member]

  public init(_ members: [Member] = []) { self.members = members }

  public var keys: [String] { members.map(\.key) }
  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }

  /// Setting replaces the member that would be found, or appends; setting nil removes every member of that name.
  public subscript(key: String) -> JSON? {
    get { members.last { $0.key == key }?.value }
    set {
      guard let newValue else {
        members.removeAll { $0.key == key }
        return
      }
      if let place = members.lastIndex(where: { $0.key == key }) {
        members[place].value = newValue
      } else {
        members.append(Member(key, newValue))
      }
    }
  }
}

/// Why bytes are not JSON, with the offset of the first byte that cannot be right.
public enum JSONFault: Error, Equatable, Sendable {
  /// The document ends too early; an empty one too.
  case truncated
  /// A byte that the grammar does not allow there, a trailing document included.
  case unexpected(at: Int)
  /// A literal that breaks the number grammar, or one longer than `WireLimits.numberBytes`.
  case badNumber(at: Int)
  case badEscape(at: Int)
  /// A control character that is not escaped.
  case controlCharacter(at: Int)
  case badUTF8(at: Int)
  /// RFC 8259, 8.1: we neither add nor ignore one.
  case byteOrderMark
  /// More than `WireLimits.depth` arrays and objects open.
  case tooDeep(at: Int)
  /// More than `WireLimits.documentBytes` or `WireLimits.documentNodes`.
  case tooLarge
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(nilLiteral: ()) { self = .null }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
  /// A literal is finite, so its description is a JSON number.
  public init(floatLiteral value: Double) { self = .number(JSONNumber(verified: value.description)) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(JSONObject(elements.map { JSONObject.Member($0.0, $0.1) }))
  }
}

extension JSONNumber: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int64) { self.init(value) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSON)...) { members = elements.map { Member($0.0, $0.1) } }
}

// MARK: - Writing

extension JSON {
  /// Appends the compact form.
  public func write(into out: inout [UInt8]) {
    switch self {
    case .null: out.append(contentsOf: "null".utf8)
    case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
    case .number(let value): out.append(contentsOf: value.text.utf8)
    case .string(let value): out.appendJSON(value)
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (place, element) in elements.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        element.write(into: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let object):
      out.append(UInt8(ascii: "{"))
      for (place, member) in object.members.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        out.appendJSON(member.key)
        out.append(UInt8(ascii: ":"))
        member.value.write(into: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  private func writePretty(into out: inout [UInt8], indent: Int) {
    func line(_ indent: Int) {
      out.append(UInt8(ascii: "\n"))
      out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * 2))
    }
    switch self {
    case .array(let elements) where !elements.isEmpty:
      out.append(UInt8(ascii: "["))
      for (place, element) in elements.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        line(indent + 1)
        element.writePretty(into: &out, indent: indent + 1)
      }
      line(indent)
      out.append(UInt8(ascii: "]"))
    case .object(let object) where !object.isEmpty:
      out.append(UInt8(ascii: "{"))
      for (place, member) in object.members.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        line(indent + 1)
        out.appendJSON(member.key)
        out.append(contentsOf: ": ".utf8)
        member.value.writePretty(into: &out, indent: indent + 1)
      }
      line(indent)
      out.append(UInt8(ascii: "}"))
    case .null, .bool, .number, .string, .array, .object:
      write(into: &out)
    }
  }
}

extension [UInt8] {
  /// The text as a JSON string: quotes, backslash and control characters escaped, all else as UTF-8.
  mutating func appendJSON(_ text: String) {
    append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { appendEscaped($0) }
    append(UInt8(ascii: "\""))
  }

  private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
    func isSpecial(_ byte: UInt8) -> Bool {
      byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }
    // Nearly no text has any: without a way out in its middle this loop looks at sixteen bytes at once.
    var specials: UInt8 = 0
    for byte in text { specials |= isSpecial(byte) ? 1 : 0 }
    guard specials != 0 else { return append(contentsOf: text) }
    var plain = 0
    for at in text.indices {
      let byte = text[at]
      guard isSpecial(byte) else { continue }
      append(contentsOf: UnsafeBufferPointer(rebasing: text[plain..<at]))
      plain = at + 1
      append(UInt8(ascii: "\\"))
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
      case 0x08: append(UInt8(ascii: "b"))
      case 0x09: append(UInt8(ascii: "t"))
      case 0x0A: append(UInt8(ascii: "n"))
      case 0x0C: append(UInt8(ascii: "f"))
      case 0x0D: append(UInt8(ascii: "r"))
      default:
        append(contentsOf: "u00".utf8)
        append(hexDigit(byte >> 4))
        append(hexDigit(byte & 15))
      }
    }
    append(contentsOf: UnsafeBufferPointer(rebasing: text[plain...]))
  }
}
