// Which of a loop's sockets can be read or written now: on Linux one epoll set behind one Dispatch source, elsewhere
// one Dispatch source per socket. Both are level-triggered and pass the same tests.

import CSystem
import Dispatch
import Glibc

/// What a socket is ready for, or what its owner waits for.
struct Readiness: OptionSet {
  var rawValue: UInt8
  static let read = Readiness(rawValue: 1)
  static let write = Readiness(rawValue: 2)
  /// Both directions are over. Reported whether asked for or not.
  static let hangup = Readiness(rawValue: 4)
  /// The socket has an error to collect. Reported whether asked for or not.
  static let error = Readiness(rawValue: 8)
}

/// Somebody who owns a socket in a readiness set.
protocol Watcher: AnyObject {
  func ready(_ what: Readiness)
  /// The loop ends: close, and report it.
  func loopEnds()
}

/// Names one socket in a set. It goes stale with the socket, so an event of a former owner of the number finds nobody.
struct Watch {
  fileprivate var index: UInt32
  fileprivate var generation: UInt32

  fileprivate var word: UInt64 { UInt64(generation) << 32 | UInt64(index) }
  fileprivate init(index: UInt32, generation: UInt32) { (self.index, self.generation) = (index, generation) }
  fileprivate init(word: UInt64) { self.init(index: UInt32(truncatingIfNeeded: word), generation: UInt32(word >> 32)) }
}

protocol ReadinessSet: AnyObject {
  /// From now on `watcher` hears what `descriptor` is ready for, until `close`. The set owns the descriptor, also when
  /// this throws: then it is closed.
  func add(_ descriptor: Int32, _ interest: Readiness, _ watcher: any Watcher) throws(NetFault) -> Watch
  func change(_ watch: Watch, to interest: Readiness)
  /// From now on what this socket is ready for comes before whatever others are ready for.
  func prefer(_ watch: Watch)
  /// Nobody hears of this socket again; the descriptor is closed as soon as that is safe.
  func close(_ watch: Watch)
  var watchers: [any Watcher] { get }
  /// Ends the set after every socket has been closed; `done` runs on the loop's queue.
  func end(_ done: @escaping @Sendable () -> Void)
}

/// The sockets of a set by number, reused with a new generation each time.
private struct WatchTable<Extra> {
  struct Slot {
    var watcher: (any Watcher)?
    var descriptor: Int32 = -1
    var interest: Readiness = []
    var generation: UInt32 = 0
    var extra: Extra?
  }

  var slots: [Slot] = []
  private var free: [UInt32] = []

  mutating func insert(_ descriptor: Int32, _ interest: Readiness, _ watcher: any Watcher) -> Watch {
    let index = free.popLast() ?? UInt32(slots.count)
    if index == slots.count { slots.append(Slot()) }
    slots[Int(index)].watcher = watcher
    slots[Int(index)].descriptor = descriptor
    slots[Int(index)].interest = interest
    return Watch(index: index, generation: slots[Int(index)].generation)
  }

  /// The slot's place, unless its socket is gone.
  func place(_ watch: Watch) -> Int? {
    let index = Int(watch.index)
    return index < slots.count && slots[index].generation == watch.generation ? index : nil
  }

  mutating func remove(_ index: Int) {
    slots[index] = Slot(generation: slots[index].generation &+ 1)
    free.append(UInt32(index))
  }

  var watchers: [any Watcher] { slots.compactMap(\.watcher) }
}

#if os(Linux)
  /// One epoll descriptor for all sockets of a loop; one Dispatch read source tells that something in it is ready.
  ///
  /// Sockets that nobody prefers lie in a second epoll set within the first, of which each batch takes a few events behind
  /// all others: ten thousand strangers that come, or go, at once would else stand in line before a station.
  final class EpollSet: ReadinessSet {
    private let epoll: Int32
    /// Of the sockets that nobody prefers.
    private let ordinary: Int32
    /// Names the second set in the first; no watch is so far in its table.
    private static let ordinaryWord = UInt64.max
    private let source: any DispatchSourceRead
    /// Marks a watch whose socket lies in the first set.
    private struct Preferred {}
    private var table = WatchTable<Preferred>()
    private let events: UnsafeMutablePointer<epoll_event>

    init(loop: EventLoop) throws(NetFault) {
      epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
      guard epoll >= 0 else { throw NetFault(.startLoop, loop.label, errno: errno) }
      ordinary = epoll_create1(Int32(EPOLL_CLOEXEC))
      var within = epoll_event(events: EPOLLIN.rawValue, data: epoll_data(u64: Self.ordinaryWord))
      guard ordinary >= 0, epoll_ctl(epoll, EPOLL_CTL_ADD, ordinary, &within) == 0 else {
        let number = errno
        _ = Glibc.close(epoll)
        if ordinary >= 0 { _ = Glibc.close(ordinary) }
        throw NetFault(.startLoop, loop.label, errno: number)
      }
      events = .allocate(capacity: Limits.eventsPerBatch)
      source = DispatchSource.makeReadSource(fileDescriptor: epoll, queue: loop.queue)
      source.setEventHandler { @Sendable [weak loop] in loop?.drainReadiness() }
      source.activate()
    }

    deinit { events.deallocate() }

    func add(_ descriptor: Int32, _ interest: Readiness, _ watcher: any Watcher) throws(NetFault) -> Watch {
      let watch = table.insert(descriptor, interest, watcher)
      guard control(EPOLL_CTL_ADD, descriptor, interest, watch, in: ordinary) else {
        let number = errno
        if let place = table.place(watch) { table.remove(place) }
        _ = Glibc.close(descriptor)
        throw NetFault(.watch, "a socket", errno: number)
      }
      return watch
    }

    func change(_ watch: Watch, to interest: Readiness) {
      guard let place = table.place(watch), table.slots[place].interest != interest else { return }
      table.slots[place].interest = interest
      let slot = table.slots[place]
      let changed = control(EPOLL_CTL_MOD, slot.descriptor, interest, watch, in: slot.extra == nil ? ordinary : epoll)
      precondition(changed, "a watched socket was closed behind the readiness set")
    }

    func prefer(_ watch: Watch) {
      guard let place = table.place(watch), table.slots[place].extra == nil else { return }
      let slot = table.slots[place]
      // Where the kernel has no room for it, it goes on as it was.
      guard control(EPOLL_CTL_ADD, slot.descriptor, slot.interest, watch, in: epoll) else { return }
      _ = control(EPOLL_CTL_DEL, slot.descriptor, [], watch, in: ordinary)
      table.slots[place].extra = Preferred()
    }

    func close(_ watch: Watch) {
      guard let place = table.place(watch) else { return }
      // Closing takes it out of the set: no descriptor of ours is ever duplicated.
      _ = Glibc.close(table.slots[place].descriptor)
      table.remove(place)
    }

    var watchers: [any Watcher] { table.watchers }

    /// Hands out one batch of events; how many there were.
    func drain() -> Int {
      let (first, othersWait) = drain(epoll, most: Limits.eventsPerBatch)
      return othersWait ? first + drain(ordinary, most: Limits.ordinaryEventsPerBatch).count : first
    }

    /// How many events of sockets there were, and whether the second set has some.
    private func drain(_ set: Int32, most: Int) -> (count: Int, othersWait: Bool) {
      var count = Int(epoll_wait(set, events, Int32(most), 0))
      var othersWait = false
      guard count > 0 else { return (0, false) }
      for event in UnsafeBufferPointer(start: events, count: count) {
        guard event.data.u64 != Self.ordinaryWord else {
          othersWait = true
          count -= 1
          continue
        }
        // An earlier event of this batch may have closed this one's socket, or reused its number.
        guard let place = table.place(Watch(word: event.data.u64)) else { continue }
        var what: Readiness = []
        if event.events & EPOLLIN.rawValue != 0 { what.insert(.read) }
        if event.events & EPOLLOUT.rawValue != 0 { what.insert(.write) }
        if event.events & EPOLLHUP.rawValue != 0 { what.insert(.hangup) }
        if event.events & EPOLLERR.rawValue != 0 { what.insert(.error) }
        table.slots[place].watcher?.ready(what)
      }
      return (count, othersWait)
    }

    func end(_ done: @escaping @Sendable () -> Void) {
      // libdispatch still polls the descriptor until the cancel handler runs.
      source.setCancelHandler { @Sendable [epoll, ordinary] in
        _ = Glibc.close(epoll)
        _ = Glibc.close(ordinary)
        done()
      }
      source.cancel()
    }

    private func control(
      _ operation: Int32, _ descriptor: Int32, _ interest: Readiness, _ watch: Watch, in set: Int32
    ) -> Bool {
      var event = epoll_event()
      if interest.contains(.read) { event.events |= EPOLLIN.rawValue }
      if interest.contains(.write) { event.events |= EPOLLOUT.rawValue }
      event.data.u64 = watch.word
      return epoll_ctl(set, operation, descriptor, &event) == 0
    }
  }
#endif

/// One Dispatch read source per socket, and a write source where one was ever needed.
final class SourceSet: ReadinessSet {
  private final class Sources {
    let read: any DispatchSourceRead
    var write: (any DispatchSourceWrite)?
    var readRuns = false
    var writeRuns = false

    init(read: any DispatchSourceRead) { self.read = read }
  }

  /// The cancel handlers of one socket; the last of them closes it.
  // @unchecked Sendable: guarded by the loop's queue, where cancel handlers run.
  private final class Closer: @unchecked Sendable {
    let descriptor: Int32
    var sources: Int
    let set: SourceSet

    init(_ descriptor: Int32, sources: Int, of set: SourceSet) {
      (self.descriptor, self.sources, self.set) = (descriptor, sources, set)
    }

    func sourceEnded() {
      sources -= 1
      guard sources == 0 else { return }
      _ = Glibc.close(descriptor)
      set.closings -= 1
      set.reportEnd()
    }
  }

  private unowned let loop: EventLoop
  private var table = WatchTable<Sources>()
  private var nextCheck: Timers.Token?
  /// Descriptors whose sources have not ended yet.
  private var closings = 0
  private var whenEnded: (@Sendable () -> Void)?

  init(loop: EventLoop) { self.loop = loop }

  func add(_ descriptor: Int32, _ interest: Readiness, _ watcher: any Watcher) throws(NetFault) -> Watch {
    let watch = table.insert(descriptor, [], watcher)
    let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: loop.queue)
    source.setEventHandler { @Sendable [weak loop] in loop?.fire(watch, .read) }
    if let place = table.place(watch) { table.slots[place].extra = Sources(read: source) }
    change(watch, to: interest)
    return watch
  }

  func change(_ watch: Watch, to interest: Readiness) {
    guard let place = table.place(watch), let sources = table.slots[place].extra else { return }
    table.slots[place].interest = interest
    // A source is made suspended and may be resumed once more than it was suspended, never twice.
    if interest.contains(.read) != sources.readRuns {
      sources.readRuns.toggle()
      sources.readRuns ? sources.read.resume() : sources.read.suspend()
    }
    if interest.contains(.write) != sources.writeRuns {
      sources.writeRuns.toggle()
      let source = sources.write ?? makeWriteSource(watch, table.slots[place].descriptor)
      sources.write = source
      sources.writeRuns ? source.resume() : source.suspend()
    }
    if !interest.contains(.read) { checkLater() }
  }

  /// Sources come by themselves, one after the other.
  func prefer(_ watch: Watch) {}

  private func makeWriteSource(_ watch: Watch, _ descriptor: Int32) -> any DispatchSourceWrite {
    let source = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: loop.queue)
    source.setEventHandler { @Sendable [weak loop] in loop?.fire(watch, .write) }
    return source
  }

  func close(_ watch: Watch) {
    guard let place = table.place(watch), let sources = table.slots[place].extra else { return }
    // libdispatch may still poll the number: it must not be given to another socket before the sources have ended.
    let closer = Closer(table.slots[place].descriptor, sources: sources.write == nil ? 1 : 2, of: self)
    closings += 1
    table.remove(place)
    sources.read.setCancelHandler { @Sendable in closer.sourceEnded() }
    sources.read.cancel()
    if !sources.readRuns { sources.read.resume() }
    if let write = sources.write {
      write.setCancelHandler { @Sendable in closer.sourceEnded() }
      write.cancel()
      if !sources.writeRuns { write.resume() }
    }
  }

  var watchers: [any Watcher] { table.watchers }

  func fire(_ watch: Watch, _ what: Readiness) {
    guard let place = table.place(watch) else { return }
    let wanted = table.slots[place].interest.intersection(what)
    if !wanted.isEmpty { table.slots[place].watcher?.ready(wanted) }
  }

  /// A suspended source tells nothing, so paused sockets are asked once a second whether they are gone.
  private func checkLater() {
    guard nextCheck == nil else { return }
    nextCheck = loop.schedule(after: Limits.pausedCheck) { [weak self] in
      self?.nextCheck = nil
      self?.checkPaused()
    }
  }

  private func checkPaused() {
    var anyPaused = false
    for index in table.slots.indices where table.slots[index].watcher != nil {
      guard !table.slots[index].interest.contains(.read) else { continue }
      anyPaused = true
      var asked = pollfd(fd: table.slots[index].descriptor, events: 0, revents: 0)
      guard poll(&asked, 1, 0) > 0 else { continue }
      var what: Readiness = []
      if Int32(asked.revents) & POLLHUP != 0 { what.insert(.hangup) }
      if Int32(asked.revents) & POLLERR != 0 { what.insert(.error) }
      if !what.isEmpty { table.slots[index].watcher?.ready(what) }
    }
    if anyPaused { checkLater() }
  }

  func end(_ done: @escaping @Sendable () -> Void) {
    if let nextCheck { loop.cancel(nextCheck) }
    whenEnded = done
    reportEnd()
  }

  private func reportEnd() {
    guard closings == 0, let whenEnded else { return }
    self.whenEnded = nil
    whenEnded()
  }
}
