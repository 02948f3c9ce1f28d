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
  /// A second door for stations whose TLS is too old for the first.
  var legacyStationDoor: Door?
  var partnerDoor: Door?
  var pageDoor: Door?
  /// Certificates and keys of the shared listener, PEM files; one of each kind of key.
  var certificates: [String] = []
  var keys: [String] = []
  /// Authorities whose client certificates stations may show at their own listeners, and their revocation lists.
  var stationAuthorities: [String] = []
  var revocationLists: [String] = []
  /// The certificate and the revocation list of our own authority, once it is among those above.
  var ownAuthority: (certificate: String, revocations: String)?
  /// Names and addresses of the stations' door, whose certificate our own authority is to sign.
  var stationNames: [String] = []
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
  /// Event loops that the stations are spread over. One serves more stations than one machine's disk can keep up with
  /// and leaves the other cores to the household and its database; more pay off where thousands of stations return at
  /// once over TLS, whose handshakes cost half a millisecond each.
  var loops = 1
  var house = HouseSettings()
  var bounds = DoorSettings()
  private var certificateOrganizationIsParty = true

  /// A link's number has eight bits for its loop; no machine gains from more than this.
  private static let maxLoops = 64

  struct Door: Equatable {
    var address: SocketAddress
    var certificates: [String] = []
    var keys: [String] = []
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
    for (name, certificates, keys) in [
      ("tls_certificate", certificates, keys),
      ("station_tls_certificate", stationDoor?.certificates ?? [], stationDoor?.keys ?? []),
      ("legacy_station_tls_certificate", legacyStationDoor?.certificates ?? [], legacyStationDoor?.keys ?? []),
      ("partner_tls_certificate", partnerDoor?.certificates ?? [], partnerDoor?.keys ?? []),
      ("page_tls_certificate", pageDoor?.certificates ?? [], pageDoor?.keys ?? []),
    ] where certificates.count != keys.count {
      throw Fault(
        setting: name, value: certificates.joined(separator: ","),
        expected: "as many certificates as keys, in the same order")
    }
    try checkStationTLS()
    if certificateOrganizationIsParty { house.certificateOrganization = partyName }
  }

  private mutating func checkStationTLS() throws(Fault) {
    if var legacy = legacyStationDoor, legacy.certificates.isEmpty {
      // Unless it has its own, it shows what the other door shows.
      (legacy.certificates, legacy.keys) = stationDoor.map { ($0.certificates, $0.keys) } ?? (certificates, keys)
      guard !legacy.certificates.isEmpty else {
        throw Fault(
          setting: "legacy_station_listen", value: "\(legacy.address)", expected: "a certificate too: it is for old TLS"
        )
      }
      legacyStationDoor = legacy
    }
    guard stationNames.isEmpty || (stationDoor.map { $0.certificates.isEmpty } ?? false) else {
      throw Fault(
        setting: "station_tls_names", value: stationNames.joined(separator: ","),
        expected: "station_listen, and no station_tls_certificate beside it")
    }
    house.stationDoorHosts = stationNames
    guard !stationAuthorities.isEmpty else {
      guard revocationLists.isEmpty else {
        throw Fault(
          setting: "station_client_crl", value: revocationLists.joined(separator: ","),
          expected: "station_client_ca beside it")
      }
      return
    }
    guard !(stationDoor?.certificates.isEmpty ?? true) || !stationNames.isEmpty else {
      throw Fault(
        setting: "station_client_ca", value: stationAuthorities.joined(separator: ","),
        expected: "station_listen with TLS: the page's visitors must not be asked for a certificate")
    }
  }

  /// `KEY=VALUE` lines; `#` begins a comment line; a value may stand in double quotes.
  static func read(_ path: String) throws(Fault) -> [String: String] {
    guard let text = File.read(path).flatMap({ String(utf8: $0) }) else {
      throw Fault(setting: "config", value: path, expected: "a readable UTF-8 file")
    }
    var found: [String: String] = [:]
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = line.trimmed
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      guard let equals = line.firstIndex(of: "=") else {
        throw Fault(setting: "\(path):\(number + 1)", value: String(line), expected: "KEY=VALUE")
      }
      var name = String(line[..<equals].trimmed).ciFolded
      if name.hasPrefix("ostler_") { name.removeFirst("ostler_".count) }
      var value = line[line.index(after: equals)...].trimmed
      if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") { value = value.dropFirst().dropLast() }
      guard found[name] == nil else {
        throw Fault(setting: "\(path):\(number + 1)", value: name, expected: "each setting once")
      }
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
  static let settings = houseSettings + doorSettings

  private static let houseSettings: [Setting] = [
    Setting(
      name: "listen", help: "address of the shared listener", expected: addressForm,
      show: { "\($0.listen)" }
    ) { $0.listen.take($1) },
    door("station", "stations' own listener", \.stationDoor),
    certificate("station", \.stationDoor), key("station", \.stationDoor),
    files(
      "station_tls_names", "names of the stations' listener, for a certificate of the house's own authority",
      "host names and addresses", \.stationNames),
    files("station_client_ca", "PEM authorities of stations' client certificates", "files", \.stationAuthorities),
    files("station_client_crl", "revocation lists of these authorities", "files, PEM or DER", \.revocationLists),
    Setting(
      name: "certificate_organization", help: "the O that a station's certificate must have; party_name by default",
      expected: "1 to 64 characters", show: { $0.house.certificateOrganization }
    ) {
      guard (1...64).contains($1.count) else { return false }
      $0.house.certificateOrganization = $1
      $0.certificateOrganizationIsParty = false
      return true
    },
    Setting(
      name: "lowest_security_profile",
      help: "the least OCPP security profile of a station; by default 0 on this machine and 2 from others",
      expected: "0, 1, 2 or 3", show: { $0.house.lowestSecurityProfile.map { "\($0.rawValue)" } ?? "" }
    ) {
      $0.house.lowestSecurityProfile = Int($1).flatMap { SecurityProfile(rawValue: $0) }
      return $0.house.lowestSecurityProfile != nil
    },
    door("legacy_station", "a listener for stations whose TLS 1.2 names no signature algorithms", \.legacyStationDoor),
    certificate("legacy_station", \.legacyStationDoor), key("legacy_station", \.legacyStationDoor),
    door("partner", "partners' own listener", \.partnerDoor),
    certificate("partner", \.partnerDoor), key("partner", \.partnerDoor),
    door("page", "the page's and API's own listener", \.pageDoor),
    certificate("page", \.pageDoor), key("page", \.pageDoor),
    files("tls_certificate", "PEM chains of the shared listener, one of each kind of key", "files", \.certificates),
    files("tls_key", "PEM keys of the shared listener, in the same order", "files", \.keys),
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
      guard (1...100).contains($1.count) else { return false }
      $0.partyName = $1
      return true
    },
    Setting(
      name: "unknown_stations", help: "whether unknown stations may knock", expected: "knock, refuse or loopback",
      show: { $0.house.strangers.rawValue }
    ) {
      guard let rule = HouseSettings.Strangers(rawValue: $1) else { return false }
      $0.house.strangers = rule
      return true
    },
    whole(
      "station_certificate_days", "days for which the house's own authority certifies a station", 1...3_652,
      \.stationCertificateDays),
    whole(
      "certificate_renewal_days", "days before its end at which a station is told to renew its certificate; 0 is never",
      0...365, \.certificateRenewalDays),
    url("contract_provider_url", "where contract certificates are asked for (ISO 15118)", \.contractProviderURL),
    Setting(
      name: "contract_provider_token", help: "the bearer token that is shown there", expected: "a token",
      show: { $0.house.contractProviderToken == nil ? "" : hidden }
    ) { $0.house.contractProviderToken.take($1) },
    flag(
      "contract_provider_private", "whether that provider may be on a private network",
      \.allowsPrivateContractProvider),
    flag("open_data", "whether everybody may read our locations and tariffs at /open-data", \.publishesOpenData),
    url(
      "vat_register_url", "where VAT numbers are looked up that drivers type, with {number} in its place",
      \.vatRegisterURL),
    url(
      "receipt_url",
      "where receipts stand of what stations settled, with {session} and {reference} in their places", \.receiptURL),
    url(
      "payment_url", "where whoever reads a station's code pays, with {station} and {evse} in their places",
      \.paymentURL),
    flag(
      "vat_register_private", "whether that register may be on a private network", \.allowsPrivateVATRegister),
    whole(
      "cost_seconds", "seconds between two messages to a station about the cost of a running session; 0 is none",
      0...3_600, \.costSeconds),
    whole(
      "partner_requests_per_minute", "how many requests a partner may make in a minute", 60...10_000_000,
      \.partnerRequestsPerMinute),
    flag("ocsp_private", "whether OCSP responders may be on private networks", \.allowsPrivateResponders),
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
    Setting(
      name: "loops", help: "event loops that the stations are spread over", expected: "1 to \(maxLoops)",
      show: { "\($0.loops)" }
    ) {
      guard let loops = Int($1), (1...maxLoops).contains(loops) else { return false }
      $0.loops = loops
      return true
    },
    whole("late_stop_hours", "hours that a superseded session waits for its stop", 0...720, \.lateStopHours),
    Setting(
      name: "data_vendors", help: "vendors whose DataTransfer is taken and told as events, with commas between them",
      expected: "vendors' ids", show: { $0.house.dataVendors.sorted().joined(separator: ",") }
    ) {
      $0.house.dataVendors = Set($1.split(separator: ",").map(String.init))
      return true
    },
    Setting(
      name: "currency", help: "of bills without a tariff", expected: "three letters",
      show: { $0.house.currency }
    ) {
      let code = $1.uppercased()
      guard code.utf8.count == 3, code.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else { return false }
      $0.house.currency = code
      return true
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
      guard let address = SocketAddress(ofDoor: $1) else { return false }
      $0[keyPath: path] = Door(address: address)
      return true
    }
  }

  private static func certificate(_ name: String, _ path: any WritableKeyPath<Configuration, Door?> & Sendable)
    -> Setting
  {
    Setting(
      name: "\(name)_tls_certificate", help: "PEM chains of that listener, one of each kind of key",
      expected: "files with commas, and \(name)_listen",
      show: { $0[keyPath: path]?.certificates.joined(separator: ",") ?? "" }
    ) {
      $0[keyPath: path]?.certificates = list($1)
      return $0[keyPath: path].map { !$0.certificates.isEmpty } ?? false
    }
  }

  private static func key(_ name: String, _ path: any WritableKeyPath<Configuration, Door?> & Sendable) -> Setting {
    Setting(
      name: "\(name)_tls_key", help: "PEM keys of that listener, in the same order",
      expected: "files with commas, and \(name)_listen",
      show: { $0[keyPath: path]?.keys.joined(separator: ",") ?? "" }
    ) {
      $0[keyPath: path]?.keys = list($1)
      return $0[keyPath: path].map { !$0.keys.isEmpty } ?? false
    }
  }

  private static func files(
    _ name: String, _ help: String, _ expected: String, _ path: any WritableKeyPath<Configuration, [String]> & Sendable
  ) -> Setting {
    Setting(
      name: name, help: help, expected: "\(expected) with commas between them",
      show: { $0[keyPath: path].joined(separator: ",") }
    ) {
      $0[keyPath: path] = list($1)
      return !$0[keyPath: path].isEmpty
    }
  }

  private static func list(_ text: String) -> [String] {
    text.split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty }
  }

  private static func url(
    _ name: String, _ help: String, _ path: any WritableKeyPath<HouseSettings, String?> & Sendable
  ) -> Setting {
    Setting(
      name: name, help: help, expected: "http:// or https:// and a host", show: { $0.house[keyPath: path] ?? "" }
    ) {
      guard let url = try? HTTPURL($1), url.scheme == .http || url.scheme == .https else { return false }
      $0.house[keyPath: path] = $1
      return true
    }
  }

  private static func flag(
    _ name: String, _ help: String, _ path: any WritableKeyPath<HouseSettings, Bool> & Sendable
  ) -> Setting {
    Setting(name: name, help: help, expected: "true or false", show: { "\($0.house[keyPath: path])" }) {
      $0.house[keyPath: path] = $1 == "true"
      return $1 == "true" || $1 == "false"
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
  /// No socket of the file system: everybody behind it would count as this machine, and no proxy could say otherwise.
  fileprivate init?(ofDoor text: String) {
    guard let address = try? SocketAddress(parsing: text) else { return nil }
    if case .unix = address { return nil }
    self = address
  }

  fileprivate mutating func take(_ text: String) -> Bool {
    guard let address = SocketAddress(ofDoor: text) else { return false }
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
