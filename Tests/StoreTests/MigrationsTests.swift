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
    #expect(Migrations.messages.steps.count == 2)
  }

  @Test func tariffsThatWaitForAPartnerKeepTheirPlaceWhenTheirPartyIsNamed() throws {
    do {
      let old = Migrations(
        application: Migrations.house.application, steps: Migrations.house.steps.filter { $0.number < 49 })
      let db = try old.open(scratch.file, isDurable: true)
      try db.script(
        """
        INSERT INTO party (id, country, party, role, business_name) VALUES (1, 'NL', 'OST', 'CPO', 'x');
        INSERT INTO partner (id, name, party, state, created_at, updated_at) VALUES (5, 'p', 1, 'registered', 1, 1);
        INSERT INTO push (partner, module, object, party, rank, wanted, sent, next_at, due_since, updated_at)
          VALUES (5, 'tariffs', 'T1', 1, 0, 9, 4, 7, 7, 7), (5, 'sessions', 'T1', 1, 2, 9, 4, 7, 7, 7);
        """)
    }
    let books = try scratch.books()
    let row = try #require(
      try books.pushes.row(PushKey(partner: ID(5), module: .tariffs, object: "NL*OST/T1")))
    #expect(row.wanted == 9 && row.sent == 4)
    #expect(try books.pushes.row(PushKey(partner: ID(5), module: .sessions, object: "T1")) != nil)
  }

  @Test func circuitsKeepWhatHangsOnThemWhenTheirNumbersAreGivenOnce() throws {
    let step = try #require(Migrations.house.steps.first { $0.name.hasSuffix("_circuit_numbers.sql") })
    do {
      let old = Migrations(
        application: Migrations.house.application, steps: Migrations.house.steps.filter { $0.number < step.number })
      let db = try old.open(scratch.file, isDurable: true)
      try db.script(
        """
        INSERT INTO party (id, country, party, role, business_name) VALUES (1, 'NL', 'OST', 'CPO', 'x');
        INSERT INTO location (id, party, ref, name, address, city, country, latitude, longitude, time_zone, created_at,
          updated_at, changed_at) VALUES (3, 1, 'L', 'L', 'x', 'x', 'NLD', '1', '1', 'Etc/UTC', 1, 1, 1);
        INSERT INTO station (id, identity, location, registration, created_at, updated_at)
          VALUES (5, 'S', 3, 'accepted', 1, 1);
        INSERT INTO evse (id, station, number, uid, status, status_since, updated_at)
          VALUES (6, 5, 1, 'u', 'available', 1, 1);
        INSERT INTO circuit VALUES (7, 3, NULL, 'supply', 7, 630, 630, 1, 0, 0, 1, 1),
          (8, 3, 7, 'branch', 7, 320, 320, 1, 0, 0, 1, 1);
        INSERT INTO outlet (evse, circuit, rotation, least) VALUES (6, 8, 'RST', 60);
        INSERT INTO circuit_signal VALUES (7, 'building', 1, 2, 3, 4, 5, 'x');
        INSERT INTO circuit_load VALUES (7, 1, 2, 3, 4, 5, 6, 7);
        INSERT INTO incident VALUES (100, 5, 'fault', 'X', 2, 9);
        INSERT INTO charging_profile (station, evse, profile, state, attempts, origin, created_at, updated_at)
          VALUES (5, 1, '{"purpose":"any_session","stack_level":0,"kind":"relative","schedule":{"unit":"watts",
          "periods":[{"start_s":0,"limit":4140}]}}', 'in_force', 0, 'balancer', 1, 1);
        INSERT INTO station_capacity (station, capacity, learnt_at)
          VALUES (5, '{"takes_amperes":false,"takes_watts":true}', 1);
        """)
    }
    let books = try scratch.books()
    let circuits = try books.circuits.all(at: ID(3))
    #expect(circuits.map(\.id) == [ID(7), ID(8)] && circuits[1].parent == ID(7))
    #expect(try books.circuits.outlet(of: ID(6))?.circuit == ID(8))
    #expect(try books.circuits.signals(at: ID(3)).map(\.circuit) == [ID(7)])
    #expect(try books.circuits.highLoads(at: ID(3)).keys.map(\.value) == [7])
    let lines = try books.incidents.lines(by: .station, at: ID(3), from: 0, to: 200, limit: 10)
    #expect(lines.map(\.count) == [2] && lines.map(\.seconds) == [9])
    #expect(try books.profiles.due(at: .epoch, limit: 10).count == 1, "a default in watts is told once more")
    var third = circuits[1]
    third.name = "another"
    let added = try books.circuits.create(third)
    #expect(added.id == ID(9))
    try books.circuits.remove(added.id)
    #expect(try books.circuits.create(third).id == ID(10), "what was told of the one before is not its history")
    #expect(throws: StoreFault.self) { try books.circuits.remove(ID(8)) }
  }

  /// What the first schema held is there under numbers, a seq of events goes on where it was, and a start that is told again
  /// is known.
  @Test func sessionsReadingsBillsAndFactsAreKeptWhenTheyGetNumbers() throws {
    do {
      let old = Migrations(application: Migrations.house.application, steps: [Migrations.house.steps[0]])
      let db = try old.open(scratch.file, isDurable: true)
      let tariff = Tariff.sample("T1").json.text
      try db.script(
        """
        INSERT INTO party (id, country, party, role, business_name) VALUES (1, 'NL', 'OST', 'CPO', 'x');
        INSERT INTO session (id, party, station, evse, connector, transaction_id, token, folded_uid, method, state,
            started_at, ended_at, meter_start, meter_last, tariff, start_key, stop_key, updated_at)
          VALUES ('s2', 1, 7, 8, 9, 2, '\(TokenReference.sample("B", of: PartyID("NL*OST")!).json.text)', 'B', 'WHITELIST',
            'active', 5, NULL, 10, 20, '\(tariff)', '1/1|b|c|2026-05-01T00:00:00Z|100', NULL, 6),
          ('s1', 1, 7, 8, 9, 1, '\(TokenReference.sample("A", of: PartyID("NL*OST")!).json.text)', 'A', 'WHITELIST',
            'completed', 1, 3, 0, 10, '\(tariff)', 'k1', 'stop', 4);
        INSERT INTO reading (session, seq, at, context, register, raw, digest, received_at)
          VALUES ('s1', 1, 1, 'Transaction.Begin', 0, '{"a":1}', 11, 1), ('s1', 2, 2, 'Sample.Periodic', 5, 'null', 12, 2),
            ('s2', 1, 5, 'Transaction.Begin', 10, 'null', 13, 5);
        INSERT INTO event (seq, at, kind, subject, body) VALUES (41, 1, 'a', 'session/s1', '{}');
        DELETE FROM event;
        INSERT INTO status_history (id, evse, status, at) VALUES (3, 8, 'available', 1);
        """)
    }
    let books = try scratch.books()
    let (first, second) = (try books.sessions.session("s1"), try books.sessions.session("s2"))
    #expect(first?.state == .completed && first?.tariff?.ref == "T1" && first?.transaction == 1)
    #expect(try books.sessions.stopKey(of: "s1") == "stop")
    #expect(try books.sessions.pendingOrRunning(of: ID(7)) == [second].compactMap { $0 })
    #expect(try books.sessions.session(ID(7), startKey: "2026-05-01T00:00:00Z|1/1|b|c|100") == second)
    #expect(try books.sessions.session(ID(7), startKey: "k1") == first)
    #expect(try books.sessions.readings(of: "s1").map(\.raw) == [["a": 1], .null])
    #expect(try books.sessions.readings(of: "s2").map(\.at.milliseconds) == [5])
    let tariffs: Int? = try books.db.value("SELECT count(*) FROM frozen_tariff")
    #expect(tariffs == 1, "two sessions of one tariff name it")
    #expect(try books.events.append(.sessionEnded(session: "s1"), at: t(9)).seq == 42)
    #expect(try books.stations.history(of: ID(8), from: t(0), to: t(9)).count == 1)
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
    #expect(throws: StoreFault.newer(file: scratch.file, found: 2, known: 1)) { try open([one]) }
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
        file: scratch.file, what: "it does not begin as an SQLite database does")
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
