// What the operating system tells the whole process: signals, and how many files it may open.

import Dispatch
import Glibc

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

  private let source: any DispatchSourceSignal

  private init(_ source: any DispatchSourceSignal) { self.source = source }

  /// From now on `signal` no longer ends the process but calls `handler` on the loop. Keep the returned object.
  public static func on(_ signal: Signal, loop: EventLoop, _ handler: @escaping @Sendable () -> Void) -> Signals {
    Glibc.signal(signal.number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: signal.number, queue: loop.queue)
    source.setEventHandler { @Sendable in loop.execute(handler) }
    source.activate()
    return Signals(source)
  }

  /// Ends the delivery; the signal stays ignored.
  public func cancel() { source.cancel() }

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
