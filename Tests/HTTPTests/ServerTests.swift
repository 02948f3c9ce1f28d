import Dispatch
import Glibc
import Net
import Testing
import Wire

@testable import HTTP

private let echo: @Sendable (Request, Exchange) -> Void = { request, exchange in
  exchange.respond(
    .text("\(request.method.rawValue) \(request.target.path) \(String(decoding: request.body, as: UTF8.self))"))
}

@Suite(.overBothReadinessSets) struct ServerTests {
  @Test func aConnectionServesManyRequests() throws {
    let server = try TestServer(echo)
    let peer = try RawPeer(server.port)
    for number in 1...3 {
      peer.send("GET /\(number) HTTP/1.1\r\nHost: h\r\n\r\n")
      let answer = try peer.answer()
      #expect(answer.status == 200)
      #expect(answer.body == "GET /\(number) ")
      #expect(answer.headers["date"]?.hasSuffix(" GMT") == true)
      #expect(answer.headers["content-length"] == "\(answer.body.utf8.count)")
    }
    #expect(server.connections == 1)
  }

  @Test func pipelinedRequestsAreAnsweredInOrderHoweverLongEachTakes() throws {
    let server = try TestServer { request, exchange in
      let responder = exchange.responder
      let name = request.target.path
      if name.hasSuffix("0") { return responder.respond(.text(name)) }
      DispatchQueue.global().async { responder.respond(.text(name)) }
    }
    let peer = try RawPeer(server.port)
    peer.send((0..<200).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined())
    for number in 0..<200 { #expect(try peer.answer().body == "/\(number)") }
  }

  @Test func aPeerThatSendsFarAheadIsPausedAndServed() throws {
    var limits = HTTPLimits.Server()
    limits.pipelinedBytes = 1_000
    let server = try TestServer(limits: limits) { request, exchange in
      let responder = exchange.responder
      DispatchQueue.global().async { responder.respond(.text("\(request.body.count)")) }
    }
    let peer = try RawPeer(server.port)
    let one = "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + String(repeating: "x", count: 100_000)
    peer.send(one + one + one)
    for _ in 0..<3 { #expect(try peer.answer().body == "100000") }
  }

  @Test func chunkedBodiesArriveByteByByte() throws {
    let server = try TestServer(echo)
    let peer = try RawPeer(server.port)
    for byte in "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".utf8
    { peer.send([byte]) }
    #expect(try peer.answer().body == "POST /c abcde")
  }

  @Test func answersWithoutBodyHaveNone() throws {
    let server = try TestServer { request, exchange in
      exchange.respond(request.path == ["none"] ? .empty() : .text("hello"))
    }
    let peer = try RawPeer(server.port)
    peer.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET /none HTTP/1.1\r\nHost: h\r\n\r\n")
    let head = try peer.answer(to: .head)
    #expect(head.headers["content-length"] == "5")
    #expect(head.body.isEmpty)
    let none = try peer.answer()
    #expect(none.status == 204)
    #expect(none.headers["content-length"] == nil)
  }

  @Test func theVersionDecidesWhetherTheConnectionStays() throws {
    let server = try TestServer(echo)
    let old = try RawPeer(server.port)
    old.send("GET / HTTP/1.0\r\n\r\n")
    #expect(try old.answer().headers["connection"] == "close")
    #expect(old.isEnded)
    let kept = try RawPeer(server.port)
    kept.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    #expect(try kept.answer().headers["connection"] == "keep-alive")
    kept.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try kept.answer().headers["connection"] == "close")
    #expect(kept.isEnded)
  }

  @Test func aPeerThatEndsItsSideStillGetsItsAnswer() throws {
    let server = try TestServer { _, exchange in
      let responder = exchange.responder
      DispatchQueue.global().async { responder.respond(.text("late")) }
    }
    let peer = try RawPeer(server.port)
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    peer.endOutput()
    #expect(try peer.answer().body == "late")
    #expect(peer.isEnded)
  }

  @Test func allThatCameBeforeAPeerEndedItsSideIsAnswered() throws {
    let server = try TestServer { request, exchange in
      let (responder, path) = (exchange.responder, request.target.path)
      DispatchQueue.global().asyncAfter(deadline: .now() + 0.05) { responder.respond(.text(path)) }
    }
    let peer = try RawPeer(server.port)
    peer.send("GET /one HTTP/1.1\r\nHost: h\r\n\r\nGET /two HTTP/1.1\r\nHost: h\r\n\r\nGET /half HT")
    peer.endOutput()
    #expect(try peer.answer().body == "/one")
    #expect(try peer.answer().body == "/two")
    #expect(peer.isEnded)
  }

  @Test func whoHangsUpBeforeItIsLookedAtBecomesNoLink() throws {
    let outcome = Log()
    let server = try TestServer { _, exchange in
      let responder = exchange.responder
      DispatchQueue.global().asyncAfter(deadline: .now() + 0.1) {
        responder.onLoop { outcome.add($0.accept(.init(), handler: Echo()) == nil ? "none" : "a link") }
      }
    }
    let peer = try RawPeer(server.port)
    peer.send(
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    peer.endOutput()
    #expect(outcome.wait(for: 1) == ["none"])
    #expect(peer.isEnded)
  }

  @Test func aLateAnswerToHEADHasNoBodyEither() throws {
    var limits = HTTPLimits.Server()
    limits.answerDeadline = .milliseconds(50)
    let server = try TestServer(limits: limits) { _, _ in }
    let peer = try RawPeer(server.port)
    peer.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
    let answer = try peer.answer(to: .head)
    #expect(answer.status == 504)
    #expect(peer.isEnded)
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501), ("GET / HTTP/1.1\r\nHost: h\r\nExpect: cake\r\n\r\n", 417),
    ("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
  ])
  func brokenRequestsGetASentenceAndTheEnd(text: String, status: Int) throws {
    let server = try TestServer(echo)
    let peer = try RawPeer(server.port)
    peer.send(text)
    let answer = try peer.answer()
    #expect(answer.status == status)
    #expect(answer.body.hasSuffix(".\n") || answer.body.hasSuffix("?\n"))
    #expect(peer.isEnded)
  }

  /// Whoever is meant has words of its own for it, as soon as it is known who that is.
  @Test(
    arguments: [
      ("GET /own/a HTTP/1.1\r\n\r\n", 400, "/own/a"), ("BREW /own HTTP/1.1\r\nHost: h\r\n\r\n", 501, "/own"),
      ("GET /own/\u{7F} HTTP/1.1\r\n", 400, "/own/"), ("GET /own/%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "/own/%00"),
      ("GET /own?q=1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "/own?q=1"),
      ("PUT /own HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n", 413, "/own"),
      ("PUT /own HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a", 413, "/own"),
      ("PUT /own HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n", 415, "/own"),
      ("GET /\(String(repeating: "o", count: 9_000)) HTTP/1.1\r\n", 414, "/oooo"),
      ("GET /other HTTP/1.1\r\n\r\n", 400, nil), ("BREW@ /own HTTP/1.1\r\n\r\n", 400, nil),
    ] as [(String, Int, String?)])
  func whatIsRefusedIsSaidInTheWordsOfWhoeverWasMeant(text: String, status: Int, target: String?) throws {
    var limits = HTTPLimits.Server()
    limits.bodyBytes = 10
    let server = try TestServer(
      limits: limits,
      refusal: { refusal, target, _ in
        guard target.hasPrefix("/o"), !target.hasPrefix("/other") else { return nil }
        return .json(Array("[\"\(target.prefix(8))\"]".utf8), status: refusal.status)
      }, echo)
    // A request before it has nothing to do with it.
    let peer = try RawPeer(server.port)
    peer.send("GET /before HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try peer.answer().status == 200)
    peer.send(text)
    let answer = try peer.answer()
    #expect(answer.status == status)
    if let target {
      #expect(answer.body.hasPrefix("[\"\(target.prefix(5))"))
    } else {
      #expect(!answer.body.hasPrefix("["))
    }
    #expect(peer.isEnded)
  }

  @Test func aRefusedHEADHasNoBodyAndHelpsAllTheSame() throws {
    let server = try TestServer(refusal: { refusal, _, _ in .json(Array("{}".utf8), status: refusal.status) }, echo)
    let peer = try RawPeer(server.port)
    peer.send("HEAD / HTTP/1.1\r\nHost: h\r\nExpect: cake\r\n\r\n")
    #expect(peer.rest().hasSuffix("\r\n\r\n"))
  }

  @Test func tlsWhereThereIsNoneIsRefusedInItsOwnLanguage() throws {
    let server = try TestServer(echo)
    let peer = try RawPeer(server.port)
    peer.send("\u{16}\u{03}\u{01}\r\n")
    // The alert handshake_failure.
    #expect(peer.rest() == "\u{15}\u{03}\u{01}\u{00}\u{02}\u{02}\u{28}")
  }

  @Test func bodiesAreBoundedBeforeTheyAreRead() throws {
    var limits = HTTPLimits.Server()
    limits.bodyBytes = 10
    let server = try TestServer(limits: limits, limit: { $0.target.segments == ["large"] ? 20 : nil }, echo)
    func status(_ path: String, _ rest: String) throws -> Int {
      let peer = try RawPeer(server.port)
      peer.send("PUT \(path) HTTP/1.1\r\nHost: h\r\n\(rest)")
      return try peer.answer().status
    }
    #expect(try status("/", "Content-Length: 10\r\n\r\n0123456789") == 200)
    #expect(try status("/", "Content-Length: 11\r\n\r\n") == 413)
    #expect(try status("/", "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n") == 200)
    #expect(try status("/", "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n1\r\nx") == 413)
    #expect(try status("/large", "Content-Length: 20\r\n\r\n01234567890123456789") == 200)
    #expect(try status("/large", "Content-Length: 21\r\n\r\n") == 413)
  }

  @Test func aPeerThatAsksFirstIsToldToGoOn() throws {
    let server = try TestServer(echo)
    let peer = try RawPeer(server.port)
    peer.send("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
    #expect(peer.text(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
    peer.send("ok")
    #expect(try peer.answer().body == "PUT / ok")
  }

  @Test func slowHeadsAndBodiesAreEnded() throws {
    var limits = HTTPLimits.Server()
    limits.headDeadline = .milliseconds(40)
    limits.bodyDeadline = .milliseconds(40)
    limits.idleLimit = .milliseconds(40)
    let server = try TestServer(limits: limits, echo)
    let silent = try RawPeer(server.port)
    #expect(silent.isEnded)
    let slowHead = try RawPeer(server.port)
    slowHead.send("GET / HTTP/1.1\r\nHos")
    #expect(try slowHead.answer().status == 408)
    #expect(slowHead.isEnded)
    let slowBody = try RawPeer(server.port)
    slowBody.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab")
    #expect(try slowBody.answer().status == 408)
    let idle = try RawPeer(server.port)
    idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try idle.answer().status == 200)
    #expect(idle.isEnded)
  }

  @Test func aHandlerThatNeverAnswersIsAnsweredFor() throws {
    var limits = HTTPLimits.Server()
    limits.answerDeadline = .milliseconds(30)
    let log = Log()
    let server = try TestServer(limits: limits) { _, exchange in
      let responder = exchange.responder
      exchange.onAbandoned = {
        log.add("abandoned")
        responder.respond(.text("too late"))
      }
    }
    let peer = try RawPeer(server.port)
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try peer.answer().status == 504)
    #expect(peer.isEnded)
    #expect(log.all == ["abandoned"])
  }

  @Test func onlyTheFirstAnswerCounts() throws {
    let server = try TestServer { _, exchange in
      exchange.respond(.text("first"))
      exchange.respond(.text("second"))
      exchange.responder.respond(.text("third"))
    }
    let peer = try RawPeer(server.port)
    peer.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    #expect(try peer.answer().body == "first")
    #expect(peer.isEnded)
  }

  @Test func anAskerThatVanishesIsNoticed() throws {
    let log = Log()
    let server = try TestServer { _, exchange in
      exchange.onAbandoned = { log.add("gone") }
      log.add("asked")
    }
    let peer = try RawPeer(server.port)
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    _ = log.wait(for: 1)
    peer.reset()
    #expect(log.wait(for: 2) == ["asked", "gone"])
  }

  @Test func connectionsAreBoundedInAll() throws {
    var limits = HTTPLimits.Server()
    limits.connections = 2
    let server = try TestServer(limits: limits, echo)
    let first = try RawPeer(server.port)
    let second = try RawPeer(server.port)
    for peer in [first, second] {
      peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try peer.answer().status == 200)
    }
    let third = try RawPeer(server.port)
    #expect(try third.answer().status == 503)
    #expect(third.isEnded)
    first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try first.answer().status == 200)
  }

  @Test func strangersOfOneAddressAreBoundedAndTrustedOnesAreNot() throws {
    var limits = HTTPLimits.Server()
    limits.untrustedPerAddress = 2
    let server = try TestServer(limits: limits) { request, exchange in
      if request.path == ["login"] { exchange.markTrusted() }
      exchange.respond(.text("ok"))
    }
    func peer(_ path: String) throws -> (RawPeer, Int) {
      let peer = try RawPeer(server.port)
      peer.send("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
      return (peer, try peer.answer().status)
    }
    var open: [RawPeer] = []
    for path in ["/login", "/login", "/login", "/", "/"] {
      let (peer, status) = try peer(path)
      open.append(peer)
      #expect(status == 200)
    }
    #expect(try peer("/").1 == 429)
    open.removeLast().close()
    // The place is free as soon as the server has seen the end.
    var status = 429
    for _ in 0..<200 where status != 200 { status = try peer("/").1 }
    #expect(status == 200)
    withExtendedLifetime(open) {}
  }

  @Test func aTrustedProxyNamesTheAsker() throws {
    let answer: @Sendable (Request, Exchange) -> Void = { request, exchange in
      exchange.respond(.text("\(request.peer.host) \(request.isTLS)"))
    }
    let forwarded =
      "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1, 192.0.2.7, 10.0.0.3\r\nX-Forwarded-Proto: https\r\n\r\n"
    let believing = try RawPeer(try TestServer(proxies: ["127.0.0.0/8", "10.0.0.0/8"], answer).kept.port)
    believing.send(forwarded)
    #expect(try believing.answer().body == "192.0.2.7 true")
    let doubting = try RawPeer(try TestServer(proxies: ["10.0.0.0/8"], answer).kept.port)
    doubting.send(forwarded)
    #expect(try doubting.answer().body == "127.0.0.1 false")
  }

  @Test func whatTheAskerHasIsNotSentAgain() throws {
    let tag = ETag(version: 7)
    let server = try TestServer { request, exchange in
      exchange.respond(Response.json(Array("{}".utf8)).tagged(tag, for: request))
    }
    let peer = try RawPeer(server.port)
    for (field, status) in [
      ("", 200), ("If-None-Match: \"6\", W/\"7\"\r\n", 304), ("If-None-Match: \"8\"\r\n", 200),
      ("If-None-Match: *\r\n", 304),
    ] {
      peer.send("GET / HTTP/1.1\r\nHost: h\r\n\(field)\r\n")
      let answer = try peer.answer()
      #expect(answer.status == status)
      #expect(answer.headers["etag"] == "\"7\"")
      #expect(answer.body.isEmpty == (status == 304))
    }
  }

  @Test func textsArePackedForThoseWhoAsk() throws {
    let server = try TestServer { _, exchange in
      exchange.respond(.json(Array(repeating: 0x61, count: 5_000)))
    }
    let peer = try RawPeer(server.port)
    for (accepts, packs) in [
      ("gzip, br", true), ("br", false), ("gzip;q=0", false), ("GZIP;q=0.5", true), ("*", true), ("*;q=0", false),
      ("gzip;q=0.5, identity", false), ("gzip;q=0.001", true), ("gzip;q=0.000", false), ("gzip;q=2", false),
      ("x-gzip", true), ("gzip; q=1.000", true), ("", false),
    ] {
      peer.send("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: \(accepts)\r\n\r\n")
      let answer = try peer.answer()
      #expect(answer.headers["content-encoding"] == (packs ? "gzip" : nil))
      #expect(answer.headers["vary"] == "Accept-Encoding")
      #expect(((answer.headers["content-length"].flatMap { Int($0) } ?? 0) < 1_000) == packs)
    }
  }

  @Test func aHandlerCannotBreakTheFraming() throws {
    let server = try TestServer { _, exchange in
      exchange.respond(
        Response(
          .ok, headers: ["Content-Length": "99", "Transfer-Encoding": "chunked", "X": "a\r\nY: b"], body: [0x61]))
    }
    let peer = try RawPeer(server.port)
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    let answer = try peer.answer()
    #expect(answer.headers.all("content-length") == ["1"])
    #expect(answer.headers["y"] == nil)
  }

  @Test func drainingAnswersWhatIsOpenAndEndsTheRest() throws {
    let log = Log()
    let held = Box<Responder>()
    let server = try TestServer { request, exchange in
      if request.path == ["wait"] { return held.set(exchange.responder) }
      if request.path == ["events"] { return exchange.events().send(data: [0x61]) }
      exchange.respond(.text("ok"))
    }
    let idle = try RawPeer(server.port)
    idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    _ = try idle.answer()
    let reader = try RawPeer(server.port)
    reader.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n")
    _ = reader.text(until: "data: a")
    let waiting = try RawPeer(server.port)
    waiting.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
    let responder = try #require(held.wait())
    let bound = server.server
    server.loop.execute { bound.value.drain(deadline: .seconds(5)) { log.add("drained") } }
    #expect(idle.isEnded)
    #expect(reader.rest().hasSuffix("0\r\n\r\n"))
    #expect(throws: (any Error).self) { try RawPeer(server.port) }
    responder.respond(.text("last"))
    let answer = try waiting.answer()
    #expect(answer.body == "last")
    #expect(answer.headers["connection"] == "close")
    for peer in [idle, reader, waiting] { peer.close() }
    #expect(log.wait(for: 1) == ["drained"])
  }

  @Test func whoSaysNothingMakesRoomForWhoDoes() throws {
    var limits = HTTPLimits.Server()
    limits.silent = 3
    let crowding = Log()
    let server = try TestServer(limits: limits, crowding: crowding, echo)
    let talker = try RawPeer(server.port)
    talker.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try talker.answer().status == 200)
    let silent = try RawPeer(server.port)
    let slow = try RawPeer(server.port)
    slow.send("GET / HTTP/1.1\r\nHo")
    let third = try RawPeer(server.port)
    #expect(crowding.all.isEmpty)
    let newcomer = try RawPeer(server.port)
    newcomer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try newcomer.answer().status == 200)
    #expect(crowding.wait(for: 1) == ["silent"])
    #expect(silent.isEnded)
    slow.send("st: h\r\n\r\n")
    #expect(try slow.answer().status == 200)
    talker.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try talker.answer().status == 200)
    withExtendedLifetime(third) {}
  }

  @Test func theServerAsAWholeSaysWhatItCanDo() throws {
    let peer = try RawPeer(try TestServer(echo).kept.port)
    peer.send("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
    let answer = try peer.answer(to: .options)
    #expect(answer.status == 204)
    #expect(answer.headers["allow"] == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
  }

  @Test func aPackedBodyIsRefusedByName() throws {
    let peer = try RawPeer(try TestServer(echo).kept.port)
    peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx")
    let answer = try peer.answer()
    #expect(answer.status == 415)
    #expect(answer.headers["accept-encoding"] == "identity")
  }

  @Test func anOldClientIsToldNothingInBetween() throws {
    let peer = try RawPeer(try TestServer(echo).kept.port)
    peer.send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    peer.send("x")
    #expect(peer.text(until: "\r\n").hasPrefix("HTTP/1.1 200"))
  }

  @Test(arguments: [
    ("If-Match: \"7\"", false), ("If-Match: *", false), ("If-Match: \"6\", \"7\"", false),
    ("If-Match: \"7-gzip\"", false), ("If-Match: \"6\"", true), ("If-Match: W/\"7\"", true),
    ("If-None-Match: *", true), ("If-None-Match: W/\"7\"", true), ("If-None-Match: \"6\"", false), ("X: y", false),
  ])
  func aChangeIsForbiddenWhereTheAskerMeansAnotherVersion(field: String, forbidden: Bool) throws {
    let server = try TestServer { request, exchange in
      exchange.respond(.text("\(request.forbidsChange(of: ETag(version: 7)))"))
    }
    let peer = try RawPeer(server.port)
    peer.send("PUT / HTTP/1.1\r\nHost: h\r\n\(field)\r\n\r\n")
    #expect(try peer.answer().body == "\(forbidden)")
  }

  @Test func datesAreWrittenAsTheSpecificationWants() {
    #expect(DateLine.text(Timestamp(seconds: 784_111_777)) == "Sun, 06 Nov 1994 08:49:37 GMT")
  }
}

@Suite(.overBothReadinessSets) struct ProxyHeaderTests {
  private let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
  private var four: [UInt8] { signature + [0x21, 0x11, 0, 14, 192, 0, 2, 7, 10, 0, 0, 1, 0x12, 0x34, 0, 80, 4, 0] }
  @Test func aTrustedBalancerIsBelievedAndTheStrangerBehindItIsNot() throws {
    let answer: @Sendable (Request, Exchange) -> Void = { request, exchange in
      exchange.respond(.text(request.peer.description))
    }
    let text = Array("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n".utf8)
    let believing = try TestServer(proxies: ["127.0.0.1"], answer)
    for pieces in [1, 1_000] {
      let peer = try RawPeer(believing.port)
      let bytes = four + text
      for from in stride(from: 0, to: bytes.count, by: pieces) {
        peer.send(Array(bytes[from..<min(from + pieces, bytes.count)]))
      }
      #expect(try peer.answer().body == "192.0.2.7:4660")
    }
    let plain = try RawPeer(believing.port)
    plain.send(text)
    #expect(try plain.answer().body == "1.1.1.1:0")
    let doubting = try RawPeer(try TestServer(answer).kept.port)
    doubting.send(four + text)
    #expect(try doubting.answer().status == 400)
  }

  @Test func whomABalancerAnnouncesIsCountedAndNotTheBalancer() throws {
    var limits = HTTPLimits.Server()
    limits.untrustedPerAddress = 1
    let server = try TestServer(limits: limits, proxies: ["127.0.0.1"]) { _, exchange in exchange.respond(.text("ok")) }
    let text = Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
    func status(_ announced: [UInt8]) throws -> (RawPeer, Int) {
      let peer = try RawPeer(server.port)
      peer.send(announced + text)
      return (peer, try peer.answer().status)
    }
    var other = four
    other[19] = 8
    let first = try status(four)
    #expect(first.1 == 200)
    #expect(try status(four).1 == 429)
    #expect(try status(other).1 == 200)
    #expect(try status([]).1 == 200)
    withExtendedLifetime(first) {}
  }
}

@Suite struct AddressRangeTests {
  @Test(arguments: [
    ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "9.9.9.9", true),
    ("0.0.0.0/0", "::1", false),
    ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.6", false), ("fd00::/8", "fdff::1", true),
    ("fd00::/8", "fe00::1", false),
    ("2001:db8::/65", "2001:db8::7fff:0:0:1", true), ("2001:db8::/65", "2001:db8:0:0:8000::1", false),
    ("10.0.0.0/8", "::ffff:10.1.1.1", true),
    ("::1", "::1", true), ("::ffff:10.0.0.0/104", "10.1.1.1", true), ("::ffff:10.0.0.0/104", "11.1.1.1", false),
  ])
  func rangesHoldTheirOwn(range: String, address: String, holds: Bool) throws {
    let range = try #require(AddressRange(range))
    #expect(range.contains(try #require(SocketAddress(host: address, port: 1))) == holds)
  }

  @Test(arguments: [
    "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "x", "10.0.0.0/-1", "10.0.0.0/8/8", "::ffff:10.0.0.0/8",
  ])
  func whatIsNoRangeIsRefused(text: String) { #expect(AddressRange(text) == nil) }
}

@Suite(.overBothReadinessSets) struct StreamTests {
  @Test func aBodyInPiecesIsChunked() throws {
    let server = try TestServer { _, exchange in
      let stream = exchange.responder.stream(
        Response(.ok, headers: ["Content-Type": "text/csv"], body: Array("a".utf8)))
      DispatchQueue.global().async {
        stream.send(Array("bc".utf8))
        stream.send([])
        stream.finish()
        stream.send(Array("never".utf8))
      }
    }
    let peer = try RawPeer(server.port)
    for _ in 0..<2 {
      peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      let answer = try peer.answer()
      #expect(answer.headers["transfer-encoding"] == "chunked")
      #expect(answer.body == "abc")
    }
    let old = try RawPeer(server.port)
    old.send("GET / HTTP/1.0\r\n\r\n")
    let answer = try old.answer()
    #expect(answer.headers["transfer-encoding"] == nil)
    #expect(answer.body == "abc")
    peer.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try peer.answer(to: .head).body.isEmpty)
    #expect(try peer.answer().body == "abc")
  }

  @Test func aStreamThatBreaksOffIsNotTakenForWhole() throws {
    let server = try TestServer { _, exchange in
      let stream = exchange.stream(Response(.ok))
      stream.send(Array("half".utf8))
      stream.whenReady { _ in stream.abort() }
    }
    let peer = try RawPeer(server.port)
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(!peer.rest().hasSuffix("0\r\n\r\n"))
  }

  @Test func aProducerThatWaitsIsNeverCutOff() throws {
    let size = 16 << 20
    let server = try TestServer { _, exchange in produce(exchange.stream(Response(.ok)), left: size) }
    let peer = try RawPeer(server.port)
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try peer.answer().body.utf8.count == size)
  }

  @Test func aDeafReaderIsClosed() throws {
    var limits = HTTPLimits.Server()
    limits.streamPendingBytes = 100_000
    let log = Log()
    let server = try TestServer(limits: limits) { _, exchange in
      let stream = exchange.stream(Response(.ok))
      stream.onClose { log.add("closed") }
      DispatchQueue.global().async {
        // Far more than the kernel takes for a reader that does not read.
        while log.all.isEmpty { stream.send([UInt8](repeating: 0x61, count: 65_536)) }
      }
    }
    let peer = try RawPeer(server.port, receiveBuffer: 4_096)
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(log.wait(for: 1) == ["closed"])
    withExtendedLifetime(peer) {}
  }

  @Test func aReaderThatStopsReadingALargeAnswerIsClosed() throws {
    var limits = HTTPLimits.Server()
    limits.drainDeadline = .milliseconds(60)
    let log = Log()
    let server = try TestServer(limits: limits) { _, exchange in
      exchange.respond(Response(.ok, body: [UInt8](repeating: 0x61, count: 20 << 20)))
      log.add("answered")
    }
    let peer = try RawPeer(server.port, receiveBuffer: 4_096)
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    _ = log.wait(for: 1)
    var connections = 1
    for _ in 0..<500 where connections > 0 { (connections, _) = (server.connections, usleep(2_000)) }
    #expect(connections == 0)
    withExtendedLifetime(peer) {}
  }

  @Test func eventsReachTheirReader() throws {
    var limits = HTTPLimits.Server()
    limits.eventKeepAlive = .milliseconds(30)
    let log = Log()
    let server = try TestServer(limits: limits) { request, exchange in
      let events = exchange.responder.events(headers: ["X-Mark": "1"])
      events.onClose { log.add("reader gone") }
      events.send(id: "1", event: "session", data: Array("{}".utf8))
    }
    let peer = try RawPeer(server.port)
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    let text = peer.text(until: ": still here")
    #expect(text.contains("Content-Type: text/event-stream\r\n"))
    #expect(text.contains("X-Mark: 1\r\n"))
    #expect(text.contains("id: 1\nevent: session\ndata: {}\n\n"))
    peer.close()
    #expect(log.wait(for: 1) == ["reader gone"])
  }
}

private func produce(_ stream: BodyStream, left: Int) {
  stream.whenReady { goesOn in
    guard goesOn else { return }
    guard left > 0 else { return stream.finish() }
    stream.send([UInt8](repeating: 0x61, count: min(left, 65_536)))
    DispatchQueue.global().async { produce(stream, left: left - min(left, 65_536)) }
  }
}
