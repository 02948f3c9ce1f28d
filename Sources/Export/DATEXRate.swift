import Domain
import Wire

/// One tariff of a charging point as DATEX II has prices: an `EnergyRate` for those without a contract, with a price for each
/// dimension. Amounts have two decimals there; where that says less than the tariff, the whole price stands beside it in words.
struct DATEXRate {
  let id: String
  let version: TariffVersion

  private var tariff: Tariff { version.tariff }

  func write(_ xml: inout XMLText) {
    xml.element("aegi:energyRate", [("id", id)]) { xml in
      xml.element("aegi:ratePolicy", text: "adHoc")
      xml.element("aegi:lastUpdated", text: version.updatedAt.text)
      xml.element("aegi:applicableCurrency", text: tariff.currency)
      if let most = tariff.maximum?.afterTax { xml.element("aegi:maximumDeliveryFee", text: Self.amount(most.decimal)) }
      if let least = tariff.minimum?.afterTax {
        xml.element("aegi:minimumDeliveryFee", text: Self.amount(least.decimal))
      }
      prices(&xml)
    }
  }

  /// What holds together has one number.
  func prices(_ xml: inout XMLText) {
    let lines = PriceTag(tariff).lines
    for (group, line) in lines.enumerated() {
      if line.parts.isEmpty { price("free", .zero, group, line, isWhole: true, notes: [], &xml) }
      for part in line.parts {
        var notes: [String] = []
        let kind: String
        switch part.dimension {
        case .energy: kind = "pricePerKWh"
        case .time: kind = "pricePerMinute"
        case .parkingTime:
          kind = "pricePerMinute"
          notes.append("while the vehicle is connected and does not charge")
        case .flat: kind = line.parts.count == 1 && lines.count == 1 ? "flatRate" : "basePrice"
        }
        price(kind, part.price, group, line, isWhole: part.isWhole, notes: notes, &xml)
      }
    }
  }

  private func price(
    _ kind: String, _ price: Decimal, _ group: Int, _ line: PriceTag.Line, isWhole: Bool, notes: [String],
    _ xml: inout XMLText
  ) {
    var notes = notes + line.bounds
    if price.rounded(toPlaces: 2, .halfUp) != price { notes.append("exactly \(price) \(tariff.currency)") }
    xml.element("aegi:energyPrice") { xml in
      xml.element("aegi:priceGroupIndex", text: "\(group)")
      xml.element("aegi:priceType", text: kind)
      xml.element("aegi:value", text: Self.amount(price))
      xml.element("aegi:taxIncluded", text: isWhole ? "true" : "false")
      if !notes.isEmpty { DATEX.words("aegi:additionalInformation", notes.joined(separator: "; "), &xml) }
      if line.hours != nil || line.weekdays != nil { period(line.when, &xml) }
      let seconds = (line.when?.minDuration.map { Decimal($0) }, line.when?.maxDuration.map { Decimal($0) })
      span("time", "Minute", seconds.0, seconds.1, 60, &xml)
      span("energy", "KWh", line.when?.minKWh, line.when?.maxKWh, 1, &xml)
    }
  }

  /// Hours of the day and days of the week, on the clock of the site.
  private func period(_ when: Tariff.Restrictions?, _ xml: inout XMLText) {
    xml.element("aegi:overallPeriod") { xml in
      xml.element("com:overallStartTime", text: (tariff.validFrom ?? version.updatedAt).text)
      if let end = tariff.validUntil { xml.element("com:overallEndTime", text: end.text) }
      xml.element("com:validPeriod") { xml in
        if when?.startTime != nil || when?.endTime != nil {
          xml.element("com:recurringTimePeriodOfDay") { xml in
            xml.element("com:startTimeOfPeriod", text: "\(when?.startTime ?? "00:00"):00")
            xml.element("com:endTimeOfPeriod", text: "\(when?.endTime ?? "00:00"):00")
          }
        }
        for day in when?.weekdays ?? [] {
          xml.element("com:recurringDayWeekMonthPeriod") { xml in
            xml.element("com:applicableDay", text: day.rawValue.lowercased())
          }
        }
      }
    }
  }

  /// Bounds that are whole numbers; others are in the words only.
  private func span(
    _ kind: String, _ unit: String, _ first: Decimal?, _ end: Decimal?, _ per: Int, _ xml: inout XMLText
  ) {
    func whole(_ value: Decimal?) -> Decimal? {
      guard let value else { return nil }
      let units = value.divided(by: Decimal(per), places: 0, rounding: .halfUp)
      return units * Decimal(per) == value ? units : nil
    }
    let (from, to) = (whole(first), whole(end))
    guard from != nil || to != nil else { return }
    xml.element("aegi:\(kind)BasedApplicability") { xml in
      if let from { xml.element("aegi:from\(unit)", text: "\(from)") }
      if let to { xml.element("aegi:to\(unit)", text: "\(to)") }
    }
  }

  /// AmountOfMoney.
  private static func amount(_ price: Decimal) -> String { price.rounded(toPlaces: 2, .halfUp).text(places: 2) }
}
