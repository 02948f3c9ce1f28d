// OCPP 2.x: what its two editions differ in, beside fields and words that say `since: .v21` themselves.

import Wire

/// The messages of OCPP 2.0.1 (edition 2) and 2.1, declared once for both. Clauses such as `E03` are those of the
/// functional blocks in Part 2.
public enum V2 {}

extension Edition {
  /// OCPP 2.0.1.
  public static let v201 = Edition(201, freeField: "customData")
  /// OCPP 2.1.
  public static let v21 = Edition(210, freeField: "customData")
}

extension Walker {
  /// Characters that a text may have: 2.1 allows more than 2.0.1.
  func limit(_ v201: Int, v21: Int) -> Int { edition < .v21 ? v201 : v21 }

  /// What 2.1 declares as zero or more. 2.0.1 declares no bound, and its stations may send -1 for "none".
  var natural: PartialRangeFrom<Int> { edition < .v21 ? Int.min... : 0... }

  /// What 2.1 declares as one or more.
  var positive: PartialRangeFrom<Int> { edition < .v21 ? Int.min... : 1... }

  /// What 2.1 bounds on both sides.
  func range(_ least: Int, _ most: Int) -> ClosedRange<Int> { edition < .v21 ? Int.min...Int.max : least...most }
}

/// A word of a set that 2.1 opened: 2.0.1 lists the words, 2.1 takes any text of 20 characters. What 2.0.1 does not know
/// is noted and kept.
public enum OpenWord<W: Word>: WireValue {
  case known(W)
  case other(String)

  public init(_ text: String) { self = W(rawValue: text).map { .known($0) } ?? .other(text) }

  /// The listed word, also where only its letter case is another.
  public var word: W? {
    switch self {
    case .known(let word): return word
    case .other(let text):
      let folded = text.ciFolded
      return W.allCases.first { $0.rawValue.ciFolded == folded }
    }
  }

  public var text: String {
    switch self {
    case .known(let word): word.rawValue
    case .other(let text): text
    }
  }

  private static var open: FieldRule { .text(max: 20) }

  public static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> OpenWord? {
    guard reader.edition < .v21 else { return try String.wireRead(at, open, &reader).map { OpenWord($0) } }
    switch try Loose<W>.wireRead(at, rule, &reader) {
    case .known(let word): return .known(word)
    case .other(let text): return .other(text)
    case nil: return nil
    }
  }

  public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) { text.wireWrite(rule, &writer) }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind {
    outline.edition < .v21 ? W.wireKind(rule, &outline) : String.wireKind(open, &outline)
  }
}

/// A number that 2.0.1 declares as whole and 2.1 as decimal: read from any, written as the edition wants it.
public struct Measure: WireValue {
  public var value: Decimal

  public init(_ value: Decimal = .zero) { self.value = value }

  public static func wireRead(_ at: Int, _ rule: FieldRule, _ reader: inout Reader) throws(Flaw) -> Measure? {
    try Decimal.wireRead(at, rule, &reader).map { Measure($0) }
  }

  public func wireWrite(_ rule: FieldRule, _ writer: inout Writer) {
    (writer.edition < .v21 ? value.rounded(toPlaces: 0, .halfUp) : value).wireWrite(rule, &writer)
  }

  public static func wireKind(_ rule: FieldRule, _ outline: inout Outline) -> Shape.Kind {
    outline.edition < .v21 ? Int.wireKind(rule, &outline) : Decimal.wireKind(rule, &outline)
  }
}
