import Net

/// The PROXY protocol, version 2: how a trusted balancer that only passes bytes says for whom it speaks.
enum ProxyHeader: Equatable {
  case needMore
  /// The connection begins with something else.
  case absent
  /// The header takes so many bytes; nil: the balancer speaks for itself (its health check).
  case found(source: SocketAddress?, bytes: Int)
  case broken

  private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

  /// Looks at a connection's first bytes.
  static func read(_ bytes: [UInt8]) -> ProxyHeader {
    guard bytes.prefix(signature.count).elementsEqual(signature.prefix(bytes.count)) else { return .absent }
    guard bytes.count >= 16 else { return .needMore }
    guard bytes[12] >> 4 == 2, bytes[12] & 15 <= 1 else { return .broken }
    let length = Int(bytes[14]) << 8 | Int(bytes[15])
    guard length <= HTTPLimits.proxyHeaderBytes else { return .broken }
    guard bytes.count >= 16 + length else { return .needMore }
    // The command LOCAL; else an address family (1: IPv4, 2: IPv6) over a stream. Others say nothing to us.
    if bytes[12] & 15 == 0 { return .found(source: nil, bytes: 16 + length) }
    func number(_ at: Int, _ size: Int) -> UInt64 { bytes[at..<(at + size)].reduce(0) { $0 << 8 | UInt64($1) } }
    switch bytes[13] {
    case 0x11:
      guard length >= 12 else { return .broken }
      let source = SocketAddress.v4(UInt32(number(16, 4)), port: UInt16(number(24, 2)))
      return .found(source: source, bytes: 16 + length)
    case 0x21:
      guard length >= 36 else { return .broken }
      let source = SocketAddress.v6(high: number(16, 8), low: number(24, 8), port: UInt16(number(48, 2)), zone: 0)
      return .found(source: source, bytes: 16 + length)
    default:
      return .found(source: nil, bytes: 16 + length)
    }
  }
}
