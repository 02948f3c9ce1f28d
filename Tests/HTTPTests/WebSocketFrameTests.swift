import Testing

@testable import HTTP

/// One frame, by hand, so that the reader is not only tested against our own writer.
func frame(
  _ opcode: UInt8, _ payload: [UInt8], fin: Bool = true, rsv: UInt8 = 0, mask: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D],
  length: Int? = nil,
  form: Int? = nil
) -> [UInt8] {
  let count = length ?? payload.count
  let size = form ?? (count < 126 ? 0 : count <= 0xFFFF ? 2 : 8)
  var out: [UInt8] = [(fin ? 0x80 : 0) | rsv << 4 | opcode]
  let bit: UInt8 = mask == nil ? 0 : 0x80
  switch size {
  case 0: out.append(bit | UInt8(count))
  case 2: out += [bit | 126, UInt8(count >> 8 & 255), UInt8(count & 255)]
  default: out += [bit | 127] + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
  }
  if let mask {
    out += mask
    out += payload.enumerated().map { $1 ^ mask[$0 & 3] }
  } else {
    out += payload
  }
  return out
}

func steps(
  _ bytes: [UInt8], pieces: Int, limits: HTTPLimits.WebSocket = .init(), expectsMask: Bool = true,
  compression: Bool = false
) -> [FrameReader.Step] {
  var reader = FrameReader(limits: limits, expectsMask: expectsMask, allowsCompression: compression)
  var out: [FrameReader.Step] = []
  for from in stride(from: 0, to: bytes.count, by: pieces) {
    Array(bytes[from..<min(from + pieces, bytes.count)]).withUnsafeBytes { buffer in
      var at = 0
      while true {
        let step = reader.next(buffer, &at)
        if step == .needMore { break }
        out.append(step)
      }
      #expect(at == buffer.count)
    }
  }
  return out
}

@Suite struct WebSocketFrameTests {
  private func expect(
    _ bytes: [UInt8], _ expected: [FrameReader.Step], limits: HTTPLimits.WebSocket = .init(), compression: Bool = false,
    _ at: SourceLocation = #_sourceLocation
  ) {
    for pieces in [1, 2, 3, 5, 1 << 20] where pieces > 1 || bytes.count < 100_000 {
      #expect(steps(bytes, pieces: pieces, limits: limits, compression: compression) == expected, sourceLocation: at)
    }
  }

  @Test(arguments: [0, 1, 7, 8, 9, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537])
  func everyLengthFormGoesThereAndBack(count: Int) {
    let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 127) }
    expect(frame(2, payload), [.binary(payload, compressed: false)])
    for mask: UInt32? in [0x1234_5678, 0] {
      var out: [UInt8] = []
      payload.withUnsafeBytes { FrameWriter.append(.text, $0, mask: mask, to: &out) }
      #expect(steps(out, pieces: 1_000) == [.text(payload, compressed: false)])
    }
    var plain: [UInt8] = []
    payload.withUnsafeBytes { FrameWriter.append(.text, $0, mask: nil, to: &plain) }
    #expect(plain == frame(1, payload, mask: nil))
    #expect(steps(plain, pieces: 1_000, expectsMask: false) == [.text(payload, compressed: false)])
  }

  @Test func lengthsHaveTheirShortestForm() {
    for (count, form) in [(125, 2), (0, 2), (125, 8), (65_535, 8)] {
      let result = steps(frame(2, Array(repeating: 0, count: count), form: form), pieces: 1 << 20)
      #expect(result.first == .failed(1002, "the length is not in its shortest form"))
    }
  }

  @Test func fragmentsAreJoinedAroundControlFrames() {
    let bytes =
      frame(1, Array("ab".utf8), fin: false) + frame(9, [1, 2]) + frame(0, [], fin: false) + frame(0, Array("c".utf8))
    expect(bytes, [.ping([1, 2]), .text(Array("abc".utf8), compressed: false)])
  }

  @Test func brokenFragmentationIsRefused() {
    #expect(isFailure(steps(frame(0, [1]), pieces: 100), 1002))
    #expect(isFailure(steps(frame(1, [0x61], fin: false) + frame(1, [0x61]), pieces: 100), 1002))
    #expect(isFailure(steps(frame(9, [1], fin: false), pieces: 100), 1002))
  }

  @Test func reservedBitsAndOpcodesAreRefused() {
    for rsv: UInt8 in [1, 2, 3] {
      #expect(isFailure(steps(frame(1, [0x61], rsv: rsv), pieces: 100, compression: true), 1002))
    }
    #expect(isFailure(steps(frame(1, [0x61], rsv: 4), pieces: 100), 1002))
    for opcode: UInt8 in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
      #expect(isFailure(steps(frame(opcode, []), pieces: 100), 1002))
    }
    // The compression bit belongs on a message's first frame only.
    #expect(isFailure(steps(frame(9, [], rsv: 4), pieces: 100, compression: true), 1002))
    #expect(
      isFailure(
        steps(frame(1, [0x61], fin: false, rsv: 4) + frame(0, [], rsv: 4), pieces: 100, compression: true), 1002))
    #expect(steps(frame(1, [0x61], rsv: 4), pieces: 100, compression: true) == [.text([0x61], compressed: true)])
  }

  @Test func aClientMasksAndAServerDoesNot() {
    #expect(isFailure(steps(frame(1, [0x61], mask: nil), pieces: 100), 1002))
    #expect(isFailure(steps(frame(1, [0x61]), pieces: 100, expectsMask: false), 1002))
  }

  @Test func controlFramesAreShort() {
    expect(frame(9, Array(repeating: 7, count: 125)), [.ping(Array(repeating: 7, count: 125))])
    #expect(isFailure(steps(frame(9, Array(repeating: 7, count: 126)), pieces: 1_000), 1002))
    expect(frame(10, []), [.pong([])])
  }

  @Test func hugeClaimsAreRefusedAtTheHeader() {
    #expect(isFailure(steps(frame(2, [], length: 1 << 62, form: 8), pieces: 1), 1009))
    #expect(isFailure(steps(frame(2, [], length: .max, form: 8), pieces: 1), 1009))
    // RFC 6455 5.2: the most significant bit must be 0.
    let highest: [UInt8] = [0x82, 0xFF] + Array(repeating: 0xFF, count: 8) + [0, 0, 0, 0]
    #expect(isFailure(steps(highest, pieces: 100), 1002))
  }

  @Test func messagesAreBoundedWholeAndInFragments() {
    var limits = HTTPLimits.WebSocket()
    limits.messageBytes = 300
    let fits = Array(repeating: UInt8(0x61), count: 300)
    expect(frame(1, fits), [.text(fits, compressed: false)], limits: limits)
    #expect(isFailure(steps(frame(1, fits + [0x61]), pieces: 1_000, limits: limits), 1009))
    expect(
      frame(1, Array(fits[..<200]), fin: false) + frame(0, Array(fits[200...])), [.text(fits, compressed: false)],
      limits: limits)
    #expect(
      isFailure(
        steps(frame(1, Array(fits[..<200]), fin: false) + frame(0, Array(fits[199...])), pieces: 1_000, limits: limits),
        1009))
  }

  @Test func emptyFragmentsAreBounded() {
    var limits = HTTPLimits.WebSocket()
    limits.fragments = 10
    let nine = Array(repeating: frame(0, [], fin: false), count: 8).flatMap { $0 }
    expect(frame(1, [], fin: false) + nine + frame(0, []), [.text([], compressed: false)], limits: limits)
    #expect(
      isFailure(
        steps(frame(1, [], fin: false) + nine + frame(0, [], fin: false) + frame(0, []), pieces: 9, limits: limits),
        1009))
    // Fragments with something in them are not the fault that this bound is for.
    let honest =
      frame(1, Array(repeating: 0x61, count: 64), fin: false)
      + Array(repeating: frame(0, Array(repeating: 0x61, count: 64), fin: false), count: 50).flatMap { $0 }
      + frame(0, [])
    #expect(
      steps(honest, pieces: 1_000, limits: limits) == [.text(Array(repeating: 0x61, count: 51 * 64), compressed: false)]
    )
  }

  @Test func textIsCheckedAcrossFragments() {
    let word = Array("κόσμε €😀".utf8)
    for cut in 0...word.count {
      expect(
        frame(1, Array(word[..<cut]), fin: false) + frame(0, Array(word[cut...])), [.text(word, compressed: false)])
    }
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF4, 0x90, 0x80, 0x80],
      [0xF5, 0x80], [0xFF], [0xC3, 0x28], [0x61, 0xE2, 0x82], [0xF0, 0x9F, 0x98],
    ] as [[UInt8]])
  func brokenTextIsRefused(bytes: [UInt8]) {
    for pieces in [1, 100] {
      #expect(isFailure(steps(frame(1, bytes), pieces: pieces), 1007))
      #expect(isFailure(steps(frame(1, Array("12345678".utf8) + bytes), pieces: pieces), 1007))
    }
    #expect(steps(frame(2, bytes), pieces: 1) == [.binary(bytes, compressed: false)])
  }

  @Test func brokenTextIsRefusedBeforeItsMessageEnds() {
    #expect(isFailure(steps(frame(1, [0x61, 0xFF], length: 1_000, form: 2), pieces: 1), 1007))
  }

  @Test func theUTF8CheckAgreesWithTheLibrary() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let alphabet: [UInt8] = [
        0x41, 0x7F, 0x80, 0xBF, 0xC2, 0xE0, 0xA0, 0x9F, 0xED, 0xF0, 0x90, 0x8F, 0xF4, 0xF5, 0xE2,
      ]
      let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      #expect(UTF8Check.isValid(bytes) == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
    }
  }

  @Test(
    arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
      as [UInt16])
  func codesThatMayBeSentAreUnderstood(code: UInt16) {
    expect(frame(8, [UInt8(code >> 8), UInt8(code & 255)] + Array("bye".utf8)), [.close(code, reason: "bye")])
  }

  @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] as [UInt16])
  func codesThatMayNotBeSentAreRefused(code: UInt16) {
    #expect(isFailure(steps(frame(8, [UInt8(code >> 8), UInt8(code & 255)]), pieces: 100), 1002))
  }

  @Test func closeFramesOfEveryShape() {
    expect(frame(8, []), [.close(nil, reason: "")])
    #expect(isFailure(steps(frame(8, [3]), pieces: 100), 1002))
    #expect(isFailure(steps(frame(8, [3, 0xE8, 0xFF]), pieces: 100), 1007))
    // What follows a close frame is not read.
    expect(frame(8, [3, 0xE8]) + frame(1, [0x61]) + [0xFF, 0xFF], [.close(1000, reason: "")])
  }

  @Test func longReasonsAreCutOnACharacter() {
    let out = FrameWriter.close(code: 1000, reason: String(repeating: "ä", count: 100), mask: nil)
    #expect(out.count == 2 + 124)
    #expect(steps(out, pieces: 9, expectsMask: false) == [.close(1000, reason: String(repeating: "ä", count: 61))])
  }
}

func isFailure(_ steps: [FrameReader.Step], _ code: UInt16) -> Bool {
  guard case .failed(code, _) = steps.last else { return false }
  return true
}

@Suite struct DeflateTests {
  @Test(arguments: [0, 1, 99, 100, 571, 16_384, 100_000])
  func whatIsPackedIsUnpackedAsItWas(count: Int) throws {
    let deflate = Deflate()
    let text = (0..<count).map { UInt8(truncatingIfNeeded: 0x61 + ($0 * $0 % 23)) }
    for window: Int32 in [15, 9, 12] {
      let packed = try #require(text.withUnsafeBytes { deflate.pack($0, windowBits: window) })
      #expect(try deflate.unpack(packed, limit: max(count, 1)) == text)
    }
  }

  @Test func aWindowThatZlibCannotMakeLeavesTheMessagePlain() {
    #expect(Array("text".utf8).withUnsafeBytes { Deflate().pack($0, windowBits: 8) } == nil)
  }

  @Test func noiseComesBackToo() throws {
    let deflate = Deflate()
    let noise = (0..<70_000).map { _ in UInt8.random(in: 0...255) }
    let packed = try #require(noise.withUnsafeBytes { deflate.pack($0) })
    #expect(try deflate.unpack(packed, limit: noise.count) == noise)
    #expect(throws: Deflate.Fault.tooLarge) { try deflate.unpack(packed, limit: noise.count - 1) }
  }

  @Test func messagesDoNotDependOnEachOther() throws {
    let deflate = Deflate()
    let text = Array(repeating: UInt8(0x61), count: 500)
    let first = text.withUnsafeBytes { deflate.pack($0) }
    #expect(text.withUnsafeBytes { deflate.pack($0) } == first)
  }

  @Test func aBombStopsAtTheLimit() throws {
    let deflate = Deflate()
    let zeros = [UInt8](repeating: 0, count: 32 << 20)
    let bomb = try #require(zeros.withUnsafeBytes { deflate.pack($0) })
    #expect(bomb.count < 100_000)
    #expect(throws: Deflate.Fault.tooLarge) { try deflate.unpack(bomb, limit: 1 << 20) }
  }

  @Test(arguments: [[0xFF], [0x07], [0x00, 0x01, 0x02], [0x78, 0x9C, 0x03, 0x00]] as [[UInt8]])
  func brokenBytesAreRefused(bytes: [UInt8]) throws {
    let deflate = Deflate()
    #expect(throws: Deflate.Fault.broken) { try deflate.unpack(bytes, limit: 1_000) }
    // And the state is good for the next message.
    #expect(try deflate.unpack([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], limit: 100) == Array("Hello".utf8))
  }

  @Test func theSpecificationsExamplesAreRead() throws {
    let deflate = Deflate()
    // RFC 7692 7.2.3: a block, no compression, a final block, and two blocks.
    let examples: [[UInt8]] = [
      [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
      [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
      [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
    ]
    for example in examples { #expect(try deflate.unpack(example, limit: 5) == Array("Hello".utf8)) }
  }

  @Test func gzipHasItsDress() throws {
    let packed = try #require(Deflate.gzip(Array(repeating: 0x61, count: 10_000)))
    #expect(packed.starts(with: [0x1F, 0x8B, 0x08]))
    #expect(packed.count < 100)
  }
}
