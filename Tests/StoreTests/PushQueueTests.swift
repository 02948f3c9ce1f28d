import Domain
import Testing
import Wire

@testable import Store

@Suite struct PushQueueTests {
  private let house: SmallHouse
  private var pushes: PushQueue { house.books.pushes }

  init() throws { house = try SmallHouse() }

  private func key(_ module: PushModule, _ object: String) -> PushKey {
    PushKey(partner: house.partner.id, module: module, object: object)
  }

  private func want(
    _ module: PushModule, _ object: String, session: String? = nil, location: Int64? = 1, seq: Int64 = 1,
    at now: Timestamp = t(0),
    notBefore: Timestamp? = nil, expiresAt: Timestamp? = nil
  ) throws(StoreFault) {
    try pushes.want(
      key(module, object), party: house.party.id, location: location.map { ID($0) }, session: session, seq: seq,
      at: now,
      notBefore: notBefore, expiresAt: expiresAt)
  }

  private func due(at now: Timestamp = t(0), limit: Int = 10, flying: Set<PushKey> = []) throws(StoreFault) -> [String]
  {
    try pushes.due(at: now, perPartner: limit, excluding: flying).map(\.key.object)
  }

  @Test func oneRowPerObjectHoweverOftenItChanges() throws {
    for seq in 1...5 { try want(.sessions, "s1", seq: Int64(seq), at: t(Int64(seq))) }
    let row = try #require(try pushes.row(key(.sessions, "s1")))
    #expect(row.wanted == 5)
    #expect(row.sent == 0)
    #expect(row.dueSince == t(1))
    #expect(row.party == house.party.id)
    #expect(try due(at: t(5)) == ["s1"])
  }

  @Test func aRowIsDueWhileWhatWasSentIsOlder() throws {
    try want(.sessions, "s1", seq: 5)
    let built = try #require(try pushes.row(key(.sessions, "s1"))).wanted
    // It changes while the request is under way.
    try want(.sessions, "s1", seq: 8, at: t(1))
    try pushes.succeeded(key(.sessions, "s1"), sent: built, at: t(2))
    #expect(try due(at: t(2)) == ["s1"])
    try pushes.succeeded(key(.sessions, "s1"), sent: 8, at: t(3))
    #expect(try due(at: t(3)).isEmpty)
    #expect(try pushes.row(key(.sessions, "s1"))?.isDone == true)
    // An answer that comes late does not take back what is known.
    try pushes.succeeded(key(.sessions, "s1"), sent: 5, at: t(4))
    #expect(try due(at: t(4)).isEmpty)
    #expect(try pushes.nextAt() == nil)
  }

  @Test func figuresThatMoveWithoutAnEventMakeTheRowDueAgain() throws {
    try want(.sessions, "s1", seq: 5)
    try pushes.succeeded(key(.sessions, "s1"), sent: 5, at: t(1))
    try want(.sessions, "s1", seq: 5, at: t(2))
    #expect(try due(at: t(2)) == ["s1"])
    #expect(try pushes.row(key(.sessions, "s1"))?.dueSince == t(2))
  }

  /// What waits for what, among rows of one partner: the columns are what is due, and what may go out.
  @Test(arguments: [
    ("location first", ["L", "S", "C"], ["L"]),
    ("then the EVSE", ["E", "S", "C"], ["E"]),
    ("then the session", ["S", "C"], ["S"]),
    ("then the bill", ["C"], ["C"]),
    ("an EVSE waits for its location", ["L", "E"], ["L"]),
    ("others do not wait", ["L", "T", "X", "K"], ["K", "L", "T", "X"]),
  ])
  func theLocationGoesBeforeTheSessionBeforeTheBill(_ name: String, _ wanted: [String], _ expected: [String]) throws {
    for object in wanted.reversed() {
      switch object {
      case "L": try want(.locations, "L")
      case "E": try want(.evses, "E")
      case "S": try want(.sessions, "S", session: "S")
      case "C": try want(.cdrs, "C", session: "S")
      case "T": try want(.tariffs, "T", location: nil)
      case "K": try want(.commands, "K", location: nil)
      // Another location's session.
      default: try want(.sessions, object, session: object, location: 2)
      }
    }
    #expect(try due().sorted() == expected, "\(name)")
  }

  @Test func whatIsInFlightOrBackingOffIsStillWaitedFor() throws {
    try want(.sessions, "s1", session: "s1")
    try want(.cdrs, "c1", session: "s1")
    try want(.cdrs, "c2", session: "s2")
    #expect(try due(flying: [key(.sessions, "s1")]) == ["c2"])
    try pushes.failed(key(.sessions, "s1"), why: "503", attempts: 1, nextAt: t(60), at: t(0))
    #expect(try due(at: t(59)) == ["c2"])
    #expect(try due(at: t(60)) == ["c2", "s1"])
    try pushes.succeeded(key(.sessions, "s1"), sent: 1, at: t(60))
    #expect(try due(at: t(60)) == ["c1", "c2"])
  }

  @Test func aStragglerHoldsUpNothingAndIsNotHurried() throws {
    try want(.locations, "L")
    try want(.sessions, "S", session: "S")
    try want(.cdrs, "C", session: "S")
    try pushes.failed(key(.locations, "L"), why: "3000", attempts: 3, nextAt: t(600), at: t(0))
    #expect(try due().isEmpty)
    let past = try pushes.due(at: t(0), perPartner: 10, excluding: []) { _ in [key(.locations, "L")] }
    #expect(past.map(\.key.object) == ["S"])
    let both: Set = [key(.locations, "L"), key(.sessions, "S")]
    #expect(
      try pushes.due(at: t(0), perPartner: 10, excluding: []) { _ in both }.map(\.key.object).sorted() == ["C", "S"])
    // Another object with the same id is another one.
    #expect(try pushes.due(at: t(0), perPartner: 10, excluding: []) { _ in [key(.tokens, "L")] }.isEmpty)
    try pushes.hurry(house.partner.id, except: [key(.locations, "L")], at: t(1))
    #expect(try pushes.row(key(.locations, "L"))?.nextAt == t(600))
    try pushes.hurry(house.partner.id, at: t(1))
    #expect(try pushes.row(key(.locations, "L"))?.nextAt == t(1))
  }

  /// What is tried behind an object that fails, one after the other, and nothing of another place or session.
  @Test func whatStandsBehindARowIsFoundInItsOrder() throws {
    try want(.locations, "L")
    try want(.evses, "E")
    try want(.sessions, "S", session: "S")
    try want(.cdrs, "C", session: "S")
    try want(.cdrs, "D", session: "T")
    try want(.sessions, "X", session: "X", location: 2)
    try want(.tokens, "K", location: nil)
    func behind(_ module: PushModule, _ object: String, flying: Set<PushKey> = []) throws(StoreFault) -> String? {
      guard let row = try pushes.row(key(module, object)) else { return nil }
      return try pushes.first(behind: row, at: t(0), excluding: flying)?.key.object
    }
    #expect(try behind(.locations, "L") == "E")
    #expect(try behind(.locations, "L", flying: [key(.evses, "E")]) == "S")
    #expect(try behind(.evses, "E") == "S")
    #expect(try behind(.sessions, "S") == "C")
    #expect(try behind(.sessions, "X") == nil)
    #expect(try behind(.cdrs, "C") == nil)
    #expect(try behind(.tokens, "K") == nil)
  }

  @Test func whatWasRefusedBehindARowIsRevivedAndNothingElse() throws {
    try want(.locations, "L")
    try want(.locations, "M", location: 2)
    for (object, location) in [("S", Int64(1)), ("X", 2)] {
      try want(.sessions, object, session: object, location: location)
      try want(.cdrs, "C" + object, session: object, location: location)
      try pushes.park(key(.sessions, object), why: "2003", at: t(1))
      try pushes.park(key(.cdrs, "C" + object), why: "2003", at: t(1))
    }
    try pushes.revive(behind: try #require(try pushes.row(key(.sessions, "X"))), at: t(2))
    #expect(try due(at: t(2)) == ["L", "M"], "its bill waits for its place")
    #expect(try pushes.row(key(.cdrs, "CX"))?.state == .due && pushes.row(key(.sessions, "X"))?.state == .parked)
    try pushes.revive(behind: try #require(try pushes.row(key(.locations, "L"))), at: t(3))
    #expect(try pushes.row(key(.sessions, "S"))?.state == .due && pushes.row(key(.cdrs, "CS"))?.state == .due)
    #expect(try pushes.row(key(.sessions, "X"))?.state == .parked)
  }

  @Test func aParkedRowBlocksNothingAndAChangeGivesItAnotherChance() throws {
    try want(.sessions, "s1", session: "s1")
    try want(.cdrs, "c1", session: "s1")
    try pushes.park(key(.sessions, "s1"), why: "2001 bad field", at: t(1))
    #expect(try due(at: t(1)) == ["c1"])
    let parked = try #require(try pushes.row(key(.sessions, "s1")))
    #expect(parked.state == .parked)
    #expect(parked.lastError == "2001 bad field")
    try want(.sessions, "s1", session: "s1", seq: 2, at: t(5))
    #expect(try due(at: t(5)) == ["s1"])
    #expect(try pushes.row(key(.sessions, "s1"))?.attempts == 0)
  }

  @Test func whatIsRefusedAndChangedMeanwhileIsNotParked() throws {
    try want(.sessions, "s1")
    let sent = try #require(try pushes.row(key(.sessions, "s1"))).wanted
    try want(.sessions, "s1", seq: 2, at: t(1))
    #expect(try !pushes.park(key(.sessions, "s1"), sent: sent, why: "2001", at: t(2)))
    #expect(try due(at: t(2)) == ["s1"])
    let now = try #require(try pushes.row(key(.sessions, "s1"))).wanted
    #expect(try pushes.park(key(.sessions, "s1"), sent: now, why: "2001", at: t(3)))
    #expect(try due(at: t(3)).isEmpty)
  }

  @Test func aChangeDoesNotShortenABackOffButAnEarlierTimeCounts() throws {
    try want(.sessions, "s1", notBefore: t(30))
    #expect(try due(at: t(29)).isEmpty)
    #expect(try pushes.nextAt() == t(30))
    try want(.sessions, "s1", seq: 2, at: t(5), notBefore: t(10))
    #expect(try pushes.nextAt() == t(10))
    try want(.sessions, "s1", seq: 3, at: t(6), notBefore: t(40))
    #expect(try pushes.nextAt() == t(10), "a row does not move away from its time")
    try pushes.failed(key(.sessions, "s1"), why: "down", attempts: 3, nextAt: t(500), at: t(10))
    try want(.sessions, "s1", seq: 4, at: t(20))
    #expect(try pushes.nextAt() == t(500))
    let row = try #require(try pushes.row(key(.sessions, "s1")))
    #expect(row.attempts == 3)
    #expect(row.lastError == "down")
    #expect(row.dueSince == t(0))
  }

  @Test func theTroubleIsThatOfTheLastAttemptAndOfARefusedOneFirst() throws {
    try want(.sessions, "s1")
    try want(.sessions, "s2")
    #expect(try pushes.trouble(of: house.partner.id) == nil)
    try pushes.failed(key(.sessions, "s2"), why: "down", attempts: 1, nextAt: t(50), at: t(1))
    #expect(try pushes.trouble(of: house.partner.id) == "down", "also where untried rows are due sooner")
    try pushes.park(key(.sessions, "s1"), why: "2001", at: t(0))
    #expect(try pushes.trouble(of: house.partner.id) == "2001")
    try pushes.succeeded(key(.sessions, "s1"), sent: 99, at: t(2))
    try pushes.succeeded(key(.sessions, "s2"), sent: 99, at: t(2))
    #expect(try pushes.trouble(of: house.partner.id) == nil)
  }

  @Test func eachPartnerHasRoomOfItsOwn() throws {
    let other = try house.books.partners.create(.sample("Other", with: house.party.id))
    for number in 1...5 {
      try want(.tariffs, "t\(number)")
      try pushes.want(
        PushKey(partner: other.id, module: .tariffs, object: "o\(number)"), party: house.party.id, seq: 1, at: t(0))
    }
    #expect(try due(limit: 2) == ["t1", "t2", "o1", "o2"])
    #expect(try due(limit: 2, flying: [key(.tariffs, "t1")]) == ["t2", "o1", "o2"], "what is in flight takes room")
    #expect(try due(limit: 2, flying: [key(.tariffs, "t1"), key(.tariffs, "t2")]) == ["o1", "o2"])
  }

  @Test(arguments: [Partner.State.paused, .invited, .unregistered])
  func onlyARegisteredPartnerIsSentTo(_ state: Partner.State) throws {
    try want(.tariffs, "t1")
    var partner = house.partner
    partner.state = state
    try house.books.partners.update(partner)
    #expect(try due().isEmpty)
    #expect(try pushes.nextAt() == nil)
    #expect(try pushes.depths()[house.partner.id]?.due == 1, "it waits all the same")
  }

  @Test func aResultThatComesTooLateIsDropped() throws {
    try want(.commands, "k1", location: nil, expiresAt: t(60))
    try want(.commands, "k2", location: nil, expiresAt: t(90))
    try want(.cdrs, "c1", session: "s1")
    #expect(try pushes.expire(at: t(59)).isEmpty)
    #expect(try pushes.expire(at: t(60)) == [key(.commands, "k1")])
    #expect(try pushes.row(key(.commands, "k1")) == nil)
    try pushes.succeeded(key(.commands, "k2"), sent: 1, at: t(70))
    #expect(try pushes.expire(at: t(1_000)).isEmpty, "one that was told is forgotten, not dropped")
    #expect(try pushes.row(key(.commands, "k2")) == nil)
    #expect(try pushes.row(key(.cdrs, "c1")) != nil)
  }

  @Test func theRequestOfACDRStaysTheSame() throws {
    try want(.cdrs, "c1", session: "s1")
    try pushes.storeRequest("{\"a\":1}", for: key(.cdrs, "c1"))
    try pushes.failed(key(.cdrs, "c1"), why: "reset", attempts: 1, nextAt: t(1), at: t(0))
    try want(.cdrs, "c1", session: "s1", seq: 2)
    #expect(try pushes.row(key(.cdrs, "c1"))?.request == "{\"a\":1}")
  }

  @Test func theOperatorTriesAgain() throws {
    try want(.sessions, "s1", session: "s1")
    try want(.sessions, "s2", session: "s2")
    try want(.sessions, "s3", session: "s3", notBefore: t(900))
    try pushes.park(key(.sessions, "s1"), why: "no", at: t(1))
    try pushes.failed(key(.sessions, "s2"), why: "down", attempts: 4, nextAt: t(800), at: t(1))
    #expect(try due(at: t(2)).isEmpty)
    try pushes.revive(house.partner.id, at: t(2))
    #expect(try due(at: t(2)) == ["s1", "s2"], "a row that only waits for its time goes on waiting")
    try pushes.park(key(.sessions, "s1"), why: "no", at: t(3))
    try pushes.revive(key(.sessions, "s1"), at: t(4))
    #expect(try due(at: t(4)).contains("s1"))
  }

  @Test func depthsTellHowMuchWaitsAndSinceWhen() throws {
    #expect(try pushes.depths().isEmpty)
    try want(.sessions, "s1", session: "s1", at: t(5))
    try want(.sessions, "s2", session: "s2", at: t(3), notBefore: t(20))
    try want(.sessions, "s3", session: "s3", at: t(1))
    try pushes.park(key(.sessions, "s3"), why: "no", at: t(6))
    #expect(
      try pushes.depths() == [house.partner.id: PushDepth(due: 2, parked: 1, oldest: t(3), nextAt: t(5))])
    #expect(try pushes.waiting(for: house.partner.id, limit: 10).map(\.key.object) == ["s3", "s1", "s2"])
    // Those in one state are counted by themselves, however many of the others stand before them.
    #expect(try pushes.waiting(for: house.partner.id, state: .due, limit: 1).map(\.key.object) == ["s1"])
    #expect(try pushes.waiting(for: house.partner.id, state: .parked, limit: 9).map(\.key.object) == ["s3"])
  }

  @Test func whatWasToldLongAgoIsForgotten() throws {
    let place = "\(house.location.id)"
    for (module, object) in [(PushModule.sessions, "s1"), (.cdrs, "c1"), (.locations, place)] {
      try want(module, object, location: nil)
      try pushes.succeeded(key(module, object), sent: 1, at: t(10))
    }
    try want(.sessions, "s2", session: "s2")
    #expect(try pushes.prune(sentBefore: t(10)).removed == 0)
    #expect(try pushes.prune(sentBefore: t(11)).removed == 2)
    #expect(try pushes.row(key(.locations, place)) != nil)
    #expect(try pushes.row(key(.sessions, "s2")) != nil)
    try pushes.forget(house.partner.id)
    #expect(try pushes.row(key(.sessions, "s2")) == nil)
  }

  @Test func whatIsGoneIsForgottenOnceItWasToldLongAgo() throws {
    let token = try house.books.tokens.create(.sample("04AABBCC", at: t(0)))
    let there: [(PushModule, String)] = [
      (.locations, "\(house.location.id)"), (.evses, house.evse.uid), (.tariffs, house.tariff.tariff.ref),
      (.tokens, "\(token.id)"),
    ]
    let gone: [(PushModule, String)] = [(.locations, "99"), (.evses, "x"), (.tariffs, "x"), (.tokens, "99")]
    for (module, object) in there + gone {
      try want(module, object, location: nil)
      try pushes.succeeded(key(module, object), sent: 1, at: t(10))
    }
    try want(.tokens, "98", location: nil)
    #expect(try pushes.prune(sentBefore: t(11)) == Pruned(removed: gone.count))
    for (module, object) in there { #expect(try pushes.row(key(module, object)) != nil, "\(module)") }
    #expect(try pushes.row(key(.tokens, "98")) != nil, "its end was not told yet")
  }
}
