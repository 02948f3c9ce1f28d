import Wire

/// What a request asks for: its path in decoded segments, and its query.
public struct Target: Sendable, Equatable {
  public struct Item: Sendable, Equatable {
    public let name: String
    public let value: String
  }

  /// The path as it was sent, percent-encoded, without query; "*" for the whole server.
  public let path: String
  /// The path's non-empty segments, percent-decoded: "//a/b%20c/" has two.
  public let segments: [String]
  /// The query as it was sent, without its question mark.
  public let rawQuery: String
  /// The query's items, decoded, in order.
  public let query: [Item]
  /// Host and port of an absolute-form target (RFC 9112 3.2.2), which some stations send.
  public let authority: String?

  /// The first value of a query item.
  public subscript(name: String) -> String? { query.first { $0.name == name }?.value }

  public init(_ text: String, method: Method = .get) throws(Refusal) { try self.init(Array(text.utf8), method: method) }

  /// - Throws: 400 for what is no target: broken escapes, an escaped NUL, a fragment, a scheme that is not ours.
  init(_ bytes: [UInt8], method: Method) throws(Refusal) {
    if bytes == [UInt8(ascii: "*")] {
      guard method == .options else { throw Refusal(.badRequest, "Only OPTIONS may ask for *.") }
      path = "*"
      segments = []
      rawQuery = ""
      query = []
      authority = nil
      return
    }
    var rest = bytes[...]
    var host: String?
    if rest.first != UInt8(ascii: "/") {
      guard let parts = Target.absolute(rest) else {
        throw Refusal(.badRequest, "The target is neither a path nor an http or ws address.")
      }
      host = String(decoding: parts.authority, as: UTF8.self)
      rest = parts.rest
    }
    guard !rest.contains(UInt8(ascii: "#")) else { throw Refusal(.badRequest, "The target has a fragment.") }
    let mark = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
    let pathBytes = rest[..<mark]
    let queryBytes = mark < rest.endIndex ? rest[(mark + 1)...] : rest[mark...]
    authority = host
    path = pathBytes.isEmpty ? "/" : String(decoding: pathBytes, as: UTF8.self)
    rawQuery = String(decoding: queryBytes, as: UTF8.self)
    var decoded: [String] = []
    for segment in pathBytes.split(separator: UInt8(ascii: "/")) {
      guard let text = percentDecoded(segment, plusIsSpace: false) else {
        throw Refusal(.badRequest, "The path has a broken percent escape.")
      }
      decoded.append(text)
    }
    segments = decoded
    query = try Target.items(queryBytes)
  }

  private static func absolute(_ bytes: ArraySlice<UInt8>) -> (authority: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
    for scheme in ["http://", "https://", "ws://", "wss://"] {
      let prefix = bytes.prefix(scheme.utf8.count)
      guard prefix.elementsEqual(scheme.utf8, by: { lowered($0) == $1 }) else { continue }
      let after = bytes[prefix.endIndex...]
      let end = after.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? after.endIndex
      return end > after.startIndex ? (after[..<end], after[end...]) : nil
    }
    return nil
  }

  private static func items(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> [Item] {
    var items: [Item] = []
    for part in bytes.split(separator: UInt8(ascii: "&")) {
      guard items.count < HTTPLimits.Head.queryItems else {
        throw Refusal(.badRequest, "The query has too many items.")
      }
      let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
      let value = equals < part.endIndex ? part[(equals + 1)...] : part[equals...]
      guard let name = percentDecoded(part[..<equals], plusIsSpace: true),
        let text = percentDecoded(value, plusIsSpace: true)
      else { throw Refusal(.badRequest, "The query has a broken percent escape.") }
      items.append(Item(name: name, value: text))
    }
    return items
  }
}

/// Text of percent-encoded bytes; nil for a broken escape, for what is no UTF-8, and for a NUL.
func percentDecoded(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
  var out: [UInt8] = []
  out.reserveCapacity(bytes.count)
  var at = bytes.startIndex
  while at < bytes.endIndex {
    var byte = bytes[at]
    if byte == UInt8(ascii: "%") {
      guard at + 2 < bytes.endIndex, let high = hexValue(bytes[at + 1]), let low = hexValue(bytes[at + 2]) else {
        return nil
      }
      byte = high << 4 | low
      at += 2
    } else if plusIsSpace, byte == UInt8(ascii: "+") {
      byte = 0x20
    }
    guard byte != 0 else { return nil }
    out.append(byte)
    at += 1
  }
  return String(validating: out, as: UTF8.self)
}
