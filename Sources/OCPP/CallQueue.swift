// Our own calls to one station: one at a time, in order, each with its deadline.

import Wire

/// The calls that we make on one link. One is open at a time (OCPP-J 1.6 §4.1.1), the others wait in line; the
/// station's own calls are not its concern. It is told facts and says what should be done.
public struct CallQueue {
  /// A call as it goes over the wire, and how long it counts.
  public struct Call: Equatable, Sendable {
    public var id: MessageID
    public var frame: Bytes
    /// When nobody waits for its answer any more, sent or not.
    public var until: Instant

    public init(id: MessageID, frame: Bytes, until: Instant) { (self.id, self.frame, self.until) = (id, frame, until) }
  }

  public enum Outcome: Equatable, Sendable {
    case result(JSON)
    case error(code: String, description: String, details: JSON = [:])
    case timedOut
    case disconnected
    /// Too many wait in line.
    case full
  }

  public enum Step: Equatable, Sendable {
    case send(Call)
    case finish(MessageID, Outcome)
  }

  private enum State {
    /// The station is not ready for calls yet.
    case held
    case idle
    /// Apart from the others' room: few stations are asked anything at a time.
    indirect case waiting(Call)
    case ended
  }

  private var state: State
  private var line: [Call] = []

  /// - Parameter isHeld: the station is not ready for calls yet.
  public init(isHeld: Bool = true) { state = isHeld ? .held : .idle }

  public mutating func ask(_ call: Call, at now: Instant) -> [Step] {
    switch state {
    case .ended:
      return [.finish(call.id, .disconnected)]
    case .held, .idle, .waiting:
      guard line.count < OCPPLimits.callsWaiting else { return [.finish(call.id, .full)] }
      line.append(call)
      return next(at: now)
    }
  }

  /// The station is ready: what waited goes out. Without effect a second time.
  public mutating func release(at now: Instant) -> [Step] {
    switch state {
    case .held:
      state = .idle
      return next(at: now)
    case .idle, .waiting, .ended:
      return []
    }
  }

  /// The call that waits for its answer, if one does.
  public var open: MessageID? { if case .waiting(let call) = state { call.id } else { nil } }

  /// An answer came. One that belongs to no open call changes nothing.
  public mutating func replied(_ id: MessageID, _ outcome: Outcome, at now: Instant) -> [Step] {
    switch state {
    case .waiting(let call) where call.id.text == id.text:
      state = .idle
      return [.finish(call.id, outcome)] + next(at: now)
    case .waiting, .held, .idle, .ended:
      return []
    }
  }

  /// Time went by.
  public mutating func tick(at now: Instant) -> [Step] {
    var steps: [Step] = []
    switch state {
    case .waiting(let call) where call.until <= now:
      state = .idle
      steps.append(.finish(call.id, .timedOut))
    case .waiting, .held, .idle, .ended:
      break
    }
    for call in line where call.until <= now { steps.append(.finish(call.id, .timedOut)) }
    line.removeAll { $0.until <= now }
    return steps + next(at: now)
  }

  /// The link is gone: nobody gets an answer any more.
  public mutating func end() -> [Step] {
    var steps: [Step] = []
    if case .waiting(let call) = state { steps.append(.finish(call.id, .disconnected)) }
    steps += line.map { .finish($0.id, .disconnected) }
    state = .ended
    line = []
    return steps
  }

  /// When `tick` has something to do; nil while nothing waits.
  public var nextDeadline: Instant? {
    var first = line.map(\.until).min()
    if case .waiting(let call) = state { first = min(call.until, first ?? call.until) }
    return first
  }

  /// Sends the next call that still has time.
  private mutating func next(at now: Instant) -> [Step] {
    var steps: [Step] = []
    while case .idle = state, !line.isEmpty {
      let call = line.removeFirst()
      if call.until <= now {
        steps.append(.finish(call.id, .timedOut))
      } else {
        state = .waiting(call)
        steps.append(.send(call))
      }
    }
    return steps
  }
}
