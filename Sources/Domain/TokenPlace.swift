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
  /// It may charge elsewhere.
  case none
  /// It may charge here, if one of the EVSEs were of another kind (OCPP 2.0.1 C01.FR.18).
  case wrongKind
}

extension Token {
  /// - Parameter evses: all EVSEs of the station that are known.
  public func reach(at station: Station, evses: [EVSE]) -> TokenReach {
    let place = placeReach(at: station, evses: evses.map(\.number))
    guard let transfers, place != .none else { return place }
    let fit = evses.filter { evse in evse.connectors.isEmpty || evse.connectors.contains { $0.gives(transfers) } }
    // Of which kind one is that nobody described yet is not known.
    if evses.isEmpty || fit.count == evses.count { return place }
    let numbers = fit.map(\.number)
    guard case .some(let named) = place else { return numbers.isEmpty ? .wrongKind : .some(numbers) }
    let left = named.filter(numbers.contains)
    return left.isEmpty ? .wrongKind : .some(left)
  }

  private func placeReach(at station: Station, evses: [Int]) -> TokenReach {
    guard let places else { return .all }
    if places.contains(where: { $0.holds(nil, of: station.identity, at: station.location) }) { return .all }
    // One that is named before it is known is meant all the same.
    let named = Set(places.compactMap { $0.station == station.identity.text ? $0.evse : nil })
    if named.isEmpty { return .none }
    return !evses.isEmpty && named.isSuperset(of: evses) ? .all : .some(named.sorted())
  }

  /// Whether a vehicle may charge in a way; one that is not known is nobody's.
  public func allows(_ transfer: EnergyTransfer?) -> Bool {
    guard let transfers, let transfer else { return transfers == nil }
    return transfers.contains(transfer)
  }

  /// As partners see it: one that may charge at some places of ours only is good at none of theirs.
  public var isValidAbroad: Bool { isValid && places == nil }
}

extension Connector {
  /// Whether it can give energy in one of these ways. What was assumed when its station first spoke of it says nothing.
  fileprivate func gives(_ transfers: [EnergyTransfer]) -> Bool {
    isAssumed || transfers.contains { $0.isDirect == (powerType == .dc) || $0 == .wireless }
  }
}

extension EnergyTransfer {
  fileprivate var isDirect: Bool {
    switch self {
    case .dc, .dcBidirectional, .pantograph, .pantographBidirectional: true
    case .acOnePhase, .acTwoPhases, .acThreePhases, .acBidirectional, .acBidirectionalDER, .acDER, .wireless: false
    }
  }
}
