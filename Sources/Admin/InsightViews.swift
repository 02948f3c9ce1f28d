import Domain
import Export
import HTTP
import Store
import Wire

// What all views of insight share: what is asked for, and how figures are written.

/// A view as JSON and as a table of the same lines. It is made and written where the books are read, because the household
/// has stations to answer meanwhile.
nonisolated struct InsightView: Sendable {
  var head: JSON
  var items: [JSON]
  let columns: [String]
  var rows: [[CSV.Cell]]
}

/// How somebody asks for a view.
nonisolated enum InsightForm: Sendable {
  case page
  case table(String)

  func bytes(of view: InsightView) -> Bytes {
    switch self {
    case .page:
      var json = view.head
      json["items"] = .array(view.items)
      return json.bytes
    case .table:
      var table = CSV(columns: view.columns)
      for row in view.rows { table.add(row) }
      return table.take()
    }
  }
}

extension InsightForm {
  @MainActor func answer(_ bytes: Bytes) -> Answer {
    switch self {
    case .page: .response(.json(bytes))
    case .table(let name):
      .stream { responder in
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
}

/// What of it is asked for: a time on a local clock, and whose use.
nonisolated struct InsightQuery: Sendable {
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
nonisolated enum InsightStep: String, Word { case hour, day, week, month }

extension API {
  // MARK: What is asked

  func insight(
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

  /// The hours, days, weeks or months of the local clock, cut at both ends.
  func spans(of query: InsightQuery, by step: InsightStep) throws(Problem) -> [(from: Int64, to: Int64)] {
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
}

nonisolated extension InsightQuery {
  func scopes(_ books: Books) throws(StoreFault) -> [UsageScope] {
    if let station { return try books.usage.scopes(of: station, at: location) }
    return location.map { [.location($0)] } ?? [.house]
  }

  func sum(_ books: Books, _ from: Int64, _ to: Int64) throws(StoreFault) -> UsageSum {
    var sum = UsageSum()
    for scope in try scopes(books) { sum = sum + (try books.usage.sum(of: scope, from: from, to: to)) }
    return sum
  }

  /// The hours of the week.
  func week(_ books: Books) throws(StoreFault) -> WeekMap {
    var map = WeekMap(evses: try evses(books))
    let scopes = try scopes(books)
    for stretch in stretches {
      map.addTime(from: stretch.from, to: stretch.to, quartersEast: stretch.quartersEast)
      for scope in scopes {
        let quarters = try books.usage.week(
          of: scope, from: stretch.from, to: stretch.to, quartersEast: stretch.quartersEast)
        for (quarter, figures) in quarters { map.add(figures, quarter: quarter) }
      }
    }
    return map
  }

  /// The first quarter that ever saw something; nil where none did.
  func firstQuarter(_ books: Books) throws(StoreFault) -> Int64? {
    var first: Int64?
    for scope in try scopes(books) {
      if let own = try books.usage.firstQuarter(of: scope) { first = min(first ?? own, own) }
    }
    return first
  }

  func sums(_ books: Books, over spans: [(from: Int64, to: Int64)]) throws(StoreFault) -> [UsageSum] {
    var sums = Array(repeating: UsageSum(), count: spans.count)
    for scope in try scopes(books) {
      let own = try books.usage.sums(of: scope, over: spans)
      for place in sums.indices { sums[place] = sums[place] + own[place] }
    }
    return sums
  }

  /// How many cars could charge at once, as the stations stand now.
  func evses(_ books: Books) throws(StoreFault) -> Int {
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
  func json(seconds: Int) -> JSON {
    [
      "energy_kwh": .energy(energy), "sessions": .whole(sessions), "busy_seconds": .whole(busySeconds),
      "idle_seconds": .whole(idleSeconds),
      "utilisation": .decimal(UsageFigures.utilisation(busy: busySeconds, of: seconds)),
      "plug_ins": .whole(plugged), "plug_ins_served": .whole(served),
      "plug_in_success": .decimal(UsageFigures.utilisation(busy: served, of: plugged)),
    ]
  }

  func cells(seconds: Int, isFirst: Bool) -> [CSV.Cell] {
    guard isFirst else { return Array(repeating: .empty, count: 7) }
    return [
      .number(energy.kilowattHours), .whole(Int64(sessions)), .whole(Int64(busySeconds)), .whole(Int64(idleSeconds)),
      UsageFigures.utilisation(busy: busySeconds, of: seconds).map { .number($0) } ?? .empty, .whole(Int64(plugged)),
      .whole(Int64(served)),
    ]
  }
}

nonisolated extension UsageSum {
  func json(seconds: Int) -> JSON {
    var json = figures.json(seconds: seconds)
    json["revenue"] = .list(revenue.sorted { $0.key < $1.key }) { currency, amount in
      ["currency": .string(currency), "excl_vat": .string(amount.decimal.text(places: 2))]
    }
    return json
  }

  /// At least one line, also where nothing was earned.
  var moneys: [(currency: String?, amount: Money?)] {
    revenue.isEmpty ? [(nil, nil)] : revenue.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
