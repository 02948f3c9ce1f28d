import ArgumentParser
import CSystem
import Dispatch
import Logging
import Net
import Store

#if canImport(Glibc)
  import Glibc
#endif

/// `ostler serve`: the daemon.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Run the daemon.")

  @OptionGroup var options: ServeOptions

  /// Before the first thread, which would have an arena of its own at once. A configuration that is wrong is told by `run`.
  func settleMemory() {
    guard let configuration = try? options.read() else { return }
    // One for each loop; with the usual eight per core, 5,000 idle stations were measured to hold a fifth more.
    ostler_bound_arenas(Int32(configuration.loops))
    Memory.givesBackLargeBlocks()
  }

  @MainActor func run() async throws {
    let configuration = try options.read()
    Logs.begin(configuration)
    Descriptors.raiseSoftLimit()
    let log = Logger(label: "ostler")
    let house: House
    do { house = try await House.open(configuration) } catch {
      var why: Logger.Metadata = ["cause": "\(error)"]
      if let remedy = (error as? StoreFault)?.remedy { why["remedy"] = "\(remedy)" }
      log.critical("the daemon does not start", metadata: why)
      throw ExitCode(EX_UNAVAILABLE)
    }
    let signals = try Ending(on: house.loop)
    let hangup = try Signals.on(.hangup, loop: house.loop) { Task { @MainActor in house.reload() } }
    try await greet(house, log)
    await signals.wait()
    log.notice("closing")
    await house.close()
    hangup.cancel()
    log.notice("closed")
  }

  @MainActor private func greet(_ house: House, _ log: Logger) async throws {
    log.notice(
      "listening",
      metadata: [
        "version": "\(Version.text)", "data": "\(house.configuration.data)",
        "listeners": "\(house.addresses.listeners.joined(separator: " "))",
        "stations": "\(house.addresses.stations)<station-id>",
        "partners": "\(house.addresses.publicURL)/ocpi/versions", "page": "\(house.addresses.page)/",
      ])
    if let token = try await house.csms.firstSetupLink() {
      // Not a log line: it must be seen once, and logs are kept and shipped.
      Console.say(
        "Open this link within 30 minutes to make the first administrator:\n  \(house.addresses.page)/?setup=\(token)")
    }
  }
}

/// Waits for the signal that ends the program: SIGTERM from a supervisor, SIGINT from a keyboard.
@MainActor
final class Ending {
  private var signals: [Signals] = []
  private var waiting: CheckedContinuation<Void, Never>?
  private var hasCome = false

  init(on loop: EventLoop) throws(NetFault) {
    for signal in [Signals.Signal.terminate, .interrupt] {
      signals.append(try Signals.on(signal, loop: loop) { Task { @MainActor in self.come() } })
    }
  }

  func wait() async {
    guard !hasCome else { return }
    await withCheckedContinuation { waiting = $0 }
  }

  func come() {
    hasCome = true
    waiting?.resume()
    waiting = nil
  }
}

/// `ostler check-config`: what the daemon would run with, and where each value comes from.
struct CheckConfig: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-config", abstract: "Check the settings and list them all.")

  @OptionGroup var options: ServeOptions

  func run() throws {
    let configuration = try options.read()
    let origin = try options.origins()
    for setting in Configuration.settings {
      print("\(setting.name)=\(setting.show(configuration))  # \(setting.help); \(origin(setting))")
    }
  }
}

/// The settings of the daemon on the command line; each has a variable and a line in the file as well.
struct ServeOptions: ParsableArguments {
  @Option(help: "A KEY=VALUE file with settings.") var config: String?
  @Option(help: "Address of the shared listener (127.0.0.1:8080).") var listen: String?
  @Option(help: "Folder of the database.") var data: String?
  @Option(help: "trace, debug, info, notice, warning, error or critical.") var logLevel: String?
  @Option(help: "logfmt or json.") var logFormat: String?
  @Option(help: "How the world reaches us, such as https://charge.example.com.") var publicURL: String?
  @Option(help: "Event loops that the stations are spread over (1).") var loops: Int?
  @Option(name: .customLong("set"), help: "Any setting, as NAME=VALUE; `check-config` lists them.") var others:
    [String] = []
  @Flag(help: "Take logins on a plain page door off loopback.") var insecurePage = false

  func read() throws -> Configuration {
    do {
      return try Configuration(flags: flags(), environment: Environment.all, file: file)
    } catch let fault as Configuration.Fault {
      throw ValidationError(fault.description)
    }
  }

  private var file: String? { config ?? Environment["OSTLER_CONFIG"] }

  private func flags() throws -> [String: String] {
    var flags: [String: String] = [:]
    for pair in others {
      guard let equals = pair.firstIndex(of: "=") else { throw ValidationError("--set \(pair): expected NAME=VALUE") }
      let name = String(pair[..<equals])
      guard Configuration.settings.contains(where: { $0.name == name }) else {
        throw ValidationError("--set \(pair): there is no such setting; `ostler check-config` lists them")
      }
      flags[name] = String(pair[pair.index(after: equals)...])
    }
    flags["listen"] = listen ?? flags["listen"]
    flags["data"] = data ?? flags["data"]
    flags["log_level"] = logLevel ?? flags["log_level"]
    flags["log_format"] = logFormat ?? flags["log_format"]
    flags["public_url"] = publicURL ?? flags["public_url"]
    flags["loops"] = loops.map { "\($0)" } ?? flags["loops"]
    if insecurePage { flags["insecure_page"] = "true" }
    return flags
  }

  /// Tells of each setting where its value stands.
  fileprivate func origins() throws -> (Configuration.Setting) -> String {
    let flags = try flags()
    let environment = Environment.all
    let written = try file.map { try Configuration.read($0) } ?? [:]
    return { setting in
      if flags[setting.name] != nil { return "from the command line" }
      if environment[setting.variable] != nil { return "from \(setting.variable)" }
      if written[setting.name] != nil { return "from \(file ?? "the file")" }
      return "default"
    }
  }
}

/// Speaks to the person at the terminal, at once and not when a buffer is full.
enum Console {
  /// What is not part of the outcome.
  static func complain(_ line: String) {
    var line = line + "\n"
    line.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  static func say(_ line: String) {
    var line = line + "\n"
    line.withUTF8 { _ = Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
  }
}
