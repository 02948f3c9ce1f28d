import Dispatch
import Glibc
import Synchronization
import Testing
import Wire

@testable import Net

@Suite(.serialized) struct BesideTests {
  @Test func whatIsComputedBesideTheLoopIsToldOnIt() async throws {
    let loop = try EventLoop(label: "ostler.test")
    let wasOnLoop: (Bool, Bool) = await withCheckedContinuation { told in
      loop.beside {
        loop.isCurrent
      } done: { computedThere in
        told.resume(returning: (computedThere, loop.isCurrent))
      }
    }
    #expect(wasOnLoop == (false, true))
    await loop.end()
  }

  @Test func piecesAreTakenInTheirOrderWhileTheLoopGoesOn() async throws {
    let loop = try EventLoop(label: "ostler.test")
    let seen = try await loop.run { LoopBound(Numbers(), loop: $0) }
    let gate = DispatchSemaphore(value: 0)
    defer { gate.signal() }
    loop.beside {
      gate.wait()
    } done: {
      seen.value.all.append(1)
    }
    for number in 2...5 {
      loop.beside {
        number
      } done: {
        seen.value.all.append($0)
      }
    }
    try await loop.run { _ in seen.value.all.append(0) }
    gate.signal()
    await loop.wait { seen.value.all.count == 6 }
    #expect(try await loop.run { _ in seen.value.all } == [0, 1, 2, 3, 4, 5])
    await loop.end()
  }

  @Test func itIsLessUrgentThanALoop() async throws {
    let loop = try EventLoop(label: "ostler.test")
    // On Linux the calling thread is meant.
    let own = try await loop.run { _ in getpriority(Int32(PRIO_PROCESS.rawValue), 0) }
    let besides = await withCheckedContinuation { told in
      loop.beside {
        getpriority(Int32(PRIO_PROCESS.rawValue), 0)
      } done: {
        told.resume(returning: $0)
      }
    }
    #expect(besides > own || own >= 10)
    await loop.end()
  }
}
