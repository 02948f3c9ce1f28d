import Net

/// Which header fields of a trusted proxy tell whom it speaks for. Only one kind is believed: a proxy rewrites the one
/// that it knows and may pass on the other as a stranger wrote it.
public enum ForwardedFields: String, Sendable, CaseIterable {
  /// `X-Forwarded-For` and `X-Forwarded-Proto`.
  case xForwarded = "x-forwarded"
  /// RFC 7239.
  case forwarded
  case none
}

/// A proxy's word about whom it speaks for: one hop after the other, the nearest last.
struct ForwardedHops {
  struct Hop: Equatable {
    /// nil where the proxy does not say, or says a name.
    var client: SocketAddress?
    var isSecure: Bool?
  }

  private(set) var hops: [Hop] = []

  init(_ headers: Headers, _ fields: ForwardedFields) {
    switch fields {
    case .none: break
    case .xForwarded:
      hops = headers.list("x-forwarded-for").map { Hop(client: Self.address($0)) }
      // One proxy writes one scheme; of several the last is the nearest proxy's own.
      if let scheme = headers.list("x-forwarded-proto").last {
        if hops.isEmpty { hops = [Hop()] }
        for index in hops.indices { hops[index].isSecure = Self.isSecure(scheme) }
      }
    case .forwarded:
      hops = headers.list("forwarded").map { Self.hop($0) }
    }
  }

  /// Whom the hops name: the last address that is not a trusted proxy itself; and whether the way to it is encrypted,
  /// as the proxy that it reached says. nil for what they do not tell.
  func asker(trusting isTrusted: (SocketAddress) -> Bool) -> (client: SocketAddress?, isSecure: Bool?) {
    var isSecure: Bool?
    for hop in hops.reversed() {
      isSecure = hop.isSecure ?? isSecure
      guard let client = hop.client else { return (nil, isSecure) }
      if !isTrusted(client) { return (client, isSecure) }
    }
    return (nil, isSecure)
  }

  /// RFC 7239 §4: `for="[2001:db8::1]:4711";proto=https;by=…`.
  private static func hop(_ element: String) -> Hop {
    var hop = Hop()
    for pair in element.utf8.split(separator: UInt8(ascii: ";")) {
      let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard halves.count == 2 else { continue }
      var value = trimmed(halves[1])
      if value.utf8.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
        value = String(value.dropFirst().dropLast())
      }
      switch trimmed(halves[0]) {
      case let name where sameASCII(name, "for"): hop.client = address(value)
      case let name where sameASCII(name, "proto"): hop.isSecure = isSecure(value)
      default: break
      }
    }
    return hop
  }

  private static func isSecure(_ scheme: String) -> Bool { sameASCII(scheme, "https") || sameASCII(scheme, "wss") }

  private static func address(_ text: String) -> SocketAddress? {
    let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
    guard let address = SocketAddress(host: bare, port: 0) ?? (try? SocketAddress(parsing: text)) else { return nil }
    if case .unix = address { return nil }
    return address
  }
}
