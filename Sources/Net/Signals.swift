// What the operating system tells the whole process: signals, and how many files it may open.

import CSystem
import Dispatch
import Glibc
import Synchronization

/// Delivers one signal to a loop until `cancel`.
public final class Signals {
  public enum Signal: Sendable, Hashable, CaseIterable {
    case terminate, interrupt, hangup

    var number: Int32 {
      switch self {
      case .terminate: SIGTERM
      case .interrupt: SIGINT
      case .hangup: SIGHUP
      }
    }
  }

  private let signal: Signal
  private let source: any DispatchSourceRead

  /// From now on `signal` no longer ends the process but calls `handler` on the loop. Keep the returned object; one
  /// per signal.
  public static func on(
    _ signal: Signal, loop: EventLoop, _ handler: @escaping @Sendable () -> Void
  ) throws(NetFault) -> Signals {
    // Dispatch's own signal sources see nothing while the main thread does not block the signal, hence the pipe.
    let pipe = registration.withLock { _ in ostler_catch_signal(signal.number) }
    guard pipe >= 0 else { throw NetFault(.watch, "the signal \(signal)", errno: errno) }
    return Signals(signal, pipe, loop, handler)
  }

  private static let registration = Mutex(())

  private init(_ signal: Signal, _ pipe: Int32, _ loop: EventLoop, _ handler: @escaping @Sendable () -> Void) {
    self.signal = signal
    source = DispatchSource.makeReadSource(fileDescriptor: pipe, queue: loop.queue)
    source.setEventHandler { @Sendable in
      var bytes: UInt64 = 0
      while read(pipe, &bytes, 8) > 0 {}
      loop.execute(handler)
    }
    source.activate()
  }

  /// The signal has its default effect again.
  public func cancel() {
    ostler_release_signal(signal.number)
    source.cancel()
  }

  /// A peer that vanished while OpenSSL writes to it must not end the process.
  static func ignoreBrokenPipes() { Glibc.signal(SIGPIPE, SIG_IGN) }
}

public enum Descriptors {
  /// Raises the soft limit of open files to the hard one; returns how many this process may have open now.
  @discardableResult
  public static func raiseSoftLimit() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    if limit.rlim_cur < limit.rlim_max {
      limit.rlim_cur = limit.rlim_max
      if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 {
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      }
    }
    return Int(clamping: limit.rlim_cur)
  }
}
