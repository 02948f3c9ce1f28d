import CSMS
import Domain
import HTTP
import Store
import Wire

// The wiring of sites, what is told of it, what sessions need, and how the power is shared now.
extension Route {
  static let circuits: [Route] = [
    Route("listCircuits", .get, "/locations/{id}/circuits", .look) { try await $0.listCircuits($1) },
    Route("createCircuit", .post, "/locations/{id}/circuits", .run) { try await $0.createCircuit($1) },
    Route("getCircuit", .get, "/circuits/{id}", .look) { try await $0.showCircuit($1.id()) },
    Route("changeCircuit", .patch, "/circuits/{id}", .run) { try await $0.changeCircuit($1) },
    Route("removeCircuit", .delete, "/circuits/{id}", .run) { try await $0.removeCircuit($1) },
    Route("tellCircuit", .post, "/circuits/{id}/signals", .run) { try await $0.tellCircuit($1) },
    Route("forgetCircuitSignal", .delete, "/circuits/{id}/signals/{kind}", .run) {
      try await $0.forgetCircuitSignal($1)
    },
    Route("listOutlets", .get, "/locations/{id}/outlets", .look) { try await $0.listOutlets($1) },
    Route("getOutlet", .get, "/stations/{id}/outlets/{number}", .look) { try await $0.showOutlet($1) },
    Route("changeOutlet", .patch, "/stations/{id}/outlets/{number}", .run) { try await $0.changeOutlet($1) },
    Route("removeOutlet", .delete, "/stations/{id}/outlets/{number}", .run) { try await $0.removeOutlet($1) },
    Route("showLoad", .get, "/locations/{id}/load", .look) { try await $0.showLoad($1) },
    Route("showNeed", .get, "/sessions/{id}/need", .look) { try await $0.showNeed($1) },
    Route("changeNeed", .patch, "/sessions/{id}/need", .run) { try await $0.changeNeed($1) },
  ]
}

// MARK: - Circuits

extension API {
  fileprivate func listCircuits(_ call: Call) async throws -> Answer {
    let id: ID<Location> = try call.id()
    let found = try await house.read { books throws(StoreFault) in
      try books.locations.location(id).map { _ throws(StoreFault) in try books.circuits.all(at: id) }
    }
    guard let circuits = found else { throw Problem(.notFound, "no such location") }
    return .page(circuits.map(\.json), next: nil)
  }

  fileprivate func showCircuit(_ id: ID<Circuit>, status: Status = .ok) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) in try books.circuits.circuit(id) }
    guard let circuit = found else { throw Problem(.notFound, "no such circuit") }
    return .json(circuit.json, status: status, etag: ETag(changed: circuit.updatedAt))
  }

  fileprivate func createCircuit(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    guard let rated = try fields.maybeCurrent("rated_a") else {
      throw Problem.invalid("rated_a", "this field is required")
    }
    var draft = Circuit(
      id: ID(0), location: try call.id(), name: try fields.text("name"), rated: rated, createdAt: now, updatedAt: now)
    try change(&draft, by: &fields)
    try fields.finish()
    let made = try await house.addCircuit(draft, by: call.by)
    return try await showCircuit(made.id, status: .created)
  }

  fileprivate func changeCircuit(_ call: Call) async throws -> Answer {
    let id: ID<Circuit> = try call.id()
    let edit: Edit<Circuit> = try call.edit({ ETag(changed: $0.updatedAt) }) { fields, circuit throws(Problem) in
      try self.change(&circuit, by: &fields)
    }
    _ = try await house.changeCircuit(id, by: call.by, edit)
    return try await showCircuit(id)
  }

  private func change(_ circuit: inout Circuit, by fields: inout Fields) throws(Problem) {
    try fields.change("name", &circuit.name)
    try fields.change("parent", id: &circuit.parent)
    try fields.change("lines", &circuit.lines)
    let rated = circuit.rated
    try fields.change("rated_a", &circuit.rated)
    // A stronger or weaker fuse is usable as a whole, unless something else is said.
    if circuit.rated != rated { circuit.usable = min(circuit.usable, circuit.rated) }
    try fields.change("usable_a", &circuit.usable)
    try fields.change("priority", &circuit.priority)
    try fields.change("assumed_load_a", &circuit.assumedLoad)
    try fields.change("trusts_phases", &circuit.trustsPhases)
  }

  fileprivate func removeCircuit(_ call: Call) async throws -> Answer {
    try await house.removeCircuit(try call.id(), by: call.by) { circuit throws(HouseRefusal) in
      try call.expect(ETag(changed: circuit.updatedAt))
    }
    return .done
  }

  // MARK: Signals

  fileprivate func tellCircuit(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let kind: CircuitSignal.Kind = try fields.word("kind")
    let seconds = try fields.maybeWhole("valid_s") ?? Limits.signalSeconds
    let source = try fields.maybeText("source") ?? call.by
    let currents: LineCurrents
    switch kind {
    case .surplus:
      guard let watts = try fields.maybeDecimal("watts"), let all = Current(allowed: watts.amperesAt230) else {
        throw Problem.invalid("watts", "what is generated beyond the building's use, in W")
      }
      currents = LineCurrents(max(.zero, all), .zero, .zero)
    case .building, .supply, .limit:
      if let watts = try fields.maybeDecimal("watts") {
        // Of three lines together; each of them a third.
        let third = watts.amperesAt230.divided(by: Decimal(3), places: 3, rounding: kind == .limit ? .down : .up)
        guard let each = kind == .limit ? Current(allowed: third) : Current(measured: third) else {
          throw Problem.invalid("watts", "W of all lines together")
        }
        currents = LineCurrents(max(.zero, each), on: .all)
      } else {
        let all = try fields.maybeCurrent("amperes", isLimit: kind == .limit)
        let l1 = try fields.maybeCurrent("l1_a", isLimit: kind == .limit)
        let l2 = try fields.maybeCurrent("l2_a", isLimit: kind == .limit)
        let l3 = try fields.maybeCurrent("l3_a", isLimit: kind == .limit)
        guard all != nil || l1 != nil || l2 != nil || l3 != nil else {
          throw Problem.invalid("amperes", "watts, amperes of each line, or l1_a, l2_a and l3_a")
        }
        // A line that nobody names has no load, and no other limit than its fuse.
        let rest = kind == .limit ? Current(amperes: Limits.strongestFuse) : .zero
        currents = LineCurrents(l1 ?? all ?? rest, l2 ?? all ?? rest, l3 ?? all ?? rest)
      }
    }
    try fields.finish()
    let signal = CircuitSignal(
      circuit: try call.id(), kind: kind, currents: currents, at: now, until: now + .seconds(seconds), source: source)
    try await house.tell(signal)
    return .json(signal.json, status: .created)
  }

  fileprivate func forgetCircuitSignal(_ call: Call) async throws -> Answer {
    guard let kind = CircuitSignal.Kind(rawValue: call.text("kind")) else {
      throw Problem(.notFound, "no such kind of signal")
    }
    try await house.forget(kind, of: try call.id())
    return .done
  }

  // MARK: Outlets

  fileprivate func listOutlets(_ call: Call) async throws -> Answer {
    let id: ID<Location> = try call.id()
    let found = try await house.read { books throws(StoreFault) in
      try books.circuits.outlets(at: id).map { outlet throws(StoreFault) in
        (outlet, try books.stations.station(outlet.station)?.identity)
      }
    }
    return .page(found.map { $0.0.json(at: $0.1) }, next: nil)
  }

  fileprivate func changeOutlet(_ call: Call) async throws -> Answer {
    let (identity, number) = (try call.identity(), try call.evseNumber())
    let edit: Edit<KeptOutlet> = try call.edit({ $0.tag }) { fields, outlet throws(Problem) in
      if let circuit = try fields.maybeID("circuit", of: Circuit.self) { outlet.circuit = circuit }
      try fields.change("rotation", word: &outlet.rotation)
      if fields.has("lines") { outlet.lines = try fields.maybeLines("lines") }
      if fields.has("most_a") { outlet.most = try fields.maybeCurrent("most_a") }
      try fields.change("least_a", &outlet.least)
      if fields.has("fallback_a") { outlet.fallback = try fields.maybeCurrent("fallback_a") }
      if fields.has("station_most_a") { outlet.stationMost = try fields.maybeCurrent("station_most_a") }
    }
    try await house.changeOutlet(number, of: identity, by: call.by, edit)
    return try await showOutlet(call)
  }

  fileprivate func showOutlet(_ call: Call) async throws -> Answer {
    let (identity, number) = (try call.identity(), try call.evseNumber())
    let found = try await house.read { books throws(StoreFault) in
      try books.stations.station(identity).flatMap { station throws(StoreFault) in
        try books.stations.evse(station.id, number: number).flatMap { evse throws(StoreFault) in
          try books.circuits.outlet(of: evse.id)
        }
      }
    }
    guard let outlet = found else { throw Problem(.notFound, "there is no such EVSE, or it is on no circuit") }
    return .json(outlet.json(at: identity), etag: outlet.tag)
  }

  fileprivate func removeOutlet(_ call: Call) async throws -> Answer {
    try await house.removeOutlet(try call.evseNumber(), of: try call.identity(), by: call.by) {
      outlet throws(HouseRefusal) in try call.expect(outlet.tag)
    }
    return .done
  }

  // MARK: Needs

  fileprivate func showNeed(_ call: Call) async throws -> Answer {
    let id = call.text("id")
    let found = try await house.read { books throws(StoreFault) in
      try books.sessions.session(id).map { _ throws(StoreFault) in try books.circuits.need(of: id) }
    }
    guard let need = found else { throw Problem(.notFound, "no such session") }
    let shown = need ?? KeptNeed(session: id, need: ChargingNeed(), origin: "house", updatedAt: now)
    return .json(shown.json, etag: shown.need.tag)
  }

  fileprivate func changeNeed(_ call: Call) async throws -> Answer {
    let edit: Edit<ChargingNeed> = try call.edit({ $0.tag }) { fields, need throws(Problem) in
      if fields.has("energy_kwh") {
        need.energy = try fields.maybeDecimal("energy_kwh").map { kilowattHours throws(Problem) in
          guard let energy = Energy(wattHours: kilowattHours * Decimal(1_000)) else {
            throw Problem.invalid("energy_kwh", "kWh as decimal text")
          }
          return energy
        }
      }
      try fields.change("departs_at", &need.departsAt)
      try fields.change("priority", &need.priority)
      try fields.change("phases", &need.phases)
      if fields.has("least_a") { need.least = try fields.maybeCurrent("least_a") }
      if fields.has("most_a") { need.most = try fields.maybeCurrent("most_a") }
      try fields.change("sun_only", &need.isSunOnly)
    }
    let kept = try await house.changeNeed(of: call.text("id"), by: call.by, edit)
    return .json(kept.json, etag: kept.need.tag)
  }

  // MARK: How it stands

  fileprivate func showLoad(_ call: Call) async throws -> Answer {
    let id: ID<Location> = try call.id()
    guard let load = house.load(at: id) else { throw Problem(.notFound, "this location has no circuits") }
    let signals = try await house.read { books throws(StoreFault) in try books.circuits.signals(at: id) }
    let levels = Dictionary(uniqueKeysWithValues: load.levels.map { ($0.circuit, $0) })
    return .json([
      "at": .time(now),
      "circuits": .list(load.circuits) { circuit in
        var json = circuit.json
        guard let level = levels[circuit.id] else { return json }
        json["now"] = [
          "usable_a": .current(level.usable.least(on: circuit.lines)), "load": .currents(level.load),
          "reserved": .currents(level.hold),
          "free": .currents(level.usable - level.load - level.hold),
          "metered": .bool(level.isMetered),
          "signals": .array(signals.filter { $0.circuit == circuit.id && $0.until > now }.map(\.json)),
        ]
        return json
      },
      "evses": .list(load.places) { place in
        let name = load.names[place.evse]
        return [
          "station": .text(name?.station.text), "evse": .whole(name?.number), "circuit": .id(place.circuit),
          "session": .text(load.sessions[place.evse]), "allowed_a": .current(place.limit),
          "target_a": .current(place.target), "reserved": .currents(place.hold),
          "measured": place.measured.map { .currents($0) } ?? .null,
          "fallback_a": load.outlets.first { $0.evse == place.evse }.map { .current($0.fallback) } ?? .null,
          "reason": .string(place.reason.code), "reason_a": .current(place.explained),
          "bound": .text(place.reason.bound?.code), "bound_name": .text(place.reason.bound?.circuit),
          "sharers": .whole(place.reason.sharers), "counted_on_one_line": .bool(place.isUnmeasured),
          "why": .string(place.words),
        ]
      },
    ])
  }
}

// MARK: - How they are read and written

extension Call {
  fileprivate func evseNumber() throws(Problem) -> Int {
    guard let number = Int(text("number")) else { throw Problem(.notFound, "\(text("number")) is no EVSE's number") }
    return number
  }
}

extension Fields {
  fileprivate mutating func maybeCurrent(_ name: String, isLimit: Bool = true) throws(Problem) -> Current? {
    guard let value = try maybeDecimal(name) else { return nil }
    guard !value.isNegative, let current = isLimit ? Current(allowed: value) : Current(measured: value) else {
      throw .invalid(path(of: name), "A as decimal text, not below zero")
    }
    return current
  }

  fileprivate mutating func change(_ name: String, _ current: inout Current) throws(Problem) {
    guard has(name) else { return }
    guard let value = try maybeCurrent(name) else { throw .invalid(path(of: name), "this field is required") }
    current = value
  }

  fileprivate mutating func change(_ name: String, _ lines: inout Lines) throws(Problem) {
    guard has(name) else { return }
    guard let value = try maybeLines(name) else { throw .invalid(path(of: name), "this field is required") }
    lines = value
  }

  fileprivate mutating func maybeLines(_ name: String) throws(Problem) -> Lines? {
    guard let names = try maybeTexts(name) else { return nil }
    var lines = Lines()
    for text in names {
      guard let line = ["L1", "L2", "L3"].firstIndex(of: text) else {
        throw .invalid(path(of: name), "some of L1, L2 and L3")
      }
      lines.insert(Lines(line: line))
    }
    return lines
  }
}

extension Decimal {
  /// W over one line.
  fileprivate var amperesAt230: Decimal { divided(by: Decimal(230), places: 3, rounding: .halfUp) }
}

nonisolated extension JSON {
  static func current(_ current: Current) -> JSON { .string(current.description) }

  static func currents(_ currents: LineCurrents) -> JSON {
    ["l1_a": .current(currents.l1), "l2_a": .current(currents.l2), "l3_a": .current(currents.l3)]
  }

  static func lines(_ lines: Lines) -> JSON {
    .array((0..<3).filter { lines.has($0) }.map { .string("L\($0 + 1)") })
  }
}

nonisolated extension Circuit {
  var json: JSON {
    [
      "id": .id(id), "location": .id(location), "parent": .id(parent), "name": .string(name), "lines": .lines(lines),
      "rated_a": .current(rated), "usable_a": .current(usable), "priority": .whole(priority),
      "assumed_load_a": .current(assumedLoad), "trusts_phases": .bool(trustsPhases), "created_at": .time(createdAt),
      "updated_at": .time(updatedAt),
    ]
  }
}

nonisolated extension CircuitSignal {
  var json: JSON {
    [
      "kind": .word(kind), "currents": .currents(currents), "at": .time(at), "until": .time(until),
      "source": .string(source),
    ]
  }
}

nonisolated extension KeptOutlet {
  fileprivate var tag: ETag { ETag(of: json(at: nil).bytes) }

  func json(at identity: StationIdentity?) -> JSON {
    [
      "station": .text(identity?.text), "evse": .whole(number), "circuit": .id(circuit), "rotation": .word(rotation),
      "lines": lines.map { .lines($0) } ?? .null, "most_a": most.map { .current($0) } ?? .null,
      "least_a": .current(least), "fallback_a": fallback.map { .current($0) } ?? .null,
      "station_most_a": stationMost.map { .current($0) } ?? .null,
    ]
  }
}

nonisolated extension KeptNeed {
  var json: JSON {
    var json = need.json
    json["session"] = .string(session)
    json["origin"] = .string(origin)
    json["updated_at"] = .time(updatedAt)
    return json
  }
}

nonisolated extension ChargingNeed {
  /// What is needed is its own version: who said it, and when, is nothing that somebody else could change.
  fileprivate var tag: ETag { ETag(of: json.bytes) }

  fileprivate var json: JSON {
    [
      "energy_kwh": .energy(energy), "departs_at": .time(departsAt), "priority": .whole(priority),
      "phases": .whole(phases), "least_a": least.map { .current($0) } ?? .null,
      "most_a": most.map { .current($0) } ?? .null, "sun_only": .bool(isSunOnly),
    ]
  }
}
