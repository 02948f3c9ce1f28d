import HTTP
import Net
import OCPP

/// The bounds of the doors that an operator may need to move; the others stand in the rooms' limits.
struct DoorSettings {
  var limits = HTTPLimits.Server()
  /// Bytes of one message of a station.
  var messageBytes = OCPPLimits.messageBytes
  /// Seconds of silence after which a station is pinged, where it has no setting of its own; 0: never.
  var pingSeconds = 30
  /// Which header fields of a trusted proxy tell whom it speaks for.
  var forwardedFields = ForwardedFields.xForwarded
  /// Host names under which the page answers; any where there is none.
  var pageHosts: [String] = []

  /// Descriptors that a listener leaves to the books, the partners and the other listeners.
  static let sparedDescriptors = 512

  /// The bounds of one listener, below what this process may open at all.
  var bounded: HTTPLimits.Server {
    var limits = limits
    let most = Descriptors.raiseSoftLimit() - Self.sparedDescriptors
    if most > 0 { limits.connections = min(limits.connections, most) }
    return limits
  }
}

extension Configuration {
  static let doorSettings: [Setting] = [
    bound("connections", "open connections of one listener", 16...1_000_000, \.limits.connections),
    bound(
      "connections_per_address", "connections of one address that have not proved who they are", 4...1_000_000,
      \.limits.untrustedPerAddress),
    bound(
      "silent_connections", "newer connections for which one is kept that has sent nothing yet", 16...1_000_000,
      \.limits.silent),
    seconds("head_seconds", "seconds for the head of a request", 1...300, \.limits.headDeadline),
    seconds("body_seconds", "seconds for the body of a request", 1...3_600, \.limits.bodyDeadline),
    seconds("idle_seconds", "seconds that a connection may wait for its next request", 1...3_600, \.limits.idleLimit),
    Setting(
      name: "message_kilobytes", help: "kilobytes of one message of a station", expected: "16 to 16384",
      show: { "\($0.bounds.messageBytes >> 10)" }
    ) {
      guard let kilobytes = Int($1), (16...16_384).contains(kilobytes) else { return false }
      $0.bounds.messageBytes = kilobytes << 10
      return true
    },
    bound(
      "ping_seconds", "seconds of silence after which a station is pinged; 0 is never", 0...86_400, \.pingSeconds),
    Setting(
      name: "forwarded_fields", help: "what tells whom a trusted proxy speaks for",
      expected: ForwardedFields.allCases.map(\.rawValue).joined(separator: ", "),
      show: { $0.bounds.forwardedFields.rawValue }
    ) {
      guard let fields = ForwardedFields(rawValue: $1) else { return false }
      $0.bounds.forwardedFields = fields
      return true
    },
    Setting(
      name: "page_hosts", help: "host names under which the page answers; empty is any", expected: "names with commas",
      show: { $0.bounds.pageHosts.joined(separator: ",") }
    ) {
      $0.bounds.pageHosts = $1.split(separator: ",").map { String($0.trimmed) }
      return $0.bounds.pageHosts.allSatisfy { !$0.isEmpty && !$0.contains(" ") && !$0.contains("/") }
    },
  ]

  private static func bound(
    _ name: String, _ help: String, _ range: ClosedRange<Int>, _ path: any WritableKeyPath<DoorSettings, Int> & Sendable
  ) -> Setting {
    Setting(
      name: name, help: help, expected: "\(range.lowerBound) to \(range.upperBound)",
      show: { "\($0.bounds[keyPath: path])" }
    ) {
      guard let number = Int($1), range.contains(number) else { return false }
      $0.bounds[keyPath: path] = number
      return true
    }
  }

  private static func seconds(
    _ name: String, _ help: String, _ range: ClosedRange<Int>,
    _ path: any WritableKeyPath<DoorSettings, Duration> & Sendable
  ) -> Setting {
    Setting(
      name: name, help: help, expected: "\(range.lowerBound) to \(range.upperBound)",
      show: { "\($0.bounds[keyPath: path].components.seconds)" }
    ) {
      guard let number = Int($1), range.contains(number) else { return false }
      $0.bounds[keyPath: path] = .seconds(number)
      return true
    }
  }
}
