import Wire

/// The household as a loop sees it: a place to bring errands to. Never blocks.
public protocol Household: Sendable {
  /// Queues an errand for the next turn. When too many wait, the errand fails with `.busy` without a turn.
  func bring(_ errand: Errand)
  /// Queues several in their order, with one look at the door: what a batch of a loop has gathered.
  func bring(_ errands: [Errand])
}

extension Household {
  public func bring(_ errands: [Errand]) { for errand in errands { bring(errand) } }
}

/// One thing that somebody asks of the household: decided within a turn, answered after that turn's commit.
public struct Errand: Sendable {
  /// What is done once the facts are on disk: usually to hand a reply to the loop that waits for it.
  public typealias Answer = @MainActor @Sendable () -> Void

  /// Decides, inside the turn's transaction and a savepoint of its own. What it throws undoes its own writes only.
  public let decide: @MainActor @Sendable () throws(TurnFault) -> Answer
  /// Tells the caller that nothing was decided; it may try again.
  public let fail: @Sendable (TurnFault) -> Void
  /// Somebody comes or goes: where many do at once, those that are here go first. Among themselves they keep their order.
  public let isAtTheDoor: Bool

  public init(
    isAtTheDoor: Bool = false,
    decide: @escaping @MainActor @Sendable () throws(TurnFault) -> Answer, fail: @escaping @Sendable (TurnFault) -> Void
  ) {
    (self.isAtTheDoor, self.decide, self.fail) = (isAtTheDoor, decide, fail)
  }
}

/// Why a turn could not keep what it decided. All are retryable: nothing was written.
public enum TurnFault: Error, Equatable, Sendable {
  /// Too many errands wait.
  case busy
  /// The database refused: disk full, locked, input/output error.
  case storage(String)
  /// The house is closing.
  case closing
}

extension TurnFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .busy: "too much waits to be decided"
    case .storage(let why): why
    case .closing: "the house is closing"
    }
  }
}

/// An answer that is known now, or that somebody else must give first.
public enum Eventually<Value: Sendable>: Sendable {
  case now(Value)
  case later(Ticket<Value>)

  @MainActor
  public func map<Other: Sendable>(_ transform: @escaping @MainActor @Sendable (Value) -> Other) -> Eventually<Other> {
    switch self {
    case .now(let value): .now(transform(value))
    case .later(let ticket): .later(ticket.map(transform))
    }
  }
}

/// A promise that the household redeems in a later turn, once, after that turn's commit.
@MainActor
public final class Ticket<Value: Sendable>: Sendable {
  private var deliver: (@MainActor (Value) -> Void)?
  private var early: Value?

  public init() {}

  /// Says who is waiting. A value that came earlier is delivered at once.
  public func whenRedeemed(_ deliver: @escaping @MainActor (Value) -> Void) {
    if let value = early {
      early = nil
      deliver(value)
    } else {
      self.deliver = deliver
    }
  }

  /// Delivers. A second time changes nothing.
  public func redeem(_ value: Value) {
    if let deliver {
      self.deliver = nil
      deliver(value)
    } else {
      early = value
    }
  }

  public func map<Other: Sendable>(_ transform: @escaping @MainActor @Sendable (Value) -> Other) -> Ticket<Other> {
    let other = Ticket<Other>()
    whenRedeemed { other.redeem(transform($0)) }
    return other
  }
}
