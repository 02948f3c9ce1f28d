// What a message of the protocol is, and what its route gets to see of one that came in.

import Domain
import Wire

/// A message of either side: its name, its fields, and the reply that belongs to it, declared in one place.
public protocol Message: Payload {
  associatedtype Reply: Payload
  static var action: String { get }
  /// The first edition that has the message.
  static var since: Edition { get }
}

extension Message {
  public static var since: Edition { .first }
}

/// A reply that says yes or no to one of our calls.
public protocol Verdict: Payload {
  /// The station's word where it said no; nil is a yes.
  var refusal: String? { get }
}

/// A station's call as its route sees it: the typed message, and the evidence beside it.
@dynamicMemberLookup
public struct Call<M: Message>: Sendable {
  public let message: M
  /// The payload as it came, still on its tape.
  public let payload: JSONTape.Element
  /// When the loop read it.
  public let received: Timestamp

  public init(_ message: M, payload: JSONTape.Element, received: Timestamp) {
    (self.message, self.payload, self.received) = (message, payload, received)
  }

  public subscript<Value>(dynamicMember field: KeyPath<M, Value>) -> Value { message[keyPath: field] }

  /// The payload as a tree, to be kept as evidence.
  public var raw: JSONText { JSONText(payload) }

  /// The station's time where it can be its clock's; nil where it is so far off that only reception counts.
  public func plausible(_ time: Timestamp?) -> Timestamp? {
    time.flatMap { isPlausible($0, received: received) ? $0 : nil }
  }
}

/// Whether a station's clock may have shown that when we read it: neither reset to an epoch nor years ahead.
func isPlausible(_ time: Timestamp, received: Timestamp) -> Bool {
  time >= received - OCPPLimits.clockBehind && time <= received + OCPPLimits.clockAhead
}

extension Eventually {
  /// The reply is known now.
  public static func reply(_ value: Value) -> Eventually { .now(value) }
}
