// The kinds of value that a field can have, and what each of them accepts, writes and declares.

/// A value of a declared field. The types of this file are all there are; messages add payloads and words.
public protocol WireValue: Sendable, Equatable {
  /// Reads the value at an entry of the reader's tape. Nil: an oddity was noted and there is no value to be had.
  static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> Self?
  func wireWrite(_ rule: FieldRule, _ writer: inout Writer)
  static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind
}

/// `Int` and `Int64`.
public protocol Whole: WireValue, FixedWidthInteger {}

extension Int: Whole {}
extension Int64: Whole {}

extension Whole {
  public static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> Self? {
    let value = try reader.whole(at)
    guard value >= rule.least, value <= rule.most, let whole = Self(exactly: value) else {
      throw reader.outOfRange(at, "a number between \(rule.least) and \(rule.most)")
    }
    return whole
  }

  public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) { writer.out.appendWhole(Int64(self)) }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind {
    .integer(least: rule.declaredLeast, most: rule.declaredMost)
  }
}

extension Bool: WireValue {
  public static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> Bool? {
    switch reader.tape.nodes[at].kind {
    case .bool:
      return reader.tape.bool(at)
    case .string:
      switch reader.tape.text(at).ciFolded {
      case "true":
        reader.note(.boolAsText, at)
        return true
      case "false":
        reader.note(.boolAsText, at)
        return false
      default: throw reader.wrongType(at, "true or false")
      }
    case .null, .number, .array, .object:
      throw reader.wrongType(at, "true or false")
    }
  }

  public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) { writer.literal(self ? "true" : "false") }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind { .boolean }
}

extension String: WireValue {
  public static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> String? {
    let node = reader.tape.nodes[at]
    switch node.kind {
    case .string:
      if node.has(JSONTape.Node.forbidden) { throw reader.forbidden(at) }
      let text = reader.tape.text(at)
      if text.utf8.count > rule.max, text.unicodeScalars.count > rule.max { reader.note(.tooLong, at) }
      return text
    case .number, .bool:
      reader.note(.notText, at)
      return reader.tape.rawText(at)
    case .null, .array, .object:
      throw reader.wrongType(at, "a text")
    }
  }

  public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) {
    guard rule.cut, utf8.count > rule.max, unicodeScalars.count > rule.max else {
      return writer.out.appendJSON(self)
    }
    writer.out.appendJSON(cutWhole(to: rule.max))
  }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind {
    .string(max: rule.max == .max ? nil : rule.max)
  }

  /// As many whole characters as fit, counted in scalars: an accent never loses its letter.
  private func cutWhole(to max: Int) -> String {
    var left = max
    return String(
      prefix { character in
        left -= character.unicodeScalars.count
        return left >= 0
      })
  }
}

extension Decimal: WireValue {
  public static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> Decimal? {
    switch reader.tape.nodes[at].kind {
    case .number:
      guard let value = reader.tape.decimal(at) else { throw reader.outOfRange(at, "a decimal of ordinary size") }
      rule.judge(value, at, &reader)
      return value
    case .string:
      let text = reader.tape.text(at)
      guard let value = Decimal(text) else {
        if isNumber(text) { throw reader.outOfRange(at, "a decimal of ordinary size") }
        throw reader.wrongType(at, "a number")
      }
      reader.note(.numberAsText, at)
      rule.judge(value, at, &reader)
      return value
    case .null, .bool, .array, .object:
      throw reader.wrongType(at, "a number")
    }
  }

  public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) { append(to: &writer.out) }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind {
    .decimal(least: rule.declaredLeast, most: rule.declaredMost)
  }
}

/// What a meter shows: a decimal, or a number of a size that no decimal has, which is noted and does not spoil the
/// message around it.
public struct Measured: WireValue {
  /// Nil where the number is of no ordinary size.
  public var decimal: Decimal?

  public init(_ decimal: Decimal?) { self.decimal = decimal }

  public static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> Measured? {
    do {
      return Measured(try Decimal.wireRead(at, rule, &reader))
    } catch {
      guard error.kind == .outOfRange else { throw error }
      reader.note(.outOfRange, at)
      return Measured(nil)
    }
  }

  public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) { (decimal ?? .zero).wireWrite(rule, &writer) }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind {
    Decimal.wireKind(rule, &outline)
  }
}

extension Timestamp: WireValue {
  public static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> Timestamp? {
    let node = reader.tape.nodes[at]
    switch node.kind {
    case .string:
      let parsed =
        node.has(JSONTape.Node.escaped)
        ? Timestamp.parse([UInt8](reader.tape.text(at).utf8))
        : reader.tape.bytes.withUnsafeBufferPointer {
          Timestamp.parse(UnsafeBufferPointer(rebasing: $0[(Int(node.start) + 1)..<(Int(node.end) - 1)]))
        }
      guard let (time, forms) = parsed else {
        reader.note(.badTimestamp, at)
        return nil
      }
      if !forms.isEmpty { reader.note(.timestampForm, at) }
      return time
    case .number, .bool:
      reader.note(.badTimestamp, at)
      return nil
    case .null, .array, .object:
      throw reader.wrongType(at, "a time stamp")
    }
  }

  public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) {
    writer.out.append(UInt8(ascii: "\""))
    append(to: &writer.out, fraction: writer.options.timestampFraction)
    writer.out.append(UInt8(ascii: "\""))
  }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind { .timestamp }
}

extension JSON: WireValue {
  public static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> JSON? {
    if let forbidden = reader.tape.forbiddenText(in: at) { throw reader.forbidden(forbidden) }
    return reader.tape.tree(at)
  }

  public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) { write(into: &writer.out) }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind { .any }
}

extension Word {
  @inlinable public static func wireRead(
    _ at: Int, _ rule: FieldRule, _ reader: inout Reader
  ) throws(Flaw) -> Self? {
    let text = try reader.word(at)
    if let word = Self(rawValue: text), word.since <= reader.edition { return word }
    reader.unknownWord(at)
    return otherwise
  }

  @inlinable public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) { writer.word(rawValue) }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind {
    let edition = outline.edition
    return .word(allCases.filter { $0.since <= edition }.map(\.rawValue))
  }
}

extension Payload {
  @inlinable public static func wireRead(
    _ at: Int, _ rule: FieldRule, _ reader: inout Reader
  ) throws(Flaw) -> Self? {
    let value: Self = try reader.object(at)
    return value
  }

  @inlinable public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) { writer.object(self) }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind {
    outline.object(of: Self.self)
  }
}

extension FieldRule {
  fileprivate var declaredLeast: Int64? { least == .min ? nil : least }
  fileprivate var declaredMost: Int64? { most == .max ? nil : most }

  fileprivate func judge(_ value: Decimal, _ at: Int, _ reader: inout Reader) {
    let isBelow = declaredLeast.map { value < Decimal($0) } ?? false
    let isAbove = declaredMost.map { value > Decimal($0) } ?? false
    if isBelow || isAbove { reader.note(.outOfRange, at) }
  }
}

extension Reader {
  /// The whole number at an entry, also from 5.0 and "5".
  mutating func whole(_ at: Int) throws(Flaw) -> Int64 {
    let node = tape.nodes[at]
    switch node.kind {
    case .number:
      if node.has(JSONTape.Node.whole) {
        guard let value = tape.int(at) else { throw outOfRange(at, "a number of 64 bits") }
        return value
      }
      let value = try whole(tape.decimal(at), at)
      note(.wholeDecimal, at)
      return value
    case .string:
      let text = tape.text(at)
      guard isNumber(text) else { throw wrongType(at, "a whole number") }
      let value = try whole(Decimal(text), at)
      note(.numberAsText, at)
      return value
    case .null, .bool, .array, .object:
      throw wrongType(at, "a whole number")
    }
  }

  private func whole(_ value: Decimal?, _ at: Int) throws(Flaw) -> Int64 {
    guard let value else { throw outOfRange(at, "a number of 64 bits") }
    guard value.isWhole else { throw wrongType(at, "a whole number") }
    guard let whole = value.asInt64(scaledBy: 0) else { throw outOfRange(at, "a number of 64 bits") }
    return whole
  }

  /// The text of a word; numbers and booleans are words that nobody declared.
  @usableFromInline func word(_ at: Int) throws(Flaw) -> String {
    switch tape.nodes[at].kind {
    case .string: return tape.text(at)
    case .number, .bool: return tape.rawText(at)
    case .null, .array, .object: throw wrongType(at, "a word")
    }
  }

  @usableFromInline mutating func unknownWord(_ at: Int) { note(.unknownWord, at) }
}

extension Writer {
  @usableFromInline mutating func word(_ text: String) { out.appendJSON(text) }
}

extension [UInt8] {
  mutating func appendWhole(_ value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    appendDigits(value.magnitude)
  }

  mutating func appendDigits(_ value: UInt64) {
    var rest = value
    var length = 1
    var power: UInt64 = 10
    while length < 20, rest >= power {
      length += 1
      power = length < 20 ? power &* 10 : power
    }
    let start = count
    append(contentsOf: repeatElement(UInt8(ascii: "0"), count: length))
    var at = start + length
    while rest > 0 {
      at -= 1
      self[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }
}
