import Domain
import HTTP
import Wire

/// What can be booked at our stations, and what is (2.3.0 bookings): lists for whoever provides drivers, and their requests. The
/// text spells the addresses in two ways, and both lead here.
extension Endpoints {
  public static let bookingLocationWords = ["booking_locations", "bookinglocations"]

  static func addBookingRoutes(to router: inout Router<Route>, _ edition: any OCPIEdition) {
    guard edition.has(.bookings, .sender) else { return }
    func add(_ method: HTTP.Method, _ path: String, _ action: Action) {
      let route = Route(action: action, edition: edition, module: OCPIModule.Name.bookings.rawValue)
      router.add(method, "/ocpi/\(edition.version)/\(OCPIModule.Name.bookings.path)\(path)", route)
    }
    add(.get, "", .bookings)
    add(.post, "", .book)
    for word in bookingLocationWords {
      add(.get, "/\(word)", .bookingLocations)
      add(.get, "/\(word)/{place}", .bookingLocation)
      add(.get, "/\(word)/{place}/{calendar}", .bookingLocation)
    }
  }

  func bookingLocations(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let query = try Self.query(asked.request.target)
    let (from, to) = try (
      Self.time("timeslot_from", of: asked.request.target), Self.time("timeslot_to", of: asked.request.target)
    )
    let page = try await service.bookingLocations(query, slotFrom: from, slotTo: to, for: asked.caller)
    let base = addresses.base.appending("ocpi", asked.edition.version, OCPIModule.Name.bookings.path)
    let own = base.appending(Self.bookingLocationWords[0])
      .asking([("timeslot_from", from), ("timeslot_to", to)].compactMap { name, time in time.map { (name, $0.text) } })
    return await list(page, query, asked, .bookings, at: own.description) { place throws(PushFault) in
      try asked.edition.strict(place, asked.style)
    }
  }

  /// A place that can be booked, or its calendar.
  func bookingLocation(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let place = try await service.bookingLocation(asked.segment("place"), for: asked.caller)
    guard let id = asked.captures["calendar"] else {
      return try single { () throws(PushFault) in try asked.edition.strict(place, asked.style) }
    }
    guard let calendar = place.calendars?.first(where: { $0.id.ciFolded == id.ciFolded }) else { throw .unknownObject }
    return try single { () throws(PushFault) in try asked.edition.strict(calendar, asked.style) }
  }

  func bookings(_ asked: Asked) async throws(PartnerFault) -> Reply {
    let query = try Self.query(asked.request.target)
    let page = try await service.bookings(query, for: asked.caller)
    return await list(page, query, asked, .bookings) { booking throws(PushFault) in
      try asked.edition.strict(booking, asked.style)
    }
  }

  func book(_ asked: Asked) async throws(PartnerFault) -> Reply {
    guard let json = body(asked) else { return Self.notJSON }
    // All requests about a booking are kept with it.
    guard asked.request.body.count <= Limits.bookingBytes else {
      throw .invalid("a request about a booking has at most \(Limits.bookingBytes) bytes")
    }
    let request = try BookingRequest.received(json, in: asked.edition.edition)
    for (name, text) in [
      ("request_id", request.id), ("location_id", request.location), ("booking_location_id", request.place),
      ("authorization_reference", request.authorizationReference),
    ] { try demandID(name, text, max: 36) }
    for token in request.tokens ?? [] { try demandID("tokens.uid", token.uid, max: 36) }
    guard asked.caller.terms.isPartner(request.asker) else {
      throw .invalid("\(request.asker) is not one of your parties")
    }
    let (booking, isNew) = try await service.book(request, from: asked.caller)
    var reply = try single { () throws(PushFault) in try asked.edition.strict(booking, asked.style) }
    if isNew { reply.status = .created }
    return reply
  }
}

extension PartnerLinkOverHTTP {
  /// Where a partner hears of a place of ours that can be booked: below an endpoint of its own, where it has one.
  func place(of party: PartyID, _ ref: String, _ terms: PartnerTerms) throws(PushFault) -> HTTPURL {
    let word = Endpoints.bookingLocationWords[0]
    if let own = terms.endpoint(word, role: OCPIModule.Side.receiver.rawValue).flatMap({ try? HTTPURL($0) }) {
      return own.appending(party.country, party.party, ref)
    }
    return try endpoint(.bookings, .receiver, terms).appending(party.country, party.party, word, ref)
  }
}

extension OCPIModule.Name {
  /// Partners give the module the name of its chapter, or of its addresses.
  public static func canonical(_ identifier: String) -> String {
    switch identifier.ciFolded {
    case "bookings": bookings.rawValue
    case Endpoints.bookingLocationWords[1]: Endpoints.bookingLocationWords[0]
    default: identifier.ciFolded
    }
  }

  /// Its place below our address.
  public var path: String { self == .bookings ? "bookings" : rawValue }

  /// As version details name it. That of bookings stands in no table of modules: it is what its chapter says.
  public var identifier: String { self == .bookings ? "Booking" : rawValue }
}
