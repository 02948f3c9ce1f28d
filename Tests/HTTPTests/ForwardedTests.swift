import Net
import Testing

@testable import HTTP

@Suite struct ForwardedTests {
  private func asker(_ fields: ForwardedFields, _ headers: Headers) -> String {
    let (client, isSecure) = ForwardedHops(headers, fields).asker { $0.host.hasPrefix("10.") }
    return "\(client?.host ?? "-") \(isSecure.map { "\($0)" } ?? "-")"
  }

  @Test(arguments: [
    (["X-Forwarded-For": "192.0.2.7"], "192.0.2.7 -"),
    (["X-Forwarded-For": "1.1.1.1, 192.0.2.7, 10.0.0.3", "X-Forwarded-Proto": "https"], "192.0.2.7 true"),
    (["X-Forwarded-For": "[2001:db8::1]:4711", "X-Forwarded-Proto": "http"], "2001:db8::1 false"),
    (["X-Forwarded-For": "192.0.2.7:4711"], "192.0.2.7 -"),
    // The proxy speaks for somebody whom it does not name.
    (["X-Forwarded-For": "192.0.2.7, unknown"], "- -"),
    (["X-Forwarded-For": "unix:/tmp/x"], "- -"),
    // The scheme that the stranger wrote stands first, that of the proxy last.
    (["X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https, http"], "192.0.2.7 false"),
    (["X-Forwarded-Proto": "wss"], "- true"),
    (["Forwarded": "for=192.0.2.9;proto=https"], "- -"),
    ([:], "- -"),
  ])
  func oneKindOfProxyWritesTheseFields(headers: [String: String], expected: String) {
    #expect(asker(.xForwarded, Headers(headers.map { Headers.Field($0, $1) })) == expected)
  }

  @Test(arguments: [
    ("for=192.0.2.7", "192.0.2.7 -"), ("For=\"[2001:db8::1]:4711\";Proto=https", "2001:db8::1 true"),
    ("for=1.1.1.1;proto=https, for=192.0.2.7;proto=http, for=10.0.0.3;proto=https", "192.0.2.7 false"),
    ("for=192.0.2.7;proto=https, for=10.0.0.3", "192.0.2.7 true"), ("for=_hidden, for=10.0.0.1", "- -"),
    ("for=unknown;proto=https", "- true"), ("by=10.0.0.1", "- -"), ("nonsense", "- -"), ("", "- -"),
  ])
  func anotherKindWritesThisOne(field: String, expected: String) {
    #expect(asker(.forwarded, ["Forwarded": field, "X-Forwarded-For": "9.9.9.9"]) == expected)
    #expect(asker(.none, ["Forwarded": field, "X-Forwarded-For": "9.9.9.9"]) == "- -")
  }

  @Test func aServerBelievesTheKindThatItWasTold() throws {
    let answer: @Sendable (Request, Exchange) -> Void = { $1.respond(.text("\($0.peer.host) \($0.isTLS)")) }
    let text = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\nForwarded: for=2.2.2.2;proto=https\r\n\r\n"
    for (fields, expected) in [
      (ForwardedFields.xForwarded, "1.1.1.1 false"), (.forwarded, "2.2.2.2 true"), (.none, "127.0.0.1 false"),
    ] {
      let peer = try RawPeer(try TestServer(proxies: ["127.0.0.1"], fields: fields, answer).kept.port)
      peer.send(text)
      #expect(try peer.answer().body == expected)
    }
  }
}
