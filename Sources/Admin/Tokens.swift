import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// Who may charge, and the tags that nobody knows.
extension Route {
  static let tokens: [Route] = [
    Route("listTokens", .get, "/tokens", .look) { try await $0.listTokens($1) },
    Route("exportTokens", .get, "/tokens.csv", .look, of: "listTokens") { try $0.exportTokens($1) },
    Route("createToken", .post, "/tokens", .run) { try await $0.createToken($1) },
    Route("getToken", .get, "/tokens/{id}", .look) { try await $0.showToken($1.id(), status: .ok) },
    Route("changeToken", .patch, "/tokens/{id}", .run) { try await $0.changeToken($1) },
    Route("removeToken", .delete, "/tokens/{id}", .run) { try await $0.removeToken($1) },
    Route("listUnknownTags", .get, "/unknown-tags", .look) { try await $0.listUnknownTags($1) },
  ]
}

nonisolated private enum OwnerChoice: String, Word { case ours, partners }

extension API {
  fileprivate func listTokens(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let filter = try tokenFilter(call)
    if let order = try call.sorting(by: TokenColumn.self) {
      return try order.page(
        await house.read { books throws(StoreFault) in
          try books.tokens.list(filter, by: order, limit: limit)?.shaped { token throws(StoreFault) in
            try token.json(books)
          }
        }, limit: limit)
    }
    let cursor: ID<Token>? = try call.cursorID()
    let (tokens, shapes) = try await house.read { books throws(StoreFault) in
      let tokens = try books.tokens.list(filter, after: cursor, limit: limit)
      return (tokens, try tokens.map { token throws(StoreFault) in try token.json(books) })
    }
    return .page(shapes, next: tokens.count < limit ? nil : tokens.last?.id.description)
  }

  private func tokenFilter(_ call: Call) throws -> TokenFilter {
    let owner = try call.queryWord("owner", as: OwnerChoice.self)
    return TokenFilter(text: call[query: "q"], isOurs: owner.map { $0 == .ours })
  }

  fileprivate func exportTokens(_ call: Call) throws -> Answer {
    let filter = try tokenFilter(call)
    let isEmpty = call.caller.scope != nil
    return table(Token.columns, named: "tokens.csv") { books, from throws(StoreFault) in
      // No token is of a site.
      if isEmpty { return [] }
      let after = from.flatMap { Int64($0) }.map { ID<Token>($0) }
      return try books.tokens.list(filter, after: after, limit: Limits.exportRows).map { token throws(StoreFault) in
        let owner = try token.owner.flatMap { id throws(StoreFault) in try books.partners.role(id) }
        let partner = try owner.flatMap { role throws(StoreFault) in try books.partners.partner(role.partner) }
        return (token.id.description, try token.row(partner: partner?.name, books))
      }
    }
  }

  fileprivate func showToken(_ id: ID<Token>, status: Status) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) in
      try books.tokens.token(id).map { token throws(StoreFault) in (token.updatedAt, try token.json(books)) }
    }
    guard let (changed, json) = found else { throw Problem(.notFound, "no such token") }
    return .json(json, status: status, etag: ETag(changed: changed))
  }

  fileprivate func createToken(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let uid = try fields.text("uid")
    let kind: Token.Kind = try fields.maybeWord("type") ?? .rfid
    var draft = Token(id: ID(0), uid: uid, kind: kind, contractID: "", issuer: "", createdAt: now, updatedAt: now)
    try change(&draft, by: &fields)
    try fields.finish()
    let made = try await house.addToken(draft, by: call.by)
    return try await showToken(made.id, status: .created)
  }

  fileprivate func changeToken(_ call: Call) async throws -> Answer {
    let id: ID<Token> = try call.id()
    let edit: Edit<Token> = try call.edit({ ETag(changed: $0.updatedAt) }) { fields, token throws(Problem) in
      try self.change(&token, by: &fields)
    }
    _ = try await house.changeToken(id, by: call.by, edit)
    return try await showToken(id, status: .ok)
  }

  private func change(_ token: inout Token, by fields: inout Fields) throws(Problem) {
    try fields.change("contract_id", &token.contractID)
    try fields.change("visual_number", &token.visualNumber)
    try fields.change("issuer", &token.issuer)
    try fields.change("group_id", &token.groupID)
    try fields.change("valid", &token.isValid)
    try fields.change("whitelist", word: &token.whitelist)
    try fields.change("language", &token.language)
    try fields.change("valid_until", &token.validUntil)
    try fields.change("priority", &token.priority)
    try fields.change("sessions_at_once", &token.sessionsAtOnce)
    try fields.change("preference", word: &token.preference)
    if let priority = token.priority, !Token.priorities.contains(priority) { throw .invalid("priority", "-9 to 9") }
    if let most = token.sessionsAtOnce, most < 1 { throw .invalid("sessions_at_once", "at least 1") }
    if fields.has("places") { token.places = try places(&fields) }
    if fields.has("energy_transfers") { token.transfers = try transfers(&fields) }
    if fields.has("credit") {
      guard let amount = try fields.maybeDecimal("credit") else { return token.credit = nil }
      guard let credit = Money(read: amount) else {
        throw .invalid("credit", "an amount such as 25.00 is expected")
      }
      token.credit = credit
    }
  }

  private func places(_ fields: inout Fields) throws(Problem) -> [TokenPlace]? {
    var places: [TokenPlace] = []
    let isEverywhere = fields.isNull("places")
    try fields.each("places") { given throws(Problem) in
      var place = TokenPlace()
      place.location = try given.maybeID("location", of: Location.self)?.value
      (place.station, place.evse) = (try given.maybeText("station"), try given.maybeWhole("evse"))
      guard place.isWhole else {
        throw .invalid(given.path(of: "location"), "a location, or a station with or without one of its EVSEs")
      }
      places.append(place)
    }
    if isEverywhere { return nil }
    guard !places.isEmpty else { throw .invalid("places", "at least one; null is everywhere") }
    return places
  }

  private func transfers(_ fields: inout Fields) throws(Problem) -> [EnergyTransfer]? {
    let isAny = fields.isNull("energy_transfers")
    let transfers: [EnergyTransfer] = try fields.words("energy_transfers")
    if isAny { return nil }
    guard !transfers.isEmpty else { throw .invalid("energy_transfers", "at least one; null is all") }
    return EnergyTransfer.allCases.filter(transfers.contains)
  }

  fileprivate func removeToken(_ call: Call) async throws -> Answer {
    try await house.removeToken(try call.id(), by: call.by) { token throws(HouseRefusal) in
      try call.expect(ETag(changed: token.updatedAt))
    }
    return .done
  }

  /// The newest first. The list is short-lived and bounded, so its cursor is a number of lines.
  fileprivate func listUnknownTags(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let skipped = try call.cursor().flatMap { Int($0) } ?? 0
    guard (0...Limits.furthestSkip).contains(skipped) else {
      throw Problem.invalid("cursor", "take it from `next_cursor` of the page before")
    }
    let shapes = try await house.read { books throws(StoreFault) in
      try books.tokens.unknownTags(limit: skipped + limit).dropFirst(skipped).map { tag throws(StoreFault) -> JSON in
        [
          "uid": .string(tag.uid), "station": .text(try books.stations.station(tag.station)?.identity.text),
          "count": .whole(tag.count), "last_at": .time(tag.lastAt),
        ]
      }
    }
    return .page(shapes, next: shapes.count < limit ? nil : "\(skipped + limit)")
  }
}

nonisolated extension Token {
  /// Its line in a table, by the names that an import reads too.
  static let columns = [
    "uid", "type", "contract_id", "visual_number", "issuer", "group_id", "valid", "valid_until", "whitelist",
    "language", "credit", "priority", "sessions_at_once", "preference", "places",
    "energy_transfers", "partner", "created_at",
  ]

  func row(partner: String?, _ books: Books) throws(StoreFault) -> [CSV.Cell] {
    [
      .text(uid), .text(kind.rawValue), .text(contractID), .text(visualNumber), .text(issuer), .text(groupID),
      .flag(isValid), .time(validUntil), .text(whitelist.rawValue), .text(language),
      credit.map { .number($0.decimal) } ?? .empty, .whole(priority), .whole(sessionsAtOnce),
      .text(preference?.rawValue),
      .text(try places?.map { place throws(StoreFault) in try place.written(books) }.joined(separator: "; ")),
      .text(transfers?.map(\.rawValue).joined(separator: " ")), .text(partner), .time(createdAt),
    ]
  }

  func json(_ books: Books) throws(StoreFault) -> JSON {
    let owner = try owner.flatMap { id throws(StoreFault) in try books.partners.role(id) }
    let partner = try owner.flatMap { role throws(StoreFault) in try books.partners.partner(role.partner) }
    var whose = JSON.null
    if let owner, let partner {
      whose = [
        "partner": partner.nameJSON, "country_code": .string(owner.name.country), "party_id": .string(owner.name.party),
      ]
    }
    return [
      "id": .id(id), "uid": .string(uid), "type": .word(kind), "contract_id": .string(contractID),
      "visual_number": .text(visualNumber), "issuer": .string(issuer), "group_id": .text(groupID),
      "valid": .bool(isValid),
      "whitelist": .word(whitelist), "language": .text(language), "valid_until": .time(validUntil),
      "credit": .text(credit?.description), "priority": .whole(priority), "sessions_at_once": .whole(sessionsAtOnce),
      "preference": .word(preference),
      "places": places.map {
        .list($0) {
          ["location": .whole($0.location.map { Int($0) }), "station": .text($0.station), "evse": .whole($0.evse)]
        }
      } ?? .null,
      "energy_transfers": transfers.map { .list($0) { .word($0) } } ?? .null,
      "owner": whose,
      "created_at": .time(createdAt), "updated_at": .time(updatedAt),
    ]
  }
}

nonisolated extension TokenPlace {
  /// As a table has it: `location=LOC1` by its id for partners, `station=CS-1`, `station=CS-1/2` for one of its EVSEs.
  fileprivate func written(_ books: Books) throws(StoreFault) -> String {
    if let location { return "location=\(try books.locations.location(ID(location))?.ref ?? "\(location)")" }
    return "station=\(station ?? "")" + (evse.map { "/\($0)" } ?? "")
  }

  /// What such a table says; nil where it is not understood.
  static func read(_ text: String, among locations: (String) -> [Location]) -> [TokenPlace]? {
    var places: [TokenPlace] = []
    for part in text.split(separator: ";").map({ $0.drop { $0 == " " } }) {
      var place = TokenPlace()
      if part.hasPrefix("location=") {
        let found = locations(String(part.dropFirst("location=".count)))
        guard found.count == 1 else { return nil }
        place.location = found[0].id.value
      } else if part.hasPrefix("station=") {
        // No identity has a slash in it.
        let names = part.dropFirst("station=".count).split(separator: "/", maxSplits: 1)
        place.station = names.first.map(String.init)
        if names.count == 2 {
          guard let number = Int(names[1]) else { return nil }
          place.evse = number
        }
      }
      guard place.isWhole else { return nil }
      places.append(place)
    }
    return places.isEmpty ? nil : places
  }
}
