import Domain
import Testing
import Wire

@testable import Store

@Suite struct SessionsTests {
  @Test func aSessionComesBackAsItWasAtEveryStep() throws {
    let house = try SmallHouse()
    let sessions = house.books.sessions
    var session = Session.pending(
      id: "s1", place: house.place, holder: house.theirs, command: "c1", tariff: house.tariff.tariff, at: t(0))
    try sessions.insert(session)
    #expect(try sessions.session("s1") == session)
    _ = session.begin(at: t(5), meter: Energy(tenthsOfWattHour: 70), transaction: 12, received: t(6))
    try sessions.save(session, startKey: "key")
    #expect(try sessions.session("s1") == session)
    #expect(try sessions.session(house.station.id, startKey: "key") == session)
    let reading = Reading(
      at: t(60), register: Energy(tenthsOfWattHour: 900), power: Decimal("11040.5"), stateOfCharge: Decimal(55))
    _ = session.read(reading, received: t(61))
    _ = session.shift(to: .idle, at: t(70), received: t(70))
    _ = session.shift(to: .charging, at: t(80), received: t(80))
    try sessions.saveProgress(session)
    #expect(try sessions.session(transaction: 12) == session)
    #expect(try sessions.session(house.station.id, startKey: "key") == session, "a save without a key keeps the key")
    _ = session.stop(at: t(100), meter: Energy(tenthsOfWattHour: 1_000), because: .remote, received: t(101))
    try sessions.save(session)
    #expect(try sessions.session("s1") == session)
    #expect(try sessions.session(command: "c1") == session)
  }

  @Test func aSessionThatIsNotInTheBooksCannotBeSaved() throws {
    let house = try SmallHouse()
    #expect(throws: StoreFault.missing("session s9")) { try house.books.sessions.save(house.running("s9", 9)) }
    #expect(throws: StoreFault.missing("session s9")) { try house.books.sessions.saveProgress(house.running("s9", 9)) }
  }

  @Test func aStartAndATransactionAreTakenOnce() throws {
    let house = try SmallHouse()
    let sessions = house.books.sessions
    try sessions.insert(house.running("s1", 1), startKey: "k")
    #expect(throws: StoreFault.self) { try sessions.insert(house.running("s2", 2), startKey: "k") }
    #expect(throws: StoreFault.self) { try sessions.insert(house.running("s2", 1), startKey: "l") }
    #expect(throws: StoreFault.self) { try sessions.insert(house.running("s1", 2), startKey: "l") }
    try sessions.insert(house.running("s2", 2), startKey: "l")
    // Without a key, as remote starts are until the car comes.
    try sessions.insert(house.running("s3", 3))
    try sessions.insert(house.running("s4", 4))
  }

  @Test func openSessionsAreFoundByWhereTheyAre() throws {
    let house = try SmallHouse()
    let sessions = house.books.sessions
    let waiting = Session.pending(id: "s1", place: house.place, holder: house.ours, command: "c", tariff: nil, at: t(0))
    let running = house.running("s2", 2)
    var gone = house.running("s3", 3)
    var over = house.running("s4", 4)
    _ = gone.supersede(received: t(50))
    _ = over.stop(at: t(60), meter: nil, because: .local, received: t(60))
    for session in [waiting, running, gone, over] { try sessions.insert(session) }
    #expect(try sessions.running(at: house.evse) == running)
    #expect(try sessions.pendingOrRunning(of: house.station.id) == [waiting, running])
    #expect(try sessions.pending(of: house.station.id) == [waiting])
    #expect(try sessions.pending(of: ID(99)) == [])
    #expect(try sessions.superseded(before: t(49)) == [])
    #expect(try sessions.superseded(before: t(50)) == [gone])
    #expect(try sessions.pending(before: t(0)) == [waiting])
    #expect(try sessions.pending(before: t(-1)) == [])
    var elsewhere = house.evse
    elsewhere.id = ID(99)
    #expect(try sessions.running(at: elsewhere) == nil)
  }

  @Test func transactionNumbersAreNeverGivenTwice() throws {
    let house = try SmallHouse()
    let sessions = house.books.sessions
    #expect(try (1...3).map { _ in try sessions.nextTransaction() } == [1, 2, 3])
    try sessions.jumpTransactions()
    #expect(try sessions.nextTransaction() == 1_000_004)
    try house.books.settings.set("last_transaction", "\(Limits.transactions - 1)")
    #expect(try sessions.nextTransaction() == 2_147_483_647)
    #expect(throws: StoreFault.self) { try sessions.nextTransaction() }
  }

  @Test func aNumberThatAFailedTurnTookIsGivenAgain() throws {
    let house = try SmallHouse()
    try house.books.db.begin()
    #expect(try house.books.sessions.nextTransaction() == 1)
    house.books.db.rollback()
    #expect(try house.books.sessions.nextTransaction() == 1, "nobody heard of it")
  }

  @Test func theSameReadingIsKeptOnce() throws {
    let house = try SmallHouse()
    let sessions = house.books.sessions
    for (number, id) in ["s1", "s2"].enumerated() { try sessions.insert(house.running(id, Int64(number + 1))) }
    let reading = Reading(at: t(1), register: Energy(tenthsOfWattHour: 10), current: Decimal("16.2"), raw: ["a": 1])
    #expect(try sessions.append(reading, to: "s1", receivedAt: t(2)))
    #expect(try !sessions.append(reading, to: "s1", receivedAt: t(9)))
    #expect(try sessions.append(reading, to: "s2", receivedAt: t(2)), "another session's is another reading")
    var other = reading
    other.raw = ["a": 2]
    #expect(try sessions.append(other, to: "s1", receivedAt: t(2)), "one moment can be told in two messages")
    other = reading
    other.context = .end
    #expect(try sessions.append(other, to: "s1", receivedAt: t(2)))
    var late = reading
    late.at = t(0)
    #expect(try sessions.append(late, to: "s1", receivedAt: t(3)))
    #expect(try sessions.readings(of: "s1").map(\.at) == [t(0), t(1), t(1), t(1)])
    #expect(try sessions.readings(of: "s1")[1] == reading)
    let first = try sessions.readings(of: "s1", after: 0, limit: 2)
    #expect(first.map(\.reading) == [reading, try sessions.readings(of: "s1")[2]])
    #expect(try sessions.readings(of: "s1", after: first[1].seq, limit: 9).map(\.reading.at) == [t(1), t(0)])
  }

  @Test func aSessionWithoutEndKeepsItsCourseAtACoarserGrain() throws {
    let house = try SmallHouse()
    let sessions = house.books.sessions
    try sessions.insert(house.running("s1", 1))
    let count = Limits.readingsPerSession * 2
    try house.books.db.begin()
    for number in 0..<count {
      let reading = Reading(
        at: t(Int64(number)), register: Energy(tenthsOfWattHour: Int64(number)),
        context: number == 0 ? .begin : .periodic)
      #expect(try sessions.append(reading, to: "s1", receivedAt: t(Int64(number))))
    }
    try house.books.db.commit()
    let kept = try sessions.figures(of: "s1").map(\.at)
    #expect(kept.count <= Limits.readingsPerSession + Int(Limits.readingsBetweenLooks))
    #expect(kept.first == t(0) && kept.last == t(Int64(count - 1)))
    let gaps = zip(kept, kept.dropFirst()).map { $1 - $0 }
    #expect(gaps.allSatisfy { $0 <= .seconds(4) })
  }

  @Test func theListShowsTheNewestFirstAndIsFiltered() throws {
    let house = try SmallHouse()
    let sessions = house.books.sessions
    for number in 1...4 {
      let holder = number.isMultiple(of: 2) ? house.theirs : house.ours
      var session = house.running("s\(number)", Int64(number), holder: holder, at: t(Int64(number)))
      if number == 1 { _ = session.stop(at: t(50), meter: nil, because: .local, received: t(50)) }
      try sessions.insert(session)
    }
    func ids(_ filter: SessionFilter, before cursor: String? = nil, limit: Int = 10) throws -> [String] {
      try sessions.list(filter, before: cursor, limit: limit).map(\.id)
    }
    #expect(try ids(SessionFilter()) == ["s4", "s3", "s2", "s1"])
    #expect(try ids(SessionFilter(), before: "s3", limit: 1) == ["s2"])
    #expect(try ids(SessionFilter(isOpen: true)) == ["s4", "s3", "s2"])
    #expect(try ids(SessionFilter(state: .completed)) == ["s1"])
    #expect(try ids(SessionFilter(partner: house.partner.id)) == ["s4", "s2"])
    #expect(try ids(SessionFilter(uid: "04 aabbcc")) == ["s3", "s1"])
    #expect(
      try ids(SessionFilter(station: house.station.id, location: house.location.id, from: t(2), to: t(4))) == [
        "s3", "s2",
      ])
    #expect(try ids(SessionFilter(station: ID(99))) == [])
  }

  @Test func aPartnerSeesItsOwnDriversSessions() throws {
    let house = try SmallHouse()
    let sessions = house.books.sessions
    try sessions.insert(house.running("s1", 1))
    try sessions.insert(house.running("s2", 2, holder: house.theirs, at: t(9)))
    try sessions.insert(house.running("s3", 3, holder: house.theirs, at: t(5)))
    let page = try sessions.page(PageQuery(limit: 10), of: house.partner.id)
    #expect(page.items.map(\.id) == ["s3", "s2"])
    #expect(page.total == 2)
    #expect(
      try sessions.page(PageQuery(from: t(5), to: t(9), limit: 10), of: house.partner.id).items.map(\.id) == ["s3"])
    #expect(try sessions.page(PageQuery(limit: 10), of: ID(99)).total == 0)
    #expect(try sessions.session("s1", of: house.partner.id) == nil)
    #expect(try sessions.session("s2", of: house.partner.id)?.id == "s2")
    #expect(try sessions.partner(of: "s2") == house.partner.id)
    #expect(try sessions.partner(of: "s1") == nil)
  }

  @Test func aPartnerThatIsGoneStaysWithItsSessions() throws {
    let house = try SmallHouse()
    let sessions = house.books.sessions
    var session = house.running("s1", 1, holder: house.theirs)
    try sessions.insert(session)
    try house.books.partners.remove(house.partner.id)
    _ = session.read(Reading(at: t(5), register: Energy(tenthsOfWattHour: 2_000)), received: t(5))
    try sessions.save(session)
    #expect(try sessions.partner(of: "s1") == house.partner.id)
  }

  @Test func aStopIsRememberedAsItWasSent() throws {
    let house = try SmallHouse()
    let session = house.running("s1", 1)
    try house.books.sessions.insert(session)
    #expect(try house.books.sessions.stopKey(of: "s1") == nil)
    try house.books.sessions.finish(session, stopKey: "1234 Local")
    try house.books.sessions.finish(session)
    try house.books.sessions.save(session)
    #expect(try house.books.sessions.stopKey(of: "s1") == "1234 Local")
  }

  @Test func oldReadingsGoWithTheOldestSessions() throws {
    let house = try SmallHouse()
    let sessions = house.books.sessions
    for number in 1...3 {
      try sessions.insert(house.running("s\(number)", Int64(number), at: t(Int64(number) * 100)))
      for moment in 0..<4 { try sessions.append(Reading(at: t(Int64(moment))), to: "s\(number)", receivedAt: t(1)) }
    }
    #expect(try sessions.pruneReadings(before: t(200)) == Pruned(removed: 4))
    #expect(try sessions.readings(of: "s1").isEmpty)
    #expect(try sessions.readings(of: "s2").count == 4)
    #expect(try sessions.session("s1") != nil)
  }

  @Test func theGramsOfASessionStayWhenItsReadingsGo() throws {
    let house = try SmallHouse()
    let (sessions, carbon) = (house.books.sessions, house.books.carbon)
    try carbon.keep(
      [CarbonFactor(beginsAt: t(0), milligrams: 100_000), CarbonFactor(beginsAt: t(20), milligrams: 500_000)], of: nil)
    var session = house.running("s1", 1, at: t(0))
    try sessions.insert(session)
    let start = session.meterStart
    for (second, energy) in [(10, 10_000), (1_000, 20_000)] as [(Int64, Int64)] {
      let register = start + Energy(tenthsOfWattHour: energy)
      try sessions.append(Reading(at: t(second), register: register), to: "s1", receivedAt: t(second))
    }
    _ = session.stop(at: t(1_000), meter: start + Energy(tenthsOfWattHour: 20_000), because: .local, received: t(1_000))
    try sessions.finish(session)
    let before = try carbon.footprint(of: session)
    #expect(before.grams > 590 && before.grams < 600, "the first kWh was nearly all of a cleaner time")
    #expect(try sessions.pruneReadings(before: t(5_000)).removed == 2)
    #expect(try sessions.readings(of: "s1").isEmpty)
    #expect(try carbon.footprint(of: session) == before)
  }

  @Test func aSessionGoesOnceItsBillAndItsReadingsAreGone() throws {
    let house = try SmallHouse(isDurable: true)
    let (sessions, transactions) = (house.books.sessions, house.books.transactions)
    for number in 1...4 {
      var session = house.running("s\(number)", Int64(number), at: t(Int64(number) * 100))
      try sessions.insert(session)
      _ = session.stop(at: t(Int64(number) * 100 + 50), meter: nil, because: .local, received: t(900))
      try sessions.finish(session)
    }
    _ = try transactions.create(
      KeptTransaction(station: house.station.id, name: "tx", session: "s1", lastSeqNo: 0))
    try sessions.append(Reading(at: t(200)), to: "s2", receivedAt: t(200))
    #expect(try sessions.prune(endedBefore: t(150)).removed == 0)
    #expect(try sessions.prune(endedBefore: t(1_000)) == Pruned(removed: 2), "the newest and one with a reading stay")
    #expect(try sessions.list(limit: 9).map(\.id).sorted() == ["s2", "s4"])
    #expect(try transactions.transaction("tx", of: house.station.id) == nil)
    // What they began with stays for as long as one session had it.
    let tariff = try #require(try sessions.session("s4")?.tariff)
    #expect(try house.books.tariffs.pruneFrozen().removed == 0)
    try house.books.db.script("UPDATE session SET tariff = NULL")
    #expect(try house.books.tariffs.pruneFrozen() == Pruned(removed: 1))
    try sessions.insert(
      .started(
        id: "s5", place: house.place, holder: house.ours, tariff: tariff, at: t(2_000), meter: .zero, transaction: 5,
        received: t(2_000)))
    #expect(try sessions.session("s5")?.tariff == tariff)
  }
}

@Suite struct CDRsTests {
  private func cdr(_ id: String, session: String, ended: Timestamp, held: String? = nil) -> CDR {
    var cdr = CDR()
    cdr.id = id
    cdr.session = session
    cdr.startedAt = ended - .seconds(3600)
    cdr.endedAt = ended
    cdr.createdAt = ended
    cdr.heldBecause = held
    cdr.tariff = .sample("T1")
    cdr.totals.cost = Price(beforeTax: Money(tenThousandths: 12_345), afterTax: Money(tenThousandths: 14_937))
    cdr.totals.energy = Energy(tenthsOfWattHour: 123_456)
    return cdr
  }

  private func insert(_ cdr: CDR, _ house: SmallHouse, partner: ID<Partner>?) throws(StoreFault) {
    try house.books.cdrs.insert(
      cdr, of: house.party.id, partner: partner, station: house.station.id, location: house.location.id)
  }

  @Test func aCDRComesBackAsItWasMade() throws {
    let house = try SmallHouse()
    let bill = cdr("c1", session: "s1", ended: t(100))
    try insert(bill, house, partner: house.partner.id)
    let kept = try #require(try house.books.cdrs.cdr("c1"))
    #expect(kept.cdr == bill)
    #expect(kept.partner == house.partner.id)
    #expect(kept.location == house.location.id)
    #expect(kept.held == nil)
    #expect(try house.books.cdrs.cdr(session: "s1") == kept)
  }

  @Test func aSessionIsBilledOnce() throws {
    let house = try SmallHouse()
    try insert(cdr("c1", session: "s1", ended: t(100)), house, partner: nil)
    #expect(throws: StoreFault.self) { try insert(cdr("c2", session: "s1", ended: t(100)), house, partner: nil) }
  }

  @Test func whatIsOwedIsAskedForOnce() throws {
    let house = try SmallHouse()
    let (cdrs, invoices) = (house.books.cdrs, house.books.invoices)
    for number in 1...5 {
      var bill = cdr("c\(number)", session: "s\(number)", ended: t(Int64(number) * 100))
      bill.totals.cost = Price(beforeTax: number == 2 ? .zero : Money(tenThousandths: 30_000))
      if number == 3 { bill.heldBecause = "the meter ran backwards" }
      try insert(bill, house, partner: nil)
    }
    #expect(try cdrs.owed(until: t(500), limit: 1).map(\.cdr.id) == ["c1"])
    #expect(try cdrs.owed(until: t(500), after: "c1", limit: 9).map(\.cdr.id) == ["c4"])
    let draft = Invoice(draft: "2026-05", payer: Payer(.driver, id: "C1", name: "C1"), currency: "EUR")
    let first = try invoices.create(draft, of: ["c1", "c4"])
    #expect(first.number == 1)
    #expect(try cdrs.owed(until: t(900), limit: 9).map(\.cdr.id) == ["c5"])
    #expect(try invoices.cdrs(of: first, limit: 9).map(\.cdr.id) == ["c1", "c4"])
    #expect(throws: StoreFault.self) { try invoices.create(draft, of: ["c4"]) }
  }

  @Test func aCreditTakesItsSessionOffTheInvoiceToo() {
    var bill = cdr("c1", session: "s1", ended: t(100))
    bill.totals.energy = Energy(wattHours: 10_000) ?? .zero
    bill.totals.cost = Price(beforeTax: Money(tenThousandths: 30_000))
    var invoice = Invoice(draft: "2026-05", payer: Payer(.driver, id: "C1", name: "C1"), currency: "EUR")
    for one in [bill, bill.credit(because: nil, at: t(200)), bill] { invoice.add(one) }
    #expect(invoice.sessions == 1 && invoice.energy == bill.totals.energy && invoice.net == bill.totals.cost.beforeTax)
  }

  @Test func aHeldCDRIsSeenByPartnersOnlyOnceItIsReleased() throws {
    let house = try SmallHouse()
    let cdrs = house.books.cdrs
    try insert(
      cdr("c1", session: "s1", ended: t(100), held: "the meter ran backwards"), house, partner: house.partner.id)
    try insert(cdr("c2", session: "s2", ended: t(200)), house, partner: house.partner.id)
    try insert(cdr("c3", session: "s3", ended: t(300)), house, partner: nil)
    #expect(try cdrs.page(PageQuery(limit: 10), of: house.partner.id).items.map(\.id) == ["c2"])
    #expect(try cdrs.cdr("c1", of: house.partner.id) == nil)
    #expect(try cdrs.cdr("c3", of: house.partner.id) == nil)
    #expect(try cdrs.list(CDRFilter(isHeld: true), limit: 10).map(\.cdr.id) == ["c1"])
    #expect(try cdrs.release("c1", at: t(500)))
    #expect(try !cdrs.release("c1", at: t(600)))
    // A partner that asks for what came since its last call gets it, although it is older.
    #expect(try cdrs.page(PageQuery(from: t(400), limit: 10), of: house.partner.id).items.map(\.id) == ["c1"])
    #expect(try cdrs.page(PageQuery(limit: 10), of: house.partner.id).total == 2)
    #expect(try cdrs.cdr("c1", of: house.partner.id)?.held == nil)
  }

  @Test func manySessionsAreCountedAtTheFirstAndTheLastPageOfAWalk() throws {
    let house = try SmallHouse()
    let sessions = house.books.sessions
    func begin(_ number: Int64) throws {
      // Several in one millisecond.
      try sessions.insert(house.running("s\(number)", number, holder: house.theirs, at: t(number / 3)))
    }
    for number: Int64 in 1...7 { try begin(number) }
    var query = PageQuery(limit: 3)
    var (seen, totals): ([String], [Int]) = ([], [])
    while true {
      let page = try sessions.page(query, of: house.partner.id)
      seen += page.items.map(\.id)
      totals.append(page.total)
      guard case .after(let mark) = page.rest else { break }
      query.after = PageMark(mark.text)
      if seen.count == 3 { try begin(8) }
    }
    #expect(seen == (1...8).map { "s\($0)" } && totals == [7, 7, 8])
  }

  @Test func manyCDRsAreWalkedAndCountedOnce() throws {
    let house = try SmallHouse()
    let cdrs = house.books.cdrs
    for number in 1...7 {
      // Several in one millisecond.
      try insert(
        cdr("c\(number)", session: "s\(number)", ended: t(Int64(number / 3))), house, partner: house.partner.id)
    }
    var query = PageQuery(limit: 3)
    var (seen, totals): ([String], [Int]) = ([], [])
    while true {
      let page = try cdrs.page(query, of: house.partner.id)
      seen += page.items.map(\.id)
      totals.append(page.total)
      guard case .after(let mark) = page.rest else { break }
      query.after = PageMark(mark.text)
      if seen.count == 3 { try insert(cdr("c8", session: "s8", ended: t(50)), house, partner: house.partner.id) }
    }
    #expect(Set(seen) == Set((1...8).map { "c\($0)" }) && seen.count == 8)
    #expect(totals == [7, 8, 8])
    // Exactly full pages end without another one.
    #expect(try cdrs.page(PageQuery(limit: 8), of: house.partner.id).rest == .nothing)
  }

  @Test func listsAndExportsAreFilteredAndContinue() throws {
    let house = try SmallHouse()
    let cdrs = house.books.cdrs
    for number in 1...5 {
      try insert(cdr("c\(number)", session: "s\(number)", ended: t(Int64(number) * 100)), house, partner: nil)
    }
    #expect(try cdrs.list(limit: 2).map(\.cdr.id) == ["c5", "c4"])
    #expect(try cdrs.list(before: "c4", limit: 2).map(\.cdr.id) == ["c3", "c2"])
    let month = CDRFilter(from: t(200), to: t(400), station: house.station.id, location: house.location.id)
    #expect(try cdrs.list(month, limit: 9).map(\.cdr.id) == ["c3", "c2"])
    #expect(try cdrs.list(month, before: "c3", limit: 9).map(\.cdr.id) == ["c2"])
    #expect(try cdrs.export(month, limit: 1).map(\.cdr.id) == ["c2"])
    #expect(try cdrs.export(month, after: "c2", limit: 1).map(\.cdr.id) == ["c3"])
    #expect(try cdrs.export(month, after: "c3", limit: 1).isEmpty)
    #expect(try cdrs.prune(endedBefore: t(300)).removed == 2)
  }

  /// However a page ends among bills of one moment, the next one begins behind it.
  @Test func billsOfOneMomentAreListedAndExportedOnceEach() throws {
    let house = try SmallHouse()
    let cdrs = house.books.cdrs
    for id in ["c1", "c2", "c3"] { try insert(cdr(id, session: "s-\(id)", ended: t(100)), house, partner: nil) }
    let all = CDRFilter(from: t(0))
    var exported: [String] = []
    while let next = try cdrs.export(all, after: exported.last, limit: 1).first { exported.append(next.cdr.id) }
    #expect(exported == ["c1", "c2", "c3"])
    var listed: [String] = []
    while let next = try cdrs.list(all, before: listed.last, limit: 1).first { listed.append(next.cdr.id) }
    #expect(listed == ["c3", "c2", "c1"])
    #expect(throws: StoreFault.self) { try cdrs.export(all, after: "gone", limit: 1) }
  }

  @Test func theFiguresSumWhatHappenedSince() throws {
    let house = try SmallHouse()
    var over = house.running("s1", 1, at: t(10))
    _ = over.stop(at: t(100), meter: Energy(tenthsOfWattHour: 3_000), because: .local, received: t(100))
    var running = house.running("s2", 2, at: t(-50))
    _ = running.read(Reading(at: t(20), register: Energy(tenthsOfWattHour: 1_500)), received: t(20))
    var backwards = house.running("s3", 3, at: t(30))
    _ = backwards.read(Reading(at: t(40), register: Energy(tenthsOfWattHour: 1)), received: t(40))
    var yesterday = house.running("s4", 4, at: t(-500))
    _ = yesterday.stop(at: t(-400), meter: Energy(tenthsOfWattHour: 9_000), because: .local, received: t(-400))
    for session in [over, running, backwards, yesterday] { try house.books.sessions.insert(session) }
    var pounds = cdr("c3", session: "s3", ended: t(50))
    pounds.currency = "GBP"
    try insert(pounds, house, partner: nil)
    try insert(cdr("c1", session: "s1", ended: t(100)), house, partner: nil)
    try insert(cdr("c2", session: "s2", ended: t(200)), house, partner: nil)
    try insert(cdr("c4", session: "s4", ended: t(-1)), house, partner: nil)
    let figures = try house.books.analytics.figures(since: t(0))
    #expect(figures.sessions == 2)
    #expect(figures.energy == Energy(tenthsOfWattHour: 2_000 + 500))
    #expect(figures.revenue.map(\.currency) == ["EUR", "GBP"])
    #expect(figures.revenue.map(\.amount.tenThousandths) == [24_690, 12_345])
    #expect(try house.books.analytics.figures(since: t(1_000)).revenue.isEmpty)
    #expect(try house.books.analytics.statuses() == [.available: 1])
  }
}
