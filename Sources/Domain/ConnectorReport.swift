import Wire

/// What stations tell that only know whether a connector is taken (OCPP 2.0.1 G01): what its session does, its
/// transaction's events say.
@MainActor
public protocol ConnectorReports: AnyObject, Sendable {
  func report(_ connector: ConnectorReport) throws(TurnFault)
}

public struct ConnectorReport: Sendable, Equatable {
  public enum Availability: String, Word { case available, occupied, reserved, unavailable, faulted }

  /// From 1.
  public var evse: Int
  /// From 1 within its EVSE; nil where the whole EVSE is spoken of.
  public var connector: Int?
  public var availability: Availability
  /// The station's own words.
  public var note: String?
  /// The station's clock; nil where it was not plausible.
  public var at: Timestamp?

  public init(
    evse: Int, connector: Int?, availability: Availability, note: String? = nil, at: Timestamp? = nil
  ) {
    (self.evse, self.connector, self.availability) = (evse, connector, availability)
    (self.note, self.at) = (note, at)
  }

  /// What an EVSE is, of which these are the connectors: taken where one is, free where one is and none is taken.
  public static func joined(_ connectors: [Availability]) -> Availability? {
    let order: [Availability] = [.occupied, .reserved, .available, .unavailable, .faulted]
    return order.first { connectors.contains($0) }
  }
}

extension EVSE.Status {
  /// As far as a connector says it.
  public init(_ availability: ConnectorReport.Availability) {
    switch availability {
    case .available: self = .available
    case .occupied: self = .preparing
    case .reserved: self = .reserved
    case .unavailable: self = .unavailable
    case .faulted: self = .faulted
    }
  }

  /// The same without what a session does; nil where nothing is known.
  public var availability: ConnectorReport.Availability? {
    switch self {
    case .available: .available
    case .preparing, .charging, .suspendedEV, .suspendedEVSE, .finishing: .occupied
    case .reserved: .reserved
    case .unavailable: .unavailable
    case .faulted: .faulted
    case .unknown: nil
    }
  }
}

/// Who may charge, where the station says what it was shown (OCPP 2.0.1 C).
@MainActor
public protocol Identification: AnyObject, Sendable {
  /// May have to ask a partner.
  func authorize(_ token: PresentedToken) throws(TurnFault) -> Eventually<Authorization>
}
