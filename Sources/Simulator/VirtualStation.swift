import HTTP
import Net
import Wire

/// A charging station on a real WebSocket: the model decides, this carries it out. It belongs to its loop: make it and
/// call it there, and `stop` it before letting go.
public final class VirtualStation {
  public let loop: EventLoop
  /// What happens here, told on the loop.
  public var onEvent: ((VirtualStation, StationEvent) -> Void)?
  public private(set) var model: StationModel
  public var profile: StationProfile { model.profile }

  private let url: HTTPURL
  private let clock: FastClock
  private let tls: TLSContext?
  private var webSocket: WebSocket?
  /// For files, where there ever are any.
  private var client: Client?
  /// Counts connections, so that what an old one still has to say is not taken for the new one's.
  private var attempt = 0
  private var alarm: Timers.Token?
  private var alarmAt: Instant?

  /// - Parameters:
  ///   - url: where stations of the house call, such as `ws://127.0.0.1:8080/ocpp`; the identity is appended.
  ///   - clock: the house's.
  ///   - seed: the same seed drives the same cars and makes the same pauses.
  ///   - tls: whom to trust, for wss.
  public init(
    _ profile: StationProfile, url: HTTPURL, clock: FastClock = .system, seed: UInt64 = 1, tls: TLSContext? = nil,
    loop: EventLoop
  ) {
    loop.preconditionCurrent()
    self.loop = loop
    self.url = url.appending(profile.identity)
    self.clock = clock
    self.tls = tls
    model = StationModel(profile, seed: seed)
  }

  // MARK: What people do with it

  /// Switches it on: it connects, and comes back whenever the connection is lost.
  public func start() { perform(model.start(at: now)) }

  /// Disconnects in order and stays away until it is started again.
  public func stop() {
    perform(model.leave(at: now))
    client?.close()
    client = nil
  }

  /// Plugs a car in; with `tag`, its driver shows a card and charging begins if the house agrees.
  public func plugIn(_ connector: Int = 1, tag: String? = nil, car: Car? = nil) {
    perform(model.plugIn(connector, tag: tag, car: car, at: now))
  }

  /// Shows a card: it begins a session, or ends the one that it or its group began.
  public func present(_ tag: String, at connector: Int = 1) { perform(model.present(tag, at: connector, at: now)) }

  /// Takes the cable out, which ends a session.
  public func unplug(_ connector: Int = 1) { perform(model.unplug(connector, at: now)) }

  /// Cuts the connection without a close frame; the station comes back by itself.
  public func dropConnection() { perform(model.dropConnection(at: now)) }

  // MARK: The edge

  private var now: Moment { clock.moment(at: .now()) }

  private func perform(_ steps: [StationModel.Step]) {
    for step in steps {
      switch step {
      case .connect: connect()
      case .send(let frame): webSocket?.send(text: frame)
      case .close(let code, let reason):
        webSocket?.close(code: code, reason: reason)
      case .drop: webSocket?.drop()
      case .fetch(let url): transfer(url, .get, [])
      case .bring(let url, let name, let body): transfer(url, .put, body, name: name)
      case .tell(let event): onEvent?(self, event)
      }
    }
    webSocket?.pingInterval = model.pingSeconds.map { .seconds($0) }
    watch()
  }

  /// Fetches or brings a file. What is neither http nor https no model can do.
  private func transfer(_ place: String, _ method: Method, _ body: Bytes, name: String? = nil) {
    guard let url = try? HTTPURL(place), url.scheme == .http || url.scheme == .https else {
      loop.schedule(after: .zero) { [weak self] in self?.transferred(place, false) }
      return
    }
    let client = client ?? Client(loop: loop, tls: tls)
    self.client = client
    var headers = Headers()
    if let name { headers["Content-Disposition"] = "attachment; filename=\"\(name)\"" }
    // Whoever runs a model says where it may go.
    let options = ClientOptions(allowPrivate: true)
    client.send(ClientRequest(method, url, headers: headers, body: body), options) { [weak self] result in
      let isDone = if case .success(let response) = result { response.status.isSuccess } else { false }
      self?.transferred(place, isDone)
    }
  }

  private func transferred(_ place: String, _ isDone: Bool) { perform(model.transferred(place, isDone, at: now)) }

  private func connect() {
    attempt += 1
    var options = WebSocketClient.Options(subprotocols: [profile.version.subprotocol], tls: tls)
    options.limits.pingInterval = model.pingSeconds.map { .seconds($0) }
    // The house pings; a house that has fallen silent for this long is gone.
    options.limits.idleLimit = .seconds(300)
    if let password = profile.password {
      let credentials = Bytes(utf8: profile.identity) + [UInt8(ascii: ":")] + password
      options.headers["Authorization"] = "Basic \(credentials.base64)"
    }
    let number = attempt
    WebSocketClient.connect(url, options, loop: loop, handler: Ear(self, attempt: number)) { [weak self] result in
      guard case .failure(let fault) = result else { return }
      self?.refused("\(fault)", attempt: number)
    }
  }

  private func refused(_ why: String, attempt number: Int) {
    guard number == attempt else { return }
    perform(model.refused(why, at: now))
  }

  fileprivate func opened(_ webSocket: WebSocket, attempt number: Int) {
    let steps = number == attempt ? model.opened(at: now) : []
    // Switched off while it connected.
    guard !steps.isEmpty else { return webSocket.close() }
    self.webSocket = webSocket
    perform(steps)
  }

  fileprivate func received(_ text: Bytes, on webSocket: WebSocket) {
    guard webSocket === self.webSocket else { return }
    perform(model.received(text, at: now))
  }

  fileprivate func closed(_ webSocket: WebSocket, _ why: String) {
    guard webSocket === self.webSocket else { return }
    self.webSocket = nil
    perform(model.closed(why, at: now))
  }

  /// One timer for all that the model waits for.
  private func watch() {
    let now = now
    let wake = model.nextWake(after: now)
    let waits = [wake.time.map { clock.wait(until: $0, from: now) }, wake.instant.map { $0 - now.instant }]
    let next = waits.compactMap { $0 }.min().map { now.instant + max($0, .milliseconds(1)) }
    if next == alarmAt { return }
    if let alarm { loop.cancel(alarm) }
    (alarm, alarmAt) = (nil, next)
    guard let next else { return }
    alarm = loop.schedule(after: next - loop.now) { [weak self] in
      guard let self else { return }
      (alarm, alarmAt) = (nil, nil)
      perform(model.tick(at: self.now))
    }
  }
}

/// Hears one WebSocket of a station, which may be gone by then.
private final class Ear: WebSocketHandler {
  private weak var station: VirtualStation?
  private let attempt: Int

  init(_ station: VirtualStation, attempt: Int) { (self.station, self.attempt) = (station, attempt) }

  func webSocketDidOpen(_ webSocket: WebSocket) {
    guard let station else { return webSocket.drop() }
    station.opened(webSocket, attempt: attempt)
  }

  func webSocket(_ webSocket: WebSocket, text: [UInt8]) { station?.received(text, on: webSocket) }

  func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) {
    let why = [code.map { String($0) } ?? "", reason].filter { !$0.isEmpty }.joined(separator: " ")
    station?.closed(webSocket, why)
  }
}
