import Wire

/// How drivers must be told what charging costs before it begins, by the law of the country in which a station stands.
public enum PriceDisplay: String, Word {
  /// Regulation (EU) 2023/1804, article 5(4): from 50 kW on a price per kWh, and at most an occupancy fee per minute beside
  /// it; below, all parts in their order: per kWh, per minute, per session, others.
  case afir
  /// The UK's Public Charge Point Regulations 2023: the whole price in pence per kWh.
  case uk2023 = "uk_2023"

  /// The law of a country by its three letters; nil where we know of none.
  public init?(country: String) {
    if country == "GBR" {
      self = .uk2023
    } else if Self.union.contains(country) {
      self = .afir
    } else {
      return nil
    }
  }

  /// The members of the European Union, and of the Economic Area, to which the regulation extends.
  private static let union: Set = [
    "AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV", "HUN", "IRL", "ISL",
    "ITA",
    "LIE", "LTU", "LUX", "LVA", "MLT", "NLD", "NOR", "POL", "PRT", "ROU", "SVK", "SVN", "SWE",
  ]
}

/// The prices of a tariff as its drivers pay them: with tax, per kWh, per minute and per session, in that order.
public struct PriceTag: Sendable, Equatable {
  public struct Part: Sendable, Equatable {
    public let dimension: Tariff.Dimension
    /// Per kWh, per minute, or once; with tax, rounded half-up to four decimals.
    public let price: Decimal
    /// Whether it is known that no tax comes on top; where the tariff names none the price is as it stands there.
    public let isWhole: Bool
  }

  /// What holds together, and when.
  public struct Line: Sendable, Equatable {
    /// None where it costs nothing.
    public let parts: [Part]
    /// On the clock there, as `07:00–23:00`.
    public let hours: String?
    /// 1 is Monday; nil is every day.
    public let weekdays: [Int]?
    /// What else they hold for, as `≥ 10 kWh`, in signs that every language reads.
    public let bounds: [String]
    /// The same as the tariff has it.
    public let when: Tariff.Restrictions?

    fileprivate init(_ parts: [Part], when: Tariff.Restrictions?) {
      (self.parts, self.when) = (parts, when)
      let isTimed = when?.startTime != nil || when?.endTime != nil
      hours = isTimed ? "\(when?.startTime ?? "00:00")–\(when?.endTime ?? "24:00")" : nil
      weekdays = when?.weekdays.flatMap { $0.isEmpty ? nil : $0.map(\.number).sorted() }
      bounds = when?.bounds ?? []
    }
  }

  public let currency: String
  /// Those with a price per kWh first; reservations are not charging, and are left out.
  public let lines: [Line]
  /// What people there call a hundredth of the currency and read prices per kWh in: `p` in the UK, `ct` in Germany.
  public let minorUnit: String?

  /// - Parameter country: Where the station stands, by three letters.
  public init(_ tariff: Tariff, in country: String? = nil) {
    currency = tariff.currency
    minorUnit =
      switch (country, tariff.currency) {
      case ("GBR", "GBP"): "p"
      case ("DEU", "EUR"), ("AUT", "EUR"): "ct"
      default: nil
      }
    let all = tariff.elements.filter { $0.restrictions?.isOfSession ?? true }.map { element in
      Line(
        element.components.filter { $0.price != .zero }.map { tariff.part($0) }
          .sorted { $0.dimension.place < $1.dimension.place }, when: element.restrictions)
    }
    let isOfEnergy = { (line: Line) in line.parts.first?.dimension == .energy }
    lines = all.filter(isOfEnergy) + all.filter { !isOfEnergy($0) }
  }
}

extension Tariff.Dimension {
  /// The order of article 5(4): per kWh, per minute, per session.
  fileprivate var place: Int {
    switch self {
    case .energy: 0
    case .time: 1
    case .parkingTime: 2
    case .flat: 3
    }
  }
}

extension Tariff {
  fileprivate func part(_ component: Component) -> PriceTag.Part {
    let taxes = taxIncluded == .yes ? [] : levy(on: component)
    let percent = (taxes ?? []).reduce(Decimal(100)) { $0 + $1.percent }
    let units = component.dimension == .time || component.dimension == .parkingTime ? 6_000 : 100
    return PriceTag.Part(
      dimension: component.dimension,
      price: (component.price * percent).divided(by: Decimal(units), places: 4, rounding: .halfUp),
      isWhole: taxIncluded == .notApplicable || taxes != nil)
  }

  /// What keeps the tariff from being told to drivers as the law there asks.
  /// - Parameter watts: The strongest connector that has it.
  public func displayFlaws(by rule: PriceDisplay, watts: Int) -> [TariffFlaw] {
    var flaws: [TariffFlaw] = []
    func warn(_ path: String, _ text: String) { flaws.append(TariffFlaw(.warning, .priceDisplay, at: path, text)) }
    let isFast = watts >= Limits.fastChargingWatts
    var hasEnergy = false
    var isPriced = false
    for (place, element) in elements.enumerated() where element.restrictions?.isOfSession ?? true {
      for (number, component) in element.components.enumerated() where component.price != .zero {
        isPriced = true
        let path = "elements[\(place)].price_components[\(number)]"
        if component.dimension == .energy {
          hasEnergy = true
          if element.restrictions?.followsPower == true {
            warn(
              "\(path).price", "its price per kWh follows the power, which no driver knows before the session begins")
          }
        }
        switch (rule, component.dimension) {
        case (.afir, .flat) where isFast:
          warn(
            "\(path).price",
            "from 50 kW on there may be a fee per minute beside the price per kWh, and no other (AFIR 5(4))")
        case (.uk2023, .flat), (.uk2023, .time):
          warn("\(path).price", "the price of charging must be one of pence per kWh, which this cannot be part of")
        case (.afir, _), (.uk2023, _): break
        }
        if taxIncluded == nil || taxIncluded == .no, levy(on: component) == nil {
          warn("\(path).vat", "it names no tax: drivers must be shown the price with tax, and see it as it stands here")
        }
      }
    }
    guard isPriced else { return flaws }
    if !hasEnergy, rule == .uk2023 || isFast {
      warn(
        "elements",
        rule == .uk2023
          ? "it has no price per kWh, in which the price must be shown"
          : "it has no price per kWh, on which it must be based from 50 kW on (AFIR 5(4))")
    }
    if rule == .uk2023, currency != "GBP" { warn("currency", "prices must be shown in pence per kWh") }
    return flaws
  }
}

extension Tariff.Restrictions {
  fileprivate var bounds: [String] {
    var bounds: [String] = []
    func add(_ sign: String, _ value: Decimal?, _ unit: String) {
      if let value { bounds.append("\(sign) \(value) \(unit)") }
    }
    for (sign, kWh, power, current, seconds) in [
      ("≥", minKWh, minPower, minCurrent, minDuration), ("<", maxKWh, maxPower, maxCurrent, maxDuration),
    ] {
      add(sign, kWh, "kWh")
      add(sign, power, "kW")
      add(sign, current, "A")
      add(sign, seconds.map { Decimal($0).divided(by: Decimal(60), places: 1, rounding: .halfUp) }, "min")
    }
    if let startDate { bounds.append("≥ \(startDate)") }
    if let endDate { bounds.append("< \(endDate)") }
    return bounds
  }

  fileprivate var followsPower: Bool {
    minPower != nil || maxPower != nil || minCurrent != nil || maxCurrent != nil
  }
}
