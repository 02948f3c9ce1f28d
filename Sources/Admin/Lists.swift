import Domain
import Export
import HTTP
import Store
import Wire

// What long lists have in common: the order that their reader wants, and the same list as a table.

extension Call {
  /// `sort` names a column, with a minus in front for the greatest first; nil is the list's own order.
  func sorting<Column: Word>(by columns: Column.Type = Column.self) throws(Problem) -> Sorting<Column>? {
    guard let text = self[query: "sort"] else { return nil }
    let isDown = text.hasPrefix("-")
    guard let column = Column(rawValue: String(text.dropFirst(isDown ? 1 : 0))) else {
      let names = Column.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid("sort", "one of \(names) is expected, with a minus in front for the greatest first")
    }
    let order = Sorting(by: column, isDown: isDown)
    guard let place = try cursor() else { return order }
    // A place of one order is none in another.
    guard let parts = try? JSON.parse(Bytes(utf8: place)).array, parts.count == 3, parts[0].string == order.name,
      let value = parts[1].int.map({ Rank.Value.whole($0) }) ?? parts[1].string.map({ .text($0) }),
      let number = parts[2].int
    else { throw .invalid("cursor", "take it from `next_cursor` of the page before") }
    return Sorting(by: column, isDown: isDown, after: Rank(value, number))
  }
}

nonisolated extension Sorting {
  fileprivate var name: String { (isDown ? "-" : "") + column.rawValue }

  /// A page in this order.
  func page(_ found: [Ranked<JSON>]?, limit: Int) throws(Problem) -> Answer {
    guard let found else {
      throw .invalid("sort", "this list has more than \(Rank.most) rows: narrow it first, or read it in its own order")
    }
    return .page(found.map(\.item), next: found.count < limit ? nil : place(of: found.last?.rank))
  }

  private func place(of rank: Rank?) -> String? {
    rank.map { rank in
      let value: JSON =
        switch rank.value {
        case .whole(let number): .whole(number)
        case .text(let text): .string(text)
        }
      return JSON.array([.string(name), value, .whole(rank.number)]).text
    }
  }
}

// MARK: - Tables

extension Route {
  /// A list of the API as CSV, whole, under the same filters. Each column is a member of its items, `a.b` one within another;
  /// figures that are written as text have a `#` in front, and stay figures.
  static func table(_ name: String, of list: Route, _ columns: [String]) -> Route {
    let titles = columns.map { $0.hasPrefix("#") ? String($0.dropFirst()) : $0 }
    let paths = titles.map { $0.split(separator: ".").map(String.init) }
    return Route(name, .get, list.path + ".csv", list.access, of: list.name) { api, call in
      let read: @MainActor @Sendable (String) async throws -> API.TableRows = { place in
        var call = call
        call.instead["limit"] = "\(Limits.longestPage)"
        call.instead["cursor"] = place.isEmpty ? "" : Cursor.text(of: place)
        guard case .page(let items, let next) = try await api.done(list, call) else {
          throw Problem(.internal, "\(list.name) gives no list")
        }
        let cells = items.map { item in
          zip(columns, paths).map { column, path in
            CSV.Cell(path.reduce(item) { $0[$1] ?? .null }, isFigure: column.hasPrefix("#"))
          }
        }
        return (cells, next)
      }
      let name = list.path.split(separator: "/").last ?? "list"
      // What is refused is refused before the table begins.
      return api.table(titles, named: "\(name).csv", from: try await read(""), read)
    }
  }
}

nonisolated extension CSV.Cell {
  fileprivate init(_ value: JSON, isFigure: Bool) {
    switch value {
    case .null: self = .empty
    case .bool(let flag): self = .flag(flag)
    case .string(let text): self = (isFigure ? Decimal(text).map { .number($0) } : nil) ?? .text(text)
    case .number: self = value.int.map { .whole($0) } ?? .text(value.text)
    case .array, .object: self = .text(value.text)
    }
  }
}
