/// The bounds of the books, and what happens at each.
nonisolated enum Limits {
  /// Milliseconds for which the writer waits for a lock of another program; past it the turn fails as `.busy`.
  static let lockMilliseconds: Int32 = 2_000
  /// The same once a turn failed by such a lock, until one succeeds: the page and its readers live beside the turns.
  static let lockedMilliseconds: Int32 = 100
  /// How long a read transaction may live; past it the question fails as `.tooSlow`.
  static let readTime = Duration.seconds(1)
  /// Read-only connections, each with a queue of its own.
  static let readers = 2
  /// Steps of SQLite's machine between two looks at the clock.
  static let stepsPerLook: Int32 = 2_000
  /// Pages of a write-ahead log from which on a commit brings it into the file.
  /// Under load most pages of a log are older forms of the same few, which a checkpoint brings in once.
  static let pagesPerCheckpoint: Int32 = 4_000
  /// Bytes to which a write-ahead log shrinks after a checkpoint.
  static let idleLogBytes = 64 << 20

  /// Rows of one kind that the writer remembers; one more, and all of that kind are forgotten and asked for again.
  static let cachedRows = 1_024
  /// Tariffs of running sessions that the writer remembers; past it the one that was read longest ago goes.
  static let cachedTariffs = 16
  /// Bytes of pages that the writer keeps in memory, in SQLite's negative kibibytes; past it the one that was used
  /// longest ago goes.
  static let cachedPages = -8 * 1024
  /// The same for the log of messages, which is only appended to.
  static let logCachedPages = -256

  /// Rows of one page; a greater wish is cut to it, and a negative one, which SQLite takes for no limit, to none.
  static let pageRows = 1_000
  static func page(_ wish: Int) -> Int { min(max(wish, 0), pageRows) }

  /// Rows that a list is sorted within; of more its reader is told to narrow it.
  static let sortedRows = 100_000

  /// Rows that one call of a pruning removes; it says whether more are left.
  static let prunedAtOnce = 5_000
  /// Changes of an EVSE's status are summed by so long; the first sums of the schema are too.
  static let statusWindowMilliseconds: Int64 = 4 * 86_400_000
  /// Kinds of oddity that are kept per station; later kinds are counted under one name.
  static let odditiesPerStation = 200
  /// Characters of an oddity's name and of its sample; longer ones are cut.
  static let oddityCharacters = 200
  /// Kinds of note that are kept per partner; later kinds are counted under one name.
  static let notesPerPartner = 100
  /// CDRs of an invoice's record that are named where our books do not have them; more are counted.
  static let listedMissing = 20
  /// Signed values of one reading that are kept; more are passed over.
  static let signaturesPerReading = 10
  /// Certificates that are kept of what one station says it holds. Past it: the others are not kept.
  static let heldCertificates = 200
  /// Bytes of a file of a certificate authority. Past it: it is cut, and unreadable then.
  static let authorityFileBytes = 1 << 20
  /// Values of a station's device model; past it new ones are not kept.
  static let valuesPerStation = 10_000
  /// Characters of a report in words; the rest is cut.
  static let reportCharacters = 200_000
  /// Monitors, messages, grid controls and streams of a station; past it new ones are not kept.
  static let monitorsPerStation = 2_000
  static let messagesPerStation = 500
  static let controlsPerStation = 500
  static let streamsPerStation = 100
  /// Values of a monitor's streams; past it the oldest go.
  static let streamedValues = 1_000
  /// Characters of another network's location that are searched; the rest is not found by words.
  static let roamingWords = 8_192
  /// Contents of another network's tariff that are kept; past it the oldest goes.
  static let tariffVersions = 200
  /// Versions of a tariff of ours that are kept; past it the oldest goes. A price that follows demand makes many.
  static let ownTariffVersions = 1_000
  /// Messages of one action of one station that wait for the operator; further ones are counted at the newest of them.
  static let parkedMessages = 500
  /// By how much the numbers of invoices jump at a restore: as many may have been given since the backup.
  static let invoiceJump: Int64 = 1_000
  /// Unknown tags that are remembered; past it the one that was seen longest ago goes.
  static let unknownTags = 10_000
  /// Tokens of the local list; past it the partners' newest are left out.
  static let listedTokens = 50_000
  /// Changes of the local list that are remembered; a station that missed more gets it whole.
  static let listHistory: Int64 = 1_000
  /// Things that one station told of how it charges; past it the oldest goes.
  static let noticesPerStation = 200
  /// Logins of one user; past it the one that was used longest ago ends.
  static let loginsPerUser = 50
  /// Addresses of a user that are remembered. Past it: the one that was used longest ago is forgotten.
  static let addressesPerUser = 20
  /// The transaction numbers of OCPP 1.6 are positive and below 2³¹.
  static let transactions: Int64 = 2_147_483_647
  /// How many of them the writer takes from the books at once; what is left of them at the end is never given.
  static let transactionsAtOnce: Int64 = 64
  /// By how much the numbers jump after a restore, so that none that left the house is used again.
  static let transactionJump: Int64 = 1_000_000

  /// Frames, and bytes of them, that wait to be written to the message log or are just being written; past either the
  /// newest is dropped and counted.
  static let waitingFrames = 20_000
  static let waitingFrameBytes = 32 << 20
  /// Bytes of one frame that the message log keeps, and of its door, peer, action and correlation each; the rest is cut.
  static let frameBytes = 64 << 10
  static let frameFieldBytes = 255
  /// Milliseconds for which frames gather before they are written together.
  static let gatherMilliseconds = 100
  /// Frames of one batch, and bytes of it; past either the next batch begins. A batch's buffer begins with
  /// `batchFirstBytes` and grows.
  static let batchFrames = 1_000
  static let batchBytes = 256 << 10
  static let batchFirstBytes = 4 << 10
  /// Peers of a batch that get a row each; where they are more, one row has the fingerprints of all.
  static let fewPeers = 32
  /// Batches of which one step of a search gets a list, and how long all its steps may take together; then it answers
  /// with what it has, and where to go on.
  static let batchesPerLook = 1_000
  static let searchTime = Duration.milliseconds(800)
  /// Batches that one transaction of a pruning removes.
  static let batchesPrunedAtOnce = 100
  /// Readings that one session keeps, looked at with each of so many rows. Past it: each second one of them goes.
  static let readingsPerSession = 5_000
  static let readingsBetweenLooks: Int64 = 256
}
