import Glibc
import Synchronization
import Testing
import Wire

@testable import HTTP

/// Two readers of one stream must not be able to disagree about where a message ends (RFC 9112 11.2): what could be
/// read in two ways is refused, and nothing behind it is taken for a request.
@Suite struct SmugglingTests {
  /// Heads whose body could be measured in two ways. Each is followed by a request that must not be found.
  static let ambiguousHeads: [String] = [
    // Two measures.
    "Content-Length: 6\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 6",
    "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5, 5",
    "Content-Length: 5,6", "content-length: 5\r\nCONTENT-LENGTH: 0",
    // A length that is none.
    "Content-Length: +5", "Content-Length: -5", "Content-Length: 5 5", "Content-Length: 5;", "Content-Length: 0x5",
    "Content-Length: 5_0", "Content-Length: 5.0", "Content-Length: 1e1", "Content-Length:", "Content-Length: \u{0665}",
    "Content-Length: 18446744073709551621", "Content-Length: 5\u{0B}", "Content-Length : 5", "Content-Length\t: 5",
    "Content-Length: \r\n 5", "Content-Length: 5\r\n 0", " Content-Length: 5",
    // A coding that some read as chunked and some do not.
    "Transfer-Encoding: xchunked", "Transfer-Encoding: chunkedx", "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity", "Transfer-Encoding: identity, chunked", "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: chunked,", "Transfer-Encoding: ,chunked", "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding:",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding : chunked",
    "Transfer-Encoding\t: chunked",
    " Transfer-Encoding: chunked", "Transfer-Encoding: \r\n chunked", "Transfer-Encoding:\r\n\tchunked",
    "Transfer-Encoding: chunked\r\n , identity", "Transfer-Encoding: chun\u{0}ked", "Transfer-Encoding: chunked\u{0}",
    "Transfer-Encoding: \u{0B}chunked", "Transfer-Encoding: chunked\u{0C}", "Transfer-Encoding: chunked\u{7F}",
    "Transfer-Encoding: chunked\rX: y", "X: y\rTransfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\nX: y", "Transfer\u{0}-Encoding: chunked", "Transfer-Encoding\u{0}: chunked",
    // Lines that are no fields.
    ": nameless", "no colon", "X y: z", "X: y\r\n folded", "X: y\r\n\tfolded", "X: \u{0}", "X: \u{1}", "X: \u{7F}",
    "X(: y",
    // Hosts that name two servers, or none.
    "Host: other", "Host: h", "host: h",
  ]

  private func hides(_ text: String) -> [UInt8] {
    Array("POST / HTTP/1.1\r\nHost: h\r\n\(text)\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
  }

  @Test(arguments: ambiguousHeads)
  func ambiguousHeadsAreRefused(head: String) {
    let result = parsed(hides(head))
    #expect(result.refusal != nil)
    #expect(result.completed == 0)
  }

  @Test func noneOfThemReachesAHandler() throws {
    let paths = Log()
    let server = try TestServer { request, exchange in
      paths.add(request.target.path)
      exchange.respond(.text("found"))
    }
    for head in Self.ambiguousHeads {
      let peer = try RawPeer(server.port)
      peer.send(hides(head))
      let answer = try peer.answer()
      #expect([400, 501].contains(answer.status), "\(head.debugDescription): \(answer.status)")
      #expect(peer.isEnded, "\(head.debugDescription)")
    }
    #expect(paths.all.isEmpty)
  }

  @Test(arguments: [
    ("Content-Length: 5", "01234"), ("Content-Length:5", "01234"), ("Content-Length: \t5 \t", "01234"),
    ("Content-Length: 0005", "01234"), ("Transfer-Encoding: chunked", "5\r\n01234\r\n0\r\n\r\n"),
    ("transfer-encoding:\tCHUNKED ", "005\r\n01234\r\n000\r\n\r\n"),
    ("Transfer-Encoding: chunked", "2;a;b=c;d=\"e\\\";f\"\r\n01\r\n3\r\n234\r\n0;last\r\nX-Sum: 1\r\nY:\r\n\r\n"),
    // A field that only looks like a measure is none, for anybody.
    ("Content_Length: 9\r\nX-Content-Length: 8\r\nContent-Length: 5", "01234"),
  ])
  func whatIsClearIsRead(fields: String, body: String) {
    let result = parsed(
      "POST /1 HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\n\(body)GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(result.refusal == nil)
    #expect(result.heads.map(\.target.path) == ["/1", "/2"])
    #expect(result.bodies == [Array("01234".utf8), []])
  }

  @Test func aBodyIsNeverTakenForARequest() {
    let hidden = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
    for method in ["GET", "DELETE", "OPTIONS", "HEAD", "POST"] {
      let result = parsed(
        "\(method) /1 HTTP/1.1\r\nHost: h\r\nContent-Length: \(hidden.utf8.count)\r\n\r\n\(hidden)"
          + "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(result.heads.map(\.target.path) == ["/1", "/2"], "\(method)")
    }
  }

  @Test(arguments: [
    // Sizes.
    "5 \r\n01234\r\n", " 5\r\n01234\r\n", "+5\r\n01234\r\n", "0x5\r\n01234\r\n", "5h\r\n01234\r\n", "\r\n01234\r\n",
    "-0\r\n\r\n", "FFFFFFFFFFFFFFFF5\r\n", "10000000000000005\r\n", "5\t\r\n01234\r\n", "5\u{0}\r\n01234\r\n",
    // Line ends.
    "5\n01234\r\n", "5\r01234\r\n", "5\r\n01234\n", "5\r\n01234", "5\r\n012345\r\n", "5\r\n0123\r\n0",
    "5\r\r\n01234\r\n",
    "0\n\n", "0\r\n\n", "0\r\n\rX",
    // Extensions.
    "5;\r\n01234\r\n", "5;;a\r\n01234\r\n", "5;a b\r\n01234\r\n", "5;a=\r\n01234\r\n", "5;a=\"\n\"\r\n01234\r\n",
    "5;a=\"b\"c\r\n01234\r\n", "5 ;a\r\n01234\r\n", "5; a\r\n01234\r\n", "5;a\n01234\r\n", "5;\u{0}\r\n01234\r\n",
    // Trailers.
    "0\r\nGET /hidden HTTP/1.1\r\n\r\n", "0\r\nno colon\r\n\r\n", "0\r\nnocolon\r\n\r\n", "0\r\nX : y\r\n\r\n",
    "0\r\n X: y\r\n\r\n", "0\r\nX: y\r\n z\r\n\r\n", "0\r\nX: y\n\r\n", "0\r\nX: \u{0}\r\n\r\n", "0\r\n: y\r\n\r\n",
  ])
  func ambiguousChunksAreRefused(body: String) {
    let result = parsed(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
        + "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(result.heads.count == 1)
    #expect(result.completed == 0)
    #expect(result.refusal != nil)
  }

  @Test(arguments: ["h\u{20}i", "h/x", "a@h", "h?x", "h#x", "h\\x", "<h>", "h\"", "h\u{E4}", "{h}"])
  func hostsThatAreNoneAreRefused(host: String) {
    #expect(parsed("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").refusal?.status == .badRequest)
  }

  @Test(arguments: ["h", "h:80", "[::1]:8080", "192.168.1.2", "", "xn--bcher-kva.example", "a_b.local", "h."])
  func hostsThatAreOnesAreRead(host: String) {
    #expect(parsed("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").heads.first?.headers["host"] == host)
  }

  @Test(arguments: [
    "GET / HTTP/1.1\n Host: h\r\n\r\n", "GET / HTTP/1.1\rHost: h\r\n\r\n", "GET\t/ HTTP/1.1\r\n\r\n",
    "GET /\tHTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\t\r\n\r\n", "GET /\u{0} HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\u{0}\r\n\r\n", "GET / HTTP/01.1\r\n\r\n",
    "GET / HTTP/1.10\r\n\r\n", "GET / HTTP/1,1\r\n\r\n", "GET / HTTP/ 1.1\r\n\r\n", "GET / HTTPS/1.1\r\n\r\n",
    "GET / HTTP/0.9\r\n\r\n", "GET / HTTP/1\r\n\r\n", "GET / \r\n\r\n", "GET\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "G\u{0}T / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\rX: y\r\n\r\n", "GET / HTTP/1.1\r\nX: y\r\n\n",
    "\nGET / HTTP/1.1\r\n\r\n",
    "\u{FEFF}GET / HTTP/1.1\r\n\r\n", "GET http://a b/ HTTP/1.1\r\n\r\n", "GET http://h/#f HTTP/1.1\r\n\r\n",
    "GET //h/..%00 HTTP/1.1\r\n\r\n",
  ])
  func brokenFirstLinesAreRefused(text: String) {
    let result = parsed(text + "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(result.refusal != nil)
    #expect(result.completed == 0)
  }

  /// llhttp's own cases, where the reference folder is at hand (OSTLER_REFERENCE).
  @Test(.enabled(if: getenv("OSTLER_REFERENCE") != nil, "OSTLER_REFERENCE is not set"))
  func theReferenceCasesAreJudgedAlike() throws {
    let folder = try #require(getenv("OSTLER_REFERENCE").map { String(cString: $0) })
    let lines = try #require(contents(of: "\(folder)/http/llhttp.jsonl")).split(separator: 0x0A)
    #expect(lines.count >= 100)
    let server = try TestServer { _, exchange in exchange.respond(.text("found")) }
    for line in lines {
      let json = try JSON.parse([UInt8](line))
      let input = try #require(json["input"]?.string.flatMap { [UInt8](base64: $0) })
      let name = json["name"]?.string ?? ""
      let result = parsed(input)
      let peer = try RawPeer(server.port)
      peer.send(input)
      peer.endOutput()
      let said = peer.rest()
      switch json["verdict"]?.string {
      case "reject":
        // What follows a request that ends the connection is not read, which is a way of refusing it.
        #expect(result.refusal != nil || result.heads.last?.keepsAlive == false, "\(name)")
        #expect(result.refusal == nil || said.contains("\r\nConnection: close\r\n"), "\(name): \(said)")
      case "incomplete":
        #expect(result.refusal == nil && result.completed == 0, "\(name)")
        #expect(!said.contains("found"), "\(name): \(said)")
      case "accept":
        #expect(result.refusal == nil && result.completed == json["messages"]?.int.map { Int($0) }, "\(name)")
        #expect(said.hasPrefix("HTTP/1.1 200 "), "\(name): \(said)")
      default: break
      }
    }
  }
}

private func contents(of path: String) -> [UInt8]? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  var out: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return out }
    out.append(contentsOf: buffer[..<count])
  }
}
