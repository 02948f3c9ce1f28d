import Net
import Testing

@testable import HTTP

@Suite struct IncomingBodyTests {
  /// Takes a body as fast as it comes and answers with its size.
  private static func count(_ body: IncomingBody, _ exchange: Exchange, _ log: Log = Log(), so far: Int = 0) {
    body.next { piece in
      switch piece {
      case .bytes(let bytes): count(body, exchange, log, so: far + bytes.count)
      case .end: exchange.respond(.text("\(far)"))
      case .broken: log.add("broken")
      }
    }
  }

  private func counting(_ limits: HTTPLimits.Server = .init(), limit: Int? = nil, log: Log = Log()) throws -> TestServer
  {
    try TestServer(limits: limits, pieces: true, limit: { _ in limit }) { request, exchange in
      guard let body = exchange.incoming else { return exchange.respond(.text("no body")) }
      Self.count(body, exchange, log)
    }
  }

  @Test func aBodyInPiecesIsTakenWholeAndTheConnectionGoesOn() throws {
    let peer = try RawPeer(try counting(limit: 1 << 30).kept.port)
    let block = [UInt8](repeating: 0x61, count: 1 << 20)
    peer.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \(5 << 20)\r\n\r\n")
    for _ in 0..<5 { peer.send(block) }
    #expect(try peer.answer().body == "\(5 << 20)")
    peer.send("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
    for byte in "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" { peer.send(String(byte)) }
    #expect(try peer.answer().body == "5")
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try peer.answer().body == "no body")
  }

  @Test func nothingIsReadThatNobodyTakes() throws {
    let held = Box<LoopBound<Exchange>>()
    let server = try TestServer(pieces: true, limit: { _ in 1 << 30 }) { _, exchange in
      held.set(LoopBound(exchange, loop: exchange.loop))
    }
    let peer = try RawPeer(server.port)
    peer.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \(64 << 20)\r\n\r\n")
    let exchange = try #require(held.wait())
    // The kernel's two buffers take some megabytes; then this side is stopped.
    let block = [UInt8](repeating: 0x61, count: 1 << 20)
    let sent = peer.sendWhatGoes(block, upTo: 64)
    #expect(sent < 64 << 20)
    let first: Int = on(server.loop) {
      var size = 0
      exchange.value.incoming?.next { if case .bytes(let bytes) = $0 { size = bytes.count } }
      return size
    }
    #expect(first <= HTTPLimits.Server().uploadBytes + Net.Limits.readBudget)
    #expect(first > 0)
  }

  @Test func whoAsksFirstIsToldToGoOnWhenTheBodyIsWanted() throws {
    let held = Box<LoopBound<Exchange>>()
    let server = try TestServer(pieces: true) { request, exchange in
      if request.path == ["refused"] { return exchange.respond(.text("no", status: .forbidden)) }
      held.set(LoopBound(exchange, loop: exchange.loop))
    }
    let refused = try RawPeer(server.port)
    refused.send("PUT /refused HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    let answer = try refused.answer()
    #expect(answer.status == 403)
    #expect(answer.headers["connection"] == "close")
    #expect(refused.isEnded)
    let wanted = try RawPeer(server.port)
    wanted.send("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    let exchange = try #require(held.wait())
    on(server.loop) { Self.count(exchange.value.incoming!, exchange.value) }
    #expect(wanted.text(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
    wanted.send("abc")
    #expect(try wanted.answer().body == "3")
  }

  @Test func tooLargeOnesAreRefusedAlsoWhereTheyDoNotSayHowLargeTheyAre() throws {
    let log = Log()
    let server = try counting(limit: 4, log: log)
    let told = try RawPeer(server.port)
    told.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
    #expect(try told.answer().status == 413)
    let untold = try RawPeer(server.port)
    untold.send("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n")
    #expect(try untold.answer().status == 413)
    #expect(log.wait(for: 1) == ["broken"])
  }

  @Test func aBodyThatEndsEarlyOrIsBrokenIsTold() throws {
    var limits = HTTPLimits.Server()
    limits.bodyDeadline = .milliseconds(50)
    let log = Log()
    let server = try counting(limits, log: log)
    let gone = try RawPeer(server.port)
    gone.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
    gone.close()
    #expect(log.wait(for: 1).count == 1)
    let broken = try RawPeer(server.port)
    broken.send("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx")
    #expect(try broken.answer().status == 400)
    #expect(log.wait(for: 2).count == 2)
    let slow = try RawPeer(server.port)
    slow.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
    #expect(try slow.answer().status == 408)
    #expect(log.wait(for: 3) == ["broken", "broken", "broken"])
  }
}
