import Domain
import HTTP
import OCPI
import Wire

/// How an e-mobility provider answers a charge point operator (OCPI 2.2.1): it keeps what it is sent, lists its tokens,
/// and says whether a driver may charge. A value: the connection is the partner's business.
struct PartnerDesk: Sendable {
  struct Reply {
    var status = HTTP.Status.ok
    var envelope: Envelope
    var headers = Headers()
    var events: [PartnerEvent] = []

    init(_ envelope: Envelope = Envelope(), status: HTTP.Status = .ok, _ events: PartnerEvent...) {
      (self.envelope, self.status, self.events) = (envelope, status, events)
    }
  }

  /// A refusal, thrown from inside the reading of a request.
  struct Refusal: Error {
    let reply: Reply

    init(_ code: Envelope.Code, _ message: String, status: HTTP.Status = .ok) {
      reply = Reply(Envelope(code, message), status: status)
    }
  }

  /// A token of ours and what we say when we are asked about it.
  struct HeldToken: Sendable {
    var token: V221.Token
    var allowed: V221.AuthorizationInfo.Allowed
  }

  private enum Action: Sendable {
    case location(HTTP.Method)
    case evse(HTTP.Method)
    case connector(HTTP.Method)
    case tariff(HTTP.Method)
    case session(HTTP.Method)
    case postCDR, showCDR
    case tokens, authorize
    case commandResult
    case booking, bookingLocation
  }

  static let style = WriterOptions(timestampFraction: .seconds)

  var books = PartnerBooks()
  /// By folded uid and type.
  private(set) var tokens: [String: HeldToken] = [:]
  private var random: SeededGenerator
  private let router = Self.routes()
  /// By which the house's objects are read.
  private let edition: Edition
  /// Those of 2.1.1, where that is spoken, and what was told in them, by its place.
  let words: Words211?
  private var told: [[String]: JSON] = [:]
  /// Whose stations they are, once that is known.
  var house: PartyID?

  init(seed: UInt64, version: String = "2.2.1", party: PartyID = PartyID(country: "NL", party: "DEM")) {
    random = SeededGenerator(seed: seed)
    edition = version == "2.3.0" ? Edition(230) : Edition(221)
    words = version == "2.1.1" ? Words211(party: party) : nil
  }

  // MARK: Tokens

  mutating func issue(_ token: V221.Token, _ allowed: V221.AuthorizationInfo.Allowed) {
    tokens[Self.name(token.uid, token.kind)] = HeldToken(token: token, allowed: allowed)
  }

  static func name(_ uid: String, _ kind: V221.TokenType) -> String { "\(kind.rawValue)/\(Token.fold(uid))" }

  mutating func newID(at now: Timestamp) -> String { UUIDv7.make(at: now, random: &random) }

  // MARK: Requests of the house

  private static func routes() -> Router<Action> {
    var router = Router<Action>()
    for method in [HTTP.Method.get, .put, .patch] {
      router.add(method, "/locations/{country}/{party}/{location}", .location(method))
      router.add(method, "/locations/{country}/{party}/{location}/{evse}", .evse(method))
      router.add(method, "/locations/{country}/{party}/{location}/{evse}/{connector}", .connector(method))
      router.add(method, "/sessions/{country}/{party}/{session}", .session(method))
    }
    for method in [HTTP.Method.get, .put, .delete] {
      router.add(method, "/tariffs/{country}/{party}/{tariff}", .tariff(method))
    }
    router.add(.post, "/cdrs", .postCDR)
    router.add(.get, "/cdrs/{country}/{party}/{cdr}", .showCDR)
    router.add(.get, "/tokens", .tokens)
    router.add(.post, "/tokens/{uid}/authorize", .authorize)
    router.add(.post, "/commands/{command}/{id}", .commandResult)
    router.add(.put, "/bookings/{country}/{party}/{booking}", .booking)
    for method in [HTTP.Method.put, .patch] {
      router.add(method, "/bookings/{country}/{party}/booking_locations/{place}", .bookingLocation)
    }
    return router
  }

  /// Answers a request to one of the modules.
  /// - Parameters:
  ///   - target: below the version's address, such as `/cdrs`.
  ///   - base: the version's address.
  mutating func answer(
    _ method: HTTP.Method, _ target: Target, _ body: Bytes, base: HTTPURL, at now: Timestamp
  ) -> Reply {
    guard let words else { return answer(method, target, body, asItCame: body, base: base, at: now) }
    let path = target.segments
    if method == .get, let kept = told[path] { return Reply(Envelope(data: kept.bytes)) }
    guard let json = try? JSON.parse(body) else {
      return answer(method, target, body, asItCame: body, base: base, at: now)
    }
    let isPart = method == .patch
    let reply = answer(
      method, target, words.lifted(json, at: path, of: house, isPart: isPart).bytes, asItCame: body, base: base, at: now
    )
    if reply.status.isSuccess, reply.envelope.code.isSuccess, method == .put || isPart {
      var kept = isPart ? told[path] ?? [:] : [:]
      for member in json.object?.members ?? [] { kept[member.key] = member.value }
      told[path] = kept
    }
    return reply
  }

  private mutating func answer(
    _ method: HTTP.Method, _ target: Target, _ body: Bytes, asItCame: Bytes, base: HTTPURL, at now: Timestamp
  ) -> Reply {
    switch router.match(method, target) {
    case .notFound: return Reply(Envelope(.clientError, "There is nothing at this address."), status: .notFound)
    case .wrongMethod(let allow):
      var reply = Reply(Envelope(.clientError, "This address does not know that method."), status: .methodNotAllowed)
      reply.headers["Allow"] = allow.map(\.rawValue).joined(separator: ", ")
      return reply
    case .found(let action, let names):
      do throws(Refusal) {
        switch action {
        case .location(let method): return try location(method, names, body)
        case .evse(let method): return try evse(method, names, body)
        case .connector(let method): return try connector(method, names, body)
        case .tariff(let method): return try tariff(method, names, body)
        case .session(let method): return try session(method, names, body)
        case .postCDR: return try postCDR(body, asItCame, base, now)
        case .showCDR: return try showCDR(names)
        case .tokens: return try listTokens(target, base)
        case .authorize: return try authorize(names, target, body, now)
        case .commandResult: return try commandResult(names, body)
        case .booking: return try booking(names, body)
        case .bookingLocation: return try bookingLocation(method, names, body)
        }
      } catch {
        return error.reply
      }
    }
  }

  private typealias Names = Router<Action>.Captures

  private func key(_ names: Names, _ id: String) -> PartnerBooks.Key {
    PartnerBooks.Key(PartyID(country: names["country"] ?? "", party: names["party"] ?? ""), names[id] ?? "")
  }

  // MARK: Locations

  private mutating func location(_ method: HTTP.Method, _ names: Names, _ body: Bytes) throws(Refusal) -> Reply {
    let key = key(names, "location")
    let held = books.locations[key]
    guard method != .get else { return try show(held) }
    let location: V221.Location = try changed(held, by: body, isPatch: method == .patch)
    try demandSame(names["location"], location.id, "id")
    try keep(location, under: key)
    return Reply(.init(), .location(location.id))
  }

  private mutating func keep(_ location: V221.Location, under key: PartnerBooks.Key) throws(Refusal) {
    try demandRoom(books.locations.count, isNew: books.locations[key] == nil)
    books.locations[key] = location
  }

  private mutating func evse(_ method: HTTP.Method, _ names: Names, _ body: Bytes) throws(Refusal) -> Reply {
    let key = key(names, "location")
    guard var location = books.locations[key] else { throw Self.unknown("location") }
    var evses = location.evses ?? []
    let place = evses.firstIndex { $0.uid.ciFolded == names["evse"]?.ciFolded }
    let held = place.map { evses[$0] }
    guard method != .get else { return try show(held) }
    let evse: V221.EVSE = try changed(held, by: body, isPatch: method == .patch)
    try demandSame(names["evse"], evse.uid, "uid")
    if let place { evses[place] = evse } else { evses.append(evse) }
    (location.evses, location.updatedAt) = (evses, max(location.updatedAt, evse.updatedAt))
    books.locations[key] = location
    return Reply(.init(), .location(location.id))
  }

  private mutating func connector(_ method: HTTP.Method, _ names: Names, _ body: Bytes) throws(Refusal) -> Reply {
    let key = key(names, "location")
    guard var location = books.locations[key], var evses = location.evses,
      let place = evses.firstIndex(where: { $0.uid.ciFolded == names["evse"]?.ciFolded })
    else { throw Self.unknown("EVSE") }
    let at = evses[place].connectors.firstIndex { $0.id.ciFolded == names["connector"]?.ciFolded }
    let held = at.map { evses[place].connectors[$0] }
    guard method != .get else { return try show(held) }
    let connector: V221.Connector = try changed(held, by: body, isPatch: method == .patch)
    try demandSame(names["connector"], connector.id, "id")
    if let at { evses[place].connectors[at] = connector } else { evses[place].connectors.append(connector) }
    evses[place].updatedAt = max(evses[place].updatedAt, connector.updatedAt)
    (location.evses, location.updatedAt) = (evses, max(location.updatedAt, connector.updatedAt))
    books.locations[key] = location
    return Reply(.init(), .location(location.id))
  }

  // MARK: Tariffs, sessions, CDRs

  private mutating func tariff(_ method: HTTP.Method, _ names: Names, _ body: Bytes) throws(Refusal) -> Reply {
    let key = key(names, "tariff")
    let held = books.tariffs[key]
    switch method {
    case .get: return try show(held)
    case .delete:
      guard let held else { throw Self.unknown("tariff") }
      books.tariffs[key] = nil
      return Reply(.init(), .tariffRemoved(held.id))
    case .put, .head, .post, .patch, .options:
      let tariff: V221.Tariff = try changed(held, by: body, isPatch: false)
      try demandSame(names["tariff"], tariff.id, "id")
      try keep(tariff, under: key)
      return Reply(.init(), .tariff(tariff.id))
    }
  }

  private mutating func keep(_ tariff: V221.Tariff, under key: PartnerBooks.Key) throws(Refusal) {
    try demandRoom(books.tariffs.count, isNew: books.tariffs[key] == nil)
    books.tariffs[key] = tariff
  }

  private mutating func session(_ method: HTTP.Method, _ names: Names, _ body: Bytes) throws(Refusal) -> Reply {
    let key = key(names, "session")
    let held = books.sessions[key]
    guard method != .get else { return try show(held?.latest) }
    var session: V221.Session = try changed(held?.latest, by: body, isPatch: method == .patch)
    try demandSame(names["session"], session.id, "id")
    // Periods of a PATCH come behind those that are there (§9.2.2.3).
    if method == .patch, let before = held?.latest.periods, let json = try? JSON.parse(body),
      json["charging_periods"] != nil
    {
      session.periods = before + (session.periods ?? [])
    }
    try keep(session, under: key)
    return Reply(.init(), .session(session.id, session.status, kWh: session.kWh))
  }

  private mutating func keep(_ session: V221.Session, under key: PartnerBooks.Key) throws(Refusal) {
    guard var held = books.sessions[key] else {
      try demandRoom(books.sessions.count, isNew: true)
      books.sessions[key] = PartnerBooks.HeldSession(latest: session, statuses: [session.status], updates: 1)
      return
    }
    if held.statuses.last != session.status, held.statuses.count < Limits.heldStatuses {
      held.statuses.append(session.status)
    }
    held.latest = session
    held.updates += 1
    books.sessions[key] = held
  }

  /// One CDR id is one CDR: the same bytes again are welcome, others are refused (§10.2.2.2 knows no update).
  private mutating func postCDR(
    _ body: Bytes, _ asItCame: Bytes, _ base: HTTPURL, _ now: Timestamp
  ) throws(Refusal) -> Reply {
    let cdr: V221.CDR = try changed(nil, by: body, isPatch: false)
    return try keep(cdr, asItCame, base, now)
  }

  private mutating func keep(_ cdr: V221.CDR, _ body: Bytes, _ base: HTTPURL, _ now: Timestamp) throws(Refusal) -> Reply
  {
    guard !cdr.id.isEmpty else { throw Refusal(.invalid, "id is empty") }
    let key = PartnerBooks.Key(PartyID(country: cdr.country, party: cdr.party), cdr.id)
    var reply: Reply
    if var held = books.cdrs[key] {
      if held.bytes == body {
        held.repeats += 1
        reply = Reply(Envelope(), .cdrRepeated(cdr.id))
      } else {
        held.conflicts += 1
        reply = Reply(
          Envelope(.clientError, "This CDR exists with another content."), status: .conflict, .cdrConflict(cdr.id))
      }
      books.cdrs[key] = held
    } else {
      try demandRoom(books.cdrs.count, isNew: true)
      books.cdrs[key] = PartnerBooks.HeldCDR(cdr: cdr, bytes: body, receivedAt: now)
      reply = Reply(Envelope(), status: .created, .cdr(cdr.id, cost: cdr.cost.beforeTax, currency: cdr.currency))
    }
    reply.headers["Location"] = base.appending("cdrs", cdr.country, cdr.party, cdr.id).description
    return reply
  }

  private func showCDR(_ names: Names) throws(Refusal) -> Reply {
    guard let held = books.cdrs[key(names, "cdr")] else { throw Self.unknown("CDR") }
    return Reply(Envelope(data: held.bytes))
  }

  // MARK: Tokens

  private func listTokens(_ target: Target, _ base: HTTPURL) throws(Refusal) -> Reply {
    func time(_ name: String) throws(Refusal) -> Timestamp? {
      guard let text = target[name] else { return nil }
      guard let time = Timestamp(text) else { throw Refusal(.invalid, "\(name) is no time stamp") }
      return time
    }
    let (from, to) = (try time("date_from"), try time("date_to"))
    let all = tokens.values.map(\.token).filter { token in
      (from.map { token.updatedAt >= $0 } ?? true) && (to.map { token.updatedAt < $0 } ?? true)
    }.sorted { ($0.updatedAt, $0.uid) < ($1.updatedAt, $1.uid) }
    let offset = max(target["offset"].flatMap { Int($0) } ?? 0, 0)
    let limit = min(max(target["limit"].flatMap { Int($0) } ?? Limits.pageTokens, 1), Limits.pageTokens)
    let page = all.dropFirst(offset).prefix(limit)
    var reply = Reply(Envelope(list: page.map { written($0) }))
    reply.headers["X-Total-Count"] = String(all.count)
    reply.headers["X-Limit"] = String(Limits.pageTokens)
    let next = offset + page.count
    if !page.isEmpty, next < all.count {
      let kept = target.query.filter { $0.name != "offset" }.map { ($0.name, $0.value) }
      reply.headers["Link"] = "<\(base.appending("tokens").asking(kept + [("offset", String(next))]))>; rel=\"next\""
    }
    return reply
  }

  /// May this driver charge? (§12.2.2.2)
  private mutating func authorize(
    _ names: Names, _ target: Target, _ body: Bytes, _ now: Timestamp
  ) throws(Refusal) -> Reply {
    let uid = names["uid"] ?? ""
    let kind = target["type"].map { V221.TokenType(rawValue: $0) } ?? .rfid
    guard let kind, let held = tokens[Self.name(uid, kind)] else {
      throw Refusal(.unknownToken, "This token is not ours.", status: .notFound)
    }
    var info = V221.AuthorizationInfo()
    if !body.isEmpty {
      let place: V221.LocationReferences = try changed(nil, by: body, isPatch: false)
      info.location = place
    }
    info.allowed = held.token.isValid ? held.allowed : .blocked
    info.token = held.token
    info.authorizationReference = info.allowed == .allowed ? newID(at: now) : nil
    if books.authorizations.count < Limits.heldObjects {
      books.authorizations.append(
        PartnerBooks.AnsweredAuthorization(
          uid: held.token.uid, allowed: info.allowed, reference: info.authorizationReference,
          location: info.location?.location))
    }
    return Reply(
      Envelope(data: words?.lowered(info).bytes ?? info.encoded(options: Self.style)),
      .authorized(uid: held.token.uid, info.allowed))
  }

  /// A token as its version spells it.
  func written(_ token: V221.Token) -> Bytes { words?.lowered(token).bytes ?? token.encoded(options: Self.style) }

  // MARK: Results of our commands

  private mutating func commandResult(_ names: Names, _ body: Bytes) throws(Refusal) -> Reply {
    let id = names["id"] ?? ""
    guard let place = books.commands.lastIndex(where: { $0.id == id }) else { throw Self.unknown("command") }
    let result: V221.CommandResult = try changed(nil, by: body, isPatch: false)
    books.commands[place].result = result.result
    return Reply(Envelope(), .commandResult(id: id, name: books.commands[place].name, result.result))
  }

  // MARK: Bookings

  private mutating func booking(_ names: Names, _ body: Bytes) throws(Refusal) -> Reply {
    let booking: PublishedBooking = try changed(nil, by: body, isPatch: false)
    try demandSame(names["booking"], booking.id, "id")
    let key = key(names, "booking")
    try demandRoom(books.bookings.count, isNew: books.bookings[key] == nil)
    books.bookings[key] = booking
    return Reply(Envelope(), .booking(booking.id, booking.status))
  }

  /// A place that is gone is told by its status alone.
  private mutating func bookingLocation(
    _ method: HTTP.Method, _ names: Names, _ body: Bytes
  ) throws(Refusal) -> Reply {
    let key = key(names, "place")
    if method == .patch, (try? JSON.parse(body))?["status"] == "REMOVED" {
      guard books.bookingLocations.removeValue(forKey: key) != nil else { throw Self.unknown("object") }
      return Reply()
    }
    let place: PublishedBookingLocation = try changed(
      books.bookingLocations[key], by: body, isPatch: method == .patch)
    try demandSame(names["place"], place.id, "id")
    try demandRoom(books.bookingLocations.count, isNew: books.bookingLocations[key] == nil)
    books.bookingLocations[key] = place
    return Reply()
  }

  // MARK: Reading and writing

  /// The object that a PUT, POST or PATCH leaves behind.
  private func changed<Object: Payload>(_ held: Object?, by body: Bytes, isPatch: Bool) throws(Refusal) -> Object {
    guard var json = try? JSON.parse(body), let change = json.object else {
      throw Refusal(.invalid, "The body is no JSON object.", status: .badRequest)
    }
    if isPatch {
      guard let held else { throw Self.unknown("object") }
      json = held.json(edition: edition)
      for member in change.members { json[member.key] = member.value }
    }
    return try read(json)
  }

  /// Reads an object from the house: what is missing or wrong is named.
  func read<Object: Payload>(_ json: JSON) throws(Refusal) -> Object {
    do throws(Flaw) {
      return try Object.read(json, edition: edition).value
    } catch {
      throw Refusal(.invalid, "\(error.path): \(error.kind == .missing ? "is missing" : error.detail)")
    }
  }

  /// Keeps an object that we fetched ourselves.
  mutating func fetched(_ object: JSON, of module: OCPIModule.Name, at now: Timestamp) throws(Refusal) {
    let json = words?.lifted(object, at: [module.rawValue], of: house) ?? object
    func key(_ id: String) -> PartnerBooks.Key {
      let party = PartyID(country: json["country_code"]?.string ?? "", party: json["party_id"]?.string ?? "")
      return PartnerBooks.Key(party, id)
    }
    switch module {
    case .locations:
      let location: V221.Location = try read(json)
      try keep(location, under: key(location.id))
    case .tariffs:
      let tariff: V221.Tariff = try read(json)
      try keep(tariff, under: key(tariff.id))
    case .sessions:
      let session: V221.Session = try read(json)
      try keep(session, under: key(session.id))
    case .bookings:
      let booking: PublishedBooking = try read(json)
      try demandRoom(books.bookings.count, isNew: books.bookings[key(booking.id)] == nil)
      books.bookings[key(booking.id)] = booking
    case .credentials, .cdrs, .tokens, .commands, .chargingProfiles, .hubClientInfo, .payments,
      .invoiceReconciliation:
      throw Refusal(.clientError, "\(module.rawValue) are not fetched")
    }
  }

  private func show(_ object: (some Payload)?) throws(Refusal) -> Reply {
    guard let object else { throw Self.unknown("object") }
    return Reply(Envelope(data: object.encoded(edition: edition, options: Self.style)))
  }

  private static func unknown(_ what: String) -> Refusal {
    Refusal(.unknownLocation, "There is no such \(what).", status: .notFound)
  }

  private func demandSame(_ address: String?, _ id: String, _ field: String) throws(Refusal) {
    guard address?.ciFolded == id.ciFolded else { throw Refusal(.invalid, "\(field) is not the one of the address") }
  }

  private func demandRoom(_ count: Int, isNew: Bool) throws(Refusal) {
    guard !isNew || count < Limits.heldObjects else {
      throw Refusal(.serverError, "No more of these can be kept.", status: .internalError)
    }
  }
}
