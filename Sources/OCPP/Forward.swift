// A station mirrored to a second central system: what it says is passed on, and nothing of what that system answers comes
// back to it but the calls that the operator allows.

import Domain
import HTTP
import Net
import Wire

extension Forwarding {
  fileprivate func name(of station: StationIdentity) -> String { identity ?? station.text }

  /// Whether it is the same central system, which knows the station by the same name.
  func isSameFollower(as other: Forwarding?) -> Bool { url == other?.url && identity == other?.identity }
}

/// The connection to one station's follower, on the loop of the station's own. It comes back by itself, with pauses that
/// grow, and keeps what was said meanwhile up to a bound.
final class Forward: WebSocketHandler {
  let settings: Forwarding
  private let identity: StationIdentity
  private let dialect: any Dialect
  private unowned let link: Link
  private unowned let server: StationServer
  private var loop: EventLoop { server.loop }
  private var memory: ForwardMemory { server.options.forwardMemory }

  private let key: ForwardMemory.Key
  private(set) var queue: ForwardQueue
  private var webSocket: WebSocket?
  private var isOver = false
  private var pause = OCPPLimits.forwardPauses.first
  private var retryTimer: Timers.Token?
  private var callTimer: Timers.Token?
  /// Our ids for the station's calls that we have not answered yet, by the station's.
  private var ids: [(station: String, ours: String)] = []
  private var calls = 0

  init(_ settings: Forwarding, of link: Link, identity: StationIdentity, dialect: any Dialect, server: StationServer) {
    (self.settings, self.link, self.server, self.dialect) = (settings, link, server, dialect)
    self.identity = identity
    key = ForwardMemory.Key(station: identity, url: settings.url, name: settings.name(of: identity))
    queue = ForwardQueue(
      bootAction: dialect.bootAction, transactionField: dialect.transactionField,
      transactionActions: dialect.transactionActions)
    begin()
  }

  /// The station comes again before its last link was seen to be dead: that one's mirror hands over what it has, so that
  /// the follower never sees two of this station.
  private func begin() {
    let me = LoopBound(self, loop: loop)
    switch memory.claim(key, by: me) {
    case .nothing: connect()
    case .kept(let earlier): goOn(from: earlier)
    case .held(let holder):
      holder.loop.execute {
        let earlier = holder.value.handOver()
        me.loop.execute { me.value.goOn(from: earlier) }
      }
    }
  }

  private func goOn(from earlier: ForwardQueue) {
    queue.goOn(from: earlier)
    if isOver { return memory.keep(queue, for: key, by: self) }
    connect()
  }

  /// Also after its own end: the new mirror had claimed the place before.
  private func handOver() -> ForwardQueue {
    end()
    return queue
  }

  /// The station is gone: what waits for this follower waits until it is back.
  func rest() {
    guard !isOver else { return }
    end()
    memory.keep(queue, for: key, by: self)
  }

  /// The station is mirrored no longer.
  func end() {
    guard !isOver else { return }
    isOver = true
    memory.letGo(of: key, by: self)
    if let retryTimer { loop.cancel(retryTimer) }
    if let callTimer { loop.cancel(callTimer) }
    (retryTimer, callTimer) = (nil, nil)
    queue.disconnected()
    webSocket?.close(code: CloseCode.normal, reason: "")
    webSocket = nil
  }

  // MARK: The connection

  private func connect() {
    tell(.connecting)
    let name = key.name
    let base = settings.url.hasSuffix("/") ? settings.url : settings.url + "/"
    guard let url = try? HTTPURL(base + name.percentEncoded) else { return tell(.away, "its URL is none") }
    var options = WebSocketClient.Options(subprotocols: [dialect.subprotocol], tls: server.options.trust)
    options.allowPrivate = settings.allowsPrivate ?? false
    options.limits.messageBytes = server.options.messageBytes
    if let password = settings.password {
      options.headers["Authorization"] = "Basic " + Bytes(utf8: "\(name):\(password)").base64
    }
    let bound = LoopBound(self, loop: loop)
    WebSocketClient.connect(url, options, loop: loop, handler: self) { result in bound.value.connected(result) }
  }

  private func connected(_ result: Result<WebSocket, ClientFault>) {
    switch result {
    case .success(let webSocket):
      guard !isOver else { return webSocket.close(code: CloseCode.normal, reason: "") }
      self.webSocket = webSocket
      webSocket.pingInterval = server.options.pingInterval
      pause = OCPPLimits.forwardPauses.first
      send(queue.connected(at: loop.now))
      tell(.connected)
    case .failure(let fault):
      guard !isOver else { return }
      comeBack(because: "\(fault)")
    }
  }

  func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) {
    guard !isOver else { return }
    self.webSocket = nil
    queue.disconnected()
    comeBack(because: "it closed the connection: \(code.map { "\($0)" } ?? "") \(reason)")
  }

  private func comeBack(because why: String) {
    tell(.away, why)
    retryTimer = loop.schedule(after: pause) { [unowned self] in
      retryTimer = nil
      connect()
    }
    pause = min(pause * 2, OCPPLimits.forwardPauses.last)
  }

  // MARK: What the station says

  func heard(_ id: String, _ action: String, _ payload: JSON) {
    guard settings.passesOn(action) else { return }
    calls += 1
    let ours = "f\(calls)-\(link.id)"
    if ids.count >= OCPPLimits.callsInHand { ids.removeFirst() }
    ids.append((id, ours))
    send(queue.add(ForwardQueue.Call(id: ours, action: action, payload: payload), at: loop.now))
  }

  /// We answered the station: where that names a transaction, the follower's name will stand beside it.
  func led(_ id: String, _ payload: any Payload) {
    guard dialect.transactionField != nil, let place = ids.firstIndex(where: { $0.station == id }) else { return }
    queue.led(ids.remove(at: place).ours, payload.json)
  }

  private func send(_ calls: [ForwardQueue.Call]) {
    for call in calls {
      let id = MessageID(call.id)
      write(Frame.encodeCall(id, action: call.action, json: call.payload.bytes), call.action, id)
    }
    watch()
  }

  private func watch() {
    if let callTimer { loop.cancel(callTimer) }
    callTimer = nil
    guard !isOver, let until = queue.nextDeadline else { return }
    callTimer = loop.schedule(after: max(until - loop.now, .milliseconds(1))) { [unowned self] in
      callTimer = nil
      send(queue.tick(at: loop.now))
    }
  }

  // MARK: What the follower says

  func webSocket(_ webSocket: WebSocket, text: [UInt8]) {
    guard !isOver, let frame = try? Frame.read(text) else { return }
    switch frame {
    case .result(let id, let payload):
      record(text, .received, nil, id)
      send(queue.answered(id.text, payload.json, at: loop.now))
    case .error(let id, _, _, _):
      record(text, .received, nil, id, isError: true)
      send(queue.answered(id.text, nil, at: loop.now))
    case .call(let id, let action, let payload):
      record(text, .received, action, id)
      ask(id, action, payload.json)
    case .send(let id, let action, _):
      // Nothing is declared that a central system sends so.
      record(text, .received, action, id)
    case .resultError(let id, _, _):
      record(text, .received, nil, id, isError: true)
    }
  }

  /// The follower asks something of the station: where it may, our link asks in its place.
  private func ask(_ id: MessageID, _ action: String, _ payload: JSON) {
    guard settings.lets(action) else {
      return refuse(id, action, "this central system may not ask that of the station")
    }
    var payload = payload
    if let field = dialect.transactionField, let theirs = payload[field] {
      guard let ours = queue.transactions.leader(for: theirs) else {
        return refuse(id, action, "nobody knows that transaction here")
      }
      payload[field] = ours
    }
    let bound = LoopBound(self, loop: loop)
    link.call(.raw(action: action, payload: payload), deadline: OCPPLimits.forwardedCallSeconds) { outcome in
      bound.loop.execute { bound.value.answer(id, action, outcome) }
    }
  }

  private func answer(_ id: MessageID, _ action: String, _ outcome: CommandOutcome) {
    guard !isOver else { return }
    switch outcome {
    case .accepted(let answer), .refused(_, let answer):
      write(Frame.encodeResult(id, json: answer.bytes), action, id)
    case .failed(let code, let description, let details):
      let bytes = Frame.encodeError(id, code: code, description: description, details: details)
      write(bytes, action, id, isError: true)
    case .timedOut: refuse(id, action, "the station did not answer in time")
    case .disconnected: refuse(id, action, "the station is not connected")
    case .impossible(let why): refuse(id, action, why)
    }
  }

  private func refuse(_ id: MessageID, _ action: String, _ why: String) {
    write(Frame.encodeError(id, code: "GenericError", description: why), action, id, isError: true)
  }

  private func write(_ bytes: Bytes, _ action: String, _ id: MessageID, isError: Bool = false) {
    guard webSocket?.send(text: bytes) == true else { return }
    record(bytes, .sent, action, id, isError: isError)
  }

  // MARK: What people see

  private func record(
    _ bytes: Bytes, _ direction: LoggedFrame.Direction, _ action: String?, _ id: MessageID, isError: Bool = false
  ) {
    server.frameLog.record(
      LoggedFrame(
        at: server.now, door: "ocpp", peer: "\(identity.text) (mirror)", direction: direction, action: action,
        correlation: id.logged, text: loggable(bytes), isError: isError))
  }

  private func tell(_ phase: FollowerState.Phase, _ why: String? = nil) {
    let state = FollowerState(phase, why: why, waiting: queue.waiting, dropped: queue.dropped)
    let (door, id) = (server.door, link.id)
    onMain { door.followed(id, state) }
  }
}
