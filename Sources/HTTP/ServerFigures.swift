// What a door did, counted on its loop.

import Wire

/// Counters of one door on one loop, from its beginning on.
public struct ServerFigures: Sendable, Equatable {
  /// Open now, WebSockets among them.
  public internal(set) var connections = 0
  /// Closed without an answer, because an answer would have cost too much.
  public internal(set) var turnedAway = 0
  /// Answers by the first digit of their status, 1 to 5.
  private var classes = [0, 0, 0, 0, 0]
  /// Of those that say no (400 and above), each status. What a door answers is written in this repository, so there are
  /// few.
  private var refusals: [Int: Int] = [:]

  public init() {}

  mutating func answered(_ status: Status) {
    let status = Int(status.rawValue)
    classes[min(max(status / 100, 1), 5) - 1] += 1
    if status >= 400 { refusals[status, default: 0] += 1 }
  }

  /// The figures of several loops as one.
  public static func + (one: ServerFigures, other: ServerFigures) -> ServerFigures {
    var sum = one
    sum.connections += other.connections
    sum.turnedAway += other.turnedAway
    sum.classes = zip(one.classes, other.classes).map(+)
    sum.refusals.merge(other.refusals, uniquingKeysWith: +)
    return sum
  }

  /// Writes the figures of all doors by their names.
  public static func write(_ doors: [(name: String, figures: ServerFigures)], into exposition: inout Exposition) {
    exposition.family("ostler_connections", .gauge, "Open connections, WebSockets among them.")
    for (name, figures) in doors { exposition.sample(figures.connections, ["door": name]) }
    exposition.family("ostler_http_answers_total", .counter, "HTTP answers by the class of their status.")
    for (name, figures) in doors {
      for (index, count) in figures.classes.enumerated() {
        exposition.sample(count, ["door": name, "class": "\(index + 1)xx"])
      }
    }
    exposition.family("ostler_http_refusals_total", .counter, "HTTP answers that say no, by their status.")
    for (name, figures) in doors {
      for (status, count) in figures.refusals.sorted(by: { $0.key < $1.key }) {
        exposition.sample(count, ["door": name, "status": "\(status)"])
      }
    }
    exposition.family(
      "ostler_connections_turned_away_total", .counter, "Connections closed unanswered because too many were open.")
    for (name, figures) in doors { exposition.sample(figures.turnedAway, ["door": name]) }
  }
}
