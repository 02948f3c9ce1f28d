/// The bounds of the OCPI room, each with the answer that is given when it is reached.
enum Limits {
  /// Objects of one page of ours, also what X-Limit says. A greater `limit` gets this many.
  static let pageObjects = 100
  /// Bytes of a partner's request body. Past it: 413, by the HTTP server before the body is read.
  static let bodyBytes = 1 << 20
  /// Bytes of a partner's answer that we read. Past it: the answer is unusable, the push is tried again.
  static let answerBytes = 4 << 20
  /// Bytes of one entry in the conversation log. Past it: cut.
  static let loggedBytes = 64 << 10
  /// Characters of a partner's text that stand in an error or a trace. Past it: cut.
  static let excerptCharacters = 200
  /// Versions in a partner's list, and endpoints in its details. Past it: the rest is ignored.
  static let listedVersions = 32
  static let listedEndpoints = 64
  /// Parties that one partner may speak for. Past it: 2001.
  static let roles = 100
  /// Characters of a credentials token. The text says 64 (2.2.1 §7.3.1), signed tokens are longer. Past it: 2001.
  static let credentialsToken = 1_024
  /// Characters of a request or correlation id that is repeated in the answer. Past it: cut.
  static let messageID = 128
  /// Seconds for one request of a handshake, whole. Past it: the handshake fails with what it was waiting for.
  static let handshakeSeconds = 15
  /// Seconds for one push, whole. Past it: tried again later.
  static let pushSeconds = 30
  /// Seconds that a partner may ask us to wait (Retry-After). Past it: this long.
  static let retryAfterSeconds = 3_600
}
