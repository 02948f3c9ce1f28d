/// The bounds of the admin door, and what happens at each.
nonisolated enum Limits {
  /// Items of one page of a list: as a rule, and at most; a greater wish is refused by name.
  static let page = 100
  static let longestPage = 500
  /// Lines that a cursor may skip, where it is a number of lines; a greater one is refused.
  static let furthestSkip = 100_000
  /// Items of a list in a request's body; a longer one is refused.
  static let listedItems = 100
  /// Pages that one request for a list reads while it looks for stations by whether they are connected.
  static let pagesPerLook = 12
  /// Lines of one kind on the overview; the last one says how many more there are.
  static let attentionPerKind = 20
  /// Seconds without a reading after which a running session counts as stuck.
  static let stuckSeconds = 12 * 3_600
  /// Seconds for which a push may wait before its partner counts as failing.
  static let failingSeconds = 60
  /// Readings of one session that its page gets; more are thinned evenly.
  static let readings = 2_000
  /// Seconds for which a caller may wait for a command's outcome; a longer wish is refused.
  static let waitSeconds = 50
  /// Characters of an Idempotency-Key; a longer one is refused.
  static let idempotencyKey = 128
  /// Rows of one page of an export.
  static let exportRows = 500
  /// Live listeners at once; the next one hears 503.
  static let listeners = 200
  /// Seconds after which a listener must come back and show again who it is.
  static let listenSeconds = 3_600
  /// Events that are kept in memory for listeners; one that is further behind reads from the log.
  static let recentEvents = 1_000
  /// Events that a listener gets in one piece before it is asked whether it can take more.
  static let eventsPerPiece = 200
  /// Milliseconds between two notices of sessions' figures, and the sessions of one notice; the others come with the
  /// next.
  static let progressMilliseconds = 500
  static let progressSessions = 200
  /// Failed logins that cost nothing, by account and by address, and the longest pause after more, in seconds.
  static let freeFailuresPerAccount = 5
  static let freeFailuresPerAddress = 20
  static let longestPauseSeconds = 60
  /// Accounts and addresses whose failures are remembered; past it the one that failed longest ago is forgotten. Of an
  /// account that somebody made up, so many characters: no longer name can log in.
  static let rememberedFailures = 10_000
  static let rememberedName = 100
}
