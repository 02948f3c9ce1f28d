import Wire

/// The bounds of the OCPI room, each with the answer that is given when it is reached.
enum Limits {
  /// Objects of one page of ours, also what X-Limit says. A greater `limit` gets this many.
  static let pageObjects = 100
  /// Bytes of a partner's request body. Past it: 413, by the HTTP server before the body is read.
  static let bodyBytes = 1 << 20
  /// Bytes of a request about a booking. Past it: 2001.
  static let bookingBytes = 16 << 10
  /// Bytes of a partner's answer that we read. Past it: the answer is unusable, the push is tried again.
  static let answerBytes = 4 << 20
  /// Bytes of one entry in the conversation log. Past it: cut.
  static let loggedBytes = 64 << 10
  /// Flaws of form that are told of one tariff in a file. Past it: the rest is told once these are mended.
  static let paperFlaws = 50
  /// Header fields of one entry. Past it: the others are left out.
  static let loggedFields = 50
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
  /// Objects in one list of an object that a partner tells, such as the EVSEs of a location. Past it: 2001.
  static let toldItems = 2_000
  /// Bytes of a body that stand in the trace of a registration. Past it: cut.
  static let tracedBytes = 1_500
  /// Characters that are read of a text in it; a longer one is cut for people, and 2001 for an id.
  static let toldText = 1_024
  /// What a number in it may be, and the decimals that are read of it. Past it: 2001; more decimals are rounded.
  static let toldNumber = Decimal(1_000_000_000)
  static let toldPlaces = 6
  /// W of a connector. Past it: 2001.
  static let toldWatts = 100_000_000
  /// Seconds for a command of ours to be answered, for one page of a list, and for a whole list. Past it: it failed.
  static let commandSeconds = 30
  static let pageSeconds = 60
  static let pullSeconds = 1_800
  /// Objects that we ask for with one page, pages, and objects of one list. Past it: the rest is left to the next pull.
  static let pulledPage = 100
  static let pulledPages = 10_000
  static let pulledObjects = 1_000_000
}
