// Publications for the national access points of Regulation (EU) 2023/1804, article 20, as DATEX II 3.7 has them.
import Domain
import Wire

/// Writes what stands where, what it costs whoever comes without a contract, and what it does now, as DATEX II energy
/// infrastructure (CEN/TS 16157-10 in the form for that regulation, namespaces `afirEnergyInfrastructure` and
/// `afirFacilities`). Ids are those that partners know, so that both publications and OCPI speak of the same things.
public enum DATEX {
  /// What is written of, at one time.
  public struct Source: Sendable {
    public var views: [LocationView]
    /// The tariffs that may be shown, by their refs.
    public var tariffs: [String: TariffVersion]
    public var party: PartyID
    public var operatorName: String
    public var at: Timestamp

    public init(
      _ views: [LocationView], tariffs: [String: TariffVersion], of party: PartyID, operatorName: String,
      at now: Timestamp
    ) {
      (self.views, self.tariffs, self.party) = (views, tariffs, party)
      (self.operatorName, at) = (operatorName, now)
    }
  }

  /// What stands where: sites, stations, charging points and connectors, with their prices.
  public static func table(_ source: Source) -> Bytes {
    var xml = XMLText()
    payload("EnergyInfrastructureTablePublication", source, &xml) { xml in
      xml.element(
        "aegi:energyInfrastructureTable", [("id", "\(source.party)-table"), ("version", version(source.at))]
      ) { xml in
        for view in source.views { site(view, source, &xml) }
      }
    }
    return xml.bytes
  }

  /// What each charging point does now, and what it costs.
  public static func status(_ source: Source) -> Bytes {
    var xml = XMLText()
    payload("EnergyInfrastructureStatusPublication", source, &xml) { xml in
      xml.element(
        "aegi:tableReference", reference("\(source.party)-table", "aegi:EnergyInfrastructureTable", source.at))
      for view in source.views {
        xml.element("aegi:energyInfrastructureSiteStatus") { xml in
          xml.element("afac:reference", reference(view.location.ref, facility, view.updatedAt))
          xml.element("afac:lastUpdated", text: view.updatedAt.text)
          for (station, evses) in stations(of: view) {
            xml.element("aegi:energyInfrastructureStationStatus") { xml in
              xml.element("afac:reference", reference(station, facility, view.updatedAt))
              for evse in evses { state(of: evse, source, &xml) }
            }
          }
        }
      }
    }
    return xml.bytes
  }

  // MARK: Parts

  private static func payload(
    _ kind: String, _ source: Source, _ xml: inout XMLText, _ body: (inout XMLText) -> Void
  ) {
    let schema = "http://datex2.eu/schema/3/"
    xml.element(
      "d2:payload",
      [
        ("xmlns:d2", schema + "d2Payload"), ("xmlns:com", schema + "common"),
        ("xmlns:aegi", schema + "afirEnergyInfrastructure"), ("xmlns:afac", schema + "afirFacilities"),
        ("xmlns:loc", schema + "locationReferencing"), ("xmlns:locx", schema + "locationExtension"),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"), ("xsi:type", "aegi:" + kind), ("lang", "en"),
        ("modelBaseVersion", "3"),
      ]
    ) { xml in
      xml.element("com:publicationTime", text: source.at.text)
      xml.element("com:publicationCreator") { xml in
        xml.element("com:country", text: source.party.country.lowercased())
        xml.element("com:nationalIdentifier", text: source.party.country + source.party.party)
      }
      body(&xml)
    }
  }

  private static func site(_ view: LocationView, _ source: Source, _ xml: inout XMLText) {
    let place = view.location
    xml.element(
      "aegi:energyInfrastructureSite", [("id", place.ref), ("version", version(view.updatedAt))]
    ) { xml in
      words("afac:name", place.name, &xml)
      xml.element("afac:lastUpdated", text: view.updatedAt.text)
      xml.element("afac:locationReference", [("xsi:type", "loc:PointLocation")]) { xml in
        xml.element("loc:coordinatesForDisplay") { xml in
          xml.element("loc:latitude", text: place.coordinates.latitude)
          xml.element("loc:longitude", text: place.coordinates.longitude)
        }
        xml.element("loc:_locationExtension") { xml in
          xml.element("loc:afirFacilityLocation") { xml in address(place, source.party, &xml) }
        }
      }
      xml.element("afac:operator", [("xsi:type", "afac:AnOrganisation")]) { xml in
        words("afac:name", source.operatorName, &xml)
        xml.element("afac:externalIdentifier") { xml in
          xml.element("afac:identifier", text: source.party.country + source.party.party)
        }
      }
      xml.element("aegi:typeOfSite", text: place.parkingType == .onStreet ? "onstreet" : "openSpace")
      for (station, evses) in stations(of: view) {
        xml.element(
          "aegi:energyInfrastructureStation", [("id", station), ("version", version(view.updatedAt))]
        ) { xml in
          xml.element("aegi:numberOfRefillPoints", text: "\(evses.count)")
          for evse in evses { point(evse, at: place, source, &xml) }
        }
      }
    }
  }

  private static func address(_ place: Location, _ party: PartyID, _ xml: inout XMLText) {
    xml.element("afac:address") { xml in
      if let code = place.postalCode { xml.element("locx:postcode", text: code) }
      words("locx:city", place.city, &xml)
      xml.element("locx:countryCode", text: Country.alpha2(place.country) ?? party.country)
      xml.element("locx:addressLine", [("order", "1")]) { xml in
        xml.element("locx:type", text: "generalTextLine")
        words("locx:text", place.address, &xml)
      }
    }
  }

  private static func point(_ view: EVSEView, at place: Location, _ source: Source, _ xml: inout XMLText) {
    let evse = view.evse
    xml.element(
      "aegi:refillPoint",
      [("xsi:type", "aegi:ElectricChargingPoint"), ("id", evse.uid), ("version", version(evse.updatedAt))]
    ) { xml in
      if let name = evse.evseID {
        xml.element("afac:externalIdentifier") { xml in
          xml.element("afac:identifier", text: name)
          xml.element("afac:typeOfIdentifier", [("_extendedValue", "evseId")], text: "_extended")
        }
      }
      xml.element("aegi:deliveryUnit", text: "kWh")
      energy(view, at: place, source, &xml)
      // One of an EVSE's connectors is used at a time, and the type has one current: that of the strongest.
      let strongest = evse.connectors.max { $0.ratedPower < $1.ratedPower }
      xml.element("aegi:currentType", text: strongest?.powerType == .dc ? "dc" : "ac")
      xml.element("aegi:numberOfConnectors", text: "\(evse.connectors.count)")
      for connector in evse.connectors {
        xml.element("aegi:connector") { xml in
          xml.element("aegi:connectorType", text: connector.standard.datex)
          if connector.standard.datex == "other" {
            xml.element("aegi:otherConnector", text: connector.standard.rawValue)
          }
          xml.element("aegi:connectorFormat", text: connector.datexFormat)
          xml.element("aegi:maxPowerAtSocket", text: "\(connector.ratedPower)")
          xml.element("aegi:voltage", text: "\(connector.maxVoltage)")
          xml.element("aegi:maximumCurrent", text: "\(connector.maxAmperage)")
        }
      }
    }
  }

  private static func state(of view: EVSEView, _ source: Source, _ xml: inout XMLText) {
    let evse = view.evse
    xml.element("aegi:refillPointStatus", [("xsi:type", "aegi:ElectricChargingPointStatus")]) { xml in
      xml.element("afac:reference", reference(evse.uid, facility, evse.updatedAt))
      xml.element("afac:lastUpdated", text: evse.statusSince.text)
      xml.element("aegi:status", text: evse.status.datex)
      for rate in rates(of: view, source) {
        xml.element("aegi:energyRateUpdate") { xml in
          xml.element("aegi:lastUpdated", text: rate.version.updatedAt.text)
          xml.element("aegi:energyRateReference", [("id", rate.id), ("targetClass", "aegi:EnergyRate")])
          rate.prices(&xml)
        }
      }
    }
  }

  // MARK: Energy

  /// What the energy is, as the location says, and what it costs whoever comes without a contract.
  private static func energy(_ view: EVSEView, at place: Location, _ source: Source, _ xml: inout XMLText) {
    let (mix, rates) = (place.details.energyMix, rates(of: view, source))
    guard mix != nil || !rates.isEmpty else { return }
    xml.element("aegi:energyProduct", [("xsi:type", "aegi:ElectricEnergy")]) { xml in
      if let product = mix?.product { words("aegi:energyProductName", product, &xml) }
      if let mix { xml.element("aegi:isGreenEnergy", text: mix.isGreen ? "true" : "false") }
      for rate in rates { rate.write(&xml) }
      for (kind, name) in [(EnergyMix.Impact.Kind.carbonDioxide, "carbonDioxide"), (.nuclearWaste, "nuclearWaste")] {
        guard let impact = mix?.impacts?.first(where: { $0.kind == kind }) else { continue }
        xml.element("aegi:\(name)Impact", text: "\(impact.amount)")
      }
      for part in mix?.sources ?? [] {
        xml.element("aegi:electricEnergySourceRatio") { xml in
          xml.element("aegi:energySource", text: part.kind.datex)
          xml.element("aegi:sourceRatioValue") { xml in
            xml.element("com:percentage", text: "\(part.percentage)")
          }
        }
      }
    }
  }

  /// The tariff with which a session without a contract would begin now, of each connector; the same one once.
  private static func rates(of view: EVSEView, _ source: Source) -> [DATEXRate] {
    var rates: [DATEXRate] = []
    for connector in view.evse.connectors {
      let all = (view.tariffRefs[connector.id] ?? []).compactMap { source.tariffs[$0] }
      guard let tariff = Tariff.choose(from: all.map(\.tariff), for: .adHoc, at: source.at),
        let version = all.first(where: { $0.tariff.ref == tariff.ref }),
        !rates.contains(where: { $0.version.id == version.id })
      else { continue }
      rates.append(DATEXRate(id: "\(view.evse.uid)-\(tariff.ref)", version: version))
    }
    return rates
  }

  // MARK: Words

  static func words(_ name: String, _ text: String, _ xml: inout XMLText) {
    xml.element(name) { xml in
      xml.element("com:values") { xml in xml.element("com:value", [("lang", "en")], text: text) }
    }
  }

  private static let facility = "afac:FacilityObject"

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

extension EnergyMix.Source.Kind {
  /// ElectricEnergySourceTypeEnum.
  fileprivate var datex: String {
    switch self {
    case .nuclear: "nuclear"
    case .generalFossil: "generalFossil"
    case .coal: "coal"
    case .gas: "gas"
    case .generalGreen: "generalGreen"
    case .solar: "solar"
    case .wind: "wind"
    case .water: "water"
    }
  }
}

extension Connector {
  /// ConnectorFormatTypeEnum: AC comes by mode 3 (IEC 61851-1); for the cables of mode 4 there is no other word.
  fileprivate var datexFormat: String {
    switch format {
    case .socket: "socket"
    case .cable: powerType == .dc ? "otherCable" : "cableMode3"
    }
  }
}

extension Connector.Standard {
  /// ConnectorTypeEnum.
  fileprivate var datex: String {
    switch self {
    case .chademo: "chademo"
    case .domesticA, .domesticB, .domesticC, .domesticD, .domesticE, .domesticF, .domesticG, .domesticH, .domesticI,
      .domesticJ, .domesticK, .domesticL, .domesticM, .domesticN, .domesticO:
      "domestic\(rawValue.suffix(1))Type"
    case .cee16: "iec60309x2single16"
    case .cee3x16: "iec60309x2three16"
    case .cee3x32: "iec60309x2three32"
    case .cee3x64: "iec60309x2three64"
    case .type1: "iec62196T1"
    case .ccs1: "iec62196T1COMBO"
    case .type2: "iec62196T2"
    case .ccs2: "iec62196T2COMBO"
    case .type3A: "iec62196T3A"
    case .type3C: "iec62196T3C"
    case .mcs: "mcs"
    case .pantographUp: "pantographBottomUp"
    case .pantographDown: "pantographTopDown"
    case .nacs: "teslaConnectorAmerica"
    case .teslaRoadster: "teslaR"
    case .tesla: "teslaS"
    case .chaoji, .gbtAC, .gbtDC, .nema520, .nema630, .nema650, .nema1030, .nema1050, .nema1430, .nema1450: "other"
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
