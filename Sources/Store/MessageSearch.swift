import CSystem
import Domain
import Wire

/// Looks through the message log on a connection and a queue of its own: from batch to batch, the newest first, for as
/// long as a search may take.
actor MessageSearch {
  private let queue = WorkerQueue("ostler.message-search")
  private let file: String
  /// Opened with the first search.
  private var connection: Database?

  init(file: String) { self.file = file }

  private var db: Database {
    get throws(StoreFault) {
      if let connection { return connection }
      let opened = try Database(file: file, access: .read)
      connection = opened
      return opened
    }
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  func search(_ filter: MessageFilter, before cursor: Int64?, limit: Int) throws(StoreFault) -> MessagePage {
    let end = Instant.now() + Limits.searchTime
    let test = FrameTest(filter)
    return try db.snapshot(for: Limits.readTime) { () throws(StoreFault) in
      let newest: Int64 = try db.value("SELECT first + count FROM batch ORDER BY first DESC LIMIT 1") ?? 1
      let oldest = try firstID(since: filter.since)
      let start = min(cursor ?? .max, newest)
      var next = start
      var found: [KeptMessage] = []
      looking: while next > oldest, found.count < limit, Instant.now() < end {
        let part = try stretch(test, from: oldest, to: next)
        for first in part.batches {
          // The first is looked at in any case, so that a slow disk does not bring the same cursor again and again.
          guard Instant.now() < end || next == start else { break looking }
          found += try look(test, in: first, before: next, limit: limit - found.count)
          guard found.count < limit else {
            next = found[limit - 1].id
            break looking
          }
          next = first
        }
        next = part.from
      }
      return MessagePage(messages: found, next: next > oldest ? next : nil)
    }
  }

  /// Batches are written in the order of their times, near enough: halving finds where a time begins without an index.
  /// The slack covers those whose frames two loops handed over crosswise.
  private func firstID(since time: Timestamp?) throws(StoreFault) -> Int64 {
    var low: Int64 = try db.value("SELECT first FROM batch ORDER BY first LIMIT 1") ?? 1
    guard let time else { return low }
    let wanted = time - .seconds(60)
    var high: Int64 = try db.value("SELECT first + count FROM batch ORDER BY first DESC LIMIT 1") ?? 1
    while low < high {
      let middle = low + (high - low) / 2
      let at: Timestamp? = try db.value("SELECT ended_at FROM batch WHERE first >= ?1 ORDER BY first LIMIT 1", middle)
      if let at, at < wanted { low = middle + 1 } else { high = middle }
    }
    return low
  }

  // MARK: Which batches

  /// The batches between two numbers that may hold a hit, the newest first, or the newest part of them: `from` is where
  /// that part begins.
  private struct Stretch {
    var from: Int64
    var batches: [Int64]
  }

  private func stretch(_ test: FrameTest, from: Int64, to: Int64) throws(StoreFault) -> Stretch {
    if let peer = test.peer { return try stretch(of: peer, from: from, to: to) }
    let batches =
      if test.onlyErrors {
        try db.rows(
          """
          SELECT first FROM batch INDEXED BY batch_error
          WHERE first >= ?1 AND first < ?2 AND errors > 0 ORDER BY first DESC LIMIT ?3
          """, from, to, Limits.batchesPerLook, as: Self.first)
      } else {
        try db.rows(
          "SELECT first FROM batch WHERE first >= ?1 AND first < ?2 ORDER BY first DESC LIMIT ?3",
          from, to, Limits.batchesPerLook, as: Self.first)
      }
    return Stretch(from: isFull(batches) ? batches[batches.count - 1] : from, batches: batches)
  }

  private func stretch(of peer: Bytes, from: Int64, to: Int64) throws(StoreFault) -> Stretch {
    let print = peer.withUnsafeBytes(Speakers.fingerprint)
    let small = try db.rows(
      "SELECT first FROM batch_peer WHERE peer = ?1 AND first >= ?2 AND first < ?3 ORDER BY first DESC LIMIT ?4",
      peer, from, to, Limits.batchesPerLook, as: Self.first)
    let crowds = try db.rows(
      """
      SELECT first, fingerprints FROM batch_crowd WHERE first >= ?1 AND first < ?2 ORDER BY first DESC LIMIT ?3
      """, from, to, Limits.batchesPerLook
    ) { (row) throws(StoreFault) in
      (first: try Self.first(row), isLikely: try row.cell("fingerprints").bytes { Speakers.contains(print, in: $0) })
    }
    // The part of which both lists tell everything.
    var begin = from
    if isFull(small) { begin = max(begin, small[small.count - 1]) }
    if isFull(crowds) { begin = max(begin, crowds[crowds.count - 1].first) }
    let batches = small + crowds.filter(\.isLikely).map(\.first)
    return Stretch(from: begin, batches: batches.filter { $0 >= begin }.sorted(by: >))
  }

  private func isFull(_ list: [some Any]) -> Bool { list.count >= Limits.batchesPerLook }

  private nonisolated static func first(_ row: Row) throws(StoreFault) -> Int64 { try row.get("first") }

  // MARK: In a batch

  /// The hits of one batch with a number below `next`, the newest first.
  private func look(
    _ test: FrameTest, in first: Int64, before next: Int64, limit: Int
  ) throws(StoreFault) -> [KeptMessage] {
    try db.first("SELECT count, errors, ended_at, frames FROM batch WHERE first = ?1", first) {
      (row) throws(StoreFault) -> [KeptMessage] in
      let count: Int = try row.get("count")
      let (errors, endedAt): (Int, Timestamp) = (try row.get("errors"), try row.get("ended_at"))
      if test.onlyErrors, errors == 0 { return [] }
      if let since = test.since, endedAt < since { return [] }
      let cell = row.cell("frames")
      let hits: [KeptMessage]? = try cell.bytes { bytes in
        guard let frames = FrameReader(bytes), frames.count == count else { return nil }
        var hits: [KeptMessage] = []
        var index = Int(min(Int64(count), next - first)) - 1
        while index >= 0, hits.count < limit {
          let frame = frames[index]
          if test.passes(frame) { hits.append(KeptMessage(id: first + Int64(index), frame)) }
          index -= 1
        }
        return hits
      }
      guard let hits else { throw cell.damaged("the batch \(first) cannot be read") }
      return hits
      // A peer's row may outlive a batch that was damaged when it went.
    } ?? []
  }
}

/// A filter as bytes, so that a frame is looked at where it lies.
nonisolated struct FrameTest {
  let peer: Bytes?
  private let onlyPeers: Set<Bytes>?
  let onlyErrors: Bool
  let since: Timestamp?
  private let door: Bytes?
  private let action: Bytes?
  private let direction: LoggedFrame.Direction?
  private let text: Bytes?
  private let anyText: [Bytes]
  private let until: Timestamp?

  init(_ filter: MessageFilter) {
    // Cut as the kept ones are.
    func field(_ text: String?) -> Bytes? {
      guard let bytes = text.map(Bytes.init(utf8:)) else { return nil }
      return Bytes(bytes[..<bytes.whole(upTo: Limits.frameFieldBytes)])
    }
    peer = field(filter.peer)
    onlyPeers = filter.onlyPeers.map { Set($0.compactMap(field)) }
    door = field(filter.door)
    action = field(filter.action)
    direction = filter.direction
    onlyErrors = filter.onlyErrors
    since = filter.since
    text = filter.text.map { Bytes(utf8: $0).map(asciiFolded) }
    anyText = filter.anyText.map { Bytes(utf8: $0).map(asciiFolded) }
    until = filter.until
  }

  func passes(_ frame: FrameView) -> Bool {
    if onlyErrors, !frame.isError { return false }
    if let peer, !frame.peer.equals(peer) { return false }
    if let onlyPeers, !onlyPeers.contains(Bytes(frame.peer)) { return false }
    if let direction, frame.direction != direction { return false }
    if let action, frame.action?.equals(action) != true { return false }
    if let door, !frame.door.equals(door) { return false }
    if let since, frame.at < since { return false }
    if let until, frame.at >= until { return false }
    if let text, !frame.text.contains(folded: text) { return false }
    if !anyText.isEmpty, !anyText.contains(where: { frame.text.contains(folded: $0) }) { return false }
    return true
  }
}

nonisolated extension KeptMessage {
  fileprivate init(id: Int64, _ frame: FrameView) {
    self.id = id
    at = frame.at
    door = frame.door.readable
    peer = frame.peer.readable
    direction = frame.direction
    action = frame.action?.readable
    correlation = frame.correlation?.readable
    isError = frame.isError
    text = frame.text.readable
  }
}
