// What a channel still has to send: a row of pieces of fixed size that a loop lends and takes back.

import Glibc

/// Empty pieces of `Limits.writeChunk` bytes, kept so that a message costs no allocation.
struct ChunkPool: ~Copyable {
  private(set) var spare: [UnsafeMutableRawPointer] = []
  /// How many lay here all the time since the last `trim`.
  private var unused = 0

  mutating func take() -> UnsafeMutableRawPointer {
    unused = min(unused, max(spare.count - 1, 0))
    if let chunk = spare.popLast() { return chunk }
    guard let chunk = malloc(Limits.writeChunk) else { preconditionFailure("there is no memory left") }
    return chunk
  }

  mutating func giveBack(_ chunk: UnsafeMutableRawPointer) {
    if spare.count < Limits.spareChunks { spare.append(chunk) } else { free(chunk) }
  }

  /// Gives back what nobody needed since the last time.
  mutating func trim() {
    for _ in 0..<unused { free(spare.removeLast()) }
    unused = spare.count
  }

  deinit { for chunk in spare { free(chunk) } }
}

/// Bytes that wait, oldest first. Whoever holds one calls `clear` before dropping it. An empty one holds no memory.
struct WriteQueue {
  /// The piece that is sent next; alone it carries nearly every message.
  private var oldest: UnsafeMutableRawPointer?
  private var others: [UnsafeMutableRawPointer] = []
  /// Bytes of the oldest piece that are gone.
  private var head = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  private var pieces: Int { oldest == nil ? 0 : others.count + 1 }

  mutating func append(_ bytes: UnsafeRawBufferPointer, from pool: inout ChunkPool) {
    var rest = bytes
    while !rest.isEmpty {
      let end = (head + count) % Limits.writeChunk
      if head + count == pieces * Limits.writeChunk {
        if oldest == nil { oldest = pool.take() } else { others.append(pool.take()) }
      }
      guard let newest = others.last ?? oldest else { preconditionFailure("a piece was just taken") }
      let size = min(rest.count, Limits.writeChunk - end)
      let piece = UnsafeRawBufferPointer(rebasing: rest[..<size])
      UnsafeMutableRawBufferPointer(start: newest + end, count: size).copyMemory(from: piece)
      rest = UnsafeRawBufferPointer(rebasing: rest[size...])
      count += size
    }
  }

  /// The oldest bytes that lie together.
  var first: UnsafeRawBufferPointer {
    guard let oldest else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: oldest + head, count: min(count, Limits.writeChunk - head))
  }

  /// Fills `parts` with the oldest pieces; how many it took.
  func gather(into parts: UnsafeMutableBufferPointer<iovec>) -> Int {
    guard let oldest, !parts.isEmpty else { return 0 }
    parts[0] = iovec(iov_base: oldest + head, iov_len: first.count)
    var rest = count - first.count
    var used = 1
    for piece in others.prefix(parts.count - 1) {
      let size = min(rest, Limits.writeChunk)
      parts[used] = iovec(iov_base: piece, iov_len: size)
      rest -= size
      used += 1
    }
    return used
  }

  mutating func consume(_ sent: Int, to pool: inout ChunkPool) {
    precondition(sent <= count, "more was sent than waited")
    head += sent
    count -= sent
    if count == 0 { return clear(to: &pool) }
    let done = head / Limits.writeChunk
    guard done > 0, let gone = oldest else { return }
    pool.giveBack(gone)
    for piece in others.prefix(done - 1) { pool.giveBack(piece) }
    oldest = others[done - 1]
    others.removeFirst(done)
    head %= Limits.writeChunk
  }

  mutating func clear(to pool: inout ChunkPool) {
    if let oldest { pool.giveBack(oldest) }
    for piece in others { pool.giveBack(piece) }
    oldest = nil
    others = []
    head = 0
    count = 0
  }
}
