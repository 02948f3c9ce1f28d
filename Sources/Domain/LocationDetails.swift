import Wire

/// What drivers may want to know of a location beside its address, and what partners show of it. Spelled as OCPI 2.3.0
/// §8 spells it, in the books and in the API.
public struct LocationDetails: Payload {
  /// Whose drivers may see it where it is not published (OCPI 2.2.1 §8.3.1).
  public var publishTo: [PublishedTo]?
  /// Other places that belong to it, such as an entrance.
  public var related: [RelatedPlace]?
  public var directions: [LocalText]?
  /// Who runs it, where that is not the party itself.
  public var operatedBy: Company?
  public var suboperator: Company?
  public var owner: Company?
  public var facilities: [Facility]?
  /// When it is open, where it is not always.
  public var opening: OpeningHours?
  /// Whether a car goes on charging after closing time.
  public var chargesWhenClosed: Bool?
  public var images: [Image]?
  public var energyMix: EnergyMix?
  /// Whom a driver calls who needs help there.
  public var helpPhone: String?
  /// Parking places that EVSEs stand beside (OCPI 2.3.0 §8.3.4).
  public var parkingPlaces: [ParkingPlace]?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("publish_allowed_to", &publishTo, count: 0...Limits.listedDetails)
    try w.visit("related_locations", &related, count: 0...Limits.listedDetails)
    try w.visit("directions", &directions, count: 0...Limits.listedDetails)
    try w.visit("operator", &operatedBy)
    try w.visit("suboperator", &suboperator)
    try w.visit("owner", &owner)
    try w.visit("facilities", &facilities, count: 0...Limits.listedDetails)
    try w.visit("opening_times", &opening)
    try w.visit("charging_when_closed", &chargesWhenClosed)
    try w.visit("images", &images, count: 0...Limits.listedDetails)
    try w.visit("energy_mix", &energyMix)
    try w.visit("help_phone", &helpPhone, max: 25)
    try w.visit("parking_places", &parkingPlaces, count: 0...Limits.listedDetails)
  }
}

/// The tokens whose holders may see a location that is not published: all that is named must fit.
public struct PublishedTo: Payload {
  public var uid: String?
  public var kind: Token.Kind?
  public var visualNumber: String?
  public var issuer: String?
  public var groupID: String?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("uid", &uid, max: 36)
    try w.visit("type", &kind)
    try w.visit("visual_number", &visualNumber, max: 64, cut: true)
    try w.visit("issuer", &issuer, max: 64, cut: true)
    try w.visit("group_id", &groupID, max: 36)
  }
}

/// A place that belongs to a location.
public struct RelatedPlace: Payload {
  public var latitude = ""
  public var longitude = ""
  public var name: LocalText?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("latitude", &latitude, max: 10)
    try w.visit("longitude", &longitude, max: 11)
    try w.visit("name", &name)
  }
}

/// A company as drivers know it.
public struct Company: Payload {
  public var name = ""
  public var website: String?
  public var logo: Image?

  public init() {}

  public init(name: String, website: String? = nil) { (self.name, self.website) = (name, website) }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("name", &name, max: 100, cut: true)
    try w.visit("website", &website, max: 255)
    try w.visit("logo", &logo)
  }
}

/// A picture that lies somewhere on the web.
public struct Image: Payload {
  public var url = ""
  public var thumbnail: String?
  public var category = Category.other
  /// Such as `png`.
  public var format = ""
  /// Pixels.
  public var width: Int?
  public var height: Int?

  public enum Category: String, Word {
    case charger = "CHARGER", entrance = "ENTRANCE", location = "LOCATION", network = "NETWORK"
    case `operator` = "OPERATOR", other = "OTHER", owner = "OWNER"
  }

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("url", &url, max: 255)
    try w.visit("thumbnail", &thumbnail, max: 255)
    try w.visit("category", &category)
    try w.visit("type", &format, max: 4)
    try w.visit("width", &width, 0...99_999)
    try w.visit("height", &height, 0...99_999)
  }
}

public enum Facility: String, Word {
  case hotel = "HOTEL", restaurant = "RESTAURANT", cafe = "CAFE", mall = "MALL", supermarket = "SUPERMARKET"
  case sport = "SPORT", recreationArea = "RECREATION_AREA", nature = "NATURE", museum = "MUSEUM"
  case bikeSharing = "BIKE_SHARING", busStop = "BUS_STOP", taxiStand = "TAXI_STAND", tramStop = "TRAM_STOP"
  case metroStation = "METRO_STATION", trainStation = "TRAIN_STATION", airport = "AIRPORT"
  case parkingLot = "PARKING_LOT", carpoolParking = "CARPOOL_PARKING", fuelStation = "FUEL_STATION", wifi = "WIFI"
}

// MARK: - When it is open

/// The hours of a location that is not always open; local time, and exceptions in UTC.
public struct OpeningHours: Payload {
  public var regular: [Regular]?
  public var openings: [Span]?
  public var closings: [Span]?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("regular_hours", &regular, count: 0...Limits.listedDetails)
    try w.visit("exceptional_openings", &openings, count: 0...Limits.listedDetails)
    try w.visit("exceptional_closings", &closings, count: 0...Limits.listedDetails)
  }

  public struct Regular: Payload {
    /// 1 is Monday, 7 is Sunday.
    public var weekday = 1
    /// `HH:MM`.
    public var begin = ""
    public var end = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("weekday", &weekday, 1...7)
      try w.visit("period_begin", &begin, max: 5)
      try w.visit("period_end", &end, max: 5)
    }
  }

  public struct Span: Payload {
    public var begin = Timestamp(milliseconds: 0)
    public var end = Timestamp(milliseconds: 0)

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("period_begin", &begin)
      try w.visit("period_end", &end)
    }
  }
}

// MARK: - Where the energy comes from

public struct EnergyMix: Payload {
  public var isGreen = false
  public var sources: [Source]?
  public var impacts: [Impact]?
  public var supplier: String?
  public var product: String?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("is_green_energy", &isGreen)
    try w.visit("energy_sources", &sources, count: 0...Limits.listedDetails)
    try w.visit("environ_impact", &impacts, count: 0...Limits.listedDetails)
    try w.visit("supplier_name", &supplier, max: 64, cut: true)
    try w.visit("energy_product_name", &product, max: 64, cut: true)
  }

  public struct Source: Payload {
    public var kind = Kind.generalGreen
    public var percentage = Decimal.zero

    public enum Kind: String, Word {
      case nuclear = "NUCLEAR", generalFossil = "GENERAL_FOSSIL", coal = "COAL", gas = "GAS"
      case generalGreen = "GENERAL_GREEN", solar = "SOLAR", wind = "WIND", water = "WATER"
    }

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("source", &kind)
      try w.visit("percentage", &percentage, 0...100)
    }
  }

  public struct Impact: Payload {
    public var kind = Kind.carbonDioxide
    /// Grams per kWh.
    public var amount = Decimal.zero

    public enum Kind: String, Word { case nuclearWaste = "NUCLEAR_WASTE", carbonDioxide = "CARBON_DIOXIDE" }

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("category", &kind)
      try w.visit("amount", &amount)
    }
  }
}

// MARK: - Parking

/// A place to park beside one or several EVSEs (OCPI 2.3.0 §8.3.4). Metres and kilograms.
public struct ParkingPlace: Payload {
  public var id = ""
  public var physicalReference: String?
  public var vehicles: [Vehicle] = []
  public var maxWeight: Decimal?
  public var maxHeight: Decimal?
  public var maxLength: Decimal?
  public var maxWidth: Decimal?
  public var spaceLength: Decimal?
  public var spaceWidth: Decimal?
  public var allowsDangerousGoods: Bool?
  public var direction: Direction?
  public var isDriveThrough: Bool?
  /// Only for those vehicles.
  public var isRestrictedToType = false
  public var needsReservation = false
  /// Minutes.
  public var timeLimit: Decimal?
  public var isRoofed: Bool?
  public var images: [Image]?
  public var hasLighting: Bool?
  public var hasRefrigerationOutlet: Bool?
  public var standards: [String]?
  public var apdsReference: String?

  public enum Vehicle: String, Word {
    case motorcycle = "MOTORCYCLE", car = "PERSONAL_VEHICLE", carWithTrailer = "PERSONAL_VEHICLE_WITH_TRAILER"
    case van = "VAN", semiTractor = "SEMI_TRACTOR", rigid = "RIGID", truckWithTrailer = "TRUCK_WITH_TRAILER"
    case bus = "BUS", disabled = "DISABLED"
  }

  public enum Direction: String, Word { case parallel = "PARALLEL", perpendicular = "PERPENDICULAR", angle = "ANGLE" }

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("id", &id, max: 36)
    try w.visit("physical_reference", &physicalReference, max: 12, cut: true)
    try w.visit("vehicle_types", &vehicles, count: 1...Limits.listedDetails)
    try w.visit("max_vehicle_weight", &maxWeight)
    try w.visit("max_vehicle_height", &maxHeight)
    try w.visit("max_vehicle_length", &maxLength)
    try w.visit("max_vehicle_width", &maxWidth)
    try w.visit("parking_space_length", &spaceLength)
    try w.visit("parking_space_width", &spaceWidth)
    try w.visit("dangerous_goods_allowed", &allowsDangerousGoods)
    try w.visit("direction", &direction)
    try w.visit("drive_through", &isDriveThrough)
    try w.visit("restricted_to_type", &isRestrictedToType)
    try w.visit("reservation_required", &needsReservation)
    try w.visit("time_limit", &timeLimit)
    try w.visit("roofed", &isRoofed)
    try w.visit("images", &images, count: 0...Limits.listedDetails)
    try w.visit("lighting", &hasLighting)
    try w.visit("refrigeration_outlet", &hasRefrigerationOutlet)
    try w.visit("standards", &standards, max: 36, count: 0...Limits.listedDetails)
    try w.visit("apds_reference", &apdsReference, max: 255)
  }
}
