import Testing
import Wire

@testable import Net

private let start = Instant(nanoseconds: 7_000_000_123)

private func fired(_ wheel: inout Timers.Wheel<Int>, at now: Instant) -> [Int] {
  var all: [Int] = []
  while let next = wheel.takeDue(at: now) { all.append(next) }
  return all
}

@Test func aTimerFiresAtItsTimeAndNotBefore() {
  var wheel = Timers.Wheel<Int>(origin: start)
  _ = wheel.schedule(at: start + .milliseconds(10), 1)
  #expect(fired(&wheel, at: start + .milliseconds(9)) == [])
  #expect(fired(&wheel, at: start + .milliseconds(10)) == [1])
  #expect(fired(&wheel, at: start + .seconds(10)) == [])
  #expect(wheel.count == 0)
}

@Test func aFractionOfAMillisecondIsRoundedUp() {
  var wheel = Timers.Wheel<Int>(origin: start)
  _ = wheel.schedule(at: start + .nanoseconds(10_000_001), 1)
  #expect(fired(&wheel, at: start + .nanoseconds(10_999_999)) == [])
  #expect(fired(&wheel, at: start + .milliseconds(11)) == [1])
}

@Test func aTimerInThePastFiresAtOnce() {
  var wheel = Timers.Wheel<Int>(origin: start)
  #expect(fired(&wheel, at: start + .seconds(100)) == [])
  _ = wheel.schedule(at: start, 1)
  #expect(wheel.wakeUp == start + .seconds(100))
  #expect(fired(&wheel, at: start + .seconds(100)) == [1])
}

@Test func timersOfOneDeadlineKeepTheirOrder() {
  var wheel = Timers.Wheel<Int>(origin: start)
  for number in 0..<100 { _ = wheel.schedule(at: start + .milliseconds(5_000), number) }
  #expect(fired(&wheel, at: start + .milliseconds(4_999)) == [])
  for number in 100..<110 { _ = wheel.schedule(at: start + .milliseconds(5_000), number) }
  #expect(fired(&wheel, at: start + .milliseconds(5_000)) == Array(0..<110))
}

@Test func aCancelledTimerDoesNotFire() {
  var wheel = Timers.Wheel<Int>(origin: start)
  let first = wheel.schedule(at: start + .milliseconds(5), 1)
  _ = wheel.schedule(at: start + .milliseconds(5), 2)
  let third = wheel.schedule(at: start + .milliseconds(5), 3)
  #expect(wheel.cancel(first) == 1)
  #expect(wheel.cancel(first) == nil)
  #expect(wheel.cancel(third) == 3)
  #expect(fired(&wheel, at: start + .seconds(1)) == [2])
  #expect(wheel.wakeUp == nil)
}

@Test func aStaleTokenDoesNotCancelTheNextTimerInItsPlace() {
  var wheel = Timers.Wheel<Int>(origin: start)
  let old = wheel.schedule(at: start + .milliseconds(1), 1)
  #expect(fired(&wheel, at: start + .milliseconds(1)) == [1])
  _ = wheel.schedule(at: start + .milliseconds(2), 2)
  #expect(wheel.cancel(old) == nil)
  #expect(fired(&wheel, at: start + .milliseconds(2)) == [2])
}

@Test(arguments: [
  63, 64, 65, 4_095, 4_096, 4_097, 262_143, 262_144, 16_777_216, 1_073_741_823, 1_073_741_824, 1_800_000_000,
])
func everyLevelOfTheWheelFiresOnTheMillisecond(milliseconds: Int) {
  var wheel = Timers.Wheel<Int>(origin: start)
  let deadline = start + .milliseconds(milliseconds)
  _ = wheel.schedule(at: deadline, 1)
  var now = start
  var steps = 0
  while let next = wheel.wakeUp, next < deadline {
    #expect(next > now, "a wake-up must bring the deadline nearer")
    now = next
    #expect(fired(&wheel, at: now) == [])
    steps += 1
  }
  #expect(wheel.wakeUp == deadline)
  #expect(fired(&wheel, at: deadline - .nanoseconds(1)) == [])
  #expect(fired(&wheel, at: deadline) == [1])
  #expect(steps <= 8)
}

@Test func tenThousandTimersFireInTheOrderOfTheirDeadlines() {
  var random = SeededRandom(seed: 42)
  var wheel = Timers.Wheel<Int>(origin: start)
  var expected: [(tick: Int, number: Int)] = []
  var tokens: [Timers.Token] = []
  for number in 0..<10_000 {
    let tick = Int.random(in: 1...400_000, using: &random)
    tokens.append(wheel.schedule(at: start + .milliseconds(tick), number))
    expected.append((tick, number))
  }
  let cancelled = Set((0..<3_000).map { _ in Int.random(in: 0..<10_000, using: &random) })
  for number in cancelled { #expect(wheel.cancel(tokens[number]) == number) }
  expected.removeAll { cancelled.contains($0.number) }
  expected.sort { ($0.tick, $0.number) < ($1.tick, $1.number) }
  #expect(wheel.count == expected.count)

  var all: [Int] = []
  while let next = wheel.wakeUp {
    let first = start + .milliseconds(expected[all.count].tick)
    #expect(next <= first)
    all += fired(&wheel, at: next)
  }
  #expect(all == expected.map(\.number))
}

@Test func aWheelThatJumpsOverManyDeadlinesForgetsNone() {
  var random = SeededRandom(seed: 7)
  var wheel = Timers.Wheel<Int>(origin: start)
  var waiting: Set<Int> = []
  var deadlines: [Int: Int] = [:]
  var now = 0
  for number in 0..<5_000 {
    let tick = now + Int.random(in: 0...Int(1) << Int.random(in: 0...32, using: &random), using: &random)
    _ = wheel.schedule(at: start + .milliseconds(tick), number)
    waiting.insert(number)
    deadlines[number] = tick
    now += Int.random(in: 0...Int(1) << Int.random(in: 0...18, using: &random), using: &random)
    for done in fired(&wheel, at: start + .milliseconds(now)) {
      #expect(waiting.remove(done) != nil)
      #expect(deadlines[done, default: .max] <= now)
    }
    #expect(waiting.count == wheel.count)
  }
  #expect(waiting.allSatisfy { deadlines[$0, default: 0] > now })
}

/// SplitMix64: the same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
