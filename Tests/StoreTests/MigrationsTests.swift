import Domain
import Glibc
import Testing
import Wire

@testable import Store

@Suite struct MigrationsTests {
  private let scratch = Scratch()
  private let one = Migrations.Step(
    number: 1, name: "0001", sql: "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (7);")
  private let two = Migrations.Step(
    number: 2, name: "0002", sql: "CREATE TABLE b (y INTEGER) STRICT; INSERT INTO b SELECT x * 2 FROM a;")
  private let broken = Migrations.Step(
    number: 2, name: "0002", sql: "CREATE TABLE b (y INTEGER) STRICT; INSERT INTO nowhere VALUES (1);")

  private func open(_ steps: [Migrations.Step], application: Int64 = 77) throws(StoreFault) -> Database {
    try Migrations(application: application, steps: steps).open(scratch.file, isDurable: false)
  }

  private func version(_ db: Database) throws(StoreFault) -> Int? { try db.value("PRAGMA user_version") }

  @Test func theEmbeddedSchemasMakeEmptyBooks() throws {
    #expect(!Migrations.house.steps.isEmpty)
    let books = try scratch.books()
    #expect(try version(books.db) == Migrations.house.steps.count)
    let application: Int64? = try books.db.value("PRAGMA application_id")
    #expect(application == Migrations.house.application)
    #expect(try books.stations.list(limit: 10).isEmpty)
    #expect(Migrations.messages.steps.count == 1)
  }

  @Test func openingAgainChangesNothing() throws {
    do { _ = try open([one]) }
    let db = try open([one])
    let rows: Int? = try db.value("SELECT count(*) FROM a")
    #expect(rows == 1)
    #expect(access(scratch.file + ".schema-1.backup", F_OK) != 0)
  }

  @Test func anOlderSchemaIsBroughtForwardAndCopiedBefore() throws {
    do { _ = try open([one]) }
    let db = try open([one, two])
    let doubled: Int? = try db.value("SELECT y FROM b")
    #expect(doubled == 14)
    #expect(try version(db) == 2)
    let backup = scratch.file + ".schema-1.backup"
    #expect(scratch.mode(of: backup) == 0o600)
    let old = try Database(file: backup, access: .read)
    #expect(try version(old) == 1)
    let kept: Int? = try old.value("SELECT x FROM a")
    #expect(kept == 7)
  }

  @Test func aMigrationThatFailsLeavesTheOldSchemaAndIsDoneAgain() throws {
    do { _ = try open([one]) }
    #expect(throws: StoreFault.self) { try open([one, broken]) }
    let db = try open([one, two])
    let doubled: Int? = try db.value("SELECT y FROM b")
    #expect(doubled == 14)
  }

  @Test func aNewerSchemaIsRefusedByItsNumber() throws {
    do { _ = try open([one, two]) }
    #expect(throws: StoreFault.newer(found: 2, known: 1)) { try open([one]) }
  }

  @Test func anotherProgramsDatabaseIsLeftAlone() throws {
    do { _ = try open([one], application: 5) }
    #expect(throws: StoreFault.corrupt(file: scratch.file, what: "it is another program's database")) {
      try open([one])
    }
    let db = try Database(file: scratch.file, access: .read)
    #expect(try version(db) == 1)
  }

  @Test(arguments: ["#!/bin/sh\necho no database at all\n", "short"])
  func aBrokenHeaderIsNamed(_ text: String) throws {
    let file = fopen(scratch.file, "w")
    fputs(text, file)
    fclose(file)
    #expect(
      throws: StoreFault.corrupt(
        file: scratch.file, what: "it does not begin as an SQLite database does; restore a backup")
    ) {
      try open([one])
    }
  }

  @Test func aDamagedTableIsFoundAtTheStart() throws {
    do {
      let db = try open([one])
      try db.script("CREATE TABLE big (t TEXT) STRICT")
      for _ in 0..<50 { try db.run("INSERT INTO big VALUES (?1)", String(repeating: "x", count: 1_000)) }
      // The page where the table begins.
      let root: Int? = try db.value("SELECT rootpage FROM sqlite_schema WHERE name = 'big'")
      try db.script("PRAGMA wal_checkpoint(TRUNCATE)")
      let file = try #require(fopen(scratch.file, "r+"))
      fseek(file, (try #require(root) - 1) * 4096, SEEK_SET)
      fwrite(Bytes(repeating: 0xEE, count: 4096), 1, 4096, file)
      fclose(file)
    }
    #expect {
      try open([one])
    } throws: { error in
      guard case StoreFault.corrupt(file: scratch.file, what: _) = error else { return false }
      return true
    }
  }

  @Test func theFilesAreTheirOwnersAlone() throws {
    umask(0)
    let db = try open([one])
    try db.run("INSERT INTO a VALUES (8)")
    #expect(scratch.mode(of: scratch.file) == 0o600)
    #expect(scratch.mode(of: scratch.file + "-wal") == 0o600)
    #expect(scratch.mode(of: scratch.file + "-shm") == 0o600)
  }

  @Test func aFileThatWasOpenToOthersIsClosedToThem() throws {
    do { _ = try open([one]) }
    chmod(scratch.file, 0o644)
    _ = try open([one])
    #expect(scratch.mode(of: scratch.file) == 0o600)
  }
}

@Suite struct BackupTests {
  @Test func aCopyHoldsWhatWasCommittedAndKnowsItsDigest() throws {
    let scratch = Scratch()
    let books = try scratch.books()
    try books.settings.set("a", "1")
    try books.db.begin()
    try books.settings.set("b", "1")
    let target = scratch.folder + "/copy.db"
    let digest = try Backup.make(of: scratch.folder, to: target)
    books.db.rollback()
    #expect(digest.count == 64)
    #expect(try Backup.digest(of: target) == digest)
    #expect(scratch.mode(of: target) == 0o600)
    let copy = Books(db: try Database(file: target, access: .read))
    #expect(try copy.settings.all() == ["a": "1"])
  }

  @Test func anotherCopyToTheSamePlaceReplacesTheFirst() throws {
    let scratch = Scratch()
    let books = try scratch.books()
    let target = scratch.folder + "/copy.db"
    let first = try Backup.make(of: scratch.folder, to: target)
    try books.settings.set("a", "1")
    #expect(try Backup.make(of: scratch.folder, to: target) != first)
  }

  @Test func aCopyThatCannotBeFinishedLeavesNothingBehind() throws {
    let scratch = Scratch()
    _ = try scratch.books()
    let target = scratch.folder + "/taken"
    mkdir(target, 0o700)
    #expect(throws: StoreFault.self) { try Backup.make(of: scratch.folder, to: target) }
    #expect(access(target + ".part", F_OK) != 0)
  }
}

@Suite struct FolderLockTests {
  @Test func aSecondDaemonIsKeptOutUntilTheFirstIsGone() throws {
    let scratch = Scratch()
    do {
      let first = try FolderLock(folder: scratch.folder)
      #expect(throws: StoreFault.inUse(folder: scratch.folder)) { try FolderLock(folder: scratch.folder) }
      withExtendedLifetime(first) {}
    }
    _ = try FolderLock(folder: scratch.folder)
  }
}

@Suite struct HealthTests {
  @Test func wholeBooksHaveNoProblems() throws {
    let house = try SmallHouse()
    #expect(try Health.problems(in: house.scratch.folder) == [])
  }

  @Test func aCDRThatWasEditedIsFound() throws {
    let house = try SmallHouse()
    var cdr = CDR()
    (cdr.id, cdr.session) = ("c1", "s1")
    try house.books.cdrs.insert(
      cdr, of: house.party.id, partner: nil, station: house.station.id, location: house.location.id)
    try house.books.db.run("UPDATE cdr SET body = replace(body, 'EUR', 'USD')")
    #expect(try Health.problems(in: house.scratch.folder) == ["the CDR c1 was changed after it was made"])
  }
}
