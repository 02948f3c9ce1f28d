// A loop: one serial queue that owns sockets, timers and whatever listens to them, and runs all of it in batches.

import CSystem
import Dispatch
import Glibc
import Synchronization
import Wire

/// The owner of bytes. Everything that belongs to a loop is touched on its queue only; others send it work with
/// `execute`. What callbacks ask for is gathered and done once at the end of the batch: one send per channel, one
/// alarm.
///
/// A loop lives until `shutdown`; forgetting that leaks it.
// @unchecked Sendable: `inbox` and `thread` are synchronised; every other `var` is guarded by `queue`.
public final class EventLoop: SerialExecutor, @unchecked Sendable {
  public enum ReadinessKind: Sendable, Hashable, CaseIterable {
    /// One epoll set behind one Dispatch source; Linux only.
    case epoll
    /// One Dispatch source per socket; everywhere, at twice the CPU time.
    case dispatchSources

    public static var standard: ReadinessKind {
      #if os(Linux)
        .epoll
      #else
        .dispatchSources
      #endif
    }
  }

  public let label: String
  let queue: DispatchQueue

  private struct Inbox {
    var work: [@Sendable () -> Void] = []
    var wakeIsQueued = false
  }

  private let inbox = Mutex(Inbox())
  /// The thread that runs a batch now; 0 between batches. A thread can only ever find its own number here if it is the
  /// one that wrote it, so no ordering is needed.
  private let thread = Atomic<UInt>(0)

  /// When the current batch began: cheap, and the same for all that it does.
  public var now: Instant {
    preconditionCurrent()
    return batchBegan
  }

  private var batchBegan = Instant.now()
  private var readiness: (any ReadinessSet)?
  private var wheel: Timers.Wheel<() -> Void>
  private let alarm: any DispatchSourceTimer
  private var alarmAt: Instant?
  private var unflushed: [Channel] = []
  private var unread: [Channel] = []
  private var endings: [() -> Void] = []
  // The arrays that a batch empties change places with these, so that both keep their room.
  private var flushing: [Channel] = []
  private var working: [@Sendable () -> Void] = []
  private var hasEnded = false
  private var handshakes = 0

  /// The only read buffer of the loop: a channel's bytes are valid while its handler looks at them.
  let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Limits.readBudget, alignment: 64)
  var chunks = ChunkPool()

  public init(label: String, readiness kind: ReadinessKind = .standard) throws(NetFault) {
    Signals.ignoreBrokenPipes()
    self.label = label
    queue = DispatchQueue(label: label)
    wheel = Timers.Wheel(origin: Instant.now())
    alarm = DispatchSource.makeTimerSource(queue: queue)
    alarm.setEventHandler { @Sendable [weak self] in
      self?.alarmAt = nil
      self?.batch {}
    }
    alarm.activate()
    switch kind {
    #if os(Linux)
      case .epoll: readiness = try EpollSet(loop: self)
    #else
      case .epoll: throw NetFault(.startLoop, label, errno: 0, note: "epoll exists on Linux only")
    #endif
    case .dispatchSources: readiness = SourceSet(loop: self)
    }
  }

  deinit { readBuffer.deallocate() }

  // MARK: From anywhere

  /// Runs `work` on the loop, after what was given before it. A burst costs one wake-up.
  public func execute(_ work: @escaping @Sendable () -> Void) {
    let mustWake = inbox.withLock { inbox in
      inbox.work.append(work)
      defer { inbox.wakeIsQueued = true }
      return !inbox.wakeIsQueued
    }
    if mustWake { wake() }
  }

  /// Whether the caller runs on this loop.
  public var isCurrent: Bool { thread.load(ordering: .relaxed) == ostler_current_thread() }

  public func preconditionCurrent() { precondition(isCurrent, "this belongs to a loop and was touched elsewhere") }

  /// Closes every listener and channel (`.local`), drops every timer, and calls `done` when the last descriptor is
  /// closed. Work given later still runs, but the loop has no sockets and no timers any more.
  public func shutdown(_ done: @escaping @Sendable () -> Void) {
    execute { [self] in
      hasEnded = true
      for watcher in readiness?.watchers ?? [] { watcher.loopEnds() }
      // After what the closings have to tell.
      endings.append { [self] in
        guard let last = readiness else { return done() }
        readiness = nil
        wheel = Timers.Wheel(origin: batchBegan)
        alarm.cancel()
        last.end(done)
      }
    }
  }

  // MARK: As an executor of actors

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    execute { [self] in job.runSynchronously(on: asUnownedSerialExecutor()) }
  }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  public func checkIsolated() { preconditionCurrent() }

  public func isIsolatingCurrentContext() -> Bool? { isCurrent }

  // MARK: Timers, on the loop

  /// Calls `body` once, never early and never in this batch. Keep the token to cancel it.
  @discardableResult
  public func schedule(after delay: Duration, _ body: @escaping () -> Void) -> Timers.Token {
    preconditionCurrent()
    return wheel.schedule(at: batchBegan + max(delay, .milliseconds(1)), body)
  }

  /// Without effect on a timer that has fired.
  public func cancel(_ token: Timers.Token) {
    preconditionCurrent()
    wheel.cancel(token)
  }

  // MARK: For channels and listeners

  func watch(_ descriptor: Int32, _ interest: Readiness, _ watcher: any Watcher) throws(NetFault) -> Watch {
    guard let readiness, !hasEnded else {
      _ = Glibc.close(descriptor)
      throw NetFault(.watch, "a socket", errno: 0, note: "the loop has ended")
    }
    return try readiness.add(descriptor, interest, watcher)
  }

  func change(_ watch: Watch, to interest: Readiness) { readiness?.change(watch, to: interest) }

  func close(_ watch: Watch) { readiness?.close(watch) }

  /// `channel` has something to send when the batch ends.
  func flushLater(_ channel: Channel) { unflushed.append(channel) }

  /// `channel` holds bytes that the kernel does not know of any more (inside TLS).
  func readLater(_ channel: Channel) { unread.append(channel) }

  /// Whether one more TLS handshake may go on in this batch; if not, its socket stays ready for the next.
  func takeHandshake() -> Bool {
    handshakes += 1
    return handshakes <= Limits.handshakesPerBatch
  }

  /// Runs `body` at the end of this batch, when no callback is under way.
  func atEndOfBatch(_ body: @escaping () -> Void) { endings.append(body) }

  // MARK: The batch

  private func wake() {
    queue.async { @Sendable [weak self] in
      guard let self else { return }
      self.inbox.withLock { $0.wakeIsQueued = false }
      self.batch {}
    }
  }

  func drainReadiness() {
    #if os(Linux)
      for _ in 0..<Limits.batchesPerWakeUp {
        guard let epoll = readiness as? EpollSet else { return }
        var count = 0
        batch { count = epoll.drain() }
        // Re-arming the source costs more than looking again, but a look at an idle set is wasted.
        if count < 8 { return }
      }
    #endif
  }

  func fire(_ watch: Watch, _ what: Readiness) {
    guard let sources = readiness as? SourceSet else { return }
    batch { sources.fire(watch, what) }
  }

  private func batch(_ events: () -> Void) {
    thread.store(ostler_current_thread(), ordering: .relaxed)
    batchBegan = Instant.now()
    handshakes = 0
    events()
    readHeldBytes()
    while let body = wheel.takeDue(at: batchBegan) { body() }
    inbox.withLock { swap(&$0.work, &working) }
    for work in working { work() }
    working.removeAll(keepingCapacity: true)
    for _ in 0..<Limits.passesPerBatch where hasEndOfBatch { endBatch() }
    if hasEndOfBatch || !unread.isEmpty { wake() }
    setAlarm()
    thread.store(0, ordering: .relaxed)
  }

  private var hasEndOfBatch: Bool { !unflushed.isEmpty || !endings.isEmpty }

  private func endBatch() {
    swap(&unflushed, &flushing)
    for channel in flushing { channel.flush() }
    flushing.removeAll(keepingCapacity: true)
    guard !endings.isEmpty else { return }
    let bodies = endings
    endings.removeAll(keepingCapacity: true)
    for body in bodies { body() }
  }

  private func readHeldBytes() {
    guard !unread.isEmpty else { return }
    let channels = unread
    unread.removeAll(keepingCapacity: true)
    for channel in channels { channel.readAgain() }
  }

  private func setAlarm() {
    guard !hasEnded, let next = wheel.wakeUp else { return }
    if let alarmAt, alarmAt <= next { return }
    alarmAt = next
    let delay = max(0, next.nanoseconds - Instant.now().nanoseconds)
    alarm.schedule(deadline: .now() + .nanoseconds(Int(delay)), leeway: .milliseconds(1))
  }
}

/// A value of a loop, carried through places that do not belong to it. Touching the value off the loop traps.
// @unchecked Sendable: `value` is guarded by the queue of `loop`, and `init` and the getter check it.
public struct LoopBound<Value>: @unchecked Sendable {
  public let loop: EventLoop
  private let stored: Value

  public init(_ value: Value, loop: EventLoop) {
    loop.preconditionCurrent()
    stored = value
    self.loop = loop
  }

  public var value: Value {
    loop.preconditionCurrent()
    return stored
  }
}
