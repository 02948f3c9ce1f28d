import Domain
import Wire

/// The objects of OCPI 2.1.1 as they stand on the wire. References are to its text, module by module.
public enum V211 {
  /// A place with its EVSEs (mod_locations §3.1). It has no owner of its own: that is whoever sends it.
  public struct Location: Payload {
    public var id = ""
    public var type = LocationType.unknown
    public var name: String?
    public var address = ""
    public var city = ""
    public var postalCode = ""
    /// ISO 3166 alpha-3.
    public var country = ""
    public var coordinates = EVSEDetails.Place()
    public var evses: [EVSE]?
    public var timeZone: String?
    public var opening: V221.Hours?
    public var energyMix: EnergyMix?
    public var details = LocationDetails()
    public var updatedAt = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, max: 39)
      try w.visit("type", &type)
      try w.visit("name", &name, max: 255, cut: true)
      try w.visit("address", &address, max: 45, cut: true)
      try w.visit("city", &city, max: 45, cut: true)
      try w.visit("postal_code", &postalCode, max: 10)
      try w.visit("country", &country, max: 3)
      try w.visit("coordinates", &coordinates)
      try w.visit("related_locations", &details.related)
      try w.visit("evses", &evses)
      try w.visit("directions", &details.directions)
      try w.visit("operator", &details.operatedBy)
      try w.visit("suboperator", &details.suboperator)
      try w.visit("owner", &details.owner)
      try w.visit("facilities", &details.facilities)
      try w.visit("time_zone", &timeZone, max: 255)
      try w.visit("opening_times", &opening)
      try w.visit("charging_when_closed", &details.chargesWhenClosed)
      try w.visit("images", &details.images)
      try w.visit("energy_mix", &energyMix)
      try w.visit("last_updated", &updatedAt)
    }
  }

  public enum LocationType: String, Word {
    case onStreet = "ON_STREET", parkingGarage = "PARKING_GARAGE", undergroundGarage = "UNDERGROUND_GARAGE"
    case parkingLot = "PARKING_LOT", other = "OTHER", unknown = "UNKNOWN"
  }

  /// Where one car charges (mod_locations §3.2).
  public struct EVSE: Payload {
    public var uid = ""
    public var evseID: String?
    public var status = PublishedStatus.unknown
    public var connectors: [Connector] = []
    public var physicalReference: String?
    public var details = EVSEDetails()
    public var updatedAt = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("uid", &uid, max: 39)
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
      try w.visit("images", &details.images)
      try w.visit("last_updated", &updatedAt)
    }
  }

  /// One plug or socket (mod_locations §3.3).
  public struct Connector: Payload {
    public var id = ""
    public var standard = Domain.Connector.Standard.type2
    public var format = Domain.Connector.Format.socket
    public var powerType = Domain.Connector.PowerType.ac3
    public var voltage = 0
    public var amperage = 0
    public var tariff: String?
    public var terms: String?
    public var updatedAt = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("id", &id, max: 36)
      try w.visit("standard", &standard)
      try w.visit("format", &format)
      try w.visit("power_type", &powerType)
      try w.visit("voltage", &voltage, 0...)
      try w.visit("amperage", &amperage, 0...)
      try w.visit("tariff_id", &tariff, max: 36)
      try w.visit("terms_and_conditions", &terms, max: 255)
      try w.visit("last_updated", &updatedAt)
    }
  }

  /// Where the energy comes from (mod_locations §4.6).
  public struct EnergyMix: Payload {
    public var mix = Domain.EnergyMix()
    public var impacts: [Impact]?

    public init() {}

    init(_ mix: Domain.EnergyMix) {
      self.mix = mix
      impacts = mix.impacts.flatMap { $0.isEmpty ? nil : $0.map(Impact.init) }
    }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("is_green_energy", &mix.isGreen)
      try w.visit("energy_sources", &mix.sources)
      try w.visit("environ_impact", &impacts)
      try w.visit("supplier_name", &mix.supplier, max: 64, cut: true)
      try w.visit("energy_product_name", &mix.product, max: 64, cut: true)
    }

    public struct Impact: Payload {
      public var kind = Domain.EnergyMix.Impact.Kind.carbonDioxide
      public var amount = Decimal.zero

      public init() {}

      init(_ impact: Domain.EnergyMix.Impact) { (kind, amount) = (impact.kind, impact.amount) }

      public mutating func walk(_ w: inout some Walker) throws(Flaw) {
        try w.visit("source", &kind)
        try w.visit("amount", &amount)
      }
    }
  }
}

// MARK: - From the house

extension V211.Location {
  /// There is no word for a place that is not shown to the public: to a partner of this version it is gone.
  init(_ place: PublishedLocation) {
    (id, name, address, city) = (place.id, place.name, place.address, place.city)
    // Required here, and optional since.
    postalCode = place.postalCode ?? "-"
    (country, coordinates) = (place.countryName, place.coordinates)
    type = place.parkingType.map(V211.LocationType.init) ?? .unknown
    let shown = place.evses.map { place.isPublished ? $0 : $0.removed(at: place.updatedAt) }.map(V211.EVSE.init)
    evses = shown.isEmpty ? nil : shown
    timeZone = place.timeZone.nonEmpty
    opening = place.isAlwaysOpen.map { V221.Hours(isAlwaysOpen: $0, place.details.opening) }
    details = place.details.withoutEmptyLists
    energyMix = details.energyMix.map(V211.EnergyMix.init)
    updatedAt = place.updatedAt
  }

  /// The place of a session or a bill, with the EVSE and connector that were used (mod_sessions §3.1).
  init(_ place: CDR.Place, status: PublishedStatus, at time: Timestamp) {
    (id, name, address, city) = (place.location, place.name?.nonEmpty, place.address, place.city)
    (postalCode, country) = (place.postalCode?.nonEmpty ?? "-", place.country)
    coordinates = .init(latitude: place.latitude, longitude: place.longitude)
    var connector = V211.Connector()
    (connector.id, connector.standard, connector.format) = (place.connector, place.standard, place.format)
    connector.powerType = place.powerType
    (connector.voltage, connector.amperage) = (place.maxVoltage ?? 0, place.maxAmperage ?? 0)
    connector.updatedAt = time
    var evse = V211.EVSE()
    (evse.uid, evse.evseID, evse.status) = (place.evse, place.evseID.nonEmpty, status)
    (evse.connectors, evse.updatedAt) = ([connector], time)
    evses = [evse]
    updatedAt = time
  }
}

extension V211.LocationType {
  init(_ type: ParkingType) {
    switch type {
    case .onStreet: self = .onStreet
    case .parkingGarage: self = .parkingGarage
    case .undergroundGarage: self = .undergroundGarage
    case .parkingLot: self = .parkingLot
    case .alongMotorway, .onDriveway: self = .other
    }
  }
}

extension V211.EVSE {
  init(_ evse: PublishedEVSE) {
    (uid, evseID, status) = (evse.uid, evse.evseID, evse.status)
    connectors = evse.connectors.map(V211.Connector.init)
    (physicalReference, details, updatedAt) = (evse.physicalReference, evse.details.withoutEmptyLists, evse.updatedAt)
  }
}

extension V211.Connector {
  init(_ connector: PublishedConnector) {
    (id, standard, format, powerType) = (connector.id, connector.standard, connector.format, connector.powerType)
    (voltage, amperage) = (connector.maxVoltage, connector.maxAmperage)
    (tariff, terms, updatedAt) = (connector.tariffs?.first, connector.details.terms, connector.updatedAt)
  }
}

extension PublishedLocation {
  /// What of a location this version cannot say, beside words and fields that came later.
  func loseFor211(_ fitting: inout Fitting) {
    if postalCode == nil { fitting.lose("a location without a postal code, which is written as -") }
    switch parkingType {
    case .alongMotorway, .onDriveway: fitting.lose("parking type \(parkingType?.rawValue ?? "")")
    case .onStreet, .parkingGarage, .undergroundGarage, .parkingLot, nil: break
    }
    for evse in evses { evse.loseFor211(&fitting) }
  }
}

extension PublishedEVSE {
  func loseFor211(_ fitting: inout Fitting) {
    for connector in connectors {
      if connector.maxPower != nil { fitting.lose("max_electric_power") }
      if (connector.tariffs?.count ?? 0) > 1 { fitting.lose("more than one tariff of a connector") }
    }
  }
}
