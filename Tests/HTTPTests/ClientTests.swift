import Dispatch
import Glibc
import Net
import Synchronization
import Testing
import Wire

@testable import HTTP

/// A client on a loop of its own.
final class TestClient: Sendable {
  let loop: EventLoop
  let client: LoopBound<Client>

  init(limits: HTTPLimits.Client = .init()) throws {
    let loop = try EventLoop(label: "test.client", readiness: OverBoth.readiness)
    self.loop = loop
    client = on(loop) { LoopBound(Client(loop: loop, tls: nil, limits: limits), loop: loop) }
  }

  deinit { loop.shutdown {} }

  func send(
    _ request: ClientRequest, _ options: ClientOptions = ClientOptions(allowPrivate: true)
  ) -> Result<ClientResponse, ClientFault>? {
    let box = Box<Result<ClientResponse, ClientFault>>()
    let client = self.client
    loop.execute { client.value.send(request, options) { box.set($0) } }
    return box.wait()
  }

  func get(_ url: HTTPURL, _ options: ClientOptions = ClientOptions(allowPrivate: true)) throws -> ClientResponse {
    try #require(send(ClientRequest(.get, url), options)).get()
  }
}

/// A server that says exactly what it is told to, connection by connection, and then closes where told so.
final class Script: Sendable {
  let port: UInt16
  let heard = Log()
  private let door: Door

  /// Closed when neither its script nor the thread that accepts needs it: the number of one that was closed earlier would
  /// soon be another script's.
  private final class Door: Sendable {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)

    deinit { Glibc.close(listener) }
  }

  /// One text per request, in order, over all connections; nil: close without an answer.
  init(_ answers: [String?], closesAfterEach: Bool = false) throws {
    let door = Door()
    self.door = door
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = door.listener
    let port = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = bind(listener, $0, size)
        _ = listen(listener, 16)
        return getsockname(listener, $0, &size)
      }
    }
    try #require(port == 0)
    self.port = UInt16(bigEndian: address.sin_port)
    let heard = self.heard
    Thread.detach {
      var left = answers[...]
      while !left.isEmpty {
        let connection = accept(door.listener, nil, nil)
        guard connection >= 0 else { return }
        heard.add("connection")
        var text = ""
        var chunk = [UInt8](repeating: 0, count: 65_536)
        serving: while !left.isEmpty {
          while text.firstRange(of: "\r\n\r\n") == nil {
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { break serving }
            text += String(decoding: chunk[..<count], as: UTF8.self)
          }
          heard.add(String(text.prefix { $0 != "\r\n" }))
          text = ""
          guard let answer = left.removeFirst() else { break serving }
          _ = answer.utf8CString.withUnsafeBytes { send(connection, $0.baseAddress, $0.count - 1, Int32(MSG_NOSIGNAL)) }
          if closesAfterEach { break serving }
        }
        Glibc.close(connection)
      }
    }
  }

  // Whoever accepts there hears that it is over.
  deinit { shutdown(door.listener, Int32(SHUT_RDWR)) }

  func url(_ path: String = "/") throws -> HTTPURL { try HTTPURL("http://127.0.0.1:\(port)\(path)") }
}

private enum Thread {
  static func detach(_ body: @escaping @Sendable () -> Void) { DispatchQueue(label: "script").async(execute: body) }
}

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

@Suite(.overBothReadinessSets) struct ClientTests {
  @Test func aRequestArrivesWholeAndItsAnswerToo() throws {
    let server = try TestServer { request, exchange in
      #expect(request.headers["x-mark"] == "1")
      #expect(request.headers.all("content-length") == ["4"])
      exchange.respond(
        Response(.created, headers: ["X-Back": "2"], body: request.body + Array(request.target.rawQuery.utf8)))
    }
    let client = try TestClient()
    let request = ClientRequest(
      .post, try server.url("/a?b=c"), headers: ["X-Mark": "1", "Content-Length": "99"], body: Array("body".utf8))
    let answer = try #require(client.send(request)).get()
    #expect(answer.status == .created)
    #expect(answer.headers["x-back"] == "2")
    #expect(answer.body == Array("bodyb=c".utf8))
  }

  @Test func anyThreadMayAsk() async throws {
    let server = try TestServer { request, exchange in exchange.respond(.text(request.target.path)) }
    let client = try TestClient()
    let bound = client.client
    let handle = await withCheckedContinuation { continuation in
      client.loop.execute { continuation.resume(returning: bound.value.handle) }
    }
    let answer = try await handle.send(ClientRequest(.get, try server.url("/x")), ClientOptions(allowPrivate: true))
    #expect(answer.body == Array("/x".utf8))
    await #expect(throws: ClientFault.refusedAddress(host: "127.0.0.1", address: "127.0.0.1")) {
      try await handle.send(ClientRequest(.get, try server.url("/x")))
    }
  }

  @Test func connectionsAreKeptForTheNextRequest() throws {
    let server = try TestServer { _, exchange in exchange.respond(.text("ok")) }
    let client = try TestClient()
    for _ in 0..<5 { #expect(try client.get(try server.url("/")).status == .ok) }
    #expect(server.connections == 1)
  }

  @Test func noMoreAreKeptThanAllowed() throws {
    let server = try TestServer { _, exchange in
      exchange.loop.schedule(after: .milliseconds(20)) { exchange.respond(.text("ok")) }
    }
    var limits = HTTPLimits.Client()
    limits.idlePerOrigin = 2
    let client = try TestClient(limits: limits)
    let log = Log()
    let bound = client.client
    let url = try server.url("/")
    client.loop.execute {
      for _ in 0..<5 {
        bound.value.send(ClientRequest(.get, url), ClientOptions(allowPrivate: true)) { _ in log.add("done") }
      }
    }
    #expect(log.wait(for: 5).count == 5)
    var connections = 5
    for _ in 0..<500 where connections > 2 { (connections, _) = (server.connections, usleep(2_000)) }
    #expect(connections == 2)
  }

  @Test func everyWayOfEndingABodyIsRead() throws {
    let script = try Script([
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\n" + ok, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok",
    ])
    let client = try TestClient()
    #expect(try client.get(script.url()).body == Array("ok".utf8))
    #expect(try client.get(script.url()).body.isEmpty)
    #expect(try client.get(script.url()).body == Array("ok".utf8))
    // The last one ends with the connection, which the script closes as it has no more to say.
    #expect(try client.get(script.url()).body == Array("ok".utf8))
    #expect(script.heard.all.filter { $0 == "connection" }.count == 1)
  }

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "closed"), ("<html>\r\n\r\n", "malformed"),
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", "malformed"),
    ("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", "tooLarge"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + String(repeating: "x", count: 1_001), "tooLarge"),
    ("", "closed"),
  ])
  func brokenAnswersAreToldApart(text: String, fault: String) throws {
    let script = try Script([text], closesAfterEach: true)
    var options = ClientOptions(allowPrivate: true)
    options.limits.bodyBytes = 1_000
    let found = try #require(failure(try TestClient().send(ClientRequest(.post, script.url()), options)))
    #expect("\(String(describing: Mirror(reflecting: found).children.first?.label ?? ""))" == fault)
  }

  @Test func aSilentServerRunsIntoTheDeadlineOfItsPhase() throws {
    let script = try Script(["", ""])
    let client = try TestClient()
    var options = ClientOptions(allowPrivate: true)
    options.limits.firstByteDeadline = .milliseconds(30)
    #expect(failure(client.send(ClientRequest(.get, try script.url()), options)) == .timeout(.firstByte))
    let dribble = try Script(["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\no", ""])
    options.limits.wholeDeadline = .milliseconds(60)
    #expect(failure(client.send(ClientRequest(.get, try dribble.url()), options)) == .timeout(.whole))
  }

  @Test func aStaleConnectionIsReplacedWhereNothingCanHappenTwice() throws {
    // The second request finds its connection closed; only GET goes out again.
    let forGet = try Script([ok, nil, ok])
    let client = try TestClient()
    _ = try client.get(forGet.url("/1"))
    #expect(try client.get(forGet.url("/2")).status == .ok)
    #expect(forGet.heard.all == ["connection", "GET /1 HTTP/1.1", "GET /2 HTTP/1.1", "connection", "GET /2 HTTP/1.1"])
    let forPost = try Script([ok, nil, ok])
    _ = try client.get(forPost.url("/1"))
    guard case .closed? = failure(client.send(ClientRequest(.post, try forPost.url("/2")))) else {
      Issue.record("a POST was repeated")
      return
    }
  }

  @Test func aFreshConnectionThatEndsIsNotRepeated() throws {
    let script = try Script([nil, ok])
    guard case .closed? = failure(try TestClient().send(ClientRequest(.get, script.url()))) else {
      Issue.record("a request on a fresh connection was repeated")
      return
    }
  }

  @Test func redirectsAreFollowedWithinTheOriginOnly() throws {
    let other = try TestServer { request, exchange in
      Issue.record("another origin was called")
      exchange.respond(.text("leak"))
    }
    let elsewhere = try other.url("/").description
    let server = try TestServer { request, exchange in
      let path = request.path.first ?? ""
      switch path {
      case "slash": exchange.respond(.redirect(to: "/end/", status: 307))
      case "absolute":
        exchange.respond(.redirect(to: "http://127.0.0.1:\(request.headers["x-port"] ?? "")/end", status: 308))
      case "found": exchange.respond(.redirect(to: "/end", status: .found))
      case "away": exchange.respond(.redirect(to: elsewhere, status: 307))
      case "scheme": exchange.respond(.redirect(to: "https://127.0.0.1/", status: 307))
      case "loop": exchange.respond(.redirect(to: "/loop", status: 307))
      default:
        exchange.respond(
          .text(
            "\(request.method.rawValue) \(request.headers["authorization"] ?? "-") \(String(decoding: request.body, as: UTF8.self))"
          ))
      }
    }
    let client = try TestClient()
    func put(_ path: String) throws -> ClientResponse {
      let headers: Headers = ["Authorization": "Token x", "X-Port": "\(server.port)"]
      return try #require(
        client.send(ClientRequest(.put, try server.url(path), headers: headers, body: Array("b".utf8)))
      ).get()
    }
    for path in ["/slash", "/absolute"] {
      let answer = try put(path)
      #expect(answer.body == Array("PUT Token x b".utf8))
      #expect(answer.url.path.hasPrefix("/end"))
    }
    #expect(try put("/found").status == 302)
    #expect(try put("/away").status == 307)
    #expect(try put("/scheme").status == 307)
    #expect(try put("/loop").status == 307)
  }

  @Test(arguments: [
    "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1",
    "0.0.0.0",
    "10.0.0.1", "192.168.1.1", "[fd00::1]", "169.254.169.254", "[64:ff9b::7f00:1]", "100.64.0.1", "224.0.0.1",
    "255.255.255.255", "[::]", "[fe80::1]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[2002:7f00:1::]", "[2001:0:1::1]",
    "[64:ff9b:1::1]", "[ff02::1]", "[fec0::1]", "[3fff::1]", "172.16.0.1", "198.18.0.1", "017700000001", "localhost.",
    "0x7f.1", "0",
  ])
  func ourOwnHouseIsNotCalled(host: String) throws {
    let url = try HTTPURL("http://\(host):9/")
    let fault = failure(try TestClient().send(ClientRequest(.get, url), ClientOptions()))
    switch fault {
    case .refusedAddress, .dns: break
    default: Issue.record("\(host) gave \(String(describing: fault))")
    }
  }

  @Test(arguments: [
    ("169.254.169.254", "169.254.169.254"), ("[::ffff:169.254.169.254]", "169.254.169.254"),
    ("[64:ff9b::a9fe:a9fe]", "64:ff9b::a9fe:a9fe"), ("[2002:a9fe:a9fe::]", "2002:a9fe:a9fe::"),
    ("2852039166", "169.254.169.254"), ("168.63.129.16", "168.63.129.16"), ("100.100.100.200", "100.100.100.200"),
    ("192.0.0.192", "192.0.0.192"), ("[fd00:ec2::254]", "fd00:ec2::254"), ("[fd20:ce::254]", "fd20:ce::254"),
    ("[fe80::1]", "fe80::1"), ("0.0.0.0", "0.0.0.0"), ("[ff02::1]", "ff02::1"),
  ])
  func metadataAddressesAreRefusedEvenWherePrivateOnesAreAllowed(host: String, address: String) throws {
    let url = try HTTPURL("http://\(host)/")
    #expect(
      failure(try TestClient().send(ClientRequest(.get, url)))
        == .refusedAddress(host: url.host, address: address))
  }

  @Test(arguments: ["[fe80::1%25eth0]", "[fe80::1%1]", "user@127.0.0.1", "127.0.0.1:0", "a b", "[::1", "%6cocalhost"])
  func hostsThatTwoReadersCouldReadDifferentlyAreNoAddress(host: String) {
    #expect(throws: HTTPURL.Flaw.self) { try HTTPURL("http://\(host)/") }
  }

  @Test func aConnectionThatWasJudgedLaxlyServesOnlyLaxRequests() throws {
    let server = try TestServer { _, exchange in exchange.respond(.text("ok")) }
    let client = try TestClient()
    _ = try client.get(try server.url("/"))
    #expect(
      failure(client.send(ClientRequest(.get, try server.url("/")), ClientOptions()))
        == .refusedAddress(host: "127.0.0.1", address: "127.0.0.1"))
  }

  @Test func withoutTLSSettingsNothingGoesOutInTheClear() throws {
    guard
      case .tls(host: "127.0.0.1", _)? = failure(
        try TestClient().send(ClientRequest(.get, HTTPURL("https://127.0.0.1:9/"))))
    else {
      Issue.record("https was not refused")
      return
    }
  }

  @Test func aClosedPortIsTold() throws {
    #expect(
      failure(try TestClient().send(ClientRequest(.get, HTTPURL("http://127.0.0.1:1/"))))
        == .connect(host: "127.0.0.1", errno: ECONNREFUSED))
  }

  @Test func endlessBodiesAreHandedOnAsTheyCome() throws {
    let server = try TestServer { _, exchange in
      let events = exchange.events()
      events.send(id: "1", data: Array("a".utf8))
    }
    let client = try TestClient()
    let log = Log()
    let bound = client.client
    let url = try server.url("/")
    client.loop.execute {
      var reader = EventStream.Reader()
      bound.value.send(
        ClientRequest(.get, url), ClientOptions(allowPrivate: true),
        onBody: { bytes in for event in reader.read(bytes) { log.add(event.data) } },
        completion: { _ in log.add("end") })
    }
    #expect(log.wait(for: 1) == ["a"])
    client.loop.execute { bound.value.close() }
    #expect(log.wait(for: 2) == ["a", "end"])
  }

  @Test func theDaemonsOwnSocketIsReachedByItsAddress() throws {
    let server = try TestServer { request, exchange in exchange.respond(.text("\(request.peer)")) }
    let path = "/tmp/ostler-http-test-\(getpid()).sock"
    let bound = server.server
    let listens = on(server.loop) { (try? bound.value.listen(on: .unix(path))) != nil }
    #expect(listens)
    var options = ClientOptions()
    options.via = .unix(path)
    let client = try TestClient()
    for _ in 0..<2 { #expect(try client.get(try HTTPURL("http://ostler/"), options).body.starts(with: "unix:".utf8)) }
    on(server.loop) { bound.value.stopAccepting() }
  }
}
