import Wire

/// Every bound of the OCPP room, each with the answer that is given when it is reached.
public enum OCPPLimits {
  /// Bytes of one message of a station, fragments joined. Past it: close 1009.
  public static let messageBytes = 1 << 20
  /// Characters of a message id (OCPP-J 1.6 §4.1.4). Past it: answered all the same, and flagged.
  public static let messageID = 36
  /// Bytes of a message id that we echo. Past it: the frame counts as unreadable and is not answered.
  public static let echoedIDBytes = 1_024
  /// Calls of one station that wait for their replies. Past it: we read no more from it until one is answered.
  public static let callsInHand = 16
  /// Messages that came with the last read though reading had been stopped, and their bytes, which may be far more than
  /// were read where they were packed. Past either: close 1008.
  public static let unreadMessages = 4_096
  public static let unreadBytes = 4 << 20
  /// Time that the house has for a reply. Past it: CALLERROR InternalError, and the station tries again.
  public static let replyDeadline = Duration.seconds(30)
  /// Our calls that wait for their turn on one link. Past it: the newest is refused as impossible.
  public static let callsWaiting = 64
  /// Seconds that a command may take at most, in line and under way. Past it: cut to this.
  public static let commandSeconds = 600
  /// Ids of a station's last calls, kept to notice one that is used again. Past it: the oldest is forgotten.
  public static let rememberedCalls = 8
  /// Oddities of a link that wait to be told to the house. Past it: dropped; the station's page counts only those told.
  public static let waitingOddities = 32
  /// Time for which oddities without a call of their own are gathered, so that garbage costs one errand a second at
  /// most.
  public static let oddityDelay = Duration.seconds(1)
  /// Characters of the description in a CALLERROR (OCPP 2.0.1 Part 4 §4.2.3; 1.6 names none). Past it: cut.
  public static let errorDescription = 255
  /// Bytes of a frame as the message log gets it. Past it: cut.
  public static let loggedBytes = 65_536
  /// Time after the upgrade in which we make no call to a station that has not booted.
  public static let settle = Duration.seconds(5)
  /// Time between two tellings of who was seen; in between, one station counts once.
  public static let seenDelay = Duration.seconds(1)
  /// Time before the news of an ended link is brought again to a house that could not take it.
  public static let closedRetry = Duration.seconds(1)
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
