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
  private var wheel: Timers.Wheel<TimedWork>
  private let alarm: any DispatchSourceTimer
  private var alarmAt: Instant?
  private var unflushed: [Channel] = []
  private var unread: [Channel] = []
  private var endings: [() -> Void] = []
  private var gathered: [() -> Void] = []
  private var greetings = GreetingLine()
  // The arrays that a batch empties change places with these, so that both keep their room.
  private var flushing: [Channel] = []
  private var working: [@Sendable () -> Void] = []
  private var hasEnded = false
  private var handshakeCounts = TLSHandshakes()
  /// Payload of all channels, of TLS ones inside the encryption.
  var traffic = Traffic()

  /// The only read buffer of the loop: a channel's bytes are valid while its handler looks at them.
  let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Limits.readBudget, alignment: 64)
  var chunks = ChunkPool()
  private var chunkRest: Timers.Token?

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
    guard mustWake else { return }
    if Self.giver.load(ordering: .relaxed) == ostler_current_thread() {
      MainActor.assumeIsolated { Self.given.append(self) }
    } else {
      wake()
    }
  }

  /// The thread that is within `together`, else 0; a thread can only find its own number if it wrote it.
  private static let giver = Atomic<UInt>(0)
  /// Loops that got work there and sleep on.
  @MainActor private static var given: [EventLoop] = []

  /// Wakes the loops to which `body` gives work at its end, each once. Where a core is shared, the first piece of many would
  /// else be done alone, before the second is there.
  @MainActor public static func together(_ body: @MainActor () -> Void) {
    let isInner = giver.exchange(ostler_current_thread(), ordering: .relaxed) != 0
    body()
    guard !isInner else { return }
    giver.store(0, ordering: .relaxed)
    for loop in given { loop.wake() }
    given.removeAll(keepingCapacity: true)
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
    return wheel.schedule(at: batchBegan + max(delay, .milliseconds(1)), TimedWork(body: body))
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

  func prefer(_ watch: Watch) { readiness?.prefer(watch) }

  func close(_ watch: Watch) { readiness?.close(watch) }

  /// `channel` has something to send when the batch ends.
  func flushLater(_ channel: Channel) { unflushed.append(channel) }

  /// `channel` holds bytes that the kernel does not know of any more (inside TLS).
  func readLater(_ channel: Channel) { unread.append(channel) }

  /// `channel` can go on with its TLS handshake. Where others wait, or this batch has given handshakes their time, it waits
  /// in line behind them; false then, and the channel hears `goOnGreeting` in its turn.
  func mayGreet(_ channel: Channel) -> Bool {
    if greetings.isEmpty, greetings.hasTime { return true }
    greetings.append(channel)
    return false
  }

  /// Counts a step of a handshake against the time of this batch.
  func greet<Result>(_ step: () -> Result) -> Result {
    let began = Instant.now()
    defer { greetings.spent = greetings.spent + (Instant.now() - began) }
    return step()
  }

  /// What this loop did so far; call it on the loop.
  public var figures: LoopFigures {
    preconditionCurrent()
    return LoopFigures(traffic: traffic, handshakes: handshakeCounts)
  }

  func handshakeSucceeded(isResumed: Bool) { handshakeCounts.succeeded(isResumed: isResumed) }

  func handshakeEnded(_ reason: CloseReason) { handshakeCounts.ended(reason) }

  /// Runs `body` in this batch, after what the loop has to do now and before anything is sent: for what a batch gathers.
  public func afterEvents(_ body: @escaping () -> Void) {
    preconditionCurrent()
    gathered.append(body)
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
    greetings.spent = .zero
    events()
    readHeldBytes()
    while greetings.hasTime, let channel = greetings.next() { channel.goOnGreeting() }
    while let work = wheel.takeDue(at: batchBegan) { work.body() }
    inbox.withLock { swap(&$0.work, &working) }
    for work in working { work() }
    working.removeAll(keepingCapacity: true)
    for _ in 0..<Limits.passesPerBatch where hasEndOfBatch { endBatch() }
    if hasEndOfBatch || !unread.isEmpty || !greetings.isEmpty { wake() }
    restChunks()
    setAlarm()
    thread.store(0, ordering: .relaxed)
  }

  private var hasEndOfBatch: Bool { !unflushed.isEmpty || !endings.isEmpty || !gathered.isEmpty }

  private func endBatch() {
    if !gathered.isEmpty {
      let bodies = gathered
      gathered.removeAll(keepingCapacity: true)
      for body in bodies { body() }
    }
    swap(&unflushed, &flushing)
    for channel in flushing { channel.flush() }
    flushing.removeAll(keepingCapacity: true)
    guard !endings.isEmpty else { return }
    let bodies = endings
    endings.removeAll(keepingCapacity: true)
    for body in bodies { body() }
  }

  /// A loop that has nothing more to send gives its spare pieces back, though no batch comes that would do it.
  private func restChunks() {
    guard chunkRest == nil, !chunks.spare.isEmpty, !hasEnded else { return }
    chunkRest = schedule(after: Limits.chunkRest) { [unowned self] in
      chunkRest = nil
      chunks.trim()
    }
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

/// What a timer does. A bare closure would be wrapped in a second one to lie in the wheel, for each timer.
private struct TimedWork {
  let body: () -> Void
}

/// Channels whose TLS handshakes wait for their turn, and the time that a batch has given to handshakes so far. One step
/// takes up to two milliseconds, and a thousand stations may return at once.
private struct GreetingLine {
  var spent = Duration.zero
  private var waiting: [Channel] = []
  private var first = 0

  var isEmpty: Bool { first == waiting.count }
  var hasTime: Bool { spent < Limits.greetingTime }

  mutating func append(_ channel: Channel) { waiting.append(channel) }

  mutating func next() -> Channel? {
    guard !isEmpty else { return nil }
    let channel = waiting[first]
    first += 1
    if first > waiting.count / 2 {
      waiting.removeFirst(first)
      first = 0
    }
    return channel
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
