// A point on the monotonic clock, only for deadlines: it means nothing in another process.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Nanoseconds of the monotonic clock, which no operator and no time server can set.
public struct Instant: Sendable, Hashable, Comparable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static func now() -> Instant {
    let time = clockReading(CLOCK_MONOTONIC)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  public static func + (instant: Instant, span: Duration) -> Instant {
    Instant(nanoseconds: instant.nanoseconds + span.wholeNanoseconds)
  }

  public static func - (instant: Instant, span: Duration) -> Instant {
    Instant(nanoseconds: instant.nanoseconds - span.wholeNanoseconds)
  }

  public static func - (later: Instant, earlier: Instant) -> Duration {
    .nanoseconds(later.nanoseconds - earlier.nanoseconds)
  }

  public static func += (instant: inout Instant, span: Duration) { instant = instant + span }
}

extension Duration {
  /// Nanoseconds; what is finer is dropped. Traps beyond 64 bits, which is 292 years.
  public var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
