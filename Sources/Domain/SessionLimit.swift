import Wire

/// Where a session ends, or stops to take energy, by itself: what a driver or the operator wishes, or what is left of a
/// token that was paid for before (OCPP 2.1 E16, F07, C17). Of what is nil there is no limit.
public struct SessionLimit: Sendable, Equatable {
  /// In the currency of the session, taxes included.
  public var cost: Money?
  public var energy: Energy?
  /// From the begin of the session.
  public var seconds: Int?
  /// Percent of the vehicle's battery.
  public var stateOfCharge: Int?

  public init(cost: Money? = nil, energy: Energy? = nil, seconds: Int? = nil, stateOfCharge: Int? = nil) {
    (self.cost, self.energy, self.seconds, self.stateOfCharge) = (cost, energy, seconds, stateOfCharge)
  }

  public var isEmpty: Bool { self == SessionLimit() }

  /// What is wrong with a wish, for whoever wrote it; nil where nothing is.
  public var flaw: String? {
    if isEmpty { return "give a cost, an energy, a time or a state of charge" }
    if let cost, cost < .zero { return "a cost is not below zero" }
    if let energy, energy < .zero { return "an energy is not below zero" }
    if let seconds, seconds < 0 { return "a time is not below zero" }
    if let stateOfCharge, !(0...100).contains(stateOfCharge) { return "a state of charge is 0 to 100 percent" }
    return nil
  }

  /// This one, and where it says nothing the other.
  public func over(_ other: SessionLimit) -> SessionLimit {
    SessionLimit(
      cost: cost ?? other.cost, energy: energy ?? other.energy, seconds: seconds ?? other.seconds,
      stateOfCharge: stateOfCharge ?? other.stateOfCharge)
  }

  /// Whether a station keeps a higher limit than this one in anything (E16.FR.07 and .08).
  public func isBelow(_ station: SessionLimit) -> Bool {
    func isBelow<Value: Comparable>(_ own: Value?, _ other: Value?) -> Bool {
      if let own, let other { own < other } else { false }
    }
    return isBelow(cost, station.cost) || isBelow(energy, station.energy) || isBelow(seconds, station.seconds)
      || isBelow(stateOfCharge, station.stateOfCharge)
  }

  /// Only what a station says that it can keep, by the words of its setting (E16.FR.12).
  public func supported(by words: String) -> SessionLimit {
    let known = Set(words.split(separator: ",").map { String($0.filter { $0 != " " }).ciFolded })
    func kept<Value>(_ value: Value?, _ word: String) -> Value? { known.contains(word) ? value : nil }
    return SessionLimit(
      cost: kept(cost, "maxcost"), energy: kept(energy, "maxenergy"), seconds: kept(seconds, "maxtime"),
      stateOfCharge: kept(stateOfCharge, "maxsoc"))
  }

  /// As people and programs read it.
  public var json: JSON {
    [
      "cost": .maybe(cost?.description), "energy_kwh": .maybe(energy?.description), "seconds": .maybe(seconds),
      "soc": .maybe(stateOfCharge),
    ]
  }
}
