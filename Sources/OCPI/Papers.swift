import Domain
import Wire

/// Tariffs and CDRs in files that people have, of any version: for the tools that check and price them. A partner's
/// request is read by its edition, not here.
public enum Papers {
  /// What one file holds: a tariff, a list of them, an answer of OCPI, or a CDR with its tariffs.
  public static func tariffs(in json: JSON) throws(Flaw) -> [PaperTariff] {
    if let all = json.array { return all.map(PaperTariff.init) }
    guard json.object != nil else { throw Flaw(path: "", kind: .wrongType, detail: "a tariff is an object") }
    // The envelope of an answer (OCPI 2.2.1 §4.1.7).
    if let data = json["data"], json["elements"] == nil { return try tariffs(in: data) }
    if json["charging_periods"] != nil { return (json["tariffs"]?.array ?? []).map(PaperTariff.init) }
    return [PaperTariff(json)]
  }

  /// A CDR of 2.1.1, 2.2.1 or 2.3.0.
  public static func cdr(in json: JSON) throws(Flaw) -> PaperCDR {
    if let data = json["data"], json["charging_periods"] == nil { return try cdr(in: data) }
    return try PaperCDR(json)
  }

  public static func isCDR(_ json: JSON) -> Bool {
    json["charging_periods"] != nil || json["data"]?["charging_periods"] != nil
  }
}

/// A tariff as somebody wrote it, and as the house reads it.
public struct PaperTariff: Sendable {
  /// In the house's own form, which is that of 2.2.1 with what 2.3.0 adds.
  public let json: JSON

  init(_ written: JSON) {
    var json = written
    for limit in ["min_price", "max_price"] {
      guard let amount = json[limit], !amount.isNull else { continue }
      json[limit] = amount.number == nil ? Self.renamed(amount) : ["excl_vat": amount]
    }
    // Who owns it and when it changed stand beside a tariff in our books.
    for name in ["country_code", "party_id", "last_updated"] { json[name] = nil }
    if json["id"] == nil { json["id"] = "" }
    self.json = json
  }

  /// The limits of 2.3.0 have names of their own.
  private static func renamed(_ limit: JSON) -> JSON {
    var limit = limit
    for (old, new) in [("before_taxes", "excl_vat"), ("after_taxes", "incl_vat")] {
      if let amount = limit[old] {
        limit[new] = amount
        limit[old] = nil
      }
    }
    return limit
  }

  /// The tariff with what did not fit, or the first reason why it cannot be read.
  public func read() throws(Flaw) -> (tariff: Tariff, oddities: [Oddity]) {
    let read = try Tariff.read(json)
    return (read.value, read.oddities)
  }

  /// All reasons why it cannot be read. A reader stops at the first; so that is mended in a copy, which is read again.
  public func flawsOfForm() -> [Flaw] {
    var flaws: [Flaw] = []
    var copy = json
    while flaws.count < Limits.paperFlaws {
      do throws(Flaw) {
        _ = try Tariff.read(copy)
        return flaws
      } catch {
        flaws.append(error)
        guard let mended = Self.mended(copy, error) else { return flaws }
        copy = mended
      }
    }
    return flaws
  }

  /// A copy that has something readable in the place of a flaw: a value of another kind, or, where none helps, nothing in
  /// the place of the list's element around it. Nil where that does not help either.
  private static func mended(_ json: JSON, _ flaw: Flaw) -> JSON? {
    let path = JSONPath(flaw.path)
    func isBetter(_ copy: JSON) -> Bool {
      do throws(Flaw) { _ = try Tariff.read(copy) } catch { return error.path != flaw.path }
      return true
    }
    let values: [JSON] = [.string("EUR"), 1, [], [:], true, .string("2026-01-01T00:00:00Z"), .string("ENERGY")]
    for value in values {
      if let copy = path.put(value, into: json), isBetter(copy) { return copy }
    }
    guard let element = path.element, let copy = element.put(.null, into: json), isBetter(copy) else { return nil }
    return copy
  }
}

/// A place in a document as flaws name it, such as `elements[1].restrictions.start_time`.
private struct JSONPath {
  enum Step {
    case member(String)
    case element(Int)
  }

  private var steps: [Step] = []

  init(_ text: String) {
    for part in text.split(separator: ".") {
      let pieces = part.split(separator: "[")
      if let name = pieces.first, !part.hasPrefix("[") { steps.append(.member(String(name))) }
      for piece in pieces.dropFirst(part.hasPrefix("[") ? 0 : 1) {
        if let place = Int(piece.dropLast()) { steps.append(.element(place)) }
      }
    }
  }

  private init(_ steps: [Step]) { self.steps = steps }

  /// The innermost element of a list that holds the place.
  var element: JSONPath? {
    steps.lastIndex { if case .element = $0 { true } else { false } }.map { JSONPath(Array(steps[...$0])) }
  }

  /// The document with a value there; nil where there is no such place.
  func put(_ value: JSON, into json: JSON) -> JSON? { Self.put(value, steps[...], into: json) }

  private static func put(_ value: JSON, _ steps: ArraySlice<Step>, into json: JSON) -> JSON? {
    guard let step = steps.first else { return value }
    var copy = json
    switch step {
    case .member(let name):
      guard json.object != nil, let inner = put(value, steps.dropFirst(), into: json[name] ?? .null) else { return nil }
      copy[name] = inner
    case .element(let place):
      guard var elements = json.array, elements.indices.contains(place),
        let inner = put(value, steps.dropFirst(), into: elements[place])
      else { return nil }
      elements[place] = inner
      copy = .array(elements)
    }
    return copy
  }
}

/// A CDR as a partner wrote it, ready to be priced again.
public struct PaperCDR: Sendable {
  public let startedAt: Timestamp
  public let endedAt: Timestamp
  public let currency: String
  public let tariffs: [PaperTariff]
  public let periods: [ChargingPeriod]
  public let isCredit: Bool
  /// Named by the location of 2.1.1 alone.
  public let timeZone: String?
  /// What it says that it costs, by the names of its fields.
  public let costs: [(name: String, price: Price)]

  fileprivate init(_ json: JSON) throws(Flaw) {
    startedAt = try Self.time(json["start_date_time"], "start_date_time")
    let end = json["end_date_time"] ?? json["stop_date_time"]
    endedAt = try Self.time(end, "end_date_time")
    currency = json["currency"]?.string ?? ""
    tariffs = (json["tariffs"]?.array ?? []).map(PaperTariff.init)
    isCredit = json["credit"]?.bool ?? false
    timeZone = json["location"]?["time_zone"]?.string
    var periods: [RoamingPeriod] = []
    for (index, entry) in (json["charging_periods"]?.array ?? []).enumerated() {
      periods.append(try Self.period(entry, "charging_periods[\(index)]"))
    }
    guard !periods.isEmpty else {
      throw Flaw(path: "charging_periods", kind: .missing, detail: "without periods nothing can be priced")
    }
    self.periods = periods.plain(until: endedAt)
    var costs: [(name: String, price: Price)] = []
    for name in Self.costNames {
      if let cost = json[name], !cost.isNull { costs.append((name, try Self.price(cost, name))) }
    }
    self.costs = costs
  }

  /// Priced by its own tariff or by another one.
  public func bill(by tariff: Tariff, zone: ZoneRules) -> Bill {
    Pricing.bill(periods: periods, from: startedAt, to: endedAt, tariff: tariff, zone: zone)
  }

  /// What it says and what its periods give, where the two differ. Whether an amount has four decimals or two is the
  /// writer's choice, so half a hundredth is no difference.
  public func differences(to totals: CDR.Totals) -> [(name: String, written: Price, priced: Price)] {
    let priced: [String: Price?] = [
      "total_cost": isCredit ? totals.cost.negated : totals.cost, "total_fixed_cost": totals.fixedCost,
      "total_energy_cost": totals.energyCost, "total_time_cost": totals.timeCost,
      "total_parking_cost": totals.parkingCost, "total_reservation_cost": totals.reservationCost,
    ]
    return costs.compactMap { name, written in
      let ours = (priced[name] ?? nil) ?? Price()
      func differ(_ one: Money, _ other: Money) -> Bool { abs((one - other).tenThousandths) > 50 }
      let differsAfterTax = written.afterTax.map { differ($0, ours.total) } ?? false
      return differ(written.beforeTax, ours.beforeTax) || differsAfterTax ? (name, written, ours) : nil
    }
  }

  private static let costNames = [
    "total_cost", "total_fixed_cost", "total_energy_cost", "total_time_cost", "total_parking_cost",
    "total_reservation_cost",
  ]

  private static func time(_ value: JSON?, _ path: String) throws(Flaw) -> Timestamp {
    // Before 2.2.1 some write times without a zone; OCPI has all of them in UTC.
    guard let text = value?.string, let time = Timestamp(text) ?? Timestamp(text + "Z") else {
      throw Flaw(path: path, kind: value == nil ? .missing : .wrongType, detail: "a time as 2026-11-03T09:15:00Z")
    }
    return time
  }

  private static func period(_ json: JSON, _ path: String) throws(Flaw) -> RoamingPeriod {
    var volumes: [String: Decimal] = [:]
    for (index, dimension) in (json["dimensions"]?.array ?? []).enumerated() {
      guard let kind = dimension["type"]?.string,
        let volume = dimension["volume"]?.decimal ?? dimension["volume"]?.string.flatMap({ Decimal($0) })
      else {
        throw Flaw(path: "\(path).dimensions[\(index)]", kind: .wrongType, detail: "a type and a volume")
      }
      if kind.uppercased() == "ENERGY", Energy(wattHours: volume * 1000) == nil {
        throw Flaw(path: "\(path).dimensions[\(index)].volume", kind: .outOfRange, detail: "\(volume) kWh")
      }
      guard volume.magnitude <= Limits.toldNumber else {
        throw Flaw(path: "\(path).dimensions[\(index)].volume", kind: .outOfRange, detail: "\(volume)")
      }
      volumes[kind.uppercased()] = volume
    }
    return RoamingPeriod(startedAt: try time(json["start_date_time"], "\(path).start_date_time"), volumes: volumes)
  }

  /// A number (2.1.1), `excl_vat` and `incl_vat` (2.2.1), or `before_taxes` and a list of taxes (2.3.0).
  private static func price(_ json: JSON, _ path: String) throws(Flaw) -> Price {
    func money(_ value: JSON?) -> Money? {
      guard let amount = value?.decimal, amount.magnitude <= Limits.toldNumber else { return nil }
      return Money(read: amount)
    }
    if let amount = money(json) { return Price(beforeTax: amount) }
    guard let before = money(json["excl_vat"] ?? json["before_taxes"]) else {
      throw Flaw(path: path, kind: .wrongType, detail: "an amount")
    }
    guard let taxes = json["taxes"]?.array else { return Price(beforeTax: before, afterTax: money(json["incl_vat"])) }
    let all = taxes.map { tax in
      TaxAmount(
        tax["name"]?.string ?? "", percent: tax["percentage"]?.decimal, accountNumber: tax["account_number"]?.string,
        amount: money(tax["amount"]) ?? .zero)
    }
    return Price(beforeTax: before, afterTax: all.reduce(before) { $0 + $1.amount }, taxes: all)
  }
}
