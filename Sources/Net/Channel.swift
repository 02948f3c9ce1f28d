// A connected stream socket, plain or TLS: bytes in with a budget, bytes out with a bound.

import CSystem
import Glibc
import Synchronization

/// One connection, owned by its loop; a `ChannelHandler` hears what comes of it.
public final class Channel: Watcher {
  private enum State {
    case connecting
    /// Accepted from a proxy that may announce its client.
    case awaitingProxy
    case handshaking, active
    /// Sends what waits, then says goodbye; input is thrown away.
    case flushing
    /// All is sent and our side is shut: waits for the peer's end, so that no reset destroys the last bytes.
    case lingering
    case closed
  }

  /// Never used twice in this process.
  public let id = Channel.ids.wrappingAdd(1, ordering: .relaxed).newValue
  public let loop: EventLoop
  /// Who it comes from; behind a trusted proxy this is the proxy itself until the channel becomes active.
  public private(set) var peer: SocketAddress
  /// Held strongly until the channel has closed.
  public var handler: (any ChannelHandler)?
  /// More waiting bytes than this close the channel with `.overflow`.
  public var writeMax = Limits.writeMax
  /// What was agreed in the TLS handshake; nil on a plain channel and before.
  public var tls: TLSInfo? { agreed?.info }

  /// Lets go of what `tls` tells, for a long connection whose owner has asked.
  public func forgetTLS() { agreed = nil }

  /// Apart, because most channels of a plain door have none, and its room is that of half a channel.
  private final class Agreed {
    let info: TLSInfo

    init(_ info: TLSInfo) { self.info = info }
  }

  /// What is needed until the channel is active.
  private final class Beginning {
    let tls: TLSContext?
    /// Sent in the clear to a peer that speaks HTTP where TLS was expected.
    let plainHTTPReply: [UInt8]
    /// What has come of a proxy's announcement.
    var announcement: [UInt8] = []
    /// So many bytes the kernel waits for before it says that there are any.
    var leastBytes: Int32 = 1
    /// Why the TLS handshake came to nothing, while the peer reads that.
    var failure: CloseReason?

    init(tls: TLSContext?, plainHTTPReply: [UInt8]) { (self.tls, self.plainHTTPReply) = (tls, plainHTTPReply) }
  }

  private static let ids = Atomic<UInt64>(0)
  private var state: State
  /// The peer came to us.
  private let isAccepted: Bool
  private let descriptor: Int32
  private var watch: Watch?
  /// What the readiness set watches for.
  private var interest: Readiness = []
  private var session: TLSSession?
  private var out = WriteQueue()
  private var deadline: Timers.Token?
  private var beginning: Beginning?
  private var agreed: Agreed?

  private var readingIsPaused = false
  private var inputHasEnded = false
  private var flushIsDue = false
  /// Its TLS handshake waits for others.
  private var standsInLine = false
  private var writableWasFalse = false
  /// The kernel takes no more; it tells when it does.
  private var waitsToSend = false
  /// TLS must first read before it can write, or the reverse.
  private var sendWaitsForInput = false
  private var readWaitsForOutput = false

  // MARK: Beginnings

  /// A socket that a listener accepted; it is tuned as its listener is.
  init(loop: EventLoop, accepted descriptor: Int32, peer: SocketAddress) {
    self.loop = loop
    self.descriptor = descriptor
    self.peer = peer
    isAccepted = true
    state = .handshaking
  }

  private init(loop: EventLoop, connecting descriptor: Int32, to peer: SocketAddress) {
    self.loop = loop
    self.descriptor = descriptor
    self.peer = peer
    isAccepted = false
    state = .connecting
    ostler_tune(descriptor, Limits.keepaliveIdleSeconds)
  }

  /// Connects without blocking. The handler hears `channelDidBecomeActive`, or `closed` with the reason: nothing fails
  /// at once. What is written before is sent after. `deadline` covers the connection and the TLS handshake.
  @discardableResult
  public static func connect(
    loop: EventLoop, to address: SocketAddress, tls: TLSClientConfiguration? = nil, deadline: Duration,
    handler: any ChannelHandler
  ) -> Channel {
    loop.preconditionCurrent()
    let descriptor = ostler_socket(address.family)
    let number = errno
    let channel = Channel(loop: loop, connecting: descriptor, to: address)
    channel.handler = handler
    guard descriptor >= 0 else {
      channel.close(.init(errno: number))
      return channel
    }
    let outcome = address.withSocketAddress { Glibc.connect(descriptor, $0, $1) == 0 ? 0 : errno } ?? ENAMETOOLONG
    guard channel.join(.write) else { return channel }
    if let tls {
      do {
        channel.session = try TLSSession(client: tls, descriptor: descriptor)
      } catch {
        channel.close(.tls(error))
        return channel
      }
    }
    channel.deadline = loop.schedule(after: deadline) { [unowned channel] in
      channel.deadline = nil
      channel.close(.timeout)
    }
    // A connection that stands already (as in the file system) is noticed as writable like the others.
    if outcome != 0, outcome != EINPROGRESS { channel.close(.init(errno: outcome)) }
    return channel
  }

  /// Starts an accepted channel, after its handler was set.
  func start(tls: TLSContext?, plainHTTPReply: [UInt8], mayBeProxied: Bool) {
    guard state == .handshaking else {
      // Its owner closed it already; nobody watched it yet, so nobody else closes the descriptor.
      _ = Glibc.close(descriptor)
      return
    }
    guard join(.read) else { return }
    guard handler != nil else { return close(.local) }
    guard tls != nil || mayBeProxied else { return becomeActive() }
    beginning = Beginning(tls: tls, plainHTTPReply: plainHTTPReply)
    deadline = loop.schedule(after: Limits.handshakeDeadline) { [unowned self] in
      deadline = nil
      close(.timeout)
    }
    if mayBeProxied { state = .awaitingProxy } else { secure() }
  }

  private func secure() {
    guard let serverTLS = beginning?.tls else { return becomeActive() }
    state = .handshaking
    do {
      session = try TLSSession(server: serverTLS, descriptor: descriptor)
    } catch {
      close(.tls(error))
    }
  }

  /// Takes the announcement and not a byte more; a proxy that makes none is taken for the peer itself.
  private func readAnnouncement() {
    guard let beginning else { return }
    while true {
      var wanted = 2
      if !beginning.announcement.isEmpty {
        switch ProxyHeader.read(beginning.announcement) {
        case .needs(let size): wanted = size - beginning.announcement.count
        case .malformed: return close(.io(EPROTO))
        case .complete(let header):
          peer = header.client ?? peer
          return secure()
        }
      }
      let room = loop.readBuffer
      let isFirst = beginning.announcement.isEmpty
      let count = recv(descriptor, room.baseAddress, wanted, isFirst ? Int32(MSG_PEEK) : 0)
      if count == 0 { return close(.peerEOF) }
      guard count > 0 else {
        if case .failed(let reason) = IOStep(errno: errno, writing: false) { close(reason) }
        return
      }
      if isFirst {
        let mayBegin = ProxyHeader.mayBegin(room[..<count])
        // What tells nothing is looked at again with the byte after it, or when the peer has ended without one.
        if mayBegin == nil, beginning.leastBytes == 1 { return wake(at: 2) }
        wake(at: 1)
        guard mayBegin == true else { return secure() }
        // These were only looked at.
        guard recv(descriptor, room.baseAddress, count, 0) == count else { return close(.reset) }
      }
      beginning.announcement += room[..<count]
    }
  }

  /// Has the loop told when so many bytes have come, or the peer's end.
  private func wake(at leastBytes: Int32) {
    guard let beginning, beginning.leastBytes != leastBytes else { return }
    beginning.leastBytes = leastBytes
    var least = leastBytes
    setsockopt(descriptor, SOL_SOCKET, SO_RCVLOWAT, &least, socklen_t(MemoryLayout<Int32>.size))
  }

  /// False when the readiness set refused the socket; the channel is closed then.
  private func join(_ interest: Readiness) -> Bool {
    do {
      watch = try loop.watch(descriptor, interest, self)
      self.interest = interest
      return true
    } catch {
      close(.io(error.errno))
      return false
    }
  }

  // MARK: Writing

  /// Bytes that wait to be sent.
  public var pendingBytes: Int { out.count }

  /// False above `Limits.writeHighWater` until `channelDidDrain`; a writer that ignores it is stopped at `writeMax`.
  public var isWritable: Bool { !writableWasFalse && acceptsWrites }

  /// Whether the channel stands or is coming about: neither closed nor closing.
  public var isOpen: Bool { acceptsWrites }

  private var acceptsWrites: Bool {
    switch state {
    case .connecting, .awaitingProxy, .handshaking, .active: true
    case .flushing, .lingering, .closed: false
    }
  }

  /// Queues a copy of `bytes`, sent at the end of the current batch. On a channel that is closed or closing they are
  /// dropped: `closed` tells.
  public func write(_ bytes: UnsafeRawBufferPointer) {
    loop.preconditionCurrent()
    guard acceptsWrites, !bytes.isEmpty else { return }
    guard out.count + bytes.count <= writeMax else { return close(.overflow) }
    out.append(bytes, from: &loop.chunks)
    if out.count > Limits.writeHighWater { writableWasFalse = true }
    askForFlush()
  }

  public func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes(write) }

  public func write(_ text: String) {
    var text = text
    text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
  }

  private func askForFlush() {
    guard !flushIsDue, !waitsToSend, state == .active || state == .flushing else { return }
    flushIsDue = true
    loop.flushLater(self)
  }

  /// Sends once what the kernel takes; called by the loop at the end of a batch, and when the socket is writable again.
  func flush() {
    flushIsDue = false
    guard state == .active || state == .flushing else { return }
    if !out.isEmpty {
      waitsToSend = false
      sendWaitsForInput = false
      let before = out.count
      let step = session == nil ? sendPlain() : sendTLS()
      loop.traffic.sent += before - out.count
      switch step {
      case .bytes, .wouldBlockWriting: waitsToSend = !out.isEmpty
      case .wouldBlockReading: sendWaitsForInput = true
      case .end: return close(.reset)
      case .failed(let reason): return close(reason)
      }
    }
    if writableWasFalse, out.count <= Limits.writeLowWater {
      writableWasFalse = false
      if state == .active { handler?.channelDidDrain(self) }
    }
    if state == .flushing, out.isEmpty { return sayGoodbye() }
    updateInterest()
  }

  private func sendPlain() -> IOStep {
    // Nearly always all of it lies together.
    guard out.first.count < out.count else {
      let sent = send(descriptor, out.first.baseAddress, out.count, Int32(MSG_NOSIGNAL))
      guard sent >= 0 else { return IOStep(errno: errno, writing: true) }
      out.consume(sent, to: &loop.chunks)
      return .bytes(sent)
    }
    return withUnsafeTemporaryAllocation(of: iovec.self, capacity: Limits.chunksPerFlush) { parts in
      let sent = ostler_send(descriptor, parts.baseAddress, Int32(out.gather(into: parts)))
      guard sent >= 0 else { return IOStep(errno: errno, writing: true) }
      out.consume(sent, to: &loop.chunks)
      return .bytes(sent)
    }
  }

  private func sendTLS() -> IOStep {
    guard let session else { return .bytes(0) }
    for _ in 0..<Limits.chunksPerFlush where !out.isEmpty {
      let step = session.write(out.first)
      guard case .bytes(let sent) = step else { return step }
      out.consume(sent, to: &loop.chunks)
    }
    return .bytes(0)
  }

  // MARK: Reading

  /// No bytes are handed up until `resumeReading`; they wait in the kernel, and the peer is slowed down. A close by
  /// both sides or a reset is still noticed.
  public func pauseReading() {
    loop.preconditionCurrent()
    readingIsPaused = true
    updateInterest()
  }

  public func resumeReading() {
    loop.preconditionCurrent()
    guard readingIsPaused else { return }
    readingIsPaused = false
    if let session, session.holdsBytes { loop.readLater(self) }
    updateInterest()
  }

  private var mayRead: Bool { state == .active && !readingIsPaused && !inputHasEnded }

  /// Called by the loop for bytes that TLS holds back.
  func readAgain() {
    if mayRead { read() }
  }

  private func read() {
    var budget = Limits.readBudget
    readWaitsForOutput = false
    reading: while budget > 0, mayRead {
      let room = UnsafeMutableRawBufferPointer(rebasing: loop.readBuffer[..<budget])
      switch session?.read(into: room) ?? receive(into: room) {
      case .bytes(let count):
        loop.traffic.received += count
        handler?.channel(self, read: UnsafeRawBufferPointer(rebasing: room[..<count]))
        budget -= count
        // A full record is probably followed by another; anything less is worth no further look.
        if session == nil || count < Limits.tlsRecord { break reading }
      case .wouldBlockReading:
        break reading
      case .wouldBlockWriting:
        readWaitsForOutput = true
        break reading
      case .end:
        endInput()
        break reading
      case .failed(let reason):
        return close(reason)
      }
    }
    if mayRead, let session, session.holdsBytes { loop.readLater(self) }
    updateInterest()
  }

  private func receive(into room: UnsafeMutableRawBufferPointer) -> IOStep {
    let count = ostler_receive(descriptor, room.baseAddress, room.count)
    return count > 0 ? .bytes(count) : count == 0 ? .end : IOStep(errno: errno, writing: false)
  }

  private func endInput() {
    inputHasEnded = true
    if let handler { handler.channelInputEnded(self) } else { closeAfterFlush() }
  }

  /// While closing, what still comes in is thrown away, without a look into TLS.
  private func discard() {
    switch receive(into: loop.readBuffer) {
    case .bytes, .wouldBlockReading, .wouldBlockWriting: break
    case .end:
      inputHasEnded = true
      if state == .lingering { return close(endReason) }
      updateInterest()
    case .failed(let reason):
      close(state == .lingering ? endReason : reason)
    }
  }

  // MARK: Readiness

  /// From now on the loop looks at it before channels that nobody prefers, however many of those come and go: for
  /// whoever has shown who it is and stays long.
  public func prefer() {
    loop.preconditionCurrent()
    if let watch { loop.prefer(watch) }
  }

  func ready(_ what: Readiness) {
    switch state {
    case .connecting: return finishConnecting()
    case .awaitingProxy: return readAnnouncement()
    case .handshaking where session != nil:
      // While it stands in line, only its end is heard.
      if standsInLine { return breakOff(what) }
      if loop.mayGreet(self) { return shakeHands() }
      standsInLine = true
      return updateInterest()
    case .active, .flushing, .lingering: break
    case .handshaking, .closed: return
    }
    if what.contains(.write) || (sendWaitsForInput && what.contains(.read)) { flush() }
    if readWaitsForOutput, what.contains(.write), mayRead { read() }
    if what.contains(.read) {
      if mayRead {
        read()
      } else if state == .flushing || state == .lingering {
        discard()
      }
    } else if !what.isDisjoint(with: [.hangup, .error]) {
      breakOff(what)
    }
  }

  /// The socket is over, or has an error, and there is nothing that we want to read from it.
  private func breakOff(_ what: Readiness) {
    guard state != .closed else { return }
    let number = ostler_socket_error(descriptor)
    if number != 0 { return close(beginning?.failure ?? .init(errno: number)) }
    if what.contains(.hangup) { close(state == .lingering ? endReason : .peerEOF) }
  }

  private func updateInterest() {
    let wanted = wantedInterest
    guard wanted != interest, state != .closed, let watch else { return }
    interest = wanted
    loop.change(watch, to: wanted)
  }

  private var wantedInterest: Readiness {
    var wanted: Readiness = []
    switch state {
    case .connecting: wanted = .write
    case .awaitingProxy: wanted = .read
    case .handshaking: if !standsInLine { wanted = session?.handshakeInterest ?? [] }
    case .active:
      if mayRead || sendWaitsForInput { wanted.insert(.read) }
      if waitsToSend || readWaitsForOutput { wanted.insert(.write) }
    case .flushing, .lingering:
      if !inputHasEnded { wanted.insert(.read) }
      if waitsToSend { wanted.insert(.write) }
    case .closed: break
    }
    return wanted
  }

  private func finishConnecting() {
    let number = ostler_socket_error(descriptor)
    guard number == 0 else { return close(.init(errno: number)) }
    guard session != nil else { return becomeActive() }
    state = .handshaking
    shakeHands()
  }

  /// Its turn has come, if it still wants one.
  func goOnGreeting() {
    standsInLine = false
    if state == .handshaking { shakeHands() }
  }

  private func shakeHands() {
    guard let session else { return }
    switch loop.greet(session.shakeHands) {
    case .bytes:
      let info = session.info
      agreed = Agreed(info)
      if isAccepted { loop.handshakeSucceeded(isResumed: info.isResumed) }
      becomeActive()
    case .wouldBlockReading, .wouldBlockWriting:
      updateInterest()
    case .end:
      close(.peerEOF)
    case .failed(let reason):
      if reason == .tls(.plainHTTP), let reply = beginning?.plainHTTPReply, !reply.isEmpty {
        // Best effort: the peer shows a sentence instead of a broken connection.
        _ = reply.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      }
      if isAccepted, case .tls = reason { linger(after: reason) } else { close(reason) }
    }
  }

  /// The alert is out. To close now would send a reset behind it where bytes of the peer are still unread, and the
  /// peer would see only that.
  private func linger(after failure: CloseReason) {
    loop.handshakeEnded(failure)
    beginning?.failure = failure
    session = nil
    state = .lingering
    cancelDeadline()
    deadline = loop.schedule(after: Limits.lingerDeadline) { [unowned self] in
      deadline = nil
      close(failure)
    }
    _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
    updateInterest()
  }

  private func becomeActive() {
    cancelDeadline()
    beginning = nil
    state = .active
    handler?.channelDidBecomeActive(self)
    if !out.isEmpty { askForFlush() }
    // The last record of the handshake may have brought the first bytes with it.
    if mayRead, let session, session.holdsBytes { loop.readLater(self) }
    updateInterest()
  }

  /// Secures a connection that stands in the clear, as protocols do that agree on it in words (RFC 3207). All that was
  /// written must be out, or the peer speaks before it is asked and the channel closes. The handler hears
  /// `channelDidBecomeActive` again when it is done, or `closed`.
  public func startTLS(_ tls: TLSClientConfiguration, deadline limit: Duration) {
    loop.preconditionCurrent()
    precondition(session == nil && !isAccepted, "only a connection of ours in the clear is secured")
    guard state == .active else { return }
    guard out.isEmpty else { return close(.io(EPROTO)) }
    do { session = try TLSSession(client: tls, descriptor: descriptor) } catch { return close(.tls(error)) }
    state = .handshaking
    deadline = loop.schedule(after: limit) { [unowned self] in
      deadline = nil
      close(.timeout)
    }
    shakeHands()
  }

  // MARK: Ends

  /// What an orderly end is called: a handshake's failure, or the peer's, if it ended first.
  private var endReason: CloseReason { beginning?.failure ?? (inputHasEnded && !endedHere ? .peerEOF : .local) }
  private var endedHere = false

  /// Sends what waits, tells the peer that nothing follows, waits for its end, and closes: `.local`, or `.peerEOF`
  /// when the peer had ended first. It closes in any case after a `timeout` in which nothing left, and one after all has
  /// left. Bytes that still come are thrown away.
  public func closeAfterFlush(timeout: Duration = Limits.lingerDeadline) {
    loop.preconditionCurrent()
    switch state {
    case .flushing, .lingering, .closed: return
    case .connecting, .awaitingProxy, .handshaking: return close(.local)
    case .active: break
    }
    endedHere = !inputHasEnded
    state = .flushing
    watchFlush(timeout)
    waitsToSend = false
    askForFlush()
    updateInterest()
  }

  /// A slow line may take long, as long as it takes some.
  private func watchFlush(_ timeout: Duration) {
    let waiting = out.count
    deadline = loop.schedule(after: timeout) { [unowned self] in
      deadline = nil
      if state == .flushing, out.count < waiting { return watchFlush(timeout) }
      close(state == .lingering ? endReason : .timeout)
    }
  }

  private func sayGoodbye() {
    session?.shutDown()
    if inputHasEnded { return close(endReason) }
    state = .lingering
    // Fails only when the peer is gone, which the next look at the socket reports.
    _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
    updateInterest()
  }

  /// Closes at once; what waits is lost. The handler hears it at the end of this batch.
  public func close(_ reason: CloseReason = .local) {
    loop.preconditionCurrent()
    guard state != .closed else { return }
    if state == .active, reason == .local { session?.shutDown() }
    if state == .handshaking, session != nil, isAccepted { loop.handshakeEnded(reason) }
    state = .closed
    cancelDeadline()
    session = nil
    beginning = nil
    out.clear(to: &loop.chunks)
    // A peer that does not read would keep the kernel's buffer for minutes.
    if reason == .overflow || reason == .timeout { ostler_reset_on_close(descriptor) }
    if let watch { loop.close(watch) }
    watch = nil
    loop.atEndOfBatch { [self] in
      let last = handler
      handler = nil
      last?.channel(self, closed: reason)
    }
  }

  func loopEnds() { close(.local) }

  private func cancelDeadline() {
    if let deadline { loop.cancel(deadline) }
    deadline = nil
  }
}
