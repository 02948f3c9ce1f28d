import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// What is set side by side: what fails at which stations, models and by which codes; partners; and next week's load of a
// site against the weeks before.
extension Route {
  static let comparing: [Route] = [
    Route("showFailures", .get, "/insight/failures", .look) { try await $0.failures($1, as: .page) },
    Route("exportFailures", .get, "/insight/failures.csv", .look) { try await $0.failures($1, as: .table("failures")) },
    Route("showPartnerUsage", .get, "/insight/partners", .look) { try await $0.partnerUsage($1, as: .page) },
    Route("exportPartnerUsage", .get, "/insight/partners.csv", .look) {
      try await $0.partnerUsage($1, as: .table("partners"))
    },
    Route("showForecast", .get, "/insight/forecast", .look) { try await $0.forecast($1, as: .page) },
    Route("exportForecast", .get, "/insight/forecast.csv", .look) { try await $0.forecast($1, as: .table("forecast")) },
  ]
}

extension API {
  // MARK: Failures

  /// The most frequent first, each with its share of all and what the lines up to it make together.
  fileprivate func failures(_ call: Call, as form: InsightForm) async throws -> Answer {
    let query = try await insight(call, days: 30)
    let grouping: Incidents.Grouping = try call.queryWord("by") ?? .code
    let limit = Limits.insightLines
    let bytes = try await house.read { books throws(StoreFault) in
      let lines = try books.incidents.lines(
        by: grouping, at: query.location, from: query.from, to: query.to, limit: limit)
      let all = lines.reduce(0) { $0 + $1.count }
      var view = InsightView(
        head: query.head, items: [],
        columns: [
          "station", "vendor", "model", "kind", "code", "count", "seconds", "stations", "share", "share_so_far",
        ], rows: [])
      view.head["by"] = .word(grouping)
      view.head["count"] = .whole(all)
      var seen = 0
      for line in lines {
        seen += line.count
        let (share, soFar) = (
          UsageFigures.utilisation(busy: line.count, of: all), UsageFigures.utilisation(busy: seen, of: all)
        )
        view.items.append([
          "station": .text(line.station?.text), "vendor": .text(line.vendor), "model": .text(line.model),
          "kind": .text(line.kind?.rawValue), "code": .text(line.code), "count": .whole(line.count),
          "seconds": .whole(line.seconds), "stations": .whole(line.stations), "share": .decimal(share),
          "share_so_far": .decimal(soFar),
        ])
        view.rows.append([
          .text(line.station?.text), .text(line.vendor), .text(line.model), .text(line.kind?.rawValue),
          .text(line.code), .whole(Int64(line.count)), .whole(Int64(line.seconds)), .whole(Int64(line.stations)),
          share.map { .number($0) } ?? .empty, soFar.map { .number($0) } ?? .empty,
        ])
      }
      return form.bytes(of: view)
    }
    return form.answer(bytes)
  }

  // MARK: Partners

  fileprivate func partnerUsage(_ call: Call, as form: InsightForm) async throws -> Answer {
    let query = try await insight(call, days: 30)
    let bytes = try await house.read { books throws(StoreFault) in
      var found: [(partner: Partner?, sum: UsageSum)] = []
      for partner in [nil] + (try books.partners.all().map(Optional.some)) {
        found.append((partner, try books.usage.sum(of: .partner(partner?.id), from: query.from, to: query.to)))
      }
      let energy = found.reduce(Energy.zero) { $0 + $1.sum.figures.energy }
      var view = InsightView(
        head: query.head, items: [],
        columns: [
          "partner", "name", "energy_kwh", "share", "sessions", "busy_seconds", "idle_seconds", "kwh_per_session",
          "currency", "revenue", "revenue_per_kwh",
        ], rows: [])
      for (partner, sum) in found.sorted(by: { $0.sum.figures.energy > $1.sum.figures.energy }) {
        let figures = sum.figures
        let share =
          energy > .zero
          ? figures.energy.kilowattHours.divided(by: energy.kilowattHours, places: 4, rounding: .halfUp) : nil
        let each =
          figures.sessions > 0
          ? figures.energy.kilowattHours.divided(by: Decimal(figures.sessions), places: 4, rounding: .halfUp) : nil
        func perKWh(_ money: Money) -> Decimal? {
          figures.energy > .zero
            ? money.decimal.divided(by: figures.energy.kilowattHours, places: 4, rounding: .halfUp) : nil
        }
        view.items.append([
          "partner": .id(partner?.id), "name": .text(partner?.name), "energy_kwh": .energy(figures.energy),
          "share": .decimal(share), "sessions": .whole(figures.sessions), "busy_seconds": .whole(figures.busySeconds),
          "idle_seconds": .whole(figures.idleSeconds), "kwh_per_session": .decimal(each),
          "revenue": .list(sum.revenue.sorted { $0.key < $1.key }) { currency, amount in
            [
              "currency": .string(currency), "excl_vat": .string(amount.decimal.text(places: 2)),
              "per_kwh": .decimal(perKWh(amount)),
            ]
          },
        ])
        for (place, money) in sum.moneys.enumerated() {
          let front: [CSV.Cell] =
            place == 0
            ? [
              .number(figures.energy.kilowattHours), share.map { .number($0) } ?? .empty,
              .whole(Int64(figures.sessions)), .whole(Int64(figures.busySeconds)), .whole(Int64(figures.idleSeconds)),
              each.map { .number($0) } ?? .empty,
            ] : Array(repeating: .empty, count: 6)
          view.rows.append(
            [partner.map { .whole($0.id.value) } ?? .empty, .text(partner?.name)] + front + [
              .text(money.currency), money.amount.map { .number($0.decimal) } ?? .empty,
              money.amount.flatMap(perKWh).map { .number($0) } ?? .empty,
            ])
        }
      }
      return form.bytes(of: view)
    }
    return form.answer(bytes)
  }

  // MARK: Forecast

  fileprivate func forecast(_ call: Call, as form: InsightForm) async throws -> Answer {
    let zone = try await zone(of: call)
    let location: ID<Location>? = try call.queryID("location")
    let start = zone.startOfDay(try call.queryMoment("from", in: zone) ?? zone.startOfNextDay(clock.now()))
    let end = Quarter.number(of: start)
    let bytes = try await house.read { books throws(StoreFault) in
      let scope: UsageScope = location.map { .location($0) } ?? .house
      let first = end - Int64(LoadForecast.mostWeeks * 7 + 1) * Quarter.perDay
      let used = try books.usage.quarters(of: scope, from: first, to: end)
      let forecast = LoadForecast(
        from: start, used: Dictionary(uniqueKeysWithValues: used.map { ($0.quarter, $0.figures.energy) }),
        since: try books.usage.firstQuarter(of: scope) ?? end, zone: zone)
      let enough = LoadForecast.leastWeeks + LoadForecast.leastTries
      var view = InsightView(
        head: [
          "from": .time(start), "weeks": .whole(forecast.weeks), "enough": .bool(forecast.isEnough),
          "weeks_needed": .whole(enough), "band_percent": .whole(80), "band_tried_hours": .whole(forecast.triedHours),
          "band_held_percent": .decimal(forecast.heldPercent), "location": .id(location),
        ], items: [], columns: ["start", "end", "energy_kwh", "least_kwh", "most_kwh"], rows: [])
      for hour in forecast.hours {
        view.items.append([
          "start": .time(hour.start), "end": .time(hour.end), "energy_kwh": .energy(hour.energy),
          "least_kwh": .energy(hour.least), "most_kwh": .energy(hour.most),
        ])
        view.rows.append([
          .time(hour.start), .time(hour.end), .number(hour.energy.kilowattHours), .number(hour.least.kilowattHours),
          .number(hour.most.kilowattHours),
        ])
      }
      return form.bytes(of: view)
    }
    return form.answer(bytes)
  }
}
