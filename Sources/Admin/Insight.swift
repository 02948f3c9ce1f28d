import Domain
import Export
import HTTP
import Store
import Wire

// How stations are used: over time, by the hours of the week, by connector; and what stands empty. All from the sums
// that bills keep, so that no question reads sessions. Each view as JSON and as CSV.
extension Route {
  static let insight: [Route] = [
    Route("showUsage", .get, "/insight/usage", .look) { try await $0.usage($1, as: .page) },
    Route("exportUsage", .get, "/insight/usage.csv", .look) { try await $0.usage($1, as: .table("usage")) },
    Route("showHeatmap", .get, "/insight/heatmap", .look) { try await $0.heatmap($1, as: .page) },
    Route("exportHeatmap", .get, "/insight/heatmap.csv", .look) { try await $0.heatmap($1, as: .table("heatmap")) },
    Route("showConnectorUsage", .get, "/insight/connectors", .look) { try await $0.connectorUsage($1, as: .page) },
    Route("exportConnectorUsage", .get, "/insight/connectors.csv", .look) {
      try await $0.connectorUsage($1, as: .table("connectors"))
    },
    Route("showEffect", .get, "/insight/effect", .look) { try await $0.effect($1) },
    Route("suggestOffPeak", .get, "/insight/off-peak", .look) { try await $0.offPeak($1) },
  ]
}

extension API {
  // MARK: Use over time

  fileprivate func usage(_ call: Call, as form: InsightForm) async throws -> Answer {
    let query = try await insight(call, days: 30)
    let step: InsightStep = try call.queryWord("by") ?? .day
    let spans = try spans(of: query, by: step)
    let bytes = try await house.read { books throws(StoreFault) in
      let (sums, total, evses) = (
        try query.sums(books, over: spans), try query.sum(books, query.from, query.to), try query.evses(books)
      )
      var view = InsightView(
        head: query.head, items: [],
        columns: [
          "start", "end", "energy_kwh", "sessions", "busy_seconds", "idle_seconds", "utilisation", "plug_ins",
          "plug_ins_served", "currency", "revenue",
        ], rows: [])
      view.head["by"] = .word(step)
      view.head["evses"] = .whole(evses)
      view.head["total"] = total.json(seconds: query.seconds * evses)
      for (span, sum) in zip(spans, sums) {
        let seconds = Int((span.to - span.from) * Quarter.seconds) * evses
        var item = sum.json(seconds: seconds)
        item["start"] = .time(Quarter.start(span.from))
        item["end"] = .time(Quarter.start(span.to))
        view.items.append(item)
        // A line for each currency; the first has the figures, so that columns can be summed.
        for (place, money) in sum.moneys.enumerated() {
          view.rows.append(
            [.time(Quarter.start(span.from)), .time(Quarter.start(span.to))]
              + sum.figures.cells(seconds: seconds, isFirst: place == 0)
              + [.text(money.currency), money.amount.map { .number($0.decimal) } ?? .empty])
        }
      }
      return form.bytes(of: view)
    }
    return form.answer(bytes)
  }

  // MARK: The hours of the week

  fileprivate func heatmap(_ call: Call, as form: InsightForm) async throws -> Answer {
    let query = try await insight(call, days: 28)
    let bytes = try await house.read { books throws(StoreFault) in
      let map = try query.week(books)
      var view = InsightView(
        head: query.head, items: [],
        columns: [
          "weekday", "hour", "energy_kwh", "sessions", "busy_seconds", "idle_seconds", "utilisation",
          "plug_ins", "plug_ins_served",
        ], rows: [])
      view.head["evses"] = .whole(map.evses)
      view.head["utilisation"] = .decimal(map.utilisation)
      for (index, cell) in map.cells.enumerated() {
        let seconds = cell.seconds * map.evses
        var item = cell.figures.json(seconds: seconds)
        item["weekday"] = .whole(index / 24 + 1)
        item["hour"] = .whole(index % 24)
        view.items.append(item)
        view.rows.append(
          [.whole(Int64(index / 24 + 1)), .whole(Int64(index % 24))]
            + cell.figures.cells(seconds: seconds, isFirst: true)
        )
      }
      return form.bytes(of: view)
    }
    return form.answer(bytes)
  }

  // MARK: What a change did

  /// The same length of time before and after a change, such as a discount, with the share of the energy that went into
  /// certain hours of the week.
  fileprivate func effect(_ call: Call) async throws -> Answer {
    guard let since = try call.queryMoment("since", in: try await zone(of: call)) else {
      throw Problem.invalid("since", "a date or a time is expected")
    }
    func number(_ name: String, _ usual: Int, _ range: ClosedRange<Int>) throws(Problem) -> Int {
      guard let text = call[query: name] else { return usual }
      guard let value = Int(text), range.contains(value) else {
        throw .invalid(name, "\(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }
    let days = try number("days", 28, 1...365)
    let (from, until) = (try number("from_hour", 0, 0...23), try number("to_hour", 24, 1...24))
    var weekdays: [Int] = Array(0..<7)
    if let text = call[query: "day_of_week"] {
      let all = Tariff.Restrictions.Weekday.allCases.map(\.rawValue)
      let named = text.split(separator: ",").map { all.firstIndex(of: String($0)) }
      guard !named.isEmpty, !named.contains(nil) else {
        throw Problem.invalid("day_of_week", "days as MONDAY,TUESDAY are expected")
      }
      weekdays = Set(named.compactMap { $0 }).sorted()
    }
    let hours = weekdays.flatMap { day in
      (0..<24).filter { from < until ? $0 >= from && $0 < until : $0 >= from || $0 < until }.map { day * 24 + $0 }
    }
    let length = Duration.seconds(days * 86_400)
    var query = try await insight(call, over: since - length..<since + length)
    var parts: [JSON] = []
    let middle = Quarter.number(of: since)
    for (first, end) in [(query.from, middle), (middle, query.to)] {
      (query.from, query.to) = (first, end)
      let part = query
      let map = try await week(part)
      let sum = try await house.read { books throws(StoreFault) in try part.sum(books, first, end) }
      var json = sum.json(seconds: part.seconds * map.evses)
      json["share_in_hours"] = .decimal(map.energyShare(of: hours))
      parts.append(json)
    }
    return .json(["since": .time(since), "days": .whole(days), "before": parts[0], "after": parts[1]])
  }

  private func week(_ query: InsightQuery) async throws -> WeekMap {
    try await house.read { books throws(StoreFault) in try query.week(books) }
  }

  // MARK: Connectors

  fileprivate func connectorUsage(_ call: Call, as form: InsightForm) async throws -> Answer {
    let query = try await insight(call, days: 30)
    let limit = Limits.insightLines
    let bytes = try await house.read { books throws(StoreFault) in
      let sums = try books.usage.connectorSums(
        at: query.location, station: query.station, from: query.from, to: query.to)
      let found = try books.usage.connectors(at: query.location, station: query.station, limit: limit).map {
        connector in
        (connector as UsageBooks.Place?, sums[connector.id] ?? UsageSum())
      }
      let busiest = found.sorted { $0.1.figures.busySeconds > $1.1.figures.busySeconds }
      let total = try query.sum(books, query.from, query.to)
      // Of connectors that are not in the books any more, or not at a place that the reader may see.
      let rest = found.reduce(total) { $0 - $1.1 }
      var view = InsightView(
        head: query.head, items: [],
        columns: [
          "station", "evse", "connector", "energy_kwh", "sessions", "busy_seconds", "idle_seconds", "utilisation",
          "plug_ins", "plug_ins_served", "currency", "revenue",
        ], rows: [])
      view.head["total"] = total.json(seconds: query.seconds * (try query.evses(books)))
      for (connector, sum) in busiest + (rest.isEmpty ? [] : [(nil, rest)]) {
        var item = sum.json(seconds: connector == nil ? 0 : query.seconds)
        item["station"] = .text(connector?.station.text)
        item["evse"] = .whole(connector?.evse)
        item["connector"] = .whole(connector?.number)
        view.items.append(item)
        for (place, money) in sum.moneys.enumerated() {
          view.rows.append(
            [
              .text(connector?.station.text), connector.map { .whole(Int64($0.evse)) } ?? .empty,
              connector.map { .whole(Int64($0.number)) } ?? .empty,
            ]
              + sum.figures.cells(seconds: connector == nil ? 0 : query.seconds, isFirst: place == 0)
              + [.text(money.currency), money.amount.map { .number($0.decimal) } ?? .empty])
        }
      }
      return form.bytes(of: view)
    }
    return form.answer(bytes)
  }

  // MARK: What stands empty

  fileprivate func offPeak(_ call: Call) async throws -> Answer {
    let query = try await insight(call, days: 28)
    let (map, first) = try await house.read { books throws(StoreFault) in
      (try query.week(books), try query.firstQuarter(books))
    }
    let end = min(query.to, Quarter.number(of: now))
    let basis = OffPeak.Basis(
      sessions: map.cells.reduce(0) { $0 + $1.figures.sessions },
      days: first.map { max(0, Int((end - max(query.from, $0)) / Quarter.perDay)) } ?? 0)
    let all = OffPeak.suggestions(for: map, on: basis)
    var json = query.head
    json["enough"] = .bool(basis.isEnough)
    (json["sessions"], json["sessions_needed"]) = (.whole(basis.sessions), .whole(OffPeak.Basis.leastSessions))
    (json["days"], json["days_needed"]) = (.whole(basis.days), .whole(OffPeak.Basis.leastDays))
    json["utilisation"] = .decimal(map.utilisation)
    json["items"] = .list(all) { hours in
      [
        "days": .list(hours.weekdays) { .word($0) }, "from_hour": .whole(hours.from), "to_hour": .whole(hours.until),
        "utilisation": .decimal(hours.utilisation), "discount_percent": .whole(hours.discount),
      ]
    }
    json["tariff"] = .null
    if let id: ID<Tariff> = try call.queryID("tariff") {
      let found = try await house.read { books throws(StoreFault) in try books.tariffs.tariff(id)?.tariff }
      guard let tariff = found else { throw Problem.invalid("tariff", "there is no tariff \(id)") }
      json["tariff"] = all.isEmpty ? .null : OffPeak.apply(all, to: tariff).json
    }
    return .json(json)
  }
}
