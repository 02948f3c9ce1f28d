import Wire

/// A second central system that hears what a station says: an employer that pays back, a roaming operator. Ours leads: its
/// answers alone reach the station.
public struct Forwarding: Payload {
  /// `wss://cs.example.com/ocpp/`; the identity is appended.
  public var url = ""
  /// Under which the station is known there; its own where it is absent.
  public var identity: String?
  /// Its Basic password there.
  public var password: String?
  /// Which of the station's actions are passed on; all where it is absent.
  public var actions: [String]?
  /// Which actions the follower may ask of the station; none where it is absent.
  public var mayCall: [String]?
  /// Whether loopback and private addresses may be called.
  public var allowsPrivate: Bool?
  /// Nothing is passed on for now.
  public var isPaused: Bool?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("url", &url, max: 500)
    try w.visit("identity", &identity, max: 48)
    try w.visit("password", &password, max: 64)
    try w.visit("actions", &actions, max: 64, count: 0...100)
    try w.visit("may_call", &mayCall, max: 64, count: 0...100)
    try w.visit("allow_private", &allowsPrivate)
    try w.visit("paused", &isPaused)
  }

  public func passesOn(_ action: String) -> Bool { actions?.contains(action) ?? true }
  public func lets(_ action: String) -> Bool { mayCall?.contains(action) ?? false }
}

/// Where the connection to a follower stands.
public struct FollowerState: Sendable, Equatable {
  public enum Phase: String, Word { case connecting, connected, away }

  public var phase: Phase
  /// Why it is away.
  public var why: String?
  /// Calls that wait for it, and those that were dropped because too many did.
  public var waiting: Int
  public var dropped: Int

  public init(_ phase: Phase, why: String? = nil, waiting: Int = 0, dropped: Int = 0) {
    (self.phase, self.why, self.waiting, self.dropped) = (phase, why, waiting, dropped)
  }
}
