// A word of a declared set that is kept also where a station sends another one.

import Wire

/// A word as a station wrote it: one of the declared set, or any other text, which is noted as an oddity and kept.
/// Letter case is forgiven. What we write ourselves is always a declared word.
public enum Loose<W: Word>: WireValue {
  case known(W)
  case other(String)

  public init(_ text: String) { self = W(rawValue: text).map { .known($0) } ?? .other(text) }

  /// The declared word, also where only its letter case was wrong.
  public var word: W? {
    switch self {
    case .known(let word): return word
    case .other(let text):
      let folded = text.ciFolded
      return W.allCases.first { $0.rawValue.ciFolded == folded }
    }
  }

  /// As it was written.
  public var text: String {
    switch self {
    case .known(let word): word.rawValue
    case .other(let text): text
    }
  }

  public static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> Loose? {
    if let word = try W.wireRead(at, rule, &reader) { return .known(word) }
    guard let text = try String.wireRead(at, rule, &reader) else { return nil }
    return .other(text)
  }

  public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) {
    switch self {
    case .known(let word): word.wireWrite(rule, &writer)
    case .other(let text): text.wireWrite(rule, &writer)
    }
  }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind { W.wireKind(rule, &outline) }
}

/// A meter's register in Wh. Declared as a whole number, read from any decimal, because a session must not be lost for
/// a fraction; written as a whole number.
public struct Register: WireValue {
  public var wattHours: Decimal

  public init(_ wattHours: Decimal = .zero) { self.wattHours = wattHours }

  public static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> Register? {
    try Decimal.wireRead(at, rule, &reader).map { Register($0) }
  }

  public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) {
    wattHours.rounded(toPlaces: 0, .halfUp).wireWrite(rule, &writer)
  }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind {
    Int64.wireKind(rule, &outline)
  }
}

/// Data between vendors: declared as a text, but some stations send objects and numbers, which are kept as they are.
public struct FreeData: WireValue {
  public var json: JSON

  public init(_ json: JSON) { self.json = json }

  public static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> FreeData? {
    try JSON.wireRead(at, rule, &reader).map { FreeData($0) }
  }

  public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) { json.wireWrite(rule, &writer) }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind {
    String.wireKind(rule, &outline)
  }

  /// The text itself, or other JSON as it would be written.
  public var text: String { json.string ?? json.text }
}
