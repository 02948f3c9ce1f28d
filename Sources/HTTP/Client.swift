import Net
import Wire

/// A request of ours.
public struct ClientRequest: Sendable {
  public var method: Method
  public var url: HTTPURL
  /// Host, Content-Length and Connection are the client's own.
  public var headers: Headers
  public var body: [UInt8]

  public init(_ method: Method = .get, _ url: HTTPURL, headers: Headers = Headers(), body: [UInt8] = []) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
  }
}

/// How one request is to be made.
public struct ClientOptions: Sendable {
  public var limits = HTTPLimits.Client()
  /// Whether loopback and private addresses may be called. Link-local ones never are.
  public var allowPrivate = false
  /// 307 and 308 within one origin, with method, body and headers. Others are answers like any other.
  public var followsRedirects = true
  /// One fixed address instead of the URL's host, as for the daemon's socket; the guard does not judge it.
  public var via: SocketAddress?

  public init(allowPrivate: Bool = false) { self.allowPrivate = allowPrivate }
}

public struct ClientResponse: Sendable, Equatable {
  public var status: Status
  public var headers: Headers
  public var body: [UInt8]
  /// Where it came from, after redirects.
  public var url: HTTPURL
}

/// Makes requests and keeps connections for the next ones. It belongs to one loop; `handle` carries it elsewhere.
///
/// A request is repeated by the client itself only when a kept connection turns out to be dead before a byte of the
/// answer, and only if that cannot do anything twice. Everything else is the caller's to repeat.
public final class Client {
  public let loop: EventLoop
  fileprivate let tls: TLSContext?
  private let limits: HTTPLimits.Client
  private var idle: [PoolKey: [ClientConnection]] = [:]
  private var idleCount = 0
  private var calls: [ObjectIdentifier: ClientCall] = [:]

  /// What two requests must share to share a connection: a connection that was judged laxly serves only lax requests.
  struct PoolKey: Hashable {
    var origin: String
    var allowPrivate: Bool
    var via: SocketAddress?
  }

  /// - Parameter tls: whom to trust and what to show; nil: https is refused.
  public init(loop: EventLoop, tls: TLSContext?, limits: HTTPLimits.Client = .init()) {
    loop.preconditionCurrent()
    self.loop = loop
    self.tls = tls
    self.limits = limits
  }

  /// A handle for other threads.
  public var handle: ClientHandle { ClientHandle(client: LoopBound(self, loop: loop)) }

  /// Sends a request; `completion` is called on the loop, exactly once, in a later batch.
  ///
  /// With `onBody`, the body of a successful answer goes there in pieces as it comes, unbounded, and the response has
  /// none: for event streams and exports. Only `wholeDeadline` ends it.
  public func send(
    _ request: ClientRequest, _ options: ClientOptions = ClientOptions(), onBody: (([UInt8]) -> Void)? = nil,
    completion: @escaping (Result<ClientResponse, ClientFault>) -> Void
  ) {
    let call = ClientCall(client: self, request: request, options: options, onBody: onBody)
    calls[ObjectIdentifier(call)] = call
    let number = ObjectIdentifier(call)
    call.start { [weak self] result in
      self?.calls[number] = nil
      completion(result)
    }
  }

  /// Ends every call with `.closed` and every kept connection.
  public func close() {
    for call in Array(calls.values) { call.fail(.closed("the client was closed")) }
    for connection in idle.values.flatMap({ $0 }) { connection.channel?.close() }
    idle = [:]
    idleCount = 0
  }

  func configuration(for url: HTTPURL) throws(ClientFault) -> TLSClientConfiguration? {
    guard url.isSecure else { return nil }
    guard let tls else { throw .tls(host: url.host, .configuration("this client has no TLS settings")) }
    return TLSClientConfiguration(context: tls, host: url.host)
  }

  // MARK: The pool

  func takeIdle(_ key: PoolKey) -> ClientConnection? {
    // The one that was used last is the least likely to be stale.
    while let connection = idle[key]?.popLast() {
      idleCount -= 1
      if idle[key]?.isEmpty == true { idle[key] = nil }
      connection.leavePool()
      if connection.channel?.isOpen == true { return connection }
    }
    return nil
  }

  func keep(_ connection: ClientConnection) {
    guard idleCount < limits.idleInAll, idle[connection.key, default: []].count < limits.idlePerOrigin else {
      connection.channel?.close()
      return
    }
    idle[connection.key, default: []].append(connection)
    idleCount += 1
    connection.enterPool(limits.idleLimit)
  }

  func forget(_ connection: ClientConnection) {
    guard let at = idle[connection.key]?.firstIndex(where: { $0 === connection }) else { return }
    idle[connection.key]?.remove(at: at)
    if idle[connection.key]?.isEmpty == true { idle[connection.key] = nil }
    idleCount -= 1
  }
}

/// A client for any thread.
public struct ClientHandle: Sendable {
  fileprivate let client: LoopBound<Client>

  /// As `Client.send`; the completion is called on the client's loop.
  public func send(
    _ request: ClientRequest, _ options: ClientOptions = ClientOptions(),
    completion: @escaping @Sendable (Result<ClientResponse, ClientFault>) -> Void
  ) {
    client.loop.execute { [client] in client.value.send(request, options, completion: completion) }
  }

  public func send(
    _ request: ClientRequest, _ options: ClientOptions = ClientOptions()
  ) async throws(ClientFault) -> ClientResponse {
    let result = await withCheckedContinuation { continuation in
      send(request, options) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }
}

/// One request with its redirects and its one permitted repeat.
final class ClientCall {
  private unowned let client: Client
  private let request: ClientRequest
  private let options: ClientOptions
  private let onBody: (([UInt8]) -> Void)?
  private var url: HTTPURL
  private var redirects = 0
  private var completion: ((Result<ClientResponse, ClientFault>) -> Void)?
  private var connection: ClientConnection?
  private var addresses: [SocketAddress] = []
  private var lastFault = ClientFault.closed("no address could be reached")
  private var hasRepeated = false
  private var deadline: Timers.Token?

  init(client: Client, request: ClientRequest, options: ClientOptions, onBody: (([UInt8]) -> Void)?) {
    self.client = client
    self.request = request
    self.options = options
    self.onBody = onBody
    url = request.url
  }

  private var loop: EventLoop { client.loop }
  private var key: Client.PoolKey {
    Client.PoolKey(origin: url.origin, allowPrivate: options.allowPrivate, via: options.via)
  }

  func start(_ completion: @escaping (Result<ClientResponse, ClientFault>) -> Void) {
    self.completion = completion
    deadline = loop.schedule(after: options.limits.wholeDeadline) { [weak self] in
      self?.deadline = nil
      self?.fail(.timeout(.whole))
    }
    attempt()
  }

  private func attempt() {
    if let kept = client.takeIdle(key) { return use(kept, isFresh: false) }
    Destination.find(
      url, via: options.via, allowPrivate: options.allowPrivate, deadline: options.limits.resolveDeadline,
      tls: client.tls, on: loop
    ) { [weak self] result in
      guard let self, completion != nil else { return }
      switch result {
      case .success(let addresses):
        self.addresses = addresses
        connectNext()
      case .failure(let fault): fail(fault)
      }
    }
  }

  /// One address after the other, until one connects.
  private func connectNext() {
    guard !addresses.isEmpty else { return fail(lastFault) }
    let address = addresses.removeFirst()
    do throws(ClientFault) {
      let tls = try client.configuration(for: url)
      let fresh = ClientConnection(client: client, key: key, host: url.host)
      fresh.connect(to: address, tls: tls, deadline: options.limits.connectDeadline)
      use(fresh, isFresh: true)
    } catch {
      fail(error)
    }
  }

  private func use(_ connection: ClientConnection, isFresh: Bool) {
    self.connection = connection
    connection.perform(
      request, at: url, limits: options.limits, isFresh: isFresh, onBody: onBody,
      onFailure: { [weak self] failure in self?.failed(failure) },
      onAnswer: { [weak self] response in self?.answered(response) })
  }

  private func failed(_ failure: ClientConnection.Failure) {
    connection = nil
    lastFault = failure.fault
    if failure.duringConnect, case .connect = failure.fault { return connectNext() }
    if failure.duringConnect, failure.fault == .timeout(.connect), !addresses.isEmpty { return connectNext() }
    // The server may have acted on it before it closed: only what may happen twice is sent twice (RFC 9110 9.2.2).
    if failure.wasStale, !hasRepeated, request.method.isIdempotent {
      hasRepeated = true
      return attempt()
    }
    fail(failure.fault)
  }

  private func answered(_ response: ClientResponse) {
    connection = nil
    guard options.followsRedirects, response.status == 307 || response.status == 308,
      redirects < options.limits.redirects, let location = response.headers["location"],
      let next = try? url.following(location), next.origin == url.origin
    else { return finish(.success(response)) }
    redirects += 1
    url = next
    hasRepeated = false
    attempt()
  }

  func fail(_ fault: ClientFault) { finish(.failure(fault)) }

  private func finish(_ result: Result<ClientResponse, ClientFault>) {
    guard let completion else { return }
    self.completion = nil
    if let deadline { loop.cancel(deadline) }
    deadline = nil
    connection?.abandon()
    connection = nil
    completion(result)
  }
}
