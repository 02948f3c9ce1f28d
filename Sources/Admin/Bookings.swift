import CSMS
import Domain
import HTTP
import Store
import Wire

// What can be booked at our stations, and who has booked it; and the same at other networks.
extension Route {
  static let bookings: [Route] = [
    Route("listBookingLocations", .get, "/booking-locations", .look) { try await $0.listBookingLocations($1) },
    Route("createBookingLocation", .post, "/booking-locations", .run) { try await $0.createBookingLocation($1) },
    Route("getBookingLocation", .get, "/booking-locations/{id}", .look) {
      try await $0.showBookingLocation($1.id(), status: .ok)
    },
    Route("changeBookingLocation", .patch, "/booking-locations/{id}", .run) { try await $0.changeBookingLocation($1) },
    Route("removeBookingLocation", .delete, "/booking-locations/{id}", .run) { api, call in
      try await api.house.removeBookingLocation(try call.id(), by: call.by)
      return .done
    },
    Route("listBookings", .get, "/bookings", .look) { try await $0.listBookings($1) },
    Route("createBooking", .post, "/bookings", .run, isCommand: true) { try await $0.createBooking($1) },
    Route("getBooking", .get, "/bookings/{id}", .look) { try await $0.showBooking($1.text("id"), status: .ok) },
    Route("cancelBooking", .delete, "/bookings/{id}", .run) { api, call in
      let reason: Cancellation.Reason = try call.queryWord("reason") ?? .unknown
      _ = try await api.house.cancelBooking(call.text("id"), because: reason, by: call.by)
      return try await api.showBooking(call.text("id"), status: .ok)
    },
    Route("listRoamingBookingLocations", .get, "/roaming/booking-locations", .look) {
      try await $0.listRoamingBookingLocations($1)
    },
    Route("listRoamingBookings", .get, "/roaming/bookings", .look) { try await $0.listRoamingBookings($1) },
    Route("getRoamingBooking", .get, "/roaming/bookings/{id}", .look) { try await $0.showRoamingBooking($1) },
  ]
}

// MARK: - What can be booked

extension API {
  fileprivate func listBookingLocations(_ call: Call) async throws -> Answer {
    let (limit, cursor) = try (call.limit(), call.cursorID(of: BookingLocation.self))
    let location: ID<Location>? = try call.queryID("location")
    let found = try await house.read { books throws(StoreFault) in
      try books.bookings.places(at: location, after: cursor, limit: limit).map { place throws(StoreFault) in
        (place.id, try place.json(books))
      }
    }
    return .page(found.map(\.1), next: found.count < limit ? nil : found.last.map { "\($0.0)" })
  }

  fileprivate func createBookingLocation(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    guard let location = try fields.maybeID("location", of: Location.self) else {
      throw Problem.invalid("location", "the id of a location is expected")
    }
    var draft = BookingLocation(ref: "", location: location, at: now)
    try fields.change("ref", &draft.ref)
    try change(&draft, by: &fields)
    try fields.finish()
    return try await showBookingLocation(try await house.addBookingLocation(draft, by: call.by).id, status: .created)
  }

  fileprivate func changeBookingLocation(_ call: Call) async throws -> Answer {
    let id: ID<BookingLocation> = try call.id()
    let edit: Edit<BookingLocation> = try call.edit({ $0.tag }) { fields, place throws(Problem) in
      try self.change(&place, by: &fields)
    }
    _ = try await house.changeBookingLocation(id, by: call.by, edit)
    return try await showBookingLocation(id, status: .ok)
  }

  private func change(_ place: inout BookingLocation, by fields: inout Fields) throws(Problem) {
    try fields.change("open", &place.isOpen)
    if fields.has("evses") { place.evses = try fields.ids("evses") }
    if fields.has("terms") { try fields.merge("terms", into: &place.terms) }
    if fields.has("rules") { try fields.merge("rules", into: &place.rules) }
  }

  /// With what is free.
  fileprivate func showBookingLocation(_ id: ID<BookingLocation>, status: Status) async throws -> Answer {
    let (zones, now) = (zones, now)
    let found = try await house.read { books throws(StoreFault) -> (json: JSON, tag: ETag)? in
      guard let place = try books.bookings.place(id), let location = try books.locations.location(place.location) else {
        return nil
      }
      var json = try place.json(books)
      let windows = try BookingViews(books: books, zones: zones, now: now).windows(of: place, at: location)
      json["free"] = .list(windows) { ["from": .time($0.start), "to": .time($0.end)] }
      return (json, place.tag)
    }
    guard let found else { throw Problem(.notFound, "no such booking location") }
    return .json(found.json, status: status, etag: found.tag)
  }
}

nonisolated extension BookingLocation {
  /// The version of what somebody decides about it; each booking changes what is free.
  fileprivate var tag: ETag {
    let decided: JSON = [
      "open": .bool(isOpen), "evses": .list(evses) { .id($0) }, "terms": terms.json, "rules": rules.json,
    ]
    return ETag(of: decided.bytes)
  }

  fileprivate func json(_ books: Books) throws(StoreFault) -> JSON {
    [
      "id": .id(id), "ref": .string(ref), "location": try books.locations.location(location)?.nameJSON ?? .null,
      "open": .bool(isOpen), "evses": .list(evses) { .id($0) }, "terms": terms.json, "rules": rules.json,
      "created_at": .time(createdAt), "updated_at": .time(updatedAt),
    ]
  }
}

// MARK: - What is booked

extension API {
  fileprivate func listBookings(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let location: ID<Location>? = try call.queryID("location")
    let isOpen: Bool? = try call.queryFlag("open") ? true : nil
    if let order = try call.sorting(by: BookingColumn.self) {
      return try order.page(
        await house.read { books throws(StoreFault) in
          try books.bookings.list(at: location, isOpen: isOpen, by: order, limit: limit)?.shaped {
            booking throws(StoreFault) in try booking.json(books)
          }
        }, limit: limit)
    }
    let cursor = try call.cursorID(of: Booking.self)
    let found = try await house.read { books throws(StoreFault) in
      try books.bookings.list(at: location, isOpen: isOpen, before: cursor?.value, limit: limit).map {
        booking throws(StoreFault) in (booking.number, try booking.json(books))
      }
    }
    return .page(found.map(\.1), next: found.count < limit ? nil : found.last.map { "\($0.0)" })
  }

  fileprivate func createBooking(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    guard let place = try fields.maybeID("booking_location", of: BookingLocation.self) else {
      throw Problem.invalid("booking_location", "the id of a booking location is expected")
    }
    let (from, to) = try fields.period()
    let (uid, id, evse) = try (
      fields.maybeText("token"), fields.maybeID("token_id", of: Token.self), fields.maybeText("evse_uid")
    )
    try fields.finish()
    let booking = try await house.book(
      try await token(uid: uid, id: id), at: place, from: from, to: to, evse: evse, by: call.by)
    return try await showBooking(booking.id, status: .created)
  }

  fileprivate func showBooking(_ id: String, status: Status) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) in
      try books.bookings.booking(id).map { booking throws(StoreFault) in
        var json = try booking.json(books)
        json["terms"] = booking.terms.json
        json["requests"] = .list(booking.details.requests) { $0.json }
        return json
      }
    }
    guard let json: JSON = found else { throw Problem(.notFound, "no such booking") }
    return .json(json, status: status)
  }
}

nonisolated extension Fields {
  /// `from` and `to`, which are required.
  mutating func period() throws(Problem) -> (Timestamp, Timestamp) {
    guard let from = try maybeTime("from") else { throw .invalid("from", "this field is required") }
    guard let to = try maybeTime("to") else { throw .invalid("to", "this field is required") }
    return (from, to)
  }
}

nonisolated extension Booking {
  fileprivate func json(_ books: Books) throws(StoreFault) -> JSON {
    let evse = try evse.flatMap { id throws(StoreFault) in try books.stations.evse(id) }
    let station = try evse.flatMap { evse throws(StoreFault) in try books.stations.station(evse.station) }
    return [
      "id": .string(id), "number": .whole(number), "status": .word(status), "why": .text(why),
      "location": try books.locations.location(location)?.nameJSON ?? .null, "booking_location": .id(place),
      "station": .text(station?.identity.text), "evse": .whole(evse?.number), "evse_uid": .text(evse?.uid),
      "from": .time(period.start), "to": .time(period.end),
      "partner": try partner.flatMap { id throws(StoreFault) in try books.partners.partner(id)?.nameJSON } ?? .null,
      "tokens": .list(details.tokens ?? []) { .string($0.uid) }, "request_id": .string(requestID),
      "authorization_reference": .string(details.authorizationReference), "canceled": details.canceled?.json ?? .null,
      "reservation": .text(reservation), "session": .text(session), "created_at": .time(createdAt),
      "updated_at": .time(updatedAt),
    ]
  }
}

// MARK: - At other networks

extension API {
  fileprivate func listRoamingBookingLocations(_ call: Call) async throws -> Answer {
    let (limit, cursor) = try (call.limit(), call.cursorID(of: RoamingBookingLocation.self))
    let location: ID<RoamingLocation>? = try call.queryID("location")
    let found = try await house.read { books throws(StoreFault) -> [(ID<RoamingBookingLocation>, JSON)] in
      let at = try location.flatMap { id throws(StoreFault) in try books.roamingPlaces.location(id) }
      // Of a location that is not there nothing can be booked.
      guard location == nil || at != nil else { return [] }
      return try books.roamingBookings.places(at: at, after: cursor, limit: limit).map { place throws(StoreFault) in
        (
          place.id,
          [
            "id": .id(place.id), "ref": .string(place.key.ref), "party": .party(place.key.party),
            "partner": try books.partners.partner(place.key.partner)?.nameJSON ?? .null,
            "location_ref": .string(place.location), "record": place.body, "updated_at": .time(place.updatedAt),
          ]
        )
      }
    }
    return .page(found.map(\.1), next: found.count < limit ? nil : found.last.map { "\($0.0)" })
  }

  fileprivate func listRoamingBookings(_ call: Call) async throws -> Answer {
    let (limit, cursor) = try (call.limit(), call.cursorID(of: RoamingBooking.self))
    let partner: ID<Partner>? = try call.queryID("partner")
    let found = try await house.read { books throws(StoreFault) in
      try books.roamingBookings.list(of: partner, before: cursor, limit: limit).map { booking throws(StoreFault) in
        (booking.id, try booking.json(books))
      }
    }
    return .page(found.map(\.1), next: found.count < limit ? nil : found.last.map { "\($0.0)" })
  }

  fileprivate func showRoamingBooking(_ call: Call) async throws -> Answer {
    let id: ID<RoamingBooking> = try call.id()
    let found = try await house.read { books throws(StoreFault) in
      try books.roamingBookings.booking(id).map { booking throws(StoreFault) in try booking.json(books) }
    }
    guard let json = found else { throw Problem(.notFound, "no such booking") }
    return .json(json)
  }
}

nonisolated extension KeptRoamingBooking {
  fileprivate func json(_ books: Books) throws(StoreFault) -> JSON {
    [
      "id": .id(id), "ref": .string(key.ref), "party": .party(key.party),
      "partner": try books.partners.partner(key.partner)?.nameJSON ?? .null, "request_id": .string(requestID),
      "status": .string(status), "from": .time(period.start), "to": .time(period.end), "record": body,
      "updated_at": .time(updatedAt), "gone_at": .time(goneAt),
    ]
  }
}
