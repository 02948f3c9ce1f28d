import Wire

/// Every bound of the OCPP room, each with the answer that is given when it is reached.
public enum OCPPLimits {
  /// Bytes of one message of a station, fragments joined. Past it: close 1009.
  public static let messageBytes = 1 << 20
  /// Bytes of a message that is read on its loop. Past it: read beside the loop, and nothing more of that station
  /// meanwhile.
  public static let readOnLoop = 16_384
  /// Values and member names of one message; the largest reports of stations have some thousands. Past it: CALLERROR.
  public static let frameNodes = 65_536
  /// Bytes of a broken message that we try to mend. Past it: it counts as unreadable.
  public static let mendedBytes = 65_536
  /// Characters of a message id (OCPP-J 1.6 §4.1.4). Past it: answered all the same, and flagged.
  public static let messageID = 36
  /// Bytes of a message id that we echo. Past it: the frame counts as unreadable and is not answered.
  public static let echoedIDBytes = 1_024
  /// Calls of one station that wait for their replies, and messages that want none and are not decided yet. Past it: we
  /// read no more from it until one is. A station has one call open at a time; who sends many at once shares each turn with
  /// everybody else.
  public static let callsInHand = 8
  /// Time from the moment when so many wait until more is read of their station: 800 calls in a second, of one that has
  /// more than one open.
  public static let crowdedRest = Duration.milliseconds(10)
  /// Time that the house has for a reply. Past it: CALLERROR InternalError, and the station tries again.
  public static let replyDeadline = Duration.seconds(30)
  /// How often links are looked at of which a reply may be overdue or whose station has not booted yet: so much later than
  /// its time either may come.
  static let watchPace = Duration.milliseconds(250)
  /// Manners of links that a server remembers to share them. Past it: the oldest are forgotten.
  static let rememberedManners = 16
  /// Refusals at the stations' door in one period for one address, and the period. Past it: who comes from there waits for
  /// the pause before it is looked at.
  static let refusalsAtOnce = 20
  static let refusalPeriod = Duration.seconds(10)
  static let refusalPause = Duration.milliseconds(250)
  /// Addresses of which refusals are counted. Past it: counting begins anew.
  static let rememberedRefusals = 4_096
  /// Our calls that wait for their turn on one link. Past it: the newest is refused as impossible.
  public static let callsWaiting = 64
  /// Seconds for which a station waits for our answers, as it is told with its way to us.
  public static let messageTimeoutSeconds = 30
  /// Seconds that a command may take at most, in line and under way. Past it: cut to this.
  public static let commandSeconds = 600
  /// Ids of a station's last calls, kept to notice one that is used again. Past it: the oldest is forgotten.
  public static let rememberedCalls = RecentCalls.room
  /// Oddities of a link that wait to be told to the house. Past it: dropped; the station's page counts only those told.
  public static let waitingOddities = 32
  /// Time for which oddities without a call of their own are gathered, so that garbage costs one errand a second at
  /// most.
  public static let oddityDelay = Duration.seconds(1)
  /// Calls of one station that wait for its follower, and their bytes. Past either: the oldest that is of no transaction is
  /// dropped, and counted.
  public static let forwardedWaiting = 500
  public static let forwardedBytes = 2 << 20
  /// Transactions of one station whose names at its follower are known. Past it: the oldest is forgotten.
  public static let forwardedTransactions = 64
  /// Time that a follower has to answer one call. Past it: the next one is sent.
  public static let forwardDeadline = Duration.seconds(30)
  /// Seconds that a station has to answer a call of its follower. Past it: the follower gets an error.
  public static let forwardedCallSeconds = 30
  /// Pauses before a follower is called again: doubling from the first to the last.
  public static let forwardPauses = (first: Duration.seconds(1), last: Duration.seconds(60))
  /// Stations whose followers' state outlives their connection, and the bytes of what waits there, for each loop. Past
  /// either: the state that was kept longest ago is forgotten, and what waited is gone.
  public static let rememberedForwards = 20_000
  public static let rememberedForwardBytes = 64 << 20
  /// Characters of the description in a CALLERROR (OCPP 2.0.1 Part 4 §4.2.3; 1.6 names none). Past it: cut.
  public static let errorDescription = 255
  /// Bytes of a frame as the message log gets it. Past it: cut.
  public static let loggedBytes = 65_536
  /// Time after the upgrade in which we make no call to a station that has not booted.
  public static let settle = Duration.seconds(5)
  /// Silence after which a stranger that knocks is let go: three times the interval that it is told.
  public static let strangersPatience = Duration.seconds(90)
  /// Time between two tellings of who was seen; in between, one station counts once.
  public static let seenDelay = Duration.seconds(1)
  /// Time before the news of an ended link is brought again to a house that could not take it.
  public static let closedRetry = Duration.seconds(1)
  /// Bytes of a file that a station brings; the house may allow fewer. Past it: 413.
  public static let fileBytes = 1 << 30
  /// Bytes of a file that are read from the disk at once.
  public static let filePieceBytes = 65_536
  /// The largest number that a meter's sample may show, in its own unit. Past it: passed over and flagged.
  public static let sampleMagnitude = Decimal(1_000_000_000_000)
  /// Digits after the point that a sample keeps as a number. Past it: rounded; the evidence keeps them all.
  public static let samplePlaces = 6
  /// How old a station's time stamp may be to count as its clock's. Past it: the time of reception counts, and it is
  /// flagged.
  public static let clockBehind = Duration.seconds(400 * 86_400)
  /// How far ahead of ours a station's clock may be: a local time labelled as UTC. Past it: as above.
  public static let clockAhead = Duration.seconds(86_400)
}
