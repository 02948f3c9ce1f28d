import ArgumentParser
import Domain
import HTTP
import Logging
import Net
import OCPI
import Simulator
import Wire

/// `ostler sim`: the demo's station and partner alone, as a peer for somebody who tests something.
struct Sim: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sim", abstract: "A virtual station or roaming partner, to test against.",
    subcommands: [Station.self, Partner.self])

  struct Station: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "A virtual OCPP station.")
    @Option(help: "Its identity.") var id: String
    @Option(help: "Where it connects; its identity is appended.") var url = "ws://127.0.0.1:8080/ocpp"
    @Option(help: "ac11, ac22, dc50 or dc150.") var profile = "ac22"
    @Option(name: .customLong("ocpp"), help: "The OCPP version that it speaks: 1.6, 2.0.1 or 2.1.") var spoken = "1.6"
    @Option(help: "Its HTTP Basic password.") var password: String?
    @Option(help: "A card that is shown again and again: a session of so many seconds, see --session.") var tag: String?
    @Option(help: "Seconds of a session with --tag.") var session = 60
    @Option(help: "How much faster its clock runs, 1 to 1000.") var speed = 1
    @Flag(name: .customLong("both-ways"), help: "Its meters count what vehicles give back, and tell it.")
    var metersBothWays = false
    @Option(
      name: .customLong("quirk"),
      help: "A bad habit, several times: \(StationHabit.allCases.map(\.rawValue).joined(separator: ", ")).")
    var quirks: [String] = []

    func validate() throws {
      guard StationProfile.Kind(rawValue: profile) != nil else {
        throw ValidationError("--profile: ac11, ac22, dc50 or dc150")
      }
      guard StationProfile.Version(rawValue: spoken) != nil else {
        throw ValidationError("--ocpp: 1.6, 2.0.1 or 2.1")
      }
      for name in quirks where StationHabit(rawValue: name) == nil {
        throw ValidationError("--quirk: \(StationHabit.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      guard (1...86_400).contains(session) else { throw ValidationError("--session: 1 to 86400") }
      guard (1...1_000).contains(speed) else { throw ValidationError("--speed: 1 to 1000") }
      guard let address = try? HTTPURL(url), address.scheme == .ws || address.scheme == .wss else {
        throw ValidationError("--url: such as ws://127.0.0.1:8080/ocpp")
      }
    }

    @MainActor func run() async throws {
      let loop = try EventLoop(label: "station")
      let address = try HTTPURL(url)
      let clock = speed == 1 ? FastClock.system : FastClock(speed: speed)
      var profile = StationProfile(
        identity: id, kind: StationProfile.Kind(rawValue: self.profile) ?? .ac22, connectors: 1,
        password: password.map { Bytes(utf8: $0) })
      profile.version = StationProfile.Version(rawValue: spoken) ?? .v16
      profile.meterSeconds = 10
      profile.metersBothWays = metersBothWays
      for habit in quirks.compactMap({ StationHabit(rawValue: $0) }) { profile.take(habit) }
      let station = await loop.run { [profile] loop in
        let station = VirtualStation(
          profile, url: address, clock: clock, seed: .random(in: 0 ... .max), tls: .system(), loop: loop)
        station.onEvent = { _, event in Console.say(event.line) }
        station.start()
        return LoopBound(station, loop: loop)
      }
      if speed > 1 {
        Console.say(
          "event=warning what=\"this station's clock runs \(speed) times as fast as a daemon's own: energy comes faster than"
            + " any meter counts, so such a daemon holds the bills (ostler demo gives the daemon the same clock)\"")
      }
      if let tag { loop.execute { [session] in Sim.drive(station, tag: tag, seconds: session) } }
      try await Ending(on: loop).wait()
      await loop.run { _ in station.value.stop() }
    }
  }

  /// Cars come and go, each for as long as a session lasts, with a quarter of that between them.
  private static func drive(_ station: LoopBound<VirtualStation>, tag: String, seconds: Int) {
    station.loop.schedule(after: .seconds(max(1, seconds / 4))) {
      station.value.plugIn(tag: tag)
      station.loop.schedule(after: .seconds(seconds)) {
        station.value.unplug()
        drive(station, tag: tag, seconds: seconds)
      }
    }
  }

  struct Partner: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "A virtual OCPI roaming partner. Without --register it waits for you to register with it.")
    @Option(help: "Where it listens.") var listen = "127.0.0.1:8085"
    @Option(help: "Who it is.") var party = "NL*DEM"
    @Option(help: "What it is to you: emsp, cpo or hub.") var role = "emsp"
    @Option(help: "The version that it speaks: 2.1.1 (not a hub), 2.2.1 or 2.3.0.") var ocpi = "2.2.1"
    @Option(
      help: "How it misbehaves: down, slow, 429, 500, half-json, lying-links, wrong-base64, duplicates or late.")
    var mood = "well"
    @Option(help: "Begins a session of this token of yours once a minute, as a cpo.") var charge: String?
    @Option(help: "The token A that it gives away.") var token = "demo-mobility-token-a"
    @Option(help: "Your versions URL, to register there.") var register: String?
    @Option(help: "The token that you gave it, with --register.") var with: String?
    @Option(help: "Tokens of its drivers, sent to you after the handshake.") var driver: [String] = []
    @Option(
      help: "Books your place of that id for its first driver, as an emsp of 2.3.0; once, for the next free time.")
    var book: String?

    func validate() throws {
      guard PartyID(party) != nil else { throw ValidationError("--party: such as NL*DEM") }
      guard (try? SocketAddress(parsing: listen)) != nil else {
        throw ValidationError("--listen: such as 127.0.0.1:8085")
      }
      guard VirtualPartner.Role(rawValue: role) != nil else { throw ValidationError("--role: emsp, cpo or hub") }
      guard PartnerMood(rawValue: mood) != nil else {
        throw ValidationError("--mood: \(PartnerMood.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      guard ["2.1.1", "2.2.1", "2.3.0"].contains(ocpi) else {
        throw ValidationError("--ocpi: 2.1.1, 2.2.1 or 2.3.0")
      }
      guard ocpi != "2.1.1" || role != VirtualPartner.Role.hub.rawValue else {
        throw ValidationError("--ocpi 2.1.1: it knows no hubs")
      }
      guard (register == nil) == (with == nil) else { throw ValidationError("--register and --with go together") }
    }

    @MainActor func run() async throws {
      let loop = try EventLoop(label: "partner")
      let address = try SocketAddress(parsing: listen)
      let profile = VirtualPartner.Profile(
        party: PartyID(party) ?? PartyID(country: "NL", party: "DEM"), tokenA: token,
        role: VirtualPartner.Role(rawValue: role) ?? .provider, version: ocpi)
      let manner = PartnerMood(rawValue: mood) ?? .well
      let partner = try await loop.run { [driver, charge, book] loop throws(NetFault) in
        let partner = VirtualPartner(profile, tls: .system(), loop: loop)
        partner.mood = manner
        partner.onEvent = { [weak partner] event in
          Console.say(event.line)
          guard event == .registered, let partner else { return }
          if let charge { Sim.charge(charge, at: partner, loop: loop) }
          for uid in driver { hand(partner.issueToken(uid), from: partner, attempts: 5, loop: loop) }
          guard let book, let uid = driver.first else { return }
          // The house knows by then that we take bookings.
          loop.schedule(after: .seconds(2)) { [weak partner] in
            partner?.book(book, token: partner?.issueToken(uid)) { result in
              switch result {
              case .success(let booking): Console.say("event=booked id=\(booking.id) status=\(booking.status.rawValue)")
              case .failure(let failure): Console.say("event=booked ok=false why=\"\(failure)\"")
              }
            }
          }
        }
        let url = try partner.open(on: address)
        Console.say("versions url \(url)\ntoken        \(profile.tokenA)")
        return LoopBound(partner, loop: loop)
      }
      if let register, let with {
        loop.execute {
          partner.value.register(register, tokenA: with) { result in
            if case .failure(let failure) = result { Console.say("event=registered ok=false why=\"\(failure)\"") }
          }
        }
      }
      try await Ending(on: loop).wait()
      await loop.run { _ in partner.value.close() }
    }
  }

  /// A driver of the house comes once a minute and stays for half of it.
  private static func charge(_ uid: String, at partner: VirtualPartner, loop: EventLoop) {
    if let session = partner.beginSession(uid: uid) {
      loop.schedule(after: .seconds(15)) { [weak partner] in partner?.charge(Decimal(2), in: session) }
      loop.schedule(after: .seconds(30)) { [weak partner] in
        partner?.charge(Decimal(4), in: session)
        partner?.endSession(session)
      }
    }
    loop.schedule(after: .seconds(60)) { [weak partner] in
      if let partner { charge(uid, at: partner, loop: loop) }
    }
  }

  /// Sends a token, again after a second where it was not taken: a house that asked to register takes ours only when it
  /// has our answer.
  private static func hand(_ token: V221.Token, from partner: VirtualPartner, attempts: Int, loop: EventLoop) {
    partner.pushToken(token) { [weak partner] result in
      switch result {
      case .success: Console.say("event=token_sent uid=\(token.uid)")
      case .failure(let failure) where attempts <= 1:
        Console.say("event=token_refused uid=\(token.uid) why=\"\(failure)\"")
      case .failure:
        loop.schedule(after: .seconds(1)) {
          if let partner { hand(token, from: partner, attempts: attempts - 1, loop: loop) }
        }
      }
    }
  }
}

// MARK: - What is printed

extension StationEvent {
  /// One line, as the demo writes them.
  fileprivate var line: String {
    switch self {
    case .connected: "event=connected"
    case .refused(let why): "event=refused why=\"\(why)\""
    case .disconnected(let why): "event=disconnected why=\"\(why)\""
    case .booted(let word, let seconds): "event=boot status=\(word.rawValue) interval=\(seconds)"
    case .status(let connector, let word): "event=status connector=\(connector) status=\(word.rawValue)"
    case .authorized(let tag, let word): "event=authorized tag=\(tag) status=\(word.rawValue)"
    case .sessionStarted(let connector, let tag): "event=car_charges connector=\(connector) tag=\(tag)"
    case .sessionConfirmed(let connector, let transaction):
      "event=session_started connector=\(connector) transaction=\(transaction)"
    case .sessionEnded(let connector, let transaction, let wattHours, let reason):
      "event=session_ended connector=\(connector) transaction=\(transaction.map { "\($0)" } ?? "none") wh=\(wattHours)"
        + " reason=\(reason.rawValue)"
    case .stopAcknowledged(let transaction): "event=stop_acknowledged transaction=\(transaction)"
    case .asked(let action, let answer): "event=asked action=\(action) answer=\(answer)"
    case .answered(let action, let after): "event=answered action=\(action) after_ms=\(after.wholeMilliseconds)"
    case .failed(let action, let why): "event=failed action=\(action) why=\"\(why)\""
    case .dropped(let action): "event=dropped action=\(action)"
    case .rebooting(let hard): "event=rebooting hard=\(hard)"
    case .code(let connector, let url): "event=code connector=\(connector) url=\(url)"
    }
  }
}

extension PartnerEvent {
  fileprivate var line: String {
    switch self {
    case .registered: "event=registered ok=true"
    case .unregistered: "event=unregistered"
    case .location(let id): "event=location id=\(id)"
    case .tariff(let id): "event=tariff id=\(id)"
    case .tariffRemoved(let id): "event=tariff_removed id=\(id)"
    case .session(let id, let status, let kWh): "event=session id=\(id) status=\(status.rawValue) kwh=\(kWh)"
    case .cdr(let id, let cost, let currency): "event=cdr id=\(id) cost=\(cost) currency=\(currency)"
    case .booking(let id, let status): "event=booking id=\(id) status=\(status.rawValue)"
    case .cdrRepeated(let id): "event=cdr_repeated id=\(id)"
    case .cdrConflict(let id): "event=cdr_conflict id=\(id)"
    case .authorized(let uid, let allowed): "event=authorized uid=\(uid) allowed=\(allowed.rawValue)"
    case .commandAnswered(let id, let name, let word):
      "event=command_answered id=\(id) name=\(name) result=\(word.rawValue)"
    case .commandResult(let id, let name, let word):
      "event=command_result id=\(id) name=\(name) result=\(word.rawValue)"
    case .commandFailed(let id, let name, let why): "event=command_failed id=\(id) name=\(name) why=\"\(why)\""
    case .began(let id): "event=session_begun id=\(id)"
    case .cdrTaken(let id): "event=cdr_taken id=\(id)"
    case .failed(let why): "event=failed why=\"\(why)\""
    case .wentDown: "event=down"
    case .cameBack: "event=back"
    }
  }
}
