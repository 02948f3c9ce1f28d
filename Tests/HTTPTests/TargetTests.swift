import Testing

@testable import HTTP

@Suite struct HTTPURLTests {
  @Test func itIsTakenApart() throws {
    let url = try HTTPURL("HTTPS://Example.COM:8443/a%20b?x=1#part")
    #expect(url.scheme == .https)
    #expect(url.host == "example.com")
    #expect(url.port == 8443)
    #expect(url.target == "/a%20b?x=1")
    #expect(url.authority == "example.com:8443")
    #expect(try HTTPURL("http://[::1]").description == "http://[::1]/")
    #expect(try HTTPURL("wss://h?q").origin == "https://h")
    #expect(try HTTPURL("http://h:80/").origin == HTTPURL("ws://H").origin)
  }

  @Test(arguments: [
    ("ftp://h/", HTTPURL.Flaw.scheme), ("file:///etc/passwd", .scheme), ("http:/h", .scheme), ("h/path", .scheme),
    ("", .scheme),
    ("http://", .host), ("http:///x", .host), ("http://a b/", .character), ("http://h/\u{e4}", .character),
    ("http://h\\@i/", .character), ("http://u@h/", .userinfo), ("http://u:p@h/", .userinfo), ("http://h%41/", .host),
    ("http://h:/", .port), ("http://h:0/", .port), ("http://h:65536/", .port), ("http://h:+1/", .port),
    ("http://h:1:2/", .port),
    ("http://[::1/", .host), ("http://[::1]x/", .host), ("http://[1234]/", .host), ("http://[fe80::1%25eth0]/", .host),
  ])
  func whatCouldBeReadTwoWaysIsRefused(text: String, flaw: HTTPURL.Flaw) {
    #expect(throws: flaw) { try HTTPURL(text) }
  }

  @Test func longOnesAreRefused() throws {
    let base = "http://h/"
    let fits = base + String(repeating: "a", count: HTTPLimits.urlBytes - base.utf8.count)
    #expect(throws: Never.self) { try HTTPURL(fits) }
    #expect(throws: HTTPURL.Flaw.tooLong) { try HTTPURL(fits + "a") }
  }

  @Test(arguments: [
    ("/b", "https://h:1/b"), ("c?d", "https://h:1/a/c?d"), ("?e", "https://h:1/a/x?e"),
    ("//other/f", "https://other/f"),
    ("http://other/g", "http://other/g"),
  ])
  func referencesAreFollowed(reference: String, to: String) throws {
    #expect(try HTTPURL("https://h:1/a/x?y").following(reference).description == to)
  }

  @Test func segmentsAreJoinedWithOneSlash() throws {
    #expect(try HTTPURL("http://h/a").appending("b c", "d/e").target == "/a/b%20c/d%2Fe")
    #expect(try HTTPURL("http://h/a/").appending("b").target == "/a/b")
    #expect(try HTTPURL("http://h").asking([("a", "1&2"), ("b", "")]).target == "/?a=1%262&b=")
    #expect(try HTTPURL("http://h/?x=1").asking([("a", "b")]).target == "/?x=1&a=b")
  }
}

@Suite struct RouterTests {
  private let router: Router<String> = {
    var router = Router<String>()
    router.add(.get, "/", "root")
    router.add(.get, "/api/stations", "list")
    router.add(.post, "/api/stations", "add")
    router.add(.get, "/api/stations/{id}", "one")
    router.add(.get, "/api/stations/new", "form")
    router.add(.delete, "/api/{kind}/{id}", "drop")
    router.add(.get, "/ui/{file...}", "file")
    return router
  }()

  private func find(_ method: HTTP.Method, _ path: String) throws -> String {
    switch router.match(method, try Target(path)) {
    case .found(let action, let captures):
      [action, captures["kind"], captures["id"], captures.rest.isEmpty ? nil : captures.rest.joined(separator: "|")]
        .compactMap { $0 }.joined(separator: " ")
    case .notFound: "404"
    case .wrongMethod(let allow): "405 " + allow.map(\.rawValue).joined(separator: ",")
    }
  }

  @Test(arguments: [
    (HTTP.Method.get, "/", "root"), (.get, "/api/stations", "list"), (.get, "/api/stations/", "list"),
    (.head, "/api/stations", "list"),
    (.post, "/api/stations", "add"), (.get, "/api/stations/CS%2F1", "one CS/1"), (.get, "/api/stations/new", "form"),
    (.delete, "/api/stations/new", "drop stations new"), (.delete, "/api/x/y", "drop x y"), (.get, "/ui", "file"),
    (.get, "/ui/a/b", "file a|b"), (.get, "/api", "404"), (.get, "/api/stations/1/2", "404"),
    (.get, "/API/stations", "404"),
    (.put, "/api/stations", "405 GET,HEAD,POST"), (.put, "/api/stations/1", "405 GET,HEAD,DELETE"),
    (.post, "/ui/x", "405 GET,HEAD"),
  ])
  func pathsFindTheirRoutes(method: HTTP.Method, path: String, found: String) throws {
    #expect(try find(method, path) == found)
  }
}

@Suite struct HeadersTests {
  @Test func namesHaveNoCaseAndOrderIsKept() {
    var headers: Headers = ["A": "1", "b": "2", "a": "3"]
    #expect(headers.all("A") == ["1", "3"])
    headers["B"] = "4"
    #expect(headers.fields.map(\.name) == ["A", "a", "B"])
    headers["a"] = nil
    #expect(headers.count == 1)
  }

  @Test func listsAreSplitAndTrimmed() {
    let headers: Headers = ["Connection": "keep-alive,  Upgrade ", "connection": ",,x"]
    #expect(headers.list("connection") == ["keep-alive", "Upgrade", "x"])
    #expect(headers.lists("Connection", "upgrade"))
    #expect(!headers.lists("Connection", "up"))
  }

  @Test func noValueCanBeginALineOfItsOwn() {
    var out: [UInt8] = []
    let headers: Headers = ["X\r\nY": "a\r\nSet-Cookie: b\u{0}"]
    headers.write(into: &out)
    #expect(String(decoding: out, as: UTF8.self) == "X--Y: a  Set-Cookie: b \r\n")
  }
}
