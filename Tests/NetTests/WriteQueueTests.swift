import Glibc
import Testing

@testable import Net

private func contents(_ queue: WriteQueue) -> [UInt8] {
  var all: [UInt8] = []
  withUnsafeTemporaryAllocation(of: iovec.self, capacity: 1_000) { parts in
    for part in parts.prefix(queue.gather(into: parts)) {
      all += UnsafeRawBufferPointer(start: part.iov_base, count: part.iov_len)
    }
  }
  return all
}

@Test(arguments: [1, Limits.writeChunk - 1, Limits.writeChunk, Limits.writeChunk + 1, 5 * Limits.writeChunk])
func whatIsAppendedComesOutInOrder(size: Int) {
  var pool = ChunkPool()
  var queue = WriteQueue()
  var expected: [UInt8] = []
  var random = SeededRandom(seed: UInt64(size))
  for round in 0..<50 {
    let piece = bytes(size + round)
    piece.withUnsafeBytes { queue.append($0, from: &pool) }
    expected += piece
    let sent = Int.random(in: 0...expected.count, using: &random)
    #expect(queue.first.elementsEqual(expected.prefix(queue.first.count)))
    queue.consume(sent, to: &pool)
    expected.removeFirst(sent)
    #expect(queue.count == expected.count)
    #expect(contents(queue) == expected)
  }
  queue.clear(to: &pool)
  #expect(queue.isEmpty)
  #expect(queue.first.isEmpty)
}

@Test func aPoolGivesBackWhatLayUnused() {
  var pool = ChunkPool()
  let pieces = (0..<3).map { _ in pool.take() }
  pieces.forEach { pool.giveBack($0) }
  pool.trim()
  #expect(pool.spare.count == 3, "all were needed")
  pool.giveBack(pool.take())
  pool.trim()
  #expect(pool.spare.count == 1, "two lay unused")
}

@Test func gatheringStopsAtTheRoomThatIsGiven() {
  var pool = ChunkPool()
  var queue = WriteQueue()
  bytes(4 * Limits.writeChunk).withUnsafeBytes { queue.append($0, from: &pool) }
  withUnsafeTemporaryAllocation(of: iovec.self, capacity: 3) { parts in
    #expect(queue.gather(into: parts) == 3)
    #expect(parts.map(\.iov_len).reduce(0, +) == 3 * Limits.writeChunk)
  }
  queue.clear(to: &pool)
}
