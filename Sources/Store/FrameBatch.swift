import Domain
import Glibc
import Wire

/// Frames as the message log keeps them: some hundred in one run of bytes, so that a frame costs one copy when it is
/// recorded and no row of its own when it is written.
///
///     version (1), then for each frame, numbers with their lowest byte first:
///     0  UInt32  bytes of the frame after this number
///     4  Int64   milliseconds since 1970
///     12 UInt8   marks: 1 sent, 2 error, 4 has an action, 8 has a correlation
///     13 UInt8×4 bytes of door, peer, action, correlation
///     17         door, peer, action, correlation, and what is left is the text
nonisolated struct FrameBatch: Sendable {
  static let version: UInt8 = 1
  static let headerBytes = 17

  private(set) var count = 0
  private(set) var errors = 0
  /// The earliest and the latest time of its frames, which two loops may hand over crosswise.
  private(set) var beganAt = Timestamp(milliseconds: .max)
  private(set) var endedAt = Timestamp(milliseconds: .min)
  /// How much of the buffer is written.
  private(set) var size = 1
  private var buffer: Bytes

  /// - Parameter bytes: how large it will probably become.
  init(expecting bytes: Int = Limits.batchFirstBytes) {
    buffer = Bytes(repeating: 0, count: max(bytes, Limits.batchFirstBytes))
    buffer[0] = Self.version
  }

  var frames: Bytes { Bytes(buffer[..<size]) }

  /// Bytes that a frame will take, after its fields are cut to their limits.
  static func size(of frame: LoggedFrame) -> Int {
    headerBytes + length(of: frame.door) + length(of: frame.peer) + (frame.action.map(length) ?? 0)
      + (frame.correlation.map(length) ?? 0) + frame.text.whole(upTo: Limits.frameBytes)
  }

  /// There is room for a frame of this size. An empty batch takes every frame.
  func hasRoom(for bytes: Int) -> Bool {
    count == 0 || (count < Limits.batchFrames && size + bytes <= Limits.batchBytes)
  }

  /// - Parameter bytes: the frame's `size(of:)`.
  mutating func append(_ frame: LoggedFrame, bytes: Int) {
    let door = Self.length(of: frame.door)
    let peer = Self.length(of: frame.peer)
    let action = frame.action.map(Self.length) ?? 0
    let correlation = frame.correlation.map(Self.length) ?? 0
    let text = bytes - Self.headerBytes - door - peer - action - correlation
    var marks: UInt8 = 0
    if frame.direction == .sent { marks |= FrameView.sent }
    if frame.isError { marks |= FrameView.error }
    if frame.action != nil { marks |= FrameView.hasAction }
    if frame.correlation != nil { marks |= FrameView.hasCorrelation }

    if size + bytes > buffer.count {
      buffer.append(contentsOf: repeatElement(0, count: max(buffer.count, size + bytes - buffer.count)))
    }
    let start = size
    buffer.withUnsafeMutableBytes { buffer in
      let place = UnsafeMutableRawBufferPointer(rebasing: buffer[start..<(start + bytes)])
      place.storeBytes(of: UInt32(bytes - 4).littleEndian, toByteOffset: 0, as: UInt32.self)
      place.storeBytes(of: frame.at.milliseconds.littleEndian, toByteOffset: 4, as: Int64.self)
      place[12] = marks
      place[13] = UInt8(door)
      place[14] = UInt8(peer)
      place[15] = UInt8(action)
      place[16] = UInt8(correlation)
      var at = Self.headerBytes
      Self.copy(frame.door, door, to: place, &at)
      Self.copy(frame.peer, peer, to: place, &at)
      if let name = frame.action { Self.copy(name, action, to: place, &at) }
      if let id = frame.correlation { Self.copy(id, correlation, to: place, &at) }
      frame.text.withUnsafeBytes { bytes in
        UnsafeMutableRawBufferPointer(rebasing: place[at...]).copyMemory(from: .init(rebasing: bytes[..<text]))
      }
    }
    size += bytes
    count += 1
    if frame.isError { errors += 1 }
    beganAt = min(beganAt, frame.at)
    endedAt = max(endedAt, frame.at)
  }

  private static func length(of text: String) -> Int {
    let count = text.utf8.count
    return count <= Limits.frameFieldBytes ? count : Bytes(text.utf8).whole(upTo: Limits.frameFieldBytes)
  }

  private static func copy(_ text: String, _ count: Int, to place: UnsafeMutableRawBufferPointer, _ at: inout Int) {
    var text = text
    text.withUTF8 { utf8 in
      UnsafeMutableRawBufferPointer(rebasing: place[at..<(at + count)]).copyMemory(
        from: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: utf8[..<count])))
    }
    at += count
  }
}

/// A kept batch, read where it lies: valid only as long as the bytes are.
nonisolated struct FrameReader {
  private let bytes: UnsafeRawBufferPointer
  /// Where each frame begins.
  private let places: [Int]

  /// Nil where the bytes are not what `FrameBatch` wrote: every length is looked at here, and nowhere later.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.first == FrameBatch.version else { return nil }
    var places: [Int] = []
    var at = 1
    while at < bytes.count {
      guard bytes.count - at >= FrameBatch.headerBytes else { return nil }
      let size = 4 + Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
      let fields = Int(bytes[at + 13]) + Int(bytes[at + 14]) + Int(bytes[at + 15]) + Int(bytes[at + 16])
      guard size <= bytes.count - at, FrameBatch.headerBytes + fields <= size else { return nil }
      places.append(at)
      at += size
    }
    self.bytes = bytes
    self.places = places
  }

  var count: Int { places.count }

  subscript(index: Int) -> FrameView {
    let end = index + 1 < places.count ? places[index + 1] : bytes.count
    return FrameView(bytes: UnsafeRawBufferPointer(rebasing: bytes[places[index]..<end]))
  }
}

/// One frame where it lies in its batch.
nonisolated struct FrameView {
  static let sent: UInt8 = 1
  static let error: UInt8 = 2
  static let hasAction: UInt8 = 4
  static let hasCorrelation: UInt8 = 8

  let bytes: UnsafeRawBufferPointer

  private var marks: UInt8 { bytes[12] }
  private var peerPlace: Int { FrameBatch.headerBytes + Int(bytes[13]) }
  private var actionPlace: Int { peerPlace + Int(bytes[14]) }
  private var correlationPlace: Int { actionPlace + Int(bytes[15]) }
  private var textPlace: Int { correlationPlace + Int(bytes[16]) }

  var at: Timestamp {
    Timestamp(milliseconds: Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: Int64.self)))
  }
  var direction: LoggedFrame.Direction { marks & Self.sent != 0 ? .sent : .received }
  var isError: Bool { marks & Self.error != 0 }
  var door: UnsafeRawBufferPointer { part(FrameBatch.headerBytes, peerPlace) }
  var peer: UnsafeRawBufferPointer { part(peerPlace, actionPlace) }
  var action: UnsafeRawBufferPointer? { marks & Self.hasAction != 0 ? part(actionPlace, correlationPlace) : nil }
  var correlation: UnsafeRawBufferPointer? {
    marks & Self.hasCorrelation != 0 ? part(correlationPlace, textPlace) : nil
  }
  var text: UnsafeRawBufferPointer { part(textPlace, bytes.count) }

  private func part(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[start..<end])
  }
}

/// Who speaks in a batch, so that a search for one peer opens no batch without it, or hardly any.
nonisolated struct Speakers {
  /// Each of them once; nil where they are more than `Limits.fewPeers`.
  private(set) var few: [Bytes]? = []
  /// The fingerprints of all of them, two bytes each.
  private(set) var fingerprints: Bytes = []

  init(of frames: FrameReader) {
    var isKnown = [Bool](repeating: false, count: 1 << 16)
    for index in 0..<frames.count {
      let peer = frames[index].peer
      let print = Self.fingerprint(of: peer)
      if !isKnown[Int(print)] {
        isKnown[Int(print)] = true
        fingerprints.append(UInt8(truncatingIfNeeded: print))
        fingerprints.append(UInt8(print >> 8))
      } else if few == nil || few?.contains(where: { peer.equals($0) }) == true {
        continue
      }
      few?.append(Bytes(peer))
      if let count = few?.count, count > Limits.fewPeers { few = nil }
    }
  }

  /// FNV-1a, folded to 16 bits: among a thousand peers one that is not there is taken for one of them once in 65 times.
  static func fingerprint(of peer: UnsafeRawBufferPointer) -> UInt16 {
    var hash: UInt32 = 2_166_136_261
    for byte in peer { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return UInt16(truncatingIfNeeded: hash ^ hash >> 16)
  }

  static func contains(_ fingerprint: UInt16, in prints: UnsafeRawBufferPointer) -> Bool {
    let (low, high) = (UInt8(truncatingIfNeeded: fingerprint), UInt8(fingerprint >> 8))
    for at in stride(from: 0, to: prints.count - 1, by: 2) where prints[at] == low && prints[at + 1] == high {
      return true
    }
    return false
  }
}

nonisolated extension UnsafeRawBufferPointer {
  func equals(_ other: Bytes) -> Bool {
    count == other.count && (isEmpty || memcmp(baseAddress!, other, count) == 0)
  }

  /// Holds a text anywhere, without regard to the case of ASCII letters.
  /// - Parameter needle: in lower case.
  func contains(folded needle: Bytes) -> Bool {
    guard let first = needle.first else { return true }
    guard needle.count <= count else { return false }
    return needle.withUnsafeBufferPointer { needle in
      search: for start in 0...(count - needle.count) where asciiFolded(self[start]) == first {
        for offset in needle.indices.dropFirst() where asciiFolded(self[start + offset]) != needle[offset] {
          continue search
        }
        return true
      }
      return false
    }
  }

  /// As text for people: what is no UTF-8, and NUL, is shown as U+FFFD.
  var readable: String {
    let text = String(decoding: self, as: UTF8.self)
    return contains(0) ? String(text.map { $0 == "\0" ? "\u{FFFD}" : $0 }) : text
  }
}

nonisolated func asciiFolded(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

nonisolated extension Bytes {
  /// How many of the first bytes to keep so that none is past a count and the cut splits no character.
  func whole(upTo count: Int) -> Int {
    guard self.count > count else { return self.count }
    var end = count
    while end > 0, self[end] & 0xC0 == 0x80 { end -= 1 }
    return end
  }
}
