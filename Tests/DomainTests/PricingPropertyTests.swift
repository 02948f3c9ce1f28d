import Testing
import Wire

@testable import Domain

/// What must hold for every session and every tariff, tried with many of both. A failure names its seed.
@Suite struct PricingPropertyTests {
  private static let seeds = 0..<400

  @Test func periodsSumToTheSessionAndFollowEachOther() {
    for seed in Self.seeds {
      let bill = Bill(Example(seed).usage)
      #expect(bill.periods.reduce(.zero) { $0 + $1.energy } == bill.totals.energy, "seed \(seed)")
      #expect(bill.periods.reduce(0) { $0 + $1.seconds } == bill.totals.seconds, "seed \(seed)")
      #expect(
        bill.periods.filter { $0.activity == .idle }.reduce(0) { $0 + $1.seconds } == bill.totals.parkingSeconds,
        "seed \(seed)")
      #expect(bill.totals.energy == Example(seed).usage.energy, "seed \(seed)")
      var end = bill.start
      for period in bill.periods {
        #expect(period.start == end, "seed \(seed)")
        #expect(period.seconds >= 0 && period.energy >= .zero, "seed \(seed)")
        end = period.start + .seconds(period.seconds)
      }
      #expect(end == bill.end, "seed \(seed)")
    }
  }

  @Test func partsSumToTheTotalAndNothingIsNegative() {
    for seed in Self.seeds {
      var example = Example(seed)
      example.tariff.minimum = nil
      example.tariff.maximum = nil
      let totals = Bill(example.usage).totals
      let parts = [totals.energyCost, totals.timeCost, totals.parkingCost, totals.fixedCost].compactMap { $0 }
      #expect(
        parts.allSatisfy { $0.beforeTax >= .zero && ($0.afterTax ?? $0.beforeTax) >= $0.beforeTax }, "seed \(seed)")
      // Five amounts, each at most half a unit from its exact value.
      let sum = parts.reduce(Money.zero) { $0 + $1.beforeTax }
      #expect(abs((sum - totals.cost.beforeTax).tenThousandths) <= 2, "seed \(seed)")
      let taxed = parts.reduce(Money.zero) { $0 + ($1.afterTax ?? $1.beforeTax) }
      #expect(abs((taxed - (totals.cost.afterTax ?? totals.cost.beforeTax)).tenThousandths) <= 2, "seed \(seed)")
    }
  }

  @Test func limitsHold() {
    for seed in Self.seeds {
      let example = Example(seed)
      let cost = Bill(example.usage).totals.cost
      if let most = example.tariff.maximum { #expect(cost.beforeTax <= most.beforeTax, "seed \(seed)") }
      if let most = example.tariff.maximum?.afterTax {
        #expect((cost.afterTax ?? cost.beforeTax) <= most, "seed \(seed)")
      }
      if example.tariff.maximum == nil, let least = example.tariff.minimum {
        #expect(cost.beforeTax >= least.beforeTax, "seed \(seed)")
        #expect((cost.afterTax ?? cost.beforeTax) >= (least.afterTax ?? least.beforeTax), "seed \(seed)")
      }
    }
  }

  @Test func pricingThePeriodsAgainAgrees() throws {
    for seed in Self.seeds {
      let usage = Example(seed).usage
      let bill = Bill(usage)
      #expect(bill.agrees(with: usage.tariff, zone: usage.zone), "seed \(seed)")
      var record = CDR()
      (record.startedAt, record.endedAt, record.tariff) = (bill.start, bill.end, usage.tariff)
      (record.periods, record.totals) = (bill.periods, bill.totals)
      #expect(try CDR.read(record.encoded()).value.agrees(zone: usage.zone), "seed \(seed)")
    }
  }

  @Test func theOrderOfReadingsAndTheirRepetitionChangeNothing() {
    for seed in Self.seeds {
      var example = Example(seed)
      let bill = Bill(example.usage)
      var random = Seeded(seed + 1_000_000)
      example.readings += example.readings.filter { _ in random.chance(30) }
      example.readings.shuffle(using: &random)
      #expect(Bill(example.usage) == bill, "seed \(seed)")
    }
  }

  @Test func moreReadingsOnTheSameLineChangeNothing() {
    var split = 0
    for seed in Self.seeds {
      var example = Example(seed)
      let bill = Bill(example.usage)
      let points = example.usage.points
      for (from, to) in zip(points, points.dropFirst()) where to.second - from.second > 1 {
        // The first second on which the line passes through a whole 0.1 Wh, so that the reading is exactly on it.
        let rise = (to.energy - from.energy).tenthsOfWattHour
        let span = Int64(to.second - from.second)
        guard let step = (1..<span).first(where: { (rise * $0).isMultiple(of: span) }) else { continue }
        let time = example.start + .seconds(from.second + Int(step))
        let energy = Energy(
          tenthsOfWattHour: example.meterStart.tenthsOfWattHour + from.energy.tenthsOfWattHour + rise * step / span)
        let later = example.readings.sorted { $0.at < $1.at }.first { $0.at > time }
        let between = Reading(at: time, register: energy, power: later?.power, current: later?.current)
        guard !example.readings.contains(where: { $0.at == time }) else { continue }
        example.readings.append(between)
        split += 1
      }
      #expect(Bill(example.usage) == bill, "seed \(seed)")
    }
    #expect(split > 200, "the generator must give lines that can be split")
  }

  /// A writer of CDRs may begin a new period at any moment (OCPI 2.2.1 §10.3.1).
  @Test func splittingAPeriodChangesNothing() {
    for seed in Self.seeds {
      let usage = Example(seed).usage
      let bill = Bill(usage)
      var random = Seeded(seed + 9_000)
      var split: [ChargingPeriod] = []
      for period in bill.periods {
        var (first, second) = (period, period)
        guard period.seconds > 1 else {
          split.append(period)
          continue
        }
        first.seconds = random.number(1...(period.seconds - 1))
        second.seconds -= first.seconds
        second.start = period.start + .seconds(first.seconds)
        // Less than all, so that no part begins where the energy of a condition is reached.
        let tenths = Int(period.energy.tenthsOfWattHour)
        first.energy = Energy(tenthsOfWattHour: Int64(tenths > 1 ? random.number(0...(tenths - 1)) : 0))
        second.energy = period.energy - first.energy
        split += [first, second]
      }
      let again = Pricing.price(
        periods: split, from: bill.start, to: bill.end, tariff: usage.tariff, zone: usage.zone)
      #expect(again == bill.totals, "seed \(seed)")
    }
  }

  @Test func aLongerSessionNeverCostsLess() {
    for seed in Self.seeds {
      var example = Example(seed)
      // A later sample may say another power for what lies before it.
      guard !example.asksForLoad else { continue }
      for index in example.tariff.elements.indices {
        for place in example.tariff.elements[index].components.indices {
          example.tariff.elements[index].components[place].stepSize = 0
        }
      }
      let cost = Bill(example.usage).totals.cost
      example.end += .seconds(Seeded.once(seed, 1...5000))
      // The energy after the old end is none: what came before stays as it was.
      example.readings.append(Reading(at: Example(seed).end, register: example.meterStart + example.total))
      let longer = Bill(example.usage).totals.cost
      #expect(longer.beforeTax >= cost.beforeTax, "seed \(seed)")
    }
  }

  @Test func whatASessionCostsSoFarIsNeverMoreThanItCostsInTheEnd() {
    for seed in Self.seeds {
      var example = Example(seed)
      guard !example.asksForLoad else { continue }
      // What a step adds at one price may be used later at a lower one.
      for index in example.tariff.elements.indices {
        for place in example.tariff.elements[index].components.indices {
          example.tariff.elements[index].components[place].stepSize = 0
        }
      }
      let usage = example.usage
      let final = Bill(usage).totals.cost
      for point in usage.points.dropLast() where point.second > 0 {
        let running = Bill(
          Usage(
            from: example.start, to: usage.start + .seconds(point.second), meterStart: example.meterStart,
            energy: point.energy, readings: example.readings, shifts: example.shifts, tariff: example.tariff,
            zone: centralEurope)
        ).totals.cost
        // An energy boundary is kept off the last second, which may cost that second at the other price.
        #expect((running.beforeTax - final.beforeTax).tenThousandths <= 30, "seed \(seed) at \(point.second)")
        #expect((running.total - final.total).tenThousandths <= 40, "seed \(seed) at \(point.second)")
      }
    }
  }

  @Test func whatIsReservedAndWhatIsUsedSumToTheBill() throws {
    for seed in Self.seeds {
      var example = Example(seed)
      (example.tariff.minimum, example.tariff.maximum) = (nil, nil)
      var random = Seeded(seed + 77)
      var given = Tariff.Restrictions()
      given.reservation = random.chance(50) ? .reservation : .expires
      if random.chance(50) { given.endTime = "16:15" }
      example.tariff.elements.append(
        .init(
          [
            .init(.time, price: Decimal(random.number(0...9000), places: 3), vat: 21, stepSize: random.number(0...900)),
            .init(.flat, price: 2),
          ], when: given))
      let usage = example.usage
      let from = usage.start - .seconds(random.number(0...90_000))
      let bill = Bill(usage, after: Hold(from: from, until: usage.start, ending: .used))
      #expect(bill.agrees(with: usage.tariff, zone: usage.zone), "seed \(seed)")
      let alone = Bill(usage).totals
      #expect(bill.totals.energyCost == alone.energyCost && bill.totals.timeCost == alone.timeCost, "seed \(seed)")
      #expect(bill.totals.seconds == alone.seconds && bill.totals.energy == alone.energy, "seed \(seed)")
      let sum = (bill.totals.reservationCost?.beforeTax ?? .zero) + alone.cost.beforeTax
      #expect(abs((sum - bill.totals.cost.beforeTax).tenThousandths) <= 2, "seed \(seed)")
      #expect(
        bill.periods.filter { $0.activity == .reserved }.reduce(0) { $0 + $1.seconds } == bill.totals.reservedSeconds,
        "seed \(seed)")
      let lines = bill.lines.reduce(Money.zero) { $0 + $1.cost.beforeTax }
      #expect(abs((lines - bill.totals.cost.beforeTax).tenThousandths) <= Int64(bill.lines.count), "seed \(seed)")
    }
  }

  /// A second opinion: goes through the session second by second with rules of its own, in a few lines and slowly.
  @Test func aSlowPricerThatCountsSecondsAgrees() {
    for seed in 0..<60 {
      var example = Example(seed, longest: 1500)
      example.tariff.minimum = nil
      example.tariff.maximum = nil
      for index in example.tariff.elements.indices {
        example.tariff.elements[index].restrictions?.minKWh = nil
        example.tariff.elements[index].restrictions?.maxKWh = nil
        for place in example.tariff.elements[index].components.indices {
          example.tariff.elements[index].components[place].stepSize = 0
        }
      }
      let usage = example.usage
      let totals = Bill(usage).totals
      let slow = SlowPricer(usage)
      #expect((totals.timeCost?.beforeTax ?? .zero) == slow.cost(.time), "seed \(seed)")
      #expect((totals.parkingCost?.beforeTax ?? .zero) == slow.cost(.parkingTime), "seed \(seed)")
      #expect((totals.fixedCost?.beforeTax ?? .zero) == slow.cost(.flat), "seed \(seed)")
      // Each cut rounds the energy to 0.1 Wh; a price is at most 2 per kWh.
      let difference = ((totals.energyCost?.beforeTax ?? .zero) - slow.cost(.energy)).tenThousandths
      #expect(abs(difference) <= Int64(Bill(usage).periods.count) * 2 + 1, "seed \(seed)")
    }
  }
}

extension Seeded {
  static func once(_ seed: Int, _ range: ClosedRange<Int>) -> Int {
    var random = Seeded(seed &* 31 &+ 7)
    return random.number(range)
  }
}

/// A session and a tariff out of one seed.
private struct Example {
  var start: Timestamp
  var end: Timestamp
  var meterStart: Energy
  var total: Energy
  var readings: [Reading] = []
  var shifts: [Session.Shift] = []
  var tariff = Tariff()

  var usage: Usage {
    Usage(
      from: start, to: end, meterStart: meterStart, energy: total, readings: readings, shifts: shifts, tariff: tariff,
      zone: centralEurope)
  }

  var asksForLoad: Bool {
    tariff.elements.contains {
      let given = $0.restrictions ?? .init()
      return given.minPower != nil || given.maxPower != nil || given.minCurrent != nil || given.maxCurrent != nil
    }
  }

  init(_ seed: Int, longest: Int = 200_000) {
    var random = Seeded(seed)
    // Often near the nights on which the clock is set, and near the hours at which tariffs change.
    let day = ["2026-03-28T23:00:00Z", "2026-10-24T22:00:00Z", "2026-06-01T14:30:00Z", "2026-12-31T16:00:00Z"]
      .randomElement(using: &random)
    start = at(day ?? "2026-06-01T10:00:00Z") + .milliseconds(random.number(0...14_400_000))
    let seconds = random.chance(5) ? random.number(0...2) : random.number(3...longest)
    end = start + .seconds(seconds)
    meterStart = Energy(tenthsOfWattHour: Int64(random.number(0...90_000_000)))
    total = Energy(tenthsOfWattHour: Int64(random.chance(10) ? 0 : random.number(1...800_000)))
    let hasPower = random.chance(60)
    let hasCurrent = random.chance(50)
    var delivered: Int64 = 0
    for second in (0..<random.number(0...25)).map({ _ in random.number(0...max(seconds, 1)) }).sorted() {
      delivered = min(delivered + Int64(random.number(0...60_000)), total.tenthsOfWattHour)
      // Now and then the register shows nonsense.
      let shown = random.chance(5) ? Int64(random.number(-1000...9_000_000)) : delivered
      readings.append(
        Reading(
          at: start + .seconds(second),
          register: random.chance(90) ? Energy(tenthsOfWattHour: meterStart.tenthsOfWattHour + shown) : nil,
          power: hasPower ? Decimal(random.number(0...50_000)) : nil,
          current: hasCurrent ? Decimal(random.number(0...80)) : nil))
    }
    var idle = false
    for second in (0..<random.number(0...4)).map({ _ in random.number(0...max(seconds, 1)) }).sorted() {
      idle.toggle()
      shifts.append(.init(at: start + .seconds(second), activity: idle ? .idle : .charging))
    }
    for index in 0..<random.number(1...5) {
      let dimensions = Tariff.Dimension.allCases.filter { _ in random.chance(50) }
      let components = (dimensions.isEmpty ? [.energy] : dimensions).map { dimension in
        Tariff.Component(
          dimension, price: Decimal(random.number(0...20_000), places: 4),
          vat: random.chance(60) ? Decimal(random.number(0...250), places: 1) : nil,
          stepSize: [0, 1, 1, 60, 300, 900, 1000].randomElement(using: &random) ?? 1)
      }
      tariff.elements.append(
        .init(components, when: index == 4 || random.chance(20) ? nil : Self.restrictions(&random)))
    }
    if random.chance(15) {
      tariff.minimum = Price(
        beforeTax: Money(tenThousandths: Int64(random.number(0...50_000))),
        afterTax: random.chance(50) ? Money(tenThousandths: 60_000) : nil)
    }
    if random.chance(15) {
      tariff.maximum = Price(
        beforeTax: Money(tenThousandths: Int64(random.number(60_000...200_000))),
        afterTax: random.chance(50) ? Money(tenThousandths: 210_000) : nil)
    }
  }

  private static func restrictions(_ random: inout Seeded) -> Tariff.Restrictions {
    var given = Tariff.Restrictions()
    func time() -> String {
      let (hour, minute) = (random.number(0...23), random.number(0...3) * 15)
      return (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)"
    }
    if random.chance(40) { given.startTime = time() }
    if random.chance(40) { given.endTime = time() }
    if random.chance(15) { given.weekdays = [.monday, .sunday, .saturday].filter { _ in random.chance(60) } }
    if random.chance(10) { given.startDate = "2026-06-01" }
    if random.chance(10) { given.endDate = "2026-10-25" }
    if random.chance(25) { given.minKWh = Decimal(random.number(0...400), places: 1) }
    if random.chance(25) { given.maxKWh = Decimal(random.number(0...600), places: 1) }
    if random.chance(25) { given.minDuration = random.number(0...9000) }
    if random.chance(25) { given.maxDuration = random.number(0...20_000) }
    if random.chance(20) { given.minPower = Decimal(random.number(0...40)) }
    if random.chance(20) { given.maxPower = Decimal(random.number(0...50)) }
    if random.chance(15) { given.minCurrent = Decimal(random.number(0...60)) }
    if random.chance(15) { given.maxCurrent = Decimal(random.number(0...80)) }
    return given
  }
}

/// Prices without step sizes, limits and energy boundaries, one second after the other.
private struct SlowPricer {
  private var sums: [Tariff.Dimension: Ratio] = [:]

  func cost(_ dimension: Tariff.Dimension) -> Money {
    Money(rounding: (sums[dimension] ?? .zero).rounded(toPlaces: 4, .halfUp))
  }

  init(_ usage: Usage) {
    let asksForPower =
      usage.tariff?.elements.contains { $0.restrictions?.minPower != nil || $0.restrictions?.maxPower != nil } ?? false
    let powers = usage.powers.isEmpty && asksForPower ? usage.meanPowers : usage.powers
    for second in 0..<max(usage.seconds, 1) {
      let isInstant = usage.seconds == 0
      let local = usage.zone.civil(at: usage.start + .seconds(second))
      let power = powers.first { $0.second > second } ?? powers.last
      let current = usage.currents.first { $0.second > second } ?? usage.currents.last
      func active(_ dimension: Tariff.Dimension) -> Decimal? {
        for element in usage.tariff?.elements ?? [] {
          guard let component = element.components.first(where: { $0.dimension == dimension }) else { continue }
          if Self.holds(element.restrictions ?? .init(), local, second, power?.value, current?.value) {
            return component.price
          }
        }
        return nil
      }
      let energy =
        isInstant
        ? Ratio(usage.energy.tenthsOfWattHour) : Self.delivered(usage, second + 1) - Self.delivered(usage, second)
      if let price = active(.energy) { add(.energy, Ratio(price) * energy / Ratio(10_000)) }
      if sums[.flat] == nil, let price = active(.flat) { add(.flat, Ratio(price)) }
      if isInstant { continue }
      let isIdle = usage.shifts.last { $0.second <= second }?.activity == .idle
      let dimension = isIdle ? Tariff.Dimension.parkingTime : .time
      if let price = active(dimension) { add(dimension, Ratio(price) / Ratio(3600)) }
    }
  }

  private mutating func add(_ dimension: Tariff.Dimension, _ amount: Ratio) {
    sums[dimension, default: .zero] += amount
  }

  private static func delivered(_ usage: Usage, _ second: Int) -> Ratio {
    guard let next = usage.points.firstIndex(where: { $0.second >= second }), next > 0 else { return .zero }
    let (from, to) = (usage.points[next - 1], usage.points[next])
    let rise = to.energy.tenthsOfWattHour - from.energy.tenthsOfWattHour
    return Ratio(from.energy.tenthsOfWattHour)
      + Ratio(rise * Int64(second - from.second), over: to.second - from.second)
  }

  private static func holds(
    _ given: Tariff.Restrictions, _ local: Civil, _ second: Int, _ power: Decimal?, _ current: Decimal?
  ) -> Bool {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let clock = "\(two(local.hour)):\(two(local.minute))"
    let date = "\(local.year)-\(two(local.month))-\(two(local.day))"
    let from = given.startTime ?? "00:00"
    let until = given.endTime == nil || given.endTime == "00:00" ? "24:00" : given.endTime ?? ""
    if from < until ? !(from <= clock && clock < until) : (until <= clock && clock < from) { return false }
    if let start = given.startDate, date < start { return false }
    if let end = given.endDate, date >= end { return false }
    let names = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
    if let days = given.weekdays, !days.isEmpty, !days.map(\.rawValue).contains(names[local.weekday - 1]) {
      return false
    }
    if let least = given.minDuration, second < least { return false }
    if let most = given.maxDuration, second >= most { return false }
    for (least, most, value, unit) in [
      (given.minPower, given.maxPower, power, Decimal(1000)), (given.minCurrent, given.maxCurrent, current, Decimal(1)),
    ] where least != nil || most != nil {
      guard let value else { return false }
      if let least, value < least * unit { return false }
      if let most, value >= most * unit { return false }
    }
    return true
  }
}
