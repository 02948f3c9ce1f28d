// Times without a zone, of stations that write the clock on their wall.

import Domain
import Wire

/// The frame with an offset behind each time that has none, by the station's own clock. Nil where there is no such time.
func withZones(_ bytes: Bytes, _ zone: ZoneRules) -> Bytes? {
  var out: Bytes = []
  var done = 0
  var start = 0
  while let quote = bytes[start...].firstIndex(of: UInt8(ascii: "\"")) {
    start = quote + 1
    guard let end = localTime(in: bytes, at: start) else { continue }
    let text = String(decoding: bytes[start..<end], as: UTF8.self)
    start = end + 1
    guard let local = Timestamp(text), let offset = offset(of: local, zone) else { continue }
    out.append(contentsOf: bytes[done..<end])
    out.append(contentsOf: offset.utf8)
    done = end
  }
  guard done > 0 else { return nil }
  out.append(contentsOf: bytes[done...])
  return out
}

/// Where a text that is `2026-03-01T12:00:00`, with or without a fraction and no zone, ends; nil where another text
/// begins there.
private func localTime(in bytes: Bytes, at start: Int) -> Int? {
  let pattern: StaticString = "0000-00-00T00:00:00"
  var at = start
  for place in 0..<pattern.utf8CodeUnitCount {
    guard at < bytes.count else { return nil }
    let (byte, wanted) = (bytes[at], pattern.utf8Start[place])
    let fits =
      wanted == UInt8(ascii: "0")
      ? (0x30...0x39).contains(byte) : byte == wanted || (wanted == UInt8(ascii: "T") && byte == 0x20)
    guard fits else { return nil }
    at += 1
  }
  if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
    at += 1
    while at < bytes.count, (0x30...0x39).contains(bytes[at]) { at += 1 }
  }
  guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { return nil }
  return at
}

/// `+01:00`. Of the two moments of an hour that comes twice the earlier one is meant; an hour that is skipped has the
/// offset before it.
private func offset(of local: Timestamp, _ zone: ZoneRules) -> String? {
  let moment = zone.timestamps(showing: local).first ?? local - .seconds(zone.offset(at: local - .seconds(86_400)))
  let seconds = zone.offset(at: moment)
  guard abs(seconds) < 86_400 else { return nil }
  let minutes = abs(seconds) / 60
  func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  return "\(seconds < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
}
