/// Whether and how an answer's body is packed with gzip, and what was packed lately.
///
/// Packing costs milliseconds of the loop for a large file, so that an answer which caches may keep (one with an ETag,
/// and not `no-store`) is packed once, whatever path and query led to it: who makes those up must not have it packed anew.
struct Packing {
  struct Kept {
    let plain: [UInt8]
    let small: [UInt8]
  }

  private(set) var kept: [String: Kept] = [:]
  private(set) var bytes = 0

  /// Packs the answer's body where the asker takes that and it makes it smaller, and says in any case that the answer
  /// depends on what the asker takes (RFC 9110 §12.5.5).
  mutating func pack(_ response: inout Response, for request: Request, _ limits: HTTPLimits.Server) {
    guard let type = response.headers["content-type"], Self.isText(type), response.headers["content-encoding"] == nil
    else { return }
    // An answer without its body (304) says so too: a cache must not take it for that of all askers.
    let most = Self.isKept(response) ? HTTPLimits.packedOnceBytes : limits.gzipBytes.upperBound
    guard response.status == .notModified || (limits.gzipBytes.lowerBound...most).contains(response.body.count) else {
      return
    }
    response.headers.add("Vary", "Accept-Encoding")
    guard !response.body.isEmpty, Self.prefersGzip(request.headers), let small = gzip(response) else { return }
    response.headers["Content-Encoding"] = "gzip"
    // Other bytes, another strong validator (RFC 9110 §8.8.3.3); the asker may show either of them later.
    if let tag = response.headers["etag"] { response.headers["ETag"] = ETag.packed(tag) }
    response.body = small
  }

  private static func isKept(_ response: Response) -> Bool {
    response.headers["etag"] != nil && !response.headers.lists("cache-control", "no-store")
  }

  /// nil where packing gains nothing.
  private mutating func gzip(_ response: Response) -> [UInt8]? {
    guard Self.isKept(response), let tag = response.headers["etag"] else {
      return Self.gain(Deflate.gzip(response.body), response.body)
    }
    // Things of their own may have the same version, so the bytes decide; for a file that is a look at where they lie.
    let key = "\(response.body.count) \(tag)"
    if let known = kept[key], known.plain == response.body { return Self.gain(known.small, response.body) }
    guard let small = Deflate.gzip(response.body) else { return nil }
    let more = small.count + response.body.count
    if bytes + more > HTTPLimits.packedBytes { (kept, bytes) = ([:], 0) }
    if let old = kept.updateValue(Kept(plain: response.body, small: small), forKey: key) {
      bytes -= old.small.count + old.plain.count
    }
    bytes += more
    return Self.gain(small, response.body)
  }

  private static func gain(_ small: [UInt8]?, _ plain: [UInt8]) -> [UInt8]? {
    small.flatMap { $0.count < plain.count ? $0 : nil }
  }

  private static func isText(_ type: String) -> Bool {
    ["text/", "application/json", "application/javascript", "application/problem+json", "image/svg+xml"]
      .contains { type.hasPrefix($0) }
  }

  /// Whether the asker takes gzip and likes nothing else better (RFC 9110 §12.5.3).
  static func prefersGzip(_ headers: Headers) -> Bool {
    var weights: [String: Int] = [:]
    for item in headers.list("accept-encoding") {
      let parts = item.utf8.split(separator: UInt8(ascii: ";")).map { trimmed($0) }
      guard let name = parts.first else { continue }
      var weight = 1_000
      for parameter in parts.dropFirst() where parameter.hasPrefix("q=") || parameter.hasPrefix("Q=") {
        guard let given = Self.weight(parameter.dropFirst(2)) else { return false }
        weight = given
      }
      weights[String(decoding: name.utf8.map(lowered), as: UTF8.self)] = weight
    }
    let gzip = weights["gzip"] ?? weights["x-gzip"] ?? weights["*"] ?? 0
    return gzip > 0 && gzip >= weights["identity"] ?? 0
  }

  /// Thousandths of a quality value: `0.5`, `1`, `0.123`; nil for what is none (RFC 9110 §12.4.2).
  private static func weight(_ text: Substring) -> Int? {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts[0].elementsEqual("0".utf8) || parts[0].elementsEqual("1".utf8) else {
      return nil
    }
    let digits = parts.count == 2 ? Array(parts[1]) : []
    guard digits.count <= 3, digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
    let thousandths = (digits + [0x30, 0x30, 0x30]).prefix(3).reduce(0) { $0 * 10 + Int($1 - 0x30) }
    return min(1_000, (parts[0].first == 0x31 ? 1_000 : 0) + thousandths)
  }
}
