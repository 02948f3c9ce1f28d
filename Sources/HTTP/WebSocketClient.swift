import Net
import Wire

/// Opens WebSockets towards a server, as a station does.
public enum WebSocketClient {
  public struct Options: Sendable {
    public var subprotocols: [String] = []
    /// Further fields of the request, such as Authorization.
    public var headers = Headers()
    public var tls: TLSContext?
    public var offersCompression = false
    public var limits = HTTPLimits.WebSocket()
    public var deadlines = HTTPLimits.Client()
    /// Whether loopback and private addresses may be called.
    public var allowPrivate = true
    /// One fixed address instead of the URL's host.
    public var via: SocketAddress?

    public init(subprotocols: [String] = [], headers: Headers = Headers(), tls: TLSContext? = nil) {
      self.subprotocols = subprotocols
      self.headers = headers
      self.tls = tls
    }
  }

  /// Connects and shakes hands; call it on the loop. `completion` is called there, in a later batch, exactly once;
  /// `handler` hears the WebSocket after that.
  public static func connect(
    _ url: HTTPURL, _ options: Options = Options(), loop: EventLoop, handler: any WebSocketHandler,
    completion: @escaping (Result<WebSocket, ClientFault>) -> Void
  ) {
    Destination.find(
      url, via: options.via, allowPrivate: options.allowPrivate, deadline: options.deadlines.resolveDeadline,
      tls: options.tls, on: loop
    ) { result in
      switch result {
      case .failure(let fault): completion(.failure(fault))
      case .success(let addresses):
        let opening = Opening(url: url, options: options, loop: loop, handler: handler, completion: completion)
        opening.connect(addresses)
      }
    }
  }

  /// The way from a connection to a WebSocket. Its channel keeps it alive.
  private final class Opening: ChannelHandler {
    private let url: HTTPURL
    private let options: Options
    private let loop: EventLoop
    private let handler: any WebSocketHandler
    private var completion: ((Result<WebSocket, ClientFault>) -> Void)?
    private var addresses: [SocketAddress] = []
    private var parser: ResponseParser
    private var deadline: Timers.Token?
    private var isActive = false
    private let key = (0..<16).map { _ in UInt8.random(in: 0...255) }.base64

    init(
      url: HTTPURL, options: Options, loop: EventLoop, handler: any WebSocketHandler,
      completion: @escaping (Result<WebSocket, ClientFault>) -> Void
    ) {
      self.url = url
      self.options = options
      self.loop = loop
      self.handler = handler
      self.completion = completion
      parser = ResponseParser(answering: .get, limits: options.deadlines.head)
    }

    func connect(_ addresses: [SocketAddress]) {
      guard let address = addresses.first else { return }
      self.addresses = Array(addresses.dropFirst())
      var tls: TLSClientConfiguration?
      if url.isSecure {
        guard let context = options.tls else {
          return fail(.tls(host: url.host, .configuration("this client has no TLS settings")), nil)
        }
        tls = TLSClientConfiguration(context: context, host: url.host)
      }
      Channel.connect(
        loop: loop, to: address, tls: tls, deadline: options.deadlines.connectDeadline, handler: self)
    }

    func channelDidBecomeActive(_ channel: Channel) {
      isActive = true
      deadline = loop.schedule(after: options.deadlines.firstByteDeadline) { [weak self, weak channel] in
        self?.deadline = nil
        self?.fail(.timeout(.firstByte), channel)
      }
      var headers: Headers = [
        "Host": url.authority, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
      ]
      if !options.subprotocols.isEmpty {
        headers["Sec-WebSocket-Protocol"] = options.subprotocols.joined(separator: ", ")
      }
      if options.offersCompression { headers["Sec-WebSocket-Extensions"] = Compression.offer }
      for field in options.headers.fields { headers.add(field.name, field.value) }
      var out = Array("GET \(url.target) HTTP/1.1\r\n".utf8)
      headers.write(into: &out)
      out.append(contentsOf: [0x0D, 0x0A])
      channel.write(out)
    }

    func channel(_ channel: Channel, read bytes: UnsafeRawBufferPointer) {
      guard completion != nil else { return }
      var at = 0
      switch parser.next(bytes, &at) {
      case .head(let head): judge(head, channel, rest: bytes[at...])
      case .refused(let refusal): fail(.malformed(refusal.reason), channel)
      case .needMore, .body, .end: return
      }
    }

    /// RFC 6455 4.1: what the server's answer must say.
    private func judge(_ head: ResponseHead, _ channel: Channel, rest: Slice<UnsafeRawBufferPointer>) {
      guard head.status == .switching else { return fail(.refusedUpgrade(head.status), channel) }
      guard head.headers.lists("upgrade", "websocket"), head.headers.lists("connection", "upgrade"),
        head.headers["sec-websocket-accept"] == WebSocketOffer.acceptance(of: key)
      else { return fail(.malformed("the WebSocket handshake is not answered properly"), channel) }
      let subprotocol = head.headers["sec-websocket-protocol"]
      if let subprotocol, !options.subprotocols.contains(subprotocol) {
        return fail(.malformed("the server chose a subprotocol that was not offered"), channel)
      }
      var compression: Compression?
      let extensions = head.headers.list("sec-websocket-extensions")
      if !extensions.isEmpty {
        guard options.offersCompression, let agreed = Compression.accepted(extensions) else {
          return fail(.malformed("the server chose an extension that was not offered"), channel)
        }
        compression = agreed
      }
      let webSocket = WebSocket(
        channel: channel,
        terms: WebSocket.Terms(
          isClient: true, subprotocol: subprotocol, compression: compression, limits: options.limits, deflate: Deflate()
        ),
        handler: handler)
      done(.success(webSocket))
      webSocket.begin()
      webSocket.readLater(rest)
    }

    func channelInputEnded(_ channel: Channel) { channel.close(.peerEOF) }

    func channel(_ channel: Channel, closed reason: CloseReason) {
      if !isActive, !addresses.isEmpty, completion != nil, case .io = reason { return connect(addresses) }
      fail(ClientFault(reason, host: url.host, during: isActive ? .firstByte : .connect), nil)
    }

    private func fail(_ fault: ClientFault, _ channel: Channel?) {
      done(.failure(fault))
      channel?.close()
    }

    private func done(_ result: Result<WebSocket, ClientFault>) {
      if let deadline { loop.cancel(deadline) }
      deadline = nil
      let completion = self.completion
      self.completion = nil
      completion?(result)
    }
  }
}
