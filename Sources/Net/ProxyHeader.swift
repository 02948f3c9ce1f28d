// Who a connection really comes from, as a proxy in front of us announces it (PROXY protocol, version 2).

/// The announcement that a proxy sends before the first byte of its client:
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

  /// No request and no TLS hello begins like this.
  static let firstByte = signature[0]
  private static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

  static func read(_ bytes: [UInt8]) -> Reading {
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
}
