import Domain
import Wire

/// Checks an object before it leaves: every text within its length, every id in printable ASCII, every number with at
/// most four decimals, every list as long as it must be (OCPI 2.2.1 §17: types). Texts that people read are cut by the
/// Writer; an id that does not fit makes the whole object unfit, because a cut id is another id. What an object may do
/// without is left out instead where the object says so (`Trimmed`).
struct Fitness: Walker {
  let edition: Edition
  /// Where the walk is. Only what is unfit has its place spelled.
  private var path: [Step] = []

  private enum Step {
    case field(StaticString)
    case element(StaticString, Int)

    var text: String {
      switch self {
      case .field(let name): "\(name)"
      case .element(let name, let place): "\(name)[\(place)]"
      }
    }
  }

  /// - Throws: `PushFault.unfit` with the field and what is wrong with it.
  static func check(_ object: some Payload, in edition: Edition) throws(PushFault) {
    if let flaw = flaw(of: object, in: edition) { throw .unfit("\(flaw.path): \(flaw.detail)") }
  }

  /// Takes away what does not fit and need not be there; what was taken is told as what the version cannot say.
  static func trim(_ object: inout some Trimmed, _ fitting: inout Fitting) {
    while let flaw = flaw(of: object, in: fitting.edition), let part = object.leaveOut(flaw.path) { fitting.lose(part) }
  }

  private static func flaw(of object: some Payload, in edition: Edition) -> Flaw? {
    var object = object
    var fitness = Fitness(edition: edition)
    do throws(Flaw) { try object.walk(&fitness) } catch { return error }
    return nil
  }

  private init(edition: Edition) { self.edition = edition }

  mutating func field<V: WireValue>(_ name: StaticString, _ value: inout V, _ rule: FieldRule) throws(Flaw) {
    if rule.isCarried(by: edition) { try judge(name, value, rule, isRequired: true) }
  }

  mutating func field<V: WireValue>(_ name: StaticString, _ value: inout V?, _ rule: FieldRule) throws(Flaw) {
    if let value, rule.isCarried(by: edition) { try judge(name, value, rule, isRequired: false) }
  }

  mutating func list<V: WireValue>(_ name: StaticString, _ values: inout [V], _ rule: FieldRule) throws(Flaw) {
    if rule.isCarried(by: edition) { try judge(name, values, rule) }
  }

  mutating func list<V: WireValue>(_ name: StaticString, _ values: inout [V]?, _ rule: FieldRule) throws(Flaw) {
    if let values, rule.isCarried(by: edition) { try judge(name, values, rule) }
  }

  private mutating func judge<V: WireValue>(_ name: StaticString, _ values: [V], _ rule: FieldRule) throws(Flaw) {
    if values.count < rule.fewest { throw flaw(name, "it needs at least \(rule.fewest)") }
    if values.count > rule.mostElements { throw flaw(name, "it may have at most \(rule.mostElements)") }
    for (place, value) in values.enumerated() {
      path.append(.element(name, place))
      try judge("", value, rule, isRequired: true)
      path.removeLast()
    }
  }

  private mutating func judge(
    _ name: StaticString, _ value: some WireValue, _ rule: FieldRule, isRequired: Bool
  ) throws(Flaw) {
    switch value {
    case let text as String:
      try judge(text: text, name, rule, isRequired: isRequired)
    case let number as Decimal:
      if number.places > Self.decimals { throw flaw(name, "\(number) has more than \(Self.decimals) decimals") }
    case let whole as Int:
      if Int64(whole) < rule.least || Int64(whole) > rule.most { throw flaw(name, "\(whole) is out of range") }
    case let word as any DatedWord:
      guard word.introduced <= edition else { throw flaw(name, "this version has no word \(word.rawValue)") }
    case let object as any Payload:
      let isElement = name.utf8CodeUnitCount == 0
      if !isElement { path.append(.field(name)) }
      try descend(object)
      if !isElement { path.removeLast() }
    default:
      break
    }
  }

  private mutating func descend(_ object: some Payload) throws(Flaw) {
    var object = object
    try object.walk(&self)
  }

  private func judge(text: String, _ name: StaticString, _ rule: FieldRule, isRequired: Bool) throws(Flaw) {
    if rule.cut {
      if isRequired, text.isEmpty { throw flaw(name, "it is required and empty") }
      return
    }
    if text.isEmpty { throw flaw(name, "it is empty") }
    if text.unicodeScalars.count > rule.max { throw flaw(name, "\"\(text)\" is longer than \(rule.max) characters") }
    if rule.isUnicode {
      // Only ids and codes are ASCII; a text has every mark but those that break a line (§17.6).
      guard text.isPrintable else { throw flaw(name, "it holds what cannot be printed") }
      return
    }
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
      throw flaw(name, "\"\(text)\" is not printable ASCII")
    }
  }

  private func flaw(_ name: StaticString, _ detail: String) -> Flaw {
    let full = name.utf8CodeUnitCount == 0 ? path : path + [.field(name)]
    return Flaw(path: full.map(\.text).joined(separator: "."), kind: .outOfRange, detail: detail)
  }

  /// §17.4.
  private static let decimals = 4
}

/// An object that is worth more than some of its parts: a bill must not wait for good because of what it may do without.
protocol Trimmed: Payload {
  /// Leaves out the part in which a field lies and says what that was; nil where the part must be there.
  mutating func leaveOut(_ field: String) -> String?
}
