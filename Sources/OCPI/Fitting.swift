import Domain
import Wire

/// What is left out of an object because a version has no words for it: told to the operator, never dropped in silence.
struct Fitting {
  let edition: Edition
  private(set) var unsaid: [String] = []

  init(to edition: Edition) { self.edition = edition }

  mutating func lose(_ what: String) {
    if !unsaid.contains(what) { unsaid.append(what) }
  }

  /// Takes a value away that only later versions have.
  mutating func drop<Value>(_ name: String, _ value: inout Value?, before first: Edition) {
    guard edition < first, value != nil else { return }
    value = nil
    lose(name)
  }

  /// Takes away the words of a list that only later versions have.
  mutating func keepKnown<W: DatedWord>(_ name: String, _ words: inout [W]?) {
    guard let all = words else { return }
    let known = all.filter { $0.introduced <= edition }
    for word in all where word.introduced > edition { lose("\(name) \(word.rawValue)") }
    words = known.isEmpty ? nil : known
  }
}

extension PublishedLocation {
  func fitted(_ fitting: inout Fitting) -> PublishedLocation {
    var place = self
    fitting.drop("parking_places", &place.details.parkingPlaces, before: .v230)
    fitting.drop("help_phone", &place.details.helpPhone, before: .v230)
    fitting.drop("publish_allowed_to", &place.details.publishTo, before: .v221)
    fitting.drop("state", &place.state, before: .v221)
    fitting.keepKnown("facility", &place.details.facilities)
    place.evses = evses.map { $0.fitted(&fitting) }.filter { !$0.connectors.isEmpty }
    return place
  }
}

extension PublishedEVSE {
  func fitted(_ fitting: inout Fitting) -> PublishedEVSE {
    var evse = self
    fitting.drop("parking", &evse.details.parking, before: .v230)
    fitting.drop("accepted_service_providers", &evse.details.acceptedProviders, before: .v230)
    fitting.keepKnown("capability", &evse.details.capabilities)
    fitting.keepKnown("parking restriction", &evse.details.restrictions)
    // A plug that the version has no word for cannot be shown as another one.
    evse.connectors = connectors.compactMap { $0.fitted(&fitting) }
    return evse
  }
}

extension PublishedConnector {
  /// Nil where the version has no word for this plug.
  func fitted(_ fitting: inout Fitting) -> PublishedConnector? {
    var connector = self
    fitting.drop("connector capabilities", &connector.details.capabilities, before: .v230)
    if standard.introduced > fitting.edition {
      fitting.lose("connector standard \(standard.rawValue)")
      // It is the plug that older versions know by its maker.
      guard standard == .nacs else { return nil }
      connector.standard = standard.nearest
    }
    connector.powerType = powerType.fitted(&fitting)
    return connector
  }
}

extension Connector.PowerType {
  func fitted(_ fitting: inout Fitting) -> Connector.PowerType {
    guard introduced > fitting.edition else { return self }
    fitting.lose("power type \(rawValue)")
    return .ac1
  }
}

extension Connector.Standard {
  /// The plug of all versions that is the same, or comes nearest to it.
  fileprivate var nearest: Connector.Standard {
    switch self {
    case .nacs: .tesla
    case .mcs, .pantographUp, .pantographDown: .ccs2
    // The next of its kind, and one that speaks much as it does.
    case .chaoji, .gbtDC: .chademo
    // The same shape.
    case .gbtAC: .type2
    case .domesticM: .domesticD
    case .domesticN: .domesticJ
    case .domesticO: .domesticF
    case .nema520, .nema630, .nema650, .nema1030, .nema1050, .nema1430, .nema1450: .domesticB
    case .chademo, .domesticA, .domesticB, .domesticC, .domesticD, .domesticE, .domesticF, .domesticG, .domesticH,
      .domesticI, .domesticJ, .domesticK, .domesticL, .cee16, .cee3x16, .cee3x32, .cee3x64, .type1, .ccs1, .type2,
      .ccs2, .type3A, .type3C, .teslaRoadster, .tesla:
      self
    }
  }
}

extension CDR.Place {
  /// A session and its bill name a plug whatever it is: where the version has no word for it, the nearest one.
  func fitted(_ fitting: inout Fitting) -> CDR.Place {
    var place = self
    if standard.introduced > fitting.edition {
      place.standard = standard.nearest
      fitting.lose(
        standard == .nacs
          ? "connector standard \(standard.rawValue)"
          : "connector standard \(standard.rawValue), which sessions and CDRs call \(place.standard.rawValue)")
    }
    place.powerType = powerType.fitted(&fitting)
    return place
  }
}

extension Tariff {
  /// Names what of a tariff the version cannot say.
  func lose(_ fitting: inout Fitting) {
    if taxes?.isEmpty == false {
      fitting.lose(fitting.edition < .v230 ? "the names of a tariff's taxes" : "the taxes of a tariff")
    }
    guard fitting.edition < .v230 else { return }
    if preauthorization != nil { fitting.lose("preauthorize_amount") }
    if elements.contains(where: { $0.restrictions?.booking != nil }) { fitting.lose("prices of bookings") }
    if taxIncluded == .yes { fitting.lose("prices with tax, which are told before it") }
  }
}
