import Wire

/// A tariff made ready for pricing: which component holds at a given moment, and where that can change.
struct Rates: Sendable {
  /// What the prices are for.
  enum Purpose: Equatable {
    /// A session. Elements for reservations and bookings never hold in one.
    case session
    case hold(Hold.Ending)
  }

  /// One price component with the conditions of its element, numbered so that two moments can be compared.
  struct Rate: Sendable {
    let number: Int
    /// Where it stands in the tariff.
    let element: Int
    let component: Int
    /// Per kWh, per hour, or once.
    let price: Ratio
    /// Nil where no tax applies.
    let taxes: [Tax]?
    let step: Int64
    fileprivate let condition: Condition?
  }

  /// What a moment of a session looks like to a tariff.
  struct Moment {
    var local: Civil
    /// Since the session began.
    var seconds: Int
    /// Delivered before it.
    var energy: Energy
    /// W and A; nil where nobody measured it.
    var power: Decimal?
    var current: Decimal?
  }

  /// The component that holds in each dimension.
  struct Active {
    var energy, flat, time, parking: Rate?
  }

  // The components of each dimension in their order.
  private var energy: [Rate] = []
  private var flat: [Rate] = []
  private var time: [Rate] = []
  private var parking: [Rate] = []

  // Where a component can begin or cease to hold.
  let minutesOfDay: [Int]
  let durations: [Int]
  let energies: [Energy]
  /// W and A, ascending.
  let powers: [Decimal]
  let currents: [Decimal]

  init(_ tariff: Tariff?, for purpose: Purpose = .session) {
    var conditions: [Condition] = []
    var rates: [(dimension: Tariff.Dimension, rate: Rate)] = []
    for (place, element) in Self.elements(of: tariff, for: purpose) {
      let condition = element.restrictions.map(Condition.init)
      if let condition { conditions.append(condition) }
      let first = rates.count
      // A second one of the same dimension in the same element is never reached.
      for (index, component) in element.components.enumerated()
      where !rates[first...].contains(where: { $0.dimension == component.dimension }) {
        let rate = Rate(
          component, number: rates.count, at: (place, index), taxes: tariff?.levy(on: component), when: condition)
        rates.append((component.dimension, rate))
      }
    }
    minutesOfDay = Self.bounds(conditions) { $0.minutesOfDay }
    durations = Self.bounds(conditions) { [$0.duration.lowerBound, $0.duration.upperBound] }
    energies = Self.bounds(conditions) { [$0.energy.lowerBound, $0.energy.upperBound] }
    powers = Self.bounds(conditions) { $0.power.bounds }
    currents = Self.bounds(conditions) { $0.current.bounds }
    for (dimension, rate) in rates {
      switch dimension {
      case .energy: energy.append(rate)
      case .flat: flat.append(rate)
      case .time: time.append(rate)
      case .parkingTime: parking.append(rate)
      }
    }
  }

  /// The elements that can hold, in their order. Where a reservation expired, a component for that goes before one for
  /// reservations as such (OCPI 2.2.1 §11.4.3).
  private static func elements(
    of tariff: Tariff?, for purpose: Purpose
  ) -> [(place: Int, element: Tariff.Element)] {
    let all = (tariff?.elements ?? []).enumerated().map { (place: $0, element: $1) }
    func elements(_ reservation: Tariff.Restrictions.Reservation?) -> [(place: Int, element: Tariff.Element)] {
      all.filter { $0.element.restrictions?.reservation == reservation && $0.element.restrictions?.booking == nil }
    }
    return switch purpose {
    case .session: elements(nil)
    case .hold(.used), .hold(.cancelled): elements(.reservation)
    case .hold(.expired): elements(.expires) + elements(.reservation)
    }
  }

  /// Ascending, each once.
  private static func bounds<Bound: Hashable & Comparable>(
    _ conditions: [Condition], _ bounds: (Condition) -> [Bound]
  ) -> [Bound] {
    // Most tariffs have no conditions.
    conditions.isEmpty ? [] : Set(conditions.flatMap(bounds)).sorted()
  }

  /// Whether the tariff prices a dimension at all.
  func prices(_ dimension: Tariff.Dimension) -> Bool {
    switch dimension {
    case .energy: !energy.isEmpty
    case .flat: !flat.isEmpty
    case .time: !time.isEmpty
    case .parkingTime: !parking.isEmpty
    }
  }

  func active(at moment: Moment) -> Active {
    func first(_ rates: [Rate]) -> Rate? { rates.first { $0.condition?.holds(at: moment) ?? true } }
    return Active(energy: first(energy), flat: first(flat), time: first(time), parking: first(parking))
  }

  /// Power and current as far as the tariff tells them apart: equal for two moments between which no condition on them
  /// changes.
  func load(power: Decimal?, current: Decimal?) -> Load {
    Load(power: power.map { Self.place($0, powers) }, current: current.map { Self.place($0, currents) })
  }

  struct Load: Equatable {
    fileprivate var power, current: Int?
  }

  private static func place(_ value: Decimal, _ bounds: [Decimal]) -> Int { bounds.count { $0 <= value } }
}

extension Rates.Rate {
  fileprivate init(
    _ component: Tariff.Component, number: Int, at place: (element: Int, component: Int), taxes: [Tax]?,
    when condition: Condition?
  ) {
    self.number = number
    (element, self.component) = place
    let price = min(component.price.rounded(toPlaces: Limits.pricePlaces, .halfUp), Limits.price)
    self.price = Ratio(max(price, -Limits.price))
    self.taxes = taxes
    step = Int64(max(0, min(component.stepSize, Limits.stepSize)))
    self.condition = condition
  }
}

extension Tariff {
  /// The taxes of a component: its own VAT, else those of the tariff. Nil where none applies.
  func levy(on component: Component) -> [Tax]? {
    guard taxIncluded != .notApplicable else { return nil }
    let all = component.vat.map { [Tax.vat($0)] } ?? taxes?.prefix(Limits.taxes).map(\.self)
    return all?.map { tax -> Tax in
      var tax = tax
      tax.percent = max(min(tax.percent.rounded(toPlaces: Limits.vatPlaces, .halfUp), Limits.vat), .zero)
      return tax
    }
  }
}

/// The restrictions of an element, read once.
private struct Condition: Sendable {
  /// Minutes of the day, `until` excluded; past midnight where it is not above `from`.
  var window: (from: Int, until: Int)?
  /// Local dates as yyyymmdd, the last one excluded.
  var dates = Int.min..<Int.max
  /// 1 is Monday; nil for every day.
  var weekdays: Set<Int>?
  var energy = Energy.zero..<Limits.sessionEnergy + Limits.sessionEnergy
  var duration = 0..<Int.max
  var power = Bounds()
  var current = Bounds()
  /// False where a bound cannot be read or its range is empty: such a condition never holds.
  var canHold = true

  struct Bounds: Sendable {
    var least: Decimal?
    var most: Decimal?

    var bounds: [Decimal] { [least, most].compactMap { $0 } }

    /// A condition on something that nobody measured does not hold.
    func contains(_ value: Decimal?) -> Bool {
      if least == nil, most == nil { return true }
      guard let value else { return false }
      return (least.map { $0 <= value } ?? true) && (most.map { value < $0 } ?? true)
    }
  }

  init(_ restrictions: Tariff.Restrictions) {
    if restrictions.startTime != nil || restrictions.endTime != nil {
      let from = TariffText.minuteOfDay(restrictions.startTime ?? "00:00")
      let until = TariffText.minuteOfDay(restrictions.endTime ?? "00:00")
      // OCPI 2.2.1 §11.4.6: 00:00 as an end is the end of the day.
      if let from, let until { window = (from, until == 0 ? 1440 : until) } else { canHold = false }
    }
    let first = restrictions.startDate.map(TariffText.date) ?? .some(.min)
    let last = restrictions.endDate.map(TariffText.date) ?? .some(.max)
    if let first, let last, first < last { dates = first..<last } else { canHold = false }
    if let days = restrictions.weekdays, !days.isEmpty { weekdays = Set(days.map(\.number)) }
    let energies = (
      restrictions.minKWh.map(Self.energy) ?? .zero, restrictions.maxKWh.map(Self.energy) ?? energy.upperBound
    )
    if energies.0 < energies.1 { energy = energies.0..<energies.1 } else { canHold = false }
    let durations = (max(restrictions.minDuration ?? 0, 0), restrictions.maxDuration ?? .max)
    if durations.0 < durations.1 { duration = durations.0..<durations.1 } else { canHold = false }
    let kilo = Decimal(1000)
    power = Bounds(least: restrictions.minPower.map { $0 * kilo }, most: restrictions.maxPower.map { $0 * kilo })
    current = Bounds(least: restrictions.minCurrent, most: restrictions.maxCurrent)
  }

  var minutesOfDay: [Int] {
    let needsMidnight = weekdays != nil || dates != Int.min..<Int.max
    return (window.map { [$0.from, $0.until % 1440] } ?? []) + (needsMidnight ? [0] : [])
  }

  func holds(at moment: Rates.Moment) -> Bool {
    guard canHold, duration.contains(moment.seconds), energy.contains(moment.energy) else { return false }
    guard power.contains(moment.power), current.contains(moment.current) else { return false }
    let local = moment.local
    if let window {
      let minute = local.hour * 60 + local.minute
      let isInside =
        window.from < window.until
        ? window.from <= minute && minute < window.until : window.from <= minute || minute < window.until
      guard isInside else { return false }
    }
    if let weekdays, !weekdays.contains(local.weekday) { return false }
    return dates.contains(local.year * 10_000 + local.month * 100 + local.day)
  }

  /// kWh as an energy; what no session reaches stands for anything beyond it.
  private static func energy(_ kilowattHours: Decimal) -> Energy {
    let bound = Limits.sessionEnergy + Limits.sessionEnergy
    guard kilowattHours < bound.kilowattHours else { return bound }
    guard !kilowattHours.isNegative else { return .zero }
    return Energy(wattHours: kilowattHours * Decimal(1000)) ?? bound
  }
}

/// The texts in which a tariff names times and dates, and a location its opening hours.
enum TariffText {
  /// Minutes since midnight of `HH:MM`, 00:00 to 24:00: the ends of opening hours.
  static func minutes(_ text: String) -> Int? { text == "24:00" ? 1_440 : minuteOfDay(text) }

  /// Minutes since midnight of `HH:MM`, 00:00 to 23:59.
  static func minuteOfDay(_ text: String) -> Int? {
    let bytes = [UInt8](text.utf8)
    guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"), let hour = number(bytes[0...1]),
      let minute = number(bytes[3...4]),
      hour < 24, minute < 60
    else { return nil }
    return hour * 60 + minute
  }

  /// yyyymmdd of `YYYY-MM-DD`, for a date that exists.
  static func date(_ text: String) -> Int? {
    let bytes = [UInt8](text.utf8)
    guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      let year = number(bytes[0...3]),
      let month = number(bytes[5...6]), let day = number(bytes[8...9]),
      Timestamp(year: year, month: month, day: day) != nil
    else { return nil }
    return year * 10_000 + month * 100 + day
  }

  /// Midnight of such a date, as if it were UTC.
  static func moment(_ text: String) -> Timestamp? {
    date(text).flatMap { Timestamp(year: $0 / 10_000, month: $0 / 100 % 100, day: $0 % 100) }
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }
}

extension Tariff.Restrictions.Weekday {
  /// 1 is Monday (ISO 8601).
  var number: Int {
    switch self {
    case .monday: 1
    case .tuesday: 2
    case .wednesday: 3
    case .thursday: 4
    case .friday: 5
    case .saturday: 6
    case .sunday: 7
    }
  }
}
