import ArgumentParser
import CSMS
import Domain
import Net
import Store
import Wire

#if canImport(Glibc)
  import Glibc
#endif

/// `ostler setup-link`: a new link with which an administrator can be made. Works beside a running daemon and without
/// one.
struct SetupLink: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "setup-link",
    abstract: "Make a link with which an administrator can be made, good once, for 30 minutes.",
    discussion: "Give it the settings with which the daemon runs: the link leads to the page that they describe.")

  @OptionGroup var options: ServeOptions
  @Flag(help: "Print the link as JSON.") var json = false

  @MainActor func run() async throws {
    let configuration = try options.read()
    let zones = SystemZones(folder: Environment["OSTLER_TZDIR"])
    // The daemon makes the folder and prints its first link itself; here a missing database is a mistyped folder.
    guard access(configuration.data + "/ostler.db", F_OK) == 0 else {
      throw Complaint("there is no database in \(configuration.data): is this the daemon's data folder?")
    }
    let store = try Store(folder: configuration.data)
    let house = CSMS(store: store, clock: .system, zones: zones.library, settings: configuration.house)
    let token = try await house.makeSetupLink()
    let link = "\(Self.page(configuration))/?setup=\(token)"
    print(json ? (["url": .string(link)] as JSON).text : link)
  }

  /// Where a daemon with these settings has its page, as `OpenAddresses` has it.
  private static func page(_ configuration: Configuration) -> String {
    func url(_ address: SocketAddress, _ certificate: String?) -> String {
      "\(certificate == nil ? "http" : "https")://\(address)"
    }
    if let door = configuration.pageDoor { return url(door.address, door.certificate) }
    return configuration.publicURL ?? url(configuration.listen, configuration.certificate)
  }
}

/// `ostler apikey`: keys for programs.
struct APIKeys: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apikey", abstract: "Keys with which programs use the API.",
    subcommands: [Create.self, List.self, Revoke.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make a key; it is shown once.")
    @Argument(help: "What it is for.") var name: String
    @Option(help: "viewer, operator or owner.") var role = "operator"
    @OptionGroup var remote: Remote

    func run() async throws {
      let key = try await remote.ask(.post, "/apikeys", [], ["name": .string(name), "role": .string(role)])
      if remote.json { remote.show(key) } else { print(key["key"]?.string ?? "") }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the keys, without their secrets.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(try await remote.list("/apikeys"), ["id", "name", "role", "created_at", "used_at"])
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End a key.")
    @Argument(help: "Its id.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws { try await remote.ask(.delete, "/apikeys/\(id)") }
  }
}
