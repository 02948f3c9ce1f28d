// Holds a call that was written by hand against its declaration.

import Domain
import Wire

extension Dialect {
  /// What is wrong with the structure of a call of ours: a field that is missing, unknown, too long or of another type,
  /// a word that the version does not have. Its sense is not looked at: support staff send odd things on purpose.
  public func flaw(in payload: JSON, of action: String) -> CallFlaw? {
    guard let message = calls.first(where: { $0.action == action }) else { return .unknownAction }
    return message.flaw(in: payload, edition: edition)
  }
}

extension Message {
  fileprivate static func flaw(in payload: JSON, edition: Edition) -> CallFlaw? {
    let read: Read<Self>
    do throws(Flaw) {
      // The schemas of 1.6 bound no number: what its text says of them is sense.
      read = try Self.read(payload, edition: edition, isBounded: edition > .v16)
    } catch {
      return .field(path: error.path, what: error.detail)
    }
    let odd = read.oddities.first { edition > .v16 || $0.kind != .outOfRange }
    return odd.map { .field(path: $0.path, what: "\($0.kind.sentence), not \($0.raw)") }
  }
}

extension Oddity.Kind {
  /// What was expected instead, for whoever wrote it.
  fileprivate var sentence: String {
    switch self {
    case .unknownField: "a declared field is expected"
    case .tooLong: "a shorter text is expected"
    case .numberAsText: "a number without quotes is expected"
    case .notText: "a text in quotes is expected"
    case .boolAsText: "true or false without quotes is expected"
    case .wholeDecimal: "a whole number without point and exponent is expected"
    case .unknownWord: "one of the declared words is expected"
    case .missing: "this field is required in this version"
    case .outOfRange: "a number within its bounds is expected"
    case .badTimestamp, .timestampForm: "a time as 2026-11-03T09:15:00Z is expected"
    case .count: "another number of elements is expected"
    case .nullElement: "an element that is not null is expected"
    case .badNumber: "a number is expected"
    case .brokenFrame, .repeatedID, .foreignID, .unasked, .absent: "another message is expected"
    }
  }
}
