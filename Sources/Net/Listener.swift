import CSystem
import Glibc

/// A door: accepts connections, a few per wake-up, and turns them away in order when no descriptor is left.
public final class Listener: Watcher {
  /// Why a connection could not be taken.
  public enum Trouble: Sendable, Equatable {
    /// No descriptor was left; the peer was told `refusal` (where it speaks in the clear) and closed.
    case turnedAway(SocketAddress)
    /// Accepting failed and stops for `Limits.acceptPause`.
    case failed(NetFault)
  }

  public let loop: EventLoop
  /// Where it listens, with the port that the system chose for port 0.
  public let address: SocketAddress
  /// Sent before closing to peers that are turned away, on a listener without TLS.
  public var refusal: [UInt8] = []
  /// Sent in the clear before closing to peers that speak HTTP on a TLS listener.
  public var plainHTTPReply: [UInt8] = []
  /// Whether a peer is a proxy whose announcement (PROXY protocol, version 1 or 2) is believed. It is optional for them, and
  /// for all others these bytes are data like any.
  public var trustsProxy: ((SocketAddress) -> Bool)?
  /// Loops that take its connections in turn with its own. A listening socket on each loop (SO_REUSEPORT) would spread
  /// them too, but by chance, on Linux alone, beside whatever other process binds the port, and with the connections
  /// that wait at a loop lost when that one stops; handing over costs 0.5 µs.
  public var helpers: [Helper] = []
  /// Called for each connection that could not be taken. Whoever logs it limits how often.
  public var onTrouble: ((Trouble) -> Void)?

  /// Another loop that takes connections, and who sets a channel's handler there.
  public struct Helper: Sendable {
    let loop: EventLoop
    let onAccept: @Sendable (Channel) -> Void

    public init(loop: EventLoop, onAccept: @escaping @Sendable (Channel) -> Void) {
      (self.loop, self.onAccept) = (loop, onAccept)
    }
  }

  private let tls: TLSContext?
  private let onAccept: (Channel) -> Void
  private let descriptor: Int32
  private var watch: Watch?
  private var reserve: Int32
  /// Connections taken, by which they are shared out.
  private var taken = 0
  private var isPaused = false
  private var retry: Timers.Token?
  /// The socket file that we made, by which we know it again.
  private var file: (path: String, device: UInt, inode: UInt)?

  /// Listens at once; call it on the loop. `onAccept` sets the channel's handler: without one it is closed. Nothing
  /// comes before TLS is established, which the handler hears as `channelDidBecomeActive`.
  ///
  /// The port is bound without SO_REUSEPORT, so a second process on it is an error. A socket in the file system gets
  /// mode 0600 and takes the place of one that nobody listens on.
  public init(
    loop: EventLoop, address wanted: SocketAddress, tls: TLSContext? = nil, onAccept: @escaping (Channel) -> Void
  ) throws(NetFault) {
    loop.preconditionCurrent()
    self.loop = loop
    self.tls = tls
    self.onAccept = onAccept
    descriptor = ostler_socket(wanted.family)
    guard descriptor >= 0 else { throw NetFault(.listen, wanted.description, errno: errno) }
    // Accepted sockets are born with it, which saves each of a crowd three system calls.
    ostler_tune(descriptor, Limits.keepaliveIdleSeconds)
    reserve = Self.openReserve()
    do {
      try Self.bind(descriptor, to: wanted)
    } catch {
      _ = Glibc.close(descriptor)
      _ = Glibc.close(reserve)
      throw error
    }
    address = wanted.port == 0 ? SocketAddress.local(of: descriptor) ?? wanted : wanted
    if case .unix(let path) = wanted, let (device, inode) = Self.identity(of: path) {
      file = (path, device, inode)
    }
    do {
      watch = try loop.watch(descriptor, .read, self)
    } catch {
      _ = Glibc.close(reserve)
      throw error
    }
  }

  private static func bind(_ descriptor: Int32, to address: SocketAddress) throws(NetFault) {
    func fault() -> NetFault { NetFault(.listen, address.description, errno: errno) }
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    switch address {
    case .unix(let path):
      try removeDeadSocket(path)
    case .v6:
      // Each family is listened on by its own name, so that a log tells which.
      setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, size)
      fallthrough
    case .v4:
      // Allows the port while old connections of ours are in TIME_WAIT, not beside another listener.
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
    }
    guard let bound = address.withSocketAddress({ Glibc.bind(descriptor, $0, $1) }) else {
      throw NetFault(.listen, address.description, errno: ENAMETOOLONG)
    }
    guard bound == 0 else { throw fault() }
    // Before listen() nobody can connect, so there is no moment at which others could.
    if case .unix(let path) = address { guard chmod(path, 0o600) == 0 else { throw fault() } }
    guard listen(descriptor, Limits.backlog) == 0 else { throw fault() }
  }

  /// A socket file outlives its process. It is removed when nobody answers there, and left when it is not a socket.
  private static func removeDeadSocket(_ path: String) throws(NetFault) {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
    let address = SocketAddress.unix(path)
    let probe = ostler_socket(AF_UNIX)
    guard probe >= 0 else { throw NetFault(.listen, address.description, errno: errno) }
    defer { _ = Glibc.close(probe) }
    let answer = address.withSocketAddress { Glibc.connect(probe, $0, $1) == 0 ? 0 : errno }
    guard answer == ECONNREFUSED else { throw NetFault(.listen, address.description, errno: EADDRINUSE) }
    guard unlink(path) == 0 else { throw NetFault(.listen, address.description, errno: errno) }
  }

  private static func identity(of path: String) -> (UInt, UInt)? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    return (UInt(status.st_dev), UInt(status.st_ino))
  }

  private static func openReserve() -> Int32 { open("/dev/null", O_RDONLY | O_CLOEXEC) }

  // MARK: Accepting

  /// New connections wait in the kernel until `resume`.
  public func pause() {
    loop.preconditionCurrent()
    isPaused = true
    updateInterest()
  }

  public func resume() {
    loop.preconditionCurrent()
    isPaused = false
    updateInterest()
  }

  /// Ends listening; accepted channels stay.
  public func close() {
    loop.preconditionCurrent()
    guard let watch else { return }
    self.watch = nil
    if let retry { loop.cancel(retry) }
    retry = nil
    // The readiness set may close a little later; whoever comes from now on is refused all the same.
    _ = shutdown(descriptor, Int32(SHUT_RD))
    loop.close(watch)
    if reserve >= 0 { _ = Glibc.close(reserve) }
    reserve = -1
    if let file, let found = Self.identity(of: file.path), found == (file.device, file.inode) { unlink(file.path) }
  }

  private func updateInterest() {
    if let watch { loop.change(watch, to: isPaused || retry != nil ? [] : .read) }
  }

  func ready(_ what: Readiness) {
    for _ in 0..<Limits.acceptsPerWakeUp where watch != nil && !isPaused {
      guard acceptOne() else { return }
    }
  }

  func loopEnds() { close() }

  /// False when nothing (more) can be accepted now.
  private func acceptOne() -> Bool {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let accepted = ostler_accept(descriptor, &storage, &size)
    let number = errno
    guard accepted >= 0 else { return acceptFailed(number) }
    guard let peer = SocketAddress(storage, size: size) else {
      _ = Glibc.close(accepted)
      return true
    }
    let mayBeProxied = trustsProxy?(peer) ?? false
    taken += 1
    let place = taken % (helpers.count + 1)
    guard place > 0 else {
      let channel = Channel(loop: loop, accepted: accepted, peer: peer)
      onAccept(channel)
      channel.start(tls: tls, plainHTTPReply: plainHTTPReply, mayBeProxied: mayBeProxied)
      return true
    }
    let helper = helpers[place - 1]
    helper.loop.execute { [tls, plainHTTPReply] in
      let channel = Channel(loop: helper.loop, accepted: accepted, peer: peer)
      helper.onAccept(channel)
      channel.start(tls: tls, plainHTTPReply: plainHTTPReply, mayBeProxied: mayBeProxied)
    }
    return true
  }

  private func acceptFailed(_ number: Int32) -> Bool {
    switch number {
    case EAGAIN: return false
    case EMFILE, ENFILE:
      if turnOneAway() { return true }
    case ENOBUFS, ENOMEM, EINVAL, EBADF: break
    // The connection broke while it waited, or its network did: the next one may be well.
    default: return true
    }
    retry = loop.schedule(after: Limits.acceptPause) { [weak self] in
      self?.retry = nil
      self?.updateInterest()
    }
    updateInterest()
    onTrouble?(.failed(NetFault(.accept, address.description, errno: number)))
    return false
  }

  /// With the reserve descriptor the connection is taken and closed; left in the backlog it would wake us for ever.
  private func turnOneAway() -> Bool {
    guard reserve >= 0 else {
      reserve = Self.openReserve()
      return false
    }
    _ = Glibc.close(reserve)
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let accepted = ostler_accept(descriptor, &storage, &size)
    if accepted >= 0 {
      if tls == nil, !refusal.isEmpty {
        refusal.withUnsafeBytes { bytes in
          var part = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
          _ = ostler_send(accepted, &part, 1)
        }
      }
      _ = Glibc.close(accepted)
    }
    reserve = Self.openReserve()
    guard accepted >= 0 else { return false }
    if let peer = SocketAddress(storage, size: size) { onTrouble?(.turnedAway(peer)) }
    return true
  }
}
