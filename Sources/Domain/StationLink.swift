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
  /// The operator decided about the station while it was connected. From an accepted one the loop answers heartbeats
  /// itself; from a rejected one only a boot is taken.
  func registered(_ link: LinkID, as registration: Station.Registration)
  /// The operator changed where a connected station is mirrored to; nil: nowhere any more.
  func forward(_ link: LinkID, to follower: Forwarding?)
  /// Whether stations of that version can do something that not all can.
  func can(_ ability: StationAbility, version: String) -> Bool
  /// The calls of the protocol that such stations take, by their names: for people who write one by hand.
  func calls(version: String) -> [String]
  /// The names of the settings that every station of that version should have.
  func settingKeys(version: String) -> [String]
  /// What is wrong with a call of that version that somebody wrote by hand: its structure only, not its sense. Nil where
  /// it is as declared. Needs no link and no loop.
  func flaw(in payload: JSON, of action: String, version: String) -> CallFlaw?
  /// What a call that somebody wrote by hand and its answer tell of the station's settings, as a command for settings is
  /// answered: `"settings"` with `"key"` and `"value"`. Nil where they tell nothing of any.
  func settings(told answer: JSON, to action: String, with payload: JSON, version: String) -> JSON?
  /// The command in as many calls as a station of that version can take. `limit` is a whole number among the station's
  /// settings.
  func pieces(of command: StationCommand, version: String, limit: (SettingName) -> Int?) -> [StationCommand]
}

/// What only stations of later versions can do.
public enum StationAbility: String, Word {
  /// To tell of all their parts, to watch them and to show messages (OCPP 2.0.1 B07, N04, O01).
  case describesItself = "describes_itself"
  /// To be told where a session ends by itself (OCPP 2.1 E16).
  case keepsLimits = "keeps_limits"
  /// To be told that a session goes first (OCPP 2.1 K21).
  case givesPriority = "gives_priority"
  /// To reckon and show prices themselves (OCPP 2.1 I07).
  case keepsTariffs = "keeps_tariffs"
}

extension StationLink {
  public func settings(told answer: JSON, to action: String, with payload: JSON, version: String) -> JSON? { nil }

  public func pieces(
    of command: StationCommand, version: String, limit: (SettingName) -> Int?
  ) -> [StationCommand] {
    [command]
  }
}

/// Where frames and requests are written down for people who look for a fault. Never blocks; drops when full, and
/// counts.
public protocol FrameLog: AnyObject, Sendable {
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
