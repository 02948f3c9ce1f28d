import Wire

// Our places as partners see them: all that any version of OCPI can say of them.

/// A location with its EVSEs (OCPI 2.3.0 §8.3.1).
public struct PublishedLocation: Sendable, Equatable {
  public var country = ""
  public var party = ""
  public var id = ""
  public var isPublished = true
  public var name: String?
  public var address = ""
  public var city = ""
  public var postalCode: String?
  public var state: String?
  /// ISO 3166 alpha-3.
  public var countryName = ""
  public var coordinates = EVSEDetails.Place()
  public var parkingType: ParkingType?
  public var evses: [PublishedEVSE] = []
  /// Nil where nobody says when it is open.
  public var isAlwaysOpen: Bool?
  /// IANA name.
  public var timeZone = ""
  public var details = LocationDetails()
  public var updatedAt = Timestamp(milliseconds: 0)
}

/// Where one car charges (OCPI 2.3.0 §8.3.2). Its walk is the form in which the books keep one that is gone.
public struct PublishedEVSE: Payload {
  public var uid = ""
  public var evseID: String?
  public var status = PublishedStatus.unknown
  public var connectors: [PublishedConnector] = []
  public var physicalReference: String?
  public var details = EVSEDetails()
  public var updatedAt = Timestamp(milliseconds: 0)

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("uid", &uid, max: 39)
    try w.visit("evse_id", &evseID, max: 48)
    try w.visit("status", &status)
    try w.visit("connectors", &connectors)
    try w.visit("physical_reference", &physicalReference, max: 16)
    try w.visit("details", &details)
    try w.visit("last_updated", &updatedAt)
  }
}

/// One plug or socket (OCPI 2.3.0 §8.3.3).
public struct PublishedConnector: Payload {
  public var id = ""
  public var standard = Connector.Standard.type2
  public var format = Connector.Format.socket
  public var powerType = Connector.PowerType.ac3
  /// V.
  public var maxVoltage = 0
  /// A.
  public var maxAmperage = 0
  /// W.
  public var maxPower: Int?
  public var tariffs: [String]?
  public var details = ConnectorDetails()
  public var updatedAt = Timestamp(milliseconds: 0)

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("id", &id, max: 36)
    try w.visit("standard", &standard)
    try w.visit("format", &format)
    try w.visit("power_type", &powerType)
    try w.visit("max_voltage", &maxVoltage, 0...)
    try w.visit("max_amperage", &maxAmperage, 0...)
    try w.visit("max_electric_power", &maxPower, 0...)
    try w.visit("tariff_ids", &tariffs, max: 36)
    try w.visit("details", &details)
    try w.visit("last_updated", &updatedAt)
  }
}

// MARK: - From the books

extension LocationView {
  /// As it stands in the eyes of whoever must see it no longer: it is not deleted, and nothing charges there any more
  /// (OCPI 2.2.1 §8.1).
  public func withdrawn() -> LocationView {
    var view = self
    view.location.isPublished = false
    let standing = PublishedLocation(self).evses
    (view.evses, view.gone) = ([], standing.map { $0.removed(at: max($0.updatedAt, updatedAt)) })
    return view
  }
}

extension PublishedLocation {
  /// A location as partners see it. An EVSE without a connector cannot be expressed and is left out until it has one;
  /// one that is gone stays, as REMOVED (OCPI 2.2.1 §8.2.2).
  public init(_ view: LocationView) {
    let place = view.location
    (country, party, id) = (view.party.country, view.party.party, place.ref)
    (isPublished, name) = (place.isPublished, place.name.nonEmpty)
    (address, city, postalCode, state) = (place.address, place.city, place.postalCode?.nonEmpty, place.state?.nonEmpty)
    countryName = place.country
    coordinates = .init(latitude: place.coordinates.latitude, longitude: place.coordinates.longitude)
    parkingType = place.parkingType
    evses = view.evses.filter { !$0.evse.connectors.isEmpty }.map(PublishedEVSE.init) + view.gone
    isAlwaysOpen = place.isAlwaysOpen ? true : place.details.opening == nil ? nil : false
    timeZone = place.timeZone
    details = place.details
    details.operatedBy = details.operatedBy ?? view.operatorName.nonEmpty.map { Company(name: $0) }
    updatedAt = view.updatedAt
  }
}

extension PublishedEVSE {
  public init(_ view: EVSEView) {
    let evse = view.evse
    (uid, evseID, physicalReference) = (evse.uid, evse.evseID?.nonEmpty, evse.physicalReference?.nonEmpty)
    status = PublishedStatus(evse.status)
    details = evse.details
    if details.capabilities == nil {
      // Only a socket holds a plug that a partner's driver may want released.
      let hasSocket = evse.connectors.contains { $0.format == .socket }
      details.capabilities = [.remoteStartStop, .rfidReader] + (hasSocket ? [.unlock] : [])
    }
    connectors = evse.connectors.map { PublishedConnector($0, tariffs: view.tariffRefs[$0.id] ?? []) }
    updatedAt = evse.connectors.map(\.updatedAt).reduce(max(evse.updatedAt, evse.statusSince), max)
  }

  /// As it stays in the eyes of partners once it is gone: its uid is never used again.
  public func removed(at now: Timestamp) -> PublishedEVSE {
    var gone = self
    (gone.status, gone.updatedAt) = (.removed, now)
    return gone
  }
}

extension PublishedConnector {
  public init(_ connector: Connector, tariffs refs: [String]) {
    id = String(connector.number)
    (standard, format, powerType) = (connector.standard, connector.format, connector.powerType)
    (maxVoltage, maxAmperage, maxPower) = (connector.maxVoltage, connector.maxAmperage, connector.maxPower)
    tariffs = refs.isEmpty ? nil : refs
    details = connector.details
    updatedAt = connector.updatedAt
  }
}

extension String {
  /// Nil for an empty text.
  var nonEmpty: String? { isEmpty ? nil : self }
}
