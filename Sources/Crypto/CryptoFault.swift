// What can go wrong in this room.
import CSystem

/// Why OpenSSL did not do what it was asked.
public enum CryptoFault: Error, Equatable {
  /// OpenSSL refused, with its reason: in practice memory that is not to be had.
  case library(String)

  /// The reason of the latest refusal on this thread. The thread's error queue is emptied, because a TLS connection
  /// that runs on the same thread would take what is left in it for its own failure.
  static func last() -> CryptoFault {
    let code = ERR_peek_last_error()
    ERR_clear_error()
    guard let reason = ERR_reason_error_string(code) else { return .library("unknown reason \(code)") }
    return .library(String(cString: reason))
  }
}
