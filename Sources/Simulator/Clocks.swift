import Domain
import Wire

/// The house's clock as a demo wants it: a minute of charging may pass in a second.
public struct FastClock: Sendable {
  /// How many seconds pass here in one second of the machine.
  public let speed: Int
  /// Where it began; nil where it is the system's clock.
  private let anchor: (time: Timestamp, instant: Instant)?

  /// The system's own clock.
  public static let system = FastClock()

  private init() { (speed, anchor) = (1, nil) }

  /// A clock that shows `start` now and runs `speed` times as fast as the machine's; between 1 and 3,600.
  public init(speed: Int, from start: Timestamp = .now()) {
    self.speed = min(max(speed, 1), Limits.speed)
    anchor = (start, .now())
  }

  /// The clock that the house is to be given, so that both agree.
  public var clock: Clock { Clock { self.now().time } }

  public func now() -> Moment { moment(at: .now()) }

  public func moment(at instant: Instant) -> Moment {
    guard let anchor else { return Moment(time: .now(), instant: instant) }
    // In microseconds, 64 bits last for eighty years at full speed; in nanoseconds they would for a month.
    let passed = (instant - anchor.instant).wholeNanoseconds / 1_000 * Int64(speed)
    return Moment(time: anchor.time + .microseconds(passed), instant: instant)
  }

  /// How long the machine waits until this clock shows that time.
  func wait(until time: Timestamp, from now: Moment) -> Duration {
    .nanoseconds(max(0, (time - now.time).wholeNanoseconds) / Int64(speed))
  }
}

/// One moment on both clocks of a station.
public struct Moment: Sendable, Equatable {
  /// The house's: charging, meters and time stamps follow it.
  public var time: Timestamp
  /// The machine's: connections, replies and heartbeats follow it.
  public var instant: Instant

  public init(time: Timestamp, instant: Instant) { (self.time, self.instant) = (time, instant) }

  public static func + (moment: Moment, span: Duration) -> Moment {
    Moment(time: moment.time + span, instant: moment.instant + span)
  }
}

/// Random numbers that come again with the same seed (SplitMix64).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
