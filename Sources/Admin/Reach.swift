import CSMS
import Domain
import HTTP
import Store
import Wire

/// What of the house an operation reaches, which decides whether somebody who is limited to sites may ask for it. One that
/// is not named here reaches the whole house, and is refused to them.
nonisolated enum Reach: Hashable {
  /// More than any site.
  case house
  /// The caller's own things and what everybody may know.
  case own
  /// Whatever of the caller's sites a list or a report shows.
  case sites
  /// A list of things that are of no site: to the caller it is empty.
  case nothing
  /// One thing, which must be at one of the caller's sites.
  case one(Thing)
  /// Something new, for what the body names: that must be at one of the caller's sites.
  case named

  /// What a path names with `{id}`.
  enum Thing: String {
    case stations, locations, sessions, cdrs, circuits, commands, reservations, jobs, alerts, parked, bookings
    case bookingLocations = "booking-locations"
    case bulkRuns = "bulk-runs"
  }

  /// Operations that show nothing but what the books under a scope hold, or that hold for the whole house and harm nobody.
  private static let ofSites: Set = [
    "showOverview", "listStations", "listSessions", "listCDRs", "exportCDRs", "listLocations", "listAlerts", "listJobs",
    "listReservations", "listBookings", "listBookingLocations", "listMessages", "followEvents", "listParked",
    "listDowntimes", "listTariffs", "getTariff",
    "validateTariff", "simulateTariff", "listParties", "getParty", "listSettingTemplates", "getSettingTemplate",
    "showUsage",
    "exportUsage", "showHeatmap", "exportHeatmap", "showConnectorUsage", "exportConnectorUsage", "reportUptime",
    "exportUptime", "exportCarbon", "showMargin", "exportMargin", "showFailures", "exportFailures",
    "showForecast", "exportForecast", "exportNEVISessions", "exportNEVIUptime", "exportNEVIOutages",
    "exportStations", "exportSessions", "listBulkRuns",
  ]

  /// Choices of the house that show on everybody's page.
  private static let ofEverybody: Set = ["logOut", "showPublicPages", "showMapTiles"]

  private static let ofWhatIsNamed: Set = ["createBookingLocation", "createBooking", "beginBulkRun"]

  private static let ofNoSite: Set = [
    "listKnocks", "listPartners", "listTokens", "listUnknownTags", "listCampaigns", "listFiles", "listInvoices",
    "listPricePolicies", "listClosedMonths", "listRoamingLocations", "listRoamingTariffs",
    "listRoamingSessions", "listRoamingCDRs", "listRoamingCommands", "listRoamingBookingLocations",
    "listRoamingBookings", "listInvoiceRecords", "listAlarms",
  ]

  @MainActor init(_ route: Route) {
    let parts = route.path.split(separator: "/")
    if route.access == .open || Self.ofEverybody.contains(route.name) || parts.first == "me" {
      self = .own
    } else if parts.count > 1, parts[1] == "{id}", let thing = Thing(rawValue: String(parts[0])) {
      self = .one(thing)
    } else if Self.ofWhatIsNamed.contains(route.name) {
      self = .named
    } else {
      let name = route.list ?? route.name
      self = Self.ofSites.contains(name) ? .sites : Self.ofNoSite.contains(name) ? .nothing : .house
    }
  }
}

extension API {
  /// Refuses what lies beyond the caller's sites. What is refused for being elsewhere looks as if it did not exist.
  func checkReach(of call: Call, to route: Route) async throws {
    guard call.caller.scope != nil else { return }
    switch Reach(route) {
    case .own, .sites, .nothing: break
    case .house:
      throw Problem(.forbidden, "this concerns the whole house, and you are limited to some sites")
    case .named: try await checkNames(in: call)
    case .one(let thing):
      guard try await isInReach(thing, call.text("id")) else {
        throw Problem(.notFound, "no such thing: \(call.text("id"))")
      }
      try await checkNames(in: call)
    }
  }

  /// What a body names must be in reach, too.
  private func checkNames(in call: Call) async throws {
    guard let whole = try? JSON.parse(call.request.body).object else { return }
    try await checkNames(in: whole)
    // What is to be done, where it stands by itself.
    if let plan = whole["plan"]?.object { try await checkNames(in: plan) }
    // A list that is no list of stations is refused as such.
    let stations = whole["stations"]?.array?.compactMap(\.string).compactMap { StationIdentity($0) } ?? []
    let missing = try await house.read { books throws(StoreFault) -> StationIdentity? in
      for station in stations where try books.stations.station(station) == nil { return station }
      return nil
    }
    if let missing { throw Problem.invalid("stations", "there is no station \(missing)") }
  }

  private func checkNames(in body: JSONObject) async throws {
    let named: [(String, Reach.Thing)] = [
      ("session", .sessions), ("reservation", .reservations), ("station", .stations), ("location", .locations),
      ("booking_location", .bookingLocations),
    ]
    for (name, thing) in named {
      guard let value = body[name], !value.isNull else { continue }
      let text = value.string ?? value.int.map { "\($0)" } ?? ""
      guard try await isInReach(thing, text) else {
        throw Problem.invalid(name, "there is no such \(name.replacing("_", with: " ")): \(text)")
      }
    }
  }

  private func isInReach(_ thing: Reach.Thing, _ text: String) async throws -> Bool {
    try await house.read { books throws(StoreFault) in
      // No row has the number 0.
      let number = Int64(text) ?? 0
      switch thing {
      case .stations:
        guard let identity = StationIdentity(text) else { return false }
        return try books.stations.station(identity) != nil
      case .locations: return try books.locations.location(ID(number)) != nil
      case .sessions: return try books.sessions.session(text) != nil
      case .cdrs: return try books.cdrs.cdr(text) != nil
      case .circuits: return try books.circuits.circuit(ID(number)) != nil
      case .commands: return try books.commands.command(text) != nil
      case .reservations: return try books.reservations.reservation(text) != nil
      case .bulkRuns: return try books.bulkRuns.run(text) != nil
      case .bookings: return try books.bookings.booking(text) != nil
      case .bookingLocations: return try books.bookings.place(ID(number)) != nil
      case .jobs: return try books.jobs.job(text) != nil
      case .alerts: return try books.monitors.alert(ID(number)) != nil
      case .parked: return try books.parked.message(ID(number)) != nil
      }
    }
  }
}

nonisolated extension Fields {
  /// The sites to which somebody is limited: `sites` names them, `all_sites` opens the house.
  mutating func scope() throws(Problem) -> Change<SiteScope?> {
    let isOpen = try maybeFlag("all_sites") == true
    guard has("sites") else { return isOpen ? .to(nil) : .none }
    if isOpen { throw .invalid("all_sites", "either all sites or some of them") }
    return .to(SiteScope(Set(try ids("sites"))))
  }
}

nonisolated extension Change<SiteScope?> {
  /// With what somebody new begins: the whole house, where nothing else is said.
  var wished: SiteScope? { if case .to(let scope) = self { scope } else { nil } }
}

nonisolated extension SiteScope {
  /// Ids of locations.
  var json: JSON { .list(locations.sorted { $0.value < $1.value }) { .id($0) } }
}
