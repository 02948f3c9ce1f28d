import Testing

@testable import HTTP

/// A generator whose seed repeats a failure.
private struct Seeded: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

@Suite struct NoiseTests {
  /// Cuts, doubles, flips and inserts, so that most of the shape stays right and some of it goes wrong.
  private func mutated(_ bytes: [UInt8], _ random: inout Seeded) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
      let at = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: at)
      case 2:
        bytes.insert([0x0D, 0x0A, 0x20, 0x3A, 0x00, 0x25, 0x7F, 0xFF][Int.random(in: 0..<8, using: &random)], at: at)
      case 3: bytes.insert(contentsOf: bytes[..<at].suffix(20), at: at)
      default: bytes.removeLast(Int.random(in: 0...min(8, bytes.count), using: &random))
      }
    }
    return bytes
  }

  @Test(arguments: 1...8)
  func brokenRequestsNeverTrapAndCutsChangeNothing(seed: UInt64) {
    var random = Seeded(state: seed)
    let samples = [
      "POST /a/b%20c?x=1&y HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "PUT http://h:80/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nT: x\r\n\r\n",
    ].map { Array($0.utf8) }
    for _ in 0..<400 {
      for sample in samples {
        let bytes = mutated(sample, &random)
        let whole = Parsed(bytes, pieces: max(1, bytes.count))
        #expect(Parsed(bytes, pieces: 1).refusal == whole.refusal, "seed \(seed): \(bytes)")
        #expect(Parsed(bytes, pieces: 1).bodies == whole.bodies, "seed \(seed): \(bytes)")
      }
    }
  }

  @Test(arguments: 1...8)
  func brokenFramesNeverTrapAndCutsChangeNothing(seed: UInt64) {
    var random = Seeded(state: seed)
    let sample =
      frame(1, Array("ab".utf8), fin: false) + frame(9, [1]) + frame(0, Array("€".utf8))
      + frame(2, [UInt8](repeating: 7, count: 130))
      + frame(1, [0x61], rsv: 4) + frame(8, [3, 0xE8])
    for _ in 0..<800 {
      let bytes = mutated(sample, &random)
      #expect(
        steps(bytes, pieces: 1, compression: true) == steps(bytes, pieces: 1_000, compression: true),
        "seed \(seed): \(bytes)")
    }
  }

  @Test(arguments: 1...4)
  func brokenAddressesNeverTrap(seed: UInt64) {
    var random = Seeded(state: seed)
    for _ in 0..<2_000 {
      let text = String(decoding: mutated(Array("https://[::1]:8080/a/b?c=d#e".utf8), &random), as: UTF8.self)
      if let url = try? HTTPURL(text) {
        #expect((try? HTTPURL(url.description)) == url, "seed \(seed): \(text)")
      }
    }
  }
}
