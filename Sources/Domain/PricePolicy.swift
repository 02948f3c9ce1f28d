import Wire

/// Rules by which the energy price of a tariff follows the operator's own numbers: how full a site is, the hour and the
/// season, the price of the grid, and what the sun gives. Prices stay between floor and cap, and a change is at most one
/// step, announced a notice period before.
public struct PricePolicy: Payload {
  public var name = ""
  /// The site whose use and surplus count; all sites where it is absent.
  public var location: Int?
  /// The series of grid prices.
  public var area: String?
  /// IANA name of the clock by which hours and seasons are read.
  public var timeZone = "Etc/UTC"
  /// Per kWh, before the rules; in the tariff's currency.
  public var base = Decimal.zero
  public var floor = Decimal.zero
  public var cap = Decimal.zero
  /// By how much one change moves the price at most.
  public var step = Decimal.zero
  /// Prices are multiples of it.
  public var grain = Decimal(1, places: 2)
  /// Seconds between the announcement of a price and its begin.
  public var noticeSeconds = 0
  /// Seconds for which a price holds at least.
  public var holdSeconds = 900
  public var rules: [Rule] = []

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("name", &name, max: 64)
    try w.visit("location", &location, 1...)
    try w.visit("area", &area, max: 32)
    try w.visit("time_zone", &timeZone, max: 255)
    try w.visit("base", &base)
    try w.visit("floor", &floor)
    try w.visit("cap", &cap)
    try w.visit("step", &step)
    try w.visit("grain", &grain)
    try w.visit("notice_seconds", &noticeSeconds, 0...Limits.policySeconds)
    try w.visit("hold_seconds", &holdSeconds, 0...Limits.policySeconds)
    try w.visit("rules", &rules, count: 1...Limits.policyRules)
  }

  /// What moves the price, and by how much. All that hold add up.
  public struct Rule: Payload {
    public enum Kind: String, Word {
      /// Percent of the site's EVSEs in use.
      case occupancy
      /// The clock alone.
      case hours
      /// Per kWh, of the day-ahead series.
      case grid
      /// kW that the site would feed into the grid.
      case surplus
    }

    public var kind = Kind.hours
    /// The input from this on, up to that; a rule without an input does not hold.
    public var from: Decimal?
    public var below: Decimal?
    /// Local times as in tariffs: an end before the start runs past midnight.
    public var startTime: String?
    public var endTime: String?
    public var weekdays: [Tariff.Restrictions.Weekday]?
    /// 1 to 12.
    public var months: [Int]?
    /// What it adds, per kWh; negative for a discount.
    public var add: Decimal?
    /// The same in percent of the base.
    public var percent: Decimal?
    /// How much of the grid's price it adds; 1 passes it on.
    public var share: Decimal?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("kind", &kind)
      try w.visit("from", &from)
      try w.visit("below", &below)
      try w.visit("start_time", &startTime, max: 5)
      try w.visit("end_time", &endTime, max: 5)
      try w.visit("day_of_week", &weekdays, count: 0...7)
      try w.visit("months", &months, 1...12, count: 0...12)
      try w.visit("add", &add)
      try w.visit("percent", &percent)
      try w.visit("share", &share)
    }
  }

  /// What is known at a moment; nil is not known.
  public struct Inputs: Sendable, Equatable {
    public var occupancy: Decimal?
    /// Per kWh.
    public var grid: Decimal?
    /// kW.
    public var surplus: Decimal?

    public init(occupancy: Decimal? = nil, grid: Decimal? = nil, surplus: Decimal? = nil) {
      (self.occupancy, self.grid, self.surplus) = (occupancy, grid, surplus)
    }
  }

  /// The price that the rules ask for, between floor and cap and on the grain, and the places of those that hold.
  public func target(at local: Civil, _ inputs: Inputs) -> (price: Decimal, rules: [Int]) {
    let holding = rules.indices.filter { rules[$0].holds(at: local, inputs) }
    let price = holding.reduce(base) { sum, index in
      let rule = rules[index]
      let part = (base * (rule.percent ?? .zero)).divided(by: 100, places: 6, rounding: .halfUp)
      let shared = ((rule.share ?? .zero) * (inputs.grid ?? .zero)).rounded(toPlaces: 6, .halfUp)
      return sum + (rule.add ?? .zero) + part + shared
    }
    return (bounded(price), holding)
  }

  /// The nearest multiple of the grain between floor and cap; where the grain leaves none, the bound itself.
  func bounded(_ price: Decimal) -> Decimal {
    let count = price.divided(by: grain, places: 0, rounding: .halfUp)
    return min(max(count * grain, floor), cap)
  }

  /// What is wrong with it, by field.
  public func check() -> [(field: String, text: String)] {
    var flaws: [(field: String, text: String)] = []
    func money(_ field: String, _ value: Decimal) {
      if value.isNegative || value > Limits.price || value.places > Limits.tariffPlaces {
        flaws.append((field, "0 to \(Limits.price) with at most \(Limits.tariffPlaces) decimals"))
      }
    }
    if name.isEmpty { flaws.append(("name", "a name is expected")) }
    for (field, value) in [("base", base), ("floor", floor), ("cap", cap), ("step", step), ("grain", grain)] {
      money(field, value)
    }
    if floor > cap { flaws.append(("floor", "above the cap")) }
    if grain.isZero { flaws.append(("grain", "above zero")) }
    if step < grain { flaws.append(("step", "at least the grain, or no price would ever move")) }
    for (index, rule) in rules.enumerated() {
      flaws += rule.check().map { ("rules[\(index)].\($0.field)", $0.text) }
      if rule.kind == .grid || rule.share != nil, area == nil { flaws.append(("area", "a rule asks for grid prices")) }
    }
    return flaws
  }
}

extension PricePolicy.Rule {
  fileprivate func holds(at local: Civil, _ inputs: PricePolicy.Inputs) -> Bool {
    if startTime != nil || endTime != nil {
      let minute = local.hour * 60 + local.minute
      let from = startTime.flatMap(TariffText.minuteOfDay) ?? 0
      let end = endTime.flatMap(TariffText.minuteOfDay) ?? 0
      let until = end == 0 ? 1440 : end
      let isInside = from < until ? from <= minute && minute < until : from <= minute || minute < until
      guard isInside else { return false }
    }
    if let weekdays, !weekdays.isEmpty, !weekdays.contains(where: { $0.number == local.weekday }) { return false }
    if let months, !months.isEmpty, !months.contains(local.month) { return false }
    if share != nil, inputs.grid == nil { return false }
    let input: Decimal
    switch kind {
    case .hours: return true
    case .occupancy:
      guard let occupancy = inputs.occupancy else { return false }
      input = occupancy
    case .grid:
      guard let grid = inputs.grid else { return false }
      input = grid
    case .surplus:
      guard let surplus = inputs.surplus else { return false }
      input = surplus
    }
    return (from.map { $0 <= input } ?? true) && (below.map { input < $0 } ?? true)
  }

  fileprivate func check() -> [(field: String, text: String)] {
    var flaws: [(field: String, text: String)] = []
    if add == nil, percent == nil, share == nil { flaws.append(("add", "add, percent or share says what it does")) }
    for (field, value) in [("add", add), ("percent", percent), ("share", share), ("from", from), ("below", below)] {
      if let value, value.magnitude > Limits.price || value.places > Limits.pricePlaces {
        flaws.append((field, "at most \(Limits.price) with at most \(Limits.pricePlaces) decimals"))
      }
    }
    for (field, time) in [("start_time", startTime), ("end_time", endTime)] {
      if let time, TariffText.minuteOfDay(time) == nil { flaws.append((field, "a time as 07:30")) }
    }
    if let from, let below, below <= from { flaws.append(("below", "not above `from`: it would never hold")) }
    return flaws
  }
}

/// Where a price stands and where it goes: it moves by one step at most, is announced before it holds, and then holds
/// for a while. What was announced is kept, whatever the inputs do meanwhile.
public struct PriceMotion: Sendable, Equatable {
  public private(set) var price: Decimal
  public private(set) var changedAt: Timestamp?
  public private(set) var planned: Planned?

  public struct Planned: Sendable, Equatable {
    public var price: Decimal
    public var at: Timestamp

    public init(price: Decimal, at: Timestamp) { (self.price, self.at) = (price, at) }
  }

  public enum Step: Sendable, Equatable {
    case stay
    case announce(Planned)
    case change(from: Decimal, to: Decimal)
  }

  public init(price: Decimal, changedAt: Timestamp? = nil, planned: Planned? = nil) {
    (self.price, self.changedAt, self.planned) = (price, changedAt, planned)
  }

  /// One look at what the rules ask for now.
  public mutating func look(_ target: Decimal, by policy: PricePolicy, at now: Timestamp) -> Step {
    if let planned {
      guard planned.at <= now else { return .stay }
      return begin(planned.price, by: policy, at: now)
    }
    let next = next(toward: target, by: policy)
    guard next != price else { return .stay }
    let free = changedAt.map { $0 + .seconds(policy.holdSeconds) } ?? now
    let begin = max(now + .seconds(policy.noticeSeconds), free)
    guard begin > now else { return self.begin(next, by: policy, at: now) }
    // Where a price must hold on, the next one is not chosen before its notice period begins.
    guard begin - .seconds(policy.noticeSeconds) <= now else { return .stay }
    let plan = Planned(price: next, at: begin)
    planned = plan
    return .announce(plan)
  }

  private mutating func begin(_ next: Decimal, by policy: PricePolicy, at now: Timestamp) -> Step {
    // The operator may have drawn the bounds closer since it was announced.
    let next = min(max(next, policy.floor), policy.cap)
    let old = price
    (price, planned) = (next, nil)
    guard next != old else { return .stay }
    changedAt = now
    return .change(from: old, to: next)
  }

  /// A price outside the bounds comes inside at once; else one step at most.
  private func next(toward target: Decimal, by policy: PricePolicy) -> Decimal {
    if price < policy.floor { return policy.floor }
    if price > policy.cap { return policy.cap }
    let distance = target - price
    guard distance.magnitude > policy.step else { return target }
    // From a price beside the grain the step ends on it, and is never longer.
    let moved = distance.isNegative ? price - policy.step : price + policy.step
    let count = moved.divided(by: policy.grain, places: 0, rounding: distance.isNegative ? .up : .down)
    return min(max(count * policy.grain, policy.floor), policy.cap)
  }
}

extension Tariff {
  /// The energy price that a policy moves: the general one, of the first element for sessions that always holds. Elements
  /// with hours or amounts stand before it and have prices of their own; where each has some, it is that of the last.
  public var energyPrice: Decimal? {
    let priced = elements.filter { $0.restrictions?.isOfSession ?? true }.compactMap { element in
      element.components.first { $0.dimension == .energy }.map {
        (price: $0.price, isGeneral: element.restrictions == nil)
      }
    }
    return (priced.first(where: \.isGeneral) ?? priced.last)?.price
  }

  /// The tariff with that energy price. Other energy components keep their distance to it, as far as the bounds leave it:
  /// the one and the same tariff is moved to and fro, so that what a bound takes comes back.
  public func moved(to price: Decimal, within bounds: ClosedRange<Decimal>? = nil) -> Tariff {
    guard let old = energyPrice else { return self }
    var tariff = self
    for index in tariff.elements.indices where tariff.elements[index].restrictions?.isOfSession ?? true {
      for place in tariff.elements[index].components.indices
      where tariff.elements[index].components[place].dimension == .energy {
        let own = tariff.elements[index].components[place].price
        // A policy of before could come to more decimals than partners can be told.
        let moved = max(own + price - old, .zero).rounded(toPlaces: Limits.tariffPlaces, .halfUp)
        tariff.elements[index].components[place].price =
          own == old ? price : bounds.map { min(max(moved, $0.lowerBound), $0.upperBound) } ?? moved
      }
    }
    return tariff
  }
}
