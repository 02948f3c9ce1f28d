import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// Stations with their EVSEs, and the strangers at the door.
extension Route {
  static let stations: [Route] = [
    Route("listStations", .get, "/stations", .look) { try await $0.listStations($1) },
    Route("exportStations", .get, "/stations.csv", .look) { try $0.exportStations($1) },
    Route("createStation", .post, "/stations", .run) { try await $0.createStation($1) },
    Route("getStation", .get, "/stations/{id}", .look) { try await $0.showStation($1.identity(), status: .ok) },
    Route("changeStation", .patch, "/stations/{id}", .run) { try await $0.changeStation($1) },
    Route("removeStation", .delete, "/stations/{id}", .run) { try await $0.removeStation($1) },
    Route("setStationPassword", .put, "/stations/{id}/password", .run) { try await $0.setStationPassword($1) },
    Route("changeEVSE", .patch, "/stations/{id}/evses/{number}", .run) { try await $0.changeEVSE($1) },
    Route("listKnocks", .get, "/knocks", .look) { api, _ in .page(api.house.strangers.map(\.json), next: nil) },
    Route("acceptKnock", .post, "/knocks/{identity}/accept", .run) { try await $0.acceptKnock($1) },
    Route("ignoreKnock", .post, "/knocks/{identity}/ignore", .help) { try $0.ignoreKnock($1) },
  ]
}

/// What a list of stations may be narrowed to: a status of an EVSE, a decision of the operator, or the connection.
nonisolated private enum StationChoice: String, Word {
  case online, offline
  case pending, accepted, rejected
  case available, preparing, charging, suspendedEV = "suspended_ev", suspendedEVSE = "suspended_evse", finishing,
    reserved
  case unavailable, faulted, unknown

  var isConnection: Bool { self == .online || self == .offline }
}

extension API {
  fileprivate func listStations(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let choice = try call.queryWord("status", as: StationChoice.self)
    let filter = try stationFilter(call, choice)
    let order = try call.sorting(by: StationColumn.self)
    if let order, choice?.isConnection != true {
      let found = try await house.read { books throws(StoreFault) in
        try books.stations.list(filter, by: order, limit: limit).map { found throws(StoreFault) in
          (found, try found.map(\.item).shaped(by: books))
        }
      }
      let online = house.onlineStations
      let shown = found.map { found, shapes in
        zip(found, shapes).map { row, shape in
          Ranked(item: shape.json(isOnline: online.contains(shape.station.id)), rank: row.rank)
        }
      }
      return try order.page(shown, limit: limit)
    }
    if order != nil {
      throw Problem.invalid("sort", "who is connected stands in no book: that choice has its own order")
    }
    var place: StationIdentity?
    if let text = try call.cursor() {
      guard let identity = StationIdentity(text) else {
        throw Problem.invalid("cursor", "take it from `next_cursor` of the page before")
      }
      place = identity
    }
    var shown: [StationShape] = []
    // Who is connected stands in no book, so that choice is made here, page by page.
    for _ in 0..<Limits.pagesPerLook {
      let (from, size) = (place, choice?.isConnection == true ? Limits.longestPage : limit)
      let found = try await house.read { books throws(StoreFault) in
        let stations = try books.stations.list(filter, after: from, limit: size)
        return try stations.shaped(by: books)
      }
      let online = house.onlineStations
      for shape in found where shown.count < limit {
        place = shape.station.identity
        guard let choice, choice.isConnection, online.contains(shape.station.id) != (choice == .online) else {
          shown.append(shape)
          continue
        }
      }
      if found.count < size {
        if found.last?.station.identity == place || found.isEmpty { place = nil }
        break
      }
      if shown.count == limit { break }
    }
    let online = house.onlineStations
    return .page(shown.map { $0.json(isOnline: online.contains($0.station.id)) }, next: place?.text)
  }

  private func stationFilter(_ call: Call, _ choice: StationChoice?) throws -> StationFilter {
    StationFilter(
      text: call[query: "q"], registration: choice.flatMap { Station.Registration(rawValue: $0.rawValue) },
      location: try call.queryID("location"), status: choice.flatMap { EVSE.Status(rawValue: $0.rawValue) })
  }

  fileprivate func exportStations(_ call: Call) throws -> Answer {
    let choice = try call.queryWord("status", as: StationChoice.self)
    let (filter, online) = (try stationFilter(call, choice), house.onlineStations)
    return table(StationShape.columns, named: "stations.csv", from: ([], next: "")) { place in
      let found = try await self.house.read { books throws(StoreFault) in
        try books.stations.list(filter, after: StationIdentity(place), limit: Limits.exportRows).shaped(by: books)
      }
      let next = found.count == Limits.exportRows ? found.last?.station.identity.text : nil
      let shown = found.filter {
        choice?.isConnection != true || online.contains($0.station.id) == (choice == .online)
      }
      return (shown.map { $0.row(isOnline: online.contains($0.station.id)) }, next)
    }
  }

  func showStation(_ identity: StationIdentity, status: Status) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) in
      try books.stations.station(identity).map { station throws(StoreFault) in
        (
          shape: try [station].shaped(by: books)[0], oddities: try books.stations.oddities(of: station.id),
          certificate: try books.security.certificate(of: station.id),
          keys: try books.security.changes(of: station.id).count
        )
      }
    }
    guard let found else { throw Problem(.notFound, "no station \(identity)") }
    let station = found.shape.station
    let link = house.liveLink(of: station.id)
    var json = found.shape.json(isOnline: link != nil)
    json["quirks"] = station.quirks.json
    json["needs"] = station.needs.json
    json["preset"] =
      station.preset.map { ["name": .string($0.name), "because": .string($0.because), "quirks": $0.quirks.json] }
      ?? .null
    json["forwarding"] = station.forwarding?.json(house.follower(of: station.id)) ?? .null
    json["clock_offset_seconds"] = .whole(house.clockOffset(of: station.id))
    json["oddities"] = .list(found.oddities) {
      ["what": .string($0.what), "count": .whole($0.count), "sample": .text($0.sample), "last_at": .time($0.lastAt)]
    }
    let can = house.abilities(of: station)
    json["abilities"] = .list(can.abilities) { .word($0) }
    json["calls"] = .list(can.calls) { .string($0) }
    json["address"] = .text(link?.address)
    json["connected_at"] = .time(link?.since)
    json["connection_profile"] = .whole(link?.security.profile.rawValue)
    json["encrypted"] = link.map { .bool($0.security.isEncrypted) } ?? .null
    json["certificate"] = found.certificate?.json ?? .null
    json["undecided_keys"] = .whole(found.keys)
    return .json(json, status: status, etag: ETag(changed: station.updatedAt))
  }

  fileprivate func createStation(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let text = try fields.text("id")
    guard let identity = StationIdentity(text) else {
      throw Problem.invalid("id", "1 to \(StationIdentity.maxLength) visible characters without colon and slash")
    }
    let location: ID<Location>? = try fields.maybeID("location", of: Location.self)
    let password = try fields.maybeText("password")
    let evses = try fields.maybeWhole("evses") ?? 0
    let serialNumber = try fields.maybeText("serial_number")
    let profile = try fields.maybeWhole("security_profile").map { number throws(Problem) in try Self.profile(number) }
    try fields.finish()
    _ = try await house.addStation(
      identity, at: location, password: password, evses: evses, serialNumber: serialNumber, securityProfile: profile,
      by: call.by)
    return try await showStation(identity, status: .created)
  }

  fileprivate func changeStation(_ call: Call) async throws -> Answer {
    let identity = try call.identity()
    let edit: Edit<Station> = try call.edit({ ETag(changed: $0.updatedAt) }) { fields, station throws(Problem) in
      try fields.change("location", id: &station.location)
      try fields.change("registration", word: &station.registration)
      try fields.change("serial_number", &station.serialNumber)
      if fields.has("security_profile") {
        station.securityProfile = try Self.profile(try fields.whole("security_profile"))
      }
      try fields.merge("quirks", into: &station.quirks)
      if fields.has("forwarding") { station.forwarding = try fields.merged("forwarding", with: station.forwarding) }
      for name in ["password", "evses"] { fields.leave(name) }
    }
    var fields = try call.fields()
    var parts = CSMS.StationParts()
    if fields.has("password") {
      parts.password = try fields.maybeText("password").map { CSMS.StationParts.Password.set($0) } ?? .removed
    }
    if fields.has("evses") { parts.evses = try Self.evses(&fields) }
    _ = try await house.changeStation(identity, by: call.by, with: parts, edit)
    return try await showStation(identity, status: .ok)
  }

  /// The EVSEs that a station has, in one list.
  private static func evses(_ fields: inout Fields) throws(Problem) -> [(number: Int, edit: Edit<EVSE>)] {
    var edits: [(number: Int, edit: Edit<EVSE>)] = []
    try fields.each("evses") { given throws(Problem) in
      let number = try given.whole("number")
      // Read twice: here for what is not as it should be, and in the turn that changes it.
      var draft = EVSE(
        id: ID(0), station: ID(0), number: number, uid: "", status: .unknown, statusSince: .epoch, updatedAt: .epoch)
      let copy = given
      try given.change(&draft)
      edits.append(
        (
          number,
          { (evse: inout EVSE) throws(HouseRefusal) in
            do throws(Problem) {
              var fields = copy
              try fields.change(&evse)
            } catch {
              throw .invalid(field: error.field ?? "", error.detail)
            }
          }
        ))
    }
    guard Set(edits.map(\.number)).count == edits.count else {
      throw Problem.invalid("evses", "each EVSE once")
    }
    return edits
  }

  private static func profile(_ number: Int) throws(Problem) -> SecurityProfile {
    guard let profile = SecurityProfile(rawValue: number) else { throw .invalid("security_profile", "0, 1, 2 or 3") }
    return profile
  }

  fileprivate func removeStation(_ call: Call) async throws -> Answer {
    try await house.removeStation(try call.identity(), by: call.by) { station throws(HouseRefusal) in
      try call.expect(ETag(changed: station.updatedAt))
    }
    return .done
  }

  fileprivate func setStationPassword(_ call: Call) async throws -> Answer {
    let identity = try call.identity()
    var fields = try call.fields()
    let given = try fields.maybeText("password")
    let isSent = try fields.maybeFlag("send") ?? false
    try fields.finish()
    if isSent {
      let (password, record, isDecided) = try await house.rotatePassword(of: identity, to: given, by: call.by)
      return .json(
        [
          "password": given == nil ? .string(password) : .null, "command": record.json(of: identity, session: nil),
          "undecided": .bool(!isDecided),
        ], status: isDecided ? .ok : .accepted)
    }
    let password = try await house.setPassword(of: identity, to: given, by: call.by)
    return .json(["password": given == nil ? .string(password) : .null, "command": .null, "undecided": false])
  }

  fileprivate func changeEVSE(_ call: Call) async throws -> Answer {
    let identity = try call.identity()
    guard let number = Int(call.text("number")) else { throw Problem(.notFound, "an EVSE has a number") }
    let edit: Edit<EVSE> = try call.edit {
      fields, evse throws(Problem) in
      try fields.change(&evse)
    }
    try await house.changeEVSE(number, of: identity, by: call.by) { station throws(HouseRefusal) in
      try call.expect(ETag(changed: station.updatedAt))
    } _: { evse throws(HouseRefusal) in
      try edit(&evse)
    }
    return try await showStation(identity, status: .ok)
  }

  // MARK: Strangers

  fileprivate func acceptKnock(_ call: Call) async throws -> Answer {
    let identity = try call.identity("identity")
    var fields = try call.fields()
    let location: ID<Location>? = try fields.maybeID("location", of: Location.self)
    try fields.finish()
    _ = try await house.accept(identity, at: location, by: call.by)
    return try await showStation(identity, status: .created)
  }

  fileprivate func ignoreKnock(_ call: Call) throws -> Answer {
    house.ignore(try call.identity("identity"))
    return .done
  }
}

nonisolated extension Fields {
  /// What the operator may change of an EVSE and its connectors.
  fileprivate mutating func change(_ evse: inout EVSE) throws(Problem) {
    try change("evse_id", &evse.evseID)
    try change("physical_reference", &evse.physicalReference)
    if has("details") { try merge("details", into: &evse.details) }
    try each("connectors") { fields throws(Problem) in
      let number = try fields.whole("number")
      let place = evse.connectors.firstIndex { $0.number == number }
      var connector =
        place.map { evse.connectors[$0] } ?? Connector(id: ID(0), number: number, updatedAt: evse.updatedAt)
      try fields.change("standard", word: &connector.standard)
      try fields.change("format", word: &connector.format)
      try fields.change("power_type", word: &connector.powerType)
      try fields.change("max_voltage", &connector.maxVoltage)
      try fields.change("max_amperage", &connector.maxAmperage)
      try fields.change("max_power", &connector.maxPower)
      try fields.change("tariff", id: &connector.tariff)
      if fields.has("details") { try fields.merge("details", into: &connector.details) }
      if fields.has("more_tariffs") { connector.moreTariffs = try fields.ids("more_tariffs") }
      // The operator wrote it, so it is no longer assumed.
      connector.isAssumed = false
      if let place { evse.connectors[place] = connector } else { evse.connectors.append(connector) }
    }
  }
}

// MARK: - How they are shown

extension Knock {
  var json: JSON {
    [
      "id": .string(identity.text), "address": .string(address), "since": .time(since), "version": .string(version),
      "vendor": .text(boot?.vendor), "model": .text(boot?.model), "serial_number": .text(boot?.serialNumber),
      "firmware_version": .text(boot?.firmwareVersion), "has_password": .bool(hasPassword), "ignored": .bool(isIgnored),
      "encrypted": .bool(security.isEncrypted), "certificate": security.certificate?.json ?? .null,
    ]
  }
}

nonisolated extension StationCertificate {
  var json: JSON {
    [
      "serial": .string(serial), "common_name": .string(commonName), "matched_by": .word(match),
      "expires_at": .time(expiresAt),
    ]
  }
}

nonisolated extension Forwarding {
  /// Without the password.
  func json(_ state: FollowerState?) -> JSON {
    [
      "url": .string(url), "identity": .text(identity), "has_password": .bool(password != nil),
      "actions": actions.map { .list($0) { .string($0) } } ?? .null,
      "may_call": .list(mayCall ?? []) { .string($0) },
      "allow_private": .bool(allowsPrivate ?? false), "paused": .bool(isPaused ?? false),
      "state": .word(state?.phase), "why": .text(state?.why), "waiting": .whole(state?.waiting ?? 0),
      "dropped": .whole(state?.dropped ?? 0),
    ]
  }
}

/// A station with what a list shows of it, read from one snapshot.
nonisolated struct StationShape: Sendable {
  let station: Station
  let location: Location?
  let evses: [EVSE]
  let sessions: [ID<EVSE>: Session]
  let tariffs: [ID<Tariff>: String]

  func json(isOnline: Bool) -> JSON {
    [
      "id": .string(station.identity.text), "key": .id(station.id), "location": location.map(\.nameJSON) ?? .null,
      "registration": .word(station.registration), "online": .bool(isOnline),
      "has_password": .bool(station.passwordHash != nil), "security_profile": .whole(station.securityProfile.rawValue),
      "vendor": .text(station.vendor), "model": .text(station.model), "serial_number": .text(station.serialNumber),
      "firmware_version": .text(station.firmwareVersion), "version": .text(station.lastVersion),
      "booted_at": .time(station.bootedAt), "last_seen_at": .time(station.lastSeenAt), "evses": .list(evses, evse),
      "created_at": .time(station.createdAt), "updated_at": .time(station.updatedAt),
    ]
  }

  /// Its line in a table, by the names that an import reads too.
  static let columns = [
    "id", "location", "location_name", "serial_number", "evses", "statuses", "vendor", "model", "firmware_version",
    "version",
    "registration", "security_profile", "online", "booted_at", "last_seen_at", "created_at",
  ]

  func row(isOnline: Bool) -> [CSV.Cell] {
    [
      .text(station.identity.text), .text(location?.ref), .text(location?.name), .text(station.serialNumber),
      .whole(Int64(evses.count)),
      .text(evses.map { "\($0.number) \($0.status.rawValue)" }.joined(separator: "; ")), .text(station.vendor),
      .text(station.model), .text(station.firmwareVersion), .text(station.lastVersion),
      .text(station.registration.rawValue), .whole(Int64(station.securityProfile.rawValue)), .flag(isOnline),
      .time(station.bootedAt), .time(station.lastSeenAt), .time(station.createdAt),
    ]
  }

  private func evse(_ evse: EVSE) -> JSON {
    [
      "id": .id(evse.id), "number": .whole(evse.number), "uid": .string(evse.uid), "evse_id": .text(evse.evseID),
      "physical_reference": .text(evse.physicalReference), "status": .word(evse.status),
      "status_since": .time(evse.statusSince), "details": evse.details.json,
      "connectors": .list(evse.connectors) { connector($0, of: evse) }, "session": sessions[evse.id].map(open) ?? .null,
    ]
  }

  private func connector(_ connector: Connector, of evse: EVSE) -> JSON {
    // One of several says it itself; of an only one the EVSE's status is its own.
    let status = evse.status == .unknown || evse.connectors.count == 1 ? evse.status : connector.status ?? .unknown
    return [
      "number": .whole(connector.number), "status": .word(status), "standard": .word(connector.standard),
      "format": .word(connector.format),
      "power_type": .word(connector.powerType), "max_voltage": .whole(connector.maxVoltage),
      "max_amperage": .whole(connector.maxAmperage), "max_power": .whole(connector.maxPower),
      "rated_power": .whole(connector.ratedPower),
      "tariff": connector.tariff.map { ["id": .id($0), "ref": .string(tariffs[$0] ?? "")] } ?? .null,
      "more_tariffs": .list(connector.moreTariffs) { ["id": .id($0), "ref": .string(tariffs[$0] ?? "")] },
      "assumed": .bool(connector.isAssumed), "details": connector.details.json,
    ]
  }

  private func open(_ session: Session) -> JSON {
    [
      "id": .string(session.id), "state": .word(session.state), "started_at": .time(session.startedAt),
      "energy_kwh": .energy(session.energy), "power_kw": .power(session.power),
      "state_of_charge": .decimal(session.stateOfCharge),
    ]
  }
}

nonisolated extension [Station] {
  /// Gathers what is shown of each.
  func shaped(by books: Books) throws(StoreFault) -> [StationShape] {
    var locations: [ID<Location>: Location] = [:]
    var tariffs: [ID<Tariff>: String] = [:]
    var shapes: [StationShape] = []
    for station in self {
      if let id = station.location, locations[id] == nil { locations[id] = try books.locations.location(id) }
      let evses = try books.stations.evses(of: station.id)
      for connector in evses.flatMap(\.connectors) {
        for id in connector.tariffs where tariffs[id] == nil { tariffs[id] = try books.tariffs.tariff(id)?.tariff.ref }
      }
      let open = try books.sessions.pendingOrRunning(of: station.id)
      shapes.append(
        StationShape(
          station: station, location: station.location.flatMap { locations[$0] }, evses: evses,
          // Where one waits for its car while another runs, the running one is shown.
          sessions: Dictionary(open.map { ($0.evse, $0) }) { $0.state == .active ? $0 : $1 }, tariffs: tariffs))
    }
    return shapes
  }
}
