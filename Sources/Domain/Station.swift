import Wire

/// A charging station: one box with one link to us, and one or more EVSEs.
public struct Station: Sendable, Equatable {
  /// What the operator decided about a station that calls under this identity.
  public enum Registration: String, Word { case pending, accepted, rejected }

  public var id: ID<Station>
  public var identity: StationIdentity
  public var location: ID<Location>?
  public var registration: Registration
  /// Salted digest of its HTTP Basic password; nil where it has none, which is flagged.
  public var passwordHash: String?
  /// The least that is taken from it: no connection below this profile comes in, and only the operator lowers it.
  public var securityProfile: SecurityProfile
  public var vendor: String?
  public var model: String?
  public var serialNumber: String?
  public var firmwareVersion: String?
  /// What the operator wrote that it needs done differently; `needs` is what holds.
  public var quirks: StationQuirks
  /// What its make is known to need.
  public var preset: AppliedPreset?
  /// The second central system that hears what it says.
  public var forwarding: Forwarding?
  /// The version that it spoke last: a property of the connection, remembered for the operator.
  public var lastVersion: String?
  public var bootedAt: Timestamp?
  public var lastSeenAt: Timestamp?
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    id: ID<Station>, identity: StationIdentity, location: ID<Location>? = nil, registration: Registration,
    passwordHash: String? = nil, securityProfile: SecurityProfile = .none, vendor: String? = nil, model: String? = nil,
    serialNumber: String? = nil,
    firmwareVersion: String? = nil, quirks: StationQuirks = StationQuirks(), preset: AppliedPreset? = nil,
    forwarding: Forwarding? = nil,
    lastVersion: String? = nil,
    bootedAt: Timestamp? = nil, lastSeenAt: Timestamp? = nil, createdAt: Timestamp, updatedAt: Timestamp
  ) {
    self.id = id
    self.identity = identity
    self.location = location
    self.registration = registration
    self.passwordHash = passwordHash
    self.securityProfile = securityProfile
    self.vendor = vendor
    self.model = model
    self.serialNumber = serialNumber
    self.firmwareVersion = firmwareVersion
    self.quirks = quirks
    self.preset = preset
    self.forwarding = forwarding
    self.lastVersion = lastVersion
    self.bootedAt = bootedAt
    self.lastSeenAt = lastSeenAt
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }

  /// What it needs done differently: what the operator wrote, and beside that what its preset says.
  public var needs: StationQuirks {
    guard let preset, quirks.ignoresPresets != true else { return quirks }
    return quirks.over(preset.quirks)
  }
}
