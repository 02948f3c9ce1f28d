import Domain
import HTTP
import Wire

/// What operators of stations tell us of places that can be booked, and of what our drivers have booked there (2.3.0 bookings).
extension Endpoints {
  static func addProviderBookingRoutes(to router: inout Router<Route>, _ edition: any OCPIEdition) {
    guard edition.providerHas(.bookings) else { return }
    func add(_ path: String, _ action: ProviderAction) {
      let route = Route(action: .provider(action), edition: edition, module: OCPIModule.Name.bookings.rawValue)
      for method in [HTTP.Method.get, .put, .patch] {
        router.add(method, "/ocpi/\(edition.version)/emsp/\(OCPIModule.Name.bookings.path)\(path)", route)
      }
    }
    add("/{country}/{party}/{booking}", .booking)
    for word in bookingLocationWords {
      for path in ["/{country}/{party}/\(word)/{place}", "/\(word)/{country}/{party}/{place}"] {
        add(path, .bookingLocation)
        add("\(path)/{calendar}", .bookingLocation)
      }
    }
  }

  func roamingBookingLocation(_ asked: Asked, _ provider: any ProviderService) async throws(PartnerFault) -> Reply {
    let key = try key(asked, "place")
    let calendar = asked.captures["calendar"]
    guard asked.method != .get else {
      var found = try await provider.roamingBookingLocation(key)
      if let calendar { found = try Self.part(of: found, "calendars", "id", calendar) }
      return Reply(Envelope(data: found.bytes))
    }
    guard let json = body(asked) else { return Self.notJSON }
    let isPatch = asked.method == .patch
    if !isPatch { try asked.edition.required.demand(calendar == nil ? .bookingLocation : .calendar, of: json) }
    let isNew = try await provider.keepBookingLocation(key, from: asked.caller) { held throws(PartnerFault) in
      var next = json
      if let calendar {
        guard let held else { throw .unknownObject }
        next = try ToldPlaces.location(held, calendar: calendar, changedBy: json, isPatch: isPatch)
      } else if isPatch {
        guard let held else { throw .unknownObject }
        _ = try Told(json).time("last_updated")
        next = held.patched(by: json)
      }
      let place = try ToldBookings.place(next, of: key.party)
      try Self.demand(place.ref, is: key.ref)
      return place
    }
    return Reply(Envelope(), status: isNew ? .created : .ok)
  }

  func roamingBooking(_ asked: Asked, _ provider: any ProviderService) async throws(PartnerFault) -> Reply {
    let key = try key(asked, "booking")
    guard asked.method != .get else {
      return Reply(Envelope(data: try await provider.roamingBooking(key).bytes))
    }
    guard let json = body(asked) else { return Self.notJSON }
    let isPatch = asked.method == .patch
    if !isPatch { try asked.edition.required.demand(.booking, of: json) }
    let isNew = try await provider.keepBooking(key, from: asked.caller) { held throws(PartnerFault) in
      var next = json
      if isPatch {
        guard let held else { throw .unknownObject }
        _ = try Told(json).time("last_updated")
        next = held.patched(by: json)
      }
      let booking = try ToldBookings.booking(next, of: key.party)
      // One table of the text names the address by the booking's id, another by the request's.
      guard [booking.ref, booking.requestID].contains(where: { $0.ciFolded == key.ref.ciFolded }) else {
        throw .invalid("id is not the one of the address")
      }
      return booking
    }
    return Reply(Envelope(), status: isNew ? .created : .ok)
  }
}

/// How another operator's bookings are read.
enum ToldBookings {
  static func place(_ json: JSON, of party: PartyID) throws(PartnerFault) -> RoamingBookingLocation {
    let told = try Told(json)
    // The text wants a status REMOVED told, of which its own table of fields knows nothing.
    let isGone = try told.maybeText("status", max: 36)?.uppercased() == RoamingEVSE.removed
    for calendar in try told.list("calendars") {
      _ = try calendar.id("id")
      for slot in try calendar.list("available_timeslots") { _ = try period(slot) }
    }
    return RoamingBookingLocation(
      party: try ToldPlaces.owner(of: told, party), ref: try told.id("id"), location: try told.id("location_id"),
      isGone: isGone, updatedAt: try told.time("last_updated"), raw: json)
  }

  static func booking(_ json: JSON, of party: PartyID) throws(PartnerFault) -> RoamingBooking {
    let told = try Told(json)
    return RoamingBooking(
      party: try ToldPlaces.owner(of: told, party), ref: try told.id("id"), requestID: try told.id("request_id"),
      status: try told.text("reservation_status", max: 36).uppercased(), period: try period(try told.object("period")),
      updatedAt: try told.time("last_updated"), raw: json)
  }

  private static func period(_ told: Told) throws(PartnerFault) -> BookingPeriod {
    BookingPeriod(try told.time("start_date_time"), try told.time("end_date_time"))
  }
}
