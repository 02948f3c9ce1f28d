import ArgumentParser
import CSMS
import Domain
import Store
import Wire

/// `ostler setup-link`: a new link with which an administrator can be made. Works beside a running daemon and without one.
struct SetupLink: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "setup-link", abstract: "Make a link with which an administrator can be made, good once, for 30 minutes.")

  @OptionGroup var options: ServeOptions
  @Flag(help: "Print the link as JSON.") var json = false

  @MainActor func run() async throws {
    let configuration = try options.read()
    let zones = SystemZones(folder: Environment["OSTLER_TZDIR"])
    try Folder.make(configuration.data)
    let store = try Store(folder: configuration.data)
    let house = CSMS(store: store, clock: .system, zones: zones.library, settings: configuration.house)
    let token = try await house.makeSetupLink()
    let door = configuration.pageDoor
    let scheme = (door?.certificate ?? configuration.certificate) == nil ? "http" : "https"
    let base = configuration.publicURL ?? "\(scheme)://\(door?.address ?? configuration.listen)"
    let link = "\(base)/?setup=\(token)"
    print(json ? (["url": .string(link)] as JSON).text : link)
  }
}

/// `ostler apikey`: keys for programs.
struct APIKeys: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apikey", abstract: "Keys with which programs use the API.", subcommands: [Create.self, List.self, Revoke.self])

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

    func run() async throws { remote.show(try await remote.list("/apikeys"), ["id", "name", "role", "created_at", "used_at"]) }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End a key.")
    @Argument(help: "Its id.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws { try await remote.ask(.delete, "/apikeys/\(id)") }
  }
}
