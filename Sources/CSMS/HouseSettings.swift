import Domain

/// How this house is run: what the operator may set, with the defaults that fit most.
public struct HouseSettings: Sendable {
  /// Whether strangers may knock, or hear 404. By default they may on a loopback listener only.
  public enum Strangers: String, Sendable { case knock, refuse, knockOnLoopback = "loopback" }

  public nonisolated var strangers = Strangers.knockOnLoopback
  /// Seconds between the heartbeats of an accepted station.
  public nonisolated var heartbeatSeconds = 300
  /// Seconds until a pending station asks again.
  public nonisolated var pendingSeconds = 30
  /// Seconds that a station's answer to a command may take.
  public nonisolated var commandSeconds = 30
  /// Seconds in which the car must come after an accepted remote start.
  public nonisolated var connectionSeconds = 180
  /// Seconds between a lost link and "offline".
  public nonisolated var offlineSeconds = 5
  /// Seconds that stations have to return after a start of the daemon before they count as offline.
  public nonisolated var returnSeconds = 60
  /// Seconds that a partner may take to authorize a token.
  public nonisolated var authorizationSeconds = 8
  /// Seconds between two updates of one running session at its partner.
  public nonisolated var sessionUpdateSeconds = 1
  /// Hours that a superseded session waits for its late stop.
  public nonisolated var lateStopHours = 24
  /// Days for which events, finished commands and settled oddments are kept, and for which readings are.
  public nonisolated var eventDays = 90
  public nonisolated var readingDays = 400
  /// Days for which bills and the status history are kept: ten years.
  public nonisolated var billDays = 3_653
  /// Seconds for which a set-up link is good.
  public nonisolated var setupLinkSeconds = 1_800
  /// What a bill is in where no tariff says it.
  public nonisolated var currency = "EUR"

  public nonisolated init() {}
}
