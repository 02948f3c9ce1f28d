import ArgumentParser
import CSMS
import Domain
import HTTP
import Logging
import Net
import Simulator
import Store
import Wire

#if canImport(Glibc)
  import Glibc
#endif

/// `ostler demo`: a whole charging network on this machine, in a minute: stations, a stranger that knocks, a roaming
/// partner, sessions that become bills, and an outage that nobody loses anything by. Its clock runs sixty times as fast
/// as yours.
struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Show a whole charging network on this machine.")

  @Option(help: "Address of the daemon.") var listen = "127.0.0.1:8080"
  @Option(help: "Keep the data in this folder instead of throwing it away.") var keep: String?
  @Option(help: "End after so many seconds; without it, at Ctrl-C.") var seconds: Int?
  @Option(help: "The same seed plays the same demo.") var seed: UInt64 = 1
  @Option(name: .customLong("ocpp"), help: "The OCPP version that its stations speak: 1.6, 2.0.1 or 2.1.")
  var spoken = "1.6"
  @Flag(help: "Nobody watches: the stranger is let in by itself.") var headless = false
  @Flag(help: "Print one JSON object at the end.") var json = false

  func validate() throws {
    if let seconds, !(5...86_400).contains(seconds) { throw ValidationError("--seconds: 5 to 86400") }
    guard StationProfile.Version(rawValue: spoken) != nil else {
      throw ValidationError("--ocpp: 1.6, 2.0.1 or 2.1")
    }
    guard (try? SocketAddress(parsing: listen)) != nil else {
      throw ValidationError("--listen: such as 127.0.0.1:8080")
    }
    if let keep, access("\(keep)/ostler.db", F_OK) == 0 {
      throw ValidationError("--keep \(keep): there is a database already; name a new folder")
    }
  }

  @MainActor func run() async throws {
    let folder = keep ?? Self.temporaryFolder()
    defer { if keep == nil { Self.remove(folder) } }
    let clock = FastClock(speed: 60)
    let house = try await openHouse(in: folder, clock: clock)
    let began = Instant.now()
    let stage = try await DemoStage(
      house, clock: clock, seed: seed, headless: headless, version: StationProfile.Version(rawValue: spoken) ?? .v16
    ) { line in
      if !json { Console.say("\(Self.elapsed(since: began)) \(line)") }
    }
    if !json { try await greet(house, folder, stage) }
    // A short demo plays the same script faster.
    try await stage.play(pace: seconds.map { min(1, Double($0) / 60) } ?? 1)
    let ending = try Ending(on: house.loop)
    if let seconds {
      Task {
        try? await Task.sleep(for: .seconds(seconds))
        ending.come()
      }
    }
    await ending.wait()
    let summary = await stage.summary()
    await stage.close()
    await house.close()
    if json { print(summary.json.text) } else { Console.say(summary.text) }
    guard summary.isGood else { throw ExitCode.failure }
  }

  @MainActor private func openHouse(in folder: String, clock: FastClock) async throws -> House {
    var configuration = try Configuration(flags: ["listen": listen, "data": folder], environment: [:], file: nil)
    configuration.partyName = "Ostler Demo"
    configuration.logLevel = .warning
    configuration.house.strangers = .knock
    // These are seconds of the demo's clock: people who look at it live on another one.
    configuration.house.setupLinkSeconds *= 120
    configuration.house.connectionSeconds = 3_600
    Logs.begin(configuration)
    Descriptors.raiseSoftLimit()
    do { return try await House.open(configuration, clock: clock.clock) } catch let fault as NetFault {
      throw Complaint("\(fault) (--listen takes another address)")
    }
  }

  @MainActor private func greet(_ house: House, _ folder: String, _ stage: DemoStage) async throws {
    let page = house.addresses.page
    var lines = [
      "Ostler \(Version.text), data in \(folder)"
        + (keep == nil ? " (thrown away at the end; --keep DIR keeps it)" : ""),
      "stations  \(house.addresses.stations)<station-id>",
      "partners  \(house.addresses.publicURL)/ocpi/versions",
    ]
    if let token = try await house.csms.firstSetupLink() { lines.append("page      \(page)/?setup=\(token)") }
    lines += [
      "", "Try it from another terminal:",
      "  curl -H 'Authorization: Bearer \(stage.apiKey)' \(page)/api/v1/stations",
      "  curl -H 'Authorization: Bearer \(stage.apiKey)' -H 'Content-Type: application/json' \\",
      "       -d '{\"token\":\"\(DemoStage.localTag)\"}' '\(page)/api/v1/stations/\(DemoStage.spare)/commands/start?wait=10'",
      "  curl -H 'Authorization: Token \(stage.observerToken)' \(house.addresses.publicURL)/ocpi/versions",
      "",
    ]
    Console.say(lines.joined(separator: "\n"))
  }

  /// `at=3.2s`, in seconds of the machine's clock.
  private static func elapsed(since began: Instant) -> String {
    let tenths = (Instant.now() - began).wholeMilliseconds / 100
    return "at=\(tenths / 10).\(tenths % 10)s"
  }

  private static func temporaryFolder() -> String {
    var template = Array("\(Environment["TMPDIR"] ?? "/tmp")/ostler-demo-XXXXXX".utf8CString)
    return mkdtemp(&template).map { String(cString: $0) } ?? "/tmp/ostler-demo-\(getpid())"
  }

  /// The data folder, with the folders in it.
  private static func remove(_ folder: String) {
    for name in Folder.names(in: folder) where unlink("\(folder)/\(name)") != 0 { remove("\(folder)/\(name)") }
    rmdir(folder)
  }
}

/// How a demo went.
struct DemoSummary: Sendable {
  var stations = 0
  var sessions = 0
  var cdrs = 0
  /// CDRs that the partner holds, each under one id.
  var acknowledged = 0
  var conflicts = 0

  /// What `--headless` promises: two sessions at least became CDRs that the partner acknowledged, and none of them
  /// twice.
  var isGood: Bool { acknowledged >= 2 && conflicts == 0 }

  var json: JSON {
    func number(_ value: Int) -> JSON { .number(JSONNumber(value)) }
    return [
      "ok": .bool(isGood), "stations": number(stations), "sessions": number(sessions), "cdrs": number(cdrs),
      "cdrs_acknowledged": number(acknowledged), "cdr_conflicts": number(conflicts),
    ]
  }

  var text: String {
    "\(stations) stations, \(sessions) sessions, \(cdrs) CDRs, \(acknowledged) of them acknowledged by the partner"
      + (conflicts == 0 ? "" : ", \(conflicts) CONFLICTS")
  }
}
