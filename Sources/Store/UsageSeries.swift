import Domain
import Wire

/// Spans of one length that stand side by side, of which one question tells them all; a longer span, or one by itself,
/// is a run of one.
nonisolated struct SpanRun: Equatable {
  let from: Int64
  /// Quarters of each span, and how many of them there are.
  let length: Int64
  private(set) var count: Int

  var to: Int64 { from + length * Int64(count) }

  /// The rows to read: days where the spans are whole days of UTC, else quarters.
  var grain: UsageBooks.Grain {
    length == Quarter.perDay && UsageBooks.Grain.day.bucket(of: from) * Quarter.perDay == from ? .day : .quarter
  }

  static func runs(of spans: [(from: Int64, to: Int64)]) -> [SpanRun] {
    var runs: [SpanRun] = []
    for span in spans {
      if let last = runs.last, last.to == span.from, last.length == span.to - span.from, last.length <= Quarter.perDay {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(SpanRun(from: span.from, length: span.to - span.from, count: 1))
      }
    }
    return runs
  }
}

nonisolated extension UsageBooks {
  /// The sum over each of some spans, as the lines of a series have it.
  public func sums(of scope: UsageScope, over spans: [(from: Int64, to: Int64)]) throws(StoreFault) -> [UsageSum] {
    var sums: [UsageSum] = []
    for run in SpanRun.runs(of: spans) {
      guard run.count > 1 else {
        sums.append(try sum(of: scope, from: run.from, to: run.to))
        continue
      }
      var lines = Array(repeating: UsageSum(), count: run.count)
      for (line, currency, figures) in try rows(of: scope, run) { lines[line].add(figures, in: currency) }
      sums += lines
    }
    return sums
  }
}

nonisolated extension EnergyCosts {
  /// What energy cost over each of some spans, by currency.
  public func sums(
    of location: ID<Location>?, over spans: [(from: Int64, to: Int64)]
  ) throws(StoreFault) -> [[String: (energy: Energy, cost: Money)]] {
    var sums: [[String: (energy: Energy, cost: Money)]] = []
    for run in SpanRun.runs(of: spans) {
      guard run.count > 1 else {
        sums.append(try sum(of: location, from: run.from, to: run.to))
        continue
      }
      var lines = Array(repeating: [String: (energy: Energy, cost: Money)](), count: run.count)
      let rows = try db.rows(
        """
        SELECT (bucket - ?3) / ?5 AS line, currency, sum(energy) AS energy, sum(cost) AS cost FROM energy_cost
        WHERE grain = ?1 AND location = ?2 AND bucket >= ?3 AND bucket < ?4 GROUP BY 1, 2
        """, run.grain.rawValue, location?.value ?? 0, run.grain.bucket(of: run.from), run.grain.bucket(of: run.to),
        run.length / run.grain.length
      ) { (row) throws(StoreFault) in
        try (
          row.get("line") as Int, row.get("currency") as String, row.get("energy") as Energy, row.get("cost") as Money
        )
      }
      for (line, currency, energy, cost) in rows where lines.indices.contains(line) {
        lines[line][currency] = (energy, cost)
      }
      sums += lines
    }
    return sums
  }
}
