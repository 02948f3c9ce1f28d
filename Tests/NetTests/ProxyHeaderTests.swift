import Glibc
import Testing

@testable import Net

private let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
private let four: [UInt8] = [203, 0, 113, 7, 10, 0, 0, 1, 0xc0, 0x01, 0x01, 0xbb]

private func header(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
  signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 255)] + rest
}

@Suite(.overBothReadinessSets) struct ProxyHeaderTests {
  @Test func bothFamiliesAreRead() {
    let expected = SocketAddress.v4(0xcb00_7107, port: 0xc001)
    #expect(ProxyHeader.read(header(0x21, 0x11, four)) == .complete(ProxyHeader(client: expected)))
    // What follows the addresses is skipped.
    #expect(ProxyHeader.read(header(0x21, 0x11, four + [1, 0, 1, 65])) == .complete(ProxyHeader(client: expected)))
    let six = [UInt8](1...36)
    let client = SocketAddress.v6(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10, port: 0x2122, zone: 0)
    #expect(ProxyHeader.read(header(0x21, 0x21, six)) == .complete(ProxyHeader(client: client)))
  }

  @Test func aProxyMaySpeakForItself() {
    #expect(ProxyHeader.read(header(0x20, 0x00, [])) == .complete(ProxyHeader(client: nil)))
    #expect(ProxyHeader.read(header(0x20, 0x11, four)) == .complete(ProxyHeader(client: nil)))
    #expect(ProxyHeader.read(header(0x21, 0x00, [])) == .complete(ProxyHeader(client: nil)))
    #expect(ProxyHeader.read(header(0x21, 0x31, [])) == .complete(ProxyHeader(client: nil)))
  }

  @Test(arguments: [
    ("PROXY TCP4 203.0.113.7 10.0.0.1 49153 443\r\n", SocketAddress.v4(0xcb00_7107, port: 49153)),
    (
      "PROXY TCP6 2001:db8::7 ::1 1 65535\r\n",
      .v6(high: 0x2001_0db8_0000_0000, low: 7, port: 1, zone: 0)
    ),
    ("PROXY UNKNOWN\r\n", nil), ("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", nil),
  ])
  func aLineOfTextIsReadToo(line: String, client: SocketAddress?) {
    let bytes = Array(line.utf8)
    #expect(ProxyHeader.read(bytes) == .complete(ProxyHeader(client: client)))
    for count in 1..<bytes.count { #expect(ProxyHeader.read(Array(bytes.prefix(count))) == .needs(count + 1)) }
  }

  @Test(arguments: [
    "PROXY\r\n", "PROXY TCP4 203.0.113.7 10.0.0.1 1 2\n", "PROXY TCP4 ::1 ::1 1 2\r\n",
    "PROXY TCP6 1.1.1.1 1.1.1.1 1 2\r\n",
    "PROXY TCP4 203.0.113.7 10.0.0.1 65536 2\r\n", "PROXY TCP4 203.0.113.7 10.0.0.1 +1 2\r\n",
    "PROXY TCP4  203.0.113.7 10.0.0.1 1 2\r\n", "PROXY TCP4 203.0.113.7 10.0.0.1 1\r\n", "PRI * HTTP/2.0\r\n",
    "PROXY TCP5 203.0.113.7 10.0.0.1 1 2\r\n", "PROXY UNIX /a /b\r\n",
  ])
  func aLineThatTwoReadersCouldReadDifferentlyIsMalformed(line: String) {
    #expect(ProxyHeader.read(Array(line.utf8)) == .malformed)
  }

  @Test func aLineHasABound() {
    let longest = Array("PROXY UNKNOWN ".utf8) + [UInt8](repeating: 0x78, count: Limits.proxyLineBytes - 16)
    #expect(ProxyHeader.read(longest + [0x0d, 0x0a]) == .complete(ProxyHeader(client: nil)))
    #expect(ProxyHeader.read(longest + [0x78, 0x0d]) == .malformed)
  }

  @Test func itNeverAsksForMoreThanItsOwnBytes() {
    let whole = header(0x21, 0x11, four)
    for count in 1..<16 { #expect(ProxyHeader.read(Array(whole.prefix(count))) == .needs(16)) }
    for count in 16..<28 { #expect(ProxyHeader.read(Array(whole.prefix(count))) == .needs(28)) }
  }

  @Test func theLengthHasABound() {
    let most = [UInt8](repeating: 0, count: Limits.proxyHeaderBytes - 16)
    #expect(ProxyHeader.read(header(0x21, 0x00, most)) == .complete(ProxyHeader(client: nil)))
    #expect(ProxyHeader.read(header(0x21, 0x00, most + [0])) == .malformed)
  }

  @Test(arguments: [
    header(0x11, 0x11, four), header(0x22, 0x11, four), header(0x21, 0x12, four), header(0x21, 0x41, four),
    header(0x21, 0x11, Array(four.dropLast())), header(0x21, 0x21, [UInt8](repeating: 0, count: 35)),
    [0x0d] + Array(header(0x21, 0x11, four).dropFirst(2)),
  ])
  func whatIsNotAnAnnouncementIsMalformed(bytes: [UInt8]) {
    #expect(ProxyHeader.read(bytes) == .malformed)
  }

  private func say(
    _ pieces: [[UInt8]], trusted: Bool
  ) async throws -> (peer: String?, text: [UInt8], closed: [CloseReason]) {
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let door = try await loop.run { loop in
      let door = try Door(loop)
      door.listener?.trustsProxy = { $0.isLoopback && trusted }
      return LoopBound(door, loop: loop)
    }
    let address = try await loop.run { _ in door.value.address }
    try await blocking {
      let raw = try RawSocket(address)
      for piece in pieces { raw.send(piece) }
      raw.endOutput()
      _ = raw.readAll()
    }
    await loop.wait { door.value.accepted.first?.closed.count == 1 }
    let seen = try await loop.run { _ in
      let probe = try #require(door.value.accepted.first)
      return (probe.channel?.peer.host, probe.received, probe.closed)
    }
    await loop.end()
    return seen
  }

  @Test func aTrustedProxyNamesItsClient() async throws {
    let whole = header(0x21, 0x11, four)
    let line = Array("PROXY TCP4 203.0.113.7 10.0.0.1 49153 443\r\n".utf8)
    let hello = Array("hello".utf8)
    for pieces in [
      [whole + hello], whole.map { [$0] } + [hello], [line + hello], [Array(line[..<9]), Array(line[9...]) + hello],
      line.map { [$0] } + [hello],
    ] {
      let seen = try await say(pieces, trusted: true)
      #expect(seen.peer == "203.0.113.7")
      #expect(seen.text == Array("hello".utf8))
      #expect(seen.closed == [.peerEOF])
    }
  }

  @Test func aTrustedProxyMayAlsoSayNothing() async throws {
    for said in ["hello", "POST", "P"] {
      let seen = try await say([Array(said.utf8.prefix(1)), Array(said.utf8.dropFirst())], trusted: true)
      #expect(seen.peer == "127.0.0.1")
      #expect(seen.text == Array(said.utf8))
    }
  }

  @Test func anybodyElseIsNotBelieved() async throws {
    let whole = header(0x21, 0x11, four)
    let seen = try await say([whole], trusted: false)
    #expect(seen.peer == "127.0.0.1")
    #expect(seen.text == whole)
  }

  @Test func aBrokenAnnouncementClosesTheChannel() async throws {
    let seen = try await say([Array("\r\n\r\nGET / HTTP/1.1\r\n\r\n".utf8)], trusted: true)
    #expect(seen.closed == [.io(EPROTO)])
    #expect(seen.text == [])
  }
}
