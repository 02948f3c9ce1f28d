import Wire

/// A car at the cable: how much it takes, and when it has had enough. Doubles are right here: this is the weather, not
/// the books; what the meter shows is a whole number of Wh.
public struct Car: Sendable, Equatable {
  /// Wh of the whole battery.
  public var batteryWattHours: Double
  /// Between 0 and 1.
  public var stateOfCharge: Double
  /// Where the car stops, between 0 and 1.
  public var target: Double
  /// What its charger takes of alternating current.
  public var acWatts: Double
  /// What its battery takes of direct current while it is nearly empty.
  public var dcWatts: Double

  public init(
    batteryWattHours: Double = 60_000, stateOfCharge: Double = 0.3, target: Double = 0.9, acWatts: Double = 11_000,
    dcWatts: Double = 120_000
  ) {
    self.batteryWattHours = max(batteryWattHours, 1)
    self.stateOfCharge = min(max(stateOfCharge, 0), 1)
    self.target = min(max(target, 0), 1)
    (self.acWatts, self.dcWatts) = (acWatts, dcWatts)
  }

  /// One of those that drive by.
  public static func random(using random: inout SeededGenerator) -> Car {
    let batteries: [Double] = [28_000, 40_000, 52_000, 60_000, 77_000, 95_000]
    let chargers: [Double] = [7_400, 11_000, 11_000, 11_000, 22_000]
    let battery = batteries.randomElement(using: &random) ?? 60_000
    return Car(
      batteryWattHours: battery, stateOfCharge: .random(in: 0.08...0.55, using: &random),
      target: [0.8, 0.9, 1.0].randomElement(using: &random) ?? 0.8,
      acWatts: chargers.randomElement(using: &random) ?? 11_000, dcWatts: battery * 2.1)
  }

  public var isFull: Bool { stateOfCharge >= target }

  /// What flows now, `seconds` after the contactors closed.
  /// - Parameter limit: W that it may take; nil: all.
  func watts(at kind: StationProfile.Kind, upTo limit: Double? = nil, seconds: Double) -> Double {
    guard !isFull else { return 0 }
    let most = min(kind.watts, kind.isDC ? dcWatts : acWatts)
    let ramp = min(1, (max(seconds, 0) + 2) / (kind.isDC ? 30 : 15))
    return min(most * ramp * (kind.isDC ? dcShare : acShare), limit ?? most)
  }

  /// A battery takes all it is offered up to the middle, then less and less.
  private var dcShare: Double {
    switch stateOfCharge {
    case ..<0.5: 1
    case ..<0.8: 1 - (stateOfCharge - 0.5) * 2
    default: max(0.06, 0.4 - (stateOfCharge - 0.8) * 1.7)
    }
  }

  private var acShare: Double { stateOfCharge < 0.97 ? 1 : max(0.2, 1 - (stateOfCharge - 0.97) * 25) }

  /// Lets the current flow for a while.
  /// - Returns: Wh through the meter.
  mutating func charge(
    at kind: StationProfile.Kind, upTo limit: Double? = nil, from begin: Double, to end: Double
  ) -> Double {
    let piece = max(Limits.curveSeconds, (end - begin) / Limits.curvePieces)
    let before = stateOfCharge
    var at = begin
    while at < end, !isFull {
      let span = min(piece, end - at)
      let wattHours = watts(at: kind, upTo: limit, seconds: at) * span / 3_600
      stateOfCharge = min(target, stateOfCharge + wattHours / batteryWattHours)
      at += span
    }
    return (stateOfCharge - before) * batteryWattHours
  }

  // MARK: What flows back

  /// No car gives its last fifth away.
  private static let kept = 0.2

  /// What flows back of so many watts.
  func gives(_ watts: Double, at kind: StationProfile.Kind) -> Double {
    stateOfCharge > Self.kept ? min(watts, kind.watts, kind.isDC ? dcWatts : acWatts) : 0
  }

  /// Lets it flow back for a while.
  /// - Returns: Wh through the meter.
  mutating func giveBack(_ watts: Double, at kind: StationProfile.Kind, from begin: Double, to end: Double) -> Double {
    let most = max(0, (stateOfCharge - Self.kept) * batteryWattHours)
    let given = min(most, gives(watts, at: kind) * (end - begin) / 3_600)
    stateOfCharge -= given / batteryWattHours
    return given
  }
}
