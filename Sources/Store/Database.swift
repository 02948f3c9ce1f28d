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
  }

  let file: String
  private let handle: OpaquePointer
  /// Prepared once each; a literal's address is its name.
  private var statements: [UnsafePointer<UInt8>: Statement] = [:]
  private var expectsTransaction = false
  /// When a read transaction ends at the latest.
  private var deadline: Instant?

  /// Opens a file that exists.
  init(file: String, access: Access) throws(StoreFault) {
    self.file = file
    let mode =
      switch access {
      case .write: SQLITE_OPEN_READWRITE
      case .read: SQLITE_OPEN_READONLY
      }
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(file, &opened, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
    guard let opened else { throw .other(code: code, text: "\(file) cannot be opened") }
    handle = opened
    guard code == SQLITE_OK else { throw fault(code) }
    sqlite3_busy_timeout(handle, Limits.lockMilliseconds)
    try script("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")
    switch access {
    case .write(let isDurable):
      // What a savepoint needs for its undoing stays in memory: past 64 kB of a transaction SQLite would keep every page
      // that a savepoint changes in a temporary file, ten times as many writes as the commit itself.
      try script("PRAGMA synchronous = \(isDurable ? "FULL" : "NORMAL"); PRAGMA temp_store = MEMORY")
    case .read: watchTheClock()
    }
  }

  deinit {
    statements.values.forEach { sqlite3_finalize($0.handle) }
    sqlite3_close_v2(handle)
  }

  // MARK: Questions

  /// All rows of a question.
  func rows<T>(
    _ sql: StaticString, _ values: any Storable..., as read: (Row) throws(StoreFault) -> T
  ) throws(StoreFault) -> [T] {
    let statement = try start(sql, values)
    defer { statement.reset() }
    var all: [T] = []
    while try step(statement) { all.append(try read(Row(statement: statement))) }
    return all
  }

  /// The first row, if there is one.
  func first<T>(
    _ sql: StaticString, _ values: any Storable..., as read: (Row) throws(StoreFault) -> T
  ) throws(StoreFault) -> T? {
    let statement = try start(sql, values)
    defer { statement.reset() }
    return try step(statement) ? try read(Row(statement: statement)) : nil
  }

  /// The first column of the first row; nil where there is no row.
  func value<V: Storable>(_ sql: StaticString, _ values: any Storable...) throws(StoreFault) -> V? {
    let statement = try start(sql, values)
    defer { statement.reset() }
    return try step(statement) ? try V?.read(Cell(statement: statement, place: 0)) : nil
  }

  /// How many rows were changed.
  @discardableResult
  func run(_ sql: StaticString, _ values: any Storable...) throws(StoreFault) -> Int {
    let statement = try start(sql, values)
    defer { statement.reset() }
    while try step(statement) {}
    return Int(sqlite3_changes(handle))
  }

  /// The number of the row that was inserted.
  func insert(_ sql: StaticString, _ values: any Storable...) throws(StoreFault) -> Int64 {
    let statement = try start(sql, values)
    defer { statement.reset() }
    while try step(statement) {}
    return sqlite3_last_insert_rowid(handle)
  }

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
    // A ROLLBACK that reports a fault has ended the transaction all the same.
    if isInTransaction { _ = sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
  }

  /// Does something within the transaction; what it throws undoes what it wrote and nothing else.
  func savepoint<R, E: Error>(_ body: () throws(E) -> R) throws -> R {
    try run("SAVEPOINT step")
    do {
      let result = try body()
      try run("RELEASE step")
      return result
    } catch {
      guard isInTransaction else { throw error }
      try run("ROLLBACK TO step")
      try run("RELEASE step")
      throw error
    }
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

  // MARK: Statements

  private func start(_ sql: StaticString, _ values: [any Storable]) throws(StoreFault) -> Statement {
    if expectsTransaction, !isInTransaction { throw .ended }
    if let deadline, deadline < Instant.now() { throw .tooSlow }
    let statement = if let known = statements[sql.utf8Start] { known } else { try prepare(sql) }
    precondition(sqlite3_stmt_busy(statement.handle) == 0, "a question was asked again while its rows were being read")
    precondition(
      sqlite3_bind_parameter_count(statement.handle) == values.count, "a question got \(values.count) values: \(sql)")
    for (index, value) in values.enumerated() {
      let code = value.bind(to: statement.handle, at: Int32(index + 1))
      guard code == SQLITE_OK else {
        statement.reset()
        throw fault(code)
      }
    }
    return statement
  }

  private func prepare(_ sql: StaticString) throws(StoreFault) -> Statement {
    var prepared: OpaquePointer?
    let code = sql.utf8Start.withMemoryRebound(to: CChar.self, capacity: sql.utf8CodeUnitCount) {
      sqlite3_prepare_v3(handle, $0, Int32(sql.utf8CodeUnitCount), UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
    }
    guard code == SQLITE_OK, let prepared else { throw fault(code) }
    let statement = Statement(handle: prepared, file: file)
    statements[sql.utf8Start] = statement
    return statement
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

  private func fault(_ code: Int32) -> StoreFault {
    let text = String(cString: sqlite3_errmsg(handle))
    switch code & 0xFF {
    case SQLITE_FULL: return .full
    case SQLITE_BUSY, SQLITE_LOCKED: return .busy
    case SQLITE_IOERR:
      // The file that connections share memory by cannot grow on a full disk, and SQLite calls that an input/output
      // error.
      let cause = sqlite3_system_errno(handle)
      return cause == ENOSPC || cause == EDQUOT ? .full : .io("\(text) (\(code))")
    case SQLITE_CORRUPT, SQLITE_NOTADB: return .corrupt(file: file, what: text)
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
  /// Filled when the first row is read.
  private var columns: [Bytes] = []
  /// Rows are usually read in the order of their columns, so the next one is tried first.
  private var next = 0

  init(handle: OpaquePointer, file: String) {
    self.handle = handle
    self.file = file
  }

  func reset() {
    sqlite3_reset(handle)
    sqlite3_clear_bindings(handle)
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
