import CSMS
import Domain
import HTTP
import Store
import Wire

// Where cars charge, and who we are.
extension Route {
  static let locations: [Route] = [
    Route("listLocations", .get, "/locations", .look) { try await $0.listLocations($1) },
    Route("createLocation", .post, "/locations", .run) { try await $0.createLocation($1) },
    Route("getLocation", .get, "/locations/{id}", .look) { try await $0.showLocation($1.id(), status: .ok) },
    Route("changeLocation", .patch, "/locations/{id}", .run) { try await $0.changeLocation($1) },
    Route("removeLocation", .delete, "/locations/{id}", .run) { try await $0.removeLocation($1) },
    Route("getParty", .get, "/parties/{id}", .look) { try await $0.showParty($1) },
    Route("listParties", .get, "/parties", .look) { api, _ in
      .page(try await api.house.read { books throws(StoreFault) in try books.parties.all() }.map(\.json), next: nil)
    },
    Route("createParty", .post, "/parties", .own) { try await $0.createParty($1) },
    Route("changeParty", .patch, "/parties/{id}", .own) { try await $0.changeParty($1) },
  ]
}

extension API {
  fileprivate func listLocations(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor: ID<Location>? = try call.cursorID()
    let wanted = call[query: "q"]?.lowercased()
    let (locations, shapes) = try await house.read { books throws(StoreFault) in
      var locations: [Location] = []
      var last = cursor
      // There are few, and what a person types is compared here.
      while locations.count < limit,
        case let page = try books.locations.list(after: last, limit: wanted == nil ? limit : .max), !page.isEmpty
      {
        locations += page.filter { location in
          guard let wanted else { return true }
          return [location.name, location.address, location.city].contains { $0.lowercased().contains(wanted) }
        }
        last = page.last?.id
      }
      locations = Array(locations.prefix(limit))
      return (locations, try locations.map { location throws(StoreFault) in try location.json(books) })
    }
    return .page(shapes, next: locations.count < limit ? nil : locations.last?.id.description)
  }

  fileprivate func showLocation(_ id: ID<Location>, status: Status) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) in
      try books.locations.location(id).map { location throws(StoreFault) in
        (location.updatedAt, try location.json(books))
      }
    }
    guard let (changed, json) = found else { throw Problem(.notFound, "no such location") }
    return .json(json, status: status, etag: ETag(changed: changed))
  }

  fileprivate func createLocation(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    // What a location must have is asked for here; how it must be, the household says.
    for name in ["name", "address", "city", "country", "latitude", "longitude", "time_zone"] where !fields.has(name) {
      throw Problem.invalid(name, "this field is required")
    }
    var draft = Location(
      id: ID(0), party: ID(0), ref: "", name: "", address: "", city: "", country: "", coordinates: .nullIsland,
      timeZone: "",
      createdAt: now, updatedAt: now)
    try fields.change("ref", &draft.ref)
    draft.party = try fields.maybeID("party", of: Party.self) ?? ID(0)
    try change(&draft, by: &fields)
    try fields.finish()
    let made = try await house.addLocation(draft, by: call.by)
    return try await showLocation(made.id, status: .created)
  }

  fileprivate func changeLocation(_ call: Call) async throws -> Answer {
    let id: ID<Location> = try call.id()
    let edit: Edit<Location> = try call.edit({ ETag(changed: $0.updatedAt) }) { fields, location throws(Problem) in
      try self.change(&location, by: &fields)
    }
    _ = try await house.changeLocation(id, by: call.by, edit)
    return try await showLocation(id, status: .ok)
  }

  private func change(_ location: inout Location, by fields: inout Fields) throws(Problem) {
    try fields.change("name", &location.name)
    try fields.change("address", &location.address)
    try fields.change("city", &location.city)
    try fields.change("postal_code", &location.postalCode)
    try fields.change("state", &location.state)
    try fields.change("country", &location.country)
    try fields.change("time_zone", &location.timeZone)
    try fields.change("published", &location.isPublished)
    try fields.change("parking_type", word: &location.parkingType)
    try fields.change("always_open", &location.isAlwaysOpen)
    if fields.has("details") { try fields.merge("details", into: &location.details) }
    var (latitude, longitude) = (location.coordinates.latitude, location.coordinates.longitude)
    try fields.change("latitude", &latitude)
    try fields.change("longitude", &longitude)
    guard let coordinates = Coordinates(latitude: latitude, longitude: longitude) else {
      throw .invalid("latitude", "degrees as decimal text: latitude -90 to 90, longitude -180 to 180")
    }
    location.coordinates = coordinates
  }

  fileprivate func removeLocation(_ call: Call) async throws -> Answer {
    try await house.removeLocation(try call.id(), by: call.by) { location throws(HouseRefusal) in
      try call.expect(ETag(changed: location.updatedAt))
    }
    return .done
  }

  fileprivate func createParty(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let name = PartyID(country: try fields.text("country_code"), party: try fields.text("party_id"))
    let role: Party.Role = try fields.word("role")
    let party = Party(
      id: ID(0), name: name, role: role, businessName: try fields.text("business_name"),
      website: try fields.maybeText("website"))
    try fields.finish()
    let made = try await house.addParty(party, by: call.by)
    return .json(made.json, status: .created, etag: ETag(of: made.json.bytes))
  }

  fileprivate func showParty(_ call: Call) async throws -> Answer {
    let id: ID<Party> = try call.id()
    guard let party = try await house.read({ books throws(StoreFault) in try books.parties.party(id) }) else {
      throw Problem(.notFound, "no such party")
    }
    return .json(party.json, etag: ETag(of: party.json.bytes))
  }

  fileprivate func changeParty(_ call: Call) async throws -> Answer {
    let edit: Edit<Party> = try call.edit({ ETag(of: $0.json.bytes) }) { fields, party throws(Problem) in
      var (country, name) = (party.name.country, party.name.party)
      try fields.change("country_code", &country)
      try fields.change("party_id", &name)
      party.name = PartyID(country: country, party: name)
      try fields.change("business_name", &party.businessName)
      try fields.change("website", &party.website)
    }
    let party = try await house.changeParty(try call.id(), by: call.by, edit)
    return .json(party.json, etag: ETag(of: party.json.bytes))
  }
}

nonisolated extension Location {
  var nameJSON: JSON { ["id": .id(id), "name": .string(name), "time_zone": .string(timeZone)] }

  func json(_ books: Books) throws(StoreFault) -> JSON {
    [
      "id": .id(id), "ref": .string(ref), "party": try books.parties.party(party).map { .party($0.name) } ?? .null,
      "name": .string(name), "address": .string(address), "city": .string(city), "postal_code": .text(postalCode),
      "state": .text(state), "country": .string(country), "latitude": .string(coordinates.latitude),
      "longitude": .string(coordinates.longitude), "time_zone": .string(timeZone), "published": .bool(isPublished),
      "parking_type": .word(parkingType), "always_open": .bool(isAlwaysOpen),
      "details": details.json,
      "stations": .whole(try books.stations.count(at: id)),
      "has_plan": .bool(try books.sitePlans.has(id)),
      "created_at": .time(createdAt), "updated_at": .time(updatedAt),
    ]
  }
}

nonisolated extension Party {
  var json: JSON {
    [
      "id": .id(id), "country_code": .string(name.country), "party_id": .string(name.party), "role": .word(role),
      "business_name": .string(businessName), "website": .text(website),
    ]
  }
}
