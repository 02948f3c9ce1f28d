// Archives as spreadsheets are made of (APPNOTE.TXT 4.3), each member deflated.
import CSystem
import Wire

/// Writes an archive of members that are in memory.
struct Zip {
  private var body = Bytes()
  private var directory = Bytes()
  private var count: UInt16 = 0

  /// Adds a member under a name in ASCII.
  mutating func add(_ name: String, _ content: Bytes) {
    let packed = Self.deflated(content)
    let check = UInt32(truncatingIfNeeded: crc32(0, content, UInt32(content.count)))
    // Version 2.0, deflated, a fixed time, so that the same content is the same archive.
    var head = Bytes()
    head.append(20 as UInt16)
    head.append(0 as UInt16)
    head.append(8 as UInt16)
    head.append(0 as UInt16)
    head.append(0x21 as UInt16)
    head.append(check)
    head.append(UInt32(packed.count))
    head.append(UInt32(content.count))
    head.append(UInt16(name.utf8.count))
    head.append(0 as UInt16)
    let offset = UInt32(body.count)
    body.append(0x0403_4B50 as UInt32)
    body += head + Bytes(utf8: name) + packed
    directory.append(0x0201_4B50 as UInt32)
    directory.append(20 as UInt16)
    directory += head
    for _ in 0..<3 { directory.append(0 as UInt16) }
    directory.append(0 as UInt32)
    directory.append(offset)
    directory += Bytes(utf8: name)
    count += 1
  }

  /// The whole archive.
  func finished() -> Bytes {
    var end = Bytes()
    end.append(0x0605_4B50 as UInt32)
    end.append(0 as UInt32)
    end.append(count)
    end.append(count)
    end.append(UInt32(directory.count))
    end.append(UInt32(body.count))
    end.append(0 as UInt16)
    return body + directory + end
  }

  /// Raw deflate (RFC 1951) of what is in memory.
  static func deflated(_ content: Bytes) -> Bytes {
    var stream = z_stream()
    let begun = deflateInit2_(
      &stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(begun == Z_OK, "zlib could not begin")
    defer { deflateEnd(&stream) }
    var packed = Bytes(repeating: 0, count: Int(deflateBound(&stream, UInt(content.count))))
    var input = content
    input.withUnsafeMutableBufferPointer { input in
      packed.withUnsafeMutableBufferPointer { output in
        (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
        (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
        let done = deflate(&stream, Z_FINISH)
        precondition(done == Z_STREAM_END, "deflateBound was not enough")
      }
    }
    packed.removeLast(packed.count - Int(stream.total_out))
    return packed
  }
}

extension Bytes {
  /// In little-endian order.
  fileprivate mutating func append<Number: FixedWidthInteger>(_ number: Number) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }
}
