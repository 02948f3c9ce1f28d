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
    let token = try await configuration.books().makeSetupLink()
    let link = "\(Self.page(configuration))/?setup=\(token)"
    print(json ? (["url": .string(link)] as JSON).text : link)
  }

  /// Where a daemon with these settings has its page, as `OpenAddresses` has it.
  private static func page(_ configuration: Configuration) -> String {
    func url(_ address: SocketAddress, _ certificates: [String]) -> String {
      "\(certificates.isEmpty ? "http" : "https")://\(address)"
    }
    if let door = configuration.pageDoor { return url(door.address, door.certificates) }
    return configuration.publicURL ?? url(configuration.listen, configuration.certificates)
  }
}

/// `ostler user`: the people at the page.
struct Users: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "user", abstract: "The people at the page.",
    subcommands: [List.self, Add.self, Change.self, Remove.self, Passwd.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the users.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/users"), ["id", "name", "role", "sites", "disabled", "second_factor", "logins"])
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add a user; the password is printed once.")
    @Argument(help: "The name.") var name: String
    @Option(help: "viewer, support, operator, administrator or owner.") var role = "viewer"
    @OptionGroup var reach: ReachOptions
    @OptionGroup var remote: Remote

    func run() async throws {
      let user = try await remote.ask(
        .post, "/users", [], reach.adding(to: ["name": .string(name), "role": .string(role)]))
      if remote.json { remote.show(user) } else { print(user["password"]?.string ?? "") }
    }
  }

  struct Change: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give a user another role or other sites.")
    @Argument(help: "The number of the user in the list.") var id: Int
    @Option(help: "viewer, support, operator, administrator or owner.") var role: String?
    @Flag(help: "The whole house again.") var allSites = false
    @OptionGroup var reach: ReachOptions
    @OptionGroup var remote: Remote

    func run() async throws {
      var body = reach.adding(to: [:])
      if let role { body["role"] = .string(role) }
      if allSites { body["all_sites"] = true }
      remote.show(try await remote.ask(.patch, "/users/\(id)", [], body))
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove a user, with all logins.")
    @Argument(help: "The number of the user in the list.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws { try await remote.ask(.delete, "/users/\(id)") }
  }

  struct Passwd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give somebody a new password, read from the terminal or standard input; all their logins end.")
    @Argument(help: "The user's name.") var name: String
    @OptionGroup var options: ServeOptions

    @MainActor func run() async throws {
      let house = try options.read().books()
      guard let password = Self.read("New password for \(name): "), !password.isEmpty else {
        throw Complaint("no password was given")
      }
      try await house.setPassword(ofUser: name, to: password, by: "command line")
    }

    /// A line of standard input; at a terminal without showing it.
    private static func read(_ prompt: String) -> String? {
      isatty(STDIN_FILENO) != 0 ? getpass(prompt).map { String(cString: $0) } : readLine()
    }
  }
}

extension Configuration {
  /// The books of the data folder, beside a running daemon or without one. The daemon makes the folder; here a missing
  /// database is a mistyped folder.
  @MainActor fileprivate func books() throws -> CSMS {
    guard access(data + "/ostler.db", F_OK) == 0 else {
      throw Complaint("there is no database in \(data): is this the daemon's data folder?")
    }
    let zones = SystemZones(folder: Environment["OSTLER_TZDIR"])
    let store = try told { () throws(StoreFault) in try Store(folder: data) }
    return CSMS(store: store, clock: .system, zones: zones.library, settings: house)
  }
}

/// The sites to which a user or a key is limited.
struct ReachOptions: ParsableArguments {
  @Option(name: .customLong("site"), help: "The number of a site that may be seen; may be given several times.")
  var sites: [Int] = []

  func adding(to body: JSON) -> JSON {
    guard !sites.isEmpty else { return body }
    var body = body
    body["sites"] = .array(sites.map { .number(JSONNumber($0)) })
    return body
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
    @Option(help: "viewer, support, operator, administrator or owner.") var role = "operator"
    @OptionGroup var reach: ReachOptions
    @OptionGroup var remote: Remote

    func run() async throws {
      let key = try await remote.ask(
        .post, "/apikeys", [], reach.adding(to: ["name": .string(name), "role": .string(role)]))
      if remote.json { remote.show(key) } else { print(key["key"]?.string ?? "") }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the keys, without their secrets.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(try await remote.list("/apikeys"), ["id", "name", "role", "sites", "created_at", "used_at"])
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End a key.")
    @Argument(help: "Its id.") var id: Int
    @OptionGroup var remote: Remote

    func run() async throws { try await remote.ask(.delete, "/apikeys/\(id)") }
  }
}
