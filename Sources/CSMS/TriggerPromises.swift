import Domain
import Wire

/// Messages that stations promised to send by taking a trigger (OCPP 1.6 §5.17, OCPP 2.0.1 F06). Some promise and never
/// send: that is seen here, and nobody waits for it.
struct TriggerPromises {
  struct Promise: Hashable {
    let link: LinkID
    let message: StationCommand.Trigger
  }

  /// A message can overtake the answer that promises it.
  private enum State { case asked, promised(until: Timestamp) }

  private var open: [Promise: State] = [:]

  /// What the house sees come in; of a heartbeat it hears nothing, because the loop answers it.
  private static let seen: Set<StationCommand.Trigger> = [.boot, .status, .meterValues, .transaction]

  mutating func asked(_ message: StationCommand.Trigger, on link: LinkID) {
    guard Self.seen.contains(message) else { return }
    open[Promise(link: link, message: message)] = .asked
  }

  mutating func answered(_ message: StationCommand.Trigger, on link: LinkID, isYes: Bool, due: Timestamp) {
    let promise = Promise(link: link, message: message)
    guard open[promise] != nil else { return }
    open[promise] = isYes ? .promised(until: due) : nil
  }

  mutating func came(_ message: StationCommand.Trigger, on link: LinkID) {
    if !open.isEmpty { open[Promise(link: link, message: message)] = nil }
  }

  /// Takes those that were not kept in time.
  mutating func takeBroken(at now: Timestamp) -> [Promise] {
    let broken = open.compactMap { promise, state in
      if case .promised(let due) = state, due <= now { promise } else { nil }
    }
    broken.forEach { open[$0] = nil }
    return broken
  }
}
