import Wire

/// Something that went wrong at a station, as it is counted.
public struct Incident: Sendable, Equatable {
  public enum Kind: String, Word {
    /// The station says that an EVSE of it is faulted; the code is its own word.
    case fault
    /// Its line was lost.
    case offline
    /// A session ended by what should not happen, or without any energy.
    case session
  }

  public var station: ID<Station>
  public var kind: Kind
  public var code: String

  public init(station: ID<Station>, kind: Kind, code: String) {
    (self.station, self.kind, self.code) = (station, kind, code)
  }

  /// What a station says of a fault, for counting: the code before its further words, such as `GroundFailure`.
  public static func code(in note: String?) -> String {
    let first = note?.split(separator: ",", maxSplits: 1).first.map { String($0.prefix(Limits.incidentCode)) } ?? ""
    return first.isEmpty ? "unknown" : first
  }

  /// A session that ended so, as far as that is a failure.
  public init?(_ session: Session) {
    guard let code = Self.code(of: session.ending, energy: session.energy) else { return nil }
    self.init(station: session.station, kind: .session, code: code)
  }

  /// Why a session that ended so failed; nil where it did not.
  public static func code(of ending: Session.Ending?, energy: Energy) -> String? {
    switch ending {
    case .powerLoss, .reboot, .emergency, .groundFault, .overcurrent, .powerQuality: ending?.rawValue
    case .local, .remote, .vehicle, .deauthorized, .closedByOperator, .superseded, .other, .masterPass, .energyLimit,
      .costLimit, .timeLimit, .stateOfChargeLimit, .timeout, nil:
      energy <= .zero ? "no_energy" : nil
    }
  }
}

extension EVSE.Status {
  /// Whether a cable is in; nil where the status does not say.
  public var isPlugged: Bool? {
    switch self {
    case .preparing, .charging, .suspendedEV, .suspendedEVSE, .finishing: true
    case .available, .reserved: false
    case .unavailable, .faulted, .unknown: nil
    }
  }
}
