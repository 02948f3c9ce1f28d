import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// Many stations, tokens or tariffs at once, from a file: first as a rehearsal that changes nothing, then for good. Each row
// is its own: what is wrong with one keeps none of the others out.
extension Route {
  static let imports: [Route] = [
    Route("importRows", .post, "/imports/{kind}", .run) { try await $0.importRows($1) }
  ]
}

nonisolated private enum ImportKind: String, Word { case stations, tokens, tariffs }

/// One row of a file and what becomes of it.
nonisolated private struct ImportRow: Sendable {
  enum Outcome: String { case create, exists, error }

  let line: Int
  let name: String
  var outcome: Outcome
  var why: String?
  /// Of what was made, for whoever takes it back.
  var made: JSON = .null
  var make: (@MainActor @Sendable (API, String) async throws -> JSON)?

  var json: JSON {
    [
      "line": .whole(line), "name": .string(name), "outcome": .string(outcome.rawValue), "why": .text(why),
      "id": made,
    ]
  }
}

extension API {
  fileprivate func importRows(_ call: Call) async throws -> Answer {
    guard let kind = ImportKind(rawValue: call.text("kind")) else { throw Problem(.notFound, "no such import") }
    var fields = try call.fields()
    let text = try fields.text("text")
    let isRehearsal = try fields.maybeFlag("dry_run") ?? false
    try fields.finish()
    var rows =
      switch kind {
      case .stations: try await stationRows(try Self.table(text))
      case .tokens: try await tokenRows(try Self.table(text))
      case .tariffs: try await tariffRows(text)
      }
    var names: Set<String> = []
    for place in rows.indices where rows[place].outcome == .create {
      if !names.insert(rows[place].name).inserted {
        (rows[place].outcome, rows[place].why) = (.error, "the same name stands in a row above")
      }
    }
    if !isRehearsal {
      for place in rows.indices where rows[place].outcome == .create {
        guard let make = rows[place].make else { continue }
        do { rows[place].made = try await make(self, call.by) } catch {
          let problem = (error as? Problem) ?? (error as? HouseRefusal).map { Problem($0) }
          guard let problem else { throw error }
          let why = [problem.field, problem.detail].compactMap(\.self).joined(separator: ": ")
          (rows[place].outcome, rows[place].why) = (.error, why)
        }
      }
    }
    func count(_ outcome: ImportRow.Outcome) -> JSON { .whole(rows.count { $0.outcome == outcome }) }
    return .json([
      "dry_run": .bool(isRehearsal), "created": count(.create), "existing": count(.exists), "failed": count(.error),
      "rows": .list(rows, \.json),
    ])
  }

  private static func table(_ text: String) throws(Problem) -> CSVTable {
    do { return try CSVTable(text) } catch {
      let why =
        switch error {
        case .empty: "a line with the names of the columns is expected"
        case .quote(let line): "the quotes of line \(line) do not fit together"
        case .tooManyColumns: "at most \(CSVTable.mostColumns) columns"
        case .tooManyRows: "at most \(CSVTable.mostRows) rows"
        case .tooLong(let line): "a cell of line \(line) has more than \(CSVTable.longestCell) characters"
        }
      throw .invalid("text", why)
    }
  }

  // MARK: Stations

  /// Columns as our own export has them, and as SteVe's list of charge boxes has them.
  private func stationRows(_ table: CSVTable) async throws -> [ImportRow] {
    guard table.has("id", "identity", "chargebox id", "charge point id") else {
      throw Problem.invalid("text", "a column `id` (or SteVe's `ChargeBox ID`) is expected")
    }
    let (known, places) = try await house.read { books throws(StoreFault) in
      let names = try table.rows.map { row throws(StoreFault) -> Bool in
        guard let identity = Self.identity(table, row) else { return false }
        return try books.stations.station(identity) != nil
      }
      return (names, try Self.places(books))
    }
    return zip(table.rows, known).map { row, isKnown in
      let name = table.cell(row, "id", "identity", "chargebox id", "charge point id") ?? ""
      guard let identity = Self.identity(table, row) else {
        return ImportRow(
          line: row.line, name: name, outcome: .error,
          why: "id: 1 to \(StationIdentity.maxLength) visible characters without colon and slash are expected")
      }
      if isKnown { return ImportRow(line: row.line, name: identity.text, outcome: .exists) }
      var site: ID<Location>?
      if let place = table.cell(row, "location", "site") {
        let found = Self.place(place, among: places)
        guard found.count == 1 else {
          let why = found.isEmpty ? "there is no \(place)" : "\(found.count) locations are called \(place)"
          return ImportRow(line: row.line, name: name, outcome: .error, why: "location: \(why)")
        }
        site = found[0].id
      }
      let (location, password, serial) = (site, table.cell(row, "password"), table.cell(row, "serial_number"))
      var profile: SecurityProfile?
      if let text = table.cell(row, "security_profile") {
        profile = Int(text).flatMap(SecurityProfile.init(rawValue:))
        if profile == nil {
          return ImportRow(line: row.line, name: name, outcome: .error, why: "security_profile: 0 to 3 is expected")
        }
      }
      let wanted = profile
      let evses = table.cell(row, "evses").map { Int($0) ?? -1 } ?? 0
      guard (0...Limits.importedEVSEs).contains(evses) else {
        return ImportRow(
          line: row.line, name: name, outcome: .error, why: "evses: 0 to \(Limits.importedEVSEs) are expected")
      }
      return ImportRow(line: row.line, name: identity.text, outcome: .create) { api, who in
        let made = try await api.house.addStation(
          identity, at: location, password: password, evses: evses, serialNumber: serial, securityProfile: wanted,
          by: who)
        return .string(made.identity.text)
      }
    }
  }

  nonisolated private static func places(_ books: Books) throws(StoreFault) -> [Location] {
    var places: [Location] = []
    while true {
      let page = try books.locations.list(after: places.last?.id, limit: Limits.longestPage)
      places += page
      if page.count < Limits.longestPage { return places }
    }
  }

  /// By its id for partners, else by its name, else by its number here.
  nonisolated private static func place(_ text: String, among places: [Location]) -> [Location] {
    for name: (Location) -> String in [{ $0.ref }, { $0.name }, { $0.id.description }] {
      let found = places.filter { name($0) == text }
      if !found.isEmpty { return found }
    }
    return []
  }

  nonisolated private static func identity(_ table: CSVTable, _ row: CSVTable.Row) -> StationIdentity? {
    table.cell(row, "id", "identity", "chargebox id", "charge point id").flatMap { StationIdentity($0) }
  }

  // MARK: Tokens

  /// Columns as ours, and as SteVe's list of OCPP tags has them.
  private func tokenRows(_ table: CSVTable) async throws -> [ImportRow] {
    guard table.has("uid", "id tag") else {
      throw Problem.invalid("text", "a column `uid` (or SteVe's `ID Tag`) is expected")
    }
    let (known, places) = try await house.read { books throws(StoreFault) in
      let known = try table.rows.map { row throws(StoreFault) -> Bool in
        guard let uid = table.cell(row, "uid", "id tag") else { return false }
        return try books.tokens.tokens(folded: Token.fold(uid)).contains { $0.owner == nil }
      }
      return (known, try table.has("places") ? Self.places(books) : [])
    }
    let now = now
    return zip(table.rows, known).map { row, isKnown in
      let uid = table.cell(row, "uid", "id tag") ?? ""
      func wrong(_ why: String) -> ImportRow { ImportRow(line: row.line, name: uid, outcome: .error, why: why) }
      guard !uid.isEmpty else { return wrong("uid: a uid is expected") }
      if isKnown { return ImportRow(line: row.line, name: uid, outcome: .exists) }
      // Of a table of all tokens: partners send theirs themselves.
      if let partner = table.cell(row, "partner") {
        return ImportRow(line: row.line, name: uid, outcome: .exists, why: "it is a token of \(partner)")
      }
      var draft = Token(
        id: ID(0), uid: uid, kind: .rfid, contractID: table.cell(row, "contract_id") ?? "",
        issuer: table.cell(row, "issuer") ?? "", createdAt: now, updatedAt: now)
      draft.visualNumber = table.cell(row, "visual_number", "note", "name")
      draft.groupID = table.cell(row, "group_id", "parent id tag")
      draft.language = table.cell(row, "language")
      if let kind = table.cell(row, "type") {
        guard let known = Token.Kind(rawValue: kind) else { return wrong("type: \(kind) is none") }
        draft.kind = known
      }
      if let valid = table.cell(row, "valid") {
        guard let flag = Self.flag(valid) else { return wrong("valid: true or false is expected") }
        draft.isValid = flag
      }
      // SteVe blocks a tag by the number of sessions that it may have at once: 0.
      if let blocked = table.cell(row, "blocked").flatMap(Self.flag) { draft.isValid = !blocked }
      if table.cell(row, "max active transaction count") == "0" { draft.isValid = false }
      if let end = table.cell(row, "valid_until", "expiry date/time", "expiry date") {
        guard let time = Self.time(end) else { return wrong("valid_until: \(end) is no time as 2026-11-03T09:15:00Z") }
        draft.validUntil = time
      }
      if let word = table.cell(row, "whitelist") {
        guard let known = Token.Whitelist(rawValue: word) else { return wrong("whitelist: \(word) is none") }
        draft.whitelist = known
      }
      if let word = table.cell(row, "preference") {
        guard let known = ChargingPreferences.Kind(rawValue: word) else { return wrong("preference: \(word) is none") }
        draft.preference = known
      }
      if let text = table.cell(row, "credit") {
        guard let amount = Decimal(text).flatMap({ Money(read: $0) }) else {
          return wrong("credit: an amount such as 25.00 is expected")
        }
        draft.credit = amount
      }
      if let text = table.cell(row, "priority") {
        guard let number = Int(text), Token.priorities.contains(number) else { return wrong("priority: -9 to 9") }
        draft.priority = number
      }
      if let text = table.cell(row, "sessions_at_once") {
        guard let most = Int(text), most > 0 else { return wrong("sessions_at_once: at least 1") }
        draft.sessionsAtOnce = most
      }
      if let text = table.cell(row, "places") {
        guard let found = TokenPlace.read(text, among: { Self.place($0, among: places) }) else {
          return wrong("places: \(text) does not say where, such as location=LOC1; station=CS-1/2")
        }
        draft.places = found
      }
      if let text = table.cell(row, "energy_transfers") {
        let words = text.split(separator: " ").map { EnergyTransfer(rawValue: String($0)) }
        guard !words.contains(nil) else { return wrong("energy_transfers: \(text) are none") }
        draft.transfers = words.compactMap(\.self)
      }
      let token = draft
      return ImportRow(line: row.line, name: uid, outcome: .create) { api, who in
        .id(try await api.house.addToken(token, by: who).id)
      }
    }
  }

  private static func flag(_ text: String) -> Bool? {
    switch text.lowercased() {
    case "true", "yes", "1": true
    case "false", "no", "0": false
    default: nil
    }
  }

  /// RFC 3339, or SteVe's `2026-11-03 09:15` in UTC.
  private static func time(_ text: String) -> Timestamp? {
    if let time = Timestamp(text) { return time }
    let parts = text.split(separator: " ")
    guard parts.count == 2 else { return Timestamp("\(text)T00:00:00Z") }
    return Timestamp("\(parts[0])T\(parts[1])\(parts[1].count == 5 ? ":00" : "")Z")
  }

  // MARK: Tariffs

  /// A JSON list of tariffs as OCPI writes them; the line is the place in the list.
  private func tariffRows(_ text: String) async throws -> [ImportRow] {
    guard let list = try? JSON.parse(Bytes(utf8: text)).array else {
      throw Problem.invalid("text", "a JSON list of tariffs is expected")
    }
    guard list.count <= Limits.importedTariffs else {
      throw Problem.invalid("text", "at most \(Limits.importedTariffs) tariffs")
    }
    let (known, first) = try await house.read { books throws(StoreFault) in
      let known = try books.tariffs.list(limit: Limits.longestPage).map { [$0.party.description, $0.tariff.ref] }
      return (Set(known), try books.parties.cpo()?.id)
    }
    return list.enumerated().map { place, item in
      var item = item
      let name = item["id"]?.string ?? ""
      func wrong(_ why: String) -> ImportRow { ImportRow(line: place + 1, name: name, outcome: .error, why: why) }
      let tariff: Tariff
      let owner: ID<Party>?
      do throws(Problem) {
        owner = try API.owner(takenFrom: &item)
        tariff = try Fields.payload(item.bytes)
      } catch {
        return wrong([error.field, error.detail].compactMap(\.self).joined(separator: ": "))
      }
      if let flaw = tariff.check().first(where: { $0.severity == .error }) {
        return wrong("\(flaw.path): \(flaw.text)")
      }
      if let party = owner ?? first, known.contains([party.description, name]) {
        return ImportRow(line: place + 1, name: name, outcome: .exists)
      }
      return ImportRow(line: place + 1, name: name, outcome: .create) { api, who in
        .id(try await api.house.addTariff(tariff, of: owner, by: who).id)
      }
    }
  }
}
