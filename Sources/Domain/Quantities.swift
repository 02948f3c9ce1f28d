import Wire

/// An amount of money in 10⁻⁴ of its currency's unit. The currency stands beside it, once per bill.
public struct Money: Hashable, Comparable, Sendable, CustomStringConvertible {
  public static let places = 4
  public static let zero = Money(tenThousandths: 0)

  public let tenThousandths: Int64

  public init(tenThousandths: Int64) { self.tenThousandths = tenThousandths }

  /// Rounds half-up to four decimals: the one rounding of amounts (OCPI 2.2.1 §16.5: four decimals). For what the house
  /// itself computed: the bounds of prices, energy and time keep that far below 900 trillion.
  public init(rounding exact: Decimal) {
    guard let money = Money(read: exact) else { preconditionFailure("an amount beyond 900 trillion was priced") }
    self = money
  }

  /// An amount that somebody wrote, rounded the same way; nil beyond 900 trillion.
  public init?(read amount: Decimal) {
    guard let scaled = amount.rounded(toPlaces: Self.places, .halfUp).asInt64(scaledBy: Self.places) else { return nil }
    tenThousandths = scaled
  }

  public var decimal: Decimal { Decimal(tenThousandths, places: Self.places) }
  public var description: String { decimal.description }

  public static func < (a: Money, b: Money) -> Bool { a.tenThousandths < b.tenThousandths }
  public static func + (a: Money, b: Money) -> Money { Money(tenThousandths: a.tenThousandths + b.tenThousandths) }
  public static func - (a: Money, b: Money) -> Money { Money(tenThousandths: a.tenThousandths - b.tenThousandths) }
}

/// An amount of energy in 0.1 Wh, the finest that a bill speaks of (0.0001 kWh).
public struct Energy: Hashable, Comparable, Sendable, CustomStringConvertible {
  public static let zero = Energy(tenthsOfWattHour: 0)

  public let tenthsOfWattHour: Int64

  public init(tenthsOfWattHour: Int64) { self.tenthsOfWattHour = tenthsOfWattHour }

  /// Rounds half-up to 0.1 Wh; nil where the register's value is out of any meter's range.
  public init?(wattHours: Decimal) {
    guard let scaled = wattHours.rounded(toPlaces: 1, .halfUp).asInt64(scaledBy: 1),
      (-Self.bound...Self.bound).contains(scaled)
    else { return nil }
    tenthsOfWattHour = scaled
  }

  /// A hundred terawatt hours: no meter shows more, and sums of it stay far from overflow.
  private static let bound: Int64 = 1_000_000_000_000_000

  public var wattHours: Decimal { Decimal(tenthsOfWattHour, places: 1) }
  public var kilowattHours: Decimal { Decimal(tenthsOfWattHour, places: 4) }
  /// In kWh, as a driver reads it.
  public var description: String { kilowattHours.description }

  public static func < (a: Energy, b: Energy) -> Bool { a.tenthsOfWattHour < b.tenthsOfWattHour }
  public static func + (a: Energy, b: Energy) -> Energy {
    Energy(tenthsOfWattHour: a.tenthsOfWattHour + b.tenthsOfWattHour)
  }
  public static func - (a: Energy, b: Energy) -> Energy {
    Energy(tenthsOfWattHour: a.tenthsOfWattHour - b.tenthsOfWattHour)
  }
}
