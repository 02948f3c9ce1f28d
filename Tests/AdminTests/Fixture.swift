// A whole house behind a real server on loopback: books in a folder of their own, a clock that stands still, stations
// that say yes. Every answer is compared with the document that describes it.
import CSMS
import Domain
import Glibc
import HTTP
import Net
import Store
import Synchronization
import Testing
import Wire

@testable import Admin

final class FakeTime: Sendable {
  private let time = Mutex(Timestamp(seconds: 1_793_700_000))
  var clock: Clock { Clock { self.time.withLock { $0 } } }
  func pass(_ seconds: Int) { time.withLock { $0 += .seconds(seconds) } }
}

/// Stations that answer as they are told to.
final class FakeStations: StationLink {
  let asked = Mutex<[StationCommand]>([])
  let outcome = Mutex<CommandOutcome?>(.accepted(answer: ["status": "Accepted"]))
  let closed = Mutex<[LinkID]>([])

  func call(
    _ command: StationCommand, on link: LinkID, deadline seconds: Int,
    done: @escaping @MainActor @Sendable (CommandOutcome) -> Void
  ) {
    asked.withLock { $0.append(command) }
    guard let outcome = outcome.withLock({ $0 }) else { return }
    Task { @MainActor in done(outcome) }
  }
  func close(_ link: LinkID, code: UInt16, reason: String) { closed.withLock { $0.append(link) } }
  func registered(_ link: LinkID, as registration: Station.Registration) {}
  func forward(_ link: LinkID, to follower: Forwarding?) {}
  func can(_ ability: StationAbility, version: String) -> Bool { version == "2.1" }
  func calls(version: String) -> [String] { ["Reset"] }
  func settingKeys(version: String) -> [String] { ["HeartbeatInterval"] }
  /// Nobody has a call `Dance`, and `Reset` has a type.
  func flaw(in payload: JSON, of action: String, version: String) -> CallFlaw? {
    if action == "Dance" { return .unknownAction }
    return action == "Reset" && payload["type"] == nil ? .field(path: "type", what: "the field is required") : nil
  }
}

struct FakePartners: PartnerLink {
  func request(for object: PushObject, terms: PartnerTerms) throws(PushFault) -> PushRequest { throw .notWanted }
  func send(_ request: PushRequest, terms: PartnerTerms, done: @escaping @MainActor @Sendable (PushOutcome) -> Void) {}
  func authorize(
    uid: String, kind: Token.Kind, location: String?, evse: String?, terms: PartnerTerms, deadline seconds: Int,
    done: @escaping @MainActor @Sendable (PartnerAuthorization?) -> Void
  ) {}
  func register(
    versionsURL: String, with tokenA: String, offering token: String, terms: PartnerTerms,
    step: @escaping @Sendable (HandshakeStep) -> Void
  ) async throws(RegistrationFault) -> PartnerRegistration {
    step(HandshakeStep("versions", ok: false, "nobody listens there"))
    throw RegistrationFault(step: "versions", reason: "nobody listens there")
  }
  func unregister(terms: PartnerTerms) async throws(RegistrationFault) {}
}

/// What came back, with its body as JSON where it is JSON.
struct Reply {
  let status: Int
  let headers: Headers
  let bytes: [UInt8]

  var json: JSON { (try? JSON.parse(bytes)) ?? .null }
  var text: String { String(decoding: bytes, as: UTF8.self) }
  var items: [JSON] { json["items"]?.array ?? [] }
  var next: String? { json["next_cursor"]?.string }
  var problem: String? {
    json["type"]?.string.map { String($0.dropFirst("urn:ostler:problem:".count)) }
  }
  /// `name=value` of the cookie that was set.
  var cookie: String? { headers["set-cookie"]?.split(separator: ";").first.map(String.init) }
}

/// How a caller proves who it is.
enum Proof {
  case none
  case key(String)
  case login(cookie: String, csrf: String)
}

@MainActor
final class Fixture {
  let time = FakeTime()
  let stations = FakeStations()
  let store: Store
  let house: CSMS
  let api: API
  let messages: MessageLog
  let port: UInt16
  private let socketPort: UInt16
  private let loop: EventLoop
  private let client: ClientHandle
  private let folder: String
  private let document = Document.shared

  init(zones more: [String: ZoneRules] = [:], settings change: (inout AdminSettings) -> Void = { _ in }) async throws {
    var template = Array("/tmp/ostler-admin-XXXXXX".utf8CString)
    folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    store = try Store(folder: folder)
    messages = try MessageLog(folder: folder)
    let zones = ZoneLibrary { more[$0] ?? ($0 == "Etc/UTC" || $0 == "Europe/Amsterdam" ? .utc : nil) }
    var houseSettings = HouseSettings()
    houseSettings.strangers = .knock
    house = CSMS(store: store, clock: time.clock, zones: zones, settings: houseSettings)
    house.join(stations: stations, partners: FakePartners())
    try await house.makeParty(PartyID(country: "NL", party: "OST"), businessName: "Ostler")
    var settings = AdminSettings()
    settings.version = "1.2.3"
    settings.stationURLs = ["ws://127.0.0.1:9000/ocpp/"]
    settings.partnerURLs = ["http://127.0.0.1:9000/ocpi/versions"]
    change(&settings)
    api = API(house: house, messages: messages, settings: settings, clock: time.clock, zones: zones)
    let loop = try EventLoop(label: "test.admin")
    self.loop = loop
    let api = api
    let made: (UInt16, UInt16, ClientHandle) = try await withCheckedThrowingContinuation { done in
      loop.execute {
        do {
          let proxies = [AddressRange("127.0.0.1")].compactMap(\.self)
          let page = Server(
            loop: loop, door: "page", handler: AdminDoor(api: api, kind: .page), trustedProxies: proxies)
          let socket = Server(loop: loop, door: "socket", handler: AdminDoor(api: api, kind: .socket))
          let ports = try [page, socket].map { try $0.listen(on: .v4(0x7F00_0001, port: 0)).port }
          kept.withLock { $0 += [LoopBound(page, loop: loop), LoopBound(socket, loop: loop)] }
          done.resume(returning: (ports[0], ports[1], Client(loop: loop, tls: nil).handle))
        } catch {
          done.resume(throwing: error)
        }
      }
    }
    (port, socketPort, client) = made
  }

  /// A house whose owner has come in.
  static func open(
    zones: [String: ZoneRules] = [:], settings change: (inout AdminSettings) -> Void = { _ in }
  ) async throws -> (Fixture, Proof) {
    let house = try await Fixture(zones: zones, settings: change)
    let now = house.time.clock.now()
    try house.write { books in
      try books.users.create(User(name: "anna", passwordHash: quickHash, role: .owner, createdAt: now, updatedAt: now))
    }
    let reply = try await house.ask(.post, "/login", ["name": "anna", "password": "correct horse"])
    #expect(reply.status == 200)
    return (house, .login(cookie: try #require(reply.cookie), csrf: try #require(reply.json["csrf_token"]?.string)))
  }

  /// `correct horse`, at the lowest cost, so that a hundred houses do not wait for each other.
  private static let quickHash =
    "scrypt$1$8$1$00000000000000000000000000000000$475fb40dbd10e033b6e7c048b1cb04ee2268d4fba4da2ffce53553a036b6f14c"

  func key(_ role: Role) async throws -> Proof {
    .key(try await house.addKey("key-\(role.rawValue)", role: role, by: "test").key)
  }

  /// Asks the API and checks the answer against the document.
  @discardableResult
  func ask(
    _ method: HTTP.Method, _ path: String, _ body: JSON? = nil, as proof: Proof = .none, headers: Headers = Headers(),
    atSocket: Bool = false
  ) async throws -> Reply {
    var headers = headers
    switch proof {
    case .none: break
    case .key(let key): headers["Authorization"] = "Bearer \(key)"
    case .login(let cookie, let csrf):
      headers["Cookie"] = cookie
      if method != .get, !headers.contains("x-csrf-token") { headers["X-CSRF-Token"] = csrf }
    }
    if body != nil, !headers.contains("content-type") { headers["Content-Type"] = "application/json" }
    let reply = try await send(method, "/api/v1" + path, body?.bytes ?? [], headers, atSocket: atSocket)
    document.check(reply, method, path)
    return reply
  }

  func send(
    _ method: HTTP.Method, _ path: String, _ body: [UInt8] = [], _ headers: Headers = Headers(), atSocket: Bool = false
  ) async throws -> Reply {
    let url = try HTTPURL("http://127.0.0.1:\(atSocket ? socketPort : port)\(path)")
    let answer = try await client.send(
      ClientRequest(method, url, headers: headers, body: body), ClientOptions(allowPrivate: true))
    return Reply(status: answer.status.rawValue, headers: answer.headers, bytes: answer.body)
  }

  // MARK: What stations do

  /// Runs something in a turn, as a loop would bring it.
  func turn<Value: Sendable>(_ body: @escaping @MainActor @Sendable () throws(TurnFault) -> Value) async throws -> Value
  {
    try await withCheckedThrowingContinuation { done in
      house.bring(
        Errand(
          decide: { () throws(TurnFault) in
            let value = try body()
            return { done.resume(returning: value) }
          }, fail: { done.resume(throwing: $0) }))
    }
  }

  private var nextLink: UInt64 = 0

  /// A station calls; where nobody knows it, it knocks.
  func connect(_ name: String) async throws -> any StationService {
    let identity = try #require(StationIdentity(name))
    let caller = StationCaller(
      identity: identity, password: nil, address: "127.0.0.1", offered: ["ocpp1.6"], isLoopback: true)
    let house = house
    nextLink += 1
    let link = LinkID(nextLink)
    return try await turn { () throws(TurnFault) in
      guard case .welcome(let guest) = try house.admit(caller) else { throw TurnFault.storage("not welcome") }
      return try house.opened(link, of: guest, version: "1.6", address: "127.0.0.1")
    }
  }

  /// Writes to the books as a turn does.
  func write(_ body: (Books) throws -> Void) throws {
    try store.begin()
    try body(store.books)
    try store.commit()
  }
}

/// Servers live as long as the tests: a loop holds only what is registered with it.
private let kept = Mutex<[LoopBound<Server>]>([])

/// Blocks a thread of its own while it reads a stream of events, and calls back with each.
func listen(
  port: UInt16, path: String, cookie: String, until isEnough: @escaping @Sendable ([EventStream.Event]) -> Bool
) async
  -> [EventStream.Event]
{
  await withCheckedContinuation { done in
    let thread = Thread {
      let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(socket) }
      var timeout = timeval(tv_sec: 10, tv_usec: 0)
      setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      _ = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      let request = Array(
        "GET \(path) HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nCookie: \(cookie)\r\nConnection: close\r\n\r\n"
          .utf8)
      _ = request.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      var parser = ResponseParser(answering: .get)
      var reader = EventStream.Reader()
      var events: [EventStream.Event] = []
      var chunk = [UInt8](repeating: 0, count: 65_536)
      reading: while !isEnough(events) {
        let count = recv(socket, &chunk, chunk.count, 0)
        guard count > 0 else { break }
        chunk.withUnsafeBytes { all in
          let bytes = UnsafeRawBufferPointer(rebasing: all[..<count])
          var at = 0
          while true {
            switch parser.next(bytes, &at) {
            case .body(let run): events += reader.read(bytes[run])
            case .head: continue
            case .needMore, .end, .refused: return
            }
          }
        }
      }
      done.resume(returning: events)
    }
    thread.start()
  }
}

/// A thread, so that a test that waits for bytes takes none from the shared pool.
private final class Thread: Sendable {
  private let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  func start() {
    var id = pthread_t()
    pthread_create(
      &id, nil,
      { me in
        if let me { Unmanaged<Thread>.fromOpaque(me).takeRetainedValue().body() }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    pthread_detach(id)
  }
}
