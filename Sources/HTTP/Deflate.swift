import CSystem

/// Packs and unpacks bytes with zlib: permessage-deflate without context takeover (RFC 7692), so that one state
/// serves every connection of a loop, and gzip for HTTP bodies. Owned by one loop.
final class Deflate {
  enum Fault: Error, Equatable {
    case tooLarge
    case broken
  }

  /// Window and memory level were chosen by measurement: 39 kB of state, half the size for a MeterValues.
  private static let windowBits: Int32 = 12
  private static let memoryLevel: Int32 = 5
  private static let chunkBytes = 16_384

  /// One packer for each window that was negotiated; nearly always one.
  private var packers: [Int32: Packer] = [:]
  private var unpacker: Unpacker?

  /// One message's payload, without the tail that RFC 7692 7.2.1 cuts off. nil where zlib has no memory left: the
  /// message then goes out plain.
  func pack(_ bytes: UnsafeRawBufferPointer, windowBits limit: Int32 = 15) -> [UInt8]? {
    let bits = min(limit, Deflate.windowBits)
    if packers[bits] == nil { packers[bits] = Packer(windowBits: -bits, level: 6, memoryLevel: Deflate.memoryLevel) }
    guard var out = packers[bits]?.pack(bytes, flush: Z_SYNC_FLUSH) else { return nil }
    if out.count >= 4 { out.removeLast(4) }
    if out.isEmpty { out.append(0) }
    return out
  }

  /// One message's text from its payload. Inflation stops at `limit` bytes, whatever the payload promises.
  func unpack(_ bytes: [UInt8], limit: Int) throws(Fault) -> [UInt8] {
    if unpacker == nil { unpacker = Unpacker(windowBits: -15) }
    guard let unpacker else { throw .broken }
    return try unpacker.unpack(bytes, tail: Deflate.tail, limit: limit)
  }

  /// The same with a state of its own, for whoever is on no loop.
  static func unpackAlone(_ bytes: [UInt8], limit: Int) throws(Fault) -> [UInt8] {
    guard let unpacker = Unpacker(windowBits: -15) else { throw .broken }
    return try unpacker.unpack(bytes, tail: tail, limit: limit)
  }

  /// What RFC 7692 7.2.1 cuts off.
  private static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]

  /// A body in gzip's dress; nil where zlib has no memory left.
  static func gzip(_ bytes: [UInt8]) -> [UInt8]? {
    Packer(windowBits: 15 + 16, level: 5, memoryLevel: 8).flatMap { packer in
      bytes.withUnsafeBytes { packer.pack($0, flush: Z_FINISH) }
    }
  }

  private final class Packer {
    private var stream = z_stream()

    init?(windowBits: Int32, level: Int32, memoryLevel: Int32) {
      let result = deflateInit2_(
        &stream, level, Z_DEFLATED, windowBits, memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size))
      guard result == Z_OK else { return nil }
    }

    deinit { deflateEnd(&stream) }

    func pack(_ bytes: UnsafeRawBufferPointer, flush: Int32) -> [UInt8]? {
      guard deflateReset(&stream) == Z_OK else { return nil }
      // zlib reads through this pointer and never writes; its type dates from before const.
      stream.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
      stream.avail_in = UInt32(bytes.count)
      var out: [UInt8] = []
      var step = max(256, bytes.count / 2 + 64)
      while true {
        let room = step
        let start = out.count
        out.append(contentsOf: repeatElement(0, count: room))
        let result = out.withUnsafeMutableBufferPointer { buffer in
          stream.next_out = buffer.baseAddress.map { $0 + start }
          stream.avail_out = UInt32(room)
          return deflate(&stream, flush)
        }
        out.removeLast(Int(stream.avail_out))
        if result == Z_STREAM_END { return out }
        guard result == Z_OK || result == Z_BUF_ERROR else { return nil }
        if flush == Z_SYNC_FLUSH, stream.avail_out > 0, stream.avail_in == 0 { return out }
        step = Deflate.chunkBytes
      }
    }
  }

  private final class Unpacker {
    private var stream = z_stream()

    init?(windowBits: Int32) {
      guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        return nil
      }
    }

    deinit { inflateEnd(&stream) }

    func unpack(_ bytes: [UInt8], tail: [UInt8], limit: Int) throws(Fault) -> [UInt8] {
      guard inflateReset(&stream) == Z_OK else { throw .broken }
      var out: [UInt8] = []
      for part in [bytes, tail] {
        let fault: Fault? = part.withUnsafeBufferPointer { input in
          stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
          stream.avail_in = UInt32(input.count)
          while true {
            // One byte more than the limit, so that "exactly the limit" can be told from "more than it".
            let room = min(max(4 * input.count, 1_024), Deflate.chunkBytes, limit + 1 - out.count)
            let start = out.count
            out.append(contentsOf: repeatElement(0, count: room))
            let result = out.withUnsafeMutableBufferPointer { buffer in
              stream.next_out = buffer.baseAddress.map { $0 + start }
              stream.avail_out = UInt32(room)
              return inflate(&stream, Z_SYNC_FLUSH)
            }
            out.removeLast(Int(stream.avail_out))
            if out.count > limit { return .tooLarge }
            // A final block ends the text; RFC 7692 7.2.3.4 allows it, and what follows it is only the tail.
            if result == Z_STREAM_END { return nil }
            guard result == Z_OK || result == Z_BUF_ERROR else { return .broken }
            if stream.avail_out > 0 { return stream.avail_in == 0 ? nil : .broken }
          }
        }
        if let fault { throw fault }
      }
      return out
    }
  }
}
