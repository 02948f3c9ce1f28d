// Mends the two ways in which known stations break JSON, so that their sessions are metered.

import Wire

/// The frame with a null where a member has no value (`"transactionId":,`) and without a comma that stands before a
/// first or after a last element (`[,{…}]`). Nil where there is nothing of that kind: then the frame is broken in
/// another way.
func mended(_ bytes: Bytes) -> Bytes? {
  var out: Bytes = []
  out.reserveCapacity(bytes.count + 16)
  var changed = false
  var isInText = false
  var isEscaped = false
  /// The last byte outside of texts that is no space, and its place in `out`.
  var last: UInt8 = 0
  var lastPlace = 0

  func nullIfValueIsMissing() {
    guard last == UInt8(ascii: ":") else { return }
    out.append(contentsOf: "null".utf8)
    changed = true
  }

  for byte in bytes {
    if isInText {
      out.append(byte)
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInText = false
      }
      continue
    }
    switch byte {
    case 0x20, 0x09, 0x0A, 0x0D:
      out.append(byte)
      continue
    case UInt8(ascii: ","):
      if last == UInt8(ascii: "[") || last == UInt8(ascii: "{") || last == UInt8(ascii: ",") {
        changed = true
        continue
      }
      nullIfValueIsMissing()
    case UInt8(ascii: "]"), UInt8(ascii: "}"):
      nullIfValueIsMissing()
      if last == UInt8(ascii: ",") {
        out.remove(at: lastPlace)
        changed = true
      }
    case UInt8(ascii: "\""):
      isInText = true
    default:
      break
    }
    last = byte
    lastPlace = out.count
    out.append(byte)
  }
  return changed ? out : nil
}
