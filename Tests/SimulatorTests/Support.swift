import Domain
import HTTP
import Net
import OCPP
import Synchronization
import Testing
import Wire

@testable import Simulator

func at(_ text: String) -> Timestamp {
  guard let time = Timestamp(text) else { preconditionFailure("\(text) is no time stamp") }
  return time
}

extension [UInt8] {
  var text: String { String(decoding: self, as: UTF8.self) }
}

/// A station without a socket, and somebody who plays the house: every line says what the station did.
struct Stage {
  var model: StationModel
  var now = Moment(time: at("2026-03-02T10:00:00Z"), instant: Instant(nanoseconds: 0))
  /// The call that waits for an answer.
  private(set) var open: (id: String, action: String, payload: JSON)?
  /// Every call so far, in order.
  private(set) var calls: [(action: String, payload: JSON)] = []
  private(set) var events: [StationEvent] = []
  private(set) var lines: [String] = []
  /// Files that it brought somewhere.
  private(set) var brought: [(name: String, text: String)] = []
  private var asked = 0
  var nextTransaction: Int64 = 100
  /// What the house says of tags.
  var verdict: JSON = ["status": "Accepted"]

  init(_ profile: StationProfile = Stage.profile(), seed: UInt64 = 7) { model = StationModel(profile, seed: seed) }

  static func profile(_ kind: StationProfile.Kind = .ac22, _ change: (inout StationProfile) -> Void = { _ in })
    -> StationProfile
  {
    var profile = StationProfile(identity: "SIM-1", kind: kind, connectors: kind.isDC ? 1 : 2)
    profile.habits.leavesAfterSeconds = nil
    profile.habits.plugsInAfterSeconds = nil
    change(&profile)
    return profile
  }

  /// Does something at this moment; the lines are what came of it.
  @discardableResult
  mutating func act(_ verb: (inout StationModel, Moment) -> [StationModel.Step]) -> [String] {
    let made = verb(&model, now).map { note($0) }
    lines += made
    return made
  }

  private mutating func note(_ step: StationModel.Step) -> String {
    switch step {
    case .connect: return "connect"
    case .drop: return "drop"
    case .fetch(let url): return "fetch \(url)"
    case .bring(let url, let name, let body):
      brought.append((name, body.text))
      return "bring \(url)"
    case .close(let code, _):
      return "close \(code)"
    case .tell(let event):
      events.append(event)
      return "tell \(event)"
    case .send(let bytes):
      let frame = (try? JSON.parse(bytes)) ?? .null
      switch frame[0]?.int {
      case 2:
        let action = frame[2]?.string ?? ""
        open = (frame[1]?.string ?? "", action, frame[3] ?? .null)
        calls.append((action, frame[3] ?? .null))
        return "call \(action)"
      case 3: return "result \(frame[2]?.text ?? "")"
      default: return "error \(frame[2]?.string ?? "")"
      }
    }
  }

  /// Lets both clocks run, and the station look at them.
  @discardableResult
  mutating func after(_ seconds: Int) -> [String] {
    now = now + .seconds(seconds)
    return act { $0.tick(at: $1) }
  }

  /// Answers the open call.
  @discardableResult
  mutating func answer(_ reply: JSON) -> [String] {
    guard let open else { return ["nothing to answer"] }
    self.open = nil
    let frame: JSON = [3, .string(open.id), reply]
    return act { $0.received(frame.bytes, at: $1) }
  }

  @discardableResult
  mutating func answer(error code: String) -> [String] {
    guard let open else { return ["nothing to answer"] }
    self.open = nil
    let frame: JSON = [4, .string(open.id), .string(code), "", [:]]
    return act { $0.received(frame.bytes, at: $1) }
  }

  /// Answers whatever the station calls, as a friendly house does, until it is quiet.
  /// - Returns: the actions.
  @discardableResult
  mutating func settle() -> [String] {
    var done: [String] = []
    while let open, done.count < 1_000 {
      done.append(open.action)
      switch open.action {
      case "BootNotification":
        answer(["status": "Accepted", "currentTime": .string(now.time.text), "interval": 300])
      case "Heartbeat": answer(["currentTime": .string(now.time.text)])
      case "Authorize": answer(["idTagInfo": verdict, "idTokenInfo": verdict])
      case "TransactionEvent": answer(open.payload["idToken"] == nil ? [:] : ["idTokenInfo": verdict])
      case "StartTransaction":
        nextTransaction += 1
        answer(["transactionId": .number(JSONNumber(nextTransaction)), "idTagInfo": verdict])
      default: answer([:])
      }
    }
    return done
  }

  /// The house asks; the first line is the answer.
  @discardableResult
  mutating func ask(_ action: String, _ payload: JSON) -> [String] {
    asked += 1
    let frame: JSON = [2, .string("house-\(asked)"), .string(action), payload]
    return act { $0.received(frame.bytes, at: $1) }
  }

  /// Connected, accepted, and quiet.
  mutating func enter() {
    act { $0.start(at: $1) }
    act { $0.opened(at: $1) }
    settle()
    calls = []
    events = []
  }

  static func opened(_ profile: StationProfile = Stage.profile(), seed: UInt64 = 7) -> Stage {
    var stage = Stage(profile, seed: seed)
    stage.enter()
    return stage
  }

  mutating func lose() {
    open = nil
    act { $0.closed("lost", at: $1) }
  }

  /// Waits for the station to connect again, and lets it.
  mutating func comeBack() {
    for _ in 0..<200 {
      if after(1).contains("connect") { break }
    }
    act { $0.opened(at: $1) }
  }

  /// The payloads of the calls of one action.
  func payloads(_ action: String) -> [JSON] { calls.filter { $0.action == action }.map(\.payload) }

  var actions: [String] { calls.map(\.action) }
  /// Statuses of a connector in the order in which they were told.
  func statuses(_ connector: Int64 = 1) -> [String] {
    payloads("StatusNotification").filter { $0["connectorId"]?.int == connector }.compactMap { $0["status"]?.string }
  }

  /// The first sample of a measurand in a MeterValues.
  static func sample(_ payload: JSON, _ measurand: String) -> Decimal? {
    payload["meterValue"]?[0]?["sampledValue"]?.array?.first { $0["measurand"]?.string == measurand }?["value"]?.string
      .flatMap { Decimal($0) }
  }
}

// MARK: - A loop with doors

/// Runs something on a loop and brings back what it returns.
func on<Value: Sendable>(_ loop: EventLoop, _ body: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { done in loop.execute { done.resume(returning: body()) } }
}

/// Waits until something that other threads do is done.
func until(_ what: String = "", _ condition: () async -> Bool) async {
  for _ in 0..<2_000 {
    if await condition() { return }
    try? await Task.sleep(for: .milliseconds(5))
  }
  Issue.record("it did not happen: \(what)")
}

/// A stand-in for the house: it takes every station in and answers it as OCPP 1.6 wants.
final class FakeHouse: RequestHandler {
  struct Call: Sendable {
    let station: String
    let id: String
    let action: String
    let payload: JSON
  }

  struct Seen: Sendable {
    var calls: [Call] = []
    var replies: [String: JSON] = [:]
    var passwords: [String] = []
    var connections = 0
  }

  let loop: EventLoop
  let seen = Mutex(Seen())
  /// Calls that get no answer.
  var silence: Set<String> = []
  var refusal: HTTP.Status?
  private var server: Server?
  private var peers: [String: Peer] = [:]
  private var nextTransaction: Int64 = 0
  private var asked = 0

  init(loop: EventLoop) { self.loop = loop }

  func listen() -> UInt16 {
    let server = Server(loop: loop, door: "test", handler: self)
    self.server = server
    return (try? server.listen(on: .v4(0x7F00_0001, port: 0)))?.port ?? 0
  }

  func handle(_ request: Request, _ exchange: Exchange) {
    if let refusal { return exchange.respond(.text("no", status: refusal)) }
    let station = request.path.last ?? ""
    let plain = request.headers["Authorization"].map { $0.dropFirst("Basic ".count) }.flatMap { Bytes(base64: $0) }
    seen.withLock {
      $0.connections += 1
      if let plain { $0.passwords.append(plain.text) }
    }
    exchange.markTrusted()
    let peer = Peer(house: self, station: station)
    peers[station] = peer
    exchange.accept(WebSocketOptions(subprotocol: "ocpp1.6"), handler: peer)
  }

  /// Cuts a station's connection.
  func cut(_ station: String) { peers[station]?.webSocket?.drop() }

  /// Asks a station; the reply is in `seen` under the id.
  func ask(_ station: String, _ action: String, _ payload: JSON) -> String {
    asked += 1
    let id = "h\(asked)"
    let frame: JSON = [2, .string(id), .string(action), payload]
    peers[station]?.webSocket?.send(text: frame.bytes)
    return id
  }

  fileprivate func heard(_ text: Bytes, from station: String, on webSocket: WebSocket) {
    guard let frame = try? JSON.parse(text), let id = frame[1]?.string else { return }
    guard frame[0]?.int == 2, let action = frame[2]?.string else {
      return seen.withLock { $0.replies[id] = frame[2] ?? .null }
    }
    seen.withLock { $0.calls.append(Call(station: station, id: id, action: action, payload: frame[3] ?? .null)) }
    guard !silence.contains(action) else { return }
    let reply: JSON =
      switch action {
      case "BootNotification": ["status": "Accepted", "currentTime": .string(Timestamp.now().text), "interval": 300]
      case "Heartbeat": ["currentTime": .string(Timestamp.now().text)]
      case "Authorize": ["idTagInfo": ["status": "Accepted"]]
      case "StartTransaction":
        ["transactionId": .number(JSONNumber(transaction())), "idTagInfo": ["status": "Accepted"]]
      default: [:]
      }
    let answer: JSON = [3, .string(id), reply]
    webSocket.send(text: answer.bytes)
  }

  private func transaction() -> Int64 {
    nextTransaction += 1
    return nextTransaction
  }

  private final class Peer: WebSocketHandler {
    unowned let house: FakeHouse
    let station: String
    var webSocket: WebSocket?

    init(house: FakeHouse, station: String) { (self.house, self.station) = (house, station) }

    func webSocketDidOpen(_ webSocket: WebSocket) { self.webSocket = webSocket }
    func webSocket(_ webSocket: WebSocket, text: [UInt8]) { house.heard(text, from: station, on: webSocket) }
    func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) { self.webSocket = nil }
  }
}

/// A fake house and virtual stations on one loop.
final class Yard: Sendable {
  let loop: EventLoop
  let url: HTTPURL
  let house: LoopBound<FakeHouse>
  private let told = Mutex<[StationEvent]>([])

  init() async throws {
    let loop = try EventLoop(label: "test.simulator")
    let made = await on(loop) {
      let house = FakeHouse(loop: loop)
      return (LoopBound(house, loop: loop), house.listen())
    }
    (self.loop, house) = (loop, made.0)
    url = try HTTPURL("ws://127.0.0.1:\(made.1)/ocpp")
  }

  deinit { loop.shutdown {} }

  var events: [StationEvent] { told.withLock { $0 } }

  /// A station that is switched on.
  func station(_ profile: StationProfile, clock: FastClock = .system) async -> LoopBound<VirtualStation> {
    let (loop, url) = (loop, url)
    return await on(loop) { [self] in
      let station = VirtualStation(profile, url: url, clock: clock, seed: 3, loop: loop)
      station.onEvent = { [weak self] _, event in self?.told.withLock { $0.append(event) } }
      station.start()
      return LoopBound(station, loop: loop)
    }
  }

  func seen() async -> FakeHouse.Seen { await on(loop) { [house] in house.value.seen.withLock { $0 } } }

  func calls(_ action: String) async -> [JSON] { await seen().calls.filter { $0.action == action }.map(\.payload) }

  func with(_ body: @escaping @Sendable (FakeHouse) -> Void) async { await on(loop) { [house] in body(house.value) } }

  /// Asks a station and waits for its word.
  func ask(_ station: String, _ action: String, _ payload: JSON) async -> JSON {
    let id = await on(loop) { [house] in house.value.ask(station, action, payload) }
    await until("the answer to \(action)") { await reply(to: id) != nil }
    return await reply(to: id) ?? .null
  }

  /// Looked for where it is kept: a copy of all that was seen would be let go of while the next answer is written.
  private func reply(to id: String) async -> JSON? {
    await on(loop) { [house] in house.value.seen.withLock { $0.replies[id] } }
  }

  static func profile(_ identity: String = "SIM-1", _ kind: StationProfile.Kind = .ac22) -> StationProfile {
    var profile = StationProfile(identity: identity, kind: kind, connectors: 1, password: Bytes(utf8: "secret"))
    profile.retry.first = .milliseconds(20)
    profile.retry.longest = .milliseconds(40)
    profile.retry.reboot = .milliseconds(20)
    profile.habits.plugsInAfterSeconds = 1
    profile.habits.leavesAfterSeconds = nil
    return profile
  }
}
