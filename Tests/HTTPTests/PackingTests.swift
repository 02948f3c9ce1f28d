import Net
import Testing
import Wire

@testable import HTTP

@Suite struct PackingTests {
  private func request(_ headers: Headers, _ path: String = "/") throws -> Request {
    Request(method: .get, target: try Target(path), headers: headers, peer: .v4(0x7F00_0001, port: 1))
  }

  @Test func aPackedAnswerHasAValidatorOfItsOwnAndBothAreKnownAgain() throws {
    var packing = Packing()
    let tag = ETag(version: 3)
    let plain = Response.json(Array(repeating: 0x61, count: 5_000))
    let packs = try request(["Accept-Encoding": "gzip"])
    var packed = plain.tagged(tag, for: packs)
    packing.pack(&packed, for: packs, HTTPLimits.Server())
    #expect(packed.headers["content-encoding"] == "gzip")
    #expect(packed.headers["etag"] == "\"3-gzip\"")
    for text in ["\"3\"", "\"3-gzip\"", "W/\"3-gzip\""] {
      let again = try request(["Accept-Encoding": "gzip", "If-None-Match": text])
      var answer = plain.tagged(tag, for: again)
      packing.pack(&answer, for: again, HTTPLimits.Server())
      #expect(answer.status == .notModified)
      #expect(answer.body.isEmpty)
      #expect(answer.headers["etag"] == (text == "\"3\"" ? "\"3\"" : "\"3-gzip\""))
      #expect(answer.headers["vary"] == "Accept-Encoding")
    }
  }

  @Test func onlyTextsWithinTheBoundsArePacked() throws {
    var packing = Packing()
    let limits = HTTPLimits.Server()
    let asks = try request(["Accept-Encoding": "gzip"])
    for (bytes, type, packs) in [
      (limits.gzipBytes.lowerBound - 1, "text/plain", false), (limits.gzipBytes.lowerBound, "text/plain", true),
      (limits.gzipBytes.upperBound, "text/plain", true), (limits.gzipBytes.upperBound + 1, "text/plain", false),
      (5_000, "image/png", false), (5_000, "application/problem+json", true),
    ] {
      var response = Response(.ok, headers: ["Content-Type": type], body: [UInt8](repeating: 0x61, count: bytes))
      packing.pack(&response, for: asks, limits)
      #expect((response.headers["content-encoding"] == "gzip") == packs, "\(bytes) of \(type)")
      #expect((response.body.count < bytes) == packs)
    }
    // Noise does not become smaller.
    var random = SystemRandomNumberGenerator()
    var noise = Response(
      .ok, headers: ["Content-Type": "text/plain"],
      body: (0..<5_000).map { _ in UInt8.random(in: 0...255, using: &random) })
    packing.pack(&noise, for: asks, limits)
    #expect(noise.headers["content-encoding"] == nil)
    #expect(noise.headers["vary"] == "Accept-Encoding")
  }

  @Test func aFileIsPackedOnceWhateverIsMadeUpToAskForIt() throws {
    var packing = Packing()
    let file = Array(String(repeating: "abc", count: 100_000).utf8)
    let tag = ETag(of: file)
    for path in ["/file", "/file?1", "/file?2", "/other"] {
      let asks = try request(["Accept-Encoding": "gzip"], path)
      var answer = Response(.ok, headers: ["Content-Type": "text/plain"], body: file).tagged(tag, for: asks)
      packing.pack(&answer, for: asks, HTTPLimits.Server())
      #expect(answer.headers["content-encoding"] == "gzip", "also beyond what is packed each time")
      #expect(answer.body == Deflate.gzip(file))
    }
    #expect(packing.kept.count == 1)
  }

  @Test func onlyWhatCachesMayKeepIsPackedBeyondTheBound() throws {
    let limits = HTTPLimits.Server()
    let asks = try request(["Accept-Encoding": "gzip"])
    for (bytes, mayBeKept, packs) in [
      (limits.gzipBytes.upperBound + 1, true, true), (limits.gzipBytes.upperBound + 1, false, false),
      (HTTPLimits.packedOnceBytes, true, true), (HTTPLimits.packedOnceBytes + 1, true, false),
    ] {
      var packing = Packing()
      var answer = Response(
        .ok, headers: ["Content-Type": "text/plain", "Cache-Control": mayBeKept ? "no-cache" : "no-store"],
        body: [UInt8](repeating: 0x61, count: bytes)
      ).tagged(ETag(version: 1), for: asks)
      packing.pack(&answer, for: asks, limits)
      #expect((answer.headers["content-encoding"] == "gzip") == packs, "\(bytes)")
    }
  }

  @Test func whatIsKeptBelongsToItsBytesAndItsVersion() throws {
    var packing = Packing()
    var sizes: Set<Int> = []
    for (path, version, letter) in [("/a", 1, "a"), ("/b", 1, "bc"), ("/a", 2, "def"), ("/a?x", 2, "ghij")] {
      let asks = try request(["Accept-Encoding": "gzip"], path)
      let body = Array(String(repeating: letter, count: 2_000).utf8)
      for _ in 0..<2 {
        var response = Response(.ok, headers: ["Content-Type": "text/plain"], body: body).tagged(
          ETag(version: version), for: asks)
        packing.pack(&response, for: asks, HTTPLimits.Server())
        #expect(response.body == Deflate.gzip(body))
        sizes.insert(response.body.hashValue)
      }
    }
    #expect(sizes.count == 4)
  }

  @Test func whatStrangersMakeUpIsNotKept() throws {
    var packing = Packing()
    func ask(_ path: String) throws {
      let asks = try request(["Accept-Encoding": "gzip"], path)
      var response = Response.json(Array(repeating: 0x61, count: 5_000)).tagged(ETag(version: 1), for: asks)
      packing.pack(&response, for: asks, HTTPLimits.Server())
      #expect(response.headers["content-encoding"] == "gzip")
    }
    try ask("/a")
    let kept = packing.bytes
    #expect(kept > 0)
    for number in 0..<50 { try ask("/a?x=\(number)") }
    #expect(packing.bytes == kept)
  }
}
