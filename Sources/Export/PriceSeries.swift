import Wire

/// A series of prices as markets and spreadsheets write it: a time and a price a line, with or without a line of names. A
/// thousandth is soon lost between kWh and MWh, so names that speak of the other unit are refused.
public struct PriceSeries: Sendable, Equatable {
  /// What a price is of.
  public enum Unit: String, Sendable { case kWh = "kwh", MWh = "mwh" }

  public struct Point: Sendable, Equatable {
    /// Where it stands in the text.
    public let line: Int
    public let at: Timestamp
    public let price: Decimal
  }

  public struct Flaw: Error, Equatable, Sendable {
    /// Nil: it is the whole of it.
    public let line: Int?
    public let why: String
  }

  public private(set) var points: [Point] = []

  /// - Parameter mostPoints: a longer series is refused.
  public init(_ text: String, per unit: Unit, mostPoints: Int) throws(Flaw) {
    guard text.contains(where: { !$0.isWhitespace }) else { return }
    let table: CSVTable
    do { table = try CSVTable(text, mostRows: mostPoints) } catch {
      switch error {
      case .quote(let line): throw Flaw(line: line, why: "its quotes do not fit together")
      case .tooLong(let line): throw Flaw(line: line, why: "a cell is too long")
      case .tooManyRows: throw Flaw(line: nil, why: "more than \(mostPoints) prices")
      case .tooManyColumns, .empty: throw Flaw(line: nil, why: "a time and a price a line are expected")
      }
    }
    if let first = table.columns.first, Timestamp(first) != nil {
      points.append(try Self.point(table.columns, at: 1))
    } else {
      try Self.check(table, unit)
    }
    for row in table.rows {
      let cells = [
        table.cell(row, "begins_at", "start", "time") ?? row.cells.first ?? "",
        table.cell(row, "price_per_\(unit.rawValue)", "price") ?? (row.cells.count > 1 ? row.cells[1] : ""),
      ]
      let width = points.first?.line == 1 ? 2 : table.columns.count
      guard row.cells.count <= width else { throw Flaw(line: row.line, why: "\(width) cells are expected") }
      points.append(try Self.point(cells, at: row.line))
    }
  }

  /// Whether the names are those of such a series.
  private static func check(_ table: CSVTable, _ unit: Unit) throws(Flaw) {
    let names = table.columns.map { $0.lowercased() }
    let other: Unit = unit == .kWh ? .MWh : .kWh
    guard !names.contains(where: { $0.contains(other.rawValue) }) else {
      throw Flaw(line: 1, why: "prices per \(other) are not wanted here, but per \(unit)")
    }
    // Markets call a price per MWh a price; what costs a thousandth of it must say so.
    guard unit == .MWh || table.has("price_per_kwh") else {
      throw Flaw(line: 1, why: "a column price_per_kwh is expected")
    }
  }

  private static func point(_ cells: [String], at line: Int) throws(Flaw) -> Point {
    guard cells.count == 2 else { throw Flaw(line: line, why: "a time and a price are expected") }
    guard let at = Timestamp(cells[0]) else {
      throw Flaw(line: line, why: "a time such as 2026-11-03T09:00:00Z is wanted")
    }
    // A comma that does not part cells is the decimal one of most of Europe.
    let text = cells[1].contains(".") ? cells[1] : cells[1].replacing(comma: ".")
    guard let price = Decimal(text) else { throw Flaw(line: line, why: "a number is expected") }
    return Point(line: line, at: at, price: price)
  }
}

extension String {
  /// One comma becomes another sign; with several it is left as it is.
  fileprivate func replacing(comma sign: Character) -> String {
    filter({ $0 == "," }).count == 1 ? String(map { $0 == "," ? sign : $0 }) : self
  }
}
