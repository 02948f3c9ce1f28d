import Domain
import Store
import Wire

/// Reads what a session costs and where it is, from the books that it is given: the turn's own, or a reader's snapshot,
/// so that a partner's long list never delays a turn.
nonisolated struct SessionCosts {
  let books: Books
  let zones: ZoneLibrary
  /// What a bill is in where no tariff says it.
  let currency: String

  /// What the session cost until its end, or costs until now. In a zone that this machine does not know the tariff is
  /// read in UTC, and the CDR is held: a missing file must not keep a session from ending.
  func bill(of session: Session, until now: Timestamp) throws(StoreFault) -> Bill {
    try bill(of: session, readings: try books.sessions.figures(of: session.id), until: now)
  }

  /// The same from the session's readings, for who has them in hand.
  func bill(of session: Session, readings: [Reading], until now: Timestamp) throws(StoreFault) -> Bill {
    let zone = zones[try zoneName(of: session)] ?? .utc
    return Bill(Usage(session, readings: readings, zone: zone, until: now), after: try hold(before: session))
  }

  /// The reservation that the session used, where its tariff has a price for it.
  func hold(before session: Session) throws(StoreFault) -> Hold? {
    guard session.tariff?.pricesReservations == true else { return nil }
    return try books.reservations.reservation(session: session.id)?.hold(by: session.tariff)
  }

  func zoneName(of session: Session) throws(StoreFault) -> String { try zoneName(at: session.place) }

  func zoneName(at spot: Session.Place) throws(StoreFault) -> String {
    try spot.location.flatMap { id throws(StoreFault) in try books.locations.known(id) }?.timeZone ?? "Etc/UTC"
  }

  /// The place as it is now, which a CDR keeps for good.
  func place(of session: Session) throws(StoreFault) -> CDR.Place { try place(at: session.place) }

  func place(at spot: Session.Place) throws(StoreFault) -> CDR.Place {
    var place = CDR.Place()
    if let location = try spot.location.flatMap({ id throws(StoreFault) in try books.locations.known(id) }) {
      place.location = location.ref
      place.name = location.name
      place.address = location.address
      place.city = location.city
      place.postalCode = location.postalCode
      place.state = location.state
      place.country = location.country
      place.latitude = location.coordinates.latitude
      place.longitude = location.coordinates.longitude
    }
    place.station = try books.stations.station(spot.station)?.identity.text ?? ""
    guard let evse = try books.stations.evse(spot.evse) else { return place }
    place.evse = evse.uid
    place.evseID = evse.evseID ?? ""
    guard let connector = evse.connector(spot.connector) else { return place }
    place.connector = "\(connector.number)"
    place.standard = connector.standard
    place.format = connector.format
    place.powerType = connector.powerType
    (place.maxVoltage, place.maxAmperage) = (connector.maxVoltage, connector.maxAmperage)
    return place
  }

  /// The session as its partner sees it.
  func view(of session: Session, at now: Timestamp) throws(StoreFault) -> SessionView {
    guard let party = try books.parties.party(session.party) else { throw .missing("the session's party") }
    let bill = session.state == .pending || session.state == .invalid ? nil : try bill(of: session, until: now)
    var session = session
    if session.authorizationReference == nil {
      session.authorizationReference = try books.bookings.booking(session: session.id)?.details.authorizationReference
    }
    return SessionView(
      session: session, party: party.name, place: try place(of: session),
      currency: session.tariff?.currency ?? currency,
      cost: bill?.totals.cost, periods: bill?.periods ?? [])
  }
}

nonisolated extension EVSE {
  /// The connector that a session used; the first where it is gone since.
  func connector(_ id: ID<Connector>) -> Connector? { connectors.first { $0.id == id } ?? connectors.first }
}

extension CSMS {
  /// What sessions cost, by the books of the turn.
  var sessionCosts: SessionCosts { SessionCosts(books: books, zones: zones, currency: settings.currency) }
}
