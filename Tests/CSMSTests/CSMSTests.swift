import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// One turn: decide, commit once, answer; and what holds where the commit fails.
@MainActor
struct CSMSTests {
  let house: HouseUnderTest

  init() throws { house = try HouseUnderTest().furnish() }

  /// An errand that writes one event and then does what it is told.
  private func errand(
    _ heard: Heard<Int>,
    _ then: @escaping @MainActor @Sendable () throws(TurnFault) -> Void = { () throws(TurnFault) in }
  ) -> Errand {
    heard.errand { [csms = house.csms] () throws(TurnFault) in
      _ = try keeping { () throws(StoreFault) in try csms.record(.loginRefused(user: "anna", address: "x")) }
      try then()
      return 1
    }
  }

  @Test func allErrandsOfATurnAreAnsweredAfterOneCommit() throws {
    let (one, two) = (Heard<Int>(), Heard<Int>())
    let db = house.books.db
    let wasOpen = Answer<Bool>()
    house.csms.take([
      errand(one),
      errand(two) { () throws(TurnFault) in
        // The first errand is decided and not yet answered.
        MainActor.assumeIsolated { wasOpen.hear(db.isInTransaction && one.value == nil) }
      },
    ])
    #expect(wasOpen.value == true)
    #expect(one.value == 1 && two.value == 1)
    #expect(try house.count("user.login_refused") == 2)
    #expect(!db.isInTransaction)
  }

  @Test func anErrandThatThrowsUndoesItsOwnWritesOnly() throws {
    let (good, bad, last) = (Heard<Int>(), Heard<Int>(), Heard<Int>())
    house.csms.take([errand(good), errand(bad) { () throws(TurnFault) in throw .storage("no") }, errand(last)])
    #expect(good.value == 1 && last.value == 1)
    #expect(bad.fault == .storage("no"))
    #expect(try house.count("user.login_refused") == 2)
  }

  @Test func nothingOfAnErrandThatThrowsIsAnnouncedOrDoneAfterTheCommit() throws {
    let announced = Answer<Int>()
    _ = house.csms.feed.listen { announced.hear($0.events.count) }
    let heard = Heard<Int>()
    house.csms.take([
      errand(heard) { [csms = house.csms] () throws(TurnFault) in
        csms.afterCommit { announced.hear(-1) }
        throw .storage("no")
      }
    ])
    #expect(announced.count == 0)
  }

  @Test func whereTheCommitFailsEveryCallerHearsTheRetryableFaultAndNothingIsTrue() throws {
    let (one, two) = (Heard<Int>(), Heard<Int>())
    let announced = Answer<Int>()
    _ = house.csms.feed.listen { announced.hear($0.events.count) }
    let before = try house.books.events.lastSeq()
    house.failNextTurn([
      errand(one), errand(two) { [csms = house.csms] () throws(TurnFault) in csms.afterCommit { announced.hear(-1) } },
    ])
    for heard in [one, two] {
      guard case .storage = heard.fault else {
        Issue.record("the caller was not told to try again")
        return
      }
    }
    #expect(announced.count == 0)
    #expect(try house.books.events.lastSeq() == before)
    // The same again succeeds: the turn left nothing behind.
    let again = Heard<Int>()
    house.csms.take([errand(again)])
    #expect(again.value == 1)
    #expect(announced.value == 1)
  }

  @Test func whereSQLiteEndsTheTransactionTheWholeTurnFails() throws {
    let (one, two) = (Heard<Int>(), Heard<Int>())
    house.csms.take([
      errand(one) { [db = house.books.db] () throws(TurnFault) in
        // As SQLite does by itself when it runs out of disk or memory.
        do { try db.script("ROLLBACK") } catch { throw .storage("\(error)") }
      }, errand(two),
    ])
    #expect(one.value == nil && one.fault != nil)
    #expect(two.value == nil && two.fault != nil)
    #expect(try house.count("user.login_refused") == 0)
    #expect(!house.books.db.isInTransaction)
  }

  @Test func aFailedTurnLeavesTheMemoryAsItWas() throws {
    // A station that comes in with a turn that fails is not connected.
    guard case .welcome(let guest) = try house.admit("CS-1") else { throw TestFault("not let in") }
    let heard = Heard<Bool>()
    let link = house.newLink()
    house.failNextTurn([
      heard.errand { [csms = house.csms] () throws(TurnFault) in
        _ = try csms.opened(link, of: guest, version: "ocpp1.6", address: "x")
        return true
      }
    ])
    #expect(heard.fault != nil)
    #expect(!house.csms.isOnline(try house.station("CS-1").id))
    // Nor is a stranger that was let in, or one that waits for a partner's word.
    #expect(house.csms.strangers.isEmpty)
  }

  @Test func eventNumbersAreNotUsedAgainAfterARestart() throws {
    try house.connect("CS-1").boot()
    let last = try house.books.events.lastSeq()
    try house.restart()
    try house.connect("CS-1").boot()
    let seqs = try house.books.events.after(0, limit: 1_000).map(\.seq)
    #expect(seqs == seqs.sorted() && Set(seqs).count == seqs.count)
    #expect(try house.books.events.lastSeq() > last)
  }

  @Test func aHouseThatClosesTellsItsCallersSo() throws {
    house.csms.close()
    let heard = Heard<Int>()
    house.csms.take([errand(heard)])
    #expect(heard.fault == .closing)
  }

  @Test func aFullInboxSaysBusyAndTakesTheRest() async throws {
    let nothing = Errand(decide: { () throws(TurnFault) in {} }, fail: { _ in })
    let inbox = Inbox()
    for _ in 0..<Limits.waitingErrands - 1 { _ = inbox.add(nothing) }
    #expect(inbox.add(nothing) == .queued)
    #expect(inbox.add(nothing) == .full)
    #expect(inbox.add([nothing, nothing]).refused.count == 2)
    #expect(inbox.take().0.count == Limits.waitingErrands)
    #expect(inbox.add([nothing, nothing]).0 == .first)
    #expect(inbox.add(nothing) == .queued)
    #expect(inbox.refused == 3)
  }

  @Test func whoComesOrGoesWaitsForItsShareOfATurnAndKeepsItsOrder() throws {
    @MainActor final class Decided { var numbers: [Int] = [] }
    let (inbox, decided) = (Inbox(), Decided())
    func errand(_ number: Int, isAtTheDoor: Bool) -> Errand {
      Errand(
        isAtTheDoor: isAtTheDoor, decide: { () throws(TurnFault) in { decided.numbers.append(number) } },
        fail: { _ in })
    }
    func turn(_ most: Int) throws -> Bool {
      let (errands, isMoreLeft) = inbox.take(doors: most)
      for errand in errands { try errand.decide()() }
      return isMoreLeft
    }
    _ = inbox.add((0..<6).map { errand($0, isAtTheDoor: $0 < 4) })
    #expect(try turn(2))
    #expect(decided.numbers == [4, 5, 0, 1] && inbox.count == 2)
    // What is left wakes nobody: who left it knows of it.
    #expect(inbox.add(errand(6, isAtTheDoor: false)) == .queued)
    #expect(try !turn(2))
    #expect(decided.numbers == [4, 5, 0, 1, 6, 2, 3] && inbox.count == 0)
  }

  @Test func aTurnTakesAsManyArrivalsAsItsCommitIsWorth() {
    var pace = DoorPace()
    #expect(pace.next == Limits.doorsPerTurn)
    pace.turn(of: 10, deciding: .milliseconds(1), writing: .microseconds(100))
    #expect(pace.next == 20)
    pace.turn(of: 10, deciding: .milliseconds(1), writing: .milliseconds(10))
    #expect(pace.next == 100)
    pace.turn(of: 10, deciding: .milliseconds(100), writing: .milliseconds(10))
    #expect(pace.next == Limits.doorsPerTurn)
  }

  @Test func aNoteWhoseTurnFailsTellsWhoeverSentIt() async throws {
    let told = Answer<Bool>()
    house.csms.note { () throws(StoreFault) in
    } onFault: {
      told.hear(true)
    }
    house.failNextTurn()
    await house.settleAll()
    #expect(told.count == 1)
  }

  @Test func aTurnForAPersonReturnsAfterItsCommitAndThrowsItsRefusal() async throws {
    let value = try await house.csms.turn { () throws(Refusal) in 7 }
    #expect(value == 7)
    await #expect(throws: Refusal.conflict("no")) {
      try await house.csms.turn { [csms = house.csms] () throws(Refusal) in
        _ = try keep { () throws(StoreFault) in try csms.record(.loginRefused(user: "bob", address: "x")) }
        throw .conflict("no")
      }
    }
    #expect(try house.count("user.login_refused") == 0)
  }

  @Test func aFullDiskIsSaidToTheCallerAndGoesOnByItselfAfterwards() throws {
    let station = try house.connect("CS-1")
    try house.addToken("CARD")
    let pages: Int = try house.books.db.value("PRAGMA page_count") ?? 0
    try house.books.db.script("PRAGMA max_page_count = \(pages)")
    var refused = 0
    for number in 0..<200 {
      do { try station.start("CARD", meter: Int64(number), at: house.now + .seconds(number)) } catch { refused += 1 }
    }
    #expect(refused > 0)
    let kept = try house.sessions.count
    #expect(kept == 200 - refused)
    #expect(!house.books.db.isInTransaction)
    try house.books.db.script("PRAGMA max_page_count = 1000000")
    for number in 0..<200 { try station.start("CARD", meter: Int64(number), at: house.now + .seconds(number)) }
    #expect(try house.sessions.count == 200)
    #expect(try Health.problems(in: house.folder.path) == [])
  }

  @Test func aCrashBeforeTheCommitLeavesNothingAndOneAfterItAll() throws {
    let station = try house.connect("CS-1")
    try house.addToken("CARD")
    let image = Answer<Folder>()
    let snapshot = Errand(
      decide: { [house] () throws(TurnFault) in
        image.hear(house.folder.copy())
        return {}
      }, fail: { _ in })
    let heard = Heard<StartVerdict>()
    let report = Caller.startReport("CARD", meter: 0, at: house.now, evse: 1)
    house.csms.take([heard.errand { [desk = station.desk] () throws(TurnFault) in try desk.start(report) }, snapshot])
    let transaction = try heard.result().transaction

    try house.restart()
    #expect(try house.sessions.count == 1)
    #expect(try house.session(transaction).state == .active)

    #expect(image.count == 1)
    try house.restart(from: image.value)
    #expect(try house.sessions.isEmpty)
    // The station did not get its answer and says the same again.
    let again = try house.connect("CS-1")
    try again.start("CARD", at: report.at)
    #expect(try house.sessions.count == 1)
  }
}
