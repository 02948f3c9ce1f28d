import CSMS
import Domain
import HTTP
import Store
import Wire

// Floor plans of sites: their pictures, and where on them stations stand.
extension Route {
  static let sitePlans: [Route] = [
    Route("getPlan", .get, "/locations/{id}/plan", .look) { try await $0.showPlan($1.id(), status: .ok) },
    Route("putPlan", .put, "/locations/{id}/plan", .run) { try await $0.changePlan($1) },
    Route("removePlan", .delete, "/locations/{id}/plan", .run) { api, call in
      try await api.house.removePlan(of: call.id(), by: call.by, looking: call.expectPlan)
      return .done
    },
    Route("getPlanImage", .get, "/locations/{id}/plan/image", .look) { try await $0.showPlanImage($1) },
    Route("putPlanPin", .put, "/locations/{id}/plan/pins/{station}", .run) { try await $0.placePin($1) },
    Route("removePlanPin", .delete, "/locations/{id}/plan/pins/{station}", .run) { api, call in
      try await api.house.placeOnPlan(
        call.identity("station"), of: call.id(), at: nil, by: call.by, looking: call.expectPlan)
      return .done
    },
  ]
}

extension API {
  fileprivate func showPlan(_ id: ID<Location>, status: Status) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) -> (SitePlan, [JSON], ETag)? in
      guard let plan = try books.sitePlans.plan(of: id) else { return nil }
      let pins = try books.sitePlans.pins(of: id)
      let shown = try pins.map { pin throws(StoreFault) -> JSON in
        let station = try books.stations.station(pin.station)
        return ["station": .text(station?.identity.text), "x": .whole(pin.x), "y": .whole(pin.y)]
      }
      return (plan, shown, ETag(plan, pins))
    }
    guard let (plan, pins, tag) = found else { throw Problem(.notFound, "this location has no plan") }
    return .json(
      [
        "type": .word(plan.type), "width": .whole(plan.width), "height": .whole(plan.height),
        "bytes": .whole(plan.image.count), "updated_at": .time(plan.updatedAt), "pins": .array(pins),
      ], status: status, etag: tag)
  }

  fileprivate func changePlan(_ call: Call) async throws -> Answer {
    let id: ID<Location> = try call.id()
    var fields = try call.fields()
    guard let image = Bytes(base64: try fields.text("image")) else {
      throw Problem.invalid("image", "a picture in base64 is expected")
    }
    try fields.finish()
    try await house.changePlan(of: id, to: image, by: call.by, looking: call.expectPlan)
    return try await showPlan(id, status: .ok)
  }

  fileprivate func showPlanImage(_ call: Call) async throws -> Answer {
    let id: ID<Location> = try call.id()
    let plan = try await house.read { books throws(StoreFault) in try books.sitePlans.plan(of: id) }
    guard let plan else { throw Problem(.notFound, "this location has no plan") }
    return .response(Response(.ok, headers: ["Content-Type": plan.type.rawValue], body: plan.image))
  }

  fileprivate func placePin(_ call: Call) async throws -> Answer {
    let id: ID<Location> = try call.id()
    var fields = try call.fields()
    let place = try (x: fields.whole("x"), y: fields.whole("y"))
    try fields.finish()
    try await house.placeOnPlan(
      call.identity("station"), of: id, at: place, by: call.by, looking: call.expectPlan)
    return try await showPlan(id, status: .ok)
  }
}

extension Call {
  /// Refuses where plan and places are not those that the caller read.
  fileprivate func expectPlan(_ plan: SitePlan?, _ pins: [PlanPin]) throws(HouseRefusal) {
    try expect(plan.map { ETag($0, pins) } ?? ETag(version: "none"))
  }
}

nonisolated extension ETag {
  /// Of a plan with the places on it.
  fileprivate init(_ plan: SitePlan, _ pins: [PlanPin]) {
    let places = pins.map { "\($0.station) \($0.x) \($0.y)" }.joined(separator: ",")
    self.init(of: Bytes(utf8: "\(plan.updatedAt.milliseconds) \(places)"))
  }
}
