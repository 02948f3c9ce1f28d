// Tables as text for spreadsheets and for programs.
import Wire

/// Writes a table as comma-separated values (RFC 4180), a page of rows at a time, so that a table of any length needs
/// the memory of one page.
///
/// A spreadsheet takes a text that begins with `=`, `+`, `-`, `@`, a tab or a line break for a formula and runs it.
/// Such a text gets an apostrophe before it and stands in quotes; numbers stay numbers. A spreadsheet of a country that
/// parts cells by semicolons knows nothing of our quotes, so the same is done behind each semicolon, tab and line break of
/// a text, where one begins a cell of its own. Marks that turn the direction of
/// what follows are spelt out, so no cell rewrites the rest of its line.
public struct CSV: Sendable {
  public enum Cell: Sendable, Equatable {
    case text(String)
    case number(Decimal)
    case whole(Int64)
    case time(Timestamp)
    case flag(Bool)
    /// Nothing stands there.
    case empty

    /// A text, or nothing where there is none.
    public static func text(_ text: String?) -> Cell { text.map { .text($0) } ?? .empty }
    /// A time, or nothing where there is none.
    public static func time(_ time: Timestamp?) -> Cell { time.map { .time($0) } ?? .empty }
    /// A number, or nothing where there is none.
    public static func whole(_ number: Int?) -> Cell { number.map { .whole(Int64($0)) } ?? .empty }
  }

  private let width: Int
  private var pending: Bytes = []

  /// Begins a table with its line of names.
  public init(columns: [String]) {
    width = columns.count
    add(columns.map { .text($0) })
  }

  /// Adds a row.
  /// - Precondition: it has as many cells as the table has columns.
  public mutating func add(_ row: [Cell]) {
    precondition(row.count == width, "a row of \(row.count) cells in a table of \(width)")
    for (place, cell) in row.enumerated() {
      if place > 0 { pending.append(UInt8(ascii: ",")) }
      write(cell)
    }
    pending.append(contentsOf: [0x0D, 0x0A])
  }

  /// The bytes of what was added since the last call.
  public mutating func take() -> Bytes {
    defer { pending = [] }
    return pending
  }

  private mutating func write(_ cell: Cell) {
    switch cell {
    case .text(let text): write(text)
    case .number(let number): pending.append(contentsOf: number.description.utf8)
    case .whole(let number): pending.append(contentsOf: String(number).utf8)
    case .time(let time): pending.append(contentsOf: time.text(fraction: .seconds).utf8)
    case .flag(let flag): pending.append(contentsOf: (flag ? "true" : "false").utf8)
    case .empty: break
    }
  }

  private mutating func write(_ told: String) {
    let plain = told.spelledOut(keepsLines: true)
    let text = Self.guarded(plain)
    guard text.utf8.count > plain.utf8.count || text.utf8.contains(where: Self.needsQuotes) else {
      return pending.append(contentsOf: text.utf8)
    }
    pending.append(Self.quote)
    for byte in text.utf8 {
      if byte == Self.quote { pending.append(byte) }
      pending.append(byte)
    }
    pending.append(Self.quote)
  }

  /// The text with an apostrophe wherever a program could find a formula.
  private static func guarded(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    var begins = false
    if looksLikeFormula(text) { out.append("'") }
    for scalar in text.unicodeScalars {
      if begins, formulaSigns.contains(scalar) { out.append("'") }
      out.append(scalar)
      begins = separators.contains(scalar) || begins && isSpace(scalar)
    }
    return String(out)
  }

  /// Programs skip spaces before they look for a formula, and some read the full-width signs as the plain ones.
  private static func looksLikeFormula(_ text: String) -> Bool {
    if let first = text.utf8.first, first == 0x09 || first == 0x0A || first == 0x0D { return true }
    guard let first = text.unicodeScalars.first(where: { !isSpace($0) }) else { return false }
    return formulaSigns.contains(first) || "\t\r\n".unicodeScalars.contains(first)
  }

  static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\u{A0}" }

  static let formulaSigns: Set<Unicode.Scalar> = ["=", "+", "-", "@", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}"]
  /// Where another program may begin a cell within one of ours.
  static let separators: Set<Unicode.Scalar> = [";", "\t", "\r", "\n"]

  private static let quote = UInt8(ascii: "\"")

  private static func needsQuotes(_ byte: UInt8) -> Bool {
    byte == quote || byte == UInt8(ascii: ",") || byte == 0x0A || byte == 0x0D
  }
}
