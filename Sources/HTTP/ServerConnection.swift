import Net
import Wire

/// One connection of a server: requests in, one at a time and in order, answers out, a deadline over each step.
final class ServerConnection: ChannelHandler, Drainable {
  private enum Phase {
    /// Between requests.
    case idle
    case head
    case body
    /// A handler has the request and takes its body in pieces.
    case receiving(IncomingBody)
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
  /// Bytes of a body that came in pieces.
  private var received = 0
  /// The peer waits to be told that its body is wanted.
  private var owesContinue = false
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
    // A proxy counts for nothing, whom it announced meanwhile does.
    if !isCounted, server.isCounted(channel.peer) {
      if let refusal = server.count(announced: channel.peer) { return refuse(refusal) }
      isCounted = true
    }
    if isTLS { set(.firstByte, limits.headDeadline) }
  }

  /// Whether no whole request has come yet.
  var isSilent: Bool { requests == 0 }

  func markTrusted() {
    guard isCounted else { return }
    isCounted = false
    server.uncount(channel.peer)
  }

  // MARK: Reading

  func channel(_ channel: Channel, read bytes: UnsafeRawBufferPointer) {
    switch phase {
    case .idle, .head, .body, .receiving: work(bytes)
    case .answering, .streaming, .draining: keep(bytes)
    case .closing, .upgraded: break
    }
  }

  private var readsRequests: Bool {
    switch phase {
    case .idle, .head, .body, .receiving: true
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
        if case .receiving(let incoming) = phase {
          guard take(UnsafeRawBufferPointer(rebasing: bytes[run]), for: incoming) else { return }
          continue
        }
        guard body.count + run.count <= bodyLimit else {
          return refuse(Refusal(.tooLarge, "The body is larger than \(bodyLimit) bytes."))
        }
        body.append(contentsOf: bytes[run])
      case .end:
        if case .receiving(let incoming) = phase {
          phase = .answering
          set(.answer, limits.answerDeadline)
          resumeIfRoom()
          incoming.end()
        } else {
          dispatch()
        }
      case .refused(let refusal):
        // No line of HTTP begins with 22, and every TLS handshake does.
        if !isTLS, requests == 0, bytes.first == 0x16 { return refuseTLS() }
        return refuse(refusal)
      }
    }
    guard at < bytes.count else { return }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[at...])
    switch phase {
    case .upgraded(let webSocket): webSocket.readLater(rest)
    case .closing: break
    case .idle, .head, .body, .receiving, .answering, .streaming, .draining: keep(rest)
    }
  }

  /// One piece of a body for its taker. False where that ended the request.
  private func take(_ piece: UnsafeRawBufferPointer, for incoming: IncomingBody) -> Bool {
    received += piece.count
    guard received <= bodyLimit else {
      refuse(Refusal(.tooLarge, "The body is larger than \(bodyLimit) bytes."))
      return false
    }
    incoming.append(piece)
    guard case .receiving = phase else { return false }
    watch(incoming)
    return true
  }

  /// Reads no more than the taker has room for, and watches over the one of the two that the other waits for.
  private func watch(_ incoming: IncomingBody) {
    guard case .receiving = phase else { return }
    if incoming.isWanted, owesContinue {
      owesContinue = false
      write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
    }
    if incoming.isWanted {
      set(.body, limits.bodyDeadline)
    } else {
      set(.answer, limits.answerDeadline)
    }
    if incoming.hasRoom {
      resumeIfRoom()
    } else if !isPaused {
      isPaused = true
      channel.pauseReading()
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
    self.head = head
    // RFC 9112 3.2: an HTTP/1.1 request names its host, also where the target does.
    if head.minor == 1, !head.headers.contains("host") {
      return refuse(Refusal(.badRequest, "The request has no Host field."))
    }
    bodyLimit = server.handler.bodyLimit(for: head) ?? limits.bodyBytes
    if case .length(let length) = head.framing, length > bodyLimit {
      return refuse(Refusal(.tooLarge, "The body is larger than \(bodyLimit) bytes."))
    }
    owesContinue = false
    for expectation in head.headers.list("expect") {
      guard sameASCII(expectation, "100-continue") else {
        return refuse(Refusal(.expectationFailed, "The only expectation that is met here is 100-continue."))
      }
      // RFC 9110 §10.1.1: an HTTP/1.0 client does not know interim answers.
      owesContinue = head.minor == 1 && head.framing != .none
    }
    // RFC 9110 §8.4: a coding that is not understood is said so, instead of being taken for broken JSON.
    if head.headers.list("content-encoding").contains(where: { !sameASCII($0, "identity") }) {
      return refuse(Refusal(.unsupportedMediaType, "The body must not be packed."))
    }
    if head.framing != .none, server.handler.takesPieces(of: head) { return receive() }
    phase = .body
    guard head.framing != .none else { return }
    set(.body, limits.bodyDeadline)
    if owesContinue { write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
  }

  private func receive() {
    received = 0
    let incoming = IncomingBody(room: limits.uploadBytes) { [weak self] in
      if let self, case .receiving(let incoming) = phase { watch(incoming) }
    }
    phase = .receiving(incoming)
    set(.answer, limits.answerDeadline)
    hand(incoming)
  }

  private func dispatch() {
    phase = .answering
    set(.answer, limits.answerDeadline)
    hand(nil)
  }

  /// Gives the request to the handler.
  private func hand(_ incoming: IncomingBody?) {
    guard let head else { return }
    self.head = nil
    requests += 1
    let (peer, isSecure) = asker(head.headers)
    let request = Request(
      method: head.method, target: head.target, headers: head.headers, body: body, peer: peer, isTLS: isSecure,
      tls: channel.tls, door: server.door, upgrade: WebSocketOffer(head))
    body = []
    let exchange = Exchange(connection: self, request: request, head: head, incoming: incoming)
    self.exchange = exchange
    // RFC 9110 §9.3.7: what the server as a whole can do.
    if head.method == .options, head.target.path == "*" {
      return exchange.respond(.options(allow: Method.allCases.filter { $0 != .options }))
    }
    server.handler.handle(request, exchange)
  }

  /// A trusted proxy's word about whom it speaks for, else the far end itself.
  private func asker(_ headers: Headers) -> (SocketAddress, Bool) {
    let near = channel.peer
    guard !server.trustedProxies.isEmpty, server.isTrustedProxy(near) else { return (near, isTLS) }
    let (client, isSecure) = ForwardedHops(headers, server.forwardedFields)
      .asker(trusting: { server.isTrustedProxy($0) })
    return (client ?? near, isSecure ?? isTLS)
  }

  // MARK: Answering, for the exchange

  /// Sends a whole answer and goes on with the next request.
  func answer(_ response: Response, to exchange: Exchange) {
    guard self.exchange === exchange else { return }
    var response = response
    let request = exchange.request
    if response.status.forbidsBody { response.body = [] }
    server.pack(&response, for: request)
    let keeps = keepsAlive(exchange.head) && !response.headers.lists("connection", "close")
    let head = AnswerHead(
      status: response.status, headers: response.headers,
      body: response.status.forbidsBody ? .none : .length(response.body.count), keepsAlive: keeps,
      minor: exchange.head.minor)
    write(server.bytes(of: head))
    if request.method != .head { write(response.body) }
    finish(keepsAlive: keeps)
  }

  private func keepsAlive(_ head: RequestHead) -> Bool {
    // What is left of a body that was refused in the middle would be taken for the next request.
    if case .receiving = phase { return false }
    return head.keepsAlive && !server.isDraining && mayHoldMore && requests < limits.requestsPerConnection
  }

  /// Whether another request may follow: also one that came before the peer ended its side (RFC 9112 §9.3.2).
  private var mayHoldMore: Bool { !inputHasEnded || isWorking || !ahead.isEmpty }

  /// Sends the head of an answer that follows in pieces. False where the answer has no body to follow.
  func beginStream(
    _ response: Response, length: Int? = nil, of exchange: Exchange
  ) -> (isChunked: Bool, hasBody: Bool)? {
    guard self.exchange === exchange, case .answering = phase else { return nil }
    let hasBody = exchange.request.method != .head && !response.status.forbidsBody
    let isChunked = exchange.head.minor == 1 && length == nil
    let body: AnswerHead.Body = length.map { .length($0) } ?? (isChunked ? .chunked : .untilClose)
    let head = AnswerHead(
      status: response.status, headers: response.headers, body: response.status.forbidsBody ? .none : body,
      keepsAlive: isChunked && keepsAlive(exchange.head))
    write(server.bytes(of: head))
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
    if case .receiving(let incoming) = phase {
      // Nothing of it is read any more; who answered early does not wait for the rest.
      phase = .answering
      incoming.breakOff()
    }
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
  func upgrade(
    _ exchange: Exchange, head: AnswerHead, _ terms: WebSocket.Terms, _ handler: any WebSocketHandler
  ) -> WebSocket? {
    guard self.exchange === exchange, case .answering = phase else { return nil }
    // Who hung up while its request was looked at is no link, and must not take the place of one.
    guard !inputHasEnded else {
      close()
      return nil
    }
    write(server.bytes(of: head))
    exchange.detach()
    self.exchange = nil
    clearTimer()
    // The request has told it.
    channel.forgetTLS()
    // Strangers that knock stand in line with all others.
    if !isCounted { channel.prefer() }
    let webSocket = WebSocket(
      channel: channel, terms: terms, handler: handler, server: server, stranger: isCounted ? channel.peer : nil)
    phase = .upgraded(webSocket)
    server.upgraded(id, to: webSocket)
    let early = ahead
    ahead = []
    resumeIfRoom()
    webSocket.begin()
    webSocket.readLater(early)
    return webSocket
  }

  // MARK: Ends

  /// Says why, in the words of whoever was meant or in a plain sentence, and closes.
  private func refuse(_ refusal: Refusal) {
    let asked = exchange?.request
    let target = asked?.target.path ?? String(decoding: parser.target, as: UTF8.self)
    loseAsker()
    if case .receiving(let incoming) = phase {
      phase = .answering
      incoming.breakOff()
    }
    let headers = asked?.headers ?? self.head?.headers ?? Headers()
    let response = server.handler.answer(to: refusal, at: target, headers) ?? refusal.response
    let head = AnswerHead(
      status: refusal.status, headers: response.headers, body: .length(response.body.count), keepsAlive: false)
    write(server.bytes(of: head))
    if (asked?.method ?? self.head?.method) != .head { write(response.body) }
    close()
  }

  /// Somebody speaks TLS where there is none, and hears so in its own language: the alert handshake_failure, in the
  /// record version that all know (RFC 8446 §6.2).
  private func refuseTLS() {
    server.onEarlyEnd?(channel.peer, .tls(.onPlainPort))
    write([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28])
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
    case .streaming: exchange?.endStreamForShutdown()
    case .head, .body, .receiving, .answering, .draining, .closing, .upgraded: closesAfterDrain = true
    }
  }

  func cut() { channel.close(.local) }

  func channelDidDrain(_ channel: Channel) {
    switch phase {
    case .draining: finishDraining()
    case .streaming: exchange?.streamDrained()
    case .idle, .head, .body, .receiving, .answering, .closing, .upgraded: break
    }
  }

  func channelInputEnded(_ channel: Channel) {
    inputHasEnded = true
    switch phase {
    case .idle, .head, .body: close()
    case .receiving(let incoming):
      loseAsker()
      incoming.breakOff()
      close()
    // A reader of an endless stream that ends its side is gone; one that waits for an answer may still read it.
    case .streaming: channel.close(.peerEOF)
    case .answering, .draining, .closing, .upgraded: break
    }
  }

  func channel(_ channel: Channel, closed reason: CloseReason) {
    let before = phase
    phase = .closing
    clearTimer()
    if requests == 0 { server.onEarlyEnd?(channel.peer, reason) }
    loseAsker()
    if case .receiving(let incoming) = before { incoming.breakOff() }
    gone()
  }

  private func loseAsker() {
    let last = exchange
    exchange = nil
    last?.connectionEnded()
  }

  private func gone() {
    markTrusted()
    server.ended(id)
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
    // Unowned: every connection ends with `closed` or as a WebSocket, and both clear the timer.
    timer = loop.schedule(after: after) { [unowned self] in passed(deadline) }
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
    case .answer: refuse(Refusal(.gatewayTimeout, "No answer was found in time."))
    case .progress:
      let taken = written - channel.pendingBytes
      if channel.pendingBytes > 0, taken == takenAtLastLook { return channel.close(.timeout) }
      takenAtLastLook = taken
      set(.progress, limits.drainDeadline)
    }
  }
}
