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
  public var vendor: String?
  public var model: String?
  public var serialNumber: String?
  public var firmwareVersion: String?
  public var quirks: StationQuirks
  /// The version that it spoke last: a property of the connection, remembered for the operator.
  public var lastVersion: String?
  public var bootedAt: Timestamp?
  public var lastSeenAt: Timestamp?
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    id: ID<Station>, identity: StationIdentity, location: ID<Location>? = nil, registration: Registration,
    passwordHash: String? = nil, vendor: String? = nil, model: String? = nil, serialNumber: String? = nil,
    firmwareVersion: String? = nil, quirks: StationQuirks = StationQuirks(), lastVersion: String? = nil,
    bootedAt: Timestamp? = nil, lastSeenAt: Timestamp? = nil, createdAt: Timestamp, updatedAt: Timestamp
  ) {
    self.id = id
    self.identity = identity
    self.location = location
    self.registration = registration
    self.passwordHash = passwordHash
    self.vendor = vendor
    self.model = model
    self.serialNumber = serialNumber
    self.firmwareVersion = firmwareVersion
    self.quirks = quirks
    self.lastVersion = lastVersion
    self.bootedAt = bootedAt
    self.lastSeenAt = lastSeenAt
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }
}

/// What one station needs done differently. Everything here is off until the operator, or evidence, turns it on.
public struct StationQuirks: Payload {
  /// The version to assume where the station offers no WebSocket subprotocol.
  public var assumedVersion: String?
  /// Seconds between our pings; 0 is off, absent is the house's default.
  public var pingSeconds: Int?
  /// Seconds between heartbeats; absent is the house's default.
  public var heartbeatSeconds: Int?
  /// How long a token's uid may be for a remote start; 20 by the standard, 16 are safe everywhere.
  public var tagLength: Int?
  /// Any car charges here without a token.
  public var isFreeVend: Bool?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("assumed_version", &assumedVersion, max: 10)
    try w.visit("ping_seconds", &pingSeconds, 0...86_400)
    try w.visit("heartbeat_seconds", &heartbeatSeconds, 10...86_400)
    try w.visit("tag_length", &tagLength, 8...36)
    try w.visit("free_vend", &isFreeVend)
  }
}
