import ArgumentParser
import HTTP
import Store
import Wire

#if canImport(Glibc)
  import Glibc
#endif

/// `ostler support-bundle`: what somebody needs to know who helps from afar, in one text file.
struct SupportBundle: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "support-bundle",
    abstract:
      "Write what somebody needs who helps you: settings, versions, figures, the newest log, the doctor's report.",
    discussion: """
      One text file, without passwords, tokens and keys. It names stations, addresses and partners, as the log does: read \
      it before you give it away. Works beside a running daemon; without one it has neither figures nor log.
      """)
  @Argument(help: "The file to write; it must not be there.") var file: String
  @OptionGroup var options: ServeOptions

  func run() async throws {
    let daemon = try await RunningDaemon.ask(options)
    let findings = await Doctor.findings(of: daemon, backup: nil)
    var text = "Ostler \(Version.text), \(Timestamp.now().text)\n\(System.text)\n"
    text += Self.section("doctor", findings.map(\.line))
    text += Self.section("settings", daemon.settings)
    text += Self.section("files", System.files(in: daemon.configuration.data))
    text += Self.section("figures", daemon.figures)
    text += Self.section("log", daemon.log)
    try write(text)
    print(file)
  }

  private static func section(_ title: String, _ lines: [String]) -> String {
    "\n== \(title) ==\n" + (lines.isEmpty ? "(none)\n" : lines.map { $0 + "\n" }.joined())
  }

  /// For its owner's eyes; never over something that is there.
  private func write(_ text: String) throws {
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Complaint("\(file): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw Complaint("\(file): \(String(cString: strerror(errno)))") }
      rest = rest.dropFirst(count)
    }
  }
}

/// The daemon of a data folder as far as it tells of itself; where none runs, what was given on the command line.
struct RunningDaemon {
  let configuration: Configuration
  let isRunning: Bool
  /// `name=value`, secrets hidden.
  var settings: [String] = []
  var figures: [String] = []
  var log: [String] = []

  static func ask(_ options: ServeOptions) async throws -> RunningDaemon {
    let given = try options.read()
    var remote = Remote()
    remote.data = given.data
    remote.json = false
    guard let facts = try? await remote.ask(.get, "/support") else {
      return RunningDaemon(configuration: given, isRunning: false, settings: given.shown)
    }
    // Its own name of the folder may hold only where it was started.
    var flags = ["data": given.data]
    let members = facts["settings"]?.object?.members ?? []
    for member in members {
      if let value = member.value.string, !value.isEmpty, value != Configuration.hidden, member.key != "data" {
        flags[member.key] = value
      }
    }
    // A newer daemon may have settings that this program does not know.
    let running = (try? Configuration(flags: flags, environment: [:], file: nil)) ?? given
    var daemon = RunningDaemon(configuration: running, isRunning: true)
    daemon.settings = members.map { "\($0.key)=\($0.value.string ?? "")" }
    daemon.log = facts["log"]?.array?.compactMap(\.string) ?? []
    let figures = try? await remote.download(.get, "/metrics", isAtRoot: true)
    daemon.figures = figures.map { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) } ?? []
    return daemon
  }
}

extension Configuration {
  /// What stands for a secret wherever settings are shown.
  static let hidden = "(hidden)"

  /// Every setting as `check-config` shows it.
  var shown: [String] { Self.settings.map { "\($0.name)=\($0.show(self))" } }
}

/// The machine, in the words of its kernel.
private enum System {
  static var text: String {
    var name = utsname()
    uname(&name)
    func word(_ field: some Any) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let megabytes = (pages * sysconf(Int32(_SC_PAGESIZE))) >> 20
    return "\(word(name.sysname)) \(word(name.release)) \(word(name.machine)), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) "
      + "cores, \(megabytes) MB of memory"
  }

  /// Names and sizes of what lies in the data folder.
  static func files(in folder: String) -> [String] {
    Folder.names(in: folder).compactMap { name in
      var facts = stat()
      guard lstat("\(folder)/\(name)", &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
      return "\(name) \(facts.st_size) bytes"
    }
  }
}
