import CSMS
import Domain
import HTTP
import Store
import Wire

// What charging costs: tariffs as OCPI writes them, and what is wrong with one before a driver pays by it.
extension Route {
  static let tariffs: [Route] = [
    Route("listTariffs", .get, "/tariffs", .look) { try await $0.listTariffs($1) },
    Route("createTariff", .post, "/tariffs", .run) { try await $0.createTariff($1) },
    Route("validateTariff", .post, "/tariffs/validate", .look) { try $0.validateTariff($1) },
    Route("simulateTariff", .post, "/tariffs/{id}/simulate", .look) { try await $0.simulateTariff($1) },
    Route("getTariff", .get, "/tariffs/{id}", .look) { try await $0.showTariff($1.id(), status: .ok) },
    Route("changeTariff", .patch, "/tariffs/{id}", .run) { try await $0.changeTariff($1) },
    Route("removeTariff", .delete, "/tariffs/{id}", .run) { try await $0.removeTariff($1) },
  ]
}

extension API {
  fileprivate func listTariffs(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor: ID<Tariff>? = try call.cursorID()
    let (tariffs, shapes) = try await house.read { books throws(StoreFault) in
      let tariffs = try books.tariffs.list(after: cursor, limit: limit)
      return (tariffs, try tariffs.map { tariff throws(StoreFault) in try tariff.json(books) })
    }
    return .page(shapes, next: tariffs.count < limit ? nil : tariffs.last?.id.description)
  }

  fileprivate func showTariff(_ id: ID<Tariff>, status: Status) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) in
      try books.tariffs.tariff(id).map { tariff throws(StoreFault) in (tariff.updatedAt, try tariff.json(books)) }
    }
    guard let (changed, json) = found else { throw Problem(.notFound, "no such tariff") }
    return .json(json, status: status, etag: ETag(changed: changed))
  }

  fileprivate func createTariff(_ call: Call) async throws -> Answer {
    var body = try self.body(of: call)
    let owner = try Self.owner(takenFrom: &body)
    let made = try await house.addTariff(try Fields.payload(body.bytes), of: owner, by: call.by)
    return try await showTariff(made.id, status: .created)
  }

  fileprivate func changeTariff(_ call: Call) async throws -> Answer {
    let id: ID<Tariff> = try call.id()
    _ = try await house.changeTariff(id, to: try tariff(of: call), by: call.by) { version throws(HouseRefusal) in
      try call.expect(ETag(changed: version.updatedAt))
    }
    return try await showTariff(id, status: .ok)
  }

  fileprivate func removeTariff(_ call: Call) async throws -> Answer {
    try await house.removeTariff(try call.id(), by: call.by) { version throws(HouseRefusal) in
      try call.expect(ETag(changed: version.updatedAt))
    }
    return .done
  }

  fileprivate func validateTariff(_ call: Call) throws -> Answer {
    let flaws: [JSON]
    do {
      var body = try body(of: call)
      _ = try Self.owner(takenFrom: &body)
      let tariff: Tariff = try Fields.payload(body.bytes)
      flaws = tariff.check().map { $0.json() }
    } catch {
      // What cannot even be read is what its author wants to hear of here.
      guard error.kind == .invalid else { throw error }
      flaws = [TariffFlaw(.error, .badForm, at: error.field ?? "", error.detail).json()]
    }
    let isGood = !flaws.contains { $0["severity"] == .word(TariffFlaw.Severity.error) }
    return .json(["ok": .bool(isGood), "flaws": .array(flaws)])
  }

  fileprivate func simulateTariff(_ call: Call) async throws -> Answer {
    let id: ID<Tariff> = try call.id()
    let trial: TariffTrial = try Fields.payload(call.request.body)
    var zone = ZoneRules.utc
    if let name = trial.timeZone {
      guard let known = zones[name] else { throw Problem.invalid("time_zone", "an IANA time zone is expected") }
      zone = known
    }
    let found = try await house.read { books throws(StoreFault) in try books.tariffs.tariff(id)?.tariff }
    guard let tariff = found else { throw Problem(.notFound, "no such tariff") }
    do { return .json(try trial.bill(by: tariff, zone: zone).report(in: tariff.currency)) } catch {
      throw Problem.invalid(error.path, error.detail)
    }
  }

  /// The tariff in the body; without an id where the house or the path gives it.
  private func tariff(of call: Call) throws(Problem) -> Tariff { try Fields.payload(try body(of: call).bytes) }

  /// Whose the tariff is to be; nil where it does not say so.
  static func owner(takenFrom body: inout JSON) throws(Problem) -> ID<Party>? {
    guard let named = body["party"], !named.isNull else { return nil }
    guard let id = named.int else { throw .invalid("party", "the id of a party of ours") }
    body["party"] = nil
    return ID(id)
  }

  private func body(of call: Call) throws(Problem) -> JSON {
    var body: JSON
    do { body = try JSON.parse(call.request.body) } catch {
      throw Problem(.malformed, "the body is not JSON: \(error)")
    }
    guard body.object != nil else { throw Problem(.malformed, "the body must be a JSON object") }
    if body["id"] == nil { body["id"] = "" }
    return body
  }
}

nonisolated extension TariffVersion {
  func json(_ books: Books) throws(StoreFault) -> JSON {
    let use = try books.tariffs.use(of: id)
    return [
      "id": .id(id), "ref": .string(tariff.ref), "version": .whole(version),
      "party": try books.parties.party(party).map { .party($0.name) } ?? .null, "tariff": tariff.json,
      "connectors": .whole(use.reduce(0) { $0 + $1.connectors }), "display_flaws": .array(displayFlaws(of: use)),
      "created_at": .time(createdAt), "updated_at": .time(updatedAt),
    ]
  }

  /// What keeps it from being told to drivers as the law asks in the countries in which it is used.
  private func displayFlaws(of use: [TariffUse]) -> [JSON] {
    PriceDisplay.allCases.flatMap { rule -> [JSON] in
      let watts = use.filter { $0.country.flatMap { PriceDisplay(country: $0) } == rule }.map(\.watts).max()
      return watts.map { tariff.displayFlaws(by: rule, watts: $0) }?.map { $0.json(of: rule) } ?? []
    }
  }
}

nonisolated extension TariffFlaw {
  fileprivate func json(of rule: PriceDisplay? = nil) -> JSON {
    var json: JSON = [
      "severity": .word(severity), "kind": .word(kind), "path": .string(path), "text": .string(text),
    ]
    if let rule { json["rule"] = .word(rule) }
    return json
  }
}
