import Wire

/// Where a token may charge that may not charge everywhere (OCPP 2.0.1 C01.FR.20): at a location, at a station, or at one
/// EVSE of a station.
public struct TokenPlace: Payload, Equatable {
  public var location: Int64?
  /// The station's identity.
  public var station: String?
  /// The EVSE's number at its station; nil: all of them.
  public var evse: Int?

  public init() {}

  public init(location: ID<Location>) { self.location = location.value }

  public init(station: StationIdentity, evse: Int? = nil) { (self.station, self.evse) = (station.text, evse) }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("location", &location)
    try w.visit("station", &station)
    try w.visit("evse", &evse)
  }

  /// Whether it is a place at all: a location alone, or a station, with one of its EVSEs or with all.
  public var isWhole: Bool { (location == nil) != (station == nil) && (evse == nil || station != nil) }

  func holds(_ evse: Int?, of station: StationIdentity, at location: ID<Location>?) -> Bool {
    if let place = self.location { return place == location?.value }
    return self.station == station.text && (self.evse == nil || self.evse == evse)
  }
}

/// What of a station a token may use.
public enum TokenReach: Sendable, Equatable {
  case all
  /// Only these EVSEs, of several.
  case some([Int])
  case none
}

extension Token {
  /// - Parameter evses: the numbers of all EVSEs of the station that are known.
  public func reach(at station: Station, evses: [Int]) -> TokenReach {
    guard let places else { return .all }
    if places.contains(where: { $0.holds(nil, of: station.identity, at: station.location) }) { return .all }
    // One that is named before it is known is meant all the same.
    let named = Set(places.compactMap { $0.station == station.identity.text ? $0.evse : nil })
    if named.isEmpty { return .none }
    return !evses.isEmpty && named.isSuperset(of: evses) ? .all : .some(named.sorted())
  }

  /// As partners see it: one that may charge at some places of ours only is good at none of theirs.
  public var isValidAbroad: Bool { isValid && places == nil }
}
