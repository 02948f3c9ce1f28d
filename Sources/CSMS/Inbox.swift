import Dispatch
import Domain
import Synchronization

/// Where errands wait for the next turn. Bounded: past the limit the caller is told `.busy`, which is retryable.
final class Inbox: Sendable {
  enum Place { case first, queued, full }

  private let waiting = Mutex<[Errand]>([])

  nonisolated init() {}

  nonisolated func add(_ errand: Errand) -> Place {
    waiting.withLock { errands in
      guard errands.count < Limits.waitingErrands else { return .full }
      errands.append(errand)
      return errands.count == 1 ? .first : .queued
    }
  }

  nonisolated func takeAll() -> [Errand] {
    waiting.withLock { errands in
      defer { errands = [] }
      return errands
    }
  }
}

extension CSMS {
  /// One wake-up per burst: whatever arrives until it runs is decided in the same turn.
  nonisolated func wake() {
    DispatchQueue.main.async { MainActor.assumeIsolated { self.drain() } }
  }
}
