import CSystem
import Wire

/// The order in which the reader of a list wants it, where that is not the list's own.
///
/// What a filter leaves is sorted as a whole for each page, so it may be `Limits.sortedRows` and no more; of a longer list the
/// reader is told so. Where a row has nothing to be sorted by, that counts as the least.
nonisolated public struct Sorting<Column: Word>: Sendable {
  public let column: Column
  /// The greatest first.
  public let isDown: Bool
  /// The last row of the page before.
  public let after: Rank?

  public init(by column: Column, isDown: Bool = false, after: Rank? = nil) {
    (self.column, self.isDown, self.after) = (column, isDown, after)
  }
}

/// Where a row stands in such an order: by its value, and among equals by its number.
nonisolated public struct Rank: Sendable, Equatable {
  public enum Value: Sendable, Equatable { case whole(Int64), text(String) }

  public let value: Value
  public let number: Int64

  /// Rows that a list is sorted within.
  public static let most = Limits.sortedRows

  public init(_ value: Value, _ number: Int64) { (self.value, self.number) = (value, number) }
}

/// A row with its place in the order.
nonisolated public struct Ranked<Item: Sendable>: Sendable {
  public let item: Item
  public let rank: Rank

  public init(item: Item, rank: Rank) { (self.item, self.rank) = (item, rank) }
}

nonisolated extension Array {
  /// The rows as something else, in the same order.
  public func shaped<Item, Shape>(
    _ shape: (Item) throws(StoreFault) -> Shape
  ) throws(StoreFault) -> [Ranked<Shape>] where Element == Ranked<Item> {
    try map { row throws(StoreFault) in Ranked(item: try shape(row.item), rank: row.rank) }
  }
}

nonisolated extension Database {
  /// The numbers of a page of rows, in an order. `sql` is a `WITH found (number, value) AS MATERIALIZED (…)` of what a filter
  /// leaves, with the value that stands in the column `?1`, and at most `?6` of them; from `?7` on it has what the filter says.
  /// - Returns: nil where the filter leaves too many.
  func ranks<Column, each V: Storable>(
    _ sql: StaticString, by order: Sorting<Column>, limit: Int, _ filter: repeat each V
  ) throws(StoreFault) -> [Rank]? {
    var isTooMuch = false
    let ranks = try rows(
      sql, order.column.rawValue, order.isDown, order.after?.value, order.after?.number, Limits.page(limit),
      Limits.sortedRows + 1, repeat each filter,
      ending: """
        SELECT number, value, (SELECT count(*) FROM found) AS total FROM found
        WHERE ?4 IS NULL OR iif(?2, (value, number) < (?3, ?4), (value, number) > (?3, ?4))
        ORDER BY iif(?2, value, NULL) DESC, iif(?2, NULL, value), iif(?2, -number, number) LIMIT ?5
        """
    ) { (row) throws(StoreFault) in
      let total: Int = try row.get("total")
      isTooMuch = total > Limits.sortedRows
      return Rank(try row.get("value"), try row.get("number"))
    }
    return isTooMuch ? nil : ranks
  }
}

nonisolated extension [Rank] {
  /// What the numbers stand for.
  func items<Item>(_ find: (Int64) throws(StoreFault) -> Item?) throws(StoreFault) -> [Ranked<Item>] {
    var items: [Ranked<Item>] = []
    for rank in self {
      if let item = try find(rank.number) { items.append(Ranked(item: item, rank: rank)) }
    }
    return items
  }
}

nonisolated extension Rank.Value: Storable {
  func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
    switch self {
    case .whole(let number): number.bind(to: statement, at: place)
    case .text(let text): text.bind(to: statement, at: place)
    }
  }

  static func read(_ cell: Cell) throws(StoreFault) -> Rank.Value {
    if sqlite3_column_type(cell.statement.handle, cell.place) == SQLITE_INTEGER { return .whole(try cell.int()) }
    return .text(try String.read(cell))
  }
}
