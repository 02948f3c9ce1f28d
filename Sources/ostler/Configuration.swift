import CSMS
import Domain
import HTTP
import Logging
import Net
import Wire

#if canImport(Glibc)
  import Glibc
#endif

/// How the daemon is run. Each setting comes from a flag, else from its `OSTLER_…` variable, else from the `KEY=VALUE`
/// file, else it has a default that works on one machine.
struct Configuration {
  /// Where all doors open that have no listener of their own.
  var listen = SocketAddress.v4(0x7F00_0001, port: 8080)
  var stationDoor: Door?
  var partnerDoor: Door?
  var pageDoor: Door?
  /// Certificate and key of the shared listener, PEM files.
  var certificate: String?
  var key: String?
  var data: String
  /// How the world reaches us, without a slash at its end; nil: the listener's own address.
  var publicURL: String?
  var party = PartyID(country: "NL", party: "OST")
  var partyName = "Ostler"
  var logLevel = Logger.Level.info
  var logFormat = LogFormat.logfmt
  /// Lets a plain page door off loopback take logins: the operator knows that a proxy in front of it has TLS.
  var allowsInsecurePage = false
  /// Whose word about the true client is believed (CIDR).
  var trustedProxies: [AddressRange] = []
  /// How long, and up to how many bytes, messages of stations and partners are kept.
  var messageDays = 14
  var messageBytes = 2 << 30
  var house = HouseSettings()

  struct Door: Equatable {
    var address: SocketAddress
    var certificate: String?
    var key: String?
  }

  enum LogFormat: String, CaseIterable { case logfmt, json }

  /// Why the daemon cannot be run this way: which setting, from where, and what would be right.
  struct Fault: Error, Equatable, CustomStringConvertible {
    let setting: String
    let value: String
    let expected: String

    var description: String { "\(setting)=\(value): expected \(expected)" }
  }

  /// One setting: its name in files and on the command line, what it is for, and how its text is shown and taken in.
  struct Setting: Sendable {
    let name: String
    let help: String
    let expected: String
    /// What it is in a configuration, as it would be written; empty where there is none.
    let show: @Sendable (Configuration) -> String
    let take: @Sendable (inout Configuration, String) -> Bool

    var variable: String { "OSTLER_" + name.uppercased() }
  }

  init(flags: [String: String], environment: [String: String], file: String?) throws(Fault) {
    data = Self.defaultData(environment)
    let written = try file.map { path throws(Fault) in try Self.read(path) } ?? [:]
    if let stranger = written.keys.sorted().first(where: { name in !Self.settings.contains { $0.name == name } }) {
      throw Fault(
        setting: stranger, value: written[stranger] ?? "",
        expected: "a setting that exists; `ostler check-config` lists them")
    }
    for setting in Self.settings {
      guard let value = flags[setting.name] ?? environment[setting.variable] ?? written[setting.name] else { continue }
      guard setting.take(&self, value) else {
        throw Fault(setting: setting.name, value: value, expected: setting.expected)
      }
    }
    for (name, certificate, key) in [
      ("tls_certificate", certificate, key), ("station_tls_certificate", stationDoor?.certificate, stationDoor?.key),
      ("partner_tls_certificate", partnerDoor?.certificate, partnerDoor?.key),
      ("page_tls_certificate", pageDoor?.certificate, pageDoor?.key),
    ] where (certificate == nil) != (key == nil) {
      throw Fault(setting: name, value: certificate ?? "", expected: "a certificate and a key together")
    }
  }

  /// `KEY=VALUE` lines; `#` begins a comment line; a value may stand in double quotes.
  static func read(_ path: String) throws(Fault) -> [String: String] {
    guard let text = File.read(path).flatMap({ String(utf8: $0) }) else {
      throw Fault(setting: "config", value: path, expected: "a readable UTF-8 file")
    }
    var found: [String: String] = [:]
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.trimmed
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      guard let equals = line.firstIndex(of: "=") else {
        throw Fault(setting: "\(path):\(number + 1)", value: String(line), expected: "KEY=VALUE")
      }
      var name = String(line[..<equals].trimmed).ciFolded
      if name.hasPrefix("ostler_") { name.removeFirst("ostler_".count) }
      var value = line[line.index(after: equals)...].trimmed
      if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") { value = value.dropFirst().dropLast() }
      found[name] = String(value)
    }
    return found
  }

  private static func defaultData(_ environment: [String: String]) -> String {
    if geteuid() == 0 { return "/var/lib/ostler" }
    if let base = environment["XDG_DATA_HOME"], base.hasPrefix("/") { return base + "/ostler" }
    return (environment["HOME"] ?? ".") + "/.local/share/ostler"
  }
}

// MARK: - The settings

extension Configuration {
  static let settings: [Setting] = [
    Setting(
      name: "listen", help: "address of the shared listener", expected: addressForm,
      show: { "\($0.listen)" }
    ) { $0.listen.take($1) },
    door("station", "stations' own listener", \.stationDoor),
    certificate("station", \.stationDoor), key("station", \.stationDoor),
    door("partner", "partners' own listener", \.partnerDoor),
    certificate("partner", \.partnerDoor), key("partner", \.partnerDoor),
    door("page", "the page's and API's own listener", \.pageDoor),
    certificate("page", \.pageDoor), key("page", \.pageDoor),
    Setting(
      name: "tls_certificate", help: "PEM chain of the shared listener", expected: "a file",
      show: { $0.certificate ?? "" }
    ) { $0.certificate.take($1) },
    Setting(
      name: "tls_key", help: "PEM key of the shared listener", expected: "a file",
      show: { $0.key ?? "" }
    ) { $0.key.take($1) },
    Setting(
      name: "data", help: "folder of the database", expected: "a folder",
      show: { $0.data }
    ) { $0.data.take($1) },
    Setting(
      name: "public_url", help: "how the world reaches us", expected: "http:// or https:// and a host",
      show: { $0.publicURL ?? "" }
    ) {
      guard let url = try? HTTPURL($1), url.scheme == .http || url.scheme == .https else { return false }
      $0.publicURL = $1.hasSuffix("/") ? String($1.dropLast()) : $1
      return true
    },
    Setting(
      name: "party", help: "our country and party id at partners", expected: "such as NL*OST",
      show: { $0.party.description }
    ) {
      guard let party = PartyID($1) else { return false }
      $0.party = party
      return true
    },
    Setting(
      name: "party_name", help: "our name at partners", expected: "1 to 100 characters",
      show: { $0.partyName }
    ) {
      $0.partyName = $1
      return (1...100).contains($1.count)
    },
    Setting(
      name: "unknown_stations", help: "whether unknown stations may knock", expected: "knock, refuse or loopback",
      show: { $0.house.strangers.rawValue }
    ) {
      guard let rule = HouseSettings.Strangers(rawValue: $1) else { return false }
      $0.house.strangers = rule
      return true
    },
    whole("heartbeat_seconds", "seconds between heartbeats of a station", 10...86_400, \.heartbeatSeconds),
    whole("command_seconds", "seconds for a station to answer a command", 1...600, \.commandSeconds),
    whole("connection_seconds", "seconds for a car to come after a remote start", 10...3_600, \.connectionSeconds),
    whole("offline_seconds", "seconds between a lost link and offline", 0...3_600, \.offlineSeconds),
    whole("authorization_seconds", "seconds for a partner to authorize a token", 1...60, \.authorizationSeconds),
    whole(
      "session_update_seconds", "seconds between two updates of a running session at its partner", 0...3_600,
      \.sessionUpdateSeconds),
    whole("event_days", "days for which events are kept", 1...3_653, \.eventDays),
    whole("reading_days", "days for which meter readings are kept", 1...3_653, \.readingDays),
    whole("bill_days", "days for which bills and the status history are kept", 365...36_525, \.billDays),
    Setting(
      name: "message_days", help: "days for which messages are kept", expected: "1 to 3653",
      show: { "\($0.messageDays)" }
    ) {
      guard let days = Int($1), (1...3_653).contains(days) else { return false }
      $0.messageDays = days
      return true
    },
    Setting(
      name: "message_megabytes", help: "megabytes of messages that are kept", expected: "16 to 1000000",
      show: { "\($0.messageBytes >> 20)" }
    ) {
      guard let megabytes = Int($1), (16...1_000_000).contains(megabytes) else { return false }
      $0.messageBytes = megabytes << 20
      return true
    },
    whole("late_stop_hours", "hours that a superseded session waits for its stop", 0...720, \.lateStopHours),
    Setting(
      name: "currency", help: "of bills without a tariff", expected: "three letters",
      show: { $0.house.currency }
    ) {
      $0.house.currency = $1.uppercased()
      return $1.utf8.count == 3
    },
    Setting(
      name: "log_level", help: "least level that is logged",
      expected: "trace, debug, info, notice, warning, error or critical",
      show: { $0.logLevel.rawValue }
    ) {
      guard let level = Logger.Level(rawValue: $1) else { return false }
      $0.logLevel = level
      return true
    },
    Setting(
      name: "log_format", help: "form of the log", expected: "logfmt or json",
      show: { $0.logFormat.rawValue }
    ) {
      guard let format = LogFormat(rawValue: $1) else { return false }
      $0.logFormat = format
      return true
    },
    Setting(
      name: "insecure_page", help: "take logins on a plain page door off loopback", expected: "true or false",
      show: { "\($0.allowsInsecurePage)" }
    ) {
      $0.allowsInsecurePage = $1 == "true"
      return $1 == "true" || $1 == "false"
    },
    Setting(
      name: "trusted_proxies", help: "proxies whose forwarded headers are believed",
      expected: "CIDR ranges with commas",
      show: { $0.trustedProxies.map(\.description).joined(separator: ",") }
    ) {
      let ranges = $1.split(separator: ",").map { AddressRange(String($0.trimmed)) }
      $0.trustedProxies = ranges.compactMap { $0 }
      return !ranges.contains(nil)
    },
  ]

  private static let addressForm = "such as 127.0.0.1:8080 or [::]:8080"

  private static func door(_ name: String, _ help: String, _ path: any WritableKeyPath<Configuration, Door?> & Sendable)
    -> Setting
  {
    Setting(
      name: "\(name)_listen", help: help, expected: addressForm,
      show: { $0[keyPath: path].map { "\($0.address)" } ?? "" }
    ) {
      guard let address = try? SocketAddress(parsing: $1) else { return false }
      $0[keyPath: path] = Door(address: address)
      return true
    }
  }

  private static func certificate(_ name: String, _ path: any WritableKeyPath<Configuration, Door?> & Sendable)
    -> Setting
  {
    Setting(
      name: "\(name)_tls_certificate", help: "PEM chain of that listener", expected: "a file, and \(name)_listen",
      show: { $0[keyPath: path]?.certificate ?? "" }
    ) {
      $0[keyPath: path]?.certificate = $1
      return $0[keyPath: path] != nil
    }
  }

  private static func key(_ name: String, _ path: any WritableKeyPath<Configuration, Door?> & Sendable) -> Setting {
    Setting(
      name: "\(name)_tls_key", help: "PEM key of that listener", expected: "a file, and \(name)_listen",
      show: { $0[keyPath: path]?.key ?? "" }
    ) {
      $0[keyPath: path]?.key = $1
      return $0[keyPath: path] != nil
    }
  }

  private static func whole(
    _ name: String, _ help: String, _ range: ClosedRange<Int>,
    _ path: any WritableKeyPath<HouseSettings, Int> & Sendable
  ) -> Setting {
    Setting(
      name: name, help: help, expected: "\(range.lowerBound) to \(range.upperBound)",
      show: { "\($0.house[keyPath: path])" }
    ) {
      guard let number = Int($1), range.contains(number) else { return false }
      $0.house[keyPath: path] = number
      return true
    }
  }
}

extension SocketAddress {
  fileprivate mutating func take(_ text: String) -> Bool {
    guard let address = try? SocketAddress(parsing: text) else { return false }
    self = address
    return true
  }
}

extension String {
  fileprivate mutating func take(_ text: String) -> Bool {
    self = text
    return !text.isEmpty
  }
}

extension Optional<String> {
  fileprivate mutating func take(_ text: String) -> Bool {
    self = text
    return !text.isEmpty
  }
}

extension StringProtocol {
  var trimmed: SubSequence {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
    guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
      return self[startIndex..<startIndex]
    }
    return self[first...last]
  }
}
