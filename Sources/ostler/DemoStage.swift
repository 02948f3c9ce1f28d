import CSMS
import Crypto
import Domain
import HTTP
import Net
import OCPI
import OCPP
import Simulator
import Store
import Wire

/// The people and machines of the demo, and its script.
@MainActor
final class DemoStage {
  /// A driver of ours.
  static let localTag = "04A1B2C3D4"
  /// A station where nothing happens by itself.
  static let spare = "HARBOUR-4"
  private static let stranger = "NEW-STATION"

  /// A key for the person at the terminal.
  let apiKey: String
  /// An OCPI token for the same person: a second, silent partner.
  let observerToken: String

  private let house: House
  private let headless: Bool
  private let say: @MainActor @Sendable (String) -> Void
  private let actors: LoopBound<DemoActors>
  private let invitation: String
  private var player: LoopBound<ScenarioPlayer<DemoActors.Cue>>?
  private var listener: Int?

  init(
    _ house: House, clock: FastClock, seed: UInt64, headless: Bool, version: StationProfile.Version,
    say: @escaping @MainActor @Sendable (String) -> Void
  ) async throws {
    self.house = house
    self.headless = headless
    self.say = say
    let csms = house.csms
    let plan = DemoPlan(version)
    try await plan.furnish(csms, clock: clock)
    apiKey = try await csms.addKey("demo", role: .operator, by: "demo").key
    var quirks = PartnerQuirks()
    quirks.allowPrivate = true
    observerToken = try await csms.invite(name: "You, with curl", party: nil, quirks: quirks, by: "demo").token
    invitation = try await csms.invite(name: "Demo Mobility (NL*DEM)", party: nil, quirks: quirks, by: "demo").token
    let stations = try HTTPURL(house.addresses.stations)
    let loop = house.loop
    let versions = "\(house.addresses.publicURL)/ocpi/versions"
    actors = try await loop.run { [invitation] loop throws(NetFault) in
      LoopBound(
        try DemoActors(
          plan: plan, stations: stations, versions: versions, invitation: invitation, clock: clock, seed: seed,
          loop: loop
        ) {
          line in Task { @MainActor in say(line) }
        },
        loop: loop)
    }
  }

  /// Begins. `pace` below 1 plays the script that much faster.
  func play(pace: Double) async throws {
    listener = house.csms.feed.listen { [weak self] news in news.events.forEach { self?.heard($0) } }
    let script = Self.script(pace: pace)
    player = await house.loop.run { [actors] loop in
      let player = ScenarioPlayer(script, loop: loop) { actors.value.perform($0) }
      player.play()
      return LoopBound(player, loop: loop)
    }
  }

  private func heard(_ event: LoggedEvent) {
    func field(_ name: String) -> String { event.body[name]?.string ?? event.body[name]?.int.map { "\($0)" } ?? "" }
    switch event.kind {
    case "station.knocked":
      say("event=knock station=\(Self.stranger) hint=\"accept it on the page\"")
      guard headless, let identity = StationIdentity(Self.stranger) else { return }
      Task { [house] in _ = try? await house.csms.accept(identity, at: nil, by: "demo") }
    case "push.acknowledged" where field("module") == "cdrs":
      say("event=cdr_acknowledged cdr=\(field("object")) after_ms=\(field("milliseconds"))")
    case "push.failed":
      say("event=push_waits module=\(field("module")) object=\(field("object")) why=\"\(field("why"))\"")
    default: break
    }
  }

  private static func script(pace: Double) -> Scenario<DemoActors.Cue> {
    var script = Scenario<DemoActors.Cue>()
    func at(_ seconds: Double, _ cue: DemoActors.Cue) { script.at(seconds * pace, cue) }
    at(0.3, .openDoors)
    at(3, .knock(stranger))
    at(5, .register)
    at(8, .plugIn("PARK-1", tag: localTag))
    at(11, .partnerStarts(station: "HARBOUR-1"))
    at(14, .plugIn("PARK-2", tag: DemoActors.roamingTags[0]))
    at(18, .plugIn("HOTEL-1", tag: DemoActors.roamingTags[1]))
    at(33, .unplug("PARK-1"))
    at(36, .partnerStops)
    at(40, .unplug("PARK-2"))
    at(44, .partnerLeaves(seconds: 10 * pace))
    at(47, .unplug("HOTEL-1"))
    // After the minute the network lives on by itself, until somebody ends it.
    script.every(20, from: 65 * pace, until: 3_600 * 12) { count in
      count % 2 == 0
        ? .plugIn("PARK-\(count / 2 % 4 + 1)", tag: count % 4 == 0 ? localTag : DemoActors.roamingTags[0])
        : .unplug("PARK-\(count / 2 % 4 + 1)")
    }
    return script
  }

  func summary() async -> DemoSummary {
    var summary = await house.loop.run { [actors] _ in actors.value.summary }
    let counted = try? await house.csms.read { books throws(StoreFault) in
      (
        try books.stations.count(), try books.sessions.list(limit: 1_000).count, try books.cdrs.list(limit: 1_000).count
      )
    }
    if let counted { (summary.stations, summary.sessions, summary.cdrs) = counted }
    return summary
  }

  func close() async {
    if let listener { house.csms.feed.leave(listener) }
    await house.loop.run { [actors, player] _ in
      player?.value.stop()
      actors.value.close()
    }
  }
}

/// What the operator of the demo has: three sites, two tariffs, twelve stations, a few cards.
struct DemoPlan: Sendable {
  struct Site: Sendable {
    let name: String
    let address: String
    let city: String
    let latitude: String
    let longitude: String
    let stations: [StationProfile]
  }

  let sites: [Site]
  let version: StationProfile.Version

  /// - Parameter version: which version of OCPP its stations speak.
  init(_ version: StationProfile.Version) {
    self.version = version
    func stations(_ prefix: String, _ kinds: [StationProfile.Kind]) -> [StationProfile] {
      kinds.enumerated().map { place, kind in
        let identity = "\(prefix)-\(place + 1)"
        var profile = StationProfile(
          identity: identity, kind: kind, connectors: 1, password: Bytes(utf8: Self.password(of: identity)))
        profile.meterSeconds = 30
        profile.version = version
        return profile
      }
    }
    var park = stations("PARK", [.ac22, .ac22, .ac11, .ac11])
    park[3].dropsEverySeconds = 15
    var harbour = stations("HARBOUR", [.dc150, .dc150, .dc50, .dc50])
    harbour[2].faultedConnector = 1
    let hotel = stations("HOTEL", [.ac11, .ac11, .ac22, .ac22])
    sites = [
      Site(
        name: "Town park", address: "Parkstraat 1", city: "Zutphen", latitude: "52.140200", longitude: "6.194800",
        stations: park),
      Site(
        name: "Harbour", address: "Havenkade 12", city: "Zutphen", latitude: "52.147500", longitude: "6.186300",
        stations: harbour),
      Site(
        name: "Hotel De Wagen", address: "Markt 3", city: "Deventer", latitude: "52.251000", longitude: "6.155400",
        stations: hotel),
    ]
  }

  private static func password(of identity: String) -> String { "demo-\(identity)-password" }

  /// What stands on the box of a station with one EVSE: eMI3 has no hyphen.
  fileprivate static func evseID(at identity: String) -> String {
    "NL*OST*E" + String(identity.map { $0 == "-" ? "*" : $0 })
  }

  /// Writes all of it into the books.
  @MainActor func furnish(_ house: CSMS, clock: FastClock) async throws {
    let now = clock.now().time
    let day = try await house.addTariff(Self.byTimeOfDay, by: "demo").id
    let fast = try await house.addTariff(Self.fast, by: "demo").id
    for site in sites {
      guard let coordinates = Coordinates(latitude: site.latitude, longitude: site.longitude) else { continue }
      let location = try await house.addLocation(
        Location(
          id: ID(0), party: ID(0), ref: "", name: site.name, address: site.address, city: site.city, country: "NLD",
          coordinates: coordinates, timeZone: "Europe/Amsterdam", createdAt: now, updatedAt: now), by: "demo")
      for profile in site.stations {
        guard let identity = StationIdentity(profile.identity) else { continue }
        _ = try await house.addStation(
          identity, at: location.id, password: Self.password(of: profile.identity), evses: 1, by: "demo")
        let tariff = profile.kind.isDC ? fast : day
        try await house.changeEVSE(1, of: identity, by: "demo") { evse in
          evse.evseID = Self.evseID(at: profile.identity)
          evse.connectors = [profile.connector(tariff: tariff, at: now)]
        }
      }
    }
    for (tag, name) in [(DemoStage.localTag, "Anna"), ("04FFEE0011", "Bram")] {
      _ = try await house.addToken(
        Token(
          id: ID(0), uid: tag, kind: .rfid, contractID: "", visualNumber: name, issuer: "", createdAt: now,
          updatedAt: now),
        by: "demo")
    }
  }

  /// Cheaper at night and at the weekend, and a fee for cars that stay when they are full.
  private static var byTimeOfDay: Tariff {
    var night = Tariff.Restrictions()
    (night.startTime, night.endTime) = ("22:00", "07:00")
    var weekend = Tariff.Restrictions()
    weekend.weekdays = [.saturday, .sunday]
    let vat = Decimal(21)
    var tariff = Tariff()
    tariff.ref = "DAY-NIGHT"
    tariff.elements = [
      .init([.init(.energy, price: Decimal(24, places: 2), vat: vat)], when: night),
      .init([.init(.energy, price: Decimal(28, places: 2), vat: vat)], when: weekend),
      .init([
        .init(.energy, price: Decimal(36, places: 2), vat: vat),
        .init(.parkingTime, price: Decimal(120, places: 2), vat: vat, stepSize: 60),
      ]),
    ]
    tariff.text = [
      LocalText("€ 0.36 per kWh by day, € 0.24 by night, € 0.28 at the weekend, before VAT", language: "en")
    ]
    return tariff
  }

  private static var fast: Tariff {
    let vat = Decimal(21)
    var tariff = Tariff()
    tariff.ref = "FAST"
    tariff.elements = [
      .init([
        .init(.flat, price: Decimal(50, places: 2), vat: vat), .init(.energy, price: Decimal(52, places: 2), vat: vat),
      ])
    ]
    tariff.text = [LocalText("€ 0.50 per session and € 0.52 per kWh, before VAT", language: "en")]
    return tariff
  }
}

extension StationProfile {
  fileprivate func connector(tariff: ID<Tariff>, at now: Timestamp) -> Connector {
    switch kind {
    case .ac11: Connector(id: ID(0), number: 1, maxAmperage: 16, tariff: tariff, updatedAt: now)
    case .ac22: Connector(id: ID(0), number: 1, maxAmperage: 32, tariff: tariff, updatedAt: now)
    case .dc50:
      Connector(
        id: ID(0), number: 1, standard: .ccs2, format: .cable, powerType: .dc, maxVoltage: 500, maxAmperage: 125,
        maxPower: 50_000,
        tariff: tariff, updatedAt: now)
    case .dc150:
      Connector(
        id: ID(0), number: 1, standard: .ccs2, format: .cable, powerType: .dc, maxVoltage: 920, maxAmperage: 300,
        maxPower: 150_000,
        tariff: tariff, updatedAt: now)
    }
  }
}

/// The machines of the demo, on their loop.
final class DemoActors {
  /// What the script can ask for.
  enum Cue: Sendable {
    case openDoors
    case knock(String)
    case register
    case plugIn(String, tag: String)
    case unplug(String)
    case partnerStarts(station: String)
    case partnerStops
    case partnerLeaves(seconds: Double)
  }

  /// Cards of the partner's drivers.
  static let roamingTags = ["D3M0CARD01", "D3M0CARD02", "D3M0CARD03"]

  private let fleet: Fleet
  private let stranger: (String) -> VirtualStation
  private var strangers: [VirtualStation] = []
  private let partner: VirtualPartner
  private let versions: String
  private let invitation: String
  private let say: @Sendable (String) -> Void
  private var app: V221.Token?
  private var conflicts = 0
  private var told: [String: V221.Session.Status] = [:]
  private var isClosed = false

  init(
    plan: DemoPlan, stations url: HTTPURL, versions: String, invitation: String, clock: FastClock, seed: UInt64,
    loop: EventLoop,
    say: @escaping @Sendable (String) -> Void
  ) throws(NetFault) {
    self.versions = versions
    self.invitation = invitation
    self.say = say
    fleet = Fleet(
      plan.sites.flatMap(\.stations), seed: seed, connectOver: .seconds(1), url: url, clock: clock, loop: loop)
    stranger = { identity in
      var profile = StationProfile(
        identity: identity, kind: .ac22, connectors: 2, password: Bytes(utf8: "stranger-secret-1"))
      profile.version = plan.version
      return VirtualStation(profile, url: url, clock: clock, seed: seed &+ 99, loop: loop)
    }
    partner = VirtualPartner(clock: clock.clock, seed: seed, loop: loop)
    try partner.open()
    fleet.onEvent = { [weak self] station, event in self?.tell(event, of: station) }
    partner.onEvent = { [weak self] event in self?.told(event) }
  }

  func perform(_ cue: Cue) {
    switch cue {
    case .openDoors: fleet.start()
    case .knock(let identity):
      let station = stranger(identity)
      station.onEvent = { [weak self] station, event in self?.tell(event, of: station) }
      strangers.append(station)
      station.start()
    case .register:
      partner.register(versions, tokenA: invitation) { [weak self] result in self?.registered(result) }
    case .plugIn(let station, let tag): fleet[station]?.plugIn(tag: tag)
    case .unplug(let station): fleet[station]?.unplug()
    case .partnerStarts(let station): start(at: station)
    case .partnerStops:
      let running = partner.books.sessions(.active).first { $0.token.uid == app?.uid }
      if let running { partner.stopSession(running.id) }
    case .partnerLeaves(let seconds): partner.goDown(for: .milliseconds(Int64(seconds * 1_000)))
    }
  }

  private func registered(_ result: Result<VirtualPartner.House, PartnerFailure>) {
    if case .failure(let failure) = result { return say("event=handshake partner=NL*DEM ok=false why=\"\(failure)\"") }
    for tag in Self.roamingTags { partner.pushToken(partner.issueToken(tag, whitelist: .always)) }
    // An app's driver: the uid fits no card, so it travels to the station under an alias.
    app = partner.issueToken("0193f8a2-app-user-7c1d-demo-driver", kind: .appUser)
    if let app { partner.pushToken(app) }
  }

  private func start(at station: String) {
    guard let app else { return }
    let place = partner.books.evses.first { $0.evse.evseID == DemoPlan.evseID(at: station) }
    guard let place else { return say("event=start_session ok=false why=\"the partner was not told of \(station)\"") }
    partner.startSession(location: place.location.id, evse: place.evse.uid, token: app, reference: "DEMO-REF-1")
  }

  private func told(_ event: PartnerEvent) {
    switch event {
    case .registered: say("event=handshake partner=NL*DEM ok=true")
    case .session(let id, let status, let kWh):
      // The figures of a running session come twice a second; what people want to see is what became of it.
      guard told.updateValue(status, forKey: id) != status else { return }
      say("event=partner_session id=\(id) status=\(status.rawValue) kwh=\(kWh)")
    case .cdr(let id, let cost, let currency): say("event=cdr_at_partner id=\(id) cost=\(cost) currency=\(currency)")
    case .cdrConflict: conflicts += 1
    case .commandResult(_, let name, let result): say("event=command_result name=\(name) result=\(result.rawValue)")
    case .commandFailed(_, let name, let why): say("event=command_failed name=\(name) why=\"\(why)\"")
    case .wentDown: say("event=partner_down hint=\"watch its push queue grow\"")
    case .cameBack: say("event=partner_back")
    case .unregistered, .location, .tariff, .tariffRemoved, .cdrRepeated, .booking, .authorized, .commandAnswered,
      .began,
      .cdrTaken, .failed:
      break
    }
  }

  private func tell(_ event: StationEvent, of station: VirtualStation) {
    guard !isClosed else { return }
    let name = "station=\(station.profile.identity)"
    switch event {
    case .booted(let word, _): say("event=boot \(name) status=\(word.rawValue)")
    case .sessionConfirmed(_, let transaction): say("event=session_started \(name) transaction=\(transaction)")
    case .sessionEnded(_, _, let wattHours, let reason):
      say("event=session_ended \(name) wh=\(wattHours) reason=\(reason.rawValue)")
    case .disconnected(let why): say("event=station_disconnected \(name) why=\"\(why)\"")
    case .failed(let action, let why): say("event=station_failed \(name) action=\(action) why=\"\(why)\"")
    case .connected, .refused, .status, .authorized, .sessionStarted, .stopAcknowledged, .asked, .answered, .dropped,
      .rebooting, .code:
      break
    }
  }

  /// What the partner knows.
  var summary: DemoSummary {
    DemoSummary(acknowledged: partner.books.cdrs.count, conflicts: conflicts)
  }

  func close() {
    isClosed = true
    fleet.stop()
    for station in strangers { station.stop() }
    partner.close()
  }
}
