import Admin
import CSMS
import Dispatch
import Domain
import HTTP
import Logging
import Mail
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
  /// The doors of each loop. Those of the first have the listeners, the page's socket and the way out to partners.
  private let doors: [LoopBound<Doors>]
  private let beat: any DispatchSourceTimer
  private let sweeping: Task<Void, Never>
  private let noting: Task<Void, Never>
  private let certificates: CertificateKeeper
  private let watching: Task<Void, Never>
  private let log = Logger(label: "ostler")

  /// Opens data folder, books and doors. Nothing is left behind where it throws.
  static func open(_ configuration: Configuration, clock: Clock = .system) async throws -> House {
    let zones = SystemZones(folder: Environment["OSTLER_TZDIR"])
    if let complaint = zones.complaint { throw Complaint(complaint) }
    try Folder.make(configuration.data)
    let lock = try FolderLock(folder: configuration.data)
    let store = try Store(folder: configuration.data) { end(because: $0) }
    let messages = try openMessages(in: configuration.data)
    let csms = CSMS(store: store, clock: clock, zones: zones.library, settings: configuration.house)
    try await csms.makeParty(configuration.party, businessName: configuration.partyName)
    var configuration = configuration
    if !configuration.stationNames.isEmpty { try await configuration.certifyStationDoor(by: csms) }
    return try await House(configuration, csms, messages, lock, zones.library, clock)
  }

  private init(
    _ configuration: Configuration, _ csms: CSMS, _ messages: MessageLog, _ lock: FolderLock, _ zones: ZoneLibrary,
    _ clock: Clock
  ) async throws {
    let loop = try EventLoop(label: "loop-0")
    let loops = [loop] + (try (1..<configuration.loops).map { try EventLoop(label: "loop-\($0)") })
    let trust = TLSContext.system()
    let client = await loop.run { loop in Client(loop: loop, tls: trust).handle }
    var doors: [LoopBound<Doors>] = []
    var stations: [LoopBound<StationServer>] = []
    let forwardMemory = ForwardMemory()
    for (index, loop) in loops.enumerated() {
      let made = await loop.run { loop in
        var options = StationServer.Options()
        options.heartbeatSeconds = configuration.house.heartbeatSeconds
        options.trust = trust
        options.forwardMemory = forwardMemory
        options.messageBytes = configuration.bounds.messageBytes
        options.pingInterval = configuration.bounds.pingSeconds == 0 ? nil : .seconds(configuration.bounds.pingSeconds)
        let stations = StationServer(
          loop: loop, index: UInt8(index), household: csms, door: csms, frameLog: messages, clock: clock,
          options: options)
        return (LoopBound(Doors(stations: stations, loop: loop, csms: csms), loop: loop), stations.handle)
      }
      doors.append(made.0)
      stations.append(made.1)
    }
    self.doors = doors

    // Where port 0 was asked for, the true port is known only once it is bound; so the doors are bound first, and
    // answer 503 until the rooms behind them are joined.
    var bound: [Doors.Bound] = []
    for door in configuration.trusting(csms.authorityFolder).doors {
      // Stations are spread over all loops; partners and the page are served by the first.
      var helpers: [LoopBound<Server>] = []
      if door.rooms.contains(.stations) {
        for doors in doors.dropFirst() { helpers.append(await doors.loop.run { _ in doors.value.open(door).handle }) }
      }
      let (first, others) = (doors[0], helpers)
      bound.append(try await loop.run { _ throws(NetFault) in try first.value.listen(at: door, sharedWith: others) })
    }
    addresses = OpenAddresses(bound, configuration)
    csms.stationURL = addresses.stations
    csms.webLink = Web(http: client)
    csms.mailLink = await loop.run { loop in Mailer(loop: loop, tls: trust, name: Environment.hostName).handle }
    let ocpi = try OCPIDoor(
      publicURL: addresses.publicURL, http: client, zones: zones, frames: messages, clock: clock)
    csms.handOver = { EventLoop.together($0) }
    csms.join(stations: StationLinks(stations), partners: ocpi.link)
    csms.providerLink = ocpi.link
    csms.fileBase = addresses.files

    var settings = AdminSettings()
    settings.version = Version.text
    settings.stationURLs = [addresses.stations]
    settings.partnerURLs = [ocpi.versionsURL]
    settings.publicURL = configuration.publicURL ?? ""
    settings.hosts = configuration.bounds.pageHosts
    settings.insecurePage = configuration.allowsInsecurePage
    let api = API(house: csms, messages: messages, settings: settings, clock: clock, zones: zones)
    api.supportFacts = {
      let settings = Configuration.settings.map { JSONObject.Member($0.name, .string($0.show(configuration))) }
      return [
        "version": .string(Version.text), "settings": .object(JSONObject(settings)),
        "log": .array(LogWriter.newest.map { .string($0) }),
      ]
    }
    let daemon = RunningDaemon(configuration: configuration, isRunning: true)
    var examination: Task<JSON, Never>?
    // Whoever asks while one is under way gets its outcome.
    api.checkup = {
      if let examination { return await examination.value }
      let begun = Task { JSON.array(await Doctor.findings(of: daemon, backup: nil).map(\.json)) }
      examination = begun
      defer { examination = nil }
      return await begun.value
    }
    api.outerFigures = { [doors] in await House.gather(doors, into: $0) }
    let endpoints = ocpi.endpoints(for: csms, provider: csms)
    let socket = configuration.data + "/ostler.sock"
    let openData = OpenData(csms: csms, clock: clock, zones: zones, base: addresses.publicURL)
    for doors in doors {
      await doors.loop.run { _ in
        doors.value.join(partners: endpoints, page: api, csms: csms, openData: openData)
      }
    }
    let first = doors[0]
    try await loop.run { _ throws(NetFault) in try first.value.listen(at: socket, page: api) }

    let beat = DispatchSource.makeTimerSource(queue: .main)
    beat.schedule(deadline: .now() + 1, repeating: .seconds(1), leeway: .milliseconds(50))
    beat.setEventHandler { MainActor.assumeIsolated { csms.tick() } }
    beat.activate()

    let (days, bytes) = (configuration.messageDays, configuration.messageBytes)
    noting = Task {
      while !Task.isCancelled {
        await api.notePower()
        try? await Task.sleep(for: .seconds(API.powerSeconds))
      }
    }
    sweeping = Task { [log] in
      while !Task.isCancelled {
        do { try await messages.prune(before: clock.now() - .seconds(days * 86_400), maxBytes: bytes) } catch {
          log.warning("the message log was not pruned", metadata: ["cause": "\(error)"])
        }
        try? await Task.sleep(for: .seconds(600))
      }
    }

    certificates = CertificateKeeper(await loop.run { _ in first.value.contexts }, csms: csms)
    watching = Task { [certificates] in await certificates.watch() }
    csms.onAuthorityChange = { [certificates, folder = csms.authorityFolder] in
      let doors = configuration.trusting(folder).doors
      let settings = doors.compactMap { plan in plan.tls.map { (door: plan.name, tls: $0) } }
      Task { await certificates.adopt(settings) }
    }

    self.configuration = configuration
    self.csms = csms
    self.api = api
    self.zones = zones
    self.lock = lock
    self.messages = messages
    self.beat = beat
    try csms.wake(at: clock.now())
  }

  /// The disk failed: what SQLite and the kernel hold in memory can no longer be trusted, so the process ends at once,
  /// before anybody gets another answer. The next start reads what is really there. Nothing is closed in order (`_exit`):
  /// that would use the disk.
  private nonisolated static func end(because fault: StoreFault) {
    Logger(label: "ostler").critical(
      "the disk failed; ending, so that nothing is made worse",
      metadata: [
        "cause": "\(fault)",
        "remedy": "see to the disk and start again: what was acknowledged is on it; `ostler doctor` checks the books",
      ])
    _exit(EX_IOERR)
  }

  private static func openMessages(in folder: String) throws -> MessageLog {
    let log = Logger(label: "ostler")
    let onChange: @Sendable (StoreFault?) -> Void = { fault in
      if let fault {
        log.error("messages are lost: the log of messages cannot be written", metadata: ["cause": "\(fault)"])
      } else {
        log.notice("messages are kept again")
      }
    }
    do { return try MessageLog(folder: folder, onChange: onChange) } catch {
      log.error(
        "the log of messages does not open and was set aside; a new one begins",
        metadata: ["cause": "\(error)", "aside": "\(MessageLog.setAside(in: folder))"])
      return try MessageLog(folder: folder, onChange: onChange)
    }
  }

  /// The first loop, on which signals are heard and the demo has its stations.
  var loop: EventLoop { doors[0].loop }

  /// Reads certificates and revocation lists again; those that cannot be used stay as they are.
  func reload() { Task { await certificates.reload() } }

  /// Lets nobody in any more, finishes what is under way, says goodbye to stations with 1001, and puts everything on
  /// disk.
  func close() async {
    beat.cancel()
    sweeping.cancel()
    noting.cancel()
    watching.cancel()
    api.close()
    let doors = doors
    // First nothing more comes in, so that what was handed to another loop is there before that one drains.
    await loop.run { _ in doors[0].value.stopAccepting() }
    await withTaskGroup(of: Void.self) { group in
      for doors in doors {
        group.addTask {
          await withCheckedContinuation { (closed: CheckedContinuation<Void, Never>) in
            doors.loop.execute { doors.value.drain { closed.resume() } }
          }
        }
      }
    }
    // Whatever the closing links brought is decided in one last turn.
    for doors in doors { await doors.loop.run { _ in doors.value.bringGathered() } }
    await withCheckedContinuation { (decided: CheckedContinuation<Void, Never>) in
      csms.bring(Errand(isAtTheDoor: true, decide: { { decided.resume() } }, fail: { _ in decided.resume() }))
    }
    csms.close()
    await messages.flush()
  }
}

/// The doors of the house as far as they are on one loop.
final class Doors {
  private let stations: StationServer
  private let loop: EventLoop
  private var servers: [Server] = []
  private var keepers: [DoorKeeper] = []
  /// The TLS of each listener that has it.
  private(set) var contexts: [(door: String, context: TLSContext)] = []
  private let watch: DoorWatch

  init(stations: StationServer, loop: EventLoop, csms: CSMS) {
    (self.stations, self.loop) = (stations, loop)
    watch = DoorWatch(loop: loop, csms: csms)
  }

  /// A door that the configuration asks for, on whatever loop.
  struct Plan: Sendable {
    let rooms: Set<DoorKeeper.Room>
    let address: SocketAddress
    let tls: TLSServerSettings?
    let trustedProxies: [AddressRange]
    let bounds: DoorSettings
    let crowd = Crowd()

    var name: String {
      rooms.map(\.rawValue).sorted().joined(separator: "+") + (tls?.role == .legacyStation ? ".legacy" : "")
    }
  }

  /// One opened listener.
  struct Bound: Sendable {
    let rooms: Set<DoorKeeper.Room>
    let address: SocketAddress
    let isTLS: Bool
  }

  /// Makes this loop's server of a door; it answers 503 until the rooms are joined.
  func open(_ plan: Plan) -> Server {
    let keeper = DoorKeeper(rooms: plan.rooms)
    let server = Server(
      loop: loop, door: plan.name, handler: keeper,
      limits: plan.bounds.bounded, trustedProxies: plan.trustedProxies, forwardedFields: plan.bounds.forwardedFields,
      crowd: plan.crowd)
    watch.watch(server)
    keepers.append(keeper)
    servers.append(server)
    return server
  }

  /// What each of this loop's doors did.
  var serverFigures: [(String, ServerFigures)] { servers.map { ($0.door, $0.figures) } }

  /// What was said with this loop's stations.
  var stationFigures: StationFigures { stations.figures }

  /// Binds a door's listener, whose connections are shared with the servers of other loops.
  func listen(at plan: Plan, sharedWith others: [LoopBound<Server>]) throws(NetFault) -> Bound {
    var tls: TLSContext?
    if let settings = plan.tls {
      do {
        let context = try TLSContext(server: settings)
        contexts.append((plan.name, context))
        tls = context
      } catch {
        throw NetFault(.listen, "\(plan.address)", errno: 0, note: "\(error)")
      }
    }
    let address = try open(plan).listen(on: plan.address, tls: tls, sharedWith: others)
    return Bound(rooms: plan.rooms, address: address, isTLS: tls != nil)
  }

  /// The rooms behind the doors are ready.
  func join(partners: Endpoints, page: API, csms: CSMS, openData: OpenData) {
    let files = FileDoor(loop: loop, household: csms, desk: csms)
    for keeper in keepers {
      keeper.open(
        stations: stations, partners: partners, page: AdminDoor(api: page, kind: .page), files: files,
        openData: openData)
    }
  }

  /// Opens the socket of the command line.
  func listen(at socket: String, page: API) throws(NetFault) {
    let own = Server(loop: loop, door: "socket", handler: AdminDoor(api: page, kind: .socket))
    try own.listen(on: .unix(socket))
    servers.append(own)
  }

  func stopAccepting() {
    for server in servers { server.stopAccepting() }
  }

  func bringGathered() { stations.bringGathered() }

  func drain(_ done: @escaping @Sendable () -> Void) {
    stations.drain()
    var left = servers.count
    guard left > 0 else { return done() }
    for server in servers {
      server.drain(deadline: .seconds(5)) {
        left -= 1
        if left == 0 { done() }
      }
    }
  }
}

extension Configuration {
  /// The same with our own authority among those that vouch for stations, where there is one.
  func trusting(_ folder: AuthorityFolder) -> Configuration {
    let (own, revocations) = (folder.certificateFile(.station), folder.revocationFile(.station))
    guard access(own, R_OK) == 0, access(revocations, R_OK) == 0 else { return self }
    var configuration = self
    configuration.ownAuthority = (own, revocations)
    configuration.stationAuthorities.append(own)
    configuration.revocationLists.append(revocations)
    return configuration
  }

  /// The stations' door shows a certificate of our own authority; both are made where they lack, and kept fresh.
  @MainActor fileprivate mutating func certifyStationDoor(by csms: CSMS) async throws {
    do {
      let files = try await csms.certifyStationDoor(hosts: stationNames)
      stationDoor?.certificates = [files.chain]
      stationDoor?.keys = [files.key]
    } catch {
      throw Complaint("the stations' door gets no certificate: \(error)")
    }
  }

  /// The doors that are asked for: the shared one first, unless every room has its own.
  var doors: [Doors.Plan] {
    func plan(_ rooms: Set<DoorKeeper.Room>, _ door: Door, _ role: TLSServerSettings.Role) -> Doors.Plan {
      Doors.Plan(
        rooms: rooms, address: door.address, tls: tls(of: door, role), trustedProxies: trustedProxies, bounds: bounds)
    }
    let own = [(DoorKeeper.Room.stations, stationDoor), (.partners, partnerDoor), (.page, pageDoor)]
    let shared = Set(own.filter { $0.1 == nil }.map(\.0))
    var plans = own.compactMap { room, door in door.map { plan([room], $0, room == .stations ? .station : .general) } }
    if let legacyStationDoor { plans.append(plan([.stations], legacyStationDoor, .legacyStation)) }
    guard !shared.isEmpty else { return plans }
    return [plan(shared, Door(address: listen, certificates: certificates, keys: keys), .general)] + plans
  }

  /// The TLS of a door; nil where it has no certificate.
  private func tls(of door: Door, _ role: TLSServerSettings.Role) -> TLSServerSettings? {
    guard !door.certificates.isEmpty else { return nil }
    let identities = zip(door.certificates, door.keys).map { TLSIdentity(chain: .file($0), key: .file($1)) }
    var settings = TLSServerSettings(identities: identities, role: role)
    settings.listsMayLack = ownAuthority != nil && revocationLists == ownAuthority.map { [$0.revocations] }
    if role != .general, !stationAuthorities.isEmpty {
      // Optional, so that stations with a password and stations with a certificate share a door.
      settings.clientCertificates = .optional(
        .files(stationAuthorities), revoked: revocationLists.isEmpty ? nil : .files(revocationLists))
    }
    return settings
  }
}

/// Stands at a listener and shows each request to the room that it is for: `/ocpi` to the partners', an upgrade on any
/// other path to the stations', everything else to the page and its API.
final class DoorKeeper: RequestHandler {
  enum Room: String, Sendable { case stations, partners, page }

  private let rooms: Set<Room>
  private var open:
    (stations: StationServer, partners: Endpoints, page: AdminDoor, files: FileDoor, openData: OpenData)?

  init(rooms: Set<Room>) { self.rooms = rooms }

  func open(
    stations: StationServer, partners: Endpoints, page: AdminDoor, files: FileDoor, openData: OpenData
  ) {
    open = (stations, partners, page, files, openData)
  }

  func handle(_ request: Request, _ exchange: Exchange) {
    guard let open else { return exchange.respond(.text("The house is opening.\n", status: .unavailable)) }
    if takesFiles(request.target) { return open.files.handle(request, exchange) }
    // Whoever reads the page or speaks OCPI can read what is public.
    if OpenData.isMeant(by: request.target), rooms.contains(.partners) || rooms.contains(.page) {
      return open.openData.handle(request, exchange)
    }
    switch room(of: request) {
    case .stations: open.stations.handle(request, exchange)
    case .partners: open.partners.handle(request, exchange)
    case .page: open.page.handle(request, exchange)
    case nil: exchange.respond(.text("Nothing answers at this address.\n", status: .notFound))
    }
  }

  func bodyLimit(for head: RequestHead) -> Int? {
    guard let open else { return nil }
    if takesFiles(head.target) { return open.files.bodyLimit(for: head) }
    return head.target.segments.first == "ocpi" ? open.partners.bodyLimit(for: head) : open.page.bodyLimit(for: head)
  }

  func answer(to refusal: HTTP.Refusal, at target: String, _ headers: Headers) -> Response? {
    guard rooms.contains(.partners), Endpoints.isMeant(by: target) else { return nil }
    return open?.partners.answer(to: refusal, at: target, headers)
  }

  func takesPieces(of head: RequestHead) -> Bool {
    takesFiles(head.target) ? open?.files.takesPieces(of: head) ?? false : false
  }

  /// Files are for stations, and are brought by operators too.
  private func takesFiles(_ target: Target) -> Bool {
    FileDoor.isMeant(by: target) && (rooms.contains(.stations) || rooms.contains(.page))
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
  /// Where stations bring and fetch files.
  let files: String
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
    files = (base ?? "") + "/files/"
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
