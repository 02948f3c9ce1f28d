import Testing
import Wire

@testable import Store

@Suite struct DatabaseTests {
  private let scratch = Scratch()

  private func count(_ books: Books) throws -> Int {
    let count: Int? = try books.db.value("SELECT count(*) FROM setting")
    return try #require(count)
  }

  @Test func valuesComeBackAsTheyWereBound() throws {
    let db = try scratch.books().db
    let numbers = try db.first("SELECT ?1 AS a, ?2 AS b, ?3 AS c", Int64.min, Int.max, true) {
      (row) throws(StoreFault) in
      try (row.get("a") as Int64, row.get("b") as Int, row.get("c") as Bool)
    }
    #expect(try #require(numbers) == (Int64.min, Int.max, true))
    let texts = try db.first("SELECT ?1 AS empty, ?2 AS absent, ?3 AS odd", "", String?.none, "naïve 🚗\u{0}x") {
      (row) throws(StoreFault) in
      try (row.get("empty") as String?, row.get("absent") as String?, row.get("odd") as String)
    }
    #expect(try #require(texts) == ("", nil, "naïve 🚗\u{0}x"))
    let exact: Decimal? = try db.value("SELECT ?1", Decimal("0.12345678901234567890"))
    #expect(exact == Decimal("0.12345678901234567890"))
  }

  @Test func anEmptyColumnWhereAValueIsNeededIsDamage() throws {
    let db = try scratch.books().db
    #expect(throws: StoreFault.corrupt(file: scratch.file, what: "column x: it is empty")) {
      try db.first("SELECT NULL AS x") { (row) throws(StoreFault) in try row.get("x") as String }
    }
  }

  @Test func aBrokenRuleOfTheBooksIsNamedAndUndoesNothingElse() throws {
    let books = try scratch.books()
    try books.db.begin()
    try books.settings.set("a", "1")
    #expect(throws: StoreFault.constraint("UNIQUE constraint failed: setting.name")) {
      try books.db.run("INSERT INTO setting (name, value) VALUES ('a', '2')")
    }
    try books.db.commit()
    #expect(try books.settings.value("a") == "1")
  }

  @Test func aSavepointUndoesItsOwnWritesOnly() throws {
    struct Refused: Error {}
    let books = try scratch.books()
    try books.db.begin()
    try books.settings.set("before", "1")
    #expect(throws: Refused.self) {
      try books.db.savepoint {
        try books.settings.set("inside", "1")
        // One within another: the inner one's writes go with the outer one.
        try books.db.savepoint { () throws(StoreFault) in try books.settings.set("deeper", "1") }
        throw Refused()
      }
    }
    #expect(try books.db.savepoint { () throws(StoreFault) in try books.settings.value("before") } == "1")
    try books.settings.set("after", "1")
    try books.db.commit()
    #expect(try books.settings.all() == ["before": "1", "after": "1"])
  }

  @Test func aRolledBackTransactionLeavesNothing() throws {
    let books = try scratch.books()
    try books.db.begin()
    try books.settings.set("a", "1")
    books.db.rollback()
    #expect(!books.db.isInTransaction)
    #expect(try books.settings.all().isEmpty)
    books.db.rollback()
  }

  @Test func aTransactionThatSQLiteEndedTakesNoMoreWrites() throws {
    let books = try scratch.books()
    try books.db.begin()
    try books.settings.set("a", "1")
    // What a full disk or a failing one can do in the middle of a turn.
    try books.db.script("ROLLBACK")
    #expect(throws: StoreFault.ended) { try books.settings.set("b", "1") }
    #expect(throws: StoreFault.ended) { try books.db.commit() }
    try books.settings.set("c", "1")
    #expect(try books.settings.all() == ["c": "1"])
  }

  @Test func aFullDiskIsSaidAndWorkGoesOnOnceThereIsRoom() throws {
    let books = try scratch.books()
    let pages: Int? = try books.db.value("PRAGMA page_count")
    try books.db.script("PRAGMA max_page_count = \(try #require(pages) + 2)")
    let large = String(repeating: "x", count: 20_000)
    try books.db.begin()
    #expect(throws: StoreFault.full) {
      for number in 0..<10 { try books.settings.set("large \(number)", large) }
    }
    books.db.rollback()
    #expect(try count(books) == 0)
    // Small things may still fit, and reading always works.
    try books.settings.set("small", "1")
    #expect(try books.settings.value("small") == "1")
    try books.db.script("PRAGMA max_page_count = 100000")
    try books.db.transaction { () throws(StoreFault) in
      for number in 0..<10 { try books.settings.set("large \(number)", large) }
    }
    #expect(try count(books) == 11)
  }

  @Test func afterAFullDiskWithinASavepointTheTurnIsWholeOrEnded() throws {
    let books = try scratch.books()
    let pages: Int? = try books.db.value("PRAGMA page_count")
    try books.db.script("PRAGMA max_page_count = \(try #require(pages) + 4)")
    try books.db.begin()
    try books.settings.set("first", "1")
    #expect(throws: StoreFault.full) {
      try books.db.savepoint { () throws(StoreFault) in
        for number in 0..<10 { try books.settings.set("large \(number)", String(repeating: "x", count: 20_000)) }
      }
    }
    if books.db.isInTransaction {
      try books.db.commit()
      #expect(try books.settings.all() == ["first": "1"])
    } else {
      #expect(throws: StoreFault.ended) { try books.db.commit() }
      #expect(try count(books) == 0)
    }
  }

  @Test func anotherWritersLockIsWaitedForAndThenSaid() throws {
    let books = try scratch.books()
    let other = try Database(file: scratch.file, access: .write(isDurable: false))
    try other.script("PRAGMA busy_timeout = 0")
    try books.db.begin()
    #expect(throws: StoreFault.busy) { try other.begin() }
    try books.db.commit()
    try other.begin()
    try other.commit()
  }

  @Test func onlyTheWriterWrites() throws {
    let books = try scratch.books()
    try books.settings.set("a", "1")
    let reader = Books(db: try Database(file: scratch.file, access: .read))
    #expect(try reader.settings.value("a") == "1")
    #expect(throws: StoreFault.self) { try reader.settings.set("a", "2") }
  }

  @Test func theWriterIsSetForDurability() throws {
    let db = try Migrations.house.open(scratch.file, isDurable: true)
    let synchronous: Int? = try db.value("PRAGMA synchronous")
    let keys: Int? = try db.value("PRAGMA foreign_keys")
    let journal: String? = try db.value("PRAGMA journal_mode")
    #expect(synchronous == 2)
    #expect(keys == 1)
    #expect(journal == "wal")
  }

  @Test func aSearchedTextIsNoPattern() {
    #expect(pattern(containing: "50%_\\x") == "%50\\%\\_\\\\x%")
  }
}
