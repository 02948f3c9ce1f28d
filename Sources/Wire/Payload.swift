// A message is declared once: its fields, their limits and their editions in one walk, which every visitor follows.

/// A JSON object with declared fields. Its `walk` visits each field in the usual order; `Reader`, `Writer` and `Shape`
/// are visitors of it, so they cannot disagree. A walk may ask `w.edition`, but throws only what its visits throw.
public protocol Payload: WireValue {
  init()
  mutating func walk(_ w: inout some Walker) throws(Flaw)
}

/// A visitor of a walk. Call sites use the `visit` functions below; a walker implements the four kinds of place.
public protocol Walker {
  /// The edition of the protocol that is read or written; fields that it does not carry are passed over.
  var edition: Edition { get }

  mutating func field<V: WireValue>(_ name: StaticString, _ value: inout V, _ rule: FieldRule) throws(Flaw)
  mutating func field<V: WireValue>(_ name: StaticString, _ value: inout V?, _ rule: FieldRule) throws(Flaw)
  mutating func list<V: WireValue>(_ name: StaticString, _ values: inout [V], _ rule: FieldRule) throws(Flaw)
  mutating func list<V: WireValue>(_ name: StaticString, _ values: inout [V]?, _ rule: FieldRule) throws(Flaw)
}

/// A closed set of words, spelled as they stand in the message.
public protocol Word: WireValue, RawRepresentable, CaseIterable where RawValue == String {
  /// The first edition that has the word; an older one takes it for unknown.
  var since: Edition { get }
  /// What a word that is not known counts for; nil where the field is passed over.
  static var otherwise: Self? { get }
}

extension Word {
  @inlinable public var since: Edition { .first }
  @inlinable public static var otherwise: Self? { nil }
}

/// A place in the order of a protocol's editions. The rooms of the protocols name theirs:
/// `extension Edition { static let v201 = Edition(201), v21 = Edition(210) }`.
public struct Edition: Sendable, Hashable, Comparable {
  public let order: Int
  /// A field that every object may carry beside those declared, whatever it holds: it is passed over without a note.
  public let freeField: StaticString?

  @inlinable public init(_ order: Int, freeField: StaticString? = nil) {
    self.order = order
    self.freeField = freeField
  }

  /// Before every edition.
  @inlinable public static var first: Edition { Edition(.min) }
  /// After every edition; as the edition of a walker it carries every field, also those that ended.
  @inlinable public static var any: Edition { Edition(.max) }

  @inlinable public static func < (left: Edition, right: Edition) -> Bool { left.order < right.order }
  @inlinable public static func == (left: Edition, right: Edition) -> Bool { left.order == right.order }
  @inlinable public func hash(into hasher: inout Hasher) { hasher.combine(order) }
}

/// What a declaration says about a field beside its name and type.
public struct FieldRule: Sendable {
  /// Numbers: the least and the greatest allowed. A whole number outside is refused, a decimal is kept and noted.
  public var least = Int64.min
  public var most = Int64.max
  /// Texts: how many characters (Unicode scalars, as JSON Schema counts).
  public var max = Int.max
  /// Texts: whether the Writer shortens to `max`. For what people read, never for ids.
  public var cut = false
  /// Texts: whether one that is neither id nor code may hold every mark that can be printed, and not ASCII's alone.
  public var isUnicode = false
  /// Arrays: how few and how many elements.
  public var fewest = 0
  public var mostElements = Int.max
  /// The first edition that has the field, and the first one that no longer has it.
  public var since = Edition.first
  public var until = Edition.any
  /// An optional field that this edition wants all the same, as another one does not: it is noted where it is absent.
  public var isExpected = false

  @usableFromInline init(_ since: Edition, _ until: Edition) {
    self.since = since
    self.until = until
  }

  /// A text of so many characters, for types that are read as texts.
  public static func text(max: Int) -> FieldRule { FieldRule(.first, .any).text(max, false) }

  /// Whether a walker of that edition sees the field.
  @inlinable public func isCarried(by edition: Edition) -> Bool {
    edition == .any || (since <= edition && edition < until)
  }

  @usableFromInline func expected(_ isExpected: Bool) -> FieldRule {
    var rule = self
    rule.isExpected = isExpected
    return rule
  }

  @usableFromInline func bounded(_ range: some WholeBounds) -> FieldRule {
    var rule = self
    rule.least = range.least
    rule.most = range.most
    return rule
  }

  @usableFromInline func text(_ max: Int, _ cut: Bool, isUnicode: Bool = false) -> FieldRule {
    var rule = self
    rule.max = max
    rule.cut = cut
    rule.isUnicode = isUnicode
    return rule
  }

  @usableFromInline func counted(_ range: some WholeBounds) -> FieldRule {
    var rule = self
    rule.fewest = Int(Swift.max(range.least, 0))
    rule.mostElements = Int(range.most)
    return rule
  }
}

/// `0...`, `...9` or `0...9` beside a field.
public protocol WholeBounds<Bound>: Sendable {
  associatedtype Bound
  var least: Int64 { get }
  var most: Int64 { get }
}

extension ClosedRange: WholeBounds where Bound: Whole {
  @inlinable public var least: Int64 { Int64(lowerBound) }
  @inlinable public var most: Int64 { Int64(upperBound) }
}

extension PartialRangeFrom: WholeBounds where Bound: Whole {
  @inlinable public var least: Int64 { Int64(lowerBound) }
  @inlinable public var most: Int64 { .max }
}

extension PartialRangeThrough: WholeBounds where Bound: Whole {
  @inlinable public var least: Int64 { .min }
  @inlinable public var most: Int64 { Int64(upperBound) }
}

// MARK: - The visits of a walk

/// A field whose Swift type is not optional must be there; null counts as absent. `since:` is the first edition that
/// has the field, `until:` the first that no longer has it. `expected:` says of an optional one that the edition at hand
/// requires it.
extension Walker {
  /// Any value without a limit of its own: Bool, Decimal, Timestamp, JSON, words, payloads, unbounded numbers and
  /// texts.
  @inlinable public mutating func visit<V: WireValue>(
    _ name: StaticString, _ value: inout V, since: Edition = .first, until: Edition = .any
  ) throws(Flaw) {
    try field(name, &value, FieldRule(since, until))
  }

  @inlinable public mutating func visit<V: WireValue>(
    _ name: StaticString, _ value: inout V?, since: Edition = .first, until: Edition = .any, expected: Bool = false
  ) throws(Flaw) {
    try field(name, &value, FieldRule(since, until).expected(expected))
  }

  /// An array; `count:` bounds its elements.
  @inlinable public mutating func visit<V: WireValue>(
    _ name: StaticString, _ values: inout [V], count: some WholeBounds<Int> = 0..., since: Edition = .first,
    until: Edition = .any
  ) throws(Flaw) {
    try list(name, &values, FieldRule(since, until).counted(count))
  }

  @inlinable public mutating func visit<V: WireValue>(
    _ name: StaticString, _ values: inout [V]?, count: some WholeBounds<Int> = 0..., since: Edition = .first,
    until: Edition = .any
  ) throws(Flaw) {
    try list(name, &values, FieldRule(since, until).counted(count))
  }

  /// A whole number within a range.
  @inlinable public mutating func visit<V: Whole>(
    _ name: StaticString, _ value: inout V, _ range: some WholeBounds<V>, since: Edition = .first,
    until: Edition = .any
  ) throws(Flaw) {
    try field(name, &value, FieldRule(since, until).bounded(range))
  }

  @inlinable public mutating func visit<V: Whole>(
    _ name: StaticString, _ value: inout V?, _ range: some WholeBounds<V>, since: Edition = .first,
    until: Edition = .any
  ) throws(Flaw) {
    try field(name, &value, FieldRule(since, until).bounded(range))
  }

  @inlinable public mutating func visit<V: Whole>(
    _ name: StaticString, _ values: inout [V], _ range: some WholeBounds<V>, count: some WholeBounds<Int> = 0...,
    since: Edition = .first, until: Edition = .any
  ) throws(Flaw) {
    try list(name, &values, FieldRule(since, until).bounded(range).counted(count))
  }

  @inlinable public mutating func visit<V: Whole>(
    _ name: StaticString, _ values: inout [V]?, _ range: some WholeBounds<V>, count: some WholeBounds<Int> = 0...,
    since: Edition = .first, until: Edition = .any
  ) throws(Flaw) {
    try list(name, &values, FieldRule(since, until).bounded(range).counted(count))
  }

  /// A decimal within a range of whole bounds; one outside is read and noted.
  @inlinable public mutating func visit(
    _ name: StaticString, _ value: inout Decimal, _ range: some WholeBounds<Int>, since: Edition = .first,
    until: Edition = .any
  ) throws(Flaw) {
    try field(name, &value, FieldRule(since, until).bounded(range))
  }

  @inlinable public mutating func visit(
    _ name: StaticString, _ value: inout Decimal?, _ range: some WholeBounds<Int>, since: Edition = .first,
    until: Edition = .any
  ) throws(Flaw) {
    try field(name, &value, FieldRule(since, until).bounded(range))
  }

  /// A text of at most `max` characters. A longer one is read whole and noted; it is written whole too, unless `cut`.
  @inlinable public mutating func visit(
    _ name: StaticString, _ value: inout String, max: Int, cut: Bool = false, isUnicode: Bool = false,
    since: Edition = .first, until: Edition = .any
  ) throws(Flaw) {
    try field(name, &value, FieldRule(since, until).text(max, cut, isUnicode: isUnicode))
  }

  @inlinable public mutating func visit(
    _ name: StaticString, _ value: inout String?, max: Int, cut: Bool = false, since: Edition = .first,
    until: Edition = .any, expected: Bool = false
  ) throws(Flaw) {
    try field(name, &value, FieldRule(since, until).text(max, cut).expected(expected))
  }

  @inlinable public mutating func visit(
    _ name: StaticString, _ values: inout [String], max: Int, cut: Bool = false,
    count: some WholeBounds<Int> = 0..., since: Edition = .first, until: Edition = .any
  ) throws(Flaw) {
    try list(name, &values, FieldRule(since, until).text(max, cut).counted(count))
  }

  @inlinable public mutating func visit(
    _ name: StaticString, _ values: inout [String]?, max: Int, cut: Bool = false,
    count: some WholeBounds<Int> = 0..., since: Edition = .first, until: Edition = .any
  ) throws(Flaw) {
    try list(name, &values, FieldRule(since, until).text(max, cut).counted(count))
  }
}
