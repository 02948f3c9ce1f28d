import Domain
import Store
import Wire

// Floor plans of sites. What changes is told as a change of the location, so that pages that show it look again;
// partners are told nothing of it.

extension CSMS {
  /// Gives a site a plan, or another one.
  /// - Parameter look: looks at plan and places as they are so far, and refuses where the change was made for others.
  public func changePlan(
    of id: ID<Location>, to image: Bytes, by who: String,
    looking look: @escaping @MainActor @Sendable (SitePlan?, [PlanPin]) throws(Refusal) -> Void = { _, _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      try self.checkSite(id)
      try self.show(id, to: look)
      guard let plan = SitePlan(image: image, at: self.now) else {
        throw .invalid(
          field: "image",
          "a PNG or JPEG of at most \(Domain.Limits.planBytes) bytes and \(Domain.Limits.planPixels) pixels a side")
      }
      try keep { () throws(StoreFault) in
        try self.books.sitePlans.keep(plan, of: id)
        try self.record(.locationChanged(id, by: who))
      }
    }
  }

  /// Takes the plan of a site away, with all places on it.
  public func removePlan(
    of id: ID<Location>, by who: String,
    looking look: @escaping @MainActor @Sendable (SitePlan?, [PlanPin]) throws(Refusal) -> Void = { _, _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      try self.checkPlan(of: id)
      try self.show(id, to: look)
      try keep { () throws(StoreFault) in
        try self.books.sitePlans.remove(of: id)
        try self.record(.locationChanged(id, by: who))
      }
    }
  }

  /// Puts a station of the site in its place on the plan; `nil` takes it off.
  public func placeOnPlan(
    _ identity: StationIdentity, of id: ID<Location>, at place: (x: Int, y: Int)?, by who: String,
    looking look: @escaping @MainActor @Sendable (SitePlan?, [PlanPin]) throws(Refusal) -> Void = { _, _ in }
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      try self.checkPlan(of: id)
      try self.show(id, to: look)
      let station = try keep { () throws(StoreFault) in try self.books.stations.station(identity) }
      guard let station, station.location == id else { throw .notFound("no such station stands there") }
      if let place, !PlanPin.range.contains(place.x) || !PlanPin.range.contains(place.y) {
        throw .invalid(
          field: PlanPin.range.contains(place.x) ? "y" : "x",
          "\(PlanPin.range.lowerBound) to \(PlanPin.range.upperBound) of the picture")
      }
      try keep { () throws(StoreFault) in
        if let place {
          try self.books.sitePlans.place(PlanPin(station: station.id, x: place.x, y: place.y), at: id)
        } else {
          try self.books.sitePlans.removePin(of: station.id)
        }
        try self.record(.locationChanged(id, by: who))
      }
    }
  }

  private func show(
    _ id: ID<Location>, to look: (SitePlan?, [PlanPin]) throws(Refusal) -> Void
  ) throws(Refusal) {
    let (plan, pins) = try keep { () throws(StoreFault) in
      (try self.books.sitePlans.plan(of: id), try self.books.sitePlans.pins(of: id))
    }
    try look(plan, pins)
  }

  private func checkSite(_ id: ID<Location>) throws(Refusal) {
    guard try keep({ () throws(StoreFault) in try self.books.locations.location(id) }) != nil else {
      throw .notFound("no such location")
    }
  }

  private func checkPlan(of id: ID<Location>) throws(Refusal) {
    guard try keep({ () throws(StoreFault) in try self.books.sitePlans.has(id) }) else {
      throw .notFound("this location has no plan")
    }
  }
}
