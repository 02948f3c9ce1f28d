// What can be wrong with a message: a flaw refuses it, an oddity is accepted and kept as evidence.

/// Why a message cannot be read, for the one who sent it.
public struct Flaw: Error, Equatable, Sendable {
  public enum Kind: Sendable, Equatable {
    /// A required field is absent or null.
    case missing
    /// A value that cannot be converted to the declared type.
    case wrongType
    /// A number outside the declared range, or beyond what the type can hold.
    case outOfRange
    /// Not JSON at all.
    case malformed
    /// A declared field that occurs twice, so that we cannot know which one is meant.
    case duplicateKey
    /// A text with NUL or a lone surrogate.
    case forbiddenText
  }

  /// "meterValue[0].sampledValue[2].value"; empty for the message itself.
  public var path: String
  public var kind: Kind
  /// For a person: what stood there, or what was expected.
  public var detail: String

  public init(path: String, kind: Kind, detail: String) {
    self.path = path
    self.kind = kind
    self.detail = detail
  }
}

/// Something that the declaration does not allow and that was understood anyway.
public struct Oddity: Equatable, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    /// A field that the walk does not declare, or not in this edition.
    case unknownField
    /// A text above its declared length; kept whole.
    case tooLong
    /// A number in quotes.
    case numberAsText
    /// A number or a boolean where a text is declared; its literal is the text.
    case notText
    /// "true" or "false" in quotes.
    case boolAsText
    /// A whole number written with a point or an exponent, as 5.0.
    case wholeDecimal
    /// A word outside the declared set. A required field keeps its first value, an optional one becomes nil, an element
    /// is dropped.
    case unknownWord
    /// A field that this edition requires and another one does not; it is taken for absent.
    case missing
    /// A decimal outside its declared range; kept.
    case outOfRange
    /// No time stamp. A required field keeps its first value, an optional one becomes nil: the reception time counts.
    case badTimestamp
    /// A time stamp that RFC 3339 would write otherwise: no zone (read as UTC), a short offset, a space for T.
    case timestampForm
    /// An array with fewer or more elements than declared; all are kept.
    case count
    /// A null among the elements of an array; dropped.
    case nullElement
    /// A text that should be a number and is none, such as "12,5"; passed over.
    case badNumber
    /// A message whose frame is broken, or was mended.
    case brokenFrame
    /// A message id that was used before, for something else.
    case repeatedID
    /// A required field that is absent, where it is known what that means.
    case absent
    /// An answer under another id than that of the call that it answers.
    case foreignID
    /// An answer that nobody waits for.
    case unasked
  }

  public var path: String
  public var kind: Kind
  /// The value as it was sent, cut to `WireLimits.oddityCharacters`.
  public var raw: String

  public init(path: String, kind: Kind, raw: String) {
    self.path = path
    self.kind = kind
    self.raw = raw
  }
}
