import Domain
import Glibc
import Wire

/// What the doctor asks of the books.
nonisolated public enum Health {
  /// Every page and index of a folder's books is read and checked, and the digest of every CDR computed again. Empty
  /// where all is well. Takes as long as it takes: for a queue that may block.
  public static func problems(in folder: String) throws(StoreFault) -> [String] {
    try problems(of: Database(file: Store.file(in: folder), access: .read))
  }

  static func problems(of db: Database) throws(StoreFault) -> [String] {
    let integrity = try db.rows("PRAGMA integrity_check") { (row) throws(StoreFault) in
      try row.get("integrity_check") as String
    }
    let orphans = try db.rows("PRAGMA foreign_key_check") { (row) throws(StoreFault) in
      try "a row of \(row.get("table") as String) points nowhere"
    }
    var damaged: [String] = []
    var cursor: String?
    repeat {
      let page = try CDRs(db: db).damaged(after: cursor, limit: Limits.pageRows)
      damaged += page.ids.map { "the CDR \($0) was changed after it was made" }
      cursor = page.next
    } while cursor != nil
    return integrity.filter { $0 != "ok" } + orphans + damaged
  }

  /// The schema of a folder's books, and the newest that this Ostler knows.
  /// - Throws: `.corrupt` where the file is not ours or does not open, `.newer` where a newer Ostler wrote it.
  public static func schema(in folder: String) throws(StoreFault) -> (found: Int, known: Int) {
    let db = try Database(file: Store.file(in: folder), access: .read)
    return (try Migrations.house.check(db), Migrations.house.steps.count)
  }

  /// What is wrong with a folder's log of messages.
  public static func messageProblems(in folder: String) throws(StoreFault) -> [String] {
    let db = try Database(file: MessageLog.file(in: folder), access: .read)
    _ = try Migrations.messages.check(db)
    return try db.rows("PRAGMA quick_check") { (row) throws(StoreFault) in try row.get("quick_check") as String }
      .filter { $0 != "ok" }
  }

  /// When the newest event of a folder's books was written; nil where there is none.
  public static func newestFact(in folder: String) throws(StoreFault) -> Timestamp? {
    try Database(file: Store.file(in: folder), access: .read)
      .value("SELECT at FROM event ORDER BY seq DESC LIMIT 1")
  }

  public static func stationCount(in folder: String) throws(StoreFault) -> Int {
    try Stations(db: Database(file: Store.file(in: folder), access: .read)).count()
  }

  /// For each partner that waits: its name, how many rows are due, and since when the oldest.
  public static func waitingPushes(in folder: String) throws(StoreFault) -> [(partner: Partner, depth: PushDepth)] {
    let db = try Database(file: Store.file(in: folder), access: .read)
    let depths = try PushQueue(db: db).depths()
    return try Partners(db: db).all().compactMap { partner in depths[partner.id].map { (partner, $0) } }
  }
}

nonisolated extension Database {
  /// Sizes of the database file and of its write-ahead log, as the file system has them.
  public func fileBytes() throws(StoreFault) -> (database: Int, log: Int) {
    let file: String = try value("SELECT file FROM pragma_database_list WHERE name = 'main'") ?? ""
    return (Self.bytes(of: file), Self.bytes(of: file + "-wal"))
  }

  private static func bytes(of file: String) -> Int {
    var facts = stat()
    return stat(file, &facts) == 0 ? Int(facts.st_size) : 0
  }
}
