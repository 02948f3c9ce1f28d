import Wire

/// An address that we are to call, taken apart strictly: what two readers could read differently is refused.
public struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
  public enum Scheme: String, Sendable, Hashable { case http, https, ws, wss }

  public enum Flaw: Error, Equatable, Sendable {
    case tooLong
    case scheme
    case userinfo
    case host
    case port
    case character
  }

  public let scheme: Scheme
  /// Lower case, without the brackets of an IPv6 literal. "0x7f.1" stays a name: the resolver and then the
  /// address guard judge what becomes of it.
  public let host: String
  public let isIPv6Literal: Bool
  public let port: UInt16
  /// Percent-encoded, at least "/".
  public let path: String
  /// Percent-encoded, without the question mark; nil where there was none.
  public let query: String?

  /// - Throws: the first flaw found. A fragment is cut off.
  public init(_ text: String) throws(Flaw) {
    let bytes = Array(text.utf8)
    guard bytes.count <= HTTPLimits.urlBytes else { throw .tooLong }
    guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else { throw .character }
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8),
      let scheme = Scheme(rawValue: String(decoding: bytes[..<colon].map(lowered), as: UTF8.self))
    else { throw .scheme }
    let afterScheme = bytes[(colon + 3)...]
    let isEnd: (UInt8) -> Bool = { "/?#".utf8.contains($0) }
    let authority = afterScheme[..<(afterScheme.firstIndex(where: isEnd) ?? afterScheme.endIndex)]
    guard !authority.contains(UInt8(ascii: "@")) else { throw .userinfo }

    var portBytes: ArraySlice<UInt8>?
    if authority.first == UInt8(ascii: "[") {
      guard let close = authority.firstIndex(of: UInt8(ascii: "]")) else { throw .host }
      let literal = authority[(authority.startIndex + 1)..<close]
      guard literal.contains(UInt8(ascii: ":")),
        literal.allSatisfy({ hexValue($0) != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
      else { throw .host }
      host = String(decoding: literal.map(lowered), as: UTF8.self)
      isIPv6Literal = true
      let rest = authority[(close + 1)...]
      if let first = rest.first {
        guard first == UInt8(ascii: ":") else { throw .host }
        portBytes = rest.dropFirst()
      }
    } else {
      let end = authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
      let name = authority[..<end]
      guard !name.isEmpty, name.count <= 253, name.allSatisfy(Self.isHostByte) else { throw .host }
      host = String(decoding: name.map(lowered), as: UTF8.self)
      isIPv6Literal = false
      if end < authority.endIndex { portBytes = authority[(end + 1)...] }
    }
    if let portBytes {
      guard portBytes.allSatisfy({ $0 &- 0x30 < 10 }),
        let number = UInt16(String(decoding: portBytes, as: UTF8.self)), number > 0
      else { throw .port }
      port = number
    } else {
      port = scheme == .https || scheme == .wss ? 443 : 80
    }
    self.scheme = scheme

    let afterHost = afterScheme[authority.endIndex...]
    let target = afterHost[..<(afterHost.firstIndex(of: UInt8(ascii: "#")) ?? afterHost.endIndex)]
    let mark = target.firstIndex(of: UInt8(ascii: "?"))
    let pathBytes = target[..<(mark ?? target.endIndex)]
    path = pathBytes.isEmpty ? "/" : String(decoding: pathBytes, as: UTF8.self)
    query = mark.map { String(decoding: target[($0 + 1)...], as: UTF8.self) }
  }

  private init(_ base: HTTPURL, path: String, query: String?) {
    scheme = base.scheme
    host = base.host
    isIPv6Literal = base.isIPv6Literal
    port = base.port
    self.path = path
    self.query = query
  }

  public var isSecure: Bool { scheme == .https || scheme == .wss }

  /// What a Host field says: the port only where it is not the scheme's own.
  public var authority: String {
    let name = isIPv6Literal ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  /// What a request line says.
  public var target: String { query.map { "\(path)?\($0)" } ?? path }

  /// Scheme, host and port; two addresses of one origin may share a connection.
  public var origin: String { "\(isSecure ? "https" : "http")://\(authority)" }

  public var description: String { "\(scheme.rawValue)://\(authority)\(target)" }

  /// A `Location` or `Link` value seen from this address: absolute, or a path of the same origin.
  public func following(_ reference: String) throws(Flaw) -> HTTPURL {
    if reference.hasPrefix("//") { return try HTTPURL("\(scheme.rawValue):\(reference)") }
    if reference.hasPrefix("/") { return try HTTPURL("\(scheme.rawValue)://\(authority)\(reference)") }
    if reference.contains("://") { return try HTTPURL(reference) }
    if reference.hasPrefix("?") { return try HTTPURL("\(scheme.rawValue)://\(authority)\(path)\(reference)") }
    let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? "/"
    return try HTTPURL("\(scheme.rawValue)://\(authority)\(folder)\(reference)")
  }

  /// Joins segments to the path with exactly one slash between them, whatever the address ended with; each one
  /// is percent-encoded. The query is kept.
  public func appending(_ segments: String...) -> HTTPURL {
    var joined = path
    for segment in segments {
      if joined.utf8.last != UInt8(ascii: "/") { joined += "/" }
      joined += segment.percentEncoded
    }
    return HTTPURL(self, path: joined, query: query)
  }

  /// Adds query items, encoded, behind those that are there.
  public func asking(_ items: [(String, String)]) -> HTTPURL {
    let added = items.map { "\($0.0.percentEncoded)=\($0.1.percentEncoded)" }
    let all = (query.map { $0.isEmpty ? [] : [$0] } ?? []) + added
    return HTTPURL(self, path: path, query: all.isEmpty ? nil : all.joined(separator: "&"))
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
    default: false
    }
  }
}
