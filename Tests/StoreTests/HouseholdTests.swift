import Domain
import Testing
import Wire

@testable import Store

@Suite struct CommandsTests {
  private func command(_ id: String, at time: Timestamp, phase: CommandRecord.Phase = .sent) -> KeptCommand {
    KeptCommand(
      CommandRecord(
        id: id, station: ID(1), verb: "reset", detail: ["hard": true], origin: "operator:anna", phase: phase,
        createdAt: time,
        updatedAt: time))
  }

  @Test func aCommandIsFollowedFromWishToEnd() throws {
    let commands = try SmallHouse().books.commands
    var start = command("k1", at: t(1))
    (start.partner, start.respondTo, start.session) = (ID(3), "https://example.org/r", "s1")
    try commands.insert(start)
    #expect(try commands.command("k1") == start)
    #expect(try commands.latest(of: ID(3), respondTo: "https://example.org/r") == [start])
    #expect(try commands.latest(of: ID(4), respondTo: "https://example.org/r").isEmpty)
    #expect(try commands.end("k1", .accepted, answer: "Accepted", at: t(2)))
    #expect(try commands.end("k1", .done, answer: .null, at: t(3)))
    #expect(try !commands.end("k1", .failed, answer: "late", at: t(4)), "an end is an end")
    let kept = try #require(try commands.command("k1"))
    #expect(kept.record.phase == .done)
    #expect(kept.record.updatedAt == t(3))
    #expect(kept.session == "s1")
  }

  @Test func openOnesAreFoundAfterARestart() throws {
    let commands = try SmallHouse().books.commands
    try commands.insert(command("k1", at: t(1)))
    try commands.insert(command("k2", at: t(2), phase: .accepted))
    try commands.insert(command("k3", at: t(3), phase: .refused))
    try commands.insert(command("k4", at: t(9)))
    #expect(try commands.unanswered(before: t(9)).map(\.record.id) == ["k1", "k2"])
    #expect(try commands.list(of: ID(1), limit: 2).map(\.record.id) == ["k4", "k3"])
    #expect(try commands.list(of: ID(1), before: "k3", limit: 9).map(\.record.id) == ["k2", "k1"])
    #expect(try commands.list(of: ID(2), limit: 9).isEmpty)
    #expect(try commands.prune(before: t(3)).removed == 2)
  }
}

@Suite struct EventsTests {
  @Test func factsAreReadInOrderFromACursor() throws {
    let events = try SmallHouse().books.events
    #expect(try events.lastSeq() == 0)
    let first = try events.append(.sessionStarted(session: "s1"), at: t(1))
    let second = try events.append(.stationBooted(ID(7), vendor: "ACME", model: "M", firmware: nil), at: t(2))
    try events.append(.sessionEnded(session: "s1"), at: t(3))
    #expect((first.seq, second.seq) == (1, 2))
    #expect(try events.after(0, limit: 2) == [first, second])
    #expect(try events.after(2, limit: 9).map(\.kind) == ["session.ended"])
    #expect(try events.latest(limit: 1).map(\.seq) == [3])
    #expect(try events.latest(before: 3, limit: 9).map(\.seq) == [2, 1])
    #expect(try events.latest(of: "session/s1", limit: 9).map(\.kind) == ["session.ended", "session.started"])
    #expect(try events.latest(of: "session/s1", before: 3, limit: 9).map(\.seq) == [1])
    #expect(second.body["vendor"]?.string == "ACME")
  }

  @Test func aSeqIsNeverUsedTwice() throws {
    let events = try SmallHouse().books.events
    for second in 1...3 { try events.append(.sessionStarted(session: "s"), at: t(Int64(second))) }
    #expect(try events.prune(before: t(99)) == Pruned(removed: 2), "the newest stays, and the next follows it")
    #expect(try events.lastSeq() == 3)
    #expect(try events.append(.sessionStarted(session: "s"), at: t(4)).seq == 4)
  }

  @Test func aLargeHeapIsPrunedInBoundedPieces() throws {
    let books = try SmallHouse().books
    try books.db.transaction { () throws(StoreFault) in
      for second in 0...Limits.prunedAtOnce {
        try books.events.append(.sessionStarted(session: "s"), at: t(Int64(second)))
      }
    }
    #expect(try books.events.prune(before: t(1_000_000)).isMoreLeft)
    #expect(try !books.events.prune(before: t(1_000_000)).isMoreLeft)
    #expect(try books.events.after(0, limit: 9).count == 1)
  }
}

@Suite struct ParkedMessagesTests {
  @Test func aStationThatGoesOnAndOnIsCountedAndKeptNoMore() throws {
    let house = try SmallHouse()
    let parked = house.books.parked
    func park(_ number: Int, _ action: String = "MeterValues", of station: ID<Station>? = nil) throws -> Bool {
      try parked.park(
        station: station ?? house.station.id, action: action, payload: ["n": .number(JSONNumber(number))],
        why: "no such transaction", at: t(Int64(number)))
    }
    for number in 1...Limits.parkedMessages { #expect(try park(number)) }
    for number in 1...3 { #expect(try !park(Limits.parkedMessages + number)) }
    #expect(try !park(7), "the very same is counted with itself")
    #expect(try parked.waitingCount() == Limits.parkedMessages)
    let newest = try #require(try parked.waiting(limit: 1).first)
    #expect(newest.count == 4 && newest.receivedAt == t(Int64(Limits.parkedMessages + 3)))
    #expect(try park(1, "StopTransaction"))
    #expect(try park(1, of: ID(99)))
    try parked.settle(newest.id, at: t(9_000))
    #expect(try park(9_001), "there is room again")
  }

  @Test func theSameMessageIsParkedOnce() throws {
    let house = try SmallHouse()
    let parked = house.books.parked
    let payload: JSON = ["transactionId": 99]
    #expect(
      try parked.park(station: house.station.id, action: "StopTransaction", payload: payload, why: "unknown", at: t(1)))
    #expect(
      try !parked.park(station: house.station.id, action: "StopTransaction", payload: payload, why: "unknown", at: t(2))
    )
    #expect(
      try parked.park(
        station: house.station.id, action: "StopTransaction", payload: ["transactionId": 98], why: "unknown", at: t(3)))
    #expect(try parked.park(station: ID(99), action: "StopTransaction", payload: payload, why: "unknown", at: t(4)))
    let mine = try parked.waiting(of: house.station.id, limit: 9)
    #expect(mine.map(\.count) == [1, 2])
    #expect(mine[1].payload == payload)
    #expect(mine[1].receivedAt == t(2))
    #expect(try parked.waiting(limit: 9).count == 3)
    #expect(try parked.waiting(before: mine[0].id, limit: 9).map(\.id) == [mine[1].id])
    try parked.settle(mine[1].id, at: t(10))
    #expect(try parked.message(mine[1].id)?.settledAt == t(10))
    #expect(try parked.waitingCount() == 2)
    #expect(try parked.prune(settledBefore: t(11)).removed == 1)
    #expect(try parked.waitingCount() == 2, "what nobody settled stays")
  }
}

@Suite struct UsersTests {
  private func login(_ digest: String, _ user: ID<User>, at time: Timestamp) -> Login {
    Login(
      digest: digest, user: user, csrf: "x", address: "::1", createdAt: time, usedAt: time,
      expiresAt: time + .seconds(60))
  }

  @Test func aUserComesBackAsItWasMadeAndChanged() throws {
    let users = try SmallHouse().books.users
    #expect(try users.count() == 0)
    let anna = try users.create(User(name: "anna", passwordHash: "h", role: .owner, createdAt: t(0), updatedAt: t(0)))
    #expect(try users.user("anna") == anna)
    #expect(throws: StoreFault.constraint("UNIQUE constraint failed: user.name")) { try users.create(anna) }
    try users.setPassword(anna.id, hash: "h2", at: t(5))
    try users.setRole(anna.id, .viewer, at: t(6))
    let changed = try #require(try users.user(anna.id))
    #expect(changed.passwordHash == "h2")
    #expect(changed.role == .viewer)
    #expect(changed.updatedAt == t(6))
    #expect(try users.list() == [changed])
    #expect(Role.viewer < .operator && Role.operator < .owner)
  }

  @Test func aLoginHoldsUntilItRunsOutOrEnds() throws {
    let users = try SmallHouse().books.users
    let anna = try users.create(User(name: "anna", passwordHash: "h", role: .owner, createdAt: t(0), updatedAt: t(0)))
    try users.begin(login("a", anna.id, at: t(0)))
    #expect(try users.login("a", at: t(59))?.user == anna)
    #expect(try users.login("a", at: t(60)) == nil)
    try users.used("a", at: t(59), expiresAt: t(119))
    #expect(try users.login("a", at: t(100))?.login.usedAt == t(59))
    try users.begin(login("b", anna.id, at: t(1)))
    try users.begin(login("c", anna.id, at: t(2)))
    try users.end("b")
    #expect(try users.logins(of: anna.id).map(\.digest) == ["a", "c"])
    try users.endAll(of: anna.id, except: "c")
    #expect(try users.logins(of: anna.id).map(\.digest) == ["c"])
    try users.endAll(of: anna.id)
    #expect(try users.logins(of: anna.id).isEmpty)
    try users.begin(login("d", anna.id, at: t(0)))
    #expect(try users.pruneLogins(at: t(60)).removed == 1)
    try users.begin(login("e", anna.id, at: t(0)))
    try users.remove(anna.id)
    #expect(try users.login("e", at: t(1)) == nil)
  }

  @Test func aUserHasSoManyLoginsAndNoMore() throws {
    let users = try SmallHouse().books.users
    let anna = try users.create(User(name: "anna", passwordHash: "h", role: .owner, createdAt: t(0), updatedAt: t(0)))
    for number in 0...Limits.loginsPerUser { try users.begin(login("l\(number)", anna.id, at: t(Int64(number)))) }
    let kept = try users.logins(of: anna.id).map(\.digest)
    #expect(kept.count == Limits.loginsPerUser)
    #expect(!kept.contains("l0"))
    #expect(kept.contains("l1"))
  }
}

@Suite struct KeysTests {
  @Test func aKeyIsFoundUntilItIsRevoked() throws {
    let keys = try SmallHouse().books.keys
    let made = try keys.create("grafana", digest: "d", role: .viewer, at: t(0))
    #expect(try keys.key(digest: "d") == made)
    #expect(throws: StoreFault.self) { try keys.create("grafana", digest: "e", role: .viewer, at: t(0)) }
    try keys.used(made.id, at: t(5))
    #expect(try keys.list().map(\.usedAt) == [t(5)])
    #expect(try keys.revoke(made.id) == "grafana")
    #expect(try keys.revoke(made.id) == nil)
    #expect(try keys.key(digest: "d") == nil)
  }

  @Test func aSetupLinkIsGoodOnceInItsTimeAndUntilTheNext() throws {
    let keys = try SmallHouse().books.keys
    try keys.makeSetupLink("a", at: t(0), expiresAt: t(60))
    #expect(try keys.isValidSetupLink("a", at: t(59)))
    #expect(try !keys.isValidSetupLink("a", at: t(60)))
    #expect(try !keys.useSetupLink("a", at: t(60)))
    #expect(try !keys.useSetupLink("b", at: t(1)))
    #expect(try keys.useSetupLink("a", at: t(1)))
    #expect(try !keys.useSetupLink("a", at: t(2)))
    #expect(try !keys.isValidSetupLink("a", at: t(2)))
    try keys.makeSetupLink("c", at: t(0), expiresAt: t(60))
    try keys.makeSetupLink("d", at: t(0), expiresAt: t(60))
    #expect(try !keys.isValidSetupLink("c", at: t(1)))
    #expect(try keys.isValidSetupLink("d", at: t(1)))
  }

  @Test func theFirstAnswerStands() throws {
    let keys = try SmallHouse().books.keys
    let answer = RememberedAnswer(request: "r", status: 201, answer: "{}")
    try keys.remember(answer, to: "anna", key: "k", at: t(0))
    try keys.remember(RememberedAnswer(request: "x", status: 500, answer: ""), to: "anna", key: "k", at: t(1))
    #expect(try keys.answer(to: "anna", key: "k") == answer)
    #expect(try keys.answer(to: "bert", key: "k") == nil)
    #expect(try keys.pruneAnswers(before: t(1)).removed == 1)
    #expect(try keys.answer(to: "anna", key: "k") == nil)
  }
}
