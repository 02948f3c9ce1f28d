import Wire

/// The bounds of the admin door, and what happens at each.
nonisolated enum Limits {
  /// Items of one page of a list: as a rule, and at most; a greater wish is refused by name.
  static let page = 100
  static let longestPage = 500
  /// Lines that a cursor may skip, where it is a number of lines; a greater one is refused.
  static let furthestSkip = 100_000
  /// Seconds of another network's plan that are asked for where nobody says how many: a day.
  static let activeProfileSeconds = 86_400
  /// Items of a list in a request's body; a longer one is refused.
  static let listedItems = 100
  /// Seconds that a preview of prices looks back over, quarter by quarter: 400 days.
  static let previewSeconds = 400 * 86_400
  /// Bills that it prices again, the newest of that time, and how many are read at once.
  static let previewRecords = 20_000
  static let previewPage = 500
  /// EVSEs of a station that a file brings, and tariffs of one file; more are refused. Rows: `CSVTable`.
  static let importedEVSEs = 200
  static let importedTariffs = 200
  /// Lines of one view of insight; a question with more is refused.
  static let insightLines = 5_000
  /// Prices of energy that one request brings or lists; more are refused.
  static let energyPrices = 40_000
  /// Seconds that one view looks back over: ten years.
  static let insightSeconds = 3_653 * 86_400
  /// Characters of the remark of a CDR; a longer one is refused.
  static let remark = 255
  /// Pages that one request for a list reads while it looks for stations by whether they are connected.
  static let pagesPerLook = 12
  /// Seconds for which a browser that came by TLS comes by nothing else: a year (RFC 6797 §6.1.1).
  static let secureOnlySeconds = 31_536_000
  /// Seconds before the begin and after the end of a session in which its messages are looked for.
  static let sessionMessageSeconds = 3_600
  /// Readings of one session that its page gets; more are thinned evenly.
  static let readings = 2_000
  /// Seconds for which a caller may wait for a command's outcome; a longer wish is refused.
  static let waitSeconds = 50
  /// Seconds for which a raw call may wait for the station's answer; a longer wish is refused.
  static let callSeconds = 300
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
  /// Seconds between two notices of how far a listener is for whom nothing was.
  static let placeSeconds = 2
  /// Events of the whole log, the newest, among which those of one's own sites are looked for where the newest are asked for.
  static let newestReach: Int64 = 100_000
  /// Seconds between two points of the line of power, and its points: six hours.
  static let powerSeconds = 30
  static let powerPoints = 720
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
  /// Characters of what a driver typed that may be a PIN; what is longer is a card.
  static let pinCharacters = 7
  /// Bytes of a label's code and of a driver's ticket; longer ones are nobody's. Of the address that labels show.
  static let driverCode = 16
  static let driverTicket = 64
  static let labelBase = 200
  /// Seconds that a station shows one code for paying, and characters of its password (OCPP 2.1, WebPaymentsCtrlr).
  static let paymentCodeSeconds = 6...3_600
  static let paymentCodeLengths = 6...32
  /// Drivers who watch their sessions at once; the next one hears 503. Seconds between two looks, and in all: then the
  /// page comes back.
  static let drivers = 500
  static let driveBeatSeconds = 2
  static let driveSeconds = 3_600
  /// Characters of a request's path that the audit keeps; the rest is cut off.
  static let auditPath = 200
  /// Characters of a setting's name; a longer one is refused.
  static let settingName = 300
  /// EVSEs whose history one snapshot reads for a report, and days of one report; a longer one is refused.
  static let portsAtOnce = 50
  static let reportDays = 3_700
  /// Characters of a note that EV-ChART takes.
  static let chartText = 255
  /// W from which on a charge point is rapid (Public Charge Point Regulations 2023, regulation 2).
  static let rapidWatts = 50_000
  /// The greatest figure that somebody may write where no closer bound holds, and the digits after its point.
  static let figure = Decimal(1_000_000_000)
  static let figurePlaces = 9
  /// Values of a CO2 series that one request brings; more are refused.
  static let carbonValues = 10_000
  /// Seconds for which what is told of a circuit counts where nobody says how long, and A that stand for no limit.
  static let signalSeconds = 120
  static let strongestFuse = 10_000
}
