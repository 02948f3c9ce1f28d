import Wire

/// The time of day as the house knows it; a test or the demo puts its own in.
public struct Clock: Sendable {
  public let now: @Sendable () -> Timestamp

  public init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

  public static let system = Clock { Timestamp.now() }
}
