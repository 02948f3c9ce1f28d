import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// The way of a session at the station: repeats are harmless, nothing that a station tells is dropped, and nothing of
/// another station changes.
@MainActor
struct ChargingTests {
  let house: HouseUnderTest
  let station: Caller

  init() throws {
    house = try HouseUnderTest().furnish(evses: 2)
    try house.addStation("CS-2")
    try house.addToken("CARD")
    try house.addToken("OTHER")
    station = try house.connect("CS-1")
  }

  // MARK: Start

  @Test func theSameStartAgainIsTheSameTransaction() throws {
    let first = try station.start("CARD", meter: 100)
    #expect(try station.start("CARD", meter: 100) == first)
    #expect(try house.sessions.count == 1)
    #expect(try house.count("session.started") == 1)
    // Also through another link, after a restart, and once it has ended.
    let time = house.now
    try house.restart()
    house.clock.now += .seconds(60)
    let again = try house.connect("CS-1")
    #expect(try again.start("CARD", meter: 100, at: time).transaction == first.transaction)
    try again.stop(first.transaction, meter: 200)
    #expect(try again.start("CARD", meter: 100, at: time).transaction == first.transaction)
    try again.stop(first.transaction, meter: 200)
    #expect(try house.sessions.count == 1)
    // The station's page shows it.
    let flags = try house.books.stations.oddities(of: house.station("CS-1").id)
    #expect(flags.first { $0.what == "StartTransaction: repeated" }?.count == 3)
    #expect(flags.first { $0.what == "StopTransaction: repeated" }?.count == 1)
  }

  @Test(arguments: [0, 1, 2, 3]) func aStartThatDiffersInOneThingIsAnother(which: Int) throws {
    let first = try station.start("CARD", meter: 100).transaction
    let other =
      switch which {
      case 0: try station.start("OTHER", meter: 100).transaction
      case 1: try station.start("CARD", meter: 101).transaction
      case 2: try station.start("CARD", meter: 100, at: house.now + .seconds(1)).transaction
      default: try station.start("CARD", meter: 100, evse: 2).transaction
      }
    #expect(first != other)
    #expect(try house.sessions.count == 2)
  }

  @Test func theSameStartOfTwoStationsIsTwoSessions() throws {
    let first = try station.start("CARD").transaction
    let other = try house.connect("CS-2").start("CARD").transaction
    #expect(first != other)
  }

  @Test func aStartWithAClockThatCannotBeCountsFromItsReceptionAndIsStillIdempotent() throws {
    let first = try station.start("CARD", clock: "1970-01-01T00:00:00Z")
    #expect(try house.session(first.transaction).startedAt == house.now)
    house.clock.now += .seconds(30)
    #expect(try station.start("CARD", clock: "1970-01-01T00:00:00Z") == first)
    #expect(try house.sessions.count == 1)
  }

  @Test func aRefusedTagsSessionIsKeptAllTheSame() throws {
    let verdict = try station.start("WHO")
    #expect(verdict.authorization.verdict == .invalid)
    #expect(verdict.transaction > 0)
    try station.stop(verdict.transaction, meter: 50)
    #expect(try house.cdr(of: verdict.transaction).totals.energy == Energy(tenthsOfWattHour: 500))
  }

  @Test func aStartAtAnEVSEThatCannotBeIsParkedAndRefused() throws {
    let verdict = try station.start("CARD", evse: 0)
    #expect(verdict.authorization.verdict == .invalid)
    #expect(try house.parked.map(\.action) == ["StartTransaction"])
    #expect(try house.sessions.isEmpty)
  }

  @Test func transactionNumbersAreNeverGivenTwice() throws {
    let one = try station.start("CARD", meter: 1).transaction
    try station.stop(one, meter: 2)
    try house.restart()
    let again = try house.connect("CS-1")
    #expect(try again.start("CARD", meter: 2).transaction > one)
  }

  // MARK: Superseded

  @Test func aSessionThatWasNotStoppedIsSupersededByTheNextAndTakesItsLateStop() throws {
    let first = try station.start("CARD", meter: 0).transaction
    house.pass(600, beat: 60)
    let second = try station.start("OTHER", meter: 1_000).transaction
    #expect(try house.session(first).state == .superseded)
    #expect(try house.books.cdrs.cdr(session: try house.session(first).id) == nil)
    #expect(try house.session(second).state == .active)
    try station.stop(first, meter: 900, at: house.now - .seconds(60))
    #expect(try house.session(first).state == .completed)
    #expect(try house.cdr(of: first).totals.energy == Energy(tenthsOfWattHour: 9_000))
    #expect(try !house.cdr(of: first).isEstimated)
    #expect(try house.session(second).state == .active)
  }

  @Test func aSupersededSessionWhoseStopNeverComesIsEstimatedAfterADay() throws {
    let first = try station.start("CARD", meter: 0).transaction
    house.clock.now += .seconds(600)
    try station.meter(first, 700)
    _ = try station.start("OTHER", meter: 1_000)
    house.pass(house.settings.lateStopHours * 3_600 - 10, beat: 3_600)
    #expect(try house.session(first).state == .superseded)
    house.pass(20, beat: 10)
    #expect(try house.session(first).state == .completed)
    let cdr = try house.cdr(of: first)
    #expect(cdr.isEstimated)
    #expect(cdr.totals.energy == Energy(tenthsOfWattHour: 7_000))
    // A stop that comes still later changes nothing and is seen.
    try station.stop(first, meter: 950)
    #expect(try house.cdr(of: first) == cdr)
    #expect(try house.count("session.stop_differs") == 1)
  }

  @Test func anEstimateCountsTheReadingsThatCameAfterTheNextStart() throws {
    let first = try station.start("CARD", meter: 0).transaction
    let time = house.now
    house.clock.now += .seconds(1_200)
    _ = try station.start("OTHER", meter: 1_000)
    // Replayed from the time in which the station was offline.
    try station.meter(first, 400, at: time + .seconds(300))
    try station.meter(first, 800, at: time + .seconds(900))
    house.pass(house.settings.lateStopHours * 3_600 + 60, beat: 3_600)
    let cdr = try house.cdr(of: first)
    #expect(cdr.totals.energy == Energy(tenthsOfWattHour: 8_000))
    #expect(cdr.endedAt == time + .seconds(900))
  }

  @Test func anOlderStartThatIsReplayedAfterANewerOneDoesNotBecomeTheRunningSession() throws {
    let time = house.now
    house.clock.now += .seconds(3_600)
    let newer = try station.start("OTHER", meter: 1_000).transaction
    house.clock.now += .seconds(5)
    let older = try station.start("CARD", meter: 0, at: time).transaction
    #expect(try house.session(newer).state == .active)
    #expect(try house.session(older).state == .superseded)
    // Readings that name no transaction are the running session's.
    try station.meter(nil, 1_100)
    #expect(try house.session(newer).energy == Energy(tenthsOfWattHour: 1_000))
    try station.stop(older, meter: 900, at: time + .seconds(600))
    #expect(try house.cdr(of: older).totals.seconds == 600)
  }

  @Test func aBurstOfOfflineSessionsInAnyOrderEndsWithEachBilledOnce() throws {
    let time = house.now
    house.clock.now += .seconds(20_000)
    let starts = (0..<3).map { Int64($0) }
    var transactions: [Int64: Int64] = [:]
    for index in [2, 0, 1] as [Int64] {
      transactions[index] = try station.start("CARD", meter: index * 1_000, at: time + .seconds(index * 3_600))
        .transaction
    }
    for index in starts.reversed() {
      try station.stop(transactions[index]!, meter: index * 1_000 + 500, at: time + .seconds(index * 3_600 + 1_800))
    }
    for index in starts {
      let cdr = try house.cdr(of: transactions[index]!)
      #expect(cdr.startedAt == time + .seconds(index * 3_600))
      #expect(cdr.totals.seconds == 1_800)
      #expect(cdr.totals.energy == Energy(tenthsOfWattHour: 5_000))
    }
  }

  @Test func anotherEVSEsSessionIsNotSuperseded() throws {
    let first = try station.start("CARD", evse: 1).transaction
    _ = try station.start("OTHER", evse: 2)
    #expect(try house.session(first).state == .active)
  }

  // MARK: Readings

  @Test func aReadingTwiceIsKeptOnce() throws {
    let transaction = try station.start("CARD").transaction
    for _ in 0..<3 { try station.meter(transaction, 100) }
    let session = try house.session(transaction)
    // With the one of the start.
    #expect(try house.books.sessions.readings(of: session.id).count == 2)
    #expect(session.energy == Energy(tenthsOfWattHour: 1_000))
  }

  @Test func aReadingThatComesLateIsKeptAndMovesNothing() throws {
    let transaction = try station.start("CARD").transaction
    house.clock.now += .seconds(120)
    try station.meter(transaction, 200)
    try station.meter(transaction, 100, at: house.now - .seconds(60))
    let session = try house.session(transaction)
    #expect(session.energy == Energy(tenthsOfWattHour: 2_000))
    #expect(try house.books.sessions.readings(of: session.id).count == 3)
  }

  @Test func theRegisterOfTheBeginningIsNotTheNewestWhereverItStands() throws {
    let transaction = try station.start("CARD", meter: 100).transaction
    house.clock.now += .seconds(60)
    try station.meter(transaction, 300)
    try station.meter(transaction, 100, context: .begin)
    #expect(try house.session(transaction).energy == Energy(tenthsOfWattHour: 2_000))
  }

  @Test func readingsOfAnotherStationsTransactionAreParkedAndChangeNothing() throws {
    let transaction = try station.start("CARD").transaction
    let other = try house.connect("CS-2")
    try other.meter(transaction, 999)
    #expect(try house.session(transaction).energy == .zero)
    #expect(try house.parked.map(\.action) == ["MeterValues"])
    #expect(try house.parked.map(\.station) == [try house.station("CS-2").id])
  }

  @Test(arguments: [4_711, Int64.max]) func readingsOfAForeignTransactionAreParkedAndChangeNothing(number: Int64) throws
  {
    let transaction = try station.start("CARD").transaction
    try station.meter(number, 100)
    #expect(try house.session(transaction).energy == .zero)
    #expect(try house.parked.map(\.why) == ["no such transaction"])
  }

  @Test(arguments: [-5, 0] as [Int64]) func readingsUnderANumberOfTheStationsOwnAreTheRunningSessions(number: Int64)
    throws
  {
    let transaction = try station.start("CARD").transaction
    try station.meter(number, 100)
    #expect(try house.session(transaction).energy == Energy(tenthsOfWattHour: 1_000))
    #expect(try house.count("station.oddity") == 1)
    #expect(try house.parked.isEmpty)
  }

  @Test func readingsWithoutASessionAreChatterUnlessTheyNameOne() throws {
    try station.meter(nil, 100)
    #expect(try house.parked.isEmpty)
    try station.meter(4_711, 100)
    try station.meter(4_711, 100)
    #expect(try house.parked.map(\.count) == [2])
    #expect(try house.count("station.parked") == 1)
  }

  @Test func aReadingAfterTheStopIsKeptAndReopensNothing() throws {
    let transaction = try station.start("CARD").transaction
    house.clock.now += .seconds(60)
    try station.stop(transaction, meter: 100)
    let cdr = try house.cdr(of: transaction)
    try station.meter(transaction, 105, at: house.now + .seconds(1))
    let session = try house.session(transaction)
    #expect(session.state == .completed)
    #expect(try house.cdr(of: transaction) == cdr)
    #expect(try house.books.sessions.readings(of: session.id).count == 3)
  }

  @Test func theLastReadingWithoutAnIdIsKeptWithTheSessionThatJustEnded() throws {
    let transaction = try station.start("CARD").transaction
    house.clock.now += .seconds(60)
    try station.stop(transaction, meter: 100)
    house.clock.now += .seconds(5)
    try station.meter(nil, 100, context: .end)
    let session = try house.session(transaction)
    #expect(session.state == .completed)
    #expect(try house.books.sessions.readings(of: session.id).count == 3)
  }

  @Test func aCarThatAsksForNoPowerParksAndAPauseOfTheStationDoesNot() throws {
    let transaction = try station.start("CARD").transaction
    let time = house.now
    try station.report(.suspendedEVSE, at: time + .seconds(60))
    try station.report(.suspendedEV, at: time + .seconds(120))
    try station.report(.charging, at: time + .seconds(180))
    #expect(
      try house.session(transaction).shifts == [
        Session.Shift(at: time + .seconds(120), activity: .idle),
        Session.Shift(at: time + .seconds(180), activity: .charging),
      ])
  }

  @Test func whatTheCarBeforeDidIsNotWhatThisOneDoes() throws {
    let transaction = try station.start("CARD").transaction
    let time = house.now
    // Told late: its line was down when it happened.
    try station.report(.suspendedEV, at: time - .seconds(3_000))
    #expect(try house.session(transaction).shifts.isEmpty)
    try station.report(.suspendedEV, at: time + .seconds(60))
    #expect(try house.session(transaction).shifts.count == 1)
  }

  // MARK: Stop

  @Test func theSameStopAgainIsAnsweredAndNoEvent() throws {
    let transaction = try station.start("CARD").transaction
    for _ in 0..<3 { try station.stop(transaction, meter: 100) }
    #expect(try house.count("session.ended") == 1)
    #expect(try house.count("cdr.made") == 1)
    #expect(try house.count("session.stop_differs") == 0)
  }

  @Test func aSecondStopThatSaysSomethingElseIsAnEventAndItsReadingsAreKept() throws {
    let transaction = try station.start("CARD").transaction
    try station.stop(transaction, meter: 100)
    let cdr = try house.cdr(of: transaction)
    let late = Caller.reading(140, at: house.now + .seconds(9))
    try station.stop(transaction, meter: 150, readings: [late])
    #expect(try house.count("session.stop_differs") == 1)
    #expect(try house.cdr(of: transaction) == cdr)
    let registers = try house.books.sessions.readings(of: try house.session(transaction).id).compactMap(\.register)
    #expect(registers.contains(Energy(tenthsOfWattHour: 1_400)))
    #expect(registers.contains(Energy(tenthsOfWattHour: 1_500)))
  }

  @Test func aStopAfterTheOperatorsIsAnsweredAndItsDifferenceSeenOnce() async throws {
    let transaction = try station.start("CARD").transaction
    house.clock.now += .seconds(60)
    try station.meter(transaction, 100)
    try await house.csms.closeSession(try house.session(transaction).id, because: "stuck", by: "anna")
    let cdr = try house.cdr(of: transaction)
    #expect(cdr.isEstimated)
    for _ in 0..<2 { try station.stop(transaction, meter: 150) }
    #expect(try house.count("session.stop_differs") == 1)
    #expect(try house.cdr(of: transaction) == cdr)
  }

  @Test func anotherStationsStopChangesNothing() throws {
    let transaction = try station.start("CARD").transaction
    let other = try house.connect("CS-2")
    try other.stop(transaction, meter: 100)
    #expect(try house.session(transaction).state == .active)
    #expect(try house.parked.map(\.action) == ["StopTransaction"])
  }

  @Test(arguments: [0, -1] as [Int64]) func aStopWithoutAnIdIsMatchedToTheOneOpenSessionThatFits(number: Int64) throws {
    let transaction = try station.start("CARD", meter: 100).transaction
    house.clock.now += .seconds(60)
    try station.stop(number, meter: 200, tag: "card")
    #expect(try house.session(transaction).state == .completed)
    #expect(try house.count("station.oddity") == 1)
    #expect(try house.parked.isEmpty)
    // The same again is a repeat and not an orphan.
    try station.stop(number, meter: 200, tag: "card")
    #expect(try house.parked.isEmpty)
  }

  @Test func aStopWithoutAnIdThatFitsNoSessionOrSeveralIsParked() throws {
    try station.stop(-1, meter: 200, tag: "CARD")
    #expect(try house.parked.count == 1)
    let one = try station.start("CARD", meter: 100, evse: 1).transaction
    // Another tag, a register below the start, a time before it.
    try station.stop(-1, meter: 200, tag: "OTHER")
    try station.stop(-1, meter: 50, tag: "CARD")
    try station.stop(-1, meter: 200, tag: "CARD", at: house.now - .seconds(60))
    let two = try station.start("CARD", meter: 100, evse: 2).transaction
    try station.stop(-1, meter: 201, tag: "CARD")
    #expect(try house.parked.count == 5)
    #expect(try house.session(one).state == .active)
    #expect(try house.session(two).state == .active)
  }

  @Test func aStopOfAForeignTransactionEndsNothing() throws {
    let transaction = try station.start("CARD", meter: 100).transaction
    // Moved here from another system: its number says nothing about ours, whatever the tag.
    try station.stop(999_999, meter: 200)
    try station.stop(999_998, meter: 200, tag: "CARD")
    #expect(try house.session(transaction).state == .active)
    #expect(try house.parked.map(\.why) == ["no such transaction", "no such transaction"])
  }

  @Test func aStopByACardHearsWhatTheCardIs() throws {
    let transaction = try station.start("CARD").transaction
    #expect(try station.stop(transaction, meter: 1, tag: "OTHER").authorization?.verdict == .accepted)
    #expect(try station.stop(transaction, meter: 1, tag: "WHO").authorization?.verdict == .invalid)
    #expect(try station.stop(transaction, meter: 1).authorization == nil)
  }

  @Test func whatCannotBeReadIsParkedOnceAndCountedUntilSomebodyIsDoneWithIt() async throws {
    for _ in 0..<2 {
      try house.decide { [desk = station.desk] () throws(TurnFault) in
        try desk.park(action: "StopTransaction", payload: [:], why: "broken")
      }
    }
    #expect(try house.parked.map(\.count) == [2])
    #expect(try house.count("station.parked") == 1)
    let id = try #require(try house.parked.first).id
    try await house.csms.settle(id, by: "anna")
    #expect(try house.parked.isEmpty)
    await #expect(throws: Refusal.self) { try await house.csms.settle(id, by: "anna") }
  }
}
