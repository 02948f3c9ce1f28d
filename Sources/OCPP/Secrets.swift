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

/// An escaped letter could hide the key's name, so frames with one are looked at closely too.
private func mayNameSecret(_ frame: Bytes) -> Bool {
  let marks: [StaticString] = ["uthorizationkey", "asicauthpassword", "\\u"]
  return marks.contains { frame.holds($0) }
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

extension Bytes {
  /// Whether the bytes hold that text, letters in either case. The text itself is in lower case.
  fileprivate func holds(_ text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard count >= length else { return false }
    return withUnsafeBufferPointer { all in
      for start in 0...(all.count - length) where all[start] | 0x20 == text.utf8Start[0] | 0x20 {
        var at = 1
        while at < length, all[start + at] | 0x20 == text.utf8Start[at] | 0x20 { at += 1 }
        if at == length { return true }
      }
      return false
    }
  }
}
