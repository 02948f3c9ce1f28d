import Net
import Wire

/// One connection of a server: requests in, one at a time and in order, answers out, a deadline over each step.
final class ServerConnection: ChannelHandler {
  private enum Phase {
    /// Between requests.
    case idle
    case head
    case body
    /// A handler has the request; what the peer sends ahead waits.
    case answering
    /// The handler streams its answer.
    case streaming
    /// The answer is given but much of it still waits for the peer.
    case draining
    case closing
    case upgraded(WebSocket)
  }

  private enum Deadline { case firstByte, head, body, idle, answer, progress }

  let server: Server
  let channel: Channel
  let isTLS: Bool
  private let refusal: Refusal?
  private var isCounted: Bool
  private var phase = Phase.idle
  private var parser: RequestParser
  private var head: RequestHead?
  private var body: [UInt8] = []
  private var bodyLimit = 0
  private var exchange: Exchange?
  /// What came while an earlier request was being answered.
  private var ahead: [UInt8] = []
  private var isWorking = false
  private var isPaused = false
  private var inputHasEnded = false
  private var requests = 0
  private var timer: Timers.Token?
  /// Bytes given to the channel, to see whether the peer takes any.
  private var written = 0
  private var takenAtLastLook = 0
  private var closesAfterDrain = false

  init(server: Server, channel: Channel, isTLS: Bool, isCounted: Bool, refusal: Refusal?) {
    self.server = server
    self.channel = channel
    self.isTLS = isTLS
    self.isCounted = isCounted
    self.refusal = refusal
    parser = RequestParser(limits: server.limits.head)
  }

  var id: UInt64 { channel.id }
  var loop: EventLoop { channel.loop }
  private var limits: HTTPLimits.Server { server.limits }

  /// On a plain connection at once, on a TLS one after its handshake, for which the channel has a deadline.
  func begin() { if !isTLS { set(.firstByte, limits.headDeadline) } }

  func channelDidBecomeActive(_ channel: Channel) {
    if let refusal { return refuse(refusal) }
    if isTLS { set(.firstByte, limits.headDeadline) }
  }

  func markTrusted() {
    guard isCounted else { return }
    isCounted = false
    server.uncount(channel.peer)
  }

  // MARK: Reading

  func channel(_ channel: Channel, read bytes: UnsafeRawBufferPointer) {
    switch phase {
    case .idle, .head, .body: work(bytes)
    case .answering, .streaming, .draining: keep(bytes)
    case .closing, .upgraded: break
    }
  }

  private var readsRequests: Bool {
    switch phase {
    case .idle, .head, .body: true
    case .answering, .streaming, .draining, .closing, .upgraded: false
    }
  }

  private func work(_ bytes: UnsafeRawBufferPointer) {
    isWorking = true
    defer { isWorking = false }
    var at = 0
    while readsRequests {
      switch parser.next(bytes, &at) {
      case .needMore:
        if case .idle = phase, parser.isInside {
          phase = .head
          set(.head, limits.headDeadline)
        }
        return
      case .head(let head): begin(head)
      case .body(let run):
        guard body.count + run.count <= bodyLimit else {
          return refuse(Refusal(.tooLarge, "The body is larger than \(bodyLimit) bytes."))
        }
        body.append(contentsOf: bytes[run])
      case .end: dispatch()
      case .refused(let refusal): return refuse(refusal)
      }
    }
    guard at < bytes.count else { return }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[at...])
    switch phase {
    case .upgraded(let webSocket): webSocket.readLater(rest)
    case .closing: break
    case .idle, .head, .body, .answering, .streaming, .draining: keep(rest)
    }
  }

  private func keep(_ bytes: UnsafeRawBufferPointer) {
    ahead.append(contentsOf: bytes)
    if ahead.count > limits.pipelinedBytes, !isPaused {
      isPaused = true
      channel.pauseReading()
    }
  }

  private func begin(_ head: RequestHead) {
    // RFC 9112 3.2: an HTTP/1.1 request names its host, also where the target does.
    if head.minor == 1, !head.headers.contains("host") {
      return refuse(Refusal(.badRequest, "The request has no Host field."))
    }
    bodyLimit = server.handler.bodyLimit(for: head) ?? limits.bodyBytes
    if case .length(let length) = head.framing, length > bodyLimit {
      return refuse(Refusal(.tooLarge, "The body is larger than \(bodyLimit) bytes."))
    }
    if let expectation = head.headers["expect"] {
      guard sameASCII(expectation, "100-continue") else {
        return refuse(Refusal(.expectationFailed, "The only expectation that is met here is 100-continue."))
      }
      if head.minor == 1, head.framing != .none { write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
    }
    self.head = head
    phase = .body
    if head.framing != .none { set(.body, limits.bodyDeadline) }
  }

  private func dispatch() {
    guard let head else { return }
    self.head = nil
    requests += 1
    let (peer, isSecure) = asker(head.headers)
    let request = Request(
      method: head.method, target: head.target, headers: head.headers, body: body, peer: peer, isTLS: isSecure,
      tls: channel.tls, door: server.door, upgrade: WebSocketOffer(head))
    body = []
    let exchange = Exchange(connection: self, request: request, head: head)
    self.exchange = exchange
    phase = .answering
    set(.answer, limits.answerDeadline)
    server.handler.handle(request, exchange)
  }

  /// A trusted proxy's word about whom it speaks for: the last address in the list that is not a trusted proxy itself.
  private func asker(_ headers: Headers) -> (SocketAddress, Bool) {
    let near = channel.peer
    guard !server.trustedProxies.isEmpty, server.isTrustedProxy(near) else { return (near, isTLS) }
    let isSecure = headers["x-forwarded-proto"].map { sameASCII($0, "https") || sameASCII($0, "wss") } ?? isTLS
    for item in headers.list("x-forwarded-for").reversed() {
      guard let address = SocketAddress(host: item, port: 0) ?? (try? SocketAddress(parsing: item)) else { break }
      if case .unix = address { break }
      if !server.isTrustedProxy(address) { return (address, isSecure) }
    }
    return (near, isSecure)
  }

  // MARK: Answering, for the exchange

  /// Sends a whole answer and goes on with the next request.
  func answer(_ response: Response, to exchange: Exchange) {
    guard self.exchange === exchange else { return }
    var response = response
    let request = exchange.request
    if response.status.forbidsBody { response.body = [] } else { pack(&response, request) }
    let keeps = keepsAlive(exchange.head) && !response.headers.lists("connection", "close")
    let head = AnswerHead(
      status: response.status, headers: response.headers,
      body: response.status.forbidsBody ? .none : .length(response.body.count), keepsAlive: keeps,
      minor: exchange.head.minor)
    write(head.bytes(date: server.date()))
    if request.method != .head { write(response.body) }
    finish(keepsAlive: keeps)
  }

  private func pack(_ response: inout Response, _ request: Request) {
    guard limits.gzipBytes.contains(response.body.count), response.headers["content-encoding"] == nil,
      let type = response.headers["content-type"], Self.isText(type)
    else { return }
    response.headers.add("Vary", "Accept-Encoding")
    guard request.headers.list("accept-encoding").contains(where: { Self.isGzip($0) }),
      let packed = Deflate.gzip(response.body), packed.count < response.body.count
    else { return }
    response.headers["Content-Encoding"] = "gzip"
    response.body = packed
  }

  private static func isText(_ type: String) -> Bool {
    ["text/", "application/json", "application/javascript", "application/problem+json", "image/svg+xml"]
      .contains { type.hasPrefix($0) }
  }

  private static func isGzip(_ item: String) -> Bool {
    let parts = item.utf8.split(separator: UInt8(ascii: ";")).map { trimmed($0) }
    guard let name = parts.first, sameASCII(name, "gzip") else { return false }
    return !parts.dropFirst().contains {
      $0 == "q=0" || $0.hasPrefix("q=0.0") && $0.utf8.allSatisfy { !(0x31...0x39).contains($0) }
    }
  }

  private func keepsAlive(_ head: RequestHead) -> Bool {
    head.keepsAlive && !server.isDraining && !inputHasEnded && requests < limits.requestsPerConnection
  }

  /// Sends the head of an answer that follows in pieces. False where the answer has no body to follow.
  func beginStream(_ response: Response, of exchange: Exchange) -> (isChunked: Bool, hasBody: Bool)? {
    guard self.exchange === exchange, case .answering = phase else { return nil }
    let hasBody = exchange.request.method != .head && !response.status.forbidsBody
    let isChunked = exchange.head.minor == 1
    let head = AnswerHead(
      status: response.status, headers: response.headers,
      body: response.status.forbidsBody ? .none : isChunked ? .chunked : .untilClose,
      keepsAlive: isChunked && keepsAlive(exchange.head))
    write(head.bytes(date: server.date()))
    phase = .streaming
    takenAtLastLook = written - channel.pendingBytes
    set(.progress, limits.drainDeadline)
    return (isChunked, hasBody)
  }

  /// More of a streamed body. Past its bound the consumer counts as deaf and the connection is closed.
  func writeStream(_ bytes: [UInt8], isChunked: Bool) {
    guard channel.pendingBytes <= limits.streamPendingBytes else { return channel.close(.overflow) }
    if isChunked { write(Array((String(bytes.count, radix: 16) + "\r\n").utf8)) }
    write(bytes)
    if isChunked { write([0x0D, 0x0A]) }
  }

  func endStream(isChunked: Bool, hasBody: Bool, of exchange: Exchange) {
    if isChunked, hasBody { write(Array("0\r\n\r\n".utf8)) }
    finish(keepsAlive: isChunked && keepsAlive(exchange.head))
  }

  func abort() { channel.close(.local) }

  var pendingBytes: Int { channel.pendingBytes }

  private func finish(keepsAlive: Bool) {
    exchange?.detach()
    exchange = nil
    closesAfterDrain = !keepsAlive
    if channel.isWritable { return finishDraining() }
    phase = .draining
    takenAtLastLook = written - channel.pendingBytes
    set(.progress, limits.drainDeadline)
  }

  private func finishDraining() {
    if closesAfterDrain { return close() }
    phase = .idle
    set(.idle, limits.idleLimit)
    // Within `work` its own loop goes on; a later answer must fetch what waits.
    guard !isWorking else { return }
    if !ahead.isEmpty {
      let bytes = ahead
      ahead = []
      bytes.withUnsafeBytes { work($0) }
    }
    if inputHasEnded, readsRequests { return close() }
    resumeIfRoom()
  }

  private func resumeIfRoom() {
    guard isPaused, ahead.count <= limits.pipelinedBytes else { return }
    isPaused = false
    channel.resumeReading()
  }

  /// Hands the connection over to a WebSocket, with what the peer sent behind its request.
  func upgrade(_ exchange: Exchange, head: AnswerHead, _ make: (Channel) -> WebSocket) -> WebSocket? {
    guard self.exchange === exchange, case .answering = phase else { return nil }
    write(head.bytes(date: server.date()))
    exchange.detach()
    self.exchange = nil
    clearTimer()
    let webSocket = make(channel)
    phase = .upgraded(webSocket)
    webSocket.onEnd = { [self] in gone() }
    let early = ahead
    ahead = []
    resumeIfRoom()
    webSocket.begin()
    webSocket.readLater(early)
    return webSocket
  }

  // MARK: Ends

  /// Says why in a plain sentence, and closes.
  private func refuse(_ refusal: Refusal) {
    let response = Response.text(refusal.reason + "\n", status: refusal.status)
    let head = AnswerHead(
      status: refusal.status, headers: response.headers, body: .length(response.body.count), keepsAlive: false)
    write(head.bytes(date: server.date()))
    if self.head?.method != .head { write(response.body) }
    close()
  }

  private func close() {
    if case .closing = phase { return }
    phase = .closing
    clearTimer()
    ahead = []
    body = []
    channel.closeAfterFlush(timeout: channel.pendingBytes > 16_384 ? limits.drainDeadline : Limits.lingerDeadline)
  }

  func drain() {
    switch phase {
    case .idle: close()
    case .upgraded(let webSocket): webSocket.close(code: CloseCode.goingAway, reason: "the server is shutting down")
    case .streaming: exchange?.endStreamForShutdown()
    case .head, .body, .answering, .draining, .closing: closesAfterDrain = true
    }
  }

  func cut() { channel.close(.local) }

  func channelDidDrain(_ channel: Channel) {
    switch phase {
    case .draining: finishDraining()
    case .streaming: exchange?.streamDrained()
    case .idle, .head, .body, .answering, .closing, .upgraded: break
    }
  }

  func channelInputEnded(_ channel: Channel) {
    inputHasEnded = true
    switch phase {
    case .idle, .head, .body: close()
    // A reader of an endless stream that ends its side is gone; one that waits for an answer may still read it.
    case .streaming: channel.close(.peerEOF)
    case .answering, .draining, .closing, .upgraded: break
    }
  }

  func channel(_ channel: Channel, closed reason: CloseReason) {
    phase = .closing
    clearTimer()
    if requests == 0 { server.onEarlyEnd?(channel.peer, reason) }
    let last = exchange
    exchange = nil
    last?.connectionEnded()
    gone()
  }

  private func gone() {
    markTrusted()
    server.ended(self)
  }

  // MARK: Time

  private func write(_ bytes: [UInt8]) {
    written += bytes.count
    // An answer is as large as its handler made it; what bounds it is that the next one waits for it.
    channel.writeMax = max(channel.writeMax, channel.pendingBytes + bytes.count)
    channel.write(bytes)
  }

  private func set(_ deadline: Deadline, _ after: Duration) {
    clearTimer()
    timer = loop.schedule(after: after) { [weak self] in self?.passed(deadline) }
  }

  private func clearTimer() {
    if let timer { loop.cancel(timer) }
    timer = nil
  }

  private func passed(_ deadline: Deadline) {
    timer = nil
    switch deadline {
    case .firstByte, .idle: close()
    case .head: refuse(Refusal(.requestTimeout, "The request's head took too long."))
    case .body: refuse(Refusal(.requestTimeout, "The request's body took too long."))
    case .answer:
      exchange?.expire()
      exchange = nil
      refuse(Refusal(.gatewayTimeout, "No answer was found in time."))
    case .progress:
      let taken = written - channel.pendingBytes
      if channel.pendingBytes > 0, taken == takenAtLastLook { return channel.close(.timeout) }
      takenAtLastLook = taken
      set(.progress, limits.drainDeadline)
    }
  }
}
