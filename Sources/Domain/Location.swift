import Wire

/// A place where cars are charged: an address with its stations. What partners show on their maps.
public struct Location: Sendable, Equatable {
  public var id: ID<Location>
  public var party: ID<Party>
  /// The id that partners know (OCPI `id`, at most 36 characters); never changes.
  public var ref: String
  public var name: String
  public var address: String
  public var city: String
  public var postalCode: String?
  public var state: String?
  /// ISO 3166 alpha-3.
  public var country: String
  public var coordinates: Coordinates
  /// IANA name; tariffs and reports read their local time here.
  public var timeZone: String
  /// False: partners do not hear of it.
  public var isPublished: Bool
  public var parkingType: ParkingType?
  public var isAlwaysOpen: Bool
  public var details: LocationDetails
  public var createdAt: Timestamp
  public var updatedAt: Timestamp
  /// When it was taken away: partners that knew it must hear that.
  public var removedAt: Timestamp?

  public init(
    id: ID<Location>, party: ID<Party>, ref: String, name: String, address: String, city: String,
    postalCode: String? = nil,
    state: String? = nil, country: String, coordinates: Coordinates, timeZone: String, isPublished: Bool = true,
    parkingType: ParkingType? = nil, isAlwaysOpen: Bool = true, details: LocationDetails = LocationDetails(),
    createdAt: Timestamp, updatedAt: Timestamp, removedAt: Timestamp? = nil
  ) {
    self.id = id
    self.party = party
    self.ref = ref
    self.name = name
    self.address = address
    self.city = city
    self.postalCode = postalCode
    self.state = state
    self.country = country
    self.coordinates = coordinates
    self.timeZone = timeZone
    self.isPublished = isPublished
    self.parkingType = parkingType
    self.isAlwaysOpen = isAlwaysOpen
    self.details = details
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.removedAt = removedAt
  }
}

/// WGS 84 degrees, kept as the decimal text that partners get (OCPI 2.2.1 §8.4.13).
public struct Coordinates: Sendable, Equatable {
  public var latitude: String
  public var longitude: String

  /// Nil unless latitude is `-90…90` with 5 to 7 decimals and longitude `-180…180` with 5 to 7; fewer are filled up.
  public init?(latitude: String, longitude: String) {
    guard let latitude = Self.degrees(latitude, within: 90), let longitude = Self.degrees(longitude, within: 180) else {
      return nil
    }
    self.latitude = latitude
    self.longitude = longitude
  }

  /// 0° north, 0° east: where a location is that nobody has placed yet.
  public static let nullIsland = Coordinates(zero: "0.000000")

  private init(zero: String) { (latitude, longitude) = (zero, zero) }

  private static func degrees(_ text: String, within bound: Int) -> String? {
    guard let value = Decimal(text), Decimal(-bound) <= value, value <= Decimal(bound) else { return nil }
    let shown = value.rounded(toPlaces: 6, .halfUp).description
    let parts = shown.split(separator: ".", omittingEmptySubsequences: false)
    let fraction = parts.count > 1 ? String(parts[1]) : ""
    return "\(parts[0]).\(fraction)\(String(repeating: "0", count: max(0, 6 - fraction.utf8.count)))"
  }
}

public enum ParkingType: String, Word {
  case alongMotorway = "ALONG_MOTORWAY", parkingGarage = "PARKING_GARAGE", parkingLot = "PARKING_LOT"
  case onDriveway = "ON_DRIVEWAY", onStreet = "ON_STREET", undergroundGarage = "UNDERGROUND_GARAGE"
}
