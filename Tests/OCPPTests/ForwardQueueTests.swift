import Testing
import Wire

@testable import OCPP

/// What a follower gets to hear: in order, one call at a time, with its own names of transactions.
@Suite struct ForwardQueueTests {
  private let t0 = Instant.now()

  private func queue() -> ForwardQueue {
    ForwardQueue(bootAction: "BootNotification", transactionField: "transactionId")
  }

  private func call(_ id: String, _ action: String = "StatusNotification", _ payload: JSON = [:]) -> ForwardQueue.Call {
    ForwardQueue.Call(id: id, action: action, payload: payload)
  }

  @Test func oneCallIsOpenAtATime() {
    var queue = queue()
    #expect(queue.add(call("1"), at: t0).isEmpty)
    #expect(queue.connected(at: t0) == [call("1")])
    #expect(queue.add(call("2"), at: t0).isEmpty)
    #expect(queue.answered("other", [:], at: t0).isEmpty)
    #expect(queue.answered("1", [:], at: t0) == [call("2")])
    #expect(queue.answered("2", nil, at: t0).isEmpty)
    #expect(queue.waiting == 0)
  }

  @Test func aFollowerThatDoesNotAnswerKeepsNobodyWaiting() {
    var queue = queue()
    _ = queue.connected(at: t0)
    #expect(queue.add(call("1"), at: t0) == [call("1")])
    #expect(queue.add(call("2"), at: t0).isEmpty)
    #expect(queue.tick(at: t0 + .seconds(29)).isEmpty)
    #expect(queue.tick(at: t0 + .seconds(30)) == [call("2")])
  }

  @Test func whatWasOpenIsSentAgainAndTheBootComesFirst() {
    var queue = queue()
    _ = queue.connected(at: t0)
    let boot = call("b", "BootNotification")
    #expect(queue.add(boot, at: t0) == [boot])
    _ = queue.answered("b", [:], at: t0)
    #expect(queue.add(call("1"), at: t0) == [call("1")])
    queue.disconnected()
    // A life sign of then says nothing later.
    #expect(queue.add(call("h", "Heartbeat"), at: t0).isEmpty)
    #expect(queue.connected(at: t0) == [boot])
    #expect(queue.answered("b", [:], at: t0) == [call("1")])
    #expect(queue.answered("1", [:], at: t0).isEmpty)
  }

  @Test func theFollowersNameStandsInPlaceOfOurs() {
    var queue = queue()
    _ = queue.connected(at: t0)
    _ = queue.add(call("s", "StartTransaction"), at: t0)
    queue.led("s", ["transactionId": 7])
    // What comes before the follower's answer waits for it.
    #expect(queue.add(call("m", "MeterValues", ["transactionId": 7, "x": 1]), at: t0).isEmpty)
    #expect(
      queue.answered("s", ["transactionId": 900], at: t0)
        == [call("m", "MeterValues", ["transactionId": 900, "x": 1])])
    #expect(queue.transactions.leader(for: 900) == 7 && queue.transactions.leader(for: 7) == nil)
    _ = queue.answered("m", [:], at: t0)
    // One that nobody named is passed on as it is.
    #expect(queue.add(call("o", "MeterValues", ["transactionId": 8]), at: t0).first?.payload["transactionId"] == 8)
  }

  @Test func aFollowerThatIsAwayLongLosesTheOldestThatIsNoTransaction() {
    var queue = queue()
    _ = queue.add(call("s", "StopTransaction", ["transactionId": 1]), at: t0)
    for number in 1..<OCPPLimits.forwardedWaiting { _ = queue.add(call("\(number)"), at: t0) }
    #expect(queue.waiting == OCPPLimits.forwardedWaiting && queue.dropped == 0)
    _ = queue.add(call("last"), at: t0)
    #expect(queue.waiting == OCPPLimits.forwardedWaiting && queue.dropped == 1)
    #expect(queue.connected(at: t0).map(\.id) == ["s"])
    #expect(queue.answered("s", [:], at: t0).map(\.id) == ["2"])
  }

  @Test func namesOfTransactionsAreBounded() {
    var names = TransactionNames()
    for number in 0...Int64(OCPPLimits.forwardedTransactions) {
      names.leader(.number(JSONNumber(number)), of: "\(number)")
      names.follower(.number(JSONNumber(number + 1_000)), of: "\(number)")
    }
    #expect(names.follower(for: 0) == nil)
    #expect(names.follower(for: 1) == 1_001)
  }
}
