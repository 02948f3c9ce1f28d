import Admin
import CSMS
import Dispatch
import Domain
import HTTP
import Logging
import Net
import OCPI
import OCPP
import Store
import Wire

#if canImport(Glibc)
  import Glibc
#endif

/// The whole house, joined: the one place where rooms meet. Opened, it listens; closed, everything that was decided is
/// on disk and everybody was told goodbye.
@MainActor
final class House {
  let configuration: Configuration
  let csms: CSMS
  let api: API
  let zones: ZoneLibrary
  /// Where the doors really are, with the ports that the system chose.
  let addresses: OpenAddresses

  private let lock: FolderLock
  private let messages: MessageLog
  private let doors: LoopBound<Doors>
  private let beat: any DispatchSourceTimer
  private let sweeping: Task<Void, Never>
  private let log = Logger(label: "ostler")

  /// Opens data folder, books and doors. Nothing is left behind where it throws.
  static func open(_ configuration: Configuration, clock: Clock = .system) async throws -> House {
    let zones = SystemZones(folder: Environment["OSTLER_TZDIR"])
    if let complaint = zones.complaint { throw Complaint(complaint) }
    try Folder.make(configuration.data)
    let lock = try FolderLock(folder: configuration.data)
    let store = try Store(folder: configuration.data)
    let messages = try MessageLog(folder: configuration.data)
    let csms = CSMS(store: store, clock: clock, zones: zones.library, settings: configuration.house)
    try await csms.makeParty(configuration.party, businessName: configuration.partyName)
    return try await House(configuration, csms, messages, lock, zones.library, clock)
  }

  private init(
    _ configuration: Configuration, _ csms: CSMS, _ messages: MessageLog, _ lock: FolderLock, _ zones: ZoneLibrary,
    _ clock: Clock
  ) async throws {
    let loop = try EventLoop(label: "loop-0")
    let trust: TLSContext?
    do { trust = try TLSContext(client: TLSClientSettings()) } catch {
      log.error(
        "no partner can be reached over https: this system's roots cannot be read", metadata: ["cause": "\(error)"])
      trust = nil
    }
    doors = await loop.run { loop in
      var options = StationServer.Options()
      options.heartbeatSeconds = configuration.house.heartbeatSeconds
      return LoopBound(
        Doors(
          stations: StationServer(
            loop: loop, household: csms, door: csms, frameLog: messages, clock: clock, options: options),
          client: Client(loop: loop, tls: trust)),
        loop: loop)
    }
    let doors = doors
    let ways = await loop.run { _ in (StationLinks([doors.value.stations.handle]), doors.value.client.handle) }

    // Where port 0 was asked for, the true port is known only once it is bound; so the doors are bound first, and
    // answer 503 until the rooms behind them are joined.
    let bound = try await loop.run { loop throws(NetFault) in try doors.value.bind(configuration, loop: loop) }
    addresses = OpenAddresses(bound, configuration)
    let ocpi = try OCPIDoor(
      publicURL: addresses.publicURL, http: ways.1, zones: zones, frames: messages, clock: clock)
    csms.join(stations: ways.0, partners: ocpi.link)

    var settings = AdminSettings()
    settings.version = Version.text
    settings.stationURLs = [addresses.stations]
    settings.partnerURLs = [ocpi.versionsURL]
    settings.insecurePage = configuration.allowsInsecurePage
    let api = API(house: csms, messages: messages, settings: settings, clock: clock, zones: zones)
    let endpoints = ocpi.endpoints(for: csms)
    let socket = configuration.data + "/ostler.sock"
    try await loop.run { loop throws(NetFault) in
      try doors.value.join(partners: endpoints, page: api, socket: socket, loop: loop)
    }

    let beat = DispatchSource.makeTimerSource(queue: .main)
    beat.schedule(deadline: .now() + 1, repeating: .seconds(1), leeway: .milliseconds(50))
    beat.setEventHandler { MainActor.assumeIsolated { csms.tick() } }
    beat.activate()

    let (days, bytes) = (configuration.messageDays, configuration.messageBytes)
    sweeping = Task { [log] in
      while !Task.isCancelled {
        do { try await messages.prune(before: clock.now() - .seconds(days * 86_400), maxBytes: bytes) } catch {
          log.warning("the message log was not pruned", metadata: ["cause": "\(error)"])
        }
        try? await Task.sleep(for: .seconds(600))
      }
    }

    self.configuration = configuration
    self.csms = csms
    self.api = api
    self.zones = zones
    self.lock = lock
    self.messages = messages
    self.beat = beat
    csms.onDiskFailure = { [log] fault in
      log.critical("the disk failed; ending so that nothing is made worse", metadata: ["cause": "\(fault)"])
      exit(EX_IOERR)
    }
    try csms.wake(at: clock.now())
  }

  /// Runs something on the loop on which the doors live, as the demo does with its stations.
  var loop: EventLoop { doors.loop }

  /// Reads certificates again; those that cannot be read stay as they are.
  func reload() {
    doors.loop.execute { [doors, log] in
      for fault in doors.value.reload() { log.error("a certificate stays as it was", metadata: ["cause": "\(fault)"]) }
    }
  }

  /// Lets nobody in any more, finishes what is under way, says goodbye to stations with 1001, and puts everything on
  /// disk.
  func close() async {
    beat.cancel()
    sweeping.cancel()
    api.close()
    let doors = doors
    await withCheckedContinuation { (closed: CheckedContinuation<Void, Never>) in
      doors.loop.execute { doors.value.drain { closed.resume() } }
    }
    // Whatever the closing links brought is decided in one last turn.
    await withCheckedContinuation { (decided: CheckedContinuation<Void, Never>) in
      csms.bring(Errand(decide: { { decided.resume() } }, fail: { _ in decided.resume() }))
    }
    csms.close()
    await messages.flush()
  }
}

/// The doors of the house; they live on the loop.
final class Doors {
  let stations: StationServer
  let client: Client
  private var servers: [Server] = []
  private var keepers: [DoorKeeper] = []
  private var certificates: [TLSContext] = []

  init(stations: StationServer, client: Client) { (self.stations, self.client) = (stations, client) }

  /// One opened listener.
  struct Bound: Sendable {
    let rooms: Set<DoorKeeper.Room>
    let address: SocketAddress
    let isTLS: Bool
  }

  /// Binds every listener that the configuration asks for.
  func bind(_ configuration: Configuration, loop: EventLoop) throws(NetFault) -> [Bound] {
    var shared: Set<DoorKeeper.Room> = [.stations, .partners, .page]
    var bound: [Bound] = []
    for (room, door) in [
      (DoorKeeper.Room.stations, configuration.stationDoor), (.partners, configuration.partnerDoor),
      (.page, configuration.pageDoor),
    ] {
      guard let door else { continue }
      shared.remove(room)
      bound.append(try bind([room], door, configuration, loop: loop))
    }
    guard !shared.isEmpty else { return bound }
    let door = Configuration.Door(
      address: configuration.listen, certificate: configuration.certificate, key: configuration.key)
    return [try bind(shared, door, configuration, loop: loop)] + bound
  }

  private func bind(
    _ rooms: Set<DoorKeeper.Room>, _ door: Configuration.Door, _ configuration: Configuration, loop: EventLoop
  ) throws(NetFault) -> Bound {
    var tls: TLSContext?
    if let chain = door.certificate, let key = door.key {
      let identity = TLSIdentity(chain: .file(chain), key: .file(key))
      do {
        let context = try TLSContext(
          server: TLSServerSettings(identities: [identity], role: rooms == [.stations] ? .station : .general))
        certificates.append(context)
        tls = context
      } catch {
        throw NetFault(.listen, "\(door.address)", errno: 0, note: "\(error)")
      }
    }
    let keeper = DoorKeeper(rooms: rooms)
    let server = Server(
      loop: loop, door: rooms.map(\.rawValue).sorted().joined(separator: "+"), handler: keeper,
      trustedProxies: configuration.trustedProxies)
    let address = try server.listen(on: door.address, tls: tls)
    keepers.append(keeper)
    servers.append(server)
    return Bound(rooms: rooms, address: address, isTLS: tls != nil)
  }

  /// The rooms behind the doors are ready.
  func join(partners: Endpoints, page: API, socket: String, loop: EventLoop) throws(NetFault) {
    for keeper in keepers {
      keeper.open(stations: stations, partners: partners, page: AdminDoor(api: page, kind: .page))
    }
    unlink(socket)
    let own = Server(loop: loop, door: "socket", handler: AdminDoor(api: page, kind: .socket))
    try own.listen(on: .unix(socket))
    servers.append(own)
  }

  func reload() -> [TLSFault] {
    certificates.compactMap { context in
      do throws(TLSFault) { try context.reload() } catch { return error }
      return nil
    }
  }

  func drain(_ done: @escaping @Sendable () -> Void) {
    stations.drain()
    var left = servers.count
    for server in servers {
      server.drain(deadline: .seconds(5)) {
        left -= 1
        if left == 0 { done() }
      }
    }
  }
}

/// Stands at a listener and shows each request to the room that it is for: `/ocpi` to the partners', an upgrade on any
/// other path to the stations', everything else to the page and its API.
final class DoorKeeper: RequestHandler {
  enum Room: String, Sendable { case stations, partners, page }

  private let rooms: Set<Room>
  private var open: (stations: StationServer, partners: Endpoints, page: AdminDoor)?

  init(rooms: Set<Room>) { self.rooms = rooms }

  func open(stations: StationServer, partners: Endpoints, page: AdminDoor) {
    open = (stations, partners, page)
  }

  func handle(_ request: Request, _ exchange: Exchange) {
    guard let open else { return exchange.respond(.text("The house is opening.\n", status: .unavailable)) }
    switch room(of: request) {
    case .stations: open.stations.handle(request, exchange)
    case .partners: open.partners.handle(request, exchange)
    case .page: open.page.handle(request, exchange)
    case nil: exchange.respond(.text("Nothing answers at this address.\n", status: .notFound))
    }
  }

  func bodyLimit(for head: RequestHead) -> Int? {
    guard let open else { return nil }
    return head.target.segments.first == "ocpi" ? open.partners.bodyLimit(for: head) : open.page.bodyLimit(for: head)
  }

  private func room(of request: Request) -> Room? {
    // Who watches over the daemon asks at whatever door it can reach.
    if request.path == ["healthz"] || request.path == ["readyz"] { return .page }
    let wanted: Room =
      request.path.first == "ocpi"
      ? .partners : request.upgrade != nil ? .stations : request.path.first == "ocpp" ? .stations : .page
    return rooms.contains(wanted) ? wanted : nil
  }
}

/// Where the doors are for those who come: what is printed, shown on the page and told to partners.
struct OpenAddresses: Sendable {
  let publicURL: String
  let page: String
  let stations: String
  let listeners: [String]

  init(_ bound: [Doors.Bound], _ configuration: Configuration) {
    func address(of room: DoorKeeper.Room) -> String? {
      bound.first { $0.rooms.contains(room) }.map { "\($0.isTLS ? "https" : "http")://\($0.address)" }
    }
    page =
      configuration.pageDoor == nil ? configuration.publicURL ?? address(of: .page) ?? "" : address(of: .page) ?? ""
    publicURL = configuration.publicURL ?? address(of: .partners) ?? page
    let base =
      configuration.stationDoor == nil ? configuration.publicURL ?? address(of: .stations) : address(of: .stations)
    stations = (base ?? "").replacingScheme("http", by: "ws") + "/ocpp/"
    listeners = bound.map {
      "\($0.isTLS ? "tls" : "tcp")://\($0.address) (\($0.rooms.map(\.rawValue).sorted().joined(separator: ", ")))"
    }
  }
}

extension String {
  /// `wss://…` of `https://…`.
  fileprivate func replacingScheme(_ old: String, by new: String) -> String {
    hasPrefix(old) ? new + dropFirst(old.count) : self
  }
}

/// Why the daemon does not start, in a sentence.
struct Complaint: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

enum Environment {
  static subscript(name: String) -> String? { getenv(name).map { String(cString: $0) } }

  static var all: [String: String] {
    var found: [String: String] = [:]
    var entry = environ
    while let line = entry.pointee {
      let text = String(cString: line)
      if let equals = text.firstIndex(of: "=") {
        found[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      entry += 1
    }
    return found
  }
}

enum Folder {
  /// The data folder, for our eyes only. One that is there already keeps its mode, unless others can write in it.
  static func make(_ path: String) throws {
    var built = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      built += part + "/"
      if mkdir(built, 0o700) != 0, errno != EEXIST {
        throw Complaint("cannot make the data folder \(path): \(String(cString: strerror(errno)))")
      }
    }
    guard access(path, W_OK | X_OK) == 0 else {
      throw Complaint("cannot write in the data folder \(path): \(String(cString: strerror(errno)))")
    }
  }
}

extension EventLoop {
  /// Runs something on the loop and brings back what it returns.
  func run<Value: Sendable, Fault: Error>(
    _ body: @escaping @Sendable (EventLoop) throws(Fault) -> Value
  ) async throws(Fault) -> Value {
    let result: Result<Value, Fault> = await withCheckedContinuation { continuation in
      execute {
        do throws(Fault) { continuation.resume(returning: .success(try body(self))) } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try result.get()
  }
}
