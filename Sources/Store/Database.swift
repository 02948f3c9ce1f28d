import CSystem
import Glibc
import Wire

/// One connection to one SQLite file. It belongs to whoever holds it: the writer's to the household, a reader's to its
/// queue. SQL is given as a literal and values are bound, so no text from outside can become SQL.
nonisolated public final class Database {
  enum Access {
    /// `isDurable`: a commit is on disk before it returns (`synchronous=FULL`); else a power cut may take the last
    /// ones.
    case write(isDurable: Bool)
    case read
    /// Reads what belongs to the sites of a scope (`SiteScope`).
    case limitedRead
  }

  let file: String
  private let handle: OpaquePointer
  /// Whether views stand in the place of tables: they have no indexes to be named.
  private let hasViews: Bool
  /// What the writer remembers of rows; a reader, whose snapshots come and go, remembers nothing.
  let cache: RowCache?
  /// Prepared once each; a literal's address is its name.
  private var statements: [UnsafePointer<UInt8>: Statement] = [:]
  private var expectsTransaction = false
  /// When a read transaction ends at the latest.
  private var deadline: Instant?
  /// Hears of a disk that failed, on the thread that found out and before anything else can be done on this connection.
  var onDiskFailure: (@Sendable (StoreFault) -> Void)?

  /// Opens a file that exists.
  init(file: String, access: Access) throws(StoreFault) {
    self.file = file
    let mode =
      switch access {
      case .write: SQLITE_OPEN_READWRITE
      case .read, .limitedRead: SQLITE_OPEN_READONLY
      }
    ostler_sqlite_prepare()
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(file, &opened, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
    guard let opened else { throw .other(code: code, text: "\(file) cannot be opened") }
    handle = opened
    switch access {
    case .write(isDurable: true): cache = RowCache()
    case .write(isDurable: false), .read, .limitedRead: cache = nil
    }
    if case .limitedRead = access { hasViews = true } else { hasViews = false }
    guard code == SQLITE_OK else { throw fault(code) }
    waitForLocks(milliseconds: Limits.lockMilliseconds)
    try script("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")
    switch access {
    case .write(let isDurable):
      // What a savepoint needs for its undoing stays in memory: past 64 kB of a transaction SQLite would keep every page
      // that a savepoint changes in a temporary file, ten times as many writes as the commit itself.
      try script(
        """
        PRAGMA synchronous = \(isDurable ? "FULL" : "NORMAL"); PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = \(isDurable ? Limits.cachedPages : Limits.logCachedPages)
        """)
      cache?.watch(handle)
      checkpointAfterCommits()
    case .read: watchTheClock()
    case .limitedRead:
      try SiteScope.limit(self)
      watchTheClock()
    }
  }

  deinit {
    statements.values.forEach { sqlite3_finalize($0.handle) }
    sqlite3_close_v2(handle)
  }

  // MARK: Questions

  /// All rows of a question.
  /// - Parameter ending: what stands behind it, where many questions end alike.
  func rows<T, each V: Storable>(
    _ sql: StaticString, _ values: repeat each V, ending: StaticString? = nil, as read: (Row) throws(StoreFault) -> T
  ) throws(StoreFault) -> [T] {
    let statement = try start(sql, ending: ending, repeat each values)
    defer { statement.reset() }
    var all: [T] = []
    while try step(statement) { all.append(try read(Row(statement: statement))) }
    return all
  }

  /// The first row, if there is one.
  func first<T, each V: Storable>(
    _ sql: StaticString, _ values: repeat each V, as read: (Row) throws(StoreFault) -> T
  ) throws(StoreFault) -> T? {
    let statement = try start(sql, repeat each values)
    defer { statement.reset() }
    return try step(statement) ? try read(Row(statement: statement)) : nil
  }

  /// The first column of the first row; nil where there is no row.
  func value<Value: Storable, each V: Storable>(
    _ sql: StaticString, _ values: repeat each V
  ) throws(StoreFault) -> Value? {
    let statement = try start(sql, repeat each values)
    defer { statement.reset() }
    return try step(statement) ? try Value?.read(Cell(statement: statement, place: 0)) : nil
  }

  /// How many rows were changed.
  @discardableResult
  func run<each V: Storable>(_ sql: StaticString, _ values: repeat each V) throws(StoreFault) -> Int {
    let statement = try start(sql, repeat each values)
    defer { statement.reset() }
    while try step(statement) {}
    return Int(sqlite3_changes(handle))
  }

  /// The number of the row that was inserted.
  func insert<each V: Storable>(_ sql: StaticString, _ values: repeat each V) throws(StoreFault) -> Int64 {
    let statement = try start(sql, repeat each values)
    defer { statement.reset() }
    while try step(statement) {}
    return sqlite3_last_insert_rowid(handle)
  }

  /// The number of the row that was inserted last.
  var lastInserted: Int64 { sqlite3_last_insert_rowid(handle) }

  /// Several statements of our own, without values: pragmas and migrations.
  func script(_ sql: String) throws(StoreFault) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw fault(code) }
  }

  // MARK: Transactions

  /// False too after SQLite ended a transaction by itself.
  public var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  func begin() throws(StoreFault) {
    try run("BEGIN IMMEDIATE")
    expectsTransaction = true
    // Another program may have written since: what is remembered is of before that.
    if let cache {
      let version: Int64? = try value("PRAGMA data_version")
      cache.isOf(version: version ?? 0)
    }
  }

  /// On disk when it returns. After a fault nothing of the transaction is.
  func commit() throws(StoreFault) {
    do {
      try run("COMMIT")
      expectsTransaction = false
    } catch {
      rollback()
      throw error
    }
  }

  /// Undoes the transaction, if one is open.
  func rollback() {
    expectsTransaction = false
    cache?.empty()
    // A ROLLBACK that reports a fault has ended the transaction all the same.
    if isInTransaction { _ = sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
  }

  /// Does something within the transaction; what it throws undoes what it wrote and nothing else.
  func savepoint<R, E: Error>(_ body: () throws(E) -> R) throws -> R {
    try run("SAVEPOINT step")
    let before = sqlite3_total_changes64(handle)
    do {
      let result = try body()
      try run("RELEASE step")
      return result
    } catch {
      // What was refused before it wrote anything leaves what is remembered as true as it was.
      if sqlite3_total_changes64(handle) != before { cache?.empty() }
      guard isInTransaction else { throw error }
      try run("ROLLBACK TO step")
      try run("RELEASE step")
      throw error
    }
  }

  /// Forgets rows, pages and prepared questions; the next ones make them again. Not within a transaction.
  func forget() {
    precondition(!isInTransaction, "what a transaction changed is not forgotten")
    cache?.rest()
    statements.values.forEach { sqlite3_finalize($0.handle) }
    statements = [:]
    sqlite3_db_release_memory(handle)
  }

  /// Writes what is too frequent to forget each time what is remembered of the row: the writer changes that itself.
  @discardableResult
  func following<R>(_ write: () throws(StoreFault) -> R) throws(StoreFault) -> R {
    cache?.isFollowing = true
    defer { cache?.isFollowing = false }
    return try write()
  }

  /// One transaction around a piece of work that is not part of a turn.
  func transaction<R>(_ body: () throws(StoreFault) -> R) throws(StoreFault) -> R {
    try begin()
    do {
      let result = try body()
      try commit()
      return result
    } catch {
      rollback()
      throw error
    }
  }

  /// Reads from one snapshot, for at most `time`.
  func snapshot<R>(for time: Duration, _ body: () throws(StoreFault) -> R) throws(StoreFault) -> R {
    deadline = Instant.now() + time
    defer {
      deadline = nil
      rollback()
    }
    try run("BEGIN")
    return try body()
  }

  /// For how long a statement waits for a lock of another program; past it it throws `.busy`.
  func waitForLocks(milliseconds: Int32) { sqlite3_busy_timeout(handle, milliseconds) }

  /// Brings the write-ahead log into the file whenever it has grown. SQLite does the same by itself, but tells nobody
  /// when the disk fails meanwhile: it would write and sync the same pages again after the next commit, and a sync that
  /// failed once may succeed then although the pages are lost.
  private func checkpointAfterCommits() {
    sqlite3_wal_hook(
      handle,
      { me, handle, _, pages in
        guard let me, pages >= Limits.pagesPerCheckpoint else { return SQLITE_OK }
        let code = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        // A full disk or a reader in the way: the commit is kept all the same, and the next one tries again.
        if code != SQLITE_OK { _ = Unmanaged<Database>.fromOpaque(me).takeUnretainedValue().fault(code) }
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  // MARK: Statements

  private func start<each V: Storable>(
    _ sql: StaticString, ending: StaticString? = nil, _ values: repeat each V
  ) throws(StoreFault) -> Statement {
    if expectsTransaction, !isInTransaction { throw .ended }
    if let deadline, deadline < Instant.now() { throw .tooSlow }
    let statement = if let known = statements[sql.utf8Start] { known } else { try prepare(sql, ending) }
    precondition(!statement.isBusy, "a question was asked again while its rows were being read")
    statement.isBusy = true
    var place: Int32 = 0
    var code = SQLITE_OK
    for value in repeat each values {
      place += 1
      if code == SQLITE_OK { code = value.bind(to: statement.handle, at: place) }
    }
    precondition(place == statement.parameters, "a question got \(place) values: \(sql)")
    guard code == SQLITE_OK else {
      statement.reset()
      throw fault(code)
    }
    return statement
  }

  private func prepare(_ sql: StaticString, _ ending: StaticString?) throws(StoreFault) -> Statement {
    var prepared: OpaquePointer?
    let code =
      if hasViews || ending != nil {
        sqlite3_prepare_v3(
          handle, text(of: sql, ending), -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
      } else {
        sql.utf8Start.withMemoryRebound(to: CChar.self, capacity: sql.utf8CodeUnitCount) {
          sqlite3_prepare_v3(
            handle, $0, Int32(sql.utf8CodeUnitCount), UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        }
      }
    guard code == SQLITE_OK, let prepared else { throw fault(code) }
    let statement = Statement(handle: prepared, file: file)
    statements[sql.utf8Start] = statement
    return statement
  }

  /// The whole question, where there are views without the indexes that it names.
  private func text(of sql: StaticString, _ ending: StaticString?) -> String {
    let text = ending.map { "\(sql)\n\($0)" } ?? "\(sql)"
    guard hasViews else { return text }
    var words = text.split(separator: " ", omittingEmptySubsequences: false)
    while let place = words.firstIndex(of: "INDEXED"), place + 2 < words.count, words[place + 1] == "BY" {
      // A line may end behind the name.
      let end = words[place + 2].firstIndex(of: "\n").map { words[place + 2][$0...] }
      words.replaceSubrange(place...(place + 2), with: end.map { [$0] } ?? [])
    }
    return words.joined(separator: " ")
  }

  private func step(_ statement: Statement) throws(StoreFault) -> Bool {
    switch sqlite3_step(statement.handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw fault(code)
    }
  }

  /// A reader looks at the clock while SQLite works, so that no question holds its snapshot for long.
  private func watchTheClock() {
    let me = Unmanaged.passUnretained(self).toOpaque()
    sqlite3_progress_handler(
      handle, Limits.stepsPerLook,
      { me in
        guard let me, let deadline = Unmanaged<Database>.fromOpaque(me).takeUnretainedValue().deadline else { return 0 }
        return deadline < Instant.now() ? 1 : 0
      }, me)
  }

  /// What a code of SQLite means to the house. Every one passes here.
  private func fault(_ code: Int32) -> StoreFault {
    let fault = meaning(of: code)
    if case .io = fault { onDiskFailure?(fault) }
    return fault
  }

  /// What the disk said last when the file or its log could not be read; nil where it did not complain.
  private var readingError: Int32? {
    var (ofFile, ofLog): (Int32, Int32) = (0, 0)
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &ofFile)
    var log: UnsafeMutablePointer<sqlite3_file>?
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log)
    _ = log?.pointee.pMethods?.pointee.xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &ofLog)
    return [ofFile, ofLog].first { $0 == EIO || $0 == ENXIO }
  }

  // SQLITE_IOERR_FSYNC and SQLITE_IOERR_DIR_FSYNC: macros that Swift cannot import.
  private static let failedSync = SQLITE_IOERR | 4 << 8
  private static let failedFolderSync = SQLITE_IOERR | 5 << 8

  private func meaning(of code: Int32) -> StoreFault {
    let text = String(cString: sqlite3_errmsg(handle))
    switch code & 0xFF {
    case SQLITE_FULL: return .full
    case SQLITE_BUSY, SQLITE_LOCKED: return .busy
    case SQLITE_IOERR:
      // The file that connections share memory by cannot grow on a full disk, and SQLite calls that an input/output
      // error. A sync that fails has lost pages, for whatever reason: the kernel takes them for written.
      let cause = sqlite3_system_errno(handle)
      let isSync = code == Self.failedSync || code == Self.failedFolderSync
      if !isSync, cause == ENOSPC || cause == EDQUOT { return .full }
      return .io("\(file): \(text) (SQLite \(code), \(String(cString: strerror(cause))))")
    case SQLITE_CORRUPT, SQLITE_NOTADB:
      // A page that the disk cannot read is a damaged one to SQLite.
      if let cause = readingError { return .io("\(file): \(String(cString: strerror(cause)))") }
      return .corrupt(file: file, what: text)
    case SQLITE_CONSTRAINT: return .constraint(text)
    case SQLITE_INTERRUPT: return .tooSlow
    case SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM: return .other(code: code, text: "\(file): \(text)")
    default: return .other(code: code, text: text)
    }
  }
}

/// A prepared statement with the names of its columns.
nonisolated final class Statement {
  let handle: OpaquePointer
  let file: String
  /// How many values it takes.
  let parameters: Int32
  /// Its rows are being read.
  var isBusy = false
  /// Filled when the first row is read.
  private var columns: [Bytes] = []
  /// Rows are usually read in the order of their columns, so the next one is tried first.
  private var next = 0

  init(handle: OpaquePointer, file: String) {
    self.handle = handle
    self.file = file
    parameters = sqlite3_bind_parameter_count(handle)
  }

  /// Values stay bound, as each use binds them all anew.
  func reset() {
    sqlite3_reset(handle)
    isBusy = false
  }

  func name(at place: Int32) -> String { String(cString: sqlite3_column_name(handle, place)) }

  func place(of column: StaticString) -> Int32 {
    if columns.isEmpty {
      columns = (0..<sqlite3_column_count(handle)).map { Bytes(utf8: name(at: $0)) }
    }
    for offset in columns.indices {
      let place = (next + offset) % columns.count
      if isNamed(columns[place], column) {
        next = place + 1
        return Int32(place)
      }
    }
    preconditionFailure("the question has no column \(column)")
  }

  private func isNamed(_ name: Bytes, _ column: StaticString) -> Bool {
    name.count == column.utf8CodeUnitCount && memcmp(name, column.utf8Start, name.count) == 0
  }
}
