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
