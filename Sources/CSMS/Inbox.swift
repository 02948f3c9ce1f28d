import Dispatch
import Domain
import Synchronization
import Wire

/// Where errands wait for the next turn. Bounded: past the limit the caller is told `.busy`, which is retryable.
final class Inbox: Sendable {
  enum Place { case first, queued, full }

  nonisolated private struct Line {
    var calls: [Errand] = []
    /// Of those who come or go.
    var doors: [Errand] = []

    var count: Int { calls.count + doors.count }

    mutating func append(_ errand: Errand) {
      if errand.isAtTheDoor { doors.append(errand) } else { calls.append(errand) }
    }
  }

  private let waiting = Mutex(Line())
  private let refusals = Atomic<Int>(0)

  nonisolated init() {}

  nonisolated func add(_ errand: Errand) -> Place {
    waiting.withLock { line in
      guard line.count < Limits.waitingErrands else {
        refusals.wrappingAdd(1, ordering: .relaxed)
        return .full
      }
      line.append(errand)
      return line.count == 1 ? .first : .queued
    }
  }

  /// The place of the first, and those for which there was no room.
  nonisolated func add(_ errands: [Errand]) -> (Place, refused: ArraySlice<Errand>) {
    waiting.withLock { line in
      let before = line.count
      let taken = min(errands.count, Limits.waitingErrands - before)
      for errand in errands[..<taken] { line.append(errand) }
      refusals.wrappingAdd(errands.count - taken, ordering: .relaxed)
      return (taken == 0 ? .full : before == 0 ? .first : .queued, errands[taken...])
    }
  }

  nonisolated var count: Int { waiting.withLock { $0.count } }

  /// How many found it full.
  nonisolated var refused: Int { refusals.load(ordering: .relaxed) }

  /// All that waits, but of those who come or go no more than so many: the oldest. Whether more of them are left.
  nonisolated func take(doors most: Int = .max) -> ([Errand], isMoreLeft: Bool) {
    waiting.withLock { line in
      let doors = line.doors.prefix(most)
      // What a station said before it went comes before that it went.
      let errands = line.calls.isEmpty && doors.count == line.doors.count ? line.doors : line.calls + doors
      line.calls = []
      line.doors = doors.count == line.doors.count ? [] : Array(line.doors[doors.count...])
      return (errands, !line.doors.isEmpty)
    }
  }
}

/// How many of those who come or go one turn decides. When a fleet returns, its arrivals must not make the turns so long
/// that the calls of others wait for them; but a disk that takes its time for a commit should get a turn that is worth it.
struct DoorPace {
  private var share = Limits.doorsPerTurn

  /// A turn of so many errands took so long to decide, and so long to write.
  mutating func turn(of errands: Int, deciding: Duration, writing: Duration) {
    guard errands > 0 else { return }
    let each = max(1, deciding.wholeNanoseconds / Int64(errands))
    let time = max(Limits.doorTime, writing).wholeNanoseconds
    share = max(Limits.doorsPerTurn, Int(clamping: time / each))
  }

  var next: Int { share }
}

extension CSMS {
  /// One wake-up per burst: whatever arrives until it runs is decided in the same turn.
  nonisolated func wake() {
    DispatchQueue.main.async { MainActor.assumeIsolated { self.drain() } }
  }
}
