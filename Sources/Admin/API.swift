import CSMS
import Crypto
import Domain
import HTTP
import Logging
import Net
import Store
import Wire

/// The operator's API: a table of routes, and the one way in which every request passes: who asks, may they, what is
/// answered. What the operator wants done is the household's to do; here it is only read, asked and shown.
public final class API {
  let house: CSMS
  let messages: MessageLog?
  let settings: AdminSettings
  let clock: Clock
  let zones: ZoneLibrary
  let assets = Assets()
  let live: Live
  var pace = Pace()
  /// The same for those who guess tokens and PINs at a driver's page, and how many drivers watch.
  var drivePace = Pace()
  /// The same for codes from a station's display.
  var scanPace = Pace()
  var drivers = 0
  /// Requests with an Idempotency-Key that are under way.
  private var underWay: Set<String> = []
  /// Nobody can log in before the first user is made, and from then on always somebody can.
  private var isSetUp = false
  /// What the program knows of itself that helps somebody from afar: its version, its settings without secrets, the newest
  /// lines of its log; set by the one who assembles the house.
  public var supportFacts: @MainActor () -> JSON = { [:] }
  var powerLine = PowerLine()
  /// Looks the house over as `ostler doctor` does: a list of `verdict`, `check`, `detail` and `remedy`.
  public var checkup: @MainActor () async -> JSON = { [] }
  /// Adds what those know who live on loops, and the process; set by the one who assembles the house.
  public var outerFigures: @Sendable (Exposition) async -> Exposition = { $0 }
  let log = Logger(label: "admin")
  private let router: Router<Route>

  /// - Parameter messages: the log that `GET /messages` searches; nil where the house keeps none.
  public init(house: CSMS, messages: MessageLog?, settings: AdminSettings, clock: Clock, zones: ZoneLibrary) {
    self.house = house
    self.messages = messages
    self.settings = settings
    self.clock = clock
    self.zones = zones
    live = Live(house: house, clock: clock, zones: zones)
    var router = Router<Route>()
    for route in Route.all { router.add(route.method, route.isAtRoot ? route.path : "/api/v1" + route.path, route) }
    self.router = router
  }

  var now: Timestamp { clock.now() }

  /// The house closes: listeners are let go so that they come back to the next daemon.
  public func close() { live.close() }

  // MARK: One request

  func answer(_ request: Request, at door: AdminDoor.Kind, by responder: Responder) async {
    let answer: Answer
    do {
      answer = try await decide(request, at: door)
    } catch let problem as Problem {
      answer = .response(problem.response)
    } catch let refusal as HouseRefusal {
      answer = .response(Problem(refusal).response)
    } catch {
      log.error("a request failed", metadata: ["path": "\(request.target.path)", "cause": "\(error)"])
      answer = .response(Problem(.internal, "the log of the daemon says more").response)
    }
    if case .stream(let feed) = answer { feed(responder) }
    guard var response = answer.whole else { return }
    Self.harden(&response)
    // Browsers believe it of a certificate that they trust, so a house that certifies itself locks nobody out.
    if request.isTLS { response.headers["Strict-Transport-Security"] = "max-age=\(Limits.secureOnlySeconds)" }
    responder.respond(response)
  }

  private func decide(_ request: Request, at door: AdminDoor.Kind) async throws -> Answer {
    guard knowsHost(request, at: door) else {
      throw Problem(.unknownHost, "this door answers to \(settings.hosts.joined(separator: ", "))")
    }
    switch router.match(request.method, request.target) {
    case .found(let route, let captures): return try await run(route, captures, request, at: door)
    case .wrongMethod(let allow):
      if request.method == .options { return .response(.options(allow: allow)) }
      var problem = Problem(.methodNotAllowed, "this path knows \(allow.map(\.rawValue).joined(separator: ", "))")
      problem.headers["Allow"] = allow.map(\.rawValue).joined(separator: ", ")
      throw problem
    case .notFound:
      guard request.path.first != "api", door == .page else {
        throw Problem(.notFound, "no such path: \(request.target.path)")
      }
      return .response(try await page(request))
    }
  }

  /// A name that resolves to this machine but is not ours could be somebody's DNS rebinding.
  private func knowsHost(_ request: Request, at door: AdminDoor.Kind) -> Bool {
    guard door == .page, !settings.hosts.isEmpty, request.path != ["healthz"], request.path != ["readyz"] else {
      return true
    }
    // RFC 9112 §3.2.2: the target's own word goes before the field's.
    guard let host = request.target.authority ?? request.headers["host"] else { return false }
    let name = host.hasPrefix("[") ? host.prefix { $0 != "]" }.dropFirst() : host.prefix { $0 != ":" }
    return settings.hosts.contains { $0.lowercased() == host.lowercased() || $0.lowercased() == name.lowercased() }
  }

  private func run(
    _ route: Route, _ captures: Router<Route>.Captures, _ request: Request, at door: AdminDoor.Kind
  ) async throws -> Answer {
    let caller = try await admit(request, to: route, at: door)
    if !request.body.isEmpty { try checkType(request, route) }
    let call = Call(request: request, captures: captures, caller: caller)
    // Under a scope the caller's own things are read from the whole house, and all others from its sites.
    guard caller.scope != nil, Reach(route) != .own else { return try await audited(route, call) }
    return try await SiteScope.$current.withValue(caller.scope) {
      let answer = try await audited(route, call)
      guard case .stream(let feed) = answer else { return answer }
      return .stream { responder in SiteScope.$current.withValue(caller.scope) { feed(responder) } }
    }
  }

  private func audited(_ route: Route, _ call: Call) async throws -> Answer {
    let isAudited = call.request.method != .get && call.request.method != .head && route.access != .open
    guard isAudited else { return try await done(route, call) }
    do {
      let answer = try await done(route, call)
      note(route, call, status: answer.status)
      return answer
    } catch {
      note(route, call, status: Self.problem(of: error)?.status ?? .internalError)
      throw error
    }
  }

  /// Who asked what, and how it ended, for the audit; a body is not noted, because it can hold secrets.
  private func note(_ route: Route, _ call: Call, status: Status) {
    house.audit(
      AuditEntry(
        at: now, who: call.by, address: call.request.peer.host, operation: route.name,
        path: String(call.request.target.path.prefix(Limits.auditPath)), status: status.rawValue))
  }

  /// What a caller is told of an error; nil where it is none that they can know of.
  private static func problem(of error: any Error) -> Problem? {
    (error as? Problem) ?? (error as? HouseRefusal).map { Problem($0) }
  }

  func done(_ route: Route, _ call: Call) async throws -> Answer {
    try await checkReach(of: call, to: route)
    // A table asks its list, which is empty then.
    if call.caller.scope != nil, Reach(route) == .nothing, route.list == nil { return .page([], next: nil) }
    guard route.isCommand, let key = call.request.headers["idempotency-key"] else {
      return try await route.handle(self, call)
    }
    return try await once(key, call) { try await route.handle(self, call) }
  }

  private func checkType(_ request: Request, _ route: Route) throws(Problem) {
    let types = ["application/json"] + (route.alsoTakes.map { [$0] } ?? [])
    guard let type = request.mediaType, types.contains(type) else {
      throw Problem(
        .unsupportedMediaType, "send \(types.map { "`Content-Type: \($0)`" }.joined(separator: " or "))")
    }
  }

  // MARK: Once

  /// The same key with the same request gets the first answer again; a request that is repeated while the first one is
  /// under way is told so.
  private func once(_ key: String, _ call: Call, _ work: () async throws -> Answer) async throws -> Answer {
    guard (1...Limits.idempotencyKey).contains(key.utf8.count) else {
      throw Problem.invalid("Idempotency-Key", "1 to \(Limits.idempotencyKey) characters")
    }
    let (who, request) = (call.caller.origin, call.digest)
    let mark = "\(who) \(key)"
    guard underWay.insert(mark).inserted else {
      throw Problem(.idempotencyInProgress, "wait for its answer, or use another key")
    }
    defer { underWay.remove(mark) }
    if let before = try await house.answer(to: who, key: key) {
      guard before.request == request else { throw Problem(.idempotencyMismatch, "use a new key for a new request") }
      let type = before.status < 400 ? "application/json" : "application/problem+json"
      return .response(
        Response(Status(rawValue: before.status), headers: ["Content-Type": type], body: Bytes(utf8: before.answer)))
    }
    var response: Response
    do {
      guard let given = try await work().whole else {
        throw Problem(.internal, "a stream is no answer to a command")
      }
      response = given
    } catch let problem as Problem {
      response = problem.response
    } catch let refusal as HouseRefusal {
      response = Problem(refusal).response
    }
    // What may be tried again must not be remembered as refused.
    if response.status.rawValue < 500 {
      let answer = RememberedAnswer(
        request: request, status: response.status.rawValue, answer: String(decoding: response.body, as: UTF8.self))
      do { try await house.remember(answer, to: who, key: key) } catch {
        // The work is done. Whoever heard of a failure would ask again, and it would be done twice.
        log.error("an answer is not kept for its Idempotency-Key", metadata: ["cause": "\(error)"])
      }
    }
    return .response(response)
  }

  // MARK: Whether somebody can log in

  func knowsUsers() async throws -> Bool {
    if !isSetUp { isSetUp = try await house.hasUsers() }
    return isSetUp
  }

  /// What a document may load: from this host alone, but for the map, which may show tiles of the operator's choice.
  /// - Parameter tiles: the origin of those tiles.
  static func contentPolicy(tiles: String? = nil) -> String {
    let pictures = ["'self'", "data:", tiles].compactMap(\.self).joined(separator: " ")
    return "default-src 'self'; img-src \(pictures); object-src 'none'; base-uri 'none'; form-action 'self'; "
      + "frame-ancestors 'none'"
  }

  /// What every answer says to a browser.
  static func harden(_ response: inout Response) {
    let fixed = [
      ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"),
      ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
    for (name, value) in fixed { response.headers[name] = value }
    if !response.headers.contains("content-security-policy") {
      response.headers["Content-Security-Policy"] = contentPolicy()
    }
    if !response.headers.contains("cache-control") { response.headers["Cache-Control"] = "no-store" }
  }
}

/// What the one who assembles the house says of its doors.
public struct AdminSettings: Sendable {
  /// Of the daemon.
  public nonisolated var version = ""
  /// Where stations connect, without their identity: `ws://10.0.0.5:9000/ocpp/`.
  public nonisolated var stationURLs: [String] = []
  /// OCPI versions endpoints to give to partners.
  public nonisolated var partnerURLs: [String] = []
  /// Under which drivers reach this page, where nobody says otherwise.
  public nonisolated var publicURL = ""
  /// Host names under which this page is reached; any where the list is empty.
  public nonisolated var hosts: [String] = []
  /// Logins are taken on a plain door that is reached from other machines.
  public nonisolated var insecurePage = false

  public nonisolated init() {}
}

// MARK: - Routes

/// One operation of the API, as `Resources/openapi.json` describes it under the same name.
struct Route: Sendable {
  /// What a caller must be: anybody, a viewer, support, an operator, an administrator.
  nonisolated enum Access: Sendable { case open, look, help, run, own }

  let name: String
  let method: HTTP.Method
  /// Below `/api/v1`, or from the root.
  let path: String
  let access: Access
  /// Takes an Idempotency-Key.
  let isCommand: Bool
  /// The type of body that it reads beside JSON.
  let alsoTakes: String?
  let isAtRoot: Bool
  /// Of which list it is the table.
  let list: String?
  let handle: @MainActor @Sendable (API, Call) async throws -> Answer

  init(
    _ name: String, _ method: HTTP.Method, _ path: String, _ access: Access, isCommand: Bool = false,
    isAtRoot: Bool = false, alsoTakes: String? = nil, of list: String? = nil,
    _ handle: @escaping @MainActor @Sendable (API, Call) async throws -> Answer
  ) {
    (self.name, self.method, self.path, self.access) = (name, method, path, access)
    (self.isCommand, self.isAtRoot, self.alsoTakes) = (isCommand, isAtRoot, alsoTakes)
    (self.list, self.handle) = (list, handle)
  }

  static let all: [Route] = {
    let own =
      entry + people + overview + stations + stationSettings + commands + certificates + rawCalls + duties + campaigns
      + bulkRuns + devices + sessions + cdrs + insight + margin + comparing + pricePolicies + locations + sitePlans
      + circuits + uptime + neviReports + carbon + tokens + tariffs + mapTiles
      + partners + roaming + bookings + parked + logs + metrics + invoices + driver + webhooks + alarms + imports
    return own + tables(of: own)
  }()
}

nonisolated extension Request {
  /// The type of its body, without parameters.
  var mediaType: String? {
    headers["content-type"].map { $0.prefix { $0 != ";" }.lowercased().filter { $0 != " " } }
  }
}

/// One request at its route.
struct Call: Sendable {
  let request: Request
  let captures: Router<Route>.Captures
  let caller: Caller
  /// What holds in place of the query's own words.
  var instead: [String: String] = [:]

  /// Who asks, as events and commands name it.
  var by: String { caller.origin }

  /// Tells one request from another: SHA-256 of method, target and body.
  var digest: String {
    SHA256.digest(
      Bytes(utf8: "\(request.method.rawValue) \(request.target.path)?\(request.target.rawQuery)\n") + request.body
    ).hex
  }

  func fields() throws(Problem) -> Fields { try Fields(body: request.body) }

  subscript(query name: String) -> String? {
    (instead[name] ?? request.target[name]).flatMap { $0.isEmpty ? nil : $0 }
  }

  // MARK: What the path names

  func text(_ name: String) -> String { captures[name] ?? "" }

  func id<Of>(_ name: String = "id", of type: Of.Type = Of.self) throws(Problem) -> ID<Of> {
    guard let number = Int64(text(name)) else { throw Problem(.notFound, "\(text(name)) is no id") }
    return ID(number)
  }

  func identity(_ name: String = "id") throws(Problem) -> StationIdentity {
    guard let identity = StationIdentity(text(name)) else {
      throw Problem(.notFound, "\(text(name)) is no station's identity")
    }
    return identity
  }

  // MARK: What the query names

  func limit() throws(Problem) -> Int {
    guard let text = self[query: "limit"] else { return Limits.page }
    guard let limit = Int(text), (1...Limits.longestPage).contains(limit) else {
      throw .invalid("limit", "1 to \(Limits.longestPage)")
    }
    return limit
  }

  func cursor() throws(Problem) -> String? {
    guard let text = self[query: "cursor"] else { return nil }
    guard let place = Cursor.place(in: text) else {
      throw .invalid("cursor", "take it from `next_cursor` of the page before")
    }
    return place
  }

  func cursorID<Of>(of type: Of.Type = Of.self) throws(Problem) -> ID<Of>? {
    guard let place = try cursor() else { return nil }
    guard let number = Int64(place) else { throw .invalid("cursor", "take it from `next_cursor` of the page before") }
    return ID(number)
  }

  func queryID<Of>(_ name: String, of type: Of.Type = Of.self) throws(Problem) -> ID<Of>? {
    guard let text = self[query: name] else { return nil }
    guard let number = Int64(text) else { throw .invalid(name, "an id is expected") }
    return ID(number)
  }

  func queryTime(_ name: String) throws(Problem) -> Timestamp? {
    guard let text = self[query: name] else { return nil }
    guard let time = Timestamp(text) else { throw .invalid(name, "a time as 2026-11-03T09:15:00Z is expected") }
    return time
  }

  /// A time, or a date, which is its first moment on a clock of that zone.
  func queryMoment(_ name: String, in zone: ZoneRules) throws(Problem) -> Timestamp? {
    guard let text = self[query: name], text.utf8.count == 10 else { return try queryTime(name) }
    guard let noon = Timestamp("\(text)T12:00:00Z") else {
      throw .invalid(name, "a date as 2026-11-03 or a time as 2026-11-03T09:15:00Z is expected")
    }
    return zone.startOfDay(noon - .seconds(zone.offset(at: noon)))
  }

  func queryFlag(_ name: String) throws(Problem) -> Bool {
    switch self[query: name] {
    case nil, "false": false
    case "true": true
    default: throw .invalid(name, "true or false is expected")
    }
  }

  func queryWord<W: Word>(_ name: String, as type: W.Type = W.self) throws(Problem) -> W? {
    guard let text = self[query: name] else { return nil }
    guard let word = W(rawValue: text) else {
      throw .invalid(name, "one of \(W.allCases.map(\.rawValue).joined(separator: ", ")) is expected")
    }
    return word
  }

  /// Seconds for which the caller waits for an outcome.
  func wait() throws(Problem) -> Int {
    guard let text = self[query: "wait"] else { return 0 }
    guard let seconds = Int(text), (0...Limits.waitSeconds).contains(seconds) else {
      throw .invalid("wait", "0 to \(Limits.waitSeconds) seconds")
    }
    return seconds
  }

  // MARK: Changes

  /// Refuses where the caller read an older version than this one (`If-Match`), or wants it to be another.
  func expect(_ tag: ETag) throws(HouseRefusal) {
    if request.forbidsChange(of: tag) { throw .changedMeanwhile }
  }

  /// The edit that the body asks for, for a verb of the household: it looks at the version, and refuses unknown fields.
  func edit<Value>(
    _ tag: @escaping @MainActor @Sendable (Value) -> ETag,
    _ change: @escaping @MainActor @Sendable (inout Fields, inout Value) throws(Problem) -> Void
  ) throws(Problem) -> Edit<Value> {
    let edit: Edit<Value> = try edit(change)
    return { (value: inout Value) throws(HouseRefusal) in
      try self.expect(tag(value))
      try edit(&value)
    }
  }

  /// The same for something that has no version of its own.
  func edit<Value>(
    _ change: @escaping @MainActor @Sendable (inout Fields, inout Value) throws(Problem) -> Void
  ) throws(Problem) -> Edit<Value> {
    let given = try fields()
    return { (value: inout Value) throws(HouseRefusal) in
      do throws(Problem) {
        var fields = given
        try change(&fields, &value)
        try fields.finish()
      } catch {
        throw .invalid(field: error.field ?? "", error.detail)
      }
    }
  }
}
