import Wire

/// The bounds of the household, and what happens at each.
public enum Limits {
  /// Errands that wait for a turn; past it a caller hears `.busy` and may try again.
  public nonisolated static let waitingErrands = 50_000
  /// Arrivals and farewells that a turn takes in any case, and for how long it decides them where it can tell; a longer
  /// time is given where the commit takes longer. Past it: they wait for the next turn, behind the calls that came meanwhile.
  public nonisolated static let doorsPerTurn = 16
  public nonisolated static let doorTime = Duration.milliseconds(2)
  /// Beats for which a note that must not be lost is brought again while the books cannot be written; then it is.
  public nonisolated static let insistingBeats = 3_600
  /// Seconds between two looks at what the rules of a price policy ask for.
  public nonisolated static let priceLookSeconds = 60
  /// Bills of before use was counted that one beat counts.
  public nonisolated static let backlogAtOnce = 50
  /// Seconds for which more may be reserved on a circuit than it carries before that is told: longer than the slowest
  /// station takes to follow.
  public nonisolated static let overFuseSeconds = 90
  /// Seconds for which a circuit's meter may be silent before that is told.
  public nonisolated static let silentMeterSeconds = 60
  /// Quarters of a location's energy that one beat prices anew.
  public nonisolated static let energyCostsAtOnce = 200
  /// Tariffs of one connector; more are refused.
  public nonisolated static let connectorTariffs = 10
  /// Seconds between two log lines about turns that are not kept.
  public nonisolated static let troubleSeconds = 60
  /// Errands of one beat up to which the house counts as quiet; its own notes are some of them.
  public nonisolated static let quietErrands = 16
  /// Errands of busy beats after which a quiet one is a rest. It costs some milliseconds, and as much again when the next
  /// burst asks for what was given back.
  public nonisolated static let errandsWorthARest = 256
  /// Strangers that may knock at once; the next one hears 503.
  public nonisolated static let knocks = 100
  /// Events a minute about callers that nobody authenticated; what is past it stands in the message log only.
  public nonisolated static let doorNotesPerMinute = 200
  /// Seconds after which a station that returned without a boot is asked for one.
  public nonisolated static let settleSeconds = 10
  /// Seconds that a station is connected before it is asked for its device model, where nobody ever read that.
  public nonisolated static let restSeconds = 900
  /// Seconds until a station that did not tell its device model is asked for it again.
  public nonisolated static let unreadSeconds = 86_400
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
  /// Seconds between two questions to a station about the same transaction, and how many of them are remembered; past it
  /// all are forgotten.
  public nonisolated static let questionSeconds: Int64 = 60
  public nonisolated static let rememberedQuestions = 10_000
  /// W: what a connector may give whose kind nobody confirmed. The strongest in the field gives less.
  public nonisolated static let strongestConnector = 1_000_000
  /// By what a station's registers may be multiplied; another factor is refused.
  public nonisolated static let leastEnergyFactor = Decimal(1, places: 3)
  public nonisolated static let mostEnergyFactor = Decimal(1_000_000)
  /// By how much a station's own cost of a session may differ from ours: it may round to what can be paid.
  public nonisolated static let costTolerance = Decimal(1, places: 2)
  /// Bytes of a receipt's address (OCPP 2.1 NotifySettlement); a longer one is not told.
  public nonisolated static let receiptURL = 2_000
  /// Characters of a payment provider's number of a payment (OCPP 2.1 IdTokenType, NotifySettlement).
  public nonisolated static let paymentReference = 255
  /// Seconds that a station keeps an EVSE for whoever read its code and is paying.
  public nonisolated static let webPaymentSeconds = 120
  /// EVSEs of a station that are asked one by one for their status; the others tell theirs when it changes.
  public nonisolated static let triggersAtOnce = 10
  /// Settings that a station says nothing about one after the other, before it is asked for no more of them.
  public nonisolated static let silentSettings = 3
  /// Seconds that a session may go on after its station said yes to a remote stop; then that is an event.
  public nonisolated static let stopSeconds = 60
  /// Seconds between two looks at limits and costs of running sessions.
  public nonisolated static let meteringSeconds = 5
  /// Limited sessions of one look; the others' turn is the next one.
  public nonisolated static let limitedAtOnce = 200
  /// Seconds for which a station that was told of a limit may keep it itself.
  public nonisolated static let limitGraceSeconds = 30
  /// Seconds until a station that goes on past a limit is asked to stop again.
  public nonisolated static let stopAgainSeconds = 60
  /// Costs that one look tells; the others' turn is the next one.
  public nonisolated static let costsAtOnce = 200
  /// Sessions of which it is remembered what was told of their costs. Past it: all are forgotten, and told once more.
  public nonisolated static let rememberedCosts = 20_000
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
  /// From how many tables old rows are removed with one beat.
  public nonisolated static let pruningsAtOnce = 2
  /// Ignored strangers that are remembered; past it the list begins anew and they are shown again.
  public nonisolated static let ignoredKnocks = 1_000
  /// EVSEs of one station; what a station says of a higher number is flagged and not kept.
  public nonisolated static let evsesPerStation = 200
  /// The level at which a partner's profile of a session stands: above what the house itself sets, below the highest that
  /// common stations have.
  nonisolated static let partnerStackLevel = 3
  /// Parties that one hub tells of, and terminals of one payment provider; more are refused (2001).
  static let clientsPerHub = 10_000
  static let terminalsPerPartner = 10_000
  /// Parties of ours; one more is refused.
  static let parties = 100
  /// Kinds of thing that a partner's version cannot say, of which it is remembered that they were noted; later ones are
  /// noted again.
  static let unsaidPerPartner = 200
  /// Pushes under way at one partner; the others wait their turn.
  public nonisolated static let pushesPerPartner = 4
  /// Attempts and pauses of a push: doubling from the first pause to the longest, with jitter.
  public nonisolated static let firstPushPauseSeconds = 1
  public nonisolated static let longestPushPauseSeconds = 30
  /// How often the turn that keeps a partner's new tokens is decided again, a second apart.
  nonisolated static let patientTurns = 30
  /// Seconds after a partner's registration in which nothing is sent to it: it must read our answer first.
  nonisolated static let welcomeSeconds = 2
  /// Failures in a row by which it is tried whether a partner fails over everything, or over one object that holds up
  /// others; the longest pause of such an object, and how many of one partner are known at a time. Past it: they hold up.
  nonisolated static let failuresBeforeOrderEnds = 3
  nonisolated static let longestStragglerPauseSeconds = 600
  nonisolated static let stragglersPerPartner = 1_000
  /// Requests of one partner in a minute; past it it hears 429 until the next.
  public nonisolated static let partnerRequestsPerMinute = 12_000
  /// Partners of which lists are read at the same time, and rows of ours that are told with one question to the books.
  public nonisolated static let pullsAtOnce = 4
  public nonisolated static let pulledAtOnce = 500
  /// Seconds by which a pull for what changed reaches back before the last one: clocks differ.
  public nonisolated static let pullOverlapSeconds = 300
  /// Seconds that the first pull of sessions and CDRs reaches back.
  public nonisolated static let firstPullSeconds = 90 * 86_400
  /// Pauses of a pull that failed: doubling from the first to the longest, with jitter.
  public nonisolated static let firstPullPauseSeconds = 60
  public nonisolated static let longestPullPauseSeconds = 3_600
  /// Objects of a pull that could not be read or kept, of which the words are kept.
  public nonisolated static let keptFlaws = 20
  /// Locations and tariffs of one partner that are kept; a further one is refused.
  public nonisolated static let roamingLocations = 100_000
  public nonisolated static let roamingTariffs = 20_000
  /// Requests about the charging profile of one session in a minute, each of which a station hears; a further one is
  /// answered TOO_OFTEN (OCPI 2.2.1 §14.1).
  public nonisolated static let planRequestsPerMinute = 10
  /// Records of one partner's invoices that are kept; a further one is refused.
  public nonisolated static let invoiceRecords = 20_000
  /// CDRs of all records on one page that a partner asks for; the rest is on the next one. A single record is never cut.
  nonisolated static let recordedCDRsPerPage = 20_000
  /// Seconds for the answer to a command of ours where nobody says, the longest that somebody may say for its result,
  /// and how much later it still counts.
  public nonisolated static let roamingCommandSeconds = 60
  public nonisolated static let longestRoamingCommandSeconds = 900
  public nonisolated static let roamingGraceSeconds = 30
  /// The longest Retry-After of a partner that is honoured.
  public nonisolated static let longestRetryAfterSeconds = 3_600
  /// Seconds between two calls of a partner that are news, and between two while it does not take what we send.
  public nonisolated static let contactSeconds = 60
  public nonisolated static let contactSecondsWhileDown = 10
  /// Seconds after which a command's late result is of no use to a partner.
  public nonisolated static let resultLifeSeconds = 600
  /// Link changes of one station within a minute that make it "flapping".
  public nonisolated static let linksPerMinute = 6
  /// Links of one station within a minute after which each further one must wait, and for how long after the last;
  /// before that it hears 429.
  public nonisolated static let linksBeforePause = 12
  public nonisolated static let linkPauseSeconds = 5
  /// Wrong passwords for one station from one address that cost nothing, and the longest pause after more, in seconds.
  public nonisolated static let freeGuesses = 10
  public nonisolated static let longestGuessPauseSeconds = 60
  /// Pairs of station and address whose guesses are remembered. Past it: the one that is longest ago is forgotten.
  public nonisolated static let rememberedGuessers = 10_000
  /// Authorizations that wait for a partner at once; past it a tag is decided locally.
  public nonisolated static let waitingAuthorizations = 2_000
  /// Connectors of one EVSE; more are refused.
  public nonisolated static let connectorsPerEVSE = 10
  /// Characters of a station's password. The standard asks for 16 to 40; many stations in the field were given shorter
  /// ones on their installer's screen, and must get in.
  public nonisolated static let stationPassword = 4...64
  /// Seconds after which a key that a station was sent, and did not say that it took, is forgotten if the station kept
  /// coming with its old one.
  public nonisolated static let undecidedKeySeconds = 7 * 86_400
  /// Keys of one station that may be undecided at once; another one is refused.
  public nonisolated static let undecidedKeys = 3
  /// Days for which an authority of our own is good: ten years.
  public nonisolated static let authorityDays = 3_652
  /// Days for which a door's certificate is good, and names that it may have; more are refused.
  public nonisolated static let doorCertificateDays = 397
  public nonisolated static let doorHosts = 20
  /// Days before the end of a door's certificate at which it is made anew.
  public nonisolated static let doorRenewalDays = 30
  /// Days for which a revocation list is good, and seconds after which it is written anew.
  public nonisolated static let revocationListDays = 30
  public nonisolated static let revocationListRenewalSeconds = 86_400
  /// Requests of a station among which one is sought that it sends again.
  public nonisolated static let recentCertificateRequests = 20
  /// Times that a certificate is sent to its station, seconds before the next one (doubled from time to time), and
  /// certificates that one beat sends.
  public nonisolated static let deliveryAttempts = 6
  public nonisolated static let deliveryPauseSeconds = 15
  public nonisolated static let deliveriesAtOnce = 100
  /// Seconds between two hints to a station that its certificate ends soon.
  public nonisolated static let renewalPauseSeconds = 86_400
  /// Questions to responders and to the provider of contract certificates that are under way; one more fails.
  public nonisolated static let waitingQuestions = 200
  /// Seconds for which a responder's answer counts that names no end, for which any counts at most, and until a question
  /// that failed may be asked again.
  public nonisolated static let answerLifeSeconds = 300
  public nonisolated static let longestAnswerLifeSeconds = 7 * 86_400
  public nonisolated static let failedAnswerSeconds = 60
  /// Signed readings of one session that are looked at; later ones are kept, and not shown.
  public nonisolated static let signaturesShown = 1_000
  /// Roots that are trusted for one use; one more is refused.
  public nonisolated static let trustedRoots = 200
  /// The number under which stations that keep several ways to us get the one of security profile 3.
  public nonisolated static let secureNetworkSlot = 3
  /// The highest number up to which a station's own profiles are believed: ours go above it, and all of them must fit 31
  /// bits.
  public nonisolated static let highestOwnProfile = 1_000_000_000
  /// Days before the end of a certificate at which the operator is warned.
  public nonisolated static let expiryNoticeDays = [30, 14, 3]
  /// Certificates of stations that one look warns of, the first to end first; the others come with the next.
  public nonisolated static let expiriesAtOnce = 500
  /// Rows of one duty that one beat looks at; the others wait for the next.
  public nonisolated static let dutiesAtOnce = 200
  /// Seconds between the tries of what a station did not take: doubling from the first pause to the longest.
  public nonisolated static let firstDutyPauseSeconds = 30
  public nonisolated static let longestDutyPauseSeconds = 3_600
  /// Seconds for which tokens must be quiet before the local lists follow, and for how long they wait for that.
  public nonisolated static let listQuietSeconds = 5
  public nonisolated static let listWaitSeconds = 60
  /// Entries of one message with a local list, where the station takes more or does not say.
  public nonisolated static let listPiece = 100
  /// Places that can be booked, and bookings that are kept of one partner; more are refused.
  nonisolated static let bookingLocations = 500
  nonisolated static let bookingsOfPartner = 100_000
  /// Seconds before a booking's beginning from which its EVSE must be free when it is booked, and between two tries to have
  /// it held.
  nonisolated static let soonBookedSeconds = 1_800
  nonisolated static let bookingPauseSeconds = 60
  /// Seconds that a station which comes back has to tell of a driver who came in time. Past it: nobody came.
  public nonisolated static let retellingSeconds = 300
  /// Booking locations, and bookings of our drivers, that are kept of one network; more are refused.
  nonisolated static let roamingBookingLocations = 10_000
  nonisolated static let roamingBookings = 20_000
  /// Seconds for which an EVSE can be reserved at most.
  public nonisolated static let reservationSeconds = 7 * 86_400
  /// Open reservations, and profiles in force, of one station; more are refused.
  public nonisolated static let reservationsPerStation = 200
  public nonisolated static let profilesPerStation = 200
  /// Seconds for which what a vehicle needs waits for its session.
  public nonisolated static let owedNeedsSeconds = 300
  /// Tries of a profile to which a station says nothing.
  public nonisolated static let profileAttempts = 5
  /// Seconds of the composite schedule that is read back.
  public nonisolated static let compositeSeconds = 86_400
  /// Seconds after its beginning in which a preference also chooses the tariff of a session; a later one does not.
  static let preferredPriceSeconds = 900
  /// Seconds for which the address of a file is good, and bytes of its secret.
  public nonisolated static let fileAddressSeconds = 7 * 86_400
  public nonisolated static let fileSecretBytes = 18
  /// Bytes of one file, and of all that are here; who brings more hears 413.
  public nonisolated static let fileBytes: Int64 = 512 << 20
  public nonisolated static let fileBytesInAll: Int64 = 8 << 30
  /// Stations of all bulk runs that are asked at the same time; the others wait.
  nonisolated static let bulkAtOnce = 10
  /// Stations of bulk runs at which one beat looks; the others have their turn with the next.
  nonisolated static let bulkLooks = 50
  /// Bulk runs that are running; one more is refused.
  nonisolated static let bulkRunsAtOnce = 20
  /// Bulk runs that are kept; past it the oldest goes of those that are over.
  nonisolated static let bulkRunsKept = 500
  /// Seconds between two looks at a station of a campaign that is away, or at the wrong hour.
  public nonisolated static let campaignLookSeconds = 60
  /// Bytes of a vendor's own message that its event tells; of a longer one it tells the length.
  public nonisolated static let vendorDataBytes = 16_384
  /// Bytes of a file's address; OCPP carries 512.
  public nonisolated static let addressLength = 512
  /// Characters of a user's or a key's name, and of a password; others are refused.
  public nonisolated static let userName = 64
  /// Sites to which one user or key can be limited; more are refused.
  nonisolated static let sitesOfOne = 100
  public nonisolated static let passwordLength = 10...256
  /// CDRs that one look for what is owed reads at once, and that may wait for an invoice in all; beyond it the month is not
  /// closed.
  nonisolated static let invoicedAtOnce = 500
  nonisolated static let invoicedCDRs = 200_000
  /// Lines of one kind of what needs a person on the overview, where the last one says how many more there are, and for
  /// alarms; things of one kind that are looked at.
  public nonisolated static let attentionPerKind = 20
  nonisolated static let alarmsPerKind = 500
  nonisolated static let lookedAtOnce = 500
  /// Seconds without a reading after which a running session counts as stuck.
  nonisolated static let stuckSeconds = 12 * 3_600
  /// Seconds for which a push may wait before its partner counts as failing.
  nonisolated static let failingSeconds = 60
  /// Seconds before the end of a certificate from which on it is listed: 30 days.
  nonisolated static let expirySeconds = 30 * 86_400
  /// Bytes that are free, and the part of the disk, below which a disk counts as nearly full.
  nonisolated static let diskBytes: Int64 = 2_000_000_000
  nonisolated static let diskShare: Int64 = 10
  /// Seconds between two looks for alarms; lines of one letter, and the rest is counted.
  nonisolated static let alarmSeconds = 30
  nonisolated static let alarmsPerLetter = 50
  /// Attempts to hand a letter in before it is given up, and the longest pause between two, in seconds.
  nonisolated static let letterAttempts = 40
  nonisolated static let letterPauseSeconds = 3_600
  /// Characters of an alarm's subject and of its detail; the rest is cut off.
  nonisolated static let alarmSubject = 200
  nonisolated static let alarmDetail = 500

  /// Characters of a webhook's address, kinds that it names, events of one delivery, seconds for its answer, and the
  /// longest pause after failures.
  nonisolated static let webhookURL = 500
  nonisolated static let webhookKinds = 50
  nonisolated static let webhookEvents = 200
  /// Pages of events in which a webhook wanted none that are passed over in one turn; the next turn goes on.
  nonisolated static let webhookPages = 10
  nonisolated static let webhookSeconds = 15
  nonisolated static let webhookPauseSeconds = 3_600
  /// Recovery codes that come with an authenticator.
  nonisolated static let recoveryCodes = 10
  /// Bytes of a password that is tried; a longer one is wrong without being digested.
  public nonisolated static let passwordBytes = 1_024
  /// Passwords that wait to be digested; past it the next one hears that too many log in at once.
  public nonisolated static let waitingPasswords = 20
  /// How many of those places are kept for people who came in from their address before.
  public nonisolated static let passwordsOfTheKnown = 8
  /// Seconds after which a login ends: when nobody used it, and in any case.
  public nonisolated static let idleLoginSeconds = 12 * 3_600
  public nonisolated static let loginSeconds = 30 * 86_400
  /// Seconds between two writings of when a login or a key was used.
  public nonisolated static let loginWritingSeconds = 300
  /// The level of the balancer's profiles where a station does not say which is its highest; else that one.
  public nonisolated static let balancerLevel = 8
  /// Seconds for which a reading speaks of now, and between two that are asked of one EVSE.
  public nonisolated static let freshReadingSeconds = 120
  public nonisolated static let readingPauseSeconds = 7
  /// Readings that are asked of a session at that pause. Where none of them came, or what came says nothing of currents,
  /// each further one is asked twice as late as the one before, and none later than this.
  public nonisolated static let quickReadings = 3
  public nonisolated static let longestReadingPauseSeconds = 1_800
  /// V between a line and neutral at most; what a connector's plate says beyond it is the voltage between two lines.
  public nonisolated static let highestLineVolts = 277
  /// W of three lines at one ampere each, and percent of it that come out of a rectifier.
  public nonisolated static let wattsPerAmpere = 690
  public nonisolated static let rectifierPercent = 93
  /// Circuits of one location; more are refused.
  public nonisolated static let circuitsPerLocation = 200
  /// Seconds for which what is told of a circuit counts at most.
  public nonisolated static let longestSignalSeconds = 366 * 86_400
  /// A of the strongest fuse of a site's supply.
  public nonisolated static let strongestFuse = 10_000

  /// The priority of a session that goes before all others; those without one have 0.
  static let highestPriority = 9
}
