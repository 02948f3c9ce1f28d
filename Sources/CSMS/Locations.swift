import Domain
import Store
import Wire

// The locations at which stations stand. Every change is an event, and where partners show it, a push.

extension CSMS {
  /// Adds a location of the party that it names, of our first one where it names none; without a ref it gets one. Its id
  /// and times are given here.
  public func addLocation(_ draft: Location, by who: String) async throws(Refusal) -> Location {
    try await turn { () throws(Refusal) in
      var location = draft
      if location.party == ID(0) { location.party = try self.ourParty().id }
      if location.ref.isEmpty { location.ref = self.newID() }
      try checkText(location.ref, "ref", 1...36)
      (location.createdAt, location.updatedAt) = (self.now, self.now)
      try self.check(location)
      let new = location
      return try keep { () throws(StoreFault) in
        let made = try self.books.locations.create(new)
        try self.record(.locationChanged(made.id, by: who))
        try self.locationMoved(made.id)
        return made
      }
    }
  }

  /// Changes what the operator may change of a location; its ref and its party stay.
  public func changeLocation(
    _ id: ID<Location>, by who: String, _ edit: @escaping @MainActor @Sendable (inout Location) throws(Refusal) -> Void
  ) async throws(Refusal) -> Location {
    try await turn { () throws(Refusal) in
      let old = try self.location(id)
      var location = old
      try edit(&location)
      (location.ref, location.party) = (old.ref, old.party)
      // Partners ask for what changed since a time: what is as it was must not move.
      guard location != old else { return old }
      location.updatedAt = self.time(after: old.updatedAt)
      try self.check(location)
      let changed = location
      try keep { () throws(StoreFault) in
        try self.books.locations.update(changed)
        try self.record(.locationChanged(id, by: who))
        try self.locationMoved(id)
        try self.bookingLocationsMoved(at: id)
      }
      return changed
    }
  }

  /// Removes a location at which no station stands.
  public func removeLocation(
    _ id: ID<Location>, by who: String,
    _ look: @escaping @MainActor @Sendable (Location) throws(Refusal) -> Void = { _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      try look(try self.location(id))
      let stations = try keep { () throws(StoreFault) in
        try self.books.stations.list(StationFilter(location: id), limit: 1)
      }
      if let station = stations.first { throw .conflict("station \(station.identity) stands there: move it first") }
      // Whoever may book there, or has, must hear that it is over.
      let isBooked = try keep { () throws(StoreFault) in
        guard try self.books.bookings.places(at: id, limit: 1).isEmpty else { return true }
        return try !self.books.bookings.list(at: id, isOpen: true, limit: 1).isEmpty
      }
      if isBooked { throw .conflict("it can be booked, or is: end that first") }
      let circuits = try keep { () throws(StoreFault) in try self.books.circuits.all(at: id) }
      if let circuit = circuits.first { throw .conflict("circuit \(circuit.name) is drawn there: remove it first") }
      try keep { () throws(StoreFault) in
        let gone = try self.books.locations.location(id)
        try self.books.locations.remove(id, at: self.now)
        try self.record(.locationRemoved(id, by: who))
        if let gone { try self.locationRemoved(gone) }
      }
    }
  }

  private func location(_ id: ID<Location>) throws(Refusal) -> Location {
    guard let location = try keep({ () throws(StoreFault) in try self.books.locations.location(id) }) else {
      throw .notFound("no such location")
    }
    return location
  }

  /// Lengths as OCPI 2.3.0 §8.3.1 has them.
  private func check(_ location: Location) throws(Refusal) {
    try checkText(location.name, "name", 1...255)
    try checkText(location.address, "address", 1...255)
    try checkText(location.city, "city", 1...45)
    try checkText(location.postalCode, "postal_code", 1...10)
    try checkText(location.state, "state", 1...45)
    guard location.country.utf8.count == 3, location.country.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
      throw .invalid(field: "country", "three capital letters (ISO 3166 alpha-3), such as NLD")
    }
    guard zones[location.timeZone] != nil else {
      throw .invalid(field: "time_zone", "an IANA time zone that this machine knows, such as Europe/Amsterdam")
    }
    if let flaw = location.details.flaw { throw .invalid(field: "details.\(flaw.field)", flaw.why) }
    try checkOperator(location.party)
  }

  /// A change is always later than the one before it, so that a version read before it can be told from one read after.
  func time(after earlier: Timestamp) -> Timestamp { max(now, earlier + .milliseconds(1)) }
}
