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
      connector.standard = .tesla
    }
    if powerType.introduced > fitting.edition {
      fitting.lose("power type \(powerType.rawValue)")
      connector.powerType = .ac1
    }
    return connector
  }
}

extension Tariff {
  func fitted(_ fitting: inout Fitting) -> Tariff {
    var tariff = self
    fitting.drop("preauthorize_amount", &tariff.preauthorization, before: .v230)
    if fitting.edition < .v230, elements.contains(where: { $0.restrictions?.booking != nil }) {
      fitting.lose("prices of bookings")
    }
    return tariff
  }
}
