import Testing
import Wire

@testable import HTTP

struct ServerFiguresTests {
  @Test func answersAreCountedByClassAndRefusalsByStatus() {
    var one = ServerFigures()
    for status: Status in [.ok, .switching, .notFound, .notFound, .unavailable] { one.answered(status) }
    one.connections = 2
    var other = ServerFigures()
    other.answered(.notFound)
    other.turnedAway = 3
    var exposition = Exposition()
    ServerFigures.write([("page", one + other), ("socket", ServerFigures())], into: &exposition)
    let text = String(decoding: exposition.bytes, as: UTF8.self)
    for line in [
      "ostler_connections{door=\"page\"} 2", "ostler_http_answers_total{door=\"page\",class=\"1xx\"} 1",
      "ostler_http_answers_total{door=\"page\",class=\"2xx\"} 1",
      "ostler_http_answers_total{door=\"page\",class=\"4xx\"} 3",
      "ostler_http_refusals_total{door=\"page\",status=\"404\"} 3",
      "ostler_http_refusals_total{door=\"page\",status=\"503\"} 1",
      "ostler_connections_turned_away_total{door=\"page\"} 3", "ostler_connections{door=\"socket\"} 0",
    ] {
      #expect(text.contains(line + "\n"), "\(line)")
    }
    #expect(!text.contains("status=\"200\""))
  }

  @Test func aServerCountsWhatItAnswers() throws {
    let server = try TestServer { _, exchange in exchange.respond(.text("no\n", status: .notFound)) }
    let peer = try RawPeer(server.port)
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    #expect(try peer.answer().status == 404)
    #expect(try peer.answer().status == 400)
    var expected = ServerFigures()
    expected.answered(.notFound)
    expected.answered(.badRequest)
    var found = server.figures
    found.connections = 0
    #expect(found == expected)
  }
}
