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
    public var operatedBy: BusinessDetails?
    public var timeZone = ""
    public var opening: Hours?
    public var updatedAt = Timestamp.epoch

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("country_code", &country, max: 2)
      try w.visit("party_id", &party, max: 3)
      try w.visit("id", &id, max: 36)
      try w.visit("publish", &isPublished)
      try w.visit("name", &name, max: 255, cut: true)
      try w.visit("address", &address, max: 255, cut: true)
      try w.visit("city", &city, max: 45, cut: true)
      try w.visit("postal_code", &postalCode, max: 10)
      try w.visit("state", &state, max: 45, cut: true)
      try w.visit("country", &countryName, max: 3)
      try w.visit("coordinates", &coordinates)
      try w.visit("parking_type", &parkingType)
      try w.visit("evses", &evses)
      try w.visit("operator", &operatedBy)
      try w.visit("time_zone", &timeZone, max: 255)
      try w.visit("opening_times", &opening)
      try w.visit("last_updated", &updatedAt)
    }
  }

  /// Where one car charges (§8.3.2).
  public struct EVSE: Payload {
    public var uid = ""
    public var evseID: String?
    public var status = Status.unknown
    public var capabilities: [Capability]?
    public var connectors: [Connector] = []
    public var physicalReference: String?
    public var updatedAt = Timestamp.epoch

    public enum Status: String, Word {
      case unknown = "UNKNOWN", available = "AVAILABLE", blocked = "BLOCKED", charging = "CHARGING"
      case inoperative = "INOPERATIVE", outOfOrder = "OUTOFORDER", planned = "PLANNED", removed = "REMOVED"
      case reserved = "RESERVED"
    }

    public enum Capability: String, Word {
      case chargingProfile = "CHARGING_PROFILE_CAPABLE", chargingPreferences = "CHARGING_PREFERENCES_CAPABLE"
      case chipCard = "CHIP_CARD_SUPPORT", contactlessCard = "CONTACTLESS_CARD_SUPPORT"
      case creditCard = "CREDIT_CARD_PAYABLE", debitCard = "DEBIT_CARD_PAYABLE", pedTerminal = "PED_TERMINAL"
      case remoteStartStop = "REMOTE_START_STOP_CAPABLE", reservable = "RESERVABLE", rfidReader = "RFID_READER"
      case needsConnector = "START_SESSION_CONNECTOR_REQUIRED", tokenGroup = "TOKEN_GROUP_CAPABLE"
      case unlock = "UNLOCK_CAPABLE"
    }

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("uid", &uid, max: 36)
      try w.visit("evse_id", &evseID, max: 48)
      try w.visit("status", &status)
      try w.visit("capabilities", &capabilities)
      try w.visit("connectors", &connectors, count: 1...)
      try w.visit("physical_reference", &physicalReference, max: 16, cut: true)
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
      try w.visit("last_updated", &updatedAt)
    }
  }

  /// When a location is open (§8.4.14).
  public struct Hours: Payload {
    public var isAlwaysOpen = true

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("twentyfourseven", &isAlwaysOpen)
    }
  }

  public enum ConnectorType: String, Word {
    case chademo = "CHADEMO", chaoji = "CHAOJI", domesticA = "DOMESTIC_A", domesticB = "DOMESTIC_B"
    case domesticC = "DOMESTIC_C", domesticD = "DOMESTIC_D", domesticE = "DOMESTIC_E", domesticF = "DOMESTIC_F"
    case domesticG = "DOMESTIC_G", domesticH = "DOMESTIC_H", domesticI = "DOMESTIC_I", domesticJ = "DOMESTIC_J"
    case domesticK = "DOMESTIC_K", domesticL = "DOMESTIC_L", domesticM = "DOMESTIC_M", domesticN = "DOMESTIC_N"
    case domesticO = "DOMESTIC_O", gbtAC = "GBT_AC", gbtDC = "GBT_DC", cee16 = "IEC_60309_2_single_16"
    case cee3x16 = "IEC_60309_2_three_16", cee3x32 = "IEC_60309_2_three_32", cee3x64 = "IEC_60309_2_three_64"
    case type1 = "IEC_62196_T1", ccs1 = "IEC_62196_T1_COMBO", type2 = "IEC_62196_T2", ccs2 = "IEC_62196_T2_COMBO"
    case type3A = "IEC_62196_T3A", type3C = "IEC_62196_T3C", nema520 = "NEMA_5_20", nema630 = "NEMA_6_30"
    case nema650 = "NEMA_6_50", nema1030 = "NEMA_10_30", nema1050 = "NEMA_10_50", nema1430 = "NEMA_14_30"
    case nema1450 = "NEMA_14_50", pantographUp = "PANTOGRAPH_BOTTOM_UP", pantographDown = "PANTOGRAPH_TOP_DOWN"
    case teslaR = "TESLA_R", teslaS = "TESLA_S"
  }

  public enum ConnectorFormat: String, Word { case socket = "SOCKET", cable = "CABLE" }

  public enum PowerType: String, Word {
    case ac1 = "AC_1_PHASE", ac2 = "AC_2_PHASE", ac2Split = "AC_2_PHASE_SPLIT", ac3 = "AC_3_PHASE", dc = "DC"
  }

  public enum ParkingType: String, Word {
    case alongMotorway = "ALONG_MOTORWAY", parkingGarage = "PARKING_GARAGE", parkingLot = "PARKING_LOT"
    case onDriveway = "ON_DRIVEWAY", onStreet = "ON_STREET", undergroundGarage = "UNDERGROUND_GARAGE"
  }
}

// MARK: - From the house

extension V221.Location {
  /// A location as partners see it. An EVSE without a connector cannot be expressed and is left out until it has one.
  init(_ view: LocationView) {
    let place = view.location
    country = view.party.country
    party = view.party.party
    id = place.ref
    isPublished = place.isPublished
    name = place.name.nonEmpty
    address = place.address
    city = place.city
    postalCode = place.postalCode?.nonEmpty
    state = place.state?.nonEmpty
    countryName = place.country
    coordinates = V221.GeoLocation(latitude: place.coordinates.latitude, longitude: place.coordinates.longitude)
    parkingType = place.parkingType.map(V221.ParkingType.init)
    let shown = view.evses.filter { !$0.evse.connectors.isEmpty }.map(V221.EVSE.init)
    evses = shown.isEmpty ? nil : shown
    operatedBy = view.operatorName.nonEmpty.map { V221.BusinessDetails(name: $0) }
    timeZone = place.timeZone
    opening = place.isAlwaysOpen ? V221.Hours() : nil
    updatedAt = view.updatedAt
  }
}

extension V221.EVSE {
  init(_ view: EVSEView) {
    let evse = view.evse
    uid = evse.uid
    evseID = evse.evseID?.nonEmpty
    status = Status(evse.status)
    // Only a socket holds a plug that a partner's driver may want released.
    let hasSocket = evse.connectors.contains { $0.format == .socket }
    capabilities = [.remoteStartStop, .rfidReader] + (hasSocket ? [.unlock] : [])
    connectors = evse.connectors.map { connector in
      V221.Connector(connector, tariff: view.tariffRefs[connector.id])
    }
    physicalReference = evse.physicalReference?.nonEmpty
    updatedAt = evse.connectors.map(\.updatedAt).reduce(max(evse.updatedAt, evse.statusSince), max)
  }
}

extension V221.EVSE.Status {
  /// `preparing` stays AVAILABLE: a driver who plugged in and now asks by app must find an EVSE that is "able to start
  /// a new charging session" (§8.4.22); BLOCKED is for a barrier that keeps cars away. A car that has finished still
  /// holds the place, which is "in use".
  init(_ status: Domain.EVSE.Status) {
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

extension V221.Connector {
  init(_ connector: Domain.Connector, tariff: String?) {
    id = String(connector.number)
    standard = V221.ConnectorType(connector.standard)
    format = V221.ConnectorFormat(connector.format)
    powerType = V221.PowerType(connector.powerType)
    maxVoltage = connector.maxVoltage
    maxAmperage = connector.maxAmperage
    maxPower = connector.maxPower
    tariffs = tariff.map { [$0] }
    updatedAt = connector.updatedAt
  }
}

extension V221.ConnectorType {
  init(_ standard: Domain.Connector.Standard) {
    switch standard {
    case .chademo: self = .chademo
    case .domesticF: self = .domesticF
    case .type1: self = .type1
    case .ccs1: self = .ccs1
    case .type2: self = .type2
    case .ccs2: self = .ccs2
    case .tesla: self = .teslaS
    case .gbtAC: self = .gbtAC
    case .gbtDC: self = .gbtDC
    }
  }
}

extension V221.ConnectorFormat {
  init(_ format: Domain.Connector.Format) {
    switch format {
    case .socket: self = .socket
    case .cable: self = .cable
    }
  }
}

extension V221.PowerType {
  init(_ type: Domain.Connector.PowerType) {
    switch type {
    case .ac1: self = .ac1
    case .ac3: self = .ac3
    case .dc: self = .dc
    }
  }
}

extension V221.ParkingType {
  init(_ type: Domain.ParkingType) {
    switch type {
    case .alongMotorway: self = .alongMotorway
    case .parkingGarage: self = .parkingGarage
    case .parkingLot: self = .parkingLot
    case .onDriveway: self = .onDriveway
    case .onStreet: self = .onStreet
    case .undergroundGarage: self = .undergroundGarage
    }
  }
}

extension String {
  /// Nil for an empty text: in OCPI an optional field without a value is left out.
  var nonEmpty: String? { isEmpty ? nil : self }
}
