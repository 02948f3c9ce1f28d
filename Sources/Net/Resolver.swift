// Names to addresses, without ever blocking a loop.

import Dispatch
import Glibc
import Synchronization

/// `getaddrinfo` blocks for as long as a name server is silent, so it runs on one named worker queue, a few look-ups at
/// a time.
public enum Resolver {
  private struct Waiting: Sendable {
    var host: String
    var port: UInt16
    var answer: @Sendable (Result<[SocketAddress], NetFault>) -> Void
    var isStillWanted: @Sendable () -> Bool
  }

  private struct Desk {
    var waiting: [Waiting] = []
    var running = 0
  }

  private static let desk = Mutex(Desk())
  private static let queue = DispatchQueue(label: "ostler.resolver", attributes: .concurrent)

  /// Looks `host` up and calls `completion` on the loop, in a later batch, exactly once. A literal address is answered
  /// without a look-up. The addresses come in the system's order of preference, at most `Limits.addressesPerName`.
  ///
  /// Call it on the loop. Where the answer decides who may be spoken to, check and use these addresses, not the name.
  public static func resolve(
    host: String, port: UInt16, on loop: EventLoop, deadline: Duration,
    completion: @escaping (Result<[SocketAddress], NetFault>) -> Void
  ) {
    loop.preconditionCurrent()
    let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    let request = Request(loop: loop, completion)
    func answerLater(_ result: Result<[SocketAddress], NetFault>) {
      loop.execute { request.finish(result) }
    }
    if let literal = SocketAddress(host: bare, port: port) { return answerLater(.success([literal])) }
    guard !bare.isEmpty, bare.utf8.count <= Limits.hostNameBytes, !bare.utf8.contains(0) else {
      let note = "this is not a host name"
      return answerLater(.failure(NetFault(.resolve, "“\(host.prefix(64))”", errno: 0, note: note)))
    }
    request.deadline = loop.schedule(after: deadline) {
      request.finish(.failure(NetFault(.resolve, bare, errno: ETIMEDOUT)))
    }
    let waiting = Waiting(
      host: bare, port: port,
      answer: { result in loop.execute { request.finish(result) } },
      isStillWanted: { !request.isDone.load(ordering: .relaxed) })
    let isFull = desk.withLock { desk in
      guard desk.waiting.count < Limits.lookUpsWaiting else { return true }
      desk.waiting.append(waiting)
      if desk.running < Limits.lookUpsAtOnce {
        desk.running += 1
        queue.async { @Sendable in work() }
      }
      return false
    }
    if isFull { answerLater(.failure(NetFault(.resolve, bare, errno: EAGAIN, note: "too many look-ups wait already"))) }
  }

  /// One question; only its loop touches it, but for `isDone`.
  // @unchecked Sendable: `completion` and `deadline` are guarded by the loop's queue.
  private final class Request: @unchecked Sendable {
    let isDone = Atomic(false)
    let loop: EventLoop
    var deadline: Timers.Token?
    private var completion: ((Result<[SocketAddress], NetFault>) -> Void)?

    init(loop: EventLoop, _ completion: @escaping (Result<[SocketAddress], NetFault>) -> Void) {
      self.loop = loop
      self.completion = completion
    }

    func finish(_ result: Result<[SocketAddress], NetFault>) {
      guard let completion else { return }
      self.completion = nil
      isDone.store(true, ordering: .relaxed)
      if let deadline { loop.cancel(deadline) }
      completion(result)
    }
  }

  private static func work() {
    while let next = takeNext() {
      // Nobody waits for it any more: do not spend a worker on it.
      guard next.isStillWanted() else { continue }
      next.answer(lookUp(next.host, next.port))
    }
  }

  private static func takeNext() -> Waiting? {
    desk.withLock { desk in
      guard !desk.waiting.isEmpty else {
        desk.running -= 1
        return nil
      }
      return desk.waiting.removeFirst()
    }
  }

  private static func lookUp(_ host: String, _ port: UInt16) -> Result<[SocketAddress], NetFault> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG
    var list: UnsafeMutablePointer<addrinfo>?
    let outcome = getaddrinfo(host, nil, &hints, &list)
    guard outcome == 0 else {
      let note = outcome == EAI_SYSTEM ? sentence(errno: errno) : String(cString: gai_strerror(outcome)).lowercased()
      return .failure(NetFault(.resolve, host, errno: 0, note: note))
    }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var entry = list
    while let info = entry?.pointee, addresses.count < Limits.addressesPerName {
      entry = info.ai_next
      var storage = sockaddr_storage()
      let size = min(Int(info.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
      guard let source = info.ai_addr else { continue }
      withUnsafeMutableBytes(of: &storage) {
        $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: size))
      }
      guard let address = SocketAddress(storage, size: socklen_t(size))?.with(port: port) else { continue }
      if !addresses.contains(address) { addresses.append(address) }
    }
    if addresses.isEmpty { return .failure(NetFault(.resolve, host, errno: 0, note: "it has no address")) }
    return .success(addresses)
  }
}
