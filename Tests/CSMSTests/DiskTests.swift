import Domain
import FaultyDisk
import Synchronization
import Testing
import Wire

@testable import CSMS
@testable import Store

/// A disk that fails in the middle of a turn, at every operation of it: whatever was answered by then is in the books that
/// the next start finds, the turn is there as a whole or not at all, and the failure is heard of before anybody is answered.
@MainActor
@Suite(.serialized)
struct DiskTests {
  nonisolated static let read = Int32(FAULTY_READ.rawValue)
  nonisolated static let write = Int32(FAULTY_WRITE.rawValue)
  nonisolated static let sync = Int32(FAULTY_SYNC.rawValue)

  /// A house in which a car has charged, with a station that is about to tell of the next one.
  private struct Scene {
    let house: HouseUnderTest
    let station: Caller
    let heard = [Heard<Bool>(), Heard<Bool>(), Heard<Bool>()]
    let failures = Failures()
    let transaction: Int64

    @MainActor
    init() throws {
      house = try HouseUnderTest().furnish()
      try house.addToken("CARD")
      // A layer that was never put there sees nothing of connections that are open already.
      faulty_disk_arm("/nowhere", "", 0, 0, 0)
      try house.restart()
      station = try house.connect("CS-1")
      transaction = try station.start("CARD").transaction
      // Partners are told in the same turn, and what is read comes from the disk again.
      try house.addPartner()
      try house.books.db.script("PRAGMA shrink_memory")
      let failures = failures
      house.books.db.onDiskFailure = { _ in failures.count.withLock { $0 += 1 } }
    }

    /// One turn: a reading, the stop, and the start of the next car.
    @MainActor
    var turn: [Errand] {
      let (desk, now) = (station.desk, house.now)
      let reading = MeterReport(
        evse: 1, transaction: transaction, readings: [Caller.reading(500, at: now + .seconds(60))])
      let stop = Caller.stopReport(transaction, meter: 1_000, tag: "CARD", at: now + .seconds(120))
      let start = Caller.startReport("CARD", meter: 1_000, at: now + .seconds(180), evse: 1)
      return [
        heard[0].errand { () throws(TurnFault) in
          try desk.meter(reading)
          return true
        },
        heard[1].errand { () throws(TurnFault) in
          _ = try desk.stop(stop)
          return true
        },
        heard[2].errand { () throws(TurnFault) in
          _ = try desk.start(start)
          return true
        },
      ]
    }

    /// What the books have of that turn: nothing of it is 0, all of it 3.
    @MainActor
    func kept() throws -> Int {
      let session = try house.session(transaction)
      let readings = try house.books.sessions.readings(of: session.id).count { $0.register?.tenthsOfWattHour == 5_000 }
      return readings + (session.state == .completed ? 1 : 0) + (try house.sessions.count - 1)
    }
  }

  private final class Failures: Sendable {
    let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
  }

  @Test(arguments: [read, write, sync])
  func aDiskThatBreaksInTheMiddleOfATurnLosesNothingThatWasAnswered(_ operation: Int32) throws {
    for nth in 1...1_000 as ClosedRange<Int32> {
      let scene = try Scene()
      faulty_disk_arm(scene.house.folder.path, "", operation, nth, 0)
      scene.house.csms.take(scene.turn)
      let failed = faulty_disk_disarm()
      let answered = scene.heard.compactMap(\.value).count
      if failed == 0 {
        #expect(answered == 3 && scene.failures.value == 0)
        #expect(nth > 1, "a turn without this operation proves nothing")
        return
      }
      #expect(scene.failures.value > 0, "operation \(nth) failed and nobody heard of it")
      // The process would have ended when it was heard of. What it left:
      try scene.house.restart()
      let kept = try scene.kept()
      #expect(kept == 0 || kept == 3, "operation \(nth): a part of a turn was kept")
      #expect(answered == 0 || kept == 3, "operation \(nth): \(answered) answers to a turn that is lost")
      #expect(try Health.problems(in: scene.house.folder.path) == [])
    }
    Issue.record("the turn never came to an end")
  }

  @Test func aDiskThatIsFullAtAnyWriteOfATurnRefusesItAndGoesOnAfterwards() throws {
    for nth in 1...1_000 as ClosedRange<Int32> {
      let scene = try Scene()
      faulty_disk_arm(scene.house.folder.path, "", Self.write, nth, 1)
      scene.house.csms.take(scene.turn)
      let failed = faulty_disk_disarm()
      #expect(scene.failures.value == 0, "a full disk is no broken one")
      guard failed > 0 else {
        #expect(scene.heard.allSatisfy { $0.value == true })
        return
      }
      let answered = scene.heard.compactMap(\.value).count
      #expect(try scene.kept() == answered, "write \(nth): what was answered is not what was kept")
      if answered == 0 {
        #expect(scene.heard.allSatisfy { $0.fault == .storage("the disk is full") })
        #expect(scene.house.csms.trouble?.fault == .full)
      }
      // The station says it all again.
      scene.house.csms.take(scene.turn)
      #expect(try scene.kept() == 3)
      #expect(try Health.problems(in: scene.house.folder.path) == [])
    }
    Issue.record("the turn never came to an end")
  }

  @Test func aFullDiskIsSaidUntilSomethingWasWrittenAndThenKeptAsAFact() throws {
    let scene = try Scene()
    let csms = scene.house.csms
    faulty_disk_arm(scene.house.folder.path, "", Self.write, 1, 1)
    csms.take(scene.turn)
    let since = scene.house.now
    scene.house.pass(5)
    #expect(csms.trouble?.fault == .full && csms.trouble?.since == since)
    _ = faulty_disk_disarm()
    scene.house.pass(1)
    #expect(csms.trouble == nil)
    let fact = try #require(scene.house.books.events.after(0, limit: 1_000).last { $0.kind == "house.could_not_write" })
    #expect(fact.body["because"]?.string == "the disk is full" && fact.body["since"]?.string == since.text)
  }

  @Test func whileNothingCanBeWrittenNothingIsSentToPartners() throws {
    let scene = try Scene()
    let partner = try scene.house.addPartner()
    try scene.house.write { _ throws(StoreFault) in try scene.house.csms.tellEverything(to: partner.id) }
    faulty_disk_arm(scene.house.folder.path, "", Self.write, 1, 1)
    scene.house.csms.take(scene.turn)
    scene.house.pass(5)
    #expect(scene.house.partners.sent.isEmpty)
    _ = faulty_disk_disarm()
    scene.house.pass(2)
    #expect(!scene.house.partners.sent.isEmpty)
  }

  @Test(arguments: [("ostler.db", write), ("ostler.db", sync), ("ostler.db-wal", sync)])
  func aDiskThatBreaksAtACheckpointIsHeardOf(_ file: String, _ operation: Int32) throws {
    let scene = try Scene()
    let (house, db) = (scene.house, scene.house.books.db)
    // A reader keeps the log from being brought in until it is long.
    let reader = try Database(file: house.folder.path + "/ostler.db", access: .read)
    try reader.run("BEGIN")
    _ = try Settings(db: reader).all()
    try db.transaction { () throws(StoreFault) in
      for number in 0..<450 { try house.books.settings.set("\(number)", String(repeating: "x", count: 40_000)) }
    }
    reader.rollback()
    faulty_disk_arm(house.folder.path, file, operation, 1, 0)
    try? db.transaction { () throws(StoreFault) in try house.books.settings.set("one more", "1") }
    #expect(faulty_disk_disarm() > 0)
    #expect(scene.failures.value > 0, "a checkpoint failed and nobody heard of it")
    try house.restart()
    #expect(try house.books.settings.all().count >= 450)
  }
}
