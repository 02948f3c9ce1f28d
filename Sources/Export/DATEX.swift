// Publications for the national access points of Regulation (EU) 2023/1804, article 20, as DATEX II version 3 has them.
import Domain
import Wire

/// Writes what stands where, and what it does now, as DATEX II energy infrastructure (CEN/TS 16157-10). Ids are those that
/// partners know, so that both publications and OCPI speak of the same things.
public enum DATEX {
  /// What stands where: sites, stations, charging points and connectors.
  public static func table(_ views: [LocationView], of party: PartyID, name: String, at now: Timestamp) -> Bytes {
    var xml = XMLText()
    payload("EnergyInfrastructureTablePublication", of: party, at: now, &xml) { xml in
      xml.element("egi:energyInfrastructureTable", [("id", "\(party)-table"), ("version", version(now))]) { xml in
        for view in views { site(view, of: party, name: name, &xml) }
      }
    }
    return xml.bytes
  }

  /// What each charging point does now.
  public static func status(_ views: [LocationView], of party: PartyID, at now: Timestamp) -> Bytes {
    var xml = XMLText()
    payload("EnergyInfrastructureStatusPublication", of: party, at: now, &xml) { xml in
      xml.element("egi:tableReference", reference("\(party)-table", "egi:EnergyInfrastructureTable", now))
      for view in views {
        xml.element("egi:energyInfrastructureSiteStatus") { xml in
          xml.element("fac:reference", reference(view.location.ref, "egi:EnergyInfrastructureSite", view.updatedAt))
          xml.element("fac:lastUpdated", text: view.updatedAt.text)
          for (station, evses) in stations(of: view) {
            xml.element("egi:energyInfrastructureStationStatus") { xml in
              xml.element("fac:reference", reference(station, "egi:EnergyInfrastructureStation", view.updatedAt))
              for evse in evses { point(evse.evse, at: view, &xml) }
            }
          }
        }
      }
    }
    return xml.bytes
  }

  // MARK: Parts

  private static func payload(
    _ kind: String, of party: PartyID, at now: Timestamp, _ xml: inout XMLText, _ body: (inout XMLText) -> Void
  ) {
    let schema = "http://datex2.eu/schema/3/"
    xml.element(
      "d2:payload",
      [
        ("xmlns:d2", schema + "d2Payload"), ("xmlns:com", schema + "common"),
        ("xmlns:egi", schema + "energyInfrastructure"), ("xmlns:fac", schema + "facilities"),
        ("xmlns:loc", schema + "locationReferencing"), ("xmlns:locx", schema + "locationExtension"),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"), ("xsi:type", "egi:" + kind), ("lang", "en"),
        ("modelBaseVersion", "3"),
      ]
    ) { xml in
      xml.element("com:publicationTime", text: now.text)
      xml.element("com:publicationCreator") { xml in
        xml.element("com:country", text: party.country.lowercased())
        xml.element("com:nationalIdentifier", text: party.country + party.party)
      }
      body(&xml)
    }
  }

  private static func site(_ view: LocationView, of party: PartyID, name: String, _ xml: inout XMLText) {
    let place = view.location
    xml.element(
      "egi:energyInfrastructureSite", [("id", place.ref), ("version", version(view.updatedAt))]
    ) { xml in
      words("fac:name", place.name, &xml)
      xml.element("fac:lastUpdated", text: view.updatedAt.text)
      xml.element("fac:locationReference", [("xsi:type", "loc:PointLocation")]) { xml in
        xml.element("loc:_locationReferenceExtension") { xml in
          xml.element("loc:facilityLocation") { xml in address(place, party, &xml) }
        }
        xml.element("loc:coordinatesForDisplay") { xml in
          xml.element("loc:latitude", text: place.coordinates.latitude)
          xml.element("loc:longitude", text: place.coordinates.longitude)
        }
      }
      xml.element(
        "fac:operator",
        [
          ("xsi:type", "fac:OrganisationSpecification"), ("id", party.country + party.party),
          ("version", version(view.updatedAt)),
        ]
      ) { xml in words("fac:name", name, &xml) }
      xml.element("egi:typeOfSite", text: place.parkingType == .onStreet ? "onstreet" : "openSpace")
      for (station, evses) in stations(of: view) {
        xml.element(
          "egi:energyInfrastructureStation", [("id", station), ("version", version(view.updatedAt))]
        ) { xml in
          xml.element("egi:numberOfRefillPoints", text: "\(evses.count)")
          for evse in evses { point(evse.evse, &xml) }
        }
      }
    }
  }

  private static func address(_ place: Location, _ party: PartyID, _ xml: inout XMLText) {
    xml.element("locx:address") { xml in
      if let code = place.postalCode { xml.element("locx:postcode", text: code) }
      words("locx:city", place.city, &xml)
      xml.element("locx:countryCode", text: Country.alpha2(place.country) ?? party.country)
      xml.element("locx:addressLine", [("order", "1")]) { xml in
        xml.element("locx:type", text: "generalTextLine")
        words("locx:text", place.address, &xml)
      }
    }
    xml.element("locx:timeZone", text: place.timeZone)
  }

  private static func point(_ evse: EVSE, _ xml: inout XMLText) {
    xml.element(
      "egi:refillPoint",
      [("xsi:type", "egi:ElectricChargingPoint"), ("id", evse.uid), ("version", version(evse.updatedAt))]
    ) { xml in
      if let name = evse.evseID { words("fac:name", name, &xml) }
      let isDC = evse.connectors.contains { $0.powerType == .dc }
      let isAC = evse.connectors.contains { $0.powerType != .dc }
      // One of an EVSE's connectors is used at a time; an EVSE with both kinds has no current of its own.
      if isDC != isAC { xml.element("egi:currentType", text: isDC ? "dc" : "ac") }
      xml.element("egi:numberOfConnectors", text: "\(evse.connectors.count)")
      for connector in evse.connectors {
        xml.element("egi:connector") { xml in
          xml.element("egi:connectorType", text: connector.standard.datex)
          xml.element("egi:connectorFormat", text: connector.datexFormat)
          xml.element("egi:maxPowerAtSocket", text: "\(connector.ratedPower)")
          xml.element("egi:voltage", text: "\(connector.maxVoltage)")
          xml.element("egi:maximumCurrent", text: "\(connector.maxAmperage)")
        }
      }
    }
  }

  private static func point(_ evse: EVSE, at view: LocationView, _ xml: inout XMLText) {
    xml.element("egi:refillPointStatus", [("xsi:type", "egi:ElectricChargingPointStatus")]) { xml in
      xml.element("fac:reference", reference(evse.uid, "egi:ElectricChargingPoint", evse.updatedAt))
      xml.element("fac:lastUpdated", text: evse.statusSince.text)
      xml.element("egi:status", text: evse.status.datex)
    }
  }

  private static func words(_ name: String, _ text: String, _ xml: inout XMLText) {
    xml.element(name) { xml in
      xml.element("com:values") { xml in xml.element("com:value", [("lang", "en")], text: text) }
    }
  }

  private static func reference(_ id: String, _ target: String, _ changed: Timestamp) -> [(String, String)] {
    [("id", id), ("version", version(changed)), ("targetClass", target)]
  }

  /// A version that grows with each change.
  private static func version(_ changed: Timestamp) -> String { "\(changed.milliseconds)" }

  /// The EVSEs by their stations, in their order.
  private static func stations(of view: LocationView) -> [(String, [EVSEView])] {
    var order: [String] = []
    var evses: [String: [EVSEView]] = [:]
    for evse in view.evses {
      if evses[evse.station.text] == nil { order.append(evse.station.text) }
      evses[evse.station.text, default: []].append(evse)
    }
    return order.map { ($0, evses[$0] ?? []) }
  }
}

extension EVSE.Status {
  /// RefillPointStatusEnum.
  fileprivate var datex: String {
    switch self {
    case .available: "available"
    case .preparing, .finishing: "occupied"
    case .charging, .suspendedEV, .suspendedEVSE: "charging"
    case .reserved: "reserved"
    case .unavailable: "inoperative"
    case .faulted: "outOfOrder"
    case .unknown: "unknown"
    }
  }
}

extension Connector {
  /// ConnectorFormatTypeEnum: DC comes by mode 4, AC by mode 3 (IEC 61851-1).
  fileprivate var datexFormat: String {
    switch format {
    case .socket: "socket"
    case .cable: powerType == .dc ? "cableMode4" : "cableMode3"
    }
  }
}

extension Connector.Standard {
  /// ConnectorTypeEnum.
  fileprivate var datex: String {
    switch rawValue {
    case "CHADEMO": "chademo"
    case "DOMESTIC_F": "domesticF"
    case "IEC_62196_T1": "iec62196T1"
    case "IEC_62196_T1_COMBO": "iec62196T1COMBO"
    case "IEC_62196_T2": "iec62196T2"
    case "IEC_62196_T2_COMBO": "iec62196T2COMBO"
    case "TESLA_S": "teslaS"
    default: "other"
    }
  }
}

/// An XML document that is well formed by the way it is written.
struct XMLText {
  private var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

  var bytes: Bytes { Bytes(utf8: text) }

  mutating func element(
    _ name: String, _ attributes: [(String, String)] = [], text content: String
  ) {
    element(name, attributes) { $0.text += XML.escaped(content) }
  }

  mutating func element(
    _ name: String, _ attributes: [(String, String)] = [], _ body: (inout XMLText) -> Void = { _ in }
  ) {
    text += "<\(name)"
    for (key, value) in attributes { text += " \(key)=\"\(XML.escaped(value))\"" }
    text += ">"
    body(&self)
    text += "</\(name)>"
  }
}
