import Wire

/// The server of map tiles that the operator chose. Whoever looks at the map then asks it for pictures, so it learns which
/// part of the world is looked at, and from where; where none is chosen the map asks nobody.
public struct MapTiles: Payload, Equatable {
  /// An address over TLS with `{z}`, `{x}` and `{y}` in its path or query, as tiles of the web are numbered.
  public var url = ""
  /// Whose map it is, as its licence wants it said; text.
  public var attribution = ""
  /// The finest tiles that the server has.
  public var mostZoom = 19

  public init() {}

  public init(url: String, attribution: String, mostZoom: Int) {
    (self.url, self.attribution, self.mostZoom) = (url, attribution, mostZoom)
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("url", &url, max: Limits.tileURL)
    try w.visit("attribution", &attribution, max: Limits.tileAttribution)
    try w.visit("max_zoom", &mostZoom, Limits.tileZoom)
  }

  /// Where the tiles come from, as a Content-Security-Policy names it: `https://tiles.example:8443`. Nil where the address
  /// is none that tiles may come from: not over TLS, with a password, with anything that could end the word or the policy,
  /// or with its placeholders in the name of the host.
  public var origin: String? {
    let scheme = "https://"
    guard url.hasPrefix(scheme), url.utf8.count <= Limits.tileURL else { return nil }
    let rest = url.dropFirst(scheme.count)
    let host = rest.prefix { !"/?#".contains($0) }
    let place = rest[host.endIndex...]
    guard host.first?.isLetter == true || host.first?.isNumber == true, host.utf8.allSatisfy(Self.isOfHost),
      place.utf8.allSatisfy(Self.isOfPlace),
      ["{z}", "{x}", "{y}"].allSatisfy({ place.ranges(of: $0).count == 1 })
    else { return nil }
    return scheme + host
  }

  /// Letters, digits, hyphens and dots, and the colon before a port.
  private static func isOfHost(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"):
      true
    default: false
    }
  }

  private static func isOfPlace(_ byte: UInt8) -> Bool {
    (0x21...0x7E).contains(byte) && !Array("\"'<>\\^`|#".utf8).contains(byte)
  }
}
