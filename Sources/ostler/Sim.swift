import ArgumentParser
import Domain
import HTTP
import Logging
import Net
import Simulator
import Wire

/// `ostler sim`: the demo's station and partner alone, as a peer for somebody who tests something.
struct Sim: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sim", abstract: "A virtual station or roaming partner, to test against.",
    subcommands: [Station.self, Partner.self])

  struct Station: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "A virtual OCPP 1.6J station.")
    @Option(help: "Its identity.") var id: String
    @Option(help: "Where it connects; its identity is appended.") var url = "ws://127.0.0.1:8080/ocpp"
    @Option(help: "ac11, ac22, dc50 or dc150.") var profile = "ac22"
    @Option(help: "Its HTTP Basic password.") var password: String?
    @Option(help: "A card that is shown again and again: a session of so many seconds, see --session.") var tag: String?
    @Option(help: "Seconds of a session with --tag.") var session = 60
    @Option(help: "How much faster its clock runs.") var speed = 1

    func validate() throws {
      guard StationProfile.Kind(rawValue: profile) != nil else { throw ValidationError("--profile: ac11, ac22, dc50 or dc150") }
      guard (1...86_400).contains(session) else { throw ValidationError("--session: 1 to 86400") }
    }

    @MainActor func run() async throws {
      let loop = try EventLoop(label: "station")
      let address = try HTTPURL(url)
      let clock = speed == 1 ? FastClock.system : FastClock(speed: speed)
      var profile = StationProfile(
        identity: id, kind: StationProfile.Kind(rawValue: self.profile) ?? .ac22, connectors: 1,
        password: password.map { Bytes(utf8: $0) })
      profile.meterSeconds = 10
      let trust = try? TLSContext(client: TLSClientSettings())
      let station = await loop.run { [profile] loop in
        let station = VirtualStation(profile, url: address, clock: clock, seed: .random(in: 0 ... .max), tls: trust, loop: loop)
        station.onEvent = { _, event in Console.say("\(event)") }
        station.start()
        return LoopBound(station, loop: loop)
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
      abstract: "A virtual OCPI 2.2.1 roaming partner (eMSP). Without --register it waits for you to register with it.")
    @Option(help: "Where it listens.") var listen = "127.0.0.1:8085"
    @Option(help: "Who it is.") var party = "NL*DEM"
    @Option(help: "The token A that it gives away.") var token = "demo-mobility-token-a"
    @Option(help: "Your versions URL, to register there.") var register: String?
    @Option(help: "The token that you gave it, with --register.") var with: String?
    @Option(help: "Tokens of its drivers, sent to you after the handshake.") var driver: [String] = []

    func validate() throws {
      guard PartyID(party) != nil else { throw ValidationError("--party: such as NL*DEM") }
      guard (register == nil) == (with == nil) else { throw ValidationError("--register and --with go together") }
    }

    @MainActor func run() async throws {
      let loop = try EventLoop(label: "partner")
      let address = try SocketAddress(parsing: listen)
      let profile = VirtualPartner.Profile(party: PartyID(party) ?? PartyID(country: "NL", party: "DEM"), tokenA: token)
      let trust = try? TLSContext(client: TLSClientSettings())
      let partner = try await loop.run { [driver] loop throws(NetFault) in
        let partner = VirtualPartner(profile, tls: trust, loop: loop)
        partner.onEvent = { [weak partner] event in
          Console.say("\(event)")
          guard event == .registered, let partner else { return }
          for uid in driver { partner.pushToken(partner.issueToken(uid)) }
        }
        let url = try partner.open(on: address)
        Console.say("versions url \(url)\ntoken        \(profile.tokenA)")
        return LoopBound(partner, loop: loop)
      }
      if let register, let with {
        loop.execute {
          partner.value.register(register, tokenA: with) { result in
            if case .failure(let failure) = result { Console.say("registration failed: \(failure)") }
          }
        }
      }
      try await Ending(on: loop).wait()
      await loop.run { _ in partner.value.close() }
    }
  }
}
