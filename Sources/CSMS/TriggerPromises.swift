import Domain
import Store
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

extension CSMS {
  /// Stations that took a trigger and did not send its message. That is counted and no reason to ask again: too many
  /// triggers keep some from serving anybody.
  func findBrokenPromises() {
    let broken = triggers.takeBroken(at: now)
    guard !broken.isEmpty else { return }
    note { () throws(StoreFault) in
      for promise in broken {
        guard let station = self.links[promise.link]?.station else { continue }
        try self.noteOddity("trigger accepted and not followed", sample: promise.message.rawValue, of: station)
      }
    }
  }

  /// Sends a command over a link; what a trigger promises is watched for.
  /// - Parameter within: seconds for the answer; the house's rule where it is nil.
  func tell(
    _ command: StationCommand, on link: LinkID, within seconds: Int? = nil,
    done: @escaping @MainActor @Sendable (CommandOutcome) -> Void = { _ in }
  ) {
    let seconds = seconds ?? settings.commandSeconds
    guard case .trigger(let message, _, _) = command else {
      stationLink?.call(command, on: link, deadline: seconds, done: done)
      return
    }
    triggers.asked(message, on: link)
    stationLink?.call(command, on: link, deadline: seconds) { outcome in
      // For the message a station has as long as it has for an answer.
      let due = self.now + .seconds(self.settings.commandSeconds)
      self.triggers.answered(message, on: link, isYes: outcome.isYes, due: due)
      done(outcome)
    }
  }
}
