import CSMS
import Domain
import HTTP
import Logging
import Net
import OCPP
import Wire

/// Tells of crowds at the doors, at most once a minute for each kind of trouble, with how many times it happened: a
/// flood must not become a flood of the log. Of TLS that did not come about it tells the household too, once a minute
/// for each address.
final class DoorWatch {
  private struct Trouble {
    var times = 0
    var toldAt: Instant?
  }

  private static let pause = Duration.seconds(60)

  private let loop: EventLoop
  private let log = Logger(label: "doors")
  private var troubles: [String: Trouble] = [:]
  private let csms: CSMS
  /// Whose failed handshakes were told in this minute; past the bound the rest of it is silent.
  private var strangers: Set<String> = []
  private var minute: Instant
  private static let strangersPerMinute = 100

  init(loop: EventLoop, csms: CSMS) {
    (self.loop, self.csms) = (loop, csms)
    minute = loop.now
  }

  /// Hears of everything that this server could not take.
  func watch(_ server: Server) {
    let door = server.door
    server.onTrouble = { [self] trouble in
      switch trouble {
      case .turnedAway(let peer):
        tell("no file descriptor is left: newcomers are turned away; raise the limit (ulimit -n)", .error, door, peer)
      case .failed(let fault): tell("\(fault)", .error, door, nil)
      }
    }
    server.onEarlyEnd = { [self] peer, reason in
      if case .tls(let fault) = reason { handshakeFailed(fault, at: door, peer) }
    }
    server.onCrowding = { [self] crowding, peer in
      switch crowding {
      case .connections: tell("a door is full: newcomers hear 503; `connections` is its bound", .warning, door, peer)
      case .address:
        tell(
          "one address has too many connections that proved nothing; `connections_per_address` is the bound", .warning,
          door, peer)
      case .silent:
        tell(
          "connections that said nothing were closed for newcomers; `silent_connections` is the bound", .warning, door,
          peer)
      }
    }
  }

  /// Scanners, old stations, certificates that were refused.
  private func handshakeFailed(_ fault: TLSFault, at door: String, _ peer: SocketAddress) {
    guard fault != .truncated else { return }
    if loop.now - minute >= Self.pause { (minute, strangers) = (loop.now, []) }
    var shown: ClientCertificate?
    if case .certificate(_, _, let certificate?) = fault { shown = ClientCertificate(certificate) }
    guard strangers.count < Self.strangersPerMinute,
      strangers.insert("\(peer.host) \(shown?.serial ?? "")").inserted
    else { return }
    let (address, why, certificate) = (peer.host, fault.description, shown)
    var metadata: Logger.Metadata = ["door": "\(door)", "address": "\(address)", "reason": "\(why)"]
    if let certificate { metadata["certificate"] = "\(certificate.serial)" }
    log.notice("a TLS handshake failed", metadata: metadata)
    Task { @MainActor [csms] in
      csms.refusedInHandshake(from: address, because: why, certificate: certificate)
    }
  }

  private func tell(_ event: String, _ level: Logger.Level, _ door: String, _ peer: SocketAddress?) {
    var trouble = troubles[event] ?? Trouble()
    trouble.times += 1
    defer { troubles[event] = trouble }
    if let toldAt = trouble.toldAt, loop.now - toldAt < Self.pause { return }
    var metadata: Logger.Metadata = ["door": "\(door)", "times": "\(trouble.times)"]
    if let peer { metadata["address"] = "\(peer.host)" }
    log.log(level: level, "\(event)", metadata: metadata)
    trouble = Trouble(times: 0, toldAt: loop.now)
  }
}
