import Domain
import Testing
import Wire

@testable import OCPP

/// What a follower gets to hear: in order, one call at a time, with its own names of transactions.
@Suite struct ForwardQueueTests {
  private let t0 = Instant.now()

  private func queue() -> ForwardQueue {
    ForwardQueue(
      bootAction: "BootNotification", transactionField: "transactionId",
      transactionActions: ["StartTransaction", "StopTransaction"])
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
    #expect(queue.dropped == 0)
  }

  @Test func underANumberOfOursNothingIsSaidOfATransactionThatTheFollowerNeverNamed() {
    var queue = queue()
    _ = queue.connected(at: t0)
    // The mirror began in the middle of it.
    #expect(queue.add(call("o", "StopTransaction", ["transactionId": 8]), at: t0).isEmpty)
    #expect(queue.dropped == 1 && queue.waiting == 0)
    // Its start was not answered in time; what comes next waits for nobody.
    _ = queue.add(call("s", "StartTransaction"), at: t0)
    queue.led("s", ["transactionId": 9])
    _ = queue.add(call("m", "MeterValues", ["transactionId": 9]), at: t0)
    _ = queue.add(call("n"), at: t0)
    #expect(queue.tick(at: t0 + .seconds(31)).map(\.id) == ["n"])
    #expect(queue.dropped == 2)
    // The answer comes late, and its name holds from then on.
    #expect(queue.answered("s", ["transactionId": 901], at: t0).isEmpty)
    _ = queue.answered("n", [:], at: t0)
    #expect(
      queue.add(call("e", "StopTransaction", ["transactionId": 9]), at: t0).first?.payload["transactionId"] == 901)
  }

  @Test func whatWaitsIsBoundedInBytesToo() {
    var queue = queue()
    let large: JSON = ["data": .string(String(repeating: "x", count: OCPPLimits.forwardedBytes / 4))]
    _ = queue.add(call("s", "StartTransaction", ["idTag": "A"]), at: t0)
    for number in 1...6 { _ = queue.add(call("\(number)", "DataTransfer", large), at: t0) }
    #expect(queue.bytes <= OCPPLimits.forwardedBytes && queue.dropped == 3)
    #expect(queue.connected(at: t0).map(\.id) == ["s"])
    #expect(queue.answered("s", [:], at: t0).map(\.id) == ["4"])
  }

  @Test func whatWaitsOutlivesTheLinkForThatFollowerAlone() throws {
    let memory = ForwardMemory()
    let station = try #require(StationIdentity("CS-1"))
    let mine = ForwardMemory.Key(station: station, url: "wss://one", name: "CS-1")
    var waiting = queue()
    _ = waiting.add(call("1", "StatusNotification", ["connectorId": 1]), at: t0)
    memory.keep(waiting, for: mine)
    #expect(memory.take(ForwardMemory.Key(station: station, url: "wss://two", name: "CS-1")) == nil)
    #expect(memory.take(mine)?.waiting == 1)
    #expect(memory.take(mine) == nil && memory.bytes == 0)
  }

  @Test func whatAnEarlierLinkLeftComesFirstAndItsNamesStay() {
    var earlier = queue()
    _ = earlier.connected(at: t0)
    _ = earlier.add(call("s", "StartTransaction", ["idTag": "A"]), at: t0)
    earlier.led("s", ["transactionId": 77])
    _ = earlier.answered("s", ["transactionId": 501], at: t0)
    _ = earlier.add(call("m", "MeterValues", ["transactionId": 77]), at: t0)
    earlier.disconnected()
    var later = queue()
    _ = later.add(call("e", "StopTransaction", ["transactionId": 77]), at: t0)
    later.goOn(from: earlier)
    let first = later.connected(at: t0)
    #expect(first.map(\.id) == ["m"] && first[0].payload["transactionId"] == 501)
    let second = later.answered("m", [:], at: t0)
    #expect(second.map(\.id) == ["e"] && second[0].payload["transactionId"] == 501)
  }

  @Test func whatIsRememberedOfAllIsBounded() throws {
    let memory = ForwardMemory()
    let large: JSON = ["data": .string(String(repeating: "x", count: OCPPLimits.forwardedBytes - 100))]
    let room = OCPPLimits.rememberedForwardBytes / OCPPLimits.forwardedBytes
    func key(_ number: Int) throws -> ForwardMemory.Key {
      ForwardMemory.Key(station: try #require(StationIdentity("CS-\(number)")), url: "wss://one", name: "x")
    }
    for number in 0...room {
      var waiting = queue()
      _ = waiting.add(call("1", "DataTransfer", large), at: t0)
      memory.keep(waiting, for: try key(number))
    }
    #expect(memory.bytes <= OCPPLimits.rememberedForwardBytes)
    #expect(try memory.take(key(0)) == nil && memory.take(key(room))?.waiting == 1)
  }

  @Test func aFollowerThatIsAwayLongLosesTheOldestThatIsNoTransaction() {
    var queue = queue()
    _ = queue.add(call("s", "StartTransaction", ["idTag": "A"]), at: t0)
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
