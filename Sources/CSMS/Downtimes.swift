import Domain
import Store
import Wire

// Times that do not count in reports of uptime, as the operator writes them down, and the series of CO2 factors.

extension CSMS {
  public func addDowntime(_ draft: Downtime, by who: String) async throws(Refusal) -> Downtime {
    try await turn { () throws(Refusal) in
      try checkText(draft.note, "note", 1...Limits.addressLength)
      if let end = draft.endsAt, end <= draft.beginsAt {
        throw .invalid(field: "ends_at", "later than begins_at")
      }
      let isKnown = try keep { () throws(StoreFault) in
        if let location = draft.location { return try self.books.locations.location(location) != nil }
        if let station = draft.station { return try self.books.stations.station(station) != nil }
        if let evse = draft.evse { return try self.books.stations.evse(evse) != nil }
        return true
      }
      guard isKnown else { throw .invalid(field: "location", "there is no such location, station or EVSE") }
      var new = draft
      (new.origin, new.createdAt) = (who, self.now)
      let wish = new
      return try keep { () throws(StoreFault) in
        let made = try self.books.downtimes.create(wish)
        try self.record(.downtimeChanged(made.id, by: who))
        return made
      }
    }
  }

  public func removeDowntime(_ id: ID<Downtime>, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      guard try keep({ () throws(StoreFault) in try self.books.downtimes.downtime(id) }) != nil else {
        throw .notFound("no such downtime")
      }
      try keep { () throws(StoreFault) in
        try self.books.downtimes.remove(id)
        try self.record(.downtimeChanged(id, by: who))
      }
    }
  }

  /// Keeps a piece of the series of CO2 factors, of one location or of all that have none of their own.
  public func keepCarbon(_ factors: [CarbonFactor], of location: ID<Location>?) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      if let location, try keep({ () throws(StoreFault) in try self.books.locations.location(location) }) == nil {
        throw .notFound("no such location")
      }
      try keep { () throws(StoreFault) in try self.books.carbon.keep(factors, of: location) }
    }
  }

  public func removeCarbon(of location: ID<Location>?, from: Timestamp, to: Timestamp) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      try keep { () throws(StoreFault) in try self.books.carbon.remove(of: location, from: from, to: to) }
    }
  }
}
