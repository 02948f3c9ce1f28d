@testable import HTTP

extension Harness {
  /// However the bytes are cut, the same messages come out; none is past its limit, and each is the same after it is
  /// written. The first byte chooses sides, compression, limits and pieces.
  static let frames = Harness(name: "frames") { input in
    guard let choice = input.first else { return }
    let bytes = Array(input.dropFirst())
    var limits = HTTPLimits.WebSocket()
    if choice & 4 == 0 { limits.messageBytes = 200 }
    if choice & 8 == 0 { limits.fragments = 4 }
    let expectsMask = choice & 1 == 0
    let compression = choice & 2 == 0
    func read(_ bytes: [UInt8], _ pieces: Int) -> [FrameReader.Step] {
      var reader = FrameReader(limits: limits, expectsMask: expectsMask, allowsCompression: compression)
      var steps: [FrameReader.Step] = []
      feed(bytes, pieces: pieces) { piece, at in
        while true {
          let step = reader.next(piece, &at)
          if step == .needMore { return true }
          steps.append(step)
        }
      }
      return steps
    }

    let cuts = cuts(of: bytes, choice >> 4)
    let whole = read(bytes, cuts[0])
    for pieces in cuts.dropFirst() {
      require(read(bytes, pieces) == whole, "pieces of \(pieces) give other messages than the whole")
    }
    var written: [UInt8] = []
    let mask: UInt32? = expectsMask ? 0x0102_0304 &* (UInt32(choice) | 1) : nil
    for (place, step) in whole.enumerated() {
      func write(_ opcode: Opcode, _ payload: [UInt8], compressed: Bool = false) {
        payload.withUnsafeBytes { FrameWriter.append(opcode, $0, compressed: compressed, mask: mask, to: &written) }
      }
      switch step {
      case .needMore: break
      case .text(let message, let compressed):
        require(message.count <= limits.messageBytes, "no message is larger than the limit")
        require(compressed || String(validating: message, as: UTF8.self) != nil, "plain text is UTF-8")
        require(compression || !compressed, "nothing is compressed without agreement")
        write(.text, message, compressed: compressed)
      case .binary(let message, let compressed):
        require(message.count <= limits.messageBytes, "no message is larger than the limit")
        write(.binary, message, compressed: compressed)
      case .ping(let payload):
        require(payload.count <= HTTPLimits.WebSocket.controlBytes, "no control frame is longer than the limit")
        write(.ping, payload)
      case .pong(let payload):
        require(payload.count <= HTTPLimits.WebSocket.controlBytes, "no control frame is longer than the limit")
        write(.pong, payload)
      case .close(let code, let reason):
        require(place == whole.count - 1, "nothing follows a close frame")
        require(code.map { CloseCode.maySend($0) } ?? true, "a code that was taken may be sent")
        written += FrameWriter.close(code: code, reason: reason, mask: mask)
      case .failed(let code, _):
        require(place == whole.count - 1, "nothing follows a failure")
        require([1002, 1007, 1009].contains(code), "a failure has a code that may be sent")
      }
    }
    let understood = whole.filter { if case .failed = $0 { false } else { true } }
    require(read(written, max(written.count, 1)) == understood, "messages are the same after writing and reading")
  }

  /// No payload inflates past its limit or spoils the state, and what is packed is unpacked to the same bytes.
  static let inflate = Harness(name: "inflate") { input in
    guard let choice = input.first else { return }
    let bytes = Array(input.dropFirst())
    let limit = 16 << Int(choice & 15)
    let deflate = Deflate()
    let plain = try? deflate.unpack(bytes, limit: limit)
    if let plain { require(plain.count <= limit, "nothing inflates past its limit") }
    let bits = 9 + Int32(choice >> 4) % 7
    for text in [bytes, plain ?? []] {
      guard let packed = text.withUnsafeBytes({ deflate.pack($0, windowBits: bits) }) else { continue }
      require((try? deflate.unpack(packed, limit: text.count)) == text, "what is packed comes back")
      if !text.isEmpty {
        let fault: Deflate.Fault?
        do throws(Deflate.Fault) {
          _ = try deflate.unpack(packed, limit: text.count - 1)
          fault = nil
        } catch { fault = error }
        require(fault == .tooLarge, "one byte past the limit is too large")
      }
    }
    if let plain {
      require((try? deflate.unpack(bytes, limit: limit)) == plain, "the same payload gives the same text")
    }
  }
}
