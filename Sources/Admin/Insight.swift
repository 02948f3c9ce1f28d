import Domain
import Export
import HTTP
import Store
import Wire

// How stations are used: over time, by the hours of the week, by connector; and what stands empty. All from the sums
// that bills keep, so that no question reads sessions. Each view as JSON and as CSV.
extension Route {
  static let insight: [Route] = [
    Route("showUsage", .get, "/insight/usage", .look) { try await $0.usage($1).json },
    Route("exportUsage", .get, "/insight/usage.csv", .look) { try await $0.usage($1).table("usage") },
    Route("showHeatmap", .get, "/insight/heatmap", .look) { try await $0.heatmap($1).json },
    Route("exportHeatmap", .get, "/insight/heatmap.csv", .look) { try await $0.heatmap($1).table("heatmap") },
    Route("showConnectorUsage", .get, "/insight/connectors", .look) { try await $0.connectorUsage($1).json },
    Route("exportConnectorUsage", .get, "/insight/connectors.csv", .look) {
      try await $0.connectorUsage($1).table("connectors")
    },
    Route("showEffect", .get, "/insight/effect", .look) { try await $0.effect($1) },
    Route("suggestOffPeak", .get, "/insight/off-peak", .look) { try await $0.offPeak($1) },
  ]
}

/// A view as JSON and as a table of the same lines.
private struct InsightView {
  var head: JSON
  var items: [JSON]
  let columns: [String]
  var rows: [[CSV.Cell]]

  var json: Answer {
    var json = head
    json["items"] = .array(items)
    return .json(json)
  }

  func table(_ name: String) -> Answer {
    var table = CSV(columns: columns)
    for row in rows { table.add(row) }
    let bytes = table.take()
    return .stream { responder in
      var head = Response(
        .ok,
        headers: [
          "Content-Type": "text/csv; charset=utf-8", "Content-Disposition": "attachment; filename=\"\(name).csv\"",
        ])
      API.harden(&head)
      let stream = responder.stream(head)
      stream.send(bytes)
      stream.finish()
    }
  }
}

/// What of it is asked for: a time on a local clock, and whose use.
nonisolated private struct InsightQuery: Sendable {
  var from: Int64
  var to: Int64
  var zone: ZoneRules
  var zoneName: String
  var location: ID<Location>?
  var station: ID<Station>?

  var seconds: Int { Int((to - from) * Quarter.seconds) }

  /// The stretches in which the clock is not set, with its quarters east of UTC.
  var stretches: [(from: Int64, to: Int64, quartersEast: Int64)] {
    var found: [(from: Int64, to: Int64, quartersEast: Int64)] = []
    var begin = from
    while begin < to {
      let start = Quarter.start(begin)
      let next = zone.nextTransition(after: start).map { min(max(Quarter.number(of: $0), begin + 1), to) } ?? to
      let east = zone.offset(at: start)
      found.append((begin, next, Quarter.number(of: Timestamp(milliseconds: Int64(east) * 1000))))
      begin = next
    }
    return found
  }

  var head: JSON {
    ["from": .time(Quarter.start(from)), "to": .time(Quarter.start(to)), "zone": .string(zoneName)]
  }
}

/// How long one line of a series is.
nonisolated private enum InsightStep: String, Word { case hour, day, week, month }

extension API {
  // MARK: What is asked

  private func insight(
    _ call: Call, days: Int = 0, over span: Range<Timestamp>? = nil
  ) async throws -> InsightQuery {
    let zone = try await zone(of: call)
    let first = try await house.read { books throws(StoreFault) in try books.locations.first()?.timeZone }
    let name = call[query: "zone"] ?? first ?? "Etc/UTC"
    let to = try span?.upperBound ?? call.queryMoment("to", in: zone) ?? zone.startOfNextDay(clock.now())
    let from = try span?.lowerBound ?? call.queryMoment("from", in: zone) ?? to - .seconds(days * 86_400)
    for (name, time) in span == nil ? [("from", from), ("to", to)] : [("since", from)]
    where time.milliseconds % (Quarter.seconds * 1000) != 0 {
      throw Problem.invalid(name, "a whole quarter of an hour is expected")
    }
    guard from < to, to.seconds(since: from) <= Int64(Limits.insightSeconds) else {
      throw Problem.invalid("from", "before `to`, by at most \(Limits.insightSeconds / 86_400) days")
    }
    var station: ID<Station>?
    if let text = call[query: "station"] {
      guard let identity = StationIdentity(text) else { throw Problem.invalid("station", "a station's identity") }
      station = try await house.read { books throws(StoreFault) in try books.stations.station(identity)?.id }
      if station == nil { throw Problem.invalid("station", "there is no station \(text)") }
    }
    return InsightQuery(
      from: Quarter.number(of: from), to: Quarter.number(of: to), zone: zone, zoneName: name,
      location: try call.queryID("location"), station: station)
  }

  // MARK: Use over time

  fileprivate func usage(_ call: Call) async throws -> InsightView {
    let query = try await insight(call, days: 30)
    let step: InsightStep = try call.queryWord("by") ?? .day
    let spans = try spans(of: query, by: step)
    let (sums, total, evses) = try await house.read { books throws(StoreFault) in
      let sums = try spans.map { span throws(StoreFault) in try query.sum(books, span.from, span.to) }
      return (sums, try query.sum(books, query.from, query.to), try query.evses(books))
    }
    var view = InsightView(
      head: query.head, items: [],
      columns: [
        "start", "end", "energy_kwh", "sessions", "busy_seconds", "idle_seconds", "utilisation", "currency", "revenue",
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
    return view
  }

  /// The hours, days, weeks or months of the local clock, cut at both ends.
  private func spans(of query: InsightQuery, by step: InsightStep) throws(Problem) -> [(from: Int64, to: Int64)] {
    var spans: [(from: Int64, to: Int64)] = []
    var begin = query.from
    while begin < query.to {
      let end = min(max(Quarter.number(of: query.zone.end(of: step, from: Quarter.start(begin))), begin + 1), query.to)
      spans.append((begin, end))
      guard spans.count <= Limits.insightLines else {
        throw .invalid("by", "more than \(Limits.insightLines) lines: ask for longer ones or a shorter time")
      }
      begin = end
    }
    return spans
  }

  // MARK: The hours of the week

  fileprivate func heatmap(_ call: Call) async throws -> InsightView {
    let query = try await insight(call, days: 28)
    let map = try await week(query)
    var view = InsightView(
      head: query.head, items: [],
      columns: ["weekday", "hour", "energy_kwh", "sessions", "busy_seconds", "idle_seconds", "utilisation"], rows: [])
    view.head["evses"] = .whole(map.evses)
    view.head["utilisation"] = .decimal(map.utilisation)
    for (index, cell) in map.cells.enumerated() {
      let seconds = cell.seconds * map.evses
      var item = cell.figures.json(seconds: seconds)
      item["weekday"] = .whole(index / 24 + 1)
      item["hour"] = .whole(index % 24)
      view.items.append(item)
      view.rows.append(
        [.whole(Int64(index / 24 + 1)), .whole(Int64(index % 24))] + cell.figures.cells(seconds: seconds, isFirst: true)
      )
    }
    return view
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
    try await house.read { books throws(StoreFault) in
      var map = WeekMap(evses: try query.evses(books))
      let scopes = try query.scopes(books)
      for stretch in query.stretches {
        map.addTime(from: stretch.from, to: stretch.to, quartersEast: stretch.quartersEast)
        for scope in scopes {
          let quarters = try books.usage.week(
            of: scope, from: stretch.from, to: stretch.to, quartersEast: stretch.quartersEast)
          for (quarter, figures) in quarters { map.add(figures, quarter: quarter) }
        }
      }
      return map
    }
  }

  // MARK: Connectors

  fileprivate func connectorUsage(_ call: Call) async throws -> InsightView {
    let query = try await insight(call, days: 30)
    let limit = Limits.insightLines
    let found = try await house.read { books throws(StoreFault) in
      try books.usage.connectors(at: query.location, station: query.station, limit: limit).map {
        connector throws(StoreFault) in
        (connector, try books.usage.sum(of: .connector(connector.id), from: query.from, to: query.to))
      }
    }
    let busiest = found.sorted { $0.1.figures.busySeconds > $1.1.figures.busySeconds }
    var view = InsightView(
      head: query.head, items: [],
      columns: [
        "station", "evse", "connector", "energy_kwh", "sessions", "busy_seconds", "idle_seconds", "utilisation",
        "currency", "revenue",
      ], rows: [])
    for (connector, sum) in busiest {
      var item = sum.json(seconds: query.seconds)
      item["station"] = .string(connector.station.text)
      item["evse"] = .whole(connector.evse)
      item["connector"] = .whole(connector.number)
      view.items.append(item)
      for (place, money) in sum.moneys.enumerated() {
        view.rows.append(
          [.text(connector.station.text), .whole(Int64(connector.evse)), .whole(Int64(connector.number))]
            + sum.figures.cells(seconds: query.seconds, isFirst: place == 0)
            + [.text(money.currency), money.amount.map { .number($0.decimal) } ?? .empty])
      }
    }
    return view
  }

  // MARK: What stands empty

  fileprivate func offPeak(_ call: Call) async throws -> Answer {
    let query = try await insight(call, days: 28)
    let map = try await week(query)
    let all = OffPeak.suggestions(for: map)
    var json = query.head
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

nonisolated extension InsightQuery {
  fileprivate func scopes(_ books: Books) throws(StoreFault) -> [UsageScope] {
    if let station {
      return try books.stations.evses(of: station).flatMap(\.connectors).map { .connector($0.id) }
    }
    return location.map { [.location($0)] } ?? [.house]
  }

  fileprivate func sum(_ books: Books, _ from: Int64, _ to: Int64) throws(StoreFault) -> UsageSum {
    var sum = UsageSum()
    for scope in try scopes(books) { sum = sum + (try books.usage.sum(of: scope, from: from, to: to)) }
    return sum
  }

  /// How many cars could charge at once, as the stations stand now.
  fileprivate func evses(_ books: Books) throws(StoreFault) -> Int {
    if let station { return try books.stations.evses(of: station).count }
    return try books.usage.evses(at: location)
  }
}

nonisolated extension ZoneRules {
  /// The end of the local hour, day, week or month in which that moment lies.
  fileprivate func end(of step: InsightStep, from start: Timestamp) -> Timestamp {
    switch step {
    case .hour:
      let local = civil(at: start)
      let next = start + .seconds(3600 - local.minute * 60 - local.second)
      // An hour in which the clock is set ends there.
      return nextTransition(after: start).map { min($0, next) } ?? next
    case .day: return startOfNextDay(start)
    case .week:
      var day = startOfNextDay(start)
      while civil(at: day).weekday != 1 { day = startOfNextDay(day) }
      return day
    case .month:
      var day = startOfNextDay(start)
      while civil(at: day).day != 1 { day = startOfNextDay(day) }
      return day
    }
  }
}

nonisolated extension UsageFigures {
  fileprivate func json(seconds: Int) -> JSON {
    [
      "energy_kwh": .energy(energy), "sessions": .whole(sessions), "busy_seconds": .whole(busySeconds),
      "idle_seconds": .whole(idleSeconds),
      "utilisation": .decimal(UsageFigures.utilisation(busy: busySeconds, of: seconds)),
    ]
  }

  fileprivate func cells(seconds: Int, isFirst: Bool) -> [CSV.Cell] {
    guard isFirst else { return Array(repeating: .empty, count: 5) }
    return [
      .number(energy.kilowattHours), .whole(Int64(sessions)), .whole(Int64(busySeconds)), .whole(Int64(idleSeconds)),
      UsageFigures.utilisation(busy: busySeconds, of: seconds).map { .number($0) } ?? .empty,
    ]
  }
}

nonisolated extension UsageSum {
  fileprivate func json(seconds: Int) -> JSON {
    var json = figures.json(seconds: seconds)
    json["revenue"] = .list(revenue.sorted { $0.key < $1.key }) { currency, amount in
      ["currency": .string(currency), "excl_vat": .string(amount.decimal.text(places: 2))]
    }
    return json
  }

  /// At least one line, also where nothing was earned.
  fileprivate var moneys: [(currency: String?, amount: Money?)] {
    revenue.isEmpty ? [(nil, nil)] : revenue.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
