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
}
