import Wire

/// Something in a tariff that its author should know before a driver pays by it.
public struct TariffFlaw: Sendable, Equatable {
  public enum Severity: String, Word {
    /// It cannot be sold: the price would be undefined, or not what it says.
    case error
    /// It can be sold, and does something that is rarely meant.
    case warning
  }

  public enum Kind: String, Word {
    case badCurrency = "bad_currency", noElements = "no_elements", emptyElement = "empty_element"
    case repeatedDimension = "repeated_dimension", badPrice = "bad_price", badTax = "bad_tax", badStepSize = "bad_step_size"
    case badTime = "bad_time", badDate = "bad_date", emptyRange = "empty_range", badLimits = "bad_limits"
    case badValidity = "bad_validity", badReservation = "bad_reservation", unreachable, gap, rounding
  }

  public var severity: Severity
  public var kind: Kind
  /// As in the tariff's JSON: `elements[1].restrictions.start_time`.
  public var path: String
  /// For the operator: what is wrong and what it would do.
  public var text: String

  public init(_ severity: Severity, _ kind: Kind, at path: String, _ text: String) {
    (self.severity, self.kind, self.path, self.text) = (severity, kind, path, text)
  }
}

extension Tariff {
  /// What is wrong with it or rarely meant, in the order of its fields. A tariff with an error must not be sold.
  public func check() -> [TariffFlaw] {
    var check = TariffCheck()
    check.head(self)
    for (index, element) in elements.enumerated() { check.element(element, at: "elements[\(index)]") }
    check.reach(elements)
    return check.flaws
  }
}

/// Gathers the flaws of one tariff.
private struct TariffCheck {
  private(set) var flaws: [TariffFlaw] = []

  private mutating func error(_ kind: TariffFlaw.Kind, _ path: String, _ text: String) {
    flaws.append(TariffFlaw(.error, kind, at: path, text))
  }

  private mutating func warn(_ kind: TariffFlaw.Kind, _ path: String, _ text: String) {
    flaws.append(TariffFlaw(.warning, kind, at: path, text))
  }

  mutating func head(_ tariff: Tariff) {
    if tariff.currency.utf8.count != 3 || !tariff.currency.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) {
      error(.badCurrency, "currency", "\(tariff.currency) is not a code of three capital letters (ISO 4217)")
    }
    limit(tariff.minimum, "min_price")
    limit(tariff.maximum, "max_price")
    if let least = tariff.minimum, let most = tariff.maximum {
      let isAbove = least.beforeTax > most.beforeTax
      let isAboveAfterTax = least.afterTax.flatMap { least in most.afterTax.map { least > $0 } } ?? false
      if isAbove || isAboveAfterTax { error(.badLimits, "min_price", "the least price is above the highest price") }
    }
    if let from = tariff.validFrom, let until = tariff.validUntil, from >= until {
      error(.badValidity, "end_date_time", "it ends before it begins")
    }
    if tariff.elements.isEmpty { error(.noElements, "elements", "it has no elements, so nothing has a price") }
  }

  private mutating func limit(_ price: Price?, _ path: String) {
    guard let price else { return }
    if price.beforeTax < .zero { error(.badLimits, path, "a limit below zero") }
    if let after = price.afterTax, after < price.beforeTax {
      error(.badLimits, path, "the amount with tax is below the amount without")
    }
  }

  mutating func element(_ element: Tariff.Element, at path: String) {
    if element.components.isEmpty { error(.emptyElement, path, "it has no price components") }
    var seen: Set<Tariff.Dimension> = []
    for (index, component) in element.components.enumerated() {
      let path = "\(path).price_components[\(index)]"
      if !seen.insert(component.dimension).inserted {
        error(.repeatedDimension, path, "\(component.dimension.rawValue) has a price in this element already; this one never holds")
      }
      self.component(component, at: path)
      if element.restrictions?.reservation != nil, component.dimension != .flat, component.dimension != .time {
        error(.badReservation, path, "a reservation is priced by FLAT and TIME alone (OCPI 2.2.1 §11.4.6)")
      }
    }
    if let restrictions = element.restrictions { self.restrictions(restrictions, at: "\(path).restrictions") }
  }

  private mutating func component(_ component: Tariff.Component, at path: String) {
    if component.price.isNegative {
      error(.badPrice, "\(path).price", "a price below zero")
    } else if component.price > Limits.price || component.price.places > Limits.pricePlaces {
      error(.badPrice, "\(path).price", "a price has at most \(Limits.pricePlaces) decimals and is at most \(Limits.price)")
    }
    if let vat = component.vat, vat.isNegative || vat > Limits.vat || vat.places > Limits.vatPlaces {
      error(.badTax, "\(path).vat", "a tax is 0 to \(Limits.vat) percent with at most \(Limits.vatPlaces) decimals")
    }
    guard component.dimension != .flat else { return }
    if component.stepSize < 0 || component.stepSize > Limits.stepSize {
      error(.badStepSize, "\(path).step_size", "a step is 0 to \(Limits.stepSize)")
    } else if component.stepSize > 1 {
      let unit = component.dimension == .energy ? "Wh" : "seconds"
      warn(
        .rounding, "\(path).step_size",
        "the session's total is rounded up to \(component.stepSize) \(unit) by the last component that held; OCPI advises 1")
    }
  }

  private mutating func restrictions(_ given: Tariff.Restrictions, at path: String) {
    for (name, time) in [("start_time", given.startTime), ("end_time", given.endTime)] {
      if let time, TariffText.minuteOfDay(time) == nil {
        error(.badTime, "\(path).\(name)", "\(time) is not a time of day from 00:00 to 23:59; this element never holds")
      }
    }
    if let start = given.startTime, start == given.endTime, start != "00:00" {
      warn(.emptyRange, "\(path).end_time", "it begins and ends at \(start); that counts as the whole day")
    }
    for (name, date) in [("start_date", given.startDate), ("end_date", given.endDate)] {
      if let date, TariffText.date(date) == nil {
        error(.badDate, "\(path).\(name)", "\(date) is not a date as 2026-11-22; this element never holds")
      }
    }
    if let start = given.startDate.flatMap(TariffText.date), let end = given.endDate.flatMap(TariffText.date), start >= end {
      error(.emptyRange, "\(path).end_date", "the end date is not included and must be after the start date")
    }
    range("kwh", given.minKWh, given.maxKWh, path)
    range("current", given.minCurrent, given.maxCurrent, path)
    range("power", given.minPower, given.maxPower, path)
    range("duration", given.minDuration.map { Decimal($0) }, given.maxDuration.map { Decimal($0) }, path)
  }

  private mutating func range(_ name: String, _ least: Decimal?, _ most: Decimal?, _ path: String) {
    if let least, least.isNegative { error(.emptyRange, "\(path).min_\(name)", "below zero") }
    if let most, most <= max(least ?? .zero, .zero) {
      error(.emptyRange, "\(path).max_\(name)", "not above the least \(name), so this element never holds")
    }
  }

  /// Which components can never be reached, because an earlier one holds whenever they would; and which dimensions are
  /// without a price at times.
  mutating func reach(_ elements: [Tariff.Element]) {
    var earlier: [Tariff.Dimension: [(index: Int, when: Tariff.Restrictions)]] = [:]
    for (index, element) in elements.enumerated() {
      let when = element.restrictions ?? Tariff.Restrictions()
      for (place, component) in element.components.enumerated() {
        if let cover = earlier[component.dimension]?.first(where: { $0.index != index && $0.when.covers(when) }) {
          error(
            .unreachable, "elements[\(index)].price_components[\(place)]",
            "elements[\(cover.index)] has a price for \(component.dimension.rawValue) whenever this one would hold")
        }
        earlier[component.dimension, default: []].append((index, when))
      }
    }
    for dimension in Tariff.Dimension.allCases {
      guard let all = earlier[dimension]?.filter({ $0.when.reservation == nil }), !all.isEmpty else { continue }
      if !Coverage.isWhole(all.map(\.when)) {
        warn(
          .gap, "elements",
          "\(dimension.rawValue) may be without a price at times: no element without restrictions gives one as the last resort")
      }
    }
  }
}

/// Whether restrictions together leave no gap, as far as they are all of one kind.
private enum Coverage {
  static func isWhole(_ all: [Tariff.Restrictions]) -> Bool {
    // Each view sees one kind of restriction; an element that has another kind besides covers nothing in it.
    isWhole(all, until: nil) { ($0.minKWh, $0.maxKWh) } without: {
      $0.minKWh = nil
      $0.maxKWh = nil
    }
      || isWhole(all, until: nil) { ($0.minDuration.map { Decimal($0) }, $0.maxDuration.map { Decimal($0) }) } without: {
        $0.minDuration = nil
        $0.maxDuration = nil
      }
      || isWhole(all, until: nil) { ($0.minPower, $0.maxPower) } without: {
        $0.minPower = nil
        $0.maxPower = nil
      }
      || isWhole(all, until: nil) { ($0.minCurrent, $0.maxCurrent) } without: {
        $0.minCurrent = nil
        $0.maxCurrent = nil
      }
      || isWhole(all, until: Decimal(1440)) { (minute($0.startTime), $0.endTime == "00:00" ? nil : minute($0.endTime)) } without: {
        $0.startTime = nil
        $0.endTime = nil
      }
  }

  private static func minute(_ text: String?) -> Decimal? { text.flatMap(TariffText.minuteOfDay).map { Decimal($0) } }

  private static func isWhole(
    _ all: [Tariff.Restrictions], until end: Decimal?, _ range: (Tariff.Restrictions) -> (Decimal?, Decimal?),
    without clear: (inout Tariff.Restrictions) -> Void
  ) -> Bool {
    var spans: [(from: Decimal, until: Decimal?)] = []
    for restrictions in all {
      var rest = restrictions
      clear(&rest)
      guard rest == Tariff.Restrictions() else { continue }
      let (from, until) = range(restrictions)
      if end != nil, let from, let until, until <= from {
        spans.append((from, nil))
        spans.append((.zero, until))
      } else {
        spans.append((from ?? .zero, until))
      }
    }
    var covered = Decimal.zero
    for span in spans.sorted(by: { $0.from < $1.from }) {
      guard span.from <= covered else { return false }
      guard let until = span.until else { return true }
      covered = max(covered, until)
    }
    return end.map { covered >= $0 } ?? false
  }
}

extension Tariff.Restrictions {
  /// Whether these hold whenever the others do, as far as that shows by comparing them one by one.
  fileprivate func covers(_ other: Tariff.Restrictions) -> Bool {
    func reachesDown<V: Comparable>(_ mine: V?, _ theirs: V?) -> Bool {
      guard let mine else { return true }
      return theirs.map { mine <= $0 } ?? false
    }
    func reachesUp<V: Comparable>(_ mine: V?, _ theirs: V?) -> Bool {
      guard let mine else { return true }
      return theirs.map { mine >= $0 } ?? false
    }
    guard reservation == other.reservation else { return false }
    let days = Set(weekdays ?? [])
    let otherDays = Set(other.weekdays ?? [])
    guard days.isEmpty || (!otherDays.isEmpty && days.isSuperset(of: otherDays)) else { return false }
    let hasWindow = startTime != nil || endTime != nil
    guard !hasWindow || (startTime == other.startTime && endTime == other.endTime) else { return false }
    return reachesDown(startDate, other.startDate) && reachesUp(endDate, other.endDate)
      && reachesDown(minKWh, other.minKWh ?? .zero) && reachesUp(maxKWh, other.maxKWh)
      && reachesDown(minCurrent, other.minCurrent) && reachesUp(maxCurrent, other.maxCurrent)
      && reachesDown(minPower, other.minPower) && reachesUp(maxPower, other.maxPower)
      && reachesDown(minDuration, other.minDuration ?? 0) && reachesUp(maxDuration, other.maxDuration)
  }
}
