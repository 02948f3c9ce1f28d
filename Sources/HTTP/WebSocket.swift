import Net
import Wire

/// Who hears a WebSocket. All calls come on its loop.
public protocol WebSocketHandler: AnyObject {
  /// The first call, before any message.
  func webSocketDidOpen(_ webSocket: WebSocket)
  /// A whole text message; its bytes are UTF-8.
  func webSocket(_ webSocket: WebSocket, text: [UInt8])
  func webSocket(_ webSocket: WebSocket, binary: [UInt8])
  func webSocketDidPong(_ webSocket: WebSocket)
  /// The last call, exactly once. The code is the one that ended it: the peer's, or ours where the peer broke the
  /// protocol; nil where the connection ended without one. `clean`: by close frames on both sides.
  func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool)
}

extension WebSocketHandler {
  public func webSocketDidOpen(_ webSocket: WebSocket) {}
  public func webSocketDidPong(_ webSocket: WebSocket) {}
  /// Who speaks text only says so (RFC 6455 7.4.1).
  public func webSocket(_ webSocket: WebSocket, binary: [UInt8]) {
    webSocket.close(code: CloseCode.unsupported, reason: "only text is understood here")
  }
}

/// One WebSocket, of a server or a client, owned by its loop: messages in, messages out, and the watch over a peer
/// that falls silent.
public final class WebSocket {
  private enum State {
    case open
    /// Our close frame is out; the peer's is awaited.
    case closing(UInt16?, String)
    case closed
  }

  public let peer: SocketAddress
  /// What was agreed; nil where nothing was.
  public let subprotocol: String?
  public var isCompressed: Bool { compression != nil }
  /// When the last bytes came, of whatever kind.
  public private(set) var lastReceived: Instant
  /// Silence after which a ping is sent; nil: never. Changes take effect at once.
  public var pingInterval: Duration? { didSet { watchSilence() } }
  /// Silence after which the link counts as dead; nil: never.
  public var idleLimit: Duration? { didSet { watchSilence() } }
  public let loop: EventLoop
  /// The connection's number, never used twice in this process.
  public var id: UInt64 { channel.id }

  private let channel: Channel
  private let limits: HTTPLimits.WebSocket
  private let isClient: Bool
  private let compression: Compression?
  private let deflate: Deflate
  private var reader: FrameReader
  private var state = State.open
  private var handler: (any WebSocketHandler)?
  private var silence: Timers.Token?
  private var closing: Timers.Token?
  private var pingedAt: Instant?
  /// Where outgoing frames are put together.
  private var scratch: [UInt8] = []
  /// Bytes that came together with the handshake, until they are read.
  private var early: [UInt8] = []
  private var isPaused = false
  /// The handler asked for a pause.
  private var isHeld = false
  /// Tells the server that one connection is gone.
  var onEnd: (() -> Void)?

  init(
    channel: Channel, isClient: Bool, subprotocol: String?, compression: Compression?, deflate: Deflate,
    limits: HTTPLimits.WebSocket, handler: any WebSocketHandler
  ) {
    self.channel = channel
    self.isClient = isClient
    self.subprotocol = subprotocol
    self.compression = compression
    self.deflate = deflate
    self.limits = limits
    self.handler = handler
    loop = channel.loop
    peer = channel.peer
    lastReceived = channel.loop.now
    pingInterval = limits.pingInterval
    idleLimit = limits.idleLimit
    reader = FrameReader(limits: limits, expectsMask: !isClient, allowsCompression: compression != nil)
  }

  /// Takes the channel over.
  func begin() {
    channel.handler = self
    channel.writeMax = limits.pendingBytes
    handler?.webSocketDidOpen(self)
    watchSilence()
  }

  /// What came behind the handshake is read in a batch of its own, so that whoever opened this WebSocket has it in
  /// hand before its first message.
  func readLater(_ bytes: some Collection<UInt8>) {
    guard !bytes.isEmpty else { return }
    early.append(contentsOf: bytes)
    let bound = LoopBound(self, loop: loop)
    loop.execute { bound.value.readEarly() }
  }

  // MARK: Sending

  public var isOpen: Bool { if case .open = state { channel.isOpen } else { false } }
  /// Bytes that wait for the peer.
  public var pendingBytes: Int { channel.pendingBytes }

  /// Sends a message; false, and without effect, once the WebSocket is closing. A peer that lets more than
  /// `HTTPLimits.WebSocket.pendingBytes` wait is dropped.
  @discardableResult
  public func send(text bytes: [UInt8]) -> Bool { send(.text, bytes) }

  @discardableResult
  public func send(binary bytes: [UInt8]) -> Bool { send(.binary, bytes) }

  private func send(_ opcode: Opcode, _ bytes: [UInt8]) -> Bool {
    guard isOpen else { return false }
    bytes.withUnsafeBytes { plain in
      if let compression, bytes.count >= HTTPLimits.WebSocket.plainBelowBytes,
        let packed = deflate.pack(plain, windowBits: compression.windowBits)
      {
        packed.withUnsafeBytes { write(opcode, $0, compressed: true) }
      } else {
        write(opcode, plain)
      }
    }
    if !channel.isWritable { pause() }
    return true
  }

  private func write(_ opcode: Opcode, _ payload: UnsafeRawBufferPointer, compressed: Bool = false) {
    scratch.removeAll(keepingCapacity: true)
    FrameWriter.append(opcode, payload, compressed: compressed, mask: newMask(), to: &scratch)
    channel.write(scratch)
    // One large message must not hold its memory for the life of the connection.
    if scratch.capacity > 16_384 { scratch = [] }
  }

  private func writeClose(_ code: UInt16?, _ reason: String) {
    channel.write(FrameWriter.close(code: code, reason: reason, mask: newMask()))
  }

  /// RFC 6455 5.3: a client masks each frame with a key that nobody can foresee, a server masks none.
  private func newMask() -> UInt32? { isClient ? .random(in: 1...UInt32.max) : nil }

  public func ping() {
    guard isOpen else { return }
    pingedAt = loop.now
    write(.ping, UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// Sends a close frame, waits a bounded time for the peer's, and ends the connection. Without effect when closing.
  public func close(code: UInt16? = CloseCode.normal, reason: String = "") {
    guard case .open = state else { return }
    state = .closing(code, reason)
    writeClose(code, reason)
    resume()
    resumeReading()
    closing = loop.schedule(after: limits.closeDeadline) { [weak self] in
      self?.closing = nil
      self?.channel.close(.timeout)
    }
  }

  /// Ends the connection at once, without a close frame.
  public func drop() { channel.close(.local) }

  // MARK: Receiving

  private func readEarly() {
    let bytes = early
    early = []
    bytes.withUnsafeBytes { read($0) }
  }

  private func read(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    while true {
      switch reader.next(bytes, &at) {
      case .needMore: return
      case .text(let message, let compressed): receive(message, isText: true, compressed: compressed)
      case .binary(let message, let compressed): receive(message, isText: false, compressed: compressed)
      case .ping(let payload):
        // A flood of pings must not fill the queue of one who does not read (RFC 6455 5.5.3 allows leaving some out).
        if isOpen, channel.pendingBytes < limits.pongPendingBytes { payload.withUnsafeBytes { write(.pong, $0) } }
      case .pong:
        handler?.webSocketDidPong(self)
      case .close(let code, let reason):
        answerClose(code, reason)
        return
      case .failed(let code, let reason):
        fail(code, reason)
        return
      }
    }
  }

  private func receive(_ message: [UInt8], isText: Bool, compressed: Bool) {
    guard case .open = state else { return }
    guard compressed else { return deliver(message, isText: isText) }
    let plain: [UInt8]
    do throws(Deflate.Fault) {
      plain = try deflate.unpack(message, limit: limits.messageBytes)
    } catch {
      switch error {
      case .tooLarge: return fail(CloseCode.tooLarge, "the message inflates past \(limits.messageBytes) bytes")
      case .broken: return fail(CloseCode.invalidText, "the compressed message is broken")
      }
    }
    guard !isText || UTF8Check.isValid(plain) else { return fail(CloseCode.invalidText, "the text is not UTF-8") }
    deliver(plain, isText: isText)
  }

  private func deliver(_ message: [UInt8], isText: Bool) {
    if isText { handler?.webSocket(self, text: message) } else { handler?.webSocket(self, binary: message) }
  }

  private func answerClose(_ code: UInt16?, _ reason: String) {
    if case .open = state {
      writeClose(code, "")
    }
    channel.closeAfterFlush()
    // Where we began to close, our own code says why; the peer's frame only confirms it.
    if case .closing(let ours, let why) = state { end(ours, why, clean: true) } else { end(code, reason, clean: true) }
  }

  private func fail(_ code: UInt16, _ reason: String) {
    switch state {
    case .open:
      writeClose(code, reason)
    case .closing: break
    case .closed: return
    }
    channel.closeAfterFlush()
    end(code, reason, clean: false)
  }

  private func end(_ code: UInt16?, _ reason: String, clean: Bool) {
    if case .closed = state { return }
    state = .closed
    if let silence { loop.cancel(silence) }
    if let closing { loop.cancel(closing) }
    silence = nil
    closing = nil
    let last = handler
    handler = nil
    last?.webSocket(self, closed: code, reason: reason, clean: clean)
  }

  // MARK: Pressure and silence

  /// A peer that does not read its answers is not read either, until it does.
  private func pause() {
    guard !isPaused else { return }
    isPaused = true
    channel.pauseReading()
  }

  private func resume() {
    guard isPaused else { return }
    isPaused = false
    if !isHeld { channel.resumeReading() }
  }

  /// The handler cannot take more messages. Those of the read that is under way still come; nothing is read after that,
  /// pongs and close frames neither, until `resumeReading`.
  public func pauseReading() {
    guard isOpen, !isHeld else { return }
    isHeld = true
    channel.pauseReading()
  }

  public func resumeReading() {
    guard isHeld else { return }
    isHeld = false
    if !isPaused { channel.resumeReading() }
  }

  /// One timer looks when the next ping or the end of patience could be due; messages only move `lastReceived`.
  private func watchSilence() {
    if let silence { loop.cancel(silence) }
    silence = nil
    guard case .open = state else { return }
    var next: Duration?
    let quiet = loop.now - lastReceived
    if let pingInterval {
      // After a ping the next one is due an interval later, not at once again.
      let since = pingedAt.map { max(lastReceived, $0) } ?? lastReceived
      next = pingInterval - (loop.now - since)
    }
    if let idleLimit {
      let left = idleLimit - quiet
      next = next.map { min($0, left) } ?? left
    }
    guard let next else { return }
    silence = loop.schedule(after: max(next, .milliseconds(1))) { [weak self] in self?.look() }
  }

  private func look() {
    silence = nil
    let quiet = loop.now - lastReceived
    if let idleLimit, quiet >= idleLimit {
      channel.close(.timeout)
      return end(nil, "silent for \(quiet.components.seconds) s", clean: false)
    }
    if let pingInterval, quiet >= pingInterval, loop.now - (pingedAt ?? lastReceived) >= pingInterval { ping() }
    watchSilence()
  }
}

extension WebSocket: ChannelHandler {
  public func channel(_ channel: Channel, read bytes: UnsafeRawBufferPointer) {
    lastReceived = loop.now
    if !early.isEmpty { readEarly() }
    read(bytes)
  }

  public func channelDidDrain(_ channel: Channel) { resume() }

  public func channelInputEnded(_ channel: Channel) { channel.close(.peerEOF) }

  public func channel(_ channel: Channel, closed reason: CloseReason) {
    if case .closing(let code, let why) = state {
      end(code, why, clean: false)
    } else {
      end(nil, reason.description, clean: false)
    }
    onEnd?()
    onEnd = nil
  }
}
