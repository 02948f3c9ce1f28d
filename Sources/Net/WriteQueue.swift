// What a channel still has to send: a row of pieces of fixed size that a loop lends and takes back.

import Glibc

/// Empty pieces of `Limits.writeChunk` bytes, kept so that a message costs no allocation.
struct ChunkPool: ~Copyable {
  private var spare: [UnsafeMutableRawPointer] = []

  mutating func take() -> UnsafeMutableRawPointer {
    spare.popLast() ?? .allocate(byteCount: Limits.writeChunk, alignment: 16)
  }

  mutating func giveBack(_ chunk: UnsafeMutableRawPointer) {
    if spare.count < Limits.spareChunks { spare.append(chunk) } else { chunk.deallocate() }
  }

  deinit { for chunk in spare { chunk.deallocate() } }
}

/// Bytes that wait, oldest first. Whoever holds one calls `clear` before dropping it.
struct WriteQueue {
  private var chunks: [UnsafeMutableRawPointer] = []
  /// Bytes of the first chunk that are gone.
  private var head = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ bytes: UnsafeRawBufferPointer, from pool: inout ChunkPool) {
    var rest = bytes
    while !rest.isEmpty {
      let end = (head + count) % Limits.writeChunk
      if head + count == chunks.count * Limits.writeChunk { chunks.append(pool.take()) }
      let size = min(rest.count, Limits.writeChunk - end)
      let piece = UnsafeRawBufferPointer(rebasing: rest[..<size])
      UnsafeMutableRawBufferPointer(start: chunks[chunks.count - 1] + end, count: size).copyMemory(from: piece)
      rest = UnsafeRawBufferPointer(rebasing: rest[size...])
      count += size
    }
  }

  /// The oldest bytes that lie together.
  var first: UnsafeRawBufferPointer {
    guard let chunk = chunks.first else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: chunk + head, count: min(count, Limits.writeChunk - head))
  }

  /// Fills `parts` with the oldest pieces; how many it took.
  func gather(into parts: UnsafeMutableBufferPointer<iovec>) -> Int {
    var offset = head
    var rest = count
    var used = 0
    for chunk in chunks.prefix(parts.count) where rest > 0 {
      let size = min(rest, Limits.writeChunk - offset)
      parts[used] = iovec(iov_base: chunk + offset, iov_len: size)
      rest -= size
      offset = 0
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
    for chunk in chunks.prefix(done) { pool.giveBack(chunk) }
    chunks.removeFirst(done)
    head %= Limits.writeChunk
  }

  mutating func clear(to pool: inout ChunkPool) {
    for chunk in chunks { pool.giveBack(chunk) }
    chunks.removeAll(keepingCapacity: chunks.count == 1)
    head = 0
    count = 0
  }
}
