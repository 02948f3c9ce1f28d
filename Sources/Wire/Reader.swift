// Reading a payload from JSON: lenient where the field is odd, strict where a value would be invented, evidence kept.

/// A payload that was read, with everything about it that was odd.
public struct Read<P: Payload>: Sendable, Equatable {
  public var value: P
  /// The first `WireLimits.odditiesKept` of them.
  public var oddities: [Oddity]
  /// How many there were in all.
  public var oddityCount: Int

  @usableFromInline init(_ value: P, _ reader: borrowing Reader) {
    self.value = value
    oddities = reader.oddities
    oddityCount = reader.oddityCount
  }
}

extension Payload {
  /// Reads the payload from one JSON document.
  @inlinable public static func read(_ bytes: [UInt8], edition: Edition = .any) throws(Flaw) -> Read<Self> {
    try read(Flaw.tape { () throws(JSONFault) in try JSONTape(bytes) }.root, edition: edition)
  }

  /// - Parameter isBounded: whether whole numbers must be within their declared bounds.
  @inlinable public static func read(
    _ json: JSON, edition: Edition = .any, isBounded: Bool = true
  ) throws(Flaw) -> Read<Self> {
    var reader = Reader(try Flaw.tape { () throws(JSONFault) in try JSONTape(json.bytes) }.root, edition: edition)
    reader.isBounded = isBounded
    let value: Self = try reader.object(reader.root)
    return Read(value, reader)
  }

  /// Reads the payload from a part of a document that is indexed already. Paths of flaws and oddities start there.
  @inlinable public static func read(_ element: JSONTape.Element, edition: Edition = .any) throws(Flaw) -> Read<Self> {
    var reader = Reader(element, edition: edition)
    let value: Self = try reader.object(reader.root)
    return Read(value, reader)
  }
}

extension Flaw {
  @usableFromInline static func tape(_ make: () throws(JSONFault) -> JSONTape) throws(Flaw) -> JSONTape {
    do {
      return try make()
    } catch {
      throw Flaw(path: "", kind: .malformed, detail: "\(error)")
    }
  }
}

/// The walker that fills a payload from a tape. It tries the next member first, because most senders keep the usual
/// order, and searches the object otherwise; no key becomes a String, nothing is hashed.
public struct Reader: Walker {
  public let edition: Edition
  public private(set) var oddities: [Oddity] = []
  public private(set) var oddityCount = 0
  /// Whether whole numbers must be within their declared bounds.
  @usableFromInline var isBounded = true

  let tape: JSONTape
  @usableFromInline let root: Int
  @usableFromInline var place = Place()

  /// Where the walk stands in the object that it visits.
  @usableFromInline struct Place {
    var object = 0
    /// The key that is tried first, and the entry after the last value.
    var cursor = 0
    var end = 0
    var members = 0
    /// Members that a declared field has claimed.
    var claimed = 0

    @usableFromInline init() {}
  }

  @usableFromInline init(_ element: JSONTape.Element, edition: Edition) {
    tape = element.tape
    root = element.index
    self.edition = edition
  }

  @inlinable public mutating func field<V: WireValue>(
    _ name: StaticString, _ value: inout V, _ rule: FieldRule
  ) throws(Flaw) {
    guard rule.isCarried(by: edition) else { return }
    guard let at = seek(name) else { throw missing(name) }
    if let read = try V.wireRead(at, rule, &self) { value = read }
  }

  @inlinable public mutating func field<V: WireValue>(
    _ name: StaticString, _ value: inout V?, _ rule: FieldRule
  ) throws(Flaw) {
    guard rule.isCarried(by: edition) else { return }
    guard let at = seek(name) else {
      value = nil
      if rule.isExpected { noteMissing(name) }
      return
    }
    value = try V.wireRead(at, rule, &self)
  }

  @inlinable public mutating func list<V: WireValue>(
    _ name: StaticString, _ values: inout [V], _ rule: FieldRule
  ) throws(Flaw) {
    guard rule.isCarried(by: edition) else { return }
    guard let at = seek(name) else { throw missing(name) }
    values = try array(at, rule)
  }

  @inlinable public mutating func list<V: WireValue>(
    _ name: StaticString, _ values: inout [V]?, _ rule: FieldRule
  ) throws(Flaw) {
    guard rule.isCarried(by: edition) else { return }
    guard let at = seek(name) else {
      values = nil
      return
    }
    values = try array(at, rule)
  }

  // MARK: Objects and arrays

  @inlinable mutating func object<P: Payload>(_ at: Int) throws(Flaw) -> P {
    let outer = try enter(at)
    var value = P()
    try value.walk(&self)
    if hasUnclaimed {
      var declared = DeclaredNames(edition: edition)
      try value.walk(&declared)
      try judgeUnclaimed(declared.names)
    }
    place = outer
    return value
  }

  @inlinable mutating func array<V: WireValue>(_ at: Int, _ rule: FieldRule) throws(Flaw) -> [V] {
    let count = try open(at, rule)
    var values: [V] = []
    values.reserveCapacity(count)
    var element = at + 1
    for _ in 0..<count {
      if !isNullElement(element), let value = try V.wireRead(element, rule, &self) { values.append(value) }
      element = after(element)
    }
    return values
  }

  @usableFromInline mutating func enter(_ at: Int) throws(Flaw) -> Place {
    let node = tape.nodes[at]
    guard node.kind == .object else { throw wrongType(at, "an object") }
    let outer = place
    place.object = at
    place.cursor = at + 1
    place.end = Int(node.next)
    place.members = node.count
    place.claimed = 0
    return outer
  }

  @usableFromInline mutating func open(_ at: Int, _ rule: FieldRule) throws(Flaw) -> Int {
    let node = tape.nodes[at]
    guard node.kind == .array else { throw wrongType(at, "an array") }
    if node.count < rule.fewest || node.count > rule.mostElements { note(.count, at) }
    return node.count
  }

  @usableFromInline mutating func isNullElement(_ at: Int) -> Bool {
    guard tape.isNull(at) else { return false }
    note(.nullElement, at)
    return true
  }

  @usableFromInline func after(_ at: Int) -> Int { tape.next(at) }

  /// The entry of the member's value; nil when it is absent or null.
  @usableFromInline mutating func seek(_ name: StaticString) -> Int? {
    guard place.claimed < place.members else { return nil }
    let start = place.cursor
    var key = start
    while key < place.end {
      if tape.isKey(key, name) { return claim(key) }
      key = tape.next(key + 1)
    }
    key = place.object + 1
    while key < start {
      if tape.isKey(key, name) { return claim(key) }
      key = tape.next(key + 1)
    }
    return nil
  }

  private mutating func claim(_ key: Int) -> Int? {
    place.claimed += 1
    place.cursor = tape.next(key + 1)
    return tape.isNull(key + 1) ? nil : key + 1
  }

  @usableFromInline var hasUnclaimed: Bool { place.claimed < place.members }

  /// Some member was claimed by no field: either nobody declares it, or a declared one occurs again.
  @usableFromInline mutating func judgeUnclaimed(_ names: [StaticString]) throws(Flaw) {
    var seen = [Bool](repeating: false, count: names.count)
    var key = place.object + 1
    while key < place.end {
      if let field = names.firstIndex(where: { tape.isKey(key, $0) }) {
        if seen[field] { throw Flaw(path: path(key + 1), kind: .duplicateKey, detail: "it occurs more than once") }
        seen[field] = true
      } else if let free = edition.freeField, tape.isKey(key, free) {
        // It is kept with the raw payload alone.
      } else {
        note(.unknownField, key + 1)
      }
      key = tape.next(key + 1)
    }
  }

  // MARK: Evidence

  mutating func note(_ kind: Oddity.Kind, _ at: Int) {
    oddityCount += 1
    guard oddities.count < WireLimits.odditiesKept else { return }
    oddities.append(Oddity(path: path(at), kind: kind, raw: excerpt(at)))
  }

  @usableFromInline mutating func noteMissing(_ name: StaticString) {
    let flaw = missing(name)
    oddityCount += 1
    guard oddities.count < WireLimits.odditiesKept else { return }
    oddities.append(Oddity(path: flaw.path, kind: .missing, raw: ""))
  }

  @usableFromInline func missing(_ name: StaticString) -> Flaw {
    let parent = path(place.object)
    let detail = "the field is required"
    return Flaw(path: parent.isEmpty ? "\(name)" : "\(parent).\(name)", kind: .missing, detail: detail)
  }

  func wrongType(_ at: Int, _ wanted: String) -> Flaw {
    Flaw(path: path(at), kind: .wrongType, detail: "\(wanted) is expected, not \(excerpt(at))")
  }

  func outOfRange(_ at: Int, _ wanted: String) -> Flaw {
    Flaw(path: path(at), kind: .outOfRange, detail: "\(wanted) is expected, not \(excerpt(at))")
  }

  func forbidden(_ at: Int) -> Flaw {
    Flaw(path: path(at), kind: .forbiddenText, detail: "the text holds NUL or half a surrogate pair")
  }

  private func path(_ at: Int) -> String { tape.path(to: at, from: root) }

  private func excerpt(_ at: Int) -> String {
    // Four bytes hold any character, so nothing that is kept is cut here, and a megabyte of text costs nothing.
    let range = tape.range(at)
    let bytes = tape.bytes[range.prefix(WireLimits.oddityCharacters * 4)]
    return String(String(decoding: bytes, as: UTF8.self).unicodeScalars.prefix(WireLimits.oddityCharacters))
  }
}

/// Gathers the names of the fields that a walk declares for an edition.
@usableFromInline struct DeclaredNames: Walker {
  @usableFromInline let edition: Edition
  @usableFromInline var names: [StaticString] = []

  @usableFromInline init(edition: Edition) { self.edition = edition }

  private mutating func add(_ name: StaticString, _ rule: FieldRule) {
    if rule.isCarried(by: edition) { names.append(name) }
  }

  @usableFromInline mutating func field<V: WireValue>(_ name: StaticString, _ value: inout V, _ rule: FieldRule) {
    add(name, rule)
  }

  @usableFromInline mutating func field<V: WireValue>(_ name: StaticString, _ value: inout V?, _ rule: FieldRule) {
    add(name, rule)
  }

  @usableFromInline mutating func list<V: WireValue>(_ name: StaticString, _ values: inout [V], _ rule: FieldRule) {
    add(name, rule)
  }

  @usableFromInline mutating func list<V: WireValue>(_ name: StaticString, _ values: inout [V]?, _ rule: FieldRule) {
    add(name, rule)
  }
}
