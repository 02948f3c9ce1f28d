import Domain
import Glibc
import Synchronization
import Wire

/// Which frames a search finds; what is nil does not matter.
nonisolated public struct MessageFilter: Sendable, Equatable {
  /// `ocpp` or `ocpi`.
  public var door: String?
  /// The station's identity or the partner's name.
  public var peer: String?
  /// Of these alone, where somebody may not see others; nil: of all.
  public var onlyPeers: Set<String>?
  public var action: String?
  public var direction: LoggedFrame.Direction?
  public var onlyErrors: Bool
  public var since: Timestamp?
  /// Before that moment.
  public var until: Timestamp?
  /// At least one of these anywhere in the frame, without regard to the case of ASCII letters; any frame where there is
  /// none.
  public var anyText: [String]
  /// Anywhere in the frame, without regard to the case of ASCII letters.
  public var text: String?

  public init(
    door: String? = nil, peer: String? = nil, action: String? = nil, direction: LoggedFrame.Direction? = nil,
    onlyErrors: Bool = false, since: Timestamp? = nil, until: Timestamp? = nil, anyText: [String] = [],
    text: String? = nil
  ) {
    self.door = door
    self.peer = peer
    self.action = action
    self.direction = direction
    self.onlyErrors = onlyErrors
    self.since = since
    self.until = until
    self.anyText = anyText
    self.text = text
  }
}

/// What a search found, the newest first.
nonisolated public struct MessagePage: Sendable {
  public let messages: [KeptMessage]
  /// Where to go on; nil where nothing older is left. There may be more although the page is short: a search looks at
  /// so much at once and no more.
  public let next: Int64?
}

nonisolated public struct KeptMessage: Sendable, Equatable {
  public let id: Int64
  public let at: Timestamp
  public let door: String
  public let peer: String
  public let direction: LoggedFrame.Direction
  public let action: String?
  public let correlation: String?
  public let isError: Bool
  public let text: String
}

/// Every message as it went over the wire, in a database of its own, written in batches beside the turns. It may lose
/// the last moments in a power cut, and drops rather than waits.
nonisolated public final class MessageLog: FrameLog, Sendable {
  private let gathering = Gathering()
  private let writer: MessageWriter
  private let searcher: MessageSearch
  private let gatherTime: Duration

  /// Opens `messages.db` in a folder, made where there is none. Where the disk is full or fails, or another program has it
  /// locked, frames are lost until it can be opened.
  /// - Parameter onChange: hears why frames are lost from now on, and with nil that they are kept again.
  /// - Throws: what cannot pass by itself: `setAside` makes room for a new log.
  public convenience init(
    folder: String, onChange: @escaping @Sendable (StoreFault?) -> Void = { _ in }
  ) throws(StoreFault) {
    try self.init(folder: folder, gatherTime: .milliseconds(Limits.gatherMilliseconds), onChange: onChange)
  }

  init(
    folder: String, gatherTime: Duration, onChange: @escaping @Sendable (StoreFault?) -> Void = { _ in }
  ) throws(StoreFault) {
    self.gatherTime = gatherTime
    let file = Self.file(in: folder)
    writer = try MessageWriter(file: file, gathering: gathering, onChange: onChange)
    searcher = MessageSearch(file: file)
  }

  /// Where the messages of a folder lie.
  public static func file(in folder: String) -> String { folder + "/messages.db" }

  /// Puts a log that cannot be opened out of the way, so that a new one can begin. It is evidence and no book: the house
  /// works without it.
  /// - Returns: where it lies now.
  public static func setAside(in folder: String) -> String {
    let file = file(in: folder)
    let place = "\(file).damaged-\(Timestamp.now().milliseconds)"
    for part in ["", "-wal", "-shm"] { rename(file + part, place + part) }
    return place
  }

  /// Frames that were dropped since the start, because too many waited or because the disk refused them.
  public var droppedCount: Int { gathering.droppedCount }

  public func record(_ frame: LoggedFrame) {
    guard gathering.add(frame) else { return }
    Task { [weak self, gatherTime] in
      try? await Task.sleep(for: gatherTime)
      await self?.flush()
    }
  }

  /// Writes what waits. A disk that refuses costs these frames and nothing else.
  public func flush() async { await writer.writeWaiting() }

  /// The newest first, before a cursor.
  /// - Throws: `.corrupt` where a batch that it came to is damaged.
  public func search(
    _ filter: MessageFilter, before cursor: Int64? = nil, limit: Int
  ) async throws(StoreFault) -> MessagePage {
    try await searcher.search(filter, before: cursor, limit: max(1, Limits.page(limit)))
  }

  /// Removes the oldest batches: those that ended before a time, and as many as the size demands.
  public func prune(before time: Timestamp, maxBytes: Int) async throws(StoreFault) {
    var isMoreLeft = true
    while isMoreLeft { isMoreLeft = try await writer.prune(before: time, maxBytes: maxBytes) }
  }
}

/// Frames on their way to the disk, and what became of those that did not get there.
nonisolated private final class Gathering: Sendable {
  private let state = Mutex(State())

  private struct State {
    var full: [FrameBatch] = []
    var open = FrameBatch()
    /// Frames and bytes that are not on disk, those that are just being written with them: a disk that hangs must not
    /// make the memory grow.
    var frames = 0
    var bytes = 0
    var dropped = 0
    /// A writer is on its way.
    var isCalled = false
  }

  var droppedCount: Int { state.withLock { $0.dropped } }

  /// True where a writer must be called.
  func add(_ frame: LoggedFrame) -> Bool {
    let size = FrameBatch.size(of: frame)
    return state.withLock { state in
      guard state.frames < Limits.waitingFrames, state.bytes + size <= Limits.waitingFrameBytes else {
        state.dropped += 1
        return false
      }
      if !state.open.hasRoom(for: size) {
        let full = state.open
        state.open = FrameBatch(expecting: full.size)
        state.full.append(full)
      }
      state.open.append(frame, bytes: size)
      state.frames += 1
      state.bytes += size
      defer { state.isCalled = true }
      return !state.isCalled
    }
  }

  /// What waits; it counts as waiting until it is `settled`.
  func take() -> [FrameBatch] {
    state.withLock { state in
      var batches = state.full
      state.full = []
      state.isCalled = false
      if state.open.count > 0 {
        batches.append(state.open)
        state.open = FrameBatch()
      }
      return batches
    }
  }

  func settled(_ batches: [FrameBatch], isWritten: Bool) {
    state.withLock { state in
      for batch in batches {
        state.frames -= batch.count
        state.bytes -= batch.size - 1
        if !isWritten { state.dropped += batch.count }
      }
    }
  }
}

private actor MessageWriter {
  private let queue = WorkerQueue("ostler.message-log")
  private let file: String
  /// Nil until the log can be opened, at first and after the disk failed: no connection is used after that.
  private var connection: Database?
  private let gathering: Gathering
  private let onChange: @Sendable (StoreFault?) -> Void
  /// The last frames could not be written.
  private var isFailing = false
  /// The number of the next frame, once the log was open.
  private var next: Int64 = 1

  init(
    file: String, gathering: Gathering, onChange: @escaping @Sendable (StoreFault?) -> Void
  ) throws(StoreFault) {
    self.file = file
    self.gathering = gathering
    self.onChange = onChange
    do { (connection, next) = try Self.open(file) } catch {
      switch error {
      case .full, .busy, .io:
        isFailing = true
        onChange(error)
      case .corrupt, .newer, .constraint, .ended, .tooSlow, .missing, .inUse, .other: throw error
      }
    }
  }

  private static func open(_ file: String) throws(StoreFault) -> (Database, next: Int64) {
    let db = try Migrations.messages.open(file, isDurable: false)
    let next: Int64? = try db.value(
      """
      SELECT max((SELECT next FROM numbering),
                 coalesce((SELECT first + count FROM batch ORDER BY first DESC LIMIT 1), 1))
      """)
    return (db, next ?? 1)
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  /// All that was recorded before the call is written, or lost, when it returns.
  func writeWaiting() {
    let batches = gathering.take()
    guard !batches.isEmpty else { return }
    let fault: StoreFault?
    do {
      try withLog { db throws(StoreFault) in try write(batches, to: db) }
      fault = nil
    } catch { fault = error }
    gathering.settled(batches, isWritten: fault == nil)
    guard isFailing != (fault != nil) else { return }
    isFailing = fault != nil
    onChange(fault)
  }

  /// Does something with an open log.
  private func withLog<R>(_ body: (Database) throws(StoreFault) -> R) throws(StoreFault) -> R {
    if connection == nil { (connection, next) = try Self.open(file) }
    guard let db = connection else { preconditionFailure("the log was opened just now") }
    do { return try body(db) } catch {
      if case .io = error { connection = nil }
      throw error
    }
  }

  private func write(_ batches: [FrameBatch], to db: Database) throws(StoreFault) {
    var first = next
    try db.transaction { () throws(StoreFault) in
      for batch in batches {
        try write(batch, as: first, to: db)
        first += Int64(batch.count)
      }
    }
    next = first
  }

  private func write(_ batch: FrameBatch, as first: Int64, to db: Database) throws(StoreFault) {
    let frames = batch.frames
    try db.run(
      "INSERT INTO batch (first, count, began_at, ended_at, errors, frames) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      first, batch.count, batch.beganAt, batch.endedAt, batch.errors, frames)
    let speakers = frames.withUnsafeBytes { FrameReader($0).map(Speakers.init) }
    guard let speakers else { preconditionFailure("a batch cannot be read by who wrote it") }
    if let few = speakers.few {
      for peer in few { try db.run("INSERT INTO batch_peer (peer, first) VALUES (?1, ?2)", peer, first) }
    } else {
      try db.run("INSERT INTO batch_crowd (first, fingerprints) VALUES (?1, ?2)", first, speakers.fingerprints)
    }
  }

  // MARK: Pruning

  /// A batch as pruning sees it. `size` is that of its frames in bytes.
  private typealias Outline = (first: Int64, next: Int64, endedAt: Timestamp, size: Int)

  /// Some batches; true where it must be called again.
  func prune(before time: Timestamp, maxBytes: Int) throws(StoreFault) -> Bool {
    try withLog { db throws(StoreFault) in try prune(db, before: time, maxBytes: maxBytes) }
  }

  private func prune(_ db: Database, before time: Timestamp, maxBytes: Int) throws(StoreFault) -> Bool {
    let removed = try db.transaction { () throws(StoreFault) in
      let oldest = try db.rows(
        "SELECT first, first + count AS next, ended_at, length(frames) AS size FROM batch ORDER BY first LIMIT ?1",
        Limits.batchesPrunedAtOnce
      ) { (row) throws(StoreFault) -> Outline in
        (try row.get("first"), try row.get("next"), try row.get("ended_at"), try row.get("size"))
      }
      var leaving = oldest.filter { $0.endedAt < time }
      if leaving.isEmpty {
        var excess = try bytes(of: db) - maxBytes
        leaving = Array(
          oldest.prefix { batch in
            defer { excess -= batch.size }
            return excess > 0
          })
      }
      for batch in leaving { try remove(batch.first, from: db) }
      if let last = leaving.last { try db.run("UPDATE numbering SET next = max(next, ?1)", last.next) }
      return leaving.count
    }
    // Freed pages go back to the disk, so that the limit is one of the file.
    try db.script("PRAGMA incremental_vacuum")
    return removed > 0
  }

  private func remove(_ first: Int64, from db: Database) throws(StoreFault) {
    if try db.run("DELETE FROM batch_crowd WHERE first = ?1", first) == 0 {
      // Who speaks in it stands in its frames. Of a damaged batch the peers' rows stay; they lead nowhere.
      let peers = try db.first("SELECT frames FROM batch WHERE first = ?1", first) { (row) throws(StoreFault) in
        try row.cell("frames").bytes { FrameReader($0).flatMap { Speakers(of: $0).few } }
      }
      for peer in (peers ?? nil) ?? [] {
        try db.run("DELETE FROM batch_peer WHERE peer = ?1 AND first = ?2", peer, first)
      }
    }
    try db.run("DELETE FROM batch WHERE first = ?1", first)
  }

  /// Without the pages that are free already.
  private func bytes(of db: Database) throws(StoreFault) -> Int {
    let pages: Int = try db.value("PRAGMA page_count") ?? 0
    let free: Int = try db.value("PRAGMA freelist_count") ?? 0
    let size: Int = try db.value("PRAGMA page_size") ?? 0
    return (pages - free) * size
  }
}
