/// What the doctor asks of the books.
nonisolated public enum Health {
  /// Every page and index of a folder's books is read and checked. Empty where all is well. Takes as long as it takes:
  /// for a queue that may block.
  public static func problems(in folder: String) throws(StoreFault) -> [String] {
    let db = try Database(file: Store.file(in: folder), access: .read)
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
}
