import Domain
import Wire

extension V221 {
  /// A place with its EVSEs (§8.3.1).
  public struct Location: Payload {
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
    public var coordinates = GeoLocation()
    public var parkingType: ParkingType?
    public var evses: [EVSE]?
    public var timeZone = ""
    public var opening: Hours?
    public var details = LocationDetails()
    public var updatedAt = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("country_code", &country, max: 2)
      try w.visit("party_id", &party, max: 3)
      try w.visit("id", &id, max: 36)
      try w.visit("publish", &isPublished)
      try w.visit("publish_allowed_to", &details.publishTo)
      try w.visit("name", &name, max: 255, cut: true)
      try w.visit("address", &address, max: 255, cut: true)
      try w.visit("city", &city, max: 45, cut: true)
      try w.visit("postal_code", &postalCode, max: 10)
      try w.visit("state", &state, max: 45, cut: true)
      try w.visit("country", &countryName, max: 3)
      try w.visit("coordinates", &coordinates)
      try w.visit("related_locations", &details.related)
      try w.visit("parking_type", &parkingType)
      try w.visit("evses", &evses)
      try w.visit("parking_places", &details.parkingPlaces, since: .v230)
      try w.visit("directions", &details.directions)
      try w.visit("operator", &details.operatedBy)
      try w.visit("suboperator", &details.suboperator)
      try w.visit("owner", &details.owner)
      try w.visit("facilities", &details.facilities)
      try w.visit("time_zone", &timeZone, max: 255)
      try w.visit("opening_times", &opening)
      try w.visit("charging_when_closed", &details.chargesWhenClosed)
      try w.visit("images", &details.images)
      try w.visit("energy_mix", &details.energyMix)
      try w.visit("help_phone", &details.helpPhone, max: 25, since: .v230)
      try w.visit("last_updated", &updatedAt)
    }
  }

  /// Where one car charges (§8.3.2).
  public struct EVSE: Payload {
    public typealias Status = PublishedStatus

    public var uid = ""
    public var evseID: String?
    public var status = Status.unknown
    public var connectors: [Connector] = []
    public var physicalReference: String?
    public var details = EVSEDetails()
    public var updatedAt = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("uid", &uid, max: 36)
      try w.visit("evse_id", &evseID, max: 48)
      try w.visit("status", &status)
      try w.visit("status_schedule", &details.schedule)
      try w.visit("capabilities", &details.capabilities)
      try w.visit("connectors", &connectors, count: 1...)
      try w.visit("floor_level", &details.floor, max: 4, cut: true)
      try w.visit("coordinates", &details.coordinates)
      try w.visit("physical_reference", &physicalReference, max: 16, cut: true)
      try w.visit("directions", &details.directions)
      try w.visit("parking_restrictions", &details.restrictions)
      try w.visit("parking", &details.parking, since: .v230)
      try w.visit("images", &details.images)
      try w.visit("accepted_service_providers", &details.acceptedProviders, max: 50, cut: true, since: .v230)
      try w.visit("last_updated", &updatedAt)
    }
  }

  /// One plug or socket (§8.3.3).
  public struct Connector: Payload {
    public var id = ""
    public var standard = ConnectorType.type2
    public var format = ConnectorFormat.socket
    public var powerType = PowerType.ac3
    public var maxVoltage = 0
    public var maxAmperage = 0
    public var maxPower: Int?
    public var tariffs: [String]?
    public var details = ConnectorDetails()
    public var updatedAt = Timestamp.epoch

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
      try w.visit("terms_and_conditions", &details.terms, max: 255)
      try w.visit("capabilities", &details.capabilities, since: .v230)
      try w.visit("last_updated", &updatedAt)
    }
  }

  /// When a location is open (§8.4.14).
  public struct Hours: Payload {
    public var isAlwaysOpen = true
    public var hours = OpeningHours()

    public init() {}

    init(isAlwaysOpen: Bool, _ hours: OpeningHours?) {
      (self.isAlwaysOpen, self.hours) = (isAlwaysOpen, hours ?? OpeningHours())
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("twentyfourseven", &isAlwaysOpen)
      try w.visit("regular_hours", &hours.regular)
      try w.visit("exceptional_openings", &hours.openings)
      try w.visit("exceptional_closings", &hours.closings)
    }
  }

  public typealias ConnectorType = Domain.Connector.Standard
  public typealias ConnectorFormat = Domain.Connector.Format
  public typealias PowerType = Domain.Connector.PowerType
  public typealias ParkingType = Domain.ParkingType
}

// MARK: - From the house

extension V221.Location {
  init(_ place: PublishedLocation) {
    (country, party, id, isPublished, name) = (place.country, place.party, place.id, place.isPublished, place.name)
    (address, city, postalCode, state) = (place.address, place.city, place.postalCode, place.state)
    (countryName, coordinates, parkingType) = (place.countryName, place.coordinates, place.parkingType)
    evses = place.evses.isEmpty ? nil : place.evses.map(V221.EVSE.init)
    timeZone = place.timeZone
    opening = place.isAlwaysOpen.map { V221.Hours(isAlwaysOpen: $0, place.details.opening) }
    details = place.details.withoutEmptyLists
    updatedAt = place.updatedAt
  }
}

extension V221.EVSE {
  init(_ evse: PublishedEVSE) {
    (uid, evseID, status) = (evse.uid, evse.evseID, evse.status)
    connectors = evse.connectors.map(V221.Connector.init)
    (physicalReference, details, updatedAt) = (evse.physicalReference, evse.details.withoutEmptyLists, evse.updatedAt)
  }
}

extension V221.Connector {
  init(_ connector: PublishedConnector) {
    (id, standard, format, powerType) = (connector.id, connector.standard, connector.format, connector.powerType)
    (maxVoltage, maxAmperage, maxPower) = (connector.maxVoltage, connector.maxAmperage, connector.maxPower)
    (tariffs, details, updatedAt) = (connector.tariffs, connector.details, connector.updatedAt)
    if details.capabilities?.isEmpty == true { details.capabilities = nil }
  }
}

extension LocationDetails {
  /// An optional list without elements is left out.
  var withoutEmptyLists: LocationDetails {
    var details = self
    if publishTo?.isEmpty == true { details.publishTo = nil }
    if related?.isEmpty == true { details.related = nil }
    if directions?.isEmpty == true { details.directions = nil }
    if facilities?.isEmpty == true { details.facilities = nil }
    if images?.isEmpty == true { details.images = nil }
    if parkingPlaces?.isEmpty == true { details.parkingPlaces = nil }
    return details
  }
}

extension EVSEDetails {
  var withoutEmptyLists: EVSEDetails {
    var details = self
    if schedule?.isEmpty == true { details.schedule = nil }
    if capabilities?.isEmpty == true { details.capabilities = nil }
    if directions?.isEmpty == true { details.directions = nil }
    if restrictions?.isEmpty == true { details.restrictions = nil }
    if parking?.isEmpty == true { details.parking = nil }
    if images?.isEmpty == true { details.images = nil }
    if acceptedProviders?.isEmpty == true { details.acceptedProviders = nil }
    return details
  }
}

extension String {
  /// Nil for an empty text: in OCPI an optional field without a value is left out.
  var nonEmpty: String? { isEmpty ? nil : self }
}
