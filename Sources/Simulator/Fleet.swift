import HTTP
import Net
import OCPP
import Wire

/// Many virtual stations on one loop, made from a seed. It belongs to its loop, as its stations do.
public final class Fleet {
  public struct Plan: Sendable {
    public var count: Int
    /// Identities are this and a number of at least four digits: SIM-0001.
    public var prefix = "SIM-"
    public var seed: UInt64 = 1
    /// Time over which the stations connect, so that the house sees a morning and not a flood.
    public var connectOver = Duration.seconds(1)
    /// The password of a station; nil: none.
    public var password: @Sendable (_ identity: String) -> Bytes? = { _ in nil }
    /// A last word about each station, such as its habits.
    public var adjust: @Sendable (inout StationProfile, _ place: Int) -> Void = { _, _ in }

    public init(count: Int) { self.count = count }

    /// The profile of each station: two of three are AC, the rest DC.
    public var profiles: [StationProfile] {
      var random = SeededGenerator(seed: seed)
      let kinds: [StationProfile.Kind] = [.ac11, .ac22, .ac22, .ac22, .dc50, .dc150]
      return (0..<min(max(count, 0), Limits.fleet)).map { place in
        let digits = String(place + 1)
        let identity = prefix + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        let kind = kinds.randomElement(using: &random) ?? .ac22
        var profile = StationProfile(identity: identity, kind: kind, password: password(identity))
        profile.registerWattHours = Int.random(in: 10_000...9_000_000, using: &random)
        adjust(&profile, place)
        return profile
      }
    }
  }

  public let loop: EventLoop
  public let stations: [VirtualStation]
  /// What happens at any of them, told on the loop.
  public var onEvent: ((VirtualStation, StationEvent) -> Void)? {
    didSet { for station in stations { station.onEvent = onEvent } }
  }
  private let connectOver: Duration
  private let byIdentity: [String: Int]
  private var starts: [Timers.Token] = []

  public convenience init(
    _ plan: Plan, url: HTTPURL, clock: FastClock = .system, tls: TLSContext? = nil, loop: EventLoop
  ) {
    self.init(
      plan.profiles, seed: plan.seed, connectOver: plan.connectOver, url: url, clock: clock, tls: tls, loop: loop)
  }

  /// Stations of somebody's own choice.
  public init(
    _ profiles: [StationProfile], seed: UInt64 = 1, connectOver: Duration = .seconds(1), url: HTTPURL,
    clock: FastClock = .system, tls: TLSContext? = nil, loop: EventLoop
  ) {
    self.loop = loop
    self.connectOver = connectOver
    stations = profiles.prefix(Limits.fleet).enumerated().map { place, profile in
      VirtualStation(profile, url: url, clock: clock, seed: seed &+ UInt64(place) &* 7_919, tls: tls, loop: loop)
    }
    byIdentity = Dictionary(stations.enumerated().map { ($1.profile.identity, $0) }) { first, _ in first }
  }

  /// For other threads.
  public var handle: LoopBound<Fleet> { LoopBound(self, loop: loop) }

  public subscript(identity: String) -> VirtualStation? { byIdentity[identity].map { stations[$0] } }

  /// Connects the stations one after the other, evenly over the plan's time.
  public func start() {
    let pause = stations.isEmpty ? .zero : connectOver / stations.count
    starts = stations.enumerated().map { place, station in
      loop.schedule(after: pause * place) { station.start() }
    }
  }

  /// Disconnects all of them in order.
  public func stop() {
    for token in starts { loop.cancel(token) }
    starts = []
    for station in stations { station.stop() }
  }

  public var connected: Int { stations.count { $0.model.isConnected } }
  public var accepted: Int { stations.count { $0.model.isAccepted } }
  /// Connectors at which a session runs.
  public var charging: Int {
    stations.reduce(0) { sum, station in sum + station.model.connectors.count { $0.tag != nil } }
  }
  /// Messages about charging that the house has not taken yet.
  public var keptMessages: Int { stations.reduce(0) { $0 + $1.model.keptMessages } }
}
