// Takes stations' passwords out of frames before they are written down (OCPP 2.0.1 A01.FR.09, 1.6 security whitepaper).

import Wire

/// Configuration keys whose values must never be read back from a log, in lower case.
private let secretKeys: Set<String> = ["authorizationkey", "basicauthpassword"]

/// The frame as it may be logged. Nearly every frame names no such key and comes back as it is.
func withoutSecrets(_ frame: Bytes) -> Bytes {
  guard mayNameSecret(frame) else { return frame }
  guard let json = try? JSON.parse(frame) else { return Bytes(utf8: "(not kept: it names a key and is no JSON)") }
  return masked(json).bytes
}

/// One pass over the bytes, because every frame comes through here: each name is looked for at its rarest letter. An
/// escaped letter could hide a name, so a frame with one is looked at closely too.
private func mayNameSecret(_ frame: Bytes) -> Bool {
  frame.withUnsafeBufferPointer { bytes in
    for at in bytes.indices {
      switch bytes[at] {
      case UInt8(ascii: "z"), UInt8(ascii: "Z"):
        if bytes.holds("authorizationkey", at: at - 7) { return true }
      case UInt8(ascii: "w"), UInt8(ascii: "W"):
        if bytes.holds("basicauthpassword", at: at - 13) { return true }
      case UInt8(ascii: "\\"):
        if at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "u") { return true }
      default:
        break
      }
    }
    return false
  }
}

/// The depth is bounded by the parser's.
private func masked(_ json: JSON) -> JSON {
  switch json {
  case .null, .bool, .number, .string:
    return json
  case .array(let elements):
    return .array(elements.map(masked))
  case .object(let object):
    var members = object.members.map { JSONObject.Member($0.key, masked($0.value)) }
    let isSecret = members.contains { $0.key.ciFolded == "key" && secretKeys.contains($0.value.string?.ciFolded ?? "") }
    if isSecret {
      for place in members.indices where members[place].key.ciFolded == "value" { members[place].value = "***" }
    }
    return .object(JSONObject(members))
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether that lower-case text stands at a place, letters in either case.
  fileprivate func holds(_ text: StaticString, at start: Int) -> Bool {
    let length = text.utf8CodeUnitCount
    guard start >= 0, start + length <= count else { return false }
    return (0..<length).allSatisfy { self[start + $0] | 0x20 == text.utf8Start[$0] }
  }
}
