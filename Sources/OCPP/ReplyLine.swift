// Puts the replies to a station's calls in the order of the calls.

import Wire

/// The calls of one station that are not answered yet, oldest first. Replies may become known in any order; they leave
/// in the order in which the calls came.
struct ReplyLine {
  typealias Answer = Result<any Payload, CallFault>

  struct Reply {
    let id: MessageID
    let action: String
    let answer: Answer
  }

  private struct Waiting {
    let id: MessageID
    let action: String
    let since: Instant
    var answer: Answer?
  }

  private var waiting: [Waiting] = []
  /// The place of the oldest.
  private var first: UInt64 = 0

  var isEmpty: Bool { waiting.isEmpty }

  var hasRoom: Bool { waiting.count < OCPPLimits.callsInHand }

  /// A call came. Its place is where the answer belongs.
  mutating func open(_ id: MessageID, _ action: String, at now: Instant) -> UInt64 {
    waiting.append(Waiting(id: id, action: action, since: now))
    return first + UInt64(waiting.count - 1)
  }

  /// An answer is known. One for a place that was given up, or has an answer, is dropped.
  mutating func answer(_ place: UInt64, _ answer: Answer) {
    guard place >= first, place - first < waiting.count, waiting[Int(place - first)].answer == nil else { return }
    waiting[Int(place - first)].answer = answer
  }

  /// When the oldest call came, if its answer is known and only waits for its time.
  var answeredSince: Instant? { waiting.first.flatMap { $0.answer == nil ? nil : $0.since } }

  /// The next reply that may leave: no sooner than `delay` after its call.
  mutating func next(at now: Instant, after delay: Duration = .zero) -> Reply? {
    guard let oldest = waiting.first, let answer = oldest.answer, now - oldest.since >= delay else { return nil }
    waiting.removeFirst()
    // A station is at rest nearly always, and then holds no memory for this.
    if waiting.isEmpty { waiting = [] }
    first += 1
    return Reply(id: oldest.id, action: oldest.action, answer: answer)
  }

  /// Calls that came before that moment get an error instead of their answer.
  mutating func giveUp(olderThan limit: Instant) {
    for place in waiting.indices where waiting[place].answer == nil && waiting[place].since <= limit {
      waiting[place].answer = .failure(.overdue)
    }
  }
}

/// The last calls of a station by their ids, to notice one that uses an id again. A repeat with equal content is
/// normal: the answer was lost.
struct RecentCalls {
  enum Finding { case new, repeated, otherContent }

  /// Hashes of ids (upper half) and of whole frames (lower half), 0 where there is none: every station has such a row, so
  /// it is small and in place.
  private var calls = InlineArray<8, UInt64>(repeating: 0)
  private var next: UInt8 = 0

  static let room = 8

  static func fingerprint(_ frame: Bytes) -> UInt32 {
    // Every frame is seen by this, and whoever makes two that look alike only fails to be noticed: eight bytes a step, and
    // a multiplication that no two of them leave alone.
    frame.withUnsafeBytes { bytes in
      var sum = UInt64(bytes.count) &* 0x9E37_79B9_7F4A_7C15
      var at = 0
      while at + 8 <= bytes.count {
        sum = (sum ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) &* 0xD6E8_FEB8_6659_FD93
        sum ^= sum >> 32
        at += 8
      }
      for byte in bytes[at...] { sum = (sum ^ UInt64(byte)) &* 0x1_0000_01B3 }
      return UInt32(truncatingIfNeeded: sum ^ sum >> 32)
    }
  }

  /// `content` is the frame's fingerprint.
  mutating func note(_ id: MessageID, _ content: UInt32) -> Finding {
    let hash = UInt32(truncatingIfNeeded: id.hashValue) | 1
    let call = UInt64(hash) << 32 | UInt64(content)
    for place in 0..<Self.room where UInt32(truncatingIfNeeded: calls[place] >> 32) == hash {
      defer { calls[place] = call }
      return calls[place] == call ? .repeated : .otherContent
    }
    calls[Int(next)] = call
    next = (next + 1) % UInt8(Self.room)
    return .new
  }
}
