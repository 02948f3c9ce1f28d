/// The bounds of the books, and what happens at each.
nonisolated enum Limits {
  /// Milliseconds for which the writer waits for a lock of another program; past it the turn fails as `.busy`.
  static let lockMilliseconds: Int32 = 2_000
  /// How long a read transaction may live; past it the question fails as `.tooSlow`.
  static let readTime = Duration.seconds(1)
  /// Read-only connections, each with a queue of its own.
  static let readers = 2
  /// Steps of SQLite's machine between two looks at the clock.
  static let stepsPerLook: Int32 = 2_000
  /// Bytes to which a write-ahead log shrinks after a checkpoint.
  static let idleLogBytes = 64 << 20

  /// Rows of one page; a greater wish is cut to it, and a negative one, which SQLite takes for no limit, to none.
  static let pageRows = 1_000
  static func page(_ wish: Int) -> Int { min(max(wish, 0), pageRows) }

  /// Rows that one call of a pruning removes; it says whether more are left.
  static let prunedAtOnce = 5_000
  /// Kinds of oddity that are kept per station; later kinds are counted under one name.
  static let odditiesPerStation = 200
  /// Characters of an oddity's name and of its sample; longer ones are cut.
  static let oddityCharacters = 200
  /// Unknown tags that are remembered; past it the one that was seen longest ago goes.
  static let unknownTags = 10_000
  /// Logins of one user; past it the one that was used longest ago ends.
  static let loginsPerUser = 50
  /// The transaction numbers of OCPP 1.6 are positive and below 2³¹.
  static let transactions: Int64 = 2_147_483_647
  /// By how much the numbers jump after a restore, so that none that left the house is used again.
  static let transactionJump: Int64 = 1_000_000

  /// Frames, and bytes of them, that wait to be written to the message log; past either the newest is dropped and
  /// counted.
  static let waitingFrames = 20_000
  static let waitingFrameBytes = 32 << 20
  /// Bytes of one frame that the message log keeps; the rest is cut.
  static let frameBytes = 64 << 10
  /// Milliseconds for which frames gather before they are written together.
  static let gatherMilliseconds = 100
  /// Frames that one step of a search looks at, and how long all its steps may take together; then it answers with what
  /// it has, and where to go on.
  static let framesPerLook: Int64 = 20_000
  static let searchTime = Duration.milliseconds(800)
}
