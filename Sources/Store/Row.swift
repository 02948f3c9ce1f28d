import CSystem
import Domain
import Wire

/// A value that has a place in a column: how it is bound to a statement, and how it is read back.
nonisolated protocol Storable {
  /// Returns SQLite's code.
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32
  static func read(_ cell: Cell) throws(StoreFault) -> Self
}

/// One row of a running statement. Valid only until the next step.
nonisolated struct Row {
  let statement: Statement

  /// The value of a column; an Optional takes NULL.
  func get<V: Storable>(_ column: StaticString) throws(StoreFault) -> V { try V.read(cell(column)) }

  func word<W: Word>(_ column: StaticString) throws(StoreFault) -> W {
    let cell = cell(column)
    return try word(String.read(cell), cell)
  }

  func maybeWord<W: Word>(_ column: StaticString) throws(StoreFault) -> W? {
    let cell = cell(column)
    guard let text = try String?.read(cell) else { return nil }
    return try word(text, cell)
  }

  private func word<W: Word>(_ text: String, _ cell: Cell) throws(StoreFault) -> W {
    guard let word = W(rawValue: text) else { throw cell.damaged("'\(text)' is no \(W.self)") }
    return word
  }

  func payload<P: Payload>(_ column: StaticString) throws(StoreFault) -> P {
    let cell = cell(column)
    return try cell.payload(WrittenText.read(cell))
  }

  func maybePayload<P: Payload>(_ column: StaticString) throws(StoreFault) -> P? {
    let cell = cell(column)
    guard let text = try WrittenText?.read(cell) else { return nil }
    return try cell.payload(text)
  }

  func cell(_ column: StaticString) -> Cell { Cell(statement: statement, place: statement.place(of: column)) }
}

/// One column of the current row.
nonisolated struct Cell {
  let statement: Statement
  let place: Int32

  var isNull: Bool { sqlite3_column_type(statement.handle, place) == SQLITE_NULL }

  func int() throws(StoreFault) -> Int64 {
    guard !isNull else { throw damaged("it is empty") }
    return sqlite3_column_int64(statement.handle, place)
  }

  /// What lies in it, valid within the call.
  func bytes<R>(_ body: (UnsafeRawBufferPointer) -> R) throws(StoreFault) -> R {
    guard sqlite3_column_type(statement.handle, place) == SQLITE_BLOB else { throw damaged("it holds no bytes") }
    // An empty one has no address.
    let start = sqlite3_column_blob(statement.handle, place)
    return body(
      UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement.handle, place))))
  }

  func payload<P: Payload>(_ text: WrittenText) throws(StoreFault) -> P {
    do { return try P.read(text.bytes).value } catch {
      throw damaged("\(error.path) \(error.detail)")
    }
  }

  func damaged(_ why: String) -> StoreFault {
    .corrupt(file: statement.file, what: "column \(statement.name(at: place)): \(why)")
  }
}

// MARK: - What columns can hold

nonisolated extension Int64: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 { sqlite3_bind_int64(statement, place, self) }
  static func read(_ cell: Cell) throws(StoreFault) -> Int64 { try cell.int() }
}

nonisolated extension Int: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 { sqlite3_bind_int64(statement, place, Int64(self)) }
  static func read(_ cell: Cell) throws(StoreFault) -> Int { Int(try cell.int()) }
}

nonisolated extension Bool: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
    sqlite3_bind_int64(statement, place, self ? 1 : 0)
  }
  static func read(_ cell: Cell) throws(StoreFault) -> Bool { try cell.int() != 0 }
}

nonisolated extension String: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
    var text = self
    return text.withUTF8 { bindText($0, to: statement, at: place) }
  }

  static func read(_ cell: Cell) throws(StoreFault) -> String {
    guard let start = sqlite3_column_text(cell.statement.handle, cell.place) else { throw cell.damaged("it is empty") }
    let count = Int(sqlite3_column_bytes(cell.statement.handle, cell.place))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }
}

nonisolated private func bindText(
  _ utf8: UnsafeBufferPointer<UInt8>, to statement: OpaquePointer, at place: Int32
) -> Int32 {
  // An empty text has no address, and SQLite would take none for NULL.
  guard let start = utf8.baseAddress else { return ostler_bind_text(statement, place, "", 0) }
  return start.withMemoryRebound(to: CChar.self, capacity: utf8.count) {
    ostler_bind_text(statement, place, $0, Int32(utf8.count))
  }
}

nonisolated extension [UInt8]: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
    // An empty one has no address, and SQLite would take none for NULL.
    guard !isEmpty else { return sqlite3_bind_zeroblob(statement, place, 0) }
    return withUnsafeBytes { ostler_bind_blob(statement, place, $0.baseAddress, Int32($0.count)) }
  }

  static func read(_ cell: Cell) throws(StoreFault) -> Bytes { try cell.bytes { Bytes($0) } }
}

nonisolated extension Optional: Storable where Wrapped: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
    switch self {
    case .some(let value): value.bind(to: statement, at: place)
    case .none: sqlite3_bind_null(statement, place)
    }
  }

  static func read(_ cell: Cell) throws(StoreFault) -> Wrapped? { cell.isNull ? nil : try Wrapped.read(cell) }
}

nonisolated extension ID: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 { value.bind(to: statement, at: place) }
  static func read(_ cell: Cell) throws(StoreFault) -> ID { ID(try cell.int()) }
}

nonisolated extension Timestamp: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 { milliseconds.bind(to: statement, at: place) }
  static func read(_ cell: Cell) throws(StoreFault) -> Timestamp { Timestamp(milliseconds: try cell.int()) }
}

nonisolated extension Energy: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 { tenthsOfWattHour.bind(to: statement, at: place) }
  static func read(_ cell: Cell) throws(StoreFault) -> Energy { Energy(tenthsOfWattHour: try cell.int()) }
}

nonisolated extension Money: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 { tenThousandths.bind(to: statement, at: place) }
  static func read(_ cell: Cell) throws(StoreFault) -> Money { Money(tenThousandths: try cell.int()) }
}

nonisolated extension Decimal: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
    var text: Bytes = []
    append(to: &text)
    return WrittenText(text).bind(to: statement, at: place)
  }

  static func read(_ cell: Cell) throws(StoreFault) -> Decimal {
    guard let value = Decimal(try String.read(cell)) else { throw cell.damaged("it is no decimal") }
    return value
  }
}

/// UTF-8 that the house itself wrote, for a column of text.
nonisolated struct WrittenText: Storable {
  let bytes: Bytes

  init(_ bytes: Bytes) { self.bytes = bytes }

  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
    bytes.withUnsafeBufferPointer { bindText($0, to: statement, at: place) }
  }

  static func read(_ cell: Cell) throws(StoreFault) -> WrittenText {
    guard let start = sqlite3_column_text(cell.statement.handle, cell.place) else { throw cell.damaged("it is empty") }
    let count = Int(sqlite3_column_bytes(cell.statement.handle, cell.place))
    return WrittenText(Bytes(UnsafeBufferPointer(start: start, count: count)))
  }
}

nonisolated extension JSONText: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
    WrittenText(bytes).bind(to: statement, at: place)
  }

  static func read(_ cell: Cell) throws(StoreFault) -> JSONText {
    let text = try WrittenText.read(cell)
    do { return try JSONText(parsing: text.bytes) } catch { throw cell.damaged("it is no JSON: \(error)") }
  }
}

nonisolated extension JSON: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
    WrittenText(bytes).bind(to: statement, at: place)
  }

  static func read(_ cell: Cell) throws(StoreFault) -> JSON {
    let text = try String.read(cell)
    do { return try JSON.parse(text) } catch { throw cell.damaged("it is no JSON: \(error)") }
  }
}

nonisolated extension StationIdentity: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 { text.bind(to: statement, at: place) }

  static func read(_ cell: Cell) throws(StoreFault) -> StationIdentity {
    guard let identity = StationIdentity(try String.read(cell)) else { throw cell.damaged("it is no identity") }
    return identity
  }
}

nonisolated extension Payload {
  /// As a column keeps it.
  var stored: WrittenText { WrittenText(encoded()) }
  /// The same; NULL where it says nothing.
  var storedIfAny: WrittenText? { self == Self() ? nil : stored }
}

/// A pattern for `LIKE … ESCAPE '\'` that finds a text anywhere, whatever signs it holds.
nonisolated func pattern(containing text: String) -> String {
  var pattern = "%"
  for character in text.unicodeScalars {
    if character == "\\" || character == "%" || character == "_" { pattern.unicodeScalars.append("\\") }
    pattern.unicodeScalars.append(character)
  }
  return pattern + "%"
}

/// A text behind every id of ours, which begin with a hex digit: where a list that shows the newest first begins.
nonisolated let afterAllIDs = "~"

nonisolated extension PageQuery {
  /// The span of time that is asked for, from inclusive, to exclusive.
  var first: Timestamp { from ?? Timestamp(milliseconds: .min) }
  var end: Timestamp { to ?? Timestamp(milliseconds: .max) }

  /// Where the page itself begins: by a mark the index leads right there.
  var begin: Timestamp { after.map { max($0.time, first) } ?? first }
  /// The same for ids that are texts: a page begins behind this. Many objects may have one time, and whoever walks them must
  /// not pass over all of them for each page.
  var behind: (time: Timestamp, id: String) {
    guard let after, after.time >= first else { return (first, "") }
    return (after.time, after.id)
  }
  /// What is passed over behind that.
  var skipped: Int { after == nil ? offset : 0 }
  /// One row more than is wanted says whether there is more.
  var rows: Int { Limits.page(limit) + 1 }
}

nonisolated extension Page {
  /// A page of one row more than the query wants, which is taken off.
  init(_ rows: [Item], of query: PageQuery, total: Int, mark: (Item) -> PageMark) {
    let wanted = Limits.page(query.limit)
    let items = Array(rows.prefix(wanted))
    let rest: NextPage = rows.count > wanted ? items.last.map { .after(mark($0)) } ?? .nothing : .nothing
    self.init(items: items, total: total, rest: rest)
  }
}
