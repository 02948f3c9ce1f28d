import Testing

@testable import HTTP

@Suite struct RequestParserTests {
  @Test func aPlainRequestIsRead() throws {
    let result = parsed("GET /a/b%20c?x=1&y=a+b HTTP/1.1\r\nHost: h\r\nX-Odd:  two words \t\r\n\r\n")
    let head = try #require(result.heads.first)
    #expect(head.method == .get)
    #expect(head.target.segments == ["a", "b c"])
    #expect(head.target["y"] == "a b")
    #expect(head.headers["x-odd"] == "two words")
    #expect(head.framing == .none)
    #expect(head.keepsAlive)
    #expect(result.completed == 1)
  }

  @Test func bodiesByLengthAndByChunksAreJoined() {
    let byLength = parsed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")
    #expect(byLength.bodies == [Array("hello".utf8)])
    let chunked = parsed(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n02;a=b;c=\"d\\\"\"\r\nlo\r\n0\r\nT: x\r\n\r\n"
    )
    #expect(chunked.bodies == [Array("hello".utf8)])
    #expect(chunked.completed == 1)
  }

  @Test func pipelinedRequestsComeInOrder() {
    let result = parsed(
      "PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na"
        + "\r\nPUT /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nb")
    #expect(result.heads.map(\.target.path) == ["/1", "/2"])
    #expect(result.bodies == [[0x61], [0x62]])
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\n\r\n", true), ("GET / HTTP/1.0\r\n\r\n", false),
    ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true),
    ("GET / HTTP/1.1\r\nConnection: a, CLOSE\r\n\r\n", false),
  ])
  func keepAliveFollowsTheVersion(text: String, keeps: Bool) {
    #expect(parsed(text).heads.first?.keepsAlive == keeps)
  }

  @Test(arguments: [
    ("http://example.com/ocpp/CS%201?x", "example.com", ["ocpp", "CS 1"]),
    ("ws://192.168.1.2:9000/CP_1", "192.168.1.2:9000", ["CP_1"]),
    ("/ws://192.168.1.2:9000/CP_1/SERIAL", nil, ["ws:", "192.168.1.2:9000", "CP_1", "SERIAL"]),
    ("wss://h?a=b", "h", []), ("//a//b/", nil, ["a", "b"]), ("/a%2Fb", nil, ["a/b"]),
  ])
  func targetsOfEveryFormAreUnderstood(target: String, host: String?, segments: [String]) throws {
    let head = try #require(parsed("GET \(target) HTTP/1.1\r\n\r\n").heads.first)
    #expect(head.target.authority == host)
    #expect(head.target.segments == segments)
  }

  /// Each with the status that it deserves.
  @Test(arguments: [
    ("GET /%zz HTTP/1.1\r\n\r\n", 400), ("GET /%00 HTTP/1.1\r\n\r\n", 400), ("GET /%ff HTTP/1.1\r\n\r\n", 400),
    ("GET /a%2 HTTP/1.1\r\n\r\n", 400), ("GET /a#b HTTP/1.1\r\n\r\n", 400), ("GET * HTTP/1.1\r\n\r\n", 400),
    ("GET host:80 HTTP/1.1\r\n\r\n", 400), ("GET http:/// HTTP/1.1\r\n\r\n", 400),
    ("GET ftp://h/ HTTP/1.1\r\n\r\n", 400),
    ("GET /ä HTTP/1.1\r\n\r\n", 400), ("GET  / HTTP/1.1\r\n\r\n", 400), ("GET /a b HTTP/1.1\r\n\r\n", 400),
    ("TRACE / HTTP/1.1\r\n\r\n", 501), ("CONNECT h:1 HTTP/1.1\r\n\r\n", 501), ("get / HTTP/1.1\r\n\r\n", 501),
    (" GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 505), ("GET / HTTP/1.2\r\n\r\n", 505),
    ("GET / http/1.1\r\n\r\n", 400), ("GET / HTTP/1.1 \r\n\r\n", 400), ("GET / HTTP/1.1\n\n", 400),
    ("GET /\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nA: b\n\r\n", 400), ("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nA : b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n A: b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n: b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nA: \u{1}\r\n\r\n", 400), ("GET / HTTP/1.1\r\nA: \u{7f}\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nA\0: b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    ("PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    ("PUT / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400),
    ("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("PUT / HTTP/1.1\r\nTransfer-Encoding: \r\n\r\n", 501),
    ("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("PUT / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400),
    ("PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400), ("PUT / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", 400),
    ("PUT / HTTP/1.1\r\nContent-Length: \r\n\r\n", 400), ("PUT / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n", 400),
    ("PUT / HTTP/1.1\r\nContent-Length: 9999999999999999\r\n\r\n", 400), ("\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400),
  ])
  func whatIsAmbiguousIsRefused(text: String, status: Int) {
    let result = parsed(text)
    #expect(result.refusal?.status.rawValue == status)
    #expect(result.completed == 0)
  }

  @Test(arguments: [
    "g\r\n", "\r\n", "-1\r\n", "+1\r\n", " 1\r\n", "1 \r\n", "1\n", "1;\r\n", "1;a=\r\n", "1;a=\"b\r\n", "10000000\r\n",
    "1\r\nab",
    "1\r\na\n", "0\r\n:x\r\n", "0\r\nA: b\n", "0\r\nA: \u{0}\r\n", "000000000000000000000000000000000\r\n",
  ])
  func brokenChunksAreRefused(chunk: String) {
    #expect(parsed("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)").refusal != nil)
  }

  @Test(arguments: [(-1, nil), (0, nil), (1, 431)])
  func theHeadIsBounded(past: Int, status: Int?) {
    let limits = HTTPLimits.Head()
    let frame = "GET / HTTP/1.1\r\n".utf8.count + 4
    var text = "GET / HTTP/1.1\r\n"
    var left = limits.headBytes + past - frame
    while left > 0 {
      // "A: " + value + CR LF
      let line = min(left, 4_000)
      text += "A: " + String(repeating: "x", count: max(0, line - 5)) + "\r\n"
      left -= max(line, 5)
    }
    text += "\r\n"
    // The last line may be shorter than a line can be: pad the count exactly.
    let over = text.utf8.count - (limits.headBytes + past)
    if over != 0 { text = text.replacingFirstX(by: -over) }
    #expect(Parsed(Array(text.utf8), pieces: 100_000).refusal?.status.rawValue == status)
  }

  @Test(arguments: [(0, nil), (1, 431)])
  func theNumberOfFieldsIsBounded(past: Int, status: Int?) {
    let text = "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: HTTPLimits.Head().fields + past) + "\r\n"
    #expect(parsed(text).refusal?.status.rawValue == status)
  }

  @Test(arguments: [(0, nil), (1, 414)])
  func theTargetIsBounded(past: Int, status: Int?) {
    let path = "/" + String(repeating: "a", count: HTTPLimits.Head().lineBytes + past - 1)
    #expect(parsed("GET \(path) HTTP/1.1\r\n\r\n").refusal?.status.rawValue == status)
  }

  @Test(arguments: [(0, nil), (1, 400)])
  func theQueryIsBounded(past: Int, status: Int?) {
    let query = (0..<(HTTPLimits.Head.queryItems + past)).map { "a\($0)=1" }.joined(separator: "&")
    #expect(parsed("GET /?\(query) HTTP/1.1\r\n\r\n").refusal?.status.rawValue == status)
  }

  @Test func trailersAreBounded() {
    let text = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + String(repeating: "A: b\r\n", count: 2_000)
    #expect(parsed(text).refusal?.status == .headTooLarge)
  }

  @Test func latinOneValuesAreReadAsSuch() {
    let bytes = Array("GET / HTTP/1.1\r\nA: ".utf8) + [0xDF, 0x62] + Array("\r\n\r\n".utf8)
    #expect(parsed(bytes).heads.first?.headers["a"] == "ßb")
  }
}

extension String {
  /// Lengthens or shortens the first run of padding by some characters.
  fileprivate func replacingFirstX(by change: Int) -> String {
    guard let at = firstIndex(of: "x") else { return self }
    var text = self
    if change > 0 {
      text.insert(contentsOf: String(repeating: "x", count: change), at: at)
    } else {
      text.removeSubrange(at..<text.index(at, offsetBy: -change))
    }
    return text
  }
}
