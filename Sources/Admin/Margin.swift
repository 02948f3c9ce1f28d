import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// What energy costs the house and what is left of the revenue: over time, by location, and of one session.
extension Route {
  static let margin: [Route] = [
    Route("showMargin", .get, "/insight/margin", .look) { try await $0.margin($1, as: .page) },
    Route("exportMargin", .get, "/insight/margin.csv", .look) { try await $0.margin($1, as: .table("margin")) },
    Route("showSessionMargin", .get, "/sessions/{id}/margin", .look) { try await $0.sessionMargin($1) },
    Route("listEnergyPrices", .get, "/energy-prices", .look) { try await $0.listEnergyPrices($1) },
    Route("keepEnergyPrices", .post, "/energy-prices", .run) { try await $0.keepEnergyPrices($1) },
    Route("removeEnergyPrices", .delete, "/energy-prices", .run) { api, call in
      let span = try call.priceSpan()
      try await api.house.removeEnergyPrices(of: try call.queryID("location"), from: span.from, to: span.to)
      return .done
    },
  ]
}

/// How the lines of the margin are made.
nonisolated private enum MarginStep: String, Word {
  case location, hour, day, week, month

  var time: InsightStep? { InsightStep(rawValue: rawValue) }
}

/// One line: what was sold and what it cost.
nonisolated private struct MarginLine: Sendable {
  var location: Location?
  var from: Int64
  var to: Int64
  var use: UsageSum
  var costs: [String: (energy: Energy, cost: Money)]

  /// The energy of which a price is known.
  var costed: Energy { costs.values.reduce(.zero) { $0 + $1.energy } }

  /// Each currency in which something came or went, in the order of its code.
  var moneys: [(currency: String, revenue: Money, cost: Money)] {
    Set(use.revenue.keys).union(costs.filter { $0.value.cost != .zero }.keys).sorted().map {
      ($0, use.revenue[$0] ?? .zero, costs[$0]?.cost ?? .zero)
    }
  }

  var json: JSON {
    [
      "start": .time(Quarter.start(from)), "end": .time(Quarter.start(to)), "location": .id(location?.id),
      "name": .text(location?.name), "energy_kwh": .energy(use.figures.energy), "costed_kwh": .energy(costed),
      "moneys": .list(moneys) { money in
        [
          "currency": .string(money.currency), "revenue": .string(money.revenue.decimal.text(places: 2)),
          "cost": .string(money.cost.decimal.text(places: 2)),
          "margin": .string((money.revenue - money.cost).decimal.text(places: 2)),
        ]
      },
    ]
  }

  var cells: [[CSV.Cell]] {
    let moneys = moneys.isEmpty ? [nil] : moneys.map { $0 as (currency: String, revenue: Money, cost: Money)? }
    return moneys.enumerated().map { place, money in
      [.time(Quarter.start(from)), .time(Quarter.start(to)), .text(location?.ref), .text(location?.name)]
        + (place == 0
          ? [.number(use.figures.energy.kilowattHours), .number(costed.kilowattHours)] : [.empty, .empty])
        + [.text(money?.currency)]
        + [money?.revenue, money?.cost, money.map { $0.revenue - $0.cost }].map { amount in
          amount.map { .number($0.decimal) } ?? .empty
        }
    }
  }
}

extension API {
  // MARK: Margin

  fileprivate func margin(_ call: Call, as form: InsightForm) async throws -> Answer {
    guard call[query: "station"] == nil else {
      throw Problem.invalid("station", "what energy costs is known by location")
    }
    let query = try await insight(call, days: 30)
    let step: MarginStep = try call.queryWord("by") ?? .day
    let times = try step.time.map { step throws(Problem) in try spans(of: query, by: step) } ?? []
    let limit = Limits.insightLines
    let bytes = try await house.read { books throws(StoreFault) in
      let total = try books.margin(at: query.location, from: query.from, to: query.to)
      var lines: [MarginLine] = []
      if step.time != nil {
        lines = try books.margins(at: query.location, over: times)
      } else {
        for location in try books.locations.list(limit: limit) where query.location.map({ $0 == location.id }) ?? true {
          var line = try books.margin(at: location.id, from: query.from, to: query.to)
          line.location = location
          lines.append(line)
        }
      }
      var view = InsightView(
        head: query.head, items: lines.map(\.json),
        columns: [
          "start", "end", "location", "name", "energy_kwh", "costed_kwh", "currency", "revenue", "cost", "margin",
        ], rows: lines.flatMap(\.cells))
      view.head["by"] = .word(step)
      view.head["total"] = total.json
      return form.bytes(of: view)
    }
    return form.answer(bytes)
  }

  /// The quarters of one session: what was delivered in each, and what that cost.
  fileprivate func sessionMargin(_ call: Call) async throws -> Answer {
    let id = call.text("id")
    let found = try await house.read { books throws(StoreFault) -> (KeptCDR, EnergyPrices?)? in
      guard let kept = try books.cdrs.cdr(session: id) else { return nil }
      guard let location = kept.location else { return (kept, nil) }
      return (
        kept,
        try books.energyCosts.prices(
          at: location, from: Quarter.number(of: kept.cdr.startedAt), to: Quarter.number(of: kept.cdr.endedAt) + 1)
      )
    }
    guard let (kept, prices) = found else { throw Problem(.notFound, "no bill of such a session counts") }
    let quarters = kept.cdr.usage.filter { $0.figures.energy != .zero }
    var costs: [String: (energy: Energy, cost: Money)] = [:]
    let lines: [JSON] = quarters.map { quarter, figures in
      let held = prices?.price(at: Quarter.start(quarter))
      let cost = prices?.cost(of: figures.energy, in: quarter)
      if let cost {
        let before = costs[cost.currency] ?? (.zero, .zero)
        costs[cost.currency] = (before.energy + figures.energy, before.cost + cost.cost)
      }
      return [
        "start": .time(Quarter.start(quarter)), "energy_kwh": .energy(figures.energy),
        "currency": .text(held?.currency), "price_per_kwh": .decimal(held?.perKWh),
        "cost": .text(cost?.cost.decimal.text(places: 2)),
      ]
    }
    var use = UsageSum()
    use.figures.energy = kept.cdr.totals.energy
    use.revenue[kept.cdr.currency] = kept.cdr.totals.cost.beforeTax
    var json = MarginLine(
      location: nil, from: quarters.first?.quarter ?? 0, to: (quarters.last?.quarter ?? 0) + 1, use: use, costs: costs
    ).json
    json["session"] = .string(id)
    json["start"] = .time(kept.cdr.startedAt)
    json["end"] = .time(kept.cdr.endedAt)
    json["location"] = .id(kept.location)
    json["name"] = .text(kept.cdr.place.name)
    json["quarters"] = .array(lines)
    return .json(json)
  }

  // MARK: Prices

  fileprivate func listEnergyPrices(_ call: Call) async throws -> Answer {
    let (location, span) = (try call.queryID("location", of: Location.self), try call.priceSpan())
    let prices = try await house.read { books throws(StoreFault) in
      try books.energyCosts.prices(of: location, from: span.from, to: span.to)
    }
    return .page(
      prices.prefix(Limits.energyPrices).map { price in
        [
          "begins_at": .time(price.beginsAt), "currency": .string(price.currency),
          "price_per_kwh": .decimal(price.price), "area": .text(price.area),
        ]
      }, next: nil)
  }

  /// As a list of prices, or as the text of a CSV file with the columns `begins_at` and `price_per_kwh`.
  fileprivate func keepEnergyPrices(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let location: ID<Location>? = try fields.maybeID("location", of: Location.self)
    let currency = try fields.maybeText("currency") ?? house.settings.currency
    guard currency.count == 3, currency.utf8.allSatisfy({ (65...90).contains($0) }) else {
      throw Problem.invalid("currency", "three letters of ISO 4217")
    }
    let area = try fields.maybeText("area")
    var prices: [EnergyPrice] = []
    func add(_ at: Timestamp?, _ price: Decimal?, _ path: (String) -> String) throws(Problem) {
      guard let at, at.milliseconds % (Quarter.seconds * 1000) == 0 else {
        throw .invalid(path("begins_at"), "a whole quarter of an hour is expected")
      }
      guard let price, price.magnitude <= Domain.Limits.price,
        price == price.rounded(toPlaces: Domain.Limits.pricePlaces, .halfUp)
      else {
        throw .invalid(
          path("price_per_kwh"),
          "at most \(Domain.Limits.price) with at most \(Domain.Limits.pricePlaces) decimals, as decimal text")
      }
      prices.append(EnergyPrice(beginsAt: at, currency: currency, price: price, area: area))
    }
    try fields.each("values") { value throws(Problem) in
      try add(try value.maybeTime("begins_at"), try value.maybeDecimal("price_per_kwh")) { value.path(of: $0) }
    }
    if let text = try fields.maybeText("csv") {
      let series: PriceSeries
      do { series = try PriceSeries(text, per: .kWh, mostPoints: Limits.energyPrices) } catch {
        throw Problem.invalid(error.line.map { "csv line \($0)" } ?? "csv", error.why)
      }
      for point in series.points { try add(point.at, point.price) { _ in "csv line \(point.line)" } }
    }
    try fields.finish()
    guard (1...Limits.energyPrices).contains(prices.count) else {
      throw Problem.invalid("values", "1 to \(Limits.energyPrices) prices, in `values` or in `csv`")
    }
    try await house.keepEnergyPrices(prices, of: location)
    return .json(["kept": .whole(prices.count)], status: .created)
  }
}

extension Call {
  fileprivate func priceSpan() throws(Problem) -> (from: Timestamp, to: Timestamp) {
    let from = try queryTime("from") ?? .epoch
    let to = try queryTime("to") ?? Timestamp(milliseconds: .max / 2)
    guard from < to else { throw .invalid("to", "later than from") }
    return (from, to)
  }
}

nonisolated extension Books {
  fileprivate func margins(
    at location: ID<Location>?, over spans: [(from: Int64, to: Int64)]
  ) throws(StoreFault) -> [MarginLine] {
    let uses = try usage.sums(of: location.map { .location($0) } ?? .house, over: spans)
    let costs = try energyCosts.sums(of: location, over: spans)
    return spans.indices.map { place in
      MarginLine(from: spans[place].from, to: spans[place].to, use: uses[place], costs: costs[place])
    }
  }

  fileprivate func margin(at location: ID<Location>?, from: Int64, to: Int64) throws(StoreFault) -> MarginLine {
    try MarginLine(
      from: from, to: to, use: usage.sum(of: location.map { .location($0) } ?? .house, from: from, to: to),
      costs: energyCosts.sum(of: location, from: from, to: to))
  }
}
