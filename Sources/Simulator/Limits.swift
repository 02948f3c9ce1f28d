import Wire

/// Every bound of the simulator, each with the answer that is given when it is reached.
enum Limits {
  // A station
  /// Connectors of one station. Past it: this many.
  static let connectors = 16
  /// Messages about charging that wait for the house to come back. Past it: the oldest meter values make room; where
  /// there are none, no car may begin to charge.
  static let keptMessages = 500
  /// Other messages that wait for their turn. Past it: the newest is dropped, and the observer told.
  static let passingMessages = 64
  /// Tags whose verdict a station remembers. Past it: the one that was learned first is forgotten.
  static let rememberedTags = 200
  /// Keys that one GetConfiguration may name, told to the house as GetConfigurationMaxKeys. Past it: only so many are
  /// answered.
  static let askedKeys = 50
  /// Time that the house has for a reply. Past it: what is about charging is tried again, the rest is forgotten.
  static let replyDeadline = Duration.seconds(30)
  /// Time between a boot that nobody answered usefully and the next one.
  static let bootRetry = Duration.seconds(30)
  /// Seconds until the next heartbeat or boot that a house may name, as for HeartbeatInterval. Past it: this many.
  static let bootSeconds = 86_400
  /// Seconds between boots where the house names none.
  static let pendingSeconds = 60
  /// Time that a soft reset waits for its last messages to be answered. Past it: they are kept for after the reboot.
  static let softResetPatience = Duration.seconds(5)
  /// Time that the answer to a hard reset has to leave before the connection is cut.
  static let hardResetPatience = Duration.milliseconds(100)
  /// Doublings of the pause between attempts to connect; the profile's longest pause ends it before.
  static let doublings = 16

  /// Profiles, and messages on a display, that a station of 2.x keeps. Past it: a further one is rejected.
  static let keptDuties = 50
  /// Seconds of one code for paying, and characters of its password (OCPP 2.1 WebPaymentsCtrlr). Past them: none is shown.
  static let codeSeconds = 1...86_400
  static let codeLength = 1...32
  /// Variables of one part of a report.
  static let reportedAtOnce = 10
  /// Time between two words about firmware or a log.
  static let jobStep = Duration.seconds(1)

  // Charging
  /// Seconds of the house's clock within which a charging curve counts as straight, and how many such pieces are
  /// reckoned at once. Past it: the pieces are longer.
  static let curveSeconds = 10.0
  static let curvePieces = 2_000.0

  // Time
  /// How much faster than the machine's a clock may run. Past it: cut to this.
  static let speed = 3_600

  // Many of them
  /// Stations of a fleet. Past it: this many.
  static let fleet = 50_000
  /// Steps of a scenario. Past it: those that were added first are played.
  static let scenarioSteps = 10_000

  // A partner
  /// Objects of one kind that a partner keeps. Past it: 3000, and the house tries again later.
  static let heldObjects = 200_000
  /// Statuses that are kept of one session. Past it: the newest is not noted any more.
  static let heldStatuses = 100
  /// Tokens of one page.
  static let pageTokens = 50
  /// Pages of one list that a partner reads. Past it: the rest is left.
  static let pages = 1_000
  /// Bytes of one request to a partner. Past it: 413, by the HTTP server.
  static let bodyBytes = 4 << 20
  /// Times that a CDR is sent to a house that does not take it, and the time between two.
  static let cdrAttempts = 20
  static let cdrPause = Duration.seconds(3)
  /// Time between attempts to open a listener again after the partner was down.
  static let reopenPause = Duration.milliseconds(200)
  /// Time that a partner's open requests have when it goes down.
  static let drainDeadline = Duration.milliseconds(50)
}
