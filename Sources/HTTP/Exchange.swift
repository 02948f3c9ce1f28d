import Net
import Wire

/// One request and the one answer that it gets. It belongs to the server's loop; `responder` carries it elsewhere.
public final class Exchange {
  public let request: Request
  public let loop: EventLoop
  /// Called once if the asker is gone, or the deadline has passed, before a whole answer was given.
  public var onAbandoned: (() -> Void)?

  /// The request's body in pieces, where the handler asked for it so; `request.body` is empty then. An answer before
  /// its end refuses the rest: the connection ends with it.
  public let incoming: IncomingBody?

  let head: RequestHead
  private var connection: ServerConnection?
  private var stream: Stream?

  init(connection: ServerConnection, request: Request, head: RequestHead, incoming: IncomingBody?) {
    self.connection = connection
    self.incoming = incoming
    self.request = request
    self.head = head
    loop = connection.loop
  }

  /// Whether an answer would still reach somebody.
  public var isOpen: Bool { connection != nil && stream == nil }

  /// A handle that answers from any thread.
  public var responder: Responder { Responder(exchange: LoopBound(self, loop: loop)) }

  /// Answers. Only the first answer counts; one after the deadline goes nowhere.
  public func respond(_ response: Response) {
    guard isOpen else { return }
    connection?.answer(response, to: self)
  }

  /// Answers with a head now and a body in pieces; the response's own body is the first one.
  /// - Parameter length: bytes of the whole body, where they are known; the connection ends with it.
  public func stream(_ response: Response, length: Int? = nil) -> BodyStream {
    beginStream(response, length: length)
    return BodyStream(responder: responder)
  }

  /// Answers with server-sent events. Comments keep the silent stream alive.
  public func events(headers: Headers = Headers()) -> EventSender {
    beginEvents(headers)
    return EventSender(stream: BodyStream(responder: responder))
  }

  /// Answers with 101 and makes the connection a WebSocket. Where the request does not ask for one properly, it is
  /// refused (400, 426) and nil comes back. The handler's first call is `webSocketDidOpen`; messages come in a later
  /// batch, also those that the peer sent together with its request.
  @discardableResult
  public func accept(_ options: WebSocketOptions = WebSocketOptions(), handler: any WebSocketHandler) -> WebSocket? {
    guard isOpen, let connection else { return nil }
    guard let offer = request.upgrade else {
      var refusal = Response.text("This path speaks WebSocket only.\n", status: .upgradeRequired)
      refusal.headers["Upgrade"] = "websocket"
      respond(refusal)
      return nil
    }
    if let flaw = offer.flaw(requiresConnectionUpgrade: options.requiresConnectionUpgrade) {
      respond(flaw)
      return nil
    }
    var headers = options.headers
    headers["Upgrade"] = "websocket"
    headers["Connection"] = "Upgrade"
    headers["Sec-WebSocket-Accept"] = WebSocketOffer.acceptance(of: offer.key)
    if let subprotocol = options.subprotocol { headers["Sec-WebSocket-Protocol"] = subprotocol }
    let compression = options.allowsCompression ? offer.compression : nil
    if let compression { headers["Sec-WebSocket-Extensions"] = compression.answer }
    let answer = AnswerHead(status: .switching, headers: headers, body: .none, keepsAlive: true)
    let terms = connection.server.terms(options, compression)
    return connection.upgrade(self, head: answer, terms, handler)
  }

  /// The asker has proved who it is: its connection no longer counts towards the limit per address.
  public func markTrusted() { connection?.markTrusted() }

  // MARK: From the connection

  /// A whole answer was given.
  func detach() {
    connection = nil
    onAbandoned = nil
    stream?.close()
    stream = nil
  }

  func connectionEnded() {
    connection = nil
    let abandoned = onAbandoned
    onAbandoned = nil
    stream?.close()
    stream = nil
    abandoned?()
  }

  // MARK: Streams

  /// A body that is sent in pieces.
  private final class Stream {
    let isChunked: Bool
    let hasBody: Bool
    var waiting: [@Sendable (Bool) -> Void] = []
    var onClose: [@Sendable () -> Void] = []
    var keepAlive: Timers.Token?
    var lastSent: Instant
    let loop: EventLoop

    init(isChunked: Bool, hasBody: Bool, loop: EventLoop) {
      self.isChunked = isChunked
      self.hasBody = hasBody
      self.loop = loop
      lastSent = loop.now
    }

    func close() {
      if let keepAlive { loop.cancel(keepAlive) }
      keepAlive = nil
      let waiting = self.waiting
      let closed = onClose
      self.waiting = []
      onClose = []
      for body in waiting { body(false) }
      for body in closed { body() }
    }
  }

  fileprivate func beginStream(_ response: Response, length: Int? = nil) {
    guard isOpen, let connection,
      let (isChunked, hasBody) = connection.beginStream(response, length: length, of: self)
    else { return }
    stream = Stream(isChunked: isChunked, hasBody: hasBody, loop: loop)
    if !response.body.isEmpty { send(response.body) }
    if !hasBody { finishStream() }
  }

  fileprivate func beginEvents(_ headers: Headers) {
    var response = Response(.ok, headers: headers)
    response.headers["Content-Type"] = "text/event-stream"
    response.headers["Cache-Control"] = "no-store"
    // nginx would hold events back until its buffer is full.
    response.headers["X-Accel-Buffering"] = "no"
    beginStream(response)
    keepAlive()
  }

  private func keepAlive() {
    guard let stream, let connection else { return }
    let pause = connection.server.limits.eventKeepAlive
    stream.keepAlive = loop.schedule(after: max(pause - (loop.now - stream.lastSent), .milliseconds(1))) {
      [weak self] in
      guard let self, let stream = self.stream else { return }
      if loop.now - stream.lastSent >= pause { send(EventStream.keepAlive) }
      keepAlive()
    }
  }

  fileprivate func send(_ bytes: [UInt8]) {
    guard let stream, let connection, stream.hasBody, !bytes.isEmpty else { return }
    stream.lastSent = loop.now
    connection.writeStream(bytes, isChunked: stream.isChunked)
  }

  fileprivate func whenReady(_ body: @escaping @Sendable (Bool) -> Void) {
    guard let stream, let connection else { return body(false) }
    if connection.pendingBytes <= connection.server.limits.streamResumeBytes { return body(true) }
    stream.waiting.append(body)
  }

  fileprivate func onStreamClose(_ body: @escaping @Sendable () -> Void) {
    guard let stream else { return body() }
    stream.onClose.append(body)
  }

  fileprivate func finishStream() {
    guard let stream else { return }
    connection?.endStream(isChunked: stream.isChunked, hasBody: stream.hasBody, of: self)
  }

  fileprivate func abortStream() {
    guard stream != nil else { return }
    connection?.abort()
  }

  func endStreamForShutdown() { finishStream() }

  func streamDrained() {
    guard let stream else { return }
    let waiting = stream.waiting
    stream.waiting = []
    for body in waiting { body(true) }
  }
}

/// What a handler decides about a WebSocket that it accepts.
public struct WebSocketOptions: Sendable {
  /// Named in the answer; nil: the field is left out.
  public var subprotocol: String?
  /// Whether permessage-deflate is agreed to where the peer offers it.
  public var allowsCompression = true
  /// False forgives a request without `Connection: Upgrade`.
  public var requiresConnectionUpgrade = true
  public var limits = HTTPLimits.WebSocket()
  /// Further fields of the answer.
  public var headers = Headers()

  public init(subprotocol: String? = nil) { self.subprotocol = subprotocol }
}

/// Answers an exchange from any thread. Calls made on the loop take effect at once, others in a later batch.
public struct Responder: Sendable {
  fileprivate let exchange: LoopBound<Exchange>

  /// Answers; only the first answer counts.
  public func respond(_ response: Response) { onLoop { $0.respond(response) } }

  /// A head now, a body in pieces.
  public func stream(_ response: Response) -> BodyStream {
    onLoop { $0.beginStream(response) }
    return BodyStream(responder: self)
  }

  public func events(headers: Headers = Headers()) -> EventSender {
    onLoop { $0.beginEvents(headers) }
    return EventSender(stream: BodyStream(responder: self))
  }

  public func markTrusted() { onLoop { $0.markTrusted() } }

  /// For what only the loop may do, such as accepting a WebSocket.
  public func onLoop(_ body: @escaping @Sendable (Exchange) -> Void) {
    if exchange.loop.isCurrent { return body(exchange.value) }
    exchange.loop.execute { [exchange] in body(exchange.value) }
  }
}

/// A body that is being sent in pieces, from any thread. Whoever sends faster than the peer reads asks `whenReady`
/// between pieces; past `HTTPLimits.Server.streamPendingBytes` the connection is closed.
public struct BodyStream: Sendable {
  fileprivate let responder: Responder

  public func send(_ bytes: [UInt8]) { responder.onLoop { $0.send(bytes) } }

  /// The body is whole. Nothing may follow.
  public func finish() { responder.onLoop { $0.finishStream() } }

  /// The body cannot be completed: the connection is cut, so that nobody takes it for whole.
  public func abort() { responder.onLoop { $0.abortStream() } }

  /// Calls back once, on the loop: true as soon as little waits for the peer, false when the stream is over.
  public func whenReady(_ body: @escaping @Sendable (Bool) -> Void) { responder.onLoop { $0.whenReady(body) } }

  /// Calls back once, on the loop, when the stream is over, for whatever reason.
  public func onClose(_ body: @escaping @Sendable () -> Void) { responder.onLoop { $0.onStreamClose(body) } }
}

/// Server-sent events to one reader, from any thread.
public struct EventSender: Sendable {
  fileprivate let stream: BodyStream

  public func send(id: String? = nil, event: String? = nil, data: [UInt8]) {
    stream.send(EventStream.event(id: id, event: event, data: data))
  }

  /// How long the reader waits before it comes back.
  public func retry(milliseconds: Int) { stream.send(EventStream.retry(milliseconds: milliseconds)) }

  public func finish() { stream.finish() }
  public func whenReady(_ body: @escaping @Sendable (Bool) -> Void) { stream.whenReady(body) }
  public func onClose(_ body: @escaping @Sendable () -> Void) { stream.onClose(body) }
}
