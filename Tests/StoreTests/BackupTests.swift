import Domain
import Glibc
import Testing
import Wire

@testable import Store

@Suite struct BackupTests {
  @Test func aCopyHoldsWhatWasCommittedAndKnowsItsDigest() throws {
    let scratch = Scratch()
    let books = try scratch.books()
    try books.settings.set("a", "1")
    try books.db.begin()
    try books.settings.set("b", "1")
    let target = scratch.folder + "/copy.db"
    let made = try Backup.make(of: scratch.folder, to: target)
    books.db.rollback()
    #expect(made.digest.count == 64)
    #expect(try Backup.verify(target) == made.digest)
    #expect(scratch.mode(of: target) == 0o600)
    let copy = Books(db: try Database(file: target, access: .read))
    #expect(try copy.settings.all() == ["a": "1"])
  }

  private func put(_ text: String, _ path: String) throws {
    let file = try #require(fopen(path, "w"))
    fputs(text, file)
    fclose(file)
  }

  private func text(_ path: String) throws -> String {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 100)
    return fgets(&line, 100, file) == nil
      ? "" : String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  @Test func filesAndKeysAreInACopyWhereSomebodySaysSoAndComeBack() throws {
    let (from, to) = (Scratch(), Scratch())
    _ = try from.books()
    for folder in ["files", "ca"] { mkdir("\(from.folder)/\(folder)", 0o700) }
    try put("firmware", from.folder + "/files/0193f8a2")
    try put("key", from.folder + "/ca/station.key")
    try put("half", from.folder + "/ca/station.pem.new")
    let plain = try Backup.make(of: from.folder, to: from.folder + "/plain")
    #expect(plain.files == 0 && !plain.hasKeys)
    let whole = try Backup.make(of: from.folder, to: from.folder + "/whole", with: [.files, .keys])
    #expect(whole.files == 1 && whole.hasKeys)
    // Another key is there already: it is kept beside.
    mkdir(to.folder + "/ca", 0o700)
    try put("other", to.folder + "/ca/station.key")
    let done = try Restore.bring(from.folder + "/whole", into: to.folder)
    #expect(done.extras.files == 1 && done.extras.keys == 1)
    #expect(try text(to.folder + "/files/0193f8a2") == "firmware")
    #expect(try text(to.folder + "/ca/station.key") == "key" && to.mode(of: to.folder + "/ca/station.key") == 0o600)
    let books = Books(db: try Database(file: Store.file(in: to.folder), access: .read))
    #expect(try books.db.value("SELECT count(*) FROM sqlite_schema WHERE name = 'backup_file'") == 0)
    #expect(try Restore.bring(from.folder + "/plain", into: to.folder).extras == BackupExtras.Taken())
  }

  @Test func anotherCopyToTheSamePlaceReplacesTheFirst() throws {
    let scratch = Scratch()
    let books = try scratch.books()
    let target = scratch.folder + "/copy.db"
    let first = try Backup.make(of: scratch.folder, to: target)
    try books.settings.set("a", "1")
    #expect(try Backup.make(of: scratch.folder, to: target).digest != first.digest)
  }

  @Test func aCopyThatCannotBeFinishedLeavesNothingBehind() throws {
    let scratch = Scratch()
    _ = try scratch.books()
    let target = scratch.folder + "/taken"
    mkdir(target, 0o700)
    #expect(throws: StoreFault.self) { try Backup.make(of: scratch.folder, to: target) }
    #expect(access(target + ".part", F_OK) != 0)
  }

  @Test(arguments: [0.3, 0.9999])
  func aCopyInWhichAByteChangedIsRefused(_ place: Double) throws {
    let scratch = Scratch()
    _ = try scratch.books()
    let target = scratch.folder + "/copy.db"
    _ = try Backup.make(of: scratch.folder, to: target)
    let file = try #require(fopen(target, "r+"))
    fseek(file, 0, SEEK_END)
    fseek(file, Int(Double(ftell(file)) * place), SEEK_SET)
    fputs("?", file)
    fclose(file)
    #expect { try Backup.verify(target) } throws: { ($0 as? StoreFault).isDamage(of: target) }
  }

  @Test func aCopyThatWasCutShortIsRefused() throws {
    let scratch = Scratch()
    _ = try scratch.books()
    let target = scratch.folder + "/copy.db"
    _ = try Backup.make(of: scratch.folder, to: target)
    truncate(target, 20_000)
    #expect { try Backup.verify(target) } throws: { ($0 as? StoreFault).isDamage(of: target) }
  }

  @Test func theBooksRememberTheLastOne() throws {
    let scratch = Scratch()
    _ = try scratch.books()
    #expect(try Backup.last(of: scratch.folder) == nil)
    let made = Backup.Made(file: "/somewhere/copy.db", at: t(0), digest: "00ff")
    try Backup.remember(made, in: scratch.folder)
    #expect(try Backup.last(of: scratch.folder) == made)
  }
}

@Suite struct RestoreTests {
  /// A house with its backup, which has changed since.
  private func changed() throws -> (house: SmallHouse, backup: String) {
    let house = try SmallHouse()
    try house.books.sessions.insert(house.running("s1", try house.books.sessions.nextTransaction()), startKey: nil)
    let backup = house.scratch.folder + "/copy.db"
    _ = try Backup.make(of: house.scratch.folder, to: backup)
    try house.books.settings.set("later", "1")
    return (house, backup)
  }

  @Test func theBooksAreThoseOfTheBackupAndNoNumberIsGivenTwice() throws {
    let (house, backup) = try changed()
    let (folder, last) = (house.scratch.folder, try house.books.sessions.nextTransaction())
    let station = try house.books.stations.create(.sample("CS-2", at: nil)).id
    let invoice = Invoice(draft: "2026-05", payer: Payer(.driver, id: "C1", name: "C1"), currency: "EUR")
    #expect(try house.books.invoices.create(invoice, of: []).number == 1)
    let done = try Restore.bring(backup, into: folder)
    #expect(done.digest == (try Backup.verify(backup)))
    let books = Books(db: try Migrations.house.open(Store.file(in: folder), isDurable: true))
    #expect(try books.settings.value("later") == nil)
    #expect(try books.sessions.session("s1") != nil)
    #expect(try books.sessions.nextTransaction() > last + Limits.transactionJump - 10)
    #expect(try books.stations.create(.sample("CS-3", at: nil)).id.value > station.value)
    #expect(try books.events.after(0, limit: 10).map(\.kind) == ["house.books_restored"])
    #expect(try books.invoices.create(invoice, of: []).number == Limits.invoiceJump + 1)
    #expect(try books.invoices.create(invoice, of: []).number == Limits.invoiceJump + 2)
    // The books that were there are whole, with all that they had.
    let aside = Books(db: try Database(file: try #require(done.aside), access: .read))
    #expect(try aside.settings.value("later") == "1")
  }

  @Test func aBackupThatIsHarmedChangesNothing() throws {
    let (house, backup) = try changed()
    truncate(backup, 20_000)
    #expect(throws: StoreFault.self) { try Restore.bring(backup, into: house.scratch.folder) }
    #expect(try house.books.settings.value("later") == "1")
    #expect(access(Store.file(in: house.scratch.folder) + ".restoring", F_OK) != 0)
  }

  @Test func booksThatAnotherProgramReadsAreNotReplaced() throws {
    let (house, backup) = try changed()
    let folder = house.scratch.folder
    let reader = try Database(file: Store.file(in: folder), access: .read)
    try reader.script("BEGIN; SELECT count(*) FROM session")
    try house.books.settings.set("later", "2")
    #expect(throws: StoreFault.busy) { try Restore.bring(backup, into: folder) }
    #expect(try house.books.settings.value("later") == "2")
    try reader.script("ROLLBACK")
    #expect(try Restore.bring(backup, into: folder).aside != nil)
  }

  @Test func noBackupTakesThePlaceOfTheBooks() throws {
    let house = try SmallHouse()
    let folder = house.scratch.folder
    symlink(Store.file(in: folder), folder + "/link")
    for name in ["ostler.db", "ostler.db-wal", "messages.db", "link", "./ostler.db"] {
      #expect(throws: StoreFault.self) { try Backup.make(of: folder, to: "\(folder)/\(name)") }
    }
    #expect(try house.books.sessions.session("none") == nil)
    _ = try Backup.make(of: folder, to: folder + "/copy.db")
  }

  @Test func aBackupWithAnEditedCDRIsRefused() throws {
    let house = try SmallHouse()
    var cdr = CDR()
    (cdr.id, cdr.session) = ("c1", "s1")
    try house.books.cdrs.insert(
      cdr, of: house.party.id, partner: nil, station: house.station.id, location: house.location.id)
    try house.books.db.run("UPDATE cdr SET body = replace(body, 'EUR', 'USD')")
    let backup = house.scratch.folder + "/copy.db"
    _ = try Backup.make(of: house.scratch.folder, to: backup)
    #expect { try Restore.bring(backup, into: house.scratch.folder) } throws: {
      ($0 as? StoreFault).isDamage(of: backup)
    }
  }

  @Test func damagedBooksAreSetAsideWithTheirLog() throws {
    let (house, backup) = try changed()
    let damaged = Scratch()
    let file = try #require(fopen(damaged.file, "w"))
    fputs(String(repeating: "no database ", count: 1_000), file)
    fclose(file)
    let log = try #require(fopen(damaged.file + "-wal", "w"))
    fputs("its log", log)
    fclose(log)
    let done = try Restore.bring(backup, into: damaged.folder)
    let aside = try #require(done.aside)
    #expect(access(aside, F_OK) == 0 && access(aside + "-wal", F_OK) == 0)
    #expect(access(damaged.file + "-wal", F_OK) != 0)
    _ = try Migrations.house.open(damaged.file, isDurable: true)
    withExtendedLifetime(house) {}
  }
}

extension StoreFault? {
  fileprivate func isDamage(of path: String) -> Bool {
    if case .corrupt(path, _) = self { true } else { false }
  }
}
