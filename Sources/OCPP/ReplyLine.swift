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

  var hasRoom: Bool { waiting.count < OCPPLimits.callsInHand }

  /// When the oldest call that has no answer came.
  var oldestWaiting: Instant? { waiting.first { $0.answer == nil }?.since }

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

  /// The next reply that may leave.
  mutating func next() -> Reply? {
    guard let oldest = waiting.first, let answer = oldest.answer else { return nil }
    waiting.removeFirst()
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

  private struct Seen {
    let id: Int
    let content: Int
  }

  private var seen: [Seen] = []
  private var next = 0

  mutating func note(_ id: MessageID, _ frame: Bytes) -> Finding {
    let call = Seen(id: id.hashValue, content: frame.hashValue)
    let earlier = seen.lastIndex { $0.id == call.id }
    let finding: Finding = earlier.map { seen[$0].content == call.content ? .repeated : .otherContent } ?? .new
    if let earlier {
      seen[earlier] = call
    } else if seen.count < OCPPLimits.rememberedCalls {
      seen.append(call)
    } else {
      seen[next] = call
      next = (next + 1) % OCPPLimits.rememberedCalls
    }
    return finding
  }
}
