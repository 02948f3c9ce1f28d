import Testing
import Wire

@testable import HTTP

/// Servers that mean us harm, or are badly broken, and what our client makes of them.
@Suite struct HostileServerTests {
  private static let whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
  private static let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

  private static func many(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

  /// Each with the fault that the caller hears.
  static let answers: [(String, String)] = {
    var answers: [(String, String)] = []
    func add(_ fault: String, _ parts: String...) { answers.append((parts.joined(), fault)) }
    let ok = "HTTP/1.1 200 OK\r\n"
    add("malformed", ok, many("A: b\r\n", 20_000))
    add("malformed", ok, "A: ", many("x", 1 << 20))
    add("malformed", "HTTP/1.1 200 ", many("x", 1 << 20))
    add("malformed", many("HTTP/1.1 100 Continue\r\n\r\n", 10_000))
    add("malformed", many("x", 1 << 20))
    add("malformed", ok, "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok")
    add("malformed", ok, "Transfer-Encoding: gzip\r\n\r\nok")
    add("malformed", ok, "Location: x\r\n y\r\n\r\n")
    add("malformed", chunked, "FFFFFFFFFFFFFFFF\r\n")
    add("malformed", chunked, "7fffffff\r\n")
    add("malformed", chunked, "0\r\n", many("A: b\r\n", 20_000))
    add("tooLarge", chunked, many("1;a=b\r\nx\r\n", 2_000))
    add("tooLarge", ok, "Content-Length: 1001\r\n\r\n")
    add("tooLarge", ok, "Content-Length: 999999999999999\r\n\r\n")
    add("tooLarge", ok, "\r\n", many("x", 1 << 20))
    add("closed", chunked, "2\r\nok\r\n0\r\n")
    add("closed", chunked, "5\r\nok")
    add("closed", chunked)
    add("closed", ok, "Content-Length: 900\r\n\r\nok")
    add("closed", ok, "Content")
    add("closed", "HTTP/1.1 2")
    return answers
  }()

  @Test(arguments: answers)
  func whatTheySayIsAFault(text: String, fault: String) throws {
    let script = try Script([text], closesAfterEach: true)
    var options = ClientOptions(allowPrivate: true)
    options.limits.bodyBytes = 1_000
    let found = try #require(failure(try TestClient().send(ClientRequest(.post, script.url()), options)))
    #expect(Mirror(reflecting: found).children.first?.label == fault, "\(found)")
  }

  /// A second answer behind the first must not become the answer to somebody's next request.
  @Test(arguments: [
    whole + whole, whole + "HTTP/1.1 200 OK\r\n", whole + "\r\n", chunked + "2\r\nok\r\n0\r\n\r\n" + whole,
  ])
  func anAnswerThatNobodyAskedForIsThrownAway(text: String) throws {
    let script = try Script([text, Self.whole], closesAfterEach: true)
    let client = try TestClient()
    #expect(try client.get(script.url("/1")).body == Array("ok".utf8))
    #expect(try client.get(script.url("/2")).body == Array("ok".utf8))
    #expect(script.heard.all == ["connection", "GET /1 HTTP/1.1", "connection", "GET /2 HTTP/1.1"])
  }

  @Test func anAnswerToHEADIsNotWaitedFor() throws {
    let script = try Script(["HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"])
    let answer = try #require(
      try TestClient().send(ClientRequest(.head, script.url()), ClientOptions(allowPrivate: true)))
    #expect(try answer.get().body.isEmpty)
  }

  @Test func aSwitchThatNobodyAskedForEndsTheConnection() throws {
    let script = try Script(
      ["HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", Self.whole], closesAfterEach: true)
    let client = try TestClient()
    #expect(try client.get(script.url()).status == .switching)
    #expect(try client.get(script.url()).status == .ok)
  }

  @Test func oneByteAtATimeRunsIntoTheDeadlineOfTheWhole() throws {
    let server = try TestServer { _, exchange in
      let stream = exchange.stream(Response(.ok))
      func drip() {
        stream.send([0x78])
        exchange.loop.schedule(after: .milliseconds(5)) { drip() }
      }
      drip()
    }
    var options = ClientOptions(allowPrivate: true)
    options.limits.wholeDeadline = .milliseconds(100)
    #expect(failure(try TestClient().send(ClientRequest(.get, server.url("/")), options)) == .timeout(.whole))
  }
}
