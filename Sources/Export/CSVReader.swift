/// Reads a table of comma-separated values (RFC 4180) as spreadsheets and other systems write it: with commas, semicolons
/// or tabs, with or without a byte order mark, with any line ends. The first line names the columns.
public struct CSVTable: Sendable, Equatable {
  public enum Flaw: Error, Equatable, Sendable {
    case empty
    /// A quote that is not closed, or text behind a closed one.
    case quote(line: Int)
    case tooManyColumns, tooManyRows
    case tooLong(line: Int)
  }

  public struct Row: Sendable, Equatable {
    /// Where it begins in the text; the names are on line 1.
    public let line: Int
    public let cells: [String]
  }

  /// Bounds of what is read. Past them the table is refused.
  public static let mostRows = 5_000
  public static let mostColumns = 100
  public static let longestCell = 4_096

  public private(set) var columns: [String] = []
  public private(set) var rows: [Row] = []

  public init(_ text: String, mostRows: Int = Self.mostRows) throws(Flaw) {
    var scanner = Scanner(text)
    guard let head = try scanner.next() else { throw .empty }
    guard head.cells.count <= Self.mostColumns else { throw .tooManyColumns }
    columns = head.cells
    while let row = try scanner.next() {
      if row.cells.allSatisfy({ $0.isEmpty }) { continue }
      guard rows.count < mostRows else { throw .tooManyRows }
      guard row.cells.count <= Self.mostColumns else { throw .tooManyColumns }
      rows.append(row)
    }
  }

  /// The cell of a row under the first of these names that the table has, however it is written; nil where it is empty.
  public func cell(_ row: Row, _ names: String...) -> String? {
    for name in names {
      guard let place = columns.firstIndex(where: { Self.plain($0) == Self.plain(name) }), place < row.cells.count
      else {
        continue
      }
      let text = row.cells[place]
      if !text.isEmpty { return text }
    }
    return nil
  }

  public func has(_ names: String...) -> Bool {
    names.contains { name in columns.contains { Self.plain($0) == Self.plain(name) } }
  }

  /// `ChargeBox ID`, `chargeBoxId` and `charge_box_id` are one name.
  private static func plain(_ name: String) -> String { name.lowercased().filter { $0.isLetter || $0.isNumber } }

  /// Takes a text apart, row by row.
  private struct Scanner {
    private let text: [Unicode.Scalar]
    private var place = 0
    private var line = 1
    private let separator: Unicode.Scalar

    init(_ text: String) {
      var scalars = Array(text.unicodeScalars)
      if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
      self.text = scalars
      let head = scalars.prefix { $0 != "\n" && $0 != "\r" }
      // The one that the names are parted by most often; a list of one column has none.
      let counts = [",", ";", "\t"].map { (sign: Unicode.Scalar) in (sign, head.count { $0 == sign }) }
      separator = counts.max { $0.1 < $1.1 }?.0 ?? ","
    }

    mutating func next() throws(Flaw) -> Row? {
      guard place < text.count else { return nil }
      let begin = line
      var cells: [String] = []
      while true {
        cells.append(try cell())
        guard place < text.count else { break }
        let sign = text[place]
        place += 1
        if sign == separator { continue }
        if sign == "\r", place < text.count, text[place] == "\n" { place += 1 }
        line += 1
        break
      }
      return Row(line: begin, cells: cells)
    }

    /// Up to the separator or the end of the line.
    private mutating func cell() throws(Flaw) -> String {
      let begin = line
      var out = String.UnicodeScalarView()
      var length = 0
      let isQuoted = place < text.count && text[place] == "\""
      if isQuoted { place += 1 }
      while place < text.count {
        let sign = text[place]
        if isQuoted {
          if sign == "\"" {
            place += 1
            guard place < text.count, text[place] == "\"" else { return try finish(out, begin) }
          } else if sign == "\n" {
            line += 1
          }
        } else if sign == separator || sign == "\n" || sign == "\r" {
          return plain(out)
        }
        out.append(sign)
        place += 1
        length += 1
        guard length <= CSVTable.longestCell else { throw .tooLong(line: begin) }
      }
      if isQuoted { throw .quote(line: begin) }
      return plain(out)
    }

    private func finish(_ out: String.UnicodeScalarView, _ begin: Int) throws(Flaw) -> String {
      guard place == text.count || [separator, "\n", "\r"].contains(text[place]) else { throw .quote(line: begin) }
      return plain(out)
    }

    /// Without spaces at its ends, and without the apostrophes that `CSV` and spreadsheets put before what looks like a
    /// formula.
    private func plain(_ out: String.UnicodeScalarView) -> String {
      var text = Substring.UnicodeScalarView(out)
      while let first = text.first, CSV.isSpace(first) { text.removeFirst() }
      while let last = text.last, CSV.isSpace(last) { text.removeLast() }
      var plain = String.UnicodeScalarView()
      var begins = true
      for place in text.indices {
        let scalar = text[place]
        let next = text.index(after: place)
        let isOurs = begins && scalar == "'" && next < text.endIndex && CSV.formulaSigns.contains(text[next])
        if !isOurs { plain.append(scalar) }
        begins = CSV.separators.contains(scalar) || begins && CSV.isSpace(scalar)
      }
      return String(plain)
    }
  }
}
