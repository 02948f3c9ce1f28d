import Wire

/// The way out to stations. The OCPP room implements it; the household calls it after a commit.
public protocol StationLink: Sendable {
  /// Sends a command when the link's turn for it comes (one open call each way), and reports how it ended, once, on the
  /// main actor. `deadline` counts from this call, in seconds.
  func call(
    _ command: StationCommand, on link: LinkID, deadline seconds: Int,
    done: @escaping @MainActor @Sendable (CommandOutcome) -> Void)
  /// Ends a link. Its pending calls end as `.disconnected`.
  func close(_ link: LinkID, code: UInt16, reason: String)
  /// The operator accepted the station while it was connected: from now on the loop answers its heartbeats itself.
  func accepted(_ link: LinkID)
}

/// Where frames and requests are written down for people who look for a fault. Never blocks; drops when full, and
/// counts.
public protocol FrameLog: Sendable {
  func record(_ frame: LoggedFrame)
}

/// One message as it went over the wire.
public struct LoggedFrame: Sendable {
  public enum Direction: String, Word { case received = "in", sent = "out" }

  public var at: Timestamp
  /// `ocpp` or `ocpi`.
  public var door: String
  /// The station's identity or the partner's name.
  public var peer: String
  public var direction: Direction
  /// The action or module, where the frame says it.
  public var action: String?
  /// What binds an answer to its call.
  public var correlation: String?
  /// Cut at the log's limit; secrets are taken out before.
  public var text: Bytes
  public var isError: Bool

  public init(
    at: Timestamp, door: String, peer: String, direction: Direction, action: String?, correlation: String?, text: Bytes,
    isError: Bool = false
  ) {
    self.at = at
    self.door = door
    self.peer = peer
    self.direction = direction
    self.action = action
    self.correlation = correlation
    self.text = text
    self.isError = isError
  }
}
