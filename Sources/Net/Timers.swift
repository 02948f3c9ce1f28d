import Wire

/// The timer wheel of a loop: thousands of deadlines behind one alarm of the system.
public enum Timers {
  /// Names one scheduled timer; worthless once that has fired or was cancelled, so a late `cancel` does no harm.
  public struct Token: Hashable, Sendable {
    fileprivate var index: UInt32
    fileprivate var generation: UInt32
  }

  /// Deadlines sorted by nothing more than a few shifts: five levels of 64 slots, the first one millisecond wide, each
  /// next one 64 times coarser. Scheduling and cancelling cost the same with ten timers as with a million; a timer
  /// moves to a finer level as its time comes near. It fires never early, and at most one millisecond late by the
  /// wheel's doing. Deadlines beyond 12 days wait in the last level and are put off as often as needed.
  public struct Wheel<Payload> {
    private struct Node {
      var payload: Payload?
      var tick: Int64 = 0
      var next = none
      var previous = none
      var generation: UInt32 = 0
      /// The list it hangs in: level * 64 + slot, `dueList`, or `free`.
      var list = Int16(free)
    }

    private struct List {
      var first = none
      var last = none
    }

    private static var none: Int32 { -1 }
    private static var free: Int { -1 }
    private static var levels: Int { 5 }
    private static var dueList: Int { levels * 64 }
    private static var ticksInAll: Int64 { 1 << Int64(levels * 6) }
    private static var tickNanoseconds: Int64 { 1_000_000 }

    private let origin: Instant
    /// All ticks up to here have been looked at.
    private var elapsed: Int64 = 0
    private var nodes: [Node] = []
    private var firstFree = none
    private var lists = [List](repeating: List(), count: dueList + 1)
    /// One bit per slot that holds a timer.
    private var occupied = [UInt64](repeating: 0, count: levels)
    /// How many timers wait.
    public private(set) var count = 0

    public init(origin: Instant) { self.origin = origin }

    public mutating func schedule(at deadline: Instant, _ payload: Payload) -> Token {
      let index: Int32
      if firstFree != Self.none {
        index = firstFree
        firstFree = nodes[Int(index)].next
      } else {
        index = Int32(nodes.count)
        nodes.append(Node())
      }
      let distance = max(0, deadline.nanoseconds - origin.nanoseconds)
      nodes[Int(index)].payload = payload
      nodes[Int(index)].tick = distance / Self.tickNanoseconds + (distance % Self.tickNanoseconds == 0 ? 0 : 1)
      hang(index)
      count += 1
      return Token(index: UInt32(index), generation: nodes[Int(index)].generation)
    }

    /// What was scheduled, or nil when it has fired already.
    @discardableResult
    public mutating func cancel(_ token: Token) -> Payload? {
      guard token.index < nodes.count, nodes[Int(token.index)].generation == token.generation else { return nil }
      guard nodes[Int(token.index)].list != Int16(Self.free) else { return nil }
      unhang(Int32(token.index))
      return release(Int32(token.index))
    }

    /// Takes one timer whose deadline has come; nil when there is none (left). Timers of one deadline come in the
    /// order in which they were scheduled.
    public mutating func takeDue(at now: Instant) -> Payload? {
      let tick = max(elapsed, (now.nanoseconds - origin.nanoseconds) / Self.tickNanoseconds)
      while lists[Self.dueList].first == Self.none {
        guard let slot = nextSlot(), slot.tick <= tick else {
          elapsed = tick
          return nil
        }
        elapsed = slot.tick
        spill(slot.list)
      }
      let index = lists[Self.dueList].first
      unhang(index)
      return release(index)
    }

    /// When `takeDue` should be asked next: never later than the first deadline.
    public var wakeUp: Instant? {
      if lists[Self.dueList].first != Self.none { return instant(elapsed) }
      return nextSlot().map { instant($0.tick) }
    }

    private func instant(_ tick: Int64) -> Instant {
      Instant(nanoseconds: origin.nanoseconds + tick * Self.tickNanoseconds)
    }

    /// The first slot in time that holds a timer, and the tick at which it begins.
    private func nextSlot() -> (list: Int, tick: Int64)? {
      for level in 0..<Self.levels where occupied[level] != 0 {
        let shift = Int64(level * 6)
        let here = (elapsed >> shift) & 63
        // Seen from where we are: bit 0 of `ahead` is the current slot, bit 1 the next one, and so on around.
        let ahead = occupied[level] >> UInt64(here) | occupied[level] << UInt64((64 - here) & 63)
        let steps = Int64(ahead.trailingZeroBitCount)
        let tick = ((elapsed >> shift) + steps) << shift
        return (level * 64 + Int((here + steps) & 63), max(tick, elapsed))
      }
      return nil
    }

    /// Moves every timer of a slot to the list where it belongs now.
    private mutating func spill(_ list: Int) {
      var index = lists[list].first
      lists[list] = List()
      occupied[list / 64] &= ~(1 << UInt64(list % 64))
      while index != Self.none {
        let next = nodes[Int(index)].next
        hang(index)
        index = next
      }
    }

    private mutating func hang(_ index: Int32) {
      let tick = nodes[Int(index)].tick
      let list: Int
      if tick <= elapsed {
        list = Self.dueList
      } else {
        // A timer beyond the wheel's reach is hung at its end and looked at again there.
        let slotStart = elapsed & ~((Self.ticksInAll >> 6) - 1)
        let within = min(tick, slotStart + Self.ticksInAll - 1)
        let differing = UInt64(bitPattern: elapsed ^ within) | 63
        let level = min(Self.levels - 1, (63 - differing.leadingZeroBitCount) / 6)
        let slot = Int((within >> Int64(level * 6)) & 63)
        list = level * 64 + slot
        occupied[level] |= 1 << UInt64(slot)
      }
      nodes[Int(index)].list = Int16(list)
      nodes[Int(index)].next = Self.none
      nodes[Int(index)].previous = lists[list].last
      if lists[list].last == Self.none {
        lists[list].first = index
      } else {
        nodes[Int(lists[list].last)].next = index
      }
      lists[list].last = index
    }

    private mutating func unhang(_ index: Int32) {
      let node = nodes[Int(index)]
      let list = Int(node.list)
      if node.previous == Self.none {
        lists[list].first = node.next
      } else {
        nodes[Int(node.previous)].next = node.next
      }
      if node.next == Self.none {
        lists[list].last = node.previous
      } else {
        nodes[Int(node.next)].previous = node.previous
      }
      if list < Self.dueList, lists[list].first == Self.none {
        occupied[list / 64] &= ~(1 << UInt64(list % 64))
      }
    }

    private mutating func release(_ index: Int32) -> Payload? {
      let payload = nodes[Int(index)].payload
      nodes[Int(index)].payload = nil
      nodes[Int(index)].list = Int16(Self.free)
      nodes[Int(index)].generation &+= 1
      nodes[Int(index)].next = firstFree
      firstFree = index
      count -= 1
      return payload
    }
  }
}
