// Who a connection really comes from, as a proxy in front of us announces it (PROXY protocol, versions 1 and 2).

/// The announcement that a proxy sends before the first byte of its client: in version 1 a line of text,
///
///     PROXY TCP4 203.0.113.7 10.0.0.1 49153 443 CR LF
///
/// and in version 2
///
///     12 bytes signature | version 2, command | family, transport | length (2) | addresses | more, skipped
struct ProxyHeader: Equatable {
  enum Reading: Equatable {
    /// So many bytes are needed before more can be said; all of them belong to the announcement.
    case needs(Int)
    case complete(ProxyHeader)
    case malformed
  }

  /// nil when the proxy speaks for itself (its health checks) or does not say.
  var client: SocketAddress?

  /// Whether bytes may be the beginning of an announcement: no request that is answered here and no TLS hello begins
  /// like this, as far as two bytes tell. nil where the one byte that came tells nothing: POST begins with it too.
  static func mayBegin(_ bytes: some Collection<UInt8>) -> Bool? {
    if bytes.elementsEqual("P".utf8) { return nil }
    return bytes.first == signature[0] || bytes.starts(with: "PR".utf8)
  }

  private static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

  static func read(_ bytes: [UInt8]) -> Reading {
    if bytes.first == UInt8(ascii: "P") { return readLine(bytes) }
    guard bytes.count >= 16 else { return .needs(16) }
    guard bytes.starts(with: signature), bytes[12] >> 4 == 2 else { return .malformed }
    let size = 16 + (Int(bytes[14]) << 8 | Int(bytes[15]))
    guard size <= Limits.proxyHeaderBytes else { return .malformed }
    guard bytes.count >= size else { return .needs(size) }
    func number<T: FixedWidthInteger>(at offset: Int, _: T.Type) -> T {
      bytes[offset..<offset + MemoryLayout<T>.size].reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
    }
    switch (bytes[12] & 15, bytes[13]) {
    // 0x31: a socket in the proxy's file system, which is no address to us.
    case (0, _), (1, 0x00), (1, 0x31):
      return .complete(ProxyHeader(client: nil))
    case (1, 0x11):
      guard size >= 16 + 12 else { return .malformed }
      return .complete(ProxyHeader(client: .v4(number(at: 16, UInt32.self), port: number(at: 24, UInt16.self))))
    case (1, 0x21):
      guard size >= 16 + 36 else { return .malformed }
      let address = SocketAddress.v6(
        high: number(at: 16, UInt64.self), low: number(at: 24, UInt64.self), port: number(at: 48, UInt16.self), zone: 0)
      return .complete(ProxyHeader(client: address))
    default:
      return .malformed
    }
  }

  /// Version 1. How long the line is shows only at its end, so it is asked for byte by byte.
  private static func readLine(_ bytes: [UInt8]) -> Reading {
    guard bytes.last == 0x0A else { return bytes.count < Limits.proxyLineBytes ? .needs(bytes.count + 1) : .malformed }
    guard bytes.suffix(2) == [0x0D, 0x0A] else { return .malformed }
    let words = String(decoding: bytes.dropLast(2), as: UTF8.self).split(
      separator: " ", omittingEmptySubsequences: false)
    guard words.first == "PROXY", words.count >= 2 else { return .malformed }
    if words[1] == "UNKNOWN" { return .complete(ProxyHeader(client: nil)) }
    guard words.count == 6, words[4].utf8.allSatisfy({ $0 &- 0x30 < 10 }), let port = UInt16(words[4]),
      let client = SocketAddress(host: words[2], port: port)
    else { return .malformed }
    switch (words[1], client) {
    case ("TCP4", .v4), ("TCP6", .v6): return .complete(ProxyHeader(client: client))
    default: return .malformed
    }
  }
}
