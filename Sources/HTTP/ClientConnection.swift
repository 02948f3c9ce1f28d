import Net
import Wire

/// One connection to a server that we call: one request at a time, kept for the next where both sides agree.
final class ClientConnection: ChannelHandler {
  struct Failure {
    var fault: ClientFault
    var duringConnect: Bool
    /// A kept connection that ended before a byte of the answer.
    var wasStale: Bool
  }

  private enum State { case connecting, busy, kept, closed }

  let key: Client.PoolKey
  private let host: String
  private weak var client: Client?
  private(set) var channel: Channel?
  private var state = State.connecting
  private var parser = ResponseParser(answering: .get)
  private var head: ResponseHead?
  private var body: [UInt8] = []
  private var limits = HTTPLimits.Client()
  private var url: HTTPURL?
  private var isFresh = true
  private var isPending = false
  private var timer: Timers.Token?
  private var onBody: (([UInt8]) -> Void)?
  private var onFailure: ((Failure) -> Void)?
  private var onAnswer: ((ClientResponse) -> Void)?
  private var waiting: [UInt8] = []

  init(client: Client, key: Client.PoolKey, host: String) {
    self.client = client
    self.key = key
    self.host = host
  }

  func connect(to address: SocketAddress, tls: TLSClientConfiguration?, deadline: Duration) {
    guard let loop = client?.loop else { return }
    channel = Channel.connect(loop: loop, to: address, tls: tls, deadline: deadline, handler: self)
  }

  /// Sends the request and reads its answer; one of the two callbacks is called once.
  func perform(
    _ request: ClientRequest, at url: HTTPURL, limits: HTTPLimits.Client, isFresh: Bool,
    onBody: (([UInt8]) -> Void)?, onFailure: @escaping (Failure) -> Void, onAnswer: @escaping (ClientResponse) -> Void
  ) {
    self.url = url
    self.limits = limits
    self.isFresh = isFresh
    self.onBody = onBody
    self.onFailure = onFailure
    self.onAnswer = onAnswer
    parser = ResponseParser(answering: request.method, limits: limits.head)
    head = nil
    body = []
    isPending = true
    let bytes = Self.bytes(request, url)
    if state == .connecting {
      waiting = bytes
    } else {
      write(bytes)
    }
  }

  private func write(_ bytes: [UInt8]) {
    guard let channel else { return }
    state = .busy
    channel.writeMax = max(Limits.writeMax, bytes.count)
    channel.write(bytes)
    timer = channel.loop.schedule(after: limits.firstByteDeadline) { [weak self] in
      self?.timer = nil
      self?.fail(.timeout(.firstByte))
    }
  }

  private static func bytes(_ request: ClientRequest, _ url: HTTPURL) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(512 + request.body.count)
    out.append(contentsOf: "\(request.method.rawValue) \(url.target) HTTP/1.1\r\nHost: \(url.authority)\r\n".utf8)
    let ours = ["host", "content-length", "transfer-encoding", "connection"]
    for field in request.headers.fields where !ours.contains(where: { sameASCII($0, field.name) }) {
      appendField(field.name, field.value, into: &out)
    }
    let hasBody = !request.body.isEmpty || [.post, .put, .patch].contains(request.method)
    if hasBody { out.append(contentsOf: "Content-Length: \(request.body.count)\r\n".utf8) }
    out.append(contentsOf: "\r\n".utf8)
    out.append(contentsOf: request.body)
    return out
  }

  /// The call is over for other reasons; its answer is not wanted any more.
  func abandon() {
    isPending = false
    forgetCall()
    channel?.close()
  }

  // MARK: The pool

  func enterPool(_ limit: Duration) {
    state = .kept
    timer = channel?.loop.schedule(after: limit) { [weak self] in
      self?.timer = nil
      self?.channel?.close()
    }
  }

  func leavePool() { clearTimer() }

  // MARK: From the channel

  func channelDidBecomeActive(_ channel: Channel) {
    guard isPending else { return channel.close() }
    let bytes = waiting
    waiting = []
    write(bytes)
  }

  func channel(_ channel: Channel, read bytes: UnsafeRawBufferPointer) {
    // A server has nothing to say on a kept connection but that it is over.
    guard isPending else { return channel.close() }
    clearTimer()
    var at = 0
    while isPending {
      switch parser.next(bytes, &at) {
      case .needMore: return
      case .head(let head):
        self.head = head
        if case .length(let length) = head.framing, length > limits.bodyBytes, !streams {
          return fail(.tooLarge(limits.bodyBytes))
        }
      case .body(let run):
        if streams {
          onBody?(Array(bytes[run]))
        } else {
          guard body.count + run.count <= limits.bodyBytes else { return fail(.tooLarge(limits.bodyBytes)) }
          body.append(contentsOf: bytes[run])
        }
      case .end: finish(hasMore: at < bytes.count)
      case .refused(let refusal): return fail(.malformed(refusal.reason))
      }
    }
  }

  private var streams: Bool { onBody != nil && head?.status.isSuccess == true }

  func channelInputEnded(_ channel: Channel) {
    if isPending, head?.framing == .untilClose { return finish(hasMore: true) }
    channel.close(.peerEOF)
  }

  func channel(_ channel: Channel, closed reason: CloseReason) {
    let wasConnecting = state == .connecting
    state = .closed
    clearTimer()
    client?.forget(self)
    self.channel = nil
    guard isPending else { return }
    let hasAnswer = head != nil
    fail(
      ClientFault(reason, host: host, during: wasConnecting ? .connect : hasAnswer ? .whole : .firstByte),
      duringConnect: wasConnecting)
  }

  private func finish(hasMore: Bool) {
    guard let head, let url else { return }
    isPending = false
    let response = ClientResponse(status: head.status, headers: head.headers, body: body, url: url)
    let answer = onAnswer
    forgetCall()
    body = []
    if head.keepsAlive, !hasMore, head.status != .switching, channel?.isOpen == true, let client {
      client.keep(self)
    } else {
      channel?.close()
    }
    answer?(response)
  }

  private func fail(_ fault: ClientFault, duringConnect: Bool = false) {
    guard isPending else { return }
    isPending = false
    let failure = Failure(
      fault: fault, duringConnect: duringConnect, wasStale: !isFresh && state == .closed && !parser.hasBegun)
    let report = onFailure
    forgetCall()
    channel?.close()
    report?(failure)
  }

  private func forgetCall() {
    clearTimer()
    onBody = nil
    onFailure = nil
    onAnswer = nil
  }

  private func clearTimer() {
    if let timer { channel?.loop.cancel(timer) }
    timer = nil
  }
}
