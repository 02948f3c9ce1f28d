import Dispatch
import Domain
import HTTP
import Net
@testable import OCPP
import Synchronization
import Testing
import Wire

/// A house that decides each errand at once, unless it is stuck, and remembers who came and went.
@MainActor
final class TestHouse: Household, StationDoor {
  let desk = Desk()
  var callers: [StationCaller] = []
  /// What the door says; by default everybody is welcome.
  var admission: Admission?
  var quirks = StationQuirks()
  var registration = Station.Registration.pending
  var zone = ZoneRules.utc
  var opened: [LinkID] = []
  var closed: [String] = []
  var seen: [LinkID] = []
  var sentAway: [String] = []
  /// Every turn fails with it.
  var fault: TurnFault?
  /// Errands wait, as with a slow disk.
  var isStuck = false {
    didSet {
      guard !isStuck else { return }
      let errands = waiting
      waiting = []
      errands.forEach(take)
    }
  }
  var waiting: [Errand] = []
  var turns = 0

  nonisolated init() {}

  nonisolated func bring(_ errand: Errand) { onMain { self.take(errand) } }

  private func take(_ errand: Errand) {
    guard !isStuck else { return waiting.append(errand) }
    turns += 1
    if let fault { return errand.fail(fault) }
    do throws(TurnFault) {
      let answer = try errand.decide()
      answer()
    } catch {
      errand.fail(error)
    }
  }

  func admit(_ caller: StationCaller) -> Admission {
    callers.append(caller)
    if let admission { return admission }
    return .welcome(
      Admission.Guest(identity: caller.identity, station: ID(1), registration: registration, quirks: quirks, zone: zone)
    )
  }

  func turnedAway(_ caller: StationCaller, because why: String) { sentAway.append(why) }

  func opened(
    _ link: LinkID, of station: Admission.Guest, version: String, address: String
  ) throws(TurnFault) -> any StationService {
    opened.append(link)
    return desk
  }

  func closed(_ link: LinkID, reason: String) { closed.append(reason) }

  func seen(_ link: LinkID, at: Timestamp) { seen.append(link) }

  var followers: [FollowerState.Phase] = []
  func followed(_ link: LinkID, _ state: FollowerState) { followers.append(state.phase) }
}

/// Keeps the frames that were logged.
final class FrameList: FrameLog {
  private let frames = Mutex<[LoggedFrame]>([])

  func record(_ frame: LoggedFrame) { frames.withLock { $0.append(frame) } }

  var all: [LoggedFrame] { frames.withLock { $0 } }
}

/// A station's door on loops of its own, with a house behind it.
@MainActor
final class Rig {
  let loops: [EventLoop]
  var loop: EventLoop { loops[0] }
  let house = TestHouse()
  let frames = FrameList()
  let servers: [LoopBound<StationServer>]
  var stations: LoopBound<StationServer> { servers[0] }
  let links: StationLinks
  let port: UInt16
  private let doors: [LoopBound<Server>]

  init(settle: Duration = .seconds(60), loops count: Int = 1) async throws {
    var loops: [EventLoop] = []
    var servers: [LoopBound<StationServer>] = []
    var doors: [LoopBound<Server>] = []
    let (house, frames) = (house, frames)
    for index in 0..<count {
      let loop = try EventLoop(label: "test.stations", readiness: OverBoth.readiness)
      let made = await loop.run { loop in
        var options = StationServer.Options()
        options.settle = settle
        let stations = StationServer(
          loop: loop, index: UInt8(index), household: house, door: house, frameLog: frames, options: options)
        return (stations.handle, Server(loop: loop, door: "stations", handler: stations).handle)
      }
      loops.append(loop)
      servers.append(made.0)
      doors.append(made.1)
    }
    (self.loops, self.servers, self.doors) = (loops, servers, doors)
    let others = Array(doors.dropFirst())
    let door = doors[0]
    port = await loops[0].run { _ in
      (try? door.value.listen(on: .v4(0x7F00_0001, port: 0), sharedWith: others))?.port ?? 0
    }
    links = StationLinks(servers)
  }

  deinit { for loop in loops { loop.shutdown {} } }

  /// Connects as a station does. Throws the door's refusal.
  func connect(
    _ path: String = "/ocpp/CP1", offering: [String] = ["ocpp1.6"], headers: Headers = Headers(), packs: Bool = false
  ) async throws -> Peer {
    var options = WebSocketClient.Options(subprotocols: offering, headers: headers)
    options.offersCompression = packs
    options.limits.packedBytes = 1...OCPPLimits.messageBytes
    options.limits.idleLimit = nil
    let url = try HTTPURL("ws://127.0.0.1:\(port)\(path)")
    let (events, eventSink) = AsyncStream.makeStream(of: String.self)
    let (loop, asked) = (loop, options)
    let result: Result<LoopBound<WebSocket>, ClientFault> = await withCheckedContinuation { done in
      loop.execute {
        WebSocketClient.connect(url, asked, loop: loop, handler: PeerHandler(eventSink)) { result in
          done.resume(returning: result.map { LoopBound($0, loop: loop) })
        }
      }
    }
    return Peer(webSocket: try result.get(), events: events)
  }

  /// The status with which the door refuses an upgrade.
  func refusal(
    _ path: String = "/ocpp/CP1", offering: [String] = ["ocpp1.6"], headers: Headers = Headers()
  ) async throws -> Int? {
    do {
      _ = try await connect(path, offering: offering, headers: headers)
      return nil
    } catch ClientFault.refusedUpgrade(let status) {
      return status.rawValue
    }
  }

  /// Calls a command on a link, else on the newest, and waits for its end.
  func command(
    _ command: StationCommand, on link: LinkID? = nil, deadline seconds: Int = 10
  ) async -> CommandOutcome {
    let link = link ?? house.opened.last ?? LinkID(0)
    return await withCheckedContinuation { done in
      links.call(command, on: link, deadline: seconds) { done.resume(returning: $0) }
    }
  }

  /// Waits until something that other threads do is done.
  func until(_ condition: @MainActor () -> Bool) async {
    for _ in 0..<2_000 where !condition() { try? await Task.sleep(for: .milliseconds(5)) }
    #expect(condition())
  }
}

extension EventLoop {
  /// Runs something on the loop and brings back what it returns.
  func run<T: Sendable>(_ body: @escaping @Sendable (EventLoop) -> T) async -> T {
    await withCheckedContinuation { done in execute { done.resume(returning: body(self)) } }
  }
}

/// The station's end of a link.
struct Peer: Sendable {
  let webSocket: LoopBound<WebSocket>
  /// Texts as they are, and `closed CODE REASON` at the end.
  let events: AsyncStream<String>

  func send(_ text: String) {
    let webSocket = webSocket
    webSocket.loop.execute { webSocket.value.send(text: Bytes(utf8: text)) }
  }

  func send(binary text: String) {
    let webSocket = webSocket
    webSocket.loop.execute { webSocket.value.send(binary: Bytes(utf8: text)) }
  }

  func close() {
    let webSocket = webSocket
    webSocket.loop.execute { webSocket.value.close() }
  }
}

private final class PeerHandler: WebSocketHandler {
  private let events: AsyncStream<String>.Continuation

  init(_ events: AsyncStream<String>.Continuation) { self.events = events }

  func webSocket(_ webSocket: WebSocket, text: [UInt8]) { events.yield(String(decoding: text, as: UTF8.self)) }

  func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) {
    events.yield("closed \(code ?? 0) \(reason)")
    events.finish()
  }
}

/// A status notification of connector 1.
func status(_ id: String, _ word: String = "Available", connector: String = "1") -> String {
  #"[2,"\#(id)","StatusNotification",{"connectorId":\#(connector),"errorCode":"NoError","status":"\#(word)"}]"#
}

let boot = #"[2,"boot","BootNotification",{"chargePointVendor":"Acme","chargePointModel":"One"}]"#
