import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// What partners must learn, and how it reaches them.
@MainActor
struct PushingTests {
  let house: HouseUnderTest
  let partner: Partner
  let station: Caller

  init() throws {
    house = try HouseUnderTest().furnish()
    partner = try house.addPartner()
    try house.addToken("DE-1", of: partner)
    try house.addToken("CARD")
    station = try house.connect("CS-1")
  }

  private func charge(_ tag: String = "DE-1", seconds: Int = 600, meter: Int64 = 0) throws -> Int64 {
    let transaction = try station.start(tag, meter: meter).transaction
    house.clock.now += .seconds(seconds)
    try station.stop(transaction, meter: meter + 1_000)
    return transaction
  }

  private func sessionRow(_ transaction: Int64) throws -> PushRow {
    try #require(try house.row(.sessions, try house.session(transaction).id, of: partner))
  }

  private func cdrRow(_ transaction: Int64) throws -> PushRow {
    try #require(try house.row(.cdrs, try house.cdr(of: transaction).id, of: partner))
  }

  // MARK: Order and rows

  @Test func theStatusGoesBeforeTheSessionAndTheSessionBeforeTheCDR() throws {
    house.partners.mood = { _, _ in .fails(after: nil) }
    try station.report(.preparing)
    _ = try charge()
    house.partners.clear()
    house.partners.mood = { _, _ in .accepts }
    house.pass(120)
    #expect(house.partners.modules == ["evses", "sessions", "cdrs"])
  }

  @Test func ofManyChangesThePartnerGetsTheLastOne() throws {
    house.partners.mood = { _, _ in .fails(after: nil) }
    for status in [EVSE.Status.preparing, .charging, .suspendedEV, .finishing] { try station.report(status) }
    house.partners.clear()
    house.partners.mood = { _, _ in .accepts }
    house.pass(60)
    #expect(house.partners.sent("evses").map { $0.body["status"]?.string } == ["CHARGING"])
  }

  @Test func whatChangesWhileARequestIsUnderWayIsSentAfterIt() throws {
    house.partners.mood = { _, _ in .hangs }
    try station.report(.preparing)
    try station.report(.charging)
    #expect(house.partners.sent("evses").count == 1)
    house.partners.mood = { _, _ in .accepts }
    try #require(house.partners.sent.first).answer(.accepted(milliseconds: 1))
    house.settle()
    #expect(house.partners.sent("evses").map { $0.body["status"]?.string } == ["AVAILABLE", "CHARGING"])
  }

  @Test func onePartnersRequestsAreBoundedAndHoldUpNobodyElse() throws {
    let other = try house.addPartner("Other", party: "FR*OTH")
    for number in 1...20 { try station.report(.charging, evse: number) }
    house.pass(60)
    house.partners.clear()
    house.partners.mood = { terms, _ in terms.partner.id == partner.id ? .hangs : .accepts }
    for number in 1...20 { try station.report(.available, evse: number) }
    house.pass(60)
    #expect(house.partners.sent.count { $0.partner == partner.id } == Limits.pushesPerPartner)
    #expect(house.partners.sent.count { $0.partner == other.id } == 20)
  }

  @Test func aPartnerGetsNoMoreInAMinuteThanItTakes() throws {
    let slow = try house.addPartner("Slow", party: "FR*SLO", requestsPerMinute: 6)
    func places(of partner: Partner) -> Int {
      Set(house.partners.sent("evses").filter { $0.partner == partner.id }.map(\.request.url)).count
    }
    for number in 1...20 { try station.report(.charging, evse: number) }
    house.pass(50)
    #expect(house.partners.sent.count { $0.partner == slow.id } == 6)
    #expect(places(of: partner) == 20, "the others are told at once")
    house.pass(300)
    #expect(places(of: slow) == 20)
  }

  @Test func anotherPartnersDriverIsNotTold() throws {
    let other = try house.addPartner("Other", party: "FR*OTH")
    _ = try charge()
    #expect(house.partners.sent.filter { $0.partner == other.id && $0.request.module != "evses" }.isEmpty)
    house.partners.clear()
    _ = try charge("CARD", meter: 5_000)
    #expect(house.partners.sent("sessions").isEmpty && house.partners.sent("cdrs").isEmpty)
  }

  @Test func whatIsNotPublishedIsNotPushed() throws {
    try house.write { books throws(StoreFault) in
      guard var location = try books.locations.first() else { return }
      location.isPublished = false
      try books.locations.update(location)
    }
    try station.report(.charging)
    house.pass(5)
    #expect(house.partners.sent.isEmpty)
  }

  // MARK: Progress

  @Test func aRunningSessionIsToldAtMostSoOften() throws {
    let house = try HouseUnderTest { $0.sessionUpdateSeconds = 30 }.furnish()
    let partner = try house.addPartner()
    try house.addToken("DE-1", of: partner)
    let station = try house.connect("CS-1")
    let transaction = try station.start("DE-1").transaction
    house.partners.clear()
    for index in 1...120 {
      house.pass(1)
      try station.meter(transaction, Int64(index * 5))
    }
    let times = house.partners.sent("sessions").map(\.at)
    #expect((3...5).contains(times.count))
    for (earlier, later) in zip(times, times.dropFirst()) { #expect(later - earlier >= .seconds(30)) }
    // Its end is told at once.
    house.partners.clear()
    try station.stop(transaction, meter: 700)
    #expect(house.partners.sent("sessions").map { $0.body["state"]?.string } == ["completed"])
    #expect(house.partners.sent("cdrs").count == 1)
  }

  // MARK: CDRs

  @Test func everyAttemptOfACDRHasTheSameBytesAlsoAcrossRestarts() throws {
    house.partners.mood = { _, request in request.module == "cdrs" ? .acceptsSilently : .accepts }
    let transaction = try charge()
    house.pass(200)
    let id = try house.cdr(of: transaction).id
    try house.restart()
    house.pass(100)
    try house.restart()
    house.partners.mood = { _, _ in .accepts }
    house.pass(100)
    let sent = house.partners.sent("cdrs")
    #expect(sent.count > 4)
    #expect(Set(sent.map(\.request.body)).count == 1)
    #expect(Set(sent.map(\.request.url)) == ["https://Roamer/cdrs/\(id)"])
    #expect(try cdrRow(transaction).isDone)
    house.pass(200)
    #expect(house.partners.sent("cdrs").count == sent.count)
  }

  @Test func theBytesOfACDRAreOnDiskBeforeTheyLeave() throws {
    house.partners.mood = { _, request in request.module == "cdrs" ? .hangs : .accepts }
    let transaction = try charge()
    let stored = try #require(try cdrRow(transaction).request.flatMap(PushRequest.init(text:)))
    #expect(house.partners.sent("cdrs").map(\.request) == [stored])
  }

  @Test func inAnotherVersionABillIsWrittenAnewUnderItsID() throws {
    house.partners.mood = { _, request in request.module == "cdrs" ? .fails(after: nil) : .accepts }
    let transaction = try charge()
    house.pass(60)
    let before = Set(house.partners.sent("cdrs").map(\.request.body))
    #expect(before.count == 1)
    house.partners.clear()
    try house.write { books throws(StoreFault) in
      guard var moved = try books.partners.partner(partner.id) else { return }
      moved.version = "2.3.0"
      try books.partners.update(moved)
    }
    house.partners.mood = { _, _ in .accepts }
    house.pass(600)
    let sent = house.partners.sent("cdrs")
    #expect(sent.map { $0.body["id"]?.string } == [try house.cdr(of: transaction).id])
    #expect(sent.first.map { before.contains($0.request.body) } == false)
    #expect(try cdrRow(transaction).isDone)
  }

  @Test func aBillThatThePartnerHasNoDoorForWaitsAndIsNotSaidToBeThere() throws {
    house.partners.unfit = { if case .cdr = $0 { .notWanted } else { nil } }
    let transaction = try charge()
    house.pass(60)
    let row = try cdrRow(transaction)
    #expect(row.state == .parked && !row.isDone)
    #expect(row.lastError == "the partner takes no CDRs")
    #expect(try house.count("push.acknowledged") == 0)
    // It says where they go.
    house.partners.unfit = { _ in nil }
    try house.write { [csms = house.csms] _ throws(StoreFault) in try csms.tellEverything(to: partner.id) }
    house.pass(5)
    #expect(try cdrRow(transaction).isDone && house.partners.sent("cdrs").count == 1)
  }

  @Test func anUnregistrationEndsNoDebt() throws {
    let paid = try charge()
    house.partners.mood = { _, request in request.module == "cdrs" ? .refuses("2001") : .accepts }
    let parked = try charge(meter: 5_000)
    house.partners.mood = { _, _ in .fails(after: nil) }
    let due = try charge(meter: 10_000)
    try house.write { [csms = house.csms] books throws(StoreFault) in
      guard var gone = try books.partners.partner(partner.id) else { return }
      try csms.forget(&gone)
    }
    #expect(try house.row(.sessions, house.session(due).id, of: partner) == nil)
    #expect(try house.row(.cdrs, house.cdr(of: paid).id, of: partner) == nil)
    house.partners.clear()
    house.partners.mood = { _, _ in .accepts }
    house.pass(600)
    #expect(house.partners.sent.isEmpty)
    try house.write { [csms = house.csms] books throws(StoreFault) in
      guard var back = try books.partners.partner(partner.id) else { return }
      (back.state, back.endpoints, back.outboundToken) = (.registered, partner.endpoints, "new")
      try books.partners.update(back)
      try csms.tellEverything(to: partner.id)
    }
    house.pass(5)
    let told = Set(house.partners.sent("cdrs").compactMap { $0.body["id"]?.string })
    #expect(told == [try house.cdr(of: parked).id, try house.cdr(of: due).id])
  }

  @Test func twoPartiesMayHaveATariffOfOneRef() async throws {
    try house.write { books throws(StoreFault) in
      guard var all = try books.partners.partner(partner.id), let tariff = try books.tariffs.list(limit: 1).first else {
        return
      }
      all.publishing.allParties = true
      try books.partners.update(all)
      let second = try books.parties.create(
        Party(id: ID(0), name: PartyID(country: "BE", party: "OST"), role: .cpo, businessName: "Second"))
      _ = try books.tariffs.create(tariff.tariff, of: second.id, at: house.now)
      try house.csms.tellEverything(to: partner.id)
    }
    house.pass(2)
    #expect(house.partners.sent("tariffs").count == 2)
    #expect(try house.row(.tariffs, "NL*OST/T1", of: partner)?.isDone == true)
    #expect(try house.row(.tariffs, "BE*OST/T1", of: partner)?.isDone == true)
  }

  @Test func whereTheBytesOfACDRCannotBeKeptNothingLeavesAndLaterItDoes() async throws {
    house.partners.mood = { _, _ in .fails(after: nil) }
    let transaction = try station.start("DE-1").transaction
    house.clock.now += .seconds(600)
    house.partners.mood = { _, _ in .accepts }
    house.pass(120)
    house.partners.clear()
    let heard = Heard<StopVerdict>()
    let report = Caller.stopReport(transaction, meter: 1_000, tag: nil, at: house.now)
    house.csms.take([heard.errand { [desk = station.desk] () throws(TurnFault) in try desk.stop(report) }])
    // The session's answer and then the CDR's bytes are to be written.
    for _ in 0..<3 where house.partners.sent("cdrs").isEmpty {
      house.failNextTurn()
      await Task.yield()
    }
    #expect(house.partners.sent("cdrs").isEmpty)
    house.pass(60)
    await house.settleAll()
    house.pass(60)
    #expect(house.partners.sent("cdrs").count == 1)
    #expect(try cdrRow(transaction).isDone)
  }

  @Test func anAnswerThatCannotBeWrittenIsAskedForAgainByTheSameRequest() async throws {
    house.partners.mood = { _, request in request.module == "cdrs" ? .hangs : .accepts }
    let transaction = try charge()
    try #require(house.partners.sent("cdrs").first).answer(.accepted(milliseconds: 1))
    house.failNextTurn()
    await house.settleAll()
    house.partners.mood = { _, _ in .accepts }
    house.pass(5)
    #expect(house.partners.sent("cdrs").count == 2)
    #expect(Set(house.partners.sent("cdrs").map(\.request.body)).count == 1)
    #expect(try cdrRow(transaction).isDone)
  }

  @Test func aCDRFollowsAPartnerThatMovedWithTheSameBytes() throws {
    house.partners.mood = { _, request in request.module == "cdrs" ? .fails(after: nil) : .accepts }
    let transaction = try charge()
    var moved = partner
    moved.endpoints = HouseUnderTest.endpoints(at: "elsewhere")
    let changed = moved
    try house.write { books throws(StoreFault) in try books.partners.update(changed) }
    house.partners.mood = { _, _ in .accepts }
    house.pass(60)
    let sent = house.partners.sent("cdrs")
    #expect(sent.last?.request.url == "https://elsewhere/cdrs/\(try house.cdr(of: transaction).id)")
    #expect(Set(sent.map(\.request.body)).count == 1)
  }

  @Test func aHeldCDRIsNotSent() throws {
    let transaction = try station.start("DE-1").transaction
    house.clock.now += .seconds(60)
    try station.stop(transaction, meter: 9_000_000)
    house.pass(60)
    #expect(house.partners.sent("cdrs").isEmpty)
    #expect(try house.row(.cdrs, try house.cdr(of: transaction).id, of: partner) == nil)
  }

  // MARK: When things go wrong

  @Test func whatIsRefusedIsParkedAndBlocksNothing() throws {
    house.partners.mood = { _, request in request.module == "sessions" ? .refuses("2001: no") : .accepts }
    let transaction = try charge()
    house.pass(5)
    #expect(try sessionRow(transaction).state == .parked)
    #expect(try sessionRow(transaction).lastError == "2001: no")
    #expect(try cdrRow(transaction).isDone)
    let before = house.partners.sent.count
    house.pass(600, beat: 5)
    #expect(house.partners.sent.count == before)
    #expect(try house.count("push.parked") >= 1)
  }

  @Test func aPartnerThatCallsDoesNotGetAgainWhatItRefused() async throws {
    try house.write { books throws(StoreFault) in
      try books.partners.addDigest(TokenDigestOf("T"), of: partner.id, for: .credentials, at: house.now)
    }
    house.partners.mood = { _, request in request.module == "sessions" ? .refuses("2001: no") : .accepts }
    let transaction = try charge()
    house.pass(5)
    let before = house.partners.sent("sessions").count
    for _ in 0..<5 {
      _ = try await house.csms.identify(["T"])
      house.pass(120, beat: 10)
    }
    #expect(house.partners.sent("sessions").count == before)
    #expect(try sessionRow(transaction).state == .parked)
  }

  @Test func aParkedObjectGetsAnotherChanceWhenItChangesOrTheOperatorSaysSo() async throws {
    house.partners.mood = { _, _ in .refuses("no") }
    let transaction = try station.start("DE-1").transaction
    #expect(try sessionRow(transaction).state == .parked)
    house.partners.mood = { _, _ in .accepts }
    house.pass(2)
    try station.meter(transaction, 100)
    house.pass(2)
    #expect(try sessionRow(transaction).isDone)

    house.partners.mood = { _, _ in .refuses("no") }
    try station.stop(transaction, meter: 200)
    house.pass(2)
    #expect(try cdrRow(transaction).state == .parked)
    house.partners.mood = { _, _ in .accepts }
    try await house.csms.redeliver(partner.id, by: "anna")
    house.pass(2)
    #expect(try cdrRow(transaction).isDone)
  }

  @Test func anObjectThatThePartnerDoesNotWantIsDoneWithoutARequest() throws {
    house.partners.unfit = { if case .session = $0 { .notWanted } else { nil } }
    let transaction = try charge()
    house.pass(2)
    #expect(house.partners.sent("sessions").isEmpty)
    #expect(try cdrRow(transaction).isDone)
    #expect(try sessionRow(transaction).isDone)
  }

  @Test func anObjectThatCannotBeSaidIsParkedWithTheReason() throws {
    house.partners.unfit = { if case .session = $0 { .unfit("no such word") } else { nil } }
    let transaction = try charge()
    house.pass(2)
    #expect(try sessionRow(transaction).state == .parked)
    #expect(try sessionRow(transaction).lastError?.contains("no such word") == true)
  }

  @Test func oneObjectThatCannotBeReadHoldsUpNoOther() throws {
    let bad = try charge()
    // As only a damaged book can have it: the session's party is gone.
    try house.books.db.script("PRAGMA foreign_keys = OFF")
    try house.write { books throws(StoreFault) in
      try books.db.script("UPDATE session SET party = 99 WHERE transaction_id = \(bad)")
      try books.pushes.want(
        PushKey(partner: partner.id, module: .sessions, object: try books.sessions.session(transaction: bad)!.id),
        party: partner.party, seq: 1_000, at: house.now)
    }
    house.partners.clear()
    try station.report(.charging)
    let good = try charge(meter: 5_000)
    house.pass(30)
    #expect(try cdrRow(good).isDone)
    #expect(house.partners.sent("evses").count >= 1)
  }

  @Test func retryAfterIsHonoured() throws {
    house.partners.mood = { _, _ in .fails(after: 300) }
    try station.report(.charging)
    #expect(house.partners.sent.count == 1)
    house.partners.mood = { _, _ in .accepts }
    house.pass(298)
    #expect(house.partners.sent.count == 1)
    house.pass(5)
    #expect(house.partners.sent.count == 2)
  }

  @Test func whileAPartnerIsDownOneProbeAtATimeTriesIt() throws {
    for number in 1...10 { try station.report(.charging, evse: number) }
    house.pass(10)
    house.partners.clear()
    house.partners.mood = { _, _ in .fails(after: nil) }
    for number in 1...10 { try station.report(.available, evse: number) }
    house.pass(3_600)
    // At most some attempts until the pause has grown, and then two or three a minute.
    let times = house.partners.sent.map(\.at)
    #expect(times.count < 20 + 60 * 3)
    #expect(times.count > 60)
    let busiest = times.map { start in times.count { $0 >= start && $0 - start < .seconds(60) } }.max() ?? 0
    #expect(busiest <= 12)
    // Back again: everything goes out within the longest pause and a little.
    house.partners.clear()
    house.partners.mood = { _, _ in .accepts }
    house.pass(45)
    #expect(Set(house.partners.sent("evses").map(\.request.url)).count == 10)
    #expect(try house.books.pushes.depths()[partner.id] == nil)
  }

  // MARK: A partner that fails over one object

  /// As one does that refuses a location for good and then fails over the status of its EVSEs.
  @Test func whatAPartnerFailsOverHoldsUpWhatStandsBehindItForSecondsOnly() throws {
    house.partners.mood = { _, request in request.module == "evses" ? .stumbles : .accepts }
    try station.report(.preparing)
    let transaction = try charge()
    house.pass(12)
    #expect(try sessionRow(transaction).isDone && cdrRow(transaction).isDone)
    // From now on nothing waits for it, at this place or another, and it is tried seldom.
    house.partners.clear()
    let next = try charge(meter: 1_000)
    house.pass(2)
    #expect(try sessionRow(next).isDone && cdrRow(next).isDone)
    house.pass(4 * 3_600, beat: 5)
    #expect((20...40).contains(house.partners.sent("evses").count))
    #expect(try house.books.pushes.depths()[partner.id]?.due == 1)
    // Once the partner takes it, the newest state is told.
    house.partners.clear()
    house.partners.mood = { _, _ in .accepts }
    house.pass(Limits.longestStragglerPauseSeconds * 5 / 4 + 5, beat: 5)
    #expect(house.partners.sent("evses").count == 1)
    #expect(try house.books.pushes.depths()[partner.id] == nil)
  }

  /// What is refused behind it says that the partner is there.
  @Test func aPartnerThatFailsOverOneObjectAndRefusesAnotherIsThere() throws {
    house.partners.mood = { _, request in
      switch request.module {
      case "evses": .stumbles
      case "sessions": .refuses("400: no kWh")
      default: .accepts
      }
    }
    try station.report(.preparing)
    let transaction = try charge()
    house.pass(12)
    #expect(try sessionRow(transaction).state == .parked && cdrRow(transaction).isDone)
  }

  @Test(arguments: [60, 3_600]) func whereAPartnerFailsOverEverythingTheOrderHoldsAtItsReturn(seconds: Int) throws {
    house.partners.mood = { _, _ in .stumbles }
    try station.report(.preparing)
    _ = try charge()
    house.pass(seconds)
    // What stands behind is tried too, each time right behind what fails before it.
    let modules = house.partners.modules
    #expect(modules.first == "evses" && modules.contains("cdrs"))
    for (one, next) in zip(modules, modules.dropFirst()) {
      #expect(next == "evses" || (one, next) == ("evses", "sessions") || (one, next) == ("sessions", "cdrs"))
    }
    #expect(modules.count <= 30 + seconds / 10)
    house.partners.clear()
    house.partners.mood = { _, _ in .accepts }
    house.pass(60)
    #expect(house.partners.modules == ["evses", "sessions", "cdrs"])
  }

  @Test func whatWasRefusedForWantOfALocationIsTriedAgainOnceThatIsTaken() throws {
    house.partners.mood = { _, request in request.module == "locations" ? .refuses("400: no state") : .refuses("2003") }
    try house.write { [csms = house.csms] books throws(StoreFault) in
      try csms.locationMoved(try books.locations.list(limit: 1)[0].id)
    }
    let transaction = try charge()
    house.pass(60)
    #expect(try sessionRow(transaction).state == .parked && cdrRow(transaction).state == .parked)
    // The operator mends the location, and that is all there is to do.
    house.partners.clear()
    house.partners.mood = { _, _ in .accepts }
    try house.write { [csms = house.csms] books throws(StoreFault) in
      try csms.locationMoved(try books.locations.list(limit: 1)[0].id)
    }
    house.pass(60)
    #expect(house.partners.modules.filter { $0 != "evses" } == ["locations", "sessions", "cdrs"])
    #expect(try house.books.pushes.depths()[partner.id] == nil)
  }

  @Test func theFirstFailureIsAnEventAndNotEachOne() throws {
    house.partners.mood = { _, _ in .fails(after: nil) }
    try station.report(.charging)
    house.pass(600)
    #expect(try house.count("push.failed") == 1)
  }

  @Test func aPartnerThatCallsAfterAnOutageIsTriedAtOnceButNotAtEveryCall() async throws {
    try house.write { books throws(StoreFault) in
      try books.partners.addDigest(TokenDigestOf("T"), of: partner.id, for: .credentials, at: house.now)
    }
    house.partners.mood = { _, _ in .fails(after: 3_600) }
    try station.report(.charging)
    house.pass(120)
    #expect(house.partners.sent.count == 1)
    // It calls while it is still failing: no flood.
    for _ in 0..<120 {
      _ = try await house.csms.identify(["T"])
      house.pass(1)
    }
    #expect(house.partners.sent.count <= 1 + 13)
    // It calls once it is well.
    house.partners.mood = { _, _ in .accepts }
    house.pass(60)
    _ = try await house.csms.identify(["T"])
    house.settle()
    house.pass(1)
    #expect(try house.books.pushes.depths()[partner.id] == nil)
  }

  @Test func aPausedPartnerIsSentNothingAndEverythingOnceItIsResumed() async throws {
    try await house.csms.pause(partner.id, by: "anna")
    try station.report(.charging)
    let transaction = try charge()
    house.pass(60)
    #expect(house.partners.sent.isEmpty)
    try await house.csms.resume(partner.id, by: "anna")
    house.pass(5)
    #expect(house.partners.modules == ["evses", "sessions", "cdrs"])
    #expect(try cdrRow(transaction).isDone)
  }

  @Test func aPartnerThatRegistersHearsOfAllThatIsPublished() async throws {
    // More than one page of the books.
    try house.write { books throws(StoreFault) in
      guard var tariff = try books.tariffs.list(limit: 1).first?.tariff else { return }
      for number in 0..<1_004 {
        tariff.ref = "EXTRA-\(number)"
        _ = try books.tariffs.create(tariff, of: partner.party, at: house.now)
      }
      try house.csms.tellEverything(to: partner.id)
    }
    #expect(try house.books.pushes.depths()[partner.id]?.due == 1_006)
    house.pass(1)
    #expect(house.partners.sent("tariffs").count == 1_005)
    #expect(house.partners.sent("locations").count == 1)
  }

  @Test func lateResultsOfCommandsExpire() throws {
    let request = PushRequest(method: "POST", url: "https://Roamer/result", body: Bytes(utf8: "{}"), module: "commands")
    house.partners.mood = { _, _ in .fails(after: nil) }
    try house.write { [csms = house.csms] _ throws(StoreFault) in
      try csms.want(
        .commands, "C1", of: partner.id, party: partner.party, request: request,
        expiresAt: house.now + .seconds(Limits.resultLifeSeconds))
    }
    house.pass(Limits.resultLifeSeconds - 5)
    #expect(try house.row(.commands, "C1", of: partner) != nil)
    #expect(house.partners.sent("commands").count > 5)
    house.pass(10)
    #expect(try house.row(.commands, "C1", of: partner) == nil)
    let sent = house.partners.sent.count
    house.partners.mood = { _, _ in .accepts }
    house.pass(60)
    #expect(house.partners.sent.count == sent)
  }

  @Test func anAnswerThatComesTwiceOrAfterARestartChangesNothing() throws {
    house.partners.mood = { _, _ in .hangs }
    try station.report(.charging)
    let first = try #require(house.partners.sent.first)
    house.partners.mood = { _, _ in .accepts }
    try house.restart()
    house.pass(5)
    #expect(house.partners.sent.count == 2)
    first.answer(.refused("late"))
    house.pass(5)
    #expect(try house.row(.evses, "uid-CS-1-1", of: partner)?.isDone == true)
  }
}
