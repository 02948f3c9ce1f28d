import Wire

/// Grams of CO2 that a kilowatt hour costs, from a moment on: one value of a series, such as a grid operator publishes.
public struct CarbonFactor: Sendable, Equatable {
  public var beginsAt: Timestamp
  /// Thousandths of a gram per kWh.
  public var milligrams: Int64

  public init(beginsAt: Timestamp, milligrams: Int64) { (self.beginsAt, self.milligrams) = (beginsAt, milligrams) }

  /// Nil below zero or beyond ten kilograms, which no power plant reaches.
  public init?(beginsAt: Timestamp, grams: Decimal) {
    guard let scaled = grams.rounded(toPlaces: 3, .halfUp).asInt64(scaledBy: 3), (0...10_000_000).contains(scaled)
    else {
      return nil
    }
    self.init(beginsAt: beginsAt, milligrams: scaled)
  }

  public var grams: Decimal { Decimal(milligrams, places: 3) }
}

/// The CO2 of a session: the energy between two readings counts with the factors of that time, shared by seconds where one
/// begins between them. Energy of a time that no factor covers is named, and not guessed.
public struct CarbonFootprint: Sendable, Equatable {
  /// Grams, to three decimals.
  public private(set) var grams = Decimal.zero
  /// The energy that no factor covers.
  public private(set) var uncovered = Energy.zero

  /// As it was kept.
  public init(grams: Decimal, uncovered: Energy) { (self.grams, self.uncovered) = (grams, uncovered) }

  /// - Parameters:
  ///   - registers: what the session had delivered at which moment, in order of time.
  ///   - factors: in order of time.
  public init(_ registers: [(at: Timestamp, energy: Energy)], factors: [CarbonFactor]) {
    // 0.1 Wh × milligrams per kWh: ten million of them are a gram.
    var exact = Decimal.zero
    for (from, to) in zip(registers, registers.dropFirst()) {
      let energy = max(.zero, to.energy - from.energy)
      guard energy > .zero else { continue }
      let cuts =
        [from.at] + factors.map(\.beginsAt).filter { $0 > from.at && $0 < to.at } + [max(to.at, from.at)]
      let whole = max(1, to.at.milliseconds - from.at.milliseconds)
      var given = Energy.zero
      for (begin, end) in zip(cuts, cuts.dropFirst()) {
        // Cumulative, so that the parts are the whole.
        let upTo = Int64(
          Int128(energy.tenthsOfWattHour) * Int128(max(1, end.milliseconds - from.at.milliseconds)) / Int128(whole))
        let part = min(energy, Energy(tenthsOfWattHour: upTo)) - given
        given = given + part
        if let factor = factors.last(where: { $0.beginsAt <= begin }) {
          exact = exact + Decimal(part.tenthsOfWattHour) * Decimal(factor.milligrams)
        } else {
          uncovered = uncovered + part
        }
      }
    }
    grams = exact.divided(by: Decimal(10_000_000), places: 3, rounding: .halfUp)
  }
}
