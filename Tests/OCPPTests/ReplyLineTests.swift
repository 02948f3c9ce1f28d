@testable import OCPP
import Testing
import Wire

private let t0 = Instant(nanoseconds: 1_000_000_000_000)

@Suite struct ReplyLineTests {
  private let yes = ReplyLine.Answer.success(V16.MeterValues.Reply())

  @Test func repliesLeaveInTheOrderOfTheCalls() {
    var line = ReplyLine()
    let a = line.open(MessageID("a"), "A", at: t0)
    let b = line.open(MessageID("b"), "B", at: t0)
    line.answer(b, yes)
    #expect(line.next(at: t0)?.id == nil)
    line.answer(a, yes)
    #expect(line.next(at: t0)?.id == MessageID("a"))
    #expect(line.next(at: t0)?.action == "B")
    #expect(line.next(at: t0)?.id == nil)
  }

  @Test func aSecondAnswerToOneCallIsDropped() {
    var line = ReplyLine()
    let a = line.open(MessageID("a"), "A", at: t0)
    line.answer(a, .failure(.overdue))
    line.answer(a, yes)
    guard case .failure(.overdue) = line.next(at: t0)?.answer else {
      Issue.record("the first answer counts")
      return
    }
    let b = line.open(MessageID("b"), "B", at: t0)
    line.answer(a, yes)
    #expect(line.next(at: t0)?.id == nil)
    line.answer(b, yes)
    #expect(line.next(at: t0)?.id == MessageID("b"))
  }

  @Test func theLineHasRoomForSoMany() {
    var line = ReplyLine()
    for number in 1...OCPPLimits.callsInHand {
      #expect(line.hasRoom)
      _ = line.open(MessageID("\(number)"), "A", at: t0)
    }
    #expect(!line.hasRoom)
  }

  @Test func aCallThatWaitedTooLongIsGivenUp() {
    var line = ReplyLine()
    let a = line.open(MessageID("a"), "A", at: t0)
    _ = line.open(MessageID("b"), "B", at: t0 + .seconds(1))
    line.giveUp(olderThan: t0)
    guard case .failure(.overdue) = line.next(at: t0)?.answer else {
      Issue.record("it is overdue")
      return
    }
    line.answer(a, yes)
    #expect(line.next(at: t0)?.id == nil)
  }

  @Test func anAnswerThatIsHeldBackLeavesInItsTimeAndHoldsBackThoseBehindIt() {
    var line = ReplyLine()
    let a = line.open(MessageID("a"), "A", at: t0)
    let b = line.open(MessageID("b"), "B", at: t0 + .milliseconds(10))
    #expect(line.answeredSince == nil)
    line.answer(b, yes)
    line.answer(a, yes)
    #expect(line.answeredSince == t0)
    #expect(line.next(at: t0 + .milliseconds(999), after: .seconds(1))?.id == nil)
    #expect(line.next(at: t0 + .milliseconds(1_000), after: .seconds(1))?.id == MessageID("a"))
    #expect(line.next(at: t0 + .milliseconds(1_009), after: .seconds(1))?.id == nil)
    #expect(line.answeredSince == t0 + .milliseconds(10))
    #expect(line.next(at: t0 + .milliseconds(1_010), after: .seconds(1))?.id == MessageID("b"))
    #expect(line.answeredSince == nil)
  }

  @Test func anIdUsedAgainForSomethingElseIsNoticed() {
    var recent = RecentCalls()
    #expect(recent.note(MessageID("1"), 1) == .new)
    #expect(recent.note(MessageID("1"), 1) == .repeated)
    #expect(recent.note(MessageID("1"), 2) == .otherContent)
    #expect(recent.note(MessageID("1"), 2) == .repeated)
    for number in 2..<(2 + OCPPLimits.rememberedCalls) {
      #expect(recent.note(MessageID("\(number)"), 1) == .new)
    }
    #expect(recent.note(MessageID("1"), 3) == .new)
  }
}
