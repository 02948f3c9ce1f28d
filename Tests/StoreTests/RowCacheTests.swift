import Domain
import Testing
import Wire

@testable import Store

/// What the writer remembers is what the books say, whoever changed them.
@Suite struct RowCacheTests {
  private let house: SmallHouse
  private var books: Books { house.books }

  init() throws { house = try SmallHouse(isDurable: true) }

  @Test func aTransactionNumberIsNeverGivenAgain() throws {
    let first = try (0...Limits.transactionsAtOnce).map { _ in try books.sessions.nextTransaction() }
    #expect(first == Array(1...Limits.transactionsAtOnce + 1))
    try books.sessions.jumpTransactions()
    let jumped = try books.sessions.nextTransaction()
    #expect(jumped > Limits.transactionJump)
    books.db.forget()
    #expect(try books.sessions.nextTransaction() == jumped + 1, "a rest costs no number")
    // Another start of the house, which does not know how far this one came.
    let again = Books(db: try Migrations.house.open(house.scratch.file, isDurable: true))
    #expect(try again.sessions.nextTransaction() > jumped)
    books.db.cache?.empty()
    #expect(try books.sessions.nextTransaction() > jumped + Limits.transactionsAtOnce)
  }

  @Test func aRowThatChangesByAnyStatementIsAskedForAgain() throws {
    #expect(try books.stations.station(house.station.id)?.vendor == nil)
    try books.db.run("UPDATE station SET vendor = 'ACME' WHERE identity = ?1", "CS-1")
    #expect(try books.stations.station(house.station.id)?.vendor == "ACME")

    #expect(try books.locations.location(house.location.id)?.name == "Yard")
    try books.db.run("UPDATE location SET name = ?1", "Field")
    #expect(try books.locations.location(house.location.id)?.name == "Field")

    #expect(try books.stations.evses(of: house.station.id).count == 1)
    try books.db.run("UPDATE connector SET max_amperage = ?1", 63)
    #expect(try books.stations.evse(house.evse.id)?.connectors[0].maxAmperage == 63)

    #expect(try books.parties.cpo()?.businessName == "Ostler Test")
    try books.db.run("UPDATE party SET business_name = ?1", "Other")
    #expect(try books.parties.cpo()?.businessName == "Other")
    #expect(try books.parties.party(house.party.id)?.businessName == "Other")
  }

  @Test func whatWasForgottenAtRestIsReadAgain() throws {
    let (station, evses) = (
      try books.stations.station(house.station.id), try books.stations.evses(of: house.station.id)
    )
    books.db.forget()
    #expect(try books.stations.station(house.station.id) == station)
    #expect(try books.stations.evses(of: house.station.id) == evses)
  }

  @Test func whatGoesWithItsStationIsForgotten() throws {
    #expect(try books.stations.evse(house.evse.id) != nil)
    try books.stations.remove(house.station.id, at: t(1))
    #expect(try books.stations.station(house.station.id) == nil)
    #expect(try books.stations.evse(house.evse.id) == nil)
    #expect(try books.stations.evses(of: house.station.id).isEmpty)
  }

  @Test func tokensAreForgottenWhenTheirPartnerGoes() throws {
    let role = house.role
    _ = try books.tokens.put(.sample("DE-1", owner: role.id))
    #expect(try books.tokens.tokens(folded: Token.fold("DE-1")).count == 1)
    try books.db.run("DELETE FROM partner_role WHERE id = ?1", role.id)
    #expect(try books.tokens.tokens(folded: Token.fold("DE-1")).isEmpty)
  }

  @Test func aStatusIsRememberedAsItWasWritten() throws {
    let stations = books.stations
    _ = try stations.evses(of: house.station.id)
    #expect(try stations.setStatus(house.evse.id, .charging, at: t(9), reason: nil))
    let known = try stations.evse(house.evse.id)
    books.db.cache?.empty()
    #expect(try stations.evse(house.evse.id) == known)
    #expect(known?.status == .charging && known?.statusSince == t(9))
    #expect(try !stations.setStatus(house.evse.id, .charging, at: t(10), reason: nil))
  }

  @Test func aStationIsRememberedAsItWasWritten() throws {
    let stations = books.stations
    let id = house.station.id
    var station = try #require(try stations.station(house.station.identity))
    station.quirks.pingSeconds = 5
    station.updatedAt = t(6)
    for write: () throws -> Void in [
      { try stations.connected(id, version: "1.6", at: t(5)) }, { try stations.update(station) },
      { try stations.seen([(id, t(9)), (id, t(7))]) },
    ] {
      try write()
      let known = try stations.station(id)
      books.db.cache?.empty()
      #expect(try stations.station(id) == known, "the books say the same")
    }
    let known = try stations.station(id)
    #expect(known?.lastSeenAt == t(9) && known?.quirks.pingSeconds == 5)
  }

  @Test func whatIsUndoneIsForgotten() throws {
    try books.db.begin()
    try books.stations.setStatus(house.evse.id, .charging, at: t(1), reason: nil)
    struct Change: Error {}
    #expect(throws: Change.self) {
      try books.db.savepoint {
        try books.stations.setStatus(house.evse.id, .faulted, at: t(2), reason: nil)
        try books.sessions.insert(house.running("s1", 1))
        #expect(try books.sessions.pendingOrRunning(of: house.station.id).count == 1)
        throw Change()
      }
    }
    #expect(try books.stations.evse(house.evse.id)?.status == .charging)
    #expect(try books.sessions.pendingOrRunning(of: house.station.id).isEmpty)
    books.db.rollback()
    #expect(try books.stations.evse(house.evse.id)?.status == .available)
  }

  @Test func aLocationThatWasTouchedInAnUndoneTurnIsTouchedAgain() throws {
    try books.db.begin()
    try books.locations.touch(house.location.id, at: t(5))
    books.db.rollback()
    try books.locations.touch(house.location.id, at: t(5))
    let changed: Timestamp? = try books.db.value("SELECT changed_at FROM location WHERE id = ?1", house.location.id)
    #expect(changed == t(5))
  }

  @Test func whatAnotherProgramWritesIsSeenByTheNextTurn() throws {
    #expect(try books.stations.station(house.station.id)?.vendor == nil)
    let other = try Database(file: books.db.file, access: .write(isDurable: false))
    try other.run("UPDATE station SET vendor = ?1", "ACME")
    try books.db.begin()
    #expect(try books.stations.station(house.station.id)?.vendor == "ACME")
    try books.db.commit()
  }

  @Test func openSessionsFollowTheirWrites() throws {
    let sessions = books.sessions
    var session = house.running("s1", 1)
    _ = try sessions.pendingOrRunning(of: house.station.id)
    try sessions.insert(session)
    _ = session.read(Reading(at: t(5), register: Energy(tenthsOfWattHour: 2_000)), received: t(5))
    try sessions.saveProgress(session)
    #expect(try sessions.session(transaction: 1) == session)
    #expect(try sessions.session("s1") == session)
    books.db.cache?.empty()
    #expect(try sessions.pendingOrRunning(of: house.station.id) == [session], "the books say the same")
    _ = session.stop(at: t(9), meter: nil, because: .local, received: t(9))
    try sessions.finish(session)
    #expect(try sessions.pendingOrRunning(of: house.station.id).isEmpty)
    #expect(try sessions.session("s1") == session)
  }

  @Test func aSessionKeepsItsNumberWhenItHasEnded() throws {
    let sessions = books.sessions
    var session = house.running("s1", 1)
    _ = try sessions.pendingOrRunning(of: house.station.id)
    try sessions.insert(session)
    let number = try sessions.number(of: "s1")
    _ = session.stop(at: t(9), meter: nil, because: .local, received: t(9))
    try sessions.finish(session)
    #expect(books.db.cache?.openSessions.number(of: "s1") == number && number != nil)
    books.db.cache?.empty()
    #expect(try sessions.number(of: "s1") == number, "the books say the same")
  }

  @Test func creditThatATokenGetsWhileItIsRememberedIsSpent() throws {
    let token = try books.tokens.create(.sample("DE-1", owner: nil))
    #expect(try books.tokens.tokens(folded: Token.fold("DE-1")).map(\.credit) == [nil])
    try books.tokens.spend(Money(tenThousandths: 70_000), of: token.id)
    #expect(try books.tokens.tokens(folded: Token.fold("DE-1")).map(\.credit) == [nil])
    try books.db.run("UPDATE token SET credit = ?1", 100_000)
    _ = try books.tokens.tokens(folded: Token.fold("DE-1"))
    try books.tokens.spend(Money(tenThousandths: 70_000), of: token.id)
    #expect(
      try books.tokens.tokens(folded: Token.fold("DE-1")).map(\.credit) == [Money(tenThousandths: 30_000)])
  }

  @Test func oneTooManyEmptiesAShelf() throws {
    var shelf = Shelf<Int, Int>()
    for key in 1...Limits.cachedRows { shelf[key] = key }
    #expect(shelf[1] == 1 && shelf[Limits.cachedRows] == Limits.cachedRows)
    shelf[Limits.cachedRows + 1] = 0
    #expect(shelf[1] == nil && shelf[Limits.cachedRows + 1] == 0)
  }
}
