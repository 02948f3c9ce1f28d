// Work that takes milliseconds, done behind the loops' backs.

import CSystem
import Dispatch
import Glibc
import Synchronization

/// A thread for what would hold up a loop: large messages of peers, inflated or read. It takes one piece after the other,
/// and of a busy processor only what loops and household leave it, so that whoever sends bombs slows down those who send
/// large messages, and nobody else. A loop reaches it by `EventLoop.beside`.
///
/// A piece is always of a peer that is not read meanwhile, so that no more of them wait than there are connections.
final class Beside: Sendable {
  /// One for the process: however many loops there are, bombs take one processor at most.
  static let thread = Beside()

  private struct Line {
    var pieces: [@Sendable () -> Void] = []
    var hasBegun = false
  }

  private let line = Mutex(Line())
  private let wakeUp = DispatchSemaphore(value: 0)

  /// Does a piece of work after those that were given before it.
  func execute(_ piece: @escaping @Sendable () -> Void) {
    let begins = line.withLock { line in
      line.pieces.append(piece)
      defer { line.hasBegun = true }
      return !line.hasBegun
    }
    if begins { begin() }
    wakeUp.signal()
  }

  /// A thread of its own, and no queue: the threads of queues are everybody's, and one that was made less urgent would
  /// stay so for the next who gets it.
  private func begin() {
    var thread = pthread_t()
    let failure = pthread_create(
      &thread, nil,
      { me in
        guard let me else { return nil }
        ostler_lower_priority()
        Unmanaged<Beside>.fromOpaque(me).takeUnretainedValue().run()
        return nil
      }, Unmanaged.passUnretained(self).toOpaque())
    precondition(failure == 0, "the system gives no thread")
    pthread_detach(thread)
  }

  private func run() {
    while true {
      wakeUp.wait()
      let pieces = line.withLock { line in
        defer { line.pieces = [] }
        return line.pieces
      }
      for piece in pieces { piece() }
    }
  }
}

extension EventLoop {
  /// Computes something beside the loop, which goes on meanwhile; `done` gets it on the loop. Both are dropped with what
  /// they hold after that. For pieces of milliseconds whose number is bounded: they wait for each other.
  public func beside<Value: Sendable>(
    _ compute: @escaping @Sendable () -> Value, done: @escaping @Sendable (Value) -> Void
  ) {
    Beside.thread.execute { [self] in
      let value = compute()
      execute { done(value) }
    }
  }
}
