import Domain
import Testing
import Wire

@testable import Store

@Suite struct SortingTests {
  /// Ten sessions that differ in what they can be sorted by, some of them in nothing.
  private func house() throws -> SmallHouse {
    let house = try SmallHouse()
    for number in 0..<10 {
      var session = house.running(
        "s\(number)", Int64(number), holder: number % 3 == 0 ? house.theirs : house.ours, at: t(Int64(number * 7 % 10)))
      if number % 4 != 0 {
        _ = session.stop(
          at: t(Int64(100 + number % 5)), meter: Energy(tenthsOfWattHour: Int64(1_000 + number * 37 % 11)),
          because: number % 2 == 0 ? .local : .remote, received: t(200))
      }
      try house.books.sessions.insert(session)
    }
    return house
  }

  @Test(arguments: SessionColumn.allCases, [false, true])
  func pagesOfSessionsHaveEachOnceAndInOrder(_ column: SessionColumn, _ isDown: Bool) throws {
    let sessions = try house().books.sessions
    var walked: [Ranked<Session>] = []
    while true {
      let order = Sorting(by: column, isDown: isDown, after: walked.last?.rank)
      let page = try #require(try sessions.list(SessionFilter(), by: order, limit: 3))
      walked += page
      if page.count < 3 { break }
    }
    #expect(Set(walked.map(\.item.id)).count == 10 && walked.count == 10)
    for (one, next) in zip(walked, walked.dropFirst()) {
      let (low, high) = isDown ? (next.rank, one.rank) : (one.rank, next.rank)
      switch (low.value, high.value) {
      case (.whole(let low), .whole(let high)): #expect(low <= high)
      case (.text(let low), .text(let high)): #expect(low <= high)
      case (.whole, .text): break
      case (.text, .whole): Issue.record("what has nothing to be sorted by counts as the least")
      }
    }
  }

  @Test func whatIsSortedIsWhatTheFilterLeaves() throws {
    let sessions = try house().books.sessions
    func ids(_ filter: SessionFilter, _ column: SessionColumn) throws -> Set<String> {
      Set(try #require(try sessions.list(filter, by: Sorting(by: column, isDown: true), limit: 20)).map(\.item.id))
    }
    for column in [SessionColumn.energy, .startedAt] {
      #expect(try ids(SessionFilter(isOpen: true), column) == ["s0", "s4", "s8"])
      #expect(try ids(SessionFilter(state: .completed, uid: "de-1"), column) == ["s3", "s6", "s9"])
      // s0, s3 and s6 began at 0, 1 and 2 s.
      #expect(try ids(SessionFilter(from: t(0), to: t(2)), column) == ["s0", "s3"])
    }
  }

  @Test func theMostEnergyComesFirst() throws {
    let sessions = try house().books.sessions
    let order = Sorting(by: SessionColumn.energy, isDown: true)
    let found = try #require(try sessions.list(SessionFilter(state: .completed), by: order, limit: 2))
    #expect(found.map(\.item.energy.tenthsOfWattHour) == [9, 8])
  }

  @Test func aListIsSortedUpToItsBoundAndNoFurther() throws {
    let books = try SmallHouse().books
    func fill(_ count: Int) throws {
      try books.db.run(
        """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        INSERT INTO audit (at, who, address, operation, path, status)
        SELECT i, 'w' || (i % 7), '', 'o', '/', 200 FROM n
        """, count)
    }
    func page(who: String? = nil) throws -> [Ranked<AuditEntry>]? {
      try books.audit.list(
        who: who, operation: nil, by: Sorting(by: AuditColumn.who, isDown: true), limit: 2)
    }
    try fill(Rank.most - 1)
    #expect(try page()?.map(\.item.who) == ["w6", "w6"])
    try fill(1)
    #expect(try page()?.count == 2)
    try fill(1)
    #expect(try page() == nil)
    #expect(try page(who: "w3")?.count == 2, "who narrows it may sort it")
  }

  @Test(arguments: CDRColumn.allCases) func cdrsHaveEachOrder(_ column: CDRColumn) throws {
    let found = try SmallHouse().books.cdrs.list(CDRFilter(), by: Sorting(by: column), limit: 5)
    #expect(found?.isEmpty == true)
  }

  @Test(arguments: TokenColumn.allCases, [false, true])
  func tokensHaveEachOrder(_ column: TokenColumn, _ isDown: Bool) throws {
    let house = try SmallHouse()
    for (place, uid) in ["b", "A", "c"].enumerated() {
      try house.books.tokens.create(
        Token(
          id: ID(0), uid: uid, kind: .rfid, contractID: "C\(uid)", visualNumber: place == 1 ? nil : uid, issuer: uid,
          createdAt: t(Int64(place)), updatedAt: t(Int64(place))))
    }
    let found = try #require(
      try house.books.tokens.list(TokenFilter(), by: Sorting(by: column, isDown: isDown), limit: 5))
    #expect(found.count == 3)
    if column == .uid || column == .issuer || column == .contractID {
      #expect(found.map(\.item.uid) == (isDown ? ["c", "b", "A"] : ["A", "b", "c"]))
    }
    if column == .visualNumber { #expect((isDown ? found.last : found.first)?.item.uid == "A") }
  }
}
