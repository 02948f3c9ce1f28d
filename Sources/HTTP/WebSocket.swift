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
    indirect case closing(UInt16?, String)
    case closed
  }

  public var peer: SocketAddress { channel.peer }
  /// What was agreed; nil where nothing was.
  public var subprotocol: String? { terms.subprotocol }
  public var isCompressed: Bool { terms.compression != nil }
  /// When the last bytes came, of whatever kind.
  public private(set) var lastReceived: Instant
  /// Silence after which a ping is sent; nil: never. Changes take effect at once.
  public var pingInterval: Duration? {
    get { pingAfter.span }
    set {
      pingAfter = Silence(newValue)
      watchSilence()
    }
  }
  /// Silence after which the link counts as dead; nil: never.
  public var idleLimit: Duration? {
    get { deadAfter.span }
    set {
      deadAfter = Silence(newValue)
      watchSilence()
    }
  }
  public var loop: EventLoop { channel.loop }
  /// The connection's number, never used twice in this process.
  public var id: UInt64 { channel.id }

  private let channel: Channel
  /// Shared with all that agreed on the same: thousands of stations rest, and each holds what is its own alone.
  private let terms: Terms
  private var limits: HTTPLimits.WebSocket { terms.limits }
  private var reader: FrameReader
  private var pingAfter: Silence
  private var deadAfter: Silence
  private var state = State.open
  private var handler: (any WebSocketHandler)?
  private var silence: Timers.Token?
  private var closing: Timers.Token?
  /// When the last ping went out; long ago before the first.
  private var pingedAt = Instant(nanoseconds: 0)
  /// Bytes that came and are not looked at yet: what was sent together with the handshake, and what is more than one
  /// turn's work. While there are some, the channel is not read.
  private var waiting: [UInt8] = []
  private var readIsDue = false
  /// The peer does not read what is sent to it.
  private var isPaused = false
  /// The handler asked for a pause.
  private var isHeld = false
  /// A large message is being inflated beside the loop: what comes behind it waits.
  private var isUnpacking = false
  private var deafness: Timers.Token?
  /// Runs while a message has begun and not ended.
  private var unfinished: Timers.Token?
  /// Pings and pongs of the peer in the period that began then.
  private var controlFrames: Int32 = 0
  private var controlSince: Instant
  /// The server that hears of its end, where it is a server's.
  private let server: Server?
  /// The address that it counts for, as long as it has not proved who it is.
  private var stranger: Stranger?

  /// Apart, because nearly every WebSocket is of somebody who proved who it is.
  private final class Stranger {
    let address: SocketAddress

    init(_ address: SocketAddress) { self.address = address }
  }

  /// - Parameter stranger: the address that counts it until its end.
  init(
    channel: Channel, terms: Terms, handler: any WebSocketHandler, server: Server? = nil, stranger: SocketAddress? = nil
  ) {
    self.channel = channel
    self.terms = terms
    self.handler = handler
    self.server = server
    self.stranger = stranger.map { Stranger($0) }
    lastReceived = channel.loop.now
    controlSince = channel.loop.now
    pingAfter = Silence(terms.limits.pingInterval)
    deadAfter = Silence(terms.limits.idleLimit)
    channel.writeMax = terms.limits.pendingBytes
    reader = FrameReader(
      limits: terms.limits, expectsMask: !terms.isClient, allowsCompression: terms.compression != nil)
  }

  /// What was agreed about a WebSocket, and what its peer may cost.
  final class Terms {
    let isClient: Bool
    let subprotocol: String?
    let compression: Compression?
    let limits: HTTPLimits.WebSocket
    let deflate: Deflate

    init(
      isClient: Bool, subprotocol: String?, compression: Compression?, limits: HTTPLimits.WebSocket, deflate: Deflate
    ) {
      self.isClient = isClient
      self.subprotocol = subprotocol
      self.compression = compression
      self.limits = limits
      self.deflate = deflate
    }
  }

  /// A span of silence in half the room of an optional `Duration`.
  private struct Silence {
    private let nanoseconds: Int64

    init(_ span: Duration?) { nanoseconds = span.map { max(0, $0.wholeNanoseconds) } ?? -1 }

    var span: Duration? { nanoseconds < 0 ? nil : .nanoseconds(nanoseconds) }
  }

  /// Takes the channel over.
  func begin() {
    channel.handler = self
    handler?.webSocketDidOpen(self)
    watchSilence()
  }

  /// What came behind the handshake is read in a batch of its own, so that whoever opened this WebSocket has it in
  /// hand before its first message.
  func readLater(_ bytes: some Collection<UInt8>) {
    guard !bytes.isEmpty else { return }
    waiting.append(contentsOf: bytes)
    readOn()
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
      if let compression = terms.compression, limits.packedBytes.contains(bytes.count),
        let packed = terms.deflate.pack(plain, windowBits: compression.windowBits)
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
    if let mask = newMask() {
      var frame: [UInt8] = []
      FrameWriter.append(opcode, payload, compressed: compressed, mask: mask, to: &frame)
      return channel.write(frame)
    }
    // The payload goes from where it lies into the channel's queue: nothing is put together here.
    FrameWriter.withHead(opcode, length: payload.count, compressed: compressed) { channel.write($0) }
    channel.write(payload)
  }

  private func writeClose(_ code: UInt16?, _ reason: String) {
    channel.write(FrameWriter.close(code: code, reason: reason, mask: newMask()))
  }

  /// RFC 6455 5.3: a client masks each frame with a key that nobody can foresee, a server masks none.
  private func newMask() -> UInt32? { terms.isClient ? .random(in: 1...UInt32.max) : nil }

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
    // The peer's close frame must be found behind whatever it sent before.
    isPaused = false
    isHeld = false
    readOn()
    closing = loop.schedule(after: limits.closeDeadline) { [unowned self] in
      closing = nil
      channel.close(.timeout)
    }
  }

  /// Ends the connection at once, without a close frame.
  public func drop() { channel.close(.local) }

  // MARK: Receiving

  /// Reads what waits in a batch of its own, and the channel again when nothing waits any more.
  private func readOn() {
    guard mayRead else { return }
    guard !waiting.isEmpty else { return channel.resumeReading() }
    guard !readIsDue else { return }
    readIsDue = true
    let bound = LoopBound(self, loop: loop)
    loop.execute { bound.value.readWaiting() }
  }

  private func readWaiting() {
    readIsDue = false
    guard mayRead else { return }
    let bytes = waiting
    waiting = []
    bytes.withUnsafeBytes { read($0) }
    readOn()
  }

  private var isClosed: Bool { if case .closed = state { true } else { false } }
  private var mayRead: Bool { !isPaused && !isHeld && !isUnpacking && !isClosed }

  /// Takes one turn's share of the bytes; the rest waits, so that no peer keeps the loop to itself with messages that
  /// are small or that inflate.
  private func read(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    var share = limits.turnBytes
    while mayRead, share > 0 {
      switch reader.next(bytes, &at) {
      case .needMore: return watchMessage()
      case .text(let message, let compressed): share -= receive(message, isText: true, compressed: compressed)
      case .binary(let message, let compressed): share -= receive(message, isText: false, compressed: compressed)
      case .ping(let payload):
        guard takesControlFrame() else { return }
        // A flood of pings must not fill the queue of one who does not read (RFC 6455 5.5.3 allows leaving some out).
        if isOpen, channel.pendingBytes < limits.pongPendingBytes { payload.withUnsafeBytes { write(.pong, $0) } }
      case .pong:
        guard takesControlFrame() else { return }
        handler?.webSocketDidPong(self)
      case .close(let code, let reason):
        answerClose(code, reason)
        return
      case .failed(let code, let reason):
        fail(code, reason)
        return
      }
      share -= HTTPLimits.WebSocket.messageShare
    }
    guard at < bytes.count, !isClosed else { return }
    waiting.append(contentsOf: bytes[at...])
    channel.pauseReading()
    readOn()
  }

  /// A message that trickles in counts as life, but not for ever.
  private func watchMessage() {
    guard reader.isInside else { return forgetUnfinished() }
    guard unfinished == nil, case .open = state else { return }
    unfinished = loop.schedule(after: limits.messageDeadline) { [unowned self] in
      unfinished = nil
      fail(CloseCode.policy, "a message took too long")
    }
  }

  private func forgetUnfinished() {
    if let unfinished { loop.cancel(unfinished) }
    unfinished = nil
  }

  /// Nobody needs many of them: who sends a flood wants to keep us busy.
  private func takesControlFrame() -> Bool {
    if loop.now - controlSince >= limits.controlPeriod { (controlSince, controlFrames) = (loop.now, 0) }
    controlFrames += 1
    guard controlFrames > limits.controlFrames else { return true }
    fail(CloseCode.policy, "too many pings")
    return false
  }

  /// Returns the bytes of the message as it was inflated.
  private func receive(_ message: [UInt8], isText: Bool, compressed: Bool) -> Int {
    forgetUnfinished()
    guard case .open = state else { return 0 }
    guard compressed else {
      deliver(message, isText: isText)
      return message.count
    }
    let most = min(limits.messageBytes, HTTPLimits.WebSocket.unpackedOnLoop)
    let outcome = Unpacked(message, isText: isText, limit: most) { bytes, limit throws(Deflate.Fault) in
      try terms.deflate.unpack(bytes, limit: limit)
    }
    if case .tooLarge = outcome, most < limits.messageBytes {
      unpackBeside(message, isText: isText)
      return most
    }
    return take(outcome, isText: isText)
  }

  /// What inflates to more than a loop should wait for is inflated beside it, from its beginning. Nothing behind it is
  /// looked at meanwhile, so that the order holds and a peer has one such message under way at most.
  private func unpackBeside(_ message: [UInt8], isText: Bool) {
    isUnpacking = true
    channel.pauseReading()
    let (bound, limit) = (LoopBound(self, loop: loop), limits.messageBytes)
    loop.beside {
      Unpacked(message, isText: isText, limit: limit, by: Deflate.unpackAlone)
    } done: { outcome in
      let webSocket = bound.value
      webSocket.isUnpacking = false
      guard case .open = webSocket.state else { return webSocket.readOn() }
      _ = webSocket.take(outcome, isText: isText)
      webSocket.readOn()
    }
  }

  /// What became of a compressed message.
  private enum Unpacked: Sendable {
    case message([UInt8])
    case tooLarge
    case broken
    case notUTF8

    init(
      _ packed: [UInt8], isText: Bool, limit: Int, by unpack: ([UInt8], Int) throws(Deflate.Fault) -> [UInt8]
    ) {
      do throws(Deflate.Fault) {
        let plain = try unpack(packed, limit)
        self = isText && !UTF8Check.isValid(plain) ? .notUTF8 : .message(plain)
      } catch {
        self = error == .tooLarge ? .tooLarge : .broken
      }
    }
  }

  /// Returns the message's bytes.
  private func take(_ outcome: Unpacked, isText: Bool) -> Int {
    switch outcome {
    case .message(let plain):
      deliver(plain, isText: isText)
      return plain.count
    case .tooLarge: fail(CloseCode.tooLarge, "the message inflates past \(limits.messageBytes) bytes")
    case .broken: fail(CloseCode.invalidText, "the compressed message is broken")
    case .notUTF8: fail(CloseCode.invalidText, "the text is not UTF-8")
    }
    return 0
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
    if let deafness { loop.cancel(deafness) }
    silence = nil
    closing = nil
    deafness = nil
    forgetUnfinished()
    waiting = []
    let last = handler
    handler = nil
    last?.webSocket(self, closed: code, reason: reason, clean: clean)
  }

  // MARK: Pressure and silence

  /// A peer that does not read its answers is not read either, until it does. Where nothing leaves for some time, it is
  /// dropped.
  private func pause() {
    guard !isPaused else { return }
    isPaused = true
    channel.pauseReading()
    watchDeafness()
  }

  private func watchDeafness() {
    let before = channel.pendingBytes
    deafness = loop.schedule(after: limits.drainDeadline) { [unowned self] in
      deafness = nil
      guard isPaused else { return }
      if channel.pendingBytes >= before { channel.close(.overflow) } else { watchDeafness() }
    }
  }

  private func resume() {
    guard isPaused else { return }
    isPaused = false
    if let deafness { loop.cancel(deafness) }
    deafness = nil
    readOn()
  }

  /// The handler cannot take more messages: none comes until `resumeReading`, and pongs and close frames wait too.
  public func pauseReading() {
    guard isOpen, !isHeld else { return }
    isHeld = true
    channel.pauseReading()
  }

  public func resumeReading() {
    guard isHeld else { return }
    isHeld = false
    readOn()
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
      next = pingInterval - (loop.now - max(lastReceived, pingedAt))
    }
    if let idleLimit {
      let left = idleLimit - quiet
      next = next.map { min($0, left) } ?? left
    }
    guard let next else { return }
    // Unowned, because every weak reference costs its object a side table; `end` comes before the last reference goes.
    silence = loop.schedule(after: max(next, .milliseconds(1))) { [unowned self] in look() }
  }

  private func look() {
    silence = nil
    let quiet = loop.now - lastReceived
    if let idleLimit, quiet >= idleLimit {
      channel.close(.timeout)
      return end(nil, "silent for \(quiet.components.seconds) s", clean: false)
    }
    if let pingInterval, quiet >= pingInterval, loop.now - pingedAt >= pingInterval { ping() }
    watchSilence()
  }
}

extension WebSocket: Drainable {
  func drain() { close(code: CloseCode.goingAway, reason: "the server is shutting down") }
  func cut() { drop() }
}

extension WebSocket: ChannelHandler {
  public func channel(_ channel: Channel, read bytes: UnsafeRawBufferPointer) {
    lastReceived = loop.now
    if waiting.isEmpty { read(bytes) } else { waiting.append(contentsOf: bytes) }
  }

  public func channelDidDrain(_ channel: Channel) { resume() }

  public func channelInputEnded(_ channel: Channel) { channel.close(.peerEOF) }

  public func channel(_ channel: Channel, closed reason: CloseReason) {
    if case .closing(let code, let why) = state {
      end(code, why, clean: false)
    } else {
      end(nil, reason.description, clean: false)
    }
    if let stranger { server?.uncount(stranger.address) }
    stranger = nil
    server?.ended(id)
  }
}
