/// The frames of RFC 6455: written into bytes, and read from them in whatever pieces they arrive.
///
///      0               1               2 .. 9          then
///     +-+-+-+-+-------+-+-------------+---------------+----------+---------
///     |F|R|R|R| op    |M| length 0-125| 126: 2 bytes  | mask key | payload
///     |I|S|S|S| code  |A| 126, 127    | 127: 8 bytes  | if M     |
///     |N|1|2|3|       |S|             |               |          |
///     +-+-+-+-+-------+-+-------------+---------------+----------+---------
enum Opcode: UInt8 {
  case continuation = 0
  case text = 1
  case binary = 2
  case close = 8
  case ping = 9
  case pong = 10

  var isControl: Bool { rawValue >= 8 }
}

/// Why a WebSocket ends (RFC 6455 7.4).
public enum CloseCode {
  public static let normal: UInt16 = 1000
  public static let goingAway: UInt16 = 1001
  public static let protocolError: UInt16 = 1002
  public static let unsupported: UInt16 = 1003
  public static let invalidText: UInt16 = 1007
  public static let policy: UInt16 = 1008
  public static let tooLarge: UInt16 = 1009
  public static let internalError: UInt16 = 1011
  public static let tryLater: UInt16 = 1013

  /// Whether a peer may send this code in a close frame: 1004 to 1006 and 1015 are names for what is not sent.
  public static func maySend(_ code: UInt16) -> Bool {
    switch code {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }
}

enum FrameWriter {
  /// Appends one whole frame; `mask` is what a client must add (RFC 6455 5.3).
  static func append(
    _ opcode: Opcode, _ payload: UnsafeRawBufferPointer, compressed: Bool = false, mask: UInt32?, to out: inout [UInt8]
  ) {
    out.reserveCapacity(out.count + payload.count + headRoom)
    withHead(opcode, length: payload.count, compressed: compressed, mask: mask) { out.append(contentsOf: $0) }
    let start = out.count
    out.append(contentsOf: payload)
    if let mask {
      out.withUnsafeMutableBytes { applyMask(mask, at: 0, UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
    }
  }

  /// Two bytes, at most eight of length, four of mask.
  private static let headRoom = 14

  /// The head of a frame whose payload has that length.
  static func withHead(
    _ opcode: Opcode, length: Int, compressed: Bool = false, mask: UInt32? = nil,
    _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    withUnsafeTemporaryAllocation(byteCount: headRoom, alignment: 8) { head in
      let maskBit: UInt8 = mask == nil ? 0 : 0x80
      var size = 2
      head[0] = 0x80 | (compressed ? 0x40 : 0) | opcode.rawValue
      switch length {
      case 0...125:
        head[1] = maskBit | UInt8(length)
      case 126...0xFFFF:
        head[1] = maskBit | 126
        head.storeBytes(of: UInt16(length).bigEndian, toByteOffset: 2, as: UInt16.self)
        size = 4
      default:
        head[1] = maskBit | 127
        head.storeBytes(of: UInt64(length).bigEndian, toByteOffset: 2, as: UInt64.self)
        size = 10
      }
      if let mask {
        head.storeBytes(of: mask.littleEndian, toByteOffset: size, as: UInt32.self)
        size += 4
      }
      body(UnsafeRawBufferPointer(rebasing: head[..<size]))
    }
  }

  static func close(code: UInt16?, reason: String, mask: UInt32?) -> [UInt8] {
    var payload: [UInt8] = []
    if let code {
      payload = [UInt8(code >> 8), UInt8(code & 0xFF)]
      // Cut on a character, so that the reason stays UTF-8.
      for character in reason {
        guard payload.count + character.utf8.count <= HTTPLimits.WebSocket.controlBytes else { break }
        payload.append(contentsOf: character.utf8)
      }
    }
    var out: [UInt8] = []
    payload.withUnsafeBytes { append(.close, $0, mask: mask, to: &out) }
    return out
  }
}

/// XORs bytes with a mask key, eight at a time. `at` is the position of the first one in its frame; the key's
/// first byte on the wire is its lowest.
func applyMask(_ mask: UInt32, at: Int, _ bytes: UnsafeMutableRawBufferPointer) {
  guard mask != 0 else { return }
  let turn = UInt32(at & 3) * 8
  let turned = turn == 0 ? mask : mask >> turn | mask << (32 - turn)
  let wide = UInt64(turned) | UInt64(turned) << 32
  var index = 0
  while index + 8 <= bytes.count {
    let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
    bytes.storeBytes(of: word ^ wide, toByteOffset: index, as: UInt64.self)
    index += 8
  }
  while index < bytes.count {
    bytes[index] ^= UInt8(truncatingIfNeeded: turned >> (UInt32(index & 3) * 8))
    index += 1
  }
}

/// Joins frames into messages. A value: bytes in, messages out; it refuses what RFC 6455 forbids at the header,
/// before a byte of payload is kept.
struct FrameReader {
  enum Step: Equatable {
    case needMore
    /// Text is checked UTF-8 unless it is compressed, where the check has to wait for the inflated bytes.
    case text([UInt8], compressed: Bool)
    case binary([UInt8], compressed: Bool)
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?, reason: String)
    case failed(UInt16, String)
  }

  private struct Frame {
    var opcode: Opcode
    var isFinal: Bool
    var mask: UInt32
    var length: Int32
    var done: Int32 = 0
  }

  private enum State {
    case header
    case payload(Frame)
    case ended
  }

  // Small, because thousands of stations rest, each with its reader.
  private let messageBytes: Int32
  private let mostFragments: Int32
  private let expectsMask: Bool
  private let allowsCompression: Bool

  private var state = State.header
  /// Header bytes of a header that was cut by the end of a read.
  private var head: [UInt8] = []
  /// The data message that is being joined.
  private var message: [UInt8] = []
  private var kind: Opcode?
  private var isCompressed = false
  private var fragments: Int32 = 0
  private var utf8 = UTF8Check()
  /// A control frame's payload, which may lie between the fragments of a message.
  private var control: [UInt8] = []

  init(limits: HTTPLimits.WebSocket, expectsMask: Bool, allowsCompression: Bool) {
    messageBytes = Int32(clamping: limits.messageBytes)
    mostFragments = Int32(clamping: limits.fragments)
    self.expectsMask = expectsMask
    self.allowsCompression = allowsCompression
  }

  /// Whether a message or a frame has begun and not ended.
  var isInside: Bool {
    switch state {
    case .header: kind != nil || !head.isEmpty
    case .payload: true
    case .ended: false
    }
  }

  mutating func next(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Step {
    while true {
      switch state {
      case .ended:
        at = bytes.count
        return .needMore
      case .header:
        guard let frame = readHeader(bytes, &at) else { return .needMore }
        if let failure = check(frame) { return fail(failure.0, failure.1) }
        guard let opcode = Opcode(rawValue: frame.byte0 & 15) else { return fail(1002, "unknown opcode") }
        state = .payload(
          Frame(opcode: opcode, isFinal: frame.byte0 & 0x80 != 0, mask: frame.mask, length: Int32(frame.length)))
      case .payload(var frame):
        let run = min(bytes.count - at, Int(frame.length - frame.done))
        if run > 0 {
          let part = UnsafeRawBufferPointer(rebasing: bytes[at..<(at + run)])
          at += run
          guard take(part, frame) else { return fail(1007, "the text is not UTF-8") }
          frame.done += Int32(run)
        }
        guard frame.done == frame.length else {
          state = .payload(frame)
          return .needMore
        }
        state = .header
        if let step = finish(frame) { return step }
      }
    }
  }

  // MARK: Header

  private struct Header {
    var byte0: UInt8
    var isMasked: Bool
    var isMinimal: Bool
    var length: UInt64
    var mask: UInt32
  }

  /// The next header, from what was left over and the new bytes; nil until it is whole.
  private mutating func readHeader(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Header? {
    if head.isEmpty, at < bytes.count {
      // The whole header lies in this read: nearly always.
      let rest = UnsafeRawBufferPointer(rebasing: bytes[at...])
      if let (header, size) = Self.header(rest) {
        at += size
        return header
      }
    }
    while at < bytes.count {
      head.append(bytes[at])
      at += 1
      if let (header, _) = head.withUnsafeBytes({ Self.header($0) }) {
        head.removeAll(keepingCapacity: true)
        return header
      }
    }
    return nil
  }

  private static func header(_ bytes: UnsafeRawBufferPointer) -> (Header, size: Int)? {
    guard bytes.count >= 2 else { return nil }
    let byte1 = bytes[1]
    let isMasked = byte1 & 0x80 != 0
    var size = 2
    var length = UInt64(byte1 & 0x7F)
    var isMinimal = true
    if length == 126 {
      guard bytes.count >= 4 else { return nil }
      length = UInt64(bytes[2]) << 8 | UInt64(bytes[3])
      isMinimal = length > 125
      size = 4
    } else if length == 127 {
      guard bytes.count >= 10 else { return nil }
      length = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
      isMinimal = length > 0xFFFF
      size = 10
    }
    var mask: UInt32 = 0
    if isMasked {
      guard bytes.count >= size + 4 else { return nil }
      mask = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: size, as: UInt32.self))
      size += 4
    }
    return (Header(byte0: bytes[0], isMasked: isMasked, isMinimal: isMinimal, length: length, mask: mask), size)
  }

  /// RFC 6455 5.2, 5.4, 5.5: everything that a header alone can have wrong.
  private mutating func check(_ header: Header) -> (UInt16, String)? {
    guard header.byte0 & 0x30 == 0 else { return (1002, "reserved bits are set") }
    guard let opcode = Opcode(rawValue: header.byte0 & 15) else { return (1002, "unknown opcode") }
    let isFinal = header.byte0 & 0x80 != 0
    let compressed = header.byte0 & 0x40 != 0
    if compressed, opcode.isControl || opcode == .continuation || !allowsCompression {
      return (1002, allowsCompression ? "compression bit on the wrong frame" : "compressed without agreement")
    }
    guard header.isMasked == expectsMask else {
      return (1002, expectsMask ? "a frame is not masked" : "a frame is masked")
    }
    guard header.isMinimal else { return (1002, "the length is not in its shortest form") }
    guard header.length <= UInt64(Int64.max) else { return (1002, "the length has 64 bits") }
    if opcode.isControl {
      guard isFinal else { return (1002, "a control frame is fragmented") }
      guard header.length <= UInt64(HTTPLimits.WebSocket.controlBytes) else {
        return (1002, "a control frame is too long")
      }
      return nil
    }
    if opcode == .continuation {
      guard kind != nil else { return (1002, "a continuation without a beginning") }
    } else {
      guard kind == nil else { return (1002, "a new message inside another one") }
      kind = opcode
      isCompressed = compressed
      fragments = 0
      utf8 = UTF8Check()
    }
    guard header.length <= UInt64(messageBytes), message.count + Int(header.length) <= Int(messageBytes) else {
      return (1009, "the message is larger than \(messageBytes) bytes")
    }
    fragments += 1
    guard Int(fragments) <= Int(mostFragments) + message.count / 16 else { return (1009, "too many fragments") }
    return nil
  }

  // MARK: Payload

  /// Keeps a run of payload, unmasked; false when the text cannot be UTF-8.
  private mutating func take(_ part: UnsafeRawBufferPointer, _ frame: Frame) -> Bool {
    if frame.opcode.isControl {
      let start = control.count
      control.append(contentsOf: part)
      control.withUnsafeMutableBytes {
        applyMask(frame.mask, at: Int(frame.done), UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
      }
      return true
    }
    let start = message.count
    message.append(contentsOf: part)
    let checksText = kind == .text && !isCompressed
    return message.withUnsafeMutableBytes {
      let fresh = UnsafeMutableRawBufferPointer(rebasing: $0[start...])
      applyMask(frame.mask, at: Int(frame.done), fresh)
      return !checksText || utf8.take(UnsafeRawBufferPointer(fresh))
    }
  }

  private mutating func finish(_ frame: Frame) -> Step? {
    switch frame.opcode {
    case .ping, .pong, .close:
      let payload = control
      control = []
      if frame.opcode == .ping { return .ping(payload) }
      if frame.opcode == .pong { return .pong(payload) }
      return close(payload)
    case .continuation, .text, .binary:
      guard frame.isFinal else { return nil }
      let isText = kind == .text
      if isText, !isCompressed, !utf8.isComplete { return fail(1007, "the text is not UTF-8") }
      let whole = message
      message = []
      kind = nil
      return isText ? .text(whole, compressed: isCompressed) : .binary(whole, compressed: isCompressed)
    }
  }

  private mutating func close(_ payload: [UInt8]) -> Step {
    state = .ended
    if payload.isEmpty { return .close(nil, reason: "") }
    guard payload.count >= 2 else { return fail(1002, "a close frame with half a code") }
    let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
    guard CloseCode.maySend(code) else { return fail(1002, "a close code that may not be sent") }
    guard let reason = String(validating: payload[2...], as: UTF8.self) else {
      return fail(1007, "the close reason is not UTF-8")
    }
    return .close(code, reason: reason)
  }

  private mutating func fail(_ code: UInt16, _ reason: String) -> Step {
    state = .ended
    message = []
    return .failed(code, reason)
  }
}
