import Domain
import HTTP
import OCPI
import Wire

/// How an operator of stations answers a provider of drivers: its lists, the tokens that it is given, and what it does
/// when it is asked for something. A value: the connection is the partner's business. It speaks OCPI 2.1.1, 2.2.1 and
/// 2.3.0, so its objects are JSON as each of them writes it.
struct OperatorDesk: Sendable {
  /// What it will do after an answer: tell the house something.
  enum Errand: Sendable {
    /// The result of a command, to the address that was named.
    case result(url: String, word: String)
    /// That of a wish about a charging profile, and what the session comes to with it.
    case outcome(url: String, JSON)
    case plan(session: String)
    /// What can be booked is another than before, or what became of a booking.
    case tellBookingLocation
    case tellBooking(JSON)
    /// A session of that token begins, or the session of that id ends.
    case begin(token: JSON, evse: String, reference: String?)
    case end(session: String)
  }

  struct HeldSession: Sendable {
    let id: String
    let token: JSON
    let evse: String
    let reference: String?
    let startedAt: Timestamp
    var kWh = Decimal.zero
    /// By which it is charged, as the provider wrote it.
    var profile: JSON?
    /// How its driver wants to be charged, as OCPI spells it.
    var preference: String?
    var endedAt: Timestamp?
    var updatedAt: Timestamp
  }

  let party: PartyID
  let version: String
  var evseCount: Int
  /// By folded uid.
  private(set) var tokens: [String: JSON] = [:]
  private(set) var sessions: [String: HeldSession] = [:]
  private(set) var cdrs: [String: JSON] = [:]
  private(set) var commands: [String] = []
  /// Since 2.3.0.
  var bookings: OperatorBookings?
  private var made = 0
  private let startedAt: Timestamp

  /// Per kWh, before tax.
  static let price = "0.30"
  static let location = "SIM-1"

  init(party: PartyID, version: String, evses: Int, at now: Timestamp) {
    (self.party, self.version, evseCount, startedAt) = (party, version, evses, now)
    guard version == "2.3.0" else { return }
    bookings = OperatorBookings(party: party, evses: (1...max(1, evses)).map(Self.uid), at: now)
  }

  // MARK: Requests of the house

  /// Answers a request to one of its modules; nil where it is for another desk.
  mutating func answer(
    _ method: HTTP.Method, _ target: Target, _ body: Bytes, base: HTTPURL, at now: Timestamp
  ) -> (PartnerDesk.Reply, [Errand])? {
    let path = target.segments
    if let held = bookings, method == .get {
      let places = Endpoints.bookingLocationWords[0]
      if path == ["bookings"] { return (page(held.all, target, base, "bookings"), []) }
      if path == ["bookings", places] {
        return (page([held.offer(at: now)], target, base.appending("bookings"), places), [])
      }
    }
    if path.first == "bookings", let found = bookings?.answer(method, Array(path.dropFirst()), body, at: now) {
      return found
    }
    switch (method, path.first, path.count) {
    case (.get, "locations", 1): return (page([location], target, base, "locations"), [])
    case (.get, "tariffs", 1): return (page([tariff], target, base, "tariffs"), [])
    case (.get, "sessions", 1):
      let all = sessions.values.sorted { ($0.updatedAt, $0.id) < ($1.updatedAt, $1.id) }
      return (page(all.map(json), target, base, "sessions"), [])
    case (.get, "cdrs", 1): return (page(cdrs.values.sorted { $0.text < $1.text }, target, base, "cdrs"), [])
    case (.put, "tokens", 4), (.patch, "tokens", 4): return (keepToken(path[3], body, isPatch: method == .patch), [])
    case (.get, "tokens", 4):
      guard let token = tokens[Token.fold(path[3])] else {
        return (.init(Envelope(.unknownToken, "This token is not known."), status: .notFound), [])
      }
      return (.init(Envelope(data: token.bytes)), [])
    case (.post, "commands", 2): return command(path[1], body)
    case (.put, "chargingprofiles", 2), (.get, "chargingprofiles", 2), (.delete, "chargingprofiles", 2):
      return isOld ? nil : plan(method, path[1], target, body)
    case (.put, "sessions", 3) where path[2] == "charging_preferences" && !isOld:
      return (prefer(path[1], body, at: now), [])
    default: return nil
    }
  }

  /// How a driver wants to be charged (2.2.1 §9.2.2.2): any way, while there is time for it.
  private mutating func prefer(_ id: String, _ body: Bytes, at now: Timestamp) -> PartnerDesk.Reply {
    guard sessions[id]?.endedAt == nil, sessions[id] != nil else {
      return .init(Envelope(.clientError, "No such session is under way."), status: .notFound)
    }
    guard let wish = try? JSON.parse(body), let kind = wish["profile_type"]?.string else {
      return .init(Envelope(.invalid, "profile_type is missing"))
    }
    sessions[id]?.preference = kind
    let leaves = wish["departure_time"]?.string.flatMap { Timestamp($0) }
    let answer = leaves.map { $0 <= now } == true ? "NOT_POSSIBLE" : "ACCEPTED"
    return .init(Envelope(data: JSON.string(answer).bytes))
  }

  private mutating func keepToken(_ uid: String, _ body: Bytes, isPatch: Bool) -> PartnerDesk.Reply {
    guard let json = try? JSON.parse(body), json.object != nil else {
      return .init(Envelope(.invalid, "The body is no JSON object."), status: .badRequest)
    }
    var token = isPatch ? tokens[Token.fold(uid)] ?? [:] : [:]
    for member in json.object?.members ?? [] { token[member.key] = member.value }
    guard token["uid"]?.string.map({ Token.fold($0) }) == Token.fold(uid) else {
      return .init(Envelope(.invalid, "uid is not the one of the address"))
    }
    guard tokens.count < Limits.heldObjects else {
      return .init(Envelope(.serverError, "No more of these can be kept."), status: .internalError)
    }
    tokens[Token.fold(uid)] = token
    return .init(Envelope())
  }

  private mutating func command(_ name: String, _ body: Bytes) -> (PartnerDesk.Reply, [Errand]) {
    guard let json = try? JSON.parse(body), let url = json["response_url"]?.string else {
      return (.init(Envelope(.invalid, "response_url is missing")), [])
    }
    commands.append(name)
    func answered(_ word: String, _ errands: [Errand]) -> (PartnerDesk.Reply, [Errand]) {
      let answer: JSON = version == "2.1.1" ? ["result": .string(word)] : ["result": .string(word), "timeout": 30]
      return (.init(Envelope(data: answer.bytes)), errands)
    }
    switch name {
    case "START_SESSION":
      guard let token = json["token"], token["uid"]?.string != nil else {
        return (.init(Envelope(.invalid, "token is missing")), [])
      }
      guard json["location_id"]?.string == Self.location else { return (.init(Envelope(.unknownLocation)), []) }
      let evse = json["evse_uid"]?.string ?? Self.uid(1)
      guard !sessions.values.contains(where: { $0.evse == evse && $0.endedAt == nil }) else {
        return answered("ACCEPTED", [.result(url: url, word: "EVSE_OCCUPIED")])
      }
      return answered(
        "ACCEPTED",
        [
          .result(url: url, word: "ACCEPTED"),
          .begin(token: token, evse: evse, reference: json["authorization_reference"]?.string),
        ])
    case "STOP_SESSION":
      let id = json["session_id"]?.string ?? ""
      guard sessions[id]?.endedAt == nil, sessions[id] != nil else { return answered("UNKNOWN_SESSION", []) }
      return answered("ACCEPTED", [.result(url: url, word: "ACCEPTED"), .end(session: id)])
    case "RESERVE_NOW", "UNLOCK_CONNECTOR": return answered("ACCEPTED", [.result(url: url, word: "ACCEPTED")])
    case "CANCEL_RESERVATION": return answered("ACCEPTED", [.result(url: url, word: "CANCELED_RESERVATION")])
    default: return answered("NOT_SUPPORTED", [])
    }
  }

  /// A wish about a session's charging profile (2.2.1 §14.2.1).
  private mutating func plan(
    _ method: HTTP.Method, _ id: String, _ target: Target, _ body: Bytes
  ) -> (PartnerDesk.Reply, [Errand]) {
    let json = (try? JSON.parse(body)) ?? .null
    guard let url = method == .put ? json["response_url"]?.string : target["response_url"] else {
      return (.init(Envelope(.invalid, "response_url is missing")), [])
    }
    func answered(_ word: String, _ errands: [Errand]) -> (PartnerDesk.Reply, [Errand]) {
      let answer: JSON = ["result": .string(word), "timeout": 30]
      return (.init(Envelope(data: answer.bytes)), errands)
    }
    guard let session = sessions[id], session.endedAt == nil else { return answered("UNKNOWN_SESSION", []) }
    switch method {
    case .put:
      guard let profile = json["charging_profile"], profile.object != nil else {
        return (.init(Envelope(.invalid, "charging_profile is missing")), [])
      }
      sessions[id]?.profile = profile
      return answered("ACCEPTED", [.outcome(url: url, ["result": "ACCEPTED"]), .plan(session: id)])
    case .delete:
      guard session.profile != nil else { return answered("ACCEPTED", [.outcome(url: url, ["result": "UNKNOWN"])]) }
      sessions[id]?.profile = nil
      return answered("ACCEPTED", [.outcome(url: url, ["result": "ACCEPTED"]), .plan(session: id)])
    case .get, .post, .patch, .head, .options:
      return answered("ACCEPTED", [.outcome(url: url, ["result": "ACCEPTED", "profile": activeProfile(of: session)])])
    }
  }

  /// What a session comes to: the profile that it was given, else all that its plug has.
  func activeProfile(of session: HeldSession) -> JSON {
    let whole: JSON = [
      "charging_rate_unit": "W", "charging_profile_period": [["start_period": 0, "limit": 22_080]],
    ]
    let profile = session.profile ?? whole
    let start = profile["start_date_time"] ?? .string(session.startedAt.text(fraction: .seconds))
    return ["start_date_time": start, "charging_profile": profile]
  }

  private func page(_ all: [JSON], _ target: Target, _ base: HTTPURL, _ module: String) -> PartnerDesk.Reply {
    let from = target["date_from"].flatMap { Timestamp($0) } ?? .epoch
    let found = all.filter { ($0["last_updated"]?.string.flatMap { Timestamp($0) } ?? .epoch) >= from }
    let offset = max(target["offset"].flatMap { Int($0) } ?? 0, 0)
    let limit = min(max(target["limit"].flatMap { Int($0) } ?? Limits.pageTokens, 1), Limits.pageTokens)
    let page = found.dropFirst(offset).prefix(limit)
    var reply = PartnerDesk.Reply(Envelope(list: page.map(\.bytes)))
    reply.headers["X-Total-Count"] = String(found.count)
    reply.headers["X-Limit"] = String(Limits.pageTokens)
    let next = offset + page.count
    if !page.isEmpty, next < found.count {
      let kept = target.query.filter { $0.name != "offset" }.map { ($0.name, $0.value) }
      reply.headers["Link"] = "<\(base.appending(module).asking(kept + [("offset", String(next))]))>; rel=\"next\""
    }
    return reply
  }

  // MARK: Sessions

  mutating func begin(token: JSON, evse: String, reference: String?, at now: Timestamp) -> HeldSession {
    made += 1
    let session = HeldSession(
      id: "SIM-S\(now.milliseconds / 1_000)-\(made)", token: token, evse: evse, reference: reference, startedAt: now,
      updatedAt: now)
    sessions[session.id] = session
    return session
  }

  /// It has taken so much by now.
  mutating func charged(_ kWh: Decimal, in id: String, at now: Timestamp) -> HeldSession? {
    guard sessions[id]?.endedAt == nil else { return nil }
    sessions[id]?.kWh = kWh
    sessions[id]?.updatedAt = now
    return sessions[id]
  }

  /// It ends, and this is its CDR.
  mutating func end(_ id: String, at now: Timestamp) -> (HeldSession, cdr: JSON)? {
    guard var session = sessions[id], session.endedAt == nil else { return nil }
    (session.endedAt, session.updatedAt) = (now, now)
    sessions[id] = session
    let cdr = cdr(of: session, until: now)
    cdrs[id] = cdr
    return (session, cdr)
  }

  // MARK: As the version writes it

  private var isOld: Bool { version == "2.1.1" }
  private static func uid(_ number: Int) -> String { "SIM-E\(number)" }

  /// In front of every object that has an owner.
  private var owned: JSON {
    isOld ? [:] : ["country_code": .string(party.country), "party_id": .string(party.party)]
  }

  private func stamped(_ object: JSON, _ time: Timestamp) -> JSON {
    var object = object
    object["last_updated"] = .string(time.text(fraction: .seconds))
    return object
  }

  private func amount(_ value: Decimal) -> JSON {
    switch version {
    case "2.1.1": .number(JSONNumber(value))
    case "2.3.0": ["before_taxes": .number(JSONNumber(value))]
    default: ["excl_vat": .number(JSONNumber(value))]
    }
  }

  var tariff: JSON {
    var tariff = owned
    tariff["id"] = "SIM-T1"
    tariff["currency"] = "EUR"
    if version == "2.3.0" { tariff["tax_included"] = "NO" }
    tariff["elements"] = [
      [
        "price_components": [
          ["type": "ENERGY", "price": .number(JSONNumber(Decimal(3, places: 1))), "step_size": 1]
        ]
      ]
    ]
    return stamped(tariff, startedAt)
  }

  var location: JSON {
    var place = owned
    place["id"] = .string(Self.location)
    if isOld { place["type"] = "ON_STREET" } else { place["publish"] = true }
    place["name"] = "Simulated Square"
    place["address"] = "Simulated Square 1"
    place["city"] = "Gent"
    place["postal_code"] = "9000"
    place["country"] = "BEL"
    place["coordinates"] = ["latitude": "51.05347", "longitude": "3.73040"]
    place["time_zone"] = "Europe/Brussels"
    place["evses"] = .array((1...max(1, evseCount)).map(evse))
    let newest = sessions.values.map { $0.endedAt ?? $0.startedAt }.max() ?? startedAt
    return stamped(place, max(startedAt, newest))
  }

  private func evse(_ number: Int) -> JSON {
    let isTaken = sessions.values.contains { $0.evse == Self.uid(number) && $0.endedAt == nil }
    var connector: JSON = [
      "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
    ]
    connector[isOld ? "voltage" : "max_voltage"] = 230
    connector[isOld ? "amperage" : "max_amperage"] = 32
    if isOld { connector["tariff_id"] = "SIM-T1" } else { connector["tariff_ids"] = ["SIM-T1"] }
    return stamped(
      [
        "uid": .string(Self.uid(number)), "evse_id": .string("\(party.country)*\(party.party)*ESIM\(number)"),
        "status": isTaken ? "CHARGING" : "AVAILABLE", "capabilities": ["REMOTE_START_STOP_CAPABLE", "RFID_READER"],
        "connectors": [stamped(connector, startedAt)],
      ], startedAt)
  }

  /// Who charges, and where.
  private func who(_ session: HeldSession) -> JSON {
    var part: JSON = ["auth_method": session.reference == nil ? "WHITELIST" : "COMMAND"]
    guard !isOld else {
      part["auth_id"] = session.token["auth_id"] ?? session.token["contract_id"] ?? "unknown"
      part["location"] = [
        "id": .string(Self.location), "evses": [["uid": .string(session.evse), "connectors": [["id": "1"]]]],
      ]
      return part
    }
    var token: JSON = [:]
    for name in ["country_code", "party_id", "uid", "type", "contract_id"] { token[name] = session.token[name] }
    part["cdr_token"] = token
    if let reference = session.reference { part["authorization_reference"] = .string(reference) }
    return part
  }

  func json(_ session: HeldSession) -> JSON {
    var json = owned
    json["id"] = .string(session.id)
    json[isOld ? "start_datetime" : "start_date_time"] = .string(session.startedAt.text(fraction: .seconds))
    if let end = session.endedAt {
      json[isOld ? "end_datetime" : "end_date_time"] = .string(end.text(fraction: .seconds))
    }
    json["kwh"] = .number(JSONNumber(session.kWh))
    for member in who(session).object?.members ?? [] { json[member.key] = member.value }
    if !isOld {
      json["location_id"] = .string(Self.location)
      json["evse_uid"] = .string(session.evse)
      json["connector_id"] = "1"
    }
    json["currency"] = "EUR"
    json["total_cost"] = amount(cost(session))
    json["status"] = session.endedAt == nil ? "ACTIVE" : "COMPLETED"
    return stamped(json, session.updatedAt)
  }

  private func cost(_ session: HeldSession) -> Decimal {
    (session.kWh * Decimal(3, places: 1)).rounded(toPlaces: 4, .halfUp)
  }

  private func cdr(of session: HeldSession, until end: Timestamp) -> JSON {
    let seconds = max(end.wholeSecond.seconds(since: session.startedAt.wholeSecond), 0)
    let hours = Decimal(seconds).divided(by: 3_600, places: 4, rounding: .halfUp)
    var json = owned
    json["id"] = .string("CDR-\(session.id)")
    json["start_date_time"] = .string(session.startedAt.text(fraction: .seconds))
    json[isOld ? "stop_date_time" : "end_date_time"] = .string(end.text(fraction: .seconds))
    for member in who(session).object?.members ?? [] { json[member.key] = member.value }
    if !isOld {
      json["session_id"] = .string(session.id)
      json["cdr_location"] = [
        "id": .string(Self.location), "address": "Simulated Square 1", "city": "Gent", "country": "BEL",
        "coordinates": ["latitude": "51.05347", "longitude": "3.73040"], "evse_uid": .string(session.evse),
        "evse_id": "#NA", "connector_id": "1", "connector_standard": "IEC_62196_T2", "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
      ]
    }
    json["currency"] = "EUR"
    json["tariffs"] = [tariff]
    json["charging_periods"] = [
      [
        "start_date_time": .string(session.startedAt.text(fraction: .seconds)),
        "dimensions": [
          ["type": "ENERGY", "volume": .number(JSONNumber(session.kWh))],
          ["type": "TIME", "volume": .number(JSONNumber(hours))],
        ],
      ]
    ]
    json["total_cost"] = amount(cost(session))
    json["total_energy"] = .number(JSONNumber(session.kWh))
    json["total_time"] = .number(JSONNumber(hours))
    return stamped(json, end)
  }
}
