import OCPP
import Testing
import Wire

@testable import Simulator

@Suite struct CallLineTests {
  private static let t0 = Instant(nanoseconds: 0)

  private static func stop(_ session: Int) -> Outgoing { Outgoing(.stop(session: session, V16.StopTransaction())) }
  private static func meter(_ session: Int?) -> Outgoing { Outgoing(.meter(session: session, V16.MeterValues())) }
  private static let heartbeat = Outgoing(.heartbeat)

  @Test func keptMessagesHaveRoomUpToTheirLimitAndEndsBeyondIt() {
    var line = CallLine()
    for number in 1..<Limits.keptMessages { #expect(line.add(Self.stop(number)) == nil) }
    #expect(line.hasRoomForSession)
    #expect(line.add(Self.meter(1)) == nil)
    #expect(line.keptCount == Limits.keptMessages)
    // A meter value makes room for what matters more.
    #expect(line.hasRoomForSession)
    #expect(line.add(Self.stop(0))?.isMeter == true)
    #expect(!line.hasRoomForSession)
    #expect(line.add(Self.meter(2))?.isMeter == true)
    #expect(line.add(Self.stop(0)) == nil)
    #expect(line.keptCount == Limits.keptMessages + 1)
  }

  @Test func passingMessagesHaveALimitOfTheirOwn() {
    var line = CallLine()
    for _ in 0..<Limits.passingMessages { #expect(line.add(Self.heartbeat) == nil) }
    #expect(line.add(Self.heartbeat) != nil)
    #expect(line.add(Self.stop(1)) == nil)
    // A meter value outside of any session is nothing to be kept.
    #expect(line.add(Self.meter(nil)) != nil)
  }

  @Test func onlyTheOpenCallIsAnswered() {
    var line = CallLine()
    _ = line.add(Self.heartbeat)
    _ = line.add(Self.heartbeat)
    let open = line.next(at: Self.t0) { _ in true }
    #expect(open != nil)
    #expect(line.next(at: Self.t0) { _ in true } == nil)
    #expect(line.answered(MessageID("another")) == nil)
    #expect(line.overdue(at: Self.t0 + Limits.replyDeadline - .milliseconds(1)) == nil)
    #expect(line.overdue(at: Self.t0 + Limits.replyDeadline)?.id == open?.id)
    // Late: its turn is over.
    #expect(line.answered(open?.id ?? MessageID("")) == nil)
  }

  @Test func aMessageThatWaitsHoldsUpItsOwnKindOnly() {
    var line = CallLine()
    var first = Self.stop(1)
    first.notBefore = Self.t0 + .seconds(60)
    line.putBack(first)
    _ = line.add(Self.stop(2))
    _ = line.add(Self.heartbeat)
    #expect(line.next(at: Self.t0) { _ in true }?.outgoing.isHeartbeat == true)
    line.disconnected()
    // With a new connection nobody waits any more, and the order is the old one.
    guard case .stop(let session, _)? = line.next(at: Self.t0, may: { _ in true })?.outgoing.content else {
      Issue.record("nothing leaves")
      return
    }
    #expect(session == 1)
  }

  @Test func tagsAreForgottenInTheOrderInWhichTheyWereLearned() {
    var model = StationModel(Stage.profile(), seed: 1)
    var info = V16.IdTagInfo()
    info.status = .accepted
    for number in 0...Limits.rememberedTags { model.remember("T\(number)", info) }
    #expect(model.memory.count == Limits.rememberedTags)
    #expect(model.memory.first?.tag == "t1")
    model.remember("T1", info)
    #expect(model.memory.last?.tag == "t1" && model.memory.count == Limits.rememberedTags)
  }

  @Test func numbersBeyondTheLimitsAreCut() {
    #expect(StationProfile(identity: "A", connectors: 0).connectors == 1)
    #expect(StationProfile(identity: "A", connectors: Limits.connectors + 1).connectors == Limits.connectors)
    #expect(Fleet.Plan(count: -1).profiles.isEmpty)
    var scenario = Scenario<Int>()
    scenario.every(1, from: 0, until: 1e9) { $0 }
    scenario.at(0, -1)
    #expect(scenario.steps.count == Limits.scenarioSteps)
  }
}
