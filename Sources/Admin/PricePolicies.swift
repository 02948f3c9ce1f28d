import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// Prices that follow demand: their rules, what they would have done and what they did, and the series they look at.
extension Route {
  static let pricePolicies: [Route] = [
    Route("listPricePolicies", .get, "/price-policies", .look) { try await $0.listPolicies($1) },
    Route("createPricePolicy", .post, "/price-policies", .run) { try await $0.createPolicy($1) },
    Route("getPricePolicy", .get, "/price-policies/{id}", .look) { try await $0.showPolicy($1.id(), status: .ok) },
    Route("changePricePolicy", .patch, "/price-policies/{id}", .run) { try await $0.changePolicy($1) },
    Route("removePricePolicy", .delete, "/price-policies/{id}", .run) { try await $0.removePolicy($1) },
    Route("listPriceMoves", .get, "/price-policies/{id}/moves", .look) { try await $0.listMoves($1) },
    Route("previewPricePolicy", .get, "/price-policies/{id}/preview", .look) { try await $0.previewPolicy($1) },
    Route("showGridPrices", .get, "/grid-prices/{area}", .look) { try await $0.showGridPrices($1) },
    Route("putGridPrices", .put, "/grid-prices/{area}", .run, alsoTakes: "text/csv") { try await $0.putGridPrices($1) },
    Route("getSurplus", .get, "/locations/{id}/surplus", .look) { try await $0.showSurplus($1) },
    Route("putSurplus", .put, "/locations/{id}/surplus", .run) { try await $0.putSurplus($1) },
  ]
}

extension API {
  fileprivate func listPolicies(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor: ID<PricePolicy>? = try call.cursorID()
    let all = try await house.read { books throws(StoreFault) in
      try books.policies.list(after: cursor, limit: limit)
    }
    return .page(all.map(\.shape), next: all.count < limit ? nil : all.last?.id.description)
  }

  fileprivate func showPolicy(_ id: ID<PricePolicy>, status: Status) async throws -> Answer {
    guard let kept = try await house.read({ books throws(StoreFault) in try books.policies.policy(id) }) else {
      throw Problem(.notFound, "no such price policy")
    }
    return .json(kept.shape, status: status, etag: kept.tag)
  }

  fileprivate func createPolicy(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let tariff: ID<Tariff>? = try fields.maybeID("tariff", of: Tariff.self)
    let policy: PricePolicy? = try fields.maybePayload("policy")
    try fields.finish()
    guard let tariff else { throw Problem.invalid("tariff", "a tariff's id is expected") }
    guard let policy else { throw Problem.invalid("policy", "the rules are expected") }
    return try await showPolicy(house.addPolicy(policy, for: tariff, by: call.by).id, status: .created)
  }

  fileprivate func changePolicy(_ call: Call) async throws -> Answer {
    let id: ID<PricePolicy> = try call.id()
    var fields = try call.fields()
    let policy: PricePolicy? = try fields.maybePayload("policy")
    let state: KeptPolicy.State? = try fields.maybeWord("state")
    try fields.finish()
    _ = try await house.changePolicy(id, to: policy, state: state, by: call.by) { kept throws(HouseRefusal) in
      try call.expect(kept.tag)
    }
    return try await showPolicy(id, status: .ok)
  }

  fileprivate func removePolicy(_ call: Call) async throws -> Answer {
    try await house.removePolicy(try call.id(), by: call.by)
    return .done
  }

  fileprivate func listMoves(_ call: Call) async throws -> Answer {
    let (id, limit) = (try call.id() as ID<PricePolicy>, try call.limit())
    let cursor = try call.cursor().flatMap { Int64($0) }
    let moves = try await house.read { books throws(StoreFault) -> [PriceMove]? in
      guard try books.policies.policy(id) != nil else { return nil }
      return try books.policies.moves(of: id, before: cursor, limit: limit)
    }
    guard let moves else { throw Problem(.notFound, "no such price policy") }
    return .page(moves.map(\.shape), next: moves.count < limit ? nil : moves.last.map { "\($0.id)" })
  }

  // MARK: Preview

  /// The rules over what was charged in a time that is past.
  fileprivate func previewPolicy(_ call: Call) async throws -> Answer {
    let id: ID<PricePolicy> = try call.id()
    let quarter = Quarter.seconds * 1000
    let now = Timestamp(milliseconds: clock.now().milliseconds / quarter * quarter)
    let to = try call.queryTime("to") ?? now
    let from = try call.queryTime("from") ?? to - .seconds(60 * 86_400)
    for (name, time) in [("from", from), ("to", to)] where time.milliseconds % quarter != 0 {
      throw Problem.invalid(name, "a whole quarter of an hour is expected")
    }
    guard from < to, to.seconds(since: from) <= Int64(Limits.previewSeconds) else {
      throw Problem.invalid("from", "before `to`, by at most \(Limits.previewSeconds / 86_400) days")
    }
    guard let elasticity = Decimal(call[query: "elasticity"] ?? "0.2")?.figure, !elasticity.isNegative, elasticity <= 5
    else {
      throw Problem.invalid("elasticity", "0 to 5")
    }
    let found = try await house.read { books throws(StoreFault) -> (KeptPolicy, TariffVersion, [PricePreview.Past])? in
      guard let kept = try books.policies.policy(id), let tariff = try books.tariffs.tariff(kept.tariff) else {
        return nil
      }
      return (kept, tariff, try kept.policy.past(of: kept.tariff, from: from, to: to, books))
    }
    guard let (kept, tariff, past) = found else { throw Problem(.notFound, "no such price policy") }
    guard tariff.tariff.energyPrice != nil, let zone = zones[kept.policy.timeZone] else {
      throw Problem(.conflict, "its tariff has no price for energy, or its time zone is not on this machine")
    }
    var preview = await house.beside { PricePreview(kept.policy, over: past, zone: zone, elasticity: elasticity) }
    let (filter, zones) = (CDRFilter(from: from, to: to), zones)
    var (cursor, read, others): (String?, Int, Int) = (nil, 0, 0)
    while read < Limits.previewRecords {
      let after = cursor
      let page = try await house.read { books throws(StoreFault) in
        try books.cdrs.list(filter, before: after, limit: Limits.previewPage)
      }
      let own = page.filter {
        $0.party == tariff.party && $0.cdr.tariff?.ref.lowercased() == tariff.tariff.ref.lowercased()
      }
      let soFar = preview
      preview = await house.beside {
        var preview = soFar
        for bill in own { preview.add(bill.cdr, zone: zones[bill.cdr.timeZone]) }
        return preview
      }
      (cursor, read, others) = (page.last?.cdr.id, read + page.count, others + page.count - own.count)
      if page.count < Limits.previewPage { break }
    }
    let unknown = kept.policy.unknown(
      of: preview, over: past, others: others, isCut: read >= Limits.previewRecords, elasticity: elasticity)
    return .json([
      "from": .time(from), "to": .time(to), "currency": .string(tariff.tariff.currency),
      "elasticity": .string(elasticity.description), "sessions": .whole(preview.sessions),
      "energy_kwh": .energy(preview.energy),
      "earned": .string(preview.earned.beforeTax.decimal.text(places: 2)),
      "would_have_earned": .string(preview.wouldHaveEarned.beforeTax.decimal.text(places: 2)),
      "earned_incl_vat": .string(preview.earned.total.decimal.text(places: 2)),
      "would_have_earned_incl_vat": .string(preview.wouldHaveEarned.total.decimal.text(places: 2)),
      "moved_kwh": .energy(preview.moved), "changes": .whole(preview.changes),
      "lowest_price": .decimal(preview.lowest), "highest_price": .decimal(preview.highest),
      "unknown": .list(unknown) { ["code": .string($0.code), "count": .whole($0.count), "text": .string($0.text)] },
    ])
  }

  // MARK: Series

  fileprivate func showGridPrices(_ call: Call) async throws -> Answer {
    let area = call.text("area")
    let from = try call.queryTime("from") ?? clock.now() - .seconds(86_400)
    let to = try call.queryTime("to") ?? from + .seconds(3 * 86_400)
    guard from < to, to.seconds(since: from) <= Int64(Limits.previewSeconds) else {
      throw Problem.invalid("from", "before `to`, by at most \(Limits.previewSeconds / 86_400) days")
    }
    let prices = try await house.read { books throws(StoreFault) in
      try books.policies.grid(of: area, from: from, to: to)
    }
    return .json([
      "items": .list(prices) { price in
        ["start": .time(price.start), "end": .time(price.until), "price_per_kwh": .decimal(price.price)]
      }
    ])
  }

  /// JSON with `items` of `start` and `price_per_mwh`, or CSV with a time and a price per MWh a line.
  fileprivate func putGridPrices(_ call: Call) async throws -> Answer {
    let prices: [GridPrice]
    do {
      if call.request.mediaType == "text/csv" {
        let text = String(decoding: call.request.body, as: UTF8.self)
        let series = try PriceSeries(text, per: .MWh, mostPoints: Domain.Limits.gridPrices)
        prices = try GridPrice.series(series.points.map { ($0.at, $0.price) })
      } else {
        prices = try GridPrice.series(try gridPoints(call))
      }
    } catch let flaw as PriceSeries.Flaw {
      throw Problem.invalid(flaw.line.map { "line \($0)" } ?? "items", flaw.why)
    } catch let flaw as Flaw {
      throw Problem.invalid(flaw.path.isEmpty ? "items" : "line \(flaw.path)", flaw.detail)
    }
    try await house.keepGridPrices(prices, of: call.text("area"))
    return .json(["kept": .whole(prices.count)])
  }

  private func gridPoints(_ call: Call) throws(Problem) -> [(start: Timestamp, price: Decimal)] {
    let body: JSON
    do { body = try JSON.parse(call.request.body) } catch {
      throw Problem(.malformed, "the body is not JSON: \(error)")
    }
    guard let items = body["items"]?.array else { throw Problem.invalid("items", "a list of prices is expected") }
    var points: [(start: Timestamp, price: Decimal)] = []
    for (index, item) in items.enumerated() {
      guard let start = item["start"]?.string.flatMap({ Timestamp($0) }),
        let price = (item["price_per_mwh"]?.decimal ?? item["price_per_mwh"]?.string.flatMap { Decimal($0) })?.figure
      else { throw Problem.invalid("items[\(index)]", "a `start` and a `price_per_mwh`") }
      points.append((start, price))
    }
    return points
  }

  fileprivate func putSurplus(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let power = try fields.maybeDecimal("power_kw")
    let seconds = try fields.maybeWhole("valid_seconds") ?? 900
    try fields.finish()
    guard let power, !power.isNegative, power <= Decimal(1_000_000) else {
      throw Problem.invalid("power_kw", "0 to 1000000")
    }
    guard (1...86_400).contains(seconds) else { throw Problem.invalid("valid_seconds", "1 to 86400") }
    try await house.keepSurplus(power, at: try call.id(), seconds: seconds) { known throws(HouseRefusal) in
      try call.expect(known.tag)
    }
    return .done
  }

  fileprivate func showSurplus(_ call: Call) async throws -> Answer {
    let id: ID<Location> = try call.id()
    let found = try await house.read { books throws(StoreFault) in
      try books.locations.location(id).map { _ throws(StoreFault) in try books.policies.surplus(of: id) }
    }
    guard let said = found else { throw Problem(.notFound, "no such location") }
    return .json(said.json, etag: said.tag)
  }
}

nonisolated extension PricePolicy {
  /// Each quarter of a time that is past: how full the site was, the grid's price, and what the tariff cost. What the sun
  /// gave nobody kept.
  fileprivate func past(
    of tariff: ID<Tariff>, from: Timestamp, to: Timestamp, _ books: Books
  ) throws(StoreFault) -> [PricePreview.Past] {
    let site = location.map { ID<Location>(Int64($0)) }
    let (first, end) = (Quarter.number(of: from), Quarter.number(of: to))
    let used = try books.usage.quarters(of: site.map { .location($0) } ?? .house, from: first, to: end)
    let figures = Dictionary(used.map { ($0.quarter, $0.figures) }) { $1 }
    let evses = try books.usage.evses(at: site)
    let grid =
      try area.map { area throws(StoreFault) in
        try books.policies.grid(of: area, from: from, to: to)
      } ?? []
    let held = try books.tariffs.energyPrices(of: tariff, from: from, to: to)
    let today = try books.tariffs.tariff(tariff)?.tariff.energyPrice ?? base
    var (place, version) = (0, 0)
    return (first..<end).map { quarter in
      let start = Quarter.start(quarter)
      while place + 1 < grid.count, grid[place + 1].start <= start { place += 1 }
      while version + 1 < held.count, held[version + 1].since <= start { version += 1 }
      var inputs = Inputs()
      if grid.indices.contains(place), grid[place].start <= start, start < grid[place].until {
        inputs.grid = grid[place].price
      }
      let seen = figures[quarter] ?? UsageFigures()
      inputs.occupancy = UsageFigures.utilisation(busy: seen.busySeconds, of: evses * Int(Quarter.seconds)).map {
        min($0 * 100, 100)
      }
      return PricePreview.Past(
        quarter: quarter, inputs: inputs, held: held.indices.contains(version) ? held[version].price : today)
    }
  }

  /// What a preview does not know, and how often that matters where it is counted.
  fileprivate func unknown(
    of preview: PricePreview, over past: [PricePreview.Past], others: Int, isCut: Bool, elasticity: Decimal
  ) -> [(code: String, count: Int?, text: String)] {
    var unknown: [(code: String, count: Int?, text: String)] = [
      ("new_demand", nil, "who would have come for a lower price, or not at all for a higher one")
    ]
    if !elasticity.isZero {
      unknown.append(("reaction", nil, "how many drivers would move to cheaper hours: what was assumed"))
    }
    if rules.contains(where: { $0.kind == .occupancy }) {
      unknown.append(("moments", nil, "how full the site was from minute to minute: the mean of each quarter counts"))
    }
    if rules.contains(where: { $0.kind == .surplus }) {
      unknown.append(("sun", nil, "what the sun gave: nobody kept it, and no rule by it held"))
    }
    let withoutPrice = past.count { $0.inputs.grid == nil }
    if area != nil, withoutPrice > 0 {
      unknown.append(("grid", withoutPrice, "the grid's price in quarters of an hour of which none was told"))
    }
    if preview.begunBefore > 0 {
      unknown.append(("begun_before", preview.begunBefore, "sessions that began before that time: as they were billed"))
    }
    if preview.notRepriced > 0 {
      unknown.append(
        ("not_repriced", preview.notRepriced, "bills that their own periods do not give again: as they were billed"))
    }
    if others > 0 { unknown.append(("other_tariffs", others, "bills by other tariffs: left out")) }
    if isCut {
      unknown.append(("older", Limits.previewRecords, "older bills of that time: only the newest were priced again"))
    }
    return unknown
  }
}

nonisolated extension KeptPolicy {
  /// The version of what people decide; where its price stands is none of that.
  fileprivate var tag: ETag { ETag(of: policy.encoded() + Bytes(utf8: state.rawValue)) }

  fileprivate var shape: JSON {
    [
      "id": .id(id), "tariff": .id(tariff), "state": .word(state), "policy": policy.json,
      "price": .decimal(motion?.price), "changed_at": .time(motion?.changedAt),
      "planned": motion?.planned.map { ["price": .decimal($0.price), "at": .time($0.at)] } ?? .null,
      "trouble": .text(trouble), "created_at": .time(createdAt), "updated_at": .time(updatedAt),
    ]
  }
}

nonisolated extension PriceMove {
  fileprivate var shape: JSON {
    [
      "at": .time(at), "kind": .word(kind), "live": .bool(isLive), "price": .decimal(price), "begins": .time(begins),
      "version": .whole(version), "why": why,
    ]
  }
}

nonisolated extension SiteSurplus? {
  fileprivate var tag: ETag { ETag(of: json.bytes) }

  fileprivate var json: JSON { ["power_kw": .decimal(self?.kilowatts), "until": .time(self?.until)] }
}
