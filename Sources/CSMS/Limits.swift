/// The bounds of the household, and what happens at each.
public enum Limits {
  /// Errands that wait for a turn; past it a caller hears `.busy` and may try again.
  public nonisolated static let waitingErrands = 50_000
  /// Beats for which a note that must not be lost is brought again while the books cannot be written; then it is.
  public nonisolated static let insistingBeats = 3_600
  /// Strangers that may knock at once; the next one hears 503.
  public nonisolated static let knocks = 100
  /// Events a minute about callers that nobody authenticated; what is past it stands in the message log only.
  public nonisolated static let doorNotesPerMinute = 200
  /// Seconds after which a station that returned without a boot is asked for one.
  public nonisolated static let settleSeconds = 10
  /// Seconds in which a freshly accepted station must answer before its link is closed.
  public nonisolated static let introductionSeconds = 2
  /// Seconds for which a partner's yes or no to a tag counts for the start that follows it.
  public nonisolated static let rememberedSeconds = 600
  /// How old a fact may be that a station replays after a long time offline, and how far ahead its clock may run; a
  /// time beyond either is replaced by that of reception.
  public nonisolated static let oldestFact = Duration.seconds(400 * 86_400)
  public nonisolated static let clockSkew = Duration.seconds(3_600)
  /// Seconds by which a station's clock may be behind ours where its start is held against a command.
  public nonisolated static let commandSkewSeconds = 60
  /// Sessions of a station among which one is sought that a message means without naming it.
  public nonisolated static let recentSessions = 20
  /// Seconds around a session's end in which a last reading without an id is taken for its own.
  public nonisolated static let lateReadingSeconds = 120
  /// W: what a connector may give whose kind nobody confirmed. The strongest in the field gives less.
  public nonisolated static let strongestConnector = 1_000_000
  /// Seconds: very short sessions are judged as if they lasted this long, because clocks and meters are coarse.
  public nonisolated static let shortestPlausibleSeconds = 60
  /// Percent of the rated power that still passes for a meter's tolerance.
  public nonisolated static let meterTolerancePercent: Int64 = 115
  /// Characters of a uid that every 1.6 station can hold; a longer one travels under an alias.
  public nonisolated static let tagLength = 16
  /// Characters of a handshake step's detail that are kept.
  public nonisolated static let traceLength = 2_000
  /// Characters of a name that the operator gives.
  public nonisolated static let nameLength = 100
  /// Seconds between two writings of the stations' last-seen times.
  public nonisolated static let seenSeconds = 30
  /// Stations that one turn finds offline, so that the night of a network's outage is no long turn; the others are
  /// found with the next beats.
  public nonisolated static let offlineAtOnce = 500
  /// Seconds between two sweeps of what is past its keeping; each takes a bounded piece.
  public nonisolated static let sweepSeconds = 60
  /// Ignored strangers that are remembered; past it the list begins anew and they are shown again.
  public nonisolated static let ignoredKnocks = 1_000
  /// EVSEs of one station; what a station says of a higher number is flagged and not kept.
  public nonisolated static let evsesPerStation = 200
  /// Pushes under way at one partner; the others wait their turn.
  public nonisolated static let pushesPerPartner = 4
  /// Attempts and pauses of a push: doubling from the first pause to the longest, with jitter.
  public nonisolated static let firstPushPauseSeconds = 1
  public nonisolated static let longestPushPauseSeconds = 30
  /// The longest Retry-After of a partner that is honoured.
  public nonisolated static let longestRetryAfterSeconds = 3_600
  /// Seconds between two calls of a partner that are news, and between two while it does not take what we send.
  public nonisolated static let contactSeconds = 60
  public nonisolated static let contactSecondsWhileDown = 10
  /// Seconds after which a command's late result is of no use to a partner.
  public nonisolated static let resultLifeSeconds = 600
  /// Link changes of one station within a minute that make it "flapping".
  public nonisolated static let linksPerMinute = 6
  /// Authorizations that wait for a partner at once; past it a tag is decided locally.
  public nonisolated static let waitingAuthorizations = 2_000
  /// Connectors of one EVSE; more are refused.
  public nonisolated static let connectorsPerEVSE = 10
  /// Characters of a station's password. The standard asks for 16 to 40; many stations in the field were given shorter
  /// ones on their installer's screen, and must get in.
  public nonisolated static let stationPassword = 4...64
  /// Characters of a user's or a key's name, and of a password; others are refused.
  public nonisolated static let userName = 64
  public nonisolated static let passwordLength = 10...256
  /// Bytes of a password that is tried; a longer one is wrong without being digested.
  public nonisolated static let passwordBytes = 1_024
  /// Passwords that wait to be digested; past it the next one hears that too many log in at once.
  public nonisolated static let waitingPasswords = 20
  /// Seconds after which a login ends: when nobody used it, and in any case.
  public nonisolated static let idleLoginSeconds = 12 * 3_600
  public nonisolated static let loginSeconds = 30 * 86_400
  /// Seconds between two writings of when a login or a key was used.
  public nonisolated static let loginWritingSeconds = 300
}
