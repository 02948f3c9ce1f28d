import Wire

/// What a policy would have done in a time that is past: its prices quarter by quarter over what was charged then.
public struct PricePreview: Sendable, Equatable {
  /// A quarter of an hour as it was.
  public struct Past: Sendable {
    public var quarter: Int64
    public var energy: Energy
    public var inputs: PricePolicy.Inputs

    public init(quarter: Int64, energy: Energy, inputs: PricePolicy.Inputs) {
      (self.quarter, self.energy, self.inputs) = (quarter, energy, inputs)
    }
  }

  /// What the energy of that time costs at the price of today, and what it would have cost.
  public private(set) var earned = Money.zero
  public private(set) var wouldHaveEarned = Money.zero
  /// Energy that would have gone from dearer to cheaper quarters of the same day.
  public private(set) var moved = Energy.zero
  public private(set) var energy = Energy.zero
  public private(set) var changes = 0
  public private(set) var lowest: Decimal
  public private(set) var highest: Decimal

  /// - Parameters:
  ///   - past: each quarter of the time in order, also those in which nothing was charged.
  ///   - price: of today, at which the time begins.
  ///   - elasticity: by which share drivers shift what they charge where the price rises by its own amount. It is an
  ///     assumption, and 0 moves nothing.
  public init(
    _ policy: PricePolicy, over past: [Past], from price: Decimal, zone: ZoneRules, elasticity: Decimal
  ) {
    (lowest, highest) = (price, price)
    var motion = PriceMotion(price: price)
    var day: [Charged] = []
    var dayEnd = past.first.map { zone.startOfNextDay(Quarter.start($0.quarter)) } ?? .epoch
    var (was, would) = (Ratio.zero, Ratio.zero)
    for quarter in past {
      let time = Quarter.start(quarter.quarter)
      if time >= dayEnd {
        would += settle(day, price, elasticity)
        day = []
        dayEnd = zone.startOfNextDay(time)
      }
      let target = policy.target(at: zone.civil(at: time), quarter.inputs).price
      if case .change = motion.look(target, by: policy, at: time) { changes += 1 }
      lowest = min(lowest, motion.price)
      highest = max(highest, motion.price)
      energy = energy + quarter.energy
      was += Ratio(quarter.energy.tenthsOfWattHour, over: 10_000) * Ratio(price)
      day.append(Charged(energy: quarter.energy, price: motion.price))
    }
    would += settle(day, price, elasticity)
    earned = Money(rounding: was.rounded(toPlaces: Money.places, .halfUp))
    wouldHaveEarned = Money(rounding: would.rounded(toPlaces: Money.places, .halfUp))
  }

  private struct Charged {
    var energy: Energy
    var price: Decimal
  }

  /// What one day would have earned. What leaves dear quarters goes to the cheap ones in proportion to their discounts;
  /// a day without cheap ones keeps all where it was.
  private mutating func settle(_ day: [Charged], _ price: Decimal, _ elasticity: Decimal) -> Ratio {
    var energies = day.map(\.energy.tenthsOfWattHour)
    let discounts = day.map { max(price - $0.price, .zero) }
    let offered = discounts.reduce(Decimal.zero, +)
    if !offered.isZero, !price.isZero {
      var leaving: Int64 = 0
      for (index, charged) in day.enumerated() where charged.price > price {
        let share = (elasticity * (charged.price - price)).divided(by: price, places: 6, rounding: .halfUp)
        let part = min(share, .one) * Decimal(energies[index])
        let gone = part.rounded(toPlaces: 0, .halfUp).asInt64(scaledBy: 0) ?? 0
        energies[index] -= gone
        leaving += gone
      }
      moved = moved + Energy(tenthsOfWattHour: leaving)
      var (seen, given) = (Decimal.zero, Int64(0))
      for (index, discount) in discounts.enumerated() where !discount.isZero {
        seen += discount
        let sum = (Decimal(leaving) * seen).divided(by: offered, places: 0, rounding: .halfUp).asInt64(scaledBy: 0) ?? 0
        energies[index] += sum - given
        given = sum
      }
    }
    return zip(energies, day).reduce(Ratio.zero) { $0 + Ratio($1.0, over: 10_000) * Ratio($1.1.price) }
  }
}
