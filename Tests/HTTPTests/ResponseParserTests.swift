import Testing

@testable import HTTP

@Suite struct ResponseParserTests {
  private enum Outcome: Equatable {
    case whole(Int, String)
    case open(Int, String)
    case refused
  }

  private func read(_ text: String, to method: HTTP.Method = .get, pieces: Int) -> Outcome {
    var parser = ResponseParser(answering: method)
    var status = 0
    var body: [UInt8] = []
    let bytes = Array(text.utf8)
    for from in stride(from: 0, to: bytes.count, by: pieces) {
      let outcome: Outcome? = Array(bytes[from..<min(from + pieces, bytes.count)]).withUnsafeBytes { buffer in
        var at = 0
        while true {
          switch parser.next(buffer, &at) {
          case .needMore: return nil
          case .head(let head): status = head.status.rawValue
          case .body(let run): body.append(contentsOf: buffer[run])
          case .end: return .whole(status, String(decoding: body, as: UTF8.self))
          case .refused: return .refused
          }
        }
      }
      if let outcome { return outcome }
    }
    return .open(status, String(decoding: body, as: UTF8.self))
  }

  private func expect(
    _ text: String, to method: HTTP.Method = .get, _ outcome: Outcome, _ at: SourceLocation = #_sourceLocation
  ) {
    for pieces in [1, 3, 1_000] { #expect(read(text, to: method, pieces: pieces) == outcome, sourceLocation: at) }
  }

  @Test func everyWayOfEndingIsUnderstood() {
    expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", .whole(200, "hi"))
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", .whole(200, "hi"))
    expect("HTTP/1.1 200 OK\r\n\r\nhi", .open(200, "hi"))
    expect("HTTP/1.1 204 \r\n\r\n", .whole(204, ""))
    expect("HTTP/1.1 304\r\nContent-Length: 7\r\n\r\n", .whole(304, ""))
    expect("HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n", to: .head, .whole(200, ""))
  }

  @Test func interimAnswersAreSkippedButNotForever() {
    expect(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 0\r\n\r\n",
      .whole(201, ""))
    expect(String(repeating: "HTTP/1.1 100 C\r\n\r\n", count: 9), .refused)
  }

  @Test(arguments: [
    "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/2 200\r\n\r\n", "<html>",
    "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 200 OK\n\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "SSH-2.0-OpenSSH\r\n",
  ])
  func whatIsNoAnswerIsRefused(text: String) { expect(text, .refused) }

  // MARK: Hostile servers

  private static let limits = HTTPLimits.Head()

  @Test func aHeadBeyondItsBoundsIsRefused() {
    let line = "HTTP/1.1 200 OK\r\n"
    expect(line + String(repeating: "A: b\r\n", count: Self.limits.fields) + "\r\n", .open(200, ""))
    expect(line + String(repeating: "A: b\r\n", count: Self.limits.fields + 1), .refused)
    expect(line + "A: " + String(repeating: "x", count: Self.limits.headBytes), .refused)
    expect(line + String(repeating: "x", count: Self.limits.headBytes), .refused)
    expect("HTTP/1.1 200 " + String(repeating: "x", count: Self.limits.lineBytes), .refused)
    // Not a byte more is waited for than the bound.
    let most = Self.limits.headBytes - (line.utf8.count + "A: ".utf8.count)
    expect(line + "A: " + String(repeating: "x", count: most), .open(0, ""))
    expect(line + "A: " + String(repeating: "x", count: most + 1), .refused)
  }

  @Test func floodsOfInterimAnswersEnd() {
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    expect(String(repeating: interim, count: 8) + last, .whole(200, ""))
    expect(String(repeating: interim, count: 9) + last, .refused)
    // An interim answer has no body, whatever it says.
    expect("HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\n" + last, .whole(200, ""))
    expect("HTTP/1.1 101 Switching Protocols\r\nContent-Length: 9\r\n\r\n", .whole(101, ""))
  }

  @Test(arguments: [
    "FFFFFFFFFFFFFFFF\r\n", "8000000000000000\r\n", "10000000\r\n", "-1\r\n", "\r\n", "1;\r\n", "1 \r\nx\r\n",
    "1\nx\r\n",
    "1\r\nxy", "1\r\nx\n", "0\r\nnocolon\r\n\r\n", "0\r\n\n", "00000000000000000000000000000000000000",
  ])
  func brokenChunksAreRefused(chunks: String) {
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, .refused)
  }

  @Test func extensionsAndTrailersAreBounded() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    expect(head + "1;a=" + String(repeating: "b", count: HTTPLimits.Head.chunkLineBytes), .refused)
    expect(head + "0\r\n" + String(repeating: "A: b\r\n", count: HTTPLimits.Head.trailerBytes / 3), .refused)
    // A million chunks of one byte are only slow.
    expect(
      head + String(repeating: "1\r\nx\r\n", count: 500) + "0\r\n\r\n", .whole(200, String(repeating: "x", count: 500)))
  }

  @Test(arguments: [
    "Content-Length: 2\r\nContent-Length: 2", "Content-Length: 2, 2", "Content-Length: -1",
    "Content-Length: 99999999999999999999",
    "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: identity",
    "Content-Length: 2\r\nTransfer-Encoding: chunked", "X: y\r\n folded", "X : y", ": y", "X: \u{0}", "X: a\rb",
    "X: a\nB: c",
  ])
  func wrongLengthsAndBrokenFieldsAreRefused(fields: String) {
    expect("HTTP/1.1 200 OK\r\n\(fields)\r\n\r\nhi", .refused)
  }

  @Test func whatIsCutOffIsNotWhole() {
    expect("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", .open(200, "hi"))
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", .open(200, "hi"))
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n", .open(200, "hi"))
    expect("HTTP/1.1 200 OK\r\nContent-Len", .open(0, ""))
    expect("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .refused)
  }
}
