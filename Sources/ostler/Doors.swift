import Admin
import CSMS
import Domain
import HTTP
import Logging
import Net
import OCPI
import OCPP
import Store

#if canImport(Glibc)
  import Glibc
#endif

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
    let crowd = ConnectionLimits()

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
  @MainActor mutating func certifyStationDoor(by csms: CSMS) async throws {
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
