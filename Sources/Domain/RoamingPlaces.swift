import Wire

/// An object of another operator of stations, by all that makes it unique: who gave it to us, whose it is, and its id
/// there.
public struct RoamingKey: Hashable, Sendable {
  public var partner: ID<Partner>
  public var party: PartyID
  /// Compared without regard to case.
  public var ref: String

  public init(partner: ID<Partner>, party: PartyID, ref: String) {
    (self.partner, self.party, self.ref) = (partner, party, ref)
  }
}

/// A location at another network where our drivers can charge. The values are what a search and a check need; `raw` is
/// the object as it was told.
public struct RoamingLocation: Sendable, Equatable {
  public var party: PartyID
  public var ref: String
  public var name: String?
  public var address = ""
  public var city = ""
  public var postalCode: String?
  /// ISO 3166 alpha-3.
  public var country = ""
  /// WGS 84 degrees.
  public var latitude = Decimal.zero
  public var longitude = Decimal.zero
  /// IANA name; empty where nobody told it, as OCPI 2.1.1 allows.
  public var timeZone = ""
  public var evses: [RoamingEVSE] = []
  public var updatedAt: Timestamp
  public var raw: JSON

  public init(party: PartyID, ref: String, updatedAt: Timestamp, raw: JSON) {
    (self.party, self.ref, self.updatedAt, self.raw) = (party, ref, updatedAt, raw)
  }

  /// Where all its EVSEs are removed it is gone, though OCPI has no word for that (2.2.1 §8.3.1).
  public var isRemoved: Bool { !evses.isEmpty && evses.allSatisfy { $0.status == RoamingEVSE.removed } }

  public func evse(_ uid: String) -> RoamingEVSE? { evses.first { $0.uid.ciFolded == uid.ciFolded } }
}

/// One of its EVSEs. Words stay OCPI's own: a newer version may have more than we know.
public struct RoamingEVSE: Sendable, Equatable {
  public static let available = "AVAILABLE", removed = "REMOVED"

  public var uid: String
  public var evseID: String?
  public var status: String
  public var capabilities: [String]
  public var connectors: [RoamingConnector]

  public init(
    uid: String, evseID: String? = nil, status: String, capabilities: [String] = [],
    connectors: [RoamingConnector] = []
  ) {
    (self.uid, self.evseID, self.status) = (uid, evseID, status)
    (self.capabilities, self.connectors) = (capabilities, connectors)
  }

  public func connector(_ id: String) -> RoamingConnector? { connectors.first { $0.id.ciFolded == id.ciFolded } }
}

public struct RoamingConnector: Sendable, Equatable {
  public var id: String
  /// `IEC_62196_T2_COMBO`…
  public var standard: String
  public var format: String
  public var powerType: String
  /// W: what was told, else volts times amperes times phases.
  public var maxPower: Int
  public var tariffs: [String]

  public init(
    id: String, standard: String, format: String, powerType: String, maxPower: Int, tariffs: [String] = []
  ) {
    (self.id, self.standard, self.format) = (id, standard, format)
    (self.powerType, self.maxPower, self.tariffs) = (powerType, maxPower, tariffs)
  }
}

/// A tariff that another network announced.
public struct RoamingTariff: Sendable, Equatable {
  public var party: PartyID
  public var ref: String
  public var tariff: Tariff
  public var updatedAt: Timestamp
  public var raw: JSON

  public init(party: PartyID, ref: String, tariff: Tariff, updatedAt: Timestamp, raw: JSON) {
    (self.party, self.ref, self.tariff) = (party, ref, tariff)
    (self.updatedAt, self.raw) = (updatedAt, raw)
  }
}
