import Net
import Synchronization

/// Why a server refused a connection, or ended one for the sake of others.
public enum Crowding: String, Sendable, CaseIterable {
  /// `HTTPLimits.Server.connections`.
  case connections
  /// `HTTPLimits.Server.untrustedPerAddress`.
  case address
  /// `HTTPLimits.Server.silent`.
  case silent

  /// What the one who must go is told.
  var refusal: Refusal {
    switch self {
    case .connections: Refusal(.unavailable, "Too many connections are open at the moment.")
    case .address: Refusal(.tooManyRequests, "Too many connections from this address are open.")
    case .silent: Refusal(.requestTimeout, "Nothing was asked for too long.")
    }
  }
}

/// Who is at a door, over all loops that serve it: how many connections in all, and how many from each address that
/// nobody has marked as trusted yet.
public final class ConnectionLimits: Sendable {
  enum Verdict: Equatable {
    case welcome
    /// It has come in to hear why it must go.
    case refused(Crowding)
    /// It has not come in: even refusals need an end, and a TLS handshake only to say no costs more than it tells.
    case turnedAway(Crowding)
  }

  private struct Count {
    var all = 0
    var servers = 0
    /// By addresses without their ports.
    var untrusted: [SocketAddress: Int] = [:]
  }

  private let count = Mutex(Count())

  public init() {}

  /// A loop's server takes connections of the door from now on.
  func join() { count.withLock { $0.servers += 1 } }

  /// It takes no more.
  func part() { count.withLock { $0.servers -= 1 } }

  /// How many silent connections one of the servers keeps: all of them together at most half of the door, else those who
  /// say nothing would fill it.
  func silentShare(_ limits: HTTPLimits.Server) -> Int {
    let share = min(limits.silent, limits.connections / 2) / count.withLock { max(1, $0.servers) }
    return max(share, min(limits.silent, HTTPLimits.leastSilent))
  }

  /// A connection comes; `stranger` is its address where that counts.
  func enter(from stranger: SocketAddress?, isTLS: Bool, _ limits: HTTPLimits.Server) -> Verdict {
    let address = stranger.map { Self.address(of: $0) }
    return count.withLock { count in
      var crowding: Crowding?
      if count.all >= limits.connections {
        crowding = .connections
      } else if let address, count.untrusted[address, default: 0] >= limits.untrustedPerAddress {
        crowding = .address
      }
      if let crowding, isTLS || count.all >= limits.connections + HTTPLimits.refusedAtOnce {
        return .turnedAway(crowding)
      }
      count.all += 1
      if let crowding { return .refused(crowding) }
      // Who was refused and comes again at once must not find its own refusal in the way.
      if let address { count.untrusted[address, default: 0] += 1 }
      return .welcome
    }
  }

  /// A proxy, which does not count, announced whom it speaks for; nil where that one counts from now on.
  func announce(_ stranger: SocketAddress, _ limits: HTTPLimits.Server) -> Crowding? {
    let address = Self.address(of: stranger)
    return count.withLock { count in
      guard count.untrusted[address, default: 0] < limits.untrustedPerAddress else { return .address }
      count.untrusted[address, default: 0] += 1
      return nil
    }
  }

  /// A connection is gone.
  func leave() { count.withLock { $0.all -= 1 } }

  /// One of an address no longer counts: it has proved who it is, or is gone.
  func trust(_ stranger: SocketAddress) {
    let address = Self.address(of: stranger)
    count.withLock { count in
      let left = count.untrusted[address, default: 0] - 1
      count.untrusted[address] = left > 0 ? left : nil
    }
  }

  private static func address(of peer: SocketAddress) -> SocketAddress { peer.unmapped.with(port: 0) }
}
