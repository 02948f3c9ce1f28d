import Wire

/// How well a station's connection is secured, by OCPP's numbers (1.6 security whitepaper §3.1, OCPP 2.0.1 part 2 A §1.3).
public enum SecurityProfile: Int, Sendable, Comparable, CaseIterable {
  /// Nothing proves who the station is.
  case none = 0
  /// Its password, readable by everybody on the way.
  case basic = 1
  /// Its password, within TLS.
  case basicOverTLS = 2
  /// A client certificate.
  case certificate = 3

  public static func < (one: SecurityProfile, other: SecurityProfile) -> Bool { one.rawValue < other.rawValue }
}

/// What secures one connection of a station.
public struct LinkSecurity: Sendable, Equatable {
  public var profile: SecurityProfile
  public var isEncrypted: Bool
  /// The certificate that proved who the station is; nil below profile 3.
  public var certificate: StationCertificate?

  public init(_ profile: SecurityProfile = .none, isEncrypted: Bool = false, certificate: StationCertificate? = nil) {
    (self.profile, self.isEncrypted, self.certificate) = (profile, isEncrypted, certificate)
  }
}

/// A client certificate as it was shown: its authority signed it, and nobody revoked it.
public struct ClientCertificate: Sendable, Equatable {
  /// The CN and O of its subject.
  public var commonName: String?
  public var organization: String?
  /// Upper-case hex.
  public var serial: String
  public var expiresAt: Timestamp

  public init(commonName: String?, organization: String?, serial: String, expiresAt: Timestamp) {
    self.commonName = commonName
    self.organization = organization
    self.serial = serial
    self.expiresAt = expiresAt
  }

  /// How it is this station's; nil where it is another's. OCPP wants the serial number in the CN (2.0.1 A00.FR.404);
  /// many authorities put the identity there.
  public func match(_ identity: StationIdentity, serialNumber: String?) -> StationCertificate.Match? {
    if let serialNumber, !serialNumber.isEmpty, commonName == serialNumber { return .serialNumber }
    return commonName == identity.text ? .identity : nil
  }
}

/// The certificate by which a station proved who it is.
public struct StationCertificate: Sendable, Equatable {
  /// What of the station stands in the certificate's CN.
  public enum Match: String, Word { case identity, serialNumber = "serial_number" }

  public var serial: String
  public var commonName: String
  public var match: Match
  public var expiresAt: Timestamp

  public init(serial: String, commonName: String, match: Match, expiresAt: Timestamp) {
    (self.serial, self.commonName, self.match, self.expiresAt) = (serial, commonName, match, expiresAt)
  }
}

/// A certificate that one of our own doors shows, or another dated paper that a door stands on.
public struct DoorCertificate: Sendable, Equatable {
  /// The doors that show it, such as `stations`.
  public var door: String
  public var name: String
  /// Upper-case hex.
  public var serial: String
  public var expiresAt: Timestamp
  /// A revocation list is renewed every few days: it is worth a word only once it is overdue.
  public var isRevocationList: Bool

  public init(door: String, name: String, serial: String, expiresAt: Timestamp, isRevocationList: Bool = false) {
    (self.door, self.name, self.serial, self.expiresAt) = (door, name, serial, expiresAt)
    self.isRevocationList = isRevocationList
  }
}
