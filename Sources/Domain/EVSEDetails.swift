import Wire

/// What drivers may want to know of an EVSE beside what it does, spelled as OCPI 2.3.0 §8.3.2 spells it.
public struct EVSEDetails: Payload {
  /// What it will do, as planned.
  public var schedule: [PlannedStatus]?
  /// Nil: what the house knows that every station can do.
  public var capabilities: [Capability]?
  public var floor: String?
  /// Where it is, if it is not just where its location is.
  public var coordinates: Place?
  public var directions: [LocalText]?
  public var restrictions: [ParkingRestriction]?
  /// The places of its location at which a car parks that charges here.
  public var parking: [Parking]?
  public var images: [Image]?
  /// Whose contracts charge here, where not all do (OCPI 2.3.0).
  public var acceptedProviders: [String]?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("status_schedule", &schedule, count: 0...Limits.listedDetails)
    try w.visit("capabilities", &capabilities, count: 0...Limits.listedDetails)
    try w.visit("floor_level", &floor, max: 4, cut: true)
    try w.visit("coordinates", &coordinates)
    try w.visit("directions", &directions, count: 0...Limits.listedDetails)
    try w.visit("parking_restrictions", &restrictions, count: 0...Limits.listedDetails)
    try w.visit("parking", &parking, count: 0...Limits.listedDetails)
    try w.visit("images", &images, count: 0...Limits.listedDetails)
    try w.visit("accepted_service_providers", &acceptedProviders, max: 50, cut: true, count: 0...Limits.listedDetails)
  }

  /// WGS 84 degrees as decimal text.
  public struct Place: Payload {
    public var latitude = ""
    public var longitude = ""

    public init() {}

    public init(latitude: String, longitude: String) { (self.latitude, self.longitude) = (latitude, longitude) }

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("latitude", &latitude, max: 10)
      try w.visit("longitude", &longitude, max: 11)
    }
  }

  public struct PlannedStatus: Payload {
    public var begin = Timestamp(milliseconds: 0)
    public var end: Timestamp?
    public var status = PublishedStatus.planned

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("period_begin", &begin)
      try w.visit("period_end", &end)
      try w.visit("status", &status)
    }
  }

  public struct Parking: Payload {
    /// A `ParkingPlace` of the location.
    public var place = ""
    /// Where the EVSE stands, seen from the car.
    public var position: Position?

    public enum Position: String, Word { case left = "LEFT", right = "RIGHT", center = "CENTER" }

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("parking_id", &place, max: 36)
      try w.visit("evse_position", &position)
    }
  }
}

/// What a connector has beside its plug.
public struct ConnectorDetails: Payload {
  public var terms: String?
  public var capabilities: [Capability]?

  public enum Capability: String, Word {
    case plugAndCharge2 = "ISO_15118_2_PLUG_AND_CHARGE", plugAndCharge20 = "ISO_15118_20_PLUG_AND_CHARGE"
  }

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("terms_and_conditions", &terms, max: 255)
    try w.visit("capabilities", &capabilities, count: 0...Limits.listedDetails)
  }
}

/// What an EVSE does, in the words that partners know (OCPI 2.2.1 §8.4.22).
public enum PublishedStatus: String, Word {
  case unknown = "UNKNOWN", available = "AVAILABLE", blocked = "BLOCKED", charging = "CHARGING"
  case inoperative = "INOPERATIVE", outOfOrder = "OUTOFORDER", planned = "PLANNED", removed = "REMOVED"
  case reserved = "RESERVED"

  /// `preparing` stays AVAILABLE: a driver who plugged in and now asks by app must find an EVSE that is "able to start
  /// a new charging session" (OCPI 2.2.1 §8.4.22); BLOCKED is for a barrier that keeps cars away. A car that has
  /// finished still holds the place, which is "in use".
  public init(_ status: EVSE.Status) {
    switch status {
    case .available, .preparing: self = .available
    case .charging, .suspendedEV, .suspendedEVSE, .finishing: self = .charging
    case .reserved: self = .reserved
    case .unavailable: self = .inoperative
    case .faulted: self = .outOfOrder
    case .unknown: self = .unknown
    }
  }
}

public enum Capability: String, Word {
  case chargingProfile = "CHARGING_PROFILE_CAPABLE", chargingPreferences = "CHARGING_PREFERENCES_CAPABLE"
  case chipCard = "CHIP_CARD_SUPPORT", contactlessCard = "CONTACTLESS_CARD_SUPPORT"
  case creditCard = "CREDIT_CARD_PAYABLE", debitCard = "DEBIT_CARD_PAYABLE", pedTerminal = "PED_TERMINAL"
  case remoteStartStop = "REMOTE_START_STOP_CAPABLE", reservable = "RESERVABLE", rfidReader = "RFID_READER"
  case needsConnector = "START_SESSION_CONNECTOR_REQUIRED", tokenGroup = "TOKEN_GROUP_CAPABLE"
  case unlock = "UNLOCK_CAPABLE"
}

public enum ParkingRestriction: String, Word {
  case customers = "CUSTOMERS", disabled = "DISABLED", employees = "EMPLOYEES", evOnly = "EV_ONLY"
  case motorcycles = "MOTORCYCLES", plugged = "PLUGGED", taxis = "TAXIS", tenants = "TENANTS"
}
