/// Every bound of the HTTP room, each with the answer that is given when it is reached.
public enum HTTPLimits {
  /// Heads, of requests and of answers alike.
  public struct Head: Sendable {
    /// Bytes of a request line. Past it: 414 and close.
    public var lineBytes = 8_192
    /// Bytes of the whole head, request line included. Past it: 431 and close.
    public var headBytes = 32_768
    /// Header fields. Past it: 431 and close.
    public var fields = 128
    /// Items of a query. Past it: 400.
    public static let queryItems = 128
    /// Empty lines before a request line that are skipped (RFC 9112 2.2 asks for at least one). Past it: 400.
    static let leadingEmptyLines = 2
    /// Bytes of one chunk's size and extensions. Past it: 400.
    static let chunkLineBytes = 1_024
    /// Bytes of all trailers, which are read and thrown away. Past it: 431.
    static let trailerBytes = 4_096

    public init() {}
  }

  /// One listening door.
  public struct Server: Sendable {
    public var head = Head()
    /// Bytes of a request's body where the handler names no other bound. Past it: 413 before the body is read.
    public var bodyBytes = 1 << 20
    /// Open connections of the door. Past it: 503 and close.
    public var connections = 20_000
    /// Connections from one address that nobody has marked as trusted yet; a whole fleet may come back at once from
    /// behind one address. Past it: 429 and close.
    public var untrustedPerAddress = 6_000
    /// Connections that may come while an older one has not sent a whole request yet, shared out to the loops; never more
    /// than half of the door's. Past it: the older one is closed, so that who says nothing cannot keep out who does.
    public var silent = 10_000
    /// Requests on one connection. With the last one the connection is closed.
    public var requestsPerConnection = 100_000
    /// Bytes that a peer may send ahead while its earlier request is being answered. Past it: reading pauses.
    public var pipelinedBytes = 65_536
    /// Time from the first byte of a head to its end (408), and from accepting a connection to its first byte.
    public var headDeadline = Duration.seconds(15)
    /// Time between a head and the end of its body, or between two pieces of one that is taken in pieces. Past it: 408
    /// and close.
    public var bodyDeadline = Duration.seconds(60)
    /// Time that a connection may wait for its next request. Past it: closed without a word.
    public var idleLimit = Duration.seconds(75)
    /// Time that a handler may take. Past it: 504 and close.
    public var answerDeadline = Duration.seconds(60)
    /// Time in which some bytes of a waiting answer must have left. Past it: the peer is deaf, closed.
    public var drainDeadline = Duration.seconds(30)
    /// Bytes of a body that is taken in pieces which may wait for their taker. Past it: reading pauses.
    public var uploadBytes = 65_536
    /// Bytes of a streamed body that may wait for the peer. Past it: the slow consumer is closed.
    public var streamPendingBytes = 1 << 20
    /// Bytes that may wait before a stream's producer is asked to pause; it is called again below this mark.
    public var streamResumeBytes = 262_144
    /// Time between comments on a silent event stream, so that proxies keep it open.
    public var eventKeepAlive = Duration.seconds(15)
    /// Bytes from which a text answer is packed with gzip, and up to which that is done on the loop each time; see
    /// `HTTPLimits.packedOnceBytes`.
    public var gzipBytes = 1_024...262_144

    public init() {}
  }

  /// One WebSocket.
  public struct WebSocket: Sendable, Equatable {
    /// Bytes of one message, fragments joined and inflated. Past it: close 1009.
    public var messageBytes = 1 << 20
    /// Fragments of one message beyond one for every 16 bytes of payload. Past it: close 1009.
    public var fragments = 1_024
    /// Bytes that may wait for the peer. Past it: the peer is deaf, dropped.
    public var pendingBytes = 4 << 20
    /// Waiting bytes above which pings are no longer answered: a flood of them must not fill the queue.
    public var pongPendingBytes = 65_536
    /// Bytes of messages, as they are when inflated, that one batch of the loop takes of one peer. Past it: the rest
    /// waits for the next batch, and nothing more is read until then.
    public var turnBytes = 65_536
    /// What each message and control frame costs of that beside its bytes, so that many small ones count too.
    static let messageShare = 1_024
    /// Time between the first byte of a message and its last. Past it: close 1008.
    public var messageDeadline = Duration.seconds(120)
    /// Pings and pongs that a peer may send in one period, and the period. Past it: close 1008.
    public var controlFrames = 1_000
    public var controlPeriod = Duration.seconds(10)
    /// Time in which some of what waits must have left, once so much waits that the peer is not read any more. Past it:
    /// the peer is deaf, dropped.
    public var drainDeadline = Duration.seconds(30)
    /// Time of silence after which a ping is sent; nil: never.
    public var pingInterval: Duration? = .seconds(30)
    /// Time of silence after which the link counts as dead; nil: never. Any byte counts as life.
    public var idleLimit: Duration? = .seconds(120)
    /// Time that the peer has to answer our close frame. Past it: dropped.
    public var closeDeadline = Duration.seconds(3)
    /// Bytes of a message that goes out packed where compression was agreed. A smaller one would only grow; packing a
    /// larger one would keep the loop for milliseconds.
    public var packedBytes = 100...65_536
    /// Bytes of a packed message that are inflated on the loop. Past it: inflated beside the loop, and nothing more is
    /// read of that peer meanwhile.
    public static let unpackedOnLoop = 16_384
    /// Bytes of a control frame's payload (RFC 6455 5.5).
    static let controlBytes = 125
    /// Subprotocols that are read from an offer. Past it: the rest is ignored.
    static let subprotocols = 16

    public init() {}
  }

  /// Requests that we send.
  public struct Client: Sendable {
    public var head = Head()
    /// Bytes of an answer's body. Past it: `ClientFault.tooLarge`.
    public var bodyBytes = 8 << 20
    /// Time for looking a name up.
    public var resolveDeadline = Duration.seconds(10)
    /// Time for the connection, and again for the TLS handshake.
    public var connectDeadline = Duration.seconds(10)
    /// Time from the request's going to the connection, its body included, to the first byte of its answer.
    public var firstByteDeadline = Duration.seconds(30)
    /// Time for the whole, redirects included.
    public var wholeDeadline = Duration.seconds(60)
    /// Redirects that are followed, within one origin. Past it: the redirect itself is the answer.
    public var redirects = 3
    /// Idle connections kept for one origin. Past it: the connection is closed after its answer.
    public var idlePerOrigin = 4
    /// Idle connections kept in all. Past it: as above.
    public var idleInAll = 256
    /// Time that an idle connection is kept; below the usual 60 s of servers, so that we close first.
    public var idleLimit = Duration.seconds(45)

    public init() {}
  }

  /// Terms of WebSockets that a server remembers to share them. Past it: the oldest are forgotten.
  static let rememberedTerms = 16
  /// Bytes of a text answer that caches may keep up to which it is packed with gzip: once, in some milliseconds. Past it:
  /// sent as it is.
  static let packedOnceBytes = 1 << 20
  /// Bytes of packed answers that a server keeps, with what they were. Past it: it begins anew.
  static let packedBytes = 4 << 20
  /// Silent connections that each loop of a door keeps however small the door is: a newcomer needs time to speak.
  static let leastSilent = 8
  /// Seconds after which one who was refused for lack of room should come again.
  static let retrySeconds = 5
  /// Connections past a door's limit that hear why they are refused. Past it: closed without a word.
  static let refusedAtOnce = 64
  /// The command line's event-stream reader: bytes of one event. Past it: the event is dropped.
  public static let eventBytes = 1 << 20
  /// Routes' captured segments; a pattern with more is a mistake of ours.
  static let captures = 8
  /// Bytes of a URL that is given to us. Past it: refused.
  public static let urlBytes = 4_096
}
