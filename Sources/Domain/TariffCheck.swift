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
    case badCurrency = "bad_currency"
    case noElements = "no_elements"
    case emptyElement = "empty_element"
    case repeatedDimension = "repeated_dimension"
    case badPrice = "bad_price"
    case badTax = "bad_tax"
    case badStepSize = "bad_step_size"
    case badTime = "bad_time"
    case badDate = "bad_date"
    case emptyRange = "empty_range"
    case badLimits = "bad_limits"
    case badValidity = "bad_validity"
    case badReservation = "bad_reservation"
    /// A price that is told, and by which nothing is charged.
    case unpriced
    case unreachable, gap, rounding, contradiction
    /// Drivers cannot be told the price as the law of a country asks.
    case priceDisplay = "price_display"
    /// It cannot be read, or holds what no tariff has.
    case badForm = "bad_form"
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
    for (index, element) in elements.enumerated() {
      check.element(element, at: "elements[\(index)]")
      if let restrictions = element.restrictions { check.dates(restrictions, of: self, at: "elements[\(index)]") }
    }
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
    taxes(tariff)
    if tariff.elements.isEmpty { error(.noElements, "elements", "it has no elements, so nothing has a price") }
  }

  private mutating func taxes(_ tariff: Tariff) {
    let hasVAT = tariff.elements.contains { $0.components.contains { $0.vat != nil } }
    let all = tariff.taxes ?? []
    if tariff.taxIncluded == .notApplicable, hasVAT || !all.isEmpty {
      error(.contradiction, "tax_included", "no tax applies, and yet it names taxes")
    }
    if all.count > Limits.taxes { error(.badTax, "taxes", "at most \(Limits.taxes) taxes") }
    for (index, tax) in all.enumerated() {
      if tax.name.isEmpty { error(.badTax, "taxes[\(index)].name", "a tax needs a name") }
      if all[..<index].contains(where: { $0.name == tax.name }) {
        error(.badTax, "taxes[\(index)].name", "\(tax.name) is named twice")
      }
      percent(tax.percent, "taxes[\(index)].percentage")
    }
    if let amount = tariff.preauthorization {
      if amount.isNegative || amount > Limits.price {
        error(.badLimits, "preauthorize_amount", "an amount from 0 to \(Limits.price)")
      }
      places(of: amount, .badLimits, "preauthorize_amount")
    }
  }

  /// A number that partners cannot be told.
  private mutating func places(of number: Decimal, _ kind: TariffFlaw.Kind, _ path: String) {
    guard number.places > Limits.tariffPlaces else { return }
    error(kind, path, "\(number) has more than \(Limits.tariffPlaces) decimals, and OCPI tells partners no more")
  }

  private mutating func percent(_ percent: Decimal, _ path: String) {
    guard percent.isNegative || percent > Limits.vat || percent.places > Limits.vatPlaces else { return }
    error(.badTax, path, "a tax is 0 to \(Limits.vat) percent with at most \(Limits.vatPlaces) decimals")
  }

  private mutating func limit(_ price: Price?, _ path: String) {
    guard let price else { return }
    if price.beforeTax < .zero { error(.badLimits, path, "a limit below zero") }
    if max(price.beforeTax, price.afterTax ?? .zero).decimal > Limits.price {
      error(.badLimits, path, "a limit is at most \(Limits.price)")
    }
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
        error(
          .repeatedDimension, path,
          "\(component.dimension.rawValue) has a price in this element already; this one never holds")
      }
      self.component(component, at: path)
      if element.restrictions?.isOfSession == false, component.dimension != .flat, component.dimension != .time {
        error(
          .badReservation, path, "a reservation or a booking is priced by FLAT and TIME alone (OCPI 2.2.1 §11.4.6)")
      }
    }
    if element.restrictions?.booking != nil {
      warn(.unpriced, "\(path).restrictions.booking", "partners are told this price, and no bill has it")
    }
    if let restrictions = element.restrictions { self.restrictions(restrictions, at: "\(path).restrictions") }
  }

  private mutating func component(_ component: Tariff.Component, at path: String) {
    if component.price.isNegative {
      error(.badPrice, "\(path).price", "a price below zero")
    } else if component.price > Limits.price {
      error(.badPrice, "\(path).price", "a price is at most \(Limits.price)")
    }
    places(of: component.price, .badPrice, "\(path).price")
    if let vat = component.vat { percent(vat, "\(path).vat") }
    guard component.dimension != .flat else { return }
    if component.stepSize < 0 || component.stepSize > Limits.stepSize {
      error(.badStepSize, "\(path).step_size", "a step is 0 to \(Limits.stepSize)")
    } else if component.stepSize > 1 {
      let unit = component.dimension == .energy ? "Wh" : "seconds"
      warn(
        .rounding, "\(path).step_size",
        "the session's total is rounded up to \(component.stepSize) \(unit) by the last price that held; OCPI advises 1"
      )
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
    if let start = given.startDate.flatMap(TariffText.date), let end = given.endDate.flatMap(TariffText.date),
      start >= end
    {
      error(.emptyRange, "\(path).end_date", "the end date is not included and must be after the start date")
    }
    range("kwh", given.minKWh, given.maxKWh, path)
    range("current", given.minCurrent, given.maxCurrent, path)
    range("power", given.minPower, given.maxPower, path)
    range("duration", given.minDuration.map { Decimal($0) }, given.maxDuration.map { Decimal($0) }, path)
  }

  private mutating func range(_ name: String, _ least: Decimal?, _ most: Decimal?, _ path: String) {
    for (bound, value) in [("min", least), ("max", most)] {
      if let value { places(of: value, .badForm, "\(path).\(bound)_\(name)") }
    }
    if let least, least.isNegative { error(.emptyRange, "\(path).min_\(name)", "below zero") }
    if let most, most <= max(least ?? .zero, .zero) {
      error(.emptyRange, "\(path).max_\(name)", "not above the least \(name), so this element never holds")
    }
  }

  /// What can never hold because of dates: days of the week that do not lie between them, and dates outside the time in
  /// which the tariff is valid. Its own zone is not known here, so a day more is allowed on both sides.
  mutating func dates(_ given: Tariff.Restrictions, of tariff: Tariff, at path: String) {
    let first = given.startDate.flatMap(TariffText.moment)
    let end = given.endDate.flatMap(TariffText.moment)
    if let first, let end, first < end, end.seconds(since: first) < 7 * 86_400, let days = given.weekdays,
      !days.isEmpty
    {
      let between = stride(from: 0, to: Int(end.seconds(since: first)), by: 86_400).map {
        (first + .seconds($0)).civil.weekday
      }
      if !days.contains(where: { between.contains($0.number) }) {
        error(.contradiction, "\(path).restrictions.day_of_week", "none of these days lies between its dates")
      }
    }
    let day = 86_400
    if let end, let from = tariff.validFrom, end + .seconds(day) <= from {
      warn(.contradiction, "\(path).restrictions.end_date", "it ends before the tariff begins to be valid")
    }
    if let first, let until = tariff.validUntil, first - .seconds(day) >= until {
      warn(.contradiction, "\(path).restrictions.start_date", "it begins after the tariff ends to be valid")
    }
  }

  /// Which components can never be reached, because earlier ones hold whenever they would; and which dimensions are
  /// without a price at times.
  mutating func reach(_ elements: [Tariff.Element]) {
    var earlier: [Tariff.Dimension: [(index: Int, when: Tariff.Restrictions)]] = [:]
    for (index, element) in elements.enumerated() {
      let when = element.restrictions ?? Tariff.Restrictions()
      for (place, component) in element.components.enumerated() {
        let path = "elements[\(index)].price_components[\(place)]"
        let before = (earlier[component.dimension] ?? []).filter { $0.index != index }
        if let cover = before.first(where: { $0.when.covers(when) }) {
          error(
            .unreachable, path,
            "elements[\(cover.index)] has a price for \(component.dimension.rawValue) whenever this one would hold")
        } else if TariffWeek.isCovered(when, by: before.map(\.when)) {
          error(
            .unreachable, path,
            "earlier elements together have a price for \(component.dimension.rawValue) whenever this one would hold")
        }
        earlier[component.dimension, default: []].append((index, when))
      }
    }
    for dimension in Tariff.Dimension.allCases {
      guard let all = earlier[dimension]?.map(\.when).filter({ $0.isOfSession }), !all.isEmpty else { continue }
      let gaps = TariffWeek.gaps(all)
      guard !gaps.isEmpty else { continue }
      let name = dimension.rawValue
      if let times = TariffWeek.text(gaps) {
        warn(.gap, "elements", "\(name) may be without a price on \(times)")
      } else {
        warn(.gap, "elements", "\(name) may be without a price at times: no element without restrictions gives it one")
      }
    }
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
    guard reservation == other.reservation, booking == other.booking else { return false }
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
