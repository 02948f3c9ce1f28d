import Domain
import Synchronization
import Wire

/// Which frames a search finds; what is nil does not matter.
nonisolated public struct MessageFilter: Sendable, Equatable {
  /// `ocpp` or `ocpi`.
  public var door: String?
  /// The station's identity or the partner's name.
  public var peer: String?
  public var action: String?
  public var direction: LoggedFrame.Direction?
  public var onlyErrors: Bool
  public var since: Timestamp?
  /// Anywhere in the frame, without regard to the case of ASCII letters.
  public var text: String?

  public init(
    door: String? = nil, peer: String? = nil, action: String? = nil, direction: LoggedFrame.Direction? = nil,
    onlyErrors: Bool = false, since: Timestamp? = nil, text: String? = nil
  ) {
    self.door = door
    self.peer = peer
    self.action = action
    self.direction = direction
    self.onlyErrors = onlyErrors
    self.since = since
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
  private let waiting = Mutex(Waiting())
  private let writer: Writer
  private let searcher: Searcher
  private let gatherTime: Duration

  /// Frames that wait to be written, and what became of those that could not.
  private struct Waiting {
    var frames: [LoggedFrame] = []
    var bytes = 0
    var dropped = 0
    /// A writer is on its way.
    var isCalled = false
  }

  /// Opens `messages.db` in a folder, made where there is none.
  public convenience init(folder: String) throws(StoreFault) {
    try self.init(folder: folder, gatherTime: .milliseconds(Limits.gatherMilliseconds))
  }

  init(folder: String, gatherTime: Duration) throws(StoreFault) {
    self.gatherTime = gatherTime
    let file = folder + "/messages.db"
    writer = try Writer(file: file)
    searcher = try Searcher(file: file)
  }

  /// Frames that were dropped since the start, because too many waited or because the disk refused them.
  public var droppedCount: Int { waiting.withLock { $0.dropped } }

  public func record(_ frame: LoggedFrame) {
    var frame = frame
    if frame.text.count > Limits.frameBytes { frame.text = frame.text.cut(to: Limits.frameBytes) }
    let mustCall = waiting.withLock { waiting in
      guard waiting.frames.count < Limits.waitingFrames, waiting.bytes + frame.text.count <= Limits.waitingFrameBytes
      else {
        waiting.dropped += 1
        return false
      }
      waiting.frames.append(frame)
      waiting.bytes += frame.text.count
      defer { waiting.isCalled = true }
      return !waiting.isCalled
    }
    guard mustCall else { return }
    Task { [weak self, gatherTime] in
      try? await Task.sleep(for: gatherTime)
      await self?.flush()
    }
  }

  /// Writes what waits. A disk that refuses costs these frames and nothing else.
  public func flush() async {
    let frames = waiting.withLock { waiting in
      let frames = waiting.frames
      waiting.frames = []
      waiting.bytes = 0
      waiting.isCalled = false
      return frames
    }
    guard !frames.isEmpty else { return }
    do { try await writer.write(frames) } catch {
      waiting.withLock { $0.dropped += frames.count }
    }
  }

  /// The newest first, before a cursor.
  public func search(
    _ filter: MessageFilter, before cursor: Int64? = nil, limit: Int
  ) async throws(StoreFault) -> MessagePage {
    try await searcher.search(filter, before: cursor, limit: max(1, Limits.page(limit)))
  }

  /// Removes the oldest frames: those from before a time, and as many as the size demands.
  public func prune(before time: Timestamp, maxBytes: Int) async throws(StoreFault) {
    var isMoreLeft = true
    while isMoreLeft { isMoreLeft = try await writer.prune(before: time, maxBytes: maxBytes) }
  }
}

private actor Writer {
  private let queue = WorkerQueue("ostler.message-log")
  private let db: Database

  init(file: String) throws(StoreFault) { db = try Migrations.messages.open(file, isDurable: false) }

  nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  func write(_ frames: [LoggedFrame]) throws(StoreFault) {
    try db.transaction { () throws(StoreFault) in
      for frame in frames {
        try db.run(
          """
          INSERT INTO message (at, door, peer, direction, action, correlation, is_error, text)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
          """,
          frame.at, frame.door, frame.peer, frame.direction.rawValue, frame.action, frame.correlation, frame.isError,
          frame.text.readable)
      }
    }
  }

  /// One batch; true where another is needed.
  func prune(before time: Timestamp, maxBytes: Int) throws(StoreFault) -> Bool {
    let removed = try db.transaction { () throws(StoreFault) in
      let late = try db.run(
        "DELETE FROM message WHERE id IN (SELECT id FROM message ORDER BY id LIMIT ?2) AND at < ?1",
        time, Limits.prunedAtOnce)
      let size = try bytes()
      guard late == 0, size > maxBytes else { return late }
      return try db.run(
        "DELETE FROM message WHERE id IN (SELECT id FROM message ORDER BY id LIMIT ?1)", Limits.prunedAtOnce)
    }
    // Freed pages go back to the disk, so that the limit is one of the file.
    try db.script("PRAGMA incremental_vacuum")
    return removed > 0
  }

  /// Without the pages that are free already.
  private func bytes() throws(StoreFault) -> Int {
    let pages: Int = try db.value("PRAGMA page_count") ?? 0
    let free: Int = try db.value("PRAGMA freelist_count") ?? 0
    let size: Int = try db.value("PRAGMA page_size") ?? 0
    return (pages - free) * size
  }
}

private actor Searcher {
  private let queue = WorkerQueue("ostler.message-search")
  private let db: Database

  init(file: String) throws(StoreFault) { db = try Database(file: file, access: .read) }

  nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  func search(_ filter: MessageFilter, before cursor: Int64?, limit: Int) throws(StoreFault) -> MessagePage {
    let end = Instant.now() + Limits.searchTime
    return try db.snapshot(for: Limits.readTime) { () throws(StoreFault) in
      let newest: Int64 = try db.value("SELECT id FROM message ORDER BY id DESC LIMIT 1") ?? 0
      let oldest = try firstID(since: filter.since)
      var next = min(cursor ?? .max, newest + 1)
      var found: [KeptMessage] = []
      while next > oldest, found.count < limit, Instant.now() < end {
        let from = max(oldest, next - Limits.framesPerLook)
        let more = try look(filter, from: from, to: next, limit: limit - found.count)
        found += more
        next = found.count == limit ? found[limit - 1].id : from
      }
      return MessagePage(messages: found, next: next > oldest ? next : nil)
    }
  }

  /// Frames are written in the order of their times, near enough: halving finds where a time begins without an index.
  /// The slack covers those that two loops handed over crosswise.
  private func firstID(since time: Timestamp?) throws(StoreFault) -> Int64 {
    var low: Int64 = try db.value("SELECT id FROM message ORDER BY id LIMIT 1") ?? 1
    guard let time else { return low }
    let wanted = time - .seconds(60)
    var high: Int64 = try db.value("SELECT id + 1 FROM message ORDER BY id DESC LIMIT 1") ?? 1
    while low < high {
      let middle = low + (high - low) / 2
      let at: Timestamp? = try db.value("SELECT at FROM message WHERE id >= ?1 ORDER BY id LIMIT 1", middle)
      if let at, at < wanted { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func look(
    _ filter: MessageFilter, from: Int64, to: Int64, limit: Int
  ) throws(StoreFault) -> [KeptMessage] {
    let text = filter.text.map(pattern(containing:))
    if let peer = filter.peer {
      return try db.rows(
        """
        SELECT * FROM message
        WHERE peer = ?1 AND id >= ?2 AND id < ?3
          AND (?4 IS NULL OR door = ?4) AND (?5 IS NULL OR action = ?5) AND (?6 IS NULL OR direction = ?6)
          AND (NOT ?7 OR is_error) AND (?8 IS NULL OR at >= ?8) AND (?9 IS NULL OR text LIKE ?9 ESCAPE '\\')
        ORDER BY id DESC LIMIT ?10
        """,
        peer, from, to, filter.door, filter.action, filter.direction?.rawValue, filter.onlyErrors, filter.since, text,
        limit, as: KeptMessage.init(row:))
    }
    return try db.rows(
      """
      SELECT * FROM message
      WHERE id >= ?1 AND id < ?2
        AND (?3 IS NULL OR door = ?3) AND (?4 IS NULL OR action = ?4) AND (?5 IS NULL OR direction = ?5)
        AND (NOT ?6 OR is_error) AND (?7 IS NULL OR at >= ?7) AND (?8 IS NULL OR text LIKE ?8 ESCAPE '\\')
      ORDER BY id DESC LIMIT ?9
      """,
      from, to, filter.door, filter.action, filter.direction?.rawValue, filter.onlyErrors, filter.since, text, limit,
      as: KeptMessage.init(row:))
  }
}

nonisolated extension Bytes {
  /// The first bytes, without a character that the cut would split.
  func cut(to count: Int) -> Bytes {
    var end = Swift.min(count, self.count)
    while end > 0, end < self.count, self[end] & 0xC0 == 0x80 { end -= 1 }
    return Bytes(self[..<end])
  }

  /// As text for people: what is no UTF-8, and NUL, at which SQLite's functions would stop, is shown as U+FFFD.
  var readable: String {
    let text = String(decoding: self, as: UTF8.self)
    return contains(0) ? String(text.map { $0 == "\0" ? "\u{FFFD}" : $0 }) : text
  }
}

nonisolated extension KeptMessage {
  init(row: Row) throws(StoreFault) {
    id = try row.get("id")
    at = try row.get("at")
    door = try row.get("door")
    peer = try row.get("peer")
    direction = try row.word("direction")
    action = try row.get("action")
    correlation = try row.get("correlation")
    isError = try row.get("is_error")
    text = try row.get("text")
  }
}
