import Dispatch
import Glibc
import Net
import Synchronization
import Testing
import Wire

@testable import HTTP

/// Sends back what it hears, and tells what happened.
final class Echo: WebSocketHandler {
  let log: Log
  var onOpen: ((WebSocket) -> Void)?

  init(_ log: Log = Log()) { self.log = log }

  func webSocketDidOpen(_ webSocket: WebSocket) { onOpen?(webSocket) }
  func webSocket(_ webSocket: WebSocket, text: [UInt8]) { webSocket.send(text: text) }
  func webSocket(_ webSocket: WebSocket, binary: [UInt8]) { webSocket.send(binary: binary) }
  func webSocketDidPong(_ webSocket: WebSocket) { log.add("pong") }
  func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) {
    log.add("closed \(code.map { "\($0)" } ?? "-") \(reason)\(clean ? " cleanly" : "")")
  }
}

let upgrade =
  "GET /ocpp/CS1 HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
  + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

func echoServer(_ log: Log = Log(), _ options: WebSocketOptions = WebSocketOptions()) throws -> TestServer {
  try TestServer { _, exchange in exchange.accept(options, handler: Echo(log)) }
}

@Suite(.overBothReadinessSets) struct WebSocketServerTests {
  private func open(_ server: TestServer, extra: String = "", then bytes: [UInt8] = []) throws -> RawPeer {
    let peer = try RawPeer(server.port)
    peer.send(Array((upgrade + extra + "\r\n").utf8) + bytes)
    let head = peer.text(until: "\r\n\r\n")
    #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
    #expect(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
    #expect(head.contains("Connection: Upgrade\r\n"))
    #expect(!head.contains("Content-Length"))
    return peer
  }

  @Test func messagesGoThereAndBack() throws {
    let peer = try open(echoServer().kept)
    for count in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
      let text = [UInt8](repeating: 0x61, count: count)
      peer.send(frame(1, text))
      #expect(try peer.frame() == (0x81, text))
    }
    peer.send(frame(2, [0xFF]))
    #expect(try peer.frame() == (0x82, [0xFF]))
    peer.send(frame(9, [1, 2, 3]))
    #expect(try peer.frame() == (0x8A, [1, 2, 3]))
  }

  @Test func closingIsAnsweredAndTold() throws {
    let log = Log()
    let peer = try open(echoServer(log).kept)
    peer.send(frame(8, [0x0F, 0xA0] + Array("bye".utf8)))
    #expect(try peer.frame() == (0x88, [0x0F, 0xA0]))
    #expect(peer.isEnded)
    #expect(log.wait(for: 1) == ["closed 4000 bye cleanly"])
  }

  @Test func bytesBehindTheRequestAreNotLost() throws {
    let peer = try open(echoServer().kept, then: frame(1, Array("early".utf8)) + frame(1, Array("bird".utf8)))
    #expect(try peer.frame().1 == Array("early".utf8))
    #expect(try peer.frame().1 == Array("bird".utf8))
  }

  @Test func theyAreNotLostWhileSomebodyDecidesEither() throws {
    let held = Box<Responder>()
    let server = try TestServer { _, exchange in held.set(exchange.responder) }
    let peer = try RawPeer(server.port)
    peer.send(Array((upgrade + "\r\n").utf8) + frame(1, Array("early".utf8)))
    let responder = try #require(held.wait())
    peer.send(frame(1, Array("bird".utf8)))
    responder.onLoop { $0.accept(handler: Echo()) }
    _ = peer.text(until: "\r\n\r\n")
    #expect(try peer.frame().1 == Array("early".utf8))
    #expect(try peer.frame().1 == Array("bird".utf8))
  }

  @Test func theHandlerMayRefuse() throws {
    let server = try TestServer { _, exchange in
      let responder = exchange.responder
      DispatchQueue.global().async { responder.respond(.text("who are you?", status: .unauthorized)) }
    }
    let peer = try RawPeer(server.port)
    peer.send(upgrade + "\r\n")
    #expect(try peer.answer().status == 401)
  }

  @Test(arguments: [
    ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", 426), ("Sec-WebSocket-Version: 13\r\n", "", 426),
    ("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=", 400), ("dGhlIHNhbXBsZSBub25jZQ==", "!", 400),
    ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 400), ("Connection: keep-alive, Upgrade\r\n", "", 400),
    ("Upgrade: websocket\r\n", "", 426), ("GET", "POST", 426), ("Upgrade: websocket", "Upgrade: h2c", 426),
  ])
  func brokenHandshakesAreRefused(what: String, with: String, status: Int) throws {
    let server = try echoServer()
    let peer = try RawPeer(server.port)
    peer.send(replacing(upgrade, what, with) + "\r\n")
    let answer = try peer.answer()
    #expect(answer.status == status)
    if status == 426 {
      #expect(answer.headers["upgrade"] == "websocket")
      #expect(answer.headers["connection"]?.hasPrefix("Upgrade") == true)
    }
  }

  @Test func aMissingConnectionFieldIsForgivenWhereTheHandlerSaysSo() throws {
    var options = WebSocketOptions()
    options.requiresConnectionUpgrade = false
    let server = try echoServer(Log(), options)
    let peer = try RawPeer(server.port)
    peer.send(replacing(upgrade, "Connection: keep-alive, Upgrade\r\n", "") + "\r\n")
    #expect(peer.text(until: "\r\n\r\n").hasPrefix("HTTP/1.1 101"))
  }

  @Test func theSubprotocolIsNamedOnlyIfChosen() throws {
    let server = try TestServer { request, exchange in
      exchange.accept(WebSocketOptions(subprotocol: request.upgrade?.subprotocols.last), handler: Echo())
    }
    for (offer, chosen) in [("Sec-WebSocket-Protocol: ocpp2.0.1, ocpp1.6\r\n", true), ("", false)] {
      let peer = try RawPeer(server.port)
      peer.send(upgrade + offer + "\r\n")
      #expect(peer.text(until: "\r\n\r\n").contains("Sec-WebSocket-Protocol: ocpp1.6\r\n") == chosen)
    }
  }

  @Test(arguments: [
    (frame(1, [0x61], mask: nil), 1002), (frame(1, [0x61], rsv: 4), 1002), (frame(1, [0xFF]), 1007),
    (frame(3, []), 1002),
    (frame(2, [], length: 1 << 40, form: 8), 1009), (frame(8, [3]), 1002),
  ])
  func brokenFramesAreAnsweredWithTheirCode(bytes: [UInt8], code: Int) throws {
    let log = Log()
    let peer = try open(echoServer(log).kept)
    peer.send(bytes)
    let (first, payload) = try peer.frame()
    #expect(first == 0x88)
    #expect(Int(payload[0]) << 8 | Int(payload[1]) == code)
    #expect(peer.isEnded)
    #expect(log.wait(for: 1).first?.hasPrefix("closed \(code) ") == true)
  }

  @Test func aConnectionThatBreaksIsTold() throws {
    let log = Log()
    let peer = try open(echoServer(log).kept)
    peer.reset()
    #expect(log.wait(for: 1) == ["closed - the connection was reset by the peer"])
  }

  @Test func compressedMessagesAreReadAndAnswered() throws {
    let server = try echoServer()
    let peer = try RawPeer(server.port)
    peer.send(upgrade + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n")
    let head = peer.text(until: "\r\n\r\n")
    #expect(
      head.contains(
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"))
    let deflate = Deflate()
    let long = Array(String(repeating: "MeterValues ", count: 50).utf8)
    let packed = try #require(long.withUnsafeBytes { deflate.pack($0) })
    peer.send(frame(1, packed, rsv: 4))
    let (first, payload) = try peer.frame()
    #expect(first == 0xC1)
    #expect(payload.count < long.count / 2)
    #expect(try deflate.unpack(payload, limit: long.count) == long)
    // Short ones go plain, in both directions.
    peer.send(frame(1, Array("short".utf8)))
    #expect(try peer.frame() == (0x81, Array("short".utf8)))
    // In fragments, only the first of which has the bit.
    peer.send(frame(1, Array(packed[..<5]), fin: false, rsv: 4) + frame(9, []) + frame(0, Array(packed[5...])))
    #expect(try peer.frame().0 == 0x8A)
    #expect(try deflate.unpack(try peer.frame().1, limit: long.count) == long)
  }

  @Test func aBombIsClosedWith1009AndBrokenBytesWith1007() throws {
    let server = try echoServer()
    let deflate = Deflate()
    let zeros = [UInt8](repeating: 0x20, count: 8 << 20)
    let bomb = try #require(zeros.withUnsafeBytes { deflate.pack($0) })
    let latin = try #require([UInt8](repeating: 0xE4, count: 200).withUnsafeBytes { deflate.pack($0) })
    for (bytes, code) in [(bomb, 1009), ([0xFF, 0xFF], 1007), (latin, 1007)] {
      let peer = try RawPeer(server.port)
      peer.send(upgrade + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
      _ = peer.text(until: "\r\n\r\n")
      peer.send(frame(1, bytes, rsv: 4))
      let payload = try peer.frame().1
      #expect(Int(payload[0]) << 8 | Int(payload[1]) == code)
    }
  }

  @Test func aSilentPeerIsPingedAndThenDropped() throws {
    var options = WebSocketOptions()
    options.limits.pingInterval = .milliseconds(30)
    options.limits.idleLimit = .milliseconds(200)
    let log = Log()
    let peer = try open(echoServer(log, options).kept)
    #expect(try peer.frame() == (0x89, []))
    #expect(log.wait(for: 1).first?.hasPrefix("closed - silent") == true)
  }

  @Test func aPongIsTold() throws {
    let log = Log()
    let server = try TestServer { _, exchange in exchange.accept(handler: Echo(log))?.ping() }
    let peer = try open(server)
    #expect(try peer.frame() == (0x89, []))
    peer.send(frame(10, []))
    #expect(log.wait(for: 1) == ["pong"])
  }

  @Test func aCloseThatIsNotAnsweredEndsAnyway() throws {
    var options = WebSocketOptions()
    options.limits.closeDeadline = .milliseconds(40)
    let log = Log()
    let server = try TestServer { [options] _, exchange in
      exchange.accept(options, handler: Echo(log))?.close(code: CloseCode.policy, reason: "no")
    }
    let peer = try open(server)
    #expect(try peer.frame() == (0x88, [0x03, 0xF0, 0x6E, 0x6F]))
    #expect(log.wait(for: 1) == ["closed 1008 no"])
  }

  @Test func aCloseThatIsAnsweredIsClean() throws {
    let log = Log()
    let server = try TestServer { _, exchange in
      exchange.accept(handler: Echo(log))?.close(code: CloseCode.goingAway, reason: "later")
    }
    let peer = try open(server)
    _ = try peer.frame()
    peer.send(frame(1, Array("crossing".utf8)) + frame(8, [0x03, 0xE9]))
    #expect(log.wait(for: 1) == ["closed 1001 later cleanly"])
    #expect(peer.isEnded)
  }

  @Test func aDeafPeerIsDropped() throws {
    var options = WebSocketOptions()
    options.limits.pendingBytes = 200_000
    let log = Log()
    let opened = Box<LoopBound<WebSocket>>()
    let server = try TestServer { [options] _, exchange in
      guard let webSocket = exchange.accept(options, handler: Echo(log)) else { return }
      opened.set(LoopBound(webSocket, loop: exchange.loop))
    }
    let peer = try RawPeer(server.port, receiveBuffer: 4_096)
    peer.send(upgrade + "\r\n")
    let webSocket = try #require(opened.wait())
    for _ in 0..<20_000 where log.all.isEmpty {
      _ = on(server.loop) { webSocket.value.send(text: [UInt8](repeating: 0x61, count: 10_000)) }
    }
    #expect(log.wait(for: 1) == ["closed - the peer does not read what is sent to it"])
    withExtendedLifetime(peer) {}
  }

  @Test func manyPingsAreAnsweredAndAFloodIsEnded() throws {
    var options = WebSocketOptions()
    options.limits.controlFrames = 500
    options.limits.controlPeriod = .seconds(600)
    let log = Log()
    let peer = try open(echoServer(log, options).kept)
    let ping = frame(9, [7])
    peer.send(Array(repeating: ping, count: 500).flatMap { $0 })
    for _ in 0..<500 { #expect(try peer.frame() == (0x8A, [7])) }
    peer.send(frame(1, Array("still here".utf8)))
    #expect(try peer.frame().1 == Array("still here".utf8))
    peer.send(frame(10, []))
    #expect(try peer.frame() == (0x88, [0x03, 0xF0] + Array("too many pings".utf8)))
    #expect(log.wait(for: 1) == ["closed 1008 too many pings"])
  }

  @Test func aPeerThatDoesNotReadItsPongsFillsNoQueue() throws {
    var options = WebSocketOptions()
    options.limits.controlFrames = 100_000
    let log = Log()
    let peer = try open(echoServer(log, options).kept)
    let ping = frame(9, [UInt8](repeating: 1, count: 125))
    let flood = Array(repeating: ping, count: 2_000).flatMap { $0 }
    for _ in 0..<20 { peer.send(flood) }
    // 5 MB of pongs were asked for; the connection lives on and still answers.
    peer.send(frame(1, Array("done".utf8)))
    while true {
      let (first, payload) = try peer.frame()
      if first == 0x81 {
        #expect(payload == Array("done".utf8))
        break
      }
      #expect(first == 0x8A)
    }
    #expect(log.all.isEmpty)
  }

  @Test func manySmallMessagesAreSharedAmongTurnsAndNoneIsLost() throws {
    var options = WebSocketOptions()
    options.limits.turnBytes = 3 * HTTPLimits.WebSocket.messageShare
    let peer = try open(echoServer(Log(), options).kept)
    let texts = (0..<1_000).map { Array("message \($0)".utf8) }
    peer.send(texts.flatMap { frame(1, $0) } + frame(8, [0x03, 0xE8]))
    for text in texts { #expect(try peer.frame() == (0x81, text)) }
    #expect(try peer.frame() == (0x88, [0x03, 0xE8]))
  }

  @Test func aLargePackedMessageIsInflatedBesideTheLoopAndKeepsItsPlace() throws {
    let log = Log()
    let server = try echoServer(log)
    let packs = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    let (slow, other) = (try open(server, extra: packs), try open(server))
    let deflate = Deflate()
    let large = [UInt8](repeating: 0x61, count: 200_000)
    let packed = try #require(large.withUnsafeBytes { deflate.pack($0) })
    // Whatever is inflated beside the loop waits behind this.
    let gate = DispatchSemaphore(value: 0)
    defer { gate.signal() }
    server.loop.beside {
      gate.wait()
    } done: { _ in
    }
    slow.send(frame(1, Array("before".utf8)) + frame(1, packed, rsv: 4) + frame(1, Array("behind".utf8)))
    #expect(try slow.frame().1 == Array("before".utf8))
    // Nobody else waits, and what comes behind it does.
    other.send(frame(1, Array("meanwhile".utf8)))
    #expect(try other.frame().1 == Array("meanwhile".utf8))
    slow.send(frame(9, [1]) + frame(8, [0x03, 0xE8]))
    gate.signal()
    #expect(try slow.frame() == (0x81, large))
    #expect(try slow.frame() == (0x81, Array("behind".utf8)))
    #expect(try slow.frame() == (0x8A, [1]))
    #expect(try slow.frame() == (0x88, [0x03, 0xE8]))
    #expect(log.wait(for: 1) == ["closed 1000  cleanly"])
  }

  @Test func whoLeavesWhileItsMessageIsInflatedIsLetGo() throws {
    let log = Log()
    let server = try echoServer(log)
    var peer: RawPeer? = try open(server, extra: "Sec-WebSocket-Extensions: permessage-deflate\r\n")
    let packed = try #require([UInt8](repeating: 0x61, count: 200_000).withUnsafeBytes { Deflate().pack($0) })
    let gate = DispatchSemaphore(value: 0)
    defer { gate.signal() }
    server.loop.beside {
      gate.wait()
    } done: { _ in
    }
    peer?.send(frame(1, packed, rsv: 4))
    peer?.reset()
    peer = nil
    #expect(log.wait(for: 1).first?.hasPrefix("closed - ") == true)
    gate.signal()
    let done = Box<Void>()
    server.loop.beside {
    } done: {
      done.set(())
    }
    #expect(done.wait() != nil)
    #expect(log.all.count == 1 && server.connections == 0)
  }

  @Test(arguments: [(16_384, 16_384), (16_384, 16_385), (40_000, 40_000)])
  func atBothSidesOfTheBoundAMessageIsTheSame(limit: Int, count: Int) throws {
    var options = WebSocketOptions()
    options.limits.messageBytes = limit
    let peer = try open(echoServer(Log(), options).kept, extra: "Sec-WebSocket-Extensions: permessage-deflate\r\n")
    let text = (0..<count).map { UInt8(0x61 + $0 % 7) }
    peer.send(frame(1, try #require(text.withUnsafeBytes { Deflate().pack($0) }), rsv: 4))
    let (first, payload) = try peer.frame()
    if count > limit {
      #expect(first == 0x88 && payload.prefix(2) == [0x03, 0xF1])
    } else {
      #expect(first == 0xC1)
      #expect(try Deflate().unpack(payload, limit: count) == text)
    }
  }

  @Test func nobodyIsToldAnythingWhileReadingIsPaused() throws {
    final class Slow: WebSocketHandler {
      let log: Log
      init(_ log: Log) { self.log = log }
      func webSocket(_ webSocket: WebSocket, text: [UInt8]) {
        log.add(String(decoding: text, as: UTF8.self))
        webSocket.pauseReading()
        let (bound, log) = (LoopBound(webSocket, loop: webSocket.loop), log)
        webSocket.loop.execute {
          log.add("ready")
          bound.value.resumeReading()
        }
      }
      func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) {
        log.add("closed \(code ?? 0)")
      }
    }
    let log = Log()
    let server = try TestServer { _, exchange in exchange.accept(handler: Slow(log)) }
    let peer = try open(server)
    peer.send(["a", "b", "c"].flatMap { frame(1, Array($0.utf8)) } + frame(8, [0x03, 0xE8]))
    #expect(log.wait(for: 7) == ["a", "ready", "b", "ready", "c", "ready", "closed 1000"])
  }

  @Test func aMessageThatTricklesInIsEndedAndAWholeOneIsNot() throws {
    var options = WebSocketOptions()
    options.limits.messageDeadline = .milliseconds(150)
    let peer = try open(echoServer(Log(), options).kept)
    let whole = frame(1, Array("whole".utf8))
    peer.send(Array(whole.prefix(7)))
    peer.send(Array(whole.dropFirst(7)))
    #expect(try peer.frame() == (0x81, Array("whole".utf8)))
    // Pings in between do not count as the message's own progress.
    peer.send(frame(1, [0x61], fin: false) + frame(9, []))
    #expect(try peer.frame() == (0x8A, []))
    #expect(try peer.frame() == (0x88, [0x03, 0xF0] + Array("a message took too long".utf8)))
  }

  @Test func whoTakesNothingForALongTimeIsDropped() throws {
    var options = WebSocketOptions()
    options.limits.drainDeadline = .milliseconds(100)
    let log = Log()
    let opened = Box<LoopBound<WebSocket>>()
    let server = try TestServer { [options] _, exchange in
      guard let webSocket = exchange.accept(options, handler: Echo(log)) else { return }
      opened.set(LoopBound(webSocket, loop: exchange.loop))
    }
    let peer = try RawPeer(server.port, receiveBuffer: 4_096)
    peer.send(upgrade + "\r\n")
    let webSocket = try #require(opened.wait())
    // More than the kernel takes, less than the bound of what may wait.
    _ = on(server.loop) { webSocket.value.send(text: [UInt8](repeating: 0x61, count: 3_900_000)) }
    #expect(log.wait(for: 1) == ["closed - the peer does not read what is sent to it"])
    withExtendedLifetime(peer) {}
  }
}

@Suite(.overBothReadinessSets) struct CompressionTests {
  @Test(arguments: [
    (["permessage-deflate"], 15, false), (["permessage-deflate; client_max_window_bits"], 15, false),
    (["permessage-deflate; server_max_window_bits=10"], 10, true),
    (["permessage-deflate; server_max_window_bits=\"9\""], 9, true),
    (["permessage-deflate; server_max_window_bits=8", "permessage-deflate"], 15, false),
    (
      ["x-webkit-deflate-frame", "permessage-deflate; client_no_context_takeover; server_no_context_takeover"], 15,
      false
    ),
  ])
  func goodOffersAreAgreedTo(offers: [String], bits: Int32, names: Bool) {
    #expect(Compression.agreed(to: offers) == Compression(windowBits: bits, namesWindow: names))
  }

  @Test(arguments: [
    "permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=16",
    "permessage-deflate; server_max_window_bits=010", "permessage-deflate; unknown",
    "permessage-deflate; client_max_window_bits=7",
    "permessage-deflate; client_no_context_takeover=1",
    "permessage-deflate; client_max_window_bits; client_max_window_bits", "deflate",
  ])
  func badOffersAreDeclined(offer: String) { #expect(Compression.agreed(to: [offer]) == nil) }

  @Test func aServersAnswerMustBeWhatWeOffered() {
    #expect(Compression.accepted(["permessage-deflate; server_no_context_takeover"]) != nil)
    #expect(Compression.accepted([Compression().answer]) == Compression())
    #expect(Compression.accepted(["permessage-deflate"]) == nil)
    let bounded = "permessage-deflate; server_no_context_takeover; client_max_window_bits"
    #expect(Compression.accepted([bounded + "=10"]) == Compression(windowBits: 10))
    #expect(Compression.accepted([bounded]) == nil)
    #expect(Compression.accepted([bounded + "=16"]) == nil)
    #expect(Compression.accepted(["permessage-deflate; server_no_context_takeover", "permessage-deflate"]) == nil)
  }
}

@Suite(.overBothReadinessSets) struct WebSocketClientTests {
  private func connect(
    _ url: HTTPURL, _ options: WebSocketClient.Options, loop: EventLoop,
    handler: @escaping @Sendable () -> any WebSocketHandler
  ) -> Result<LoopBound<WebSocket>, ClientFault>? {
    let box = Box<Result<LoopBound<WebSocket>, ClientFault>>()
    loop.execute {
      WebSocketClient.connect(url, options, loop: loop, handler: handler()) { result in
        box.set(result.map { LoopBound($0, loop: loop) })
      }
    }
    return box.wait()
  }

  /// Sends the next message when the last one came back.
  private final class Counter: WebSocketHandler {
    let log: Log
    let count: Int
    var heard = 0
    init(_ log: Log, _ count: Int) { (self.log, self.count) = (log, count) }
    func webSocketDidOpen(_ webSocket: WebSocket) { webSocket.send(text: Array("message 0 \(pad(0))".utf8)) }
    func webSocket(_ webSocket: WebSocket, text: [UInt8]) {
      if text != Array("message \(heard) \(pad(heard))".utf8) { log.add("wrong message \(heard)") }
      heard += 1
      if heard == count { return webSocket.close(reason: "done") }
      webSocket.send(text: Array("message \(heard) \(pad(heard))".utf8))
    }
    func pad(_ number: Int) -> String { String(repeating: "x", count: number * 7 % 1_000) }
    func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) {
      log.add("\(heard) \(code.map { "\($0)" } ?? "-") \(reason) \(clean)")
    }
  }

  @Test(arguments: [false, true])
  func ourTwoSidesUnderstandEachOther(compresses: Bool) throws {
    let serverLog = Log()
    var accepting = WebSocketOptions()
    accepting.subprotocol = "ocpp1.6"
    let server = try echoServer(serverLog, accepting)
    var options = WebSocketClient.Options(subprotocols: ["ocpp1.6"], headers: ["Authorization": "Basic eDp5"])
    options.offersCompression = compresses
    let log = Log()
    let loop = try EventLoop(label: "test.client", readiness: OverBoth.readiness)
    let webSocket = try #require(
      connect(try server.url("/CS1", scheme: "ws"), options, loop: loop) { Counter(log, 2_000) }
    ).get()
    #expect(on(loop) { webSocket.value.isCompressed } == compresses)
    #expect(on(loop) { webSocket.value.subprotocol } == "ocpp1.6")
    #expect(log.wait(for: 1) == ["2000 1000 done true"])
    #expect(serverLog.wait(for: 1) == ["closed 1000 done cleanly"])
    loop.shutdown {}
  }

  @Test func anOrdinaryAnswerIsARefusal() throws {
    let server = try TestServer { request, exchange in
      #expect(request.headers["authorization"] == "Basic x")
      exchange.respond(.text("no", status: .unauthorized))
    }
    let loop = try EventLoop(label: "test.client", readiness: OverBoth.readiness)
    let options = WebSocketClient.Options(headers: ["Authorization": "Basic x"])
    let result = connect(try server.url("/", scheme: "ws"), options, loop: loop) { Echo() }
    #expect(failure(result) == .refusedUpgrade(.unauthorized))
    loop.shutdown {}
  }

  @Test func wrongChoicesAreRefused() throws {
    var accepting = WebSocketOptions(subprotocol: "soap")
    let server = try echoServer(Log(), accepting)
    let loop = try EventLoop(label: "test.client", readiness: OverBoth.readiness)
    let options = WebSocketClient.Options(subprotocols: ["ocpp1.6"])
    guard case .malformed? = failure(connect(try server.url("/", scheme: "ws"), options, loop: loop) { Echo() }) else {
      Issue.record("a subprotocol that nobody offered was taken")
      return
    }
    accepting = WebSocketOptions()
    accepting.headers = ["Sec-WebSocket-Extensions": "permessage-deflate"]
    let other = try echoServer(Log(), accepting)
    guard case .malformed? = failure(connect(try other.url("/", scheme: "ws"), options, loop: loop) { Echo() }) else {
      Issue.record("an extension that nobody offered was taken")
      return
    }
    loop.shutdown {}
  }

  @Test func aClosedPortIsToldWithItsErrno() throws {
    let loop = try EventLoop(label: "test.client", readiness: OverBoth.readiness)
    let url = try HTTPURL("ws://127.0.0.1:1/")
    let result = connect(url, WebSocketClient.Options(), loop: loop) { Echo() }
    #expect(failure(result) == .connect(host: "127.0.0.1", errno: ECONNREFUSED))
    var options = WebSocketClient.Options()
    options.allowPrivate = false
    #expect(
      failure(connect(url, options, loop: loop) { Echo() }) == .refusedAddress(host: "127.0.0.1", address: "127.0.0.1"))
    loop.shutdown {}
  }
}

func failure<T>(_ result: Result<T, ClientFault>?) -> ClientFault? {
  guard case .failure(let fault)? = result else { return nil }
  return fault
}

private func replacing(_ text: String, _ what: String, _ with: String) -> String {
  guard let range = text.firstRange(of: what) else { return text }
  var text = text
  text.replaceSubrange(range, with: with)
  return text
}

extension TestServer {
  /// Lives as long as the tests.
  var kept: TestServer {
    keptServers.withLock { $0.append(self) }
    return self
  }
}

private let keptServers = Mutex<[TestServer]>([])
