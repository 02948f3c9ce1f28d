@testable import OCPP
import Testing
import Wire

private let t0 = Instant(nanoseconds: 1_000_000_000_000)

private func call(_ id: String, seconds: Int = 30) -> CallQueue.Call {
  CallQueue.Call(id: MessageID(id), frame: Bytes(utf8: id), until: t0 + .seconds(seconds))
}

private let ok = CallQueue.Outcome.result(["status": "Accepted"])

@Suite struct CallQueueTests {
  private let a = call("a")
  private let b = call("b")
  private let c = call("c")

  private func ready() -> CallQueue {
    var queue = CallQueue()
    #expect(queue.release(at: t0) == [])
    return queue
  }

  @Test func oneCallIsOpenAtATime() {
    var queue = ready()
    #expect(queue.ask(a, at: t0) == [.send(a)])
    #expect(queue.ask(b, at: t0) == [])
    #expect(queue.ask(c, at: t0) == [])
    #expect(queue.replied(a.id, ok, at: t0) == [.finish(a.id, ok), .send(b)])
    #expect(
      queue.replied(b.id, .error(code: "X", description: "y"), at: t0)
        == [.finish(b.id, .error(code: "X", description: "y")), .send(c)])
    #expect(queue.replied(c.id, ok, at: t0) == [.finish(c.id, ok)])
  }

  @Test func nothingIsSentBeforeTheStationIsReady() {
    var queue = CallQueue()
    #expect(queue.ask(a, at: t0) == [])
    #expect(queue.ask(b, at: t0) == [])
    #expect(queue.release(at: t0 + .seconds(5)) == [.send(a)])
    #expect(queue.release(at: t0 + .seconds(6)) == [])
  }

  @Test func aCallMayRunOutOfTimeBeforeItIsSent() {
    var queue = CallQueue()
    #expect(queue.ask(call("a", seconds: 2), at: t0) == [])
    #expect(queue.nextDeadline == t0 + .seconds(2))
    #expect(queue.tick(at: t0 + .seconds(2)) == [.finish(a.id, .timedOut)])
    #expect(queue.release(at: t0 + .seconds(5)) == [])
  }

  @Test func aLateReplyIsIgnored() {
    var queue = ready()
    #expect(queue.ask(a, at: t0) == [.send(a)])
    #expect(queue.tick(at: t0 + .seconds(29)) == [])
    #expect(queue.tick(at: t0 + .seconds(30)) == [.finish(a.id, .timedOut)])
    #expect(queue.replied(a.id, ok, at: t0 + .seconds(31)) == [])
  }

  @Test func aTimedOutCallMakesRoomForTheNext() {
    var queue = ready()
    let long = call("b", seconds: 60)
    #expect(queue.ask(a, at: t0) == [.send(a)])
    #expect(queue.ask(long, at: t0) == [])
    #expect(queue.tick(at: t0 + .seconds(30)) == [.finish(a.id, .timedOut), .send(long)])
    #expect(queue.nextDeadline == t0 + .seconds(60))
  }

  @Test func aCallThatWaitedTooLongInLineIsNeverSent() {
    var queue = ready()
    let long = call("a", seconds: 60)
    #expect(queue.ask(long, at: t0) == [.send(long)])
    #expect(queue.ask(b, at: t0) == [])
    #expect(queue.nextDeadline == t0 + .seconds(30))
    #expect(queue.tick(at: t0 + .seconds(30)) == [.finish(b.id, .timedOut)])
    #expect(queue.ask(c, at: t0 + .seconds(29)) == [])
    #expect(queue.replied(long.id, ok, at: t0 + .seconds(31)) == [.finish(long.id, ok), .finish(c.id, .timedOut)])
  }

  @Test func repeatedAndInventedRepliesChangeNothing() {
    var queue = ready()
    #expect(queue.replied(a.id, ok, at: t0) == [])
    #expect(queue.ask(a, at: t0) == [.send(a)])
    #expect(queue.replied(b.id, ok, at: t0) == [])
    #expect(queue.replied(a.id, ok, at: t0) == [.finish(a.id, ok)])
    #expect(queue.replied(a.id, ok, at: t0) == [])
  }

  @Test func theEndOfALinkEndsAllItsCalls() {
    var queue = ready()
    #expect(queue.ask(a, at: t0) == [.send(a)])
    #expect(queue.ask(b, at: t0) == [])
    #expect(queue.end() == [.finish(a.id, .disconnected), .finish(b.id, .disconnected)])
    #expect(queue.end() == [])
    #expect(queue.ask(c, at: t0) == [.finish(c.id, .disconnected)])
    #expect(queue.replied(a.id, ok, at: t0) == [])
    #expect(queue.release(at: t0) == [])
    #expect(queue.nextDeadline == nil)
  }

  @Test func theLineIsBounded() {
    var queue = ready()
    #expect(queue.ask(a, at: t0) == [.send(a)])
    for number in 1...OCPPLimits.callsWaiting { #expect(queue.ask(call("w\(number)"), at: t0) == []) }
    #expect(queue.ask(b, at: t0) == [.finish(b.id, .full)])
    #expect(queue.replied(a.id, ok, at: t0) == [.finish(a.id, ok), .send(call("w1"))])
    #expect(queue.ask(b, at: t0) == [])
  }
}
