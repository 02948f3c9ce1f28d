import Dispatch
import Glibc
import Synchronization
import Testing
import Wire

@testable import Net

@Suite struct EventLoopTests {
  let loop: EventLoop

  init() throws { loop = try EventLoop(label: "ostler.test") }

  @Test func workRunsInTheOrderInWhichItWasGiven() async throws {
    let seen = try await loop.run { LoopBound(Numbers(), loop: $0) }
    for number in 0..<1_000 { loop.execute { seen.value.all.append(number) } }
    #expect(try await loop.run { _ in seen.value.all } == Array(0..<1_000))
    await loop.end()
  }

  @Test func workGivenOnTheLoopRunsAfterTheCaller() async throws {
    let seen = try await loop.run { loop in
      let numbers = LoopBound(Numbers(), loop: loop)
      loop.execute { numbers.value.all.append(2) }
      numbers.value.all.append(1)
      return numbers
    }
    await loop.wait { seen.value.all.count == 2 }
    #expect(try await loop.run { _ in seen.value.all } == [1, 2])
    await loop.end()
  }

  /// A burst given in one go is one batch: all of it has one time.
  @Test @MainActor func whatIsGivenTogetherIsDoneTogether() async throws {
    let seen = try await loop.run { LoopBound(Moments(), loop: $0) }
    let other = try EventLoop(label: "ostler.other")
    let others = try await other.run { LoopBound(Moments(), loop: $0) }
    let (loop, patience) = (loop, timespec(tv_sec: 0, tv_nsec: 2_000_000))
    EventLoop.together {
      for _ in 0..<5 {
        loop.execute { seen.value.all.append(loop.now) }
        EventLoop.together { other.execute { others.value.all.append(other.now) } }
        // Time enough for a loop that was woken by the first piece to do it alone.
        var left = patience
        nanosleep(&left, nil)
      }
    }
    await loop.wait { seen.value.all.count == 5 }
    await other.wait { others.value.all.count == 5 }
    #expect(try await loop.run { _ in Set(seen.value.all).count } == 1)
    #expect(try await other.run { _ in Set(others.value.all).count } == 1)
    // Afterwards a loop is woken at once again.
    loop.execute { seen.value.all.append(loop.now) }
    await loop.wait { seen.value.all.count == 6 }
    await other.end()
    await loop.end()
  }

  @Test func whatABatchGathersIsBroughtBeforeItSends() async throws {
    let seen = try await loop.run { loop in
      let numbers = LoopBound(Numbers(), loop: loop)
      loop.afterEvents { numbers.value.all.append(2) }
      loop.atEndOfBatch { numbers.value.all.append(3) }
      numbers.value.all.append(1)
      return numbers
    }
    #expect(try await loop.run { _ in seen.value.all } == [1, 2, 3])
    await loop.end()
  }

  @Test func aLoopAtRestHoldsNoPiecesForMessages() async throws {
    let door = try await loop.run { LoopBound(try Door($0, prepare: echo), loop: $0) }
    let client = try await loop.run { loop in LoopBound(call(loop, door.value.address), loop: loop) }
    await loop.wait { client.value.isActive }
    let spare = try await loop.run { loop in
      let numbers = LoopBound(Numbers(), loop: loop)
      client.value.channel?.write([UInt8](repeating: 7, count: 200_000))
      // The batch that follows the sending one: no rest comes between them.
      loop.execute { numbers.value.all.append(loop.chunks.spare.count) }
      return numbers
    }
    await loop.wait { client.value.count == 200_000 }
    let loop = loop
    #expect(try await loop.run { _ in spare.value.all.first ?? 0 } > 0)
    // No batch comes that has anything to send.
    await loop.wait { loop.chunks.spare.isEmpty }
    await loop.end()
  }

  @Test func onlyTheLoopIsItself() async throws {
    #expect(!loop.isCurrent)
    #expect(try await loop.run { $0.isCurrent })
    let other = try EventLoop(label: "ostler.other")
    #expect(try await loop.run { _ in other.isCurrent } == false)
    await other.end()
    await loop.end()
  }

  @Test func aBoundValueTrapsElsewhere() async {
    await #expect(processExitsWith: .failure) {
      let loop = try EventLoop(label: "ostler.test")
      let bound = try await loop.run { LoopBound(1, loop: $0) }
      _ = bound.value
    }
  }

  @Test func anActorCanLiveOnALoop() async throws {
    let resident = Resident(loop)
    #expect(await resident.isOnItsLoop())
    await loop.end()
  }

  @Test func timersFireInOrderAndACancelledOneDoesNot() async throws {
    let seen = try await loop.run { loop in
      let numbers = LoopBound(Numbers(), loop: loop)
      loop.schedule(after: .milliseconds(20)) { numbers.value.all.append(3) }
      loop.schedule(after: .milliseconds(2)) { numbers.value.all.append(1) }
      let token = loop.schedule(after: .milliseconds(3)) { numbers.value.all.append(9) }
      loop.schedule(after: .milliseconds(10)) { numbers.value.all.append(2) }
      loop.cancel(token)
      return numbers
    }
    await loop.wait { seen.value.all.count == 3 }
    #expect(try await loop.run { _ in seen.value.all } == [1, 2, 3])
    await loop.end()
  }

  @Test func aTimerThatSchedulesItselfAtOnceLeavesRoomForOthers() async throws {
    let stop = try await loop.run { loop in
      let stop = LoopBound(Numbers(), loop: loop)
      @Sendable func again() { if stop.value.all.isEmpty { loop.schedule(after: .zero) { again() } } }
      again()
      return stop
    }
    try await loop.run { _ in stop.value.all = [1] }
    await loop.end()
  }

  @Test(arguments: EventLoop.ReadinessKind.allCases)
  func shuttingDownClosesEverythingAndForgetsTimers(kind: EventLoop.ReadinessKind) async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: kind)
    let (door, client, timer) = try await loop.run { loop in
      let door = try Door(loop)
      let numbers = Numbers()
      loop.schedule(after: .seconds(3_600)) { numbers.all.append(1) }
      let timer = Weak()
      timer.numbers = numbers
      return (
        LoopBound(door, loop: loop), LoopBound(call(loop, door.address), loop: loop), LoopBound(timer, loop: loop)
      )
    }
    await loop.wait { client.value.isActive && door.value.accepted.first?.isActive == true }
    await loop.end()
    let closed = try await loop.run { _ in
      client.value.closed + door.value.accepted.flatMap(\.closed)
    }
    #expect(closed == [.local, .local])
    #expect(try await loop.run { _ in timer.value.numbers == nil })
    await loop.end()
  }

  @Test func aPreferredChannelIsReadBeforeACrowdThatSpokeFirst() async throws {
    let (loop, other, gate) = (loop, try EventLoop(label: "ostler.other"), DispatchSemaphore(value: 0))
    let (door, heard) = try await loop.run { loop in
      let heard = Numbers()
      let door = try Door(loop) { $0.onRead = { _, bytes in heard.all.append(Int(bytes[0])) } }
      return (LoopBound(door, loop: loop), LoopBound(heard, loop: loop))
    }
    let address = try await loop.run { _ in door.value.address }
    let station = try await other.run { LoopBound(call($0, address), loop: $0) }
    await loop.wait { door.value.accepted.first?.isActive == true }
    try await loop.run { _ in door.value.accepted[0].channel?.prefer() }
    let crowd = try await other.run { other in LoopBound((1...100).map { _ in call(other, address) }, loop: other) }
    await loop.wait { door.value.accepted.count == 101 && door.value.accepted.allSatisfy(\.isActive) }

    // The loop looks away until all have spoken.
    loop.execute { gate.wait() }
    try await other.run { _ in for (word, one) in crowd.value.enumerated() { one.channel?.write([UInt8(word)]) } }
    // What a batch writes is sent before the next one begins.
    try await other.run { _ in station.value.channel?.write([200]) }
    try await other.run { _ in }
    gate.signal()
    await loop.wait { heard.value.all.count == 101 }
    let order = try await loop.run { _ in heard.value.all }
    #expect(order.first == 200)
    #expect(order.dropFirst().sorted() == Array(0..<100))
    await other.end()
    await loop.end()
  }

  @Test func shuttingDownTwiceIsReportedTwice() async throws {
    let loop = loop
    async let first: Void = loop.end()
    async let second: Void = loop.end()
    _ = await (first, second)
    try await loop.run { loop in
      _ = #expect(throws: NetFault.self) { try Door(loop) }
    }
  }

  @Test func aSignalReachesTheLoop() async throws {
    let count = Atomic(0)
    let token = try Signals.on(.hangup, loop: loop) { count.wrappingAdd(1, ordering: .relaxed) }
    kill(getpid(), SIGHUP)
    await loop.wait { count.load(ordering: .relaxed) == 1 }
    token.cancel()
    await loop.end()
  }
}

private final class Moments {
  var all: [Instant] = []
}

final class Numbers { var all: [Int] = [] }

private final class Weak { weak var numbers: Numbers? }

private actor Resident {
  nonisolated let loop: EventLoop
  init(_ loop: EventLoop) { self.loop = loop }
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  func isOnItsLoop() -> Bool {
    assertIsolated()
    return loop.isCurrent
  }
}
