import Wire

/// What a virtual station is: the plate on its door, its hardware, and its bad habits.
public struct StationProfile: Sendable, Equatable {
  /// What its outlets can give, by the names of the command line.
  public enum Kind: String, Sendable, CaseIterable {
    case ac11, ac22, dc50, dc150

    public var isDC: Bool { self == .dc50 || self == .dc150 }

    public var watts: Double {
      switch self {
      case .ac11: 11_000
      case .ac22: 22_000
      case .dc50: 50_000
      case .dc150: 150_000
      }
    }

    /// The plate's words.
    var model: String {
      switch self {
      case .ac11: "Post 11"
      case .ac22: "Post 22"
      case .dc50: "Tower 50"
      case .dc150: "Tower 150"
      }
    }
  }

  /// What people at this station do by themselves, in seconds of the house's clock; nil: nothing.
  public struct Habits: Sendable, Equatable {
    /// After a remote start somebody plugs a car in.
    public var plugsInAfterSeconds: Int? = 5
    /// After the end of a session somebody takes the cable out.
    public var leavesAfterSeconds: Int? = 60

    public init() {}
  }

  /// How it comes back after a lost connection: pauses that double, each with jitter between half and one and a half.
  public struct Retry: Sendable, Equatable {
    public var first = Duration.seconds(1)
    public var longest = Duration.seconds(60)
    /// How long a reboot takes.
    public var reboot = Duration.seconds(2)

    public init() {}
  }

  public var identity: String
  public var version = Version.v16
  /// For HTTP Basic; nil: none is sent.
  public var password: Bytes?
  public var kind: Kind
  public var connectors: Int
  public var vendor = "Halyard"
  public var model: String
  public var serialNumber: String
  public var firmwareVersion = "1.4.2"
  /// Seconds of the house's clock between meter values while a car charges; 0: none.
  public var meterSeconds = 60
  /// Its meters count what flows back too, and tell both.
  public var metersBothWays = false
  /// What the register of each connector shows at first, in Wh.
  public var registerWattHours = 1_250_000
  /// A flaky station drops its TCP connection about this often, in seconds of the machine's clock.
  public var dropsEverySeconds: Int?
  /// This connector reports GroundFailure until it is mended.
  public var faultedConnector: Int?
  /// Whether it boots after every lost connection, or goes on as if nothing had been, as many stations do.
  public var bootsOnReconnect = true
  public var habits = Habits()
  /// What it does otherwise than the standard says.
  var badHabits: Set<StationHabit> = []
  public var retry = Retry()

  public init(identity: String, kind: Kind = .ac22, connectors: Int? = nil, password: Bytes? = nil) {
    self.identity = identity
    self.kind = kind
    self.connectors = min(max(connectors ?? (kind.isDC ? 1 : 2), 1), Limits.connectors)
    self.password = password
    model = kind.model
    serialNumber = "HY-\(identity.prefix(20))"
  }
}
