import CResources
import CSystem
import Glibc
import Wire

/// The numbered changes that make a database's schema, each one transaction. A file that was shipped is never edited.
nonisolated struct Migrations {
  struct Step {
    let number: Int
    let name: String
    let sql: String
  }

  /// What stands in the file's header so that no other program's database is taken for ours.
  let application: Int64
  let steps: [Step]
  /// Whether freed pages may go back to the disk. It costs a note of each page's owner whenever rows move, so only a
  /// file that is kept within a size has it; in the books freed pages are used again.
  let givesBack: Bool

  /// The house's books. ("OSTL")
  static let house = Migrations(application: 0x4F53_544C, folder: "Migrations/", givesBack: false)
  /// The message log. ("OSTM")
  static let messages = Migrations(application: 0x4F53_544D, folder: "Migrations/messages/", givesBack: true)

  init(application: Int64, steps: [Step], givesBack: Bool = false) {
    precondition(steps.map(\.number) == Array(1...max(1, steps.count)), "migrations are numbered from 1 without gaps")
    self.application = application
    self.steps = steps
    self.givesBack = givesBack
  }

  /// The embedded files `NNNN_name.sql` that stand directly in a folder of Resources.
  private init(application: Int64, folder: String, givesBack: Bool) {
    var count = 0
    let files = UnsafeBufferPointer(start: ostler_resources(&count), count: count)
    let steps = files.compactMap { file -> Step? in
      let path = String(cString: file.path)
      guard path.hasPrefix(folder), path.hasSuffix(".sql") else { return nil }
      let name = path.dropFirst(folder.utf8.count)
      guard !name.contains("/"), let number = Int(name.prefix(4)) else { return nil }
      let sql = UnsafeBufferPointer(start: file.start, count: file.end - file.start)
      return Step(number: number, name: String(name), sql: String(decoding: sql, as: UTF8.self))
    }
    self.init(application: application, steps: steps, givesBack: givesBack)
  }

  /// Opens a database for writing and brings it to the newest schema; makes it where there is none.
  /// - Throws: `.corrupt` where the file is not ours or does not open, `.newer` where a newer Ostler wrote it.
  func open(_ file: String, isDurable: Bool) throws(StoreFault) -> Database {
    try prepareFile(file)
    let db = try Database(file: file, access: .write(isDurable: isDurable))
    let version = try check(db)
    if version == 0, givesBack { try db.script("PRAGMA auto_vacuum = INCREMENTAL") }
    let mode: String? = try db.value("PRAGMA journal_mode = WAL")
    guard mode == "wal" else { throw .other(code: SQLITE_ERROR, text: "\(file) cannot keep a write-ahead log") }
    try db.script("PRAGMA journal_size_limit = \(Limits.idleLogBytes)")
    if version > 0, version < steps.count { try Backup.copy(db, to: "\(file).schema-\(version).backup") }
    for step in steps where step.number > version { try apply(step, to: db) }
    try openEachTable(db)
    return db
  }

  /// One transaction, so that a migration that was killed is done again as a whole.
  private func apply(_ step: Step, to db: Database) throws(StoreFault) {
    try db.transaction { () throws(StoreFault) in
      try db.script(step.sql)
      try db.script("PRAGMA application_id = \(application); PRAGMA user_version = \(step.number)")
    }
  }

  /// The schema's version; 0 where the file is empty.
  func check(_ db: Database) throws(StoreFault) -> Int {
    let application: Int64 = try db.value("PRAGMA application_id") ?? 0
    let version: Int = try db.value("PRAGMA user_version") ?? 0
    let tables: Int = try db.value("SELECT count(*) FROM sqlite_schema") ?? 0
    if application == 0, version == 0, tables == 0 { return 0 }
    guard application == self.application else {
      throw .corrupt(file: db.file, what: "it is another program's database")
    }
    guard version <= steps.count else { throw .newer(file: db.file, found: version, known: steps.count) }
    return version
  }

  /// A table that does not open is found now and not in the middle of a night.
  private func openEachTable(_ db: Database) throws(StoreFault) {
    let tables = try db.rows("SELECT name FROM sqlite_schema WHERE type = 'table'") { (row) throws(StoreFault) in
      try row.get("name") as String
    }
    // All columns, so that the table is read and not some index of it.
    for table in tables { try db.script("SELECT * FROM \"\(table)\" NOT INDEXED LIMIT 1") }
  }
}

/// Makes the file, for its owner alone, where there is none; refuses one that does not begin as SQLite's do.
///
/// Only for files that this process has not opened yet: closing any descriptor of a file gives up all of the process's
/// POSIX locks on it, SQLite's too.
nonisolated func prepareFile(_ path: String) throws(StoreFault) {
  let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else { throw .other(code: errno, text: "\(path): \(String(cString: strerror(errno)))") }
  defer { close(descriptor) }
  // Tokens and hashes are in there; SQLite gives its side files the same mode.
  guard fchmod(descriptor, 0o600) == 0 else {
    throw .other(code: errno, text: "\(path): \(String(cString: strerror(errno)))")
  }
  var header = Bytes(repeating: 0, count: 16)
  let count = read(descriptor, &header, header.count)
  guard count == 0 || header == Bytes(utf8: "SQLite format 3\0") else {
    throw .corrupt(file: path, what: "it does not begin as an SQLite database does")
  }
}
