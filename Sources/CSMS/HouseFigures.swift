import Domain
import Store
import Wire

/// What the household did, counted turn by turn; and what waits for it.
public struct HouseFigures {
  private var errands = Histogram(bounds: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000])
  private var turns = Histogram.seconds
  private var commits = Histogram.seconds
  private var lostTurns = 0
  /// Errands that were decided since the last look.
  private var decided = 0

  nonisolated init() {}

  mutating func turn(of errands: Int, began: Instant, decided: Instant, committed: Instant) {
    self.errands.add(errands)
    self.decided += errands
    turns.add(committed - began)
    commits.add(committed - decided)
  }

  mutating func lost() { lostTurns += 1 }

  /// How many errands were decided since the last call.
  mutating func takeDecided() -> Int {
    defer { decided = 0 }
    return decided
  }

  fileprivate func write(into exposition: inout Exposition) {
    exposition.family("ostler_turn_errands", .histogram, "Errands that one turn decided.")
    exposition.sample(errands)
    exposition.family("ostler_turn_seconds", .histogram, "From the beginning of a turn until it is on disk.")
    exposition.sample(turns)
    exposition.family("ostler_commit_seconds", .histogram, "The commit of a turn, until it is on disk.")
    exposition.sample(commits)
    exposition.family(
      "ostler_turns_lost_total", .counter, "Turns that could not be written; all their callers were told.")
    exposition.sample(lostTurns)
  }
}

extension CSMS {
  /// Writes what the household and its books have to tell.
  public func write(into exposition: inout Exposition) async throws(Refusal) {
    figures.write(into: &exposition)
    exposition.family("ostler_errands_waiting", .gauge, "Errands that wait for the next turn.")
    exposition.sample(inbox.count)
    exposition.family("ostler_errands_refused_total", .counter, "Errands that were refused because too many waited.")
    exposition.sample(inbox.refused)
    exposition.family(
      "ostler_stations_connected", .gauge, "Links of stations, by OCPP version and by whether we know them.")
    var connected: [String: (accepted: Int, knocking: Int)] = [:]
    for link in links.all {
      if link.station == nil {
        connected[link.version, default: (0, 0)].knocking += 1
      } else {
        connected[link.version, default: (0, 0)].accepted += 1
      }
    }
    for (version, count) in connected.sorted(by: { $0.key < $1.key }) {
      exposition.sample(count.accepted, ["version": version, "state": "accepted"])
      exposition.sample(count.knocking, ["version": version, "state": "knocking"])
    }
    let now = now
    let (open, partners, files) = try await read { books throws(StoreFault) in
      let depths = try books.pushes.depths()
      return (
        try books.attention.openSessions(), try books.partners.all().map { ($0.name, depths[$0.id]) },
        try books.db.fileBytes()
      )
    }
    exposition.family("ostler_sessions_open", .gauge, "Sessions that have not ended, by their state.")
    for (state, count) in [(Session.State.pending, open.pending), (.active, open.active)] {
      exposition.sample(count, ["state": state.rawValue])
    }
    exposition.family("ostler_push_due", .gauge, "Objects that a partner must still be told of.")
    for (name, depth) in partners { exposition.sample(depth?.due ?? 0, ["partner": name]) }
    exposition.family("ostler_push_parked", .gauge, "Objects that a partner refused and that wait for a person.")
    for (name, depth) in partners { exposition.sample(depth?.parked ?? 0, ["partner": name]) }
    exposition.family("ostler_push_oldest_seconds", .gauge, "For how long the oldest due object of a partner waits.")
    for (name, depth) in partners {
      exposition.sample(depth?.oldest.map { max(0, Double((now - $0).components.seconds)) } ?? 0, ["partner": name])
    }
    exposition.family("ostler_database_bytes", .gauge, "Size of the books: the database and its write-ahead log.")
    exposition.sample(files.database, ["file": "database"])
    exposition.sample(files.log, ["file": "wal"])
  }
}
