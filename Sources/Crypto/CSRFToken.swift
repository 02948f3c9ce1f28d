// The token that a page sends along with every unsafe request, beside the cookie that the browser sends by itself.
import Wire

/// A session's token. It is derived from the session id, so it needs no row of its own and ends with the session.
public enum CSRFToken {
  /// 43 base64url characters, always the same for one session.
  public static func make(session: String) -> String {
    HMAC.sha256(key: Bytes(utf8: session), Bytes(utf8: "csrf")).base64URL
  }

  /// Whether `presented` is this session's token, in constant time.
  public static func matches(_ presented: String, session: String) -> Bool {
    equalInConstantTime(Bytes(utf8: presented), Bytes(utf8: make(session: session)))
  }
}
