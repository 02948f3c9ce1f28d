/// Every bound of the network room, with the answer that is given when it is reached.
public enum Limits {
  // MARK: The loop

  /// Events taken from the readiness set at once; the rest stay ready in the kernel and come with the next batch.
  static let eventsPerBatch = 128

  /// Events of sockets that nobody prefers (strangers, the page, partners) taken behind those; the rest come as above.
  static let ordinaryEventsPerBatch = 16

  /// Batches that one wake-up of the loop may run before other work on its queue gets its turn.
  static let batchesPerWakeUp = 8

  /// Times that a batch goes back to what its own callbacks asked for (flushes, closings); the rest comes next batch.
  static let passesPerBatch = 4

  /// Time that one batch gives to TLS handshakes, a step more at most; the others wait in line for the next ones, so that
  /// a thousand stations that return at once do not hold up those that are here.
  static let greetingTime = Duration.milliseconds(1)

  /// Connections that one listener takes per wake-up; the others wait in the kernel's backlog.
  static let acceptsPerWakeUp = 16

  /// The kernel's queue of connections that wait to be accepted; beyond it, clients retry their SYN.
  static let backlog: Int32 = 1024

  /// A listener that cannot take connections (no descriptor left) looks again after this time.
  static let acceptPause = Duration.milliseconds(100)

  // MARK: A connection

  /// Bytes that one connection may hand up per batch, and the size of the loop's only read buffer. The rest waits in
  /// the kernel, so that no peer can keep the loop to itself.
  public static let readBudget = 64 * 1024

  /// Above this many waiting bytes `Channel.isWritable` turns false.
  public static let writeHighWater = 256 * 1024

  /// Below this many it turns true again, and the handler hears `channelDidDrain`.
  public static let writeLowWater = 64 * 1024

  /// More waiting bytes than this close the channel with `.overflow`, unless `Channel.writeMax` says otherwise.
  public static let writeMax = 4 * 1024 * 1024

  /// Bytes of a full TLS record.
  static let tlsRecord = 16 * 1024

  /// One piece of a write queue. Nearly every message fits; a turn answers hundreds of stations at once, and each answer
  /// takes one.
  static let writeChunk = 4 * 1024

  /// Pieces that one connection may send per batch; the rest follows with the next.
  static let chunksPerFlush = 64

  /// Empty pieces that a loop keeps for its next writes; more are given back to the system.
  static let spareChunks = 256

  /// How often those that lay unused since the last time are given back too.
  static let chunkRest = Duration.milliseconds(250)

  /// A TLS handshake that takes longer closes the channel with `.timeout`.
  public static let handshakeDeadline = Duration.seconds(10)

  /// A proxy's announcement that is longer closes the channel; 536 bytes are what every network carries in one piece.
  static let proxyHeaderBytes = 536

  /// The same for an announcement in version 1, with its line's end.
  static let proxyLineBytes = 107

  /// How long `closeAfterFlush` waits for the peer to take the last bytes and to say goodbye.
  public static let lingerDeadline = Duration.seconds(2)

  /// The first keep-alive probe of an idle connection.
  static let keepaliveIdleSeconds: Int32 = 60

  /// How often the plain readiness set looks whether a paused connection is gone.
  static let pausedCheck = Duration.seconds(1)

  // MARK: Names

  /// Look-ups that run at the same time; the others queue.
  static let lookUpsAtOnce = 4

  /// Look-ups that may wait; one more fails at once with `EAGAIN`.
  static let lookUpsWaiting = 256

  /// A host name longer than DNS allows is refused without asking.
  static let hostNameBytes = 253

  /// Addresses kept of one answer; the others are ignored.
  static let addressesPerName = 16

  // MARK: Certificates

  /// A certificate, key or authority file larger than this is refused.
  static let pemBytes = 1024 * 1024

  /// A name in a certificate is cut at this length.
  static let certificateNameBytes = 256
}
