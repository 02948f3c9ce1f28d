import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What the clock brings.
@MainActor
struct WatchingTests {
  let house: HouseUnderTest

  init() throws { house = try HouseUnderTest().furnish() }

  @Test func whatIsPastItsKeepingGoesAndTheRestStays() throws {
    let station = try house.connect("CS-1")
    try station.boot()
    let before = try house.events.count
    #expect(before > 0)
    house.clock.now += .seconds(house.settings.eventDays * 86_400 - 60)
    house.pass(1)
    #expect(try house.events.count >= before)
    // Something newer, as the newest fact of all is never pruned.
    try station.leave()
    house.pass(2 * Limits.sweepSeconds + 60)
    #expect(try !house.events.contains("station.booted"))
  }

  @Test func aPileOfOldThingsGoesPieceAfterPieceAndNotOneAMinute() throws {
    try pileUp(12_000)
    house.pass(Limits.sweepSeconds + 5)
    #expect(try piled == 0)
  }

  @Test func whatCannotGoKeepsNothingElseFromGoing() throws {
    try pileUp(10)
    try house.books.db.script(
      """
      INSERT INTO event (at, kind, subject, body) VALUES (0, 'old', 'house', '{}'), (1, 'old', 'house', '{}');
      CREATE TRIGGER damaged BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'damaged'); END;
      """)
    house.pass(Limits.sweepSeconds + 5)
    #expect(try piled == 0)
  }

  /// So many messages that the operator was done with long ago.
  private func pileUp(_ count: Int) throws {
    try house.books.db.script(
      """
      INSERT INTO parked_message (station, action, payload, digest, why, received_at, settled_at)
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
      SELECT \(try house.station("CS-1").id.value), 'MeterValues', '{}', i, 'old', 0, 0 FROM n
      """)
  }

  private var piled: Int {
    get throws { try house.books.db.value("SELECT count(*) FROM parked_message") ?? 0 }
  }

  @Test func aStationThatReturnsWithoutABootIsAskedOnceAfterItSettled() throws {
    let station = try house.connect("CS-1")
    house.pass(Limits.settleSeconds - 1)
    #expect(house.stations.calls.isEmpty)
    house.pass(60)
    #expect(house.stations.commands == [.trigger(.boot, evse: nil)])
    try station.leave()
    let again = try house.connect("CS-1")
    try again.boot()
    house.pass(60)
    #expect(house.stations.commands.count == 1)
  }

  @Test func aClockThatIsSetBackMakesNobodyWaitForAnHour() throws {
    let partner = try house.addPartner()
    let station = try house.connect("CS-1")
    house.partners.mood = { _, _ in .fails(after: nil) }
    try station.report(.charging)
    house.pass(5)
    house.partners.mood = { _, _ in .accepts }
    house.clock.now = house.now - .seconds(3_600)
    house.pass(3)
    #expect(try house.row(.evses, "uid-CS-1-1", of: partner)?.isDone == true)

    try station.leave()
    house.pass(1)
    house.clock.now = house.now - .seconds(3_600)
    house.pass(house.settings.returnSeconds + 2)
    #expect(try house.evse().status == .unknown)
  }

  @Test func aBeatWithNothingToDoWritesNothing() throws {
    let before = try house.books.events.lastSeq()
    house.pass(10)
    #expect(try house.books.events.lastSeq() == before)
    #expect(house.partners.sent.isEmpty && house.stations.calls.isEmpty)
  }

  @Test func oneSessionThatCannotBeClosedKeepsNoOtherFromBeingClosed() throws {
    try house.addToken("CARD")
    let station = try house.connect("CS-1")
    let bad = try station.start("CARD", meter: 1).transaction
    let good = try station.start("CARD", meter: 2).transaction
    _ = try station.start("CARD", meter: 3)
    // Its party is gone, as only a damaged book can have it.
    try house.books.db.script("PRAGMA foreign_keys = OFF")
    try house.write { books throws(StoreFault) in
      try books.db.script("UPDATE session SET party = 99 WHERE transaction_id = \(bad)")
    }
    house.pass(house.settings.lateStopHours * 3_600 + 60, beat: 3_600)
    #expect(try house.session(bad).state == .superseded)
    #expect(try house.session(good).state == .completed)
  }
}

/// When the house rests.
@MainActor
struct RestPaceTests {
  @Test func theFirstQuietBeatAfterWorkIsARest() {
    var pace = RestPace()
    #expect(pace.beat(of: Limits.errandsWorthARest) == false)
    #expect(pace.beat(of: Limits.quietErrands) == true)
    #expect(pace.beat(of: 0) == false, "once")
  }

  @Test func aHouseThatDoesLittleHasNothingToGiveBack() {
    var pace = RestPace()
    for _ in 0..<1_000 { #expect(pace.beat(of: Limits.quietErrands) == false) }
    #expect(pace.beat(of: Limits.quietErrands + 1) == false)
    #expect(pace.beat(of: 0) == false)
  }

  @Test func smallBurstsAddUp() {
    var pace = RestPace()
    var rests = 0
    for _ in 0..<Limits.errandsWorthARest {
      _ = pace.beat(of: Limits.quietErrands + 1)
      if pace.beat(of: 0) { rests += 1 }
    }
    #expect(rests >= 1 && rests <= Limits.quietErrands + 1)
  }
}
