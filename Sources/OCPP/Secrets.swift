// Takes stations' passwords and drivers' PINs out of frames before they are written down (OCPP 2.0.1 A01.FR.09 and
// C04.FR.04, 1.6 security whitepaper).

import Domain
import Glibc
import Wire

/// The frame as the message log keeps it.
func loggable(_ frame: Bytes) -> Bytes {
  let shown = withoutSecrets(frame)
  return shown.count > OCPPLimits.loggedBytes ? Bytes(shown.prefix(OCPPLimits.loggedBytes)) : shown
}

/// The frame as it may be logged. Nearly every frame names no such key and comes back as it is.
func withoutSecrets(_ frame: Bytes) -> Bytes {
  guard mayNameSecret(frame) else { return frame }
  guard let json = try? JSON.parse(frame) else { return Bytes(utf8: "(not kept: it names a key and is no JSON)") }
  let shown = json.withoutSecrets(behind: "***")
  return shown == json ? frame : shown.bytes
}

/// Every frame comes through here, so each name is looked for at its rarest letter, and for those with `memchr`, which
/// passes over sixteen bytes and more at once. An escaped letter could hide a name, so a frame with one is looked at
/// closely too.
private func mayNameSecret(_ frame: Bytes) -> Bool {
  frame.withUnsafeBufferPointer { bytes in
    bytes.has("z", "Z") { bytes.holds("authorizationkey", at: $0 - 7) }
      || bytes.has("w", "W") {
        bytes.holds("password", at: $0 - 4) || bytes.holds("passwd", at: $0 - 4) || bytes.holds("pwd", at: $0 - 1)
          || bytes.holds("writeonly", at: $0)
      }
      || bytes.has("k", "K") {
        bytes.holds("keycode", at: $0) || bytes.holds("psk", at: $0 - 2) || bytes.holds("apikey", at: $0 - 3)
          || bytes.holds("privatekey", at: $0 - 7) || bytes.holds("sharedkey", at: $0 - 6)
          || bytes.holds("accesskey", at: $0 - 6) || bytes.holds("encryptionkey", at: $0 - 10)
      }
      || bytes.has("p", "P") {
        bytes.holds("simpin", at: $0 - 3) || bytes.holds("pincode", at: $0) || bytes.holds("passphrase", at: $0)
      }
      || bytes.has("c", "C") { bytes.holds("secret", at: $0 - 2) }
      || bytes.has("\\", "@") { bytes[$0] == UInt8(ascii: "@") || bytes.holds("u", at: $0 + 1) }
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether one of two letters stands at some place of which that is true.
  fileprivate func has(_ small: Unicode.Scalar, _ great: Unicode.Scalar, where isMeant: (Int) -> Bool) -> Bool {
    has(small, where: isMeant) || has(great, where: isMeant)
  }

  private func has(_ letter: Unicode.Scalar, where isMeant: (Int) -> Bool) -> Bool {
    guard let start = baseAddress else { return false }
    var at = 0
    while let found = memchr(start + at, Int32(letter.value), count - at) {
      let place = UnsafeRawPointer(found) - UnsafeRawPointer(start)
      if isMeant(place) { return true }
      at = place + 1
    }
    return false
  }

  /// Whether that lower-case text stands at a place, letters in either case.
  fileprivate func holds(_ text: StaticString, at start: Int) -> Bool {
    let length = text.utf8CodeUnitCount
    guard start >= 0, start + length <= count else { return false }
    return (0..<length).allSatisfy { self[start + $0] | 0x20 == text.utf8Start[$0] }
  }
}
