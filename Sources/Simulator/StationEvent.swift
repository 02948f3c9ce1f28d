import OCPP
import Wire

/// What happens at a virtual station, for a demo's log, a benchmark's figures and a test's expectations.
public enum StationEvent: Sendable, Equatable {
  /// The WebSocket is open.
  case connected
  /// The house did not let it in, or was not there.
  case refused(String)
  case disconnected(String)
  /// The house's answer to a boot; seconds until the next heartbeat or boot.
  case booted(V16.BootNotification.Reply.Status, seconds: Int)
  case status(connector: Int, V16.StatusNotification.Status)
  /// The house's word, or the station's own memory, about a tag.
  case authorized(tag: String, V16.IdTagInfo.Status)
  /// A car charges; the house may not know yet.
  case sessionStarted(connector: Int, tag: String)
  /// The house gave the session its number.
  case sessionConfirmed(connector: Int, transaction: Int64)
  /// `transaction` is nil where the house never gave one.
  case sessionEnded(connector: Int, transaction: Int64?, wattHours: Int64, V16.StopTransaction.Reason)
  /// The house has taken note of the end.
  case stopAcknowledged(transaction: Int64)
  /// The house asked for something, and the station's word for it.
  case asked(action: String, answer: String)
  /// The house answered a call of the station.
  case answered(action: String, after: Duration)
  /// The house answered with an error, or not at all.
  case failed(action: String, why: String)
  /// A message is given up: too many waited, or too many attempts failed.
  case dropped(action: String)
  case rebooting(hard: Bool)
  /// The code for paying on the display of a connector is a new one.
  case code(connector: Int, url: String)
}
